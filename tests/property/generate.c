/* SPDX-License-Identifier: MIT
 * Random hosts. Nets are drawn so that they often meet: equal, within each other, apart.
 */
#include <string.h>

#include "host.h"

/* splitmix64: the same hosts everywhere, whatever the C library's rand() is. */
static uint64_t random_next(struct host *host)
{
	uint64_t z = host->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

unsigned random_below(struct host *host, unsigned n)
{
	return (unsigned)(random_next(host) >> 32) % n;
}

static bool chance(struct host *host, unsigned percent)
{
	return random_below(host, 100) < percent;
}

static uint32_t net_mask(int len)
{
	return len ? 0xffffffffu << (32 - len) : 0;
}

bool net_has(struct net net, uint32_t address)
{
	return !((net.address ^ address) & net_mask(net.len));
}

static struct net net_of(uint32_t address, int len)
{
	struct net net = {address & net_mask(len), len};

	return net;
}

bool host_has_address(const struct host *host, uint32_t address)
{
	int i;

	for (i = 0; i < host->n_addresses; i++)
		if (host->addresses[i].net.address == address)
			return true;
	return false;
}

/* RFC 3021: a /31 has neither a network's nor a broadcast address. */
static bool is_edge(struct net net, uint32_t address)
{
	return net.len < 31 && net_has(net, address) &&
		(address == (net.address & net_mask(net.len)) ||
			address == (net.address | ~net_mask(net.len)));
}

static bool is_edge_of_any(const struct host *host, uint32_t address)
{
	int i;

	for (i = 0; i < host->n_addresses; i++)
		if (is_edge(host->addresses[i].net, address))
			return true;
	return false;
}

uint32_t random_remote(struct host *host, struct net net)
{
	uint32_t address;
	int tries;

	for (tries = 0; tries < 64; tries++) {
		address = (net.address & net_mask(net.len)) |
			((uint32_t)random_next(host) & ~net_mask(net.len));
		if (!is_edge(net, address) && !is_edge_of_any(host, address) &&
			!host_has_address(host, address))
			return address;
	}
	return 0;
}

static bool is_gateway(const struct host *host, uint32_t address)
{
	int i;

	for (i = 0; i < host->n_files; i++)
		if (host->files[i].gateway == address)
			return true;
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].gateway == address)
			return true;
	return host->gateway == address;
}

/* Would the net make an address of before its own broadcast address? */
static bool makes_edge(const struct host *host, struct net net)
{
	int i;

	for (i = 0; i < host->n_addresses; i++)
		if (is_edge(net, host->addresses[i].net.address))
			return true;
	return is_gateway(host, net.address & net_mask(net.len)) ||
		is_gateway(host, net.address | ~net_mask(net.len));
}

static struct net random_apart(struct host *host)
{
	static const struct net pools[] = {{0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}};
	static const int lens[] = {8, 12, 16, 16, 20, 22, 24, 24, 24, 24, 25, 28, 29, 30, 31};
	struct net pool = pools[random_below(host, 3)];
	int len = lens[random_below(host, sizeof(lens) / sizeof(*lens))];

	if (len < pool.len)
		len = pool.len;
	return net_of(pool.address | ((uint32_t)random_next(host) & ~net_mask(pool.len)), len);
}

/* Often one that has to do with a net that is there. */
static struct net random_net(struct host *host)
{
	unsigned kind = random_below(host, 100);
	struct net near;
	int len;

	if (!host->n_addresses || kind < 55)
		return random_apart(host);
	near = host->addresses[random_below(host, (unsigned)host->n_addresses)].net;
	len = 1 + (int)random_below(host, 8);
	if (kind < 75 && near.len < 32)
		return net_of(near.address, near.len);
	if (kind < 88 && near.len + len <= 30)
		return net_of(near.address ^ ((uint32_t)random_next(host) & ~net_mask(near.len)),
			near.len + len);
	return net_of(near.address, near.len - len < 8 ? 8 : near.len - len);
}

static void add_route(struct host *host, struct route route)
{
	if (host->n_routes < MAX_ROUTES)
		host->routes[host->n_routes++] = route;
}

