#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots a kernel that is given, with this machine's own programs, and runs tests there.
#
# usage: kernel.sh KERNEL [TEST…]
#
#   KERNEL            a user-mode kernel; or a bzImage, for qemu. Either gets an initramfs of the
#                     programs that the lab needs. A user-mode kernel before 3.8, whose namespaces
#                     cannot be entered or are not there, is only the host of a lab that is here
#                     (machine.bash); it needs hostfs and the transport tuntap
#   MACHINE=yes|no    that way, or not, whatever it is
#   TEST              FILE.bats, or cases, property, hosts; all suites of packets, if none is named
#   INITSCRIPTS=DIR   initscripts of a release: its ifup instead of the stand-in
#   ROOT=DIR          another system's programs, for a kernel that is too old for this machine's: what
#                     the tests need (lab/deps.sh), bash, coreutils, and a C library for what was built.
#                     Of a host alone: what is in its bin and sbin runs there instead of the same here,
#                     with this machine's libraries
#   KERNEL_SECONDS=N  ends it after so long (3600)
#   KERNEL_MEMORY=N   of the kernel (1G; 256M, where it is only a host)
#   KERNEL_ACCEL=kvm  of qemu, where it works (tcg)
#   KERNEL_FILTER=TAG only tests with that tag, or with !TAG without it, as bats knows it
#
# What is written there is written to memory and gone afterwards. Prints each suite's TAP, then
# "N passed, N failed, N skipped"; fails if a test failed, or none passed.

set -u
# Names are those of where it was called.
[ -e "${1-}" ] && kernel=$1 || kernel=$(command -v "${1-}")
kernel=$(readlink -f "$kernel")
for name in INITSCRIPTS ROOT; do
	[ -z "${!name-}" ] || declare "$name=$(readlink -f "${!name}")"
done
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=tap.bash
. tests/lab/tap.bash
BUILD=${BUILD:-build}

fail() {
	echo "kernel.sh: $*" >&2
	exit 2
}

