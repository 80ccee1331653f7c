#!/bin/bash
# SPDX-License-Identifier: MIT
# Puts a report into the READMEs: its rows that have a goal, between the markers.
#
# readme.sh REPORT README.md README.ja.md

here=$(dirname "$(readlink -f "$0")")
report=$1

# put README: the rows are on standard input. Written beside it first, as an empty table is none.
put() {
	awk -v rows="$(cat)" '
		/^<!-- END make bench/ { within = 0; ends++ }
		!within
		/^<!-- BEGIN make bench/ { within = 1; print rows }
		END { exit rows == "" || ends != 1 }' "$1" >"$1.new" &&
		cat "$1.new" >"$1"
	local status=$?
	rm -f "$1.new"
	[ $status -eq 0 ] || echo "readme.sh: $1: expected rows and one pair of markers" >&2
	return $status
}

with_goals() {
	grep -v '|  |  |$' "$report"
}

with_goals | put "$2" && with_goals | sed -f "$here/ja.sed" | put "$3"
