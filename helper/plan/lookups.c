/* SPDX-License-Identifier: MIT
 * What the plan looks for again and again, sorted once, so that it costs no more than in
 * proportion on a host with thousands of addresses, routes and rules.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

define_order(claims_by_address, struct claim, prefix_compare_address(x->address, y->address))
define_order(uplinks_by_device, struct uplink,
	x->inet6 == y->inet6 ? strcmp(x->device, y->device) : x->inet6 - y->inet6)
define_order(uplinks_by_file, struct uplink, strcmp(x->file->name, y->file->name))
define_order(brought_ups_by_file, struct brought_up, strcmp(x->file, y->file))

static int compare_networks(struct prefix a, struct prefix b)
{
	a = prefix_network(&a);
	b = prefix_network(&b);
	return prefix_compare(&a, &b);
}

define_order(addresses_by_network, struct address, compare_networks(x->prefix, y->prefix))
define_order_by_two(routes_by_next_hop, struct route,
	prefix_compare_address(&x->gateway, &y->gateway), strcmp(x->device, y->device))
define_order(filled_by_table, struct filled_table,
	x->table == y->table ? x->family - y->family : compare_numbers(x->table, y->table))
define_order(routes_by_device, struct route, strcmp(x->device, y->device))
define_order(routes_by_prefix, struct route, prefix_compare(&x->dst, &y->dst))
define_order_by_two(routes_by_device_and_prefix, struct route,
	strcmp(x->device, y->device), prefix_compare(&x->dst, &y->dst))

static void collect_claims(const struct uplinks *uplinks, struct lookups *lookups)
{
	const struct uplink *uplink;
	struct claim *claim;
	size_t i, k;

	for (k = 0; k < uplinks->n; k++)
		for (uplink = &uplinks->items[k], i = 0; i < uplink->addresses.n; i++) {
			claim = array_add(&lookups->claims);
			claim->address = &uplink->addresses.items[i];
			claim->uplink = uplink;
		}
	index_build(&lookups->claims, claims_by_address, &lookups->claimed);
}

bool lookups_is_uplink(const struct lookups *lookups, const char *device, bool inet6)
{
	struct uplink key = {.inet6 = inet6};

	device_copy(key.device, device);
	return *device &&
		(index_find(&lookups->uplinks, &key) || index_find(&lookups->left_up, device));
}

const struct address *address_within(
	const struct index *index, size_t at, const struct prefix *net)
{
	const struct address *address = at < index->n ? index->items[at] : NULL;

	return address && prefix_contains(net, &address->prefix) ? address : NULL;
}

const struct route *route_within(const struct index *index, size_t at, const struct prefix *net)
{
	const struct route *route = at < index->n ? index->items[at] : NULL;

	return route && prefix_contains(net, &route->dst) ? route : NULL;
}

/* The claims of an address are few: profiles of one NIC, or NICs that share it. */
static bool is_claimed(const struct draft *draft, const struct prefix *address,
	const struct uplink *uplink, bool by_it)
{
	const struct index *claimed = &draft->lookups.claimed;
	const struct claim key = {address, NULL}, *claim;
	size_t at;

	for (at = index_first(claimed, &key); (claim = index_at(claimed, at, &key)); at++)
		if ((claim->uplink == uplink) == by_it)
			return true;
	return false;
}

bool claimed_by(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address)
{
	return is_claimed(draft, address, uplink, true);
}

bool claimed_by_another(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address)
{
	return is_claimed(draft, address, uplink, false);
}

bool draft_answers_no_arp(const struct draft *draft, const char *device)
{
	const struct link *link = kernel_find_link(draft->input->kernel, device);

	return link && (link->loopback || link->noarp || link->vrf);
}

/* By which devices do others lead everything, or a part of it, out of the host? */
static void collect_leading(const struct kernel *kernel, struct lookups *lookups)
{
	const struct route *route;
	size_t i;

	for (i = 0; kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->device[0] && prefix_is_default(&route->dst) &&
			!route_has_no_hop(route) && route->protocol != PROTO_MULTIHOME)
			*array_add(&lookups->leading) = route;
	}
	index_sort(&lookups->leading, routes_by_device);
}

