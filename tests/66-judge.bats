#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# check, explain and show of one host say the same: for people, programs and monitors. Each fault is
# made for real, each cure is carried out, and then packets are answered.

load lab/test

# plain_started [KEY=VALUE…]: the package at work, and nothing else.
plain_started() {
	host_up "$@"
	lab_install
	service start
}

# The program alone: no hook has it, and no file is of its own.
program() {
	host install -m 755 "/run/lab/repo/${LAB_BUILD:-build}/multihome" /sbin/multihome
}

# json PATTERN: what was printed last is one JSON object, and has a line like that once it is
# indented.
json() {
	output=$(python3 -m json.tool <<<"$output")
	has "$output" "$1"
}

# finding KIND [DEVICE]: check has it; its cure is in $cure.
finding() {
	local line
	run --separate-stderr host multihome check --porcelain
	line=$(grep -P "^(wrong|note)\t$1\t${2--}\t" <<<"$output") || {
		printf 'no %s of %s in:\n%s\n' "$1" "${2--}" "$output"
		return 1
	}
	is "$(lines "$line")" 1 "findings of $1"
	cure=$(cut -f 6 <<<"$line")
}

# quiet: check exits 0, notes at most.
quiet() {
	multihome 0 check
	has_no "$output" '^[^n ]'
}

# done_with_it: the same, and none of them says to do anything.
done_with_it() {
	quiet
	has_no "$output" '^  (run|set|add|remove) '
}

# state DEVICE STATE [DEFAULT]
state() {
	local fields
	multihome 0 show --porcelain
	fields=$(awk -F '\t' -v device="$1" '$1 == device { print $5, $6 }' <<<"$output")
	is "${fields% *}" "$2" "state of $1"
	[ $# -lt 3 ] || is "${fields#* }" "$3" "default of $1"
}

# explained OUTCOME WORD…: how the last line of explain begins.
explained() {
	local outcome=$1 expected=0
	shift
	[[ $outcome = right* || $outcome = unknown* ]] || expected=1
	multihome $expected explain "$@"
	has "$output" "^verdict +$outcome"
	cure=$(sed -n 's/^cure  *//p' <<<"$output")
}

# --- for programs ------------------------------------------------------------------------

@test "show, check and explain print one JSON object each, of one schema" {
	plain_started LAB_RP_FILTER=el6
	multihome 0 show --json
	json '"uplinks": \['
	is "$(jq -r '.uplinks[] | [.dev, .file, .family, .addr_info[0].local,
		.addr_info[0].prefixlen, .gateway, .table, .state, .default, .rp_filter] |
		map(tostring) | join(" ")' <<<"$output")" "$(
		echo eth0 ifcfg-eth0 inet 192.168.2.99 24 192.168.2.1 100 up standby strict
		echo eth1 ifcfg-eth1 inet 10.0.0.99 8 10.0.0.1 101 up winner strict)"
	multihome 0 explain "$LAB_CLIENT" 10.0.0.99 --json
	is "$(jq -c '[.version, (.addresses[] | .remote, .local, .dev, .iif, .oif, .gateway, .table,
		.outcome, .fault)]' <<<"$output")" \
		"[1,\"$LAB_CLIENT\",\"10.0.0.99\",\"eth1\",\"eth1\",\"eth1\",\"10.0.0.1\",101,\"right\",\"none\"]"
	multihome 0 explain 10.0.0.99 192.168.2.99 --json
	is "$output" '{"version":1,"addresses":[]}' 'what never leaves the host'
	multihome 0 check --json
	is "$(jq -c 'keys_unsorted' <<<"$output")" \
		'["version","uplinks","addresses","own","findings"]'
	is "$(jq -c '[.own[] | [.oif, .outcome]]' <<<"$output")" '[["eth1","right"]]'
	host ip link set eth1 down
	multihome 1 check --json
	json '"outcome": "right"'
	is "$(jq -c '[.uplinks[] | .state]' <<<"$output")" '["up","down"]'
	is "$(jq -c '[.findings[] | select(.kind == "down") | .wrong, .dev, .cure]' <<<"$output")" \
		'[false,"eth1","run ifup eth1"]'
}

@test "a name that would break a line or JSON is told in both" {
	plain_started
	printf 'NAME="a\\b"\nTABEL=1\n' >>"$LAB_SCRIPTS/ifcfg-eth0"
	mv "$LAB_SCRIPTS/ifcfg-eth0" "$LAB_SCRIPTS/"$'ifcfg-"\\\xc3\xa4\xff'
	multihome 1 check --json
	json '"text": ".*ifcfg-\\"\\\\\\u00e4\?:'
	multihome 0 show --json
	json '"file": "ifcfg-\\"'
}

@test "no name's control characters reach the terminal, and all of them JSON" {
	local name=$'e\e[31m\xc2\x9bX' option
	plain_started
	host ip link add "$name" type veth peer name end
	host ip address add 172.29.0.1/24 dev "$name"
	host ip link set "$name" up
	host ip link set end up
	links_settle
	printf '%s\n' IPADDR=172.29.0.1 NETMASK=255.255.255.0 GATEWAY=172.29.0.7 \
		>"$LAB_SCRIPTS/ifcfg-$name"
	for option in show 'show --porcelain' check 'check --porcelain' 'check --nagios' report \
		"explain $LAB_CLIENT" 'explain 172.29.0.1 192.168.2.99'; do
		# shellcheck disable=SC2086 # words
		run host multihome $option
		has_no "$output" $'[\x01-\x08\x0e-\x1f]|\xc2\x9b'
		[[ $output != *X* ]] || has "$output" 'e\?\[31m'
	done
	run --separate-stderr host multihome check --json
	has_no "$output" $'\xc2\x9b'
	# shellcheck disable=SC2016 # Python's
	is "$(python3 -c 'import json, sys
print(json.load(sys.stdin)["uplinks"][0]["dev"] == "ifcfg-e\x1b[31m\x9bX")' \
		<<<"$output")" True
	run host script -qec 'multihome plan' /dev/null
	has "$output" 'e\?\[31m'
	has_no "$output" $'\e\\[31m'
}

@test "a plugin of Nagios: one line with performance data, and OK, WARNING, CRITICAL, UNKNOWN" {
	local data='uplinks_up=[0-2];;;0;2 addresses_right=[0-2];;;0;2 time=[0-9]+ms$'
	plain_started
	multihome 0 check --nagios
	has "$output" "^MULTIHOME OK - 2 addresses of 2 NICs answer by their own NIC \| $data"
	rm "$LAB_SCRIPTS/rule-eth1"
	multihome 1 check --nagios
	has "$output" "^MULTIHOME WARNING - 1 wrong, the first: eth1: [^|]* \| $data"
	host ip route flush table default
	host ip route flush exact default
	multihome 2 check --nagios
	has "$output" "^MULTIHOME CRITICAL - [^|]* \| .*addresses_right=2;"
	multihome 0 sync
	# Somebody took it down, or nobody brought it up.
	host ifdown eth1
	multihome 1 check --nagios
	has "$output" "^MULTIHOME WARNING - eth1: it is down, or without an address; 1 [^|]* \| uplinks_up=1;"
	host sed -i s/ONBOOT=.*/ONBOOT=no/ /etc/sysconfig/network-scripts/ifcfg-eth1
	multihome 0 check --nagios
	has "$output" '^MULTIHOME OK - 1 '
	host sed -i s/ONBOOT=.*/ONBOOT=yes/ /etc/sysconfig/network-scripts/ifcfg-eth1
	host ifup eth1
	cable_out 1
	multihome 2 check --nagios
	has "$output" "^MULTIHOME CRITICAL - [^|]* \| uplinks_up=1;.*addresses_right=1;"
	is "$(lines "$output")" 1
	multihome 3 check --nagios --root /nowhere
	has "$output" '^MULTIHOME UNKNOWN - [^|]*$'
}

@test "check --root reads the files of another host, and nothing of this one" {
	local copy
	plain_started
	copy=$LAB_ROOT/tmp/copy
	mkdir -p "$copy/etc"
	cp -a "$LAB_ROOT/etc/sysconfig" "$copy/etc"
	host ip link set eth1 down
	multihome 0 check --root /tmp/copy
	is "$output" ''
	sed -i s/^GATEWAY/GATWAY/ "$copy/etc/sysconfig/network-scripts/ifcfg-eth1"
	echo TABLE=254 >>"$copy/etc/sysconfig/network-scripts/ifcfg-eth0"
	multihome 1 check --root /tmp/copy --porcelain
	is "$(cut -f 1-3 <<<"$output")" "$(printf 'wrong\t%s\t%s\n' summary - refused eth0 key eth1)"
	has "$output" 'ifcfg-eth1:[0-9]+: GATWAY: '
	multihome 1 check --root /tmp/copy/etc --json
	is "$(jq -c '[.addresses, .own, (.findings | length)]' <<<"$output")" '[[],[],2]'
}

