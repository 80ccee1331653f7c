/* SPDX-License-Identifier: MIT
 * What check finds of rules and routes, whoever made them.
 */
#include <string.h>
#include <sys/socket.h>

#include "judge/checks.h"
#include "judge/cures.h"

/* Those that every host has, and tables that a rule may find empty by design, are not looked at. */
static bool is_looked_up(const struct rule *rule)
{
	return rule->action == ACTION_LOOKUP && !rule->l3mdev && rule->table != TABLE_LOCAL &&
		rule->table != TABLE_MAIN && rule->table != TABLE_DEFAULT;
}

/* Takes over what follows the rule's words. */
static void add_rule(const struct facts *facts, const struct rule *rule, struct finding found,
	const char *device, char *what, char *cure, struct findings *findings)
{
	const struct planned *planned = rule->action == ACTION_LOOKUP
		? facts_find_by_table(facts, rule->table)
		: NULL;
	struct text words = {0};

	if (planned)
		device = planned->uplink->device;
	text_add_string(&words, "the rule ");
	rule_format(rule, &words);
	text_format(&words, " %s", what);
	free(what);
	finding_add(findings, found, device, words.bytes, cure);
}

static int rules_by_meaning(const void *a, const void *b)
{
	const struct rule *y = b;
	struct rule at_once = *(const struct rule *)a;

	at_once.priority = y->priority;
	return rule_compare(&at_once, y);
}

/* Without a priority the kernel takes the next lower one each time (fib_default_rule_pref), so that
 * what a script adds at every start piles up. One of ours may say what another of ours does. */
static void check_duplicates(
	const struct facts *facts, const struct index *same, size_t at, struct findings *findings)
{
	const struct rule *rule = same->items[at], *other;
	struct text cure = {0};
	size_t i, n = 1;
	bool owned = false;

	/* Those that a goto passes over, or leads to, are not the same. */
	if ((at && !rules_by_meaning(same->items[at - 1], rule)) || !is_looked_up(rule) ||
		rule->unknown_len || facts->walks.jumps)
		return;
	for (i = at + 1; (other = index_at(same, i, rule)); i++) {
		if (rule_compare(rule, other) && facts_want_rule(facts, other))
			continue;
		n++;
		/* One sync deletes all that are ours. */
		if (!facts_own_rule(facts, other))
			cure_add_deletion(other, &cure);
		else if (!owned && !facts->harm)
			text_add_string(&cure, cure.n ? " && multihome sync" : "run multihome sync");
		owned |= facts_own_rule(facts, other);
	}
	if (n > 1)
		add_rule(facts, rule,
			(struct finding){.kind = FINDING_DUPLICATE_RULE, .wrong = true}, "",
			mem_format("is there %zu times", n), cure.n ? cure.bytes : cure_sync(facts),
			findings);
}

/* Is it an address of the host's, or a network that is delivered here as a whole? delivered: the
 * routes that say so. */
static bool is_local(
	const struct facts *facts, const struct index *delivered, const struct prefix *net)
{
	const struct address first = {.prefix = *net}, *address;
	const struct route *route;
	size_t at = index_first(&facts->addresses, &first), i;

	address = at < facts->addresses.n ? facts->addresses.items[at] : NULL;
	if (address && prefix_contains(net, &address->prefix))
		return true;
	for (i = 0; i < delivered->n; i++) {
		route = delivered->items[i];
		if (prefix_contains(net, &route->dst) || prefix_contains(&route->dst, net))
			return true;
	}
	return false;
}

/* A router's rules may be for others; those with iif lo never are. */
static bool is_for_host(const struct facts *facts, const struct rule *rule)
{
	return !strcmp(rule->iif, "lo") ||
		(!rule->iif[0] && !facts->forwards[rule->from.family == AF_INET6]);
}

