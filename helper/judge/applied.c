/* SPDX-License-Identifier: MIT
 * What check finds of files, kernel and settings that are not as planned.
 */
#include <string.h>

#include "judge/checks.h"
#include "judge/cures.h"

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

/* One that is for an address outside of the uplink's networks, a service's, means that uplink. */
static bool has_foreign_rule(const struct facts *facts, const struct planned *planned)
{
	const struct rule *rule;
	bool outside;
	size_t i;

	for (i = 0; i < facts->kernel->rules.n; i++) {
		rule = &facts->kernel->rules.items[i];
		if (rule->action != ACTION_LOOKUP || rule->table != planned->table ||
			rule->from.family != planned->uplink->gateway.family || !rule->from.len ||
			facts_own_rule(facts, rule))
			continue;
		facts_find_uplink(facts, planned->uplink->device, &rule->from, &outside);
		if (!outside || rule->from.len < prefix_bits(rule->from.family))
			return true;
	}
	return false;
}

/* Fresh; NULL: the table is the uplink's alone. */
static char *describe_sharing(const struct facts *facts, const struct planned *planned)
{
	const struct table_names *names = &facts->config->tables;
	size_t i;

	for (i = 0; i < names->n; i++)
		if (names->items[i].number == planned->table)
			return mem_format("its table %u is called %s in rt_tables", planned->table,
				names->items[i].name);
	if (has_foreign_route(facts, planned))
		return mem_format("its table %u has routes of somebody else", planned->table);
	if (has_foreign_rule(facts, planned))
		return mem_format("a rule of somebody else leads to its table %u", planned->table);
	return NULL;
}

/* Who says TABLE= knows what the table is for. */
void check_shared_tables(const struct facts *facts, struct findings *findings)
{
	const struct planned *planned;
	char *what;
	size_t i;

	for (i = 0; i < facts->plan->uplinks.n; i++) {
		planned = &facts->plan->uplinks.items[i];
		if (!planned->table || planned->uplink->table)
			continue;
		what = describe_sharing(facts, planned);
		if (what)
			finding_add(findings, (struct finding){.kind = FINDING_TABLE_SHARED},
				planned->uplink->device, what,
				mem_format("see what else table %u is for, and TABLE= in %s",
					planned->table, planned->uplink->file->name));
	}
}

static void check_state(
	const struct facts *facts, const struct planned *planned, struct findings *findings)
{
	const struct file *file = planned->uplink->file;
	const char *device = planned->uplink->device;

	if (planned->state == STATE_EDITED)
		finding_add(findings, (struct finding){.kind = FINDING_EDITED, .wrong = true},
			device, mem_format("it has other addresses than %s gives it", file->name),
			cure_restart(device));
	else if (planned->state == STATE_DOWN && !facts_file_says_no(facts, file, "ONBOOT"))
		finding_add(findings, (struct finding){.kind = FINDING_DOWN}, device,
			mem_string("it is down, or without an address"),
			cure_down(facts, device));
	else if (planned->edited && planned->state == STATE_UP)
		finding_add(findings, (struct finding){.kind = FINDING_WAITS}, device,
			mem_format("%s was edited since the NIC came up", file->name),
			facts_sync_has_work(facts) ? cure_sync() : cure_restart(device));
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

/* One line is enough for all of a device that one sync puts right, and none for what waits for an
 * ifup. Takes what over. */
static void add_for_sync(const struct facts *facts, struct findings *findings,
	enum finding_kind kind, const char *device, char *what)
{
	bool told = kind != FINDING_SETTING && is_edited(facts->plan, device);
	const struct finding *other;
	size_t i;

	for (i = 0; i < findings->n && !told; i++) {
		other = &findings->items[i];
		told = other->wrong && !strcmp(other->device, device) && other->kind != kind &&
			!strcmp(other->cure, "run multihome sync");
	}
	if (told)
		free(what);
	else
		finding_add(findings, (struct finding){.kind = kind, .wrong = true}, device, what,
			cure_sync());
}

static const char *change_device(const struct change *change)
{
	return strchr(change->name, '-') + 1;
}

/* The changes of a device come one after the other. */
static void check_changes(const struct facts *facts, struct findings *findings)
{
	const struct changes *changes = &facts->plan->changes;
	const struct file *old;
	struct text what = {0};
	const char *device, *state, *last = "";
	size_t i;

	for (i = 0; i < changes->n; i++) {
		device = change_device(&changes->items[i]);
		old = changes->items[i].old;
		state = old && facts_file_has_block(old) ? "out of date" : "missing";
		if (what.n && !strcmp(state, last))
			text_format(&what, " and %s", changes->items[i].name);
		else
			text_format(&what, "%s %s in %s", what.n ? "," : "multihome's block is",
				state, changes->items[i].name);
		last = state;
		if (i + 1 < changes->n && !strcmp(change_device(&changes->items[i + 1]), device))
			continue;
		add_for_sync(facts, findings, FINDING_FILES, device, what.bytes);
		memset(&what, 0, sizeof(what));
	}
}

define_order(planned_by_table, struct planned, compare_numbers(x->table, y->table))

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
			array_add(&devices)->device = device;
			devices.items[k].first = &facts->ops->items[i];
		}
		devices.items[k].n++;
	}
	for (k = 0; k < devices.n; k++) {
		text_add_string(&what, "the kernel is not as planned: ");
		op_format(devices.items[k].first, &what);
		if (devices.items[k].n > 1)
			text_format(&what, " and %zu more", devices.items[k].n - 1);
		add_for_sync(facts, findings, FINDING_KERNEL, devices.items[k].device, what.bytes);
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
			add_for_sync(facts, findings, FINDING_SETTING, wanted->device,
				mem_format("%s is %d, and %d is wanted", sysctl_name(wanted->key),
					now->value, wanted->value));
	}
}

void check_applied(const struct facts *facts, struct findings *findings)
{
	size_t i;

	for (i = 0; i < facts->plan->uplinks.n; i++)
		check_state(facts, &facts->plan->uplinks.items[i], findings);
	check_changes(facts, findings);
	check_ops(facts, findings);
	check_settings(facts, findings);
}
