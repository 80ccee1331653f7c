/* SPDX-License-Identifier: MIT
 * Check: what is asked of the kernel, and what follows from its answers and from all else.
 */
#include <errno.h>
#include <sys/socket.h>

#include "judge/check.h"
#include "tap.h"

/* The host of the problem: eth0 and eth1 with an ifcfg file each, and whatever a test adds. */
struct scene {
	struct sources sources;
	struct config config;
	struct plan plan;
	struct ops ops;
	struct sysctls writes, settings;
	struct diags diags;
	struct kernel kernel;
	struct hook hooks[HOOKS];
	struct check_input in;
	struct inquiry inquiry;
	struct answer answers[16];
	struct findings findings;
};

static struct prefix prefix(const char *text)
{
	struct prefix parsed = {0};

	prefix_parse(text, strchr(text, ':') ? AF_INET6 : AF_INET, &parsed);
	return parsed;
}

static void add_link(struct scene *scene, const char *name)
{
	struct link *link = array_add(&scene->kernel.links);

	strcpy(link->name, name);
	link->index = (int)scene->kernel.links.n;
	link->up = true;
	link->loopback = !strcmp(name, "lo");
	link->tunnel = !strncmp(name, "tun", 3);
}

static struct address *add_address(struct scene *scene, const char *device, const char *address)
{
	struct address *added = array_add(&scene->kernel.addresses);

	strcpy(added->device, device);
	added->prefix = prefix(address);
	return added;
}

static void add_route(struct scene *scene, unsigned table, const char *dst, const char *device,
	const char *gateway)
{
	struct route *route = array_add(&scene->kernel.routes);

	route->table = table;
	route->dst = prefix(dst);
	strcpy(route->device, device);
	if (gateway)
		route->gateway = prefix(gateway);
}

static struct rule *add_rule(
	struct scene *scene, unsigned priority, const char *from, unsigned table)
{
	struct rule *rule = array_add(&scene->kernel.rules);

	rule->priority = priority;
	rule->from = prefix(from);
	rule->table = table;
	return rule;
}

static void add_setting(struct scene *scene, const char *device, enum sysctl_key key, int value)
{
	struct sysctl *sysctl = array_add(&scene->settings);

	strcpy(sysctl->device, device);
	sysctl->key = key;
	sysctl->value = value;
}

static void add_uplink(struct scene *scene, size_t i, const char *name, const char *device,
	const char *address, const char *gateway)
{
	struct uplink *uplink = &scene->config.uplinks.items[i];
	struct file *file = &scene->sources.ifcfg.items[i];

	file->name = mem_string(name);
	file->path = mem_format("/etc/%s", name);
	file->bytes = mem_string("");
	uplink->file = file;
	strcpy(uplink->device, device);
	uplink->gateway = prefix(gateway);
	uplink->inet6 = uplink->gateway.family == AF_INET6;
	uplink->arp_ignore = uplink->arp_announce = ARP_AUTO;
	*array_add(&uplink->addresses) = prefix(address);
	add_link(scene, device);
	add_address(scene, device, address);
}

/* eth0's default is in main; served: eth1 has table 101 and its rule. */
static void set_scene(struct scene *scene, bool served)
{
	const struct check_input in = {&scene->config, &scene->sources, &scene->plan, &scene->ops,
		&scene->writes, &scene->diags, &scene->kernel, &scene->settings, false, false,
		false, scene->hooks};
	size_t i;

	memset(scene, 0, sizeof(*scene));
	scene->in = in;
	scene->config.enabled = true;
	scene->config.table_first = 100;
	scene->config.table_last = 199;
	add_link(scene, "lo");
	add_address(scene, "lo", "127.0.0.1/8");
	for (i = 0; i < 2; i++) {
		array_add(&scene->config.uplinks);
		array_add(&scene->sources.ifcfg);
	}
	add_uplink(scene, 0, "ifcfg-eth0", "eth0", "192.168.2.99/24", "192.168.2.1");
	add_uplink(scene, 1, "ifcfg-eth1", "eth1", "10.0.0.99/8", "10.0.0.1");
	add_rule(scene, 0, "0.0.0.0/0", TABLE_LOCAL);
	if (served) {
		strcpy(add_rule(scene, 10001, "10.0.0.0/8", 101)->iif, "lo");
		*array_add(&scene->plan.owned) = (struct rule){
			.from = prefix("10.0.0.0/8"), .table = 101, .priority = 10001, .iif = "lo"};
	}
	add_rule(scene, 32766, "0.0.0.0/0", TABLE_MAIN);
	add_route(scene, TABLE_MAIN, "0.0.0.0/0", "eth0", "192.168.2.1");
	for (i = 0; served && i < 2; i++) {
		array_add(&scene->plan.uplinks);
		scene->plan.uplinks.items[i].uplink = &scene->config.uplinks.items[i];
		scene->plan.uplinks.items[i].table = 100 + (unsigned)i;
	}
	for (i = 0; i < HOOKS; i++) {
		scene->hooks[i].path = "/hook";
		scene->hooks[i].ours = "/ours";
	}
}

