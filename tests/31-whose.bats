#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Whose is it? Copies, templates, hand-made tables and lines that look like ours: replies keep
# their way, and nothing is the administrator's in the file and ours in the kernel.

load lab/test

# at_rest: one sync may have something to do or to say, the next one changes nothing.
at_rest() {
	multihome 0 sync
	changes_nothing sh -c 'multihome sync 2>/dev/null'
}

# holds FILE LINE: the line is in the file, outside of our block, indented or not.
holds() {
	outside "$1" | sed 's/^[ \t]*//; s/[ \t]*$//' | grep -qxF -- "$2" ||
		{ echo "$1 lacks outside of the block: $2"; outside "$1"; return 1; }
}

# agree: each line outside of our blocks that an ifup of a device that is up reads is in the
# kernel too, which refuses to add it again.
agree() {
	local device kind line
	for device in $(host ls /sys/class/net); do
		host ip link show dev "$device" up | grep -q . || continue
		for kind in route rule; do
			[ -f "$LAB_SCRIPTS/$kind-$device" ] || continue
			while read -r line <&4; do
				[[ $line != '' && $line != '#'* ]] || continue
				# shellcheck disable=SC2086 # words
				run host ip -4 "$kind" add $line
				has "$output" 'File exists' ||
					{ echo "in $kind-$device, not in the kernel: $line"; return 1; }
			done 4< <(outside "$kind-$device")
		done
	done
}

# halves_gone: after clean nothing of ours is left in the kernel, unless a file has it.
halves_gone() {
	agree
	grep -qs 'proto 109' "$LAB_SCRIPTS"/route-* || is "$(our_routes)" ''
	grep -qs 'iif lo' "$LAB_SCRIPTS"/rule-* || has_no "$(rules)" 'iif lo'
}

# --- A1: copies ---------------------------------------------------------------------------

# copied SUFFIX…: eth0's and eth1's files are copied under these names.
copied() {
	local suffix file
	for suffix; do
		for file in route-eth0 rule-eth0 route-eth1 rule-eth1; do
			cp "$LAB_SCRIPTS/$file" "$LAB_SCRIPTS/$file$suffix"
		done
	done
	cp "$LAB_SCRIPTS/rule-eth0" "$LAB_SCRIPTS/.rule-eth0.swp"
	cp "$LAB_SCRIPTS/route-eth0" "$LAB_SCRIPTS/.route-eth0.swp"
	copies >"$BATS_TEST_TMPDIR/copies"
}

copies() {
	(cd "$LAB_SCRIPTS" && sha256sum .r*.swp r*-eth[01][!0-9]*)
}

@test "copies of route- and rule- files under names that no ifup reads do not count" {
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	copied .save .orig2 -old .2026 .swp .1 '~' .bak .rpmsave ' (copy)' .route -20261128
	changes_nothing multihome sync
	answers 0 1
	host ifup eth0
	answers 0 1
	is "$(copies)" "$(cat "$BATS_TEST_TMPDIR/copies")" copies
	settled
}

# bats test_tags=long
@test "many copies survive a restart, an edit and clean; the uplinks answer" {
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	copied .save .orig2 -old .2026 .swp .1
	service restart
	has_no "$output" 'RTNETLINK|rror:'
	answers 0 1
	settled
	lab_uplink 0 TABLE=150
	multihome 0 up eth0
	answers 0 1
	has "$(our_rules)" 'from 192\.168\.2\.0/24 iif lo lookup 150'
	settled
	multihome 0 clean
	is "$(our_routes)" ''
	is "$(copies)" "$(cat "$BATS_TEST_TMPDIR/copies")" 'copies'
}

# bats test_tags=long
@test "a copy of IPv6 files does not count either" {
	host_up LAB_IPV6=1 LAB_STRICT_ROUTERS=1
	lab_uplinks6
	lab_install
	service start
	local file
	for file in route6-eth0 rule6-eth0 route6-eth1; do
		[ ! -e "$LAB_SCRIPTS/$file" ] || cp "$LAB_SCRIPTS/$file" "$LAB_SCRIPTS/$file.save"
	done
	changes_nothing multihome sync
	answers_at "${LAB_ADDRESSES6[0]}" eth0
	answers_at "${LAB_ADDRESSES6[1]}" eth1
}

