/* SPDX-License-Identifier: MIT
 * Rules and routes as the kernel has them: their words, and the order of rules.
 */
#include <stdlib.h>
#include <string.h>

#include "net/policy.h"

void view_free(struct view *view)
{
	size_t i;

	for (i = 0; i < view->ways.n; i++)
		free(view->ways.items[i].hops);
	free(view->policies.items);
	free(view->ways.items);
	free(view->neighbours.items);
	memset(view, 0, sizeof(*view));
}

static void format_selectors(const struct policy *policy, struct text *out)
{
	char text[PREFIX_TEXT];

	text_format(out, "%sfrom %s", policy->inverted ? "not " : "",
		policy->from.len ? prefix_format(&policy->from, text) : "all");
	if (policy->to.len)
		text_format(out, " to %s", prefix_format(&policy->to, text));
	if (policy->tos)
		text_format(out, " tos 0x%02x", policy->tos);
	if (policy->mask == 0xffffffff)
		text_format(out, " fwmark 0x%x", policy->mark);
	else if (policy->mask)
		text_format(out, " fwmark 0x%x/0x%x", policy->mark, policy->mask);
	if (policy->iif[0])
		text_format(out, " iif %s", policy->iif);
	if (policy->oif[0])
		text_format(out, " oif %s", policy->oif);
	if (policy->other)
		text_add_string(out, " …");
}

static void format_table(const struct policy *policy, struct text *out)
{
	if (policy->l3mdev)
		text_add_string(out, " l3mdev");
	else if (policy->table == TABLE_LOCAL)
		text_add_string(out, " lookup local");
	else if (policy->table == TABLE_MAIN)
		text_add_string(out, " lookup main");
	else if (policy->table == TABLE_DEFAULT)
		text_add_string(out, " lookup default");
	else
		text_format(out, " lookup %u", policy->table);
	if (policy->suppress_length >= 0)
		text_format(out, " suppress_prefixlength %d", policy->suppress_length);
}

static void format_action(const struct policy *policy, struct text *out)
{
	switch (policy->action) {
	case POLICY_TABLE:
		format_table(policy, out);
		return;
	case POLICY_GOTO:
		text_format(out, " goto %u", policy->target);
		return;
	case POLICY_NOP:
		text_add_string(out, " nop");
		return;
	case POLICY_BLACKHOLE:
		text_add_string(out, " blackhole");
		return;
	case POLICY_UNREACHABLE:
		text_add_string(out, " unreachable");
		return;
	case POLICY_PROHIBIT:
		text_add_string(out, " prohibit");
		return;
	}
	text_format(out, " type %d", (int)policy->action);
}

void policy_format(const struct policy *policy, struct text *out)
{
	format_selectors(policy, out);
	format_action(policy, out);
	text_format(out, " priority %u", policy->priority);
}

bool way_uses(const struct way *way, const char *device)
{
	size_t i;

	for (i = 0; i < way->n; i++)
		if (!strcmp(way->hops[i].device, device))
			return true;
	return false;
}

static const char *const type_words[] = {[WAY_UNICAST] = "",
	[WAY_LOCAL] = "local ",
	[WAY_BROADCAST] = "broadcast ",
	[WAY_ANYCAST] = "anycast ",
	[WAY_MULTICAST] = "multicast ",
	[WAY_BLACKHOLE] = "blackhole ",
	[WAY_UNREACHABLE] = "unreachable ",
	[WAY_PROHIBIT] = "prohibit ",
	[WAY_THROW] = "throw "};

const char *way_type_word(unsigned char type)
{
	return type && type < sizeof(type_words) / sizeof(*type_words) ? type_words[type] : "? ";
}

void hop_format(const struct prefix *gateway, const char *device, struct text *out)
{
	char text[PREFIX_TEXT];

	if (gateway->family)
		text_format(out, " via %s", prefix_format_address(gateway, text));
	text_format(out, " dev %s", device);
}

void way_format(const struct way *way, struct text *out)
{
	char text[PREFIX_TEXT];
	size_t i;

	text_format(out, "%s%s", way_type_word(way->type), prefix_format(&way->dst, text));
	if (way->from.len)
		text_format(out, " from %s", prefix_format(&way->from, text));
	if (way->tos)
		text_format(out, " tos 0x%02x", way->tos);
	for (i = 0; way->type == WAY_UNICAST && i < way->n; i++) {
		if (way->n > 1)
			text_add_string(out, " nexthop");
		hop_format(&way->hops[i].gateway, way->hops[i].device, out);
		if (way->hops[i].dead || way->hops[i].linkdown)
			text_add_string(out, way->hops[i].dead ? " (dead)" : " (no carrier)");
	}
	if (way->metric)
		text_format(out, " metric %u", way->metric);
}

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int compare_selectors(const struct policy *a, const struct policy *b)
{
	int order = a->inverted - b->inverted;

	if (!order)
		order = prefix_compare(&a->from, &b->from);
	if (!order)
		order = prefix_compare(&a->to, &b->to);
	if (!order)
		order = a->tos - b->tos;
	if (!order)
		order = strcmp(a->iif, b->iif);
	if (!order)
		order = strcmp(a->oif, b->oif);
	if (!order)
		order = compare_numbers(a->mark, b->mark);
	if (!order)
		order = compare_numbers(a->mask, b->mask);
	return order ? order : a->other - b->other;
}

int policy_compare(const struct policy *a, const struct policy *b)
{
	int order = compare_numbers(a->priority, b->priority);

	if (!order)
		order = compare_selectors(a, b);
	if (!order)
		order = compare_numbers(a->action, b->action);
	if (!order)
		order = compare_numbers(a->table, b->table);
	if (!order)
		order = compare_numbers(a->target, b->target);
	if (!order)
		order = a->l3mdev - b->l3mdev;
	return order ? order : a->suppress_length - b->suppress_length;
}
