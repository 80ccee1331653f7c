/* SPDX-License-Identifier: MIT
 * One ifcfg file: is it an uplink, in which family, by which gateway?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/byhand.h"
#include "conf/lease.h"
#include "conf/profile.h"

static bool value_is(const struct shvars *vars, const char *key, const char *value)
{
	const struct shvar *var = shvar_find(vars, key);

	return var && var->value && !strcmp(var->value, value);
}

static bool value_set(const struct shvars *vars, const char *key)
{
	const struct shvar *var = shvar_find(vars, key);

	return var && var->value && *var->value;
}

static bool lies_within(const struct prefixes *nets, const struct prefix *address)
{
	size_t i;

	for (i = 0; i < nets->n; i++)
		if (prefix_contains(&nets->items[i], address))
			return true;
	return false;
}

static void add_addresses(
	struct addresses *all, const char *device, const struct prefixes *more, int family)
{
	struct address *address;
	size_t i;

	for (i = 0; i < more->n; i++) {
		if (more->items[i].family != family)
			continue;
		address = array_add(all);
		memcpy(address->device, device, sizeof(address->device));
		address->prefix = more->items[i];
	}
}

bool profile_has_file_name(const struct profile *profile, const char *argument)
{
	const char *name = strrchr(argument, '/');

	return !strcmp(profile->file->name + strlen("ifcfg-"), argument) ||
		!strcmp(profile->file->name, name ? name + 1 : argument);
}

bool profile_has_seen(const struct survey *survey, const struct profile *profile,
	const struct prefix *address)
{
	struct address key = {.prefix = *address};

	memcpy(key.device, profile->real, sizeof(key.device));
	return index_find(&survey->seen, &key) != NULL;
}

static void read_profile_addresses(
	const struct profile_reader *from, struct reader *reader, struct prefixes *out)
{
	if (value_set(reader->vars, "IPADDR_START"))
		read_address_range(reader, from->parent, from->release, out);
	else
		read_addresses(reader, from->parent, from->release, out);
}

/* As they were surveyed; once more only to say what is wrong with them. */
static void take_addresses(struct profile_reader *from, struct prefixes *out)
{
	const struct prefixes *surveyed = &from->profile->addresses;
	size_t i;

	if (!from->profile->readable) {
		read_profile_addresses(from, &from->reader, out);
		return;
	}
	for (i = 0; i < surveyed->n; i++)
		if (surveyed->items[i].family == AF_INET)
			*array_add(out) = surveyed->items[i];
}

/* A NIC without a gateway is none of ours, so whatever is wrong in it is not ours to say. */
static void read_plain(struct profile_reader *from, struct config *config)
{
	add_addresses(&config->addresses, from->profile->real, &from->profile->addresses, AF_INET);
}

static unsigned long long hash_bytes(unsigned long long hash, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return hash;
}

static unsigned long long hash_number(unsigned long long hash, unsigned long long number)
{
	return hash_bytes(hash, &number, sizeof(number));
}

