/* SPDX-License-Identifier: MIT
 * What follows from the kernel's answers: does each address answer by its own NIC?
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/check_parts.h"

/* The other next hop of a default route by several NICs, whose turn it is for other peers. */
static bool other_turn(const struct judged *judged, struct hop *out)
{
	const struct kernel *kernel = judged->in->kernel;
	const struct rule *decider = judged->decider;
	const struct route *route;
	size_t i, k;

	for (i = 0; decider && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->table != decider->table || route->dst.len ||
			route->dst.family != judged->afar->family)
			continue;
		for (k = 0; k < route->n; k++) {
			*out = route->hops[k];
			if (!out->dead && strcmp(out->device, judged->asked->address->device))
				return true;
		}
		return false;
	}
	return false;
}

static void format_way(const char *device, const struct prefix *gateway, struct text *out)
{
	char text[PREFIX_TEXT];

	text_format(out, "by %s", device);
	if (gateway->family)
		text_format(out, " via %s", prefix_format_address(gateway, text));
}

/* Has the table a default route of ours? */
static bool is_ours(const struct kernel *kernel, unsigned table, int family)
{
	const struct route *route;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->table == table && !route->dst.len && route->dst.family == family &&
			route->protocol == PROTO_MULTIHOME)
			return true;
	}
	return false;
}

/* ": why", as far as rules and tables tell. */
static void format_reason(const struct judged *judged, struct text *out)
{
	const struct rule *decider = judged->decider;
	unsigned table = judged_table(judged);

	if (judged_has_lapsed(judged))
		text_format(out, ": table %u %s", judged->lapsed->table,
			check_is_empty(
				judged->in->kernel, judged->lapsed->table, judged->afar->family)
				? "is empty"
				: "has no default route");
	else if (table && decider && decider->table == table)
		text_format(out, ": table %u %s", table,
			is_ours(judged->in->kernel, table, judged->afar->family)
				? "is out of date"
				: "has somebody else's default route");
	else if (table && !judged_rule_leads_to(judged, table))
		text_format(out, ": no rule leads to table %u", table);
	else if (decider && (table || decider->from.len)) {
		text_add_string(out, ": the rule ");
		rule_format(decider, out);
		text_add_string(out, table ? " comes first" : " says so");
	} else if (!table) {
		text_add_string(out, ": no rule leads to a table of its own");
	}
}

static void format_wrong_way(const struct judged *judged, struct text *out)
{
	const struct asked *asked = judged->asked;
	const struct answer *reply = judged->reply;

	format_way(reply->device, &reply->gateway, out);
	text_add_string(out, ", not ");
	format_way(asked->address->device, &asked->gateway, out);
	format_reason(judged, out);
}

static void format_no_way(const struct judged *judged, struct text *out)
{
	const struct rule *decider = judged->decider;

	if (!decider) {
		text_add_string(out, "no route leads back");
		format_reason(judged, out);
		return;
	}
	text_add_string(out, "the rule ");
	rule_format(decider, out);
	text_add_string(out,
		decider->action == ACTION_LOOKUP ? " leads to a route that refuses" : " refuses");
}

static int setting(const struct check_input *in, const char *device, enum sysctl_key key)
{
	const struct sysctl *found = sysctl_find(in->settings, device, key);

	return found ? found->value : 0;
}

static void format_filter(const struct judged *judged, struct text *out)
{
	const char *device = judged->asked->address->device;
	int own = setting(judged->in, device, SYSCTL_RP_FILTER);
	int all = setting(judged->in, "all", SYSCTL_RP_FILTER);
	bool by_own = own >= all || judged->in->filter_needs_both;
	int value = by_own ? own : all;

	if (judged->afar->family == AF_INET6 || !value || (judged->in->filter_needs_both && !all)) {
		text_add_string(out, "no reverse-path filter does it");
		return;
	}
	text_format(out, "rp_filter=%d of %s is %s", value, by_own ? device : "all",
		value == 2 ? "loose" : "strict");
}

static void format_dropped(const struct judged *judged, struct text *out)
{
	text_add_string(out, "from afar are dropped on arrival: ");
	format_filter(judged, out);
	if (judged->reply->error) {
		text_add_string(out, ", and ");
		format_no_way(judged, out);
	} else if (!judged_nic_right(judged)) {
		text_add_string(out, ", and replies would leave ");
		format_wrong_way(judged, out);
	}
}

/* A tunnel that takes all traffic is what somebody started it for: half-defaults, or a default by a
 * device that is nothing but a tunnel. */
static bool is_by_tunnel(const struct judged *judged)
{
	const struct link *link = kernel_find_link(judged->in->kernel, judged->reply->device);
	const struct routes *routes = &judged->in->kernel->routes;
	const struct route *route;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (route->dst.len && prefix_contains(&route->dst, judged->afar) &&
			!strcmp(route_hop(route, 0).device, judged->reply->device))
			return true;
	}
	return link && link->tunnel;
}

/* By a route of the administrator's in the uplink's table? The plan wants none beside a line of
 * route-DEVICE that has it. */
static bool is_by_file(const struct judged *judged)
{
	const struct routes *routes = &judged->in->plan->routes;
	size_t i;

	for (i = 0; i < routes->n; i++)
		if (routes->items[i].table == judged_table(judged) && !routes->items[i].dst.len &&
			routes->items[i].dst.family == judged->afar->family)
			return false;
	return judged->decider && judged->decider->table == judged_table(judged);
}

