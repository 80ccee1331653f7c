/* SPDX-License-Identifier: MIT
 * The kernel, spoken to by netlink. The only file that changes anything in it.
 *
 * libnl's caches merge rules and routes that differ in what they do not know, so the messages'
 * attributes are read here.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/log.h"
#include "sys/decode.h"
#include "sys/kernel.h"
#include "sys/wire.h"

/* IFF_LOWER_UP, IFF_DORMANT: of linux/if.h, which net/if.h does not go with. */
enum { LOWER_UP = 1 << 16, DORMANT = 1 << 17 };

/* What if_addr.h got after EL5. */
enum { ADDRESS_DADFAILED = 0x08 };

/* IFLA_MASTER, IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_AF_SPEC, IFLA_INET_CONF, IFLA_INET6_CONF, DEVCONF_DISABLE_IPV6: in newer headers only. */
enum { LINK_MASTER = 10, LINK_INFO = 18, LINK_KIND = 1 };
enum { LINK_FAMILIES = 26, INET_SETTINGS = 1, INET6_SETTINGS = 2, SETTING_DISABLE = 26 };

/* IPV4_DEVCONF_*, from 1 on: where in IFLA_INET_CONF a setting is. */
static const size_t setting_places[SYSCTL_KEYS] = {[SYSCTL_RP_FILTER] = 8,
	[SYSCTL_ARP_IGNORE] = 19,
	[SYSCTL_ARP_ANNOUNCE] = 18,
	[SYSCTL_ARP_FILTER] = 13};

/* What is read, and of which family: an old kernel answers for all where it lacks one. */
struct reading {
	struct kernel *kernel;
	unsigned char family;
	bool all;	  /* not only what the plan needs */
	bool failed;	  /* logged */
	/* Do links say which families they have, and has one IPv6? */
	bool says_families, has_inet6;
};

enum { DUMP_TRIES = 10 };

/* Of a rule or a route, but for what is copied of it: headers, and less than ten attributes. */
enum { MESSAGE_SIZE = 256 };

/* More than this in one send overflows the default receive buffer if many fail. */
enum { BATCH = 64 };

/* 1, 0, or -1: logged. What cannot be asked for is not taken for what is not there. */
static int path_exists(const char *path)
{
	if (!access(path, F_OK))
		return 1;
	if (errno == ENOENT)
		return 0;
	log_error("%s: %s", path, strerror(errno));
	return -1;
}

