/* SPDX-License-Identifier: MIT
 * What the kernel tells unasked: links, addresses, routes and rules that changed.
 *
 * Source: rtnetlink(7), netlink(7).
 */
#ifndef SYS_LISTEN_H
#define SYS_LISTEN_H

/* A descriptor to poll; or -1: logged. */
int listen_open(void);
/* What came: with a link or an address that went others go, whom nobody takes away. */
enum listened { LISTENED_NOTHING, LISTENED_CHANGE, LISTENED_LOSS };

/* Takes what is there, and never waits. Where more came than the kernel could keep (ENOBUFS) it may
 * have been anything. */
enum listened listen_drain(int fd);

#endif
