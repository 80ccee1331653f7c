/* SPDX-License-Identifier: MIT
 * What the kernel holds: comparing, finding, and the words of ip(8) for it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/net.h"

void kernel_free(struct kernel *kernel)
{
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		if (!kernel->routes.items[i].extra_len)
			continue;
		free(kernel->routes.items[i].extra);
		free(kernel->routes.items[i].extra_words);
	}
	free(kernel->links.items);
	free(kernel->addresses.items);
	free(kernel->routes.items);
	free(kernel->others.items);
	free(kernel->rules.items);
	memset(kernel, 0, sizeof(*kernel));
}

bool route_counts(unsigned char protocol, unsigned table)
{
	return protocol == PROTO_MULTIHOME || table == TABLE_MAIN;
}

bool routes_have_key(const struct routes *routes, const struct route *route)
{
	size_t i;

	for (i = 0; i < routes->n; i++)
		if (!route_compare_key(&routes->items[i], route))
			return true;
	return false;
}

bool kernel_has_key(const struct kernel *kernel, const struct route *route)
{
	struct route other = {.table = 0};
	size_t i;

	if (routes_have_key(&kernel->routes, route))
		return true;
	for (i = 0; i < kernel->others.n; i++) {
		route_set_key(&other, &kernel->others.items[i]);
		if (!route_compare_key(&other, route))
			return true;
	}
	return false;
}

const struct link *kernel_find_link(const struct kernel *kernel, const char *name)
{
	size_t i;

	for (i = 0; i < kernel->links.n; i++)
		if (!strcmp(kernel->links.items[i].name, name))
			return &kernel->links.items[i];
	return NULL;
}

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

void route_set_key(struct route *route, const struct route_key *key)
{
	route->dst = key->dst;
	route->tos = key->tos;
	route->table = key->table;
	route->metric = key->metric;
}

int route_compare_key(const struct route *a, const struct route *b)
{
	int order = compare_numbers(a->table, b->table);

	if (!order)
		order = prefix_compare(&a->dst, &b->dst);
	if (!order)
		order = compare_numbers(a->tos, b->tos);
	return order ? order : compare_numbers(a->metric, b->metric);
}

int route_compare(const struct route *a, const struct route *b)
{
	int order = route_compare_key(a, b);

	if (!order)
		order = compare_numbers(a->protocol, b->protocol);
	if (!order)
		order = compare_numbers(a->scope, b->scope);
	if (!order)
		order = compare_numbers(a->special * 2u + a->onlink, b->special * 2u + b->onlink);
	if (!order)
		order = prefix_compare(&a->gateway, &b->gateway);
	if (!order)
		order = strcmp(a->device, b->device);
	if (!order)
		order = compare_numbers((unsigned)a->extra_len, (unsigned)b->extra_len);
	if (!order && a->extra_len)
		order = memcmp(a->extra, b->extra, a->extra_len);
	return order;
}

int rule_compare(const struct rule *a, const struct rule *b)
{
	int order = compare_numbers(a->priority, b->priority);

	if (!order)
		order = prefix_compare(&a->from, &b->from);
	if (!order)
		order = compare_numbers(a->table, b->table);
	if (!order)
		order = a->forwarded - b->forwarded;
	return order ? order : a->foreign - b->foreign;
}

int routes_by_key(const void *a, const void *b)
{
	return route_compare_key(a, b);
}

int rules_in_order(const void *a, const void *b)
{
	return rule_compare(a, b);
}

static void add_word(struct text *out, const char *key, const char *word)
{
	text_add_string(out, key);
	text_add_string(out, word);
}

static void add_number(struct text *out, const char *key, unsigned number)
{
	text_add_string(out, key);
	text_add_number(out, number);
}

void route_format(const struct route *route, struct text *out)
{
	char text[PREFIX_TEXT];

	text_add_string(out, prefix_format(&route->dst, text));
	if (route->tos)
		text_format(out, " tos 0x%02x", route->tos);
	if (route->gateway.family)
		add_word(out, " via ", prefix_format_address(&route->gateway, text));
	/* With several next hops each names its device. */
	if (route->device[0] && !(route->extra_words && strstr(route->extra_words, " nexthop ")))
		add_word(out, " dev ", route->device);
	if (route->onlink)
		text_add_string(out, " onlink");
	if (route->scope == SCOPE_LINK)
		text_add_string(out, " scope link");
	else if (route->scope != SCOPE_UNIVERSE)
		add_number(out, " scope ", route->scope);
	if (route->metric)
		add_number(out, " metric ", route->metric);
	if (route->table != TABLE_MAIN)
		add_number(out, " table ", route->table);
	add_number(out, " proto ", route->protocol);
	if (route->extra_words)
		text_add_string(out, route->extra_words);
}

