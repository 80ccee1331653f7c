#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # for the shell in the host; what run sets
# CONNMARK and UDP_PORTS: what is published, forwarded, or served on the wildcard address in UDP
# answers by the NIC that it was asked at. The routers are strict: else it is lost.

load lab/test
load lab/marks

published() {
	marked
	backend "$1"
	service start
	docker_publishes 8080
	multihome 0 sync
	published_answers 8080
	answers 0 1
	changes_nothing multihome sync
	echo CONNMARK=no >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	nothing_loaded
	within 5 says tcp 10.0.0.99 8080
	! says tcp 192.168.2.99 8080 || false
}

@test "a container's published port, by nft" {
	published nft
}

@test "a container's published port, by iptables" {
	published iptables
}

wildcard() { # BACKEND
	local address
	marked LAB_IPV6=1
	backend "$1"
	lab_uplinks6
	service start
	serve_udp 1194
	serve_udp 6050
	within 5 says udp 10.0.0.99 1194
	! says udp 192.168.2.99 1194 || false
	echo 'UDP_PORTS="1194 6000-6100"' >>"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	for address in 10.0.0.99 192.168.2.99 "${LAB_ADDRESSES6[@]:0:2}"; do
		within 5 says udp "$address" 1194 5555 || { echo "$address"; return 1; }
		within 5 says udp "$address" 6050
	done
	# One that is on the link of the loser.
	[ "$(echo hello | router 0 timeout 2 socat -t0.5 -T1 - UDP:192.168.2.99:1194)" = hello ]
	answers 0 1
	changes_nothing multihome sync
	# The winner changes, and the connections that there are go on.
	host ip route replace default via 192.168.2.1
	host ip -6 route show default >&2
	multihome 0 sync
	for address in 10.0.0.99 192.168.2.99 "${LAB_ADDRESSES6[@]:0:2}"; do
		within 5 says udp "$address" 1194 5555 || { echo "$address"; return 1; }
	done
	multihome 0 clean
	nothing_loaded
}

@test "a container's published port, by iptables of old" {
	published legacy
}

@test "servers on UDP's wildcard address, by iptables of old" {
	wildcard legacy
}

@test "servers on UDP's wildcard address, by nft" {
	wildcard nft
}

@test "servers on UDP's wildcard address, by iptables" {
	wildcard iptables
}

@test "IPv6: a published port" {
	marked LAB_IPV6=1
	lab_uplinks6
	service start
	container_up
	host sysctl -qw net.ipv6.conf.all.forwarding=1
	host ip address add 2001:db8:d::1/64 dev docker0 nodad
	host ip -n container address add 2001:db8:d::2/64 dev eth0 nodad
	host ip -n container route add default via 2001:db8:d::1
	host ip6tables-restore --noflush <<-END
		*nat
		-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination [2001:db8:d::2]:8080
		COMMIT
	END
	host ip netns exec container socat TCP6-LISTEN:8080,fork,reuseaddr EXEC:cat 3>&- &
	disown -a
	multihome 0 sync
	within 5 says tcp 2001:db8:2::99 8080
	within 5 says tcp 2001:db8:10::99 8080
	changes_nothing multihome sync
}

# A guest with an address of its own, which both providers lead here.
@test "a routed guest answers the way that it was asked, and is led out by the default" {
	local k
	host_up LAB_RP_FILTER=el6
	echo CONNMARK=yes >"$LAB_ROOT/etc/sysconfig/multihome"
	lab_install
	host sysctl -qw net.ipv4.ip_forward=1
	service start
	container_up
	multihome 0 sync
	for k in 0 1; do
		router $k ip route replace 172.17.0.0/16 via "${LAB_ADDRESSES[k]}"
		router $k nft add table ip guest
		router $k nft 'add chain ip guest seen { type filter hook forward priority 0; }'
		router $k nft 'add rule ip guest seen ip saddr 172.17.0.2 counter'
	done
	for k in 0 1; do
		client ip route replace 172.17.0.0/16 via "172.31.$((k + 1)).1" src "$LAB_CLIENT"
		before=$(guest_seen $k)
		client ping -nqc2 -W1 172.17.0.2
		is $(($(guest_seen $k) - before)) 2 "by router $k"
	done
	before=$(guest_seen 1)
	host ip netns exec container ping -nqc1 -W1 "$LAB_CLIENT"
	is $(($(guest_seen 1) - before)) 1 'its own'
}

