/* SPDX-License-Identifier: MIT
 * What show, check and explain say, for programs: one object, one schema (multihome(8)), keys named
 * as `ip -j` names things. Pure.
 */
#ifndef JUDGE_JSON_H
#define JUDGE_JSON_H

#include "judge/findings.h"
#include "judge/show.h"
#include "judge/verdict.h"

/* Each adds a member to the object that json_begin began. */
void json_begin(struct text *out);
void json_uplinks(const struct showns *showns, struct text *out);
/* name: "addresses" of check and explain, "own" of the host's own traffic. */
void json_verdicts(const char *name, const struct facts *facts, const struct verdict *verdicts,
	size_t n, struct text *out);
void json_findings(const struct findings *findings, struct text *out);
void json_end(struct text *out);

#endif