/* 1, 0 (also if it is not there), or -1: logged. */
static int file_holds_one(const char *path)
{
	int fd = open(path, O_RDONLY);
	char value = '0';
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return 0;
	n = fd < 0 ? -1 : read(fd, &value, 1);
	if (n < 0)
		log_error("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : value == '1';
}

static const struct nlattr *nested_find(const struct nlattr *outer, int type)
{
	const struct nlattr *attr = attribute_bytes(outer);
	size_t left = attribute_length(outer);

	for (; attribute_fits(attr, left); attr = attribute_next(attr, &left))
		if (attribute_type(attr) == type)
			return attr;
	return NULL;
}

/* The folder is there if the kernel has IPv6 for the device; 2.6.18 has no switch in it. */
static int device_has_inet6(const char *name)
{
	char path[96];
	int n = snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s", name), found, off;

	found = path_exists(path);
	if (found <= 0)
		return found;
	snprintf(path + n, sizeof(path) - (size_t)n, "/disable_ipv6");
	off = file_holds_one(path);
	return off < 0 ? -1 : !off;
}

/* The settings of a family, which a link's message has from 2.6.38 on, so that no file need be read
 * of each; or NULL. */
static const struct nlattr *find_settings(const struct nlattr *families, int family, int type)
{
	const struct nlattr *of_family = families ? nested_find(families, family) : NULL;

	return of_family ? nested_find(of_family, type) : NULL;
}

/* The one at that place, from 0 on. False if it is not there. */
static bool read_setting(const struct nlattr *settings, size_t place, int *out)
{
	if (!settings || attribute_length(settings) < (place + 1) * sizeof(*out))
		return false;
	memcpy(out, (const int *)attribute_bytes(settings) + place, sizeof(*out));
	return true;
}

/* 1, 0, or -1: logged. */
static int link_has_inet6(const struct nlattr *families, const char *name)
{
	int off = 0;

	if (!families)
		return device_has_inet6(name);
	read_setting(find_settings(families, AF_INET6, INET6_SETTINGS), SETTING_DISABLE, &off);
	return nested_find(families, AF_INET6) && !off;
}

static void read_settings(const struct nlattr *families, struct link *link)
{
	const struct nlattr *settings = find_settings(families, AF_INET, INET_SETTINGS);
	size_t key;

	link->has_settings = true;
	for (key = 0; key < SYSCTL_KEYS; key++)
		link->has_settings &=
			read_setting(settings, setting_places[key] - 1, &link->settings[key]);
}

static bool is_vrf(const struct nlattr *info)
{
	const struct nlattr *kind = info ? nested_find(info, LINK_KIND) : NULL;

	return kind && attribute_length(kind) >= 4 && !memcmp(attribute_bytes(kind), "vrf", 4);
}

static void read_link(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[LINK_FAMILIES + 1], *families;
	struct link *link;
	int inet6;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	message_split(message, sizeof(*info), attrs, LINK_FAMILIES);
	families = attrs[LINK_FAMILIES];
	link = array_add(&reading->kernel->links);
	link->index = info->ifi_index;
	link->up = info->ifi_flags & IFF_UP;
	link->loopback = info->ifi_flags & IFF_LOOPBACK;
	/* IFF_RUNNING follows up to a second later (net/core/link_watch.c). */
	link->running = info->ifi_flags & LOWER_UP && !(info->ifi_flags & DORMANT);
	link->noarp = info->ifi_flags & IFF_NOARP;
	link->tunnel = info->ifi_flags & IFF_POINTOPOINT;
	attribute_name(attrs[IFLA_IFNAME], link->name);
	inet6 = link_has_inet6(families, link->name);
	link->inet6 = inet6 > 0;
	reading->failed |= inet6 < 0;
	reading->says_families |= families != NULL;
	reading->has_inet6 |= families && nested_find(families, AF_INET6);
	read_settings(families, link);
	attribute_mac(attrs[IFLA_ADDRESS], link->mac);
	link->master = (int)attribute_number(attrs[LINK_MASTER]);
	link->vrf = is_vrf(attrs[LINK_INFO]);
}

static void name_device(struct reading *reading, int index, device_name out)
{
	link_name(&reading->kernel->links, index, out);
}

static void read_address(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[IFA_LOCAL + 1];
	struct address *address;

	if (message->nlmsg_type != RTM_NEWADDR || info->ifa_family != reading->family)
		return;
	message_split(message, sizeof(*info), attrs, IFA_LOCAL);
	address = array_add(&reading->kernel->addresses);
	name_device(reading, (int)info->ifa_index, address->device);
	/* On a point-to-point link IFA_ADDRESS is the peer's. */
	address->prefix = attribute_prefix(attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS],
		reading->family, info->ifa_prefixlen);
	address->dynamic = !(info->ifa_flags & IFA_F_PERMANENT);
	address->unsettled =
		info->ifa_flags & (IFA_F_DEPRECATED | IFA_F_TENTATIVE | ADDRESS_DADFAILED);
}

/* Before 4.11 IPv6 tells of each next hop as of a route of its own; routers' advertisements make
 * routes that are side by side on later kernels as well (rt6_qualify_for_ecmp). */
static bool is_next_hop_of(const struct route *route, const struct route *first)
{
	struct route alike = *route;

	if (route->n || !route->gateway.family || route->protocol <= PROTO_KERNEL ||
		route->protocol == PROTO_RA || (!first->n && !first->gateway.family))
		return false;
	/* The next hops are what may differ. */
	alike.gateway = first->gateway;
	alike.hops = first->hops;
	alike.n = first->n;
	memcpy(alike.device, first->device, sizeof(alike.device));
	alike.onlink = first->onlink;
	return !route_compare(&alike, first);
}

