/* SPDX-License-Identifier: MIT
 * Everything on the host that is wrong, or worth to be known.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/byhand.h"
#include "judge/check.h"
#include "judge/cures.h"
#include "plan/block.h"

/* --- addresses ----------------------------------------------------------------- */

/* Not what a link has for itself (fe80::/10, 169.254.0.0/16), nor a service address on lo, which
 * is nobody's NIC. */
static bool is_judged(const struct facts *facts, const struct address *address)
{
	const struct link *link = kernel_find_link(facts->kernel, address->device);
	const unsigned char *bytes = address->prefix.bytes;

	if (!link || !link->up || link->loopback || address->unsettled)
		return false;
	if (address->prefix.family == AF_INET && bytes[0] == 169 && bytes[1] == 254)
		return false;
	return !prefix_is_link_local(&address->prefix);
}

/* So many of a NIC's addresses of which the same is retraced are asked of the kernel, whose answer
 * takes as long as there are rules. */
enum { ASKED = 256 };

static bool is_like(const struct verdict *a, const struct verdict *b)
{
	return a->holder == b->holder && a->arrival == b->arrival && a->reason == b->reason &&
		a->expected == b->expected && a->reply.last.route == b->reply.last.route &&
		a->reply.last.end == b->reply.last.end &&
		a->local.family == b->local.family;
}

void check_begin(const struct facts *facts, struct check *check)
{
	const struct addresses *addresses = &facts->kernel->addresses;
	struct packet packet = {.anybody = true};
	struct verdict *verdict;
	size_t i, alike = 0;
	int inet6;

	for (i = 0; i < addresses->n; i++) {
		packet.local = &addresses->items[i];
		if (!is_judged(facts, packet.local))
			continue;
		packet.remote = facts->afar[packet.local->prefix.family == AF_INET6];
		verdict = array_add(&check->verdicts);
		verdict_begin(facts, &packet, verdict, NULL, &check->questions);
		alike = check->verdicts.n > 1 && is_like(verdict, verdict - 1) ? alike + 1 : 0;
		if (alike >= ASKED)
			verdict_take_back(verdict, &check->questions);
	}
	for (inet6 = 0; inet6 <= 1; inet6++)
		verdict_begin_own(
			facts, &facts->afar[inet6], &check->own[inet6], &check->questions);
}

void check_free(struct check *check)
{
	size_t i;

	for (i = 0; i < check->verdicts.n; i++)
		verdict_free(&check->verdicts.items[i]);
	free(check->verdicts.items);
	free(check->questions.items);
}

/* Does anybody outside of its network expect an answer? */
static bool counts(const struct verdict *verdict)
{
	return verdict->has_gateway || verdict->bystanders.n || verdict->holder->vrf;
}

static void format_hop(const char *device, const struct prefix *gateway, struct text *out)
{
	char text[PREFIX_TEXT];

	text_format(out, "by %s", device);
	if (gateway->family)
		text_format(out, " via %s", prefix_format_address(gateway, text));
}

static bool rule_leads_to(
	const struct facts *facts, const struct verdict *verdict, unsigned table)
{
	const struct rules *rules = &facts->kernel->rules;
	const struct rule *rule;
	size_t i;

	for (i = 0; i < rules->n; i++) {
		rule = &rules->items[i];
		if (rule->table == table && rule->action == ACTION_LOOKUP && rule->from.len &&
			rule->from.family == verdict->local.family &&
			prefix_contains(&rule->from, &verdict->local))
			return true;
	}
	return false;
}

/* ": why", as far as rules and tables tell. */
static void format_reason(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	const struct rule *lapsed = verdict->reply.lapsed.rule, *last = verdict->reply.last.rule;
	const struct rule *jump = verdict->reply.jump;
	unsigned table = verdict->planned ? verdict->planned->table : 0;

	if (lapsed && (!table || lapsed->table == table)) {
		text_format(out, ": table %u %s", lapsed->table,
			verdict->reply.lapsed.end == STEP_EMPTY ? "is empty"
								: "has no default route");
	} else if (table && last && last->table == table) {
		text_format(out, ": table %u has another default route", table);
	} else if (table && !rule_leads_to(facts, verdict, table)) {
		text_format(out, ": no rule leads to table %u", table);
	} else if (jump || (last && last->from.len)) {
		text_add_string(out, ": the rule ");
		rule_format(jump ? jump : last, out);
		text_add_string(out, table ? " comes first" : " says so");
	} else if (!table) {
		text_add_string(out, ": no rule leads to a table of its own");
	}
}

static void format_way(const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	format_hop(verdict->leaves.device, &verdict->leaves.gateway, out);
	text_add_string(out, ", not ");
	format_hop(verdict->holder->name, &verdict->gateway, out);
	format_reason(facts, verdict, out);
}

static void format_no_way(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	const struct step *last = &verdict->reply.last;

	if (!last->rule) {
		text_add_string(out, "no route leads back");
		format_reason(facts, verdict, out);
		return;
	}
	text_add_string(out, "the rule ");
	rule_format(last->rule, out);
	text_add_string(out, last->route ? " leads to a route that refuses" : " refuses");
}

