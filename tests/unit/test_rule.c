/* SPDX-License-Identifier: MIT
 * Rules of any kind: the words that ip(8) has for them, what tells them apart, which are of our own
 * form, and which one a deletion takes.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/net.h"
#include "tap.h"

static struct rule rule_of(const char *from)
{
	struct rule rule = {.table = 7, .priority = 5};

	rule.from.family = AF_INET;
	if (*from)
		prefix_parse(from, AF_INET, &rule.from);
	return rule;
}

static struct rule own_of(const char *from, int family)
{
	struct prefix prefix = {0};

	prefix_parse(from, family, &prefix);
	return rule_make(&prefix, 7, 5, false);
}

static void formats(struct rule rule, const char *want)
{
	struct text text = {0};

	rule_format(&rule, &text);
	is(text.bytes, want, want);
	text_free(&text);
}

static void test_selectors(void)
{
	struct rule rule = rule_of("");

	formats(rule, "from all lookup 7 priority 5");
	rule = own_of("10.0.0.0/8", AF_INET);
	formats(rule, "from 10.0.0.0/8 iif lo lookup 7 priority 5");
	prefix_parse("192.0.2.1", AF_INET, &rule.to);
	rule.inverted = true;
	rule.tos = 0x10;
	rule.mark = 1;
	rule.mask = 0xff;
	strcpy(rule.oif, "eth1");
	formats(rule,
		"not from 10.0.0.0/8 to 192.0.2.1 tos 0x10 fwmark 0x1/0xff iif lo oif eth1 "
		"lookup 7 priority 5");
	rule = rule_of("");
	rule.mask = 0xffffffff;
	rule.unknown_len = 8;
	formats(rule, "from all fwmark 0x0 … lookup 7 priority 5");
	rule = rule_of("");
	rule.uids.known = 1;
	rule.uids.last = 99;
	rule.ip_protocol = 17;
	rule.sport = (struct port_range){53, 53};
	rule.dport = (struct port_range){1, 1023};
	rule.tun_id[1] = htonl(9);
	formats(rule,
		"from all uidrange 0-99 ipproto udp sport 53 dport 1-1023 tun_id 9 lookup 7 "
		"priority 5");
}

static void test_actions(void)
{
	struct rule rule = rule_of("");

	rule.table = TABLE_MAIN;
	rule.min_length = 1;
	formats(rule, "from all lookup main suppress_prefixlength 0 priority 5");
	rule.ifgroup = 4;
	rule.flow = 2;
	formats(rule,
		"from all lookup main suppress_prefixlength 0 suppress_ifgroup 3 realms 2 "
		"priority 5");
	rule = rule_of("");
	rule.l3mdev = true;
	formats(rule, "from all l3mdev priority 5");
	rule.action = ACTION_GOTO;
	rule.target = 90;
	formats(rule, "from all goto 90 priority 5");
	rule.action = ACTION_PROHIBIT;
	formats(rule, "from all prohibit priority 5");
	rule.action = ACTION_BLACKHOLE;
	formats(rule, "from all blackhole priority 5");
	rule.action = ACTION_UNREACHABLE;
	formats(rule, "from all unreachable priority 5");
	rule.action = ACTION_NOP;
	formats(rule, "from all nop priority 5");
	rule.action = 99;
	formats(rule, "from all type 99 priority 5");
}

/* What makes the rule another one than ours. */
static void differs(struct rule rule, const char *what)
{
	struct rule own = own_of("10.0.0.0/8", AF_INET);

	ok(!rule_is_own_form(&rule), "%s is not of our form", what);
	ok(rule_compare(&own, &rule) && rule_compare(&own, &rule) == -rule_compare(&rule, &own),
		"%s tells it from ours", what);
	ok(rule_covers(&own, &rule), "deleting ours may take one with %s", what);
	ok(!strcmp(what, "not") || !rule_covers(&rule, &own), "but not the other way round");
}

