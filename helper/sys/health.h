/* SPDX-License-Identifier: MIT
 * What a living watch tells all others: /var/run/multihome/health, multihome(8).
 *
 * Source: fcntl(2), whose lock the kernel gives back however the holder ends.
 */
#ifndef SYS_HEALTH_H
#define SYS_HEALTH_H

#include "plan/plan.h"
#include "sys/file.h"

/* Its number is in there, and it holds a lock on it. */
#define WATCH_PID_FILE RUN_DIR ".pid"

/* The reason that is no gateway's alone. */
#define HEALTH_NO_CARRIER "no carrier"

/* There is one watch at a time. 0; or -1: logged. It is kept open until the program ends. */
int watch_begin(void);
void watch_end(void);
/* 0: none lives; -1: one does, or may, whose number is not known. */
int watch_pid(void);

/* Nothing if no watch lives. 0, or -1: logged. */
int health_read(struct healths *out);
/* 0, or -1: logged. */
int health_write(const struct healths *healths);
/* Nothing is dead any more. */
void health_remove(void);

#endif
