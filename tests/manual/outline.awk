# SPDX-License-Identifier: MIT
# What a README has whatever its language: a line for each heading's level and what stands below
# it, so that two of them can be compared with diff.
#
# Code blocks as they are but for comments at the ends of lines; of the text, each `word` once a
# section, sorted; the number of rows of tables.

function end_section(	n, i, words) {
	n = split(code, words, "\n")
	for (i = 1; i < n; i++)
		print "    " words[i]
	if (rows)
		print rows " rows"
	n = asorti(spans, words)
	for (i = 1; i <= n; i++)
		print "`" words[i] "`"
	code = rows = ""
	split("", spans)
	split("", words)
}

function take_spans(text) {
	while (match(text, /`[^`]+`/)) {
		spans[substr(text, RSTART + 1, RLENGTH - 2)]
		text = substr(text, RSTART + RLENGTH)
	}
}

/^#+ / {
	take_spans(prose)
	prose = ""
	end_section()
	print $1
	next
}

/^    / {
	sub(/^    /, "")
	sub(/  +# .*/, "")
	code = code $0 "\n"
	next
}

/^\|/ {
	rows++
}

{
	prose = prose " " $0
}

END {
	take_spans(prose)
	end_section()
}
