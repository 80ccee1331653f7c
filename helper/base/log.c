/* SPDX-License-Identifier: MIT
 * Messages: one line each.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "base/log.h"

static bool log_hook;

void log_init(bool hook)
{
	log_hook = hook;
	if (hook)
		openlog("multihome", LOG_PID, LOG_DAEMON);
}

/* What stands in a file or its name must neither begin a line nor steer a terminal. UTF-8 passes,
 * but for its own control characters (U+0080 to U+009F, and the same as bytes). */
static void make_printable(char *line)
{
	unsigned char last = 0, byte;

	for (; *line; line++) {
		byte = (unsigned char)*line;
		if (byte < ' ' || byte == 0x7f ||
			(byte >= 0x80 && byte < 0xa0 && (last < 0x80 || last == 0xc2)))
			*line = '?';
		last = byte;
	}
}

static void log_line(int level, const char *format, va_list args)
{
	char line[1024];
	int kept = errno;

	vsnprintf(line, sizeof(line), format, args);
	make_printable(line);
	if (log_hook)
		syslog(level, "%s", line);
	if (!log_hook || level == LOG_ERR)
		fprintf(stderr, "%s\n", line);
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
