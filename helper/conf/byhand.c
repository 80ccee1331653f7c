/* SPDX-License-Identifier: MIT
 * Routes and rules that the administrator wrote.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/byhand.h"
#include "conf/shvar.h"

enum { WORDS = 64 };

/* The words of one command line, and which of them comes next. */
struct words {
	char *items[WORDS];
	size_t n, at;
};

/* What a text is read from, a line at a time. */
struct lines {
	const char *at, *end;
	int line; /* of what is read next */
};

/* The next line as `read line` without -r gives it: a backslash takes the next character as it is,
 * and the end of the line away. Bash drops NUL bytes. NULL at the end; *number is its first line.
 */
static char *read_shell_line(struct lines *lines, int *number)
{
	struct text text = {0};
	char c;

	if (lines->at >= lines->end)
		return NULL;
	*number = lines->line;
	text_add_string(&text, "");
	while (lines->at < lines->end) {
		c = *lines->at++;
		lines->line += c == '\n';
		if (c == '\n')
			break;
		if (c == '\\') {
			if (lines->at == lines->end)
				break;
			c = *lines->at++;
			lines->line += c == '\n';
			if (c == '\n')
				continue;
		}
		if (c)
			text_add(&text, &c, 1);
	}
	return text.bytes;
}

/* Word splitting with the shell's own IFS: a carriage return stays part of its word, which ip then
 * refuses. None for a comment: ifup-routes knows only whole lines of it. */
static void split_words(char *line, struct words *words)
{
	char *rest = NULL, *word;

	words->n = words->at = 0;
	if (line[strspn(line, " \t\r\f\v")] == '#')
		return;
	for (word = strtok_r(line, " \t", &rest); word && words->n < WORDS;
		word = strtok_r(NULL, " \t", &rest))
		words->items[words->n++] = word;
}

static const char *next_word(struct words *words)
{
	return words->at < words->n ? words->items[words->at++] : NULL;
}

static bool has_word(const struct words *words, const char *word)
{
	return words->at < words->n && !strcmp(words->items[words->at], word);
}

/* ip takes the beginning of some keywords for the whole: "pref" (matches). */
static bool abbreviates(const char *word, const char *keyword)
{
	return *word && !strncmp(word, keyword, strlen(word));
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

static bool parse_number(const char *word, int base, unsigned *out)
{
	unsigned long long number;
	char *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	errno = 0;
	number = strtoull(word, &end, base);
	if (*end || errno || number > 0xffffffff)
		return false;
	*out = (unsigned)number;
	return true;
}

/* ip completes an IPv4 address by zeros: 10/8, 192.168.4 (get_addr_ipv4). */
static bool parse_short_address(const char *word, struct prefix *out)
{
	char whole[PREFIX_TEXT];
	const char *c;
	int dots = 0, n;

	for (c = word; *c; c++)
		dots += *c == '.';
	if (dots > 3 || !*word || strspn(word, "0123456789.") != strlen(word))
		return false;
	n = snprintf(whole, sizeof(whole), "%s%s", word, ".0.0.0" + 2 * dots);
	return n < (int)sizeof(whole) && !prefix_parse_address(whole, AF_INET, out);
}

/* A prefix as ip takes it: default, any, all; ADDRESS, ADDRESS/LENGTH, ADDRESS/NETMASK. */
static bool parse_prefix(const char *word, int family, struct prefix *out)
{
	static const char *const all[] = {"default", "any", "all", NULL};
	char address[PREFIX_TEXT];
	const char *slash;
	unsigned len;
	int mask;

	memset(out, 0, sizeof(*out));
	out->family = (unsigned char)family;
	if (!word)
		return false;
	if (is_one_of(word, all))
		return true;
	slash = word + strcspn(word, "/");
	if (slash - word >= (int)sizeof(address))
		return false;
	memcpy(address, word, (size_t)(slash - word));
	address[slash - word] = '\0';
	if (family == AF_INET ? !parse_short_address(address, out)
			      : prefix_parse_address(address, family, out))
		return false;
	if (!*slash)
		return true;
	mask = family == AF_INET && strchr(slash, '.') ? prefix_parse_netmask(slash + 1) : -1;
	if (mask >= 0)
		len = (unsigned)mask;
	else if (!parse_number(slash + 1, 10, &len) || len > (unsigned)prefix_bits(family))
		return false;
	out->len = (unsigned char)len;
	return true;
}

bool byhand_table(const char *word, const struct table_names *names, unsigned *out)
{
	static const char *const builtin[] = {"default", "main", "local"};
	size_t i;

	for (i = 0; word && i < names->n; i++)
		if (!strcmp(names->items[i].name, word)) {
			*out = names->items[i].number;
			return true;
		}
	for (i = 0; word && i < 3; i++)
		if (!strcmp(builtin[i], word)) {
			*out = TABLE_DEFAULT + (unsigned)i;
			return true;
		}
	return parse_number(word, 0, out);
}

/* The kernel refuses an IPv4 route whose destination has host bits (fib_table_insert), and cuts
 * them off IPv6's. */
static bool clean_destination(struct prefix *dst)
{
	struct prefix net = prefix_network(dst);

	if (dst->family == AF_INET && prefix_compare(&net, dst))
		return false;
	*dst = net;
	return true;
}

/* The type of a route or rule (rtnl_rtntype_a2n); 0: the word is none. */
static unsigned char parse_type(const char *word)
{
	static const char *const types[] = {"", "unicast", "local", "broadcast", "anycast",
		"multicast", "blackhole", "unreachable", "prohibit", "throw", "nat"};
	unsigned char i;

	for (i = 1; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i], word))
			return i;
	return 0;
}

