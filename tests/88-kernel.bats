#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # what run sets
# make check-kernel: what it says of a kernel that runs no tests, and that nothing of it stays.

load lab/test

# A program that passes for a user-mode kernel, and does what FAKE_KERNEL says.
setup_file() {
	export KERNEL=$BATS_FILE_TMPDIR/kernel ROOT=$BATS_FILE_TMPDIR/root
	mkdir "$ROOT"
	gcc -xc -o "$KERNEL" - <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <unistd.h>

		int main(int argc, char **argv)
		{
			if (argc == 2 && !strcmp(argv[1], "--version"))
				return puts("6.1.0") < 0;
			return execlp("bash", "bash", "-c", getenv("FAKE_KERNEL"), (char *)NULL);
		}
	END
}

# boots COMMAND: it does so in the place of a kernel.
boots() {
	mkdir -p "$BATS_TEST_TMPDIR/tmp"
	FAKE_KERNEL=$1 TMPDIR=$BATS_TEST_TMPDIR/tmp \
		run make --no-print-directory check-kernel KERNEL="$KERNEL" TESTS='tests/00-lab.bats cases'
}

nothing_stays() {
	is "$(ls -A "$BATS_TEST_TMPDIR/tmp")" '' 'files that stay'
	is "$(pgrep -f "$BATS_TEST_TMPDIR" || true)" '' 'processes that stay'
}

@test "tests that a kernel makes up are not those that were asked for" {
	boots 'printf "%s\n" "1..1" "ok 1" "# end" >&3'
	is_not "$status" 0
	has "$output" '^not ok - tests/00-lab\.bats was not run'
	has "$output" '^not ok - cases was not run'
	nothing_stays
}

@test "a kernel that ends before its tests is told, and what it started ends with it" {
	# shellcheck disable=SC2016 # for the kernel's shell
	boots 'echo "# tests/00-lab.bats" >&3; setsid sleep 1000 & kill -9 $$'
	is_not "$status" 0
	has "$output" 'ended before its tests did'
	nothing_stays
}

@test "nothing of it stays when make is killed" {
	local made
	mkdir "$BATS_TEST_TMPDIR/tmp"
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	# shellcheck disable=SC2016 # for the kernel's shell
	FAKE_KERNEL='setsid sleep 1000 & touch "$TMPDIR/booted"; sleep 1000' \
		make --no-print-directory check-kernel KERNEL="$KERNEL" TESTS=tests/00-lab.bats 3>&- >/dev/null 2>&1 &
	made=$!
	within 30 test -e "$TMPDIR/booted"
	rm "$TMPDIR/booted"
	kill -9 "$made"
	within 10 nothing_stays
}
