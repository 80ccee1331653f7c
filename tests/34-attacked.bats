#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Attacks on the promise: never worse than without, and nothing of the administrator's lost.

load lab/test

# vpn_in_office: a VPN client whose address, without a network, lies in that of eth1, as OpenVPN's
# net30 and wg-quick give it.
vpn_in_office() {
	vpn_up 10.8.0.6 10.8.0.5
}

# into_tunnel COMMAND…: packets that went into the tunnel while it ran.
into_tunnel() {
	local before
	before=$(host cat /sys/class/net/tun0/statistics/tx_packets)
	"$@" >/dev/null 2>&1 || true
	echo $(($(host cat /sys/class/net/tun0/statistics/tx_packets) - before))
}

# What the host says without a source has the VPN's address in the end (source selection), and
# went into the tunnel without multihome. A reply to who asked through the VPN did, too.
# bats test_tags=long
@test "a VPN whose address lies in an uplink's network keeps what is sent from its address" {
	host_up
	service start
	vpn_in_office
	is "$(into_tunnel host ping -nqc1 -W0.2 -I 10.8.0.6 8.8.8.8)" 1 'without multihome, from the address'
	is_not "$(into_tunnel host timeout 0.3 bash -c ': </dev/tcp/8.8.8.8/80')" 0 'without multihome, TCP'
	lab_install
	multihome 0 sync
	is "$(into_tunnel host ping -nqc1 -W0.2 8.8.8.8)" 1 'no source'
	is "$(into_tunnel host ping -nqc1 -W0.2 -I 10.8.0.6 8.8.8.8)" 1 'from the VPN address'
	is_not "$(into_tunnel host timeout 0.3 bash -c ': </dev/tcp/8.8.8.8/80')" 0 'TCP of the host'
}

# way TO [FROM] [SELECTOR…]: where the kernel sends it: "DEVICE GATEWAY", or "none".
way() {
	local to=$1 from=${2-}
	shift
	[ $# = 0 ] || shift
	# shellcheck disable=SC2086 # words
	host ip route get "$to" ${from:+from $from} "$@" 2>&1 | awk 'NR == 1 {
		for (i = 1; i < NF; i++) {
			if ($i == "via") via = " " $(i + 1)
			if ($i == "dev") dev = $(i + 1)
		}
		print dev ? dev via : "none"
	}'
}

# plain: a host after the start, with nothing of others.
plain() {
	host_up
	lab_install
	service start
}

# vpn_nic NAME ADDRESS…: a device that stands for a VPN's.
vpn_nic() {
	local name=$1
	shift
	host ip link add "$name" type veth peer name "$name-far"
	host ip link set "$name-far" up
	host ip link set "$name" up
	for address; do
		host ip address add "$address" dev "$name"
	done
	links_settle
}

# --- routes of main -------------------------------------------------------------------------

# The usual null route behind a static one: it counts while that is not there.
@test "a null route with a greater metric than the static route by the gateway drops nothing" {
	host_up
	service start
	host ip route add 172.31.0.0/16 via 192.168.2.1
	host ip route add blackhole 172.31.0.0/16 metric 254
	client ping -nqc1 -W1 192.168.2.99 >/dev/null
	lab_install
	multihome 0 sync
	answers 0 1
	reaches_client eth0
}

# bats test_tags=long
@test "IPv6: a null route with a greater metric than the static route drops nothing" {
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	host ip -6 route add 2001:db8:c::/48 via 2001:db8:2::1
	host ip -6 route add blackhole 2001:db8:c::/48 metric 4000
	client ping -nqc1 -W1 "${LAB_ADDRESSES6[0]}" >/dev/null
	lab_install
	multihome 0 sync
	has "$(probe_ping "${LAB_ADDRESSES6[0]}")" '^ok eth0'
}

# bats test_tags=long
@test "a second way by a VPN, with a greater metric, takes nothing from the static route" {
	plain
	vpn_nic tun0 172.30.8.6/24
	host ip route add 198.51.100.0/24 via 192.168.2.1
	host ip route add 198.51.100.0/24 via 172.30.8.1 metric 10
	multihome 0 sync
	is "$(way 198.51.100.1)" 'eth0 192.168.2.1' 'main'
	is "$(way 198.51.100.1 192.168.2.99)" 'eth0 192.168.2.1' 'replies of eth0'
}

# --- rules of others, and ours --------------------------------------------------------------

