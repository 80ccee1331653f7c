/* SPDX-License-Identifier: MIT
 * What explain makes of its facts, above all those that no lab can show: an old kernel's filter, a
 * walk that is wrong.
 */
#include <errno.h>
#include <sys/socket.h>

#include "judge/explain.h"
#include "tap.h"

static struct rule rule;
static struct hop hop;
static struct route route;
static struct step step;
static struct trace trace;
static struct kernel kernel;
static struct facts facts;

static struct prefix address(const char *text)
{
	struct prefix prefix = {0};

	prefix_parse(text, AF_INET, &prefix);
	return prefix;
}

/* Asked by eth0, answered by it: default via 192.168.2.1, table 100. */
static void reset(void)
{
	memset(&facts, 0, sizeof(facts));
	rule = (struct rule){.priority = 10001, .table = 100};
	rule.from = address("192.168.2.0/24");
	hop = (struct hop){.device = "eth0", .gateway = address("192.168.2.1")};
	route = (struct route){.table = 100, .hops = &hop, .n = 1};
	route.dst = address("0.0.0.0/0");
	step = (struct step){&rule, STEP_ROUTE, &route, hop.device};
	trace = (struct trace){&step, 1, 1};
	facts.remote = address("192.0.2.1");
	facts.local = address("192.168.2.99");
	strcpy(facts.holder, "eth0");
	strcpy(facts.arrival, "eth0");
	facts.up = facts.carrier = facts.gateway = true;
	facts.arrives.type = ROUTE_LOCAL;
	strcpy(facts.leaves.device, "eth0");
	facts.leaves.gateway = hop.gateway;
	facts.trace = &trace;
	facts.kernel = &kernel;
}

/* The kernel, and the walk with it, send the reply by eth1. */
static void by_eth1(void)
{
	strcpy(hop.device, "eth1");
	hop.gateway = address("10.0.0.1");
	strcpy(facts.leaves.device, "eth1");
	facts.leaves.gateway = hop.gateway;
}

/* Is there such a line in the story? */
static void says(const char *line, const char *name)
{
	struct text text = {0};

	explain_format(&facts, false, &text);
	ok(strstr(text.bytes, line), "%s", name);
	if (!strstr(text.bytes, line))
		printf("# no '%s' in:\n# %s\n", line, text.bytes);
	text_free(&text);
	reset();
}

static void verdict(enum verdict want, const char *name)
{
	ok(explain_verdict(&facts) == want, "%s", name);
	reset();
}

static void test_filter(void)
{
	static const struct {
		struct filter filter;
		int value;
	} filters[] = {{{0, 1, true}, 0}, {{1, 0, true}, 0}, {{1, 1, true}, 1}, {{0, 1, false}, 1},
		{{1, 0, false}, 1}, {{1, 2, false}, 2}, {{2, 1, false}, 2}, {{0, 0, false}, 0}};
	size_t i;

	for (i = 0; i < sizeof(filters) / sizeof(*filters); i++)
		ok(filter_value(&filters[i].filter) == filters[i].value,
			"all %d and eth0 %d make %d %s 2.6.31", filters[i].filter.all,
			filters[i].filter.own, filters[i].value,
			filters[i].filter.both ? "before" : "from");
	facts.filter = (struct filter){0, 1, true};
	says("2 rp_filter  off (0 = min of all 0 and eth0 1): passes\n",
		"an old kernel needs both settings");
	by_eth1();
	facts.filter = (struct filter){1, 1, true};
	facts.arrives.error = EINVAL;
	verdict(VERDICT_FILTERED, "with both it filters");
	by_eth1();
	facts.filter = (struct filter){1, 2, false};
	says(", not eth0: passes\n", "the loose filter takes any way back");
	facts.filter.own = 2;
	facts.arrives.error = EXDEV;
	trace.n = 0;
	verdict(VERDICT_FILTERED, "but not none");
}

static void test_arrival(void)
{
	struct bystander other = {"eth9", 0, true, true};

	facts.arrives.error = EINVAL;
	verdict(VERDICT_NOT_TAKEN, "what the filter passes and the kernel refuses is a martian");
	facts.arrives.error = EINVAL;
	says("the kernel REFUSES the packet\n             (Invalid argument)\n",
		"and that is said");
	facts.arrives.type = ROUTE_UNICAST;
	says("3 delivery   192.168.2.99 is an address of eth0: NOT taken, as table local",
		"nor is it taken in without a local route");
	facts.bystanders.items = &other;
	facts.bystanders.n = 1;
	verdict(VERDICT_BYSTANDER, "a neighbour that asks may send it where it is dropped");
	facts.bystanders.items = &other;
	facts.bystanders.n = 1;
	says("wrong NIC; cure: sysctl -w net/ipv4/conf/eth9/arp_ignore=1\n",
		"that NIC is to leave the answer to others");
	other.answers = false;
	facts.bystanders.items = &other;
	facts.bystanders.n = 1;
	verdict(VERDICT_RIGHT, "unless it does not answer");
}

