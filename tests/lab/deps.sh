#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what a build, the demo or the tests need and the machine lacks.
#
# usage: deps.sh build|demo|check|deep     each includes the one before it
#
# Looks for commands first: where nothing is missing it is fast and silent,
# and needs neither root nor a network.

set -u

# What a thing is called by: how to see it, in Debian, in CentOS; -: it has none.
list() {
	cat <<-'LIST'
	build cc          gcc           gcc
	build make        make          make
	build pkg-config  pkg-config    pkgconfig
	build @libc       libc6-dev     glibc-devel
	build @libnl      libnl-3-dev   libnl3-devel
	demo  ip          iproute2      iproute
	demo  nft         nftables      nftables
	demo  ifconfig    net-tools     net-tools
	demo  ping        iputils-ping  iputils
	demo  socat       socat         socat
	demo  unshare     util-linux    util-linux
	demo  sysctl      procps        procps-ng
	demo  timeout     coreutils     coreutils
	check bats        bats          bats
	check shellcheck  shellcheck    ShellCheck
	check iptables-save iptables    iptables
	check strace      strace        strace
	check gawk        gawk          gawk
	check git         git           git
	check @ipcalc     ipcalc-ng     ipcalc
	check setpriv     util-linux    util-linux
	check patch       patch         patch
	check mandoc      mandoc        mandoc
	check dhclient    isc-dhcp-client dhclient
	check dnsmasq     dnsmasq-base  dnsmasq
	check radvd       radvd         radvd
	check rpmbuild    rpm           rpm-build
	check rpmlint     rpmlint       rpmlint
	check cpio        cpio          cpio
	check file        file          file
	check setfattr    attr          attr
	check setfacl     acl           acl
	check jq          jq            jq
	check python3     python3       python3
	check nm          binutils      binutils
	check @address    gcc           libasan
	check @undefined  gcc           libubsan
	check valgrind    valgrind      valgrind
	check insmod      kmod          kmod
	check linux.uml   user-mode-linux -
	deep  clang       clang         clang
	deep  @fuzzer     libclang-rt-dev compiler-rt
	deep  gnuplot     gnuplot-nox   gnuplot
	LIST
}

have() {
	case $1 in
	@libc)   [ -e /usr/include/stdio.h ] ;;
	@libnl)  pkg-config --exists libnl-3.0 2>/dev/null ;;
	@fuzzer) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null ;;
	@address | @undefined) echo 'int main(void) { return 0; }' |
		cc -fsanitize="${1#@}" -x c -o /dev/null - 2>/dev/null ;;
	# Debian's ipcalc is another program; EL's prints KEY=value.
	@ipcalc) command -v ipcalc-ng || ipcalc --network 10.0.0.1 255.0.0.0 2>/dev/null |
		grep -qx NETWORK=10.0.0.0 ;;
	# Of other processors there is no such package.
	linux.uml) command -v "$1" || [ "$(uname -m)" != x86_64 ] ;;
	*)       command -v "$1" ;;
	esac >/dev/null
}

# missing WHAT COLUMN: the packages of that column that are to be installed.
missing() {
	list | while read -r level command debian centos; do
		case $1:$level in
		build:demo | build:check | build:deep | demo:check | demo:deep | check:deep)
			continue ;;
		esac
		have "$command" && continue
		case $2 in
		debian) echo "$debian" ;;
		centos) echo "$centos" ;;
		*)      echo "$command" ;;
		esac
	done | grep -vx -- - | sort -u | paste -sd ' ' -
}

fail() {
	echo "deps.sh: $*" >&2
	exit 1
}

install_debian() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update &&
		apt-get -qq -y --no-install-recommends install "$@"
}

install_centos() {
	yum=$(command -v dnf || command -v yum)
	# bats and ShellCheck are in EPEL only, and jq is before EL8.
	case " $* " in
	*" bats "* | *" ShellCheck "* | *" jq "*) "$yum" -q -y install epel-release ;;
	esac
	"$yum" -q -y install "$@"
}

main() {
	case ${1-} in
	build | demo | check | deep) ;;
	*) echo "usage: deps.sh build|demo|check|deep" >&2; exit 2 ;;
	esac
	PATH=$PATH:/usr/sbin:/sbin
	if command -v apt-get >/dev/null; then
		system=debian
	elif command -v dnf >/dev/null || command -v yum >/dev/null; then
		system=centos
	else
		system=unknown
	fi
	packages=$(missing "$1" $system)
	[ -z "$packages" ] && return
	[ $system != unknown ] ||
		fail "missing, and there is no apt-get, dnf or yum: $packages"
	[ "$(id -u)" = 0 ] || fail "missing, and only root can install: $packages"
	log=$(mktemp) || exit 1
	trap 'rm -f "$log"' EXIT
	# shellcheck disable=SC2086 # one word a package
	install_$system $packages </dev/null >"$log" 2>&1
	packages=$(missing "$1" $system)
	[ -z "$packages" ] ||
		fail "cannot install $packages: $(grep -v '^ *$' "$log" | tail -n 1)"
}

main "$@"
