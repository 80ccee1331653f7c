/* SPDX-License-Identifier: MIT
 * One packet and its reply: what becomes of them, and the cure.
 */
#include <string.h>
#include <sys/socket.h>

#include "judge/explain.h"

int filter_value(const struct filter *filter)
{
	return rp_filter_combine(filter->all, filter->own, filter->both);
}

const struct prefix *facts_next_hop(const struct facts *facts)
{
	return facts->leaves.gateway.family ? &facts->leaves.gateway : &facts->remote;
}

const struct neighbour *facts_neighbour(const struct facts *facts)
{
	return kernel_find_neighbour(facts->kernel, facts->leaves.device, facts_next_hop(facts));
}

bool facts_neighbour_failed(const struct facts *facts)
{
	const struct neighbour *neighbour = facts_neighbour(facts);

	return !facts->neighbourless && neighbour && neighbour->state & NEIGHBOUR_FAILED;
}

bool facts_pass_filter(const struct facts *facts)
{
	const struct step *last = trace_last(facts->trace);
	int value = filter_value(&facts->filter);

	if (!value || facts->remote.family != AF_INET)
		return true;
	if (!last || last->end != STEP_ROUTE)
		return false;
	return value > 1 || route_uses(last->route, facts->arrival);
}

static bool any_bystander_refuses(const struct facts *facts)
{
	size_t i;

	for (i = 0; i < facts->bystanders.n; i++)
		if (facts->bystanders.items[i].answers && facts->bystanders.items[i].refuses)
			return true;
	return false;
}

static enum verdict verdict_of_arrival(const struct facts *facts)
{
	if (!facts->up)
		return VERDICT_DOWN;
	if (!facts->carrier)
		return VERDICT_CARRIER;
	if (facts->arrives.error && !facts_pass_filter(facts))
		return VERDICT_FILTERED;
	if (facts->arrives.error || facts->arrives.type != ROUTE_LOCAL)
		return VERDICT_NOT_TAKEN;
	return any_bystander_refuses(facts) ? VERDICT_BYSTANDER : VERDICT_RIGHT;
}

static enum verdict verdict_of_reply(const struct facts *facts)
{
	const struct step *last = trace_last(facts->trace);

	if (facts->leaves.error)
		return last && last->end == STEP_REFUSED ? VERDICT_REFUSED : VERDICT_NO_ROUTE;
	if (facts_neighbour_failed(facts))
		return VERDICT_NEIGHBOUR;
	if (!strcmp(facts->leaves.device, facts->holder))
		return VERDICT_RIGHT;
	if (!facts->deaf && !strcmp(facts->leaves.device, facts->arrival))
		return VERDICT_BEHIND;
	/* An uplink answers even a neighbour of another one by its own gateway. */
	if (!facts->leaves.gateway.family && !facts->service.planned && last && last->route &&
		last->route->dst.len > 1)
		return VERDICT_BEHIND;
	return facts->gateway ? VERDICT_ASTRAY : VERDICT_NO_GATEWAY;
}

enum verdict explain_verdict(const struct facts *facts)
{
	enum verdict verdict = verdict_of_arrival(facts);

	return verdict == VERDICT_RIGHT ? verdict_of_reply(facts) : verdict;
}

bool verdict_is_right(enum verdict verdict)
{
	return verdict < VERDICT_ASTRAY;
}

/* From 100 on, as for uplinks: one that no rule or route has. */
static unsigned free_table(const struct kernel *kernel)
{
	unsigned table = 100, before;
	size_t i;

	do {
		before = table;
		for (i = 0; i < kernel->routes.n; i++)
			table += kernel->routes.items[i].table == table;
		for (i = 0; i < kernel->rules.n; i++)
			table += kernel->rules.items[i].table == table;
	} while (table != before);
	return table;
}

