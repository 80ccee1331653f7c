#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # for the shell in the host; what run sets
# watch: what changes between hooks is put right, and the host's own traffic goes around what is dead.

load lab/test

# health STATE DEVICE: watch says so.
health() {
	host grep -q "^$1 $2 " /var/run/multihome/health
}

# watching [KEY=VALUE…]: two uplinks, of which eth1 is the winner, and watch, which knows them.
watching() {
	host_up "$@"
	lab_install
	service start
	watch_on
}

# tracking ADDRESSES [KEY=VALUE…]: two uplinks, of which eth1 asks these each second; no watch yet.
tracking() {
	local addresses=$1
	shift
	host_up "$@"
	echo "TRACK_IP=\"$addresses\"" >>"$LAB_SCRIPTS/ifcfg-eth1"
	echo TRACK_INTERVAL=1 >"$LAB_ROOT/etc/sysconfig/multihome"
	lab_install
	service start
}

watch_on() {
	host multihome watch --background 3>&-
	within 20 health up eth0
	within 20 health up eth1
}

# The one-shots are done: nothing was written for a while.
still() {
	local before after
	after=$(kernel)
	until [ "$before" = "$after" ]; do
		before=$after
		sleep 1
		after=$(kernel)
	done
}

watch_pid() {
	host cat /var/run/multihome.pid
}

gone() { # PATTERN: no route of main is like that
	! host ip route | grep -q "$1"
}

own_by() { # NIC
	[ "$(probe_own)" = "ok $1" ]
}

