/* SPDX-License-Identifier: MIT
 * What is advised: one thing, in the grammar of cures.h, and nothing that deletes what others made.
 */
#include "judged.h"

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* One of the forms that cures.h has, or nothing. */
static bool is_grammar(const char *cure)
{
	const char *in = strstr(cure, " in "), *run = strstr(cure, " and run ");

	if (strchr(cure, '\n'))
		return false;
	if (!*cure || starts(cure, "run ") || starts(cure, "see "))
		return true;
	if (starts(cure, "set "))
		return in && run && in < run && strchr(cure, '=') < in;
	return starts(cure, "add to ") && strchr(cure, ':');
}

static void is_cure(char *cure, const char *want, const char *name)
{
	is(cure, want, name);
	ok(is_grammar(cure), "%s: in one of the forms", name);
	ok(!strstr(cure, " del ") && !strstr(cure, "flush"), "%s: nothing is deleted", name);
	free(cure);
}

static void expect_from(struct scene *scene, const char *remote, const char *device,
	const char *want, const char *name)
{
	const struct verdict *verdict = judge_from(scene, remote, device);

	is_cure(cure_verdict(&scene->facts, verdict), want, name);
	clear_scene(scene);
}

static void expect(struct scene *scene, const char *device, const char *want, const char *name)
{
	expect_from(scene, REMOTE, device, want, name);
}

/* The plan wants what the kernel lacks. */
static void need_sync(struct scene *scene)
{
	array_add(&scene->ops)->rule = &scene->plan.rules.items[0];
	scene->ops.items[0].kind = OP_RULE_ADD;
}

static void test_planned(void)
{
	struct scene scene;

	set_scene(&scene);
	expect(&scene, "eth0", "", "nothing where all is right");
	set_scene(&scene);
	drop_rule(&scene, 100);
	need_sync(&scene);
	expect(&scene, "eth0", "run multihome sync", "sync, if it changes the kernel");
	set_scene(&scene);
	find_link(&scene, "eth0")->up = false;
	expect(&scene, "eth0", "run ifup eth0", "ifup of a NIC that is down");
	set_scene(&scene);
	find_link(&scene, "eth0")->up = false;
	scene.config.profiles.items[0].hwaddr = mem_string("52:54:00:AA:BB:CC");
	expect(&scene, "eth0", "see HWADDR=52:54:00:AA:BB:CC in ifcfg-eth0: eth0 has 52:54:00:00:00:01",
		"not if its file is for another card");
	set_scene(&scene);
	find_link(&scene, "eth0")->up = false;
	scene.config.profiles.n = 0;
	expect(&scene, "eth0", "run ip link set eth0 up", "what no file knows is set up");
	set_scene(&scene);
	find_link(&scene, "eth0")->running = false;
	expect(&scene, "eth0", "see the cable of eth0, and what is at its other end", "a cable");
	set_scene(&scene);
	find_link(&scene, "eth0")->running = false;
	find_link(&scene, "eth0")->tunnel = true;
	expect(&scene, "eth0", "see the program that serves eth0, and its other end",
		"a tunnel has none");
	set_scene(&scene);
	add_neighbour(&scene, "eth0", "192.168.2.1", NEIGHBOUR_FAILED);
	expect(&scene, "eth0",
		"see the cable of eth0, the router, and ifcfg-eth0; then run ping -c 1 -I eth0 192.168.2.1",
		"a dead gateway");
	set_scene(&scene);
	scene.plan.uplinks.items[0].state = STATE_REFUSED;
	drop_rule(&scene, 100);
	expect(&scene, "eth0", "see what multihome plan says of ifcfg-eth0",
		"a file that is refused");
	set_scene(&scene);
	scene.facts.refused = true;
	drop_rule(&scene, 100);
	expect(&scene, "eth0", "see what multihome plan says of the configuration",
		"a configuration that is");
	set_scene(&scene);
	scene.plan.uplinks.items[0].state = STATE_EDITED;
	drop_rule(&scene, 100);
	expect(&scene, "eth0", "run ifdown eth0 && ifup eth0", "an edit that needs an ifup");
}

