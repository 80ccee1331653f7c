/* SPDX-License-Identifier: MIT
 * Managed blocks: the lines between our two marker comments in a route- or rule- file.
 *
 * Every byte outside of the markers is the administrator's, and so is a line inside that is not
 * of the form that we write: it is moved behind the block, not lost. Pure: text in, text out.
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
	struct text before, after; /* the administrator's, around the block */
	struct text body;	   /* the lines between the markers */
	struct rules rules;	   /* those of a rule- file */
	unsigned table;		   /* the first table that the body names, or 0 */
};

/* Takes apart the bytes of route-DEVICE or rule-DEVICE. 0, or the 1-based line of a marker
 * that has no partner; out is then to be freed all the same. */
int block_parse(const char *bytes, size_t len, const char *device, struct block *out);

/* The file with body (whole lines, may be "") between the markers; a block that is new comes
 * first, so that a last line without its newline stays as it is. False: no file is wanted. */
bool block_splice(const struct block *old, bool exists, const char *device, const char *body,
	struct text *out);

/* Of a rule- file: does a line of the administrator's send replies from one of the addresses? */
bool block_has_rule_by_hand(const struct block *block, const struct prefixes *addresses);

void block_free(struct block *block);

#endif
