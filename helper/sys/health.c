/* SPDX-License-Identifier: MIT
 * What a living watch tells all others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/health.h"
#include "sys/run.h"

static const char *const words[] = {"unknown", "up", "dead", "left", "default"};

static int pid_file_open(int flags)
{
	return open(WATCH_PID_FILE, flags | O_NOFOLLOW, 0600);
}

/* Only root can open it, and be told. */
int watch_pid(void)
{
	struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = pid_file_open(O_RDONLY | O_NONBLOCK), pid = 0;

	if (fd < 0)
		return errno == EACCES ? -1 : 0;
	/* In a pid namespace of its own it has the number 0 here. */
	if (!fcntl(fd, F_GETLK, &held) && held.l_type == F_WRLCK)
		pid = held.l_pid ? (int)held.l_pid : -1;
	close(fd);
	return pid;
}

int watch_begin(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = pid_file_open(O_RDWR | O_CREAT), len;
	char text[16];

	if (fd < 0 || fchmod(fd, 0600))
		return file_fail(WATCH_PID_FILE, errno);
	if (fcntl(fd, F_SETLK, &lock)) {
		log_error("%s: multihome watch runs already, as process %d", WATCH_PID_FILE,
			watch_pid());
		return -1;
	}
	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) || write(fd, text, (size_t)len) != len)
		return file_fail(WATCH_PID_FILE, errno);
	return 0;
}

void watch_end(void)
{
	unlink(WATCH_PID_FILE);
}

/* STATE DEVICE GATEWAY REASON */
static void take_health(const char *line, void *arg)
{
	struct healths *all = arg;
	struct health health = {.reason = NULL};
	char word[8], gateway[PREFIX_TEXT];
	int at = 0;
	size_t i;

	if (sscanf(line, "%7s %15s %49s%n", word, health.device, gateway, &at) != 3 || !at)
		return;
	for (i = 0; i < sizeof(words) / sizeof(*words) && strcmp(word, words[i]); i++)
		;
	if (i == sizeof(words) / sizeof(*words) ||
		(strcmp(gateway, "-") && prefix_parse_address(gateway, AF_INET, &health.gateway) &&
			prefix_parse_address(gateway, AF_INET6, &health.gateway)))
		return;
	if (!strcmp(health.device, "-"))
		health.device[0] = '\0';
	health.state = (enum health_state)i;
	health.reason = mem_string(line + at + (line[at] == ' '));
	health.no_carrier = !strcmp(health.reason, HEALTH_NO_CARRIER);
	*array_add(all) = health;
}

int health_read(struct healths *out)
{
	return watch_pid() ? lines_read(RUN_HEALTH, take_health, out) : 0;
}

int health_write(const struct healths *healths)
{
	const struct health *health;
	char gateway[PREFIX_TEXT];
	struct text text = {0};
	size_t i;

	for (i = 0; i < healths->n; i++) {
		health = &healths->items[i];
		strcpy(gateway, "-");
		if (health->gateway.family)
			prefix_format_address(&health->gateway, gateway);
		text_format(&text, "%s %s %s%s%s\n", words[health->state],
			health->device[0] ? health->device : "-", gateway,
			*health->reason ? " " : "", health->reason);
	}
	return lines_write(RUN_HEALTH, &text);
}

void health_remove(void)
{
	unlink(RUN_HEALTH);
}