ban='to 198.51.100.0/24 prohibit'

# A rule without a priority gets the one before the first, which is ours: 10000. ifup of a NIC
# that is up (a new key in its file, say) begins with prepare; if it then fails, or takes long
# (DHCP, arping), no other hook comes.
@test "a ban without a priority holds while ifup runs" {
	plain
	# shellcheck disable=SC2086 # words
	host ip rule add $ban
	is "$(way 198.51.100.1 192.168.2.99)" none 'before ifup'
	multihome 0 prepare ifcfg-eth0
	is "$(way 198.51.100.1 192.168.2.99)" none 'during ifup'
	is "$(way 198.51.100.1 10.0.0.99)" none 'during ifup, the other'
}

# bats test_tags=long
@test "an uplink that is refused is banned as the others are" {
	plain
	sed -i s/GATEWAY=.*/GATEWAY=router/ "$LAB_SCRIPTS/ifcfg-eth0"
	# shellcheck disable=SC2086 # words
	host ip rule add $ban priority 20000
	multihome 3 sync
	is "$(way 198.51.100.1)" none 'the host itself'
	is "$(way 198.51.100.1 10.0.0.99)" none 'eth1'
	is "$(way 198.51.100.1 192.168.2.99)" none 'eth0, refused'
}

@test "an uplink that waits for its ifup is banned as the others are" {
	plain
	sed -i s/GATEWAY=.*/GATEWAY=192.168.2.3/ "$LAB_SCRIPTS/ifcfg-eth0"
	# shellcheck disable=SC2086 # words
	host ip rule add $ban priority 20000
	multihome 0 up eth1
	is "$(way 198.51.100.1 10.0.0.99)" none 'eth1'
	is "$(way 198.51.100.1 192.168.2.99)" none 'eth0, edited'
}

# Without multihome it is asked before main's. Ours of that number are older, so they are first.
@test "a ban of priority 32765 in a rule- file holds after the start" {
	host_up
	echo "$ban priority 32765" >"$LAB_SCRIPTS/rule-eth0"
	lab_install
	service start
	is "$(way 198.51.100.1)" none 'the host itself'
	is "$(way 198.51.100.1 192.168.2.99)" none eth0
	is "$(way 198.51.100.1 10.0.0.99)" none eth1
}

# bats test_tags=long
@test "a ban of priority 32765 that comes after ours of that number holds" {
	host_up
	echo 'to 203.0.113.0/24 prohibit' >"$LAB_SCRIPTS/rule-eth0"
	lab_install
	service start
	# shellcheck disable=SC2086 # words
	host ip rule add $ban priority 32765
	multihome 0 sync
	is "$(way 198.51.100.1)" none 'the host itself'
	is "$(way 198.51.100.1 192.168.2.99)" none eth0
}

# Of one priority the kernel asks the older first.
@test "a ban that is younger than ours of the same priority is asked first" {
	plain
	host ip rule add to 203.0.113.0/24 prohibit priority 32764
	multihome 0 sync
	has "$(rules)" '^32765: from 192\.168\.2\.0/24 iif lo'
	# shellcheck disable=SC2086 # words
	host ip rule add $ban priority 32765
	multihome 0 sync
	is "$(way 198.51.100.1 192.168.2.99)" none eth0
	is "$(way 198.51.100.1 10.0.0.99)" none eth1
	answers 0 1
	changes_nothing multihome sync
}

# multihome(5): theirs are asked first, whatever their priority, and ours are not at this number.
# bats test_tags=long
@test "a ban of priority 10000 holds on a host with rules for single addresses" {
	host_up
	lab_uplink 1 IPADDR=192.168.2.98 NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	lab_install
	service start
	has "$(rules)" '^10000: from 192\.168\.2\.98 iif lo'
	# shellcheck disable=SC2086 # words
	host ip rule add $ban priority 10000
	multihome 0 sync
	is "$(way 198.51.100.1)" none 'the host itself'
	is "$(way 198.51.100.1 192.168.2.99)" none eth0
}

@test "a rule of others for one source, to a table with a default, is asked first" {
	plain
	host ip address add 192.168.2.98/24 dev eth0
	host ip route add default via 192.168.2.7 table 66
	host ip route add blackhole 198.51.100.0/24 table 66
	host ip rule add from 192.168.2.98 lookup 66 priority 20000
	multihome 0 sync
	is "$(way 8.8.8.8 192.168.2.98)" 'eth0 192.168.2.7'
	is "$(way 198.51.100.1 192.168.2.98)" none
}

