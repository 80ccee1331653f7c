/* SPDX-License-Identifier: MIT
 * The difference between plan and kernel: what is foreign stays, and the order is safe.
 */
#include <sys/socket.h>

#include "plan/diff.h"
#include "tap.h"

static struct route route(const char *dst, unsigned table, const char *gateway, int protocol)
{
	struct route made = {.table = table, .protocol = (unsigned char)protocol};

	prefix_parse(dst, AF_INET, &made.dst);
	if (gateway)
		prefix_parse_address(gateway, AF_INET, &made.gateway);
	else
		made.scope = SCOPE_LINK;
	strcpy(made.device, "eth0");
	return made;
}

static struct rule rule(const char *from, unsigned table, unsigned priority)
{
	struct prefix prefix = {0};

	prefix_parse(from, AF_INET, &prefix);
	return rule_make(&prefix, table, priority, false);
}

/* Somebody else's, in a table that is not main. */
static void add_foreign(struct kernel *kernel, const char *dst, unsigned table)
{
	struct route_key *key = array_add(&kernel->others);

	prefix_parse(dst, AF_INET, &key->dst);
	key->table = table;
}

/* The ops as lines, for one comparison. */
static char *ops_text(struct plan *plan, const struct kernel *kernel)
{
	struct ops ops = {0};
	struct text text = {0};
	size_t i;

	text_add_string(&text, "");
	plan_index(plan);
	diff_build(plan, kernel, &ops);
	for (i = 0; i < ops.n; i++) {
		op_format(&ops.items[i], &text);
		text_add_string(&text, "\n");
	}
	ops_free(&ops);
	return text.bytes;
}

static void check(
	struct plan *plan, const struct kernel *kernel, const char *want, const char *name)
{
	char *got = ops_text(plan, kernel);

	is(got, want, name);
	free(got);
}

static void want_both(struct plan *plan)
{
	*array_add(&plan->routes) = route("0.0.0.0/0", 100, "10.0.0.1", 109);
	*array_add(&plan->routes) = route("10.0.0.0/8", 100, NULL, 109);
	*array_add(&plan->rules) = rule("10.0.0.0/8", 100, 10001);
	*array_add(&plan->owned) = rule("10.0.0.0/8", 100, 10001);
}