/* Nobody else's, and not a VPN's that leads out of the host. */
static bool may_serve(const struct draft *draft, const struct address *address)
{
	const struct prefix *prefix = &address->prefix;
	struct route key = {.table = 0};

	memcpy(key.device, address->device, sizeof(key.device));
	return !index_find(&draft->lookups.leading, &key) && prefix_is_unicast(prefix) &&
		!claimed_by_another(draft, NULL, prefix) &&
		!lookups_is_uplink(
			&draft->lookups, address->device, prefix->family == AF_INET6);
}

/* A service address of lo, of a device that answers no ARP, or that has it alone, without a
 * network: nobody else's, so it answers through the uplink in whose network it lies. But that of a
 * VPN that leads out of the host is the VPN's. */
bool draft_is_service(const struct draft *draft, const struct address *address)
{
	const struct prefix *prefix = &address->prefix;

	return (prefix->len == prefix_bits(prefix->family) ||
		       draft_answers_no_arp(draft, address->device)) &&
		may_serve(draft, address);
}

bool draft_is_on_wire(
	const struct draft *draft, const struct address *address, const char *device)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct link *link = kernel_find_link(kernel, address->device);
	const struct link *lower =
		link && link->lower ? links_find(&kernel->links, link->lower) : NULL;

	return lower && !strcmp(lower->name, device) && may_serve(draft, address);
}

static void collect_addresses(struct draft *draft)
{
	const struct addresses *configured = &draft->input->config->addresses;
	const struct kernel *kernel = draft->input->kernel;
	struct lookups *lookups = &draft->lookups;
	size_t i;

	collect_claims(&draft->input->config->uplinks, lookups);
	index_build(configured, addresses_by_network, &lookups->networks);
	for (i = 0; i < configured->n; i++)
		*array_add(&lookups->located) = &configured->items[i];
	for (i = 0; kernel && i < kernel->addresses.n; i++)
		*array_add(&lookups->located) = &kernel->addresses.items[i];
	index_sort(&lookups->located, addresses_in_order);
	lookups->services.compare = addresses_in_order;
	for (i = 0; i < lookups->located.n; i++)
		if (draft_is_service(draft, lookups->located.items[i]))
			*array_add(&lookups->services) = lookups->located.items[i];
}

/* Does the record's file, as it is now, give no address yet, so that the device has yet to lose those
 * that it was brought up with? As with DHCP instead, or where the file cannot be read. */
static bool awaits_addresses(const struct config *config, const struct brought_up *was)
{
	const struct profile *profile;
	size_t i;

	for (i = 0; i < config->profiles.n; i++) {
		profile = &config->profiles.items[i];
		if (!strcmp(profile->file->name, was->file))
			return !profile->off && (!profile->addresses.n || profile->waiting) &&
				profile->fingerprint != was->fingerprint;
	}
	return false;
}

/* A bridge's port has none, nor has a NIC that somebody emptied: nothing is left to wait for. */
static bool has_addresses(const struct index *standing, const char *device)
{
	const struct address *address;
	size_t at;

	for (at = index_first(standing, device); (address = index_at(standing, at, device)); at++)
		if (!prefix_is_link_local(&address->prefix))
			return true;
	return false;
}

static bool is_left_up(const struct plan_input *input, const struct lookups *lookups,
	const struct brought_up *was)
{
	const struct link *link = kernel_find_link(input->kernel, was->device);
	struct file file = {.name = was->file};
	const struct uplink key = {.file = &file}, *uplink;
	size_t at;

	if (!link || !link->up || (input->device && !strcmp(input->device, was->device)))
		return false;
	for (at = index_first(&lookups->by_file, &key);
		(uplink = index_at(&lookups->by_file, at, &key)); at++)
		if (!strcmp(uplink->device, was->device))
			return false;
	return input->event != EVENT_SYNC || (has_addresses(&lookups->standing, was->device) &&
						     awaits_addresses(input->config, was));
}

static void collect_left_up(const struct plan_input *input, struct lookups *lookups)
{
	const struct brought_ups *record = input->brought_up;
	size_t i;

	for (i = 0; record && i < record->n; i++)
		if (is_left_up(input, lookups, &record->items[i]))
			*array_add(&lookups->left_up) = &record->items[i];
	index_sort(&lookups->left_up, devices_in_order);
}

