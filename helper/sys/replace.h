/* SPDX-License-Identifier: MIT
 * Replaces a file whole or not at all.
 *
 * The new content goes into a draft beside the file, ".multihome-NAME.draft-XXXXXX", which is
 * renamed over it. No ifup script looks at a dot file.
 *
 * Source: rename(2), fsync(2), xattr(7).
 */
#ifndef SYS_REPLACE_H
#define SYS_REPLACE_H

#include "plan/plan.h"

/* Writes, or removes, what a change says: a new file with the mode, owner and extended attributes
 * (SELinux label, ACL) of the old one, synced, then renamed over it; behind a symbolic link, which
 * stays. 0; or -1, logged, also where an attribute or a hard link would be lost; or CHANGE_STALE,
 * if somebody has edited the file since it was read: the old file is untouched. */
enum { CHANGE_STALE = 1 };
int change_write(const struct change *change);

/* A file of ours in RUN_DIR, which speaks of the kernel's state and is gone with it, so it need not
 * be on the disk. Whatever else has its name makes way. 0, or -1: logged. */
int run_file_replace(const char *path, const char *bytes, size_t len);

bool draft_is_name(const char *name);
/* Removes the drafts of a killed run. Only while the lock is held: they may be a living one's. */
void drafts_remove(const struct sources *sources);

#endif
