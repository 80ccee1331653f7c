#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Never worse than without the package: what was banned stays banned, what answered answers.

load lab/test

# ones_default FAMILY WHEN
ones_default() {
	is "$(host ip "$1" route show default | grep -c '^default')" 1 "defaults $2"
}

# --- C1: bans -----------------------------------------------------------------------------

peer=172.31.9.9
peer6=2001:db8:c::9

# peer_up: another client, which is to be banned.
peer_up() {
	local k
	client ip address add $peer/32 dev lo
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		router "$k" ip route add $peer via "172.31.$((k + 1)).2"
	done
	[ "$LAB_IPV6" = 1 ] || return 0
	client ip address add $peer6/128 dev lo nodad
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		router "$k" ip -6 route add $peer6 via "2001:db8:f$k::2"
	done
}

# gets_through FROM ADDRESS: it is answered.
gets_through() {
	client ping -nqc1 -W0.4 -I "$1" "$2" >/dev/null 2>&1
}

# banned WHEN: the peer gets no answer at any address, nor does the host reach it.
banned() {
	local address
	for address in "${LAB_ADDRESSES[@]:0:LAB_UPLINKS}"; do
		! gets_through $peer "$address" || { echo "$1: answered at $address"; return 1; }
	done
	! host ping -nqc1 -W0.4 $peer >/dev/null 2>&1 || { echo "$1: the host reaches it"; return 1; }
	gets_through "$LAB_CLIENT" 192.168.2.99 || { echo "$1: the other client is banned"; return 1; }
	[ "$LAB_IPV6" = 1 ] || return 0
	for address in "${LAB_ADDRESSES6[@]:0:LAB_UPLINKS}"; do
		! gets_through $peer6 "$address" || { echo "$1: answered at $address"; return 1; }
	done
	! host ping -nqc1 -W0.4 $peer6 >/dev/null 2>&1 || { echo "$1: reached by IPv6"; return 1; }
}

allowed() {
	local address
	for address in "${LAB_ADDRESSES[@]:0:LAB_UPLINKS}"; do
		gets_through $peer "$address" || { echo "$1: not answered at $address"; return 1; }
	done
}

bans='blackhole unreachable prohibit throw'

@test "a peer that is banned and then a sync: it stays banned, and is answered when it is not" {
	local type
	started LAB_STRICT_ROUTERS=1
	peer_up
	allowed 'before all'
	for type in $bans; do
		host ip route add "$type" $peer
		multihome 0 sync
		banned "$type, sync"
		settled
		multihome 0 up eth0
		banned "$type, up"
		host ip route del "$type" $peer
		multihome 0 sync
		allowed "no $type"
		has_no "$(our_routes)" "$peer"
		settled
	done
}

@test "a peer that a rule behind ours bans stays banned" {
	local type
	started LAB_STRICT_ROUTERS=1
	peer_up
	# No exception for it: the rule is asked first.
	host ip route add 172.31.9.0/24 via 10.0.0.1
	for type in "to $peer prohibit priority 20000" 'to 172.31.8.0/23 blackhole priority 10002'; do
		# shellcheck disable=SC2086 # words
		host ip rule add $type
		multihome 0 sync
		banned "rule $type"
		settled
		# shellcheck disable=SC2086
		host ip rule del $type
		multihome 0 up eth0
		allowed "no rule $type"
		settled
	done
}

@test "a peer that is banned and then a hook of any NIC: it stays banned" {
	local type
	started LAB_UPLINKS=3 LAB_STRICT_ROUTERS=1
	lab_uplink 2 GATEWAY=
	service restart
	host ip route add blackhole 198.51.100.0/24 2>/dev/null || true
	LAB_UPLINKS=2
	peer_up
	for type in $bans; do
		host ip route add "$type" $peer
		host ifdown eth2
		banned "$type, ifdown eth2"
		host ifup eth2
		banned "$type, ifup eth2"
		host ip route del "$type" $peer
		multihome 0 sync
	done
	LAB_UPLINKS=3
}