/* "via [FAMILY] ADDRESS" */
static bool parse_gateway(struct words *words, int family, struct prefix *out)
{
	const char *word;

	if (has_word(words, "inet") || has_word(words, "inet6"))
		family = strcmp(next_word(words), "inet") ? AF_INET6 : AF_INET;
	word = next_word(words);
	return word &&
		(family == AF_INET ? parse_short_address(word, out)
				   : !prefix_parse_address(word, family, out));
}

static bool parse_device(const char *word, device_name out)
{
	if (!word || strlen(word) >= sizeof(device_name))
		return false;
	memcpy(out, word, strlen(word) + 1);
	return true;
}

/* False if ip would refuse the line, or if it names no destination. */
static bool parse_route(
	struct words *words, int family, const struct table_names *names, struct hand_route *out)
{
	/* Each takes one argument, perhaps after "lock"; none is part of what we keep. */
	static const char *const skipped[] = {"src", "from", "expires", "scope", "mtu", "hoplimit",
		"advmss", "reordering", "rtt", "rttvar", "window", "cwnd", "initcwnd", "initrwnd",
		"ssthresh", "features", "quickack", "congctl", "rto_min", "realms", "realm", "nhid",
		"pref", "ttl-propagate", NULL};
	bool found = false, good = true;
	unsigned number;
	const char *word;

	out->type = HAND_UNICAST;
	out->table = TABLE_MAIN;
	out->metric = family == AF_INET6 ? METRIC_INET6 : 0;
	while (good && (word = next_word(words))) {
		if (!strcmp(word, "nexthop")) {
			out->several = true;
			break;
		}
		if (is_one_of(word, skipped)) {
			words->at += has_word(words, "lock");
			next_word(words);
		} else if (!strcmp(word, "via")) {
			good = parse_gateway(words, family, &out->gateway);
		} else if (!strcmp(word, "dev") || !strcmp(word, "oif")) {
			good = parse_device(next_word(words), out->device);
		} else if (!strcmp(word, "tos") || abbreviates(word, "dsfield")) {
			good = parse_number(next_word(words), 16, &number);
			out->tos = (unsigned char)(good ? number : 0);
		} else if (abbreviates(word, "metric") || abbreviates(word, "priority") ||
			!strcmp(word, "preference")) {
			good = parse_number(next_word(words), 0, &out->metric);
		} else if (abbreviates(word, "onlink")) {
			out->onlink = true;
		} else if (abbreviates(word, "protocol")) {
			if (parse_number(next_word(words), 0, &number))
				out->protocol = (unsigned char)number;
		} else if (abbreviates(word, "table")) {
			good = byhand_table(next_word(words), names, &out->table);
		} else if (parse_type(word)) {
			out->type = parse_type(word);
		} else if (!found) {
			good = parse_prefix(
				strcmp(word, "to") ? word : next_word(words), family, &out->dst);
			found = true;
		}
	}
	/* The kernel's word for IPv6 without a metric, whichever way it is said. */
	if (family == AF_INET6 && !out->metric)
		out->metric = METRIC_INET6;
	return good && found && clean_destination(&out->dst);
}

static bool parse_rule(
	struct words *words, int family, const struct table_names *names, struct hand_rule *out)
{
	static const char *const with_argument[] = {"tos", "dsfield", "fwmark", "realms",
		"protocol", "tun_id", "suppress_prefixlength", "suppress_ifgroup", "oif",
		"uidrange", "nat", "map-to", "ipproto", "sport", "dport", NULL};
	unsigned char type = HAND_UNICAST;
	bool good = true, has_table = false;
	const char *word;

