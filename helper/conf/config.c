/* SPDX-License-Identifier: MIT
 * The host's configuration, put together from its files.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/line.h"
#include "conf/byhand.h"
#include "conf/config.h"
#include "conf/profile.h"
#include "conf/shvar.h"

static int addresses_in_order(const void *a, const void *b)
{
	const struct address *x = a, *y = b;

	return prefix_compare_address(&x->prefix, &y->prefix);
}

static int addresses_by_device(const void *a, const void *b)
{
	const struct address *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : prefix_compare_address(&x->prefix, &y->prefix);
}

static int files_by_name(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int profiles_by_device(const void *a, const void *b)
{
	const struct profile *x = a, *y = b;

	return strcmp(x->real, y->real);
}

static int uplinks_by_device(const void *a, const void *b)
{
	const struct uplink *x = a, *y = b;

	return strcmp(x->device, y->device);
}

static void parse_file(const struct file *file, struct shvars *vars)
{
	if (file->bytes)
		shvar_parse(file->bytes, file->len, file->path, vars);
}

/* fread_id_name of iproute2: NUMBER NAME in a line, in hexadecimal after 0x, else decimal. */
static void read_table_name(char *line, struct table_names *names)
{
	unsigned long long number;
	struct table_name *name;
	char *words[2], *end;

	if (line_words(line, words, 2) != 2 || !isdigit((unsigned char)*words[0]))
		return;
	number = strtoull(words[0], &end, strncmp(words[0], "0x", 2) ? 10 : 16);
	words[1][strcspn(words[1], "#")] = '\0';
	if (*end || number > 0xffffffff || !*words[1])
		return;
	name = array_add(names);
	name->number = (unsigned)number;
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
	char text[256];
	const char *value = read_value(reader, "TABLE_RANGE", text);
	unsigned long long first, last;
	const char *dash, *end;

	if (!value)
		return;
	dash = value + strspn(value, "0123456789");
	end = *dash == '-' ? dash + 1 + strspn(dash + 1, "0123456789") : dash;
	first = strtoull(value, NULL, 10);
	last = *dash ? strtoull(dash + 1, NULL, 10) : 0;
	if (*dash != '-' || *end || !first || first > last || last > 0xffffffff) {
		reader_refuse(reader, "TABLE_RANGE",
			"TABLE_RANGE=%s: expected a first and a last table, like 100-199", value);
		return;
	}
	config->table_first = (unsigned)first;
	config->table_last = (unsigned)last;
}

/* A key that is mistyped would do nothing, without a word. */
static void refuse_unknown_keys(struct reader *reader)
{
	static const char *const known[] = {"FALLBACK", "FALLBACK_METRIC", "MULTIHOME", "RP_FILTER",
		"RULE_PRIORITY", "TABLE_RANGE"};
	const struct shvars *vars = reader->vars;
	size_t i, k, n = sizeof(known) / sizeof(*known);

	for (i = 0; i < vars->n; i++) {
		for (k = 0; k < n && strcmp(known[k], vars->items[i].key); k++)
			;
		if (k == n && shvar_find(vars, vars->items[i].key) == &vars->items[i])
			reader_refuse(reader, vars->items[i].key,
				"%s: unknown key; multihome(5) has those there are",
				vars->items[i].key);
	}
}

/* /etc/sysconfig/multihome: all of it or nothing. */
static int read_defaults(const struct file *file, struct config *config, struct diags *diags)
{
	struct shvars vars = {0};
	struct reader reader = {&vars, file->path, diags, false};

	config->table_first = 100;
	config->table_last = 199;
	parse_file(file, &vars);
	config->enabled = read_switch(&reader, "MULTIHOME", true);
	config->fallback = read_switch(&reader, "FALLBACK", true);
	config->rp_filter = read_rp_filter(&reader, RP_FILTER_AUTO);
	/* Of 0.1. */
	read_number(&reader, "FALLBACK_METRIC", 0, 0x7fffffff);
	config->rule_priority = read_number(&reader, "RULE_PRIORITY", 10000, 32764);
	if (!reader.refused && config->rule_priority < 10)
		reader_refuse(&reader, "RULE_PRIORITY",
			"RULE_PRIORITY=%u: expected 10 to 32764", config->rule_priority);
	read_range(&reader, config);
	refuse_unknown_keys(&reader);
	read_notices(&vars, file->path, diags);
	shvar_free(&vars);
	return reader.refused ? -1 : 0;
}