static void format_dropped(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	const char *device = verdict->arrival->name;
	int own = facts_setting(facts, device, SYSCTL_RP_FILTER);
	int all = facts_setting(facts, "all", SYSCTL_RP_FILTER);
	bool by_own = own >= all || facts->filter_needs_both;

	text_add_string(out, "from other networks are dropped");
	if (verdict->fault == FAULT_NOT_TAKEN) {
		text_add_string(out, " on arrival, and not by rp_filter");
		return;
	}
	text_format(out, " by rp_filter=%d (%s): ", by_own ? own : all,
		by_own ? device : "set for all");
	if (verdict->leaves.error) {
		format_no_way(facts, verdict, out);
		return;
	}
	text_add_string(out, "replies would leave ");
	format_way(facts, verdict, out);
}

/* A tunnel that takes all traffic is what somebody started it for: by half a default, or by a
 * default through a device that is nothing but a tunnel. */
static bool is_by_tunnel(const struct facts *facts, const struct verdict *verdict)
{
	const struct link *link = kernel_find_link(facts->kernel, verdict->leaves.device);
	const struct route *route = verdict->reply.last.route;

	return (link && link->tunnel) || (route && (route->dst.len == 1 || route->dst.len == 3));
}

/* What multihome does not serve, and somebody chose to be so, is a note. */
static bool is_wrong(const struct facts *facts, const struct verdict *verdict)
{
	const struct profile *profile;

	if (verdict->outside)
		return false;
	/* An edit that waits is told as such. */
	if (verdict->fault == FAULT_GATEWAY)
		return verdict->planned && !verdict->planned->edited && verdict->planned->table &&
			verdict->reply.last.route->protocol == PROTO_MULTIHOME;
	if (verdict->planned)
		return true;
	if (!verdict->leaves.error && is_by_tunnel(facts, verdict))
		return false;
	profile = verdict->uplink ? NULL : facts_find_profile(facts, verdict->holder->name);
	return !profile || !facts_file_says_no(profile->file, "MULTIHOME");
}

static void add_fault(const struct facts *facts, const struct verdict *verdict,
	enum finding_kind kind, struct text *what, struct findings *findings)
{
	struct finding found = {.kind = kind,
		.wrong = is_wrong(facts, verdict),
		.address = verdict->local};

	finding_add(findings, found, verdict->holder->name, what->bytes,
		cure_verdict(facts, verdict));
}

static void add_for_device(const struct facts *facts, const struct verdict *verdict,
	enum finding_kind kind, bool wrong, char *what, struct findings *findings)
{
	const struct finding found = {.kind = kind, .wrong = wrong};

	finding_add(findings, found, verdict->holder->name, what, cure_verdict(facts, verdict));
}

/* A neighbour that was never asked for tells nothing, and check sends no packet to find out. */
static void check_neighbour(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	struct finding found = {.kind = FINDING_NEIGHBOUR, .wrong = true};
	const struct prefix *gateway = verdict->holder && verdict->fault != FAULT_NEIGHBOUR
		? &verdict->gateway
		: &verdict->leaves.gateway;
	const char *device = verdict->holder ? verdict->holder->name : verdict->leaves.device;
	const struct neighbour *neighbour = gateway->family
		? kernel_find_neighbour(facts->kernel, device, gateway)
		: NULL;
	char text[PREFIX_TEXT];

	if (!neighbour || !(neighbour->state & (NEIGHBOUR_INCOMPLETE | NEIGHBOUR_FAILED)))
		return;
	prefix_format_address(gateway, text);
	found.address = *gateway;
	finding_add(findings, found, device,
		mem_format("the gateway %s did not answer when it was last asked for its MAC "
			   "address",
			text),
		cure_gateway(verdict->uplink ? verdict->uplink->file->name : NULL, device,
			gateway));
}

/* It is a fault where the packet is lost, or may be. */
static void check_conflicts(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	struct finding found = {.kind = FINDING_ARP, .address = verdict->local};
	const struct bystander *other;
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < verdict->bystanders.n; i++) {
		other = &verdict->bystanders.items[i];
		/* lo and dummy devices answer nobody. */
		if (!other->answers || (verdict->reason == ARRIVES_BY_ARP && verdict->holder->noarp))
			continue;
		found.wrong = other->refuses || verdict->reason == ARRIVES_BY_ARP ||
			verdict->has_gateway;
		finding_add(findings, found, other->link->name,
			mem_format("is answered here%s %s: both are in %s",
				verdict->reason == ARRIVES_BY_ARP ? ", not by" : " as well as by",
				verdict->holder->name, prefix_format(&other->net, text)),
			cure_conflict(facts, verdict, other));
	}
}

