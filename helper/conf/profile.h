/* SPDX-License-Identifier: MIT
 * One ifcfg file made into uplinks of the host's configuration.
 *
 * Source: initscripts' ifup-eth, ifup-post, ifup-aliases, ifup-ipv6, EL5 to EL8. Pure.
 */
#ifndef CONF_PROFILE_H
#define CONF_PROFILE_H

#include "conf/ifcfg.h"

/* What is looked for again and again while the profiles are read. */
struct survey {
	struct index seen;  /* the kernel's addresses, by device and address */
	struct index files; /* route- and rule- files, by name */
	/* Addresses of profiles that count, then the kernel's; and the same by address. */
	struct addresses owned;
	struct index owners;
	struct index uplinks; /* what was read so far, by device: those that wait, too */
};

/* One ifcfg file and what is read from it. */
struct profile_reader {
	struct reader reader;
	const struct sources *sources;
	const struct file *file;
	struct profile *profile;
	const struct shvars *parent; /* of an alias that ifup-aliases starts, else NULL */
	const struct release *release;
	struct survey *survey;
};

/* Fills in the profile's facts that need no other profile. What is wrong is not said. */
void profile_survey(struct profile_reader *from, const struct release *release);

/* Adds the file's uplinks, or at least its addresses, to the configuration, whose profiles have
 * been surveyed; what is wrong ends up in the reader's diags. */
void profile_read(struct profile_reader *from, struct config *config);

/* Once all are read: an alias, or the other family, may have added to a file's. */
void profile_set_fingerprints(struct config *config);
/* Has the kernel the address on the profile's device? */
bool profile_has_seen(const struct survey *survey, const struct profile *profile,
	const struct prefix *address);

/* Is the argument the name of the profile's file, with or without ifcfg- and a path? */
bool profile_has_file_name(const struct profile *profile, const char *argument);

#endif
