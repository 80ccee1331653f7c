/* SPDX-License-Identifier: MIT
 * hosts_make SEED FOLDER: writes a random host, what is done to it, and what must hold then.
 *
 *   etc/       sysctl.conf and sysconfig
 *   net        the segments around it, for hosts_ask
 *   setup      what is there before the network starts, a command a line
 *   steps      the boot and what follows, a line of shell each
 *   expect     STEP own ADDRESS NIC   far remotes are answered from ADDRESS by NIC
 *              STEP ban REMOTE        what is not answered without multihome is not with it
 *              STEP out 4|6           the host's own traffic finds a way out
 *              STEP quiet             nothing went down: a way out of the step before is left
 *              STEP cleaned           nothing of multihome's is left but a way out
 *              STEP theirs NIC        the NIC's route- and rule- files are not compared
 *              STEP lame ADDRESS      behind a pulled cable or a dead router: nothing is promised;
 *                                     own6: of what the host itself sends by IPv6, which goes on
 *                                     by another router once the kernel has seen that one is dead
 *              STEP spoilt 4|6        somebody spoilt its routes, rules or settings: nothing is
 *                                     promised
 *              STEP unknown           firewall rules, or a rule that is for some packets only
 *
 * The rules for `expect` are README.md's and no more: an uplink whose file waits for its ifup, was
 * edited before a sync, has rules by hand, … promises nothing of its own here; that nothing is
 * worse than without multihome is asked of all.
 *
 * A trouble comes to most hosts once, for one step or two: a pulled cable, a dead router, a VPN, a
 * firewall, a route or a setting that somebody spoilt. It has random numbers of its own, so that
 * the host is the same without it. It is there for what multihome says of it (told.awk). Meanwhile
 * what it breaks is promised no answer: what is behind that cable or router; the way out, unless
 * the VPN is alive; anything of IPv4, where a firewall or a spoilt route stands in the way.
 *
 * Most hosts have IPv6 on some of their NICs, and do something to it at some steps, ahead of what
 * else is done there. It has random numbers of its own, too. A rule or a route that spoils it lasts
 * until the next step.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_NICS = 4, MAX_LOCALS = 80, MAX_BANS = 8, MAX_TEXT = 48 };

struct net {
	uint32_t address;
	int len;
};

enum gateway {
	GATEWAY_NONE,
	GATEWAY_FIRST,	 /* the segment's .1 */
	GATEWAY_SECOND,	 /* its .2 */
	GATEWAY_OUTSIDE, /* on the segment, in no network; of IPv6 a link-local one */
	GATEWAY_OTHERS,	 /* that of another NIC */
	GATEWAY_ADDRESS, /* another NIC's own address */
};

/* An ifcfg file, as far as it matters to what is expected. */
struct profile {
	uint32_t address;
	enum gateway gateway;
	int metric, table;
	bool no_defroute, no_fallback, no_multihome;
};

/* The same of its IPv6. Addresses are numbers in the segment; 0: none. */
struct profile6 {
	bool init, scoped; /* scoped: the gateway has %DEVICE */
	unsigned address, secondary;
	enum gateway gateway;
};

struct nic {
	int segment;
	struct profile6 now6, live6;
	bool unsure6, leftover6, lost6, by_hand6, bans6, banned6, inherits6;
	struct profile now, live; /* the file, and what it was at its ifup */
	struct profile second;	  /* another profile of the same NIC */
	bool onboot, up, gone, second_there, second_live, leftover;
	bool unsure; /* a sync has seen its edit: nothing is expected of it until an ifup */
	bool by_hand, inherits, theirs, bans, ever, vip_on_lo;
	uint32_t alias, vip;
};

/* What it is, in shell, and what ends it; and which promises do not hold while it lasts. */
struct trouble {
	char begin[256], end[256];
	int segment, steps_left; /* segment -1: of none; steps_left 0: it is over, or not yet there */
	bool spoils, unknown, no_way_out, syncs, needs_sync;
	bool copied; /* the uplinks' tables have it until the next hook or sync */
};

struct host {
	uint64_t random, other_random, random6;
	bool inet6, container6, ban6_is_rule;
	int defaultdev6, lens6[MAX_NICS];
	char ban6[MAX_TEXT]; /* empty: none */
	char spoilt6[128]; /* what ends it; empty: it is not */
	struct trouble trouble;
	int trouble_at;
	const char *folder;
	struct net segments[MAX_NICS];
	bool strict[MAX_NICS];
	struct nic nics[MAX_NICS];
	int n_nics, gatewaydev, first_table, step;
	char locals[MAX_LOCALS][MAX_TEXT];
	uint32_t bans[MAX_BANS];
	bool ban_is_rule;
	int local_segments[MAX_LOCALS];
	int n_locals, n_bans;
	bool active, container;
	bool quiet; /* of this step: nothing goes down, no file is read anew */
	FILE *net, *setup, *steps, *expect;
};

static const char scripts[] = "etc/sysconfig/network-scripts";
static const char *const fars[] = {"198.51.100.7", "198.51.100.66", "198.18.5.5"};
static const char *const fars6[] = {"2001:db8:f::7", "2001:db8:f::66", "2001:db8:e::5"};

/* --- chance --------------------------------------------------------------------------------- */

