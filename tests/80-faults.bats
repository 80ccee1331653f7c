#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# What goes wrong around a run: others that hold the lock or edit at the same time, files that
# are none, hostile names and surroundings. tests/faults has the campaigns.

load lab/test

# Something for a sync to do, in files and kernel.
spoil() {
	host ip rule del from 10.0.0.0/8 iif lo priority 10001 table 101
	rm -f "$LAB_SCRIPTS/rule-eth1"
	cp "$BATS_TEST_TMPDIR/rule-eth0" "$LAB_SCRIPTS/rule-eth0"
}

# traced OPTION…: a sync under strace, in the background; its messages in $BATS_TEST_TMPDIR/said,
# its status by wait.
traced() {
	host strace -f -o /tmp/trace "$@" multihome sync >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
}

# gcc's sanitizers want no library between them and the program; strace would stop valgrind itself.
# bats test_tags=no-valgrind,no-sanitizers
@test "who waits for the lock does so for a bounded time, and then names the holder" {
	started
	local holder
	host make -s -C /run/lab/repo build/faults_shim.so
	traced -e inject=uname:signal=STOP:when=1
	within 10 host pgrep -x multihome
	within 10 host grep -q SIGSTOP /tmp/trace
	holder=$(host pgrep -x multihome)
	run --separate-stderr host env FAULT=hurry:0 \
		LD_PRELOAD=/run/lab/repo/build/faults_shim.so multihome up eth0
	is "$status/$output" 1/
	is "$stderr" "multihome: /var/run/multihome/lock: held for 30 seconds by process $holder (multihome sync); expected it to end"
	host kill -KILL "$holder"
	multihome 0 sync
	is "$output/$stderr" /
	settled
}

# The last that report hears of the kernel is the way of a packet.
# bats test_tags=no-valgrind,no-sanitizers
@test "a report that could not ask the kernel says so, and not that all is well" {
	started
	local shim=/run/lab/repo/build/faults_shim.so receptions
	host make -s -C /run/lab/repo build/faults_shim.so
	host env FAULT_COUNTS=/tmp/counts LD_PRELOAD=$shim multihome report >/dev/null
	receptions=$(host cut -d ' ' -f 3 /tmp/counts)
	run --separate-stderr host env FAULT=garbage:"$receptions" LD_PRELOAD=$shim multihome report
	is "$status" 1
	has "$stderr" '^netlink: asking for a route: '
	has "$output" '^the kernel could not be asked$'
	has_no "$output" 'by (its|their) own NIC$'
}

# drafted: a new rule-eth0 is being written.
drafted() {
	find "$LAB_SCRIPTS" -name '.multihome-*' | grep .
}

@test "an edit between our read and our rename stays, and is planned with" {
	started
	local before
	before=$(kernel; lab_files)
	rm "$LAB_SCRIPTS/rule-eth1"
	traced -e inject=fsync:delay_enter=500000
	within 10 drafted
	echo '# in between' >>"$LAB_SCRIPTS/rule-eth1"
	wait $!
	is "$(cat "$BATS_TEST_TMPDIR/said")" ''
	has "$(outside rule-eth1)" '^# in between$'
	has "$(cat "$LAB_SCRIPTS/rule-eth1")" '^from 10\.0\.0\.0/8 iif lo'
	rm "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
	is "$(kernel; lab_files)" "$before"
	settled
}

# edit_each: appends to rule-eth0 each time a new one is begun, to a third one.
edit_each() {
	local n last='' draft=''
	for n in 1 2 3; do
		while [ "$draft" = "$last" ]; do
			draft=$(drafted) || draft=$last
		done
		echo "# edit $n" >>"$LAB_SCRIPTS/rule-eth0"
		last=$draft
	done
}

@test "a file that is edited over and over is left to its editor, with a line" {
	started
	cp "$BATS_TEST_TMPDIR/rule-eth0" "$LAB_SCRIPTS/rule-eth0"
	traced -e inject=fsync:delay_enter=500000
	edit_each
	wait $! && return 1
	is "$(cat "$BATS_TEST_TMPDIR/said")" "/etc/sysconfig/network-scripts/rule-eth0: keeps changing while being updated; not written"
	is "$(grep -c '^# edit' "$LAB_SCRIPTS/rule-eth0")" 3
	cp "$BATS_TEST_TMPDIR/rule-eth0" "$LAB_SCRIPTS/rule-eth0"
	multihome 0 sync
	settled
}

