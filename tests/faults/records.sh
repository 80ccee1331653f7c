#!/bin/bash
# SPDX-License-Identifier: MIT
# Within the lab's host: what was written down before it was done. A run is killed at each place, or
# the power is cut there; whatever it had done by then, clean takes back: each rule, each route, each
# setting has its value of before, and nothing of ours is left.
#
# usage: records.sh EVERY     at every EVERYth place
#
# eth1 has a lease, so its rules are in no block: the record alone knows whose they are.

here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"
every=$1

lease_moves_in() {
	cp $scripts/ifcfg-eth1 $work/ifcfg-eth1
	printf '%s\n' DEVICE=eth1 BOOTPROTO=dhcp ONBOOT=yes RP_FILTER=loose ARP_IGNORE=1 \
		>$scripts/ifcfg-eth1
	mkdir -p /var/lib/dhclient
	cat >/var/lib/dhclient/dhclient-eth1.leases <<-END
		lease {
		  interface "eth1";
		  fixed-address 10.0.0.99;
		  option subnet-mask 255.0.0.0;
		  option routers 10.0.0.1;
		  expire never;
		}
	END
}

lease_moves_out() {
	cp $work/ifcfg-eth1 $scripts/ifcfg-eth1
	rm /var/lib/dhclient/dhclient-eth1.leases
	multihome sync
}

# But for what clean leaves: nothing.
all() {
	state
	find /var/run/multihome /etc -name '*multihome*' 2>/dev/null | LC_ALL=C sort
}

# prepare_for VERB: from a clean host to where the verb has something to do.
prepare_for() {
	case $1 in
	clean | down) multihome sync ;;
	esac
}

# What the kernel forgets when the power is cut, and /var/run, which a boot empties.
cut_power() {
	ip -4 rule | sed -n 's/^\([0-9]*\):\tfrom \([^ ]*\) iif lo lookup \([0-9]*\) *$/from \2 iif lo lookup \3 priority \1/p' |
		while read -r rule; do
			# shellcheck disable=SC2086 # words
			ip -4 rule del $rule
		done
	ip -4 route flush table all proto 109
	restore_settings
	rm -rf /var/run/multihome
}

settings() {
	grep . /proc/sys/net/ipv4/conf/eth[01]/{rp_filter,arp_ignore,arp_announce} | tr : ' '
}

restore_settings() {
	local file value
	while read -r file value; do
		echo "$value" >"$file"
	done <$work/settings
}

# killed VERB CALL NTH
killed() {
	# shellcheck disable=SC2046 # a word, or none
	{ strace -qq -o /dev/null -e "trace=$2" -e "inject=$2:signal=KILL:when=$3" \
		/sbin/multihome "$1" $(argument "$1"); } >/dev/null 2>&1
}

# taken_back VERB CALL NTH: prints what clean did not bring back, if anything.
taken_back() {
	prepare_for "$1"
	killed "$@"
	if [ $((tried % 7)) = 6 ]; then
		cut_power
		multihome sync
	fi
	multihome clean
	all | diff $work/before -
}

campaign() { # VERB
	local verb=$1 n=$((RANDOM % every)) tried=0 wrong=0 call nth
	prepare_for "$verb"
	# shellcheck disable=SC2046
	strace -o $work/trace /sbin/multihome "$verb" $(argument "$verb") >/dev/null 2>&1
	multihome clean
	# From the first file that is written on.
	awk -F '(' '/^[a-z0-9_]+\(/ { n[$1]++; if (/O_EXCL/) begun = 1
		if (begun && $1 != "exit_group") print $1, n[$1] }' $work/trace >$work/places
	while read -r call nth <&4; do
		n=$((n + 1))
		[ $((n % every)) = 0 ] || continue
		tried=$((tried + 1))
		taken_back "$verb" "$call" "$nth" >$work/wrong 2>&1
		[ -s $work/wrong ] || continue
		wrong=$((wrong + 1))
		not_ok "record: $verb killed before $call $nth, then clean" <$work/wrong
		multihome sync
		multihome clean
		restore_settings
	done 4<$work/places
	if [ $wrong = 0 ] && [ $tried -gt 5 ]; then
		ok "record: $verb killed at $tried of $(wc -l <$work/places) places, then clean"
	elif [ $wrong = 0 ]; then
		not_ok "record: $verb at $tried places" <$work/places
	fi
}

multihome sync
lease_moves_in
multihome clean
echo 1 >/proc/sys/net/ipv4/conf/eth1/rp_filter
settings >$work/settings
all >$work/before
multihome sync
if all | grep -q '^0:' && multihome clean && all | diff $work/before - >$work/wrong; then
	ok 'record: clean after an undisturbed sync'
else
	not_ok 'record: clean after an undisturbed sync' <$work/wrong
fi
for verb in sync up down clean; do
	campaign $verb
done
lease_moves_out
finish
