# SPDX-License-Identifier: MIT
# What a manual page has whatever its language, so that two of them can be compared with diff.
#
# usage: awk -f page.awk PAGE PAGE      the same page twice: titles first
#
# Sections by their number; entries with their tags; paragraphs and indents; code, but for what
# stands behind a gap of two blanks, which says in the page's language what is before it. Of each
# paragraph, sorted and once: words in bold and italics, NAMES_LIKE_THIS, numbers of three digits
# or more. A word that is a section's title stands for that section.

function take(word) {
	gsub(/\\-/, "-", word)
	if (word in titles)
		word = "section " titles[word]
	if (word !~ /[^ -~]/)
		words[word] = 1
}

# The arguments of a macro in arguments[]; how many.
function split_arguments(text,	n, argument) {
	sub(/^\.[A-Z]+ +/, "", text)
	for (n = 0; text != ""; sub(/^ +/, "", text)) {
		if (match(text, /^"[^"]*"/))
			argument = substr(text, 2, RLENGTH - 2)
		else {
			match(text, /^[^ ]+/)
			argument = substr(text, 1, RLENGTH)
		}
		text = substr(text, RSTART + RLENGTH)
		arguments[++n] = argument
	}
	return n
}

# Fonts: that of the macro's only letter for all, or its two letters in turn.
function take_marked(line,	macro, n, i, all) {
	macro = substr(line, 2, index(line " ", " ") - 2)
	n = split_arguments(line)
	if (length(macro) == 1) {
		for (i = 1; i <= n; i++)
			all = all (i > 1 ? " " : "") arguments[i]
		take(all)
		return
	}
	for (i = 1; i <= n; i++)
		if (substr(macro, 2 - i % 2, 1) != "R")
			take(arguments[i])
		else
			take_plain(arguments[i])
}

function take_plain(text) {
	while (match(text, /[A-Z0-9]+_[A-Z0-9_]+|[0-9][0-9][0-9]+/)) {
		words[substr(text, RSTART, RLENGTH)] = 1
		text = substr(text, RSTART + RLENGTH)
	}
}

function end_paragraph(	n, i, j, word, sorted) {
	n = 0
	for (word in words) {
		for (i = ++n; i > 1 && sorted[i - 1] "" > word ""; i--)
			sorted[i] = sorted[i - 1]
		sorted[i] = word
	}
	for (i = 1; i <= n; i++)
		print "    " sorted[i]
	split("", words)
}

FNR == NR && /^\.SH / {
	titles[substr($0, 5)] = ++sections
}

FNR == NR || /^\.\\"/ || /^\.ad / {
	next
}

tag {
	print
	tag = 0
	next
}

/^\.fi/ {
	code = 0
}

code {
	sub(/[^ ]  +.*/, substr($0, match($0, /[^ ]  /), 1))
	print
	next
}

/^\.(TH|SH|SS|TP|PP|IP|RS|RE|nf|fi)/ {
	end_paragraph()
	print $1 ($1 == ".TH" ? " " $2 " " $3 " " $4 " " $5 : "")
	tag = $1 == ".TP"
	code = $1 == ".nf"
	next
}

/^\.[BIR]+ / {
	take_marked($0)
	next
}

{
	take_plain($0)
}

END {
	end_paragraph()
}
