/* SPDX-License-Identifier: MIT
 * Rules that are of no use, or lead nowhere.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/check_parts.h"

/* Those that every host has, and tables that a rule may find empty by design, are not looked at. */
static bool is_looked_up(const struct rule *rule)
{
	return rule->action == ACTION_LOOKUP && !rule->l3mdev && rule->table != TABLE_LOCAL &&
		rule->table != TABLE_MAIN && rule->table != TABLE_DEFAULT;
}

static void add(const struct check_input *in, const struct rule *rule, struct finding found,
	const char *what, char *cure, struct findings *findings)
{
	const struct planned_uplinks *uplinks = &in->plan->uplinks;
	struct text words = {0};
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (rule->table == uplinks->items[i].table && rule->action == ACTION_LOOKUP)
			memcpy(found.device, uplinks->items[i].uplink->device,
				sizeof(found.device));
	text_add_string(&words, "the rule ");
	rule_format(rule, &words);
	text_format(&words, " %s", what);
	finding_add(findings, found, words.bytes, cure);
}

/* For a foreign one the command that deletes it; ours comes and goes with the plan. */
static char *cure_rule(const struct check_input *in, const struct rule *rule)
{
	return check_is_owned(in, rule) ? mem_string("run multihome sync") : check_deletion(rule);
}

static bool is_same(const struct rule *a, const struct rule *b)
{
	struct rule at_once = *b;

	at_once.priority = a->priority;
	return !rule_compare(a, &at_once) && !a->unknown_len && is_looked_up(a);
}

/* One of ours may say what another of ours does, at its own priority. */
static bool is_copy(const struct check_input *in, const struct rule *first, const struct rule *rule)
{
	return is_same(first, rule) && (!rule_compare(first, rule) || !check_is_wanted(in, rule));
}

/* Without a priority the kernel takes the next lower one each time (fib_default_rule_pref), so that
 * what a script adds at every start piles up. */
static void check_duplicate(const struct check_input *in, size_t at, struct findings *findings)
{
	const struct rules *rules = &in->kernel->rules;
	const struct rule *rule = &rules->items[at];
	struct finding found = {.kind = FINDING_DUPLICATE_RULE, .wrong = true};
	struct text cure = {0};
	size_t i, more = 0;
	char *command, *what;
	bool owned = false;

	for (i = 0; i < at; i++)
		if (is_copy(in, &rules->items[i], rule))
			return;
	for (i = at + 1; i < rules->n; i++) {
		if (!is_copy(in, rule, &rules->items[i]))
			continue;
		more++;
		/* One sync deletes all that are ours. */
		if (owned && check_is_owned(in, &rules->items[i]))
			continue;
		owned |= check_is_owned(in, &rules->items[i]);
		command = cure_rule(in, &rules->items[i]);
		text_format(&cure, "%s%s", cure.n ? " && " : "",
			cure.n ? command + strlen("run ") : command);
		free(command);
	}
	if (!more)
		return;
	what = mem_format("is there %zu times", more + 1);
	add(in, rule, found, what, cure.bytes, findings);
	free(what);
}

static bool is_there(const struct check_input *in, const char *device)
{
	return !*device || kernel_find_link(in->kernel, device);
}

static bool meet(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a->len < b->len ? a : b, a->len < b->len ? b : a);
}

/* Addresses, and networks that are delivered here as a whole. */
static bool is_local(const struct check_input *in, const struct prefix *net)
{
	const struct addresses *addresses = &in->kernel->addresses;
	const struct routes *routes = &in->kernel->routes;
	size_t i;

	for (i = 0; i < addresses->n; i++)
		if (prefix_contains(net, &addresses->items[i].prefix))
			return true;
	for (i = 0; i < routes->n; i++)
		if (routes->items[i].type == ROUTE_LOCAL && meet(&routes->items[i].dst, net))
			return true;
	return false;
}

/* A router's rules may be for others; those with iif lo never are. */
static bool is_for_host(const struct check_input *in, const struct rule *rule)
{
	bool forwards = rule->from.family == AF_INET6 ? in->forwards6 : in->forwards;

	return !strcmp(rule->iif, "lo") || (!rule->iif[0] && !forwards);
}

static bool check_stale(
	const struct check_input *in, const struct rule *rule, struct findings *findings)
{
	struct finding found = {.kind = FINDING_STALE_RULE};
	const char *gone = !is_there(in, rule->iif) ? rule->iif : rule->oif;
	char *what;

	found.wrong = check_is_owned(in, rule);
	if (!is_there(in, gone)) {
		what = mem_format("is for %s, which is not there", gone);
		add(in, rule, found, what, cure_rule(in, rule), findings);
		free(what);
		return true;
	}
	/* The plan wants rules for addresses that a router is yet to advertise. */
	if (!rule->from.len || rule->inverted || !is_for_host(in, rule) ||
		is_local(in, &rule->from) || check_is_wanted(in, rule))
		return false;
	add(in, rule, found, "is for addresses that no NIC has", cure_rule(in, rule), findings);
	return true;
}

/* And is the administrator's: multihome's own tables are for multihome to fill. */
static bool goes_wrong(const struct asked *asked)
{
	return asked->wrong && !(asked->planned && asked->planned->state == STATE_UP);
}

/* The first of the addresses that are asked whose replies the rule may lead, if
 * possible one whose replies go wrong. */
static const struct asked *find_asked(
	const struct inquiry *inquiry, const struct rule *rule, const struct prefix *afar)
{
	const struct asked *asked, *first = NULL;
	size_t i;

	for (i = 0; rule->from.len && i < inquiry->asked.n; i++) {
		asked = &inquiry->asked.items[i];
		if (!check_matches(rule, &asked->address->prefix, afar))
			continue;
		if (goes_wrong(asked))
			return asked;
		if (!first)
			first = asked;
	}
	return first;
}

static char *cure_table(
	const struct check_input *in, const struct rule *rule, const struct asked *asked)
{
	const char *device = asked->address->device;

	if (!check_is_owned(in, rule))
		return check_refill(rule, asked);
	/* Without work for sync it is a line of route-DEVICE that was not applied. */
	return check_sync_has_work(in) ? mem_string("run multihome sync")
				       : mem_format("run ifdown %s && ifup %s", device, device);
}

/* What a rule does not find in its table the next one may find: somebody may mean just that. */
static void check_table(const struct check_input *in, const struct inquiry *inquiry,
	const struct rule *rule, struct findings *findings)
{
	const struct prefix *afar =
		rule->from.family == AF_INET6 ? &inquiry->afar6 : &inquiry->afar;
	bool empty = check_is_empty(in->kernel, rule->table, rule->from.family);
	bool owned = check_is_owned(in, rule);
	const struct asked *asked = find_asked(inquiry, rule, afar);
	struct finding found = {.kind = empty ? FINDING_EMPTY_TABLE : FINDING_NO_DEFAULT};

	if (!asked || check_leads_to(in->kernel, rule->table, afar, rule->min_length))
		return;
	found.wrong = owned || goes_wrong(asked);
	if (!found.wrong && !empty)
		return;
	memcpy(found.device, asked->address->device, sizeof(found.device));
	add(in, rule, found,
		empty ? "leads to an empty table" : "leads to a table without a default route",
		cure_table(in, rule, asked), findings);
}

void check_policies(
	const struct check_input *in, const struct inquiry *inquiry, struct findings *findings)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < in->kernel->rules.n; i++) {
		rule = &in->kernel->rules.items[i];
		check_duplicate(in, i, findings);
		if (!check_stale(in, rule, findings) && is_looked_up(rule))
			check_table(in, inquiry, rule, findings);
	}
}
