/* SPDX-License-Identifier: MIT
 * Messages: one line each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/line.h"
#include "base/log.h"

enum { CHANGES_MAX = 200, PATIENCE_MS = 200, PAUSE_MS = 2 };

static bool log_hook, log_prints_changes, log_fails;
static size_t log_changes;
static int log_patience = PATIENCE_MS;

void log_init(bool hook)
{
	log_hook = hook;
	log_changes = 0;
	log_fails = false;
	log_patience = PATIENCE_MS;
}

void log_verbose(void)
{
	log_prints_changes = true;
}

/* A daemon's queue holds ten lines of a burst (net.unix.max_dgram_qlen), so it is given time to read
 * them, but no run gives more than so much in all. poll(2) does not tell, before 2.6.26. */
static bool wait_for_room(void)
{
	const struct timespec pause = {0, PAUSE_MS * 1000 * 1000};

	if (log_patience <= 0)
		return false;
	log_patience -= PAUSE_MS;
	nanosleep(&pause, NULL);
	return true;
}

static bool send_packet(int type, const char *packet, size_t len)
{
	struct sockaddr_un daemon = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, type, 0);
	bool sent;

	if (fd < 0)
		return false;
	sent = !fcntl(fd, F_SETFL, O_NONBLOCK) &&
		!connect(fd, (const struct sockaddr *)&daemon, sizeof(daemon));
	while (sent && send(fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		sent = errno == EAGAIN && wait_for_room();
	close(fd);
	return sent;
}

/* As syslog(3), which waits for ever for a daemon that hangs while we hold the lock: a line that it
 * does not take soon is lost. Some daemons listen for a stream, of lines that end with a NUL. */
static bool send_syslog(int level, const char *line)
{
	char packet[1200], when[32];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	if (!localtime_r(&now, &tm) || !strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm))
		when[0] = '\0';
	len = snprintf(packet, sizeof(packet), "<%d>%s multihome[%d]: %s", LOG_DAEMON | level, when,
		(int)getpid(), line);
	return send_packet(SOCK_DGRAM, packet, (size_t)len) ||
		send_packet(SOCK_STREAM, packet, (size_t)len + 1);
}

static void log_line(int level, const char *format, va_list args)
{
	static const char prefix[] = "multihome: ";
	char console[1024], *line = console + strlen(prefix);
	int kept = errno;

	memcpy(console, prefix, sizeof(prefix));
	vsnprintf(line, sizeof(console) - strlen(prefix), format, args);
	line_make_printable(line);
	if (log_hook)
		send_syslog(level, line);
	if (!log_hook || level == LOG_ERR)
		fprintf(stderr, "%s\n", log_hook ? console : line);
	errno = kept;
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_ERR, format, args);
	va_end(args);
}

void log_notice(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_NOTICE, format, args);
	va_end(args);
}

bool log_takes_changes(void)
{
	return log_prints_changes || (log_changes <= CHANGES_MAX && !log_fails);
}

void log_change(const char *format, ...)
{
	char line[1024];
	int kept = errno;
	va_list args;

	if (!log_takes_changes())
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	line_make_printable(line);
	/* Where nobody takes the first one, nobody is asked hundreds of times. */
	if (log_changes < CHANGES_MAX && !log_fails)
		log_fails = !send_syslog(LOG_NOTICE, line);
	else if (log_changes == CHANGES_MAX && !log_fails)
		send_syslog(LOG_NOTICE, "more was changed than these lines say");
	log_changes++;
	if (log_prints_changes)
		printf("%s\n", line);
	errno = kept;
}