# --- A2: lines of ours outside of markers -------------------------------------------------

# edited SED FILE…: as a template or an editor leaves them.
edited() {
	local file script=$1
	shift
	for file; do
		[ ! -e "$LAB_SCRIPTS/$file" ] || sed -i "$script" "$LAB_SCRIPTS/$file"
	done
}

# reworked SED COMMAND…: eth0's files go through sed; after the command all answer, file and
# kernel agree, the administrator's line is there, and all rests; also after clean.
reworked() {
	local script=$1
	shift
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	edited "$script" route-eth0 rule-eth0 route-eth1 rule-eth1
	"$@"
	answers 0 1
	agree
	at_rest
	answers 0 1
	agree
	holds rule-eth0 'to 203.0.113.9/32 priority 500 table 7'
	has "$(rules)" '^500: from all to 203\.0\.113\.9 lookup 7'
	host ifdown eth0
	host ifup eth0
	answers 0 1
	agree
	at_rest
	multihome 0 clean
	holds rule-eth0 'to 203.0.113.9/32 priority 500 table 7'
	halves_gone
}

by_sync() {
	multihome 0 sync
}

@test "comments stripped from route- and rule- files, then sync: adopted, or his in both" {
	reworked '/^#/d' by_sync
}

# bats test_tags=long
@test "comments stripped from route- and rule- files, then a restart: adopted, or his in both" {
	reworked '/^#/d' service restart
}

@test "comments and protocol stripped: ours stays until an ifup has made his lines" {
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	edited '/^#/d; s/ proto 109$//' route-eth0 rule-eth0
	multihome 0 sync
	answers 0 1
	at_rest
	multihome 0 up eth1
	answers 0 1
	host ifdown eth0
	host ifup eth0
	answers 0 1
	agree
	at_rest
	multihome 0 clean
	agree
	answers 0
	has_no "$(our_routes)" ' table 100 '
	holds route-eth0 'default via 192.168.2.1 dev eth0 table 100'
	holds rule-eth0 'to 203.0.113.9/32 priority 500 table 7'
}

# bats test_tags=long
@test "indented with their markers, then sync: adopted, or his in both" {
	reworked 's/^/    /' by_sync
}

# bats test_tags=long
@test "indented with their markers, then a restart: adopted, or his in both" {
	reworked 's/^/\t/' service restart
}

@test "lines indented within the markers, then a restart: adopted, or his in both" {
	reworked '/^[^#]/s/^/  /' service restart
}

# bats test_tags=long
@test "comments stripped and each line in double blanks, then a restart" {
	reworked '/^#/d; /^to /!s/ /  /g' service restart
}

@test "comments stripped from a default of another metric: his in file and kernel" {
	started LAB_STRICT_ROUTERS=1
	edited '/^#/d; s/^default .*table 100.*/& mtu 1400/' route-eth0
	service restart
	answers 0 1
	agree
	at_rest
	agree
	holds route-eth0 'default via 192.168.2.1 dev eth0 table 100 proto 109 mtu 1400'
	has "$(host ip route show table 100)" '^default via 192\.168\.2\.1 .*mtu 1400'
}

# copied_to_eth2 [KEY=VALUE…]: eth0's files become eth2's as well; eth2 is what the keys say.
copied_to_eth2() {
	local kind
	started LAB_UPLINKS=3 LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	lab_uplink 2 "$@"
	for kind in route rule; do
		cp "$LAB_SCRIPTS/$kind-eth0" "$LAB_SCRIPTS/$kind-eth2"
	done
}

