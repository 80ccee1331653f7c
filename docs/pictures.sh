#!/bin/sh
# SPDX-License-Identifier: MIT
# Draws docs/problem.svg and docs/cure.svg, in black and white. pictures.sh [FOLDER]

cd "${1:-$(dirname "$0")}" || exit 1

# box X Y WIDTH HEIGHT LINE…: the first line is its name.
box() {
	x=$1 y=$2 w=$3 h=$4 weight=bold line=$(($2 + 24))
	shift 4
	echo "<rect x='$x' y='$y' width='$w' height='$h' rx='6'/>"
	for text; do
		echo "<text x='$((x + w / 2))' y='$line' text-anchor='middle' font-weight='$weight'>$text</text>"
		weight=normal line=$((line + 20))
	done
}

# label X Y TEXT [CLASS]
label() {
	echo "<text x='$1' y='$2' class='${4-}'>$3</text>"
}

# request POINTS, reply POINTS: SVG's, from where it comes to where it goes.
request() {
	echo "<polyline class='line' points='$1' marker-end='url(#head)'/>"
}

reply() {
	echo "<polyline class='line' points='$1' stroke-dasharray='9 6' marker-end='url(#head)'/>"
}

# cross X Y: here it is lost.
cross() {
	echo "<path d='M$(($1 - 9)) $(($2 - 9)) l18 18 m0 -18 l-18 18' stroke-width='4' class='line'/>"
}

# picture TITLE: the frame, what both have, and what is on standard input.
picture() {
	cat <<-END
	<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 820 330' role='img' font-family='sans-serif'
	 font-size='14' fill='white' stroke='black' stroke-width='1.5'>
	<title>$1</title>
	<defs><marker id='head' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='9' markerHeight='9'
	 orient='auto'><path d='M0 0L10 5L0 10z' fill='black' stroke='none'/></marker></defs>
	<style>text{fill:black;stroke:none} .code{font-family:monospace;font-size:13px} .line{fill:none}</style>
	<rect width='820' height='330' stroke='none'/>
	END
	box 20 120 130 64 client 198.51.100.2
	box 240 40 140 64 'router A' 192.168.2.1
	box 240 210 140 64 'router B' 10.0.0.1
	echo "<rect x='500' y='20' width='300' height='274' rx='6'/>"
	label 610 46 'the CentOS host'
	box 500 60 100 54 eth0 192.168.2.99
	box 500 214 100 54 eth1 10.0.0.99
	cat
	request '40,312 90,312'
	label 98 317 request
	reply '180,312 230,312'
	label 238 317 reply
	echo '</svg>'
}

{
	request '85,120 85,72 238,72'
	request '380,72 498,72'
	# The reply leaves by the default route, whichever NIC was asked.
	reply '600,100 640,100 640,241 602,241'
	reply '500,241 382,241'
	cross 370 241
	label 652 150 'The only default'
	label 652 168 'route is by eth1.'
	label 390 262 'B drops it: not'
	label 390 280 'of its network.'
	cross 490 72
	label 388 96 'Or rp_filter'
	label 388 114 '(CentOS 6 on).'
} | picture 'eth0 is asked, and the reply leaves by eth1' >problem.svg

{
	request '85,120 85,62 238,62'
	request '380,62 498,62'
	reply '600,100 624,100 624,128'
	box 614 130 176 44
	label 624 157 'from 192.168.2.0/24' code
	reply '700,174 700,196'
	box 614 198 176 64
	label 624 222 'table 100: default' code
	label 624 244 'via 192.168.2.1' code
	reply '614,230 608,230 608,180 560,180 560,116'
	reply '498,88 382,88'
	reply '240,88 120,88 120,118'
	label 634 92 'A rule for each NIC'
	label 634 110 'leads to its own table.'
} | picture 'eth0 is asked, and the reply leaves by eth0' >cure.svg
