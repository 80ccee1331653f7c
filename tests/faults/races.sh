#!/bin/bash
# SPDX-License-Identifier: MIT
# Within the lab's host: 64 runs at the same time, over and over, while links bounce, addresses
# come and go, others have rules and routes of their own, and files are edited by hand.
#
# usage: races.sh [watch]       with watch: it runs, too
#
# Environment: SECONDS_OF_RACES

here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"
devices=(eth{0..7})
end=$((SECONDS + SECONDS_OF_RACES))

going_on() {
	[ $SECONDS -lt $end ]
}

any() {
	echo "${devices[RANDOM % 8]}"
}

# Its messages are of no interest while all is in motion; that it ends is.
runner() {
	while going_on; do
		case $((RANDOM % 4)) in
		0) multihome up "$(any)" ;;
		1) multihome down "$(any)" ;;
		2) multihome sync ;;
		3) multihome prepare "ifcfg-$(any)" ;;
		esac
	done >/dev/null 2>&1
}

bouncer() {
	local device
	while going_on; do
		device=$(any)
		ip link set "$device" down
		sleep 0.1
		ip link set "$device" up
		sleep 0.1
	done
}

addresses() {
	local device
	while going_on; do
		device=$(any)
		ip address add 203.0.113.200/32 dev "$device"
		sleep 0.1
		ip address del 203.0.113.200/32 dev "$device"
	done
}

# Rules and routes that look much like ours. Those with an odd number stay.
stranger() {
	local n=0
	while going_on; do
		n=$((n + 1))
		ip rule add from 198.18.$((n / 250)).$((n % 250)) priority 10001 table 101
		ip route add 198.18.$((n / 250)).$((n % 250)) via 192.168.2.1 table 101
		if [ $((n % 2)) = 0 ]; then
			ip rule del from 198.18.$((n / 250)).$((n % 250)) priority 10001 table 101
			ip route del 198.18.$((n / 250)).$((n % 250)) via 192.168.2.1 table 101
		else
			echo "from 198.18.$((n / 250)).$((n % 250)) lookup 101" >>$work/strangers
		fi
		sleep 0.05
	done
}

# One editor appends, another one writes a new file and renames it, as most do; each has files of
# its own, since they do not look out for each other.
editor() {
	local n=0 file
	while going_on; do
		n=$((n + 1))
		if [ "$1" = appends ]; then
			file=$scripts/rule-$(any)
			echo "# $1 $n" >>"$file"
		else
			file=$scripts/route-$(any)
			{ cat "$file" 2>/dev/null; echo "# $1 $n"; } >"$work/edited"
			cp "$work/edited" "$file.edited~" && mv "$file.edited~" "$file"
		fi
		echo "# $1 $n" >>"$work/edits.$1"
		sleep 0.05
	done
}

lost_edits() {
	cat $scripts/r*-eth? | grep '^# \(append\|rename\)s' | sort >$work/found
	cat $work/edits.* | sort | diff - $work/found
}

lost_strangers() {
	ip -4 rule | sed -n 's/^10001:\t\(from 198\.18[^i]*\) *$/\1/p' | sort >$work/found
	sort $work/strangers | sed 's/ *$//' | diff - $work/found
}

settle() {
	local device
	for device in "${devices[@]}"; do
		ip link set "$device" up
		ip address del 203.0.113.200/32 dev "$device" 2>/dev/null
	done
	multihome sync 2>&1
}

# But for who made a file first, which the races decide, and whose the last way out in main is.
end_state() {
	state | sed 's/ (made this file)$//; s/^\(default via [^ ]* dev [^ ]*\)\( proto 109\)* *$/\1/'
}

# What a serial run comes to on this host: all of ours taken away first.
serially() {
	multihome clean 2>&1 | grep -v 'its default route stays in table main'
	multihome sync 2>&1
	end_state
}

report() { # NAME: what is wrong is on its input
	local wrong
	wrong=$(cat)
	if [ -n "$wrong" ]; then not_ok "$1" <<<"$wrong"; else ok "$1"; fi
}

rm -f $work/edits.* $work/strangers
# Or else a table is chosen, and one that a stranger uses is none for a serial run.
for device in "${devices[@]}"; do
	echo "TABLE=10${device#eth}" >>"$scripts/ifcfg-$device"
done
multihome sync
if [ "${1-}" = watch ]; then
	/sbin/multihome watch >/dev/null 2>&1 &
	watch=$!
fi
pids=()
for ((n = 0; n < 64; n++)); do
	runner &
	pids+=($!)
done
for helper in bouncer addresses stranger 'editor appends' 'editor renames'; do
	$helper >/dev/null 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
if [ -n "${watch-}" ]; then
	report "races${1:+ with watch}: watch lived through them, and ends" < <(kill "$watch" 2>&1)
	wait "$watch"
fi
report "races${1:+ with watch}: all runs ended within a minute of the last" \
	< <([ $((SECONDS - end)) -lt 60 ] || echo "$((SECONDS - end)) s")
report "races${1:+ with watch}: one sync brings all to rest" < <(settle)
end_state >$work/now
report "races${1:+ with watch}: each of $(cat $work/edits.* | wc -l) edits is there" < <(lost_edits)
report "races${1:+ with watch}: each of $(wc -l <$work/strangers) rules of others is there" < <(lost_strangers)
report "races${1:+ with watch}: a second sync changes nothing" < <(multihome sync 2>&1; end_state | diff $work/now -)
report "races${1:+ with watch}: as after a serial run" < <(serially | diff $work/now -)
report "races${1:+ with watch}: nothing half written is left" < <(find $scripts /var/run/multihome -name '.*')
finish
