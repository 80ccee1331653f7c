#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Aliases, ranges and addresses by hand answer as their device does, or by a gateway of their own.

load lab/test

# A second router in eth0's segment, 192.168.7.1; the probes call it eth2.
second_router() {
	rm -f "$LAB_SCRIPTS/ifcfg-eth2"
	router 2 ip link delete uplink
	# Else its eyes see what only passes its bridge.
	router 0 sysctl -qew net.bridge.bridge-nf-call-iptables=0
	router 0 ip -batch - <<-END
		link set uplink down
		link set uplink name port0
		link add uplink type bridge
		address flush dev port0
		address add 192.168.2.1/24 brd + dev uplink
		link set port0 master uplink
		link add port1 master uplink type veth peer name uplink netns router2
		link set port0 up
		link set port1 up
		link set uplink up
	END
	router 2 ip address add 192.168.7.1/24 brd + dev uplink
	router 2 ip link set uplink up
	client ip route add 192.168.7.0/24 via 172.31.3.1 src "$LAB_CLIENT"
	client ip route add 192.168.8.0/24 via 172.31.1.1 src "$LAB_CLIENT"
	router 0 ip route add 192.168.8.0/24 dev uplink
}

# alias NAME ADDRESS [KEY=VALUE…]
alias_file() {
	lab_ifcfg "eth0:$1" "DEVICE=eth0:$1" ONBOOT=yes "IPADDR=$2" NETMASK=255.255.255.0 "${@:3}"
}

# One in the same network, one in another, one with a gateway of its own.
three_aliases() {
	alias_file 1 192.168.2.78
	alias_file 2 192.168.8.99
	alias_file 3 192.168.7.99 GATEWAY=192.168.7.1 "$@"
}

with_aliases() {
	host_up LAB_UPLINKS=3
	second_router
	admin_moves_in
	three_aliases "$@"
	lab_install
	service start
}

@test "aliases answer by their device, one with a gateway by that gateway" {
	with_aliases
	answers 0 1
	answers_by 192.168.2.78 eth0
	answers_by 192.168.8.99 eth0
	answers_by 192.168.7.99 eth2
	is "$(our_rules | grep -c 'iif lo')" 4
	settled
}

@test "start and restart with aliases print what they print without the package" {
	local without
	host_up LAB_UPLINKS=3
	second_router
	three_aliases
	# EL5 and EL6 print the same each time but the first.
	service start
	service restart
	without=$output
	lab_install
	service restart
	is "$output" "$without" 'the first restart'
	service restart
	is "$output" "$without" 'the second restart'
	answers_by 192.168.7.99 eth2
}

# runs_for ALIAS COMMAND…: how often its hook went to work meanwhile, which begins with the lock.
runs_for() {
	host strace -f -qq -s 256 -e trace=execve,open,openat -o /tmp/trace "${@:2}" >/dev/null 2>&1
	awk -v alias="\"$1\"]" '
		/execve/ { hook[$1] = index($0, "/ifup-local\", [") && index($0, alias) }
		hook[$1] && /multihome\/lock"/ { n++ }
		END { print n + 0 }' "$LAB_ROOT/tmp/trace"
}

@test "of the hooks of aliases and their device the device's is enough, an alias alone has its own" {
	local before
	with_aliases
	before=$(our_rules; our_routes)
	is "$(runs_for eth0:3 service network restart)" 0
	is "$(our_rules; our_routes)" "$before"
	host test ! -e /var/run/multihome/coming-eth0
	is "$(runs_for eth0:3 ifup eth0)" 0
	is "$(runs_for eth0:3 ifup eth0:3)" 1
	# An ifup that came no further than its beginning.
	host multihome prepare ifcfg-eth0
	host test -e /var/run/multihome/coming-eth0
	is "$(runs_for eth0:3 ifup eth0:3)" 1
	answers_by 192.168.7.99 eth2
	host multihome prepare ifcfg-eth0
	# On the way through ifup, where dhclient comes before the aliases.
	host env reason=BOUND interface=eth0 new_ip_address=192.168.2.99 multihome lease
	host test -e /var/run/multihome/coming-eth0
	host multihome clean
	host test ! -e /var/run/multihome
}

