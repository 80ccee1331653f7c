#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# What the admin wrote or did stays, byte for byte.

load lab/test

# through_life CHECK: start, edit, restart, stop, start, clean; CHECK after each.
through_life() {
	local check=$1
	service start
	"$check" start
	lab_uplink 0 TABLE=150
	multihome 0 sync
	"$check" edit
	service restart
	"$check" restart
	service stop
	"$check" stop
	service start
	answers 0 1
	multihome 0 clean
	"$check" clean
}

# own FILE BYTES: the admin's file, as printf makes it, and a copy to compare.
own() {
	printf '%b' "$2" >"$LAB_SCRIPTS/$1"
	cp "$LAB_SCRIPTS/$1" "$BATS_TEST_TMPDIR/$1"
}

# own_intact WHEN: outside our block nothing is changed, and after clean there
# is no block.
own_intact() {
	local file
	for file in "$BATS_TEST_TMPDIR"/r*-eth*; do
		outside "${file##*/}" | cmp - "$file" || { echo "after $1"; return 1; }
		[ "$1" != clean ] || cmp "$LAB_SCRIPTS/${file##*/}" "$file"
	done
}

@test "lines in route and rule files survive start, edit, stop and clean" {
	host_up
	own rule-eth0 '# first\n\n  to 203.0.113.9/32 priority 500 table 7  \n#last\n'
	own route-eth0 '203.0.113.0/25 via 192.168.2.1 dev eth0\n\t# tab, \\\\ backslash, * star\n'
	own rule-eth1 '\n\n'
	lab_install
	through_life own_intact
}

# bats test_tags=long
@test "lines put before, after and around the block survive" {
	host_up
	own rule-eth0 '# first\n# last\n'
	lab_install
	service start
	{
		echo '# before'
		cat "$LAB_SCRIPTS/rule-eth0"
		echo 'to 203.0.113.9/32 priority 500 table 7'
		echo '# after'
	} >"$LAB_ROOT/tmp/new"
	cat "$LAB_ROOT/tmp/new" >"$LAB_SCRIPTS/rule-eth0"
	outside rule-eth0 >"$BATS_TEST_TMPDIR/rule-eth0"
	changes_nothing multihome sync
	through_life own_intact
}

@test "a file without a final newline keeps its last line whole" {
	host_up
	own rule-eth0 'to 203.0.113.9/32 priority 500 table 7'
	lab_install
	service start
	has "$(rules)" '^500: from all to 203\.0\.113\.9 lookup 7'
	has "$(rules)" 'from 192\.168\.2\.0/24 iif lo lookup 100'
	is "$(outside rule-eth0)" 'to 203.0.113.9/32 priority 500 table 7'
	service restart
	is "$(outside rule-eth0)" 'to 203.0.113.9/32 priority 500 table 7'
	answers 0 1
	multihome 0 clean
	cmp "$LAB_SCRIPTS/rule-eth0" "$BATS_TEST_TMPDIR/rule-eth0"
}

@test "a file with CRLF line ends keeps them" {
	host_up
	own rule-eth0 '# dos\r\n# file\r\n'
	own route-eth1 '# dos\r\n'
	lab_install
	through_life own_intact
}

@test "a route file in ADDRESSn= form is left alone and still works" {
	host_up
	own route-eth0 'ADDRESS0=203.0.113.0\nNETMASK0=255.255.255.0\nGATEWAY0=192.168.2.1\n'
	lab_install
	service start
	cmp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR/route-eth0"
	has "$(routes)" '^203\.0\.113\.0/24 via 192\.168\.2\.1 dev eth0$'
	has "$(host ip route get 203.0.113.9 from 192.168.2.99)" 'via 192\.168\.2\.1 dev eth0'
	answers 0 1
	changes_nothing multihome sync
	service restart
	cmp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR/route-eth0"
	answers 0 1
	multihome 0 clean
	cmp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR/route-eth0"
	is "$(our_routes)" ''
}

@test "an uplink that the admin routes by hand is left alone, and said so" {
	host_up LAB_UPLINKS=3
	own rule-eth0 'from 192.168.2.99 table 42 priority 900\n'
	own route-eth0 'default via 192.168.2.1 dev eth0 table 42\n'
	lab_install
	service start
	cmp "$LAB_SCRIPTS/rule-eth0" "$BATS_TEST_TMPDIR/rule-eth0"
	cmp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR/route-eth0"
	has_no "$(our_rules)" 'from 192\.168'
	answers 0 1 2
	multihome 0 sync
	is "$output" ''
	has "$stderr" '^[^ ]*eth0[^ ]*: .*rule-eth0'
	is "$(lines "$stderr")" 1 'messages'
	multihome 0 clean
	has "$(rules)" '^900: from 192\.168\.2\.99 lookup 42'
	has "$(routes)" '^default via 192\.168\.2\.1 dev eth0 table 42'
}

