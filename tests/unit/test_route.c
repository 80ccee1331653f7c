/* SPDX-License-Identifier: MIT
 * Routes of any kind: the words that ip(8) has for them, and what tells them apart.
 */
#include <sys/socket.h>

#include "net/route.h"
#include "tap.h"

static void formats_choice(const struct route *route, const char *want)
{
	struct text text = {0};

	route_format_choice(route, &text);
	is(text.bytes, want, want);
	text_free(&text);
}

static void formats(const struct route *route, const char *want)
{
	struct text text = {0};

	route_format(route, &text);
	is(text.bytes, want, want);
	text_free(&text);
}

static void test_choice(void)
{
	struct hop hops[2] = {{.device = "eth0"}, {.device = "eth1", .dead = true}};
	struct route route = {.device = "eth0"};

	route.dst.family = AF_INET6;
	formats_choice(&route, "default dev eth0");
	prefix_parse_address("fe80::1", AF_INET6, &route.gateway);
	prefix_parse("2001:db8:1::/48", AF_INET6, &route.from);
	route.metric = 1024;
	route.linkdown = true;
	formats_choice(&route,
		"default from 2001:db8:1::/48 via fe80::1 dev eth0 (no carrier) metric 1024");
	hops[0] = route_hop(&route, 0);
	route.hops = hops;
	route.n = 2;
	formats_choice(&route,
		"default from 2001:db8:1::/48 nexthop via fe80::1 dev eth0 (no carrier) "
		"nexthop dev eth1 (dead) metric 1024");
	memset(&route, 0, sizeof(route));
	prefix_parse("10.0.0.0/8", AF_INET, &route.dst);
	route.tos = 0x10;
	route.type = ROUTE_THROW;
	formats_choice(&route, "throw 10.0.0.0/8 tos 0x10");
	route.type = 99;
	formats_choice(&route, "99 10.0.0.0/8 tos 0x10");
	ok(!route_has_no_hop(&route), "a type that is not known is no ban");
}

static void test_words(void)
{
	/* As netlink has them: lock of mtu, mtu, rtt, one that is not known, initcwnd. */
	static const unsigned short metrics[] = {
		8, 1, 1 << 2, 0, 8, 2, 1400, 0, 8, 4, 80, 0, 8, 99, 1, 0, 8, 11, 10, 0};
	struct hop hops[2] = {
		{.device = "eth0", .weight = 4, .flow = 7}, {.device = "eth1", .onlink = true}};
	struct route route = {.table = 100, .protocol = PROTO_MULTIHOME};

	prefix_parse("10.0.0.0/8", AF_INET, &route.dst);
	route.type = ROUTE_BLACKHOLE;
	formats(&route, "blackhole 10.0.0.0/8 table 100 proto 109");
	route.type = ROUTE_UNICAST;
	prefix_parse_address("192.168.2.99", AF_INET, &route.source);
	strcpy(route.device, "eth0");
	route.scope = SCOPE_LINK;
	route.flow = 3 << 16 | 4;
	route.metrics = (unsigned char *)(size_t)metrics;
	route.metrics_len = sizeof(metrics);
	formats(&route,
		"10.0.0.0/8 dev eth0 scope link src 192.168.2.99 table 100 proto 109 mtu lock "
		"1400 rtt 10ms initcwnd 10 realms 3/4");
	route.hops = hops;
	route.n = 2;
	route.flow = route.scope = 0;
	route.metrics_len = route.source.family = 0;
	formats(&route,
		"10.0.0.0/8 table 100 proto 109 nexthop dev eth0 weight 5 realms 7 nexthop dev "
		"eth1 weight 1 onlink");
}

static void test_compare(void)
{
	struct hop one[2] = {{.device = "eth0"}, {.device = "eth1"}};
	struct hop two[2] = {{.device = "eth1", .dead = true}, {.device = "eth0"}};
	struct route a = {.table = 100}, b = a;

	b.dead = b.linkdown = true;
	ok(!route_compare(&a, &b), "a cable that is pulled makes no other route");
	b.type = ROUTE_BLACKHOLE;
	ok(!route_compare_key(&a, &b) && route_compare(&a, &b) == -route_compare(&b, &a),
		"a blackhole has the same key and is another route");
	b = a;
	b.source.family = AF_INET;
	ok(route_compare(&a, &b), "so is one with a source");
	b = a;
	b.metric = 1;
	ok(route_compare_key(&a, &b) < 0, "another metric is another key");
	a.hops = one;
	a.n = 1;
	b = a;
	b.n = 2;
	ok(route_compare(&a, &b), "one more next hop tells two routes apart");
	a.n = 2;
	b.hops = two;
	ok(!route_compare(&a, &b), "their order does not");
	two[1].weight = 1;
	ok(route_compare(&a, &b), "their weight does");
	two[1].weight = 0;
	strcpy(two[0].device, "eth2");
	ok(route_compare(&a, &b), "so does a device");
	strcpy(two[0].device, "eth1");
	ok(route_has_hop(&a, &two[0]) && route_uses(&a, "eth1") && !route_uses(&a, ""),
		"each next hop counts");
}

int main(void)
{
	test_choice();
	test_words();
	test_compare();
	return tap_done();
}
