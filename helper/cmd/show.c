/* SPDX-License-Identifier: MIT
 * show: the uplinks, and how each of them is served.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "judge/show.h"
#include "sys/proc.h"

/* no-color.org: set and not empty, it wins over any terminal. */
static bool wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && terminal && *terminal &&
		strcmp(terminal, "dumb");
}

static void say_why_nothing(const struct config *config)
{
	if (!config->enabled)
		log_notice("no uplink is served: MULTIHOME=no in /etc/sysconfig/multihome");
	else if (!config->uplinks.n)
		log_notice("no uplink: no NIC has both an address and a gateway, by its ifcfg file "
			   "or a lease");
	else
		log_notice("no second uplink: the main table alone serves %s",
			config->uplinks.items[0].file->name);
}

static void print(const struct host *host, bool porcelain)
{
	const struct show_input input = {
		&host->plan, &host->kernel, &host->seen, kernel_older_than(2, 6, 31)};
	struct text out = {0};

	if (porcelain)
		show_porcelain(&input, &out);
	else
		show_table(&input, wants_color(), &out);
	if (out.n)
		fwrite(out.bytes, 1, out.n, stdout);
	else if (!porcelain)
		say_why_nothing(&host->config);
	text_free(&out);
}

int cmd_show(const struct options *options)
{
	struct host host = {.device = ""};
	int status = host_plan(EVENT_SYNC, options, &host);
	int reported = host_report(&host, false);

	if (!status && sysctl_read("all", &host.seen))
		status = EXIT_FAILED;
	if (!status)
		print(&host, options->porcelain);
	host_free(&host);
	return reported ? reported : status;
}
