/* SPDX-License-Identifier: MIT
 * What check finds: each kind once, as a fault or as a note, and nothing where all is well.
 */
#include "judge/check.h"
#include "judge/harm.h"
#include "judged.h"

/* "wrong KIND DEVICE, note KIND DEVICE": all that is found, and each with a cure in *cure. */
static void find(struct scene *scene, const char *want, const char *cure, const char *name)
{
	struct check check = {.verdicts = {NULL, 0, 0}};
	struct findings findings = {.n = 0};
	struct answer answers[16];
	struct text got = {0}, line = {0};
	const struct finding *finding;
	bool cured = !cure;
	char *harm;
	size_t i;

	for (i = 0; i < HOOKS; i++)
		if (scene->hooks[i].state == HOOK_MISSING && *scene->hooks[i].path == '/')
			scene->hooks[i].state = HOOK_CALLS;
	links_index(&scene->kernel.links);
	facts_index(&scene->facts);
	scene->facts.harm = harm = harm_find(&scene->facts);
	check_begin(&scene->facts, &check);
	for (i = 0; i < check.questions.n && i < 16; i++)
		answers[i] = kernel_says(scene, &check.questions.items[i]);
	check_finish(&scene->facts, &check, answers, &findings);
	text_add_string(&got, "");
	for (i = 0; i < findings.n; i++) {
		finding = &findings.items[i];
		text_format(&got, "%s%s %s %s", i ? ", " : "", finding->wrong ? "wrong" : "note",
			finding_name(finding->kind), *finding->device ? finding->device : "-");
		cured |= cure && !strcmp(finding->cure, cure);
		finding_format(finding, 80, &line);
	}
	is(got.bytes, want, name);
	ok(cured, "%s: the cure is %s", name, cure ? cure : "of no account");
	if (!cured)
		printf("# %s\n", line.bytes);
	free(harm);
	text_free(&got);
	text_free(&line);
	findings_free(&findings);
	check_free(&check);
	clear_scene(scene);
}

static void test_addresses(void)
{
	struct scene scene;
	struct rule *rule;

	set_scene(&scene);
	find(&scene, "", NULL, "nothing where all is well");
	set_scene(&scene);
	find_link(&scene, "eth0")->running = false;
	find(&scene, "wrong no-carrier eth0", "see the cable of eth0, and what is at its other end",
		"a cable is out");
	set_scene(&scene);
	find_link(&scene, "eth0")->noarp = true;
	find(&scene, "wrong arp eth0",
		"run ip link set eth0 arp on && ip neigh flush dev eth0 nud noarp",
		"a NIC with a gateway and without ARP");
	set_scene(&scene);
	find_link(&scene, "eth1")->noarp = true;
	find(&scene, "wrong arp eth1, wrong offline -",
		"run ip link set eth1 arp on && ip neigh flush dev eth1 nud noarp",
		"so is the host's own way out");
	set_scene(&scene);
	add_link(&scene, "dummy0")->noarp = true;
	add_address(&scene, "dummy0", "192.0.2.7/32");
	find(&scene, "", NULL, "a dummy is to have none");
	set_scene(&scene);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 1);
	add_rule(&scene, 50, "192.168.2.99/32", 101);
	find(&scene, "wrong dropped eth0",
		"see the rule from 192.168.2.99 lookup 101 priority 50, which somebody made",
		"the filter drops");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 0)->action = ACTION_PROHIBIT;
	find(&scene, "wrong no-way-back eth0", NULL, "a rule refuses");
	set_scene(&scene);
	add_hop(find_route(&scene, 100, "0.0.0.0/0"), "eth1", "10.0.0.1");
	find_route(&scene, 100, "0.0.0.0/0")->protocol = 0;
	add_neighbour(&scene, "eth1", "10.0.0.1", NEIGHBOUR_FAILED);
	scene.facts.asks_neighbours = true;
	find(&scene, "wrong neighbour eth1, wrong offline -", NULL,
		"with fib_multipath_use_neigh no reply goes by the next hop that does not answer");
	set_scene(&scene);
	add_rule(&scene, 50, "10.0.0.99/32", 0)->action = ACTION_PROHIBIT;
	find(&scene, "wrong no-way-back eth1, wrong offline -",
		"see the rule from 10.0.0.99 prohibit priority 50, which somebody made",
		"one refuses the winner's address, and so what the host sends itself");
	set_scene(&scene);
	drop_rule(&scene, 100);
	find(&scene, "wrong wrong-nic eth0", NULL, "the reply leaves by another NIC");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->gateway = prefix_of("192.168.2.7");
	find(&scene, "wrong wrong-gateway eth0", NULL,
		"through another gateway, by a route of ours");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->gateway = prefix_of("192.168.2.7");
	find_route(&scene, 100, "0.0.0.0/0")->protocol = 0;
	find(&scene, "note wrong-gateway eth0", NULL, "a routing daemon's choice is a note");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->gateway = prefix_of("192.168.2.7");
	*array_add(&scene.plan.his) = *find_route(&scene, 100, "0.0.0.0/0");
	index_build(&scene.plan.his, routes_by_key, &scene.plan.his_by_key);
	find(&scene, "note wrong-gateway eth0",
		"see the route default via 192.168.2.7 dev eth0 of table 100",
		"and one that the administrator's own line keeps, whatever it looks like");
	set_scene(&scene);
	add_hop(find_route(&scene, 100, "0.0.0.0/0"), "eth0", "192.168.2.7");
	find_route(&scene, 100, "0.0.0.0/0")->protocol = 0;
	find(&scene, "note wrong-gateway eth0", NULL, "as is one of several next hops, by turns");
	set_scene(&scene);
	add_neighbour(&scene, "eth0", "192.168.2.1", NEIGHBOUR_FAILED);
	find(&scene, "wrong neighbour eth0", NULL, "a gateway is dead");
	set_scene(&scene);
	find_link(&scene, "eth0")->vrf = true;
	find(&scene, "note vrf eth0", NULL, "a NIC is in a VRF");
	set_scene(&scene);
	rule = add_rule(&scene, 50, "10.0.0.0/8", 100);
	rule->mark = rule->mask = 1;
	find(&scene, "note depends eth1, note table-shared eth0", NULL, "a mark decides");
	set_scene(&scene);
	add_link(&scene, "eth2");
	add_address(&scene, "eth2", "192.168.2.77/24");
	find(&scene, "wrong arp eth2, note arp eth0", NULL,
		"two NICs of a network answer ARP for each other");
}

