# SPDX-License-Identifier: MIT
# Compares a host without multihome with the same host with it, after each step. Prints a line a
# fault, nothing if there is none. Reads FOLDER/expect (see make.c) and what run.sh observed.

# What stays wrong is told once, at the step that made it so.
function wrong(step, text,    what)
{
	what = text
	sub(/[;:] (without|with) multihome .*/, "", what)
	if (what in told)
		return
	told[what] = 1
	printf "after step %d (%s): %s\n", step, steps[step], text
}

function path(side, step, kind)
{
	return folder "/" side "/" step "." kind
}

function read_answers(side, step,    file, key, n)
{
	file = path(side, step, "answers")
	while ((getline <file) > 0) {
		n++
		if (NF != 4)
			wrong(step, side " multihome: " $0)
		key = side SUBSEP step SUBSEP $1 SUBSEP $2
		if (side == "with")
			pairs[step, $1, $2] = 1
		asked[key]++
		if ($4 !~ /^(lost|mixed)/)
			good[key]++
		said[key] = said[key] (said[key] ? ", " : "") \
			($3 == "-" ? $4 : $3 " asked: " $4)
		nics[key] = nics[key] " " $4
	}
	close(file)
	if (!n)
		wrong(step, side " multihome: nothing was observed")
}

function is_answered(side, step, remote, local)
{
	return good[side, step, remote, local] > 0 &&
		good[side, step, remote, local] == asked[side, step, remote, local]
}

function both(step, remote, local)
{
	return "without multihome " said["without", step, remote, local] "; with it " \
		said["with", step, remote, local] \
		(step ? " (before the step " said["with", step - 1, remote, local] ")" : "")
}

function is_far(remote)
{
	return remote ~ /^(198\.|2001:db8:[ef]:)/
}

function judge_pair(step, remote, local,    who, word, n, i)
{
	who = remote == "own" ? "the host's own traffic to " local : remote " asks " local
	if ((step, local ~ /:/ ? 6 : 4) in spoilt || (step, local) in lame ||
		(step, remote (remote == "own" && local ~ /:/ ? 6 : "")) in lame)
		return
	if (is_answered("without", step, remote, local) &&
		!is_answered("with", step, remote, local))
		wrong(step, who ": " both(step, remote, local))
	if (remote == "own")
		return
	if ((step, remote) in ban && !good["without", step, remote, local] &&
		good["with", step, remote, local])
		wrong(step, remote " is banned, asks " local ": " both(step, remote, local))
	if (!((step, local) in own) || !is_far(remote) || (step, remote) in ban)
		return
	n = split(nics["with", step, remote, local], word, " ")
	for (i = 1; i <= n; i++)
		if (word[i] != own[step, local]) {
			wrong(step, who ": expected by " own[step, local] "; " both(step, remote, local))
			return
		}
}

function main_default(side, step, family,    file, line, found)
{
	file = path(side, step, "routes" family)
	while ((getline line <file) > 0)
		if (line ~ /^default / && line !~ / (table|proto) /)
			found = found line "\n"
	close(file)
	return found
}

# Without one IPv6 may have found a way from an address that it chose, which nobody promised.
function has_default(side, step, family,    file, line, found)
{
	file = path(side, step, "routes" family)
	while ((getline line <file) > 0)
		found = found || (line ~ /^default / && line !~ / table [0-9]/)
	close(file)
	return found
}

# The remote that nobody bans. A default of initscripts' that leads nowhere is theirs.
function judge_way_out(step, family,    remote, theirs)
{
	remote = family == 4 ? "198.51.100.7" : "2001:db8:f::7"
	if (is_answered("with", step, "own", remote) || (step, family) in spoilt)
		return
	theirs = main_default("without", step, family)
	if (theirs != "" && theirs == main_default("with", step, family))
		return
	if ((step, family) in out)
		wrong(step, "no way out though an uplink is up: " both(step, "own", remote))
	else if (step in quiet && is_answered("with", step - 1, "own", remote) &&
		has_default("with", step - 1, family))
		wrong(step, "the way out was taken: " both(step, "own", remote))
}

