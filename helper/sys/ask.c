/* SPDX-License-Identifier: MIT
 * What the kernel would do with one packet: RTM_GETROUTE.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/log.h"
#include "sys/ask.h"
#include "sys/decode.h"
#include "sys/kernel.h"
#include "sys/wire.h"

/* RTM_F_LOOKUP_TABLE: the answer is to say the table; older kernels say main. */
enum { LOOKUP_TABLE = 0x1000 };

/* Headers, two addresses and two devices. nlmsg_alloc_simple would clear a page for each. */
enum { QUESTION_SIZE = 128 };

/* The one answer that is waited for. */
struct asking {
	const struct links *links;
	struct answer *answer;
	bool answered;
	bool says_table; /* the kernel does, of IPv4 */
};

static void read_cached_error(struct nlmsghdr *message, struct answer *answer)
{
	const struct nlattr *attr = nlmsg_find_attr(message, sizeof(struct rtmsg), RTA_CACHEINFO);
	struct rta_cacheinfo info;

	if (!attr || attribute_length(attr) < sizeof(info))
		return;
	memcpy(&info, attribute_bytes(attr), sizeof(info));
	/* Before 4.4 an IPv6 route that refuses came as an answer, with its error in it. */
	answer->error = -(int)info.rta_error;
}

static int read_answer(struct nl_msg *msg, void *arg)
{
	struct asking *asking = arg;
	struct answer *answer = asking->answer;
	struct nlmsghdr *message = nlmsg_hdr(msg);
	struct route_key key = {.metric = 0};
	struct routes routes = {0};
	struct route *route;
	struct hop hop;

	if (message->nlmsg_type != RTM_NEWROUTE || !nlmsg_valid_hdr(message, sizeof(struct rtmsg)))
		return NL_SKIP;
	route = array_add(&routes);
	decode_route_key(message, &key);
	decode_route(message, &key, asking->links, route);
	asking->answered = true;
	read_cached_error(message, answer);
	answer->type = route->type;
	if (route->dst.family == AF_INET6 || asking->says_table)
		answer->table = route->table;
	answer->source = route->source;
	if (route_hop_count(route)) {
		hop = route_hop(route, 0);
		memcpy(answer->device, hop.device, sizeof(answer->device));
		answer->gateway = hop.gateway;
	}
	routes_free(&routes);
	return NL_OK;
}

static int read_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct asking *asking = arg;

	(void)from;
	asking->answer->error = -error->error;
	asking->answered = true;
	return NL_SKIP;
}

static int put_address(struct nl_msg *msg, int type, const struct prefix *address)
{
	return nla_put(msg, type, prefix_bits(address->family) / 8, address->bytes);
}

static int put_question(
	struct nl_msg *msg, const struct question *question, unsigned iif, unsigned oif)
{
	struct rtmsg *header = nlmsg_reserve(msg, sizeof(*header), NLMSG_ALIGNTO);
	unsigned char bits = (unsigned char)prefix_bits(question->to.family);

	if (!header)
		return -1;
	memset(header, 0, sizeof(*header));
	header->rtm_family = question->to.family;
	header->rtm_dst_len = bits;
	header->rtm_src_len = question->from.family ? bits : 0;
	header->rtm_tos = question->tos;
	header->rtm_flags = LOOKUP_TABLE;
	if (put_address(msg, RTA_DST, &question->to) ||
		(question->from.family && put_address(msg, RTA_SRC, &question->from)) ||
		(iif && nla_put_u32(msg, RTA_IIF, iif)))
		return -1;
	return oif ? nla_put_u32(msg, RTA_OIF, oif) : 0;
}

/* The device's index; 0 for "", -1 if it is not there. */
static int device_index(const struct links *links, const char *name)
{
	struct kernel seen = {.links = *links};
	const struct link *link = kernel_find_link(&seen, name);

	return !*name ? 0 : link ? link->index : -1;
}

