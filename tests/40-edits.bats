#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Edits while up, work half done, things left over: the state follows the files.

load lab/test

# Nothing says so any more: neither kernel nor blocks.
gone() {
	has_no "$(our_rules; our_routes)" "$1"
	has_no "$(cat "$LAB_SCRIPTS"/r*-eth*)" "$1"
}

@test "an edited TABLE moves rule, routes and block; nothing is left in the old one" {
	started
	lab_uplink 1 TABLE=150
	multihome 0 up eth1
	is "$output/$stderr" /
	has "$(our_rules)" 'from 10\.0\.0\.0/8 iif lo lookup 150'
	has "$(our_routes)" 'default via 10\.0\.0\.1 dev eth1 table 150'
	gone 'lookup 101|table 101|metric 1101'
	answers 0 1
	settled
	service restart
	gone 'lookup 101|table 101'
	settled
}

@test "TABLE may be a name of rt_tables" {
	started
	echo '77 provider' >>"$LAB_ROOT/etc/iproute2/rt_tables"
	lab_uplink 1 TABLE=provider
	multihome 0 sync
	has "$(our_rules)" 'from 10\.0\.0\.0/8 iif lo lookup (77|provider)'
	gone 'lookup 101'
	answers 0 1
	settled
}

@test "an edited GATEWAY replaces the old one everywhere" {
	started
	router 0 ip address add 192.168.2.2/24 dev uplink
	lab_uplink 0 GATEWAY=192.168.2.2
	multihome 0 up eth0
	is "$output/$stderr" /
	has "$(our_routes)" 'default via 192\.168\.2\.2 dev eth0 table 100'
	gone '192\.168\.2\.1 '
	answers 0 1
	settled
}

@test "an edited IPADDR in another network moves the rule" {
	started
	router 0 ip address add 198.18.0.1/24 dev uplink
	client ip route add 198.18.0.0/24 via 172.31.1.1 src "$LAB_CLIENT"
	lab_uplink 0 IPADDR=198.18.0.99 GATEWAY=198.18.0.1
	service restart
	has "$(our_rules)" 'from 198\.18\.0\.0/24 iif lo lookup 100'
	gone '192\.168'
	is "$(probe_ping 198.18.0.99)" 'ok eth0'
	answers 1
	settled
}

@test "an ifcfg file that is gone takes its rule, routes and block along" {
	started LAB_UPLINKS=3
	rm "$LAB_SCRIPTS/ifcfg-eth2"
	multihome 0 sync
	gone 'from 172\.|via 172\.|table 102|metric 1102'
	has_no "$(ls "$LAB_SCRIPTS")" 'r.*-eth2'
	answers 0 1
	settled
}

@test "what somebody deleted comes back, once" {
	started
	local before
	before=$(kernel; lab_files)
	host ip rule del from 10.0.0.0/8 iif lo priority 10001 table 101
	host ip route flush table 100
	host ip route del default via 10.0.0.1 dev eth1 table 253
	cp "$BATS_TEST_TMPDIR/rule-eth0" "$LAB_SCRIPTS/rule-eth0"
	rm "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
	is "$output/$stderr" /
	is "$(kernel; lab_files)" "$before"
	answers 0 1
	settled
}

@test "a state directory that is lost is made again, and the state kept" {
	started LAB_RP_FILTER=el6
	local before
	before=$(kernel; lab_files)
	has "$(our_rules)" 'iif lo'
	rm -r "$LAB_ROOT/run/multihome"
	multihome 0 sync
	is "$output/$stderr" /
	is "$(kernel; lab_files)" "$before"
	settled
}

@test "a rule and routes left over from a killed run go with the next sync" {
	started
	local before
	before=$(kernel; lab_files)
	host ip route add default via 10.0.0.1 dev eth1 table 101 proto 109 metric 5
	host ip route add 203.0.113.128/25 via 192.168.2.1 dev eth0 table 100 proto 109
	multihome 0 sync
	is "$(kernel; lab_files)" "$before"
	settled
}

# killed_at_each CALL: damages, kills a sync at its first CALL, lets another one
# complete; the same for the second CALL and on, until there was none to kill.
# Leaves in $calls how many there were.
killed_at_each() {
	local before ended
	before=$(kernel; lab_files)
	for ((calls = 0; ; calls++)); do
		host ip rule del from 10.0.0.0/8 iif lo priority 10001 table 101
		host ip route flush table 100
		rm "$LAB_SCRIPTS/rule-eth1"
		cp "$BATS_TEST_TMPDIR/rule-eth0" "$LAB_SCRIPTS/rule-eth0"
		run host strace -f -o /tmp/trace -e "trace=/^$1" \
			-e "inject=/^$1:signal=KILL:when=$((calls + 1))" multihome sync
		ended=$status
		multihome 0 sync
		is "$(kernel; lab_files)" "$before" "after a kill at $1 $((calls + 1))"
		[ "$ended" != 0 ] || return 0
	done
}

# bats test_tags=long
@test "a run that is killed at any step leaves what the next one completes" {
	started
	killed_at_each send
	# dumps of links, addresses, routes and rules, then changes
	[ "$calls" -ge 5 ]
	killed_at_each rename
	[ "$calls" -ge 2 ]
	killed_at_each openat
	[ "$calls" -ge 10 ]
	answers 0 1
	settled
}

# bats test_tags=long
@test "runs at the same time end in the same state" {
	started
	local before n pids=()
	before=$(kernel; lab_files)
	host ip rule del from 10.0.0.0/8 iif lo priority 10001 table 101
	host ip route flush table 100
	for n in 0 1 0 1 0 1; do
		host multihome up "eth$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n"
	done
	is "$(kernel; lab_files)" "$before"
	settled
}
