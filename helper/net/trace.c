/* SPDX-License-Identifier: MIT
 * The kernel's choice of a route, retraced rule by rule.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/trace.h"

/* The routes of one table that lead to the destination, the most specific first. */
struct candidates {
	const struct way **items;
	size_t n, cap;
};

/* What is looked up in one table, and what came of it. */
struct lookup {
	const struct ground *ground;
	const struct question *question;
	struct candidates candidates;
	const struct way *way;
	const struct hop *hop;
};

static bool iif_meets(
	const struct ground *ground, const struct policy *policy, const struct question *question)
{
	if (question->iif[0] || strcmp(policy->iif, "lo"))
		return !strcmp(policy->iif, question->iif);
	/* What the host itself sends counts as from lo. */
	return !(ground->old_inet6 && question->to.family == AF_INET6);
}

/* STEP_NOT: it meets all of them. */
static enum step_end selector_missed(
	const struct ground *ground, const struct policy *policy, const struct question *question)
{
	if (policy->iif[0] && !iif_meets(ground, policy, question))
		return STEP_IIF;
	if (policy->oif[0] && strcmp(policy->oif, question->oif))
		return STEP_OIF;
	/* The packet that is followed has no mark. */
	if (policy->mark & policy->mask)
		return STEP_MARK;
	if (policy->l3mdev)
		return STEP_VRF;
	if (policy->other)
		return STEP_OTHER;
	if (policy->from.len && !prefix_contains(&policy->from, &question->from))
		return STEP_FROM;
	if (policy->to.len && !prefix_contains(&policy->to, &question->to))
		return STEP_TO;
	if (policy->tos && policy->tos != question->tos)
		return STEP_TOS;
	return STEP_NOT;
}

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

/* fib_find_alias' order; of equal ones, that of the dump. */
static int compare_candidates(const void *x, const void *y)
{
	const struct way *a = *(const struct way *const *)x, *b = *(const struct way *const *)y;
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
	const struct ways *ways = &lookup->ground->view->ways;
	const struct question *question = lookup->question;
	const struct way *way;
	bool any = false;
	size_t i;

	for (i = 0; i < ways->n; i++) {
		way = &ways->items[i];
		if (way->table != table || way->dst.family != question->to.family)
			continue;
		any = true;
		if (prefix_contains(&way->dst, &question->to) &&
			(!way->from.len || prefix_contains(&way->from, &question->from)) &&
			(!way->tos || way->tos == question->tos))
			*array_add(&lookup->candidates) = way;
	}
	array_sort(&lookup->candidates, compare_candidates);
	return any;
}

static bool hop_usable(const struct lookup *lookup, const struct hop *hop)
{
	const char *oif = lookup->question->oif;

	return !hop->dead && (!oif[0] || !strcmp(oif, hop->device));
}

static bool way_refuses(const struct way *way)
{
	return way->type == WAY_BLACKHOLE || way->type == WAY_UNREACHABLE ||
		way->type == WAY_PROHIBIT;
}

static bool take(struct lookup *lookup, const struct way *way, const struct hop *hop)
{
	lookup->way = way;
	lookup->hop = hop;
	return true;
}

/* A route that refuses decides at once, one with dead next hops only gives way to the next. */
static bool lookup_inet(struct lookup *lookup)
{
	const struct way *way;
	size_t i, k;

	for (i = 0; i < lookup->candidates.n; i++) {
		way = lookup->candidates.items[i];
		/* Of a nexthop object that is not expanded nothing more is known. */
		if (way_refuses(way) || way->type == WAY_THROW || !way->n)
			return take(lookup, way, NULL);
		for (k = 0; k < way->n; k++)
			if (hop_usable(lookup, &way->hops[k]))
				return take(lookup, way, &way->hops[k]);
	}
	return false;
}