guest_seen() { # ROUTER
	router "$1" nft list table ip guest | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# many_rules: of an administrator, of Kubernetes, of a swarm.
many_rules() {
	host iptables-restore --noflush < <(
		echo '*filter'
		for ((i = 0; i < 1000; i++)); do
			echo "-A INPUT -s 203.0.113.$((i % 250))/32 -p tcp -m tcp --dport $((i + 1)) -j DROP"
		done
		echo COMMIT
		echo '*mangle'
		echo '-A PREROUTING -s 203.0.113.7/32 -j MARK --set-xmark 0x1/0xff'
		echo '-A PREROUTING -m mark --mark 0x1/0xff -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff'
		echo COMMIT
		echo '*nat'
		echo ':KUBE-MARK-MASQ - [0:0]'
		echo ':KUBE-POSTROUTING - [0:0]'
		echo '-A POSTROUTING -j KUBE-POSTROUTING'
		echo '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000'
		echo '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN'
		echo '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0'
		echo COMMIT
	)
	host ip rule add fwmark 0x1/0xff lookup 7 priority 30
}

foreign_rules() {
	host iptables-save | sed '/^#/d; s/\[.*//; /MULTIHOME/d'
	host nft list ruleset 2>/dev/null | sed '/^table ip6* multihome {$/,/^}$/d; s/packets.*//' |
		grep -v MULTIHOME || true
}

unchanged() { # BACKEND
	local before
	marked
	backend "$1"
	service start
	many_rules
	before=$(foreign_rules)
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	is "$(foreign_rules)" "$before" 'after sync'
	changes_nothing multihome sync
	multihome 0 check
	multihome 0 clean
	is "$(foreign_rules)" "$before" 'after clean'
	nothing_loaded
}

@test "rules of others stay as they are, by nft" {
	unchanged nft
}

@test "rules of others stay as they are, by iptables of old" {
	unchanged legacy
}

@test "chains that somebody flushed are back with a sync, and check says so; a saved copy is no second" {
	marked
	backend legacy
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	docker_publishes 8080
	serve_udp 1194
	multihome 0 sync
	host sh -c 'iptables-save >/run/saved'
	# service iptables stop
	host sh -c 'iptables-save | sed -n "s/^\*//p" | while read -r table; do
		iptables -t $table -F; iptables -t $table -X; done'
	multihome 1 check
	has "$output" '^CONNMARK.s chains are not loaded'
	# service iptables start
	host iptables-restore /run/saved
	multihome 0 check
	multihome 0 sync
	is "$(host iptables-save | grep -cE '^-A (PREROUTING|OUTPUT) .*-j MULTIHOME')" 3
	published_answers 8080
	within 5 says udp 192.168.2.99 1194
	host iptables -t mangle -F
	multihome 0 sync
	published_answers 8080
}

@test "nft flush ruleset: the table is back with the next hook" {
	marked
	service start
	host nft flush ruleset
	docker_publishes 8080
	host ifdown eth0
	host ifup eth0
	published_answers 8080
}

@test "marks that overlap with others' are not installed" {
	marked
	service start
	host ip rule add fwmark 0x1 lookup 7 priority 30
	multihome 3 sync
	has "$stderr" '^/etc/sysconfig/multihome:1: CONNMARK=yes: .*ip rule add from all fwmark 0x1 lookup 7'
	nothing_loaded_of_ours
	answers 0 1
	host ip rule del priority 30
	multihome 0 sync
	for words in '-m mark --mark 0x1' '-j CONNMARK --save-mark' '-j MARK --set-mark 0x1000000/0x1000000'; do
		case $words in
		-m*) words="$words -j ACCEPT" ;;
		esac
		# shellcheck disable=SC2086 # words
		host iptables -t mangle -A PREROUTING $words
		multihome 3 sync
		nothing_loaded_of_ours
		host iptables -t mangle -F
	done
	echo 'MARK_MASK=0xf0' >>"$LAB_ROOT/etc/sysconfig/multihome"
	host iptables -t mangle -A PREROUTING -j MARK --set-mark 0x1000000/0x1000000
	multihome 0 sync
	has "$(rules)" '^9999: from all fwmark 0x20/0xf0 lookup 101'
}

