/* SPDX-License-Identifier: MIT
 * Text, a line and a word at a time.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"

char *line_next(const char **cursor)
{
	const char *line = *cursor;
	size_t n;

	if (!line || !*line)
		return NULL;
	n = strcspn(line, "\n");
	*cursor = line + n + (line[n] == '\n');
	return mem_copy(line, n);
}

char *text_line(const struct text *text, size_t *at)
{
	const char *line, *end;
	size_t n;

	if (*at >= text->n)
		return NULL;
	line = text->bytes + *at;
	end = memchr(line, '\n', text->n - *at);
	n = end ? (size_t)(end - line) : text->n - *at;
	*at += n + 1;
	return mem_copy(line, n);
}

size_t line_words(char *line, char **words, size_t max)
{
	static const char blanks[] = " \t\r";
	size_t n = 0;
	char *rest = NULL, *word;

	for (word = strtok_r(line, blanks, &rest); word && n < max;
		word = strtok_r(NULL, blanks, &rest))
		words[n++] = word;
	return n && words[0][0] == '#' ? 0 : n;
}

void text_wrap(const char *words, size_t at, size_t indent, size_t columns, struct text *out)
{
	bool first = true;
	size_t len;

	for (; *words; words += strspn(words, " ")) {
		len = strcspn(words, " ");
		if (!first && at + 1 + len > columns) {
			text_format(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			text_add_string(out, " ");
			at++;
		}
		text_add(out, words, len);
		at += len;
		words += len;
		first = false;
	}
	text_add_string(out, "\n");
}

void line_make_printable(char *line)
{
	unsigned char byte, last = 0;
	int more = 0; /* bytes that a character of UTF-8 still lacks */
	bool control;

	for (; *line; line++, last = byte) {
		byte = (unsigned char)*line;
		control = byte < ' ' || byte == 0x7f ||
			(byte >= 0x80 && byte < 0xa0 && (!more || last == 0xc2));
		if (byte >= 0xc0)
			more = 1 + (byte >= 0xe0) + (byte >= 0xf0);
		else
			more = byte >= 0x80 && more ? more - 1 : 0;
		if (control)
			*line = '?';
	}
}

int word_index(const char *word, const char *const *list)
{
	int i;

	for (i = 0; list[i]; i++)
		if (!strcmp(list[i], word))
			return i;
	return -1;
}

bool word_number(const char *word, int base, unsigned max, unsigned *out)
{
	unsigned long long number;
	char *end;

	if (!word || !isalnum((unsigned char)*word))
		return false;
	errno = 0;
	number = strtoull(word, &end, base);
	if (*end || errno || number > max)
		return false;
	*out = (unsigned)number;
	return true;
}
