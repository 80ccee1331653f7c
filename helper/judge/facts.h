/* SPDX-License-Identifier: MIT
 * All that is known of the host when it is judged: its files, what is planned, what the kernel
 * holds. Pure: cmd/judge.c gathers it.
 */
#ifndef JUDGE_FACTS_H
#define JUDGE_FACTS_H

#include "net/walk.h"
#include "plan/diff.h"
#include "plan/plan.h"

/* The programs that initscripts, dhclient and NetworkManager run. */
enum hook_key { HOOK_PREPARE, HOOK_UP, HOOK_DOWN, HOOK_DHCP, HOOK_NETWORK_MANAGER, HOOKS };

enum hook_state {
	HOOK_CALLS,	     /* it runs multihome */
	HOOK_MISSING,	     /* not there, or a link to what is not there */
	HOOK_NOT_EXECUTABLE, /* so it is passed over */
	HOOK_SILENT	     /* somebody else's script, which does not come to multihome */
};

struct hook {
	const char *path;
	const char *ours; /* the script to link or to call there; NULL: it is not installed */
	enum hook_state state;
	int end; /* HOOK_SILENT: the line in which it ends whatever happens, by exit or exec; 0: none */
};

/* What may drop or wrap packets; nobody has read it. The worse comes later. */
enum firewall {
	FIREWALL_NONE,
	FIREWALL_UNKNOWN, /* only root is told */
	FIREWALL_IPSEC,	  /* policies of IPsec, and no rules */
	FIREWALL_LOADED
};

/* A device in a network. */
struct member {
	const struct link *link;
	struct prefix net;
};

struct members {
	struct member *items;
	size_t n, cap;
};

/* An address that a file gives an uplink. */
struct claim {
	device_name device;
	struct prefix address, net;
	const struct uplink *uplink;
};

struct claims {
	struct claim *items;
	size_t n, cap;
};

/* A next hop of a default route, to another host. */
struct default_hop {
	device_name device;
	struct prefix gateway; /* family 0: by the device alone */
	int family;
};

struct default_hops {
	struct default_hop *items;
	size_t n, cap;
};

struct ports {
	unsigned short *items;
	size_t n, cap;
};

/* What is pointed at is the caller's. */
struct facts {
	const struct config *config;
	const struct sources *sources;
	const struct plan *plan; /* EVENT_SYNC's */
	const struct ops *ops;
	const struct healths *healths; /* a living watch's */
	const struct sysctls *writes; /* settings that sync would write */
	const struct diags *diags;
	const struct kernel *kernel; /* whole; its links are indexed */
	const struct sysctls *settings; /* of "all" and of every device */
	const struct hook *hooks;	/* HOOKS of them */
	int unconfirmed; /* as confirm_seconds_left */
	bool refused;		/* the configuration is: nothing is planned */
	bool filter_needs_both; /* as rp_filter_combine */
	const char *harm; /* harm_find's; NULL: none */
	bool forwards[2]; /* the host is a router, of IPv4, of IPv6 */
	bool asks_neighbours; /* fib_multipath_use_neigh */
	enum firewall firewall[2];
	/* Ports of UDP with a server on the wildcard address, IPv4's and IPv6's, sorted. */
	struct ports wildcards[2];
	const char *published; /* the first line of netfilter that publishes a port; NULL: none */
	const char *overlap;   /* that line of others which keeps CONNMARK=yes from being had; NULL */
	const struct planned_chains *chains; /* IPv4's, IPv6's */
	struct prefix chosen; /* explain: what the kernel gives what has no address, to the remote */

