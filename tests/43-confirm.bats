#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# sync --confirm: what is not confirmed is taken back, whatever becomes of who called it.

load lab/test

# all: what a sync may change; the record of rules may have more than there is, and that of NICs
# may say that they wait.
all() {
	kernel
	host sh -c 'cd /etc/sysconfig/network-scripts && sha256sum r*-eth*
		cd /run/multihome && grep -v "^0\{16\} " brought-up; cat sysctls; :' 2>/dev/null
}

# cut_off: a host without multihome whose eth1 answers, and an ifcfg file that would end that.
cut_off() {
	host_up
	admin_moves_in
	service start
	lab_install
	answers 1
	lab_uplink 1 GATEWAY=10.0.0.77
	all >"$BATS_TEST_TMPDIR/before"
}

is_as_before() {
	diff "$BATS_TEST_TMPDIR/before" <(all)
}

is_over() {
	host test ! -e /run/multihome/confirm
}

@test "a sync that cuts the caller off is undone, its terminal gone" {
	cut_off
	# What sshd does to its children when the connection is gone.
	run host setsid sh -c 'multihome sync --confirm 2 >/tmp/out 2>&1; touch /tmp/returned; kill -HUP 0'
	host test -e /tmp/returned
	grep -qx 'all of this is taken back in 2 seconds, unless: multihome confirm' "$LAB_ROOT/tmp/out"
	is "$(probe_ping 10.0.0.99)" 'lost -'
	within 5 is_over
	is_as_before
	answers 1
	admin_still_there
}

@test "it goes on though the caller is killed amid it" {
	cut_off
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'multihome sync --confirm 2 >/dev/null 2>&1 &
		while [ ! -e /run/multihome/confirm ]; do :; done
		kill -9 $! || :'
	within 5 is_over
	is_as_before
	answers 1
}

@test "what is confirmed stays, and what waits may be confirmed once" {
	started
	lab_uplink 1 TABLE=150
	multihome 0 sync --confirm 30
	is "$output" 'all of this is taken back in 30 seconds, unless: multihome confirm'
	has "$(rules)" 'lookup 150'
	multihome 0 check --porcelain
	has "$output" $'^note\tunconfirmed\t-\t-\twhat sync --confirm did is taken back in [0-9]+ s\t'
	multihome 0 show
	has "$output" '^What sync --confirm did is taken back in [0-9]+ s\.$'
	multihome 0 confirm
	is "$output$stderr" ''
	multihome 0 check
	has_no "$output" 'taken back'
	within 3 host sh -c '! pgrep multihome'
	has "$(rules)" 'lookup 150'
	answers 0 1
	settled
	multihome 1 confirm
	is "$stderr" 'nothing waits to be confirmed'
}

@test "a second sync is refused, hooks are not, and a sync that is right changes nothing" {
	started
	# shellcheck disable=SC2016 # perl's
	host perl -e '$SIG{CHLD} = "IGNORE"; exec "multihome", "sync", "--confirm", "30"'
	multihome 0 sync --confirm 30
	has "$output" '^nothing was to be changed'
	is_over
	lab_uplink 1 TABLE=150
	multihome 0 sync --confirm 30
	multihome 1 sync
	has "$stderr" '^an earlier sync waits to be confirmed, or is taken back in [0-9]+ seconds'
	multihome 1 sync --confirm 30
	has "$stderr" '^an earlier sync waits'
	run host ifdown eth0
	run host ifup eth0
	is "$status/$output" 0/
	answers 0 1
	# Whoever ends it has it taken back at once.
	host pkill -TERM multihome
	within 3 is_over
	has_no "$(rules)" 'lookup 150'
	answers 0 1
	# eth1 waits for its ifup again.
	multihome 0 sync
	has "$(rules)" 'lookup 150'
	settled
}

