/* SPDX-License-Identifier: MIT
 * Sorted indices, and dropping what is there already.
 */
#include <stdbool.h>

#include "base/array.h"
#include "tap.h"

/* Ordered by number alone, so that the letter tells equal ones apart. */
struct item {
	int number;
	char letter;
};

struct items {
	struct item *items;
	size_t n, cap;
};

static int by_number(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->number - y->number;
}

static struct items make(const int *numbers, size_t n)
{
	struct items made = {0};
	struct item *item;
	size_t i;

	for (i = 0; i < n; i++) {
		item = array_add(&made);
		item->number = numbers[i];
		item->letter = (char)('a' + i);
	}
	return made;
}

static const char *letters(const struct items *items)
{
	static char text[32];
	size_t i;

	for (i = 0; i < items->n; i++)
		text[i] = items->items[i].letter;
	text[items->n] = '\0';
	return text;
}

static const char *sorted_letters(const struct index *index)
{
	static char text[32];
	const struct item *item;
	size_t i;

	for (i = 0; i < index->n; i++) {
		item = index->items[i];
		text[i] = item->letter;
	}
	text[index->n] = '\0';
	return text;
}

static void test_index(void)
{
	static const int numbers[] = {5, 3, 9, 3, 1, 5, 3};
	struct items items = make(numbers, 7);
	struct item key = {.number = 3};
	struct index index = {0};
	const struct item *found;

	index_build(&items, by_number, &index);
	is(sorted_letters(&index), "ebdgafc", "an index is in order, equal elements as they came");
	is(letters(&items), "abcdefg", "and its elements stay where they are");
	found = index_find(&index, &key);
	ok(found && found->letter == 'b', "of equal elements the first is found");
	ok(index_first(&index, &key) == 1 && index_at(&index, 3, &key) && !index_at(&index, 4, &key),
		"the others stand behind it");
	key.number = 4;
	ok(!index_find(&index, &key), "what is not there is not found");
	ok(index_first(&index, &key) == 4, "but where it would stand");
	key.number = 10;
	ok(!index_find(&index, &key) && index_first(&index, &key) == 7 &&
			!index_at(&index, 7, &key),
		"after all others, too");
	free(index.items);
	free(items.items);
}

static void test_empty(void)
{
	struct items items = {0};
	struct item key = {.number = 3};
	struct index index = {0};

	index_build(&items, by_number, &index);
	ok(!index.n && !index_find(&index, &key), "in an empty index nothing is found");
	free(index.items);
	array_drop_repeated(&items, by_number, &index);
	ok(!items.n && !index.n, "of nothing nothing is dropped");
	free(index.items);
}

static void test_drop(void)
{
	static const int numbers[] = {5, 3, 9, 3, 1, 5, 3};
	struct items items = make(numbers, 7);
	struct index index = {0};

	array_drop_repeated(&items, by_number, &index);
	is(letters(&items), "abce", "the first of equal elements stays, in its place");
	is(sorted_letters(&index), "ebac", "and those that stay are in the index");
	free(index.items);
	array_drop_repeated(&items, by_number, &index);
	is(letters(&items), "abce", "where all differ all stay");
	is(sorted_letters(&index), "ebac", "and are in the index");
	free(index.items);
	free(items.items);
}

/* Every length that the halves may have, and every order. */
static void test_lengths(void)
{
	int numbers[40], bad = 0, n, i;
	struct index index;
	struct items items;

	for (n = 0; n <= 40; n++) {
		for (i = 0; i < n; i++)
			numbers[i] = i * 7919 % 41 / 2;
		items = make(numbers, (size_t)n);
		memset(&index, 0, sizeof(index));
		index_build(&items, by_number, &index);
		for (i = 1; i < n; i++)
			bad += by_number(index.items[i - 1], index.items[i]) > 0 ||
				(!by_number(index.items[i - 1], index.items[i]) &&
					index.items[i - 1] > index.items[i]);
		free(index.items);
		free(items.items);
	}
	ok(!bad, "any number of elements is sorted");
}

int main(void)
{
	test_index();
	test_empty();
	test_drop();
	test_lengths();
	return tap_done();
}
