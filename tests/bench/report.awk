# SPDX-License-Identifier: MIT
# The results as a table: each figure beside its peer's, as a ratio, and the goal for it.

function key(part, n, name) { return part " " n " " name }

# Rows of times of which both are there.
function row(what, part, n, ours, peer, goal,    a, b) {
	a = time[key(part, n, ours)]
	b = time[key(part, n, peer)]
	if (a == "" || b == "" || !b)
		return
	line(what, number(a), number(b), a / b, goal)
}

# The least of processor times, which nothing else on the machine adds to.
function least_row(what, ours, peer, goal,    a, b) {
	a = other[ours]
	b = other[peer]
	if (a && b)
		line(what, number(a), number(b), a / b, goal)
}

function in_proportion(    count, n, i, at) {
	count = split(sizes["numbered"], n)
	for (i = 1; i <= count; i++) {
		at = "numbered " n[i] " "
		least_row("apply 2 x " n[i] " IPADDRn, beside ip -batch", at "ours", at "batch",
			n[i] == 250 ? 0.35 : "")
		if (i > 1)
			least_row("nothing to do, 2 x " n[i] " IPADDRn, beside 2 x " n[i - 1],
				at "nothing", "numbered " n[i - 1] " nothing", n[i] / n[i - 1])
	}
	count = split(sizes["uplinks"], n)
	for (i = 1; i <= count; i++)
		least_row("apply " n[i] " uplinks, beside ip -batch", "uplinks " n[i] " ours",
			"uplinks " n[i] " batch", "")
	least_row("hook, 200 uplinks, beside 2", "uplinks 200 hook", "uplinks 2 hook", 8)
	least_row("hook, 1000 uplinks, beside 200", "uplinks 1000 hook", "uplinks 200 hook", 5)
	least_row("hook, 100000 routes in main, beside ip route show table all",
		"daemon 100000 hook", "daemon 100000 show", 1)
}

function number(microseconds) {
	return microseconds < 10000 ? sprintf("%.2f ms", microseconds / 1000) \
		: sprintf("%.0f ms", microseconds / 1000)
}

function line(what, figure, peer, ratio, goal) {
	printf "| %s | %s | %s | %s | %s | %s |\n", what, figure, peer, \
		ratio == "" ? "" : ratio < 0.05 ? sprintf("1/%.0f", 1 / ratio) : sprintf("%.2f", ratio), \
		goal == "" ? "" : goal < 0.05 ? "1/" 1 / goal : goal, \
		goal == "" ? "" : ratio <= goal * 1.0001 ? "met" : "not met"
}

/^#/ { print substr($0, 3) "  "; next }
{
	time[key($1, $2, $3)] = $4
	other[key($1, $2, $3)] = $5
	memory[key($1, $2, $3)] = $7
	if (!(($1, $2) in seen)) {
		seen[$1, $2] = 1
		sizes[$1] = sizes[$1] " " $2
	}
}

END {
	print "\n| what | multihome | peer | ratio | goal | |"
	print "|---|---|---|---|---|---|"
	count = split(sizes["apply"], n)
	for (i = 1; i <= count; i++) {
		row("apply " n[i] ", beside the bare loop", "apply", n[i], "ours", "bare",
			n[i] == 1000 ? 1.3 : "")
		row("apply " n[i] ", beside ip -batch", "apply", n[i], "ours", "batch",
			n[i] == 1000 ? 0.5 : "")
		row("apply " n[i] ", beside two ip -batch", "apply", n[i], "ours", "batches",
			n[i] == 1 ? 0.7 : "")
		row("apply " n[i] ", beside one ip a line", "apply", n[i], "ours", "line",
			n[i] == 1000 ? 1 / 200 : "")
		row("apply " n[i] ", beside ifup-routes", "apply", n[i], "ours", "ifup-routes", "")
	}
	count = split(sizes["nothing"], n)
	for (i = 1; i <= count; i++)
		row("nothing to do, " n[i] ", beside the bare dump", "nothing", n[i], "ours", "dump", 1.2)
	count = split(sizes["foreign"], n)
	for (i = 1; i <= count; i++)
		row("nothing to do, " n[i] " foreign routes, beside the bare dump", "foreign", n[i],
			"ours", "dump", 1.5)
	in_proportion()
	split("sendto connect", calls)
	for (k = 1; k <= 2; k++) {
		count = split(sizes[calls[k]], n)
		for (i = 1; i <= count; i++) {
			packet_row("without multihome", "plain", 1.05)
			packet_row("any one rule", "one", 1.05)
			packet_row("rules for each address", "rules", "")
		}
	}
	marks("in", "a packet to a published port, CONNMARK=yes")
	marks("out", "a packet from a guest, CONNMARK=yes")
	hook("lo", "lo", 1.5)
	hook("a bond's slave", "slave", 1.5)
	hook("a NIC that is no uplink", "no-uplink", 1.5)
	hook("an uplink, nothing to do", "uplink", 1.7)
	count = split(sizes["ifup"], n)
	for (i = 1; i <= count; i++)
		ifup(n[i])
	size_rows()
}

