/* SPDX-License-Identifier: MIT
 * The files that the configuration is read from, as they were read.
 *
 * Source: initscripts' init.d/network and network-functions, EL5 to EL8. Pure: sys/sources.h reads.
 */
#ifndef CONF_SOURCES_H
#define CONF_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "net/net.h"

/* One file as it was read. */
struct file {
	char *name;  /* "ifcfg-eth0"; "" for a folder that cannot be read */
	char *path;  /* for messages and for writing */
	char *bytes; /* NUL-terminated; NULL: no such file */
	size_t len;
	long long changed; /* when, in nanoseconds since 1970 */
	bool others_write; /* others than root may write it */
	unsigned long long disk, inode; /* the same of two names: one file */
	bool linked;	   /* its name is a symbolic link */
	int error;	   /* why it could not be read, as errno or -1; bytes is "" then; or 0 */
};

struct files {
	struct file *items;
	size_t n, cap;
};

/* The kinds of files that ifup-routes reads for a device: PREFIX NAME. */
struct file_kind {
	const char *prefix;
	bool is_rule; /* else of routes */
	bool inet6;
};

enum { FILE_KINDS = 4 };
extern const struct file_kind file_kinds[FILE_KINDS];

/* All that the configuration is read from. */
struct sources {
	struct file network;	      /* /etc/sysconfig/network */
	struct file defaults;	      /* /etc/sysconfig/multihome */
	struct file static_routes;    /* /etc/sysconfig/static-routes */
	struct files ifcfg;	      /* network-scripts/ifcfg-*, in initscripts' order */
	struct files managed;	      /* network-scripts, of all file_kinds */
	struct files sourced;	      /* network-scripts/NAME.route */
	struct files tables;	      /* iproute2/rt_tables and rt_tables.d */
	struct files settings;	      /* sysctl.conf and sysctl.d */
	struct files leases;	      /* dhclient's, and what it told our hook: lease-DEVICE */
	long long now;		      /* when they were read, in seconds since 1970 */
	bool network_manager;	      /* it is running */
	bool started; /* `network start` is through: what it adds behind the last hook was added */
	bool leftovers;		      /* a run of ours that was killed left what it was writing */
	bool copied;		      /* of somebody's /etc: whose files these are tells nothing */
	char *scripts;		      /* the network-scripts folder */
	const struct addresses *seen; /* those of the kernel; NULL: not asked */
	const char *coming;	      /* the ifcfg file of an ifup that begins, or NULL */
	/* initscripts' own, to tell the release */
	struct file ifup_ipv6, ifup_routes, network_functions;
	struct file inet6_global; /* network-scripts/init.ipv6-global */
};

/* May others than root write the file? Then it is refused, as a word of theirs would be root's.
 * Never for a copy of somebody's /etc. */
bool file_unsafe(const struct sources *sources, const struct file *file, struct diags *diags);

/* Could the file not be read? Then what needs it is refused, and stays as it is. */
bool file_unread(const struct file *file, struct diags *diags);
/* Says which leases and sysctl files could not be read, and so are passed over. */
void sources_note_unread(const struct sources *sources, struct diags *diags);

/* initscripts' __sed_discard_ignored_files. */
bool file_ignored(const char *name);

/* The kind of a file of that name, or NULL. */
const struct file_kind *file_kind(const char *name);
/* "eth0" of the file ifcfg-eth0. */
const char *file_ifcfg_name(const struct file *file);

void file_free(struct file *file);
void sources_free(struct sources *sources);

#endif
