# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the packet tests share: a lab a test, assertions, the admin's own things.
# shellcheck disable=SC2154 # run sets status, output, stderr

bats_require_minimum_version 1.5.0
# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

teardown() {
	lab_down
}

# host_up [KEY=VALUE…]: a lab with those LAB_ settings, its uplinks configured,
# nothing started or installed.
host_up() {
	lab_possible
	export LAB_UPLINKS=2 LAB_RP_FILTER=none LAB_STRICT_ROUTERS=0
	# shellcheck disable=SC2163 # NAME=value words
	[ $# = 0 ] || export "$@"
	lab_up
	lab_uplinks
}

# started [KEY=VALUE…]: the same with the package in place and the admin's own
# things about, after `service network start`.
started() {
	host_up "$@"
	admin_moves_in
	lab_install
	service start
}

# Skipping is for a developer's machine; where CI says that they run, they run.
lab_possible() {
	[ "$(id -u)" = 0 ] && unshare --mount --net --pid --fork true 2>/dev/null && return
	[ "${CI-}" = true ] || skip 'needs root and namespaces'
	echo 'needs root and namespaces' >&2
	return 1
}

# needs_nft [FAMILY]: skips where a kernel was given (make check-kernel) whose nft has no such tables.
needs_nft() {
	local here
	if [ -n "${LAB_MACHINE-}" ]; then
		here=(host)
	elif [ -n "${LAB_KERNEL-}" ]; then
		here=(unshare --net)
	else
		return 0
	fi
	# shellcheck disable=SC2016 # for the shell there
	"${here[@]}" sh -c 'nft add table "$1" try && nft delete table "$1" try' - "${1:-ip}" 2>/dev/null ||
		skip "this kernel's nft has no tables of ${1:-ip}"
}

# service VERB: what it writes on the console is in $output; it must succeed.
service() {
	run host service network "$1"
	[ "$status" = 0 ] || { echo "service network $1: $status: $output"; return 1; }
	links_settle
}

# The kernel takes note of a carrier up to a second later (net/core/link_watch.c), and until
# then a bridge that just came up drops what it is to send.
links_settle() {
	# shellcheck disable=SC2016 # for the shell in the host
	host bash -c 'for try in {1..40}; do
		pending=
		for device in /sys/class/net/*; do
			carrier= state=
			{ read -r carrier <$device/carrier && read -r state <$device/operstate; } 2>/dev/null
			[[ $carrier != 1 || $state = up || $state = unknown ]] || pending=$device
		done
		[ -n "$pending" ] || exit 0
		sleep 0.05
	done'
}

# cable K up|down: that of uplink K, at its router's end.
cable() {
	[ -z "${LAB_MACHINE-}" ] || skip 'a user-mode NIC has no carrier'
	router "$1" ip link set uplink "$2"
}

# cable_out K: that one, and the kernel has taken note. (Before 4.1 its routes do not tell.)
cable_out() {
	cable "$1" down
	host sh -c "until ip link show eth$1 | grep -q 'state .*DOWN'; do sleep 0.02; done"
}

# multihome STATUS ARGUMENT…: runs it; $output and $stderr apart.
multihome() {
	local expected=$1
	shift
	run --separate-stderr host multihome "$@"
	[ "$status" = "$expected" ] && return
	echo "multihome $*: status $status, expected $expected"
	echo "stdout: $output"
	echo "stderr: $stderr"
	return 1
}

# is ACTUAL EXPECTED [WHAT]: the same text.
is() {
	[ "$1" != "$2" ] || return 0
	echo "${3-} (- expected, + actual)"
	diff -u <(echo "$2") <(echo "$1") | tail -n +3
	return 1
}

is_not() {
	[ "$1" = "$2" ] || return 0
	echo "${3-}: did not change: $1"
	return 1
}

# has TEXT PATTERN: a line of it matches the extended expression.
has() {
	grep -qE -- "$2" <<<"$1" || { printf 'no line like %s in:\n%s\n' "$2" "$1"; return 1; }
}

has_no() {
	! grep -E -- "$2" <<<"$1" || { echo "there is a line like $2"; return 1; }
}

lines() {
	grep -c . <<<"$1" || true
}

# --- packets -----------------------------------------------------------------

# answers K…: each of these uplinks answers ping, TCP and UDP, by its own NIC.
answers() {
	local k kind addresses=() expected=''
	for k; do
		addresses+=("${LAB_ADDRESSES[k]}")
		for kind in icmp tcp udp; do
			expected+="$kind ${LAB_ADDRESSES[k]} ok eth$k"$'\n'
		done
	done
	is "$(probe_all "${addresses[@]}")" "${expected%$'\n'}" 'answers'
}

# answers_at ADDRESS NIC: an uplink's own address, of either family, by that NIC.
answers_at() {
	local probe
	for probe in ping tcp udp; do
		is "$("probe_$probe" "$1")" "ok $2" "$probe $1"
	done
}

# answers_by ADDRESS NIC: any address; UDP servers are on the uplinks' own only.
answers_by() {
	is "$(probe_ping "$1")" "ok $2" "ping $1"
	is "$(probe_tcp "$1")" "ok $2" "tcp $1"
}

# reaches_client NIC: the host's own traffic does, and leaves by that NIC.
reaches_client() {
	# shellcheck disable=SC2119
	is "$(probe_own)" "ok $1" "the host's own ping"
}

# --- kernel and files -----------------------------------------------------------

# The order of rules of one priority tells nothing: kernels differ, and so do
# the ways that they came about.
rules() {
	host ip -4 rule | sed 's/[\t ]\+/ /g; s/ $//' | sort
}

# An old ip has two blanks, and no name for the local table.
routes() {
	host ip -4 route show table all | sed 's/  */ /g; s/ *$//; s/ table 255 / table local /' | sort
}

rules6() {
	host ip -6 rule | sed 's/[\t ]\+/ /g; s/ $//' | sort
}

# But for what a timer counts down, what the kernel makes of a random MAC address by and by, and
# EL5's cache.
routes6() {
	host ip -6 route show table all |
		sed ':a; $!{N; ba}; s/^/\n/; s/\n[^\n]*\n *cache [^\n]*//g; s/^\n//
			s/ expires -*[0-9]*sec//g; s/ linkdown//g; s/  */ /g; s/ \(\n\|$\)/\1/g' |
		grep -v ' table \(local\|255\) \|^fe80::/64 .* proto kernel ' | sort
}

# ours: our rules, told by the priority, and our routes, told by the protocol.
our_rules() {
	rules | grep '^1000[01]:' || true
}

our_routes() {
	routes | grep 'proto 109' || true
}

kernel() {
	rules
	routes
	rules6
	routes6
	host sh -c 'cd /proc/sys/net/ipv4/conf &&
		grep . */rp_filter */arp_ignore */arp_announce */arp_filter'
}

# outside FILE: it without our block; bytes count, so no $() around it.
outside() {
	outside_of "$LAB_SCRIPTS/$1"
}

outside_of() {
	sed '/^# BEGIN multihome/,/^# END multihome/d' "$1"
}

# changes_nothing COMMAND…: it succeeds, says nothing, touches no file, sends
# the kernel no change, and all is as before.
changes_nothing() {
	local before traced=(strace -f -e trace=network -o /tmp/trace)
	before=$(kernel; lab_stamps)
	# Not every old user-mode kernel has ptrace.
	[ -z "${LAB_MACHINE-}" ] || host strace -o /tmp/trace true 2>/dev/null || traced=()
	run --separate-stderr host "${traced[@]}" "$@"
	is "$status/$output/$stderr" 0// "status, stdout, stderr of $*"
	is "$(lab_sent)" '' "sent by $*"
	is "$(kernel; lab_stamps)" "$before" "files and kernel after $*"
}

# lab_sent: the changes that the last traced command sent to the kernel. Old ones do not tell strace
# what kind a socket is of, and then it gives the numbers of rtnetlink.h.
lab_sent() {
	grep -E '\<send(to|msg|mmsg)\(' "$LAB_ROOT/tmp/trace" | sed 's/nlmsg_type=0x18 /RTM_NEWROUTE /
		s/nlmsg_type=0x19 /RTM_DELROUTE /; s/nlmsg_type=0x20 /RTM_NEWRULE /
		s/nlmsg_type=0x21 /RTM_DELRULE /; s/nlmsg_type=0x1c /RTM_NEWNEIGH /' |
		grep -oE 'RTM_(NEW|DEL|SET)[A-Z]*' || true
}

# within SECONDS COMMAND…: it succeeds by then; on a busy machine, within five times as long.
within() {
	local end=$((SECONDS + 5 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { "$@"; return; }
		sleep 0.1
	done
}

# bounce NIC: its link goes down and up, with no time between for anybody to act in.
bounce() {
	printf 'link set %s down\nlink set %s up\n' "$1" "$1" | host ip -batch -
	links_settle
}

# with_syslog DAEMON COMMAND: both are shell's, with a /dev of their own.
# shellcheck disable=SC2016 # for the shell in the host
with_syslog() {
	host unshare --mount sh -c 'mkdir -p /tmp/dev && cp -a /dev/null /dev/zero /dev/urandom /tmp/dev
		mount --bind /tmp/dev /dev && rm -f /dev/log
		sh -c "exec $1" & daemon=$!
		while [ ! -S /dev/log ]; do sleep 0.05; done
		(eval "$2")
		status=$?
		kill -CONT $daemon; sleep 0.3; kill $daemon
		exit $status' - "$1" "$2"
}

# namespace NAME: one in the host, which a machine has not.
namespace() {
	[ -z "${LAB_MACHINE-}" ] || skip 'a host that is a machine has no namespaces'
	host ip netns add "$1"
}

# container_up: docker0, and behind it a host of its own, 172.17.0.2.
container_up() {
	namespace container
	host ip -batch - <<-END
		link add docker0 type veth peer name eth0 netns container
		address add 172.17.0.1/16 dev docker0
		link set docker0 up
	END
	host ip -n container -batch - <<-END
		link set eth0 up
		address add 172.17.0.2/16 dev eth0
		route add default via 172.17.0.1
	END
	links_settle
}

# vpn_up [ADDRESS PEER]: both halves of the default by a VPN whose other end swallows all.
vpn_up() {
	local address=${1:-172.30.8.1/24} peer=${2:-172.30.8.2}
	host socat -u TUN,tun-name=tun0,iff-up,iff-no-pi OPEN:/dev/null,wronly >/dev/null 2>&1 3>&- &
	disown
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'for try in $(seq 100); do
		[ "$(cat /sys/class/net/tun0/carrier 2>/dev/null)" != 1 ] || exit 0
		sleep 0.02
	done; exit 1'
	links_settle
	host ip -batch - <<-END
		address add $address ${1:+peer $peer} dev tun0
		route add 0.0.0.0/1 via $peer dev tun0
		route add 128.0.0.0/1 via $peer dev tun0
	END
}

# second_in_segment: eth9 of the host in eth0's segment, behind router 0.
second_in_segment() {
	[ -z "${LAB_MACHINE-}" ] || skip 'a machine gets no more NICs'
	router 0 ip -batch - <<-END
		link add segment type bridge forward_delay 0
		link set uplink master segment
		address flush dev uplink
		address add 192.168.2.1/24 brd + dev segment
		link set segment up
		link add second type veth peer name eth9
		link set second master segment up
		link set eth9 netns 1
	END
}

# EL5's own scripts read no IPADDRn, and leave no route of 169.254.0.0/16 for each NIC.
el6_or_later() {
	[ -z "$LAB_INITSCRIPTS" ] || grep -rq 'ipaddr\[' --include=ifup-eth "$LAB_INITSCRIPTS"
}

# set_keys "KEY=VALUE and KEY=VALUE" FILE
set_keys() {
	local file=$LAB_SCRIPTS/$2
	[[ $2 != /* ]] || file=$LAB_ROOT$2
	echo "${1// and /$'\n'}" >>"$file"
}

# carry_out CURE [WHAT]: does what a cure of check or explain says; WHAT is what it is for.
carry_out() {
	local cure=$1 commands=''
	if [[ $cure =~ ^run\ (.*)\;\ add\ the\ same\ words\ to\ (.*)$ ]]; then
		commands=${BASH_REMATCH[1]}
		echo "${commands#*rule add }" >>"$LAB_SCRIPTS/${BASH_REMATCH[2]}"
	elif [[ $cure =~ ^run\ ([^\;]*)(\;.*)?$ ]]; then
		commands=${BASH_REMATCH[1]}
	elif [[ $cure =~ ^set\ (.*)\ in\ ([^ ]+)\ and\ run\ (.*)$ ]]; then
		commands=${BASH_REMATCH[3]}
		set_keys "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
	elif [[ $cure =~ ^remove\ that\ line\ and\ run\ (.*)$ ]]; then
		commands=${BASH_REMATCH[1]}
		[[ $2 =~ (/[^:]*):([0-9]+): ]]
		sed -i "${BASH_REMATCH[2]}d" "$LAB_ROOT${BASH_REMATCH[1]}"
	elif [[ $cure =~ ^add\ to\ ([^ ]+),\ before\ line\ ([0-9]+):\ (.*)$ ]]; then
		sed -i "${BASH_REMATCH[2]}i ${BASH_REMATCH[3]}" "$LAB_ROOT${BASH_REMATCH[1]}"
	elif [[ $cure =~ ^add\ to\ ([^ ]+):\ (.*)$ ]]; then
		echo "${BASH_REMATCH[2]}" >>"$LAB_ROOT${BASH_REMATCH[1]}"
	elif [[ $cure =~ ^see\ .*\;\ then\ run\ (.*)$ ]]; then
		commands=${BASH_REMATCH[1]}
	else
		echo "no cure that this test knows: $cure"
		return 1
	fi
	[ -z "$commands" ] || host sh -c "$commands" >/dev/null
}

# --- the admin's own things --------------------------------------------------------

# In files and kernel, of no concern to us. The rule is none for an uplink's
# address, and the table none that we would choose.
admin_moves_in() {
	printf '# by hand\nto 203.0.113.9/32 priority 500 table 7\n' >"$LAB_SCRIPTS/rule-eth0"
	printf '# by hand\n' >"$LAB_SCRIPTS/route-eth1"
	cp "$LAB_SCRIPTS/rule-eth0" "$BATS_TEST_TMPDIR/rule-eth0"
	cp "$LAB_SCRIPTS/route-eth1" "$BATS_TEST_TMPDIR/route-eth1"
	host ip rule add from 203.0.113.1 priority 1 table 7
	host ip rule add from 203.0.113.2 priority 10001 table 7
	host ip rule add to 203.0.113.3 priority 20000 table 12
	host ip route add blackhole 198.51.100.0/24
	host ip route add blackhole 198.51.100.0/24 table 7
}

admin_still_there() {
	outside rule-eth0 | cmp - "$BATS_TEST_TMPDIR/rule-eth0"
	outside route-eth1 | cmp - "$BATS_TEST_TMPDIR/route-eth1"
	has "$(rules)" '^1: from 203\.0\.113\.1 lookup 7'
	has "$(rules)" '^10001: from 203\.0\.113\.2 lookup 7'
	has "$(rules)" '^20000: from all to 203\.0\.113\.3 lookup 12'
	has "$(routes)" '^blackhole 198\.51\.100\.0/24$'
	has "$(routes)" '^blackhole 198\.51\.100\.0/24 table 7'
}

# settled: what every test that changes something ends with.
settled() {
	admin_still_there
	changes_nothing multihome sync
}
