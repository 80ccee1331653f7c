/* SPDX-License-Identifier: MIT
 * One packet and its reply, told step by step.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/line.h"
#include "judge/cures.h"
#include "judge/words.h"

enum { LABEL = 12 };

enum { WILDCARDS_MAX = 16 };

struct telling {
	const struct facts *facts;
	const struct verdict *verdict;
	const struct steps *walk;
	bool brief;
	size_t columns;
	int steps; /* told so far */
	struct text *out;
	char remote[PREFIX_TEXT], local[PREFIX_TEXT];
};

/* Takes the words' text and frees it. label NULL: one more line of the same step. */
static void add_step(struct telling *telling, const char *label, struct text *words)
{
	if (label)
		text_format(telling->out, "%d %-*s ", ++telling->steps, LABEL - 2, label);
	else
		text_format(telling->out, "%*s", LABEL + 1, "");
	text_wrap(words->bytes, LABEL + 1, LABEL + 1, telling->columns, telling->out);
	text_free(words);
}

/* " (table main)" */
static void format_table(unsigned table, struct text *out)
{
	table_format(out, " (table ", table);
	text_add_string(out, ")");
}

static void tell_arrival(struct telling *telling)
{
	static const char *const reasons[] = {[ARRIVES_BY_ARP] = "which alone answers ARP for it",
		[ARRIVES_BY_ROUTE] = "which leads to it",
		[ARRIVES_BY_NETWORK] = "in whose network it is",
		[ARRIVES_AS_SAID] = "as said",
		[ARRIVES_BY_MASTER] = "which takes what its ports get"};
	const struct verdict *verdict = telling->verdict;
	const struct link *arrival = verdict->arrival, *holder = verdict->holder;
	struct text words = {0};

	text_format(&words, "%s -> %s by %s", telling->remote, telling->local, arrival->name);
	if (verdict->reason != ARRIVES_BY_HOLDER)
		text_format(&words, ", %s; %s has the address", reasons[verdict->reason],
			holder->name);
	if (!arrival->up || !arrival->running)
		text_format(&words, "%s %s", arrival != holder ? "; it" : ", which",
			arrival->up ? "has no carrier" : "is down");
	add_step(telling, "arrival", &words);
}

static void tell_bystanders(struct telling *telling)
{
	const struct verdict *verdict = telling->verdict;
	const struct bystander *other;
	struct text words = {0};
	size_t i;

	for (i = 0; i < verdict->bystanders.n; i++) {
		other = &verdict->bystanders.items[i];
		if (other->link == verdict->arrival)
			continue;
		text_format(&words, "%s is in the same network ", other->link->name);
		if (!other->answers)
			text_add_string(&words, "and does not answer ARP for it");
		else
			text_format(&words,
				"and answers ARP for it, too: neighbours may send it there, where "
				"it is %s",
				other->refuses ? "DROPPED" : "taken");
		add_step(telling, NULL, &words);
	}
}

static void format_route(const struct step *step, struct text *out)
{
	route_format_choice(step->route, out);
	format_table(step->route->table, out);
}

static void tell_filter(struct telling *telling)
{
	static const char *const names[] = {"off", "strict", "loose"};
	const struct facts *facts = telling->facts;
	const struct verdict *verdict = telling->verdict;
	const struct step *last = &verdict->reply.last;
	const char *device = verdict->arrival->name;
	int value = facts_filter(facts, device);
	bool both = facts->filter_needs_both;
	struct text words = {0};

	if (verdict->local.family != AF_INET) {
		text_add_string(
			&words, "the kernel has none for IPv6 (firewalld has: IPv6_rpfilter)");
		add_step(telling, "rp_filter", &words);
		return;
	}
	text_format(&words, "%s (%d = %s of all %d and %s %d)", names[value],
		both ? value : facts_setting_larger(facts, device, SYSCTL_RP_FILTER),
		both ? "min" : "max",
		facts_setting(facts, "all", SYSCTL_RP_FILTER), device,
		facts_setting(facts, device, SYSCTL_RP_FILTER));
	if (value) {
		text_format(&words, ": the way back to %s is ", telling->remote);
		if (last->rule && last->route)
			format_route(last, &words);
		else
			text_add_string(&words, "none");
		if (last->rule && last->route && !route_uses(last->route, device))
			text_format(&words, ", not %s", device);
	}
	if (verdict->expected != ARRIVAL_FILTERED)
		text_add_string(&words, ": passes");
	else
		text_add_string(&words,
			verdict->arrives.error ? ": DROPPED" : ": passes, says the kernel");
	add_step(telling, "rp_filter", &words);
}

