/* SPDX-License-Identifier: MIT
 * Runs a command and notes in a file how many microseconds it took.
 *
 * tally FILE COMMAND [ARGUMENT...]
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	double start = now();
	char line[32];
	int status, fd, n;
	pid_t pid;

	if (argc < 3) {
		fputs("usage: tally FILE COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	errno = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
	if (errno || waitpid(pid, &status, 0) < 0) {
		perror(argv[2]);
		return 1;
	}
	n = snprintf(line, sizeof(line), "%.0f\n", now() - start);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || write(fd, line, (size_t)n) != n) {
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
