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
#include "net/rule.h"

/* A route that ifup-routes adds, as far as the line is read: key, type, protocol (0 unless the line
 * has a number), onlink, and the gateway and device of a single next hop. An ADDRESSn= route names
 * no device: it goes by its file's. */
struct by_hand_route {
	int line;     /* of the file; of a joined line, the first */
	bool several; /* next hops, which are not read */
	struct route route;
};

struct by_hand_routes {
	struct by_hand_route *items;
	size_t n, cap;
};

/* A rule that ifup-routes adds: not, from, to, iif, priority and table. */
struct by_hand_rule {
	int line;
	bool has_priority; /* else the kernel chooses one */
	bool other; /* it has a selector, an action or a flag besides; table 0: it looks nowhere */
	struct rule rule;
};

struct by_hand_rules {
	struct by_hand_rule *items;
	size_t n, cap;
};

/* Does ifup-routes source the file as shell, for an ADDRESSn= in it? Then nothing else in it is a
 * route, not even a line of ip(8)'s form. */
bool byhand_is_sourced(const char *bytes, size_t len);

/* Appends what ifup-routes adds from the text of a route- or route6- file, in the file's order. */
void byhand_routes(const char *bytes, size_t len, bool inet6, const struct table_names *names,
	struct by_hand_routes *out);

/* The same for a rule- or rule6- file. */
void byhand_rules(const char *bytes, size_t len, bool inet6, const struct table_names *names,
	struct by_hand_rules *out);

/* A table by its number, its name in rt_tables, or main, default, local. False: ip refuses it; so it
 * does NULL. */
bool byhand_parse_table(const char *word, const struct table_names *names, unsigned *out);

/* Can it lead what the host sends from the address? One without a source leads nobody in particular.
 */
bool byhand_leads(const struct by_hand_rule *rule, const struct prefix *address);

/* Appends what init.d/network adds from /etc/sysconfig/static-routes once all NICs are up. Routes
 * have no device unless the line names one: the kernel finds it by the gateway. "reject" is a
 * ban. */
void byhand_static_routes(const struct file *file, struct routes *out);

/* The same of init.ipv6-global, which `network start` runs then: bans of IPv6 networks that never
 * should be on a wire. */
void byhand_inet6_bans(const struct file *file, struct routes *out);

#endif
