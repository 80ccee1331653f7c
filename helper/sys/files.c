/* SPDX-License-Identifier: MIT
 * Files: reading, atomic replacement, the lock, the record.
 */
#include <ctype.h>
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
/* The kernel has no larger attribute, nor list of their names (XATTR_SIZE_MAX). */
enum { ATTRIBUTE_MAX = 1 << 16 };
/* An error of our own, where errno has none. */
enum { NOT_REGULAR = -1 };

static const char run_dir[] = "/var/run/multihome";
static const char lock_path[] = "/var/run/multihome/lock";
static const char record_path[] = "/var/run/multihome/rules";
static const char saves_path[] = "/var/run/multihome/sysctls";
static const char brought_up_path[] = "/var/run/multihome/brought-up";
/* Of each device, what dhclient told our hook last. */
static const char lease_name[] = "lease-";
/* Of a device whose own hook is yet to come. */
static const char coming_name[] = "coming-";
/* A draft is called ".multihome-NAME.draft-XXXXXX"; no ifup script looks at a dot file. */
static const char draft_name[] = ".multihome-", draft_ending[] = ".draft-XXXXXX";

static int file_fail(const char *path)
{
	log_error("%s: %s", path, strerror(errno));
	return -1;
}

/* 0, or an error as in struct file. */
static int read_all(int fd, struct text *out)
{
	char buffer[1 << 14];
	ssize_t n;

	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n > 0)
			text_add(out, buffer, (size_t)n);
		if (out->n > FILE_MAX)
			return EFBIG;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? errno : 0;
}

/* Whoever may write it is root as soon as initscripts read it. A group of root's own is root. */
static bool others_may_write(const struct stat *status)
{
	return status->st_uid || status->st_mode & S_IWOTH ||
		(status->st_mode & S_IWGRP && status->st_gid);
}

