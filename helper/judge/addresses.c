/* SPDX-License-Identifier: MIT
 * What check finds of each address, and of the host's own traffic.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/checks.h"
#include "judge/cures.h"

bool check_counts(const struct verdict *verdict)
{
	return verdict->has_gateway || verdict->bystanders.n || verdict->holder->vrf;
}

static void format_hop(const char *device, const struct prefix *gateway, struct text *out)
{
	char text[PREFIX_TEXT];

	text_format(out, "by %s", device);
	if (gateway->family)
		text_format(out, " via %s", prefix_format_address(gateway, text));
}

static bool rule_leads_to(
	const struct facts *facts, const struct verdict *verdict, unsigned table)
{
	struct index rules = {0};
	const struct rule *rule;
	bool leads = false;
	size_t i;

	walks_find_sourced(&facts->walks, &verdict->local, &rules);
	for (i = 0; i < rules.n && !leads; i++) {
		rule = rules.items[i];
		leads = rule->action == ACTION_LOOKUP && rule->table == table;
	}
	free(rules.items);
	return leads;
}

/* ": why", as far as rules and tables tell. */
static void format_reason(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	const struct rule *lapsed = verdict->reply.lapsed.rule, *last = verdict->reply.last.rule;
	const struct rule *jump = verdict->reply.jump;
	unsigned table = verdict->planned ? verdict->planned->table : 0;

	if (lapsed && (!table || lapsed->table == table)) {
		text_format(out, ": table %u %s", lapsed->table,
			verdict->reply.lapsed.end == STEP_EMPTY ? "is empty"
								: "has no default route");
	} else if (table && last && last->table == table) {
		text_format(out, ": table %u has another default route", table);
	} else if (table && !rule_leads_to(facts, verdict, table)) {
		text_format(out, ": no rule leads to table %u", table);
	} else if (jump || (last && last->from.len)) {
		text_add_string(out, ": the rule ");
		rule_format(jump ? jump : last, out);
		text_add_string(out, table ? " comes first" : " says so");
	} else if (!table) {
		text_add_string(out, ": no rule leads to a table of its own");
	}
}

static void format_not_here(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	text_add_string(out, ", not ");
	format_hop(verdict->holder->name, &verdict->gateway, out);
	format_reason(facts, verdict, out);
}

static void format_way(const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	format_hop(verdict->leaves.device, &verdict->leaves.gateway, out);
	/* By its own NIC, and asked for by another one. */
	if (verdict->arrival != verdict->holder &&
		!strcmp(verdict->leaves.device, verdict->holder->name))
		text_format(out, ", not by %s, which is asked for it", verdict->arrival->name);
	else
		format_not_here(facts, verdict, out);
}

static void format_no_way(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	const struct step *last = &verdict->reply.last;

	if (!last->rule) {
		text_add_string(out, "no route leads back");
		format_reason(facts, verdict, out);
		return;
	}
	text_add_string(out, "the rule ");
	rule_format(last->rule, out);
	text_add_string(out, last->route ? " leads to a route that refuses" : " refuses");
}

static void format_dropped(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	const char *device = verdict->arrival->name;
	int own = facts_setting(facts, device, SYSCTL_RP_FILTER);
	int all = facts_setting(facts, "all", SYSCTL_RP_FILTER);
	bool by_own = own >= all || facts->filter_needs_both;
	struct hop first;

	text_add_string(out, "from other networks are dropped");
	if (verdict->fault == FAULT_NOT_TAKEN) {
		text_add_string(out, " on arrival, and not by rp_filter");
		return;
	}
	text_format(out, " by rp_filter=%d (%s): ", by_own ? own : all,
		by_own ? device : "set for all");
	if (verdict->leaves.error) {
		format_no_way(facts, verdict, out);
		return;
	}
	if (verdict_filter_differs(verdict, &first)) {
		text_add_string(out, "the first of the routes back is ");
		format_hop(first.device, &first.gateway, out);
		format_not_here(facts, verdict, out);
		return;
	}
	text_add_string(out, "replies would leave ");
	format_way(facts, verdict, out);
}

/* A tunnel that takes all traffic is what somebody started it for: by half a default, or by a
 * default through a device that is nothing but a tunnel. */
