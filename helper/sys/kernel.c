/* SPDX-License-Identifier: MIT
 * The kernel, spoken to by netlink. The only file that changes anything in it.
 *
 * libnl's caches merge rules and routes that differ in what they do not know, so the messages'
 * attributes are read here.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/log.h"
#include "sys/kernel.h"
#include "sys/wire.h"

/* What if_addr.h got after EL5. */
enum { ADDRESS_DADFAILED = 0x08 };

/* IFLA_AF_SPEC, IFLA_INET_CONF, IFLA_INET6_CONF, DEVCONF_DISABLE_IPV6: in newer headers only. */
enum { LINK_FAMILIES = 26, INET_SETTINGS = 1, INET6_SETTINGS = 2, SETTING_DISABLE = 26 };

/* IPV4_DEVCONF_*, from 1 on: where in IFLA_INET_CONF a setting is. */
static const size_t setting_places[SYSCTL_KEYS] = {[SYSCTL_RP_FILTER] = 8,
	[SYSCTL_ARP_IGNORE] = 19,
	[SYSCTL_ARP_ANNOUNCE] = 18,
	[SYSCTL_ARP_FILTER] = 13};

enum { ROUTE_ENCAP = 22 };

/* What is read, and of which family: an old kernel answers for all where it lacks one. */
struct reading {
	struct kernel *kernel;
	unsigned char family;
	size_t last_link; /* that was looked for */
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
	link->tunnel = info->ifi_flags & IFF_POINTOPOINT;
	attribute_name(attrs[IFLA_IFNAME], link->name);
	inet6 = link_has_inet6(families, link->name);
	link->inet6 = inet6 > 0;
	reading->failed |= inet6 < 0;
	reading->says_families |= families != NULL;
	reading->has_inet6 |= families && nested_find(families, AF_INET6);
	read_settings(families, link);
	attribute_mac(attrs[IFLA_ADDRESS], link->mac);
}

static void name_device(struct reading *reading, int index, device_name out)
{
	link_name(&reading->kernel->links, &reading->last_link, index, out);
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

/* A walk over RTA_MULTIPATH's next hops. */
struct hops {
	const unsigned char *at; /* the header of the next one */
	size_t left;
};

static struct hops hops_of(const struct nlattr *multipath)
{
	struct hops hops = {nla_data(multipath), (size_t)nla_len(multipath)};

	return hops;
}

/* False after the last. */
static bool hops_next(struct hops *hops, struct rtnexthop *hop)
{
	size_t step;

	if (hops->left < sizeof(*hop))
		return false;
	memcpy(hop, hops->at, sizeof(*hop));
	if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > hops->left)
		return false;
	step = (size_t)RTNH_ALIGN(hop->rtnh_len);
	step = step < hops->left ? step : hops->left;
	hops->at += step;
	hops->left -= step;
	return true;
}

/* The one device that all next hops leave by, or 0. */
static int common_device(const struct nlattr *multipath)
{
	struct hops hops = hops_of(multipath);
	struct rtnexthop hop;
	int index = 0;

	while (hops_next(&hops, &hop)) {
		if (index && index != hop.rtnh_ifindex)
			return 0;
		index = hop.rtnh_ifindex;
	}
	return index;
}

/* RTA_METRICS in ip-route(8)'s words; times are kept in fractions (rtt: 1/8 ms). */
static void format_metrics(const struct nlattr *metrics, struct text *out)
{
	static const struct {
		const char *name, *unit;
		unsigned divisor;
	} words[] = {[RTAX_MTU] = {"mtu", "", 1},
		[RTAX_WINDOW] = {"window", "", 1},
		[RTAX_RTT] = {"rtt", "ms", 8},
		[RTAX_RTTVAR] = {"rttvar", "ms", 4},
		[RTAX_SSTHRESH] = {"ssthresh", "", 1},
		[RTAX_CWND] = {"cwnd", "", 1},
		[RTAX_ADVMSS] = {"advmss", "", 1},
		[RTAX_REORDERING] = {"reordering", "", 1},
		[RTAX_HOPLIMIT] = {"hoplimit", "", 1},
		[RTAX_INITCWND] = {"initcwnd", "", 1},
		[13] = {"rto_min", "ms", 1}, /* newer than EL5's headers, as the rest */
		[14] = {"initrwnd", "", 1},
		[15] = {"quickack", "", 1}};
	struct nlattr *attr, *found[sizeof(words) / sizeof(*words)];
	unsigned locks;
	int i, left, last = (int)(sizeof(words) / sizeof(*words)) - 1;

	memset(found, 0, sizeof(found));
	nla_for_each_nested(attr, metrics, left) if (nla_type(attr) <= last) found[nla_type(attr)] =
		attr;
	locks = attribute_number(found[RTAX_LOCK]);
	for (i = 0; i <= last; i++)
		if (found[i] && words[i].name)
			text_format(out, " %s%s %u%s", words[i].name,
				locks & 1u << i ? " lock" : "",
				attribute_number(found[i]) / words[i].divisor, words[i].unit);
}