static void clear_scene(struct scene *scene)
{
	size_t i;

	findings_free(&scene->findings);
	inquiry_free(&scene->inquiry);
	kernel_free(&scene->kernel);
	plan_free(&scene->plan);
	config_free(&scene->config);
	diags_free(&scene->diags);
	free(scene->settings.items);
	free(scene->writes.items);
	for (i = 0; i < scene->sources.ifcfg.n; i++)
		file_free(&scene->sources.ifcfg.items[i]);
	free(scene->sources.ifcfg.items);
}

static void answer(
	struct scene *scene, size_t i, int error, const char *device, const char *gateway)
{
	struct answer *given = &scene->answers[i];

	memset(given, 0, sizeof(*given));
	given->error = error;
	given->type = i % 2 ? ROUTE_LOCAL : ROUTE_UNICAST;
	strcpy(given->device, device);
	if (gateway)
		given->gateway = prefix(gateway);
}

/* All is right: eth0 by its gateway, eth1 by its own. */
static void answer_well(struct scene *scene)
{
	answer(scene, 0, 0, "eth0", "192.168.2.1");
	answer(scene, 1, 0, "lo", NULL);
	answer(scene, 2, 0, "eth1", "10.0.0.1");
	answer(scene, 3, 0, "lo", NULL);
}

/* The findings as lines, and clears up. */
static void check(struct scene *scene, const char *want, const char *name)
{
	struct text text = {0};
	size_t i;

	text_add_string(&text, "");
	if (!scene->inquiry.questions.n)
		check_ask(&scene->in, &scene->inquiry);
	check_answers(&scene->in, &scene->inquiry, scene->answers, &scene->findings);
	check_policies(&scene->in, &scene->inquiry, &scene->findings);
	check_plan(&scene->in, &scene->findings);
	check_host(&scene->in, &scene->inquiry, &scene->findings);
	for (i = 0; i < scene->findings.n; i++) {
		finding_format(&scene->findings.items[i], &text);
		text_add_string(&text, "\n");
	}
	is(text.bytes, want, name);
	text_free(&text);
	clear_scene(scene);
}

static void questions(struct scene *scene, const char *want, const char *name)
{
	char to[PREFIX_TEXT], from[PREFIX_TEXT];
	const struct question *question;
	struct text text = {0};
	size_t i;

	text_add_string(&text, "");
	check_ask(&scene->in, &scene->inquiry);
	for (i = 0; i < scene->inquiry.questions.n; i++) {
		question = &scene->inquiry.questions.items[i];
		text_format(&text, "%s>%s%s%s ", prefix_format_address(&question->from, from),
			prefix_format_address(&question->to, to), *question->iif ? "@" : "",
			question->iif);
	}
	is(text.bytes, want, name);
	text_free(&text);
	clear_scene(scene);
}

#define ASKED_ETH0 "192.168.2.99>192.0.2.1 192.0.2.1>192.168.2.99@eth0 "
#define ASKED_ETH1 "10.0.0.99>192.0.2.1 192.0.2.1>10.0.0.99@eth1 "

