/* SPDX-License-Identifier: MIT
 * Netfilter: which rules of others look at our bits of a mark, what is loaded, what is ours.
 */
#include <sys/socket.h>

#include "plan/chains.h"
#include "tap.h"

enum { MASK = 0x3f000000 };

static void reads(const char *line, bool overlaps, bool nft)
{
	struct netfilter netfilter = {.backend = BACKEND_NONE};

	if (nft)
		chains_read_nft(line, MASK, &netfilter);
	else
		chains_read_iptables(line, false, MASK, &netfilter);
	ok(!netfilter.overlap == !overlaps, "%s%s", line, overlaps ? " overlaps" : "");
	netfilter_free(&netfilter);
}

static void test_overlaps(void)
{
	static const struct {
		const char *line;
		bool overlaps;
	} iptables[] = {{"-A A -j MARK --set-mark 0x1", true}, {"-A A -j MARK --set-mark 1", true},
		{"-A A -j MARK --set-xmark 0x1/0xffffffff", true},
		{"-A A -j MARK --set-xmark 0x4000/0x4000", false},
		{"-A A -j MARK --set-xmark 0x1000000/0x0", true},
		{"-A A -m mark ! --mark 0x4000/0x4000 -j RETURN", false},
		{"-A A -m mark --mark 0x1 -j ACCEPT", true},
		{"-A A -m connmark --mark 0x0/0xff000000 -j ACCEPT", true},
		{"-A A -j CONNMARK --save-mark", true},
		{"-A A -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff", false},
		{"-A A -j CONNMARK --restore-mark --mask 0xff00", false},
		{"-A A -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff", true},
		{"-A A -j MARK --or-mark 0x2", false}, {"-A A -j MARK --or-mark 0x2000000", true},
		{"-A A -j MARK --and-mark 0xffffff00", false},
		{"-A A -j MARK --and-mark 0xff", true},
		{"-A A -j TPROXY --on-port 1 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1", false},
		{"-A A -m comment --comment \"-j MARK --set-mark 1\" -j ACCEPT", false},
		{"-A A -m socket --restore-skmark", true}, {"-A A -j HMARK --hmark-offset 1", true},
		{"-A MULTIHOME -j CONNMARK --restore-mark --mask 0x3f000000", false}},
	  nft[] = {{"\t\tmeta mark set 0x00000001", true}, {"\t\tct mark set meta mark", true},
		{"\t\tmeta mark set ct mark & 0x000000ff", true},
		{"\t\tmeta mark set meta mark & 0xffffff00 | 0x00000001", false},
		{"\t\tmeta mark set mark and 0xffffff00 xor 0x1", false},
		{"\t\tct mark set ct mark & 0xc0ffffff | 0x01000000", true},
		{"\t\tct mark set mark and 0xff", true},
		{"\t\tmeta mark & 0x000000ff == 0x00000001 accept", false},
		{"\t\tmeta mark & 0x01000000 == 0x00000000 accept", true},
		{"\t\tmeta mark 0x00000001 accept", true},
		{"\t\tmeta mark { 0x1, 0x2 } accept", true}, {"\t\tmeta mark != 0x1 drop", true},
		{"\t\tmeta mark set mark or 0x4000", false},
		{"\t\tmeta mark set meta mark & 0xffffff00 | 0x1 ct mark set meta mark", true},
		{"\t\tct mark set ct mark | 0x1 meta mark set ct mark", true},
		{"\t\tct mark set ct mark | 0x1 meta mark set meta mark | 0x2", false},
		{"\t\tmark set 0x1", true}, {"\t\tmark & 0x1 == 0x1 accept", false},
		{"\t\tip saddr 10.0.0.1 drop comment \"a mark set here\"", false}};
	size_t i;

	for (i = 0; i < sizeof(iptables) / sizeof(*iptables); i++)
		reads(iptables[i].line, iptables[i].overlaps, false);
	for (i = 0; i < sizeof(nft) / sizeof(*nft); i++)
		reads(nft[i].line, nft[i].overlaps, true);
}