static void format_next_hop(const struct rtnexthop *hop, const unsigned char *bytes, int family,
	const char *device, struct text *out)
{
	struct nlattr *attr = (struct nlattr *)(uintptr_t)(bytes + sizeof(*hop));
	int left = hop->rtnh_len - (int)sizeof(*hop);
	struct prefix gateway;
	char text[PREFIX_TEXT];

	text_add_string(out, " nexthop");
	for (; nla_ok(attr, left); attr = nla_next(attr, &left)) {
		if (nla_type(attr) != RTA_GATEWAY)
			continue;
		gateway = attribute_prefix(attr, family, prefix_bits(family));
		text_format(out, " via %s", prefix_format_address(&gateway, text));
	}
	text_format(out, " dev %s weight %d%s", device, hop->rtnh_hops + 1,
		hop->rtnh_flags & RTNH_F_ONLINK ? " onlink" : "");
}

static void format_next_hops(
	const struct nlattr *multipath, int family, const char *device, struct text *out)
{
	struct hops hops = hops_of(multipath);
	const unsigned char *bytes = hops.at;
	struct rtnexthop hop;

	for (; hops_next(&hops, &hop); bytes = hops.at)
		format_next_hop(&hop, bytes, family, device, out);
}

/* Flags that come and go with the cable would make a copy differ from its original. */
static void steady_next_hops(struct nlattr *multipath)
{
	unsigned char *bytes = nla_data(multipath);
	struct hops hops = hops_of(multipath);
	const unsigned char *first = hops.at, *at = first;
	struct rtnexthop hop;

	for (; hops_next(&hops, &hop); at = hops.at) {
		hop.rtnh_flags &= RTNH_F_ONLINK;
		memcpy(bytes + (at - first), &hop, sizeof(hop));
	}
}

static void keep_extra(struct route *route, const struct nlattr *attr)
{
	size_t len = (size_t)NLA_ALIGN(attr->nla_len);
	unsigned char *copy;

	route->extra = mem_resize(route->extra, route->extra_len + len);
	copy = route->extra + route->extra_len;
	memset(copy, 0, len);
	memcpy(copy, attr, attr->nla_len);
	if (nla_type(attr) == RTA_MULTIPATH)
		steady_next_hops((struct nlattr *)(void *)copy);
	route->extra_len += len;
}

/* Two bits, as the router sent them (ICMPV6_ROUTER_PREF_*). */
static signed char read_preference(const struct nlattr *attr)
{
	unsigned char value =
		attribute_length(attr) ? *(const unsigned char *)attribute_bytes(attr) : 0;

	return value == 1 ? 1 : value == 3 ? -1 : 0;
}

/* What leads to the next hop, or hops. */
struct route_ways {
	unsigned device;
	const struct nlattr *metrics, *multipath;
};

static void read_key_attribute(const struct nlattr *attr, struct route_key *key)
{
	switch (attribute_type(attr)) {
	case RTA_TABLE: /* the header has room for 8 bits only */
		key->table = attribute_number(attr);
		break;
	case RTA_DST:
		key->dst = attribute_prefix(attr, key->dst.family, key->dst.len);
		break;
	case RTA_PRIORITY:
		key->metric = attribute_number(attr);
		break;
	}
}

static void read_route_attribute(
	const struct nlattr *attr, struct route *route, struct route_ways *ways)
{
	int family = route->dst.family;

	switch (attribute_type(attr)) {
	case RTA_GATEWAY:
		route->gateway = attribute_prefix(attr, family, prefix_bits(family));
		break;
	case RTA_OIF:
		ways->device = attribute_number(attr);
		break;
	case RTA_METRICS:
		ways->metrics = attr;
		break;
	case RTA_MULTIPATH:
		ways->multipath = attr;
		break;
	case ROUTE_VIA:
	case ROUTE_ENCAP:
		route->special = true;
		break;
	case ROUTE_PREF:
		route->preference = read_preference(attr);
		break;
	}
}

static void read_next_hops(
	struct reading *reading, const struct route_ways *ways, struct route *route)
{
	int family = route->dst.family;
	struct text words = {0};