static void check_address(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	struct text what = {0};
	struct hop other;

	/* Another NIC's router. */
	if (verdict->fault == FAULT_NEIGHBOUR &&
		strcmp(verdict->leaves.device, verdict->holder->name)) {
		text_add_string(&what, "leave ");
		format_way(facts, verdict, &what);
		text_add_string(&what, ", which does not answer");
		add_fault(facts, verdict, FINDING_WRONG_NIC, &what, findings);
		return;
	}
	switch (verdict->fault) {
	case FAULT_NONE:
	case FAULT_FIREWALL:
	case FAULT_ARRIVAL:
	case FAULT_NEIGHBOUR:
	case FAULT_CONFLICT:
	case FAULT_DOWN:
		break;
	case FAULT_CARRIER:
		add_for_device(facts, verdict, FINDING_CARRIER, true,
			mem_string("it has no carrier: nothing reaches it"), findings);
		return;
	case FAULT_VRF:
		add_for_device(facts, verdict, FINDING_VRF, false,
			mem_string("it is in a VRF, whose routes are not judged here"), findings);
		return;
	case FAULT_FILTERED:
	case FAULT_NOT_TAKEN:
		format_dropped(facts, verdict, &what);
		add_fault(facts, verdict, FINDING_DROPPED, &what, findings);
		break;
	case FAULT_ARP:
		text_add_string(&what, "is answered by no NIC");
		add_fault(facts, verdict, FINDING_ARP, &what, findings);
		return;
	case FAULT_NO_ROUTE:
	case FAULT_REFUSED:
		text_add_string(&what, "go nowhere: ");
		format_no_way(facts, verdict, &what);
		add_fault(facts, verdict, FINDING_NO_WAY_BACK, &what, findings);
		break;
	case FAULT_GATEWAY:
	case FAULT_NIC:
	case FAULT_NO_GATEWAY:
	case FAULT_REPLY_CARRIER:
		text_add_string(&what, "leave ");
		format_way(facts, verdict, &what);
		add_fault(facts, verdict,
			verdict->fault == FAULT_GATEWAY ? FINDING_WRONG_GATEWAY : FINDING_WRONG_NIC,
			&what, findings);
		break;
	case FAULT_TURNS:
		verdict_other_turn(verdict, &other);
		text_add_string(&what, "leave by turns, also ");
		format_hop(other.device, &other.gateway, &what);
		format_reason(facts, verdict, &what);
		add_fault(facts, verdict, FINDING_WRONG_NIC, &what, findings);
		break;
	case FAULT_DEPENDS:
		text_add_string(&what, "leave another way if the rule ");
		rule_format(verdict->reply.depends, &what);
		text_add_string(&what, " is for them");
		finding_add(findings,
			(struct finding){.kind = FINDING_DEPENDS, .address = verdict->local},
			verdict->holder->name, what.bytes, mem_string(""));
		break;
	}
	check_neighbour(facts, verdict, findings);
	check_conflicts(facts, verdict, findings);
}

/* A file that gives an address and no gateway: other networks get an answer by other NICs, or none.
 * Somebody who means it so says MULTIHOME=no. */
static void check_no_gateway(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	const struct finding found = {.kind = FINDING_NO_GATEWAY};
	bool tunnel = verdict->holder->tunnel; /* GATEWAY= of such a device does nothing */
	const struct profile *profile;

	if (counts(verdict) || verdict->local.family != AF_INET || !facts->config->uplinks.n)
		return;
	profile = facts_find_profile(facts, verdict->holder->name);
	/* One that is another NIC's is told by a notice. */
	if (profile && facts_file_has(profile->file, "GATEWAY"))
		return;
	if (!profile || profile->port || facts_file_says_no(profile->file, "MULTIHOME") ||
		(!tunnel && facts_file_says_no(profile->file, "DEFROUTE")))
		return;
	finding_add(findings, found, verdict->holder->name,
		mem_string("it has an address and no gateway: other networks get no answer by it"),
		mem_format("see %s: %s, or MULTIHOME=no says that none is meant",
			profile->file->name,
			tunnel ? "DEFROUTE= decides" : "GATEWAY= is missing"));
}

static void check_own(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings)
{
	const struct finding found = {.kind = FINDING_OFFLINE, .wrong = true};
	const char *device = verdict->leaves.device;
	struct text what = {0};
	bool any = false;
	size_t i;

	for (i = 0; i < facts->config->uplinks.n; i++)
		any |= facts->config->uplinks.items[i].gateway.family ==
			verdict->packet.remote.family;
	switch (verdict->fault) {
	case FAULT_NO_ROUTE:
		if (!any)
			return;
		text_add_string(&what, "the host has no default route: what it sends itself "
				       "reaches its own networks only");
		break;
	case FAULT_REPLY_CARRIER:
		text_format(&what,
			"what the host sends itself leaves by %s, which has no carrier", device);
		break;
	case FAULT_NEIGHBOUR:
		text_format(&what,
			"what the host sends itself leaves by %s, whose gateway does not answer",
			device);
		break;
	default:
		return;
	}
	finding_add(findings, found, "", what.bytes, cure_own(facts, verdict));
}

