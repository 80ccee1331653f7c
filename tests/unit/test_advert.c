/* SPDX-License-Identifier: MIT
 * What routers advertise: which of it completes an uplink, and what is remembered.
 */
#include <sys/socket.h>

#include "plan/advert.h"
#include "plan/plan.h"
#include "tap.h"

static struct config config;
static struct kernel kernel;
static struct sources sources;

static void reset(void)
{
	struct link *link;

	config_free(&config);
	kernel_free(&kernel);
	sources_free(&sources);
	strcpy(array_add(&config.waiting)->device, "eth0");
	config.waiting.items[0].inet6 = true;
	config.waiting.items[0].advertised = true;
	link = array_add(&kernel.links);
	strcpy(link->name, "eth0");
	link->up = link->inet6 = true;
}

static void see_address(const char *text, const char *device, bool dynamic)
{
	struct address *address = array_add(&kernel.addresses);

	prefix_parse(text, AF_INET6, &address->prefix);
	strcpy(address->device, device);
	address->dynamic = dynamic;
}

static void see_router(
	const char *gateway, const char *device, unsigned metric, signed char preference)
{
	struct route *route = array_add(&kernel.routes);

	route->dst.family = AF_INET6;
	prefix_parse_address(gateway, AF_INET6, &route->gateway);
	strcpy(route->device, device);
	route->table = TABLE_MAIN;
	route->protocol = PROTO_RA;
	route->metric = metric;
	route->preference = preference;
}

static void keep_file(const char *name, const char *text)
{
	struct file *file = array_add(&sources.managed);

	file->name = mem_string(name);
	file->path = mem_string(name);
	file->bytes = mem_string(text);
	file->len = strlen(text);
}

/* "2001:db8::99/64 fe80::1", or "" if there is no uplink. */
static void check_uplink(const char *want, const char *name)
{
	struct text out = {0};
	char text[PREFIX_TEXT];
	size_t i;

	text_add_string(&out, "");
	for (i = 0; config.uplinks.n && i < config.uplinks.items[0].addresses.n; i++)
		text_format(&out, "%s ",
			prefix_format(&config.uplinks.items[0].addresses.items[i], text));
	if (config.uplinks.n)
		text_add_string(
			&out, prefix_format_address(&config.uplinks.items[0].gateway, text));
	is(out.bytes, want, name);
	text_free(&out);
}

static void hears(const char *want, const char *name)
{
	advert_learn(&config, &sources, &kernel);
	check_uplink(want, name);
}

static void test_heard(void)
{
	reset();
	hears("", "nothing heard, no uplink");
	reset();
	see_address("2001:db8::99/64", "eth0", true);
	hears("", "an address without a router is no way out");
	reset();
	see_router("fe80::1", "eth0", 1024, 0);
	hears("", "nor is a router without an address");
	reset();
	see_address("2001:db8::99/64", "eth0", true);
	see_address("200::1/0", "eth0", false);
	see_router("fe80::1", "eth0", 1024, 0);
	hears("2001:db8::99/64 200::1 fe80::1", "an address with all for its network is one alone");
	reset();
	see_address("fe80::99/64", "eth0", false);
	see_address("2001:db8::99/64", "eth0", true);
	see_address("2001:db8:1::99/64", "eth1", true);
	see_router("fe80::2", "eth1", 1024, 0);
	see_router("fe80::1", "eth0", 1024, 0);
	hears("2001:db8::99/64 fe80::1", "the device's own addresses and router");
	reset();
	see_address("2001:db8::99/64", "eth0", true);
	see_router("fe80::1", "eth0", 1024, -1);
	see_router("fe80::2", "eth0", 1024, 1);
	see_router("fe80::3", "eth0", 1024, 0);
	hears("2001:db8::99/64 fe80::2", "of several routers the one of highest preference");
	reset();
	see_address("2001:db8::99/64", "eth0", true);
	see_router("fe80::1", "eth0", 1024, 0);
	kernel.routes.items[0].protocol = 4;
	hears("", "a default route by hand is no advertisement");
	reset();
	see_address("2001:db8::99/64", "eth0", true);
	see_router("fe80::1", "eth0", 1024, 0);
	kernel.links.items[0].inet6 = false;
	hears("", "a device without IPv6 is none of an uplink's");
}

static const char block[] = "# BEGIN multihome eth0\n"
			    "2001:db8::/64 dev eth0 metric 1024 table 100 proto 109\n"
			    "default via fe80::1 dev eth0 metric 1024 table 100 proto 109\n"
			    "# END multihome eth0\n";