# life_with_copy K…: sync, restart, ifdown and ifup of the copy's NIC; these uplinks answer.
life_with_copy() {
	multihome 0 sync
	answers "$@"
	at_rest
	service restart
	answers "$@"
	agree
	at_rest
	host ifdown eth2
	answers 0 1
	host ifup eth2
	answers "$@"
	at_rest
	agree
	multihome 0 clean
	halves_gone
}

# bats test_tags=long
@test "files copied to the name of another uplink: every one answers, all rests" {
	copied_to_eth2
	life_with_copy 0 1 2
}

# bats test_tags=long
@test "files copied to the name of a NIC without a gateway: the uplinks answer, all rests" {
	copied_to_eth2 GATEWAY=
	life_with_copy 0 1
}

# bats test_tags=long
@test "files of another NIC with their markers stripped: the uplinks answer, all rests" {
	copied_to_eth2
	edited '/^#/d' route-eth2 rule-eth2
	life_with_copy 0 1 2
}

# renamed SED: eth0 becomes lan0, and its files with it; route- and rule- go through sed.
renamed() {
	local kind
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	host ifdown eth0
	host ip link set eth0 name lan0
	for kind in ifcfg route rule; do
		mv "$LAB_SCRIPTS/$kind-eth0" "$LAB_SCRIPTS/$kind-lan0"
	done
	sed -i s/DEVICE=eth0/DEVICE=lan0/ "$LAB_SCRIPTS/ifcfg-lan0"
	edited "$1" route-lan0 rule-lan0
}

# life_renamed: lan0 comes up and is served, by an ifup and by a restart.
life_renamed() {
	host ifup lan0
	answers 0 1
	agree
	at_rest
	service restart
	answers 0 1
	agree
	holds rule-lan0 'to 203.0.113.9/32 priority 500 table 7'
	at_rest
	service restart
	has_no "$output" 'RTNETLINK|rror:|Cannot find'
	answers 0 1
	multihome 0 clean
	holds rule-lan0 'to 203.0.113.9/32 priority 500 table 7'
	has_no "$(cat "$LAB_SCRIPTS/route-lan0" 2>/dev/null)" 'dev eth0'
	halves_gone
}

@test "a NIC renamed by mv of its files is served, and nothing of the old name stays" {
	renamed ''
	life_renamed
}

# bats test_tags=long
@test "a NIC renamed in its files too, by sed, is served" {
	renamed s/eth0/lan0/g
	life_renamed
}

# bats test_tags=long
@test "a NIC renamed while the network is stopped is served at the next start" {
	renamed ''
	service stop
	service start
	answers 0 1
	life_renamed
}

# exchanged DEVICE NAME: the device and its files get that name.
exchanged() {
	local kind
	host ip link set "$1" name "$2"
	for kind in ifcfg route rule; do
		[ ! -e "$LAB_SCRIPTS/$kind-$1" ] || mv "$LAB_SCRIPTS/$kind-$1" "$LAB_SCRIPTS/$kind-$2"
	done
	sed -i "s/DEVICE=.*/DEVICE=$2/" "$LAB_SCRIPTS/ifcfg-$2"
}

# bats test_tags=long
@test "two NICs that exchange their names and files by mv are both served" {
	started LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	service stop
	exchanged eth0 old0
	exchanged eth1 eth0
	exchanged old0 eth1
	service start
	answers 0 1
	agree
	at_rest
	service restart
	has_no "$output" 'RTNETLINK|rror:|Cannot find'
	answers 0 1
	agree
	holds rule-eth1 'to 203.0.113.9/32 priority 500 table 7'
	multihome 0 clean
	halves_gone
}

# --- A3: tables that files name -----------------------------------------------------------

