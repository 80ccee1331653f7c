/* SPDX-License-Identifier: MIT
 * The plan's choice of tables: TABLE=, else the block's or, without one, the kernel's, else
 * the lowest that is free.
 */
#include <stdlib.h>

#include "plan/draft.h"

/* Of tables, sorted. */
struct numbers {
	unsigned *items;
	size_t n, cap;
};

/* A file's two uplinks share the number: tables are of one family each. */
static bool are_partners(const struct planned *a, const struct planned *b)
{
	return a && b && a->uplink->file == b->uplink->file;
}

static bool taken_by_uplink(const struct draft *draft, unsigned table, const struct planned *by)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].table == table && !are_partners(&uplinks->items[i], by))
			return true;
	return frozen_table(&draft->plan->frozen, table);
}

static bool has_name(const struct draft *draft, unsigned table)
{
	const struct table_names *names = &draft->input->config->tables;
	size_t i;

	for (i = 0; i < names->n; i++)
		if (names->items[i].number == table)
			return true;
	return false;
}

static int compare_numbers(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A router's hundred thousand routes are in few tables, and come by table. */
static void add_number(struct numbers *numbers, unsigned number)
{
	if (!numbers->n || numbers->items[numbers->n - 1] != number)
		*array_add(numbers) = number;
}

/* The tables that others have something in, or lead to. */
static void collect_used(const struct draft *draft, struct numbers *used)
{
	const struct kernel *kernel = draft->input->kernel;
	struct index owned = {0};
	size_t i;

	index_build(&draft->plan->owned, rules_in_order, &owned);
	for (i = 0; kernel && i < kernel->others.n; i++)
		add_number(used, kernel->others.items[i].table);
	for (i = 0; kernel && i < kernel->rules.n; i++)
		if (!index_find(&owned, &kernel->rules.items[i]))
			add_number(used, kernel->rules.items[i].table);
	array_sort(used, compare_numbers);
	free(owned.items);
}

static bool has_number(const struct numbers *numbers, unsigned number)
{
	return numbers->n &&
		bsearch(&number, numbers->items, numbers->n, sizeof(number), compare_numbers);
}

static bool needs_table(const struct planned *planned)
{
	return !planned->table && planned->state != STATE_REFUSED &&
		planned->state != STATE_BY_HAND;
}

static unsigned block_table(const struct draft *draft, const struct planned *planned)
{
	const struct managed *managed;
	int is_rule;

	for (is_rule = 0; is_rule <= 1; is_rule++) {
		managed =
			draft_find(draft, planned->uplink->inet6, is_rule, planned->uplink->device);
		if (managed && managed->block.table &&
			!taken_by_uplink(draft, managed->block.table, planned))
			return managed->block.table;
	}
	return 0;
}

/* No file names the table of an uplink without a block, but its default route does, as long as
 * there is one: so a table stays the same when another's lease goes. The lowest, as the kernel's
 * order is another one beyond 255. */
static unsigned kernel_table(
	const struct draft *draft, const struct planned *planned, bool same_gateway)
{
	const struct kernel *kernel = draft->input->kernel;
	const struct route *route;
	unsigned table = 0;
	size_t i;

	for (i = 0; kernel && i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route_is_default_of(route, planned->uplink->device) &&
			(!same_gateway ||
				prefix_same_address(&route->gateway, &planned->uplink->gateway)) &&
			(!table || route->table < table) &&
			!taken_by_uplink(draft, route->table, planned))
			table = route->table;
	}
	return table;
}

/* A device and its aliases may be several uplinks: those that are up come first, whose routes
 * these will be, and each by its own gateway. */
static void choose_kernel_tables(struct draft *draft)
{
	struct planned_uplinks *uplinks = &draft->plan->uplinks;
	struct planned *planned;
	int down, same_gateway;
	size_t i;

	for (down = 0; down <= 1; down++)
		for (same_gateway = 1; same_gateway >= 0; same_gateway--)
			for (i = 0; i < uplinks->n; i++) {
				planned = &uplinks->items[i];
				if (needs_table(planned) && planned->uplink->kernel_only &&
					down == (planned->state != STATE_UP))
					planned->table = kernel_table(draft, planned, same_gateway);
			}
}

static unsigned lowest_free(const struct draft *draft, const struct numbers *used)
{
	const struct config *config = draft->input->config;
	unsigned table;

	for (table = config->table_first; table <= config->table_last && table; table++)
		if (table % 256 && (table < 253 || table > 255) &&
			!taken_by_uplink(draft, table, NULL) && !has_name(draft, table) &&
			!has_number(used, table))
			return table;
	return 0;
}

static unsigned partners_table(const struct draft *draft, const struct planned *planned)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].table && are_partners(&uplinks->items[i], planned))
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
	frozen_add(&draft->plan->frozen, planned->uplink->device, 0);
}

/* The tables that are not given, nor known from an earlier time. */
static void choose_free_tables(struct draft *draft)
{
	struct planned_uplinks *uplinks = &draft->plan->uplinks;
	struct numbers used = {0};
	struct planned *planned;
	size_t i;

	for (i = 0; i < uplinks->n; i++) {
		planned = &uplinks->items[i];
		if (!needs_table(planned))
			continue;
		planned->table = partners_table(draft, planned);
		if (!planned->table && !used.n)
			collect_used(draft, &used);
		if (!planned->table)
			planned->table = lowest_free(draft, &used);
		if (!planned->table)
			refuse_tableless(draft, planned);
	}
	free(used.items);
}

void draft_choose_tables(struct draft *draft)
{
	struct planned_uplinks *uplinks = &draft->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (needs_table(&uplinks->items[i]))
			uplinks->items[i].table = uplinks->items[i].uplink->table;
	for (i = 0; i < uplinks->n; i++)
		if (needs_table(&uplinks->items[i]) && !uplinks->items[i].uplink->kernel_only)
			uplinks->items[i].table = block_table(draft, &uplinks->items[i]);
	choose_kernel_tables(draft);
	choose_free_tables(draft);
}
