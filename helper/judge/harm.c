/* SPDX-License-Identifier: MIT
 * What multihome sync would make worse.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/harm.h"

/* The kernel's order: of each family by priority, then as they were made. */
define_order_by_two(rules_by_priority, struct rule, x->from.family - y->from.family,
	compare_numbers(x->priority, y->priority))

/* What they point at stays the kernel's and the plan's: to be freed are the two arrays alone. */
static void carry_out(const struct facts *facts, struct kernel *after)
{
	const struct kernel *kernel = facts->kernel;
	bool *goes = mem_resize(NULL, kernel->routes.n + kernel->rules.n + 1);
	bool *rule_goes = goes + kernel->routes.n;
	struct index rules = {0};
	const struct route *route;
	const struct op *op;
	size_t i;

	memset(goes, 0, kernel->routes.n + kernel->rules.n + 1);
	for (i = 0; i < facts->ops->n; i++) {
		op = &facts->ops->items[i];
		if (op->kind == OP_RULE_DELETE)
			rule_goes[op->rule - kernel->rules.items] = true;
		else if (op->kind == OP_RULE_ADD)
			continue;
		else if (op->kind == OP_ROUTE_DELETE)
			goes[op->route - kernel->routes.items] = true;
		else if (op->kind == OP_ROUTE_REPLACE &&
			(route = walks_find_route(&facts->walks, op->route)))
			goes[route - kernel->routes.items] = true;
	}
	for (i = 0; i < kernel->routes.n; i++)
		if (!goes[i])
			*array_add(&after->routes) = kernel->routes.items[i];
	for (i = 0; i < kernel->rules.n; i++)
		if (!rule_goes[i])
			*array_add(&rules) = &kernel->rules.items[i];
	for (i = 0; i < facts->ops->n; i++) {
		op = &facts->ops->items[i];
		if (op->kind <= OP_ROUTE_APPEND)
			*array_add(&after->routes) = *op->route;
		else if (op->kind == OP_RULE_ADD)
			*array_add(&rules) = op->rule;
	}
	index_sort(&rules, rules_by_priority);
	for (i = 0; i < rules.n; i++)
		*array_add(&after->rules) = *(const struct rule *)rules.items[i];
	free(rules.items);
	free(goes);
}

static bool is_in_network(const struct index *members, const char *device)
{
	const struct member *member;
	size_t i;

	for (i = 0; i < members->n; i++) {
		member = members->items[i];
		if (!strcmp(member->link->name, device))
			return true;
	}
	return false;
}

/* Does it leave by the NIC that has the address, or by one of its network, whichever next hop it
 * takes? */
static bool is_right(const struct step *step, const char *holder, const struct index *members)
{
	struct hop hop;
	size_t i;

	if (!step->rule || step->end != STEP_ROUTE || !route_hop_count(step->route))
		return false;
	for (i = 0; i < route_hop_count(step->route); i++) {
		hop = route_hop(step->route, i);
		if (strcmp(hop.device, holder) && !is_in_network(members, hop.device))
			return false;
	}
	return true;
}

/* Fresh; NULL: the reply is as right as it was. */
static char *find_worse(const struct facts *facts, const struct walks *after,
	const struct prefix *to, const struct prefix *local, const char *holder)
{
	const struct question question = {.to = *to, .from = prefix_host(local)};
	const struct step was = walk(&facts->walks, &question, NULL).last;
	struct step is;
	struct index members = {0};
	struct text words = {0};
	char text[PREFIX_TEXT];

	if (!was.route)
		return NULL;
	is = walk(after, &question, NULL).last;
	if (is.route && was.rule && !route_compare(was.route, is.route))
		return NULL;
	facts_find_members(facts, local, &members);
	if (is_right(&was, holder, &members) && !is_right(&is, holder, &members)) {
		text_format(&words, "see the replies from %s (%s), which multihome sync would ",
			prefix_format_address(&question.from, text), holder);
		if (is.route) {
			text_add_string(&words, "lead by ");
			route_format_choice(is.route, &words);
			table_format(&words, " of table ", is.route->table);
		} else {
			text_add_string(&words, "leave no route");
		}
	}
	free(members.items);
	return words.bytes;
}

/* Somebody in the network of a route that sync would make; those that refuse mean to. */
static char *find_worse_route(
	const struct facts *facts, const struct walks *after, const struct op *op)
{
	const struct planned *planned;
	struct prefix remote;

	if (op->kind > OP_ROUTE_APPEND || route_refuses(op->route) || prefix_is_default(&op->route->dst))
		return NULL;
	planned = facts_find_by_table(facts, op->route->table);
	if (!planned || !planned->uplink->addresses.n ||
		planned->uplink->gateway.family != op->route->dst.family)
		return NULL;
	/* By one next hop it goes as main's does, which is meant. */
	if (op->route->type != ROUTE_THROW && op->route->n < 2)
		return NULL;
	remote = prefix_host(&op->route->dst);
	if (op->route->dst.len < prefix_bits(remote.family))
		remote.bytes[prefix_bits(remote.family) / 8 - 1] |= 1;
	return find_worse(facts, after, &remote, &planned->uplink->addresses.items[0],
		planned->uplink->device);
}

char *harm_find(const struct facts *facts)
{
	const struct addresses *addresses = &facts->kernel->addresses;
	struct kernel after = *facts->kernel;
	struct walks walks = {.forwarding6 = facts->walks.forwarding6,
		.asks_neighbours = facts->walks.asks_neighbours,
		.own_mask = facts->walks.own_mask};
	const struct address *address;
	const struct link *link;
	char *worse = NULL;
	size_t i;

	if (!facts->ops->n)
		return NULL;
	memset(&after.routes, 0, sizeof(after.routes));
	memset(&after.rules, 0, sizeof(after.rules));
	carry_out(facts, &after);
	walks_build(&after, &walks);
	for (i = 0; i < facts->ops->n && !worse; i++)
		worse = find_worse_route(facts, &walks, &facts->ops->items[i]);
	for (i = 0; i < addresses->n && !worse; i++) {
		address = &addresses->items[i];
		link = kernel_find_link(facts->kernel, address->device);
		if (link && link->up && !link->loopback && !link->vrf &&
			!prefix_is_link_local(&address->prefix))
			worse = find_worse(facts, &walks,
				&facts->afar[address->prefix.family == AF_INET6], &address->prefix,
				link->name);
	}
	walks_free(&walks);
	free(after.routes.items);
	free(after.rules.items);
	return worse;
}
