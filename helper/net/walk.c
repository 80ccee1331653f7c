/* SPDX-License-Identifier: MIT
 * The kernel's choice of a route, retraced rule by rule.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/walk.h"

/* What is looked up in one table, and what came of it. */
struct lookup {
	const struct walks *walks;
	const struct question *question;
	struct index candidates; /* routes that lead to the destination, the most specific first */
	const struct route *route, *other;
	const char *device;
};

static int routes_by_table(const void *x, const void *y)
{
	const struct route *a = x, *b = y;
	int order = compare_numbers(a->dst.family, b->dst.family);

	if (!order)
		order = compare_numbers(a->table, b->table);
	return order ? order : prefix_compare(&a->dst, &b->dst);
}

define_order_by_two(rules_by_table, struct rule, compare_numbers(x->from.family, y->from.family),
	compare_numbers(x->table, y->table))
define_order_by_two(neighbours_in_order, struct neighbour, strcmp(x->device, y->device),
	prefix_compare_address(&x->address, &y->address))
define_order(rules_by_source, struct rule, prefix_compare(&x->from, &y->from))

/* Is it found by its source? A goto's target is found by its place. The kernel keeps what stands
 * behind a prefix, as in 10.0.0.99/8. */
static bool has_source(const struct rule *rule)
{
	const struct prefix net = prefix_network(&rule->from);

	return rule->from.len && !rule->inverted && !prefix_compare_address(&net, &rule->from);
}

static void add_tos(struct walks *walks, unsigned char tos)
{
	if (tos && !memchr(walks->tos, tos, walks->tos_n))
		walks->tos[walks->tos_n++] = tos;
}

void walks_build(const struct kernel *kernel, struct walks *walks)
{
	const struct rule *rule;
	const struct route *route;
	size_t i;

	walks->kernel = kernel;
	index_build(&kernel->routes, routes_by_table, &walks->routes);
	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		walks->lengths[route->dst.family == AF_INET6][route->dst.len] = true;
		add_tos(walks, route->tos);
	}
	for (i = 0; i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		walks->jumps |= rule->action == ACTION_GOTO;
		add_tos(walks, rule->tos);
		*array_add(has_source(rule) ? &walks->sourced : &walks->rules) = rule;
		walks->sources[rule->from.family == AF_INET6][rule->from.len] |= has_source(rule);
	}
	index_sort(&walks->sourced, rules_by_source);
	index_build(&kernel->rules, rules_by_table, &walks->tables);
	index_build(&kernel->neighbours, neighbours_in_order, &walks->neighbours);
}

void walks_free(struct walks *walks)
{
	free(walks->routes.items);
	free(walks->sourced.items);
	free(walks->rules.items);
	free(walks->tables.items);
	free(walks->neighbours.items);
	memset(walks, 0, sizeof(*walks));
}

bool walks_table_empty(const struct walks *walks, unsigned table, int family)
{
	const struct route key = {.table = table, .dst = {.family = (unsigned char)family}};
	size_t at = index_first(&walks->routes, &key);
	const struct route *route = at < walks->routes.n ? walks->routes.items[at] : NULL;

	return !route || route->table != table || route->dst.family != family;
}

const struct route *walks_find_route(const struct walks *walks, const struct route *key)
{
	const struct route *route;
	size_t at;

	for (at = index_first(&walks->routes, key); (route = index_at(&walks->routes, at, key)); at++)
		if (!route_compare_key(route, key))
			return route;
	return NULL;
}

bool walks_lead_to(const struct walks *walks, unsigned table, int family)
{
	const struct rule key = {.table = table, .from = {.family = (unsigned char)family}};

	return index_find(&walks->tables, &key) != NULL;
}

const struct neighbour *walks_find_neighbour(
	const struct walks *walks, const char *device, const struct prefix *address)
{
	struct neighbour key = {.address = *address};

	device_copy(key.device, device);
	return index_find(&walks->neighbours, &key);
}

static bool iif_meets(
	const struct walks *walks, const struct rule *rule, const struct question *question)
{
	if (question->iif[0] || strcmp(rule->iif, "lo"))
		return !strcmp(rule->iif, question->iif);
	/* What the host itself sends counts as from lo. */
	return !(walks->kernel->old_inet6 && question->to.family == AF_INET6);
}

