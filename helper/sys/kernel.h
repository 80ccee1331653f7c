/* SPDX-License-Identifier: MIT
 * The seam to the kernel. Only this room knows of netlink and libnl.
 *
 * Source: rtnetlink(7), include/uapi/linux/{rtnetlink,fib_rules}.h, net/core/fib_rules.c,
 * net/ipv4/fib_{frontend,semantics,trie}.c, net/ipv6/{route,ip6_fib}.c, 2.6.18 to 6.x.
 */
#ifndef SYS_KERNEL_H
#define SYS_KERNEL_H

#include "net/net.h"
#include "plan/diff.h"

/* Fills out with links, addresses, routes and rules: one dump of each and of each family that the
 * kernel has, repeated if the kernel says that it was interrupted. all: routes that do not count
 * for the plan are there whole as well, table local's among them, and neighbours. A failed dump is
 * an error, never an empty list: -1, and it is logged. To be freed with kernel_free in any case. */
int kernel_read(bool all, struct kernel *out);

/* Sends the ops in their order. errors has room for ops->n numbers: 0, or the kernel's errno
 * of each op; the others are carried out all the same. -1 if the kernel could not be talked
 * to, and it is logged. links give the devices' indices. */
int kernel_apply(const struct ops *ops, const struct links *links, int *errors);

bool kernel_older_than(unsigned major, unsigned minor, unsigned patch);

/* Kernels before 3.6 keep a cache of routes that a change of rules leaves as it was
 * (2.6.18). Nothing to do on others; never an error. */
void kernel_flush_cache(void);

#endif
