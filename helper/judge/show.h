/* SPDX-License-Identifier: MIT
 * The uplinks, and how each of them is served. Pure.
 */
#ifndef JUDGE_SHOW_H
#define JUDGE_SHOW_H

#include "judge/facts.h"

/* One uplink in words. */
struct shown {
	const struct planned *planned;
	const struct route *standby; /* that waits for main's default to go; NULL: none does */
	const char *device;
	const char *state;   /* up, down, no-carrier, dead, not-applied, waits, refused, by-hand */
	const char *filter;  /* off, strict, loose, "-" for IPv6 */
	char gateway[PREFIX_TEXT], table[16];
	char way[16]; /* the host's own traffic: winner, shares, standby, standby N, or "-" */
};

/* In the order of the plan. device NULL: all. To be freed: items. */
struct showns {
	struct shown *items;
	size_t n, cap;
};
void show_collect(const struct facts *facts, const char *device, struct showns *out);

/* The table of show, with its heading, and a line on what else carries the host's own traffic;
 * nothing if there is no uplink to list. all: every address, however many. */
void show_table(
	const struct facts *facts, const struct showns *showns, bool all, bool color, struct text *out);
/* One line an uplink, a tab between the fields: device, addresses (ADDRESS/LENGTH, commas
 * between), gateway, table, state, default (a standby without its number), rp_filter; "-" for
 * none. A contract (multihome(8)):
 * fields are added at the end only. */
void show_porcelain(const struct showns *showns, struct text *out);

#endif
