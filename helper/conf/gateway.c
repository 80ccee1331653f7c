/* SPDX-License-Identifier: MIT
 * One ifcfg file: is it an uplink, in which family, by which gateway?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/byhand.h"
#include "conf/misspelt.h"
#include "conf/profile.h"

/* A gateway, and where it stands. */
struct candidate {
	struct prefix gateway; /* family 0: none */
	const char *path;
	int line;
	char words[80]; /* "GATEWAY=192.168.2.1", "default via 192.168.2.1" */
	bool inherited; /* from `network`: for the NIC in whose network it lies, silently */
	const struct file *by_hand; /* the route- file that it is from, or NULL */
	bool onlink;		    /* taken at its word by the kernel */
};

/* The places of a gateway, in order: the first candidate that is the uplink's own counts. */
enum { BY_KEY, BY_HAND, BY_LEASE, CANDIDATES };

/* GATEWAY= or IPV6_DEFAULTGW=, which has been read as `gateway`; perhaps none. */
static void candidate_of_key(const struct profile_reader *from, const char *key,
	const struct prefix *gateway, struct candidate *out)
{
	const struct shvar *var = shvar_find(&from->vars, key);
	char text[PREFIX_TEXT];

	if (!gateway->family)
		return;
	out->gateway = *gateway;
	out->path = var->file;
	out->line = var->line;
	out->inherited = var->file != from->profile->file->path;
	snprintf(
		out->words, sizeof(out->words), "%s=%s", key, prefix_format_address(gateway, text));
}

/* A default by one gateway in main that leaves by the profile's own device. */
static bool is_profiles_default(const struct by_hand_route *his, const struct profile *profile)
{
	const struct route *route = &his->route;

	return route->type == ROUTE_UNICAST && !route->dst.len && route->table == TABLE_MAIN &&
		!route->tos && route->protocol != PROTO_MULTIHOME && !his->several &&
		route->gateway.family == route->dst.family &&
		(!route->device[0] || !strcmp(route->device, profile->real)) &&
		(route->device[0] || !prefix_is_link_local(&route->gateway)) &&
		prefix_is_unicast(&route->gateway);
}

/* The default that the file PREFIX NAME SUFFIX gives the profile. Of several, the kernel takes that
 * of the lowest metric, and of those the first. NAME.route counts only in shell's form. */
static bool find_file_default(const struct profile_reader *from, bool inet6, const char *prefix,
	const char *name, const char *suffix, struct candidate *out)
{
	const struct table_names *tables = &from->survey->config->tables;
	struct file key = {.name = mem_format("%s%s%s", prefix, name, suffix)};
	const struct file *file = index_find(&from->survey->files, &key);
	struct by_hand_routes routes = {0};
	const struct by_hand_route *best = NULL;
	char text[PREFIX_TEXT];
	size_t i;

	free(key.name);
	if (!file || !file->bytes || (*suffix && !byhand_is_sourced(file->bytes, file->len)))
		return false;
	byhand_routes(file->bytes, file->len, inet6, tables, &routes);
	for (i = 0; i < routes.n; i++)
		if (is_profiles_default(&routes.items[i], from->profile) &&
			(!best || routes.items[i].route.metric < best->route.metric))
			best = &routes.items[i];
	if (best) {
		out->gateway = best->route.gateway;
		out->path = file->path;
		out->line = best->line;
		out->by_hand = file;
		out->onlink = best->route.onlink;
		snprintf(out->words, sizeof(out->words), "default via %s",
			prefix_format_address(&out->gateway, text));
	}
	free(routes.items);
	return best != NULL;
}

/* ifup-post has ifup-routes read the files of the device and of the profile's own name, an alias of
 * ifup-aliases those of its label and NAME; NAME.route is of the second, if there is one. */
static bool find_default_by_hand(
	const struct profile_reader *from, bool inet6, struct candidate *out)
{
	const struct profile *profile = from->profile;
	const char *prefix = inet6 ? "route6-" : "route-";
	const char *device = from->reader.parent ? profile->device : profile->real;
	const char *name = from->reader.parent ? profile->title : file_ifcfg_name(profile->file);

	return find_file_default(from, inet6, prefix, device, "", out) ||
		(name && find_file_default(from, inet6, prefix, name, "", out)) ||
		(!inet6 && find_file_default(from, false, "", name ? name : device, ".route", out));
}