	/* facts_index */
	struct walks walks;
	/* Of networks with neighbours, each device once a network; lo, tunnels and dummies are none. */
	struct members members;
	struct index members_by_net;
	unsigned char member_lengths[33]; /* has any member's net that length? */
	struct index addresses; /* the kernel's, by address */
	struct index planned;	/* uplinks of the plan, by the configuration's */
	struct index planned_by_table, names_by_table;
	struct index uplinks;	/* the configuration's, by device */
	struct claims claims;
	struct index claims_by_address, claims_by_net; /* of a device */
	unsigned char claimed_lengths[129]; /* has any claim's net that length? */
	struct default_hops default_hops;
	struct index hops_by_device, hops_by_gateway;
	struct index settings_in_order, owned, wanted;
	struct profile_of *profiles; /* of each link, once it is asked for */
	struct file_keys *keys; /* of sources->ifcfg; a file is read when it is asked about */
	unsigned *free_tables;	/* of TABLE_RANGE, the lowest first: one for each link, and one more */
	size_t free_tables_n;
	struct prefix afar[2]; /* a remote of IPv4, of IPv6, behind no route but a default */
};

/* Once all else is there. To be freed with facts_free_index. */
void facts_index(struct facts *facts);
void facts_free_index(struct facts *facts);

/* The uplink of the device's address: the one that has it, else the one whose network has, else any
 * of the device: an alias may be an uplink of its own. NULL: none. outside, unless NULL: it is
 * neither of the first two. */
const struct uplink *facts_find_uplink(const struct facts *facts, const char *device,
	const struct prefix *address, bool *outside);
/* Who gets what arrives by the device: itself, or the bridge or bond that it is a port of. */
const struct link *facts_find_taker(const struct facts *facts, const struct link *link);
/* Is it an Ethernet NIC by which a gateway is, with ARP and NDP turned off (IFF_NOARP)? It neither
 * learns the gateway's MAC address nor tells its own. */
bool facts_is_mute(const struct facts *facts, const struct link *link);
/* Are they on one wire, as a macvlan and its device are? What one sends the neighbours of the other
 * get. */
bool facts_share_wire(const struct facts *facts, const struct link *a, const struct link *b);
/* The members of networks that have the address, one device's after the other's. out is zeroed; to
 * be freed: items. */
void facts_find_members(
	const struct facts *facts, const struct prefix *address, struct index *out);
/* The first default that leads through the device; NULL: none does. */
const struct default_hop *facts_find_default(
	const struct facts *facts, int family, const char *device);
/* One whose gateway is in the network. */
const struct default_hop *facts_find_router(const struct facts *facts, const struct prefix *net);
/* NULL: multihome does not serve it. */
const struct planned *facts_find_planned(const struct facts *facts, const struct uplink *uplink);
/* The first whose table that is; NULL: it is no uplink's. */
const struct planned *facts_find_by_table(const struct facts *facts, unsigned table);
/* Its name in rt_tables; NULL: it has none. */
const char *facts_table_name(const struct facts *facts, unsigned table);
/* That of the device, in force if there are several. */
const struct profile *facts_find_profile(const struct facts *facts, const char *device);
/* 0 if it is not there. */
int facts_setting(const struct facts *facts, const char *device, enum sysctl_key key);
/* The larger one of all's and its own. */
int facts_setting_larger(const struct facts *facts, const char *device, enum sysctl_key key);
/* The reverse-path filter that packets meet which arrive by the device: 0, 1 strict, 2 loose. */
int facts_filter(const struct facts *facts, const char *device);
/* Is the rule ours, and is it wanted? */
bool facts_own_rule(const struct facts *facts, const struct rule *rule);
bool facts_want_rule(const struct facts *facts, const struct rule *rule);
/* The lowest table of TABLE_RANGE that nobody uses, but for so many of them; 0: none is left. */
unsigned facts_free_table(const struct facts *facts, size_t skip);
/* Would sync do anything? */
bool facts_sync_has_work(const struct facts *facts);
/* Has multihome been put to work here? Until then nothing of its own is missing. */
bool facts_in_use(const struct facts *facts);
/* Gives the ifcfg file KEY= a value? Says it KEY=no? */
bool facts_file_has(const struct facts *facts, const struct file *file, const char *key);
bool facts_file_says_no(const struct facts *facts, const struct file *file, const char *key);
/* The lowest number that it has no IPADDRn of. */
unsigned facts_file_free_number(const struct facts *facts, const struct file *file);
/* Of a route- or rule- file: has it a block of ours? */
bool facts_file_has_block(const struct file *file);
/* Has the host an uplink of that family? */
bool facts_has_uplink(const struct facts *facts, int family);

#endif