@test "check --root follows links as the copied host did, and none out of the copy" {
	local copy=$LAB_ROOT/tmp/copy
	plain_started
	copy=$LAB_ROOT/tmp/copy
	mkdir -p "$copy/etc" "$copy/opt"
	cp -a "$LAB_ROOT/etc/sysconfig" "$copy/etc"
	mv "$copy/etc/sysconfig/network-scripts" "$copy/opt/scripts"
	ln -s /opt/scripts "$copy/etc/sysconfig/network-scripts"
	mv "$copy/opt/scripts/ifcfg-eth1" "$copy/opt/eth1"
	ln -s /opt/eth1 "$copy/opt/scripts/ifcfg-eth1"
	ln -s ../../../../../../opt/round "$copy/opt/scripts/ifcfg-eth3"
	ln -s round "$copy/opt/round"
	echo TABEL=1 >"$LAB_ROOT/tmp/outside"
	ln -s /tmp/outside "$copy/opt/scripts/ifcfg-eth2"
	multihome 0 check --root /tmp/copy
	is "$output" ''
	sed -i s/^GATEWAY/GATWAY/ "$copy/opt/eth1"
	multihome 1 check --root /tmp/copy --porcelain
	has "$output" 'network-scripts/ifcfg-eth1:[0-9]+: GATWAY: '
	has_no "$output" TABEL
}

@test "check --root says nothing of addresses, which it does not look at" {
	local copy
	plain_started
	copy=$LAB_ROOT/tmp/copy
	mkdir -p "$copy/etc"
	cp -a "$LAB_ROOT/etc/sysconfig" "$copy/etc"
	multihome 0 check --root /tmp/copy --porcelain
	[[ $output != *'no NIC has a gateway'* ]]
	multihome 0 check --root /tmp/copy --nagios
	[[ $output != *uplinks_up=0* ]]
}

@test "show DEVICE lists one uplink with all of its addresses, or says that it is none" {
	el6_or_later || skip 'EL5: an address to a file, and no route of each NIC'
	local i
	plain_started
	multihome 0 show eth0
	is "$(awk '{print $1}' <<<"$output")" $'DEVICE\neth0'
	for i in 1 2 3 4 5; do
		printf '%s\n' "IPADDR$i=192.168.2.10$i" "PREFIX$i=24"
	done >>"$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 sync
	multihome 0 show
	has "$output" '^ +and 3 more'
	multihome 0 show eth0
	has "$output" '192\.168\.2\.105/24'
	multihome 1 show lo
	is "$output/$stderr" '/lo is no uplink'
}

# --- states --------------------------------------------------------------------------------

@test "before the first sync and after clean no uplink counts as served" {
	host_up LAB_RP_FILTER=el6
	service start
	lab_install
	state eth0 not-applied -
	state eth1 not-applied winner
	is "$(probe_ping 192.168.2.99)" 'lost -'
	multihome 0 sync
	state eth0 up standby
	answers 0 1
	multihome 0 clean
	state eth0 not-applied -
}

@test "an edit that waits, a link that is down, a cable that is out, a router that is dead" {
	plain_started LAB_UPLINKS=3
	state eth0 up standby
	multihome 0 show
	has "$output" '^eth0 .* standby 1 '
	has "$output" '^eth1 .* standby 2 '
	echo METRIC=50 >>"$LAB_SCRIPTS/ifcfg-eth0"
	state eth0 waits
	finding waits eth0
	carry_out "$cure"
	state eth0 up
	host ip link set eth0 down
	state eth0 down -
	finding down eth0
	is "$cure" 'run ifup eth0'
	host ifdown eth0
	carry_out "$cure"
	state eth0 up
	cable_out 0
	state eth0 no-carrier
	host ip neighbour replace 10.0.0.1 dev eth1 nud failed
	state eth1 dead
	cable 0 up
	links_settle
	host ip neighbour flush dev eth1
	state eth0 up
	answers 0 1 2
}

@test "a default by two next hops is shared, and a VPN's halves are told below the table" {
	plain_started
	host ip route replace default nexthop via 192.168.2.1 nexthop via 10.0.0.1
	state eth0 up shares
	state eth1 up shares
	host ip route replace default via 10.0.0.1
	vpn_up
	multihome 0 sync
	state eth1 up standby
	multihome 0 show
	has "$output" "^The host's own traffic leaves by tun0: "
	answers 0 1
}

# --- the host's own traffic ------------------------------------------------------------------

@test "F1, F14: the winner's cable is out: the host is offline, and ifdown moves on to the next" {
	plain_started LAB_RP_FILTER=el6
	reaches_client eth1
	cable_out 1
	is "$(probe_own)" 'lost -'
	explained 'lost: eth1 has no carrier' "$LAB_CLIENT" 10.0.0.99
	multihome 1 check
	is "$output" "$(sed -n '/^    eth1: it has no carrier/,/^$/s/^    //p' "$LAB_REPO/README.md")" \
		README.md
	finding no-carrier eth1
	finding offline
	is "$cure" 'see the cable of eth1, and what is at its other end'
	host ifdown eth1
	reaches_client eth0
	answers 0
	quiet
	cable 1 up
	host ifup eth1
	quiet
	answers 0 1
}

@test "F14: the winner's gateway is dead: offline, until it answers" {
	plain_started
	router 1 ip address del 10.0.0.1/8 dev uplink
	host ip neighbour replace 10.0.0.1 dev eth1 nud failed
	is "$(probe_own)" 'lost -'
	host ip neighbour replace 10.0.0.1 dev eth1 nud failed
	finding offline
	finding neighbour eth1
	explained 'lost: 10\.0\.0\.1 does not answer on eth1' "$LAB_CLIENT" 10.0.0.99
	finding offline
	router 1 ip address add 10.0.0.1/8 dev uplink
	carry_out "$cure"
	reaches_client eth1
	quiet
}

@test "a gateway on the link, in none of the NIC's networks, that does not answer: offline" {
	plain_started
	host ip route replace default via 172.30.0.1 dev eth1 onlink
	host ip neighbour replace 172.30.0.1 dev eth1 nud failed
	is "$(probe_own)" 'lost -'
	host ip neighbour replace 172.30.0.1 dev eth1 nud failed
	finding offline
}

# A router that answers its own network alone.
@test "a router that does not answer what the alias asks, but the rest: arp_announce, not offline" {
	needs_nft arp
	host_up LAB_RP_FILTER=el6
	lab_uplink 1 IPADDR=10.0.0.2 NETMASK=255.255.255.0
	lab_ifcfg eth1:1 DEVICE=eth1:1 ONBOOT=yes BOOTPROTO=none IPADDR=172.16.0.1 \
		NETMASK=255.255.255.248
	router 1 ip address add 10.0.0.1/24 dev uplink
	router 1 ip route add 172.16.0.0/29 via 10.0.0.2
	client ip route add 172.16.0.0/29 via 172.31.2.1 src "$LAB_CLIENT"
	router 1 nft 'table arp strict { chain in { type filter hook input priority 0;
		iifname uplink arp saddr ip != 10.0.0.0/24 drop; }; }'
	lab_install
	service start
	router 1 ip neighbour replace 10.0.0.2 dev uplink nud permanent \
		lladdr "$(host cat /sys/class/net/eth1/address)"
	host ip neighbour flush dev eth1
	is "$(probe_ping 172.16.0.1)" 'lost -'
	host sh -c 'until ip neighbour show dev eth1 | grep -q "0\.1 .*FAILED"; do sleep 0.1; done'
	finding neighbour eth1
	has "$cure" 'arp_announce'
	has_no "$output" '^wrong	offline	'
	is "$(probe_own)" 'ok eth1'
}

@test "a host whose default is gone is told so, and sync gives it the next" {
	plain_started
	host ip route flush table default
	host ip route flush exact default
	is "$(probe_own)" 'lost -'
	finding offline
	carry_out "$cure"
	is "$(probe_own)" 'ok eth0'
	quiet
}

@test "a rule that refuses the winner's address refuses what the host sends, too" {
	plain_started
	host ip rule add from 10.0.0.99 prohibit priority 50
	is "$(probe_own)" 'lost -'
	is "$(probe_ping 10.0.0.99)" 'lost -'
	finding no-way-back eth1
	finding offline
	is "$cure" 'see the rule from 10.0.0.99 prohibit priority 50, which somebody made'
	host ip rule del priority 50
	quiet
	reaches_client eth1
}

@test "two defaults of one metric" {
	plain_started
	host ip route append default via 192.168.2.1 dev eth0
	finding two-defaults
	[[ $cure == 'see '* ]]
	host ip route del default via 192.168.2.1 dev eth0
	quiet
}

@test "of two defaults in turn rp_filter looks at the first, and the reply leaves by the one alive" {
	host_up LAB_RP_FILTER=el6
	service start
	program
	host ip route del default
	host ip route add default via 192.168.2.1 dev eth0
	host ip route append default via 10.0.0.1 dev eth1
	router 0 ip address del 192.168.2.1/24 dev uplink
	host ip neigh flush dev eth0
	run ! host ping -nqc1 -W1 192.168.2.1
	host ping -nqc1 -W1 10.0.0.1
	host sh -c 'until ip neigh show 192.168.2.1 | grep -qE "FAILED|INCOMPLETE"; do sleep 0.05; done'
	has "$(host ip route get 192.0.2.1 from 10.0.0.99)" 'dev eth1'
	is "$(probe_ping 10.0.0.99)" 'lost -'
	multihome 1 check --porcelain
	has "$output" '\(eth1\): the first of the routes back is by eth0 via 192\.168\.2\.1, not by eth1'
	multihome 1 explain 192.0.2.1 10.0.0.99
	has "$(tr -s '\n ' ' ' <<<"$output")" 'rp_filter of eth1 drops what has its first way back by eth0'
	lab_install
	carry_out "$(sed -n 's/^cure *//p' <<<"$output")"
	is "$(probe_ping 10.0.0.99)" 'ok eth1'
}