/* The other NIC, configured or seen in the kernel, that has this very address. NULL: none. */
static const char *find_owner(const struct profile_reader *from, const struct prefix *address)
{
	const struct index *owners = &from->survey->owners;
	const struct address key = {.prefix = *address}, *owned;
	size_t at;

	for (at = index_first(owners, &key); (owned = index_at(owners, at, &key)); at++)
		if (strcmp(owned->device, from->profile->real))
			return owned->device;
	return NULL;
}

/* The other NIC in whose network the address lies. */
static const char *find_network_owner(
	const struct profile_reader *from, const struct prefix *address)
{
	const struct addresses *owned = &from->survey->owned;
	const struct address *other;
	size_t i;

	for (i = 0; i < owned->n; i++) {
		other = &owned->items[i];
		if (other->prefix.len && prefix_contains(&other->prefix, address) &&
			strcmp(other->device, "lo") && strcmp(other->device, from->profile->real))
			return other->device;
	}
	return NULL;
}

/* Is it on the uplink's networks, or has ifup-eth made a route to it for SCOPE="peer GATEWAY"? */
static bool is_within(const struct profile_reader *from, const struct uplink *uplink,
	const struct prefix *gateway)
{
	const char *scope = shvar_value(&from->vars, "SCOPE");
	char word[2][PREFIX_TEXT];
	struct prefix peer;
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		if (prefix_contains(&uplink->addresses.items[i], gateway))
			return true;
	return !uplink->addresses.n || prefix_is_link_local(gateway) ||
		(!uplink->leased && scope && sscanf(scope, "%63s %63s", word[0], word[1]) == 2 &&
			!strcmp(word[0], "peer") && !prefix_parse(word[1], AF_INET, &peer) &&
			prefix_same_address(&peer, gateway));
}

/* Is it the uplink's, whose addresses are known? Then the uplink has it; it may be refused. */
static bool judge_gateway(
	struct profile_reader *from, const struct candidate *candidate, struct uplink *uplink)
{
	const struct prefix *gateway = &candidate->gateway;
	struct diags *diags = from->reader.diags;
	struct profile *profile = from->profile;
	bool outside = !is_within(from, uplink, gateway);
	const char *special, *owner = NULL;
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++) {
		special = prefix_name_special(&uplink->addresses.items[i], gateway);
		if (!special)
			continue;
		diag_refuse(diags, candidate->path, candidate->line,
			"%s is %s; expected the router's", candidate->words, special);
		from->reader.refused = true;
		uplink->gateway = *gateway;
		return true;
	}
	if (outside && candidate->inherited)
		return false;
	if (!prefix_is_link_local(gateway))
		owner = find_owner(from, gateway);
	if (owner) {
		diag_notice(diags, candidate->path, candidate->line,
			"%s is an address of %s; %s is not served", candidate->words, owner,
			profile->device);
		return false;
	}
	if (outside && !candidate->onlink)
		owner = find_network_owner(from, gateway);
	if (owner) {
		diag_notice(diags, candidate->path, candidate->line,
			"%s lies in the network of %s; %s is not served", candidate->words, owner,
			profile->device);
		return false;
	}
	uplink->gateway = *gateway;
	uplink->gateway_outside = outside;
	if (candidate->by_hand) {
		/* The ifcfg file's keys say nothing of it. */
		profile->fingerprint = hash_bytes(profile->fingerprint, gateway, sizeof(*gateway));
		from->reader.refused =
			file_unsafe(from->survey->sources, candidate->by_hand, diags);
	}
	return true;
}

/* False if no candidate is the uplink's, and nothing was refused. The route- file is read when it
 * comes to that. */
static bool choose_gateway(
	struct profile_reader *from, struct candidate candidates[CANDIDATES], struct uplink *uplink)
{
	struct candidate *candidate;
	size_t i;

	for (i = 0; i < CANDIDATES && !from->reader.refused; i++) {
		candidate = &candidates[i];
		if (i == BY_HAND && !candidate->gateway.family)
			find_default_by_hand(from, uplink->inet6, candidate);
		if (!candidate->gateway.family || !judge_gateway(from, candidate, uplink))
			continue;
		if (i != BY_LEASE && uplink->gateway_outside && !from->reader.refused)
			diag_notice(from->reader.diags, candidate->path, candidate->line,
				"%s lies in no network; it is taken to be on the link",
				candidate->words);
		return true;
	}
	return from->reader.refused;
}

