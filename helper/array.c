/* SPDX-License-Identifier: MIT
 * Growing arrays and text.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

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

void *array_grow(void *items, size_t *n, size_t *cap, size_t size)
{
	/* The caller's items pointer has a type of its own, so it is read and written as bytes. */
	char *base;

	memcpy(&base, items, sizeof(base));
	if (*n == *cap) {
		*cap = *cap ? *cap * 2 : 8;
		base = mem_resize(base, *cap * size);
		memcpy(items, &base, sizeof(base));
	}
	base += (*n)++ * size;
	memset(base, 0, size);
	return base;
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
