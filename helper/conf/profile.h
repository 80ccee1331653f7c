/* SPDX-License-Identifier: MIT
 * The ifcfg files while they are read: what config.c, profile.c and gateway.c share; nobody else
 * includes this.
 *
 * Source: initscripts' ifup-eth, ifup-post, ifup-aliases, ifup-ipv6, EL5 to EL8. Pure.
 */
#ifndef CONF_PROFILE_H
#define CONF_PROFILE_H

#include "base/hash.h"
#include "conf/ifcfg.h"
#include "conf/lease.h"

/* The inputs that all files share, and look-ups that are made once. */
struct survey {
	const struct sources *sources;
	const struct links *links;
	struct config *config;
	struct diags *diags;
	struct leases leases;
	struct index seen;  /* the kernel's addresses, by device */
	struct index files; /* route- and rule- files, and NAME.route, by name */
	struct index nics_by_file, nics_by_label; /* the profiles of files that are no alias's */
	/* Addresses of profiles that count, then the kernel's; and the same by address. */
	struct addresses owned;
	struct index owners;
	struct index uplinks; /* what was read so far, by device: those that wait, too */
	struct index tables;  /* those that do not wait, by TABLE= */
};

/* One ifcfg file while it is read. */
struct profile_reader {
	struct survey *survey;
	struct profile *profile;
	struct reader reader;
	bool readable;		    /* the profile's IPv4 addresses are, all of them */
	struct shvars vars;	    /* the reader's */
};

/* profile.c */

/* Reads all files into the configuration's profiles, those of aliases last, and fills in the
 * survey but for uplinks, without a message. Returns a reader for each profile; to be freed
 * with profiles_free. */
struct profile_reader *profiles_read(struct survey *survey);
void profiles_free(struct profile_reader *readers, struct survey *survey);
/* Is the argument the name of the profile's file, with or without ifcfg- and a path? */
bool profile_has_file_name(const struct profile *profile, const char *argument);
/* Has the kernel so many of the profile's addresses on its device? */
size_t profile_count_seen(const struct survey *survey, const struct profile *profile);
/* "eth0" of "eth0:1" and "eth0-range0": its length. */
size_t profile_parent_length(const char *name);
bool value_is(const struct shvars *vars, const char *key, const char *value);
/* Appends those of the family, or all with AF_UNSPEC. */
void addresses_add(
	struct addresses *all, const char *device, const struct prefixes *more, int family);

/* gateway.c */

/* Adds the file's uplinks, or at least its addresses, to the configuration; profiles of aliases
 * come after all others. Faults end up in the diags. */
void profile_read_uplinks(struct profile_reader *from);

#endif
