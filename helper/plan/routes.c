/* SPDX-License-Identifier: MIT
 * The plan's routes: those of one uplink, and the host's way out.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* See struct serving. A standby's metric is its table's number, of which none is a multiple of 256
 * (is_reserved): such a multiple is no other standby's. All else stays before what a greater metric
 * leads elsewhere. */
static unsigned park_metric(const struct route *route)
{
	return route->table == TABLE_DEFAULT ? (route->metric << 8) + (1 << 16) : 1;
}

/* A line of his has the key: ours goes once an ifup has made way for it, and until then the uplink
 * needs what it has. */
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
static void add_own_route(struct draft *draft, struct route route)
{
	const struct serving *serving = &draft->serving;
	const struct route *in_main;

	route.protocol = PROTO_MULTIHOME;
	if (route.dst.family == AF_INET)
		route.scope = route.gateway.family ? SCOPE_UNIVERSE : SCOPE_LINK;
	else if (!route.metric)
		route.metric = METRIC_INET6;
	memcpy(route.device, serving->uplink->device, sizeof(route.device));
	if (taken_by_line(draft, &route)) {
		keep_until_ifup(draft, &route);
		return;
	}
	/* The metrics and the source that the administrator has given this next hop in main. */
	in_main = route.dst.len ? NULL : index_find(&draft->lookups.main_defaults, &route);
	/* EL8's ifup-routes replaces what it cannot add. */
	if (serving->routes_to_file && draft_file_has_table(draft, route.table) &&
		!taken_has_key(draft, &route)) {
		*array_add(&draft->file_routes) = route;
		if (serving->parks ||
			(serving->parks_new && !kernel_has_key(draft->input->kernel, &route)))
			route.metric = park_metric(&route);
	}
	if (in_main) {
		route.source = in_main->source;
		route.metrics = in_main->metrics;
		route.metrics_len = in_main->metrics_len;
	}
	if (serving->planned->state == STATE_UP)
		*array_add(&draft->plan->routes) = route;
}

static void add_prefix_routes(struct draft *draft)
{
	const struct serving *serving = &draft->serving;
	struct route route = {.table = serving->planned->table};
	size_t i;

	for (i = 0; i < serving->networks.n; i++) {
		route.dst = serving->networks.items[i];
		/* An address alone is in the local table. */
		if (route.dst.len < prefix_bits(route.dst.family))
			add_own_route(draft, route);
	}
}

/* A gateway that they would not find: IPv4's kernels take our word for it that it is on the link;
 * IPv6's learned that later and less well, and look into the route's own table from 4.4 on. */
static void add_default(struct draft *draft, unsigned table, unsigned metric)
{
	const struct uplink *uplink = draft->serving.uplink;
	const bool outside = draft->serving.outside;
	struct route route = {.table = table};

	if (outside && uplink->inet6) {
		route.dst = prefix_host(&uplink->gateway);
		add_own_route(draft, route);
	}
	memset(&route.dst, 0, sizeof(route.dst));
	route.dst.family = uplink->gateway.family;
	route.gateway = uplink->gateway;
	route.onlink = outside && !uplink->inet6;
	route.metric = metric;
	add_own_route(draft, route);
}

/* Wanted in the kernel alone, unless somebody else has its key there. */
void draft_add_unwritten(struct draft *draft, struct route route, unsigned table)
{
	route.table = table;
	route.protocol = PROTO_MULTIHOME;
	if (!taken_has_key(draft, &route))
		*array_add(&draft->plan->routes) = route;
}

static void add_copy(struct draft *draft, const struct route *route)
{
	/* Before 3.7 IPv6 knows none (ip6_route_add). */
	if (route->type == ROUTE_THROW && route->dst.family == AF_INET6 &&
		draft->input->kernel->old_inet6)
		return;
	draft_add_unwritten(draft, *route, draft->serving.planned->table);
}

/* Routes of main that the table has got which the next one lies within, from short to long. */
struct covers {
	const struct route *items[130];
	size_t n;
};

/* Drops those that do not cover the next one, and so none after it. The longest, or NULL. */
static const struct route *find_cover(struct covers *covers, const struct prefix *dst)
{
	while (covers->n && !prefix_contains(&covers->items[covers->n - 1]->dst, dst))
		covers->n--;
	return covers->n ? covers->items[covers->n - 1] : NULL;
}

