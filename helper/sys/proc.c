/* SPDX-License-Identifier: MIT
 * Settings of the kernel, read and written below /proc/sys.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/kernel.h"
#include "sys/proc.h"

static int open_key(const char *device, enum sysctl_key key, int flags)
{
	char *path = mem_format("/proc/sys/net/ipv4/conf/%s/%s", device, sysctl_name(key));
	int fd = open(path, flags);

	free(path);
	return fd;
}

static int sysctl_fail(const char *device, enum sysctl_key key)
{
	log_error("%s: reading %s: %s", device, sysctl_name(key), strerror(errno));
	return -1;
}

int sysctl_read(const char *device, struct sysctls *out)
{
	char value[32];
	ssize_t n;
	int key, fd;

	for (key = 0; key < SYSCTL_KEYS; key++) {
		fd = open_key(device, (enum sysctl_key)key, O_RDONLY);
		if (fd < 0 && errno == ENOENT)
			continue;
		n = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);
		if (fd >= 0)
			close(fd);
		if (n < 0)
			return sysctl_fail(device, (enum sysctl_key)key);
		value[n] = '\0';
		sysctl_add(device, (enum sysctl_key)key, atoi(value), out);
	}
	return 0;
}

int sysctl_value(int family, const char *device, const char *key)
{
	char *path = mem_format(
		"/proc/sys/net/ipv%d/conf/%s/%s", family == AF_INET6 ? 6 : 4, device, key);
	int fd = open(path, O_RDONLY);
	char value[32];
	ssize_t n = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);

	free(path);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	value[n] = '\0';
	return atoi(value);
}

int sysctl_write(const struct sysctl *sysctl)
{
	int fd = open_key(sysctl->device, sysctl->key, O_WRONLY), err = -1;
	char value[16];

	if (fd < 0 && errno == ENOENT)
		return 0;
	snprintf(value, sizeof(value), "%d\n", sysctl->value);
	if (fd >= 0)
		err = write(fd, value, strlen(value)) < 0 ? -1 : 0;
	if (err)
		log_error("%s: %s=%d: %s", sysctl->device, sysctl_name(sysctl->key), sysctl->value,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

int sysctl_loose(void)
{
	return kernel_older_than(2, 6, 31) ? 0 : 2;
}
