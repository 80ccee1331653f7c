/* SPDX-License-Identifier: MIT
 * Changes the kernel's rules and routes.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/log.h"
#include "sys/apply.h"
#include "sys/decode.h"
#include "sys/netlink.h"

/* Of a rule or a route, but for what is copied of it: headers, and less than ten attributes. Each
 * next hop of several takes more. */
enum { MESSAGE_SIZE = 256, HOP_SIZE = 64 };

/* More than this in one send overflows the default receive buffer if many fail. */
enum { BATCH = 64 };

/* What of a batch has been answered so far. */
struct batch {
	struct nl_msg *messages[BATCH]; /* kept from one to the next */
	unsigned first_seq;
	size_t n;
	int *errors;
};

/* As iproute2 does: the attribute only where the header's 8 bits do not do. */
static int put_table(struct nl_msg *msg, struct rtmsg *header, int type, unsigned table)
{
	header->rtm_table = (unsigned char)(table < 256 ? table : RT_TABLE_UNSPEC);
	return table < 256 ? 0 : nla_put_u32(msg, type, table);
}

static int put_next_hops(struct nl_msg *msg, const struct route *route, const struct links *links)
{
	struct nlattr *outer = nla_nest_start(msg, RTA_MULTIPATH);
	struct rtnexthop *info;
	const struct hop *hop;
	unsigned i;

	if (!outer)
		return -1;
	for (i = 0; i < route->n; i++) {
		hop = &route->hops[i];
		info = nlmsg_reserve(msg, sizeof(*info), NLMSG_ALIGNTO);
		if (!info)
			return -1;
		memset(info, 0, sizeof(*info));
		info->rtnh_hops = hop->weight;
		info->rtnh_flags = hop->onlink ? RTNH_F_ONLINK : 0;
		info->rtnh_ifindex = (int)link_index(links, hop->device);
		if (message_put_address(msg, RTA_GATEWAY, &hop->gateway) ||
			(hop->flow && nla_put_u32(msg, RTA_FLOW, hop->flow)))
			return -1;
		info->rtnh_len = (unsigned short)((char *)nlmsg_hdr(msg) +
			NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len) - (char *)info);
	}
	outer->nla_type = RTA_MULTIPATH; /* libnl 3.5 adds a flag that old kernels do not know */
	return nla_nest_end(msg, outer);
}

static int put_route(struct nl_msg *msg, const struct route *route, const struct links *links)
{
	struct rtmsg *header = message_put_header(msg);
	unsigned char preference = route->preference > 0 ? 1 : 3;

	if (!header)
		return -1;
	header->rtm_family = route->dst.family;
	header->rtm_dst_len = route->dst.len;
	header->rtm_src_len = route->from.len;
	header->rtm_tos = route->tos;
	header->rtm_protocol = route->protocol;
	header->rtm_scope = route->scope;
	header->rtm_type = decode_type(route->type);
	header->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
	if (put_table(msg, header, RTA_TABLE, route->table) ||
		(route->dst.len && message_put_address(msg, RTA_DST, &route->dst)) ||
		(route->metric && nla_put_u32(msg, RTA_PRIORITY, route->metric)) ||
		message_put_address(msg, RTA_PREFSRC, &route->source) ||
		(route->from.len && message_put_address(msg, RTA_SRC, &route->from)) ||
		(route->flow && nla_put_u32(msg, RTA_FLOW, route->flow)) ||
		(route->preference && nla_put(msg, ROUTE_PREF, 1, &preference)) ||
		(route->metrics_len &&
			nla_put(msg, RTA_METRICS, (int)route->metrics_len, route->metrics)))
		return -1;
	if (route->n)
		return put_next_hops(msg, route, links);
	if (message_put_address(msg, RTA_GATEWAY, &route->gateway))
		return -1;
	/* A route that refuses has no device. */
	return !route->device[0] && route->type
		? 0
		: nla_put_u32(msg, RTA_OIF, link_index(links, route->device));
}

static int put_rule(struct nl_msg *msg, const struct rule *rule)
{
	struct rtmsg *header = message_put_header(msg);

	if (!header)
		return -1;
	header->rtm_family = rule->from.family;
	header->rtm_src_len = rule->from.len;
	/* Without an action the rule is refused, or blackholes. */
	header->rtm_type = RULE_TO_TABLE;
	/* Absent selectors are wildcards to EXCL and to a deletion, so all are given. */
	return put_table(msg, header, RULE_TABLE, rule->table) ||
			(rule->from.len && message_put_address(msg, RULE_SRC, &rule->from)) ||
			(rule->iif[0] && nla_put(msg, RULE_IIFNAME, sizeof("lo"), "lo")) ||
			(rule->mask && nla_put_u32(msg, RULE_FWMARK, rule->mark)) ||
			(rule->mask && nla_put_u32(msg, RULE_FWMASK, rule->mask)) ||
			nla_put_u32(msg, RULE_PRIORITY, rule->priority)
		? -1
		: 0;
}

