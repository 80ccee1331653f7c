/* SPDX-License-Identifier: MIT
 * The host's configuration, put together from its files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/line.h"
#include "conf/byhand.h"
#include "conf/config.h"
#include "conf/misspelt.h"
#include "conf/profile.h"
#include "conf/shvar.h"

define_order(uplinks_by_device, struct uplink, strcmp(x->device, y->device))
define_order(uplinks_by_table, struct uplink, compare_numbers(x->table, y->table))

/* fread_id_name of iproute2: NUMBER NAME in a line, in hexadecimal after 0x, else decimal. */
static void read_table_name(char *line, struct table_names *names)
{
	struct table_name *name;
	unsigned number;
	char *words[2];

	if (line_words(line, words, 2) != 2 ||
		!word_number(words[0], strncmp(words[0], "0x", 2) ? 10 : 16, 0xffffffff, &number))
		return;
	words[1][strcspn(words[1], "#")] = '\0';
	if (!*words[1])
		return;
	name = array_add(names);
	name->number = number;
	name->name = mem_string(words[1]);
}

static void read_table_names(const struct file *file, struct table_names *names)
{
	const char *cursor = file->bytes;
	char *line;

	for (; (line = line_next(&cursor)); free(line))
		read_table_name(line, names);
}

static void read_range(struct reader *reader, struct config *config)
{
	char text[256], *dash;
	unsigned first = 0, last = 0;
	bool good;

	if (!read_value(reader, "TABLE_RANGE", text))
		return;
	dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	good = dash && word_number(text, 10, 0xffffffff, &first) &&
		word_number(dash + 1, 10, 0xffffffff, &last) && first && first <= last;
	if (dash)
		*dash = '-';
	if (!good) {
		reader_refuse(reader, "TABLE_RANGE",
			"TABLE_RANGE=%s: expected a first and a last table, like 100-199", text);
		return;
	}
	config->table_first = first;
	config->table_last = last;
}

/* One mark an uplink: two bits are three of them, and 0 is none. */
static unsigned read_mask(struct reader *reader)
{
	char text[256];
	const char *value = read_value(reader, "MARK_MASK", text);
	unsigned mask = MARK_MASK, low;

	if (!value)
		return mask;
	if (!word_number(value, 0, 0xffffffff, &mask))
		mask = 0;
	low = mask & -mask;
	if (!low || mask == low || ((mask + low) & mask))
		reader_refuse(reader, "MARK_MASK",
			"MARK_MASK=%s: expected two bits or more, side by side", value);
	return mask;
}

/* "1194 6000-6100" */
static bool take_ports(char *word, struct port_range *out)
{
	char *dash = strchr(word, '-');
	unsigned first, last;

	if (dash)
		*dash++ = '\0';
	if (!word_number(word, 10, 65535, &first) || !first)
		return false;
	last = first;
	if (dash && !word_number(dash, 10, 65535, &last))
		return false;
	out->first = (unsigned short)first;
	out->last = (unsigned short)last;
	return first <= last;
}

define_order(ranges_in_order, struct port_range, (int)x->first - (int)y->first)

/* nft refuses those that overlap. */
static void merge_ports(struct port_ranges *ports)
{
	struct port_range *last, *range;
	size_t i, n = 0;

	array_sort(ports, ranges_in_order);
	for (i = 0; i < ports->n; i++) {
		range = &ports->items[i];
		last = n ? &ports->items[n - 1] : NULL;
		if (!last || range->first > last->last + 1)
			ports->items[n++] = *range;
		else if (range->last > last->last)
			last->last = range->last;
	}
	ports->n = n;
}

static void read_ports(struct reader *reader, struct port_ranges *out)
{
	const char *value = shvar_value(reader->vars, "UDP_PORTS");
	char first[256], *copy, *word, *rest;
	bool good = true;

	/* It says what no value is. */
	if (!read_value(reader, "UDP_PORTS", first))
		return;
	copy = mem_string(value);
	for (word = strtok_r(copy, " \t\n", &rest); word && good; word = strtok_r(NULL, " \t\n", &rest))
		good = take_ports(word, array_add(out));
	free(copy);
	merge_ports(out);
	if (!good)
		reader_refuse(reader, "UDP_PORTS",
			"UDP_PORTS: expected ports from 1 to 65535 and ranges of them");
}

