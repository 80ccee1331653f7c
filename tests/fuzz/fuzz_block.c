/* SPDX-License-Identifier: MIT
 * Fuzzes route- and rule- files: their blocks taken out and put back, and the change as a diff.
 *
 * What the administrator wrote is found here a second time, by marker lines alone.
 */
#include "plan/block.h"
#include "fuzz.h"
#include "plan/unified.h"

static const char device[] = "eth0";
static const char route_body[] = "10.0.0.0/8 dev eth0 scope link table 100 proto 109\n"
				 "default via 10.0.0.1 dev eth0 table 100 proto 109\n";
static const char rule_body[] = "from 10.0.0.0/8 iif lo lookup 100 priority 10001\n";

static bool same(const struct text *a, const struct text *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->bytes, b->bytes, a->n));
}

/* The file with another body; false: no file. It must have been taken apart without a fault. */
static bool splice(const struct text *file, bool exists, const char *body, struct text *out)
{
	struct block block = {0};
	bool wanted;

	require(!block_parse(file->n ? file->bytes : "", file->n, device, false, &block),
		"what was put together can be taken apart");
	wanted = block_splice(&block, exists, device, body, out);
	block_free(&block);
	return wanted;
}

/* Applies a unified diff of one hunk, as patch(1) does. */
static void patch(const struct text *old, const char *diff, size_t len, struct text *out)
{
	const char *end = diff + len, *at = old->bytes, *last = at + old->n, *next;
	unsigned long first;
	int lines;

	for (lines = 0; lines < 2; lines++)
		diff = (const char *)memchr(diff, '\n', (size_t)(end - diff)) + 1;
	require(sscanf(diff, "@@ -%lu,", &first) == 1, "a diff has a hunk");
	for (; first > 1; first--) {
		next = (const char *)memchr(at, '\n', (size_t)(last - at)) + 1;
		text_add(out, at, (size_t)(next - at));
		at = next;
	}
	diff = (const char *)memchr(diff, '\n', (size_t)(end - diff)) + 1;
	for (; diff < end; diff = next) {
		next = (const char *)memchr(diff, '\n', (size_t)(end - diff)) + 1;
		len = (size_t)(next - diff) - 1;
		if (*diff == '\\')
			continue;
		if (next < end && *next == '\\')
			len--;
		if (*diff != '+') {
			require(len <= (size_t)(last - at) && !memcmp(at, diff + 1, len),
				"a diff holds the old lines");
			at += len;
		}
		if (*diff != '-')
			text_add(out, diff + 1, len);
	}
	text_add(out, at, (size_t)(last - at));
}

static void check_diff(const struct text *old, const struct text *new)
{
	struct text diff = {0}, patched = {0};

	if (same(old, new) || !old->n)
		return;
	unified_format("route-eth0", old->bytes, old->n, new->n ? new->bytes : "", new->n, &diff);
	patch(old, diff.bytes, diff.n, &patched);
	require(same(&patched, new), "the diff makes the new file of the old one");
	text_free(&diff);
	text_free(&patched);
}

/* The lines outside of the markers, with what is no line of ours from inside behind them. */
static void check_kept(const struct text *file, const struct text *without)
{
	const char *at = file->n ? file->bytes : "", *end = at + file->n, *next, *place;
	static const char begin[] = "# BEGIN multihome eth0", finish[] = "# END multihome eth0";
	const char *from = without->n ? without->bytes : "", *stop = from + without->n;
	size_t len;
	bool inside = false;

	for (; at < end; at = next) {
		next = memchr(at, '\n', (size_t)(end - at));
		next = next ? next + 1 : end;
		len = (size_t)(next - at);
		if (len >= strlen(begin) && !memcmp(at, begin, strlen(begin)) &&
			(len == strlen(begin) || memchr(": \t\r\n", at[strlen(begin)], 5)))
			inside = true;
		else if (len >= strlen(finish) && !memcmp(at, finish, strlen(finish)) &&
			(len == strlen(finish) || memchr(": \t\r\n", at[strlen(finish)], 5)))
			inside = false;
		else if (!inside) {
			place = memmem(from, (size_t)(stop - from), at, len);
			require(place, "a line of the administrator's stays, in its order");
			from = place + len;
		}
	}
}

/* A first byte chooses the body, and whether the file exists. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *body = len && *bytes & 1 ? rule_body : route_body;
	struct text file = {0}, with = {0}, again = {0}, without = {0}, once = {0};
	struct block block = {0};
	bool there;

	if (!len)
		return 0;
	text_add(&file, bytes + 1, len - 1);
	if (block_parse(file.bytes, file.n, device, false, &block)) {
		block_free(&block);
		text_free(&file);
		return 0;
	}
	there = block_splice(&block, true, device, "", &once);
	require(there || block.made_file, "a file that was there stays");
	check_kept(&file, &once);
	require(splice(&file, true, body, &with), "a file with a block is there");
	require(splice(&with, true, body, &again) && same(&with, &again),
		"a second time changes nothing");
	require(splice(&with, true, "", &without) == there && same(&without, &once),
		"the block leaves nothing behind");
	check_diff(&file, &with);
	check_diff(&with, &without);
	block_free(&block);
	text_free(&file);
	text_free(&with);
	text_free(&again);
	text_free(&without);
	text_free(&once);
	return 0;
}
