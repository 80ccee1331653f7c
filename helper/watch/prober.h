/* SPDX-License-Identifier: MIT
 * Echo requests to what TRACK_IP= names, by each uplink's own address and device. A child without
 * rights sends them, which can say no more than: answered, or not.
 *
 * Source: RFC 792, RFC 4443; icmp(7), raw(7).
 */
#ifndef WATCH_PROBER_H
#define WATCH_PROBER_H

#include <sys/types.h>

#include "watch/report.h"

struct prober {
	pid_t pid; /* 0: none runs */
	int pipe;
};

/* A round's outcome: that of targets[index]. */
struct prober_word {
	unsigned short index;
	unsigned short answered;
};

/* Those of the targets that are to be tracked so; none: nothing runs. 0, or -1: logged. */
int prober_start(struct prober *prober, const struct target *targets, size_t n, unsigned interval);
void prober_stop(struct prober *prober);

#endif
