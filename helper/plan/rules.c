/* SPDX-License-Identifier: MIT
 * The plan's rules: which addresses answer by an uplink's table.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* See struct serving: so much behind what it stands for. */
enum { PARKED_BEHIND = 2 };

static bool is_plain_local(const struct rule *rule)
{
	const struct rule plain = {.from = {.family = rule->from.family},
		.table = TABLE_LOCAL,
		.priority = rule->priority};

	return !rule_compare(rule, &plain);
}

static bool is_planned(const struct draft *draft, const struct rule *rule)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].table == rule->table &&
			uplinks->items[i].uplink->inet6 == (rule->from.family == AF_INET6))
			return true;
	return false;
}

/* Has the rule's table a route, or even a default, now or after an ifup? */
static bool has_routes(const struct draft *draft, const struct rule *rule, bool has_default)
{
	const int family = rule->from.family;

	return lookups_is_filled(&draft->lookups, rule->table, family, has_default) ||
		draft_is_for_lines(draft, rule->table, family, has_default) ||
		is_planned(draft, rule);
}

bool draft_leads_all(const struct draft *draft, const struct rule *rule)
{
	return rule->action == ACTION_LOOKUP && rule_takes_all(rule) &&
		(rule->table == TABLE_MAIN || (!rule->min_length && has_routes(draft, rule, true)));
}

/* A rule for everything leads to another table with a default: that of a firewall for several
 * providers, for instance. */
bool draft_leads_elsewhere(const struct draft *draft, const struct rule *rule)
{
	return rule->table != TABLE_MAIN && rule->table != TABLE_DEFAULT && !rule->min_length &&
		draft_leads_all(draft, rule);
}

/* A rule of somebody else's that what the host sends may match. */
struct other {
	const struct rule *rule;
	bool whole; /* see draft_leads_all */
};

struct others {
	struct other *items;
	size_t n, cap;
	struct index in_order;
	bool unnumbered; /* a line has no priority */
	bool known;	 /* the kernel has some */
};

define_order(others_in_order, struct other,
	compare_numbers(x->rule->priority, y->rule->priority))

/* Can it match what the host sends? */
static bool meets_host(const struct draft *draft, const struct rule *rule)
{
	const struct index *located = &draft->lookups.located;
	const struct address first = {.prefix = prefix_network(&rule->from)};

	return rule->inverted ||
		((!rule->iif[0] || !strcmp(rule->iif, "lo")) &&
			(!rule->from.len ||
				address_within(
					located, index_first(located, &first), &first.prefix)));
}

/* A rule that looks into an empty table says nothing, unless ifup fills it; nor do ours, of which
 * the record is lost. */
static bool is_idle(const struct draft *draft, const struct rule *rule)
{
	if (rule->action != ACTION_LOOKUP)
		return rule->action == ACTION_NOP;
	return (rule->table && rule->table != TABLE_MAIN && !rule->l3mdev &&
		       !has_routes(draft, rule, false)) ||
		(rule_is_own_form(rule) && is_planned(draft, rule));
}

/* The kernel looks for a gateway with neither source nor mark (fib_check_nh, ip6_route_check_nh);
 * by which device and for whom is its release's. To be on the safe side costs nothing. */
static void add_refusing(struct draft *draft, const struct rule *rule)
{
	const struct prefix all = {.family = rule->from.family};

	if (rule->action >= ACTION_BLACKHOLE &&
		(rule->inverted || (!rule->from.len && !(rule->mark & rule->mask))))
		*array_add(&draft->refusing) = rule->inverted || !rule->to.len ? all : rule->to;
}

static void add_other(
	struct draft *draft, const struct rule *rule, bool whole, struct others *others)
{
	struct other *other;

	add_refusing(draft, rule);
	if (is_idle(draft, rule) || !meets_host(draft, rule))
		return;
	other = array_add(others);
	other->rule = rule;
	other->whole = whole && draft_leads_all(draft, rule);
}

/* Those of the kernel, and the lines of rule- files, in the kernel or not yet. */
static void collect_others(struct draft *draft, int family, struct others *others)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct managed *managed;
	const struct by_hand_rule *line;
	const struct rule *rule;
	size_t i, k;

	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		for (k = 0; k < managed->rules.n; k++) {
			line = &managed->rules.items[k];
			if (line->rule.from.family != family)
				continue;
			others->unnumbered |= !line->has_priority;
			if (line->has_priority)
				add_other(draft, &line->rule, !line->other, others);
		}
	}
	for (i = 0; kernel && i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		if (rule->from.family != family || draft_is_own_mark(draft, rule))
			continue;
		others->known = true;
		add_other(draft, rule, true, others);
	}
	index_build(others, others_in_order, &others->in_order);
}