static void test_asked(void)
{
	struct scene scene;

	set_scene(&scene, false);
	add_link(&scene, "docker0");
	add_address(&scene, "docker0", "172.17.0.1/16");
	questions(&scene, ASKED_ETH0 ASKED_ETH1, "a NIC without a gateway is not asked of");

	set_scene(&scene, false);
	add_address(&scene, "eth0", "169.254.7.7/16");
	add_address(&scene, "eth0", "fe80::1/64");
	add_address(&scene, "lo", "192.168.2.7/32");
	add_address(&scene, "eth0", "192.168.2.8/24")->unsettled = true;
	questions(&scene, ASKED_ETH0 ASKED_ETH1,
		"nor is it of a link's own address, of lo's, of one that is not to be used");

	set_scene(&scene, false);
	scene.kernel.links.items[2].up = false;
	questions(&scene, ASKED_ETH0, "nor of a NIC that is down");

	set_scene(&scene, false);
	add_link(&scene, "ppp0");
	add_address(&scene, "ppp0", "203.0.113.9/32");
	add_route(&scene, 7, "0.0.0.0/0", "ppp0", NULL);
	questions(&scene, ASKED_ETH0 ASKED_ETH1, "nor where no rule leads to the default route");

	set_scene(&scene, false);
	add_link(&scene, "ppp0");
	add_address(&scene, "ppp0", "203.0.113.9/32");
	add_route(&scene, TABLE_MAIN, "0.0.0.0/0", "ppp0", NULL);
	questions(&scene, ASKED_ETH0 ASKED_ETH1 "203.0.113.9>192.0.2.1 192.0.2.1>203.0.113.9@ppp0 ",
		"without an ifcfg file a default route makes it");
}

static void test_afar(void)
{
	struct scene scene;

	set_scene(&scene, false);
	scene.kernel.links.items[2].up = false;
	add_route(&scene, TABLE_MAIN, "192.0.2.0/24", "eth0", NULL);
	questions(&scene, "192.168.2.99>198.51.100.1 198.51.100.1>192.168.2.99@eth0 ",
		"afar is what no route but a default leads to");

	set_scene(&scene, false);
	add_route(&scene, TABLE_MAIN, "0.0.0.0/1", "tun0", NULL);
	add_route(&scene, TABLE_MAIN, "128.0.0.0/1", "tun0", NULL);
	questions(&scene, ASKED_ETH0 ASKED_ETH1, "halves of a default do not count");

	set_scene(&scene, false);
	scene.kernel.links.items[2].up = false;
	add_route(&scene, TABLE_MAIN, "192.0.0.0/8", "eth0", NULL);
	add_route(&scene, TABLE_MAIN, "198.0.0.0/8", "eth0", NULL);
	add_route(&scene, TABLE_MAIN, "203.0.0.0/8", "eth0", NULL);
	add_route(&scene, TABLE_MAIN, "1.0.0.0/8", "eth0", NULL);
	prefix_parse("2.0.0.0/8", AF_INET, &add_rule(&scene, 5, "0.0.0.0/0", TABLE_MAIN)->to);
	questions(&scene, "192.168.2.99>3.0.2.1 3.0.2.1>192.168.2.99@eth0 ",
		"where routes and rules have all examples, another address is taken");
}

static void test_replies(void)
{
	struct scene scene;

	set_scene(&scene, true);
	add_route(&scene, 101, "0.0.0.0/0", "eth1", "10.0.0.1");
	answer_well(&scene);
	check(&scene, "", "nothing is said where all is right");

	set_scene(&scene, false);
	answer_well(&scene);
	answer(&scene, 2, 0, "eth0", "192.168.2.1");
	check(&scene,
		"eth1: replies from 10.0.0.99 leave by eth0 via 192.168.2.1, not by eth1 via "
		"10.0.0.1: no rule leads to a table of its own; set TABLE=101 in ifcfg-eth1 and "
		"run multihome sync\n",
		"a reply by the wrong NIC");

	set_scene(&scene, false);
	answer_well(&scene);
	answer(&scene, 0, ENETUNREACH, "", NULL);
	scene.kernel.routes.items[0].table = 9;
	check(&scene,
		"eth0: replies from 192.168.2.99 go nowhere: no route leads back: no rule leads to "
		"a table of its own; run ifdown eth0 && ifup eth0\n",
		"no way back");

	set_scene(&scene, false);
	answer_well(&scene);
	answer(&scene, 0, 0, "eth0", "192.168.2.254");
	check(&scene,
		"note: eth0: replies from 192.168.2.99 leave by eth0 via 192.168.2.254, not by eth0 "
		"via 192.168.2.1: no rule leads to a table of its own; run ifdown eth0 && ifup "
		"eth0\n",
		"a routing daemon's gateway on the right NIC is a note");

	set_scene(&scene, false);
	answer_well(&scene);
	add_link(&scene, "tun0");
	answer(&scene, 0, 0, "tun0", NULL);
	check(&scene,
		"note: eth0: replies from 192.168.2.99 leave by tun0, not by eth0 via 192.168.2.1: "
		"no rule leads to a table of its own; set TABLE=100 in ifcfg-eth0 and run "
		"multihome sync\n",
		"a VPN that takes all traffic is a note");
}