# bats test_tags=long
@test "IPv6: a rule of others for one source, to a table with a default, is asked first" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	host ip -6 route add default via 2001:db8:2::7 table 66
	host ip -6 rule add from 2001:db8:2::99 lookup 66 priority 20000
	multihome 0 sync
	is "$(way 2001:4860::8 2001:db8:2::99)" 'eth0 2001:db8:2::7'
}

# The tables have names so that others can use them: a mark of iptables, say.
@test "rules of others that lead to an uplink's own table are asked first" {
	host_up
	printf '101 isp1\n102 isp2\n' >>"$LAB_ROOT/etc/iproute2/rt_tables"
	lab_uplink 0 TABLE=isp1
	lab_uplink 1 TABLE=isp2
	lab_install
	service start
	host ip rule add fwmark 1 lookup isp1 priority 20000
	host ip rule add to 198.51.100.0/24 lookup isp1 priority 20001
	multihome 0 sync
	is "$(way 198.51.100.1 10.0.0.99)" 'eth0 192.168.2.1' 'a destination'
	is "$(way 8.8.8.8 10.0.0.99 mark 1)" 'eth0 192.168.2.1' 'a mark'
}

# bats test_tags=long
@test "a ban for all that does not come from a NIC is asked first" {
	plain
	host ip rule add not iif eth0 prohibit priority 20000
	is "$(way 198.51.100.1)" none 'the host itself'
	run host multihome sync
	is "$(way 198.51.100.1 10.0.0.99)" none eth1
}

# A kill switch: nothing leaves but by rules of its own.
@test "without a rule to main nothing leaves the host by ours" {
	plain
	host ip rule add to 198.51.100.0/24 lookup main priority 30000
	host ip rule del priority 32766
	multihome 0 sync
	has_no "$(rules)" ' iif lo '
	has "$stderr" '^eth0: no rule: '
	is "$(way 8.8.8.8)" none 'the host itself'
	is "$(way 8.8.8.8 192.168.2.99)" none eth0
	is "$(way 8.8.8.8 10.0.0.99)" none eth1
	multihome 0 prepare ifcfg-eth0
	is "$(way 8.8.8.8 192.168.2.99)" none 'during ifup'
	host ip rule add lookup main priority 32766
	multihome 0 sync
	answers 0 1
	reaches_client eth1
}

@test "a ban between the table default and main's rule holds" {
	plain
	host ip rule add lookup main priority 40000
	host ip rule add prohibit priority 33000
	host ip rule del priority 32766
	multihome 0 sync
	is "$(way 8.8.8.8)" none 'the host itself'
	is "$(way 8.8.8.8 192.168.2.99)" none eth0
	is "$(way 8.8.8.8 10.0.0.99)" none eth1
	changes_nothing multihome sync
	host ip rule del priority 33000
	multihome 0 sync
	answers 0 1
	reaches_client eth1
}

# A firewall for several providers, a VPN. What the table makes an exception of is one, too.
@test "a ban in the table that a rule leads everything to holds for what ours send" {
	plain
	vpn_nic tun0 172.30.8.6/24
	host ip route add default via 172.30.8.1 table 66
	host ip route add blackhole 198.51.100.0/24 table 66
	host ip route add 198.51.100.7 via 172.30.8.1 table 66
	host ip rule add lookup 66 priority 20000
	multihome 0 sync
	is "$(way 198.51.100.1)" none 'the host itself'
	is "$(way 198.51.100.1 192.168.2.99)" none eth0
	is "$(way 198.51.100.7 192.168.2.99)" 'tun0 172.30.8.1' 'the exception'
	multihome 0 prepare ifcfg-eth0
	is "$(way 198.51.100.1 192.168.2.99)" none 'during ifup'
	answers 0 1
	multihome 0 sync
	host ip route del blackhole 198.51.100.0/24 table 66
	multihome 0 sync
	is "$(way 198.51.100.1 192.168.2.99)" 'eth0 192.168.2.1' 'without the ban'
	changes_nothing multihome sync
}

