# SPDX-License-Identifier: MIT
# Takes the examples out of a manual page, into OUT/NAME/…
#
# usage: awk -v out=OUT -f examples.awk man/multihome.5
#
# Comments of the page mark them: `.\" example NAME`, and then, each up to `.\" end`,
#   .\" before PATH    what the file holds; lines `.\"|TEXT` are in it, but not on the page
#   .\" after PATH     what it holds when the plan is carried out
#   .\" commands       the plan's lines for the kernel

function begin(path) {
	file = out "/" name "/" path
	folder = file
	sub(/\/[^\/]*$/, "", folder)
	system("mkdir -p '" folder "'")
	printf "" >file
}

/^\.\\" example / {
	name = $3
	print name
}

/^\.\\" before / {
	begin("before/" $3)
	next
}

/^\.\\" after / {
	begin("after/" $3)
	next
}

/^\.\\" commands$/ {
	begin("commands")
	next
}

/^\.\\" end$/ {
	close(file)
	file = ""
}

/^\.\\"\|/ {
	if (file)
		print substr($0, 5) >file
	next
}

file && !/^\./ {
	gsub(/\\-/, "-")
	gsub(/\\&/, "")
	gsub(/\\e/, "\\")
	print >file
}
