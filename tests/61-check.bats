#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# check: each finding made for real, told in full, and cured by what its line says.
#
# ACCEPT=1 bats 61-check.bats writes what was found into expect/; read it before it is kept.

load lab/test

# finds NAME: all that check prints is what expect/check-NAME.txt has. It fails unless that is
# nothing, or notes alone.
finds() {
	local expect=$BATS_TEST_DIRNAME/expect/check-$1.txt expected=0
	run --separate-stderr host "${CHECK:-multihome}" check
	is "$stderr" ''
	[ -z "${ACCEPT-}" ] || echo "$output" >"$expect"
	is "$output" "$(cat "$expect")" "check $1"
	! grep -qvE '^note: |^  |^$' <<<"$output" || expected=1
	is "$status" "$expected" "exit status"
}

# finds_nothing: check is silent, exits 0 and changes nothing.
finds_nothing() {
	changes_nothing "${CHECK:-multihome}" check
}

# cured NAME [notes]: check finds what is expected; once what it says is done, it finds nothing, or
# notes without a cure are left.
cured() {
	local line
	finds "$1"
	while IFS= read -r line <&4; do
		carry_out "$(cut -f 6 <<<"$line")" "$(cut -f 5 <<<"$line")"
	done 4< <(host "${CHECK:-multihome}" check --porcelain | tail -n +2 | grep -v $'\t-$' |
		sort -u -t$'\t' -k 6)
	links_settle
	[ "${2-}" = notes ] || finds_nothing
}

# plain_started [KEY=VALUE…]: the package at work, and nothing else.
plain_started() {
	host_up "$@"
	lab_install
	service start
}

# --- the problem itself --------------------------------------------------------------

@test "EL5 without the package: the reply by the wrong NIC, then no way back, is found" {
	host_up
	service start
	CHECK=/run/lab/repo/${LAB_BUILD:-build}/multihome
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	finds el5
	host ip link set eth1 down
	is "$(probe_ping 192.168.2.99)" 'lost -'
	finds el5-down
	host multihome sync 2>/dev/null || host "$CHECK" sync
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
}

@test "EL6 without the package: what drops the packet is found, be it set of the NIC or of all" {
	host_up LAB_RP_FILTER=el6
	service start
	CHECK=/run/lab/repo/${LAB_BUILD:-build}/multihome
	is "$(probe_ping 192.168.2.99)" 'lost -'
	finds el6
	host sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=0
	is "$(probe_ping 192.168.2.99)" 'lost -'
	finds el7
	host ip link set eth1 down
	finds el7-down
}

@test "without the package one NIC alone, or eth1 with ONBOOT=no, is all well" {
	host_up
	lab_uplink 1 ONBOOT=no
	CHECK=/run/lab/repo/${LAB_BUILD:-build}/multihome
	service start
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
	finds_nothing
	rm "$LAB_SCRIPTS/ifcfg-eth1"
	finds_nothing
}

@test "with the package nothing is found: after start, restart and under strict filters" {
	plain_started LAB_RP_FILTER=all
	finds_nothing
	service restart
	finds_nothing
	run host multihome check --porcelain
	is "$status/$output" "0/$(printf \
		'ok\tsummary\t-\t-\t2 addresses of 2 NICs answer by their own NIC\t-')"
}

@test "a terminal is told that all is well" {
	plain_started
	run host script -qec 'multihome check' /dev/null
	is "$status/${output%$'\r'}" '0/2 addresses of 2 NICs answer by their own NIC'
}

@test "the package was never run: the reply that goes wrong, and blocks that are missing" {
	host_up
	service start
	lab_install
	cured unsynced
	answers 0 1
}

# --- kernel, tables and rules --------------------------------------------------------

@test "a bounce of the link empties the table" {
	plain_started
	host ip link set eth1 down
	finds link-down
	host ip link set eth1 up
	links_settle
	is "$(probe_ping 10.0.0.99)" 'ok eth0'
	cured bounce
	answers 0 1
}

@test "a table without its default route, a rule that is gone" {
	plain_started
	host ip route del default table 101
	host ip rule del priority 10001 from 192.168.2.0/24
	host ip route change default via 10.0.0.1 dev eth1 proto static
	cured no-default
	answers 0 1
}

@test "somebody else's gateway in an uplink's table" {
	plain_started
	host ip route replace default via 10.0.0.7 dev eth1 table 101
	finds wrong-gateway
	host ip route replace default via 192.168.2.1 dev eth0 table 101
	is "$(probe_ping 10.0.0.99)" 'ok eth0'
	finds wrong-default
	host ip route del default table 101
	host multihome sync
	finds_nothing
	answers 0 1
}

