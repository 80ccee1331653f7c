/* SPDX-License-Identifier: MIT
 * Files: reading the configuration, replacing a file whole or not at all, the lock, the record.
 *
 * Source: initscripts' layout (/etc/sysconfig/network-scripts); rename(2), fsync(2).
 */
#ifndef SYS_FILES_H
#define SYS_FILES_H

#include "conf/config.h"
#include "conf/lease.h"
#include "plan/plan.h"

/* Reads all that the configuration is made of. root: "" or a folder that holds a copy of /etc
 * (as root/etc, or itself). A file that cannot be read is not taken for one that is not there: -1,
 * logged, if the whole host needs it; else its error says so. To be freed with sources_free in any
 * case. */
int sources_read(const char *root, struct sources *sources);

/* Writes, or removes, what a change says: a new file beside the old one, with its mode, owner
 * and extended attributes (SELinux label, ACL), synced, then renamed over it; behind a symbolic
 * link, which stays. 0; or -1, logged, also where an attribute or a hard link would be lost; or
 * CHANGE_STALE, if somebody has edited the file since it was read: the old file is untouched. */
enum { CHANGE_STALE = 1 };
int change_write(const struct change *change);

/* Removes the drafts of a killed run. Only while the lock is held: they may be a living one's. */
void leftovers_remove(const struct sources *sources);

/* A device with aliases is on its way through ifup: their hooks, which ifup-aliases runs one after
 * the other before the device's own, have nothing to do then. The file is ifup-local's to look for;
 * without it, whatever the reason, each hook does its work. Only while the lock is held. */
void coming_set(const char *device, bool coming);

/* One of us at a time. Waits a bounded time. -1: logged, with the holder. The kernel gives the lock
 * back when the program ends, however it ends. */
int lock_take(void);
/* The record, the leases, the lock and their folder, as if we had never run. */
void run_dir_remove(void);

/* The rules that we put into the kernel, in /var/run, which lives as long as they do. A file
 * that is not there is an empty record. */
int record_read(struct rules *record);
/* Replaces the record; does nothing if it holds just these rules already. */
int record_write(const struct rules *record);

/* The settings that we changed, likewise. */
int saves_read(struct saves *saves);
int saves_write(const struct saves *saves);
/* What the uplinks that are up were brought up with: a line each. */
int brought_up_read(struct brought_ups *out);
int brought_up_write(const struct brought_ups *brought_up);

/* What dhclient told of a device, where sources_read finds it. Only while the lock is held. */
int lease_write(const struct lease *lease);

#endif
