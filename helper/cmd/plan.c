/* SPDX-License-Identifier: MIT
 * plan: what sync would write and send, changing nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "plan/unified.h"

static unsigned device_table(const struct host *host)
{
	const struct planned_uplinks *uplinks = &host->plan.uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (!strcmp(uplinks->items[i].uplink->device, host->device))
			return uplinks->items[i].table;
	return 0;
}

static bool op_concerns(const struct op *op, const struct host *host, unsigned table)
{
	if (op->rule)
		return op->rule->table == table;
	return op->route->table == table || !strcmp(op->route->device, host->device);
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
	unsigned table = device_table(host);
	const struct op *op;
	size_t i;

	for (i = 0; i < host->ops.n; i++) {
		op = &host->ops.items[i];
		if (!all && !op_concerns(op, host, table))
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

int cmd_plan(const struct options *options)
{
	struct host host = {.device = ""};
	struct text out = {0};
	bool all = !options->argument;
	int status = host_plan(EVENT_SYNC, options, &host);
	int reported = host_report(&host, false);

	if (!status && (all || host.profile)) {
		format_changes(&host, all, &out);
		format_ops(&host, all, &out);
		status = format_sysctls(&host, all, &out);
	}
	if (out.n && fwrite(out.bytes, 1, out.n, stdout) != out.n)
		status = EXIT_FAILED;
	text_free(&out);
	host_free(&host);
	return reported ? reported : status;
}
