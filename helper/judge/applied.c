/* SPDX-License-Identifier: MIT
 * What check finds of files, kernel and settings that are not as planned.
 */
#include <string.h>

#include "judge/checks.h"
#include "judge/cures.h"

/* Lines of the administrator's in the uplink's own route- file may well be there; of a default
 * route it is said where it leads replies. */
static bool has_foreign_route(const struct facts *facts, const struct planned *planned)
{
	struct route key = {.table = planned->table};
	const struct index *routes = &facts->walks.routes;
	const struct route *route;
	size_t at;

	key.dst.family = planned->uplink->gateway.family;
	for (at = index_first(routes, &key); at < routes->n; at++) {
		route = routes->items[at];
		if (route->table != key.table || route->dst.family != key.dst.family)
			return false;
		if (!plan_owns_route(facts->plan, route) && route->dst.len &&
			route_hop_count(route) &&
			strcmp(route_hop(route, 0).device, planned->uplink->device))
			return true;
	}
	return false;
}

/* One that is for an address outside of the uplink's networks, a service's, means that uplink. */
static bool has_foreign_rule(const struct facts *facts, const struct planned *planned)
{
	const struct rule key = {.table = planned->table,
		.from = {.family = planned->uplink->gateway.family}};
	const struct index *rules = &facts->walks.tables;
	const struct rule *rule;
	bool outside;
	size_t at;

	for (at = index_first(rules, &key); (rule = index_at(rules, at, &key)); at++) {
		if (rule->action != ACTION_LOOKUP || !rule->from.len || facts_own_rule(facts, rule))
			continue;
		facts_find_uplink(facts, planned->uplink->device, &rule->from, &outside);
		if (!outside || rule->from.len < prefix_bits(rule->from.family))
			return true;
	}
	return false;
}

/* Fresh; NULL: the table is the uplink's alone. */
static char *describe_sharing(const struct facts *facts, const struct planned *planned)
{
	const char *name = facts_table_name(facts, planned->table);

	if (name)
		return mem_format(
			"its table %u is called %s in rt_tables", planned->table, name);
	if (has_foreign_route(facts, planned))
		return mem_format("its table %u has routes of somebody else", planned->table);
	if (has_foreign_rule(facts, planned))
		return mem_format("a rule of somebody else leads to its table %u", planned->table);
	return NULL;
}

/* Who says TABLE= knows what the table is for. */
void check_shared_tables(const struct facts *facts, struct findings *findings)
{
	const struct planned *planned;
	char *what;
	size_t i;

	for (i = 0; i < facts->plan->uplinks.n; i++) {
		planned = &facts->plan->uplinks.items[i];
		if (!planned->table || planned->uplink->table)
			continue;
		what = describe_sharing(facts, planned);
		if (what)
			finding_add(findings, (struct finding){.kind = FINDING_TABLE_SHARED},
				planned->uplink->device, what,
				mem_format("see what else table %u is for, and TABLE= in %s",
					planned->table, planned->uplink->file->name));
	}
}

/* An edit of NETMASK= changes what is planned, and nothing but an ifup changes the kernel. Fresh;
 * NULL: the NIC has all that it has of them as the file says. */
static char *describe_length(const struct facts *facts, const struct uplink *uplink)
{
	struct address key = {.unsettled = false};
	const struct address *there;
	char text[PREFIX_TEXT];
	size_t i, at;
	int len;

	for (i = 0; i < uplink->addresses.n && !uplink->inet6; i++) {
		key.prefix = uplink->addresses.items[i];
		len = -1;
		for (at = index_first(&facts->addresses, &key);
			len != key.prefix.len && (there = index_at(&facts->addresses, at, &key)); at++)
			if (!strcmp(there->device, uplink->device))
				len = there->prefix.len;
		if (len >= 0 && len != key.prefix.len)
			return mem_format("its %s has the length %d, and not %d as in %s",
				prefix_format_address(&key.prefix, text), len, key.prefix.len,
				uplink->file->name);
	}
	return NULL;
}

/* One of the uplink's addresses on a device that no file configures: a bridge made by hand, the same
 * NIC by another name. NULL: none is. */
