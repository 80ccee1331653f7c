# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the campaigns share, all of it within the lab's host: what to spoil there before a verb
# runs, and what must hold after a run that was killed or in which a call failed.
#
# A campaign goes round: spoil the host, disturb a run, look, let an undisturbed run end it,
# compare with how such a run ends when none was disturbed before.

scripts=/etc/sysconfig/network-scripts
work=/tmp/faults
shim=/run/lab/repo/${BUILD-build}/faults_shim.so
mkdir -p $work

count=0

ok() { # NAME
	count=$((count + 1))
	echo "ok $count - $1"
}

not_ok() { # NAME: what is wrong is on its input
	count=$((count + 1))
	echo "not ok $count - $1"
	sed 's/^/# /' | head -n 40
}

finish() {
	echo "1..$count"
}

multihome() {
	/sbin/multihome "$@"
}

# The files of initscripts that a run may change, those beside them, and the kernel's state. But
# for /var/run/multihome, which may remember more or less of the same.
state() {
	local file
	for file in "$scripts"/{.[!.],}*; do
		case ${file##*/} in
		ifcfg-* | r*-* | .*) [ ! -f "$file" ] || { echo "== $file"; cat "$file"; } ;;
		esac
	done
	kernel_state
}

kernel_state() {
	ip -4 rule | LC_ALL=C sort
	ip -4 route show table all | LC_ALL=C sort
	cat /proc/sys/net/ipv4/conf/eth[01]/{rp_filter,arp_ignore,arp_announce}
}

# What belongs to others, in files and kernel.
others() {
	local file
	ip -4 rule | grep -v ' iif lo '
	ip -4 route show table all | grep -v 'proto 109' | LC_ALL=C sort
	for file in "$scripts"/{ifcfg,route,rule}-*; do
		[ ! -f "$file" ] || sed '/^# BEGIN multihome/,/^# END/d' "$file" | sed "s|^|${file##*/}: |"
	done
}

# A file in which the administrator has lines of his own, and rules and routes of others.
admin_moves_in() {
	printf '# by hand\nto 203.0.113.9/32 priority 500 table 7\n' >$scripts/rule-eth0
	printf '# by hand\n' >$scripts/route-eth1
	ip -batch - <<-END
		rule add from 203.0.113.2 priority 10001 table 7
		rule add to 203.0.113.3 priority 20000 table 7
		route add blackhole 198.51.100.0/24
		route add blackhole 198.51.100.0/24 table 7
	END
}

# Stale, missing and wrong things of all kinds, for sync and up.
spoil_up() {
	rm -f $scripts/rule-eth1
	sed -i '/^default via 10.0.0.1 dev eth1 table 101/d' $scripts/route-eth1
	printf '# by hand\nto 203.0.113.9/32 priority 500 table 7\n' >$scripts/rule-eth0
	spoil_watch
}

# Its files are as they should be: watch writes none.
spoil_watch() {
	ip -batch - <<-END
		rule del from 10.0.0.0/8 iif lo table 101
		route flush table 100
		route replace default via 10.0.0.7 dev eth1 table 101 proto 109
		route add default via 10.0.0.1 dev eth1 metric 7777 proto 109
	END
	echo 1 >/proc/sys/net/ipv4/conf/eth1/rp_filter
}

spoil_sync() {
	spoil_up
}

spoil_prepare() {
	spoil_up
}

# As ifdown leaves it, with a rule that its ifdown-routes did not know.
spoil_down() {
	ip -batch - <<-END
		address flush dev eth1
		link set eth1 down
	END
}

spoil_clean() {
	:
}

# repair VERB: what the undisturbed run of the verb, and then a sync, have to do.
repair_down() {
	ip -batch - <<-END
		link set eth1 up
		address replace 10.0.0.99/8 brd + dev eth1
		route replace default via 10.0.0.1 dev eth1
	END
}

argument() { # VERB
	case $1 in
	up | down) echo eth1 ;;
	prepare) echo ifcfg-eth1 ;;
	watch) echo --once ;;
	esac
}

# Is there a way for what each address sends, and which defaults are there that are not ours?
ways() {
	local address
	for address in $(ip -4 -o address show scope global | sed 's/.* inet \([0-9.]*\).*/\1/'); do
		ip -4 route get 203.0.113.77 from "$address" >/dev/null 2>&1 ||
			echo "no way from $address"
	done
	ip -4 route show default | grep -v 'proto 109' | sed 's/^/default: /'
}

# keep NAME: the managed files as they are now.
keep() {
	rm -rf "${work:?}/${1:?}"
	mkdir "$work/$1"
	cp $scripts/r*-eth* "$work/$1" 2>/dev/null
}

# Each managed file is that of before the run, or that of after one. No forks here.
wholly() {
	local file name now content
	for file in {route,rule}-eth{0,1}; do
		now=absent
		[ ! -f "$scripts/$file" ] || now=$(<"$scripts/$file")
		for name in old new; do
			content=absent
			[ ! -f "$work/$name/$file" ] || content=$(<"$work/$name/$file")
			[ "$now" != "$content" ] || continue 2
		done
		echo "$file is neither wholly old nor wholly new: $now"
	done
}

# begin VERB: learns how an undisturbed run ends; leaves its calls in $work/calls, the numbers of
# its allocations, sends and receptions in $work/counts.
begin() {
	local verb=$1
	multihome sync
	keep first
	"spoil_$verb"
	recover "$verb"
	state >$work/first.state
	"spoil_$verb"
	keep old
	ways >$work/ways
	# shellcheck disable=SC2046 # a word, or none
	strace -o $work/trace /sbin/multihome "$verb" $(argument "$verb") || return
	keep new
	state >$work/ended
	others >$work/others
	recover "$verb"
	"spoil_$verb"
	# shellcheck disable=SC2046
	FAULT_COUNTS=$work/counts LD_PRELOAD=$shim multihome "$verb" $(argument "$verb") || return
	recover "$verb"
	# What comes before a run asks who it is, is the loader's.
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' $work/trace | awk '
		{ n[$1]++ }
		ours && $1 != "exit_group" { print $1, n[$1] }
		$1 == "geteuid" { ours = 1 }' >$work/calls
}

# recover VERB: back to where every round begins, whatever the last one did to the files.
recover() {
	[ "$1" != down ] || repair_down
	rm -f $scripts/r*-eth*
	cp $work/first/r* $scripts
	multihome sync
}

# restart: what it comes to is the same after a disturbed run as after an undisturbed one.
restart() {
	service network restart >$work/console 2>&1 || cat $work/console
}

# complete VERB: after a disturbed run an undisturbed one of the same verb ends as if there had
# been no other; and nothing is left over.
complete() {
	local verb=$1
	# shellcheck disable=SC2046
	multihome "$verb" $(argument "$verb") 2>&1
	state >$work/now
	diff $work/ended $work/now
	find $scripts /var/run/multihome -name '.*' 2>/dev/null
	recover "$verb" 2>&1
	state >$work/now
	diff $work/first.state $work/now
}
