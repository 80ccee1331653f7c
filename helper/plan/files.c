/* SPDX-License-Identifier: MIT
 * The plan's files: what the administrator wrote, and the managed blocks that go between.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/line.h"
#include "plan/draft.h"

const struct managed *draft_find(
	const struct draft *draft, bool inet6, bool is_rule, const char *device)
{
	size_t i;

	for (i = 0; i < draft->managed.n; i++)
		if (draft->managed.items[i].is_rule == is_rule &&
			draft->managed.items[i].inet6 == inet6 &&
			!strcmp(draft->managed.items[i].device, device))
			return &draft->managed.items[i];
	return NULL;
}

/* egrep -q '^[[:space:]]*ADDRESS[0-9]+=' of ifup-routes. */
static bool is_sourced(const struct text *text)
{
	bool found = false;
	size_t at = 0, digits;
	char *line, *word;

	while (!found && (line = text_line(text, &at))) {
		word = line + strspn(line, " \t\r\f\v");
		if (!strncmp(word, "ADDRESS", 7)) {
			digits = strspn(word + 7, "0123456789");
			found = digits && word[7 + digits] == '=';
		}
		free(line);
	}
	return found;
}

static bool table_number(const struct draft *draft, const char *word, unsigned *out)
{
	const struct table_names *names = &draft->input->config->tables;
	char *end;
	size_t i;

	*out = (unsigned)strtoul(word, &end, 0);
	if (!*end)
		return true;
	for (i = 0; i < names->n; i++)
		if (!strcmp(names->items[i].name, word)) {
			*out = names->items[i].number;
			return true;
		}
	*out = TABLE_MAIN;
	return !strcmp(word, "main");
}

/* The key of an ip-route(8) line. False if it has none that we know. */
static bool route_line_key(const struct draft *draft, bool inet6, char *line, struct route *out)
{
	static const char *const types[] = {
		"unicast", "to", "unreachable", "blackhole", "prohibit", "throw"};
	char *words[64];
	size_t n = line_words(line, words, 64), at = 0, i;
	int family = inet6 ? AF_INET6 : AF_INET;

	for (i = 0; at < n && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(words[at], types[i])) {
			at++;
			i = (size_t)-1;
		}
	if (at == n)
		return false;
	memset(out, 0, sizeof(*out));
	out->table = TABLE_MAIN;
	out->metric = inet6 ? METRIC_INET6 : 0;
	if (!strcmp(words[at], "default"))
		out->dst.family = (unsigned char)family;
	else if (prefix_parse(words[at], family, &out->dst))
		return false;
	for (at++; at + 1 < n; at++) {
		if (!strcmp(words[at], "table") && !table_number(draft, words[at + 1], &out->table))
			return false;
		if (!strcmp(words[at], "metric") || !strcmp(words[at], "priority") ||
			!strcmp(words[at], "preference"))
			out->metric = (unsigned)strtoul(words[at + 1], NULL, 0);
		if (!strcmp(words[at], "tos") || !strcmp(words[at], "dsfield"))
			out->tos = (unsigned char)strtoul(words[at + 1], NULL, 16);
	}
	return true;
}

/* Where an administrator's line has the same key as a route of ours, only one of the two can
 * be added: theirs. */
static void collect_routes(struct draft *draft, bool inet6, const struct text *text)
{
	struct route route;
	size_t at = 0;
	char *line;

	while ((line = text_line(text, &at))) {
		if (route_line_key(draft, inet6, line, &route))
			*array_add(&draft->admin_routes) = route;
		free(line);
	}
}

static void take_apart(struct draft *draft, const struct file *file)
{
	bool is_rule = !strncmp(file->name, "rule", 4);
	const char *device = strchr(file->name, '-') + 1;
	struct managed *managed;

	if (!device_valid(device))
		return;
	managed = array_add(&draft->managed);
	managed->file = file;
	managed->is_rule = is_rule;
	managed->inet6 = device[-2] == '6';
	memcpy(managed->device, device, strlen(device) + 1);
	if (file_unsafe(draft->input->sources, file, draft->diags)) {
		managed->broken = 1;
		return;
	}
	managed->broken = block_parse(file->bytes, file->len, device, &managed->block);
	if (managed->broken)
		diag_refuse(draft->diags, file->path, managed->broken,
			"one of the two lines "
			"'# BEGIN multihome %s' and '# END multihome %s' is missing; expected both, "
			"or neither",
			device, device);
	if (is_rule || managed->broken)
		return;
	managed->sourced =
		is_sourced(&managed->block.before) || is_sourced(&managed->block.after);
	collect_routes(draft, managed->inet6, &managed->block.before);
	collect_routes(draft, managed->inet6, &managed->block.after);
}