# bats test_tags=long
@test "a peer that was banned before the start stays banned, through a restart, a stop and clean" {
	local type
	host_up LAB_STRICT_ROUTERS=1
	peer_up
	for type in $bans; do
		host ip route add "$type" $peer
		lab_install
		service start
		banned "$type, start"
		service restart
		banned "$type, restart"
		multihome 0 clean
		! gets_through $peer 10.0.0.99 || { echo "answered after clean"; return 1; }
		is "$(our_routes)" ''
		service stop
		host ip route del "$type" $peer
	done
}

# bats test_tags=long
@test "a network and a line of a route- file ban as well" {
	host_up LAB_STRICT_ROUTERS=1
	peer_up
	echo 'unreachable 172.31.9.0/24' >"$LAB_SCRIPTS/route-eth0"
	lab_install
	service start
	banned 'a route- file'
	changes_nothing multihome sync
	is "$(outside route-eth0)" 'unreachable 172.31.9.0/24'
	host ip route del unreachable 172.31.9.0/24
	host ip route add prohibit 172.31.8.0/23 metric 20
	multihome 0 sync
	banned 'a network with a metric'
	changes_nothing multihome sync
}

# bats test_tags=long
@test "a more specific way within a banned network stays open" {
	started LAB_STRICT_ROUTERS=1
	peer_up
	host ip route add blackhole 172.31.8.0/23
	host ip route add $peer via 10.0.0.1
	multihome 0 sync
	gets_through $peer 10.0.0.99
	settled
}

# bats test_tags=long
@test "a default that is unreachable, as the last resort, bans no client" {
	started LAB_STRICT_ROUTERS=1
	host ip route add unreachable default metric 4278198272
	multihome 0 sync
	answers 0 1
	reaches_client eth1
	settled
}

# bats test_tags=long
@test "IPv6: a peer that is banned stays banned" {
	local type
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	peer_up
	for type in $bans; do
		host ip -6 route add "$type" $peer6
		host ip route add "$type" $peer
		multihome 0 sync
		banned "$type, sync"
		changes_nothing multihome sync
		host ifdown eth1
		host ifup eth1
		banned "$type, ifup eth1"
		host ip -6 route del "$type" $peer6
		host ip route del "$type" $peer
		multihome 0 sync
		gets_through $peer6 "${LAB_ADDRESSES6[0]}"
		gets_through $peer6 "${LAB_ADDRESSES6[1]}"
		changes_nothing multihome sync
	done
}

# --- C3: static-routes --------------------------------------------------------------------

# office_up: 172.30.0.2 behind another router in eth0's segment, 192.168.2.7.
office_up() {
	namespace office
	router 0 ip link add far link uplink type macvlan mode bridge
	router 0 ip link set far netns office
	office ip -batch - <<-END
		link set lo up
		address add 172.30.0.2/16 dev lo
		address add 192.168.2.7/24 dev far
		link set far up
		route add 10.0.0.0/8 via 192.168.2.99
	END
}

office() {
	lab_enter "$LAB_ROOT/run/netns/office" "$@"
}

# boot VERB: the network service, whose last act is to add the static routes of `any`.
boot() {
	service "$1"
}

@test "static-routes are in the tables at boot: asked from there, each address answers" {
	local line
	host_up LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	office_up
	lab_install
	for line in 'any net 172.30.0.0 netmask 255.255.0.0 gw 192.168.2.7' \
		'any host 172.30.0.2 gw 192.168.2.7' 'any net 172.30.0.0/16 gw 192.168.2.7 dev eth0'; do
		printf '# by hand\n%s\n' "$line" >"$LAB_ROOT/etc/sysconfig/static-routes"
		boot start
		office ping -nqc1 -W1 -I 172.30.0.2 192.168.2.99 ||
			{ echo "lost after start: $line"; return 1; }
		answers 0 1
		changes_nothing multihome sync
		boot restart
		office ping -nqc1 -W1 -I 172.30.0.2 192.168.2.99 ||
			{ echo "lost after a restart: $line"; return 1; }
		service stop
		has_no "$(our_routes)" 172.30
	done
}

