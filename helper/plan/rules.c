/* SPDX-License-Identifier: MIT
 * The plan's rules: which addresses answer by an uplink's table.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

/* As PARKED_METRIC of routes.c. */
enum { PARKED_PRIORITY = 2 };

/* The last priorities before main's, 32766. */
enum { PRIORITY_LAST = 32764 };

/* A rule without a priority gets the one before the first that there is (fib_default_rule_pref):
 * ours must not come before those of the administrator's files, so that his get what they would get
 * without us. */
void draft_choose_priority(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct managed *managed;
	const struct rule *rule;
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
		draft->before_local[rule->from.family == AF_INET6] |=
			rule->table == TABLE_LOCAL && rule->priority >= draft->priority;
	}
}

static bool is_parked(const struct draft *draft, const struct rule *rule)
{
	enum event event = draft->input->event;

	return draft_is_event_device(draft, rule->device) &&
		(event == EVENT_PREPARE ||
			(event == EVENT_ALIAS && !index_find(&draft->lookups.rules, rule)));
}

static bool answers_no_arp(const struct draft *draft, const char *device)
{
	const struct link *link = kernel_find_link(draft->input->kernel, device);

	return link && (link->loopback || link->noarp);
}

/* A service address of lo, of a device that answers no ARP, or that has it alone, without a
 * network: nobody else's, so it answers through the uplink in whose network it lies. */
bool draft_is_service(const struct draft *draft, const struct address *address)
{
	if (lookups_is_uplink(&draft->lookups, address->device,
		    address->prefix.family == AF_INET6) ||
		claimed_by_any(draft, &address->prefix) || !prefix_is_unicast(&address->prefix))
		return false;
	return answers_no_arp(draft, address->device) ||
		address->prefix.len == prefix_bits(address->prefix.family);
}

static bool is_elsewhere(
	const struct draft *draft, const struct uplink *uplink, const struct address *address)
{
	if (!strcmp(address->device, uplink->device))
		return claimed_by_another(draft, uplink, &address->prefix);
	return !claimed_by(draft, uplink, &address->prefix) && !draft_is_service(draft, address);
}

/* The addresses of a network stand together when they are sorted. */
static bool prefix_shared(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *net)
{
	const struct index *located = &draft->lookups.located;
	const struct address first = {.prefix = *net}, *address;
	size_t at;

	for (at = index_first(located, &first); at < located->n; at++) {
		address = located->items[at];
		if (!prefix_contains(net, &address->prefix))
			return false;
		if (is_elsewhere(draft, uplink, address))
			return true;
	}
	return false;
}

/* A foreign rule that says all that ours does, and more. A deletion takes the first rule that
 * has what it names (fib_nl_delrule), so deleting ours would take that one. */
static bool has_similar(const struct draft *draft, const struct rule *rule)
{
	return rule_find_twin(&draft->lookups.similar, rule, NULL) != NULL;
}

static bool in_rule_file(const struct draft *draft, const struct uplink *uplink)
{
	const struct managed *managed = draft_find(draft, uplink->inet6, true, uplink->device);

	return !uplink->kernel_only &&
		(!uplink->inet6 || draft->input->config->release.reads_rule6) &&
		!(managed && (managed->broken || managed->shared || managed->unsafe));
}

static void add_rule(struct draft *draft, const struct planned *planned, struct prefix from,
	unsigned priority, bool in_file)
{
	const struct kernel *kernel = draft->input->kernel;
	struct rule rule = rule_make(
		&from, planned->table, priority, kernel && kernel->old_inet6), parked;

	memcpy(rule.device, planned->uplink->device, sizeof(rule.device));
	if (draft_has_by_hand(draft, planned->uplink, &from))
		return;
	if (has_similar(draft, &rule)) {
		diag_notice(draft->diags, rule.device, 0,
			"left alone: a foreign rule of priority "
			"%u differs from ours only in a further selector",
			priority);
		return;
	}
	if (in_file && draft_file_has_table(draft, rule.table) &&
		in_rule_file(draft, planned->uplink)) {
		*array_add(&draft->file_rules) = rule;
		*array_add(&draft->plan->owned) = rule;
		parked = rule;
		parked.priority -= PARKED_PRIORITY;
		if (is_parked(draft, &rule) && !has_similar(draft, &parked))
			rule = parked;
	}
	if (planned->state != STATE_UP)
		return;
	*array_add(&draft->plan->rules) = rule;
	*array_add(&draft->plan->owned) = rule;
}

/* Of several uplinks that share a network the first one that is up has its service addresses. */
static bool is_first_in(
	const struct draft *draft, const struct planned *planned, const struct prefix *net)
{
	const struct planned *other;
	struct prefix its;
	size_t i;

	for (other = draft->plan->uplinks.items; other != planned; other++)
		for (i = 0; other->state == STATE_UP && i < other->uplink->addresses.n; i++) {
			its = prefix_network(&other->uplink->addresses.items[i]);
			if (!prefix_compare(&its, net))
				return false;
		}
	return true;
}

static void add_service_rules(
	struct draft *draft, const struct planned *planned, const struct prefix *net)
{
	const struct index *located = &draft->lookups.located;
	const struct address first = {.prefix = *net}, *address;
	size_t at;

	for (at = index_first(located, &first); at < located->n; at++) {
		address = located->items[at];
		if (!prefix_contains(net, &address->prefix))
			return;
		if (answers_no_arp(draft, address->device) && draft_is_service(draft, address))
			add_rule(draft, planned, prefix_host(&address->prefix), draft->priority,
				false);
	}
}

static void add_address_rules(
	struct draft *draft, const struct planned *planned, const struct prefix *net)
{
	const struct index *standing = &draft->lookups.standing;
	const struct uplink *uplink = planned->uplink;
	struct address key = {.prefix = *net};
	const struct address *address;
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		if (prefix_contains(net, &uplink->addresses.items[i]))
			add_rule(draft, planned, prefix_host(&uplink->addresses.items[i]),
				draft->priority, true);
	if (is_first_in(draft, planned, net))
		add_service_rules(draft, planned, net);
	memcpy(key.device, uplink->device, sizeof(key.device));
	for (i = index_first(standing, &key); (address = index_at(standing, i, &key)); i++)
		if (prefix_contains(net, &address->prefix) &&
			!claimed_by_any(draft, &address->prefix))
			add_rule(draft, planned, prefix_host(&address->prefix), draft->priority,
				false);
}

void draft_add_rules(struct draft *draft, const struct planned *planned)
{
	const struct prefix *net;
	size_t i;

	/* Before the kernel's rule for the local table ours would take the host's own addresses
	 * away. */
	if (draft->before_local[planned->uplink->inet6]) {
		diag_notice(draft->diags, planned->uplink->device, 0,
			"no rule: the local table's own rule is behind priority %u; expected it "
			"before, or RULE_PRIORITY behind it",
			draft->priority);
		return;
	}
	for (i = 0; i < draft->networks.n; i++) {
		net = &draft->networks.items[i];
		if (prefix_shared(draft, planned->uplink, net) ||
			draft_has_by_hand(draft, planned->uplink, net))
			add_address_rules(draft, planned, net);
		else
			add_rule(draft, planned, *net, draft->priority + 1, true);
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
			plan_holds(draft->plan, HOLD_KERNEL, route->device, 0);
	}
	if (!needed)
		return;
	*array_add(&draft->plan->rules) = rule;
	*array_add(&draft->plan->owned) = rule;
}
