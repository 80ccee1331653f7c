/* SPDX-License-Identifier: MIT
 * Lines of a route- file that are no routes of the kernel.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/line.h"
#include "conf/byhand.h"
#include "judge/lines.h"

/* Of all releases. ip takes the beginning of most for the whole. */
static const char *const flags[] = {"onlink", "pervasive", "equalize", "fastopen_no_cookie", NULL};
static const char *const numbers[] = {"metric", "priority", "preference", "mtu", "hoplimit",
	"advmss", "reordering", "window", "cwnd", "initcwnd", "initrwnd", "ssthresh", "weight",
	NULL};
static const char *const others[] = {"from", "expires", "scope", "rtt", "rttvar", "features",
	"quickack", "congctl", "rto_min", "realms", "nhid", "pref", "ttl-propagate", "dev", "oif",
	"tos", "dsfield", "protocol", "table", NULL};

static bool begins_one(const char *word, const char *const *keywords)
{
	for (; *keywords; keywords++)
		if (!strncmp(word, *keywords, strlen(word)))
			return true;
	return false;
}

/* An address of the host's, or one that a file gives it. */
static bool is_own(const struct facts *facts, const struct prefix *address)
{
	const struct question question = {.to = *address};
	const struct walked walked = walk(&facts->walks, &question, NULL);
	const struct addresses *files = &facts->config->addresses;
	size_t i;

	for (i = 0; i < files->n; i++)
		if (prefix_same_address(&files->items[i].prefix, address))
			return true;
	return walked.last.route && walked.last.route->type == ROUTE_LOCAL;
}

static char *judge_source(const struct facts *facts, const char *word, int family)
{
	struct prefix address;

	return prefix_parse_address(word, family, &address) || !is_own(facts, &address)
		? mem_format("%s is no address of the host", word)
		: NULL;
}

static char *judge_destination(const char *word, int family)
{
	struct prefix dst, net;

	if (family != AF_INET || prefix_parse(word, family, &dst))
		return NULL;
	net = prefix_network(&dst);
	return prefix_compare(&net, &dst) ? mem_format("%s has host bits", word) : NULL;
}

/* Fresh; NULL: nothing is found. Where more than a word belongs to a keyword, nobody looks further.
 */
static char *judge_words(const struct facts *facts, char *const *words, int family)
{
	const char *keyword;
	unsigned char type;
	unsigned number;
	bool found = false;
	char *why = NULL;

	for (; *words && !why; words++) {
		keyword = *words;
		if (!strcmp(keyword, "encap"))
			return NULL;
		if (!strcmp(keyword, "nexthop") || route_type_parse(keyword, &type) ||
			begins_one(keyword, flags))
			continue;
		if (!strcmp(keyword, "to") || !strcmp(keyword, "src") || !strcmp(keyword, "via") ||
			begins_one(keyword, numbers) || begins_one(keyword, others)) {
			words++;
			words += *words && !strcmp(*words, "lock");
			words += *words && !strcmp(keyword, "via") && !strncmp(*words, "inet", 4);
			if (!*words)
				return mem_format("ip wants a word behind %s", keyword);
			if (!strcmp(keyword, "src"))
				why = judge_source(facts, *words, family);
			else if (!strcmp(keyword, "table") &&
				!byhand_parse_table(*words, &facts->config->tables, &number))
				why = mem_format("rt_tables names no table %s", *words);
			else if (!strcmp(keyword, "dev") && !kernel_find_link(facts->kernel, *words))
				why = mem_format("there is no device %s", *words);
			else if (begins_one(keyword, numbers) &&
				!word_number(*words, 0, 0xffffffff, &number))
				why = mem_format("%s is no number for %s", *words, keyword);
			if (strcmp(keyword, "to"))
				continue;
		}
		if (found)
			return mem_format("ip knows no %s", *words);
		found = true;
		why = judge_destination(*words, family);
	}
	return why;
}

