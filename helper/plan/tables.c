/* SPDX-License-Identifier: MIT
 * The plan's choice of tables: TABLE=, else the block's or, without one, the kernel's, else
 * the lowest that is free.
 */
#include <stdlib.h>
#include <string.h>

#include "plan/draft.h"

/* A table that is not free for everybody. */
struct use {
	unsigned table;
	bool ours;	    /* an uplink's of that device, in a block or in the kernel */
	device_name device; /* of ours, or of the file that names it; "": the kernel's others */
};

struct uses {
	struct use *items;
	size_t n, cap;
};

struct choice {
	struct draft *draft;
	struct uses uses;
	struct index used;     /* the uses, by table */
	struct index given;    /* uplinks that have a table, by it */
	struct index by_file;  /* all uplinks */
	struct index defaults; /* ours of uplinks' tables in the kernel, by device */
	unsigned next;	       /* all of the range before it are taken for everybody */
};

define_order(planned_by_table, struct planned, compare_numbers(x->table, y->table))
define_order(planned_by_file, struct planned,
	(x->uplink->file > y->uplink->file) - (x->uplink->file < y->uplink->file))
define_order(routes_by_device, struct route, strcmp(x->device, y->device))
define_order(uses_by_table, struct use, compare_numbers(x->table, y->table))

static void add_use(struct uses *uses, unsigned table, bool ours, const char *device)
{
	struct use *last = uses->n ? &uses->items[uses->n - 1] : NULL, *use;

	/* A router's hundred thousand routes are in few tables, and come by table. */
	if (!table ||
		(last && last->table == table && last->ours == ours &&
			!strcmp(last->device, device)))
		return;
	use = array_add(uses);
	use->table = table;
	use->ours = ours;
	device_copy(use->device, device);
}

static void collect_files(const struct draft *draft, struct uses *uses)
{
	const struct managed *managed;
	size_t i, k;

	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		if (!managed->block.other_name)
			add_use(uses, managed->block.table, true, managed->name);
		for (k = 0; k < managed->routes.n; k++)
			add_use(uses, managed->routes.items[k].route.table, false, managed->device);
		for (k = 0; k < managed->rules.n; k++)
			add_use(uses, managed->rules.items[k].rule.table, false, managed->device);
	}
}

static void collect_kernel(struct choice *choice)
{
	const struct kernel *kernel = choice->draft->input->kernel;
	const struct route *route;
	size_t i, at = 0;

	if (!kernel)
		return;
	for (i = 0; i < kernel->others.n; i++)
		add_use(&choice->uses, kernel->others.items[i].table, false, "");
	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->table != TABLE_MAIN && !plan_owns_route(choice->draft->plan, route))
			add_use(&choice->uses, route->table, false, "");
		if (!route_is_table_default(route))
			continue;
		add_use(&choice->uses, route->table, true, route->device);
		*array_add(&choice->defaults) = route;
	}
	index_sort(&choice->defaults, routes_by_device);
	for (i = 0; i < kernel->rules.n; i++)
		if (!index_find_next(
			    &choice->draft->recorded, &at, &kernel->rules.items[i]))
			add_use(&choice->uses, kernel->rules.items[i].table, false, "");
}

/* The kernel's own, and 0 to those that read 8 bits. */
static bool is_reserved(unsigned table)
{
	return table % 256 == 0 || (table >= 253 && table <= 255);
}

/* Is it taken for everybody (device NULL), or for this device? */
static bool is_taken(const struct choice *choice, unsigned table, const char *device)
{
	const struct planned given = {.table = table};
	const struct use key = {.table = table}, *use;
	size_t at;

	if (is_reserved(table) || index_find(&choice->given, &given))
		return true;
	for (at = index_first(&choice->used, &key); (use = index_at(&choice->used, at, &key)); at++)
		if (!use->ours || (device && strcmp(use->device, device)))
			return true;
	return false;
}

/* May the uplink keep a table that a block or the kernel says it has? Unless lines of another
 * device name it or another file's uplink got it: a file's two uplinks share the number, as tables
 * are of one family each. The kernel's others do not count, which may be routes that somebody
 * added to it. */
static bool may_keep(const struct choice *choice, const struct planned *planned, unsigned table)
{
	const struct use key = {.table = table}, *use;
	const struct planned given = {.table = table}, *other;
	size_t at;

	for (at = index_first(&choice->used, &key); (use = index_at(&choice->used, at, &key)); at++)
		if (!use->ours && use->device[0] && strcmp(use->device, planned->uplink->device))
			return false;
	for (at = index_first(&choice->given, &given);
		(other = index_at(&choice->given, at, &given)); at++)
		if (other->uplink->file != planned->uplink->file)
			return false;
	return table != 0;
}

/* The one whose default goes by the uplink's gateway: a device's aliases may have tables in the
 * same block. Else the first that the block names. */
