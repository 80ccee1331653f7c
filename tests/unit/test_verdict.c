/* SPDX-License-Identifier: MIT
 * What becomes of a packet and its reply: each fault, above all what no lab can show.
 */
#include "judged.h"

/* "lost filtered": outcome and fault of a packet to the device; clears the scene. */
static void expect_from(struct scene *scene, const char *remote, const char *device,
	const char *want, const char *name)
{
	const struct verdict *verdict = judge_from(scene, remote, device);
	char *got = mem_format("%s %s%s", words_outcome(verdict_outcome(verdict)),
		words_fault(verdict->fault), verdict->agrees ? "" : ", the kernel differs");
	struct text told = {0}, sentence = {0};
	const char *outcome = words_outcome(verdict_outcome(verdict));

	is(got, want, name);
	words_verdict(verdict, &sentence);
	ok(!strncmp(sentence.bytes, outcome, strlen(outcome)), "%s: the sentence says so", name);
	words_explain(&scene->facts, verdict, &scene->steps, false, 80, &told);
	ok(strstr(told.bytes, "\nverdict      ") != NULL, "%s: it is told", name);
	text_free(&told);
	text_free(&sentence);
	free(got);
	clear_scene(scene);
}

static void expect(struct scene *scene, const char *device, const char *want, const char *name)
{
	expect_from(scene, REMOTE, device, want, name);
}

static void test_right(void)
{
	struct scene scene;

	set_scene(&scene);
	expect(&scene, "eth0", "right none", "by its own gateway");
	set_scene(&scene);
	set(&scene, "all", SYSCTL_RP_FILTER, 1);
	expect(&scene, "eth0", "right none", "also under a strict filter");
	set_scene(&scene);
	expect_from(&scene, "192.168.2.7", "eth0", "right none", "a neighbour");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->gateway = prefix_of("192.168.2.254");
	expect(&scene, "eth0", "right wrong-gateway", "through another router of its network");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->gateway = prefix_of("192.168.2.254");
	scene.plan.uplinks.items[0].state = STATE_REFUSED;
	expect(&scene, "eth0", "right none",
		"of a file that is refused the gateway does not count");
}

static void test_lost_on_arrival(void)
{
	struct answer taken = {.type = ROUTE_LOCAL}, refused = {.error = EINVAL};
	struct scene scene;

	set_scene(&scene);
	find_link(&scene, "eth0")->up = false;
	expect(&scene, "eth0", "lost down", "the NIC is down");
	set_scene(&scene);
	find_link(&scene, "eth0")->running = false;
	expect(&scene, "eth0", "lost no-carrier", "the cable is out");

	set_scene(&scene);
	drop_rule(&scene, 100);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 1);
	expect(&scene, "eth0", "lost filtered", "from 2.6.31 on the larger of two values filters");
	set_scene(&scene);
	drop_rule(&scene, 100);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 1);
	scene.facts.filter_needs_both = true;
	expect(&scene, "eth0", "astray wrong-nic", "before that one value alone does not");
	set_scene(&scene);
	drop_rule(&scene, 100);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 2);
	set(&scene, "all", SYSCTL_RP_FILTER, 1);
	scene.facts.filter_needs_both = true;
	expect(&scene, "eth0", "lost filtered", "and with both 2 is no loose filter");
	set_scene(&scene);
	drop_rule(&scene, 100);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 2);
	expect(&scene, "eth0", "astray wrong-nic", "a loose filter takes what has a way back");

	set_scene(&scene);
	drop_rule(&scene, 100);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 1);
	scene.arrives = &taken;
	expect(&scene, "eth0", "astray wrong-nic",
		"the kernel takes it all the same: its word counts");
	set_scene(&scene);
	scene.arrives = &refused;
	expect(&scene, "eth0", "lost not-taken", "the kernel refuses it for a reason not known");
	set_scene(&scene);
	find_route(&scene, TABLE_LOCAL, "192.168.2.99/32")->table = 7;
	expect(&scene, "eth0", "lost not-taken", "table local does not have the address");
}

