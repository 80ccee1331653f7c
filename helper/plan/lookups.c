/* SPDX-License-Identifier: MIT
 * What the plan looks for again and again, sorted once, so that it costs no more than in
 * proportion on a host with thousands of addresses, routes and rules.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

static int claims_by_address(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	return prefix_compare_address(x->address, y->address);
}

static int addresses_in_order(const void *a, const void *b)
{
	const struct address *x = a, *y = b;

	return prefix_compare_address(&x->prefix, &y->prefix);
}

static int addresses_by_device(const void *a, const void *b)
{
	const struct address *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static int prefixes_in_order(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static int uplinks_by_device(const void *a, const void *b)
{
	const struct uplink *x = a, *y = b;

	return x->inet6 == y->inet6 ? strcmp(x->device, y->device) : x->inet6 - y->inet6;
}

static int uplinks_by_file(const void *a, const void *b)
{
	const struct uplink *x = a, *y = b;

	return strcmp(x->file->name, y->file->name);
}

static int brought_ups_by_device(const void *a, const void *b)
{
	const struct brought_up *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static int brought_ups_by_file(const void *a, const void *b)
{
	const struct brought_up *x = a, *y = b;

	return strcmp(x->file, y->file);
}

static int addresses_by_network(const void *a, const void *b)
{
	const struct address *x = a, *y = b;
	struct prefix net = prefix_network(&x->prefix), other = prefix_network(&y->prefix);

	return prefix_compare(&net, &other);
}

static int routes_by_next_hop(const void *a, const void *b)
{
	const struct route *x = a, *y = b;
	int order = prefix_compare_address(&x->gateway, &y->gateway);

	return order ? order : strcmp(x->device, y->device);
}

static int routes_by_prefix(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	return prefix_compare(&x->dst, &y->dst);
}

static int routes_by_device(const void *a, const void *b)
{
	const struct route *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : prefix_compare(&x->dst, &y->dst);
}

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

static void collect_addresses(const struct addresses *addresses, struct index *out)
{
	size_t i;

	for (i = 0; i < addresses->n; i++)
		*array_add(out) = &addresses->items[i];
}

bool lookups_is_uplink(const struct lookups *lookups, const char *device, bool inet6)
{
	struct uplink key = {.inet6 = inet6};
	struct brought_up was = {.file = NULL};

	memcpy(key.device, device, strlen(device) + 1);
	memcpy(was.device, device, strlen(device) + 1);
	return *device &&
		(index_find(&lookups->uplinks, &key) || index_find(&lookups->left_up, &was));
}

/* Does the record's file, as it is now, give no address, so that the device has yet to lose those
 * that it was brought up with? As with DHCP instead, or where the file cannot be read. */
static bool awaits_addresses(const struct config *config, const struct brought_up *was)
{
	const struct profile *profile;
	size_t i;

	for (i = 0; i < config->profiles.n; i++) {
		profile = &config->profiles.items[i];
		if (!strcmp(profile->file->name, was->file))
			return !profile->off && !profile->addresses.n &&
				profile->fingerprint != was->fingerprint;
	}
	return false;
}

static bool is_left_up(const struct plan_input *input, const struct lookups *lookups,
	const struct brought_up *was)
{
	const struct link *link = kernel_find_link(input->kernel, was->device);
	struct file file = {.name = was->file};
	const struct uplink key = {.file = &file}, *uplink;
	size_t at;

	if (!link || !link->up ||
		(input->event == EVENT_SYNC && !awaits_addresses(input->config, was)) ||
		(input->device && !strcmp(input->device, was->device)))
		return false;
	for (at = index_first(&lookups->by_file, &key);
		(uplink = index_at(&lookups->by_file, at, &key)); at++)
		if (!strcmp(uplink->device, was->device))
			return false;
	return true;
}

static void collect_left_up(const struct plan_input *input, struct lookups *lookups)
{
	const struct brought_ups *record = input->brought_up;
	size_t i;

	for (i = 0; record && i < record->n; i++)
		if (is_left_up(input, lookups, &record->items[i]))
			*array_add(&lookups->left_up) = &record->items[i];
	index_sort(&lookups->left_up, brought_ups_by_device);
}

/* No default, nor a half of one (0.0.0.0/1, 128.0.0.0/1), nor all of IPv6's that is in use
 * (2000::/3). */
static bool is_specific(const struct prefix *dst)
{
	if (prefix_is_link_local(dst))
		return dst->len < prefix_bits(dst->family);
	return dst->family == AF_INET ? dst->len > 1 : dst->len > 3 && prefix_is_unicast(dst);
}

bool route_has_no_hop(const struct route *route)
{
	return route->type >= ROUTE_BLACKHOLE;
}

static void add_main(const struct route *route, struct lookups *lookups)
{
	bool inet6 = route->dst.family == AF_INET6;

	if (route->table != TABLE_MAIN || route->protocol == PROTO_MULTIHOME)
		return;
	if (!route->dst.len && !route->special)
		*array_add(&lookups->main_defaults) = route;
	if ((route->type && !route_has_no_hop(route)) ||
		!(is_specific(&route->dst) || (route->dst.len && route_has_no_hop(route))))
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
	struct route *route;
	const char *device;
	size_t i;

	for (i = 0; i < statics->n; i++) {
		device = statics->items[i].device;
		if (!*device && !route_has_no_hop(&statics->items[i]))
			device = find_device(&input->kernel->addresses, &statics->items[i].gateway);
		if (!device)
			continue;
		route = array_add(&lookups->statics);
		*route = statics->items[i];
		memcpy(route->device, device, strlen(device) + 1);
	}
	for (i = 0; i < lookups->statics.n; i++)
		add_main(&lookups->statics.items[i], lookups);
}

