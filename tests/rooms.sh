#!/bin/bash
# SPDX-License-Identifier: MIT
# The rooms of helper/: a file includes nothing of a room below its own, and no files include each
# other in a circle (a .c and its .h count as one). TAP.
#
# usage: rooms.sh [DIR]     DIR holds the rooms; helper/ unless named

cd "${1:-$(dirname "$0")/../helper}" || exit 1
rooms='base net conf plan judge sys watch cmd'

grep -H '^#include "' -- */*.[ch] | sed 's/:#include "/ /; s/"$//' |
	awk -v rooms="$rooms" -v known="$(echo ./*/*.[ch])" '
	function room(file) {
		sub(/\/.*/, "", file)
		return file
	}
	function stem(file) {
		sub(/\.[ch]$/, "", file)
		return file
	}
	# Depth first: state 1 is on the way, 2 is done.
	function visit(at, path,    n, next_ones, i) {
		if (state[at] == 1) {
			circles = circles "\n#" path " " at
			return
		}
		if (state[at] == 2)
			return
		state[at] = 1
		n = split(uses[at], next_ones, " ")
		for (i = 1; i <= n; i++)
			visit(next_ones[i], path " " at)
		state[at] = 2
	}
	BEGIN {
		n = split(rooms, list, " ")
		for (i = 1; i <= n; i++)
			place[list[i]] = i
		n = split(known, list, " ")
		for (i = 1; i <= n; i++) {
			sub(/^\.\//, "", list[i])
			there[list[i]] = 1
			if (!(room(list[i]) in place))
				strays = strays "\n# " list[i]
		}
	}
	{
		if (!($2 in there))
			strays = strays "\n# " $1 " includes " $2
		else if (place[room($2)] > place[room($1)])
			upward = upward "\n# " $1 " includes " $2
		if (stem($1) != stem($2))
			uses[stem($1)] = uses[stem($1)] " " stem($2)
		lines++
	}
	function say(number, what, faults) {
		printf "%sok %d - %s%s\n", faults ? "not " : "", number, what, faults
		failed += faults != ""
	}
	END {
		for (file in uses)
			visit(file, "")
		say(1, "all files lie in rooms, and include what is there", strays)
		say(2, "no room uses one below it", upward)
		say(3, "no files include each other in a circle", circles)
		say(4, "includes were found", lines > 50 ? "" : "\n# " lines)
		print "1..4"
		exit failed > 0
	}'