	if (ways->metrics && !(family == AF_INET6 && reading->kernel->old_inet6)) {
		keep_extra(route, ways->metrics);
		format_metrics(ways->metrics, &words);
	}
	if (ways->multipath) {
		keep_extra(route, ways->multipath);
		name_device(reading, common_device(ways->multipath), route->device);
		format_next_hops(ways->multipath, family, route->device, &words);
		memset(&route->gateway, 0, sizeof(route->gateway));
	} else {
		name_device(reading, (int)ways->device, route->device);
	}
	route->extra_words = words.bytes;
}

static void read_key(const struct nlmsghdr *message, struct route_key *key)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct nlattr *attr;
	size_t left;

	key->dst.family = info->rtm_family;
	key->dst.len = info->rtm_dst_len;
	key->tos = info->rtm_tos;
	key->table = info->rtm_table;
	for (attr = message_attributes(message, sizeof(*info), &left); attribute_fits(attr, left);
		attr = attribute_next(attr, &left))
		read_key_attribute(attr, key);
}

/* One that counts. */
static void read_whole_route(
	struct reading *reading, const struct nlmsghdr *message, const struct route_key *key)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	struct route *route = array_add(&reading->kernel->routes);
	struct route_ways ways = {.device = 0};
	const struct nlattr *attr;
	size_t left;

	route_set_key(route, key);
	route->protocol = info->rtm_protocol;
	route->scope = info->rtm_scope;
	route->special = info->rtm_type != RTN_UNICAST;
	route->onlink = info->rtm_flags & RTNH_F_ONLINK;
	for (attr = message_attributes(message, sizeof(*info), &left); attribute_fits(attr, left);
		attr = attribute_next(attr, &left))
		read_route_attribute(attr, route, &ways);
	read_next_hops(reading, &ways, route);
}

static void read_route(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct rtmsg *info = NLMSG_DATA(message);
	struct route_keys *others = &reading->kernel->others;
	struct route_key *key;

	if (message->nlmsg_type != RTM_NEWROUTE || info->rtm_family != reading->family ||
		info->rtm_flags & RTM_F_CLONED || info->rtm_table == TABLE_LOCAL)
		return;
	/* Of a full table each stays where it is read to. */
	key = array_add(others);
	read_key(message, key);
	if (route_counts(info->rtm_protocol, key->table)) {
		read_whole_route(reading, message, key);
		others->n--;
	}
}

static bool is_loopback_name(const struct nlattr *attr)
{
	return attr && attribute_length(attr) >= 3 && !memcmp(attribute_bytes(attr), "lo", 3);
}

/* What is not one that our own rules come back with makes the rule a foreign one. */
static void read_rule_attribute(const struct nlattr *attr, struct rule *rule)
{
	switch (attribute_type(attr)) {
	case RULE_SRC:
		rule->from = attribute_prefix(attr, rule->from.family, rule->from.len);
		break;
	case RULE_PRIORITY:
		rule->priority = attribute_number(attr);
		break;
	case RULE_TABLE:
		rule->table = attribute_number(attr);
		break;
	case RULE_IIFNAME:
		rule->forwarded = false;
		rule->from_host = is_loopback_name(attr);
		rule->foreign |= !rule->from_host;
		break;
	case RULE_FWMARK:
	case RULE_FLOW:
		rule->foreign |= attribute_number(attr) != 0;
		break;
	case RULE_SUPPRESS_IFGROUP:
	case RULE_SUPPRESS_PREFIXLEN:
		rule->foreign |= attribute_number(attr) != 0xffffffff;
		break;
	case RULE_PAD:
	case RULE_PROTOCOL:
		break;
	default:
		rule->foreign = true;
	}
}

static void read_rule(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct nlattr *attr;
	struct rule *rule;
	size_t left;

	if (message->nlmsg_type != RTM_NEWRULE || info->rtm_family != reading->family)
		return;
	rule = array_add(&reading->kernel->rules);
	rule->from.family = reading->family;
	rule->from.len = info->rtm_src_len;
	rule->table = info->rtm_table;
	rule->forwarded = true;
	/* Ours are from a prefix, always. */
	rule->foreign = info->rtm_type != RULE_TO_TABLE || info->rtm_flags || info->rtm_dst_len ||
		info->rtm_tos || !info->rtm_src_len;
	for (attr = message_attributes(message, sizeof(*info), &left); attribute_fits(attr, left);
		attr = attribute_next(attr, &left))
		read_rule_attribute(attr, rule);
	rule->foreign |= rule->forwarded && reading->family == AF_INET;
}

