#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # words for other shells; what run sets
# Files keep what they have: attributes, ACLs, links. Names, files and daemons that are odd or broken
# stop nothing but what needs them.

load lab/test

# Something for a sync to do in rule-eth1, whose rest is the admin's.
spoil() {
	host ip rule del from 10.0.0.0/8 iif lo priority 10001 table 101
	printf '# by hand\n' >"$LAB_SCRIPTS/rule-eth1"
}

# ends COMMAND…: within 5 seconds, and by no signal.
ends() {
	run --separate-stderr host timeout 5 "$@"
	[ "$status" -lt 4 ] || { echo "$*: status $status: $stderr"; return 1; }
}

# --- names ------------------------------------------------------------------------------

@test "a device called like a file of ranges is a device like others" {
	started
	host ip link add br-range1 type bridge
	host ip address add 172.30.0.1/24 dev br-range1
	host ip link set br-range1 up
	ends multihome plan eth0-range0
	ends multihome plan br-range1
	ends multihome up br-range1
	ends multihome down br-range1
	ends multihome prepare ifcfg-br-range1
	ends multihome check
	ends multihome explain 203.0.113.7 172.30.0.1
	multihome 0 sync
	settled
}

@test "whatever a device is called on the command line, no run crashes" {
	started
	local name long verb before
	before=$(kernel; lab_files)
	long=$(head -c 5000 /dev/zero | tr '\0' x)
	for name in "$long" "eth0:$long" abcdefghijklmnop -range0 eth0-range99999999999999999999 : eth0: \
		:1 eth0:1:2 '' / ifcfg- $'eth9\n'; do
		for verb in plan prepare down up; do
			ends multihome "$verb" "$name"
		done
	done
	ends multihome explain "$long"
	ends multihome explain 203.0.113.7 "fe80::1%$long"
	multihome 0 sync
	is "$(kernel; lab_files)" "$before"
	settled
}

# Each line of a plan, as a shell takes it.
@test "lines of a plan paste safely, whatever a device is called" {
	started
	local name k=1
	for name in '$(id>pwned)' '`id>pwned`' 'a;id>pwned' "b'\$(id>pwned)" '*' '~' '#x' 'a&id>pwned'; do
		host ip link add name "$name" type bridge
		host ip address add "172.29.$k.1/24" dev "$name"
		host ip link set dev "$name" up
		k=$((k + 1))
	done
	multihome 0 plan
	has "$output" '172\.29\.1\.0/24 dev '
	sed -n 's/^[-+~] \(ip .*\)/\1/p' <<<"$output" >"$LAB_ROOT/tmp/pasted"
	[ "$(wc -l <"$LAB_ROOT/tmp/pasted")" -ge 16 ]
	host sh -c 'cd /tmp && . ./pasted'
	[ -z "$(host find / -xdev -name pwned)" ]
	multihome 0 plan
	is "$output" ''
	settled
}

# --- what holds up nothing -----------------------------------------------------------------

@test "a syslog daemon that hangs keeps nobody waiting" {
	started
	lab_uplink 0 TABLE=254
	run with_syslog 'socat -u UNIX-RECV:/dev/log CREATE:/tmp/log' 'kill -STOP $daemon
		for try in $(seq 20); do
			timeout 5 multihome up eth0
			[ $? = 3 ] || exit 1
		done'
	is "$status" 0 "$output"
	is "$(lines "$output")" 20
	lab_uplink 0
	multihome 0 sync
	settled
}

@test "a message of a hook comes to syslog as syslog(3) writes it, by datagram or stream" {
	started
	lab_uplink 0 TABLE=254
	local line='^<27>[A-Z][a-z]{2} [ 1-3][0-9] [0-9:]{8} multihome\[[0-9]+\]: /etc/sysconfig/network-scripts/ifcfg-eth0:[0-9]+: TABLE=254: '
	run with_syslog 'socat -u UNIX-RECV:/dev/log CREATE:/tmp/log' 'multihome up eth0'
	has "$(cat "$LAB_ROOT/tmp/log")" "$line"
	run with_syslog 'socat -u UNIX-LISTEN:/dev/log CREATE:/tmp/stream' 'multihome up eth0'
	has "$(tr '\0' '\n' <"$LAB_ROOT/tmp/stream")" "$line"
	run host multihome up eth0
	is "$status" 3 'without any daemon'
	lab_uplink 0
	multihome 0 sync
	settled
}

