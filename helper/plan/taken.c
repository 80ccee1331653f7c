/* SPDX-License-Identifier: MIT
 * Whose is it: the keys of routes that are not ours, from the administrator's files and the kernel.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* A rule of a line of his is not ours, whatever the record or a block says. */
static void disown_rules(const struct managed_files *files, struct rules *owned)
{
	const struct by_hand_rules *rules;
	struct index his = {0};
	size_t i, k, n = 0;

	for (i = 0; i < files->n; i++) {
		rules = &files->items[i].rules;
		for (k = 0; k < rules->n; k++)
			if (rules->items[k].has_priority && !rules->items[k].other)
				*array_add(&his) = &rules->items[k].rule;
	}
	index_sort(&his, rules_in_order);
	for (i = 0; i < owned->n; i++)
		if (!index_find(&his, &owned->items[i]))
			owned->items[n++] = owned->items[i];
	owned->n = n;
	free(his.items);
}

void taken_collect_lines(struct draft *draft)
{
	const struct by_hand_routes *routes;
	struct plan *plan = draft->plan;
	struct route *route;
	size_t i, k;

	for (i = 0; i < draft->managed.n; i++) {
		routes = &draft->managed.items[i].routes;
		for (k = 0; k < routes->n; k++) {
			route = array_add(&draft->taken);
			*route = routes->items[k].route;
			if (route->protocol == PROTO_MULTIHOME)
				*array_add(&plan->his) = *route;
		}
	}
	draft->taken_lines = draft->taken.n;
	index_build(&plan->his, routes_by_key, &plan->his_by_key);
	disown_rules(&draft->managed, &plan->owned);
}

static bool is_planned(const struct plan *plan, unsigned table)
{
	size_t i;

	for (i = 0; i < plan->uplinks.n; i++)
		if (plan->uplinks.items[i].table == table)
			return true;
	return table == TABLE_DEFAULT;
}

void taken_collect_kernel(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct route *route;
	const struct route_key *key;
	unsigned table = 0;
	bool planned = false;
	size_t i;

	/* They come table by table, and a router has a hundred thousand. */
	for (i = 0; kernel && i < kernel->others.n; i++) {
		key = &kernel->others.items[i];
		if (key->table != table) {
			table = key->table;
			planned = is_planned(draft->plan, table);
		}
		if (planned)
			route_set_key(array_add(&draft->taken), key);
	}
	for (i = 0; kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->table != TABLE_MAIN && !plan_owns_route(draft->plan, route))
			*array_add(&draft->taken) = *route;
	}
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