static bool is_by_tunnel(const struct facts *facts, const struct verdict *verdict)
{
	const struct link *link = kernel_find_link(facts->kernel, verdict->leaves.device);
	const struct route *route = verdict->reply.last.route;

	return (link && link->tunnel) || (route && route->dst.len && prefix_is_default(&route->dst));
}

/* What multihome does not serve, and somebody chose to be so, is a note. */
static bool is_wrong(const struct facts *facts, const struct verdict *verdict)
{
	const struct planned *planned = verdict->planned;
	const struct profile *profile;

	if (verdict->outside)
		return false;
	/* An edit that waits is told as such; so is what leads to another table of ours. */
	if (verdict->fault == FAULT_GATEWAY)
		return planned && !planned->edited &&
			planned->table == verdict->reply.last.route->table &&
			plan_owns_route(facts->plan, verdict->reply.last.route);
	if (planned)
		return true;
	if (!verdict->leaves.error && is_by_tunnel(facts, verdict))
		return false;
	profile = verdict->uplink ? NULL : facts_find_profile(facts, verdict->holder->name);
	return !profile || !facts_file_says_no(facts, profile->file, "MULTIHOME");
}

/* A neighbour that was never asked for tells nothing, and check sends no packet to find out. */
static void check_neighbour(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	const struct prefix *gateway = verdict->fault == FAULT_NEIGHBOUR ? &verdict->leaves.gateway
									 : &verdict->gateway;
	const char *device = verdict->holder->name;
	const struct neighbour *neighbour = gateway->family
		? walks_find_neighbour(&facts->walks, device, gateway)
		: NULL;
	const struct link *taker = facts_find_taker(facts, verdict->holder);
	char text[PREFIX_TEXT];

	if (verdict->fault == FAULT_NEIGHBOUR && facts_is_mute(facts, verdict->holder)) {
		finding_add(findings, (struct finding){.kind = FINDING_NEIGHBOUR, .wrong = true},
			device, mem_string("it has NOARP: it asks for no MAC address and tells none"),
			cure_verdict(facts, verdict));
		return;
	}
	if (taker != verdict->holder && verdict->fault == FAULT_NEIGHBOUR) {
		finding_add(findings, (struct finding){.kind = FINDING_NEIGHBOUR, .wrong = true},
			device,
			mem_format("it is a port of %s, which gets what the gateway answers",
				taker->name),
			cure_verdict(facts, verdict));
		return;
	}
	if (verdict->fault == FAULT_NEIGHBOUR && !gateway->family) {
		finding_add(findings,
			(struct finding){.kind = FINDING_NEIGHBOUR,
				.wrong = is_wrong(facts, verdict),
				.address = verdict->local},
			device, mem_string("replies leave without a gateway, and nobody answers there"),
			cure_verdict(facts, verdict));
		return;
	}
	if (!neighbour || !(neighbour->state & NEIGHBOUR_SILENT))
		return;
	finding_add(findings,
		(struct finding){.kind = FINDING_NEIGHBOUR, .wrong = true, .address = *gateway},
		device,
		mem_format("the gateway %s did not answer when it was last asked for its MAC "
			   "address",
			prefix_format_address(gateway, text)),
		verdict->fault == FAULT_NEIGHBOUR
			? cure_verdict(facts, verdict)
			: cure_gateway(facts, verdict, device, gateway));
}

/* It is a fault where the packet is lost, or may be. */
static void check_conflicts(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	struct finding found = {.kind = FINDING_ARP, .address = verdict->local};
	bool by_arp = verdict->reason == ARRIVES_BY_ARP;
	const struct bystander *other;
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < verdict->bystanders.n; i++) {
		other = &verdict->bystanders.items[i];
		/* lo and dummy devices answer nobody. */
		if (!other->answers || (by_arp && verdict->holder->noarp &&
					       !facts_is_mute(facts, verdict->holder)))
			continue;
		found.wrong = other->refuses || verdict->has_gateway ||
			(by_arp && verdict_is_bad(verdict));
		finding_add(findings, found, other->link->name,
			mem_format("is answered here%s %s: both are in %s",
				by_arp ? ", not by" : " as well as by", verdict->holder->name,
				prefix_format(&other->net, text)),
			cure_conflict(facts, verdict, other));
	}
}

