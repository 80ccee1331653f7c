/* SPDX-License-Identifier: MIT
 * The uplinks, and how each of them is served.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/grid.h"
#include "base/line.h"
#include "judge/show.h"

/* Of hundreds of aliases a few tell which ones; all of them are for programs. */
enum { ADDRESSES = 4 };

enum { COLUMN_ADDRESS = 1, COLUMNS = 7 };

static const char *const headings[COLUMNS] = {
	"DEVICE", "ADDRESS", "GATEWAY", "TABLE", "DEFAULT", "RP_FILTER", "STATE"};

/* Where the host's own traffic to other networks goes. */
static struct step own_traffic(const struct facts *facts, int family)
{
	const struct question question = {.to = facts->afar[family == AF_INET6]};

	return walk(&facts->walks, &question, NULL).last;
}

static bool is_by(const struct step *step, const struct uplink *uplink)
{
	struct hop hop = {.gateway = uplink->gateway};

	memcpy(hop.device, uplink->device, sizeof(hop.device));
	return step->rule && step->end == STEP_ROUTE && route_has_hop(step->route, &hop);
}

/* What show looks up for each uplink. */
struct lookups {
	struct index standbys; /* defaults of table 253, by device and gateway */
	struct index missing;  /* what leads replies to a gateway, and is not there, by table */
};

define_order_by_two(standbys_by_hop, struct route, strcmp(x->device, y->device),
	prefix_compare_address(&x->gateway, &y->gateway))
define_order_by_two(standbys_in_order, struct route, x->dst.family - y->dst.family,
	compare_numbers(x->metric, y->metric))

static unsigned op_table(const struct op *op)
{
	return op->rule ? op->rule->table : op->route->table;
}

define_order(ops_by_table, struct op, compare_numbers(op_table(x), op_table(y)))

static void find_lookups(const struct facts *facts, struct lookups *lookups)
{
	const struct index *routes = &facts->walks.routes;
	struct route key = {.table = TABLE_DEFAULT};
	const struct route *route;
	const struct op *op;
	size_t at, i;
	int inet6;

	for (inet6 = 0; inet6 <= 1; inet6++) {
		key.dst.family = inet6 ? AF_INET6 : AF_INET;
		for (at = index_first(routes, &key); (route = index_at(routes, at, &key)); at++)
			*array_add(&lookups->standbys) = route;
	}
	index_sort(&lookups->standbys, standbys_by_hop);
	for (i = 0; i < facts->ops->n; i++) {
		op = &facts->ops->items[i];
		if (op->kind == OP_RULE_ADD || (op->kind <= OP_ROUTE_APPEND && !op->route->dst.len))
			*array_add(&lookups->missing) = op;
	}
	index_sort(&lookups->missing, ops_by_table);
}

static const struct route *find_standby(const struct lookups *lookups, const struct uplink *uplink)
{
	struct route key = {.gateway = uplink->gateway};

	memcpy(key.device, uplink->device, sizeof(key.device));
	return index_find(&lookups->standbys, &key);
}

/* The first of those that wait takes over when main's default goes: the one of the lowest metric. */
static void number_standbys(struct showns *showns)
{
	const struct route *route;
	struct index waiting = {0};
	struct shown *shown;
	size_t i, first[2] = {0, 0}, n[2] = {0, 0};
	bool inet6;

	for (i = 0; i < showns->n; i++)
		if (showns->items[i].standby)
			*array_add(&waiting) = showns->items[i].standby;
	index_sort(&waiting, standbys_in_order);
	for (i = waiting.n; i--;) {
		route = waiting.items[i];
		inet6 = route->dst.family == AF_INET6;
		first[inet6] = i;
		n[inet6]++;
	}
	for (i = 0; i < showns->n; i++) {
		shown = &showns->items[i];
		if (!(route = shown->standby))
			continue;
		inet6 = route->dst.family == AF_INET6;
		snprintf(shown->way, sizeof(shown->way), n[inet6] > 1 ? "standby %zu" : "standby",
			1 + index_first(&waiting, route) - first[inet6]);
	}
	free(waiting.items);
}

