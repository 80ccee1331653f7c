/* SPDX-License-Identifier: MIT
 * What the files that speak netlink share: a socket, dumps, the attributes of a message.
 *
 * Source: include/uapi/linux/netlink.h; netlink_dump (net/netlink/af_netlink.c); libnl's attr.h.
 */
#ifndef SYS_NETLINK_H
#define SYS_NETLINK_H

#include <string.h>

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/socket.h>

#include "net/net.h"

/* NETLINK_ROUTE or another protocol. To be freed with nl_socket_free; NULL: logged. An answer that does not come is not waited for
 * without end; an acknowledgement comes if a message asks for it (NLM_F_ACK). */
struct nl_sock *netlink_open(int protocol);
/* libnl's words; -NLE_AGAIN: there was no answer, or one that is cut off or makes no sense. */
const char *netlink_error(int err);

/* Is given each message that the kernel sends. 0: more is to come; 1: that was all; or libnl's
 * negative error. */
typedef int netlink_answer(const struct nlmsghdr *message, void *arg);

/* Receives until answer has said that it was all. 0, or libnl's negative error. */
int netlink_receive(struct nl_sock *socket, netlink_answer *answer, void *arg);

/* The errno, or 0, with which a request or a dump ended (NLMSG_ERROR, NLMSG_DONE). 0, or libnl's
 * negative error: it is cut off. */
int message_error(const struct nlmsghdr *message, int *error);

/* Is given each message of a dump that is of its kind and family, with at least its header. */
typedef void netlink_take(const struct nlmsghdr *message, void *arg);

/* One dump, RTM_GETLINK, GETADDR, GETNEIGH, GETROUTE or GETRULE, of a family. 0, -NLE_DUMP_INTR if
 * something changed meanwhile, or another negative error of libnl's: then it is logged, with what
 * was read. After any of them, what came so far is to be thrown away. */
int netlink_dump(struct nl_sock *socket, int type, unsigned char family, netlink_take *take,
	void *arg, const char *what);

/* NLA_TYPE_MASK, which EL5's kernel headers do not have. */
enum { ATTRIBUTE_TYPE = 0x3fff };

/* libnl's nla_ok and so on are calls into a library, and a full table has half a million
 * attributes. left: bytes from attr on. */
static inline bool attribute_fits(const struct nlattr *attr, size_t left)
{
	return left >= sizeof(*attr) && attr->nla_len >= sizeof(*attr) && attr->nla_len <= left;
}

static inline const struct nlattr *attribute_next(const struct nlattr *attr, size_t *left)
{
	size_t step = (size_t)NLA_ALIGN(attr->nla_len);

	*left -= step < *left ? step : *left;
	return (const void *)((const char *)attr + step);
}

static inline size_t attribute_length(const struct nlattr *attr)
{
	return attr->nla_len - sizeof(*attr);
}

static inline const void *attribute_bytes(const struct nlattr *attr)
{
	return attr + 1;
}

static inline int attribute_type(const struct nlattr *attr)
{
	return attr->nla_type & ATTRIBUTE_TYPE;
}

/* The attributes behind a message's header of its own, of that size. */
static inline const struct nlattr *message_attributes(
	const struct nlmsghdr *message, size_t header, size_t *left)
{
	size_t skip = NLMSG_LENGTH(header);

	*left = message->nlmsg_len > skip ? message->nlmsg_len - skip : 0;
	return (const void *)((const char *)message + skip);
}

/* found has room for max + 1; NULL: not there. */
void message_split(
	const struct nlmsghdr *message, size_t header, const struct nlattr **found, int max);

/* Of an attribute that is not there: 0, the family's zero address, "". */
static inline unsigned attribute_number(const struct nlattr *attr)
{
	unsigned number = 0;

	if (attr && attribute_length(attr) >= sizeof(number))
		memcpy(&number, attribute_bytes(attr), sizeof(number));
	return number;
}

static inline struct prefix attribute_prefix(const struct nlattr *attr, int family, int len)
{
	/* No kernel says more, but a message is bytes from outside. */
	int bits = prefix_bits(family);
	struct prefix prefix = {.family = (unsigned char)family,
		.len = (unsigned char)(len < bits ? len : bits)};
	size_t n = attr ? attribute_length(attr) : 0;

	/* Of a size that the compiler knows: there may be half a million. */
	if (n == 4)
		memcpy(prefix.bytes, attribute_bytes(attr), 4);
	else if (n && n <= sizeof(prefix.bytes))
		memcpy(prefix.bytes, attribute_bytes(attr), n);
	return prefix;
}

/* Nothing if it is shorter. */
static inline void attribute_copy(const struct nlattr *attr, void *out, size_t size)
{
	if (attribute_length(attr) >= size)
		memcpy(out, attribute_bytes(attr), size);
}

void attribute_name(const struct nlattr *attr, device_name out);
/* "52:54:00:12:34:56", or "". */
void attribute_mac(const struct nlattr *attr, char mac[3 * 32]);

/* The name of the link with that index, or "". */
void link_name(const struct links *links, int index, device_name out);
/* The index of the link of that name, or 0. */
unsigned link_index(const struct links *links, const char *name);

/* A rule's or a route's header, zeroed, at the end of a message; NULL: no room. */
struct rtmsg *message_put_header(struct nl_msg *msg);
/* The address; of family 0, nothing. 0, or an error. */
int message_put_address(struct nl_msg *msg, int type, const struct prefix *address);

#endif