/* A foreign one may wait for an address that comes and goes, or for a guest's bridge. */
static bool check_stale(const struct facts *facts, const struct index *delivered,
	const struct rule *rule, struct findings *findings)
{
	struct finding found = {
		.kind = FINDING_STALE_RULE, .wrong = facts_own_rule(facts, rule)};
	const char *gone = rule->iif[0] && !kernel_find_link(facts->kernel, rule->iif) ? rule->iif
		: rule->oif[0] && !kernel_find_link(facts->kernel, rule->oif)	       ? rule->oif
										       : NULL;

	if (!gone && (!rule->from.len || rule->inverted || !is_for_host(facts, rule) ||
			     is_local(facts, delivered, &rule->from) || facts_want_rule(facts, rule)))
		return false;
	add_rule(facts, rule, found, "",
		gone ? mem_format("is for %s, which is not there", gone)
		     : mem_string("is for addresses that no NIC has"),
		found.wrong ? cure_sync(facts) : mem_string(""), findings);
	return true;
}

define_order(verdicts_by_lapsed, struct verdict,
	(x->reply.lapsed.rule > y->reply.lapsed.rule) -
		(x->reply.lapsed.rule < y->reply.lapsed.rule))

/* What a rule does not find in its table the next one may find: somebody may mean just that. */
static void check_table(const struct facts *facts, const struct index *lapsed,
	const struct rule *rule, struct findings *findings)
{
	/* One whose reply met the rule's table and found no way out of it. */
	const struct verdict key = {.reply = {.lapsed = {.rule = rule}}};
	const struct verdict *verdict = index_find(lapsed, &key);
	bool empty = walks_table_empty(&facts->walks, rule->table, rule->from.family);
	bool own = facts_own_rule(facts, rule);
	struct finding found = {.kind = empty ? FINDING_EMPTY_TABLE : FINDING_NO_DEFAULT};

	if (!verdict)
		return;
	found.wrong = own || verdict_is_bad(verdict);
	if (found.wrong || empty)
		add_rule(facts, rule, found, verdict->holder->name,
			mem_string(empty ? "leads to an empty table"
					 : "leads to a table without a default route"),
			!own		     ? cure_verdict(facts, verdict)
				: facts->ops->n ? cure_sync(facts)
						: cure_restart(verdict->holder->name),
			findings);
}

void check_rules(
	const struct facts *facts, const struct verdicts *verdicts, struct findings *findings)
{
	const struct rules *rules = &facts->kernel->rules;
	const struct routes *routes = &facts->kernel->routes;
	struct index same = {0}, lapsed = {0}, delivered = {0};
	size_t i;

	index_build(rules, rules_by_meaning, &same);
	index_build(verdicts, verdicts_by_lapsed, &lapsed);
	for (i = 0; i < rules->n; i++)
		check_duplicates(facts, &same, i, findings);
	for (i = 0; i < routes->n; i++)
		if (routes->items[i].type == ROUTE_LOCAL)
			*array_add(&delivered) = &routes->items[i];
	for (i = 0; i < rules->n; i++)
		if (!check_stale(facts, &delivered, &rules->items[i], findings) &&
			is_looked_up(&rules->items[i]))
			check_table(facts, &lapsed, &rules->items[i], findings);
	free(same.items);
	free(lapsed.items);
	free(delivered.items);
}

/* As soon as a neighbour is stale. */
static void check_defaults(const struct facts *facts, struct findings *findings)
{
	const struct routes *routes = &facts->kernel->routes;
	const struct route *route, *first = NULL;
	struct text what = {0};
	struct hop hop;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (route->table != TABLE_MAIN || route->dst.len || route->dst.family != AF_INET)
			continue;
		if (first && route_alternates(first, route)) {
			text_format(&what, "table main has two default routes of metric %u,", route->metric);
			hop = route_hop(first, 0);
			hop_format(&hop.gateway, hop.device, &what);
			text_add_string(&what, " and");
			hop = route_hop(route, 0);
			hop_format(&hop.gateway, hop.device, &what);
			text_add_string(&what, ": the kernel alternates between them");
			finding_add(findings,
				(struct finding){.kind = FINDING_TWO_DEFAULTS, .wrong = true}, "",
				what.bytes,
				mem_string("see ip route show default, and METRIC= and DEFROUTE= in "
					   "the ifcfg files"));
			what = (struct text){0};
		}
		if (!first || route_compare_key(first, route))
			first = route;
	}
}

