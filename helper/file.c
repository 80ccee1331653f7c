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

#include "block.h"
#include "file.h"
#include "log.h"

#ifndef O_CLOEXEC
#define O_CLOEXEC 0 /* not in glibc 2.5; we run no other program */
#endif

/* Larger than any that a person writes; what is larger is a mistake or an attack. */
enum { FILE_MAX = 1 << 20, LOCK_SECONDS = 20 };

static const char run_dir[] = "/var/run/multihome";
static const char lock_path[] = "/var/run/multihome/lock";
static const char record_path[] = "/var/run/multihome/rules";
static const char saves_path[] = "/var/run/multihome/sysctls";
/* Of each device, what dhclient told our hook last. */
static const char lease_name[] = "lease-";
/* What is being written, before it is renamed; no ifup script looks at a dot file. */
static const char beside_name[] = ".multihome-";

static int read_all(int fd, const char *path, struct text *out)
{
	char buffer[4096];
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
	if (n < 0)
		log_error("%s: %s", path, strerror(errno));
	return n < 0 ? -1 : 0;
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
		log_error("%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (S_ISREG(stat.st_mode)) {
		err = read_all(fd, path, &text);
	} else {
		log_error("%s: not a regular file", path);
		err = -1;
	}
	close(fd);
	out->bytes = mem_copy(text.bytes, text.n);
	out->len = text.n;
	out->changed = stat.st_mtim.tv_sec * 1000000000LL + stat.st_mtim.tv_nsec;
	text_free(&text);
	return err;
}

static int compare_names(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	/* eth2 before eth10, as init.d/network sorts. */
	return strverscmp(x->name, y->name);
}

static bool is_regular(const char *path)
{
	struct stat status;

	/* As [ -f ] of the scripts: links are followed, folders are not files. */
	return !stat(path, &status) && S_ISREG(status.st_mode);
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
	int err = 0;
	char *path;
	size_t i;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir) {
		log_error("%s: %s", folder, strerror(errno));
		return -1;
	}
	while (!err && (errno = 0, entry = readdir(dir))) {
		if (leftovers && !strncmp(entry->d_name, beside_name, strlen(beside_name)))
			*leftovers = true;
		files = files_for(parts, n, entry->d_name);
		if (!files)
			continue;
		path = mem_format("%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_REG || is_regular(path))
			err = file_read(path, array_add(files));
		free(path);
	}
	if (!err && errno) {
		log_error("%s: %s", folder, strerror(errno));
		err = -1;
	}
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
static bool network_manager_runs(void)
{
	static const char *const signs[] = {"/var/run/NetworkManager/NetworkManager.pid",
		"/sys/fs/cgroup/systemd/system.slice/NetworkManager.service",
		"/sys/fs/cgroup/system.slice/NetworkManager.service"};
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (!access(signs[i], F_OK))
			return true;
	return false;
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
	sources->network_manager = !*root && network_manager_runs();
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

static int copy_owner(const char *from, int to)
{
	struct stat status;

	if (stat(from, &status))
		return errno == ENOENT ? fchmod(to, 0644) : -1;
	if (fchown(to, status.st_uid, status.st_gid) || fchmod(to, status.st_mode & 07777))
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

static int write_beside(const char *path, char *beside, const char *bytes, size_t len, bool lasting)
{
	int fd = mkstemp(beside), err;

	if (fd < 0)
		return -1;
	err = copy_owner(path, fd) || write_all(fd, bytes, len) || (lasting && fsync(fd));
	err |= close(fd);
	if (!err && !rename(beside, path))
		return lasting ? sync_folder(path) : 0;
	err = errno;
	unlink(beside);
	errno = err;
	return -1;
}

static int replace(const char *path, const char *bytes, size_t len)
{
	/* Where the administrator has a symbolic link, the file behind it is replaced. */
	bool lasting = must_last(path);
	char *real = realpath(path, NULL);
	const char *target = real ? real : path;
	char *beside = mem_format(
		"%.*s/%sXXXXXX", (int)(strrchr(target, '/') - target), target, beside_name);
	int err = write_beside(target, beside, bytes, len, lasting);

	if (err)
		log_error("%s: %s", path, strerror(errno));
	free(beside);
	free(real);
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

int change_write(const struct change *change)
{
	if (change->bytes)
		return replace(change->path, change->bytes, change->len);
	if (!unlink(change->path) || errno == ENOENT)
		return sync_folder(change->path);
	log_error("%s: %s", change->path, strerror(errno));
	return -1;
}

static int make_run_dir(void)
{
	if (!mkdir(run_dir, 0755) || errno == EEXIST)
		return 0;
	log_error("%s: %s", run_dir, strerror(errno));
	return -1;
}

/* Is the file that we hold still the one under the name? clean removes it. */
static bool lock_is_current(int fd)
{
	struct stat held, named;

	return !fstat(fd, &held) && !stat(lock_path, &named) && held.st_ino == named.st_ino &&
		held.st_dev == named.st_dev;
}

static void lock_report(int fd)
{
	struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (!fcntl(fd, F_GETLK, &held) && held.l_type != F_UNLCK)
		log_error("%s: held by process %d for %d seconds", lock_path, (int)held.l_pid,
			LOCK_SECONDS);
	else
		log_error("%s: %s", lock_path, strerror(errno));
}

int lock_take(void)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int tries, fd = -1;

	for (tries = LOCK_SECONDS * 50; tries; tries--) {
		if (fd < 0 && make_run_dir())
			return -1;
		if (fd < 0)
			fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0 && !fcntl(fd, F_SETLK, &lock)) {
			if (lock_is_current(fd))
				return 0;
			close(fd);
			fd = -1;
			continue;
		}
		if (fd < 0 ? errno != ENOENT : errno != EACCES && errno != EAGAIN)
			break;
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
	unlink(lock_path);
	rmdir(run_dir);
}

/* Calls take with each line of a record; one that is not there has none. */
static int lines_read(const char *path, void (*take)(const char *line, void *arg), void *arg)
{
	struct file file = {0};
	const char *cursor;
	char *line;
	int err = file_read(path, &file);

	cursor = file.bytes;
	while (!err && (line = line_next(&cursor))) {
		take(line, arg);
		free(line);
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
