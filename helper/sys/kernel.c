/* SPDX-License-Identifier: MIT
 * What the kernel holds, by dumps of netlink.
 *
 * libnl's caches merge rules and routes that differ in what they do not know, so the messages'
 * attributes are read here.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>

#include "base/log.h"
#include "sys/decode.h"
#include "sys/file.h"
#include "sys/kernel.h"
#include "sys/netlink.h"
#include "sys/proc.h"

/* IFF_LOWER_UP, IFF_DORMANT: of linux/if.h, which net/if.h does not go with. */
enum { LOWER_UP = 1 << 16, DORMANT = 1 << 17 };

/* What if_addr.h got after EL5. */
enum { ADDRESS_DADFAILED = 0x08 };

/* IFLA_MASTER, IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_AF_SPEC, IFLA_INET_CONF, IFLA_INET6_CONF,
 * DEVCONF_DISABLE_IPV6, IFLA_LINK_NETNSID: in newer headers only. */
enum { LINK_MASTER = 10, LINK_INFO = 18, LINK_KIND = 1, LINK_ELSEWHERE = 37 };
enum { LINK_FAMILIES = 26, INET_SETTINGS = 1, INET6_SETTINGS = 2, SETTING_DISABLE = 26 };

/* IPV4_DEVCONF_*, from 1 on: where in IFLA_INET_CONF a setting is. */
static const size_t setting_places[SYSCTL_KEYS] = {[SYSCTL_RP_FILTER] = 8,
	[SYSCTL_ARP_IGNORE] = 19,
	[SYSCTL_ARP_ANNOUNCE] = 18,
	[SYSCTL_ARP_FILTER] = 13};

struct reading {
	struct kernel *kernel;
	bool all;    /* not only what the plan needs */
	bool failed; /* logged */
	/* Do links say which families they have, and has one IPv6? */
	bool says_families, has_inet6;
};

enum { DUMP_TRIES = 10 };

/* The attribute within another that is NULL if it is not there; so is the answer. */
static const struct nlattr *nested_find(const struct nlattr *outer, int type)
{
	const struct nlattr *attr = outer ? attribute_bytes(outer) : NULL;
	size_t left = outer ? attribute_length(outer) : 0;

	for (; attribute_fits(attr, left); attr = attribute_next(attr, &left))
		if (attribute_type(attr) == type)
			return attr;
	return NULL;
}

/* The folder is there if the kernel has IPv6 for the device; 2.6.18 has no switch in it. 1, 0, or
 * -1: logged. */
static int device_has_inet6(const char *name)
{
	char path[96], off[2];
	int n = snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s", name);
	int found = file_exists(path);

	if (found <= 0)
		return found;
	snprintf(path + n, sizeof(path) - (size_t)n, "/disable_ipv6");
	if (file_read_start(path, off, sizeof(off)) < 0)
		return errno == ENOENT ? 1 : file_fail(path, errno);
	return off[0] != '1';
}

/* The one at that place, from 0 on. False if it is not there. */
static bool read_setting(const struct nlattr *settings, size_t place, int *out)
{
	if (!settings || attribute_length(settings) < (place + 1) * sizeof(*out))
		return false;
	memcpy(out, (const int *)attribute_bytes(settings) + place, sizeof(*out));
	return true;
}

/* families has the settings from 2.6.38 on, so that no file need be read of each link. 1, 0, or -1:
 * logged. */
static int link_has_inet6(const struct nlattr *families, const char *name)
{
	const struct nlattr *inet6 = nested_find(families, AF_INET6);
	int off = 0;

	if (!families)
		return device_has_inet6(name);
	read_setting(nested_find(inet6, INET6_SETTINGS), SETTING_DISABLE, &off);
	return inet6 && !off;
}

static void read_settings(const struct nlattr *families, struct link *link)
{
	const struct nlattr *settings = nested_find(nested_find(families, AF_INET), INET_SETTINGS);
	size_t key;

	link->has_settings = true;
	for (key = 0; key < SYSCTL_KEYS; key++)
		link->has_settings &=
			read_setting(settings, setting_places[key] - 1, &link->settings[key]);
}

static bool is_kind(const struct nlattr *info, const char *name)
{
	const struct nlattr *kind = info ? nested_find(info, LINK_KIND) : NULL;
	size_t n = strlen(name) + 1;

	return kind && attribute_length(kind) >= n && !memcmp(attribute_bytes(kind), name, n);
}