static void join_hops(struct routes *routes)
{
	struct route *route, *first;
	struct hop hop;

	if (routes->n < 2)
		return;
	route = &routes->items[routes->n - 1];
	first = route - 1;
	if (!is_next_hop_of(route, first))
		return;
	hop = route_hop(first, 0);
	first->hops = mem_resize(first->hops, (first->n + 2) * sizeof(hop));
	if (!first->n)
		first->hops[first->n++] = hop;
	first->hops[first->n++] = route_hop(route, 0);
	memset(&first->gateway, 0, sizeof(first->gateway));
	first->onlink = false;
	if (strcmp(first->device, route->device))
		memset(first->device, 0, sizeof(first->device));
	free(route->metrics);
	routes->n--;
}

static void read_whole_route(
	struct reading *reading, const struct nlmsghdr *message, const struct route_key *key)
{
	struct kernel *kernel = reading->kernel;
	struct route *route = array_add(&kernel->routes);

	decode_route(message, key, &kernel->links, route);
	if (reading->family != AF_INET6)
		return;
	if (!kernel->old_inet6) {
		join_hops(&kernel->routes);
		return;
	}
	free(route->metrics);
	route->metrics = NULL;
	route->metrics_len = 0;
}

static void read_route(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct rtmsg *info = NLMSG_DATA(message);
	struct route_keys *others = &reading->kernel->others;
	struct route_key *key;
	bool counts;

	if (message->nlmsg_type != RTM_NEWROUTE || info->rtm_family != reading->family ||
		info->rtm_flags & RTM_F_CLONED)
		return;
	/* Of a full table each stays where it is read to. */
	key = array_add(others);
	decode_route_key(message, key);
	/* A default of IPv6's may have a next hop of ours among others. */
	counts = route_counts(info->rtm_protocol, key->table) ||
		(info->rtm_family == AF_INET6 && !info->rtm_dst_len);
	if (reading->all || counts)
		read_whole_route(reading, message, key);
	if (key->table == TABLE_LOCAL || counts)
		others->n--;
}

static void read_rule(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct rtmsg *info = NLMSG_DATA(message);

	if (message->nlmsg_type == RTM_NEWRULE && info->rtm_family == reading->family)
		decode_rule(message, array_add(&reading->kernel->rules));
}

static void read_neighbour(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct ndmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[NDA_LLADDR + 1];
	struct neighbour *neighbour;

	if (message->nlmsg_type != RTM_NEWNEIGH || info->ndm_family != reading->family)
		return;
	message_split(message, sizeof(*info), attrs, NDA_LLADDR);
	neighbour = array_add(&reading->kernel->neighbours);
	name_device(reading, info->ndm_ifindex, neighbour->device);
	neighbour->address =
		attribute_prefix(attrs[NDA_DST], reading->family, prefix_bits(reading->family));
	neighbour->state = info->ndm_state;
	attribute_mac(attrs[NDA_LLADDR], neighbour->mac);
}

static int dump_family(struct nl_sock *socket, struct reading *reading, unsigned char family)
{
	int err;

	reading->family = family;
	err = netlink_dump(socket, RTM_GETADDR, family, read_address, reading, "addresses");
	if (!err)
		err = netlink_dump(socket, RTM_GETROUTE, family, read_route, reading, "routes");
	if (!err)
		err = netlink_dump(socket, RTM_GETRULE, family, read_rule, reading, "rules");
	if (!err && reading->all)
		err = netlink_dump(
			socket, RTM_GETNEIGH, family, read_neighbour, reading, "neighbours");
	return err;
}

static int dump_all(struct nl_sock *socket, struct kernel *out, bool all)
{
	struct reading reading = {.kernel = out, .family = AF_UNSPEC, .all = all};
	int err = netlink_dump(socket, RTM_GETLINK, AF_UNSPEC, read_link, &reading, "links");
	int inet6;

	links_index(&out->links);
	if (!err && reading.failed)
		err = -1;
	if (!err)
		err = dump_family(socket, &reading, AF_INET);
	if (err)
		return err;
	/* Else as ipv6_test of network-functions-ipv6; 2.6.18 would say EINVAL to a dump. */
	inet6 = reading.says_families ? reading.has_inet6 : path_exists("/proc/net/if_inet6");
	return inet6 > 0 ? dump_family(socket, &reading, AF_INET6) : inet6;
}

