/* SPDX-License-Identifier: MIT
 * What the kernel holds, by dumps of netlink.
 *
 * Source: rtnetlink(7), include/uapi/linux/rtnetlink.h, net/ipv4/fib_{frontend,trie}.c,
 * net/ipv6/{route,ip6_fib}.c, 2.6.18 to 6.x. Changes nothing.
 */
#ifndef SYS_KERNEL_H
#define SYS_KERNEL_H

#include "net/net.h"

/* Fills out with links, addresses, routes and rules: one dump of each and of each family that the
 * kernel has, repeated if the kernel says that it was interrupted. all: routes that do not count
 * for the plan are there whole as well, table local's among them, and neighbours. A failed dump is
 * an error, never an empty list: -1, and it is logged. To be freed with kernel_free in any case. */
int kernel_read(bool all, struct kernel *out);

#endif