# newer VERSION THAN
newer() {
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# check_age: may programs run there? glibc from 2.26 to 2.35 ends them on kernels before 3.2.
check_age() {
	local loader oldest
	for loader in "${ROOT-}"/lib64/ld-linux-x86-64.so.* "${ROOT-}"/lib/ld-linux*.so.*; do
		grep -qs 'kernel too old' "$loader" || continue
		oldest=$(file -bL "$loader" | sed -n 's/.*for GNU\/Linux \([0-9.]*\).*/\1/p')
		if [ -z "$oldest" ] || newer "$version" "$oldest"; then continue; fi
		fail "$kernel is Linux $version, and $loader wants $oldest or later: none of its programs runs" \
			"there. ROOT=DIR names others; make static LIBNL=DIR builds multihome without a C library"
	done
}

# first_process TEST…: its first part, which has what is known here.
first_process() {
	local name
	echo "#!/bin/bash"
	printf 'tests=('; printf '%q ' "$@"; echo ')'
	printf 'repo=%q off=%q\n' "$PWD" "$off"
	for name in BATS_TEST_TIMEOUT CI HOSTS HOSTS_SEED HOSTS_TOLD KERNEL_FILTER PROPERTY_{HOSTS,SEED}; do
		[ -z "${!name-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
	done
	printf 'export BUILD=%q LAB_BUILD=%q LAB_INITSCRIPTS=%q\n' "$BUILD" "$BUILD" "${INITSCRIPTS-}"
	cat tests/lab/kernel-init.sh
}

# programs: each word of the tests, the lab, bats and initscripts that names one, but for what is
# large and of no use to tests of packets.
programs() {
	local words
	words=$(find tests/*.bats tests/lab tests/cases/run.sh tests/hosts tests/property network-scripts \
		Makefile /usr/lib*/bats-core ${INITSCRIPTS:+"$INITSCRIPTS"} -name deps.sh -o -name kernel.sh -o \
		-type f -exec grep -aohE '[[:alnum:]_.[][[:alnum:]_.+-]*' {} + | sort -u)
	# shellcheck disable=SC2086 # words
	PATH=/usr/sbin:/usr/bin:/sbin:/bin type -P -- $words | grep -vxE \
		'.*/(.*clang|(musl-)?gcc|cc|kvm|linux|linux\.uml|qemu-.*|shellcheck|git|gpg|ssh|vim|editor|rpm.*|opt|systemd.*)'
}

# copy_programs FOLDER: those, and their libraries.
copy_programs() {
	local root=$1 files
	mapfile -t files < <(programs)
	mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	{
		printf '%s\n' "${files[@]}"
		find /usr/lib/bats-core /usr/libexec/bats-core /usr/lib/*/xtables /etc/passwd /etc/group \
			/etc/protocols /etc/services /etc/iproute2 /usr/lib/locale/C.utf8
		# What stands between them and their programs, too.
		find /etc/alternatives \( -name 'ip*tables*' -o -name awk \) -print -exec readlink {} \;
		# shellcheck disable=SC2046 # a word a file
		ldd "${files[@]}" $(find /usr/lib/*/xtables -name '*.so') "$BUILD/multihome" 2>/dev/null |
			grep -o '/[^ :]*\.so[^ :]*'
	} 2>/dev/null | sort -u >"$work/files"
	{
		cat "$work/files"
		xargs readlink -f <"$work/files"
	} | sed 's|^/\(s*bin\|lib[64]*\)/|/usr/\1/|' | sort -u |
		cpio -pdm --quiet "$root" 2>/dev/null
}

# copy_modules FOLDER: the kernel's.
copy_modules() {
	local modules
	# Debian has those of the user-mode kernel elsewhere.
	for modules in /lib/modules/$version /usr/lib/uml/modules/$version; do
		[ -d "$modules" ] || continue
		mkdir -p "$1/lib/modules"
		(cd "${modules%/*}" && {
			find "$version"/modules.* "$version"/kernel/{net,lib,crypto,fs/overlayfs}
			find "$version"/kernel/drivers/net -path '*/net/*/*' ! -path '*/bonding/*' -prune -o -print
		} 2>/dev/null | cpio -pdm --quiet "$1/lib/modules")
	done
}

# pack TEST…: the initramfs: programs, this folder, initscripts, and its first process.
pack() {
	local root=$work/root
	if [ -n "${ROOT-}" ]; then
		cp -a "$ROOT" "$root"
	else
		copy_programs "$root"
	fi || return
	mkdir -p "$root"/{dev,etc,lib,mnt,proc,root,run,sys,tmp,var/lib} && chmod 1777 "$root/tmp" || return
	[ -e "$root/var/run" ] || ln -s ../run "$root/var/run" || return
	# For the first process, which has no standard output without it.
	mknod "$root/dev/console" c 5 1
	copy_modules "$root"
	# Of what was built the objects, too, or make builds them.
	find "$PWD" ${INITSCRIPTS:+"$INITSCRIPTS"} \( -path "$PWD/.git" -o -path "$work" -o -path "$PWD/$BUILD/test_*" -o \
		-path "$PWD/$BUILD/*/*" ! -name '*.o' \) -prune -o -print | cpio -pdm --quiet "$root" || return
	first_process "$@" >"$root/init"
	chmod 755 "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd" || return
	rm -rf "$root"
}

# one_processor: to and fro between a user-mode kernel and its processes takes thrice the time on two.
# Of two kernels each may get one.
one_processor() {
	local processors
	processors=$(taskset -pc $$)
	processors=${processors##* }
	((RANDOM % 2)) && processors=${processors%%[,-]*} || processors=${processors##*[,-]}
	echo "$processors"
}

# A kernel ends after its time, and when this shell is killed. Whatever it started, the processes of a
# user-mode kernel or tests that hang, ends with their PID namespace.
# shellcheck disable=SC2016 # for the shell there
limit=(setpriv --pdeathsig TERM timeout -k 5 "${KERNEL_SECONDS:-3600}" setpriv --pdeathsig KILL
	unshare --mount --pid --fork --kill-child --mount-proc bash -c '"$@"; exit $?' -)

boot_user_mode() {
	exec "${limit[@]}" taskset -c "$(one_processor)" \
		env LD_PRELOAD="$PWD/$BUILD/lab_xstate.so" \
		"$kernel" mem="${KERNEL_MEMORY:-1G}" uml_dir="$work/" initrd="$work/initrd" \
		panic=-1 ssl=null ssl0=null,fd:3 con=null con0=null,fd:4 \
		3>&1 4>"$log" </dev/null >>"$log" 2>&1
}

# The tests are here, and each lab boots the kernel.
boot_machine() {
	LAB_MACHINE=$kernel LAB_BUILD=$BUILD LAB_INITSCRIPTS=${INITSCRIPTS-} LAB_PROGRAMS=${ROOT-} \
		TMPDIR=$work exec "${limit[@]}" taskset -c "$(one_processor)" bash tests/lab/kernel-tests.sh "$@"
}

boot_qemu() {
	exec "${limit[@]}" \
		qemu-system-x86_64 -accel "${KERNEL_ACCEL:-tcg}" -m "${KERNEL_MEMORY:-1G}" \
		-nodefaults -display none -no-reboot -kernel "$kernel" -initrd "$work/initrd" \
		-append 'console=ttyS1 panic=-1' -serial stdio -serial "file:$log" </dev/null
}

[ $# -ge 1 ] || fail 'usage: kernel.sh KERNEL [TEST…]'
[ -r "$kernel" ] || fail "KERNEL=$1: cannot be read"
shift
[ "$(id -u)" = 0 ] || fail 'needs root'
for name in INITSCRIPTS ROOT; do
	[ -z "${!name-}" ] || [ -d "${!name}" ] || fail "$name=${!name}: no such folder"
done
case ${MACHINE-} in
'' | yes | no) ;;
*) fail "MACHINE=$MACHINE: is yes or no" ;;
esac
if [ $# = 0 ]; then
	mapfile -t suites < <(packet_suites tests)
	set -- "${suites[@]}"
fi
for name; do
	[ -f "$name" ] || [ -f "tests/$name/run.sh" ] || fail "$name: no such test"
done
case $(file -bL "$kernel") in
ELF*) boot=user_mode off=o version=$(timeout 10 "$kernel" --version </dev/null) ;;
*bzImage*) boot=qemu off=b version=$(file -bL "$kernel" | sed "s/.* version \([^ ]*\).*/\1/")
	command -v qemu-system-x86_64 >/dev/null || fail 'a bzImage needs qemu-system-x86_64' ;;
esac
[[ ${version-} == [0-9]* ]] || fail "$kernel is neither a user-mode kernel nor a bzImage"
[ "$boot/${MACHINE-}" != user_mode/ ] || newer "$version" 3.8 || MACHINE=yes
if [ "$boot/${MACHINE-}" = user_mode/yes ]; then
	boot=machine
	ROOT='' check_age
	for name; do
		[[ $name == *.bats ]] || fail "$name is run within a kernel only, which MACHINE=no does"
	done
elif [ "${MACHINE-}" = yes ]; then
	fail 'MACHINE=yes is for a user-mode kernel'
else
	check_age
fi

make -s BUILD="$BUILD" build "$BUILD"/{lab_witness,lab_{netlink,xstate}.so,hosts_make,hosts_ask,property_hosts} ||
	exit 1
work=$(mktemp -d) || exit 1
log=$work/log
: >"$log"
trap 'rm -rf "$work"' EXIT
trap 'kill "$(cat "$work/pid" 2>/dev/null)" 2>/dev/null; exit 130' INT TERM HUP
[ "$boot" = machine ] || pack "$@" || fail "cannot make an initramfs in ${work%/*}"
# A process of its own, and a wait that a signal ends: else it would go on for all of its time.
{ echo $BASHPID >"$work/pid"; "boot_$boot" "$@"; } > >(sed -u 's/\r$//' | tee "$work/tap"; touch "$work/read" 2>/dev/null) &
wait $! 2>/dev/null
ended=$?
until [ -e "$work/read" ]; do sleep 0.1; done
if ! grep -qx '# end' "$work/tap"; then
	echo "not ok - $kernel ended before its tests did ($ended)" | tee -a "$work/tap"
	tail -n 20 "$log" | sed 's/^/# /'
fi
for name; do
	grep -qxF "# $name" "$work/tap" || echo "not ok - $name was not run" | tee -a "$work/tap"
done
read -r passed failed skipped < <(tap_count "$work/tap")
echo "# $passed passed, $failed failed, $skipped skipped on Linux $version"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
