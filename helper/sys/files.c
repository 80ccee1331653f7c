/* SPDX-License-Identifier: MIT
 * Files: reading, atomic replacement, the lock, the record.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/files.h"

#ifndef O_CLOEXEC
#define O_CLOEXEC 0 /* not in glibc 2.5; we run no other program */
#endif

/* What is larger is a mistake or an attack: three hundred thousand rules of ours, in a block or on
 * record, are not. */
enum { FILE_MAX = 1 << 24, LOCK_SECONDS = 30 };

static const char run_dir[] = "/var/run/multihome";
static const char lock_path[] = "/var/run/multihome/lock";
static const char record_path[] = "/var/run/multihome/rules";
static const char saves_path[] = "/var/run/multihome/sysctls";
/* Of each device, what dhclient told our hook last. */
static const char lease_name[] = "lease-";
/* Of a device whose own hook is yet to come. */
static const char coming_name[] = "coming-";
/* What is being written, before it is renamed; no ifup script looks at a dot file. */
static const char beside_name[] = ".multihome-";

static int file_fail(const char *path)
{
	log_error("%s: %s", path, strerror(errno));
	return -1;
}

static int read_all(int fd, const char *path, struct text *out)
{
	char buffer[1 << 14];
	ssize_t n;

	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n > 0)
			text_add(out, buffer, (size_t)n);
		if (out->n > FILE_MAX) {
			log_error("%s: larger than %d bytes; expected a configuration file", path,
				FILE_MAX);
			return -1;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? file_fail(path) : 0;
}

/* Whoever may write it is root as soon as initscripts read it. A group of root's own is root. */
static bool others_may_write(const struct stat *status)
{
	return status->st_uid || status->st_mode & S_IWOTH ||
		(status->st_mode & S_IWGRP && status->st_gid);
}

/* bytes stays NULL if there is no such file. */
static int file_read(const char *path, struct file *out)
{
	struct text text = {0};
	struct stat stat;
	int fd, err;

	out->path = mem_string(path);
	out->name = mem_string(strrchr(path, '/') + 1);
	/* A FIFO must not keep a boot waiting. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &stat)) {
		err = file_fail(path);
		if (fd >= 0)
			close(fd);
		return err;
	}
	text_add_string(&text, "");
	if (S_ISREG(stat.st_mode)) {
		err = read_all(fd, path, &text);
	} else {
		log_error("%s: not a regular file", path);
		err = -1;
	}
	close(fd);
	out->bytes = text.bytes;
	out->len = text.n;
	out->changed = stat.st_mtim.tv_sec * 1000000000LL + stat.st_mtim.tv_nsec;
	out->others_write = others_may_write(&stat);
	return err;
}

static int compare_names(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	/* eth2 before eth10, as init.d/network sorts. */
	return strverscmp(x->name, y->name);
}

/* As [ -f ] of the scripts: links are followed, folders are not files. 1, 0, or -1: logged. */
static int is_regular(const char *path)
{
	struct stat status;

	if (!stat(path, &status))
		return S_ISREG(status.st_mode);
	/* A link that leads nowhere, or a file that somebody just removed. */
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : file_fail(path);
}

/* 1, 0, or -1: logged. */
static int path_exists(const char *path)
{
	if (!access(path, F_OK))
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : file_fail(path);
}

/* The files of a folder whose names start with a prefix. */
struct part {
	const char *prefix;
	struct files *files;
};

static struct files *files_for(const struct part *parts, size_t n, const char *name)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = strlen(parts[i].prefix);
		if (!strncmp(name, parts[i].prefix, len) && name[len])
			return name[0] == '.' || file_ignored(name) ? NULL : parts[i].files;
	}
	return NULL;
}

/* Reads the files of each part that are not ignored; all in one pass. *leftovers, if it is asked
 * for, becomes true where something was left half-written. */
static int parts_read(const char *folder, const struct part *parts, size_t n, bool *leftovers)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct files *files;
	int err = 0, regular;
	char *path;
	size_t i;

	if (!dir)
		return errno == ENOENT ? 0 : file_fail(folder);
	while (!err && (errno = 0, entry = readdir(dir))) {
		if (leftovers && !strncmp(entry->d_name, beside_name, strlen(beside_name)))
			*leftovers = true;
		files = files_for(parts, n, entry->d_name);
		if (!files)
			continue;
		path = mem_format("%s/%s", folder, entry->d_name);
		regular = entry->d_type == DT_REG ? 1 : is_regular(path);
		err = regular > 0 ? file_read(path, array_add(files)) : regular;
		free(path);
	}
	if (!err && errno)
		err = file_fail(folder);
	closedir(dir);
	for (i = 0; i < n; i++)
		array_sort(parts[i].files, compare_names);
	return err;
}