static void add_cover(struct covers *covers, const struct route *route)
{
	const struct route *last = find_cover(covers, &route->dst);

	if (last && !prefix_compare(&last->dst, &route->dst)) {
		if (last->metric <= route->metric)
			return;
		covers->n--;
	}
	if (covers->n < sizeof(covers->items) / sizeof(*covers->items))
		covers->items[covers->n++] = route;
}

/* Does the uplink's table lead there anyway, by its own prefix or by its default? Not where a copy
 * of another route to the same would take its place. */
static bool is_needless(
	const struct draft *draft, const struct route *route, const struct route *cover)
{
	const struct serving *serving = &draft->serving;
	const struct uplink *uplink = serving->uplink;

	if (strcmp(route->device, uplink->device))
		return false;
	if (!route->gateway.family)
		return !route_has_no_hop(route) && index_find(&serving->by_network, &route->dst);
	return !cover && !route->metrics_len && !route->tos &&
		prefix_same_address(&route->gateway, &uplink->gateway) &&
		!index_find(&draft->lookups.shared_main, route);
}

/* Does another NIC lead to a gateway in a network that it shares with the uplink? Then the uplink's own
 * NIC reaches it as well. */
static bool shares_gateway(const struct draft *draft, const struct route *route)
{
	const struct serving *serving = &draft->serving;
	const struct index *by_network = &draft->lookups.networks;
	struct address key = {.prefix = {.len = 0}};
	const struct address *address;
	size_t i, at;

	if (!route->gateway.family || !strcmp(route->device, serving->uplink->device))
		return false;
	for (i = 0; i < serving->networks.n; i++) {
		key.prefix = serving->networks.items[i];
		if (!prefix_contains(&key.prefix, &route->gateway))
			continue;
		for (at = index_first(by_network, &key); (address = index_at(by_network, at, &key));
			at++)
			if (!strcmp(address->device, route->device))
				return true;
	}
	return false;
}

/* Whatever is asked next decides. */
static struct route make_throw(const struct route *route)
{
	struct route made = {.dst = route->dst,
		.tos = route->tos,
		.metric = route->metric,
		.type = ROUTE_THROW};

	if (route->dst.family == AF_INET6)
		strcpy(made.device, "lo");
	return made;
}

/* Of several next hops the first by the uplink's own NIC. False: there is none. */
static bool take_own_hop(const struct draft *draft, const struct route *route, struct route *out)
{
	struct hop hop;
	size_t i;

	for (i = 0; i < route->n; i++) {
		hop = route_hop(route, i);
		if (hop.dead || strcmp(hop.device, draft->serving.uplink->device))
			continue;
		out->hops = NULL;
		out->n = 0;
		out->gateway = hop.gateway;
		out->onlink = hop.onlink;
		out->flow = hop.flow;
		memcpy(out->device, hop.device, sizeof(out->device));
		return true;
	}
	return false;
}

static void copy_route(struct draft *draft, const struct route *route, struct covers *covers)
{
	const bool needless =
		is_needless(draft, route, find_cover(covers, &route->dst));
	struct route copy = *route;

	if (!needless || !route->gateway.family)
		add_cover(covers, route);
	if (needless)
		return;
	/* Main decides about a route that cannot be copied, or leads by several other devices. */
	if (route->special || (!route->device[0] && !route_has_no_hop(route) &&
				      !take_own_hop(draft, route, &copy))) {
		/* Where a throw leads on to nobody, the own gateway does. */
		if (route->dst.family == AF_INET6 && draft->input->kernel->ends_throw6)
			return;
		copy = make_throw(route);
	}
	if (shares_gateway(draft, route)) {
		memcpy(copy.device, draft->serving.uplink->device, sizeof(copy.device));
		memset(&copy.source, 0, sizeof(copy.source));
	}
	/* Up to 3.10 the kernel takes a route from any table when its source goes. */
	if (route->protocol == PROTO_KERNEL)
		memset(&copy.source, 0, sizeof(copy.source));
	add_copy(draft, &copy);
}

/* Has main one to the same that counts before it: by its metric, or of one key that of the uplink's
 * own device, or of no uplink's and earlier? */
static bool is_second(const struct draft *draft, const struct route *route)
{
	const struct index *indices[] = {
		&draft->lookups.own_by_prefix, &draft->lookups.shared_main};
	const char *device = draft->serving.uplink->device;
	const struct route *other;
	size_t i, at;

	for (i = 0; i < 2; i++)
		for (at = index_first(indices[i], route); (other = index_at(indices[i], at, route));
			at++)
			if (other->tos == route->tos &&
				(other->metric < route->metric ||
					(other->metric == route->metric &&
						(i ? other < route
						   : !strcmp(other->device, device)))))
				return true;
	return false;
}

