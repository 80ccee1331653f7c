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
	struct index defaults; /* ours of uplinks' tables in the kernel, by device */
	unsigned next;	       /* all of the range before it are taken, whoever asks */
};

bool route_is_table_default(const struct route *route)
{
	return route->protocol == PROTO_MULTIHOME && route->table != TABLE_MAIN &&
		route->table != TABLE_DEFAULT && !route->dst.len && route->device[0];
}

static int planned_by_table(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;

	return (x->table > y->table) - (x->table < y->table);
}

static int routes_by_device(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static int uses_by_table(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return (x->table > y->table) - (x->table < y->table);
}

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
	memcpy(use->device, device, strlen(device) + 1);
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
	struct index owned = {0};
	const struct route *route;
	size_t i;

	if (!kernel)
		return;
	for (i = 0; i < kernel->others.n; i++)
		add_use(&choice->uses, kernel->others.items[i].table, false, "");
	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (!route_is_table_default(route))
			continue;
		add_use(&choice->uses, route->table, true, route->device);
		*array_add(&choice->defaults) = route;
	}
	index_sort(&choice->defaults, routes_by_device);
	index_build(&choice->draft->plan->owned, rules_in_order, &owned);
	for (i = 0; i < kernel->rules.n; i++)
		if (!index_find(&owned, &kernel->rules.items[i]))
			add_use(&choice->uses, kernel->rules.items[i].table, false, "");
	free(owned.items);
}

/* May the uplink have it? hinted: a block or the kernel says that it has it already; then the
 * kernel's others do not count, which may be routes that somebody added to it. */
static bool is_free(const struct choice *choice, unsigned table, const char *device, bool hinted)
{
	const struct use key = {.table = table}, *use;
	size_t at;

	for (at = index_first(&choice->used, &key); (use = index_at(&choice->used, at, &key)); at++)
		if (hinted ? !use->ours && use->device[0] && strcmp(use->device, device)
			   : !use->ours || strcmp(use->device, device))
			return false;
	return true;
}

/* A file's two uplinks share the number: tables are of one family each. */
static bool is_anothers(
	const struct choice *choice, unsigned table, const struct planned *planned)
{
	const struct planned key = {.table = table}, *other;
	size_t at;

	for (at = index_first(&choice->given, &key); (other = index_at(&choice->given, at, &key));
		at++)
		if (other->uplink->file != planned->uplink->file)
			return true;
	return false;
}

static void give(struct choice *choice, struct planned *planned, unsigned table)
{
	planned->table = table;
	if (table)
		index_add(&choice->given, planned);
}

static bool needs_table(const struct planned *planned)
{
	return !planned->table && planned->state != STATE_REFUSED &&
		planned->state != STATE_BY_HAND;
}

static bool is_hint(const struct choice *choice, const struct planned *planned, unsigned table)
{
	return table && is_free(choice, table, planned->uplink->device, true) &&
		!is_anothers(choice, table, planned);
}

/* The one whose default goes by the uplink's gateway: a device's aliases may have tables in the same
 * block. Else the first that the block names. */
static unsigned block_table(const struct choice *choice, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	const struct managed *managed =
		draft_find(choice->draft, uplink->inet6, false, uplink->device);
	const struct route *ours;
	int is_rule;
	size_t i;

	for (i = 0; managed && !managed->block.other_name && i < managed->ours.n; i++) {
		ours = &managed->ours.items[i].route;
		if (!ours->dst.len && ours->table != TABLE_MAIN && ours->table != TABLE_DEFAULT &&
			prefix_same_address(&ours->gateway, &uplink->gateway) &&
			is_hint(choice, planned, ours->table))
			return ours->table;
	}
	for (is_rule = 0; is_rule <= 1; is_rule++) {
		managed = draft_find(choice->draft, uplink->inet6, is_rule, uplink->device);
		if (managed && !managed->block.other_name &&
			is_hint(choice, planned, managed->block.table))
			return managed->block.table;
	}
	return 0;
}

/* No file names the table of an uplink without a block, but its default route does, as long as
 * there is one: so a table stays the same when another's lease goes. The lowest, as the kernel's
 * order is another one beyond 255. */
