/* SPDX-License-Identifier: MIT
 * What must hold, said from README.md: a reply from an uplink's address goes by what main knows
 * better than a default and that is not another uplink's, else by the uplink's own gateway.
 */
#include <string.h>

#include "host.h"

/* What is wanted of a reply. */
struct want {
	enum { WANT_NOTHING, WANT_SAME, WANT_WAY } kind;
	uint32_t gateway;
	int nic;
	const char *why;
};

static int parent_of(const struct host *host, int file)
{
	int i = 0;

	while (host->files[i].nic != host->files[file].nic || host->files[i].alias)
		i++;
	return i;
}

static bool covers(const struct host *host, int file, uint32_t address)
{
	int i;

	for (i = 0; i < host->n_addresses; i++)
		if (host->addresses[i].file == file && net_has(host->addresses[i].net, address))
			return true;
	return false;
}

/* Is the gateway reached by another NIC: an address of that, or in a network of that and in none of
 * the file's own? */
static bool is_elsewhere(const struct host *host, int file, uint32_t gateway)
{
	bool own = covers(host, file, gateway);
	const struct address *address;
	int i;

	for (i = 0; i < host->n_addresses; i++) {
		address = &host->addresses[i];
		if (address->nic == host->files[file].nic ||
			(address->file < 0 && host->nics[address->nic].absent))
			continue;
		if (address->net.address == gateway || (!own && net_has(address->net, gateway)))
			return true;
	}
	return false;
}

/* The default that route-NIC has for it. Shell's form knows no metric. */
static const struct route *hand_default(const struct host *host, int file)
{
	int nic = host->files[file].nic, i;
	const struct route *route, *best = NULL;

	for (i = 0; i < host->n_routes && !host->files[file].alias; i++) {
		route = &host->routes[i];
		if (route->home == ROUTE_STATIC && route->nic == nic && !route->dst.len &&
			route->gateway && !route->blackhole && route->table == TABLE_MAIN &&
			(!best || (!host->nics[nic].shell_form && route->metric < best->metric)))
			best = route;
	}
	return best;
}

/* GATEWAY of the file, or of /etc/sysconfig/network in its network, or that of route-NIC: the
 * first that is not another NIC's. 0: the file is no uplink. */
static uint32_t gateway_of(const struct host *host, int file)
{
	uint32_t gateway = host->files[file].gateway;
	const struct route *hand = hand_default(host, file);

	if (host->files[parent_of(host, file)].multihome_no)
		return 0;
	if (!gateway && host->gateway && covers(host, file, host->gateway))
		gateway = host->gateway;
	if (gateway && !is_elsewhere(host, file, gateway))
		return gateway;
	return hand && (hand->onlink || !is_elsewhere(host, file, hand->gateway)) ? hand->gateway
										  : 0;
}

static bool is_uplink(const struct host *host, int file)
{
	return gateway_of(host, file) != 0;
}

/* The file whose gateway serves the file's addresses, or -1: an alias without another gateway
 * is its NIC's, or that of an alias before it. */
static int uplink_of(const struct host *host, int file)
{
	int i, parent = parent_of(host, file);
	uint32_t gateway = host->files[file].gateway;

	if ((!gateway || gateway == host->files[parent].gateway ||
		    gateway == gateway_of(host, parent)) &&
		is_uplink(host, parent))
		return parent;
	for (i = 0; i < file && !gateway; i++)
		if (host->files[i].nic == host->files[file].nic && is_uplink(host, i))
			return i;
	return is_uplink(host, file) ? file : -1;
}

/* One uplink alone is left as it is. A NIC with MULTIHOME=no and a gateway still is a way out. */
static bool is_multihomed(const struct host *host)
{
	int i, n = 0;

	for (i = 0; i < host->n_files; i++) {
		if (uplink_of(host, i) == i && host->files[i].table)
			return true;
		n += uplink_of(host, i) == i ||
			(host->files[i].multihome_no &&
				(host->files[i].gateway || host->gateway || hand_default(host, i)));
	}
	return n > 1;
}

