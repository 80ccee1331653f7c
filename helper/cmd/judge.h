/* SPDX-License-Identifier: MIT
 * What check, explain and show begin with: the facts of the host.
 */
#ifndef CMD_JUDGE_H
#define CMD_JUDGE_H

#include "cmd/cmd.h"
#include "judge/check.h"

struct judging {
	struct host host;
	struct sysctl_diff diff;
	struct sysctls settings;
	struct hook hooks[HOOKS];
	struct facts facts;
	struct planned_chains chains[2];
	char *harm;
};

/* Reads all that is judged. judging is zeroed; to be freed with judging_free in any case. 0, or
 * EXIT_FAILED: logged. A refused configuration is no failure: the kernel is judged all the same. */
int judging_gather(const struct options *options, struct judging *judging);
void judging_free(struct judging *judging);

/* Asks the kernel; answers are fresh. NULL: it could not be asked, and that is logged. */
struct answer *judging_ask(const struct judging *judging, const struct questions *questions);

/* All that check finds. 0, or EXIT_FAILED: logged. */
int judging_check(const struct judging *judging, struct check *check, struct findings *findings);

/* How wide lines may be: the terminal's columns, or 80. */
size_t output_columns(void);
bool output_wants_color(void);
/* Writes lines to standard output and frees them. A name may hold what moves the cursor or colors
 * all that follows: no control character is left, but for tabs. */
int output_print(struct text *text, int status);
/* The same, as it is. */
int output_write(struct text *text, int status);

#endif
