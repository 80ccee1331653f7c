# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # what run sets
# A real DHCP server in each router, for a real dhclient in the host.

# dhcp_server K [OPTION=VALUE…]: (re)starts the server of router K. It gives the uplink's
# ordinary address.
#   ADDRESS=, ROUTERS=, MASK=, and SENT=, the mask that the client is told where it is another
dhcp_server() {
	local k=$1 ADDRESS=${LAB_ADDRESSES[$1]} ROUTERS MASK SENT option
	case $k in
	0) ROUTERS=192.168.2.1 MASK=255.255.255.0 ;;
	1) ROUTERS=10.0.0.1 MASK=255.0.0.0 ;;
	esac
	shift
	for option; do
		local "${option?}"
	done
	dhcp_server_gone "$k"
	router "$k" dnsmasq --conf-file=/dev/null --port=0 --user=root --interface=uplink \
		--pid-file="/run/dhcpd.$k" --dhcp-leasefile="/run/leases.$k" --dhcp-authoritative \
		--no-ping --dhcp-range="$ADDRESS,$ADDRESS,$MASK,120" --dhcp-option="3${ROUTERS:+,$ROUTERS}" \
		${SENT:+--dhcp-option=1,"$SENT"}
}

dhcp_server_gone() {
	local pid
	pid=$(cat "$LAB_ROOT/run/dhcpd.$1" 2>/dev/null) || return 0
	router "$1" kill "$pid"
	rm -f "$LAB_ROOT/run/dhcpd.$1" "$LAB_ROOT/run/leases.$1"
	while router "$1" kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

# dhcp_nic K [KEY=VALUE…]: NIC K by DHCP, with a server.
dhcp_nic() {
	local k=$1
	shift
	lab_ifcfg "eth$k" "DEVICE=eth$k" ONBOOT=yes BOOTPROTO=dhcp "$@"
	dhcp_server "$k"
}

# dhcp_hooks [5]: where this dhclient-script has its hooks: those of EL6 and later, or of EL5.
# The client renews every second or two, whatever the server says.
dhcp_hooks() {
	rm -rf "$LAB_ROOT/etc/dhcp"
	mkdir -p "$LAB_ROOT/etc/dhcp"
	[ "${1-}" = 5 ] || mkdir "$LAB_ROOT/etc/dhcp/dhclient.d"
	echo 'supersede dhcp-renewal-time 2;' >"$LAB_ROOT/etc/dhcp/dhclient.conf"
}

# A renewal between two looks at files and times is none of ours; one on its way is let through.
dhclients_rest() {
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'pids=$(cat /var/run/dhclient-eth*.pid)
		scripts() { for pid in $pids; do cat "/proc/$pid/task/$pid/children"; done; }
		while kill -STOP $pids; [ -n "$(scripts)" ]; do
			kill -CONT $pids
			sleep 0.1
		done'
}
