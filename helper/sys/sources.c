/* SPDX-License-Identifier: MIT
 * Reads all that the configuration is made of.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/ifcfg.h"
#include "sys/replace.h"
#include "sys/run.h"
#include "sys/sources.h"

static const char scripts_folder[] = "sysconfig/network-scripts";

/* The files of a folder whose names are like the pattern. */
struct part {
	const char *pattern;
	struct files *files;
};

/* Could the folder of the files be read? */
static int folder_check(const struct files *files)
{
	int err = 0;
	size_t i;

	for (i = 0; i < files->n; i++)
		if (!*files->items[i].name)
			err |= file_check(&files->items[i]);
	return err;
}

static int files_check(const struct files *files)
{
	int err = 0;
	size_t i;

	for (i = 0; i < files->n; i++)
		err |= file_check(&files->items[i]);
	return err;
}

static int files_by_name(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	/* eth2 before eth10, as init.d/network sorts. */
	return strverscmp(x->name, y->name);
}

/* So many links lead on from one path; more are a circle, as the kernel counts. */
enum { LINKS = 40 };

/* Where a path below root leads, as if root were "/": in a copy of somebody's host a link to /etc
 * means the copy's. Fresh; root itself if it leads nowhere. */
static char *find_place(const char *root, const char *path)
{
	char target[4096], *place, *rest, *next, *at;
	size_t len, links = 0;
	ssize_t n;

	if (!*root)
		return mem_string(path);
	place = mem_string(root);
	at = rest = mem_string(path + strlen(root));
	for (; *(at += strspn(at, "/")) && links <= LINKS; at += len) {
		len = strcspn(at, "/");
		if (!strncmp(at, ".", len))
			continue;
		if (!strncmp(at, "..", len)) {
			if (strlen(place) > strlen(root))
				*strrchr(place, '/') = '\0';
			continue;
		}
		next = mem_format("%s/%.*s", place, (int)len, at);
		n = readlink(next, target, sizeof(target) - 1);
		if (n < 0) {
			free(place);
			place = next;
			continue;
		}
		free(next);
		target[n] = '\0';
		if (*target == '/')
			place[strlen(root)] = '\0';
		next = mem_format("%s%s", target, at + len);
		free(rest);
		at = rest = next;
		len = 0;
		links++;
	}
	if (links > LINKS)
		place[strlen(root)] = '\0';
	free(rest);
	return place;
}

/* It is called as it was asked for. */
static void read_place(const char *place, const char *path, int flags, struct file *out)
{
	file_read(place, flags, out);
	if (!strcmp(place, path))
		return;
	free(out->path);
	free(out->name);
	out->path = mem_string(path);
	out->name = mem_string(strrchr(path, '/') + 1);
}

/* NULL: the file is none of them, or ignored. */
static struct files *part_of(const struct part *parts, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!fnmatch(parts[i].pattern, name, FNM_PERIOD))
			return file_ignored(name) ? NULL : parts[i].files;
	return NULL;
}

/* As [ -f ] of the scripts: links are followed, folders are not files. What cannot be asked for is
 * left to file_read, which says why. */
static bool may_be_regular(const char *path, int flags)
{
	struct stat status;

	if (!(flags & O_NOFOLLOW ? lstat : stat)(path, &status))
		return S_ISREG(status.st_mode);
	/* A link that leads nowhere, or a file that somebody just removed. */
	return errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
}

static void entry_read(const char *root, const char *folder, const struct dirent *entry, int flags,
	struct files *files)
{
	char *path = mem_format("%s/%s", folder, entry->d_name), *place = find_place(root, path);
	bool plain = entry->d_type == DT_REG;
	struct file *file;

	if (plain || may_be_regular(place, flags)) {
		file = array_add(files);
		read_place(place, path, flags, file);
		file->linked = !plain && file_is_link(path);
	}
	free(place);
	free(path);
}

/* Adds the files of each part, all in one pass. *leftovers, if it is asked for, becomes true where
 * a draft was left. A folder that cannot be read is one of the first part's files that cannot. */
static void parts_read(const char *root, const char *folder, int flags, const struct part *parts,
	size_t n, bool *leftovers)
{
	char *place = find_place(root, folder);
	DIR *dir = opendir(place);
	struct dirent *entry;
	struct files *files;
	struct file *unread;
	size_t i;
	int error;

	while (dir && (errno = 0, entry = readdir(dir))) {
		if (leftovers && draft_is_name(entry->d_name))
			*leftovers = true;
		files = part_of(parts, n, entry->d_name);
		if (files)
			entry_read(root, folder, entry, flags, files);
	}
	error = errno;
	free(place);
	if (error && error != ENOENT) {
		unread = array_add(parts[0].files);
		unread->error = error;
		unread->path = mem_string(folder);
		unread->name = mem_string("");
		unread->bytes = mem_string("");
	}
	if (dir)
		closedir(dir);
	/* Several parts may go to one list. */
	for (i = 0; i < n; i++)
		if (!i || parts[i].files != parts[i - 1].files)
			array_sort(parts[i].files, files_by_name);
}