function packet_row(beside, peer, goal,    a, b) {
	a = time[key(calls[k], n[i], "ours")]
	b = time[key(calls[k], n[i], peer)]
	if (b)
		line(calls[k] " from address " n[i] ", beside " beside, sprintf("%.2f us", a / 1000),
			sprintf("%.2f us", b / 1000), a / b, goal)
}

function marks(way, what) {
	mark_row(way, what " by nft, beside no", "nft", "plain")
	mark_row(way, what " by iptables, beside no", "iptables", "plain")
	mark_row(way, what " by iptables, beside Shorewall\047s rules", "iptables", "shorewall")
	mark_row(way, what " by iptables, beside mwan3\047s rules", "iptables", "mwan3")
}

function mark_row(way, what, ours, peer,    a, b) {
	a = time[key("marks", way, ours)]
	b = time[key("marks", way, peer)]
	if (a && b)
		line(what, sprintf("%.2f us", a / 1000), sprintf("%.2f us", b / 1000), a / b, "")
}

function hook(what, name, goal) {
	row("hook of " what ", beside true", "hooks", 0, name, "true", goal)
}

function ifup(name,    what) {
	if (!time[key("ifup", name, "whole")] || !time[key("ifup", name, "calls")])
		return
	what = name == "aliases" ? "2 uplinks and 254 aliases" : name " uplinks"
	line("hooks in a restart, " what ": time", number(time[key("ifup", name, "hooks")]),
		number(time[key("ifup", name, "whole")]),
		time[key("ifup", name, "hooks")] / time[key("ifup", name, "whole")],
		name == "aliases" ? 0.04 : 0.02)
	line("hooks in a restart, " what ": system calls", other[key("ifup", name, "calls")],
		time[key("ifup", name, "calls")],
		other[key("ifup", name, "calls")] / time[key("ifup", name, "calls")], "")
	line("hooks in a restart, " what ": processes", other[key("ifup", name, "processes")],
		time[key("ifup", name, "processes")],
		other[key("ifup", name, "processes")] / time[key("ifup", name, "processes")], "")
}

# An object is a rule or a route that is wanted, or an address or route that it is for.
function size_rows(    least, large, bytes) {
	least = memory[key("apply", 1, "ours")]
	large = split(sizes["apply"], n) ? n[split(sizes["apply"], n)] : 0
	if (least)
		line("memory, " 1, least " KiB", "3072 KiB", least / 3072, 1)
	if (large > 1) {
		bytes = (memory[key("apply", large, "ours")] - least) * 1024 / (large * 3.5)
		line("memory, each object of " large * 3.5, sprintf("%.0f bytes", bytes), "200 bytes",
			bytes / 200, 1)
	}
	bytes = time[key("size", 0, "bytes")]
	if (bytes)
		line("the program, stripped", bytes " bytes", "102400 bytes", bytes / 102400, 1)
	if (bytes)
		line("relocations; libraries", time[key("size", 0, "relocations")],
			time[key("size", 0, "libraries")], "", "")
}
