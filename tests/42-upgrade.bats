#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# A host as version 0.1 leaves it, in files, kernel and records (tests/old/0.1), goes over to
# this version with its first hook or sync, and no packet is lost.

load lab/test

# old_host KIND [KEY=VALUE…]: the host as 0.1 left it, with this version's package put in place.
#   two        two uplinks
#   outside    the second one's gateway is outside of its network
#   loose      the first one's filter was loosened, and its old value saved
#   inet6      both with IPv6 as well
old_host() {
	local kind=$1 old device key value
	old=$LAB_REPO/tests/old/0.1/$1
	shift
	[ "$kind" != inet6 ] || set -- LAB_IPV6=1 "$@"
	host_up LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6 "$@"
	case $kind in
	inet6) lab_uplinks6 ;;
	outside) lab_uplink 1 NETMASK=255.255.255.255 ;;
	loose) lab_uplink 0 RP_FILTER=loose ;;
	esac
	admin_moves_in
	service start
	kernel >"$BATS_TEST_TMPDIR/without"
	cp "$old"/r*-eth* "$LAB_SCRIPTS"
	cp -r "$old/run" "$LAB_ROOT/run/multihome"
	cat "$old/routes" "$old/rules" | host ip -4 -batch -
	[ "$kind" != inet6 ] || cat "$old/routes6" "$old/rules6" | host ip -6 -batch -
	[ ! -e "$old/run/sysctls" ] || while read -r device key _ value; do
		host sysctl -qw "net.ipv4.conf.$device.$key=$value"
	done <"$old/run/sysctls"
	lab_install
	answers_here
}

# answers_here: all that the lab has, of both families.
answers_here() {
	local k
	answers 0 1
	[ "$LAB_IPV6" = 1 ] || return 0
	for k in 0 1; do
		answers_at "${LAB_ADDRESSES6[k]}" "eth$k"
	done
}

# --- pings throughout -------------------------------------------------------------------------

# pings_start ADDRESS…: the client pings each of them every 20 ms.
pings_start() {
	local address
	pinged=() pings=()
	for address; do
		# shellcheck disable=SC2016 # for the shell in the client
		client sh -c 'echo $$ >"/tmp/ping$1.pid"; exec ping -q -n -i 0.02 -w 90 "$2"' - \
			"${#pings[@]}" "$address" >"$BATS_TEST_TMPDIR/ping${#pings[@]}" 3>&- &
		pings+=($!)
		pinged+=("$address")
	done
	sleep 0.2
}

# no_ping_lost WHEN: ends them.
no_ping_lost() {
	local k counts
	sleep 0.2
	for k in "${!pings[@]}"; do
		host kill -INT "$(cat "$LAB_ROOT/tmp/ping$k.pid")"
		wait "${pings[k]}" || { echo "no answer from ${pinged[k]}"; return 1; }
		counts=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' \
			"$BATS_TEST_TMPDIR/ping$k")
		is "${counts#* }" "${counts% *}" "pings of ${pinged[k]} answered, $1"
		[ "${counts% *}" -ge 10 ]
	done
}

all_pinged() {
	if [ "$LAB_IPV6" = 1 ]; then
		pings_start "${LAB_ADDRESSES[@]:0:2}" "${LAB_ADDRESSES6[@]:0:2}"
	else
		pings_start "${LAB_ADDRESSES[@]:0:2}"
	fi
}

# --- today's form --------------------------------------------------------------------------------

# todays: nothing of 0.1's shapes is left, and this version's are there.
todays() {
	local file
	is "$(host ip -4 route show table main proto 109)" '' 'ours in main'
	is "$(host ip -4 route show default | grep -c .)" 1 'defaults in main'
	has "$(host ip -4 route show table 253)" '^default via 192\.168\.2\.1 dev eth0 .*metric 100\b'
	has "$(host ip -4 route show table 253)" '^default via 10\.0\.0\.1 dev eth1 .*metric 101\b'
	has_no "$(cat "$LAB_SCRIPTS"/route*-eth*)" 'metric 110[01]'
	for file in "$LAB_SCRIPTS"/r*-eth*; do
		has "$(cat "$file")" '^# BEGIN multihome eth[01]'
		has "$(cat "$file")" '^# END multihome eth[01]( [0-9a-f]+)+$'
	done
	[ "$LAB_IPV6" = 1 ] || return 0
	is "$(host ip -6 route show table main proto 109)" '' 'ours in IPv6 main'
	has "$(host ip -6 route show table 253)" '^default via 2001:db8:2::1 dev eth0 '
	has "$(host ip -6 route show table 253)" '^default via 2001:db8:10::1 dev eth1 '
	has "$(rules6)" '^32767: from all lookup (253|default)'
}

