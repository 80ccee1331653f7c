/* SPDX-License-Identifier: MIT
 * What a one-shot run tells the resident.
 */
#include <errno.h>
#include <unistd.h>

#include "watch/report.h"

/* Less than PIPE_BUF: whole, or not at all. */
void report_send(int pipe, const struct report *report)
{
	while (pipe >= 0 && write(pipe, report, sizeof(*report)) < 0 && errno == EINTR)
		;
}
