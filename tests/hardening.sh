#!/bin/bash
# SPDX-License-Identifier: MIT
# What makes a fault of the program hard to use, as the binary has it. TAP.
#
# hardening.sh BINARY

binary=${1:?usage: hardening.sh BINARY}
count=0 failures=0

# has NAME PATTERN READELF_OPTION...: a line of what readelf says is like the pattern.
has() {
	local name=$1 pattern=$2
	shift 2
	count=$((count + 1))
	if LC_ALL=C readelf -W "$@" "$binary" 2>/dev/null | grep -qE -- "$pattern"; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		failures=$((failures + 1))
	fi
}

has 'it is loaded anywhere (PIE)' '^ *Type: +DYN' -h
has 'and is a program' '^ *INTERP' -l
has 'tables of addresses are read-only (RELRO)' '^ *GNU_RELRO' -l
has 'and whole before main (now)' 'FLAGS_1.*NOW' -d
has 'nothing on the stack is run' '^ *GNU_STACK .* RW +0x' -l
has 'a stack that was written over ends it' '__stack_chk_fail' -s
has 'a buffer that is too small ends it (FORTIFY)' '__[a-z]*printf_chk' -s
echo "1..$count"
exit $failures
