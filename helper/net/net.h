/* SPDX-License-Identifier: MIT
 * What the kernel holds, as plain structs: links, addresses, routes, rules.
 *
 * Devices are told by name, so that the plan can speak of ones that do not exist yet.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/prefix.h"
#include "net/sysctl.h"

/* Marks routes as ours (rtnetlink.h: values past RTPROT_STATIC are "not interpreted by
 * kernel"); none of iproute2's rt_protos has it. */
enum { PROTO_MULTIHOME = 109 };

/* rtnetlink.h's RT_TABLE_*, RT_SCOPE_*, RTN_*: the wire's values. */
enum { TABLE_DEFAULT = 253, TABLE_MAIN = 254, TABLE_LOCAL = 255 };
enum { SCOPE_UNIVERSE = 0, SCOPE_LINK = 253, SCOPE_HOST = 254 };
enum { PROTO_KERNEL = 2, PROTO_RA = 9 };
/* What the kernel takes for an IPv6 route without one (IP6_RT_PRIO_USER). */
enum { METRIC_INET6 = 1024 };

struct link {
	int index;
	device_name name;
	bool up;	   /* IFF_UP: the administrator's wish, whatever the cable says */
	bool loopback;	   /* IFF_LOOPBACK */
	bool inet6;	   /* IPv6 is there, and not switched off for it */
	bool tunnel;	   /* IFF_POINTOPOINT: tun, ppp, WireGuard */
	char mac[3 * 32];  /* "52:54:00:12:34:56" as sysfs has it, or "" */
	bool has_settings; /* false: the kernel (before 2.6.38) did not say */
	int settings[SYSCTL_KEYS];
};

struct links {
	struct link *items;
	size_t n, cap;
};

struct address {
	device_name device;
	struct prefix prefix; /* the address with the length of its network */
	bool dynamic;	      /* not IFA_F_PERMANENT: from a router's advertisement, or a lease */
	bool unsettled;	      /* deprecated, or not yet known to be nobody else's: not to be used */
};

struct addresses {
	struct address *items;
	size_t n, cap;
};

/* One route. {family, table, dst, tos, metric} is the kernel's key (fib_table_insert):
 * two routes that agree in it cannot both be added. */
struct route {
	struct prefix dst; /* len 0: default; its family is the route's */
	unsigned table;
	unsigned char tos;
	unsigned metric;
	unsigned char protocol;
	unsigned char scope;
	/* Seen: an unreachable or blackhole route, or one with what we do not know to copy
	 * (encapsulation, an IPv6 next hop). It still occupies its key. */
	bool special;
	bool onlink;		/* RTNH_F_ONLINK: the next hop is taken at its word */
	signed char preference; /* a router's of itself (RFC 4191): 1 high, 0, -1 low */
	struct prefix gateway;	/* family 0: on-link */
	device_name device;	/* "": next hops by several devices, or none */
	/* RTA_METRICS and RTA_MULTIPATH as they came, so that a copy is whole. */
	unsigned char *extra;
	size_t extra_len;
	char *extra_words; /* ip(8)'s words for it, " mtu 1400", or NULL */
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

/* A rule as we write them: from PREFIX iif lo lookup TABLE, with a priority; for IPv6 on an old
 * kernel without iif lo. */
struct rule {
	struct prefix from;
	unsigned table;
	unsigned priority;
	bool forwarded;	    /* without iif lo: for what passes through the host, too */
	bool foreign;	    /* seen: has another selector, action or flag; never ours */
	bool from_host;	    /* seen: iif lo, as ours have */
	device_name device; /* wanted: whose block it goes to; the kernel knows none */
};

struct rules {
	struct rule *items;
	size_t n, cap;
};

struct kernel {
	struct links links;
	struct addresses addresses;
	struct routes routes; /* all that count */
	/* Of any other nothing counts but that its key is taken, and a router may hold a hundred
	 * thousand of them. */
	struct route_keys others;
	struct rules rules;
	/* Before 3.10: what the host itself sends by IPv6 has no iif (ip6_route_output), and each
	 * IPv6 route has metrics that nobody gave it (ip6_route_add). */
	bool old_inet6;
};

void kernel_free(struct kernel *kernel);

/* Is it ours, or in main? */
bool route_counts(unsigned char protocol, unsigned table);
/* Has one of them the route's key? */
bool routes_have_key(const struct routes *routes, const struct route *route);
/* The same of the others as well. */
bool kernel_has_key(const struct kernel *kernel, const struct route *route);

const struct link *kernel_find_link(const struct kernel *kernel, const char *name);

/* The route gets the key; whatever else it is stays. */
void route_set_key(struct route *route, const struct route_key *key);
/* By key: 0 if both cannot stand side by side. */
int route_compare_key(const struct route *a, const struct route *b);
/* By key, then everything that we set. */
int route_compare(const struct route *a, const struct route *b);
int rule_compare(const struct rule *a, const struct rule *b);
/* The same of array.h's elements. */
compare_items routes_by_key, rules_in_order;

/* The line that follows "ip route add" or "ip rule add". */
void route_format(const struct route *route, struct text *out);
void rule_format(const struct rule *rule, struct text *out);

/* A line that rule_format wrote, and nothing else. 0 or -1. */
int rule_parse(const char *line, struct rule *out);

/* Does the device have one of these addresses? */
bool addresses_have_any(
	const struct addresses *seen, const char *device, const struct prefixes *wanted);

#endif
