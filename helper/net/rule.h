/* SPDX-License-Identifier: MIT
 * A rule of the kernel, ours or anybody's: its words, its order, and what a deletion takes.
 *
 * Source: include/uapi/linux/fib_rules.h, net/core/fib_rules.c (fib_nl_delrule, rule_find),
 * net/ipv4/fib_rules.c, net/ipv6/fib6_rules.c, 2.6.18 to 6.x.
 */
#ifndef NET_RULE_H
#define NET_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/prefix.h"

/* fib_rules.h's FR_ACT_*, but for FR_ACT_TO_TBL (1), so that a zeroed rule is an ordinary one.
 * 2.6.18's IPv4 rules have RTN_* there instead, which agree in what matters. */
enum rule_action {
	ACTION_LOOKUP = 0,
	ACTION_GOTO = 2,
	ACTION_NOP = 3,
	ACTION_BLACKHOLE = 6,
	ACTION_UNREACHABLE = 7,
	ACTION_PROHIBIT = 8
};

/* The kernel's own last rules; IPv6 lacks the second: there it is ours. */
enum { PRIORITY_MAIN = 32766, PRIORITY_DEFAULT = 32767 };

/* Both 0: any. */
struct port_range {
	unsigned short first, last;
};

struct rule {
	struct prefix from; /* len 0: any; its family is the rule's */
	device_name device; /* wanted: whose block it goes to; the kernel knows none */
	unsigned priority;
	unsigned table;		/* with l3mdev 0: that of the packet's VRF */
	unsigned char protocol; /* FRA_PROTOCOL: who made it. No selector: nothing looks at it */
	/* From here to unknown_len: all else that tells two rules apart, and no gaps between. */
	bool inverted; /* "not": what does not match, matches */
	unsigned char tos;
	unsigned char action; /* enum rule_action */
	device_name iif, oif; /* "": any; iif "lo": what the host itself sends */
	struct prefix to;
	unsigned char ip_protocol;
	unsigned char l3mdev;
	unsigned mark, mask; /* mask 0: any */
	unsigned target;     /* ACTION_GOTO: a priority */
	/* suppress_prefixlength and one: routes shorter than this are passed over; 0: none. */
	unsigned min_length;
	unsigned ifgroup; /* suppress_ifgroup and one; 0: none */
	unsigned flow;	  /* realms */
	struct port_range sport, dport;
	struct {
		unsigned first, last, known; /* known 0: any */
	} uids;
	unsigned tun_id[2]; /* network order */
	unsigned unknown_len;
	unsigned char *unknown; /* attributes that are not known here, as they came */
};

struct rules {
	struct rule *items;
	size_t n, cap;
};

/* from PREFIX iif lo lookup TABLE priority PRIORITY; of an IPv6 rule on an old kernel without iif
 * lo (struct kernel, old_inet6). */
struct rule rule_make(const struct prefix *from, unsigned table, unsigned priority, bool old_inet6);
/* Is it of the form that rule_make gives, and nothing else, or IPv6's from all lookup 253 priority
 * 32767? Another's may be so, too. */
bool rule_is_own_form(const struct rule *rule);
/* Has it selectors that some packets of one source and destination meet and others do not: ports,
 * protocol, users, groups, tunnels, or one that is not known here? */
bool rule_is_selective(const struct rule *rule);
/* Does all meet it that the host sends and nobody marks? */
bool rule_takes_all(const struct rule *rule);
/* By its source alone: can it match what is sent from an address in net? */
bool rule_meets_source(const struct rule *rule, const struct prefix *net);
/* Would RTM_DELRULE with all that the one has take the other? An absent selector is a wildcard. */
bool rule_covers(const struct rule *named, const struct rule *other);
/* A rule that is not of our own form and that a deletion of this one may take instead; others: all
 * of these, in order. before: an element of the array that they are of, as the kernel dumped it,
 * and one that stands before it is looked for, which is what the deletion takes. NULL: none. */
const struct rule *rule_find_twin(
	const struct index *others, const struct rule *rule, const struct rule *before);

/* Those that are not of our own form, in order, for rule_find_twin. */
void rules_index_others(const struct rules *rules, struct index *out);

/* A total order: priority, source, table, then all else. 0: the same but for who made it. */
int rule_compare(const struct rule *a, const struct rule *b);
compare_items rules_in_order;

/* The words that follow "ip rule add" (ip-rule(8)), with the priority at the end. A selector that
 * is not known here is said as "…". */
void rule_format(const struct rule *rule, struct text *out);

/* A line that rule_format wrote of a rule of our own form, and nothing else. 0 or -1. */
int rule_parse(const char *line, struct rule *out);

/* from all fwmark MARK/MASK lookup TABLE priority PRIORITY. It is of nobody's form: ours is one
 * that is on record, where it has its family before it, as ip(8)'s option. */
struct rule rule_make_mark(
	int family, unsigned mark, unsigned mask, unsigned table, unsigned priority);
void rule_format_mark(const struct rule *rule, struct text *out);
int rule_parse_mark(const char *line, struct rule *out);

void rules_free(struct rules *rules);

#endif