@test "somebody else's rule comes before an uplink's" {
	plain_started
	host ip route add default via 192.168.2.1 dev eth0 table 7
	host ip rule add from 10.0.0.99 lookup 7 priority 500
	is "$(probe_ping 10.0.0.99)" 'ok eth0'
	finds rule-first
	host ip rule del priority 500
	finds_nothing
	answers 0 1
}

@test "a rule by hand that refuses comes before ours" {
	plain_started
	host ip rule add from 10.0.0.0/8 prohibit priority 500
	is "$(probe_ping 10.0.0.99)" 'lost -'
	finds rule-refuses
	host ip rule del priority 500
	finds_nothing
	answers 0 1
}

@test "a network of the host's that came after the uplinks" {
	plain_started
	host ip link add docker0 type bridge
	host ip address add 172.17.0.1/16 dev docker0
	host ip link set docker0 up
	cured bridge
}

@test "rules that piled up, rules for addresses and devices that are gone" {
	plain_started
	host ip route add default via 10.0.0.1 dev eth1 table 7
	for _ in 1 2 3; do
		host ip rule add from 10.0.0.99 table 7
	done
	host ip rule add from 10.0.0.98 iif eth9 table 7
	host ip rule add from 203.0.113.5 table 9
	cured rules notes
	finds rules-left
}

# bats test_tags=long
@test "a rule of ours whose address is gone" {
	plain_started
	host ip address del 10.0.0.99/8 dev eth1
	finds address-gone
	host multihome sync
	finds no-address
}

@test "rules by hand: right ones are none of check's, an emptied table is" {
	host_up
	service start
	CHECK=/run/lab/repo/${LAB_BUILD:-build}/multihome
	host ip rule add from 192.168.2.99 table 5
	host ip route add default via 192.168.2.1 dev eth0 table 5
	answers 0 1
	finds_nothing
	host ip route flush table 5
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	lab_install
	CHECK=multihome
	cured by-hand
	answers 0 1
}

@test "a default route by turns over both NICs" {
	host_up
	service start
	CHECK=/run/lab/repo/${LAB_BUILD:-build}/multihome
	host ip route replace default nexthop via 192.168.2.1 nexthop via 10.0.0.1
	finds turns
}

@test "a table that is somebody else's, too" {
	plain_started
	echo '100 provider' >>"$LAB_ROOT/etc/iproute2/rt_tables"
	finds table-named
	sed -i /provider/d "$LAB_ROOT/etc/iproute2/rt_tables"
	host ip route add 172.16.0.0/12 via 192.168.2.1 dev eth0 table 101
	finds table-routes
	host ip route flush table 101 proto boot
	host ip rule add from 10.0.0.99 to 172.16.0.0/12 table 101
	finds table-rules
	answers 0 1
}

# --- files and configuration -----------------------------------------------------------

@test "a managed block that is lost or out of date" {
	plain_started
	rm "$LAB_SCRIPTS/rule-eth1"
	sed -i 's/^10\.0\.0\.0/11.0.0.0/' "$LAB_SCRIPTS/route-eth1"
	cured blocks
}

@test "an edited file, before and after it needs an ifup" {
	plain_started
	lab_uplink 1 TABLE=150
	cured edited-table
	answers 0 1
	lab_uplink 1 IPADDR=10.0.0.98
	cured edited-address
}

@test "what is refused, what is left alone, what is only said" {
	plain_started LAB_UPLINKS=4
	lab_uplink 1 TABLE=254
	lab_uplink 2 GATEWAY=172.30.0.1
	echo 'from 172.20.4.99 table 7' >"$LAB_SCRIPTS/rule-eth3"
	finds refused
	echo FALLBACK=perhaps >"$LAB_ROOT/etc/sysconfig/multihome"
	finds refused-host
}

# bats test_tags=long
@test "MULTIHOME=no of the host and of a NIC" {
	plain_started
	echo MULTIHOME=no >>"$LAB_SCRIPTS/ifcfg-eth0"
	host multihome sync
	finds_nothing
	host ip route add default via 192.168.2.1 dev eth0 metric 5000
	finds left-alone
	host ip route del default metric 5000
	sed -i '/^MULTIHOME=no/d' "$LAB_SCRIPTS/ifcfg-eth0"
	host multihome clean
	echo MULTIHOME=no >>"$LAB_ROOT/etc/sysconfig/multihome"
	cured host-off
	answers 0 1
}

