/* SPDX-License-Identifier: MIT
 * Changes the kernel's rules and routes. Nothing else does.
 *
 * Source: include/uapi/linux/{rtnetlink,fib_rules}.h, net/core/fib_rules.c,
 * net/ipv4/fib_{frontend,semantics}.c, net/ipv6/route.c, 2.6.18 to 6.x.
 */
#ifndef SYS_APPLY_H
#define SYS_APPLY_H

#include "plan/diff.h"

/* Sends the ops in their order. errors has room for ops->n numbers: 0, or the kernel's errno
 * of each op; the others are carried out all the same. -1 if the kernel could not be talked
 * to, and it is logged. links give the devices' indices. */
int kernel_apply(const struct ops *ops, const struct links *links, int *errors);

#endif
