/* SPDX-License-Identifier: MIT
 * When to act upon events: once they are over, but not too late, and not all the time.
 *
 * Pure: a monotonic clock's milliseconds.
 */
#ifndef WATCH_SETTLE_H
#define WATCH_SETTLE_H

struct settle {
	unsigned long long first, last; /* event that nothing was done about, or 0 */
	unsigned long long not_before;	/* a run takes a tenth of the time at most */
	unsigned long long look;	/* when to act though nothing happened */
};

void settle_event(struct settle *settle, unsigned long long now);
/* When the next run is due. */
unsigned long long settle_due(const struct settle *settle);
/* It took so much processor time. */
void settle_ran(struct settle *settle, unsigned long long used, unsigned long long ended);

#endif
