/* SPDX-License-Identifier: MIT
 * Routes: comparing, and the words of ip(8).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/line.h"
#include "net/route.h"

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

int routes_by_key(const void *a, const void *b)
{
	return route_compare_key(a, b);
}

/* Not by what comes and goes with the cable. */
static int compare_hops(const struct hop *a, const struct hop *b)
{
	int order = prefix_compare(&a->gateway, &b->gateway);

	if (!order)
		order = strcmp(a->device, b->device);
	if (!order)
		order = a->weight - b->weight;
	if (!order)
		order = a->onlink - b->onlink;
	return order ? order : compare_numbers(a->flow, b->flow);
}

static int hops_in_order(const void *a, const void *b)
{
	return compare_hops(a, b);
}

static int compare_several(const struct route *a, const struct route *b)
{
	struct index of_a = {0}, of_b = {0};
	int order = 0;
	size_t i;

	index_fill(a->hops, a->n, sizeof(*a->hops), hops_in_order, &of_a);
	index_fill(b->hops, b->n, sizeof(*b->hops), hops_in_order, &of_b);
	for (i = 0; i < a->n && !order; i++)
		order = compare_hops(of_a.items[i], of_b.items[i]);
	free(of_a.items);
	free(of_b.items);
	return order;
}

/* Flags and small numbers that nearly always agree. */
static unsigned kind_of(const struct route *route)
{
	return (unsigned)route->type << 24 | (unsigned)route->protocol << 16 |
		(unsigned)route->scope << 8 | (unsigned)(route->preference + 1) << 2 |
		(unsigned)route->special << 1 | route->onlink;
}

int route_compare(const struct route *a, const struct route *b)
{
	int order = route_compare_key(a, b);

	if (!order)
		order = compare_numbers(kind_of(a), kind_of(b));
	if (!order)
		order = prefix_compare(&a->gateway, &b->gateway);
	if (!order)
		order = strcmp(a->device, b->device);
	if (!order)
		order = prefix_compare(&a->source, &b->source);
	if (!order)
		order = prefix_compare(&a->from, &b->from);
	if (!order)
		order = compare_numbers(a->flow, b->flow);
	if (!order)
		order = compare_numbers(a->metrics_len, b->metrics_len);
	if (!order && a->metrics_len)
		order = memcmp(a->metrics, b->metrics, a->metrics_len);
	if (!order)
		order = compare_numbers(a->n, b->n);
	return order || !a->n ? order : compare_several(a, b);
}

size_t route_hop_count(const struct route *route)
{
	return route->n ? route->n : route->device[0] != '\0';
}

struct hop route_hop(const struct route *route, size_t i)
{
	struct hop hop = {.gateway = route->gateway,
		.onlink = route->onlink,
		.dead = route->dead,
		.linkdown = route->linkdown,
		.flow = route->flow};

	if (route->n)
		return route->hops[i];
	memcpy(hop.device, route->device, sizeof(hop.device));
	return hop;
}

bool route_uses(const struct route *route, const char *device)
{
	size_t i;

	for (i = 0; i < route->n; i++)
		if (!strcmp(route->hops[i].device, device))
			return true;
	return !route->n && *device && !strcmp(route->device, device);
}

bool route_has_hop(const struct route *route, const struct hop *hop)
{
	struct hop own;
	size_t i;

	for (i = 0; i < route_hop_count(route); i++) {
		own = route_hop(route, i);
		if (!strcmp(own.device, hop->device) &&
			!prefix_compare(&own.gateway, &hop->gateway))
			return true;
	}
	return false;
}

bool route_refuses(const struct route *route)
{
	return route->type >= ROUTE_BLACKHOLE && route->type <= ROUTE_PROHIBIT;
}

bool route_has_no_hop(const struct route *route)
{
	return route_refuses(route) || route->type == ROUTE_THROW;
}

bool route_alternates(const struct route *first, const struct route *later)
{
	const struct hop hop = route_hop(later, 0);

	return first->dst.family == AF_INET && !first->dst.len && !first->n && !first->dead &&
		first->type == ROUTE_UNICAST && first->gateway.family &&
		!route_compare_key(first, later) && later->type == ROUTE_UNICAST &&
		hop.gateway.family && !hop.dead;
}

bool route_is_table_default(const struct route *route)
{
	return route->protocol == PROTO_MULTIHOME && route->table != TABLE_MAIN &&
		route->table != TABLE_DEFAULT && !route->dst.len && route->device[0];
}

/* RTN_*, but for the first (enum route_type). */
static const char *const type_words[] = {"unicast", "", "local", "broadcast", "anycast",
	"multicast", "blackhole", "unreachable", "prohibit", "throw", "nat", NULL};

bool route_type_parse(const char *word, unsigned char *out)
{
	int type = strcmp(word, "brd") ? word_index(word, type_words) : ROUTE_BROADCAST;

	if (type >= 0)
		*out = (unsigned char)type;
	return type >= 0;
}

void table_format(struct text *out, const char *words, unsigned table)
{
	static const char *const names[] = {"default", "main", "local"};

	if (table >= TABLE_DEFAULT && table <= TABLE_LOCAL)
		text_add_word(out, words, names[table - TABLE_DEFAULT]);
	else
		text_add_number(out, words, table);
}