static void check_firewall(const struct facts *facts, struct findings *findings)
{
	const struct finding found = {.kind = FINDING_FIREWALL};
	bool loaded = facts->firewall[false] == FIREWALL_LOADED ||
		facts->firewall[true] == FIREWALL_LOADED;

	if (facts->firewall[false] || facts->firewall[true])
		finding_add(findings, found, "",
			mem_string(loaded ? "firewall rules are loaded: what they drop or mark is "
					    "not known here"
					  : "only root sees whether firewall rules are loaded"),
			mem_string(""));
}

/* --- rules and routes ------------------------------------------------------------ */

/* Those that every host has, and tables that a rule may find empty by design, are not looked at. */
static bool is_looked_up(const struct rule *rule)
{
	return rule->action == ACTION_LOOKUP && !rule->l3mdev && rule->table != TABLE_LOCAL &&
		rule->table != TABLE_MAIN && rule->table != TABLE_DEFAULT;
}

static void add_rule(const struct facts *facts, const struct rule *rule, struct finding found,
	const char *device, const char *what, char *cure, struct findings *findings)
{
	const struct planned_uplinks *uplinks = &facts->plan->uplinks;
	struct text words = {0};
	size_t i;

	for (i = 0; i < uplinks->n && rule->action == ACTION_LOOKUP; i++)
		if (rule->table == uplinks->items[i].table)
			device = uplinks->items[i].uplink->device;
	text_add_string(&words, "the rule ");
	rule_format(rule, &words);
	text_format(&words, " %s", what);
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
	const struct finding found = {.kind = FINDING_DUPLICATE_RULE, .wrong = true};
	struct text cure = {0};
	size_t i, n = 1;
	char *command, *what;
	bool owned = false;

	if ((at && !rules_by_meaning(same->items[at - 1], rule)) || !is_looked_up(rule) ||
		rule->unknown_len)
		return;
	for (i = at + 1; (other = index_at(same, i, rule)); i++) {
		if (rule_compare(rule, other) && facts_want_rule(facts, other))
			continue;
		n++;
		/* One sync deletes all that are ours. */
		if (owned && facts_own_rule(facts, other))
			continue;
		owned |= facts_own_rule(facts, other);
		command = facts_own_rule(facts, other) ? cure_sync() : cure_duplicate(other);
		text_format(&cure, "%s%s", cure.n ? " && " : "",
			cure.n ? command + strlen("run ") : command);
		free(command);
	}
	if (n == 1)
		return;
	what = mem_format("is there %zu times", n);
	add_rule(facts, rule, found, "", what, cure.bytes, findings);
	free(what);
}

/* Is it an address of the host's, or a network that is delivered here as a whole? */
static bool is_local(const struct facts *facts, const struct prefix *net)
{
	const struct address first = {.prefix = *net}, *address;
	const struct routes *routes = &facts->kernel->routes;
	size_t at = index_first(&facts->addresses, &first), i;

	address = at < facts->addresses.n ? facts->addresses.items[at] : NULL;
	if (address && prefix_contains(net, &address->prefix))
		return true;
	for (i = 0; i < routes->n; i++)
		if (routes->items[i].type == ROUTE_LOCAL &&
			(prefix_contains(net, &routes->items[i].dst) ||
				prefix_contains(&routes->items[i].dst, net)) &&
			routes->items[i].dst.family == net->family)
			return true;
	return false;
}

/* A router's rules may be for others; those with iif lo never are. */
static bool is_for_host(const struct facts *facts, const struct rule *rule)
{
	bool forwards = rule->from.family == AF_INET6 ? facts->forwards6 : facts->forwards;

	return !strcmp(rule->iif, "lo") || (!rule->iif[0] && !forwards);
}

/* A foreign one may wait for an address that comes and goes, or for a guest's bridge. */
static bool check_stale(
	const struct facts *facts, const struct rule *rule, struct findings *findings)
{
	struct finding found = {.kind = FINDING_STALE_RULE};
	const char *gone = rule->iif[0] && !kernel_find_link(facts->kernel, rule->iif) ? rule->iif
		: rule->oif[0] && !kernel_find_link(facts->kernel, rule->oif)	       ? rule->oif
										       : NULL;
	char *what;

	found.wrong = facts_own_rule(facts, rule);
	if (!gone && (!rule->from.len || rule->inverted || !is_for_host(facts, rule) ||
			     is_local(facts, &rule->from) || facts_want_rule(facts, rule)))
		return false;
	what = gone ? mem_format("is for %s, which is not there", gone)
		    : mem_string("is for addresses that no NIC has");
	add_rule(facts, rule, found, "", what, found.wrong ? cure_sync() : mem_string(""), findings);
	free(what);
	return true;
}

static int verdicts_by_lapsed(const void *a, const void *b)
{
	const struct verdict *x = a, *y = b;
	const struct rule *first = x->reply.lapsed.rule, *second = y->reply.lapsed.rule;

	return (first > second) - (first < second);
}