@test "an alias that the admin routes by hand is his; its NIC's other addresses are served" {
	local before
	without_priorities() { sed 's/^[0-9]*: \(.* iif lo \)/\1/' | sort; }
	host_up LAB_STRICT_ROUTERS=1
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.2.98 NETMASK=255.255.255.0
	admin_moves_in
	lab_install
	service start
	answers 0 1
	before=$(kernel | without_priorities)
	echo 'from 192.168.2.98 table 42 priority 20000' >>"$LAB_SCRIPTS/rule-eth0"
	echo 'default via 192.168.2.1 dev eth0 mtu 1400 table 42' >>"$LAB_SCRIPTS/route-eth0"
	cp "$LAB_SCRIPTS/rule-eth0" "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR"
	# Nothing of it is in the kernel before an ifup, but that ours make way for it.
	multihome 0 sync
	multihome 0 up eth1
	is "$(kernel | without_priorities)" "$before"
	service restart
	# Kernels before 4.4 do not say the table.
	has "$(host ip route get "$LAB_CLIENT" from 192.168.2.98)" 'mtu 1400'
	answers 0 1
	answers_by 192.168.2.98 eth0
	outside rule-eth0 | cmp - <(outside_of "$BATS_TEST_TMPDIR/rule-eth0")
	changes_nothing multihome sync
	multihome 0 clean
	has "$(rules)" '^20000: from 192\.168\.2\.98 lookup 42'
	is "$(our_rules | grep -v 203)" ''
}

@test "foreign rules survive start, restart, stop and clean, even at priority 1" {
	host_up
	admin_moves_in
	lab_install
	through_life admin_rules_there
}

# After stop the routes that need no device are there as well.
admin_rules_there() {
	[ "$1" = edit ] || admin_still_there
}

@test "foreign routes in our tables survive sync, down and clean" {
	started
	host ip route add blackhole 198.51.100.7 table 100
	host ip route add 198.51.100.8 via 192.168.2.1 dev eth0 table 101
	host ip rule add from 203.0.113.4 priority 10001 table 100
	foreign() {
		has "$(routes)" '^blackhole 198\.51\.100\.7 table 100'
		has "$(routes)" '^198\.51\.100\.8 via 192\.168\.2\.1 dev eth0 table 101'
		has "$(rules)" '^10001: from 203\.0\.113\.4 lookup 100'
	}
	multihome 0 sync
	is "$output/$stderr" /
	foreign
	host ifdown eth1
	foreign
	host ifup eth1
	foreign
	answers 0 1
	settled
	multihome 0 clean
	foreign
	is "$(our_routes)" ''
}

@test "a table that someone else uses is not taken" {
	host_up
	host ip route add blackhole 198.51.100.7 table 100
	host ip rule add from 203.0.113.4 priority 900 table 101
	echo '102 theirs' >>"$LAB_ROOT/etc/iproute2/rt_tables"
	lab_install
	service start
	is "$(our_rules)" "$(cat <<-END
		10001: from 10.0.0.0/8 iif lo lookup 104
		10001: from 192.168.2.0/24 iif lo lookup 103
	END
	)"
	answers 0 1
	changes_nothing multihome sync
	service restart
	has "$(our_rules)" 'from 10\.0\.0\.0/8 iif lo lookup 104'
}

# bats test_tags=long
@test "main keeps every route that it has without the package" {
	local plain route
	host_up
	own route-eth0 '203.0.113.0/25 via 192.168.2.1 dev eth0\n'
	service start
	plain=$(host ip -4 route show table main | sed 's/ *$//')
	lab_install
	service restart
	while read -r route; do
		has "$(routes)" "^${route//./\\.}\$"
	done <<<"$plain"
	# and the admin's static route holds for replies of that NIC too
	has "$(host ip route get 203.0.113.9 from 192.168.2.99)" 'via 192\.168\.2\.1 dev eth0'
	changes_nothing multihome sync
}

@test "with the admin's DEFROUTE=no and METRIC no fallback is forced on them" {
	host_up
	lab_uplink 0 DEFROUTE=no
	lab_install
	service start
	has_no "$(host ip route show default)" 'eth0.*metric 11'
	answers 0 1
	changes_nothing multihome sync
}
