/* SPDX-License-Identifier: MIT
 * The plan: what files and kernel should hold, computed before anything is touched.
 *
 * Pure: configuration and what was seen of the kernel in, structs out.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "conf/config.h"
#include "net/net.h"
#include "net/sysctl.h"
#include "plan/chains.h"

/* Why the plan is made. A hook speaks for one device; the others' edited but not yet restarted
 * configuration waits for their own ifup. */
enum event {
	EVENT_SYNC,    /* all devices, configuration decides */
	EVENT_PREPARE, /* before ifup-routes of a device applies its files */
	EVENT_UP,      /* a device came up */
	EVENT_ALIAS,   /* an alias of a device came up, before or after ifup-routes of the device */
	EVENT_DOWN,    /* a device went down */
	EVENT_LEASE,   /* dhclient got or lost a lease, perhaps on the device's way through ifup */
	EVENT_WATCH,   /* watch saw a change: the kernel alone, of what was brought up */
	EVENT_CLEAN    /* nothing of ours is wanted */
};

enum uplink_state {
	STATE_UP,      /* the device is up and has an address of the uplink's */
	STATE_DOWN,    /* not there, down, or without any address */
	STATE_EDITED,  /* up, but with none of the configured addresses: ifup has yet to run */
	STATE_REFUSED, /* its configuration is wrong */
	STATE_BY_HAND  /* rule-DEVICE has rules of the administrator's for it */
};

/* How much of an uplink a run leaves as it is: nothing, its kernel state, its files as well. */
enum hold { HOLD_NONE, HOLD_KERNEL, HOLD_ALL };

struct planned {
	const struct uplink *uplink;
	enum uplink_state state;
	unsigned table; /* 0: none is needed or left in the range */
	bool edited;	/* its file differs from what it was brought up with */
	enum hold hold; /* set by hold_set alone */
};

struct planned_uplinks {
	struct planned *items;
	size_t n, cap;
};

/* A file that is to be other than it is. */
struct change {
	const struct file *old;
	char *name, *path;
	char *bytes; /* NULL: remove the file */
	size_t len;
	bool written;
};

struct changes {
	struct change *items;
	size_t n, cap;
};

/* A device that is left as it is in the kernel, and perhaps in its files. */
struct held_device {
	device_name device;
	bool files;
};

struct held_devices {
	struct held_device *items;
	size_t n, cap;
};

struct held_tables {
	unsigned *items;
	size_t n, cap;
};

/* A profile as it was when its device was brought up. */
struct brought_up {
	device_name device;
	char *file; /* "ifcfg-eth0" */
	unsigned long long fingerprint;
};

struct brought_ups {
	struct brought_up *items;
	size_t n, cap;
};

/* An uplink with RP_FILTER=auto: whether it is needed, only the kernel can tell once the rules
 * are there. */
struct probe {
	device_name device;
	struct prefix address;
	struct prefix remote; /* who sends; family 0: somebody behind the default */
	bool always; /* the kernel would refuse it, as it is asked for a guest's address */
};

struct probes {
	struct probe *items;
	size_t n, cap;
};

/* What watch knows of an uplink; or what it leaves to somebody who keeps taking it away. */
enum health_state {
	HEALTH_UNKNOWN,
	HEALTH_UP,
	HEALTH_DEAD,
	HEALTH_LEFT,
	HEALTH_DEFAULT /* initscripts gave it the default route last */
};

struct health {
	enum health_state state;
	device_name device;
	struct prefix gateway; /* HEALTH_LEFT: family 0 */
	bool no_carrier;       /* is why it is dead, whatever the gateway */
	char *reason;	       /* "no carrier"; HEALTH_LEFT: "ip rule add …" */
};

struct healths {
	struct health *items;
	size_t n, cap;
};

struct plan {
	enum event event;
	struct planned_uplinks uplinks;
	struct routes routes; /* wanted in the kernel, links before what is reached by them */
	struct rules rules;   /* wanted in the kernel */
	struct index routes_by_key, rules_in_order; /* of these two */
	struct rules owned; /* rules of ours, wanted or not: the record, blocks, the plan's */
	/* Lines of the administrator's that look like ours, in route- files: in the kernel, too,
	 * they are his. */
	struct routes his;
	struct index his_by_key;
	struct held_devices held_devices;
	struct held_tables held_tables;
	struct index held_by_device, held_by_table; /* of these two */
	struct brought_ups brought_up; /* the record as it is to be after this run */
	struct changes changes;
	struct sysctls sysctls; /* wanted */
	struct probes probes;
	struct markeds markeds;
	/* Of IPv4 and IPv6, for UDP_PORTS: addresses at which servers may be asked, and where main and
	 * others' tables make a difference; the default is one of them. */
	struct prefixes locals[2], destinations[2];
};

struct plan_input {
	struct config *config; /* may lose what was remembered, see advert_forget */
	const struct sources *sources;
	const struct kernel *kernel; /* NULL: not asked; every device counts as up */
	const struct rules *record;  /* rules that earlier runs put into the kernel */
	const struct saves *saves;   /* settings that earlier runs changed */
	const struct brought_ups *brought_up; /* on record */
	const struct held_tables *pending; /* NULL, or nobody's to have, see pending_read */
	const struct healths *healths; /* as a living watch has them */
	const struct netfilter *netfilter; /* NULL: not asked, as nothing is wanted or known of */
	int loose;		     /* rp_filter's value for the loose filter, see sysctl_loose */
	enum event event;
	const char *device; /* of a hook, else NULL */
};

void plan_build(const struct plan_input *input, struct plan *plan, struct diags *diags);
void plan_free(struct plan *plan);
/* Drops duplicates, keeping the first, and makes the indices; plan_build does it. */
void plan_index(struct plan *plan);
void plan_index_holds(struct plan *plan);

/* Does what the device ("": none) or the table (0: none) has in the kernel stay as it is? */
bool plan_holds(const struct plan *plan, const char *device, unsigned table);
/* Do the device's blocks stay as they are? */
bool plan_holds_files(const struct plan *plan, const char *device);
/* Does a route of ours stay, wanted or not? Of a held uplink all does but
 * bans, which go on to follow main. */
bool plan_holds_route(const struct plan *plan, const struct route *route);
/* Is a route that the kernel has one of ours, by its protocol and not by a line of his? */
bool plan_owns_route(const struct plan *plan, const struct route *route);
/* Of the uplink by that device and gateway, if it is dead, or else NULL. */
const struct health *health_find_dead(
	const struct healths *healths, const char *device, const struct prefix *gateway);
void healths_free(struct healths *healths);
void brought_ups_add(struct brought_ups *out, const char *device, const char *file,
	unsigned long long fingerprint);
void brought_ups_free(struct brought_ups *brought_ups);

#endif
