/* SPDX-License-Identifier: MIT
 * Whoever takes the same object away again and again: after the fifth time within a minute it is
 * left to him for ten.
 *
 * Pure: a monotonic clock's milliseconds in. It takes no memory beyond its own.
 */
#ifndef WATCH_OPPONENTS_H
#define WATCH_OPPONENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/net.h"

enum { OPPONENT_TIMES = 5, OPPONENTS = 64, OPPONENT_WORDS = 200 };

struct opponent {
	unsigned long long key;			  /* of the object: a hash; 0: none */
	unsigned long long times[OPPONENT_TIMES]; /* when it was put back, the latest first */
	unsigned long long until;		  /* it is left till then, or 0 */
	device_name device;
	char words[OPPONENT_WORDS]; /* "ip rule add …" */
};

struct opponents {
	struct opponent items[OPPONENTS];
};

/* It was put back. True: once too often. */
bool opponents_note(struct opponents *opponents, unsigned long long key, const char *device,
	const char *words, unsigned long long now);
/* Whoever takes it away, it was we. */
void opponents_forget(struct opponents *opponents, unsigned long long key);
bool opponents_leave(
	const struct opponents *opponents, unsigned long long key, unsigned long long now);
/* Ends what is over. Did any? */
bool opponents_expire(struct opponents *opponents, unsigned long long now);

#endif
