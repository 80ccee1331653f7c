/* SPDX-License-Identifier: MIT
 * The difference between what the kernel holds and what the plan wants.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/diff.h"

/* The kernel's side of a wanted route. */
struct standing {
	bool same;    /* the route itself */
	bool ours;    /* one of ours with its key */
	bool foreign; /* another's with its key */
	bool shared;  /* ours is one of several next hops, others of which are another's */
};

struct route_matches {
	struct standing *standing; /* of each of the plan's routes */
	struct index rest;	   /* those of ours in the kernel that are not the plan's */
};

define_order(routes_in_order, struct route, route_compare(x, y))

/* A next hop that somebody appends to an IPv6 default of ours makes one route by several of it,
 * with our protocol (4.11 and later). Ours has one next hop only. */
static bool has_others_hops(const struct route *route)
{
	return route->dst.family == AF_INET6 && !route->dst.len && route->n &&
		route->protocol == PROTO_MULTIHOME;
}

/* Is it the wanted one, or that beside next hops of others? */
static bool holds(const struct route *route, const struct route *wanted)
{
	struct route alone = *route;
	struct hop hop;
	unsigned i;

	if (wanted->n || !has_others_hops(route))
		return !route_compare(route, wanted);
	for (i = 0; i < route->n; i++) {
		hop = route_hop(route, i);
		alone.n = 0;
		alone.gateway = hop.gateway;
		alone.onlink = hop.onlink;
		memcpy(alone.device, hop.device, sizeof(alone.device));
		if (!route_compare(&alone, wanted))
			return true;
	}
	return false;
}

static struct standing *standing_of(
	const struct route_matches *matches, const struct plan *plan, const struct route *wanted)
{
	return &matches->standing[wanted - plan->routes.items];
}

/* The kernel's are not sorted: a router may hold a hundred thousand routes of others. */
static void match_routes(
	const struct plan *plan, const struct kernel *kernel, struct route_matches *matches)
{
	const struct route *route, *wanted;
	struct standing *standing;
	size_t i, at = 0;
	bool ours, same;

	matches->standing = mem_resize(NULL, plan->routes.n * sizeof(*matches->standing));
	memset(matches->standing, 0, plan->routes.n * sizeof(*matches->standing));
	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		ours = plan_owns_route(plan, route);
		/* In main nothing but a default, or a half of one, is ever wanted. */
		wanted = route->table == TABLE_MAIN && route->dst.len > 1
			? NULL
			: index_find_next(&plan->routes_by_key, &at, route);
		same = wanted && holds(route, wanted);
		if (ours && !same)
			*array_add(&matches->rest) = route;
		if (!wanted)
			continue;
		standing = standing_of(matches, plan, wanted);
		standing->foreign |= !ours;
		standing->ours |= ours;
		standing->same |= same;
		standing->shared |= has_others_hops(route);
	}
	index_sort(&matches->rest, routes_in_order);
}

static bool wants_table(const struct plan *plan, unsigned table)
{
	const struct route key = {.table = table}, *first;
	size_t at = index_first(&plan->routes_by_key, &key);

	first = at < plan->routes_by_key.n ? plan->routes_by_key.items[at] : NULL;
	return first && first->table == table;
}

/* They come table by table. */
static void match_others(
	const struct plan *plan, const struct route_keys *others, struct route_matches *matches)
{
	struct route route = {.table = 0};
	const struct route *wanted;
	unsigned unwanted = 0;
	size_t i;

	for (i = 0; i < others->n; i++) {
		if (others->items[i].table == unwanted)
			continue;
		route_set_key(&route, &others->items[i]);
		wanted = index_find(&plan->routes_by_key, &route);
		if (wanted)
			standing_of(matches, plan, wanted)->foreign = true;
		else if (!wants_table(plan, route.table))
			unwanted = route.table;
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
			/* Replacing takes all next hops. */
			add_route_op(ops,
				standing->shared	 ? OP_ROUTE_APPEND
					: standing->ours ? OP_ROUTE_REPLACE
							 : OP_ROUTE_ADD,
				route);
		}
}

/* Does the wanted route take the place of this one, so that it goes by itself? IPv6 keeps
 * routes of one key side by side if their next hops differ, and before 3.3 that is what a
 * replacement comes to (fib6_add_rt2node): then the old one is to be deleted, too, but never a next
 * hop of the new one. Of shared ones the kernel deletes those with our protocol only. */
static bool is_successor(const struct route *next, const struct route *route)
{
	struct hop hop;

	if (next->dst.family == AF_INET || has_others_hops(route))
		return next->dst.family == AF_INET;
	hop = route_hop(route, 0);
	return route->n || route_has_hop(next, &hop);
}

static bool stays(
	const struct plan *plan, const struct route_matches *matches, const struct route *route)
{
	const struct route *wanted = index_find(&plan->routes_by_key, route);

	/* A wanted key was replaced above, unless a foreign route has it too. */
	if (wanted && is_successor(wanted, route) && !standing_of(matches, plan, wanted)->foreign)
		return true;
	return plan_holds_route(plan, route);
}