/* splitmix64: the same hosts everywhere. */
static uint64_t random_next(struct host *host)
{
	uint64_t z = host->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static int below(struct host *host, int n)
{
	return (int)((random_next(host) >> 32) % (unsigned)n);
}

static bool chance(struct host *host, int percent)
{
	return below(host, 100) < percent;
}

/* Before and after what is random of IPv6. */
static void swap_random(struct host *host)
{
	uint64_t random = host->random;

	host->random = host->random6;
	host->random6 = random;
}

/* --- text ----------------------------------------------------------------------------------- */

static void die(const char *what)
{
	fprintf(stderr, "hosts_make: %s: %s\n", what, strerror(errno));
	exit(2);
}

static FILE *open_in(const struct host *host, const char *mode, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static FILE *open_in(const struct host *host, const char *mode, const char *format, ...)
{
	char path[512];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s/", host->folder);
	va_list args;
	FILE *file;

	va_start(args, format);
	vsnprintf(path + len, sizeof(path) - len, format, args);
	va_end(args);
	file = fopen(path, mode);
	if (!file)
		die(path);
	return file;
}

/* Several at a time may be in one printf. */
static const char *text_of(uint32_t address)
{
	static char texts[8][16];
	static int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof(*texts), "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		address >> 8 & 255, address & 255);
	return text;
}

static const char *text6_of(int net, unsigned number)
{
	static char texts[8][MAX_TEXT];
	static int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof(*texts), "2001:db8:%x::%x", (unsigned)net, number);
	return text;
}

static const char *in_segment6(int segment, unsigned number)
{
	return text6_of(segment + 1, number);
}

static const char *behind6(int segment, unsigned number)
{
	return text6_of(0x71 + segment, number);
}

static uint32_t mask_of(int len)
{
	return len ? 0xffffffffu << (32 - len) : 0;
}

static uint32_t in_segment(const struct host *host, int segment, uint32_t number)
{
	return host->segments[segment].address + number;
}

/* --- what a host is ------------------------------------------------------------------------- */

static uint32_t behind(int segment, uint32_t number)
{
	return 0xac1e0000u + ((uint32_t)segment << 16) + number; /* 172.30 and on */
}

static uint32_t gateway_address(const struct host *host, int k, enum gateway gateway)
{
	int other = (k + 1) % host->n_nics;

	switch (gateway) {
	case GATEWAY_FIRST:
		return in_segment(host, host->nics[k].segment, 1);
	case GATEWAY_SECOND:
		return in_segment(host, host->nics[k].segment, 2);
	case GATEWAY_OUTSIDE:
		return 0xcb007101u + (uint32_t)host->nics[k].segment; /* 203.0.113.1 and on */
	case GATEWAY_OTHERS:
		return in_segment(host, host->nics[other].segment, 1);
	case GATEWAY_ADDRESS:
		return host->nics[other].now.address;
	default:
		return 0;
	}
}

static void add_local_text(
	struct host *host, const char *address, int segment, const char *next_hop)
{
	int i;

	for (i = 0; i < host->n_locals; i++)
		if (!strcmp(host->locals[i], address))
			return;
	if (host->n_locals == MAX_LOCALS)
		die("too many addresses");
	host->local_segments[host->n_locals] = segment;
	snprintf(host->locals[host->n_locals++], MAX_TEXT, "%s", address);
	fprintf(host->net, "local %s %d %s\n", address, segment, next_hop);
}

static void add_local(struct host *host, uint32_t address, int segment, uint32_t next_hop)
{
	add_local_text(host, text_of(address), segment, next_hop ? text_of(next_hop) : "");
}

static bool shares_segment(const struct host *host, int k)
{
	int i;

	for (i = 0; i < host->n_nics; i++)
		if (i != k && host->nics[i].segment == host->nics[k].segment)
			return true;
	return false;
}

static bool is_uplink(const struct host *host, int k, const struct profile *profile)
{
	enum gateway gateway = profile->gateway;

	if (profile->no_multihome || host->nics[k].by_hand || host->nics[k].gone)
		return false;
	return gateway == GATEWAY_FIRST || gateway == GATEWAY_SECOND || gateway == GATEWAY_OUTSIDE;
}

static bool is_uplink6(const struct host *host, int k, const struct profile *profile,
	const struct profile6 *profile6)
{
	const struct nic *nic = &host->nics[k];
	enum gateway gateway = profile6->gateway;

	if (profile->no_multihome || nic->by_hand6 || nic->gone || !profile6->init ||
		(!profile6->scoped && host->defaultdev6 >= 0 && host->defaultdev6 != k))
		return false;
	return gateway == GATEWAY_FIRST || gateway == GATEWAY_SECOND || gateway == GATEWAY_OUTSIDE;
}

/* Does multihome promise that each of its addresses is answered by this NIC? */
static bool is_served(const struct host *host, int k, bool inet6)
{
	const struct nic *nic = &host->nics[k];

	if (!host->active || !nic->up || nic->second_live || nic->unsure)
		return false;
	return inet6 ? !nic->leftover6 && !nic->unsure6 && !nic->lost6 &&
			is_uplink6(host, k, &nic->live, &nic->live6)
		     : !nic->leftover && is_uplink(host, k, &nic->live);
}

static int count_served(const struct host *host, bool inet6)
{
	int k, n = 0;

	for (k = 0; k < host->n_nics; k++)
		n += is_served(host, k, inet6);
	return n;
}

/* Uplinks that the files have, in order and once up, and had when they were last read: so many take
 * part. */
static int count_uplinks(const struct host *host, bool inet6)
{
	int k, n = 0;

	for (k = 0; k < host->n_nics; k++) {
		const struct nic *nic = &host->nics[k];

		n += nic->ever &&
			(inet6 ? is_uplink6(host, k, &nic->now, &nic->now6)
			       : is_uplink(host, k, &nic->now) &&
					(nic->unsure || is_uplink(host, k, &nic->live)));
	}
	return n;
}

/* --- files ---------------------------------------------------------------------------------- */

/* As IPV6_DEFAULTGW has it; "-" for none. */
static const char *gateway6_text(
	const struct host *host, int k, enum gateway gateway, bool scoped)
{
	static char text[64];
	int segment = host->nics[k].segment, other = (k + 1) % host->n_nics;
	const char *const addresses[] = {"-", in_segment6(segment, 1), in_segment6(segment, 2),
		"fe80::1", in_segment6(host->nics[other].segment, 1)};

	snprintf(text, sizeof(text), "%s", addresses[gateway]);
	if (scoped && gateway)
		snprintf(text + strlen(text), 16, "%%eth%d", k);
	return text;
}

static void write_profile6(const struct host *host, int k, FILE *file)
{
	const struct nic *nic = &host->nics[k];
	const struct profile6 *profile = &nic->now6;
	int len = host->lens6[nic->segment];
	char behind[8] = "";

	if (!profile->address)
		return;
	if (len != 64 || k % 2)
		snprintf(behind, sizeof(behind), "/%d", len);
	fprintf(file, "IPV6INIT=%s\nIPV6ADDR=%s%s\n", profile->init ? "yes" : "no",
		in_segment6(nic->segment, profile->address), behind);
	if (profile->secondary)
		fprintf(file, "IPV6ADDR_SECONDARIES=%s/%d\n",
			in_segment6(nic->segment, profile->secondary), len);
	if (profile->gateway && !nic->inherits6)
		fprintf(file, "IPV6_DEFAULTGW=%s\n",
			gateway6_text(host, k, profile->gateway, profile->scoped));
}

static void write_profile(const struct host *host, int k, const char *name,
	const struct profile *profile, bool onboot)
{
	const struct net *net = &host->segments[host->nics[k].segment];
	uint32_t gateway = gateway_address(host, k, profile->gateway);
	FILE *file = open_in(host, "w", "%s/ifcfg-%s", scripts, name);

	fprintf(file, "DEVICE=eth%d\nONBOOT=%s\nBOOTPROTO=none\nARPCHECK=no\nIPADDR=%s\n", k,
		onboot ? "yes" : "no", text_of(profile->address));
	if (k % 2)
		fprintf(file, "NETMASK=%s\n", text_of(mask_of(net->len)));
	else
		fprintf(file, "PREFIX=%d\n", net->len);
	if (gateway && !host->nics[k].inherits)
		fprintf(file, "GATEWAY=%s\n", text_of(gateway));
	if (profile->metric)
		fprintf(file, "METRIC=%d\n", profile->metric);
	if (profile->table)
		fprintf(file, "TABLE=%d\n", profile->table);
	fputs(profile->no_defroute ? "DEFROUTE=no\n" : "", file);
	fputs(profile->no_fallback ? "FALLBACK=no\n" : "", file);
	fputs(profile->no_multihome ? "MULTIHOME=no\n" : "", file);
	if (profile == &host->nics[k].now)
		write_profile6(host, k, file);
	fclose(file);
}

static void make_profile(struct host *host, int k, struct profile *profile)
{
	static const enum gateway others[] = {GATEWAY_NONE, GATEWAY_NONE, GATEWAY_OUTSIDE,
		GATEWAY_OTHERS, GATEWAY_ADDRESS};

	profile->address = in_segment(host, host->nics[k].segment, 99 + (uint32_t)k);
	profile->gateway = chance(host, 88) ? GATEWAY_FIRST : others[below(host, 5)];
	profile->metric = chance(host, 7) ? 10 + below(host, 100) : 0;
	profile->table = chance(host, 8) ? 120 + k : 0;
	profile->no_defroute = chance(host, 5);
	profile->no_fallback = chance(host, 3);
	profile->no_multihome = chance(host, 3);
	add_local(host, profile->address, host->nics[k].segment, 0);
}

static void add_locals6(struct host *host, int k)
{
	const struct nic *nic = &host->nics[k];

	add_local_text(host, in_segment6(nic->segment, nic->now6.address), nic->segment, "");
	if (nic->now6.secondary)
		add_local_text(host, in_segment6(nic->segment, nic->now6.secondary), nic->segment, "");
}

/* A link-local gateway is refused without a device. */
static void make_profile6(struct host *host, int k)
{
	static const enum gateway gateways[] = {GATEWAY_FIRST, GATEWAY_FIRST, GATEWAY_FIRST,
		GATEWAY_OUTSIDE, GATEWAY_OUTSIDE, GATEWAY_OUTSIDE, GATEWAY_SECOND, GATEWAY_NONE,
		GATEWAY_OTHERS};
	struct profile6 *profile = &host->nics[k].now6;

	if (chance(host, 12))
		return;
	profile->init = chance(host, 94);
	profile->address = 0x99 + (unsigned)k;
	profile->secondary = chance(host, 25) ? 0x140 + (unsigned)k : 0;
	profile->gateway = gateways[below(host, 9)];
	profile->scoped = profile->gateway == GATEWAY_OUTSIDE ||
		(profile->gateway != GATEWAY_OTHERS && chance(host, 40));
	add_locals6(host, k);
}

/* Without the other's network nobody could know that the gateway is wrong. */
static bool may_name_other(const struct host *host, int k)
{
	const struct nic *other = &host->nics[(k + 1) % host->n_nics];

	return other->now6.init && other->now6.address && !other->gone;
}

static void make_inet6(struct host *host)
{
	int k;

	swap_random(host);
	for (k = 0; k < host->n_nics && host->inet6; k++)
		make_profile6(host, k);
	for (k = 0; k < host->n_nics; k++)
		if (host->nics[k].now6.gateway == GATEWAY_OTHERS && !may_name_other(host, k))
			host->nics[k].now6.gateway = GATEWAY_NONE;
	swap_random(host);
}

static void make_alias(struct host *host, int k)
{
	static const struct {
		const char *behind_address, *prefix, *more;
	} typos[] = {{"", "40", ""}, {".1", "24", ""}, {"", "32", "GATEWAY=192.168.2\n"},
		{"", "32", "MULTIHOME=perhaps\n"}};
	struct nic *nic = &host->nics[k];
	uint32_t address = in_segment(host, nic->segment, 150 + (uint32_t)k);
	FILE *file = open_in(host, "w", "%s/ifcfg-eth%d:0", scripts, k);
	int typo = below(host, 10);

	fprintf(file, "DEVICE=eth%d:0\nARPCHECK=no\nIPADDR=%s", k, text_of(address));
	if (typo < 4) {
		fprintf(file, "%s\nPREFIX=%s\n%s", typos[typo].behind_address, typos[typo].prefix,
			typos[typo].more);
	} else {
		fprintf(file, "\nPREFIX=%d\n", host->segments[nic->segment].len);
		if (chance(host, 25))
			fprintf(file, "GATEWAY=%s\n", text_of(in_segment(host, nic->segment, 2)));
		nic->alias = address;
	}
	fclose(file);
	add_local(host, address, nic->segment, 0);
}

static void make_second(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];
	char name[16];

	nic->second = nic->now;
	nic->second.address = in_segment(host, nic->segment, 170 + (uint32_t)k);
	nic->second.gateway = GATEWAY_SECOND;
	nic->second_there = true;
	snprintf(name, sizeof(name), chance(host, 50) ? "home%d" : "eth%d-home", k);
	write_profile(host, k, name, &nic->second, false);
	add_local(host, nic->second.address, nic->segment, 0);
}

