/* SPDX-License-Identifier: MIT
 * The plan's routes and rules of one uplink.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* ifup-routes adds each line of the block, and would print "File exists" where it is there
 * already: a device that is up goes through ifup once more, or ifup-aliases ran the hook of an
 * alias first. So what is to be there before ifup-routes stands aside: the same routes at a
 * metric, the same rules at a priority that nothing else of ours has. up moves it to its place.
 * No packet goes astray meanwhile. */
enum { ASIDE_METRIC = 1 << 16, ASIDE_PRIORITY = 2 };

/* An alias's hook cannot tell whether ifup-routes of the device is yet to come or has run, but
 * what is there already. */
static bool route_stands_aside(const struct draft *draft, const struct route *route)
{
	const struct kernel *kernel = draft->input->kernel;
	enum event event = draft->input->event;

	return draft_is_event_device(draft, route->device) &&
		(event == EVENT_PREPARE ||
			(event == EVENT_ALIAS && !(kernel && kernel_has_key(kernel, route))));
}

static bool rule_stands_aside(const struct draft *draft, const struct rule *rule)
{
	enum event event = draft->input->event;

	return draft_is_event_device(draft, rule->device) &&
		(event == EVENT_PREPARE ||
			(event == EVENT_ALIAS && !index_find(&draft->lookups.rules, rule)));
}

static bool in_route_file(const struct draft *draft, const struct uplink *uplink)
{
	const struct managed *managed = draft_find(draft, uplink->inet6, false, uplink->device);

	return !managed || (!managed->sourced && !managed->broken);
}

/* What a lease decides goes by netlink only: ifup-routes would apply what the last lease was,
 * and a renewal, of which initscripts know nothing, would have to rewrite files in /etc. */
static bool in_files(const struct planned *planned)
{
	return !planned->uplink->kernel_only;
}

static void want_route(
	struct draft *draft, const struct planned *planned, const struct route *route)
{
	if (planned->state == STATE_UP)
		*array_add(&draft->plan->routes) = *route;
}

/* A route that follows from the configuration, so that ifup-routes can apply it. */
static void add_own_route(struct draft *draft, const struct planned *planned, struct route route)
{
	route.protocol = PROTO_MULTIHOME;
	if (route.dst.family == AF_INET)
		route.scope = route.gateway.family ? SCOPE_UNIVERSE : SCOPE_LINK;
	else if (!route.metric)
		route.metric = METRIC_INET6;
	memcpy(route.device, planned->uplink->device, sizeof(route.device));
	if (routes_have_key(&draft->admin_routes, &route))
		return;
	if (in_files(planned) && in_route_file(draft, planned->uplink)) {
		*array_add(&draft->file_routes) = route;
		if (route_stands_aside(draft, &route))
			route.metric += ASIDE_METRIC;
	}
	want_route(draft, planned, &route);
}

static bool is_other_uplink(
	const struct draft *draft, const char *device, const struct uplink *uplink)
{
	const struct uplinks *uplinks = &draft->input->config->uplinks;
	size_t i;

	if (!strcmp(device, uplink->device))
		return false;
	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].inet6 == uplink->inet6 &&
			!strcmp(uplinks->items[i].device, device))
			return true;
	return false;
}

static bool is_own_prefix(
	const struct draft *draft, const struct uplink *uplink, const struct route *route)
{
	return !strcmp(route->device, uplink->device) && !route->gateway.family &&
		draft_has_network(draft, &route->dst);
}

/* No default, nor a half of one (0.0.0.0/1, 128.0.0.0/1), nor all of IPv6's that is in use
 * (2000::/3). A device's own fe80::/64 stays before the default; others' are not to be had. */
static bool is_specific(const struct uplink *uplink, const struct prefix *dst, const char *device)
{
	if (dst->family == AF_INET)
		return dst->len > 1;
	if (prefix_is_link_local(dst))
		return !strcmp(device, uplink->device);
	return dst->len > 3 && prefix_is_unicast(dst);
}