# bats test_tags=long
@test "a line that is gone from static-routes is gone from the tables" {
	host_up LAB_STRICT_ROUTERS=1
	office_up
	echo 'any net 172.30.0.0 netmask 255.255.0.0 gw 192.168.2.7' \
		>"$LAB_ROOT/etc/sysconfig/static-routes"
	lab_install
	boot start
	has "$(our_routes)" '^172\.30\.0\.0/16 via 192\.168\.2\.7 dev eth0 table 100'
	echo '# any net 172.30.0.0 netmask 255.255.0.0 gw 192.168.2.7' \
		>"$LAB_ROOT/etc/sysconfig/static-routes"
	host ip route del 172.30.0.0/16
	multihome 0 sync
	has_no "$(our_routes)" 172.30
	answers 0 1
	changes_nothing multihome sync
}

@test "a static route that a bounce took from main goes from the tables, too" {
	host_up LAB_STRICT_ROUTERS=1
	office_up
	echo 'any net 172.30.0.0 netmask 255.255.0.0 gw 192.168.2.7' \
		>"$LAB_ROOT/etc/sysconfig/static-routes"
	lab_install
	boot start
	host ip link set eth0 down
	host ip link set eth0 up
	links_settle
	has_no "$(routes)" '^172\.30'
	host multihome sync
	has_no "$(our_routes)" 172.30
	answers 0 1
	changes_nothing multihome sync
}

# --- C4: one default ----------------------------------------------------------------------

@test "ip route shows exactly one default in main, whatever comes and goes" {
	started LAB_UPLINKS=3
	ones_default -4 'after start'
	multihome 0 sync
	ones_default -4 'after sync'
	host ifdown eth2
	ones_default -4 'after ifdown eth2'
	host ip link set eth1 down
	host ip link set eth1 up
	multihome 0 sync
	ones_default -4 'after a bounce'
	host ifup eth2
	ones_default -4 'after ifup eth2'
	host ip route del default
	multihome 0 sync
	ones_default -4 'after a deletion'
	# What scripts do that take the one: IPsrcaddr gives it a source.
	# shellcheck disable=SC2046 # words
	host ip route replace $(host ip route list default) src 192.168.2.99
	ones_default -4 'after a source'
	settled
	service restart
	ones_default -4 'after a restart'
	is "$(host ip route list match 0.0.0.0/0 | sed 's/ *$//')" 'default via 172.20.3.1 dev eth2'
	answers 0 1 2
}

# bats test_tags=long
@test "ip -6 route shows exactly one default in main" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	ones_default -6 'after start'
	ones_default -4 'after start'
	host ifdown eth0
	host ping -nqc1 -W1 "$LAB_CLIENT6"
	# A rule of ours leads to the standby, so main needs none.
	[ "$(host ip -6 route show default | grep -c '^default')" -le 1 ]
	host ifup eth0
	ones_default -6 'after ifup'
	changes_nothing multihome sync
}

# --- C6: metrics and source of main's default ---------------------------------------------

# asked_from ADDRESS: the kernel's own way of a reply from there.
asked_from() {
	host ip route get "$LAB_CLIENT" from "$1"
}

@test "replies have the mtu and windows that main's default has by the same gateway" {
	started LAB_RP_FILTER=el6
	host ip route change default via 10.0.0.1 dev eth1 mtu 1400 initcwnd 10 initrwnd 12 advmss 1300
	multihome 0 sync
	has "$(asked_from 10.0.0.99)" 'mtu 1400'
	has "$(asked_from 10.0.0.99)" 'initcwnd 10'
	has "$(asked_from 10.0.0.99)" 'initrwnd 12'
	has "$(asked_from 10.0.0.99)" 'advmss 1300'
	has_no "$(asked_from 192.168.2.99)" 'mtu 1400|initcwnd'
	answers 0 1
	settled
	host ip route change default via 10.0.0.1 dev eth1
	multihome 0 up eth0
	has_no "$(asked_from 10.0.0.99)" 'mtu 1400|initcwnd'
	settled
}

