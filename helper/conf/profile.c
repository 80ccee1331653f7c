/* SPDX-License-Identifier: MIT
 * One ifcfg file: is it an uplink, in which family, by which gateway?
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

static void add_addresses(struct addresses *all, const char *device, const struct prefixes *more)
{
	struct address *address;
	size_t i;

	for (i = 0; i < more->n; i++) {
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

bool name_is_range(const char *name)
{
	return strstr(name, "-range") != NULL;
}

static void profile_addresses(
	const struct profile_reader *from, struct reader *reader, struct prefixes *out)
{
	if (name_is_range(from->file->name))
		read_address_range(reader, from->parent, out);
	else
		read_addresses(reader, from->parent, out);
}

/* A NIC without a gateway is none of ours, so whatever is wrong in it is not ours to say. */
static void read_plain(struct profile_reader *from, struct config *config)
{
	struct diags quiet = {0};
	struct reader reader = {from->reader.vars, from->file->path, &quiet, false};
	struct prefixes found = {0};

	profile_addresses(from, &reader, &found);
	add_addresses(&config->addresses, from->device, &found);
	free(found.items);
	diags_free(&quiet);
}

static bool check_gateway(
	struct profile_reader *from, struct uplink *uplink, const char *key, bool inherited)
{
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		if (prefix_same_address(&uplink->addresses.items[i], &uplink->gateway))
			reader_refuse(&from->reader, key,
				"%s=%s is the host's own "
				"address; expected the router's",
				key, prefix_format_address(&uplink->gateway, text));
	uplink->gateway_outside = uplink->addresses.n && !prefix_is_link_local(&uplink->gateway) &&
		!lies_within(&uplink->addresses, &uplink->gateway);
	/* The gateway of /etc/sysconfig/network is for the NIC in whose network it lies. */
	if (uplink->gateway_outside && inherited && !from->reader.refused)
		return false;
	if (uplink->gateway_outside && !from->reader.refused)
		diag_notice(from->reader.diags, from->file->path, read_line(&from->reader, key),
			"%s=%s lies outside of the "
			"prefix; it is reached by a link route",
			key, prefix_format_address(&uplink->gateway, text));
	return true;
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
static const char *address_claimed(const struct config *config, const struct uplink *uplink)
{
	const struct uplink *other;
	size_t i, k;

	for (i = 0; i < config->uplinks.n; i++) {
		other = &config->uplinks.items[i];
		for (k = 0; k < uplink->addresses.n; k++)
			if (!strcmp(other->device, uplink->device) && other->addresses.n &&
				prefix_same_address(
					&other->addresses.items[0], &uplink->addresses.items[k]))
				return other->file->name;
	}
	return NULL;
}

static void add_uplink(
	struct profile_reader *from, struct config *config, const struct uplink *found)
{
	const char *by = address_claimed(config, found);