/* True if in the form with ADDRESS0=, in which other lines would be lost. */
static bool write_static_route(struct host *host, int k, FILE *file)
{
	int segment = host->nics[k].segment;
	const char *net = text_of(behind(segment, 0)), *router = text_of(in_segment(host, segment, 7));

	if (chance(host, 25)) {
		fprintf(file, "ADDRESS0=%s\nNETMASK0=255.255.0.0\nGATEWAY0=%s\n", net, router);
		return true;
	}
	fprintf(file, "%s/16 via %s dev eth%d%s\n", net, router, k,
		chance(host, 15) ? " table 210" : "");
	return false;
}

/* A table and a rule of the administrator's own, as before there was multihome. */
static void make_by_hand(struct host *host, int k, FILE *routes)
{
	static const char *const priorities[] = {"", "", " priority 500", " priority 20000"};
	struct nic *nic = &host->nics[k];
	const struct net *net = &host->segments[nic->segment];
	int table = host->first_table + k;
	FILE *rules = open_in(host, "w", "%s/rule-eth%d", scripts, k);

	fprintf(routes, "%s/%d dev eth%d src %s table %d\n", text_of(net->address), net->len, k,
		text_of(nic->now.address), table);
	fprintf(routes, "default via %s dev eth%d table %d\n",
		text_of(in_segment(host, nic->segment, 2)), k, table);
	fprintf(rules, "from %s table %d%s\n", text_of(nic->now.address), table,
		priorities[below(host, 4)]);
	fclose(rules);
	nic->by_hand = true;
}

static const char *ban_kind(struct host *host)
{
	static const char *const kinds[] = {"blackhole", "unreachable", "prohibit"};

	return kinds[below(host, 3)];
}

static void make_route_file(struct host *host, int k)
{
	bool routes = chance(host, 30), by_hand = chance(host, 13), ban = chance(host, 6);
	FILE *file;

	if (!routes && !by_hand && !ban)
		return;
	file = open_in(host, "w", "%s/route-eth%d", scripts, k);
	if (routes && write_static_route(host, k, file))
		by_hand = ban = false;
	if (by_hand)
		make_by_hand(host, k, file);
	if (ban)
		fprintf(file, "%s %s\n", ban_kind(host), fars[1]);
	host->nics[k].bans = ban;
	fclose(file);
}

static void make_route6_file(struct host *host, int k)
{
	bool routes = chance(host, 30), by_hand = chance(host, 10), ban = chance(host, 8);
	struct nic *nic = &host->nics[k];
	int segment = nic->segment, table = host->first_table + k;
	FILE *file;

	if (!nic->now6.address || (!routes && !by_hand && !ban))
		return;
	file = open_in(host, "w", "%s/route6-eth%d", scripts, k);
	if (routes)
		fprintf(file, "%s/48 via %s dev eth%d\n", behind6(segment, 0),
			in_segment6(segment, 7), k);
	if (ban)
		fprintf(file, "%s %s\n", ban_kind(host), fars6[1]);
	if (by_hand) {
		fprintf(file, "%s/%d dev eth%d table %d\ndefault via %s dev eth%d table %d\n",
			in_segment6(segment, 0), host->lens6[segment], k, table,
			in_segment6(segment, 2), k, table);
		fclose(file);
		file = open_in(host, "w", "%s/rule6-eth%d", scripts, k);
		fprintf(file, "from %s table %d%s\n", in_segment6(segment, nic->now6.address),
			table, chance(host, 50) ? " priority 500" : "");
	}
	fclose(file);
	nic->by_hand6 = by_hand;
	nic->bans6 = ban;
}

static void make_nic_files(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];
	char name[16];

	snprintf(name, sizeof(name), "eth%d", k);
	write_profile(host, k, name, &nic->now, nic->onboot);
	if (chance(host, 25))
		make_alias(host, k);
	if (chance(host, 12))
		make_second(host, k);
	make_route_file(host, k);
	swap_random(host);
	if (host->inet6)
		make_route6_file(host, k);
	swap_random(host);
}

/* The NIC's default may stand here, or the name of the only NIC that has one; but %DEVICE in
 * another file says more. */
static void write_network6(struct host *host, FILE *file)
{
	struct nic *nic;
	int k;

	swap_random(host);
	k = below(host, host->n_nics);
	nic = &host->nics[k];
	if (host->inet6 && nic->now6.init && is_uplink6(host, k, &nic->now, &nic->now6) &&
		chance(host, 30)) {
		nic->inherits6 = chance(host, 60);
		if (nic->inherits6)
			fprintf(file, "IPV6_DEFAULTGW=%s\n",
				gateway6_text(host, k, nic->now6.gateway, nic->now6.scoped));
		if (!nic->inherits6 || chance(host, 40)) {
			host->defaultdev6 = k;
			fprintf(file, "IPV6_DEFAULTDEV=eth%d\n", k);
		}
	}
	swap_random(host);
}

