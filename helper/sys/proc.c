/* SPDX-License-Identifier: MIT
 * The kernel's version, and its settings.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/file.h"
#include "sys/proc.h"

bool kernel_older_than(unsigned major, unsigned minor, unsigned patch)
{
	unsigned a = 0, b = 0, c = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u.%u", &a, &b, &c) < 2)
		return false;
	return a != major ? a < major : b != minor ? b < minor : c < patch;
}

/* -1: errno. */
static int read_setting(int family, const char *device, const char *key, int *out)
{
	char path[96], value[32];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv%d/conf/%s/%s", family == AF_INET6 ? 6 : 4,
		device, key);
	if (file_read_start(path, value, sizeof(value)) < 0)
		return -1;
	*out = atoi(value);
	return 0;
}

int sysctl_read(const char *device, struct sysctls *out)
{
	enum sysctl_key key;
	int value;

	for (key = 0; key < SYSCTL_KEYS; key++) {
		if (!read_setting(AF_INET, device, sysctl_name(key), &value)) {
			sysctl_add(device, key, value, out);
		} else if (errno != ENOENT) {
			log_error("%s: reading %s: %s", device, sysctl_name(key), strerror(errno));
			return -1;
		}
	}
	return 0;
}

int sysctl_value(int family, const char *device, const char *key)
{
	int value = 0;

	read_setting(family, device, key, &value);
	return value;
}

/* -1: errno. */
static int write_string(const char *path, const char *string)
{
	int fd = open(path, O_WRONLY), err;

	if (fd < 0)
		return -1;
	err = write(fd, string, strlen(string)) < 0 ? -1 : 0;
	close(fd);
	return err;
}

int sysctl_write(const struct sysctl *sysctl)
{
	const char *name = sysctl_name(sysctl->key);
	char path[96], value[16];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", sysctl->device, name);
	snprintf(value, sizeof(value), "%d\n", sysctl->value);
	if (!write_string(path, value) || errno == ENOENT)
		return 0;
	log_error("%s: %s=%d: %s", sysctl->device, name, sysctl->value, strerror(errno));
	return -1;
}

bool rp_filter_needs_both(void)
{
	return kernel_older_than(2, 6, 31);
}

int sysctl_loose(void)
{
	return rp_filter_needs_both() ? 0 : 2;
}

void kernel_flush_cache(void)
{
	if (kernel_older_than(3, 6, 0) && write_string("/proc/sys/net/ipv4/route/flush", "0\n"))
		log_notice("net/ipv4/route/flush: %s", strerror(errno));
}

static bool is_ifup(const char *name)
{
	static const char *const starts[] = {"ifup", "ifdown", "network"};
	size_t i, n;

	for (i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		n = strlen(starts[i]);
		/* ifup-eth, too; and of "network" the script alone: networkd is another. */
		if (!strncmp(name, starts[i], n) && (!name[n] || (name[n] == '-' && *name == 'i')))
			return true;
	}
	return false;
}

/* Kernels before 3.0 do not say, and a service may have no right to know: then it counts. */
static bool is_in_namespace(const char *pid, const char *own)
{
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/net", pid);
	n = readlink(path, name, sizeof(name) - 1);
	name[n > 0 ? n : 0] = '\0';
	return !*own || n <= 0 || !strcmp(name, own);
}

bool proc_has_ifup(void)
{
	char path[64], name[64], own[64];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct stat status;
	bool found = false;
	ssize_t n = readlink("/proc/self/ns/net", own, sizeof(own) - 1);

	own[n > 0 ? n : 0] = '\0';
	while (!found && dir && (entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		/* Anybody may call a program so. */
		snprintf(path, sizeof(path), "/proc/%.20s", entry->d_name);
		if (stat(path, &status) || status.st_uid)
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		/* "PID (NAME) S …" where there is no comm (before 2.6.33). */
		if (file_read_start(path, name, sizeof(name)) < 0) {
			snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
			if (file_read_start(path, name, sizeof(name)) < 0 || !strchr(name, '('))
				continue;
			memmove(name, strchr(name, '(') + 1, strlen(strchr(name, '(')));
		}
		name[strcspn(name, ")\n")] = '\0';
		found = is_ifup(name) && is_in_namespace(entry->d_name, own);
	}
	if (dir)
		closedir(dir);
	return found;
}

define_order(ports_in_order, unsigned short, *x - *y)

/* "  12: 00000000:04AA 00000000:0000 07 …": an IPv6 address has 32 digits. */
static void read_wildcards(const char *path, struct ports *out)
{
	static const unsigned short not_ours[] = {67, 68, 546, 547};
	FILE *file = fopen(path, "r");
	char line[512], local[33], remote[33];
	unsigned port, remote_port;
	size_t i;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*u: %32[0-9A-F]:%x %32[0-9A-F]:%x", local, &port, remote,
			    &remote_port) != 4 ||
			local[strspn(local, "0")] || remote_port || !port)
			continue;
		for (i = 0; i < sizeof(not_ours) / sizeof(*not_ours) && not_ours[i] != port;)
			i++;
		if (i == sizeof(not_ours) / sizeof(*not_ours))
			*array_add(out) = (unsigned short)port;
	}
	if (file)
		fclose(file);
}

void proc_read_wildcards(bool inet6, struct ports *out)
{
	struct index unused = {0};

	if (!inet6)
		read_wildcards("/proc/net/udp", out);
	read_wildcards("/proc/net/udp6", out);
	array_sort(out, ports_in_order);
	array_drop_repeated(out, ports_in_order, &unused);
	free(unused.items);
}
