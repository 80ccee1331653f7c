/* SPDX-License-Identifier: MIT
 * Whoever takes the same object away again and again.
 */
#include <stdio.h>
#include <string.h>

#include "watch/opponents.h"

enum { WITHIN_MS = 60 * 1000, LEFT_MS = 10 * 60 * 1000 };

/* OPPONENTS: there is none of that key. */
static size_t find(const struct opponents *opponents, unsigned long long key)
{
	size_t i = 0;

	while (i < OPPONENTS && opponents->items[i].key != key)
		i++;
	return i;
}

/* That of what was put back longest ago: those that are left come last. */
static size_t choose_place(const struct opponents *opponents)
{
	const struct opponent *item, *oldest = opponents->items;

	for (item = opponents->items; item < opponents->items + OPPONENTS; item++)
		if (!item->until && (oldest->until || item->times[0] < oldest->times[0]))
			oldest = item;
	return (size_t)(oldest - opponents->items);
}

bool opponents_note(struct opponents *opponents, unsigned long long key, const char *device,
	const char *words, unsigned long long now)
{
	size_t at = find(opponents, key);
	struct opponent *item;

	if (at == OPPONENTS) {
		at = choose_place(opponents);
		memset(&opponents->items[at], 0, sizeof(*opponents->items));
	}
	item = &opponents->items[at];
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
	size_t at = find(opponents, key);

	if (at < OPPONENTS && !opponents->items[at].until)
		memset(&opponents->items[at], 0, sizeof(opponents->items[at]));
}

bool opponents_leave(
	const struct opponents *opponents, unsigned long long key, unsigned long long now)
{
	size_t at = find(opponents, key);

	return at < OPPONENTS && opponents->items[at].until > now;
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
