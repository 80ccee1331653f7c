/* SPDX-License-Identifier: MIT
 * plan: what sync would write and send, changing nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "base/log.h"
#include "cmd/judge.h"
#include "plan/unified.h"
#include "sys/netfilter.h"

/* A device may have several tables: of its aliases, and of IPv6. */
static bool is_device_table(const struct host *host, unsigned table)
{
	const struct planned_uplinks *uplinks = &host->plan.uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].table == table &&
			!strcmp(uplinks->items[i].uplink->device, host->device))
			return true;
	return false;
}

static bool op_concerns(const struct op *op, const struct host *host)
{
	if (op->rule)
		return is_device_table(host, op->rule->table);
	return is_device_table(host, op->route->table) || !strcmp(op->route->device, host->device);
}

static void format_changes(const struct host *host, bool all, struct text *out)
{
	const struct change *change;
	size_t i;

	for (i = 0; i < host->plan.changes.n; i++) {
		change = &host->plan.changes.items[i];
		if (all || !strcmp(strchr(change->name, '-') + 1, host->device))
			unified_format(change->path + 1, change->old ? change->old->bytes : NULL,
				change->old ? change->old->len : 0, change->bytes, change->len,
				out);
	}
}

static void format_ops(const struct host *host, bool all, struct text *out)
{
	const struct op *op;
	size_t i;

	for (i = 0; i < host->ops.n; i++) {
		op = &host->ops.items[i];
		if (!all && !op_concerns(op, host))
			continue;
		text_add_string(out,
			op->kind == OP_RULE_DELETE || op->kind == OP_ROUTE_DELETE ? "- "
				: op->kind == OP_ROUTE_REPLACE			  ? "~ "
										  : "+ ");
		op_format(op, out);
		text_add_string(out, "\n");
	}
}

static int format_sysctls(const struct host *host, bool all, struct text *out)
{
	struct sysctl_diff diff = {.writes = {0}};
	size_t i;

	if (host_diff_sysctls(host, !host->ops.n, &diff))
		return EXIT_FAILED;
	for (i = 0; i < diff.writes.n; i++) {
		if (!all && strcmp(diff.writes.items[i].device, host->device))
			continue;
		text_add_string(out, "~ ");
		sysctl_format(&diff.writes.items[i], out);
		text_add_string(out, "\n");
	}
	sysctl_diff_free(&diff);
	return 0;
}

/* Each line by itself, so that what is pasted is the same whatever comes before it. */
static void format_text(const char *command, const struct text *text, struct text *out)
{
	const char *cursor = text->bytes;
	char *line;

	if (!text->n)
		return;
	text_format(out, "~ %s <<END\n", command);
	for (; (line = line_next(&cursor)); free(line))
		text_format(out, "~ %s\n", line);
	text_add_string(out, "~ END\n");
}

static int format_chains(struct host *host, struct text *out)
{
	struct planned_chains chains[2] = {{.hash = 0}, {.hash = 0}};
	int backend, i;

	if (host_plan_chains(host, chains))
		return EXIT_FAILED;
	for (i = 0; i < 2; i++) {
		for (backend = 0; backend < BACKENDS; backend++)
			format_text(netfilter_command((enum backend)backend, i),
				&chains[i].texts[backend], out);
		planned_chains_free(&chains[i]);
	}
	return 0;
}

/* A device without an ifcfg file may still lose a block. False: nobody knows the device. */
static bool find_device(struct host *host, const char *name)
{
	const struct changes *changes = &host->plan.changes;
	bool found = kernel_find_link(&host->kernel, name) != NULL;
	size_t i;

	if (host->profile)
		return true;
	for (i = 0; i < changes->n; i++)
		found |= !strcmp(strchr(changes->items[i].name, '-') + 1, name);
	if (found && device_valid(name))
		device_copy(host->device, name);
	return found;
}

int cmd_plan(const struct options *options)
{
	struct host host = {.device = ""};
	struct text out = {0};
	bool all = !options->argument;
	int status = host_plan(options, &host);
	int reported = host_report(&host, EVENT_SYNC);

	if (!status && !all && !find_device(&host, options->argument)) {
		log_error("%s: no such device, and no ifcfg file for one", options->argument);
		status = EXIT_USAGE;
	}
	if (!status) {
		format_changes(&host, all, &out);
		format_ops(&host, all, &out);
		status = format_sysctls(&host, all, &out);
		if (!status && all)
			status = format_chains(&host, &out);
	}
	if (!status && options->exit_code && out.n)
		status = EXIT_CHANGES;
	/* Elsewhere it goes to patch(1), which compares bytes. */
	status = isatty(STDOUT_FILENO) ? output_print(&out, status) : output_write(&out, status);
	host_free(&host);
	return reported ? reported : status;
}