# by_hand ROUTE RULE [KEY=VALUE…]: eth2 is the administrator's, and not yet up at first boot.
by_hand() {
	host_up LAB_UPLINKS=3 LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	echo '111 office' >>"$LAB_ROOT/etc/iproute2/rt_tables"
	printf '%s\n' "$1" >"$LAB_SCRIPTS/route-eth2"
	printf '%s\n' "$2" >"$LAB_SCRIPTS/rule-eth2"
	cp "$LAB_SCRIPTS/route-eth2" "$LAB_SCRIPTS/rule-eth2" "$BATS_TEST_TMPDIR"
	lab_uplink 2 ONBOOT=no GATEWAY= "${@:3}"
	lab_install
	service start
	answers 0 1
	agree
	host ifup eth2
	answers 0 1 2
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	service restart
	host ifup eth2
	answers 0 1 2
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	cmp "$LAB_SCRIPTS/route-eth2" "$BATS_TEST_TMPDIR/route-eth2"
	cmp "$LAB_SCRIPTS/rule-eth2" "$BATS_TEST_TMPDIR/rule-eth2"
}

@test "a table that files of a NIC that is down name is not taken" {
	by_hand 'default via 172.20.3.1 dev eth2 table 100' 'from 172.20.3.99 table 100 priority 900'
	has_no "$(our_rules)" 'lookup 100$'
}

# bats test_tags=long
@test "nor is it with a GATEWAY in the ifcfg file of that NIC" {
	by_hand 'default via 172.20.3.1 dev eth2 table 100' \
		'from 172.20.3.99 lookup 100 priority 900' GATEWAY=172.20.3.1
	has_no "$(our_rules)" 'lookup 100$'
}

# bats test_tags=long
@test "nor in hexadecimal, nor one of two files' different tables" {
	by_hand $'default via 172.20.3.1 table 0x65 dev eth2\nblackhole 198.51.100.9 table 100' \
		'pref 900 from 172.20.3.99 lookup 0x65'
	has_no "$(our_rules)" 'lookup 10[01]$'
}

# bats test_tags=long
@test "nor one that rt_tables has a name for" {
	echo '100 isp' >"$BATS_TEST_TMPDIR/names"
	host_up
	cat "$BATS_TEST_TMPDIR/names" >>"$LAB_ROOT/etc/iproute2/rt_tables"
	lab_down
	by_hand 'default via 172.20.3.1 dev eth2 table office' 'from 172.20.3.99 table office prio 900'
}

# bats test_tags=long
@test "a table that only a file without any device names is not taken" {
	host_up LAB_STRICT_ROUTERS=1
	echo 'default via 198.18.0.1 dev ppp9 table 100' >"$LAB_SCRIPTS/route-ppp9"
	echo 'from 198.18.0.9 table 101 priority 900' >"$LAB_SCRIPTS/rule-ppp9"
	lab_ifcfg ppp9 DEVICE=ppp9 ONBOOT=no BOOTPROTO=none
	lab_install
	service start
	answers 0 1
	has_no "$(our_rules)" 'lookup 10[01]$'
	changes_nothing multihome sync
}

# bats test_tags=long
@test "a table that IPv6 files name is not taken" {
	host_up LAB_UPLINKS=3 LAB_IPV6=1 LAB_STRICT_ROUTERS=1
	lab_uplinks6
	lab_uplink 2 ONBOOT=no GATEWAY= IPV6INIT=yes "IPV6ADDR=${LAB_ADDRESSES6[2]}/64"
	echo "default via 2001:db8:20::1 dev eth2 table 100" >"$LAB_SCRIPTS/route6-eth2"
	echo "from 2001:db8:20::99 table 100 priority 900" >"$LAB_SCRIPTS/rule6-eth2"
	lab_install
	service start
	host ifup eth2
	answers_at "${LAB_ADDRESSES6[0]}" eth0
	answers_at "${LAB_ADDRESSES6[1]}" eth1
	answers_at "${LAB_ADDRESSES6[2]}" eth2
	has_no "$(rules6 | grep -v '^900:')" 'lookup 100$'
	changes_nothing sh -c 'multihome sync 2>/dev/null'
}

# --- A4: lines within our block that are the administrator's ------------------------------

# into_block FILE LINE: an editor puts it before the END marker.
into_block() {
	sed -i "/^# END multihome/i $2" "$LAB_SCRIPTS/$1"
}