static int file_open(const char *path, int flags, struct stat *status, int *error)
{
	/* A FIFO must not keep a boot waiting. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags, 0);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -1;
	if (fd < 0)
		*error = errno == ELOOP && flags & O_NOFOLLOW ? NOT_REGULAR : errno;
	else if (fstat(fd, status))
		*error = errno;
	else if (!S_ISREG(status->st_mode))
		*error = NOT_REGULAR;
	return fd;
}

/* bytes stays NULL if there is no such file. flags: 0, or O_NOFOLLOW for our own files. */
static void file_read(const char *path, int flags, struct file *out)
{
	struct text text = {0};
	struct stat status;
	int fd;

	out->path = mem_string(path);
	out->name = mem_string(strrchr(path, '/') + 1);
	fd = file_open(path, flags, &status, &out->error);
	if (fd < 0 && !out->error)
		return;
	if (fd >= 0) {
		out->changed = status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec;
		out->others_write = others_may_write(&status);
		out->disk = status.st_dev;
		out->inode = status.st_ino;
	}
	text_add_string(&text, "");
	if (!out->error)
		out->error = read_all(fd, &text);
	if (fd >= 0)
		close(fd);
	if (out->error) {
		text_free(&text);
		out->bytes = mem_string("");
		return;
	}
	out->bytes = text.bytes;
	out->len = text.n;
}

/* 0, or -1 if it could not be read: logged. */
static int file_check(const struct file *file)
{
	if (file->error == EFBIG)
		log_error("%s: larger than %d bytes; expected a configuration file", file->path,
			FILE_MAX);
	else if (file->error == NOT_REGULAR)
		log_error("%s: not a regular file; expected one, or none", file->path);
	else if (file->error)
		log_error("%s: %s", file->path, strerror(file->error));
	return file->error ? -1 : 0;
}

static int files_check(const struct files *files)
{
	int err = 0;
	size_t i;

	for (i = 0; i < files->n; i++)
		err |= file_check(&files->items[i]);
	return err;
}

static int compare_names(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	/* eth2 before eth10, as init.d/network sorts. */
	return strverscmp(x->name, y->name);
}

/* As [ -f ] of the scripts: links are followed, folders are not files. 1, 0, or -1: errno. */
static int is_regular(const char *path, int flags)
{
	struct stat status;

	if (!(flags & O_NOFOLLOW ? lstat : stat)(path, &status))
		return S_ISREG(status.st_mode);
	/* A link that leads nowhere, or a file that somebody just removed. */
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
}

static bool is_link(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISLNK(status.st_mode);
}

/* 1, 0, or -1: logged. */
static int path_exists(const char *path)
{
	if (!access(path, F_OK))
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : file_fail(path);
}

/* The files of a folder whose names start and end so. */
struct part {
	const char *prefix, *suffix;
	struct files *files;
};

static struct files *files_for(const struct part *parts, size_t n, const char *name)
{
	size_t i, before, behind, len = strlen(name);

	for (i = 0; i < n; i++) {
		before = strlen(parts[i].prefix);
		behind = strlen(parts[i].suffix);
		if (len > before + behind && !strncmp(name, parts[i].prefix, before) &&
			!strcmp(name + len - behind, parts[i].suffix))
			return name[0] == '.' || file_ignored(name) ? NULL : parts[i].files;
	}
	return NULL;
}

/* mkstemp's, of a name that only we make up. */
static bool is_draft_name(const char *name)
{
	const char *ending;
	size_t len = strlen(name), fixed = strlen(draft_ending) - strlen("XXXXXX"), i;

	if (strncmp(name, draft_name, strlen(draft_name)) ||
		len < strlen(draft_name) + strlen(draft_ending))
		return false;
	ending = name + len - strlen(draft_ending);
	for (i = fixed; ending[i]; i++)
		if (!isalnum((unsigned char)ending[i]))
			return false;
	return !strncmp(ending, draft_ending, fixed);
}

/* A file, or with name "" a folder, that cannot be read. */
static void add_unread(const char *path, const char *name, struct files *files)
{
	struct file *file = array_add(files);

	file->error = errno;
	file->path = mem_string(path);
	file->name = mem_string(name);
	file->bytes = mem_string("");
}

static void read_entry(
	const char *folder, const struct dirent *entry, int flags, struct files *files)
{
	char *path = mem_format("%s/%s", folder, entry->d_name);
	int regular = entry->d_type == DT_REG ? 1 : is_regular(path, flags);
	struct file *file;

	if (regular < 0) {
		add_unread(path, entry->d_name, files);
	} else if (regular) {
		file = array_add(files);
		file_read(path, flags, file);
		file->linked = entry->d_type != DT_REG && is_link(path);
	}
	free(path);
}

/* Reads the files of each part that are not ignored; all in one pass. *leftovers, if it is asked
 * for, becomes true where a draft was left. A folder that cannot be read is one of the first part's
 * files that cannot. */
static void parts_read(
	const char *folder, int flags, const struct part *parts, size_t n, bool *leftovers)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct files *files;
	size_t i;

	while (dir && (errno = 0, entry = readdir(dir))) {
		if (leftovers && is_draft_name(entry->d_name))
			*leftovers = true;
		files = files_for(parts, n, entry->d_name);
		if (files)
			read_entry(folder, entry, flags, files);
	}
	if (errno && errno != ENOENT)
		add_unread(folder, "", parts[0].files);
	if (dir)
		closedir(dir);
	for (i = 0; i < n; i++)
		array_sort(parts[i].files, compare_names);
}

static void files_read(
	const char *folder, const char *prefix, const char *suffix, struct files *out)
{
	const struct part all = {prefix, suffix, out};

	parts_read(folder, 0, &all, 1, NULL);
}

static void read_below(const char *etc, const char *name, struct file *out)
{
	char *path = mem_format("%s/%s", etc, name);

	file_read(path, 0, out);
	free(path);
}