static void test_add_and_keep(void)
{
	struct plan plan = {.rules = {0}};
	struct kernel kernel = {.rules = {0}};

	want_both(&plan);
	check(&plan, &kernel,
		"ip route add 10.0.0.0/8 dev eth0 scope link table 100 proto 109\n"
		"ip route add default via 10.0.0.1 dev eth0 table 100 proto 109\n"
		"ip rule add from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"links first, then what is reached by them, then rules");
	*array_add(&kernel.routes) = plan.routes.items[0];
	*array_add(&kernel.routes) = plan.routes.items[1];
	*array_add(&kernel.rules) = plan.rules.items[0];
	check(&plan, &kernel, "", "what is there already is not sent again");
	*array_add(&kernel.rules) = plan.rules.items[0];
	check(&plan, &kernel, "ip rule del from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"of a rule that is there twice one goes");
	kernel.rules.items[1].action = ACTION_PROHIBIT;
	check(&plan, &kernel,
		"ip rule add from 10.0.0.0/8 iif lo lookup 100 priority 10001\n"
		"ip rule del from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"another's of the same priority that comes after ours is to be asked first");
	kernel.routes.items[0].gateway.bytes[3] = 7;
	kernel.rules.n--;
	check(&plan, &kernel,
		"ip route replace default via 10.0.0.1 dev eth0 table 100 proto 109\n",
		"a changed gateway is replaced, never deleted and added");
	plan_free(&plan);
	kernel_free(&kernel);
}

static void test_stale(void)
{
	struct plan plan = {.rules = {0}};
	struct kernel kernel = {.rules = {0}};

	*array_add(&kernel.routes) = route("0.0.0.0/0", 100, "10.0.0.1", 109);
	add_foreign(&kernel, "10.9.0.0/16", 100);
	*array_add(&kernel.rules) = rule("10.0.0.0/8", 100, 10001);
	check(&plan, &kernel, "ip route del default via 10.0.0.1 dev eth0 table 100 proto 109\n",
		"a route goes by its protocol number, a rule only if it is on record");
	*array_add(&plan.owned) = rule("10.0.0.0/8", 100, 10001);
	check(&plan, &kernel,
		"ip rule del from 10.0.0.0/8 iif lo lookup 100 priority 10001\n"
		"ip route del default via 10.0.0.1 dev eth0 table 100 proto 109\n",
		"rules go before routes");
	*array_add(&plan.held_devices) = (struct held_device){.device = "eth0"};
	*array_add(&plan.held_tables) = 100;
	*array_add(&plan.rules) = plan.owned.items[0];
	check(&plan, &kernel, "", "what is held stays, rules by the plan's word");
	*array_add(&kernel.rules) = plan.owned.items[0];
	check(&plan, &kernel, "ip rule del from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"but of a rule that is there twice one goes");
	kernel.rules.items[1] = rule("10.1.0.0/16", 100, 10001);
	*array_add(&plan.rules) = kernel.rules.items[1];
	*array_add(&plan.owned) = kernel.rules.items[1];
	check(&plan, &kernel, "", "which two that differ are not");
	*array_add(&kernel.rules) = plan.owned.items[0];
	check(&plan, &kernel, "ip rule del from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"even if another stands between the two");
	plan.rules.n = 0;
	kernel.rules.n = 1;
	plan.held_tables.n = 0;
	check(&plan, &kernel, "ip rule del from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"a held device keeps its routes in every table");
	plan_free(&plan);
	kernel_free(&kernel);
}

static void test_foreign(void)
{
	struct plan plan = {.rules = {0}};
	struct kernel kernel = {.rules = {0}};

	want_both(&plan);
	/* As the kernel dumps them: table by table, and those beyond 255 among the others. */
	add_foreign(&kernel, "0.0.0.0/0", 50);
	add_foreign(&kernel, "10.0.0.0/8", 50);
	add_foreign(&kernel, "10.9.0.0/16", 356);
	add_foreign(&kernel, "10.9.0.0/16", 100);
	add_foreign(&kernel, "0.0.0.0/0", 100);
	*array_add(&kernel.rules) = rule("10.0.0.0/8", 100, 10001);
	kernel.rules.items[0].mark = kernel.rules.items[0].mask = 1;
	check(&plan, &kernel,
		"ip route add 10.0.0.0/8 dev eth0 scope link table 100 proto 109\n"
		"ip rule add from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"a foreign route keeps its key, a foreign rule is not taken for ours");
	*array_add(&kernel.routes) = route("0.0.0.0/0", 100, "10.0.0.2", 109);
	check(&plan, &kernel,
		"ip route add 10.0.0.0/8 dev eth0 scope link table 100 proto 109\n"
		"ip rule add from 10.0.0.0/8 iif lo lookup 100 priority 10001\n"
		"ip route del default via 10.0.0.2 dev eth0 table 100 proto 109\n",
		"an old one of ours beside it goes, without a replace that could hit the foreign one");
	plan_free(&plan);
	kernel_free(&kernel);
}

static void test_foreign_main(void)
{
	struct plan plan = {.rules = {0}};
	struct kernel kernel = {.rules = {0}};

	*array_add(&plan.routes) = route("0.0.0.0/0", TABLE_MAIN, "10.0.0.1", 109);
	*array_add(&kernel.routes) = route("10.9.0.0/16", TABLE_MAIN, "10.0.0.7", 3);
	*array_add(&kernel.routes) = route("0.0.0.0/0", TABLE_MAIN, "10.0.0.9", 3);
	check(&plan, &kernel, "", "in main as well foreign routes and their keys stay");
	*array_add(&kernel.routes) = route("0.0.0.0/0", TABLE_MAIN, "10.0.0.2", 109);
	check(&plan, &kernel, "ip route del default via 10.0.0.2 dev eth0 proto 109\n",
		"whatever comes after them");
	kernel.routes.n = 0;
	*array_add(&kernel.routes) = route("10.2.0.0/16", 100, "10.0.0.2", 109);
	*array_add(&kernel.routes) = route("10.1.0.0/16", 100, "10.0.0.2", 109);
	plan.routes.n = 0;
	check(&plan, &kernel,
		"ip route del 10.1.0.0/16 via 10.0.0.2 dev eth0 table 100 proto 109\n"
		"ip route del 10.2.0.0/16 via 10.0.0.2 dev eth0 table 100 proto 109\n",
		"what goes is in order, whatever the kernel's is");
	plan_free(&plan);
	kernel_free(&kernel);
}

static struct route route6(const char *gateway, const char *device)
{
	struct route made = {.table = 100, .protocol = PROTO_MULTIHOME, .metric = METRIC_INET6};

	made.dst.family = AF_INET6;
	prefix_parse_address(gateway, AF_INET6, &made.gateway);
	strcpy(made.device, device);
	return made;
}

static void test_inet6(void)
{
	struct plan plan = {.rules = {0}};
	struct kernel kernel = {.rules = {0}};

	*array_add(&plan.routes) = route6("fe80::2", "eth0");
	*array_add(&kernel.routes) = route6("fe80::1", "eth0");
	check(&plan, &kernel,
		"ip -6 route replace default via fe80::2 dev eth0 metric 1024 table 100 proto 109\n"
		"ip -6 route del default via fe80::1 dev eth0 metric 1024 table 100 proto 109\n",
		"where an old kernel puts the new router beside the old one, the old one goes");
	*array_add(&kernel.routes) = route6("fe80::2", "eth0");
	check(&plan, &kernel,
		"ip -6 route del default via fe80::1 dev eth0 metric 1024 table 100 proto 109\n",
		"also if it was left behind");
	kernel.routes.items[0] = kernel.routes.items[1];
	kernel.routes.items[1] = route6("fe80::1", "eth0");
	check(&plan, &kernel,
		"ip -6 route del default via fe80::1 dev eth0 metric 1024 table 100 proto 109\n",
		"wherever it stands");
	kernel.routes.n = 0;
	*array_add(&kernel.routes) = route6("fe80::2", "eth0");
	kernel.routes.items[0].onlink = true;
	check(&plan, &kernel,
		"ip -6 route replace default via fe80::2 dev eth0 metric 1024 table 100 proto 109\n",
		"a deletion by the same next hop would take the new one");
	plan_free(&plan);
	kernel_free(&kernel);
}

/* As a 6.x kernel tells of what "ip -6 route append" put beside a route of ours. */
static void test_next_hops(void)
{
	struct plan plan = {.rules = {0}};
	struct kernel kernel = {.rules = {0}};
	struct route ours = route6("fe80::1", "eth0"), several = ours;
	struct hop hops[2];

	hops[0] = route_hop(&ours, 0);
	hops[1] = hops[0];
	hops[1].gateway.bytes[15] = 7;
	memset(&several.gateway, 0, sizeof(several.gateway));
	several.hops = hops;
	several.n = 2;
	*array_add(&plan.routes) = ours;
	*array_add(&kernel.routes) = several;
	check(&plan, &kernel, "", "a next hop of another's beside our default stays");
	plan.routes.items[0] = route6("fe80::2", "eth0");
	check(&plan, &kernel,
		"ip -6 route append default via fe80::2 dev eth0 metric 1024 table 100 proto 109\n"
		"ip -6 route del default metric 1024 table 100 proto 109 nexthop via fe80::1 dev "
		"eth0 weight 1 nexthop via fe80::7 dev eth0 weight 1\n",
		"also when ours changes: a deletion takes those with our protocol only");
	prefix_parse("2001:db8:9::/48", AF_INET6, &ours.dst);
	several.dst = ours.dst;
	plan.routes.items[0] = ours;
	kernel.routes.items[0] = several;
	check(&plan, &kernel,
		"ip -6 route replace 2001:db8:9::/48 via fe80::1 dev eth0 metric 1024 table 100 "
		"proto 109\n",
		"a copy of two next hops becomes one of one, which is not deleted");
	plan.routes.items[0] = several;
	kernel.routes.items[0] = ours;
	check(&plan, &kernel,
		"ip -6 route replace 2001:db8:9::/48 metric 1024 table 100 proto 109 nexthop via "
		"fe80::1 dev eth0 weight 1 nexthop via fe80::7 dev eth0 weight 1\n",
		"and the other way round");
	plan_free(&plan);
	free(kernel.routes.items);
}

/* A deletion takes the first rule that has what it names. */
static void test_twins(void)
{
	struct plan plan = {.rules = {0}};
	struct kernel kernel = {.rules = {0}};

	*array_add(&plan.owned) = rule("10.0.0.0/8", 100, 10001);
	*array_add(&kernel.rules) = rule("10.0.0.0/8", 100, 10001);
	*array_add(&kernel.rules) = rule("10.0.0.0/8", 100, 10001);
	kernel.rules.items[1].mark = kernel.rules.items[1].mask = 1;
	check(&plan, &kernel, "ip rule del from 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"ours goes if it comes before another's with one selector more");
	kernel.rules.items[0] = kernel.rules.items[1];
	kernel.rules.items[1] = rule("10.0.0.0/8", 100, 10001);
	check(&plan, &kernel, "", "and is left behind where the other one would go instead");
	plan_free(&plan);
	kernel_free(&kernel);
}

static void test_rule_text(void)
{
	static const char *const good[] = {"from 10.0.0.0/8 iif lo lookup 100 priority 10001",
		"from 2001:db8::/64 iif lo lookup 100 priority 10001",
		"from 2001:db8::/64 lookup 100 priority 10001",
		"from all lookup 253 priority 32767"};
	struct text text = {0};
	struct rule seen;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		text.n = 0;
		ok(!rule_parse(good[i], &seen), "read: %s", good[i]);
		rule_format(&seen, &text);
		is(text.bytes, good[i], "and written again");
	}
	ok(rule_parse("from 10.0.0.0/8 lookup 100 priority 10001", &seen),
		"an IPv4 rule without iif lo was never ours");
	ok(!rule_parse(good[3], &seen) && seen.from.family == AF_INET6,
		"the rule for table default is ours in IPv6 only");
	ok(rule_parse("from all lookup 253 priority 32766", &seen), "and at its own priority only");
	text_free(&text);
}

/* Copies of the administrator's routes, whole. */
static void test_route_text(void)
{
	unsigned char mtu[] = {1, 2}, other[] = {1, 3};
	struct plan plan = {.changes = {0}};
	struct kernel kernel = {.old_inet6 = false};
	struct route copy = route("10.5.0.0/16", 100, "10.0.0.7", 109);

	copy.tos = 0x10;
	copy.scope = 200;
	copy.onlink = true;
	copy.metrics = mtu;
	copy.metrics_len = sizeof(mtu);
	*array_add(&plan.routes) = copy;
	check(&plan, &kernel,
		"ip route add 10.5.0.0/16 tos 0x10 via 10.0.0.7 dev eth0 onlink scope 200 table "
		"100 proto 109\n",
		"a route is written with its tos, scope and onlink");
	*array_add(&kernel.routes) = copy;
	check(&plan, &kernel, "", "a route that is there as a whole stays");
	kernel.routes.items[0].metrics = other;
	check(&plan, &kernel,
		"ip route replace 10.5.0.0/16 tos 0x10 via 10.0.0.7 dev eth0 onlink scope 200 "
		"table 100 proto 109\n",
		"one with another mtu is replaced");
	plan_free(&plan);
	free(kernel.routes.items);
}

static void check_quoted(const char *device, const char *want)
{
	struct plan plan = {.changes = {0}};
	struct kernel kernel = {.old_inet6 = false};
	struct route copy = route("10.5.0.0/16", 100, "10.0.0.7", 109);
	struct text line = {0};

	snprintf(copy.device, sizeof(copy.device), "%s", device);
	*array_add(&plan.routes) = copy;
	text_format(
		&line, "ip route add 10.5.0.0/16 via 10.0.0.7 dev %s table 100 proto 109\n", want);
	check(&plan, &kernel, line.bytes, "a device's name is one word to a shell");
	text_free(&line);
	plan_free(&plan);
}

static void test_quoting(void)
{
	check_quoted("br0.5@x+y", "br0.5@x+y");
	check_quoted("$(id)", "'$(id)'");
	check_quoted("a;b", "'a;b'");
	check_quoted("it's", "'it'\\''s'");
	check_quoted("*", "'*'");
	check_quoted("~", "'~'");
	check_quoted("#", "'#'");
	check_quoted("a\033[1m\b", "'a?[1m?'");
}

int main(void)
{
	test_add_and_keep();
	test_stale();
	test_foreign();
	test_foreign_main();
	test_inet6();
	test_next_hops();
	test_twins();
	test_rule_text();
	test_route_text();
	test_quoting();
	return tap_done();
}
