/* SPDX-License-Identifier: MIT
 * Rules of any kind: the words that ip(8) has for them, and what tells them apart.
 */
#include <sys/socket.h>

#include "net/policy.h"
#include "tap.h"

static struct policy policy_of(const char *from)
{
	struct policy policy = {.action = POLICY_TABLE, .table = 7, .suppress_length = -1};

	policy.priority = 5;
	policy.from.family = policy.to.family = AF_INET;
	if (*from)
		prefix_parse(from, AF_INET, &policy.from);
	return policy;
}

static void formats(struct policy policy, const char *want)
{
	struct text text = {0};

	policy_format(&policy, &text);
	is(text.bytes, want, want);
	text_free(&text);
}

static void test_selectors(void)
{
	struct policy policy = policy_of("");

	formats(policy, "from all lookup 7 priority 5");
	policy = policy_of("10.0.0.0/8");
	strcpy(policy.iif, "lo");
	formats(policy, "from 10.0.0.0/8 iif lo lookup 7 priority 5");
	prefix_parse("192.0.2.1", AF_INET, &policy.to);
	policy.inverted = true;
	policy.tos = 0x10;
	policy.mark = 1;
	policy.mask = 0xff;
	strcpy(policy.oif, "eth1");
	formats(policy,
		"not from 10.0.0.0/8 to 192.0.2.1 tos 0x10 fwmark 0x1/0xff iif lo oif eth1 "
		"lookup 7 priority 5");
	policy = policy_of("");
	policy.mask = 0xffffffff;
	policy.other = true;
	formats(policy, "from all fwmark 0x0 … lookup 7 priority 5");
}

static void test_actions(void)
{
	struct policy policy = policy_of("");

	policy.table = TABLE_MAIN;
	policy.suppress_length = 0;
	formats(policy, "from all lookup main suppress_prefixlength 0 priority 5");
	policy = policy_of("");
	policy.l3mdev = true;
	formats(policy, "from all l3mdev priority 5");
	policy.action = POLICY_GOTO;
	policy.target = 90;
	formats(policy, "from all goto 90 priority 5");
	policy.action = POLICY_PROHIBIT;
	formats(policy, "from all prohibit priority 5");
	policy.action = POLICY_BLACKHOLE;
	formats(policy, "from all blackhole priority 5");
	policy.action = POLICY_UNREACHABLE;
	formats(policy, "from all unreachable priority 5");
	policy.action = POLICY_NOP;
	formats(policy, "from all nop priority 5");
	policy.action = 99;
	formats(policy, "from all type 99 priority 5");
}

static void formats_way(const struct way *way, const char *want)
{
	struct text text = {0};

	way_format(way, &text);
	is(text.bytes, want, want);
	text_free(&text);
}

static void test_ways(void)
{
	struct hop hops[2] = {{.device = "eth0"}, {.device = "eth1", .dead = true}};
	struct way way = {.type = WAY_UNICAST, .hops = hops, .n = 1};

	way.dst.family = AF_INET6;
	formats_way(&way, "default dev eth0");
	prefix_parse_address("fe80::1", AF_INET6, &hops[0].gateway);
	prefix_parse("2001:db8:1::/48", AF_INET6, &way.from);
	way.metric = 1024;
	hops[0].linkdown = true;
	formats_way(
		&way, "default from 2001:db8:1::/48 via fe80::1 dev eth0 (no carrier) metric 1024");
	way.n = 2;
	formats_way(&way,
		"default from 2001:db8:1::/48 nexthop via fe80::1 dev eth0 (no carrier) "
		"nexthop dev eth1 (dead) metric 1024");
	memset(&way.from, 0, sizeof(way.from));
	prefix_parse("10.0.0.0/8", AF_INET, &way.dst);
	way.tos = 0x10;
	way.metric = 0;
	way.type = WAY_THROW;
	formats_way(&way, "throw 10.0.0.0/8 tos 0x10");
	way.type = 99;
	formats_way(&way, "? 10.0.0.0/8 tos 0x10");
}

static void test_compare(void)
{
	struct policy a = policy_of("10.0.0.0/8"), b = a;

	b.protocol_number = 4;
	ok(!policy_compare(&a, &b), "who made a rule does not tell it from another");
	b.priority = 6;
	ok(policy_compare(&a, &b) < 0, "a rule of a lower priority comes first");
	b = a;
	b.mask = 1;
	ok(policy_compare(&a, &b) && policy_compare(&a, &b) == -policy_compare(&b, &a),
		"a mask tells two rules apart");
	b = a;
	b.suppress_length = 0;
	ok(policy_compare(&a, &b), "so does what is suppressed");
	b = policy_of("");
	ok(policy_compare(&a, &b), "and a source");
}

int main(void)
{
	test_selectors();
	test_actions();
	test_ways();
	test_compare();
	return tap_done();
}
