/* SPDX-License-Identifier: MIT
 * What routers advertise: addresses and a gateway that no file has.
 */
#ifndef PLAN_ADVERT_H
#define PLAN_ADVERT_H

#include "conf/config.h"

/* Between config_build and plan_build: completes the IPv6 uplinks by what the kernel holds from
 * advertisements, and drops those that have no address or no router then, or whose device has no
 * IPv6. Nothing was learnt yet when a device has only just come up, nor if the kernel is not asked
 * (NULL): then what the managed block of route6-DEVICE holds from the last time is taken. */
void advert_learn(
	struct config *config, const struct sources *sources, const struct kernel *kernel);

struct changes;

/* Forgets what was taken from a block that would no longer hold it once the files are changed,
 * because the administrator's own lines or rules are in its place: else a second look would come
 * to another plan. True if there was any; pointers into the uplinks are stale then. */
bool advert_forget(struct config *config, const struct changes *changes);

#endif