void rule_format(const struct rule *rule, struct text *out)
{
	char text[PREFIX_TEXT];

	add_word(out, "from ", prefix_format(&rule->from, text));
	add_number(out, rule->forwarded ? " lookup " : " iif lo lookup ", rule->table);
	add_number(out, " priority ", rule->priority);
}

/* False, and nothing is taken, unless the text goes on with the word. */
static bool take_word(const char **text, const char *word)
{
	const char *at = *text;

	for (; *word; word++, at++)
		if (*at != *word)
			return false;
	*text = at;
	return true;
}

/* Nothing but what we write is taken: each number and each prefix has one form only. */
static bool take_number(const char **text, unsigned *out)
{
	const char *digit = *text;
	unsigned long long number = 0;

	while (*digit >= '0' && *digit <= '9' && digit - *text < 10)
		number = number * 10 + (unsigned)(*digit++ - '0');
	if (digit == *text || (**text == '0' && digit - *text > 1) || number > 0xffffffff ||
		(*digit >= '0' && *digit <= '9'))
		return false;
	*text = digit;
	*out = (unsigned)number;
	return true;
}

/* Not by inet_pton(3): a record of thousands of rules is read at each run. */
static bool take_inet(const char **text, struct prefix *out)
{
	unsigned number;
	int i;

	for (i = 0; i < 4; i++) {
		if ((i && !take_word(text, ".")) || !take_number(text, &number) || number > 255)
			return false;
		out->bytes[i] = (unsigned char)number;
	}
	number = 32;
	if (take_word(text, "/") && (!take_number(text, &number) || !number || number > 31))
		return false;
	out->family = AF_INET;
	out->len = (unsigned char)number;
	return true;
}

static bool take_inet6(const char **text, struct prefix *out)
{
	char word[PREFIX_TEXT], again[PREFIX_TEXT];
	size_t len = strcspn(*text, " ");

	if (len >= sizeof(word))
		return false;
	memcpy(word, *text, len);
	word[len] = '\0';
	*text += len;
	return !prefix_parse(word, AF_INET6, out) && !strcmp(prefix_format(out, again), word);
}

static bool take_prefix(const char **text, struct prefix *out)
{
	return (*text)[strcspn(*text, ":. ")] == ':' ? take_inet6(text, out) : take_inet(text, out);
}

int rule_parse(const char *line, struct rule *out)
{
	struct rule rule = {0};

	if (!take_word(&line, "from ") || !take_prefix(&line, &rule.from))
		return -1;
	rule.forwarded = !take_word(&line, " iif lo");
	/* An IPv4 rule without iif lo was never ours. */
	if ((rule.forwarded && rule.from.family == AF_INET) || !take_word(&line, " lookup ") ||
		!take_number(&line, &rule.table) || !take_word(&line, " priority ") ||
		!take_number(&line, &rule.priority) || *line)
		return -1;
	*out = rule;
	return 0;
}

bool addresses_have_any(
	const struct addresses *seen, const char *device, const struct prefixes *wanted)
{
	size_t i, k;

	for (i = 0; i < seen->n; i++)
		for (k = 0; k < wanted->n && !strcmp(seen->items[i].device, device); k++)
			if (prefix_same_address(&seen->items[i].prefix, &wanted->items[k]))
				return true;
	return false;
}
