/* SPDX-License-Identifier: MIT
 * The plan's files: what the administrator wrote, and the managed blocks that go between.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/draft.h"

define_order(managed_by_name, struct managed,
	x->kind == y->kind ? strcmp(x->name, y->name) : x->kind < y->kind ? -1 : 1)
define_order(managed_by_device, struct managed, strcmp(x->device, y->device))

/* The device whose ifup reads route-NAME. */
struct reads {
	const char *name, *device;
};

struct all_reads {
	struct reads *items;
	size_t n, cap;
};

define_order(reads_by_name, struct reads, strcmp(x->name, y->name))
define_order(files_by_inode, struct file,
	x->inode != y->inode ? (x->inode < y->inode ? -1 : 1)
			     : (x->disk > y->disk) - (x->disk < y->disk))
define_order_by_two(routes_by_file, struct route, strcmp(x->device, y->device),
	x->dst.family - y->dst.family)
define_order_by_two(rules_by_file, struct rule, strcmp(x->device, y->device),
	x->from.family - y->from.family)

const struct managed *draft_find(const struct draft *draft, unsigned kind, const char *name)
{
	struct managed key = {.kind = kind};

	device_copy(key.name, name);
	return index_find(&draft->managed_by_name, &key);
}

const struct managed *draft_find_own(
	const struct draft *draft, const struct uplink *uplink, unsigned rule)
{
	return draft_find(draft, rule | (uplink->inet6 ? FILE_INET6 : 0), uplink->device);
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

static bool is_linked(const struct index *by_inode, const struct file *file)
{
	return file->inode && index_at(by_inode, index_first(by_inode, file) + 1, file);
}

static void read_lines(const struct draft *draft, struct managed *managed, const struct text *text)
{
	const struct table_names *names = &draft->input->config->tables;

	if (managed->kind & FILE_RULE)
		byhand_rules(text->bytes, text->n, managed->kind & FILE_INET6, names,
			&managed->rules);
	else
		byhand_routes(text->bytes, text->n, managed->kind & FILE_INET6, names,
			&managed->routes);
}

/* Lines outside of the block are the administrator's, unless they only lost their markers. */
static void read_outside(const struct draft *draft, struct managed *managed, bool strays_are_his)
{
	struct block *block = &managed->block;
	struct text all = {0};

	/* Nobody knows whose lines these are: none of them is free. */
	if (managed->broken) {
		text_add(&all, managed->file->bytes, managed->file->len);
		read_lines(draft, managed, &all);
		text_free(&all);
		return;
	}
	if (!strays_are_his && !managed->shared && !block->present)
		block_take_strays(block, &managed->strays);
	if (!block->before.n && !block->after.n)
		return;
	text_add(&all, block->before.bytes, block->before.n);
	text_add(&all, block->after.bytes, block->after.n);
	managed->sourced = !(managed->kind & FILE_RULE) && byhand_is_sourced(all.bytes, all.n);
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
	managed->kind = (unsigned)(kind - file_kinds);
	device_copy(managed->name, name);
	if (reader)
		device_copy(managed->device, reader->device);
	managed->shared = is_linked(by_inode, file);
	managed->broken = block_parse(
		file->bytes, file->len, managed->name, reader != NULL, &managed->block);
	if (managed->broken && reader)
		refuse_broken(draft, managed);
	/* A wrong file of a NIC that is no uplink is not ours to tell of. */
	if (file->error || (file->others_write && !draft->input->sources->copied))
		managed->unsafe = !has_uplink(draft, managed->device) ||
			file_unread(file, draft->diags) ||
			file_unsafe(draft->input->sources, file, draft->diags);
	if (!(managed->kind & FILE_RULE) && managed->block.several_tables)
		byhand_routes(managed->block.body.bytes, managed->block.body.n,
			managed->kind & FILE_INET6, &draft->input->config->tables, &managed->ours);
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

/* Can it lead what the host sends from an address of the uplink, or from another of its device? */
static bool is_for(const struct draft *draft, const struct by_hand_rule *rule,
	const struct uplink *uplink)
{
	const struct index *located = &draft->lookups.located;
	const struct address first = {.prefix = prefix_network(&rule->rule.from)}, *address;
	size_t i;

	/* What leads only a part comes before ours, and is none of our business. */
	if (rule->other || rule->rule.to.len)
		return false;
	for (i = 0; i < uplink->addresses.n; i++)
		if (byhand_leads(rule, &uplink->addresses.items[i]))
			return true;
	if ((first.prefix.family == AF_INET6) != uplink->inet6)
		return false;
	for (i = index_first(located, &first);
		(address = address_within(located, i, &first.prefix)); i++)
		if (!strcmp(address->device, uplink->device) &&
			byhand_leads(rule, &address->prefix))
			return true;
	return false;
}

void draft_find_by_hand(
	const struct draft *draft, const struct uplink *uplink, struct index *out)
{
	const struct index *by_device = &draft->managed_by_device;
	const struct managed *managed;
	struct managed key = {.file = NULL};
	size_t at, i;

	memcpy(key.device, uplink->device, sizeof(key.device));
	for (at = index_first(by_device, &key); (managed = index_at(by_device, at, &key)); at++)
		for (i = 0; i < managed->rules.n; i++)
			if (is_for(draft, &managed->rules.items[i], uplink))
				*array_add(out) = &managed->rules.items[i].rule;
}

bool rules_meet_source(const struct index *rules, const struct prefix *net)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (rule_meets_source(rules->items[i], net))
			return true;
	return false;
}

bool draft_is_for_lines(
	const struct draft *draft, unsigned table, int family, bool has_default)
{
	const struct route *line;
	size_t i;

	for (i = 0; i < draft->taken_lines; i++) {
		line = &draft->taken.items[i];
		if (line->table == table && line->dst.family == family &&
			(!line->dst.len || !has_default))
			return true;
	}
	return false;
}

/* As far as the line is read. */
static bool is_line(const struct rule *rule, const struct rule *by_hand)
{
	return rule->table == by_hand->table && rule->inverted == by_hand->inverted &&
		!prefix_compare(&rule->from, &by_hand->from) &&
		(!by_hand->to.len || !prefix_compare(&rule->to, &by_hand->to)) &&
		!strcmp(rule->iif, by_hand->iif) &&
		(!by_hand->priority || rule->priority == by_hand->priority);
}

/* Has the kernel the line's rule, and not by our making, and the routes that his files have for its
 * table? */
static bool is_there(const struct draft *draft, const struct rule *by_hand)
{
	const struct rules *seen = &draft->input->kernel->rules;
	const struct rule *rule;
	size_t i;

	for (i = 0; i < seen->n; i++) {
		rule = &seen->items[i];
		if (is_line(rule, by_hand) && !index_find(&draft->recorded, rule))
			return rule->action != ACTION_LOOKUP ||
				!draft_is_for_lines(
					draft, rule->table, rule->from.family, false) ||
				lookups_is_filled(&draft->lookups, rule->table,
					rule->from.family, false);
	}
	return false;
}

bool draft_lacks_by_hand(const struct draft *draft, const struct uplink *uplink)
{
	struct index by_hand = {0};
	bool lacks = false;
	size_t i;

	draft_find_by_hand(draft, uplink, &by_hand);
	for (i = 0; draft->input->kernel && !lacks && i < by_hand.n; i++)
		lacks = !is_there(draft, by_hand.items[i]);
	free(by_hand.items);
	return lacks;
}

/* EL5's ip refuses a table above 255 (rtnl_rttable_a2n), and the line with it; its kernel does
 * not. */
bool draft_file_has_table(const struct draft *draft, unsigned table)
{
	return table <= 255 || !draft->input->config->release.small_tables;
}

bool draft_takes_lines(const struct draft *draft, const struct uplink *uplink, unsigned rule)
{
	const struct managed *managed = draft_find_own(draft, uplink, rule);

	/* A lease's routes go by netlink only: ifup-routes would apply those of the last one, and a
	 * renewal, of which initscripts know nothing, would have to rewrite files. */
	if (uplink->kernel_only ||
		(rule && uplink->inet6 && !draft->input->config->release.reads_rule6))
		return false;
	return !managed || (!managed->sourced && !managed->broken && !managed->shared &&
				   !managed->unsafe);
}

/* Our lines for the file, whole ones. */
static void block_body(
	const struct draft *draft, unsigned kind, const char *device, struct text *body)
{
	const bool is_rule = kind & FILE_RULE;
	const struct index *index = is_rule ? &draft->rules_by_file : &draft->routes_by_file;
	const int family = kind & FILE_INET6 ? AF_INET6 : AF_INET;
	struct route route = {.dst = {.family = family}};
	struct rule rule = {.from = {.family = family}};
	const void *key = is_rule ? (const void *)&rule : &route, *line;
	size_t i;

	text_add_string(body, "");
	device_copy(route.device, device);
	device_copy(rule.device, device);
	for (i = index_first(index, key); (line = index_at(index, i, key)); i++) {
		if (is_rule)
			rule_format(line, body);
		else
			route_format(line, body);
		text_add_string(body, "\n");
	}
}

static void add_change(struct draft *draft, const struct file *old, unsigned kind,
	const char *device, const struct text *bytes)
{
	struct change *change = array_add(&draft->plan->changes);

	change->old = old;
	change->name = mem_format("%s%s", file_kinds[kind].prefix, device);
	change->path = old ? mem_string(old->path)
			   : mem_format("%s/%s", draft->input->sources->scripts, change->name);
	change->bytes = bytes ? mem_copy(bytes->bytes, bytes->n) : NULL;
	change->len = bytes ? bytes->n : 0;
}

/* False: the file has lines of our form that no block of this plan would have. */
static bool write_block(struct draft *draft, unsigned kind, const char *device)
{
	static const struct managed none;
	const struct managed *managed = draft_find(draft, kind, device);
	const struct file *file;
	struct text body = {0}, bytes = {0};
	bool wanted, adopted;

	if (!managed)
		managed = &none;
	if (managed->shared || managed->unsafe || managed->broken)
		return true;
	file = managed->file;
	block_body(draft, kind, device, &body);
	adopted = block_has_lines(&body, &managed->strays);
	if (adopted && (file || body.n)) {
		wanted = block_splice(&managed->block, file != NULL, device, body.bytes, &bytes);
		if (!wanted || !file || bytes.n != file->len ||
			memcmp(bytes.n ? bytes.bytes : "", file->bytes, bytes.n))
			add_change(draft, file, kind, device, wanted ? &bytes : NULL);
	}
	text_free(&body);
	text_free(&bytes);
	return adopted;
}

bool draft_write_blocks(struct draft *draft, bool *his)
{
	const struct planned_uplinks *uplinks = &draft->plan->uplinks;
	const struct managed *managed;
	struct device_names names = {NULL, 0, 0};
	bool adopted = true;
	unsigned kind;
	size_t i;

	index_build(&draft->file_routes, routes_by_file, &draft->routes_by_file);
	index_build(&draft->file_rules, rules_by_file, &draft->rules_by_file);
	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].state != STATE_REFUSED)
			memcpy(array_add(&names), uplinks->items[i].uplink->device, DEVICE_SIZE);
	for (i = 0; i < draft->managed.n; i++) {
		managed = &draft->managed.items[i];
		if (managed->block.present || managed->strays.n)
			memcpy(array_add(&names), managed->name, DEVICE_SIZE);
	}
	device_names_drop_repeated(&names);
	for (i = 0; i < names.n; i++) {
		for (kind = 0; kind < FILE_KINDS && !plan_holds_files(draft->plan, names.items[i]);
			kind++) {
			if (write_block(draft, kind, names.items[i]))
				continue;
			managed = draft_find(draft, kind, names.items[i]);
			his[managed->file - draft->input->sources->managed.items] = true;
			adopted = false;
		}
	}
	free(names.items);
	return adopted;
}
