/* SPDX-License-Identifier: MIT
 * The configuration: which files are uplinks, and which file an argument means.
 */
#include <errno.h>
#include <sys/socket.h>

#include "conf/config.h"
#include "conf/profile.h"
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
	free(links.by_name.items);
	free(links.by_number.items);
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

/* Told by the name of the ifcfg file alone; a device may be called so, too. */
static void test_range_names(void)
{
	const struct links none = {.n = 0};
	const struct profile *profile;
	char *got;

	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.2.2.3\nPREFIX=24\nGATEWAY=10.2.2.1\n");
	add_ifcfg("ifcfg-eth0-range0", "IPADDR_START=10.2.2.5\nIPADDR_END=10.2.2.6\nPREFIX=24\n");
	build();
	ok(!config_find_profile(&config, &none, "br7-range1"), "nor is a device called so");
	profile = config_find_profile(&config, &none, "eth0-range0");
	ok(profile && !strcmp(profile->device, "eth0:"), "a range is its NIC's");
	got = uplinks_text();
	is(got, "eth0 10.2.2.3/24 10.2.2.5/24 10.2.2.6/24 10.2.2.1", "and goes by its gateway");
	free(got);
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
	check("DEVICETYPE=TeamPort\nTEAM_MASTER=team0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "",
		"a team's port");
	reset();
	add_link("eth0", "");
	links.items[0].vrf = true;
	links_index(&links);
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n");
	ok(!build() && !config.uplinks.n && !config.others, "what is in a VRF is the VRF's");
	reset();
	add_link("eth0", "");
	links.items[0].dummy = true;
	links_index(&links);
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n");
	ok(!build() && !config.uplinks.n, "nothing is behind a dummy");
	check("DEVICE=dummy0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "", "one that is not there yet");
	check("DEVICE=lo:0\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "", "an alias of lo");
	check("DEVICE=lo\nIPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n", "", "lo");
	check("IPADDR=10.1\nPREFIX=99\n", "", "what is wrong without a gateway is not ours to say");
	ok(!diags.n, "and it is not said");
}

static void test_track(void)
{
	static const char eth0[] = "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n";
	const struct uplink *uplink;
	char lines[256];

	check(eth0, "eth0 10.1.2.3/8 10.1.2.1", "without TRACK=");
	uplink = &config.uplinks.items[0];
	ok(uplink->track == TRACK_GATEWAY, "the gateway is asked for");
	snprintf(lines, sizeof(lines), "%sTRACK=no\nTRACK_IP=192.0.2.1\n", eth0);
	check(lines, "eth0 10.1.2.3/8 10.1.2.1", "TRACK=no");
	ok(config.uplinks.items[0].track == TRACK_NO, "nobody is");
	snprintf(lines, sizeof(lines), "%sTRACK_IP=' 192.0.2.1  2001:db8::1 198.51.100.1'\n", eth0);
	check(lines, "eth0 10.1.2.3/8 10.1.2.1", "TRACK_IP=, of both families");
	uplink = &config.uplinks.items[0];
	ok(uplink->track == TRACK_REMOTES && uplink->remotes[0].bytes[0] == 192 &&
			uplink->remotes[1].bytes[0] == 198 && !uplink->remotes[2].family,
		"IPv4's are this uplink's");
	snprintf(lines, sizeof(lines), "%sTRACK_IP=2001:db8::1\n", eth0);
	check(lines, "eth0 10.1.2.3/8 10.1.2.1", "TRACK_IP= of IPv6 alone");
	ok(config.uplinks.items[0].track == TRACK_GATEWAY, "leaves IPv4's gateway to be asked for");

	snprintf(lines, sizeof(lines), "%sTRACK=ip\n", eth0);
	check(lines, "eth0 10.1.2.3/8 10.1.2.1 refused", "TRACK=ip is refused");
	is(diags.items[0].text, "ifcfg-eth0:3: TRACK=ip: expected gateway or no", "by its line");
	snprintf(lines, sizeof(lines), "%sTRACK_IP=\"192.0.2.1 www.example.org\"\n", eth0);
	check(lines, "eth0 10.1.2.3/8 10.1.2.1 refused", "a name is refused");
	snprintf(lines, sizeof(lines), "%sTRACK_IP=\"192.0.2.1 10.9.9.9\"\n", eth0);
	check(lines, "eth0 10.1.2.3/8 10.1.2.1 refused", "one of the own network is refused");
	is(diags.items[0].text,
		"ifcfg-eth0:3: TRACK_IP: 10.9.9.9 is in the uplink's own network; expected one "
		"behind its gateway",
		"by its line, too");
	snprintf(lines, sizeof(lines),
		"%sTRACK_IP=\"1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 "
		"1.1.1.9\"\n",
		eth0);
	check(lines, "eth0 10.1.2.3/8 10.1.2.1 refused", "nine are too many");
}

static void test_fallback(void)
{
	check("IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nMETRIC=5\n", "eth0 10.1.2.3/8 10.1.2.1",
		"METRIC, with which initscripts keep the default, takes no standby away");
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
		"ifcfg-eth0:2: GATEWAY=10.1.2: expected a router's IPv4 address "
		"like 192.168.2.1",
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
	set_file(&sources.defaults, "multihome", "MULTIHOME=yes\nCONNMARK = yes\nx = y\n");
	ok(build() == -1, "also for blanks about an equals sign");
	ok(diags.n && !strncmp(diags.items[diags.n - 1].text, "multihome:2: CONNMARK: ", 23),
		"which are told of");
}

/* dhclient's folder keeps two NICs from being served, and so is met twice. */
static void test_unread(void)
{
	struct file *folder;
	size_t i;

	reset();
	folder = array_add(&sources.leases);
	set_file(folder, "/var/lib/dhclient", "");
	*folder->name = '\0';
	folder->error = ENOTDIR;
	add_ifcfg("ifcfg-eth0", "BOOTPROTO=dhcp\n");
	add_ifcfg("ifcfg-eth1", "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nTABLE=nix\n");
	add_ifcfg("ifcfg-eth2", "BOOTPROTO=dhcp\n");
	build();
	ok(diags.n == 2 && diags.refusals == 2, "what cannot be read is said once");
	for (i = 0; i < diags.n; i++)
		ok(diags.items[i].failure == (strstr(diags.items[i].text, "read") != NULL),
			"only what cannot be read is a failure: %s", diags.items[i].text);
}

static void test_table_range(void)
{
	static const char *const wrong[] = {
		"100", "100-", "-199", "199-100", "0-9", "100-+199", "100-199x", "1-4294967296"};
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(text, sizeof(text), "TABLE_RANGE=%s\n", wrong[i]);
		reset();
		set_file(&sources.defaults, "multihome", text);
		ok(build() == -1, "TABLE_RANGE=%s", wrong[i]);
	}
	/* All that the room for a value holds. */
	snprintf(text, sizeof(text), "TABLE_RANGE=%0255d\n", 1);
	reset();
	set_file(&sources.defaults, "multihome", text);
	ok(build() == -1, "TABLE_RANGE= of 255 digits");
	reset();
	set_file(&sources.defaults, "multihome", "TABLE_RANGE=120-121\n");
	ok(!build() && config.table_first == 120 && config.table_last == 121, "two numbers");
}

static bool host_takes(const char *line)
{
	char text[300];

	snprintf(text, sizeof(text), "%s\n", line);
	reset();
	set_file(&sources.defaults, "multihome", text);
	return !build();
}

static void test_marks(void)
{
	static const char *const wrong[] = {"MARK_MASK=0", "MARK_MASK=1", "MARK_MASK=0x5",
		"MARK_MASK=0x100000000", "MARK_MASK=-1", "MARK_MASK=all", "CONNMARK=maybe",
		"UDP_PORTS=0", "UDP_PORTS=65536", "UDP_PORTS=6100-6000", "UDP_PORTS=1194,5060",
		"UDP_PORTS=\"1194 openvpn\"", "UDP_PORTS=1194-"};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ok(!host_takes(wrong[i]), "%s", wrong[i]);
	ok(host_takes("MARK_MASK=0xf0") && config.mark_mask == 0xf0, "a mask");
	ok(host_takes("MARK_MASK=0xc0000000") && config.mark_mask == 0xc0000000, "the last bits");
	ok(host_takes("") && config.mark_mask == MARK_MASK && !config.connmark, "nothing");
	ok(host_takes("UDP_PORTS=\"1194 6000-6100\"") && config.udp_ports.n == 2 &&
			config.udp_ports.items[1].first == 6000 &&
			config.udp_ports.items[1].last == 6100,
		"ports");
	ok(host_takes("UDP_PORTS=\"6000-6100 53 6050-6200 54 6001\"") && config.udp_ports.n == 2 &&
			config.udp_ports.items[0].first == 53 &&
			config.udp_ports.items[0].last == 54 &&
			config.udp_ports.items[1].last == 6200,
		"ports that overlap or follow each other are one range");
	ok(diags.n == 1 && !diags.refusals, "which do nothing alone");
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

static struct addresses seen;

/* The kernel has it, from the next build on until reset. */
static void add_seen(const char *device, const char *address)
{
	struct address *added = array_add(&seen);

	strcpy(added->device, device);
	prefix_parse(address, AF_INET, &added->prefix);
	sources.seen = &seen;
}

static void check_uplinks(const char *want, const char *name)
{
	char *got;

	build();
	got = uplinks_text();
	is(got, want, name);
	free(got);
	free(seen.items);
	memset(&seen, 0, sizeof(seen));
}

static void check_diag(const char *want, const char *name)
{
	is(diags.n ? diags.items[0].text : NULL, want, name);
	ok(diags.n == !!want, "and nothing else is said");
}

/* With a NAME.route of these lines. */
static void check_sourced(
	const char *name, const char *ifcfg, const char *lines, const char *want, const char *what)
{
	reset();
	add_ifcfg("ifcfg-eth0", ifcfg);
	set_file(array_add(&sources.sourced), name, lines);
	check_uplinks(want, what);
}

static void test_sourced(void)
{
	static const char plain[] = "IPADDR=10.1.2.3\nPREFIX=24\n";
	static const char lines[] = "ADDRESS0=0.0.0.0\nNETMASK0=0.0.0.0\nGATEWAY0=10.1.2.1\n";

	check_sourced("eth0.route", plain, lines, "eth0 10.1.2.3/24 10.1.2.1",
		"a gateway in eth0.route, which ifup-routes sources");
	check_sourced("eth1.route", plain, lines, "", "but not in another's");
	check_sourced("eth0.route", plain, "default via 10.1.2.1\n", "", "nor in ip's form");
	check_sourced("eth0.route", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.9\n", lines,
		"eth0 10.1.2.3/24 10.1.2.9", "GATEWAY comes first");
}

/* With route-eth0 (route6-eth0 for IPv6) of these lines. */
static void check_route(
	const char *name, const char *ifcfg, const char *lines, const char *want, const char *what)
{
	reset();
	add_ifcfg("ifcfg-eth0", ifcfg);
	set_file(array_add(&sources.managed), name, lines);
	check_uplinks(want, what);
}

static void test_route_file(void)
{
	static const char plain[] = "IPADDR=10.1.2.3\nPREFIX=24\n";

	check_route("route-eth0", plain, "default via 10.1.2.1\n", "eth0 10.1.2.3/24 10.1.2.1",
		"a gateway in route-eth0 alone");
	check_route("route-eth0", plain, "0.0.0.0/0 via 10.1.2.1 dev eth0 onlink\n",
		"eth0 10.1.2.3/24 10.1.2.1", "by 0.0.0.0/0");
	check_route("route-eth0", plain,
		"ADDRESS0=10.9.0.0\nNETMASK0=255.255.0.0\nGATEWAY0=10.1.2.7\n"
		"ADDRESS1=0.0.0.0\nNETMASK1=0.0.0.0\nGATEWAY1=10.1.2.1\n",
		"eth0 10.1.2.3/24 10.1.2.1", "by ADDRESSn=0.0.0.0");
	check_route("route-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.9\n",
		"default via 10.1.2.1\n", "eth0 10.1.2.3/24 10.1.2.9", "GATEWAY comes first");
	check_route("route-eth0", plain, "default via 10.1.2.1 dev eth1\n", "",
		"a default by another device is none of its own");
	check_route("route-eth0", plain,
		"default via 10.1.2.1 table 7\nblackhole default\ndefault dev eth0\n"
		"default nexthop via 10.1.2.1 nexthop via 10.1.2.2\n0.0.0.0/1 via 10.1.2.1\n",
		"", "nor is one of another table or kind, or a half");
	check_route("route-eth0", plain,
		"# BEGIN multihome eth0\ndefault via 10.1.2.1 dev eth0 metric 1100 proto 109\n"
		"# END multihome eth0\n",
		"", "nor one of ours");
	check_route("route-office", plain, "default via 10.1.2.1\n", "",
		"nor one of a file that its ifup does not read");
	check_route("route-eth0", plain, "default via 10.1.2.255\n",
		"eth0 10.1.2.3/24 10.1.2.255 refused", "what is no router's address is refused");
	check_diag("route-eth0:1: default via 10.1.2.255 is its network's broadcast address; "
		   "expected the router's",
		"by file and line");
	check_route("route6-eth0", "IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\n",
		"default via fe80::1 dev eth0\n", "eth0 2001:db8:2::99/64 fe80::1",
		"route6-eth0 gives the gateway of IPv6");
	check_route("route6-eth0", "IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\n",
		"default via fe80::1\n", "", "a link-local one with its device only");
	check_route("route-eth0",
		"IPADDR=10.1.2.3\nNETMASK=255.255.255.255\n"
		"SCOPE=\"peer 10.9.0.1\"\n",
		"ADDRESS0=0.0.0.0\nNETMASK0=0.0.0.0\nGATEWAY0=10.9.0.1\n",
		"eth0 10.1.2.3/32 10.9.0.1", "SCOPE makes a gateway a neighbour");
	ok(!config.uplinks.items[0].gateway_outside && !diags.n, "which lies not outside then");
}

static void test_elsewhere(void)
{
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\nONBOOT=no\n");
	add_ifcfg("ifcfg-eth1", "IPADDR=10.2.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	check_uplinks("eth0 10.1.2.3/24 10.1.2.1", "one GATEWAY in two files is one NIC's");
	check_diag("ifcfg-eth1:3: GATEWAY=10.1.2.1 lies in the network of eth0; eth1 is not served",
		"and it is said, whether that NIC is up or down");
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	add_ifcfg("ifcfg-eth1", "IPADDR=10.1.2.4\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	check_uplinks("eth0 10.1.2.3/24 10.1.2.1; eth1 10.1.2.4/24 10.1.2.1",
		"but both's where both share the network");
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\n");
	add_ifcfg("ifcfg-eth1", "IPADDR=10.1.2.4\nPREFIX=24\nGATEWAY=10.1.2.3\n");
	check_uplinks("", "another NIC's own address is no gateway");
	check_diag("ifcfg-eth1:3: GATEWAY=10.1.2.3 is an address of eth0; eth1 is not served", "");
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.9.0.1\n");
	add_seen("docker0", "10.9.0.200/16");
	check_uplinks("", "the other NIC may be one that only the kernel knows");
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.9.0.1\n");
	add_seen("eth0", "10.9.0.200/16");
	check_uplinks("eth0 10.1.2.3/24 10.9.0.1", "not this one, before it was edited");
	ok(config.uplinks.items[0].gateway_outside, "and one in no network lies outside");
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\n");
	add_ifcfg("ifcfg-eth1", "IPADDR=10.2.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	set_file(array_add(&sources.managed), "route-eth1", "default via 10.2.2.1\n");
	check_uplinks("eth1 10.2.2.3/24 10.2.2.1",
		"where GATEWAY is another NIC's, the route- file still counts");
	reset();
	add_ifcfg("ifcfg-eth0",
		"IPV6INIT=yes\nIPV6ADDR=2001:db8:2::99/64\nIPV6_DEFAULTGW=fe80::1%eth0\n");
	prefix_parse("fe80::1/64", AF_INET6, &array_add(&seen)->prefix);
	strcpy(seen.items[0].device, "docker0");
	sources.seen = &seen;
	check_uplinks("eth0 2001:db8:2::99/64 fe80::1",
		"a link-local router is another one on each link");
}

static void check_profiles_of(
	const char *there, const char *coming, const char *want, const char *name)
{
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	add_ifcfg("ifcfg-eth0-lab",
		"DEVICE=eth0\nONBOOT=no\nIPADDR=10.7.2.3\nPREFIX=24\n"
		"GATEWAY=10.7.2.1\n");
	if (there)
		add_seen("eth0", there);
	sources.coming = coming;
	check_uplinks(want, name);
	ok(!diags.n, "silently");
}

static void test_waiting_alias(void)
{
	struct prefix address;
	size_t i, n = 0;

	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	add_ifcfg("ifcfg-eth0:1",
		"DEVICE=eth0:1\nONPARENT=no\nIPADDR=10.9.2.3\nPREFIX=24\nGATEWAY=10.9.2.1\n");
	add_seen("eth0", "10.1.2.3");
	check_uplinks("eth0 10.1.2.3/24 10.1.2.1", "an alias that comes alone waits for its ifup");
	prefix_parse("10.9.2.3", AF_INET, &address);
	for (i = 0; i < config.addresses.n; i++)
		n += prefix_same_address(&config.addresses.items[i].prefix, &address);
	ok(n == 1, "and its address is known all the same");
}

static void test_profiles_in_force(void)
{
	check_profiles_of(NULL, NULL, "eth0 10.1.2.3/24 10.1.2.1",
		"with nothing known of the kernel the profile for the boot counts");
	check_profiles_of("10.7.2.3/24", NULL, "eth0 10.7.2.3/24 10.7.2.1",
		"the profile whose address is there counts");
	check_profiles_of("10.8.2.3/24", NULL, "eth0 10.1.2.3/24 10.1.2.1",
		"where none is, the one for the boot");
	check_profiles_of("10.1.2.3/24", "ifcfg-eth0-lab", "eth0 10.7.2.3/24 10.7.2.1",
		"one that is being brought up comes before all");
	reset();
	add_ifcfg("ifcfg-a",
		"DEVICE=eth0\nONBOOT=no\nIPADDR=10.1.2.3\nPREFIX=24\n"
		"GATEWAY=10.1.2.9\n");
	add_ifcfg("ifcfg-b", "DEVICE=eth0\nIPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	add_seen("eth0", "10.1.2.3/24");
	check_uplinks("eth0 10.1.2.3/24 10.1.2.1",
		"of two with one address the one for the boot counts, whatever their order");
	ok(!diags.n, "silently");
}

static void test_others(void)
{
	reset();
	add_ifcfg("ifcfg-eth0", "BOOTPROTO=dhcp\nONBOOT=no\n");
	add_ifcfg("ifcfg-eth1", "MULTIHOME=no\nIPADDR=10.1.2.3\n");
	build();
	ok(!config.others, "neither an unused NIC nor one without a gateway holds a default");
	reset();
	add_ifcfg("ifcfg-eth0", "BOOTPROTO=dhcp\n");
	build();
	ok(config.others == 1, "a NIC with DHCP that is for the boot may");
	reset();
	add_ifcfg("ifcfg-eth0", "BOOTPROTO=dhcp\nONBOOT=no\n");
	add_seen("eth0", "10.1.2.3/24");
	build();
	ok(config.others == 1, "and one that is up");
	free(seen.items);
	memset(&seen, 0, sizeof(seen));
}

static void test_own_alias(void)
{
	reset();
	add_ifcfg("ifcfg-a", "DEVICE=eth0:0\nIPADDR=10.9.2.3\nPREFIX=24\n");
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	check_uplinks(
		"eth0 10.1.2.3/24 10.9.2.3/24 10.1.2.1", "DEVICE=eth0:0 makes any file an alias");
	reset();
	add_ifcfg("ifcfg-eth0", "IPADDR=10.1.2.3\nPREFIX=24\nGATEWAY=10.1.2.1\n");
	add_ifcfg("ifcfg-eth0:1", "IPADDR=10.9.2.3\nPREFIX=42\n");
	add_ifcfg("ifcfg-eth0:2", "IPADDR=10.9.2.3\nGATEWAY=x\n");
	check_uplinks("eth0 10.1.2.3/24 10.1.2.1; eth0 10.9.2.3/24 none refused",
		"a typo in an alias refuses that alias alone");
	ok(config.uplinks.items[1].profile->alias && diags.refusals == 2, "each of them");
}

static unsigned long fingerprint(
	const char *network, const char *ifcfg, const char *alias, const char *route)
{
	reset();
	set_file(&sources.network, "network", network);
	add_ifcfg("ifcfg-eth0", ifcfg);
	if (*alias)
		add_ifcfg("ifcfg-eth0:1", alias);
	set_file(array_add(&sources.managed), "route-eth0", route);
	build();
	return config.uplinks.n ? config.uplinks.items[0].profile->fingerprint : 0;
}

static void test_fingerprint(void)
{
	static const char plain[] = "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n";
	unsigned long first = fingerprint("", plain, "", "");

	ok(first &&
			first ==
				fingerprint("A=1\n",
					"# x\n\nGATEWAY=\"10.1.2.1\" # y\n"
					"IPADDR=10.1.2.3\n",
					"", "# z\n"),
		"comments, blanks and others' keys do not count");
	ok(first != fingerprint("", "IPADDR=10.1.2.3\nGATEWAY=10.1.2.2\n", "", ""), "a value");
	ok(first != fingerprint("", "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nMTU=9\n", "", ""), "a key");
	ok(first != fingerprint("GATEWAYDEV=eth1\n", plain, "", ""), "network's GATEWAYDEV");
	ok(first != fingerprint("", plain, "IPADDR=10.1.2.4\n", ""), "an alias that it serves");
	ok(fingerprint("", "IPADDR=10.1.2.3\n", "", "default via 10.1.2.1\n") !=
			fingerprint("", "IPADDR=10.1.2.3\n", "", "default via 10.1.2.2\n"),
		"and a gateway of route-eth0 do");
}

/* An ifup brings up a file whole, so its uplinks are edited together, or not at all. */
static void check_both(const char *ifcfg, const char *alias, const char *route6, const char *name)
{
	reset();
	add_ifcfg("ifcfg-eth0", ifcfg);
	add_ifcfg("ifcfg-eth0:1", alias);
	set_file(array_add(&sources.managed), "route6-eth0", route6);
	build();
	ok(config.uplinks.n == 2 &&
			config.uplinks.items[0].profile->fingerprint == config.uplinks.items[1].profile->fingerprint,
		"%s", name);
}

static void test_fingerprint6(void)
{
	static const char by_key[] = "IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\n"
				     "IPV6ADDR=2001:db8:2::99/64\nIPV6_DEFAULTGW=2001:db8:2::1\n";
	static const char by_hand[] =
		"IPADDR=10.1.2.3\nGATEWAY=10.1.2.1\nIPV6ADDR=2001:db8:2::99/64\n";
	unsigned long long first;

	check_both(by_key, "IPADDR=10.1.2.4\n", "", "both families' with an alias of one");
	check_both(by_hand, "", "default via 2001:db8:2::1\n", "and with IPv6's gateway by hand");
	first = config.uplinks.items[0].profile->fingerprint;
	check_both(by_hand, "", "default via 2001:db8:2::2\n", "another one");
	ok(config.uplinks.items[0].profile->fingerprint != first, "is an edit of IPv4's, too");
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
	is(found("br-range1"), NULL, "a bridge that is called like a range by none");
	is(found("eth0-range0"), "ifcfg-eth0", "a range that has no file by its parent's");
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

/* What the keys of all uplinks say holds in both families, and of one that waits for its router. */
static void test_inet6_keys(void)
{
	reset();
	sources.network_manager = true;
	add_ifcfg("ifcfg-eth0",
		"IPV6ADDR=2001:db8:2::99/64\nIPV6_DEFAULTGW=2001:db8:2::1\nDEFROUTE=no\n");
	add_ifcfg("ifcfg-eth1", "IPV6ADDR=2001:db8:3::99/64\n");
	add_ifcfg("ifcfg-eth2", "IPV6ADDR=2001:db8:4::99/64\nNM_CONTROLLED=no\n");
	build();
	ok(config.uplinks.n == 1 && !config.uplinks.items[0].fallback, "DEFROUTE=no");
	ok(config.uplinks.items[0].network_manager && config.uplinks.items[0].kernel_only,
		"NetworkManager's device gets no block");
	ok(config.waiting.n == 2 && config.waiting.items[0].kernel_only &&
			!config.waiting.items[1].kernel_only,
		"nor does one whose router is yet to be heard");
	sources.network_manager = false;
}

int main(void)
{
	test_addresses();
	test_range();
	test_range_names();
	test_no_uplink();
	test_track();
	test_fallback();
	test_refusals();
	test_unread();
	test_table_range();
	test_marks();
	test_table_names();
	test_inherited_gateway();
	test_profiles();
	test_profiles6();
	test_inet6();
	test_inet6_keys();
	test_need_config();
	test_route_file();
	test_sourced();
	test_elsewhere();
	test_waiting_alias();
	test_profiles_in_force();
	test_others();
	test_own_alias();
	test_fingerprint();
	test_fingerprint6();
	test_ignored();
	release();
	return tap_done();
}
