/* SPDX-License-Identifier: MIT
 * Netlink's socket, its dumps and attributes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/neighbour.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/log.h"
#include "sys/netlink.h"

/* NLM_F_DUMP_INTR, which EL5's kernel headers do not have. */
enum { DUMP_INTERRUPTED = 0x10 };

/* Replies of 32 KiB (a dump's page) to larger ones (links with many virtual functions). */
enum { RECEIVE_SIZE = 1 << 16 };

/* The kernel has its answer ready when it is asked; one that does not come is lost. */
enum { ANSWER_SECONDS = 10 };

struct dump {
	int type;
	unsigned char family; /* AF_UNSPEC: any */
	size_t header;	      /* the size of the one that each message has */
	netlink_take *take;
	void *arg;
	bool interrupted;
};

const char *netlink_error(int err)
{
	return err == -NLE_AGAIN ? "no answer that can be read" : nl_geterror(err);
}

struct nl_sock *netlink_open(int protocol)
{
	static const struct timeval patience = {ANSWER_SECONDS, 0};
	/* Callbacks of our own: the default's are the environment's to choose (NLCB). */
	struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
	struct nl_sock *socket = callbacks ? nl_socket_alloc_cb(callbacks) : NULL;
	int err = -NLE_NOMEM;

	nl_debug = 0; /* NLDBG */
	if (callbacks)
		nl_cb_put(callbacks);
	if (socket) {
		nl_socket_disable_auto_ack(socket);
		err = nl_connect(socket, protocol);
	}
	/* libnl 3.2.21 reads one page and cuts the rest off silently. */
	if (!err)
		err = nl_socket_set_msg_buf_size(socket, RECEIVE_SIZE);
	if (!err &&
		setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)))
		err = -NLE_FAILURE;
	if (!err)
		return socket;
	log_error("netlink: %s", netlink_error(err));
	if (socket)
		nl_socket_free(socket);
	return NULL;
}

static size_t header_size(int type)
{
	switch (type) {
	case RTM_GETLINK:
		return sizeof(struct ifinfomsg);
	case RTM_GETADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_GETNEIGH:
		return sizeof(struct ndmsg);
	}
	return sizeof(struct rtmsg);
}

int message_error(const struct nlmsghdr *message, int *error)
{
	unsigned negative = 0;

	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(negative)))
		memcpy(&negative, NLMSG_DATA(message), sizeof(negative));
	else if (message->nlmsg_type == NLMSG_ERROR)
		return -NLE_MSG_TOOSHORT;
	*error = (int)-negative;
	return 0;
}

/* Not nl_recvmsgs: it makes a message of its own of each that comes, and stops reading where one is
 * cut off or makes no sense, as if that were all. */
int netlink_receive(struct nl_sock *socket, netlink_answer *answer, void *arg)
{
	const struct nlmsghdr *message;
	struct sockaddr_nl from;
	unsigned char *bytes;
	int n, done = 0;

	while (!done) {
		bytes = NULL;
		n = nl_recv(socket, &from, &bytes, NULL);
		if (n <= 0)
			return n ? n : -NLE_AGAIN;
		/* Whoever may open a socket may write to ours. */
		if (from.nl_pid)
			n = 0;
		for (message = (const void *)bytes;
			!done && n >= NLMSG_HDRLEN && NLMSG_OK(message, (unsigned)n);
			message = NLMSG_NEXT(message, n))
			done = answer(message, arg);
		if (!done && n > 0)
			done = -NLE_AGAIN;
		free(bytes);
	}
	return done < 0 ? done : 0;
}

