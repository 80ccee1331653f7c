/* SPDX-License-Identifier: MIT
 * Replaces a file whole or not at all.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/file.h"
#include "sys/replace.h"

/* The kernel has no larger attribute, nor list of their names (XATTR_SIZE_MAX). */
enum { ATTRIBUTE_MAX = 1 << 16 };

bool draft_is_name(const char *name)
{
	/* mkstemp's six, behind a name that only we make up. */
#define LETTER "[[:alnum:]]"
	return !fnmatch(".multihome-*.draft-" LETTER LETTER LETTER LETTER LETTER LETTER, name, 0);
#undef LETTER
}

/* An empty file beside the target, open for writing, and its name. -1: errno. */
static int draft_open(const char *target, const char *path, char draft[PATH_MAX])
{
	snprintf(draft, PATH_MAX, "%.*s/.multihome-%s.draft-XXXXXX",
		(int)(strrchr(target, '/') - target), target, strrchr(path, '/') + 1);
	return mkstemp(draft);
}

static int write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* The value of an attribute, or with name NULL the names of all; NULL: errno says why. */
static char *attribute_read(const char *path, const char *name, size_t *len)
{
	char *bytes = NULL;
	size_t size = 256;
	ssize_t n;

	do {
		size *= 2;
		bytes = mem_resize(bytes, size);
		n = name ? lgetxattr(path, name, bytes, size) : llistxattr(path, bytes, size);
	} while (n < 0 && errno == ERANGE && size < ATTRIBUTE_MAX);
	if (n < 0) {
		free(bytes);
		return NULL;
	}
	*len = (size_t)n;
	return bytes;
}

/* The label that the folder gave it may be the right one already, where nobody may set it. */
static int attribute_write(int fd, const char *name, const char *value, size_t len)
{
	char *there;
	int kept, same;

	if (!fsetxattr(fd, name, value, len, 0))
		return 0;
	kept = errno;
	there = mem_resize(NULL, len + 1);
	same = fgetxattr(fd, name, there, len + 1) == (ssize_t)len && !memcmp(there, value, len);
	free(there);
	errno = kept;
	return same ? 0 : -1;
}

static int attribute_copy(const char *from, const char *name, int to)
{
	size_t len;
	char *value;
	int err;

	/* Both are of the bytes that the file had. */
	if (!strcmp(name, "security.ima") || !strcmp(name, "security.evm"))
		return 0;
	value = attribute_read(from, name, &len);
	if (!value && errno == ENODATA)
		return 0;
	err = value ? attribute_write(to, name, value, len) : -1;
	if (err)
		log_error(
			"%s: keeping %s: %s; the file stays as it is", from, name, strerror(errno));
	free(value);
	return err;
}

/* Owner, mode, ACL and attributes, the SELinux label above all, of the file that it is to replace.
 * 0, or -1: logged. */
static int attributes_copy(const char *from, const struct stat *status, int to)
{
	char *names;
	const char *name;
	size_t n;
	int err = 0;

	if (!status->st_mode)
		return fchmod(to, 0644) ? file_fail(from, errno) : 0;
	/* The ACL that a folder hands down is no part of the file's mode, which would widen it. */
	if (fchown(to, status->st_uid, status->st_gid) ||
		(fremovexattr(to, "system.posix_acl_access") && errno != ENODATA &&
			errno != ENOTSUP) ||
		fchmod(to, status->st_mode & 07777))
		return file_fail(from, errno);
	names = attribute_read(from, NULL, &n);
	/* Where a file system has none there is nothing to copy. */
	if (!names)
		return errno == ENOTSUP ? 0 : file_fail(from, errno);
	for (name = names; !err && name < names + n; name += strlen(name) + 1)
		err = attribute_copy(from, name, to);
	free(names);
	return err;
}

/* A rename is lasting only when the folder is on the disk. EINVAL: this file system has no fsync for
 * folders (fs/sync.c). */
static int folder_sync(const char *path)
{
	char *folder = mem_string(path);
	int fd, err = -1;

	*strrchr(folder, '/') = '\0';
	fd = open(folder, O_RDONLY);
	if (fd >= 0) {
		err = fsync(fd) && errno != EINVAL ? -1 : 0;
		close(fd);
	}
	free(folder);
	return err;
}

/* Where the administrator has a symbolic link, the file behind it is replaced; whatever else is
 * no file is his, and stays. status is 0 if there is none yet. NULL: logged. */
