/* SPDX-License-Identifier: MIT
 * The kernel's choice of a route, retraced: each rule that it tries, and why that one did or did
 * not decide. Pure.
 *
 * Not followed, as no dump tells it: which of several next hops a flow gets, which of several
 * IPv4 defaults of one metric (fib_select_default), and VRFs.
 *
 * Source: fib_rules_lookup and fib_rule_match (net/core/fib_rules.c), fib4_rule_match, _action
 * and _suppress (net/ipv4/fib_rules.c), fib_table_lookup (net/ipv4/fib_trie.c), fib6_rule_action
 * (net/ipv6/fib6_rules.c), fib6_table_lookup and find_match (net/ipv6/route.c), 2.6.18 to 6.x.
 */
#ifndef NET_TRACE_H
#define NET_TRACE_H

#include "net/net.h"
#include "net/question.h"

/* What became of a rule. */
enum step_end {
	/* It does not match: the first selector that the packet does not meet, in the kernel's
	 * order. */
	STEP_IIF,
	STEP_OIF,
	STEP_MARK,
	STEP_OTHER, /* one that only some packets meet; taken for one that this one does not */
	STEP_VRF,   /* l3mdev: the packet is in none */
	STEP_FROM,
	STEP_TO,
	STEP_TOS,
	STEP_NOT, /* it is met, and the rule says "not" */
	/* It matches, and the next one is tried all the same. */
	STEP_NOP,
	STEP_GOTO,    /* at once to the rule of rule->target */
	STEP_NOWHERE, /* goto, and there is no such rule */
	STEP_EMPTY,   /* the table has no routes at all */
	STEP_NO_ROUTE,
	STEP_THROW,	 /* route says so */
	STEP_SUPPRESSED, /* route is too short for the rule */
	/* It decides. */
	STEP_ROUTE,  /* by route */
	STEP_REFUSED /* by route, blackhole or such; route NULL: by the rule itself */
};

struct step {
	const struct rule *rule; /* the kernel's, as is what follows */
	enum step_end end;
	const struct route *route; /* NULL: none */
	const char *device; /* of the first next hop that may be used; NULL: none, or not known */
};

/* The rules that were tried, in their order. The last one decided, unless it ends otherwise: then
 * there is no route. */
struct trace {
	struct step *items;
	size_t n, cap;
};

/* What a route's use depends on. */
struct ground {
	const struct kernel *kernel;
	bool forwarding6; /* an IPv6 router does not ask whether its routers are alive */
};

/* Adds to out, a zeroed struct; its items are to be freed. */
void trace_walk(const struct ground *ground, const struct question *question, struct trace *out);
/* The step that decided, or NULL: there is no route. */
const struct step *trace_last(const struct trace *trace);
bool step_matches(const struct step *step);

#endif