# bats test_tags=long
@test "IPv6: a ban in the table that a rule leads everything to holds for what ours send" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	host ip -6 route add default via 2001:db8:2::7 table 66
	host ip -6 route add prohibit 2001:db8:bad::/48 table 66
	host ip -6 rule add lookup 66 priority 20000
	multihome 0 sync
	is "$(way 2001:db8:bad::1 2001:db8:10::99)" none eth1
	is "$(way 2001:4860::8 2001:db8:10::99)" 'eth1 2001:db8:10::1'
	changes_nothing multihome sync
}

# bats test_tags=long
@test "a ban in such a table comes before a longer route of main" {
	plain
	vpn_nic tun0 172.30.8.6/24
	host ip route add unreachable 203.0.0.0/8 table 66
	host ip route add default via 10.0.0.1 table 66
	host ip rule add lookup 66 priority 20000
	host ip route add 203.0.113.0/24 via 172.30.8.1
	multihome 0 sync
	is "$(way 203.0.113.1 192.168.2.99)" none eth0
	is "$(way 203.0.113.1 10.0.0.99)" none eth1
	changes_nothing multihome sync
}

# --- ways out of others ---------------------------------------------------------------------

@test "a default of others in the table default stays the way out" {
	host_up
	service start
	host ip route del default
	host ip route add default via 10.0.0.7 table default
	is "$(way 8.8.8.8)" 'eth1 10.0.0.7' 'without multihome'
	lab_install
	multihome 0 sync
	is "$(way 8.8.8.8)" 'eth1 10.0.0.7' 'after sync'
	multihome 0 clean
	is "$stderr" '' 'clean: the host has another'
	is "$(way 8.8.8.8)" 'eth1 10.0.0.7' 'after clean'
}

@test "a default of others behind the table default stays the way out" {
	host_up
	service start
	host ip route del default
	host ip route add default via 10.0.0.7 table 66
	host ip rule add lookup 66 priority 33000
	is "$(way 8.8.8.8)" 'eth1 10.0.0.7' 'without multihome'
	lab_install
	multihome 0 sync
	is "$(way 8.8.8.8)" 'eth1 10.0.0.7' 'after sync'
	is "$(way 8.8.8.8 192.168.2.99)" 'eth0 192.168.2.1' 'eth0'
	multihome 0 clean
	is "$stderr" '' 'clean: the host has another'
	is "$(way 8.8.8.8)" 'eth1 10.0.0.7' 'after clean'
}

# --- gateways that others refuse ----------------------------------------------------------------

# The kernel looks for a gateway by its rules (fib_check_nh), once, when a route is added: without
# multihome initscripts added main's before the ban came.
@test "a ban of a gateway's own address keeps no default out of the kernel" {
	local rule
	for rule in 'to 192.168.2.1' 'not iif eth0'; do
		host_up
		service start
		# shellcheck disable=SC2086 # words
		host ip rule add $rule prohibit priority 20000
		lab_install
		multihome 0 sync
		is "$stderr" '' "$rule"
		is "$(way 192.168.2.1 192.168.2.99)" none "$rule"
		has "$(our_routes)" '^default via 192\.168\.2\.1 dev eth0 table default'
		multihome 0 up eth0
		is "$stderr" '' "$rule: up"
		changes_nothing multihome sync
		[ "$rule" != 'to 192.168.2.1' ] || answers 0 1
		host ip rule del priority 20000
		multihome 0 sync
		answers 0 1
		has_no "$(our_routes)" onlink
		lab_down
	done
}

# bats test_tags=long
@test "a ban in the place of an uplink's network keeps no default out of the kernel" {
	host_up
	service start
	host ip route del 192.168.2.0/24
	host ip route add blackhole 192.168.2.0/24
	lab_install
	multihome 0 sync
	is "$stderr" ''
	changes_nothing multihome sync
	answers 0 1
}

# bats test_tags=long
@test "a null route that answers for a gateway keeps no default out of the kernel" {
	plain
	host ip route add blackhole 192.168.2.1 scope link
	host ip route flush table 100
	multihome 0 sync
	is "$stderr" ''
	has "$(routes)" '^default via 192\.168\.2\.1 dev eth0 table 100'
	changes_nothing multihome sync
}

# bats test_tags=long
@test "IPv6: a ban of a gateway's own address keeps no default out of the kernel" {
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	host ip -6 rule add to 2001:db8:2::1 prohibit priority 20000
	lab_install
	multihome 0 sync
	is "$stderr" ''
	is "$(way 2001:db8:2::1 2001:db8:2::99)" none
	has "$(probe_ping "${LAB_ADDRESSES6[0]}")" '^ok eth0'
	service restart
	has_no "$output" 'No route'
	changes_nothing multihome sync
}