static int compare_keys(const void *a, const void *b)
{
	const struct shvar *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* Does the variable decide the uplink: one of its own file, or of those of `network` that reach it?
 */
static bool is_of_profile(const struct profile_reader *from, const struct shvar *var)
{
	static const char *const inherited[] = {
		"GATEWAY", "GATEWAYDEV", "IPV6_DEFAULTGW", "IPV6_DEFAULTDEV"};
	size_t i;

	for (i = 0; i < sizeof(inherited) / sizeof(*inherited); i++)
		if (!strcmp(var->key, inherited[i]))
			return true;
	return var->file == from->file->path;
}

static unsigned long long read_fingerprint(const struct profile_reader *from)
{
	const struct shvars *vars = from->reader.vars;
	const struct shvar **sorted = mem_resize(NULL, (vars->n + 1) * sizeof(*sorted));
	unsigned long long hash = 0xcbf29ce484222325ULL;
	bool known = !vars->any.why;
	size_t i, n = 0;

	for (i = 0; i < vars->n; i++)
		if (is_of_profile(from, &vars->items[i]) &&
			shvar_find(vars, vars->items[i].key) == &vars->items[i])
			sorted[n++] = &vars->items[i];
	if (n)
		qsort(sorted, n, sizeof(*sorted), compare_keys);
	for (i = 0; i < n; i++) {
		known &= sorted[i]->value != NULL;
		hash = hash_bytes(hash, sorted[i]->key, strlen(sorted[i]->key) + 1);
		if (sorted[i]->value)
			hash = hash_bytes(hash, sorted[i]->value, strlen(sorted[i]->value) + 1);
	}
	/* What only a shell could know: any edit may change it. */
	if (!known)
		hash = hash_bytes(hash, from->file->bytes, from->file->len);
	free(sorted);
	return hash;
}

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

enum judgement { JUDGED_ITS, JUDGED_NOT_ITS, JUDGED_WRONG };

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

/* That in whose network it lies. */
static const char *find_neighbour(const struct profile_reader *from, const struct prefix *address)
{
	const struct addresses *owned = &from->survey->owned;
	const struct prefix *other;
	size_t i;

	for (i = 0; i < owned->n; i++) {
		other = &owned->items[i].prefix;
		if (other->len && prefix_contains(other, address) &&
			strcmp(owned->items[i].device, "lo") &&
			strcmp(owned->items[i].device, from->profile->real))
			return owned->items[i].device;
	}
	return NULL;
}

/* The first and the last address of a network are no host's (fib_add_ifaddr). NULL: it is neither.
 */
static const char *name_special_address(const struct prefix *net, const struct prefix *address)
{
	struct prefix first = prefix_network(net), last = first;
	int bit;

	if (net->family != AF_INET || net->len >= 31 || !prefix_contains(net, address))
		return NULL;
	for (bit = net->len; bit < 32; bit++)
		last.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	if (prefix_same_address(&first, address))
		return "its network's own address";
	return prefix_same_address(&last, address) ? "its network's broadcast address" : NULL;
}

static enum judgement refuse_candidate(struct profile_reader *from,
	const struct candidate *candidate, const char *what, struct uplink *uplink)
{
	uplink->gateway = candidate->gateway;
	diag_refuse(from->reader.diags, candidate->path, candidate->line,
		"%s is %s; expected the router's", candidate->words, what);
	from->reader.refused = true;
	return JUDGED_WRONG;
}

/* SCOPE="peer GATEWAY" has ifup-eth add the address with a route to the gateway. */
static bool is_peer(const struct profile_reader *from, const struct prefix *gateway)
{
	const struct shvar *scope = shvar_find(from->reader.vars, "SCOPE");
	char word[2][PREFIX_TEXT];
	struct prefix peer;

	return scope && scope->value && sscanf(scope->value, "%63s %63s", word[0], word[1]) == 2 &&
		!strcmp(word[0], "peer") && !prefix_parse(word[1], AF_INET, &peer) &&
		prefix_same_address(&peer, gateway);
}

/* Whose gateway is it? The uplink has its addresses; gateway_outside is filled in. */
static enum judgement judge_gateway(struct profile_reader *from,
	const struct candidate *candidate, struct uplink *uplink)
{
	const struct prefix *gateway = &candidate->gateway;
	const char *owner, *special;
	bool outside;
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++) {
		special = prefix_same_address(&uplink->addresses.items[i], gateway)
			? "the host's own address"
			: name_special_address(&uplink->addresses.items[i], gateway);
		if (special)
			return refuse_candidate(from, candidate, special, uplink);
	}
	outside = uplink->addresses.n && !prefix_is_link_local(gateway) &&
		!lies_within(&uplink->addresses, gateway) &&
		(uplink->leased || !is_peer(from, gateway));
	/* Without an address that could be read nothing can be told. */
	if (outside && candidate->inherited && !from->reader.refused)
		return JUDGED_NOT_ITS;
	owner = from->reader.refused || prefix_is_link_local(gateway)
		? NULL
		: find_owner(from, gateway);
	if (owner) {
		diag_notice(from->reader.diags, candidate->path, candidate->line,
			"%s is an address of %s; %s is not served", candidate->words, owner,
			from->profile->device);
		return JUDGED_NOT_ITS;
	}
	if (outside && !candidate->onlink && !from->reader.refused)
		owner = find_neighbour(from, gateway);
	if (owner) {
		diag_notice(from->reader.diags, candidate->path, candidate->line,
			"%s lies in the network of %s; %s is not served", candidate->words, owner,
			from->profile->device);
		return JUDGED_NOT_ITS;
	}
	uplink->gateway = *gateway;
	uplink->gateway_outside = outside;
	if (!candidate->by_hand)
		return JUDGED_ITS;
	/* The ifcfg file says nothing of it. */
	from->profile->fingerprint =
		hash_bytes(from->profile->fingerprint, gateway, sizeof(*gateway));
	if (!file_unsafe(from->sources, candidate->by_hand, from->reader.diags))
		return JUDGED_ITS;
	from->reader.refused = true;
	return JUDGED_WRONG;
}

