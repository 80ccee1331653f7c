/* SPDX-License-Identifier: MIT
 * The plan: which uplinks are served, and in what state they are.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/advert.h"
#include "plan/draft.h"

/* The kernel's addresses of the device, in the uplink's family; a link's own do not count. Sets
 * whether one of them is the uplink's. */
static bool has_address(const struct draft *draft, const struct uplink *uplink, bool *its)
{
	const struct index *standing = &draft->lookups.standing;
	const struct address *address;
	bool any = false;
	size_t i;

	*its = false;
	for (i = index_first(standing, uplink->device);
		(address = index_at(standing, i, uplink->device)); i++) {
		any |= address->prefix.family == (uplink->inet6 ? AF_INET6 : AF_INET) &&
			!prefix_is_link_local(&address->prefix);
		*its = *its || prefixes_have(&uplink->addresses, &address->prefix);
	}
	return any;
}

bool draft_is_event_device(const struct draft *draft, const char *device)
{
	return draft->input->device && !strcmp(draft->input->device, device);
}

/* A file whose markers do not match, or that others may write, is not to be spliced. */
static bool has_bad_file(const struct draft *draft, const char *device)
{
	const struct managed *managed;
	unsigned kind;

	for (kind = 0; kind < FILE_KINDS; kind++) {
		managed = draft_find(draft, kind, device);
		if (managed && (managed->broken || managed->unsafe))
			return true;
	}
	return false;
}

static bool is_all_by_hand(const struct draft *draft, const struct uplink *uplink)
{
	struct index by_hand = {0};
	struct prefix address;
	bool all = uplink->addresses.n;
	size_t i;

	draft_find_by_hand(draft, uplink, &by_hand);
	for (i = 0; all && i < uplink->addresses.n; i++) {
		address = prefix_host(&uplink->addresses.items[i]);
		all = rules_meet_source(&by_hand, &address);
	}
	free(by_hand.items);
	return all;
}

static enum uplink_state uplink_state(const struct draft *draft, const struct uplink *uplink)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct link *link;
	bool any, its;

	if (uplink->refused || has_bad_file(draft, uplink->device))
		return STATE_REFUSED;
	if (is_all_by_hand(draft, uplink))
		return STATE_BY_HAND;
	if (!kernel)
		return STATE_UP;
	link = kernel_find_link(draft->input->kernel, uplink->device);
	if (!link || !link->up)
		return STATE_DOWN;
	if (draft->input->event == EVENT_DOWN && draft_is_event_device(draft, uplink->device))
		return STATE_DOWN;
	any = has_address(draft, uplink, &its);
	if (uplink->remembered || its)
		return STATE_UP;
	/* With its last address the kernel takes a device's routes out of every table
	 * (fib_disable_ip): there is nothing that could wait for an ifup. */
	return any ? STATE_EDITED : STATE_DOWN;
}

/* One uplink of a family alone needs no table: main serves it, unless TABLE= asks for one. */
static bool is_served(const struct draft *draft, bool inet6)
{
	const struct config *config = draft->input->config;
	size_t n = inet6 ? config->others6 : config->others, i;

	n += draft->lookups.left_up.n;
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
	const bool served[2] = {is_served(draft, false), is_served(draft, true)};
	const struct uplink *uplink;
	struct planned *planned;
	size_t i;

	for (i = 0; i < config->uplinks.n; i++) {
		uplink = &config->uplinks.items[i];
		if (!served[uplink->inet6] && !uplink->refused)
			continue;
		planned = array_add(&draft->plan->uplinks);
		planned->uplink = uplink;
		planned->state = uplink_state(draft, uplink);
		planned->edited = draft_is_edited(draft, uplink);
		if (planned->state == STATE_BY_HAND)
			diag_notice(draft->diags, uplink->device, 0,
				"left alone: "
				"rule%s-%s has rules of its own for %s",
				uplink->inet6 ? "6" : "", uplink->device, uplink->file->name);
	}
}

define_order(prefixes_in_order, struct prefix, prefix_compare(x, y))

static void own_recorded_rules(struct draft *draft)
{
	const struct rules *record = draft->input->record;
	size_t i;

	for (i = 0; record && i < record->n; i++)
		*array_add(&draft->plan->owned) = record->items[i];
}

/* Aliases share their device, and its settings: the first to ask decides. */
static void drop_repeated(struct draft *draft)
{
	struct index unused = {0};

	array_drop_repeated(&draft->file_routes, routes_by_key, &unused);
	free(unused.items);
	array_drop_repeated(&draft->file_rules, rules_in_order, &unused);
	free(unused.items);
	array_drop_repeated(&draft->plan->sysctls, sysctls_in_order, &draft->sysctls_in_order);
	plan_index(draft->plan);
}

static void draft_free(struct draft *draft)
{
	struct managed *managed;
	size_t i;

	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		block_free(&managed->block);
		text_free(&managed->strays);
		free(managed->ours.items);
		free(managed->routes.items);
		free(managed->rules.items);
	}
	free(draft->managed.items);
	free(draft->managed_by_name.items);
	free(draft->managed_by_device.items);
	free(draft->taken.items);
	free(draft->taken_by_key.items);
	free(draft->file_routes.items);
	free(draft->file_rules.items);
	free(draft->routes_by_file.items);
	free(draft->rules_by_file.items);
	free(draft->sysctls_in_order.items);
	free(draft->recorded.items);
	free(draft->refusing.items);
	free(draft->thrown.items);
	free(draft->serving.networks.items);
	free(draft->serving.by_network.items);
	free(draft->serving.by_hand.items);
	lookups_free(&draft->lookups);
}