static void tell_delivery(struct telling *telling)
{
	const struct verdict *verdict = telling->verdict;
	const struct answer *arrives = &verdict->arrives;
	struct text words = {0};

	text_format(&words, "%s is an address of %s: ", telling->local, verdict->holder->name);
	if (!arrives->error && arrives->type == ROUTE_LOCAL)
		text_add_string(&words, "taken");
	else if (!arrives->error)
		text_add_string(&words, "NOT taken, as table local does not have it");
	else if (verdict->expected == ARRIVAL_FILTERED)
		text_add_string(&words, "not reached");
	else
		text_format(&words, "the kernel REFUSES the packet (%s)", strerror(arrives->error));
	add_step(telling, "delivery", &words);
}

/* What is led on from here, to a container or a guest, is no packet to this address any more. */
static void tell_mark(struct telling *telling)
{
	const struct markeds *markeds = &telling->facts->plan->markeds;
	const struct verdict *verdict = telling->verdict;
	const struct marked *marked;
	struct text words = {0};
	size_t i;

	for (i = 0; i < markeds->n; i++) {
		marked = &markeds->items[i];
		if (strcmp(marked->uplink->device, verdict->arrival->name) || !marked->takes_rest ||
			marked->uplink->inet6 != (verdict->local.family == AF_INET6))
			continue;
		text_format(&words, "what is led on to a guest comes back by table %u (CONNMARK 0x%x)",
			marked->table, marked->mark);
		add_step(telling, "mark", &words);
		return;
	}
}

/* Why a rule does not match, or what comes of it; what a route decides follows. */
static const char *const ends[] = {
	[STEP_IIF] = "no, it does not arrive by ",
	[STEP_OIF] = "no, it is not bound to ",
	[STEP_MARK] = "no, unless the firewall marks it",
	[STEP_OWN_MARK] = "no, CONNMARK does not mark it",
	[STEP_OTHER] = "no, taken to be for other packets",
	[STEP_VRF] = "no, it is in no VRF",
	[STEP_FROM] = "no, it is from ",
	[STEP_TO] = "no, it is to ",
	[STEP_TOS] = "no, it has tos 0",
	[STEP_NOT] = "no, all of it fits",
	[STEP_NOP] = "matches, does nothing",
	[STEP_GOTO] = "matches",
	[STEP_NOWHERE] = "matches, but there is no such rule",
	[STEP_EMPTY] = "matches, but the table is EMPTY",
	[STEP_NO_ROUTE] = "matches, no route there",
	[STEP_THROW] = "matches, ",
	[STEP_SUPPRESSED] = "matches, but suppresses ",
	[STEP_ROUTE] = "matches, ",
	[STEP_REFUSED] = "matches, ",
};

static void format_end(const struct telling *telling, const struct step *step, struct text *out)
{
	bool usual = step->end == STEP_EMPTY && step->rule->table == TABLE_DEFAULT;

	text_add_string(out, ends[usual ? STEP_NO_ROUTE : step->end]);
	if (step->end == STEP_IIF || step->end == STEP_OIF)
		text_add_string(out, step->end == STEP_IIF ? step->rule->iif : step->rule->oif);
	else if (step->end == STEP_FROM || step->end == STEP_TO)
		text_add_string(out, step->end == STEP_FROM ? telling->local : telling->remote);
	else if (step->end >= STEP_THROW && step->route)
		route_format_choice(step->route, out);
	else if (step->end == STEP_REFUSED)
		text_add_string(out, "REFUSED");
}

/* "10001: from 10.0.0.0/8 iif lo lookup 101: matches, default via 10.0.0.1 dev eth1" */
static void format_step(struct telling *telling, const struct step *step)
{
	struct text words = {0}, rule = {0};

	rule_format(step->rule, &rule);
	/* The priority comes first here, as in `ip rule`. */
	*strstr(rule.bytes, " priority ") = '\0';
	text_format(&words, "%u: %s: ", step->rule->priority, rule.bytes);
	format_end(telling, step, &words);
	text_format(telling->out, "%*s", LABEL + 1, "");
	text_wrap(words.bytes, LABEL + 1, LABEL + 3, telling->columns, telling->out);
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
	const struct verdict *verdict = telling->verdict;
	const struct step *step;
	struct text words = {0};
	size_t i;

	text_format(&words, "%s -> %s, by the rules:", telling->local, telling->remote);
	add_step(telling, "reply", &words);
	for (i = 0; i < telling->walk->n; i++) {
		step = &telling->walk->items[i];
		if (!telling->brief || worth_telling(step))
			format_step(telling, step);
	}
	if (verdict->reply.last.rule)
		return;
	text_add_string(&words, "no rule is left: NO ROUTE");
	add_step(telling, NULL, &words);
}

