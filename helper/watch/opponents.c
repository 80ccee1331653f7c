/* SPDX-License-Identifier: MIT
 * Whoever takes the same object away again and again.
 */
#include <stdio.h>
#include <string.h>

#include "watch/opponents.h"

enum { WITHIN_MS = 60 * 1000, LEFT_MS = 10 * 60 * 1000 };

/* The one of that key, or the one that was put back longest ago: those that are left come last. */
static struct opponent *find_place(struct opponents *opponents, unsigned long long key)
{
	struct opponent *oldest = &opponents->items[0], *item;
	size_t i;

	for (i = 0; i < OPPONENTS; i++) {
		item = &opponents->items[i];
		if (item->key == key)
			return item;
		if (!item->until && (oldest->until || item->times[0] < oldest->times[0]))
			oldest = item;
	}
	memset(oldest, 0, sizeof(*oldest));
	return oldest;
}

bool opponents_note(struct opponents *opponents, unsigned long long key, const char *device,
	const char *words, unsigned long long now)
{
	struct opponent *item = find_place(opponents, key);

	item->key = key;
	snprintf(item->device, sizeof(item->device), "%s", device);
	snprintf(item->words, sizeof(item->words), "%s", words);
	memmove(&item->times[1], &item->times[0], sizeof(item->times) - sizeof(item->times[0]));
	item->times[0] = now;
	if (!item->times[OPPONENT_TIMES - 1] || now - item->times[OPPONENT_TIMES - 1] > WITHIN_MS)
		return false;
	item->until = now + LEFT_MS;
	return true;
}

void opponents_forget(struct opponents *opponents, unsigned long long key)
{
	size_t i;

	for (i = 0; i < OPPONENTS; i++)
		if (opponents->items[i].key == key && !opponents->items[i].until)
			memset(&opponents->items[i], 0, sizeof(opponents->items[i]));
}

bool opponents_leave(
	const struct opponents *opponents, unsigned long long key, unsigned long long now)
{
	size_t i;

	for (i = 0; i < OPPONENTS; i++)
		if (opponents->items[i].key == key)
			return opponents->items[i].until > now;
	return false;
}

bool opponents_expire(struct opponents *opponents, unsigned long long now)
{
	bool any = false;
	size_t i;

	for (i = 0; i < OPPONENTS; i++)
		if (opponents->items[i].until && opponents->items[i].until <= now) {
			memset(&opponents->items[i], 0, sizeof(opponents->items[i]));
			any = true;
		}
	return any;
}
