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