static int dump_family(struct nl_sock *socket, struct kernel *out, unsigned char family)
{
	struct reading reading = {.kernel = out, .family = family};
	int err = netlink_dump(
		socket, RTM_GETADDR, reading.family, read_address, &reading, "addresses");

	if (!err)
		err = netlink_dump(
			socket, RTM_GETROUTE, reading.family, read_route, &reading, "routes");
	if (!err)
		err = netlink_dump(
			socket, RTM_GETRULE, reading.family, read_rule, &reading, "rules");
	return err;
}

static int dump_all(struct nl_sock *socket, struct kernel *out)
{
	struct reading reading = {.kernel = out, .family = AF_UNSPEC};
	int err = netlink_dump(socket, RTM_GETLINK, AF_UNSPEC, read_link, &reading, "links");
	int inet6;

	if (!err && reading.failed)
		err = -1;
	if (!err)
		err = dump_family(socket, out, AF_INET);
	if (err)
		return err;
	/* Else as ipv6_test of network-functions-ipv6; 2.6.18 would say EINVAL to a dump. */
	inet6 = reading.says_families ? reading.has_inet6 : path_exists("/proc/net/if_inet6");
	return inet6 > 0 ? dump_family(socket, out, AF_INET6) : inet6;
}

int kernel_read(struct kernel *out)
{
	struct nl_sock *socket = netlink_open();
	int err = socket ? -NLE_DUMP_INTR : -1, tries;

	for (tries = 0; err == -NLE_DUMP_INTR && tries < DUMP_TRIES; tries++) {
		kernel_free(out);
		out->old_inet6 = kernel_older_than(3, 10, 0);
		err = dump_all(socket, out);
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

static bool has_next_hops(const struct route *route)
{
	const unsigned char *bytes = route->extra;
	struct nlattr attr;
	size_t at;

	for (at = 0; at + sizeof(attr) <= route->extra_len; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, bytes + at, sizeof(attr));
		if (attr.nla_type == RTA_MULTIPATH)
			return true;
	}
	return false;
}

static int put_next_hop(struct nl_msg *msg, const struct route *route, const struct links *links)
{
	struct kernel seen = {.links = *links};
	const struct link *link = kernel_find_link(&seen, route->device);
	int err = 0;

	if (route->extra_len && nlmsg_append(msg, route->extra, route->extra_len, NLMSG_ALIGNTO))
		return -1;
	if (has_next_hops(route))
		return 0;
	if (route->gateway.family)
		err = put_prefix(msg, RTA_GATEWAY, &route->gateway);
	return err ? err : put_number(msg, RTA_OIF, link ? (unsigned)link->index : 0);
}

static int put_route(struct nl_msg *msg, const struct route *route, const struct links *links)
{
	struct rtmsg *header = nlmsg_reserve(msg, sizeof(*header), NLMSG_ALIGNTO);

	if (!header)
		return -1;
	memset(header, 0, sizeof(*header));
	header->rtm_family = route->dst.family;
	header->rtm_dst_len = route->dst.len;
	header->rtm_tos = route->tos;
	header->rtm_protocol = route->protocol;
	header->rtm_scope = route->scope;
	header->rtm_type = RTN_UNICAST;
	header->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
	if (put_table(msg, header, RTA_TABLE, route->table) ||
		(route->dst.len && put_prefix(msg, RTA_DST, &route->dst)) ||
		(route->metric && put_number(msg, RTA_PRIORITY, route->metric)))
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
			put_prefix(msg, RULE_SRC, &rule->from) ||
			(!rule->forwarded && put(msg, RULE_IIFNAME, sizeof("lo"), "lo")) ||
			put_number(msg, RULE_PRIORITY, rule->priority)
		? -1
		: 0;
}

static int put_op(struct nl_msg *msg, const struct op *op, const struct links *links)
{
	static const int types[] = {
		RTM_NEWROUTE, RTM_NEWROUTE, RTM_NEWRULE, RTM_DELRULE, RTM_DELROUTE};
	/* EXCL: what is there already, a foreign one above all, is not replaced. A rule replaces
	 * none, and with EXCL the kernel compares each new one with all that there are
	 * (rule_exists, 4.x and late EL7), two thirds of the time that a thousand take. If
	 * somebody adds the same meanwhile there are two, as older kernels have it anyway, and the
	 * next run deletes one. */
	static const int flags[] = {
		NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE | NLM_F_REPLACE, NLM_F_CREATE, 0, 0};

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
		*msg = renew_message(*msg, ops[i].route ? ops[i].route->extra_len : 0);
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
