/* SPDX-License-Identifier: MIT
 * CONNMARK= and UDP_PORTS=: the plan's marks, the rules that they lead by, and the chains that set
 * them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

static const char *path_of(const struct draft *draft)
{
	return draft->input->sources->defaults.path;
}

static void refuse_overlap(const struct draft *draft, const char *rule)
{
	diag_refuse(draft->diags, path_of(draft), draft->input->config->connmark_line,
		"CONNMARK=yes: expected a MARK_MASK apart from others' marks, as of %s", rule);
}

/* Of a rule of ours. */
static unsigned rule_mask(const struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;

	return kernel && kernel->old_marks ? 0xffffffff : draft->input->config->mark_mask;
}

bool draft_is_own_mark(const struct draft *draft, const struct rule *rule)
{
	const struct config *config = draft->input->config;
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	const struct rule like = rule_make_mark(
		rule->from.family, rule->mark, rule_mask(draft), rule->table, rule->priority);
	size_t i;

	if (index_find(&draft->recorded, rule))
		return true;
	for (i = 0; i < uplinks->n && config->connmark && !rule_compare(rule, &like); i++)
		if (uplinks->items[i].table == rule->table)
			return true;
	return false;
}

/* Of others, by a mark with a bit of ours. */
static const struct rule *find_overlap(const struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const unsigned mask = draft->input->config->mark_mask;
	const struct rule *rule;
	size_t i;

	for (i = 0; kernel && i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		if ((rule->mask & mask) && !draft_is_own_mark(draft, rule))
			return rule;
	}
	return NULL;
}

static const char *find_foreign(const struct netfilter *netfilter)
{
	static const char *const names[BACKENDS] = {
		[BACKEND_IPTABLES] = "MULTIHOME of iptables", [BACKEND_NFT] = "multihome of nft"};
	int backend, i;

	for (backend = 0; backend < BACKENDS; backend++)
		for (i = 0; i < 2; i++)
			if (netfilter->chains[backend][i].foreign)
				return names[backend];
	return NULL;
}

static bool is_possible(const struct draft *draft)
{
	const struct netfilter *netfilter = draft->input->netfilter;
	const struct rule *other = find_overlap(draft);
	struct text text = {0};

	if (other) {
		text_add_string(&text, other->from.family == AF_INET6 ? "ip -6 rule add " : "ip rule add ");
		rule_format(other, &text);
		refuse_overlap(draft, text.bytes);
		text_free(&text);
		return false;
	}
	if (netfilter && netfilter->overlap) {
		refuse_overlap(draft, netfilter->overlap);
		return false;
	}
	if (netfilter && find_foreign(netfilter)) {
		diag_refuse(draft->diags, path_of(draft), draft->input->config->connmark_line,
			"CONNMARK=yes: expected no table or chain of others with multihome's name, as %s",
			find_foreign(netfilter));
		return false;
	}
	if (netfilter && netfilter->backend == BACKEND_NONE) {
		diag_refuse(draft->diags, path_of(draft), draft->input->config->connmark_line,
			"CONNMARK=yes: expected nft or iptables-restore");
		return false;
	}
	return true;
}

/* Both programs take it as it is. */
static bool is_plain_name(const char *device)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-";

	return !device[strspn(device, plain)];
}

/* What comes in by an uplink that waits for its ifup goes back by it all the same. */
static bool is_marked(const struct planned *planned)
{
	return planned->table && planned->state != STATE_DOWN && planned->state != STATE_BY_HAND;
}

static bool is_taken(const struct draft *draft, unsigned mark, unsigned table)
{
	const struct markeds *markeds = &draft->plan->markeds;
	size_t i;

	for (i = 0; i < markeds->n; i++)
		if (markeds->items[i].mark == mark && markeds->items[i].table != table)
			return true;
	return false;
}

/* By the table's number, so that a connection keeps its mark whatever uplinks come and go, as long as
 * there are marks enough. */
static unsigned choose_mark(const struct draft *draft, unsigned table)
{
	const struct config *config = draft->input->config;
	const unsigned low = config->mark_mask & -config->mark_mask;
	const unsigned last = config->mark_mask / low;
	unsigned n = table - config->table_first, tries;

	for (tries = 0; tries < last; tries++, n++)
		if (!is_taken(draft, (n % last + 1) * low, table))
			return (n % last + 1) * low;
	return 0;
}

static bool is_first_of_device(const struct draft *draft, const struct uplink *uplink)
{
	const struct markeds *markeds = &draft->plan->markeds;
	size_t i;

	for (i = 0; i < markeds->n; i++)
		if (!strcmp(markeds->items[i].uplink->device, uplink->device) &&
			markeds->items[i].uplink->inet6 == uplink->inet6)
			return false;
	return true;
}

define_order(prefixes_in_order, struct prefix, prefix_compare(x, y))