static void test_host(void)
{
	struct scene scene;

	set_scene(&scene);
	find_link(&scene, "eth1")->running = false;
	find(&scene, "wrong no-carrier eth1, wrong offline -",
		"see the cable of eth1, and what is at its other end", "the winner's cable is out");
	set_scene(&scene);
	find_link(&scene, "eth0")->running = false;
	add_hop(find_route(&scene, TABLE_MAIN, "0.0.0.0/0"), "eth0", "192.168.2.1");
	find(&scene, "wrong no-carrier eth0, wrong offline -",
		"see the cable of eth0, and what is at its other end", "that of one of two next hops");
	set_scene(&scene);
	find_route(&scene, TABLE_MAIN, "0.0.0.0/0")->type = ROUTE_BLACKHOLE;
	find(&scene, "wrong offline -", "see the route blackhole default of table main",
		"its default refuses");
	set_scene(&scene);
	drop_rule(&scene, TABLE_MAIN);
	drop_rule(&scene, TABLE_DEFAULT);
	find(&scene, "wrong offline -", NULL, "the host has no default route");
	set_scene(&scene);
	scene.facts.firewall[true] = FIREWALL_LOADED;
	find(&scene, "note firewall -", "", "firewall rules are there");
	set_scene(&scene);
	add_route(&scene, TABLE_MAIN, "0.0.0.0/0", "eth0", "192.168.2.1");
	find(&scene, "wrong two-defaults -",
		"see ip route show default, and METRIC= and DEFROUTE= in the ifcfg files",
		"two defaults of one metric");
	set_scene(&scene);
	add_route(&scene, TABLE_MAIN, "0.0.0.0/0", "eth0", "192.168.2.1")->metric = 5;
	find(&scene, "", NULL, "of two metrics they do not alternate");
	set_scene(&scene);
	add_route(&scene, TABLE_MAIN, "0.0.0.0/0", "", "")->type = ROUTE_UNREACHABLE;
	find(&scene, "", NULL, "nor with one that refuses");
	set_scene(&scene);
	scene.hooks[HOOK_UP].state = HOOK_NOT_EXECUTABLE;
	find(&scene, "wrong hook -", "run chmod +x /sbin/hook", "a hook is not executable");
	set_scene(&scene);
	scene.hooks[HOOK_DHCP].state = HOOK_SILENT;
	find(&scene, "", NULL, "dhclient's does not count without a lease");
	set_scene(&scene);
	scene.hooks[HOOK_DHCP].state = HOOK_SILENT;
	scene.config.uplinks.items[1].leased = true;
	find(&scene, "wrong dhcp-hook eth1", "add to /sbin/hook: . /usr/lib/hook",
		"with one it does");
	set_scene(&scene);
	scene.hooks[HOOK_NETWORK_MANAGER].state = HOOK_SILENT;
	scene.config.uplinks.items[0].network_manager = true;
	find(&scene, "wrong network-manager eth0", NULL, "NetworkManager's, for a NIC of its own");
}

