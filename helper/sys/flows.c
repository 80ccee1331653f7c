/* SPDX-License-Identifier: MIT
 * The connections that conntrack knows.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/array.h"
#include "base/log.h"
#include "sys/flows.h"
#include "sys/netlink.h"

/* nfnetlink.h, nfnetlink_conntrack.h: newer headers only. */
enum { CONNTRACK_NEW = 1 << 8 | 0, CONNTRACK_GET = 1 << 8 | 1, CONNTRACK_DELETE = 1 << 8 | 2 };
enum { CT_ORIGINAL = 1, CT_REPLY = 2, CT_MARK = 8, CT_ZONE = 18 };
enum { TUPLE_ADDRESSES = 1, TUPLE_PROTOCOL = 2 };
enum { IPV4_FROM = 1, IPV4_TO = 2, IPV6_FROM = 3, IPV6_TO = 4 };
enum { PROTOCOL_NUMBER = 1, PROTOCOL_FROM = 2, PROTOCOL_TO = 3 };

enum { ROUNDS = 3 };

struct nf_header {
	unsigned char family, version;
	unsigned short resource;
};

/* Messages that delete them. */
struct stale {
	struct nl_msg **items;
	size_t n, cap;
};

struct reading {
	struct chains_wanted wanted;
	const struct addresses *addresses;
	int family;
	struct stale first; /* what a server sent by itself: it takes the ports of what comes in */
	struct stale stale;
};

static void split(const struct nlattr *nest, const struct nlattr **found, int max)
{
	size_t left = nest ? attribute_length(nest) : 0;
	const struct nlattr *attr = nest ? attribute_bytes(nest) : NULL;

	memset(found, 0, sizeof(*found) * (size_t)(max + 1));
	for (; left && attribute_fits(attr, left); attr = attribute_next(attr, &left))
		if (attribute_type(attr) <= max)
			found[attribute_type(attr)] = attr;
}

static unsigned short read_port(const struct nlattr *attr)
{
	unsigned short port = 0;

	attribute_copy(attr, &port, sizeof(port));
	return ntohs(port);
}

/* False: it is none of UDP. */
static bool read_tuple(const struct nlattr *tuple, int family, struct flow *out)
{
	const struct nlattr *parts[TUPLE_PROTOCOL + 1], *addresses[IPV6_TO + 1],
		*protocol[PROTOCOL_TO + 1];
	const bool inet6 = family == AF_INET6;

	split(tuple, parts, TUPLE_PROTOCOL);
	split(parts[TUPLE_ADDRESSES], addresses, IPV6_TO);
	split(parts[TUPLE_PROTOCOL], protocol, PROTOCOL_TO);
	if (!protocol[PROTOCOL_NUMBER] || !protocol[PROTOCOL_FROM] || !protocol[PROTOCOL_TO] ||
		*(const unsigned char *)attribute_bytes(protocol[PROTOCOL_NUMBER]) != IPPROTO_UDP)
		return false;
	out->from = attribute_prefix(
		addresses[inet6 ? IPV6_FROM : IPV4_FROM], family, prefix_bits(family));
	out->to = attribute_prefix(
		addresses[inet6 ? IPV6_TO : IPV4_TO], family, prefix_bits(family));
	out->from_port = read_port(protocol[PROTOCOL_FROM]);
	out->port = read_port(protocol[PROTOCOL_TO]);
	return true;
}

static struct nl_msg *make_deletion(int family, const struct nlattr **attrs)
{
	struct nf_header header = {.family = (unsigned char)family};
	struct nl_msg *msg =
		nlmsg_alloc_simple(CONNTRACK_DELETE, NLM_F_REQUEST | NLM_F_ACK);
	int i;

	if (!msg || nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO))
		return msg;
	for (i = 0; i <= CT_ZONE; i++)
		if (attrs[i] && (i == CT_ORIGINAL || i == CT_ZONE))
			nla_put(msg, attrs[i]->nla_type, (int)attribute_length(attrs[i]),
				attribute_bytes(attrs[i]));
	return msg;
}

static int take(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct nlattr *attrs[CT_ZONE + 1];
	struct flow flow, reply;
	int error, err;

	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
		err = message_error(message, &error);
		/* 2.6.18 tracks connections of IPv4 only (net/ipv4/netfilter/ip_conntrack_netlink.c). */
		return err ? err : error && error != EAFNOSUPPORT ? -nl_syserr2nlerr(error) : 1;
	}
	if (message->nlmsg_type != CONNTRACK_NEW)
		return 0;
	message_split(message, sizeof(struct nf_header), attrs, CT_ZONE);
	if (!read_tuple(attrs[CT_ORIGINAL], reading->family, &flow) ||
		!read_tuple(attrs[CT_REPLY], reading->family, &reply))
		return 0;
	flow.answers = reply.from;
	flow.answered_port = reply.port;
	flow.mark = ntohl(attribute_number(attrs[CT_MARK]));
	if (!chains_is_stale(&reading->wanted, reading->addresses, &flow))
		return 0;
	*array_add(addresses_include(reading->addresses, &flow.from) ? &reading->first : &reading->stale) =
		make_deletion(reading->family, attrs);
	return 0;
}

static int take_answer(const struct nlmsghdr *message, void *arg)
{
	int error = 0, err = 0;

	(void)arg;
	if (message->nlmsg_type != NLMSG_ERROR)
		return 0;
	err = message_error(message, &error);
	/* It ended meanwhile. */
	return err ? err : error && error != ENOENT ? -nl_syserr2nlerr(error) : 1;
}

static int send_all(struct nl_sock *socket, struct stale *stale, int err)
{
	size_t i;

	for (i = 0; i < stale->n; i++) {
		if (err >= 0)
			err = stale->items[i] ? nl_send_auto(socket, stale->items[i]) : -NLE_NOMEM;
		if (err > 0)
			err = netlink_receive(socket, take_answer, NULL);
		nlmsg_free(stale->items[i]);
	}
	free(stale->items);
	memset(stale, 0, sizeof(*stale));
	return err;
}

/* How many there were, or libnl's negative error. */
static int forget(struct nl_sock *socket, struct reading *reading)
{
	struct nf_header header = {.family = (unsigned char)reading->family};
	struct nl_msg *msg = nlmsg_alloc_simple(CONNTRACK_GET, NLM_F_REQUEST | NLM_F_DUMP);
	int err = -NLE_NOMEM, n;

	if (msg && !nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO))
		err = nl_send_auto(socket, msg);
	nlmsg_free(msg);
	if (err >= 0)
		err = netlink_receive(socket, take, reading);
	n = (int)(reading->first.n + reading->stale.n);
	err = send_all(socket, &reading->first, err);
	err = send_all(socket, &reading->stale, err);
	return err < 0 ? err : n;
}

int flows_forget(const struct chains_wanted *wanted, const struct addresses *addresses)
{
	struct reading reading = {.wanted = *wanted,
		.addresses = addresses,
		.family = wanted->inet6 ? AF_INET6 : AF_INET};
	static const struct timespec pause = {0, 100 * 1000 * 1000};
	struct nl_sock *socket = netlink_open(NETLINK_NETFILTER);
	int err, rounds = 0;

	if (!socket)
		return -1;
	/* Packets come in between. */
	while ((err = forget(socket, &reading)) > 0 && ++rounds < ROUNDS)
		nanosleep(&pause, NULL);
	nl_socket_free(socket);
	if (err < 0)
		log_error("conntrack: %s", netlink_error(err));
	return err < 0 ? -1 : 0;
}
