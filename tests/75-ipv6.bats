#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# IPv6: each address answers by the NIC that was asked, however it came to its address and router.

load lab/test

# answers6 K…: as answers, for IPv6.
answers6() {
	local k
	for k; do
		answers_at "${LAB_ADDRESSES6[k]}" "eth$k"
	done
}

# host6_up [KEY=VALUE…]: a lab with IPv6 behind strict routers.
host6_up() {
	host_up LAB_IPV6=1 LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	lab_uplinks6 "$@"
}

# started6 [KEY=VALUE…]: the same with the package, after `service network start`.
started6() {
	host6_up "$@"
	admin_moves_in
	printf '# by hand\nto 2001:db8:ff::9 priority 500 table 7\n' >"$LAB_SCRIPTS/rule6-eth0"
	printf '# by hand\n' >"$LAB_SCRIPTS/route6-eth1"
	cp "$LAB_SCRIPTS/rule6-eth0" "$LAB_SCRIPTS/route6-eth1" "$BATS_TEST_TMPDIR"
	host ip -6 rule add from 2001:db8:ff::2 priority 10001 table 7
	host ip -6 route add blackhole 2001:db8:ff::/48
	lab_install
	service start
}

settled6() {
	outside rule6-eth0 | cmp - "$BATS_TEST_TMPDIR/rule6-eth0"
	outside route6-eth1 | cmp - "$BATS_TEST_TMPDIR/route6-eth1"
	has "$(rules6)" '^10001: from 2001:db8:ff::2 lookup 7'
	has "$(routes6)" '^blackhole 2001:db8:ff::/48 '
	settled
}

# advertise K ROUTER [LIFETIME]: uplink K's router calls itself so, and advertises itself.
advertise() {
	local k=$1 net=${LAB_ADDRESSES6[$1]%::99} conf=/tmp/radvd$1.conf
	withdraw "$k"
	router "$k" ip -6 address flush dev uplink scope link
	router "$k" ip -6 address add "$2/64" dev uplink nodad
	cat >"$LAB_ROOT$conf" <<-END
		interface uplink {
			AdvSendAdvert on;
			MinRtrAdvInterval 3;
			MaxRtrAdvInterval 4;
			AdvDefaultLifetime 600;
			prefix $net::/64 { };
		};
	END
	router "$k" radvd -n -m stderr -C "$conf" -p "/tmp/radvd$k.pid" >/dev/null 2>&1 &
	disown
}

# withdraw K: the router says that it is none any more, and is silent.
withdraw() {
	local pid=$LAB_ROOT/tmp/radvd$1.pid
	[ -s "$pid" ] || return 0
	router "$1" kill "$(<"$pid")"
	within 15 test ! -e "$pid"
}

# heard K ROUTER: the host knows that router, and has an address by it.
heard() {
	host ip -6 route show default dev "eth$1" | grep -q "via $2 .*proto \(ra\|kernel\)" &&
		[ -n "$(advertised_address "$1")" ]
}

gone() {
	! heard "$@"
}

advertised_address() {
	host ip -6 -o address show dev "eth$1" scope global dynamic -tentative |
		sed -n 's|.* inet6 \([^/]*\)/.*|\1|p' | head -n 1
}

@test "without the package the first NIC takes the IPv6 replies of both" {
	host6_up
	service start
	is "$(probe_ping 2001:db8:2::99)" 'ok eth0'
	is "$(probe_ping 2001:db8:10::99)" 'lost eth0'
}

@test "both IPv6 addresses answer ping, TCP and UDP by their own NIC, beside IPv4" {
	started6
	answers6 0 1
	answers 0 1
	is "$(probe_own 2001:db8:2::99)" 'ok eth0'
	is "$(probe_own 2001:db8:10::99)" 'ok eth1'
	settled6
}

@test "what network start bans behind the last hook is banned from the first reply on" {
	started6
	run host ip -6 route get 2002:a00::1 from 2001:db8:2::99
	has "$output" 'unreachable|No route to host'
	run host ip -6 route get 2002:a00::1 from 2001:db8:10::99
	has "$output" 'unreachable|No route to host'
	settled6
}

# bats test_tags=long
@test "three uplinks, and a neighbour in the segment" {
	host_up LAB_UPLINKS=3 LAB_IPV6=1 LAB_STRICT_ROUTERS=1
	lab_uplinks6
	lab_install
	service start
	answers6 0 1 2
	router 1 ping -n -q -c1 -W1 2001:db8:10::99
	router 1 ping -n -q -c1 -W1 -I uplink "$(host ip -6 -o address show dev eth1 scope link |
		sed 's|.* inet6 \([^/]*\)/.*|\1|')"
}