static void test_reply(void)
{
	struct answer by_eth1 = {.table = TABLE_MAIN, .device = "eth1"};
	struct answer nowhere = {.error = ENETUNREACH};
	struct scene scene;

	by_eth1.gateway = prefix_of("10.0.0.1");
	set_scene(&scene);
	drop_rule(&scene, 100);
	expect(&scene, "eth0", "astray wrong-nic", "no rule leads to the table");
	set_scene(&scene);
	scene.leaves = &by_eth1;
	expect(&scene, "eth0", "astray wrong-nic, the kernel differs",
		"where the walk misses something the kernel's word counts");
	set_scene(&scene);
	scene.leaves = &nowhere;
	expect(&scene, "eth0", "lost no-route, the kernel differs", "also if it has no route");

	set_scene(&scene);
	drop_rule(&scene, 100);
	drop_rule(&scene, TABLE_MAIN);
	drop_rule(&scene, TABLE_DEFAULT);
	expect(&scene, "eth0", "lost no-route", "nothing leads back");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.0/24", 7)->action = ACTION_PROHIBIT;
	expect(&scene, "eth0", "lost refused", "a rule refuses");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->type = ROUTE_BLACKHOLE;
	expect(&scene, "eth0", "lost refused", "a route refuses");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 0)->action = ACTION_GOTO;
	scene.kernel.rules.items[1].target = 32766;
	expect(&scene, "eth0", "astray wrong-nic", "a goto leads past ours");

	set_scene(&scene);
	drop_rule(&scene, 100);
	find_link(&scene, "eth1")->running = false;
	expect(&scene, "eth0", "lost reply-no-carrier", "by another NIC, whose cable is out");
	set_scene(&scene);
	add_neighbour(&scene, "eth0", "192.168.2.1", NEIGHBOUR_FAILED);
	expect(&scene, "eth0", "lost neighbour", "the gateway is dead");
	set_scene(&scene);
	add_neighbour(&scene, "eth0", "192.168.2.1", NEIGHBOUR_INCOMPLETE);
	expect(&scene, "eth0", "lost neighbour", "so is one that is asked again and again");
	set_scene(&scene);
	add_neighbour(&scene, "eth0", "192.168.2.1", NEIGHBOUR_FAILED);
	find_link(&scene, "eth0")->mac[0] = '\0';
	expect(&scene, "eth0", "right none", "a device without MAC addresses asks nobody");

	set_scene(&scene);
	drop_rule(&scene, 100);
	scene.config.uplinks.items[0].gateway.family = 0;
	find_route(&scene, 100, "0.0.0.0/0")->type = ROUTE_THROW;
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_THROW;
	expect(&scene, "eth0", "astray no-gateway", "the NIC has no gateway of its own");
}

static void test_turns(void)
{
	struct scene scene;

	set_scene(&scene);
	add_hop(find_route(&scene, 100, "0.0.0.0/0"), "eth1", "10.0.0.1");
	expect(&scene, "eth0", "astray by-turns",
		"by two NICs in turn, this packet by the right one");
	set_scene(&scene);
	add_hop(find_route(&scene, 100, "0.0.0.0/0"), "eth1", "10.0.0.1");
	find_route(&scene, 100, "0.0.0.0/0")->hops[1].dead = true;
	expect(&scene, "eth0", "right none", "a dead next hop has no turn");

	set_scene(&scene);
	add_route(&scene, 100, "0.0.0.0/0", "eth1", "10.0.0.1");
	expect(&scene, "eth0", "astray by-turns", "IPv4 defaults of one metric have turns");
	set_scene(&scene);
	add_route(&scene, 100, "0.0.0.0/0", "eth1", "10.0.0.1")->metric = 7;
	expect(&scene, "eth0", "right none", "one of a higher metric has none");
	set_scene(&scene);
	add_route(&scene, 100, "0.0.0.0/0", "eth1", "");
	expect(&scene, "eth0", "right none", "nor has one without a router");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->gateway.family = 0;
	add_route(&scene, 100, "0.0.0.0/0", "eth1", "10.0.0.1");
	expect(&scene, "eth0", "unknown no-next-hop", "nor has any behind such a one");
}

/* eth2 with an address in eth0's network. */
static struct link *add_bystander(struct scene *scene)
{
	struct link *link = add_link(scene, "eth2");

	add_address(scene, "eth2", "192.168.2.77/24");
	return link;
}