static void test_ours(void)
{
	static const char saved[] =
		"*nat\n:PREROUTING ACCEPT [9:9]\n:MULTIHOME_UDP - [1:2]\n"
		"-A PREROUTING -p udp -j MULTIHOME_UDP \n-A PREROUTING -j DOCKER\nCOMMIT\n"
		"*mangle\n:MULTIHOME - [0:0]\n-A PREROUTING -j MULTIHOME \n"
		"-A PREROUTING -j MULTIHOME\n-A PREROUTING -j MULTIHOME_NOT\nCOMMIT\n";
	static const char ruleset[] = "table ip multihome {\n\tchain incoming {\n\t}\n"
				      "\tchain restore {\n\t}\n}\n"
				      "table ip multihome2 {\n\tmeta mark set 1\n}\n";
	struct netfilter netfilter = {.backend = BACKEND_NONE};
	const struct chains *chains = &netfilter.chains[BACKEND_IPTABLES][0];

	chains_read_iptables(saved, false, MASK, &netfilter);
	is(chains->ours.bytes,
		":MULTIHOME_UDP - \n-A PREROUTING -p udp -j MULTIHOME_UDP \n:MULTIHOME - \n"
		"-A PREROUTING -j MULTIHOME \n-A PREROUTING -j MULTIHOME\n"
		"overtaken: MULTIHOME_UDP\n",
		"ours, whatever the counters");
	ok(chains->jumps[JUMP_MARK] == 2 && chains->jumps[JUMP_UDP] == 1, "the jumps, counted");
	ok(chains->mark && !strcmp(chains->in_nat.bytes, "MULTIHOME_UDP\n"), "the chains");
	ok(!chains->foreign, "nobody else's");
	netfilter_free(&netfilter);
	memset(&netfilter, 0, sizeof(netfilter));
	chains_read_iptables("*mangle\n:MULTIHOME - [0:0]\n-A MULTIHOME -s 10.0.0.1 -j DROP\n", true,
		MASK, &netfilter);
	ok(netfilter.chains[BACKEND_IPTABLES][1].foreign, "a chain of our name that drops");
	netfilter_free(&netfilter);
	memset(&netfilter, 0, sizeof(netfilter));
	chains_read_nft(ruleset, MASK, &netfilter);
	chains = netfilter.chains[BACKEND_NFT];
	is(chains[0].ours.bytes,
		"table ip multihome {\n\tchain incoming {\n\t}\n\tchain restore {\n\t}\n}\n",
		"a table of ours, to its end");
	ok(netfilter.overlap && !chains[1].ours.n && !chains[0].foreign, "and no other");
	netfilter_free(&netfilter);
	memset(&netfilter, 0, sizeof(netfilter));
	chains_read_nft("table ip6 multihome {\n\tchain input {\n\t}\n}\n", MASK, &netfilter);
	ok(netfilter.chains[BACKEND_NFT][1].foreign, "a table of our name without our chains");
	netfilter_free(&netfilter);
}

static struct prefix address(const char *text)
{
	struct prefix prefix;

	prefix_parse(text, strchr(text, ':') ? AF_INET6 : AF_INET, &prefix);
	return prefix;
}

static struct prefix eth0, eth1;
static struct uplink uplinks[] = {{.device = "eth0", .addresses = {&eth0, 1, 1}},
	{.device = "eth1", .addresses = {&eth1, 1, 1}}};
static struct marked marked[] = {{&uplinks[0], 100, 0x1000000, true},
	{&uplinks[1], 101, 0x2000000, true}};
static struct port_range range = {1194, 1195};
static const struct markeds markeds = {marked, 2, 2};
static const struct port_ranges ports = {&range, 1, 1};
static struct prefix own[2];
static const struct prefixes locals = {own, 2, 2};
static struct choice_of_source choice[3];
static struct choices_of_source sources = {choice, 3, 3};
static struct chains_wanted wanted = {.markeds = &markeds,
	.mask = MASK,
	.udp_ports = &ports,
	.sources = &sources,
	.locals = &locals,
	.nat = true};