/* What the rules of others say comes first, as it would without us: bans, sources and destinations
 * that another table leads to, marks, ports. But not one that leads everything elsewhere, for then
 * no NIC would answer for itself; nothing after it is ever asked without us. Such is main's: where
 * none leads to main, nothing leaves the host but as others say.
 *
 * A rule without a priority gets the one before the first that there is (fib_default_rule_pref): so
 * that those of files get what they would get without us, ours come as late as they can. */
static void choose_priority(struct draft *draft, int family, struct priorities *chosen)
{
	enum { ROOM = 2 * PARKED_BEHIND };
	const unsigned least = draft->input->config->rule_priority;
	const unsigned marks = draft->input->config->connmark; /* one more, for theirs */
	unsigned before = 0, behind = 0, first;
	struct others others = {.n = 0};
	const struct other *other;
	bool whole;
	size_t i;

	collect_others(draft, family, &others);
	chosen->closed = others.known;
	chosen->stands_by = true;
	for (i = 0; i < others.n; i++) {
		other = others.in_order.items[i];
		whole = other->whole && !other->rule->min_length;
		if (whole && other->rule->table == TABLE_MAIN)
			chosen->closed = false;
		if (other->rule->priority > PRIORITY_DEFAULT)
			chosen->stands_by = false;
		if (before)
			continue;
		if (!other->whole || other->rule->priority < least)
			behind = other->rule->priority;
		else if (whole)
			before = other->rule->priority;
	}
	free(others.in_order.items);
	free(others.items);
	if (!before)
		before = PRIORITY_MAIN;
	first = behind < least - marks ? least : behind + 1 + marks;
	if (others.unnumbered || first + ROOM > before)
		first = before - ROOM;
	chosen->stands_by &= !chosen->closed;
	chosen->cramped = first - marks <= behind;
	/* Of rules of one priority the kernel asks the older first. */
	if (chosen->cramped)
		first = behind + 1 < before ? behind + 1 : behind;
	chosen->address = first;
	chosen->mark = first - 1 > behind ? first - 1 : first;
	chosen->prefix = first + 1 < before ? first + 1 : first;
}

void draft_choose_priorities(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct rule *rule;
	bool found[2] = {false, false}, inet6;
	size_t i;

	choose_priority(draft, AF_INET, &draft->priorities[false]);
	choose_priority(draft, AF_INET6, &draft->priorities[true]);
	for (i = 0; kernel && i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		inet6 = rule->from.family == AF_INET6;
		/* The first one decides. */
		if (found[inet6] || !is_plain_local(rule))
			continue;
		found[inet6] = true;
		draft->before_local[inet6] = rule->priority >= draft->priorities[inet6].address;
		draft->marks_before_local[inet6] = rule->priority >= draft->priorities[inet6].mark;
	}
}

static bool is_elsewhere(const struct draft *draft, const struct address *address)
{
	const struct uplink *uplink = draft->serving.uplink;

	if (!strcmp(address->device, uplink->device))
		return claimed_by_another(draft, uplink, &address->prefix);
	return !claimed_by(draft, uplink, &address->prefix) && !draft_is_service(draft, address) &&
		!draft_is_on_wire(draft, address, uplink->device);
}

/* Has another device, or another uplink of the device, an address in the network? */
static bool is_shared(const struct draft *draft, const struct prefix *net)
{
	const struct index *located = &draft->lookups.located;
	const struct address first = {.prefix = *net}, *address;
	size_t at;

	for (at = index_first(located, &first); (address = address_within(located, at, net)); at++)
		if (is_elsewhere(draft, address))
			return true;
	return false;
}

static void add_rule(
	struct draft *draft, const struct prefix *from, unsigned priority, bool to_file)
{
	const struct serving *serving = &draft->serving;
	const struct index *similar = &draft->lookups.similar;
	const struct kernel *kernel = draft->input->kernel;
	struct rule rule = rule_make(from, serving->planned->table, priority,
		kernel && kernel->old_inet6);
	struct rule parked;