static bool has_route_key(const struct host *host, const struct route *route)
{
	const struct route *there;
	int i;

	for (i = 0; i < host->n_routes; i++) {
		there = &host->routes[i];
		if (there->table == route->table && there->metric == route->metric &&
			there->dst.len == route->dst.len &&
			there->dst.address == route->dst.address)
			return true;
	}
	return false;
}

/* The kernel's route to the net of a new address; one a net and device. */
static void add_connected(struct host *host, const struct address *address)
{
	struct route route = {.nic = address->nic, .table = TABLE_MAIN};
	int i;

	route.dst = net_of(address->net.address, address->net.len);
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].home == ROUTE_CONNECTED && host->routes[i].nic == route.nic &&
			host->routes[i].dst.address == route.dst.address &&
			host->routes[i].dst.len == route.dst.len)
			return;
	if (route.dst.len < 32 && !host->nics[address->nic].absent)
		add_route(host, route);
}

static bool add_address(struct host *host, int nic, int file, struct net net)
{
	struct address *address = &host->addresses[host->n_addresses];
	uint32_t remote = random_remote(host, net);

	if (!remote || is_gateway(host, remote) || makes_edge(host, net) ||
		host->n_addresses == MAX_ADDRESSES)
		return false;
	address->nic = nic;
	address->file = file;
	address->net.address = remote;
	address->net.len = file >= 0 && chance(host, 4) ? 32 : file < 0 ? 32 : net.len;
	host->n_addresses++;
	add_connected(host, address);
	return true;
}

/* An address of the file, so that a gateway or a router can be drawn from its net. */
static const struct address *random_address(struct host *host, int nic, int file)
{
	const struct address *address;
	int tries;

	for (tries = 0; tries < 64 && host->n_addresses; tries++) {
		address = &host->addresses[random_below(host, (unsigned)host->n_addresses)];
		if (address->nic == nic && (file < 0 || address->file == file) &&
			address->net.len < 32)
			return address;
	}
	return NULL;
}

static bool file_has(const struct host *host, int file, uint32_t address)
{
	int i;

	for (i = 0; i < host->n_addresses; i++)
		if (host->addresses[i].file == file && net_has(host->addresses[i].net, address))
			return true;
	return false;
}

/* One beyond the file's nets, sometimes the same as another NIC's. */
static uint32_t random_outside(struct host *host, int file)
{
	struct net apart = random_apart(host);
	uint32_t gateway = random_remote(host, apart);
	int other = (int)random_below(host, (unsigned)host->n_files);

	if (chance(host, 40) && host->files[other].gateway)
		gateway = host->files[other].gateway;
	return gateway && !file_has(host, file, gateway) ? gateway : 0;
}

static uint32_t random_gateway(struct host *host, int file)
{
	const struct address *address = random_address(host, host->files[file].nic, file);
	int other = (int)random_below(host, (unsigned)host->n_files);

	if (!address || chance(host, 10))
		return random_outside(host, file);
	if (chance(host, 30) && host->files[other].gateway &&
		net_has(address->net, host->files[other].gateway))
		return host->files[other].gateway;
	return random_remote(host, address->net);
}

static int add_file(struct host *host, int nic, int alias)
{
	struct ifcfg *file = &host->files[host->n_files];

	file->nic = nic;
	file->alias = alias;
	file->metric = -1;
	return host->n_files++;
}

static void add_keys(struct host *host, struct ifcfg *file)
{
	static const int metrics[] = {0, 1, 50, 1100, 2000};

	if (chance(host, 12))
		file->metric = metrics[random_below(host, 5)];
	file->defroute_no = chance(host, 8);
	file->fallback_no = chance(host, 5);
	if (chance(host, 5))
		file->table = 120 + host->n_files;
	file->multihome_no = file->gateway && chance(host, 5);
}

static void add_aliases(struct host *host, int nic, int parent)
{
	int alias, file;

	for (alias = 1; alias <= 2 && chance(host, 25); alias++) {
		if (host->n_files == MAX_FILES)
			return;
		file = add_file(host, nic, alias);
		while (!add_address(host, nic, file, random_net(host)))
			;
		if (host->files[parent].gateway && !host->files[parent].multihome_no &&
			chance(host, 30))
			host->files[file].gateway = random_gateway(host, file);
	}
}