/* By the uplink's device nobody answers for another NIC. */
static void refuse_own_remotes(struct profile_reader *from, const struct uplink *uplink)
{
	char text[PREFIX_TEXT];
	const char *owner;
	size_t i;

	for (i = 0; i < TRACK_REMOTES_MAX && uplink->remotes[i].family; i++) {
		owner = find_owner(from, &uplink->remotes[i]);
		if (owner)
			reader_refuse(&from->reader, "TRACK_IP",
				"TRACK_IP: %s is an address of %s; expected another host's",
				prefix_format_address(&uplink->remotes[i], text), owner);
	}
}

/* The keys that all uplinks have. */
static void read_keys(struct profile_reader *from, struct uplink *uplink)
{
	const struct config *config = from->survey->config;
	struct reader *reader = &from->reader;
	const char *controlled =
		shvar_value(reader->parent ? reader->parent : reader->vars, "NM_CONTROLLED");

	if (device_of_label(from->profile->device, uplink->device))
		reader_refuse(reader, "DEVICE",
			"'%s' is no name of a device; expected 1 "
			"to 15 letters, digits, '.', '_', '-'",
			from->profile->device);
	uplink->table = read_table(reader, &config->tables);
	uplink->fallback = read_switch(reader, "FALLBACK", config->fallback) &&
		!value_is(reader->vars, "DEFROUTE", "no");
	uplink->stands_in = uplink->fallback;
	uplink->rp_filter = read_rp_filter(reader, config->rp_filter);
	uplink->arp_ignore = read_arp(reader, "ARP_IGNORE", 8);
	uplink->arp_announce = read_arp(reader, "ARP_ANNOUNCE", 2);
	read_track(reader, uplink);
	refuse_own_remotes(from, uplink);
	/* Without a word to the contrary it takes the device (is_false of EL6 and EL7). */
	uplink->network_manager = from->survey->sources->network_manager &&
		!(controlled && strchr("nNfF0", *controlled));
	uplink->kernel_only = uplink->leased || uplink->network_manager ||
		!from->survey->config->files;
}

static void keep_uplink(struct survey *survey, struct uplinks *list, const struct uplink *uplink)
{
	*array_add(list) = *uplink;
	index_add(&survey->uplinks, &list->items[list->n - 1]);
}

/* The earlier uplink of the device whose first address is one of these: another profile of the
 * NIC. */
static const struct uplink *find_same_address(
	const struct survey *survey, const struct uplink *uplink)
{
	const struct index *uplinks = &survey->uplinks;
	const struct uplink *other;
	size_t at;

	for (at = index_first(uplinks, uplink); (other = index_at(uplinks, at, uplink)); at++)
		if (other->addresses.n &&
			prefixes_have(&uplink->addresses, &other->addresses.items[0]))
			return other;
	return NULL;
}

/* Tables are of one family each: a file's two uplinks share the number. */
static void refuse_taken_table(struct profile_reader *from, const struct uplink *uplink)
{
	const struct index *tables = &from->survey->tables;
	const struct uplink *other;
	size_t at = uplink->table ? index_first(tables, uplink) : tables->n;

	for (; (other = index_at(tables, at, uplink)); at++) {
		if (other->file == uplink->file)
			continue;
		reader_refuse(&from->reader, "TABLE",
			"TABLE=%u is already that of %s; expected a "
			"table of this uplink alone",
			uplink->table, other->file->name);
		return;
	}
}

static void finish_uplink(struct profile_reader *from, struct uplink *uplink)
{
	struct config *config = from->survey->config;
	const struct uplink *other;

	read_keys(from, uplink);
	other = from->reader.refused ? NULL : find_same_address(from->survey, uplink);
	if (other) {
		diag_notice(from->reader.diags, uplink->file->path,
			reader_line(&from->reader, "IPADDR"), "another profile of %s; %s is used",
			uplink->device, other->file->name);
		free(uplink->addresses.items);
		return;
	}
	refuse_taken_table(from, uplink);
	uplink->refused = from->reader.refused;
	addresses_add(&config->addresses, uplink->device, &uplink->addresses,
		uplink->inet6 ? AF_INET6 : AF_INET);
	if (uplink->addresses.n || uplink->refused) {
		keep_uplink(from->survey, &config->uplinks, uplink);
		if (uplink->table)
			index_add(&from->survey->tables,
				&config->uplinks.items[config->uplinks.n - 1]);
	} else if (uplink->advertised) {
		keep_uplink(from->survey, &config->waiting, uplink);
	}
}

