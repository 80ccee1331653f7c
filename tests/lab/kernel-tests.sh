#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs tests for kernel.sh, there or here: TAP, and "# end" when all are through.
#
# usage: kernel-tests.sh TEST…     KERNEL_FILTER as kernel.sh knows it

# A test that an old kernel never ends is one that failed.
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-900}
# shellcheck source-path=SCRIPTDIR source=tap.bash
. "$(dirname "$0")/tap.bash"
tap=$(mktemp) || exit 1
trap 'rm "$tap"' EXIT
trap 'exit 130' INT TERM HUP
for test; do
	echo "# $test"
	case $test in
	*.bats) bats --tap ${KERNEL_FILTER:+--filter-tags "$KERNEL_FILTER"} "$test" ;;
	*) bash "tests/$test/run.sh" ;;
	esac </dev/null 2>&1 | tee "$tap"
	tap_whole "$tap" || echo "not ok - $test broke down, or has no such test"
done
echo '# end'