/* A NIC's own link-local address, and multicast, are in no table of an uplink. */
static bool is_copied(const struct prefix *dst)
{
	if (dst->family == AF_INET)
		return !prefix_is_default(dst);
	return prefix_is_link_local(dst) ? dst->len < prefix_bits(dst->family)
					 : !prefix_is_default(dst) && prefix_is_unicast(dst);
}

static void add_main(const struct route *route, struct lookups *lookups)
{
	bool inet6 = route->dst.family == AF_INET6;

	if (route->table != TABLE_MAIN || route->protocol == PROTO_MULTIHOME)
		return;
	if (!route->dst.len && !route->special)
		*array_add(&lookups->main_defaults) = route;
	if ((route->type && !route_has_no_hop(route)) ||
		!(is_copied(&route->dst) ||
			(route_has_no_hop(route) &&
				(route->dst.len || route->from.len || route->tos))))
		return;
	if (lookups_is_uplink(lookups, route->device, inet6))
		*array_add(&lookups->own_main) = route;
	/* fe80::/64 of another device is not to be had. */
	else if (!prefix_is_link_local(&route->dst))
		*array_add(&lookups->shared_main) = route;
}

/* The device whose network has the address, or NULL. */
static const char *find_device(const struct addresses *addresses, const struct prefix *address)
{
	const struct address *best = NULL;
	size_t i;

	for (i = 0; i < addresses->n; i++)
		if (prefix_contains(&addresses->items[i].prefix, address) &&
			(!best || addresses->items[i].prefix.len > best->prefix.len))
			best = &addresses->items[i];
	return best ? best->device : NULL;
}

/* init.d/network adds these after the last ifup, when no hook of ours is left to run. */
static void add_statics(const struct plan_input *input, struct lookups *lookups)
{
	const struct routes *statics = &input->config->static_routes;
	const struct link *link;
	struct route *route;
	const char *device;
	size_t i;

	for (i = 0; i < statics->n; i++) {
		device = statics->items[i].device;
		link = kernel_find_link(input->kernel, device);
		/* route(8) refuses it. */
		if (*device && (!link || !link->up))
			continue;
		if (!*device && !route_has_no_hop(&statics->items[i]))
			device = find_device(&input->kernel->addresses, &statics->items[i].gateway);
		if (!device)
			continue;
		route = array_add(&lookups->statics);
		*route = statics->items[i];
		device_copy(route->device, device);
	}
	for (i = 0; i < lookups->statics.n; i++)
		add_main(&lookups->statics.items[i], lookups);
}

/* Main makes an exception of the route, for what is behind an uplink. */
static void collect_excepted(const struct route *shared, struct lookups *lookups)
{
	const struct index *own = &lookups->own_by_prefix;
	const struct route *route;
	size_t at;

	for (at = index_first(own, shared); (route = route_within(own, at, &shared->dst)); at++)
		if (route->dst.len > shared->dst.len || route->metric < shared->metric ||
			route->tos != shared->tos)
			*array_add(&lookups->excepted) = route;
}

/* Of routes with one key the kernel takes the first, be the others by what device they may. */
static bool is_shadowed(
	const struct route *shared, const struct routes *kernel, const struct index *own)
{
	const struct route *end = kernel->n ? kernel->items + kernel->n : NULL, *route;
	size_t at;

	for (at = index_first(own, shared); (route = index_at(own, at, shared)); at++)
		if (route->metric == shared->metric && route->tos == shared->tos &&
			route >= kernel->items && route < end &&
			(route < shared || shared < kernel->items || shared >= end))
			return true;
	return false;
}

static void drop_shadowed(const struct routes *kernel, struct lookups *lookups)
{
	struct index *shared = &lookups->shared_main;
	size_t i, n = 0;

	for (i = 0; i < shared->n; i++)
		if (!is_shadowed(shared->items[i], kernel, &lookups->own_by_prefix))
			shared->items[n++] = shared->items[i];
	shared->n = n;
}

