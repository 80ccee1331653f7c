/* SPDX-License-Identifier: MIT
 * What the parts of check ask of the kernel's rules and routes, and of the plan.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/shvar.h"
#include "judge/check_parts.h"
#include "plan/block.h"

bool check_matches(const struct rule *rule, const struct prefix *from, const struct prefix *to)
{
	bool matches = prefix_contains(&rule->from, from) &&
		(!rule->to.len || prefix_contains(&rule->to, to)) &&
		(!rule->iif[0] || !strcmp(rule->iif, "lo")) && !rule->oif[0] && !rule->tos &&
		!(rule->mark & rule->mask);

	return rule->from.family == from->family && !rule_is_selective(rule) && !rule->l3mdev &&
		matches != rule->inverted;
}

bool check_leads_to(
	const struct kernel *kernel, unsigned table, const struct prefix *to, unsigned min_length)
{
	const struct route *route;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->table == table && route->dst.len >= min_length &&
			route->type != ROUTE_THROW && prefix_contains(&route->dst, to))
			return true;
	}
	return false;
}

bool check_is_empty(const struct kernel *kernel, unsigned table, int family)
{
	size_t i;

	for (i = 0; i < kernel->routes.n; i++)
		if (kernel->routes.items[i].table == table &&
			kernel->routes.items[i].dst.family == family)
			return false;
	return true;
}

const struct rule *check_decider(const struct kernel *kernel, const struct prefix *from,
	const struct prefix *to, unsigned table, const struct rule **lapsed)
{
	const struct rule *rule;
	size_t i;

	*lapsed = NULL;
	for (i = 0; i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		if (!check_matches(rule, from, to) || rule->action == ACTION_NOP ||
			rule->action == ACTION_GOTO)
			continue;
		if (rule->action != ACTION_LOOKUP ||
			check_leads_to(kernel, rule->table, to, rule->min_length))
			return rule;
		if (rule->from.len && (!*lapsed || rule->table == table))
			*lapsed = rule;
	}
	return NULL;
}

static bool is_in(const struct rules *rules, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (!rule_compare(&rules->items[i], rule))
			return true;
	return false;
}

bool check_is_owned(const struct check_input *in, const struct rule *rule)
{
	return is_in(&in->plan->owned, rule);
}

bool check_is_wanted(const struct check_input *in, const struct rule *rule)
{
	return is_in(&in->plan->rules, rule);
}

static bool has_block(const struct file *file)
{
	struct block block = {0};
	bool present;

	block_parse(file->bytes, file->len, strchr(file->name, '-') + 1, true, &block);
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
	for (i = 0; i < in->kernel->routes.n; i++)
		if (in->kernel->routes.items[i].protocol == PROTO_MULTIHOME)
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
	const struct kernel *kernel = in->kernel;
	size_t i;

	for (i = 0; i < kernel->rules.n; i++)
		if (kernel->rules.items[i].table == table)
			return true;
	for (i = 0; i < in->config->tables.n; i++)
		if (in->config->tables.items[i].number == table)
			return true;
	for (i = 0; i < in->plan->uplinks.n; i++)
		if (in->plan->uplinks.items[i].table == table)
			return true;
	return !check_is_empty(kernel, table, AF_INET) || !check_is_empty(kernel, table, AF_INET6);
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

static const char *ip_command(const struct rule *rule)
{
	return rule->from.family == AF_INET6 ? "ip -6" : "ip";
}

char *check_deletion(const struct rule *rule)
{
	struct text words = {0};
	char *cure;

	/* Without all its selectors a deletion takes the first rule that has the rest. */
	if (rule->unknown_len)
		return mem_string("");
	rule_format(rule, &words);
	cure = mem_format("run %s rule del %s", ip_command(rule), words.bytes);
	text_free(&words);
	return cure;
}

char *check_refill(const struct rule *rule, const struct asked *asked)
{
	char gateway[PREFIX_TEXT];
	bool on_link = !asked->gateway.family;

	return mem_format("run %s route add default%s%s dev %s table %u", ip_command(rule),
		on_link ? "" : " via ",
		on_link ? "" : prefix_format_address(&asked->gateway, gateway),
		asked->address->device, rule->table);
}
