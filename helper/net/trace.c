/* SPDX-License-Identifier: MIT
 * The kernel's choice of a route, retraced rule by rule.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/trace.h"

/* The routes of one table that lead to the destination, the most specific first. */
struct candidates {
	const struct route **items;
	size_t n, cap;
};

/* What is looked up in one table, and what came of it. */
struct lookup {
	const struct ground *ground;
	const struct question *question;
	struct candidates candidates;
	const struct route *route;
	const char *device;
};

static bool iif_meets(
	const struct ground *ground, const struct rule *rule, const struct question *question)
{
	if (question->iif[0] || strcmp(rule->iif, "lo"))
		return !strcmp(rule->iif, question->iif);
	/* What the host itself sends counts as from lo. */
	return !(ground->kernel->old_inet6 && question->to.family == AF_INET6);
}

/* STEP_NOT: it meets all of them. */
static enum step_end selector_missed(
	const struct ground *ground, const struct rule *rule, const struct question *question)
{
	if (rule->iif[0] && !iif_meets(ground, rule, question))
		return STEP_IIF;
	if (rule->oif[0] && strcmp(rule->oif, question->oif))
		return STEP_OIF;
	/* The packet that is followed has no mark. */
	if (rule->mark & rule->mask)
		return STEP_MARK;
	if (rule->l3mdev)
		return STEP_VRF;
	if (rule_is_selective(rule))
		return STEP_OTHER;
	if (rule->from.len && !prefix_contains(&rule->from, &question->from))
		return STEP_FROM;
	if (rule->to.len && !prefix_contains(&rule->to, &question->to))
		return STEP_TO;
	if (rule->tos && rule->tos != question->tos)
		return STEP_TOS;
	return STEP_NOT;
}

/* fib_find_alias' order; of equal ones, that of the dump. */
static int compare_candidates(const void *x, const void *y)
{
	const struct route *a = *(const struct route *const *)x,
			   *b = *(const struct route *const *)y;
	int order = b->dst.len - a->dst.len;

	if (!order)
		order = b->from.len - a->from.len;
	if (!order)
		order = b->tos - a->tos;
	if (!order)
		order = compare_numbers(a->metric, b->metric);
	return order ? order : (a > b) - (a < b);
}

/* False: the table has no routes at all. */
static bool find_candidates(struct lookup *lookup, unsigned table)
{
	const struct routes *routes = &lookup->ground->kernel->routes;
	const struct question *question = lookup->question;
	const struct route *route;
	bool any = false;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (route->table != table || route->dst.family != question->to.family)
			continue;
		any = true;
		if (prefix_contains(&route->dst, &question->to) &&
			(!route->from.len || prefix_contains(&route->from, &question->from)) &&
			(!route->tos || route->tos == question->tos))
			*array_add(&lookup->candidates) = route;
	}
	array_sort(&lookup->candidates, compare_candidates);
	return any;
}

static bool hop_usable(const struct lookup *lookup, const struct hop *hop)
{
	const char *oif = lookup->question->oif;

	return !hop->dead && (!oif[0] || !strcmp(oif, hop->device));
}

/* i past the last: no next hop. */
static bool take(struct lookup *lookup, const struct route *route, size_t i)
{
	lookup->route = route;
	lookup->device = i >= route_hop_count(route) ? NULL
		: route->n			     ? route->hops[i].device
						     : route->device;
	return true;
}

/* A route that refuses decides at once, one with dead next hops only gives way to the next. */
static bool lookup_inet(struct lookup *lookup)
{
	const struct route *route;
	struct hop hop;
	size_t i, k, n;

	for (i = 0; i < lookup->candidates.n; i++) {
		route = lookup->candidates.items[i];
		n = route_hop_count(route);
		/* Of a nexthop object that is not expanded nothing more is known. */
		if (route_refuses(route) || route->type == ROUTE_THROW || !n)
			return take(lookup, route, n);
		for (k = 0; k < n; k++) {
			hop = route_hop(route, k);
			if (hop_usable(lookup, &hop))
				return take(lookup, route, k);
		}
	}
	return false;
}

static bool router_failed(const struct kernel *kernel, const struct hop *hop)
{
	const struct neighbour *neighbour =
		kernel_find_neighbour(kernel, hop->device, &hop->gateway);

	return neighbour && neighbour->state & NEIGHBOUR_FAILED;
}

/* rt6_score_route; -1: not to be taken. */
static int score(
	const struct lookup *lookup, const struct route *route, const struct hop *hop, bool alive)
{
	if (!hop_usable(lookup, hop))
		return -1;
	if (alive && hop->gateway.family && router_failed(lookup->ground->kernel, hop))
		return -1;
	return route->preference + 1;
}

