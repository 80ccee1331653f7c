#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Under the network service: repeated, quiet, and gone without a trace.

load lab/test

# consoles COUNT [COMMAND…]: what each restart prints, with COMMAND before it.
consoles() {
	local count=$1 n
	shift
	for ((n = 1; n <= count; n++)); do
		[ $# = 0 ] || "$@"
		service restart
		echo "$output"
		echo "-- $n"
	done
}

# The same host without the package: what it prints shall be all that is printed.
consoles_without() {
	host_up
	admin_moves_in
	service start
	consoles "$@"
	lab_down
}

# repeatedly COUNT [COMMAND…]: after every restart the state is the first one's,
# and the console is that of a host without the package.
repeatedly() {
	local first plain ours count=$1
	plain=$(consoles_without "$@")
	started
	first=$(rules; routes)
	shift
	for ((n = 1; n <= count; n++)); do
		[ $# = 0 ] || "$@"
		service restart
		ours=$ours$output$'\n'"-- $n"$'\n'
		is "$(rules; routes)" "$first" "rules and routes after restart $n"
	done
	is "${ours%$'\n'}" "$plain" 'console'
	answers 0 1
	settled
}

# bats test_tags=long
@test "ten restarts with eth1 downed by hand: the same state, a silent package" {
	repeatedly 10 host ifconfig eth1 down
}

# bats test_tags=long
@test "three restarts with eth0 downed by hand: the same state, a silent package" {
	repeatedly 3 host ifconfig eth0 down
}

@test "three plain restarts: the same state, a silent package" {
	repeatedly 3
}

@test "start prints nothing that it does not print without the package" {
	local plain
	host_up LAB_RP_FILTER=el6
	service start
	plain=$output
	lab_down
	started LAB_RP_FILTER=el6
	is "$output" "$plain"
}

@test "a second up or sync changes nothing" {
	started LAB_RP_FILTER=el6
	has "$(our_rules)" 'iif lo'
	changes_nothing multihome up eth0
	changes_nothing multihome up eth1
	settled
}

@test "prepare makes room for ifup-routes: replies keep their way, up restores the rest" {
	started LAB_STRICT_ROUTERS=1
	local before
	before=$(kernel; lab_files)
	multihome 0 prepare ifcfg-eth1
	is "$output/$stderr" /
	answers 0 1
	run host /etc/sysconfig/network-scripts/ifup-routes eth1
	is "$output" ''
	answers 0 1
	multihome 0 up eth1
	is "$output/$stderr" /
	is "$(kernel; lab_files)" "$before"
	settled
}

@test "the trace of a sync that has work to do shows it" {
	started
	host ip rule del from 10.0.0.0/8 iif lo priority 10001 table 101
	run --separate-stderr host strace -f -e trace=network -o /tmp/trace multihome sync
	is "$status/$output/$stderr" 0//
	has "$(lab_sent)" RTM_NEWRULE
	settled
}

# state: what must be equal on a host that the package has nothing to do for.
state() {
	kernel
	lab_files
}

# unconcerned PREPARE [SWITCH]: with and without the package, start and restart lead to
# the same files, rules, routes and sysctls.
unconcerned() {
	local started restarted
	host_up LAB_RP_FILTER=el6
	"$1"
	service start
	started=$(state)
	service restart
	restarted=$(state)
	lab_down
	host_up LAB_RP_FILTER=el6
	"$1"
	lab_install
	"${2-true}"
	service start
	is "$(state)" "$started" 'after start'
	changes_nothing multihome sync
	service restart
	is "$(state)" "$restarted" 'after restart'
}

one_uplink() {
	rm "$LAB_SCRIPTS/ifcfg-eth1"
}

second_without_gateway() {
	lab_uplink 1 GATEWAY=
}

switched_off() {
	printf 'MULTIHOME=no\n' >"$LAB_ROOT/etc/sysconfig/multihome"
}

@test "nothing changes for a host with one uplink" {
	unconcerned one_uplink
}

@test "nothing changes for a host whose second NIC has no gateway" {
	unconcerned second_without_gateway
}

@test "nothing changes with MULTIHOME=no for the host" {
	unconcerned true switched_off
}

@test "MULTIHOME=no in one file: nothing of that NIC, the other still answers" {
	started LAB_STRICT_ROUTERS=1
	lab_uplink 1 MULTIHOME=no
	multihome 0 sync
	is "$output/$stderr" /
	has_no "$(our_rules; our_routes)" 'from 10\.|via 10\.|table 101'
	cmp "$LAB_SCRIPTS/route-eth1" "$BATS_TEST_TMPDIR/route-eth1"
	[ ! -e "$LAB_SCRIPTS/rule-eth1" ]
	answers 0 1
	settled
}

@test "clean leaves files, rules, routes and sysctls as without the package" {
	local plain
	host_up LAB_RP_FILTER=el6
	admin_moves_in
	service start
	plain=$(state)
	lab_install
	service restart
	is_not "$(state)" "$plain"
	multihome 0 clean
	is "$output/$stderr" /
	is "$(state)" "$plain"
	multihome 0 clean
	is "$output/$stderr" /
	is "$(state)" "$plain"
	admin_still_there
}

@test "after stop nothing of ours is in the kernel" {
	started
	service stop
	has_no "$(rules)" 'iif lo'
	is "$(our_routes)" ''
	service start
	answers 0 1
}

@test "the hooks pass over lo and devices that no file knows" {
	started
	for verb in up down; do
		changes_nothing multihome $verb lo
		changes_nothing multihome $verb nosuch0
	done
}

@test "a hook is the program itself, and ends with 0 whatever it is given" {
	started
	local hook
	for hook in ifup-pre-local ifup-local ifdown-local; do
		host strace -f -qq -e trace=execve -o /tmp/trace /sbin/$hook eth0
		is "$(lines "$(cat "$LAB_ROOT/tmp/trace")")" 1 "programs of $hook"
		run --separate-stderr host /sbin/$hook
		is "$status/$output" 0/
		has "$stderr" '^multihome: [a-z]*: missing argument'
		run host /sbin/$hook -h
		is "$status/$output" 0/
	done
	run host /sbin/ifup-pre-local ifcfg-eth0 boot
	is "$status/$output" 0/
	printf 'GATEWAY=10.0.0.x\n' >>"$LAB_SCRIPTS/ifcfg-eth1"
	run host /sbin/ifup-pre-local ifcfg-eth1
	is "$status" 0
	has "$output" 'ifcfg-eth1:[0-9]+: '
}

# Where 0.1 had its hooks, and somebody's line may still say so.
@test "a link and a chained call of 0.1 go on working" {
	host_up LAB_RP_FILTER=el6
	admin_moves_in
	ln -s /usr/lib/multihome/ifup-pre-local "$LAB_ROOT/usr/sbin/ifup-pre-local"
	printf '%s\n' '#!/bin/sh' 'echo mine "$@" >>/tmp/mine' '/usr/lib/multihome/ifup-local "$@"' \
		>"$LAB_ROOT/usr/sbin/ifup-local"
	chmod 755 "$LAB_ROOT/usr/sbin/ifup-local"
	run lab_install
	is "$status/$output" 0/
	service start
	answers 0 1
	settled
	host test "$(readlink "$LAB_ROOT/usr/sbin/ifup-pre-local")" = /usr/libexec/multihome/ifup-pre-local
	has "$(cat "$LAB_ROOT/tmp/mine")" 'mine eth1'
	run host make -s -C /run/lab/repo uninstall DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status" 0
	has "$output" '^/sbin/ifup-local still runs /usr/lib/multihome/ifup-local; remove that line$'
	host test ! -e /usr/lib/multihome
}

@test "install leaves the admin's own hook alone and says how to chain" {
	host_up
	printf '#!/bin/sh\necho mine "$@" >>/tmp/mine\n' >"$LAB_ROOT/usr/sbin/ifup-local"
	chmod 755 "$LAB_ROOT/usr/sbin/ifup-local"
	run host make -s -C /run/lab/repo install BUILD="${LAB_BUILD:-build}" \
		DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status" 0
	has "$output" '/ifup-local'
	is "$(lines "$output")" 1 'lines of install'
	service start
	has "$(cat "$LAB_ROOT/tmp/mine")" 'mine eth0'
	run host make -s -C /run/lab/repo uninstall DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status" 0
	has "$(cat "$LAB_ROOT/usr/sbin/ifup-local")" mine
}

@test "uninstall takes back what install brought" {
	# everything below /etc and /usr that is not there on the machine itself
	everything() {
		(cd "$LAB_ROOT/run/lab/layers" && find etc/upper usr/upper -type f -o -type l | sort)
	}
	host_up
	local before
	before=$(everything)
	lab_install
	is_not "$(everything)" "$before"
	run host make -s -C /run/lab/repo uninstall DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status/$output" 0/
	is "$(everything)" "$before"
}
