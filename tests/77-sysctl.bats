#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Settings of the kernel: changed only where needed, given back, and who has the last word.

load lab/test

setting() { # DEVICE KEY
	host cat "/proc/sys/net/ipv4/conf/$1/$2"
}

# segment_shared: eth0 and eth9 of the host in one segment, behind router 0. Which NIC a reply
# left by is told by its source's hardware address.
segment_shared() {
	needs_nft
	second_in_segment
	router 0 ip route replace 172.31.0.2 via 172.31.1.2
	router 0 nft -f - <<-END
		add table ip lab
		add set ip lab by_mac { type ether_addr . ipv4_addr; size 64; flags dynamic; }
		add chain ip lab port { type filter hook prerouting priority -1; }
		add rule ip lab port iifname segment ip daddr 172.31.0.2 add @by_mac { ether saddr . ip saddr }
	END
}

mac() {
	host cat "/sys/class/net/$1/address"
}

@test "RP_FILTER=loose is set on up, given back on stop, and not touched in between" {
	host_up LAB_RP_FILTER=el6
	admin_moves_in
	lab_uplink 1 RP_FILTER=loose
	lab_install
	service start
	is "$(setting eth0 rp_filter)" 1
	is "$(setting eth1 rp_filter)" 2
	answers 0 1
	settled
	service stop
	is "$(setting eth1 rp_filter)" 1
}

@test "RP_FILTER=auto leaves the strict filter strict, since the rules make it pass" {
	started LAB_RP_FILTER=all
	is "$(setting eth0 rp_filter)/$(setting eth1 rp_filter)" 1/1
	answers 0 1
	settled
}

@test "RP_FILTER=auto does not take a ban of bogons for the filter" {
	started LAB_RP_FILTER=all
	host ip route add blackhole 192.0.2.0/24
	host ip route add unreachable 193.0.0.0/8
	multihome 0 sync
	is "$(setting eth0 rp_filter)/$(setting eth1 rp_filter)" 1/1
	host ip rule add to 194.0.2.0/24 prohibit priority 5
	multihome 0 sync
	is "$(setting eth0 rp_filter)/$(setting eth1 rp_filter)" 1/1
}

@test "a line of sysctl.conf has the last word at a start, and sync names it" {
	host_up
	admin_moves_in
	lab_uplink 1 RP_FILTER=loose
	echo 'net.ipv4.conf.eth1.rp_filter = 1' >>"$LAB_ROOT/etc/sysctl.conf"
	lab_install
	service start
	is "$(setting eth1 rp_filter)" 1
	multihome 0 sync
	has "$stderr" '^/etc/sysctl\.conf:[0-9]+: rp_filter of eth1 is set to 1 here'
	is "$(setting eth1 rp_filter)" 2
	echo 'net.ipv4.conf.eth1.rp_filter = 2' >>"$LAB_ROOT/etc/sysctl.conf"
	multihome 0 sync
	is "$stderr" '' 'a later line says otherwise'
	multihome 0 clean
	is "$(setting eth1 rp_filter)" 1
}

@test "two NICs in one segment: each speaks ARP for its own address, each answers by itself" {
	host_up LAB_UPLINKS=1
	segment_shared
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes BOOTPROTO=none IPADDR=192.168.2.98 \
		NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	lab_install
	service start
	is "$(setting eth0 arp_filter)/$(setting eth0 arp_announce)" 1/2
	router 0 ip neighbour flush dev segment
	client ping -n -q -c1 -W1 192.168.2.99
	client ping -n -q -c1 -W1 192.168.2.98
	has "$(router 0 ip neighbour show 192.168.2.99)" "lladdr $(mac eth0)"
	has "$(router 0 ip neighbour show 192.168.2.98)" "lladdr $(mac eth9)"
	has "$(router 0 nft list set ip lab by_mac)" "$(mac eth0) \. 192\.168\.2\.99"
	has "$(router 0 nft list set ip lab by_mac)" "$(mac eth9) \. 192\.168\.2\.98"
	has_no "$(router 0 nft list set ip lab by_mac)" "$(mac eth9) \. 192\.168\.2\.99"
	has_no "$(router 0 nft list set ip lab by_mac)" "$(mac eth0) \. 192\.168\.2\.98"
	changes_nothing multihome sync
	service stop
	is "$(setting eth0 arp_filter)/$(setting eth0 arp_announce)" 0/0
}

@test "an address added to either of two NICs of a segment answers with nothing run, and after sync" {
	local address
	host_up LAB_UPLINKS=1 LAB_RP_FILTER=el6
	segment_shared
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes BOOTPROTO=none IPADDR=192.168.2.98 \
		NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	admin_moves_in
	lab_install
	service start
	host ip address add 192.168.2.161/24 dev eth9
	host ip address add 192.168.2.162/24 dev eth0
	for address in 161 162 98 99; do
		client ping -n -q -c1 -W1 192.168.2.$address
	done
	multihome 0 sync
	# Whom the router asked last it goes on asking for a while.
	router 0 ip neighbour flush dev segment
	for address in 161 162 98 99; do
		client ping -n -q -c1 -W1 192.168.2.$address
	done
	has "$(router 0 nft list set ip lab by_mac)" "$(mac eth9) \. 192\.168\.2\.161"
	has "$(router 0 nft list set ip lab by_mac)" "$(mac eth0) \. 192\.168\.2\.162"
	settled
}

@test "without the package the second NIC of a segment takes the replies of both" {
	host_up LAB_UPLINKS=1
	segment_shared
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes BOOTPROTO=none IPADDR=192.168.2.98 \
		NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	service start
	client ping -n -q -c1 -W1 192.168.2.99
	client ping -n -q -c1 -W1 192.168.2.98
	run router 0 nft list set ip lab by_mac
	is "$(grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}' <<<"$output" | sort -u | grep -c .)" 1 \
		'one NIC for both'
}