@test "one that was killed keeps no other from its work, and clean ends one that waits" {
	started
	lab_uplink 1 TABLE=150
	multihome 0 sync --confirm 30
	host pkill -KILL multihome
	multihome 1 confirm
	multihome 0 sync
	is_over
	lab_uplink 1 TABLE=151
	multihome 0 sync --confirm 2
	multihome 0 clean
	host test ! -e /run/multihome
	sleep 3
	host test ! -e /run/multihome
	has_no "$(rules)" 'lookup 15[01]'
	admin_still_there
}

@test "files, routes, rules and settings that were ours before come back" {
	started LAB_RP_FILTER=el6
	lab_uplink 0 TABLE=150 RP_FILTER=loose
	lab_uplink 1 FALLBACK=no
	rm -f "$LAB_SCRIPTS/rule-eth1"
	host ip route del default table 101
	all >"$BATS_TEST_TMPDIR/before"
	multihome 0 sync --confirm 1
	has "$(rules)" 'lookup 150'
	host sysctl -n net.ipv4.conf.eth0.rp_filter | grep -qx 2
	within 5 is_over
	is_as_before
	multihome 0 sync
	answers 0 1
	changes_nothing multihome sync
}

@test "edits and settings of others in the meantime stay, and nothing is there twice" {
	started LAB_RP_FILTER=el6
	lab_uplink 1 TABLE=150 RP_FILTER=loose
	multihome 0 sync --confirm 30
	echo '# his' >>"$LAB_SCRIPTS/route-eth1"
	host sysctl -qw net.ipv4.conf.eth1.rp_filter=0
	host ip rule add from 10.0.0.0/8 iif lo lookup 101 priority 10001
	host pkill -TERM multihome
	within 5 is_over
	has "$(cat "$LAB_SCRIPTS/route-eth1")" '^# his$'
	is "$(host sysctl -n net.ipv4.conf.eth1.rp_filter)" 0
	is "$(rules | grep -c 'lookup 101')" 1
	has_no "$(rules)" 'lookup 150'
	multihome 0 sync
	answers 0 1
}

@test "chains of netfilter come back as they were" {
	needs_nft
	started
	host sh -c 'echo CONNMARK=yes >/etc/sysconfig/multihome'
	multihome 0 sync --confirm 1
	host nft list tables | grep -q multihome
	within 5 is_over
	has_no "$(host nft list tables)" multihome
	multihome 0 sync
	host nft -s list ruleset >"$BATS_TEST_TMPDIR/ruleset"
	grep -q multihome "$BATS_TEST_TMPDIR/ruleset"
	host sh -c 'echo UDP_PORTS=1194 >>/etc/sysconfig/multihome'
	multihome 0 sync --confirm 1
	host nft -s list ruleset | grep -q 1194
	within 5 is_over
	diff "$BATS_TEST_TMPDIR/ruleset" <(host nft -s list ruleset)
	answers 0 1
}

@test "a route that somebody replaced stays, and a rule that is gone is no more ours" {
	started
	host ip route replace default via 10.0.0.5 dev eth1 table 101 proto 109
	host ip rule del from 10.0.0.0/8 iif lo priority 10001
	host rm /run/multihome/rules
	multihome 0 sync --confirm 30
	has "$(routes)" '^default via 10\.0\.0\.1 dev eth1 table 101'
	host ip route replace default via 10.0.0.77 dev eth1 table 101
	host pkill -TERM multihome
	within 5 is_over
	has "$(routes)" '^default via 10\.0\.0\.77 dev eth1 table 101'
	has_no "$(rules)" 'from 10\.0\.0\.0/8 iif lo lookup 101'
	has_no "$(host cat /run/multihome/rules)" '^from 10\.0\.0\.0/8 '
}