static bool within_network(const struct serving *serving, const struct prefix *dst)
{
	const struct prefix *net;
	size_t i;

	for (i = 0; i < serving->networks.n; i++) {
		net = &serving->networks.items[i];
		if (net->len < dst->len && prefix_contains(net, dst))
			return true;
	}
	return false;
}

/* What main leads behind another uplink goes by this uplink's gateway. The table's default says so;
 * it has to be said again where main makes an exception of what the table gets. But a destination
 * within an own network would else be looked for on the link. */
static void copy_others(struct draft *draft, const struct route *route, struct covers *covers)
{
	const struct serving *serving = &draft->serving;
	const struct uplink *uplink = serving->uplink;
	const struct route *cover = find_cover(covers, &route->dst);
	struct route copy = *route, own = {.dst = route->dst,
		.tos = route->tos,
		.metric = route->metric,
		.gateway = uplink->gateway,
		.onlink = serving->outside && !uplink->inet6};

	/* Each link has a fe80::/64 of its own, and no gateway leads into another's. */
	if (!strcmp(route->device, uplink->device) || prefix_is_link_local(&route->dst))
		return;
	/* Where the own gateway is, the own NIC leads. */
	if (!route->special && !prefix_contains(&route->dst, &uplink->gateway) &&
		within_network(serving, &route->dst)) {
		if (is_second(draft, route))
			return;
		add_cover(covers, route);
		memset(&copy.source, 0, sizeof(copy.source));
		add_copy(draft, &copy);
	} else if (cover && strcmp(cover->device, uplink->device)) {
		memcpy(own.device, uplink->device, sizeof(own.device));
		add_copy(draft, &own);
	}
}

/* Other uplinks' routes that the uplink's table has to know of, in the order of prefixes. */
static void find_others(const struct draft *draft, struct index *others)
{
	const struct prefixes *networks = &draft->serving.networks;
	const struct lookups *lookups = &draft->lookups;
	const struct index *own = &lookups->own_by_prefix;
	struct route key = {.table = 0};
	const struct route *route;
	size_t i, at;

	for (i = 0; i < lookups->excepted.n; i++)
		*array_add(others) = lookups->excepted.items[i];
	for (i = 0; i < networks->n; i++) {
		key.dst = networks->items[i];
		for (at = index_first(own, &key); (route = route_within(own, at, &key.dst)); at++)
			if (route->dst.len > key.dst.len)
				*array_add(others) = route;
	}
	index_sort(others, own->compare);
}

/* Is the ban asked first, before whatever main has there? */
static bool is_thrown(const struct draft *draft, const struct route *route)
{
	const struct route *thrown;
	size_t i;

	for (i = 0; i < draft->thrown.n; i++) {
		thrown = &draft->thrown.items[i];
		if ((!thrown->tos || thrown->tos == route->tos) &&
			prefix_contains(&thrown->dst, &route->dst))
			return true;
	}
	return false;
}

/* The network of the link's own address. Main gets it with that address, which may be after the
 * last hook. */
static struct route link_local_network(const char *device)
{
	struct route route = {.table = TABLE_MAIN, .metric = METRIC_LINK_LOCAL};

	prefix_parse("fe80::/64", AF_INET6, &route.dst);
	memcpy(route.device, device, sizeof(route.device));
	return route;
}

/* Destinations that main leads to can be reached from the uplink's addresses as well, and those
 * that it bans stay banned: static routes, bridges of containers, VPNs, blackholes. Where two
 * devices have the same network, the uplink's own comes first. */
