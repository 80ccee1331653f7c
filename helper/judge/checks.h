/* SPDX-License-Identifier: MIT
 * The parts of check, each in a file of its own; check.c puts them together.
 */
#ifndef JUDGE_CHECKS_H
#define JUDGE_CHECKS_H

#include "judge/findings.h"
#include "judge/verdict.h"

/* addresses.c: what becomes of packets, by one verdict. Does anybody outside of its network expect
 * an answer from the address? */
bool check_counts(const struct verdict *verdict);
void check_address(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings);
void check_no_gateway(
	const struct facts *facts, const struct verdict *verdict, struct findings *findings);
void check_own(const struct facts *facts, const struct verdict *verdict, struct findings *findings);

/* routes.c: rules and routes, whoever made them. */
void check_rules(
	const struct facts *facts, const struct verdicts *verdicts, struct findings *findings);
void check_routes(const struct facts *facts, struct findings *findings);

/* applied.c: files, kernel and settings against the plan. */
void check_shared_tables(const struct facts *facts, struct findings *findings);
void check_applied(const struct facts *facts, struct findings *findings);

#endif
