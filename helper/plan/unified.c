/* SPDX-License-Identifier: MIT
 * The change of a file as a unified diff.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plan/unified.h"

enum { CONTEXT = 3 };

struct line {
	const char *bytes;
	size_t len;
};

struct lines {
	struct line *items;
	size_t n, cap;
};

static void lines_split(const char *bytes, size_t len, struct lines *out)
{
	const char *newline;
	struct line *line;

	while (len) {
		newline = memchr(bytes, '\n', len);
		line = array_add(out);
		line->bytes = bytes;
		line->len = newline ? (size_t)(newline - bytes) + 1 : len;
		bytes += line->len;
		len -= line->len;
	}
}

static bool line_same(const struct line *a, const struct line *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static void add_line(struct text *out, char mark, const struct line *line)
{
	text_add(out, &mark, 1);
	text_add(out, line->bytes, line->len);
	if (line->bytes[line->len - 1] != '\n')
		text_add_string(out, "\n\\ No newline at end of file\n");
}

/* diff(1): an empty range is named by the line before it. */
static void add_range(struct text *out, char mark, size_t first, size_t n)
{
	text_format(
		out, "%c%lu,%lu ", mark, (unsigned long)(n ? first + 1 : first), (unsigned long)n);
}

void unified_format(const char *name, const char *old, size_t old_len, const char *new,
	size_t new_len, struct text *out)
{
	struct lines a = {0}, b = {0};
	size_t head = 0, tail = 0, before, after, i;

	lines_split(old, old ? old_len : 0, &a);
	lines_split(new, new ? new_len : 0, &b);
	/* One block changes at a time, so what lies between the common head and the common tail
	 * is the whole change. */
	while (head < a.n && head < b.n && line_same(&a.items[head], &b.items[head]))
		head++;
	while (tail < a.n - head && tail < b.n - head &&
		line_same(&a.items[a.n - 1 - tail], &b.items[b.n - 1 - tail]))
		tail++;
	before = head < CONTEXT ? head : CONTEXT;
	after = tail < CONTEXT ? tail : CONTEXT;
	text_format(out, "--- %s%s\n+++ %s%s\n@@ ", old ? "a/" : "/dev/null", old ? name : "",
		new ? "b/" : "/dev/null", new ? name : "");
	add_range(out, '-', head - before, a.n - head - tail + before + after);
	add_range(out, '+', head - before, b.n - head - tail + before + after);
	text_add_string(out, "@@\n");
	for (i = head - before; i < head; i++)
		add_line(out, ' ', &a.items[i]);
	for (i = head; i < a.n - tail; i++)
		add_line(out, '-', &a.items[i]);
	for (i = head; i < b.n - tail; i++)
		add_line(out, '+', &b.items[i]);
	for (i = a.n - tail; i < a.n - tail + after; i++)
		add_line(out, ' ', &a.items[i]);
	free(a.items);
	free(b.items);
}
