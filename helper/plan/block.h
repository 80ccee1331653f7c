/* SPDX-License-Identifier: MIT
 * Managed blocks: the lines between our two marker comments in a route- or rule- file.
 *
 * A line is ours if it stands between the markers and its checksum in the END line, so that a line
 * that somebody adds there is his, whatever it looks like. A block without checksums is of version
 * 0.1: there a line is ours by its form. Everything else is the administrator's; what he put
 * between the markers is moved behind them. Pure: text in, text out.
 *
 * Source: ifup-routes and ifdown-routes (handle_ip_file: only whole-line comments).
 */
#ifndef PLAN_BLOCK_H
#define PLAN_BLOCK_H

#include <stdbool.h>

#include "base/array.h"
#include "net/net.h"

/* A route- or rule- file taken apart. */
struct block {
	bool present;
	bool made_file;		   /* the file did not exist before the block */
	bool other_name;	   /* it was made for another device, and the file copied or renamed */
	struct text before, after; /* the administrator's, around the block */
	struct text body;	   /* our lines */
	struct rules rules;	   /* those of a rule- file */
	unsigned table;		   /* the first table that the body names but the standby's, or 0 */
	bool several_tables;	   /* it names others */
};

/* Takes apart the bytes of route-DEVICE or rule-DEVICE. any_name: a block that names another
 * device counts as well. 0, or the 1-based line of a marker that has no partner; out is then to be
 * freed all the same. */
int block_parse(const char *bytes, size_t len, const char *device, bool any_name, struct block *out);

/* Is the line one that only we write: a route of our protocol, a rule in our own words? */
bool block_line_is_our_form(const char *line);
/* The lines of our form that stand outside of the markers: taken from before and after, and added
 * to strays. So a block that lost its markers, in an editor or a template, is found. */
void block_take_strays(struct block *block, struct text *strays);
/* Is each line of strays, blanks apart, one of body? */
bool block_has_lines(const struct text *body, const struct text *strays);

/* The file with body (whole lines, may be "") between the markers; a block that is new comes
 * first, so that a last line without its newline stays as it is. False: no file is wanted. */
bool block_splice(const struct block *old, bool exists, const char *device, const char *body,
	struct text *out);

void block_free(struct block *block);

#endif
