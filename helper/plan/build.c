/* SPDX-License-Identifier: MIT
 * The plan: which uplinks are served, and in what state they are.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/advert.h"
#include "plan/draft.h"

bool frozen_device(const struct frozen *frozen, const char *device)
{
	size_t i;

	for (i = 0; i < frozen->n; i++)
		if (!strcmp(frozen->items[i], device))
			return true;
	return false;
}

bool frozen_table(const struct frozen *frozen, unsigned table)
{
	size_t i;

	for (i = 0; i < frozen->tables.n; i++)
		if (frozen->tables.items[i] == table)
			return true;
	return false;
}

void frozen_add(struct frozen *frozen, const char *device, unsigned table)
{
	if (device[0] && !frozen_device(frozen, device))
		memcpy(*array_add(frozen), device, strlen(device) + 1);
	if (table && !frozen_table(frozen, table))
		*array_add(&frozen->tables) = table;
}

bool route_is_default_of(const struct route *route, const char *device)
{
	return route->protocol == PROTO_MULTIHOME && route->table != TABLE_MAIN &&
		!route->dst.len && !strcmp(route->device, device);
}

/* With the tables that its blocks name, or that hold its default route if it has none:
 * rules and routes there are its own. */
static void freeze_device(struct draft *draft, const char *device)
{
	const struct kernel *kernel = draft->input->kernel;
	size_t i;

	frozen_add(&draft->plan->frozen, device, 0);
	for (i = 0; i < draft->managed.n; i++)
		if (!strcmp(draft->managed.items[i].device, device))
			frozen_add(
				&draft->plan->frozen, device, draft->managed.items[i].block.table);
	for (i = 0; kernel && i < kernel->routes.n; i++)
		if (route_is_default_of(&kernel->routes.items[i], device))
			frozen_add(&draft->plan->frozen, device, kernel->routes.items[i].table);
}

/* Of the uplink's family; a link's own does not count. */
static bool has_address(const struct kernel *kernel, const struct uplink *uplink)
{
	const struct address *address;
	size_t i;

	for (i = 0; i < kernel->addresses.n; i++) {
		address = &kernel->addresses.items[i];
		if (address->prefix.family == (uplink->inet6 ? AF_INET6 : AF_INET) &&
			!strcmp(address->device, uplink->device) &&
			!prefix_is_link_local(&address->prefix))
			return true;
	}
	return false;
}

bool draft_is_event_device(const struct draft *draft, const char *device)
{
	return draft->input->device && !strcmp(draft->input->device, device);
}

static enum uplink_state uplink_state(const struct draft *draft, const struct uplink *uplink)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct link *link;

	if (uplink->refused || frozen_device(&draft->plan->frozen, uplink->device))
		return STATE_REFUSED;
	if (draft_by_hand(draft, uplink))
		return STATE_BY_HAND;
	if (!kernel)
		return STATE_UP;
	link = kernel_find_link(kernel, uplink->device);
	if (!link || !link->up)
		return STATE_DOWN;
	if (draft->input->event == EVENT_DOWN && draft_is_event_device(draft, uplink->device))
		return STATE_DOWN;
	if (uplink->remembered ||
		addresses_have_any(&kernel->addresses, uplink->device, &uplink->addresses))
		return STATE_UP;
	/* With its last address the kernel takes a device's routes out of every table
	 * (fib_disable_ip): there is nothing that could wait for an ifup. */
	return has_address(kernel, uplink) ? STATE_EDITED : STATE_DOWN;
}

/* One uplink of a family alone needs no table: main serves it, unless TABLE= asks for one. */
static bool is_served(const struct config *config, bool inet6)
{
	size_t n = inet6 ? config->others6 : config->others, i;

	for (i = 0; i < config->uplinks.n; i++) {
		if (config->uplinks.items[i].inet6 != inet6)
			continue;
		if (config->uplinks.items[i].table)
			return true;
		n++;
	}
	return n > 1;
}

static void place_uplinks(struct draft *draft)
{
	const struct config *config = draft->input->config;
	struct planned *planned;
	size_t i;

	for (i = 0; i < config->uplinks.n; i++) {
		if (!is_served(config, config->uplinks.items[i].inet6) &&
			!config->uplinks.items[i].refused)
			continue;
		planned = array_add(&draft->plan->uplinks);
		planned->uplink = &config->uplinks.items[i];
		planned->state = uplink_state(draft, planned->uplink);
		if (planned->state == STATE_REFUSED)
			freeze_device(draft, planned->uplink->device);
		if (planned->state == STATE_BY_HAND)
			diag_notice(draft->diags, planned->uplink->device, 0,
				"left alone: "
				"rule%s-%s has rules of its own for %s",
				planned->uplink->inet6 ? "6" : "", planned->uplink->device,
				planned->uplink->file->name);
	}
}

