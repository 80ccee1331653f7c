#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# The last way out of the host is never taken, whatever is edited, moved or erased while an
# uplink is down, in any order.

load lab/test

multihome_conf=etc/sysconfig/multihome

# --- what must hold after each step -------------------------------------------------------

# is_up K: the uplink has its link and a global address.
is_up() {
	host ip -4 -o address show dev "eth$1" up 2>/dev/null | grep -q ' scope global'
}

# alive WHEN: the client gets answers at an address of an uplink that is up, and the host
# itself reaches the client, by each family of the lab.
alive() {
	local k answered='' answered6=''
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		is_up "$k" || continue
		[ -n "$answered" ] || ! client ping -nqc1 -W1 "${LAB_ADDRESSES[k]}" >/dev/null ||
			answered=$k
		[ "$LAB_IPV6" != 1 ] || [ -n "$answered6" ] ||
			! client ping -nqc1 -W1 "${LAB_ADDRESSES6[k]}" >/dev/null || answered6=$k
	done
	[ -n "$answered" ] || lost "$1: no address of an uplink that is up answers" || return
	host ping -nqc1 -W1 "$LAB_CLIENT" >/dev/null 2>&1 ||
		lost "$1: the host does not reach the client" || return
	[ "$LAB_IPV6" = 1 ] || return 0
	[ -n "$answered6" ] || lost "$1: no IPv6 address of an uplink that is up answers" || return
	host ping -nqc1 -W1 "$LAB_CLIENT6" >/dev/null 2>&1 ||
		lost "$1: the host does not reach the client by IPv6"
}

lost() {
	echo "after $1"
	host ip route show table all type unicast
	host ip rule
	[ "$LAB_IPV6" != 1 ] || host ip -6 route show table all type unicast
	return 1
}

# --- steps --------------------------------------------------------------------------------

# Each is one word, the last letter of most tells the uplink.

uplink_file() {
	if [ "$LAB_IPV6" = 1 ]; then
		lab_uplink "$1" IPV6INIT=yes "IPV6ADDR=${LAB_ADDRESSES6[$1]}/64" \
			"IPV6_DEFAULTGW=${LAB_ADDRESSES6[$1]%99}1" "${@:2}"
	else
		lab_uplink "$@"
	fi
}

# shellcheck disable=SC2016 # what only a shell could know is for the file
step() {
	local k=${1: -1}
	case $1 in
	none) ;;
	ifdown?) host ifdown "eth$k" || true ;;
	bounce?) host ip link set "eth$k" down; host ip link set "eth$k" up ;;
	cut?) host ip link set "eth$k" down ;;
	flush) host ip route del default 2>/dev/null || true ;;
	moved?) mv "$LAB_SCRIPTS/ifcfg-eth$k" "$LAB_ROOT/tmp/ifcfg-eth$k" ;;
	zero?) uplink_file "$k" GATEWAY=0.0.0.0 IPV6_DEFAULTGW= ;;
	bare?) uplink_file "$k" GATEWAY= IPV6_DEFAULTGW= ;;
	metric?) uplink_file "$k" METRIC=5 ;;
	defroute?) uplink_file "$k" DEFROUTE=no ;;
	table?) uplink_file "$k" TABLE=150 ;;
	refused?) uplink_file "$k" 'GATEWAY=$(cat /tmp/gateway)' 'IPV6_DEFAULTGW=$(cat /tmp/gateway)' ;;
	nicoff?) uplink_file "$k" MULTIHOME=no ;;
	dhcp?) uplink_file "$k" BOOTPROTO=dhcp IPADDR= NETMASK= GATEWAY= ;;
	ipaddr?) uplink_file "$k" "IPADDR=${LAB_ADDRESSES[k]%99}98" ;;
	gateway?) uplink_file "$k" "GATEWAY=${LAB_ADDRESSES[k]%99}7" ;;
	rule?) echo "from ${LAB_ADDRESSES[k]} table 42 priority 900" >>"$LAB_SCRIPTS/rule-eth$k" ;;
	route?) echo "default via ${LAB_ADDRESSES[k]%99}1 dev eth$k table 42" \
		>>"$LAB_SCRIPTS/route-eth$k" ;;
	emptied?) : >"$LAB_SCRIPTS/route-eth$k"; : >"$LAB_SCRIPTS/rule-eth$k" ;;
	off) echo MULTIHOME=no >"$LAB_ROOT/$multihome_conf" ;;
	# Refused files make it end with 3, a way out that is left may be told.
	sync) host multihome sync >/dev/null 2>&1 || true ;;
	clean) host multihome clean >/dev/null 2>&1 || true ;;
	hooks) host sh -c 'cd /etc/sysconfig/network-scripts
		/sbin/ifup-pre-local ifcfg-office; /sbin/ifup-local office
		/sbin/ifdown-local office' >/dev/null 2>&1 ;;
	*) echo "no such step: $1"; return 1 ;;
	esac
}