/* STEP_NOT: it meets all of them. */
static enum step_end selector_missed(
	const struct walks *walks, const struct rule *rule, const struct question *question)
{
	const unsigned mark = rule->mark & rule->mask;

	if (rule->iif[0] && !iif_meets(walks, rule, question))
		return STEP_IIF;
	if (rule->oif[0] && strcmp(rule->oif, question->oif))
		return STEP_OIF;
	/* The packet that is followed has no mark. */
	if (mark)
		return mark & ~walks->own_mask ? STEP_MARK : STEP_OWN_MARK;
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

/* fib_find_alias' order; equal ones stay in that of the dump. */
static int compare_candidates(const void *x, const void *y)
{
	const struct route *a = x, *b = y;
	int order = b->dst.len - a->dst.len;

	if (!order)
		order = b->from.len - a->from.len;
	if (!order)
		order = b->tos - a->tos;
	return order ? order : compare_numbers(a->metric, b->metric);
}

/* False: the table has no routes at all. */
static bool find_candidates(struct lookup *lookup, unsigned table)
{
	const struct index *routes = &lookup->walks->routes;
	const struct question *question = lookup->question;
	int family = question->to.family, len;
	struct route key = {.table = table};
	const struct route *route;
	size_t at;

	if (walks_table_empty(lookup->walks, table, family))
		return false;
	for (len = prefix_bits(family); len >= 0; len--) {
		if (!lookup->walks->lengths[family == AF_INET6][len])
			continue;
		key.dst = question->to;
		key.dst.len = (unsigned char)len;
		key.dst = prefix_network(&key.dst);
		for (at = index_first(routes, &key); (route = index_at(routes, at, &key)); at++)
			if ((!route->from.len ||
				    prefix_contains(&route->from, &question->from)) &&
				(!route->tos || route->tos == question->tos))
				*array_add(&lookup->candidates) = route;
	}
	index_sort(&lookup->candidates, compare_candidates);
	return true;
}

static bool hop_silent(const struct walks *walks, const struct hop *hop)
{
	const struct neighbour *neighbour = hop->gateway.family
		? walks_find_neighbour(walks, hop->device, &hop->gateway)
		: NULL;

	return hop->dead || (neighbour && neighbour->state & NEIGHBOUR_SILENT);
}

/* fib_select_multipath, fib_good_nh. */
bool walks_skip_hop(const struct walks *walks, const struct route *route, size_t i)
{
	size_t k = 0;

	if (!walks->asks_neighbours || route->dst.family != AF_INET || route->n < 2 ||
		route->hops[i].dead || !hop_silent(walks, &route->hops[i]))
		return route_hop(route, i).dead;
	while (k < route->n && hop_silent(walks, &route->hops[k]))
		k++;
	return k < route->n;
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

/* The next one that the kernel takes in turn with it; NULL: there is none. */
static const struct route *other_default(const struct index *candidates, size_t i)
{
	const struct route *route = candidates->items[i];

	while (++i < candidates->n && !route_compare_key(route, candidates->items[i]))
		if (route_alternates(route, candidates->items[i]))
			return candidates->items[i];
	return NULL;
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
			if (!hop_usable(lookup, &hop) || walks_skip_hop(lookup->walks, route, k))
				continue;
			lookup->other = other_default(&lookup->candidates, i);
			return take(lookup, route, k);
		}
	}
	return false;
}

static bool router_failed(const struct walks *walks, const struct hop *hop)
{
	const struct neighbour *neighbour =
		walks_find_neighbour(walks, hop->device, &hop->gateway);

	return neighbour && neighbour->state & NEIGHBOUR_FAILED;
}

