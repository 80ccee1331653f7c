/* SPDX-License-Identifier: MIT
 * What there is to say of each uplink.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/grid.h"
#include "judge/show.h"

/* Of hundreds of aliases a few tell which ones; all of them are for programs. */
enum { ADDRESSES = 4 };

enum { COLUMN_ADDRESS = 1, COLUMNS = 7 };

static const char *const headings[COLUMNS] = {
	"DEVICE", "ADDRESS", "GATEWAY", "TABLE", "DEFAULT", "RP_FILTER", "STATE"};
static const char *const states[] = {"up", "down", "edited", "refused", "by-hand"};

/* One uplink in words, but for its addresses. */
struct shown {
	const char *device, *state, *rp_filter;
	char gateway[PREFIX_TEXT], table[16], way[16];
	bool wins; /* it has the default route of main that is in use */
};

static bool is_default(const struct route *route, const struct uplink *uplink, unsigned table)
{
	return route->table == table && !route->dst.len && route->type == ROUTE_UNICAST &&
		!route->special && route->dst.family == (uplink->inet6 ? AF_INET6 : AF_INET);
}

static bool is_by(const struct route *route, const struct uplink *uplink)
{
	return !strcmp(route->device, uplink->device) &&
		prefix_same_address(&route->gateway, &uplink->gateway);
}

/* Of the default routes in a table, or of those by the uplink's own gateway, the one that the kernel
 * takes: of the lowest metric, and in IPv6, of several, by the router that prefers itself most
 * (RFC 4191). NULL if there is none. */
static const struct route *find_default(
	const struct kernel *kernel, const struct uplink *uplink, unsigned table, bool own)
{
	const struct route *route, *best = NULL;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (!is_default(route, uplink, table) || (own && !is_by(route, uplink)))
			continue;
		if (!best || route->metric < best->metric ||
			(route->metric == best->metric && route->preference > best->preference))
			best = route;
	}
	return best;
}

static void describe_default(
	const struct kernel *kernel, const struct uplink *uplink, struct shown *shown)
{
	const struct route *winner = find_default(kernel, uplink, TABLE_MAIN, false);
	const struct route *own = find_default(kernel, uplink, TABLE_MAIN, true);

	if (!winner)
		winner = find_default(kernel, uplink, TABLE_DEFAULT, false);
	shown->wins = winner && is_by(winner, uplink);
	if (shown->wins)
		strcpy(shown->way, "winner");
	else if (own)
		snprintf(shown->way, sizeof(shown->way), "%u", own->metric);
	else if (find_default(kernel, uplink, TABLE_DEFAULT, true))
		strcpy(shown->way, "standby");
	else
		strcpy(shown->way, "-");
}

static const char *describe_filter(const struct show_input *input, const struct uplink *uplink)
{
	/* IPv6 has none. */
	int value = uplink->inet6
		? -1
		: sysctl_rp_filter(input->seen, uplink->device, input->filter_needs_both);

	switch (value) {
	case 0:
		return "off";
	case 1:
		return "strict";
	case 2:
		return "loose";
	default:
		return "-";
	}
}

static void describe(
	const struct show_input *input, const struct planned *planned, struct shown *shown)
{
	const struct uplink *uplink = planned->uplink;

	shown->device = uplink->device[0] ? uplink->device : uplink->file->name;
	shown->state = states[planned->state];
	shown->rp_filter = describe_filter(input, uplink);
	strcpy(shown->gateway, "-");
	strcpy(shown->table, "-");
	if (uplink->gateway.family)
		prefix_format_address(&uplink->gateway, shown->gateway);
	if (planned->table)
		snprintf(shown->table, sizeof(shown->table), "%u", planned->table);
	describe_default(input->kernel, uplink, shown);
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

static void add_further_addresses(struct grid *grid, const struct prefixes *addresses)
{
	size_t shown = addresses->n > ADDRESSES ? ADDRESSES - 1 : addresses->n, i;
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

static enum grid_color state_color(enum uplink_state state)
{
	if (state == STATE_UP)
		return GRID_GOOD;
	return state == STATE_REFUSED ? GRID_BAD : GRID_DOUBTFUL;
}

static void add_uplink(
	const struct show_input *input, const struct planned *planned, struct grid *grid)
{
	const struct prefixes *addresses = &planned->uplink->addresses;
	struct text first = {0};
	struct shown shown;

	describe(input, planned, &shown);
	text_add_string(&first, addresses->n ? "" : "-");
	if (addresses->n)
		format_address(&addresses->items[0], &first);
	grid_add(grid, GRID_PLAIN, shown.device);
	grid_add(grid, GRID_PLAIN, first.bytes);
	grid_add(grid, GRID_PLAIN, shown.gateway);
	grid_add(grid, GRID_PLAIN, shown.table);
	grid_add(grid, shown.wins ? GRID_BOLD : GRID_PLAIN, shown.way);
	grid_add(grid, GRID_PLAIN, shown.rp_filter);
	grid_add(grid, state_color(planned->state), shown.state);
	add_further_addresses(grid, addresses);
	text_free(&first);
}

void show_table(const struct show_input *input, bool color, struct text *out)
{
	const struct planned_uplinks *uplinks = &input->plan->uplinks;
	struct grid grid = {.columns = COLUMNS};
	size_t i;

	if (!uplinks->n)
		return;
	for (i = 0; i < COLUMNS; i++)
		grid_add(&grid, GRID_PLAIN, headings[i]);
	for (i = 0; i < uplinks->n; i++)
		add_uplink(input, &uplinks->items[i], &grid);
	grid_format(&grid, color, out);
	grid_free(&grid);
}

static void format_fields(
	const struct show_input *input, const struct planned *planned, struct text *out)
{
	const struct prefixes *addresses = &planned->uplink->addresses;
	struct shown shown;
	size_t i;

	describe(input, planned, &shown);
	text_format(out, "%s\t", shown.device);
	for (i = 0; i < addresses->n; i++) {
		text_add_string(out, i ? "," : "");
		format_address(&addresses->items[i], out);
	}
	text_format(out, "%s\t%s\t%s\t%s\t%s\t%s\n", addresses->n ? "" : "-", shown.gateway,
		shown.table, shown.state, shown.way, shown.rp_filter);
}

void show_porcelain(const struct show_input *input, struct text *out)
{
	const struct planned_uplinks *uplinks = &input->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		format_fields(input, &uplinks->items[i], out);
}