/* A key that is mistyped would do nothing, without a word. */
static void refuse_unknown_keys(struct reader *reader)
{
	static const char *const known[] = {"CONNMARK", "FALLBACK", "FALLBACK_METRIC", "FILES",
		"MARK_MASK", "MULTIHOME", "RP_FILTER", "RULE_PRIORITY", "TABLE_RANGE", "TRACK_DOWN",
		"TRACK_INTERVAL", "TRACK_UP", "UDP_PORTS", NULL};
	const struct shvars *vars = reader->vars;
	const char *key;
	size_t i;

	for (i = 0; i < vars->n; i++) {
		key = vars->items[i].key;
		if (word_index(key, known) < 0 && shvar_find(vars, key) == &vars->items[i])
			reader_refuse(reader, key, misspelt_knows(key)
				? "%s: expected in an ifcfg file, not here"
				: "%s: unknown key; multihome(5) has those there are",
				key);
	}
	for (i = 0; i < vars->spaced.n; i++)
		if (word_index(vars->spaced.items[i].key, known) >= 0) {
			diag_refuse(reader->diags, reader->path, vars->spaced.items[i].line,
				"%s: nothing is set; expected no blanks about the =",
				vars->spaced.items[i].key);
			reader->refused = true;
		}
}

/* /etc/sysconfig/multihome: all of it or nothing. */
static int read_defaults(const struct file *file, struct config *config, struct diags *diags)
{
	struct shvars vars = {0};
	struct reader reader = {.vars = &vars, .path = file->path, .diags = diags};

	config->table_first = 100;
	config->table_last = 199;
	shvar_parse(file->bytes, file->len, file->path, &vars);
	config->enabled = read_switch(&reader, "MULTIHOME", true);
	config->fallback = read_switch(&reader, "FALLBACK", true);
	config->files = read_switch(&reader, "FILES", true);
	config->rp_filter = read_rp_filter(&reader, RP_FILTER_AUTO);
	/* 0.1 had it; it does nothing any more. */
	read_number(&reader, "FALLBACK_METRIC", 0, 0, 0x7fffffff);
	config->rule_priority = read_number(&reader, "RULE_PRIORITY", 10000, 10, 32764);
	config->track_interval = read_number(&reader, "TRACK_INTERVAL", 2, 1, 3600);
	config->track_down = read_number(&reader, "TRACK_DOWN", 5, 1, 1000);
	config->track_up = read_number(&reader, "TRACK_UP", 10, 1, 1000);
	config->connmark = read_switch(&reader, "CONNMARK", false);
	config->connmark_line = shvar_find(&vars, "CONNMARK") ? reader_line(&reader, "CONNMARK") : 0;
	config->mark_mask = read_mask(&reader);
	read_ports(&reader, &config->udp_ports);
	if (config->udp_ports.n && !config->connmark)
		diag_notice(diags, file->path, reader_line(&reader, "UDP_PORTS"),
			"UDP_PORTS does nothing without CONNMARK=yes");
	read_range(&reader, config);
	refuse_unknown_keys(&reader);
	read_notices(&vars, file->path, diags);
	shvar_free(&vars);
	return reader.refused ? -1 : 0;
}

static bool mentions(const struct file *file, const char *words, bool unknown)
{
	return file->bytes ? strstr(file->bytes, words) != NULL : unknown;
}

static void read_release(const struct sources *sources, struct release *release)
{
	release->inet6_by_default = mentions(&sources->ifup_ipv6, "is_false \"$IPV6INIT\"", true);
	release->inet6_by_network = mentions(&sources->ifup_ipv6, "NETWORKING_IPV6}", false);
	release->reads_rule6 = mentions(&sources->ifup_routes, "rule6", true);
	release->numbered = mentions(&sources->network_functions, "IPADDR$idx", true);
	release->small_tables = !release->numbered;
	release->third_alone = mentions(&sources->network_functions, "$idx -gt 2", false);
	release->host_by_default = mentions(&sources->network_functions, "set_link_up", false);
}

static void read_profiles(const struct sources *sources, const struct links *links,
	struct config *config, struct diags *diags)
{
	struct survey survey = {.sources = sources,
		.links = links,
		.config = config,
		.diags = diags,
		.uplinks = {.compare = uplinks_by_device},
		.tables = {.compare = uplinks_by_table}};
	struct profile_reader *readers = profiles_read(&survey);
	const struct profiles *profiles = &config->profiles;
	size_t i;
	int alias;

	/* A file has two at most, one a family. They must stay where they are: they are indexed. */
	array_reserve(&config->uplinks, 2 * profiles->n);
	array_reserve(&config->waiting, profiles->n);
	for (alias = 0; alias <= 1; alias++)
		for (i = 0; i < profiles->n; i++)
			if (profiles->items[i].alias == alias)
				profile_read_uplinks(&readers[i]);
	profiles_free(readers, &survey);
}

