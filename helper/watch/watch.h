/* SPDX-License-Identifier: MIT
 * The resident: listens, settles, and has a child do what a hook does. It holds no configuration
 * and plans nothing, so that there is nothing to leak and nothing to hang.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include "watch/report.h"

/* Until SIGTERM or SIGINT: 0; or 1: logged. */
int watch_serve(watch_run *run);

#endif
