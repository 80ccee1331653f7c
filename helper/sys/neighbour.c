/* SPDX-License-Identifier: MIT
 * Has the kernel a gateway ask for.
 */
#include <stdlib.h>
#include <string.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/neighbour.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/array.h"
#include "sys/neighbour.h"
#include "sys/netlink.h"
#include "sys/proc.h"

/* NTF_USE, which EL5's kernel headers do not have; its kernel knows none. */
enum { FLAG_USE = 0x01 };

enum { DISCARD_PORT = 9 };

struct seen {
	int index;
	unsigned state;
	struct prefix address;
};

struct neighbour_reader {
	struct nl_sock *socket;
	bool has_use;
	unsigned short probe; /* the state by which a known one is asked again */
	struct {
		struct seen *items;
		size_t n, cap;
	} seen;
};

struct neighbour_reader *neighbours_open(void)
{
	struct neighbour_reader *reader = mem_resize(NULL, sizeof(*reader));

	memset(reader, 0, sizeof(*reader));
	reader->has_use = !kernel_older_than(2, 6, 30);
	/* Before 4.2 one that is told to be probed has no probes left, and fails at once; from
	 * NUD_DELAY it gets new ones (neigh_timer_handler of net/core/neighbour.c). */
	reader->probe = kernel_older_than(4, 2, 0) ? NUD_DELAY : NUD_PROBE;
	reader->socket = netlink_open(NETLINK_ROUTE);
	if (reader->socket)
		return reader;
	free(reader);
	return NULL;
}

void neighbours_close(struct neighbour_reader *reader)
{
	nl_socket_free(reader->socket);
	free(reader->seen.items);
	free(reader);
}

static void take(const struct nlmsghdr *message, void *arg)
{
	struct neighbour_reader *reader = arg;
	const struct ndmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[NDA_DST + 1];
	struct seen *seen;

	message_split(message, sizeof(*info), attrs, NDA_DST);
	seen = array_add(&reader->seen);
	seen->index = info->ndm_ifindex;
	seen->state = info->ndm_state;
	seen->address =
		attribute_prefix(attrs[NDA_DST], info->ndm_family, prefix_bits(info->ndm_family));
}

int neighbours_read(struct neighbour_reader *reader, int family)
{
	int err, tries = 3;

	do {
		reader->seen.n = 0;
		err = netlink_dump(reader->socket, RTM_GETNEIGH, (unsigned char)family, take,
			reader, "neighbours");
	} while (err == -NLE_DUMP_INTR && --tries);
	return err ? -1 : 0;
}

unsigned neighbour_state(
	const struct neighbour_reader *reader, int index, const struct prefix *address)
{
	const struct seen *seen;
	size_t i;

	for (i = 0; i < reader->seen.n; i++) {
		seen = &reader->seen.items[i];
		if (seen->index == index && prefix_same_address(&seen->address, address))
			return seen->state;
	}
	return 0;
}

/* Before 2.6.30 only a packet makes the kernel ask for what it does not know. */
static void send_datagram(int index, const struct prefix *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6,
		.sin6_port = htons(DISCARD_PORT),
		.sin6_scope_id = (unsigned)index};
	char device[IF_NAMESIZE] = "";
	bool inet6 = address->family == AF_INET6;
	int fd = socket(address->family, SOCK_DGRAM, 0);

	if (fd < 0)
		return;
	/* Of two NICs in one network the other's route may come first. */
	if (if_indextoname((unsigned)index, device))
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, sizeof(device));
	memcpy(&to.sin_addr, address->bytes, sizeof(to.sin_addr));
	memcpy(&to6.sin6_addr, address->bytes, sizeof(to6.sin6_addr));
	sendto(fd, "", 0, MSG_DONTWAIT,
		inet6 ? (const struct sockaddr *)&to6 : (const struct sockaddr *)&to,
		inet6 ? sizeof(to6) : sizeof(to));
	close(fd);
}

void neighbour_probe(
	struct neighbour_reader *reader, int index, const struct prefix *address, unsigned state)
{
	bool known = state && !(state & (NUD_INCOMPLETE | NUD_FAILED));
	struct ndmsg header = {.ndm_family = address->family,
		.ndm_ifindex = index,
		.ndm_state = known ? reader->probe : NUD_NONE,
		.ndm_flags = known ? 0 : FLAG_USE};
	struct nl_msg *msg;

	if (state & (NUD_PERMANENT | NUD_NOARP))
		return;
	if (!known && !reader->has_use) {
		send_datagram(index, address);
		return;
	}
	msg = nlmsg_alloc_simple(
		RTM_NEWNEIGH, NLM_F_REQUEST | (known ? NLM_F_REPLACE : NLM_F_CREATE));
	if (msg && !nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) &&
		!message_put_address(msg, NDA_DST, address))
		nl_send_auto(reader->socket, msg);
	nlmsg_free(msg);
}
