#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # for the shell in the host
# How long watch takes: to heal what was spoilt, to lead around what is dead and back again; what it
# costs while nothing happens. Milliseconds, from what happened to what the kernel has then.
#
# heal.sh [TIMES]     20 times each, unless said

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
. "$here/../lab/lab.sh"
times=${1:-20}
export LAB_UPLINKS=2 LAB_RP_FILTER=none LAB_STRICT_ROUTERS=0

# until_true SHELL-CONDITION: within the host; prints the milliseconds.
until_true() {
	host bash -c "begin=\${EPOCHREALTIME/./}
		until $1; do
			sleep 0.01
			[ \$((\${EPOCHREALTIME/./} - begin)) -lt 120000000 ] || break
		done 2>/dev/null
		echo \$(((\${EPOCHREALTIME/./} - begin) / 1000))"
}

# measured NAME DO CONDITION
measured() {
	eval "$2"
	until_true "$3" >>"$figures/$1"
}

there() { # WHAT WHERE
	echo "ip $2 | grep -q '$1'"
}

watch_on() {
	host multihome watch --background
	until_true 'grep -q "^up eth1" /var/run/multihome/health' >/dev/null
}

watch_off() {
	host sh -c 'kill $(cat /var/run/multihome.pid)'
	until_true '[ ! -e /var/run/multihome.pid ]' >/dev/null
}

around="$(there '^128.0.0.0/1 .*eth0' route)"
figures=$(mktemp -d)
trap 'rm -rf "$figures"; lab_down' EXIT
lab_up || exit 1
lab_uplinks
lab_install
host service network start >/dev/null 2>&1
watch_on
for ((n = 0; n < times; n++)); do
	measured 'a rule that was deleted' 'host ip rule del from 10.0.0.0/8' \
		"$(there 'from 10.0.0.0/8' rule)"
	sleep 4
	measured 'a table that was flushed' 'host ip route flush table 101' \
		"$(there ^default 'route show table 101')"
	sleep 4
	measured 'a NIC that was bounced' 'host ip link set eth0 down; host ip link set eth0 up' \
		"$(there ^default 'route show table 100')"
	sleep 4
	measured 'a bridge that came late' 'host ip link add docker0 type bridge
			host ip address add 172.17.0.1/16 dev docker0; host ip link set docker0 up' \
		"$(there docker0 'route show table 100')"
	host ip link del docker0
	# More often than five times a minute, and it is an opponent's work.
	sleep 4
done
for ((n = 0; n < times; n++)); do
	measured "the winner's cable" 'router 1 ip link set uplink down' "$around"
	measured 'and back' 'router 1 ip link set uplink up' "! $around"
	sleep 1
done
watch_off
for ((n = 0; n < times; n++)); do
	# Its memory would double what up needs.
	watch_on
	measured 'a gateway that is dead' 'router 1 ip address del 10.0.0.1/8 dev uplink' "$around"
	router 1 ip address add 10.0.0.1/8 dev uplink
	watch_off
done
for figure in "$figures"/*; do
	sort -n "$figure" | awk -v name="${figure##*/}" '{ v[NR] = $1 }
		END { printf "%-30s median %6d ms, worst %6d ms of %d\n", name, v[int((NR + 1) / 2)], v[NR], NR }'
done
watch_on
sleep 5

host bash -c 'pid=$(cat /var/run/multihome.pid)
	used() { awk "{ print \$14 + \$15 + \$16 + \$17 }" /proc/$pid/stat; }
	before=$(used)
	sleep 120
	ticks=$(($(used) - before))
	echo "idle: $((ticks * 30 * 1000 / $(getconf CLK_TCK))) ms of processor time an hour, children too"
	sed -n "s/^VmRSS:[^0-9]*/resident memory: /p" /proc/$pid/status'