# --- rules of others in IPv6 ----------------------------------------------------------------

# bats test_tags=long
@test "IPv6: clean leaves the administrator's rule for the table default" {
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	host ip -6 rule add lookup default priority 32767
	lab_install
	multihome 0 sync
	multihome 0 clean
	has "$(rules6)" '^32767: from all lookup default'
}

# bats test_tags=long
@test "IPv6: a VPN that takes all in quarters leaves the uplinks their replies" {
	local to
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	vpn_nic tun0
	host ip address add fd08::6/64 dev tun0 nodad
	# OpenVPN's redirect-gateway ipv6.
	for to in ::/3 2000::/4 3000::/4 fc00::/7; do
		host ip -6 route add "$to" via fd08::1
	done
	multihome 0 sync
	is "$(way 2001:4860::8)" 'tun0 fd08::1' 'the host itself'
	is "$(way 2001:4860::8 2001:db8:2::99)" 'eth0 2001:db8:2::1'
	is "$(way 2001:4860::8 2001:db8:10::99)" 'eth1 2001:db8:10::1'
}

# --- lines of his ---------------------------------------------------------------------------

# README: by-hand is a rule- file with rules for all of its addresses. One destination is not all.
@test "a line of his for one address and one destination leaves the uplink served" {
	host_up LAB_STRICT_ROUTERS=1
	echo 'from 192.168.2.99 to 198.51.100.0/24 prohibit priority 500' >"$LAB_SCRIPTS/rule-eth0"
	lab_install
	service start
	answers 0 1
}

# wg-quick's own address, and a rule for it by OpenVPN's up script.
@test "a rule of others for a VPN's address in an uplink's network is asked first" {
	plain
	vpn_nic tun0 10.8.0.6/32
	host ip route add default dev tun0 table 66
	host ip rule add from 10.8.0.6 lookup 66 priority 20000
	multihome 0 sync
	is "$(way 8.8.8.8 10.8.0.6)" tun0
}

# --- networks within networks ---------------------------------------------------------------

# eth2's network, 10.5.0.0/16, lies within eth1's, 10.0.0.0/8. A neighbour of eth2 asks eth1's
# address through the routers; without multihome it gets its answer by eth2.
@test "a neighbour in a network within another uplink's network gets answers from both" {
	host_up LAB_UPLINKS=3
	lab_uplink 2 IPADDR=10.5.0.99 NETMASK=255.255.0.0 GATEWAY=10.5.0.1
	router 2 ip address flush dev uplink
	router 2 ip address add 10.5.0.1/16 dev uplink
	router 2 ip route add 10.0.0.99 via 172.31.3.2
	client sysctl -qw net.ipv4.ip_forward=1
	service start
	router 2 ping -nqc1 -W1 -I 10.5.0.1 10.5.0.99
	router 2 ping -nqc1 -W1 -I 10.5.0.1 10.0.0.99
	lab_install
	multihome 0 sync
	router 2 ping -nqc1 -W1 -I 10.5.0.1 10.5.0.99
	router 2 ping -nqc1 -W1 -I 10.5.0.1 10.0.0.99 || { echo 'lost with multihome'; return 1; }
}

# --- while ifup runs ------------------------------------------------------------------------

# Routes of the uplink have great metrics meanwhile, and copies of main's have not. It lasts as long
# as ifup (arping, DHCP), or, if that fails, until the next hook.
@test "a null route for an uplink's network, with a metric, cuts nothing off while ifup runs" {
	plain
	host ip route add unreachable 192.168.2.0/24 metric 1000
	multihome 0 sync
	router 0 ping -nqc1 -W1 192.168.2.99
	multihome 0 prepare ifcfg-eth0
	router 0 ping -nqc1 -W1 192.168.2.99 || { echo 'lost during ifup'; return 1; }
}

# bats test_tags=long
@test "IPv6: a null route for an uplink's network cuts nothing off while ifup runs" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	host ip -6 route add unreachable 2001:db8:2::/64 metric 2000
	multihome 0 sync
	router 0 ping -nqc1 -W1 2001:db8:2::99
	multihome 0 prepare ifcfg-eth0
	router 0 ping -nqc1 -W1 2001:db8:2::99 || { echo 'lost during ifup'; return 1; }
}