@test "an address that was added by hand, in and outside of the NIC's network" {
	el6_or_later || skip 'EL5: an address to a file, and no route of each NIC'
	plain_started
	host ip address add 10.7.7.7/32 dev eth1
	host ip address add 192.168.2.98/24 dev eth0
	finds_nothing
	host ip address add 172.29.0.9/24 dev eth0
	finds outside
	printf '%s\n' IPADDR1=172.29.0.9 PREFIX1=24 >>"$LAB_SCRIPTS/ifcfg-eth0"
	host multihome sync
	finds_nothing
}

@test "an address that was added by hand to a NIC with rules by hand: no ifdown is advised" {
	host_up
	echo 'from 192.168.2.99 table 77' >"$LAB_SCRIPTS/rule-eth0"
	echo 'default via 192.168.2.1 dev eth0 table 77' >"$LAB_SCRIPTS/route-eth0"
	lab_install
	service start
	answers 0 1
	host ip address add 192.168.2.98/24 dev eth0
	run host multihome check
	has "$output" 'replies from 192\.168\.2\.98 leave by eth1'
	has "$output" '^  see rule-eth0: no line of it is for 192\.168\.2\.98$'
}

@test "the command that check gives for line ends in CR LF mends them" {
	host_up
	lab_install
	service start
	sed -i 's/$/\r/' "$LAB_SCRIPTS/ifcfg-eth1"
	run host multihome check --porcelain
	carry_out "$(tail -n +2 <<<"$output" | cut -f 6)"
	finds_nothing
	answers 0 1
}

@test "253 addresses with one fault are one line" {
	host_up
	service start
	lab_install
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'for i in $(seq 2 98) $(seq 100 254); do
		echo address add 192.168.2.$i/24 dev eth0; done | ip -batch -'
	cured aliases
}

# --- settings, neighbours, hooks ---------------------------------------------------------

@test "settings that others changed, now and at the next start of the network" {
	plain_started
	set_keys RP_FILTER=strict ifcfg-eth1
	host multihome sync
	finds_nothing
	host sysctl -qw net.ipv4.conf.eth1.rp_filter=0
	cured setting
	echo net.ipv4.conf.eth1.rp_filter=0 >>"$LAB_ROOT/etc/sysctl.conf"
	cured sysctl-conf
}

@test "two NICs of one network answer ARP for each other" {
	host_up
	lab_uplink 1 IPADDR=192.168.2.77 NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	service start
	lab_install
	cured arp-unsynced
	host sysctl -qw net.ipv4.conf.eth0.arp_filter=0
	cured arp
	set_keys ARP_IGNORE=0 ifcfg-eth1
	host multihome sync
	cured arp-key
}

@test "a gateway that does not answer" {
	plain_started
	router 1 ip address del 10.0.0.1/8 dev uplink
	host ip neighbour flush dev eth1
	finds_nothing
	probe_own 10.0.0.99
	within 5 host sh -c 'ip neighbour show dev eth1 | grep -q "FAILED\\|INCOMPLETE"'
	finds neighbour
	router 1 ip address add 10.0.0.1/8 dev uplink
	cured neighbour
}

@test "hooks that are missing, not executable, or somebody else's" {
	plain_started
	rm "$LAB_ROOT/sbin/ifup-pre-local" "$LAB_ROOT/sbin/ifup-local" "$LAB_ROOT/sbin/ifdown-local"
	printf '%s\n' '#!/bin/sh' '# /usr/libexec/multihome/ifup-local "$@"' 'exit 0' \
		>"$LAB_ROOT/sbin/ifup-local"
	chmod +x "$LAB_ROOT/sbin/ifup-local"
	ln -s /usr/libexec/multihome/nothing "$LAB_ROOT/sbin/ifup-pre-local"
	printf '%s\n' '#!/bin/sh' '/usr/libexec/multihome/ifdown-local "$@"' \
		>"$LAB_ROOT/sbin/ifdown-local"
	cured hooks
	is "$(sed -n 3p "$LAB_ROOT/sbin/ifup-local")" '/usr/libexec/multihome/ifup-local "$@"'
}

# ends LINE…: is a hook that has these before ours taken for one that never comes to it?
ends() {
	printf '%s\n' '#!/bin/sh' "$@" '/usr/libexec/multihome/ifup-local "$@"' >"$LAB_ROOT/sbin/ifup-local"
	run --separate-stderr host multihome check
	grep -qx '/sbin/ifup-local does not run multihome before it ends' <<<"$output"
}

