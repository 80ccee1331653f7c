#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the cases: configuration in, expected files and kernel state out. TAP.
#
# run.sh [NAME...]       all cases, or these
# ACCEPT=1 run.sh NAME   writes what came out as what is expected; read it before it is kept
#
# A case is a folder:
#   about     one sentence
#   etc/      what /etc holds (sysconfig/network-scripts/…)
#   leases/   what /var/lib/dhclient holds
#   setup     shell lines that make the kernel's state; `nic NAME ADDRESS…` makes a device that
#             is up, `nic6 NAME ADDRESS…` one with IPv6. Without it: nothing is up
#   run       shell lines; multihome is in PATH. Without it: multihome sync
#   expect/   output (stdout, stderr and exit status of run), kernel (rules and routes after it),
#             plan (what plan says before it), check (what check says after it; without it:
#             nothing), etc/ (route- and rule- files after it)
# Beyond that, of each case: a second sync changes nothing, and clean leaves nothing of ours. And
# of each without a run of its own: what plan says, put through patch and a shell, gives the same
# files and kernel as sync, and clean gives back the first state.

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${BUILD:-$here/../../build}" && pwd) || exit 1
scripts=/etc/sysconfig/network-scripts

# Within namespaces of its own from here on: "run.sh --inside CASE OUT STEP".

nic() {
	local name=$1
	shift
	ip link add "$name" type veth peer name "peer-$name" || return
	sysctl -qw "net/ipv6/conf/$name/disable_ipv6=1" "net/ipv6/conf/peer-$name/disable_ipv6=1"
	ip link set "peer-$name" up
	ip link set "$name" up
	for address; do
		ip address add "$address" dev "$name"
	done
}

# With IPv6, which then is part of what is compared.
nic6() {
	local name=$1 tries
	shift
	inet6=yes
	ip link add "$name" type veth peer name "peer-$name" || return
	sysctl -qw "net.ipv6.conf.$name.accept_ra=0" "net.ipv6.conf.peer-$name.disable_ipv6=1"
	ip link set "peer-$name" up
	ip link set "$name" up
	for address; do
		case $address in
		*:*) ip address add "$address" dev "$name" nodad ;;
		*) ip address add "$address" dev "$name" ;;
		esac
	done
	# The kernel makes the link's own address by and by.
	for ((tries = 0; tries < 100; tries++)); do
		ip -6 route show dev "$name" | grep -q '^fe80' && break
		sleep 0.02
	done
}

kernel_state() {
	ip -4 rule
	ip -4 route show table all | grep -v '^local\|^broadcast\| table local' |
		sed 's/ linkdown//; s/ *$//' | LC_ALL=C sort
	(cd /proc/sys/net/ipv4/conf && grep -v '^0' [!p]*/rp_filter [!p]*/arp_ignore \
		[!p]*/arp_announce [!p]*/arp_filter)
	[ -n "$inet6" ] || return 0
	ip -6 rule
	ip -6 route show table all | grep -v ' table local\| dev lo ' |
		sed 's/ linkdown//; s/ expires [0-9]*sec//; s/ pref medium//; s/ *$//' | LC_ALL=C sort
}

# The state of everything that multihome may touch, so that two can be compared.
files_state() {
	(cd "$scripts" && for file in *; do
		[ -e "$file" ] && stat -c '%n %i %Y %Z %a %u %g %s' "$file"
	done)
}

