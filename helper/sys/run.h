/* SPDX-License-Identifier: MIT
 * /var/run/multihome: what one run tells the next. It is gone with the kernel's state, which it
 * speaks of.
 */
#ifndef SYS_RUN_H
#define SYS_RUN_H

#include "conf/lease.h"
#include "plan/plan.h"
#include "sys/file.h"

#define RUN_LOCK RUN_DIR "/lock"
#define RUN_HEALTH RUN_DIR "/health"
/* While a sync waits to be confirmed; locked by the process that takes it back else. Its first line
 * is the state, the others are the tables that uplinks had before. */
#define RUN_CONFIRM RUN_DIR "/confirm"
/* The whole world of watch's prober. */
#define RUN_EMPTY RUN_DIR "/empty"
/* Of each device, what dhclient told our hook last: lease-DEVICE. */
#define RUN_LEASE "lease-"

/* 0, also if it is there already; or -1: logged. */
int run_dir_make(void);
/* Calls take with each line; a file that is not there has none. 0, or -1: logged. */
int lines_read(const char *path, void (*take)(const char *line, void *arg), void *arg);
/* Leaves a file alone that holds just this already. Frees the text. */
int lines_write(const char *path, struct text *text);
/* All of these files and their folder, as if we had never run. */
void run_dir_remove(void);

/* The rules that we put into the kernel. A file that is not there is an empty record. 0, or -1:
 * logged. */
int record_read(struct rules *record);
/* Replaces the record; does nothing if it holds just these rules already. */
int record_write(const struct rules *record);

/* The settings that we changed, likewise. */
int saves_read(struct saves *saves);
int saves_write(const struct saves *saves);
/* What the uplinks that are up were brought up with: a line each. */
int brought_up_read(struct brought_ups *out);
int brought_up_write(const struct brought_ups *brought_up);

/* /etc/sysconfig/multihome, as checksums: the one that was applied last, and one that was taken back
 * and is not to be applied again but by sync; 0: none. */
struct defaults_record {
	unsigned long long applied, taken_back;
};
int defaults_read(struct defaults_record *out);
int defaults_write(const struct defaults_record *record);

/* The tables that a sync which waits to be confirmed gives back when it is taken back. */
int pending_read(struct held_tables *out);

/* The messages of the first hook of an ifup, which the others do not repeat: each with a newline
 * before and after it. Only while the lock is held. */
void said_read(struct text *out);
void said_write(const struct text *said);

/* What dhclient told of a device, where sources_read finds it. Only while the lock is held. */
int lease_write(const struct lease *lease);

/* A device with aliases is on its way through ifup: their hooks, which ifup-aliases runs one after
 * the other before the device's own, have nothing to do then. Without the file, coming-DEVICE,
 * whatever the reason, each hook does its work. To be set only while the lock is held. */
void coming_set(const char *device, bool coming);
bool coming_is(const char *device);

#endif
