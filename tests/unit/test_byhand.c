/* SPDX-License-Identifier: MIT
 * Lines by hand: what ifup-routes and init.d/network make of them.
 */
#include <sys/socket.h>

#include "conf/byhand.h"
#include "tap.h"

static char isp_name[] = "isp1";
static struct table_name isp = {120, isp_name};
static const struct table_names names = {&isp, 1, 1};

/* "LINE TYPE DST table T [tos T] metric M [via G] [dev D] [onlink] [proto P] [several]; …" */
static char *routes_text(const char *bytes, size_t len, bool inet6)
{
	struct by_hand_routes routes = {.n = 0};
	const struct by_hand_route *line;
	const struct route *route;
	struct text out = {.n = 0};
	char text[PREFIX_TEXT];
	size_t i;

	text_add_string(&out, "");
	byhand_routes(bytes, len, inet6, &names, &routes);
	for (i = 0; i < routes.n; i++) {
		line = &routes.items[i];
		route = &line->route;
		text_format(&out, "%s%d %d %s table %u metric %u", i ? "; " : "", line->line,
			route->type, prefix_format(&route->dst, text), route->table, route->metric);
		if (route->tos)
			text_format(&out, " tos %u", route->tos);
		if (route->gateway.family)
			text_format(&out, " via %s", prefix_format_address(&route->gateway, text));
		if (route->device[0])
			text_format(&out, " dev %s", route->device);
		if (route->protocol)
			text_format(&out, " proto %u", route->protocol);
		text_format(&out, "%s%s", route->onlink ? " onlink" : "",
			line->several ? " several" : "");
	}
	free(routes.items);
	return out.bytes;
}

static void check_route(bool inet6, const char *text, const char *want, const char *name)
{
	char *got = routes_text(text, strlen(text), inet6);

	is(got, want, name);
	free(got);
}

/* "LINE [from F] [to T] [iif I] [priority P] table T [other]; …" */
static void check_rule(bool inet6, const char *bytes, const char *want, const char *name)
{
	struct by_hand_rules rules = {.n = 0};
	const struct by_hand_rule *line;
	const struct rule *rule;
	struct text out = {.n = 0};
	char text[PREFIX_TEXT];
	size_t i;

	text_add_string(&out, "");
	byhand_rules(bytes, strlen(bytes), inet6, &names, &rules);
	for (i = 0; i < rules.n; i++) {
		line = &rules.items[i];
		rule = &line->rule;
		text_format(&out, "%s%d", i ? "; " : "", line->line);
		if (rule->from.len)
			text_format(&out, " from %s", prefix_format(&rule->from, text));
		if (rule->to.len)
			text_format(&out, " to %s", prefix_format(&rule->to, text));
		if (rule->from.family != (inet6 ? AF_INET6 : AF_INET))
			text_add_string(&out, " of another family");
		if (rule->iif[0])
			text_format(&out, " iif %s", rule->iif);
		if (line->has_priority)
			text_format(&out, " priority %u", rule->priority);
		text_format(&out, " table %u%s", rule->table, line->other ? " other" : "");
	}
	is(out.bytes, want, name);
	text_free(&out);
	free(rules.items);
}