@test "it is taken back though a lock is held, nobody reads what is said, and the files of the run are gone" {
	cut_off
	run host python3 -c 'import fcntl, os, subprocess, time
reads, writes = os.pipe()
os.set_blocking(writes, False)
try:
    while True:
        os.write(writes, b"x")
except BlockingIOError:
    os.set_blocking(writes, True)
sync = subprocess.Popen(["multihome", "sync", "-v", "--confirm", "2"], stdout=writes, stderr=writes)
while not os.path.exists("/run/multihome/confirm"):
    time.sleep(0.05)
time.sleep(1)
with open("/run/multihome/lock", "r+") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    time.sleep(3)
    subprocess.run(["ip", "rule"])
    os.rename("/run/multihome", "/run/elsewhere")
sync.kill()'
	has "$output" 'lookup 101'
	within 40 host sh -c '! ip rule | grep -q "lookup 101"'
	answers 1
}

@test "what the host's own file says is not done again by watch or a hook, but by sync" {
	started
	multihome 0 sync
	host multihome watch --background 3>&-
	host sh -c 'echo MULTIHOME=no >/etc/sysconfig/multihome'
	multihome 0 sync --confirm 2
	is "$(probe_ping 192.168.2.99)" 'ok eth1'
	within 6 is_over
	answers 0 1
	sleep 4
	answers 0 1
	run host ifdown eth1
	run host ifup eth1
	is "$status/$output" 0/
	answers 0 1
	# Another edit is applied as ever.
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'echo MULTIHOME=yes >/etc/sysconfig/multihome; kill $(cat /var/run/multihome.pid)'
	multihome 0 sync
	settled
	host sh -c 'echo MULTIHOME=no >/etc/sysconfig/multihome'
	multihome 0 sync
	has_no "$(rules)" 'lookup 10[01]'
}

# bats test_tags=long
@test "a program that hangs keeps it waiting no longer than a sync" {
	needs_nft
	started
	printf '#!/bin/sh\nexec sleep 60\n' >"$LAB_ROOT/tmp/nft"
	chmod 755 "$LAB_ROOT/tmp/nft"
	host mount --bind /tmp/nft /usr/sbin/nft
	host sh -c 'echo CONNMARK=yes >/etc/sysconfig/multihome'
	# Ten seconds for each time that it is asked; iptables does it then.
	run host timeout 40 multihome sync --confirm 30
	is "$status" 0 "$output"
}

@test "seconds that are none are refused" {
	local word
	host_up
	lab_install
	for word in 0 -1 x 86401 1.5; do
		multihome 2 sync --confirm "$word"
		has "$stderr" "^multihome: sync: expected seconds, 1 to 86400, not '$word'"
	done
	multihome 2 sync --confirm
}

# --- hooks that ran meanwhile ---------------------------------------------------------------------

@test "a table that is given back is nobody's meanwhile, whoever comes up" {
	host_up LAB_UPLINKS=3
	rm "$LAB_SCRIPTS/ifcfg-eth2"
	lab_install
	service start
	lab_uplink 0 TABLE=151
	multihome 0 sync --confirm 3
	lab_uplink 2
	run host ifup eth2
	answers 0 1 2
	within 6 is_over
	answers 0 1 2
	lab_uplink 0 MULTIHOME=no
	run host ifdown eth2
	multihome 0 sync --confirm 2
	run host ifup eth2
	within 5 is_over
	answers 0 1 2
}

@test "FILES=no: likewise, after another uplink went down and came up" {
	host_up
	echo FILES=no >"$LAB_ROOT/etc/sysconfig/multihome"
	lab_install
	service start
	lab_uplink 0 TABLE=151
	multihome 0 sync --confirm 2
	run host ifdown eth1
	run host ifup eth1
	answers 0 1
	within 5 is_over
	answers 0 1
}

@test "what was taken back of a NIC that had not been served waits for its own ifup" {
	host_up LAB_UPLINKS=3
	sed -i /GATEWAY/d "$LAB_SCRIPTS/ifcfg-eth2"
	lab_install
	service start
	echo GATEWAY=172.20.3.77 >>"$LAB_SCRIPTS/ifcfg-eth2"
	is "$(probe_ping 172.20.3.99)" 'ok eth1'
	multihome 0 sync --confirm 1
	is "$(probe_ping 172.20.3.99)" 'lost -'
	within 5 is_over
	is "$(probe_ping 172.20.3.99)" 'ok eth1'
	run host ifdown eth0
	run host ifup eth0
	is_not "$(probe_ping 172.20.3.99)" 'lost -'
	host env reason=RENEW interface=eth0 new_ip_address=192.168.2.99 \
		new_subnet_mask=255.255.255.0 multihome lease
	is_not "$(probe_ping 172.20.3.99)" 'lost -'
	lab_uplink 2
	run host ifdown eth2
	run host ifup eth2
	answers 0 1 2
}

