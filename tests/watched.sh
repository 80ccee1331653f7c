#!/bin/bash
# SPDX-License-Identifier: MIT
# Unit, case, property and packet tests, with each call of the program watched.
#
# watched.sh valgrind|sanitizers|coverage [SUITE...]
#   valgrind    use of memory, leaks, descriptors left open
#   sanitizers  gcc's, of addresses and of undefined behaviour
#   coverage    which lines of helper/ are reached; what is not is in build/coverage/uncovered
# SUITE: unit, cases, property, shvar, *.bats; all of them, if nothing is said.
#
# Without tests/faults: what it has fail or kills at a system call is the tool's own call as well,
# and libgcov's files would be broken for all that follows. And without tests that a tool disturbs,
# which are tagged so: no-valgrind, no-sanitizers.

cd "$(dirname "$0")/.." || exit 1
tool=${1:?usage: watched.sh valgrind|sanitizers|coverage [SUITE...]}
shift
suites=("$@")
[ $# -gt 0 ] || suites=(unit shvar cases property tests/*.bats)
export BUILD=build/$tool LAB_BUILD=build/$tool
valgrind="$(command -v valgrind) -q --leak-check=full --track-fds=yes --vgdb=no"
sanitize='-fno-sanitize-recover=all -fsanitize=address,undefined'
watcher=()
[ "$tool" != valgrind ] || watcher=(-DTOOL="\"$valgrind\"")
failures=0

# watch NAME: from here on a program of that name has the tool watch it.
watch() {
	mv "$BUILD/$1" "$BUILD/watched/"
	"${CC:-cc}" -g -static -DREPO="\"$PWD\"" -DBUILD="\"$BUILD\"" -DPROGRAM="\"$1\"" \
		"${watcher[@]}" -o "$BUILD/$1" tests/watcher.c || exit 1
}

build() {
	local flags='-g -O1' parts=${PWD//[!\/]/}
	case $tool in
	sanitizers) flags="-g -O1 $sanitize" ;;
	coverage) flags='-g -O0 --coverage' ;;
	esac
	rm -rf "$BUILD"
	mkdir -p "$BUILD/reports" "$BUILD/watched"
	# Others than root report, too.
	chmod 1777 "$BUILD/reports"
	if [ "$tool" = coverage ]; then
		"${CC:-cc}" -g -DBUILD="\"$BUILD\"" -DPARTS="\"${#parts}\"" -c -o "$BUILD/where.o" \
			tests/watched.c || exit 1
		make -s -j 2 CFLAGS="$flags" LDFLAGS="$BUILD/where.o" build unit || exit 1
		return
	fi
	make -s -j 2 CFLAGS="$flags" build unit || exit 1
	watch multihome
	watch shvar_dump
}

run_units() {
	local test before=
	[ "$tool" != valgrind ] || before="$valgrind --error-exitcode=99"
	for test in "$BUILD"/test_*; do
		[ ! -x "$test" ] || run $before "$test"
	done
}

# Says only what failed.
run() {
	"$@" >"$BUILD/out" 2>&1 && return
	failures=1
	echo "not ok - $*"
	grep -v '^ok ' "$BUILD/out" | head -n 50
}

run_suite() {
	case $1 in
	unit) run_units ;;
	shvar) run bash tests/unit/shvar_bash.sh "$BUILD" 100 ;;
	*.bats) run bats --tap --filter-tags "!no-$tool" "$1" ;;
	*) run bash "tests/$1/run.sh" ;;
	esac
}

# All that is said is a fault, but for the descriptors that the program began with, and the lock:
# it is held until the process ends.
check_reports() {
	find "$BUILD/reports" -type f -size +0 -exec cat {} + |
		grep -v 'FILE DESCRIPTORS\|^==[0-9]*== *$' |
		awk '/Open file descriptor .*\/multihome\/lock$/ { lock = 1; next }
			lock && / (at|by) 0x/ { next }
			{ lock = 0 }
			/Open file descriptor|Open AF_/ { held = $0; next }
			/<inherited from parent>/ { held = ""; next }
			held { print held; held = "" } { print }' >"$BUILD/faults"
	echo "$(find "$BUILD/reports" -type f | wc -l) calls, $(wc -l <"$BUILD/faults") lines of faults"
	head -n 100 "$BUILD/faults"
	[ ! -s "$BUILD/faults" ] || failures=1
}

check_coverage() {
	mkdir -p "$BUILD/gcov"
	(cd "$BUILD/gcov" && ln -sfn ../../../helper helper && for room in helper/*/; do
		gcov -p -o ../"${room#helper/}" "$room"*.c
	done) >/dev/null 2>&1
	(cd "$BUILD/gcov" && awk -F: '
		FNR == 1 { file = FILENAME; sub(/\.gcov$/, "", file); gsub(/#/, "/", file) }
		$1 !~ /-/ { all[file]++; lines++ }
		$1 ~ /#####|=====/ { print file ":" $2 ":" $3 >"../uncovered"; missed[file]++; misses++ }
		END {
			for (file in all)
				printf "%5.1f %% of %4d lines  %s\n",
					100 * (1 - missed[file] / all[file]), all[file], file
			printf "%5.1f %% of %4d lines\n", 100 * (1 - misses / lines), lines
			exit (misses > lines * 0.05)
		}' ./*.c.gcov | LC_ALL=C sort -k 6
	exit "${PIPESTATUS[0]}") || failures=1
}

build
for suite in "${suites[@]}"; do
	seconds=$SECONDS
	run_suite "$suite"
	# What others than root reach counts, too.
	[ "$tool" != coverage ] || chmod -f a+rw "$BUILD"/*/*.gcda
	echo "$tool $suite: $((SECONDS - seconds)) s"
done
case $tool in
coverage) check_coverage ;;
*) check_reports ;;
esac
exit $failures