static void folder_read(const char *root, const char *above, const char *name, const char *pattern,
	struct files *out)
{
	const struct part part = {pattern, out};
	char *folder = mem_format("%s/%s", above, name);

	parts_read(root, folder, 0, &part, 1, NULL);
	free(folder);
}

static void read_below(const char *root, const char *etc, const char *name, struct file *out)
{
	char *path = mem_format("%s/%s", etc, name), *place = find_place(root, path);

	read_place(place, path, 0, out);
	free(place);
	free(path);
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
		found = file_exists(signs[i]);
	*runs = found > 0;
	return found < 0 ? -1 : 0;
}

/* Reads what is below etc; root, "" for this host's, holds the leases. */
static int read_host(const char *root, const char *etc, struct sources *sources)
{
	const struct part scripts[] = {{"ifcfg-?*", &sources->ifcfg},
		{"route-?*", &sources->managed}, {"rule-?*", &sources->managed},
		{"route6-?*", &sources->managed}, {"rule6-?*", &sources->managed},
		{"?*.route", &sources->sourced}};
	const struct part told = {RUN_LEASE "?*", &sources->leases};
	int err, started;

	sources->scripts = mem_format("%s/%s", etc, scripts_folder);
	read_below(root, etc, "sysconfig/network", &sources->network);
	read_below(root, etc, "sysconfig/multihome", &sources->defaults);
	read_below(root, etc, "sysconfig/static-routes", &sources->static_routes);
	read_below(root, sources->scripts, "ifup-ipv6", &sources->ifup_ipv6);
	read_below(root, sources->scripts, "ifup-routes", &sources->ifup_routes);
	parts_read(root, sources->scripts, 0, scripts, sizeof(scripts) / sizeof(*scripts),
		&sources->leftovers);
	/* rtnl_rttable_initialize passes over all others. */
	folder_read(root, etc, "iproute2/rt_tables.d", "?*.conf", &sources->tables);
	read_below(root, etc, "iproute2/rt_tables", array_add(&sources->tables));
	/* EL5 and EL6 read all of them (apply_sysctl). */
	folder_read(root, etc, "sysctl.d", "?*", &sources->settings);
	read_below(root, etc, "sysctl.conf", array_add(&sources->settings));
	/* dhclient-DEVICE.leases, and since EL7 dhclient-UUID-DEVICE.lease
	 * (generate_lease_file_name); whose they are stands in them. */
	folder_read(root, root, "var/lib/dhclient", "dhclient-?*", &sources->leases);
	if (!*root)
		parts_read(root, RUN_DIR, O_NOFOLLOW, &told, 1, &sources->leftovers);
	sources->now = time(NULL);
	read_below(root, sources->scripts, "network-functions", &sources->network_functions);
	read_below(root, sources->scripts, "init.ipv6-global", &sources->inet6_global);
	/* All that the whole host needs. The rest is held against what needs it. */
	err = file_check(&sources->network) | file_check(&sources->defaults) |
		file_check(&sources->ifup_ipv6) | file_check(&sources->ifup_routes) |
		file_check(&sources->network_functions) | file_check(&sources->inet6_global) |
		folder_check(&sources->ifcfg) | files_check(&sources->tables);
	if (!*root)
		err |= network_manager_runs(&sources->network_manager);
	started = *root ? 0 : file_exists("/var/lock/subsys/network");
	sources->started = started > 0;
	return err || started < 0 ? -1 : 0;
}

/* root/etc, or root itself: the one that has network-scripts. NULL: neither, logged. */
static char *find_etc(const char *root)
{
	static const char *const places[] = {"/etc", ""};
	char *etc, *scripts, *place;
	bool found;
	size_t i;

	for (i = 0; i < 2; i++) {
		etc = mem_format("%s%s", root, places[i]);
		scripts = mem_format("%s/%s", etc, scripts_folder);
		place = find_place(root, scripts);
		found = !access(place, F_OK);
		free(place);
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
		return file_fail(root, errno);
	etc = find_etc(strcmp(real, "/") ? real : "");
	if (etc)
		err = read_host(real, etc, sources);
	free(etc);
	free(real);
	return err;
}

bool sources_has_port(const char *argument)
{
	const char *slash = strrchr(argument, '/'), *name = slash ? slash + 1 : argument;
	const char *prefix = strncmp(name, "ifcfg-", strlen("ifcfg-")) ? "ifcfg-" : "";
	char *path = mem_format("/etc/%s/%s%s", scripts_folder, prefix, name);
	struct shvars vars = {0};
	struct file file = {0};
	bool port;

	file_read(path, 0, &file);
	shvar_parse(file.bytes, file.len, path, &vars);
	port = !file.error && !file.others_write && ifcfg_is_port(&vars);
	shvar_free(&vars);
	file_free(&file);
	free(path);
	return port;
}