/* eth1 is the winner; a network behind eth0, and one that says what the default says. */
static void reset(void)
{
	eth0 = address("192.168.2.99/24");
	eth1 = address("10.0.0.99/8");
	own[0] = prefix_host(&eth0);
	own[1] = prefix_host(&eth1);
	choice[0] = (struct choice_of_source){{.family = AF_INET}, own[1]};
	choice[1] = (struct choice_of_source){address("172.16.0.0/12"), own[0]};
	choice[2] = (struct choice_of_source){address("203.0.113.0/24"), own[1]};
	sources.n = 3;
	sources_arrange(&sources);
}

static void test_sources(void)
{
	struct prefix there = address("172.16.9.9"), beyond = address("203.0.113.9"), source;
	struct prefix list[] = {{.family = AF_INET}, address("0.0.0.0/1"), address("1.0.0.0/24")};
	const struct prefix default6 = {.family = AF_INET6}, internet6 = address("2000::/3");
	const struct prefixes all = {list, 3, 3};
	char text[PREFIX_TEXT];

	reset();
	ok(sources.n == 2, "what the default says as well is left out");
	source = source_choose(&sources, &there);
	is(prefix_format_address(&source, text), "192.168.2.99", "by the longer one");
	source = source_choose(&sources, &beyond);
	is(prefix_format_address(&source, text), "10.0.0.99", "by the default");
	source = source_probe(&list[1], &all);
	ok(prefix_contains(&list[1], &source) && !prefix_contains(&list[2], &source),
		"%s is in the half, and in nothing longer", prefix_format_address(&source, text));
	source = source_probe(&list[0], &all);
	ok(source.bytes[0] && prefix_is_unicast(&source), "%s is somebody's",
		prefix_format_address(&source, text));
	source = source_probe(&default6, &all);
	ok(prefix_contains(&internet6, &source), "%s is, too",
		prefix_format_address(&source, text));
}

static void test_flows(void)
{
	static struct address items[2];
	const struct addresses addresses = {items, 2, 2};
	struct flow flow;

	reset();
	items[0].prefix = eth0;
	items[1].prefix = eth1;
	flow = (struct flow){.from = address("198.51.100.1"), .to = own[0], .port = 1195,
		.answers = own[0], .mark = 0x1000000};
	flow.from_port = flow.answered_port = 5555;
	ok(chains_is_stale(&wanted, &addresses, &flow), "it would be translated now");
	flow.answers = own[1];
	ok(!chains_is_stale(&wanted, &addresses, &flow), "it is");
	flow.answered_port = 1024;
	ok(chains_is_stale(&wanted, &addresses, &flow), "but its port was taken");
	flow.answered_port = 5555;
	flow.mark = 0x2;
	ok(chains_is_stale(&wanted, &addresses, &flow), "it has no mark");
	flow.mark = 0x1000000;
	flow.from = address("172.16.0.7");
	ok(chains_is_stale(&wanted, &addresses, &flow), "translated, and need not be");
	flow.answers = own[0];
	ok(!chains_is_stale(&wanted, &addresses, &flow), "the kernel would choose that one");
	flow.port = 1196;
	ok(!chains_is_stale(&wanted, &addresses, &flow), "another port");
	flow.answers = own[1];
	ok(chains_is_stale(&wanted, &addresses, &flow), "which was one of ours once");
	flow.answers = address("172.17.0.2");
	ok(!chains_is_stale(&wanted, &addresses, &flow), "a container's");
	flow.to = address("172.17.0.1");
	ok(!chains_is_stale(&wanted, &addresses, &flow), "to nobody here");
	flow = (struct flow){.from = own[0], .to = address("198.51.100.1"), .from_port = 1194,
		.port = 5555};
	ok(chains_is_stale(&wanted, &addresses, &flow), "a server's own");
	flow.from_port = 53;
	ok(!chains_is_stale(&wanted, &addresses, &flow), "another program's");
}