/* Uplinks that are refused have no table, nor has a rule for VRFs. */
static void test_no_table(void)
{
	struct scene scene;
	struct rule *rule;

	set_scene(&scene);
	rule = add_rule(&scene, 900, "0.0.0.0/0", 0);
	rule->l3mdev = 1;
	strcpy(rule->iif, "vrf9");
	scene.plan.uplinks.items[0].state = STATE_REFUSED;
	scene.plan.uplinks.items[0].table = 0;
	find(&scene, "note stale-rule -", NULL, "a rule without a table is no uplink's");
}

static void test_rules(void)
{
	struct scene scene;
	struct rule *rule;
	unsigned i;

	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->table = 7;
	find(&scene, "wrong wrong-nic eth0, wrong empty-table eth0", NULL,
		"our rule leads to an empty table");
	set_scene(&scene);
	find_route(&scene, 100, "0.0.0.0/0")->dst = prefix_of("172.16.0.0/12");
	find(&scene, "wrong wrong-nic eth0, wrong no-default eth0", NULL,
		"or to one without a default");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 7);
	find(&scene, "note empty-table eth0", "", "a foreign one that does no harm is a note");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 7);
	add_rule(&scene, 51, "192.168.2.99/32", 7);
	add_route(&scene, 7, "0.0.0.0/0", "eth0", "192.168.2.1");
	rule = add_rule(&scene, 40, "0.0.0.0/0", 0);
	rule->action = ACTION_GOTO;
	rule->target = 51;
	strcpy(rule->iif, "eth1");
	find(&scene, "", NULL, "a goto may lead to the second");
	set_scene(&scene);
	add_rule(&scene, 50, "192.168.2.99/32", 7);
	add_rule(&scene, 51, "192.168.2.99/32", 7);
	add_route(&scene, 7, "0.0.0.0/0", "eth0", "192.168.2.1");
	find(&scene, "wrong duplicate-rule -",
		"run ip rule del from 192.168.2.99 lookup 7 priority 51", "a rule is there twice");
	set_scene(&scene);
	for (i = 0; i < 2; i++) {
		rule = add_rule(&scene, 50 + i, "192.168.2.99/32", 101);
		rule->unknown_len = 4;
		rule->unknown = (unsigned char *)mem_copy("mark", 4);
	}
	find(&scene, "note depends eth0", NULL, "not one with selectors that nobody knows");
	set_scene(&scene);
	rule = add_rule(&scene, 10001, "192.168.2.0/24", 100);
	strcpy(rule->iif, "lo");
	rule = add_rule(&scene, 10001, "192.168.2.0/24", 100);
	strcpy(rule->iif, "lo");
	find(&scene, "wrong duplicate-rule eth0", "run multihome sync",
		"one of ours three times, as old kernels take it, is for one sync");
	set_scene(&scene);
	add_rule(&scene, 50, "203.0.113.5/32", 7);
	find(&scene, "note stale-rule -", "", "a foreign rule for an address that is gone");
	set_scene(&scene);
	rule = add_rule(&scene, 50, "203.0.113.5/32", 100);
	*array_add(&scene.plan.owned) = *rule;
	find(&scene, "wrong stale-rule eth0", "run multihome sync", "one of ours");
	set_scene(&scene);
	strcpy(add_rule(&scene, 50, "0.0.0.0/0", 7)->iif, "br9");
	find(&scene, "note stale-rule -", "", "and one for a bridge that is absent");
	set_scene(&scene);
	scene.facts.forwards[false] = true;
	add_rule(&scene, 50, "203.0.113.0/24", 101);
	find(&scene, "note table-shared eth1",
		"see what else table 101 is for, and TABLE= in ifcfg-eth1",
		"a router's rules are for others, and the table is shared");
	set_scene(&scene);
	add_address(&scene, "eth1", "203.0.113.5/32");
	add_rule(&scene, 50, "203.0.113.5/32", 101);
	find(&scene, "", NULL, "a service address is led by its uplink's table");
}

