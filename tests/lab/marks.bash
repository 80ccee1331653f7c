# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# For the tests of CONNMARK and UDP_PORTS. The routers are strict: what leaves by a wrong NIC is lost.

# marked [KEY=VALUE…]: two uplinks, of which eth1 is the winner, with CONNMARK=yes; not started.
marked() {
	[ -n "${LAB_MACHINE-}" ] || needs_nft
	host_up LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6 "$@"
	[ -z "${LAB_MACHINE-}" ] || host iptables -t mangle -L -n >/dev/null 2>&1 ||
		skip "this machine's iptables do not work"
	echo CONNMARK=yes >"$LAB_ROOT/etc/sysconfig/multihome"
	lab_install
	host sysctl -qw net.ipv4.ip_forward=1
}

# backend nft|iptables|legacy: which of them the host uses; the routers' is left.
backend() {
	[ "$1" != nft ] || return 0
	host cp /usr/sbin/nft /usr/bin/nft
	host mount --bind /dev/null /usr/sbin/nft
	[ "$1" = iptables ] ||
		host mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi
}

# docker_publishes PORT: TCP and UDP of the container, in the lines that dockerd writes.
docker_publishes() {
	container_up
	host iptables-restore --noflush <<-END
		*nat
		:DOCKER - [0:0]
		-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
		-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
		-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport $1 -j MASQUERADE
		-A DOCKER -i docker0 -j RETURN
		-A DOCKER ! -i docker0 -p tcp -m tcp --dport $1 -j DNAT --to-destination 172.17.0.2:$1
		-A DOCKER ! -i docker0 -p udp -m udp --dport $1 -j DNAT --to-destination 172.17.0.2:$1
		COMMIT
	END
	host ip netns exec container socat TCP-LISTEN:"$1",fork,reuseaddr EXEC:cat 3>&- &
	host ip netns exec container socat UDP-RECVFROM:"$1",fork EXEC:cat 3>&- &
	disown -a
}

# port_led_to K ADDRESS: of the host, TCP 8025, to a server in the network of uplink K, which has the
# host for its router.
port_led_to() {
	host iptables -t nat -A PREROUTING -p tcp --dport 8025 -j DNAT --to-destination "$2:8025"
	router "$1" ip address add "$2/32" dev uplink
	router "$1" ip route add default via "${LAB_ADDRESSES[$1]}" table 50
	router "$1" ip rule add from "$2" lookup 50
	router "$1" socat TCP-LISTEN:8025,bind="$2",fork,reuseaddr EXEC:cat 3>&- &
	disown -a
}

# serve_udp PORT: on the wildcard address of both families, as OpenVPN does.
serve_udp() {
	host socat UDP-RECVFROM:"$1",fork EXEC:cat 3>&- &
	host socat UDP6-RECVFROM:"$1",ipv6only,fork EXEC:cat 3>&- &
	disown -a
}

# says tcp|udp ADDRESS PORT [FROM-PORT]: the client is answered by whom it asked.
says() {
	local kind=$1 to=$2
	case $to in
	*:*) kind=${kind}6 to="[$to]" ;;
	esac
	[ "$(echo hello | client timeout 2 socat -t0.5 -T1 - \
		"$kind:$to:$3${4:+,sourceport=$4,reuseaddr}" 2>/dev/null)" = hello ]
}

halves() {
	host ip route | grep -q '^128'
}

no_halves() {
	! halves
}

published_answers() { # PORT
	local address
	for address in 192.168.2.99 10.0.0.99; do
		within 5 says tcp $address "$1" || { echo "TCP to $address"; return 1; }
		within 5 says udp $address "$1" || { echo "UDP to $address"; return 1; }
	done
}

# A table of its own, or chains: nothing of them.
nothing_loaded() {
	has_no "$(host nft list ruleset; host iptables-save; host ip6tables-save)" \
		'multihome|MULTIHOME'
	has_no "$(rules)$(rules6)" 'fwmark .*/0x3f000000'
}