static unsigned block_table(const struct choice *choice, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	const struct managed *managed;
	const struct route *ours;
	unsigned rule;
	size_t i;

	if (uplink->kernel_only)
		return 0;
	managed = draft_find_own(choice->draft, uplink, 0);
	for (i = 0; managed && !managed->block.other_name && i < managed->ours.n; i++) {
		ours = &managed->ours.items[i].route;
		if (!ours->dst.len && ours->table != TABLE_MAIN && ours->table != TABLE_DEFAULT &&
			prefix_same_address(&ours->gateway, &uplink->gateway) &&
			may_keep(choice, planned, ours->table))
			return ours->table;
	}
	for (rule = 0; rule <= FILE_RULE; rule++) {
		managed = draft_find_own(choice->draft, uplink, rule);
		if (managed && !managed->block.other_name &&
			may_keep(choice, planned, managed->block.table))
			return managed->block.table;
	}
	return 0;
}

/* Without a block, or where it cannot name the table, the uplink's default route in the kernel
 * does: so a table stays the same when another's lease goes. The lowest, as the kernel's order is
 * another one beyond 255. */
static unsigned kernel_table(
	const struct choice *choice, const struct planned *planned, bool up, bool same_gateway)
{
	const struct uplink *uplink = planned->uplink;
	struct route key = {.table = 0};
	const struct route *route;
	unsigned table = 0;
	size_t at;

	if ((draft_takes_lines(choice->draft, uplink, 0) &&
		    !choice->draft->input->config->release.small_tables) ||
		up != (planned->state == STATE_UP))
		return 0;
	memcpy(key.device, uplink->device, sizeof(key.device));
	for (at = index_first(&choice->defaults, &key);
		(route = index_at(&choice->defaults, at, &key)); at++)
		if ((!same_gateway || prefix_same_address(&route->gateway, &uplink->gateway)) &&
			(!table || route->table < table) &&
			may_keep(choice, planned, route->table))
			table = route->table;
	return table;
}

static unsigned lowest_free(struct choice *choice, const struct planned *planned)
{
	const unsigned last = choice->draft->input->config->table_last;
	const struct planned *partner;
	unsigned table;
	size_t at;

	for (at = index_first(&choice->by_file, planned);
		(partner = index_at(&choice->by_file, at, planned)); at++)
		if (partner->table)
			return partner->table;
	while (choice->next && choice->next <= last && is_taken(choice, choice->next, NULL))
		choice->next++;
	for (table = choice->next; table && table <= last; table++)
		if (!is_taken(choice, table, planned->uplink->device))
			return table;
	return 0;
}

/* A table is looked for in these ways, each for all uplinks before the next: TABLE=, what has been
 * chosen before, what is free. A device and its aliases may be several uplinks without a block:
 * those that are up come first, whose routes the kernel's are, and each by its own gateway. */
enum way { BY_KEY, BY_BLOCK, UP_GATEWAY, UP_ANY, DOWN_GATEWAY, DOWN_ANY, FREE, WAYS };

static unsigned find_table(struct choice *choice, const struct planned *planned, enum way way)
{
	switch (way) {
	case BY_KEY:
		return planned->uplink->table;
	case BY_BLOCK:
		return block_table(choice, planned);
	case FREE:
		return lowest_free(choice, planned);
	default:
		return kernel_table(choice, planned, way <= UP_ANY,
			way == UP_GATEWAY || way == DOWN_GATEWAY);
	}
}

static void refuse_tableless(struct draft *draft, struct planned *planned)
{
	const struct config *config = draft->input->config;

	diag_refuse(draft->diags, planned->uplink->file->path, 1,
		"no table is free in "
		"TABLE_RANGE=%u-%u; expected a wider range in /etc/sysconfig/multihome, "
		"or TABLE= here",
		config->table_first, config->table_last);
	planned->state = STATE_REFUSED;
}

void draft_choose_tables(struct draft *draft)
{
	const struct table_names *names = &draft->input->config->tables;
	const struct held_tables *pending = draft->input->pending;
	struct planned_uplinks *uplinks = &draft->plan->uplinks;
	struct choice choice = {.draft = draft,
		.given = {.compare = planned_by_table},
		.next = draft->input->config->table_first};
	struct planned *planned;
	enum way way;
	size_t i;

	for (i = 0; i < names->n; i++)
		add_use(&choice.uses, names->items[i].number, false, "");
	for (i = 0; pending && i < pending->n; i++)
		add_use(&choice.uses, pending->items[i], false, "");
	collect_files(draft, &choice.uses);
	collect_kernel(&choice);
	index_build(&choice.uses, uses_by_table, &choice.used);
	index_build(uplinks, planned_by_file, &choice.by_file);
	for (way = BY_KEY; way < WAYS; way++)
		for (i = 0; i < uplinks->n; i++) {
			planned = &uplinks->items[i];
			if (planned->table || planned->state == STATE_REFUSED ||
				planned->state == STATE_BY_HAND)
				continue;
			planned->table = find_table(&choice, planned, way);
			if (planned->table)
				index_add(&choice.given, planned);
			else if (way == FREE)
				refuse_tableless(draft, planned);
		}
	free(choice.uses.items);
	free(choice.used.items);
	free(choice.given.items);
	free(choice.by_file.items);
	free(choice.defaults.items);
}