/* Does rule-NIC say by hand where the address goes? */
static bool is_by_hand(const struct host *host, int uplink, uint32_t address)
{
	int i;

	for (i = 0; i < host->n_rules; i++)
		if (host->rules[i].file == host->files[uplink].nic && host->rules[i].from.len &&
			!host->rules[i].to.len && !host->rules[i].mark &&
			net_has(host->rules[i].from, address))
			return true;
	return false;
}

/* All of the uplink's addresses, or only some? */
static bool is_all_by_hand(const struct host *host, int uplink)
{
	const struct address *address;
	int i;

	for (i = 0; i < host->n_addresses; i++) {
		address = &host->addresses[i];
		if (address->file >= 0 && uplink_of(host, address->file) == uplink &&
			!is_by_hand(host, uplink, address->net.address))
			return false;
	}
	return true;
}

static bool is_served(const struct host *host, int uplink)
{
	return is_multihomed(host) && !host->nics[host->files[uplink].nic].absent &&
		!is_all_by_hand(host, uplink);
}

enum { OWNER_NONE = -1, OWNER_UNCLEAR = -2 };

/* An address without a network, on a NIC that is no uplink and by which nobody's table leads out:
 * whoever asks it came by the network that it lies in. */
static bool is_service(const struct host *host, const struct address *address)
{
	int i;

	for (i = 0; i < host->n_files; i++)
		if (host->files[i].nic == address->nic && uplink_of(host, i) >= 0)
			return false;
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].nic == address->nic && !host->routes[i].dst.len &&
			!host->routes[i].blackhole)
			return false;
	return address->net.len == 32;
}

/* Has no other NIC an address of that network, but for such? Else only the uplink's own are its. */
static bool is_alone_in(const struct host *host, const struct address *own)
{
	const struct address *other;
	int i;

	for (i = 0; i < host->n_addresses; i++) {
		other = &host->addresses[i];
		if (!net_has(own->net, other->net.address))
			continue;
		if (other->nic != own->nic ? !is_service(host, other)
					   : is_by_hand(host, own->file, other->net.address))
			return false;
	}
	return true;
}

/* The uplink whose address it is. Of one added by hand, or of a file without a gateway: the
 * uplink on the same NIC in whose network it lies, since a rule is for a network and not for the
 * addresses that happen to be there. */
static int owner_of(const struct host *host, const struct address *address)
{
	int i, uplink, owner = OWNER_NONE;

	if (address->file >= 0 && uplink_of(host, address->file) >= 0)
		return uplink_of(host, address->file);
	for (i = 0; i < host->n_addresses; i++) {
		if (host->addresses[i].file < 0 ||
			(host->addresses[i].nic != address->nic &&
				!(is_service(host, address) &&
					is_alone_in(host, &host->addresses[i]))) ||
			!net_has(host->addresses[i].net, address->net.address))
			continue;
		uplink = uplink_of(host, host->addresses[i].file);
		if (uplink >= 0 && owner >= 0 && uplink != owner)
			return OWNER_UNCLEAR;
		if (uplink >= 0)
			owner = uplink;
	}
	return owner;
}

static bool is_uplinks(const struct host *host, int nic)
{
	int i;

	for (i = 0; i < host->n_files; i++)
		if (host->files[i].nic == nic && uplink_of(host, i) == i)
			return true;
	return false;
}

static bool is_other_uplinks(const struct host *host, int nic, int uplink)
{
	return nic != host->files[uplink].nic && is_uplinks(host, nic);
}

/* Longest first, then the metric, then the uplink's own NIC: back the way it came. */
static bool is_better(const struct route *a, const struct route *b, int nic)
{
	if (a->dst.len != b->dst.len)
		return a->dst.len > b->dst.len;
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return a->nic == nic && b->nic != nic;
}

static bool same_net(struct net a, struct net b)
{
	return a.len == b.len && net_has(a, b.address);
}

/* Is it more exact than a network of the uplink's, which would else be taken to be on the link, main's
 * first to that destination, and not where the uplink's own gateway is? */
