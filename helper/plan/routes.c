/* SPDX-License-Identifier: MIT
 * The plan's routes: those of one uplink, and the host's way out.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* ifup-routes adds each line of the block, and would print "File exists" where it is there
 * already: a device that is up goes through ifup once more, or ifup-aliases ran the hook of an
 * alias first. So until up has run the same routes are parked at a metric that nothing else of
 * ours has. No packet goes astray meanwhile. */
enum { PARKED_METRIC = 1 << 16 };

/* An alias's hook cannot tell whether ifup-routes of the device is yet to come or has run, but
 * what is there already. */
static bool is_parked(const struct draft *draft, const struct route *route)
{
	const struct kernel *kernel = draft->input->kernel;
	enum event event = draft->input->event;

	return draft_is_event_device(draft, route->device) &&
		(event == EVENT_PREPARE ||
			(event == EVENT_ALIAS && !(kernel && kernel_has_key(kernel, route))));
}

static bool in_route_file(const struct draft *draft, const struct uplink *uplink)
{
	const struct managed *managed = draft_find(draft, uplink->inet6, false, uplink->device);

	/* What a lease decides goes by netlink only: ifup-routes would apply what the last lease
	 * was, and a renewal, of which initscripts know nothing, would have to rewrite files. */
	return !uplink->kernel_only &&
		(!managed || (!managed->sourced && !managed->broken && !managed->shared &&
				     !managed->unsafe));
}

/* What stays in main when we go is nobody's but the administrator's (RTPROT_BOOT, ip's own). */
enum { PROTO_BOOT = 3 };

/* The kernel's default in main by the same next hop, or NULL: its metrics and source are what the
 * administrator has given this way. */
static const struct route *find_main_default(const struct draft *draft, const struct route *like)
{
	return index_find(&draft->lookups.main_defaults, like);
}

/* Where a line of his has the key, ours goes once an ifup has made way for it; until then the
 * uplink needs what it has. */
static void keep_until_ifup(struct draft *draft, const struct route *taken)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct route *route;
	size_t i;

	if (draft->input->event != EVENT_SYNC && draft_is_event_device(draft, taken->device))
		return;
	for (i = 0; kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (!route_compare_key(route, taken) && plan_owns_route(draft->plan, route))
			*array_add(&draft->plan->routes) = *route;
	}
}

