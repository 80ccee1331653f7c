#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# show lists the uplinks as they are, in a table or for programs, and says why there are none.

load lab/test

# shows LINE…: that is all of the table.
shows() {
	multihome 0 show
	is "$output" "$(printf '%s\n' "$@")" 'show'
	is "$stderr" ''
}

@test "show lists both uplinks, which of them has the default route, and the filter in force" {
	started LAB_RP_FILTER=el6
	shows 'DEVICE  ADDRESS          GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE' \
		'eth0    192.168.2.99/24  192.168.2.1  100    standby  strict     up' \
		'eth1    10.0.0.99/8      10.0.0.1     101    winner   strict     up'
	host sysctl -qw net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.eth1.rp_filter=2
	host ip link set eth1 down
	shows 'DEVICE  ADDRESS          GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE' \
		'eth0    192.168.2.99/24  192.168.2.1  100    winner   off        up' \
		'eth1    10.0.0.99/8      10.0.0.1     101    -        loose      down'
	host sysctl -qw net.ipv4.conf.all.rp_filter=1
	shows 'DEVICE  ADDRESS          GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE' \
		'eth0    192.168.2.99/24  192.168.2.1  100    winner   strict     up' \
		'eth1    10.0.0.99/8      10.0.0.1     101    -        loose      down'
	multihome 0 show --porcelain
	is "$output" "$(
		printf '%s\t' eth0 192.168.2.99/24 192.168.2.1 100 up winner
		echo strict
		printf '%s\t' eth1 10.0.0.99/8 10.0.0.1 101 down -
		echo loose
	)"
	is "$stderr" ''
}

@test "a NIC whose rules are by hand is down when it is down" {
	host_up
	printf 'from 10.0.0.99 table 77 priority 77\n' >"$LAB_SCRIPTS/rule-eth1"
	lab_install
	service start
	multihome 0 show eth1
	has "$output" '  by-hand$'
	run host ifdown eth1
	multihome 0 show eth1
	has "$output" '  down$'
	run host ifup eth1
	multihome 0 show eth1
	has "$output" '  by-hand$'
}

@test "show lists IPv6 uplinks in the same columns" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	shows 'DEVICE  ADDRESS             GATEWAY         TABLE  DEFAULT  RP_FILTER  STATE' \
		'eth0    192.168.2.99/24     192.168.2.1     100    standby  off        up' \
		'eth0    2001:db8:2::99/64   2001:db8:2::1   100    winner   -          up' \
		'eth1    10.0.0.99/8         10.0.0.1        101    winner   off        up' \
		'eth1    2001:db8:10::99/64  2001:db8:10::1  101    standby  -          up'
}

@test "colors are for a terminal that knows them, and not with NO_COLOR" {
	local plain color escape=$'\033'
	started
	plain=$(host multihome show)
	# terminal [KEY=VALUE…]: what show writes to one.
	terminal() {
		host socat -u EXEC:"env $* multihome show",pty - | tr -d '\r'
	}
	color=$(terminal TERM=xterm)
	has "$color" "$escape\[32mup$escape\[0m$"
	has "$color" "$escape\[1mwinner$escape\[0m   off"
	is "$(host sed "s/$escape\[[0-9]*m//g" <<<"$color")" "$plain"
	is "$(terminal TERM=xterm NO_COLOR=)" "$color"
	is "$(terminal TERM=xterm NO_COLOR=1)" "$plain"
	is "$(terminal TERM=dumb)" "$plain"
	is "$(terminal -u TERM)" "$plain"
	is "$(host env TERM=xterm multihome show)" "$plain"
}

# lists_nothing REASON
lists_nothing() {
	multihome 0 show
	is "$output" ''
	is "$stderr" "$1"
	multihome 0 show --porcelain
	is "$output$stderr" ''
}

@test "where nothing is listed, show says why" {
	local alone
	host_up
	lab_install
	service start
	rm "$LAB_SCRIPTS/ifcfg-eth1"
	alone='no second uplink: the main table alone serves ifcfg-eth0'
	lists_nothing "$alone"
	printf 'DEVICE=eth1\nONBOOT=yes\nIPADDR=10.0.0.99\nPREFIX=8\n' >"$LAB_SCRIPTS/ifcfg-eth1"
	lists_nothing "$alone; no gateway in ifcfg-eth1"
	rm "$LAB_SCRIPTS"/ifcfg-eth[01]
	lists_nothing 'no uplink: no NIC has both an address and a gateway, by its ifcfg file or a lease'
	rm -r "$LAB_ROOT/etc/sysconfig"
	lists_nothing 'no uplink: no NIC has both an address and a gateway, by its ifcfg file or a lease'
	mkdir "$LAB_ROOT/etc/sysconfig"
	echo MULTIHOME=no >"$LAB_ROOT/etc/sysconfig/multihome"
	lists_nothing 'no uplink is served: MULTIHOME=no in /etc/sysconfig/multihome'
}

@test "report shows the keys that decide, and of all others the name alone" {
	host_up
	lab_install
	printf 'NETWORKING_IPV6=yes\nUSERCTL7=secret\n' >>"$LAB_ROOT/etc/sysconfig/network"
	echo CONNMARK=no >"$LAB_ROOT/etc/sysconfig/multihome"
	echo "IPADDR1=192.168.2.98" >>"$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 report
	has "$output" "NETWORKING_IPV6='yes'"
	has "$output" "CONNMARK='no'"
	has "$output" "IPADDR1='192.168.2.98'"
	has "$output" 'USERCTL7=\(not shown\)'
	has_no "$output" secret
}
