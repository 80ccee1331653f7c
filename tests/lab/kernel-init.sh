# shellcheck shell=bash disable=SC2154 # kernel.sh sets repo, tests, filter, off ahead of this
# SPDX-License-Identifier: MIT
# The first process of a kernel that kernel.sh booted: makes the machine, runs the tests, ends it.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
# Tests are skipped for what such a kernel lacks.
export LAB_KERNEL=1

make_machine() {
	local name
	mkdir -p /proc /sys /dev /tmp /run
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	mkdir -p /dev/pts
	ln -s /proc/self/fd /dev/fd
	mount -t devpts -o ptmxmode=0666 pts /dev/pts
	mount -t tmpfs -o mode=755 run /run
	for name in veth bridge 8021q bonding dummy macvlan vrf tun ipv6 overlay; do
		modprobe "$name"
	done 2>/dev/null
	ip link set lo up
}

run_test() {
	say "# $1"
	case $1 in
	*.bats) bats --tap ${filter:+--filter-tags "$filter"} "$1" ;;
	*) bash "tests/$1/run.sh" ;;
	esac </dev/null 2>&1
}

say() {
	printf '%s\n' "$@"
}

make_machine >/dev/console 2>&1
exec >/dev/ttyS0
stty raw -echo <&1
cd "$repo" || exit
if why=$(unshare --mount --net --pid --uts --fork true 2>&1); then
	unshare --net nft add table ip try 2>/dev/null ||
		say "# nft knows no table of IPv4 here: tests that need one are skipped"
	for test in "${tests[@]}"; do
		run_test "$test"
	done
else
	say "# none of these runs here, without namespaces ($why): ${tests[*]}"
fi
say '# end'
sleep 0.2
echo "$off" >/proc/sysrq-trigger
sleep 10
