/* SPDX-License-Identifier: MIT
 * The pure core on a host of N addresses and as many routes, for counting its instructions: from
 * the text of files and what the kernel holds to the changes of both.
 *
 * core HOST STAGE N
 *
 * HOST: kernel, N addresses that were added by hand and N/2 static routes; files, N addresses of
 * ifcfg files; foreign, N rules and 10 N routes of others.
 * STAGE: apply, nothing is there yet; nothing, all of it is.
 * The counting begins and ends with core_run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/advert.h"
#include "conf/config.h"
#include "plan/diff.h"
#include "plan/plan.h"

enum { RANGE = 250 };

struct host {
	struct sources sources;
	struct kernel kernel;
	struct rules record;
	struct config config;
	struct plan plan;
	struct ops ops;
	struct diags diags;
};

void core_run(struct host *host);

static struct prefix address(unsigned net, unsigned number, unsigned len)
{
	struct prefix made = {.family = AF_INET, .len = (unsigned char)len};

	made.bytes[0] = (unsigned char)net;
	made.bytes[1] = (unsigned char)(1 + number / 62500);
	made.bytes[2] = (unsigned char)(1 + number / 250 % 250);
	made.bytes[3] = (unsigned char)(1 + number % 250);
	return made;
}

static void add_file(struct files *files, const char *name, const char *bytes)
{
	struct file *file = array_add(files);

	file->name = mem_string(name);
	file->path = mem_format("/etc/sysconfig/network-scripts/%s", name);
	file->bytes = mem_string(bytes);
	file->len = strlen(bytes);
}

static void add_nic(struct host *host, const char *device, const char *text)
{
	struct link *link = array_add(&host->kernel.links);
	struct address *seen = array_add(&host->kernel.addresses);

	link->index = (int)host->kernel.links.n;
	link->up = true;
	strcpy(link->name, device);
	strcpy(seen->device, device);
	prefix_parse(text, AF_INET, &seen->prefix);
}

static void add_uplink(struct host *host, int number)
{
	char name[32], device[DEVICE_SIZE], bytes[128], text[32];

	snprintf(device, sizeof(device), "eth%d", number);
	snprintf(name, sizeof(name), "ifcfg-%s", device);
	snprintf(text, sizeof(text), "10.0.0.1%d/8", number);
	snprintf(bytes, sizeof(bytes),
		"DEVICE=%s\nIPADDR=10.0.0.1%d\nPREFIX=8\nGATEWAY=10.0.0.%d\n", device, number,
		number + 1);
	add_file(&host->sources.ifcfg, name, bytes);
	add_nic(host, device, text);
}

static void add_seen_address(struct host *host, unsigned number)
{
	struct address *seen = array_add(&host->kernel.addresses);

	strcpy(seen->device, number % 2 ? "eth1" : "eth0");
	seen->prefix = address(10, number, 8);
}

static void add_static_route(struct host *host, unsigned number)
{
	struct route *route = array_add(&host->kernel.routes);

	route->dst = address(192, number, 32);
	route->table = TABLE_MAIN;
	route->protocol = 4;
	prefix_parse_address("172.16.0.2", AF_INET, &route->gateway);
	strcpy(route->device, "eth2");
}

static void add_foreign_route(struct host *host, unsigned number)
{
	struct route_key *key = array_add(&host->kernel.others);

	key->dst = address(192, number, 32);
	key->table = 1000;
}

static void add_foreign_rule(struct host *host, unsigned number)
{
	struct rule *rule = array_add(&host->kernel.rules);

	rule->from = address(198, number, 32);
	rule->table = 1000;
	rule->priority = 12000 + number % 2;
	rule->forwarded = true;
	rule->foreign = true;
}

/* ifcfg-eth0-range0 and so on, of 250 addresses each, and the addresses. */
static void add_range(struct host *host, unsigned number, unsigned n)
{
	char name[32], bytes[128];
	unsigned i;

	snprintf(name, sizeof(name), "ifcfg-eth%u-range%u", number % 2, number / 2);
	snprintf(bytes, sizeof(bytes), "IPADDR_START=10.1.%u.1\nIPADDR_END=10.1.%u.%u\nPREFIX=8\n",
		1 + number, 1 + number, n);
	add_file(&host->sources.ifcfg, name, bytes);
	for (i = 0; i < n; i++) {
		struct address *seen = array_add(&host->kernel.addresses);

		strcpy(seen->device, number % 2 ? "eth1" : "eth0");
		seen->prefix = address(10, number * RANGE + i, 8);
	}
}

static void make_host(struct host *host, const char *kind, unsigned n)
{
	unsigned i;

	host->sources.scripts = mem_string("/etc/sysconfig/network-scripts");
	add_uplink(host, 0);
	add_uplink(host, 1);
	add_nic(host, "eth2", "172.16.0.1/16");
	for (i = 0; i < n && !strcmp(kind, "kernel"); i++)
		add_seen_address(host, i);
	for (i = 0; i < n / 2 && !strcmp(kind, "kernel"); i++)
		add_static_route(host, i);
	for (i = 0; i < n && !strcmp(kind, "files"); i += RANGE)
		add_range(host, i / RANGE, n - i < RANGE ? n - i : RANGE);
	for (i = 0; i < n && !strcmp(kind, "foreign"); i++)
		add_foreign_rule(host, i);
	for (i = 0; i < 10 * n && !strcmp(kind, "foreign"); i++)
		add_foreign_route(host, i);
}

void core_run(struct host *host)
{
	const struct saves none = {.n = 0};
	struct plan_input input = {&host->config, &host->sources, &host->kernel, &host->record,
		&none, 2, EVENT_SYNC, NULL};

	host->sources.seen = &host->kernel.addresses;
	config_build(&host->sources, &host->kernel.links, &host->config, &host->diags);
	config_hear(&host->config, &host->sources, &host->kernel);
	plan_build(&input, &host->plan, &host->diags);
	diff_build(&host->plan, &host->kernel, &host->ops);
}

/* As if all had been written and sent. */
static void carry_out(struct host *host)
{
	size_t i;

	for (i = 0; i < host->ops.n; i++) {
		if (host->ops.items[i].kind == OP_RULE_ADD)
			*array_add(&host->kernel.rules) = *host->ops.items[i].rule;
		else
			*array_add(&host->kernel.routes) = *host->ops.items[i].route;
	}
	for (i = 0; i < host->plan.rules.n; i++)
		*array_add(&host->record) = host->plan.rules.items[i];
	for (i = 0; i < host->plan.changes.n; i++)
		add_file(&host->sources.managed, host->plan.changes.items[i].name,
			host->plan.changes.items[i].bytes);
}

static void forget(struct host *host)
{
	ops_free(&host->ops);
	plan_free(&host->plan);
	config_free(&host->config);
	diags_free(&host->diags);
}

int main(int argc, char **argv)
{
	struct host host = {.ops = {0}};
	bool again = argc == 4 && !strcmp(argv[2], "nothing");
	size_t changes;

	if (argc != 4) {
		fputs("usage: core kernel|files|foreign apply|nothing N\n", stderr);
		return 2;
	}
	make_host(&host, argv[1], (unsigned)atoi(argv[3]));
	core_run(&host);
	if (again) {
		carry_out(&host);
		forget(&host);
		core_run(&host);
	}
	changes = host.ops.n + host.plan.changes.n;
	forget(&host);
	free(host.record.items);
	sources_free(&host.sources);
	kernel_free(&host.kernel);
	printf("%zu\n", changes);
	return again ? changes != 0 : changes == 0;
}
