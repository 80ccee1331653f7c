#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # for the shell in the host; what run sets
# Attacks on CONNMARK and UDP_PORTS: what worked without them goes on, nothing of others is lost, and
# what failed once is done with the next run.

load lab/test
load lab/marks

@test "peers behind a static route by the loser are answered as before" {
	marked
	echo '172.31.0.0/24 via 192.168.2.1' >"$LAB_SCRIPTS/route-eth0"
	service start
	serve_udp 1194
	within 5 says udp 192.168.2.99 1194
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	within 5 says udp 192.168.2.99 1194
}

@test "where a rule of others decides the default, the source is that table's" {
	marked
	service start
	serve_udp 1194
	host ip route add default via 192.168.2.1 table 50
	host ip rule add lookup 50 priority 20000
	multihome 0 sync
	within 5 says udp 192.168.2.99 1194
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	within 5 says udp 192.168.2.99 1194
}

@test "somebody else's table of that name is left alone" {
	marked
	host nft add table ip multihome
	host nft add chain ip multihome mine '{ type filter hook input priority 0; }'
	host nft add rule ip multihome mine tcp dport 23 drop
	service start
	has "$(host nft list ruleset)" 'tcp dport 23 drop'
}

@test "somebody else's chain of that name is left alone" {
	marked
	backend legacy
	host iptables -t mangle -N MULTIHOME
	host iptables -t mangle -A MULTIHOME -s 203.0.113.1 -j DROP
	host iptables -t mangle -A FORWARD -j MULTIHOME
	service start
	has "$(host iptables-save -t mangle)" '203.0.113.1/32 -j DROP'
	multihome 0 clean
}

# bats test_tags=long
@test "a removal that failed is done with the next sync" {
	marked
	service start
	echo CONNMARK=no >"$LAB_ROOT/etc/sysconfig/multihome"
	host sh -c 'cp /usr/sbin/nft /usr/bin/nft2; printf "#!/bin/sh\n[ \$1 = -f ] && { echo Error: busy >&2; exit 1; }\nexec /usr/bin/nft2 \"\$@\"\n" >/run/fake; chmod +x /run/fake; mount --bind /run/fake /usr/sbin/nft'
	multihome 1 sync
	host umount /usr/sbin/nft
	multihome 0 sync
	nothing_loaded
}

# bats test_tags=long
@test "a clean that cannot run nft says so, and the next one takes the table away" {
	marked
	service start
	host mount --bind /bin/false /usr/sbin/nft
	run host multihome clean
	host umount /usr/sbin/nft
	[ "$status" != 0 ] || nothing_loaded
}

# bats test_tags=long
@test "one failure of nft does not bring in iptables beside it" {
	marked
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	host mount --bind /bin/false /usr/sbin/nft
	run host multihome sync
	host umount /usr/sbin/nft
	host ip route replace default via 192.168.2.1
	multihome 0 sync
	bad=
	within 5 says udp 192.168.2.99 1194 || bad="winner lost "
	multihome 0 clean
	has_no "$(host iptables-save)" MULTIHOME || bad+='left by clean'
	is "$bad" ''
}

# bats test_tags=long
@test "a jump that is there twice goes with clean" {
	marked
	backend legacy
	service start
	host sh -c 'iptables-save >/run/saved; iptables-restore --noflush /run/saved'
	multihome 0 sync
	multihome 0 clean
	nothing_loaded
}

# bats test_tags=long
@test "a saved copy that came back after CONNMARK=no goes with clean" {
	marked
	backend legacy
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	host sh -c 'iptables-save >/run/saved'
	echo CONNMARK=no >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	host iptables-restore /run/saved
	multihome 0 sync
	multihome 0 clean
	nothing_loaded
}

# bats test_tags=long
@test "nft: the second mark of a rule is seen" {
	marked
	service start
	host nft add table inet other
	host nft add chain inet other pre '{ type filter hook prerouting priority -140; }'
	host nft add rule inet other pre meta mark set meta mark and 0xffffff00 or 0x1 ct mark set meta mark
	multihome 3 sync
}

# bats test_tags=long
@test "nft's own table ip mangle is seen where iptables cannot list it" {
	marked
	service start
	host nft add table ip mangle
	host nft add chain ip mangle PREROUTING '{ type filter hook prerouting priority -140; }'
	host nft add rule ip mangle PREROUTING ct mark set 0x1
	multihome 3 sync
}

# bats test_tags=long
@test "UDP that began before CONNMARK=yes, or while the table was away, goes on" {
	marked LAB_RP_FILTER=none
	service start
	docker_publishes 8080
	host nft delete table ip multihome
	! says udp 192.168.2.99 8080 5555 || false
	multihome 0 sync
	within 5 says udp 192.168.2.99 8080 5556
	within 5 says udp 192.168.2.99 8080 5555
}