static char *find_target(const char *path, struct stat *status)
{
	char *real = realpath(path, NULL);

	memset(status, 0, sizeof(*status));
	if (real && !stat(real, status) && S_ISREG(status->st_mode))
		return real;
	if (!real && errno == ENOENT && lstat(path, status) && errno == ENOENT)
		return mem_string(path);
	file_fail(path, status->st_mode ? FILE_NOT_REGULAR : errno);
	free(real);
	return NULL;
}

/* A rename would leave the old file to the other names, and a write into the file itself could be
 * cut in the middle. */
static int refuse_hard_links(const char *path, const struct stat *status)
{
	if (status->st_nlink < 2)
		return 0;
	log_error("%s: the file has %lu names (hard links), so it is not written; give it one of "
		  "its own: cp -a FILE FILE.new; mv FILE.new FILE",
		path, (unsigned long)status->st_nlink);
	return -1;
}

/* 0 if the file is still what the plan was made of; CHANGE_STALE: an editor has been at it since;
 * -1: logged. */
static int compare_with_read(const struct change *change)
{
	const struct file *old = change->old;
	struct file now = {0};
	bool same;
	int err;

	file_read(change->path, 0, &now);
	err = file_check(&now);
	same = !now.bytes == !old;
	if (same && old)
		same = now.len == old->len && !memcmp(now.bytes, old->bytes, old->len);
	file_free(&now);
	return err ? -1 : same ? 0 : CHANGE_STALE;
}

static int change_remove(const struct change *change)
{
	struct stat status;
	int err = compare_with_read(change);

	if (err)
		return err;
	if (lstat(change->path, &status))
		return file_fail(change->path, errno);
	if (refuse_hard_links(change->path, &status))
		return -1;
	if (unlink(change->path) || folder_sync(change->path))
		return file_fail(change->path, errno);
	return 0;
}

static int change_replace(
	const struct change *change, const char *target, const struct stat *status)
{
	char draft[PATH_MAX];
	int fd = draft_open(target, change->path, draft), err;

	if (fd < 0)
		return file_fail(change->path, errno);
	err = attributes_copy(target, status, fd);
	if (!err && (write_all(fd, change->bytes, change->bytes ? change->len : 0) || fsync(fd)))
		err = file_fail(change->path, errno);
	if (close(fd) && !err)
		err = file_fail(change->path, errno);
	/* As late as can be: what is written takes the disk its time. */
	if (!err)
		err = compare_with_read(change);
	if (!err && rename(draft, target))
		err = file_fail(change->path, errno);
	if (err)
		unlink(draft);
	else if (folder_sync(target))
		err = file_fail(change->path, errno);
	return err;
}

int change_write(const struct change *change)
{
	struct stat status;
	char *target;
	int err = -1;

	/* A link is the administrator's, also if the file behind it was made by us: that is
	 * emptied. */
	if (!change->bytes && !file_is_link(change->path))
		return change_remove(change);
	target = find_target(change->path, &status);
	if (target && !refuse_hard_links(change->path, &status))
		err = change_replace(change, target, &status);
	free(target);
	return err;
}

int run_file_replace(const char *path, const char *bytes, size_t len)
{
	char draft[PATH_MAX];
	int fd = draft_open(path, path, draft), err;

	if (fd < 0)
		return file_fail(path, errno);
	err = fchmod(fd, 0644) || write_all(fd, bytes, len);
	if (close(fd) || err || rename(draft, path)) {
		file_fail(path, errno);
		unlink(draft);
		return -1;
	}
	return 0;
}

static void drafts_sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat status;

	while (dir && (entry = readdir(dir)))
		if (draft_is_name(entry->d_name) &&
			!fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) &&
			S_ISREG(status.st_mode) && !status.st_uid && status.st_nlink == 1)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

void drafts_remove(const struct sources *sources)
{
	const struct file *file;
	char *target;
	size_t i;

	if (sources->leftovers) {
		drafts_sweep(sources->scripts);
		drafts_sweep(RUN_DIR);
	}
	/* The draft of a file behind a link is beside that file. */
	for (i = 0; i < sources->managed.n; i++) {
		file = &sources->managed.items[i];
		target = file->linked ? realpath(file->path, NULL) : NULL;
		if (target) {
			*strrchr(target, '/') = '\0';
			drafts_sweep(*target ? target : "/");
		}
		free(target);
	}
}
