/* SPDX-License-Identifier: MIT
 * Rules: comparing, the words of ip(8), and what a deletion takes.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/route.h"
#include "net/rule.h"

struct rule rule_make(const struct prefix *from, unsigned table, unsigned priority, bool old_inet6)
{
	struct rule rule = {.from = *from, .table = table, .priority = priority};

	if (from->family == AF_INET || !old_inet6)
		memcpy(rule.iif, "lo", sizeof("lo"));
	return rule;
}

/* By all that is known, but for priority, source and table. */
static int compare_rest(const struct rule *a, const struct rule *b)
{
	enum { REST = offsetof(struct rule, inverted) };
	size_t len = offsetof(struct rule, unknown_len) + sizeof(a->unknown_len) - REST;

	return memcmp((const char *)a + REST, (const char *)b + REST, len);
}

static bool is_standby(const struct rule *rule)
{
	return rule->from.family == AF_INET6 && !rule->from.len && !rule->iif[0] &&
		rule->table == TABLE_DEFAULT && rule->priority == PRIORITY_DEFAULT;
}

bool rule_is_own_form(const struct rule *rule)
{
	static const struct rule own = {.iif = "lo"}, own_inet6 = {.iif = ""};

	if (!rule->from.len && !is_standby(rule))
		return false;
	if (rule->from.family == AF_INET6 && !rule->iif[0])
		return !compare_rest(rule, &own_inet6);
	return !compare_rest(rule, &own);
}

bool rule_is_selective(const struct rule *rule)
{
	return rule->ip_protocol || rule->sport.last || rule->dport.last || rule->uids.known ||
		rule->tun_id[0] || rule->tun_id[1] || rule->ifgroup || rule->unknown_len;
}

bool rule_takes_all(const struct rule *rule)
{
	const bool sent = !rule->iif[0] || !strcmp(rule->iif, "lo");

	/* "not" is met by what misses any selector: "not fwmark N" by what has another mark, so by
	 * what nobody marks. */
	if (rule->inverted)
		return rule->mask || !sent;
	return sent && !rule->mask && !rule->from.len && !rule->to.len && !rule->tos &&
		!rule->l3mdev && !rule->oif[0] && !rule_is_selective(rule);
}

bool rule_meets_source(const struct rule *rule, const struct prefix *net)
{
	bool all = rule->from.len <= net->len && prefix_contains(&rule->from, net);

	return rule->inverted ? !all : all || prefix_contains(net, &rule->from);
}

static bool prefix_covers(const struct prefix *named, const struct prefix *other)
{
	return !named->len || !prefix_compare(named, other);
}

/* "not" is no selector to the kernel, nor is a priority of 0. */
bool rule_covers(const struct rule *named, const struct rule *other)
{
#define SELECTOR(member) offsetof(struct rule, member), sizeof(named->member)
	static const struct {
		size_t at, size;
	} selectors[] = {{SELECTOR(priority)}, {SELECTOR(table)}, {SELECTOR(tos)}, {SELECTOR(iif)},
		{SELECTOR(oif)}, {SELECTOR(ip_protocol)}, {SELECTOR(l3mdev)}, {SELECTOR(mark)},
		{SELECTOR(mask)}, {SELECTOR(min_length)}, {SELECTOR(ifgroup)}, {SELECTOR(flow)},
		{SELECTOR(sport)}, {SELECTOR(dport)}, {SELECTOR(uids)}, {SELECTOR(tun_id)}};
#undef SELECTOR
	static const char absent[sizeof(named->iif)];
	const char *a, *b;
	size_t i;

	for (i = 0; i < sizeof(selectors) / sizeof(*selectors); i++) {
		a = (const char *)named + selectors[i].at;
		b = (const char *)other + selectors[i].at;
		if (memcmp(a, absent, selectors[i].size) && memcmp(a, b, selectors[i].size))
			return false;
	}
	return named->from.family == other->from.family && named->action == other->action &&
		prefix_covers(&named->from, &other->from) && prefix_covers(&named->to, &other->to);
}

int rule_compare(const struct rule *a, const struct rule *b)
{
	int order = compare_numbers(a->priority, b->priority);

	if (!order)
		order = prefix_compare(&a->from, &b->from);
	if (!order)
		order = compare_numbers(a->table, b->table);
	if (!order)
		order = compare_rest(a, b);
	return order || !a->unknown_len ? order : memcmp(a->unknown, b->unknown, a->unknown_len);
}

int rules_in_order(const void *a, const void *b)
{
	return rule_compare(a, b);
}

const struct rule *rule_find_twin(
	const struct index *others, const struct rule *rule, const struct rule *before)
{
	struct rule first = {.priority = rule->priority};
	const struct rule *other;
	size_t at;

	/* Without a source all of the priority may be meant. */
	if (rule->from.len) {
		first.from = rule->from;
		first.table = rule->table;
	}
	for (at = index_first(others, &first); at < others->n; at++) {
		other = others->items[at];
		if (other->priority != rule->priority ||
			(first.table &&
				(other->table != first.table ||
					prefix_compare(&other->from, &first.from))))
			return NULL;
		if ((!before || other < before) && rule_covers(rule, other))
			return other;
	}
	return NULL;
}

void rules_index_others(const struct rules *rules, struct index *out)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (!rule_is_own_form(&rules->items[i]))
			*array_add(out) = &rules->items[i];
	index_sort(out, rules_in_order);
}

static void format_ports(const struct port_range *ports, const char *key, struct text *out)
{
	if (!ports->last)
		return;
	text_add_number(out, key, ports->first);
	if (ports->last != ports->first)
		text_add_number(out, "-", ports->last);
}

