#!/bin/bash
# SPDX-License-Identifier: MIT
# Plants small faults, one at a time, and sees whether the tests notice.
#
# mutation.sh [COUNT [SEED]]: 50 faults, the same for the same seed, of which each file of the pure
# core has its share; exit 1 if more than one in ten is missed. What was planted stays in
# build/mutation/tree until the next.

cd "$(dirname "$0")/.." || exit 1
count=${1:-50}
seed=${2:-1}
work=$PWD/build/mutation
tree=$work/tree
flags='-g -O1 -fno-sanitize-recover=all -fsanitize=address,undefined'
files=(helper/{net,conf,plan}/*.c)

# One fault a line, for sed; the first that a line has of it is changed.
faults=(
	's/ == / != /' 's/ != / == /' 's/ < / <= /' 's/ > / >= /' 's/ <= / < /' 's/ >= / > /'
	's/ && / || /' 's/ || / \&\& /' 's/return true/return false/' 's/return false/return true/'
	's/ + 1\b//' 's/ - 1\b//' 's/\([( ]\)!\([a-z(]\)/\1\2/' 's/ |= / = /' 's/ += / = /' 's/^\(\t*[^\tf][^;]*\)++;/\1--;/'
	's/^\(\t\t*\)\(continue\|break\);/\1;/' 's/^\(\t\t*\)[a-z_]*([^()]*);$/\1;/'
)

# FILE LINE FAULT of all places, without comments, what is only freed, and the tables of words.
places() {
	local file number
	for file in "${files[@]}"; do
		for number in "${!faults[@]}"; do
			sed -n '/^\t* \*\|^\t*\/\*\|^#\|free(\|^[^\t]\|"/d; '"${faults[number]}; T; =" "$file" |
				sed "s|.*|$file & $number|"
		done
	done
}

# plant FILE LINE FAULT: into a tree that is otherwise as it was.
plant() {
	cp -p "$1" "$tree/$1"
	sed -i "$2${faults[$3]}" "$tree/$1"
}

# in_tree COMMAND...: false if it fails or hangs.
in_tree() {
	(cd "$tree" && timeout 900 "$@") >"$work/out" 2>&1
}

run_units() {
	local test
	for test in "$tree"/build/test_*; do
		[ ! -x "$test" ] || in_tree "$test" || return
	done
	in_tree bash tests/unit/shvar_bash.sh build 100
}

# A few at a time, so that the first that fails ends it.
run_cases() {
	local cases=(tests/cases/*/) i
	cases=("${cases[@]%/}")
	cases=("${cases[@]##*/}")
	for ((i = 0; i < ${#cases[@]}; i += 6)); do
		in_tree bash tests/cases/run.sh "${cases[@]:i:6}" || return
	done
}

# Of those that send packets the ones that meet the core most; without the sanitizers, which do not
# work under strace. Four at a time, as they wait a lot. A suite notices if it fails twice: once may
# be a packet that was late.
run_packets() {
	in_tree make -s -j 2 BUILD=plain CFLAGS='-g -O1' build || return
	printf '%s\n' 90-watch 91-marks 33-never-worse 41-waits 75-ipv6 31-whose 71-aliases 73-gateways \
		40-edits 32-way-out 77-sysctl 87-files >"$work/suites"
	# shellcheck disable=SC2016 # for the shell of each suite
	in_tree env BUILD=plain LAB_BUILD=plain xargs -a "$work/suites" -P 4 -I SUITE bash -c '
		run=(bats --tap --filter-tags "!long" "tests/SUITE.bats")
		"${run[@]}" || "${run[@]}" || exit 255'
}

# notice: names the tests that do.
notice() {
	run_units || { echo unit; return; }
	run_cases || { echo cases; return; }
	in_tree env PROPERTY_HOSTS=10 bash tests/property/run.sh || { echo property; return; }
	run_packets || { echo packets; return; }
	return 1
}

rm -rf "$work"
mkdir -p "$tree"
cp -a Makefile helper man network-scripts rpm sysconfig tests "$tree"
compile=(make -s -j 2 CFLAGS="$flags" build unit)
in_tree "${compile[@]}" || { cat "$work/out"; exit 1; }
! tests=$(notice) || { echo "$tests fail without any fault"; cat "$work/out"; exit 1; }
planted=0 missed=0
while read -r file line fault; do
	plant "$file" "$line" "$fault"
	change=$(diff "$file" "$tree/$file" | sed -n 's/^> *//p' | tr -s '\t ' ' ')
	if in_tree "${compile[@]}"; then
		planted=$((planted + 1))
		if tests=$(notice); then
			echo "$planted noticed by $tests: $file:$line:$change"
		else
			missed=$((missed + 1))
			echo "$planted MISSED: $file:$line:$change"
		fi
	fi
	cp -p "$file" "$tree/$file"
	touch "$tree/$file"
	[ $planted -lt "$count" ] || break
done < <(places | gawk -v seed="$seed" 'BEGIN { srand(seed) } { print rand(), $0 }' | sort -n |
	awk '{ print ++turn[$2], $0 }' | sort -n -s -k 1,1 | cut -d ' ' -f 3-)
echo "$((planted - missed)) of $planted noticed"
[ $planted -eq "$count" ] && [ $((missed * 10)) -le $planted ]
