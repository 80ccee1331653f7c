#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# What is reachable by main stays reachable from each uplink's address, by the same way.

load lab/test

# pings WHO… ADDRESS…: each of the addresses answers the one who asks.
pings() {
	local who=$1 address
	shift
	for address; do
		$who ping -n -q -c1 -W1 "$address" >/dev/null || {
			echo "$who does not reach $address"
			return 1
		}
	done
}

# bridge NAME NET: NET.1 on a bridge, NET.2 in a namespace behind it, as container or guest.
bridge() {
	namespace "behind-$1"
	host ip -batch - <<-END
		link add $1 type bridge forward_delay 0
		link add p-$1 master $1 type veth peer name eth0 netns behind-$1
		address add $2.1/24 dev $1
		link set p-$1 up
		link set $1 up
	END
	host ip -n "behind-$1" address add "$2.2/24" dev eth0
	host ip -n "behind-$1" link set eth0 up
	host ip -n "behind-$1" route add default via "$2.1"
}

container() {
	host ip netns exec behind-docker0 "$@"
}

guest() {
	host ip netns exec behind-virbr0 "$@"
}

vpn() {
	host ip netns exec behind-tun0 "$@"
}

from_eth0() {
	host "$1" -I 192.168.2.99 "${@:2}"
}

from_eth1() {
	host "$1" -I 10.0.0.99 "${@:2}"
}

@test "networks behind static routes in both forms reach each uplink's address" {
	host_up LAB_UPLINKS=3 LAB_RP_FILTER=el6
	admin_moves_in
	lab_uplink 2
	sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth2"
	echo '198.18.2.0/24 via 172.20.3.1 dev eth2' >"$LAB_SCRIPTS/route-eth2"
	printf '%s\n' ADDRESS0=198.18.0.0 NETMASK0=255.255.255.0 GATEWAY0=192.168.2.1 \
		>"$LAB_SCRIPTS/route-eth0"
	cp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR/route-eth0"
	router 0 ip address add 198.18.0.7/32 dev lo
	router 2 ip address add 198.18.2.7/32 dev lo
	router 2 ip route add default via 172.20.3.99
	lab_install
	service start
	has_no "$output" 'RTNETLINK|rror:'
	answers 0 1
	router 0 ping -n -q -c1 -W1 -I 198.18.0.7 192.168.2.99
	router 2 ping -n -q -c1 -W1 -I 198.18.2.7 172.20.3.99
	router 2 ping -n -q -c1 -W1 -I 198.18.2.7 192.168.2.99
	router 2 ping -n -q -c1 -W1 -I 198.18.2.7 10.0.0.99
	pings from_eth0 198.18.0.7 198.18.2.7 172.20.3.1
	pings from_eth1 198.18.2.7 172.20.3.1
	cmp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR/route-eth0"
	settled
}

@test "containers and guests reach each uplink's address, and it them" {
	host_up LAB_RP_FILTER=el6
	admin_moves_in
	lab_install
	bridge docker0 172.17.0
	bridge virbr0 192.168.122
	service start
	answers 0 1
	pings container 192.168.2.99 10.0.0.99 192.168.122.1
	pings guest 192.168.2.99 10.0.0.99 172.17.0.1
	pings from_eth0 172.17.0.2 192.168.122.2
	pings from_eth1 172.17.0.2 192.168.122.2
	settled
}

@test "forwarding and masquerading for containers goes on as by main alone" {
	needs_nft
	host_up LAB_RP_FILTER=el6 LAB_STRICT_ROUTERS=1
	admin_moves_in
	lab_install
	bridge docker0 172.17.0
	host sysctl -qw net.ipv4.ip_forward=1
	host nft -f - <<-END
		table ip nat {
			chain out {
				type nat hook postrouting priority 100;
				ip saddr 172.17.0.0/16 oifname != docker0 masquerade
			}
		}
	END
	service start
	answers 0 1
	pings container 192.168.2.99 10.0.0.99 "$LAB_CLIENT"
	pings from_eth0 172.17.0.2
	pings from_eth1 172.17.0.2
	host ifconfig eth1 down
	pings container 192.168.2.99 "$LAB_CLIENT"
}