/* A line of route-eth1. */
static void add_line(struct scene *scene, const char *line)
{
	struct file *file = array_add(&scene->sources.managed);

	file->name = mem_string("route-eth1");
	file->path = mem_string("/etc/route-eth1");
	file->bytes = mem_string(line);
	file->len = strlen(line);
}

/* Lines that ip or the kernel refuses are no matter of ifup-routes. */
static void test_refused_lines(void)
{
	static const struct {
		const char *line, *cure;
	} of[] = {
		{"203.0.113.0/24 via 172.16.9.9", "no NIC's network has the gateway 172.16.9.9"},
		{"203.0.113.0/24 via 10.0.0.7 # office", "ip knows no #"},
		{"203.0.113.0/24 via 10.0.0.7 foo", "ip knows no foo"},
		{"203.0.113.0/24 via 10.0.0.7 mtu x", "x is no number for mtu"},
		{"203.0.113.0/24 via 10.0.0.7 mtu", "ip wants a word behind mtu"},
		{"203.0.113.0/24 via 10.0.0.7 src 1.2.3.4", "1.2.3.4 is no address of the host"},
		{"203.0.113.0/24 via 10.0.0.7\r", "it ends in a carriage return"},
		{"203.0.113.5/24 via 10.0.0.7", "203.0.113.5/24 has host bits"},
		{"203.0.113.0/24 via 10.0.0.7 table none", "rt_tables names no table none"},
	};
	static const char *const good[] = {"203.0.113.0/24 via 10.0.0.7 src 10.0.0.99 mtu lock 1400",
		"to 203.0.113.0/24 nexthop via 10.0.0.7 weight 2 nexthop via 192.168.2.7",
		"203.0.113.0/24 via 172.16.9.9 dev eth1 onlink",
		"203.0.113.0/24 \\\nvia 10.0.0.7 proto static scope global initcwnd 10",
		"ADDRESS0=203.0.113.0\nNETMASK0=255.255.255.0\nGATEWAY0=10.0.0.7\nfoo"};
	struct scene scene;
	char *cure;
	size_t i;

	for (i = 0; i < sizeof(of) / sizeof(*of); i++) {
		cure = mem_format("see route-eth1:1: %s", of[i].cure);
		set_scene(&scene);
		add_line(&scene, of[i].line);
		find(&scene, "wrong route-lost eth1", cure, of[i].line);
		free(cure);
	}
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cure = strpbrk(good[i], "\\=")
			? mem_string("run /etc/sysconfig/network-scripts/ifup-routes eth1")
			: mem_format("run ip route add %s", good[i]);
		set_scene(&scene);
		add_line(&scene, good[i]);
		find(&scene, "wrong route-lost eth1", cure, good[i]);
		free(cure);
	}
	set_scene(&scene);
	add_line(&scene, "172.16.9.9 dev eth1\n203.0.113.0/24 via 172.16.9.9");
	find(&scene, "wrong route-lost eth1",
		"run ip route add 172.16.9.9 dev eth1 && ip route add 203.0.113.0/24 via 172.16.9.9",
		"two lines, in their order");
	set_scene(&scene);
	add_line(&scene, "# a comment\n\n203.0.113.0/24 via inet 10.0.0.7 dev eth1 metric 0x5");
	find(&scene, "wrong route-lost eth1",
		"run ip route add 203.0.113.0/24 via inet 10.0.0.7 dev eth1 metric 0x5",
		"a line behind a comment");
	set_scene(&scene);
	add_line(&scene, "203.0.113.0/24 via 10.0.0.7\nx\n");
	find(&scene, "wrong route-lost eth1, wrong route-lost eth1",
		"run ip route add 203.0.113.0/24 via 10.0.0.7",
		"what can come back is told apart from what cannot");
}

