/* SPDX-License-Identifier: MIT
 * The attributes of rules and routes.
 */
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "sys/decode.h"
#include "sys/netlink.h"

static void keep_unknown(const struct nlattr *attr, struct rule *rule)
{
	size_t len = (size_t)NLA_ALIGN(attr->nla_len);

	rule->unknown = mem_resize(rule->unknown, rule->unknown_len + len);
	memset(rule->unknown + rule->unknown_len, 0, len);
	memcpy(rule->unknown + rule->unknown_len, attr, attr->nla_len);
	rule->unknown_len += (unsigned)len;
}

/* Values that are kept as they come. */
static const struct {
	unsigned char type, size;
	size_t at;
} rule_values[] = {{RULE_PRIORITY, 4, offsetof(struct rule, priority)},
	/* The header has room for 8 bits only. */
	{RULE_TABLE, 4, offsetof(struct rule, table)},
	{RULE_FWMARK, 4, offsetof(struct rule, mark)},
	{RULE_FWMASK, 4, offsetof(struct rule, mask)},
	{RULE_GOTO, 4, offsetof(struct rule, target)}, {RULE_FLOW, 4, offsetof(struct rule, flow)},
	{RULE_L3MDEV, 1, offsetof(struct rule, l3mdev)},
	{RULE_PROTOCOL, 1, offsetof(struct rule, protocol)},
	{RULE_IP_PROTO, 1, offsetof(struct rule, ip_protocol)},
	{RULE_SPORT_RANGE, 4, offsetof(struct rule, sport)},
	{RULE_DPORT_RANGE, 4, offsetof(struct rule, dport)},
	{RULE_UID_RANGE, 8, offsetof(struct rule, uids)},
	{RULE_TUN_ID, 8, offsetof(struct rule, tun_id)}};

static bool keep_value(const struct nlattr *attr, struct rule *rule)
{
	size_t i;

	for (i = 0; i < sizeof(rule_values) / sizeof(*rule_values); i++)
		if (rule_values[i].type == attribute_type(attr)) {
			attribute_copy(attr, (char *)rule + rule_values[i].at, rule_values[i].size);
			return true;
		}
	return false;
}

static void decode_rule_attribute(const struct nlattr *attr, struct rule *rule)
{
	unsigned short mask = 0;

	switch (attribute_type(attr)) {
	case RULE_SRC:
		rule->from = attribute_prefix(attr, rule->from.family, rule->from.len);
		break;
	case RULE_DST:
		rule->to = attribute_prefix(attr, rule->from.family, rule->to.len);
		break;
	case RULE_IIFNAME:
		attribute_name(attr, rule->iif);
		break;
	case RULE_OIFNAME:
		attribute_name(attr, rule->oif);
		break;
	case RULE_SUPPRESS_IFGROUP: /* -1: none */
		rule->ifgroup = attribute_number(attr) + 1;
		break;
	case RULE_SUPPRESS_PREFIXLEN:
		rule->min_length = attribute_number(attr) + 1;
		break;
	case RULE_SPORT_MASK:
	case RULE_DPORT_MASK: /* kernels from 6.14 on give it with each single port */
		attribute_copy(attr, &mask, sizeof(mask));
		if (mask != 0xffff)
			keep_unknown(attr, rule);
		break;
	case RULE_PAD:
		break;
	default:
		if (!keep_value(attr, rule))
			keep_unknown(attr, rule);
		rule->uids.known |= attribute_type(attr) == RULE_UID_RANGE;
	}
}

