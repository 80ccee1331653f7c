/* SPDX-License-Identifier: MIT
 * The kernel's version, and its settings.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

int sysctl_loose(void)
{
	return kernel_older_than(2, 6, 31) ? 0 : 2;
}

void kernel_flush_cache(void)
{
	if (kernel_older_than(3, 6, 0) && write_string("/proc/sys/net/ipv4/route/flush", "0\n"))
		log_notice("net/ipv4/route/flush: %s", strerror(errno));
}