void draft_take_apart(struct draft *draft)
{
	const struct files *files = &draft->input->sources->managed;
	const struct managed *managed;
	size_t i, k;

	for (i = 0; i < files->n; i++)
		take_apart(draft, &files->items[i]);
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		if (managed->broken)
			frozen_add(&draft->plan->frozen, managed->device, managed->block.table);
		for (k = 0; k < managed->block.rules.n; k++)
			*array_add(&draft->plan->owned) = managed->block.rules.items[k];
	}
}

bool draft_by_hand(const struct draft *draft, const struct uplink *uplink)
{
	/* ifup-routes reads the files of the device and of the ifcfg file's own name. */
	const char *names[2] = {uplink->device, uplink->file->name + strlen("ifcfg-")};
	const struct managed *managed;
	size_t i;

	for (i = 0; i < 2; i++) {
		managed = draft_find(draft, uplink->inet6, true, names[i]);
		if (managed && block_has_rule_by_hand(&managed->block, &uplink->addresses))
			return true;
	}
	return false;
}

static void block_body(
	const struct draft *draft, bool inet6, bool is_rule, const char *device, struct text *body)
{
	int family = inet6 ? AF_INET6 : AF_INET;
	size_t i;

	text_add_string(body, "");
	for (i = 0; is_rule && i < draft->file_rules.n; i++)
		if (draft->file_rules.items[i].from.family == family &&
			!strcmp(draft->file_rules.items[i].device, device)) {
			rule_format(&draft->file_rules.items[i], body);
			text_add_string(body, "\n");
		}
	for (i = 0; !is_rule && i < draft->file_routes.n; i++)
		if (draft->file_routes.items[i].dst.family == family &&
			!strcmp(draft->file_routes.items[i].device, device)) {
			route_format(&draft->file_routes.items[i], body);
			text_add_string(body, "\n");
		}
}

static void write_block(struct draft *draft, bool inet6, bool is_rule, const char *device)
{
	static const struct managed none;
	const struct managed *managed = draft_find(draft, inet6, is_rule, device);
	struct text body = {0}, bytes = {0};
	struct change *change;
	bool wanted;

	if (!managed)
		managed = &none;
	block_body(draft, inet6, is_rule, device, &body);
	wanted = block_splice(&managed->block, managed->file != NULL, device, body.bytes, &bytes);
	text_free(&body);
	if (managed->file ? wanted && bytes.n == managed->file->len &&
				!memcmp(bytes.n ? bytes.bytes : "", managed->file->bytes, bytes.n)
			  : !bytes.n) {
		text_free(&bytes);
		return;
	}
	change = array_add(&draft->plan->changes);
	change->old = managed->file;
	change->name = mem_format("%s%s-%s", is_rule ? "rule" : "route", inet6 ? "6" : "", device);
	change->path = managed->file
		? mem_string(managed->file->path)
		: mem_format("%s/%s", draft->input->sources->scripts, change->name);
	change->bytes = wanted ? mem_copy(bytes.bytes, bytes.n) : NULL;
	change->len = bytes.n;
	text_free(&bytes);
}

static void write_device(struct draft *draft, const char *device)
{
	const struct changes *changes = &draft->plan->changes;
	size_t i;

	if (frozen_device(&draft->plan->frozen, device))
		return;
	for (i = 0; i < changes->n; i++)
		if (!strcmp(strchr(changes->items[i].name, '-') + 1, device))
			return;
	write_block(draft, false, false, device);
	write_block(draft, false, true, device);
	write_block(draft, true, false, device);
	write_block(draft, true, true, device);
}

void draft_write_blocks(struct draft *draft)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].state != STATE_REFUSED)
			write_device(draft, uplinks->items[i].uplink->device);
	for (i = 0; i < draft->managed.n; i++)
		if (draft->managed.items[i].block.present)
			write_device(draft, draft->managed.items[i].device);
}
