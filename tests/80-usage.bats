#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the program says of itself, and of a command line that it does not understand.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return
	PATH=$(readlink -f "${BUILD:-build}"):$PATH
}

# transcript FILE: runs each line "$ COMMAND" of it; prints all that these say, as in FILE.
transcript() {
	local command status
	while IFS= read -r command; do
		status=0
		echo "\$ $command"
		bash -c "$command" 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
		sed 's/^/stderr: /' "$BATS_TEST_TMPDIR/stderr"
		[ $status = 0 ] || echo "exit $status"
		echo
	done < <(sed -n 's/^\$ //p' "$1")
}

# ACCEPT=1 makes what is said now what is expected; read it before it is kept.
@test "help and mistakes are worded as in the transcript" {
	local got=$BATS_TEST_TMPDIR/transcript
	transcript tests/usage/transcript >"$got"
	[ -z "${ACCEPT-}" ] || cp "$got" tests/usage/transcript
	diff -u tests/usage/transcript "$got"
}

@test "--version is the version of the Makefile" {
	# shellcheck disable=SC2016 # make's
	[ "$(multihome --version)" = "multihome $(make -s --eval 'v:; @echo $(VERSION)' v)" ]
	[ "$(multihome version)" = "$(multihome --version)" ]
}

@test "help fits 80 columns" {
	local verb verbs
	verbs=$(multihome --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p')
	[ -n "$verbs" ]
	for verb in '' $verbs; do
		# shellcheck disable=SC2086 # none is no word
		! multihome $verb --help | grep -E '^.{81}' || return 1
	done
}

@test "a mistake is one line on stderr, nothing on stdout, status 2" {
	local command
	while read -r command; do
		run --separate-stderr bash -c "$command"
		[ "$status/$output" = 2/ ]
		# shellcheck disable=SC2154 # run sets it
		[ "$(wc -l <<<"$stderr")" = 1 ]
	done <<-END
	multihome
	multihome nosuchverb
	multihome plan --nosuchoption
	multihome up
	multihome show eth0 extra
	multihome check extra
	multihome explain nowhere
	multihome explain 192.0.2.1 192.0.2.2 192.0.2.3
	END
}