/* A route that follows from the configuration, so that ifup-routes can apply it. */
static void add_own_route(struct draft *draft, const struct planned *planned, struct route route)
{
	const struct route *main_default = NULL;

	route.protocol = PROTO_MULTIHOME;
	if (route.dst.family == AF_INET)
		route.scope = route.gateway.family ? SCOPE_UNIVERSE : SCOPE_LINK;
	else if (!route.metric)
		route.metric = METRIC_INET6;
	memcpy(route.device, planned->uplink->device, sizeof(route.device));
	if (taken_by_line(draft, &route)) {
		keep_until_ifup(draft, &route);
		return;
	}
	if (!route.dst.len)
		main_default = find_main_default(draft, &route);
	/* EL8's ifup-routes replaces what it cannot add. */
	if (in_route_file(draft, planned->uplink) && draft_file_has_table(draft, route.table) &&
		!taken_has_key(draft, &route)) {
		*array_add(&draft->file_routes) = route;
		if (is_parked(draft, &route))
			route.metric += PARKED_METRIC;
	}
	if (main_default) {
		route.source = main_default->source;
		route.metrics = main_default->metrics;
		route.metrics_len = main_default->metrics_len;
	}
	if (planned->state == STATE_UP)
		*array_add(&draft->plan->routes) = route;
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

/* What is copied so far, from short to long: the prefixes that the next one lies within. */
struct covers {
	struct prefix items[130];
	size_t n;
};

static bool is_covered(struct covers *covers, const struct prefix *dst)
{
	while (covers->n && !prefix_contains(&covers->items[covers->n - 1], dst))
		covers->n--;
	return covers->n;
}

static bool within_network(const struct draft *draft, const struct prefix *dst)
{
	size_t i;

	for (i = 0; i < draft->networks.n; i++)
		if (draft->networks.items[i].len < dst->len &&
			prefix_contains(&draft->networks.items[i], dst))
			return true;
	return false;
}

/* Does the table's default lead there anyway? */
static bool leads_by_gateway(const struct route *route, const struct uplink *uplink)
{
	return !strcmp(route->device, uplink->device) && route->gateway.family &&
		!route->metrics_len && !route->tos &&
		prefix_same_address(&route->gateway, &uplink->gateway);
}

static bool is_own_prefix(
	const struct draft *draft, const struct uplink *uplink, const struct route *route)
{
	return !strcmp(route->device, uplink->device) && !route->gateway.family &&
		!route_has_no_hop(route) && draft_has_network(draft, &route->dst);
}

/* A rule's ban knows no exceptions. */
static bool is_banned_by_rule(const struct draft *draft, const struct route *route)
{
	const struct routes *bans = &draft->lookups.rule_bans;
	size_t i;

	for (i = 0; i < bans->n; i++)
		if (route != &bans->items[i] && prefix_contains(&bans->items[i].dst, &route->dst))
			return true;
	return false;
}

static void copy_route(struct draft *draft, const struct planned *planned,
	const struct route *route, struct covers *covers)
{
	struct route copy = *route;

	if (is_own_prefix(draft, planned->uplink, route) || is_banned_by_rule(draft, route))
		return;
	if (!is_covered(covers, &route->dst) && leads_by_gateway(route, planned->uplink) &&
		!within_network(draft, &route->dst))
		return;
	if (covers->n < sizeof(covers->items) / sizeof(*covers->items))
		covers->items[covers->n++] = route->dst;
	/* What cannot be copied, or leads by several devices: main decides. */
	if (route->special || (!route->device[0] && !route_has_no_hop(route))) {
		memset(&copy, 0, sizeof(copy));
		copy.dst = route->dst;
		copy.tos = route->tos;
		copy.metric = route->metric;
		copy.type = ROUTE_THROW;
		/* As the kernel has IPv6's routes that lead nowhere. */
		if (route->dst.family == AF_INET6)
			strcpy(copy.device, "lo");
		/* Before 3.7 IPv6 knows none (ip6_route_add). */
		if (route->dst.family == AF_INET6 && draft->input->kernel->old_inet6)
			return;
	}
	copy.table = planned->table;
	copy.protocol = PROTO_MULTIHOME;
	/* Up to 3.10 the kernel takes a route from any table when its source goes. */
	if (route->protocol == PROTO_KERNEL)
		memset(&copy.source, 0, sizeof(copy.source));
	if (!taken_has_key(draft, &copy))
		*array_add(&draft->plan->routes) = copy;
}

static const struct route *route_at(const struct index *index, size_t at)
{
	return at < index->n ? index->items[at] : NULL;
}

/* What is reachable through main stays reachable from the uplink's addresses, and what is banned
 * stays banned: static routes, bridges of containers, VPNs, blackholes. Where two devices have the
 * same network, the uplink's own comes first. */
static void copy_main(struct draft *draft, const struct planned *planned, bool bans_only)
{
	const struct lookups *lookups = &draft->lookups;
	struct route key = {.dst = {.family = planned->uplink->inet6 ? AF_INET6 : AF_INET}};
	const struct route *own, *shared;
	struct covers covers = {.n = 0};
	size_t at, at_shared;

	at_shared = index_first(&lookups->shared_main, &key);
	memcpy(key.device, planned->uplink->device, sizeof(key.device));
	at = index_first(&lookups->own_main, &key);
	for (;;) {
		own = route_at(&lookups->own_main, at);
		if (own && (strcmp(own->device, key.device) ||
				   own->dst.family != key.dst.family))
			own = NULL;
		shared = route_at(&lookups->shared_main, at_shared);
		if (shared && shared->dst.family != key.dst.family)
			shared = NULL;
		if (own && (!shared || prefix_compare(&own->dst, &shared->dst) <= 0)) {
			if (!bans_only)
				copy_route(draft, planned, own, &covers);
			at++;
		} else if (shared) {
			if (!bans_only || route_has_no_hop(shared))
				copy_route(draft, planned, shared, &covers);
			at_shared++;
		} else {
			return;
		}
	}
}

/* A ban that main makes an exception of, for what is behind another uplink, does not ban it here
 * either: it goes by this uplink's gateway, as all that another's device leads to. */
static void copy_unbanned(struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	const struct index *unbanned = &draft->lookups.unbanned;
	const struct route *seen;
	struct route route = {.table = planned->table, .protocol = PROTO_MULTIHOME};
	size_t i;

	route.gateway = uplink->gateway;
	route.onlink = uplink->gateway_outside && !uplink->inet6;
	memcpy(route.device, uplink->device, sizeof(route.device));
	for (i = 0; i < unbanned->n; i++) {
		seen = unbanned->items[i];
		route.dst = seen->dst;
		route.tos = seen->tos;
		route.metric = seen->metric;
		if (seen->dst.family == uplink->gateway.family &&
			strcmp(seen->device, uplink->device) && !taken_has_key(draft, &route))
			*array_add(&draft->plan->routes) = route;
	}
}

/* Does main have one of the same key that counts before it: of the uplink's own device, or of no
 * uplink's and earlier? */
static bool is_second(
	const struct draft *draft, const struct uplink *uplink, const struct route *route)
{
	const struct index *own = &draft->lookups.own_by_prefix,
			   *shared = &draft->lookups.shared_main;
	const struct route *other;
	size_t at;

	for (at = index_first(own, route); at < own->n; at++) {
		other = own->items[at];
		if (prefix_compare(&other->dst, &route->dst))
			break;
		if (other->metric == route->metric && other->tos == route->tos &&
			!strcmp(other->device, uplink->device))
			return true;
	}
	for (at = index_first(shared, route); at < shared->n; at++) {
		other = shared->items[at];
		if (prefix_compare(&other->dst, &route->dst))
			break;
		if (other->metric == route->metric && other->tos == route->tos && other < route)
			return true;
	}
	return false;
}

/* What main has behind a gateway of another uplink's network, and more exactly than an own network,
 * would else be looked for on the link. */
static void copy_within_networks(struct draft *draft, const struct planned *planned)
{
	const struct index *own = &draft->lookups.own_by_prefix;
	const struct prefix *net;
	const struct route *route;
	struct route key = {.table = 0}, copy;
	size_t i, at;

	for (i = 0; i < draft->networks.n; i++) {
		net = &draft->networks.items[i];
		key.dst = *net;
		for (at = index_first(own, &key); at < own->n; at++) {
			route = own->items[at];
			if (!prefix_contains(net, &route->dst))
				break;
			if (route->dst.len == net->len || !route->gateway.family ||
				route->special || !route->device[0] ||
				!strcmp(route->device, planned->uplink->device) ||
				is_second(draft, planned->uplink, route))
				continue;
			copy = *route;
			copy.table = planned->table;
			copy.protocol = PROTO_MULTIHOME;
			memset(&copy.source, 0, sizeof(copy.source));
			if (!taken_has_key(draft, &copy))
				*array_add(&draft->plan->routes) = copy;
		}
	}
}

/* A gateway in no network of the device: IPv4's kernels take our word for it that it is on the
 * link; IPv6's learned that later and less well, and look into the route's own table from 4.4 on. */
static void add_default(
	struct draft *draft, const struct planned *planned, unsigned table, unsigned metric)
{
	const struct uplink *uplink = planned->uplink;
	struct route route = {.table = table};

	if (uplink->gateway_outside && uplink->inet6) {
		route.dst = prefix_host(&uplink->gateway);
		add_own_route(draft, planned, route);
	}
	memset(&route.dst, 0, sizeof(route.dst));
	route.dst.family = uplink->gateway.family;
	route.gateway = uplink->gateway;
	route.onlink = uplink->gateway_outside && !uplink->inet6;
	route.metric = metric;
	add_own_route(draft, planned, route);
}

void draft_add_routes(struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;

	add_prefix_routes(draft, planned);
	add_default(draft, planned, planned->table, 0);
	if (uplink->fallback)
		add_default(draft, planned, TABLE_DEFAULT, planned->table);
	if (planned->state == STATE_UP)
		copy_within_networks(draft, planned);
	/* On the way up bans come before the rules that lead here. */
	if (planned->state == STATE_UP || draft->input->event == EVENT_PREPARE)
		copy_main(draft, planned, planned->state != STATE_UP);
	if (planned->state == STATE_UP)
		copy_unbanned(draft, planned);
}

/* A held uplink keeps its routes as they are, but bans follow main in its table as in any other. Its
 * gateway is the one that the kernel has. */
void draft_copy_held(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct route *route, *own;
	struct uplink uplink;
	struct planned planned = {.uplink = &uplink, .state = STATE_UP};
	size_t i, k;

	for (i = 0; kernel && draft->input->event != EVENT_PREPARE && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (!route_is_table_default(route) || !plan_holds_route(draft->plan, route))
			continue;
		memset(&uplink, 0, sizeof(uplink));
		memcpy(uplink.device, route->device, sizeof(uplink.device));
		uplink.inet6 = route->dst.family == AF_INET6;
		uplink.gateway = route->gateway;
		uplink.gateway_outside = route->onlink;
		for (k = 0; k < kernel->routes.n; k++) {
			own = &kernel->routes.items[k];
			if (own->table == route->table && own->dst.family == route->dst.family &&
				own->dst.len && !own->gateway.family &&
				!strcmp(own->device, route->device))
				*array_add(&uplink.addresses) = own->dst;
		}
		planned.table = route->table;
		draft_take_networks(draft, &uplink);
		copy_main(draft, &planned, true);
		copy_unbanned(draft, &planned);
		free(uplink.addresses.items);
	}
}

/* A throw in main leads on to the kernel's last rule, where without us nothing was. */
void draft_add_standby_bans(struct draft *draft)
{
	const struct index *main = &draft->lookups.shared_main;
	bool stands_by[2] = {false, false};
	const struct route *thrown;
	struct route route;
	size_t i, n = draft->plan->routes.n;

	for (i = 0; i < n; i++)
		if (draft->plan->routes.items[i].table == TABLE_DEFAULT)
			stands_by[draft->plan->routes.items[i].dst.family == AF_INET6] = true;
	/* Where somebody has a default of his own there, that is where it leads. */
	for (i = 0; i < draft->taken.n; i++)
		if (draft->taken.items[i].table == TABLE_DEFAULT && !draft->taken.items[i].dst.len)
			stands_by[draft->taken.items[i].dst.family == AF_INET6] = false;
	for (i = 0; i < main->n; i++) {
		thrown = main->items[i];
		if (thrown->type != ROUTE_THROW || !stands_by[thrown->dst.family == AF_INET6])
			continue;
		route = *thrown;
		route.type = ROUTE_UNREACHABLE;
		route.table = TABLE_DEFAULT;
		route.protocol = PROTO_MULTIHOME;
		if (!taken_has_key(draft, &route))
			*array_add(&draft->plan->routes) = route;
	}
}

static bool is_default_of_main(const struct route *route, int family)
{
	return route->table == TABLE_MAIN && !route->dst.len && route->dst.family == family &&
		!(family == AF_INET6 && route->type == ROUTE_UNREACHABLE);
}

/* Whatever it leads to, or that it leads nowhere: the administrator's word is the last one. */
static bool main_has_default(const struct draft *draft, int family)
{
	const struct routes *routes = &draft->input->kernel->routes;
	size_t i;

	for (i = 0; i < routes->n; i++)
		if (is_default_of_main(&routes->items[i], family) &&
			!plan_owns_route(draft->plan, &routes->items[i]))
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

/* The first standby: of the plan's, or of a held uplink. */
static const struct route *find_standby(const struct draft *draft, int family)
{
	const struct routes *wanted = &draft->plan->routes, *seen = &draft->input->kernel->routes;
	const struct route *best = NULL, *route;
	size_t i;

	for (i = 0; i < wanted->n; i++)
		if (wanted->items[i].table == TABLE_DEFAULT && !wanted->items[i].dst.len &&
			wanted->items[i].dst.family == family)
			prefer(&best, &wanted->items[i]);
	for (i = 0; i < seen->n; i++) {
		route = &seen->items[i];
		if (route->table == TABLE_DEFAULT && !route->dst.len &&
			route->dst.family == family &&
			plan_owns_route(draft->plan, route) && is_up(draft, route->device) &&
			plan_holds(draft->plan, HOLD_KERNEL, route->device, 0))
			prefer(&best, route);
	}
	return best;
}

/* Nothing is served any more: a default of ours that main or the standby has, main's first. */
static const struct route *find_last(const struct draft *draft, int family)
{
	const struct routes *seen = &draft->input->kernel->routes;
	const struct route *in_main = NULL, *standby = NULL, *route;
	size_t i;

	for (i = 0; i < seen->n; i++) {
		route = &seen->items[i];
		if (route->dst.family != family || route->dst.len || !is_up(draft, route->device) ||
			!plan_owns_route(draft->plan, route))
			continue;
		if (route->table == TABLE_MAIN)
			prefer(&in_main, route);
		else if (route->table == TABLE_DEFAULT)
			prefer(&standby, route);
	}
	return in_main ? in_main : standby;
}

/* The kernel's route of that key, protocol and next hop. */
static const struct route *find_same(const struct draft *draft, const struct route *route)
{
	const struct routes *seen = &draft->input->kernel->routes;
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (!route_compare_key(&seen->items[i], route) &&
			seen->items[i].protocol == route->protocol &&
			prefix_same_address(&seen->items[i].gateway, &route->gateway) &&
			!strcmp(seen->items[i].device, route->device))
			return &seen->items[i];
	return NULL;
}

/* Main is initscripts', but a host without a default there is offline for all that look for one.
 * Metric 0 is what ip route replace default of initscripts replaces. IPv6 has a rule for the
 * standby, and initscripts only add, so nothing may stand in their way there. */
void draft_add_way_out(struct draft *draft, int family)
{
	const struct route *found;
	struct route route;

	if (!draft->input->kernel || main_has_default(draft, family) ||
		draft->input->config->default_is_elsewhere ||
		(draft->input->event == EVENT_PREPARE && draft->input->config->enabled))
		return;
	found = find_standby(draft, family);
	if (found && family == AF_INET6)
		return;
	route = found ? *found : (struct route){.table = 0};
	if (!found) {
		found = find_last(draft, family);
		if (!found)
			return;
		route = *found;
		route.protocol = PROTO_BOOT;
		diag_notice(draft->diags, route.device, 0,
			"its default route stays in table main: the host has no other");
	}
	route.table = TABLE_MAIN;
	route.metric = family == AF_INET6 ? METRIC_INET6 : 0;
	/* Scripts take the one default for theirs, to give it a source for instance. */
	found = find_same(draft, &route);
	*array_add(&draft->plan->routes) = found ? *found : route;
}
