#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # what the shell in the host expands, what run sets
# The Tab key after multihome.

load lab/test

setup() {
	host_up
	lab_install
	service start
	lab_ifcfg eth0:1 DEVICE=eth0:1 ONPARENT=no IPADDR=192.168.2.98 NETMASK=255.255.255.0
	touch "$LAB_SCRIPTS/ifcfg-eth1.bak" "$LAB_SCRIPTS/ifcfg-eth1~"
}

# completed LINE [SETTING…]: what is offered there, in one line.
completed() {
	local line=$1
	shift
	host bash -c '. /etc/bash_completion.d/multihome
		complete -p multihome >/dev/null || exit 1
		COMP_LINE=$1 COMP_POINT=${#1}
		shift
		for setting; do eval "$setting"; done
		_multihome multihome
		echo "${COMPREPLY[*]}"' - "$line" "$@"
}

# verbs: those that --help lists.
verbs() {
	host multihome --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' | paste -sd ' ' -
}

@test "the verbs are those of the program" {
	is_not "$(verbs)" ''
	is "$(completed 'multihome ')" "--help --version $(verbs)"
	is "$(completed 'multihome cl')" clean
	is "$(completed 'multihome help cl')" clean
	is "$(completed 'multihome help clean ')" ''
	is "$(completed 'multihome nosuchverb ')" ''
}

@test "the options are those that the verb takes" {
	is "$(completed 'multihome plan --')" '--help --root --exit-code'
	is "$(completed 'multihome check --')" '--help --porcelain --json --nagios --root'
	is "$(completed 'multihome show --p')" --porcelain
	is "$(completed 'multihome sync --')" '--help --confirm'
	is "$(completed 'multihome sync --confirm ')" ''
	is "$(completed 'multihome sync -')" '--help -v --confirm'
	is "$(completed 'multihome sync ')" ''
}

@test "devices and configurations are those of the ifcfg files" {
	is "$(completed 'multihome plan ')" 'eth0 eth0:1 eth1'
	is "$(completed 'multihome show ')" 'eth0 eth0:1 eth1'
	is "$(completed 'multihome up eth1')" eth1
	is "$(completed 'multihome down eth1 ')" ''
	is "$(completed 'multihome prepare ifcfg-eth1')" ifcfg-eth1
}

@test "--root takes a folder, and a device may come after it" {
	is "$(completed 'multihome plan --root /etc/sysconfig/network-s')" \
		/etc/sysconfig/network-scripts
	is "$(completed 'multihome plan --root /etc eth1')" eth1
}

@test "the second argument of explain is an address of the host" {
	host ip address add 2001:db8::99/64 dev eth1 nodad
	# Verbs and their usage are not the completion's to know.
	local usage='multihome() { echo "usage: multihome explain REMOTE [LOCAL]"; }'
	is "$(completed 'multihome explain ' "$usage")" ''
	is "$(completed 'multihome explain 203.0.113.9 10.' "$usage")" 10.0.0.99
	is "$(completed 'multihome explain 2001:db8:c::2 2001:db8::9' "$usage")" 99
}

@test "explain by DEVICE, with or without a local address" {
	is "$(completed 'multihome explain 203.0.113.9 b')" by
	is "$(completed 'multihome explain 203.0.113.9 by ')" 'eth0 eth0:1 eth1'
	is "$(completed 'multihome explain 203.0.113.9 10.0.0.99 ')" by
	is "$(completed 'multihome explain 203.0.113.9 10.0.0.99 by eth1')" eth1
	is "$(completed 'multihome explain 203.0.113.9 10.0.0.99 by eth1 ')" ''
}

@test "a device with a colon is completed after the colon, where the shell breaks words there" {
	is "$(completed 'multihome up eth0:')" 1
	is "$(completed 'multihome up eth0:' 'COMP_WORDBREAKS=${COMP_WORDBREAKS//:}')" eth0:1
}

@test "the Tab key of a real shell completes" {
	run host bash -c 'printf "%s\n" ". /etc/bash_completion.d/multihome" "PS1=" \
		"multihome sho$(printf "\t")--porc$(printf "\t")" exit |
		socat - EXEC:"bash --norc --noprofile -i",pty,setsid,ctty,stderr'
	has "$output" "^eth0	192\.168\.2\.99/24	.*	up"
}