static void make_network_file(struct host *host)
{
	FILE *file = open_in(host, "w", "etc/sysconfig/network");
	int k = below(host, host->n_nics);

	fprintf(file, "NETWORKING=yes\nNETWORKING_IPV6=%s\nHOSTNAME=host\n",
		host->inet6 ? "yes" : "no");
	if (host->nics[k].now.gateway == GATEWAY_FIRST && chance(host, 12)) {
		host->nics[k].inherits = true;
		fprintf(file, "GATEWAY=%s\n", text_of(in_segment(host, host->nics[k].segment, 1)));
	} else if (host->nics[k].now.gateway == GATEWAY_FIRST && chance(host, 8)) {
		host->gatewaydev = k;
		fprintf(file, "GATEWAYDEV=eth%d\n", k);
	}
	write_network6(host, file);
	fclose(file);
}

static void make_nets(struct host *host)
{
	static const struct net nets[] = {{0xc0a80200, 24}, {0x0a000000, 8}, {0xac140300, 24},
		{0xc0a84000, 20}, {0xac180000, 14}, {0xc6336410, 28}};
	int i, k, used[MAX_NICS];

	for (k = 0; k < MAX_NICS; k++) {
		do {
			used[k] = below(host, 5);
			for (i = 0; i < k && used[i] != used[k]; i++)
				;
		} while (i < k);
		host->segments[k] = nets[used[k]];
		host->strict[k] = chance(host, 75);
	}
	for (k = 0; k < host->n_nics; k++)
		host->nics[k].segment = k && chance(host, 12) ? below(host, k) : k;
	swap_random(host);
	host->inet6 = chance(host, 80);
	for (k = 0; k < MAX_NICS; k++)
		host->lens6[k] = chance(host, 75) ? 64 : chance(host, 50) ? 48 : 116;
	swap_random(host);
}

static void write_segment6(const struct host *host, int s)
{
	fprintf(host->net, "segment %d %s/%d %s\n", s, in_segment6(s, 0), host->lens6[s],
		host->strict[s] ? "strict" : "loose");
	fprintf(host->net, "station %d %s ::/0\nstation %d %s ::/0\nstation %d fe80::1 ::/0\n", s,
		in_segment6(s, 1), s, in_segment6(s, 2), s);
	fprintf(host->net, "station %d %s %s/48\nstation %d %s\n", s, in_segment6(s, 7),
		behind6(s, 0), s, in_segment6(s, 0x50));
}

static void write_net(struct host *host)
{
	int s, k, i;

	for (s = 0; s < MAX_NICS; s++) {
		const struct net *net = &host->segments[s];

		fprintf(host->net, "segment %d %s/%d %s\n", s, text_of(net->address), net->len,
			host->strict[s] ? "strict" : "loose");
		fprintf(host->net, "station %d %s 0.0.0.0/0\nstation %d %s 0.0.0.0/0\n", s,
			text_of(in_segment(host, s, 1)), s, text_of(in_segment(host, s, 2)));
		fprintf(host->net, "station %d %s 0.0.0.0/0\n", s,
			text_of(0xcb007101u + (uint32_t)s));
		fprintf(host->net, "station %d %s %s/16\nstation %d %s\n", s,
			text_of(in_segment(host, s, 7)), text_of(behind(s, 0)), s,
			text_of(in_segment(host, s, 50)));
		if (host->inet6)
			write_segment6(host, s);
	}
	for (k = 0; k < host->n_nics; k++) {
		s = host->nics[k].segment;
		fprintf(host->net, "port eth%d %d\n", k, s);
		for (i = 0; i < k && host->nics[i].segment != s; i++)
			;
		if (i < k)
			continue;
		fprintf(host->net, "remote %s\n", text_of(in_segment(host, s, 50)));
		fprintf(host->net, "remote %s %d %s\n", text_of(behind(s, 5)), s,
			text_of(in_segment(host, s, 7)));
		if (host->inet6)
			fprintf(host->net, "remote %s\nremote %s %d %s\n", in_segment6(s, 0x50),
				behind6(s, 5), s, in_segment6(s, 7));
	}
	for (i = 0; i < 3; i++) {
		fprintf(host->net, "remote %s\n", fars[i]);
		if (host->inet6)
			fprintf(host->net, "remote %s\n", fars6[i]);
	}
	fprintf(host->net, "segment 9 172.17.0.1/16 inner\nstation 9 172.17.0.2\n"
		"port docker0 9\nremote 172.17.0.2\n");
	if (host->inet6)
		fprintf(host->net, "segment 9 2001:db8:d::1/64 inner\nstation 9 2001:db8:d::2\n"
			"remote 2001:db8:d::2\n");
}

static void make_static_routes(struct host *host)
{
	int segment = host->nics[below(host, host->n_nics)].segment;
	FILE *file;

	if (!chance(host, 18))
		return;
	file = open_in(host, "w", "etc/sysconfig/static-routes");
	fprintf(file, "any net %s netmask 255.255.0.0 gw %s\n", text_of(behind(segment, 0)),
		text_of(in_segment(host, segment, 7)));
	fclose(file);
}

/* An address that is on no NIC: in a NIC's network, or routed to the host by one. */
static void make_vip(struct host *host)
{
	int k = below(host, host->n_nics);
	struct nic *nic = &host->nics[k];
	const char *device = chance(host, 60) ? "dummy0" : "lo";
	uint32_t address = 0xcb0071c8u; /* 203.0.113.200 */

	if (!chance(host, 15))
		return;
	if (chance(host, 60)) {
		address = in_segment(host, nic->segment, 200);
		nic->vip = address;
		nic->vip_on_lo = device[0] == 'l';
		add_local(host, address, nic->segment, 0);
	} else {
		add_local(host, address, nic->segment, nic->now.address);
	}
	if (device[0] == 'd')
		/* Some kernels have only the other; neither answers ARP. */
		fputs("ip link add dummy0 type dummy 2>/dev/null || ip link add dummy0 type ifb\n"
			"ip link set dummy0 up\n", host->setup);
	fprintf(host->setup, "ip address add %s/32 dev %s\n", text_of(address), device);
}

static void make_sysctl(struct host *host)
{
	static const char *const settings[] = {"", "net.ipv4.conf.default.rp_filter=1\n",
		"net.ipv4.conf.all.rp_filter=1\nnet.ipv4.conf.default.rp_filter=1\n"};
	FILE *file = open_in(host, "w", "etc/sysctl.conf");

	fputs(settings[below(host, 3)], file);
	fclose(file);
}

static void make_folders(const struct host *host)
{
	static const char *const names[] = {"", "/etc", "/etc/sysconfig",
		"/etc/sysconfig/network-scripts"};
	char path[512];
	int i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", host->folder, names[i]);
		if (mkdir(path, 0755) && errno != EEXIST)
			die(path);
	}
}

/* --- what is done --------------------------------------------------------------------------- */

static void say(struct host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct host *host, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(host->steps, format, args);
	va_end(args);
}

static bool is_edited6(const struct nic *nic)
{
	return memcmp(&nic->now6, &nic->live6, sizeof(nic->now6));
}

static void now_up(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];

	host->quiet = false;
	if (nic->gone)
		return;
	if (nic->up && nic->live.address != nic->now.address)
		nic->leftover = true;
	nic->live = nic->now;
	nic->leftover6 = nic->leftover6 || (nic->up && is_edited6(nic));
	nic->live6 = nic->now6;
	nic->up = nic->ever = nic->banned6 = true;
	nic->unsure = nic->unsure6 = nic->lost6 = false;
}

static void now_down(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];

	host->quiet = false;
	nic->up = nic->second_live = nic->leftover = nic->leftover6 = false;
}

static bool is_edited(const struct nic *nic)
{
	const struct profile *a = &nic->now, *b = &nic->live;

	return a->address != b->address || a->gateway != b->gateway || a->metric != b->metric ||
		a->table != b->table || a->no_defroute != b->no_defroute ||
		a->no_fallback != b->no_fallback || a->no_multihome != b->no_multihome;
}

