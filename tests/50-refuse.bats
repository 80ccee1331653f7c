#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# A configuration that cannot be meant is refused for that uplink alone: one
# line that says where, exit 3, the others served, ifup none the worse.

load lab/test

# ifup_without K EDIT: status and output of ifup with that edit, but no package.
ifup_without() {
	host_up LAB_UPLINKS=3
	"$2"
	service_any start
	run --separate-stderr host ifup "eth$1"
	echo "$status/$output"
	lab_down
}

# Here the service itself may well complain.
service_any() {
	run host service network "$1"
}

# refused K PATTERN EDIT: with that edit uplink K is refused by a line PATTERN.
refused() {
	local k=$1 pattern=$2 edit=$3 plain others
	plain=$(ifup_without "$k" "$edit")
	others=$(printf '%s\n' 0 1 2 | grep -v "$k")
	host_up LAB_UPLINKS=3
	admin_moves_in
	"$edit"
	lab_install
	service_any start
	multihome 3 sync
	is "$output" ''
	has "$stderr" "$pattern"
	is "$(lines "$stderr")" 1 "messages: $stderr"
	multihome 3 up "eth$k"
	has "$stderr" "$pattern"
	has_no "$(our_rules | grep 'iif lo')" "${LAB_ADDRESSES[k]%%.*}\\."
	has_no "$(our_routes)" "dev eth$k "
	has_no "$(cat "$LAB_SCRIPTS/rule-eth$k" "$LAB_SCRIPTS/route-eth$k" 2>/dev/null)" multihome
	# shellcheck disable=SC2086 # two words
	answers $others
	admin_still_there
	run --separate-stderr host ifup "eth$k"
	is "$status/$output" "$plain" 'ifup'
}

same_table() {
	lab_uplink 0 TABLE=150
	lab_uplink 1 TABLE=150
}

@test "two files with the same TABLE" {
	refused 1 'ifcfg-eth1:[0-9]+: ' same_table
}

reserved_table() {
	lab_uplink 1 TABLE=254
}

@test "TABLE=254" {
	refused 1 'ifcfg-eth1:[0-9]+: .*254' reserved_table
}

bad_gateway() {
	lab_uplink 1 GATEWAY=10.0.0.one
}

@test "a GATEWAY that is no address" {
	refused 1 'ifcfg-eth1:[0-9]+: .*10\.0\.0\.one' bad_gateway
}

bad_prefix() {
	lab_uplink 1 NETMASK= PREFIX=33
}

@test "a prefix of /33" {
	refused 1 'ifcfg-eth1:[0-9]+: .*33' bad_prefix
}

bad_address() {
	lab_uplink 1 IPADDR=10.0.99
}

@test "an address of three parts" {
	refused 1 'ifcfg-eth1:[0-9]+: .*10\.0\.99' bad_address
}

shell_decides() {
	# shellcheck disable=SC2016 # for the file
	lab_uplink 1 'GATEWAY=$(cat /etc/gateway)'
}

@test "a GATEWAY that only a shell could know" {
	refused 1 'ifcfg-eth1:[0-9]+: ' shell_decides
}

# odd_device NAME: a fourth file, for a device that cannot be.
odd_device() {
	host_up LAB_UPLINKS=3
	admin_moves_in
	lab_ifcfg odd "DEVICE=$1" ONBOOT=no IPADDR=198.18.0.99 NETMASK=255.255.255.0 \
		GATEWAY=198.18.0.1
	lab_install
	service start
	answers 0 1 2
	multihome 3 sync
	is "$output" ''
	has "$stderr" 'ifcfg-odd:[0-9]+: '
	is "$(lines "$stderr")" 1 "messages: $stderr"
	has_no "$(our_rules; our_routes)" '198\.18'
	is "$(find "$LAB_SCRIPTS" -name 'r*-*odd*' -o -name '*-eth0[/x]*')" ''
	admin_still_there
}

@test "a device name of 16 characters" {
	odd_device abcdefghijklmnop
}

@test "a device name with a slash" {
	odd_device eth0/../x
}

@test "all errors of all files are told in one go" {
	host_up LAB_UPLINKS=3
	lab_uplink 0 GATEWAY=192.168.2.one
	lab_uplink 1 TABLE=254
	lab_install
	service_any start
	multihome 3 sync
	has "$stderr" 'ifcfg-eth0:[0-9]+: '
	has "$stderr" 'ifcfg-eth1:[0-9]+: '
}

@test "a gateway in no network is taken to be on the link, with a notice" {
	host_up LAB_UPLINKS=3
	router 0 ip address add 198.18.0.1/32 dev uplink
	lab_uplink 0 GATEWAY=198.18.0.1
	lab_install
	service start
	multihome 0 sync
	is "$output" ''
	has "$stderr" 'ifcfg-eth0:[0-9]+: '
	is "$(lines "$stderr")" 1 "messages: $stderr"
	has "$(our_routes)" '^default via 198\.18\.0\.1 dev eth0 table 100 .*onlink'
	answers 0 1 2
}

@test "unknown verbs and missing arguments are usage, exit 2, on stderr" {
	host_up
	lab_install
	multihome 2
	is "$output" ''
	has "$stderr" '[Uu]sage'
	multihome 2 nosuchverb
	is "$output" ''
	multihome 2 up
	is "$output" ''
}