/* The file defines no IPv4 uplink: its errors are not ours to report. */
static void add_plain(const struct profile_reader *from)
{
	addresses_add(&from->survey->config->addresses, from->profile->real,
		&from->profile->addresses, AF_INET);
}

/* Takes those of the profile; reads them once more only to say what is wrong with them. */
static void take_addresses(struct profile_reader *from, struct prefixes *out)
{
	const struct prefixes *known = &from->profile->addresses;
	size_t i;

	if (!from->readable)
		read_addresses(&from->reader, out);
	for (i = 0; from->readable && i < known->n; i++)
		if (known->items[i].family == AF_INET)
			*array_add(out) = known->items[i];
}

/* An IPv4 uplink, if one of the candidates is its gateway. */
static bool settle_uplink(
	struct profile_reader *from, struct candidate candidates[CANDIDATES], struct uplink *uplink)
{
	if (choose_gateway(from, candidates, uplink)) {
		finish_uplink(from, uplink);
		return true;
	}
	add_plain(from);
	free(uplink->addresses.items);
	return false;
}

static void read_static(struct profile_reader *from)
{
	struct uplink uplink = {.file = from->profile->file, .profile = from->profile};
	struct candidate candidates[CANDIDATES] = {{.line = 0}};

	uplink.gateway = read_gateway(&from->reader);
	candidate_of_key(from, "GATEWAY", &uplink.gateway, &candidates[BY_KEY]);
	if (!uplink.gateway.family && !from->reader.refused &&
		!find_default_by_hand(from, false, &candidates[BY_HAND])) {
		add_plain(from);
		return;
	}
	take_addresses(from, &uplink.addresses);
	if (uplink.addresses.n || from->reader.refused)
		settle_uplink(from, candidates, &uplink);
}

/* A NIC that is up or started at boot may have a default that is not ours. */
static bool may_have_default(const struct profile_reader *from)
{
	const struct index *seen = &from->survey->seen;
	struct address key = {.prefix = {.family = 0}};
	const struct address *first;
	size_t at;

	memcpy(key.device, from->profile->real, sizeof(key.device));
	at = index_first(seen, &key);
	first = at < seen->n ? seen->items[at] : NULL;
	return from->profile->onboot || (first && !strcmp(first->device, key.device));
}

/* ifup-eth gives a device with DHCP no address of its file, so neither do we: what counts is
 * the lease. Without one the NIC may still hold a default, or come to one. */
static void read_leased(struct profile_reader *from)
{
	const struct survey *survey = from->survey;
	const struct profile *profile = from->profile;
	struct uplink uplink = {.file = profile->file, .profile = from->profile, .leased = true};
	struct candidate candidates[CANDIDATES] = {{.line = 0}};
	const struct file *unread = lease_find_unread(&survey->leases, profile->real);
	const char *ignore = shvar_value(&from->vars, "DHCLIENT_IGNORE_GATEWAY");
	struct lease lease;
	char text[PREFIX_TEXT];

	if (unread && file_unread(unread, from->reader.diags)) {
		from->reader.refused = true;
		finish_uplink(from, &uplink);
		return;
	}
	if (!lease_find(&survey->leases, profile->real, &lease)) {
		survey->config->others += may_have_default(from);
		return;
	}
	*array_add(&uplink.addresses) = lease.address;
	/* dhclient-script takes the routers of the lease only where no file has a GATEWAY, or where
	 * this says so; that of /etc/sysconfig/network is for its own network. */
	if (!ignore || !strchr("yY", *ignore))
		uplink.gateway = read_gateway(&from->reader);
	candidate_of_key(from, "GATEWAY", &uplink.gateway, &candidates[BY_KEY]);
	candidates[BY_LEASE].gateway = lease.router;
	candidates[BY_LEASE].path = profile->real;
	snprintf(candidates[BY_LEASE].words, sizeof(candidates[BY_LEASE].words),
		"router %s of the lease", prefix_format_address(&lease.router, text));
	if (!settle_uplink(from, candidates, &uplink))
		survey->config->others += may_have_default(from);
}

