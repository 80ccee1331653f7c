/* SPDX-License-Identifier: MIT
 * Managed blocks: taking files apart and putting them together again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "plan/block.h"

static const char begin_words[] = "# BEGIN multihome ";
static const char end_words[] = "# END multihome ";
static const char made_words[] = "(made this file)";

static size_t line_length(const char *line, size_t left)
{
	const char *newline = memchr(line, '\n', left);

	return newline ? (size_t)(newline - line) + 1 : left;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The words of a line with one blank between: what an editor does to blanks and line ends makes no
 * difference to ifup-routes. To be freed. */
static char *line_normal(const char *line, size_t len)
{
	char *normal = mem_copy(line, len), *to = normal;
	size_t i;

	for (i = 0; i < len; i++) {
		/* A shell's read drops NUL bytes. */
		if (is_blank(line[i])) {
			if (to > normal && to[-1] != ' ')
				*to++ = ' ';
		} else if (line[i]) {
			*to++ = line[i];
		}
	}
	if (to > normal && to[-1] == ' ')
		to--;
	*to = '\0';
	return normal;
}

/* FNV-1a of a line in its normal form. */
static uint32_t line_checksum(const char *normal)
{
	uint32_t sum = 2166136261u;

	for (; *normal; normal++)
		sum = (sum ^ (unsigned char)*normal) * 16777619u;
	return sum;
}

/* "# BEGIN multihome eth0:" or "# END multihome eth0 1a2b3c4d"; *other: of another name. */
static bool is_marker(const char *line, size_t len, const char *words, const char *device,
	bool any_name, bool *other)
{
	size_t skip = strlen(words), end = skip;

	if (len <= skip || memcmp(line, words, skip))
		return false;
	while (end < len && !memchr(": \t\r\n", line[end], 5))
		end++;
	*other = end - skip != strlen(device) || memcmp(line + skip, device, end - skip);
	return end > skip && (any_name || !*other);
}

bool block_line_is_our_form(const char *line)
{
	char *normal = line_normal(line, strlen(line)), tail[32];
	struct rule rule;
	size_t n = strlen(normal);
	bool ours;

	snprintf(tail, sizeof(tail), " proto %d", PROTO_MULTIHOME);
	ours = !rule_parse(normal, &rule) ||
		(n > strlen(tail) && !strcmp(normal + n - strlen(tail), tail));
	free(normal);
	return ours;
}

enum { SUM_TEXT = 9 };

/* " 1a2b3c4d" */
static void format_sum(const char *normal, char text[SUM_TEXT + 1])
{
	uint32_t sum = line_checksum(normal);
	int i;

	for (i = SUM_TEXT - 1; i > 0; i--, sum >>= 4)
		text[i] = "0123456789abcdef"[sum & 15];
	text[0] = ' ';
	text[SUM_TEXT] = '\0';
}

/* Is the line's checksum one of those behind the name in the END line? They stand in the order of
 * the lines: *next is the one that is looked at first. */
static bool is_summed(const char *normal, const char *sums, const char **next)
{
	char text[SUM_TEXT + 1];
	const char *found;

	format_sum(normal, text);
	found = strncmp(*next, text, SUM_TEXT) ? strstr(sums, text) : *next;
	if (found)
		*next = found + SUM_TEXT;
	return found != NULL;
}

static void learn_line(const char *normal, struct block *block)
{
	const char *words = strstr(normal, " table ");
	struct rule rule = {.table = 0};

	if (!rule_parse(normal, &rule))
		*array_add(&block->rules) = rule;
	else if (words)
		rule.table = (unsigned)strtoul(words + strlen(" table "), NULL, 10);
	if (rule.table == TABLE_DEFAULT)
		return;
	if (!block->table)
		block->table = rule.table;
	block->several_tables |= rule.table && rule.table != block->table;
}

/* The lines between the markers, now that the END line says which are ours. */
static void sort_body(const struct text *inside, const char *end, size_t len, struct block *block,
	struct text *rescued)
{
	size_t skip = strlen(end_words), at, n;
	char *name = line_normal(end + skip, len - skip), *normal;
	const char *sums = strchr(name, ' '), *next = sums;

	for (at = 0; at < inside->n; at += n) {
		n = line_length(inside->bytes + at, inside->n - at);
		normal = line_normal(inside->bytes + at, n);
		if (sums ? is_summed(normal, sums, &next) : block_line_is_our_form(normal)) {
			learn_line(normal, block);
			text_add(&block->body, inside->bytes + at, n);
		} else {
			text_add(rescued, inside->bytes + at, n);
		}
		free(normal);
	}
	free(name);
}