static const struct address *find_elsewhere(
	const struct facts *facts, const struct uplink *uplink)
{
	struct address key = {.unsettled = false};
	const struct address *there;
	size_t i, at;

	for (i = 0; i < uplink->addresses.n; i++) {
		key.prefix = uplink->addresses.items[i];
		for (at = index_first(&facts->addresses, &key);
			(there = index_at(&facts->addresses, at, &key)); at++)
			if (!facts_find_profile(facts, there->device))
				return there;
	}
	return NULL;
}

static void check_state(
	const struct facts *facts, const struct planned *planned, struct findings *findings)
{
	const struct file *file = planned->uplink->file;
	const char *device = planned->uplink->device;
	const struct address *there;
	char text[PREFIX_TEXT];
	char *what = planned->state == STATE_EDITED
		? mem_format("it has other addresses than %s gives it", file->name)
		: planned->state == STATE_REFUSED
		? NULL
		: describe_length(facts, planned->uplink);

	if (what)
		finding_add(findings, (struct finding){.kind = FINDING_EDITED, .wrong = true},
			device, what, cure_edited(planned->uplink));
	else if (planned->state == STATE_DOWN && (there = find_elsewhere(facts, planned->uplink)))
		finding_add(findings, (struct finding){.kind = FINDING_EDITED, .wrong = true},
			device,
			mem_format("its %s is on %s, which has no ifcfg file",
				prefix_format_address(&there->prefix, text), there->device),
			mem_format("see %s, and whether %s is to have a file of its own",
				file->name, there->device));
	else if (planned->state == STATE_DOWN && !facts_file_says_no(facts, file, "ONBOOT"))
		finding_add(findings, (struct finding){.kind = FINDING_DOWN}, device,
			mem_string("it is down, or without an address"),
			cure_down(facts, device));
	else if (planned->edited && planned->state == STATE_UP)
		finding_add(findings, (struct finding){.kind = FINDING_WAITS}, device,
			mem_format("%s, an alias or /etc/sysconfig/network was edited since the "
				   "NIC came up",
				file->name),
			facts_sync_has_work(facts) ? cure_sync(facts) : cure_restart(device));
}

/* One line is enough for all of a device that one sync puts right, and none for what waits for an
 * ifup. Takes what over. */
static void add_for_sync(const struct facts *facts, struct findings *findings,
	enum finding_kind kind, const char *device, char *what)
{
	char *cure = cure_sync(facts);
	const struct finding *other = NULL;
	bool told = false;

	while (!told && (other = findings_of(findings, device, other)))
		told = (other->kind == FINDING_EDITED && kind != FINDING_SETTING) ||
			(other->wrong && other->kind != kind &&
				!strcmp(other->cure, cure));
	if (told) {
		free(what);
		free(cure);
	} else {
		finding_add(findings, (struct finding){.kind = kind, .wrong = true}, device, what,
			cure);
	}
}

static const char *change_device(const struct change *change)
{
	return strchr(change->name, '-') + 1;
}

/* The changes of a device come one after the other. */
static void check_changes(const struct facts *facts, struct findings *findings)
{
	const struct changes *changes = &facts->plan->changes;
	const struct file *old;
	struct text what = {0};
	const char *device, *state, *last = "";
	size_t i;

	for (i = 0; i < changes->n; i++) {
		device = change_device(&changes->items[i]);
		old = changes->items[i].old;
		state = old && facts_file_has_block(old) ? "out of date" : "missing";
		if (what.n && !strcmp(state, last))
			text_format(&what, " and %s", changes->items[i].name);
		else
			text_format(&what, "%s %s in %s", what.n ? "," : "multihome's block is",
				state, changes->items[i].name);
		last = state;
		if (i + 1 < changes->n && !strcmp(change_device(&changes->items[i + 1]), device))
			continue;
		add_for_sync(facts, findings, FINDING_FILES, device, what.bytes);
		memset(&what, 0, sizeof(what));
	}
}

