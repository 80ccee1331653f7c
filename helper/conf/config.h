/* SPDX-License-Identifier: MIT
 * The host's configuration: which ifcfg files are uplinks, and the host's defaults.
 *
 * Source: initscripts' need_config, source_config, expand_config (network-functions) and
 * ifup-eth, EL5 to EL8. Pure: file contents in, structs out.
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include "conf/uplink.h"

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

#endif