@test "an uplink's NIC with ARP turned off is lost, and so is the host's own traffic" {
	local k
	plain_started
	for k in 0 1; do
		host ip link set "eth$k" arp off
		router "$k" ip neigh flush dev uplink
		is "$(probe_ping "${LAB_ADDRESSES[k]}")" 'lost -'
		multihome 1 explain "$LAB_CLIENT" "${LAB_ADDRESSES[k]}"
		has "$output" "^verdict +lost: no NIC answers ARP for it \\(eth$k has NOARP\\)"
		multihome 1 explain "$LAB_CLIENT" "${LAB_ADDRESSES[k]}" by "eth$k"
		has "$output" "^verdict +lost: eth$k asks for no MAC address"
		finding arp "eth$k"
		is "$cure" "run ip link set eth$k arp on && ip neigh flush dev eth$k nud noarp"
		[ "$k" = 0 ] || { is "$(probe_own)" 'lost -'; finding offline; }
		carry_out "$cure"
		quiet
		router "$k" ip neigh flush dev uplink
		answers "$k"
	done
}

@test "IPv6: likewise" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	host ip address flush dev eth0 scope global
	host ip -6 address add 2001:db8:2::99/64 dev eth0
	multihome 0 sync
	host ip link set eth0 arp off
	is "$(probe_ping 2001:db8:2::99)" 'lost -'
	multihome 1 explain "$LAB_CLIENT6" 2001:db8:2::99
	has "$output" '^cure +run ip link set eth0 arp on && ip neigh flush dev eth0 nud noarp'
	finding neighbour eth0
	carry_out "$cure"
	quiet
	is "$(probe_ping 2001:db8:2::99)" 'ok eth0'
}

@test "arp_filter is advised where it silences the other NIC, and only there" {
	el6_or_later || skip 'EL5: an address to a file'
	plain_started
	host ip address add 10.5.5.5/24 dev eth0
	multihome 0 sync
	finding arp eth1
	is "$cure" 'see the route 10.0.0.0/8 dev eth1 of table main'
	host sysctl -qw net.ipv4.conf.eth1.arp_filter=1
	finding arp eth1
	is "$cure" 'see the route 10.0.0.0/8 dev eth1 of table main'
	router 1 ip neigh flush dev uplink
	router 1 ping -nqc1 -W1 10.5.5.5
	has "$(router 1 ip neigh show 10.5.5.5)" "$(host cat /sys/class/net/eth1/address)"
	host sysctl -qw net.ipv4.conf.eth1.arp_filter=0
	carry_out 'set IPADDR1=10.5.5.5 and PREFIX1=24 in ifcfg-eth0 and run multihome sync'
	finding arp eth1
	carry_out "$cure"
	quiet
	router 1 ip neigh flush dev uplink
	run ! router 1 ping -nqc1 -W1 10.5.5.5
	has "$(router 1 ip neigh show 10.5.5.5)" 'FAILED|INCOMPLETE'
}

@test "a static route that a bounce took away is missed, and ifup-routes brings it back" {
	plain_started
	echo '203.0.113.0/24 via 10.0.0.7 dev eth1' >>"$LAB_SCRIPTS/route-eth1"
	host ifdown eth1
	host ifup eth1
	quiet
	host ip link set eth1 down
	host ip link set eth1 up
	links_settle
	multihome 0 sync
	finding route-lost eth1
	carry_out "$cure"
	has "$(routes)" '^203\.0\.113\.0/24 via 10\.0\.0\.7 dev eth1'
	multihome 0 sync
	quiet
	answers 0 1
}

@test "a line that ip refuses each time is not to be run again: the cure says why" {
	local line cr=$'\r'
	plain_started
	host ip link add loose type bridge
	host ip link set loose up
	for line in 'via 172.16.9.9' 'via 10.0.0.7 # office' 'via 10.0.0.7 foo' 'via 10.0.0.7 mtu x' \
		'via 10.0.0.7 src 1.2.3.4' "via 10.0.0.7$cr" 'via 10.0.0.7 table none' \
		'via 192.0.2.1 dev loose' 'dev loose metric'; do
		echo "203.0.113.0/24 $line" >"$LAB_SCRIPTS/route-loose"
		# shellcheck disable=SC2086 # words
		run ! host ip route add 203.0.113.0/24 $line
		finding route-lost loose
		has "$cure" '^see route-loose:1: '
	done
	echo '203.0.113.5/24 dev loose' >"$LAB_SCRIPTS/route-loose"
	run ! host ip route add 203.0.113.5/24 dev loose
	finding route-lost loose
	is "$cure" 'see route-loose:1: 203.0.113.5/24 has host bits'
	for line in 'via 10.0.0.7 src 10.0.0.99 mtu lock 1400' 'dev loose' 'via inet 10.0.0.7' \
		'nexthop via 10.0.0.7 weight 2 nexthop via 192.168.2.7' 'proto static via 10.0.0.7 scope global' \
		'via 172.16.9.9 dev loose onlink initcwnd 10' 'dev loose src 127.0.0.1'; do
		echo "203.0.113.0/24 $line" >"$LAB_SCRIPTS/route-loose"
		finding route-lost loose
		carry_out "$cure"
		run host multihome check --porcelain
		has_no "$output" route-lost
		host ip route del 203.0.113.0/24
	done
	printf '203.0.113.0/24 dev loose\n198.51.100.0/24 foo\n' >"$LAB_SCRIPTS/route-loose"
	run host multihome check --porcelain
	is "$(lines "$(grep $'^wrong\troute-lost\tloose' <<<"$output")")" 2
	carry_out 'run /etc/sysconfig/network-scripts/ifup-routes loose'
	finding route-lost loose
	has "$cure" '^see route-loose:2: '
}

@test "a route of a route- file that ip puts into table local is there" {
	plain_started
	printf 'local 198.51.100.0/24 dev lo\nbroadcast 198.51.100.255 dev eth1\n' \
		>>"$LAB_SCRIPTS/route-eth1"
	host /etc/sysconfig/network-scripts/ifup-routes eth1
	quiet
	host ip route del broadcast 198.51.100.255 dev eth1 table local
	finding route-lost eth1
	carry_out "$cure"
	quiet
}

@test "the route to a NIC's own network is gone: no line of its route- file can come back" {
	plain_started
	echo '203.0.113.0/24 via 192.168.2.7 dev eth0' >>"$LAB_SCRIPTS/route-eth0"
	host ifdown eth0
	host ifup eth0
	quiet
	host ip route del 203.0.113.0/24
	host ip route del 192.168.2.0/24 dev eth0
	host /etc/sysconfig/network-scripts/ifup-routes eth0
	has_no "$(routes)" '^203\.0\.113\.0/24 via 192\.168\.2\.7 dev eth0 *$'
	finding route-lost eth0
	is "$cure" 'run ip route add 192.168.2.0/24 dev eth0 proto kernel scope link src 192.168.2.99'
	carry_out "$cure"
	finding route-lost eth0
	is "$cure" 'run ip route add 203.0.113.0/24 via 192.168.2.7 dev eth0'
	carry_out "$cure"
	quiet
	has "$(routes)" '^203\.0\.113\.0/24 via 192\.168\.2\.7 dev eth0'
	host ip address del 192.168.2.99/24 dev eth0
	host ip address add 192.168.2.99/24 dev eth0 noprefixroute
	finding route-lost eth0
	carry_out "$cure"
	multihome 0 sync
	host /etc/sysconfig/network-scripts/ifup-routes eth0
	multihome 0 sync
	quiet
	answers 0 1
}

# --- files --------------------------------------------------------------------------------------

@test "F2: keys that are misspelt, in an ifcfg file and in our own, and a NIC without a gateway" {
	plain_started
	sed -i s/^GATEWAY/GATWAY/ "$LAB_SCRIPTS/ifcfg-eth1"
	host ifdown eth1
	host ifup eth1
	finding key eth1
	has "$output" 'ifcfg-eth1:[0-9]+: GATWAY: .*GATEWAY'
	finding no-gateway eth1
	sed -i s/^GATWAY/GATEWAY/ "$LAB_SCRIPTS/ifcfg-eth1"
	host ifdown eth1
	host ifup eth1
	quiet
	echo TABLES_RANGE=100-120 >"$LAB_ROOT/etc/sysconfig/multihome"
	finding refused
	has "$output" 'sysconfig/multihome:1: TABLES_RANGE: '
	rm "$LAB_ROOT/etc/sysconfig/multihome"
	quiet
	answers 0 1
}