/* No IPv6 gateway in the files: a router may still advertise itself, and the file's other errors
 * are not ours to report. */
static void read_plain6(struct profile_reader *from, struct uplink *uplink)
{
	struct config *config = from->survey->config;
	struct reader reader = from->reader;
	struct diags quiet = {0};
	bool refused;

	from->reader.diags = &quiet;
	uplink->addresses.n = 0;
	memset(&uplink->gateway, 0, sizeof(uplink->gateway));
	read_addresses6(&from->reader, &uplink->addresses);
	addresses_add(&config->addresses, from->profile->real, &uplink->addresses, AF_INET6);
	read_keys(from, uplink);
	refused = from->reader.refused;
	from->reader = reader;
	diags_free(&quiet);
	/* The router's default is one of the kernel's own in main. */
	uplink->fallback = false;
	if (uplink->advertised && !refused)
		keep_uplink(from->survey, &config->waiting, uplink);
	else
		free(uplink->addresses.items);
}

/* The gateway of this device, by a name of it or, from /etc/sysconfig/network, by its network. */
static void read_inet6(struct profile_reader *from)
{
	struct uplink uplink = {
		.file = from->profile->file, .profile = from->profile, .inet6 = true};
	struct candidate candidates[CANDIDATES] = {{.line = 0}};
	struct reader *reader = &from->reader;
	bool named = false, found = false;

	uplink.advertised = inet6_is_advertised(&from->vars);
	uplink.gateway = read_gateway6(reader, from->profile->real, &named);
	candidate_of_key(from, "IPV6_DEFAULTGW", &uplink.gateway, &candidates[BY_KEY]);
	candidates[BY_KEY].inherited &= !named;
	if (uplink.gateway.family ||
		(!reader->refused && find_default_by_hand(from, true, &candidates[BY_HAND]))) {
		read_addresses6(reader, &uplink.addresses);
		found = choose_gateway(from, candidates, &uplink);
	}
	if (found || reader->refused)
		finish_uplink(from, &uplink);
	else
		read_plain6(from, &uplink);
}

static const struct uplink *find_earlier_uplink(const struct profile_reader *from, bool inet6)
{
	const struct index *uplinks = &from->survey->uplinks;
	const struct uplink *uplink;
	struct uplink key = {.inet6 = inet6};
	size_t at;

	memcpy(key.device, from->profile->real, sizeof(key.device));
	for (at = index_first(uplinks, &key); (uplink = index_at(uplinks, at, &key)); at++)
		if (uplink->inet6 == inet6)
			return uplink;
	return NULL;
}

/* Does an alias's file give it another gateway than its parent has? */
static bool has_own_gateway(const struct profile_reader *from, const struct uplink *parent)
{
	const char *own = shvar_value(&from->vars, "GATEWAY");
	const struct shvars *lent = from->reader.parent;
	struct prefix gateway;

	if (!own || shvar_find(&from->vars, "GATEWAY")->file != from->profile->file->path ||
		(lent && value_is(lent, "GATEWAY", own)))
		return false;
	return prefix_parse_address(own, AF_INET, &gateway) ||
		!prefix_same_address(&gateway, &parent->gateway);
}

/* An alias that goes by its parent's gateway has the same rules and table. */
static bool lend_to_parent(struct profile_reader *from)
{
	struct config *config = from->survey->config;
	const struct uplink *parent = find_earlier_uplink(from, false);
	unsigned long long *hash, *own = &from->profile->fingerprint;
	struct prefixes found = {0};
	struct uplink *uplink;
	size_t i;

	if (!parent || parent->refused || has_own_gateway(from, parent))
		return false;
	take_addresses(from, &found);
	if (!from->reader.refused) {
		uplink = &config->uplinks.items[parent - config->uplinks.items];
		for (i = 0; i < found.n; i++)
			*array_add(&uplink->addresses) = found.items[i];
		addresses_add(&config->addresses, from->profile->real, &found, AF_INET);
		hash = &uplink->profile->fingerprint;
		*hash = hash_bytes(*hash, own, sizeof(*own));
	}
	free(found.items);
	return true;
}

