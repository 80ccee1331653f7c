/* SPDX-License-Identifier: MIT
 * The table of show, and what programs get.
 */
#include <sys/socket.h>

#include "base/grid.h"
#include "judge/show.h"
#include "tap.h"

static struct file file = {.name = (char *)(size_t) "ifcfg-eth0"};
static struct kernel kernel;
static struct sysctls seen;
static struct plan plan;

static struct prefix prefix(const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	struct prefix out = {0};

	if (prefix_parse(text, family, &out))
		ok(false, "%s is an address", text);
	return out;
}

/* addresses: with blanks between. The gateway's default route in main has that metric; none if
 * it is negative. */
static void add(const char *device, const char *addresses, const char *gateway, unsigned table,
	int metric, enum uplink_state state)
{
	struct uplink *uplink = mem_resize(NULL, sizeof(*uplink));
	struct planned *planned = array_add(&plan.uplinks);
	char *list = mem_string(addresses), *rest, *word;
	struct route *route;

	memset(uplink, 0, sizeof(*uplink));
	uplink->file = &file;
	snprintf(uplink->device, sizeof(uplink->device), "%s", device);
	for (word = strtok_r(list, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		*array_add(&uplink->addresses) = prefix(word);
	free(list);
	if (*gateway)
		uplink->gateway = prefix(gateway);
	uplink->inet6 = strchr(gateway, ':') != NULL;
	*planned = (struct planned){.uplink = uplink, .state = state, .table = table};
	if (metric < 0)
		return;
	route = array_add(&kernel.routes);
	route->dst.family = uplink->gateway.family;
	route->table = TABLE_MAIN;
	route->metric = (unsigned)metric;
	route->gateway = uplink->gateway;
	memcpy(route->device, uplink->device, sizeof(route->device));
}

static void filter(const char *device, int value)
{
	struct sysctl *sysctl = array_add(&seen);

	snprintf(sysctl->device, sizeof(sysctl->device), "%s", device);
	sysctl->key = SYSCTL_RP_FILTER;
	sysctl->value = value;
}

static void forget(void)
{
	size_t i;

	for (i = 0; i < plan.uplinks.n; i++) {
		free(plan.uplinks.items[i].uplink->addresses.items);
		free((void *)(size_t)plan.uplinks.items[i].uplink);
	}
	free(plan.uplinks.items);
	free(kernel.routes.items);
	free(seen.items);
	memset(&plan, 0, sizeof(plan));
	memset(&kernel, 0, sizeof(kernel));
	memset(&seen, 0, sizeof(seen));
}

static const struct show_input input = {&plan, &kernel, &seen, false};

static void check_table(const char *want, const char *name)
{
	struct text out = {0};

	show_table(&input, false, &out);
	is(out.bytes, want, name);
	text_free(&out);
}

static void two_nics(void)
{
	filter("all", 0);
	filter("eth0", 1);
	filter("eth1", 2);
	add("eth0", "192.168.2.99/24", "192.168.2.1", 100, 1100, STATE_UP);
	add("eth1", "10.0.0.99/8", "10.0.0.1", 101, 0, STATE_EDITED);
}

static void test_two_nics(void)
{
	struct text out = {0};

	two_nics();
	check_table("DEVICE  ADDRESS          GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE\n"
		    "eth0    192.168.2.99/24  192.168.2.1  100    1100     strict     up\n"
		    "eth1    10.0.0.99/8      10.0.0.1     101    winner   loose      edited\n",
		"columns are as wide as what stands in them");
	show_porcelain(&input, &out);
	is(out.bytes,
		"eth0\t192.168.2.99/24\t192.168.2.1\t100\tup\t1100\tstrict\n"
		"eth1\t10.0.0.99/8\t10.0.0.1\t101\tedited\twinner\tloose\n",
		"for programs: tabs, and no heading");
	out.n = 0;
	show_table(&input, true, &out);
	is(out.bytes,
		"DEVICE  ADDRESS          GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE\n"
		"eth0    192.168.2.99/24  192.168.2.1  100    1100     strict     "
		"\033[32mup\033[0m\n"
		"eth1    10.0.0.99/8      10.0.0.1     101    \033[1mwinner\033[0m   loose      "
		"\033[33medited\033[0m\n",
		"colors do not shift the columns");
	text_free(&out);
	forget();
}

static void test_default(void)
{
	struct route *route;

	two_nics();
	route = array_add(&kernel.routes);
	*route = kernel.routes.items[1];
	route->gateway = prefix("10.0.0.2");
	kernel.routes.items[1].metric = 5;
	check_table("DEVICE  ADDRESS          GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE\n"
		    "eth0    192.168.2.99/24  192.168.2.1  100    1100     strict     up\n"
		    "eth1    10.0.0.99/8      10.0.0.1     101    5        loose      edited\n",
		"a default by another gateway of the NIC is no uplink's");
	kernel.routes.items[2].special = true;
	kernel.routes.items[0].table = 100;
	kernel.routes.items[1].metric = 1101;
	check_table("DEVICE  ADDRESS          GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE\n"
		    "eth0    192.168.2.99/24  192.168.2.1  100    -        strict     up\n"
		    "eth1    10.0.0.99/8      10.0.0.1     101    winner   loose      edited\n",
		"a fallback wins when it is all that is left in main");
	forget();
}

static void test_inet6(void)
{
	filter("all", 1);
	filter("eth0", 0);
	add("eth0", "192.168.2.99/24", "192.168.2.1", 100, 0, STATE_UP);
	add("eth0", "2001:db8:2::99/64", "fe80::1", 100, 1024, STATE_UP);
	add("eth1", "2001:db8:1111:2222:3333:4444:5555:6666/64",
		"2001:db8:1111:2222:3333:4444:5555:1", 101, 2101, STATE_UP);
	check_table("DEVICE  ADDRESS            GATEWAY      TABLE  DEFAULT  RP_FILTER  STATE\n"
		    "eth0    192.168.2.99/24    192.168.2.1  100    winner   strict     up\n"
		    "eth0    2001:db8:2::99/64  fe80::1      100    winner   -          up\n"
		    "eth1    2001:db8:1111:2222:3333:4444:5555:6666/64\n"
		    "                           2001:db8:1111:2222:3333:4444:5555:1\n"
		    "                                        101    2101     -          up\n",
		"a long IPv6 row goes on below, each cell in its column");
	forget();
}

static void test_addresses(void)
{
	add("eth0", "10.0.0.1/8 10.0.0.2/8 10.0.0.3/8 10.0.0.4/8", "10.0.0.254", 100, -1, STATE_UP);
	add("eth1", "10.1.0.1/16 10.1.0.2/16 10.1.0.3/16 10.1.0.4/16 10.1.0.5/16", "10.1.0.254",
		101, -1, STATE_UP);
	check_table("DEVICE  ADDRESS      GATEWAY     TABLE  DEFAULT  RP_FILTER  STATE\n"
		    "eth0    10.0.0.1/8   10.0.0.254  100    -        -          up\n"
		    "        10.0.0.2/8\n"
		    "        10.0.0.3/8\n"
		    "        10.0.0.4/8\n"
		    "eth1    10.1.0.1/16  10.1.0.254  101    -        -          up\n"
		    "        10.1.0.2/16\n"
		    "        10.1.0.3/16\n"
		    "        and 2 more\n",
		"further addresses have lines of their own, and of many only the first are shown");
	forget();
}

static void test_refused(void)
{
	add("", "", "", 0, -1, STATE_REFUSED);
	check_table("DEVICE      ADDRESS  GATEWAY  TABLE  DEFAULT  RP_FILTER  STATE\n"
		    "ifcfg-eth0  -        -        -      -        -          refused\n",
		"an uplink without a device is told by its file");
	forget();
}

static size_t longest_line(const char *text)
{
	size_t longest = 0, n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n > longest)
			longest = n;
	}
	return longest;
}