@test "a bridge that comes after the network is reached once sync has run" {
	started LAB_RP_FILTER=el6
	bridge docker0 172.17.0
	# One that no guest is on has no carrier.
	host ip link add virbr0 type bridge
	host ip address add 192.168.122.1/24 dev virbr0
	host ip link set virbr0 up
	multihome 0 plan
	has "$output" '^\+ ip route add 172\.17\.0\.0/24 dev docker0 .*table 100'
	multihome 0 sync
	is "$output/$stderr" /
	pings container 192.168.2.99 10.0.0.99
	pings from_eth1 172.17.0.2
	has "$(our_routes)" '^192\.168\.122\.0/24 dev virbr0 table 100'
	answers 0 1
	settled
	host ip link delete docker0
	has_no "$(our_routes)" 172.17
	settled
}

@test "so it is after any ifup" {
	started
	bridge docker0 172.17.0
	host ifdown eth1
	pings container 192.168.2.99
	host ifup eth1
	pings container 192.168.2.99 10.0.0.99
	settled
}

@test "a VPN with both halves of the default takes what main gives it, and no reply" {
	started LAB_RP_FILTER=el6 LAB_STRICT_ROUTERS=1
	bridge tun0 172.30.8
	vpn ip address add "$LAB_CLIENT/32" dev lo
	host ip -batch - <<-END
		route add 0.0.0.0/1 via 172.30.8.2 dev tun0
		route add 128.0.0.0/1 via 172.30.8.2 dev tun0
		route add 203.0.113.77 via 10.0.0.1 dev eth1
	END
	multihome 0 sync
	is "$output/$stderr" /
	# Asked by the uplink, answered by the uplink, though main has the client in the VPN.
	answers 0 1
	# Who is in the VPN's own network is answered through it.
	pings vpn 192.168.2.99 10.0.0.99 172.30.8.1
	pings from_eth0 172.30.8.2
	pings from_eth1 172.30.8.2
	# The host's own traffic goes by the VPN: no router sees it.
	is "$(probe_own)" 'ok -'
	has_no "$(our_routes)" '^(0\.0\.0\.0|128\.0\.0\.0)/1'
	settled
}

# The client forwards between the two segments, as the network beyond them.
@test "a reply to the other uplink's network goes back the way the request came" {
	needs_nft
	local k
	started LAB_RP_FILTER=el6
	client sysctl -qw net.ipv4.ip_forward=1
	for k in 0 1; do
		router "$k" ip route add default via "172.31.$((k + 1)).2"
		router "$k" nft -f - <<-END
			table ip lab {
				set came { type ipv4_addr . ipv4_addr; flags dynamic; size 99; }
				chain seen {
					type filter hook prerouting priority 0;
					iifname uplink add @came { ip saddr . ip daddr }
				}
			}
		END
	done
	router 0 ping -n -q -c1 -W1 10.0.0.99
	router 1 ping -n -q -c1 -W1 192.168.2.99
	has "$(router 1 nft list set ip lab came)" '10\.0\.0\.99 \. 172\.31\.1\.1'
	has "$(router 0 nft list set ip lab came)" '192\.168\.2\.99 \. 172\.31\.2\.1'
	router 0 ping -n -q -c1 -W1 -I 192.168.2.1 10.0.0.99
	router 1 ping -n -q -c1 -W1 -I 10.0.0.1 192.168.2.99
	has "$(router 1 nft list set ip lab came)" '10\.0\.0\.99 \. 192\.168\.2\.1'
	has "$(router 0 nft list set ip lab came)" '192\.168\.2\.99 \. 10\.0\.0\.1'
	settled
}
