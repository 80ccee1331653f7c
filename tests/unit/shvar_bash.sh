#!/bin/bash
# SPDX-License-Identifier: MIT
# Random assignment files, read by bash and by shvar_parse: for every key the same answer or a
# refusal, never another answer. A file is made of what real ones hold, and seldom of more.
#
# shvar_bash.sh BUILD_DIR [COUNT [SEED]]: BUILD_DIR/shvar_dump is the compiled shvar_dump.c.
#
# shellcheck disable=SC1003,SC2016,SC2054,SC2191 # what the files are to hold, as it is

build=${1:?usage: shvar_bash.sh BUILD_DIR [COUNT [SEED]]}
count=${2:-500}
RANDOM=${3:-1}
keys=(A B C D E F)
files_a_batch=50

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Each sets $piece, for a subshell each would take a minute.
plain() {
	local -r texts=(a 10.0.0.1 eth0 x-y $'\r' $'\r' é '=' : , + % @ / '#' '!' '}' '{' '[' '*' 'a~b' ~)
	piece=${texts[RANDOM % ${#texts[@]}]}
}

quoted() {
	local -r texts=('a b' ' ' '' '#' '$A' '\\' '\' ';' '&' '|' '~' '"' '`x`' '$(' $'\n' "\\
" 'é' $'\t' $'\r' '日本')
	piece=${texts[RANDOM % ${#texts[@]}]}
}

in_double_quotes() {
	local -r texts=('a b' ' ' '' '#' '\$A' '\\' '\n' ';' '&' "'" '~' '\"' '\`' '$' $'\n' "\\
" 'é' '${A}' '$B' "\\'" '$D.' '${E}F' '!' '\ ' "\$'")
	piece=${texts[RANDOM % ${#texts[@]}]}
}

ansi() {
	local -r texts=('a b' '\n' '\t' '\\' "\\'" '\"' '\a' '\b' '\e' '\f' '\v' '\r' '\101' '\7'
		'\x41' '\x7' '\cA' '"' '\q' '\u41' '\?' '\x' '\0' $'\n' '\1011' '\x411' '$A')
	piece=${texts[RANDOM % ${#texts[@]}]}
}

unquoted() {
	local -r texts=('\ ' '\a' '\$' "\\'" '\"' '\\' '\#' "\\
" '$A' '${B}' '$C' '${D}' '${E}' '$F' '\~' '$' '\;' "''" '""' '$A$B')
	piece=${texts[RANDOM % ${#texts[@]}]}
}

value() {
	local n=$((RANDOM % 4))

	value=
	while ((n-- > 0)); do
		case $((RANDOM % 200)) in
		0) ansi; piece="\$'$piece'" ;;
		1) in_double_quotes; piece="\$\"$piece\"" ;;
		[2-9] | [1-5]?) unquoted ;;
		[6-9]?) quoted; piece="'$piece'" ;;
		1[0-3]?) in_double_quotes; piece="\"$piece\"" ;;
		*) plain ;;
		esac
		value+=$piece
	done
}

# What only a shell knows, seldom.
rare() {
	local -r texts=('A=$(echo 1)' 'B=`echo 1`' 'C=${A:-x}' 'D=$((1 + 2))' 'E=(1 2)' 'F[1]=x'
		'if [ -n "$A" ]; then B=1; else C=1; fi' 'A=1 | true' 'true || B=1' 'unset C'
		'for D in 1 2; do E=$D; done' 'case $A in a*) B=1 ;; *) C=1 ;; esac' '(A=1)'
		'{ B=1; }' 'f() { C=1; }' 'f' 'eval D=1' 'read E <<<1' 'printf -v F x' 'A=1 true'
		'A=2 && B=$A && C=3' 'true <<X
A=$B
X' ': ${D:=1}' 'E=$((A = 1))' '[[ -n $A ]] && F=1' '! A=1' 'A=1 >&2' 'B=1 &' 'C=x D'
		'declare A=1' 'local B=2' 'readonly C=3' 'export A B=2' 'export -n A' 'typeset -i D=1'
		'. /dev/null' 'source /nowhere' 'f() { A=1
}; f' 'function g { B=2; }' 'A+=(x)' 'A=([0]=x)' 'cat <<X
A=1
X' 'cat <<-"X"
	$B
	X' 'return' 'exit 0' 'return 1; A=2' 'B=$(' 'C=`' 'A=1 &>/dev/null' 'A=2 |& cat'
		'until false; do A=1; break; done' 'while read A; do :; done </dev/null'
		'select A in 1; do break; done' 'coproc A { :; }' 'time A=1' '{ A=1' '(A=1' 'exec 3>&1'
		'echo x {A}>/dev/null' '[ -v "A[B=2]" ]' '[[ A=2 -eq 2 ]]' 'D="eval A=9"; $D'
		'set -- A=1' 'set -e' 'alias x=y' 'eval "A=1;"' 'trap "A=1" DEBUG' 'IFS=1' 'A=1; B="x'
		'if true; then "eval" A=7; fi' 'if true; then e\val A=7; fi' 'E=$D >/nowhere/x'
		'case x in x) B=9; esac; C=8' '((A = 1))' 'unset -v A' 'for A do :; done')
	piece=${texts[RANDOM % ${#texts[@]}]}
}

# What people leave in such files, and bash complains about.
accident() {
	local -r texts=('~' '~~' '=====' "don't" 'A = 1' 'A=System eth0' 'B =2' ')' 'fi' 'C="x' "D='y"
		';;' '}' '<<<<<<< HEAD' '>>>>>>> x' 'then' 'E=1 >' '-' 'some words' '$A' '*' '[' ']'
		$'\r' $'# x\r' $'\xef\xbb\xbfA=1' 'A=1;; B=2' '| x' '&& A=1' 'A=2 &&' 'if [ -x /x' 'if A=1'
		'F=x(1)' 'A=1 \' '10.0.0.1' '/sbin/nothing -x "$A" 2>/dev/null' '[ -x / ] && A=1'
		'[ -f /nowhere ] || B=2' '"A=1"' 'A-B=2' '1A=2' '@A=1' '#A=1' 'A= 1' ';' 'A=1; ;' '!')
	piece=${texts[RANDOM % ${#texts[@]}]}
}

line() {
	local -r ends=($'\n' $'\n' $'\n' '; ' ' ' ' # it'\''s'$'\n' $' && ' $'\t\n\n')
	local -r starts=('' '' '' '' '' '  ' 'export ' $'\t' '# no' 'export')
	local -r operators=(= = = = = = +=)

	if ((RANDOM % 14 == 0)); then
		if ((RANDOM % 4)); then accident; else rare; fi
		line=$piece$'\n'
		return
	fi
	value
	line=${starts[RANDOM % ${#starts[@]}]}${keys[RANDOM % ${#keys[@]}]}
	line+=${operators[RANDOM % ${#operators[@]}]}$value${ends[RANDOM % ${#ends[@]}]}
}

# A first line for every key, or a reference would mostly be to the environment.
make_file() {
	local n=$((RANDOM % 8)) key line

	if ((RANDOM % 4)); then
		for key in "${keys[@]}"; do
			value
			printf '%s=%s\n' "$key" "$value"
		done
	fi
	while ((n-- > 0)); do
		line
		printf %s "$line"
	done
}

# As shvar_dump prints it. A shell for each file, because an error that only skips a line in a
# shell ends a subshell.
answer='
	answer() {
		builtin shift
		for key; do
			if builtin [ -n "${!key+set}" ]; then
				builtin printf "%s=%s\0" "$key" "${!key}"
			else
				builtin printf "%s!\0" "$key"
			fi
		done
		builtin printf "\0"
	} >&9
	arguments=("$@")
	trap "answer \"\${arguments[@]}\"" EXIT
	. "$1" >/dev/null 2>&1 </dev/null'
answers='
	for file; do
		"$BASH" --norc -c "$0" bash "$file" $KEYS 9>&1
	done'

read_records() {
	local record

	records=()
	while IFS= read -r -d '' record; do
		records+=("$record")
	done <"$1"
}

# Compares the answers for the files of a batch; counts in known and asked.
compare() {
	local want got at file key

	read_records "$work/want"
	want=("${records[@]}")
	read_records "$work/got"
	got=("${records[@]}")
	if ((${#want[@]} != ${#got[@]})); then
		echo "# bash has ${#want[@]} answers, shvar ${#got[@]}"
		return 1
	fi
	for ((at = 0; at < ${#want[@]}; at++)); do
		key=${want[at]%%[=!]*}
		[[ $key ]] || continue
		asked=$((asked + 1))
		[[ ${got[at]} = "$key?" ]] && continue
		known=$((known + 1))
		[[ ${got[at]} = "${want[at]}" ]] && continue
		file=${files[at / (${#keys[@]} + 1)]}
		printf '# bash:  %q\n# shvar: %q\n# in the file:\n' "${want[at]}" "${got[at]}"
		sed 's/^/#   /' "$file"
		return 1
	done
}

run_batch() {
	local i

	files=()
	for ((i = 0; i < files_a_batch && made < count; i++, made++)); do
		files+=("$work/$made")
		make_file >"$work/$made"
	done
	env -i KEYS="${keys[*]}" "$BASH" --norc -c "$answers" "$answer" "${files[@]}" >"$work/want"
	"$build/shvar_dump" "${keys[@]}" -- "${files[@]}" >"$work/got" && compare
}

made=0 known=0 asked=0 tests=0 failures=0
while ((made < count)); do
	tests=$((tests + 1))
	first=$made verdict=ok
	if ! run_batch; then
		verdict="not ok"
		failures=1
	fi
	echo "$verdict $tests - files $first to $((made - 1)) are never read otherwise than by bash"
done
tests=$((tests + 1))
if ((known * 2 >= asked)); then
	echo "ok $tests - $known of $asked keys are known"
else
	echo "not ok $tests - only $known of $asked keys are known"
	failures=1
fi
echo "1..$tests"
exit $failures