static void test_files(void)
{
	struct scene scene;
	struct route route;
	size_t i;

	set_scene(&scene);
	diag_refuse(&scene.diags, "/etc/ifcfg-eth0", 3, "TABLE=x");
	find(&scene, "wrong refused eth0", "see that line; then run multihome sync", "a refusal");
	set_scene(&scene);
	diag_misspelt(&scene.diags, "/etc/ifcfg-eth1", 3, "GATWAY is not read");
	find(&scene, "wrong key eth1", "see that line; then run multihome sync", "a misspelt key");
	set_scene(&scene);
	diag_fail(&scene.diags, "/etc/ifcfg-eth1", 0, "cannot be read");
	find(&scene, "wrong refused eth1", "see the file: root may be able to read it",
		"a file that cannot be read");
	set_scene(&scene);
	diag_refuse(&scene.diags, "/etc/ifcfg-eth1", 1, "lines end; run: mend it");
	find(&scene, "wrong refused eth1", "run mend it && multihome sync", "a command in a message");
	set_scene(&scene);
	diag_notice(&scene.diags, "eth1", 0, "left alone");
	find(&scene, "note notice eth1", "", "a notice");
	set_scene(&scene);
	array_add(&scene.sources.settings)->path = mem_string("/etc/sysctl.conf");
	diag_notice(&scene.diags, "/etc/sysctl.conf", 3, "rp_filter");
	find(&scene, "wrong sysctl-conf -", "remove that line and run multihome sync",
		"a line of sysctl.conf");
	set_scene(&scene);
	add_line(&scene, "203.0.113.0/24 via 10.0.0.7 dev eth1\n172.16.0.0/12 via 10.0.0.7\n");
	find(&scene, "wrong route-lost eth1",
		"run ip route add 203.0.113.0/24 via 10.0.0.7 dev eth1 && "
		"ip route add 172.16.0.0/12 via 10.0.0.7",
		"routes of a file that are not there are one finding");
	set_scene(&scene);
	add_line(&scene, "203.0.113.0/24 via 10.0.0.7 dev eth1\n");
	add_route(&scene, TABLE_MAIN, "203.0.113.0/24", "eth1", "10.0.0.7");
	find(&scene, "", NULL, "one that is there is none");
	set_scene(&scene);
	add_line(&scene, "203.0.113.0/24 via 10.0.0.7 dev eth1\n");
	find_link(&scene, "eth1")->up = false;
	find(&scene, "", NULL, "nor is one of a device that is down");
	set_scene(&scene);
	add_line(&scene, "local 198.51.100.0/24 dev lo\nbroadcast 203.0.113.255 dev eth1\n");
	add_route(&scene, TABLE_LOCAL, "198.51.100.0/24", "lo", "")->type = ROUTE_LOCAL;
	add_route(&scene, TABLE_LOCAL, "203.0.113.255", "eth1", "")->type = ROUTE_BROADCAST;
	find(&scene, "", NULL, "nor one that ip puts into table local");

	set_scene(&scene);
	scene.plan.uplinks.items[0].state = STATE_EDITED;
	find(&scene, "wrong edited eth0", "run ifdown eth0 && ifup eth0", "other addresses");
	set_scene(&scene);
	scene.plan.uplinks.items[0].edited = true;
	find(&scene, "note waits eth0", "run ifdown eth0 && ifup eth0",
		"an edit that needs an ifup");
	set_scene(&scene);
	scene.plan.uplinks.items[0].state = STATE_DOWN;
	find(&scene, "note down eth0", "run ifup eth0", "an uplink that is down");
	set_scene(&scene);
	scene.plan.uplinks.items[0].state = STATE_DOWN;
	free(scene.sources.ifcfg.items[0].bytes);
	scene.sources.ifcfg.items[0].bytes = mem_string("ONBOOT=no\n");
	scene.sources.ifcfg.items[0].len = strlen("ONBOOT=no\n");
	find(&scene, "", NULL, "not one that is meant to be");
	set_scene(&scene);
	array_add(&scene.plan.changes)->name = mem_string("rule-eth1");
	scene.plan.changes.items[0].path = mem_string("/etc/rule-eth1");
	find(&scene, "wrong files eth1", "run multihome sync", "a block that is missing");
	set_scene(&scene);
	array_add(&scene.ops)->rule = &scene.plan.rules.items[1];
	scene.ops.items[0].kind = OP_RULE_ADD;
	find(&scene, "wrong kernel eth1", "run multihome sync", "a rule that is missing");
	set_scene(&scene);
	for (i = 0; scene.kernel.rules.items[i].table != 100; i++)
		;
	array_add(&scene.ops)->rule = &scene.kernel.rules.items[i];
	scene.ops.items[0].kind = OP_RULE_DELETE;
	find(&scene, "wrong kernel eth0",
		"see the replies from 192.168.2.99 (eth0), which multihome sync would lead by "
		"default via 10.0.0.1 dev eth1 of table main",
		"sync is no cure where a right reply would go astray");
	set_scene(&scene);
	route = *find_route(&scene, 100, "0.0.0.0/0");
	route.dst = prefix_of("203.0.113.0/24");
	route.type = ROUTE_THROW;
	array_add(&scene.ops)->route = &route;
	scene.ops.items[0].kind = OP_ROUTE_ADD;
	find(&scene, "wrong kernel eth0",
		"see the replies from 192.168.2.99 (eth0), which multihome sync would lead by "
		"default via 10.0.0.1 dev eth1 of table main",
		"whichever network is behind it");
	set_scene(&scene);
	find_route(&scene, TABLE_MAIN, "192.168.2.0/24")->device[0] = '\0';
	find(&scene, "wrong route-lost eth0",
		"run ip route add 192.168.2.0/24 dev eth0 proto kernel scope link src 192.168.2.99",
		"the route to a NIC's own network");
	set_scene(&scene);
	scene.config.uplinks.items[0].addresses.items[0].len = 16;
	find(&scene, "wrong edited eth0", "run ifdown eth0 && ifup eth0",
		"an address of another length than in its file");
	set_scene(&scene);
	set(&scene, "eth1", SYSCTL_ARP_ANNOUNCE, 0);
	sysctl_add("eth1", SYSCTL_ARP_ANNOUNCE, 2, &scene.writes);
	find(&scene, "wrong setting eth1", "run multihome sync", "a setting");
}

