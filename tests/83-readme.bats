#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# README.md and README.ja.md say the same.

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
