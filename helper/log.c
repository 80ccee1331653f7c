/* SPDX-License-Identifier: MIT
 * Messages: one line each.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "log.h"

static bool log_hook;

void log_init(bool hook)
{
	log_hook = hook;
	if (hook)
		openlog("multihome", LOG_PID, LOG_DAEMON);
}

static void log_line(int level, const char *format, va_list args)
{
	char line[1024];
	int kept = errno;

	vsnprintf(line, sizeof(line), format, args);
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