static void tell_neighbour(struct telling *telling)
{
	const struct verdict *verdict = telling->verdict;
	const struct neighbour *neighbour = verdict_neighbour(telling->facts, verdict);
	const struct link *out = kernel_find_link(telling->facts->kernel, verdict->leaves.device);
	struct text words = {0};
	char text[PREFIX_TEXT];

	text_format(&words, "%s on %s ", prefix_format_address(verdict_next_hop(verdict), text),
		verdict->leaves.device);
	if (out && !out->mac[0])
		text_add_string(&words, "needs no link-layer address");
	else if (out && facts_is_mute(telling->facts, out) && verdict->fault == FAULT_NEIGHBOUR)
		text_add_string(&words, "is NOT asked for its MAC address (NOARP)");
	else if (neighbour && neighbour->state & NEIGHBOUR_SILENT)
		text_format(&words, "does NOT answer (%s)",
			neighbour->state & NEIGHBOUR_FAILED ? "FAILED" : "INCOMPLETE");
	else if (neighbour && neighbour->mac[0])
		text_format(&words, "is at %s", neighbour->mac);
	else
		text_add_string(&words, "is not known yet, and will be asked for");
	if (verdict->fault == FAULT_REPLY_CARRIER)
		text_format(&words, "; %s has NO CARRIER", verdict->leaves.device);
	add_step(telling, "neighbour", &words);
}

static void tell_kernel(struct telling *telling)
{
	const struct verdict *verdict = telling->verdict;
	struct text words = {0};

	text_add_string(&words, verdict->agrees			? "agrees:"
			: verdict_asks_of_another(verdict) ? "of a UDP packet of root's:"
							   : "DIFFERS:");
	if (verdict->leaves.error) {
		text_format(&words, " %s", strerror(verdict->leaves.error));
	} else {
		hop_format(&verdict->leaves.gateway, verdict->leaves.device, &words);
		if (verdict->leaves.table)
			format_table(verdict->leaves.table, &words);
	}
	if (verdict_turns(verdict))
		text_add_string(&words, ", one of several next hops: other packets may differ");
	if (!verdict->agrees && !verdict_asks_of_another(verdict))
		text_add_string(&words, ". It is right, and the steps above have missed something");
	add_step(telling, "kernel", &words);
}

/* "eth1 through 10.0.0.1" */
static void format_exit(const struct verdict *verdict, struct text *out)
{
	char text[PREFIX_TEXT];

	text_add_string(out, verdict->leaves.device);
	if (verdict->leaves.gateway.family)
		text_format(out, " through %s",
			prefix_format_address(&verdict->leaves.gateway, text));
}

static void format_turn(struct text *out)
{
	text_add_string(out, ", or by another next hop, in turn");
}

static void format_astray(const struct verdict *verdict, struct text *out)
{
	text_format(out, "astray: asked by %s, answered by ", verdict->arrival->name);
	format_exit(verdict, out);
	if (verdict_turns(verdict))
		format_turn(out);
	else if (verdict->fault == FAULT_NO_GATEWAY)
		text_format(out, ", as %s has no gateway", verdict->holder->name);
	else if (verdict->reason == ARRIVES_BY_ROUTE || verdict->away || verdict->routed ||
		verdict->holder->loopback || verdict->holder->noarp)
		text_format(out, ", not by %s", verdict->arrival->name);
	else if (verdict->reason != ARRIVES_BY_HOLDER)
		text_format(out, ", not by %s", verdict->holder->name);
}

