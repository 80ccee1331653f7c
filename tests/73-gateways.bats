#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# However an uplink gets its gateway, it answers by it; the main default stays initscripts'.

load lab/test

# up: installs and starts; nothing is said that is not said without the package.
up() {
	admin_moves_in
	lab_install
	service start
	has_no "$output" 'RTNETLINK|Error|rror:|multihome'
}

# Of a gateway outside of its prefix sync speaks each time; the hooks do not.
settled_but_for_a_notice() {
	admin_still_there
	changes_nothing sh -c 'multihome sync 2>/dev/null'
}

network_key() {
	echo "$1" >>"$LAB_ROOT/etc/sysconfig/network"
}

@test "a /32 host reaches the gateway outside of its prefix" {
	host_up LAB_RP_FILTER=el6
	lab_uplink 1 NETMASK=255.255.255.255
	up
	answers 0 1
	reaches_client eth0
	settled_but_for_a_notice
	service restart
	has_no "$output" 'RTNETLINK|Error|rror:|multihome'
	answers 0 1
	settled_but_for_a_notice
	host ifconfig eth0 down
	answers 1
	reaches_client eth1
}

@test "two /32 addresses reach both their gateways" {
	host_up LAB_RP_FILTER=el6
	lab_uplink 0 NETMASK=255.255.255.255
	lab_uplink 1 NETMASK=255.255.255.255
	up
	answers 0 1
	settled_but_for_a_notice
}

# same_network PREFIX0 PREFIX1: either segment is 192.168.1.0, its router 192.168.1.1.
same_network() {
	local k
	host_up LAB_RP_FILTER="$1"
	for k in 0 1; do
		router "$k" ip address flush dev uplink
		router "$k" ip address add 192.168.1.1/24 dev uplink
		client ip route add "192.168.1.9$k" via "172.31.$((k + 1)).1" src "$LAB_CLIENT"
	done
	lab_uplink 0 IPADDR=192.168.1.90 NETMASK=255.255.255.0 GATEWAY=192.168.1.1
	lab_uplink 1 IPADDR=192.168.1.91 "NETMASK=$2" GATEWAY=192.168.1.1
	up
	answers_by 192.168.1.90 eth0
	answers_by 192.168.1.91 eth1
	router 0 ping -n -q -c1 -W1 192.168.1.90
	router 1 ping -n -q -c1 -W1 192.168.1.91
	settled
	service restart
	has_no "$output" 'RTNETLINK|Error|rror:|multihome'
	answers_by 192.168.1.90 eth0
	answers_by 192.168.1.91 eth1
	# By its table's number the next one carries on, whichever had the default.
	host ifconfig eth0 down
	answers_by 192.168.1.91 eth1
	multihome 0 sync
	reaches_client eth1
}

# bats test_tags=long
@test "the same network and gateway on both segments are kept apart" {
	same_network none 255.255.255.0
}

@test "so are overlapping networks with the same gateway, filtered strictly" {
	same_network all 255.255.0.0
}

@test "GATEWAYDEV gives the default to its device, both answer" {
	host_up
	network_key GATEWAYDEV=eth0
	up
	answers 0 1
	reaches_client eth0
	settled
}

@test "with METRIC on both initscripts' defaults stay as they are" {
	host_up
	lab_uplink 0 METRIC=100
	lab_uplink 1 METRIC=200
	up
	answers 0 1
	reaches_client eth0
	is "$(host ip route show default | sed 's/ *$//')" "$(cat <<-END
		default via 192.168.2.1 dev eth0 metric 100
		default via 10.0.0.1 dev eth1 metric 200
	END
	)"
	settled
	host ifconfig eth0 down
	answers 1
	reaches_client eth1
}

# bats test_tags=long
@test "with METRIC on one the other is its substitute" {
	host_up
	lab_uplink 0 METRIC=100
	up
	answers 0 1
	reaches_client eth1
	host ifconfig eth1 down
	reaches_client eth0
}

@test "with DEFROUTE=no a NIC answers and has no default in main" {
	host_up
	lab_uplink 1 DEFROUTE=no
	up
	answers 0 1
	has_no "$(our_routes | grep -v table)" '^default .*eth1'
	# EL5 does not know the key for a static NIC.
	if [[ $(routes) != *$'\ndefault via 10.0.0.1 dev eth1\n'* ]]; then
		reaches_client eth0
	fi
	settled
}

@test "the GATEWAY of /etc/sysconfig/network is that of the NIC in whose network it lies" {
	host_up
	lab_uplink 1
	sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth1"
	network_key GATEWAY=10.0.0.1
	up
	answers 0 1
	settled
	service restart
	has_no "$output" 'RTNETLINK|Error|rror:|multihome'
	answers 0 1
	host ifdown eth0
	answers 1
	reaches_client eth1
}

# bats test_tags=long
@test "traffic of the host's own keeps to SRCADDR, and so do the replies to it" {
	host_up LAB_RP_FILTER=el6
	host ip address add 192.168.2.77/32 dev lo
	lab_uplink 0 SRCADDR=192.168.2.77
	network_key GATEWAYDEV=eth0
	up
	has "$(routes)" '^default via 192\.168\.2\.1 dev eth0 src 192\.168\.2\.77$'
	reaches_client eth0
	is "$(lab_seen own 192.168.2.77)" eth0
	answers 0 1
	answers_by 192.168.2.77 eth0
	settled
}

@test "a network within an uplink's, on a NIC without a gateway, is kept apart from it" {
	host_up LAB_UPLINKS=3 LAB_RP_FILTER=all LAB_STRICT_ROUTERS=1
	admin_moves_in
	router 2 ip address add 10.5.0.1/16 dev uplink
	lab_ifcfg eth2 DEVICE=eth2 ONBOOT=yes BOOTPROTO=none IPADDR=10.5.0.7 NETMASK=255.255.0.0
	lab_install
	service start
	has "$(our_rules)" '^10000: from 10\.0\.0\.99 iif lo lookup 101'
	answers 0 1
	router 2 ping -n -q -c1 -W1 10.5.0.7
	host ping -n -q -c1 -W1 -I 10.5.0.7 10.5.0.1
	settled
}

# bats test_tags=long
@test "eight uplinks answer, each by its own NIC" {
	started LAB_UPLINKS=8 LAB_RP_FILTER=all LAB_STRICT_ROUTERS=1
	answers 0 1 2 3 4 5 6 7
	is "$(lines "$(our_rules)")" 9 'eight of ours, one foreign'
	settled
}