static void notice_outside(
	struct profile_reader *from, const struct candidate *candidate, const struct uplink *uplink)
{
	if (uplink->gateway_outside && !from->reader.refused)
		diag_notice(from->reader.diags, candidate->path, candidate->line,
			"%s lies in no network; it is taken to be on the link",
			candidate->words);
}

/* GATEWAY= or IPV6_DEFAULTGW=, which has been read as `gateway`. */
static void candidate_of_key(const struct profile_reader *from, const char *key,
	const struct prefix *gateway, struct candidate *out)
{
	const struct shvar *var = shvar_find(from->reader.vars, key);
	char text[PREFIX_TEXT];

	out->gateway = *gateway;
	out->path = var->file;
	out->line = var->line;
	out->inherited = var->file != from->file->path;
	snprintf(
		out->words, sizeof(out->words), "%s=%s", key, prefix_format_address(gateway, text));
}

/* A default by one gateway in main that leaves by the profile's own device. */
static bool is_default(const struct hand_route *route, const struct profile *profile)
{
	return route->type == HAND_UNICAST && !route->dst.len && route->table == TABLE_MAIN &&
		!route->tos && route->protocol != PROTO_MULTIHOME && !route->several &&
		route->gateway.family == route->dst.family &&
		(!route->device[0] || !strcmp(route->device, profile->real)) &&
		(route->device[0] || !prefix_is_link_local(&route->gateway)) &&
		prefix_is_unicast(&route->gateway);
}

/* The default that one file of routes gives the profile. Of several, the kernel takes that of the
 * lowest metric, and of those the first. */
static bool find_default(struct profile_reader *from, const struct config *config, bool inet6,
	const struct file *file, struct candidate *out)
{
	struct hand_routes routes = {0};
	const struct hand_route *best = NULL;
	char text[PREFIX_TEXT];
	size_t i;

	byhand_routes(file->bytes, file->len, 1, inet6, &config->tables, &routes);
	for (i = 0; i < routes.n; i++)
		if (is_default(&routes.items[i], from->profile) &&
			(!best || routes.items[i].metric < best->metric))
			best = &routes.items[i];
	if (best) {
		out->gateway = best->gateway;
		out->path = file->path;
		out->line = best->line;
		out->by_hand = file;
		out->onlink = best->onlink;
		snprintf(out->words, sizeof(out->words), "default via %s",
			prefix_format_address(&best->gateway, text));
	}
	free(routes.items);
	return best != NULL;
}

