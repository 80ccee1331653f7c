/* SPDX-License-Identifier: MIT
 * What there is to say of each uplink, as a table or for programs.
 *
 * Pure: the plan and what was seen of the kernel in, text out.
 */
#ifndef JUDGE_SHOW_H
#define JUDGE_SHOW_H

#include "plan/plan.h"

struct show_input {
	const struct plan *plan;
	const struct kernel *kernel;
	const struct sysctls *seen; /* those of the uplinks' devices, and of "all" */
	bool filter_needs_both;	    /* as sysctl_rp_filter */
};

/* The table of show, with its heading; nothing if there is no uplink to list. */
void show_table(const struct show_input *input, bool color, struct text *out);
/* One line an uplink, a tab between the fields: device, addresses (ADDRESS/LENGTH, commas
 * between), gateway, table, state, default, rp_filter; "-" for none. A contract (multihome(8)):
 * fields are added at the end only. */
void show_porcelain(const struct show_input *input, struct text *out);

#endif
