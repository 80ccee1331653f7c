/* SPDX-License-Identifier: MIT
 * Fuzzes the whole way from files and kernel to the plan.
 *
 * The input is text in sections, each after a line "== NAME": network, multihome, rt_tables,
 * static-routes, sysctl.conf, leases, ifup-ipv6, ifcfg-*, route-*, rule-*, route6-*, rule6-*,
 * eth0.route; record (rules as they are kept in /var/run); event ("up eth0"); NetworkManager (it is
 * running); and kernel, a line a thing:
 *
 *   link NAME                           address DEVICE PREFIX [dynamic]
 *   route TABLE PROTO METRIC DEVICE PREFIX [GATEWAY]      from … iif lo lookup … priority …
 */
#include <sys/socket.h>

#include "base/line.h"
#include "plan/advert.h"
#include "plan/block.h"
#include "conf/config.h"
#include "plan/diff.h"
#include "fuzz.h"
#include "plan/plan.h"

struct world {
	struct sources sources;
	struct kernel kernel;
	struct rules record;
	char *event; /* "up eth0", or NULL */
};

struct run {
	struct config config;
	struct diags diags;
	struct plan plan;
	struct ops ops;
};

static void set_file(struct file *file, const char *name, const char *bytes, size_t len)
{
	file_free(file);
	file->name = mem_string(name);
	file->path = mem_format("/etc/%s", name);
	file->bytes = mem_copy(bytes, len);
	file->len = len;
}

static int family_of(const char *text)
{
	return strchr(text, ':') ? AF_INET6 : AF_INET;
}

static void add_link(struct kernel *kernel, const char *name)
{
	struct link *link;

	if (kernel_find_link(kernel, name))
		return;
	link = array_add(&kernel->links);
	link->index = (int)kernel->links.n;
	memcpy(link->name, name, strlen(name) + 1);
	link->up = link->inet6 = true;
	link->loopback = !strcmp(name, "lo");
}

static void add_address(struct kernel *kernel, const char *device, const char *text, bool dynamic)
{
	struct address *address;
	struct prefix prefix;

	if (prefix_parse(text, family_of(text), &prefix))
		return;
	address = array_add(&kernel->addresses);
	add_link(kernel, device);
	memcpy(address->device, device, strlen(device) + 1);
	address->prefix = prefix;
	address->dynamic = dynamic;
}

static void add_route(struct kernel *kernel, struct route *route, const char *dst, const char *via)
{
	int family = family_of(dst);
	struct route_key *key;

	if (prefix_parse(dst, family, &route->dst))
		return;
	route->dst = prefix_network(&route->dst);
	if (*via && prefix_parse_address(via, family, &route->gateway))
		return;
	route->scope = family == AF_INET && !*via ? SCOPE_LINK : SCOPE_UNIVERSE;
	/* As the kernel keeps them: each key once. */
	if (!route->table || kernel_has_key(kernel, route))
		return;
	add_link(kernel, route->device);
	if (route_counts(route->protocol, route->table)) {
		*array_add(&kernel->routes) = *route;
		return;
	}
	key = array_add(&kernel->others);
	key->dst = route->dst;
	key->tos = route->tos;
	key->table = route->table;
	key->metric = route->metric;
}

static bool rules_have(const struct rules *rules, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (!rule_compare(&rules->items[i], rule))
			return true;
	return false;
}

static void read_kernel_line(struct world *world, const char *line)
{
	struct route route = {.table = 0};
	char device[DEVICE_SIZE], dst[64], via[64] = "";
	struct rule rule;

	if (!rule_parse(line, &rule)) {
		if (!rules_have(&world->kernel.rules, &rule))
			*array_add(&world->kernel.rules) = rule;
	} else if (sscanf(line, "link %15s", device) == 1) {
		add_link(&world->kernel, device);
	} else if (sscanf(line, "address %15s %63s", device, dst) == 2) {
		add_address(&world->kernel, device, dst, strstr(line, " dynamic") != NULL);
	} else if (sscanf(line, "route %u %hhu %u %15s %63s %63s", &route.table, &route.protocol,
			   &route.metric, route.device, dst, via) >= 5) {
		add_route(&world->kernel, &route, dst, via);
	}
}

static void read_lines(struct world *world, const char *text, bool kernel)
{
	struct rule rule;
	char *line;

	for (; (line = line_next(&text)); free(line))
		if (kernel)
			read_kernel_line(world, line);
		else if (!rule_parse(line, &rule))
			*array_add(&world->record) = rule;
}

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix)) && name[strlen(prefix)] && !strchr(name, '/');
}

static bool is_managed(const char *name)
{
	return begins(name, "route-") || begins(name, "rule-") || begins(name, "route6-") ||
		begins(name, "rule6-");
}

/* Each name once, as in a folder. */
static struct file *find_file(struct files *files, const char *name)
{
	size_t i;