/* What a rule does not find in its table the next one may find: somebody may mean just that. */
static void check_table(const struct facts *facts, const struct index *lapsed,
	const struct rule *rule, struct findings *findings)
{
	/* One whose reply met the rule's table and found no way out of it. */
	const struct verdict key = {.reply = {.lapsed = {.rule = rule}}};
	const struct verdict *verdict = index_find(lapsed, &key);
	bool empty = facts_table_empty(facts, rule->table, rule->from.family);
	struct finding found = {.kind = empty ? FINDING_EMPTY_TABLE : FINDING_NO_DEFAULT};

	if (!verdict || verdict->reply.lapsed.end == STEP_THROW ||
		verdict->reply.lapsed.end == STEP_SUPPRESSED)
		return;
	found.wrong = facts_own_rule(facts, rule) ||
		(verdict_outcome(verdict) != OUTCOME_RIGHT &&
			verdict_outcome(verdict) != OUTCOME_UNKNOWN);
	if (!found.wrong && !empty)
		return;
	add_rule(facts, rule, found, verdict->holder->name,
		empty ? "leads to an empty table" : "leads to a table without a default route",
		facts_own_rule(facts, rule) && !facts_sync_has_work(facts)
			? cure_restart(verdict->holder->name)
			: facts_own_rule(facts, rule) ? cure_sync() : cure_verdict(facts, verdict),
		findings);
}

static void check_rules(
	const struct facts *facts, const struct check *check, struct findings *findings)
{
	const struct rules *rules = &facts->kernel->rules;
	struct index same = {0}, lapsed = {0};
	size_t i;

	index_build(rules, rules_by_meaning, &same);
	index_build(&check->verdicts, verdicts_by_lapsed, &lapsed);
	for (i = 0; i < rules->n; i++)
		check_duplicates(facts, &same, i, findings);
	free(same.items);
	for (i = 0; i < rules->n; i++)
		if (!check_stale(facts, &rules->items[i], findings) &&
			is_looked_up(&rules->items[i]))
			check_table(facts, &lapsed, &rules->items[i], findings);
	free(lapsed.items);
}

/* The kernel alternates between them as soon as a neighbour is stale (fib_select_default). */
static void check_defaults(const struct facts *facts, struct findings *findings)
{
	const struct finding found = {.kind = FINDING_TWO_DEFAULTS, .wrong = true};
	const struct routes *routes = &facts->kernel->routes;
	const struct route *route, *first = NULL;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (route->table != TABLE_MAIN || route->dst.len || route->dst.family != AF_INET)
			continue;
		if (first && first->metric == route->metric && first->tos == route->tos)
			finding_add(findings, found, "",
				mem_format("table main has two default routes of metric %u, by %s "
					   "and by %s: the kernel alternates between them",
					route->metric, first->device, route->device),
				mem_string("see ip route show default: the second one is of no "
					   "use"));
		first = route;
	}
}

static bool has_key(const struct facts *facts, const struct route *route)
{
	const struct index *routes = &facts->walks.routes;
	const struct route *other;
	size_t at;

	for (at = index_first(routes, route); (other = index_at(routes, at, route)); at++)
		if (!route_compare_key(other, route))
			return true;
	return false;
}

/* Lines of a route- file come into the kernel at ifup; a bounce of the device takes them away. */
static void check_lost_routes(
	const struct facts *facts, const struct file *file, struct findings *findings)
{
	const struct finding found = {.kind = FINDING_ROUTE_LOST, .wrong = true};
	bool inet6 = !strncmp(file->name, "route6-", 7);
	const char *device = strchr(file->name, '-') + 1;
	const struct link *link = kernel_find_link(facts->kernel, device);
	struct by_hand_routes lines = {0};
	struct text words = {0};
	size_t i, lost = 0;

	if (strncmp(file->name, "route", 5) || !link || !link->up)
		return;
	byhand_routes(file->bytes, file->len, inet6, &facts->config->tables, &lines);
	for (i = 0; i < lines.n; i++) {
		if (lines.items[i].route.protocol == PROTO_MULTIHOME ||
			has_key(facts, &lines.items[i].route))
			continue;
		if (!lost++) {
			text_format(&words, "its route ");
			route_format_choice(&lines.items[i].route, &words);
			text_format(&words, " of %s, line %d, is not there", file->name,
				lines.items[i].line);
		}
	}
	if (lost > 1)
		text_format(&words, ", nor %s %zu more", lost == 2 ? "is" : "are", lost - 1);
	if (lost)
		finding_add(findings, found, device, words.bytes,
			mem_format("run %s/ifup-routes %s", facts->sources->scripts, device));
	free(lines.items);
}

/* --- files, kernel and settings against the plan ------------------------------------- */

/* One line is enough for all of a device that one sync puts right. */
static void add_for_sync(
	struct findings *findings, enum finding_kind kind, const char *device, char *what)
{
	const struct finding found = {.kind = kind, .wrong = true};
	const struct finding *other;
	size_t i;

