#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# Addresses and gateways by DHCP: a real dhclient in the host, a real server in each router.

load lab/test
load lab/dhcp

# dhcp_started [KEY=VALUE…]: both NICs by DHCP, the package in place, the service started.
dhcp_started() {
	host_up "$@"
	dhcp_hooks
	dhcp_nic 0
	dhcp_nic 1
	admin_moves_in
	lab_install
	service start
}

# ours_has, ours_has_no PATTERN: a line of our rules and routes.
ours_has() {
	has "$(our_rules; our_routes)" "$1"
}

ours_has_no() {
	has_no "$(our_rules; our_routes)" "$1"
}

dhcp_settled() {
	dhclients_rest
	settled
}

# What a lease decides is in no file.
no_blocks() {
	! grep -l 'BEGIN multihome' "$LAB_SCRIPTS"/r*-"$1"
}

@test "two NICs by DHCP: without the package one is lost, with it each answers by its own" {
	host_up LAB_RP_FILTER=el6
	dhcp_hooks
	dhcp_nic 0
	dhcp_nic 1
	service start
	is "$(probe_ping 192.168.2.99)" 'lost -'
	admin_moves_in
	lab_install
	multihome 0 sync
	is "$output/$stderr" /
	answers 0 1
	no_blocks eth0
	no_blocks eth1
	dhcp_settled
}

@test "two NICs by DHCP under the service: served from the first lease on, silently" {
	local plain
	host_up LAB_STRICT_ROUTERS=1
	dhcp_hooks
	dhcp_nic 0
	dhcp_nic 1
	admin_moves_in
	service start
	plain=$output
	lab_down
	dhcp_started LAB_STRICT_ROUTERS=1
	is "$output" "$plain" console
	answers 0 1
	service restart
	answers 0 1
	dhcp_settled
}

# bats test_tags=long
@test "a static NIC beside one by DHCP: both answer, either way round" {
	host_up LAB_RP_FILTER=el6 LAB_STRICT_ROUTERS=1
	dhcp_hooks
	dhcp_nic 0
	admin_moves_in
	lab_install
	service start
	answers 0 1
	no_blocks eth0
	service stop
	dhcp_server_gone 0
	lab_uplink 0
	dhcp_nic 1
	service start
	answers 0 1
	no_blocks eth1
	dhcp_settled
}

@test "when the NIC with the default goes down, the host stays connected by the other lease" {
	dhcp_started
	reaches_client eth1
	host ifdown eth1
	ours_has_no 'eth1|10\.'
	reaches_client eth0
	answers 0
	host ifup eth1
	answers 0 1
	dhcp_settled
}

@test "GATEWAY and TABLE of the file win over the lease" {
	host_up
	dhcp_hooks
	router 0 ip address add 192.168.2.7/24 dev uplink
	dhcp_nic 0 GATEWAY=192.168.2.7 TABLE=120
	dhcp_nic 1
	admin_moves_in
	lab_install
	service start
	ours_has 'default via 192\.168\.2\.7 dev eth0 table 120'
	answers 0 1
	dhcp_settled
}

@test "a renewal with another router re-does the uplink" {
	dhcp_started
	ours_has 'default via 192\.168\.2\.1 dev eth0 table 100'
	router 0 ip address add 192.168.2.7/24 dev uplink
	dhcp_server 0 ROUTERS=192.168.2.7
	within 10 ours_has 'default via 192\.168\.2\.7 dev eth0 table 100'
	ours_has_no 'via 192\.168\.2\.1 '
	answers 0 1
	# A look at it before dhclient may write its file again.
	multihome 0 sync
	ours_has 'default via 192\.168\.2\.7 dev eth0 table 100'
	dhcp_settled
}

# bats test_tags=long
@test "another address at a renewal re-does the uplink" {
	dhcp_started
	dhcp_server 0 ADDRESS=192.168.77.50 ROUTERS=192.168.77.1
	router 0 ip address add 192.168.77.1/24 dev uplink
	within 10 ours_has 'from 192\.168\.77\.0/24 iif lo lookup 100'
	within 10 ours_has 'default via 192\.168\.77\.1 dev eth0 table 100'
	ours_has_no '192\.168\.2\.'
	answers 1
	dhcp_settled
}

@test "a lease that expires takes the uplink away, and a new one brings it back" {
	host_up
	dhcp_hooks
	echo 'interface "eth0" {
		supersede dhcp-renewal-time 2;
		supersede dhcp-rebinding-time 4;
		supersede dhcp-lease-time 8;
	}
	retry 3;' >>"$LAB_ROOT/etc/dhcp/dhclient.conf"
	dhcp_nic 0
	dhcp_nic 1
	admin_moves_in
	lab_install
	service start
	answers 0 1
	dhcp_server_gone 0
	within 10 ours_has_no 'eth0|192\.168'
	ours_has 'default via 10\.0\.0\.1 dev eth1 table 101'
	is "$(host multihome show --porcelain | cut -f 1,4)" "eth1	101"
	answers 1
	dhcp_server 0
	within 10 ours_has 'default via 192\.168\.2\.1 dev eth0 table 100'
	answers 0 1
}

