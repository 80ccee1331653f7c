/* SPDX-License-Identifier: MIT
 * The host that the judge's units look at: eth0 and eth1 with an ifcfg file each, served, and the
 * winner eth1. A test changes what it is about, and then judges.
 */
#ifndef JUDGED_H
#define JUDGED_H

#include <errno.h>
#include <sys/socket.h>

#include "conf/config.h"
#include "judge/cures.h"
#include "judge/words.h"
#include "tap.h"

#define REMOTE "192.0.2.1"

struct scene {
	struct sources sources;
	struct config config;
	struct plan plan;
	struct ops ops;
	struct sysctls writes, settings;
	struct diags diags;
	struct kernel kernel;
	struct hook hooks[HOOKS];
	struct facts facts;
	const char *by;
	/* What the kernel says other than the walk; NULL: the same. */
	const struct answer *arrives, *leaves;
	struct verdict verdict;
	struct questions questions;
	struct steps steps;
};

static inline struct prefix prefix_of(const char *text)
{
	struct prefix parsed = {0};

	if (prefix_parse(text, strchr(text, ':') ? AF_INET6 : AF_INET, &parsed))
		ok(false, "%s is an address", text);
	return parsed;
}

static inline struct link *add_link(struct scene *scene, const char *name)
{
	struct link *link = array_add(&scene->kernel.links);

	strcpy(link->name, name);
	link->index = (int)scene->kernel.links.n;
	link->up = link->running = link->inet6 = true;
	link->loopback = !strcmp(name, "lo");
	strcpy(link->mac, link->loopback ? "" : "52:54:00:00:00:01");
	return link;
}

static inline struct link *find_link(struct scene *scene, const char *name)
{
	size_t i;

	for (i = 0; strcmp(scene->kernel.links.items[i].name, name); i++)
		;
	return &scene->kernel.links.items[i];
}

static inline struct route *add_route(struct scene *scene, unsigned table, const char *dst,
	const char *device, const char *gateway)
{
	struct route *route = array_add(&scene->kernel.routes);

	route->table = table;
	route->dst = prefix_of(dst);
	strcpy(route->device, device);
	if (*gateway)
		route->gateway = prefix_of(gateway);
	return route;
}

static inline struct route *find_route(struct scene *scene, unsigned table, const char *dst)
{
	struct prefix wanted = prefix_of(dst);
	size_t i;

	for (i = 0; scene->kernel.routes.items[i].table != table ||
		prefix_compare(&scene->kernel.routes.items[i].dst, &wanted);
		i++)
		;
	return &scene->kernel.routes.items[i];
}

/* One more next hop, by turns. */
static inline void add_hop(struct route *route, const char *device, const char *gateway)
{
	struct hop first = route_hop(route, 0);

	route->hops = mem_resize(route->hops, (route->n + 2) * sizeof(*route->hops));
	if (!route->n)
		route->hops[route->n++] = first;
	route->hops[route->n] = (struct hop){.gateway = prefix_of(gateway)};
	strcpy(route->hops[route->n++].device, device);
	route->gateway.family = 0;
	route->device[0] = '\0';
}

/* The address, and what comes of it: its network in main, itself in local. */
static inline void add_address(struct scene *scene, const char *device, const char *text)
{
	struct address *address = array_add(&scene->kernel.addresses);
	struct prefix own = prefix_of(text), net = prefix_network(&own);
	struct route *route = add_route(scene, TABLE_LOCAL, text, device, "");

	strcpy(address->device, device);
	address->prefix = own;
	route->dst = prefix_host(&own);
	route->type = ROUTE_LOCAL;
	route->scope = SCOPE_HOST;
	if (own.len < prefix_bits(own.family)) {
		route = add_route(scene, TABLE_MAIN, text, device, "");
		route->dst = net;
		route->scope = SCOPE_LINK;
		route->protocol = PROTO_KERNEL;
	}
}

