/* SPDX-License-Identifier: MIT
 * One packet and its reply, told step by step. Pure.
 */
#ifndef JUDGE_WORDS_H
#define JUDGE_WORDS_H

#include "judge/verdict.h"

/* The whole story: numbered steps, a line that begins with "verdict", and one with "cure" if there
 * is one. steps: those of the reply, or NULL. brief: only what decided. */
void words_explain(const struct facts *facts, const struct verdict *verdict,
	const struct steps *steps, bool brief, size_t columns, struct text *out);

/* The sentence behind "verdict". */
void words_verdict(const struct verdict *verdict, struct text *out);

/* "right", "astray", "lost" or "unknown". */
const char *words_outcome(enum outcome outcome);
/* A name for programs, as findings have: "no-carrier". */
const char *words_fault(enum fault fault);

#endif
