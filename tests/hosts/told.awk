# SPDX-License-Identifier: MIT
# Compares what multihome said, by explain and check, with what packets did, on both sides of a host
# and after each step. Prints a line a fault, nothing if there is none. Reads FOLDER/expect (see
# make.c) and what run.sh observed.
#
#   right    each protocol was answered, by the NIC that is named
#   astray   the reply left by the NIC that is named, whether or not anybody took it then
#   lost     nothing left
#   unknown  only where there is something that cannot be known

function wrong(text)
{
	printf "%s multihome, after step %d (%s): %s\n", side, step, steps[step], text
}

# Of JSON without blanks between; the first of that name.
function field(json, name,    start)
{
	if (!match(json, "\"" name "\":(\"[^\"]*\"|[a-z0-9]+)"))
		return ""
	start = RSTART + length(name) + 3
	json = substr(json, start, RSTART + RLENGTH - start)
	gsub("\"", "", json)
	return json
}

function read_answers(    file, line, part)
{
	delete answers
	delete arrivals
	file = folder "/" side "/" step ".answers"
	while ((getline line <file) > 0) {
		split(line, part, " ")
		answers[part[1], part[2], part[3]] = part[4]
		arrivals[part[1], part[2]] = arrivals[part[1], part[2]] " " part[3]
	}
	close(file)
	failed = 0
	file = folder "/" side "/" step ".neigh"
	while ((getline line <file) > 0)
		failed += line ~ /FAILED/
	close(file)
}

# Is the answer what the verdict claims? IPv6 sends an echo reply by the NIC that was asked if a route
# of the same length leads there: a verdict of another one is for the other protocols.
function is_so(outcome, nic, fault, answer, by,    part)
{
	if (answer ~ /^mixed/ && split(answer, part, /[=,]/) == 6 && part[2] == by &&
		part[4] == part[6])
		answer = part[4]
	# This packet by one NIC, the next one by another. IPv6 chooses among next hops by each flow.
	if (fault == "by-turns" && answer != "lost")
		return 1
	if (outcome == "astray" && answer ~ "^mixed.*[=:]" nic "(,|$)")
		return 1
	if (outcome == "right")
		return answer == nic
	if (outcome == "astray")
		return answer == nic || answer == "lost:" nic
	return answer == "lost"
}

# by: "-", or the NIC by which it arrives. Where it may arrive by several, right is right by each
# of them.
function judge_explain(remote, local, by, json,    outcome, nic, fault, word, n, i, good, what)
{
	if (json ~ /not an address of this host/)
		return
	# An address that is in no network is routed to the host: the verdict is for the NIC that it
	# names.
	if (by == "-" && json !~ /"fault":"arrival"/ && (local ~ /^203\.0\.113\./ ||
		local ~ /^2001:db8:5::/ || (local ~ /\.(180|200)$/ && arrivals[remote, local] == " -")))
		by = field(json, "iif")
	if (by != "-" && !((remote, local, by) in answers))
		return
	asked++
	outcome = field(json, "outcome")
	nic = field(json, "oif")
	fault = json ~ /, or by another next hop, in turn"/ ? "by-turns" : field(json, "fault")
	n = split(by == "-" ? arrivals[remote, local] : by, word, " ")
	for (i = 1; i <= n; i++) {
		if (is_forgotten(answers[remote, local, word[i]]))
			return
		# IPv6 passes over a router from when it is known not to answer: what was asked
		# before that was lost, what explain is asked now goes by the next one.
		if (outcome == "astray" && remote ~ /:/ && (step in lame) &&
			answers[remote, local, word[i]] == "lost")
			return
		good += is_so(outcome, nic, fault, answers[remote, local, word[i]],
			word[i])
		what = what (i > 1 ? ", " : "") "by " word[i] " " answers[remote, local, word[i]]
	}
	# Of those of make_vip, trouble_vip and vip6 on lo nobody knows where they arrive.
	if (outcome == "unknown")
		good = (step in unknown) ||
			(field(json, "fault") == "arrival" && by == "-" && local ~ /\.(180|200)$|^2001:db8:5::/)
	# What a firewall drops is not answered by the wrong NIC either.
	if (outcome == "astray" && (step in unknown))
		good = 1
	if (outcome == "" || !good || (outcome == "right" && good < n))
		wrong("explain " remote " " local (by == "-" ? "" : " by " by) " says " outcome \
			" by " nic " (" field(json, "fault") ", arriving by " field(json, "iif") \
			"), packets " what)
}