static void test_segment(void)
{
	struct scene scene;

	set_scene(&scene);
	add_bystander(&scene);
	expect(&scene, "eth0", "right none", "another NIC of the network takes the packet, too");
	set_scene(&scene);
	add_bystander(&scene);
	set(&scene, "eth2", SYSCTL_RP_FILTER, 1);
	expect(&scene, "eth0", "right none", "its filter keeps it from answering ARP");
	set_scene(&scene);
	add_bystander(&scene);
	set(&scene, "eth2", SYSCTL_RP_FILTER, 1);
	/* The router's own address is behind eth2, all else is not. */
	add_route(&scene, 100, "192.168.2.1/32", "eth2", "");
	expect(&scene, "eth0", "lost arp-conflict", "it answers ARP and drops the packet");
	set_scene(&scene);
	add_bystander(&scene);
	set(&scene, "eth2", SYSCTL_RP_FILTER, 1);
	add_route(&scene, 100, "192.168.2.1/32", "eth2", "");
	scene.by = "eth0";
	expect(&scene, "eth0", "right none", "by DEVICE: not that which arrives by the right one");
	set_scene(&scene);
	add_bystander(&scene);
	set(&scene, "eth2", SYSCTL_RP_FILTER, 1);
	add_route(&scene, 100, "192.168.2.1/32", "eth2", "");
	set(&scene, "eth2", SYSCTL_ARP_IGNORE, 1);
	expect(&scene, "eth0", "right none", "with arp_ignore it does not answer");
	set_scene(&scene);
	add_bystander(&scene)->noarp = true;
	set(&scene, "eth2", SYSCTL_RP_FILTER, 1);
	add_route(&scene, 100, "192.168.2.1/32", "eth2", "");
	expect(&scene, "eth0", "right none", "nor does a device without ARP");
	set_scene(&scene);
	add_bystander(&scene);
	set(&scene, "eth0", SYSCTL_ARP_IGNORE, 8);
	judge(&scene, "eth0");
	ok(scene.verdict.reason == ARRIVES_BY_ARP && !strcmp(scene.verdict.arrival->name, "eth2"),
		"where the holder does not answer ARP it arrives by the one that does");
	clear_scene(&scene);
	set_scene(&scene);
	add_bystander(&scene);
	set(&scene, "eth2", SYSCTL_ARP_FILTER, 1);
	judge(&scene, "eth0");
	ok(scene.verdict.bystanders.n == 1 && !scene.verdict.bystanders.items[0].answers,
		"with arp_filter only the NIC by which the reply leaves answers");
	clear_scene(&scene);
}

static void test_arrival(void)
{
	struct scene scene;

	set_scene(&scene);
	add_link(&scene, "docker0");
	add_address(&scene, "docker0", "172.17.0.1/16");
	expect_from(&scene, "172.17.0.2", "eth0", "astray wrong-nic",
		"a container's network that only main knows");
	set_scene(&scene);
	add_link(&scene, "docker0");
	add_address(&scene, "docker0", "172.17.0.1/16");
	add_route(&scene, 100, "172.17.0.0/16", "docker0", "");
	expect_from(&scene, "172.17.0.2", "eth0", "right none", "and that the table knows as well");
	set_scene(&scene);
	add_link(&scene, "eth2");
	add_address(&scene, "eth2", "172.20.0.9/24");
	add_route(&scene, TABLE_MAIN, "203.0.113.0/24", "eth2", "172.20.0.1");
	expect_from(&scene, "203.0.113.5", "eth0", "astray wrong-nic",
		"a network behind a router may be reached by others, too");
	set_scene(&scene);
	add_link(&scene, "tun0")->tunnel = true;
	add_route(&scene, TABLE_MAIN, "128.0.0.0/1", "tun0", "");
	expect_from(&scene, "192.0.2.1", "eth0", "right none",
		"a VPN's half of all addresses is no network of its own");
	set_scene(&scene);
	scene.by = "eth1";
	expect(&scene, "eth0", "right none", "by DEVICE: the holder answers all the same");
	set_scene(&scene);
	scene.by = "eth1";
	set(&scene, "eth1", SYSCTL_RP_FILTER, 1);
	expect(&scene, "eth0", "lost filtered", "unless that one filters");
	set_scene(&scene);
	scene.by = "eth1";
	find_link(&scene, "eth1")->running = false;
	expect(&scene, "eth0", "lost no-carrier", "or has no carrier");
	set_scene(&scene);
	add_link(&scene, "dummy0")->noarp = true;
	add_address(&scene, "dummy0", "203.0.113.200/32");
	expect(&scene, "dummy0", "unknown arrival",
		"by which NIC a service address is asked nobody tells");
	set_scene(&scene);
	add_link(&scene, "ppp0")->noarp = true;
	find_link(&scene, "ppp0")->tunnel = true;
	add_address(&scene, "ppp0", "203.0.113.200/32");
	expect(&scene, "ppp0", "astray no-gateway", "a tunnel's address is asked by the tunnel");
}