static unsigned kernel_table(
	const struct choice *choice, const struct planned *planned, bool same_gateway)
{
	const struct uplink *uplink = planned->uplink;
	struct route key = {.table = 0};
	const struct route *route;
	unsigned table = 0;
	size_t at;

	memcpy(key.device, uplink->device, sizeof(key.device));
	for (at = index_first(&choice->defaults, &key);
		(route = index_at(&choice->defaults, at, &key)); at++)
		if ((!same_gateway || prefix_same_address(&route->gateway, &uplink->gateway)) &&
			(!table || route->table < table) &&
			is_free(choice, route->table, uplink->device, true) &&
			!is_anothers(choice, route->table, planned))
			table = route->table;
	return table;
}

/* A device and its aliases may be several uplinks: those that are up come first, whose routes
 * these will be, and each by its own gateway. */
static void choose_kernel_tables(struct choice *choice)
{
	struct planned_uplinks *uplinks = &choice->draft->plan->uplinks;
	struct planned *planned;
	int down, same_gateway;
	size_t i;

	for (down = 0; down <= 1; down++)
		for (same_gateway = 1; same_gateway >= 0; same_gateway--)
			for (i = 0; i < uplinks->n; i++) {
				planned = &uplinks->items[i];
				if (needs_table(planned) && planned->uplink->kernel_only &&
					down == (planned->state != STATE_UP))
					give(choice, planned,
						kernel_table(choice, planned, same_gateway));
			}
}

/* Whoever asks? */
static bool is_taken(const struct choice *choice, unsigned table)
{
	const struct use key = {.table = table}, *use;
	const struct planned given = {.table = table};
	size_t at;

	if (table % 256 == 0 || (table >= 253 && table <= 255) ||
		index_find(&choice->given, &given))
		return true;
	for (at = index_first(&choice->used, &key); (use = index_at(&choice->used, at, &key)); at++)
		if (!use->ours)
			return true;
	return false;
}

static unsigned lowest_free(struct choice *choice, const struct planned *planned)
{
	const unsigned last = choice->draft->input->config->table_last;
	unsigned table;

	while (choice->next && choice->next <= last && is_taken(choice, choice->next))
		choice->next++;
	for (table = choice->next; table && table <= last; table++)
		if (!is_taken(choice, table) &&
			is_free(choice, table, planned->uplink->device, false))
			return table;
	return 0;
}

static unsigned partners_table(const struct draft *draft, const struct planned *planned)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].table &&
			uplinks->items[i].uplink->file == planned->uplink->file)
			return uplinks->items[i].table;
	return 0;
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
	struct choice choice = {.draft = draft,
		.given = {.compare = planned_by_table},
		.next = draft->input->config->table_first};
	struct planned_uplinks *uplinks = &draft->plan->uplinks;
	struct planned *planned;
	unsigned table;
	size_t i;

	for (i = 0; i < names->n; i++)
		add_use(&choice.uses, names->items[i].number, false, "");
	collect_files(draft, &choice.uses);
	collect_kernel(&choice);
	index_build(&choice.uses, uses_by_table, &choice.used);
	for (i = 0; i < uplinks->n; i++)
		if (needs_table(&uplinks->items[i]))
			give(&choice, &uplinks->items[i], uplinks->items[i].uplink->table);
	for (i = 0; i < uplinks->n; i++)
		if (needs_table(&uplinks->items[i]) && !uplinks->items[i].uplink->kernel_only)
			give(&choice, &uplinks->items[i],
				block_table(&choice, &uplinks->items[i]));
	choose_kernel_tables(&choice);
	for (i = 0; i < uplinks->n; i++) {
		planned = &uplinks->items[i];
		if (!needs_table(planned))
			continue;
		table = partners_table(draft, planned);
		give(&choice, planned, table ? table : lowest_free(&choice, planned));
		if (!planned->table)
			refuse_tableless(draft, planned);
	}
	free(choice.uses.items);
	free(choice.used.items);
	free(choice.given.items);
	free(choice.defaults.items);
}
