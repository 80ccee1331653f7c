#!/bin/bash
# SPDX-License-Identifier: MIT
# Counts the core's instructions, which do not depend on what else the machine does: no more than
# twice those that are kept in core.counts, and in proportion to the host. TAP.
#
# core.sh            compares
# ACCEPT=1 core.sh   keeps what is counted

here=$(cd "$(dirname "$0")" && pwd)
core=${BUILD:-$here/../../build}/bench/core
count=0
failures=0

instructions() { # HOST STAGE N: of the last core_run
	local said
	said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=core_run \
		--zero-before=core_run "$core" "$@" 2>&1 >/dev/null) || return
	sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$said"
}

report() { # TRUE-OR-FALSE NAME DETAIL
	count=$((count + 1))
	if [ "$1" = 1 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failures=$((failures + 1))
	fi
	echo "# $3"
}

[ -z "$ACCEPT" ] || : >"$here/core.counts"
for host in kernel files numbered uplinks daemon foreign byhand bans strays outside gateless lent; do
	for stage in apply nothing check checked; do
		# The judge on hosts that it has most to say of.
		case $stage:$host in
		check*:files | check*:daemon | check*:foreign | check*:bans | check*:strays) continue ;;
		esac
		name="$host: $stage"
		small=$(instructions $host $stage 500)
		large=$(instructions $host $stage 1000)
		[ -z "$ACCEPT" ] || echo "$host $stage ${large:-0}" >>"$here/core.counts"
		kept=$(sed -n "s/^$host $stage //p" "$here/core.counts")
		report $((${large:-0} > 0 && ${large:-0} <= 2 * ${kept:-0})) \
			"$name: 1,000 take no more than twice the instructions that are kept" \
			"${large:-none}, kept ${kept:-none}"
		report $((${large:-0} > 0 && 2 * ${large:-0} < 5 * ${small:-0})) \
			"$name: twice as many take less than two and a half times as long" \
			"${large:-none} of 1,000, ${small:-none} of 500"
	done
done
echo "1..$count"
[ $failures -eq 0 ]