/* NAME.route, which counts only in shell's form, however it is written. */
static bool find_sourced_default(struct profile_reader *from, const struct config *config,
	const char *name, struct candidate *out)
{
	const struct files *files = &from->sources->sourced;
	const struct file *file;
	size_t i, len = strlen(name);

	for (i = 0; i < files->n; i++) {
		file = &files->items[i];
		if (file->bytes && !strncmp(file->name, name, len) &&
			!strcmp(file->name + len, ".route"))
			return byhand_is_sourced(file->bytes, file->len) &&
				find_default(from, config, false, file, out);
	}
	return false;
}

/* ifup-post has ifup-routes read the files of the device and of the profile's own name, an alias of
 * ifup-aliases those of its label and NAME; NAME.route is of the second, if there is one. */
static bool find_route_file_default(
	struct profile_reader *from, const struct config *config, bool inet6, struct candidate *out)
{
	const struct profile *profile = from->profile;
	const char *names[2];
	const struct file *file;
	struct file key = {.name = NULL};
	bool found = false;
	size_t k;

	names[0] = from->parent ? profile->device : profile->real;
	names[1] = from->parent ? profile->title : profile->file->name + strlen("ifcfg-");
	for (k = 0; !found && k < 2 && names[k]; k++) {
		key.name = mem_format("%s-%s", inet6 ? "route6" : "route", names[k]);
		file = index_find(&from->survey->files, &key);
		found = file && file->bytes && find_default(from, config, inet6, file, out);
		free(key.name);
	}
	return found || (!inet6 &&
		find_sourced_default(from, config, names[names[1] != NULL], out));
}

/* Tables are of one family each: a file's two uplinks share the number. */
static bool table_taken(const struct config *config, const struct uplink *uplink, const char **by)
{
	const struct uplink *other;
	size_t i;

	for (i = 0; uplink->table && i < config->uplinks.n; i++) {
		other = &config->uplinks.items[i];
		if (other->table == uplink->table && other->file != uplink->file) {
			*by = other->file->name;
			return true;
		}
	}
	return false;
}

static void refuse_table(struct reader *reader, unsigned table, const char *by)
{
	reader_refuse(reader, "TABLE",
		"TABLE=%u is already that of %s; expected a "
		"table of this uplink alone",
		table, by);
}

static void read_device(struct profile_reader *from, struct uplink *uplink)
{
	if (device_of_label(from->profile->device, uplink->device))
		reader_refuse(&from->reader, "DEVICE",
			"'%s' is no name of a device; expected 1 "
			"to 15 letters, digits, '.', '_', '-'",
			from->profile->device);
}

/* Does an earlier file give the same device the same address? Then this is another profile of
 * the same NIC. */
static const char *address_claimed(
	const struct profile_reader *from, const struct uplink *uplink)
{
	const struct index *uplinks = &from->survey->uplinks;
	const struct uplink *other;
	size_t at, k;

	for (at = index_first(uplinks, uplink); (other = index_at(uplinks, at, uplink)); at++)
		for (k = 0; k < uplink->addresses.n && other->addresses.n; k++)
			if (prefix_same_address(
				    &other->addresses.items[0], &uplink->addresses.items[k]))
				return other->file->name;
	return NULL;
}

static void keep_uplink(
	struct profile_reader *from, struct uplinks *list, const struct uplink *uplink)
{
	*array_add(list) = *uplink;
	index_add(&from->survey->uplinks, &list->items[list->n - 1]);
}

static void add_uplink(
	struct profile_reader *from, struct config *config, struct uplink *found)
{
	const char *by = address_claimed(from, found);

	if (by && !from->reader.refused) {
		diag_notice(from->reader.diags, from->file->path,
			read_line(&from->reader, "IPADDR"), "another profile of %s; %s is used",
			found->device, by);
		free(found->addresses.items);
		return;
	}
	if (table_taken(config, found, &by))
		refuse_table(&from->reader, found->table, by);
	found->alias = from->profile->alias;
	found->refused = from->reader.refused;
	add_addresses(&config->addresses, found->device, &found->addresses,
		found->inet6 ? AF_INET6 : AF_INET);
	if (found->addresses.n || found->refused)
		keep_uplink(from, &config->uplinks, found);
	else if (found->advertised)
		keep_uplink(from, &config->waiting, found);
}