# Lines of both, counted: what is there without must be there with it.
function compare(step, kind, skip,    file, line, count)
{
	file = path("without", step, kind)
	while ((getline line <file) > 0)
		if (line !~ skip)
			count[line]++
	close(file)
	file = path("with", step, kind)
	while ((getline line <file) > 0)
		if (line !~ skip && --count[line] < 0)
			wrong(step, kind ": only with multihome: " line)
	close(file)
	for (line in count)
		if (count[line] > 0)
			wrong(step, kind ": only without multihome: " line)
}

# The texts of rules in their order, without priorities: these follow from the rules before.
function read_rules(side, step, family, ours,    file, line, text)
{
	file = path(side, step, "rules" family)
	while ((getline line <file) > 0)
		if (ours == "" || line !~ ours) {
			sub(/^[0-9]*:\t/, "", line)
			text = text "; " line
		}
	close(file)
	return substr(text, 3)
}

function judge_rules(step, family, ours,    before, after)
{
	before = read_rules("without", step, family, "")
	after = read_rules("with", step, family, ours)
	if (before != after)
		wrong(step, "rules of IPv" family ": without multihome " before "; with it " after)
}

function judge_cleaned(step,    line, file)
{
	judge_rules(step, 4, "")
	judge_rules(step, 6, "")
	file = path("with", step, "blocks")
	while ((getline line <file) > 0)
		wrong(step, "clean left a block in " line)
	close(file)
	judge_left(step, path("with", step, "routes4"))
	judge_left(step, path("with", step, "routes6"))
}

function judge_left(step, file,    line)
{
	while ((getline line <file) > 0)
		if (line ~ /proto 109/ && (line !~ /^default/ || line ~ / table /))
			wrong(step, "clean left " line)
	close(file)
}

function judge_faults(step,    file, line)
{
	file = path("with", step, "faults")
	while ((getline line <file) > 0)
		wrong(step, line)
	close(file)
}

function judge_step(step,    key, part)
{
	read_answers("without", step)
	read_answers("with", step)
	for (key in pairs) {
		split(key, part, SUBSEP)
		if (part[1] == step)
			judge_pair(step, part[2], part[3])
	}
	judge_way_out(step, 4)
	judge_way_out(step, 6)
	judge_faults(step)
	# All of multihome's have it, none of the hosts' own.
	if (step in cleaned && theirs == "")
		judge_cleaned(step)
	else {
		judge_rules(step, 4, " iif lo lookup ")
		# The kernel has the last one for IPv4 itself.
		judge_rules(step, 6, " iif lo lookup |^32767:.from all lookup (default|253)$")
	}
	compare(step, "routes4", "^default .*|proto 109")
	# Link-local addresses are other ones on each side, and come when the kernel is ready.
	compare(step, "routes6", "^default .*|proto 109|^(multicast|[a-z]* *fe80[^ ]*) .*proto kernel")
	compare(step, "files", theirs == "" ? "^$" : "^(route|rule)6?-(" theirs "):")
}

$2 == "own" { own[$1, $3] = $4 }
$2 == "ban" { ban[$1, $3] = 1 }
$2 == "out" { out[$1, $3] = 1 }
$2 == "quiet" { quiet[$1] = 1 }
$2 == "lame" { lame[$1, $3] = 1 }
$2 == "spoilt" { spoilt[$1, $3] = 1 }
$2 == "cleaned" { cleaned[$1] = 1 }
$2 == "theirs" { theirs = theirs (theirs ? "|" : "") $3 }

END {
	while ((getline line <(folder "/steps")) > 0)
		steps[n++] = line
	for (step = 0; step < n; step++)
		judge_step(step)
}
