/* SPDX-License-Identifier: MIT
 * Files, kernel and settings against the plan, and what was said of the configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "judge/check_parts.h"
#include "plan/block.h"

static const char cure_sync[] = "run multihome sync";

static void add(struct findings *findings, struct finding found, const char *device, char *what,
	const char *cure)
{
	memcpy(found.device, device, strlen(device) + 1);
	finding_add(findings, found, what, mem_string(cure));
}

/* One line is enough for all of a device that one sync puts right. */
static void add_for_sync(
	struct findings *findings, enum finding_kind kind, const char *device, char *what)
{
	struct finding found = {.kind = kind, .wrong = true};
	size_t i;

	for (i = 0; i < findings->n; i++)
		if (findings->items[i].wrong && !strcmp(findings->items[i].device, device) &&
			findings->items[i].kind != kind &&
			!strcmp(findings->items[i].cure, cure_sync)) {
			free(what);
			return;
		}
	add(findings, found, device, what, cure_sync);
}

static bool is_edited(const struct plan *plan, const char *device)
{
	size_t i;

	for (i = 0; i < plan->uplinks.n; i++)
		if (plan->uplinks.items[i].state == STATE_EDITED &&
			!strcmp(plan->uplinks.items[i].uplink->device, device))
			return true;
	return false;
}

static void check_states(const struct check_input *in, struct findings *findings)
{
	struct finding edited = {.kind = FINDING_EDITED, .wrong = true};
	struct finding down = {.kind = FINDING_DOWN};
	const struct planned *planned;
	const char *device;
	char *again, *up;
	size_t i;

	for (i = 0; i < in->plan->uplinks.n; i++) {
		planned = &in->plan->uplinks.items[i];
		device = planned->uplink->device;
		up = mem_format("run ifup %s", device);
		again = mem_format("run ifdown %s && ifup %s", device, device);
		if (planned->state == STATE_EDITED)
			add(findings, edited, device,
				mem_format("it has other addresses than %s gives it",
					planned->uplink->file->name),
				again);
		else if (planned->state == STATE_DOWN &&
			!check_says_no(planned->uplink->file, "ONBOOT"))
			add(findings, down, device, mem_string("it is down, or without an address"),
				up);
		free(again);
		free(up);
	}
}

static bool is_sysctl_file(const struct check_input *in, const char *path)
{
	size_t i;

	for (i = 0; i < in->sources->settings.n; i++)
		if (!strcmp(in->sources->settings.items[i].path, path))
			return true;
	return false;
}

/* The device of an ifcfg file, else of a route- or rule- file's name, else "". */
static void find_device(const struct check_input *in, const char *path, device_name out)
{
	const struct profiles *profiles = &in->config->profiles;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dash = strchr(name, '-');
	size_t i;

	memset(out, 0, DEVICE_SIZE);
	for (i = 0; i < profiles->n; i++)
		if (!strcmp(profiles->items[i].file->path, path)) {
			device_of_label(profiles->items[i].device, out);
			return;
		}
	if (!slash)
		device_of_label(name, out);
	else if (dash && (!strncmp(name, "route", 5) || !strncmp(name, "rule", 4)))
		device_of_label(dash + 1, out);
}

static void check_diags(const struct check_input *in, struct findings *findings)
{
	struct finding found = {.kind = FINDING_NOTICE};
	const struct diag *diag;
	device_name device;
	const char *text, *cure;
	size_t i, n;

	for (i = 0; i < in->diags->n; i++) {
		diag = &in->diags->items[i];
		text = diag->text;
		cure = "";
		found.kind = FINDING_NOTICE;
		if (diag->refusal) {
			found.kind = FINDING_REFUSED;
			cure = "correct that and run multihome sync";
		} else if (is_sysctl_file(in, diag->file)) {
			found.kind = FINDING_SYSCTL_CONF;
			cure = "remove that line and run multihome sync";
		}
		found.wrong = found.kind != FINDING_NOTICE;
		find_device(in, diag->file, device);
		n = strlen(device);
		if (n && !strncmp(text, device, n) && !strncmp(text + n, ": ", 2))
			text += n + 2;
		add(findings, found, device, mem_string(text), cure);
	}
}

static const char *change_device(const struct change *change)
{
	return strchr(change->name, '-') + 1;
}

