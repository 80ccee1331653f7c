# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Which suites there are, and what those printed that ran.

# packet_suites FOLDER: the suites there that enter a lab; the others are the same everywhere.
packet_suites() {
	grep -lE '\<(host_up|lab_up|started|old_host|marked)\>' "$1"/*.bats
}

# tap_whole FILE: as many tests ran as each plan in it says, and there were some.
tap_whole() {
	awk '/^1\.\.[0-9]/ { planned += substr($1, 4) }
		/^(not )?ok / { ran++ }
		END { exit !ran || planned != ran }' "$1"
}

# tap_count FILE…: "PASSED FAILED SKIPPED" of all of them.
tap_count() {
	awk '/^ok / { if (/# skip/) skipped++; else passed++ }
		/^not ok / { failed++ }
		END { print passed + 0, failed + 0, skipped + 0 }' "$@"
}