static void add_nic(struct host *host)
{
	int nic = host->n_nics++, file = add_file(host, nic, 0), n = 0;
	int wanted = chance(host, 60) ? 1 : 2 + (int)random_below(host, 2);

	sprintf(host->nics[nic].name, "eth%d", nic);
	host->nics[nic].absent = chance(host, 4);
	host->nics[nic].shell_form = chance(host, 30);
	while (n < wanted)
		n += add_address(host, nic, file, random_net(host));
	if (!chance(host, 12))
		host->files[file].gateway = random_gateway(host, file);
	add_keys(host, &host->files[file]);
	add_aliases(host, nic, file);
}

/* For a NIC that has none of its own. */
static void add_network_gateway(struct host *host)
{
	const struct address *address;
	int i;

	for (i = 0; i < host->n_files; i++) {
		if (host->files[i].gateway || host->files[i].alias || !chance(host, 40))
			continue;
		address = random_address(host, host->files[i].nic, i);
		if (address)
			host->gateway = random_remote(host, address->net);
		return;
	}
}

static void add_bridge(struct host *host)
{
	struct net net = {0xac110000, 16};
	int nic = host->n_nics++;

	strcpy(host->nics[nic].name, "docker0");
	host->nics[nic].bridge = true;
	if (chance(host, 30))
		net = random_net(host);
	/* By hand, but with a net: no add_address, which would make it a single one. */
	host->addresses[host->n_addresses].net.address = random_remote(host, net);
	if (makes_edge(host, net) || !host->addresses[host->n_addresses].net.address ||
		is_gateway(host, host->addresses[host->n_addresses].net.address)) {
		host->n_nics--;
		return;
	}
	host->addresses[host->n_addresses].net.len = net.len;
	host->addresses[host->n_addresses].nic = nic;
	host->addresses[host->n_addresses].file = -1;
	add_connected(host, &host->addresses[host->n_addresses++]);
}

static int random_present(struct host *host)
{
	int nic = (int)random_below(host, (unsigned)host->n_nics);

	return host->nics[nic].absent ? -1 : nic;
}

/* A route by a NIC: by a router in its net, on-link, or to a router taken at its word. */
static bool random_route(struct host *host, struct route *route)
{
	const struct address *address = random_address(host, route->nic, -1);
	unsigned kind = random_below(host, 100);

	route->dst = random_net(host);
	if (route->dst.len > 30)
		return false;
	if (address && kind < 80)
		route->gateway = random_remote(host, address->net);
	else if (kind < 90 && !host->nics[route->nic].shell_form) {
		route->gateway = random_remote(host, random_apart(host));
		route->onlink = true;
	}
	return (route->gateway || kind >= 90) && !has_route_key(host, route);
}

static void add_static_routes(struct host *host)
{
	struct route route;
	int i, n = (int)random_below(host, 4);

	for (i = 0; i < n; i++) {
		memset(&route, 0, sizeof(route));
		route.home = ROUTE_STATIC;
		route.table = TABLE_MAIN;
		route.nic = random_present(host);
		if (route.nic < 0 || host->nics[route.nic].bridge)
			continue;
		if (!host->nics[route.nic].shell_form && chance(host, 30))
			route.metric = 1 + (int)random_below(host, 3);
		if (random_route(host, &route) &&
			!(host->nics[route.nic].shell_form && route.onlink))
			add_route(host, route);
	}
}

/* A default among the lines of a route- file, and a VPN that covers the default by halves. */
static void add_defaults(struct host *host)
{
	struct route route = {.home = ROUTE_STATIC, .table = TABLE_MAIN, .nic = -1};
	const struct address *address;

	route.nic = random_present(host);
	address = route.nic < 0 ? NULL : random_address(host, route.nic, -1);
	if (!address)
		return;
	route.gateway = random_remote(host, address->net);
	route.metric = chance(host, 50) ? 5 : 3000;
	if (route.gateway && chance(host, 8) && !host->nics[route.nic].bridge &&
		!host->nics[route.nic].shell_form) {
		add_route(host, route);
		host->has_default = true;
	}
	route.home = ROUTE_FOREIGN;
	route.metric = 0;
	route.dst.len = 1;
	if (!route.gateway || !chance(host, 8))
		return;
	add_route(host, route);
	route.dst.address = 0x80000000;
	add_route(host, route);
}