/* Is what leads replies to the uplink's gateway missing? */
static bool is_missing(const struct lookups *lookups, const struct planned *planned)
{
	const struct rule rule = {.table = planned->table};
	const struct op key = {.rule = &rule};

	return planned->table && index_find(&lookups->missing, &key);
}

static const char *describe_state(const struct facts *facts, const struct lookups *lookups,
	const struct planned *planned)
{
	static const char *const states[] = {"up", "down", "waits", "refused", "by-hand"};
	const struct uplink *uplink = planned->uplink;
	const struct link *link = kernel_find_link(facts->kernel, uplink->device);
	const struct neighbour *gateway;

	if (planned->state == STATE_REFUSED || planned->state == STATE_EDITED ||
		planned->state == STATE_DOWN)
		return states[planned->state];
	if (planned->state == STATE_BY_HAND && (!link || !link->up))
		return states[STATE_DOWN];
	if (link && !link->running)
		return "no-carrier";
	if (planned->edited)
		return "waits";
	gateway = walks_find_neighbour(&facts->walks, uplink->device, &uplink->gateway);
	if ((gateway && gateway->state & NEIGHBOUR_SILENT) ||
		health_find_dead(facts->healths, uplink->device, &uplink->gateway))
		return "dead";
	if (planned->state == STATE_UP && is_missing(lookups, planned))
		return "not-applied";
	return states[planned->state];
}

void show_collect(const struct facts *facts, const char *device, struct showns *out)
{
	static const char *const filters[] = {"off", "strict", "loose"};
	const struct step own[2] = {own_traffic(facts, AF_INET), own_traffic(facts, AF_INET6)};
	struct lookups lookups = {.missing = {0}};
	const struct planned *planned;
	const struct uplink *uplink;
	struct shown *shown;
	bool wins;
	size_t i;

	find_lookups(facts, &lookups);
	for (i = 0; i < facts->plan->uplinks.n; i++) {
		planned = &facts->plan->uplinks.items[i];
		uplink = planned->uplink;
		shown = array_add(out);
		shown->planned = planned;
		shown->device = uplink->device[0] ? uplink->device : uplink->file->name;
		shown->state = describe_state(facts, &lookups, planned);
		shown->filter = uplink->inet6 || !kernel_find_link(facts->kernel, uplink->device)
			? "-"
			: filters[facts_filter(facts, uplink->device)];
		strcpy(shown->gateway, "-");
		strcpy(shown->table, "-");
		if (uplink->gateway.family)
			prefix_format_address(&uplink->gateway, shown->gateway);
		if (planned->table)
			snprintf(shown->table, sizeof(shown->table), "%u", planned->table);
		wins = is_by(&own[uplink->inet6], uplink);
		strcpy(shown->way, !wins ? "-" : own[uplink->inet6].route->n > 1 ? "shares" : "winner");
		shown->standby = wins ? NULL : find_standby(&lookups, uplink);
	}
	free(lookups.standbys.items);
	free(lookups.missing.items);
	number_standbys(out);
	for (i = 0; device && i < out->n;)
		if (strcmp(device, out->items[i].device))
			memmove(&out->items[i], &out->items[i + 1],
				(--out->n - i) * sizeof(*out->items));
		else
			i++;
}

static void format_address(const struct prefix *address, struct text *out)
{
	char text[PREFIX_TEXT];

	text_format(out, "%s/%d", prefix_format_address(address, text), address->len);
}

/* A row with nothing but an address. */
static void add_address(struct grid *grid, const char *text)
{
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		grid_add(grid, GRID_PLAIN, i == COLUMN_ADDRESS ? text : "");
}

