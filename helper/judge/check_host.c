/* SPDX-License-Identifier: MIT
 * What else stands in the way: hooks that nobody calls, gateways that do not answer, tables that
 * are somebody else's, too.
 */
#include <stdlib.h>
#include <string.h>

#include "judge/check_parts.h"

static void add(
	struct findings *findings, struct finding found, const char *device, char *what, char *cure)
{
	memcpy(found.device, device, strlen(device) + 1);
	finding_add(findings, found, what, cure);
}

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

static char *cure_hook(const struct hook *hook, enum hook_key key)
{
	if (hook->state == HOOK_NOT_EXECUTABLE)
		return mem_format("run chmod +x %s", hook->path);
	if (!hook->ours)
		return mem_string("install multihome");
	if (hook->state == HOOK_MISSING)
		return mem_format("run ln -sfn %s %s", hook->ours, hook->path);
	/* dhclient-script sources its hooks. */
	return key == HOOK_DHCP ? mem_format("add to it: . %s", hook->ours)
				: mem_format("add to it: %s \"$@\"", hook->ours);
}

static void check_hook(const struct check_input *in, enum hook_key key, struct findings *findings)
{
	static const enum finding_kind kinds[HOOKS] = {FINDING_HOOK, FINDING_HOOK, FINDING_HOOK,
		FINDING_DHCP_HOOK, FINDING_NETWORK_MANAGER};
	static const char *const states[] = {
		"", "is not there", "is not executable", "does not run multihome"};
	const struct uplink *uplink = first_by(in->plan, key);
	const struct hook *hook = &in->hooks[key];
	struct finding found = {.kind = kinds[key], .wrong = true};

	if (!uplink || hook->state == HOOK_CALLS)
		return;
	add(findings, found, key >= HOOK_DHCP ? uplink->device : "",
		mem_format("%s%s %s",
			key == HOOK_NETWORK_MANAGER ? "NetworkManager controls it, and " : "",
			hook->path, states[hook->state]),
		cure_hook(hook, key));
}

static bool is_first(const struct inquiry *inquiry, size_t at)
{
	const struct asked *items = inquiry->asked.items;
	size_t i;

	for (i = 0; i < at; i++)
		if (!strcmp(items[i].address->device, items[at].address->device) &&
			prefix_same_address(&items[i].gateway, &items[at].gateway))
			return false;
	return true;
}

/* A neighbour that was never asked for tells nothing, and check sends no packet to find out. */
static void check_neighbours(
	const struct check_input *in, const struct inquiry *inquiry, struct findings *findings)
{
	struct finding found = {.kind = FINDING_NEIGHBOUR, .wrong = true};
	const struct neighbour *neighbour;
	const struct asked *asked;
	char gateway[PREFIX_TEXT];
	const char *device;
	size_t i;

	for (i = 0; i < inquiry->asked.n; i++) {
		asked = &inquiry->asked.items[i];
		device = asked->address->device;
		neighbour = kernel_find_neighbour(in->kernel, device, &asked->gateway);
		if (!asked->gateway.family || !neighbour || !is_first(inquiry, i) ||
			!(neighbour->state & (NEIGHBOUR_INCOMPLETE | NEIGHBOUR_FAILED)))
			continue;
		prefix_format_address(&asked->gateway, gateway);
		found.address = asked->gateway;
		add(findings, found, device,
			mem_format("the gateway %s did not answer when it was last asked for its "
				   "MAC address",
				gateway),
			mem_format("see its cable and %s, then ping -c 1 -I %s %s",
				asked->uplink ? asked->uplink->file->name : "the gateway", device,
				gateway));
	}
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
static bool has_foreign_route(const struct kernel *kernel, const struct planned *planned)
{
	const struct route *route;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->table == planned->table && route->protocol != PROTO_MULTIHOME &&
			route->dst.len && route->dst.family == planned->uplink->gateway.family &&
			route_hop_count(route) &&
			strcmp(route_hop(route, 0).device, planned->uplink->device))
			return true;
	}
	return false;
}

static bool has_foreign_rule(const struct check_input *in, const struct planned *planned)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < in->kernel->rules.n; i++) {
		rule = &in->kernel->rules.items[i];
		if (rule->action == ACTION_LOOKUP && rule->table == planned->table &&
			rule->from.family == planned->uplink->gateway.family && rule->from.len &&
			!check_is_owned(in, rule))
			return true;
	}
	return false;
}

/* Who says TABLE= knows what the table is for. */
static void check_shared(
	const struct check_input *in, const struct planned *planned, struct findings *findings)
{
	struct finding found = {.kind = FINDING_TABLE_SHARED};
	const char *name = table_name(in->config, planned->table);
	char *what = NULL;

	if (!planned->table || planned->uplink->table)
		return;
	if (name)
		what = mem_format("its table %u is called %s in rt_tables", planned->table, name);
	else if (has_foreign_route(in->kernel, planned))
		what = mem_format("its table %u has routes of somebody else", planned->table);
	else if (has_foreign_rule(in, planned))
		what = mem_format("a rule of somebody else leads to its table %u", planned->table);
	if (what)
		add(findings, found, planned->uplink->device, what,
			mem_format("set TABLE=%u in %s and run multihome sync",
				check_free_table(in, 0), planned->uplink->file->name));
}

void check_host(
	const struct check_input *in, const struct inquiry *inquiry, struct findings *findings)
{
	bool in_use = check_is_in_use(in);
	size_t i;

	for (i = 0; in_use && i < in->plan->uplinks.n; i++)
		check_shared(in, &in->plan->uplinks.items[i], findings);
	check_neighbours(in, inquiry, findings);
	for (i = 0; in_use && i < HOOKS; i++)
		check_hook(in, (enum hook_key)i, findings);
}