/* That of the uplink that it serves, else the route's own. */
static const char *op_device(const struct facts *facts, const struct op *op)
{
	bool is_rule = op->kind == OP_RULE_ADD || op->kind == OP_RULE_DELETE;
	const struct planned *planned =
		facts_find_by_table(facts, is_rule ? op->rule->table : op->route->table);

	if (planned)
		return planned->uplink->device;
	return is_rule ? op->rule->device : op->route->device;
}

/* What differs of a device. */
struct difference {
	const char *device;
	const struct op *op;
};

define_order(differences_by_device, struct difference, strcmp(x->device, y->device))
define_order(differences_in_order, struct difference, (x->op > y->op) - (x->op < y->op))

/* What comes of a difference that no reply to afar tells of. */
static void add_loss(const struct facts *facts, const struct op *op, struct text *what)
{
	char net[PREFIX_TEXT];

	if (op->kind <= OP_ROUTE_APPEND && op->route->dst.len &&
		facts_find_by_table(facts, op->route->table))
		text_format(what, ", without which replies to %s leave by the gateway",
			prefix_format(&op->route->dst, net));
}

/* One line a device: its first difference, and how many there are more. */
static void check_ops(const struct facts *facts, struct findings *findings)
{
	struct {
		struct difference *items;
		size_t n, cap;
	} all = {NULL, 0, 0};
	struct index by_device = {0}, firsts = {0};
	const struct difference *difference;
	struct text what = {0};
	size_t i, at, more;

	for (i = 0; i < facts->ops->n; i++) {
		array_add(&all)->op = &facts->ops->items[i];
		all.items[i].device = op_device(facts, all.items[i].op);
	}
	index_build(&all, differences_by_device, &by_device);
	for (at = 0; at < by_device.n; at++)
		if (!at || differences_by_device(by_device.items[at - 1], by_device.items[at]))
			*array_add(&firsts) = by_device.items[at];
	index_sort(&firsts, differences_in_order);
	for (i = 0; i < firsts.n; i++) {
		difference = firsts.items[i];
		text_add_string(&what, "the kernel is not as planned: ");
		op_format(difference->op, &what);
		at = index_first(&by_device, difference);
		for (more = 0; index_at(&by_device, at + more + 1, difference); more++)
			;
		if (more)
			text_format(&what, " and %zu more", more);
		add_loss(facts, difference->op, &what);
		add_for_sync(facts, findings, FINDING_KERNEL, difference->device, what.bytes);
		memset(&what, 0, sizeof(what));
	}
	free(all.items);
	free(by_device.items);
	free(firsts.items);
}

static bool has_conflict(const struct findings *findings, const char *device)
{
	const struct finding *other = NULL;

	while ((other = findings_of(findings, device, other)))
		if (other->kind == FINDING_ARP)
			return true;
	return false;
}

static void check_settings(const struct facts *facts, struct findings *findings)
{
	const struct sysctl *wanted, *now;
	size_t i;

	for (i = 0; i < facts->writes->n; i++) {
		wanted = &facts->writes->items[i];
		now = index_find(&facts->settings_in_order, wanted);
		if (now && (wanted->key == SYSCTL_RP_FILTER || !has_conflict(findings, wanted->device)))
			add_for_sync(facts, findings, FINDING_SETTING, wanted->device,
				mem_format("%s is %d, and %d is wanted", sysctl_name(wanted->key),
					now->value, wanted->value));
	}
}

static void check_chains(const struct facts *facts, struct findings *findings)
{
	const struct planned_chains *chains = facts->chains;

	if (chains && chains_has_work(chains))
		finding_add(findings, (struct finding){.kind = FINDING_CHAINS, .wrong = true}, "",
			mem_string(chains[false].hash || chains[true].hash
					? "CONNMARK's chains are not loaded as they should be: what is "
					  "published or forwarded may not come back"
					: "CONNMARK's chains are still loaded"),
			cure_sync(facts));
}

void check_applied(const struct facts *facts, struct findings *findings)
{
	size_t i;

	for (i = 0; i < facts->plan->uplinks.n; i++)
		check_state(facts, &facts->plan->uplinks.items[i], findings);
	check_changes(facts, findings);
	check_ops(facts, findings);
	check_settings(facts, findings);
	check_chains(facts, findings);
}
