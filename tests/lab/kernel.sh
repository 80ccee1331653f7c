#!/bin/bash
# SPDX-License-Identifier: MIT
# Boots a kernel that is given, with this machine's own programs, and runs tests there.
#
# usage: kernel.sh KERNEL [TEST…]
#
#   KERNEL            a user-mode kernel, whose root is this machine's file system; or a bzImage,
#                     for qemu, with an initramfs of the programs that the lab needs
#   TEST              FILE.bats, or cases, property, hosts; all suites of packets, if none is named
#   INITSCRIPTS=DIR   initscripts of a release: its ifup instead of the stand-in
#   ROOT=DIR          another system's programs, for a kernel that is too old for this machine's
#   KERNEL_SECONDS=N  ends it after so long (3600)
#   KERNEL_MEMORY=N   of the kernel (1G)
#   KERNEL_ACCEL=kvm  of qemu, where it works (tcg)
#   KERNEL_FILTER=TAG only tests with that tag, or with !TAG without it, as bats knows it
#
# What is written there is written to memory and gone afterwards. Prints each suite's TAP, then
# "N passed, N failed, N skipped"; fails if a test failed, or none passed.

set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
BUILD=${BUILD:-build}

fail() {
	echo "kernel.sh: $*" >&2
	exit 2
}

