#!/bin/bash
# SPDX-License-Identifier: MIT
# Within the lab's host: restarts with random edits in between; nothing grows.
#
# Environment: RESTARTS

here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"

# key FILE KEY [VALUE]: sets it, or takes it away.
key() {
	sed -i "/^$2=/d" "$1"
	[ $# = 2 ] || echo "$2=$3" >>"$1"
}

# Edits that an administrator may think of, each undone or redone by a later one.
edit() {
	local k=$((RANDOM % 3))
	local file=$scripts/ifcfg-eth$k
	case $((RANDOM % 6)) in
	0) key "$file" TABLE $((150 + RANDOM % 8 * 8 + k)) ;;
	1) key "$file" TABLE 10$k ;;
	2) key "$file" MULTIHOME no ;;
	3) key "$file" MULTIHOME ;;
	4) key "$file" FALLBACK no ;;
	5) ip link set eth$k down ;;
	esac
}

undo() {
	local k
	for k in 0 1 2; do
		key "$scripts/ifcfg-eth$k" TABLE 10$k
		key "$scripts/ifcfg-eth$k" MULTIHOME
		key "$scripts/ifcfg-eth$k" FALLBACK
	done
}

# size: numbers of what could grow.
size() {
	echo "rules $(ip -4 rule | wc -l)"
	echo "routes $(ip -4 route show table all | wc -l)"
	echo "files $(find $scripts | wc -l)"
	echo "lines $(cat $scripts/r*-eth? | wc -l)"
	echo "state $(find /var/run/multihome | wc -l)"
	echo "bytes of state $(cat /var/run/multihome/* | wc -c)"
}

restart() {
	service network restart >/dev/null 2>&1
}

undo
restart
restart
size >$work/size
state >$work/first.state
for ((n = 1; n <= RESTARTS; n++)); do
	edit
	restart
done
undo
restart
restart
if diff $work/size <(size) >$work/wrong && state | diff $work/first.state - >>$work/wrong; then
	ok "soak: nothing has grown in $RESTARTS restarts"
else
	not_ok "soak: something has grown in $RESTARTS restarts" <$work/wrong
fi
finish
