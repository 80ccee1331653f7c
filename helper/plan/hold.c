/* SPDX-License-Identifier: MIT
 * What a run leaves as it is: edits that wait for their own ifup, and what is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

static int holds_by_device(const void *a, const void *b)
{
	const struct hold *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static int holds_by_table(const void *a, const void *b)
{
	const struct hold *x = a, *y = b;

	return (x->table > y->table) - (x->table < y->table);
}

void plan_index_holds(struct plan *plan)
{
	free(plan->holds_by_device.items);
	free(plan->holds_by_table.items);
	index_build(&plan->holds, holds_by_device, &plan->holds_by_device);
	index_build(&plan->holds, holds_by_table, &plan->holds_by_table);
}

static bool has_hold(const struct index *holds, const struct hold *key)
{
	const struct hold *hold;
	size_t at;

	for (at = index_first(holds, key); (hold = index_at(holds, at, key)); at++)
		if (hold->what & key->what)
			return true;
	return false;
}

bool plan_holds(const struct plan *plan, unsigned what, const char *device, unsigned table)
{
	struct hold key = {.table = table, .what = what};

	memcpy(key.device, device, strlen(device) + 1);
	return (table && has_hold(&plan->holds_by_table, &key)) ||
		(*device && has_hold(&plan->holds_by_device, &key));
}

bool plan_holds_route(const struct plan *plan, const struct route *route)
{
	bool prepare = plan->event == EVENT_PREPARE;

	/* What main has is planned for the host, not for an uplink. */
	if (route->table == TABLE_MAIN)
		return prepare;
	/* Bans go on to follow main. */
	if (!prepare && route->type >= ROUTE_BLACKHOLE)
		return false;
	return plan_holds(plan, HOLD_KERNEL, route->device,
		route->table != TABLE_DEFAULT ? route->table : 0);
}

/* A device may have several uplinks, its aliases'. */
static bool has_uplink_up(const struct draft *draft, const char *device)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].state == STATE_UP &&
			!strcmp(uplinks->items[i].uplink->device, device))
			return true;
	return false;
}

/* An uplink's own hook does all that its files say. Any other leaves what differs from what ifup
 * has made of it: ifup and ifdown of that device expect it so, and what was edited for later is
 * often not reachable yet. */
static unsigned hold_of(const struct draft *draft, const struct planned *planned)
{
	enum event event = draft->input->event;
	bool own = event != EVENT_SYNC && draft_is_event_device(draft, planned->uplink->device);

	if (planned->state == STATE_REFUSED)
		return HOLD_ALL;
	/* ifup has yet to change the address; if it dies before that, the old one goes on. */
	if (own && event == EVENT_PREPARE && planned->state == STATE_EDITED &&
		!has_uplink_up(draft, planned->uplink->device))
		return HOLD_KERNEL;
	if (own)
		return 0;
	if (event == EVENT_PREPARE || planned->state == STATE_EDITED)
		return HOLD_ALL;
	/* His rules do nothing before an ifup has made them. */
	if (planned->state == STATE_BY_HAND)
		return event == EVENT_SYNC && draft_rules_by_hand_are_there(draft, planned->uplink)
			? 0
			: HOLD_ALL;
	return event != EVENT_SYNC && planned->edited ? HOLD_ALL : 0;
}

static void add_hold(struct holds *holds, const char *device, unsigned table, unsigned what)
{
	struct hold *hold = array_add(holds);

	memcpy(hold->device, device, strlen(device) + 1);
	hold->table = table;
	hold->what = what;
}

static const struct brought_up *find_brought_up(
	const struct draft *draft, const struct uplink *uplink)
{
	const struct index *record = &draft->lookups.brought_up;
	const struct brought_up key = {.file = uplink->file->name}, *was;
	size_t at;

	for (at = index_first(record, &key); (was = index_at(record, at, &key)); at++)
		if (!strcmp(was->device, uplink->device))
			return was;
	return NULL;
}

bool draft_is_edited(const struct draft *draft, const struct uplink *uplink)
{
	const struct brought_up *was = find_brought_up(draft, uplink);

	return was && was->fingerprint != uplink->profile->fingerprint;
}

