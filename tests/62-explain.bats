#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# explain tells where a packet and its reply go, and is held against packets.
#
# What it prints is compared as a whole with tests/expect/explain-NAME.txt; ACCEPT=1 writes these
# files: read what was written.

load lab/test

# known_table: a kernel that was given (make check-kernel) may be one that does not say the table.
known_table() {
	if [ -n "${LAB_KERNEL-}${LAB_MACHINE-}" ]; then
		sed -E 's/^(6 kernel .*) \(table [^)]*\)$/\1/'
	else
		cat
	fi
}

# explains NAME STATUS REMOTE [LOCAL]: prints what the file says, and nothing else.
explains() {
	local name=$1 expected=$2 file=$BATS_TEST_DIRNAME/expect/explain-$1.txt
	shift 2
	multihome "$expected" explain "$@"
	is "$stderr" '' 'stderr'
	output=$(sed -E 's/([0-9a-f]{2}:){5}[0-9a-f]{2}/MAC/' <<<"$output")
	[ "${ACCEPT-}" != 1 ] || echo "$output" >"$file"
	is "$(known_table <<<"$output")" "$(known_table <"$file")" "explain-$name.txt"
}

# cured: what the last verdict says to do is done.
cured() {
	local cure
	cure=$(sed -n 's/^cure  *//p' <<<"$output" | tail -n 1)
	is_not "$cure" '' 'a cure'
	carry_out "$cure"
}

