/* SPDX-License-Identifier: MIT
 * How long commands take, side by side: each in turn, and again, so that whatever else the
 * machine does falls on all of them.
 *
 * stopwatch [-c] REPEATS BEFORE NAME=COMMAND...
 *
 * A command is words at blanks, run without a shell, " ; " between several; "each FILE" is one
 * `ip` a line of it. BEFORE is for a shell, outside of the time, before each; "" is none.
 * Prints a line a command: name, median, least and greatest time in microseconds, and the
 * largest resident memory in KiB. A command that fails ends it all. -c: the processor's time, of
 * which others have no part. What commands print is dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum { WORDS = 64, COMMANDS = 16 };

struct command {
	const char *name;
	char *words[WORDS]; /* NULL after each of several, and twice at the end */
	double *times;
	long memory;
};

static void fail(const char *command, int status)
{
	fprintf(stderr, "stopwatch: %s: %s %d\n", command,
		WIFSIGNALED(status) ? "ended by signal" : "exit status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	exit(1);
}

static void run(char **words, long *memory)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int status = 0;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (errno) {
		perror(words[0]);
		exit(1);
	}
	if (wait4(pid, &status, 0, &usage) < 0 || status)
		fail(words[0], status);
	if (usage.ru_maxrss > *memory)
		*memory = usage.ru_maxrss;
}

static void split(char *text, char **words)
{
	char *rest = NULL, *word;
	size_t n = 0;

	for (word = strtok_r(text, " \n", &rest); word && n < WORDS - 2;
		word = strtok_r(NULL, " \n", &rest))
		words[n++] = strcmp(word, ";") ? word : NULL;
	words[n] = words[n + 1] = NULL;
}

static void run_each(const char *path, long *memory)
{
	char line[256], ip[] = "ip", *words[WORDS] = {ip};
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), file)) {
		split(line, words + 1);
		run(words, memory);
	}
	fclose(file);
}

static double microseconds(const struct timeval *time)
{
	return (double)time->tv_sec * 1e6 + (double)time->tv_usec;
}

static bool processors_time;

static double now(void)
{
	struct timespec time;
	struct rusage usage;

	if (processors_time) {
		getrusage(RUSAGE_CHILDREN, &usage);
		return microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime);
	}
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double measure(struct command *command)
{
	char **words = command->words;
	double start = now();

	if (!strcmp(words[0], "each")) {
		run_each(words[1], &command->memory);
		return now() - start;
	}
	while (*words) {
		run(words, &command->memory);
		while (*words)
			words++;
		words++;
	}
	return now() - start;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void report(struct command *command, int repeats)
{
	qsort(command->times, (size_t)repeats, sizeof(*command->times), compare);
	printf("%s %.0f %.0f %.0f %ld\n", command->name, command->times[repeats / 2],
		command->times[0], command->times[repeats - 1], command->memory);
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS];
	int repeats, n, i, k, status;
	char *equals;

	if (argc > 1 && !strcmp(argv[1], "-c")) {
		processors_time = true;
		argv++;
		argc--;
	}
	repeats = argc > 3 ? atoi(argv[1]) : 0;
	n = argc - 3;
	if (repeats < 1 || n > COMMANDS) {
		fputs("usage: stopwatch [-c] REPEATS BEFORE NAME=COMMAND...\n", stderr);
		return 2;
	}
	for (k = 0; k < n; k++) {
		equals = strchr(argv[k + 3], '=');
		*equals = '\0';
		commands[k].name = argv[k + 3];
		commands[k].times = calloc((size_t)repeats, sizeof(double));
		split(equals + 1, commands[k].words);
	}
	/* One round that does not count: what is read the first time comes from the disk. Where one
	 * is all, it is for what takes minutes. */
	for (i = repeats > 1 ? -1 : 0; i < repeats; i++)
		for (k = 0; k < n; k++) {
			status = *argv[2] ? system(argv[2]) : 0;
			if (status)
				fail(argv[2], status);
			if (i < 0)
				measure(&commands[k]);
			else
				commands[k].times[i] = measure(&commands[k]);
		}
	for (k = 0; k < n; k++)
		report(&commands[k], repeats);
	return 0;
}
