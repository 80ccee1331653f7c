/* SPDX-License-Identifier: MIT
 * The difference between what the kernel holds and what the plan wants, in the order in which
 * any part of it leaves the host no worse off. Pure.
 */
#ifndef PLAN_DIFF_H
#define PLAN_DIFF_H

#include "plan/plan.h"

enum op_kind {
	OP_ROUTE_ADD,
	OP_ROUTE_REPLACE,
	OP_ROUTE_APPEND, /* a next hop beside others, IPv6 only */
	OP_RULE_ADD,
	OP_RULE_DELETE,
	OP_ROUTE_DELETE
};

struct op {
	enum op_kind kind;
	/* The plan's or the kernel's, which must outlive it; the other one is NULL. */
	const struct route *route;
	const struct rule *rule;
};

struct ops {
	struct op *items;
	size_t n, cap;
};

/* Adds and replaces routes, then adds rules, deletes rules, deletes routes. A route is deleted
 * only if it has our protocol number, a rule only if the plan owns it; neither if it is
 * held. Where a foreign route has the key of a wanted one, the foreign one stays. The plan's
 * indices are there (plan_index). */
void diff_build(const struct plan *plan, const struct kernel *kernel, struct ops *ops);

/* "ip route add …": what would do the same. */
void op_format(const struct op *op, struct text *out);

void ops_free(struct ops *ops);

#endif
