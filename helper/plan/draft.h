/* SPDX-License-Identifier: MIT
 * What the parts of the plan share while it is made; nobody else includes this.
 */
#ifndef PLAN_DRAFT_H
#define PLAN_DRAFT_H

#include "base/array.h"
#include "conf/byhand.h"
#include "plan/block.h"
#include "plan/plan.h"

/* The bits of a place in file_kinds. */
enum { FILE_RULE = 1, FILE_INET6 = 2 };

/* A route-, rule-, route6- or rule6- file, taken apart. */
struct managed {
	const struct file *file;
	unsigned kind; /* its place in file_kinds */
	device_name name;   /* what stands behind the dash: where our block goes, a device's */
	device_name device; /* whose ifup reads it; "": none does */
	struct block block;
	struct text strays;	      /* lines of our form without markers */
	struct by_hand_routes ours;   /* our lines of a route- file that names several tables */
	struct by_hand_routes routes; /* the administrator's lines */
	struct by_hand_rules rules;   /* likewise */
	bool sourced; /* in ADDRESSn= form: a line of ours would be run as a command */
	bool shared;  /* several names lead to the one file: no block can be right for all */
	bool unsafe;  /* others than root may write it */
	int broken;   /* the line of a marker without its partner, or 0 */
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

/* A table that has a route of somebody else's; several may say the same. */
struct filled_table {
	unsigned table;
	int family;
	bool has_default;
};

struct filled_tables {
	struct filled_table *items;
	size_t n, cap;
};

/* Everything that is looked for again and again, sorted once. */
struct lookups {
	struct index uplinks; /* the configuration's, by device */
	struct index by_file; /* the same, by their ifcfg file */
	struct claims claims; /* the uplinks' addresses */
	struct index claimed; /* the same, by address */
	struct index located; /* all addresses that are configured or the kernel's, by address */
	struct index leading; /* the kernel's default routes of others, or parts of one, by device */
	struct index services; /* the service addresses of these, likewise */
	struct index standing; /* the kernel's addresses, by device */
	struct index networks; /* the configuration's addresses, by their network */
	struct index rules;   /* the kernel's; of an alias's hook only */
	struct index similar; /* the kernel's rules that say more than ours can */
	struct index saves;   /* settings on record */
	/* On record: what was brought up, by file; and devices that came up as uplinks, are up, and
	 * are none by their files any more. In the hooks of others they still count. */
	struct index brought_up, left_up;
	struct index main_defaults; /* the kernel's, of others, by gateway and device */
	/* The kernel's routes in main that tables may get: those of an uplink's device, by family,
	 * device and destination; and those of no uplink's, bans among them, by destination. */
	struct index own_main, shared_main;
	struct index own_by_prefix; /* own_main, whatever the device */
	struct index excepted; /* those of own_main within one of shared_main that tables get */
	struct routes statics; /* of static-routes, each with its device */
	struct filled_tables filled;
	struct index by_filled;
};

/* The uplink that routes, rules and settings are made for. */
struct serving {
	const struct planned *planned;
	const struct uplink *uplink;
	struct prefixes networks; /* each of its networks once */
	struct index by_network;  /* the same, sorted */
	struct index by_hand; /* see draft_find_by_hand */
	bool routes_to_file, rules_to_file; /* its files take lines of ours */
	bool outside; /* the kernel would not find the gateway by its address */
	/* ifup-routes adds each line of the block, and would print "File exists" where it is there
	 * already: a device that is up goes through ifup once more, or ifup-aliases ran the hook
	 * of an alias first. So until up has run the same routes and rules are parked at a metric
	 * or priority that nothing else of ours has, and no packet goes astray meanwhile. An
	 * alias's hook cannot tell whether ifup-routes of the device has run, but by what is
	 * there: it parks what is new. */
	bool parks, parks_new;
};

/* Of our rules; that for an address comes before that for its network. */
struct priorities {
	unsigned mark, address, prefix;
	bool cramped; /* others leave no room: ours come into the kernel after theirs, and into no file */
	bool closed;  /* no rule leads to main: nothing leaves the host by our making */
	bool stands_by; /* nothing of others is asked after the standby's table */
};

struct draft {
	const struct plan_input *input;
	struct plan *plan;
	struct diags *diags;
	const bool *his; /* of each of the sources' managed files: its strays are not ours */
	struct managed_files managed;
	struct index managed_by_name, managed_by_device;
	struct priorities priorities[2]; /* IPv4's, IPv6's */
	bool before_local[2]; /* the local table's own rule is behind them */
	bool marks_before_local[2]; /* or behind those for marks */
	struct prefixes refusing; /* where others refuse what has no source yet */
	struct routes thrown; /* see draft_collect_thrown */
	struct routes taken; /* by their keys: the administrator's lines, the kernel's others */
	size_t taken_lines; /* so many of the first are lines */
	struct index taken_by_key;
	struct routes file_routes; /* for the blocks */
	struct rules file_rules;
	struct index routes_by_file, rules_by_file; /* of these two */
	struct index sysctls_in_order; /* the plan's */
	struct index recorded; /* the rules of the record and of blocks, while uplinks are placed */
	struct lookups lookups;
	struct serving serving;
};

/* build.c */
bool draft_is_event_device(const struct draft *draft, const char *device);
/* Fills in draft->serving. */
void draft_serve(struct draft *draft, const struct planned *planned);

/* hold.c */
void hold_set(struct draft *draft);
bool draft_is_edited(const struct draft *draft, const struct uplink *uplink);
void draft_note_brought_up(struct draft *draft);

/* files.c */
void draft_take_apart(struct draft *draft);
const struct managed *draft_find(const struct draft *draft, unsigned kind, const char *name);
/* The uplink's route- or rule- file (0 or FILE_RULE) of its family. */
const struct managed *draft_find_own(
	const struct draft *draft, const struct uplink *uplink, unsigned rule);
/* May our lines go there? */
bool draft_takes_lines(const struct draft *draft, const struct uplink *uplink, unsigned rule);
/* The administrator's rules of a rule- file for addresses of the uplink: struct rule. */
void draft_find_by_hand(
	const struct draft *draft, const struct uplink *uplink, struct index *out);
/* Can one of them match what is sent from an address in net? */
bool rules_meet_source(const struct index *rules, const struct prefix *net);
/* Is one of them not in the kernel, or its table without a route? */
bool draft_lacks_by_hand(const struct draft *draft, const struct uplink *uplink);
/* Will an ifup fill it, or even give it a default, by lines of his files? */
bool draft_is_for_lines(
	const struct draft *draft, unsigned table, int family, bool has_default);
/* Can a line of a file name the table? */
bool draft_file_has_table(const struct draft *draft, unsigned table);
/* False: the strays of a file turned out to be his, which his[] now says; plan once more. */
bool draft_write_blocks(struct draft *draft, bool *his);

/* taken.c: what is the administrator's, by his files and by the kernel. */
void taken_collect_lines(struct draft *draft);
/* The kernel's others in the tables that are planned. */
void taken_collect_kernel(struct draft *draft);
bool taken_has_key(const struct draft *draft, const struct route *route);
/* By a line of his files, in the kernel or not. */
bool taken_by_line(const struct draft *draft, const struct route *route);

/* tables.c: fills in planned.table; an uplink that gets none is refused. */
void draft_choose_tables(struct draft *draft);

/* lookups.c */
void lookups_build(struct draft *draft);
void lookups_free(struct lookups *lookups);
/* The element at that place of an index by address or destination; NULL if it is not within net. */
const struct address *address_within(
	const struct index *index, size_t at, const struct prefix *net);
const struct route *route_within(const struct index *index, size_t at, const struct prefix *net);
/* Has the table a route of somebody else's, or even a default? */
bool lookups_is_filled(
	const struct lookups *lookups, unsigned table, int family, bool has_default);
bool lookups_is_uplink(const struct lookups *lookups, const char *device, bool inet6);
/* Is the address configured for this uplink, or for another one (than NULL: for any)? */
bool claimed_by(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address);
bool claimed_by_another(
	const struct draft *draft, const struct uplink *uplink, const struct prefix *address);
bool draft_answers_no_arp(const struct draft *draft, const char *device);
/* Is it nobody else's: of lo, of a device without ARP, or alone without a network? */
bool draft_is_service(const struct draft *draft, const struct address *address);
/* The same of a macvlan's or an ipvlan's, which is asked for on that device's wire. */
bool draft_is_on_wire(
	const struct draft *draft, const struct address *address, const char *device);

/* routes.c, rules.c: of the uplink that is served, for its files and for the kernel. */
void draft_add_routes(struct draft *draft);
void draft_add_rules(struct draft *draft);
/* What our tables leave to the tables of rules that lead everything elsewhere. */
void draft_collect_thrown(struct draft *draft);
/* Routes that main has, for the tables of held uplinks. */
void draft_copy_held(struct draft *draft);
/* For the kernel alone, unless somebody has its key. */
void draft_add_unwritten(struct draft *draft, struct route route, unsigned table);

/* wayout.c */
/* What goes with the default routes in the standby's table. */
void draft_add_standby(struct draft *draft);
/* The default in main where nobody else has one there. */
void draft_add_way_out(struct draft *draft, int family);
/* Half routes in main over a default whose uplink is dead, by the first that is alive and may stand
 * in. */
void draft_add_halves(struct draft *draft, int family);
/* Does it take all that the host sends to main, or to a table with a default? */
bool draft_leads_all(const struct draft *draft, const struct rule *rule);
bool draft_leads_elsewhere(const struct draft *draft, const struct rule *rule);
/* Of our rules, by those of others. */
void draft_choose_priorities(struct draft *draft);
void draft_keep_held_rules(struct draft *draft);

/* marks.c */
/* Is the rule on record, or as one of CONNMARK's would be? The record may have been lost. */
bool draft_is_own_mark(const struct draft *draft, const struct rule *rule);
void draft_add_marks(struct draft *draft);
/* Once main's routes are planned. */
void draft_find_destinations(struct draft *draft);

/* settings.c */
void draft_add_sysctls(struct draft *draft);
/* Says which lines of sysctl.conf work against the plan: init.d/network has the last word. */
void draft_check_settings(struct draft *draft);

#endif