# newer VERSION THAN
newer() {
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# check_age VERSION: may programs run there? A C library says from which kernel on.
check_age() {
	local library oldest
	library=$(find "${ROOT:-/}"/lib*/ "${ROOT:-/}"/usr/lib*/ -name 'libc.so.6' 2>/dev/null | head -n 1)
	oldest=$(file -bL "${library:-/}" | sed -n 's/.*for GNU\/Linux \([0-9.]*\).*/\1/p')
	[ -n "$oldest" ] && [ -n "$1" ] && ! newer "$1" "$oldest" || return 0
	fail "$kernel is Linux $1, and programs of $library want $oldest or later: none of them runs" \
		"there. ROOT=DIR names older ones; make static LIBNL=DIR builds multihome without a C library"
}

# first_process TEST…: its first part, which has what is known here.
first_process() {
	local name
	echo "#!/bin/bash"
	echo "repo=$PWD tests=($*) filter=${KERNEL_FILTER-} off=$off"
	for name in CI HOSTS PROPERTY_HOSTS; do
		[ -z "${!name-}" ] || echo "export $name=${!name}"
	done
	echo "export BUILD=$BUILD LAB_BUILD=$BUILD LAB_INITSCRIPTS=${INITSCRIPTS-}"
	cat tests/lab/kernel-init.sh
}

boot_user_mode() {
	local processor
	off=o
	first_process "$@" >"$work/init"
	chmod 755 "$work" "$work/init"
	# To and fro between this kernel and its processes takes thrice the time on two processors.
	processor=$(taskset -pc $$)
	timeout -k 5 "${KERNEL_SECONDS:-3600}" taskset -c "${processor##*[ ,-]}" \
		"$kernel" mem="${KERNEL_MEMORY:-1G}" uml_dir="$work/" root=/dev/root rootfstype=hostfs \
		rootflags="${ROOT:-/}" ro init="$work/init" panic=-1 ssl=null ssl0=null,fd:3 con=null \
		con0=null,fd:4 3>&1 4>"$log" </dev/null >>"$log" 2>&1
}

# What the lab, bats and the tests run, as far as this machine has it.
programs='[ awk basename bash bats bridge cat chgrp chmod chown cmp comm cp cut date diff dirname
	env expr false find flock gawk getfacl getfattr grep head hostname id ifconfig insmod
	install ip ip6tables ip6tables-restore ip6tables-save ipcalc-ng iptables
	iptables-restore iptables-save jq kill ln ls make mkdir mkfifo mktemp modprobe mount mv nft nice
	nl nproc nsenter od paste patch pidof ping pivot_root ps pwd readlink realpath rm rmdir
	route sed seq setfacl setfattr setpriv setsid sh sha256sum sleep socat sort ss stat
	strace stty sync sysctl tac tail tar taskset tee test timeout touch tr true truncate
	umount uname uniq unshare wc whoami xargs'

# initramfs FOLDER: those, their libraries, modules for that kernel, and this folder.
initramfs() {
	local name root=$1 files=() modules=/lib/modules/$2
	for name in $programs; do
		files+=("$(PATH=/usr/sbin:/usr/bin:/sbin:/bin type -P "$name")")
	done
	mkdir -p "$root"/{dev,etc,mnt,proc,root,run,sys,tmp,usr/bin,usr/sbin,usr/lib,usr/lib64,var/lib}
	chmod 1777 "$root/tmp"
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	{
		printf '%s\n' "${files[@]}"
		find /usr/lib/bats-core /usr/libexec/bats-core /usr/lib/*/xtables /etc/passwd /etc/group \
			/etc/protocols /etc/services /etc/iproute2 /usr/lib/locale/C.utf8
		find /etc/alternatives -name 'ip*tables*' -o -name awk
		# Without what make knows of headers, which are not there.
		find "$PWD" -path "$PWD/.git" -prune -o -path "$PWD/$BUILD/*.d" -o -print
		find "$modules"/kernel/{net,lib,crypto,fs/overlayfs} "$modules"/modules.*
		find "$modules"/kernel/drivers/net -path '*/net/*/*' ! -path '*/bonding/*' -prune -o -print
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

boot_qemu() {
	local root=$work/root
	off=b
	if [ -n "${ROOT-}" ]; then
		cp -a "$ROOT" "$root"
	else
		initramfs "$root" "$(file -bL "$kernel" | sed 's/.* version \([^ ]*\).*/\1/')"
	fi
	first_process "$@" >"$root/init"
	chmod 755 "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd"
	rm -rf "$root"
	timeout -k 5 "${KERNEL_SECONDS:-3600}" \
		qemu-system-x86_64 -accel "${KERNEL_ACCEL:-tcg}" -m "${KERNEL_MEMORY:-1G}" \
		-nodefaults -display none -no-reboot -kernel "$kernel" -initrd "$work/initrd" \
		-append 'console=ttyS1 panic=-1' -serial stdio -serial "file:$log" </dev/null
}

[ $# -ge 1 ] || fail 'usage: kernel.sh KERNEL [TEST…]'
kernel=$(readlink -f "$(command -v "$1" || echo "$1")")
[ -r "$kernel" ] || fail "$1: cannot be read"
shift
[ "$(id -u)" = 0 ] || fail 'needs root'
[ -z "${INITSCRIPTS-}" ] || INITSCRIPTS=$(readlink -e "$INITSCRIPTS") ||
	fail "INITSCRIPTS=$INITSCRIPTS: no such folder"
if [ $# = 0 ]; then
	mapfile -t suites < <(grep -lE '\<(host_up|lab_up|started)\>' tests/*.bats)
	set -- "${suites[@]}"
fi
case $(file -bL "$kernel") in
ELF*) boot=user_mode version=$("$kernel" --version) ;;
*bzImage*) boot=qemu version=$(file -bL "$kernel" | sed 's/.* version \([0-9.]*\).*/\1/')
	command -v qemu-system-x86_64 >/dev/null || fail 'a bzImage needs qemu-system-x86_64' ;;
*) fail "$kernel is neither a user-mode kernel nor a bzImage" ;;
esac
check_age "$version"

work=$(mktemp -d) || exit 1
log=$work/log
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
"boot_$boot" "$@" | sed -u 's/\r$//' | tee "$work/tap"
ended=${PIPESTATUS[0]}
if ! grep -qx '# end' "$work/tap"; then
	echo "not ok - $kernel ended before its tests did ($ended)" | tee -a "$work/tap"
	tail -n 20 "$log" | sed 's/^/# /'
fi
passed=$(grep '^ok ' "$work/tap" | grep -vc '# skip')
failed=$(grep -c '^not ok ' "$work/tap")
skipped=$(grep '^ok ' "$work/tap" | grep -c '# skip')
echo "# $passed passed, $failed failed, $skipped skipped on Linux $version"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