static void drop_uplinks(struct config *config)
{
	size_t i;

	for (i = 0; i < config->uplinks.n; i++)
		free(config->uplinks.items[i].addresses.items);
	for (i = 0; i < config->waiting.n; i++)
		free(config->waiting.items[i].addresses.items);
	config->uplinks.n = config->waiting.n = config->others = config->others6 = 0;
	config->addresses.n = 0;
}

/* GATEWAYDEV of a device that comes later, a VPN's or a modem's: initscripts set no default by any
 * other one. */
static void read_gateway_device(
	const struct file *network, const struct links *links, struct config *config)
{
	struct shvars vars = {0};
	const char *device;
	size_t i;

	shvar_parse(network->bytes, network->len, network->path, &vars);
	device = shvar_value(&vars, "GATEWAYDEV");
	config->default_is_elsewhere = device != NULL;
	for (i = 0; device && i < links->n; i++)
		if (!strcmp(links->items[i].name, device) && !links->items[i].tunnel)
			config->default_is_elsewhere = false;
	shvar_free(&vars);
}

int config_build(const struct sources *sources, const struct links *links, struct config *config,
	struct diags *diags)
{
	int refused;
	size_t i;

	for (i = 0; i < sources->tables.n; i++)
		read_table_names(&sources->tables.items[i], &config->tables);
	/* From then on main tells: a bounce of a NIC takes its static routes for good. */
	if (!sources->started) {
		byhand_static_routes(&sources->static_routes, &config->static_routes);
		byhand_inet6_bans(&sources->inet6_global, &config->static_routes);
	}
	read_release(sources, &config->release);
	if (file_unsafe(sources, &sources->network, diags) ||
		file_unsafe(sources, &sources->defaults, diags))
		return -1;
	/* clean needs to know whose files are whose, whatever the defaults say. */
	refused = read_defaults(&sources->defaults, config, diags);
	read_profiles(sources, links, config, diags);
	read_gateway_device(&sources->network, links, config);
	sources_note_unread(sources, diags);
	if (refused)
		drop_uplinks(config);
	return refused;
}

void config_free(struct config *config)
{
	size_t i;

	drop_uplinks(config);
	for (i = 0; i < config->tables.n; i++)
		free(config->tables.items[i].name);
	for (i = 0; i < config->profiles.n; i++) {
		free(config->profiles.items[i].title);
		free(config->profiles.items[i].hwaddr);
		free(config->profiles.items[i].addresses.items);
	}
	free(config->uplinks.items);
	free(config->waiting.items);
	free(config->addresses.items);
	free(config->static_routes.items);
	free(config->tables.items);
	free(config->profiles.items);
	free(config->udp_ports.items);
	memset(config, 0, sizeof(*config));
}

/* get_config_by_name: NetworkManager's "Auto eth0" and "System eth0" are eth0's too. */
static bool has_title(const struct profile *profile, const char *argument)
{
	const char *title = profile->title;

	return title &&
		(!strcasecmp(title, argument) ||
			(!strncasecmp(title, "Auto ", 5) && !strcasecmp(title + 5, argument)) ||
			(!strncasecmp(title, "System ", 7) && !strcasecmp(title + 7, argument)));
}

/* The first by its file's name, or else by NAME=, HWADDR=, DEVICE=. */
static const struct profile *find_named_profile(
	const struct config *config, const char *mac, const char *argument)
{
	const struct profile *profile, *found[4] = {NULL};
	size_t i, by;

	for (i = 0; i < config->profiles.n; i++) {
		profile = &config->profiles.items[i];
		if (profile_has_file_name(profile, argument))
			return profile;
		if (has_title(profile, argument))
			by = 1;
		else if (*mac && profile->hwaddr && !strcasecmp(profile->hwaddr, mac))
			by = 2;
		else if (!strcmp(profile->device, argument))
			by = 3;
		else
			continue;
		if (!found[by])
			found[by] = profile;
	}
	for (by = 1; by < 3 && !found[by]; by++)
		;
	return found[by];
}

const struct profile *config_find_profile(
	const struct config *config, const struct links *links, const char *argument)
{
	const struct profile *found;
	const char *mac = "";
	device_name parent;
	size_t i, len = profile_parent_length(argument);

	for (i = 0; i < links->n; i++)
		if (!strcmp(links->items[i].name, argument))
			mac = links->items[i].mac;
	found = find_named_profile(config, mac, argument);
	if (found || !len || len >= sizeof(parent) || !argument[len])
		return found;
	memcpy(parent, argument, len);
	parent[len] = '\0';
	return config_find_profile(config, links, parent);
}
