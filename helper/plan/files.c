/* SPDX-License-Identifier: MIT
 * The plan's files: what the administrator wrote, and the managed blocks that go between.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

static int managed_by_name(const void *a, const void *b)
{
	const struct managed *x = a, *y = b;

	if (x->is_rule != y->is_rule)
		return x->is_rule - y->is_rule;
	return x->inet6 == y->inet6 ? strcmp(x->name, y->name) : x->inet6 - y->inet6;
}

static int managed_by_device(const void *a, const void *b)
{
	const struct managed *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static int reads_by_name(const void *a, const void *b)
{
	const struct reads *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int files_by_inode(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->disk > y->disk) - (x->disk < y->disk);
}

static int routes_by_device(const void *a, const void *b)
{
	const struct route *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : x->dst.family - y->dst.family;
}

static int rules_by_device(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : x->from.family - y->from.family;
}

const struct managed *draft_find(
	const struct draft *draft, bool inet6, bool is_rule, const char *name)
{
	struct managed key = {.is_rule = is_rule, .inet6 = inet6};

	memcpy(key.name, name, strlen(name) + 1);
	return index_find(&draft->managed_by_name, &key);
}

/* ifup-routes is given the device and the name of its ifcfg file. Copies that an editor or an
 * administrator keeps beside them belong to nobody. */
static void collect_reads(const struct profiles *profiles, struct all_reads *out)
{
	const struct profile *profile;
	size_t i;

	for (i = 0; i < profiles->n; i++) {
		profile = &profiles->items[i];
		if (!profile->real[0])
			continue;
		*array_add(out) = (struct reads){profile->real, profile->real};
		*array_add(out) = (struct reads){
			profile->file->name + strlen("ifcfg-"), profile->real};
	}
}

static bool has_uplink(const struct draft *draft, const char *device)
{
	return *device &&
		(lookups_is_uplink(&draft->lookups, device, false) ||
			lookups_is_uplink(&draft->lookups, device, true));
}

static bool is_shared(const struct index *by_inode, const struct file *file)
{
	return file->inode && index_at(by_inode, index_first(by_inode, file) + 1, file);
}

static void read_lines(const struct draft *draft, struct managed *managed, const struct text *text)
{
	const struct table_names *names = &draft->input->config->tables;

	if (managed->is_rule)
		byhand_rules(text->bytes, text->n, managed->inet6, names, &managed->rules);
	else
		byhand_routes(text->bytes, text->n, managed->inet6, names, &managed->routes);
}

/* What is outside of the block is the administrator's, but for what only lost its markers. */
static void read_outside(const struct draft *draft, struct managed *managed, bool strays_are_his)
{
	struct block *block = &managed->block;
	struct text all = {0};

	/* Whose lines these are is not known: none of them is free. */
	if (managed->broken) {
		text_add(&all, managed->file->bytes, managed->file->len);
		read_lines(draft, managed, &all);
		text_free(&all);
		return;
	}
	if (!strays_are_his && !managed->shared && !block->present)
		block_take_strays(block, &managed->strays);
	text_add(&all, block->before.bytes, block->before.n);
	text_add(&all, block->after.bytes, block->after.n);
	managed->sourced = !managed->is_rule && byhand_is_sourced(all.bytes, all.n);
	if (all.n)
		read_lines(draft, managed, &all);
	text_free(&all);
}

static void refuse_broken(struct draft *draft, const struct managed *managed)
{
	diag_refuse(draft->diags, managed->file->path, managed->broken,
		"one of the two lines "
		"'# BEGIN multihome %s' and '# END multihome %s' is missing; expected both, "
		"or neither",
		managed->name, managed->name);
}

