/* SPDX-License-Identifier: MIT
 * What the two files that speak netlink share: a socket, and the attributes of a message.
 *
 * Source: include/uapi/linux/netlink.h; libnl's attr.h.
 */
#ifndef KERNEL_WIRE_H
#define KERNEL_WIRE_H

#include <netlink/attr.h>
#include <netlink/socket.h>

#include "net.h"

/* To be freed with nl_socket_free; NULL: logged. */
struct nl_sock *netlink_open(void);

/* found has room for max + 1; NULL: not there. */
void attributes_split(struct nlattr *head, int len, struct nlattr **found, int max);

/* Of an attribute that is not there: 0, the family's zero address, "". */
unsigned attribute_number(const struct nlattr *attr);
struct prefix attribute_prefix(const struct nlattr *attr, int family, int len);
void attribute_name(const struct nlattr *attr, device_name out);

/* The name of the link with that index, or "". */
void copy_device(const struct kernel *kernel, int index, device_name out);

#endif
