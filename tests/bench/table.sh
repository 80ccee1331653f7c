#!/bin/bash
# SPDX-License-Identifier: MIT
# Puts a report's rows that have a goal into a page, between the markers.
#
# table.sh REPORT PAGE

# Written beside it first, as an empty table is none.
awk -v rows="$(grep -v '|  |  |$' "$1")" '
	/^<!-- END make bench/ { within = 0; ends++ }
	!within
	/^<!-- BEGIN make bench/ { within = 1; print rows }
	END { exit rows == "" || ends != 1 }' "$2" >"$2.new" &&
	cat "$2.new" >"$2"
status=$?
rm -f "$2.new"
[ $status -eq 0 ] || echo "table.sh: $2: expected rows and one pair of markers" >&2
exit $status