	for (i = 0; i < findings->n; i++) {
		other = &findings->items[i];
		if (other->wrong && !strcmp(other->device, device) && other->kind != kind &&
			!strcmp(other->cure, "run multihome sync")) {
			free(what);
			return;
		}
	}
	finding_add(findings, found, device, what, cure_sync());
}

static bool is_edited(const struct plan *plan, const char *device)
{
	size_t i;

	for (i = 0; i < plan->uplinks.n; i++)
		if (plan->uplinks.items[i].state == STATE_EDITED &&
			!strcmp(plan->uplinks.items[i].uplink->device, device))
			return true;
	return false;
}

static void check_states(const struct facts *facts, struct findings *findings)
{
	const struct finding edited = {.kind = FINDING_EDITED, .wrong = true};
	const struct finding down = {.kind = FINDING_DOWN}, waits = {.kind = FINDING_WAITS};
	const struct planned *planned;
	const char *device, *name;
	size_t i;

	for (i = 0; i < facts->plan->uplinks.n; i++) {
		planned = &facts->plan->uplinks.items[i];
		device = planned->uplink->device;
		name = planned->uplink->file->name;
		if (planned->state == STATE_EDITED)
			finding_add(findings, edited, device,
				mem_format("it has other addresses than %s gives it", name),
				cure_restart(device));
		else if (planned->state == STATE_DOWN &&
			!facts_file_says_no(planned->uplink->file, "ONBOOT"))
			finding_add(findings, down, device,
				mem_string("it is down, or without an address"),
				cure_down(facts, device));
		else if (planned->edited && planned->state == STATE_UP)
			finding_add(findings, waits, device,
				mem_format("%s was edited since the NIC came up", name),
				facts_sync_has_work(facts) ? cure_sync() : cure_restart(device));
	}
}

static bool is_sysctl_file(const struct facts *facts, const char *path)
{
	size_t i;

	for (i = 0; i < facts->sources->settings.n; i++)
		if (!strcmp(facts->sources->settings.items[i].path, path))
			return true;
	return false;
}

/* The device of an ifcfg file, else of a route- or rule- file's name, else "". */
static void find_device(const struct facts *facts, const char *path, device_name out)
{
	const struct profiles *profiles = &facts->config->profiles;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dash = strchr(name, '-');
	size_t i;

	memset(out, 0, DEVICE_SIZE);
	for (i = 0; i < profiles->n; i++)
		if (!strcmp(profiles->items[i].file->path, path)) {
			device_of_label(profiles->items[i].device, out);
			return;
		}
	if (!slash)
		device_of_label(name, out);
	else if (dash && (!strncmp(name, "route", 5) || !strncmp(name, "rule", 4)))
		device_of_label(dash + 1, out);
}

static void check_diags(const struct facts *facts, struct findings *findings)
{
	struct finding found = {.kind = FINDING_NOTICE};
	const struct diag *diag;
	device_name device;
	const char *text, *cure;
	size_t i, n;

	for (i = 0; i < facts->diags->n; i++) {
		diag = &facts->diags->items[i];
		text = diag->text;
		cure = "";
		found.kind = diag->misspelt ? FINDING_KEY : FINDING_NOTICE;
		if (diag->refusal) {
			found.kind = FINDING_REFUSED;
			cure = "see that line; then run multihome sync";
		} else if (is_sysctl_file(facts, diag->file)) {
			found.kind = FINDING_SYSCTL_CONF;
			cure = "remove that line and run multihome sync";
		} else if (diag->misspelt) {
			cure = "see that line; then run multihome sync";
		}
		found.wrong = found.kind != FINDING_NOTICE;
		find_device(facts, diag->file, device);
		n = strlen(device);
		if (n && !strncmp(text, device, n) && !strncmp(text + n, ": ", 2))
			text += n + 2;
		finding_add(findings, found, device, mem_string(text), mem_string(cure));
	}
}

static const char *change_device(const struct change *change)
{
	return strchr(change->name, '-') + 1;
}

static const char *change_format(const struct change *change)
{
	struct block block = {0};
	const char *what;

	if (change->old)
		block_parse(change->old->bytes, change->old->len, change_device(change), true,
			&block);
	what = block.present ? "out of date" : "missing";
	block_free(&block);
	return what;
}

/* The changes of a device come one after the other. */
static void check_changes(const struct facts *facts, struct findings *findings)
{
	const struct changes *changes = &facts->plan->changes;
	struct text what = {0};
	const char *device, *state, *last = "";
	size_t i;

	for (i = 0; i < changes->n; i++) {
		device = change_device(&changes->items[i]);
		state = change_format(&changes->items[i]);
		if (what.n && !strcmp(state, last))
			text_format(&what, " and %s", changes->items[i].name);
		else
			text_format(&what, "%s %s in %s", what.n ? "," : "multihome's block is",
				state, changes->items[i].name);
		last = state;
		if (i + 1 < changes->n && !strcmp(change_device(&changes->items[i + 1]), device))
			continue;
		if (is_edited(facts->plan, device))
			text_free(&what);
		else
			add_for_sync(findings, FINDING_FILES, device, what.bytes);
		memset(&what, 0, sizeof(what));
	}
}