/* Without an acknowledgement asked for, a question has one reply: a route or an error. */
static int ask(struct nl_sock *socket, const struct question *question, struct asking *asking)
{
	int iif = device_index(asking->links, question->iif);
	int oif = device_index(asking->links, question->oif);
	struct nl_msg *msg;
	int err;

	memset(asking->answer, 0, sizeof(*asking->answer));
	asking->answered = false;
	if (iif < 0 || oif < 0) {
		asking->answer->error = ENODEV;
		return 0;
	}
	msg = nlmsg_alloc_size(QUESTION_SIZE);
	err = -NLE_NOMEM;
	if (msg && nlmsg_put(msg, 0, 0, RTM_GETROUTE, 0, NLM_F_REQUEST))
		err = put_question(msg, question, (unsigned)iif, (unsigned)oif);
	if (!err)
		err = nl_send_auto(socket, msg);
	if (err >= 0)
		err = nl_recvmsgs_default(socket);
	nlmsg_free(msg);
	if (err < 0)
		return err;
	if (!asking->answered)
		return -NLE_AGAIN;
	/* It has no memory to look: that is no opinion. */
	return asking->answer->error == ENOBUFS || asking->answer->error == ENOMEM ? -NLE_NOMEM : 0;
}

int kernel_ask(const struct question *questions, size_t n, const struct links *links,
	struct answer *answers)
{
	struct nl_sock *socket = netlink_open();
	struct asking asking = {.links = links, .says_table = !kernel_older_than(4, 4, 0)};
	int err = socket ? 0 : -1;
	size_t i;

	if (!socket)
		return -1;
	nl_socket_disable_auto_ack(socket);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, read_answer, &asking);
	nl_socket_modify_err_cb(socket, NL_CB_CUSTOM, read_error, &asking);
	for (i = 0; i < n && !err; i++) {
		asking.answer = &answers[i];
		err = ask(socket, &questions[i], &asking);
	}
	if (err)
		log_error("netlink: asking for a route: %s", netlink_error(err));
	nl_socket_free(socket);
	return err ? -1 : 0;
}

static bool is_default_only(const struct prefix *dst, const struct prefix *address)
{
	return dst->len <= 1 || !prefix_contains(dst, address);
}

/* Does every packet to and from the address go by a default, or by half of one? */
static bool is_behind_default(const struct kernel *kernel, const struct prefix *address)
{
	bool found = true;
	size_t i;

	for (i = 0; found && i < kernel->routes.n; i++)
		found = is_default_only(&kernel->routes.items[i].dst, address);
	for (i = 0; found && i < kernel->others.n; i++)
		found = is_default_only(&kernel->others.items[i].dst, address);
	for (i = 0; found && i < kernel->rules.n; i++)
		found = is_default_only(&kernel->rules.items[i].from, address) &&
			is_default_only(&kernel->rules.items[i].to, address);
	return found;
}

/* TEST-NET-1 of RFC 5737, which is nobody's. Where it is banned, as bogons are, or has a route of
 * its own, an address of another network: no packet is sent there. */
static struct prefix choose_remote(const struct kernel *kernel)
{
	const struct prefix first = {AF_INET, 32, {192, 0, 2, 1}};
	struct prefix remote = first;

	while (!is_behind_default(kernel, &remote)) {
		/* 127 is the loopback's. */
		remote.bytes[0] += remote.bytes[0] == 126 ? 2 : 1;
		if (remote.bytes[0] == 224)
			remote.bytes[0] = 1;
		if (remote.bytes[0] == first.bytes[0])
			break;
	}
	return remote;
}

int kernel_refuses(const struct probes *probes, const struct kernel *kernel, bool *refuses)
{
	struct question *questions = mem_resize(NULL, probes->n * sizeof(*questions));
	struct answer *answers = mem_resize(NULL, probes->n * sizeof(*answers));
	const struct prefix none = {0};
	struct prefix remote = probes->n ? choose_remote(kernel) : none;
	const struct probe *probe;
	int err = 0;
	size_t i;

	memset(questions, 0, probes->n * sizeof(*questions));
	for (i = 0; i < probes->n; i++) {
		probe = &probes->items[i];
		questions[i].to = probe->address;
		questions[i].from = remote;
		memcpy(questions[i].iif, probe->device, sizeof(questions[i].iif));
	}
	if (probes->n)
		err = kernel_ask(questions, probes->n, &kernel->links, answers);
	for (i = 0; !err && i < probes->n; i++)
		refuses[i] = answers[i].error == EXDEV || answers[i].error == EINVAL;
	free(questions);
	free(answers);
	return err;
}
