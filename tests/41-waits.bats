#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# An edit that waits for its ifup waits, whatever another NIC does meanwhile.

load lab/test

# of_eth0: all that the host holds of it: files, rules, routes, settings; but for the default
# that it lends to main while nobody else has one there, and what its table gets of main's ways by
# other NICs.
of_eth0() {
	routes | grep -v -e '^default via 192.168.2.1 dev eth0 proto 109$' -e ' dev eth[12] table ' |
		grep -E 'eth0|192\.168\.2\.|table (100|150|42) '
	rules | grep -E '192\.168\.2\.|lookup (100|150|42)$'
	(cd "$LAB_SCRIPTS" && grep . r*-eth0)
	host sh -c 'grep . /proc/sys/net/ipv4/conf/eth0/rp_filter /proc/sys/net/ipv4/conf/eth0/arp_*'
}

# waiting [KEY=VALUE…]: three uplinks, of which eth2 comes and goes; eth0's file is edited.
waiting() {
	started LAB_UPLINKS=3 LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	router 0 ip address add 192.168.2.7/24 dev uplink
	[ $# = 0 ] || lab_uplink 0 "$@"
}

# leaves_eth0 COMMAND…: another NIC's; nothing of eth0 changes and it answers as before.
leaves_eth0() {
	local before
	before=$(of_eth0)
	run host "$@"
	is "$(of_eth0)" "$before" "eth0 after $*"
	is "$(probe_ping 192.168.2.99)" 'ok eth0' "after $*"
}

# others_hooks: what another NIC may do, in the order of a day.
others_hooks() {
	leaves_eth0 ifdown eth2
	leaves_eth0 ifup eth2
	leaves_eth0 multihome prepare ifcfg-eth1
	leaves_eth0 multihome up eth1
	leaves_eth0 multihome down eth9
	leaves_eth0 ifdown eth1
	leaves_eth0 ifup eth1
	answers 1 2
}

# of_its_own: eth0's own ifdown and ifup.
of_its_own() {
	host ifdown eth0
	host ifup eth0
}

@test "an edited GATEWAY waits for its own ifup" {
	waiting GATEWAY=192.168.2.7
	others_hooks
	has "$(our_routes)" '^default via 192\.168\.2\.1 dev eth0 table 100'
	of_its_own
	has "$(our_routes)" '^default via 192\.168\.2\.7 dev eth0 table 100'
	has_no "$(our_routes)" 'via 192\.168\.2\.1 '
	answers 0 1 2
	changes_nothing multihome sync
}

# bats test_tags=long
@test "an edited GATEWAY that is dead costs eth0 nothing until its own ifup" {
	waiting GATEWAY=192.168.2.66
	others_hooks
}

# bats test_tags=long
@test "an edited TABLE waits for its own ifup" {
	waiting TABLE=150
	others_hooks
	has "$(our_rules)" 'from 192\.168\.2\.0/24 iif lo lookup 100'
	of_its_own
	has "$(our_rules)" 'from 192\.168\.2\.0/24 iif lo lookup 150'
	has_no "$(our_rules; our_routes)" 'lookup 100$|table 100 '
	answers 0 1 2
	changes_nothing multihome sync
}

@test "an alias that is given a GATEWAY waits for its own ifup" {
	waiting
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.7.99 NETMASK=255.255.255.0
	service restart
	echo GATEWAY=192.168.7.1 >>"$LAB_SCRIPTS/ifcfg-eth0:1"
	leaves_eth0 ifdown eth2
	leaves_eth0 ifup eth2
	leaves_eth0 multihome up eth1
	of_its_own
	has "$(our_routes)" '^default via 192\.168\.7\.1 dev eth0 table '
	answers 0 1 2
	settled
}

# bats test_tags=long
@test "an added METRIC waits for its own ifup" {
	waiting METRIC=5
	others_hooks
	of_its_own
	answers 0 1 2
	changes_nothing multihome sync
}

@test "an edited IPADDR waits for its own ifup, also through sync" {
	waiting IPADDR=192.168.2.98
	others_hooks
	leaves_eth0 multihome sync
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	of_its_own
	answers_by 192.168.2.98 eth0
	answers 1 2
	changes_nothing multihome sync
}

# bats test_tags=long
@test "an IPADDR in another network waits for its own ifup, also through sync" {
	waiting IPADDR=198.18.0.99 GATEWAY=198.18.0.1
	router 0 ip address add 198.18.0.1/24 dev uplink
	client ip route add 198.18.0.0/24 via 172.31.1.1 src "$LAB_CLIENT"
	others_hooks
	leaves_eth0 multihome sync
	of_its_own
	# Its router is strict, and the network none of its own.
	is "$(probe_ping 198.18.0.99)" 'lost eth0'
	answers 1 2
	changes_nothing multihome sync
}

# bats test_tags=long
@test "keys of ours and DEFROUTE wait for their own ifup" {
	local key
	for key in MULTIHOME=no FALLBACK=no RP_FILTER=off ARP_IGNORE=1 DEFROUTE=no GATEWAY= \
		BOOTPROTO=dhcp; do
		waiting "$key"
		leaves_eth0 ifdown eth2
		leaves_eth0 ifup eth2
		leaves_eth0 multihome up eth1
		answers 1 2
		lab_down
	done
}

@test "DHCP instead of an address waits for its own ifup, also through sync" {
	waiting
	lab_ifcfg eth0 DEVICE=eth0 ONBOOT=yes BOOTPROTO=dhcp
	leaves_eth0 ifdown eth2
	leaves_eth0 ifup eth2
	leaves_eth0 multihome sync
	answers 0 1 2
	changes_nothing multihome sync
	# What needs no ifup.
	lab_uplink 0 MULTIHOME=no
	multihome 0 sync
	has_no "$(our_rules)" 192.168.2
	answers 1 2
	lab_uplink 0
	multihome 0 sync
	answers 0 1 2
	settled
}

# bats test_tags=long
@test "an ifcfg file that is moved away waits as well" {
	waiting
	mv "$LAB_SCRIPTS/ifcfg-eth0" "$LAB_ROOT/tmp"
	leaves_eth0 ifdown eth2
	leaves_eth0 ifup eth2
	leaves_eth0 multihome up eth1
	answers 1 2
}

# bats test_tags=long
@test "a value that only a shell could know waits, refused or not" {
	# shellcheck disable=SC2016 # for the file
	waiting 'GATEWAY=$(cat /tmp/gateway)'
	leaves_eth0 ifdown eth2
	leaves_eth0 ifup eth2
	answers 1 2
}

@test "rules of the administrator's in rule-eth0 wait for its own ifup" {
	waiting
	echo 'from 192.168.2.99 table 42 priority 900' >>"$LAB_SCRIPTS/rule-eth0"
	echo 'default via 192.168.2.1 dev eth0 table 42' >>"$LAB_SCRIPTS/route-eth0"
	others_hooks
	of_its_own
	has "$(rules)" '^900: from 192\.168\.2\.99 lookup 42'
	answers 0 1 2
	has "$(outside rule-eth0)" '^from 192\.168\.2\.99 table 42 priority 900$'
	changes_nothing sh -c 'multihome sync 2>/dev/null'
}

# renews ROUTER: dhclient tells that eth2 has its address, and that router.
renews() {
	leaves_eth0 env reason="$2" interface=eth2 new_ip_address=172.20.3.99 \
		new_subnet_mask=255.255.255.0 "new_routers=$1" new_dhcp_lease_time=3600 \
		"new_expiry=$(($(date +%s) + 3600))" multihome lease
}

# bats test_tags=long
@test "a lease of another NIC, its renewal and its end leave a waiting edit alone" {
	local edit
	for edit in GATEWAY=192.168.2.66 TABLE=150 METRIC=5 IPADDR=192.168.2.98; do
		started LAB_UPLINKS=3 LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
		host ifdown eth2
		lab_ifcfg eth2 DEVICE=eth2 ONBOOT=no BOOTPROTO=dhcp
		host ip link set eth2 up
		host ip address add 172.20.3.99/24 brd + dev eth2
		renews 172.20.3.1 BOUND
		answers 0 1 2
		lab_uplink 0 "$edit"
		renews 172.20.3.1 RENEW
		renews 172.20.3.7 REBIND
		leaves_eth0 env reason=EXPIRE interface=eth2 old_ip_address=172.20.3.99 multihome lease
		answers 1
		lab_down
	done
}

# bats test_tags=long
@test "IPv6: an edited IPV6_DEFAULTGW and TABLE wait for their own ifup" {
	local key before
	for key in IPV6_DEFAULTGW=2001:db8:2::66 TABLE=150; do
		host_up LAB_IPV6=1 LAB_UPLINKS=3
		lab_uplinks6
		lab_install
		service start
		before=$(routes6 | grep -E 'eth0|2001:db8:2:'; rules6 | grep 2001:db8:2:)
		lab_uplink 0 IPV6INIT=yes "IPV6ADDR=${LAB_ADDRESSES6[0]}/64" IPV6_DEFAULTGW=2001:db8:2::1 \
			"$key"
		host ifdown eth2
		host ifup eth2
		is "$(routes6 | grep -E 'eth0|2001:db8:2:'; rules6 | grep 2001:db8:2:)" "$before" "$key"
		answers_at "${LAB_ADDRESSES6[0]}" eth0
		answers_at "${LAB_ADDRESSES6[2]}" eth2
		lab_down
	done
}

# bats test_tags=long
@test "a restart applies all edits at once" {
	waiting TABLE=150 GATEWAY=192.168.2.7
	service restart
	has "$(our_routes)" '^default via 192\.168\.2\.7 dev eth0 table 150'
	answers 0 1 2
	settled
}

# --- D5: two links to one file -----------------------------------------------------------------

# shared HOW: route-eth0 and route-eth1 are one file of the administrator's.
shared() {
	host_up LAB_STRICT_ROUTERS=1
	mkdir "$LAB_ROOT/etc/shared"
	echo '203.0.113.0/25 via 192.168.2.1 dev eth0' >"$LAB_ROOT/etc/shared/routes"
	for k in 0 1; do
		case $1 in
		symbolic) ln -s /etc/shared/routes "$LAB_SCRIPTS/route-eth$k" ;;
		relative) ln -s ../../shared/routes "$LAB_SCRIPTS/route-eth$k" ;;
		esac
	done
	lab_install
	service start
	multihome 0 sync
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	answers 0 1
	host ifdown eth1
	host ifup eth1
	answers 0 1
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	service restart
	answers 0 1
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	[ -L "$LAB_SCRIPTS/route-eth0" ]
	[ -L "$LAB_SCRIPTS/route-eth1" ]
	grep -qx '203.0.113.0/25 via 192.168.2.1 dev eth0' "$LAB_ROOT/etc/shared/routes"
	multihome 0 clean
	is "$(cat "$LAB_ROOT/etc/shared/routes")" '203.0.113.0/25 via 192.168.2.1 dev eth0'
	is "$(our_routes)" ''
}

@test "two symbolic links to one route- file are at rest" {
	shared symbolic
}

# bats test_tags=long
@test "so are two relative links" {
	shared relative
}

# bats test_tags=long
@test "two links to one rule- file are at rest" {
	host_up LAB_STRICT_ROUTERS=1
	echo 'to 203.0.113.9 table 7 priority 500' >"$LAB_SCRIPTS/rules"
	ln -s rules "$LAB_SCRIPTS/rule-eth0"
	ln -s rules "$LAB_SCRIPTS/rule-eth1"
	lab_install
	service start
	multihome 0 sync
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	answers 0 1
	service restart
	answers 0 1
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	multihome 0 clean
	is "$(cat "$LAB_SCRIPTS/rules")" 'to 203.0.113.9 table 7 priority 500'
	has_no "$(rules)" 'iif lo'
}

@test "a bridge that comes while an edit waits is answered by the old table, too" {
	waiting GATEWAY=192.168.2.7
	container_up
	host multihome up eth1
	has "$(our_routes)" '^default via 192\.168\.2\.1 dev eth0 table 100'
	host ip netns exec container ping -n -q -c1 -W1 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	changes_nothing multihome up eth1
}