@test "rules come back only for addresses that their NIC still has, and that have no newer ones" {
	started LAB_UPLINKS=3
	echo RULE_PRIORITY=12000 >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync --confirm 8
	run host ifdown eth0
	run host ifdown eth1
	router 0 ip address flush dev uplink
	router 1 ip address flush dev uplink
	router 0 ip address add 10.0.0.1/8 dev uplink
	router 1 ip address add 192.168.2.1/24 dev uplink
	client ip route replace 10.0.0.0/8 via 172.31.1.1 src "$LAB_CLIENT"
	client ip route replace 192.168.2.0/24 via 172.31.2.1 src "$LAB_CLIENT"
	lab_uplink 0 IPADDR=10.0.0.99 NETMASK=255.0.0.0 GATEWAY=10.0.0.1
	lab_uplink 1 IPADDR=192.168.2.99 NETMASK=255.255.255.0 GATEWAY=192.168.2.1
	run host ifup eth0
	run host ifup eth1
	run host ifdown eth2
	host ip link delete eth2
	within 12 is_over
	answers_by 10.0.0.99 eth0
	answers_by 192.168.2.99 eth1
	run host multihome check --porcelain
	has_no "$output" $'^wrong\tstale-rule'
}

@test "rules of a newer priority, or of a later sync, have none of before beside them" {
	started
	echo RULE_PRIORITY=12000 >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync --confirm 3
	echo RULE_PRIORITY=13000 >"$LAB_ROOT/etc/sysconfig/multihome"
	run host ifdown eth0
	run host ifup eth0
	has "$(rules)" '^13001: .* lookup 100'
	within 6 is_over
	is "$(rules | grep -c 'lookup 100')" 1
	lab_uplink 1 TABLE=150
	multihome 0 sync --confirm 2
	host rm -rf /run/multihome
	lab_uplink 1 TABLE=152
	multihome 0 sync
	within 6 host sh -c '! pgrep -x multihome'
	has_no "$(rules)" 'lookup 101'
}

# --- what cannot be taken back ----------------------------------------------------------------------

# stuck: what is taken back, but for a file.
stuck() {
	started
	lab_uplink 1 TABLE=150
	multihome 0 sync --confirm 1
	host ln /etc/sysconfig/network-scripts/route-eth1 /etc/sysconfig/backup
	within 5 host sh -c '! ip rule | grep -q "lookup 150"'
}

@test "once it is being taken back it is too late to confirm, and all say so" {
	stuck
	multihome 1 confirm
	is "$stderr" 'it is too late: what sync did is being taken back'
	multihome 1 sync
	is "$stderr" 'an earlier sync is being taken back; the system log says what is in its way'
	run host setpriv --reuid 65534 --clear-groups multihome show
	has "$output" '^What sync --confirm did is being taken back\.$'
	run host multihome check --porcelain
	has "$output" $'^note\tunconfirmed\t-\t-\twhat sync --confirm did is being taken back\t'
	host rm /etc/sysconfig/backup
	within 10 is_over
	answers 0 1
	admin_still_there
}

# bats test_tags=long
@test "after two minutes of trying it ends" {
	stuck
	within 150 is_over
	multihome 0 sync
	answers 0 1
}

@test "a clean that is killed as it begins confirms nothing" {
	started
	lab_uplink 1 TABLE=150
	multihome 0 sync --confirm 2
	host sh -c 'strace -qq -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=KILL:when=2 multihome clean' || true
	within 6 is_over
	has_no "$(rules)" 'lookup 150'
}