static void test_down(void)
{
	facts.up = facts.carrier = false;
	verdict(VERDICT_DOWN, "what arrives at a NIC that is down is lost");
	facts.up = false;
	says("1 arrival    192.0.2.1 -> 192.168.2.99 by eth0, which is down\n", "and that is said");
	facts.up = false;
	says("lost: eth0 is down; cure: ip link set eth0 up\n", "it is to come up");
	facts.up = false;
	facts.service.file = "ifcfg-eth0";
	says("lost: eth0 is down; cure: ifup eth0\n", "by its file, if it has one");
}

static void test_steps(void)
{
	step.end = STEP_NOWHERE;
	rule.action = ACTION_GOTO;
	rule.target = 90;
	says("goto 90: matches, but there is no such\n               rule\n",
		"a rule that leads to none");
	rule.l3mdev = true;
	step.end = STEP_VRF;
	says("no, it is in no VRF\n", "a rule for VRFs");
}

static void test_neighbour(void)
{
	struct neighbour asked = {.device = "eth0", .state = NEIGHBOUR_INCOMPLETE};

	asked.address = hop.gateway;
	kernel.neighbours.items = &asked;
	kernel.neighbours.n = 1;
	says("192.168.2.1 on eth0 is being asked for (INCOMPLETE)\n", "who has not answered yet");
	facts.neighbourless = true;
	says("192.168.2.1 on eth0 needs no link-layer address\n", "and who need not");
	memset(&kernel, 0, sizeof(kernel));
}

static void test_reply(void)
{
	verdict(VERDICT_RIGHT, "a reply by the NIC that holds the address is right");
	by_eth1();
	verdict(VERDICT_ASTRAY, "one by another is astray");
	by_eth1();
	facts.gateway = false;
	verdict(VERDICT_NO_GATEWAY, "unless the NIC has no gateway");
	by_eth1();
	facts.leaves.gateway.family = hop.gateway.family = 0;
	route.dst = address("192.0.2.0/24");
	verdict(VERDICT_BEHIND, "or the remote host is in the other's network");
	by_eth1();
	facts.leaves.gateway.family = hop.gateway.family = 0;
	route.dst = address("192.0.2.0/24");
	facts.service.planned = true;
	verdict(VERDICT_ASTRAY, "which does not count for an uplink");
	strcpy(facts.leaves.device, "eth1");
	verdict(VERDICT_ASTRAY, "the kernel's word counts, not the walk's");
	strcpy(facts.leaves.device, "eth1");
	says("6 kernel     DIFFERS: via 192.168.2.1 dev eth1. It is right, and the steps above\n"
	     "             have missed something\n",
		"and the difference is told");
	route.hops = (struct hop[]){hop, hop};
	route.n = 2;
	says("6 kernel     agrees: via 192.168.2.1 dev eth0, one of several next hops: other\n",
		"and that there were several next hops");
	facts.leaves.error = ENETUNREACH;
	says("5 kernel     DIFFERS: Network is unreachable.", "so it is where it has no route");
}

static void test_cures(void)
{
	struct route taken = {.table = 100};

	kernel.routes.items = &taken;
	kernel.routes.n = 1;
	by_eth1();
	says("; cure: ip route add default via GATEWAY dev eth0 table 101; "
	     "ip rule add from 192.168.2.99 table 101\n",
		"where there are no files, what to type, with a table that is free");
	memset(&kernel, 0, sizeof(kernel));
	by_eth1();
	facts.service = (struct service){.file = "ifcfg-eth0", .has_gateway = true};
	facts.service.planned = true;
	facts.service.state = STATE_EDITED;
	says("; cure: ifdown eth0; ifup eth0\n", "an edited file waits for its ifup");
	by_eth1();
	facts.service = (struct service){.file = "ifcfg-eth0", .has_gateway = true};
	says("; cure: MULTIHOME=yes in /etc/sysconfig/multihome, then multihome sync\n",
		"the host may be switched off");
	by_eth1();
	facts.service =
		(struct service){.file = "ifcfg-eth0", .has_gateway = true, .host_enabled = true};
	says("; cure: TABLE=100 in ifcfg-eth0, then multihome sync\n",
		"or it is the only uplink, and is served if it asks for it");
	by_eth1();
	facts.service = (struct service){.file = "ifcfg-eth0", .has_gateway = true};
	facts.service.planned = true;
	facts.service.state = STATE_DOWN;
	says("; cure: ifup eth0\n", "or waits for its first ifup");
	by_eth1();
	facts.service = (struct service){.file = "ifcfg-eth0", .off = true};
	says("; cure: without MULTIHOME=no in ifcfg-eth0, multihome sync\n", "or the NIC alone");
	facts.filter.own = 1;
	by_eth1();
	facts.arrives.error = EXDEV;
	facts.service = (struct service){.file = "ifcfg-eth0", .has_gateway = true};
	facts.service.planned = true;
	says("; cure: RP_FILTER=loose in ifcfg-eth0, then multihome sync\n",
		"where all is in place the filter is to be loosened");
}

int main(void)
{
	reset();
	test_filter();
	test_arrival();
	test_down();
	test_steps();
	test_neighbour();
	test_reply();
	test_cures();
	return tap_done();
}