	if (by && !from->reader.refused) {
		diag_notice(from->reader.diags, from->file->path,
			read_line(&from->reader, "IPADDR"), "another profile of %s; %s is used",
			found->device, by);
		free(found->addresses.items);
		return;
	}
	if (table_taken(config, found, &by))
		refuse_table(&from->reader, found->table, by);
	*array_add(&config->uplinks) = *found;
	config->uplinks.items[config->uplinks.n - 1].refused = from->reader.refused;
	add_addresses(&config->addresses, found->device, &found->addresses);
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
static void finish_uplink(struct profile_reader *from, struct config *config, struct uplink *uplink)
{
	struct reader *reader = &from->reader;

	read_device(from, uplink);
	uplink->table = read_table(reader, &config->tables);
	/* With METRIC, initscripts keep the default of each NIC themselves. */
	uplink->fallback = read_switch(reader, "FALLBACK", config->fallback) &&
		!value_is(reader->vars, "DEFROUTE", "no") && !value_set(reader->vars, "METRIC");
	uplink->rp_filter = read_rp_filter(reader, config->rp_filter);
	uplink->arp_ignore = read_arp(reader, "ARP_IGNORE", 8);
	uplink->arp_announce = read_arp(reader, "ARP_ANNOUNCE", 2);
	uplink->network_manager = is_network_managers(from);
	uplink->kernel_only = uplink->leased || uplink->network_manager;
	add_uplink(from, config, uplink);
}

static void read_uplink(struct profile_reader *from, struct config *config)
{
	struct reader *reader = &from->reader;
	const struct shvar *gateway = shvar_find(reader->vars, "GATEWAY");
	bool inherited = gateway->file != from->file->path;
	struct uplink uplink = {0};

	uplink.file = from->file;
	uplink.gateway = read_gateway(reader);
	if (!uplink.gateway.family && !reader->refused) {
		read_plain(from, config);
		return;
	}
	profile_addresses(from, reader, &uplink.addresses);
	if (!uplink.addresses.n && !reader->refused)
		return;
	if (uplink.gateway.family && !check_gateway(from, &uplink, "GATEWAY", inherited)) {
		add_addresses(&config->addresses, from->device, &uplink.addresses);
		free(uplink.addresses.items);
		return;
	}
	finish_uplink(from, config, &uplink);
}

/* dhclient-script takes the routers of the lease only where no file has a GATEWAY, or where
 * DHCLIENT_IGNORE_GATEWAY says so; that of /etc/sysconfig/network is for its own network. */
static bool read_leased_gateway(struct profile_reader *from, struct uplink *uplink)
{
	struct reader *reader = &from->reader;
	const struct shvar *gateway = shvar_find(reader->vars, "GATEWAY");
	const struct shvar *ignore = shvar_find(reader->vars, "DHCLIENT_IGNORE_GATEWAY");

	if (!gateway || (ignore && ignore->value && *ignore->value && strchr("yY", *ignore->value)))
		return false;
	uplink->gateway = read_gateway(reader);
	if (reader->refused)
		return true;
	return uplink->gateway.family &&
		check_gateway(from, uplink, "GATEWAY", gateway->file != from->file->path);
}

/* ifup-eth gives a device with DHCP no address of its file, so neither do we: what counts is
 * the lease. Without one the NIC may still hold a default, or come to one. */
static void read_leased(struct profile_reader *from, struct config *config)
{
	struct uplink uplink = {.file = from->file, .leased = true};
	struct lease lease;

	if (!lease_find(&from->sources->leases, from->device, from->sources->now, &lease)) {
		config->others++;
		return;
	}
	*array_add(&uplink.addresses) = lease.address;
	if (!read_leased_gateway(from, &uplink)) {
		uplink.gateway = lease.router;
		uplink.gateway_outside = !lies_within(&uplink.addresses, &lease.router);
	}
	if (!uplink.gateway.family && !from->reader.refused) {
		config->others++;
		add_addresses(&config->addresses, from->device, &uplink.addresses);
		free(uplink.addresses.items);
		return;
	}
	finish_uplink(from, config, &uplink);
}

static bool has_uplink6(const struct config *config, const char *device)
{
	size_t i;

	for (i = 0; i < config->uplinks.n; i++)
		if (config->uplinks.items[i].inet6 &&
			!strcmp(config->uplinks.items[i].device, device))
			return true;
	for (i = 0; i < config->waiting.n; i++)
		if (!strcmp(config->waiting.items[i].device, device))
			return true;
	return false;
}

/* The gateway of this device, by a name of it or, from /etc/sysconfig/network, by its network. */
static void read_way6(struct profile_reader *from, struct uplink *uplink)
{
	const struct shvar *gateway = shvar_find(from->reader.vars, "IPV6_DEFAULTGW");
	bool named = false;

	uplink->gateway = read_gateway6(&from->reader, from->device, &named);
	if (uplink->gateway.family)
		read_addresses6(&from->reader, &uplink->addresses);
	if (uplink->gateway.family &&
		!check_gateway(from, uplink, "IPV6_DEFAULTGW",
			!named && gateway->file != from->file->path)) {
		memset(&uplink->gateway, 0, sizeof(uplink->gateway));
		uplink->gateway_outside = false;
	}
}

/* A NIC without a gateway in its files: a router may still advertise itself, and what is wrong
 * otherwise is not ours to say. */
static void read_plain6(struct profile_reader *from, struct config *config, struct uplink *uplink)
{
	struct diags quiet = {0};
	struct reader reader = {from->reader.vars, from->file->path, &quiet, false};

	uplink->addresses.n = 0;
	read_addresses6(&reader, &uplink->addresses);
	add_addresses(&config->addresses, from->device, &uplink->addresses);
	uplink->table = read_table(&reader, &config->tables);
	diags_free(&quiet);
	if (uplink->advertised && !reader.refused)
		*array_add(&config->waiting) = *uplink;
	else
		free(uplink->addresses.items);
}

/* IPv6, beside what the file says of IPv4. */
static void read_uplink6(struct profile_reader *from, struct config *config)
{
	struct reader *reader = &from->reader;
	struct uplink uplink = {.file = from->file, .inet6 = true};
	const char *by;

	uplink.advertised = inet6_is_advertised(reader->vars);
	memcpy(uplink.device, from->device, sizeof(uplink.device));
	read_way6(from, &uplink);
	if (!uplink.gateway.family && !reader->refused) {
		read_plain6(from, config, &uplink);
		return;
	}
	uplink.table = read_table(reader, &config->tables);
	uplink.fallback = read_switch(reader, "FALLBACK", config->fallback);
	if (table_taken(config, &uplink, &by))
		refuse_table(reader, uplink.table, by);
	uplink.refused = reader->refused;
	add_addresses(&config->addresses, uplink.device, &uplink.addresses);
	if (uplink.addresses.n || uplink.refused)
		*array_add(&config->uplinks) = uplink;
	else if (uplink.advertised)
		*array_add(&config->waiting) = uplink;
}

/* An alias in the shadow of its parent: same way out, so same rules and table. */
static bool lend_to_parent(struct profile_reader *from, struct config *config)
{
	const struct shvar *own = shvar_find(from->reader.vars, "GATEWAY");
	const struct shvar *parents = shvar_find(from->parent, "GATEWAY");
	struct uplink *uplink = NULL;
	struct prefixes found = {0};
	size_t i;

	if (own && own->file == from->file->path && own->value && *own->value &&
		!(parents && parents->value && !strcmp(parents->value, own->value)))
		return false;
	for (i = 0; i < config->uplinks.n && !uplink; i++)
		if (!config->uplinks.items[i].inet6 &&
			!strcmp(config->uplinks.items[i].device, from->device))
			uplink = &config->uplinks.items[i];
	if (!uplink || uplink->refused)
		return false;
	profile_addresses(from, &from->reader, &found);
	add_addresses(&config->addresses, from->device, &found);
	for (i = 0; i < found.n; i++)
		*array_add(&uplink->addresses) = found.items[i];
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
static void share_refusal(const struct file *file, struct config *config)
{
	bool refused = false;
	size_t i;

	for (i = 0; i < config->uplinks.n; i++)
		refused |=
			config->uplinks.items[i].file == file && config->uplinks.items[i].refused;
	for (i = 0; i < config->uplinks.n; i++)
		config->uplinks.items[i].refused |=
			refused && config->uplinks.items[i].file == file;
}

static bool is_dynamic(const struct shvars *vars)
{
	return value_is(vars, "BOOTPROTO", "dhcp") || value_is(vars, "BOOTPROTO", "bootp") ||
		value_is(vars, "BOOTP", "yes");
}

/* An alias with ONPARENT=no comes by an ifup of its own. Before that, ifup-routes of its parent
 * would be refused a route by its gateway: no address is there that leads to it. */
static bool is_waiting(const struct profile_reader *from)
{
	const struct sources *sources = from->sources;
	struct diags quiet = {0};
	struct reader reader = {from->reader.vars, from->file->path, &quiet, false};
	struct prefixes found = {0};
	bool there;

	if (!sources->seen || !from->parent ||
		!(value_is(reader.vars, "ONPARENT", "no") ||
			value_is(reader.vars, "ONPARENT", "NO")) ||
		(sources->coming && profile_has_file_name(from->profile, sources->coming)))
		return false;
	profile_addresses(from, &reader, &found);
	there = addresses_have_any(sources->seen, from->device, &found);
	free(found.items);
	diags_free(&quiet);
	return !there;
}

void profile_read(struct profile_reader *from, struct config *config)
{
	const struct shvars *vars = from->reader.vars;
	bool inet6 = !from->parent && inet6_enabled(vars, &config->release);
	struct profile_reader from6;

	if (is_port(vars) || !strcmp(from->profile->device, "lo"))
		return;
	from6 = *from;
	if (!read_switch(&from->reader, "MULTIHOME", true) && !from->reader.refused) {
		config->others++;
		config->others6 += inet6;
		inet6 = false;
		read_plain(from, config);
	} else if (is_dynamic(vars)) {
		read_leased(from, config);
	} else if (is_waiting(from)) {
		read_plain(from, config);
	} else if (from->parent && lend_to_parent(from, config)) {
		return;
	} else if (shvar_find(vars, "GATEWAY")) {
		read_uplink(from, config);
	} else {
		read_plain(from, config);
	}
	if (inet6 && from->device[0] && !has_uplink6(config, from->device))
		read_uplink6(&from6, config);
	share_refusal(from->file, config);
}