# bats test_tags=long
@test "EL5: one file of hooks does the same" {
	host_up
	dhcp_hooks 5
	dhcp_nic 0
	dhcp_nic 1
	admin_moves_in
	lab_install
	service start
	answers 0 1
	router 0 ip address add 192.168.2.7/24 dev uplink
	dhcp_server 0 ROUTERS=192.168.2.7
	within 10 ours_has 'default via 192\.168\.2\.7 dev eth0 table 100'
	host ifdown eth0
	ours_has_no 'eth0|192\.168'
	answers 1
	run host make -s -C /run/lab/repo uninstall DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status/$output" '0/eth1: its default route stays in table main: the host has no other'
	[ ! -L "$LAB_ROOT/etc/dhclient-exit-hooks" ]
}

# bats test_tags=long
@test "EL5: the admin's own exit hooks stay, and install says how to chain" {
	host_up
	dhcp_hooks 5
	dhcp_nic 0
	dhcp_nic 1
	printf '#!/bin/sh\necho mine >>/run/mine\n' >"$LAB_ROOT/etc/dhclient-exit-hooks"
	chmod 755 "$LAB_ROOT/etc/dhclient-exit-hooks"
	run host make -s -C /run/lab/repo install BUILD="${LAB_BUILD:-build}" \
		DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status" 0
	is "$output" "/etc/dhclient-exit-hooks is not ours and stays as it is; to chain, add to it:\
 . /usr/libexec/multihome/dhclient-exit-hooks"
	echo "${output#*add to it: }" >>"$LAB_ROOT/etc/dhclient-exit-hooks"
	service start
	has "$(cat "$LAB_ROOT/run/mine")" mine
	answers 0 1
	host sh -c 'reason=EXPIRE interface=eth0 old_ip_address=192.168.2.99 /sbin/dhclient-script'
	ours_has_no 'eth0|192\.168'
}

# bats test_tags=long
@test "where dhclient-script fails, the exit hook does not believe the lease" {
	dhcp_started
	dhclients_rest
	run host sh -c 'exit_status=1 reason=TIMEOUT interface=eth0 new_ip_address=192.168.2.98 \
		new_subnet_mask=255.255.255.0; export reason interface new_ip_address new_subnet_mask
		. /usr/libexec/multihome/dhclient-exit-hooks; echo "still here"'
	is "$status/$output" '0/still here'
	ours_has 'from 192\.168\.2\.0/24'
	answers 0 1
	settled
}

# bats test_tags=long
@test "the hooks never make dhclient-script fail, and clean forgets what they noted" {
	dhcp_started
	dhclients_rest
	echo RULE_PRIORITY=wrong >"$LAB_ROOT/etc/sysconfig/multihome"
	run host sh -c 'reason=RENEW interface=eth0 new_ip_address=192.168.2.99 \
		new_subnet_mask=255.255.255.0 new_routers=192.168.2.1 old_ip_address=192.168.2.99 \
		/sbin/dhclient-script'
	is "$status" 0
	has "$output" '/etc/sysconfig/multihome:1: RULE_PRIORITY=wrong: '
	rm "$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 clean
	[ ! -e "$LAB_ROOT/run/multihome" ]
	ours_has_no 'iif lo|proto 109'
	multihome 0 sync
	answers 0 1
}

@test "uninstall takes back the hooks of DHCP and NetworkManager" {
	everything() {
		(cd "$LAB_ROOT/run/lab/layers" && find etc/upper usr/upper -type f -o -type l | sort)
	}
	host_up
	dhcp_hooks
	mkdir -p "$LAB_ROOT/etc/NetworkManager/dispatcher.d"
	local before
	before=$(everything)
	lab_install
	has "$(everything)" 'dhclient\.d/multihome\.sh$'
	has "$(everything)" 'dispatcher\.d/50-multihome$'
	has_no "$(everything)" 'etc/upper/dhclient-exit-hooks'
	run host make -s -C /run/lab/repo uninstall DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status/$output" 0/
	is "$(everything)" "$before"
}

# dispatch DEVICE EVENT [NAME=VALUE…]: calls the dispatcher's script as NetworkManager does.
dispatch() {
	local device=$1 event=$2
	shift 2
	run host env -i PATH=/usr/sbin:/usr/bin "$@" \
		/etc/NetworkManager/dispatcher.d/50-multihome "$device" "$event"
	is "$status/$output" 0/ "dispatcher $device $event"
}