static void drop(struct scene *scene, int own, int all, bool both, const char *why)
{
	char *want = mem_format("eth1: packets for 10.0.0.99 from afar are dropped on arrival: %s, "
				"and replies would leave by eth0 via 192.168.2.1, not by eth1 via "
				"10.0.0.1: no rule leads to a table of its own; set TABLE=101 in "
				"ifcfg-eth1 and run multihome sync\n",
		why);

	set_scene(scene, false);
	scene->in.filter_needs_both = both;
	add_setting(scene, "eth1", SYSCTL_RP_FILTER, own);
	add_setting(scene, "all", SYSCTL_RP_FILTER, all);
	answer_well(scene);
	answer(scene, 2, 0, "eth0", "192.168.2.1");
	answer(scene, 3, EXDEV, "", NULL);
	check(scene, want, why);
	free(want);
}

static void test_refused_replies(void)
{
	struct scene scene;

	set_scene(&scene, false);
	answer_well(&scene);
	answer(&scene, 2, EACCES, "", NULL);
	scene.kernel.rules.items[1].priority = 500;
	scene.kernel.rules.items[1].from = prefix("10.0.0.0/8");
	scene.kernel.rules.items[1].action = ACTION_PROHIBIT;
	add_rule(&scene, 32766, "0.0.0.0/0", TABLE_MAIN);
	check(&scene,
		"eth1: replies from 10.0.0.99 go nowhere: the rule from 10.0.0.0/8 prohibit "
		"priority 500 refuses; run ip rule del from 10.0.0.0/8 prohibit priority 500\n",
		"a rule that refuses is named, and to be deleted");

	set_scene(&scene, true);
	answer_well(&scene);
	answer(&scene, 2, EINVAL, "", NULL);
	add_route(&scene, 101, "0.0.0.0/0", "eth1", NULL);
	scene.kernel.routes.items[1].type = ROUTE_BLACKHOLE;
	check(&scene,
		"eth1: replies from 10.0.0.99 go nowhere: the rule from 10.0.0.0/8 iif lo lookup "
		"101 priority 10001 leads to a route that refuses; run ip rule del from 10.0.0.0/8 "
		"iif lo lookup 101 priority 10001 && multihome sync\n",
		"and one that leads to a route that does");

	set_scene(&scene, false);
	answer_well(&scene);
	answer(&scene, 2, ENETUNREACH, "", NULL);
	answer(&scene, 3, EXDEV, "", NULL);
	scene.kernel.routes.items[0].table = 9;
	add_setting(&scene, "eth1", SYSCTL_RP_FILTER, 1);
	check(&scene,
		"eth1: packets for 10.0.0.99 from afar are dropped on arrival: rp_filter=1 of eth1 "
		"is strict, and no route leads back: no rule leads to a table of its own; run "
		"ifdown eth1 && ifup eth1\n",
		"what has no way back is dropped on arrival, too");
}

/* Main's default by eth0 or eth1, in turns. */
static struct hop *take_turns(struct scene *scene)
{
	struct route *route = &scene->kernel.routes.items[0];

	route->hops = mem_resize(NULL, 2 * sizeof(*route->hops));
	route->hops[0] = route->hops[1] = route_hop(route, 0);
	strcpy(route->hops[1].device, "eth1");
	route->hops[1].gateway = prefix("10.0.0.1");
	route->n = 2;
	return route->hops;
}