int kernel_read(bool all, struct kernel *out)
{
	struct nl_sock *socket = netlink_open();
	int err = socket ? -NLE_DUMP_INTR : -1, tries;

	for (tries = 0; err == -NLE_DUMP_INTR && tries < DUMP_TRIES; tries++) {
		kernel_free(out);
		out->old_inet6 = kernel_older_than(3, 10, 0);
		err = dump_all(socket, out, all);
	}
	if (err == -NLE_DUMP_INTR)
		log_error("netlink: links, addresses, routes or rules changed during each of %d "
			  "readings",
			DUMP_TRIES);
	if (socket)
		nl_socket_free(socket);
	return err ? -1 : 0;
}

static int put(struct nl_msg *msg, int type, size_t len, const void *bytes)
{
	return nla_put(msg, type, (int)len, bytes);
}

static int put_number(struct nl_msg *msg, int type, unsigned number)
{
	return put(msg, type, sizeof(number), &number);
}

static int put_prefix(struct nl_msg *msg, int type, const struct prefix *prefix)
{
	return put(msg, type, (size_t)prefix_bits(prefix->family) / 8, prefix->bytes);
}

/* As iproute2 does: the attribute only where the header's 8 bits do not do. */
static int put_table(struct nl_msg *msg, struct rtmsg *header, int type, unsigned table)
{
	header->rtm_table = (unsigned char)(table < 256 ? table : RT_TABLE_UNSPEC);
	return table < 256 ? 0 : put_number(msg, type, table);
}

static unsigned device_index(const struct links *links, const char *name)
{
	struct kernel seen = {.links = *links};
	const struct link *link = kernel_find_link(&seen, name);

	return link ? (unsigned)link->index : 0;
}

static int put_next_hops(struct nl_msg *msg, const struct route *route, const struct links *links)
{
	struct nlattr *outer = nla_nest_start(msg, RTA_MULTIPATH);
	struct rtnexthop *info;
	const struct hop *hop;
	unsigned i;

	for (i = 0; outer && i < route->n; i++) {
		hop = &route->hops[i];
		info = nlmsg_reserve(msg, sizeof(*info), NLMSG_ALIGNTO);
		if (!info)
			return -1;
		memset(info, 0, sizeof(*info));
		info->rtnh_hops = hop->weight;
		info->rtnh_flags = hop->onlink ? RTNH_F_ONLINK : 0;
		info->rtnh_ifindex = (int)device_index(links, hop->device);
		if ((hop->gateway.family && put_prefix(msg, RTA_GATEWAY, &hop->gateway)) ||
			(hop->flow && put_number(msg, RTA_FLOW, hop->flow)))
			return -1;
		info->rtnh_len = (unsigned short)((char *)nlmsg_hdr(msg) +
			NLMSG_ALIGN(nlmsg_hdr(msg)->nlmsg_len) - (char *)info);
	}
	if (!outer)
		return -1;
	outer->nla_type = RTA_MULTIPATH; /* libnl 3.5 adds a flag that old kernels do not know */
	return nla_nest_end(msg, outer);
}

static int put_next_hop(struct nl_msg *msg, const struct route *route, const struct links *links)
{
	if (route->n)
		return put_next_hops(msg, route, links);
	if (route->gateway.family && put_prefix(msg, RTA_GATEWAY, &route->gateway))
		return -1;
	/* A route that refuses has none. */
	return !route->device[0] && route->type
		? 0
		: put_number(msg, RTA_OIF, device_index(links, route->device));
}

static int put_rare(struct nl_msg *msg, const struct route *route)
{
	unsigned char preference = route->preference > 0 ? 1 : 3;

	return (route->source.family && put_prefix(msg, RTA_PREFSRC, &route->source)) ||
			(route->from.len && put_prefix(msg, RTA_SRC, &route->from)) ||
			(route->flow && put_number(msg, RTA_FLOW, route->flow)) ||
			(route->preference && put(msg, ROUTE_PREF, 1, &preference)) ||
			(route->metrics_len &&
				put(msg, RTA_METRICS, route->metrics_len, route->metrics))
		? -1
		: 0;
}

