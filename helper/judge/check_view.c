/* SPDX-License-Identifier: MIT
 * What the parts of check ask of the kernel's rules and routes, and of the plan.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/shvar.h"
#include "judge/check_parts.h"
#include "plan/block.h"

bool check_matches(const struct policy *policy, const struct prefix *from, const struct prefix *to)
{
	bool matches = prefix_contains(&policy->from, from) && prefix_contains(&policy->to, to) &&
		(!policy->iif[0] || !strcmp(policy->iif, "lo")) && !policy->oif[0] &&
		!policy->tos && !(policy->mark & policy->mask);

	return policy->from.family == from->family && !policy->other && !policy->l3mdev &&
		matches != policy->inverted;
}

bool check_leads_to(const struct view *view, unsigned table, const struct prefix *to, int length)
{
	const struct way *way;
	size_t i;

	for (i = 0; i < view->ways.n; i++) {
		way = &view->ways.items[i];
		if (way->table == table && way->dst.len > length && way->type != WAY_THROW &&
			prefix_contains(&way->dst, to))
			return true;
	}
	return false;
}

bool check_is_empty(const struct view *view, unsigned table, int family)
{
	size_t i;

	for (i = 0; i < view->ways.n; i++)
		if (view->ways.items[i].table == table && view->ways.items[i].dst.family == family)
			return false;
	return true;
}

const struct policy *check_decider(const struct view *view, const struct prefix *from,
	const struct prefix *to, unsigned table, const struct policy **lapsed)
{
	const struct policy *policy;
	size_t i;

	*lapsed = NULL;
	for (i = 0; i < view->policies.n; i++) {
		policy = &view->policies.items[i];
		if (!check_matches(policy, from, to) || policy->action == POLICY_NOP ||
			policy->action == POLICY_GOTO)
			continue;
		if (policy->action != POLICY_TABLE ||
			check_leads_to(view, policy->table, to, policy->suppress_length))
			return policy;
		if (policy->from.len && (!*lapsed || policy->table == table))
			*lapsed = policy;
	}
	return NULL;
}

static bool is_in(const struct rules *rules, const struct policy *policy)
{
	struct rule rule = {
		.from = policy->from, .table = policy->table, .priority = policy->priority};

	size_t i;

	rule.forwarded = strcmp(policy->iif, "lo") != 0;
	if (policy->action != POLICY_TABLE || policy->inverted || policy->to.len || policy->tos ||
		policy->mask || policy->oif[0] || policy->other || policy->suppress_length >= 0)
		return false;
	for (i = 0; i < rules->n; i++)
		if (!rule_compare(&rules->items[i], &rule))
			return true;
	return false;
}

bool check_is_owned(const struct check_input *in, const struct policy *policy)
{
	return is_in(&in->plan->owned, policy);
}

bool check_is_wanted(const struct check_input *in, const struct policy *policy)
{
	return is_in(&in->plan->rules, policy);
}

static bool has_block(const struct file *file)
{
	struct block block = {0};
	bool present;

	block_parse(file->bytes, file->len, strchr(file->name, '-') + 1, &block);
	present = block.present;
	block_free(&block);
	return present;
}

bool check_is_in_use(const struct check_input *in)
{
	size_t i;

	for (i = HOOK_PREPARE; i <= HOOK_DOWN; i++)
		if (in->hooks[i].state == HOOK_CALLS)
			return true;
	for (i = 0; i < in->view->ways.n; i++)
		if (in->view->ways.items[i].protocol == PROTO_MULTIHOME)
			return true;
	for (i = 0; i < in->sources->managed.n; i++)
		if (has_block(&in->sources->managed.items[i]))
			return true;
	return false;
}

bool check_sync_has_work(const struct check_input *in)
{
	return in->ops->n || in->writes->n || in->plan->changes.n;
}

bool check_says_no(const struct file *file, const char *key)
{
	struct shvars vars = {0};
	const struct shvar *var;
	bool no;

	shvar_parse(file->bytes, file->len, file->path, &vars);
	var = shvar_find(&vars, key);
	no = var && var->value && *var->value && strchr("nNfF0", *var->value);
	shvar_free(&vars);
	return no;
}

static bool table_is_used(const struct check_input *in, unsigned table)
{
	const struct view *view = in->view;
	size_t i;

	for (i = 0; i < view->policies.n; i++)
		if (view->policies.items[i].table == table)
			return true;
	for (i = 0; i < in->config->tables.n; i++)
		if (in->config->tables.items[i].number == table)
			return true;
	for (i = 0; i < in->plan->uplinks.n; i++)
		if (in->plan->uplinks.items[i].table == table)
			return true;
	return !check_is_empty(view, table, AF_INET) || !check_is_empty(view, table, AF_INET6);
}

unsigned check_free_table(const struct check_input *in, size_t nth)
{
	unsigned table;

	for (table = in->config->table_first; table && table <= in->config->table_last; table++)
		if (table % 256 && (table < TABLE_DEFAULT || table > TABLE_LOCAL) &&
			!table_is_used(in, table) && !nth--)
			return table;
	return 0;
}

static const char *ip_command(const struct policy *policy)
{
	return policy->from.family == AF_INET6 ? "ip -6" : "ip";
}

char *check_deletion(const struct policy *policy)
{
	struct text words = {0};
	char *cure;

	/* Without all its selectors a deletion takes the first rule that has the rest. */
	if (policy->other)
		return mem_string("");
	policy_format(policy, &words);
	cure = mem_format("run %s rule del %s", ip_command(policy), words.bytes);
	text_free(&words);
	return cure;
}

char *check_refill(const struct policy *policy, const struct asked *asked)
{
	char gateway[PREFIX_TEXT];
	bool on_link = !asked->gateway.family;

	return mem_format("run %s route add default%s%s dev %s table %u", ip_command(policy),
		on_link ? "" : " via ",
		on_link ? "" : prefix_format_address(&asked->gateway, gateway),
		asked->address->device, policy->table);
}
