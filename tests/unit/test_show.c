/* SPDX-License-Identifier: MIT
 * The uplinks in words: states, who carries the host's own traffic, the table and its fields.
 */
#include "judge/show.h"
#include "judged.h"

/* "STATE DEFAULT FILTER" of each uplink, commas between. */
static void expect(struct scene *scene, const char *want, const char *name)
{
	struct showns showns = {NULL, 0, 0};
	struct text got = {0};
	size_t i;

	links_index(&scene->kernel.links);
	facts_index(&scene->facts);
	show_collect(&scene->facts, NULL, &showns);
	for (i = 0; i < showns.n; i++)
		text_format(&got, "%s%s %s %s", i ? ", " : "", showns.items[i].state,
			showns.items[i].way, showns.items[i].filter);
	is(got.bytes, want, name);
	text_free(&got);
	free(showns.items);
	clear_scene(scene);
}

static void test_states(void)
{
	struct scene scene;

	set_scene(&scene);
	expect(&scene, "up standby off, up winner off", "served");
	set_scene(&scene);
	scene.plan.uplinks.items[0].state = STATE_DOWN;
	scene.plan.uplinks.items[1].state = STATE_BY_HAND;
	expect(&scene, "down standby off, by-hand winner off", "down, and by hand");
	set_scene(&scene);
	scene.plan.uplinks.items[0].state = STATE_REFUSED;
	scene.plan.uplinks.items[1].state = STATE_EDITED;
	expect(&scene, "refused standby off, waits winner off", "refused, and other addresses");
	set_scene(&scene);
	scene.plan.uplinks.items[0].edited = true;
	find_link(&scene, "eth1")->running = false;
	expect(&scene, "waits standby off, no-carrier winner off", "an edit, a cable");
	set_scene(&scene);
	add_neighbour(&scene, "eth0", "192.168.2.1", NEIGHBOUR_FAILED);
	add_neighbour(&scene, "eth1", "10.0.0.1", NEIGHBOUR_INCOMPLETE);
	expect(&scene, "dead standby off, dead winner off", "a dead gateway, one that is asked in vain");
	set_scene(&scene);
	array_add(&scene.ops)->rule = &scene.plan.rules.items[0];
	scene.ops.items[0].kind = OP_RULE_ADD;
	array_add(&scene.ops)->route = find_route(&scene, 101, "0.0.0.0/0");
	expect(&scene, "not-applied standby off, not-applied winner off",
		"without its rule or its default route it is not served");
	set_scene(&scene);
	array_add(&scene.ops)->route = find_route(&scene, TABLE_MAIN, "10.0.0.0/8");
	expect(&scene, "up standby off, up winner off", "what else is missing makes no difference");
}

static void test_default(void)
{
	struct scene scene;
	struct route *route;

	set_scene(&scene);
	drop_rule(&scene, TABLE_MAIN);
	expect(&scene, "up winner off, up standby off",
		"where main has none the standby of the lowest metric carries it");
	set_scene(&scene);
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->type = ROUTE_UNICAST;
	strcpy(find_route(&scene, TABLE_MAIN, "0.0.0.0/0")->device, "tun0");
	expect(&scene, "up standby 1 off, up standby 2 off", "behind a VPN both wait, in turn");
	set_scene(&scene);
	route = find_route(&scene, TABLE_MAIN, "0.0.0.0/0");
	route->hops = mem_resize(NULL, 2 * sizeof(*route->hops));
	route->hops[1] = route_hop(route, 0);
	route->hops[0] = route_hop(find_route(&scene, 100, "0.0.0.0/0"), 0);
	route->n = 2;
	expect(&scene, "up shares off, up shares off", "several next hops share it");
	set_scene(&scene);
	scene.kernel.routes.items[0].type = ROUTE_LOCAL;
	find_route(&scene, TABLE_DEFAULT, "0.0.0.0/0")->table = 7;
	expect(&scene, "up - off, up winner off", "one without a standby has no part in it");
}

static void test_filter(void)
{
	struct scene scene;

	set_scene(&scene);
	set(&scene, "all", SYSCTL_RP_FILTER, 1);
	set(&scene, "eth1", SYSCTL_RP_FILTER, 2);
	expect(&scene, "up standby strict, up winner loose", "the larger of two values");
	set_scene(&scene);
	set(&scene, "all", SYSCTL_RP_FILTER, 0);
	set(&scene, "eth1", SYSCTL_RP_FILTER, 1);
	scene.facts.filter_needs_both = true;
	expect(&scene, "up standby off, up winner off", "before 2.6.31 both have to be set");
}

static void test_table(void)
{
	struct scene scene;
	struct uplink *uplink;
	struct showns showns = {NULL, 0, 0}, one = {NULL, 0, 0};
	struct text out = {0};
	char address[32];
	int i;

	set_scene(&scene);
	uplink = &scene.config.uplinks.items[0];
	for (i = 1; i <= 4; i++) {
		snprintf(address, sizeof(address), "192.168.2.%d/24", i);
		*array_add(&uplink->addresses) = prefix_of(address);
	}
	links_index(&scene.kernel.links);
	facts_index(&scene.facts);
	show_collect(&scene.facts, NULL, &showns);
	show_collect(&scene.facts, "eth0", &one);
	ok(one.n == 1 && !strcmp(one.items[0].device, "eth0"), "one device alone");
	show_table(&scene.facts, &showns, false, false, &out);
	ok(strstr(out.bytes, "\n        192.168.2.2/24\n        and 2 more\n") != NULL,
		"of five addresses three are shown");
	out.n = 0;
	show_table(&scene.facts, &one, true, false, &out);
	ok(strstr(out.bytes, "192.168.2.4/24") && !strstr(out.bytes, "leaves by"),
		"of one device all are, and nothing on the host's own traffic");
	out.n = 0;
	show_table(&scene.facts, &one, false, false, &out);
	ok(strstr(out.bytes,
		   "\nThe host's own traffic leaves by eth1: default via 10.0.0.1 dev eth1\n") !=
			NULL,
		"if none of those listed carries it, it is said what does");
	out.n = 0;
	show_porcelain(&showns, &out);
	is(strchr(out.bytes, '\n') + 1, "eth1\t10.0.0.99/8\t10.0.0.1\t101\tup\twinner\toff\n",
		"for programs: fields with tabs between");
	out.n = 0;
	show_table(&scene.facts, &showns, false, true, &out);
	ok(strstr(out.bytes, "\033[32mup\033[0m") && strstr(out.bytes, "\033[1mwinner\033[0m"),
		"colors, where they are wanted");
	free(showns.items);
	free(one.items);
	text_free(&out);
	clear_scene(&scene);
}

/* rp_filter takes any number (proc_dointvec); fib_validate_source is strict for 1 alone. */
static void test_odd_filter(void)
{
	struct scene scene;

	set_scene(&scene);
	set(&scene, "eth0", SYSCTL_RP_FILTER, 3);
	expect(&scene, "up standby loose, up winner off", "3 is as loose as 2");
	set_scene(&scene);
	set(&scene, "all", SYSCTL_RP_FILTER, -1);
	set(&scene, "eth0", SYSCTL_RP_FILTER, -1);
	set(&scene, "eth1", SYSCTL_RP_FILTER, 0);
	expect(&scene, "up standby loose, up winner off", "and so is -1");
}

int main(void)
{
	test_states();
	test_default();
	test_filter();
	test_table();
	test_odd_filter();
	return tap_done();
}
