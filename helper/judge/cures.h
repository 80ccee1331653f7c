/* SPDX-License-Identifier: MIT
 * What to do about a fault: a command, or a key with its file; where no cure is sure, what to look
 * at. The one place that knows. Pure.
 *
 * A cure begins with one of these, which tests carry out:
 *   run COMMAND
 *   set KEY=VALUE [and KEY=VALUE] in FILE and run COMMAND
 *   remove that line and run COMMAND
 *   add to FILE[, before line N]: LINE
 *   see …               nothing is sure; what to look at
 * FILE is a name in network-scripts, or a path. Behind a semicolon of run stands what comes of it,
 * or "add the same words to FILE"; of see, "then run COMMAND".
 */
#ifndef JUDGE_CURES_H
#define JUDGE_CURES_H

#include "judge/lines.h"
#include "judge/verdict.h"

/* Each returns fresh text; "" if there is nothing to be done. */
char *cure_verdict(const struct facts *facts, const struct verdict *verdict);
/* The NIC by which the host's own traffic leaves is dead. */
char *cure_own(const struct facts *facts, const struct verdict *verdict);
/* The next hop does not answer on the device. */
char *cure_gateway(const struct facts *facts, const struct verdict *verdict, const char *device,
	const struct prefix *gateway);
/* Another NIC answers ARP for the address. */
char *cure_conflict(const struct facts *facts, const struct verdict *verdict,
	const struct bystander *other);
/* One more command for a cure that begins with it, or goes on. The rule is there once more. */
void cure_add_deletion(const struct rule *rule, struct text *cure);
/* Lines of a route- file are no routes: of one that ip refuses; of all that it takes. */
char *cure_line(const struct file *file, const struct lost_line *line);
char *cure_lines(const struct facts *facts, const struct file *file, const struct lost_lines *lines);
char *cure_hook(const struct hook *hook, enum hook_key key);
char *cure_restart(const char *device);
/* So that the addresses of its file come: of an alias by an ifup of its own. */
char *cure_edited(const struct uplink *uplink);
char *cure_down(const struct facts *facts, const char *device);
/* Where sync would make a reply worse: what to look at. */
char *cure_sync(const struct facts *facts);

#endif
