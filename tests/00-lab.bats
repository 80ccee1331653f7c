#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# The ground that the others stand on: the network service, without the package.
# That these pass with the real scripts too is what makes the stand-in one.

load lab/test

# A hook of each kind that notes how it is called.
noting_hooks() {
	local name
	for name in ifup-pre-local ifup-local ifdown-pre-local ifdown-local; do
		# shellcheck disable=SC2016 # for the hook
		printf '#!/bin/sh\necho "%s $* ${PWD##*/} ${GATEWAY-unset}" >>/tmp/hooks\n' \
			$name >"$LAB_ROOT/usr/sbin/$name"
		chmod 755 "$LAB_ROOT/usr/sbin/$name"
	done
}

hooks() {
	cat "$LAB_ROOT/tmp/hooks"
	: >"$LAB_ROOT/tmp/hooks"
}

@test "the hooks are called with what and when the package counts on" {
	host_up
	noting_hooks
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.2.78 NETMASK=255.255.255.0
	lab_uplink 1 ONBOOT=no
	service start
	is "$(hooks)" "$(cat <<-END
		ifup-pre-local ifcfg-lo network-scripts unset
		ifup-local lo network-scripts unset
		ifup-pre-local ifcfg-eth0 boot network-scripts unset
		ifup-local eth0:1 network-scripts unset
		ifup-local eth0 network-scripts unset
	END
	)"
	host ifdown eth0
	is "$(hooks)" "$(cat <<-END
		ifdown-pre-local eth0 network-scripts unset
		ifdown-local eth0 network-scripts unset
	END
	)"
}

@test "ifcfg files are found by name, DEVICE and HWADDR" {
	local by
	host_up
	noting_hooks
	rm "$LAB_SCRIPTS/ifcfg-eth1"
	lab_ifcfg office DEVICE=eth1 "HWADDR=$(host cat /sys/class/net/eth1/address)" \
		IPADDR=10.0.0.99 NETMASK=255.0.0.0
	for by in office ifcfg-office eth1; do
		host ifup "$by"
		is "$(hooks)" "$(printf '%s network-scripts unset\n' \
			'ifup-pre-local ifcfg-office' 'ifup-local eth1')" "ifup $by"
		host ifdown eth1
		hooks
	done
}

@test "the last device takes the default; GATEWAYDEV keeps it; METRIC keeps both" {
	host_up
	service start
	is "$(host ip route show default | tr -s ' ')" 'default via 10.0.0.1 dev eth1 '
	echo GATEWAYDEV=eth0 >>"$LAB_ROOT/etc/sysconfig/network"
	service restart
	is "$(host ip route show default | tr -s ' ')" 'default via 192.168.2.1 dev eth0 '
	sed -i /GATEWAYDEV/d "$LAB_ROOT/etc/sysconfig/network"
	lab_uplink 0 METRIC=5
	service restart
	is "$(lines "$(host ip route show default)")" 2
}

@test "route and rule files: words are split and globbed, comments are whole lines" {
	host_up
	cat >"$LAB_SCRIPTS/route-eth0" <<-'END'
		# a comment

		  203.0.113.0/25   via 192.168.2.1 dev eth0 \
		table 42
	END
	printf 'from 203.0.113.1 table 42 priority 900' >"$LAB_SCRIPTS/rule-eth0"
	service start
	has "$(routes)" '^203\.0\.113\.0/25 via 192\.168\.2\.1 dev eth0 table 42$'
	has "$(rules)" '^900: from 203\.0\.113\.1 lookup 42'
	host ifdown eth0
	has_no "$(rules)" '^900:'
}

@test "a route file with ADDRESSn= is sourced" {
	host_up
	printf '%s\n' ADDRESS0=203.0.113.0 NETMASK0=255.255.255.0 GATEWAY0=192.168.2.1 \
		'echo sourced >/tmp/sourced' >"$LAB_SCRIPTS/route-eth0"
	service start
	has "$(routes)" '^203\.0\.113\.0/24 via 192\.168\.2\.1 dev eth0$'
	is "$(cat "$LAB_ROOT/tmp/sourced")" sourced
}

@test "the ifdown of a device that is down is skipped, and its rule stays" {
	host_up
	echo 'from 10.0.0.0/8 iif lo table 101 priority 900' >"$LAB_SCRIPTS/rule-eth1"
	service start
	host ifconfig eth1 down
	service stop
	has "$(rules)" '^900: from 10\.0\.0\.0/8 iif lo lookup 101'
	service start
	# Kernels before 4.8 take it twice, but for late ones of EL7.
	has "$output" 'File exists' || is "$(rules | grep -c ^900:)" 2
}

@test "sysctl.conf is applied again after the last device" {
	host_up
	echo net.ipv4.conf.eth1.rp_filter=2 >>"$LAB_ROOT/etc/sysctl.conf"
	# shellcheck disable=SC2016 # for the hook
	printf '#!/bin/sh\n[ $1 != eth1 ] || sysctl -qw net.ipv4.conf.eth1.rp_filter=1\n' \
		>"$LAB_ROOT/usr/sbin/ifup-local"
	chmod 755 "$LAB_ROOT/usr/sbin/ifup-local"
	service start
	is "$(host sysctl -n net.ipv4.conf.eth1.rp_filter)" 2
}

# processes_of NAMESPACE: all that live in that PID namespace.
processes_of() {
	find /proc/[0-9]*/ns/pid -printf '%l %p\n' 2>/dev/null | grep -F "$1" || true
}

@test "the lab leaves no process behind, and with them no mount and no namespace" {
	local namespace
	host_up
	service start
	namespace=$(readlink "/proc/$LAB_INIT/ns/pid")
	is_not "$(processes_of "$namespace")" ''
	lab_down
	is "$(processes_of "$namespace")" ''
}

@test "a host that is a machine of its own: what it is asked, what it reads, and that it crashed" {
	command -v linux.uml >/dev/null || [ "${CI-}" = true ] || skip 'no user-mode kernel'
	local LAB_MACHINE
	LAB_MACHINE=$(command -v linux.uml)
	export LAB_MACHINE
	host_up
	host ip link set eth1 up
	has "$(host ip link show dev eth1 up)" '^[0-9]+: eth1:'
	is "$(printf '%s\n' a b | host tac)" $'b\na'
	run host sh -c 'exit 7'
	is "$status" 7
	run host sh -c 'echo o >/proc/sysrq-trigger; sleep 9'
	is "$status" 255
	run host true
	is "$status" 255
	! lab_down 2>"$BATS_TEST_TMPDIR/said" || return
	has "$(cat "$BATS_TEST_TMPDIR/said")" '^lab: the machine does not run'
}
