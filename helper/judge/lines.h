/* SPDX-License-Identifier: MIT
 * Lines of a route- file that are no routes of the kernel: a bounce of the device takes them away,
 * and ifup-routes brings them back, unless ip or the kernel refuses them each time. Pure.
 *
 * Source: ip-route(8), iproute_modify; fib_check_nh, fib_valid_prefsrc.
 */
#ifndef JUDGE_LINES_H
#define JUDGE_LINES_H

#include "judge/facts.h"

struct lost_line {
	int line;
	struct route route; /* dst.family 0: it cannot be read as one */
	char *why; /* it is refused, as far as can be told: "198.51.100.5/24 has host bits"; or NULL
		    */
};

struct lost_lines {
	struct lost_line *items;
	size_t n, cap;
};

/* In the file's order. out is zeroed; to be freed with lost_lines_free. */
void lines_find_lost(
	const struct facts *facts, const struct file *file, bool inet6, struct lost_lines *out);
void lost_lines_free(struct lost_lines *lines);

#endif