	out->from.family = out->to.family = (unsigned char)family;
	while (good && (word = next_word(words))) {
		if (!strcmp(word, "from")) {
			good = parse_prefix(next_word(words), family, &out->from);
		} else if (!strcmp(word, "to")) {
			good = parse_prefix(next_word(words), family, &out->to);
		} else if (abbreviates(word, "preference") || abbreviates(word, "order") ||
			abbreviates(word, "priority")) {
			good = parse_number(next_word(words), 0, &out->priority);
			out->has_priority = true;
		} else if (abbreviates(word, "table") || !strcmp(word, "lookup")) {
			good = byhand_table(next_word(words), names, &out->table);
			has_table = true;
		} else if (!strcmp(word, "iif") || !strcmp(word, "dev")) {
			word = next_word(words);
			out->from_host = word && !strcmp(word, "lo");
			out->other |= !out->from_host;
			good = word != NULL;
		} else if (!strcmp(word, "type")) {
			continue;
		} else if (parse_type(word)) {
			type = parse_type(word);
		} else if (!strcmp(word, "goto")) {
			type = 0;
			good = next_word(words) != NULL;
		} else {
			out->other = true;
			if (is_one_of(word, with_argument))
				next_word(words);
		}
	}
	/* "from all" selects nothing. */
	if (!out->from.len)
		memset(out->from.bytes, 0, sizeof(out->from.bytes));
	if (!out->to.len)
		memset(out->to.bytes, 0, sizeof(out->to.bytes));
	out->other |= type != HAND_UNICAST;
	if (type != HAND_UNICAST)
		out->table = 0;
	else if (!has_table)
		out->table = TABLE_MAIN;
	return good;
}

bool byhand_is_sourced(const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len, *line_end;

	/* egrep -q '^[[:space:]]*ADDRESS[0-9]+=' */
	for (; at < end; at = line_end + 1) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		if (!line_end)
			line_end = end;
		while (at < line_end && *at && strchr(" \t\r\f\v", *at))
			at++;
		if (line_end - at < 8 || memcmp(at, "ADDRESS", 7) || at[7] < '0' || at[7] > '9')
			continue;
		for (at += 7; at < line_end && *at >= '0' && *at <= '9'; at++)
			;
		if (at < line_end && *at == '=')
			return true;
	}
	return false;
}

static const char *numbered_value(const struct shvars *vars, const char *key, unsigned n, int *line)
{
	char name[32];
	const struct shvar *var;

	snprintf(name, sizeof(name), "%s%u", key, n);
	var = shvar_find(vars, name);
	if (!var || !var->value || !*var->value)
		return NULL;
	*line = var->line;
	return var->value;
}

/* mask2prefix of ipcalc, which does not mind holes. */
static int mask_length(const char *mask)
{
	struct prefix bytes;
	int len = 32;

	if (!mask || prefix_parse_address(mask, AF_INET, &bytes))
		return -1;
	while (len && !(bytes.bytes[(len - 1) / 8] >> (7 - (len - 1) % 8) & 1))
		len--;
	return len;
}

/* handle_file: ADDRESS0, ADDRESS1 … up to the first that is not set. Where NETMASKn is missing or
 * wrong, ipcalc says nothing, and $PREFIX is still that of the route before. */
static void read_sourced(const char *bytes, size_t len, int first, struct hand_routes *out)
{
	struct shvars vars = {0};
	const char *address, *gateway;
	struct hand_route route;
	int prefix = -1, mask, line, unused;
	unsigned n;

	shvar_parse(bytes, len, "", &vars);
	for (n = 0; (address = numbered_value(&vars, "ADDRESS", n, &line)); n++) {
		mask = mask_length(numbered_value(&vars, "NETMASK", n, &unused));
		prefix = mask < 0 ? prefix : mask;
		memset(&route, 0, sizeof(route));
		route.line = line + first - 1;
		route.type = HAND_UNICAST;
		route.table = TABLE_MAIN;
		if (prefix < 0 || !parse_short_address(address, &route.dst))
			continue;
		route.dst.len = (unsigned char)prefix;
		gateway = numbered_value(&vars, "GATEWAY", n, &unused);
		if (clean_destination(&route.dst) &&
			(!gateway || parse_short_address(gateway, &route.gateway)))
			*array_add(out) = route;
	}
	shvar_free(&vars);
}

