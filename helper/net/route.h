/* SPDX-License-Identifier: MIT
 * A route of the kernel, ours or anybody's: its words and its order.
 *
 * Source: include/uapi/linux/rtnetlink.h, net/ipv4/fib_{semantics,trie}.c,
 * net/ipv6/{route,ip6_fib}.c, 2.6.18 to 6.x.
 */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/prefix.h"

/* Marks routes as ours (rtnetlink.h: values past RTPROT_STATIC are "not interpreted by
 * kernel"); none of iproute2's rt_protos has it. */
enum { PROTO_MULTIHOME = 109 };

/* rtnetlink.h's RT_TABLE_*, RT_SCOPE_*, RTPROT_*: the wire's values. */
enum { TABLE_DEFAULT = 253, TABLE_MAIN = 254, TABLE_LOCAL = 255 };
enum { SCOPE_UNIVERSE = 0, SCOPE_LINK = 253, SCOPE_HOST = 254 };
enum { PROTO_KERNEL = 2, PROTO_BOOT = 3, PROTO_RA = 9 };
/* What the kernel takes for an IPv6 route without one (IP6_RT_PRIO_USER). */
enum { METRIC_INET6 = 1024 };
/* What it gives to fe80::/64 and to other networks of a link's addresses (IP6_RT_PRIO_ADDRCONF). */
enum { METRIC_LINK_LOCAL = 256 };
/* "mhom": of the default that stays in main when we go, as any route that ip(8) adds. Whatever is
 * added from then on comes before it, and by the number we know it again. */
enum { METRIC_LEFT = 0x6d686f6d };

/* Of the halves of a default that lead around a dead uplink: a VPN's own come before them. */
enum { METRIC_HALF = 1000, METRIC_HALF_INET6 = METRIC_INET6 + METRIC_HALF };

/* RTN_*, but for RTN_UNICAST (1), so that a zeroed route is an ordinary one. */
enum route_type {
	ROUTE_UNICAST = 0,
	ROUTE_LOCAL = 2,
	ROUTE_BROADCAST = 3,
	ROUTE_ANYCAST = 4,
	ROUTE_MULTICAST = 5,
	ROUTE_BLACKHOLE = 6,
	ROUTE_UNREACHABLE = 7,
	ROUTE_PROHIBIT = 8,
	ROUTE_THROW = 9
};

/* One of several next hops. */
struct hop {
	struct prefix gateway; /* family 0: on-link; RTA_VIA: of another family than the route */
	device_name device;
	unsigned char weight; /* one less than ip(8)'s */
	bool onlink;	      /* RTNH_F_ONLINK: it is taken at its word */
	/* RTNH_F_DEAD: its device is down, or has no carrier and is set to ignore routes then
	 * (ignore_routes_with_linkdown). */
	bool dead;
	bool linkdown; /* RTNH_F_LINKDOWN: no carrier */
	unsigned flow; /* realms */
};

/* One route. {family, table, dst, tos, metric} is the kernel's key (fib_table_insert):
 * two routes that agree in it cannot both be added. IPv6 has them side by side if their next hops
 * differ, and from 4.11 on tells of them as one route by several next hops, with the protocol of
 * the first, whoever made the others. */
struct route {
	struct prefix dst; /* len 0: default; its family is the route's */
	unsigned table;
	unsigned metric;
	unsigned flow; /* realms */
	unsigned char tos;
	unsigned char type; /* enum route_type */
	unsigned char protocol;
	unsigned char scope;
	/* Seen: with what we do not know to copy (encapsulation, a next hop of the other family).
	 * It still occupies its key. */
	bool special;
	bool onlink, dead, linkdown; /* as struct hop's */
	signed char preference;	     /* an IPv6 router's of itself (RFC 4191): 1 high, 0, -1 low */
	struct prefix gateway;	     /* family 0: on-link */
	device_name device;	     /* "": none, as of a blackhole, or next hops by several */
	struct prefix source;	     /* preferred; family 0: none */
	struct prefix from;	     /* for packets from there only (IPv6); family 0: any */
	struct hop *hops;	     /* n 0: not several; else gateway is none */
	unsigned n;
	unsigned metrics_len;
	unsigned char *metrics; /* RTA_METRICS as it came: mtu, initcwnd … */
};

struct routes {
	struct route *items;
	size_t n, cap;
};

/* See struct route. */
struct route_key {
	struct prefix dst;
	unsigned char tos;
	unsigned table, metric;
};

struct route_keys {
	struct route_key *items;
	size_t n, cap;
};

/* Is it ours, or in main? */
bool route_counts(unsigned char protocol, unsigned table);
/* Has one of them the route's key? */
bool routes_have_key(const struct routes *routes, const struct route *route);
/* The route gets the key; whatever else it is stays. */
void route_set_key(struct route *route, const struct route_key *key);

/* By key: 0 if both cannot stand side by side. */
int route_compare_key(const struct route *a, const struct route *b);
compare_items routes_by_key;
/* By key, then everything that is sent; in which order next hops come makes no difference. */
int route_compare(const struct route *a, const struct route *b);

/* A route without several next hops has one, if it has a device. */
size_t route_hop_count(const struct route *route);
struct hop route_hop(const struct route *route, size_t i);
/* Does it lead to the device, by one of its next hops? */
bool route_uses(const struct route *route, const char *device);
/* Does it, or one of its next hops, lead to the device through the gateway? */
bool route_has_hop(const struct route *route, const struct hop *hop);
/* Is it what refuses packets: blackhole, unreachable or prohibit? */
bool route_refuses(const struct route *route);
/* The same, or throw. */
bool route_has_no_hop(const struct route *route);
/* Of IPv4's defaults of one key the kernel takes one after the other, as it thinks their routers
 * alive (fib_select_default); of several next hops of one it does not. Is the later one of them
 * such? */
bool route_alternates(const struct route *first, const struct route *later);
/* Is it ours, and the default of an uplink's own table? */
bool route_is_table_default(const struct route *route);
/* The type of a route or rule (rtnl_rtntype_a2n). False: the word is none. */
bool route_type_parse(const char *word, unsigned char *out);

/* The line that follows "ip route add". */
void route_format(const struct route *route, struct text *out);
/* What `ip route` shows, but for the table and what makes no difference to its choice. A next hop
 * that cannot be used as it is is marked. */
void route_format_choice(const struct route *route, struct text *out);
/* The words, and "main", "default", "local" or the number. */
void table_format(struct text *out, const char *words, unsigned table);
/* " via 10.0.0.1 dev eth1" */
void hop_format(const struct prefix *gateway, const char *device, struct text *out);
/* " realms 1/2", of rules as well; nothing if there are none. */
void realms_format(unsigned flow, struct text *out);

void routes_free(struct routes *routes);

#endif