/* A hook changes what its own device needs. An uplink that was edited while up keeps what it
 * has until its own ifup or ifdown, so that ifdown-routes finds the rules that it deletes. */
static void freeze_waiting(struct draft *draft)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	enum event event = draft->input->event;
	const char *device;
	size_t i;

	for (i = 0; i < uplinks->n; i++) {
		device = uplinks->items[i].uplink->device;
		if (draft_is_event_device(draft, device))
			continue;
		if (event == EVENT_PREPARE) {
			freeze_device(draft, device);
			frozen_add(&draft->plan->frozen, device, uplinks->items[i].table);
		} else if (event != EVENT_SYNC && uplinks->items[i].state == STATE_EDITED) {
			freeze_device(draft, device);
		}
	}
	for (i = 0; event == EVENT_PREPARE && i < draft->managed.n; i++)
		if (!draft_is_event_device(draft, draft->managed.items[i].device))
			freeze_device(draft, draft->managed.items[i].device);
}

static void own_recorded_rules(struct draft *draft)
{
	const struct rules *record = draft->input->record;
	size_t i;

	for (i = 0; record && i < record->n; i++)
		*array_add(&draft->plan->owned) = record->items[i];
}

/* Of routes with one key the kernel takes only one. */
void plan_index(struct plan *plan)
{
	array_drop_repeated(&plan->routes, routes_by_key, &plan->routes_by_key);
	array_drop_repeated(&plan->rules, rules_in_order, &plan->rules_in_order);
}

static void drop_repeated(struct draft *draft)
{
	struct index unused = {0};

	array_drop_repeated(&draft->file_routes, routes_by_key, &unused);
	free(unused.items);
	array_drop_repeated(&draft->file_rules, rules_in_order, &unused);
	free(unused.items);
	plan_index(draft->plan);
}

static void draft_free(struct draft *draft)
{
	size_t i;

	for (i = 0; i < draft->managed.n; i++)
		block_free(&draft->managed.items[i].block);
	free(draft->managed.items);
	free(draft->admin_routes.items);
	free(draft->file_routes.items);
	free(draft->file_rules.items);
	free(draft->networks.items);
	free(draft->network_index.items);
	lookups_free(&draft->lookups);
}

static void build_once(const struct plan_input *input, struct plan *plan, struct diags *diags)
{
	struct draft draft = {.input = input, .plan = plan, .diags = diags};
	const struct planned *planned;
	size_t i;

	lookups_build(input, &draft.lookups);
	own_recorded_rules(&draft);
	draft_take_apart(&draft);
	if (input->config->enabled && input->event != EVENT_CLEAN) {
		place_uplinks(&draft);
		draft_choose_tables(&draft);
		freeze_waiting(&draft);
	}
	for (i = 0; i < plan->uplinks.n; i++) {
		planned = &plan->uplinks.items[i];
		if (planned->state == STATE_REFUSED || planned->state == STATE_BY_HAND ||
			frozen_device(&plan->frozen, planned->uplink->device))
			continue;
		draft_take_networks(&draft, planned->uplink);
		draft_add_routes(&draft, planned);
		draft_add_rules(&draft, planned);
		draft_add_sysctls(&draft, planned);
	}
	drop_repeated(&draft);
	draft_write_blocks(&draft);
	draft_check_settings(&draft);
	draft_free(&draft);
}

void plan_build(const struct plan_input *input, struct plan *plan, struct diags *diags)
{
	size_t said = diags->n;

	build_once(input, plan, diags);
	while (config_forget(input->config, &plan->changes)) {
		plan_free(plan);
		diags_cut(diags, said);
		build_once(input, plan, diags);
	}
}

void plan_free(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->changes.n; i++) {
		free(plan->changes.items[i].name);
		free(plan->changes.items[i].path);
		free(plan->changes.items[i].bytes);
	}
	free(plan->uplinks.items);
	free(plan->routes.items);
	free(plan->rules.items);
	free(plan->routes_by_key.items);
	free(plan->rules_in_order.items);
	free(plan->owned.items);
	free(plan->frozen.items);
	free(plan->frozen.tables.items);
	free(plan->changes.items);
	free(plan->sysctls.items);
	free(plan->probes.items);
	memset(plan, 0, sizeof(*plan));
}