/* Without a word to the contrary NetworkManager takes the device (is_false of EL6 and EL7). */
static bool is_network_managers(const struct profile_reader *from)
{
	const struct shvars *vars = from->parent ? from->parent : from->reader.vars;
	const struct shvar *var = shvar_find(vars, "NM_CONTROLLED");

	return from->sources->network_manager &&
		!(var && var->value && *var->value && strchr("nNfF0", *var->value));
}

/* The keys that all uplinks have. */
static void read_keys(
	struct profile_reader *from, const struct config *config, struct uplink *uplink)
{
	struct reader *reader = &from->reader;

	read_device(from, uplink);
	uplink->table = read_table(reader, &config->tables);
	uplink->fallback = read_switch(reader, "FALLBACK", config->fallback) &&
		!value_is(reader->vars, "DEFROUTE", "no");
	uplink->rp_filter = read_rp_filter(reader, config->rp_filter);
	uplink->arp_ignore = read_arp(reader, "ARP_IGNORE", 8);
	uplink->arp_announce = read_arp(reader, "ARP_ANNOUNCE", 2);
	uplink->network_manager = is_network_managers(from);
	uplink->kernel_only = uplink->leased || uplink->network_manager;
}

static void finish_uplink(struct profile_reader *from, struct config *config, struct uplink *uplink)
{
	read_keys(from, config, uplink);
	add_uplink(from, config, uplink);
}

/* Where gateways may stand, the first that is the uplink's own counts. */
enum { BY_KEY, BY_HAND, BY_LEASE, CANDIDATES };

/* False if no candidate is the uplink's, and nothing was refused. The route- file is read when it
 * comes to that. */
static bool choose_gateway(struct profile_reader *from, const struct config *config,
	struct candidate candidates[CANDIDATES], struct uplink *uplink)
{
	enum judgement judgement;
	size_t i;

	for (i = 0; i < CANDIDATES && !from->reader.refused; i++) {
		if (i == BY_HAND && !candidates[i].gateway.family)
			find_route_file_default(from, config, uplink->inet6, &candidates[i]);
		if (!candidates[i].gateway.family)
			continue;
		judgement = judge_gateway(from, &candidates[i], uplink);
		if (judgement == JUDGED_ITS && i != BY_LEASE)
			notice_outside(from, &candidates[i], uplink);
		if (judgement != JUDGED_NOT_ITS)
			return true;
	}
	return from->reader.refused;
}

/* Its name tells the device; where it does not, the record does. An alias takes nothing from its
 * device. */
static void read_unread(struct profile_reader *from, struct config *config)
{
	struct uplink uplink = {.file = from->file};

	from->reader.refused = file_unread(from->file, from->reader.diags);
	if (!from->profile->alias)
		finish_uplink(from, config, &uplink);
}

static void read_uplink(struct profile_reader *from, struct config *config)
{
	struct reader *reader = &from->reader;
	struct candidate candidates[CANDIDATES] = {{.line = 0}};
	struct uplink uplink = {.file = from->file};

	uplink.gateway = read_gateway(reader);
	if (uplink.gateway.family)
		candidate_of_key(from, "GATEWAY", &uplink.gateway, &candidates[BY_KEY]);
	else if (!reader->refused &&
		!find_route_file_default(from, config, false, &candidates[BY_HAND])) {
		read_plain(from, config);
		return;
	}
	take_addresses(from, &uplink.addresses);
	if (!uplink.addresses.n && !reader->refused)
		return;
	if (!choose_gateway(from, config, candidates, &uplink)) {
		read_plain(from, config);
		free(uplink.addresses.items);
		return;
	}
	finish_uplink(from, config, &uplink);
}