/* Does it ban a destination for all that the host sends? */
static bool is_ban(const struct rule *rule)
{
	return rule->action >= ACTION_BLACKHOLE && rule->to.len && !rule->from.len &&
		!rule->inverted && !rule->tos && !rule->mask && !rule->flow && !rule->oif[0] &&
		(!rule->iif[0] || !strcmp(rule->iif, "lo")) && !rule_is_selective(rule);
}

/* A rule that is asked behind ours and before main bans nothing any more, so tables do. */
static void add_rule_bans(const struct plan_input *input, struct lookups *lookups)
{
	const struct rules *rules = &input->kernel->rules;
	const struct rule *rule;
	struct route *ban;
	size_t i;

	for (i = 0; i < rules->n; i++) {
		rule = &rules->items[i];
		if (!is_ban(rule) || rule->priority < input->config->rule_priority ||
			rule->priority >= PRIORITY_MAIN)
			continue;
		ban = array_add(&lookups->rule_bans);
		ban->dst = rule->to;
		ban->type = rule->action;
		ban->table = TABLE_MAIN;
		if (ban->dst.family == AF_INET6) {
			ban->metric = METRIC_INET6;
			strcpy(ban->device, "lo");
		}
	}
	for (i = 0; i < lookups->rule_bans.n; i++)
		*array_add(&lookups->shared_main) = &lookups->rule_bans.items[i];
	index_sort(&lookups->shared_main, routes_by_prefix);
}

static void collect_unbanned(const struct route *ban, struct lookups *lookups)
{
	const struct index *own = &lookups->own_by_prefix;
	const struct route *route;
	size_t at;

	for (at = index_first(own, ban); at < own->n; at++) {
		route = own->items[at];
		if (!prefix_contains(&ban->dst, &route->dst))
			return;
		if (route->dst.len > ban->dst.len || route->metric < ban->metric ||
			route->tos != ban->tos)
			*array_add(&lookups->unbanned) = route;
	}
}

void lookups_build(const struct plan_input *input, struct lookups *lookups)
{
	const struct kernel *kernel = input->kernel;
	size_t i;

	collect_claims(&input->config->uplinks, lookups);
	index_build(&input->config->uplinks, uplinks_by_device, &lookups->uplinks);
	index_build(&input->config->uplinks, uplinks_by_file, &lookups->by_file);
	index_build(&input->config->addresses, addresses_by_network, &lookups->networks);
	if (input->saves)
		index_build(input->saves, sysctls_in_order, &lookups->saves);
	if (input->brought_up)
		index_build(input->brought_up, brought_ups_by_file, &lookups->brought_up);
	collect_left_up(input, lookups);
	collect_addresses(&input->config->addresses, &lookups->located);
	if (kernel) {
		collect_addresses(&kernel->addresses, &lookups->located);
		index_build(&kernel->addresses, addresses_by_device, &lookups->standing);
		for (i = 0; i < kernel->routes.n; i++)
			add_main(&kernel->routes.items[i], lookups);
		add_statics(input, lookups);
		rules_index_others(&kernel->rules, &lookups->similar);
	}
	if (kernel && input->event == EVENT_ALIAS)
		index_build(&kernel->rules, rules_in_order, &lookups->rules);
	index_sort(&lookups->located, addresses_in_order);
	index_sort(&lookups->main_defaults, routes_by_next_hop);
	index_sort(&lookups->own_main, routes_by_device);
	index_sort(&lookups->shared_main, routes_by_prefix);
	for (i = 0; i < lookups->own_main.n; i++)
		*array_add(&lookups->own_by_prefix) = lookups->own_main.items[i];
	index_sort(&lookups->own_by_prefix, routes_by_prefix);
	for (i = 0; i < lookups->shared_main.n; i++)
		if (route_has_no_hop(lookups->shared_main.items[i]))
			collect_unbanned(lookups->shared_main.items[i], lookups);
	/* Behind the exceptions: a rule knows none. */
	if (kernel)
		add_rule_bans(input, lookups);
}

void lookups_free(struct lookups *lookups)
{
	free(lookups->claims.items);
	free(lookups->claimed.items);
	free(lookups->located.items);
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
	free(lookups->unbanned.items);
	free(lookups->statics.items);
	free(lookups->rule_bans.items);
}

/* The claims of an address are few: profiles of one NIC, or NICs that share it. */
static bool is_claimed(const struct draft *draft, const struct uplink *uplink, bool by_another,
	const struct prefix *address)
{
	const struct index *claimed = &draft->lookups.claimed;
	const struct claim key = {address, NULL}, *claim;
	size_t at;

	for (at = index_first(claimed, &key); (claim = index_at(claimed, at, &key)); at++)
		if ((claim->uplink != uplink) == by_another)
			return true;
	return false;
}

bool claimed_by(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address)
{
	return is_claimed(draft, uplink, false, address);
}

bool claimed_by_another(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address)
{
	return is_claimed(draft, uplink, true, address);
}

bool claimed_by_any(const struct draft *draft, const struct prefix *address)
{
	return is_claimed(draft, NULL, true, address);
}

void draft_take_networks(struct draft *draft, const struct uplink *uplink)
{
	size_t i;

	draft->networks.n = 0;
	for (i = 0; i < uplink->addresses.n; i++)
		*array_add(&draft->networks) = prefix_network(&uplink->addresses.items[i]);
	free(draft->network_index.items);
	array_drop_repeated(&draft->networks, prefixes_in_order, &draft->network_index);
}

bool draft_has_network(const struct draft *draft, const struct prefix *net)
{
	return index_find(&draft->network_index, net) != NULL;
}
