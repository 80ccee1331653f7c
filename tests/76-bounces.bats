#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# What comes and goes outside of ifup: plan names what is missing, sync and any hook repair it,
# and no rule is left that leads to an empty table.

load lab/test

# no_rule_leads_nowhere: every table that a rule of ours names has a default.
no_rule_leads_nowhere() {
	local table
	for table in $(our_rules | sed -n 's/.* iif lo lookup //p' | sort -u); do
		has "$(host ip route show table "$table")" '^default '
	done
}

# A hook of the other device, with nothing else about it.
hook_of_eth0() {
	run host /sbin/ifup-local eth0
	is "$status/$output" 0/
	no_rule_leads_nowhere
}

state() {
	host multihome show --porcelain | grep "$1"
}

@test "after a bounce plan names the routes that are gone, and sync adds them" {
	started
	host ip link set eth1 down
	host ip link set eth1 up
	multihome 0 plan
	is "$(grep '^[-+~] ip' <<<"$output" | grep -v 169.254)" "$(cat <<-END
		+ ip route add 10.0.0.0/8 dev eth1 scope link table 101 proto 109
		+ ip route add default via 10.0.0.1 dev eth1 table 101 proto 109
		+ ip route add default via 10.0.0.1 dev eth1 metric 101 table 253 proto 109
		+ ip route add default via 192.168.2.1 dev eth0 proto 109
	END
	)"
	multihome 0 sync
	is "$output/$stderr" /
	no_rule_leads_nowhere
	answers 0 1
	# The default that initscripts chose went with the bounce: the next one carries on.
	reaches_client eth0
	settled
}

@test "a hook of another device repairs a bounce as well" {
	started
	host ip link set eth1 down
	hook_of_eth0
	has_no "$(our_rules)" 'from 10\.'
	answers 0
	host ip link set eth1 up
	hook_of_eth0
	answers 0 1
	settled
}

@test "a bounce of a /32 host with its gateway outside is repaired" {
	host_up
	lab_uplink 1 NETMASK=255.255.255.255
	lab_install
	service start
	host ip link set eth1 down
	host ip link set eth1 up
	hook_of_eth0
	answers 0 1
}

@test "an address that is deleted and added again is served again" {
	started
	host ip address delete 10.0.0.99/8 dev eth1
	has "$(state eth1)" down
	hook_of_eth0
	answers 0
	multihome 0 sync
	is "$output/$stderr" /
	no_rule_leads_nowhere
	has_no "$(our_rules)" 'from 10\.'
	settled
	host ip address add 10.0.0.99/8 dev eth1
	multihome 0 sync
	is "$output/$stderr" /
	answers 0 1
	settled
}

@test "one that is gone for a moment only is repaired by any hook" {
	started
	host ip address delete 192.168.2.99/24 dev eth0
	host ip address add 192.168.2.99/24 dev eth0
	run host /sbin/ifup-local eth1
	is "$status/$output" 0/
	no_rule_leads_nowhere
	answers 0 1
	settled
}

# new_eth1: the device again, as a driver that is loaded anew makes it.
new_eth1() {
	router 1 ip link add uplink type veth peer name eth1 netns "$1"
	router 1 ip address add 10.0.0.1/8 brd + dev uplink
	router 1 ip link set uplink up
	client ip route replace 10.0.0.0/8 via 172.31.2.1 src "$LAB_CLIENT"
}

@test "a device that is removed takes its rules with the next hook, and comes back by ifup" {
	started
	host ip netns attach self 1
	host ip link delete eth1
	has "$(state eth1)" down
	multihome 0 plan
	has "$output" '^- ip rule del from 10\.0\.0\.0/8 iif lo lookup 101 priority 10001$'
	hook_of_eth0
	has_no "$(our_rules; our_routes)" '10\.0\.0'
	answers 0
	reaches_client eth0
	settled
	new_eth1 self
	run host ifup eth1
	is "$status/$output" 0/
	answers 0 1
	reaches_client eth1
	settled
}

@test "a pulled cable changes nothing and is shown, and put back all is as before" {
	started
	local before
	before=$(kernel)
	cable 1 down
	answers 0
	has "$(state eth1)" no-carrier
	settled
	hook_of_eth0
	cable 1 up
	# Its neighbours were forgotten; the client's way to the segment went with the link.
	client ip route replace 10.0.0.0/8 via 172.31.2.1 src "$LAB_CLIENT"
	answers 0 1
	is "$(kernel)" "$before"
	settled
}
