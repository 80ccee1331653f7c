#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# plan prints what sync then does, exactly, and does nothing itself.

load lab/test

# by_hand PLAN: does what it says: a diff for patch, then commands.
by_hand() {
	grep -vE '^[-+~] (ip|sysctl) ' <<<"$1" >"$LAB_ROOT/tmp/plan.diff" || true
	sed -nE 's/^[-+~] ((ip|sysctl) )/\1/p' <<<"$1" >"$LAB_ROOT/tmp/plan.sh"
	[ ! -s "$LAB_ROOT/tmp/plan.diff" ] || host patch -s -p1 -d / -i /tmp/plan.diff
	host sh -e /tmp/plan.sh
}

# exactly EDIT: on one host the plan is carried out by hand, on another by sync.
# Both are then the same, and that plan was all there was to do.
exactly() {
	local before by_hand plan
	started
	"$1"
	before=$(kernel; lab_stamps)
	multihome 0 plan
	is "$stderr" ''
	is_not "$output" '' 'plan'
	is "$(kernel; lab_stamps)" "$before" 'plan changed something'
	plan=$output
	by_hand "$plan"
	by_hand=$(kernel; lab_files)
	multihome 0 plan
	is "$output$stderr" '' 'plan after it was carried out by hand'
	lab_down
	started
	"$1"
	multihome 0 plan
	is "$output" "$plan"
	multihome 0 sync
	is "$(kernel; lab_files)" "$by_hand" 'sync against the plan carried out'
	multihome 0 plan
	is "$output$stderr" '' 'plan after sync'
	settled
}

other_table() {
	lab_uplink 1 TABLE=150
}

@test "plan is what sync does after an edited TABLE" {
	exactly other_table
}

other_gateway() {
	lab_uplink 0 GATEWAY=192.168.2.2
}

@test "plan is what sync does after an edited GATEWAY" {
	exactly other_gateway
}

damage() {
	host ip rule del from 10.0.0.0/8 iif lo table 101
	host ip route flush table 100
	rm "$LAB_SCRIPTS/rule-eth1"
}

@test "plan is what sync does after damage" {
	exactly damage
}

leave_by_file() {
	rm "$LAB_SCRIPTS/ifcfg-eth1"
}

@test "plan is what sync does when one uplink is given up" {
	exactly leave_by_file
}

@test "plan of a host that was never synced shows files, rules and routes" {
	host_up
	service start
	lab_install
	multihome 0 plan
	has "$output" '^\+.*from 192\.168\.2\.0/24 iif lo '
	has "$output" '^\+ ip .*rule add .*from 10\.0\.0\.0/8 iif lo '
	has "$output" '^\+ ip .*route .*default via 10\.0\.0\.1 dev eth1 .*table 253'
	is "$(our_rules)$(our_routes)" ''
}

@test "plan DEVICE shows that device only" {
	host_up
	service start
	lab_install
	multihome 0 plan eth1
	has "$output" 'from 10\.0\.0\.0/8'
	has_no "$output" 'from 192\.168\.2\.0/24'
}

@test "plan DEVICE shows all of its uplinks: those of its aliases, and IPv6" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.7.99 NETMASK=255.255.255.0 GATEWAY=192.168.7.1
	service start
	lab_install
	multihome 0 plan eth0
	has "$output" '^\+ ip rule add from 192\.168\.2\.0/24 '
	has "$output" '^\+ ip rule add from 192\.168\.7\.0/24 '
	has "$output" '^\+ ip -6 rule add from 2001:db8:2::/64 '
	has_no "$output" 'from 10\.0\.0\.0/8'
}

@test "plan of a device that nobody knows is an error, one that has no ifcfg file is none" {
	host_up
	service start
	lab_install
	multihome 2 plan eth77
	is "$output" ''
	is "$stderr" 'eth77: no such device, and no ifcfg file for one'
	host ip link add br9 type bridge
	multihome 0 plan br9
	is "$output$stderr" ''
}

@test "plan --root takes any folder with network-scripts, by a relative path too, and no other" {
	local absolute
	host_up
	lab_install
	host sh -c 'mkdir -p /tmp/a/copy /tmp/none && cp -a /etc /tmp/a/copy/'
	multihome 0 plan --root /tmp/a/copy
	absolute=$output
	has "$absolute" '^\+\+\+ b/tmp/a/copy/etc/sysconfig/network-scripts/route-eth0$'
	for word in a/copy a/copy/etc ./a/../a/copy; do
		run --separate-stderr host sh -c "cd /tmp && multihome plan --root $word"
		is "$status/$stderr" 0/
		is "$output" "$absolute"
	done
	multihome 1 plan --root /tmp/none
	is "$output/$stderr" '//tmp/none: no etc/sysconfig/network-scripts below; expected a copy of /etc'
	multihome 1 plan --root /tmp/nowhere
	is "$output/$stderr" '//tmp/nowhere: No such file or directory'
}

@test "plan needs no privileges, here or on a copied /etc" {
	local before
	host_up
	service start
	lab_install
	multihome 0 plan
	local plan=$output
	run --separate-stderr host setpriv --reuid=65534 --regid=65534 --clear-groups \
		/sbin/multihome plan
	is "$status/$stderr" 0/
	is "$output" "$plan"
	host sh -c 'mkdir /tmp/copy && cp -a /etc /tmp/copy/ && chmod -R a+rX /tmp/copy'
	before=$(cd "$LAB_ROOT/tmp/copy" && find . -printf '%p %i %T@ %s\n' | sort)
	run --separate-stderr host setpriv --reuid=65534 --regid=65534 --clear-groups \
		/sbin/multihome plan --root /tmp/copy
	is "$status/$stderr" 0/
	has "$output" '^\+.*from 192\.168\.2\.0/24 iif lo '
	has "$output" '^\+.*from 10\.0\.0\.0/8 iif lo '
	is "$(cd "$LAB_ROOT/tmp/copy" && find . -printf '%p %i %T@ %s\n' | sort)" "$before"
}

@test "plan tells errors as sync does and exits 3" {
	host_up LAB_UPLINKS=3
	lab_uplink 1 TABLE=254
	lab_install
	service start
	multihome 3 sync
	local told=$stderr
	multihome 3 plan
	is "$stderr" "$told"
	is "$output" ''
}

@test "show lists the uplinks with device, address, gateway and table" {
	started
	multihome 0 show
	is "$stderr" ''
	has "$output" 'eth0.*192\.168\.2\.99.*192\.168\.2\.1.*100'
	has "$output" 'eth1.*10\.0\.0\.99.*10\.0\.0\.1.*101'
	changes_nothing_but_output multihome show
}

# changes_nothing_but_output COMMAND…: for the verbs that are to print.
changes_nothing_but_output() {
	local before
	before=$(kernel; lab_stamps)
	run --separate-stderr host "$@"
	is "$status/$stderr" 0/
	is "$(kernel; lab_stamps)" "$before"
}