static void test_own_form(void)
{
	struct rule own = own_of("10.0.0.0/8", AF_INET), rule = own;
	unsigned char unknown[8] = {8, 0, 60, 0, 1}, same[8] = {8, 0, 60, 0, 1};

	ok(offsetof(struct rule, unknown_len) + sizeof(rule.unknown_len) -
				offsetof(struct rule, inverted) ==
			sizeof(bool) + 4 + 2 * DEVICE_SIZE + sizeof(struct prefix) +
				12 * sizeof(unsigned) + 2 * sizeof(struct port_range),
		"there are no gaps between the selectors");
	rule.protocol = 4;
	ok(rule_is_own_form(&rule) && !rule_compare(&own, &rule),
		"who made a rule does not tell it from another");
	rule = own;
	rule.mask = 1;
	differs(rule, "a mask");
	rule = own;
	rule.tos = 4;
	differs(rule, "a tos");
	rule = own;
	rule.min_length = 1;
	differs(rule, "what is suppressed");
	rule = own;
	rule.uids.known = 1;
	differs(rule, "root's packets only");
	rule = own;
	rule.dport = (struct port_range){80, 80};
	differs(rule, "a port");
	rule = own;
	rule.inverted = true;
	differs(rule, "not");
	rule = own;
	rule.unknown = unknown;
	rule.unknown_len = sizeof(unknown);
	ok(!rule_is_own_form(&rule) && rule_covers(&own, &rule), "nor with what is not known");
	own = rule;
	own.unknown = same;
	ok(!rule_compare(&own, &rule), "which is compared by its bytes");
	same[4] = 2;
	ok(rule_compare(&own, &rule), "one with others is another rule");
}

static void test_own_forms(void)
{
	struct rule rule = rule_of("10.0.0.0/8");

	ok(!rule_is_own_form(&rule), "an IPv4 rule without iif lo is not of our form");
	strcpy(rule.iif, "eth0");
	ok(!rule_is_own_form(&rule), "nor with another iif");
	rule = rule_of("");
	strcpy(rule.iif, "lo");
	ok(!rule_is_own_form(&rule), "nor for all sources");
	rule = own_of("2001:db8::/64", AF_INET6);
	ok(rule_is_own_form(&rule), "an IPv6 rule is");
	memset(rule.iif, 0, sizeof(rule.iif));
	ok(rule_is_own_form(&rule), "without iif lo as well");
	ok(!rule_parse("from all lookup 253 priority 32767", &rule) && rule_is_own_form(&rule),
		"IPv6's rule for table default is");
	rule.from.family = AF_INET;
	ok(!rule_is_own_form(&rule), "IPv4's is the kernel's");
	formats(rule, "from all lookup default priority 32767");
}

static void test_takes_all(void)
{
	struct rule rule = {.from = {.family = AF_INET}, .inverted = true};

	ok(!rule_takes_all(&rule), "not all is nothing");
	strcpy(rule.iif, "eth0");
	ok(rule_takes_all(&rule), "all that the host sends does not come from a NIC");
	strcpy(rule.iif, "lo");
	ok(!rule_takes_all(&rule), "but it comes from lo");
	rule.mark = rule.mask = 1;
	ok(rule_takes_all(&rule), "and has no mark");
	rule.inverted = false;
	ok(!rule_takes_all(&rule), "which others have");
}

static void test_order(void)
{
	struct rule a = own_of("10.0.0.0/8", AF_INET), b = a;

	b.priority = 6;
	ok(rule_compare(&a, &b) < 0, "a rule of a lower priority comes first");
	ok(!rule_covers(&a, &b), "and is not deleted with another one");
	b = rule_of("");
	ok(rule_compare(&a, &b), "a source tells two rules apart");
	ok(!rule_covers(&a, &b) && rule_covers(&b, &a), "none is a wildcard to a deletion");
	b = a;
	b.table = 8;
	ok(!rule_covers(&a, &b), "a table is not");
}

static void test_marks(void)
{
	static const char *const good[] = {
		"-4 from all fwmark 0x1000000/0x3f000000 lookup 100 priority 9999",
		"-6 from all fwmark 0x10 lookup 101 priority 32000"};
	static const char *const bad[] = {"from all fwmark 0x1/0x3 lookup 100 priority 9",
		"-5 from all fwmark 0x1/0x3 lookup 100 priority 9",
		"-4 from all fwmark 1/3 lookup 100 priority 9",
		"-4 from all fwmark 0x1/0x3 lookup 100 priority 9 ",
		"-4 from all fwmark 0x1/0x3 iif lo lookup 100 priority 9",
		"-4 from 10.0.0.1 fwmark 0x1/0x3 lookup 100 priority 9"};
	struct text text = {0};
	struct rule rule;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		ok(!rule_parse_mark(good[i], &rule), "read: %s", good[i]);
		text.n = 0;
		rule_format_mark(&rule, &text);
		is(text.bytes, good[i], "and written");
		ok(!rule_is_own_form(&rule), "it is of nobody's form");
	}
	text_free(&text);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(rule_parse_mark(bad[i], &rule), "not ours: '%s'", bad[i]);
}

int main(void)
{
	test_marks();
	test_selectors();
	test_actions();
	test_own_form();
	test_own_forms();
	test_takes_all();
	test_order();
	return tap_done();
}
