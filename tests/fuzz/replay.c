/* SPDX-License-Identifier: MIT
 * Runs a fuzz target without a fuzzer: on every file of the folders, and on made-up changes of
 * them. TAP.
 *
 * usage: fuzz_NAME [-runs N] FOLDER|FILE...
 *
 * The input that a sanitizer, a failed requirement or a hang stops at is left in fuzz_NAME.crash.
 * The same numbers come up in every run, so that a fault can be had again.
 */
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "fuzz.h"

enum { LEN_MAX = 1 << 14, SECONDS_MAX = 20 };

struct inputs {
	struct text *items;
	size_t n, cap;
};

/* Of libasan and libubsan. */
void __sanitizer_set_death_callback(void (*callback)(void));

static const struct text *running;
static const char *program;

static void leave_input(void)
{
	char *path = mem_format("%s.crash", program);
	FILE *file = fopen(path, "w");

	printf("not ok - an input is too much: %s\n", path);
	fflush(stdout);
	if (file) {
		fwrite(running->bytes, 1, running->n, file);
		fclose(file);
	}
	free(path);
}

static void on_signal(int signal)
{
	(void)signal;
	leave_input();
	_exit(1);
}

static void run_one(const struct text *input)
{
	uint8_t *exact = mem_resize(NULL, input->n);

	/* No byte more than it has, so that a read past its end is seen. */
	memcpy(exact, input->n ? input->bytes : "", input->n);
	running = input;
	alarm(SECONDS_MAX);
	LLVMFuzzerTestOneInput(exact, input->n);
	free(exact);
}

static void add_file(const char *path, struct inputs *inputs)
{
	struct text *input = array_add(inputs);
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t n;

	if (!file) {
		perror(path);
		exit(1);
	}
	text_add(input, "", 0);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		text_add(input, bytes, n);
	fclose(file);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_path(const char *path, struct inputs *inputs)
{
	struct dirent **entries;
	struct stat status;
	char *inside;
	int i, n;

	if (!stat(path, &status) && !S_ISDIR(status.st_mode)) {
		add_file(path, inputs);
		return;
	}
	n = scandir(path, &entries, NULL, compare_names);
	if (n < 0) {
		perror(path);
		exit(1);
	}
	for (i = 0; i < n; i++) {
		inside = mem_format("%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			add_file(inside, inputs);
		free(inside);
		free(entries[i]);
	}
	free(entries);
}

/* xorshift (Marsaglia 2003). */
static size_t choose(size_t n)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return n ? state % n : 0;
}

static void cut(struct text *input)
{
	size_t at = choose(input->n), n = choose(choose(input->n - at) + 1);

	memmove(input->bytes + at, input->bytes + at + n, input->n - at - n);
	input->n -= n;
}

/* A piece of another input in the middle of this one. */
static void insert(struct text *input, const struct text *other)
{
	size_t at = choose(input->n + 1), from = choose(other->n);
	size_t n = choose(choose(other->n - from) + 1);
	struct text whole = {0};

	text_add(&whole, input->bytes, at);
	text_add(&whole, other->bytes + from, n);
	text_add(&whole, input->bytes + at, input->n - at);
	text_free(input);
	*input = whole;
}

static void change(struct text *input, const struct inputs *inputs)
{
	static const char telling[] = "\0\n\r \t'\"\\$`{}()[]#=;&|<>*?~:/.,%-+019fFxX\xff\x7f\x80";
	const struct text *other = &inputs->items[choose(inputs->n)];
	char byte = telling[choose(sizeof(telling) - 1)];
	size_t times = choose(4) + 1;

	for (; times; times--) {
		switch (input->n ? choose(5) : 4) {
		case 0:
			input->bytes[choose(input->n)] = byte;
			break;
		case 1:
			input->bytes[choose(input->n)] ^= (char)(1 << choose(8));
			break;
		case 2:
			input->bytes[choose(input->n)] = (char)choose(256);
			break;
		case 3:
			cut(input);
			break;
		default:
			insert(input, other);
		}
	}
	if (input->n > LEN_MAX)
		input->n = LEN_MAX;
}

static void run_changed(const struct inputs *inputs, long runs)
{
	const struct text *seed;
	struct text input;

	for (; runs > 0; runs--) {
		seed = &inputs->items[choose(inputs->n)];
		memset(&input, 0, sizeof(input));
		text_add(&input, seed->bytes, seed->n);
		change(&input, inputs);
		run_one(&input);
		text_free(&input);
	}
}

int main(int argc, char **argv)
{
	struct inputs inputs = {0};
	long runs = 0;
	size_t i;
	int at = 1;

	program = argv[0];
	if (argc > 2 && !strcmp(argv[1], "-runs")) {
		runs = atol(argv[2]);
		at = 3;
	}
	for (; at < argc; at++)
		add_path(argv[at], &inputs);
	if (!inputs.n) {
		fprintf(stderr, "usage: %s [-runs N] FOLDER|FILE...\n", argv[0]);
		return 2;
	}
	__sanitizer_set_death_callback(leave_input);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	for (i = 0; i < inputs.n; i++)
		run_one(&inputs.items[i]);
	run_changed(&inputs, runs);
	printf("ok 1 - %lu inputs, and %ld made of them, are read without a fault\n1..1\n",
		(unsigned long)inputs.n, runs);
	for (i = 0; i < inputs.n; i++)
		text_free(&inputs.items[i]);
	free(inputs.items);
	return 0;
}
