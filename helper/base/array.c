/* SPDX-License-Identifier: MIT
 * Growing arrays and text.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void *mem_resize(void *old, size_t size)
{
	void *mem = realloc(old, size ? size : 1);

	if (!mem) {
		fputs("multihome: out of memory\n", stderr);
		exit(1);
	}
	return mem;
}

char *mem_copy(const void *bytes, size_t len)
{
	char *copy = mem_resize(NULL, len + 1);

	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *mem_string(const char *string)
{
	return mem_copy(string, strlen(string));
}

/* AddressSanitizer knows of no element behind the last one, if there is no room for it. */
#ifdef __SANITIZE_ADDRESS__
#define GROWN(cap) ((cap) + 1)
#else
#define GROWN(cap) ((cap) ? (cap) * 2 : 8)
#endif

void *array_grow(void *items, size_t *n, size_t *cap, size_t size)
{
	/* The caller's items pointer has a type of its own, so it is read and written as bytes. */
	char *base;

	memcpy(&base, items, sizeof(base));
	if (*n == *cap) {
		*cap = GROWN(*cap);
		base = mem_resize(base, *cap * size);
		memcpy(items, &base, sizeof(base));
	}
	base += (*n)++ * size;
	memset(base, 0, size);
	return base;
}

/* Merges two halves that are in order; spare has room for the first. */
static void merge(
	const void **items, size_t half, size_t n, const void **spare, compare_items *compare)
{
	size_t i = 0, j = half, k = 0;

	memcpy(spare, items, half * sizeof(*items));
	while (i < half && j < n)
		items[k++] = compare(spare[i], items[j]) <= 0 ? spare[i++] : items[j++];
	memcpy(items + k, spare + i, (half - i) * sizeof(*items));
}

static void merge_sort(const void **items, size_t n, const void **spare, compare_items *compare)
{
	size_t half = n / 2;

	if (n < 2)
		return;
	merge_sort(items, half, spare, compare);
	merge_sort(items + half, n - half, spare, compare);
	if (compare(items[half - 1], items[half]) > 0)
		merge(items, half, n, spare, compare);
}

/* Not qsort(3): it promises no order of equal elements, and it would compare pointers to
 * pointers. */
void index_sort(struct index *index, compare_items *compare)
{
	const void **spare = mem_resize(NULL, index->n / 2 * sizeof(*spare));

	index->compare = compare;
	merge_sort(index->items, index->n, spare, compare);
	free(spare);
}

void index_fill(const void *items, size_t n, size_t size, compare_items *compare, struct index *out)
{
	const char *item = items;
	size_t i;

	out->items = mem_resize(NULL, n * sizeof(*out->items));
	out->n = out->cap = n;
	for (i = 0; i < n; i++)
		out->items[i] = item + i * size;
	index_sort(out, compare);
}

size_t index_first(const struct index *index, const void *key)
{
	size_t from = 0, to = index->n, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (index->compare(index->items[middle], key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const void *index_at(const struct index *index, size_t at, const void *key)
{
	return at < index->n && !index->compare(index->items[at], key) ? index->items[at] : NULL;
}

const void *index_find(const struct index *index, const void *key)
{
	return index_at(index, index_first(index, key), key);
}

const void *index_find_next(const struct index *index, size_t *at, const void *key)
{
	const void *found = index_at(index, *at, key);

	if (!found) {
		*at = index_first(index, key);
		found = index_at(index, *at, key);
	}
	*at += found != NULL;
	return found;
}

void index_add(struct index *index, const void *item)
{
	size_t at = index_first(index, item);

	while (index_at(index, at, item))
		at++;
	array_add(index);
	memmove(index->items + at + 1, index->items + at,
		(index->n - 1 - at) * sizeof(*index->items));
	index->items[at] = item;
}

size_t array_drop(void *items, size_t n, size_t size, compare_items *compare, struct index *out)
{
	char *base = items, *repeated;
	size_t i, kept = 0;

	index_fill(items, n, size, compare, out);
	for (i = 1; i < n && compare(out->items[i - 1], out->items[i]); i++)
		;
	if (i >= n)
		return n;
	repeated = mem_resize(NULL, n);
	memset(repeated, 0, n);
	for (; i < n; i++)
		if (!compare(out->items[i - 1], out->items[i]))
			repeated[(size_t)((const char *)out->items[i] - base) / size] = 1;
	for (i = 0; i < n; i++) {
		if (repeated[i])
			continue;
		if (kept != i)
			memcpy(base + kept * size, base + i * size, size);
		kept++;
	}
	free(repeated);
	free(out->items);
	index_fill(items, kept, size, compare, out);
	return kept;
}

static void text_reserve(struct text *text, size_t more)
{
	size_t need = text->n + more + 1;

	if (need <= text->cap)
		return;
	text->cap = need < 128 ? 128 : need * 2;
	text->bytes = mem_resize(text->bytes, text->cap);
}

void text_add(struct text *text, const void *bytes, size_t len)
{
	text_reserve(text, len);
	if (len)
		memcpy(text->bytes + text->n, bytes, len);
	text->n += len;
	text->bytes[text->n] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

/* A record of ten thousand rules is written in these; printf(3) takes ten times as long. */
void text_add_number(struct text *text, const char *key, unsigned number)
{
	char digits[3 * sizeof(number)], *first = digits + sizeof(digits);

	text_add_string(text, key);
	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	text_add(text, first, (size_t)(digits + sizeof(digits) - first));
}

void text_add_word(struct text *text, const char *key, const char *word)
{
	text_add_string(text, key);
	text_add_string(text, word);
}

static void text_vformat(struct text *text, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	text_reserve(text, 80);
	len = vsnprintf(text->bytes + text->n, text->cap - text->n, format, args);
	if (len > 0 && (size_t)len >= text->cap - text->n) {
		text_reserve(text, (size_t)len);
		vsnprintf(text->bytes + text->n, (size_t)len + 1, format, again);
	}
	va_end(again);
	text->n += len > 0 ? (size_t)len : 0;
}

void text_format(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vformat(text, format, args);
	va_end(args);
}

void text_free(struct text *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}

char *mem_format(const char *format, ...)
{
	struct text text = {0};
	va_list args;

	va_start(args, format);
	text_vformat(&text, format, args);
	va_end(args);
	return text.bytes;
}
