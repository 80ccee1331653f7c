#!/bin/bash
# SPDX-License-Identifier: MIT
# All tests: builds with warnings as errors, runs each suite, ends with "N passed, N failed".
#
# A suite prints TAP; what it printed is kept in build/check/SUITE.tap. Five run side by side: most of
# their time they wait for packets.

cd "$(dirname "$0")/.." || exit 1
. tests/lab/tap.bash
export BUILD=build
results=build/check
rm -rf "$results"
mkdir -p "$results"

# A suite's own failure (a crash, a plan that was not kept) counts as one more test.
suite() { # NAME COMMAND...
	local name=$1 tap=$results/$1.tap seconds=$SECONDS status spent passed failed
	local TIMEFORMAT='%U %S'
	shift
	spent=$( { time "$@" </dev/null >"$tap" 2>&1; } 2>&1)
	status=$?
	if ! tap_whole "$tap"; then
		echo "not ok - $name: broke down (status $status)" >>"$tap"
	elif [ $status -ne 0 ] && ! grep -q '^not ok ' "$tap"; then
		echo "not ok - $name: exit status $status" >>"$tap"
	fi
	read -r passed failed _ < <(tap_count "$tap")
	printf '%-22s %4d ok  %3d not ok  %3d s, %3.0f of a processor\n' "$name" \
		"$passed" "$failed" $((SECONDS - seconds)) \
		"$(awk '{ print $1 + $2 }' <<<"$spent")"
	# What went wrong, with what was said of it.
	awk '/^not ok /{show = 1} /^ok /{show = 0} show' "$tap" | head -n 200
}

sources() {
	local failed=0 file n=0
	while read -r file; do
		n=$((n + 1))
		if shellcheck -x "$file"; then
			echo "ok $n - shellcheck $file"
		else
			echo "not ok $n - shellcheck $file"
			failed=1
		fi
	done < <(grep -rlE '^#!/bin/(ba|)sh|^#!/usr/bin/env bats|^# shellcheck shell=' \
		helper network-scripts rpm tests .ci |
		grep -v '^tests/cases/.*/' | LC_ALL=C sort)
	echo "1..$n"
	return $failed
}

compile() {
	local flags='-O2 -g -Werror' n=0 failed=0 target
	for target in build unit fuzz-replay; do
		n=$((n + 1))
		if make -s -j 2 CFLAGS="$flags" $target; then
			echo "ok $n - make $target without a warning"
		else
			echo "not ok $n - make $target without a warning"
			failed=1
		fi
	done
	echo "1..$n"
	return $failed
}

# In a user-mode kernel, which has VLANs, bonds, VRFs …; other systems than Debian have no package.
devices() {
	if [ "${CI-}" != true ] && ! command -v linux.uml >/dev/null; then
		printf '1..1\nok 1 # skip no user-mode kernel\n'
		return
	fi
	KERNEL_FILTER=kernel bash tests/lab/kernel.sh linux.uml tests/95-devices.bats tests/66-judge.bats &&
		MACHINE=yes KERNEL_FILTER=machine bash tests/lab/kernel.sh linux.uml tests/10-answers.bats
}

suite compile compile
suite hardening bash tests/hardening.sh build/multihome
for test in build/test_*; do
	[ -x "$test" ] && suite "${test#build/}" "$test"
done
for test in build/replay/fuzz_*; do
	[ -x "$test" ] && suite "${test##*/}" "$test" -runs 3000 "tests/fuzz/corpus/${test##*_}"
done
suite shvar-bash bash tests/unit/shvar_bash.sh build
suite rooms bash tests/rooms.sh
export -f suite sources devices tap_whole tap_count
export results
# shellcheck disable=SC2016
# The longest first; 90-watch waits most of its time.
{
	printf '%s\n' devices cases tests/90-watch.bats hosts faults speed tests/91-marks.bats tests/66-judge.bats \
		tests/85-rpm.bats property shellcheck
	printf '%s\n' tests/[0-57]*.bats tests/6[0-5]*.bats tests/8[0-4]*.bats tests/8[678]*.bats tests/92*.bats
} | xargs -P 5 -I @ bash -c '
	name=$(basename @ .bats)
	case @ in
	*.bats) suite "$name" bats --tap --filter-tags '"'!long'"' @ ;;
	speed) suite speed bash tests/bench/core.sh ;;
	devices) suite devices devices ;;
	shellcheck) suite shellcheck sources ;;
	hosts) HOSTS=${HOSTS:-50} suite hosts bash tests/hosts/run.sh ;;
	*) suite "$name" bash tests/@/run.sh ;;
	esac'

read -r passed failed skipped < <(tap_count "$results"/*.tap)
[ "$skipped" -eq 0 ] || printf '%s skipped: see %s\n' "$skipped" "$results"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
