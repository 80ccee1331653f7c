/* SPDX-License-Identifier: MIT
 * Routes and rules that the administrator wrote.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/line.h"
#include "conf/byhand.h"
#include "conf/shvar.h"

enum { WORDS = 64 };

/* A file of lines that are arguments of a command: what is still to be read, and the words of the
 * line that was read last, of which `word` comes next. */
struct script {
	const char *at, *end;
	int next_line, line;
	struct text text;
	char *words[WORDS];
	size_t n, word;
};

/* A line as `read line` without -r gives it: a backslash takes the next character as it is, and the
 * end of the line away. Bash drops NUL bytes. */
static void read_text(struct script *script)
{
	bool quoted = false;
	char c;

	script->text.n = 0;
	text_add_string(&script->text, "");
	script->line = script->next_line;
	while (script->at < script->end) {
		c = *script->at++;
		script->next_line += c == '\n';
		if (c == '\n' && !quoted)
			return;
		if (c && !(quoted ? c == '\n' : c == '\\'))
			text_add(&script->text, &c, 1);
		quoted = !quoted && c == '\\';
	}
}

/* The words of the next line that has any, by the shell's own IFS: a carriage return stays part of
 * its word, which ip then refuses. ifup-routes knows only whole lines of comment. False at the end.
 */
static bool read_command(struct script *script)
{
	char *rest = NULL, *word;

	script->n = script->word = 0;
	while (!script->n && script->at < script->end) {
		read_text(script);
		word = script->text.bytes;
		if (word[strspn(word, " \t\r\f\v")] == '#')
			continue;
		for (word = strtok_r(word, " \t", &rest); word && script->n < WORDS;
			word = strtok_r(NULL, " \t", &rest))
			script->words[script->n++] = word;
	}
	if (!script->n)
		text_free(&script->text);
	return script->n != 0;
}

static const char *next_word(struct script *script)
{
	return script->word < script->n ? script->words[script->word++] : NULL;
}

static bool has_word(const struct script *script, const char *word)
{
	return script->word < script->n && !strcmp(script->words[script->word], word);
}

/* ip takes the beginning of some keywords for the whole: "pref" (matches). */
static bool abbreviates(const char *word, const char *keyword)
{
	return *word && !strncmp(word, keyword, strlen(word));
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
	if (word_index(word, all) >= 0)
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
	else if (!word_number(slash + 1, 10, (unsigned)prefix_bits(family), &len))
		return false;
	out->len = (unsigned char)len;
	return true;
}

