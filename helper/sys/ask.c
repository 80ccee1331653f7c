/* SPDX-License-Identifier: MIT
 * The kernel's routing as it is, and what it would do with one packet: dumps and RTM_GETROUTE.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/log.h"
#include "sys/ask.h"
#include "sys/kernel.h"
#include "sys/wire.h"

enum { ROUTE_LAST = ROUTE_PREF, ROUTE_LINKDOWN = 16 };
/* RTM_F_LOOKUP_TABLE: the answer is to say the table; older kernels say main. */
enum { LOOKUP_TABLE = 0x1000 };

enum { DUMP_TRIES = 10 };

/* Names of devices, and where the last one was found. */
struct naming {
	const struct links *links;
	size_t last;
};

/* What is read, and of which family: an old kernel answers for all where it lacks one. */
struct viewing {
	struct naming naming;
	struct view *view;
	unsigned char family;
};

/* Is the attribute one that read_policy understands, or without meaning for the choice of a
 * route? */
static bool policy_attribute_known(int type)
{
	switch (type) {
	case RULE_DST:
	case RULE_SRC:
	case RULE_IIFNAME:
	case RULE_GOTO:
	case RULE_PRIORITY:
	case RULE_FWMARK:
	case RULE_FLOW:
	case RULE_SUPPRESS_PREFIXLEN:
	case RULE_TABLE:
	case RULE_FWMASK:
	case RULE_OIFNAME:
	case RULE_PAD:
	case RULE_L3MDEV:
	case RULE_PROTOCOL:
		return true;
	}
	return false;
}

static unsigned char attribute_byte(const struct nlattr *attr)
{
	return attr && attribute_length(attr) ? *(const unsigned char *)attribute_bytes(attr) : 0;
}

static void read_policy_attributes(const struct nlattr **attrs, struct policy *policy)
{
	policy->priority = attribute_number(attrs[RULE_PRIORITY]);
	attribute_name(attrs[RULE_IIFNAME], policy->iif);
	attribute_name(attrs[RULE_OIFNAME], policy->oif);
	policy->mark = attribute_number(attrs[RULE_FWMARK]);
	policy->mask = attribute_number(attrs[RULE_FWMASK]);
	/* Before masks a mark was compared whole (2.6.18), and 0 meant any. */
	if (policy->mark && !attrs[RULE_FWMASK])
		policy->mask = 0xffffffff;
	policy->target = attribute_number(attrs[RULE_GOTO]);
	policy->l3mdev = attribute_byte(attrs[RULE_L3MDEV]);
	policy->suppress_length = attrs[RULE_SUPPRESS_PREFIXLEN]
		? (int)attribute_number(attrs[RULE_SUPPRESS_PREFIXLEN])
		: -1;
	policy->protocol_number = attribute_byte(attrs[RULE_PROTOCOL]);
}

static void read_policy(const struct nlmsghdr *message, void *arg)
{
	struct viewing *viewing = arg;
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[RULE_PROTOCOL + 1], *attr;
	struct policy *policy;
	size_t left;

	if (message->nlmsg_type != RTM_NEWRULE || info->rtm_family != viewing->family)
		return;
	message_split(message, sizeof(*info), attrs, RULE_PROTOCOL);
	policy = array_add(&viewing->view->policies);
	read_policy_attributes(attrs, policy);
	policy->from = attribute_prefix(attrs[RULE_SRC], viewing->family, info->rtm_src_len);
	policy->to = attribute_prefix(attrs[RULE_DST], viewing->family, info->rtm_dst_len);
	policy->tos = info->rtm_tos;
	policy->action = (enum policy_action)info->rtm_type;
	policy->table = attrs[RULE_TABLE] ? attribute_number(attrs[RULE_TABLE]) : info->rtm_table;
	policy->inverted = info->rtm_flags & RULE_INVERT;
	for (attr = message_attributes(message, sizeof(*info), &left); attribute_fits(attr, left);
		attr = attribute_next(attr, &left))
		policy->other |= !policy_attribute_known(attribute_type(attr));
}

/* RTA_GATEWAY, or RTA_VIA: a family in the host's order, then the address. */
static struct prefix read_gateway(const struct nlattr **attrs, int family)
{
	const struct prefix none = {0};
	struct prefix gateway = {0};
	const struct nlattr *via = attrs[ROUTE_VIA];
	unsigned short via_family;

