#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# A host as version 0.1 leaves it, in files, kernel and records (tests/old/0.1), goes over to
# this version with its first hook or sync, and no packet is lost.

load lab/test
load lab/old

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