# bats test_tags=long
@test "secondary addresses, and one added later, answer by their NIC" {
	started6 'IPV6ADDR_SECONDARIES="2001:db8:2::98/64 2001:db8:22::99/64"'
	client ip -6 route add 2001:db8:22::/64 via 2001:db8:f0::1 src "$LAB_CLIENT6"
	host ip -6 address add 2001:db8:10::77/64 dev eth1 nodad
	is "$(probe_ping 2001:db8:2::98)" 'ok eth0'
	is "$(probe_ping 2001:db8:10::77)" 'ok eth1'
	settled6
}

# bats test_tags=long
@test "a link-local gateway with its device" {
	host6_up
	lab_uplink 0 IPV6INIT=yes IPV6ADDR=2001:db8:2::99/64 IPV6_DEFAULTGW=fe80::1%eth0
	lab_uplink 1 IPV6INIT=yes IPV6ADDR=2001:db8:10::99/64 IPV6_DEFAULTGW=fe80::1 \
		IPV6_DEFAULTDEV=eth1
	lab_install
	service start
	answers6 0 1
	changes_nothing multihome sync
}

# bats test_tags=long
@test "a gateway of /etc/sysconfig/network" {
	host6_up
	lab_uplink 1 IPV6INIT=yes IPV6ADDR=2001:db8:10::99/64
	echo IPV6_DEFAULTGW=fe80::1%eth1 >>"$LAB_ROOT/etc/sysconfig/network"
	lab_install
	service start
	answers6 0 1
	changes_nothing multihome sync
}

@test "a restart prints for IPv6 what it prints without the package, and piles nothing up" {
	local before again rules routes
	host6_up
	service start
	run host ifup eth1
	again=$output
	service restart
	before=$output
	lab_install
	service restart
	is "$output" "$before"
	run host ifup eth1
	is "$output" "$again" 'ifup while up'
	answers6 0 1
	rules=$(rules6)
	routes=$(routes6)
	service restart
	is "$output" "$before"
	is "$(rules6)" "$rules"
	is "$(routes6)" "$routes"
	host ip link set eth1 down
	service restart
	is "$(rules6)" "$rules"
	answers6 0 1
}

@test "ifdown of the NIC with the default leaves IPv6 by the next one; ifup gives it back" {
	started6
	host ifdown eth0
	is "$(probe_own 2001:db8:10::99)" 'ok eth1'
	host ping -n -q -c1 -W1 "$LAB_CLIENT6"
	has_no "$(rules6; routes6)" '2001:db8:2::/64'
	run host ifup eth0
	is "$output" ''
	answers6 0 1
	settled6
}

no_doubt() {
	[ -z "$(host ip -6 address show tentative)" ]
}

# bats test_tags=long
@test "a bounce takes the IPv6 addresses of the file: one of another network gets a standby" {
	started6
	host ip link set eth1 down
	host ip link set eth1 up
	host ip address add 2001:db8:77::9/64 dev eth1 nodad
	links_settle
	multihome 0 sync
	has "$(routes6)" '^default via 2001:db8:10::1 dev eth1 .*table default '
	changes_nothing multihome sync
	run host ifup eth1
	answers6 0 1
	settled6
}

@test "an address that may yet be a duplicate is no obstacle" {
	local before
	host6_up
	host sysctl -qw net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.default.accept_dad=1
	service start
	service restart
	before=$output
	lab_install
	service restart
	is "$output" "$before"
	within 15 no_doubt
	answers6 0 1
	changes_nothing multihome sync
}

@test "an edited IPV6_DEFAULTGW replaces the old one everywhere" {
	started6
	router 0 ip -6 address add 2001:db8:2::2/64 dev uplink nodad
	lab_uplink 0 IPV6INIT=yes IPV6ADDR=2001:db8:2::99/64 IPV6_DEFAULTGW=2001:db8:2::2
	multihome 0 sync
	is "$output/$stderr" /
	has "$(routes6)" 'default via 2001:db8:2::2 dev eth0 table 100'
	has_no "$(routes6 | grep 'proto 109')" '2001:db8:2::1 '
	answers6 0 1
	settled6
}

# bats test_tags=long
@test "a wrong IPV6_DEFAULTGW is refused with its line; the other NIC is served" {
	started6
	lab_uplink 0 IPV6INIT=yes IPV6ADDR=2001:db8:2::99/64 IPV6_DEFAULTGW=fe80::1
	multihome 3 sync
	has "$stderr" '/ifcfg-eth0:[0-9]+: IPV6_DEFAULTGW=fe80::1: expected a device '
	answers6 0 1
	answers 0 1
}

