/* SPDX-License-Identifier: MIT
 * The kernel's choice of a route, retraced: which rule decides, and why the others do not.
 */
#include <sys/socket.h>

#include "tap.h"
#include "net/walk.h"

static struct kernel kernel;
static bool forwarding6;
static struct question question;

static struct prefix prefix_of(const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	struct prefix prefix = {0};

	if (prefix_parse(text, family, &prefix))
		printf("# '%s' is no prefix\n", text);
	return prefix;
}

/* From 192.168.2.99 to 192.0.2.1. */
static void reset(void)
{
	kernel_free(&kernel);
	forwarding6 = false;
	memset(&question, 0, sizeof(question));
	question.from = prefix_of("192.168.2.99");
	question.to = prefix_of("192.0.2.1");
}

static struct rule *rule(unsigned priority, const char *from, unsigned table)
{
	struct rule *added = array_add(&kernel.rules);

	added->priority = priority;
	added->from = prefix_of(from);
	added->table = table;
	return added;
}

static void add_hop(struct route *added, const char *gateway, const char *device)
{
	struct hop *hop;

	added->hops = mem_resize(added->hops, (added->n + 1) * sizeof(*added->hops));
	hop = &added->hops[added->n++];
	memset(hop, 0, sizeof(*hop));
	hop->gateway = prefix_of(gateway);
	strcpy(hop->device, device);
}

static struct route *route(unsigned table, const char *dst, const char *gateway, const char *device)
{
	struct route *added = array_add(&kernel.routes);

	added->table = table;
	added->dst = prefix_of(dst);
	strcpy(added->device, device);
	if (*gateway)
		added->gateway = prefix_of(gateway);
	return added;
}

static void router(const char *address, const char *device, unsigned short state)
{
	struct neighbour *neighbour = array_add(&kernel.neighbours);

	neighbour->address = prefix_of(address);
	strcpy(neighbour->device, device);
	neighbour->state = state;
}

/* "0 no route, 10001 eth0": the rules that were tried, and what became of each. */
static void expect(const char *want, const char *name)
{
	static const char *const ends[] = {"iif", "oif", "mark", "own mark", "other", "vrf", "from", "to",
		"tos", "not", "nop", "goto", "nowhere", "empty", "no route", "throw", "suppressed",
		"?", "refused"};
	struct steps steps = {.n = 0};
	struct walks arranged = {.forwarding6 = forwarding6};
	struct walked walked, quick;
	struct text text = {0};
	const struct step *step;
	size_t i;

	walks_build(&kernel, &arranged);
	walked = walk(&arranged, &question, &steps);
	quick = walk(&arranged, &question, NULL);
	ok(walked.last.rule == quick.last.rule && walked.last.route == quick.last.route &&
			walked.last.end == quick.last.end && walked.lapsed.rule == quick.lapsed.rule &&
			walked.depends.rule == quick.depends.rule && walked.jump == quick.jump,
		"%s: told or not, it ends alike", name);
	text_add_string(&text, "");
	for (i = 0; i < steps.n; i++) {
		step = &steps.items[i];
		text_format(&text, "%s%u %s", i ? ", " : "", step->rule->priority,
			step->end != STEP_ROUTE ? ends[step->end]
				: step->device	? step->device
						: "unknown");
	}
	is(text.bytes, want, name);
	text_free(&text);
	free(steps.items);
	walks_free(&arranged);
	reset();
}

static void test_selectors(void)
{
	strcpy(rule(1, "0.0.0.0/0", 7)->iif, "eth0");
	strcpy(rule(2, "0.0.0.0/0", 7)->oif, "eth0");
	rule(3, "0.0.0.0/0", 7)->mark = 1;
	kernel.rules.items[2].mask = 3;
	rule(4, "0.0.0.0/0", 7)->ifgroup = 1;
	rule(5, "0.0.0.0/0", 7)->l3mdev = true;
	rule(6, "10.0.0.0/8", 7);
	rule(7, "0.0.0.0/0", 7)->to = prefix_of("10.0.0.0/8");
	rule(8, "0.0.0.0/0", 7)->tos = 0x10;
	rule(9, "192.168.2.0/24", 7)->inverted = true;
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	expect("1 iif, 2 oif, 3 mark, 4 other, 5 vrf, 6 from, 7 to, 8 tos, 9 not",
		"a rule is passed over for its first selector that is not met");
	strcpy(rule(1, "192.168.2.0/24", 7)->iif, "lo");
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	expect("1 eth0", "what the host sends counts as from lo");
	strcpy(rule(1, "192.168.2.0/24", 7)->iif, "lo");
	strcpy(question.iif, "eth0");
	expect("1 iif", "what it forwards does not");
	rule(1, "10.0.0.0/8", 7)->inverted = true;
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	expect("1 eth0", "a rule that says not is met by the others");
	rule(1, "0.0.0.0/0", 7)->mask = 0xff;
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	expect("1 eth0", "a packet without a mark meets a rule for mark 0");
	rule(1, "2001:db8::/32", 7);
	rule(2, "0.0.0.0/0", 7);
	expect("2 empty", "rules of the other family are not there");
	rule(1, "192.168.0.0/16", 7);
	rule(2, "0.0.0.0/0", 8);
	rule(3, "192.168.2.99/24", 9);
	rule(4, "192.168.2.0/24", 10);
	rule(5, "192.168.2.98", 10);
	rule(6, "192.168.0.0/16", 11);
	rule(7, "192.168.2.99", 7);
	expect("1 empty, 2 empty, 3 empty, 4 empty, 5 from, 6 empty, 7 empty",
		"rules of many sources are met in their order");
}