static void test_remembered(void)
{
	reset();
	keep_file("route6-eth0", block);
	hears("2001:db8::/64 fe80::1", "until a router is heard, the block's holds");
	ok(config.uplinks.items[0].remembered, "and it is known as such");
	reset();
	keep_file("route6-eth0",
		"# BEGIN multihome eth0\n2001:db8::5/64 dev eth0 table 100 proto 109\n"
		"default via fe80::1 dev eth0 table 100 proto 109\n# END multihome eth0\n");
	hears("2001:db8::/64 fe80::1", "a network with the bits of a host is still the network");
	reset();
	keep_file("route6-eth0", block);
	see_address("2001:db8::98/64", "eth0", false);
	hears("2001:db8::98/64 fe80::1", "with an address of one's own the router alone");
	reset();
	keep_file("route6-eth0", block);
	see_address("2001:db8::99/64", "eth0", true);
	hears("", "a router that has withdrawn is not remembered");
	reset();
	keep_file("route6-eth1", block);
	hears("", "nor is that of another device");
	reset();
	keep_file("route6-eth0", "2001:db8::/64 dev eth0 table 100 proto 109\n");
	hears("", "nor what the administrator wrote");
}

/* The plan changes a file to this; NULL: removes it. */
static void forgets(const char *file, const char *bytes, const char *want, const char *name)
{
	struct changes changes = {0};
	struct change *change = array_add(&changes);
	bool forgot;

	change->name = mem_string(file);
	change->bytes = bytes ? mem_string(bytes) : NULL;
	change->len = bytes ? strlen(bytes) : 0;
	advert_learn(&config, &sources, &kernel);
	forgot = advert_forget(&config, &changes);
	check_uplink(want, name);
	ok(!forgot || !advert_forget(&config, &changes), "once and for all");
	free(change->name);
	free(change->bytes);
	free(changes.items);
}

static void test_forgotten(void)
{
	static const char moved[] = "# BEGIN multihome eth0\n"
				    "2001:db8::/64 dev eth0 metric 1024 table 105 proto 109\n"
				    "default via fe80::1 dev eth0 metric 1024 table 105 proto 109\n"
				    "# END multihome eth0\n";
	static const char no_default[] = "# BEGIN multihome eth0\n"
					 "2001:db8::/64 dev eth0 table 100 proto 109\n"
					 "# END multihome eth0\n"
					 "default via fe80::1 dev eth0 table 100\n";
	static const char no_net[] = "# BEGIN multihome eth0\n"
				     "default via fe80::1 dev eth0 table 100 proto 109\n"
				     "# END multihome eth0\n";

	reset();
	keep_file("route6-eth0", block);
	forgets("route6-eth0", moved, "2001:db8::/64 fe80::1", "what the block keeps is known on");
	reset();
	keep_file("route6-eth0", block);
	forgets("route6-eth0", NULL, "", "without its block an uplink is forgotten");
	reset();
	keep_file("route6-eth0", block);
	forgets("route6-eth0", no_default, "", "without the router's line too");
	reset();
	keep_file("route6-eth0", block);
	forgets("route6-eth0", no_net, "", "and without the network's");
	reset();
	keep_file("route6-eth0", block);
	forgets("route6-eth1", NULL, "2001:db8::/64 fe80::1", "by its own device's file only");
	reset();
	keep_file("route6-eth0", block);
	forgets("route-eth0", NULL, "2001:db8::/64 fe80::1", "and by that of IPv6");
	reset();
	see_address("2001:db8::98/64", "eth0", false);
	keep_file("route6-eth0", block);
	forgets("route6-eth0", no_net, "2001:db8::98/64 fe80::1", "what is known otherwise stays");
	reset();
	prefix_parse_address("2001:db8:1::1", AF_INET6, &config.waiting.items[0].gateway);
	see_address("2001:db8:1::99/64", "eth0", false);
	keep_file("route6-eth0", block);
	forgets("route6-eth0", no_default, "2001:db8:1::99/64 2001:db8::/64 2001:db8:1::1",
		"a gateway of one's own needs no line");
	reset();
	prefix_parse_address("2001:db8::1", AF_INET6, &config.waiting.items[0].gateway);
	see_address("2001:db8:1::99/64", "eth0", false);
	keep_file("route6-eth0", block);
	forgets("route6-eth0", NULL, "2001:db8:1::99/64 2001:db8::1", "nor does an address");
	ok(!config.uplinks.items[0].remembered, "of what stays nothing is from the block");
	ok(config.uplinks.items[0].gateway_outside, "and the gateway lies outside by now");
	reset();
	see_address("2001:db8::99/64", "eth0", true);
	see_router("fe80::1", "eth0", 1024, 0);
	keep_file("route6-eth0", block);
	forgets("route6-eth0", NULL, "2001:db8::99/64 fe80::1", "what is heard is not forgotten");
}

int main(void)
{
	test_heard();
	test_remembered();
	test_forgotten();
	config_free(&config);
	kernel_free(&kernel);
	sources_free(&sources);
	return tap_done();
}
