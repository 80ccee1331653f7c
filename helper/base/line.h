/* SPDX-License-Identifier: MIT
 * Text, a line and a word at a time.
 */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>

#include "base/array.h"

/* The words of a line, cut at blanks as the shell's read and word splitting do. Returns their
 * number, at most max; 0 for a blank line or a comment. Writes into line. */
size_t line_words(char *line, char **words, size_t max);
/* The line at *cursor, without its end, as a fresh copy; moves on. NULL at the end. */
char *line_next(const char **cursor);
/* The same of the line at *at. A NUL byte, which a shell's read passes over, ends no more than its
 * own line. */
char *text_line(const struct text *text, size_t *at);

/* The words, in lines of at most so many columns, and a newline. The first line goes on at column
 * `at`; the others begin with `indent` blanks. A word is never broken. */
void text_wrap(const char *words, size_t at, size_t indent, size_t columns, struct text *out);
/* Replaces what would begin another line or steer a terminal: control characters, as bytes and in
 * UTF-8 (U+0080 to U+009F). Any other UTF-8 passes. */
void line_make_printable(char *line);

/* Where the word stands in a list that ends with NULL, or -1. */
int word_index(const char *word, const char *const *list);
/* A number of at most max, as strtoul(3) takes it of that base, but with no blank or sign before
 * it. False for anything else, and for NULL. */
bool word_number(const char *word, int base, unsigned max, unsigned *out);

#endif
