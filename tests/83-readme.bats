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

@test "README has 130 lines at most, and links to what is there" {
	local file
	[ "$(wc -l <README.md)" -le 130 ]
	[ "$(wc -l <README.ja.md)" -le 130 ]
	grep -oE '\]\([^)#]+\)' README*.md docs/*.md | sed 's/[^/]*:](//; s/)$//' | sort -u >"$BATS_TEST_TMPDIR/links"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/links")" -ge 10 ]
	while read -r file; do
		[ -e "$file" ] || { echo "no $file"; return 1; }
	done <"$BATS_TEST_TMPDIR/links"
}

@test "the pictures are those that their script draws" {
	sh docs/pictures.sh "$BATS_TEST_TMPDIR"
	cmp docs/problem.svg "$BATS_TEST_TMPDIR/problem.svg"
	cmp docs/cure.svg "$BATS_TEST_TMPDIR/cure.svg"
	python3 -c "import sys, xml.dom.minidom as x; [x.parse(f) for f in sys.argv[1:]]" docs/*.svg
}

@test "a verdict and its cure are those that explain prints" {
	diff <(sed -n 's/^    \(\(verdict\|cure\) \)/\1/p' docs/troubleshooting.md) \
		<(grep '^verdict\|^cure' tests/expect/explain-el6.txt)
}

@test "the table of speed has the figures of the kept results" {
	cp docs/speed.md "$BATS_TEST_TMPDIR"
	gawk -f tests/bench/report.awk tests/bench/results >"$BATS_TEST_TMPDIR/report"
	tests/bench/table.sh "$BATS_TEST_TMPDIR"/{report,speed.md}
	diff -u docs/speed.md "$BATS_TEST_TMPDIR/speed.md"
}

@test "a report without rows, and a page without markers, are refused and nothing is changed" {
	cp docs/speed.md "$BATS_TEST_TMPDIR"
	: >"$BATS_TEST_TMPDIR/report"
	run ! tests/bench/table.sh "$BATS_TEST_TMPDIR"/{report,speed.md}
	cmp docs/speed.md "$BATS_TEST_TMPDIR/speed.md"
	echo '| a | b | c | d | e | f |' >"$BATS_TEST_TMPDIR/report"
	sed '/make bench -->/d' docs/speed.md >"$BATS_TEST_TMPDIR/bare.md"
	cp "$BATS_TEST_TMPDIR"/{bare,speed}.md
	run ! tests/bench/table.sh "$BATS_TEST_TMPDIR"/{report,speed.md}
	cmp "$BATS_TEST_TMPDIR"/{bare,speed}.md
}
