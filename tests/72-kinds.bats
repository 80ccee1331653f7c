#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Whatever a device is, and however its file names it, it answers by its own gateway.

load lab/test

# uplink_is K NAME [KEY=VALUE…]: uplink K's device and its file have that name. Where the kernel
# lacks a kind, a device of its name stands in; the scripts find it there already.
uplink_is() {
	host ip link set "eth$1" name "$2"
	lab_uplink "$1" "DEVICE=$2" "${@:3}"
	mv "$LAB_SCRIPTS/ifcfg-eth$1" "$LAB_SCRIPTS/ifcfg-$2"
}

# served [K…]: a start and a restart, after both of which they answer; nothing said.
served() {
	lab_install
	service start
	has_no "$output" 'RTNETLINK|Error|rror:'
	answers "$@"
	service restart
	has_no "$output" 'RTNETLINK|Error|rror:'
	answers "$@"
	settled
}

@test "names of EL6 and EL7 are served as eth0 is" {
	host_up LAB_UPLINKS=3 LAB_RP_FILTER=el6
	admin_moves_in
	uplink_is 0 em1
	uplink_is 1 p2p1
	uplink_is 2 enp0s3f0
	served 0 1 2
}

@test "VLANs by either name are served" {
	host_up LAB_UPLINKS=3 LAB_RP_FILTER=el6
	admin_moves_in
	uplink_is 1 eth0.5
	uplink_is 2 vlan5 PHYSDEV=eth0
	served 0 1 2
}

@test "a bond is served, and its slaves are no uplinks" {
	host_up LAB_UPLINKS=3
	admin_moves_in
	uplink_is 1 bond0 'BONDING_OPTS="mode=1 miimon=100"'
	lab_ifcfg eth2 DEVICE=eth2 ONBOOT=yes MASTER=bond0 SLAVE=yes GATEWAY=10.0.0.1
	lab_install
	service start
	answers 0 1
	is "$(host multihome show --porcelain | wc -l)" 2
	settled
}

# A machine for virtual ones: each uplink is a bridge that the NIC and a guest are ports of.
bridged() {
	local k
	host_up LAB_RP_FILTER="$1"
	admin_moves_in
	# eth0 is a port and never comes by ifup-routes; ifdown-routes would miss the rule.
	echo '# by hand' | tee "$LAB_SCRIPTS/rule-eth0" >"$BATS_TEST_TMPDIR/rule-eth0"
	for k in 0 1; do
		lab_uplink "$k" "DEVICE=br$k" TYPE=Bridge DELAY=0 STP=off
		mv "$LAB_SCRIPTS/ifcfg-eth$k" "$LAB_SCRIPTS/ifcfg-br$k"
		lab_ifcfg "eth$k" "DEVICE=eth$k" ONBOOT=yes "BRIDGE=br$k"
		namespace "guest$k"
	done
	lab_install
	service start
	guest 0 192.168.2.50/24 192.168.2.1
	guest 1 10.0.0.50/8 10.0.0.1
}

guest() {
	host ip -batch - <<-END
		link add tap$1 master br$1 type veth peer name eth0 netns guest$1
		link set tap$1 up
	END
	host ip -n "guest$1" address add "$2" dev eth0
	host ip -n "guest$1" link set eth0 up
	host ip -n "guest$1" route add default via "$3"
}

in_guest() {
	host ip netns exec "guest$1" "${@:2}"
}

@test "of two bridged uplinks each answers by its own, guests are not disturbed" {
	bridged el6
	answers 0 1
	is "$(probe_ping 192.168.2.50)" 'ok eth0' 'the guest in br0'
	is "$(probe_ping 10.0.0.50)" 'ok eth1' 'the guest in br1'
	in_guest 0 ping -n -q -c1 -W1 192.168.2.99
	in_guest 1 ping -n -q -c1 -W1 10.0.0.99
	in_guest 0 ping -n -q -c1 -W1 "$LAB_CLIENT"
	settled
	service restart
	has_no "$output" 'RTNETLINK|Error|rror:'
	answers 0 1
	settled
}

# bats test_tags=long
@test "a macvlan is served" {
	host_up
	admin_moves_in
	host ip link set eth1 up
	host ip link add link eth1 name mac0 type macvlan mode bridge
	lab_uplink 1 DEVICE=mac0
	mv "$LAB_SCRIPTS/ifcfg-eth1" "$LAB_SCRIPTS/ifcfg-mac0"
	served 0 1
}

