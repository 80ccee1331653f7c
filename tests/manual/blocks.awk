# SPDX-License-Identifier: MIT
# Takes the code blocks out of a section of a page in docs/, a NUL after each: in its first line
# what the comment above the block says of it, then the block.
#
# usage: awk -v heading='By hand' -f blocks.awk docs/PAGE.md
#
# The comments, which nobody sees who reads the page:
#   <!-- run -->                 commands of root, which succeed
#   <!-- run, status 1 -->       which end so
#   <!-- prints -->              all that the last run printed
#   <!-- prints, with more -->   lines that are among those
#   <!-- file PATH -->           what the file has
#   <!-- added to PATH -->       what is added to it
#   <!-- not run: WHY -->
# A block without one is told, as `unmarked`.

function end_block() {
	if (block != "" && inside)
		printf "%s\n%s%c", kind == "" ? "unmarked" : kind, block, 0
	if (block != "")
		kind = ""
	block = blank = ""
}

/^#+ / {
	end_block()
	kind = ""
	title = $0
	sub(/^#+ /, "", title)
	inside = heading == "" || title == heading
	next
}

/^<!-- .* -->$/ {
	end_block()
	kind = substr($0, 6, length($0) - 9)
	next
}

/^    / {
	block = block blank substr($0, 5) "\n"
	blank = ""
	next
}

/^$/ {
	blank = blank "\n"
	next
}

{
	end_block()
	blank = ""
}

END {
	end_block()
}
