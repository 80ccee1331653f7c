/* SPDX-License-Identifier: MIT
 * The host's own way out: standbys, a default where main has none, a way around a dead uplink.
 */
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* Somebody else's, whatever it leads to, or that it leads nowhere: the administrator's word is the
 * last one. Of IPv6 2000::/3 is all that there is of the Internet, and the kernel's own unreachable
 * is nobody's. */
static bool is_others_default(const struct draft *draft, const struct route *route)
{
	static const struct prefix internet = {
		.family = AF_INET6, .len = 3, .bytes = {0x20}};

	return route->table == TABLE_MAIN &&
		(!route->dst.len || !prefix_compare(&route->dst, &internet)) &&
		!(route->type == ROUTE_UNREACHABLE &&
			(!route->protocol || route->protocol == PROTO_KERNEL)) &&
		!plan_owns_route(draft->plan, route);
}

static bool default_is_in_other_table(const struct draft *draft, int family)
{
	const struct rules *rules = &draft->input->kernel->rules;
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (rules->items[i].from.family == family &&
			draft_leads_elsewhere(draft, &rules->items[i]))
			return true;
	return false;
}

static bool is_up(const struct draft *draft, const char *device)
{
	const struct link *link = kernel_find_link(draft->input->kernel, device);

	return link && link->up &&
		!(draft->input->event == EVENT_DOWN && draft_is_event_device(draft, device));
}

static void prefer(const struct route **best, const struct route *route)
{
	if (!*best || route->metric < (*best)->metric)
		*best = route;
}

static bool is_known_dead(const struct draft *draft, const struct route *route)
{
	return health_find_dead(draft->input->healths, route->device, &route->gateway);
}

/* Nothing comes back by it, as far as watch knows, or the cable tells. */
static bool is_dead(const struct draft *draft, const struct route *route)
{
	const struct link *link = kernel_find_link(draft->input->kernel, route->device);

	return is_known_dead(draft, route) || !link || !link->running;
}

/* The first standby, of the plan's or of a held uplink. *last: if nothing is served any more, a
 * default of ours that is there, main's before any standby. */
static const struct route *find_standby(
	const struct draft *draft, int family, const struct route **last)
{
	const struct routes *wanted = &draft->plan->routes;
	const struct kernel *kernel = draft->input->kernel;
	const struct route *standby = NULL, *in_main = NULL, *any = NULL, *route;
	size_t i;

	for (i = 0; i < wanted->n; i++) {
		route = &wanted->items[i];
		if (route->table == TABLE_DEFAULT && !route->dst.len && route->dst.family == family)
			prefer(&standby, route);
	}
	for (i = 0; kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->dst.family != family || route->dst.len || !is_up(draft, route->device) ||
			!plan_owns_route(draft->plan, route))
			continue;
		if (route->table == TABLE_MAIN)
			prefer(&in_main, route);
		if (route->table != TABLE_DEFAULT)
			continue;
		prefer(&any, route);
		if (plan_holds(draft->plan, route->device, 0))
			prefer(&standby, route);
	}
	*last = in_main ? in_main : any;
	return standby;
}

static bool has_rule(const struct rules *rules, const struct rule *rule)
{
	size_t i;

	for (i = 0; rules && i < rules->n; i++)
		if (!rule_compare(&rules->items[i], rule))
			return true;
	return false;
}

/* It is there, and not by our making. */
static bool is_others_rule(const struct draft *draft, const struct rule *rule)
{
	return draft->input->kernel && has_rule(&draft->input->kernel->rules, rule) &&
		!has_rule(draft->input->record, rule);
}

/* A throw in main leads on to the kernel's last rule, where without us nothing was. IPv6 has no such
 * rule. */
void draft_add_standby(struct draft *draft)
{
	const struct index *main = &draft->lookups.shared_main;
	const struct rule rule = {.from = {.family = AF_INET6},
		.table = TABLE_DEFAULT,
		.priority = PRIORITY_DEFAULT};
	const struct route *thrown, *last;
	bool stands_by[2] = {find_standby(draft, AF_INET, &last) != NULL,
		find_standby(draft, AF_INET6, &last) != NULL};
	struct route route;
	size_t i;

	if (stands_by[true] && !is_others_rule(draft, &rule)) {
		*array_add(&draft->plan->rules) = rule;
		*array_add(&draft->plan->owned) = rule;
	}
	/* A default that somebody else has there is where it leads. */
	for (i = 0; i < draft->taken.n; i++)
		if (draft->taken.items[i].table == TABLE_DEFAULT && !draft->taken.items[i].dst.len)
			stands_by[draft->taken.items[i].dst.family == AF_INET6] = false;
	for (i = 0; i < main->n; i++) {
		thrown = main->items[i];
		if (thrown->type != ROUTE_THROW || !stands_by[thrown->dst.family == AF_INET6])
			continue;
		route = *thrown;
		route.type = ROUTE_UNREACHABLE;
		draft_add_unwritten(draft, route, TABLE_DEFAULT);
	}
}

/* The kernel's route of that key, protocol and next hop: scripts take the one default for theirs,
 * to give it a source for instance. */
