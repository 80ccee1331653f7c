/* SPDX-License-Identifier: MIT
 * Routes and rules that the administrator wrote: the lines of route-, route6-, rule- and rule6-
 * files, and /etc/sysconfig/static-routes.
 *
 * Source: ifup-routes (handle_file, handle_ip_file) and init.d/network, EL5 to EL8; ip-route(8),
 * ip-rule(8) (iproute_modify, iprule_modify), route(8). Pure: text in, structs out.
 *
 * A line that ip would refuse for what we read of it (an unknown table, no prefix) gives no entry:
 * it never gets into the kernel. Words that we do not know are skipped.
 */
#ifndef CONF_BYHAND_H
#define CONF_BYHAND_H

#include "conf/uplink.h"

/* rtnetlink.h's RTN_*: the wire's values. */
enum {
	HAND_UNICAST = 1,
	HAND_LOCAL = 2,
	HAND_BLACKHOLE = 6,
	HAND_UNREACHABLE = 7,
	HAND_PROHIBIT = 8,
	HAND_THROW = 9
};

/* A route that ifup-routes adds. */
struct hand_route {
	int line;	    /* of the file; of a joined line, the first */
	unsigned char type; /* RTN_* */
	struct prefix dst;  /* its family is the route's; len 0: a default */
	unsigned table;	    /* TABLE_MAIN unless the line names another */
	unsigned char tos;
	unsigned metric; /* the one that the kernel takes: METRIC_INET6 for IPv6 without one */
	unsigned char protocol; /* 0 unless the line has a number; ours have PROTO_MULTIHOME */
	struct prefix gateway;	/* family 0: none, or several */
	device_name device; /* "": none is named; an ADDRESSn= route goes by its file's device */
	bool onlink;
	bool several; /* next hops */
};

struct hand_routes {
	struct hand_route *items;
	size_t n, cap;
};

/* A rule that ifup-routes adds. */
struct hand_rule {
	int line;
	struct prefix from, to; /* of the file's family; len 0: all */
	bool has_priority;	/* else the kernel chooses one */
	unsigned priority;
	unsigned table; /* where it looks; 0: it looks nowhere (goto, blackhole, prohibit …) */
	bool from_host; /* iif lo */
	bool other;	/* has a selector, an action or a flag besides all of the above */
};

struct hand_rules {
	struct hand_rule *items;
	size_t n, cap;
};

/* Does ifup-routes source the file as shell, for an ADDRESSn= in it? Then nothing else in it is a
 * route, not even a line of ip(8)'s form. */
bool byhand_is_sourced(const char *bytes, size_t len);

/* Appends what ifup-routes adds from the text of a route- or route6- file, in the file's order. The
 * text may be a part of the file that begins with line `first`. Whether it is sourced is told by
 * the text alone: give such a file as one piece. */
void byhand_routes(const char *bytes, size_t len, int first, bool inet6,
	const struct table_names *names, struct hand_routes *out);

/* The same for a rule- or rule6- file. */
void byhand_rules(const char *bytes, size_t len, int first, bool inet6,
	const struct table_names *names, struct hand_rules *out);

/* Appends what init.d/network adds from /etc/sysconfig/static-routes once all NICs are up. Routes
 * have no device unless the line names one: the kernel finds it by the gateway. "reject" is a
 * ban. */
void byhand_static_routes(const struct file *file, struct routes *out);

/* The same of init.ipv6-global, which `network start` runs then: bans of IPv6 networks that never
 * should be on a wire. */
void byhand_inet6_bans(const struct file *file, struct routes *out);

/* A table by number, by its name in rt_tables, or main, default, local. False: ip refuses it. */
bool byhand_table(const char *word, const struct table_names *names, unsigned *out);

#endif