static int files_read(const char *folder, const char *prefix, struct files *out)
{
	const struct part all = {prefix, out};

	return parts_read(folder, &all, 1, NULL);
}

static int read_below(const char *etc, const char *name, struct file *out)
{
	char *path = mem_format("%s/%s", etc, name);
	int err = file_read(path, out);

	free(path);
	return err;
}

/* A file, and those of the folder that goes with it. */
static int read_with_folder(const char *etc, const char *name, const char *dir, struct files *out)
{
	char *folder = mem_format("%s/%s", etc, dir);
	int err = files_read(folder, "", out);

	if (!err)
		err = read_below(etc, name, array_add(out));
	free(folder);
	return err;
}

/* EL6's writes a pid file; systemd's does not (nm_main), but its control group, of version 1 or
 * 2, lives as long as the service. */
static int network_manager_runs(bool *runs)
{
	static const char *const signs[] = {"/var/run/NetworkManager/NetworkManager.pid",
		"/sys/fs/cgroup/systemd/system.slice/NetworkManager.service",
		"/sys/fs/cgroup/system.slice/NetworkManager.service"};
	int found = 0;
	size_t i;

	for (i = 0; !found && i < sizeof(signs) / sizeof(*signs); i++)
		found = path_exists(signs[i]);
	*runs = found > 0;
	return found < 0 ? -1 : 0;
}

static int compare_ages(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->changed != y->changed)
		return x->changed < y->changed ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* dhclient-DEVICE.leases, and since EL7 dhclient-UUID-DEVICE.lease (generate_lease_file_name);
 * whose they are stands in them. */
static int read_leases(const char *root, struct sources *sources)
{
	const struct part told = {lease_name, &sources->leases};
	char *folder = mem_format("%s/var/lib/dhclient", root);
	int err = files_read(folder, "dhclient-", &sources->leases);

	if (!err && !*root)
		err = parts_read(run_dir, &told, 1, &sources->leftovers);
	array_sort(&sources->leases, compare_ages);
	sources->now = time(NULL);
	free(folder);
	return err;
}

static int read_scripts(struct sources *sources)
{
	const struct part parts[] = {{"ifcfg-", &sources->ifcfg}, {"route-", &sources->managed},
		{"rule-", &sources->managed}, {"route6-", &sources->managed},
		{"rule6-", &sources->managed}};

	return parts_read(
		sources->scripts, parts, sizeof(parts) / sizeof(*parts), &sources->leftovers);
}

int sources_read(const char *root, struct sources *sources)
{
	char *etc = mem_format("%s/etc", root), *inside = mem_format("%s/sysconfig", root);
	int err;

	sources->copied = *root != '\0';
	if (*root && !access(inside, F_OK)) {
		free(etc);
		etc = mem_string(root);
	}
	sources->scripts = mem_format("%s/sysconfig/network-scripts", etc);
	err = read_below(etc, "sysconfig/network", &sources->network);
	err |= read_below(etc, "sysconfig/multihome", &sources->defaults);
	err |= read_scripts(sources);
	err |= read_with_folder(
		etc, "iproute2/rt_tables", "iproute2/rt_tables.d", &sources->tables);
	err |= read_with_folder(etc, "sysctl.conf", "sysctl.d", &sources->settings);
	err |= read_leases(root, sources);
	err |= read_below(etc, "sysconfig/network-scripts/ifup-ipv6", &sources->ifup_ipv6);
	err |= read_below(etc, "sysconfig/network-scripts/ifup-routes", &sources->ifup_routes);
	if (!*root)
		err |= network_manager_runs(&sources->network_manager);
	free(inside);
	free(etc);
	return err ? -1 : 0;
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

/* The SELinux label above all. Where a file system has none there is nothing to copy. */
static void copy_attributes(const char *from, int to)
{
	char names[4096], value[4096];
	ssize_t n = listxattr(from, names, sizeof(names)), len;
	const char *name;

	for (name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		len = getxattr(from, name, value, sizeof(value));
		if (len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) && errno != ENOTSUP)
			log_notice("%s: keeping %s: %s", from, name, strerror(errno));
	}
}

