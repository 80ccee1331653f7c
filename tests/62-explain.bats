#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# explain tells where a packet and its reply go, and is held against packets.
#
# What it prints is compared as a whole with tests/expect/explain-NAME.txt; ACCEPT=1 writes these
# files: read what was written.

load lab/test

# explains NAME STATUS REMOTE [LOCAL]: prints what the file says, nothing else, and changes nothing.
explains() {
	local name=$1 expected=$2 before file=$BATS_TEST_DIRNAME/expect/explain-$1.txt
	shift 2
	before=$(kernel; lab_stamps)
	multihome "$expected" explain "$@"
	is "$stderr" '' 'stderr'
	is "$(kernel; lab_stamps)" "$before" 'explain changed something'
	output=$(sed -E 's/([0-9a-f]{2}:){5}[0-9a-f]{2}/MAC/' <<<"$output")
	[ "${ACCEPT-}" != 1 ] || echo "$output" >"$file"
	is "$output" "$(cat "$file")" "explain-$name.txt"
}

# cured: what the last verdict says to do is done.
cured() {
	local cure=${output##*; cure: }
	is_not "$cure" "$output" 'a cure'
	host sh -ec "$cure"
}

# The program alone: no hook has it, and no file is of its own.
program() {
	make -s -C "$LAB_REPO" build
	host install -m 755 /run/lab/repo/build/multihome /sbin/multihome
}

# without [KEY=VALUE…]: the lab's host as the network service leaves it.
without() {
	host_up "$@"
	service start
	program
	neighbours_known
}

# What it knows of its neighbours shall not depend on what came before.
neighbours_known() {
	local k
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		router "$k" ping -n -q -c1 -W1 "${LAB_ADDRESSES[k]}" >/dev/null || true
	done
}

@test "as on EL5, where nothing filters: the reply goes astray" {
	without
	explains el5 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	explains el5-last 0 "$LAB_CLIENT" 10.0.0.99
	is "$(probe_ping 10.0.0.99)" 'ok eth1'
}

@test "as on EL6, where the device filters: the request is dropped, and the cure cures" {
	without LAB_RP_FILTER=el6
	explains el6 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'lost -'
	cured
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	multihome 0 explain "$LAB_CLIENT"
}

@test "as on EL7, where all filters" {
	without LAB_RP_FILTER=all
	explains el7 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'lost -'
}

@test "after eth1 is downed there is no route back, and the cure cures" {
	without
	host ifconfig eth1 down
	explains down 1 "$LAB_CLIENT"
	is "$(probe_ping 192.168.2.99)" 'lost -'
	multihome 1 explain "$LAB_CLIENT" 192.168.2.99
	cured
	multihome 0 explain "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
}

@test "with multihome both are right" {
	started LAB_RP_FILTER=el6
	neighbours_known
	explains with 0 "$LAB_CLIENT"
	explains with-eth0 0 "$LAB_CLIENT" 192.168.2.99
	answers 0 1
	settled
}

# watch_replies: from here on the host notes by which device each echo reply leaves it.
watch_replies() {
	host nft -f - <<-END
		table ip seen {
			set replies { type ipv4_addr . ifname; size 64; flags dynamic; }
			chain out {
				type filter hook postrouting priority 0;
				icmp type echo-reply add @replies { ip saddr . oifname }
			}
		}
	END
}

# asked ADDRESS: "ok DEVICE", "lost DEVICE", or "lost -": whether the client got the reply, and by
# which device that left, whether or not there is a router behind it.
asked() {
	local result=lost device
	host nft flush set ip seen replies
	! client ping -n -q -c1 -W1 "$1" >/dev/null || result=ok
	device=$(host nft list set ip seen replies | sed -n "s/.*[ {]$1 \. \"\([^\"]*\)\".*/\1/p")
	echo "$result ${device:--}"
}

# one_segment: eth9 of the host in eth0's segment.
one_segment() {
	router 0 ip -batch - <<-END
		link add segment type bridge forward_delay 0
		link set uplink master segment
		address flush dev uplink
		address add 192.168.2.1/24 brd + dev segment
		link set segment up
		link add second type veth peer name eth9
		link set second master segment up
		link set eth9 netns 1
	END
	router 0 ip route replace "$LAB_CLIENT" via 172.31.1.2
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes BOOTPROTO=none IPADDR=192.168.2.98 \
		NETMASK=255.255.255.0 GATEWAY=192.168.2.1
}

@test "two NICs in one segment: one takes the replies of both, and either may be asked" {
	host_up LAB_UPLINKS=1
	one_segment
	service start
	program
	watch_replies
	is "$(asked 192.168.2.98)" 'ok eth0'
	is "$(asked 192.168.2.99)" 'ok eth0'
	explains segment 1 "$LAB_CLIENT" 192.168.2.98
	explains segment-first 0 "$LAB_CLIENT" 192.168.2.99
	multihome 1 explain "$LAB_CLIENT" 192.168.2.98
	cured
	is "$(asked 192.168.2.98)" 'ok eth9'
	is "$(asked 192.168.2.99)" 'ok eth0'
	explains segment-with 0 "$LAB_CLIENT"
}

@test "two NICs in one segment that filter: the one that would drop it does not answer ARP" {
	host_up LAB_UPLINKS=1 LAB_RP_FILTER=el6
	one_segment
	service start
	program
	host sysctl -qw net.ipv4.conf.eth9.rp_filter=1
	router 0 ip neighbour flush dev segment
	watch_replies
	is "$(asked 192.168.2.98)" 'ok eth0'
	explains segment-filter 1 "$LAB_CLIENT" 192.168.2.98
	cured
	router 0 ip neighbour flush dev segment
	is "$(asked 192.168.2.98)" 'ok eth9'
	multihome 0 explain "$LAB_CLIENT"
}

# vpn_up: both halves of the default by a VPN whose other end swallows all.
vpn_up() {
	host socat -u TUN:172.30.8.1/24,tun-name=tun0,iff-up,iff-no-pi OPEN:/dev/null,wronly \
		>/dev/null 2>&1 3>&- &
	disown
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'for try in $(seq 100); do
		[ "$(cat /sys/class/net/tun0/carrier 2>/dev/null)" != 1 ] || exit 0
		sleep 0.02
	done; exit 1'
	links_settle
	host ip -batch - <<-END
		route add 0.0.0.0/1 via 172.30.8.2 dev tun0
		route add 128.0.0.0/1 via 172.30.8.2 dev tun0
	END
}

@test "a VPN with both halves of the default takes the reply of the only uplink" {
	host_up LAB_UPLINKS=1
	service start
	program
	vpn_up
	neighbours_known
	watch_replies
	is "$(asked 192.168.2.99)" 'lost tun0'
	explains vpn 1 "$LAB_CLIENT" 192.168.2.99
	# A key, then a command.
	has "$output" '; cure: TABLE=100 in ifcfg-eth0, then multihome sync$'
	echo TABLE=100 >>"$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 sync
	is "$(asked 192.168.2.99)" 'ok eth0'
	explains vpn-with 0 "$LAB_CLIENT" 192.168.2.99
}

@test "with multihome a VPN takes no reply of two" {
	started LAB_RP_FILTER=el6
	vpn_up
	multihome 0 explain "$LAB_CLIENT"
	is "$(lines "$(grep ^verdict <<<"$output")")" 3
	has "$output" '^verdict +right: answered by eth0 through 192\.168\.2\.1$'
	has "$output" '^verdict +right: answered by eth1 through 10\.0\.0\.1$'
	has "$output" '^verdict +right: answered by tun0 through 172\.30\.8\.2$'
	answers 0 1
}