# As NetworkManager gives a NIC of its own an address: the kernel's route has a metric.
# bats test_tags=long
@test "another NIC in an uplink's network, with a metric, takes nothing while ifup runs" {
	plain
	vpn_nic nm0
	host ip address add 192.168.2.60/24 dev nm0 metric 101
	multihome 0 sync
	is "$(way 192.168.2.1 192.168.2.99)" eth0 'before ifup'
	multihome 0 prepare ifcfg-eth0
	is "$(way 192.168.2.1 192.168.2.99)" eth0 'during ifup'
}

# --- clean ------------------------------------------------------------------------------------

# bats test_tags=long
@test "IPv6: clean leaves no default beside 2000::/3 of others" {
	local before
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	host ip -6 route flush table main default
	host ip -6 route add 2000::/3 via 2001:db8:10::1
	before=$(routes6)
	lab_install
	multihome 0 sync
	multihome 0 clean
	is "$stderr" ''
	is "$(routes6)" "$before" 'after clean'
}

# --- static-routes ----------------------------------------------------------------------------

# eth0's hook runs before eth2 is up; the network service adds the route at its very end.
@test "a static route by a device that comes up later is no error of the hooks before" {
	host_up LAB_UPLINKS=3
	lab_uplink 2 GATEWAY=
	echo 'any net 172.30.0.0/16 gw 172.20.3.7 dev eth2' >"$LAB_ROOT/etc/sysconfig/static-routes"
	lab_install
	service start
	has_no "$output" '172\.30\.0\.0'
	has "$(our_routes)" '^172\.30\.0\.0/16 via 172\.20\.3\.7 dev eth2 table 100'
}

# bats test_tags=long
@test "a static route by a device that is not there is an error of nobody's" {
	host_up
	echo 'any net 172.30.0.0/16 dev tun0' >"$LAB_ROOT/etc/sysconfig/static-routes"
	lab_install
	service start
	has_no "$output" '172\.30\.0\.0'
}

# route(8) refuses the line, so without multihome replies of eth1 go by the default.
# bats test_tags=long
@test "a static route by a device that is not there leads nowhere else" {
	host_up
	echo 'any net 172.30.0.0/16 gw 192.168.2.7 dev eth9' >"$LAB_ROOT/etc/sysconfig/static-routes"
	lab_install
	service start
	is "$(way 172.30.0.1 10.0.0.99)" 'eth1 10.0.0.1'
	is "$(way 172.30.0.1 192.168.2.99)" 'eth0 192.168.2.1'
}

# --- more of networks within networks ---------------------------------------------------------

# A host route for a neighbour that is behind the other NIC (proxy ARP, a bridged cable).
# bats test_tags=long
@test "a route on the link of another uplink, within an uplink's network, is heeded" {
	host_up
	service start
	host ip route add 10.77.0.1 dev eth0
	is "$(way 10.77.0.1 10.0.0.99)" eth0 'without multihome'
	lab_install
	multihome 0 sync
	is_not "$(way 10.77.0.1 10.0.0.99)" eth1 'it would be looked for on the link of eth1'
}

# --- the local rule -----------------------------------------------------------------------------

# bats test_tags=long
@test "with the local rule right before ours the host keeps its addresses while ifup runs" {
	host_up
	lab_uplink 1 IPADDR=192.168.2.98 NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	lab_install
	service start
	host ip rule add lookup local priority 9999
	host ip rule del priority 0
	host ping -nqc1 -W1 -I 192.168.2.99 192.168.2.98
	multihome 0 prepare ifcfg-eth0
	host ping -nqc1 -W1 -I 192.168.2.99 192.168.2.98
}

# --- messages -------------------------------------------------------------------------------------

# bats test_tags=long
@test "RULE_PRIORITY has the same bounds in each message" {
	plain
	echo RULE_PRIORITY=32765 >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 3 sync
	has "$stderr" 'expected 10 to 32764$'
}

# --- what waits -------------------------------------------------------------------------------

# eth0 was brought up with ifcfg-eth0; a file that was prepared since is for the next ifup of eth0.
# bats test_tags=long
@test "a new file for a NIC that is up, which comes before its own, waits for that NIC's ifup" {
	plain
	sed s/GATEWAY=.*/GATEWAY=192.168.2.3/ "$LAB_SCRIPTS/ifcfg-eth0" >"$LAB_SCRIPTS/ifcfg-System_eth0"
	multihome 0 up eth1
	is "$(way 8.8.8.8 192.168.2.99)" 'eth0 192.168.2.1'
}