/* DEVICE=, or the device that has HWADDR= (get_device_by_hwaddr), or the file's name. */
static void read_label(const struct shvars *vars, const struct file *file,
	const struct links *links, char label[64])
{
	const struct shvar *device = shvar_find(vars, "DEVICE");
	const struct shvar *hwaddr = shvar_find(vars, "HWADDR");
	size_t i;

	if (device && device->value && *device->value) {
		snprintf(label, 64, "%.*s", (int)strcspn(device->value, "\r"), device->value);
		return;
	}
	for (i = 0; hwaddr && hwaddr->value && *hwaddr->value && i < links->n; i++)
		if (!strcasecmp(links->items[i].mac, hwaddr->value)) {
			snprintf(label, 64, "%s", links->items[i].name);
			return;
		}
	snprintf(label, 64, "%s", file->name + strlen("ifcfg-"));
}

static char *value_copy(const struct shvars *vars, const char *key)
{
	const struct shvar *var = shvar_find(vars, key);

	return var && var->value && *var->value ? mem_string(var->value) : NULL;
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
	release->third_alone = mentions(&sources->network_functions, "$idx -gt 2", false);
	release->host_by_default = mentions(&sources->network_functions, "set_link_up", false);
}

/* "eth0" of "eth0:1" and "eth0-range0", with or without ifcfg- before it. */
static size_t parent_length(const char *name)
{
	const char *range = strstr(name, "-range");

	return range ? (size_t)(range - name) : strcspn(name, ":");
}

static bool is_alias_file(const struct file *file)
{
	return strchr(file->name, ':') || strstr(file->name, "-range");
}

/* Does ifup-aliases of another file's device start it? A bridge may be called br-range0. */
static bool is_started_by_parent(const struct profile *profile)
{
	const char *name = profile->file->name + strlen("ifcfg-");

	return strchr(name, ':') || (strstr(name, "-range") && strcmp(profile->device, name));
}

/* The parent's keys, as ifup-aliases reads them first: of its file, which may have a name of its
 * own (ifcfg-office with DEVICE=eth0). Profiles of aliases come behind all others. */
static void read_parent(const struct config *config, const char *alias, struct shvars *vars)
{
	size_t len = parent_length(alias), skip = strlen("ifcfg-"), i;
	const struct profile *profile, *found = NULL;

	for (i = 0; i < config->profiles.n; i++) {
		profile = &config->profiles.items[i];
		if (is_alias_file(profile->file))
			break;
		if (strlen(profile->file->name) == len &&
			!memcmp(profile->file->name, alias, len)) {
			found = profile;
			break;
		}
		if (!found && strlen(profile->device) == len - skip &&
			!memcmp(profile->device, alias + skip, len - skip))
			found = profile;
	}
	if (found)
		parse_file(found->file, vars);
}

/* One file, before it is known what it comes to. */
struct reading {
	struct profile_reader from;
	struct shvars vars, parent;
};

static void read_file(const struct sources *sources, const struct file *file,
	const struct links *links, struct config *config, struct reading *reading)
{
	struct profile *profile = array_add(&config->profiles);
	const char *name = file->name + strlen("ifcfg-");
	const struct shvar *device;

	parse_file(&sources->network, &reading->vars);
	parse_file(file, &reading->vars);
	profile->file = file;
	read_label(&reading->vars, file, links, profile->device);
	device = shvar_find(&reading->vars, "DEVICE");
	if (strstr(name, "-range") && !(device && device->value && !strcmp(device->value, name)))
		snprintf(profile->device, sizeof(profile->device),
			"%.*s:", (int)parent_length(name), name);
	profile->alias = is_started_by_parent(profile) || strchr(profile->device, ':');
	profile->title = value_copy(&reading->vars, "NAME");
	profile->hwaddr = value_copy(&reading->vars, "HWADDR");
}

/* All files, those of NICs first: aliases lean on their parents. Pointers into the arrays are good
 * from then on. */
static void read_files(const struct sources *sources, const struct links *links,
	struct config *config, struct diags *diags, struct survey *survey,
	struct reading *readings)
{
	struct profiles *profiles = &config->profiles;
	struct reading *reading;
	struct profile *profile;
	size_t i;
	int alias;

	for (alias = 0; alias <= 1; alias++)
		for (i = 0; i < sources->ifcfg.n; i++)
			if (is_alias_file(&sources->ifcfg.items[i]) == alias)
				read_file(sources, &sources->ifcfg.items[i], links, config,
					&readings[profiles->n]);
	for (i = 0; i < profiles->n; i++) {
		reading = &readings[i];
		profile = &profiles->items[i];
		reading->from.reader.vars = &reading->vars;
		reading->from.reader.path = profile->file->path;
		reading->from.reader.diags = diags;
		reading->from.sources = sources;
		reading->from.file = profile->file;
		reading->from.profile = profile;
		reading->from.release = &config->release;
		reading->from.survey = survey;
		if (is_started_by_parent(profile)) {
			read_parent(config, profile->file->name, &reading->parent);
			reading->from.parent = &reading->parent;
		}
		profile_survey(&reading->from, &config->release);
	}
}