static const char *change_format(const struct change *change)
{
	struct block block = {0};
	const char *what;

	if (change->old)
		block_parse(change->old->bytes, change->old->len, change_device(change), true, &block);
	what = block.present ? "out of date" : "missing";
	block_free(&block);
	return what;
}

/* The changes of a device come one after the other. */
static void check_changes(const struct check_input *in, struct findings *findings)
{
	const struct changes *changes = &in->plan->changes;
	struct text what = {0};
	const char *device, *state, *last = "";
	size_t i;

	for (i = 0; i < changes->n; i++) {
		device = change_device(&changes->items[i]);
		state = change_format(&changes->items[i]);
		if (what.n && !strcmp(state, last))
			text_format(&what, " and %s", changes->items[i].name);
		else
			text_format(&what, "%s %s in %s", what.n ? "," : "multihome's block is",
				state, changes->items[i].name);
		last = state;
		if (i + 1 < changes->n && !strcmp(change_device(&changes->items[i + 1]), device))
			continue;
		if (is_edited(in->plan, device))
			text_free(&what);
		else
			add_for_sync(findings, FINDING_FILES, device, what.bytes);
		memset(&what, 0, sizeof(what));
	}
}

static bool is_op_of(const struct op *op, const struct planned *planned)
{
	bool is_rule = op->kind == OP_RULE_ADD || op->kind == OP_RULE_DELETE;

	return planned->table == (is_rule ? op->rule->table : op->route->table);
}

/* A rule that is to go may lead to a table of old. */
static bool is_rule_for(const struct op *op, const struct uplink *uplink)
{
	return op->kind == OP_RULE_DELETE && uplink->addresses.n &&
		prefix_contains(&op->rule->from, &uplink->addresses.items[0]);
}

/* That of the uplink that it serves, else the route's own. */
static const char *op_device(const struct check_input *in, const struct op *op)
{
	const struct planned_uplinks *uplinks = &in->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (is_op_of(op, &uplinks->items[i]))
			return uplinks->items[i].uplink->device;
	for (i = 0; i < uplinks->n; i++)
		if (is_rule_for(op, uplinks->items[i].uplink))
			return uplinks->items[i].uplink->device;
	return op->kind == OP_RULE_ADD || op->kind == OP_RULE_DELETE ? op->rule->device
								     : op->route->device;
}

static size_t count_ops(const struct check_input *in, const char *device, size_t from)
{
	size_t n = 0;

	for (; from < in->ops->n; from++)
		n += !strcmp(op_device(in, &in->ops->items[from]), device);
	return n;
}

static void check_ops(const struct check_input *in, struct findings *findings)
{
	const char *device;
	struct text what = {0};
	size_t i, n;

	for (i = 0; i < in->ops->n; i++) {
		device = op_device(in, &in->ops->items[i]);
		n = count_ops(in, device, i);
		if (n != count_ops(in, device, 0) || is_edited(in->plan, device))
			continue;
		text_add_string(&what, "the kernel is not as planned: ");
		op_format(&in->ops->items[i], &what);
		if (n > 1)
			text_format(&what, " and %zu more", n - 1);
		add_for_sync(findings, FINDING_KERNEL, device, what.bytes);
		memset(&what, 0, sizeof(what));
	}
}

static bool has_arp(const struct findings *findings, const char *device)
{
	size_t i;

	for (i = 0; i < findings->n; i++)
		if (findings->items[i].kind == FINDING_ARP &&
			!strcmp(findings->items[i].device, device))
			return true;
	return false;
}

static void check_settings(const struct check_input *in, struct findings *findings)
{
	const struct sysctl *wanted, *now;
	size_t i;

	for (i = 0; i < in->writes->n; i++) {
		wanted = &in->writes->items[i];
		now = sysctl_find(in->settings, wanted->device, wanted->key);
		if (!now || (wanted->key != SYSCTL_RP_FILTER && has_arp(findings, wanted->device)))
			continue;
		add_for_sync(findings, FINDING_SETTING, wanted->device,
			mem_format("%s is %d, and %d is wanted", sysctl_name(wanted->key),
				now->value, wanted->value));
	}
}

void check_plan(const struct check_input *in, struct findings *findings)
{
	check_diags(in, findings);
	if (!check_is_in_use(in))
		return;
	check_states(in, findings);
	check_changes(in, findings);
	check_ops(in, findings);
	check_settings(in, findings);
}
