#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Where a gateway stands: in a route- file, in another NIC's network, in a profile that is not in
# force. The admin's files stay as they are.

load lab/test

# no_gateway K…: these uplinks' ifcfg files have none.
no_gateway() {
	local k
	for k; do
		lab_uplink "$k"
		sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth$k"
	done
}

# up: installs and starts; nothing is said that is not said without the package.
up() {
	admin_moves_in
	lab_install
	service start
	has_no "$output" 'RTNETLINK|Error|rror:|multihome'
}

@test "gateways that stand in route- files alone, as ip's line and as shell, serve their uplinks" {
	host_up LAB_RP_FILTER=el6 LAB_STRICT_ROUTERS=1
	no_gateway 0 1
	admin_moves_in
	printf 'default via 192.168.2.1 dev eth0\n' >"$LAB_SCRIPTS/route-eth0"
	printf 'ADDRESS0=172.30.0.0\nNETMASK0=255.255.0.0\nGATEWAY0=10.0.0.7\n' >"$LAB_SCRIPTS/route-eth1"
	printf 'ADDRESS1=0.0.0.0\nNETMASK1=0.0.0.0\nGATEWAY1=10.0.0.1\n' >>"$LAB_SCRIPTS/route-eth1"
	cp "$LAB_SCRIPTS/route-eth1" "$BATS_TEST_TMPDIR/route-eth1"
	lab_install
	service start
	answers 0 1
	has "$(outside route-eth0)" '^default via 192\.168\.2\.1 dev eth0$'
	settled
	service restart
	answers 0 1
	settled
}

@test "a host with SCOPE=\"peer GATEWAY\" and its default in the route- file answers by it" {
	host_up LAB_RP_FILTER=el6
	no_gateway 1
	sed -i '/NETMASK/d' "$LAB_SCRIPTS/ifcfg-eth1"
	printf 'NETMASK=255.255.255.255\nSCOPE="peer 10.0.0.1"\n' >>"$LAB_SCRIPTS/ifcfg-eth1"
	admin_moves_in
	printf 'ADDRESS0=0.0.0.0\nNETMASK0=0.0.0.0\nGATEWAY0=10.0.0.1\n' >"$LAB_SCRIPTS/route-eth1"
	cp "$LAB_SCRIPTS/route-eth1" "$BATS_TEST_TMPDIR/route-eth1"
	lab_install
	service start
	[[ $(host ip address show eth1) == *'peer 10.0.0.1/32'* ]] || skip 'the stand-in knows no SCOPE'
	answers 0 1
	settled
}

@test "a router that both ifcfg files name is that of the NIC in whose network it lies" {
	host_up LAB_UPLINKS=3 LAB_RP_FILTER=all
	lab_uplink 1 GATEWAY=192.168.2.1
	up
	answers 0 2
	multihome 0 sync
	is "$(lines "$stderr")" 1
	has "$stderr" 'ifcfg-eth1:[0-9]*: GATEWAY=192\.168\.2\.1 lies in the network of eth0; eth1 is not served$'
	has_no "$(routes)" '192\.168\.2\.1 dev eth1'
	admin_still_there
	service restart
	answers 0 2
	host ping -n -q -c1 -W1 192.168.2.1
	admin_still_there
}

@test "with that router as their only gateway the host is as without us" {
	local before
	host_up
	lab_uplink 1 GATEWAY=192.168.2.1
	service start
	before=$(kernel)
	lab_install
	service restart
	is "$(kernel)" "$before"
	answers_by 192.168.2.99 eth0
}

@test "a second profile takes over when it is brought up, and goes with its ifdown" {
	host_up LAB_RP_FILTER=all
	lab_ifcfg eth0-lab DEVICE=eth0 ONBOOT=no BOOTPROTO=none IPADDR=192.168.2.77 \
		NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	up
	answers 0 1
	settled
	host ifdown eth0
	run host ifup eth0-lab
	has_no "$output" 'RTNETLINK|Error|rror:|multihome'
	answers_by 192.168.2.77 eth0
	answers 1
	settled
	host ifdown eth0-lab
	run host ifup eth0
	has_no "$output" 'RTNETLINK|Error|rror:|multihome'
	answers 0 1
	settled
}

@test "an alias in a file with a name of its own answers by its NIC" {
	host_up LAB_RP_FILTER=all
	router 0 ip address add 192.168.7.1/24 dev uplink
	lab_ifcfg eth0_0 DEVICE=eth0:0 ONBOOT=yes BOOTPROTO=none IPADDR=192.168.7.99 NETMASK=255.255.255.0
	client ip route add 192.168.7.0/24 via 172.31.1.1 src "$LAB_CLIENT"
	admin_moves_in
	lab_install
	service start
	# The alias's ifup adds the lines of rule-eth0 once more: of them, the admin's is there.
	is "$(grep -c 'RTNETLINK\|rror' <<<"$output")" 1
	answers 0 1
	answers_by 192.168.7.99 eth0
	settled
}

@test "a typo in an alias's file is told, and its NIC is served" {
	host_up LAB_RP_FILTER=all
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.7.99 NETMASK=255.255.255.0 GATEWAY=192.168.7
	admin_moves_in
	lab_install
	service start
	answers 0 1
	multihome 3 sync
	has "$stderr" 'ifcfg-eth0:1:4: GATEWAY=192\.168\.7: expected'
	answers 0 1
	admin_still_there
}

@test "a network's own or broadcast address is refused as a gateway, the others are served" {
	host_up LAB_UPLINKS=3
	lab_uplink 1 GATEWAY=10.255.255.255
	admin_moves_in
	lab_install
	service start
	answers 0 2
	multihome 3 sync
	is "$(lines "$stderr")" 1
	has "$stderr" 'ifcfg-eth1:[0-9]*: GATEWAY=10\.255\.255\.255 is its network.s broadcast address; expected the router.s$'
	admin_still_there
}

@test "one static uplink beside a DHCP NIC that is never used is left alone" {
	local before
	host_up
	lab_ifcfg eth1 DEVICE=eth1 ONBOOT=no BOOTPROTO=dhcp
	service start
	before=$(kernel)
	lab_install
	multihome 0 sync
	is "$output$stderr" ''
	is "$(kernel)" "$before"
	has_no "$(ls "$LAB_SCRIPTS")" '^r'
}
