#!/bin/bash
# SPDX-License-Identifier: MIT
# Faults: runs that are killed or in which something fails, at each place in turn; whether what was
# written down before is enough to take all back; races; a soak. TAP.
#
# run.sh            a bounded share of it, at other places each time, for make check
# FAULTS=all run.sh all of it (make check-faults)
# run.sh PART...    all of these parts: kill-sync, netlink-down, records, races, soak, ...
#
# SECONDS_OF_RACES, RESTARTS: how long the last two go on.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
. "$here/../lab/lab.sh"
export BUILD=${BUILD:-build}
inside=/run/lab/repo/tests/faults

# every HOW: of so many places one is tried.
every() {
	[ -z "$all" ] || { echo 1; return; }
	case $1 in
	kill) echo 90 ;;
	fail) echo 240 ;;
	memory) echo 240 ;;
	netlink) echo 75 ;;
	records) echo 6 ;;
	resident) echo 40 ;;
	esac
}

# in_lab UPLINKS PART...: in a shell of its own, with which the lab ends.
in_lab() (
	export LAB_UPLINKS=$1
	shift
	trap lab_down EXIT
	lab_up || exit 1
	lab_uplinks
	lab_uplink 1 RP_FILTER=loose
	host make -s -C /run/lab/repo install BUILD="$BUILD" DESTDIR= PREFIX=/usr SBINDIR=/sbin \
		SYSCONFDIR=/etc >/dev/null
	host bash -c ". $inside/host.sh; admin_moves_in" || exit 1
	host service network start >/dev/null 2>&1
	for part; do
		# shellcheck disable=SC2046 # words
		host env BUILD="$BUILD" SECONDS_OF_RACES="$SECONDS_OF_RACES" RESTARTS="$RESTARTS" \
			bash $(command_of "$part") || echo "not ok 0 - $part: exit status $?"
	done
)

command_of() { # PART
	case $1 in
	races | soak) echo "$inside/$1.sh" ;;
	races-watch) echo "$inside/races.sh watch" ;;
	resident) echo "$inside/resident.sh $(every resident)" ;;
	records) echo "$inside/records.sh $(every records)" ;;
	*) echo "$inside/campaign.sh ${1%-*} ${1#*-} $(every "${1%-*}")" ;;
	esac
}

# Numbers the tests of all parts on.
numbered() {
	awk '
		/^1\.\.[0-9]+$/ { next }
		/^(not )?ok [0-9]+ / { sub(/ok [0-9]+/, "ok " ++n) }
		/^not ok / { failed = 1 }
		{ print; fflush() }
		END { print "1.." n; exit failed }'
}

all=${FAULTS:+all}
campaigns=()
for how in kill fail memory netlink; do
	for verb in prepare up sync down clean watch; do campaigns+=("$how-$verb"); done
done
if [ $# != 0 ]; then
	all=all
else
	set -- "${campaigns[@]}" records races races-watch resident soak
fi
SECONDS_OF_RACES=${SECONDS_OF_RACES:-${all:+60}} RESTARTS=${RESTARTS:-${all:+1000}}
SECONDS_OF_RACES=${SECONDS_OF_RACES:-5} RESTARTS=${RESTARTS:-6}
{
	calm=()
	for part; do
		case $part in
		races*) in_lab 8 "$part" ;;
		soak) in_lab 3 soak ;;
		*) calm+=("$part") ;;
		esac
	done
	[ ${#calm[@]} = 0 ] || in_lab 2 "${calm[@]}"
} 2>&1 | numbered