static int put_op(struct nl_msg *msg, const struct op *op, const struct links *links)
{
	static const int types[] = {
		RTM_NEWROUTE, RTM_NEWROUTE, RTM_NEWROUTE, RTM_NEWRULE, RTM_DELRULE, RTM_DELROUTE};
	/* EXCL: what is there already, a foreign one above all, is not replaced. A rule replaces
	 * none, and with EXCL the kernel compares each new one with all that there are
	 * (rule_exists, from 4.8 on and in late EL7), two thirds of the time that a thousand take. If
	 * somebody adds the same meanwhile there are two, as older kernels have it anyway, and the
	 * next run deletes one. */
	static const int flags[] = {NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE | NLM_F_REPLACE,
		NLM_F_CREATE | NLM_F_APPEND, NLM_F_CREATE, 0, 0};

	nlmsg_put(msg, 0, 0, types[op->kind], 0, flags[op->kind]);
	return op->rule ? put_rule(msg, op->rule) : put_route(msg, op->route, links);
}

/* A message for the op. One that was sent is used again, if it has room: getting and giving back a
 * thousand is a quarter of what sending them takes. NULL: no memory. */
static struct nl_msg *renew_message(struct nl_msg *old, const struct op *op)
{
	size_t extra = op->route ? op->route->metrics_len + op->route->n * HOP_SIZE : 0;

	if (!old || extra) {
		nlmsg_free(old);
		/* nlmsg_alloc_simple would clear a page. */
		return nlmsg_alloc_size(MESSAGE_SIZE + extra);
	}
	nlmsg_hdr(old)->nlmsg_len = NLMSG_HDRLEN;
	return old;
}

static int batch_answer(const struct nlmsghdr *message, void *arg)
{
	struct batch *batch = arg;
	size_t i = message->nlmsg_seq - batch->first_seq;
	int err;

	if (message->nlmsg_type != NLMSG_ERROR || i >= batch->n)
		return 0;
	err = message_error(message, &batch->errors[i]);
	return err ? err : i == batch->n - 1;
}

/* 0, or libnl's negative error. */
static int batch_apply(struct nl_sock *socket, const struct op *ops, const struct links *links,
	struct batch *batch)
{
	struct iovec iov[BATCH];
	struct nl_msg *msg;
	int err;
	size_t i;

	for (i = 0; i < batch->n; i++) {
		msg = batch->messages[i] = renew_message(batch->messages[i], &ops[i]);
		if (!msg || put_op(msg, &ops[i], links))
			return -NLE_NOMEM;
		nl_complete_msg(socket, msg);
		/* The last only is acknowledged; errors come for each all the same, before that,
		 * since the kernel handles a batch in order. */
		if (i == batch->n - 1)
			nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
		iov[i].iov_base = nlmsg_hdr(msg);
		iov[i].iov_len = nlmsg_hdr(msg)->nlmsg_len;
	}
	batch->first_seq = nlmsg_hdr(batch->messages[0])->nlmsg_seq;
	err = nl_send_iovec(socket, batch->messages[0], iov, (unsigned)batch->n);
	if (err >= 0)
		err = netlink_receive(socket, batch_answer, batch);
	for (i = 0; i < batch->n; i++)
		/* What is gone is deleted (diff.c, is_successor). */
		if (ops[i].kind == OP_ROUTE_DELETE && batch->errors[i] == ESRCH)
			batch->errors[i] = 0;
	return err < 0 ? err : 0;
}

int kernel_apply(const struct ops *ops, const struct links *links, int *errors)
{
	struct batch batch = {.messages = {NULL}};
	struct nl_sock *socket;
	size_t i;
	int err = 0;

	memset(errors, 0, ops->n * sizeof(*errors));
	if (!ops->n)
		return 0;
	socket = netlink_open(NETLINK_ROUTE);
	if (!socket)
		return -1;
	for (i = 0; i < ops->n && !err; i += batch.n) {
		batch.n = ops->n - i < BATCH ? ops->n - i : BATCH;
		batch.errors = errors + i;
		err = batch_apply(socket, ops->items + i, links, &batch);
	}
	if (err)
		log_error("netlink: changing rules and routes: %s", netlink_error(err));
	for (i = 0; i < BATCH; i++)
		nlmsg_free(batch.messages[i]);
	nl_socket_free(socket);
	return err ? -1 : 0;
}
