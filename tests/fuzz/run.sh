#!/bin/bash
# SPDX-License-Identifier: MIT
# Fuzzes each target in turn, on what corpus/ and earlier runs have.
#
# run.sh BUILD_DIR [NAME...]: BUILD_DIR/fuzz_NAME are linked with libFuzzer.
# FUZZ_SECONDS: of each, 60 if nothing is said; FUZZ_RUNS: at most so many inputs of each
#
# New inputs that reach new code are kept in BUILD_DIR/corpus; one that fails in BUILD_DIR/found,
# and belongs into corpus/ with the cure.

here=$(cd "$(dirname "$0")" && pwd)
build=${1:?usage: run.sh BUILD_DIR [NAME...]}
shift

names=("$@")
[ $# -gt 0 ] || names=(shvar block lease tables plan netlink chains)
mkdir -p "$build/found"
# Short stacks of allocations: twice as many inputs in the same time.
export ASAN_OPTIONS=malloc_context_size=2:quarantine_size_mb=8
failures=0
for name in "${names[@]}"; do
	mkdir -p "$build/corpus/$name"
	case $name in
	plan | netlink) len=4096 ;;
	*) len=1024 ;;
	esac
	nice "$build/fuzz_$name" -max_total_time="${FUZZ_SECONDS:-60}" -runs="${FUZZ_RUNS:--1}" \
		-max_len=$len -timeout=10 -print_final_stats=1 -dict="$here/$name.dict" \
		-artifact_prefix="$build/found/$name-" \
		"$build/corpus/$name" "$here/corpus/$name" >"$build/$name.log" 2>&1 || {
		failures=1
		grep -E 'not so:|ERROR|SUMMARY|runtime error|Test unit written' "$build/$name.log"
	}
	printf '%-8s %s\n' "$name" "$(grep -E '^stat::number_of_executed_units|^Done ' "$build/$name.log" |
		paste -sd ' ' | tr -s ' ')"
done
exit $failures