@test "after sync a NIC whose file is gone is named still, and one whose NETMASK was edited" {
	el6_or_later || skip 'EL5: an address to a file, and no route of each NIC'
	plain_started
	rm "$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 sync
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	finding edited eth0
	is "$cure" 'see whether ifcfg-eth0 is to come back, or eth0 to go down'
	lab_uplink 0
	multihome 0 sync
	multihome 0 check
	is "$output" ''
	sed -i s/^NETMASK=.*/NETMASK=255.255.0.0/ "$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 sync
	finding edited eth0
	has "$output" 'its 192\.168\.2\.99 has the length 24, and not 16 as in ifcfg-eth0'
	carry_out "$cure"
	has "$(host ip address show dev eth0)" '192\.168\.2\.99/16'
	quiet
	answers 0 1
}

@test "F7: MULTIHOME=off is read by check as by the plan" {
	plain_started
	echo MULTIHOME=off >>"$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 sync
	multihome 0 check
	is "$output" ''
	host ip route add default via 192.168.2.1 dev eth0 metric 5000
	finding wrong-nic eth0
	is "$cure" 'set MULTIHOME=yes in ifcfg-eth0 and run multihome sync'
	quiet
}

@test "F8: a NIC without IPADDR and an address by hand is not told to set what is there" {
	host_up
	sed -i '/^IPADDR\|^NETMASK/d' "$LAB_SCRIPTS/ifcfg-eth0"
	lab_install
	service start
	host ip link set eth0 up
	host ip address add 192.168.2.99/24 dev eth0
	host ip route add default via 192.168.2.1 dev eth0 metric 5000
	explained 'astray: asked by eth0, answered by eth1' "$LAB_CLIENT" 192.168.2.99
	is "$cure" 'see ifcfg-eth0: its GATEWAY= does not count for 192.168.2.99'
	finding wrong-nic eth0
	is "$cure" 'see ifcfg-eth0: its GATEWAY= does not count for 192.168.2.99'
}

@test "F9: what does nothing is not advised: of IPv6, of guests, of a tunnel, of CR LF" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	echo 'iif br9 lookup 101 priority 500' >>"$LAB_SCRIPTS/rule-eth1"
	host ip rule add iif br9 lookup 101 priority 500
	finding stale-rule eth1
	is "$cure" -
	host socat -u TUN:172.30.9.1/32,tun-name=ppp0,iff-up,iff-no-pi OPEN:/dev/null,wronly \
		>/dev/null 2>&1 3>&- &
	disown
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'until [ "$(cat /sys/class/net/ppp0/carrier 2>/dev/null)" = 1 ]; do sleep 0.02; done'
	links_settle
	lab_ifcfg ppp0 DEVICE=ppp0 ONBOOT=no TYPE=xDSL DEFROUTE=no
	multihome 0 sync
	finding no-gateway ppp0
	is "$cure" 'see ifcfg-ppp0: DEFROUTE= decides, or MULTIHOME=no says that none is meant'
	explained 'astray: asked by ppp0, answered by eth1' "$LAB_CLIENT" 172.30.9.1
	is "$cure" 'see DEFROUTE= in ifcfg-ppp0'
	run --separate-stderr host multihome check --porcelain
	has_no "$(cut -f 6 <<<"$output")" '(GATEWAY|ARP_IGNORE)=|rule del'
	lab_uplink 1
	sed -i 's/$/\r/' "$LAB_SCRIPTS/ifcfg-eth1"
	finding refused eth1
	has_no "$cure" ifup
}

@test "F12: a folder that is not there and a device that nobody knows are errors" {
	plain_started
	multihome 1 plan --root /nowhere
	is "$stderr" '/nowhere: No such file or directory'
	multihome 1 check --root /nowhere
	multihome 2 plan eth77
	is "$stderr" 'eth77: no such device, and no ifcfg file for one'
}

# --- verdicts -------------------------------------------------------------------------------------

@test "F3: a NIC without a gateway in another's network, whose MAC the router knows" {
	local mac
	host_up LAB_RP_FILTER=el6
	lab_uplink 1 IPADDR=192.168.2.98 NETMASK=255.255.255.0
	sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth1"
	service start
	lab_install
	mac=$(host cat /sys/class/net/eth1/address)
	router 1 ip address add 192.168.2.1/24 dev uplink
	router 1 ip neighbour replace 192.168.2.98 lladdr "$mac" dev uplink
	client ip route replace 192.168.2.98 via 172.31.2.1 src "$LAB_CLIENT"
	is "$(probe_ping 192.168.2.98)" 'lost -'
	explained 'lost on arrival: rp_filter of eth1' "$LAB_CLIENT" 192.168.2.98 by eth1
	finding wrong-nic eth1
	is "$cure" 'set GATEWAY=192.168.2.1 in ifcfg-eth1 and run multihome sync'
	carry_out "$cure"
	is "$(probe_ping 192.168.2.98)" 'ok eth1'
	explained 'right: answered by eth1' "$LAB_CLIENT" 192.168.2.98
	quiet
}

@test "F4: a container that came after the start: its packets arrive by its bridge and are lost" {
	plain_started
	container_up
	from_container() {
		host ip netns exec container ping -n -q -c1 -W1 192.168.2.99 >/dev/null
	}
	run ! from_container
	explained 'astray: asked by docker0, answered by eth0 through' 172.17.0.2 192.168.2.99
	has "$output" '^1 arrival .* by docker0, which leads to it; eth0 has$'
	multihome 1 explain 172.17.0.2 192.168.2.99 --json
	is "$(jq -r '.addresses[0] | .iif, .oif, .outcome, .fault' <<<"$output" | xargs)" \
		'docker0 eth0 astray wrong-nic'
	carry_out "$cure"
	explained 'right: answered by docker0, which leads to it' 172.17.0.2 192.168.2.99
	from_container
	answers 0 1
}

# reached_by ADDRESS K: the network sends it to the host's NIC K.
reached_by() {
	router "$2" ip route replace "$1" via "${LAB_ADDRESSES[$2]}"
	client ip route replace "$1" via 172.31.$(($2 + 1)).1 src "$LAB_CLIENT"
}

@test "F5: a service address outside of all networks, on the NIC or on lo: one cure, that cures" {
	plain_started LAB_RP_FILTER=el6
	host ip address add 203.0.113.200/32 dev eth0
	reached_by 203.0.113.200 0
	is "$(probe_ping 203.0.113.200)" 'lost -'
	explained 'lost on arrival: rp_filter of eth0 drops what eth1 would' "$LAB_CLIENT" 203.0.113.200
	finding dropped eth0
	carry_out "$cure"
	is "$(probe_ping 203.0.113.200)" 'ok eth0'
	done_with_it
	host ip rule del from 203.0.113.200
	host ip address del 203.0.113.200/32 dev eth0
	host ip address add 203.0.113.200/32 dev lo
	is "$(probe_ping 203.0.113.200)" 'lost -'
	explained lost "$LAB_CLIENT" 203.0.113.200 by eth0
	carry_out "$cure"
	is "$(probe_ping 203.0.113.200)" 'ok eth0'
	explained 'right: answered by eth0' "$LAB_CLIENT" 203.0.113.200 by eth0
	done_with_it
}

# It is in no network: of the two providers only that of the NIC that is asked knows it.
@test "a service address on another NIC than the one that is asked goes by the one that is" {
	plain_started
	host ip address add 203.0.113.200/32 dev eth1
	reached_by 203.0.113.200 0
	is "$(probe_ping 203.0.113.200)" 'ok eth1'
	explained 'astray: asked by eth0, answered by eth1' "$LAB_CLIENT" 203.0.113.200 by eth0
	carry_out "$cure"
	is "$(probe_ping 203.0.113.200)" 'ok eth0'
	explained 'right: answered by eth0' "$LAB_CLIENT" 203.0.113.200 by eth0
}

# The router answers no ARP for others, but nothing has asked it yet.
@test "a default route without a gateway is right only where somebody answers" {
	plain_started
	host ip route replace default dev eth1
	sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth1"
	multihome 0 clean
	explained 'unknown: answered by eth1 if somebody' "$LAB_CLIENT" 10.0.0.99
	host ping -c 1 -W 1 "$LAB_CLIENT" || true
	sleep 3
	multihome 1 check
	has "$output" '^what the host sends itself leaves by eth1 without a gateway'
	router 1 sysctl -qw net.ipv4.conf.all.proxy_arp=1
	host ip neighbour flush dev eth1
	host ping -c 1 -W 3 "$LAB_CLIENT"
	explained 'right: answered by eth1' "$LAB_CLIENT" 10.0.0.99

	# By way of its own address is the same.
	host ip route replace default via 192.168.2.99 dev eth0
	host ping -c 1 -W 1 "$LAB_CLIENT" || true
	sleep 3
	multihome 1 check
	has "$output" '^what the host sends itself leaves by eth0 without a gateway'
	has "$output" '^eth0: replies leave without a gateway, and nobody answers there'
	explained 'lost: ' "$LAB_CLIENT" 192.168.2.99
	has "$output" '^6 kernel +agrees'
}

@test "an address of another network on the NIC is to be set in its file" {
	el6_or_later || skip 'EL5: an address to a file, and no route of each NIC'
	plain_started LAB_RP_FILTER=el6
	echo 'IPADDR1=192.168.2.98' >>"$LAB_SCRIPTS/ifcfg-eth0"
	echo 'PREFIX1=24' >>"$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 sync
	host ip address add 203.0.113.200/24 dev eth0
	reached_by 203.0.113.200 0
	is "$(probe_ping 203.0.113.200)" 'lost -'
	finding dropped eth0
	is "$cure" 'set IPADDR2=203.0.113.200 and PREFIX2=24 in ifcfg-eth0 and run multihome sync'
	carry_out "$cure"
	is "$(probe_ping 203.0.113.200)" 'ok eth0'
	quiet
}

