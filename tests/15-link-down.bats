#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# When one uplink goes, the other still answers and carries the host's own traffic.

load lab/test

# lives_on K: only uplink K is left, and does all the work.
lives_on() {
	answers "$1"
	reaches_client "eth$1"
}

@test "after ifconfig eth1 down eth0 lives on" {
	started LAB_RP_FILTER=el6
	host ifconfig eth1 down
	lives_on 0
	multihome 0 sync
	is "$output/$stderr" /
	lives_on 0
	settled
}

@test "after ifconfig eth0 down eth1 lives on" {
	started LAB_RP_FILTER=el6
	host ifconfig eth0 down
	lives_on 1
	multihome 0 sync
	is "$output/$stderr" /
	lives_on 1
	settled
}

@test "after ifdown eth1 eth0 lives on, and nothing of eth1 is left" {
	started
	run host ifdown eth1
	is "$status/$output" 0/
	lives_on 0
	has_no "$(our_rules)" 'from 10\.'
	has_no "$(our_routes)" 'eth1|10\.0\.0'
	settled
}

@test "after ifdown eth0 eth1 lives on, and nothing of eth0 is left" {
	started
	run host ifdown eth0
	is "$status" 0
	lives_on 1
	has_no "$(our_rules)" 'from 192\.'
	has_no "$(our_routes)" 'eth0|192\.168'
	# ifdown took the admin's line of rule-eth0 with it, as it always did.
	changes_nothing multihome sync
}

@test "with ONBOOT=no for eth1 and a restart eth0 lives on" {
	started
	lab_uplink 1 ONBOOT=no
	service restart
	lives_on 0
	has_no "$(our_rules)" 'from 10\.'
	settled
}

# bats test_tags=long
@test "with ONBOOT=no for eth0 and a restart eth1 lives on" {
	started
	lab_uplink 0 ONBOOT=no
	service restart
	lives_on 1
	has_no "$(our_rules)" 'from 192\.'
	changes_nothing multihome sync
}

# With GATEWAYDEV the roles are exchanged: eth0 has the default, eth1 comes after.
eth0_first() {
	host_up LAB_RP_FILTER=el6
	admin_moves_in
	lab_install
	echo GATEWAYDEV=eth0 >>"$LAB_ROOT/etc/sysconfig/network"
	service start
	answers 0 1
	reaches_client eth0
}

# bats test_tags=long
@test "with the roles exchanged, after ifconfig eth0 down eth1 lives on" {
	eth0_first
	host ifconfig eth0 down
	lives_on 1
	multihome 0 sync
	lives_on 1
	settled
}

# bats test_tags=long
@test "with the roles exchanged, after ifdown eth0 eth1 lives on" {
	eth0_first
	host ifdown eth0
	lives_on 1
	changes_nothing multihome sync
}

# bats test_tags=long
@test "with the roles exchanged, after ONBOOT=no for eth0 and a restart eth1 lives on" {
	eth0_first
	lab_uplink 0 ONBOOT=no
	service restart
	lives_on 1
	changes_nothing multihome sync
}

@test "of three uplinks the last two carry on when the first goes" {
	started LAB_UPLINKS=3
	host ifconfig eth0 down
	answers 1 2
	reaches_client eth2
	host ifconfig eth2 down
	lives_on 1
}

@test "ifup after ifdown brings all back" {
	started
	local before
	before=$(kernel)
	host ifdown eth1
	run host ifup eth1
	is "$status/$output" 0/
	answers 0 1
	is "$(kernel)" "$before"
	settled
}

@test "after a bounce outside ifup sync brings all back" {
	started
	host ip link set eth0 down
	host ip link set eth0 up
	# A device that is taken down keeps its address and loses its routes.
	is_not "$(probe_ping 192.168.2.99)" 'ok eth0'
	multihome 0 sync
	is "$output/$stderr" /
	answers 0 1
	settled
}