	for (i = 0; i < files->n; i++)
		if (!strcmp(files->items[i].name, name))
			return &files->items[i];
	return array_add(files);
}

static void take_section(struct world *world, const char *name, const char *text, size_t len)
{
	struct sources *sources = &world->sources;
	char *copy = mem_copy(text, len);

	if (!strcmp(name, "network"))
		set_file(&sources->network, name, text, len);
	else if (!strcmp(name, "multihome"))
		set_file(&sources->defaults, name, text, len);
	else if (!strcmp(name, "static-routes"))
		set_file(&sources->static_routes, name, text, len);
	else if (!strcmp(name, "ifup-ipv6"))
		set_file(&sources->ifup_ipv6, name, text, len);
	else if (!strcmp(name, "rt_tables"))
		set_file(find_file(&sources->tables, name), name, text, len);
	else if (!strcmp(name, "sysctl.conf"))
		set_file(find_file(&sources->settings, name), name, text, len);
	else if (!strcmp(name, "leases"))
		set_file(find_file(&sources->leases, name), name, text, len);
	else if (begins(name, "ifcfg-"))
		set_file(find_file(&sources->ifcfg, name), name, text, len);
	else if (!strcmp(name, "eth0.route"))
		set_file(find_file(&sources->sourced, name), name, text, len);
	else if (is_managed(name))
		set_file(find_file(&sources->managed, name), name, text, len);
	else if (!strcmp(name, "NetworkManager"))
		sources->network_manager = true;
	else if (!strcmp(name, "event") && !world->event)
		world->event = mem_string(copy);
	else
		read_lines(world, copy, !strcmp(name, "kernel"));
	free(copy);
}

static void read_world(const char *text, size_t len, struct world *world)
{
	const char *end = text + len, *next;
	char name[64];

	set_file(&world->sources.network, "network", "", 0);
	set_file(&world->sources.defaults, "multihome", "", 0);
	world->sources.scripts = mem_string("/etc");
	world->sources.now = 1000000000;
	add_link(&world->kernel, "lo");
	while (text < end) {
		next = memmem(text + 1, (size_t)(end - text - 1), "\n== ", 4);
		next = next ? next + 1 : end;
		if (sscanf(text, "== %63[^\n]", name) == 1) {
			text = memchr(text, '\n', (size_t)(next - text));
			text = text ? text + 1 : next;
			take_section(world, name, text, (size_t)(next - text));
		}
		text = next;
	}
	world->sources.seen = &world->kernel.addresses;
}

static void free_world(struct world *world)
{
	sources_free(&world->sources);
	kernel_free(&world->kernel);
	free(world->record.items);
	free(world->event);
}

/* False: the host's own defaults are refused. */
static bool plan(const struct world *world, enum event event, const char *device, struct run *run)
{
	const struct saves none = {0};
	struct plan_input input = {.config = &run->config,
		.sources = &world->sources,
		.kernel = &world->kernel,
		.record = &world->record,
		.saves = &none,
		.loose = 2,
		.event = event,
		.device = device};

	memset(run, 0, sizeof(*run));
	if (config_build(&world->sources, &world->kernel.links, &run->config, &run->diags)) {
		require(run->diags.refusals, "a refusal says why");
		return false;
	}
	advert_learn(&run->config, &world->sources, &world->kernel);
	plan_build(&input, &run->plan, &run->diags);
	diff_build(&run->plan, &world->kernel, &run->ops);
	return true;
}

static void free_run(struct run *run)
{
	ops_free(&run->ops);
	plan_free(&run->plan);
	diags_free(&run->diags);
	config_free(&run->config);
}

/* ifup-routes word-splits and globs each line. */
static void check_body(const struct block *block)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789./:_+@- \n";

	require(strspn(block->body.n ? block->body.bytes : "", plain) == block->body.n,
		"a block has nothing that a shell would look at");
}

static void check_change(const struct change *change)
{
	struct block block = {0};

	require(is_managed(change->name) && device_valid(strchr(change->name, '-') + 1),
		"only route- and rule- files of devices are written");
	require(!strncmp(change->path, "/etc/", 5) && !strcmp(change->path + 5, change->name),
		"they stay in their folder");
	require(change->bytes || change->old, "what is not there is not removed");
	if (!change->bytes)
		return;
	require(!block_parse(change->bytes, change->len, strchr(change->name, '-') + 1, false, &block),
		"a written file can be read");
	check_body(&block);
	block_free(&block);
}

static void check_diags(const struct diags *diags)
{
	size_t i;

	for (i = 0; i < diags->n; i++)
		require(!strpbrk(diags->items[i].text, "\n\r\033"), "a message is one plain line");
}

static void check_run(const struct run *run)
{
	struct text text = {0};
	size_t i;

	for (i = 0; i < run->plan.changes.n; i++)
		check_change(&run->plan.changes.items[i]);
	for (i = 0; i < run->ops.n; i++)
		op_format(&run->ops.items[i], &text);
	text_free(&text);
	check_diags(&run->diags);
}