/* An alias with ONPARENT=no, or one with a file name of a device, comes by an ifup of its own.
 * Before that, ifup-routes of its parent would be refused a route by its gateway: no address is
 * there that leads to it. */
static bool is_waiting(const struct profile_reader *from)
{
	const struct sources *sources = from->survey->sources;
	const struct shvars *vars = &from->vars;

	return sources->seen && from->profile->alias &&
		(!from->reader.parent || value_is(vars, "ONPARENT", "no") ||
			value_is(vars, "ONPARENT", "NO")) &&
		!(sources->coming && profile_has_file_name(from->profile, sources->coming)) &&
		!profile_count_seen(from->survey, from->profile);
}

/* GATEWAY of any file, or a default by hand; whether it is this NIC's need not be known. */
static bool has_default(const struct profile_reader *from)
{
	struct candidate unused = {.line = 0};

	return from->profile->leased || shvar_value(&from->vars, "GATEWAY") ||
		find_default_by_hand(from, false, &unused);
}

/* The file's name tells the device; where it does not, the record does. An alias takes nothing from
 * its device. */
static void read_unread(struct profile_reader *from)
{
	struct uplink uplink = {.file = from->profile->file, .profile = from->profile};

	from->reader.refused = file_unread(from->profile->file, from->survey->diags);
	if (!from->profile->alias)
		finish_uplink(from, &uplink);
}

/* The rule of VRFs comes first, and leads what is a port's to a table of its own. */
static bool is_in_vrf(const struct profile_reader *from)
{
	const struct link *link = links_find_name(from->survey->links, from->profile->real);

	return link && link->vrf;
}

/* Nothing is behind lo or a dummy: what has its address there is answered as without us. */
static bool leads_nowhere(const struct profile_reader *from)
{
	const char *device = from->profile->real;
	const struct link *link = links_find_name(from->survey->links, device);

	return !strcmp(device, "lo") || (link ? link->dummy : !strncmp(device, "dummy", 5));
}

static void read_families(struct profile_reader *from)
{
	const struct profile *profile = from->profile;
	struct config *config = from->survey->config;
	bool inet6 = !profile->alias && inet6_enabled(&from->reader);

	if (profile->port || profile->passed_over || !strcmp(profile->device, "lo"))
		return;
	if (profile->file->error) {
		read_unread(from);
		return;
	}
	if ((!read_switch(&from->reader, "MULTIHOME", true) && !from->reader.refused) ||
		leads_nowhere(from)) {
		from->profile->off = true;
		config->others += may_have_default(from) && has_default(from);
		config->others6 += inet6 && may_have_default(from);
		add_plain(from);
		return;
	}
	if (is_in_vrf(from)) {
		from->profile->off = true;
		return;
	}
	from->profile->waiting = !profile->leased && is_waiting(from);
	if (profile->leased)
		read_leased(from);
	else if (profile->waiting)
		add_plain(from);
	else if (!profile->alias || !lend_to_parent(from))
		read_static(from);
	from->reader.refused = false;
	if (inet6 && profile->real[0] && !find_earlier_uplink(from, true))
		read_inet6(from);
}

void profile_read_uplinks(struct profile_reader *from)
{
	const struct sources *sources = from->survey->sources;
	struct uplinks *uplinks = &from->survey->config->uplinks;
	const struct file *file = from->profile->file;
	size_t first = uplinks->n, i;
	bool refused = false;

	if (!from->profile->alias || !file_unsafe(sources, file, from->survey->diags))
		read_families(from);
	/* A device's blocks stay as they are, or do not: both families', if one is refused. */
	if (uplinks->n > first) {
		refused = file_unsafe(sources, file, from->survey->diags);
		refused |= !read_line_ends(&from->reader);
	}
	for (i = first; i < uplinks->n; i++)
		refused |= uplinks->items[i].refused;
	for (i = first; i < uplinks->n; i++)
		uplinks->items[i].refused = refused;
	read_notices(&from->vars, sources->network.path, from->survey->diags);
	read_notices(&from->vars, file->path, from->survey->diags);
	misspelt_note(&from->vars, file->path, from->survey->diags);
}