/* In the order of their priority. */
static inline struct rule *add_rule(
	struct scene *scene, unsigned priority, const char *from, unsigned table)
{
	struct rules *rules = &scene->kernel.rules;
	size_t at;

	array_add(rules);
	for (at = rules->n - 1; at && rules->items[at - 1].priority > priority; at--)
		rules->items[at] = rules->items[at - 1];
	memset(&rules->items[at], 0, sizeof(*rules->items));
	rules->items[at].priority = priority;
	rules->items[at].from = prefix_of(from);
	rules->items[at].table = table;
	return &rules->items[at];
}

static inline void drop_rule(struct scene *scene, unsigned table)
{
	struct rules *rules = &scene->kernel.rules;
	size_t at;

	for (at = 0; rules->items[at].table != table; at++)
		;
	memmove(&rules->items[at], &rules->items[at + 1],
		(--rules->n - at) * sizeof(*rules->items));
}

static inline void set(struct scene *scene, const char *device, enum sysctl_key key, int value)
{
	sysctl_add(device, key, value, &scene->settings);
}

static inline void add_neighbour(
	struct scene *scene, const char *device, const char *address, unsigned short state)
{
	struct neighbour *neighbour = array_add(&scene->kernel.neighbours);

	strcpy(neighbour->device, device);
	neighbour->address = prefix_of(address);
	neighbour->state = state;
}

/* File, addresses, table and rule of one uplink. */
static inline void add_uplink(
	struct scene *scene, size_t i, const char *address, const char *gateway, unsigned table)
{
	struct uplink *uplink = &scene->config.uplinks.items[i];
	struct file *file = &scene->sources.ifcfg.items[i];
	struct profile *profile = &scene->config.profiles.items[i];
	struct planned *planned = array_add(&scene->plan.uplinks);
	struct prefix own = prefix_of(address);
	struct route *route;
	struct rule *rule;

	file->name = mem_format("ifcfg-eth%zu", i);
	file->path = mem_format("/etc/ifcfg-eth%zu", i);
	file->bytes = mem_format("DEVICE=eth%zu\n", i);
	file->len = strlen(file->bytes);
	snprintf(uplink->device, sizeof(uplink->device), "eth%zu", i);
	strcpy(profile->device, uplink->device);
	strcpy(profile->real, uplink->device);
	profile->file = uplink->file = file;
	profile->onboot = true;
	uplink->gateway = prefix_of(gateway);
	uplink->arp_ignore = uplink->arp_announce = ARP_AUTO;
	uplink->fallback = true;
	*array_add(&uplink->addresses) = own;
	planned->uplink = uplink;
	planned->table = table;
	add_link(scene, uplink->device);
	add_address(scene, uplink->device, address);
	rule = add_rule(scene, 10001, address, table);
	rule->from = prefix_network(&own);
	strcpy(rule->iif, "lo");
	*array_add(&scene->plan.owned) = *rule;
	*array_add(&scene->plan.rules) = *rule;
	route = add_route(scene, table, "0.0.0.0/0", uplink->device, gateway);
	route->protocol = PROTO_MULTIHOME;
	route = add_route(scene, TABLE_DEFAULT, "0.0.0.0/0", uplink->device, gateway);
	route->protocol = PROTO_MULTIHOME;
	route->metric = table;
}

