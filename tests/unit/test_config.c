/* SPDX-License-Identifier: MIT
 * The configuration: which files are uplinks, and which file an argument means.
 */
#include "conf/config.h"
#include "tap.h"

static struct sources sources;
static struct links links;
static struct config config;
static struct diags diags;

static void add_ifcfg(const char *name, const char *text)
{
	struct file *file = array_add(&sources.ifcfg);

	file->name = mem_string(name);
	file->path = mem_string(name);
	file->bytes = mem_string(text);
	file->len = strlen(text);
}

static void set_file(struct file *file, const char *path, const char *text)
{
	free(file->name);
	free(file->path);
	free(file->bytes);
	file->name = mem_string(path);
	file->path = mem_string(path);
	file->bytes = mem_string(text);
	file->len = strlen(text);
}

static void add_link(const char *name, const char *mac)
{
	struct link *link = array_add(&links);

	strcpy(link->name, name);
	strcpy(link->mac, mac);
}

static void release(void)
{
	config_free(&config);
	sources_free(&sources);
	diags_free(&diags);
	free(links.items);
	memset(&links, 0, sizeof(links));
}

static void reset(void)
{
	release();
	set_file(&sources.defaults, "multihome", "");
	set_file(&sources.network, "network", "NETWORKING=yes\n");
}

static int build(void)
{
	return config_build(&sources, &links, &config, &diags);
}

/* "eth0 192.168.2.99/24 192.168.2.1 0; …": what came out, as one string. */
static char *uplinks_text(void)
{
	struct text out = {0};
	char text[PREFIX_TEXT];
	size_t i, k;

	text_add_string(&out, "");
	for (i = 0; i < config.uplinks.n; i++) {
		const struct uplink *uplink = &config.uplinks.items[i];

		text_format(&out, "%s%s", i ? "; " : "", uplink->device);
		for (k = 0; k < uplink->addresses.n; k++)
			text_format(&out, " %s/%d",
				prefix_format_address(&uplink->addresses.items[k], text),
				uplink->addresses.items[k].len);
		text_format(&out, " %s", prefix_format_address(&uplink->gateway, text));
		text_format(&out, "%s%s", uplink->refused ? " refused" : "",
			uplink->fallback ? "" : " alone");
	}
	return out.bytes;
}

/* One file eth0 with these lines. */
static void check(const char *lines, const char *want, const char *name)
{
	char *got;

	reset();
	add_ifcfg("ifcfg-eth0", lines);
	build();
	got = uplinks_text();
	is(got, want, name);
	free(got);
}

static void test_addresses(void)
{
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "eth0 10.1.2.3/8 10.1.2.1",
		"without mask or prefix the class decides");
	check("IPADDR=10.1.2.3\nNETMASK=255.255.0.0\nPREFIX=24\nGATEWAY=10.1.2.1\n",
		"eth0 10.1.2.3/24 10.1.2.1", "PREFIX comes before NETMASK");
	check("IPADDR0=10.1.2.3\nPREFIX0=24\nIPADDR1=10.1.3.3\nNETMASK1=255.255.255.0\n"
	      "IPADDR2=10.1.4.3\nPREFIX2=24\nGATEWAY=10.1.2.1\n",
		"eth0 10.1.2.3/24 10.1.3.3/24 10.1.4.3/24 10.1.2.1",
		"IPADDRn with PREFIXn, NETMASKn");
	check("IPADDR=10.1.2.3\nPREFIX=24\nIPADDR2=10.1.4.3\nPREFIX2=24\nIPADDR4=10.1.5.3\n"
	      "GATEWAY=10.1.2.1\n",
		"eth0 10.1.2.3/24 10.1.4.3/24 10.1.2.1", "a gap after IPADDR2 ends the list");
	check("IPADDR=' 10.1.2.3 '\nPREFIX=24\nGATEWAY=\"10.1.2.1 \"\n",
		"eth0 10.1.2.3/24 10.1.2.1", "blanks within quotes are cut off");
}

static void test_range(void)
{
	char *got;

	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	add_ifcfg("ifcfg-eth0-range0", "IPADDR_START=10.1.2.5\nIPADDR_END=10.1.2.6\nPREFIX=24\n");
	add_ifcfg("ifcfg-eth0-range1", "IPADDR_START=10.1.2.9\nCLONENUM_START=4\n");
	build();
	got = uplinks_text();
	is(got, "eth0 10.1.2.3/24 10.1.2.5/24 10.1.2.6/24 10.1.2.1",
		"a range has a first and a last address, or none");
	free(got);
	ok(!diags.n, "and nothing is said");
}