/* One of the device's addresses in the network. */
static const struct address *find_within(
	const struct facts *facts, const char *device, const struct prefix *net)
{
	const struct address key = {.prefix = *net}, *address;
	const struct index *addresses = &facts->addresses;
	size_t at;

	for (at = index_first(addresses, &key); at < addresses->n; at++) {
		address = addresses->items[at];
		if (!prefix_contains(net, &address->prefix))
			break;
		if (address->prefix.len == net->len && !strcmp(address->device, device))
			return address;
	}
	return NULL;
}

/* The kernel makes it together with the address. Without it no gateway of the network is known, so
 * that ifup-routes fails. */
static void check_network(
	const struct facts *facts, const struct member *member, struct findings *findings)
{
	const struct route key = {.table = TABLE_MAIN, .dst = member->net}, *route;
	const char *device = member->link->name;
	const struct index *routes = &facts->walks.routes;
	const struct address *address = find_within(facts, device, &member->net);
	const struct planned *planned;
	char net[PREFIX_TEXT], text[PREFIX_TEXT];
	size_t at;

	if (!address || !member->link->up || member->link->vrf)
		return;
	planned = facts_find_planned(
		facts, facts_find_uplink(facts, device, &address->prefix, NULL));
	if (!planned || planned->state != STATE_UP)
		return;
	for (at = index_first(routes, &key); (route = index_at(routes, at, &key)); at++)
		if (route_uses(route, device))
			return;
	prefix_format(&member->net, net);
	finding_add(findings, (struct finding){.kind = FINDING_ROUTE_LOST, .wrong = true}, device,
		mem_format("table main has no route to its own network %s", net),
		mem_format("run ip route add %s dev %s proto kernel scope link src %s", net, device,
			prefix_format_address(&address->prefix, text)));
}

static bool lacks_network(const struct findings *findings, const char *device)
{
	const struct finding *other = NULL;

	while ((other = findings_of(findings, device, other)))
		if (other->kind == FINDING_ROUTE_LOST)
			return true;
	return false;
}

/* One finding of all that ifup-routes brings back, or of all that it never does. */
static void add_lost(const struct facts *facts, const struct file *file,
	const struct lost_lines *lines, bool refused, struct findings *findings)
{
	const char *device = strchr(file->name, '-') + 1;
	const struct lost_line *line, *first = NULL;
	struct text words = {0};
	size_t i, n = 0;

	for (i = 0; i < lines->n; i++) {
		line = &lines->items[i];
		if (!line->why == refused || n++)
			continue;
		first = line;
		if (line->route.dst.family) {
			text_add_string(&words, "its route ");
			route_format_choice(&line->route, &words);
			text_format(&words, " of %s, line %d, is not there", file->name, line->line);
		} else {
			text_format(&words, "its %s, line %d, is no route", file->name, line->line);
		}
	}
	if (n > 1)
		text_format(&words, "; the same is true of %zu more line%s", n - 1,
			n == 2 ? "" : "s");
	if (n)
		finding_add(findings, (struct finding){.kind = FINDING_ROUTE_LOST, .wrong = true},
			device, words.bytes,
			refused ? cure_line(file, first) : cure_lines(facts, file, lines));
}

static void check_lost_routes(
	const struct facts *facts, const struct file *file, struct findings *findings)
{
	bool inet6 = !strncmp(file->name, "route6-", 7);
	const char *device = strchr(file->name, '-') + 1;
	const struct link *link = kernel_find_link(facts->kernel, device);
	struct lost_lines lines = {0};

	/* The kernel takes none where IPv6 is off. */
	if (strncmp(file->name, "route", 5) || !link || !link->up || (inet6 && !link->inet6) ||
		lacks_network(findings, device))
		return;
	lines_find_lost(facts, file, inet6, &lines);
	add_lost(facts, file, &lines, false, findings);
	add_lost(facts, file, &lines, true, findings);
	lost_lines_free(&lines);
}

void check_routes(const struct facts *facts, struct findings *findings)
{
	size_t i;

	check_defaults(facts, findings);
	for (i = 0; i < facts->members.n; i++)
		check_network(facts, &facts->members.items[i], findings);
	for (i = 0; i < facts->sources->managed.n; i++)
		check_lost_routes(facts, &facts->sources->managed.items[i], findings);
}