static void test_turns(void)
{
	static const char eth1[] = "eth1: replies from 10.0.0.99 leave by turns, also by eth0 via "
				   "192.168.2.1: no rule leads to a table of its own; set "
				   "TABLE=101 in ifcfg-eth1 and run multihome sync\n";
	struct scene scene;
	char *both;

	set_scene(&scene, false);
	answer_well(&scene);
	take_turns(&scene);
	both = mem_format("eth0: replies from 192.168.2.99 leave by turns, also by eth1 via "
			  "10.0.0.1: no rule leads to a table of its own; set TABLE=100 in "
			  "ifcfg-eth0 and run multihome sync\n%s",
		eth1);
	check(&scene, both, "replies by one NIC now and by the other then");
	free(both);

	set_scene(&scene, false);
	answer_well(&scene);
	take_turns(&scene)[1].dead = true;
	check(&scene, eth1, "a next hop that is dead has no turn");
}

static void test_dropped(void)
{
	struct scene scene;

	drop(&scene, 1, 0, false, "rp_filter=1 of eth1 is strict");
	drop(&scene, 0, 1, false, "rp_filter=1 of all is strict");
	drop(&scene, 2, 1, false, "rp_filter=2 of eth1 is loose");
	drop(&scene, 1, 1, true, "rp_filter=1 of eth1 is strict");
	drop(&scene, 1, 0, true, "no reverse-path filter does it");
	drop(&scene, 0, 0, false, "no reverse-path filter does it");

	set_scene(&scene, true);
	add_route(&scene, 101, "0.0.0.0/0", "eth1", "10.0.0.1");
	add_setting(&scene, "eth1", SYSCTL_RP_FILTER, 1);
	answer_well(&scene);
	answer(&scene, 3, EXDEV, "", NULL);
	check(&scene,
		"eth1: packets for 10.0.0.99 from afar are dropped on arrival: rp_filter=1 of eth1 "
		"is strict; set RP_FILTER=loose in ifcfg-eth1 and run multihome sync\n",
		"where the reply is right, the filter is to be loosened");
}

static void test_tables(void)
{
	struct scene scene;

	set_scene(&scene, true);
	answer_well(&scene);
	answer(&scene, 2, 0, "eth0", "192.168.2.1");
	check(&scene,
		"eth1: replies from 10.0.0.99 leave by eth0 via 192.168.2.1, not by eth1 via "
		"10.0.0.1: table 101 is empty; run ifdown eth1 && ifup eth1\n"
		"eth1: the rule from 10.0.0.0/8 iif lo lookup 101 priority 10001 leads to an empty table; "
		"run ifdown eth1 && ifup eth1\n",
		"a rule of ours to an empty table");

	set_scene(&scene, false);
	add_rule(&scene, 5, "10.0.0.99/32", 7);
	add_route(&scene, 7, "172.16.0.0/12", "eth1", NULL);
	answer_well(&scene);
	check(&scene, "", "where the next rules do it, a foreign table needs no default route");

	set_scene(&scene, false);
	add_rule(&scene, 220, "0.0.0.0/0", 220);
	answer_well(&scene);
	check(&scene, "", "a rule for all that leads to an empty table is somebody's waiting one");

	set_scene(&scene, false);
	add_rule(&scene, 5, "10.0.0.99/32", 7);
	answer_well(&scene);
	check(&scene,
		"note: eth1: the rule from 10.0.0.99 lookup 7 priority 5 leads to an empty table; "
		"run ip route add default via 10.0.0.1 dev eth1 table 7\n",
		"a foreign rule to an empty table that does no harm is a note");
}

