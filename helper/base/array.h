/* SPDX-License-Identifier: MIT
 * Growing arrays: any struct with {items, n, cap}. Memory that runs out while
 * planning ends the program: nothing has been touched by then.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

/* Like malloc/realloc/strdup, but never NULL: they say "out of memory" and exit 1. */
void *mem_resize(void *old, size_t size);
char *mem_copy(const void *bytes, size_t len); /* NUL-terminated copy */
char *mem_string(const char *string);
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A zeroed new last element; the pointer is good until the next call. */
#define array_add(a) \
	((__typeof__((a)->items))array_grow(&(a)->items, &(a)->n, &(a)->cap, sizeof(*(a)->items)))

/* Room for so many more elements, so that these stay where they are. */
#define array_reserve(a, more) \
	((a)->items = mem_resize((a)->items, ((a)->cap = (a)->n + (more)) * sizeof(*(a)->items)))

#define array_sort(a, compare) \
	do { \
		if ((a)->n > 1) \
			qsort((a)->items, (a)->n, sizeof(*(a)->items), compare); \
	} while (0)

void *array_grow(void *items, size_t *n, size_t *cap, size_t size);

/* 0: equal; else which of the two elements comes first, as for qsort(3). */
typedef int compare_items(const void *a, const void *b);

/* Defines one for elements of a type: what of x and y, two of them, comes first. */
#define define_order(name, type, order_of_x_and_y) \
	static int name(const void *a, const void *b) \
	{ \
		const type *x = a, *y = b; \
\
		return order_of_x_and_y; \
	}

/* By two things, the second of which counts where the first are equal. */
#define define_order_by_two(name, type, first, second) \
	static int name(const void *a, const void *b) \
	{ \
		const type *x = a, *y = b; \
		int order = first; \
\
		return order ? order : second; \
	}

static inline int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

/* Pointers to elements, sorted: what a linear search would look for every time is found by
 * halving. The elements must stay where they are. To be freed: items. */
struct index {
	const void **items;
	size_t n, cap;
	compare_items *compare;
};

/* Of all elements of an array; out is zeroed. */
#define index_build(a, compare, out) \
	index_fill((a)->items, (a)->n, sizeof(*(a)->items), compare, out)

void index_fill(
	const void *items, size_t n, size_t size, compare_items *compare, struct index *out);
/* Elements that are equal keep their order. What is in order already costs one comparison each:
 * the kernel's dumps are, nearly. */
void index_sort(struct index *index, compare_items *compare);
/* Puts one more where it belongs, behind those that equal it. */
void index_add(struct index *index, const void *item);
/* Where the first element stands that does not come before key; n if there is none. */
size_t index_first(const struct index *index, const void *key);
/* The element that stands there, if it equals key, or NULL. All that equal it, one after the other:
 * for (at = index_first(index, key); (item = index_at(index, at, key)); at++) */
const void *index_at(const struct index *index, size_t at, const void *key);
/* The first element that equals key, or NULL. */
const void *index_find(const struct index *index, const void *key);
/* One that equals key, or NULL. Quick where the keys come in the index's order and none twice: *at,
 * 0 at first, is where the next is looked for before all else. */
const void *index_find_next(const struct index *index, size_t *at, const void *key);

/* Drops each element that equals an earlier one; the others keep their order, and out indexes
 * them. */
#define array_drop_repeated(a, compare, out) \
	((a)->n = array_drop((a)->items, (a)->n, sizeof(*(a)->items), compare, out))

size_t array_drop(void *items, size_t n, size_t size, compare_items *compare, struct index *out);

/* Bytes that grow, always NUL-terminated once something was added. */
struct text {
	char *bytes;
	size_t n, cap;
};

void text_add(struct text *text, const void *bytes, size_t len);
void text_add_string(struct text *text, const char *string);
/* " metric " and a number, " dev " and a name. */
void text_add_number(struct text *text, const char *key, unsigned number);
void text_add_word(struct text *text, const char *key, const char *word);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);

#endif