void words_verdict(const struct verdict *verdict, struct text *out)
{
	const char *arrival = verdict->arrival->name;
	struct text selector = {0};
	char text[PREFIX_TEXT];
	struct hop first;
	bool by_route;

	if (!verdict_is_bad(verdict) && verdict->fault != FAULT_VRF) {
		text_add_string(out, verdict->fault <= FAULT_GATEWAY ? "right: answered by "
								     : "unknown: answered by ");
		format_exit(verdict, out);
	}
	switch (verdict->fault) {
	case FAULT_NONE:
	case FAULT_GATEWAY:
		if (strcmp(verdict->leaves.device, verdict->holder->name))
			text_add_string(out, verdict->reason == ARRIVES_BY_ARP
					? ", which alone answers ARP for it"
					: ", which leads to it");
		else if (verdict->fault == FAULT_GATEWAY)
			text_format(out, ", though its gateway is %s",
				prefix_format_address(&verdict->gateway, text));
		else if (verdict->leaves.gateway.family &&
			prefix_contains(&verdict->packet.local->prefix, &verdict->packet.remote))
			text_format(out, ", though %s is a neighbour",
				prefix_format_address(&verdict->packet.remote, text));
		return;
	case FAULT_DOWN:
		text_format(out, "lost: %s is down",
			verdict->arrival->up ? verdict->holder->name : arrival);
		return;
	case FAULT_CARRIER:
		text_format(out, "lost: %s has no carrier", arrival);
		return;
	case FAULT_FILTERED:
		text_format(out, "lost on arrival: rp_filter of %s drops what ", arrival);
		if (verdict->leaves.error)
			text_add_string(out, "has no way back");
		else if (verdict_filter_differs(verdict, &first))
			text_format(out, "has its first way back by %s", first.device);
		else
			text_format(out, "%s would answer", verdict->leaves.device);
		return;
	case FAULT_NOT_TAKEN:
		text_add_string(out, "lost on arrival: the kernel does not take it");
		return;
	case FAULT_ARP:
		text_add_string(out, "lost: no NIC answers ARP for it ");
		if (verdict->refused.family)
			text_format(out, "(rp_filter of %s drops what %s asks)",
				verdict->holder->name,
				prefix_format_address(&verdict->refused, text));
		else if (verdict->holder->noarp)
			text_format(out, "(%s has NOARP)", verdict->holder->name);
		else
			text_add_string(out, "(arp_ignore, arp_filter)");
		return;
	case FAULT_CONFLICT:
		text_add_string(out, "lost whenever a neighbour sends it to the wrong NIC");
		return;
	case FAULT_NO_ROUTE:
		text_format(out, "lost: no route back to %s",
			prefix_format_address(&verdict->packet.remote, text));
		return;
	case FAULT_REFUSED:
		text_add_string(out, "lost: the reply is refused");
		return;
	case FAULT_REPLY_CARRIER:
		text_format(out, "lost: the reply leaves by %s, which has no carrier",
			verdict->leaves.device);
		if (verdict_turns(verdict))
			format_turn(out);
		return;
	case FAULT_NEIGHBOUR:
		if (verdict->holder->noarp && !verdict->holder->tunnel &&
			!strcmp(verdict->holder->name, verdict->leaves.device)) {
			text_format(out, "lost: %s asks for no MAC address (NOARP)",
				verdict->leaves.device);
			return;
		}
		text_format(out, "lost: %s does not answer on %s",
			prefix_format_address(verdict_next_hop(verdict), text),
			verdict->leaves.device);
		if (verdict_turns(verdict))
			format_turn(out);
		return;
	case FAULT_DEAD:
		text_format(out, "lost: nothing comes back by %s, says watch",
			verdict->leaves.device);
		return;
	case FAULT_NIC:
	case FAULT_NO_GATEWAY:
	case FAULT_TURNS:
		format_astray(verdict, out);
		return;
	case FAULT_VRF:
		text_format(out, "unknown: %s is in a VRF, whose routes are not judged here",
			verdict->holder->vrf ? verdict->holder->name : arrival);
		return;
	case FAULT_ARRIVAL:
		text_add_string(out, ", whichever NIC its routers send it to: see the same, by DEVICE");
		return;
	case FAULT_PROXY:
		text_format(out, " if somebody there answers ARP for %s: there is no gateway",
			prefix_format_address(&verdict->packet.remote, text));
		return;
	case FAULT_DEPENDS:
		by_route = step_format_selector(&verdict->reply.depends, &selector);
		text_format(out, ", unless this %s is for the reply: %s",
			by_route ? "route" : "rule", selector.bytes);
		text_free(&selector);
		return;
	case FAULT_FIREWALL:
		text_add_string(out, verdict->firewall == FIREWALL_LOADED
				? " if the firewall lets it: rules are loaded, and were not examined"
				: verdict->firewall == FIREWALL_IPSEC
				? " if IPsec lets it: policies are there, and were not examined"
				: " if no firewall drops it: only root sees whether there are rules");
		return;
	}
}

