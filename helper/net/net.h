/* SPDX-License-Identifier: MIT
 * What the kernel holds, as plain structs: links, addresses, routes, rules, neighbours.
 *
 * Devices are told by name, so that the plan can speak of ones that do not exist yet.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/prefix.h"
#include "net/route.h"
#include "net/rule.h"
#include "net/sysctl.h"

struct link {
	int index;
	device_name name;
	bool up;	   /* IFF_UP: the administrator's wish, whatever the cable says */
	bool loopback;	   /* IFF_LOOPBACK */
	bool inet6;	   /* IPv6 is there, and not switched off for it */
	bool running;	   /* it has a carrier, and may be used */
	bool noarp;	   /* IFF_NOARP: dummy, VRF, tunnels: it answers for no address */
	bool tunnel;	   /* IFF_POINTOPOINT: tun, ppp, WireGuard */
	bool vrf;	   /* it is a VRF, or a port of one */
	bool dummy;	   /* what it is sent comes nowhere */
	int lower; /* the index of the device whose wire it is on, as a macvlan is, or 0 */
	int master;	   /* the index of the bond, bridge or VRF that it is a port of, or 0 */
	char mac[3 * 32];  /* "52:54:00:12:34:56" as sysfs has it, or "" */
	bool has_settings; /* false: the kernel (before 2.6.38) did not say */
	int settings[SYSCTL_KEYS];
};

struct links {
	struct link *items;
	size_t n, cap;
	struct index by_name, by_number; /* of all of them, see links_index; else of none */
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

/* Of neighbour.h's NUD_*. One that answers is incomplete for less than a millisecond; one that does
 * not is so again and again, for as long as somebody sends to it. */
enum {
	NEIGHBOUR_INCOMPLETE = 0x01,
	NEIGHBOUR_REACHABLE = 0x02,
	NEIGHBOUR_STALE = 0x04,
	NEIGHBOUR_DELAY = 0x08,
	NEIGHBOUR_FAILED = 0x20,
	NEIGHBOUR_NOARP = 0x40,
	NEIGHBOUR_PERMANENT = 0x80,
	NEIGHBOUR_SILENT = NEIGHBOUR_INCOMPLETE | NEIGHBOUR_FAILED
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

/* All of it of both families: IPv4 first, each in the order of the kernel's dump, which for rules
 * is that of their priority and then of their making. */
struct kernel {
	struct links links;
	struct addresses addresses;
	/* All that count (route_counts) and each table's defaults and bans, which say what a rule
	 * leads to, and of which IPv6's may have a next hop of ours among others; or all. */
	struct routes routes;
	/* Of any other but table local's nothing counts for the plan but that its key is taken, and
	 * a router may hold a hundred thousand of them. */
	struct route_keys others;
	struct rules rules;
	struct neighbours neighbours; /* if all was asked for */
	/* Before 3.10: what the host itself sends by IPv6 has no iif (ip6_route_output), and each
	 * IPv6 route has metrics that nobody gave it (ip6_route_add). */
	bool old_inet6;
	/* Before 3.18 a throw of IPv6 is the end: its answer comes before the next rule is asked
	 * (fib6_rule_action, ip6_pol_route). */
	bool ends_throw6;
	bool old_marks; /* rules take a mark without a mask: before 2.6.20 */
	/* From 4.1 on: where no route leads what has no source yet, IPv6 chooses a source all the
	 * same, and looks again from there (ip6_dst_lookup_tail). */
	bool asks_again6;
};

void kernel_free(struct kernel *kernel);

/* Has a route that counts the key, or one of the others? */
bool kernel_has_key(const struct kernel *kernel, const struct route *route);

/* Once all are there. */
void links_index(struct links *links);
/* The one with that index, or NULL. */
const struct link *links_find(const struct links *links, int number);
/* The one of that name, or NULL. */
const struct link *links_find_name(const struct links *links, const char *name);
/* NULL: there is none, or nothing is known of the kernel. */
const struct link *kernel_find_link(const struct kernel *kernel, const char *name);

/* By address, whatever the length; by device first. */
compare_items addresses_in_order, addresses_by_device_first;
/* Does the device have the address, whatever the length? seen: in that order. */
bool addresses_have(
	const struct index *seen, const char *device, const struct prefix *address);
/* Has any device? */
bool addresses_include(const struct addresses *addresses, const struct prefix *address);

#endif