static void test_stale(void)
{
	struct scene scene;
	struct route *route;

	set_scene(&scene, false);
	add_rule(&scene, 5, "172.16.0.0/12", 7);
	answer_well(&scene);
	check(&scene,
		"note: the rule from 172.16.0.0/12 lookup 7 priority 5 is for addresses that no "
		"NIC has; run ip rule del from 172.16.0.0/12 lookup 7 priority 5\n",
		"a rule for addresses that no NIC has");

	set_scene(&scene, false);
	add_rule(&scene, 5, "172.16.0.0/12", 7);
	scene.in.forwards = true;
	answer_well(&scene);
	check(&scene, "", "a router's rules may be for others");

	set_scene(&scene, false);
	add_rule(&scene, 5, "172.16.0.0/12", 7);
	add_route(&scene, TABLE_LOCAL, "172.17.0.0/16", "lo", NULL);
	route = &scene.kernel.routes.items[scene.kernel.routes.n - 1];
	route->type = ROUTE_LOCAL;
	answer_well(&scene);
	check(&scene, "", "a network that is local as a whole counts");

	set_scene(&scene, false);
	strcpy(add_rule(&scene, 5, "0.0.0.0/0", 7)->oif, "tun9");
	answer_well(&scene);
	check(&scene,
		"note: the rule from all oif tun9 lookup 7 priority 5 is for tun9, which is not "
		"there; run ip rule del from all oif tun9 lookup 7 priority 5\n",
		"a rule for a device that is gone");

	set_scene(&scene, false);
	add_rule(&scene, 5, "10.0.0.0/8", 7);
	add_rule(&scene, 6, "10.0.0.0/8", 7);
	add_rule(&scene, 6, "10.0.0.0/8", 7);
	add_route(&scene, 7, "0.0.0.0/0", "eth1", "10.0.0.1");
	answer_well(&scene);
	check(&scene,
		"the rule from 10.0.0.0/8 lookup 7 priority 5 is there 3 times; run ip rule del "
		"from 10.0.0.0/8 lookup 7 priority 6 && ip rule del from 10.0.0.0/8 lookup 7 "
		"priority 6\n",
		"a rule that piled up");

	set_scene(&scene, true);
	add_route(&scene, 101, "0.0.0.0/0", "eth1", "10.0.0.1");
	strcpy(add_rule(&scene, 10001, "10.0.0.0/8", 101)->iif, "lo");
	strcpy(add_rule(&scene, 10001, "10.0.0.0/8", 101)->iif, "lo");
	answer_well(&scene);
	check(&scene,
		"eth1: the rule from 10.0.0.0/8 iif lo lookup 101 priority 10001 is there 3 times; "
		"run multihome sync\n",
		"one of ours that is there twice more is cured by one sync");

	set_scene(&scene, true);
	add_route(&scene, 101, "0.0.0.0/0", "eth1", "10.0.0.1");
	strcpy(add_rule(&scene, 10000, "10.0.0.0/8", 101)->iif, "lo");
	*array_add(&scene.plan.owned) = (struct rule){
		.from = prefix("10.0.0.0/8"), .table = 101, .priority = 10000, .iif = "lo"};
	*array_add(&scene.plan.rules) = scene.plan.owned.items[0];
	*array_add(&scene.plan.rules) = scene.plan.owned.items[1];
	answer_well(&scene);
	check(&scene, "", "two rules of the plan that agree but for their priority are no pile");
}

static void put_into_use(struct scene *scene)
{
	set_scene(scene, true);
	add_route(scene, 101, "0.0.0.0/0", "eth1", "10.0.0.1");
	answer_well(scene);
}