static void format_rare_selectors(const struct rule *rule, struct text *out)
{
	unsigned long long tun_id;

	if (rule->uids.known)
		text_format(out, " uidrange %u-%u", rule->uids.first, rule->uids.last);
	if (rule->ip_protocol == IPPROTO_TCP || rule->ip_protocol == IPPROTO_UDP)
		text_add_string(
			out, rule->ip_protocol == IPPROTO_TCP ? " ipproto tcp" : " ipproto udp");
	else if (rule->ip_protocol)
		text_add_number(out, " ipproto ", rule->ip_protocol);
	format_ports(&rule->sport, " sport ", out);
	format_ports(&rule->dport, " dport ", out);
	tun_id = (unsigned long long)ntohl(rule->tun_id[0]) << 32 | ntohl(rule->tun_id[1]);
	if (tun_id)
		text_format(out, " tun_id %llu", tun_id);
	if (rule->unknown_len)
		text_add_string(out, " …");
}

static void format_selectors(const struct rule *rule, struct text *out)
{
	char text[PREFIX_TEXT];

	text_add_word(out, rule->inverted ? "not from " : "from ",
		rule->from.len ? prefix_format(&rule->from, text) : "all");
	if (rule->to.len)
		text_add_word(out, " to ", prefix_format(&rule->to, text));
	if (rule->tos)
		text_format(out, " tos 0x%02x", rule->tos);
	if (rule->mask)
		text_format(out, " fwmark 0x%x", rule->mark);
	if (rule->mask && rule->mask != 0xffffffff)
		text_format(out, "/0x%x", rule->mask);
	if (rule->iif[0])
		text_add_word(out, " iif ", rule->iif);
	if (rule->oif[0])
		text_add_word(out, " oif ", rule->oif);
	if (rule_is_selective(rule))
		format_rare_selectors(rule, out);
}

static void format_table(const struct rule *rule, struct text *out)
{
	if (rule->l3mdev)
		text_add_string(out, " l3mdev");
	else if (is_standby(rule))
		text_add_number(out, " lookup ", rule->table);
	else
		table_format(out, " lookup ", rule->table);
	if (rule->min_length)
		text_add_number(out, " suppress_prefixlength ", rule->min_length - 1);
	if (rule->ifgroup)
		text_add_number(out, " suppress_ifgroup ", rule->ifgroup - 1);
}

void rule_format(const struct rule *rule, struct text *out)
{
	static const char *const words[] = {[ACTION_NOP] = " nop",
		[ACTION_BLACKHOLE] = " blackhole",
		[ACTION_UNREACHABLE] = " unreachable",
		[ACTION_PROHIBIT] = " prohibit"};

	format_selectors(rule, out);
	if (rule->action == ACTION_LOOKUP)
		format_table(rule, out);
	else if (rule->action == ACTION_GOTO)
		text_add_number(out, " goto ", rule->target);
	else if (rule->action < sizeof(words) / sizeof(*words) && words[rule->action])
		text_add_string(out, words[rule->action]);
	else
		text_add_number(out, " type ", rule->action);
	realms_format(rule->flow, out);
	text_add_number(out, " priority ", rule->priority);
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
	static const char standby[] = "from all lookup 253 priority 32767";
	struct rule rule = {.from = {.family = AF_INET6}};

	if (!strcmp(line, standby)) {
		rule.table = TABLE_DEFAULT;
		rule.priority = PRIORITY_DEFAULT;
		*out = rule;
		return 0;
	}
	if (!take_word(&line, "from ") || !take_prefix(&line, &rule.from))
		return -1;
	if (take_word(&line, " iif lo"))
		memcpy(rule.iif, "lo", sizeof("lo"));
	/* An IPv4 rule without iif lo was never ours. */
	else if (rule.from.family == AF_INET)
		return -1;
	if (!take_word(&line, " lookup ") || !take_number(&line, &rule.table) ||
		!take_word(&line, " priority ") || !take_number(&line, &rule.priority) || *line)
		return -1;
	*out = rule;
	return 0;
}

struct rule rule_make_mark(
	int family, unsigned mark, unsigned mask, unsigned table, unsigned priority)
{
	struct rule rule = {.from = {.family = (unsigned char)family},
		.table = table,
		.priority = priority,
		.mark = mark,
		.mask = mask};

	return rule;
}

void rule_format_mark(const struct rule *rule, struct text *out)
{
	text_add_string(out, rule->from.family == AF_INET6 ? "-6 " : "-4 ");
	rule_format(rule, out);
}

int rule_parse_mark(const char *line, struct rule *out)
{
	unsigned mark, mask = 0xffffffff, table, priority;
	struct text again = {0};
	bool same;

	if (sscanf(line, "-%*[46] from all fwmark %x/%x lookup %u priority %u", &mark, &mask,
		    &table, &priority) != 4 &&
		sscanf(line, "-%*[46] from all fwmark %x lookup %u priority %u", &mark, &table,
			&priority) != 3)
		return -1;
	*out = rule_make_mark(
		line[1] == '6' ? AF_INET6 : AF_INET, mark, mask, table, priority);
	rule_format_mark(out, &again);
	same = again.n == strlen(line) && !memcmp(again.bytes, line, again.n);
	text_free(&again);
	return same ? 0 : -1;
}

void rules_free(struct rules *rules)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		free(rules->items[i].unknown);
	free(rules->items);
	memset(rules, 0, sizeof(*rules));
}