/* What is reachable through main stays reachable from the uplink's addresses: static routes,
 * bridges of containers, VPNs. */
static bool is_copied(
	const struct draft *draft, const struct uplink *uplink, const struct route *route)
{
	return route->dst.family == (uplink->inet6 ? AF_INET6 : AF_INET) &&
		is_specific(uplink, &route->dst, route->device) &&
		!is_other_uplink(draft, route->device, uplink) &&
		!is_own_prefix(draft, uplink, route);
}

static void copy_main(struct draft *draft, const struct planned *planned)
{
	const struct index *main = &draft->lookups.main;
	const struct route *seen;
	struct route route;
	size_t i;
	int own;

	/* Where two devices have the same network, the uplink's own comes first. */
	for (own = 1; own >= 0; own--)
		for (i = 0; i < main->n; i++) {
			seen = main->items[i];
			if (own == !!strcmp(seen->device, planned->uplink->device) ||
				!is_copied(draft, planned->uplink, seen))
				continue;
			route = *seen;
			route.table = planned->table;
			route.protocol = PROTO_MULTIHOME;
			want_route(draft, planned, &route);
		}
}

/* Behind every default that the administrator's configuration puts into main: which one wins
 * stays as it was. */
static unsigned fallback_metric(const struct draft *draft, unsigned table)
{
	const struct config *config = draft->input->config;
	unsigned long long metric = config->fallback_metric;
	const struct route *route;
	size_t i;

	if (config->highest_metric > metric)
		metric = config->highest_metric;
	for (i = 0; i < draft->admin_routes.n; i++) {
		route = &draft->admin_routes.items[i];
		if (!route->dst.len && route->table == TABLE_MAIN && route->metric > metric)
			metric = route->metric;
	}
	metric += table;
	return metric > 0x7fffffff ? 0x7fffffff : (unsigned)metric;
}

static void add_prefix_routes(struct draft *draft, const struct planned *planned)
{
	struct route route = {.table = planned->table};
	size_t i;

	for (i = 0; i < draft->networks.n; i++) {
		route.dst = draft->networks.items[i];
		/* An address alone is in the local table. */
		if (route.dst.len < prefix_bits(route.dst.family))
			add_own_route(draft, planned, route);
	}
}

/* Main has room for one route to an address and metric, so the second NIC with the same gateway
 * takes another metric; a next hop is looked for by its own device. From the configuration, so
 * that every hook comes to the same. */
static unsigned link_metric(const struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink;

	for (uplink = draft->input->config->uplinks.items; uplink != planned->uplink; uplink++)
		if (uplink->gateway_outside && strcmp(uplink->device, planned->uplink->device) &&
			prefix_same_address(&uplink->gateway, &planned->uplink->gateway))
			return fallback_metric(draft, planned->table);
	return 0;
}

void draft_add_routes(struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	struct route route = {.table = TABLE_MAIN};

	if (uplink->gateway_outside) {
		/* In main too: kernels before 4.x look for the next hop there only
		 * (fib_check_nh), whatever the table of the route. */
		route.dst = prefix_host(&uplink->gateway);
		route.metric = link_metric(draft, planned);
		add_own_route(draft, planned, route);
		route.table = planned->table;
		route.metric = 0;
		add_own_route(draft, planned, route);
	}
	add_prefix_routes(draft, planned);
	memset(&route.dst, 0, sizeof(route.dst));
	route.dst.family = uplink->gateway.family;
	route.gateway = uplink->gateway;
	route.table = planned->table;
	add_own_route(draft, planned, route);
	if (uplink->fallback) {
		route.table = TABLE_MAIN;
		route.metric = fallback_metric(draft, planned->table);
		add_own_route(draft, planned, route);
	}
	copy_main(draft, planned);
}

/* Addresses of lo are nobody else's: a service address there answers through the uplink in
 * whose network it lies. */
