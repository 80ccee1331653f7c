#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# FILES=no: all is in the kernel, and the files are somebody else's.

load lab/test

blocks() {
	grep -ls multihome "$LAB_SCRIPTS"/r*-eth* || true
}

# without_files: a host that was set up so, with files of the administrator's.
without_files() {
	host_up LAB_RP_FILTER=el6
	admin_moves_in
	lab_install
	host sh -c 'echo FILES=no >/etc/sysconfig/multihome'
	service start
}

@test "no block is written, and each NIC answers by its own gateway" {
	without_files
	answers 0 1
	is "$(blocks)" ''
	service restart
	answers 0 1
	is "$(blocks)" ''
	run host ifdown eth1
	answers 0
	reaches_client eth0
	run host ifup eth1
	is "$status/$output" 0/
	answers 0 1
	reaches_client eth1
	settled
	multihome 0 clean
	admin_still_there
}

@test "blocks that are there are removed with the next sync, nothing else, and come back" {
	started
	local before
	before=$(kernel)
	cp "$LAB_SCRIPTS/rule-eth1" "$BATS_TEST_TMPDIR/rule-eth1.with"
	host sh -c 'echo FILES=no >/etc/sysconfig/multihome'
	multihome 0 sync
	is "$(blocks)" ''
	is "$(kernel)" "$before"
	settled
	host sh -c 'echo FILES=yes >/etc/sysconfig/multihome'
	multihome 0 sync
	cmp "$LAB_SCRIPTS/rule-eth1" "$BATS_TEST_TMPDIR/rule-eth1.with"
	settled
}

@test "each keeps its table when another goes, and TABLE= says which" {
	without_files
	lab_uplink 1 TABLE=150
	service restart
	has "$(rules)" 'from 10\.0\.0\.0/8 .*lookup 150'
	has "$(rules)" 'from 192\.168\.2\.0/24 .*lookup 100'
	lab_uplink 1
	run host ifdown eth0
	run host ifup eth1
	answers 1
	run host ifup eth0
	answers 0 1
	settled
}

@test "an edit waits for its ifup, and a wrong word is refused" {
	without_files
	lab_uplink 1 TABLE=150
	run host ifdown eth0
	run host ifup eth0
	has_no "$(rules)" 'lookup 150'
	run host ifdown eth1
	run host ifup eth1
	has "$(rules)" 'lookup 150'
	answers 0 1
	host sh -c 'echo FILES=maybe >/etc/sysconfig/multihome'
	multihome 3 sync
	is "$stderr" '/etc/sysconfig/multihome:1: FILES=maybe: expected yes or no'
}