/* Each row alone, and all of them together, since they share their columns' widths. */
static void test_width(void)
{
	static const char *const devices[] = {"br0", "enp0s31f6", "enp129s0f1np1ab"};
	static const char *const addresses[] = {
		"10.0.0.99/8", "192.168.100.100/24", "2001:db8:1111:2222:3333:4444:5555:6666/128"};
	static const char *const gateways[] = {
		"10.0.0.1", "192.168.100.254", "2001:db8:1111:2222:3333:4444:5555:7777"};
	struct text out = {0};
	size_t longest = 0, i;
	int together;

	for (together = 0; together <= 1; together++) {
		for (i = 0; i < 27; i++, out.n = 0) {
			add(devices[i / 9], addresses[i / 3 % 3], gateways[i % 3], 4294967295u,
				2147483647, STATE_BY_HAND);
			show_table(&input, false, &out);
			if (longest_line(out.bytes) > longest)
				longest = longest_line(out.bytes);
			if (!together)
				forget();
		}
		ok(longest <= 80, "no line is longer than 80 characters (%d)", together);
	}
	text_free(&out);
	forget();
}

static void check_filter(int all, int own, bool needs_both, int want)
{
	filter("all", all);
	filter("eth0", own);
	ok(sysctl_rp_filter(&seen, "eth0", needs_both) == want, "all %d and eth0 %d%s: %d", all,
		own, needs_both ? " before 2.6.31" : "", want);
	forget();
}

int main(void)
{
	test_two_nics();
	test_default();
	test_inet6();
	test_addresses();
	test_refused();
	test_width();
	check_filter(0, 1, false, 1);
	check_filter(1, 0, false, 1);
	check_filter(1, 2, false, 2);
	check_filter(0, 1, true, 0);
	check_filter(1, 0, true, 0);
	check_filter(1, 1, true, 1);
	return tap_done();
}