static void read_link(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[LINK_ELSEWHERE + 1], *families;
	struct link *link;
	int inet6;

	message_split(message, sizeof(*info), attrs, LINK_ELSEWHERE);
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
	link->vrf = is_kind(attrs[LINK_INFO], "vrf");
	link->dummy = is_kind(attrs[LINK_INFO], "dummy");
	/* Of another namespace's device the number says nothing here. */
	if (!attrs[LINK_ELSEWHERE] && (is_kind(attrs[LINK_INFO], "macvlan") ||
					      is_kind(attrs[LINK_INFO], "ipvlan")))
		link->lower = (int)attribute_number(attrs[IFLA_LINK]);
}

static void read_address(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[IFA_LOCAL + 1];
	struct address *address;

	message_split(message, sizeof(*info), attrs, IFA_LOCAL);
	address = array_add(&reading->kernel->addresses);
	link_name(&reading->kernel->links, (int)info->ifa_index, address->device);
	/* On a point-to-point link IFA_ADDRESS is the peer's. */
	address->prefix = attribute_prefix(attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS],
		info->ifa_family, info->ifa_prefixlen);
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

/* Those that the kernel gave it, not whoever added it. */
static void drop_metrics(struct route *route)
{
	free(route->metrics);
	route->metrics = NULL;
	route->metrics_len = 0;
}

static void read_route(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	struct kernel *kernel = reading->kernel;
	const struct rtmsg *info = NLMSG_DATA(message);
	struct route_key *key;
	struct route *route;
	bool counts;

	if (info->rtm_flags & RTM_F_CLONED)
		return;
	/* Of a full table each stays where it is read to. */
	key = array_add(&kernel->others);
	decode_route_key(message, key);
	counts = route_counts(info->rtm_protocol, key->table) || !info->rtm_dst_len ||
		(info->rtm_type >= RTN_BLACKHOLE && info->rtm_type <= RTN_THROW);
	if (reading->all || counts) {
		route = array_add(&kernel->routes);
		decode_route(message, key, &kernel->links, route);
		if (info->rtm_family == AF_INET6 && kernel->old_inet6)
			drop_metrics(route);
		else if (info->rtm_family == AF_INET6)
			join_hops(&kernel->routes);
	}
	if (key->table == TABLE_LOCAL || counts)
		kernel->others.n--;
}

static void read_rule(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;

	decode_rule(message, array_add(&reading->kernel->rules));
}

static void read_neighbour(const struct nlmsghdr *message, void *arg)
{
	struct reading *reading = arg;
	const struct ndmsg *info = NLMSG_DATA(message);
	const struct nlattr *attrs[NDA_LLADDR + 1];
	struct neighbour *neighbour;

	message_split(message, sizeof(*info), attrs, NDA_LLADDR);
	neighbour = array_add(&reading->kernel->neighbours);
	link_name(&reading->kernel->links, info->ndm_ifindex, neighbour->device);
	neighbour->address =
		attribute_prefix(attrs[NDA_DST], info->ndm_family, prefix_bits(info->ndm_family));
	neighbour->state = info->ndm_state;
	attribute_mac(attrs[NDA_LLADDR], neighbour->mac);
}

static int dump_family(struct nl_sock *socket, struct reading *reading, unsigned char family)
{
	int err = netlink_dump(socket, RTM_GETADDR, family, read_address, reading, "addresses");

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
	struct reading reading = {.kernel = out, .all = all};
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
	inet6 = reading.says_families ? reading.has_inet6 : file_exists("/proc/net/if_inet6");
	return inet6 > 0 ? dump_family(socket, &reading, AF_INET6) : inet6;
}

int kernel_read(bool all, struct kernel *out)
{
	struct nl_sock *socket = netlink_open(NETLINK_ROUTE);
	int err = socket ? -NLE_DUMP_INTR : -1, tries;

	for (tries = 0; err == -NLE_DUMP_INTR && tries < DUMP_TRIES; tries++) {
		kernel_free(out);
		out->old_inet6 = kernel_older_than(3, 10, 0);
		out->ends_throw6 = kernel_older_than(3, 18, 0);
		out->old_marks = kernel_older_than(2, 6, 20);
		out->asks_again6 = !kernel_older_than(4, 1, 0);
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