static void add_marked(struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	const struct priorities *priorities = &draft->priorities[uplink->inet6];
	const unsigned mark = choose_mark(draft, planned->table);
	const bool takes_rest = is_first_of_device(draft, uplink);
	const struct netfilter *netfilter = draft->input->netfilter;
	struct marked *marked;
	struct rule rule;

	if (netfilter && netfilter->lacks[uplink->inet6]) {
		diag_notice(draft->diags, uplink->device, 0,
			"no mark for IPv%c: its iptables-restore is not there",
			uplink->inet6 ? '6' : '4');
		return;
	}
	if (!mark) {
		diag_notice(draft->diags, uplink->device, 0, "no mark: MARK_MASK has no more");
		return;
	}
	if (!is_plain_name(uplink->device)) {
		diag_notice(draft->diags, uplink->device, 0,
			"no mark: nft or iptables would take its name for others'");
		return;
	}
	rule = rule_make_mark(uplink->inet6 ? AF_INET6 : AF_INET, mark,
		rule_mask(draft), planned->table, priorities->mark);
	memcpy(rule.device, uplink->device, sizeof(rule.device));
	*array_add(&draft->plan->rules) = rule;
	*array_add(&draft->plan->owned) = rule;
	marked = array_add(&draft->plan->markeds);
	marked->uplink = uplink;
	marked->table = planned->table;
	marked->mark = mark;
	marked->takes_rest = takes_rest;
}

/* Netfilter is not asked before its hook has come. */
static void keep_recorded(struct draft *draft)
{
	const struct rules *record = draft->input->record;
	size_t i;

	for (i = 0; record && i < record->n; i++)
		if (record->items[i].mask)
			*array_add(&draft->plan->rules) = record->items[i];
}

void draft_add_marks(struct draft *draft)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	const struct planned *planned;
	bool inet6;
	size_t i;

	if (draft->input->event == EVENT_PREPARE) {
		keep_recorded(draft);
		return;
	}
	if (!draft->input->config->connmark)
		return;
	if (!uplinks->n && draft->input->event != EVENT_CLEAN)
		diag_notice(draft->diags, path_of(draft), draft->input->config->connmark_line,
			"CONNMARK=yes does nothing until there is a second uplink");
	if (!uplinks->n || !is_possible(draft))
		return;
	for (i = 0; i < uplinks->n; i++) {
		planned = &uplinks->items[i];
		inet6 = planned->uplink->inet6;
		if (is_marked(planned) && !draft->before_local[inet6] &&
			!draft->marks_before_local[inet6] && !draft->priorities[inet6].closed)
			add_marked(draft, planned);
	}
}

/* At what others' devices have, too, servers are asked; but there no mark leads back. */
static void find_locals(struct draft *draft, bool inet6)
{
	const struct index *standing = &draft->lookups.standing;
	const struct markeds *markeds = &draft->plan->markeds;
	const struct address *address;
	struct index unused = {0};
	size_t i, at;

	for (i = 0; i < markeds->n; i++) {
		const char *device = markeds->items[i].uplink->device;

		if (markeds->items[i].uplink->inet6 != inet6)
			continue;
		for (at = index_first(standing, device); (address = index_at(standing, at, device)); at++)
			if ((address->prefix.family == AF_INET6) == inet6 &&
				!prefix_is_link_local(&address->prefix) && !address->unsettled)
				*array_add(&draft->plan->locals[inet6]) =
					prefix_host(&address->prefix);
	}
	array_drop_repeated(&draft->plan->locals[inet6], prefixes_in_order, &unused);
	free(unused.items);
}

/* Past a full table's first thousand nobody needs a source of its own. */
enum { DESTINATIONS_MAX = 512 };

static void add_destination(struct draft *draft, const struct route *route)
{
	const bool inet6 = route->dst.family == AF_INET6;
	struct prefixes *all = &draft->plan->destinations[inet6];

	if (!route->type && route->table != TABLE_LOCAL && all->n < DESTINATIONS_MAX &&
		prefix_is_unicast(&route->dst) && !prefix_is_link_local(&route->dst))
		*array_add(all) = route->dst;
}

void draft_find_destinations(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct config *config = draft->input->config;
	struct index unused = {0};
	struct prefixes *all;
	size_t i;
	int inet6;

	if (!kernel || !draft->plan->markeds.n || !config->udp_ports.n)
		return;
	for (i = 0; i < draft->plan->routes.n; i++)
		if (draft->plan->routes.items[i].table == TABLE_MAIN)
			add_destination(draft, &draft->plan->routes.items[i]);
	for (i = 0; i < kernel->routes.n; i++)
		if (!plan_owns_route(draft->plan, &kernel->routes.items[i]))
			add_destination(draft, &kernel->routes.items[i]);
	for (inet6 = 0; inet6 <= 1; inet6++) {
		find_locals(draft, inet6);
		all = &draft->plan->destinations[inet6];
		*array_add(all) = (struct prefix){.family = inet6 ? AF_INET6 : AF_INET};
		array_drop_repeated(all, prefixes_in_order, &unused);
		free(unused.items);
		memset(&unused, 0, sizeof(unused));
	}
}