/* sync applies of an edit what needs no ifup, so what is edited promises less from then on. */
static void now_synced(struct host *host)
{
	int k;

	host->active = true;
	for (k = 0; k < host->n_nics; k++) {
		struct nic *nic = &host->nics[k];

		nic->unsure = nic->unsure || (nic->up && is_edited(nic));
		nic->unsure6 = nic->unsure6 || (nic->up && is_edited6(nic));
	}
}

static void do_sync(struct host *host)
{
	say(host, "multihome sync");
	now_synced(host);
}

static void do_ifup(struct host *host, int k)
{
	say(host, "ifup eth%d", k);
	now_up(host, k);
}

static void do_ifdown(struct host *host, int k)
{
	say(host, "ifdown eth%d", k);
	now_down(host, k);
}

/* A hook runs: sync, or the ifup of a NIC that is up, or down and up. */
static void do_hook(struct host *host)
{
	int k = below(host, host->n_nics);
	struct nic *nic = &host->nics[k];

	say(host, "; ");
	if (!host->active || !nic->up || is_edited(nic) || chance(host, 50)) {
		do_sync(host);
		return;
	}
	if (chance(host, 50)) {
		do_ifdown(host, k);
		say(host, "; ");
	}
	do_ifup(host, k);
}

static void step_edit(struct host *host)
{
	static const char *const keys[] = {"GATEWAY", "GATEWAY", "IPADDR", "METRIC", "TABLE",
		"MULTIHOME", "DEFROUTE", "FALLBACK"};
	int k = below(host, host->n_nics), n = below(host, 8);
	struct nic *nic = &host->nics[k];
	struct profile *now = &nic->now;

	/* Lines that may be theirs by now are not edited along. */
	nic->by_hand = nic->by_hand || nic->theirs;
	nic->by_hand6 = nic->by_hand6 || nic->theirs;
	say(host, "edit ifcfg-eth%d %s ", k, keys[n]);
	switch (n) {
	case 0:
		now->gateway = GATEWAY_SECOND;
		break;
	case 1:
		now->gateway = chance(host, 50) ? GATEWAY_NONE : GATEWAY_OTHERS;
		break;
	case 2:
		now->address = in_segment(host, nic->segment, 110 + (uint32_t)k);
		say(host, "%s", text_of(now->address));
		add_local(host, now->address, nic->segment, 0);
		break;
	case 3:
		now->metric = now->metric ? 0 : 55;
		say(host, now->metric ? "55" : "-");
		break;
	case 4:
		now->table = now->table == 130 + k ? 0 : 130 + k;
		say(host, now->table ? "%d" : "-", now->table);
		break;
	case 5:
		now->no_multihome = !now->no_multihome;
		say(host, now->no_multihome ? "no" : "-");
		break;
	case 6:
		now->no_defroute = !now->no_defroute;
		say(host, now->no_defroute ? "no" : "-");
		break;
	default:
		now->no_fallback = !now->no_fallback;
		say(host, now->no_fallback ? "no" : "-");
	}
	if (n < 2) {
		nic->inherits = false;
		say(host, "%s", now->gateway ? text_of(gateway_address(host, k, now->gateway)) : "-");
	}
	if (chance(host, 50)) {
		say(host, "; ");
		do_ifdown(host, k);
		say(host, "; ");
		do_ifup(host, k);
	} else if (chance(host, 50)) {
		do_hook(host);
	}
}

static void step_restart(struct host *host)
{
	int k;

	say(host, "service network restart");
	host->active = true;
	/* IPv6's are routes by lo, which go with its ifdown. */
	if (!host->ban6_is_rule)
		*host->ban6 = '\0';
	for (k = 0; k < host->n_nics; k++) {
		now_down(host, k);
		host->nics[k].banned6 = false;
		/* ifdown of lo takes it away. */
		if (host->nics[k].vip_on_lo)
			host->nics[k].vip = 0;
	}
	for (k = 0; k < host->n_nics; k++)
		if (host->nics[k].onboot)
			now_up(host, k);
}

static void step_bounce(struct host *host, int k)
{
	say(host, "ip link set eth%d down; ip link set eth%d up; ", k, k);
	do_sync(host);
	host->quiet = false;
	/* Its IPv6 addresses come back with an ifup only. */
	host->nics[k].lost6 = true;
	/* The routes of lines that may be theirs by now come back with an ifup. */
	if (host->nics[k].theirs)
		host->nics[k].unsure = true;
}

/* By a rule: where an edit waits its uplink's rules do not follow, and of lines that may be theirs
 * by now they never do. */
static bool may_ban_by_rule(struct host *host)
{
	int k;

	for (k = 0; k < host->n_nics; k++)
		if (is_edited(&host->nics[k]) || host->nics[k].theirs)
			return false;
	return chance(host, 50);
}

/* One beyond all routers, or a neighbour. */
static void step_ban(struct host *host)
{
	/* Beside rules of ours one without a priority gets none behind 32761. */
	static const char *const priorities[] = {"", " priority 10002", " priority 20000",
		" priority 32000"};
	int segment = host->nics[below(host, host->n_nics)].segment;

	if (host->n_bans) {
		say(host, "ip %s %s", host->ban_is_rule ? "rule del to" : "route del",
			text_of(host->bans[--host->n_bans]));
	} else {
		host->ban_is_rule = may_ban_by_rule(host);
		host->bans[host->n_bans++] = chance(host, 70) ? 0xc6120505u /* 198.18.5.5 */
			: in_segment(host, segment, 50);
		if (host->ban_is_rule)
			say(host, "ip rule add to %s %s%s", text_of(host->bans[0]), ban_kind(host),
				priorities[below(host, 4)]);
		else
			say(host, "ip route add %s %s", ban_kind(host), text_of(host->bans[0]));
	}
	do_hook(host);
}

static void step_static_route(struct host *host)
{
	int segment = host->nics[below(host, host->n_nics)].segment;

	say(host, "ip route %s %s/16 via %s", chance(host, 70) ? "add" : "del",
		text_of(behind(segment, 0)), text_of(in_segment(host, segment, 7)));
	do_hook(host);
}

static void step_container(struct host *host)
{
	say(host, host->container ? "ip address del 172.17.0.1/16 dev docker0"
		: "ip address add 172.17.0.1/16 dev docker0; ip link set docker0 up");
	host->container = !host->container;
	do_hook(host);
}

static void step_second(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];

	say(host, "ifup $(cd /etc/sysconfig/network-scripts; ls -d ifcfg-*home* | "
		"xargs grep -l DEVICE=eth%d)", k);
	nic->second_live = nic->up = nic->ever = nic->banned6 = true;
	host->quiet = false;
}

static void step_vip(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];
	uint32_t address = in_segment(host, nic->segment, 190 + (uint32_t)k);

	say(host, "ip address add %s/%d dev eth%d", text_of(address), chance(host, 50) ? 32 :
		host->segments[nic->segment].len, k);
	add_local(host, address, nic->segment, 0);
	if (chance(host, 50) || shares_segment(host, k))
		do_hook(host);
}

static void step_remove(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];
	enum gateway gateway = host->nics[(k + host->n_nics - 1) % host->n_nics].now.gateway;

	const struct profile6 *other6 = &host->nics[(k + host->n_nics - 1) % host->n_nics].now6;

	do_ifdown(host, k);
	/* Nobody could know then that the other's GATEWAY is wrong. */
	if (gateway == GATEWAY_OTHERS || gateway == GATEWAY_ADDRESS ||
		other6->gateway == GATEWAY_OTHERS)
		return;
	say(host, "; mv ifcfg-eth%d /run/; ", k);
	nic->gone = true;
	do_sync(host);
}