static void take_apart(struct draft *draft, const struct index *readers,
	const struct index *by_inode, const struct file *file, bool strays_are_his)
{
	const struct file_kind *kind = file_kind(file->name);
	const char *name = file->name + strlen(kind->prefix);
	const struct reads key = {name, NULL}, *reader = index_find(readers, &key);
	struct managed *managed;

	if (!device_valid(name))
		return;
	managed = array_add(&draft->managed);
	managed->file = file;
	managed->is_rule = kind->is_rule;
	managed->inet6 = kind->inet6;
	memcpy(managed->name, name, strlen(name) + 1);
	if (reader)
		memcpy(managed->device, reader->device, strlen(reader->device) + 1);
	managed->shared = is_shared(by_inode, file);
	managed->broken = block_parse(
		file->bytes, file->len, managed->name, reader != NULL, &managed->block);
	if (managed->broken && reader)
		refuse_broken(draft, managed);
	/* What is wrong with the file of a NIC that is no uplink is not ours to say. */
	if (file->error || (file->others_write && !draft->input->sources->copied))
		managed->unsafe = !has_uplink(draft, managed->device) ||
			file_unread(file, draft->diags) ||
			file_unsafe(draft->input->sources, file, draft->diags);
	if (!managed->is_rule && managed->block.several_tables)
		byhand_routes(managed->block.body.bytes, managed->block.body.n, managed->inet6,
			&draft->input->config->tables, &managed->ours);
	if (reader)
		read_outside(draft, managed, strays_are_his);
}

void draft_take_apart(struct draft *draft)
{
	const struct files *files = &draft->input->sources->managed;
	const struct managed *managed;
	struct index readers = {0}, by_inode = {0};
	struct all_reads reads = {0};
	size_t i, k;

	collect_reads(&draft->input->config->profiles, &reads);
	index_build(&reads, reads_by_name, &readers);
	index_build(files, files_by_inode, &by_inode);
	for (i = 0; i < files->n; i++)
		take_apart(draft, &readers, &by_inode, &files->items[i], draft->his[i]);
	free(reads.items);
	free(readers.items);
	free(by_inode.items);
	index_build(&draft->managed, managed_by_name, &draft->managed_by_name);
	index_build(&draft->managed, managed_by_device, &draft->managed_by_device);
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		for (k = 0; k < managed->block.rules.n; k++)
			*array_add(&draft->plan->owned) = managed->block.rules.items[k];
	}
}

static bool is_for(const struct rule *rule, const struct uplink *uplink)
{
	size_t i;

	for (i = 0; rule->from.len && i < uplink->addresses.n; i++)
		if (prefix_contains(&rule->from, &uplink->addresses.items[i]))
			return true;
	return false;
}

struct by_hand {
	const struct by_hand_rule **items;
	size_t n, cap;
};

/* The rules by hand for one of the uplink's addresses. */
static void find_by_hand(
	const struct draft *draft, const struct uplink *uplink, struct by_hand *out)
{
	const struct index *by_device = &draft->managed_by_device;
	const struct managed *managed;
	struct managed key = {.file = NULL};
	size_t at, i;

	memcpy(key.device, uplink->device, sizeof(key.device));
	for (at = index_first(by_device, &key); (managed = index_at(by_device, at, &key)); at++)
		for (i = 0; i < managed->rules.n && managed->inet6 == uplink->inet6; i++)
			if (is_for(&managed->rules.items[i].rule, uplink))
				*array_add(out) = &managed->rules.items[i];
}

bool draft_by_hand(const struct draft *draft, const struct uplink *uplink)
{
	struct by_hand found = {0};

	find_by_hand(draft, uplink, &found);
	free(found.items);
	return found.n != 0;
}

static bool is_owned(const struct draft *draft, const struct rule *rule)
{
	const struct rules *owned = &draft->plan->owned;
	size_t i;

	for (i = 0; i < owned->n; i++)
		if (!rule_compare(&owned->items[i], rule))
			return true;
	return false;
}

bool draft_rules_by_hand_are_there(const struct draft *draft, const struct uplink *uplink)
{
	const struct kernel *kernel = draft->input->kernel;
	struct by_hand found = {0};
	const struct rule *rule;
	size_t k, i = 0;
	bool all = true;

	find_by_hand(draft, uplink, &found);
	for (k = 0; kernel && all && k < found.n; k++) {
		for (i = 0; i < kernel->rules.n; i++) {
			rule = &kernel->rules.items[i];
			if (!prefix_compare(&rule->from, &found.items[k]->rule.from) &&
				rule->table == found.items[k]->rule.table && !is_owned(draft, rule))
				break;
		}
		all = i < kernel->rules.n;
	}
	free(found.items);
	return all;
}