static size_t count_present(const struct survey *survey, const struct profile *profile)
{
	size_t i, n = 0;

	for (i = 0; i < profile->addresses.n; i++)
		n += profile_has_seen(survey, profile, &profile->addresses.items[i]);
	return n;
}

/* Are these two of a device profiles of one NIC? */
static bool is_rival(const struct profile *a, const struct profile *b)
{
	return a != b && !a->alias && !b->alias && !a->port && !b->port && a->real[0];
}

static bool share_address(const struct profile *a, const struct profile *b)
{
	size_t i, k;

	for (i = 0; i < a->addresses.n; i++)
		for (k = 0; k < b->addresses.n; k++)
			if (prefix_same_address(&a->addresses.items[i], &b->addresses.items[k]))
				return true;
	return false;
}

/* Is `other` in force rather than the profile? The one that an ifup is bringing up is; then the one
 * whose addresses the device has; then the one that is started at boot. */
static bool is_superseded(const struct sources *sources, const struct survey *survey,
	const struct profile *profile, const struct profile *other)
{
	size_t present = count_present(survey, profile), others = count_present(survey, other);

	if (sources->coming && profile_has_file_name(profile, sources->coming))
		return false;
	if (sources->coming && profile_has_file_name(other, sources->coming))
		return true;
	if (!present != !others)
		return others != 0;
	/* Of two that share an address, the one more of whose addresses are there, and fewer not.
	 */
	if (present && share_address(profile, other) &&
		2 * present + other->addresses.n != 2 * others + profile->addresses.n)
		return 2 * present + other->addresses.n < 2 * others + profile->addresses.n;
	if (present && !share_address(profile, other))
		return false;
	return !profile->onboot && other->onboot;
}

/* Several files may configure one device; initscripts have one in force, or some together. */
static void pass_over_profiles(
	const struct sources *sources, const struct survey *survey, struct config *config)
{
	struct profile *profile;
	const struct profile *other;
	struct index devices = {0};
	size_t n = 0, i, at;

	while (n < config->profiles.n && !is_alias_file(config->profiles.items[n].file))
		n++;
	index_fill(config->profiles.items, n, sizeof(*profile), profiles_by_device, &devices);
	for (i = 0; i < n; i++) {
		profile = &config->profiles.items[i];
		for (at = index_first(&devices, profile);
			!profile->passed_over && (other = index_at(&devices, at, profile)); at++)
			profile->passed_over = is_rival(profile, other) &&
				is_superseded(sources, survey, profile, other);
	}
	free(devices.items);
}

static void survey_addresses(
	const struct sources *sources, const struct profiles *profiles, struct survey *survey)
{
	const struct profile *profile;
	struct address *owned;
	size_t i, k;

	for (i = 0; i < profiles->n; i++) {
		profile = &profiles->items[i];
		for (k = 0; k < profile->addresses.n && !profile->passed_over && !profile->port;
			k++) {
			owned = array_add(&survey->owned);
			memcpy(owned->device, profile->real, sizeof(owned->device));
			owned->prefix = profile->addresses.items[k];
		}
	}
	for (i = 0; sources->seen && i < sources->seen->n; i++)
		*array_add(&survey->owned) = sources->seen->items[i];
	index_build(&survey->owned, addresses_in_order, &survey->owners);
}

static void read_profile(struct reading *reading, struct config *config, struct diags *diags)
{
	const struct file *file = reading->from.file;
	size_t first = config->uplinks.n, i;
	bool refused;

	if (!reading->from.profile->alias || !file_unsafe(reading->from.sources, file, diags))
		profile_read(&reading->from, config);
	/* What is no uplink is none of ours. */
	if (config->uplinks.n > first) {
		refused = file_unsafe(reading->from.sources, file, diags);
		refused |= !read_line_ends(&reading->from.reader);
		for (i = first; i < config->uplinks.n; i++)
			config->uplinks.items[i].refused |= refused;
	}
	read_notices(&reading->vars, reading->from.sources->network.path, diags);
	read_notices(&reading->vars, file->path, diags);
}