static bool is_within_own(const struct host *host, int uplink, const struct route *route)
{
	const struct address *address;
	int i;

	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].table == TABLE_MAIN && host->routes[i].metric < route->metric &&
			same_net(host->routes[i].dst, route->dst))
			return false;
	for (i = 0; i < host->n_addresses; i++) {
		address = &host->addresses[i];
		if (address->file >= 0 && uplink_of(host, address->file) == uplink &&
			address->net.len < route->dst.len &&
			net_has(address->net, route->dst.address) &&
			!net_has(route->dst, gateway_of(host, uplink)))
			return true;
	}
	return false;
}

/* In main another route to the same comes before it: a network of the host's, for instance. */
static bool is_hidden(const struct host *host, const struct route *ban)
{
	const struct route *route;
	const struct address *address;
	int i;

	for (i = 0; i < host->n_routes; i++) {
		route = &host->routes[i];
		if (route->table == TABLE_MAIN && !route->blackhole &&
			route->metric < ban->metric && route->dst.len == ban->dst.len &&
			net_has(route->dst, ban->dst.address))
			return true;
	}
	for (i = 0; ban->metric && i < host->n_addresses; i++) {
		address = &host->addresses[i];
		if (address->net.len == ban->dst.len && net_has(address->net, ban->dst.address))
			return true;
	}
	return false;
}

/* Is it the second of two routes to the same, of which the first is by an uplink? Main's is the
 * first. */
static bool is_shadowed(const struct host *host, const struct route *route)
{
	const struct route *first;

	for (first = host->routes; first < route; first++)
		if (first->table == route->table && first->metric == route->metric &&
			same_net(first->dst, route->dst) && !first->blackhole &&
			is_uplinks(host, first->nic))
			return !is_uplinks(host, route->nic);
	return false;
}

static const struct route *best_route(const struct host *host, int uplink, uint32_t remote)
{
	const struct route *route, *best = NULL;
	int i;

	for (i = 0; i < host->n_routes; i++) {
		route = &host->routes[i];
		if (route->table == TABLE_MAIN && route->dst.len > 1 &&
			net_has(route->dst, remote) &&
			!(route->blackhole && is_hidden(host, route)) &&
			!(!route->blackhole && is_shadowed(host, route)) &&
			(route->blackhole || !is_other_uplinks(host, route->nic, uplink) ||
				is_within_own(host, uplink, route)) &&
			(!best || is_better(route, best, host->files[uplink].nic)))
			best = route;
	}
	return best;
}

static struct want want_way(uint32_t gateway, int nic, const char *why)
{
	struct want want = {WANT_WAY, gateway, nic, why};

	return want;
}

static struct want want_kind(int kind, const char *why)
{
	struct want want = {kind, 0, 0, why};

	return want;
}

/* Does another uplink's route in main make an exception of it? */
static bool is_excepted(
	const struct host *host, int uplink, uint32_t remote, const struct route *found)
{
	const struct route *route;
	int i;

	for (i = 0; i < host->n_routes; i++) {
		route = &host->routes[i];
		if (route->table == TABLE_MAIN && !route->blackhole &&
			(route->dst.len > found->dst.len ||
				(route->dst.len == found->dst.len &&
					route->metric < found->metric)) &&
			net_has(route->dst, remote) &&
			is_other_uplinks(host, route->nic, uplink))
			return true;
	}
	return false;
}

/* Another NIC leads to a gateway in a network that it shares with the uplink's: so does that one. */
static int nic_to(const struct host *host, int uplink, const struct route *route)
{
	const struct address *own, *other;
	int nic = host->files[uplink].nic, i, k;

	if (!route->gateway || is_other_uplinks(host, route->nic, uplink))
		return route->nic;
	for (i = 0; i < host->n_addresses; i++) {
		own = &host->addresses[i];
		if (own->file < 0 || uplink_of(host, own->file) != uplink ||
			!net_has(own->net, route->gateway))
			continue;
		for (k = 0; k < host->n_addresses; k++) {
			other = &host->addresses[k];
			if (other->nic == route->nic && other->file >= 0 &&
				other->net.len == own->net.len &&
				net_has(own->net, other->net.address))
				return nic;
		}
	}
	return route->nic;
}