static bool is_elsewhere(
	const struct draft *draft, const struct uplink *uplink, const struct address *address)
{
	const struct link *link;

	if (!strcmp(address->device, uplink->device))
		return claimed_by_another(draft, uplink, &address->prefix);
	link = draft->input->kernel ? kernel_find_link(draft->input->kernel, address->device)
				    : NULL;
	return (!link || !link->loopback) && !claimed_by(draft, uplink, &address->prefix);
}

/* The addresses of a network stand together when they are sorted. */
static bool prefix_shared(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *net)
{
	const struct index *located = &draft->lookups.located;
	const struct address first = {.prefix = *net}, *address;
	size_t at;

	for (at = index_first(located, &first); at < located->n; at++) {
		address = located->items[at];
		if (!prefix_contains(net, &address->prefix))
			return false;
		if (is_elsewhere(draft, uplink, address))
			return true;
	}
	return false;
}

/* A foreign rule that says all that ours does, and more. A deletion takes the first rule that
 * has what it names (fib_nl_delrule), so deleting ours would take that one. */
static bool has_foreign_twin(const struct draft *draft, const struct rule *rule)
{
	const struct index *twins = &draft->lookups.twins;
	struct rule first = *rule;
	const struct rule *twin;
	size_t at;

	first.forwarded = false;
	for (at = index_first(twins, &first); at < twins->n; at++) {
		twin = twins->items[at];
		if (twin->priority != rule->priority || twin->table != rule->table ||
			prefix_compare(&twin->from, &rule->from))
			return false;
		if (rule->forwarded || twin->from_host)
			return true;
	}
	return false;
}

static void add_rule(struct draft *draft, const struct planned *planned, struct prefix from,
	unsigned priority, bool in_file)
{
	const struct kernel *kernel = draft->input->kernel;
	struct rule rule = {.from = from, .table = planned->table, .priority = priority};

	memcpy(rule.device, planned->uplink->device, sizeof(rule.device));
	rule.forwarded = planned->uplink->inet6 && kernel && kernel->old_inet6;
	if (planned->uplink->inet6 && !draft->input->config->release.reads_rule6)
		in_file = false;
	if (has_foreign_twin(draft, &rule)) {
		diag_notice(draft->diags, rule.device, 0,
			"left alone: a foreign rule of priority "
			"%u differs from ours only in a further selector",
			priority);
		return;
	}
	if (in_file && in_files(planned)) {
		*array_add(&draft->file_rules) = rule;
		*array_add(&draft->plan->owned) = rule;
		if (rule_stands_aside(draft, &rule))
			rule.priority -= ASIDE_PRIORITY;
	}
	if (planned->state != STATE_UP)
		return;
	*array_add(&draft->plan->rules) = rule;
	*array_add(&draft->plan->owned) = rule;
}

static void add_address_rules(
	struct draft *draft, const struct planned *planned, const struct prefix *net)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct uplink *uplink = planned->uplink;
	unsigned priority = draft->input->config->rule_priority;
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		if (prefix_contains(net, &uplink->addresses.items[i]))
			add_rule(draft, planned, prefix_host(&uplink->addresses.items[i]), priority,
				true);
	for (i = 0; kernel && i < kernel->addresses.n; i++)
		if (!strcmp(kernel->addresses.items[i].device, uplink->device) &&
			prefix_contains(net, &kernel->addresses.items[i].prefix) &&
			!claimed_by_any(draft, &kernel->addresses.items[i].prefix))
			add_rule(draft, planned, prefix_host(&kernel->addresses.items[i].prefix),
				priority, false);
}

void draft_add_rules(struct draft *draft, const struct planned *planned)
{
	const struct prefix *net;
	size_t i;

	for (i = 0; i < draft->networks.n; i++) {
		net = &draft->networks.items[i];
		if (prefix_shared(draft, planned->uplink, net))
			add_address_rules(draft, planned, net);
		else
			add_rule(draft, planned, *net, draft->input->config->rule_priority + 1,
				true);
	}
}