make_host() {
	mount -t tmpfs none /var/run 2>/dev/null || mount -t tmpfs none /run
	# Without the machine's control groups: a NetworkManager there is none of ours.
	mount -t sysfs none /sys
	mount -t tmpfs none /mnt
	mount -t tmpfs none /var/lib
	mkdir /var/lib/dhclient
	mkdir -p /mnt/upper /mnt/work /mnt/empty
	mount -t overlay none -o "lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work" /etc
	rm -rf /etc/sysconfig /etc/iproute2/rt_tables.d /etc/sysctl.conf /etc/sysctl.d
	mkdir -p "$scripts"
	if [ -d "$1/etc" ]; then
		cp -a "$1/etc/." /etc/
	fi
	# A new namespace may inherit the machine's values.
	sysctl -qw net.ipv4.conf.{all,default,lo}.{rp_filter,arp_ignore,arp_announce,arp_filter}=0
	if [ -d "$1/leases" ]; then
		cp "$1"/leases/* /var/lib/dhclient/
	fi
	ip link set lo up
	PATH=$build:$PATH
	if [ -f "$1/setup" ]; then
		# shellcheck source=/dev/null
		. "$1/setup"
	fi
}

step_sync() {
	local case=$1 out=$2 status
	cp -a "$scripts" "$out/scripts.before"
	kernel_state >"$out/kernel.before"
	multihome plan >"$out/plan" 2>/dev/null
	if [ -f "$case/run" ]; then
		# A subshell: the case's lines must not end ours.
		# shellcheck source=/dev/null
		(. "$case/run") >"$out/stdout" 2>"$out/stderr"
	else
		multihome sync >"$out/stdout" 2>"$out/stderr"
	fi
	status=$?
	{ cat "$out/stdout"; sed 's/^/stderr: /' "$out/stderr"; echo "exit $status"; } >"$out/output"
	kernel_state >"$out/kernel"
	cp -a "$scripts" "$out/scripts"
	files_state >"$out/files.1"
	multihome sync 2>/dev/null
	files_state >"$out/files.2"
	kernel_state >"$out/kernel.2"
	# No hook is installed, nor is it needed here.
	multihome check 2>&1 | awk '/^  see whether multihome is installed$/ { found = ""; next }
		/^[^ ]/ { printf "%s", found; found = "" } { found = found $0 "\n" }
		END { printf "%s", found }' >"$out/check"
	multihome clean 2>"$out/clean.stderr"
	kernel_state >"$out/kernel.clean"
	cp -a "$scripts" "$out/scripts.clean"
	ls -A /var/run >"$out/run"
}

# What plan says, done by others: patch for the files, a shell for the kernel.
step_twin() {
	local out=$2
	multihome plan 2>/dev/null >"$out/plan.twin"
	grep -v '^[-+~] \(ip\|sysctl\) ' "$out/plan.twin" | (cd / && patch -s -p1 -E) >"$out/patch.log" 2>&1
	sed -n 's/^[-+~] \(ip .*\|sysctl .*\)/\1/p' "$out/plan.twin" | sh >"$out/shell.log" 2>&1
	kernel_state >"$out/kernel.twin"
	cp -a "$scripts" "$out/scripts.twin"
}

if [ "$1" = --inside ]; then
	make_host "$2" || exit 1
	"step_$4" "$2" "$3"
	exit
fi

count=0
failures=0
report() { # STATUS NAME LOG
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failures=$((failures + 1))
		sed 's/^/# /' "$3" | head -n 60
	fi
}

compare() { # NAME WANTED GOT
	diff -ru "$2" "$3" >"$out/difference" 2>&1
	report $? "$1" "$out/difference"
}

only_managed() {
	mkdir -p "$2"
	for file in "$1"/route-* "$1"/rule-* "$1"/route6-* "$1"/rule6-*; do
		[ -e "$file" ] && cp "$file" "$2/"
	done
}

# What is ours after clean: nothing, but for what cannot be told from the administrator's.
left() {
	cat "$out/run" "$out/clean.stderr" "$out/kernel.clean" "$out"/scripts.clean/r* 2>/dev/null |
		grep 'multihome\|proto 109' >"$out/left"
}

accept() {
	rm -rf "$case/expect"
	mkdir -p "$case/expect"
	cp "$out/output" "$out/kernel" "$out/plan" "$case/expect/"
	[ -s "$out/check" ] && cp "$out/check" "$case/expect/"
	only_managed "$out/scripts" "$case/expect/etc"
	left
	[ -s "$out/left" ] && cp "$out/left" "$case/expect/"
	rmdir "$case/expect/etc" 2>/dev/null
}

run_case() {
	local about
	about="${case##*/}: $(cat "$case/about")"
	out=$(mktemp -d) || exit 1
	unshare -mn bash "$here/run.sh" --inside "$case" "$out" sync || report 1 "$about: runs" /dev/null
	[ -z "$ACCEPT" ] || accept
	only_managed "$out/scripts" "$out/managed"
	mkdir -p "$out/wanted"
	[ -d "$case/expect/etc" ] && cp "$case"/expect/etc/* "$out/wanted/"
	compare "$about (output)" "$case/expect/output" "$out/output"
	compare "$about (files)" "$out/wanted" "$out/managed"
	compare "$about (kernel)" "$case/expect/kernel" "$out/kernel"
	compare "$about (plan)" "$case/expect/plan" "$out/plan"
	compare "$about (a second sync touches no file)" "$out/files.1" "$out/files.2"
	compare "$about (a second sync leaves the kernel)" "$out/kernel" "$out/kernel.2"
	cp "$case/expect/check" "$out/check.wanted" 2>/dev/null || : >"$out/check.wanted"
	compare "$about (check)" "$out/check.wanted" "$out/check"
	left
	cp "$case/expect/left" "$out/left.wanted" 2>/dev/null || : >"$out/left.wanted"
	compare "$about (clean leaves nothing of ours)" "$out/left.wanted" "$out/left"
	if [ ! -f "$case/run" ]; then
		compare "$about (clean gives back the files)" "$out/scripts.before" "$out/scripts.clean"
		# Where main had no default, the last way out stays.
		grep '^default ' "$out/kernel.before" | grep -qv ' table ' ||
			sed -i '/^default /{ / table /!d; }' "$out/kernel.clean"
		compare "$about (clean gives back the kernel)" "$out/kernel.before" "$out/kernel.clean"
		unshare -mn bash "$here/run.sh" --inside "$case" "$out" twin
		compare "$about (plan by patch gives the files of sync)" "$out/scripts" "$out/scripts.twin"
		compare "$about (plan by shell gives the kernel of sync)" "$out/kernel" "$out/kernel.twin"
	fi
	rm -rf "$out"
}

cases=("$@")
[ $# -gt 0 ] || for case in "$here"/*/; do cases+=("$(basename "$case")"); done
for name in "${cases[@]}"; do
	case=$here/$name
	run_case
done
echo "1..$count"
[ $failures -eq 0 ]
