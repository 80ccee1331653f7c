/* SPDX-License-Identifier: MIT
 * The pure core on a host of N addresses and as many routes, for counting its instructions: from
 * the text of files and what the kernel holds to the changes of both.
 *
 * core HOST STAGE N
 *
 * HOST: kernel, N addresses that were added by hand and N/2 static routes; files, N addresses of
 * ifcfg files; numbered, half of N in IPADDRn of each of two files; uplinks, N/10 of them; daemon,
 * 10 N routes in main by an uplink's gateway; foreign, N rules and 10 N routes of others; byhand,
 * N/40 numbered addresses, each with a rule of the administrator's; bans, N rules that ban a
 * destination; strays, files, where a block has lost its markers; outside, numbered, and as many
 * addresses that no file gives, each in a network of its own; gateless, N addresses of a third file
 * that has no gateway; lent, numbered, and N/4 aliases.
 * STAGE: apply, nothing is there yet; nothing, all of it is; check and checked, the same, and the
 * host is judged and shown.
 * The counting begins and ends with core_run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan/advert.h"
#include "conf/config.h"
#include "judge/check.h"
#include "judge/show.h"
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
	bool judged;
	size_t found;
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

/* Of the network 10.0.0.0/8, with n more addresses in the file; or alone in one of its own. */
static void add_uplink(struct host *host, unsigned number, unsigned n, bool alone)
{
	const char *net = alone ? "11" : "10";
	unsigned high = alone ? number / 250 : 0, low = alone ? number % 250 : 0, i;
	char *device = mem_format("eth%u", number), *name = mem_format("ifcfg-%s", device);
	char *text = mem_format("%s.%u.%u.%u/%d", net, high, low, 10 + number % 2, alone ? 24 : 8);
	struct text bytes = {0};
	char address_text[PREFIX_TEXT];

	text_format(&bytes, "DEVICE=%s\nIPADDR=%.*s\nPREFIX=%s\nGATEWAY=%s.%u.%u.%u\n", device,
		(int)strcspn(text, "/"), text, strchr(text, '/') + 1, net, high, low,
		1 + number % 2);
	add_nic(host, device, text);
	for (i = 1; i <= n; i++) {
		struct prefix more = address(10, number * n + i, 8);
		struct address *seen = array_add(&host->kernel.addresses);

		text_format(&bytes, "IPADDR%u=%s\nPREFIX%u=8\n", i,
			prefix_format_address(&more, address_text), i);
		strcpy(seen->device, device);
		seen->prefix = more;
	}
	add_file(&host->sources.ifcfg, name, bytes.bytes);
	text_free(&bytes);
	free(text);
	free(name);
	free(device);
}

static void add_route(struct host *host, unsigned number, const char *gateway, const char *device)
{
	struct route *route = array_add(&host->kernel.routes);

	route->dst = address(192, number, 32);
	route->table = TABLE_MAIN;
	route->protocol = 4;
	prefix_parse_address(gateway, AF_INET, &route->gateway);
	strcpy(route->device, device);
}

static void add_seen_address(struct host *host, unsigned number)
{
	struct address *seen = array_add(&host->kernel.addresses);

	strcpy(seen->device, number % 2 ? "eth1" : "eth0");
	seen->prefix = address(10, number, 8);
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
	rule->mark = rule->mask = 1;
}

static void add_ban(struct host *host, unsigned number)
{
	struct rule *rule = array_add(&host->kernel.rules);

	rule->from.family = AF_INET;
	rule->to = address(198, number, 32);
	rule->action = ACTION_BLACKHOLE;
	rule->priority = 20000;
}