static int put_route(struct nl_msg *msg, const struct route *route, const struct links *links)
{
	struct rtmsg *header = nlmsg_reserve(msg, sizeof(*header), NLMSG_ALIGNTO);

	if (!header)
		return -1;
	memset(header, 0, sizeof(*header));
	header->rtm_family = route->dst.family;
	header->rtm_dst_len = route->dst.len;
	header->rtm_src_len = route->from.len;
	header->rtm_tos = route->tos;
	header->rtm_protocol = route->protocol;
	header->rtm_scope = route->scope;
	header->rtm_type = decode_type(route->type);
	header->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
	if (put_table(msg, header, RTA_TABLE, route->table) ||
		(route->dst.len && put_prefix(msg, RTA_DST, &route->dst)) ||
		(route->metric && put_number(msg, RTA_PRIORITY, route->metric)) ||
		put_rare(msg, route))
		return -1;
	return put_next_hop(msg, route, links);
}

static int put_rule(struct nl_msg *msg, const struct rule *rule)
{
	struct rtmsg *header = nlmsg_reserve(msg, sizeof(*header), NLMSG_ALIGNTO);

	if (!header)
		return -1;
	memset(header, 0, sizeof(*header));
	header->rtm_family = rule->from.family;
	header->rtm_src_len = rule->from.len;
	/* Without an action the rule is refused, or blackholes. */
	header->rtm_type = RULE_TO_TABLE;
	/* Absent selectors are wildcards to EXCL and to a deletion, so all are given. */
	return put_table(msg, header, RULE_TABLE, rule->table) ||
			(rule->from.len && put_prefix(msg, RULE_SRC, &rule->from)) ||
			(rule->iif[0] && put(msg, RULE_IIFNAME, sizeof("lo"), "lo")) ||
			put_number(msg, RULE_PRIORITY, rule->priority)
		? -1
		: 0;
}

/* What a route needs beyond MESSAGE_SIZE. */
static size_t extra_size(const struct op *op)
{
	enum { HOP_SIZE = 64 };

	return op->route ? op->route->metrics_len + op->route->n * HOP_SIZE : 0;
}

static int put_op(struct nl_msg *msg, const struct op *op, const struct links *links)
{
	static const int types[] = {
		RTM_NEWROUTE, RTM_NEWROUTE, RTM_NEWROUTE, RTM_NEWRULE, RTM_DELRULE, RTM_DELROUTE};
	/* EXCL: what is there already, a foreign one above all, is not replaced. A rule replaces
	 * none, and with EXCL the kernel compares each new one with all that there are
	 * (rule_exists, 4.x and late EL7), two thirds of the time that a thousand take. If
	 * somebody adds the same meanwhile there are two, as older kernels have it anyway, and the
	 * next run deletes one. */
	static const int flags[] = {NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE | NLM_F_REPLACE,
		NLM_F_CREATE | NLM_F_APPEND, NLM_F_CREATE, 0, 0};

	if (!msg)
		return -1;
	nlmsg_put(msg, 0, 0, types[op->kind], 0, flags[op->kind]);
	return op->rule ? put_rule(msg, op->rule) : put_route(msg, op->route, links);
}

/* One that was sent is used again, if it has room: getting and giving back a thousand is a quarter
 * of what sending them takes. NULL: no memory. */
static struct nl_msg *renew_message(struct nl_msg *old, size_t extra)
{
	if (!old || extra) {
		nlmsg_free(old);
		/* nlmsg_alloc_simple would clear a page. */
		return nlmsg_alloc_size(MESSAGE_SIZE + extra);
	}
	nlmsg_hdr(old)->nlmsg_len = NLMSG_HDRLEN;
	return old;
}

/* What of a batch has been answered so far. */
struct batch {
	struct nl_msg *messages[BATCH]; /* kept from one to the next */
	unsigned first_seq;
	size_t n;
	int *errors;
	size_t messages_read;
	bool done;
};

static size_t batch_index(const struct batch *batch, unsigned seq)
{
	return seq - batch->first_seq;
}

static int batch_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct batch *batch = arg;
	size_t i = batch_index(batch, error->msg.nlmsg_seq);

	(void)from;
	if (i < batch->n)
		batch->errors[i] = -error->error;
	batch->done |= i == batch->n - 1;
	return NL_SKIP;
}

static int batch_ack(struct nl_msg *msg, void *arg)
{
	struct batch *batch = arg;

	batch->done |= batch_index(batch, nlmsg_hdr(msg)->nlmsg_seq) == batch->n - 1;
	return NL_OK;
}