# run_dir_with NAME MAKE…: MAKE makes the name in /var/run/multihome; no hook hangs or follows it.
run_dir_with() {
	local path=/run/multihome/$1
	shift
	host rm -rf "$path"
	host "$@" "$path"
	ends multihome prepare ifcfg-eth0
	ends multihome up eth0:1
	ends env reason=BOUND interface=eth1 new_ip_address=10.0.0.99 new_subnet_mask=255.0.0.0 \
		new_routers=10.0.0.1 multihome lease
	ends multihome up eth0
	ends multihome sync
	is "$(host cat /tmp/precious)" precious "$path after $*"
	[ ! -e "$LAB_ROOT/tmp/made" ]
	host rm -rf "$path"
	multihome 0 sync
}

@test "nothing in /var/run/multihome that is no file of ours is waited for or followed" {
	started
	local name
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.2.98 NETMASK=255.255.255.0
	echo precious >"$LAB_ROOT/tmp/precious"
	for name in lock rules sysctls coming-eth0 lease-eth1; do
		run_dir_with $name mkfifo
		run_dir_with $name mkdir
		run_dir_with $name ln -s /tmp/precious
		run_dir_with $name ln -s /tmp/made
	done
	rm -f "$LAB_SCRIPTS/ifcfg-eth0:1" "$LAB_ROOT"/run/multihome/lease-*
	multihome 0 sync
	settled
}

@test "a folder in the place of coming-DEVICE keeps no alias from being served" {
	started
	lab_ifcfg eth0:1 DEVICE=eth0:1 IPADDR=192.168.2.98 NETMASK=255.255.255.0
	host mkdir /run/multihome/coming-eth0
	host strace -f -e trace=open,openat -o /tmp/trace /sbin/ifup-local eth0:1
	has "$(cat "$LAB_ROOT/tmp/trace")" '/multihome/lock"'
}

@test "what is wrong with /var/run/multihome itself is said at once" {
	started
	local kind
	for kind in 'ln -s /nowhere' touch 'ln -s /etc/passwd'; do
		host rm -rf /run/multihome
		# shellcheck disable=SC2086 # words
		host $kind /run/multihome
		run --separate-stderr host timeout 5 multihome sync
		is "$status/$output" 1/
		is "$stderr" '/var/run/multihome: not a folder; expected one, or none'
		host rm /run/multihome
	done
	multihome 0 sync
	settled
}

@test "files that cannot be read stop only what needs them" {
	started
	local before
	before=$(kernel)
	mkdir -p "$LAB_ROOT/var/lib/dhclient"
	truncate -s 17M "$LAB_ROOT/var/lib/dhclient/dhclient-eth7.leases"
	truncate -s 17M "$LAB_ROOT/etc/sysctl.d/huge.conf"
	truncate -s 17M "$LAB_SCRIPTS/route-foo0"
	echo '# nobody' >"$LAB_SCRIPTS/rule-foo0"
	chmod 666 "$LAB_SCRIPTS/rule-foo0"
	spoil
	multihome 0 sync
	is "$(kernel)" "$before"
	is "$(lines "$stderr")" 2 "$stderr"
	has "$stderr" '^/var/lib/dhclient/dhclient-eth7\.leases: cannot be read: File too large; passed over$'
	has "$stderr" '^/etc/sysctl\.d/huge\.conf: cannot be read: File too large; passed over$'
	rm "$LAB_ROOT/etc/sysctl.d/huge.conf"
	rm -r "$LAB_ROOT/var/lib/dhclient"
	spoil
	touch "$LAB_ROOT/var/lib/dhclient"
	multihome 0 sync
	is "$stderr" '/var/lib/dhclient: cannot be read: Not a directory; passed over'
	is "$(kernel)" "$before"
	rm "$LAB_ROOT/var/lib/dhclient"
	multihome 0 sync
	is "$output/$stderr" /
	settled
}

@test "an uplink whose files cannot be read stays as it is, and the others are served" {
	started
	local before
	before=$(kernel)
	truncate -s 17M "$LAB_SCRIPTS/rule6-eth1"
	host ip rule del from 192.168.2.0/24 iif lo priority 10001 table 100
	multihome 1 sync
	is "$stderr" '/etc/sysconfig/network-scripts/rule6-eth1: cannot be read: File too large; what needs it stays as it is'
	is "$(kernel)" "$before"
	rm "$LAB_SCRIPTS/rule6-eth1"
	multihome 0 sync
	settled
}