nothing_loaded_of_ours() {
	has_no "$(host nft list ruleset)" 'table ip multihome'
	has_no "$(rules)" '^9999: '
}

@test "neither nft nor iptables: refused by file and line, and the uplinks answer" {
	marked
	host mount --bind /dev/null /usr/sbin/xtables-nft-multi
	backend iptables
	run service start
	answers 0 1
	multihome 3 sync
	is "$stderr" '/etc/sysconfig/multihome:1: CONNMARK=yes: expected nft or iptables-restore'
	answers 0 1
}

@test "without ip6tables IPv4 is served" {
	marked LAB_IPV6=1
	lab_uplinks6
	backend iptables
	host sh -c 'rm /usr/sbin/ip6tables-restore'
	service start
	docker_publishes 8080
	multihome 0 sync
	has "$stderr" '^eth0: no mark for IPv6: its iptables-restore is not there$'
	published_answers 8080
	has_no "$(rules6)" fwmark
}

@test "without CONNMARK no program of netfilter is run, and no rule differs" {
	host_up
	lab_install
	service start
	run host strace -f -qq -e trace=execve,socket multihome sync
	has_no "$output" 'nft|iptables|NETLINK_NETFILTER|/bin/sh'
	has_no "$(rules)" 'fwmark'
}

# docs/selinux.md: iptables_t may read what init scripts have in /tmp, not what they have in /var/run.
@test "a program of netfilter gets three descriptors, and none of a file in /var/run" {
	marked
	backend nft
	host cp /usr/sbin/nft /usr/bin/nft
	printf '%s\n' '#!/bin/sh' 'echo "$@" >>/run/told' 'readlink /proc/$$/fd/[0-9] >>/run/told' \
		'exec /usr/bin/nft "$@"' >"$LAB_ROOT/usr/sbin/nft"
	service start
	docker_publishes 8080
	multihome 0 sync
	published_answers 8080
	has "$(host cat /run/told)" '^-f -$'
	has "$(host cat /run/told)" '^/tmp/.*deleted'
	has_no "$(host cat /run/told)" 'multihome|socket:'
}

# The lines of libvirt's network "default", and a port that a hook of qemu leads to a guest.
@test "a guest of KVM behind NAT: its own traffic, and a port that is led to it" {
	marked
	service start
	container_up
	host iptables-restore --noflush <<-END
		*mangle
		:LIBVIRT_PRT - [0:0]
		-A POSTROUTING -j LIBVIRT_PRT
		-A LIBVIRT_PRT -o docker0 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill
		COMMIT
		*filter
		:LIBVIRT_FWI - [0:0]
		:LIBVIRT_FWO - [0:0]
		-A FORWARD -j LIBVIRT_FWI
		-A FORWARD -j LIBVIRT_FWO
		-A LIBVIRT_FWO -s 172.17.0.0/16 -i docker0 -j ACCEPT
		-A LIBVIRT_FWO -i docker0 -j REJECT --reject-with icmp-port-unreachable
		-A LIBVIRT_FWI -d 172.17.0.2/32 -o docker0 -p tcp -m tcp --dport 8022 -j ACCEPT
		-A LIBVIRT_FWI -d 172.17.0.0/16 -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A LIBVIRT_FWI -o docker0 -j REJECT --reject-with icmp-port-unreachable
		COMMIT
		*nat
		:LIBVIRT_PRT - [0:0]
		-A POSTROUTING -j LIBVIRT_PRT
		-A LIBVIRT_PRT -s 172.17.0.0/16 -d 224.0.0.0/24 -j RETURN
		-A LIBVIRT_PRT -s 172.17.0.0/16 -d 255.255.255.255/32 -j RETURN
		-A LIBVIRT_PRT -s 172.17.0.0/16 ! -d 172.17.0.0/16 -p tcp -j MASQUERADE --to-ports 1024-65535
		-A LIBVIRT_PRT -s 172.17.0.0/16 ! -d 172.17.0.0/16 -p udp -j MASQUERADE --to-ports 1024-65535
		-A LIBVIRT_PRT -s 172.17.0.0/16 ! -d 172.17.0.0/16 -j MASQUERADE
		-A PREROUTING -d 192.168.2.99/32 -p tcp -m tcp --dport 8022 -j DNAT --to-destination 172.17.0.2:8022
		-A PREROUTING -d 10.0.0.99/32 -p tcp -m tcp --dport 8022 -j DNAT --to-destination 172.17.0.2:8022
		COMMIT
	END
	host ip netns exec container socat TCP-LISTEN:8022,fork,reuseaddr EXEC:cat 3>&- &
	disown -a
	multihome 0 sync
	within 5 says tcp 192.168.2.99 8022
	within 5 says tcp 10.0.0.99 8022
	host ip netns exec container ping -nqc1 -W1 "$LAB_CLIENT"
	# The default moves, and what begins then goes with it.
	host ip route replace default via 192.168.2.1
	multihome 0 sync
	host ip netns exec container ping -nqc1 -W1 "$LAB_CLIENT"
	within 5 says tcp 10.0.0.99 8022
}

