/* SPDX-License-Identifier: MIT
 * One of us at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/lock.h"
#include "sys/run.h"

enum { LOCK_SECONDS = 30 };

static int held = -1;

/* -1: errno. */
static int lock_open(void)
{
	int fd = open(RUN_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) || S_ISREG(status.st_mode))
		return fd;
	close(fd);
	errno = ELOOP;
	return -1;
}

/* Is the file that we hold still the one under the name? clean removes it. */
static bool lock_is_current(int fd)
{
	struct stat open, named;

	return !fstat(fd, &open) && !lstat(RUN_LOCK, &named) && open.st_ino == named.st_ino &&
		open.st_dev == named.st_dev;
}

static void lock_report(int fd)
{
	struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[32], command[128];
	ssize_t n, i;

	if (fcntl(fd, F_GETLK, &holder) || holder.l_type == F_UNLCK) {
		log_error("%s: held by others for %d seconds; expected them to end", RUN_LOCK,
			LOCK_SECONDS);
		return;
	}
	/* Its words, which end with a NUL each, apart by blanks; "?" if it is gone. */
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)holder.l_pid);
	n = file_read_start(path, command, sizeof(command));
	for (i = 0; i < n - 1; i++)
		if (!command[i])
			command[i] = ' ';
	log_error("%s: held for %d seconds by process %d (%s); expected it to end", RUN_LOCK,
		LOCK_SECONDS, (int)holder.l_pid, n > 0 ? command : "?");
}

int lock_take(void)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int tries, fd = -1;

	for (tries = LOCK_SECONDS * 50; tries; tries--) {
		if (fd < 0)
			fd = lock_open();
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
			if (run_dir_make())
				return -1;
			continue;
		}
		if (fd >= 0 && !fcntl(fd, F_SETLK, &lock)) {
			if (lock_is_current(fd)) {
				held = fd;
				return 0;
			}
			close(fd);
			fd = -1;
			continue;
		}
		if (fd < 0 || (errno != EACCES && errno != EAGAIN))
			return file_fail(RUN_LOCK,
				errno == ELOOP || errno == EISDIR ? FILE_NOT_REGULAR : errno);
		nanosleep(&pause, NULL);
	}
	lock_report(fd);
	return -1;
}

void lock_release(void)
{
	close(held);
	held = -1;
}