# nm_up K: what NetworkManager does to a device, and tells of it.
nm_up() {
	local lengths=(24 8) masks=(255.255.255.0 255.0.0.0) routers=(192.168.2.1 10.0.0.1)
	host ip link set "eth$1" up
	host ip address add "${LAB_ADDRESSES[$1]}/${lengths[$1]}" dev "eth$1"
	host ip route replace default via "${routers[$1]}" dev "eth$1" metric $((100 + $1))
	nm_lease=("DHCP4_IP_ADDRESS=${LAB_ADDRESSES[$1]}" "DHCP4_SUBNET_MASK=${masks[$1]}"
		"DHCP4_ROUTERS=${routers[$1]}" "DHCP4_EXPIRY=$(($(date +%s) + 600))")
}

@test "NetworkManager's devices: the dispatcher script serves leases and static addresses" {
	host_up LAB_RP_FILTER=el6
	mkdir -p "$LAB_ROOT/etc/NetworkManager/dispatcher.d"
	mkdir "$LAB_ROOT/run/NetworkManager"
	touch "$LAB_ROOT/run/NetworkManager/NetworkManager.pid"
	lab_ifcfg eth0 DEVICE=eth0 BOOTPROTO=dhcp
	admin_moves_in
	lab_install
	nm_up 1
	dispatch eth1 up
	nm_up 0
	dispatch eth0 up "${nm_lease[@]}"
	answers 0 1
	no_blocks eth0
	no_blocks eth1
	router 0 ip address add 192.168.2.7/24 dev uplink
	dispatch eth0 dhcp4-change "${nm_lease[@]}" DHCP4_ROUTERS='192.168.2.7 192.168.2.8'
	ours_has 'default via 192\.168\.2\.7 dev eth0 table'
	answers 0 1
	settled
	host ip address flush dev eth0
	host ip link set eth0 down
	dispatch eth0 down
	ours_has_no 'eth0|192\.168'
	answers 1
	dispatch docker0 up
	dispatch '' hostname
	settled
}

# What a file with BOOTPROTO=dhcp says of addresses nobody reads.
@test "an address by hand of another network is served by check's rule" {
	local cure='run ip rule add from 192.168.8.99 lookup 100 priority 9999; add the same words to rule-eth0'
	dhcp_started
	client ip route add 192.168.8.0/24 via 172.31.1.1 src "$LAB_CLIENT"
	router 0 ip route add 192.168.8.0/24 dev uplink
	host ip address add 192.168.8.99/24 dev eth0
	multihome 0 sync
	is_not "$(probe_ping 192.168.8.99)" 'ok eth0'
	multihome 0 check --porcelain
	is "$(grep -P '^note\twrong-nic\teth0\t192.168.8.99\t' <<<"$output" | cut -f 6)" "$cure"
	carry_out "$cure"
	is "$(probe_ping 192.168.8.99)" 'ok eth0'
	multihome 0 check --porcelain
	has_no "$output" '192\.168\.8\.99'
	answers 0 1
}

# As SELinux has it (docs/selinux.md): dhclient's hook is denied all that it would do.
# bats test_tags=long
@test "with a hook that may do nothing the service serves leases, and watch follows a renewal" {
	host_up
	dhcp_hooks
	dhcp_nic 0
	dhcp_nic 1
	admin_moves_in
	lab_install
	printf '%s\n' 'multihome_config() { :; }' 'multihome_restore() { :; }' \
		>"$LAB_ROOT/etc/dhcp/dhclient.d/multihome.sh"
	service start
	answers 0 1
	host multihome watch --background 3>&-
	router 0 ip address add 192.168.2.7/24 dev uplink
	dhcp_server 0 ROUTERS=192.168.2.7
	within 60 ours_has 'default via 192\.168\.2\.7 dev eth0 table 100'
	ours_has_no 'via 192\.168\.2\.1 '
	answers 0 1
}

# bats test_tags=long
@test "watch goes around a leased gateway that is dead" {
	dhcp_started
	host multihome watch --background 3>&-
	within 20 host grep -q '^up eth1 10\.0\.0\.1' /var/run/multihome/health
	within 20 host grep -q '^up eth0 192\.168\.2\.1' /var/run/multihome/health
	dhcp_server_gone 1
	router 1 ip address del 10.0.0.1/8 dev uplink
	within 20 own_by eth0
	host grep -q '^dead eth1 10\.0\.0\.1' /var/run/multihome/health
	router 1 ip address add 10.0.0.1/8 dev uplink
	within 20 own_by eth1
	dhclients_rest
	changes_nothing multihome sync
}

own_by() { # NIC
	[ "$(probe_own)" = "ok $1" ]
}