static int take_dumped(const struct nlmsghdr *message, void *arg)
{
	struct dump *dump = arg;
	int error, err;

	dump->interrupted |= (message->nlmsg_flags & DUMP_INTERRUPTED) != 0;
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
		err = message_error(message, &error);
		return err ? err : error ? -nl_syserr2nlerr(error) : 1;
	}
	/* Cut off on the way: an error, not one thing less. */
	if (message->nlmsg_len < NLMSG_LENGTH(dump->header))
		return -NLE_MSG_TOOSHORT;
	/* RTM_GET* is two more than RTM_NEW*, and the family is the first byte of each header. An
	 * old kernel answers for all families where it lacks one. */
	if (message->nlmsg_type + 2 == dump->type &&
		(!dump->family || *(const unsigned char *)NLMSG_DATA(message) == dump->family))
		dump->take(message, dump->arg);
	return 0;
}

/* Not nl_send_simple, which clears a page for each. */
static int send_dump(struct nl_sock *socket, int type, unsigned char family, size_t header)
{
	/* The largest of the headers; the family is the first byte of each. */
	struct ifinfomsg largest = {.ifi_family = family};
	struct nl_msg *msg = nlmsg_alloc_size(NLMSG_SPACE(sizeof(largest)));
	int err = -NLE_NOMEM;

	if (msg && nlmsg_put(msg, 0, 0, type, 0, NLM_F_DUMP) &&
		!nlmsg_append(msg, &largest, header, NLMSG_ALIGNTO))
		err = nl_send_auto(socket, msg);
	nlmsg_free(msg);
	return err;
}

int netlink_dump(struct nl_sock *socket, int type, unsigned char family, netlink_take *take,
	void *arg, const char *what)
{
	struct dump dump = {.type = type,
		.family = family,
		.header = header_size(type),
		.take = take,
		.arg = arg};
	int err = send_dump(socket, type, family, dump.header);

	if (err >= 0)
		err = netlink_receive(socket, take_dumped, &dump);
	if (!err && dump.interrupted)
		err = -NLE_DUMP_INTR;
	/* Booted with ipv6.disable=1. */
	if (err == -NLE_AF_NOSUPPORT && family == AF_INET6)
		return 0;
	if (err < 0 && err != -NLE_DUMP_INTR)
		log_error("netlink: reading %s%s: %s", family == AF_INET6 ? "IPv6 " : "", what,
			netlink_error(err));
	return err < 0 ? err : 0;
}

void message_split(
	const struct nlmsghdr *message, size_t header, const struct nlattr **found, int max)
{
	size_t left;
	const struct nlattr *attr = message_attributes(message, header, &left);

	memset(found, 0, sizeof(*found) * (size_t)(max + 1));
	for (; attribute_fits(attr, left); attr = attribute_next(attr, &left))
		if (attribute_type(attr) <= max)
			found[attribute_type(attr)] = attr;
}

void attribute_name(const struct nlattr *attr, device_name out)
{
	size_t len = attr ? attribute_length(attr) : 0;

	if (len > DEVICE_SIZE - 1)
		len = DEVICE_SIZE - 1;
	memset(out, 0, DEVICE_SIZE);
	if (len)
		memcpy(out, attribute_bytes(attr), len);
}

void attribute_mac(const struct nlattr *attr, char mac[3 * 32])
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = attr ? attribute_bytes(attr) : NULL;
	char *at = mac;
	size_t i;

	for (i = 0; bytes && i < attribute_length(attr) && i < 32; i++) {
		if (i)
			*at++ = ':';
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	*at = '\0';
}

void link_name(const struct links *links, int index, device_name out)
{
	const struct link *link = links_find(links, index);

	memset(out, 0, DEVICE_SIZE);
	if (link)
		memcpy(out, link->name, DEVICE_SIZE);
}

unsigned link_index(const struct links *links, const char *name)
{
	const struct link *link = links_find_name(links, name);

	return link ? (unsigned)link->index : 0;
}

struct rtmsg *message_put_header(struct nl_msg *msg)
{
	struct rtmsg *header = nlmsg_reserve(msg, sizeof(*header), NLMSG_ALIGNTO);

	if (header)
		memset(header, 0, sizeof(*header));
	return header;
}

int message_put_address(struct nl_msg *msg, int type, const struct prefix *address)
{
	if (!address->family)
		return 0;
	return nla_put(msg, type, prefix_bits(address->family) / 8, address->bytes);
}
