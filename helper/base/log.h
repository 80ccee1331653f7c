/* SPDX-License-Identifier: MIT
 * Messages: one line each, to stderr, and to syslog (daemon) from the hooks; what was changed always
 * goes to syslog. Nothing waits for a daemon that hangs.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

/* Begins anew for each run. A hook's console stays silent when all is well: its notices go to syslog
 * only, and what it says there begins with "multihome: ". */
void log_init(bool hook);
/* What was changed goes to standard output, too. */
void log_verbose(void);
/* All keep errno. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "eth1: added: ip rule add …". Of a run that changes hundreds of things syslog gets the first 200
 * and a line that says so: rsyslog takes no more from one process in 5 seconds (EL6). */
void log_change(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* False: it would say nothing any more. */
bool log_takes_changes(void);

#endif
