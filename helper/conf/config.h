/* SPDX-License-Identifier: MIT
 * The host's configuration: which ifcfg files are uplinks, and the host's defaults.
 *
 * Source: initscripts' need_config, source_config, expand_config (network-functions) and
 * ifup-eth, EL5 to EL8. Pure: file contents in, structs out.
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "net/net.h"

/* One file as it was read. */
struct file {
	char *name;  /* "ifcfg-eth0" */
	char *path;  /* for messages and for writing */
	char *bytes; /* NUL-terminated; NULL: no such file */
	size_t len;
	long long changed; /* when, in nanoseconds since 1970 */
	bool others_write; /* others than root may write it */
};

struct files {
	struct file *items;
	size_t n, cap;
};

/* All that the configuration is read from. */
struct sources {
	struct file network;	      /* /etc/sysconfig/network */
	struct file defaults;	      /* /etc/sysconfig/multihome */
	struct files ifcfg;	      /* network-scripts/ifcfg-*, in initscripts' order */
	struct files managed;	      /* network-scripts/route-*, rule-*, route6-*, rule6-* */
	struct files tables;	      /* iproute2/rt_tables and rt_tables.d */
	struct files settings;	      /* sysctl.conf and sysctl.d */
	struct files leases;	      /* dhclient's and what it told our hook, the oldest first */
	long long now;		      /* when they were read, in seconds since 1970 */
	bool network_manager;	      /* it is running */
	bool leftovers;		      /* a run of ours that was killed left what it was writing */
	bool copied;		      /* of somebody's /etc: whose files these are tells nothing */
	char *scripts;		      /* the network-scripts folder */
	const struct addresses *seen; /* those of the kernel; NULL: not asked */
	const char *coming;	      /* the ifcfg file of an ifup that begins, or NULL */
	struct file ifup_ipv6, ifup_routes; /* initscripts' own, to tell the release */
};

/* RP_FILTER=: auto changes it only where the kernel would refuse what the rules allow. */
enum rp_filter { RP_FILTER_AUTO, RP_FILTER_STRICT, RP_FILTER_LOOSE, RP_FILTER_OFF, RP_FILTER_KEEP };

/* Nothing, unless two NICs share a network. */
enum { ARP_AUTO = -1 };

/* What initscripts' releases differ in. */
struct release {
	bool inet6_by_default; /* without IPV6INIT: from EL7 on */
	bool inet6_by_network; /* only with NETWORKING_IPV6=yes: EL5 */
	bool reads_rule6;      /* from EL5.10 and initscripts 9.03.39 of EL6 on */
};

/* The way out that a file gives its device, in one family; a file may give two. */
struct uplink {
	const struct file *file; /* its ifcfg file, owned by the sources */
	device_name device;	 /* the real device: eth0 for eth0:1; "" if refused for its name */
	struct prefixes addresses; /* configured, each with the length of its network */
	struct prefix gateway;
	bool gateway_outside; /* of every prefix: reached by a link route */
	bool inet6;	      /* else IPv4 */
	bool advertised;      /* routers may add to it (config_hear) */
	bool remembered;      /* from the block: nothing was heard of a router yet */
	bool remembered_gateway;
	size_t remembered_addresses; /* so many of the last */
	unsigned table;		     /* TABLE=, or 0: to be chosen */
	bool fallback;		     /* a default of its own in main, below initscripts' */
	enum rp_filter rp_filter;
	int arp_ignore, arp_announce; /* ARP_AUTO, or the value */
	/* Nothing of it goes to files: a lease decides, or NetworkManager does, which no longer
	 * reads the device's route- file once there is a rule- file. */
	bool kernel_only;
	bool leased;	      /* by DHCP */
	bool network_manager; /* controls the device */
	bool refused;	      /* what was there before stays as it is */
};

struct uplinks {
	struct uplink *items;
	size_t n, cap;
};

struct table_name {
	unsigned number;
	char *name;
};

struct table_names {
	struct table_name *items;
	size_t n, cap;
};

/* One ifcfg file that initscripts would find, whether or not it is an uplink. */
struct profile {
	const struct file *file;
	char device[64]; /* DEVICE as initscripts sees it, with the alias suffix */
	char *title;	 /* NAME=, or NULL */
	char *hwaddr;	 /* HWADDR=, or NULL */
};

struct profiles {
	struct profile *items;
	size_t n, cap;
};

struct config {
	bool enabled; /* MULTIHOME= of the host */
	unsigned table_first, table_last;
	unsigned rule_priority;	  /* of address rules; prefix rules are one below it */
	unsigned fallback_metric; /* plus the table's number */
	bool fallback;
	enum rp_filter rp_filter;
	unsigned highest_metric; /* of the defaults that initscripts set in main: METRIC= */
	struct uplinks uplinks;
	struct uplinks waiting; /* for a router to advertise an address or itself (config_hear) */
	/* NICs that may hold a default without being uplinks of ours: DHCP without a lease,
	 * MULTIHOME=no. */
	size_t others, others6;
	struct release release;
	struct addresses addresses; /* of all files, uplinks or not */
	struct table_names tables;
	struct profiles profiles;
};

/* Fills config from what was read. links resolve HWADDR= without DEVICE=. Refusals of a file
 * end up in diags and leave the others served; -1 only if the host's own defaults are
 * refused. config points into sources, which must outlive it. */
int config_build(const struct sources *sources, const struct links *links, struct config *config,
	struct diags *diags);
void config_free(struct config *config);

/* The file that initscripts' need_config finds for an argument of ifup or a hook: file name,
 * NAME=, HWADDR= of the device, DEVICE=; an alias without a file is its parent's. NULL: none. */
const struct profile *config_find_profile(
	const struct config *config, const struct links *links, const char *argument);

/* Is the argument the name of the profile's file, with or without ifcfg- and a path? */
bool profile_has_file_name(const struct profile *profile, const char *argument);

/* "eth0" of "eth0:1". -1 if the device's name is not one. */
int device_of_label(const char *label, device_name out);

/* Does the device have one of these addresses? */
bool addresses_have_any(
	const struct addresses *seen, const char *device, const struct prefixes *wanted);

/* May others than root write the file? Then it is refused, as a word of theirs would be root's.
 * Never for a copy of somebody's /etc. */
bool file_unsafe(const struct sources *sources, const struct file *file, struct diags *diags);

/* initscripts' __sed_discard_ignored_files. */
bool file_ignored(const char *name);

void file_free(struct file *file);
void sources_free(struct sources *sources);

#endif