static void step_copy(struct host *host, int k)
{
	static const char *const names[] = {"save", "old", "1", "orig2"};

	say(host, "cp route-eth%d route-eth%d.%s; cp rule-eth%d rule-eth%d.%s", k, k,
		names[below(host, 4)], k, k, names[below(host, 4)]);
	do_hook(host);
}

static void step_strip(struct host *host, int k)
{
	const struct nic *nic = &host->nics[k];
	bool edited = memcmp(&nic->now, &nic->live, sizeof(nic->now));

	/* Where the NIC is routed by hand or has just been given up, too, the lines stay, and so
	 * where its edit would make others of them; nobody keeps bans in their table: whose would
	 * they be? And his rule would come before that of a ban. */
	if (!nic->now.no_multihome && !nic->by_hand &&
		!(host->n_bans && (host->ban_is_rule || edited))) {
		say(host, "sed -i '/^#/d' {route,rule}{,6}-eth%d; ", k);
		host->nics[k].theirs = true;
	}
	step_restart(host);
}

static void step_rule(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];

	say(host, "echo 'from %s table 220 priority 600' >>rule-eth%d", text_of(nic->now.address), k);
	nic->by_hand = true;
	do_hook(host);
}

/* --- and to its IPv6 ------------------------------------------------------------------------ */

static bool may_sync(const struct host *host)
{
	int k;

	for (k = 0; k < host->n_nics; k++)
		if (is_edited(&host->nics[k]))
			return false;
	return host->active;
}

static void edit6(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];
	struct profile6 *now = &nic->now6;
	int len = host->lens6[nic->segment], kind;

	say(host, "edit ifcfg-eth%d ", k);
	nic->by_hand6 = nic->by_hand6 || nic->theirs;
	/* An inherited gateway stays: without one in the file there is that of network again. */
	kind = below(host, nic->inherits6 ? 3 : 5);
	if (kind == 0 && host->nics[(k + host->n_nics - 1) % host->n_nics].now6.gateway ==
			GATEWAY_OTHERS)
		kind = 1;
	switch (kind) {
	case 0:
		now->init = !now->init;
		say(host, "IPV6INIT %s", now->init ? "yes" : "no");
		break;
	case 1:
		now->address = (now->address < 0x110 ? 0x110 : 0x99) + (unsigned)k;
		say(host, "IPV6ADDR %s/%d", in_segment6(nic->segment, now->address), len);
		break;
	case 2:
		now->secondary = now->secondary ? 0 : 0x140 + (unsigned)k;
		if (now->secondary)
			say(host, "IPV6ADDR_SECONDARIES %s/%d",
				in_segment6(nic->segment, now->secondary), len);
		else
			say(host, "IPV6ADDR_SECONDARIES -");
		break;
	default:
		now->gateway = (const enum gateway[]){GATEWAY_FIRST, GATEWAY_SECOND, GATEWAY_OUTSIDE,
			GATEWAY_NONE, GATEWAY_OTHERS}[below(host, may_name_other(host, k) ? 5 : 4)];
		now->scoped = now->gateway == GATEWAY_OUTSIDE;
		say(host, "IPV6_DEFAULTGW %s", gateway6_text(host, k, now->gateway, now->scoped));
	}
	add_locals6(host, k);
}

/* A route or a rule; for a rule as with may_ban_by_rule. */
static void ban6(struct host *host, int segment)
{
	int k;

	if (*host->ban6) {
		say(host, "ip -6 %s %s", host->ban6_is_rule ? "rule del to" : "route del", host->ban6);
		*host->ban6 = '\0';
		return;
	}
	host->ban6_is_rule = chance(host, 50);
	for (k = 0; k < host->n_nics; k++)
		if (is_edited6(&host->nics[k]) || host->nics[k].theirs)
			host->ban6_is_rule = false;
	snprintf(host->ban6, MAX_TEXT, "%s", chance(host, 70) ? fars6[2] : in_segment6(segment, 0x50));
	if (host->ban6_is_rule)
		say(host, "ip -6 rule add to %s %s", host->ban6, ban_kind(host));
	else
		say(host, "ip -6 route add %s %s", ban_kind(host), host->ban6);
}

/* An address that no file has: on the NIC, or routed to the host. */
static void vip6(struct host *host, int k)
{
	struct nic *nic = &host->nics[k];
	const char *address = in_segment6(nic->segment, 0x190 + (unsigned)k);

	if (nic->up && chance(host, 60)) {
		add_local_text(host, address, nic->segment, "");
		say(host, "ip address add %s/%d dev eth%d", address,
			chance(host, 50) ? 128 : host->lens6[nic->segment], k);
		return;
	}
	add_local_text(host, "2001:db8:5::180", nic->segment,
		in_segment6(nic->segment, nic->now6.address));
	say(host, "ip address add 2001:db8:5::180/128 dev lo");
}

/* As trouble_routes. */
static void spoil6(struct host *host, int k)
{
	static const char *const ends[] = {"rule del priority 60",
		"rule del priority 60; ip -6 route flush table 240",
		"rule del priority 60; ip -6 route flush table 240", "route del 2001:db8:e::/48",
		"route del 2001:db8:f::66 via", "route show"};
	const struct nic *nic = &host->nics[k], *other = &host->nics[(k + 1) % host->n_nics];
	const char *address = in_segment6(nic->segment, nic->now6.address);
	const char *router = in_segment6(nic->segment, 1), *others = in_segment6(other->segment, 1);
	int kind = below(host, 6);

	switch (kind) {
	case 0:
		say(host, "ip -6 rule add from %s blackhole priority 60", address);
		break;
	case 1:
		say(host, "ip -6 rule add from %s lookup 240 priority 60; "
			"ip -6 route add default via %s table 240", address, others);
		break;
	case 2:
		say(host, "ip -6 rule add to 2001:db8:e::/48 iif eth%d lookup 240 priority 60; "
			"ip -6 route add throw default table 240", k);
		break;
	case 3:
		say(host, "ip -6 route add 2001:db8:e::/48 nexthop via %s nexthop via %s", router,
			others);
		break;
	case 4:
		say(host, "ip -6 route add 2001:db8:f::66 via %s", router);
		break;
	default:
		say(host, "ip -6 route del default table %d; ip -6 route del default table %d",
			100 + k, 120 + k);
	}
	snprintf(host->spoilt6, sizeof(host->spoilt6), "ip -6 %s%s%s", ends[kind],
		kind == 4 ? " " : "", kind == 4 ? router : "");
}

/* What is done to IPv6 before the rest of a step: nothing of the rest depends on it. */
static void make_step6(struct host *host)
{
	int k = below(host, host->n_nics), kind = below(host, 100);
	struct nic *nic = &host->nics[k];
	bool bounce = false;

	if (!nic->now6.address || !may_sync(host))
		return;
	if (chance(host, 20)) {
		spoil6(host, k);
		say(host, "; ");
		host->quiet = false;
		return;
	}
	if (kind < 40) {
		edit6(host, k);
		bounce = nic->up && !nic->gone && chance(host, 60);
	} else if (kind < 60) {
		ban6(host, nic->segment);
	} else if (kind < 72) {
		say(host, "ip -6 route %s %s/48 via %s", chance(host, 70) ? "add" : "del",
			behind6(nic->segment, 0), in_segment6(nic->segment, 7));
	} else if (kind < 86) {
		vip6(host, k);
	} else if (kind < 92) {
		say(host, host->container6 ? "ip address del 2001:db8:d::1/64 dev docker0"
			: "ip address add 2001:db8:d::1/64 dev docker0; ip link set docker0 up");
		host->container6 = !host->container6;
	} else {
		say(host, "echo 'from %s table 220 priority 600' >>rule6-eth%d",
			in_segment6(nic->segment, nic->now6.address), k);
		nic->by_hand6 = true;
	}
	say(host, "; ");
	if (bounce && !nic->second_live && !nic->leftover) {
		do_ifdown(host, k);
		say(host, "; ");
		do_ifup(host, k);
	} else if (kind < 40 && chance(host, 50)) {
		return;
	} else {
		do_sync(host);
	}
	say(host, "; ");
}