	if (attrs[RTA_GATEWAY])
		return attribute_prefix(attrs[RTA_GATEWAY], family, prefix_bits(family));
	if (!via || attribute_length(via) < sizeof(via_family))
		return none;
	memcpy(&via_family, attribute_bytes(via), sizeof(via_family));
	gateway.family = (unsigned char)via_family;
	gateway.len = (unsigned char)prefix_bits(via_family);
	if (attribute_length(via) != sizeof(via_family) + gateway.len / 8u)
		return none;
	memcpy(gateway.bytes, (const char *)attribute_bytes(via) + sizeof(via_family),
		gateway.len / 8);
	return gateway;
}

static void add_hop(struct naming *naming, const struct nlattr **attrs, int family, int index,
	unsigned flags, struct way *way)
{
	struct hop *hop;

	way->hops = mem_resize(way->hops, (way->n + 1) * sizeof(*way->hops));
	hop = &way->hops[way->n++];
	memset(hop, 0, sizeof(*hop));
	link_name(naming->links, &naming->last, index, hop->device);
	hop->gateway = read_gateway(attrs, family);
	hop->dead = flags & RTNH_F_DEAD;
	hop->linkdown = flags & ROUTE_LINKDOWN;
}

static void read_hops(struct naming *naming, const struct rtmsg *info, const struct nlattr **attrs,
	struct way *way)
{
	const struct nlattr *multipath = attrs[RTA_MULTIPATH], *own[ROUTE_LAST + 1];
	const struct rtnexthop *hop = multipath ? attribute_bytes(multipath) : NULL;
	int left = multipath ? (int)attribute_length(multipath) : 0;

	if (attrs[RTA_OIF])
		add_hop(naming, attrs, info->rtm_family, (int)attribute_number(attrs[RTA_OIF]),
			info->rtm_flags, way);
	for (; left >= (int)sizeof(*hop) && RTNH_OK(hop, left);
		left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
		attributes_split((const void *)RTNH_DATA(hop), hop->rtnh_len - sizeof(*hop), own,
			ROUTE_LAST);
		add_hop(naming, own, info->rtm_family, hop->rtnh_ifindex, hop->rtnh_flags, way);
	}
}

/* A dumped route, or the answer to RTM_GETROUTE. */
static void read_way_message(struct naming *naming, const struct nlmsghdr *message, struct way *way)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[ROUTE_LAST + 1];
	unsigned char preference;
	int family = info->rtm_family;

	message_split(message, sizeof(*info), attrs, ROUTE_LAST);
	way->table = attrs[RTA_TABLE] ? attribute_number(attrs[RTA_TABLE]) : info->rtm_table;
	way->type = info->rtm_type;
	way->tos = info->rtm_tos;
	way->protocol = info->rtm_protocol;
	way->metric = attribute_number(attrs[RTA_PRIORITY]);
	way->dst = attribute_prefix(attrs[RTA_DST], family, info->rtm_dst_len);
	way->from = attribute_prefix(attrs[RTA_SRC], family, info->rtm_src_len);
	if (attrs[RTA_PREFSRC])
		way->source = attribute_prefix(attrs[RTA_PREFSRC], family, prefix_bits(family));
	preference = attribute_byte(attrs[ROUTE_PREF]);
	/* Two bits, as the router sent them (ICMPV6_ROUTER_PREF_*). */
	way->preference = preference == 1 ? 1 : preference == 3 ? -1 : 0;
	read_hops(naming, info, attrs, way);
}

static void read_way(const struct nlmsghdr *message, void *arg)
{
	struct viewing *viewing = arg;
	const struct rtmsg *info = NLMSG_DATA(message);

	if (message->nlmsg_type != RTM_NEWROUTE || info->rtm_family != viewing->family ||
		info->rtm_flags & RTM_F_CLONED)
		return;
	read_way_message(&viewing->naming, message, array_add(&viewing->view->ways));
}