/* A file, and those of the folder that goes with it. */
static void read_with_folder(const char *etc, const char *name, const char *dir,
	const char *suffix, struct files *out)
{
	char *folder = mem_format("%s/%s", etc, dir);

	files_read(folder, "", suffix, out);
	read_below(etc, name, array_add(out));
	free(folder);
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

/* dhclient-DEVICE.leases, and since EL7 dhclient-UUID-DEVICE.lease (generate_lease_file_name);
 * whose they are stands in them. */
static void read_leases(const char *root, struct sources *sources)
{
	const struct part told = {lease_name, "", &sources->leases};
	char *folder = mem_format("%s/var/lib/dhclient", root);

	files_read(folder, "dhclient-", "", &sources->leases);
	if (!*root)
		parts_read(run_dir, O_NOFOLLOW, &told, 1, &sources->leftovers);
	sources->now = time(NULL);
	free(folder);
}

static void read_scripts(struct sources *sources)
{
	const struct part parts[] = {{"ifcfg-", "", &sources->ifcfg},
		{"route-", "", &sources->managed}, {"rule-", "", &sources->managed},
		{"route6-", "", &sources->managed}, {"rule6-", "", &sources->managed},
		{"", ".route", &sources->sourced}};

	parts_read(sources->scripts, 0, parts, sizeof(parts) / sizeof(*parts), &sources->leftovers);
}

/* Reads what is below etc; root holds the leases. */
static int read_host(const char *root, const char *etc, struct sources *sources)
{
	int err;

	sources->scripts = mem_format("%s/sysconfig/network-scripts", etc);
	read_below(etc, "sysconfig/network", &sources->network);
	read_below(etc, "sysconfig/multihome", &sources->defaults);
	read_below(etc, "sysconfig/static-routes", &sources->static_routes);
	read_below(etc, "sysconfig/network-scripts/ifup-ipv6", &sources->ifup_ipv6);
	read_below(etc, "sysconfig/network-scripts/ifup-routes", &sources->ifup_routes);
	read_scripts(sources);
	/* rtnl_rttable_initialize passes over all others. */
	read_with_folder(
		etc, "iproute2/rt_tables", "iproute2/rt_tables.d", ".conf", &sources->tables);
	/* EL5 and EL6 read all of them (apply_sysctl). */
	read_with_folder(etc, "sysctl.conf", "sysctl.d", "", &sources->settings);
	read_leases(root, sources);
	read_below(
		etc, "sysconfig/network-scripts/network-functions", &sources->network_functions);
	read_below(etc, "sysconfig/network-scripts/init.ipv6-global", &sources->inet6_global);
	/* All that the whole host needs. The rest is held against what needs it. */
	err = file_check(&sources->network) | file_check(&sources->defaults) |
		file_check(&sources->ifup_ipv6) | file_check(&sources->ifup_routes) |
		file_check(&sources->network_functions) | file_check(&sources->inet6_global) |
		files_check(&sources->ifcfg) | files_check(&sources->tables);
	if (!*root)
		err |= network_manager_runs(&sources->network_manager);
	return err ? -1 : 0;
}

/* root/etc, or root itself: the one that has network-scripts. NULL: neither, logged. */
static char *find_etc(const char *root)
{
	static const char *const places[] = {"/etc", ""};
	char *etc, *scripts;
	bool found;
	size_t i;

	for (i = 0; i < 2; i++) {
		etc = mem_format("%s%s", root, places[i]);
		scripts = mem_format("%s/sysconfig/network-scripts", etc);
		found = !access(scripts, F_OK);
		free(scripts);
		if (found)
			return etc;
		free(etc);
	}
	log_error("%s: no etc/sysconfig/network-scripts below; expected a copy of /etc", root);
	return NULL;
}

int sources_read(const char *root, struct sources *sources)
{
	char *real, *etc;
	int err = -1;

	if (!*root)
		return read_host(root, "/etc", sources);
	sources->copied = true;
	/* Paths are printed for a patch that begins at the root. */
	real = realpath(root, NULL);
	if (!real)
		return file_fail(root);
	etc = find_etc(strcmp(real, "/") ? real : "");
	if (etc)
		err = read_host(real, etc, sources);
	free(etc);
	free(real);
	return err;
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

/* The SELinux label above all. Where a file system has none there is nothing to copy. */
static int copy_attributes(const char *from, int to)
{
	size_t n = 0;
	char *names = attribute_read(from, NULL, &n);
	const char *name;
	int err = 0;

	if (!names)
		return errno == ENOTSUP ? 0 : file_fail(from);
	for (name = names; !err && name < names + n; name += strlen(name) + 1)
		err = attribute_copy(from, name, to);
	free(names);
	return err;
}

/* The ACL that a folder hands down is no part of the file's mode, which would widen it. */
static int drop_inherited_acl(int fd)
{
	return fremovexattr(fd, "system.posix_acl_access") && errno != ENODATA && errno != ENOTSUP
		? -1
		: 0;
}

/* Owner, mode, ACL and attributes of the file that it is to replace. 0, or -1: logged. */
static int copy_owner(const char *from, const struct stat *status, int to)
{
	if (!status->st_mode)
		return fchmod(to, 0644) ? file_fail(from) : 0;
	if (fchown(to, status->st_uid, status->st_gid) || drop_inherited_acl(to) ||
		fchmod(to, status->st_mode & 07777))
		return file_fail(from);
	return copy_attributes(from, to);
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

/* An empty file beside the target, open for writing. -1: errno. */
static int draft_open(const char *path, struct draft_file *draft)
{
	int fd;

	draft->beside =
		mem_format("%.*s/%s%s%s", (int)(strrchr(draft->target, '/') - draft->target),
			draft->target, draft_name, strrchr(path, '/') + 1, draft_ending);
	fd = mkstemp(draft->beside);
	if (fd < 0) {
		free(draft->beside);
		draft->beside = NULL;
	}
	return fd;
}

static int draft_write(const char *path, const char *bytes, size_t len, struct draft_file *draft)
{
	struct stat status;
	int fd, err;

	draft->beside = NULL;
	draft->target = find_target(path, &status);
	if (!draft->target || refuse_hard_links(path, &status))
		return -1;
	fd = draft_open(path, draft);
	if (fd < 0)
		return file_fail(path);
	err = copy_owner(draft->target, &status, fd);
	if (!err && (write_all(fd, bytes, len) || fsync(fd)))
		err = file_fail(path);
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
	return sync_folder(draft->target) ? file_fail(path) : 0;
}

/* A file of ours below run_dir, which speaks of the kernel's state and is gone with it, so it need
 * not be on the disk. Whatever else has its name makes way. */
static int run_replace(const char *path, const char *bytes, size_t len)
{
	struct draft_file draft = {mem_string(path), NULL};
	int fd = draft_open(path, &draft), err = -1;

	if (fd >= 0) {
		err = fchmod(fd, 0644) || write_all(fd, bytes, len) ? -1 : 0;
		if (close(fd))
			err = -1;
		if (!err)
			err = rename(draft.beside, path);
	}
	if (err)
		file_fail(path);
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

static void draft_remove(const char *path)
{
	struct stat status;

	if (!lstat(path, &status) && S_ISREG(status.st_mode) && !status.st_uid &&
		status.st_nlink == 1)
		unlink(path);
}

static void sweep_drafts(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char *path;

	while (dir && (entry = readdir(dir))) {
		if (!is_draft_name(entry->d_name))
			continue;
		path = mem_format("%s/%s", folder, entry->d_name);
		draft_remove(path);
		free(path);
	}
	if (dir)
		closedir(dir);
}

void leftovers_remove(const struct sources *sources)
{
	const struct file *file;
	char *target;
	size_t i;

	if (sources->leftovers) {
		sweep_drafts(sources->scripts);
		sweep_drafts(run_dir);
	}
	/* The draft of a file behind a link is beside that file. */
	for (i = 0; i < sources->managed.n; i++) {
		file = &sources->managed.items[i];
		target = file->linked ? realpath(file->path, NULL) : NULL;
		if (target) {
			*strrchr(target, '/') = '\0';
			sweep_drafts(*target ? target : "/");
		}
		free(target);
	}
}

/* Is the file still what the plan was made of? An editor may have been at it since. 1, 0, or
 * -1: logged. */
static int is_as_read(const struct change *change)
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
	return err ? -1 : same;
}

static int change_remove(const struct change *change)
{
	struct stat status;
	int same = is_as_read(change);

	if (same <= 0)
		return same ? -1 : CHANGE_STALE;
	if (lstat(change->path, &status))
		return file_fail(change->path);
	if (refuse_hard_links(change->path, &status))
		return -1;
	if (unlink(change->path) || sync_folder(change->path))
		return file_fail(change->path);
	return 0;
}

int change_write(const struct change *change)
{
	struct draft_file draft;
	int err, same;

	/* A link is the administrator's, also if the file behind it was made by us: that is
	 * emptied. */
	if (!change->bytes && !is_link(change->path))
		return change_remove(change);
	err = draft_write(change->path, change->bytes ? change->bytes : "",
		change->bytes ? change->len : 0, &draft);
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
	struct stat status;

	if (!mkdir(run_dir, 0755))
		return 0;
	if (errno != EEXIST)
		return file_fail(run_dir);
	/* Another run may have removed it since. */
	if (stat(run_dir, &status) ? !is_link(run_dir) : S_ISDIR(status.st_mode))
		return 0;
	log_error("%s: not a folder; expected one, or none", run_dir);
	return -1;
}

/* Is the file that we hold still the one under the name? clean removes it. */
static bool lock_is_current(int fd)
{
	struct stat held, named;

	return !fstat(fd, &held) && !lstat(lock_path, &named) && held.st_ino == named.st_ino &&
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
	int fd;

	unlink(path);
	fd = coming ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
	if (fd >= 0)
		close(fd);
	free(path);
}

/* -1: errno. */
static int lock_open(void)
{
	int fd = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) || S_ISREG(status.st_mode))
		return fd;
	close(fd);
	errno = ELOOP;
	return -1;
}

static int lock_fail(void)
{
	if (errno != ELOOP && errno != EISDIR)
		return file_fail(lock_path);
	log_error("%s: not a regular file; expected one, or none", lock_path);
	return -1;
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
			return lock_fail();
		nanosleep(&pause, NULL);
	}
	lock_report(fd);
	return -1;
}