/* rt6_score_route; -1: not to be taken. */
static int score(
	const struct lookup *lookup, const struct route *route, const struct hop *hop, bool alive)
{
	if (!hop_usable(lookup, hop))
		return -1;
	if (alive && hop->gateway.family && router_failed(lookup->walks, hop))
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

/* Of those from first on the first that is not of the same node, or, with by_metric, of another
 * metric. */
static size_t node_end(const struct index *candidates, size_t first, bool by_metric)
{
	const struct route *a = candidates->items[first], *b;
	size_t end = first + 1;

	for (; end < candidates->n; end++) {
		b = candidates->items[end];
		if (a->dst.len != b->dst.len || a->from.len != b->from.len ||
			(by_metric && a->metric != b->metric))
			break;
	}
	return end;
}

static bool lookup_nodes(struct lookup *lookup, bool alive)
{
	size_t first, lowest, end;

	for (first = 0; first < lookup->candidates.n; first = end) {
		lowest = node_end(&lookup->candidates, first, true);
		end = node_end(&lookup->candidates, first, false);
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
	return (!lookup->walks->forwarding6 && lookup_nodes(lookup, true)) ||
		lookup_nodes(lookup, false);
}

static void look_up(const struct walks *walks, const struct question *question, struct step *step)
{
	const struct rule *rule = step->rule;
	struct lookup lookup = {.walks = walks, .question = question};
	bool any = find_candidates(&lookup, rule->table);
	bool found = question->to.family == AF_INET6 ? lookup_inet6(&lookup) : lookup_inet(&lookup);

	step->route = lookup.route;
	step->device = lookup.device;
	step->other = lookup.other;
	free(lookup.candidates.items);
	if (!found)
		step->end = any ? STEP_NO_ROUTE : STEP_EMPTY;
	else if (step->route->type == ROUTE_THROW)
		step->end = question->to.family == AF_INET6 && walks->kernel->ends_throw6
			? STEP_REFUSED
			: STEP_THROW;
	else if (route_refuses(step->route))
		step->end = STEP_REFUSED;
	else if (step->route->dst.len < rule->min_length)
		step->end = STEP_SUPPRESSED;
	else
		step->end = STEP_ROUTE;
}

/* What the rule does with what it matches. */
static void act(const struct walks *walks, const struct question *question, struct step *step)
{
	if (step->rule->action == ACTION_LOOKUP)
		look_up(walks, question, step);
	else if (step->rule->action == ACTION_NOP)
		step->end = STEP_NOP;
	else if (step->rule->action == ACTION_GOTO)
		step->end = STEP_GOTO;
	else
		step->end = STEP_REFUSED;
}

static bool decides(const struct step *step)
{
	return step->end == STEP_ROUTE || step->end == STEP_REFUSED;
}

/* Those of one source, in the kernel's order. */
struct place {
	const struct rule *first;
	size_t at;
};

/* Those whose source has the packet's, a place for each length, and all others, merged. */
struct turn {
	const struct walks *walks;
	struct place places[129];
	size_t n, other;
};

static void start_turn(const struct walks *walks, const struct prefix *from, struct turn *turn)
{
	struct rule key = {.from = *from};
	struct place *place;
	int len;

	turn->walks = walks;
	turn->n = turn->other = 0;
	for (len = from->family ? prefix_bits(from->family) : 0; len > 0; len--) {
		if (!walks->sources[from->family == AF_INET6][len])
			continue;
		key.from = *from;
		key.from.len = (unsigned char)len;
		key.from = prefix_network(&key.from);
		place = &turn->places[turn->n];
		place->at = index_first(&walks->sourced, &key);
		place->first = index_at(&walks->sourced, place->at, &key);
		turn->n += place->first != NULL;
	}
}

void walks_find_sourced(const struct walks *walks, const struct prefix *address, struct index *out)
{
	const struct rule *rule;
	struct place *place;
	struct turn turn;

	start_turn(walks, address, &turn);
	for (place = turn.places; place < turn.places + turn.n; place++)
		for (; (rule = index_at(&walks->sourced, place->at, place->first)); place->at++)
			*array_add(out) = rule;
}

static const struct rule *next_rule(struct turn *turn)
{
	const struct index *others = &turn->walks->rules;
	const struct rule *first = turn->other < others->n ? others->items[turn->other] : NULL;
	const struct rule *rule;
	size_t *at = &turn->other, i;

	for (i = 0; i < turn->n; i++) {
		rule = index_at(&turn->walks->sourced, turn->places[i].at, turn->places[i].first);
		if (rule && (!first || rule < first))
			first = rule, at = &turn->places[i].at;
	}
	++*at;
	return first;
}

/* A goto leads forward only. */
static const struct rule *find_target(const struct kernel *kernel, const struct rule *from)
{
	const struct rule *end = kernel->rules.items + kernel->rules.n, *rule;

	for (rule = from + 1; rule < end; rule++)
		if (rule->priority == from->target && rule->from.family == from->from.family)
			return rule;
	return NULL;
}

/* What becomes of packets of the same addresses that the rule is for, by their mark, port or user?
 * end 0: the rule is for none, or leads them nowhere. */
static struct step act_on_others(
	const struct walks *walks, const struct question *question, const struct rule *rule)
{
	struct step step = {.rule = rule};

	if (rule->inverted || (rule->from.len && !prefix_contains(&rule->from, &question->from)) ||
		(rule->to.len && !prefix_contains(&rule->to, &question->to)))
		return step;
	act(walks, question, &step);
	return step;
}

static bool same_way(const struct step *a, const struct step *b)
{
	if (!a->route || !b->route)
		return a->rule == b->rule && a->route == b->route;
	return a->end == b->end &&
		(a->route == b->route ||
			(a->device && b->device && !strcmp(a->device, b->device)));
}

static struct walked walk_rules(
	const struct walks *walks, const struct question *question, struct steps *steps)
{
	struct turn turn;
	struct walked walked = {.jump = NULL};
	struct steps others = {.n = 0}; /* what becomes of packets with a mark, a port or a user */
	struct step step;
	const struct rule *rule, *skip_to = NULL;
	/* All are told, so that somebody who reads them sees his own. */
	const struct rules *all = steps && !steps->brief ? &walks->kernel->rules : NULL;
	size_t i = 0;

	start_turn(walks, &question->from, &turn);
	while ((rule = all ? (i < all->n ? &all->items[i++] : NULL) : next_rule(&turn))) {
		if (rule->from.family != question->to.family || (skip_to && rule < skip_to))
			continue;
		memset(&step, 0, sizeof(step));
		step.rule = rule;
		step.end = selector_missed(walks, rule, question);
		if (rule->inverted != (step.end == STEP_NOT)) {
			act(walks, question, &step);
			if (step.end == STEP_GOTO && !(skip_to = find_target(walks->kernel, rule)))
				step.end = STEP_NOWHERE;
			if (step.end == STEP_GOTO)
				walked.jump = rule;
		} else if (step.end == STEP_MARK || step.end == STEP_OTHER) {
			*array_add(&others) = act_on_others(walks, question, rule);
		}
		if (steps)
			*array_add(steps) = step;
		if (decides(&step)) {
			walked.last = step;
			break;
		}
		if (rule->from.len && (step.end == STEP_EMPTY || step.end == STEP_NO_ROUTE))
			walked.lapsed = step;
	}
	for (i = 0; i < others.n && !walked.depends.rule; i++)
		if (decides(&others.items[i]) && !same_way(&others.items[i], &walked.last))
			walked.depends = others.items[i];
	free(others.items);
	return walked;
}

struct walked walk(const struct walks *walks, const struct question *question, struct steps *steps)
{
	struct walked walked = walk_rules(walks, question, steps);
	struct question other = *question;
	struct step last;
	size_t i;

	for (i = 0; i < walks->tos_n && !walked.depends.rule; i++) {
		other.tos = walks->tos[i];
		last = walk_rules(walks, &other, NULL).last;
		if (!same_way(&last, &walked.last))
			walked.depends = last;
	}
	return walked;
}

bool step_format_selector(const struct step *step, struct text *out)
{
	if (!step->route || !step->route->tos) {
		rule_format(step->rule, out);
		return false;
	}
	route_format_choice(step->route, out);
	table_format(out, " of table ", step->route->table);
	return true;
}

bool step_matches(const struct step *step)
{
	return step->end > STEP_NOT;
}

/* fib_validate_source looks the way back up without an iif, which is that of a reply. */
static bool passes_filter(const struct walks *walks, const struct question *question, int filter)
{
	struct question back = {.to = question->from, .from = question->to, .tos = question->tos};
	struct walked walked;

	if (!filter || question->to.family != AF_INET)
		return true;
	walked = walk(walks, &back, NULL);
	return walked.last.end == STEP_ROUTE && walked.last.rule &&
		(filter > 1 || route_uses(walked.last.route, question->iif));
}

enum arrival walk_arrival(const struct walks *walks, const struct question *question, int filter)
{
	struct walked walked = walk(walks, question, NULL);

	if (!walked.last.rule || walked.last.end == STEP_REFUSED ||
		walked.last.route->type != ROUTE_LOCAL)
		return ARRIVAL_NOT_LOCAL;
	return passes_filter(walks, question, filter) ? ARRIVAL_TAKEN : ARRIVAL_FILTERED;
}
