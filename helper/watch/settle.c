/* SPDX-License-Identifier: MIT
 * When to act upon events.
 */
#include "watch/settle.h"

enum { QUIET_MS = 300, LATEST_MS = 2000, LOOK_MS = 60 * 1000, SHARE = 10 };

void settle_event(struct settle *settle, unsigned long long now)
{
	if (!settle->first)
		settle->first = now;
	settle->last = now;
}

unsigned long long settle_due(const struct settle *settle)
{
	unsigned long long due = settle->look;

	if (settle->first) {
		due = settle->last + QUIET_MS;
		if (due > settle->first + LATEST_MS)
			due = settle->first + LATEST_MS;
	}
	return due > settle->not_before ? due : settle->not_before;
}

/* What came while it ran is still to be acted upon. */
void settle_ran(struct settle *settle, unsigned long long used, unsigned long long ended)
{
	settle->not_before = ended + used * (SHARE - 1);
	settle->look = ended + LOOK_MS;
}