static const struct route *find_same(const struct draft *draft, const struct route *route)
{
	const struct routes *seen = &draft->input->kernel->routes;
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (seen->items[i].protocol == route->protocol &&
			!route_compare_key(&seen->items[i], route) &&
			prefix_same_address(&seen->items[i].gateway, &route->gateway) &&
			!strcmp(seen->items[i].device, route->device))
			return &seen->items[i];
	return NULL;
}

/* The standby of the uplink that had the default last, as watch saw it: a bounce takes that away. */
static const struct route *prefer_last(const struct draft *draft, const struct route *standby)
{
	const struct healths *healths = draft->input->healths;
	const struct routes *wanted = &draft->plan->routes;
	const struct health *health;
	size_t i, k;

	for (i = 0; healths && i < healths->n; i++) {
		health = &healths->items[i];
		for (k = 0; health->state == HEALTH_DEFAULT && k < wanted->n; k++)
			if (wanted->items[k].table == TABLE_DEFAULT && !wanted->items[k].dst.len &&
				prefix_same_address(&wanted->items[k].gateway, &health->gateway) &&
				!strcmp(wanted->items[k].device, health->device))
				return &wanted->items[k];
	}
	return standby;
}

/* Main is initscripts', but a host without a default there is offline for all that look for one.
 * Metric 0 is what ip route replace default of initscripts replaces. IPv6 has a rule for the
 * standby, and initscripts only add, so nothing may stand in their way there. */
void draft_add_way_out(struct draft *draft, int family)
{
	const struct config *config = draft->input->config;
	const struct kernel *kernel = draft->input->kernel;
	const struct route *standby, *last, *same;
	struct route route;
	size_t i;

	if (!kernel || config->default_is_elsewhere || default_is_in_other_table(draft, family) ||
		lookups_is_filled(&draft->lookups, TABLE_DEFAULT, family, true) ||
		(draft->input->event == EVENT_PREPARE && config->enabled))
		return;
	for (i = 0; i < kernel->routes.n; i++)
		if (kernel->routes.items[i].dst.family == family &&
			is_others_default(draft, &kernel->routes.items[i]))
			return;
	standby = find_standby(draft, family, &last);
	if (standby ? family == AF_INET6 : !last)
		return;
	route = standby ? *prefer_last(draft, standby) : *last;
	route.metric = 0;
	if (!standby) {
		route.protocol = PROTO_BOOT;
		route.metric = METRIC_LEFT;
		if (last->protocol != PROTO_BOOT)
			diag_notice(draft->diags, route.device, 0,
				"its default route stays in table main: the host has no other");
	}
	route.table = TABLE_MAIN;
	same = find_same(draft, &route);
	*array_add(&draft->plan->routes) = same ? *same : route;
}

/* The default of the uplink's table: the plan's, or a held one's. */
static const struct route *find_table_default(
	const struct draft *draft, const struct planned *planned)
{
	const struct routes *all[] = {&draft->plan->routes, &draft->input->kernel->routes};
	const int family = planned->uplink->inet6 ? AF_INET6 : AF_INET;
	const struct route *route;
	size_t i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < all[k]->n; i++) {
			route = &all[k]->items[i];
			if (route->table == planned->table && route->dst.family == family &&
				route_is_table_default(route))
				return route;
		}
	return NULL;
}

/* By the first uplink that is alive and may stand in. */
static const struct route *find_alive(const struct draft *draft, int family)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	const struct route *best = NULL, *route;
	const struct planned *planned;
	size_t i;

	for (i = 0; i < uplinks->n; i++) {
		planned = &uplinks->items[i];
		if (planned->uplink->inet6 != (family == AF_INET6) || !planned->table ||
			!planned->uplink->stands_in || planned->state != STATE_UP)
			continue;
		route = find_table_default(draft, planned);
		if (route && !is_dead(draft, route) && (!best || route->table < best->table))
			best = route;
	}
	return best;
}

/* What carries the host's own traffic: main's default, another's or ours, or else the standby. */
static const struct route *find_carrying(const struct draft *draft, int family)
{
	const struct routes *all[] = {&draft->input->kernel->routes, &draft->plan->routes};
	const struct route *best = NULL, *route, *last;
	size_t i, k;

	for (k = 0; k < 2 && !best; k++)
		for (i = 0; i < all[k]->n; i++) {
			route = &all[k]->items[i];
			if (route->table == TABLE_MAIN && !route->dst.len &&
				route->dst.family == family &&
				(k || is_others_default(draft, route)))
				prefer(&best, route);
		}
	return best ? best : find_standby(draft, family, &last);
}

/* Over whatever default is there, and gone with two deletions: initscripts find main as they left
 * it. What is bound to the dead uplink's addresses still leaves by it. */
void draft_add_halves(struct draft *draft, int family)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct route *dead, *alive;
	struct route half;

	if (!kernel || draft->input->event == EVENT_PREPARE ||
		default_is_in_other_table(draft, family))
		return;
	dead = find_carrying(draft, family);
	if (!dead || !is_known_dead(draft, dead))
		return;
	alive = find_alive(draft, family);
	if (!alive)
		return;
	half = *alive;
	half.metric = family == AF_INET6 ? METRIC_HALF_INET6 : METRIC_HALF;
	half.dst.len = 1;
	draft_add_unwritten(draft, half, TABLE_MAIN);
	half.dst.bytes[0] = 0x80;
	draft_add_unwritten(draft, half, TABLE_MAIN);
}