/* Writes into line. One that has more words than any has is not looked at. */
static char *judge_text(const struct facts *facts, char *line, int family)
{
	enum { WORDS = 64 };
	char *words[WORDS + 1] = {NULL}, *rest = NULL, *word;
	size_t n = 0;

	if (strchr(line, '\r'))
		return mem_string("it ends in a carriage return");
	for (word = strtok_r(line, " \t", &rest); word && n < WORDS;
		word = strtok_r(NULL, " \t", &rest))
		words[n++] = word;
	return word ? NULL : judge_words(facts, words, family);
}

/* Is the gateway on a link, or will it be: by an address of a file, or by a line before? */
static bool is_reached(
	const struct facts *facts, const struct by_hand_routes *routes, const struct route *route)
{
	struct question question = {.to = route->gateway};
	const struct addresses *files = &facts->config->addresses;
	const struct by_hand_route *before = routes->items;
	struct index members = {0};
	struct walked walked;
	bool found;
	size_t i;

	memcpy(question.oif, route->device, sizeof(question.oif));
	walked = walk(&facts->walks, &question, NULL);
	facts_find_members(facts, &route->gateway, &members);
	found = members.n || prefix_is_link_local(&route->gateway) ||
		(walked.last.end == STEP_ROUTE && walked.last.route &&
			!route_hop(walked.last.route, 0).gateway.family);
	free(members.items);
	for (i = 0; i < files->n && !found; i++)
		found = prefix_contains(&files->items[i].prefix, &route->gateway);
	for (; &before->route < route && !found; before++)
		found = !before->route.gateway.family &&
			prefix_contains(&before->route.dst, &route->gateway);
	return found;
}

static char *judge_gateway(
	const struct facts *facts, const struct by_hand_routes *routes, const struct route *route)
{
	char text[PREFIX_TEXT];

	if (!route->gateway.family || route->onlink || is_reached(facts, routes, route))
		return NULL;
	return mem_format("no NIC's network has the gateway %s",
		prefix_format_address(&route->gateway, text));
}

/* What is delivered here goes to table local, unless the line names a table (iproute_modify). That
 * it names main is not told from naming none. */
static bool is_there(const struct facts *facts, const struct route *route)
{
	struct route key = *route;

	if (key.table == TABLE_MAIN && key.type >= ROUTE_LOCAL && key.type <= ROUTE_ANYCAST)
		key.table = TABLE_LOCAL;
	return route->protocol == PROTO_MULTIHOME || walks_find_route(&facts->walks, &key);
}

void lines_find_lost(
	const struct facts *facts, const struct file *file, bool inet6, struct lost_lines *out)
{
	const struct text all = {.bytes = file->bytes, .n = file->len};
	bool sourced = byhand_is_sourced(file->bytes, file->len), joined = false;
	const struct by_hand_route *next, *end;
	struct by_hand_routes routes = {0};
	struct lost_line *lost;
	const struct route *route;
	size_t at = 0, blanks;
	char *line;
	int number;

	byhand_routes(file->bytes, file->len, inet6, &facts->config->tables, &routes);
	next = routes.items;
	end = next + routes.n;
	for (number = 1; (line = text_line(&all, &at)); number++, free(line)) {
		route = next < end && next->line == number ? &next++->route : NULL;
		blanks = strspn(line, " \t\r\f\v");
		/* One that is not read is blank, a comment, the rest of another, or refused. */
		if (route ? is_there(facts, route)
			  : sourced || joined || !line[blanks] || line[blanks] == '#') {
			joined = strchr(line, '\\');
			continue;
		}
		joined = strchr(line, '\\');
		lost = array_add(out);
		lost->line = number;
		lost->route = route ? *route : (struct route){.table = 0};
		lost->why = sourced || joined ? NULL
					      : judge_text(facts, line, inet6 ? AF_INET6 : AF_INET);
		if (!lost->why)
			lost->why = route ? judge_gateway(facts, &routes, route)
					  : mem_string("ip takes no such line");
	}
	free(routes.items);
}

void lost_lines_free(struct lost_lines *lines)
{
	size_t i;

	for (i = 0; i < lines->n; i++)
		free(lines->items[i].why);
	free(lines->items);
}