static int planned_by_table(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;

	return (x->table > y->table) - (x->table < y->table);
}

/* That of the uplink that it serves, else the route's own. */
static const char *op_device(const struct index *by_table, const struct op *op)
{
	bool is_rule = op->kind == OP_RULE_ADD || op->kind == OP_RULE_DELETE;
	const struct planned key = {.table = is_rule ? op->rule->table : op->route->table};
	const struct planned *planned = index_find(by_table, &key);

	if (planned)
		return planned->uplink->device;
	return is_rule ? op->rule->device : op->route->device;
}

/* One line a device: its first difference, and how many there are more. */
static void check_ops(const struct facts *facts, struct findings *findings)
{
	struct {
		struct {
			const char *device;
			const struct op *first;
			size_t n;
		} *items;
		size_t n, cap;
	} devices = {NULL, 0, 0};
	struct index by_table = {0};
	struct text what = {0};
	const char *device;
	size_t i, k;

	index_build(&facts->plan->uplinks, planned_by_table, &by_table);
	for (i = 0; i < facts->ops->n; i++) {
		device = op_device(&by_table, &facts->ops->items[i]);
		for (k = 0; k < devices.n && strcmp(devices.items[k].device, device); k++)
			;
		if (k == devices.n) {
			array_add(&devices);
			devices.items[k].device = device;
			devices.items[k].first = &facts->ops->items[i];
		}
		devices.items[k].n++;
	}
	for (k = 0; k < devices.n; k++) {
		device = devices.items[k].device;
		if (is_edited(facts->plan, device))
			continue;
		text_add_string(&what, "the kernel is not as planned: ");
		op_format(devices.items[k].first, &what);
		if (devices.items[k].n > 1)
			text_format(&what, " and %zu more", devices.items[k].n - 1);
		add_for_sync(findings, FINDING_KERNEL, device, what.bytes);
		memset(&what, 0, sizeof(what));
	}
	free(devices.items);
	free(by_table.items);
}

static bool has_conflict(const struct findings *findings, const char *device)
{
	size_t i;

	for (i = 0; i < findings->n; i++)
		if (findings->items[i].kind == FINDING_ARP &&
			!strcmp(findings->items[i].device, device))
			return true;
	return false;
}

static void check_settings(const struct facts *facts, struct findings *findings)
{
	const struct sysctl *wanted, *now;
	size_t i;

	for (i = 0; i < facts->writes->n; i++) {
		wanted = &facts->writes->items[i];
		now = index_find(&facts->settings_in_order, wanted);
		if (now && (wanted->key == SYSCTL_RP_FILTER || !has_conflict(findings, wanted->device)))
			add_for_sync(findings, FINDING_SETTING, wanted->device,
				mem_format("%s is %d, and %d is wanted", sysctl_name(wanted->key),
					now->value, wanted->value));
	}
}

/* --- the host -------------------------------------------------------------------------- */

static bool is_needed(const struct uplink *uplink, enum hook_key key)
{
	if (key == HOOK_NETWORK_MANAGER)
		return uplink->network_manager;
	return !uplink->network_manager && (key != HOOK_DHCP || uplink->leased);
}

/* The first uplink that comes and goes by it; NULL: none. */
static const struct uplink *first_by(const struct plan *plan, enum hook_key key)
{
	const struct planned *planned;
	size_t i;

	for (i = 0; i < plan->uplinks.n; i++) {
		planned = &plan->uplinks.items[i];
		if (planned->state != STATE_BY_HAND && is_needed(planned->uplink, key))
			return planned->uplink;
	}
	return NULL;
}

static void check_hook(const struct facts *facts, enum hook_key key, struct findings *findings)
{
	static const enum finding_kind kinds[HOOKS] = {FINDING_HOOK, FINDING_HOOK, FINDING_HOOK,
		FINDING_DHCP_HOOK, FINDING_NETWORK_MANAGER};
	static const char *const states[] = {
		"", "is not there", "is not executable", "does not run multihome"};
	const struct uplink *uplink = first_by(facts->plan, key);
	const struct hook *hook = &facts->hooks[key];
	const struct finding found = {.kind = kinds[key], .wrong = true};

	if (!uplink || hook->state == HOOK_CALLS)
		return;
	finding_add(findings, found, key >= HOOK_DHCP ? uplink->device : "",
		mem_format("%s%s %s",
			key == HOOK_NETWORK_MANAGER ? "NetworkManager controls it, and " : "",
			hook->path, states[hook->state]),
		cure_hook(hook, key));
}

static const char *table_name(const struct config *config, unsigned table)
{
	size_t i;

	for (i = 0; i < config->tables.n; i++)
		if (config->tables.items[i].number == table)
			return config->tables.items[i].name;
	return NULL;
}