@test "addresses and routers as advertised; after a restart without a sync" {
	host6_up
	lab_uplink 0 IPV6INIT=yes IPV6_AUTOCONF=yes
	lab_uplink 1 IPV6INIT=yes IPV6_AUTOCONF=yes
	lab_install
	advertise 0 fe80::1
	advertise 1 fe80::1
	service start
	within 15 heard 0 fe80::1
	within 15 heard 1 fe80::1
	multihome 0 sync
	is "$output/$stderr" /
	advertised_answer
	changes_nothing multihome sync
	service restart
	within 15 heard 0 fe80::1
	within 15 heard 1 fe80::1
	advertised_answer
	changes_nothing multihome sync
}

# advertised_answer: ping and TCP, for no server is bound to such an address.
advertised_answer() {
	local k
	for k in 0 1; do
		is "$(probe_ping "$(advertised_address $k)")" "ok eth$k"
		is "$(probe_tcp "$(advertised_address $k)")" "ok eth$k"
	done
}

@test "another router is followed at the next sync, and one that withdraws is dropped" {
	host6_up
	lab_uplink 1 IPV6INIT=yes IPV6ADDR=2001:db8:10::99/64
	lab_install
	advertise 1 fe80::1
	service start
	within 15 heard 1 fe80::1
	multihome 0 sync
	answers6 0 1
	advertise 1 fe80::2
	within 15 heard 1 fe80::2
	multihome 0 sync
	is "$output/$stderr" /
	has "$(routes6)" '^default via fe80::2 dev eth1 table 101 proto 109'
	has_no "$(routes6)" 'fe80::1 dev eth1 .*proto 109'
	answers6 0 1
	changes_nothing multihome sync
	withdraw 1
	within 15 gone 1 fe80::2
	multihome 0 sync
	has_no "$(rules6)" '2001:db8:'
	has_no "$(routes6)" 'proto 109'
}

# half_by K: what the host says itself goes by that NIC, whatever main's defaults say.
half_by() {
	host ip -6 route show ::/1 | grep -q "dev eth$1 .*proto 109"
}

# bats test_tags=long
@test "watch: an advertised provider that is dead, and a router that calls itself anew" {
	needs_nft ip6
	local first
	host6_up
	for first in 0 1; do
		lab_uplink $first IPV6INIT=yes IPV6_AUTOCONF=yes "TRACK_IP=$LAB_CLIENT6"
		advertise $first fe80::1
	done
	echo TRACK_INTERVAL=1 >"$LAB_ROOT/etc/sysconfig/multihome"
	lab_install
	service start
	within 15 heard 0 fe80::1
	within 15 heard 1 fe80::1
	multihome 0 sync
	host multihome watch --background 3>&-
	within 15 host grep -q '^up eth0 fe80::1' /var/run/multihome/health
	within 15 host grep -q '^up eth1 fe80::1' /var/run/multihome/health
	first=$(host ip -6 route get "$LAB_CLIENT6" | sed -n 's/.* dev eth\([01]\) .*/\1/p')
	router "$first" nft 'add table ip6 dead
		add chain ip6 dead way { type filter hook forward priority 0; policy drop; }'
	within 15 half_by $((1 - first))
	host ping -6nqc1 -W1 "$LAB_CLIENT6"
	router "$first" nft delete table ip6 dead
	# It may be doubled once.
	within 30 gone_half
	advertise 1 fe80::2
	within 15 heard 1 fe80::2
	within 15 host sh -c 'ip -6 route show table 101 | grep -q "^default via fe80::2 dev eth1 "'
	advertised_answer
}

gone_half() {
	! half_by 0 && ! half_by 1
}

# bats test_tags=long
@test "with IPv6 switched off IPv4 is served, and nothing is said" {
	local before
	host6_up
	host sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	service start
	service restart
	before=$output
	lab_install
	service restart
	is "$output" "$before"
	multihome 0 sync
	is "$output/$stderr" /
	answers 0 1
	[ -z "$(cat "$LAB_SCRIPTS"/r*6-* 2>/dev/null)" ]
	host sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
	service restart
	answers6 0 1
}

# bats test_tags=long
@test "clean takes all of IPv6 back" {
	local rules routes
	host6_up
	service start
	rules=$(rules6)
	routes=$(routes6)
	lab_install
	multihome 0 sync
	is_not "$(rules6)" "$rules"
	multihome 0 clean
	is "$(rules6)" "$rules"
	is "$(routes6)" "$routes"
	[ -z "$(cat "$LAB_SCRIPTS"/r*6-* 2>/dev/null)" ]
}
