#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # for the shell in the host
# How long watch takes: to heal what was spoilt, to lead around what is dead and back again; what it
# costs while nothing happens. Milliseconds, from what happened to what the kernel has then.
#
# heal.sh [TIMES]     20 times each, unless said; the slow ones a quarter of that

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

# measured NAME N DO CONDITION [UNDO [CONDITION]]
measured() {
	local n
	for ((n = 0; n < $2; n++)); do
		eval "$3"
		until_true "$4"
		[ -z "${5-}" ] || eval "$5"
		[ -z "${6-}" ] || until_true "$6" >/dev/null
		# More often, and it is an opponent's work.
		sleep $((times > 4 ? 15 : 2))
	done | sort -n | awk -v name="$1" '{ v[NR] = $1 }
		END { printf "%-44s median %6d ms, worst %6d ms of %d\n", name, v[int((NR + 1) / 2)], v[NR], NR }'
}

there() { # WHAT WHERE
	echo "ip $2 | grep -q '$1'"
}

lab_up || exit 1
trap lab_down EXIT
lab_uplinks
lab_install
host service network start >/dev/null 2>&1
host multihome watch --background
until_true 'grep -q "^up eth1" /var/run/multihome/health' >/dev/null
slow=$(((times + 3) / 4))
measured 'a rule that was deleted' "$times" 'host ip rule del from 10.0.0.0/8' \
	"$(there 'from 10.0.0.0/8' rule)"
measured 'a table that was flushed' "$times" 'host ip route flush table 100' \
	"$(there ^default 'route show table 100')"
measured 'a NIC that was bounced' "$times" 'host ip link set eth0 down; host ip link set eth0 up' \
	"$(there ^default 'route show table 100')"
measured 'a bridge that came late' "$times" 'host ip link add docker0 type bridge
		host ip address add 172.17.0.1/16 dev docker0; host ip link set docker0 up' \
	"$(there docker0 'route show table 100')" 'host ip link del docker0'
measured 'the cable of the winner' "$slow" 'router 1 ip link set uplink down' \
	"$(there '^128.0.0.0/1 .*eth0' route)" 'router 1 ip link set uplink up' \
	"! $(there '^128.0.0.0/1' route)"
measured 'and back' "$slow" 'router 1 ip link set uplink down
		until_true "$(there ^128.0.0.0/1 route)" >/dev/null; router 1 ip link set uplink up' \
	"! $(there '^128.0.0.0/1' route)"
host sh -c 'kill $(cat /var/run/multihome.pid)'
until_true '[ ! -e /var/run/multihome.pid ]' >/dev/null
for ((n = 0; n < slow; n++)); do
	host multihome watch --background
	until_true 'grep -q "^up eth1" /var/run/multihome/health' >/dev/null
	router 1 ip address del 10.0.0.1/8 dev uplink
	until_true "$(there '^128.0.0.0/1' route)" >&3
	router 1 ip address add 10.0.0.1/8 dev uplink
	host sh -c 'kill $(cat /var/run/multihome.pid)'
	until_true '[ ! -e /var/run/multihome.pid ]' >/dev/null
done 3>&1 >/dev/null | sort -n | awk '{ v[NR] = $1 }
	END { printf "%-44s median %6d ms, worst %6d ms of %d\n", "a gateway that is dead", v[int((NR + 1) / 2)], v[NR], NR }'
host multihome watch --background
sleep 5

host bash -c 'pid=$(cat /var/run/multihome.pid)
	used() { awk "{ print \$14 + \$15 + \$16 + \$17 }" /proc/$pid/stat; }
	before=$(used)
	sleep 120
	ticks=$(($(used) - before))
	echo "idle: $((ticks * 30 * 1000 / $(getconf CLK_TCK))) ms of processor time an hour, children too"
	sed -n "s/^VmRSS:[^0-9]*/resident memory: /p" /proc/$pid/status'