static void test_routes(void)
{
	check_route(false, "default via 10.0.0.1 dev eth1\n",
		"1 0 default table 254 metric 0 via 10.0.0.1 dev eth1", "a default by a gateway");
	check_route(false, "0.0.0.0/0 via 10.0.0.1\n0/0 via 10.0.0.2\nany via 10.0.0.3",
		"1 0 default table 254 metric 0 via 10.0.0.1; "
		"2 0 default table 254 metric 0 via 10.0.0.2; "
		"3 0 default table 254 metric 0 via 10.0.0.3",
		"the other words for it, the last line without its end");
	check_route(false, "10.1/16 dev eth0 table isp1 tos 10 metric 0x10 onlink proto 109\n",
		"1 0 10.1.0.0/16 table 120 metric 16 tos 16 dev eth0 proto 109 onlink",
		"all that is kept of a line");
	check_route(false, "10.1/16 dev eth0 tos b8\n10.2/16 dev eth0 dsfield 0x10\n",
		"1 0 10.1.0.0/16 table 254 metric 0 tos 184 dev eth0; "
		"2 0 10.2.0.0/16 table 254 metric 0 tos 16 dev eth0",
		"a tos is hexadecimal, whatever digit it begins with");
	check_route(false, "10.1.0.0/255.255.0.0 dev eth0 t main\n",
		"1 0 10.1.0.0/16 table 254 metric 0 dev eth0",
		"a netmask behind the slash, and an abbreviated keyword");
	check_route(false, "dev eth0 to 10.9.0.0/16 via 10.0.0.1\n",
		"1 0 10.9.0.0/16 table 254 metric 0 via 10.0.0.1 dev eth0",
		"the destination may come last");
	check_route(false,
		"blackhole 10.1.0.0/16\nprohibit 10.2.0.0/16 table 7\nthrow default\n"
		"unreachable 10.3.3.3\n",
		"1 6 10.1.0.0/16 table 254 metric 0; 2 8 10.2.0.0/16 table 7 metric 0; "
		"3 9 default table 254 metric 0; 4 7 10.3.3.3 table 254 metric 0",
		"bans of each kind");
	check_route(false, "brd 10.0.0.255 dev eth0\n",
		"1 3 10.0.0.255 table 254 metric 0 dev eth0", "a type by its short word");
	check_route(false, "10.1.0.0/16 src 10.0.0.99 mtu lock 1400 via 10.0.0.1 realms 7 foo\n",
		"1 0 10.1.0.0/16 table 254 metric 0 via 10.0.0.1", "what is not kept is skipped");
	check_route(false, "default nexthop via 10.0.0.1 dev eth0 weight 1 nexthop via 10.0.0.2\n",
		"1 0 default table 254 metric 0 several",
		"several next hops are none in particular");
	check_route(true,
		"default via fe80::1 dev eth0\n2001:db8:1::/48 via 2001:db8::1 metric 7\n",
		"1 0 default table 254 metric 1024 via fe80::1 dev eth0; "
		"2 0 2001:db8:1::/48 table 254 metric 7 via 2001:db8::1",
		"IPv6, with the metric that the kernel takes");
}

static void test_refused(void)
{
	check_route(
		false, "10.1.0.0/16 dev eth0 table isp2\n", "", "a table that ip does not know");
	check_route(false, "10.1.0.0/16 tos 100\n10.1.0.0/16 tos -1\n10.1.0.0/16 tos x\n", "",
		"a tos of more than a byte, or none");
	check_route(false, "10.1.0.1/16 dev eth0\n", "", "host bits, which the kernel refuses");
	check_route(false, "via 10.0.0.1\nnonsense\n10.1.0.0/33 dev eth0\n", "",
		"no destination, or none that is one");
	check_route(false, "default via 10.0.0.1 table 100\r\n", "",
		"a carriage return, as of an editor elsewhere");
}

static void test_lines(void)
{
	static const char nul[] = "10.1.0.0/\0"
				  "16 dev eth0\n";
	char *got;

	check_route(false,
		"# default via 10.0.0.1\n\n \t# another\n\\# a third\n10.1.0.0/16 # no\n",
		"5 0 10.1.0.0/16 table 254 metric 0", "only whole lines are comments");
	check_route(false, "10.1.0.0/16 \\\n  via 10.0.0.1\ndefault via 10.0.0.\\2\n",
		"1 0 10.1.0.0/16 table 254 metric 0 via 10.0.0.1; "
		"3 0 default table 254 metric 0 via 10.0.0.2",
		"a backslash joins lines and quotes a character");
	check_route(false, "# a comment \\\ndefault via 10.0.0.1\n", "",
		"a comment goes on behind a backslash, too");
	check_route(false, "default via 10.0.0.1 \\", "1 0 default table 254 metric 0 via 10.0.0.1",
		"a backslash at the end");
	got = routes_text(nul, sizeof(nul) - 1, false);
	is(got, "1 0 10.1.0.0/16 table 254 metric 0 dev eth0",
		"NUL bytes are dropped");
	free(got);
}