static void test_no_uplink(void)
{
	check("IPADDR=10.1.2.3\nPREFIX=24\n", "", "no GATEWAY, no uplink");
	check("GATEWAY=10.1.2.1\n", "", "no address, no uplink");
	check("IPADDR=10.1.2.3\nGATEWAY=none\n", "", "GATEWAY=none is none");
	check("IPADDR=10.1.2.3\nGATEWAY=0.0.0.0\n", "", "GATEWAY=0.0.0.0 is none");
	check("IPADDR=10.1.2.3\nGATEWAY=\n", "", "an empty GATEWAY is none");
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nMULTIHOME=no\n", "", "MULTIHOME=no");
	ok(config.others == 1, "but it may hold the default route");
	check("BOOTPROTO=dhcp\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "", "DHCP: not this way");
	check("SLAVE=yes\nMASTER=bond0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "", "a bond's slave");
	check("BRIDGE=br0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "", "a bridge's port");
	check("DEVICE=lo\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "", "lo");
	check("IPADDR=10.1\nPREFIX=99\n", "", "what is wrong without a gateway is not ours to say");
	ok(!diags.n, "and it is not said");
}

static void test_fallback(void)
{
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nMETRIC=5\n", "eth0 10.1.2.3/8 10.1.2.1 alone",
		"METRIC: initscripts keep the default");
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nDEFROUTE=no\n", "eth0 10.1.2.3/8 10.1.2.1 alone",
		"DEFROUTE=no");
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nFALLBACK=no\n", "eth0 10.1.2.3/8 10.1.2.1 alone",
		"FALLBACK=no");
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nFALLBACK=maybe\n",
		"eth0 10.1.2.3/8 10.1.2.1 refused alone", "FALLBACK=maybe is refused");
}

static void test_refusals(void)
{
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2\n", "eth0 10.1.2.3/8 none refused",
		"GATEWAY=10.1.2");
	is(diags.items[0].text,
		"ifcfg-eth0:2: GATEWAY=10.1.2 is no IPv4 address of a router; "
		"expected four numbers like 192.168.2.1",
		"file, line, expectation");
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nMULTIHOME=x\n",
		"eth0 10.1.2.3/8 10.1.2.1 refused", "MULTIHOME=x is no reason to drop the uplink");
	check("IPADDR=10.1.2.3\nGATEWAY=\"10.1.2\n.1\"\n", "eth0 10.1.2.3/8 none refused",
		"a value with a newline");
	ok(!strchr(diags.items[0].text, '\n'), "is still one line of message");
	reset();
	add_ifcfg("ifcfg-eth0\n\033[2J", "IPADDR=10.1.2.3\nGATEWAY=x\n");
	build();
	ok(!strpbrk(diags.items[0].text, "\n\033"), "and so is a file's name with a newline");
	reset();
	set_file(&sources.network, "network", "GATEWAY=x\n");
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\n");
	add_ifcfg("ifcfg-eth1", "IPADDR=10.2.2.3\n");
	build();
	ok(diags.n == 1 && !strncmp(diags.items[0].text, "network:1: ", 11),
		"what is wrong in network is said once, for network");
	reset();
	set_file(&sources.defaults, "multihome", "RULE_PRIORITY=5\n");
	ok(build() == -1, "the host's defaults are refused as a whole");
}

/* The table that TABLE=isp1 is by these lines of rt_tables; 0: it is refused. */
static unsigned named_table(const char *lines)
{
	reset();
	set_file(array_add(&sources.tables), "rt_tables", lines);
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nTABLE=isp1\n");
	build();
	return config.uplinks.items[0].refused ? 0 : config.uplinks.items[0].table;
}

static void test_table_names(void)
{
	ok(named_table("# x\n\n 120\tisp1 # x\n") == 120, "a table is known by its name");
	ok(named_table("0x78 isp1\n") == 120, "0x begins a hexadecimal number");
	ok(named_table("0120 isp1\n") == 120, "a zero begins no octal one");
	ok(named_table("120 isp1#x\n") == 120, "a comment may follow without a blank");
	ok(named_table("120 isp1\r\n") == 120, "a line may end as in DOS");
	ok(!named_table("120\nisp1\n"), "number and name are of one line");
	ok(!named_table("120x isp1\n"), "what is no number has no name");
	ok(!named_table("-4294967176 isp1\n"), "a negative number is none");
	ok(!named_table("4294967416 isp1\n"), "a number beyond 32 bits is none");
	ok(!named_table("99999999999999999999 isp1\n"), "nor one beyond 64 bits");
	ok(!named_table("120 #isp1\n") && !named_table("#120 isp1\n"),
		"what a comment names is no table");
}

