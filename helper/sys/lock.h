/* SPDX-License-Identifier: MIT
 * One of us at a time.
 *
 * Source: fcntl(2).
 */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

/* Waits a bounded time. 0; or -1: logged, with the holder. The kernel gives the lock back when the
 * program ends, however it ends. */
int lock_take(void);
/* Gives it back before the program ends. */
void lock_release(void);

#endif