@test "an uplink whose lease cannot be read stays as it is" {
	started
	mkdir -p "$LAB_ROOT/var/lib/dhclient"
	lab_ifcfg eth1 DEVICE=eth1 BOOTPROTO=dhcp ONBOOT=yes
	host env reason=BOUND interface=eth1 new_ip_address=10.0.0.99 new_subnet_mask=255.0.0.0 \
		new_routers=10.0.0.1 multihome lease
	multihome 0 sync
	local before
	before=$(kernel)
	has "$(our_rules)" 'from 10\.0\.0\.0/8'
	rm "$LAB_ROOT/run/multihome/lease-eth1"
	truncate -s 17M "$LAB_ROOT/var/lib/dhclient/dhclient-eth1.leases"
	multihome 1 sync
	is "$stderr" '/var/lib/dhclient/dhclient-eth1.leases: cannot be read: File too large; what needs it stays as it is'
	is "$(kernel)" "$before"
}

@test "a route that the kernel refuses keeps no setting from being made" {
	started LAB_RP_FILTER=el6
	# Its gateway is reached by nothing: the network's own route is gone.
	host ip link add dummy0 type bridge
	host ip address add 172.28.0.1/24 dev dummy0
	host ip link set dummy0 up
	host ip route add 172.29.0.0/24 via 172.28.0.9 dev dummy0
	host ip route del 172.28.0.0/24 dev dummy0
	lab_uplink 1 RP_FILTER=loose
	is "$(host cat /proc/sys/net/ipv4/conf/eth1/rp_filter)" 1
	multihome 1 sync
	has "$stderr" '^dummy0: ip route add 172\.29\.0\.0/24 via 172\.28\.0\.9 dev dummy0 .*: '
	is "$(host cat /proc/sys/net/ipv4/conf/eth1/rp_filter)" 2
	host ip link del dummy0
	multihome 0 sync
	is "$(host cat /proc/sys/net/ipv4/conf/eth1/rp_filter)" 2
	multihome 0 clean
	is "$(host cat /proc/sys/net/ipv4/conf/eth1/rp_filter)" 1
	admin_still_there
}

# --- what a file keeps -----------------------------------------------------------------------

attributes() { # FILE
	host getfattr --absolute-names -h -d -m - "$1"
}

@test "all attributes are kept, however many and large" {
	started
	local file=/etc/sysconfig/network-scripts/rule-eth1 n before
	spoil
	host setfattr -n user.label -v "$(head -c 5000 /dev/zero | tr '\0' x)" $file ||
		skip 'the file system has no attributes of users'
	for n in $(seq 60); do
		host setfattr -n "user.$(head -c 90 /dev/zero | tr '\0' n)$n" -v "$n" $file
	done
	host setfattr -n user.empty $file
	before=$(attributes $file)
	multihome 0 sync
	has "$(cat "$LAB_SCRIPTS/rule-eth1")" '^# BEGIN multihome'
	is "$(attributes $file)" "$before"
	rm "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
	settled
}

# bats test_tags=no-valgrind
@test "a file whose attributes cannot be kept stays as it is, with one line" {
	started
	local file=/etc/sysconfig/network-scripts/rule-eth1 call
	spoil
	host setfattr -n user.label -v one $file || skip 'the file system has no attributes of users'
	for call in fsetxattr lgetxattr; do
		run --separate-stderr host strace -o /tmp/trace -e "inject=$call:error=EPERM" multihome sync
		is "$status/$output" 1/
		is "$stderr" "$file: keeping user.label: Operation not permitted; the file stays as it is"
		is "$(cat "$LAB_SCRIPTS/rule-eth1")" '# by hand'
		has "$(our_rules)" 'from 10\.0\.0\.0/8 iif lo'
	done
	rm "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
	settled
}

access() { # FILE
	host getfacl --absolute-names -n "$1"
	host stat -c '%a %u %g' "$1"
}

@test "a default ACL of the folder does not widen a file; a file's own ACL stays" {
	started
	local folder=/etc/sysconfig/network-scripts before
	spoil
	chmod 660 "$LAB_SCRIPTS/rule-eth1"
	host setfacl -d -m u:65534:rw,g:65534:rwx $folder || skip 'the file system has no ACLs'
	before=$(access $folder/rule-eth1)
	multihome 0 sync
	has "$(cat "$LAB_SCRIPTS/rule-eth1")" '^# BEGIN multihome'
	is "$(access $folder/rule-eth1)" "$before"
	spoil
	host setfacl -m u:2:r,g:3:r,m::r $folder/rule-eth1
	before=$(access $folder/rule-eth1)
	has "$before" '^user:2:r--$'
	multihome 0 sync
	has "$(cat "$LAB_SCRIPTS/rule-eth1")" '^# BEGIN multihome'
	is "$(access $folder/rule-eth1)" "$before"
	host setfacl -k $folder
	rm "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
	settled
}