/* Those of the lowest metric first, then all others as if they had one (find_rr_leaf). */
static bool select_best(struct lookup *lookup, size_t first, size_t end, bool alive)
{
	const struct route *route;
	int best = -1, now;
	struct hop hop;
	size_t i, k, n;

	for (i = first; i < end; i++) {
		route = lookup->candidates.items[i];
		n = route_hop_count(route);
		if (!n && best < 0)
			best = route->preference + 1, take(lookup, route, n);
		for (k = 0; k < n; k++) {
			hop = route_hop(route, k);
			now = score(lookup, route, &hop, alive);
			if (now > best)
				best = now, take(lookup, route, k);
		}
	}
	return best >= 0;
}

static bool same_node(const struct route *a, const struct route *b)
{
	return a->dst.len == b->dst.len && a->from.len == b->from.len;
}

static bool lookup_nodes(struct lookup *lookup, bool alive)
{
	const struct route **items = lookup->candidates.items;
	size_t n = lookup->candidates.n, first, lowest, end;

	for (first = 0; first < n; first = end) {
		for (end = first; end < n && same_node(items[end], items[first]); end++)
			;
		for (lowest = first; lowest < end; lowest++)
			if (items[lowest]->metric != items[first]->metric)
				break;
		if (select_best(lookup, first, lowest, alive) ||
			select_best(lookup, lowest, end, alive))
			return true;
	}
	return false;
}

/* A router that does not answer is passed over, even for a shorter prefix, while there is
 * another. */
static bool lookup_inet6(struct lookup *lookup)
{
	return (!lookup->ground->forwarding6 && lookup_nodes(lookup, true)) ||
		lookup_nodes(lookup, false);
}

static void look_up(const struct ground *ground, const struct question *question, struct step *step)
{
	const struct rule *rule = step->rule;
	struct lookup lookup = {.ground = ground, .question = question};
	bool any = find_candidates(&lookup, rule->table);
	bool found = question->to.family == AF_INET6 ? lookup_inet6(&lookup) : lookup_inet(&lookup);

	step->route = lookup.route;
	step->device = lookup.device;
	free(lookup.candidates.items);
	if (!found)
		step->end = any ? STEP_NO_ROUTE : STEP_EMPTY;
	else if (step->route->type == ROUTE_THROW)
		step->end = STEP_THROW;
	else if (route_refuses(step->route))
		step->end = STEP_REFUSED;
	else if (step->route->dst.len < rule->min_length)
		step->end = STEP_SUPPRESSED;
	else
		step->end = STEP_ROUTE;
}

/* The rule that a goto leads to: forward only. n: there is none. */
static size_t target_of(const struct rules *rules, size_t i)
{
	const struct rule *from = &rules->items[i];
	const struct rule *to;

	for (i++; i < rules->n; i++) {
		to = &rules->items[i];
		if (to->priority == from->target && to->from.family == from->from.family)
			break;
	}
	return i;
}

static void act(const struct ground *ground, const struct question *question, struct step *step)
{
	if (step->rule->action == ACTION_LOOKUP)
		look_up(ground, question, step);
	else if (step->rule->action == ACTION_NOP)
		step->end = STEP_NOP;
	else if (step->rule->action == ACTION_GOTO)
		step->end = STEP_GOTO;
	else
		step->end = STEP_REFUSED;
}

void trace_walk(const struct ground *ground, const struct question *question, struct trace *out)
{
	const struct rules *rules = &ground->kernel->rules;
	const struct rule *rule;
	struct step *step;
	size_t i, target;

	for (i = 0; i < rules->n; i++) {
		rule = &rules->items[i];
		if (rule->from.family != question->to.family)
			continue;
		step = array_add(out);
		step->rule = rule;
		step->end = selector_missed(ground, rule, question);
		if (rule->inverted == (step->end == STEP_NOT))
			continue;
		act(ground, question, step);
		if (step->end == STEP_ROUTE || step->end == STEP_REFUSED)
			return;
		if (step->end != STEP_GOTO)
			continue;
		target = target_of(rules, i);
		if (target == rules->n)
			step->end = STEP_NOWHERE;
		else
			i = target - 1;
	}
}

const struct step *trace_last(const struct trace *trace)
{
	const struct step *last = trace->n ? &trace->items[trace->n - 1] : NULL;

	return last && (last->end == STEP_ROUTE || last->end == STEP_REFUSED) ? last : NULL;
}

bool step_matches(const struct step *step)
{
	return step->end > STEP_NOT;
}