# bats test_tags=long
@test "after clean no connection stays translated" {
	marked LAB_RP_FILTER=none
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	docker_publishes 8080
	serve_udp 1194
	within 5 says udp 192.168.2.99 1194 5555
	host ip route replace default via 192.168.2.1
	multihome 0 clean
	within 5 says udp 192.168.2.99 1194 5556
	within 5 says udp 192.168.2.99 1194 5555
}

# bats test_tags=long
@test "an edit of the loser's address waits" {
	marked
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	within 5 says udp 192.168.2.99 1194
	lab_uplink 0 IPADDR=192.168.2.98
	multihome 0 sync
	within 5 says udp 192.168.2.99 1194
}

# bats test_tags=long
@test "the local table's rule at 9999 costs the marks alone" {
	marked
	echo CONNMARK=no >"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	host ip rule add lookup local priority 9999; host ip rule del lookup local priority 0
	multihome 0 sync
	answers 0 1
	echo CONNMARK=yes >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	answers 0 1
}

# bats test_tags=long
@test "connections that could not be forgotten are tried again" {
	marked
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	within 5 says udp 192.168.2.99 1194 5555
	host ip route replace default via 192.168.2.1
	run host strace -o /tmp/t -e trace=socket -e inject=socket:error=ENOBUFS:when=2 multihome sync
	multihome 0 sync
	within 5 says udp 192.168.2.99 1194 5555
}

# bats test_tags=long
@test "halves of a VPN: the source is the VPN's" {
	marked
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	vpn_up
	multihome 0 sync
	within 5 says udp 192.168.2.99 1194
	within 5 says udp 10.0.0.99 1194
}

# bats test_tags=long
@test "nft: a port that is led to a host behind the same uplink" {
	marked
	service start
	port_led_to 0 192.168.2.50
	multihome 0 sync
	within 5 says tcp 192.168.2.99 8025
}

# bats test_tags=long
@test "an ACCEPT that somebody puts before the marks comes behind them" {
	marked
	backend legacy
	service start
	host iptables -t mangle -I PREROUTING -i eth0 -j ACCEPT
	run host multihome check
	[ "$status" = 1 ]
}

# bats test_tags=long
@test "the winner's second address answers, too" {
	marked LAB_STRICT_ROUTERS=0
	lab_uplink 1 IPADDR2=10.0.0.98 NETMASK2=255.0.0.0
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	within 5 says udp 10.0.0.98 1194
}

# bats test_tags=long
@test "with another MARK_MASK connections of UDP go on" {
	marked
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	within 5 says udp 192.168.2.99 1194 5555
	echo MARK_MASK=0xf00000 >>"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	within 5 says udp 192.168.2.99 1194 5555
}

# bats test_tags=long
@test "IPv6: with an address of another kind on the winner the kernel's choice counts" {
	marked LAB_IPV6=1
	lab_uplinks6
	lab_uplink 0 IPV6INIT=yes IPV6ADDR=2001:db8:2::99/64 IPV6_DEFAULTGW=fe80::1%eth0
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	multihome 0 sync
	within 5 says udp 2001:db8:10::99 1194
	host ip -6 address add fd00:1::99/64 dev eth0 nodad
	multihome 0 sync
	within 5 says udp 2001:db8:10::99 1194 5557
}

# bats test_tags=long
@test "Docker that starts after the network keeps its published port of UDP" {
	marked
	backend legacy
	echo 'UDP_PORTS="5060 8000-8100"' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	docker_publishes 8080
	multihome 1 check
	multihome 0 sync
	published_answers 8080
	changes_nothing multihome sync
}

# bats test_tags=long
@test "a filter that is off stays off, and what was loosened is given back with the key" {
	marked LAB_RP_FILTER=none
	host sysctl -qw net.ipv4.conf.eth1.rp_filter=1
	service start
	is "$(host sysctl -n net.ipv4.conf.eth0.rp_filter net.ipv4.conf.eth1.rp_filter | xargs)" '0 2'
	echo CONNMARK=no >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	is "$(host sysctl -n net.ipv4.conf.eth0.rp_filter net.ipv4.conf.eth1.rp_filter | xargs)" '0 1'
	changes_nothing multihome sync
}

# bats test_tags=long
@test "a port that is led by hand to another address of the host" {
	marked
	service start
	host iptables -t nat -A PREROUTING -d 192.168.2.99 -p tcp --dport 8025 \
		-j DNAT --to-destination 10.0.0.99:8025
	host socat TCP-LISTEN:8025,fork,reuseaddr EXEC:cat 3>&- &
	disown -a
	multihome 0 sync
	within 5 says tcp 192.168.2.99 8025
	within 5 says tcp 10.0.0.99 8025
}

# bats test_tags=long
@test "nft that hangs keeps no ifup for long" {
	marked
	service start
	host sh -c 'printf "#!/bin/sh\nexec sleep 1000\n" >/run/fake
		chmod +x /run/fake; mount --bind /run/fake /usr/sbin/nft'
	host timeout 30 ifup eth0
	host umount /usr/sbin/nft
	answers 0 1
}