# bats test_tags=long
@test "ifup of an alias that is up says nothing and loses no reply" {
	with_aliases
	host sed -i '/^to /d' /etc/sysconfig/network-scripts/rule-eth0
	cp "$LAB_SCRIPTS/rule-eth0" "$BATS_TEST_TMPDIR/before"
	local before
	before=$(our_rules; our_routes)
	client ping -q -i 0.005 -c 300 192.168.2.99 >"$BATS_TEST_TMPDIR/pings" &
	lab_forget icmp
	run host ifup eth0:1
	is "$status/$output" 0/
	run host ifup eth0:3
	wait %%
	is "$status/$output" 0/
	has "$(cat "$BATS_TEST_TMPDIR/pings")" ' 0% packet loss'
	is "$(lab_seen icmp 192.168.2.99)" eth0
	cmp "$LAB_SCRIPTS/rule-eth0" "$BATS_TEST_TMPDIR/before"
	is "$(our_rules; our_routes)" "$before"
	changes_nothing multihome sync
}

# bats test_tags=long
@test "ifdown of an alias and ifup again leave the others as they were" {
	with_aliases
	host sed -i '/^to /d' /etc/sysconfig/network-scripts/rule-eth0
	local before alias
	before=$(our_rules; our_routes)
	for alias in 1 2 3; do
		run host ifdown "eth0:$alias"
		is "$status/$output" 0/ "ifdown eth0:$alias"
		answers 0 1
		run host ifup "eth0:$alias"
		is "$status/$output" 0/ "ifup eth0:$alias"
	done
	is "$(our_rules; our_routes)" "$before"
	answers_by 192.168.2.78 eth0
	answers_by 192.168.8.99 eth0
	answers_by 192.168.7.99 eth2
	changes_nothing multihome sync
}

@test "an alias with ONPARENT=no is served from its own ifup to its own ifdown" {
	with_aliases ONPARENT=no
	has_no "$output" 'RTNETLINK|Error|rror:'
	answers 0 1
	has_no "$(our_rules; our_routes)" '192\.168\.7'
	has_no "$(cat "$LAB_SCRIPTS/route-eth0")" '192\.168\.7'
	settled
	host sed -i '/^to /d' /etc/sysconfig/network-scripts/rule-eth0
	run host ifup eth0:3
	is "$status/$output" 0/
	answers_by 192.168.7.99 eth2
	changes_nothing multihome sync
	run host ifdown eth0:3
	is "$status/$output" 0/
	has_no "$(our_rules; our_routes)" '192\.168\.7'
	answers 0 1
	changes_nothing multihome sync
	service restart
	has_no "$output" 'RTNETLINK|Error|rror:'
}

# bats test_tags=long
@test "another address of an alias with ONPARENT=no waits for its ifup" {
	with_aliases ONPARENT=no
	run host ifup eth0:3
	sed -i s/IPADDR=.*/IPADDR=192.168.7.88/ "$LAB_SCRIPTS/ifcfg-eth0:3"
	multihome 0 sync
	has "$(our_rules)" 'from 192\.168\.7\.0/24 '
	run host ifdown eth0:3
	run host ifup eth0:3
	is "$status/$output" 0/
	answers_by 192.168.7.88 eth2
	has_no "$(our_rules; our_routes)" '192\.168\.7\.99'
	changes_nothing multihome sync
}

# bats test_tags=long
@test "with NO_ALIASROUTING=yes aliases answer as well" {
	host_up LAB_UPLINKS=3
	second_router
	admin_moves_in
	three_aliases
	lab_uplink 0 NO_ALIASROUTING=yes
	lab_install
	service start
	answers 0 1
	answers_by 192.168.2.78 eth0
	answers_by 192.168.8.99 eth0
	answers_by 192.168.7.99 eth2
	settled
}

# bats test_tags=long
@test "a range of 254 addresses is one rule" {
	host_up
	admin_moves_in
	client ip route add 192.168.8.0/24 via 172.31.1.1 src "$LAB_CLIENT"
	router 0 ip route add 192.168.8.0/24 dev uplink
	lab_ifcfg eth0-range0 IPADDR_START=192.168.8.1 IPADDR_END=192.168.8.254 CLONENUM_START=0 \
		NETMASK=255.255.255.0
	lab_install
	service start
	is "$(host ip -4 address show dev eth0 | grep -c 192.168.8)" 254
	answers 0 1
	answers_by 192.168.8.1 eth0
	answers_by 192.168.8.254 eth0
	has_no "$output" 'RTNETLINK|rror:'
	is "$(our_rules | grep -c 'iif lo')" 3
	settled
}

@test "an address by hand or by keepalived is covered with nothing run" {
	started LAB_STRICT_ROUTERS=1
	host ip address add 192.168.2.50/32 dev eth0
	host ip address add 10.9.8.7/32 dev eth1
	answers_by 192.168.2.50 eth0
	answers_by 10.9.8.7 eth1
	settled
	host ip address delete 192.168.2.50/32 dev eth0
	answers 0 1
	settled
}