/* What an administrator without ifcfg files would type. */
static void cure_by_hand(const struct facts *facts, struct text *out)
{
	const char *ip = facts->local.family == AF_INET6 ? "ip -6" : "ip";
	struct prefix gateway =
		kernel_default_gateway(facts->kernel, facts->local.family, facts->holder, NULL);
	unsigned table = free_table(facts->kernel);
	char text[PREFIX_TEXT];

	text_format(out, "%s route add default via %s dev %s table %u; ", ip,
		gateway.family ? prefix_format_address(&gateway, text) : "GATEWAY", facts->holder,
		table);
	text_format(out, "%s rule add from %s table %u", ip,
		prefix_format_address(&facts->local, text), table);
}

static void cure_uplink(const struct facts *facts, enum verdict verdict, struct text *out)
{
	switch (facts->service.state) {
	case STATE_DOWN:
		text_format(out, "ifup %s", facts->holder);
		return;
	case STATE_EDITED:
		text_format(out, "ifdown %s; ifup %s", facts->holder, facts->holder);
		return;
	case STATE_REFUSED:
		text_format(out, "multihome plan says what is wrong with %s", facts->service.file);
		return;
	case STATE_BY_HAND:
		text_format(out, "rules of yours in rule%s-%s",
			facts->local.family == AF_INET6 ? "6" : "", facts->holder);
		return;
	case STATE_UP:
		break;
	}
	if (facts->service.pending)
		text_add_string(out, "multihome sync");
	else if (verdict == VERDICT_FILTERED)
		text_format(out, "RP_FILTER=loose in %s, then multihome sync", facts->service.file);
}

/* The reply does not leave as it should. */
static void cure_route(const struct facts *facts, enum verdict verdict, struct text *out)
{
	const struct step *last = trace_last(facts->trace);
	const char *ip = facts->local.family == AF_INET6 ? "ip -6" : "ip";

	if (last && last->end == STEP_REFUSED && last->route) {
		text_format(out, "%s route del ", ip);
		route_format_choice(last->route, out);
		text_format(out, " table %u", last->route->table);
	} else if (facts->by_hand) {
		text_format(out, "%s rule del ", ip);
		rule_format(last->rule, out);
	} else if (facts->service.planned) {
		cure_uplink(facts, verdict, out);
	} else if (facts->service.unknown) {
		text_add_string(out, "multihome plan says what is wrong with the configuration");
	} else if (!facts->service.file) {
		cure_by_hand(facts, out);
	} else if (facts->service.off) {
		text_format(out, "without MULTIHOME=no in %s, multihome sync", facts->service.file);
	} else if (!facts->service.has_gateway) {
		text_format(
			out, "GATEWAY= in %s, then service network restart", facts->service.file);
	} else if (!facts->service.host_enabled) {
		text_add_string(
			out, "MULTIHOME=yes in /etc/sysconfig/multihome, then multihome sync");
	} else {
		/* The only one, which is served if it asks for it. */
		text_format(out, "TABLE=100 in %s, then multihome sync", facts->service.file);
	}
}

static void cure_bystanders(const struct facts *facts, struct text *out)
{
	size_t i;

	if (facts->service.pending) {
		text_add_string(out, "multihome sync");
		return;
	}
	for (i = 0; i < facts->bystanders.n; i++)
		if (facts->bystanders.items[i].answers && facts->bystanders.items[i].refuses)
			text_format(out, "%ssysctl -w net/ipv4/conf/%s/arp_ignore=1",
				out->n ? "; " : "", facts->bystanders.items[i].device);
}

void explain_cure(const struct facts *facts, enum verdict verdict, struct text *out)
{
	switch (verdict) {
	case VERDICT_DOWN:
		text_format(
			out, facts->service.file ? "ifup %s" : "ip link set %s up", facts->holder);
		return;
	case VERDICT_CARRIER:
		text_format(out, "the cable of %s", facts->holder);
		return;
	case VERDICT_BYSTANDER:
		cure_bystanders(facts, out);
		return;
	case VERDICT_NEIGHBOUR:
		if (facts->service.has_gateway && facts->leaves.gateway.family)
			text_format(out, "GATEWAY= in %s, or that router", facts->service.file);
		return;
	case VERDICT_ASTRAY:
	case VERDICT_FILTERED:
	case VERDICT_NO_ROUTE:
	case VERDICT_REFUSED:
		cure_route(facts, verdict, out);
		return;
	default:
		return;
	}
}