/* Started at boot, or up: then a default may be there that is none of ours. */
static bool may_have_default(const struct profile_reader *from)
{
	const struct index *seen = &from->survey->seen;
	const struct prefix first = {.family = 0};
	struct address key = {.prefix = first};
	const struct address *address;
	size_t at;

	memcpy(key.device, from->profile->real, sizeof(key.device));
	at = index_first(seen, &key);
	address = at < seen->n ? seen->items[at] : NULL;
	return from->profile->onboot || (address && !strcmp(address->device, key.device));
}

/* dhclient-script takes the routers of the lease only where no file has a GATEWAY, or where
 * DHCLIENT_IGNORE_GATEWAY says so; that of /etc/sysconfig/network is for its own network. */
static bool ignores_gateway(const struct shvars *vars)
{
	const struct shvar *ignore = shvar_find(vars, "DHCLIENT_IGNORE_GATEWAY");

	return ignore && ignore->value && *ignore->value && strchr("yY", *ignore->value);
}

/* ifup-eth gives a device with DHCP no address of its file, so neither do we: what counts is
 * the lease. Without one the NIC may still hold a default, or come to one. */
static void read_leased(struct profile_reader *from, struct config *config)
{
	struct uplink uplink = {.file = from->file, .leased = true};
	struct candidate candidates[CANDIDATES] = {{.line = 0}};
	const struct file *unread;
	struct lease lease;
	char text[PREFIX_TEXT];

	unread = lease_find_unread(&from->sources->leases, from->profile->real);
	if (unread && file_unread(unread, from->reader.diags)) {
		from->reader.refused = true;
		finish_uplink(from, config, &uplink);
		return;
	}
	if (!lease_find(&from->sources->leases, from->profile->real, from->sources->now,
		    from->sources->seen, &lease)) {
		config->others += may_have_default(from);
		return;
	}
	*array_add(&uplink.addresses) = lease.address;
	if (!ignores_gateway(from->reader.vars))
		uplink.gateway = read_gateway(&from->reader);
	if (uplink.gateway.family)
		candidate_of_key(from, "GATEWAY", &uplink.gateway, &candidates[BY_KEY]);
	candidates[BY_LEASE].gateway = lease.router;
	candidates[BY_LEASE].path = from->profile->real;
	snprintf(candidates[BY_LEASE].words, sizeof(candidates[BY_LEASE].words),
		"router %s of the lease", prefix_format_address(&lease.router, text));
	if (!choose_gateway(from, config, candidates, &uplink)) {
		config->others += may_have_default(from);
		read_plain(from, config);
		free(uplink.addresses.items);
		return;
	}
	finish_uplink(from, config, &uplink);
}

static const struct uplink *find_uplink(const struct profile_reader *from, bool inet6)
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

/* The gateway of this device, by a name of it or, from /etc/sysconfig/network, by its network. */
static void find_gateway6(
	struct profile_reader *from, const struct config *config, struct uplink *uplink)
{
	struct candidate candidates[CANDIDATES] = {{.line = 0}};
	bool named = false;

	uplink->gateway = read_gateway6(&from->reader, from->profile->real, &named);
	if (uplink->gateway.family) {
		candidate_of_key(from, "IPV6_DEFAULTGW", &uplink->gateway, &candidates[BY_KEY]);
		candidates[BY_KEY].inherited &= !named;
	} else if (from->reader.refused ||
		!find_route_file_default(from, config, true, &candidates[BY_HAND])) {
		return;
	}
	read_addresses6(&from->reader, &uplink->addresses);
	if (choose_gateway(from, config, candidates, uplink))
		return;
	memset(&uplink->gateway, 0, sizeof(uplink->gateway));
	uplink->gateway_outside = false;
}