@test "by DEVICE: an address that is asked by the other NIC is filtered there" {
	plain_started LAB_RP_FILTER=el6
	reached_by 10.0.0.99 0
	is "$(probe_ping 10.0.0.99)" 'lost -'
	explained 'lost on arrival: rp_filter of eth0 drops what eth1' "$LAB_CLIENT" 10.0.0.99 by eth0
	has "$output" '^1 arrival .* by eth0, as said; eth1 has the address$'
	is "$cure" 'set RP_FILTER=loose in ifcfg-eth0 and run multihome sync'
	carry_out "$cure"
	explained 'right: answered by eth1' "$LAB_CLIENT" 10.0.0.99 by eth0
	is "$(probe_ping 10.0.0.99)" 'ok eth1'
	multihome 2 explain "$LAB_CLIENT" 10.0.0.99 by eth9
	is "$stderr" 'multihome: explain: eth9: there is no such device'
	multihome 2 explain "$LAB_CLIENT" by
}

@test "F6: a goto past our rules is named, as by explain" {
	plain_started LAB_RP_FILTER=el6
	host ip rule add from 192.168.2.99 priority 50 goto 32766
	is "$(probe_ping 192.168.2.99)" 'lost -'
	finding dropped eth0
	is "$cure" 'see the rule from 192.168.2.99 goto 32766 priority 50, which somebody made'
	explained 'lost on arrival' "$LAB_CLIENT" 192.168.2.99
	is "$cure" 'see the rule from 192.168.2.99 goto 32766 priority 50, which somebody made'
	host ip rule del priority 50
	quiet
	answers 0
}

@test "F10: firewall rules are said to be there, not examined" {
	needs_nft netdev
	plain_started
	host nft 'table ip admin { chain in { type filter hook input priority 0;
		iifname "eth0" icmp type echo-request drop; }; }'
	is "$(probe_ping 192.168.2.99)" 'lost -'
	explained 'unknown: answered by eth0 through 192\.168\.2\.1 if the' "$LAB_CLIENT" 192.168.2.99
	finding firewall
	quiet
	has "$output" '^note: firewall rules are loaded'
	multihome 0 check --nagios
	has "$output" 'OK - 2 addresses .*, as far as the firewall lets them \|'
	host nft flush ruleset
	host nft 'table netdev admin { chain in { type filter hook ingress device "eth0" priority 0;
		drop; }; }'
	explained unknown "$LAB_CLIENT" 192.168.2.99
	host nft flush ruleset
	host nft 'table arp admin { chain in { type filter hook input priority 0; drop; }; }'
	explained unknown "$LAB_CLIENT" 192.168.2.99
	host nft flush ruleset
	explained 'right: ' "$LAB_CLIENT" 192.168.2.99
}

# bats test_tags=kernel
@test "policies of IPsec are said to be there, not examined" {
	plain_started
	host ip xfrm policy add src 192.168.2.99 dst "$LAB_CLIENT" dir out action block 2>/dev/null ||
		skip 'this kernel has no IPsec'
	is "$(probe_ping 192.168.2.99)" 'lost -'
	explained 'unknown: answered by eth0 through 192\.168\.2\.1 if IPsec' "$LAB_CLIENT" 192.168.2.99
	finding firewall
	quiet
	has "$output" '^note: IPsec has policies'
	host ip xfrm policy flush
	explained 'right: ' "$LAB_CLIENT" 192.168.2.99
}

@test "where the kernel is told to, it passes over a next hop that does not answer" {
	plain_started
	host sysctl -qw net.ipv4.fib_multipath_use_neigh=1
	host ip rule del from 192.168.2.0/24 priority 10001
	host ip route replace default nexthop via 192.168.2.1 nexthop via 10.0.0.1
	explained 'astray: asked by eth0, answered by' "$LAB_CLIENT" 192.168.2.99
	router 1 ip address del 10.0.0.1/8 dev uplink
	host ip neighbour replace 10.0.0.1 dev eth1 nud failed
	answers_by 192.168.2.99 eth0
	reaches_client eth0
	host ip neighbour replace 10.0.0.1 dev eth1 nud failed
	explained 'right: answered by eth0' "$LAB_CLIENT" 192.168.2.99
	run --separate-stderr host multihome check --porcelain
	has_no "$output" '	(offline|wrong-nic)	'
}

@test "of next hops one of which has no carrier each flow of IPv6 takes one" {
	local i
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	program
	host ip -6 route add 2001:db8:e::/48 nexthop via 2001:db8:2::1 nexthop via 2001:db8:10::1
	cable_out 1
	for i in 1 2 3 4 5 6 7 8; do
		explained '.*, or( by another)?' "2001:db8:e::$i" "${LAB_ADDRESSES6[0]}"
	done
}

@test "a rule for marked packets leaves it open which way a reply goes" {
	plain_started
	host ip rule add fwmark 7 lookup 7 priority 300
	host ip route add default via 10.0.0.1 dev eth1 table 7
	explained 'unknown: answered by eth0 .*, unless this' "$LAB_CLIENT" 192.168.2.99
	finding depends eth0
	quiet
}

@test "F13: one fault of a file is one line" {
	plain_started
	sed -i '1iNAME="open' "$LAB_SCRIPTS/ifcfg-eth1"
	echo ARP_IGNORE=9 >>"$LAB_SCRIPTS/ifcfg-eth0"
	run --separate-stderr host multihome check --porcelain
	is "$(grep -c ifcfg-eth0: <<<"$output")" 2 'the summary and the finding'
	is "$(tail -n +2 <<<"$output" | grep -c ifcfg-eth1:)" 1
}

@test "F17: a foreign rule like ours but for a mark is asked first, and takes nothing from ours" {
	plain_started LAB_RP_FILTER=el6
	host ip rule del from 192.168.2.0/24 priority 10001
	host ip rule add fwmark 9 from 192.168.2.0/24 iif lo lookup 100 priority 10001
	multihome 0 sync
	has "$(rules)" '^10001: from 192\.168\.2\.0/24 fwmark 0x9 iif lo lookup 100'
	is "$(host cat /proc/sys/net/ipv4/conf/eth0/rp_filter)" 1
	quiet
	answers 0 1
}

# bats test_tags=kernel
@test "F18: a NIC in a VRF is said to be in one, and its VRF's routes are not judged" {
	host_up
	# make check has a kernel of such devices for the tests that are tagged so.
	host ip link add vrf1 type vrf table 77 2>/dev/null || skip 'this kernel has no VRF'
	host ip link set vrf1 up
	lab_install
	service start
	host ip link add lan2 type veth peer name lan3
	host ip link set lan2 master vrf1
	host ip address add 172.29.1.1/24 dev lan2
	host ip link set lan2 up
	host ip link set lan3 up
	links_settle
	host ip route add default via 172.29.1.2 dev lan2 table 77
	explained 'unknown: lan2 is in a VRF' "$LAB_CLIENT" 172.29.1.1
	finding vrf lan2
	is "$cure" -
}

@test "an address on a bridge's port: what the gateway answers is the bridge's" {
	plain_started
	host ip link add br0 type bridge
	host ip link set br0 up
	host ip link set eth0 master br0
	links_settle
	host ip neighbour flush dev eth0
	explained 'lost: 192\.168\.2\.1 does not answer on eth0' "$LAB_CLIENT" 192.168.2.99
	has "$output" '^1 arrival .* by br0, which takes what its ports get;'
	finding neighbour eth0
	is "$cure" "see ip address show dev eth0: its addresses are to be br0's"
	is "$(probe_ping 192.168.2.99)" 'lost -'
	host ip link set eth0 nomaster
	host ip neighbour flush dev eth0
	host ip link del br0
	quiet
	answers 0
}

@test "a rule, or a route, by TOS leaves it open which way a reply goes" {
	plain_started
	host ip rule add priority 50 tos 0x10 prohibit
	explained 'unknown: .* unless this rule' \
		"$LAB_CLIENT" 10.0.0.99
	host ip rule del priority 50
	host ip route add default via 192.168.2.1 dev eth0 tos 0x10 table 101
	explained 'unknown: .* unless this route' \
		"$LAB_CLIENT" 10.0.0.99
	quiet
}

@test "what the kernel says of root's packets it does not say of others'" {
	plain_started
	host ip rule add priority 50 uidrange 0-0 prohibit
	multihome 0 sync
	explained 'unknown: answered by eth1 through 10\.0\.0\.1, unless this rule' \
		"$LAB_CLIENT" 10.0.0.99
	run --separate-stderr host multihome check
	has "$output" '^note: what the host sends itself leaves another way if the rule'
	has_no "$output" 'no default route|^  run multihome sync'
}

@test "a rule for main that comes before ours is told as the cause" {
	plain_started
	host ip rule add priority 100 lookup main
	finding wrong-nic eth0
	is "$cure" 'see the rule from all lookup main priority 100, which somebody made'
}