static void test_inherited_gateway(void)
{
	char *got;

	reset();
	set_file(&sources.network, "network", "GATEWAY=10.2.0.1\n");
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=16\n");
	add_ifcfg("ifcfg-eth1", "IPADDR=10.2.2.3\nPREFIX=16\n");
	build();
	got = uplinks_text();
	is(got, "eth1 10.2.2.3/16 10.2.0.1",
		"network's GATEWAY is for the NIC in whose net it lies");
	free(got);
	ok(!diags.n, "silently");
}

static void test_profiles(void)
{
	char *got;

	reset();
	add_link("eth0", "52:54:00:00:00:01");
	add_link("eth1", "52:54:00:00:00:02");
	add_ifcfg("ifcfg-a", "DEVICE=eth0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n");
	add_ifcfg("ifcfg-b", "DEVICE=eth0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.2\n");
	build();
	got = uplinks_text();
	is(got, "eth0 10.1.2.3/8 10.1.2.1", "of two profiles with one address the first is used");
	free(got);
	ok(diags.n == 1 && !diags.refusals, "and it is said");
}

static void check_two6(const char *first, const char *second, const char *want, const char *name)
{
	char *got;

	reset();
	add_link("eth0", "52:54:00:00:00:01");
	add_link("eth1", "52:54:00:00:00:02");
	add_ifcfg("ifcfg-a", first);
	add_ifcfg("ifcfg-b", second);
	build();
	got = uplinks_text();
	is(got, want, name);
	free(got);
}

static void test_profiles6(void)
{
	check_two6(
		"DEVICE=eth0\nIPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\nIPV6_DEFAULTGW=fe80::1%eth0\n",
		"DEVICE=eth0\nIPV6INIT=yes\nIPV6ADDR=2001:db8:3::99/64\nIPV6_DEFAULTGW=fe80::2%eth0\n",
		"eth0 2001:db8:2::99/64 fe80::1",
		"of two profiles of one device the first is used for IPv6");
	check_two6("DEVICE=eth0\nTABLE=7\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n",
		"DEVICE=eth1\nTABLE=7\nIPV6INIT=yes\nIPV6ADDR=2001:db8:3::99/64\n"
		"IPV6_DEFAULTGW=fe80::2%eth1\n",
		"eth0 10.1.2.3/8 10.1.2.1; eth1 2001:db8:3::99/64 fe80::2 refused",
		"a table is one file's, also if the other has IPv6 only");
	is(diags.items[0].text,
		"ifcfg-b:2: TABLE=7 is already that of ifcfg-a; expected a table of this uplink "
		"alone",
		"and the message names the file");
}

static const char *found(const char *argument)
{
	const struct profile *profile = config_find_profile(&config, &links, argument);

	return profile ? profile->file->name : NULL;
}

static void test_need_config(void)
{
	reset();
	add_link("eth7", "52:54:00:00:00:07");
	add_ifcfg("ifcfg-eth0", "DEVICE=eth0\n");
	add_ifcfg("ifcfg-office", "DEVICE=eth1\n");
	add_ifcfg("ifcfg-named", "DEVICE=eth2\nNAME=\"System lab\"\n");
	add_ifcfg("ifcfg-mac", "HWADDR=52:54:00:00:00:07\n");
	add_ifcfg("ifcfg-eth0:1", "IPADDR=10.9.0.1\n");
	build();
	is(found("ifcfg-eth0"), "ifcfg-eth0", "by the file's name");
	is(found("eth0"), "ifcfg-eth0", "by what follows ifcfg-");
	is(found("/etc/sysconfig/network-scripts/ifcfg-eth0"), "ifcfg-eth0", "by its path");
	is(found("eth1"), "ifcfg-office", "by DEVICE=");
	is(found("lab"), "ifcfg-named", "by NAME=");
	is(found("eth7"), "ifcfg-mac", "by HWADDR=");
	is(found("eth0:1"), "ifcfg-eth0:1", "an alias by its own file");
	is(found("eth0:9"), "ifcfg-eth0", "an alias of a range by its parent's");
	is(found("eth9"), NULL, "an unknown device by none");
	is(found("/"), NULL, "a slash by none");
}

static void test_ignored(void)
{
	static const char *const ignored[] = {"ifcfg-eth0~", "ifcfg-eth0.bak", "ifcfg-eth0.orig",
		"ifcfg-eth0.rpmnew", "ifcfg-eth0.rpmorig", "ifcfg-eth0.rpmsave"};
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		ok(file_ignored(ignored[i]), "%s is ignored", ignored[i]);
	ok(!file_ignored("ifcfg-eth0"), "ifcfg-eth0 is not");
	ok(!file_ignored("ifcfg-bak"), "nor is ifcfg-bak");
}

