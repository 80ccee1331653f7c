/* SPDX-License-Identifier: MIT
 * show: the uplinks, and how each of them is served.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/judge.h"
#include "judge/json.h"
#include "judge/show.h"

/* Files that give a NIC an address and no gateway. NULL: none does. */
static char *name_others(const struct config *config)
{
	const struct file *served = config->uplinks.items[0].file;
	const struct profile *profile;
	struct text text = {0};
	size_t i;

	for (i = 0; i < config->profiles.n; i++) {
		profile = &config->profiles.items[i];
		if (profile->file != served && profile->addresses.n && profile->onboot &&
			!profile->alias && !profile->port && !profile->off &&
			!profile->passed_over && strcmp(profile->real, "lo"))
			text_format(&text, "%s%s", text.n ? ", " : "", profile->file->name);
	}
	return text.bytes;
}

static void say_no_second(const struct config *config)
{
	const char *served = config->uplinks.items[0].file->name;
	char *others = name_others(config);

	if (others)
		log_notice("no second uplink: the main table alone serves %s; no gateway in %s",
			served, others);
	else
		log_notice("no second uplink: the main table alone serves %s", served);
	free(others);
}

static void say_why_nothing(
	const struct config *config, const struct plan *plan, const char *device)
{
	if (!config->enabled)
		log_notice("no uplink is served: MULTIHOME=no in /etc/sysconfig/multihome");
	else if (!config->uplinks.n)
		log_notice("no uplink: no NIC has both an address and a gateway, by its ifcfg file "
			   "or a lease");
	else if (!plan->uplinks.n)
		say_no_second(config);
	else
		log_notice("%s is no uplink", device);
}

int cmd_show(const struct options *options)
{
	const struct options all = {.argument = NULL};
	struct judging judging = {.facts = {.kernel = NULL}};
	struct showns showns = {NULL, 0, 0};
	struct text out = {0};
	int status = judging_gather(&all, &judging);
	int reported = host_report(&judging.host, EVENT_SYNC);

	if (!status) {
		show_collect(&judging.facts, options->argument, &showns);
		if (options->json) {
			json_begin(&out);
			json_uplinks(&showns, &out);
			json_end(&out);
		} else if (options->porcelain) {
			show_porcelain(&showns, &out);
		} else {
			show_table(&judging.facts, &showns, options->argument != NULL,
				output_wants_color(), &out);
			if (!out.n && !judging.facts.refused)
				say_why_nothing(&judging.host.config, &judging.host.plan,
					options->argument);
		}
	}
	if (!status && !showns.n && options->argument)
		status = EXIT_FAILED;
	/* The table's colors are control characters of its own. */
	status = options->json || options->porcelain ? output_print(&out, status)
						     : output_write(&out, status);
	free(showns.items);
	judging_free(&judging);
	return reported ? reported : status;
}
