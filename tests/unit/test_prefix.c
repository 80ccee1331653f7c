/* SPDX-License-Identifier: MIT
 * Prefixes, addresses, device names.
 */
#include <sys/socket.h>

#include "base/prefix.h"
#include "tap.h"

static struct prefix make(const char *text)
{
	struct prefix prefix = {0};

	prefix_parse(text, AF_INET, &prefix);
	return prefix;
}

static void test_parse(void)
{
	static const char *const bad[] = {"", "10.0.0", "10.0.0.0.0", "10.0.0.256", "10.0.0.0/33",
		"10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "default", "10.0.0.0 ", "::1"};
	struct prefix prefix;
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(prefix_parse(bad[i], AF_INET, &prefix), "'%s' is no IPv4 prefix", bad[i]);
	prefix = make("10.1.2.3/8");
	is(prefix_format(&prefix, text), "10.1.2.3/8", "host bits are kept");
	prefix = prefix_network(&prefix);
	is(prefix_format(&prefix, text), "10.0.0.0/8", "a network has none");
	prefix = make("0.0.0.0/0");
	is(prefix_format(&prefix, text), "default", "length 0 is called default");
	prefix = make("10.1.2.3");
	is(prefix_format(&prefix, text), "10.1.2.3", "a whole address goes without its length");
	ok(!prefix_parse("2001:db8::/32", AF_INET6, &prefix), "IPv6 is read too");
	is(prefix_format(&prefix, text), "2001:db8::/32", "and written");
}

static void test_netmask(void)
{
	ok(prefix_parse_netmask("255.255.255.0") == 24, "255.255.255.0 is 24");
	ok(prefix_parse_netmask("255.255.255.255") == 32, "255.255.255.255 is 32");
	ok(prefix_parse_netmask("0.0.0.0") == 0, "0.0.0.0 is 0");
	ok(prefix_parse_netmask("128.0.0.0") == 1, "128.0.0.0 is 1");
	ok(prefix_parse_netmask("255.0.255.0") == -1, "a mask has no holes");
	ok(prefix_parse_netmask("24") == -1, "a length is no mask");
}

static void test_class(void)
{
	struct prefix a = make("126.0.0.1"), b = make("128.0.0.1"), c = make("192.0.0.1");

	ok(prefix_class_length(&a) == 8, "class A has 8 bits");
	ok(prefix_class_length(&b) == 16, "class B has 16 bits");
	ok(prefix_class_length(&c) == 24, "class C has 24 bits");
}

static void test_contains(void)
{
	struct prefix net = make("192.168.2.128/25"), in = make("192.168.2.200"),
		      out = make("192.168.2.100"), all = make("0.0.0.0/0");

	ok(prefix_contains(&net, &in), "an address within");
	ok(!prefix_contains(&net, &out), "an address without");
	ok(prefix_contains(&all, &out), "length 0 holds every address");
	net = make("10.64.0.0/10");
	in = make("10.127.255.255");
	out = make("10.128.0.0");
	ok(prefix_contains(&net, &in) && !prefix_contains(&net, &out),
		"a length within a byte holds the addresses up to its last");
	net = make("10.127.255.255/10");
	net = prefix_network(&net);
	ok(net.bytes[1] == 64 && !net.bytes[2] && !net.bytes[3],
		"and its network keeps the byte's first bits");
	net = make("10.0.0.0/8");
	ok(!prefix_contains(&net, &all) && prefix_contains(&net, &net),
		"a network holds its own address, none of another");
	in = make("192.168.2.200");
	out = make("192.168.2.100");
	ok(prefix_compare(&in, &out) > 0, "addresses are ordered by their numbers");
	ok(prefix_compare(&net, &net) == 0, "a prefix is equal to itself");
}

static void test_unicast(void)
{
	static const char *const bad[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"};
	struct prefix prefix = make("10.0.0.1");
	size_t i;

	ok(prefix_is_unicast(&prefix), "10.0.0.1 can be a gateway");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		prefix = make(bad[i]);
		ok(!prefix_is_unicast(&prefix), "%s cannot be a gateway", bad[i]);
	}
}

static void test_inet6(void)
{
	static const char *const bad[] = {"::", "::1", "ff02::1"};
	struct prefix prefix;
	size_t i;

	prefix_parse("fe80::1", AF_INET6, &prefix);
	ok(prefix_is_unicast(&prefix), "fe80::1 can be a gateway");
	ok(prefix_is_link_local(&prefix), "and is link-local");
	prefix_parse("fec0::1", AF_INET6, &prefix);
	ok(!prefix_is_link_local(&prefix), "fec0::1 is not");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		prefix_parse(bad[i], AF_INET6, &prefix);
		ok(!prefix_is_unicast(&prefix), "%s cannot be a gateway", bad[i]);
	}
	prefix = make("254.128.0.1");
	ok(!prefix_is_link_local(&prefix), "no IPv4 address is link-local");
}

static void test_device(void)
{
	static const char *const good[] = {
		"eth0", "eth0.5", "vlan5", "bond0", "br-lan", "enp0s3", "abcdefghijklmno"};
	static const char *const bad[] = {"", "abcdefghijklmnop", "eth/0", "eth 0", "eth*", "-all",
		".", "..", "eth0;id", "eth0\n"};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(device_valid(good[i]), "'%s' is a device's name", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!device_valid(bad[i]), "name %d of the bad ones is refused", (int)i);
}

int main(void)
{
	test_parse();
	test_netmask();
	test_class();
	test_contains();
	test_unicast();
	test_inet6();
	test_device();
	return tap_done();
}