# --- links, and what is left of a killed run ------------------------------------------------

@test "a file with several hard links keeps them and its bytes; the kernel is served" {
	started
	local before file=/etc/sysconfig/network-scripts/rule-eth1
	before=$(lab_files)
	spoil
	ln "$LAB_SCRIPTS/rule-eth1" "$LAB_ROOT/etc/other-name"
	multihome 1 sync
	is "$stderr" "$file: the file has 2 names (hard links), so it is not written; give it one of its own: cp -a FILE FILE.new; mv FILE.new FILE"
	is "$(cat "$LAB_SCRIPTS/rule-eth1")" '# by hand'
	[ "$LAB_SCRIPTS/rule-eth1" -ef "$LAB_ROOT/etc/other-name" ]
	has "$(our_rules)" 'from 10\.0\.0\.0/8 iif lo'
	answers 0 1
	# The cure.
	host sh -c "cp -a $file $file.new; mv $file.new $file"
	multihome 0 sync
	is "$(cat "$LAB_ROOT/etc/other-name")" '# by hand'
	rm "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
	is "$(lab_files)" "$before"
	# One that was made by us is not removed from under its other name, either.
	ln "$LAB_SCRIPTS/rule-eth1" "$LAB_ROOT/etc/third-name"
	multihome 1 clean
	[ "$LAB_SCRIPTS/rule-eth1" -ef "$LAB_ROOT/etc/third-name" ]
	rm "$LAB_ROOT/etc/third-name"
	multihome 0 clean
	[ ! -e "$LAB_SCRIPTS/rule-eth1" ]
	admin_still_there
}

@test "clean takes the block out of a file behind a link, and leaves the link" {
	started
	mkdir "$LAB_ROOT/etc/elsewhere"
	mv "$LAB_SCRIPTS/rule-eth1" "$LAB_ROOT/etc/elsewhere/rules"
	ln -s /etc/elsewhere/rules "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
	has "$(cat "$LAB_ROOT/etc/elsewhere/rules")" '^# BEGIN multihome eth1: .* \(made this file\)'
	multihome 0 clean
	is "$(readlink "$LAB_SCRIPTS/rule-eth1")" /etc/elsewhere/rules
	is "$(cat "$LAB_ROOT/etc/elsewhere/rules")" ''
	multihome 0 sync
	is "$output/$stderr" /
	answers 0 1
	settled
}

# killed_before CALL: a sync is.
killed_before() {
	# strace kills itself as the program was.
	{ host strace -qq -o /tmp/trace -e "inject=$1:signal=KILL:when=1" multihome sync; } 2>/dev/null || true
}

drafts() {
	host find /etc /run/multihome -name '.multihome-*' | sort
}

@test "what a killed run was writing is removed wherever it is, and nothing of the admin's" {
	started
	local mine file
	mkdir "$LAB_ROOT/etc/elsewhere"
	spoil
	mv "$LAB_SCRIPTS/rule-eth1" "$LAB_ROOT/etc/elsewhere/rules"
	ln -s /etc/elsewhere/rules "$LAB_SCRIPTS/rule-eth1"
	for file in x AbCdEf route-eth0.backup rule-eth1.draft-AbCdEfG rule-eth1.draft-AbC.ef; do
		echo mine >"$LAB_SCRIPTS/.multihome-$file"
		echo mine >"$LAB_ROOT/etc/elsewhere/.multihome-$file"
	done
	mkdir "$LAB_SCRIPTS/.multihome-rule-eth1.draft-folder"
	ln -s /etc/passwd "$LAB_SCRIPTS/.multihome-rule-eth1.draft-symbol"
	mine=$(drafts)
	killed_before fsync
	is "$(lines "$(drafts)")" "$(($(lines "$mine") + 1))"
	has "$(drafts)" '^/etc/elsewhere/\.multihome-rule-eth1\.draft-[A-Za-z0-9]{6}$'
	multihome 0 sync
	is "$(drafts)" "$mine"
	rm "$LAB_SCRIPTS/rule-eth1"
	killed_before fsync
	has "$(drafts)" '/network-scripts/\.multihome-rule-eth1\.draft-[A-Za-z0-9]{6}$'
	multihome 0 sync
	is "$(drafts)" "$mine"
	settled
}
