# SPDX-License-Identifier: MIT
# The messages that C sources can print: a line each, "FILE:LINE<tab>FORMAT".
#
# usage: awk -f messages.awk helper/*/*.h helper/*/*.c
#
# What counts is the format of each call of fprintf and fputs to stderr, and of each function
# that is declared with __attribute__((format(printf, …))), but for those that only make text.
# A format with nothing but one conversion passes on what another call has worded.

function skip_quoted(text, i,	quote) {
	quote = substr(text, i, 1)
	for (i++; substr(text, i, 1) != quote; i++)
		if (substr(text, i, 1) == "\\")
			i++
	return i
}

# Comments become blanks, so that lines can be counted.
function without_comments(text,	out, i, c, n) {
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\"" || c == "'") {
			n = skip_quoted(text, i)
			out = out substr(text, i, n - i + 1)
			i = n
		} else if (substr(text, i, 2) == "/*") {
			n = index(substr(text, i), "*/")
			c = substr(text, i, n + 1)
			gsub(/[^\n]/, " ", c)
			out = out c
			i += n
		} else {
			out = out c
		}
	}
	return out
}

# args[1], args[2] … of the call whose parenthesis opens at i; returns where it closes.
function split_arguments(text, i, args,	depth, n, c, from, end) {
	split("", args)
	n = 1
	from = i + 1
	depth = 0
	for (; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\"" || c == "'") {
			i = skip_quoted(text, i)
		} else if (c ~ /[([{]/) {
			depth++
		} else if (c ~ /[])}]/ && --depth == 0) {
			args[n] = substr(text, from, i - from)
			return i
		} else if (c == "," && depth == 1) {
			args[n++] = substr(text, from, i - from)
			from = i + 1
		}
	}
	return i
}

# The string literals of an expression; those with nothing between them are one.
function print_literals(text, where,	i, n, word, open, gap) {
	for (i = 1; i <= length(text); i++) {
		if (substr(text, i, 1) == "\"") {
			n = skip_quoted(text, i)
			if (open && gap !~ /^[ \t\n]*$/) {
				print_message(word, where)
				word = ""
			}
			word = word substr(text, i + 1, n - i - 1)
			open = 1
			gap = ""
			i = n
		} else {
			gap = gap substr(text, i, 1)
		}
	}
	if (open)
		print_message(word, where)
}

function print_message(word, where) {
	sub(/\\n$/, "", word)
	gsub(/\\"/, "\"", word)
	gsub(/\\\\/, "\\", word)
	if (word != "%s")
		print where "\t" word
}


function find_wrappers(text,	words, n) {
	while (match(text, /[a-z_0-9]+\([^;{}]*\)[ \t\n]*__attribute__\(\(format\(printf, *[0-9]+/)) {
		words = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		n = words
		sub(/.*, */, "", n)
		sub(/\(.*/, "", words)
		if (words !~ /^(text_format|mem_format)$/)
			format_at[words] = n
	}
}

function find_calls(file, text,	at, name, args, n, rest, line, before) {
	at = 1
	line = 1
	while (match(rest = substr(text, at), /[a-z_0-9]+\(/)) {
		before = substr(rest, 1, RSTART)
		line += gsub(/\n/, "\n", before)
		name = substr(rest, RSTART, RLENGTH - 1)
		at += RSTART + RLENGTH - 1
		n = 0
		if (name in format_at || name == "fprintf" || name == "fputs")
			split_arguments(text, at - 1, args)
		if (name in format_at)
			n = format_at[name]
		else if (name == "fprintf" && args[1] == "stderr")
			n = 2
		else if (name == "fputs" && args[2] ~ /stderr/)
			n = 1
		if (n)
			print_literals(args[n], file ":" line)
	}
}

FNR == 1 {
	files[++count] = FILENAME
}

{
	content[count] = content[count] $0 "\n"
}

END {
	for (i = 1; i <= count; i++) {
		content[i] = without_comments(content[i])
		find_wrappers(content[i])
	}
	for (i = 1; i <= count; i++)
		find_calls(files[i], content[i])
}