static void test_actions(void)
{
	rule(1, "0.0.0.0/0", 7)->action = ACTION_NOP;
	rule(2, "0.0.0.0/0", 7)->action = ACTION_GOTO;
	kernel.rules.items[1].target = 5;
	rule(3, "0.0.0.0/0", 7)->action = ACTION_BLACKHOLE;
	rule(5, "10.0.0.0/8", 7);
	rule(5, "0.0.0.0/0", 7)->action = ACTION_GOTO;
	kernel.rules.items[4].target = 6;
	rule(7, "0.0.0.0/0", 7)->action = ACTION_PROHIBIT;
	rule(8, "0.0.0.0/0", 7);
	expect("1 nop, 2 goto, 5 from, 5 nowhere, 7 refused",
		"goto skips what is between, and a refusing rule ends it");
}

static void test_tables(void)
{
	rule(1, "0.0.0.0/0", 7);
	rule(2, "0.0.0.0/0", 8);
	rule(3, "0.0.0.0/0", 9);
	rule(4, "0.0.0.0/0", 10)->min_length = 1;
	rule(5, "0.0.0.0/0", 11);
	route(8, "10.0.0.0/8", "", "eth1");
	route(9, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(9, "192.0.2.0/24", "", "")->type = ROUTE_THROW;
	route(10, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(11, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(11, "192.0.2.0/25", "10.0.0.1", "eth1");
	expect("1 empty, 2 no route, 3 throw, 4 suppressed, 5 eth1",
		"the next rule follows a table without a route, and the longest prefix wins");
	rule(1, "0.0.0.0/0", 7);
	route(7, "0.0.0.0/0", "10.0.0.1", "eth1")->metric = 5;
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	expect("1 eth0", "the lower metric wins");
	rule(1, "0.0.0.0/0", 7);
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(7, "0.0.0.0/0", "10.0.0.1", "eth1")->tos = 0x10;
	expect("1 eth0", "a route for another service is passed over");
	question.tos = 0x10;
	rule(1, "0.0.0.0/0", 7);
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(7, "0.0.0.0/0", "10.0.0.1", "eth1")->tos = 0x10;
	expect("1 eth1", "and taken for its own");
	rule(1, "0.0.0.0/0", 7);
	rule(2, "0.0.0.0/0", 8);
	route(7, "0.0.0.0/0", "", "")->type = ROUTE_UNREACHABLE;
	expect("1 refused", "an unreachable route ends it");
}

static void test_dead(void)
{
	struct route *added;

	rule(1, "0.0.0.0/0", 7);
	route(7, "192.0.2.0/24", "10.0.0.1", "eth1")->dead = true;
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	expect("1 eth0", "a route by a dead next hop gives way to a shorter one");
	rule(1, "0.0.0.0/0", 7);
	added = route(7, "0.0.0.0/0", "", "");
	add_hop(added, "10.0.0.1", "eth1");
	add_hop(added, "192.168.2.1", "eth0");
	added->hops[0].dead = true;
	expect("1 eth0", "of several next hops the dead ones are passed over");
	rule(1, "0.0.0.0/0", 7);
	route(7, "0.0.0.0/0", "10.0.0.1", "eth1")->linkdown = true;
	expect("1 eth1", "a missing carrier changes nothing");
}

static void ask6(void)
{
	question.from = prefix_of("2001:db8:2::99");
	question.to = prefix_of("2001:db8:c::2");
	rule(1, "::/0", 7);
}

static void test_inet6(void)
{
	ask6();
	route(7, "::/0", "fe80::1", "eth0")->metric = 1024;
	route(7, "::/0", "fe80::2", "eth1")->metric = 1024;
	kernel.routes.items[1].preference = 1;
	expect("1 eth1", "IPv6: the router that prefers itself is taken");
	ask6();
	route(7, "::/0", "fe80::1", "eth0");
	route(7, "::/0", "fe80::2", "eth1");
	expect("1 eth0", "IPv6: of equal routers the first");
	ask6();
	route(7, "::/0", "fe80::1", "eth0")->metric = 1024;
	route(7, "::/0", "fe80::2", "eth1")->metric = 2048;
	router("fe80::1", "eth0", 0x20);
	expect("1 eth1", "IPv6: a router that failed is passed over");
	ask6();
	route(7, "::/0", "fe80::1", "eth0")->metric = 1024;
	route(7, "::/0", "fe80::2", "eth1")->metric = 2048;
	router("fe80::1", "eth0", 0x20);
	forwarding6 = true;
	expect("1 eth0", "IPv6: but not by a host that is a router itself");
	ask6();
	route(7, "::/0", "fe80::1", "eth0")->metric = 1024;
	router("fe80::1", "eth0", 0x20);
	expect("1 eth0", "IPv6: nor while there is no other");
	ask6();
	route(7, "::/0", "fe80::1", "eth0")->from = prefix_of("2001:db8:2::/64");
	route(7, "::/0", "fe80::2", "eth1")->from = prefix_of("2001:db8:10::/64");
	route(7, "::/0", "fe80::3", "eth2");
	expect("1 eth0", "IPv6: a route for the source comes before one for all");
	ask6();
	route(7, "::/0", "", "")->type = ROUTE_THROW;
	rule(2, "::/0", 8);
	route(8, "::/0", "fe80::1", "eth0");
	expect("1 throw, 2 eth0", "IPv6: a throw leads on to the next rule");
	ask6();
	route(7, "::/0", "", "")->type = ROUTE_THROW;
	rule(2, "::/0", 8);
	route(8, "::/0", "fe80::1", "eth0");
	kernel.ends_throw6 = true;
	expect("1 refused", "IPv6: before 3.18 to nobody");
	ask6();
	strcpy(kernel.rules.items[0].iif, "lo");
	route(7, "::/0", "fe80::1", "eth0");
	kernel.old_inet6 = true;
	expect("1 iif", "IPv6: on an old kernel what the host sends is not from lo");
	ask6();
	question.to = prefix_of("fe80::7");
	strcpy(question.oif, "eth1");
	route(7, "fe80::/64", "", "eth0");
	route(7, "fe80::/64", "", "eth1");
	expect("1 eth1", "IPv6: a link-local address is reached by its own link");
	ask6();
	route(7, "::/0", "", "");
	expect("1 unknown", "IPv6: of a nexthop object that is not expanded nothing is known");
}

/* Of two rules for marks the first leads the same way, the second does not. */
static void test_depends(void)
{
	struct walks arranged = {.forwarding6 = false};
	struct walked walked;
	size_t i;

	for (i = 1; i <= 2; i++) {
		rule((unsigned)i, "0.0.0.0/0", 6 + (unsigned)i)->mark = (unsigned)i;
		kernel.rules.items[i - 1].mask = 0xff;
	}
	rule(3, "192.168.2.0/24", 7);
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(8, "0.0.0.0/0", "10.0.0.1", "eth1");
	walks_build(&kernel, &arranged);
	walked = walk(&arranged, &question, NULL);
	ok(walked.depends.rule == &kernel.rules.items[1],
		"a mark's rule that leads the same way hides none that leads another");
	walks_free(&arranged);
	reset();

	rule(1, "0.0.0.0/0", 8)->tos = 0x10;
	rule(2, "0.0.0.0/0", 7);
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(8, "0.0.0.0/0", "10.0.0.1", "eth1");
	walks_build(&kernel, &arranged);
	walked = walk(&arranged, &question, NULL);
	ok(walked.depends.rule == &kernel.rules.items[0], "a TOS may lead another way by its rule");
	walks_free(&arranged);
	reset();

	rule(2, "0.0.0.0/0", 7);
	route(7, "0.0.0.0/0", "192.168.2.1", "eth0");
	route(7, "0.0.0.0/0", "10.0.0.1", "eth1")->tos = 0x10;
	walks_build(&kernel, &arranged);
	walked = walk(&arranged, &question, NULL);
	ok(walked.depends.route == &kernel.routes.items[1], "and by its route");
	walks_free(&arranged);
	reset();
}

int main(void)
{
	reset();
	test_selectors();
	test_actions();
	test_tables();
	test_dead();
	test_inet6();
	test_depends();
	kernel_free(&kernel);
	return tap_done();
}