static struct want own_way(const struct host *host, int uplink, uint32_t remote)
{
	const struct ifcfg *file = &host->files[uplink];
	const struct route *route;

	route = best_route(host, uplink, remote);
	if (!route ||
		((route->blackhole || route->nic != file->nic) &&
			is_excepted(host, uplink, remote, route)))
		return want_way(gateway_of(host, uplink), file->nic, "own gateway");
	if (route->blackhole)
		return want_kind(WANT_SAME, "banned");
	return want_way(route->gateway, nic_to(host, uplink, route),
		route->home == ROUTE_CONNECTED	      ? "a network of main"
			: route->home == ROUTE_STATIC ? "a static route"
						      : "a foreign route");
}

enum verdict { DECIDES, DECIDES_NOT, UNCLEAR };

/* Does the rule's table lead to the remote? */
static enum verdict table_leads(const struct host *host, int table, uint32_t remote)
{
	int i;

	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].table == table && net_has(host->routes[i].dst, remote))
			return DECIDES;
	if (table != TABLE_MAIN)
		return DECIDES_NOT;
	/* Without a default of initscripts' it is a standby, or a rule later. */
	return host->has_default ? DECIDES : UNCLEAR;
}

static bool is_whole(const struct host *host, const struct rule *rule)
{
	int i;

	if (rule->from.len || rule->to.len || rule->mark)
		return false;
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].table == rule->table && !host->routes[i].dst.len &&
			!host->routes[i].blackhole)
			return true;
	return rule->table == TABLE_MAIN;
}

/* A rule that looks into an empty table says nothing. */
static bool is_idle(const struct host *host, const struct rule *rule)
{
	int i;

	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].table == rule->table)
			return false;
	return rule->table != TABLE_MAIN;
}

static bool meets_host(const struct host *host, const struct rule *rule)
{
	int i;

	for (i = 0; i < host->n_addresses; i++)
		if (net_has(rule->from, host->addresses[i].net.address))
			return true;
	return !rule->from.len;
}

/* The administrator's rules come before ours, but for one that leads everything elsewhere and what
 * comes after it. */
static int own_priority(const struct host *host)
{
	int i, last = MAIN_PRIORITY, own = FIRST_OWN_PRIORITY;
	const struct rule *rule;

	for (i = 0; i < host->n_rules; i++) {
		rule = &host->rules[i];
		if (rule->priority >= FIRST_OWN_PRIORITY && rule->priority < last &&
			is_whole(host, rule))
			last = rule->priority;
	}
	for (i = 0; i < host->n_rules; i++) {
		rule = &host->rules[i];
		if (rule->priority >= own && rule->priority < last && !is_whole(host, rule) &&
			!is_idle(host, rule) && meets_host(host, rule))
			own = rule->priority + 1;
	}
	return own;
}

static enum verdict rules_lead(const struct host *host, uint32_t local, uint32_t remote)
{
	enum verdict verdict, all = DECIDES_NOT;
	const struct rule *rule;
	int i, own = own_priority(host);

	for (i = 0; i < host->n_rules; i++) {
		rule = &host->rules[i];
		if (rule->priority >= own || rule->mark || !net_has(rule->from, local) ||
			!net_has(rule->to, remote))
			continue;
		verdict = table_leads(host, rule->table, remote);
		if (verdict == UNCLEAR)
			all = UNCLEAR;
		if (verdict == DECIDES && all == DECIDES_NOT)
			all = DECIDES;
	}
	return all;
}

static bool is_banned(const struct host *host, uint32_t remote)
{
	int i;

	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].blackhole && host->routes[i].table == TABLE_MAIN &&
			net_has(host->routes[i].dst, remote))
			return true;
	return false;
}

/* A rule behind ours led past the ban, or the remote lies in networks of two NICs, one within the
 * other: by whichever it is not banned, the promise does not say how it is answered. */