@test "a file is on the disk before it takes its name, and its folder afterwards" {
	started
	spoil
	host strace -o /tmp/trace -e trace=openat,fsync,rename,close multihome sync
	run awk -F '[(,"]' '
		/^openat.*= [0-9]+$/ { n = split($0, word, "= "); path[word[n]] = $4 }
		/^fsync/ { split($2, fd, ")"); synced[path[fd[1]]] = 1; waiting = "" }
		/^rename/ {
			if (waiting) print "folder not synced: " waiting
			if (!synced[$3]) print "not synced: " $3
			waiting = $3; n++; renames++
		}
		END { if (waiting) print "folder not synced: " waiting; print renames " renames" }
	' "$LAB_ROOT/tmp/trace"
	has "$output" '^[2-9] renames$'
	has_no "$output" 'not synced'
	settled
}

@test "a file system that syncs no folders is no fault" {
	started
	spoil
	host strace -f -o /tmp/trace -e trace=fsync -e inject=fsync:error=EINVAL:when=2+2 multihome sync \
		>"$BATS_TEST_TMPDIR/said" 2>&1
	is "$(cat "$BATS_TEST_TMPDIR/said")" ''
	has "$(cat "$LAB_ROOT/tmp/trace")" 'INJECTED'
	settled
}

@test "a hangup does not end a run; nor does a console that is gone" {
	started
	local before
	before=$(kernel; lab_files)
	spoil
	host strace -o /tmp/trace -e inject=rename:signal=HUP multihome sync
	is "$(kernel; lab_files)" "$before"
	spoil
	host strace -o /tmp/trace -e inject=rename:signal=PIPE multihome sync
	is "$(kernel; lab_files)" "$before"
	settled
}

@test "with all standard descriptors closed a message ends up in no file" {
	started LAB_UPLINKS=3
	local before
	spoil
	lab_uplink 2 TABLE=254
	before=$(lab_files | wc -l)
	run host sh -c 'exec multihome sync <&- >&- 2>&-'
	is "$status" 3
	has_no "$(cat "$LAB_SCRIPTS"/r*-eth* "$LAB_ROOT"/run/multihome/*)" 254
	has "$(cat "$LAB_SCRIPTS/rule-eth1")" '^from 10\.0\.0\.0/8'
	admin_still_there
}

# in_the_way MAKE…: MAKE puts something that is no file where rule-eth1 is to be.
in_the_way() {
	rm -f "$LAB_SCRIPTS/rule-eth1"
	host ip rule del from 10.0.0.0/8 iif lo priority 10001 table 101
	(cd "$LAB_SCRIPTS" && "$@" rule-eth1)
	multihome 1 sync
	is "$output" ''
	is "$stderr" '/etc/sysconfig/network-scripts/rule-eth1: not a regular file; expected one, or none'
	has "$(our_rules)" 'from 10\.0\.0\.0/8 iif lo'
	answers 0 1
	[ ! -f "$LAB_SCRIPTS/rule-eth1" ]
	(cd "$LAB_SCRIPTS" && { [ -L rule-eth1 ] || [ -e rule-eth1 ]; })
	rm -r "$LAB_SCRIPTS/rule-eth1"
	multihome 0 sync
}

@test "a FIFO, a folder, a device, a link to nowhere in a file's place stay, and all is served" {
	started
	in_the_way mkfifo
	in_the_way mkdir
	in_the_way ln -s /nowhere
	in_the_way ln -s /dev/null
	settled
}

@test "FIFOs, folders and devices that are called ifcfg-, route-, rule- hold up nothing" {
	started
	local name
	for name in ifcfg route rule route6 rule6; do
		mkfifo "$LAB_SCRIPTS/$name-fifo0"
		mkdir "$LAB_SCRIPTS/$name-dir0"
		ln -s /dev/zero "$LAB_SCRIPTS/$name-zero0"
		ln -s "$name-loop0" "$LAB_SCRIPTS/$name-loop0"
	done
	run --separate-stderr host timeout 5 multihome sync
	is "$status/$output/$stderr" 0//
	settled
}