# An OpenVPN server, and SIP's two ports of a call.
# bats test_tags=long
@test "watch: the winner's cable is pulled, and servers of UDP go on by the other" {
	marked
	echo 'UDP_PORTS="1194 5060 10000-10010"' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	serve_udp 1194
	serve_udp 5060
	serve_udp 10003
	host multihome watch --background 3>&-
	within 20 host grep -q '^up eth1' /var/run/multihome/health
	for port in 1194 5060 10003; do
		within 5 says udp 192.168.2.99 $port 5555 || { echo "$port"; return 1; }
	done
	cable 1 down
	within 10 halves
	for port in 1194 5060 10003; do
		within 5 says udp 192.168.2.99 $port 5555 || { echo "$port, moved"; return 1; }
	done
	cable 1 up
	within 20 no_halves
	for port in 1194 5060 10003; do
		within 5 says udp 192.168.2.99 $port 5555 || { echo "$port, back"; return 1; }
		within 5 says udp 10.0.0.99 $port || { echo "$port, winner"; return 1; }
	done
	# It looks once a minute.
	host nft delete table ip multihome
	within 70 host nft list table ip multihome
	within 5 says udp 192.168.2.99 1194 5555
}

# loaded: all that a sync makes for marks.
loaded() {
	host nft list ruleset | grep -v 'udp dport'
	rules
	rules6
	host sh -c 'cat /var/run/multihome/netfilter /var/run/multihome/rules; ls -A /var/run/multihome'
}

# bats test_tags=long
@test "killed at any place, the next sync ends as ever, and clean leaves nothing" {
	local call n wanted killed=0
	marked
	echo 'UDP_PORTS=1194' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	wanted=$(loaded)
	for call in rename unlink clone,clone3,fork,vfork wait4 sendmsg,sendto,write; do
		for n in 1 2 3 4 5 6 7 8; do
			host sed -i "s/UDP_PORTS=.*/UDP_PORTS=$((2000 + n))/" /etc/sysconfig/multihome
			[ $((n % 2)) = 0 ] || host nft delete table ip multihome
			host strace -qq -o /dev/null -e "trace=$call" \
				-e "inject=$call:signal=KILL:when=$n" multihome sync || killed=$((killed + 1))
			host sed -i 's/UDP_PORTS=.*/UDP_PORTS=1194/' /etc/sysconfig/multihome
			multihome 0 sync
			is "$(loaded)" "$wanted" "$call $n"
		done
	done 2>/dev/null
	[ $killed -ge 15 ]
	host strace -qq -o /dev/null -e trace=unlink -e inject=unlink:signal=KILL:when=2 multihome clean || true
	multihome 0 clean
	nothing_loaded
	is "$(host ls -A /var/run/multihome 2>/dev/null)" ''
}

@test "explain tells of the mark, and of servers on the wildcard address; check of what is published" {
	host_up
	lab_install
	service start
	docker_publishes 8080
	serve_udp 1194
	multihome 0 sync
	multihome 0 check
	has "$output" '^note: what is published answers by the default route.s NIC'
	has "$output" '^ +set CONNMARK=yes in /etc/sysconfig/multihome and run multihome sync$'
	has "$output" '^note: ip_forward is 0, so what is published of other hosts is led'
	carry_out "$(host multihome check --porcelain | grep 'ip_forward is 0' | cut -f 6)"
	multihome 0 check
	has_no "$output" 'ip_forward'
	is "$(LAB_PORT=8080 probe_tcp 192.168.2.99)" 'ok eth1'
	multihome 0 explain "$LAB_CLIENT" 192.168.2.99
	has "$output" 'answer from 10\.0\.0\.99'
	has "$output" 'UDP_PORTS="1194"'
	has "$(tr -s ' \n' ' ' <<<"$output")" 'published what is published here answers by eth1, not by eth0: '
	multihome 0 explain "$LAB_CLIENT" 10.0.0.99
	has_no "$output" 'UDP_PORTS|published'
	printf 'CONNMARK=yes\nUDP_PORTS=1194\n' >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	multihome 0 check
	has_no "$output" 'published'
	multihome 0 explain "$LAB_CLIENT" 192.168.2.99
	has "$(tr -s ' \n' ' ' <<<"$output")" 'mark what is led on to a guest comes back by table 100 \(CONNMARK 0x1000000\)'
	has_no "$output" 'UDP_PORTS|published|unless the firewall marks it'
}