static void test_sourced(void)
{
	check_route(false, "ADDRESS0=0.0.0.0\nNETMASK0=0.0.0.0\nGATEWAY0=10.0.0.1\n",
		"1 0 default table 254 metric 0 via 10.0.0.1", "a default in shell's form");
	check_route(false,
		"X=10.5\n ADDRESS0=$X.0.0\nNETMASK0=255.255.0.0\nADDRESS1='10.6.0.0'\n"
		"GATEWAY1=10.0.0.7\nADDRESS3=10.7.0.0\nNETMASK3=255.255.0.0\n"
		"10.9.0.0/16 via 10.0.0.1\n",
		"2 0 10.5.0.0/16 table 254 metric 0; 4 0 10.6.0.0/16 table 254 metric 0 via "
		"10.0.0.7",
		"a mask that is missing is that before; a gap ends the list; lines of ip's are none");
	check_route(false, "ADDRESS0=10.5.0.0\nGATEWAY0=10.0.0.7\n", "",
		"without any mask ip is given a prefix without its length");
	check_route(false, "ADDRESS0=$(ls)\nNETMASK0=255.0.0.0\n", "",
		"what only a shell could know is not known");
	ok(byhand_is_sourced("a\n\t ADDRESS12=", 14), "the form is told by one line");
	ok(!byhand_is_sourced("ADDRESS=1\n#ADDRESS0=1\nADDRESSx=", 31), "and by no other");
}

static void test_rules(void)
{
	check_rule(false,
		"from 10.0.0.99 table 7\nfrom 10.0.0.0/8 iif lo lookup 100 priority 10001\n",
		"1 from 10.0.0.99 table 7; 2 from 10.0.0.0/8 iif lo priority 10001 table 100",
		"rules with and without a priority");
	check_rule(false,
		"table isp1 to 10.1.0.0/16 pref 5\nfrom all\nfrom 0/0 to any lookup local\n",
		"1 to 10.1.0.0/16 priority 5 table 120; 2 table 254; 3 table 255",
		"names, abbreviations, and what selects nothing");
	check_rule(false,
		"from 10.0.0.9 fwmark 0x1/0xff table 7\nnot from 10.0.0.9 table 7\n"
		"from 10.0.0.9 iif eth1 table 7\n",
		"1 from 10.0.0.9 table 7 other; 2 from 10.0.0.9 table 7 other; "
		"3 from 10.0.0.9 iif eth1 table 7",
		"other selectors");
	check_rule(false, "from 10.0.0.9 blackhole\nfrom 10.0.0.9 priority 50 goto 32766\n",
		"1 from 10.0.0.9 table 0 other; 2 from 10.0.0.9 priority 50 table 0 other",
		"what looks nowhere");
	check_rule(false, "type unicast from 10.0.0.9 table 7\nfrom 10.0.0.9 type prohibit\n",
		"1 from 10.0.0.9 table 7; 2 from 10.0.0.9 table 0 other", "a type by its word");
	check_rule(true, "from 2001:db8::9 table 7\n", "1 from 2001:db8::9 table 7", "IPv6");
	check_rule(false, "from 10.0.0.9 table isp2\nfrom 10.0.0.9 pref x table 7\n", "",
		"rules that ip refuses");
}

static bool leads(const char *line, const char *text)
{
	const struct table_names none = {.n = 0};
	struct by_hand_rules rules = {.n = 0};
	struct prefix address;
	bool yes;

	prefix_parse(text, AF_INET, &address);
	byhand_rules(line, strlen(line), false, &none, &rules);
	yes = rules.n == 1 && byhand_leads(&rules.items[0], &address);
	free(rules.items);
	return yes;
}

static void test_leads(void)
{
	ok(leads("from 10.0.0.99 table 7", "10.0.0.99/8") &&
			leads("from 10.0.0.0/8 iif lo table 7", "10.0.0.99/8"),
		"a rule leads its source's addresses");
	ok(!leads("from 10.0.0.99 table 7", "10.0.0.98/8") && !leads("table 7", "10.0.0.99/8"),
		"and no others, nor one without a source");
	ok(!leads("not from 10.0.0.0/8 table 7", "10.0.0.99/8") &&
			leads("not from 10.0.0.0/8 table 7", "192.168.2.99/24"),
		"\"not\" leads all others");
	ok(!leads("from 10.0.0.99 iif eth5 table 7", "10.0.0.99/8"),
		"one for what comes in leads nothing of the host's own");
}

