#!/bin/bash
# SPDX-License-Identifier: MIT
# Shows the problem and the cure: a two-NIC host without and with multihome.
#
# Brings the lab's host up four times: as EL5 and as EL6 filter, without and with
# the package. Exit 0 only if all is as it should be with it. Leaves nothing.

# shellcheck source-path=SCRIPTDIR source=lab.sh
. "$(dirname "$(readlink -f "$0")")/lab.sh"

eth0=${LAB_ADDRESSES[0]}
eth1=${LAB_ADDRESSES[1]}
wrong=0
results=() without=() with=()

# One line a step: its text, the result that is right, the command that gets it.
# A step for which nothing is right or wrong only shows or does something.
steps() {
	cat <<-END
	default routes||defaults
	client pings $eth0|ok eth0|probe_ping $eth0
	  opens TCP to it|ok eth0|probe_tcp $eth0
	  asks by UDP|ok eth0|probe_udp $eth0
	client pings $eth1|ok eth1|probe_ping $eth1
	  opens TCP to it|ok eth1|probe_tcp $eth1
	  asks by UDP|ok eth1|probe_udp $eth1
	router 192.168.2.1 pings $eth0|ok eth0|probe_router $eth0
	the host itself pings the client|ok eth1|probe_own
	then ifconfig eth1 down:||host ifconfig eth1 down
	client pings $eth0|ok eth0|probe_ping $eth0
	  opens TCP to it|ok eth0|probe_tcp $eth0
	  asks by UDP|ok eth0|probe_udp $eth0
	client pings $eth1 (link is down)|lost -|probe_ping $eth1
	the host itself pings the client|ok eth0|probe_own
	END
}

# The router asks from its own segment, so what comes back came by eth0.
probe_router() {
	if router 0 ping -n -q -c1 -W1 "$1" >/dev/null 2>&1; then
		echo ok eth0
	else
		echo lost -
	fi
}

# The default routes of main, the one in use first: NIC and metric.
defaults() {
	host ip route show default |
		sed 's/.* dev \([^ ]*\).* metric \([0-9]*\).*/\1 (metric \2)/; s/.* dev \([^ ]*\).*/\1/' |
		paste -sd , | sed 's/,/, /g'
}

# measure [PREPARE]: fills results, one a step.
measure() {
	local command
	results=()
	lab_up || exit 1
	lab_uplinks
	${1:-true} || exit 1
	host service network start >/dev/null 2>&1
	while IFS='|' read -r _ _ command <&5; do
		results+=("$($command)")
	done 5< <(steps)
	lab_down
}

# readable RESULT: in words what a probe says.
readable() {
	case $1 in
	'ok '*)   echo "answered, by ${1#ok }" ;;
	'lost -') echo 'lost' ;;
	'lost '*) echo "lost, left by ${1#lost }" ;;
	*)        echo "$1" ;;
	esac
}

print_row() {
	printf '  %-38s %-19s %s\n' "$@"
}

# table TITLE: the two arrays side by side; counts what is wrong with it.
table() {
	local text expected mark n=0
	printf '%s\n' "$1"
	print_row '' without with
	while IFS='|' read -r text expected _ <&5; do
		mark=
		if [ -n "$expected" ] && [ "${with[n]}" != "$expected" ]; then
			mark="  <- WRONG, expected: $(readable "$expected")"
			wrong=$((wrong + 1))
		fi
		print_row "$text" "$(readable "${without[n]}")" "$(readable "${with[n]}")$mark"
		n=$((n + 1))
	done 5< <(steps)
	echo
}

main() {
	local started=$SECONDS
	if [ "$(id -u)" != 0 ]; then
		echo "demo.sh: needs root, for the namespaces" >&2
		exit 1
	fi
	trap lab_down EXIT
	trap 'exit 130' INT TERM HUP
	echo "A host: eth0 $eth0/24 GATEWAY=192.168.2.1, eth1 $eth1/8 GATEWAY=10.0.0.1;"
	echo "a client beyond both routers. After service network start:"
	echo
	for LAB_RP_FILTER in none el6; do
		measure
		without=("${results[@]}")
		measure lab_install
		with=("${results[@]}")
		case $LAB_RP_FILTER in
		none) table 'Nothing filters (EL5)' ;;
		el6)  table 'Strict reverse-path filter on each device (EL6)' ;;
		esac
	done
	if [ $wrong -gt 0 ]; then
		echo "With multihome $wrong of the probes above went wrong."
		exit 1
	fi
	echo "With multihome every reply left by the NIC that was asked, and eth0 lived on"
	echo "without eth1 ($((SECONDS - started)) seconds)."
}

main