static void add_further_addresses(struct grid *grid, const struct prefixes *addresses, bool all)
{
	size_t shown = all || addresses->n <= ADDRESSES ? addresses->n : ADDRESSES - 1, i;
	struct text text = {0};

	for (i = 1; i < shown; i++, text.n = 0) {
		format_address(&addresses->items[i], &text);
		add_address(grid, text.bytes);
	}
	if (addresses->n > shown && shown) {
		text_format(&text, "and %zu more", addresses->n - shown);
		add_address(grid, text.bytes);
	}
	text_free(&text);
}

static enum grid_color state_color(const char *state)
{
	if (!strcmp(state, "up"))
		return GRID_GOOD;
	return !strcmp(state, "refused") || !strcmp(state, "no-carrier") || !strcmp(state, "dead")
		? GRID_BAD
		: GRID_DOUBTFUL;
}

static void add_uplink(const struct shown *shown, bool all, struct grid *grid)
{
	const struct prefixes *addresses = &shown->planned->uplink->addresses;
	struct text first = {0};

	text_add_string(&first, addresses->n ? "" : "-");
	if (addresses->n)
		format_address(&addresses->items[0], &first);
	grid_add(grid, GRID_PLAIN, shown->device);
	grid_add(grid, GRID_PLAIN, first.bytes);
	grid_add(grid, GRID_PLAIN, shown->gateway);
	grid_add(grid, GRID_PLAIN, shown->table);
	grid_add(grid, *shown->way == 'w' ? GRID_BOLD : GRID_PLAIN, shown->way);
	grid_add(grid, GRID_PLAIN, shown->filter);
	grid_add(grid, state_color(shown->state), shown->state);
	add_further_addresses(grid, addresses, all);
	text_free(&first);
}

/* A VPN's half defaults, a default by a NIC that is no uplink. */
static void add_other_way(
	const struct facts *facts, const struct showns *showns, struct text *out)
{
	const struct step own = own_traffic(facts, AF_INET);
	struct text words = {0};
	size_t i;

	if (!own.device)
		return;
	for (i = 0; i < showns->n; i++)
		if (is_by(&own, showns->items[i].planned->uplink))
			return;
	text_format(&words, "The host's own traffic leaves by %s: ", own.device);
	route_format_choice(own.route, &words);
	line_make_printable(words.bytes);
	text_format(out, "%s\n", words.bytes);
	text_free(&words);
}

void show_table(const struct facts *facts, const struct showns *showns, bool all, bool color,
	struct text *out)
{
	struct grid grid = {.columns = COLUMNS};
	size_t i;

	if (!showns->n)
		return;
	for (i = 0; i < COLUMNS; i++)
		grid_add(&grid, GRID_PLAIN, headings[i]);
	for (i = 0; i < showns->n; i++)
		add_uplink(&showns->items[i], all, &grid);
	grid_format(&grid, color, out);
	grid_free(&grid);
	if (!all)
		add_other_way(facts, showns, out);
	if (facts->unconfirmed < 0)
		text_add_string(out, "What sync --confirm did is being taken back.\n");
	else if (facts->unconfirmed)
		text_format(out, "What sync --confirm did is taken back in %d s.\n",
			facts->unconfirmed);
}

void show_porcelain(const struct showns *showns, struct text *out)
{
	const struct prefixes *addresses;
	const struct shown *shown;
	size_t i, k;

	for (i = 0; i < showns->n; i++) {
		shown = &showns->items[i];
		addresses = &shown->planned->uplink->addresses;
		text_format(out, "%s\t%s", shown->device, addresses->n ? "" : "-");
		for (k = 0; k < addresses->n; k++) {
			text_add_string(out, k ? "," : "");
			format_address(&addresses->items[k], out);
		}
		text_format(out, "\t%s\t%s\t%s\t%.*s\t%s\n", shown->gateway, shown->table,
			shown->state, (int)strcspn(shown->way, " "), shown->way, shown->filter);
	}
}
