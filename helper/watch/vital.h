/* SPDX-License-Identifier: MIT
 * Is an uplink alive? By its carrier, and by rounds that somebody asks for it.
 *
 * Pure: a monotonic clock's milliseconds in, a state out.
 */
#ifndef WATCH_VITAL_H
#define WATCH_VITAL_H

#include <stdbool.h>

enum pulse_state { PULSE_UNKNOWN, PULSE_UP, PULSE_DOWN };

/* Of rounds, each of which was answered or not. From unknown it takes three in a row; later as many
 * as struct pulse_rules says, and for up twice as many with each down within ten minutes of the
 * last. */
struct pulse {
	enum pulse_state state;
	unsigned good, bad; /* in a row */
	unsigned doublings;
	bool fell;		    /* ever */
	unsigned long long fell_at; /* or last went on to be down */
};

struct pulse_rules {
	unsigned down, up; /* rounds */
};

/* Did the state change? */
bool pulse_round(
	struct pulse *pulse, const struct pulse_rules *rules, bool good, unsigned long long now);
/* Whoever asked is gone; what is known of flapping is kept. */
void pulse_forget(struct pulse *pulse);

/* A carrier that is gone for a second is lost, and is back when it stays for five. */
struct carrier {
	bool lost;
	bool running; /* as it was seen last */
	bool seen;
	unsigned long long since; /* when that began */
};

/* Did it change? *due: when to ask again if nothing is heard, or 0. */
bool carrier_see(
	struct carrier *carrier, bool running, unsigned long long now, unsigned long long *due);

#endif