static void test_foreign(void)
{
	struct scene scene;

	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 101);
	expect(&scene, "eth0",
		"see the rule from 192.168.2.99 lookup 101 priority 50, which somebody made",
		"a foreign rule is to be looked at");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 101);
	need_sync(&scene);
	expect(&scene, "eth0", "run multihome sync", "once all of ours is there");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 0)->action = ACTION_GOTO;
	scene.kernel.rules.items[1].target = 32766;
	expect(&scene, "eth0",
		"see the rule from 192.168.2.99 goto 32766 priority 50, which somebody made",
		"one that goes past ours, too");
	set_scene(&scene);
	add_rule(&scene, 50, "0.0.0.0/0", 0)->action = ACTION_GOTO;
	scene.kernel.rules.items[1].target = 10001;
	find_route(&scene, 100, "0.0.0.0/0")->protocol = 0;
	find_route(&scene, 100, "0.0.0.0/0")->gateway = prefix_of("10.0.0.1");
	strcpy(find_route(&scene, 100, "0.0.0.0/0")->device, "eth1");
	expect(&scene, "eth0",
		"see the route default via 10.0.0.1 dev eth1 of table 100",
		"not one that goes to ours: a foreign route in the table");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.0/24", 7)->action = ACTION_UNREACHABLE;
	expect(&scene, "eth0",
		"see the rule from 192.168.2.0/24 unreachable priority 50, which somebody made",
		"a rule that refuses");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->type = ROUTE_PROHIBIT;
	expect(&scene, "eth0", "see the route prohibit default of table 100",
		"a route that refuses");
}

/* Like ours but for a mark. */
static void test_hindrance(void)
{
	struct scene scene;
	struct rule *rule;

	set_scene(&scene);
	drop_rule(&scene, 100);
	rule = add_rule(&scene, 10001, "192.168.2.0/24", 100);
	strcpy(rule->iif, "lo");
	rule->mark = rule->mask = 9;
	expect(&scene, "eth0",
		"see the rule from 192.168.2.0/24 fwmark 0x9/0x9 iif lo lookup 100 priority 10001, "
		"which somebody made",
		"a rule that keeps ours from being made is named");
}

/* Sync adds the rule that is missing, behind one of somebody else's. */
static void test_first_rule(void)
{
	struct scene scene;

	set_scene(&scene);
	drop_rule(&scene, 100);
	need_sync(&scene);
	scene.config.rule_priority = 10000;
	add_rule(&scene, 220, "0.0.0.0/0", 220);
	add_route(&scene, 220, "0.0.0.0/0", "eth1", "10.0.0.1");
	expect(&scene, "eth0", "see the rule from all lookup 220 priority 220, which somebody made",
		"a rule that ours cannot come before is named, as sync changes nothing");
}

static void test_filter(void)
{
	struct scene scene;

	set_scene(&scene);
	scene.by = "eth1";
	set(&scene, "eth1", SYSCTL_RP_FILTER, 1);
	expect(&scene, "eth0", "set RP_FILTER=loose in ifcfg-eth1 and run multihome sync",
		"the filter of the NIC by which it arrives is loosened");
	set_scene(&scene);
	scene.by = "eth1";
	set(&scene, "eth1", SYSCTL_RP_FILTER, 1);
	set(&scene, "all", SYSCTL_RP_FILTER, 1);
	scene.facts.filter_needs_both = true;
	expect(&scene, "eth0", "set RP_FILTER=off in ifcfg-eth1 and run multihome sync",
		"before 2.6.31 it is switched off, as 2 is on");
	set_scene(&scene);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 1);
	find_route(&scene, 100, "0.0.0.0/0")->dst = prefix_of("172.16.0.0/12");
	sysctl_add("eth0", SYSCTL_RP_FILTER, 2, &scene.writes);
	expect(&scene, "eth0", "run ifdown eth0 && ifup eth0",
		"not if the reply would go astray then, though sync would loosen it");
}