# began [KEY=VALUE…]: a host that answers, with a NIC beside its uplinks, and how it was.
began() {
	local k
	host_up LAB_STRICT_ROUTERS=1 "$@"
	[ "$LAB_IPV6" != 1 ] || lab_uplinks6
	# Gateways that an edit names are there.
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		router "$k" ip address add "${LAB_ADDRESSES[k]%99}7/24" dev uplink
	done
	host ip link add office type veth peer name office-
	lab_ifcfg office DEVICE=office ONBOOT=yes BOOTPROTO=none IPADDR=198.18.0.1 \
		NETMASK=255.255.255.0
	lab_install
	service start
	mkdir "$BATS_TEST_TMPDIR/began"
	find "$LAB_SCRIPTS" -type f -name '[ir]*-eth*' -exec cp -p {} "$BATS_TEST_TMPDIR/began" \;
	cp "$LAB_ROOT/$multihome_conf" "$BATS_TEST_TMPDIR"
	alive start
}

# again: as it began.
again() {
	local k
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		host ifdown "eth$k" >/dev/null 2>&1 || true
		host ip link set "eth$k" down
	done
	rm -f "$LAB_SCRIPTS"/r*-eth*
	cp -p "$BATS_TEST_TMPDIR"/began/* "$LAB_SCRIPTS"
	cp "$BATS_TEST_TMPDIR/multihome" "$LAB_ROOT/$multihome_conf"
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		host ifup "eth$k" >/dev/null 2>&1
	done
}

# orders ORDER…: each is steps with dots between them; after each step the host is alive. All
# are tried, and those that lose the way out are told.
orders() {
	local order word so_far first=yes bad=()
	for order; do
		[ -n "$first" ] || again
		first='' so_far=''
		for word in ${order//./ }; do
			step "$word"
			so_far=$so_far${so_far:+.}$word
			alive "$so_far" || { bad+=("$so_far"); break; }
		done
	done
	is "${bad[*]}" '' 'orders that lose the way out'
}

# each_edit PREFIX SUFFIX [EDIT…]: an order for every edit between the two.
each_edit() {
	local edit made=()
	[ $# -gt 2 ] || set -- "$@" none moved1 zero1 bare1 refused1 metric0 defroute0 table0 ipaddr0 \
		gateway0 rule0 route0 moved0 refused0 nicoff0 dhcp0 emptied0
	for edit in "${@:3}"; do
		made+=("$1.$edit.$2")
	done
	orders "${made[@]}"
}

# --- B1, B3: edits and moved files while an uplink is down --------------------------------

@test "eth1 down, its file moved or its GATEWAY taken out, then sync or hooks: a way out is left" {
	began
	orders ifdown1.moved1.sync.hooks ifdown1.zero1.hooks.sync
}

@test "eth1 down, eth0 edited for later, then sync or hooks: a way out is left" {
	began
	orders ifdown1.ipaddr0.sync metric0.ifdown1.hooks ifdown1.rule0.sync
}

# bats test_tags=long
@test "eth1 down, an edit or a moved file, then sync: a way out is left" {
	began
	each_edit ifdown1 sync.sync
}

# bats test_tags=long
@test "eth1 down, an edit or a moved file, then another NIC's hooks: a way out is left" {
	began
	each_edit ifdown1 hooks.sync
}

# bats test_tags=long
@test "eth1 bounced, an edit or a moved file, then another NIC's hooks: a way out is left" {
	began
	each_edit bounce1 hooks.hooks none moved1 zero1 bare1 metric0 ipaddr0 rule0 moved0 emptied0
}

# bats test_tags=long
@test "an edit or a moved file first, then eth1 goes down: a way out is left" {
	began
	orders moved1.ifdown1.sync metric0.hooks.bounce1.hooks ipaddr0.sync.bounce1.sync \
		table0.hooks.ifdown1.sync gateway0.hooks.cut1.hooks ipaddr0.hooks.ifdown1.clean \
		metric0.hooks.ifdown1.off.sync
}

# --- B2: clean, an erase, MULTIHOME=no ----------------------------------------------------

@test "eth1 down or bounced, then clean: a way out is left" {
	began
	orders ifdown1.clean bounce1.clean
}

# bats test_tags=long
@test "eth1 down, an edit or a moved file, then clean: a way out is left" {
	began
	each_edit ifdown1 clean none moved1 metric0 ipaddr0 rule0 moved0 refused0
}

# bats test_tags=long
@test "eth1 down, an edit or a moved file, then MULTIHOME=no: a way out is left" {
	began
	each_edit ifdown1 off.sync.hooks none moved1 table0 ipaddr0 rule0 moved0 refused0
}

# bats test_tags=long
@test "a bounce, a pulled link or a deleted default, then each verb: a way out is left" {
	began
	orders bounce1.clean bounce1.off.sync cut1.clean cut1.off.hooks.sync flush.sync \
		flush.hooks flush.clean flush.off.sync bounce1.sync.clean bounce1.hooks.off.sync.clean \
		ifdown1.sync.clean.sync.clean ifdown1.off.sync.clean bounce1.clean.clean.sync.clean
}

# bats test_tags=long
@test "what clean leaves is told in one line, and is no more than one default in main" {
	began
	step ifdown1
	multihome 0 clean
	is "$output" ''
	is "$(lines "$stderr")" 1 'messages'
	has "$stderr" 'eth0|192\.168\.2\.1'
	alive clean
	is "$(host ip route show default | sed 's/ *$//')" \
		'default via 192.168.2.1 dev eth0 metric 1835560813'
	is "$(our_routes)" ''
	multihome 0 clean
	alive 'a second clean'
}

@test "MULTIHOME=no and sync leave a way out, and tell so in one line" {
	began
	step bounce1
	step off
	multihome 0 sync
	is "$output" ''
	is "$(lines "$stderr")" 1 'messages'
	alive 'MULTIHOME=no'
}

# bats test_tags=long
@test "with the winner up clean says nothing and leaves main as initscripts made it" {
	began
	multihome 0 clean
	is "$output/$stderr" /
	is "$(host ip route show default | sed 's/ *$//')" 'default via 10.0.0.1 dev eth1'
}

# erased: as the package does it.
erased() {
	host multihome clean >/dev/null 2>&1
	host make -s -C /run/lab/repo uninstall DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc \
		>/dev/null 2>&1
}

@test "erased while eth1 is down: a way out is left, and a restart is as without the package" {
	local plain loss
	for loss in ifdown1 bounce1; do
		host_up LAB_STRICT_ROUTERS=1
		service start
		service restart
		plain=$(rules; routes)
		lab_down
		began
		host ifdown office
		rm "$LAB_SCRIPTS/ifcfg-office"
		host ip link delete office
		step "$loss"
		erased
		alive "$loss.erased"
		host ifup eth1
		alive "$loss.erased.ifup"
		service restart
		is "$(rules; routes)" "$plain" 'after a restart'
		alive "$loss.erased.restart"
		lab_down
		rm -r "$BATS_TEST_TMPDIR/began"
	done
}

# --- three uplinks, the other roles -------------------------------------------------------

# bats test_tags=long
@test "of three uplinks two go in turn, with edits between: a way out is left" {
	began LAB_UPLINKS=3
	orders ifdown2.moved2.sync.ifdown1.moved1.sync ifdown2.metric1.hooks.ifdown1.sync \
		ifdown2.ifdown1.metric0.hooks ifdown2.moved2.ifdown1.ipaddr0.sync \
		ifdown2.bounce1.rule0.sync.clean bounce2.clean bounce2.bounce1.off.sync \
		ifdown2.metric0.metric1.hooks.sync ifdown2.nicoff1.sync.cut1.sync \
		ifdown2.ifdown1.clean ifdown2.ifdown0.rule1.sync.clean \
		ifdown2.moved0.moved1.sync.hooks.clean cut2.gateway0.gateway1.hooks.sync
}

# bats test_tags=long
@test "the uplink that is not the winner goes, with edits of the winner: a way out is left" {
	began
	orders ifdown0.metric1.hooks ifdown0.rule1.sync.clean ifdown0.moved1.sync.hooks.clean \
		ifdown0.ipaddr1.sync bounce0.moved0.sync.clean ifdown0.bare1.sync ifdown0.off.sync.clean
}

# bats test_tags=long
@test "with METRIC on both and with GATEWAYDEV a way out is left" {
	began
	lab_uplink 0 METRIC=100
	lab_uplink 1 METRIC=200
	cp "$LAB_SCRIPTS"/ifcfg-eth[01] "$BATS_TEST_TMPDIR/began"
	again
	orders ifdown0.sync.clean bounce0.moved0.sync ifdown1.moved1.hooks.sync.clean
	lab_uplinks
	cp "$LAB_SCRIPTS"/ifcfg-eth[01] "$BATS_TEST_TMPDIR/began"
	echo GATEWAYDEV=eth0 >>"$LAB_ROOT/etc/sysconfig/network"
	again
	orders ifdown0.sync.clean ifdown0.moved0.hooks.sync ifdown0.metric1.hooks bounce0.off.sync
}

# --- IPv6 ---------------------------------------------------------------------------------

# bats test_tags=long
@test "IPv6: an uplink down, an edit or a moved file, then each verb: a way out is left" {
	began LAB_IPV6=1
	orders ifdown0.sync ifdown0.moved0.sync.hooks ifdown0.bare0.hooks ifdown0.clean \
		ifdown0.off.sync ifdown1.moved1.sync.clean ifdown1.metric0.hooks.sync \
		ifdown1.ipaddr0.sync ifdown0.rule1.sync.clean ifdown0.refused1.hooks.sync \
		ifdown0.moved1.sync.clean ifdown0.nicoff1.sync ifdown0.table1.hooks.off.sync
}
