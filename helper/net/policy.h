/* SPDX-License-Identifier: MIT
 * The kernel's routing as it really is, foreign rules and all: what check and explain look at.
 *
 * The plan has no use for these: it keeps its hands off whatever is not as ours (struct rule).
 *
 * Pure: policy.c frees, formats and compares, kernel_ask.c fills it in.
 *
 * Source: include/uapi/linux/{fib_rules,rtnetlink,neighbour}.h, net/core/fib_rules.c,
 * net/ipv4/fib_rules.c, net/ipv4/fib_trie.c, net/ipv6/{fib6_rules,ip6_fib}.c, 2.6.18 to 6.x.
 */
#ifndef NET_POLICY_H
#define NET_POLICY_H

#include "net/net.h"

/* rtnetlink.h's RTN_*: the wire's values. */
enum {
	WAY_UNICAST = 1,
	WAY_LOCAL = 2,
	WAY_BROADCAST = 3,
	WAY_ANYCAST = 4,
	WAY_MULTICAST = 5,
	WAY_BLACKHOLE = 6,
	WAY_UNREACHABLE = 7,
	WAY_PROHIBIT = 8,
	WAY_THROW = 9
};

/* Of neighbour.h's NUD_*. */
enum { NEIGHBOUR_INCOMPLETE = 0x01, NEIGHBOUR_FAILED = 0x20 };

/* fib_rules.h's FR_ACT_*. 2.6.18's IPv4 rules have RTN_* there instead, which agree in what
 * matters: 1 a table, 6 blackhole, 7 unreachable, 8 prohibit. */
enum policy_action {
	POLICY_TABLE = 1,
	POLICY_GOTO = 2,
	POLICY_NOP = 3,
	POLICY_BLACKHOLE = 6,
	POLICY_UNREACHABLE = 7,
	POLICY_PROHIBIT = 8
};

/* One rule, whoever made it. They are kept in the order in which the kernel tries them. */
struct policy {
	unsigned priority;
	bool inverted;		/* "not": what does not match, matches */
	struct prefix from, to; /* len 0: any */
	unsigned char tos;
	device_name iif, oif; /* "": any; iif "lo": what the host itself sends */
	unsigned mark, mask;  /* mask 0: any */
	enum policy_action action;
	unsigned table;	 /* POLICY_TABLE; 0 with l3mdev: that of the packet's VRF */
	unsigned target; /* POLICY_GOTO: a priority */
	bool l3mdev;
	int suppress_length; /* routes no longer than this are passed over; -1: none */
	bool other; /* has selectors that only some packets meet: ports, protocol, users, groups,
		     * tunnels, or one that is not known here */
	unsigned char protocol_number; /* FRA_PROTOCOL: who made it; 0 if it is not said. No
					* selector: the kernel does not look at it */
};

struct policies {
	struct policy *items;
	size_t n, cap;
};

/* A route's next hop. */
struct hop {
	device_name device;
	struct prefix gateway; /* family 0: on-link; RTA_VIA: of another family than the route */
	/* RTNH_F_DEAD: its device is down, or has no carrier and is set to ignore routes then
	 * (ignore_routes_with_linkdown). */
	bool dead;
	bool linkdown; /* RTNH_F_LINKDOWN: no carrier */
};

/* One route of any table, local too. */
struct way {
	unsigned table;
	unsigned char type; /* RTN_UNICAST, RTN_LOCAL, RTN_BLACKHOLE … */
	unsigned char tos;
	unsigned char protocol;
	unsigned metric;
	struct prefix dst;	/* len 0: default */
	struct prefix from;	/* for packets from there only (IPv6); len 0: any */
	struct prefix source;	/* preferred; family 0: none */
	signed char preference; /* an IPv6 router's of itself (RFC 4191): 1 high, 0, -1 low */
	struct hop *hops;	/* n 0: none, as of an unreachable route */
	size_t n;
};

struct ways {
	struct way *items;
	size_t n, cap;
};

/* A neighbour entry (ARP, NDP). */
struct neighbour {
	device_name device;
	struct prefix address;
	unsigned short state; /* NUD_* of neighbour.h */
	char mac[3 * 32];     /* "" if it is not known */
};

struct neighbours {
	struct neighbour *items;
	size_t n, cap;
};

/* All of it, of both families: IPv4 first, each in the order of the kernel's dump, which for rules
 * is that of their priority and then of their making. */
struct view {
	struct policies policies;
	struct ways ways;
	struct neighbours neighbours;
};

void view_free(struct view *view);

/* The words that follow "ip rule add": what `ip rule` shows, with the priority at the end. A
 * selector that is not known here is said as "…". */
void policy_format(const struct policy *policy, struct text *out);
/* 0 if the kernel could not tell one from the other (rule_exists, net/core/fib_rules.c); of two
 * rules with other selectors that is not known. */
int policy_compare(const struct policy *a, const struct policy *b);

/* Does it lead to the device, by one of its next hops? */
bool way_uses(const struct way *way, const char *device);
/* "unreachable ", with the blank; of an ordinary route "". */
const char *way_type_word(unsigned char type);
/* " via 10.0.0.1 dev eth1" */
void hop_format(const struct prefix *gateway, const char *device, struct text *out);
/* What `ip route` shows, but for the table and what makes no difference to its choice. A next hop
 * that cannot be used as it is is marked. */
void way_format(const struct way *way, struct text *out);

#endif
