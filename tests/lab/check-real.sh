#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the packet tests under the real network-scripts of each EL release, and 20 random hosts
# (or HOSTS=N).
#
# usage: check-real.sh DIR    DIR holds rhel5-branch … rhel8-branch, or is a git
#                             checkout or bare repository with those branches

set -u
tests=$(dirname "$(readlink -f "$0")")/..
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$tests/lab/tap.bash"
branches='rhel5-branch rhel6-branch rhel7-branch rhel8-branch'

# checkout DIR BRANCH: prints where that branch's files are; fails if nowhere.
checkout() {
	local ref
	if [ -d "$1/$2" ]; then
		readlink -f "$1/$2"
		return
	fi
	for ref in "$2" "origin/$2"; do
		git -C "$1" rev-parse -q --verify "$ref^{tree}" >/dev/null 2>&1 || continue
		mkdir "$temporary/$2"
		git -C "$1" archive "$ref" | tar -x -C "$temporary/$2"
		echo "$temporary/$2"
		return
	done
	return 1
}

# suite NAME.bats|hosts: shows its TAP, and keeps it. Four run side by side: most of their time they
# wait for packets.
suite() {
	local log=$kept/${1##*/}
	case $1 in
	*.bats) bats --tap "$1" ;;
	*) HOSTS=${HOSTS:-20} bash "$tests/hosts/run.sh" ;;
	esac >"$log" 2>&1
	# A suite that broke down before its last test has not passed.
	tap_whole "$log" || echo "not ok - ${1##*/} broke down" >>"$log"
	cat "$log"
}
export -f suite tap_whole

if [ $# != 1 ] || [ ! -d "$1" ]; then
	echo "usage: check-real.sh DIR (with $branches, or a git repository that has them)" >&2
	exit 2
fi
temporary=$(mktemp -d) || exit 1
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT TERM HUP
found=0
export tests kept
for branch in $branches; do
	files=$(checkout "$1" "$branch") || continue
	found=$((found + 1))
	echo "# $branch"
	kept=$temporary/kept/$branch
	mkdir -p "$kept"
	{ packet_suites "$tests"; echo hosts; } |
		LAB_INITSCRIPTS=$files xargs -P 4 -I @ bash -c 'suite @'
done
if [ $found = 0 ]; then
	echo "check-real.sh: $1 has none of $branches" >&2
	exit 2
fi
read -r passed failed _ < <(tap_count "$temporary"/kept/*/*)
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