dropped() {
	router 1 nft list table ip dead | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# --- what is put right -----------------------------------------------------------------------

@test "rules and routes that were deleted, a bounced winner, a late bridge: and no file is written" {
	local before
	watching LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	before=$(lab_stamps)
	host ip rule del from 10.0.0.0/8
	within 10 answers 1
	host ip route del default table 100
	within 10 answers 0
	host ip route flush table default
	within 10 host sh -c 'ip route show table default | grep -q "dev eth0"'
	host sysctl -qw net.ipv4.conf.eth0.rp_filter=1
	bounce eth1
	within 10 answers 0 1
	bounce eth1
	# Main had none for a moment: the one that initscripts had chosen is there again.
	within 10 host sh -c 'ip route | grep -q "^default via 10.0.0.1 dev eth1"'
	answers 0 1
	# A ban, and a routing daemon's next hop that moves.
	host ip route add prohibit 198.51.100.77
	host ip route add 198.18.0.0/15 via 192.168.2.7 proto zebra
	within 10 host sh -c 'ip route show table 101 | grep -q "prohibit 198.51.100.77" &&
		ip route show table 100 | grep -q "198.18.0.0/15 via 192.168.2.7"'
	host ip route replace 198.18.0.0/15 via 192.168.2.8 proto zebra
	within 10 host sh -c 'ip route show table 100 | grep -q "198.18.0.0/15 via 192.168.2.8"'
	host ip route del 198.18.0.0/15
	within 10 host sh -c '! ip route show table 100 | grep -q 198.18'
	host ip route del prohibit 198.51.100.77
	container_up
	within 10 host sh -c 'ip route show table 100 | grep -q docker0'
	host ip link del docker0
	within 10 host sh -c '! ip route show table 100 | grep -q docker0'
	is "$(lab_stamps)" "$before" 'files'
	still
	changes_nothing multihome sync
}

@test "a service address in a network that two NICs share" {
	host_up
	second_in_segment
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes BOOTPROTO=none ARPCHECK=no IPADDR=192.168.2.109 PREFIX=24 \
		NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	lab_install
	service start
	watch_on
	host ip address add 192.168.2.200/24 dev eth9
	within 10 host sh -c 'ip rule | grep -q 192.168.2.200'
	host ip address del 192.168.2.200/24 dev eth9
	within 10 host sh -c '! ip rule | grep -q 192.168.2.200'
}

@test "an edit waits for its ifup, clean stays clean, network stop stays stopped" {
	watching
	sed -i 's/^GATEWAY=.*/GATEWAY=10.0.0.7/' "$LAB_SCRIPTS/ifcfg-eth1"
	host ip route del default table 101
	sleep 1
	is "$(host ip route show table 101 default)" '' 'nothing of an uplink with an edit'
	host ip route add default via 10.0.0.1 dev eth1 table 101 proto 109
	sed -i 's/^GATEWAY=.*/GATEWAY=10.0.0.1/' "$LAB_SCRIPTS/ifcfg-eth1"
	host ip route del default table 101
	within 10 host sh -c 'ip route show table 101 | grep -q ^default'

	multihome 0 clean
	sleep 1.5
	host ip address add 192.0.2.77/32 dev lo
	sleep 1
	is "$(our_rules)$(our_routes)" '' 'after clean'

	multihome 0 sync
	service stop
	sleep 1.5
	host ip address replace 192.0.2.78/32 dev lo
	sleep 1
	is "$(our_rules)$(our_routes)" '' 'after network stop'
	service start
	within 10 answers 0 1
}

# bats test_tags=long
@test "while the host's own file is refused nothing is healed, and that is said once" {
	host_up
	lab_install
	service start
	host sh -c 'multihome watch 2>/run/said' 3>&- &
	within 20 health up eth1
	echo TABLE_RANGE=9-3 >"$LAB_ROOT/etc/sysconfig/multihome"
	host ip rule del from 10.0.0.0/8
	within 10 host grep -q 'nothing is healed for now' /run/said
	host ip address add 192.0.2.77/32 dev lo
	sleep 2
	has_no "$(rules)" 'from 10\.0\.0\.0/8'
	is "$(host grep -c 'nothing is healed' /run/said)" 1
	: >"$LAB_ROOT/etc/sysconfig/multihome"
	within 20 host sh -c 'ip rule | grep -q "from 10.0.0.0/8"'
}

@test "it waits for an ifup that is at work" {
	watching
	host sh -c 'printf "#!/bin/sh\nsleep 4; exit\n" >/tmp/ifup-eth; chmod +x /tmp/ifup-eth'
	host /tmp/ifup-eth 3>&- &
	sleep 0.5
	host ip rule del from 10.0.0.0/8
	sleep 1.5
	has_no "$(rules)" 'from 10\.0\.0\.0/8'
	within 10 host sh -c 'ip rule | grep -q "from 10.0.0.0/8"'
}

@test "what somebody takes away again and again is left to him, and check says so" {
	watching
	host sh -c 'for i in $(seq 40); do
		ip rule del from 10.0.0.0/8 2>/dev/null
		sleep 0.5
	done' 3>&-
	sleep 2
	has_no "$(rules)" 'from 10\.0\.0\.0/8'
	host grep -q '^left eth1 - ip rule add from 10.0.0.0/8' /var/run/multihome/health
	multihome 1 check
	has "$output" '^eth1: watch leaves it for ten minutes'
	# All else is healed.
	host ip rule del from 192.168.2.0/24
	within 10 answers 0
}

# --- around what is dead ---------------------------------------------------------------------

@test "the winner's cable: own traffic moves to the next, and comes back" {
	watching LAB_RP_FILTER=el6
	host sh -c 'printf "#!/bin/sh\necho \"\$@\" >>/run/calls\n" >/sbin/multihome-local
		chmod +x /sbin/multihome-local'
	own_by eth1
	cable 1 down
	within 10 own_by eth0
	has "$(host ip route)" '^default via 10\.0\.0\.1 dev eth1'
	multihome 1 check
	multihome 0 show --porcelain
	has "$output" '^eth1	.*	no-carrier	'
	has "$output" '^eth0	.*	winner	'
	answers 0
	still
	changes_nothing multihome sync
	cable 1 up
	within 20 own_by eth1
	within 20 gone proto.109
	within 20 answers 0 1
	within 5 host grep -q '^eth1 up alive$' /run/calls
	is "$(host cat /run/calls)" $'eth1 down no carrier\neth1 up alive' 'multihome-local'
	still
	changes_nothing multihome sync
}

@test "three uplinks: the next one dies, too" {
	host_up LAB_UPLINKS=3
	lab_install
	service start
	watch_on
	within 20 health up eth2
	own_by eth2
	cable 2 down
	within 10 own_by eth0
	cable 0 down
	within 10 own_by eth1
	cable 0 up
	within 20 own_by eth0
	host sh -c 'rm /var/run/multihome/health'
	host ip address add 192.0.2.77/32 dev lo
	within 10 host test -e /var/run/multihome/health
	own_by eth0
	cable 2 up
	within 20 own_by eth2
}

# bats test_tags=long
@test "a NIC that is bounced, a bridge that is made anew, a cable that is loose: nobody takes that away" {
	watching
	host sh -c 'for i in 1 2 3 4 5 6 7 8; do
		ip link set eth0 down; ip link set eth0 up
		ip link add docker0 type bridge
		ip address add 172.17.0.1/16 dev docker0
		ip link set docker0 up
		sleep 1.5
		ip link del docker0
		sleep 1
	done' 3>&-
	links_settle
	within 10 answers 0 1
	for _ in 1 2 3 4 5 6; do
		cable 1 down
		within 10 own_by eth0
		cable 1 up
		within 20 gone proto.109
	done
	is "$(host grep ^left /var/run/multihome/health || true)" '' 'left to nobody'
}

@test "a gateway that is dead while the link is up; ifup of the winner meanwhile; both dead: nothing" {
	watching
	router 1 ip address del 10.0.0.1/8 dev uplink
	within 30 own_by eth0
	multihome 0 show --porcelain
	has "$output" '^eth1	.*	dead	'
	host ifdown eth1
	host ifup eth1
	within 30 health dead eth1
	within 10 own_by eth0
	router 0 ip address del 192.168.2.1/24 dev uplink
	within 30 health dead eth0
	within 10 gone proto.109
	router 1 ip address add 10.0.0.1/8 dev uplink
	within 60 health up eth1
	own_by eth1
}

@test "a provider that is dead behind a living gateway, and what the recovery is asked by" {
	needs_nft
	local seen
	tracking "192.0.2.1 $LAB_CLIENT" LAB_STRICT_ROUTERS=1
	watch_on
	router 1 nft 'add table ip dead
		add chain ip dead way { type filter hook forward priority 0; policy accept; }
		add rule ip dead way counter drop'
	within 20 own_by eth0
	multihome 1 check
	has "$output" '^eth1: it is dead, says watch: no answer from 192\.0\.2\.1 or others'
	multihome 1 explain "$LAB_CLIENT" 10.0.0.99
	has "$output" '^verdict +lost: nothing comes back by eth1, says watch'
	# An edit leaves what is known of it.
	cp "$LAB_SCRIPTS/ifcfg-eth1" "$BATS_TEST_TMPDIR"
	sed -i 's/^IPADDR=.*/IPADDR=10.0.0.98/' "$LAB_SCRIPTS/ifcfg-eth1"
	host sh -c 'kill -HUP $(cat /var/run/multihome.pid)'
	sleep 4
	health dead eth1
	within 5 own_by eth0
	cp "$BATS_TEST_TMPDIR/ifcfg-eth1" "$LAB_SCRIPTS/"
	# Still asked by the dead uplink.
	seen=$(dropped)
	sleep 3
	[ "$(dropped)" -gt "$seen" ]
	router 1 nft delete table ip dead
	within 60 own_by eth1
	# Who asks has no rights.
	is "$(host sh -c 'for pid in $(pgrep -P $(cat /var/run/multihome.pid)); do
		sed -n "s/^Uid:\t\([0-9]*\).*/\1/p; s/^CapEff:\t//p" /proc/$pid/status; done')" \
		"$(host id -u nobody)"$'\n0000000000000000'
	# It is killed: nothing is known any more, and soon it is there again.
	host sh -c 'pkill -KILL -P $(cat /var/run/multihome.pid)'
	within 10 health unknown eth1
	within 20 health up eth1
}

# Whoever does not see what is asked cannot answer it.
@test "answers that somebody makes up count for nothing" {
	tracking 192.0.2.1
	host multihome watch --background 3>&-
	cat >"$LAB_ROOT/run/spoof.py" <<-'END'
		import socket, struct, time
		raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
		def total(data):
		    n = sum(struct.unpack("!%dH" % (len(data) // 2), data))
		    n = (n >> 16) + (n & 0xffff)
		    return ~(n + (n >> 16)) & 0xffff
		source, to = socket.inet_aton("192.0.2.1"), socket.inet_aton("10.0.0.99")
		for turn in range(400):
		    for number in range(turn % 50 * 100, turn % 50 * 100 + 100):
		        body = struct.pack("!BBHHH16s", 0, 0, 0, number, 1, b"x" * 16)
		        body = body[:2] + struct.pack("!H", total(body)) + body[4:]
		        raw.sendto(struct.pack("!BBHHHBBH4s4s", 69, 0, 20 + len(body), 0, 0, 64, 1, 0,
		            source, to) + body, ("10.0.0.99", 0))
		    time.sleep(0.1)
	END
	router 1 python3 - <"$LAB_ROOT/run/spoof.py" 3>&- &
	within 20 health dead eth1
	local end=$((SECONDS + 8))
	while [ $SECONDS -lt $end ]; do
		sleep 1
		health dead eth1
	done
	# So long went the answers on.
	kill $! 2>/dev/null
}

# bats test_tags=long
@test "20 % of the packets are lost: nothing moves" {
	needs_nft
	tracking "$LAB_CLIENT"
	watch_on
	router 1 nft 'add table ip loss
		add chain ip loss way { type filter hook forward priority 0; policy accept; }
		add rule ip loss way numgen random mod 5 == 0 drop'
	host sh -c 'for i in $(seq 120); do
		sleep 0.5
		! grep -q ^dead /var/run/multihome/health || exit 1
	done'
}

@test "a bridge whose port lost its carrier is dead" {
	host_up
	sed -i 's/DEVICE=.*/DEVICE=br1/' "$LAB_SCRIPTS/ifcfg-eth1"
	mv "$LAB_SCRIPTS/ifcfg-eth1" "$LAB_SCRIPTS/ifcfg-br1"
	host ip -batch - <<-END
		link add br1 type bridge forward_delay 0
		link set eth1 up master br1
	END
	lab_install
	service start
	host multihome watch --background 3>&-
	within 20 health up br1
	cable 1 down
	within 20 health dead br1
	within 10 own_by eth0
	cable 1 up
	within 30 health up br1
	within 10 gone proto.109
}

@test "a VPN's own halves come first" {
	watching
	vpn_up
	cable 1 down
	within 10 health dead eth1
	sleep 1
	has "$(host ip route get 198.51.100.1)" 'dev tun0'
	cable 1 up
}

@test "IPv6: halves of its own, by the family's own gateway" {
	host_up LAB_IPV6=1
	lab_uplinks6
	lab_install
	service start
	watch_on
	within 20 host sh -c '[ $(grep -c "^up " /var/run/multihome/health) = 4 ]'
	host ip -6 route show default >&2
	case $(host ip -6 route show default) in
	*eth0*) dead=0 ;;
	*) dead=1 ;;
	esac
	router $dead ip -6 address flush dev uplink
	within 40 host sh -c 'ip -6 route | grep -q "^8000::/1 .*proto 109"'
	host ip -6 route | grep -q "^::/1 .*dev eth$((1 - dead)) .*proto 109"
	gone proto.109
}

# --- how it ends -----------------------------------------------------------------------------

@test "it ends with its halves; killed, the next hook takes them away; there is one at a time" {
	watching
	cable 1 down
	within 10 host sh -c 'ip route | grep -q proto.109'
	multihome 1 watch
	host sh -c 'kill $(cat /var/run/multihome.pid)'
	within 10 gone proto.109
	within 10 host test ! -e /var/run/multihome.pid

	host sh -c 'multihome watch >/dev/null 2>&1 3>&- & echo $! >/run/resident'
	within 20 host sh -c 'ip route | grep -q proto.109'
	host sh -c 'kill -KILL $(cat /run/resident)'
	sleep 1
	multihome 0 sync
	gone proto.109
}

@test "the service of EL5 and EL6, and the unit of later releases" {
	watching
	host sh -c 'kill $(cat /var/run/multihome.pid)'
	within 10 host test ! -e /var/run/multihome.pid
	host sh -c 'mkdir -p /etc/init.d /var/lock/subsys
		sed "s|@SBINDIR@|/sbin|" /run/lab/repo/network-scripts/multihome.init \
			>/etc/init.d/multihome && chmod +x /etc/init.d/multihome'
	run host /etc/init.d/multihome status
	is "$status $output" '3 multihome watch is stopped'
	host /etc/init.d/multihome start 3>&-
	within 10 host /etc/init.d/multihome status
	host test -e /var/lock/subsys/multihome
	host /etc/init.d/multihome start 3>&-
	host /etc/init.d/multihome reload
	host /etc/init.d/multihome try-restart 3>&-
	within 10 host /etc/init.d/multihome status
	host /etc/init.d/multihome stop
	run host /etc/init.d/multihome status
	is "$status" 3
	host test ! -e /var/lock/subsys/multihome
	run host /etc/init.d/multihome reload
	is "$status" 7
	run host /etc/init.d/multihome try
	is "$status" 2
	sed 's|@SBINDIR@|/sbin|' "$LAB_REPO/network-scripts/multihome.service" \
		>"$BATS_TEST_TMPDIR/multihome.service"
	! command -v systemd-analyze || client systemd-analyze verify \
		"$BATS_TEST_TMPDIR/multihome.service" 2>&1 | { ! grep multihome.service; }
}

@test "a crash: it is started again" {
	local before
	watching
	before=$(watch_pid)
	host kill -SEGV "$before"
	within 10 host sh -c "[ \$(cat /var/run/multihome.pid) != $before ] &&
		kill -0 \$(cat /var/run/multihome.pid)"
	within 20 health up eth1
}

# A burst that the socket cannot hold.
@test "a hundred thousand routes that come and go leave it as it was" {
	local before pid
	watching
	pid=$(watch_pid)
	before=$(host sh -c 'cat /proc/'"$pid"'/fd/../status | grep VmRSS; ls /proc/'"$pid"'/fd | wc -l')
	host sh -c 'for i in 1 2 3 4 5; do
		seq 0 19999 | awk "{ print \"route add 100.\" 64 + int(\$1 / 6400) % 64 \".\" int(\$1 / 25) % 256 \".\" \$1 % 25 * 8 \"/32 via 10.0.0.7 table 77\" }" |
			sort -u | ip -force -batch - 2>/dev/null
		ip route flush table 77
	done'
	host ip rule del from 10.0.0.0/8
	within 30 host sh -c 'ip rule | grep -q "from 10.0.0.0/8"'
	is "$(host sh -c 'ls /proc/'"$pid"'/fd | wc -l')" "$(tail -1 <<<"$before")" 'descriptors'
	[ "$(host sed -n 's/VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/"$pid"/status)" -le \
		$(($(sed -n 's/VmRSS:[^0-9]*\([0-9]*\).*/\1/p' <<<"$before") + 512)) ]
}