void hop_format(const struct prefix *gateway, const char *device, struct text *out)
{
	char text[PREFIX_TEXT];

	if (gateway->family)
		text_add_word(out, " via ", prefix_format_address(gateway, text));
	if (*device)
		text_add_word(out, " dev ", device);
}

void realms_format(unsigned flow, struct text *out)
{
	if (flow >> 16)
		text_format(out, " realms %u/%u", flow >> 16, flow & 0xffff);
	else if (flow)
		text_add_number(out, " realms ", flow);
}

/* RTA_METRICS in ip-route(8)'s words; times are kept in fractions (rtt: 1/8 ms). */
static void format_metrics(const struct route *route, struct text *out)
{
	/* RTAX_*, some of which are newer than EL5's headers. */
	enum { LOCK = 1, WORDS = 16 };
	static const struct {
		const char *name, *unit;
		unsigned divisor;
	} words[WORDS] = {[2] = {"mtu", "", 1},
		[3] = {"window", "", 1},
		[4] = {"rtt", "ms", 8},
		[5] = {"rttvar", "ms", 4},
		[6] = {"ssthresh", "", 1},
		[7] = {"cwnd", "", 1},
		[8] = {"advmss", "", 1},
		[9] = {"reordering", "", 1},
		[10] = {"hoplimit", "", 1},
		[11] = {"initcwnd", "", 1},
		[13] = {"rto_min", "ms", 1},
		[14] = {"initrwnd", "", 1},
		[15] = {"quickack", "", 1}};
	/* A struct nlattr: its length and that of its value, its type, a number. */
	struct {
		unsigned short len, type;
		unsigned value;
	} attr;
	unsigned values[WORDS] = {0}, found = 0, i;
	size_t at;

	for (at = 0; at + sizeof(attr) <= route->metrics_len; at += (attr.len + 3u) & ~3u) {
		memcpy(&attr, route->metrics + at, sizeof(attr));
		if (attr.len < sizeof(attr))
			break;
		if (attr.type < WORDS) {
			values[attr.type] = attr.value;
			found |= 1u << attr.type;
		}
	}
	for (i = 0; i < WORDS; i++)
		if (found & 1u << i && words[i].name)
			text_format(out, " %s%s %u%s", words[i].name,
				values[LOCK] & 1u << i ? " lock" : "", values[i] / words[i].divisor,
				words[i].unit);
}

/* "blackhole ", and the selectors. ip takes a number as well. */
static void format_target(const struct route *route, struct text *out)
{
	char text[PREFIX_TEXT];

	if (route->type >= sizeof(type_words) / sizeof(*type_words) - 1)
		text_format(out, "%u ", route->type);
	else if (route->type)
		text_format(out, "%s ", type_words[route->type]);
	text_add_string(out, prefix_format(&route->dst, text));
	if (route->from.len)
		text_add_word(out, " from ", prefix_format(&route->from, text));
	if (route->tos)
		text_format(out, " tos 0x%02x", route->tos);
}

static void format_several(const struct route *route, struct text *out)
{
	const struct hop *hop;
	size_t i;

	for (i = 0; i < route->n; i++) {
		hop = &route->hops[i];
		text_add_string(out, " nexthop");
		hop_format(&hop->gateway, hop->device, out);
		text_add_number(out, " weight ", hop->weight + 1u);
		if (hop->onlink)
			text_add_string(out, " onlink");
		realms_format(hop->flow, out);
	}
}

void route_format(const struct route *route, struct text *out)
{
	char text[PREFIX_TEXT];

	format_target(route, out);
	/* With several next hops each names its device. */
	if (!route->n)
		hop_format(&route->gateway, route->device, out);
	if (route->onlink)
		text_add_string(out, " onlink");
	if (route->scope == SCOPE_LINK)
		text_add_string(out, " scope link");
	else if (route->scope != SCOPE_UNIVERSE)
		text_add_number(out, " scope ", route->scope);
	if (route->source.family)
		text_add_word(out, " src ", prefix_format_address(&route->source, text));
	if (route->metric)
		text_add_number(out, " metric ", route->metric);
	if (route->table != TABLE_MAIN)
		text_add_number(out, " table ", route->table);
	text_add_number(out, " proto ", route->protocol);
	if (route->metrics_len)
		format_metrics(route, out);
	realms_format(route->flow, out);
	if (route->preference)
		text_add_word(out, " pref ", route->preference > 0 ? "high" : "low");
	format_several(route, out);
}

void route_format_choice(const struct route *route, struct text *out)
{
	size_t n = route->type == ROUTE_UNICAST ? route_hop_count(route) : 0, i;
	struct hop hop;

	format_target(route, out);
	for (i = 0; i < n; i++) {
		hop = route_hop(route, i);
		if (n > 1)
			text_add_string(out, " nexthop");
		hop_format(&hop.gateway, hop.device, out);
		if (hop.dead || hop.linkdown)
			text_add_string(out, hop.dead ? " (dead)" : " (no carrier)");
	}
	if (route->metric)
		text_add_number(out, " metric ", route->metric);
}

void routes_free(struct routes *routes)
{
	size_t i;

	for (i = 0; i < routes->n; i++) {
		if (routes->items[i].n)
			free(routes->items[i].hops);
		if (routes->items[i].metrics_len)
			free(routes->items[i].metrics);
	}
	free(routes->items);
	memset(routes, 0, sizeof(*routes));
}