/* Lines of the administrator's in the uplink's own route- file may well be there; of a default
 * route it is said where it leads replies. */
static bool has_foreign_route(const struct facts *facts, const struct planned *planned)
{
	struct route key = {.table = planned->table};
	const struct index *routes = &facts->walks.routes;
	const struct route *route;
	size_t at;

	key.dst.family = planned->uplink->gateway.family;
	for (at = index_first(routes, &key); at < routes->n; at++) {
		route = routes->items[at];
		if (route->table != key.table || route->dst.family != key.dst.family)
			return false;
		if (route->protocol != PROTO_MULTIHOME && route->dst.len &&
			route_hop_count(route) &&
			strcmp(route_hop(route, 0).device, planned->uplink->device))
			return true;
	}
	return false;
}

static bool has_foreign_rule(const struct facts *facts, const struct planned *planned)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < facts->kernel->rules.n; i++) {
		rule = &facts->kernel->rules.items[i];
		if (rule->action == ACTION_LOOKUP && rule->table == planned->table &&
			rule->from.family == planned->uplink->gateway.family && rule->from.len &&
			!facts_own_rule(facts, rule))
			return true;
	}
	return false;
}

/* Who says TABLE= knows what the table is for. */
static void check_shared(
	const struct facts *facts, const struct planned *planned, struct findings *findings)
{
	const struct finding found = {.kind = FINDING_TABLE_SHARED};
	const char *name = table_name(facts->config, planned->table);
	char *what = NULL;

	if (!planned->table || planned->uplink->table)
		return;
	if (name)
		what = mem_format("its table %u is called %s in rt_tables", planned->table, name);
	else if (has_foreign_route(facts, planned))
		what = mem_format("its table %u has routes of somebody else", planned->table);
	else if (has_foreign_rule(facts, planned))
		what = mem_format("a rule of somebody else leads to its table %u", planned->table);
	if (what)
		finding_add(findings, found, planned->uplink->device, what,
			mem_format("set TABLE=%u in %s and run multihome sync", facts->free_table,
				planned->uplink->file->name));
}

void check_files(const struct facts *facts, struct findings *findings)
{
	check_diags(facts, findings);
}

void check_finish(const struct facts *facts, struct check *check, const struct answer *answers,
	struct findings *findings)
{
	bool in_use = facts_in_use(facts);
	struct verdict *verdict;
	int inet6;
	size_t i;

	for (i = 0; i < check->verdicts.n; i++) {
		verdict = &check->verdicts.items[i];
		verdict_finish(facts, verdict, answers);
		if (counts(verdict))
			check_address(facts, verdict, findings);
	}
	for (inet6 = 0; inet6 <= 1; inet6++) {
		verdict_finish(facts, &check->own[inet6], answers);
		check_own(facts, &check->own[inet6], findings);
	}
	check_rules(facts, check, findings);
	check_defaults(facts, findings);
	for (i = 0; i < facts->sources->managed.n; i++)
		check_lost_routes(facts, &facts->sources->managed.items[i], findings);
	check_diags(facts, findings);
	for (i = 0; in_use && i < facts->plan->uplinks.n; i++)
		check_shared(facts, &facts->plan->uplinks.items[i], findings);
	if (in_use) {
		check_states(facts, findings);
		check_changes(facts, findings);
		check_ops(facts, findings);
		check_settings(facts, findings);
		for (i = 0; i < HOOKS; i++)
			check_hook(facts, (enum hook_key)i, findings);
	}
	for (i = 0; i < check->verdicts.n; i++)
		check_no_gateway(facts, &check->verdicts.items[i], findings);
	check_firewall(facts, findings);
}

void check_summary(const struct facts *facts, const struct check *check, struct text *out)
{
	const struct links *links = &facts->kernel->links;
	bool *counted = mem_resize(NULL, links->n + 1), *seen;
	size_t i, nics = 0, right = 0, n = 0;
	const struct verdict *verdict;

	memset(counted, 0, links->n + 1);
	for (i = 0; i < check->verdicts.n; i++) {
		verdict = &check->verdicts.items[i];
		if (!verdict->has_gateway)
			continue;
		n++;
		seen = &counted[verdict->holder - links->items];
		nics += !*seen;
		*seen = true;
		right += verdict_outcome(verdict) == OUTCOME_RIGHT ||
			verdict->fault == FAULT_FIREWALL;
	}
	free(counted);
	if (!n) {
		text_add_string(out, "no NIC has a gateway");
		return;
	}
	if (right < n)
		text_format(out, "%zu of ", right);
	text_format(out, "%zu address%s of %zu NIC%s answer%s by %s own NIC", n, n == 1 ? "" : "es",
		nics, nics == 1 ? "" : "s", n == 1 ? "s" : "", n == 1 ? "its" : "their");
	if (facts->firewall[false] || facts->firewall[true])
		text_add_string(out, ", as far as the firewall lets them");
}
