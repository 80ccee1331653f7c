/* SPDX-License-Identifier: MIT
 * The host's configuration, put together from its files.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/line.h"
#include "conf/config.h"
#include "conf/profile.h"
#include "conf/shvar.h"

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
	unsigned first, last;
	char rest;

	if (!value)
		return;
	if (sscanf(value, "%u-%u%c", &first, &last, &rest) != 2 || !first || first > last) {
		reader_refuse(reader, "TABLE_RANGE",
			"TABLE_RANGE=%s is no range of tables; "
			"expected one like 100-199",
			value);
		return;
	}
	config->table_first = first;
	config->table_last = last;
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
	config->fallback_metric = read_number(&reader, "FALLBACK_METRIC", 1000, 0x7fffffff);
	config->rule_priority = read_number(&reader, "RULE_PRIORITY", 10000, 32764);
	if (!reader.refused && config->rule_priority < 10)
		reader_refuse(&reader, "RULE_PRIORITY",
			"RULE_PRIORITY=%u leaves no room before "
			"it; expected 10 to 32764",
			config->rule_priority);
	read_range(&reader, config);
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
		snprintf(label, 64, "%s", device->value);
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

/* Read by initscripts alone, so whatever is wrong in it is theirs to say. */
static void note_metric(const struct shvars *vars, struct config *config)
{
	const struct shvar *var = shvar_find(vars, "METRIC");
	unsigned long metric = var && var->value ? strtoul(var->value, NULL, 0) : 0;

	if (metric > config->highest_metric && metric <= 0x7fffffff)
		config->highest_metric = (unsigned)metric;
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
}

static bool is_alias(const char *name)
{
	return strchr(name, ':') != NULL || name_is_range(name);
}

/* "eth0" of "ifcfg-eth0:1" and "ifcfg-eth0-range0". */
static size_t parent_length(const char *name)
{
	const char *range = strstr(name, "-range");

	return range ? (size_t)(range - name) : strcspn(name, ":");
}

/* The parent's keys, as ifup-aliases reads them first: of its file, which may have a name of its
 * own (ifcfg-office with DEVICE=eth0). */
static void read_parent(const struct config *config, const char *alias, struct shvars *vars)
{
	size_t len = parent_length(alias), skip = strlen("ifcfg-"), i;
	const struct profile *profile, *found = NULL;

	for (i = 0; i < config->profiles.n; i++) {
		profile = &config->profiles.items[i];
		if (strlen(profile->file->name) == len && !memcmp(profile->file->name, alias, len))
			found = profile;
		if (!found && strlen(profile->device) == len - skip &&
			!memcmp(profile->device, alias + skip, len - skip))
			found = profile;
	}
	if (found)
		parse_file(found->file, vars);
}

static bool has_uplink(const struct config *config, const struct file *file)
{
	size_t i;

	for (i = 0; i < config->uplinks.n; i++)
		if (config->uplinks.items[i].file == file)
			return true;
	return false;
}

static void refuse_uplinks(struct config *config, const struct file *file)
{
	size_t i;

	for (i = 0; i < config->uplinks.n; i++)
		config->uplinks.items[i].refused |= config->uplinks.items[i].file == file;
}

static void read_file(const struct sources *sources, const struct file *file,
	const struct links *links, struct config *config, struct diags *diags)
{
	struct shvars vars = {0}, parent = {0};
	struct profile_reader from = {
		{&vars, file->path, diags, false}, sources, file, NULL, NULL, ""};
	struct profile *profile = array_add(&config->profiles);

	parse_file(&sources->network, &vars);
	parse_file(file, &vars);
	profile->file = file;
	if (name_is_range(file->name))
		snprintf(profile->device, sizeof(profile->device),
			"%.*s:", (int)(parent_length(file->name) - strlen("ifcfg-")),
			file->name + strlen("ifcfg-"));
	else
		read_label(&vars, file, links, profile->device);
	profile->title = value_copy(&vars, "NAME");
	profile->hwaddr = value_copy(&vars, "HWADDR");
	note_metric(&vars, config);
	if (is_alias(file->name)) {
		read_parent(config, file->name, &parent);
		from.parent = &parent;
	}
	from.profile = profile;
	if (device_of_label(profile->device, from.device))
		from.device[0] = '\0';
	if (!from.parent || !file_unsafe(sources, file, diags))
		profile_read(&from, config);
	/* What is no uplink is none of ours. */
	if (has_uplink(config, file) && file_unsafe(sources, file, diags))
		refuse_uplinks(config, file);
	shvar_free(&vars);
	shvar_free(&parent);
}

int config_build(const struct sources *sources, const struct links *links, struct config *config,
	struct diags *diags)
{
	const struct file *file;
	size_t i;
	int alias;

	for (i = 0; i < sources->tables.n; i++)
		read_table_names(&sources->tables.items[i], &config->tables);
	read_release(sources, &config->release);
	if (file_unsafe(sources, &sources->network, diags) ||
		file_unsafe(sources, &sources->defaults, diags))
		return -1;
	if (read_defaults(&sources->defaults, config, diags))
		return -1;
	/* Aliases last: they lean on their parents. */
	for (alias = 0; alias <= 1; alias++)
		for (i = 0; i < sources->ifcfg.n; i++) {
			file = &sources->ifcfg.items[i];
			if (is_alias(file->name) == alias)
				read_file(sources, file, links, config, diags);
		}
	return 0;
}

void config_free(struct config *config)
{
	size_t i;

	for (i = 0; i < config->uplinks.n; i++)
		free(config->uplinks.items[i].addresses.items);
	for (i = 0; i < config->waiting.n; i++)
		free(config->waiting.items[i].addresses.items);
	for (i = 0; i < config->tables.n; i++)
		free(config->tables.items[i].name);
	for (i = 0; i < config->profiles.n; i++) {
		free(config->profiles.items[i].title);
		free(config->profiles.items[i].hwaddr);
	}
	free(config->uplinks.items);
	free(config->waiting.items);
	free(config->addresses.items);
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
	size_t i;

	if (!found)
		found = find_by(config, match_title, argument);
	for (i = 0; !found && i < links->n; i++)
		if (!strcmp(links->items[i].name, argument))
			found = find_by(config, match_hwaddr, links->items[i].mac);
	if (!found)
		found = find_by(config, match_device, argument);
	if (!found && is_alias(argument) && !device_of_label(argument, parent))
		found = config_find_profile(config, links, parent);
	return found;
}

