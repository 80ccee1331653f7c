/* SPDX-License-Identifier: MIT
 * Rules that are of no use, or lead nowhere.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/check_parts.h"

/* Those that every host has, and tables that a rule may find empty by design, are not looked at. */
static bool is_looked_up(const struct policy *policy)
{
	return policy->action == POLICY_TABLE && !policy->l3mdev && policy->table != TABLE_LOCAL &&
		policy->table != TABLE_MAIN && policy->table != TABLE_DEFAULT;
}

static void add(const struct check_input *in, const struct policy *policy, struct finding found,
	const char *what, char *cure, struct findings *findings)
{
	const struct planned_uplinks *uplinks = &in->plan->uplinks;
	struct text words = {0};
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (policy->table == uplinks->items[i].table && policy->action == POLICY_TABLE)
			memcpy(found.device, uplinks->items[i].uplink->device,
				sizeof(found.device));
	text_add_string(&words, "the rule ");
	policy_format(policy, &words);
	text_format(&words, " %s", what);
	finding_add(findings, found, words.bytes, cure);
}

/* For a foreign one the command that deletes it; ours comes and goes with the plan. */
static char *cure_rule(const struct check_input *in, const struct policy *policy)
{
	return check_is_owned(in, policy) ? mem_string("run multihome sync")
					  : check_deletion(policy);
}

static bool is_same(const struct policy *a, const struct policy *b)
{
	struct policy at_once = *b;

	at_once.priority = a->priority;
	return !policy_compare(a, &at_once) && !a->other && is_looked_up(a);
}

/* One of ours may say what another of ours does, at its own priority. */
static bool is_copy(
	const struct check_input *in, const struct policy *first, const struct policy *policy)
{
	return is_same(first, policy) &&
		(!policy_compare(first, policy) || !check_is_wanted(in, policy));
}

/* Without a priority the kernel takes the next lower one each time (fib_default_rule_pref), so that
 * what a script adds at every start piles up. */
static void check_duplicate(const struct check_input *in, size_t at, struct findings *findings)
{
	const struct policies *policies = &in->view->policies;
	const struct policy *policy = &policies->items[at];
	struct finding found = {.kind = FINDING_DUPLICATE_RULE, .wrong = true};
	struct text cure = {0};
	size_t i, more = 0;
	char *command, *what;

	for (i = 0; i < at; i++)
		if (is_copy(in, &policies->items[i], policy))
			return;
	for (i = at + 1; i < policies->n; i++) {
		if (!is_copy(in, policy, &policies->items[i]))
			continue;
		command = cure_rule(in, &policies->items[i]);
		text_format(&cure, "%s%s", more ? " && " : "",
			more ? command + strlen("run ") : command);
		more++;
		free(command);
	}
	if (!more)
		return;
	what = mem_format("is there %zu times", more + 1);
	add(in, policy, found, what, cure.bytes, findings);
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
	const struct ways *ways = &in->view->ways;
	size_t i;

	for (i = 0; i < addresses->n; i++)
		if (prefix_contains(net, &addresses->items[i].prefix))
			return true;
	for (i = 0; i < ways->n; i++)
		if (ways->items[i].type == WAY_LOCAL && meet(&ways->items[i].dst, net))
			return true;
	return false;
}

/* A router's rules may be for others; those with iif lo never are. */
static bool is_for_host(const struct check_input *in, const struct policy *policy)
{
	bool forwards = policy->from.family == AF_INET6 ? in->forwards6 : in->forwards;

	return !strcmp(policy->iif, "lo") || (!policy->iif[0] && !forwards);
}

static bool check_stale(
	const struct check_input *in, const struct policy *policy, struct findings *findings)
{
	struct finding found = {.kind = FINDING_STALE_RULE};
	const char *gone = !is_there(in, policy->iif) ? policy->iif : policy->oif;
	char *what;

	found.wrong = check_is_owned(in, policy);
	if (!is_there(in, gone)) {
		what = mem_format("is for %s, which is not there", gone);
		add(in, policy, found, what, cure_rule(in, policy), findings);
		free(what);
		return true;
	}
	/* The plan wants rules for addresses that a router is yet to advertise. */
	if (!policy->from.len || policy->inverted || !is_for_host(in, policy) ||
		is_local(in, &policy->from) || check_is_wanted(in, policy))
		return false;
	add(in, policy, found, "is for addresses that no NIC has", cure_rule(in, policy), findings);
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
	const struct inquiry *inquiry, const struct policy *policy, const struct prefix *afar)
{
	const struct asked *asked, *first = NULL;
	size_t i;

	for (i = 0; policy->from.len && i < inquiry->asked.n; i++) {
		asked = &inquiry->asked.items[i];
		if (!check_matches(policy, &asked->address->prefix, afar))
			continue;
		if (goes_wrong(asked))
			return asked;
		if (!first)
			first = asked;
	}
	return first;
}

static char *cure_table(
	const struct check_input *in, const struct policy *policy, const struct asked *asked)
{
	const char *device = asked->address->device;

	if (!check_is_owned(in, policy))
		return check_refill(policy, asked);
	/* Without work for sync it is a line of route-DEVICE that was not applied. */
	return check_sync_has_work(in) ? mem_string("run multihome sync")
				       : mem_format("run ifdown %s && ifup %s", device, device);
}

/* What a rule does not find in its table the next one may find: somebody may mean just that. */
static void check_table(const struct check_input *in, const struct inquiry *inquiry,
	const struct policy *policy, struct findings *findings)
{
	const struct prefix *afar =
		policy->from.family == AF_INET6 ? &inquiry->afar6 : &inquiry->afar;
	bool empty = check_is_empty(in->view, policy->table, policy->from.family);
	bool owned = check_is_owned(in, policy);
	const struct asked *asked = find_asked(inquiry, policy, afar);
	struct finding found = {.kind = empty ? FINDING_EMPTY_TABLE : FINDING_NO_DEFAULT};

	if (!asked || check_leads_to(in->view, policy->table, afar, policy->suppress_length))
		return;
	found.wrong = owned || goes_wrong(asked);
	if (!found.wrong && !empty)
		return;
	memcpy(found.device, asked->address->device, sizeof(found.device));
	add(in, policy, found,
		empty ? "leads to an empty table" : "leads to a table without a default route",
		cure_table(in, policy, asked), findings);
}

void check_policies(
	const struct check_input *in, const struct inquiry *inquiry, struct findings *findings)
{
	const struct policy *policy;
	size_t i;

	for (i = 0; i < in->view->policies.n; i++) {
		policy = &in->view->policies.items[i];
		check_duplicate(in, i, findings);
		if (!check_stale(in, policy, findings) && is_looked_up(policy))
			check_table(in, inquiry, policy, findings);
	}
}