/* Nobody answers ARP: a setting says so, or the filter drops what the gateway asks. */
static void test_arp(void)
{
	struct scene scene;

	set_scene(&scene);
	set(&scene, "eth0", SYSCTL_ARP_IGNORE, 8);
	expect(&scene, "eth0", "see net/ipv4/conf/eth0/arp_ignore and arp_filter, and those of all",
		"a NIC that answers nobody");
	set_scene(&scene);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 1);
	add_route(&scene, 100, "192.168.2.1/32", "eth1", "");
	expect(&scene, "eth0", "see the route 192.168.2.1 dev eth1 of table 100",
		"a route to the gateway by another NIC, which has the filter drop what it asks");
}

/* An address that files do not have. */
static void set_outside(struct scene *scene, const char *address, const char *file)
{
	set_scene(scene);
	scene->config.release.numbered = true;
	scene->kernel.addresses.n = 1; /* lo's */
	add_address(scene, "eth0", address);
	add_address(scene, "eth1", "10.0.0.99/8");
	free(scene->sources.ifcfg.items[0].bytes);
	scene->sources.ifcfg.items[0].bytes = mem_string(file);
	scene->sources.ifcfg.items[0].len = strlen(file);
}

static void test_outside(void)
{
	static const char by_rule[] = "run ip rule add from 203.0.113.200 lookup 100 priority 9999; "
				      "add the same words to rule-eth0";
	struct scene scene;

	set_outside(&scene, "203.0.113.200/32", "");
	expect(&scene, "eth0", by_rule,
		"a service address gets a rule");
	set_outside(&scene, "203.0.113.200/24", "");
	expect(&scene, "eth0",
		"set IPADDR1=203.0.113.200 and PREFIX1=24 in ifcfg-eth0 and run multihome sync",
		"an address of another network goes to the file");
	set_outside(&scene, "203.0.113.200/24", "IPADDR1=192.168.2.98\nIPADDR2=192.168.2.97\n");
	expect(&scene, "eth0",
		"set IPADDR3=203.0.113.200 and PREFIX3=24 in ifcfg-eth0 and run multihome sync",
		"by the next number");
	set_outside(&scene, "203.0.113.200/24", "");
	scene.config.uplinks.items[0].leased = true;
	expect(&scene, "eth0", by_rule, "not to one of which a lease decides, where nobody reads it");
	set_outside(&scene, "203.0.113.200/24", "");
	scene.config.release.numbered = false;
	expect(&scene, "eth0", by_rule, "nor before EL6, which knows no IPADDR1");
	set_outside(&scene, "203.0.113.200/24", "");
	array_add(&scene.config.addresses)->prefix = prefix_of("203.0.113.200/24");
	strcpy(scene.config.addresses.items[0].device, "eth1");
	expect(&scene, "eth0", "run ifdown eth0 && ifup eth0 && ifdown eth1 && ifup eth1",
		"unless another NIC's file has it by now");
	set_scene(&scene);
	scene.kernel.addresses.n = 0;
	add_address(&scene, "lo", "203.0.113.201/32");
	scene.by = "eth0";
	expect(&scene, "lo",
		"run ip rule add from 203.0.113.201 lookup 100 priority 9999; add the same words "
		"to rule-eth0",
		"one of lo goes by the table of the NIC by which it is asked");
}