static bool is_wrong(const struct judged *judged)
{
	const struct asked *asked = judged->asked;
	const struct profile *profile;

	if (asked->outside)
		return false;
	if (judged->kind == FINDING_WRONG_GATEWAY)
		return judged_table(judged) && !is_by_file(judged);
	if (asked->planned)
		return true;
	if (!judged->reply->error && is_by_tunnel(judged))
		return false;
	profile = asked->uplink ? NULL : judged_profile(judged);
	return !profile || !check_says_no(profile->file, "MULTIHOME");
}

static void add(const struct judged *judged, struct text *what, struct findings *findings)
{
	struct finding found = {.kind = judged->kind, .wrong = is_wrong(judged)};

	judged->asked->wrong = found.wrong;
	memcpy(found.device, judged->asked->address->device, sizeof(found.device));
	found.address = judged->asked->address->prefix;
	finding_add(findings, found, what->bytes, judged_cure(judged));
}

static void format_turns(const struct judged *judged, const struct hop *other, struct text *out)
{
	text_add_string(out, "leave by turns, also ");
	format_way(other->device, &other->gateway, out);
	format_reason(judged, out);
}

static void judge(struct judged *judged, struct findings *findings)
{
	struct hop other;
	struct text what = {0};

	if (judged->arrival->error) {
		judged->kind = FINDING_DROPPED;
		format_dropped(judged, &what);
	} else if (judged->reply->error) {
		judged->kind = FINDING_NO_WAY_BACK;
		text_add_string(&what, "go nowhere: ");
		format_no_way(judged, &what);
	} else if (!judged_nic_right(judged) || !judged_gateway_right(judged)) {
		judged->kind = judged_nic_right(judged) ? FINDING_WRONG_GATEWAY : FINDING_WRONG_NIC;
		text_add_string(&what, "leave ");
		format_wrong_way(judged, &what);
	} else if (other_turn(judged, &other)) {
		judged->kind = FINDING_WRONG_NIC;
		format_turns(judged, &other, &what);
	} else {
		judged->asked->right = true;
		return;
	}
	add(judged, &what, findings);
}

static bool filters_arp(const struct check_input *in, const char *device)
{
	int own = setting(in, device, SYSCTL_ARP_IGNORE),
	    all = setting(in, "all", SYSCTL_ARP_IGNORE);
	int ignore = own > all ? own : all;

	/* 3 is for addresses of scope host only (arp_ignore, net/ipv4/arp.c). */
	return ignore == 1 || ignore == 2 || ignore == 8 ||
		setting(in, device, SYSCTL_ARP_FILTER) || setting(in, "all", SYSCTL_ARP_FILTER);
}

static char *cure_flux(const struct check_input *in, const struct flux *flux)
{
	struct sysctl sysctl = {.key = SYSCTL_ARP_IGNORE, .value = 1};
	struct text cure = {0};
	size_t i;

	memcpy(sysctl.device, flux->device, sizeof(sysctl.device));
	if (sysctl_find(in->writes, flux->device, SYSCTL_ARP_IGNORE) ||
		sysctl_find(in->writes, flux->device, SYSCTL_ARP_FILTER))
		return mem_string("run multihome sync");
	for (i = 0; i < in->plan->uplinks.n; i++)
		if (in->plan->uplinks.items[i].uplink->arp_ignore != ARP_AUTO &&
			!strcmp(in->plan->uplinks.items[i].uplink->device, flux->device))
			return mem_format("set ARP_IGNORE=1 in %s and run multihome sync",
				in->plan->uplinks.items[i].uplink->file->name);
	text_add_string(&cure, "run ");
	sysctl_format(&sysctl, &cure);
	return cure.bytes;
}

static void judge_flux(const struct check_input *in, const struct flux *flux,
	const struct answer *answer, struct findings *findings)
{
	struct finding found = {.kind = FINDING_ARP, .wrong = flux->matters};
	struct prefix net = prefix_network(&flux->address->prefix);
	char text[PREFIX_TEXT];

	if (answer->error || answer->type != ROUTE_LOCAL || filters_arp(in, flux->device))
		return;
	memcpy(found.device, flux->device, sizeof(found.device));
	found.address = flux->address->prefix;
	finding_add(findings, found,
		mem_format("is answered here as well as by %s: both are in %s, and arp_ignore=%d",
			flux->address->device, prefix_format(&net, text),
			setting(in, flux->device, SYSCTL_ARP_IGNORE)),
		cure_flux(in, flux));
}

void check_answers(const struct check_input *in, struct inquiry *inquiry,
	const struct answer *answers, struct findings *findings)
{
	struct judged judged = {.in = in};
	const struct prefix *from;
	size_t i, n = inquiry->asked.n;

	for (i = 0; i < n; i++) {
		judged.asked = &inquiry->asked.items[i];
		from = &judged.asked->address->prefix;
		judged.afar = &inquiry->questions.items[2 * i].to;
		judged.reply = &answers[2 * i];
		judged.arrival = &answers[2 * i + 1];
		judged.decider = check_decider(
			in->kernel, from, judged.afar, judged_table(&judged), &judged.lapsed);
		judge(&judged, findings);
	}
	for (i = 0; i < inquiry->fluxes.n; i++)
		judge_flux(in, &inquiry->fluxes.items[i], &answers[2 * n + i], findings);
}
