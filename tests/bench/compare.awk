# SPDX-License-Identifier: MIT
# Two reports, the kept one first: ratios that have become a quarter worse.

BEGIN { FS = " *\\| *" }

function value(text) {
	return text ~ /^1\// ? 1 / substr(text, 3) : text + 0
}

FNR == NR { kept[$2] = $5; next }
($2 in kept) && value(kept[$2]) && value($5) > 1.25 * value(kept[$2]) {
	print "slower than kept: " $2 ": " $5 " instead of " kept[$2]
}
