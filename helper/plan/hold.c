/* SPDX-License-Identifier: MIT
 * What a run leaves as it is: edits that wait for their own ifup, and what is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

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

/* An uplink's own hook does all that its files say. Any other leaves what differs from what ifup
 * has made of it: ifup and ifdown of that device expect it so, and what was edited for later is
 * often not reachable yet. */
static enum hold hold_of(const struct draft *draft, const struct planned *planned)
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
		return HOLD_NONE;
	if (event == EVENT_PREPARE || planned->state == STATE_EDITED)
		return HOLD_ALL;
	/* Nobody has put multihome to work on it, or clean took it away. */
	if (event == EVENT_WATCH && !find_brought_up(draft, planned->uplink))
		return HOLD_ALL;
	/* His lines do nothing before an ifup has made them. */
	if ((planned->state == STATE_BY_HAND && event != EVENT_SYNC) ||
		draft_lacks_by_hand(draft, planned->uplink))
		return HOLD_ALL;
	return event != EVENT_SYNC && planned->edited ? HOLD_ALL : HOLD_NONE;
}

static bool differs_from_record(const struct draft *draft, const struct uplink *uplink)
{
	const struct brought_up *was = find_brought_up(draft, uplink);

	return was && was->fingerprint != uplink->profile->fingerprint;
}

/* An alias that becomes an uplink by an edit is new on record, but its device is edited. */
bool draft_is_edited(const struct draft *draft, const struct uplink *uplink)
{
	const struct index *uplinks = &draft->lookups.uplinks;
	const struct uplink *other;
	size_t at;

	if (find_brought_up(draft, uplink))
		return differs_from_record(draft, uplink);
	/* By another file, that is gone or no more its own. */
	if (index_find(&draft->lookups.left_up, uplink->device))
		return true;
	for (at = index_first(uplinks, uplink); (other = index_at(uplinks, at, uplink)); at++)
		if (differs_from_record(draft, other))
			return true;
	return false;
}

static const char *whose(const struct managed *managed)
{
	return managed->device[0] ? managed->device : managed->name;
}

static void hold_device(struct plan *plan, const char *device, bool files)
{
	struct held_device *held = array_add(&plan->held_devices);

	device_copy(held->device, device);
	held->files = files;
}

/* Is it ours, and for an address of a held uplink? */
static bool is_held_by_source(const struct draft *draft, const struct rule *rule)
{
	const struct index *claimed = &draft->lookups.claimed;
	const struct prefix from = prefix_network(&rule->from);
	const struct claim key = {.address = &from}, *claim;
	size_t at = index_first(claimed, &key);

	claim = at < claimed->n ? claimed->items[at] : NULL;
	return claim && prefix_contains(&from, claim->address) &&
		plan_holds(draft->plan, claim->uplink->device, 0) &&
		index_find(&draft->recorded, rule);
}

void hold_set(struct draft *draft)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct index *left_up = &draft->lookups.left_up;
	const bool prepare = draft->input->event == EVENT_PREPARE;
	struct plan *plan = draft->plan;
	const struct managed *managed;
	const struct route *route;
	struct planned *planned;
	size_t i;

	for (i = 0; i < plan->uplinks.n; i++) {
		planned = &plan->uplinks.items[i];
		planned->hold = hold_of(draft, planned);
		/* A wrong alias takes nothing from its device. */
		if (!planned->hold ||
			(planned->state == STATE_REFUSED && planned->uplink->profile->alias))
			continue;
		hold_device(plan, planned->uplink->device, planned->hold == HOLD_ALL);
		*array_add(&plan->held_tables) = planned->table;
	}
	for (i = 0; i < left_up->n; i++)
		hold_device(plan, ((const struct brought_up *)left_up->items[i])->device, true);
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		if (managed->broken || (prepare && !draft_is_event_device(draft, whose(managed))))
			hold_device(plan, whose(managed), true);
	}
	plan_index_holds(plan);
	/* The tables that held devices have, by blocks, routes or rules, whichever is left: an edit of
	 * TABLE= waits, too. */
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		if (plan_holds_files(plan, whose(managed)))
			*array_add(&plan->held_tables) = managed->block.table;
	}
	for (i = 0; kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route_is_table_default(route) && plan_holds(plan, route->device, 0))
			*array_add(&plan->held_tables) = route->table;
	}
	for (i = 0; kernel && plan->held_devices.n && i < kernel->rules.n; i++)
		if (is_held_by_source(draft, &kernel->rules.items[i]))
			*array_add(&plan->held_tables) = kernel->rules.items[i].table;
	plan_index_holds(plan);
}

/* An uplink that is up, or about to be, was brought up with today's file. One that is held, and one
 * that is refused, of whose file nothing is known, keep what is on record. */
static void note_uplink(struct draft *draft, const struct uplink *uplink)
{
	const struct link *link = kernel_find_link(draft->input->kernel, uplink->device);
	const struct brought_up *was = find_brought_up(draft, uplink);
	const enum event event = draft->input->event;
	bool own = draft_is_event_device(draft, uplink->device);
	bool up = link && link->up;
	unsigned long long fingerprint;

	if (own && event == EVENT_DOWN)
		return;
	if (!uplink->refused && ((own && event != EVENT_SYNC) ||
					(up && !plan_holds(draft->plan, uplink->device, 0))))
		fingerprint = uplink->profile->fingerprint;
	else if (was && (up || uplink->refused))
		fingerprint = was->fingerprint;
	else
		return;
	brought_ups_add(&draft->plan->brought_up, uplink->device, uplink->file->name, fingerprint);
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
		brought_ups_add(&draft->plan->brought_up, was->device, was->file, was->fingerprint);
	}
}
