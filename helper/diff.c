/* SPDX-License-Identifier: MIT
 * The difference between what the kernel holds and what the plan wants.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "diff.h"

/* What the kernel holds of a wanted route. */
struct standing {
	bool same;    /* the route itself */
	bool ours;    /* one of ours with its key */
	bool foreign; /* another's with its key */
};

struct route_matches {
	struct index wanted;	   /* the plan's routes by key */
	struct standing *standing; /* of each of the plan's routes */
};

static int routes_in_order(const void *a, const void *b)
{
	return route_compare(a, b);
}

static struct standing *standing_of(
	const struct route_matches *matches, const struct plan *plan, const struct route *wanted)
{
	return &matches->standing[wanted - plan->routes.items];
}

/* Only what is wanted is sorted: a router may hold a hundred thousand routes of others. */
static void match_routes(
	const struct plan *plan, const struct kernel *kernel, struct route_matches *matches)
{
	const struct route *route, *wanted;
	struct standing *standing;
	size_t i, at = 0;

	matches->standing = mem_resize(NULL, plan->routes.n * sizeof(*matches->standing));
	memset(matches->standing, 0, plan->routes.n * sizeof(*matches->standing));
	index_build(&plan->routes, routes_by_key, &matches->wanted);
	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		wanted = index_follow(&matches->wanted, &at, route);
		if (!wanted)
			continue;
		standing = standing_of(matches, plan, wanted);
		standing->foreign |= route->protocol != PROTO_MULTIHOME;
		standing->ours |= route->protocol == PROTO_MULTIHOME;
		standing->same |= !route_compare(route, wanted);
	}
}

static void add_route_op(struct ops *ops, enum op_kind kind, const struct route *route)
{
	struct op *op = array_add(ops);

	op->kind = kind;
	op->route = route;
}

static void add_rule_op(struct ops *ops, enum op_kind kind, const struct rule *rule)
{
	struct op *op = array_add(ops);

	op->kind = kind;
	op->rule = rule;
}

/* Links first: a next hop must be reachable when its route is added (fib_check_nh). */
static void add_routes(
	const struct plan *plan, const struct route_matches *matches, struct ops *ops)
{
	const struct standing *standing;
	const struct route *route;
	int on_link;
	size_t i;

	for (on_link = 1; on_link >= 0; on_link--)
		for (i = 0; i < plan->routes.n; i++) {
			route = &plan->routes.items[i];
			standing = standing_of(matches, plan, route);
			if (on_link != !route->gateway.family || standing->foreign ||
				standing->same)
				continue;
			add_route_op(ops, standing->ours ? OP_ROUTE_REPLACE : OP_ROUTE_ADD, route);
		}
}

/* Does the wanted route take the place of this one, so that it goes by itself? IPv6 keeps
 * routes of one key side by side if their next hops differ, and before 3.3 that is what a
 * replacement comes to (fib6_add_rt2node): then the old one is to be deleted, too. */
static bool is_successor(const struct route *next, const struct route *route)
{
	return next->dst.family == AF_INET ||
		(prefix_same_address(&next->gateway, &route->gateway) &&
			!strcmp(next->device, route->device));
}

static bool stays(const struct plan *plan, const struct route_matches *matches,
	const struct route *route, const struct route *wanted)
{
	if (wanted && !route_compare(wanted, route))
		return true;
	/* A wanted key was replaced above, unless a foreign route has it too. */
	if (wanted && is_successor(wanted, route) && !standing_of(matches, plan, wanted)->foreign)
		return true;
	return frozen_device(&plan->frozen, route->device) ||
		frozen_table(&plan->frozen, route->table);
}

static void delete_routes(const struct plan *plan, const struct kernel *kernel,
	const struct route_matches *matches, struct ops *ops)
{
	const struct route *route, *wanted;
	struct index gone = {0};
	size_t i, at = 0;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->protocol != PROTO_MULTIHOME)
			continue;
		wanted = index_follow(&matches->wanted, &at, route);
		if (!stays(plan, matches, route, wanted))
			*array_add(&gone) = route;
	}
	index_sort(&gone, routes_in_order);
	for (i = 0; i < gone.n; i++)
		add_route_op(ops, OP_ROUTE_DELETE, gone.items[i]);
	free(gone.items);
}

/* The kernel's rules and the plan's, each sorted. */
struct rule_matches {
	struct index seen, wanted, owned;
	bool *there; /* of each of the plan's rules: the kernel has it */
};

static void match_rules(
	const struct plan *plan, const struct kernel *kernel, struct rule_matches *matches)
{
	const struct rule *wanted;
	size_t i, at = 0;

	index_build(&kernel->rules, rules_in_order, &matches->seen);
	index_build(&plan->rules, rules_in_order, &matches->wanted);
	index_build(&plan->owned, rules_in_order, &matches->owned);
	matches->there = mem_resize(NULL, plan->rules.n);
	memset(matches->there, 0, plan->rules.n);
	for (i = 0; i < matches->seen.n; i++) {
		wanted = index_follow(&matches->wanted, &at, matches->seen.items[i]);
		if (wanted)
			matches->there[wanted - plan->rules.items] = true;
	}
}

static void add_rules(const struct plan *plan, const struct rule_matches *matches, struct ops *ops)
{
	size_t i;

	for (i = 0; i < plan->rules.n; i++)
		if (!matches->there[i])
			add_rule_op(ops, OP_RULE_ADD, &plan->rules.items[i]);
}

/* Old kernels (to 3.10) take the same rule twice: each copy but the first goes too. */
static void delete_rules(
	const struct plan *plan, const struct rule_matches *matches, struct ops *ops)
{
	const struct index *seen = &matches->seen;
	size_t i, at_wanted = 0, at_owned = 0;
	const struct rule *rule;
	bool first;

	for (i = 0; i < seen->n; i++) {
		rule = seen->items[i];
		first = !i || rule_compare(seen->items[i - 1], rule);
		if (!index_follow(&matches->owned, &at_owned, rule) ||
			(first && index_follow(&matches->wanted, &at_wanted, rule)))
			continue;
		if (first && frozen_table(&plan->frozen, rule->table))
			continue;
		add_rule_op(ops, OP_RULE_DELETE, rule);
	}
}

static void route_matches_free(struct route_matches *matches)
{
	free(matches->wanted.items);
	free(matches->standing);
}

static void rule_matches_free(struct rule_matches *matches)
{
	free(matches->seen.items);
	free(matches->wanted.items);
	free(matches->owned.items);
	free(matches->there);
}

void diff_build(const struct plan *plan, const struct kernel *kernel, struct ops *ops)
{
	struct route_matches routes = {.standing = NULL};
	struct rule_matches rules = {.there = NULL};

	match_routes(plan, kernel, &routes);
	match_rules(plan, kernel, &rules);
	add_routes(plan, &routes, ops);
	add_rules(plan, &rules, ops);
	delete_rules(plan, &rules, ops);
	delete_routes(plan, kernel, &routes, ops);
	route_matches_free(&routes);
	rule_matches_free(&rules);
}

void op_format(const struct op *op, struct text *out)
{
	static const char *const words[] = {
		"route add ", "route replace ", "rule add ", "rule del ", "route del "};
	int family = op->rule ? op->rule->from.family : op->route->dst.family;

	text_format(out, "ip %s%s", family == AF_INET6 ? "-6 " : "", words[op->kind]);
	if (op->rule)
		rule_format(op->rule, out);
	else
		route_format(op->route, out);
}

void ops_free(struct ops *ops)
{
	free(ops->items);
	memset(ops, 0, sizeof(*ops));
}