	memcpy(rule.device, serving->uplink->device, sizeof(rule.device));
	if (rules_meet_source(&serving->by_hand, from))
		return;
	/* A deletion takes the first rule that has what it names (fib_nl_delrule): that of ours
	 * would take the foreign one, which says more. */
	if (rule_find_twin(similar, &rule, NULL)) {
		diag_notice(draft->diags, rule.device, 0,
			"left alone: a foreign rule of priority "
			"%u differs from ours only in a further selector",
			priority);
		return;
	}
	if (to_file && serving->rules_to_file && !draft->priorities[serving->uplink->inet6].cramped) {
		*array_add(&draft->file_rules) = rule;
		if (serving->parks || serving->parks_new || serving->planned->state != STATE_UP)
			*array_add(&draft->plan->owned) = rule;
		parked = rule;
		parked.priority += PARKED_BEHIND;
		if ((serving->parks ||
			    (serving->parks_new && !index_find(&draft->lookups.rules, &rule))) &&
			!rule_find_twin(similar, &parked, NULL))
			rule = parked;
	}
	if (serving->planned->state != STATE_UP)
		return;
	*array_add(&draft->plan->rules) = rule;
	*array_add(&draft->plan->owned) = rule;
}

/* The first uplink that is up, of several in one network, has its service addresses. */
static bool is_first_in(const struct draft *draft, const struct prefix *net)
{
	const struct planned *other;
	struct prefix its;
	size_t i;

	for (other = draft->plan->uplinks.items; other != draft->serving.planned; other++)
		for (i = 0; other->state == STATE_UP && i < other->uplink->addresses.n; i++) {
			its = prefix_network(&other->uplink->addresses.items[i]);
			if (!prefix_compare(&its, net))
				return false;
		}
	return true;
}

/* A rule for each address in the network: the uplink's own, service addresses, and those that
 * somebody has added to its device. */
static void add_address_rules(struct draft *draft, const struct prefix *net)
{
	const struct index *services = &draft->lookups.services;
	const struct index *standing = &draft->lookups.standing;
	const struct uplink *uplink = draft->serving.uplink;
	const struct address first = {.prefix = *net}, *address;
	const unsigned priority = draft->priorities[uplink->inet6].address;
	struct prefix host;
	size_t i, at = index_first(services, &first);

	for (i = 0; i < uplink->addresses.n; i++) {
		host = prefix_host(&uplink->addresses.items[i]);
		if (prefix_contains(net, &host))
			add_rule(draft, &host, priority, true);
	}
	if (address_within(services, at, net) && is_first_in(draft, net))
		for (; (address = address_within(services, at, net)); at++) {
			host = prefix_host(&address->prefix);
			if (draft_answers_no_arp(draft, address->device))
				add_rule(draft, &host, priority, false);
		}
	for (i = index_first(standing, uplink->device);
		(address = index_at(standing, i, uplink->device)); i++) {
		host = prefix_host(&address->prefix);
		if (prefix_contains(net, &host) && !claimed_by_another(draft, NULL, &host))
			add_rule(draft, &host, priority, false);
	}
}

/* Those of held uplinks stay, but behind the rules of others, as all are. */
void draft_keep_held_rules(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct priorities *priorities;
	struct rule rule;
	size_t i;

	for (i = 0; kernel && i < kernel->rules.n; i++) {
		rule = kernel->rules.items[i];
		priorities = &draft->priorities[rule.from.family == AF_INET6];
		if (priorities->closed || !rule_is_own_form(&rule) ||
			!plan_holds(draft->plan, "", rule.table) ||
			!index_find(&draft->recorded, &kernel->rules.items[i]))
			continue;
		if (rule.from.len && (rule.priority < priorities->address ||
					     rule.priority > priorities->prefix + PARKED_BEHIND))
			rule.priority = rule.from.len == prefix_bits(rule.from.family)
				? priorities->address
				: priorities->prefix;
		*array_add(&draft->plan->rules) = rule;
	}
}

void draft_add_rules(struct draft *draft)
{
	const struct serving *serving = &draft->serving;
	const bool inet6 = serving->uplink->inet6;
	const struct prefix *net;
	size_t i;

	/* Before the kernel's rule for the local table ours would take the host's own addresses
	 * away. */
	if (draft->before_local[inet6]) {
		diag_notice(draft->diags, serving->uplink->device, 0,
			"no rule: the local table's own rule is behind priority %u; expected it "
			"before, or RULE_PRIORITY behind it",
			draft->priorities[inet6].address);
		return;
	}
	if (draft->priorities[inet6].closed) {
		diag_notice(draft->diags, serving->uplink->device, 0,
			"no rule: none leads to table main, so that nothing leaves but by the "
			"rules of others");
		return;
	}
	for (i = 0; i < serving->networks.n; i++) {
		net = &serving->networks.items[i];
		if (is_shared(draft, net) || rules_meet_source(&serving->by_hand, net))
			add_address_rules(draft, net);
		else
			add_rule(draft, net, draft->priorities[inet6].prefix, true);
	}
}