@test "IPv6: a link-local neighbour is answered by the device that it is on" {
	local own
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	own=$(host ip -6 address show dev eth1 scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p')
	router 1 ip -6 route add 2001:db8:2::99 via "$own" dev uplink
	router 1 ping -6 -nqc1 -W1 -I fe80::1%uplink 2001:db8:2::99
	explained 'right: answered by eth1' fe80::1%eth1 2001:db8:2::99
}

# As keepalived makes it, and what people add so that a macvlan's guests reach the host.
@test "a macvlan answers ARP on its device's wire, for a /32 as well" {
	plain_started LAB_RP_FILTER=el6
	host sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=1 \
		net.ipv4.conf.eth0.arp_filter=1
	host ip link add mv0 link eth0 type macvlan mode private
	host sysctl -qw net.ipv4.conf.mv0.rp_filter=0
	host ip address add 192.168.2.10/32 dev mv0
	host ip link set mv0 up
	links_settle
	# What the host asks in its name tells eth0's MAC address.
	host ping -n -q -c1 -W1 192.168.2.1
	router 0 ip neighbour flush dev uplink
	is "$(probe_ping 192.168.2.10)" 'ok eth0'
	has "$(router 0 ip neighbour show 192.168.2.10)" "$(host cat /sys/class/net/mv0/address)"
	explained 'right: answered by eth0 ' "$LAB_CLIENT" 192.168.2.10
	quiet
}

@test "what leaves by the NIC's own macvlan leaves by its wire" {
	plain_started LAB_RP_FILTER=el6
	host ip link add mv0 link eth0 type macvlan mode private
	host sysctl -qw net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.mv0.rp_filter=0
	host ip link set mv0 up
	host ip address add 192.168.2.11/24 dev eth0 noprefixroute
	links_settle
	host ip route add default via 192.168.2.1 dev mv0 onlink table 200
	host ip rule add from 192.168.2.11 lookup 200 priority 200
	is "$(probe_ping 192.168.2.11)" 'ok eth0'
	explained 'right: answered by mv0 through 192\.168\.2\.1' "$LAB_CLIENT" 192.168.2.11
	quiet
}

# A real server of LVS-DR.
@test "a service address that no NIC answers ARP for: by the NIC whose network it is in" {
	host_up LAB_RP_FILTER=el6
	service start
	program
	host sysctl -qw net.ipv4.conf.all.arp_ignore=1
	host ip address add 192.168.2.110/32 dev lo
	router 0 ip neighbour replace 192.168.2.110 dev uplink nud permanent \
		lladdr "$(host cat /sys/class/net/eth0/address)"
	is "$(probe_ping 192.168.2.110)" 'lost -'
	explained 'lost on arrival: rp_filter of eth0' "$LAB_CLIENT" 192.168.2.110
	is "$cure" 'run multihome sync'
	lab_install
	carry_out "$cure"
	is "$(probe_ping 192.168.2.110)" 'ok eth0'
	explained 'unknown: answered by eth0 through 192\.168\.2\.1, whichever NIC' \
		"$LAB_CLIENT" 192.168.2.110
}

@test "a neighbour of the NIC's sends to it, though the network's route leads by another" {
	host_up LAB_RP_FILTER=el6
	second_in_segment
	host ip link set eth9 up
	host ip address add 192.168.2.98/24 dev eth9
	host sysctl -qw net.ipv4.conf.eth9.rp_filter=1 net.ipv4.conf.all.arp_ignore=1
	service start
	program
	run router 0 ping -n -q -c1 -W1 192.168.2.99
	is "$status" 1
	explained 'lost on arrival: rp_filter of eth0' 192.168.2.1 192.168.2.99
	lab_install
	carry_out "$cure"
	router 0 ip neighbour flush dev segment
	router 0 ping -n -q -c1 -W1 192.168.2.99
	explained 'right: answered by eth0$' 192.168.2.1 192.168.2.99
}

@test "a macvlan's address in an uplink's network: its lower NIC is asked for it, too, and answers" {
	plain_started
	host ip link add link eth0 name mv0 type macvlan mode bridge
	host ip address add 192.168.2.150/24 dev mv0
	host ip link set mv0 up
	links_settle
	is "$(probe_ping 192.168.2.150)" 'ok eth0'
	explained 'right: answered by eth0 through 192\.168\.2\.1' "$LAB_CLIENT" 192.168.2.150
	run --separate-stderr host multihome check --porcelain
	has_no "$output" '	wrong-nic	'
	# Where sync would lose it, it is no cure.
	multihome 0 sync
	if [ "$(probe_ping 192.168.2.150)" != 'ok eth0' ]; then
		has_no "$(cut -f 6 <<<"$output")" 'multihome sync$'
	fi
}

@test "a table by hand without the NIC's own network answers neighbours through the router" {
	host_up
	echo 'from 192.168.2.99 table 5' >"$LAB_SCRIPTS/rule-eth0"
	echo 'default via 192.168.2.1 dev eth0 table 5' >"$LAB_SCRIPTS/route-eth0"
	lab_install
	service start
	router 0 ip address add 192.168.2.50/24 dev uplink
	host ip neighbour flush dev eth0
	router 0 ping -n -q -c1 -W1 -I 192.168.2.50 192.168.2.99
	host ip neighbour show 192.168.2.1 dev eth0 | grep -q lladdr
	explained 'right: answered by eth0 through 192\.168\.2\.1, though 192\.168\.2\.50 is' \
		192.168.2.50 192.168.2.99
	quiet
	answers 0 1
}

# --- cures ----------------------------------------------------------------------------------------

# cures KIND K CURE [ADDRESS]: check finds it of ethK, and names that cure, as explain does; once it
# is carried out, the address is answered by that NIC, and all is quiet.
cures() {
	local address=${4-${LAB_ADDRESSES[$2]}} to=$LAB_CLIENT
	[[ $address != *:* ]] || to=$LAB_CLIENT6
	is_not "$(probe_ping "$address")" "ok eth$2"
	finding "$1" "eth$2"
	is "$cure" "$3" 'of check'
	run --separate-stderr host multihome explain "$to" "$address"
	is "$(sed -n 's/^cure  *//p' <<<"$output")" "$3" 'of explain'
	carry_out "$3"
	links_settle
	is "$(probe_ping "$address")" "ok eth$2"
	quiet
}

@test "what the administrator's own lines made, and what is left alone, comes back" {
	host_up LAB_UPLINKS=3 LAB_RP_FILTER=el6
	echo 'from 192.168.2.99 table 5' >"$LAB_SCRIPTS/rule-eth0"
	echo 'default via 192.168.2.1 dev eth0 table 5' >"$LAB_SCRIPTS/route-eth0"
	set_keys TABLE=120 ifcfg-eth1
	echo 'default via 10.0.0.1 dev eth1 table 120' >"$LAB_SCRIPTS/route-eth1"
	lab_install
	service start
	quiet
	answers 0 1 2
	host ip rule del from 192.168.2.99
	cures dropped 0 'run ifdown eth0 && ifup eth0'
	host ip route del default table 120
	cures dropped 1 'run ifdown eth1 && ifup eth1'
	host ip route flush table 5
	cures dropped 0 'run ip route add default via 192.168.2.1 dev eth0 table 5'
	host ip route del default table 120
	finding route-lost eth1
	carry_out "$cure"
	quiet
	answers 0 1 2
	rm "$LAB_SCRIPTS/rule-eth0" "$LAB_SCRIPTS/route-eth0"
	host ip rule del from 192.168.2.99
	host ip route add default via 192.168.2.1 dev eth0 metric 5000
	set_keys MULTIHOME=off ifcfg-eth0
	multihome 0 sync
	cures dropped 0 'set MULTIHOME=yes in ifcfg-eth0 and run multihome sync'
	answers 0 1 2
}

@test "one NIC alone: its default is lost, or another's, or taken by a VPN" {
	host_up LAB_UPLINKS=1
	lab_install
	service start
	host ip route del default
	cures no-way-back 0 'run ifdown eth0 && ifup eth0'
	host ip route replace default via 192.168.2.7
	cures neighbour 0 'run ifdown eth0 && ifup eth0'
	sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth0"
	vpn_up
	cures wrong-nic 0 'set GATEWAY=192.168.2.1 and TABLE=100 in ifcfg-eth0 and run multihome sync'
}

@test "an address that an edit gave to another NIC, a key that was corrected, NetworkManager" {
	el6_or_later || skip 'EL5: an address to a file, and no route of each NIC'
	host_up
	set_keys 'IPADDR1=172.29.0.9 and PREFIX1=24' ifcfg-eth1
	lab_install
	service start
	sed -i '/^IPADDR1\|^PREFIX1/d' "$LAB_SCRIPTS/ifcfg-eth1"
	set_keys 'IPADDR1=172.29.0.9 and PREFIX1=24' ifcfg-eth0
	multihome 0 sync
	reached_by 172.29.0.9 0
	explained astray "$LAB_CLIENT" 172.29.0.9
	carry_out "$cure"
	is "$(probe_ping 172.29.0.9)" 'ok eth0'
	quiet
	sed -i s/^GATEWAY/GATWAY/ "$LAB_SCRIPTS/ifcfg-eth0"
	host ifdown eth0
	host ifup eth0
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	finding key eth0
	sed -i s/^GATWAY/GATEWAY/ "$LAB_SCRIPTS/ifcfg-eth0"
	carry_out "$cure"
	answers 0 1
	quiet
	mkdir -p "$LAB_ROOT/etc/NetworkManager/dispatcher.d" "$LAB_ROOT/run/NetworkManager"
	touch "$LAB_ROOT/run/NetworkManager/NetworkManager.pid"
	lab_install
	chmod -x "$LAB_ROOT/etc/NetworkManager/dispatcher.d/50-multihome"
	multihome 0 sync
	finding network-manager eth0
	carry_out "$cure"
	multihome 0 check
}

@test "IPv6: a file without its gateway, a service address, a table that was emptied" {
	local address=${LAB_ADDRESSES6[0]}
	host_up LAB_IPV6=1
	lab_uplinks6
	sed -i /IPV6_DEFAULTGW/d "$LAB_SCRIPTS/ifcfg-eth0"
	lab_install
	service start
	host ip -6 route add default via 2001:db8:2::1 dev eth0 metric 2000
	cures wrong-nic 0 \
		'set IPV6_DEFAULTGW=2001:db8:2::1%eth0 in ifcfg-eth0 and run multihome sync' "$address"
	host ip -6 route flush table 100
	cures wrong-nic 0 'run multihome sync' "$address"
	host ip -6 address add 2001:db8:77::9/128 dev lo
	router 0 ip -6 route add 2001:db8:77::9 via "${LAB_ADDRESSES6[0]}"
	multihome 0 sync
	client ip -6 route add 2001:db8:77::9 via 2001:db8:f0::1 src "$LAB_CLIENT6"
	is "$(probe_ping 2001:db8:77::9)" 'ok eth1'
	explained 'astray: asked by eth0, answered by eth1' "$LAB_CLIENT6" 2001:db8:77::9 by eth0
	carry_out "$cure"
	is "$(probe_ping 2001:db8:77::9)" 'ok eth0'
	host ip -6 rule del from 2001:db8:77::9
	host /etc/sysconfig/network-scripts/ifup-routes eth0 2>/dev/null
	is "$(probe_ping 2001:db8:77::9)" 'ok eth0'
	done_with_it
}

@test "a host without files: a NIC that is down, a table that is made, or filled" {
	host_up LAB_IPV6=1
	lab_install
	rm -r "$LAB_ROOT/etc/sysconfig"
	host ip -batch - <<-END
		address add 192.168.2.99/24 dev eth0
		link set eth1 up
		address add 2001:db8:10::99/64 dev eth1 nodad
		route add default via 2001:db8:10::1
	END
	explained 'lost: eth0 is down' 192.168.2.1 192.168.2.99
	carry_out "$cure"
	links_settle
	router 0 ping -n -q -c1 -W1 192.168.2.99
	host ip address add "${LAB_ADDRESSES6[0]}/64" dev eth0 nodad
	host ip -6 route add default via 2001:db8:2::1 metric 2000
	cures wrong-nic 0 "run ip -6 route replace default via 2001:db8:2::1 dev eth0 table 100 && \
ip -6 rule add from 2001:db8:2::99 table 100" "${LAB_ADDRESSES6[0]}"
	host ip -6 route flush table 100
	cures wrong-nic 0 'run ip -6 route add default via 2001:db8:2::1 dev eth0 table 100' \
		"${LAB_ADDRESSES6[0]}"
}

# A cloud's agent gave eth1 its addresses, and a table for pods alone.
@test "two addresses of a NIC without a file: both cures of one output can be carried out" {
	local cures
	host_up LAB_RP_FILTER=el6
	rm "$LAB_SCRIPTS/ifcfg-eth1"
	service start
	program
	host ip -batch - <<-END
		link set eth1 up
		address add 10.0.0.99/8 dev eth1
		address add 10.0.0.98/8 dev eth1
		route add default via 10.0.0.1 dev eth1 table 2
		rule add from 10.0.0.98 to 10.0.0.0/8 lookup 2 priority 1536
	END
	links_settle
	is "$(probe_ping 10.0.0.98)" 'lost -'
	mapfile -t cures < <(host multihome check --porcelain | tail -n +2 | cut -f 6 | grep -v '^-$')
	is "${#cures[@]}" 2
	carry_out "${cures[0]}"
	carry_out "${cures[1]}"
	is "$(probe_ping 10.0.0.99)" 'ok eth1'
	is "$(probe_ping 10.0.0.98)" 'ok eth1'
	quiet
}

@test "an address that nobody beyond gets an answer from is found, whatever its file says" {
	host_up LAB_RP_FILTER=el6
	lab_ifcfg eth1 DEVICE=eth1 ONBOOT=yes BOOTPROTO=none DEFROUTE=no
	service start
	program
	host ip -batch - <<-END
		link set eth1 up
		address add 10.0.0.99/32 dev eth1
		route add 10.0.0.1 dev eth1
		route add 10.0.0.0/8 via 10.0.0.1 dev eth1
	END
	links_settle
	is "$(probe_ping 10.0.0.99)" 'lost -'
	finding no-gateway eth1
	has "$cure" '^see ifcfg-eth1: GATEWAY= is missing'
	set_keys GATEWAY=10.0.0.1 ifcfg-eth1
	host multihome sync
	is "$(probe_ping 10.0.0.99)" 'lost -'
	multihome 1 check
	finding no-gateway eth1
	lab_uplink 1 GATEWAY=192.168.2.1
	host multihome sync
	multihome 1 check
	finding no-gateway eth1
	has "$cure" '^see ifcfg-eth1: GATEWAY= is of no network of its IPADDR='
	lab_uplink 1
	host multihome sync
	is "$(probe_ping 10.0.0.99)" 'ok eth1'
	run --separate-stderr host multihome check --porcelain
	has_no "$output" 'no-gateway'
}

# --- verdicts of IPv6 (tests/hosts has those of random hosts) ------------------------------------------

# asked6 SITUATION: the client pings each uplink's address, and explain is asked of them; its
# verdicts, in $outcomes, are what the pings met: answered by that NIC, seen there, or lost. Its
# steps are the kernel's. Unless SITUATION is about the client, check finds something of each NIC
# that is not right, and of no other.
asked6() {
	local address k=0 result said findings outcome oif pids=() replied=$BATS_TEST_TMPDIR/replied
	lab_forget icmp
	for address in "${LAB_ADDRESSES6[@]}"; do
		{ ! client ping -n -q -c1 -W1 "$address" >/dev/null || : >"$replied-$address"; } &
		pids+=($!)
	done
	wait "${pids[@]}"
	outcomes=
	findings=$(host multihome check --porcelain | tr '\t' ' ' || true)
	for address in "${LAB_ADDRESSES6[@]}"; do
		result=lost
		! rm "$replied-$address" 2>/dev/null || result=ok
		result="$result $(lab_seen icmp "$address")"
		said=$(host multihome explain "$LAB_CLIENT6" "$address" || true)
		has_no "$said" DIFFERS
		outcome=$(sed -n 's/^verdict *\([a-z]*\).*/\1/p' <<<"$said")
		oif=$(sed -n 's/^verdict.* answered by \(eth.\).*/\1/p' <<<"$said")
		case "$outcome $result" in
		"right ok $oif" | "astray ok $oif" | "astray lost $oif" | 'lost lost -') ;;
		*) echo "$1: $address: $outcome by $oif, says explain; packets: $result"; return 1 ;;
		esac
		[[ $1 = *2001:db8:c:* ]] || is "$outcome $(grep -cE \
			"^wrong (no-way-back|wrong-nic|no-carrier|neighbour) eth$k (2001:|-)" \
			<<<"$findings" || true)" "$outcome $([ "$outcome" = right ] && echo 0 || echo 1)"
		k=$((k + 1))
		outcomes+=${outcomes:+ }$outcome
	done
}