int block_parse(const char *bytes, size_t len, const char *device, bool any_name, struct block *out)
{
	struct text rescued = {0}, inside = {0};
	size_t at = 0, n;
	int line = 1, open = 0, bad = 0;
	bool other = false;

	for (; at < len && !bad; at += n, line++) {
		n = line_length(bytes + at, len - at);
		if (is_marker(bytes + at, n, begin_words, device, any_name, &other)) {
			bad = open;
			open = line;
			out->present = true;
			out->other_name |= other;
			out->made_file |= memmem(bytes + at, n, made_words, strlen(made_words)) != NULL;
		} else if (is_marker(bytes + at, n, end_words, device, any_name, &other)) {
			bad = open ? 0 : line;
			open = 0;
			sort_body(&inside, bytes + at, n, out, &rescued);
			inside.n = 0;
		} else if (open) {
			text_add(&inside, bytes + at, n);
		} else {
			text_add(out->present ? &out->after : &out->before, bytes + at, n);
		}
	}
	text_free(&inside);
	if (rescued.n) {
		text_add(&rescued, out->after.bytes, out->after.n);
		text_free(&out->after);
		out->after = rescued;
	}
	/* A block that is new comes first, so all that there is comes after it. */
	if (!out->present) {
		out->after = out->before;
		memset(&out->before, 0, sizeof(out->before));
	}
	return bad ? bad : open;
}

static void take_strays(struct text *from, struct text *strays)
{
	struct text kept = {0};
	size_t at, n;
	char *line;

	for (at = 0; at < from->n; at += n) {
		n = line_length(from->bytes + at, from->n - at);
		line = mem_copy(from->bytes + at, n);
		text_add(block_line_is_our_form(line) ? strays : &kept, line, n);
		free(line);
	}
	text_free(from);
	*from = kept;
}

void block_take_strays(struct block *block, struct text *strays)
{
	struct block seen = {0};
	size_t at = 0;
	char *line;

	take_strays(&block->before, strays);
	take_strays(&block->after, strays);
	/* They can only be ours with the table that they name. */
	while ((line = text_line(strays, &at))) {
		learn_line(line, &seen);
		free(line);
	}
	block->table = seen.table;
	block->several_tables = seen.several_tables;
	free(seen.rules.items);
}

struct line {
	char *text;
};

define_order(lines_in_order, struct line, strcmp(x->text, y->text))

bool block_has_lines(const struct text *body, const struct text *strays)
{
	struct {
		struct line *items;
		size_t n, cap;
	} lines = {NULL, 0, 0};
	struct index sorted = {0};
	struct line wanted;
	char *line;
	bool found = true;
	size_t at = 0;

	while (strays->n && (line = text_line(body, &at)))
		array_add(&lines)->text = line;
	index_build(&lines, lines_in_order, &sorted);
	for (at = 0; found && (line = text_line(strays, &at)); free(line)) {
		wanted.text = line_normal(line, strlen(line));
		found = index_find(&sorted, &wanted) != NULL;
		free(wanted.text);
	}
	while (lines.n)
		free(lines.items[--lines.n].text);
	free(lines.items);
	free(sorted.items);
	return found;
}

/* The body's lines are in their normal form already. */
static void add_checksums(const char *body, struct text *out)
{
	char *line, text[SUM_TEXT + 1];

	for (; (line = line_next(&body)); free(line)) {
		format_sum(line, text);
		text_add(out, text, SUM_TEXT);
	}
}

bool block_splice(const struct block *old, bool exists, const char *device, const char *body,
	struct text *out)
{
	bool made = old->present ? old->made_file : !exists;

	text_add(out, old->before.bytes, old->before.n);
	if (*body) {
		text_add_string(out, begin_words);
		text_add_string(out, device);
		text_add_string(out, ": from its ifcfg file, do not edit");
		text_add_string(out, made ? " " : "");
		text_add_string(out, made ? made_words : "");
		text_add_string(out, "\n");
		text_add_string(out, body);
		text_add_string(out, end_words);
		text_add_string(out, device);
		add_checksums(body, out);
		text_add_string(out, "\n");
	}
	text_add(out, old->after.bytes, old->after.n);
	return out->n || !made;
}

void block_free(struct block *block)
{
	text_free(&block->before);
	text_free(&block->after);
	text_free(&block->body);
	free(block->rules.items);
	memset(block, 0, sizeof(*block));
}