static int copy_owner(const char *from, const struct stat *status, int to)
{
	if (!status->st_mode)
		return fchmod(to, 0644);
	if (fchown(to, status->st_uid, status->st_gid) || fchmod(to, status->st_mode & 07777))
		return -1;
	copy_attributes(from, to);
	return 0;
}

/* What is below /var/run speaks of the kernel's state, and is gone with it. */
static bool must_last(const char *path)
{
	return strncmp(path, run_dir, strlen(run_dir)) != 0;
}

/* A rename is lasting only when the folder is on the disk. */
static int sync_folder(const char *path)
{
	char *folder = mem_string(path);
	int fd, err = -1;

	*strrchr(folder, '/') = '\0';
	fd = open(folder, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		err = fsync(fd);
		close(fd);
	}
	free(folder);
	return err;
}

/* What is to be a file's content, in a file beside it. */
struct draft_file {
	char *target, *beside;
};

static void draft_drop(struct draft_file *draft)
{
	if (draft->beside)
		unlink(draft->beside);
	free(draft->beside);
	free(draft->target);
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
	if (status->st_mode)
		log_error("%s: not a regular file; expected one, or none", path);
	else
		file_fail(path);
	free(real);
	return NULL;
}

static int draft_write(const char *path, const char *bytes, size_t len, struct draft_file *draft)
{
	struct stat status;
	int fd, err;

	draft->beside = NULL;
	draft->target = find_target(path, &status);
	if (!draft->target)
		return -1;
	draft->beside = mem_format("%.*s/%sXXXXXX",
		(int)(strrchr(draft->target, '/') - draft->target), draft->target, beside_name);
	fd = mkstemp(draft->beside);
	if (fd < 0) {
		free(draft->beside);
		draft->beside = NULL;
		return file_fail(path);
	}
	err = copy_owner(draft->target, &status, fd) || write_all(fd, bytes, len) ||
		(must_last(path) && fsync(fd));
	if (err)
		file_fail(path);
	if (close(fd) && !err)
		err = file_fail(path);
	return err ? -1 : 0;
}

static int draft_rename(struct draft_file *draft, const char *path)
{
	if (rename(draft->beside, draft->target))
		return file_fail(path);
	free(draft->beside);
	draft->beside = NULL;
	return must_last(path) && sync_folder(draft->target) ? file_fail(path) : 0;
}

static int replace(const char *path, const char *bytes, size_t len)
{
	struct draft_file draft;
	int err = draft_write(path, bytes, len, &draft);

	if (!err)
		err = draft_rename(&draft, path);
	draft_drop(&draft);
	return err;
}

static void sweep(const char *folder, const char *prefix)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

void leftovers_remove(const struct sources *sources)
{
	/* A run that was killed may have left what it was writing. */
	if (!sources->leftovers)
		return;
	sweep(sources->scripts, beside_name);
	sweep(run_dir, beside_name);
}

/* Is the file still what the plan was made of? An editor may have been at it since. 1, 0, or
 * -1: logged. */
static int is_as_read(const struct change *change)
{
	const struct file *old = change->old;
	struct file now = {0};
	int err = file_read(change->path, &now);
	bool same = !now.bytes == !old;

	if (same && old)
		same = now.len == old->len && !memcmp(now.bytes, old->bytes, old->len);
	file_free(&now);
	return err ? -1 : same;
}

static int change_remove(const struct change *change)
{
	int same = is_as_read(change);

	if (same <= 0)
		return same ? -1 : CHANGE_STALE;
	if (unlink(change->path) || sync_folder(change->path))
		return file_fail(change->path);
	return 0;
}

int change_write(const struct change *change)
{
	struct draft_file draft;
	int err, same;

	if (!change->bytes)
		return change_remove(change);
	err = draft_write(change->path, change->bytes, change->len, &draft);
	if (!err) {
		/* As late as can be: what is written takes the disk its time. */
		same = is_as_read(change);
		err = same > 0 ? draft_rename(&draft, change->path) : same ? -1 : CHANGE_STALE;
	}
	draft_drop(&draft);
	return err;
}

static int make_run_dir(void)
{
	return !mkdir(run_dir, 0755) || errno == EEXIST ? 0 : file_fail(run_dir);
}