void byhand_routes(const char *bytes, size_t len, int first, bool inet6,
	const struct table_names *names, struct hand_routes *out)
{
	struct lines lines = {bytes, bytes + len, first};
	struct hand_route route;
	struct words words;
	char *line;
	int number;

	if (byhand_is_sourced(bytes, len)) {
		read_sourced(bytes, len, first, out);
		return;
	}
	for (; (line = read_shell_line(&lines, &number)); free(line)) {
		memset(&route, 0, sizeof(route));
		route.line = number;
		split_words(line, &words);
		if (words.n && parse_route(&words, inet6 ? AF_INET6 : AF_INET, names, &route))
			*array_add(out) = route;
	}
}

void byhand_rules(const char *bytes, size_t len, int first, bool inet6,
	const struct table_names *names, struct hand_rules *out)
{
	struct lines lines = {bytes, bytes + len, first};
	struct hand_rule rule;
	struct words words;
	char *line;
	int number;

	for (; (line = read_shell_line(&lines, &number)); free(line)) {
		memset(&rule, 0, sizeof(rule));
		rule.line = number;
		split_words(line, &words);
		if (words.n && parse_rule(&words, inet6 ? AF_INET6 : AF_INET, names, &rule))
			*array_add(out) = rule;
	}
}

/* "route add -net N netmask M gw G …": INET_setroute of net-tools. A name that only a resolver
 * knows is passed over. */
static bool parse_static_route(struct words *words, struct route *out)
{
	static const char *const skipped[] = {"mss", "window", "irtt", NULL};
	bool good = true, host, has_length;
	const char *word = next_word(words), *target;
	int mask;

	host = word && !strcmp(word, "host");
	target = word && (host || !strcmp(word, "net")) ? next_word(words) : NULL;
	if (!target || !parse_prefix(target, AF_INET, &out->dst))
		return false;
	has_length = host || strchr(target, '/') || !out->dst.len;
	if (host)
		out->dst.len = 32;
	out->table = TABLE_MAIN;
	while (good && (word = next_word(words))) {
		if (!strcmp(word, "netmask")) {
			word = next_word(words);
			mask = word ? prefix_parse_netmask(word) : -1;
			if (mask < 0 || host)
				return false;
			out->dst.len = (unsigned char)mask;
			has_length = true;
		} else if (!strcmp(word, "gw") || !strcmp(word, "gateway")) {
			word = next_word(words);
			good = word && !prefix_parse_address(word, AF_INET, &out->gateway);
		} else if (!strcmp(word, "metric")) {
			good = parse_number(next_word(words), 10, &out->metric);
		} else if (!strcmp(word, "reject")) {
			out->type = ROUTE_UNREACHABLE;
		} else if (is_one_of(word, skipped)) {
			next_word(words);
		} else if (!strcmp(word, "dev") || !strcmp(word, "device")) {
			good = parse_device(next_word(words), out->device);
		} else if (words->at == words->n) {
			good = parse_device(word, out->device);
		}
	}
	if (!has_length)
		out->dst.len = (unsigned char)prefix_class_length(&out->dst);
	out->dst = prefix_network(&out->dst);
	out->scope = out->gateway.family ? SCOPE_UNIVERSE : SCOPE_LINK;
	/* The kernel looks at nothing else of it then (rtentry_to_fib_config). */
	if (out->type) {
		out->scope = SCOPE_HOST;
		memset(&out->gateway, 0, sizeof(out->gateway));
		memset(out->device, 0, sizeof(out->device));
	}
	return good;
}

void byhand_static_routes(const struct file *file, struct routes *out)
{
	struct lines lines = {file->bytes, file->bytes + file->len, 1};
	struct route route;
	struct words words;
	char *line;
	int number;

	/* grep "^any" and `read ignore args`: whatever the first word goes on with. */
	for (; file->bytes && (line = read_shell_line(&lines, &number)); free(line)) {
		if (strncmp(line, "any", 3))
			continue;
		memset(&route, 0, sizeof(route));
		split_words(line, &words);
		next_word(&words);
		if (parse_static_route(&words, &route))
			*array_add(out) = route;
	}
}

void byhand_inet6_bans(const struct file *file, struct routes *out)
{
	struct lines lines = {file->bytes, file->bytes + file->len, 1};
	/* As the kernel tells of it. */
	struct route route = {.table = TABLE_MAIN, .type = ROUTE_UNREACHABLE,
		.metric = METRIC_INET6, .device = "lo"};
	struct words words;
	const char *word;
	char *line;
	int number;

	/* /sbin/ip route add unreach  PREFIX */
	for (; file->bytes && (line = read_shell_line(&lines, &number)); free(line)) {
		split_words(line, &words);
		while ((word = next_word(&words)) && strncmp(word, "unreach", 7))
			;
		word = next_word(&words);
		if (word && !prefix_parse(word, AF_INET6, &route.dst))
			*array_add(out) = route;
	}
}
