/* SPDX-License-Identifier: MIT
 * The difference between what the kernel holds and what the plan wants.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "diff.h"

static int compare_routes(const void *a, const void *b)
{
	const struct route *const *x = a, *const *y = b;

	return route_compare(*x, *y);
}

static int compare_keys(const void *a, const void *b)
{
	const struct route *const *x = a, *const *y = b;

	return route_compare_key(*x, *y);
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule *const *x = a, *const *y = b;

	return rule_compare(*x, *y);
}

/* Sorted pointers, so that one walk or a binary search finds the partner. */
struct route_index {
	const struct route **items;
	size_t n, cap;
};

struct rule_index {
	const struct rule **items;
	size_t n, cap;
};

static const struct route *find_key(const struct route_index *index, const struct route *route)
{
	const struct route **found = index->n
		? bsearch(&route, index->items, index->n, sizeof(*index->items), compare_keys)
		: NULL;

	return found ? *found : NULL;
}

static bool has_key(const struct route_index *index, const struct route *route)
{
	return find_key(index, route) != NULL;
}

static bool has_route(const struct route_index *index, const struct route *route)
{
	return index->n &&
		bsearch(&route, index->items, index->n, sizeof(*index->items), compare_routes);
}

static bool has_rule(const struct rule_index *index, const struct rule *rule)
{
	return index->n &&
		bsearch(&rule, index->items, index->n, sizeof(*index->items), compare_rules);
}

static void index_routes(const struct routes *routes, bool ours, struct route_index *index)
{
	size_t i;

	for (i = 0; i < routes->n; i++)
		if ((routes->items[i].protocol == PROTO_MULTIHOME) == ours)
			*array_add(index) = &routes->items[i];
	array_sort(index, compare_routes);
}

static void index_rules(const struct rules *rules, struct rule_index *index)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		*array_add(index) = &rules->items[i];
	array_sort(index, compare_rules);
}

static void add_route_op(struct ops *ops, enum op_kind kind, const struct route *route)
{
	struct op *op = array_add(ops);

	op->kind = kind;
	op->route = *route;
}

static void add_rule_op(struct ops *ops, enum op_kind kind, const struct rule *rule)
{
	struct op *op = array_add(ops);

	op->kind = kind;
	op->rule = *rule;
}

/* Links first: a next hop must be reachable when its route is added (fib_check_nh). */
static void add_routes(const struct plan *plan, const struct route_index *ours,
	const struct route_index *foreign, struct ops *ops)
{
	const struct route *route;
	int on_link;
	size_t i;

	for (on_link = 1; on_link >= 0; on_link--)
		for (i = 0; i < plan->routes.n; i++) {
			route = &plan->routes.items[i];
			if (on_link != !route->gateway.family || has_key(foreign, route) ||
				has_route(ours, route))
				continue;
			add_route_op(
				ops, has_key(ours, route) ? OP_ROUTE_REPLACE : OP_ROUTE_ADD, route);
		}
}

/* Is there a wanted route that takes the place of this one, so that it goes by itself? IPv6 keeps
 * routes of one key side by side if their next hops differ, and before 3.3 that is what a
 * replacement comes to (fib6_add_rt2node): then the old one is to be deleted, too. */
static bool has_successor(const struct route_index *wanted, const struct route *route)
{
	const struct route *next = find_key(wanted, route);

	return next &&
		(next->dst.family == AF_INET ||
			(prefix_same_address(&next->gateway, &route->gateway) &&
				!strcmp(next->device, route->device)));
}

static void delete_routes(const struct plan *plan, const struct route_index *ours,
	const struct route_index *foreign, struct ops *ops)
{
	struct route_index wanted = {0};
	const struct route *route;
	size_t i;

	index_routes(&plan->routes, true, &wanted);
	for (i = 0; i < ours->n; i++) {
		route = ours->items[i];
		/* A wanted key was replaced above, unless a foreign route has it too. */
		if (has_route(&wanted, route) ||
			(has_successor(&wanted, route) && !has_key(foreign, route)))
			continue;
		if (!frozen_device(&plan->frozen, route->device) &&
			!frozen_table(&plan->frozen, route->table))
			add_route_op(ops, OP_ROUTE_DELETE, route);
	}
	free(wanted.items);
}

static void add_rules(const struct plan *plan, const struct rule_index *seen, struct ops *ops)
{
	size_t i;

	for (i = 0; i < plan->rules.n; i++)
		if (!has_rule(seen, &plan->rules.items[i]))
			add_rule_op(ops, OP_RULE_ADD, &plan->rules.items[i]);
}

/* Old kernels (to 3.10) take the same rule twice: each copy but the first goes too. */
static void delete_rules(const struct plan *plan, const struct rule_index *seen, struct ops *ops)
{
	struct rule_index wanted = {0}, owned = {0};
	const struct rule *rule;
	bool first;
	size_t i;

	index_rules(&plan->rules, &wanted);
	index_rules(&plan->owned, &owned);
	for (i = 0; i < seen->n; i++) {
		rule = seen->items[i];
		first = !i || rule_compare(seen->items[i - 1], rule);
		if (!has_rule(&owned, rule) || (first && has_rule(&wanted, rule)))
			continue;
		if (first && frozen_table(&plan->frozen, rule->table))
			continue;
		add_rule_op(ops, OP_RULE_DELETE, rule);
	}
	free(wanted.items);
	free(owned.items);
}

void diff_build(const struct plan *plan, const struct kernel *kernel, struct ops *ops)
{
	struct route_index ours = {0}, foreign = {0};
	struct rule_index seen = {0};

	index_routes(&kernel->routes, true, &ours);
	index_routes(&kernel->routes, false, &foreign);
	index_rules(&kernel->rules, &seen);
	add_routes(plan, &ours, &foreign, ops);
	add_rules(plan, &seen, ops);
	delete_rules(plan, &seen, ops);
	delete_routes(plan, &ours, &foreign, ops);
	free(ours.items);
	free(foreign.items);
	free(seen.items);
}

void op_format(const struct op *op, struct text *out)
{
	static const char *const words[] = {
		"route add ", "route replace ", "rule add ", "rule del ", "route del "};
	bool is_rule = op->kind == OP_RULE_ADD || op->kind == OP_RULE_DELETE;
	int family = is_rule ? op->rule.from.family : op->route.dst.family;

	text_format(out, "ip %s%s", family == AF_INET6 ? "-6 " : "", words[op->kind]);
	if (is_rule)
		rule_format(&op->rule, out);
	else
		route_format(&op->route, out);
}

void ops_free(struct ops *ops)
{
	free(ops->items);
	memset(ops, 0, sizeof(*ops));
}
