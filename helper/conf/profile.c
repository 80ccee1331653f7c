/* SPDX-License-Identifier: MIT
 * The ifcfg files, one by one: whose each is, and which of a device's are in force.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/line.h"
#include "conf/profile.h"

define_order(files_by_name, struct file, strcmp(x->name, y->name))
define_order(profiles_by_file, struct profile, files_by_name(x->file, y->file))
define_order(profiles_by_label, struct profile, strcmp(x->device, y->device))
define_order(profiles_by_device, struct profile, strcmp(x->real, y->real))
define_order(vars_by_key, struct shvar, strcmp(x->key, y->key))

bool value_is(const struct shvars *vars, const char *key, const char *value)
{
	const char *its = shvar_value(vars, key);

	return its && !strcmp(its, value);
}

void addresses_add(
	struct addresses *all, const char *device, const struct prefixes *more, int family)
{
	struct address *address;
	size_t i;

	for (i = 0; i < more->n; i++) {
		if (family != AF_UNSPEC && more->items[i].family != family)
			continue;
		address = array_add(all);
		device_copy(address->device, device);
		address->prefix = more->items[i];
	}
}

bool profile_has_file_name(const struct profile *profile, const char *argument)
{
	const char *name = strrchr(argument, '/');

	return !strcmp(file_ifcfg_name(profile->file), argument) ||
		!strcmp(profile->file->name, name ? name + 1 : argument);
}

size_t profile_count_seen(const struct survey *survey, const struct profile *profile)
{
	size_t i, n = 0;

	for (i = 0; i < profile->addresses.n; i++)
		n += addresses_have(&survey->seen, profile->real, &profile->addresses.items[i]);
	return n;
}

size_t profile_parent_length(const char *name)
{
	const char *range = strstr(name, "-range");

	return range ? (size_t)(range - name) : strcspn(name, ":");
}

/* Covers all keys that decide the uplink: its own file's, and those of `network` that reach it. */
static unsigned long long read_fingerprint(const struct profile_reader *from)
{
	static const char *const inherited[] = {
		"GATEWAY", "GATEWAYDEV", "IPV6_DEFAULTGW", "IPV6_DEFAULTDEV", NULL};
	const struct file *file = from->profile->file;
	unsigned long long hash = HASH_START;
	bool known = !from->vars.any.why;
	struct index sorted = {0};
	const struct shvar *var;
	size_t i;

	for (i = 0; i < from->vars.n; i++) {
		var = &from->vars.items[i];
		if ((var->file == file->path || word_index(var->key, inherited) >= 0) &&
			shvar_find(&from->vars, var->key) == var)
			*array_add(&sorted) = var;
	}
	index_sort(&sorted, vars_by_key);
	for (i = 0; i < sorted.n; i++) {
		var = sorted.items[i];
		known &= var->value != NULL;
		hash = hash_bytes(hash, var->key, strlen(var->key) + 1);
		if (var->value)
			hash = hash_bytes(hash, var->value, strlen(var->value) + 1);
	}
	/* Any edit may change a value that only a shell knows. */
	if (!known)
		hash = hash_bytes(hash, file->bytes, file->len);
	free(sorted.items);
	return hash;
}

/* DEVICE=, or the device that has HWADDR= (get_device_by_hwaddr), or the file's name. */
static void read_label(const struct profile_reader *from)
{
	const struct links *links = from->survey->links;
	const char *device = shvar_value(&from->vars, "DEVICE");
	const char *hwaddr = shvar_value(&from->vars, "HWADDR");
	struct profile *profile = from->profile;
	int len = device ? (int)strcspn(device, "\r") : -1;
	size_t i;

	for (i = 0; !device && hwaddr && i < links->n; i++)
		if (!strcasecmp(links->items[i].mac, hwaddr))
			device = links->items[i].name;
	if (!device)
		device = file_ifcfg_name(profile->file);
	snprintf(profile->device, sizeof(profile->device), "%.*s", len, device);
}

