/* SPDX-License-Identifier: MIT
 * Messages: one line each, to stderr, and to syslog (daemon) from the hooks.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

/* A hook's console stays silent when all is well: its notices go to syslog only. */
void log_init(bool hook);
/* Both keep errno. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