# shellcheck disable=SC2016 # for the hook
@test "a hook that ends before it comes to ours, whatever happens" {
	plain_started
	rm "$LAB_ROOT/sbin/ifup-local"
	install -m 755 /dev/null "$LAB_ROOT/sbin/ifup-local"
	ends 'exit 0'
	ends '[ "$1" = lo ] && true' 'exit;'
	ends 'if true; then' '  true' 'fi' 'exec /usr/bin/logger "$@"'
	run ! ends '[ "$1" != lo ] || exit 0'
	run ! ends 'if [ "$1" = lo ]; then' 'exit 0' 'fi'
	run ! ends 'case $1 in' 'lo)' 'exit 0' ';;' 'esac'
	run ! ends 'leave() {' 'exit 0' '}'
	run ! ends 'exec >>/dev/null 2>&1'
	run ! ends 'exec 3<&0'
	run ! ends 'cat <<END' 'exit 0' 'END'
	run ! ends 'exit_code=0'
	run ! ends 'execute=1'
}

# bats test_tags=long
@test "hooks of dhclient" {
	plain_started
	rm -rf "$LAB_ROOT/etc/dhcp" "$LAB_ROOT/etc/dhclient-exit-hooks"
	lab_ifcfg eth1 DEVICE=eth1 BOOTPROTO=dhcp
	host env reason=BOUND interface=eth1 new_ip_address=10.0.0.99 new_subnet_mask=255.0.0.0 \
		new_routers=10.0.0.1 new_expiry=4000000000 multihome lease
	cured dhcp-el5
	rm "$LAB_ROOT/etc/dhclient-exit-hooks"
	echo 'echo hello' >"$LAB_ROOT/etc/dhclient-exit-hooks"
	cured dhcp-el5-own
	mkdir -p "$LAB_ROOT/etc/dhcp/dhclient.d"
	finds dhcp
	lab_install
	chmod -x "$LAB_ROOT/etc/dhcp/dhclient.d/multihome.sh"
	cured dhcp-mode
}

@test "NetworkManager in charge of an uplink without its dispatcher script" {
	plain_started
	rm -rf "$LAB_ROOT/etc/NetworkManager"
	mkdir -p "$LAB_ROOT/etc/NetworkManager/dispatcher.d" "$LAB_ROOT/run/NetworkManager"
	touch "$LAB_ROOT/run/NetworkManager/NetworkManager.pid"
	host multihome sync
	finds network-manager
	lab_install
	finds_nothing
}

# --- hosts of other kinds ------------------------------------------------------------------

# bats test_tags=long
@test "a VPN that takes all traffic is a note where nothing serves the NIC" {
	host_up
	rm "$LAB_SCRIPTS/ifcfg-eth1"
	service start
	CHECK=/run/lab/repo/${LAB_BUILD:-build}/multihome
	host ip tuntap add tun0 mode tun
	host ip link set tun0 up
	host ip route add 0.0.0.0/1 dev tun0
	host ip route add 128.0.0.0/1 dev tun0
	finds vpn-dead
	host ip link del tun0
	vpn_up
	finds vpn
	lab_install
	CHECK=multihome
	cured vpn
	is "$(probe_ping 192.168.2.99)" 'ok eth0'
}

@test "IPv6: replies by the wrong NIC, an empty table, no way back" {
	host_up LAB_IPV6=1
	lab_uplinks6
	service start
	CHECK=/run/lab/repo/${LAB_BUILD:-build}/multihome
	finds inet6
	lab_install
	unset CHECK
	host multihome sync
	finds_nothing
	host ip -6 route flush table 100
	cured inet6-table
	answers_by 2001:db8:2::99 eth0
	answers_by 2001:db8:10::99 eth1
}

@test "check needs no privileges, and records have six fields" {
	plain_started
	admin_moves_in
	host ip link set eth1 down
	host ip link set eth1 up
	links_settle
	multihome 1 check
	local told=$output
	run --separate-stderr host setpriv --reuid=65534 --regid=65534 --clear-groups \
		/sbin/multihome check
	is "$status/$stderr" 1/
	is "$output" "$told"$'\nnote: only root sees whether firewall rules are loaded'
	run --separate-stderr host multihome check --porcelain
	is "$status/$stderr" 1/
	[ -z "${ACCEPT-}" ] || echo "$output" >"$BATS_TEST_DIRNAME/expect/check-porcelain.txt"
	is "$output" "$(cat "$BATS_TEST_DIRNAME/expect/check-porcelain.txt")"
	is "$(awk -F'\t' '{print NF}' <<<"$output" | sort -u)" 6
}