const char *words_outcome(enum outcome outcome)
{
	static const char *const names[] = {"right", "astray", "lost", "unknown"};

	return names[outcome];
}

const char *words_fault(enum fault fault)
{
	static const char *const names[] = {"none", "wrong-gateway", "down", "no-carrier",
		"filtered", "not-taken", "no-arp", "arp-conflict", "no-route", "refused",
		"reply-no-carrier", "neighbour", "dead", "wrong-nic", "no-gateway", "by-turns", "vrf",
		"arrival", "no-next-hop", "depends", "firewall"};

	return names[fault];
}

/* A server that is bound to no address answers from the one that the kernel chooses, unless it takes
 * care itself. */
static void tell_wildcard(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	const struct verdict *verdict = telling->verdict;
	const bool inet6 = verdict->local.family == AF_INET6;
	const struct prefix *source = &facts->chosen;
	struct text ports = {0}, words = {0};
	char text[PREFIX_TEXT];
	size_t i, n = 0;

	if (!verdict->planned || !source->family || prefix_same_address(source, &verdict->local))
		return;
	for (i = 0; i < facts->wildcards[inet6].n; i++)
		/* With no mark there is no chain for it either. */
		if (!(facts->plan->markeds.n && ports_have(&facts->config->udp_ports,
							facts->wildcards[inet6].items[i])) &&
			n++ < WILDCARDS_MAX)
			text_add_number(&ports, ports.n ? " " : "", facts->wildcards[inet6].items[i]);
	if (n) {
		text_format(&words,
			"those of UDP on the wildcard address answer from %s, unless they take care "
			"themselves; CONNMARK=yes and UDP_PORTS=\"%s%s\" in "
			"/etc/sysconfig/multihome have them answer from the one that was asked",
			prefix_format_address(source, text), ports.bytes,
			n > WILDCARDS_MAX ? " …" : "");
		add_step(telling, "servers", &words);
	}
	text_free(&ports);
}

/* What is published answers by main, whatever it was asked at. */
static void tell_published(struct telling *telling)
{
	const struct facts *facts = telling->facts;
	const struct verdict *verdict = telling->verdict;
	const struct question question = {.to = verdict->packet.remote};
	struct text words = {0};
	const char *device;

	if (!facts->published || facts->plan->markeds.n || verdict->local.family == AF_INET6)
		return;
	device = walk(&facts->walks, &question, NULL).last.device;
	if (!device || !strcmp(device, verdict->arrival->name))
		return;
	text_format(&words,
		"what is published here answers by %s, not by %s: %s; CONNMARK=yes in "
		"/etc/sysconfig/multihome leads it back",
		device, verdict->arrival->name, facts->published);
	add_step(telling, "published", &words);
}

void words_explain(const struct facts *facts, const struct verdict *verdict,
	const struct steps *steps, bool brief, size_t columns, struct text *out)
{
	struct telling telling = {.facts = facts, .verdict = verdict, .walk = steps,
		.brief = brief, .columns = columns, .out = out};
	struct text words = {0};
	char *cure = cure_verdict(facts, verdict);

	prefix_format_address(&verdict->packet.remote, telling.remote);
	prefix_format_address(&verdict->local, telling.local);
	tell_arrival(&telling);
	if (verdict->fault != FAULT_DOWN) {
		tell_bystanders(&telling);
		tell_filter(&telling);
		if (!brief || verdict->fault == FAULT_NOT_TAKEN)
			tell_delivery(&telling);
		if (!brief)
			tell_mark(&telling);
		tell_reply(&telling);
		if (!verdict->leaves.error && (!brief || verdict->fault == FAULT_NEIGHBOUR ||
						      verdict->fault == FAULT_REPLY_CARRIER))
			tell_neighbour(&telling);
		if (!brief || !verdict->agrees || verdict_turns(verdict))
			tell_kernel(&telling);
	}
	if (!brief) {
		tell_published(&telling);
		tell_wildcard(&telling);
	}
	words_verdict(verdict, &words);
	text_format(out, "%-*s ", LABEL, "verdict");
	text_wrap(words.bytes, LABEL + 1, LABEL + 1, columns, out);
	/* On one line, to be copied. */
	if (*cure)
		text_format(out, "%-*s %s\n", LABEL, "cure", cure);
	text_free(&words);
	free(cure);
}
