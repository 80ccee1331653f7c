#!/bin/bash
# SPDX-License-Identifier: MIT
# Within the lab's host: watch is killed instead of one of its system calls, and while it knows the
# winner to be dead. Then a sync ends as if there had been no watch.
#
# usage: resident.sh EVERY     at every EVERYth place

here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"
every=$1

# Nobody answers there: the winner is dead after three seconds.
echo TRACK_IP=203.0.113.77 >>$scripts/ifcfg-eth1
printf 'TRACK_INTERVAL=1\nTRACK_DOWN=1\n' >>/etc/sysconfig/multihome
multihome sync
state >$work/settled
ways >$work/ways
others >$work/others

# watch_killed CALL NTH
watch_killed() {
	timeout -s KILL 6 strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
		/sbin/multihome watch >/dev/null 2>&1
	# Where it never came to that, strace alone was killed.
	pkill -KILL -x multihome
	while pgrep -x -r D,R,S,T,t multihome >/dev/null; do sleep 0.05; done
}

disturb() { # CALL NTH
	spoil_watch
	{ watch_killed "$@"; } 2>/dev/null
	ways | diff $work/ways -
	others | diff $work/others -
	multihome sync 2>&1
	state | diff $work/settled -
	find $scripts /var/run/multihome -name '.*'
}

timeout 8 strace -o $work/trace /sbin/multihome watch >/dev/null 2>&1
multihome sync
sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' $work/trace | awk '
	{ n[$1]++ }
	ours && $1 != "exit_group" && n[$1] <= 8 { print $1, n[$1] }
	$1 == "geteuid" { ours = 1 }' >$work/places
n=$((RANDOM % every)) tried=0 wrong=0
while read -r call nth <&4; do
	n=$((n + 1))
	[ $((n % every)) = 0 ] || continue
	tried=$((tried + 1))
	disturb "$call" "$nth" >$work/wrong 2>&1
	[ -s $work/wrong ] || continue
	wrong=$((wrong + 1))
	not_ok "resident: $call $nth" <$work/wrong
done 4<$work/places
if [ $wrong = 0 ] && [ $tried != 0 ]; then
	ok "resident: killed at $tried of $(wc -l <$work/places) places"
elif [ $wrong = 0 ]; then
	not_ok 'resident: killed at no place' <$work/places
fi
finish
