#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the packet tests under the real network-scripts of each EL release, and 20 random hosts
# (or HOSTS=N).
#
# usage: check-real.sh DIR    DIR holds rhel5-branch … rhel8-branch, or is a git
#                             checkout or bare repository with those branches

set -u
tests=$(dirname "$(readlink -f "$0")")/..
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

# run BRANCH FILES COMMAND…: shows its TAP and adds to the counts.
run() {
	local log=$temporary/$1.tap
	export LAB_INITSCRIPTS=$2
	shift 2
	"$@" 2>&1 | tee "$log"
	passed=$((passed + $(grep -c '^ok ' "$log")))
	failed=$((failed + $(grep -c '^not ok ' "$log")))
	# a suite that broke down before its last test has not passed
	[ "$(grep -cE '^(not )?ok ' "$log")" = "$(sed -n 's/^1\.\.//p' "$log")" ] ||
		failed=$((failed + 1))
}

if [ $# != 1 ] || [ ! -d "$1" ]; then
	echo "usage: check-real.sh DIR (with $branches, or a git repository that has them)" >&2
	exit 2
fi
temporary=$(mktemp -d) || exit 1
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT TERM HUP
passed=0 failed=0 found=0
for branch in $branches; do
	files=$(checkout "$1" "$branch") || continue
	found=$((found + 1))
	echo "# $branch"
	# what never enters the lab is the same everywhere
	mapfile -t suites < <(grep -lE '\<(host_up|lab_up|started)\>' "$tests"/*.bats)
	run "$branch" "$files" bats --tap "${suites[@]}"
	HOSTS=${HOSTS:-20} run "$branch" "$files" bash "$tests/hosts/run.sh"
done
if [ $found = 0 ]; then
	echo "check-real.sh: $1 has none of $branches" >&2
	exit 2
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
