/* SPDX-License-Identifier: MIT
 * The connections that conntrack knows.
 *
 * Source: include/uapi/linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_netlink.c
 * (ctnetlink_dump_table, ctnetlink_del_conntrack), 2.6.18 to 6.x.
 */
#ifndef SYS_FLOWS_H
#define SYS_FLOWS_H

#include "plan/plan.h"

/* Has conntrack forget those of UDP whose next packet would go another way, by what is wanted.
 * addresses: the kernel's. 0, or -1: logged. */
int flows_forget(const struct chains_wanted *wanted, const struct addresses *addresses);

#endif
