/* SPDX-License-Identifier: MIT
 * /sbin/multihome-local DEVICE up|down REASON, if it is there: one at a time, half a minute at
 * most.
 */
#ifndef WATCH_LOCAL_H
#define WATCH_LOCAL_H

#include <sys/types.h>

#include "net/net.h"

enum { LOCAL_WAITING = 32, LOCAL_REASON = 96 };

struct local_call {
	device_name device;
	bool up;
	char reason[LOCAL_REASON];
};

struct local {
	pid_t pid; /* of the one that runs, or 0 */
	unsigned long long deadline;
	struct local_call waiting[LOCAL_WAITING];
	size_t n;
};

/* Where too many wait the oldest is forgotten. */
void local_add(struct local *local, const char *device, bool up, const char *reason);
/* Notes that one ended, ends one that takes too long, starts the next. Returns when it wants to be
 * called again, or 0. */
unsigned long long local_step(struct local *local, unsigned long long now);

#endif