static void test_hooks(void)
{
	struct scene scene;
	size_t i;

	put_into_use(&scene);
	scene.hooks[HOOK_UP].state = HOOK_MISSING;
	check(&scene, "/hook is not there; run ln -sfn /ours /hook\n", "a hook that is missing");

	put_into_use(&scene);
	scene.hooks[HOOK_UP].state = HOOK_MISSING;
	scene.hooks[HOOK_UP].ours = NULL;
	check(&scene, "/hook is not there; install multihome\n", "one that cannot be linked");

	put_into_use(&scene);
	scene.hooks[HOOK_UP].state = HOOK_NOT_EXECUTABLE;
	check(&scene, "/hook is not executable; run chmod +x /hook\n", "one that is not run");

	put_into_use(&scene);
	scene.hooks[HOOK_UP].state = HOOK_SILENT;
	check(&scene, "/hook does not run multihome; add to it: /ours \"$@\"\n",
		"one of the administrator's");

	put_into_use(&scene);
	scene.hooks[HOOK_DHCP].state = scene.hooks[HOOK_NETWORK_MANAGER].state = HOOK_MISSING;
	check(&scene, "", "hooks of DHCP and NetworkManager do not matter without these");

	put_into_use(&scene);
	scene.hooks[HOOK_DHCP].state = HOOK_SILENT;
	scene.config.uplinks.items[1].leased = true;
	check(&scene, "eth1: /hook does not run multihome; add to it: . /ours\n",
		"with a lease dhclient's does");

	put_into_use(&scene);
	scene.hooks[HOOK_NETWORK_MANAGER].state = HOOK_NOT_EXECUTABLE;
	scene.config.uplinks.items[0].network_manager = true;
	check(&scene,
		"eth0: NetworkManager controls it, and /hook is not executable; run chmod +x "
		"/hook\n",
		"NetworkManager's does where it controls the NIC");

	set_scene(&scene, true);
	add_route(&scene, 101, "0.0.0.0/0", "eth1", "10.0.0.1");
	answer_well(&scene);
	for (i = 0; i < HOOKS; i++)
		scene.hooks[i].state = HOOK_MISSING;
	check(&scene, "", "who never used multihome misses no hook");
}

static void neighbour(struct scene *scene, unsigned short state)
{
	struct neighbour *added;

	put_into_use(scene);
	added = array_add(&scene->kernel.neighbours);
	strcpy(added->device, "eth1");
	added->address = prefix("10.0.0.1");
	added->state = state;
}

static void test_neighbours(void)
{
	static const char asked[] =
		"eth1: the gateway 10.0.0.1 did not answer when it was last asked for its MAC "
		"address; see its cable and ifcfg-eth1, then ping -c 1 -I eth1 10.0.0.1\n";
	struct scene scene;

	neighbour(&scene, 0x20);
	check(&scene, asked, "a gateway that did not answer");
	neighbour(&scene, 0x01);
	check(&scene, asked, "one that has not answered yet");
	neighbour(&scene, 0x04);
	check(&scene, "", "one that has not been asked for a while is no finding");
}

static void flux(struct scene *scene, int ignore, int filter)
{
	set_scene(scene, false);
	scene->config.uplinks.items[1].gateway.family = 0;
	scene->kernel.addresses.items[2].prefix = prefix("192.168.2.100/24");
	add_setting(scene, "eth1", SYSCTL_ARP_IGNORE, ignore);
	add_setting(scene, "eth0", SYSCTL_ARP_IGNORE, 1);
	add_setting(scene, "all", SYSCTL_ARP_FILTER, filter);
	answer(scene, 0, 0, "eth0", "192.168.2.1");
	answer(scene, 2, 0, "lo", NULL);
	scene->answers[2].type = scene->answers[3].type = ROUTE_LOCAL;
}

static void test_arp(void)
{
	struct scene scene;

	flux(&scene, 0, 0);
	check(&scene,
		"eth1: ARP for 192.168.2.99 is answered here as well as by eth0: both are in "
		"192.168.2.0/24, and arp_ignore=0; run sysctl -w net.ipv4.conf.eth1.arp_ignore=1\n",
		"two NICs answer ARP for one address");
	flux(&scene, 3, 0);
	check(&scene,
		"eth1: ARP for 192.168.2.99 is answered here as well as by eth0: both are in "
		"192.168.2.0/24, and arp_ignore=3; run sysctl -w net.ipv4.conf.eth1.arp_ignore=1\n",
		"an arp_ignore that is for other addresses does not help");
	flux(&scene, 1, 0);
	check(&scene, "", "with arp_ignore each speaks for its own");
	flux(&scene, 0, 1);
	check(&scene, "", "so it is with arp_filter");
	flux(&scene, 0, 0);
	scene.answers[2].error = EXDEV;
	check(&scene, "", "what the reverse-path filter refuses is not answered");
}

int main(void)
{
	test_asked();
	test_afar();
	test_replies();
	test_dropped();
	test_refused_replies();
	test_turns();
	test_tables();
	test_stale();
	test_hooks();
	test_neighbours();
	test_arp();
	return tap_done();
}