# bats test_tags=long
@test "a file that is named otherwise than its device is served" {
	host_up
	admin_moves_in
	mv "$LAB_SCRIPTS/ifcfg-eth0" "$LAB_SCRIPTS/ifcfg-office"
	served 0 1
	run host ifdown office
	is "$status/$output" 0/
	has_no "$(our_rules; our_routes)" '192\.168\.2'
	run host ifup office
	is "$status/$output" 0/
	answers 0 1
}

# bats test_tags=long
@test "files that know their device by HWADDR= only are served" {
	local mac without
	host_up
	admin_moves_in
	# EL5 does not know such files.
	grep -q 'DEVICE=.*HWADDR\|DEVICE=.*grep' "$LAB_SCRIPTS/network-functions" || return 0
	# The scripts take what ip shows for the name, and of the lab's own devices that is
	# eth1@if3. Of a bridge it is its name.
	host ip -batch - <<-END
		link set eth1 name port
		link add eth1 address 52:54:00:12:34:ab type bridge forward_delay 0
		link set port master eth1 up
	END
	mac=$(<"$LAB_ROOT/sys/class/net/eth1/address")
	lab_uplink 1 "HWADDR=${mac^^}"
	sed -i '/^DEVICE=/d' "$LAB_SCRIPTS/ifcfg-eth1"
	mv "$LAB_SCRIPTS/ifcfg-eth1" "$LAB_SCRIPTS/ifcfg-office"
	service start
	service restart
	# network stop does not find the device of such a file, so ifup finds it up.
	without=$output
	lab_install
	service restart
	service restart
	is "$output" "$without"
	answers 0 1
	run host ifdown office
	is "$status/$output" 0/
	has_no "$(our_rules; our_routes)" 'eth1|10\.0\.0'
	run host ifup office
	is "$status/$output" 0/
	answers 0 1
}

@test "quoted and upper-case values, comments and odd spacing are read as a shell reads them" {
	host_up
	admin_moves_in
	printf '%s\n' "DEVICE='eth0' # the first" 'ONBOOT=YES' '  IPADDR="192.168.2.99"' \
		'NETMASK=255.255.255.0;GATEWAY=192.168.2.1' 'BOOTPROTO=NONE' ARPCHECK=no \
		>"$LAB_SCRIPTS/ifcfg-eth0"
	# shellcheck disable=SC1003 # the backslash joins the lines of the file
	printf '%s\n' 'export DEVICE="eth"1' 'ONBOOT="yes"' 'IPADDR=10.0.0.99 NETMASK=255.0.0.0' \
		$'GATEWAY=10.0.\\\n0.1' 'ARPCHECK=no' >"$LAB_SCRIPTS/ifcfg-eth1"
	served 0 1
}

# tun_wire: tun0 of the host is wired to router 1, in place of eth1; packets go as datagrams
# through sockets in the file system that the two share.
tun_wire() {
	cable 1 down
	router 1 ip link set uplink name cut
	router 1 ip address flush dev cut
	host socat TUN,tun-name=tun0,iff-no-pi \
		UNIX-SENDTO:/tmp/router.tun,bind=/tmp/host.tun >/dev/null 2>&1 3>&- &
	# What goes up first would send, and end where nobody listens yet.
	within 5 host test -S /tmp/host.tun
	router 1 socat TUN:10.0.0.1/8,tun-name=uplink,iff-up,iff-no-pi \
		UNIX-SENDTO:/tmp/host.tun,bind=/tmp/router.tun >/dev/null 2>&1 3>&- &
	within 5 router 1 ip link show uplink up
}

@test "a tun is served" {
	host_up LAB_RP_FILTER=el6
	admin_moves_in
	rm "$LAB_SCRIPTS/ifcfg-eth1"
	tun_wire
	lab_ifcfg tun0 DEVICE=tun0 ONBOOT=yes BOOTPROTO=none IPADDR=10.0.0.99 NETMASK=255.0.0.0 \
		GATEWAY=10.0.0.1
	lab_install
	service start
	answers 0 1
	settled
}

# What answers there answered before, by main's default.
@test "a GATEWAY in the file of lo:0 makes nothing of it" {
	host_up LAB_RP_FILTER=el6
	router 1 ip route add 203.0.113.55 via 10.0.0.99
	client ip route add 203.0.113.55 via 172.31.2.1 src "$LAB_CLIENT"
	lab_ifcfg lo:0 DEVICE=lo:0 ONBOOT=yes IPADDR=203.0.113.55 NETMASK=255.255.255.255 GATEWAY=203.0.113.1
	service start
	is "$(probe_ping 203.0.113.55)" 'ok eth1'
	admin_moves_in
	lab_install
	service restart
	is "$(probe_ping 203.0.113.55)" 'ok eth1'
	answers 0 1
	settled
}