# kept_line KIND LINE PATTERN: it is in the block and in the kernel, and survives as his.
kept_line() {
	started LAB_STRICT_ROUTERS=1
	into_block "$1-eth0" "$2"
	# shellcheck disable=SC2086 # words
	host ip "$1" add $2
	multihome 0 sync
	holds "$1-eth0" "$2"
	has "$(rules; routes)" "$3"
	answers 0 1
	changes_nothing multihome sync
	service restart
	holds "$1-eth0" "$2"
	has "$(rules; routes)" "$3"
	answers 0 1
	changes_nothing multihome sync
	multihome 0 clean
	holds "$1-eth0" "$2"
	has "$(rules; routes)" "$3"
}

# bats test_tags=long
@test "a route like ours that the administrator put into the block is his" {
	kept_line route '203.0.113.128/25 via 192.168.2.1 dev eth0 table 100 proto 109' \
		'^203\.0\.113\.128/25 via 192\.168\.2\.1 dev eth0 table 100'
}

@test "so is a default like ours in another table" {
	kept_line route 'default via 192.168.2.1 dev eth0 table 180 proto 109' \
		'^default via 192\.168\.2\.1 dev eth0 table 180'
}

# bats test_tags=long
@test "so is a default like ours, of another metric, in main" {
	kept_line route 'default via 192.168.2.1 dev eth0 metric 1150 proto 109' \
		'^default via 192\.168\.2\.1 dev eth0 .*metric 1150'
}

# bats test_tags=long
@test "so is a rule like ours for another address" {
	kept_line rule 'from 203.0.113.77 iif lo lookup 100 priority 10000' \
		'^10000: from 203\.0\.113\.77 iif lo lookup 100'
}

# bats test_tags=long
@test "so is a rule like ours for a network" {
	kept_line rule 'from 203.0.113.0/26 iif lo lookup 100 priority 10001' \
		'^10001: from 203\.0\.113\.0/26 iif lo lookup 100'
}

@test "a line of ours that the administrator changed in the block is not lost" {
	started LAB_STRICT_ROUTERS=1
	router 0 ip address add 192.168.2.2/24 dev uplink
	edited '/ table 100 /s/via 192.168.2.1 /via 192.168.2.2 /' route-eth0
	multihome 0 sync
	holds route-eth0 'default via 192.168.2.2 dev eth0 table 100 proto 109'
	answers 0 1
	service restart
	holds route-eth0 'default via 192.168.2.2 dev eth0 table 100 proto 109'
	answers 0 1
	agree
	changes_nothing sh -c 'multihome sync 2>/dev/null'
}

# --- A5: foreign routes with the key of a line of the block -------------------------------