static void test_unknown(void)
{
	struct answer by_eth1 = {.table = 101, .device = "eth1"};
	struct scene scene;
	struct rule *rule;

	set_scene(&scene);
	find_link(&scene, "eth0")->vrf = true;
	find_link(&scene, "eth0")->running = false;
	expect(&scene, "eth0", "unknown vrf", "what is in a VRF is not judged");
	set_scene(&scene);
	find_link(&scene, "eth1")->vrf = true;
	scene.by = "eth1";
	expect(&scene, "eth0", "unknown vrf", "nor is what arrives by one");
	set_scene(&scene);
	rule = add_rule(&scene, 50, "0.0.0.0/0", 101);
	rule->mark = rule->mask = 1;
	expect(&scene, "eth0", "unknown depends", "a mark may lead another way");
	set_scene(&scene);
	rule = add_rule(&scene, 50, "0.0.0.0/0", 101);
	rule->ip_protocol = 6;
	rule->dport.first = rule->dport.last = 22;
	expect(&scene, "eth0", "unknown depends", "so may a port");
	set_scene(&scene);
	add_rule(&scene, 50, "0.0.0.0/0", 101)->ip_protocol = 17;
	by_eth1.gateway = prefix_of("10.0.0.1");
	scene.leaves = &by_eth1;
	expect(&scene, "eth0", "unknown depends, the kernel differs",
		"though the kernel, which is asked of UDP, says so");
	set_scene(&scene);
	rule = add_rule(&scene, 50, "0.0.0.0/0", 100);
	rule->mark = rule->mask = 1;
	expect(&scene, "eth0", "right none", "but not if it leads the same way");
	set_scene(&scene);
	rule = add_rule(&scene, 50, "10.0.0.0/8", 101);
	rule->mark = rule->mask = 1;
	expect(&scene, "eth0", "right none", "nor if it is for other addresses");
	set_scene(&scene);
	scene.facts.firewall[false] = FIREWALL_LOADED;
	expect(&scene, "eth0", "unknown firewall", "a firewall may drop it");
	set_scene(&scene);
	scene.facts.firewall[false] = FIREWALL_UNKNOWN;
	expect(&scene, "eth0", "unknown firewall", "also one that only root sees");
	set_scene(&scene);
	scene.facts.firewall[true] = FIREWALL_LOADED;
	expect(&scene, "eth0", "right none", "not that of the other family");
	set_scene(&scene);
	scene.facts.firewall[false] = FIREWALL_LOADED;
	drop_rule(&scene, 100);
	expect(&scene, "eth0", "astray wrong-nic", "what is wrong without it is wrong with it");
}

/* The host's own traffic. */
static void expect_own(struct scene *scene, const char *want, const char *name)
{
	struct verdict own = {.holder = NULL};
	struct prefix remote = prefix_of(REMOTE);
	struct answer answers[2];
	size_t i;

	links_index(&scene->kernel.links);
	facts_index(&scene->facts);
	verdict_begin_own(&scene->facts, &remote, &own, &scene->questions);
	for (i = 0; i < 2; i++)
		answers[i] = kernel_says(scene, &scene->questions.items[i]);
	verdict_finish(&scene->facts, &own, answers);
	is(words_fault(own.fault), want, name);
	clear_scene(scene);
}

static void test_own(void)
{
	struct scene scene;

	set_scene(&scene);
	expect_own(&scene, "none", "the host's own traffic leaves by the winner");
	set_scene(&scene);
	find_link(&scene, "eth1")->running = false;
	expect_own(&scene, "reply-no-carrier", "whose cable may be out");
	set_scene(&scene);
	add_neighbour(&scene, "eth1", "10.0.0.1", NEIGHBOUR_FAILED);
	expect_own(&scene, "neighbour", "or its gateway dead");
	set_scene(&scene);
	drop_rule(&scene, TABLE_MAIN);
	drop_rule(&scene, TABLE_DEFAULT);
	expect_own(&scene, "no-route", "or there is none");
}

/* A table that no rule leads to is no way out. */
static void test_default_of_no_rule(void)
{
	struct scene scene;

	set_scene(&scene);
	add_link(&scene, "eth2");
	add_address(&scene, "eth2", "172.20.0.9/24");
	add_route(&scene, 77, "0.0.0.0/0", "eth2", "172.20.0.1");
	judge(&scene, "eth2");
	ok(!scene.verdict.has_gateway, "a default in a table that no rule leads to is no gateway");
	clear_scene(&scene);
}

int main(void)
{
	test_right();
	test_lost_on_arrival();
	test_reply();
	test_turns();
	test_segment();
	test_arrival();
	test_unknown();
	test_own();
	test_default_of_no_rule();
	return tap_done();
}