/* A NIC without a gateway in its files: a router may still advertise itself, and what is wrong
 * otherwise is not ours to say. */
static void read_plain6(struct profile_reader *from, struct config *config, struct uplink *uplink)
{
	struct profile_reader again = *from;
	struct diags quiet = {0};

	again.reader.diags = &quiet;
	uplink->addresses.n = 0;
	read_addresses6(&again.reader, &uplink->addresses);
	add_addresses(&config->addresses, from->profile->real, &uplink->addresses, AF_INET6);
	read_keys(&again, config, uplink);
	/* The router's default is one of the kernel's own in main. */
	uplink->fallback = false;
	diags_free(&quiet);
	if (uplink->advertised && !again.reader.refused)
		keep_uplink(from, &config->waiting, uplink);
	else
		free(uplink->addresses.items);
}

/* IPv6, beside what the file says of IPv4. */
static void read_uplink6(struct profile_reader *from, struct config *config)
{
	struct uplink uplink = {.file = from->file, .inet6 = true};

	uplink.advertised = inet6_is_advertised(from->reader.vars);
	find_gateway6(from, config, &uplink);
	if (uplink.gateway.family || from->reader.refused)
		finish_uplink(from, config, &uplink);
	else
		read_plain6(from, config, &uplink);
}

/* Does an alias's file give it another gateway than its parent has? */
static bool has_own_gateway(const struct profile_reader *from, const struct uplink *parent)
{
	const struct shvar *own = shvar_find(from->reader.vars, "GATEWAY");
	const struct shvar *its = from->parent ? shvar_find(from->parent, "GATEWAY") : NULL;
	struct prefix gateway;

	if (!own || own->file != from->file->path || !own->value || !*own->value)
		return false;
	if (its && its->value && !strcmp(its->value, own->value))
		return false;
	return prefix_parse_address(own->value, AF_INET, &gateway) ||
		!prefix_same_address(&gateway, &parent->gateway);
}

static struct profile *find_profile(struct config *config, const struct file *file)
{
	struct profile *profile = config->profiles.items;

	while (profile->file != file)
		profile++;
	return profile;
}

/* An alias that goes by its parent's gateway has the same rules and table. */
static bool lend_to_parent(struct profile_reader *from, struct config *config)
{
	const struct uplink *parent = find_uplink(from, false);
	struct uplink *uplink;
	struct prefixes found = {0};
	struct profile *lender;
	size_t i;

	if (!parent || parent->refused || has_own_gateway(from, parent))
		return false;
	uplink = &config->uplinks.items[parent - config->uplinks.items];
	take_addresses(from, &found);
	for (i = 0; i < found.n && !from->reader.refused; i++)
		*array_add(&uplink->addresses) = found.items[i];
	if (!from->reader.refused) {
		add_addresses(&config->addresses, from->profile->real, &found, AF_INET);
		lender = find_profile(config, uplink->file);
		lender->fingerprint = hash_number(lender->fingerprint, from->profile->fingerprint);
	}
	free(found.items);
	return true;
}

/* Bond slaves and bridge ports get no address: ifup-eth ends before that. */
static bool is_port(const struct shvars *vars)
{
	return (value_is(vars, "SLAVE", "yes") && value_set(vars, "MASTER")) ||
		value_set(vars, "BRIDGE");
}

/* A device's blocks stay as they are, or do not: both families', if one is refused. */
static void share_refusal(struct config *config, size_t first)
{
	bool refused = false;
	size_t i;

	for (i = first; i < config->uplinks.n; i++)
		refused |= config->uplinks.items[i].refused;
	for (i = first; i < config->uplinks.n; i++)
		config->uplinks.items[i].refused = refused;
}

static bool is_dynamic(const struct shvars *vars)
{
	return value_is(vars, "BOOTPROTO", "dhcp") || value_is(vars, "BOOTPROTO", "bootp") ||
		value_is(vars, "BOOTP", "yes");
}