# unread FILE: what was brought up by that file stays as it is without it, and eth0 is served.
unread() {
	local before said="/etc/sysconfig/network-scripts/$1: cannot be read: File too large; what needs it stays as it is"
	before=$(kernel)
	rm -f "$LAB_SCRIPTS/$1"
	truncate -s 2G "$LAB_SCRIPTS/$1"
	host ip rule del from 192.168.2.0/24 iif lo priority 10001 table 100
	multihome 1 sync
	is "$output/$stderr" "/$said"
	is "$(kernel)" "$before" "without $1"
	host ip rule del from 192.168.2.0/24 iif lo priority 10001 table 100
	run host multihome up eth0
	is "$(kernel)" "$before" "without $1, by a hook"
	answers 0 1
	rm "$LAB_SCRIPTS/$1"
}

@test "an ifcfg file that cannot be read stops only what needs it" {
	started
	local before
	before=$(lab_files)
	unread ifcfg-huge
	unread ifcfg-eth0:1
	unread ifcfg-eth1
	lab_uplink 1
	is "$(lab_files)" "$before"
	mv "$LAB_SCRIPTS/ifcfg-eth1" "$LAB_SCRIPTS/ifcfg-office"
	host ifdown eth1
	host ifup office
	answers 0 1
	unread ifcfg-office
	lab_uplink 1
	multihome 0 sync
	settled
}

@test "thirty thousand rules on record are read" {
	started
	local before
	before=$(our_rules)
	awk 'BEGIN { for (i = 0; i < 30000; i++)
		printf "from 10.1.%d.%d iif lo lookup 100 priority 10000\n", i / 250, i % 250 }' \
		>>"$LAB_ROOT/run/multihome/rules"
	multihome 0 sync
	is "$output/$stderr" /
	is "$(our_rules)" "$before"
	is "$(host cat /var/run/multihome/rules | wc -l)" 2
	settled
}

# unsafe FILE: refused for who may write it, for uplink eth1 or for the host; then as it was.
unsafe() {
	multihome 3 sync
	is "$output" ''
	is "$stderr" "$1:1: writable by users other than root; run: chown root:root $1; chmod go-w $1"
	is "$(kernel)" "$before"
}

@test "configuration that users other than root may write is refused" {
	started
	local before file
	before=$(kernel)
	for file in network-scripts/ifcfg-eth1 network-scripts/rule-eth1 network multihome; do
		chmod 666 "$LAB_ROOT/etc/sysconfig/$file"
		unsafe "/etc/sysconfig/$file"
		chmod 644 "$LAB_ROOT/etc/sysconfig/$file"
		chown 65534 "$LAB_ROOT/etc/sysconfig/$file"
		unsafe "/etc/sysconfig/$file"
		chown 0:65534 "$LAB_ROOT/etc/sysconfig/$file"
		chmod 664 "$LAB_ROOT/etc/sysconfig/$file"
		unsafe "/etc/sysconfig/$file"
		# A group of root's own may.
		chown 0:0 "$LAB_ROOT/etc/sysconfig/$file"
		multihome 0 sync
		chmod 644 "$LAB_ROOT/etc/sysconfig/$file"
	done
	chmod 666 "$LAB_SCRIPTS/ifcfg-eth1"
	host cp -a /etc /tmp/copy
	multihome 0 plan --root /tmp/copy
	chmod 644 "$LAB_SCRIPTS/ifcfg-eth1"
	settled
}

@test "a name of a file puts no line and no control character into a message" {
	started
	printf '%s\n' DEVICE=eth9 IPADDR=172.29.0.98 PREFIX=24 GATEWAY=no% \
		>"$LAB_SCRIPTS/ifcfg-"$'x\n\e[31m%s%n\x9b\xc2\x9b\xc3\xa9\x9b\x80\x9b'
	multihome 3 sync
	is "$stderr" $'/etc/sysconfig/network-scripts/ifcfg-x??[31m%s%n?\xc2?\xc3\xa9???:4: GATEWAY=no%: expected a router\'s IPv4 address like 192.168.2.1'
}

# shellcheck disable=SC2016,SC1003 # of no shell
hostile_values=('*' 'eth1 eth2' '"eth1 *"' '"10.0.0.1 table 254"' -x "'--help'" ../../x / /etc/passwd
	. .. %s%n%n '$(touch /tmp/injected)' '`touch /tmp/injected`' $'"10.0.0.1\nto 0.0.0.0/0"'
	"\$'10.0.0.1\\nx'" $'"\e[31m"' $'"a\tb"' '"a;b"' '"10.0.0.1#"' '\' "'" '"'
	99999999999999999999 eth1:1/../../x all default)