static bool router_failed(const struct view *view, const struct hop *hop)
{
	const struct neighbour *neighbour;
	size_t i;

	for (i = 0; i < view->neighbours.n; i++) {
		neighbour = &view->neighbours.items[i];
		if (!strcmp(neighbour->device, hop->device) &&
			prefix_same_address(&neighbour->address, &hop->gateway))
			return neighbour->state & NEIGHBOUR_FAILED;
	}
	return false;
}

/* rt6_score_route; -1: not to be taken. */
static int score(
	const struct lookup *lookup, const struct way *way, const struct hop *hop, bool alive)
{
	if (!hop_usable(lookup, hop))
		return -1;
	if (alive && hop->gateway.family && router_failed(lookup->ground->view, hop))
		return -1;
	return way->preference + 1;
}

/* Those of the lowest metric first, then all others as if they had one (find_rr_leaf). */
static bool select_best(struct lookup *lookup, size_t first, size_t end, bool alive)
{
	const struct way *way;
	int best = -1, now;
	size_t i, k;

	for (i = first; i < end; i++) {
		way = lookup->candidates.items[i];
		if (!way->n && best < 0)
			best = way->preference + 1, take(lookup, way, NULL);
		for (k = 0; k < way->n; k++) {
			now = score(lookup, way, &way->hops[k], alive);
			if (now > best)
				best = now, take(lookup, way, &way->hops[k]);
		}
	}
	return best >= 0;
}

static bool same_node(const struct way *a, const struct way *b)
{
	return a->dst.len == b->dst.len && a->from.len == b->from.len;
}

static bool lookup_nodes(struct lookup *lookup, bool alive)
{
	const struct way **items = lookup->candidates.items;
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
	const struct policy *policy = step->policy;
	struct lookup lookup = {.ground = ground, .question = question};
	bool any = find_candidates(&lookup, policy->table);
	bool found = question->to.family == AF_INET6 ? lookup_inet6(&lookup) : lookup_inet(&lookup);

	step->way = lookup.way;
	step->hop = lookup.hop;
	free(lookup.candidates.items);
	if (!found)
		step->end = any ? STEP_NO_ROUTE : STEP_EMPTY;
	else if (step->way->type == WAY_THROW)
		step->end = STEP_THROW;
	else if (way_refuses(step->way))
		step->end = STEP_REFUSED;
	else if (step->way->dst.len <= policy->suppress_length)
		step->end = STEP_SUPPRESSED;
	else
		step->end = STEP_ROUTE;
}

/* The rule that a goto leads to: forward only. n: there is none. */
static size_t target_of(const struct policies *policies, size_t i)
{
	const struct policy *from = &policies->items[i];
	const struct policy *to;

	for (i++; i < policies->n; i++) {
		to = &policies->items[i];
		if (to->priority == from->target && to->from.family == from->from.family)
			break;
	}
	return i;
}

static void act(const struct ground *ground, const struct question *question, struct step *step)
{
	switch (step->policy->action) {
	case POLICY_TABLE:
		look_up(ground, question, step);
		return;
	case POLICY_NOP:
		step->end = STEP_NOP;
		return;
	case POLICY_GOTO:
		step->end = STEP_GOTO;
		return;
	case POLICY_BLACKHOLE:
	case POLICY_UNREACHABLE:
	case POLICY_PROHIBIT:
		break;
	}
	step->end = STEP_REFUSED;
}

void trace_walk(const struct ground *ground, const struct question *question, struct trace *out)
{
	const struct policies *policies = &ground->view->policies;
	const struct policy *policy;
	struct step *step;
	size_t i, target;

	for (i = 0; i < policies->n; i++) {
		policy = &policies->items[i];
		if (policy->from.family != question->to.family)
			continue;
		step = array_add(out);
		step->policy = policy;
		step->end = selector_missed(ground, policy, question);
		if (policy->inverted == (step->end == STEP_NOT))
			continue;
		act(ground, question, step);
		if (step->end == STEP_ROUTE || step->end == STEP_REFUSED)
			return;
		if (step->end != STEP_GOTO)
			continue;
		target = target_of(policies, i);
		if (target == policies->n)
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
