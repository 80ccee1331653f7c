#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# What is said on the console and in syslog: each change once, and once in each ifup what is wrong.

load lab/test

# logged COMMAND: runs it for a shell, with a syslog daemon; its lines, from the message on.
logged() {
	with_syslog 'socat -u UNIX-RECV:/dev/log CREATE:/tmp/log' "{ $1; } >/tmp/console 2>&1" || true
	# Datagrams without an end of line.
	sed 's/<\(2[79]\)>\([A-Z][a-z][a-z] [ 1-3][0-9] [0-9:]\{8\} multihome\[\)/\n\1 \2/g' "$LAB_ROOT/tmp/log" |
		sed -n 's/^\(2[79]\) .*multihome\[[0-9]*\]: /\1 /p'
}

console() {
	cat "$LAB_ROOT/tmp/console"
}

@test "each change is a line in syslog, sync -v prints the same, and without changes there is none" {
	started LAB_RP_FILTER=el6
	local log
	log=$(logged 'ip rule del from 192.168.2.0/24 iif lo priority 10001; rm /var/run/multihome/rules
		multihome sync')
	has "$log" '^29 eth0: added: ip rule add from 192\.168\.2\.0/24 '
	host ip rule del from 10.0.0.0/8 iif lo priority 10001
	host ip route flush table 101
	lab_uplink 0 RP_FILTER=off
	rm -f "$LAB_SCRIPTS/rule-eth1"
	log=$(logged 'multihome sync -v')
	is "$(console)" "${log//29 /}"
	has "$log" '^29 eth1: restored: ip rule add from 10\.0\.0\.0/8 iif lo lookup 101 priority 10001$'
	has "$log" '^29 eth1: added: ip route add default via 10\.0\.0\.1 dev eth1 table 101 proto 109$'
	has "$log" '^29 eth0: set: sysctl -w net\.ipv4\.conf\.eth0\.rp_filter=0$'
	has "$log" '^29 /etc/sysconfig/network-scripts/rule-eth1: written$'
	is "$(logged 'multihome sync -v')$(console)" ''
	log=$(logged 'multihome clean')
	is "$(console)" ''
	has "$log" '^29 removed: ip rule del from 10\.0\.0\.0/8 iif lo lookup 101 priority 10001$'
	has "$log" '^29 /etc/sysconfig/network-scripts/rule-eth1: removed$'
}

@test "what is wrong is said once in each ifup, after multihome:" {
	started
	local wrong='ifcfg-eth1:[0-9]+: TABLE=254: '
	run host ifdown eth1
	lab_uplink 1 TABLE=254
	is "$(logged 'ifup eth1' | grep -cE "^27 .*$wrong")" 1
	is "$(grep -cE "^multihome: .*$wrong" "$LAB_ROOT/tmp/console")" 1
	is "$(grep -c . "$LAB_ROOT/tmp/console")" 1
	# The next ifup says it again, and so does a hook that is called alone.
	run host ifdown eth1
	is "$(logged 'ifup eth1' | grep -cE "^27 .*$wrong")" 1
	is "$(logged 'multihome up eth1' | grep -cE "^27 .*$wrong")" 1
	# What only the second hook can see is said by it.
	is "$(logged 'multihome prepare ifcfg-eth1; echo FILES=maybe >/etc/sysconfig/multihome
		multihome up eth1' | grep -c '^27 ')" 2
}

@test "of a run that changes hundreds of things syslog gets 201 lines, sync -v all" {
	started
	local log
	# Bans of main, of which each table gets a copy.
	seq 300 | awk '{ print "route add blackhole 198.18." int($1 / 200) "." $1 % 200 }' | host ip -batch -
	log=$(logged 'multihome sync -v')
	is "$(lines "$log")" 201
	is "$(tail -n 1 <<<"$log")" '29 more was changed than these lines say'
	[ "$(lines "$(console)")" -gt 300 ]
}

@test "the first hook of a slave or a port reads its file and nothing else" {
	started
	local keys
	for keys in 'SLAVE=yes MASTER=bond0' 'BRIDGE=br0'; do
		# shellcheck disable=SC2086 # one word a line
		lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes $keys
		host strace -f -e trace=open,openat,socket -o /tmp/trace /sbin/ifup-pre-local ifcfg-eth9
		is "$(grep -oE '"/(etc/sysconfig|var/run)[^"]*"|AF_NETLINK' "$LAB_ROOT/tmp/trace")" \
			'"/etc/sysconfig/network-scripts/ifcfg-eth9"'
	done
	# An uplink's is at work.
	host strace -f -e trace=socket -o /tmp/trace /sbin/ifup-pre-local ifcfg-eth0
	has "$(cat "$LAB_ROOT/tmp/trace")" AF_NETLINK
}