static inline void set_scene(struct scene *scene)
{
	size_t i;

	memset(scene, 0, sizeof(*scene));
	scene->facts.config = &scene->config;
	scene->facts.sources = &scene->sources;
	scene->facts.plan = &scene->plan;
	scene->facts.ops = &scene->ops;
	scene->facts.writes = &scene->writes;
	scene->facts.diags = &scene->diags;
	scene->facts.kernel = &scene->kernel;
	scene->facts.settings = &scene->settings;
	scene->facts.hooks = scene->hooks;
	scene->config.enabled = true;
	scene->config.table_first = 100;
	scene->config.table_last = 199;
	scene->sources.scripts = mem_string("/etc/sysconfig/network-scripts");
	for (i = 0; i < 2; i++) {
		array_add(&scene->config.uplinks);
		array_add(&scene->config.profiles);
		array_add(&scene->sources.ifcfg);
	}
	add_link(scene, "lo");
	add_address(scene, "lo", "127.0.0.1/8");
	add_rule(scene, 0, "0.0.0.0/0", TABLE_LOCAL);
	add_rule(scene, 32766, "0.0.0.0/0", TABLE_MAIN);
	add_rule(scene, 32767, "0.0.0.0/0", TABLE_DEFAULT);
	add_uplink(scene, 0, "192.168.2.99/24", "192.168.2.1", 100);
	add_uplink(scene, 1, "10.0.0.99/8", "10.0.0.1", 101);
	add_route(scene, TABLE_MAIN, "0.0.0.0/0", "eth1", "10.0.0.1");
	for (i = 0; i < HOOKS; i++)
		scene->hooks[i] = (struct hook){.path = "/sbin/hook", .ours = "/usr/lib/hook"};
}

static inline void clear_scene(struct scene *scene)
{
	verdict_free(&scene->verdict);
	free(scene->questions.items);
	free(scene->steps.items);
	facts_free_index(&scene->facts);
	kernel_free(&scene->kernel);
	plan_free(&scene->plan);
	config_free(&scene->config);
	diags_free(&scene->diags);
	ops_free(&scene->ops);
	free(scene->settings.items);
	free(scene->writes.items);
	sources_free(&scene->sources);
}

/* What the kernel says of a packet, as far as the walk is right. */
static inline struct answer kernel_says(const struct scene *scene, const struct question *question)
{
	struct answer answer = {.error = 0};
	enum arrival arrival;
	struct walked walked;
	struct hop hop;

	if (question->iif[0]) {
		arrival = walk_arrival(
			&scene->facts.walks, question, facts_filter(&scene->facts, question->iif));
		answer.type = arrival == ARRIVAL_TAKEN ? ROUTE_LOCAL : ROUTE_UNICAST;
		answer.error = arrival == ARRIVAL_TAKEN ? 0
			: arrival == ARRIVAL_FILTERED	? EXDEV
							: EINVAL;
		return answer;
	}
	walked = walk(&scene->facts.walks, question, NULL);
	if (!walked.last.rule || walked.last.end != STEP_ROUTE) {
		answer.error = walked.last.rule ? EACCES : ENETUNREACH;
		return answer;
	}
	hop = route_hop(walked.last.route, 0);
	answer.table = walked.last.route->table;
	answer.gateway = hop.gateway;
	strcpy(answer.device, walked.last.device);
	return answer;
}

/* Once the scene is set: the packet from there to the device's first address of that family. */
static inline struct verdict *judge_from(
	struct scene *scene, const char *remote, const char *device)
{
	struct packet packet = {.remote = prefix_of(remote)};
	struct verdict *verdict = &scene->verdict;
	struct answer answers[2];
	size_t i;

	links_index(&scene->kernel.links);
	facts_index(&scene->facts);
	for (i = 0; strcmp(scene->kernel.addresses.items[i].device, device); i++)
		;
	packet.local = &scene->kernel.addresses.items[i];
	if (scene->by)
		strcpy(packet.by, scene->by);
	verdict_begin(&scene->facts, &packet, verdict, &scene->steps, &scene->questions);
	for (i = 0; i < 2; i++)
		answers[i] = kernel_says(scene, &scene->questions.items[i]);
	if (scene->arrives)
		answers[0] = *scene->arrives;
	if (scene->leaves)
		answers[1] = *scene->leaves;
	verdict_finish(&scene->facts, verdict, answers);
	return verdict;
}

static inline struct verdict *judge(struct scene *scene, const char *device)
{
	return judge_from(scene, REMOTE, device);
}

#endif
