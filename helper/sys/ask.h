/* SPDX-License-Identifier: MIT
 * The kernel's own opinion: which way would it send this packet, would it take that one in.
 *
 * Source: inet_rtm_getroute (net/ipv4/route.c), inet6_rtm_getroute (net/ipv6/route.c),
 * fib_validate_source (net/ipv4/fib_frontend.c), 2.6.18 to 6.x. Changes nothing.
 */
#ifndef SYS_ASK_H
#define SYS_ASK_H

#include "net/net.h"
#include "net/question.h"
#include "plan/plan.h"

/* Asks n questions in their order. links give names and indices. 0; or -1 if the kernel could
 * not be talked to, and it is logged. A device that is not there: error ENODEV. */
int kernel_ask(const struct question *questions, size_t n, const struct links *links,
	struct answer *answers);

/* Would the kernel refuse an IPv4 packet that arrives by a probe's device for its address
 * (reverse-path filter)? refuses has room for each probe. 0; or
 * -1 if it could not be asked, and it is logged. */
int kernel_refuses(const struct probes *probes, const struct kernel *kernel, bool *refuses);

/* The address that the kernel gives what has none, to each of these; those that lead nowhere are left
 * out. out is zeroed; to be freed: items. 0; or -1, and it is logged. */
int kernel_choose_sources(
	const struct prefixes *to, const struct links *links, struct choices_of_source *out);

#endif
