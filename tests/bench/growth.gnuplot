# SPDX-License-Identifier: MIT
# Time against the number of rules and routes: of multihome, its peers and the limit.

set terminal svg size 720,440 font "sans-serif,13" background rgb "white"
set output image
set logscale xy
set xlabel "rules and as many routes"
set ylabel "milliseconds"
set key left top reverse Left
set grid ytics lc rgb "#dddddd"
set format x "%g"
set format y "%g"
part(part, name) = sprintf("< awk '$1 == \"%s\" && $3 == \"%s\" {print $2, $4 / 1000}' %s", \
	part, name, results)
plot part("apply", "line") with linespoints lw 2 pt 7 ps 0.5 lc rgb "#999999" title "one ip a line", \
	part("apply", "batch") with linespoints lw 2 pt 7 ps 0.5 lc rgb "#e69f00" title "ip -batch", \
	part("apply", "ours") with linespoints lw 2 pt 7 ps 0.5 lc rgb "#0072b2" title "multihome", \
	part("apply", "bare") with linespoints lw 2 pt 7 ps 0.5 lc rgb "#009e73" \
		title "the messages alone", \
	part("nothing", "ours") with linespoints lw 2 dt 2 pt 7 ps 0.5 lc rgb "#0072b2" \
		title "multihome, nothing to do", \
	part("nothing", "dump") with linespoints lw 2 dt 2 pt 7 ps 0.5 lc rgb "#009e73" \
		title "the dumps alone"
