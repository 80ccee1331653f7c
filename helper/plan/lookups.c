/* SPDX-License-Identifier: MIT
 * What the plan looks for again and again, sorted once, so that it costs no more than in
 * proportion on a host with thousands of addresses, routes and rules.
 */
#include <stdlib.h>
#include <string.h>

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

static int prefixes_in_order(const void *a, const void *b)
{
	return prefix_compare(a, b);
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

static void collect_main(const struct routes *routes, struct index *out)
{
	const struct route *route;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (route->table == TABLE_MAIN && route->protocol != PROTO_MULTIHOME &&
			!route->special && route->device[0])
			*array_add(out) = route;
	}
}

static void collect_twins(const struct rules *rules, struct index *out)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (rules->items[i].foreign)
			*array_add(out) = &rules->items[i];
	index_sort(out, rules_in_order);
}

void lookups_build(const struct plan_input *input, struct lookups *lookups)
{
	collect_claims(&input->config->uplinks, lookups);
	collect_addresses(&input->config->addresses, &lookups->located);
	if (input->kernel) {
		collect_addresses(&input->kernel->addresses, &lookups->located);
		collect_main(&input->kernel->routes, &lookups->main);
		collect_twins(&input->kernel->rules, &lookups->twins);
	}
	if (input->kernel && input->event == EVENT_ALIAS)
		index_build(&input->kernel->rules, rules_in_order, &lookups->rules);
	index_sort(&lookups->located, addresses_in_order);
}

void lookups_free(struct lookups *lookups)
{
	free(lookups->claims.items);
	free(lookups->claimed.items);
	free(lookups->located.items);
	free(lookups->rules.items);
	free(lookups->twins.items);
	free(lookups->main.items);
}

/* The claims of an address are few: profiles of one NIC, or NICs that share it. */
static bool is_claimed(const struct draft *draft, const struct uplink *uplink, bool by_another,
	const struct prefix *address)
{
	const struct index *claimed = &draft->lookups.claimed;
	const struct claim key = {address, NULL}, *claim;
	size_t at;

	for (at = index_first(claimed, &key); at < claimed->n; at++) {
		claim = claimed->items[at];
		if (prefix_compare_address(claim->address, address))
			return false;
		if ((claim->uplink != uplink) == by_another)
			return true;
	}
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
