/* SPDX-License-Identifier: MIT
 * The kernel's choice of a route, retraced: each rule that it tries, and why that one did or did
 * not decide; and whether it would take in what arrives. Pure.
 *
 * Not followed, as no dump tells it: which of several next hops a flow gets.
 *
 * Source: fib_rules_lookup and fib_rule_match (net/core/fib_rules.c), fib4_rule_match, _action
 * and _suppress (net/ipv4/fib_rules.c), fib_table_lookup (net/ipv4/fib_trie.c), fib_validate_source
 * (net/ipv4/fib_frontend.c), fib6_rule_action (net/ipv6/fib6_rules.c), fib6_table_lookup and
 * find_match (net/ipv6/route.c), 2.6.18 to 6.x.
 */
#ifndef NET_WALK_H
#define NET_WALK_H

#include "net/net.h"
#include "net/question.h"

/* What became of a rule. */
enum step_end {
	/* It does not match: the first selector that the packet does not meet, in the kernel's
	 * order. */
	STEP_IIF,
	STEP_OIF,
	STEP_MARK,
	STEP_OWN_MARK, /* one of walks.own_mask */
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
	const struct route *other; /* that the kernel takes in turn with it; NULL: none */
	const char *device; /* of the first next hop that may be used; NULL: none, or not known */
};

struct steps {
	struct step *items;
	size_t n, cap;
	bool brief; /* rules of other sources are left out */
};

/* Where a walk ended. */
struct walked {
	struct step last; /* what decided; rule NULL: nothing did, there is no route */
	/* The last rule for addresses of the host's that matched before that, and whose table has no
	 * route there; rule NULL: none did. */
	struct step lapsed;
	/* What decides for packets with a mark, a port or a user that an earlier rule is for, or
	 * with a TOS that a rule or route is for, and leads them by another device or nowhere; rule
	 * NULL: nothing does. */
	struct step depends;
	const struct rule *jump; /* the last goto that was followed; NULL: none was */
};

/* What the kernel holds, arranged for walks: rules and routes are found, not searched. */
struct walks {
	const struct kernel *kernel;
	bool forwarding6; /* an IPv6 router does not ask whether its routers are alive */
	bool asks_neighbours; /* fib_multipath_use_neigh: of several next hops IPv4 does */
	unsigned own_mask; /* bits of marks that only CONNMARK sets, on what is led on */
	struct index routes;	     /* by family, table, destination */
	unsigned char lengths[2][129]; /* does any route, IPv4 or IPv6, have that length? */
	struct index sourced; /* rules for what comes from a prefix, by it */
	unsigned char sources[2][129]; /* has any of them, of IPv4 or IPv6, that length? */
	struct index rules; /* all others, in the kernel's order */
	struct index tables; /* all rules, by family and table */
	bool jumps; /* is there a goto? */
	unsigned char tos[256]; /* those that a rule or a route is for, once each */
	size_t tos_n;
	struct index neighbours; /* by device and address */
};

/* The kernel was read whole, and must outlive it. walks, but for the first three settings, is zeroed,
 * and to be freed with walks_free. */
void walks_build(const struct kernel *kernel, struct walks *walks);
void walks_free(struct walks *walks);
/* Is the table without any route of that family? */
bool walks_table_empty(const struct walks *walks, unsigned table, int family);
/* NULL: nothing is known of it. */
const struct neighbour *walks_find_neighbour(
	const struct walks *walks, const char *device, const struct prefix *address);

/* Is the route's next hop passed over, as it is dead, or known not to answer while another may? */
bool walks_skip_hop(const struct walks *walks, const struct route *route, size_t i);

/* Adds the rules for what comes from a network that has the address. out is zeroed; to be freed:
 * items. */
void walks_find_sourced(
	const struct walks *walks, const struct prefix *address, struct index *out);

/* The kernel's route of that key (route_compare_key), or NULL. */
const struct route *walks_find_route(const struct walks *walks, const struct route *key);
/* Does any rule lead to the table? Of a VRF's none says so. */
bool walks_lead_to(const struct walks *walks, unsigned table, int family);

/* Retraces what the kernel does with the packet. steps: NULL, or all rules that it tries are added,
 * and those that it skips because of their source, in their order. */
struct walked walk(const struct walks *walks, const struct question *question, struct steps *steps);
bool step_matches(const struct step *step);
/* The words of the rule; or those of the route, if that is for one TOS alone: true then. */
bool step_format_selector(const struct step *step, struct text *out);

/* What becomes of a packet that arrives. */
enum arrival {
	ARRIVAL_TAKEN,
	ARRIVAL_NOT_LOCAL, /* table local does not deliver it */
	ARRIVAL_FILTERED,  /* by the reverse-path filter */
	ARRIVAL_REFUSED	   /* by the kernel, for another reason */
};

/* Of a packet with an iif; filter is the reverse-path filter's value there (rp_filter_combine). */
enum arrival walk_arrival(const struct walks *walks, const struct question *question, int filter);

#endif