static void make_step(struct host *host)
{
	int k = below(host, host->n_nics), kind = below(host, 100);
	struct nic *nic = &host->nics[k];

	if (kind < 14)
		do_ifdown(host, k);
	else if (kind < 26)
		do_ifup(host, k);
	else if (kind < 44)
		step_edit(host);
	else if (kind < 50)
		do_sync(host);
	else if (kind < 56)
		say(host, "multihome clean"), host->active = false;
	else if (kind < 62)
		step_restart(host);
	else if (kind < 69)
		step_bounce(host, k);
	else if (kind < 76)
		step_ban(host);
	else if (kind < 80)
		step_static_route(host);
	else if (kind < 84)
		step_container(host);
	else if (kind < 87 && nic->second_there)
		step_second(host, k);
	else if (kind < 90)
		step_vip(host, k);
	else if (kind < 93)
		step_remove(host, k);
	else if (kind < 96)
		step_copy(host, k);
	else if (kind < 98)
		step_strip(host, k);
	else
		step_rule(host, k);
}

/* --- what happens to it ----------------------------------------------------------------------- */

static void trouble_pull(struct host *host, int k)
{
	struct trouble *trouble = &host->trouble;

	snprintf(trouble->begin, sizeof(trouble->begin), "pull eth%d", k);
	snprintf(trouble->end, sizeof(trouble->end), "plug eth%d", k);
	trouble->segment = host->nics[k].segment;
	trouble->no_way_out = true;
}

/* Others of the segment still deliver what is sent to the host. */
static void trouble_router(struct host *host, int k)
{
	struct trouble *trouble = &host->trouble;
	uint32_t router = gateway_address(host, k, host->nics[k].now.gateway);

	if (!router || chance(host, 20))
		router = in_segment(host, host->nics[k].segment, 1);
	snprintf(trouble->begin, sizeof(trouble->begin), "router off %d %s %s fe80::1",
		host->nics[k].segment, text_of(router), in_segment6(host->nics[k].segment, 1));
	snprintf(trouble->end, sizeof(trouble->end), "router on");
	trouble->segment = host->nics[k].segment;
	trouble->no_way_out = true;
}

static void trouble_vpn(struct host *host)
{
	struct trouble *trouble = &host->trouble;
	bool alive = chance(host, 60);

	snprintf(trouble->begin, sizeof(trouble->begin), "vpn %s", alive ? "alive" : "dead");
	trouble->syncs = chance(host, 40);
	snprintf(trouble->end, sizeof(trouble->end), "vpn off");
	trouble->no_way_out = !alive;
}

static void trouble_firewall(struct host *host, int k)
{
	struct trouble *trouble = &host->trouble;
	const char *const rules[] = {"input ip saddr 198.18.5.5 drop", "output ip saddr",
		"input meta l4proto tcp drop", "input iifname"};
	int kind = below(host, 4);
	char more[64] = "";

	if (kind == 1)
		snprintf(more, sizeof(more), " %s drop", text_of(host->nics[k].now.address));
	if (kind == 3)
		snprintf(more, sizeof(more), " eth%d drop", k);
	snprintf(trouble->begin, sizeof(trouble->begin), "firewall %s%s", rules[kind], more);
	snprintf(trouble->end, sizeof(trouble->end), "firewall off");
	trouble->unknown = true;
	trouble->spoils = true;
}

/* On lo, on a device of its own or on a NIC; within its network or routed to the host. */
static void trouble_vip(struct host *host, int k)
{
	struct trouble *trouble = &host->trouble;
	/* Where NICs share a network, another one may answer ARP for the next hop with multihome. */
	bool within = chance(host, 60) || shares_segment(host, k);
	int segment = host->nics[k].segment, device = below(host, 4);
	uint32_t address = within ? in_segment(host, segment, 180) : 0xcb0071b4u; /* 203.0.113.180 */
	char name[16] = "lo";

	if (device)
		snprintf(name, sizeof(name), "eth%d", device == 1 ? k : below(host, host->n_nics));
	add_local(host, address, segment, within ? 0 : host->nics[k].now.address);
	snprintf(trouble->begin, sizeof(trouble->begin), "ip address add %s/32 dev %s",
		text_of(address), name);
	trouble->syncs = chance(host, 30);
	snprintf(trouble->end, sizeof(trouble->end), "ip address del %s/32 dev %s", text_of(address),
		name);
}

static void trouble_setting(struct host *host, int k)
{
	static const char *const settings[] = {"rp_filter 1", "rp_filter 1", "rp_filter 2",
		"rp_filter 0", "arp_filter 1", "arp_ignore 1", "arp_ignore 2", "arp_ignore 8"};
	struct trouble *trouble = &host->trouble;
	char name[16] = "all";

	if (chance(host, 80))
		snprintf(name, sizeof(name), "eth%d", k);
	snprintf(trouble->begin, sizeof(trouble->begin), "setting %s %s", name, settings[below(host, 8)]);
	snprintf(trouble->end, sizeof(trouble->end), "setting back");
	trouble->spoils = true;
}

/* As somebody's script may do; what is not there is not deleted. */
static void trouble_routes(struct host *host, int k)
{
	struct trouble *trouble = &host->trouble;
	char *begin = trouble->begin, *end = trouble->end;
	size_t size = sizeof(trouble->begin);
	int other = (k + 1) % host->n_nics;
	const char *address = text_of(host->nics[k].now.address);
	const char *router = text_of(in_segment(host, host->nics[k].segment, 1));
	const char *others = text_of(in_segment(host, host->nics[other].segment, 1));

	trouble->spoils = true;
	switch (below(host, 9)) {
	case 0:
		snprintf(begin, size, "lose_rule");
		trouble->needs_sync = true;
		break;
	case 1:
		snprintf(begin, size, "ip route del default table %d; ip route del default table %d",
			100 + k, 120 + k);
		trouble->needs_sync = true;
		break;
	case 2:
		snprintf(begin, size, "ip rule add from %s blackhole priority 60", address);
		snprintf(end, size, "ip rule del priority 60");
		break;
	case 3:
		snprintf(begin, size, "ip rule add from %s lookup 240 priority 60; "
			"ip route add default via %s table 240", address, others);
		snprintf(end, size, "ip rule del priority 60; ip route flush table 240");
		break;
	case 4:
		snprintf(begin, size, "ip rule add fwmark 7 lookup 240 priority 60; "
			"ip route add default via %s table 240", others);
		snprintf(end, size, "ip rule del priority 60; ip route flush table 240");
		trouble->unknown = true;
		break;
	case 5:
		snprintf(begin, size, "ip route add 198.18.0.0/15 nexthop via %s nexthop via %s",
			router, others);
		snprintf(end, size, "ip route del 198.18.0.0/15");
		trouble->copied = true;
		break;
	case 6:
		snprintf(begin, size, "ip route add 198.51.100.66 via %s", router);
		snprintf(end, size, "ip route del 198.51.100.66 via %s", router);
		break;
	case 7:
		snprintf(begin, size, "ip rule add to 198.18.0.0/15 iif eth%d lookup 240 priority 60; "
			"ip route add throw default table 240", k);
		snprintf(end, size, "ip rule del priority 60; ip route flush table 240");
		break;
	default:
		snprintf(begin, size, "ip route add default via %s metric 1; "
			"ip route add default via %s metric 1", others, router);
		snprintf(end, size, "ip route del default metric 1; ip route del default metric 1");
	}
}