@test "IPv6: explain is right about each reply, by packets, whatever rules and routes say" {
	needs_nft ip6
	local outcomes expected begin end
	host_up LAB_IPV6=1 LAB_UPLINKS=3
	lab_uplinks6
	service start
	lab_install
	asked6 without
	is "$outcomes" 'right astray astray' without
	multihome 0 sync
	asked6 with
	is "$outcomes" 'right right right' with
	host ip -6 route add default via 2001:db8:20::1 table 240
	while IFS='|' read -r expected begin end <&4; do
		host sh -c "$begin"
		links_settle
		asked6 "$begin"
		is "$outcomes" "$expected" "$begin"
		host sh -c "$end"
	done 4<<-'END'
		right astray right|ip -6 rule del from 2001:db8:10::/64|multihome sync
		astray right astray|ip -6 rule add not from 2001:db8:10::99 lookup 101 priority 60|ip -6 rule del priority 60
		right right right|ip -6 rule add from 2001:db8:10::99 lookup 240 suppress_prefixlength 0 priority 60|ip -6 rule del priority 60
		right astray astray|ip -6 rule add from 2001:db8::/40 goto 32766 priority 60|ip -6 rule del priority 60
		right lost right|ip -6 rule add from 2001:db8:10::99 blackhole priority 60|ip -6 rule del priority 60
		astray right right|ip -6 rule add iif lo from 2001:db8:2::99 lookup 240 priority 60|ip -6 rule del priority 60
		right right right|ip -6 rule add iif eth0 lookup 240 priority 60|ip -6 rule del priority 60
		astray astray right|ip -6 rule add to 2001:db8:c::2 lookup 240 priority 60|ip -6 rule del priority 60
		right astray right|ip -6 route add throw 2001:db8:c::/48 table 101|ip -6 route del throw 2001:db8:c::/48 table 101
		right astray right|ip -6 route add 2001:db8:c::/64 via 2001:db8:2::1 table 101|ip -6 route del 2001:db8:c::/64 table 101
		right right astray|ip -6 route replace default via fe80::1 dev eth1 table 102 metric 1|ip -6 route del default dev eth1 table 102
		right lost right|ip -6 route add unreachable 2001:db8:c::/64 table 101|ip -6 route del unreachable 2001:db8:c::/64 table 101
		right astray right|ip -6 rule del from 2001:db8:2::/64; ip -6 rule del from 2001:db8:10::/64; ip -6 route add default from 2001:db8:10::/64 via 2001:db8:20::1|ip -6 route del default from 2001:db8:10::/64; multihome sync
		lost lost lost|ip -6 rule del lookup main; ip -6 rule add blackhole priority 70|ip -6 rule del priority 70; ip -6 rule add lookup main priority 32766
	END
	host sysctl -qw net.ipv6.neigh.eth1.retrans_time_ms=50
	router 1 nft 'table ip6 dead { chain in { type filter hook input priority 0;
		iifname uplink icmpv6 type nd-neighbor-solicit drop; }; }'
	host ip -6 neighbour flush dev eth1
	cable_out 2
	asked6 'a dead router, a cable that is out'
	is "$outcomes" 'right lost lost'
}