@test "plan prints what is loaded, to paste; for another root, too; only root sees what is there" {
	local wanted
	marked
	echo 'UDP_PORTS="1194 6000-6100"' >>"$LAB_ROOT/etc/sysconfig/multihome"
	service start
	wanted=$(host nft list ruleset)
	host nft delete table ip multihome
	multihome 0 plan
	host sh -c 'multihome plan | sed -n "s/^[-+~] //p" | sh'
	is "$(host nft list ruleset)" "$wanted"
	multihome 0 sync
	is "$(host nft list ruleset)" "$wanted"
	multihome 0 plan
	is "$output" ''
	host sh -c 'mkdir -p /tmp/other/etc && cp -a /etc/sysconfig /tmp/other/etc/'
	multihome 0 plan --root /tmp/other
	has "$output" '^~ iptables-restore --noflush <<END$'
	has "$output" '^~ -A MULTIHOME -i eth0 -m state --state NEW '
	run host setpriv --reuid 65534 --clear-groups multihome plan
	has_no "$output" 'nft'
}

@test "a record that was lost" {
	marked
	service start
	host rm -r /var/run/multihome
	multihome 0 sync
	is "$(host ip rule | grep -c fwmark)" 2
	multihome 0 clean
	nothing_loaded
}

# Of 127.0.0.1, or where there is no DNAT, docker-proxy answers: a server of the host's own.
# bats test_tags=long
@test "Docker's userland proxy: TCP by the rules alone, UDP by UDP_PORTS" {
	marked
	service start
	container_up
	host ip netns exec container socat TCP-LISTEN:8080,fork,reuseaddr EXEC:cat 3>&- &
	host ip netns exec container socat UDP-RECVFROM:8080,fork EXEC:cat 3>&- &
	host socat TCP-LISTEN:8080,fork,reuseaddr TCP:172.17.0.2:8080 3>&- &
	host socat UDP-RECVFROM:8080,fork UDP:172.17.0.2:8080 3>&- &
	disown -a
	multihome 0 sync
	within 5 says tcp 192.168.2.99 8080
	within 5 says tcp 10.0.0.99 8080
	! says udp 192.168.2.99 8080 || false
	echo UDP_PORTS=8080 >>"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	published_answers 8080
}

# A mail server in the network of eth1, say, with the host as its router.
@test "a port that is led to a host behind the other uplink" {
	marked
	service start
	port_led_to 1 10.0.0.50
	multihome 0 sync
	within 5 says tcp 192.168.2.99 8025
	within 5 says tcp 10.0.0.99 8025
}

# EL7: strict for all, which the larger of both wins over.
@test "a strict filter for all NICs, and one that an ifcfg file wants" {
	marked LAB_RP_FILTER=all
	service start
	docker_publishes 8080
	multihome 0 sync
	published_answers 8080
	echo RP_FILTER=strict >>"$LAB_SCRIPTS/ifcfg-eth0"
	multihome 0 sync
	is "$(host sysctl -n net.ipv4.conf.eth0.rp_filter)" 1
	! says tcp 192.168.2.99 8080 || false
	multihome 0 clean
	is "$(host sysctl -n net.ipv4.conf.eth1.rp_filter)" 1 'given back'
}

@test "two NICs of one network, each asked by its address" {
	marked
	second_in_segment
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes IPADDR=192.168.2.97 NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	service start
	docker_publishes 8080
	multihome 0 sync
	published_answers 8080
	within 5 says tcp 192.168.2.97 8080
	changes_nothing multihome sync
}
