/* SPDX-License-Identifier: MIT
 * One ifcfg file made into uplinks of the host's configuration.
 *
 * Source: initscripts' ifup-eth, ifup-aliases, ifup-ipv6, EL5 to EL8. Pure.
 */
#ifndef CONF_PROFILE_H
#define CONF_PROFILE_H

#include "conf/ifcfg.h"

/* What one ifcfg file says, while it is being read. */
struct profile_reader {
	struct reader reader;
	const struct sources *sources;
	const struct file *file;
	const struct profile *profile;
	const struct shvars *parent; /* of an alias, else NULL */
	device_name device;
};

/* Adds the file's uplinks, or at least its addresses, to the configuration; what is wrong
 * ends up in the reader's diags. */
void profile_read(struct profile_reader *from, struct config *config);

/* ifcfg-eth0-range0 stands for many aliases of eth0; it is no NIC. */
bool name_is_range(const char *name);

/* Is the argument the name of the profile's file, with or without ifcfg- and a path? */
bool profile_has_file_name(const struct profile *profile, const char *argument);

#endif