void decode_rule(const struct nlmsghdr *message, struct rule *out)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct nlattr *attr;
	bool has_mask = false;
	size_t left;

	out->from = attribute_prefix(NULL, info->rtm_family, info->rtm_src_len);
	if (info->rtm_dst_len)
		out->to = attribute_prefix(NULL, info->rtm_family, info->rtm_dst_len);
	out->table = info->rtm_table;
	out->tos = info->rtm_tos;
	out->action = decode_type(info->rtm_type);
	out->inverted = (info->rtm_flags & RULE_INVERT) != 0;
	for (attr = message_attributes(message, sizeof(*info), &left); attribute_fits(attr, left);
		attr = attribute_next(attr, &left)) {
		decode_rule_attribute(attr, out);
		has_mask |= attribute_type(attr) == RULE_FWMASK;
	}
	/* Before masks a mark was compared whole (2.6.18), and 0 meant any. */
	if (out->mark && !has_mask)
		out->mask = 0xffffffff;
}

void decode_route_key(const struct nlmsghdr *message, struct route_key *out)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct nlattr *attr;
	size_t left;

	out->dst = attribute_prefix(NULL, info->rtm_family, info->rtm_dst_len);
	out->tos = info->rtm_tos;
	out->table = info->rtm_table;
	for (attr = message_attributes(message, sizeof(*info), &left); attribute_fits(attr, left);
		attr = attribute_next(attr, &left)) {
		switch (attribute_type(attr)) {
		case RTA_TABLE: /* the header has room for 8 bits only */
			out->table = attribute_number(attr);
			break;
		case RTA_DST:
			out->dst = attribute_prefix(attr, out->dst.family, out->dst.len);
			break;
		case RTA_PRIORITY:
			out->metric = attribute_number(attr);
			break;
		}
	}
}

/* RTA_VIA: a family in the host's order, then the address. */
static struct prefix read_via(const struct nlattr *attr)
{
	const struct prefix none = {0};
	struct prefix gateway = {0};
	unsigned short family = 0;

	attribute_copy(attr, &family, sizeof(family));
	gateway.family = (unsigned char)family;
	gateway.len = (unsigned char)prefix_bits(family);
	if (attribute_length(attr) != sizeof(family) + gateway.len / 8u)
		return none;
	memcpy(gateway.bytes, (const char *)attribute_bytes(attr) + sizeof(family),
		gateway.len / 8);
	return gateway;
}

/* One of RTA_MULTIPATH's next hops. */
static void decode_hop(
	const struct rtnexthop *info, int family, struct route *route, struct hop *hop)
{
	const struct nlattr *attr = (const void *)RTNH_DATA(info);
	size_t left = info->rtnh_len - sizeof(*info);

	hop->weight = info->rtnh_hops;
	hop->onlink = (info->rtnh_flags & RTNH_F_ONLINK) != 0;
	hop->dead = (info->rtnh_flags & RTNH_F_DEAD) != 0;
	hop->linkdown = (info->rtnh_flags & ROUTE_LINKDOWN) != 0;
	for (; attribute_fits(attr, left); attr = attribute_next(attr, &left)) {
		switch (attribute_type(attr)) {
		case RTA_GATEWAY:
			hop->gateway = attribute_prefix(attr, family, prefix_bits(family));
			break;
		case RTA_FLOW:
			hop->flow = attribute_number(attr);
			break;
		case ROUTE_VIA:
			hop->gateway = read_via(attr);
			route->special = true;
			break;
		default:
			route->special = true;
		}
	}
}

static void decode_hops(const struct nlattr *multipath, const struct links *links,
	struct route *route)
{
	const struct rtnexthop *first = attribute_bytes(multipath), *info = first;
	int all = (int)attribute_length(multipath), left = all;
	struct hop *hop;
	unsigned i;

	for (; left >= (int)sizeof(*info) && RTNH_OK(info, left);
		left -= RTNH_ALIGN(info->rtnh_len), info = RTNH_NEXT(info))
		route->n++;
	if (!route->n)
		return;
	route->hops = mem_resize(NULL, route->n * sizeof(*route->hops));
	memset(route->hops, 0, route->n * sizeof(*route->hops));
	for (i = 0, info = first; i < route->n; i++, info = RTNH_NEXT(info)) {
		hop = &route->hops[i];
		link_name(links, info->rtnh_ifindex, hop->device);
		decode_hop(info, route->dst.family, route, hop);
	}
	memset(&route->gateway, 0, sizeof(route->gateway));
	memcpy(route->device, route->hops[0].device, sizeof(route->device));
	for (i = 1; i < route->n; i++)
		if (strcmp(route->hops[i].device, route->device))
			memset(route->device, 0, sizeof(route->device));
}