/* An alias with ONPARENT=no, or one with a file name of a device, comes by an ifup of its own.
 * Before that, ifup-routes of its parent would be refused a route by its gateway: no address is
 * there that leads to it. */
static bool is_waiting(const struct profile_reader *from)
{
	const struct sources *sources = from->sources;
	const struct shvars *vars = from->reader.vars;
	size_t i;

	if (!sources->seen || !from->profile->alias ||
		(from->parent && !value_is(vars, "ONPARENT", "no") &&
			!value_is(vars, "ONPARENT", "NO")) ||
		(sources->coming && profile_has_file_name(from->profile, sources->coming)))
		return false;
	for (i = 0; i < from->profile->addresses.n; i++)
		if (profile_has_seen(from->survey, from->profile, &from->profile->addresses.items[i]))
			return false;
	return true;
}

/* GATEWAY of any file, or a default by hand; whether it is this NIC's need not be known. */
static bool has_default(struct profile_reader *from, const struct config *config)
{
	struct candidate unused = {.line = 0};

	return is_dynamic(from->reader.vars) || value_set(from->reader.vars, "GATEWAY") ||
		find_route_file_default(from, config, false, &unused);
}

void profile_survey(struct profile_reader *from, const struct release *release)
{
	const struct shvars *vars = from->reader.vars;
	struct profile *profile = from->profile;
	struct diags quiet = {0};
	struct reader reader = {vars, from->file->path, &quiet, false};
	struct lease lease;

	if (device_of_label(profile->device, profile->real))
		profile->real[0] = '\0';
	profile->fingerprint = read_fingerprint(from);
	profile->port = is_port(vars);
	profile->onboot = !value_is(vars, "ONBOOT", "no") && !value_is(vars, "ONBOOT", "NO");
	if (!is_dynamic(vars))
		read_profile_addresses(from, &reader, &profile->addresses);
	else if (lease_find(&from->sources->leases, profile->real, from->sources->now,
			 from->sources->seen, &lease))
		*array_add(&profile->addresses) = lease.address;
	profile->readable = !quiet.n;
	if (!profile->alias && inet6_enabled(vars, release))
		read_addresses6(&reader, &profile->addresses);
	diags_free(&quiet);
}

void profile_read(struct profile_reader *from, struct config *config)
{
	const struct shvars *vars = from->reader.vars;
	const struct profile *profile = from->profile;
	bool inet6 = !profile->alias && inet6_enabled(vars, &config->release);
	size_t first = config->uplinks.n;
	struct profile_reader from6;

	if (profile->port || profile->passed_over || !strcmp(profile->device, "lo"))
		return;
	if (from->file->error) {
		read_unread(from, config);
		return;
	}
	from6 = *from;
	if (!read_switch(&from->reader, "MULTIHOME", true) && !from->reader.refused) {
		from->profile->off = true;
		config->others += may_have_default(from) && has_default(from, config);
		config->others6 += inet6 && may_have_default(from);
		inet6 = false;
		read_plain(from, config);
	} else if (is_dynamic(vars)) {
		read_leased(from, config);
	} else if (is_waiting(from)) {
		read_plain(from, config);
	} else if (profile->alias && lend_to_parent(from, config)) {
		return;
	} else {
		read_uplink(from, config);
	}
	if (inet6 && profile->real[0] && !find_uplink(from, true))
		read_uplink6(&from6, config);
	share_refusal(config, first);
}

static void set_fingerprints(struct config *config, struct uplinks *uplinks)
{
	struct uplink *uplink;
	size_t i;

	for (i = 0; i < uplinks->n; i++) {
		uplink = &uplinks->items[i];
		uplink->fingerprint = find_profile(config, uplink->file)->fingerprint;
	}
}

void profile_set_fingerprints(struct config *config)
{
	set_fingerprints(config, &config->uplinks);
	set_fingerprints(config, &config->waiting);
}
