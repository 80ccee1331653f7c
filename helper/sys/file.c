/* SPDX-License-Identifier: MIT
 * One file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/file.h"

/* What is larger is a mistake or an attack: three hundred thousand rules of ours, in a block or on
 * record, are not. */
enum { FILE_MAX = 1 << 24 };

int file_fail(const char *path, int error)
{
	if (error == FILE_NOT_REGULAR)
		log_error("%s: not a regular file; expected one, or none", path);
	else
		log_error("%s: %s", path, strerror(error));
	return -1;
}

int file_exists(const char *path)
{
	if (!access(path, F_OK))
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : file_fail(path, errno);
}

bool file_is_link(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISLNK(status.st_mode);
}

/* 0, or an error as in struct file. size: what the file had when it was opened. */
static int read_all(int fd, size_t size, struct text *out)
{
	char buffer[1 << 14];
	ssize_t n;

	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n > 0)
			text_add(out, buffer, (size_t)n);
		if (out->n > FILE_MAX)
			return EFBIG;
	} while ((n > 0 && out->n != size) || (n < 0 && errno == EINTR));
	return n < 0 ? errno : 0;
}

void file_read(const char *path, int flags, struct file *out)
{
	struct text text = {0};
	struct stat status;
	int fd;

	out->path = mem_string(path);
	out->name = mem_string(strrchr(path, '/') + 1);
	/* A FIFO must not keep a boot waiting. The mode keeps glibc's headers from a check of the
	 * flags that glibc 2.5 lacks. */
	fd = open(path, O_RDONLY | O_NONBLOCK | flags, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (fd < 0) {
		out->error = errno == ELOOP && flags & O_NOFOLLOW ? FILE_NOT_REGULAR : errno;
	} else if (fstat(fd, &status)) {
		out->error = errno;
	} else {
		out->changed = status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec;
		/* They are root as soon as initscripts read it. A group of root's own is root. */
		out->others_write = status.st_uid || status.st_mode & S_IWOTH ||
			(status.st_mode & S_IWGRP && status.st_gid);
		out->disk = status.st_dev;
		out->inode = status.st_ino;
		out->error = S_ISREG(status.st_mode) ? read_all(fd, (size_t)status.st_size, &text)
						  : FILE_NOT_REGULAR;
	}
	if (fd >= 0)
		close(fd);
	if (out->error)
		text.n = 0;
	text_add_string(&text, "");
	out->bytes = text.bytes;
	out->len = text.n;
}

int file_check(const struct file *file)
{
	if (!file->error)
		return 0;
	if (file->error != EFBIG)
		return file_fail(file->path, file->error);
	log_error("%s: larger than %d bytes; expected a configuration file", file->path, FILE_MAX);
	return -1;
}

ssize_t file_read_start(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (n >= 0)
		out[n] = '\0';
	if (fd >= 0)
		close(fd);
	return n;
}

void files_close(int keep)
{
	/* More than we ever hold open: the lowest numbers, each time. What a caller has beyond is
	 * his. */
	enum { OURS_MAX = 256 };
	int fd;

	for (fd = STDERR_FILENO + 1; fd < OURS_MAX; fd++)
		if (fd != keep)
			close(fd);
}