static int batch_message(struct nl_msg *msg, void *arg)
{
	(void)msg;
	((struct batch *)arg)->messages_read++;
	return NL_OK;
}

/* The acknowledgement is asked for the last only; errors come for each all the same, before
 * it, since the kernel handles a batch in order. */
static int batch_send(struct nl_sock *socket, struct batch *batch)
{
	struct iovec iov[BATCH];
	size_t i, before;
	int err;

	for (i = 0; i < batch->n; i++) {
		nl_complete_msg(socket, batch->messages[i]);
		iov[i].iov_base = nlmsg_hdr(batch->messages[i]);
		iov[i].iov_len = nlmsg_hdr(batch->messages[i])->nlmsg_len;
	}
	batch->first_seq = nlmsg_hdr(batch->messages[0])->nlmsg_seq;
	nlmsg_hdr(batch->messages[batch->n - 1])->nlmsg_flags |= NLM_F_ACK;
	nl_socket_modify_cb(socket, NL_CB_MSG_IN, NL_CB_CUSTOM, batch_message, batch);
	nl_socket_modify_cb(socket, NL_CB_ACK, NL_CB_CUSTOM, batch_ack, batch);
	nl_socket_modify_err_cb(socket, NL_CB_CUSTOM, batch_error, batch);
	err = nl_send_iovec(socket, batch->messages[0], iov, (unsigned)batch->n);
	while (err >= 0 && !batch->done) {
		before = batch->messages_read;
		err = nl_recvmsgs_default(socket);
		if (err >= 0 && batch->messages_read == before)
			err = -NLE_AGAIN;
	}
	return err < 0 ? err : 0;
}

static int apply_batch(struct nl_sock *socket, struct batch *batch, const struct op *ops,
	const struct links *links)
{
	struct nl_msg **msg;
	int err = 0;
	size_t i;

	for (i = 0; i < batch->n && !err; i++) {
		msg = &batch->messages[i];
		*msg = renew_message(*msg, extra_size(&ops[i]));
		err = put_op(*msg, &ops[i], links) ? -NLE_NOMEM : 0;
	}
	if (!err)
		err = batch_send(socket, batch);
	for (i = 0; i < batch->n; i++)
		/* What is gone is deleted (diff.c, is_successor). */
		if (ops[i].kind == OP_ROUTE_DELETE && batch->errors[i] == ESRCH)
			batch->errors[i] = 0;
	return err;
}

static int apply_all(
	struct nl_sock *socket, const struct ops *ops, const struct links *links, int *errors)
{
	struct batch batch = {.messages = {NULL}};
	size_t i;
	int err = 0;

	for (i = 0; i < ops->n && !err; i += batch.n) {
		batch.n = ops->n - i < BATCH ? ops->n - i : BATCH;
		batch.errors = errors + i;
		batch.done = false;
		err = apply_batch(socket, &batch, ops->items + i, links);
	}
	for (i = 0; i < BATCH; i++)
		nlmsg_free(batch.messages[i]);
	return err;
}

int kernel_apply(const struct ops *ops, const struct links *links, int *errors)
{
	struct nl_sock *socket;
	int err;

	memset(errors, 0, ops->n * sizeof(*errors));
	if (!ops->n)
		return 0;
	socket = netlink_open();
	if (!socket)
		return -1;
	nl_socket_disable_auto_ack(socket);
	nl_socket_disable_seq_check(socket);
	err = apply_all(socket, ops, links, errors);
	if (err)
		log_error("netlink: changing rules and routes: %s", netlink_error(err));
	nl_socket_free(socket);
	return err ? -1 : 0;
}

bool kernel_older_than(unsigned major, unsigned minor, unsigned patch)
{
	unsigned a = 0, b = 0, c = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u.%u", &a, &b, &c) < 2)
		return false;
	return a != major ? a < major : b != minor ? b < minor : c < patch;
}

void kernel_flush_cache(void)
{
	int fd;

	if (!kernel_older_than(3, 6, 0))
		return;
	fd = open("/proc/sys/net/ipv4/route/flush", O_WRONLY);
	if (fd < 0)
		return;
	if (write(fd, "0\n", 2) < 0)
		log_notice("net/ipv4/route/flush: %s", strerror(errno));
	close(fd);
}