static bool is_on_link(const struct draft *draft, const struct uplink *uplink)
{
	const struct index *own = &draft->lookups.own_main;
	struct route key = {.dst = {.family = uplink->gateway.family}};
	const struct route *route;
	size_t i;

	memcpy(key.device, uplink->device, sizeof(key.device));
	for (i = index_first(own, &key);
		(route = route_within(own, i, &key.dst)) && !strcmp(route->device, key.device); i++)
		if (!route->gateway.family && !route_has_no_hop(route) &&
			prefix_contains(&route->dst, &uplink->gateway))
			return true;
	return false;
}

/* A null route that says scope link answers the kernel that looks for a gateway (fib_check_nh). */
static void add_refusing_routes(struct draft *draft)
{
	const struct index *shared = &draft->lookups.shared_main;
	const struct route *route;
	size_t i;

	for (i = 0; i < shared->n; i++) {
		route = shared->items[i];
		if (route_has_no_hop(route) && route->scope >= SCOPE_LINK &&
			route->dst.family == AF_INET)
			*array_add(&draft->refusing) = route->dst;
	}
}

/* A gateway in no network of the device; or others refuse it, or have taken the network's route
 * away. */
static bool is_outside(const struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	size_t i;

	for (i = 0; i < draft->refusing.n; i++)
		if (prefix_contains(&draft->refusing.items[i], &uplink->gateway))
			return true;
	return uplink->gateway_outside ||
		(draft->input->kernel && planned->state == STATE_UP &&
			!prefix_is_link_local(&uplink->gateway) && !is_on_link(draft, uplink));
}

void draft_serve(struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	const enum event event = draft->input->event;
	const bool own = draft_is_event_device(draft, uplink->device);
	struct serving *serving = &draft->serving;
	size_t i;

	serving->planned = planned;
	serving->uplink = uplink;
	serving->networks.n = 0;
	for (i = 0; i < uplink->addresses.n; i++)
		*array_add(&serving->networks) = prefix_network(&uplink->addresses.items[i]);
	free(serving->by_network.items);
	array_drop_repeated(&serving->networks, prefixes_in_order, &serving->by_network);
	serving->by_hand.n = 0;
	draft_find_by_hand(draft, uplink, &serving->by_hand);
	serving->routes_to_file = draft_takes_lines(draft, uplink, 0);
	serving->rules_to_file = draft_takes_lines(draft, uplink, FILE_RULE) &&
		draft_file_has_table(draft, planned->table);
	serving->outside = is_outside(draft, planned);
	serving->parks = own && event == EVENT_PREPARE;
	serving->parks_new = own && event == EVENT_ALIAS;
}

/* False: not all is known yet, see draft_write_blocks; plan once more. */
static bool build_once(
	const struct plan_input *input, bool *his, struct plan *plan, struct diags *diags)
{
	struct draft draft = {.input = input, .plan = plan, .diags = diags, .his = his};
	const struct planned *planned;
	bool done;
	size_t i;

	plan->event = input->event;
	/* What there is, and whose: plan_owns_route needs the administrator's lines. */
	lookups_build(&draft);
	own_recorded_rules(&draft);
	draft_take_apart(&draft);
	taken_collect_lines(&draft);
	index_build(&plan->owned, rules_in_order, &draft.recorded);
	/* Which uplinks are served, by which tables, and what of them this run leaves; then the
	 * record, which keeps what is said of those. */
	if (input->config->enabled && input->event != EVENT_CLEAN) {
		place_uplinks(&draft);
		draft_choose_tables(&draft);
		hold_set(&draft);
		draft_note_brought_up(&draft);
	}
	draft_choose_priorities(&draft);
	draft_add_marks(&draft);
	add_refusing_routes(&draft);
	draft_collect_thrown(&draft);
	draft_keep_held_rules(&draft);
	taken_collect_kernel(&draft);
	/* It points into plan->owned, which grows from here on. */
	free(draft.recorded.items);
	memset(&draft.recorded, 0, sizeof(draft.recorded));
	for (i = 0; i < plan->rules.n; i++)
		*array_add(&plan->owned) = plan->rules.items[i];
	/* What each uplink wants, and what the host wants by what its uplinks got. */
	for (i = 0; i < plan->uplinks.n; i++) {
		planned = &plan->uplinks.items[i];
		if (planned->hold == HOLD_ALL || planned->state == STATE_BY_HAND)
			continue;
		draft_serve(&draft, planned);
		draft_add_routes(&draft);
		draft_add_rules(&draft);
		draft_add_sysctls(&draft);
	}
	draft_copy_held(&draft);
	draft_add_standby(&draft);
	draft_add_way_out(&draft, AF_INET);
	draft_add_way_out(&draft, AF_INET6);
	draft_add_halves(&draft, AF_INET);
	draft_add_halves(&draft, AF_INET6);
	draft_find_destinations(&draft);
	/* The files, of what is left. */
	drop_repeated(&draft);
	done = draft_write_blocks(&draft, his);
	draft_check_settings(&draft);
	draft_free(&draft);
	return done;
}

void plan_build(const struct plan_input *input, struct plan *plan, struct diags *diags)
{
	size_t said = diags->n, n = input->sources->managed.n;
	bool *his = mem_resize(NULL, n * sizeof(*his));

	memset(his, 0, n * sizeof(*his));
	while (!build_once(input, his, plan, diags) ||
		advert_forget(input->config, &plan->changes)) {
		plan_free(plan);
		diags_cut(diags, said);
	}
	free(his);
}
