#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Real VLANs, bonds, bridges over both, dummies, macvlans and VRFs, as ifup makes them: each uplink
# answers by the device that has its address. tests/lab/kernel.sh boots a kernel that has them all.

# bats file_tags=kernel

load lab/test

# needs KIND…: the kernel can make such devices. That of make check can.
needs() {
	local kind lacking=''
	# The switch is a bridge that filters VLANs.
	for kind in 'bridge vlan_filtering 1' "$@"; do
		case $kind in
		vlan) kind='vlan id 2' ;;
		vrf) kind='vrf table 2' ;;
		esac
		# shellcheck disable=SC2016,SC2086 # for the shell in the namespace; words
		unshare --net sh -c 'ip link add base type veth peer name other &&
			ip link add link base name try type "$@"' - $kind 2>/dev/null ||
			lacking="$lacking $kind"
	done
	[ -n "$lacking" ] || return 0
	[ "${CI-}" = true ] || skip "this kernel has no$lacking"
	echo "this kernel has no$lacking"
	return 1
}

# --- a switch between the host and its routers ----------------------------------------------------

switch() {
	host ip netns exec switch "$@"
}

# switch_up [KEY=VALUE…]: a lab whose routers are ports of a switch, router 0 in VLAN 5, router 1 in
# VLAN 7, router 2 in VLAN 9, router 3 in VLAN 11. The host has no NIC yet.
switch_up() {
	local k
	host_up LAB_RP_FILTER=el6 LAB_STRICT_ROUTERS=1 "$@"
	echo NOZEROCONF=yes >>"$LAB_ROOT/etc/sysconfig/network"
	namespace switch
	switch ip link add switch type bridge forward_delay 0 vlan_filtering 1
	switch ip link set switch up
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		host ip link set "eth$k" netns switch name "router$k"
		port "router$k" "untagged $((5 + 2 * k))"
		rm "$LAB_SCRIPTS/ifcfg-eth$k"
	done
}

# port NAME VLAN…: a port of the switch that carries these, tagged but for "untagged N".
port() {
	local vlan
	switch ip link set "$1" master switch up
	switch bridge vlan del dev "$1" vid 1
	for vlan in "${@:2}"; do
		# shellcheck disable=SC2046 # words
		switch bridge vlan add dev "$1" vid "${vlan#* }" \
			$([[ $vlan != untagged* ]] || echo pvid untagged)
	done
}

# nic K VLAN…: eth$K of the host, and the port of the switch that it is plugged in.
nic() {
	host ip -n switch link add "port$1" type veth peer name "eth$1" netns 1
	port "port$1" "${@:2}"
}

# --- the host's files -----------------------------------------------------------------------------

# uplink K NAME [KEY=VALUE…]: the device of that name is uplink K.
uplink() {
	lab_uplink "$1" "DEVICE=$2" "${@:3}"
	[ "$2" = "eth$1" ] || mv "$LAB_SCRIPTS/ifcfg-eth$1" "$LAB_SCRIPTS/ifcfg-$2"
}

# plain NAME [KEY=VALUE…]: a device without an address.
plain() {
	lab_ifcfg "$1" "DEVICE=$1" ONBOOT=yes BOOTPROTO=none "${@:2}"
}

# ports_have_no_rules: ifup-routes is not called for ports, ifdown-routes is.
ports_have_no_rules() {
	echo '# by hand' | tee "$LAB_SCRIPTS/rule-eth0" >"$BATS_TEST_TMPDIR/rule-eth0"
}

# --- what all are to do ---------------------------------------------------------------------------

no_errors() {
	has_no "$output" 'RTNETLINK|[Ee]rror|FAILED|not present|Unable'
}

# served RESTARTS K…: these answer after a start and so many restarts; rules and routes stay the same.
served() {
	local n ours restarts=$1
	shift
	lab_install
	service start
	no_errors
	answers "$@"
	ours=$(our_rules; our_routes)
	for ((n = 1; n <= restarts; n++)); do
		service restart
		no_errors
		answers "$@"
		is "$(our_rules; our_routes)" "$ours" "rules and routes after restart $n"
	done
	multihome 0 check
}

# pings LEAST…: asks each uplink 50 times in 5 s; how many answers each gave, if fewer than its least.
pings() {
	local k=0
	for least; do
		client ping -n -q -i 0.1 -c 50 -W 1 "${LAB_ADDRESSES[k]}" |
			awk -v k=$k -v least="$least" '/received/ && $4 < least { print k, $4 }' &
		k=$((k + 1))
	done
	wait
}

# all_well K…: these answer, and check finds nothing wrong.
all_well() {
	links_settle
	answers "$@"
	multihome 0 check
}

# wrong_of DEVICE…: check finds something wrong with these and with no other. Whether the host's own
# traffic is concerned depends on which came up last.
wrong_of() {
	multihome 1 check --porcelain
	is "$(grep ^wrong <<<"$output" | cut -f 3 | grep -vx -- - | sort -u | paste -sd ' ')" "$*" \
		'what check tells of'
}

