/* SPDX-License-Identifier: MIT
 * The plan once it is made: what is looked up in it, and its end.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/plan.h"

define_order(tables_in_order, unsigned, compare_numbers(*x, *y))

void plan_index_holds(struct plan *plan)
{
	free(plan->held_by_device.items);
	free(plan->held_by_table.items);
	index_build(&plan->held_devices, devices_in_order, &plan->held_by_device);
	index_build(&plan->held_tables, tables_in_order, &plan->held_by_table);
}

/* The kernel takes only one of the routes with one key. */
void plan_index(struct plan *plan)
{
	free(plan->routes_by_key.items);
	free(plan->rules_in_order.items);
	array_drop_repeated(&plan->routes, routes_by_key, &plan->routes_by_key);
	array_drop_repeated(&plan->rules, rules_in_order, &plan->rules_in_order);
	plan_index_holds(plan);
}

bool plan_holds(const struct plan *plan, const char *device, unsigned table)
{
	return (table && index_find(&plan->held_by_table, &table)) ||
		(*device && index_find(&plan->held_by_device, device));
}

bool plan_holds_files(const struct plan *plan, const char *device)
{
	const struct index *by_device = &plan->held_by_device;
	const struct held_device *held;
	size_t at;

	for (at = index_first(by_device, device); (held = index_at(by_device, at, device)); at++)
		if (held->files)
			return true;
	return false;
}

bool plan_holds_route(const struct plan *plan, const struct route *route)
{
	bool prepare = plan->event == EVENT_PREPARE;

	/* Routes in main are planned for the host, not for an uplink. */
	if (route->table == TABLE_MAIN)
		return prepare;
	/* Bans go on to follow main. */
	if (!prepare && route_has_no_hop(route))
		return false;
	return plan_holds(plan, route->device, route->table != TABLE_DEFAULT ? route->table : 0);
}

static bool is_left(const struct route *route)
{
	return route->protocol == PROTO_BOOT && route->metric == METRIC_LEFT &&
		!route->dst.len && route->table == TABLE_MAIN;
}

/* A line that looks like ours and is his is his in the kernel, too. */
bool plan_owns_route(const struct plan *plan, const struct route *route)
{
	const struct index *his_by_key = &plan->his_by_key;
	const struct route *his;
	size_t at;

	if (is_left(route))
		return true;
	if (route->protocol != PROTO_MULTIHOME)
		return false;
	for (at = index_first(his_by_key, route); (his = index_at(his_by_key, at, route)); at++)
		if (!prefix_compare_address(&his->gateway, &route->gateway) &&
			(!his->device[0] || !strcmp(his->device, route->device)))
			return false;
	return true;
}

const struct health *health_find_dead(
	const struct healths *healths, const char *device, const struct prefix *gateway)
{
	const struct health *health;
	size_t i;

	for (i = 0; healths && i < healths->n; i++) {
		health = &healths->items[i];
		if (health->state == HEALTH_DEAD && !strcmp(health->device, device) &&
			(health->no_carrier || prefix_same_address(&health->gateway, gateway)))
			return health;
	}
	return NULL;
}

void healths_free(struct healths *healths)
{
	size_t i;

	for (i = 0; i < healths->n; i++)
		free(healths->items[i].reason);
	free(healths->items);
	memset(healths, 0, sizeof(*healths));
}

void brought_ups_add(struct brought_ups *out, const char *device, const char *file,
	unsigned long long fingerprint)
{
	struct brought_up *added = array_add(out);

	device_copy(added->device, device);
	added->file = mem_string(file);
	added->fingerprint = fingerprint;
}

void brought_ups_free(struct brought_ups *brought_ups)
{
	size_t i;

	for (i = 0; i < brought_ups->n; i++)
		free(brought_ups->items[i].file);
	free(brought_ups->items);
	memset(brought_ups, 0, sizeof(*brought_ups));
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
	free(plan->markeds.items);
	free(plan->locals[0].items);
	free(plan->locals[1].items);
	free(plan->destinations[0].items);
	free(plan->destinations[1].items);
	free(plan->his.items);
	free(plan->his_by_key.items);
	free(plan->held_devices.items);
	free(plan->held_tables.items);
	free(plan->held_by_device.items);
	free(plan->held_by_table.items);
	brought_ups_free(&plan->brought_up);
	free(plan->changes.items);
	free(plan->sysctls.items);
	free(plan->probes.items);
	memset(plan, 0, sizeof(*plan));
}