/* No uplink: eth0's file has no gateway. */
static void set_unserved(struct scene *scene)
{
	set_scene(scene);
	drop_rule(scene, 100);
	memmove(&scene->plan.uplinks.items[0], &scene->plan.uplinks.items[1],
		sizeof(*scene->plan.uplinks.items));
	scene->plan.uplinks.n = 1;
	strcpy(scene->config.uplinks.items[0].device, "eth9");
	memset(&scene->config.uplinks.items[0].gateway, 0, sizeof(struct prefix));
	find_route(scene, 100, "0.0.0.0/0")->type = ROUTE_THROW;
	find_route(scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_THROW;
}

static void set_file(struct scene *scene, const char *bytes)
{
	free(scene->sources.ifcfg.items[0].bytes);
	scene->sources.ifcfg.items[0].bytes = mem_string(bytes);
	scene->sources.ifcfg.items[0].len = strlen(bytes);
}

static void test_unserved(void)
{
	struct scene scene;

	set_unserved(&scene);
	expect(&scene, "eth0", "see ifcfg-eth0, which has no GATEWAY", "a file without a gateway");
	set_unserved(&scene);
	set_file(&scene, "GATEWAY=10.0.0.1\n");
	expect(&scene, "eth0", "see ifcfg-eth0: its GATEWAY= does not count for 192.168.2.99",
		"one whose gateway is another NIC's");
	set_unserved(&scene);
	scene.config.uplinks.items[1].gateway = prefix_of("192.168.2.1");
	expect(&scene, "eth0", "set GATEWAY=192.168.2.1 in ifcfg-eth0 and run multihome sync",
		"the gateway that another file has in its network");
	set_unserved(&scene);
	set_file(&scene, "MULTIHOME=no\n");
	expect(&scene, "eth0", "set MULTIHOME=yes in ifcfg-eth0 and run multihome sync",
		"what says that it is left alone");
	set_unserved(&scene);
	scene.config.enabled = false;
	expect(&scene, "eth0",
		"set MULTIHOME=yes in /etc/sysconfig/multihome and run multihome sync",
		"of the whole host, too");
	set_unserved(&scene);
	find_link(&scene, "eth0")->tunnel = true;
	expect(&scene, "eth0", "see DEFROUTE= in ifcfg-eth0", "GATEWAY= of a tunnel does nothing");
	set_unserved(&scene);
	scene.config.profiles.n = 0;
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_UNICAST;
	expect(&scene, "eth0",
		"run ip route replace default via 192.168.2.1 dev eth0 table 102 && ip rule add from "
		"192.168.2.99 table 102",
		"without a file what an administrator would type");
	set_unserved(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 7);
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_UNICAST;
	expect(&scene, "eth0", "run ip route add default via 192.168.2.1 dev eth0 table 7",
		"a table by hand gets the default route that it lacks");
	set_unserved(&scene);
	scene.config.profiles.n = 0;
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_UNICAST;
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->gateway = prefix_of("203.0.113.1");
	expect(&scene, "eth0",
		"run ip route replace default via 203.0.113.1 dev eth0 onlink table 102 && ip rule add "
		"from 192.168.2.99 table 102",
		"a gateway outside of the NIC's networks is on the link, or the kernel refuses it");
}

static void test_own(void)
{
	struct verdict own = {.fault = FAULT_REPLY_CARRIER, .leaves = {.device = "eth1"}};
	struct scene scene;

	own.packet.remote = prefix_of(REMOTE);
	set_scene(&scene);
	judge(&scene, "eth0");
	is_cure(cure_own(&scene.facts, &own), "see the cable of eth1, and what is at its other end",
		"a cable that is out");
	own.fault = FAULT_NEIGHBOUR;
	own.leaves.gateway = prefix_of("10.0.0.1");
	is_cure(cure_own(&scene.facts, &own),
		"see the cable of eth1, the router, and its address; then run ping -c 1 -I eth1 "
		"10.0.0.1",
		"a gateway that is dead");
	need_sync(&scene);
	own.reply.last.route = find_route(&scene, TABLE_MAIN, "0.0.0.0/0");
	own.fault = FAULT_REPLY_CARRIER;
	is_cure(cure_own(&scene.facts, &own), "see the cable of eth1, and what is at its other end",
		"no sync for another's default, whatever else it would do");
	own.reply.last.route = find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0");
	is_cure(cure_own(&scene.facts, &own), "run multihome sync", "but for ours");
	clear_scene(&scene);
}

static void test_not_taken(void)
{
	const struct answer refused = {.error = EINVAL};
	struct scene scene;

	set_scene(&scene);
	scene.arrives = &refused;
	expect(&scene, "eth0", "see ip route get 192.168.2.99 from 192.0.2.1 iif eth0: the kernel "
		"refuses it", "what the kernel refuses, in words to type");
}

static void test_conflict(void)
{
	struct scene scene;
	const struct bystander other = {.answers = true};
	struct bystander eth1 = other;

	set_scene(&scene);
	judge(&scene, "eth0");
	eth1.link = find_link(&scene, "eth1");
	is_cure(cure_conflict(&scene.facts, &scene.verdict, &eth1),
		"run sysctl -w net.ipv4.conf.eth1.arp_filter=1",
		"a NIC that answers ARP for another");
	eth1.back = find_route(&scene, TABLE_MAIN, "10.0.0.0/8");
	is_cure(cure_conflict(&scene.facts, &scene.verdict, &eth1),
		"see the route 10.0.0.0/8 dev eth1 of table main",
		"no arp_filter for one that replies leave by");
	scene.config.uplinks.items[1].arp_ignore = 0;
	is_cure(cure_conflict(&scene.facts, &scene.verdict, &eth1),
		"set ARP_IGNORE=1 in ifcfg-eth1 and run multihome sync", "whose key says so");
	scene.config.uplinks.items[1].arp_ignore = ARP_AUTO;
	scene.verdict.reason = ARRIVES_BY_ARP;
	need_sync(&scene);
	is_cure(cure_conflict(&scene.facts, &scene.verdict, &eth1),
		"see net/ipv4/conf/eth0/arp_ignore and arp_filter, and those of all",
		"the only one that answers is not to be silenced");
	clear_scene(&scene);
}

static void test_others(void)
{
	struct rule twice = {.priority = 9, .table = 7};
	struct hook hook = {.path = "/sbin/ifup-local", .ours = "/usr/libexec/multihome/ifup-local"};
	struct text cure = {0};

	twice.from = prefix_of("192.168.2.99");
	cure_add_deletion(&twice, &cure);
	is(cure.bytes, "run ip rule del from 192.168.2.99 lookup 7 priority 9",
		"of two rules that say the same one goes: the only deletion");
	twice.from = prefix_of("2001:db8::1");
	cure_add_deletion(&twice, &cure);
	is(cure.bytes + 53, " && ip -6 rule del from 2001:db8::1 lookup 7 priority 9",
		"of IPv6 by its command, one after the other");
	text_free(&cure);

	hook.state = HOOK_MISSING;
	is_cure(cure_hook(&hook, HOOK_UP),
		"run ln -sfn /usr/libexec/multihome/ifup-local /sbin/ifup-local", "a hook is linked");
	hook.state = HOOK_NOT_EXECUTABLE;
	is_cure(cure_hook(&hook, HOOK_UP), "run chmod +x /sbin/ifup-local", "made executable");
	hook.state = HOOK_SILENT;
	is_cure(cure_hook(&hook, HOOK_UP),
		"add to /sbin/ifup-local: /usr/libexec/multihome/ifup-local \"$@\"",
		"or called by the script that is there");
	hook.end = 4;
	is_cure(cure_hook(&hook, HOOK_UP),
		"add to /sbin/ifup-local, before line 4: /usr/libexec/multihome/ifup-local \"$@\"",
		"where the script still comes to it");
	hook.end = 0;
	is_cure(cure_hook(&hook, HOOK_DHCP),
		"add to /sbin/ifup-local: . /usr/libexec/multihome/ifup-local",
		"dhclient's sources it");
	hook.path = hook.ours;
	is_cure(cure_hook(&hook, HOOK_UP), "see whether multihome is installed",
		"not by itself, if ours was emptied");
	hook.ours = NULL;
	is_cure(cure_hook(&hook, HOOK_UP), "see whether multihome is installed", "or is not there");
}

/* What a rule for the address leads to, if it is no table that lacks a default. */
static void test_passing_rules(void)
{
	struct scene scene;
	struct rule *rule;

	set_unserved(&scene);
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_UNICAST;
	rule = add_rule(&scene, 50, "192.168.2.99/32", TABLE_MAIN);
	rule->min_length = 1;
	expect(&scene, "eth0", "set GATEWAY=192.168.2.1 in ifcfg-eth0 and run multihome sync",
		"main gets no second default because a rule suppresses its first");
	set_unserved(&scene);
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_UNICAST;
	rule = add_rule(&scene, 50, "192.168.2.99/32", 0);
	rule->action = ACTION_NOP;
	expect(&scene, "eth0", "set GATEWAY=192.168.2.1 in ifcfg-eth0 and run multihome sync",
		"a rule that does nothing has no table to fill");
}

/* One uplink alone, and main leads to the remote, or to its gateway, by a NIC that is none. */
static void set_exception(struct scene *scene, const char *dst)
{
	set_scene(scene);
	drop_rule(scene, 100);
	scene->plan.uplinks.n = 0;
	add_route(scene, TABLE_MAIN, dst, "eth1", "10.0.0.1");
}

static void test_exception(void)
{
	struct scene scene;

	set_exception(&scene, "0.0.0.0/1");
	expect(&scene, "eth0", "set TABLE=102 in ifcfg-eth0 and run multihome sync",
		"half of a default is not copied");
	set_exception(&scene, "192.0.0.0/8");
	expect(&scene, "eth0", "see the route 192.0.0.0/8 via 10.0.0.1 dev eth1 of table main",
		"what a table of its own would get as well is named");
	set_exception(&scene, "192.168.2.1/32");
	expect(&scene, "eth0", "see the route 192.168.2.1 via 10.0.0.1 dev eth1 of table main",
		"so is a route to its gateway");
	set_exception(&scene, "192.168.2.0/24");
	expect(&scene, "eth0", "set TABLE=102 in ifcfg-eth0 and run multihome sync",
		"not one to its network: its own comes first");
}

/* None of the range is left. */
static void test_no_table(void)
{
	struct scene scene;
	char *cure;

	set_scene(&scene);
	drop_rule(&scene, 100);
	scene.plan.uplinks.n = 0;
	scene.config.table_first = scene.config.table_last = 101;
	judge(&scene, "eth0");
	cure = cure_verdict(&scene.facts, &scene.verdict);
	ok(!facts_free_table(&scene.facts, 0), "no table is free");
	ok(!strstr(cure, "TABLE=0"), "then none is advised: %s", cure);
	free(cure);
	clear_scene(&scene);
}

/* ifup-aliases reads one IPADDR of a file. */
static void test_outside_alias(void)
{
	struct scene scene;
	char *cure;

	set_outside(&scene, "203.0.113.200/24", "");
	free(scene.sources.ifcfg.items[0].name);
	scene.sources.ifcfg.items[0].name = mem_string("ifcfg-eth0:1");
	scene.config.profiles.items[0].alias = true;
	scene.config.uplinks.items[0].profile = &scene.config.profiles.items[0];
	judge(&scene, "eth0");
	cure = cure_verdict(&scene.facts, &scene.verdict);
	ok(!strstr(cure, "IPADDR1"), "an alias's file takes no IPADDR1: %s", cure);
	free(cure);
	clear_scene(&scene);
}

/* iputils before EL8 have ping6 for IPv6; EL8 has it as well. */
static void test_ping6(void)
{
	struct scene scene;
	struct prefix gateway = prefix_of("fe80::1");

	set_scene(&scene);
	judge(&scene, "eth0");
	is_cure(cure_gateway(&scene.facts, &scene.verdict, "eth0", &gateway),
		"see the cable of eth0, the router, and ifcfg-eth0; then run ping6 -c 1 -I eth0 "
		"fe80::1",
		"a router of IPv6 is pinged by ping6");
	clear_scene(&scene);
}

/* A VPN's device that no file configures. */
static void test_own_tunnel(void)
{
	struct scene scene;
	struct link *link;
	char *cure;

	set_scene(&scene);
	link = add_link(&scene, "tun0");
	link->tunnel = true;
	link->running = false;
	add_route(&scene, TABLE_MAIN, "128.0.0.0/1", "tun0", "");
	judge(&scene, "eth0");
	strcpy(scene.verdict.leaves.device, "tun0");
	scene.verdict.fault = FAULT_REPLY_CARRIER;
	cure = cure_own(&scene.facts, &scene.verdict);
	ok(!strstr(cure, "ifdown tun0"), "ifdown knows no device without a file: %s", cure);
	free(cure);
	clear_scene(&scene);
}

int main(void)
{
	test_planned();
	test_foreign();
	test_hindrance();
	test_first_rule();
	test_arp();
	test_filter();
	test_outside();
	test_unserved();
	test_own();
	test_not_taken();
	test_conflict();
	test_others();
	test_passing_rules();
	test_exception();
	test_no_table();
	test_outside_alias();
	test_ping6();
	test_own_tunnel();
	return tap_done();
}