static void apply_changes(const struct changes *changes, struct files *files)
{
	const struct change *change;
	struct file *file;
	size_t i;

	for (i = 0; i < changes->n; i++) {
		change = &changes->items[i];
		file = find_file(files, change->name);
		if (change->bytes) {
			set_file(file, change->name, change->bytes, change->len);
			continue;
		}
		file_free(file);
		*file = files->items[--files->n];
	}
}

/* The kernel keeps IPv6 routes of one key side by side if their next hops differ. */
static struct route *find_route(struct routes *routes, const struct route *wanted, bool exact)
{
	size_t i;

	for (i = 0; i < routes->n; i++)
		if (routes->items[i].protocol == PROTO_MULTIHOME &&
			!(exact ? route_compare : route_compare_key)(&routes->items[i], wanted))
			return &routes->items[i];
	return NULL;
}

static void apply_route(const struct op *op, struct kernel *after)
{
	struct routes *routes = &after->routes;
	struct route *old = find_route(routes, op->route, op->kind == OP_ROUTE_DELETE);

	require(op->route->protocol == PROTO_MULTIHOME, "only routes of ours are touched");
	if (op->kind == OP_ROUTE_ADD) {
		require(!kernel_has_key(after, op->route), "what is added has a place");
		*array_add(routes) = *op->route;
	} else if (op->kind == OP_ROUTE_REPLACE) {
		require(old, "what is replaced is there");
		*old = *op->route;
	} else if (old) {
		*old = routes->items[--routes->n];
	}
}

static void apply_rule(const struct op *op, struct rules *rules)
{
	size_t i;

	if (op->kind == OP_RULE_ADD) {
		require(!rules_have(rules, op->rule), "what is added was not there");
		*array_add(rules) = *op->rule;
		return;
	}
	for (i = 0; i < rules->n && rule_compare(&rules->items[i], op->rule); i++)
		;
	require(i < rules->n, "what is deleted was there");
	rules->items[i] = rules->items[--rules->n];
}

static void apply(const struct run *run, struct world *world)
{
	/* The ops point into the world as it was seen. */
	struct kernel *seen = &world->kernel, after = *seen;
	size_t i;

	memset(&after.routes, 0, sizeof(after.routes));
	memset(&after.rules, 0, sizeof(after.rules));
	for (i = 0; i < seen->routes.n; i++)
		*array_add(&after.routes) = seen->routes.items[i];
	for (i = 0; i < seen->rules.n; i++)
		*array_add(&after.rules) = seen->rules.items[i];
	apply_changes(&run->plan.changes, &world->sources.managed);
	for (i = 0; i < run->ops.n; i++)
		if (run->ops.items[i].kind == OP_RULE_ADD ||
			run->ops.items[i].kind == OP_RULE_DELETE)
			apply_rule(&run->ops.items[i], &after.rules);
		else
			apply_route(&run->ops.items[i], &after);
	free(seen->routes.items);
	free(seen->rules.items);
	*seen = after;
	world->record.n = 0;
	for (i = 0; i < run->plan.rules.n; i++)
		*array_add(&world->record) = run->plan.rules.items[i];
	for (i = 0; i < run->plan.owned.n; i++)
		if (rules_have(&world->kernel.rules, &run->plan.owned.items[i]))
			*array_add(&world->record) = run->plan.owned.items[i];
}

static void run_hook(struct world *world)
{
	static const char *const words[] = {
		"sync", "prepare", "up", "alias", "down", "lease", "watch",
		"clean"};
	char word[8] = "", device[DEVICE_SIZE] = "";
	struct run run;
	int event;

	if (!world->event || sscanf(world->event, "%7s %15s", word, device) < 1)
		return;
	for (event = EVENT_SYNC; event <= EVENT_CLEAN; event++)
		if (!strcmp(word, words[event])) {
			if (plan(world, (enum event)event, device, &run)) {
				check_run(&run);
				apply(&run, world);
			}
			free_run(&run);
		}
}

/* A hook, then sync, then sync again, which has nothing left to do. */
static void run_events(struct world *world)
{
	struct run run;

	run_hook(world);
	if (plan(world, EVENT_SYNC, NULL, &run)) {
		check_run(&run);
		apply(&run, world);
		free_run(&run);
		plan(world, EVENT_SYNC, NULL, &run);
		require(!run.plan.changes.n, "a second sync writes no file");
		require(!run.ops.n, "a second sync sends nothing");
	}
	free_run(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = mem_copy(bytes, len);
	struct world world = {.event = NULL};
	struct rule last = {.table = TABLE_MAIN, .priority = PRIORITY_MAIN};
	int i;

	for (i = 0; i < 2; i++) {
		last.from.family = i ? AF_INET6 : AF_INET;
		*array_add(&world.kernel.rules) = last;
	}
	read_world(text, len, &world);
	run_events(&world);
	free_world(&world);
	free(text);
	return 0;
}
