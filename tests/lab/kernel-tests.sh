#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs tests for kernel.sh, there or here: TAP, and "# end" when all are through.
#
# usage: kernel-tests.sh TEST…     KERNEL_FILTER as kernel.sh knows it

# A test that an old kernel never ends is one that failed.
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-300}
tap=$(mktemp) || exit 1
for test; do
	echo "# $test"
	case $test in
	*.bats) bats --tap ${KERNEL_FILTER:+--filter-tags "$KERNEL_FILTER"} "$test" ;;
	*) bash "tests/$test/run.sh" ;;
	esac </dev/null 2>&1 | tee "$tap"
	[ "$(sed -n 's/^1\.\.//p' "$tap")" = "$(grep -cE '^(not )?ok ' "$tap")" ] ||
		echo "not ok - $test broke down"
done
rm "$tap"
echo '# end'
