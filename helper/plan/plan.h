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

/* Why the plan is made. A hook speaks for one device; the others' edited but not yet restarted
 * configuration waits for their own ifup. */
enum event {
	EVENT_SYNC,    /* all devices, configuration decides */
	EVENT_PREPARE, /* before ifup-routes of a device applies its files */
	EVENT_UP,      /* a device came up */
	EVENT_ALIAS,   /* an alias of a device came up, before or after ifup-routes of the device */
	EVENT_DOWN,    /* a device went down */
	EVENT_LEASE,   /* dhclient got or lost a lease, perhaps on the device's way through ifup */
	EVENT_CLEAN    /* nothing of ours is wanted */
};

enum uplink_state {
	STATE_UP,      /* the device is up and has an address of the uplink's */
	STATE_DOWN,    /* not there, down, or without any address */
	STATE_EDITED,  /* up, but with none of the configured addresses: ifup has yet to run */
	STATE_REFUSED, /* its configuration is wrong */
	STATE_BY_HAND  /* rule-DEVICE has rules of the administrator's for it */
};

struct planned {
	const struct uplink *uplink;
	enum uplink_state state;
	unsigned table; /* 0: none is needed or left in the range */
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
};

struct changes {
	struct change *items;
	size_t n, cap;
};

/* What stays as it is, wanted or not. */
struct frozen {
	device_name *items;
	size_t n, cap;
	struct {
		unsigned *items;
		size_t n, cap;
	} tables;
};

/* An uplink with RP_FILTER=auto: whether it is needed, only the kernel can tell once the rules
 * are there. */
struct probe {
	device_name device;
	struct prefix address;
};

struct probes {
	struct probe *items;
	size_t n, cap;
};

struct plan {
	struct planned_uplinks uplinks;
	struct routes routes; /* wanted in the kernel, links before what is reached by them */
	struct rules rules;   /* wanted in the kernel */
	struct index routes_by_key, rules_in_order; /* of these two */
	struct rules owned; /* rules of ours, wanted or not: the record, blocks, the plan's */
	struct frozen frozen;
	struct changes changes;
	struct sysctls sysctls; /* wanted */
	struct probes probes;
};

struct plan_input {
	struct config *config; /* may lose what was remembered, see config_forget */
	const struct sources *sources;
	const struct kernel *kernel; /* NULL: not asked; every device counts as up */
	const struct rules *record;  /* rules that earlier runs put into the kernel */
	const struct saves *saves;   /* settings that earlier runs changed */
	int loose;		     /* rp_filter's value for the loose filter, see sysctl_loose */
	enum event event;
	const char *device; /* of a hook, else NULL */
};

void plan_build(const struct plan_input *input, struct plan *plan, struct diags *diags);
void plan_free(struct plan *plan);
/* Of what the plan wants twice the first stays, and its indices are made; plan_build does it. */
void plan_index(struct plan *plan);

bool frozen_device(const struct frozen *frozen, const char *device);
bool frozen_table(const struct frozen *frozen, unsigned table);

#endif