# bats test_tags=long
@test "a locked mtu, and metrics of two defaults, are on the replies of each" {
	host_up
	lab_uplink 0 METRIC=100
	lab_uplink 1 METRIC=200
	lab_install
	service start
	host ip route change default via 192.168.2.1 dev eth0 metric 100 mtu lock 1300
	host ip route change default via 10.0.0.1 dev eth1 metric 200 mtu 1350 quickack 1
	multihome 0 sync
	has "$(asked_from 192.168.2.99)" 'mtu lock 1300'
	has "$(asked_from 10.0.0.99)" 'mtu 1350'
	has "$(asked_from 10.0.0.99)" 'quickack 1'
	answers 0 1
	changes_nothing multihome sync
}

# bats test_tags=long
@test "the source of main's default is that of its table's" {
	started LAB_RP_FILTER=el6
	host ip address add 10.0.0.77/8 dev eth1
	lab_uplink 1 SRCADDR=10.0.0.77
	host ifup eth1
	has "$(host ip route show default)" 'via 10\.0\.0\.1 dev eth1 src 10\.0\.0\.77'
	has "$(host ip route show table 101)" '^default via 10\.0\.0\.1 .*src 10\.0\.0\.77'
	answers 0 1
	settled
	# The address goes, and with it what prefers it; nothing is kept that cannot be.
	host ip address del 10.0.0.77/8 dev eth1
	run host multihome sync
	answers 0 1
	changes_nothing sh -c 'multihome sync 2>/dev/null'
}

# bats test_tags=long
@test "IPv6: replies have the mtu that main's default has by the same gateway" {
	local default
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	default=$(host ip -6 route show default | sed -n 's/ pref .*//; s/ *$//; 1p')
	# shellcheck disable=SC2086 # words
	host ip -6 route change $default mtu 1400
	multihome 0 sync
	case $default in
	*eth0*) has "$(host ip -6 route get "$LAB_CLIENT6" from "${LAB_ADDRESSES6[0]}")" 'mtu 1400' ;;
	*) has "$(host ip -6 route get "$LAB_CLIENT6" from "${LAB_ADDRESSES6[1]}")" 'mtu 1400' ;;
	esac
	changes_nothing multihome sync
}

# --- C7: the local rule -------------------------------------------------------------------

# itself WHEN: the host reaches its own addresses from each of them, and clients get answers.
itself() {
	local from to
	for from in 192.168.2.99 10.0.0.99; do
		for to in 192.168.2.99 10.0.0.99; do
			host ping -nqc1 -W1 -I "$from" "$to" >/dev/null ||
				{ echo "$1: $from does not reach $to"; return 1; }
		done
		has "$(probe_ping "$from")" '^ok '
		has "$(probe_tcp "$from")" '^ok '
	done
	host ping -nqc1 -W1 "$LAB_CLIENT" >/dev/null || { echo "$1: no way out"; return 1; }
}

# local_rule_at PRIORITY: as a VRF or a transparent proxy has it.
local_rule_at() {
	host ip rule add from all lookup local priority "$1"
	host ip rule del from all lookup local priority 0
}

@test "with the local rule moved behind ours the host keeps its own addresses" {
	local priority
	for priority in 10001 11000 20000 32000 32765; do
		started
		itself start
		local_rule_at "$priority"
		run host multihome sync
		itself "$priority, sync"
		changes_nothing sh -c 'multihome sync 2>/dev/null; true'
		run host multihome up eth0
		itself "$priority, up"
		host ifdown eth1
		host ifup eth1
		itself "$priority, ifup eth1"
		has "$(rules)" "^$priority: from all lookup local"
		admin_still_there
		lab_down
	done
}