# All hosts share the size of the kernel's table of neighbours, so that it may have forgotten by
# now that a router does not answer. Nobody could know then.
function is_forgotten(answer)
{
	return answer == "lost" && (step in lame) && !failed
}

function judge_finding(json,    kind, address)
{
	kind = field(json, "kind")
	if (kind !~ /^(dropped|no-way-back|wrong-nic|wrong-gateway|no-carrier)$/)
		return
	for (address in holder) {
		if (field(json, "wrong") != "true" || !is_right(address, holder[address]))
			continue
		if (field(json, "local") == address ||
			(field(json, "local") == "" && field(json, "dev") == holder[address]))
			wrong("check has " json ", and " address " is answered by " holder[address])
	}
}

# Of a remote that nobody bans.
function is_right(address, nic,    word, n, i)
{
	n = split(arrivals[far_of(address), address], word, " ")
	for (i = 1; i <= n; i++)
		if (answers[far_of(address), address, word[i]] != nic)
			return 0
	return n > 0
}

function far_of(address)
{
	return address ~ /:/ ? far6 : far
}

function has_finding(device, address, n, findings,    i)
{
	for (i = 2; i <= n; i++) {
		if (findings[i] !~ /"wrong":true/ &&
			findings[i] !~ /"kind":"down"/)
			continue
		if (field(findings[i], "dev") == device || field(findings[i], "local") == address)
			return 1
	}
	return 0
}

# text: of the finding, in that family.
function judge_own(json, remote, family, text,    nic)
{
	nic = answers["own", remote, "-"]
	if (nic != "" && nic !~ /lost/ &&
		json ~ "\"kind\":\"offline\",\"text\":\"[^\"]*(" text ")")
		wrong("check says offline, and the host reaches " remote " by " nic)
	if (nic == "lost" && !is_forgotten("lost") && !(step in unknown) &&
		json !~ /"wrong":true/ && json ~ "\"family\":\"" family "\"")
		wrong("check is silent, and the host does not reach " remote)
}

function judge_check(json,    n, i, findings, uplinks, address)
{
	if (field(json, "version") != "1") {
		wrong("check " json)
		return
	}
	n = split(substr(json, index(json, "\"findings\":")), findings, /\{"wrong"/)
	for (i = 2; i <= n; i++) {
		findings[i] = "\"wrong\"" findings[i]
		judge_finding(findings[i])
	}
	uplinks = substr(json, 1, index(json, "\"addresses\":"))
	for (address in holder)
		if (index(uplinks, "\"local\":\"" address "\"") && !(step in unknown) &&
			!is_right(address, holder[address]) &&
			!is_forgotten(answers[far_of(address), address, holder[address]]) &&
			!has_finding(holder[address], address, n, findings))
			wrong("check is silent, and " address " of " holder[address] \
				" is answered to " far_of(address) ":" \
				arrivals[far_of(address), address] " " \
				answers_of(far_of(address), address))
	judge_own(json, far, "inet", "itself (leaves|is)|route:")
	judge_own(json, far6, "inet6", "in IPv6(: what| leaves| is)")
}

function answers_of(remote, local,    word, n, i, text)
{
	n = split(arrivals[remote, local], word, " ")
	for (i = 1; i <= n; i++)
		text = text " " answers[remote, local, word[i]]
	return text
}

function judge_step(    file, line, part, json)
{
	read_answers()
	delete holder
	file = folder "/" side "/" step ".told"
	while ((getline line <file) > 0) {
		split(line, part, " ")
		if (part[1] == "explain")
			judge_explain(part[2], part[3], part[4], line)
		else if (part[1] == "check")
			json = line
		else if (part[1] == "address" && part[2] ~ /^eth/)
			holder[part[3]] = part[2]
	}
	close(file)
	judge_check(json)
}

$2 == "lame" { lame[$1] = 1 }
$2 == "unknown" { unknown[$1] = 1 }

END {
	far = "198.51.100.7"
	far6 = "2001:db8:f::7"
	while ((getline line <(folder "/steps")) > 0)
		steps[n++] = line
	for (step = 0; step < n; step++) {
		side = "without"
		judge_step()
		side = "with"
		judge_step()
	}
	print asked >(folder "/asked")
}