static void format_depends(const struct step *depends, const char *whom, struct text *out)
{
	struct text selector = {0};
	bool by_route = step_format_selector(depends, &selector);

	text_format(out, "another way if the %s %s is for %s", by_route ? "route" : "rule",
		selector.bytes, whom);
	text_free(&selector);
}

/* What is wrong with the reply, or with the NIC, goes to what; true: that is all there is to say. */
static bool format_fault(const struct facts *facts, const struct verdict *verdict,
	struct finding *found, struct text *what)
{
	struct hop other;

	found->kind = FINDING_WRONG_NIC;
	switch (verdict->fault) {
	case FAULT_NONE:
	case FAULT_FIREWALL:
	case FAULT_ARRIVAL:
	case FAULT_PROXY:
	case FAULT_CONFLICT:
		return false;
	case FAULT_DOWN:
		/* What is down itself is none of what is judged. */
		if (verdict->reason != ARRIVES_BY_MASTER)
			return false;
		found->kind = FINDING_CARRIER;
		found->wrong = true;
		found->address.family = 0;
		text_format(what, "it is a port of %s, which is down: nothing reaches it",
			verdict->arrival->name);
		return true;
	case FAULT_CARRIER:
	case FAULT_VRF:
		found->kind = verdict->fault == FAULT_VRF ? FINDING_VRF : FINDING_CARRIER;
		found->wrong = verdict->fault == FAULT_CARRIER;
		found->address.family = 0;
		text_add_string(what, found->wrong ? "it has no carrier: nothing reaches it"
			: "it is in a VRF, whose routes are not judged here");
		return true;
	case FAULT_FILTERED:
	case FAULT_NOT_TAKEN:
		found->kind = FINDING_DROPPED;
		format_dropped(facts, verdict, what);
		return false;
	case FAULT_ARP:
		found->kind = FINDING_ARP;
		text_add_string(what, "is answered by no NIC");
		return true;
	case FAULT_NO_ROUTE:
	case FAULT_REFUSED:
		found->kind = FINDING_NO_WAY_BACK;
		text_add_string(what, "go nowhere: ");
		format_no_way(facts, verdict, what);
		return false;
	case FAULT_NEIGHBOUR:
		/* Its own router's silence is told of the router. */
		if (!strcmp(verdict->leaves.device, verdict->holder->name))
			return false;
		text_add_string(what, "leave ");
		format_way(facts, verdict, what);
		text_add_string(what, "; the next hop does not answer");
		return true;
	case FAULT_DEAD:
		if (strcmp(verdict->leaves.device, verdict->holder->name)) {
			text_add_string(what, "leave ");
			format_way(facts, verdict, what);
			return true;
		}
		found->kind = FINDING_DEAD;
		found->address.family = 0;
		text_format(what, "it is dead, says watch: %s",
			health_find_dead(facts->healths, verdict->leaves.device,
				&verdict->leaves.gateway)->reason);
		return true;
	case FAULT_GATEWAY:
		found->kind = FINDING_WRONG_GATEWAY;
		/* fall through */
	case FAULT_NIC:
	case FAULT_NO_GATEWAY:
	case FAULT_REPLY_CARRIER:
		text_add_string(what, "leave ");
		format_way(facts, verdict, what);
		return false;
	case FAULT_TURNS:
		verdict_other_turn(facts, verdict, &other);
		text_add_string(what, "leave by turns, also ");
		format_hop(other.device, &other.gateway, what);
		format_reason(facts, verdict, what);
		return false;
	case FAULT_DEPENDS:
		found->kind = FINDING_DEPENDS;
		found->wrong = false;
		text_add_string(what, "leave ");
		format_depends(&verdict->reply.depends, "them", what);
		return false;
	}
	return false;
}

void check_address(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	struct finding found = {
		.wrong = is_wrong(facts, verdict), .address = verdict->local};
	struct text what = {0};
	bool all = format_fault(facts, verdict, &found, &what);

	if (what.n)
		finding_add(findings, found, verdict->holder->name, what.bytes,
			cure_verdict(facts, verdict));
	if (all)
		return;
	check_neighbour(facts, verdict, findings);
	check_conflicts(facts, verdict, findings);
}

