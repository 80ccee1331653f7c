# SPDX-License-Identifier: MIT
# Compares DIAGNOSTICS of the manual with the messages of the program, in both directions; prints
# what one has and the other has not, and nothing if they agree.
#
# usage: awk -f documented.awk man/multihome.8 MESSAGES      MESSAGES as of messages.awk
#
# An entry is a line `.B "MESSAGE"`, in which a word in capitals stands for what is filled in.

# The message as a regular expression for its entry: several conversions side by side are one.
function pattern(format) {
	gsub(/%%/, "\001", format)
	gsub(/%[-+ #0-9.*]*[hlzjt]*[a-zA-Z]/, "\002", format)
	gsub(/[][\\.^$*+?(){}|\/]/, "\\\\&", format)
	gsub(/\002+/, "[A-Z]*", format)
	gsub(/\001/, "%", format)
	return "^" format "$"
}


FNR == NR && /^\.SH / {
	inside = $0 == ".SH DIAGNOSTICS"
}

FNR == NR && inside && /^\.B "/ {
	entry = $0
	sub(/^\.B "/, "", entry)
	sub(/"$/, "", entry)
	gsub(/""/, "\"", entry)
	gsub(/\\-/, "-", entry)
	gsub(/\\\(aq/, "'", entry)
	gsub(/\\e/, "\\", entry)
	entries[entry] = 0
}

FNR != NR {
	split($0, field, "\t")
	known = 0
	for (entry in entries)
		if (entry ~ pattern(field[2]))
			known = entries[entry] = 1
	if (!known)
		print field[1] ": not in DIAGNOSTICS of multihome(8): " field[2]
}

END {
	for (entry in entries)
		if (!entries[entry])
			print "in DIAGNOSTICS of multihome(8), but printed by nothing: " entry
}
