/* SPDX-License-Identifier: MIT
 * A message of netlink about a rule or a route, as net/rule.h and net/route.h have it.
 *
 * Source: fib_nl_fill_rule (net/core/fib_rules.c), fib_dump_info (net/ipv4/fib_semantics.c),
 * rt6_fill_node (net/ipv6/route.c), 2.6.18 to 6.x.
 */
#ifndef SYS_DECODE_H
#define SYS_DECODE_H

#include "net/net.h"

struct nlmsghdr;

/* EL5's kernel headers have no linux/fib_rules.h; the numbers are the wire's. */
enum {
	RULE_DST = 1,
	RULE_SRC = 2,
	RULE_IIFNAME = 3,
	RULE_GOTO = 4,
	RULE_PRIORITY = 6,
	RULE_FWMARK = 10,
	RULE_FLOW = 11,
	RULE_TUN_ID = 12,
	RULE_SUPPRESS_IFGROUP = 13,
	RULE_SUPPRESS_PREFIXLEN = 14,
	RULE_TABLE = 15,
	RULE_FWMASK = 16,
	RULE_OIFNAME = 17,
	RULE_PAD = 18,
	RULE_L3MDEV = 19,
	RULE_UID_RANGE = 20,
	RULE_PROTOCOL = 21,
	RULE_IP_PROTO = 22,
	RULE_SPORT_RANGE = 23,
	RULE_DPORT_RANGE = 24,
	RULE_SPORT_MASK = 28,
	RULE_DPORT_MASK = 29,
	RULE_TO_TABLE = 1, /* FR_ACT_TO_TBL; RTN_UNICAST on 2.6.18 */
	RULE_INVERT = 2	   /* FIB_RULE_INVERT */
};

/* The same of rtnetlink.h's later attributes and flags of a route. */
enum {
	ROUTE_VIA = 18,
	ROUTE_PREF = 20,
	ROUTE_EXPIRES = 23,
	ROUTE_PAD = 24,
	ROUTE_UID = 25,
	ROUTE_NEXTHOP = 30,
	ROUTE_LINKDOWN = 16 /* RTNH_F_LINKDOWN */
};

/* The wire's types of routes and actions of rules begin with 0, unspecified, and 1, an ordinary
 * one, where ours begin with an ordinary one: the two change places, either way. */
static inline unsigned char decode_type(unsigned char type)
{
	return type < 2 ? (unsigned char)!type : type;
}

/* out is zeroed; the family is the message's. */
void decode_rule(const struct nlmsghdr *message, struct rule *out);
/* What of a route is read of every one. */
void decode_route_key(const struct nlmsghdr *message, struct route_key *out);
/* A dumped route, or the answer to RTM_GETROUTE, whose key was read before. */
void decode_route(const struct nlmsghdr *message, const struct route_key *key,
	const struct links *links, struct route *out);

#endif
