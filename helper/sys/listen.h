/* SPDX-License-Identifier: MIT
 * What the kernel tells unasked: links, addresses, routes and rules that changed.
 *
 * Source: rtnetlink(7), netlink(7).
 */
#ifndef SYS_LISTEN_H
#define SYS_LISTEN_H

#include <stdbool.h>

/* A descriptor to poll; or -1: logged. */
int listen_open(void);
/* Takes what is there, and never waits. Was there a change, or is it unknown, as more came than the
 * kernel could keep (ENOBUFS)? */
bool listen_drain(int fd);

#endif
