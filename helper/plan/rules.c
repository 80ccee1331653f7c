/* SPDX-License-Identifier: MIT
 * The plan's rules: which addresses answer by an uplink's table.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* See struct serving. */
enum { PARKED_PRIORITY = 2 };

/* The last priorities before main's, 32766. */
enum { PRIORITY_LAST = 32764 };

static bool is_plain_local(const struct rule *rule)
{
	const struct rule plain = {.from = {.family = rule->from.family},
		.table = TABLE_LOCAL,
		.priority = rule->priority};

	return !rule_compare(rule, &plain);
}

/* A rule without a priority gets the one before the first that there is (fib_default_rule_pref):
 * ours must not come before those of the administrator's files, so that his get what they would get
 * without us. */
void draft_choose_priority(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct managed *managed;
	const struct rule *rule;
	bool found[2] = {false, false}, inet6;
	size_t i, k;

	draft->priority = draft->input->config->rule_priority;
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		for (k = 0; k < managed->rules.n; k++)
			if (!managed->rules.items[k].has_priority)
				draft->priority = PRIORITY_LAST;
	}
	for (i = 0; kernel && i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		inet6 = rule->from.family == AF_INET6;
		/* The first one decides. */
		if (found[inet6] || !is_plain_local(rule))
			continue;
		found[inet6] = true;
		draft->before_local[inet6] = rule->priority >= draft->priority;
	}
}

static bool is_elsewhere(const struct draft *draft, const struct address *address)
{
	const struct uplink *uplink = draft->serving.uplink;

	if (!strcmp(address->device, uplink->device))
		return claimed_by_another(draft, uplink, &address->prefix);
	return !claimed_by(draft, uplink, &address->prefix) && !draft_is_service(draft, address);
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

/* A foreign rule that says all that ours does, and more. A deletion takes the first rule that
 * has what it names (fib_nl_delrule), so deleting ours would take that one. */
static bool has_similar(const struct draft *draft, const struct rule *rule)
{
	return rule_find_twin(&draft->lookups.similar, rule, NULL) != NULL;
}

static void add_rule(
	struct draft *draft, const struct prefix *from, unsigned priority, bool to_file)
{
	const struct serving *serving = &draft->serving;
	const struct kernel *kernel = draft->input->kernel;
	struct rule rule = rule_make(from, serving->planned->table, priority,
		kernel && kernel->old_inet6);
	struct rule parked;

	memcpy(rule.device, serving->uplink->device, sizeof(rule.device));
	if (rules_meet_source(&serving->by_hand, from))
		return;
	if (has_similar(draft, &rule)) {
		diag_notice(draft->diags, rule.device, 0,
			"left alone: a foreign rule of priority "
			"%u differs from ours only in a further selector",
			priority);
		return;
	}
	if (to_file && serving->rules_to_file) {
		*array_add(&draft->file_rules) = rule;
		if (serving->parks || serving->parks_new || serving->planned->state != STATE_UP)
			*array_add(&draft->plan->owned) = rule;
		parked = rule;
		parked.priority -= PARKED_PRIORITY;
		if ((serving->parks ||
			    (serving->parks_new && !index_find(&draft->lookups.rules, &rule))) &&
			!has_similar(draft, &parked))
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
	struct prefix host;
	size_t i, at = index_first(services, &first);

	for (i = 0; i < uplink->addresses.n; i++) {
		host = prefix_host(&uplink->addresses.items[i]);
		if (prefix_contains(net, &host))
			add_rule(draft, &host, draft->priority, true);
	}
	if (address_within(services, at, net) && is_first_in(draft, net))
		for (; (address = address_within(services, at, net)); at++) {
			host = prefix_host(&address->prefix);
			if (draft_answers_no_arp(draft, address->device))
				add_rule(draft, &host, draft->priority, false);
		}
	for (i = index_first(standing, uplink->device);
		(address = index_at(standing, i, uplink->device)); i++) {
		host = prefix_host(&address->prefix);
		if (prefix_contains(net, &host) && !claimed_by_another(draft, NULL, &host))
			add_rule(draft, &host, draft->priority, false);
	}
}

static void note_bans(const struct draft *draft)
{
	const struct index *by_hand = &draft->serving.by_hand;
	const struct rule *ban;
	char text[2][PREFIX_TEXT];
	size_t i;

	for (i = 0; i < by_hand->n; i++) {
		ban = by_hand->items[i];
		if (ban->action != ACTION_LOOKUP && ban->to.len)
			diag_notice(draft->diags, draft->serving.uplink->device, 0,
				"no rule for %s: the foreign rule of priority %u bans %s for it "
				"alone",
				prefix_format(&ban->from, text[0]), ban->priority,
				prefix_format(&ban->to, text[1]));
	}
}

void draft_add_rules(struct draft *draft)
{
	const struct serving *serving = &draft->serving;
	const struct prefix *net;
	size_t i;

	/* Before the kernel's rule for the local table ours would take the host's own addresses
	 * away. */
	if (draft->before_local[serving->uplink->inet6]) {
		diag_notice(draft->diags, serving->uplink->device, 0,
			"no rule: the local table's own rule is behind priority %u; expected it "
			"before, or RULE_PRIORITY behind it",
			draft->priority);
		return;
	}
	note_bans(draft);
	for (i = 0; i < serving->networks.n; i++) {
		net = &serving->networks.items[i];
		if (is_shared(draft, net) || rules_meet_source(&serving->by_hand, net))
			add_address_rules(draft, net);
		else
			add_rule(draft, net, draft->priority + 1, true);
	}
}

void draft_add_standby_rule(struct draft *draft)
{
	const struct routes *wanted = &draft->plan->routes;
	const struct kernel *kernel = draft->input->kernel;
	const struct rule rule = {.from = {.family = AF_INET6},
		.table = TABLE_DEFAULT,
		.priority = PRIORITY_DEFAULT};
	const struct route *route;
	bool needed = false;
	size_t i;

	for (i = 0; !needed && i < wanted->n; i++)
		needed = wanted->items[i].table == TABLE_DEFAULT &&
			wanted->items[i].dst.family == AF_INET6;
	for (i = 0; !needed && kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		needed = route->table == TABLE_DEFAULT && route->dst.family == AF_INET6 &&
			plan_owns_route(draft->plan, route) &&
			plan_holds(draft->plan, route->device, 0);
	}
	if (!needed)
		return;
	*array_add(&draft->plan->rules) = rule;
	*array_add(&draft->plan->owned) = rule;
}