# bats test_tags=long
@test "with the local rule moved before the first start the host keeps its own addresses" {
	host_up
	local_rule_at 32000
	lab_install
	service start
	itself start
	service restart
	itself restart
	run host multihome sync
	itself sync
}

# --- C10: addresses on devices that answer no ARP -----------------------------------------

# vip_stays DEVICE [PREFIX]: an address in eth0's network on that device; it is answered by eth0,
# and so is one that eth0 gets later.
vip_stays() {
	host ip address add "192.168.2.200/${2-32}" dev "$1"
	host ip link set "$1" up
	# Who comes there from the segment is no news to the host.
	[ "$1" != tun9 ] || host ip route flush table main dev tun9
	multihome 0 sync
	answers_by 192.168.2.200 eth0
	answers 0 1
	host ip address add 192.168.2.150/24 dev eth0
	answers_by 192.168.2.150 eth0
	settled
	multihome 0 up eth1
	answers_by 192.168.2.150 eth0
	answers_by 192.168.2.200 eth0
	host ip address del 192.168.2.150/24 dev eth0
	host ip address add 192.168.2.151/24 dev eth0
	answers_by 192.168.2.151 eth0
}

# bats test_tags=long
@test "a VIP on lo takes nothing from eth0's network" {
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	vip_stays lo
}

# bats test_tags=long
@test "a VIP on a tunnel takes nothing from eth0's network" {
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	host ip tuntap add tun9 mode tun
	vip_stays tun9
}

@test "a VIP on a macvlan takes nothing from eth0's network" {
	started LAB_STRICT_ROUTERS=1
	host ip link add vrrp0 link eth0 type macvlan mode private
	vip_stays vrrp0
}

@test "a VIP on a macvlan with its network takes nothing from eth0's, nor one of another wire eth1's" {
	started LAB_STRICT_ROUTERS=1
	host ip link add vrrp0 link eth0 type macvlan mode private
	vip_stays vrrp0 24
	host ip address add 10.200.0.1/8 dev vrrp0
	multihome 0 sync
	answers 0 1
	has_no "$(rules)" "from 10\.0\.0\.0/8 iif"
}

# bats test_tags=long
@test "a VIP on a device that was told not to answer ARP takes nothing from eth0's network" {
	started LAB_STRICT_ROUTERS=1
	host ip link add quiet0 type veth peer name quiet1
	host ip link set quiet0 arp off
	vip_stays quiet0
}

# bats test_tags=long
@test "a VIP that is there at boot takes nothing from eth0's network" {
	host_up LAB_STRICT_ROUTERS=1
	admin_moves_in
	lab_install
	host ip address add 192.168.2.200/32 dev lo
	service start
	answers 0 1
	answers_by 192.168.2.200 eth0
	host ip address add 192.168.2.150/24 dev eth0
	answers_by 192.168.2.150 eth0
	settled
}

# Without a source of its own each connection goes by another next hop.
@test "what main leads by several uplinks goes by the next hop of the uplink that was asked" {
	el6_or_later || skip 'EL5: an address to a file'
	host_up LAB_STRICT_ROUTERS=1
	set_keys 'IPADDR1=192.168.2.98 and PREFIX1=24' ifcfg-eth0
	lab_install
	service start
	host sysctl -qw net.ipv4.fib_multipath_hash_policy=1
	client ip route replace 192.168.2.98 via 172.31.1.1 src "$LAB_CLIENT"
	host ip route add 172.31.0.0/16 nexthop via 192.168.2.1 nexthop via 10.0.0.1
	multihome 0 sync
	for _ in 1 2 3 4 5 6 7 8; do
		is "$(probe_tcp 192.168.2.98)" 'ok eth0'
	done
	changes_nothing multihome sync
}