static void test_format(void)
{
	struct chains seen = {.jumps = {2, 1, 1}, .mark = true, .overtaken = {[JUMP_UDP] = true}};
	static const struct markeds none;
	struct text text = {0};

	reset();
	chains_format(&wanted, BACKEND_IPTABLES, NULL, &text);
	is(text.bytes,
		"*mangle\n:MULTIHOME - [0:0]\n"
		"-A MULTIHOME -i eth0 -m state --state NEW -m connmark --mark 0x0/0x3f000000 "
		"-j CONNMARK --set-mark 0x1000000/0x3f000000\n"
		"-A MULTIHOME -i eth0 -m connmark --mark 0x1000000/0x3f000000 -j RETURN\n"
		"-A MULTIHOME -i eth1 -m state --state NEW -m connmark --mark 0x0/0x3f000000 "
		"-j CONNMARK --set-mark 0x2000000/0x3f000000\n"
		"-A MULTIHOME -i eth1 -m connmark --mark 0x2000000/0x3f000000 -j RETURN\n"
		"-A MULTIHOME -j CONNMARK --restore-mark --mask 0x3f000000\n"
		"-I PREROUTING -j MULTIHOME\n"
		"-I OUTPUT -m conntrack --ctstate DNAT -j MULTIHOME\nCOMMIT\n"
		"*nat\n:MULTIHOME_UDP - [0:0]\n:MULTIHOME_FROM - [0:0]\n"
		":MULTIHOME_TO_0 - [0:0]\n:MULTIHOME_TO_1 - [0:0]\n"
		"-A MULTIHOME_UDP -i eth0 -p udp -m udp --dport 1194:1195 -j MULTIHOME_FROM\n"
		"-A MULTIHOME_UDP -i eth1 -p udp -m udp --dport 1194:1195 -j MULTIHOME_FROM\n"
		"-A MULTIHOME_FROM -s 172.16.0.0/12 -j MULTIHOME_TO_0\n"
		"-A MULTIHOME_FROM -j MULTIHOME_TO_1\n"
		"-A MULTIHOME_TO_0 -d 192.168.2.99 -j ACCEPT\n"
		"-A MULTIHOME_TO_0 -d 10.0.0.99 -j DNAT --to-destination 192.168.2.99\n"
		"-A MULTIHOME_TO_1 -d 10.0.0.99 -j ACCEPT\n"
		"-A MULTIHOME_TO_1 -d 192.168.2.99 -j DNAT --to-destination 10.0.0.99\n"
		"-A PREROUTING -p udp -j MULTIHOME_UDP\nCOMMIT\n",
		"iptables, where nothing is there");
	text.n = 0;
	chains_format(&wanted, BACKEND_IPTABLES, &seen, &text);
	ok(strstr(text.bytes, "-D PREROUTING -j MULTIHOME\n-D PREROUTING -j MULTIHOME\n"
			      "-I PREROUTING -j MULTIHOME\n"),
		"a jump that is there twice is there once then");
	ok(!strstr(text.bytes, "OUTPUT"), "one that is there stays");
	ok(strstr(text.bytes, "-D PREROUTING -p udp -j MULTIHOME_UDP\n"
			      "-A PREROUTING -p udp -j MULTIHOME_UDP\n"),
		"one that is not the last becomes it");
	text.n = 0;
	wanted.nat = false;
	chains_format(&wanted, BACKEND_IPTABLES, NULL, &text);
	ok(!strstr(text.bytes, "*nat"), "without nat only marks");
	wanted.nat = true;
	text.n = 0;
	wanted.markeds = &none;
	chains_format(&wanted, BACKEND_IPTABLES, &seen, &text);
	is(text.bytes,
		"*mangle\n:MULTIHOME - [0:0]\n-D PREROUTING -j MULTIHOME\n-D PREROUTING -j MULTIHOME\n"
		"-D OUTPUT -m conntrack --ctstate DNAT -j MULTIHOME\nCOMMIT\n"
		"*mangle\n-X MULTIHOME\nCOMMIT\n",
		"a chain is deleted once nothing leads to it");
	text_free(&text);
}

int main(void)
{
	test_overlaps();
	test_ours();
	test_sources();
	test_flows();
	test_format();
	return tap_done();
}