# injected KEY VALUE: what plan would write for eth1 then is of our own words alone.
injected() {
	printf '%s\n' DEVICE=eth1 ONBOOT=yes BOOTPROTO=none IPADDR=10.0.0.99 NETMASK=255.0.0.0 \
		GATEWAY=10.0.0.1 "$1=$2" >"$copy/sysconfig/network-scripts/ifcfg-eth1"
	run --separate-stderr "$BUILD/multihome" plan --root "$copy"
	[ "$status" = 0 ] || [ "$status" = 3 ] || { echo "$1=$2: status $status $stderr"; return 1; }
	grep '^[-+]' <<<"$output" | grep -vE "$words" && { echo "$1=$2"; return 1; }
	! grep -q '[[:cntrl:]]' <<<"${stderr//$'\n'/}" || { echo "$1=$2: $stderr"; return 1; }
}

@test "no value puts a word, a glob, an option, a line or a path where it does not belong" {
	local copy=$BATS_TEST_TMPDIR/etc key value words
	local address='[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/[0-9]+)?' device='[A-Za-z0-9_][A-Za-z0-9_.+@-]*'
	BUILD=${BUILD:-build}
	make -s build
	mkdir -p "$copy/sysconfig/network-scripts"
	printf '%s\n' DEVICE=eth0 IPADDR=192.168.2.99 PREFIX=24 GATEWAY=192.168.2.1 \
		>"$copy/sysconfig/network-scripts/ifcfg-eth0"
	words="^(--- (/dev/null|$copy/[a-z/0-9-]*)|[+]{3} (/dev/null|${copy#/}/sysconfig/network-scripts/(route|rule)-$device)"
	words+="|--- /dev/null|[+]{3} .*/(route|rule)6?-$device|[+]# (BEGIN|END) multihome $device(: from its ifcfg file, do not edit \(made this file\))?( [0-9a-f]{8})*"
	words+="|[+] ?(ip route add )?($address|default)( via $address)? dev $device( scope link| onlink| (table|metric) [0-9]+)* proto 109"
	words+="|[+] ?(ip rule add )?from $address iif lo lookup [0-9]+ priority [0-9]+)$"
	for key in DEVICE IPADDR IPADDR1 NETMASK PREFIX GATEWAY GATEWAYDEV TABLE METRIC SRCADDR HWADDR \
		NAME IPV6ADDR IPV6_DEFAULTGW IPV6_DEFAULTDEV RP_FILTER ARP_IGNORE FALLBACK MULTIHOME; do
		for value in "${hostile_values[@]}"; do
			injected "$key" "$value"
		done
	done
	[ ! -e /tmp/injected ]
}

# What a user may leave to whom usernetctl lets run ifup, had it not cleaned up.
hostile() {
	host mkfifo -m 644 /tmp/fifo 2>/dev/null || true
	host env LANG=tr_TR.UTF-8 LC_ALL=xx_XX LOCPATH=/tmp/fifo TZ=:/tmp/fifo TZDIR=/tmp \
		PATH=/nowhere IFS=/ POSIXLY_CORRECT=1 GETOPT_COMPATIBLE=1 NLCB=debug NLDBG=9 \
		HOME=/tmp/fifo TMPDIR=/nowhere LD_LIBRARY_PATH=/nowhere LD_BIND_NOW=1 \
		reason=EXPIRE interface=eth1 old_ip_address=10.0.0.99 new_routers=10.0.0.66 \
		DEVICE=eth7 TABLE=254 GATEWAY=10.0.0.66 MULTIHOME=no "$@"
}

# valgrind does use it, and fails.
# bats test_tags=no-valgrind
@test "nothing of a hostile environment is used" {
	started
	local before verb
	before=$(kernel; lab_files)
	for verb in 'prepare ifcfg-eth1' 'up eth1' sync; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr hostile /usr/bin/timeout 5 /sbin/multihome $verb
		is "$status/$output/$stderr" 0// "$verb"
	done
	is "$(kernel; lab_files)" "$before"
	hostile /usr/bin/strace -e trace=file -o /tmp/trace /sbin/multihome sync
	has_no "$(sed '1,/libc\.so/d' "$LAB_ROOT/tmp/trace")" 'fifo|nowhere|/tmp|zoneinfo|locale'
	run host setpriv --reuid 65534 --clear-groups env reason=EXPIRE interface=eth1 \
		/sbin/multihome lease
	is "$status" 1
	has "$output" 'only root'
	settled
}