static char *value_copy(const struct shvars *vars, const char *key)
{
	const char *value = shvar_value(vars, key);

	return value ? mem_string(value) : NULL;
}

/* ifup-aliases reads the keys of the parent's file first, which may have a name of its own
 * (ifcfg-office with DEVICE=eth0). */
static void read_parent(struct profile_reader *from, const char *alias)
{
	static const struct shvars none;
	const struct survey *survey = from->survey;
	int len = (int)profile_parent_length(alias);
	struct file file = {.name = mem_format("ifcfg-%.*s", len, alias)};
	struct profile key = {.file = &file};
	const struct profile *parent = index_find(&survey->nics_by_file, &key);

	snprintf(key.device, sizeof(key.device), "%.*s", len, alias);
	if (!parent)
		parent = index_find(&survey->nics_by_label, &key);
	/* Readers stand in the order of their profiles. */
	from->reader.parent = parent ? &from[parent - from->profile].vars : &none;
	free(file.name);
}

static void read_addresses_quietly(struct profile_reader *from)
{
	struct profile *profile = from->profile;
	struct reader reader = from->reader;
	struct diags quiet = {0};
	struct lease lease;

	reader.diags = &quiet;
	if (!profile->leased)
		read_addresses(&reader, &profile->addresses);
	else if (lease_find(&from->survey->leases, profile->real, &lease))
		*array_add(&profile->addresses) = lease.address;
	from->readable = !quiet.n;
	if (!profile->alias && inet6_enabled(&reader))
		read_addresses6(&reader, &profile->addresses);
	diags_free(&quiet);
}

static void read_profile(
	struct survey *survey, const struct file *file, struct profile_reader *from)
{
	const struct file *network = &survey->sources->network;
	const char *name = file_ifcfg_name(file);
	struct profile *profile = array_add(&survey->config->profiles);
	const struct shvars *vars = &from->vars;
	bool ranged;

	shvar_parse(network->bytes, network->len, network->path, &from->vars);
	shvar_parse(file->bytes, file->len, file->path, &from->vars);
	from->survey = survey;
	from->profile = profile;
	from->reader.vars = vars;
	from->reader.release = &survey->config->release;
	from->reader.path = file->path;
	from->reader.diags = survey->diags;
	profile->file = file;
	read_label(from);
	/* A bridge may be called br-range0. */
	ranged = strstr(name, "-range") && !value_is(vars, "DEVICE", name);
	if (ranged)
		snprintf(profile->device, sizeof(profile->device),
			"%.*s:", (int)profile_parent_length(name), name);
	profile->alias = strchr(profile->device, ':') || strchr(name, ':');
	if (ranged || strchr(name, ':'))
		read_parent(from, name);
	device_of_label(profile->device, profile->real);
	profile->title = value_copy(vars, "NAME");
	profile->hwaddr = value_copy(vars, "HWADDR");
	profile->fingerprint = read_fingerprint(from);
	profile->port = ifcfg_is_port(vars);
	profile->onboot = !value_is(vars, "ONBOOT", "no") && !value_is(vars, "ONBOOT", "NO");
	profile->leased = value_is(vars, "BOOTPROTO", "dhcp") ||
		value_is(vars, "BOOTPROTO", "bootp") || value_is(vars, "BOOTP", "yes");
	read_addresses_quietly(from);
}

static bool share_address(const struct profile *a, const struct profile *b)
{
	size_t i;

	for (i = 0; i < a->addresses.n; i++)
		if (prefixes_have(&b->addresses, &a->addresses.items[i]))
			return true;
	return false;
}

/* Is `other` of the same device in force rather than the profile? The one that an ifup is bringing
 * up is; then the one whose addresses the device has; then the one that is started at boot. */
