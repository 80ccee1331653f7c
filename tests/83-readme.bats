#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# README.md and README.ja.md say the same.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return
}

@test "both have the same sections, and in each the same code, commands, keys and tables" {
	diff -u --label README.md --label README.ja.md \
		<(gawk -f tests/manual/outline.awk README.md) \
		<(gawk -f tests/manual/outline.awk README.ja.md)
}

@test "each leads to the other" {
	grep -q '^\[日本語\](README.ja.md)$' README.md
	grep -q '^\[English\](README.md)$' README.ja.md
}

@test "a verdict and its cure are those that explain prints" {
	diff <(sed -n 's/^    \(\(verdict\|cure\) \)/\1/p' README.md) \
		<(grep '^verdict\|^cure' tests/expect/explain-el6.txt)
}

@test "the figures are those of the kept results, and none of their words is left in English" {
	cp README.md README.ja.md "$BATS_TEST_TMPDIR"
	gawk -f tests/bench/report.awk tests/bench/results >"$BATS_TEST_TMPDIR/report"
	tests/bench/readme.sh "$BATS_TEST_TMPDIR"/{report,README.md,README.ja.md}
	diff -u README.md "$BATS_TEST_TMPDIR/README.md"
	diff -u README.ja.md "$BATS_TEST_TMPDIR/README.ja.md"
	run ! grep -E '^\|.*(beside| met |uplink|hook|memory|bytes|dump|rules|median)' README.ja.md
}

@test "a report without rows, and a README without markers, are refused and nothing is changed" {
	cp README.md "$BATS_TEST_TMPDIR"
	: >"$BATS_TEST_TMPDIR/report"
	run ! tests/bench/readme.sh "$BATS_TEST_TMPDIR"/{report,README.md,README.md}
	cmp README.md "$BATS_TEST_TMPDIR/README.md"
	echo '| a | b | c | d | e | f |' >"$BATS_TEST_TMPDIR/report"
	sed '/make bench -->/d' README.md >"$BATS_TEST_TMPDIR/bare.md"
	cp "$BATS_TEST_TMPDIR"/{bare,README}.md
	run ! tests/bench/readme.sh "$BATS_TEST_TMPDIR"/{report,README.md,README.md}
	cmp "$BATS_TEST_TMPDIR"/{bare,README}.md
}