static void block_body(
	const struct draft *draft, bool inet6, bool is_rule, const char *device, struct text *body)
{
	const struct index *index = is_rule ? &draft->rules_by_device : &draft->routes_by_device;
	int family = inet6 ? AF_INET6 : AF_INET;
	struct route route = {.dst = {.family = family}};
	struct rule rule = {.from = {.family = family}};
	const void *key = is_rule ? (const void *)&rule : &route, *line;
	size_t i;

	text_add_string(body, "");
	memcpy(route.device, device, strlen(device) + 1);
	memcpy(rule.device, device, strlen(device) + 1);
	for (i = index_first(index, key); (line = index_at(index, i, key)); i++) {
		if (is_rule)
			rule_format(line, body);
		else
			route_format(line, body);
		text_add_string(body, "\n");
	}
}

static void add_change(struct draft *draft, const struct managed *managed, char *name,
	const char *bytes, size_t len)
{
	struct change *change = array_add(&draft->plan->changes);

	change->old = managed->file;
	change->name = name;
	change->path = managed->file
		? mem_string(managed->file->path)
		: mem_format("%s/%s", draft->input->sources->scripts, name);
	change->bytes = bytes ? mem_copy(bytes, len) : NULL;
	change->len = len;
}

/* False: the file has lines of our form that no block of this plan would have. */
static bool write_block(
	struct draft *draft, const struct file_kind *kind, const char *device)
{
	static const struct managed none;
	const struct managed *managed = draft_find(draft, kind->inet6, kind->is_rule, device);
	struct text body = {0}, bytes = {0};
	bool wanted, same, adopted;

	if (!managed)
		managed = &none;
	if (managed->shared || managed->unsafe || managed->broken)
		return true;
	block_body(draft, kind->inet6, kind->is_rule, device, &body);
	adopted = block_has_lines(&body, &managed->strays);
	wanted = block_splice(&managed->block, managed->file != NULL, device, body.bytes, &bytes);
	same = managed->file ? wanted && bytes.n == managed->file->len &&
			!memcmp(bytes.n ? bytes.bytes : "", managed->file->bytes, bytes.n)
			     : !bytes.n;
	if (adopted && !same)
		add_change(draft, managed,
			mem_format("%s%s", kind->prefix, device), wanted ? bytes.bytes : NULL, bytes.n);
	text_free(&body);
	text_free(&bytes);
	return adopted;
}

static bool write_device(struct draft *draft, const char *name, bool *his)
{
	const struct file *first = draft->input->sources->managed.items;
	const struct managed *managed;
	bool adopted = true;
	const struct file_kind *kind;

	if (plan_holds(draft->plan, HOLD_FILES, name, 0))
		return true;
	for (kind = file_kinds; kind < file_kinds + FILE_KINDS; kind++) {
		if (write_block(draft, kind, name))
			continue;
		managed = draft_find(draft, kind->inet6, kind->is_rule, name);
		his[managed->file - first] = true;
		adopted = false;
	}
	return adopted;
}

bool draft_write_blocks(struct draft *draft, bool *his)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	const struct managed *managed;
	struct device_names names = {NULL, 0, 0};
	bool adopted = true;
	size_t i;

	index_build(&draft->file_routes, routes_by_device, &draft->routes_by_device);
	index_build(&draft->file_rules, rules_by_device, &draft->rules_by_device);
	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].state != STATE_REFUSED)
			memcpy(array_add(&names), uplinks->items[i].uplink->device, DEVICE_SIZE);
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		if (managed->block.present || managed->strays.n)
			memcpy(array_add(&names), managed->name, DEVICE_SIZE);
	}
	device_names_drop_repeated(&names);
	for (i = 0; i < names.n; i++)
		adopted &= write_device(draft, names.items[i], his);
	free(names.items);
	return adopted;
}