/* Is the file that we hold still the one under the name? clean removes it. */
static bool lock_is_current(int fd)
{
	struct stat held, named;

	return !fstat(fd, &held) && !stat(lock_path, &named) && held.st_ino == named.st_ino &&
		held.st_dev == named.st_dev;
}

/* What the process was called by, its words apart by blanks; "?" if it is gone. */
static void read_command(pid_t pid, char out[128])
{
	char path[32];
	ssize_t n = 0, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, 127);
		close(fd);
	}
	if (n <= 0)
		out[0] = '?';
	for (i = 0; i < n - 1; i++)
		if (!out[i])
			out[i] = ' ';
	out[n > 0 ? n : 1] = '\0';
}

static void lock_report(int fd)
{
	struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char command[128];

	if (fcntl(fd, F_GETLK, &held) || held.l_type == F_UNLCK) {
		log_error("%s: held by others for %d seconds; expected them to end", lock_path,
			LOCK_SECONDS);
		return;
	}
	read_command(held.l_pid, command);
	log_error("%s: held for %d seconds by process %d (%s); expected it to end", lock_path,
		LOCK_SECONDS, (int)held.l_pid, command);
}

void coming_set(const char *device, bool coming)
{
	char *path = mem_format("%s/%s%s", run_dir, coming_name, device);
	int fd = coming ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (fd >= 0)
		close(fd);
	if (!coming)
		unlink(path);
	free(path);
}

int lock_take(void)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int tries, fd = -1;

	for (tries = LOCK_SECONDS * 50; tries; tries--) {
		if (fd < 0)
			fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 && errno == ENOENT) {
			if (make_run_dir())
				return -1;
			continue;
		}
		if (fd >= 0 && !fcntl(fd, F_SETLK, &lock)) {
			if (lock_is_current(fd))
				return 0;
			close(fd);
			fd = -1;
			continue;
		}
		if (fd < 0 || (errno != EACCES && errno != EAGAIN))
			return file_fail(lock_path);
		nanosleep(&pause, NULL);
	}
	lock_report(fd);
	return -1;
}

void run_dir_remove(void)
{
	unlink(record_path);
	unlink(saves_path);
	sweep(run_dir, lease_name);
	sweep(run_dir, coming_name);
	unlink(lock_path);
	rmdir(run_dir);
}

/* Calls take with each line of a record; one that is not there has none. */
static int lines_read(const char *path, void (*take)(const char *line, void *arg), void *arg)
{
	struct file file = {0};
	int err = file_read(path, &file);
	char *line, *next;

	for (line = file.bytes; !err && line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		take(line, arg);
	}
	file_free(&file);
	return err;
}

/* Leaves a file alone that holds just this already. */
static int text_write(const char *path, const struct text *text)
{
	struct file file = {0};
	int err = file_read(path, &file);

	if (!err && (text->n != file.len || (text->n && memcmp(text->bytes, file.bytes, text->n))))
		err = make_run_dir() || replace(path, text->n ? text->bytes : "", text->n);
	file_free(&file);
	return err ? -1 : 0;
}

static void take_rule(const char *line, void *arg)
{
	struct rules *record = arg;
	struct rule rule;

	if (!rule_parse(line, &rule))
		*array_add(record) = rule;
}

int record_read(struct rules *record)
{
	return lines_read(record_path, take_rule, record);
}

int record_write(const struct rules *record)
{
	struct text text = {0};
	size_t i;
	int err;

	for (i = 0; i < record->n; i++) {
		rule_format(&record->items[i], &text);
		text_add_string(&text, "\n");
	}
	err = text_write(record_path, &text);
	text_free(&text);
	return err;
}

static void take_saved(const char *line, void *arg)
{
	struct saves *saves = arg;
	struct saved saved;

	if (!saved_parse(line, &saved))
		*array_add(saves) = saved;
}

int saves_read(struct saves *saves)
{
	return lines_read(saves_path, take_saved, saves);
}

int saves_write(const struct saves *saves)
{
	struct text text = {0};
	size_t i;
	int err;

	for (i = 0; i < saves->n; i++)
		saved_format(&saves->items[i], &text);
	err = text_write(saves_path, &text);
	text_free(&text);
	return err;
}

int lease_write(const struct lease *lease)
{
	char *path = mem_format("%s/%s%s", run_dir, lease_name, lease->device);
	struct text text = {0};
	int err;

	lease_format(lease, &text);
	err = replace(path, text.bytes, text.n);
	text_free(&text);
	free(path);
	return err;
}