static void copy_main(struct draft *draft, bool bans_only)
{
	enum { OWN, SHARED, OTHERS, ALL };
	const struct uplink *uplink = draft->serving.uplink;
	struct index others = {0};
	const struct index *indices[ALL] = {
		&draft->lookups.own_main, &draft->lookups.shared_main, &others};
	struct route key = {.dst = {.family = uplink->inet6 ? AF_INET6 : AF_INET}};
	const struct route *next, *route;
	const struct route local = link_local_network(uplink->device);
	struct covers covers = {.n = 0};
	size_t at[ALL], i, first;

	for (i = 0; i < draft->thrown.n; i++)
		if (draft->thrown.items[i].dst.family == key.dst.family)
			add_copy(draft, &draft->thrown.items[i]);
	if (!bans_only)
		find_others(draft, &others);
	memcpy(key.device, uplink->device, sizeof(key.device));
	for (i = 0; i < ALL; i++)
		at[i] = index_first(indices[i], &key);
	/* All three are in the order of prefixes, so they are merged. */
	for (;; at[first]++) {
		for (next = NULL, first = i = 0; i < ALL; i++) {
			route = route_within(indices[i], at[i], &key.dst);
			if (!route || (i == OWN && strcmp(route->device, key.device)) ||
				(next && prefix_compare(&next->dst, &route->dst) <= 0))
				continue;
			next = route;
			first = i;
		}
		if (!next)
			break;
		if (is_thrown(draft, next) ||
			(!strcmp(next->device, local.device) && !route_compare_key(next, &local)))
			continue;
		if (first == OTHERS)
			copy_others(draft, next, &covers);
		else if (!bans_only || route_has_no_hop(next))
			copy_route(draft, next, &covers);
	}
	if (uplink->inet6 && !bans_only && !is_thrown(draft, &local))
		add_copy(draft, &local);
	free(others.items);
}

void draft_add_routes(struct draft *draft)
{
	const struct planned *planned = draft->serving.planned;

	add_prefix_routes(draft);
	add_default(draft, planned->table, 0);
	/* By its table's number each standby has a metric of its own. */
	if (planned->uplink->fallback && draft->priorities[planned->uplink->inet6].stands_by)
		add_default(draft, TABLE_DEFAULT, planned->table);
	/* On the way up bans come before the rules that lead here. */
	if (planned->state == STATE_UP || draft->input->event == EVENT_PREPARE)
		copy_main(draft, planned->state != STATE_UP);
}

/* A held uplink keeps its routes as they are, but what main gets is copied to its table as to any
 * other, and bans go with main's. Its gateway is the one that the kernel has. */
void draft_copy_held(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct route *route, *own;
	struct index ours = {0};
	struct uplink uplink;
	struct planned planned = {.uplink = &uplink, .state = STATE_UP};
	size_t i, k;

	if (!kernel || !draft->plan->held_devices.n || draft->input->event == EVENT_PREPARE)
		return;
	for (i = 0; i < kernel->routes.n; i++)
		if (kernel->routes.items[i].protocol == PROTO_MULTIHOME)
			*array_add(&ours) = &kernel->routes.items[i];
	index_sort(&ours, routes_by_key);
	for (i = 0; i < ours.n; i++) {
		route = ours.items[i];
		if (!route_is_table_default(route) || !plan_holds_route(draft->plan, route))
			continue;
		memset(&uplink, 0, sizeof(uplink));
		memcpy(uplink.device, route->device, sizeof(uplink.device));
		uplink.inet6 = route->dst.family == AF_INET6;
		uplink.gateway = route->gateway;
		uplink.gateway_outside = route->onlink;
		for (k = i; k < ours.n; k++) {
			own = ours.items[k];
			if (own->table != route->table || own->dst.family != route->dst.family)
				break;
			/* What main gets takes no key of what is held. */
			if (plan_holds_route(draft->plan, own))
				*array_add(&draft->plan->routes) = *own;
			if (own->dst.len && !own->gateway.family &&
				!strcmp(own->device, route->device))
				*array_add(&uplink.addresses) = own->dst;
		}
		planned.table = route->table;
		draft_serve(draft, &planned);
		copy_main(draft, false);
		free(uplink.addresses.items);
	}
	draft->serving.planned = NULL;
	draft->serving.uplink = NULL;
	free(ours.items);
}

/* The rule is behind ours, and what its table bans stays banned: a throw leads on to it. */
void draft_collect_thrown(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct rule *rule;
	const struct route *ban;
	size_t i, k;

	for (i = 0; kernel && i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		if (!draft_leads_elsewhere(draft, rule))
			continue;
		for (k = 0; k < kernel->routes.n; k++) {
			ban = &kernel->routes.items[k];
			if (ban->table == rule->table && ban->dst.len && route_has_no_hop(ban) &&
				ban->dst.family == rule->from.family &&
				ban->protocol != PROTO_MULTIHOME)
				*array_add(&draft->thrown) = make_throw(ban);
		}
	}
}