# down_of DEVICE…: show says that these uplinks are down, and no others.
down_of() {
	multihome 0 show --porcelain
	is "$(awk -F '\t' '$5 == "down" { print $1 }' <<<"$output" | paste -sd ' ')" "$*" 'what is down'
}

# cleaned: nothing of ours is left.
cleaned() {
	multihome 0 clean
	is "$(our_routes)" ''
	has_no "$(our_rules)" 'iif lo'
	has_no "$(cat "$LAB_SCRIPTS"/r*-*)" multihome
	admin_still_there
}

@test "VLANs on a trunk, a bond, a VLAN on the bond: restarts, ifdown of each, cables" {
	local active pings
	needs vlan bond
	switch_up LAB_UPLINKS=4
	admin_moves_in
	ports_have_no_rules
	nic 0 5 7
	nic 1 'untagged 9' 11
	nic 2 'untagged 9' 11
	uplink 0 eth0.5 VLAN=yes
	uplink 1 vlan7 VLAN=yes PHYSDEV=eth0 VLAN_NAME_TYPE=VLAN_PLUS_VID_NO_PAD
	uplink 2 bond0 'BONDING_OPTS="mode=active-backup miimon=50"'
	uplink 3 bond0.11 VLAN=yes
	plain eth0
	plain eth1 MASTER=bond0 SLAVE=yes
	plain eth2 MASTER=bond0 SLAVE=yes
	served 3 0 1 2 3

	host ifdown eth0.5
	answers 1 2 3
	down_of eth0.5
	multihome 0 check
	host ifup eth0.5
	all_well 0 1 2 3

	# The trunk takes along what is on it.
	host ifdown eth0
	answers 2 3
	down_of eth0.5 vlan7
	multihome 0 check
	host ifup eth0
	all_well 0 1 2 3
	switch ip link set port0 down
	links_settle
	answers 2 3
	wrong_of eth0.5 vlan7
	switch ip link set port0 up
	all_well 0 1 2 3

	# The active slave, by its cable and by ifdown; then the bond, which takes its VLAN along.
	active=$(host cat /sys/class/net/bond0/bonding/active_slave)
	pings 50 50 40 40 >"$BATS_TEST_TMPDIR/lost" &
	pings=$!
	sleep 1
	switch ip link set "port${active#eth}" down
	within 5 host sh -c "! grep -q $active /sys/class/net/bond0/bonding/active_slave"
	wait "$pings"
	is "$(cat "$BATS_TEST_TMPDIR/lost")" '' 'uplinks that lost more than the bond takes, and what came'
	all_well 0 1 2 3
	switch ip link set "port${active#eth}" up
	within 5 host grep -q up "/sys/class/net/$active/operstate"
	host ifdown "$(host cat /sys/class/net/bond0/bonding/active_slave)"
	all_well 0 1 2 3
	host ifdown bond0
	answers 0 1
	down_of bond0 bond0.11
	multihome 0 check
	host ifup bond0
	all_well 0 1 2 3
	settled
	cleaned
}

@test "bridges over a VLAN and a bond, a macvlan, an address on a dummy (C10), a VRF (F18)" {
	needs vlan bond bridge dummy macvlan vrf
	switch_up LAB_UPLINKS=4
	admin_moves_in
	ports_have_no_rules
	nic 0 5
	nic 1 'untagged 7'
	nic 2 'untagged 7'
	nic 3 'untagged 9'
	nic 4 'untagged 11'
	host ip -batch - <<-END
		link set eth3 up
		link add link eth3 name mac3 type macvlan mode bridge
		link add dummy0 type dummy
		link add blue type vrf table 77
		link set blue up
		link set eth4 master blue
	END
	uplink 0 br0 TYPE=Bridge DELAY=0 STP=off
	uplink 1 br1 TYPE=Bridge DELAY=0 STP=off
	uplink 2 mac3
	uplink 3 eth4 GATEWAY=
	plain eth0
	plain eth0.5 VLAN=yes BRIDGE=br0
	plain bond0 'BONDING_OPTS="mode=active-backup miimon=50"' BRIDGE=br1
	plain eth1 MASTER=bond0 SLAVE=yes
	plain eth2 MASTER=bond0 SLAVE=yes
	plain eth3
	plain dummy0 IPADDR=192.168.2.200 NETMASK=255.255.255.255
	served 1 0 1 2

	# C10
	host ip address add 192.168.2.161/24 dev br0
	answers_by 192.168.2.200 eth0
	answers_by 192.168.2.161 eth0

	# F18: its own routes serve it, a GATEWAY in its file or not.
	uplink 3 eth4
	host ip route add default via "${LAB_ADDRESSES[3]%99}1" dev eth4 table 77
	multihome 0 sync
	is "$(probe_ping "${LAB_ADDRESSES[3]}")" 'ok eth3'
	has_no "$(our_rules; our_routes)" "${LAB_ADDRESSES[3]%99}|eth4"
	has_no "$(host multihome show)" eth4
	multihome 0 check
	has "$output" '^note: eth4: it is in a VRF'
	settled
	cleaned
}