/* ifup-eth's own route of each NIC that an ifcfg file brings up, but where NOZEROCONF= says not to. */
static bool was_brought_up(const struct facts *facts, const struct link *link)
{
	const struct route key = {.table = TABLE_MAIN,
		.dst = {.family = AF_INET, .len = 16, .bytes = {169, 254}}};
	const struct index *routes = &facts->walks.routes;
	const struct route *route;
	size_t at;

	for (at = index_first(routes, &key); (route = index_at(routes, at, &key)); at++)
		if (route->protocol == PROTO_BOOT && !strcmp(route->device, link->name))
			return true;
	return false;
}

/* A file that gives an address and no gateway, or one that does not count for it: other networks get
 * an answer by other NICs, or none. Somebody who means it so says MULTIHOME=no. */
void check_no_gateway(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	struct finding found = {.kind = FINDING_NO_GATEWAY};
	bool tunnel = verdict->holder->tunnel; /* GATEWAY= of such a device does nothing */
	const struct profile *profile;
	bool has;

	if (check_counts(verdict) || verdict->local.family != AF_INET ||
		!facts->config->uplinks.n)
		return;
	profile = facts_find_profile(facts, verdict->holder->name);
	if (!profile && verdict_is_bad(verdict) && was_brought_up(facts, verdict->holder))
		finding_add(findings, (struct finding){.kind = FINDING_EDITED, .wrong = true},
			verdict->holder->name,
			mem_string("it was brought up, and has no ifcfg file any more"),
			mem_format("see whether ifcfg-%s is to come back, or %s to go down",
				verdict->holder->name, verdict->holder->name));
	if (!profile || profile->port || facts_file_says_no(facts, profile->file, "MULTIHOME"))
		return;
	has = !tunnel && facts_file_has(facts, profile->file, "GATEWAY");
	found.wrong = has && verdict_is_bad(verdict);
	finding_add(findings, found, verdict->holder->name,
		mem_format("it has an address and no gateway%s: other networks get no answer by it",
			has ? " that counts" : ""),
		mem_format("see %s: %s, or MULTIHOME=no says that none is meant",
			profile->file->name,
			tunnel	? "DEFROUTE= decides"
				: verdict->holder->dummy ? "nothing is behind a dummy"
			: has	? "GATEWAY= is of no network of its IPADDR="
				: "GATEWAY= is missing"));
}

void check_own(const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	const int family = verdict->packet.remote.family;
	const char *in = family == AF_INET6 ? " in IPv6" : "";
	const char *device = verdict->leaves.device;
	struct finding found = {.kind = FINDING_OFFLINE, .wrong = true};
	struct text depends = {0};
	char *what;

	if (verdict->fault == FAULT_REPLY_CARRIER || verdict->fault == FAULT_DEAD) {
		what = mem_format("what the host sends itself%s leaves by %s, which %s", in, device,
			verdict->fault == FAULT_DEAD ? "is dead, says watch" : "has no carrier");
	} else if (verdict->fault == FAULT_NEIGHBOUR &&
		(!verdict->leaves.gateway.family ||
			!verdict_asks_from_elsewhere(facts, device, verdict_next_hop(verdict)))) {
		what = mem_format("what the host sends itself%s leaves by %s%s", in, device,
			verdict->leaves.gateway.family
				? ", whose gateway does not answer"
				: " without a gateway, and nobody answers there");
	} else if (verdict->fault == FAULT_REFUSED && facts_has_uplink(facts, family)) {
		what = mem_format(verdict->by_address ? "connections of the host itself%s are refused"
						      : "what the host sends itself%s is refused",
			in);
	} else if (verdict->fault == FAULT_NO_ROUTE && facts_has_uplink(facts, family)) {
		what = mem_format("the host has no default route%s: %s reaches its own networks only",
			in,
			verdict->by_source ? "from some of its addresses it"
					   : "what it sends itself");
	} else if (verdict->fault == FAULT_DEPENDS) {
		found = (struct finding){.kind = FINDING_DEPENDS};
		text_format(&depends, "what the host sends itself%s leaves ", in);
		format_depends(&verdict->reply.depends, "it", &depends);
		what = depends.bytes;
	} else {
		return;
	}
	finding_add(findings, found, "", what, cure_own(facts, verdict));
}
