/* SPDX-License-Identifier: MIT
 * One packet and its reply, told step by step.
 */
#include <string.h>
#include <sys/socket.h>

#include "judge/explain.h"

enum { COLUMNS = 80, LABEL = 12 };

struct telling {
	const struct facts *facts;
	bool brief;
	int steps; /* told so far */
	struct text *out;
};

/* Words from the column on, a line as long as the screen is wide. */
static void wrap(const char *words, size_t column, size_t indent, struct text *out)
{
	bool first = true;
	size_t len;

	for (; *words; words += strspn(words, " ")) {
		len = strcspn(words, " ");
		if (!first && column + 1 + len > COLUMNS) {
			text_format(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			text_add_string(out, " ");
			column++;
		}
		text_add(out, words, len);
		column += len;
		words += len;
		first = false;
	}
	text_add_string(out, "\n");
}

/* Takes the words' text and frees it. */
static void add_line(struct telling *telling, struct text *words)
{
	text_format(telling->out, "%*s", LABEL + 1, "");
	wrap(words->bytes, LABEL + 1, LABEL + 1, telling->out);
	text_free(words);
}

static void add_step(struct telling *telling, const char *label, struct text *words)
{
	text_format(telling->out, "%d %-*s ", ++telling->steps, LABEL - 2, label);
	wrap(words->bytes, LABEL + 1, LABEL + 1, telling->out);
	text_free(words);
}

static void format_table(unsigned table, struct text *out)
{
	if (table == TABLE_MAIN)
		text_add_string(out, "table main");
	else if (table == TABLE_LOCAL)
		text_add_string(out, "table local");
	else if (table == TABLE_DEFAULT)
		text_add_string(out, "table default");
	else
		text_format(out, "table %u", table);
}

static void tell_arrival(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	struct text words = {0};
	char text[PREFIX_TEXT];

	text_format(&words, "%s ->", prefix_format_address(&facts->remote, text));
	text_format(
		&words, " %s by %s", prefix_format_address(&facts->local, text), facts->arrival);
	if (strcmp(facts->arrival, facts->holder))
		text_format(&words, ", which %s; %s holds the address",
			facts->deaf ? "alone answers ARP for it" : "leads to it", facts->holder);
	else if (!facts->up)
		text_format(&words, ", which is down");
	else if (!facts->carrier)
		text_format(&words, ", which has no carrier");
	add_step(telling, "arrival", &words);
}

static void tell_bystanders(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	const struct bystander *other;
	struct text words = {0};
	size_t i;

	for (i = 0; i < facts->bystanders.n; i++) {
		other = &facts->bystanders.items[i];
		if (!strcmp(other->device, facts->arrival))
			continue;
		text_format(&words, "%s is in the same network ", other->device);
		if (!other->answers)
			text_add_string(&words, "and leaves ARP for it to others");
		else
			text_format(&words,
				"and answers ARP for it, too (arp_ignore %d): neighbours may send "
				"it there, where it is %s",
				other->arp_ignore, other->refuses ? "DROPPED" : "taken");
		add_line(telling, &words);
	}
}

static void format_filter_value(const struct facts *facts, struct text *out)
{
	static const char *const words[] = {"off", "strict", "loose"};
	const struct filter *filter = &facts->filter;
	int value = filter_value(filter);

	text_format(out, "%s (%d = %s of all %d and %s %d)", words[value > 2 ? 2 : value], value,
		filter->both ? "min" : "max", filter->all, facts->arrival, filter->own);
}

static void tell_filter(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	const struct step *last = trace_last(facts->trace);
	struct text words = {0};
	char text[PREFIX_TEXT];

	if (facts->remote.family != AF_INET) {
		text_add_string(
			&words, "the kernel has none for IPv6 (firewalld has: IPv6_rpfilter)");
		add_step(telling, "rp_filter", &words);
		return;
	}
	format_filter_value(facts, &words);
	if (filter_value(&facts->filter)) {
		text_format(&words, ": the way back to %s is ",
			prefix_format_address(&facts->remote, text));
		if (last && last->route) {
			route_format_choice(last->route, &words);
			text_add_string(&words, " (");
			format_table(last->route->table, &words);
			text_add_string(&words, ")");
		} else {
			text_add_string(&words, "none");
		}
		if (last && last->route && !route_uses(last->route, facts->arrival))
			text_format(&words, ", not %s", facts->arrival);
	}
	if (facts_pass_filter(facts))
		text_add_string(&words, ": passes");
	else
		text_add_string(
			&words, facts->arrives.error ? ": DROPPED" : ": passes, says the kernel");
	add_step(telling, "rp_filter", &words);
}

static void tell_delivery(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	struct text words = {0};
	char text[PREFIX_TEXT];

	text_format(&words, "%s is an address of %s: ", prefix_format_address(&facts->local, text),
		facts->holder);
	if (!facts->arrives.error && facts->arrives.type == ROUTE_LOCAL)
		text_add_string(&words, "taken");
	else if (!facts->arrives.error)
		text_add_string(&words, "NOT taken, as table local does not have it");
	else if (!facts_pass_filter(facts))
		text_add_string(&words, "not reached");
	else
		text_format(&words, "the kernel REFUSES the packet (%s)",
			strerror(facts->arrives.error));
	add_step(telling, "delivery", &words);
}

static void format_missed(const struct facts *facts, const struct step *step, struct text *out)
{
	char text[PREFIX_TEXT];

	switch (step->end) {
	case STEP_IIF:
		text_format(out, "no, it does not arrive by %s", step->rule->iif);
		return;
	case STEP_OIF:
		text_format(out, "no, it is not bound to %s", step->rule->oif);
		return;
	case STEP_MARK:
		text_add_string(out, "no, unless the firewall marks it");
		return;
	case STEP_OTHER:
		text_add_string(out, "no, taken to be for other packets");
		return;
	case STEP_VRF:
		text_add_string(out, "no, it is in no VRF");
		return;
	case STEP_FROM:
		text_format(out, "no, it is from %s", prefix_format_address(&facts->local, text));
		return;
	case STEP_TO:
		text_format(out, "no, it is to %s", prefix_format_address(&facts->remote, text));
		return;
	case STEP_TOS:
		text_add_string(out, "no, it has tos 0");
		return;
	default:
		text_add_string(out, "no, all of it fits");
	}
}

static void format_matched(const struct step *step, struct text *out)
{
	switch (step->end) {
	case STEP_NOP:
		text_add_string(out, "matches, does nothing");
		return;
	case STEP_GOTO:
		text_add_string(out, "matches");
		return;
	case STEP_NOWHERE:
		text_add_string(out, "matches, but there is no such rule");
		return;
	case STEP_EMPTY:
		text_add_string(out,
			step->rule->table == TABLE_DEFAULT ? "matches, no route there"
							   : "matches, but the table is EMPTY");
		return;
	case STEP_NO_ROUTE:
		text_add_string(out, "matches, no route there");
		return;
	case STEP_SUPPRESSED:
		text_add_string(out, "matches, but suppresses ");
		break;
	default:
		text_add_string(out, step->route ? "matches, " : "matches, REFUSED");
	}
	if (step->route)
		route_format_choice(step->route, out);
}

/* "10001: from 10.0.0.0/8 iif lo lookup 101: matches, default via 10.0.0.1 dev eth1" */
static void format_step(const struct facts *facts, const struct step *step, struct text *out)
{
	struct text words = {0}, rule = {0};

	rule_format(step->rule, &rule);
	/* The priority comes first here, as in `ip rule`. */
	*strstr(rule.bytes, " priority ") = '\0';
	text_format(&words, "%u: %s: ", step->rule->priority, rule.bytes);
	if (step_matches(step))
		format_matched(step, &words);
	else
		format_missed(facts, step, &words);
	text_format(out, "%*s", LABEL + 1, "");
	wrap(words.bytes, LABEL + 1, LABEL + 3, out);
	text_free(&words);
	text_free(&rule);
}

/* The kernel's own table default is always empty. */
static bool worth_telling(const struct step *step)
{
	return step_matches(step) && step->end != STEP_NO_ROUTE &&
		!(step->end == STEP_EMPTY && step->rule->table == TABLE_DEFAULT);
}

static void tell_reply(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	const struct step *step;
	struct text words = {0};
	char text[PREFIX_TEXT];
	size_t i;

	text_format(&words, "%s ->", prefix_format_address(&facts->local, text));
	text_format(&words, " %s, by the rules:", prefix_format_address(&facts->remote, text));
	add_step(telling, "reply", &words);
	for (i = 0; i < facts->trace->n; i++) {
		step = &facts->trace->items[i];
		if (!telling->brief || step == trace_last(facts->trace) || worth_telling(step))
			format_step(facts, step, telling->out);
	}
	if (trace_last(facts->trace))
		return;
	text_add_string(&words, "no rule is left: NO ROUTE");
	add_line(telling, &words);
}

static void tell_neighbour(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	const struct neighbour *neighbour = facts_neighbour(facts);
	struct text words = {0};
	char text[PREFIX_TEXT];

	text_format(&words, "%s on %s ", prefix_format_address(facts_next_hop(facts), text),
		facts->leaves.device);
	if (facts->neighbourless)
		text_add_string(&words, "needs no link-layer address");
	else if (facts_neighbour_failed(facts))
		text_add_string(&words, "does NOT answer (FAILED)");
	else if (neighbour && neighbour->mac[0])
		text_format(&words, "is at %s", neighbour->mac);
	else if (neighbour && neighbour->state & NEIGHBOUR_INCOMPLETE)
		text_add_string(&words, "is being asked for (INCOMPLETE)");
	else
		text_add_string(&words, "is not known yet, and will be asked for");
	add_step(telling, "neighbour", &words);
}

/* Is what the kernel answers what the walk came to? */
static bool walk_agrees(const struct facts *facts)
{
	const struct step *last = trace_last(facts->trace);
	const struct answer *leaves = &facts->leaves;
	struct hop hop;
	size_t i;

	if (leaves->error || !last || last->end != STEP_ROUTE)
		return leaves->error && (!last || last->end == STEP_REFUSED);
	/* Nexthop objects that are not expanded. */
	if (!route_hop_count(last->route))
		return true;
	for (i = 0; i < route_hop_count(last->route); i++) {
		hop = route_hop(last->route, i);
		if (!strcmp(hop.device, leaves->device) &&
			prefix_same_address(&hop.gateway, &leaves->gateway))
			return true;
	}
	return false;
}

static bool several_hops(const struct facts *facts)
{
	const struct step *last = trace_last(facts->trace);

	return last && last->end == STEP_ROUTE && last->route->n > 1;
}

static void tell_kernel(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	struct text words = {0};

	text_add_string(&words, walk_agrees(facts) ? "agrees:" : "DIFFERS:");
	if (facts->leaves.error) {
		text_format(&words, " %s", strerror(facts->leaves.error));
	} else {
		hop_format(&facts->leaves.gateway, facts->leaves.device, &words);
		if (facts->leaves.table) {
			text_add_string(&words, " (");
			format_table(facts->leaves.table, &words);
			text_add_string(&words, ")");
		}
	}
	if (several_hops(facts))
		text_add_string(&words, ", one of several next hops: other packets may differ");
	if (!walk_agrees(facts))
		text_add_string(&words, ". It is right, and the steps above have missed something");
	add_step(telling, "kernel", &words);
}

/* "eth1 through 10.0.0.1" */
static void format_exit(const struct facts *facts, struct text *out)
{
	char text[PREFIX_TEXT];

	text_add_string(out, facts->leaves.device);
	if (facts->leaves.gateway.family)
		text_format(
			out, " through %s", prefix_format_address(&facts->leaves.gateway, text));
}

static void format_lost(const struct facts *facts, enum verdict verdict, struct text *out)
{
	char text[PREFIX_TEXT];

	switch (verdict) {
	case VERDICT_DOWN:
		text_format(out, "lost: %s is down", facts->holder);
		return;
	case VERDICT_CARRIER:
		text_format(out, "lost: %s has no carrier", facts->holder);
		return;
	case VERDICT_FILTERED:
		text_format(out, "lost on arrival: %s filters what ", facts->arrival);
		if (facts->leaves.error)
			text_add_string(out, "has no way back");
		else
			text_format(out, "%s would answer", facts->leaves.device);
		return;
	case VERDICT_NOT_TAKEN:
		text_format(out, "lost on arrival: the kernel does not take it");
		return;
	case VERDICT_BYSTANDER:
		text_add_string(out, "lost whenever a neighbour sends it to the wrong NIC");
		return;
	case VERDICT_REFUSED:
		text_add_string(out, "lost: the reply is refused");
		return;
	case VERDICT_NEIGHBOUR:
		text_format(out, "lost: %s does not answer on %s",
			prefix_format_address(facts_next_hop(facts), text), facts->leaves.device);
		return;
	default:
		text_format(out, "lost: no route back to %s",
			prefix_format_address(&facts->remote, text));
	}
}

static void format_verdict(const struct facts *facts, enum verdict verdict, struct text *out)
{
	switch (verdict) {
	case VERDICT_RIGHT:
		text_add_string(out, "right: answered by ");
		format_exit(facts, out);
		return;
	case VERDICT_BEHIND:
		text_add_string(out, "right: answered by ");
		format_exit(facts, out);
		text_add_string(out, ", which leads to it");
		return;
	case VERDICT_NO_GATEWAY:
		text_format(out, "answered by ");
		format_exit(facts, out);
		text_format(out, ", as %s has no gateway", facts->holder);
		return;
	case VERDICT_ASTRAY:
		text_format(out, "astray: asked by %s, answered by ", facts->arrival);
		format_exit(facts, out);
		if (facts->deaf)
			text_format(out, ", not by %s", facts->holder);
		return;
	default:
		format_lost(facts, verdict, out);
	}
}

void explain_format(const struct facts *facts, bool brief, struct text *out)
{
	struct telling telling = {facts, brief, 0, out};
	enum verdict verdict = explain_verdict(facts);
	struct text words = {0}, cure = {0};

	tell_arrival(&telling);
	if (facts->up) {
		tell_bystanders(&telling);
		tell_filter(&telling);
		if (!brief || verdict == VERDICT_NOT_TAKEN)
			tell_delivery(&telling);
		tell_reply(&telling);
		if (!facts->leaves.error && (!brief || facts_neighbour_failed(facts)))
			tell_neighbour(&telling);
		if (!brief || !walk_agrees(facts) || several_hops(facts))
			tell_kernel(&telling);
	}
	format_verdict(facts, verdict, &words);
	explain_cure(facts, verdict, &cure);
	/* One line, whatever its length, for those who look for it. */
	text_format(out, "%-*s %s%s%s\n", LABEL, "verdict", words.bytes, cure.n ? "; cure: " : "",
		cure.n ? cure.bytes : "");
	text_free(&words);
	text_free(&cure);
}