static bool is_superseded(
	const struct survey *survey, const struct profile *profile, const struct profile *other)
{
	const char *coming = survey->sources->coming;
	size_t seen, others;

	if (profile == other || profile->alias || other->alias || profile->port || other->port)
		return false;
	if (coming && profile_has_file_name(profile, coming))
		return false;
	if (coming && profile_has_file_name(other, coming))
		return true;
	seen = profile_count_seen(survey, profile);
	others = profile_count_seen(survey, other);
	if (!seen != !others)
		return others != 0;
	if (seen && !share_address(profile, other))
		return false;
	/* They share an address: the one with more of its addresses there, and fewer missing. */
	if (seen && 2 * seen + other->addresses.n != 2 * others + profile->addresses.n)
		return 2 * seen + other->addresses.n < 2 * others + profile->addresses.n;
	return !profile->onboot && other->onboot;
}

/* Several files may configure one device; initscripts have one in force, or some together. n: so
 * many profiles are of files that are no alias's. */
static void pass_over_profiles(const struct survey *survey, size_t n)
{
	struct profile *profiles = survey->config->profiles.items, *profile;
	const struct profile *other;
	struct index devices = {0};
	size_t at;

	index_fill(profiles, n, sizeof(*profiles), profiles_by_device, &devices);
	for (profile = profiles; profile < profiles + n; profile++)
		for (at = index_first(&devices, profile); profile->real[0] &&
			!profile->passed_over && (other = index_at(&devices, at, profile));
			at++)
			profile->passed_over = is_superseded(survey, profile, other);
	free(devices.items);
}

static void survey_addresses(struct survey *survey)
{
	const struct addresses *seen = survey->sources->seen;
	const struct profiles *profiles = &survey->config->profiles;
	const struct profile *profile;
	size_t i;

	for (i = 0; i < profiles->n; i++) {
		profile = &profiles->items[i];
		if (!profile->passed_over && !profile->port)
			addresses_add(
				&survey->owned, profile->real, &profile->addresses, AF_UNSPEC);
	}
	for (i = 0; seen && i < seen->n; i++)
		*array_add(&survey->owned) = seen->items[i];
	index_build(&survey->owned, addresses_in_order, &survey->owners);
}

static void read_files(struct survey *survey, bool alias, struct profile_reader *readers)
{
	const struct files *files = &survey->sources->ifcfg;
	const struct file *file;
	size_t i;

	for (i = 0; i < files->n; i++) {
		file = &files->items[i];
		if ((strchr(file->name, ':') || strstr(file->name, "-range")) == alias)
			read_profile(survey, file, &readers[survey->config->profiles.n]);
	}
}

struct profile_reader *profiles_read(struct survey *survey)
{
	const struct sources *sources = survey->sources;
	struct profiles *profiles = &survey->config->profiles;
	size_t n = sources->ifcfg.n, size = n * sizeof(struct profile_reader), nics, i;
	struct profile_reader *readers = memset(mem_resize(NULL, size), 0, size);

	if (sources->seen)
		index_build(sources->seen, addresses_by_device_first, &survey->seen);
	leases_read(&sources->leases, sources->now, sources->seen ? &survey->seen : NULL,
		&survey->leases);
	index_build(&sources->managed, files_by_name, &survey->files);
	for (i = 0; i < sources->sourced.n; i++)
		index_add(&survey->files, &sources->sourced.items[i]);
	/* Readers and indices point to the profiles. */
	array_reserve(profiles, n);
	read_files(survey, false, readers);
	nics = profiles->n;
	index_build(profiles, profiles_by_file, &survey->nics_by_file);
	index_build(profiles, profiles_by_label, &survey->nics_by_label);
	read_files(survey, true, readers);
	pass_over_profiles(survey, nics);
	survey_addresses(survey);
	return readers;
}

void profiles_free(struct profile_reader *readers, struct survey *survey)
{
	size_t i;

	for (i = 0; i < survey->config->profiles.n; i++)
		shvar_free(&readers[i].vars);
	free(readers);
	leases_free(&survey->leases);
	free(survey->seen.items);
	free(survey->files.items);
	free(survey->nics_by_file.items);
	free(survey->nics_by_label.items);
	free(survey->owned.items);
	free(survey->owners.items);
	free(survey->uplinks.items);
	free(survey->tables.items);
}