@test "a file that was renamed and edited waits for its NIC's ifup" {
	plain
	sed s/GATEWAY=.*/GATEWAY=192.168.2.3/ "$LAB_SCRIPTS/ifcfg-eth0" >"$LAB_SCRIPTS/ifcfg-office"
	rm "$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 up eth1
	is "$(way 8.8.8.8 192.168.2.99)" 'eth0 192.168.2.1'
}

# --- the same in IPv6 ---------------------------------------------------------------------------

@test "IPv6: a neighbour in a network within another uplink's network is not looked for there" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_uplink 1 IPV6INIT=yes IPV6ADDR=2001:db8:10::99/32 IPV6_DEFAULTGW=2001:db8:10::1
	service start
	is "$(way 2001:db8:2::7 2001:db8:10::99)" eth0 'without multihome'
	lab_install
	multihome 0 sync
	is_not "$(way 2001:db8:2::7 2001:db8:10::99)" eth1 'on the link of eth1'
}

# bats test_tags=long
@test "IPv6: a ban without a priority holds while ifup runs" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	host ip -6 rule add to 2001:db8:bad::/48 prohibit
	is "$(way 2001:db8:bad::1 2001:db8:2::99)" none 'before ifup'
	multihome 0 prepare ifcfg-eth0
	is "$(way 2001:db8:bad::1 2001:db8:2::99)" none 'during ifup'
}

# bats test_tags=long
@test "IPv6: clean says no default stays where none does" {
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	host ip -6 route flush table main default
	host ip -6 route add unreachable default metric 1024
	lab_install
	multihome 0 sync
	multihome 0 clean
	has_no "$(host ip -6 route show default)" via
	has_no "$stderr" '^eth.: its default route stays in table main'
}

# bats test_tags=long
@test "a VPN that wg-quick starts after multihome leaves the uplinks their replies" {
	plain
	vpn_nic wg0 172.30.66.2/24
	host ip route add default dev wg0 table 51820
	host ip rule add not fwmark 51820 table 51820
	host ip rule add table main suppress_prefixlength 0
	multihome 0 sync
	is "$(way 8.8.8.8)" wg0 'the host itself'
	answers 0 1
}

# bats test_tags=long
@test "IPv6: a VPN's address in an uplink's network keeps the VPN's way" {
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	vpn_nic wg0
	host ip address add 2001:db8:10::66/128 dev wg0 nodad
	host ip -6 route add default dev wg0 table 51820
	host ip -6 rule add not fwmark 51820 table 51820
	host ip -6 rule add table main suppress_prefixlength 0
	is "$(way 2001:4860::8 2001:db8:10::66)" wg0 'without multihome'
	lab_install
	multihome 0 sync
	is "$(way 2001:4860::8 2001:db8:10::66)" wg0 'with it'
}

# The kernel asks all rules whether it reaches the gateway of a route, for root and for the device.
@test "bans of some of what the host sends keep no sync from its end" {
	local words
	host_up
	service start
	for words in 'oif eth0' 'not to 198.51.100.0/24' 'uidrange 0-0' 'fwmark 0/0xff'; do
		lab_install
		# shellcheck disable=SC2086 # words
		host ip rule add priority 20000 $words prohibit
		multihome 0 sync
		changes_nothing multihome sync
		host ip rule del priority 20000
		multihome 0 clean
	done
}

@test "a null default for one TOS stays a ban" {
	host_up
	service start
	host ip route add blackhole default tos 0x10
	! client ping -Q 0x10 -nqc1 -W1 10.0.0.99 || false
	lab_install
	multihome 0 sync
	client ping -nqc1 -W1 10.0.0.99
	! client ping -Q 0x10 -nqc1 -W1 10.0.0.99 || false
	changes_nothing multihome sync
}

# bats test_tags=long
@test "IPv6: a null default for one source stays a ban" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	host ip -6 route add blackhole default from 2001:db8:10::/64 metric 1
	multihome 0 sync
	is "$(way 2001:4860::8 2001:db8:10::99)" none
	is "$(way 2001:4860::8 2001:db8:2::99)" 'eth0 2001:db8:2::1'
	changes_nothing multihome sync
}
