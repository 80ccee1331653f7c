/* SPDX-License-Identifier: MIT
 * What the parts of the plan share while it is made; nobody else includes this.
 */
#ifndef PLAN_DRAFT_H
#define PLAN_DRAFT_H

#include "plan/block.h"
#include "plan/plan.h"

/* A route-, rule-, route6- or rule6- file, taken apart. */
struct managed {
	const struct file *file;
	bool is_rule; /* else route- */
	bool inet6;
	device_name device;
	struct block block;
	bool sourced; /* a route- file in ADDRESSn= form: a line of ours would be run as a command
		       */
	int broken;   /* the line of a marker without its partner, 1 if others may write it, or 0 */
};

struct managed_files {
	struct managed *items;
	size_t n, cap;
};

/* An address that an uplink has by its configuration. */
struct claim {
	const struct prefix *address;
	const struct uplink *uplink;
};

struct claims {
	struct claim *items;
	size_t n, cap;
};

/* What is looked for again and again, sorted once. */
struct lookups {
	struct claims claims;
	struct index claimed; /* the claims by address */
	struct index located; /* all addresses, configured or the kernel's, likewise */
	struct index rules;   /* the kernel's; of an alias's hook only */
	struct index twins;   /* rules that say more than ours can */
	struct index main;    /* the kernel's routes that tables may get, in its order */
};

struct draft {
	const struct plan_input *input;
	struct plan *plan;
	struct diags *diags;
	struct managed_files managed;
	struct routes admin_routes; /* keys of the lines outside of our blocks */
	struct routes file_routes;  /* for the blocks */
	struct rules file_rules;
	struct lookups lookups;
	/* Of the uplink that is planned: each of its networks once, and the same sorted. */
	struct prefixes networks;
	struct index network_index;
};

const struct managed *draft_find(
	const struct draft *draft, bool inet6, bool is_rule, const char *device);
bool draft_is_event_device(const struct draft *draft, const char *device);
/* Is it ours, and the default of a table of the device's own? */
bool route_is_default_of(const struct route *route, const char *device);
void frozen_add(struct frozen *frozen, const char *device, unsigned table);

/* plan_files.c */
void draft_take_apart(struct draft *draft);
bool draft_by_hand(const struct draft *draft, const struct uplink *uplink);
void draft_write_blocks(struct draft *draft);

/* plan_tables.c: fills in planned.table; an uplink that gets none is refused. */
void draft_choose_tables(struct draft *draft);

/* plan_lookups.c */
void lookups_build(const struct plan_input *input, struct lookups *lookups);
void lookups_free(struct lookups *lookups);
/* Is it configured for this uplink, for another one, or for any? */
bool claimed_by(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address);
bool claimed_by_another(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address);
bool claimed_by_any(const struct draft *draft, const struct prefix *address);
void draft_take_networks(struct draft *draft, const struct uplink *uplink);
bool draft_has_network(const struct draft *draft, const struct prefix *net);

/* plan_kernel.c: routes and rules of one uplink, for its files and for the kernel. */
void draft_add_routes(struct draft *draft, const struct planned *planned);
void draft_add_rules(struct draft *draft, const struct planned *planned);

/* plan_sysctls.c */
void draft_add_sysctls(struct draft *draft, const struct planned *planned);
/* Says which lines of sysctl.conf work against the plan: init.d/network has the last word. */
void draft_check_settings(struct draft *draft);

#endif