# As clouds have it. The kernel refuses such a gateway unless it is told that it is on the link.
@test "without files a gateway outside of the NIC's network is told to be on the link" {
	host_up
	service start
	program
	rm "$LAB_SCRIPTS/ifcfg-eth0"
	host ip address flush dev eth0
	host ip address add 192.168.2.99/32 dev eth0
	host ip route add default via 192.168.2.1 dev eth0 onlink metric 50
	cures wrong-nic 0 "run ip route replace default via 192.168.2.1 dev eth0 onlink table 100 \
&& ip rule add from 192.168.2.99 table 100"
}

@test "an uplink's NIC that is put into a bridge: its addresses are to be the bridge's" {
	host_up LAB_RP_FILTER=el6
	lab_install
	service start
	host ip -batch - <<-END
		link add br9 type bridge forward_delay 0
		link set br9 up
		link set eth1 master br9
	END
	links_settle
	is "$(probe_ping 10.0.0.99)" 'lost -'
	finding dropped eth1
	is "$cure" "see ip address show dev eth1: its addresses are to be br9's"
	host ip address del 10.0.0.99/8 dev eth1
	host ip address add 10.0.0.99/8 dev br9
	host ip route add default via 10.0.0.1 dev br9 table 101
	is "$(probe_ping 10.0.0.99)" 'ok eth1'
}

@test "a macvlan whose NIC was taken down: that is to come up" {
	plain_started
	host ip link add mac1 link eth1 type macvlan mode bridge
	host ip address flush dev eth1
	lab_uplink 1 DEVICE=mac1
	mv "$LAB_SCRIPTS/ifcfg-eth1" "$LAB_SCRIPTS/ifcfg-mac1"
	host ifup mac1
	links_settle
	answers_by 10.0.0.99 eth1
	host ip link set eth1 down
	links_settle
	finding no-carrier mac1
	is "$cure" 'run ip link set eth1 up'
	carry_out "$cure"
	links_settle
	multihome 0 sync
	answers_by 10.0.0.99 eth1
}

# --- what people reported -------------------------------------------------------------------

@test "a guest's network answers by the NIC that it is asked by, though it has no gateway" {
	plain_started
	container_up
	multihome 0 sync
	router 1 ip route add 172.17.0.0/16 via 10.0.0.99
	client ip route add 172.17.0.0/16 via 172.31.2.1 src "$LAB_CLIENT"
	is "$(probe_ping 172.17.0.1)" 'ok eth1'
	explained right "$LAB_CLIENT" 172.17.0.1 by eth1
	explained 'astray: asked by eth0, answered by eth1' "$LAB_CLIENT" 172.17.0.1 by eth0
}

@test "an empty GATEWAY= is none: a note, not one that does not count" {
	host_up
	sed -i 's/^GATEWAY=.*/GATEWAY=/' "$LAB_SCRIPTS/ifcfg-eth1"
	lab_install
	service start
	finding no-gateway eth1
	has "$cure" '^see ifcfg-eth1: GATEWAY= is missing, '
	quiet
}

@test "nothing is up: what helps is an ifup, of one NIC and then of the other" {
	plain_started
	host ifdown eth0
	host ifdown eth1
	finding offline
	is "$cure" 'run ifup eth0'
	carry_out "$cure"
	answers 0
	finding down eth1
	carry_out "$cure"
	answers 0 1
	quiet
}

@test "an alias that is down: its own ifup is enough, and the address of its device stays" {
	host_up LAB_RP_FILTER=el6
	lab_ifcfg eth0:0 DEVICE=eth0:0 IPADDR=192.168.9.9 NETMASK=255.255.255.0 GATEWAY=192.168.9.1
	router 0 ip address add 192.168.9.1/24 dev uplink
	client ip route add 192.168.9.0/24 via 172.31.1.1 src "$LAB_CLIENT"
	lab_install
	service start
	is "$(probe_ping 192.168.9.9)" 'ok eth0'
	host ip address del 192.168.9.9/24 dev eth0
	finding edited eth0
	is "$cure" 'run ifup eth0:0'
	carry_out "$cure"
	is "$(probe_ping 192.168.9.9)" 'ok eth0'
	answers 0 1
}

@test "before the first sync: an address of a macvlan has it as its cure" {
	host_up
	service start
	host ip link add vrrp.51 link eth0 type macvlan mode private
	host ip address add 192.168.2.10/24 dev vrrp.51
	host ip link set vrrp.51 up
	links_settle
	program
	is "$(probe_ping 192.168.2.10)" 'ok eth1'
	finding wrong-nic vrrp.51
	is "$cure" 'run multihome sync'
	carry_out "$cure"
	is "$(probe_ping 192.168.2.10)" 'ok eth0'
}

@test "before the first sync: so has one that another NIC of its network answers for" {
	host_up LAB_RP_FILTER=el6
	second_in_segment
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes BOOTPROTO=none IPADDR=192.168.2.109 PREFIX=24 \
		NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	service start
	program
	finding arp eth0
	is "$cure" 'run multihome sync'
	carry_out "$cure"
	has "$(probe_ping 192.168.2.109)" ^ok
}

@test "two defaults of one metric are told by their gateways, an edit by each file that it may be in" {
	plain_started
	host ip route append default via 192.168.2.1 dev eth0
	multihome 1 check
	has "$output" '^table main has two default routes of metric 0, via 10\.0\.0\.1 dev eth1 and via$'
	host ip route del default via 192.168.2.1 dev eth0
	echo GATEWAYDEV=eth0 >>"$LAB_ROOT/etc/sysconfig/network"
	finding waits eth0
	multihome 0 check
	has "$output" '^note: eth0: ifcfg-eth0, an alias or /etc/sysconfig/network was edited'
}

@test "a port of a bridge that is down: nothing reaches it" {
	started
	host ip link add br9 type bridge forward_delay 0
	host ip link set eth0 master br9
	links_settle
	is "$(probe_ping 192.168.2.99)" 'lost -'
	explained 'lost: br9 is down' "$LAB_CLIENT" 192.168.2.99
	finding no-carrier eth0
	is "$cure" 'run ip link set br9 up'
}

@test "an address that is on a bridge without a file, or on a NIC under a new name" {
	local device
	started LAB_RP_FILTER=el6
	host ip -batch - <<-END
		link add br9 type bridge forward_delay 0
		link set br9 up
		link set eth0 master br9
		address flush dev eth0 scope global
		address add 192.168.2.99/24 brd + dev br9
		link set eth1 down
		link set eth1 name uplink1
		link set uplink1 up
	END
	links_settle
	multihome 0 sync
	is "$(probe_ping 192.168.2.99)" 'lost -'
	for device in eth0 eth1; do
		finding edited $device
		has "$cure" "^see ifcfg-$device, and whether .* is to have a file of its own"
	done
}

@test "a NIC that became a bridge's port without an ifdown leaves no rule behind" {
	started
	host ip -batch - <<-END
		link add br0 type bridge forward_delay 0
		link set br0 up
		address flush dev eth0 scope global
		link set eth0 master br0
	END
	sed 's/eth0/br0/' "$LAB_SCRIPTS/ifcfg-eth0" >"$LAB_SCRIPTS/ifcfg-br0"
	echo TYPE=Bridge >>"$LAB_SCRIPTS/ifcfg-br0"
	lab_ifcfg eth0 DEVICE=eth0 ONBOOT=yes BRIDGE=br0
	host ifup br0
	links_settle
	finding empty-table br0
	is "$cure" 'run multihome sync'
	carry_out "$cure"
	answers 1
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	quiet
	is "$(grep -l 'BEGIN multihome' "$LAB_SCRIPTS"/r*-eth0 || true)" ''
}