/* The tables that held devices have in the kernel: an edit of TABLE= waits, too. */
static void hold_tables(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	struct plan *plan = draft->plan;
	const struct managed *managed;
	const struct route *route;
	const char *device;
	struct holds more = {0};
	size_t i;

	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		device = managed->device[0] ? managed->device : managed->name;
		if (plan_holds(plan, HOLD_FILES, device, 0))
			add_hold(&more, device, managed->block.table, HOLD_ALL);
	}
	for (i = 0; kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route_is_table_default(route) &&
			plan_holds(plan, HOLD_KERNEL, route->device, 0))
			add_hold(&more, route->device, route->table, HOLD_KERNEL);
	}
	for (i = 0; i < more.n; i++)
		*array_add(&plan->holds) = more.items[i];
	free(more.items);
}

void hold_set(struct draft *draft)
{
	const struct index *left_up = &draft->lookups.left_up;
	struct plan *plan = draft->plan;
	const struct brought_up *was;
	const struct managed *managed;
	struct planned *planned;
	const char *device;
	size_t i;

	for (i = 0; i < plan->uplinks.n; i++) {
		planned = &plan->uplinks.items[i];
		planned->hold = hold_of(draft, planned);
		/* A wrong alias takes nothing from its device. */
		if (planned->hold && !(planned->state == STATE_REFUSED && planned->uplink->profile->alias))
			add_hold(&plan->holds, planned->uplink->device, planned->table,
				planned->hold);
	}
	for (i = 0; i < left_up->n; i++) {
		was = left_up->items[i];
		add_hold(&plan->holds, was->device, 0, HOLD_ALL);
	}
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		device = managed->device[0] ? managed->device : managed->name;
		if (managed->broken ||
			(draft->input->event == EVENT_PREPARE &&
				!draft_is_event_device(draft, device)))
			add_hold(&plan->holds, device, managed->block.table, HOLD_ALL);
	}
	plan_index_holds(plan);
	hold_tables(draft);
	plan_index_holds(plan);
}

static void add_brought_up(struct brought_ups *out, const char *device, const char *file,
	unsigned long long fingerprint)
{
	struct brought_up *added = array_add(out);

	memcpy(added->device, device, strlen(device) + 1);
	added->file = mem_string(file);
	added->fingerprint = fingerprint;
}

/* What is up, or about to be, was brought up with today's file, or is held with that of before. */
static void note_uplink(struct draft *draft, const struct uplink *uplink)
{
	const struct link *link = kernel_find_link(draft->input->kernel, uplink->device);
	const struct brought_up *was = find_brought_up(draft, uplink);
	bool own = draft_is_event_device(draft, uplink->device);
	bool held = plan_holds(draft->plan, HOLD_KERNEL, uplink->device, 0);

	if (own && draft->input->event == EVENT_DOWN)
		return;
	/* Nothing is known of a file that is refused: what was before still counts. */
	if (uplink->refused) {
		if (was)
			add_brought_up(&draft->plan->brought_up, uplink->device,
				uplink->file->name, was->fingerprint);
		return;
	}
	if ((own && draft->input->event != EVENT_SYNC) || (link && link->up && !held))
		add_brought_up(&draft->plan->brought_up, uplink->device, uplink->file->name,
			uplink->profile->fingerprint);
	else if (link && link->up && was)
		add_brought_up(&draft->plan->brought_up, uplink->device, uplink->file->name,
			was->fingerprint);
}

void draft_note_brought_up(struct draft *draft)
{
	const struct index *left_up = &draft->lookups.left_up;
	const struct uplinks *uplinks = &draft->input->config->uplinks;
	const struct brought_up *was;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		/* A file's uplink of IPv4 speaks for that of IPv6, too. */
		if (index_find(&draft->lookups.by_file, &uplinks->items[i]) == &uplinks->items[i])
			note_uplink(draft, &uplinks->items[i]);
	for (i = 0; i < left_up->n; i++) {
		was = left_up->items[i];
		add_brought_up(&draft->plan->brought_up, was->device, was->file, was->fingerprint);
	}
}

void brought_ups_free(struct brought_ups *brought_ups)
{
	size_t i;

	for (i = 0; i < brought_ups->n; i++)
		free(brought_ups->items[i].file);
	free(brought_ups->items);
	memset(brought_ups, 0, sizeof(*brought_ups));
}