/* rule-eth0, with a line for each address of eth0's files: its own and n more, or of ranges. */
static void add_lines(struct host *host, bool ranges, unsigned n, const char *words)
{
	char address_text[PREFIX_TEXT];
	struct text bytes = {0};
	struct prefix one;
	unsigned i;

	text_format(&bytes, "from 10.0.0.10 %s\n", words);
	for (i = 0; i < n; i++) {
		one = address(10, ranges ? i : i + 1, 32);
		if (!ranges || i / RANGE % 2 == 0)
			text_format(&bytes, "from %s %s\n", prefix_format(&one, address_text),
				words);
	}
	add_file(&host->sources.managed, "rule-eth0", bytes.bytes);
	text_free(&bytes);
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

static void add_alias(struct host *host, unsigned number)
{
	struct address *seen = array_add(&host->kernel.addresses);
	char *name = mem_format("ifcfg-eth0:%u", number), text[PREFIX_TEXT];
	char *bytes;

	strcpy(seen->device, "eth0");
	seen->prefix = address(10, 1000000 + number, 8);
	bytes = mem_format("DEVICE=%s\nIPADDR=%s\n", strchr(name, '-') + 1,
		prefix_format_address(&seen->prefix, text));
	add_file(&host->sources.ifcfg, name, bytes);
	free(bytes);
	free(name);
}

static void add_outside(struct host *host, unsigned number)
{
	struct address *seen = array_add(&host->kernel.addresses);

	strcpy(seen->device, number % 2 ? "eth1" : "eth0");
	seen->prefix = address(193 + number / 62500, number, 24);
	seen->prefix.bytes[1] = (unsigned char)(number / 250);
	seen->prefix.bytes[2] = (unsigned char)(number % 250);
}

static void add_gateless(struct host *host, unsigned n)
{
	struct text bytes = {0};
	char address_text[PREFIX_TEXT];
	struct address *seen;
	unsigned i;

	text_add_string(&bytes, "DEVICE=lan0\n");
	for (i = 0; i < n; i++) {
		seen = array_add(&host->kernel.addresses);
		strcpy(seen->device, "lan0");
		seen->prefix = address(173, i, 8);
		text_format(&bytes, "IPADDR%u=%s\nPREFIX%u=8\n", i + 1,
			prefix_format_address(&seen->prefix, address_text), i + 1);
	}
	add_file(&host->sources.ifcfg, "ifcfg-lan0", bytes.bytes);
	text_free(&bytes);
}

/* What every host has. */
static void add_kernels_own(struct kernel *kernel)
{
	static const unsigned tables[] = {TABLE_LOCAL, TABLE_MAIN, TABLE_DEFAULT};
	struct route *route;
	struct rule *rule;
	size_t i;

	for (i = 0; i < 3; i++) {
		rule = array_add(&kernel->rules);
		rule->from.family = rule->to.family = AF_INET;
		rule->table = tables[i];
		rule->priority = i ? 32765 + (unsigned)i : 0;
	}
	for (i = 0; i < kernel->addresses.n; i++) {
		route = array_add(&kernel->routes);
		route->dst = prefix_host(&kernel->addresses.items[i].prefix);
		route->table = TABLE_LOCAL;
		route->type = ROUTE_LOCAL;
		strcpy(route->device, kernel->addresses.items[i].device);
	}
	for (i = 0; i < kernel->links.n; i++)
		kernel->links.items[i].running = true;
}

static void make_host(struct host *host, const char *kind, unsigned n)
{
	bool strays = !strcmp(kind, "strays"), by_hand = !strcmp(kind, "byhand");
	unsigned uplinks = strcmp(kind, "uplinks") ? 2 : n / 10, i;
	bool outside = !strcmp(kind, "outside"), lent = !strcmp(kind, "lent");
	bool in_files = outside || lent || !strcmp(kind, "numbered");
	unsigned numbered = by_hand ? n / 40 : in_files ? n / 2 : 0;

	host->sources.scripts = mem_string("/etc/sysconfig/network-scripts");
	host->sources.defaults.path = mem_string("/etc/sysconfig/multihome");
	host->sources.defaults.bytes = mem_string("TABLE_RANGE=1000-9999\n");
	host->sources.defaults.len = strlen(host->sources.defaults.bytes);
	for (i = 0; i < uplinks; i++)
		add_uplink(host, i, numbered, uplinks > 2);
	add_nic(host, "lan0", "172.16.0.1/16");
	links_index(&host->kernel.links);
	for (i = 0; i < 10 * n && !strcmp(kind, "daemon"); i++)
		add_route(host, i, "10.0.0.1", "eth0");
	for (i = 0; i < n && !strcmp(kind, "kernel"); i++)
		add_seen_address(host, i);
	for (i = 0; i < n / 2 && !strcmp(kind, "kernel"); i++)
		add_route(host, i, "172.16.0.2", "lan0");
	for (i = 0; i < n && (strays || !strcmp(kind, "files")); i += RANGE)
		add_range(host, i / RANGE, n - i < RANGE ? n - i : RANGE);
	for (i = 0; i < n && !strcmp(kind, "bans"); i++)
		add_ban(host, i);
	if (strays)
		add_lines(host, true, n, "iif lo lookup 1000 priority 10000");
	if (by_hand)
		add_lines(host, false, numbered, "table 50 priority 900");
	for (i = 0; i < n && !strcmp(kind, "foreign"); i++)
		add_foreign_rule(host, i);
	for (i = 0; i < 10 * n && !strcmp(kind, "foreign"); i++)
		add_foreign_route(host, i);
	for (i = 0; i < n && outside; i++)
		add_outside(host, i);
	if (!strcmp(kind, "gateless"))
		add_gateless(host, n);
	for (i = 0; i < n / 4 && lent; i++)
		add_alias(host, i);
	if (host->judged)
		add_kernels_own(&host->kernel);
}

/* As the walk has it. */
static struct answer answer(const struct facts *facts, const struct question *question)
{
	struct answer answer = {.type = ROUTE_LOCAL};
	const struct step last = walk(&facts->walks, question, NULL).last;

	if (question->iif[0])
		return answer;
	answer.error = !last.device;
	if (last.device) {
		answer.gateway = last.route->gateway;
		strcpy(answer.device, last.device);
	}
	return answer;
}

static void judge(struct host *host)
{
	const struct sysctls none = {.n = 0};
	const struct hook hooks[HOOKS] = {{.path = "/sbin/ifup-local"}};
	struct facts facts = {.config = &host->config,
		.sources = &host->sources,
		.plan = &host->plan,
		.ops = &host->ops,
		.writes = &none,
		.settings = &none,
		.diags = &host->diags,
		.kernel = &host->kernel,
		.hooks = hooks};
	struct check check = {.verdicts = {NULL, 0, 0}};
	struct findings findings = {.n = 0};
	struct showns showns = {NULL, 0, 0};
	struct answer *answers;
	size_t i;

	facts_index(&facts);
	check_begin(&facts, &check);
	answers = mem_resize(NULL, check.questions.n * sizeof(*answers));
	for (i = 0; i < check.questions.n; i++)
		answers[i] = answer(&facts, &check.questions.items[i]);
	check_finish(&facts, &check, answers, &findings);
	show_collect(&facts, NULL, &showns);
	host->found = findings.n + showns.n;
	free(answers);
	free(showns.items);
	findings_free(&findings);
	check_free(&check);
	facts_free_index(&facts);
}

void core_run(struct host *host)
{
	const struct saves none = {.n = 0};
	struct plan_input input = {.config = &host->config,
		.sources = &host->sources,
		.kernel = &host->kernel,
		.record = &host->record,
		.saves = &none,
		.loose = 2,
		.event = EVENT_SYNC};

	host->sources.seen = &host->kernel.addresses;
	config_build(&host->sources, &host->kernel.links, &host->config, &host->diags);
	advert_learn(&host->config, &host->sources, &host->kernel);
	plan_build(&input, &host->plan, &host->diags);
	diff_build(&host->plan, &host->kernel, &host->ops);
	if (host->judged)
		judge(host);
}

static void write_file(struct host *host, const struct change *change)
{
	struct files *files = &host->sources.managed;
	size_t i;

	for (i = 0; i < files->n && strcmp(files->items[i].name, change->name); i++)
		;
	if (i == files->n) {
		add_file(files, change->name, change->bytes);
		return;
	}
	free(files->items[i].bytes);
	files->items[i].bytes = mem_copy(change->bytes, change->len);
	files->items[i].len = change->len;
}

define_order_by_two(rules_by_priority, struct rule, compare_numbers(x->priority, y->priority),
	rule_compare(x, y))

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
	array_sort(&host->kernel.rules, rules_by_priority);
	for (i = 0; i < host->plan.rules.n; i++)
		*array_add(&host->record) = host->plan.rules.items[i];
	for (i = 0; i < host->plan.changes.n; i++)
		write_file(host, &host->plan.changes.items[i]);
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
	bool again = argc == 4 && (!strcmp(argv[2], "nothing") || !strcmp(argv[2], "checked"));
	size_t changes;

	if (argc != 4) {
		fputs("usage: core kernel|files|numbered|uplinks|daemon|foreign|byhand|bans|strays|"
		      "outside|gateless apply|nothing|check|checked N\n", stderr);
		return 2;
	}
	host.judged = !strncmp(argv[2], "check", 5);
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
	printf("%zu %zu\n", changes, host.found);
	return again ? changes != 0 : changes == 0;
}