void run_dir_remove(void)
{
	unlink(record_path);
	unlink(saves_path);
	unlink(brought_up_path);
	sweep(run_dir, lease_name);
	sweep(run_dir, coming_name);
	unlink(lock_path);
	rmdir(run_dir);
}

/* Calls take with each line of a record; one that is not there has none. */
static int lines_read(const char *path, void (*take)(const char *line, void *arg), void *arg)
{
	struct file file = {0};
	char *line, *next;
	int err;

	file_read(path, O_NOFOLLOW, &file);
	err = file_check(&file);
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
	int err;

	file_read(path, O_NOFOLLOW, &file);
	err = file_check(&file);
	if (!err && (text->n != file.len || (text->n && memcmp(text->bytes, file.bytes, text->n))))
		err = make_run_dir() || run_replace(path, text->n ? text->bytes : "", text->n);
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

static void take_brought_up(const char *line, void *arg)
{
	struct brought_up up = {.file = NULL}, *added;
	int at = 0;

	if (sscanf(line, "%llx %15s %n", &up.fingerprint, up.device, &at) != 2 || !at || !line[at])
		return;
	added = array_add((struct brought_ups *)arg);
	*added = up;
	added->file = mem_string(line + at);
}

int brought_up_read(struct brought_ups *out)
{
	return lines_read(brought_up_path, take_brought_up, out);
}

int brought_up_write(const struct brought_ups *brought_up)
{
	struct text text = {0};
	size_t i;
	int err;

	for (i = 0; i < brought_up->n; i++)
		text_format(&text, "%016llx %s %s\n", brought_up->items[i].fingerprint,
			brought_up->items[i].device, brought_up->items[i].file);
	err = text_write(brought_up_path, &text);
	text_free(&text);
	return err;
}

int lease_write(const struct lease *lease)
{
	char *path = mem_format("%s/%s%s", run_dir, lease_name, lease->device);
	struct text text = {0};
	int err;

	lease_format(lease, &text);
	err = run_replace(path, text.bytes, text.n);
	text_free(&text);
	free(path);
	return err;
}