# goes_over KIND: each way in which this version may come to run first, on a fresh host, then
# sync, a restart and clean.
goes_over() {
	local kind=$1 first
	for first in 'multihome sync' 'multihome up eth0' 'multihome up eth1' 'ifup eth0' \
		'multihome down eth9' 'multihome lease'; do
		old_host "$kind"
		all_pinged
		# shellcheck disable=SC2086 # words
		host $first
		no_ping_lost "$first"
		answers_here
		has "$(host ip -4 route show default)" '^default via'
		all_pinged
		host sh -c 'multihome sync 2>/dev/null'
		no_ping_lost 'sync'
		answers_here
		todays
		admin_still_there
		changes_nothing sh -c 'multihome sync 2>/dev/null'
		lab_down
	done
}

@test "two uplinks go over from 0.1 by any first hook or sync, and no ping is lost" {
	goes_over two
}

# bats test_tags=long
@test "a gateway outside of its network goes over to onlink, and no ping is lost" {
	goes_over outside
}

# bats test_tags=long
@test "a host with a loosened filter goes over, and no ping is lost" {
	goes_over loose
}

# bats test_tags=long
@test "IPv4 and IPv6 go over from 0.1, and no ping is lost" {
	goes_over inet6
}

# restarted KIND: a restart is what the new version sees first; it is quiet and complete.
restarted() {
	old_host "$1"
	service restart
	has_no "$output" 'RTNETLINK|rror:|multihome'
	answers_here
	todays
	admin_still_there
	all_pinged
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	no_ping_lost sync
	service restart
	answers_here
	todays
}

# bats test_tags=long
@test "a restart right after the upgrade: quiet, all answer, today's form" {
	local kind
	for kind in two outside loose; do
		restarted $kind
		lab_down
	done
}

# bats test_tags=long
@test "a restart right after the upgrade, with IPv6" {
	restarted inet6
}

# bats test_tags=long
@test "outside of its network a gateway has no link route in main after the upgrade" {
	old_host outside
	host sh -c 'multihome sync 2>/dev/null'
	has_no "$(host ip route show table main)" '^10\.0\.0\.1 '
	has "$(host ip route show table 101)" '^default via 10\.0\.0\.1 dev eth1 .*onlink'
	has_no "$(cat "$LAB_SCRIPTS/route-eth1")" '^10\.0\.0\.1 dev'
	answers_here
}

# bats test_tags=long
@test "clean after the upgrade leaves the host as without any version, first or after sync" {
	local kind before
	for kind in two outside loose inet6; do
		for before in true 'multihome sync' 'multihome up eth1'; do
			old_host $kind
			host sh -c "$before 2>/dev/null"
			host multihome clean
			is "$(kernel)" "$(cat "$BATS_TEST_TMPDIR/without")" "$kind, $before, clean"
			admin_still_there
			has_no "$(cat "$LAB_SCRIPTS"/r*-eth*)" 'multihome|proto 109|iif lo'
			lab_down
		done
	done
}

# bats test_tags=long
@test "from 0.1 to clean no ping is lost where nothing filters" {
	local kind
	for kind in two outside; do
		old_host $kind LAB_STRICT_ROUTERS=0 LAB_RP_FILTER=none
		all_pinged
		host multihome up eth0
		host sh -c 'multihome sync 2>/dev/null'
		host multihome clean
		host sh -c 'multihome sync 2>/dev/null'
		host multihome clean
		no_ping_lost 'from up to clean'
		lab_down
	done
}

@test "upgraded while the winner is down: the way out stays, and no ping is lost" {
	local first
	for first in 'multihome sync' 'multihome up eth0' 'multihome down eth1' 'multihome clean'; do
		old_host two
		mv "$LAB_ROOT/usr/sbin/ifdown-local" "$LAB_ROOT/tmp"
		host ifdown eth1
		mv "$LAB_ROOT/tmp/ifdown-local" "$LAB_ROOT/usr/sbin"
		is "$(probe_ping 192.168.2.99)" 'ok eth0' 'as 0.1 left it'
		pings_start 192.168.2.99
		# shellcheck disable=SC2086 # words
		run host $first
		run host multihome sync
		run host multihome clean
		no_ping_lost "$first, sync, clean"
		reaches_client eth0
		is "$(host ip route show default | grep -c .)" 1 'defaults in main'
		host ifup eth1
		answers 0 1
		todays
		lab_down
	done
}