static void test_static_routes(void)
{
	static char text[] = "any net 172.30.0.0 netmask 255.255.0.0 gw 192.168.2.7\n"
			     "any host 172.31.0.9 gw 192.168.2.8 metric 3 dev eth0\n"
			     "any net 10.9.0.0/16 gw 10.0.0.7\n"
			     "any net 172.16.0.0 eth1\n"
			     "any net 172.18.0.0/16 reject\n"
			     "any host 172.19.0.1 gw 10.0.0.1 dev eth0 reject\n"
			     "any net 10.5.0.0 netmask 255.0.255.0 gw 192.168.2.7\n"
			     "any net 10.5.0.0 netmask foo\n"
			     "any net 10.5.0.0 gw 192.168.2.7 netmask\n"
			     "any host 10.5.0.0 netmask 255.0.0.0\n"
			     "# any net 1.0.0.0/8 gw 10.0.0.1\n"
			     "eth0 net 2.0.0.0/8 gw 10.0.0.1\n"
			     "any host name.example gw 10.0.0.1\n"
			     "any net 3.0.0.0/8 gw router.example\n"
			     "any\n";
	const struct file file = {.bytes = text, .len = sizeof(text) - 1}, none = {.len = 0};
	struct routes routes = {.n = 0};
	struct text out = {.n = 0};
	size_t i;

	byhand_static_routes(&none, &routes);
	byhand_static_routes(&file, &routes);
	for (i = 0; i < routes.n; i++) {
		route_format(&routes.items[i], &out);
		text_add_string(&out, "\n");
	}
	is(out.bytes,
		"172.30.0.0/16 via 192.168.2.7 proto 0\n"
		"172.31.0.9 via 192.168.2.8 dev eth0 metric 3 proto 0\n"
		"10.9.0.0/16 via 10.0.0.7 proto 0\n"
		"172.16.0.0/16 dev eth1 scope link proto 0\n"
		"unreachable 172.18.0.0/16 scope 254 proto 0\n"
		"unreachable 172.19.0.1 scope 254 proto 0\n",
		"static-routes, as route(8) is given them");
	text_free(&out);
	free(routes.items);
}

static void test_inet6_bans(void)
{
	static char text[] = "\t\t# Unreachable 6to4: IPv4 private (RFC 1918)\n"
			     "\t\t/sbin/ip route add unreach  2002:0a00::/24\n"
			     "\t\tipv6_exec_ip route add unreach  ::ffff:0.0.0.0/96\n"
			     "#\t\t/sbin/ip route add unreach  2002:ac10::/28\n"
			     "\t\t/sbin/ip route add unreach  $net\n"
			     "\t\t/sbin/ip route add unreach\n"
			     "\t\t/sbin/ip route add unreachable ab::/32\n";
	const struct file file = {.bytes = text, .len = sizeof(text) - 1}, none = {.len = 0};
	struct routes routes = {.n = 0};
	struct text out = {.n = 0};
	size_t i;

	byhand_inet6_bans(&none, &routes);
	byhand_inet6_bans(&file, &routes);
	for (i = 0; i < routes.n; i++) {
		route_format(&routes.items[i], &out);
		text_add_string(&out, "\n");
	}
	is(out.bytes,
		"unreachable 2002:a00::/24 dev lo metric 1024 proto 0\n"
		"unreachable ::ffff:0.0.0.0/96 dev lo metric 1024 proto 0\n"
		"unreachable ab::/32 dev lo metric 1024 proto 0\n",
		"what init.ipv6-global bans");
	text_free(&out);
	free(routes.items);
}

int main(void)
{
	test_routes();
	test_refused();
	test_lines();
	test_sourced();
	test_rules();
	test_leads();
	test_static_routes();
	test_inet6_bans();
	return tap_done();
}