bool byhand_parse_table(const char *word, const struct table_names *names, unsigned *out)
{
	static const char *const builtin[] = {"default", "main", "local", NULL};
	int number = word ? word_index(word, builtin) : -1;
	size_t i;

	for (i = 0; word && i < names->n; i++)
		if (!strcmp(names->items[i].name, word)) {
			*out = names->items[i].number;
			return true;
		}
	if (number >= 0)
		*out = TABLE_DEFAULT + (unsigned)number;
	return number >= 0 || word_number(word, 0, 0xffffffff, out);
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

/* "via [FAMILY] ADDRESS" */
static bool parse_gateway(struct script *script, int family, struct prefix *out)
{
	const char *word;

	if (has_word(script, "inet") || has_word(script, "inet6"))
		family = strcmp(next_word(script), "inet") ? AF_INET6 : AF_INET;
	word = next_word(script);
	return word &&
		(family == AF_INET ? parse_short_address(word, out)
				   : !prefix_parse_address(word, family, out));
}

static bool parse_device(const char *word, device_name out)
{
	if (!word || strlen(word) >= sizeof(device_name))
		return false;
	memset(out, 0, sizeof(device_name));
	device_copy(out, word);
	return true;
}

/* False if ip would refuse the line, or if it names no destination. */
static bool parse_route(struct script *script, int family, const struct table_names *names,
	struct by_hand_route *out)
{
	/* Each takes one argument, perhaps after "lock"; none is part of what we keep. */
	static const char *const skipped[] = {"src", "from", "expires", "scope", "mtu", "hoplimit",
		"advmss", "reordering", "rtt", "rttvar", "window", "cwnd", "initcwnd", "initrwnd",
		"ssthresh", "features", "quickack", "congctl", "rto_min", "realms", "realm", "nhid",
		"pref", "ttl-propagate", NULL};
	bool found = false, good = true;
	struct route *route = &out->route;
	unsigned number;
	const char *word;

	out->line = script->line;
	route->table = TABLE_MAIN;
	while (good && (word = next_word(script))) {
		if (!strcmp(word, "nexthop")) {
			out->several = true;
			break;
		}
		if (word_index(word, skipped) >= 0) {
			script->word += has_word(script, "lock");
			next_word(script);
		} else if (!strcmp(word, "via")) {
			good = parse_gateway(script, family, &route->gateway);
		} else if (!strcmp(word, "dev") || !strcmp(word, "oif")) {
			good = parse_device(next_word(script), route->device);
		} else if (!strcmp(word, "tos") || abbreviates(word, "dsfield")) {
			good = word_number(next_word(script), 16, 0xff, &number);
			route->tos = (unsigned char)(good ? number : 0);
		} else if (abbreviates(word, "metric") || abbreviates(word, "priority") ||
			!strcmp(word, "preference")) {
			good = word_number(next_word(script), 0, 0xffffffff, &route->metric);
		} else if (abbreviates(word, "onlink")) {
			route->onlink = true;
		} else if (abbreviates(word, "protocol")) {
			if (word_number(next_word(script), 0, 0xffffffff, &number))
				route->protocol = (unsigned char)number;
		} else if (abbreviates(word, "table")) {
			good = byhand_parse_table(next_word(script), names, &route->table);
		} else if (route_type_parse(word, &route->type)) {
			continue;
		} else if (!found) {
			good = parse_prefix(
				strcmp(word, "to") ? word : next_word(script), family, &route->dst);
			found = true;
		}
	}
	/* The kernel's word for IPv6 without a metric, whichever way it is said. */
	if (family == AF_INET6 && !route->metric)
		route->metric = METRIC_INET6;
	return good && found && clean_destination(&route->dst);
}

static bool parse_rule(struct script *script, int family, const struct table_names *names,
	struct by_hand_rule *out)
{
	static const char *const with_argument[] = {"tos", "dsfield", "fwmark", "realms",
		"protocol", "tun_id", "suppress_prefixlength", "suppress_ifgroup", "oif",
		"uidrange", "nat", "map-to", "ipproto", "sport", "dport", NULL};
	bool good = true, looks_up = true;
	struct rule *rule = &out->rule;
	unsigned char type;
	const char *word;

	out->line = script->line;
	rule->from.family = (unsigned char)family;
	rule->table = TABLE_MAIN;
	while (good && (word = next_word(script))) {
		if (!strcmp(word, "from")) {
			good = parse_prefix(next_word(script), family, &rule->from);
		} else if (!strcmp(word, "to")) {
			good = parse_prefix(next_word(script), family, &rule->to);
		} else if (abbreviates(word, "preference") || abbreviates(word, "order") ||
			abbreviates(word, "priority")) {
			good = word_number(next_word(script), 0, 0xffffffff, &rule->priority);
			out->has_priority = true;
		} else if (abbreviates(word, "table") || !strcmp(word, "lookup")) {
			good = byhand_parse_table(next_word(script), names, &rule->table);
		} else if (!strcmp(word, "iif") || !strcmp(word, "dev")) {
			good = parse_device(next_word(script), rule->iif);
		} else if (!strcmp(word, "type")) {
			continue;
		} else if (route_type_parse(word, &type)) {
			looks_up = type == ROUTE_UNICAST;
		} else if (!strcmp(word, "goto")) {
			looks_up = false;
			good = next_word(script) != NULL;
		} else {
			out->other = true;
			rule->inverted |= !strcmp(word, "not");
			if (word_index(word, with_argument) >= 0)
				next_word(script);
		}
	}
	/* "from all" selects nothing. */
	if (!rule->from.len)
		memset(rule->from.bytes, 0, sizeof(rule->from.bytes));
	if (!rule->to.len)
		memset(&rule->to, 0, sizeof(rule->to));
	out->other |= !looks_up;
	if (!looks_up)
		rule->table = 0;
	return good;
}

bool byhand_is_sourced(const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len, *digits;

	/* egrep -q '^[[:space:]]*ADDRESS[0-9]+=' */
	while (at < end) {
		while (at < end && *at && strchr(" \t\r\f\v\n", *at))
			at++;
		digits = at + strlen("ADDRESS");
		if (end - at > 8 && !memcmp(at, "ADDRESS", strlen("ADDRESS"))) {
			for (at = digits; at < end && *at >= '0' && *at <= '9'; at++)
				;
			if (at > digits && at < end && *at == '=')
				return true;
		}
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			break;
	}
	return false;
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
static void read_sourced(const char *bytes, size_t len, struct by_hand_routes *out)
{
	struct shvars vars = {0};
	const char *address, *gateway;
	struct by_hand_route *route;
	int prefix = -1, mask;
	char key[3][32];
	unsigned n;

	shvar_parse(bytes, len, "", &vars);
	for (n = 0;; n++) {
		snprintf(key[0], sizeof(key[0]), "ADDRESS%u", n);
		snprintf(key[1], sizeof(key[1]), "NETMASK%u", n);
		snprintf(key[2], sizeof(key[2]), "GATEWAY%u", n);
		address = shvar_value(&vars, key[0]);
		gateway = shvar_value(&vars, key[2]);
		if (!address)
			break;
		mask = mask_length(shvar_value(&vars, key[1]));
		prefix = mask < 0 ? prefix : mask;
		route = array_add(out);
		route->line = shvar_find(&vars, key[0])->line;
		route->route.table = TABLE_MAIN;
		if (prefix < 0 || !parse_short_address(address, &route->route.dst) ||
			(gateway && !parse_short_address(gateway, &route->route.gateway))) {
			out->n--;
			continue;
		}
		route->route.dst.len = (unsigned char)prefix;
		if (!clean_destination(&route->route.dst))
			out->n--;
	}
	shvar_free(&vars);
}

void byhand_routes(const char *bytes, size_t len, bool inet6, const struct table_names *names,
	struct by_hand_routes *out)
{
	struct script script = {.at = bytes, .end = bytes + len, .next_line = 1};

	if (byhand_is_sourced(bytes, len)) {
		read_sourced(bytes, len, out);
		return;
	}
	while (read_command(&script))
		if (!parse_route(&script, inet6 ? AF_INET6 : AF_INET, names, array_add(out)))
			out->n--;
}

void byhand_rules(const char *bytes, size_t len, bool inet6, const struct table_names *names,
	struct by_hand_rules *out)
{
	struct script script = {.at = bytes, .end = bytes + len, .next_line = 1};

	while (read_command(&script))
		if (!parse_rule(&script, inet6 ? AF_INET6 : AF_INET, names, array_add(out)))
			out->n--;
}

bool byhand_leads(const struct by_hand_rule *rule, const struct prefix *address)
{
	const struct prefix host = prefix_host(address);
	const char *iif = rule->rule.iif;

	return rule->rule.from.len && (!*iif || !strcmp(iif, "lo")) &&
		rule_meets_source(&rule->rule, &host);
}

/* "route add -net N netmask M gw G …": INET_setroute of net-tools. A name that only a resolver
 * knows is passed over. */
static bool parse_static_route(struct script *script, struct route *out)
{
	static const char *const skipped[] = {"mss", "window", "irtt", NULL};
	bool good = true, host, has_length;
	const char *word = next_word(script), *target;
	int mask;

	host = word && !strcmp(word, "host");
	target = word && (host || !strcmp(word, "net")) ? next_word(script) : NULL;
	if (!target || !parse_prefix(target, AF_INET, &out->dst))
		return false;
	has_length = host || strchr(target, '/') || !out->dst.len;
	if (host)
		out->dst.len = 32;
	out->table = TABLE_MAIN;
	while (good && (word = next_word(script))) {
		if (!strcmp(word, "netmask")) {
			word = next_word(script);
			mask = word ? prefix_parse_netmask(word) : -1;
			if (mask < 0 || host)
				return false;
			out->dst.len = (unsigned char)mask;
			has_length = true;
		} else if (!strcmp(word, "gw") || !strcmp(word, "gateway")) {
			word = next_word(script);
			good = word && !prefix_parse_address(word, AF_INET, &out->gateway);
		} else if (!strcmp(word, "metric")) {
			good = word_number(next_word(script), 10, 0xffffffff, &out->metric);
		} else if (!strcmp(word, "reject")) {
			out->type = ROUTE_UNREACHABLE;
		} else if (word_index(word, skipped) >= 0) {
			next_word(script);
		} else if (!strcmp(word, "dev") || !strcmp(word, "device")) {
			good = parse_device(next_word(script), out->device);
		} else if (script->word == script->n) {
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

/* One that is not there has no bytes. */
static struct script script_of(const struct file *file)
{
	const char *bytes = file->bytes ? file->bytes : "";

	return (struct script){.at = bytes, .end = bytes + file->len};
}

void byhand_static_routes(const struct file *file, struct routes *out)
{
	struct script script = script_of(file);

	/* grep "^any" and `read ignore args`: whatever the first word goes on with. */
	while (read_command(&script))
		if (!strncmp(script.text.bytes, "any", 3) && next_word(&script) &&
			!parse_static_route(&script, array_add(out)))
			out->n--;
}

void byhand_inet6_bans(const struct file *file, struct routes *out)
{
	struct script script = script_of(file);
	/* As the kernel tells of it. */
	struct route route = {.table = TABLE_MAIN, .type = ROUTE_UNREACHABLE,
		.metric = METRIC_INET6, .device = "lo"};
	const char *word;

	/* /sbin/ip route add unreach  PREFIX */
	while (read_command(&script)) {
		while ((word = next_word(&script)) && strncmp(word, "unreach", 7))
			;
		word = next_word(&script);
		if (word && !prefix_parse(word, AF_INET6, &route.dst))
			*array_add(out) = route;
	}
}
