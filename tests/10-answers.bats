#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# A reply leaves by the NIC that was asked, whatever filters on the way.

load lab/test

@test "without the package the last NIC takes the replies of both" {
	host_up
	service start
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	is "$(probe_tcp 192.168.2.99)" 'ok eth1'
	is "$(probe_udp 192.168.2.99)" 'ok eth1'
	is "$(probe_ping 10.0.0.99)" 'ok eth1'
}

@test "without the package strict filtering and strict routers lose replies" {
	host_up LAB_RP_FILTER=el6
	service start
	is "$(probe_ping 192.168.2.99)" 'lost -'
	lab_down
	host_up LAB_STRICT_ROUTERS=1
	service start
	is "$(probe_ping 192.168.2.99)" 'lost eth1'
}

# bats test_tags=machine
@test "both addresses answer ping, TCP and UDP by their own NIC" {
	started
	answers 0 1
	settled
}

# bats test_tags=long
@test "so they do with rp_filter strict by default, as on EL6" {
	started LAB_RP_FILTER=el6
	answers 0 1
	settled
}

@test "so they do with rp_filter strict on all, as on EL7" {
	started LAB_RP_FILTER=all
	answers 0 1
	settled
}

@test "so they do beyond routers that drop what is not of their segment" {
	started LAB_RP_FILTER=all LAB_STRICT_ROUTERS=1
	answers 0 1
	settled
}

@test "three uplinks answer, each by its own NIC" {
	started LAB_UPLINKS=3 LAB_RP_FILTER=all LAB_STRICT_ROUTERS=1
	answers 0 1 2
	settled
}

@test "a neighbour in the segment is answered" {
	started LAB_RP_FILTER=all
	router 0 ping -n -q -c1 -W"$LAB_WAIT" 192.168.2.99
	router 1 ping -n -q -c1 -W"$LAB_WAIT" 10.0.0.99
}

@test "the host's own traffic takes the default route that it took before" {
	started
	reaches_client eth1
	is "$(probe_own 192.168.2.99)" 'ok eth0'
	is "$(probe_own 10.0.0.99)" 'ok eth1'
}

@test "an address added later in the same prefix answers by that NIC" {
	started LAB_STRICT_ROUTERS=1
	host ip address add 192.168.2.77/24 dev eth0
	is "$(probe_ping 192.168.2.77)" 'ok eth0'
	is "$(probe_tcp 192.168.2.77)" 'ok eth0'
	settled
}

@test "an alias file's address answers by its parent's NIC" {
	host_up LAB_STRICT_ROUTERS=1
	admin_moves_in
	lab_install
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.2.78 NETMASK=255.255.255.0
	service start
	is "$(probe_ping 192.168.2.78)" 'ok eth0'
	answers 0 1
	is "$(lines "$(our_rules)")" 3 'two of ours, one foreign'
	settled
}

@test "rules and routes are those of the design, and no others" {
	started
	is "$(our_rules)" "$(cat <<-END
		10001: from 10.0.0.0/8 iif lo lookup 101
		10001: from 192.168.2.0/24 iif lo lookup 100
		10001: from 203.0.113.2 lookup 7
	END
	)"
	is "$(our_routes | grep -v 169.254)" "$(cat <<-END
		10.0.0.0/8 dev eth1 table 101 proto 109 scope link
		192.168.2.0/24 dev eth0 table 100 proto 109 scope link
		blackhole 198.51.100.0/24 table 100 proto 109
		blackhole 198.51.100.0/24 table 101 proto 109
		default via 10.0.0.1 dev eth1 table 101 proto 109
		default via 10.0.0.1 dev eth1 table default proto 109 metric 101
		default via 192.168.2.1 dev eth0 table 100 proto 109
		default via 192.168.2.1 dev eth0 table default proto 109 metric 100
	END
	)"
	has "$(routes)" '^default via 10\.0\.0\.1 dev eth1$'
}