static void read_neighbour(const struct nlmsghdr *message, void *arg)
{
	struct viewing *viewing = arg;
	const struct ndmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[NDA_LLADDR + 1];
	struct neighbour *neighbour;

	if (message->nlmsg_type != RTM_NEWNEIGH || info->ndm_family != viewing->family)
		return;
	message_split(message, sizeof(*info), attrs, NDA_LLADDR);
	neighbour = array_add(&viewing->view->neighbours);
	link_name(
		viewing->naming.links, &viewing->naming.last, info->ndm_ifindex, neighbour->device);
	neighbour->address =
		attribute_prefix(attrs[NDA_DST], viewing->family, prefix_bits(viewing->family));
	neighbour->state = info->ndm_state;
	attribute_mac(attrs[NDA_LLADDR], neighbour->mac);
}

static int dump_family(struct nl_sock *socket, struct viewing *viewing, unsigned char family)
{
	int err;

	viewing->family = family;
	err = netlink_dump(socket, RTM_GETRULE, family, read_policy, viewing, "rules");
	if (!err)
		err = netlink_dump(socket, RTM_GETROUTE, family, read_way, viewing, "routes");
	if (!err)
		err = netlink_dump(
			socket, RTM_GETNEIGH, family, read_neighbour, viewing, "neighbours");
	return err;
}

int kernel_view(const struct links *links, struct view *view)
{
	struct viewing viewing = {{links, 0}, view, AF_UNSPEC};
	struct nl_sock *socket = netlink_open();
	int err = socket ? -NLE_DUMP_INTR : -1, tries;

	for (tries = 0; err == -NLE_DUMP_INTR && tries < DUMP_TRIES; tries++) {
		view_free(view);
		err = dump_family(socket, &viewing, AF_INET);
		/* As kernel_read does: 2.6.18 would say EINVAL to a dump. */
		if (!err && !access("/proc/net/if_inet6", F_OK))
			err = dump_family(socket, &viewing, AF_INET6);
	}
	if (err == -NLE_DUMP_INTR)
		log_error("netlink: rules, routes or neighbours changed during each of %d readings",
			DUMP_TRIES);
	if (socket)
		nl_socket_free(socket);
	return err ? -1 : 0;
}

/* The one answer that is waited for. */
struct asking {
	const struct links *links;
	struct answer *answer;
	bool answered;
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
	struct naming naming = {asking->links, 0};
	struct way way = {.n = 0};
	bool inet6;

	if (message->nlmsg_type != RTM_NEWROUTE || !nlmsg_valid_hdr(message, sizeof(struct rtmsg)))
		return NL_SKIP;
	read_way_message(&naming, message, &way);
	asking->answered = true;
	read_cached_error(message, answer);
	inet6 = way.dst.family == AF_INET6;
	answer->type = way.type;
	answer->table = inet6 || !kernel_older_than(4, 4, 0) ? way.table : 0;
	answer->source = way.source;
	if (way.n) {
		memcpy(answer->device, way.hops[0].device, sizeof(answer->device));
		answer->gateway = way.hops[0].gateway;
	}
	free(way.hops);
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
	msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);
	err = msg ? put_question(msg, question, (unsigned)iif, (unsigned)oif) : -NLE_NOMEM;
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
	struct asking asking = {.links = links};
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

/* TEST-NET-1 of RFC 5737, which is nobody's: what is afar, behind no route but a default. */
static const struct prefix afar = {AF_INET, 32, {192, 0, 2, 1}};

int kernel_refuses(const struct probes *probes, const struct links *links, bool *refuses)
{
	struct question *questions = mem_resize(NULL, probes->n * sizeof(*questions));
	struct answer *answers = mem_resize(NULL, probes->n * sizeof(*answers));
	const struct probe *probe;
	int err = 0;
	size_t i;

	memset(questions, 0, probes->n * sizeof(*questions));
	for (i = 0; i < probes->n; i++) {
		probe = &probes->items[i];
		questions[i].to = probe->address;
		questions[i].from = afar;
		memcpy(questions[i].iif, probe->device, sizeof(questions[i].iif));
	}
	if (probes->n)
		err = kernel_ask(questions, probes->n, links, answers);
	for (i = 0; !err && i < probes->n; i++)
		refuses[i] = answers[i].error == EXDEV || answers[i].error == EINVAL;
	free(questions);
	free(answers);
	return err;
}