static bool is_ambiguous(const struct host *host, int uplink, uint32_t local, uint32_t remote)
{
	const struct address *address;
	int i, own = own_priority(host);

	for (i = 0; i < host->n_rules; i++)
		if (host->rules[i].priority >= own &&
			net_has(host->rules[i].from, local) && net_has(host->rules[i].to, remote))
			return true;
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].blackhole && net_has(host->routes[i].dst, remote) &&
			is_hidden(host, &host->routes[i]))
			return true;
	if (!covers(host, uplink, remote))
		return false;
	for (i = 0; i < host->n_addresses; i++) {
		address = &host->addresses[i];
		if (address->nic != host->files[uplink].nic && net_has(address->net, remote))
			return true;
	}
	return false;
}

static struct want want_reply(
	const struct host *host, const struct address *address, uint32_t remote)
{
	int owner = owner_of(host, address);
	enum verdict verdict = rules_lead(host, address->net.address, remote);

	if (owner == OWNER_UNCLEAR || verdict == UNCLEAR)
		return want_kind(WANT_NOTHING, "");
	if (owner == OWNER_NONE)
		return want_kind(WANT_SAME, "no uplink's address");
	if (!is_served(host, owner) || is_by_hand(host, owner, address->net.address))
		return want_kind(WANT_SAME, "an address that is left alone");
	if (verdict == DECIDES)
		return want_kind(WANT_SAME, "a foreign rule");
	if (is_banned(host, remote) && is_ambiguous(host, owner, address->net.address, remote))
		return want_kind(WANT_NOTHING, "");
	return own_way(host, owner, remote);
}

static void write_way(const struct host *host, uint32_t gateway, int nic, FILE *out)
{
	char text[32];

	if (gateway)
		fprintf(out, "via %s ", format_address(gateway, text));
	fprintf(out, "dev %s", host->nics[nic].name);
}

static void write_question(
	const struct host *host, const struct address *address, uint32_t remote, FILE *out)
{
	struct want want = want_reply(host, address, remote);
	char local[32], far[32];

	format_address(address->net.address, local);
	format_address(remote, far);
	if (want.kind == WANT_NOTHING)
		return;
	fprintf(out, "reply %s %s\t", local, far);
	if (want.kind == WANT_SAME) {
		fprintf(out, "same\t%s\n", want.why);
		return;
	}
	write_way(host, want.gateway, want.nic, out);
	fprintf(out, "\t%s\n", want.why);
	fprintf(out, "arrive %s %s %s\taccepted\t%s\n", local, far, host->nics[want.nic].name,
		want.why);
}

static void write_remote(const struct host *host, uint32_t remote, FILE *out)
{
	struct want unbound = want_kind(WANT_SAME, "bound to no address");
	char far[32];
	int i;

	if (!remote || host_has_address(host, remote))
		return;
	if (unbound.kind == WANT_SAME)
		fprintf(out, "reply any %s\tsame\t%s\n", format_address(remote, far), unbound.why);
	for (i = 0; i < host->n_addresses; i++)
		if (!host->nics[host->addresses[i].nic].absent)
			write_question(host, &host->addresses[i], remote, out);
}

/* The standby: the only thing that may lead where nothing led before. */
static void write_fallbacks(const struct host *host, FILE *out)
{
	const struct ifcfg *file;
	int i;

	for (i = 0; i < host->n_files; i++) {
		file = &host->files[i];
		if (uplink_of(host, i) != i || !is_served(host, i) || file->fallback_no ||
			file->defroute_no)
			continue;
		fputs("fallback\t", out);
		write_way(host, gateway_of(host, i), file->nic, out);
		fputs("\tits standby\n", out);
	}
}

void model_write(struct host *host, FILE *out)
{
	static const struct net far[] = {{0xc6336400, 24}, {0x08080000, 16}, {0x0a000000, 8}};
	int i;

	write_fallbacks(host, out);
	for (i = 0; i < 3; i++)
		write_remote(host, random_remote(host, far[i]), out);
	for (i = 0; i < host->n_addresses; i++)
		write_remote(host, random_remote(host, host->addresses[i].net), out);
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].dst.len >= 8 && host->routes[i].home != ROUTE_CONNECTED)
			write_remote(host, random_remote(host, host->routes[i].dst), out);
	for (i = 0; i < host->n_files; i++)
		write_remote(host, host->files[i].gateway, out);
	write_remote(host, host->gateway, out);
}
