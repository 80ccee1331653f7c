/* SPDX-License-Identifier: MIT
 * Whose is it: the keys of routes that are not ours, from the administrator's files and the kernel.
 */
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* A line that looks like ours and is his is his in the kernel, too. */
bool plan_owns_route(const struct plan *plan, const struct route *route)
{
	const struct route *his;
	size_t i;

	if (route->protocol != PROTO_MULTIHOME)
		return false;
	for (i = 0; i < plan->his.n; i++) {
		his = &plan->his.items[i];
		if (!route_compare_key(his, route) &&
			!prefix_compare_address(&his->gateway, &route->gateway) &&
			(!his->device[0] || !strcmp(his->device, route->device)))
			return false;
	}
	return true;
}

static void disown_rule(struct rules *owned, const struct by_hand_rule *his)
{
	size_t i, n = 0;

	for (i = 0; i < owned->n; i++)
		if (his->other || !his->has_priority || rule_compare(&his->rule, &owned->items[i]))
			owned->items[n++] = owned->items[i];
	owned->n = n;
}

void taken_collect_lines(struct draft *draft)
{
	const struct managed *managed;
	struct route *route;
	size_t i, k;

	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		for (k = 0; k < managed->routes.n; k++) {
			route = array_add(&draft->taken);
			*route = managed->routes.items[k].route;
			if (route->protocol == PROTO_MULTIHOME)
				*array_add(&draft->plan->his) = *route;
		}
		for (k = 0; k < managed->rules.n; k++)
			disown_rule(&draft->plan->owned, &managed->rules.items[k]);
	}
	draft->taken_lines = draft->taken.n;
}

static bool is_planned(const struct plan *plan, unsigned table)
{
	size_t i;

	if (table == TABLE_DEFAULT)
		return true;
	for (i = 0; i < plan->uplinks.n; i++)
		if (plan->uplinks.items[i].table == table)
			return true;
	return false;
}

void taken_collect_kernel(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct route_key *key;
	unsigned passed = 0, wanted = 0;
	size_t i;

	/* They come table by table, and a router has a hundred thousand. */
	for (i = 0; kernel && i < kernel->others.n; i++) {
		key = &kernel->others.items[i];
		if (key->table == passed)
			continue;
		if (key->table != wanted && !is_planned(draft->plan, key->table)) {
			passed = key->table;
			continue;
		}
		wanted = key->table;
		route_set_key(array_add(&draft->taken), key);
	}
	for (i = 0; kernel && i < kernel->routes.n; i++)
		if (kernel->routes.items[i].table != TABLE_MAIN &&
			!plan_owns_route(draft->plan, &kernel->routes.items[i]))
			*array_add(&draft->taken) = kernel->routes.items[i];
	index_build(&draft->taken, routes_by_key, &draft->taken_by_key);
}

bool taken_by_line(const struct draft *draft, const struct route *route)
{
	const struct route *found = index_find(&draft->taken_by_key, route);

	return found && (size_t)(found - draft->taken.items) < draft->taken_lines;
}

bool taken_has_key(const struct draft *draft, const struct route *route)
{
	const struct route *found = index_find(&draft->taken_by_key, route);
	struct hop hop = route_hop(route, 0);

	/* Ours beside a next hop that somebody appended goes by the other's protocol. */
	return found && !(found->n && route_has_hop(found, &hop));
}