static void read_profiles(const struct sources *sources, const struct links *links,
	struct config *config, struct diags *diags)
{
	size_t n = sources->ifcfg.n, size = n * sizeof(struct reading), i;
	int alias;
	struct reading *readings = memset(mem_resize(NULL, size + 1), 0, size);
	struct survey survey = {.uplinks = {.compare = uplinks_by_device}};

	if (sources->seen)
		index_build(sources->seen, addresses_by_device, &survey.seen);
	index_build(&sources->managed, files_by_name, &survey.files);
	read_files(sources, links, config, diags, &survey, readings);
	pass_over_profiles(sources, &survey, config);
	survey_addresses(sources, &config->profiles, &survey);
	/* A file has two at most, one a family. They must stay where they are: they are indexed. */
	array_reserve(&config->uplinks, 2 * n);
	array_reserve(&config->waiting, n);
	for (alias = 0; alias <= 1; alias++)
		for (i = 0; i < config->profiles.n; i++)
			if (config->profiles.items[i].alias == alias)
				read_profile(&readings[i], config, diags);
	profile_set_fingerprints(config);
	for (i = 0; i < config->profiles.n; i++) {
		shvar_free(&readings[i].vars);
		shvar_free(&readings[i].parent);
	}
	free(readings);
	free(survey.seen.items);
	free(survey.files.items);
	free(survey.owned.items);
	free(survey.owners.items);
	free(survey.uplinks.items);
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
	const struct sources *sources, const struct links *links, struct config *config)
{
	struct shvars vars = {0};
	const struct shvar *device;
	size_t i;

	parse_file(&sources->network, &vars);
	device = shvar_find(&vars, "GATEWAYDEV");
	config->default_is_elsewhere = device && device->value && *device->value;
	for (i = 0; i < links->n && config->default_is_elsewhere; i++)
		config->default_is_elsewhere =
			links->items[i].tunnel || strcmp(links->items[i].name, device->value);
	shvar_free(&vars);
}

int config_build(const struct sources *sources, const struct links *links, struct config *config,
	struct diags *diags)
{
	int refused;
	size_t i;

	for (i = 0; i < sources->tables.n; i++)
		read_table_names(&sources->tables.items[i], &config->tables);
	byhand_static_routes(&sources->static_routes, &config->static_routes);
	byhand_inet6_bans(&sources->inet6_global, &config->static_routes);
	read_release(sources, &config->release);
	if (file_unsafe(sources, &sources->network, diags) ||
		file_unsafe(sources, &sources->defaults, diags))
		return -1;
	/* clean needs to know whose files are whose, whatever the defaults say. */
	refused = read_defaults(&sources->defaults, config, diags);
	read_profiles(sources, links, config, diags);
	read_gateway_device(sources, links, config);
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
	memset(config, 0, sizeof(*config));
}

typedef bool profile_match(const struct profile *profile, const char *argument);

static bool match_title(const struct profile *profile, const char *argument)
{
	const char *title = profile->title;

	/* get_config_by_name: NetworkManager's "Auto eth0" and "System eth0" are eth0's too. */
	if (!title)
		return false;
	return !strcasecmp(title, argument) ||
		(!strncasecmp(title, "Auto ", 5) && !strcasecmp(title + 5, argument)) ||
		(!strncasecmp(title, "System ", 7) && !strcasecmp(title + 7, argument));
}

static bool match_hwaddr(const struct profile *profile, const char *mac)
{
	return *mac && profile->hwaddr && !strcasecmp(profile->hwaddr, mac);
}

static bool match_device(const struct profile *profile, const char *argument)
{
	return !strcmp(profile->device, argument);
}

static const struct profile *find_by(
	const struct config *config, profile_match *match, const char *argument)
{
	size_t i;

	for (i = 0; i < config->profiles.n; i++)
		if (match(&config->profiles.items[i], argument))
			return &config->profiles.items[i];
	return NULL;
}

const struct profile *config_find_profile(
	const struct config *config, const struct links *links, const char *argument)
{
	const struct profile *found = find_by(config, profile_has_file_name, argument);
	device_name parent;
	size_t i, len;

	if (!found)
		found = find_by(config, match_title, argument);
	for (i = 0; !found && i < links->n; i++)
		if (!strcmp(links->items[i].name, argument))
			found = find_by(config, match_hwaddr, links->items[i].mac);
	if (!found)
		found = find_by(config, match_device, argument);
	len = parent_length(argument);
	if (!found && len && len < sizeof(parent) && argument[len]) {
		memcpy(parent, argument, len);
		parent[len] = '\0';
		found = config_find_profile(config, links, parent);
	}
	return found;
}