static void keep_metrics(const struct nlattr *attr, struct route *route)
{
	route->metrics_len = (unsigned)attribute_length(attr);
	if (!route->metrics_len)
		return;
	route->metrics = mem_resize(NULL, route->metrics_len);
	memcpy(route->metrics, attribute_bytes(attr), route->metrics_len);
}

/* Family 0 if it is not there. */
static struct prefix read_whole_address(const struct nlattr *attr, int family)
{
	const struct prefix none = {0};

	return attr ? attribute_prefix(attr, family, prefix_bits(family)) : none;
}

void decode_route(const struct nlmsghdr *message, const struct route_key *key,
	const struct links *links, struct route *out)
{
	/* What is read here or of the key, is without meaning for a copy, or of an answer only. */
	static const unsigned known = 1u << RTA_DST | 1u << RTA_PRIORITY | 1u << RTA_TABLE |
		1u << RTA_GATEWAY | 1u << RTA_OIF | 1u << RTA_SRC | 1u << RTA_PREFSRC |
		1u << RTA_FLOW | 1u << RTA_METRICS | 1u << RTA_MULTIPATH | 1u << ROUTE_PREF |
		1u << RTA_IIF | 1u << RTA_CACHEINFO | 1u << ROUTE_EXPIRES | 1u << ROUTE_PAD |
		1u << ROUTE_UID | 1u << ROUTE_NEXTHOP;
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[ROUTE_NEXTHOP + 1] = {NULL}, *attr;
	int family = info->rtm_family, device, type;
	unsigned char preference = 0;
	size_t left;

	for (attr = message_attributes(message, sizeof(*info), &left); attribute_fits(attr, left);
		attr = attribute_next(attr, &left)) {
		type = attribute_type(attr);
		if (type <= ROUTE_NEXTHOP)
			attrs[type] = attr;
		if (type > ROUTE_NEXTHOP || !(known & 1u << type))
			out->special = true;
	}
	route_set_key(out, key);
	out->type = decode_type(info->rtm_type);
	out->protocol = info->rtm_protocol;
	out->scope = info->rtm_scope;
	out->onlink = (info->rtm_flags & RTNH_F_ONLINK) != 0;
	out->dead = (info->rtm_flags & RTNH_F_DEAD) != 0;
	out->linkdown = (info->rtm_flags & ROUTE_LINKDOWN) != 0;
	out->source = read_whole_address(attrs[RTA_PREFSRC], family);
	out->gateway = attrs[ROUTE_VIA] ? read_via(attrs[ROUTE_VIA])
					: read_whole_address(attrs[RTA_GATEWAY], family);
	out->flow = attribute_number(attrs[RTA_FLOW]);
	if (attrs[RTA_SRC])
		out->from = attribute_prefix(attrs[RTA_SRC], family, info->rtm_src_len);
	/* Two bits, as the router sent them (ICMPV6_ROUTER_PREF_*). */
	if (attrs[ROUTE_PREF])
		attribute_copy(attrs[ROUTE_PREF], &preference, sizeof(preference));
	out->preference = preference == 1 ? 1 : preference == 3 ? -1 : 0;
	if (attrs[RTA_METRICS])
		keep_metrics(attrs[RTA_METRICS], out);
	if (attrs[RTA_MULTIPATH])
		decode_hops(attrs[RTA_MULTIPATH], links, out);
	/* IPv4's ban by a nexthop object says lo, which no route that refuses may be added with. */
	device = (int)attribute_number(attrs[RTA_OIF]);
	if (!out->n && device && !(family == AF_INET && route_refuses(out)))
		link_name(links, device, out->device);
}