static void delete_routes(
	const struct plan *plan, const struct route_matches *matches, struct ops *ops)
{
	size_t i;

	for (i = 0; i < matches->rest.n; i++)
		if (!stays(plan, matches, matches->rest.items[i]))
			add_route_op(ops, OP_ROUTE_DELETE, matches->rest.items[i]);
}

struct rule_matches {
	bool *there;	   /* of each of the plan's rules: the kernel has it */
	struct index rest; /* the kernel's that are not wanted, or are there once more */
};

static bool owns_mark(const struct plan *plan, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < plan->owned.n; i++)
		if (plan->owned.items[i].mask && !rule_compare(&plan->owned.items[i], rule))
			return true;
	return false;
}

static void match_rules(
	const struct plan *plan, const struct kernel *kernel, struct rule_matches *matches)
{
	const struct rule *rule, *wanted, *other = NULL;
	size_t i, at = plan->rules_in_order.n + 1;

	matches->there = mem_resize(NULL, plan->rules.n);
	memset(matches->there, 0, plan->rules.n);
	/* From the last to the first: of one priority ours belong behind those of others, and of
	 * two that are the same a deletion takes the first. */
	for (i = kernel->rules.n; i--;) {
		rule = &kernel->rules.items[i];
		if (!rule_is_own_form(rule) && !(rule->mask && owns_mark(plan, rule))) {
			other = rule;
			continue;
		}
		at -= 2; /* before the one that was found last */
		wanted = other && other->priority == rule->priority
			? NULL
			: index_find_next(&plan->rules_in_order, &at, rule);
		if (wanted && !matches->there[wanted - plan->rules.items])
			matches->there[wanted - plan->rules.items] = true;
		else
			*array_add(&matches->rest) = rule;
	}
	index_sort(&matches->rest, rules_in_order);
}

static void add_rules(const struct plan *plan, const struct rule_matches *matches, struct ops *ops)
{
	size_t i;

	for (i = 0; i < plan->rules.n; i++)
		if (!matches->there[i])
			add_rule_op(ops, OP_RULE_ADD, &plan->rules.items[i]);
}

/* Ours is left behind where the kernel would take another's rule for it. */
static void delete_rules(const struct plan *plan, const struct rules *seen,
	const struct rule_matches *matches, struct ops *ops)
{
	struct index owned = {0}, others = {0};
	const struct rule *rule;
	size_t i;

	if (!matches->rest.n)
		return;
	index_build(&plan->owned, rules_in_order, &owned);
	rules_index_others(seen, &others);
	for (i = 0; i < matches->rest.n; i++) {
		rule = matches->rest.items[i];
		if (index_find(&owned, rule) && !rule_find_twin(&others, rule, rule))
			add_rule_op(ops, OP_RULE_DELETE, rule);
	}
	free(owned.items);
	free(others.items);
}

void diff_build(const struct plan *plan, const struct kernel *kernel, struct ops *ops)
{
	struct route_matches routes = {.standing = NULL};
	struct rule_matches rules = {.there = NULL};

	match_routes(plan, kernel, &routes);
	match_others(plan, &kernel->others, &routes);
	match_rules(plan, kernel, &rules);
	add_routes(plan, &routes, ops);
	add_rules(plan, &rules, ops);
	delete_rules(plan, &kernel->rules, &rules, ops);
	delete_routes(plan, &routes, ops);
	free(routes.standing);
	free(routes.rest.items);
	free(rules.there);
	free(rules.rest.items);
}

static void add_quoted_byte(struct text *out, char byte)
{
	/* Such a byte would steer a terminal or edit the line there; no device has that name. */
	if (iscntrl((unsigned char)byte))
		byte = '?';
	text_add(out, &byte, 1);
	if (byte == '\'')
		text_add_string(out, "\\''");
}

/* The line is for a shell to paste, and a device's name is whatever the kernel took. */
static void add_quoted(struct text *out, const char *words)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789.:/@%+=,_-";
	const char *word, *end;

	for (word = words; *word; word = end + strspn(end, " ")) {
		end = word + strcspn(word, " ");
		if (word != words)
			text_add_string(out, " ");
		if (word + strspn(word, plain) >= end) {
			text_add(out, word, (size_t)(end - word));
			continue;
		}
		text_add_string(out, "'");
		for (; word < end; word++)
			add_quoted_byte(out, *word);
		text_add_string(out, "'");
	}
}

void op_format(const struct op *op, struct text *out)
{
	struct text line = {0};
	static const char *const words[] = {"route add ", "route replace ", "route append ",
		"rule add ", "rule del ", "route del "};
	int family = op->rule ? op->rule->from.family : op->route->dst.family;

	text_format(out, "ip %s%s", family == AF_INET6 ? "-6 " : "", words[op->kind]);
	if (op->rule)
		rule_format(op->rule, &line);
	else
		route_format(op->route, &line);
	add_quoted(out, line.bytes);
	text_free(&line);
}

void ops_free(struct ops *ops)
{
	free(ops->items);
	memset(ops, 0, sizeof(*ops));
}