# The program alone: no hook has it, and no file is of its own.
program() {
	make -s -C "$LAB_REPO" build BUILD="${LAB_BUILD:-build}"
	host install -m 755 "/run/lab/repo/${LAB_BUILD:-build}/multihome" /sbin/multihome
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

@test "explain sends no change and writes no file" {
	local before
	without LAB_RP_FILTER=el6
	before=$(kernel; lab_stamps)
	run host strace -f -e trace=network -o /tmp/trace multihome explain "$LAB_CLIENT"
	is "$status" 1
	is "$(lab_sent)" ''
	is "$(kernel; lab_stamps)" "$before"
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
	needs_nft
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
	second_in_segment
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

@test "a VPN with both halves of the default takes the reply of the only uplink" {
	host_up LAB_UPLINKS=1
	service start
	program
	vpn_up
	neighbours_known
	watch_replies
	is "$(asked 192.168.2.99)" 'lost tun0'
	explains vpn 1 "$LAB_CLIENT" 192.168.2.99
	cured
	is "$(asked 192.168.2.99)" 'ok eth0'
	explains vpn-with 0 "$LAB_CLIENT" 192.168.2.99
}

@test "a VPN's rules that would come after multihome's are no obstacle to the cure" {
	without
	vpn_up
	host ip -batch - <<-END
		route flush dev tun0 proto boot
		route add default dev tun0 table 51820
		rule add not fwmark 51820 lookup 51820
		rule add lookup main suppress_prefixlength 0
	END
	watch_replies
	is "$(asked 192.168.2.99)" 'lost tun0'
	explains vpn-rules 1 "$LAB_CLIENT" 192.168.2.99
	cured
	is "$(asked 192.168.2.99)" 'ok eth0'
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

@test "a rule by hand leads astray: each rule before it is told, and it is named to be looked at" {
	started LAB_RP_FILTER=el6
	neighbours_known
	host ip -batch - <<-END
		route add default via 10.0.0.1 dev eth1 table 8
		route add throw 172.31.0.0/16 table 9
		route add default via 192.168.2.1 dev eth0 table 10
		rule add iif eth1 lookup 8 priority 101
		rule add oif eth1 lookup 8 priority 102
		rule add fwmark 1 lookup 8 priority 103
		rule add ipproto 6 dport 22 lookup 8 priority 104
		rule add tos 0x10 lookup 8 priority 105
		rule add not from 192.168.2.0/24 lookup 8 priority 106
		rule add lookup 11 priority 107
		rule add lookup 9 priority 108
		rule add lookup 10 suppress_prefixlength 0 priority 109
		rule add nop priority 110
		rule add goto 200 priority 111
		rule add blackhole priority 112
		rule add from 203.0.113.5 lookup 8 priority 200
		rule add from 192.168.2.99 lookup 8 priority 200
	END
	is "$(probe_ping 192.168.2.99)" 'lost -'
	explains by-hand 1 "$LAB_CLIENT" 192.168.2.99
	has "$output" '^cure +see the rule from 192.168.2.99 lookup 8 priority 200, which somebody made$'
	host ip rule del priority 200 from 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	multihome 0 explain "$LAB_CLIENT" 192.168.2.99
}

@test "rules that are there twice: check's words delete one and no other, whatever its selectors" {
	local rule cure before after
	without
	for rule in '' 'tos 0x10' 'fwmark 0x1/0xff' 'iif eth0' 'oif eth1' 'uidrange 0-99' 'ipproto udp' \
		'ipproto tcp sport 22 dport 1000-2000' 'tun_id 9' 'suppress_prefixlength 2' \
		'suppress_ifgroup 5' 'realms 3/4' 'to 192.0.2.0/24'; do
		# shellcheck disable=SC2086 # words
		host ip rule add from 172.29.0.0/16 $rule lookup 7 priority 50
		# shellcheck disable=SC2086 # words
		host ip rule add from 172.29.0.0/16 $rule lookup 7 priority 51
	done
	before=$(host ip rule | grep -c ^51:)
	is "$before" 13
	host multihome check --porcelain >"$BATS_TEST_TMPDIR/said" || true
	while IFS= read -r cure <&4; do
		carry_out "$cure"
		after=$(host ip rule | grep -c ^51: || true)
		is "$after" $((before - 1)) "$cure"
		before=$after
	done 4< <(grep duplicate-rule "$BATS_TEST_TMPDIR/said" | cut -f 6)
	host ip rule
	is "$(host ip rule | grep -c ^51: || true)" 0
	is "$(host ip rule | grep -c ^50:)" 13
}

@test "rules by hand that do it right are right" {
	without LAB_RP_FILTER=el6
	host ip -batch - <<-END
		route add default via 192.168.2.1 dev eth0 table 7
		rule add from 192.168.2.99 lookup 7
	END
	explains by-hand-right 0 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
}

@test "what refuses a reply is named, rule or route" {
	started
	neighbours_known
	host ip rule add to "$LAB_CLIENT" prohibit priority 300
	explains prohibit 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'lost -'
	has "$output" '^cure +see the rule '
	host ip rule del priority 300
	host ip route add unreachable 172.31.0.0/24 table 100
	explains unreachable 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'lost -'
	has "$output" '^cure +see the route '
	host ip route del unreachable 172.31.0.0/24 table 100
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	settled
}

@test "a table that a bounce has emptied is told, and the cure cures" {
	started LAB_RP_FILTER=el6
	neighbours_known
	host ip link set eth0 down
	host ip link set eth0 up
	links_settle
	explains bounced 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'lost -'
	cured
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	settled
}

@test "a router that does not answer, and a cable that is out" {
	started
	host ip neighbour replace 192.168.2.1 dev eth0 nud failed
	explains failed 1 "$LAB_CLIENT" 192.168.2.99
	cable_out 0
	explains carrier 1 "$LAB_CLIENT"
	is "$(probe_ping 192.168.2.99)" 'lost -'
}

@test "what is behind another NIC arrives by that: neighbours, containers, the host itself" {
	started LAB_RP_FILTER=el6
	neighbours_known
	container_up
	multihome 0 sync
	host ip netns exec container ping -n -q -c1 -W1 192.168.2.99
	explains container 0 172.17.0.2 192.168.2.99
	explains neighbour 0 192.168.2.1 192.168.2.99
	explains own 0 10.0.0.99 192.168.2.99
	# What is in the other uplink's network comes, and goes, by the routers all the same.
	multihome 0 explain 10.0.0.5 192.168.2.99
	has "$output" '^verdict +right: answered by eth0 through 192\.168\.2\.1$'
	# Nobody from afar asks for the container's network.
	multihome 0 explain "$LAB_CLIENT"
	has "$output" '^verdict +lost on arrival: rp_filter of docker0 drops what eth1 would answer$'
}

@test "a host without network-scripts is told what to type, to whoever asks" {
	host_up LAB_RP_FILTER=el6
	program
	rm -r "$LAB_ROOT/etc/sysconfig"
	host ip -batch - <<-END
		address add 192.168.2.99/24 dev eth0
		address add 10.0.0.99/8 dev eth1
		link set eth0 up
		link set eth1 up
		route add default via 10.0.0.1
		route add default via 192.168.2.1 metric 5
	END
	links_settle
	neighbours_known
	explains bare 1 "$LAB_CLIENT" 192.168.2.99
	local told=$output
	run --separate-stderr host setpriv --reuid=65534 --regid=65534 --clear-groups \
		/sbin/multihome explain "$LAB_CLIENT" 192.168.2.99
	is "$status/$stderr" 1/
	is "$(sed -E 's/([0-9a-f]{2}:){5}[0-9a-f]{2}/MAC/' <<<"$output")" "$told"
	cured
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	multihome 0 explain "$LAB_CLIENT"
}

@test "what is wrong with the configuration is no obstacle" {
	started LAB_RP_FILTER=el6
	host ip link set eth0 down
	host ip link set eth0 up
	links_settle
	echo MULTIHOME=perhaps >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 1 explain "$LAB_CLIENT" 192.168.2.99
	is "$stderr" ''
	has "$output" '^cure +see what multihome plan says of the configuration$'
	rm "$LAB_ROOT/etc/sysconfig/multihome"
	echo MULTIHOME=no >>"$LAB_SCRIPTS/ifcfg-eth0"
	multihome 1 explain "$LAB_CLIENT" 192.168.2.99
	has "$output" '^cure +set MULTIHOME=yes in ifcfg-eth0 and run multihome sync$'
	sed -i s/MULTIHOME=no/TABLE=254/ "$LAB_SCRIPTS/ifcfg-eth0"
	multihome 1 explain "$LAB_CLIENT" 192.168.2.99
	has "$output" '^cure +see what multihome plan says of ifcfg-eth0$'
}

@test "an address of lo, and a route that is passed over for its missing carrier" {
	started
	neighbours_known
	host ip address add 203.0.113.50/32 dev lo
	multihome 0 explain "$LAB_CLIENT" 203.0.113.50
	has "$output" '^1 arrival .* by eth1, which leads to it; lo has the$'
	has "$output" '^verdict +unknown: answered by eth1 through 10\.0\.0\.1, whichever NIC its$'
	multihome 0 explain "$LAB_CLIENT" 203.0.113.50 by eth1
	has "$output" '^verdict +right: answered by eth1 through 10\.0\.0\.1, which leads to it$'
	multihome 1 explain "$LAB_CLIENT" 203.0.113.50 by eth0
	has "$output" '^verdict +astray: asked by eth0, answered by eth1 through 10\.0\.0\.1'
	cable_out 1
	local which
	for which in all eth1; do
		host sysctl -qw "net.ipv4.conf.$which.ignore_routes_with_linkdown=1"
		multihome 0 explain "$LAB_CLIENT" 203.0.113.50
		has "$output" ' 32767: from all lookup default: matches, default via 192\.168\.2\.1'
		has "$output" ' agrees: via 192\.168\.2\.1 dev eth0 \(table (default|253)\)$'
		host sysctl -qw "net.ipv4.conf.$which.ignore_routes_with_linkdown=0"
	done
}

@test "a NIC without a gateway is answered for by another one: astray, or lost" {
	host_up
	sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth0"
	service start
	program
	neighbours_known
	explains no-gateway 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	host sysctl -qw net.ipv4.conf.eth0.rp_filter=1
	explains no-gateway-filter 1 "$LAB_CLIENT" 192.168.2.99
	is "$(probe_ping 192.168.2.99)" 'lost -'
	multihome 0 explain "$LAB_CLIENT"
}

@test "IPv6: astray without the package, right with it, and between neighbours" {
	host_up LAB_IPV6=1 LAB_STRICT_ROUTERS=1
	lab_uplinks6
	service start
	program
	neighbours_known
	local k
	for k in 0 1; do
		router "$k" ping -n -q -c1 -W1 "${LAB_ADDRESSES6[k]}"
	done
	explains inet6 1 "$LAB_CLIENT6" "${LAB_ADDRESSES6[1]}"
	is "$(probe_ping "${LAB_ADDRESSES6[1]}")" 'lost eth0'
	cured
	is "$(probe_ping "${LAB_ADDRESSES6[1]}")" 'ok eth1'
	explains inet6-with 0 "$LAB_CLIENT6"
	explains inet6-link 0 fe80::1%eth1 "${LAB_ADDRESSES6[1]}"
	router 1 ping -n -q -c1 -W1 -I fe80::1%uplink "${LAB_ADDRESSES6[1]}"
}

# --- what random hosts showed (tests/hosts) --------------------------------------------

@test "a service address in a NIC's network arrives by that NIC, which may filter it" {
	without LAB_RP_FILTER=el6
	host ip address add 192.168.2.200/32 dev lo
	is "$(probe_ping 192.168.2.200)" 'lost -'
	multihome 1 explain "$LAB_CLIENT" 192.168.2.200
	has "$output" '^verdict +lost on arrival: rp_filter of eth0 drops what eth1 would answer$'
	cable 0 down
	multihome 1 explain "$LAB_CLIENT" 192.168.2.200
	has "$output" '^verdict +lost: eth0 has no carrier$'
}

@test "where no NIC answers ARP for an address nothing arrives" {
	without
	host sysctl -qw net.ipv4.conf.eth1.arp_ignore=8
	router 1 ip neighbour flush dev uplink
	is "$(probe_ping 10.0.0.99)" 'lost -'
	multihome 1 explain "$LAB_CLIENT" 10.0.0.99
	has "$output" '^verdict +lost: no NIC answers ARP for it '
	multihome 1 check
	has "$output" '^eth1: ARP for 10.0.0.99 is answered by no NIC$'
}

@test "a container that a rule by hand forgets is not answered by the uplink" {
	without
	container_up
	host ip -batch - <<-END
		route add default via 192.168.2.1 dev eth0 table 7
		rule add from 192.168.2.99 lookup 7
	END
	! host ip netns exec container ping -n -q -c1 -W1 192.168.2.99 || false
	multihome 1 explain 172.17.0.2 192.168.2.99
	has "$output" '^verdict +astray: asked by docker0, answered by eth0 through 192\.168\.2\.1, not$'
}

@test "replies that leave by another NIC's dead router are found" {
	without
	host ip neighbour replace 10.0.0.1 dev eth1 nud failed
	multihome 1 check
	has "$output" '^eth0: replies from 192.168.2.99 leave by eth1 via 10.0.0.1'
}

@test "a cable that is out is told at once" {
	without
	cable 1 down
	multihome 1 explain "$LAB_CLIENT" 10.0.0.99
	has "$output" '^verdict +lost: eth1 has no carrier$'
}

@test "replies through the gateway of before are no fault while the edit waits" {
	started LAB_RP_FILTER=el6
	neighbours_known
	sed -i s/GATEWAY=.*/GATEWAY=192.168.2.2/ "$LAB_SCRIPTS/ifcfg-eth0"
	host multihome check --porcelain >"$BATS_TEST_TMPDIR/said" || true
	has "$(cat "$BATS_TEST_TMPDIR/said")" '^note	wrong-gateway	eth0	192.168.2.99	'
}

# refuses_words STATUS PATTERN WORD…: one line on stderr, nothing on stdout.
refuses_words() {
	local expected=$1 pattern=$2
	shift 2
	multihome "$expected" explain "$@"
	is "$output" ''
	is "$(lines "$stderr")" 1
	has "$stderr" "$pattern"
}

@test "words that are no addresses are refused with one line" {
	without
	local address=': an IPv4 or IPv6 address is expected$'
	local host=': the address of one host on a network is expected$'
	refuses_words 2 "^multihome: explain: nowhere$address" nowhere
	refuses_words 2 "^multihome: explain: 192.0.2.1/24$address" 192.0.2.1/24
	refuses_words 2 "^multihome: explain: 192.0.2$address" 192.0.2
	refuses_words 2 "^multihome: explain: 1::2::3$address" "$LAB_CLIENT" 1::2::3
	refuses_words 2 "$host" 127.0.0.1
	refuses_words 2 "$host" 224.0.0.1
	refuses_words 2 "$host" 255.255.255.255
	refuses_words 2 "$host" 0.0.0.0
	refuses_words 2 "$host" ::1
	refuses_words 2 "$host" ff02::1
	refuses_words 2 ': a host.s address is expected, not that of all hosts' 10.255.255.255
	refuses_words 2 ': REMOTE and LOCAL of one family are expected$' 192.0.2.1 2001:db8::1
	refuses_words 2 ': its device is expected after it: ' fe80::1
	refuses_words 2 ': there is no such device$' fe80::1%eth7
	refuses_words 2 ': only a link-local address has a device$' 2001:db8::1%eth0
	refuses_words 2 ": a link-local REMOTE's packets arrive by its device$" fe80::1%eth0 by eth1
	refuses_words 2 ': only a link-local REMOTE reaches it$' 2001:db8::1 fe80::2
	refuses_words 1 '^multihome: explain: 192.0.2.9: not an address of this host$' \
		"$LAB_CLIENT" 192.0.2.9
	refuses_words 1 '^multihome: explain: no NIC has an IPv6 address$' 2001:db8::1
	multihome 2 explain
	multihome 2 explain 192.0.2.1 192.0.2.2 192.0.2.3
}
