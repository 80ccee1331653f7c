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
#include "sys/netlink.h"
#include "sys/proc.h"

/* RTM_F_LOOKUP_TABLE: the answer is to say the table; older kernels say main. */
enum { LOOKUP_TABLE = 0x1000 };

/* Headers, two addresses and two devices. nlmsg_alloc_simple would clear a page for each. */
enum { QUESTION_SIZE = 128 };

/* The one answer that is waited for. */
struct asking {
	const struct links *links;
	unsigned seq;
	struct answer *answer;
	bool says_table; /* the kernel does, of IPv4 */
};

static int read_answer(const struct nlmsghdr *message, void *arg)
{
	const struct asking *asking = arg;
	struct answer *answer = asking->answer;
	const struct nlattr *attrs[RTA_CACHEINFO + 1];
	struct rta_cacheinfo cached = {.rta_error = 0};
	struct route_key key = {.metric = 0};
	struct routes routes = {0};
	struct route *route;
	struct hop hop;
	int err;

	if (message->nlmsg_seq != asking->seq)
		return 0;
	if (message->nlmsg_type == NLMSG_ERROR) {
		err = message_error(message, &answer->error);
		return err ? err : answer->error != 0;
	}
	if (message->nlmsg_type != RTM_NEWROUTE ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
		return 0;
	/* Before 4.4 an IPv6 route that refuses came as an answer, with its error in it. */
	message_split(message, sizeof(struct rtmsg), attrs, RTA_CACHEINFO);
	if (attrs[RTA_CACHEINFO])
		attribute_copy(attrs[RTA_CACHEINFO], &cached, sizeof(cached));
	answer->error = (int)-cached.rta_error;
	route = array_add(&routes);
	decode_route_key(message, &key);
	decode_route(message, &key, asking->links, route);
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
	return 1;
}

static int put_question(
	struct nl_msg *msg, const struct question *question, unsigned iif, unsigned oif)
{
	struct rtmsg *header = message_put_header(msg);
	unsigned char bits = (unsigned char)prefix_bits(question->to.family);

	if (!header)
		return -1;
	header->rtm_family = question->to.family;
	header->rtm_dst_len = bits;
	header->rtm_src_len = question->from.family ? bits : 0;
	header->rtm_tos = question->tos;
	header->rtm_flags = LOOKUP_TABLE;
	return message_put_address(msg, RTA_DST, &question->to) ||
			message_put_address(msg, RTA_SRC, &question->from) ||
			(iif && nla_put_u32(msg, RTA_IIF, iif)) ||
			(oif && nla_put_u32(msg, RTA_OIF, oif))
		? -1
		: 0;
}

/* Without an acknowledgement asked for, a question has one reply: a route or an error. */
static int ask(struct nl_sock *socket, const struct question *question, struct asking *asking)
{
	unsigned iif = link_index(asking->links, question->iif);
	unsigned oif = link_index(asking->links, question->oif);
	struct nl_msg *msg;
	int err;

	memset(asking->answer, 0, sizeof(*asking->answer));
	if ((question->iif[0] && !iif) || (question->oif[0] && !oif)) {
		asking->answer->error = ENODEV;
		return 0;
	}
	msg = nlmsg_alloc_size(QUESTION_SIZE);
	err = -NLE_NOMEM;
	if (msg && nlmsg_put(msg, 0, 0, RTM_GETROUTE, 0, NLM_F_REQUEST))
		err = put_question(msg, question, iif, oif);
	if (!err)
		err = nl_send_auto(socket, msg);
	if (err >= 0) {
		asking->seq = nlmsg_hdr(msg)->nlmsg_seq;
		err = netlink_receive(socket, read_answer, asking);
	}
	nlmsg_free(msg);
	if (err < 0)
		return err;
	/* It has no memory to look: that is no opinion. */
	return asking->answer->error == ENOBUFS || asking->answer->error == ENOMEM ? -NLE_NOMEM : 0;
}

int kernel_ask(const struct question *questions, size_t n, const struct links *links,
	struct answer *answers)
{
	struct nl_sock *socket = netlink_open(NETLINK_ROUTE);
	struct asking asking = {.links = links, .says_table = !kernel_older_than(4, 4, 0)};
	int err = socket ? 0 : -1;
	size_t i;

	if (!socket)
		return -1;
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
	return prefix_is_default(dst) || !prefix_contains(dst, address);
}

/* Does every packet to and from the address go by a default, or by a part of one? */
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
		questions[i].from = probe->remote.family ? probe->remote : remote;
		memcpy(questions[i].iif, probe->device, sizeof(questions[i].iif));
	}
	if (probes->n)
		err = kernel_ask(questions, probes->n, &kernel->links, answers);
	for (i = 0; !err && i < probes->n; i++)
		refuses[i] = probes->items[i].always || answers[i].error == EXDEV ||
			answers[i].error == EINVAL;
	free(questions);
	free(answers);
	return err;
}

int kernel_choose_sources(
	const struct prefixes *to, const struct links *links, struct choices_of_source *out)
{
	struct question *questions = mem_resize(NULL, to->n * sizeof(*questions));
	struct answer *answers = mem_resize(NULL, to->n * sizeof(*answers));
	struct choice_of_source *choice;
	int err;
	size_t i;

	memset(questions, 0, to->n * sizeof(*questions));
	for (i = 0; i < to->n; i++)
		questions[i].to = source_probe(&to->items[i], to);
	err = to->n ? kernel_ask(questions, to->n, links, answers) : 0;
	for (i = 0; !err && i < to->n; i++) {
		if (answers[i].error || answers[i].type || !answers[i].source.family)
			continue;
		choice = array_add(out);
		choice->to = to->items[i];
		choice->source = prefix_host(&answers[i].source);
	}
	sources_arrange(out);
	free(questions);
	free(answers);
	return err;
}
