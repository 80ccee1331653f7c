/* SPDX-License-Identifier: MIT
 * Managed blocks: taking files apart and putting them together again.
 */
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

/* "# BEGIN multihome eth0" and then the end of the line or a colon. The name keeps a copy of
 * the file under another name from being taken for ours. */
static bool is_marker(const char *line, size_t len, const char *words, const char *device)
{
	size_t n = strlen(words), m = strlen(device);

	if (len < n + m || memcmp(line, words, n) || memcmp(line + n, device, m))
		return false;
	return len == n + m || memchr(":\r\n", line[n + m], 3);
}

static bool mentions(const char *line, size_t len, const char *words)
{
	size_t n = strlen(words), i;

	for (i = 0; i + n <= len; i++)
		if (!memcmp(line + i, words, n))
			return true;
	return false;
}

/* Our routes end in their protocol's number; our rules have one form only. */
static bool is_ours(const char *line, struct block *block)
{
	char tail[32];
	size_t n;
	struct rule rule;
	const char *table = strstr(line, " table ");

	if (!rule_parse(line, &rule)) {
		*array_add(&block->rules) = rule;
		if (!block->table)
			block->table = rule.table;
		return true;
	}
	snprintf(tail, sizeof(tail), " proto %d", PROTO_MULTIHOME);
	n = strlen(line);
	if (n < strlen(tail) || strcmp(line + n - strlen(tail), tail))
		return false;
	if (table && !block->table)
		block->table = (unsigned)strtoul(table + strlen(" table "), NULL, 10);
	return true;
}

static void add_body_line(const char *line, size_t len, struct block *block, struct text *rescued)
{
	char *copy = mem_copy(line, len);

	/* An editor may have given the whole file CRLF ends. */
	copy[strcspn(copy, "\r\n")] = '\0';
	text_add(is_ours(copy, block) ? &block->body : rescued, line, len);
	free(copy);
}

/* A block that is new comes first, so all that there is comes after it. */
static void place_first(struct block *block)
{
	block->after = block->before;
	memset(&block->before, 0, sizeof(block->before));
}

int block_parse(const char *bytes, size_t len, const char *device, struct block *out)
{
	struct text rescued = {0};
	size_t at = 0, n;
	int line = 1, open = 0, bad = 0;

	for (; at < len && !bad; at += n, line++) {
		n = line_length(bytes + at, len - at);
		if (is_marker(bytes + at, n, begin_words, device)) {
			bad = open;
			open = line;
			out->present = true;
			out->made_file |= mentions(bytes + at, n, made_words);
		} else if (is_marker(bytes + at, n, end_words, device)) {
			bad = open ? 0 : line;
			open = 0;
		} else if (open) {
			add_body_line(bytes + at, n, out, &rescued);
		} else {
			text_add(out->present ? &out->after : &out->before, bytes + at, n);
		}
	}
	if (rescued.n) {
		text_add(&rescued, out->after.bytes, out->after.n);
		text_free(&out->after);
		out->after = rescued;
	}
	if (!out->present)
		place_first(out);
	return bad ? bad : open;
}

bool block_splice(const struct block *old, bool exists, const char *device, const char *body,
	struct text *out)
{
	bool made = old->present ? old->made_file : !exists;

	text_add(out, old->before.bytes, old->before.n);
	if (*body) {
		text_format(out, "%s%s: from its ifcfg file, do not edit%s%s\n", begin_words,
			device, made ? " " : "", made ? made_words : "");
		text_add_string(out, body);
		text_format(out, "%s%s\n", end_words, device);
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

static bool has_rule_from(const struct text *text, const struct prefixes *addresses)
{
	bool found = false;
	char *line, *words[64];
	struct prefix from;
	size_t at = 0, n, i, k;

	while (!found && (line = text_line(text, &at))) {
		n = line_words(line, words, 64);
		for (i = 0; i + 1 < n && !found; i++)
			for (k = 0; k < addresses->n && !found && !strcmp(words[i], "from"); k++)
				found = !prefix_parse(
						words[i + 1], addresses->items[k].family, &from) &&
					from.len && prefix_contains(&from, &addresses->items[k]);
		free(line);
	}
	return found;
}

bool block_has_rule_by_hand(const struct block *block, const struct prefixes *addresses)
{
	return has_rule_from(&block->before, addresses) ||
		has_rule_from(&block->after, addresses);
}