/* False: none comes to this host. */
static bool begin_trouble(struct host *host)
{
	struct trouble *trouble = &host->trouble;
	uint64_t random = host->random;
	int k, kind;

	host->random = host->other_random;
	k = below(host, host->n_nics);
	kind = below(host, 100);
	trouble->segment = -1;
	if (kind < 16)
		trouble_pull(host, k);
	else if (kind < 36)
		trouble_router(host, k);
	else if (kind < 48)
		trouble_vpn(host);
	else if (kind < 56)
		trouble_firewall(host, k);
	else if (kind < 70)
		trouble_vip(host, k);
	else if (kind < 82)
		trouble_setting(host, k);
	else
		trouble_routes(host, k);
	trouble->steps_left = 1 + below(host, 2);
	host->random = random;
	if (trouble->needs_sync && !host->active) {
		trouble->steps_left = 0;
		return false;
	}
	host->quiet = false;
	say(host, "%s", trouble->begin);
	if (trouble->syncs) {
		say(host, "; ");
		do_sync(host);
	}
	say(host, "\n");
	return true;
}

static void pass_trouble(struct host *host)
{
	struct trouble *trouble = &host->trouble;

	if (!trouble->steps_left || --trouble->steps_left)
		return;
	host->quiet = false;
	if (!trouble->needs_sync)
		say(host, "%s; ", trouble->end);
	if (trouble->needs_sync || (trouble->copied && host->active)) {
		do_sync(host);
		say(host, "; ");
	}
}

/* --- what must hold ------------------------------------------------------------------------- */

static void expect_own(const struct host *host, const char *address, int k)
{
	fprintf(host->expect, "%d own %s eth%d\n", host->step, address, k);
}

static void expect_addresses(const struct host *host, int k, bool inet6)
{
	const struct nic *nic = &host->nics[k];

	if (inet6) {
		expect_own(host, in_segment6(nic->segment, nic->live6.address), k);
		if (nic->live6.secondary)
			expect_own(host, in_segment6(nic->segment, nic->live6.secondary), k);
		return;
	}
	expect_own(host, text_of(nic->live.address), k);
	if (nic->alias)
		expect_own(host, text_of(nic->alias), k);
	if (nic->vip && !shares_segment(host, k))
		expect_own(host, text_of(nic->vip), k);
}

/* Whether the host's own traffic has a way out by this NIC, should all others be lost. */
static bool is_way_out(const struct host *host, int k, bool inet6)
{
	const struct profile *live = &host->nics[k].live;

	if (live->no_fallback || live->no_defroute)
		return false;
	return inet6 ? host->defaultdev6 < 0
		: live->gateway != GATEWAY_OUTSIDE && !live->metric && host->gatewaydev < 0;
}

static bool is_lame(const struct host *host, int segment)
{
	return host->trouble.steps_left && host->trouble.segment == segment;
}

static void write_trouble(const struct host *host)
{
	const struct trouble *trouble = &host->trouble;
	int i;

	for (i = 0; i < host->n_locals; i++)
		if (is_lame(host, host->local_segments[i]))
			fprintf(host->expect, "%d lame %s\n", host->step,
				host->locals[i]);
	if (trouble->steps_left && trouble->segment >= 0 && host->inet6)
		fprintf(host->expect, "%d lame %s\n%d lame %s\n%d lame own6\n", host->step,
			in_segment6(trouble->segment, 0x50), host->step,
			behind6(trouble->segment, 5), host->step);
	if (trouble->steps_left && trouble->spoils)
		fprintf(host->expect, "%d spoilt 4\n", host->step);
	if (*host->spoilt6)
		fprintf(host->expect, "%d spoilt 6\n", host->step);
	if (trouble->steps_left && trouble->unknown)
		fprintf(host->expect, "%d unknown\n", host->step);
}

/* True if the host's own traffic has a way out. */
static bool expect_family(const struct host *host, bool inet6)
{
	bool out = false;
	int k;

	for (k = 0; k < host->n_nics && count_uplinks(host, inet6) >= 2; k++) {
		if (!is_served(host, k, inet6))
			continue;
		if (count_served(host, inet6) >= 2 && !is_lame(host, host->nics[k].segment))
			expect_addresses(host, k, inet6);
		out = out || is_way_out(host, k, inet6);
	}
	return out && !(host->trouble.steps_left && host->trouble.no_way_out);
}

static void write_expectations(struct host *host, bool cleaned)
{
	int k, i;

	write_trouble(host);
	for (k = 0; k < host->n_nics; k++) {
		const struct nic *nic = &host->nics[k];

		if (nic->bans && nic->ever)
			fprintf(host->expect, "%d ban %s\n", host->step, fars[1]);
		if (nic->bans6 && nic->banned6)
			fprintf(host->expect, "%d ban %s\n", host->step, fars6[1]);
		if (nic->theirs)
			fprintf(host->expect, "%d theirs eth%d\n", host->step, k);
	}
	for (i = 0; i <= 1; i++)
		if (expect_family(host, i))
			fprintf(host->expect, "%d out %d\n", host->step, i ? 6 : 4);
	for (i = 0; i < host->n_bans; i++)
		fprintf(host->expect, "%d ban %s\n", host->step, text_of(host->bans[i]));
	if (*host->ban6)
		fprintf(host->expect, "%d ban %s\n", host->step, host->ban6);
	if (host->quiet && !host->trouble.steps_left)
		fprintf(host->expect, "%d quiet\n", host->step);
	if (cleaned)
		fprintf(host->expect, "%d cleaned\n", host->step);
}

static void make_boot(struct host *host)
{
	int k;

	say(host, "service network start");
	host->active = true;
	for (k = 0; k < host->n_nics; k++)
		if (host->nics[k].onboot)
			now_up(host, k);
	say(host, "\n");
	write_expectations(host, false);
}

static void make_steps(struct host *host)
{
	int n = 3 + below(host, 4), i;
	bool was_active;

	make_boot(host);
	host->step = 1;
	for (i = 1; i <= n; i++, host->step++) {
		if (i == host->trouble_at && begin_trouble(host)) {
			write_expectations(host, false);
			host->step++;
		}
		was_active = host->active;
		host->quiet = true;
		pass_trouble(host);
		swap_random(host);
		if (*host->spoilt6) {
			say(host, "%s; ", host->spoilt6);
			*host->spoilt6 = '\0';
			if (may_sync(host)) {
				do_sync(host);
				say(host, "; ");
			}
			host->quiet = false;
		} else if (host->inet6 && chance(host, 45)) {
			make_step6(host);
		}
		swap_random(host);
		make_step(host);
		say(host, "\n");
		write_expectations(host, was_active && !host->active);
	}
}

int main(int argc, char **argv)
{
	static struct host host;
	int k;

	if (argc != 3) {
		fputs("usage: hosts_make SEED FOLDER\n", stderr);
		return 2;
	}
	host.random = strtoull(argv[1], NULL, 10) * 0x2545f4914f6cdd1dULL;
	host.other_random = host.random + 0x5851f42d4c957f2dULL;
	host.folder = argv[2];
	host.random6 = host.random + 0x6c62272e07bb0142ULL;
	host.gatewaydev = host.defaultdev6 = -1;
	make_folders(&host);
	host.net = open_in(&host, "w", "net");
	host.setup = open_in(&host, "w", "setup");
	host.steps = open_in(&host, "w", "steps");
	host.expect = open_in(&host, "w", "expect");
	host.first_table = 100 + 100 * below(&host, 2) + below(&host, 2);
	host.n_nics = 2 + (int)(below(&host, 10) * 3 / 10);
	make_nets(&host);
	write_net(&host);
	for (k = 0; k < host.n_nics; k++) {
		make_profile(&host, k, &host.nics[k].now);
		host.nics[k].onboot = chance(&host, 92);
	}
	make_inet6(&host);
	make_network_file(&host);
	for (k = 0; k < host.n_nics; k++)
		make_nic_files(&host, k);
	make_static_routes(&host);
	make_vip(&host);
	make_sysctl(&host);
	host.trouble_at = 1 + (int)(host.other_random >> 33) % 4;
	make_steps(&host);
	return 0;
}
