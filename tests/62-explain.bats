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