# As EL8's ifup-routes: what cannot be added is replaced.
replacing_routes() {
	[ -n "$LAB_INITSCRIPTS" ] || sed -i "s|'ip -4 route add' \"route|replacing_add \"route|
		/^names=/i replacing_add() { ip -4 route add \"\$@\" || ip -4 route replace \"\$@\"; }" \
		"$LAB_SCRIPTS/ifup-routes"
}

# foreign_key PATTERN ROUTE…: ifup eth0, sync, and a restart leave it.
foreign_key() {
	started LAB_STRICT_ROUTERS=1
	replacing_routes
	# shellcheck disable=SC2086 # words
	host ip route replace $2
	multihome 0 sync
	has "$(routes)" "$1"
	host ifup eth0
	has "$(routes)" "$1"
	host ifdown eth0
	has "$(routes)" "$1"
	host ifup eth0
	has "$(routes)" "$1"
	answers 0 1
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	multihome 0 clean
	has "$(routes)" "$1"
}

@test "EL8's ifup-routes does not replace a foreign second default in main" {
	foreign_key '^default via 10\.0\.0\.7 dev eth1 metric 1100$' \
		'default via 10.0.0.7 dev eth1 metric 1100'
}

# bats test_tags=long
@test "EL8's ifup-routes does not replace a foreign default in table 253" {
	foreign_key '^default via 10\.0\.0\.7 dev eth1 table (253|default) metric 100$' \
		'default via 10.0.0.7 dev eth1 metric 100 table 253'
}

# bats test_tags=long
@test "EL8's ifup-routes does not replace the administrator's line behind the block" {
	host_up LAB_STRICT_ROUTERS=1
	replacing_routes
	router 0 ip address add 192.168.2.2/24 dev uplink
	echo 'default via 192.168.2.2 dev eth0 metric 100 table 253' >"$LAB_SCRIPTS/route-eth0"
	echo 'default via 192.168.2.2 dev eth0 metric 1100' >>"$LAB_SCRIPTS/route-eth0"
	lab_install
	service start
	agree
	has "$(routes)" '^default via 192\.168\.2\.2 dev eth0 table (253|default) metric 100$'
	has "$(routes)" '^default via 192\.168\.2\.2 dev eth0 metric 1100$'
	host ifup eth0
	has "$(routes)" '^default via 192\.168\.2\.2 dev eth0 table (253|default) metric 100$'
	answers 0 1
	changes_nothing multihome sync
}

# --- A6: foreign rules like ours ----------------------------------------------------------

# like_ours SELECTOR: foreign rules like those of eth1, with one selector more, at priorities
# about ours; where ours stands aside for ifup-routes is among them.
like_ours() {
	local priority foreign
	started LAB_STRICT_ROUTERS=1
	for priority in 9997 9998 9999 10000 32762 32763; do
		# shellcheck disable=SC2086 # words
		host ip rule add from 10.0.0.0/8 iif lo $1 lookup 101 priority "$priority"
	done
	foreign=$(rules | grep "from 10\.0\.0\.0/8 .*$2")
	multihome 0 prepare ifcfg-eth1
	is "$(rules | grep "from 10\.0\.0\.0/8 .*$2")" "$foreign" 'after prepare'
	multihome 0 up eth1
	is "$(rules | grep "from 10\.0\.0\.0/8 .*$2")" "$foreign" 'after up'
	is "$(rules | grep -c 'from 10\.0\.0\.0/8 iif lo lookup 101')" 1 'rules of ours'
	host ifup eth1
	is "$(rules | grep "from 10\.0\.0\.0/8 .*$2")" "$foreign" 'after ifup'
	is "$(rules | grep -c 'from 10\.0\.0\.0/8 iif lo lookup 101')" 1 'rules of ours'
	answers 0 1
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	host ifdown eth1
	is "$(rules | grep "from 10\.0\.0\.0/8 .*$2")" "$foreign" 'after ifdown'
	host ifup eth1
	is "$(rules | grep "from 10\.0\.0\.0/8 .*$2")" "$foreign" 'after another ifup'
	answers 0 1
	multihome 0 clean
	is "$(rules | grep "from 10\.0\.0\.0/8 .*$2")" "$foreign" 'after clean'
	has_no "$(rules)" 'from 10\.0\.0\.0/8 iif lo lookup 101'
}

@test "a foreign rule like ours with a fwmark survives prepare and up" {
	like_ours 'fwmark 0x7' 'fwmark 0x7'
}

# bats test_tags=long
@test "so does one for a protocol" {
	like_ours 'ipproto tcp' 'ipproto tcp'
}

# bats test_tags=long
@test "so does one for a destination" {
	like_ours 'to 203.0.113.0/24' 'to 203\.0\.113'
}

# bats test_tags=long
@test "so does one for users" {
	like_ours 'uidrange 500-500' 'uidrange 500-500'
}

# --- A7: routes by two next hops ----------------------------------------------------------

# started6 [KEY=VALUE…]
started6() {
	host_up LAB_IPV6=1 "$@"
	lab_uplinks6
	admin_moves_in
	lab_install
	service start
}

# rests: one sync takes note, the next changes nothing.
rests() {
	multihome 0 sync
	changes_nothing multihome sync
	answers_at "${LAB_ADDRESSES6[0]}" eth0
	answers_at "${LAB_ADDRESSES6[1]}" eth1
}

# next_hops FAMILY REST HOP…: a route of main by each of these in turn, and none at last.
next_hops() {
	local family=$1 rest=$2 net=198.18.9.0/24 hops
	[ "$family" = -4 ] || net=2001:db8:99::/48
	shift 2
	for hops; do
		# shellcheck disable=SC2086 # words
		host ip "$family" route replace $net $hops
		"$rest"
	done
	host ip "$family" route del $net
	"$rest"
	has_no "$(routes; routes6)" "${net%/*}/"
}

rests4() {
	at_rest
	answers 0 1
}

# started6_beside: eth2 is no uplink.
started6_beside() {
	started6 LAB_UPLINKS=3
	lab_uplink 2 GATEWAY= IPV6INIT=yes "IPV6ADDR=${LAB_ADDRESSES6[2]}/64"
	service restart
}

@test "an IPv6 route of main that gets a second next hop, and loses one, is at rest each time" {
	local one='via 2001:db8:20::1 dev eth2' two='via 2001:db8:20::7 dev eth2'
	started6_beside
	next_hops -6 rests "$one" "nexthop $one nexthop $two" "$two"
}

# bats test_tags=long
@test "an IPv6 route of main that has one next hop, then two, then one is at rest each time" {
	local eth0='via 2001:db8:2::1 dev eth0' eth1='via 2001:db8:10::1 dev eth1'
	local one='via 2001:db8:20::1 dev eth2' two='via 2001:db8:20::7 dev eth2'
	started6_beside
	next_hops -6 rests "$one" "nexthop $one nexthop $two" "$two" \
		"nexthop $two weight 3 nexthop $one" "nexthop $one nexthop $two" \
		"$eth0" "nexthop $eth0 nexthop $eth1" "nexthop $eth0 nexthop $one" "$eth1"
	host ip -6 route add 2001:db8:99::/48 via 2001:db8:20::1 dev eth2
	rests
	host ip -6 route append 2001:db8:99::/48 via 2001:db8:20::7 dev eth2
	rests
	host ip -6 route del 2001:db8:99::/48 via 2001:db8:20::1 dev eth2
	rests
}

# bats test_tags=long
@test "an IPv4 route of main that has one next hop, then two, then one is at rest each time" {
	local eth0='via 192.168.2.1 dev eth0' eth1='via 10.0.0.1 dev eth1'
	local one='via 172.20.3.1 dev eth2' two='via 172.20.3.7 dev eth2'
	host_up LAB_UPLINKS=3 LAB_STRICT_ROUTERS=1
	lab_uplink 2 GATEWAY=
	lab_install
	service start
	next_hops -4 rests4 "$one" "nexthop $one nexthop $two" "$two" \
		"nexthop $two weight 3 nexthop $one" "nexthop $one nexthop $two" \
		"$eth0" "nexthop $eth0 nexthop $eth1" "nexthop $eth0 nexthop $one" "$eth1"
}

# bats test_tags=long
@test "a next hop that the administrator appends to our IPv6 default stays, also after clean" {
	started6
	local table
	table=$(rules6 | sed -n 's/.*from 2001:db8:2::.* lookup //p' | head -n1)
	host ip -6 route append default via 2001:db8:2::7 dev eth0 table "$table" \
		metric "$(host ip -6 route show table "$table" | sed -n 's/^default.* metric \([0-9]*\).*/\1/p')"
	has "$(host ip -6 route show table "$table")" 'via 2001:db8:2::7 '
	multihome 0 sync
	has "$(host ip -6 route show table "$table")" 'via 2001:db8:2::7 '
	has "$(host ip -6 route show table "$table")" 'via 2001:db8:2::1 '
	changes_nothing sh -c 'multihome sync 2>/dev/null'
	multihome 0 up eth1
	has "$(host ip -6 route show table "$table")" 'via 2001:db8:2::7 '
	multihome 0 clean
	has "$(host ip -6 route show table "$table")" 'via 2001:db8:2::7 '
	has_no "$(host ip -6 route show table "$table")" 'via 2001:db8:2::1 '
}

# bats test_tags=long
@test "a default of two next hops that the administrator makes of main's is at rest" {
	started6
	host ip -6 route append default via 2001:db8:10::1 dev eth1 metric \
		"$(host ip -6 route show default | sed -n '1s/.* metric \([0-9]*\).*/\1/p')"
	rests
	is "$(host ip -6 route show default | grep -c via)" 2 'next hops'
	multihome 0 clean
	is "$(host ip -6 route show default | grep -c via)" 2 'next hops after clean'
}

# --- A8: rules without a priority ---------------------------------------------------------

# unnumbered: the administrator's rules in the kernel, in the order in which it asks them.
unnumbered() {
	host ip -4 rule | tr -s '\t ' ' ' | grep '203\.0\.113\.' | sed 's/^[0-9]*: //'
}

# as_without FILL: his rules come in the same order with the package as without, after a start,
# a restart, and ifdown and ifup of each.
as_without() {
	local plain again
	host_up LAB_STRICT_ROUTERS=1
	"$1"
	service start
	plain=$(unnumbered)
	service restart
	again=$(unnumbered)
	lab_down
	host_up LAB_STRICT_ROUTERS=1
	"$1"
	cp "$LAB_SCRIPTS"/rule-eth* "$BATS_TEST_TMPDIR"
	lab_install
	service start
	is "$(unnumbered)" "$plain" 'after start'
	answers 0 1
	changes_nothing multihome sync
	service restart
	is "$(unnumbered)" "$again" 'after restart'
	answers 0 1
	for file in "$BATS_TEST_TMPDIR"/rule-eth*; do
		outside "${file##*/}" | cmp - "$file"
	done
	# Ours move away from where the kernel counts down from; his are not lost.
	multihome 0 clean
	is "$(unnumbered | sort)" "$(sort <<<"$again")" 'after clean'
}

before_numbered() {
	echo 'to 203.0.113.5 table 7' >"$LAB_SCRIPTS/rule-eth0"
	echo 'to 203.0.113.0/24 table 8 priority 20000' >"$LAB_SCRIPTS/rule-eth1"
}

beside_numbered() {
	printf '%s\n' 'to 203.0.113.5 table 7' 'to 203.0.113.0/24 table 8 priority 20000' \
		'from 203.0.113.6 table 9' >"$LAB_SCRIPTS/rule-eth0"
}

after_numbered() {
	echo 'to 203.0.113.0/24 table 8 priority 20000' >"$LAB_SCRIPTS/rule-eth0"
	echo 'to 203.0.113.5 table 7' >"$LAB_SCRIPTS/rule-eth1"
}

all_unnumbered() {
	printf '%s\n' 'to 203.0.113.5 table 7' 'to 203.0.113.0/24 table 8' >"$LAB_SCRIPTS/rule-eth0"
	printf '%s\n' 'to 203.0.113.6 table 7' 'to 203.0.113.0/25 table 8' >"$LAB_SCRIPTS/rule-eth1"
}

@test "a rule without a priority stays behind one of 20000 that comes later" {
	as_without before_numbered
}

# bats test_tags=long
@test "a rule without a priority stays behind one of 20000 in the same file" {
	as_without beside_numbered
}

# bats test_tags=long
@test "a rule without a priority comes before one of 20000 that is there, as without us" {
	as_without after_numbered
}

# bats test_tags=long
@test "rules without any priority keep their order" {
	as_without all_unnumbered
}

# bats test_tags=long
@test "a rule without a priority is not asked before the kernel's main table is due" {
	host_up LAB_STRICT_ROUTERS=1
	echo 'to 203.0.113.5 table 7' >"$LAB_SCRIPTS/rule-eth1"
	lab_install
	service start
	answers 0 1
	local priority
	priority=$(rules | sed -n 's/^\([0-9]*\): from all to 203\.0\.113\.5 .*/\1/p')
	[ "$priority" -gt 30000 ] || { echo "it is at $priority"; return 1; }
	changes_nothing multihome sync
}
