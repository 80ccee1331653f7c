/* SPDX-License-Identifier: MIT
 * Stands in for the program while a tool watches it: calls PROGRAM by the TOOL, if there is one, or
 * with the sanitizers told where to report.
 *
 * No shell, and linked statically: strace, a hostile environment and a file mode mask meet it as
 * well, and what it asks of the system is next to nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TOOL
#define TOOL ""
#endif

enum { WORDS = 256 };

/* Where a lab has the repository, or where it is. */
static const char *repo(void)
{
	static const char lab[] = "/run/lab/repo";

	return access("/run/lab/repo/" BUILD "/watched", F_OK) ? REPO : lab;
}

/* Leaks cannot be looked for while strace is at it. */
static int is_traced(void)
{
	char line[256];
	int tracer = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (status)
		fclose(status);
	return tracer != 0;
}

/* The numbers of a lab's processes are others' too, so that they are no names for reports. */
static const char *new_report(void)
{
	static char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/reports/XXXXXX", repo(), BUILD);
	fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return path;
}

int main(int argc, char **argv)
{
	static char program[4096], option[4200], tool[] = TOOL;
	char *words[WORDS + 8], *word;
	const char *report = new_report();
	int n = 0, i;

	snprintf(program, sizeof(program), "%s/%s/watched/%s", repo(), BUILD, PROGRAM);
	for (word = strtok(tool, " "); word && n < 8; word = strtok(NULL, " "))
		words[n++] = word;
	if (n) {
		snprintf(option, sizeof(option), "--log-file=%s", report);
		words[n++] = option;
	} else {
		snprintf(option, sizeof(option), "log_path=%s:verify_asan_link_order=0%s", report,
			is_traced() ? ":detect_leaks=0" : "");
		setenv("ASAN_OPTIONS", option, 1);
		snprintf(option, sizeof(option), "log_path=%s:print_stacktrace=1", report);
		setenv("UBSAN_OPTIONS", option, 1);
	}
	words[n++] = program;
	for (i = 1; i < argc && n < WORDS; i++)
		words[n++] = argv[i];
	words[n] = NULL;
	execv(words[0], words);
	perror(words[0]);
	return 127;
}