static void collect_main(const struct plan_input *input, struct lookups *lookups)
{
	size_t i;

	for (i = 0; i < input->kernel->routes.n; i++)
		add_main(&input->kernel->routes.items[i], lookups);
	add_statics(input, lookups);
	index_sort(&lookups->main_defaults, routes_by_next_hop);
	index_sort(&lookups->own_main, routes_by_device_and_prefix);
	index_sort(&lookups->shared_main, routes_by_prefix);
	for (i = 0; i < lookups->own_main.n; i++)
		*array_add(&lookups->own_by_prefix) = lookups->own_main.items[i];
	index_sort(&lookups->own_by_prefix, routes_by_prefix);
	drop_shadowed(&input->kernel->routes, lookups);
	for (i = 0; i < lookups->shared_main.n; i++)
		collect_excepted(lookups->shared_main.items[i], lookups);
	index_sort(&lookups->excepted, routes_by_prefix);
}

static void add_filled(struct lookups *lookups, unsigned table, int family, bool has_default)
{
	struct filled_tables *filled = &lookups->filled;
	struct filled_table *last = filled->n ? &filled->items[filled->n - 1] : NULL;

	/* The kernel tells one table after the other. */
	if (!last || last->table != table || last->family != family) {
		last = array_add(filled);
		last->table = table;
		last->family = family;
	}
	last->has_default |= has_default;
}

/* Ours are not there before the first run, and what follows from these must not change by it. */
static void collect_filled(const struct kernel *kernel, struct lookups *lookups)
{
	const struct route *route;
	size_t i;

	for (i = 0; i < kernel->others.n; i++)
		add_filled(lookups, kernel->others.items[i].table,
			kernel->others.items[i].dst.family, false);
	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->protocol != PROTO_MULTIHOME)
			add_filled(lookups, route->table, route->dst.family,
				!route->dst.len && !route_has_no_hop(route));
	}
	index_build(&lookups->filled, filled_by_table, &lookups->by_filled);
}

bool lookups_is_filled(const struct lookups *lookups, unsigned table, int family, bool has_default)
{
	const struct filled_table key = {.table = table, .family = family}, *filled;
	size_t at = index_first(&lookups->by_filled, &key);

	for (; (filled = index_at(&lookups->by_filled, at, &key)); at++)
		if (filled->has_default || !has_default)
			return true;
	return false;
}

void lookups_build(struct draft *draft)
{
	const struct plan_input *input = draft->input;
	struct lookups *lookups = &draft->lookups;

	index_build(&input->config->uplinks, uplinks_by_device, &lookups->uplinks);
	index_build(&input->config->uplinks, uplinks_by_file, &lookups->by_file);
	if (input->saves)
		index_build(input->saves, sysctls_in_order, &lookups->saves);
	if (input->brought_up)
		index_build(input->brought_up, brought_ups_by_file, &lookups->brought_up);
	if (input->kernel)
		index_build(&input->kernel->addresses, devices_in_order, &lookups->standing);
	collect_left_up(input, lookups);
	collect_leading(input->kernel, lookups);
	collect_addresses(draft);
	if (!input->kernel)
		return;
	collect_main(input, lookups);
	collect_filled(input->kernel, lookups);
	rules_index_others(&input->kernel->rules, &lookups->similar);
	if (input->event == EVENT_ALIAS)
		index_build(&input->kernel->rules, rules_in_order, &lookups->rules);
}

void lookups_free(struct lookups *lookups)
{
	free(lookups->claims.items);
	free(lookups->claimed.items);
	free(lookups->located.items);
	free(lookups->leading.items);
	free(lookups->services.items);
	free(lookups->standing.items);
	free(lookups->rules.items);
	free(lookups->similar.items);
	free(lookups->uplinks.items);
	free(lookups->by_file.items);
	free(lookups->saves.items);
	free(lookups->brought_up.items);
	free(lookups->left_up.items);
	free(lookups->networks.items);
	free(lookups->main_defaults.items);
	free(lookups->own_main.items);
	free(lookups->shared_main.items);
	free(lookups->own_by_prefix.items);
	free(lookups->excepted.items);
	free(lookups->statics.items);
	free(lookups->filled.items);
	free(lookups->by_filled.items);
}