/* eth0 with these lines, under initscripts of EL6 and with network's lines. */
static void check6(const char *network, const char *lines, const char *want, const char *name)
{
	char *got;

	reset();
	set_file(&sources.network, "network", network);
	set_file(&sources.ifup_ipv6, "ifup-ipv6", "[ \"$IPV6INIT\" = \"yes\" ] || exit 0\n");
	add_ifcfg("ifcfg-eth0", lines);
	build();
	got = uplinks_text();
	is(got, want, name);
	free(got);
}

static void test_inet6(void)
{
	static const char way[] = "eth0 2001:db8:2::99/64 2001:db8:2::1";

	check6("", "IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99\nIPV6_DEFAULTGW=2001:db8:2::1\n", way,
		"an IPv6 address without a length has 64 bits");
	check6("", "IPV6ADDR=2001:db8:2::99\nIPV6_DEFAULTGW=2001:db8:2::1\n", "",
		"without IPV6INIT EL6 leaves it alone");
	check("IPV6ADDR=2001:db8:2::99\nIPV6_DEFAULTGW=2001:db8:2::1\n", way, "EL7 does not");
	check("IPV6INIT=no\nIPV6ADDR=2001:db8:2::99\nIPV6_DEFAULTGW=2001:db8:2::1\n", "",
		"but IPV6INIT=no is no");
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nTABLE=7\nIPV6ADDR=2001:db8:2::99\n"
	      "IPV6_DEFAULTGW=2001:db8:2::1\n",
		"eth0 10.1.2.3/8 10.1.2.1; eth0 2001:db8:2::99/64 2001:db8:2::1",
		"a file gives a way out in each family, by one table");
	ok(!diags.n, "and nothing is said of it");
	check("BOOTPROTO=dhcp\nIPV6ADDR=2001:db8:2::99/64\nIPV6_DEFAULTGW=2001:db8:2::1\n", way,
		"DHCP is no matter of IPv6");
	check("IPV6ADDR=2001:db8:2::99/64\n"
	      "IPV6ADDR_SECONDARIES=' 2001:db8:2::98/64  fe80::9/64\t2001:db8:3::1/48 '\n"
	      "IPV6_DEFAULTGW=fe80::1%eth0\n",
		"eth0 2001:db8:2::99/64 2001:db8:2::98/64 2001:db8:3::1/48 fe80::1",
		"secondary addresses, but for the link's own");
	check6("IPV6_DEFAULTGW=fe80::1\nIPV6_DEFAULTDEV=eth0\n",
		"IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\n", "eth0 2001:db8:2::99/64 fe80::1",
		"IPV6_DEFAULTDEV of network");
	check6("IPV6_DEFAULTGW=fe80::1%eth0\nIPV6_DEFAULTDEV=eth1\n",
		"IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\n", "eth0 2001:db8:2::99/64 fe80::1",
		"the device in the address comes first");
	check6("IPV6_DEFAULTGW=2001:db8:9::1\n", "IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\n", "",
		"network's gateway is for the NIC in whose net it lies");
	check6("IPV6_DEFAULTGW=fe80::1%eth1\n", "IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\n", "",
		"a gateway by another device is another's");
	ok(config.waiting.n == 1, "but a router may advertise itself");
	check("IPV6_AUTOCONF=no\nIPV6ADDR=2001:db8:2::99/64\n", "", "IPV6_AUTOCONF=no");
	ok(!config.waiting.n, "then none may");
	check("IPV6FORWARDING=yes\nIPV6ADDR=2001:db8:2::99/64\n", "", "IPV6FORWARDING=yes");
	ok(!config.waiting.n, "nor to a router");
	check("IPV6ADDR=2001:db8::x\n", "", "what is wrong without a gateway is not ours to say");
	ok(!diags.n, "and it is not said");
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nIPV6ADDR=x\nIPV6_DEFAULTGW=fe80::1%eth0\n",
		"eth0 10.1.2.3/8 10.1.2.1 refused; eth0 fe80::1 refused",
		"a file is refused in both families");
	check("IPADDR=10.1.2.3\nGATEWAY=x\n", "eth0 10.1.2.3/8 none refused",
		"in which it speaks of a gateway");
	check("IPV6ADDR=2001:db8:2::99/64\nIPV6_DEFAULTGW=2001:db8:2::99\n",
		"eth0 2001:db8:2::99/64 2001:db8:2::99 refused", "one's own address is no gateway");
	is(diags.items[0].text,
		"ifcfg-eth0:2: IPV6_DEFAULTGW=2001:db8:2::99 is the host's own address; "
		"expected the router's",
		"file, line, expectation");
}

int main(void)
{
	test_addresses();
	test_range();
	test_no_uplink();
	test_fallback();
	test_refusals();
	test_table_names();
	test_inherited_gateway();
	test_profiles();
	test_profiles6();
	test_inet6();
	test_need_config();
	test_ignored();
	release();
	return tap_done();
}