static void add_foreign_routes(struct host *host)
{
	static const int tables[] = {TABLE_MAIN, TABLE_MAIN, 50, 100, 101, 200};
	struct route route;
	int i, n = (int)random_below(host, 5);

	for (i = 0; i < n; i++) {
		memset(&route, 0, sizeof(route));
		route.home = ROUTE_FOREIGN;
		route.table = tables[random_below(host, 6)];
		route.nic = random_present(host);
		if (chance(host, 30))
			route.metric = 1 + (int)random_below(host, 3);
		route.blackhole = chance(host, 10);
		if (route.nic < 0 || !random_route(host, &route))
			continue;
		if (route.table != TABLE_MAIN && chance(host, 40)) {
			memset(&route.dst, 0, sizeof(route.dst));
			if (has_route_key(host, &route))
				continue;
		}
		add_route(host, route);
	}
}

static void add_rules(struct host *host)
{
	static const int priorities[] = {1, 500, 9000, 15000, 32000};
	static const int tables[] = {TABLE_MAIN, 50, 50, 100, 101, 200};
	int i, n = chance(host, 50) ? 0 : 1 + (int)random_below(host, 3);
	const struct address *address;
	struct rule *rule;

	for (i = 0; i < n; i++) {
		rule = &host->rules[host->n_rules++];
		address = &host->addresses[random_below(host, (unsigned)host->n_addresses)];
		rule->table = tables[random_below(host, 6)];
		rule->priority = priorities[random_below(host, 5)] + i;
		if (chance(host, 60))
			rule->from = chance(host, 50)
				? net_of(address->net.address, 32)
				: net_of(address->net.address, address->net.len);
		if (!rule->from.len || chance(host, 20))
			rule->to = random_net(host);
		rule->mark = chance(host, 10);
		rule->file = chance(host, 30) && !host->nics[address->nic].bridge &&
				!host->nics[address->nic].absent
			? address->nic
			: -1;
	}
}

uint32_t file_gateway(const struct host *host, int file)
{
	return host->files[file].gateway ? host->files[file].gateway : host->gateway;
}

/* ifup-eth: the gateway of the first address' network; with GATEWAYDEV, that device at least. */
enum main_default host_main_default(const struct host *host, int file)
{
	const struct ifcfg *ifcfg = &host->files[file];
	uint32_t gateway = file_gateway(host, file);
	int i = 0;

	if (ifcfg->alias || ifcfg->defroute_no || host->nics[ifcfg->nic].absent ||
		(host->gateway_nic >= 0 && host->gateway_nic != ifcfg->nic))
		return DEFAULT_NONE;
	while (host->addresses[i].file != file)
		i++;
	if (gateway && net_has(host->addresses[i].net, gateway))
		return DEFAULT_GATEWAY;
	return host->gateway_nic == ifcfg->nic ? DEFAULT_DEVICE : DEFAULT_NONE;
}

void host_generate(struct host *host, uint64_t seed)
{
	int i, nics;

	memset(host, 0, sizeof(*host));
	host->random = seed;
	host->gateway_nic = -1;
	nics = chance(host, 15) ? 1 : 2 + (int)random_below(host, 3);
	while (host->n_nics < nics)
		add_nic(host);
	if (chance(host, 20))
		add_network_gateway(host);
	if (chance(host, 12))
		host->gateway_nic = (int)random_below(host, (unsigned)host->n_nics);
	if (chance(host, 25))
		add_bridge(host);
	add_static_routes(host);
	add_defaults(host);
	add_foreign_routes(host);
	/* A service address, as keepalived adds it. */
	for (i = 0; i < nics; i++)
		if (chance(host, 15) && !host->nics[i].absent)
			add_address(host, i, -1,
				random_address(host, i, -1) ? random_address(host, i, -1)->net
							    : random_apart(host));
	add_rules(host);
	for (i = 0; i < host->n_files; i++)
		host->has_default |= host_main_default(host, i) != DEFAULT_NONE;
}