/* eth0's file has an address alone. */
static void test_no_gateway(void)
{
	struct scene scene;

	set_scene(&scene);
	drop_rule(&scene, 100);
	scene.plan.uplinks.n = 0;
	*array_add(&scene.plan.uplinks) =
		(struct planned){.uplink = &scene.config.uplinks.items[1], .table = 101};
	strcpy(scene.config.uplinks.items[0].device, "eth9");
	find_route(&scene, 100, "0.0.0.0/0")->type = ROUTE_THROW;
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_THROW;
	find(&scene, "note no-gateway eth0",
		"see ifcfg-eth0: GATEWAY= is missing, or MULTIHOME=no says that none is meant",
		"a NIC without a gateway is named");
}

/* IPv4's addresses come first, then IPv6's. */
static void test_summary(void)
{
	struct check check = {.verdicts = {NULL, 0, 0}};
	struct findings findings = {.n = 0};
	struct answer answers[16];
	struct text words = {0};
	struct scene scene;
	size_t i;

	set_scene(&scene);
	scene.hooks[HOOK_UP].state = HOOK_CALLS;
	add_address(&scene, "eth0", "192.168.2.98/24");
	add_address(&scene, "eth1", "10.0.0.98/8");
	add_address(&scene, "eth0", "192.168.2.97/24");
	links_index(&scene.kernel.links);
	facts_index(&scene.facts);
	check_begin(&scene.facts, &check);
	for (i = 0; i < check.questions.n; i++)
		answers[i] = kernel_says(&scene, &check.questions.items[i]);
	check_finish(&scene.facts, &check, answers, &findings);
	check_summary(&scene.facts, &check, &words);
	is(words.bytes, "5 addresses of 2 NICs answer by their own NIC",
		"each NIC counts once, wherever its addresses stand");
	text_free(&words);
	findings_free(&findings);
	check_free(&check);
	clear_scene(&scene);
}

/* ifup-routes cannot bring what the kernel refuses. */
static void test_route6_without_inet6(void)
{
	struct scene scene;

	set_scene(&scene);
	add_line(&scene, "2001:db8:55::/48 via 2001:db8:10::5\n");
	free(scene.sources.managed.items[0].name);
	scene.sources.managed.items[0].name = mem_string("route6-eth1");
	find_link(&scene, "eth1")->inet6 = false;
	find(&scene, "", NULL, "no route of IPv6 is missed where IPv6 is off");
}

int main(void)
{
	test_summary();
	test_addresses();
	test_host();
	test_rules();
	test_no_table();
	test_files();
	test_refused_lines();
	test_no_gateway();
	test_route6_without_inet6();
	return tap_done();
}
