/* SPDX-License-Identifier: MIT
 * One ifcfg file's keys, with initscripts' meaning.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/line.h"
#include "conf/ifcfg.h"

int reader_line(const struct reader *reader, const char *key)
{
	const struct shvar *var = shvar_find(reader->vars, key);

	return var ? var->line : 1;
}

void reader_refuse(struct reader *reader, const char *key, const char *format, ...)
{
	const struct shvar *var = shvar_find(reader->vars, key);
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	diag_refuse(reader->diags, var ? var->file : reader->path, var ? var->line : 1, "%s", what);
	reader->refused = true;
}

/* Cuts the blanks around a value off, and what does not fit. NULL: nothing is left. */
static const char *value_trimmed(const char *value, char text[256])
{
	static const char blanks[] = " \t\n\r";
	size_t len;

	value += strspn(value, blanks);
	len = strlen(value);
	while (len && strchr(blanks, value[len - 1]))
		len--;
	if (len > 255)
		len = 255;
	memcpy(text, value, len);
	text[len] = '\0';
	return *text ? text : NULL;
}

static bool ends_in_cr(const struct shvar *var)
{
	return var->value && *var->value && var->value[strlen(var->value) - 1] == '\r';
}

/* The text is the same for all keys of a file, so it is said once. */
static void refuse_line_ends(struct reader *reader, const char *path)
{
	diag_refuse(reader->diags, path, 1,
		"lines end in CR LF, which initscripts do not read; run: sed -i 's/\\r$//' %s",
		path);
	reader->refused = true;
}

static bool has_line_ends(const struct shvars *vars, const char *path)
{
	size_t i;

	for (i = 0; i < vars->n; i++)
		if (vars->items[i].file == path && ends_in_cr(&vars->items[i]))
			return true;
	return false;
}

bool read_line_ends(struct reader *reader)
{
	if (!has_line_ends(reader->vars, reader->path))
		return true;
	refuse_line_ends(reader, reader->path);
	return false;
}

void read_notices(const struct shvars *vars, const char *path, struct diags *diags)
{
	if (vars->error.why && vars->error.file == path)
		diag_notice(diags, path, vars->error.line,
			"%s; a shell reads nothing from this line on", vars->error.why);
	if (has_line_ends(vars, path))
		diag_notice(diags, path, 1,
			"lines end in CR LF, which initscripts do not read; "
			"run: sed -i 's/\\r$//' %s",
			path);
}

const char *read_value(struct reader *reader, const char *key, char text[256])
{
	const struct shvar *var = shvar_find(reader->vars, key);

	if (!var)
		return NULL;
	if (!var->value && var->unread)
		reader_refuse(reader, key, "%s; a shell reads nothing from this line on", var->why);
	else if (!var->value && var->unfollowed)
		reader_refuse(reader, key,
			"only a shell knows what this line assigns; expected KEY=value");
	else if (!var->value)
		reader_refuse(
			reader, key, "%s: expected a plain value instead of %s", key, var->why);
	if (!var->value)
		return NULL;
	if (ends_in_cr(var))
		refuse_line_ends(reader, var->file);
	return value_trimmed(var->value, text);
}

bool switch_is_true(const char *value)
{
	/* is_true of /etc/init.d/functions (EL7); EL5 and EL6 look at the first letter. */
	return strchr("yYtT1", value[0]) || !strcasecmp(value, "on");
}

bool switch_is_false(const char *value)
{
	return strchr("nNfF0", value[0]) || !strcasecmp(value, "off");
}

bool read_switch(struct reader *reader, const char *key, bool unset)
{
	char text[256];
	const char *value = read_value(reader, key, text);

	if (!value)
		return unset;
	if (!switch_is_true(value) && !switch_is_false(value))
		reader_refuse(reader, key, "%s=%s: expected yes or no", key, value);
	return switch_is_true(value);
}

unsigned read_number(
	struct reader *reader, const char *key, unsigned unset, unsigned min, unsigned max)
{
	unsigned number = unset;
	char text[256];
	const char *value = read_value(reader, key, text);

	if (value && (!word_number(value, 10, max, &number) || number < min))
		reader_refuse(reader, key, "%s=%s: expected %u to %u", key, value, min, max);
	return number;
}

enum rp_filter read_rp_filter(struct reader *reader, enum rp_filter unset)
{
	static const char *const words[] = {"auto", "strict", "loose", "off", "keep"};
	char text[256];
	const char *value = read_value(reader, "RP_FILTER", text);
	size_t i;

	if (!value)
		return unset;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(words[i], value))
			return (enum rp_filter)i;
	reader_refuse(reader, "RP_FILTER",
		"RP_FILTER=%s: expected auto, strict, loose, off or keep", value);
	return unset;
}

int read_arp(struct reader *reader, const char *key, unsigned max)
{
	char text[256];
	const char *value = read_value(reader, key, text);
	unsigned number = 0;

	if (!value || !strcasecmp(value, "auto"))
		return ARP_AUTO;
	if (!word_number(value, 10, max, &number))
		reader_refuse(reader, key, "%s=%s: expected 0 to %u, or auto", key, value, max);
	return (int)number;
}

/* What answers in the uplink's own network says nothing of the way beyond its gateway. */
static bool is_behind_gateway(const struct uplink *uplink, const struct prefix *remote)
{
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		if (prefix_contains(&uplink->addresses.items[i], remote))
			return false;
	return true;
}

static void add_remote(struct reader *reader, const char *word, struct uplink *uplink)
{
	const int family = uplink->inet6 ? AF_INET6 : AF_INET;
	struct prefix remote;
	size_t n = 0;

	while (n < TRACK_REMOTES_MAX && uplink->remotes[n].family)
		n++;
	if ((prefix_parse_address(word, AF_INET, &remote) &&
		    prefix_parse_address(word, AF_INET6, &remote)) ||
		!prefix_is_unicast(&remote) || prefix_is_link_local(&remote))
		reader_refuse(reader, "TRACK_IP",
			"TRACK_IP: '%s': expected addresses with blanks between, like 192.0.2.1",
			word);
	else if (remote.family == family && !is_behind_gateway(uplink, &remote))
		reader_refuse(reader, "TRACK_IP",
			"TRACK_IP: %s is in the uplink's own network; expected one behind its "
			"gateway",
			word);
	else if (remote.family == family && n == TRACK_REMOTES_MAX)
		reader_refuse(reader, "TRACK_IP", "TRACK_IP: expected no more than %d addresses",
			TRACK_REMOTES_MAX);
	else if (remote.family == family)
		uplink->remotes[n] = remote;
}

void read_track(struct reader *reader, struct uplink *uplink)
{
	char text[256], *words[128];
	const char *value = read_value(reader, "TRACK", text);
	size_t n, i;

	if (value && !strcasecmp(value, "no"))
		uplink->track = TRACK_NO;
	else if (value && strcasecmp(value, "gateway"))
		reader_refuse(reader, "TRACK", "TRACK=%s: expected gateway or no", value);
	if (!read_value(reader, "TRACK_IP", text))
		return;
	n = line_words(text, words, sizeof(words) / sizeof(*words));
	for (i = 0; i < n && !reader->refused; i++)
		add_remote(reader, words[i], uplink);
	if (uplink->track != TRACK_NO && uplink->remotes[0].family)
		uplink->track = TRACK_REMOTES;
}

unsigned read_table(struct reader *reader, const struct table_names *names)
{
	unsigned table = 0;
	char text[256];
	const char *value = read_value(reader, "TABLE", text);
	size_t i;

	if (!value)
		return 0;
	if (!word_number(value, 10, 0xffffffff, &table)) {
		for (i = 0; i < names->n && strcmp(names->items[i].name, value); i++)
			;
		if (i == names->n) {
			reader_refuse(reader, "TABLE",
				"TABLE=%s: expected a number, or a name of /etc/iproute2/rt_tables",
				value);
			return 0;
		}
		table = names->items[i].number;
	}
	/* 253 to 255 are default, main, local; the old 8-bit field of a message reads a multiple of
	 * 256 as 0, no table at all. */
	if (table % 256 == 0 || (table >= 253 && table <= 255)) {
		reader_refuse(reader, "TABLE",
			"TABLE=%s: expected a table of this uplink alone, "
			"not 253 to 255 nor a multiple of 256, which are the kernel's",
			value);
		return 0;
	}
	return table;
}

/* A value of the file, or else of its parent's. */
static const char *value_or_parent(struct reader *reader, const char *key, char text[256])
{
	const char *value = read_value(reader, key, text);

	if (!value && reader->parent)
		value = shvar_value(reader->parent, key);
	return value && value != text ? value_trimmed(value, text) : value;
}

/* PREFIX12, say. Not by snprintf(3), which is a tenth of the time that a file of many addresses
 * takes. */
static void set_key(char key[32], const char *name, const char *index)
{
	strcpy(key, name);
	strcat(key, index);
}

/* PREFIXn before NETMASKn, as expand_config. Both may be a length or a mask to ip. Without them
 * ipcalc takes the address's class, but for EL8's, which takes the address alone. */
static int read_length(struct reader *reader, const char *index, const struct prefix *address)
{
	char key[32], text[256];
	const char *value;
	unsigned number;
	int len;

	set_key(key, "PREFIX", index);
	value = value_or_parent(reader, key, text);
	if (value) {
		len = word_number(value, 10, 32, &number) ? (int)number
							  : prefix_parse_netmask(value);
		if (len >= 1)
			return len;
		reader_refuse(reader, key, "%s=%s: expected a prefix length, 1 to 32", key, value);
		return 32;
	}
	set_key(key, "NETMASK", index);
	value = value_or_parent(reader, key, text);
	if (!value)
		return reader->release->host_by_default ? 32 : prefix_class_length(address);
	len = prefix_parse_netmask(value);
	if (len >= 1)
		return len;
	reader_refuse(reader, key, "%s=%s: expected a netmask like 255.255.255.0", key, value);
	return 32;
}

static struct prefix parse_address(struct reader *reader, const char *key, const char *value)
{
	static const struct prefix none;
	struct prefix address;

	if (!prefix_parse_address(value, AF_INET, &address) && prefix_is_unicast(&address))
		return address;
	reader_refuse(reader, key, "%s=%s: expected an IPv4 address like 192.168.2.99", key, value);
	return none;
}

static bool read_address(struct reader *reader, const char *index, struct prefixes *out)
{
	char key[32], text[256];
	const char *value;
	struct prefix address;

	set_key(key, "IPADDR", index);
	value = read_value(reader, key, text);
	if (!value)
		return false;
	address = parse_address(reader, key, value);
	if (!address.family)
		return true;
	address.len = (unsigned char)read_length(reader, index, &address);
	*array_add(out) = address;
	return true;
}

static void read_address_range(struct reader *reader, struct prefixes *out)
{
	char first[256], last[256];
	struct prefix address, end;

	if (!read_value(reader, "IPADDR_START", first) || !read_value(reader, "IPADDR_END", last))
		return;
	address = parse_address(reader, "IPADDR_START", first);
	end = parse_address(reader, "IPADDR_END", last);
	if (!address.family || !end.family)
		return;
	/* ifup-aliases counts the last of the four numbers. */
	if (memcmp(address.bytes, end.bytes, 3) || address.bytes[3] > end.bytes[3]) {
		reader_refuse(reader, "IPADDR_END",
			"IPADDR_END=%s: expected an address that differs from %s in its last "
			"number only, which is no smaller",
			last, first);
		return;
	}
	address.len = (unsigned char)read_length(reader, "", &address);
	for (;; address.bytes[3]++) {
		*array_add(out) = address;
		if (address.bytes[3] == end.bytes[3])
			return;
	}
}

void read_addresses(struct reader *reader, struct prefixes *out)
{
	const struct shvars *parent = reader->parent;
	bool found, any;
	char index[12];
	int i;

	if (shvar_value(reader->vars, "IPADDR_START")) {
		read_address_range(reader, out);
		return;
	}
	found = any = read_address(reader, "", out);
	reader->parent = NULL;
	/* expand_config goes on over early gaps only; ifup-eth asks it only if IPADDR or one of
	 * IPADDR0 to IPADDR2 is there. */
	for (i = 0; reader->release->numbered && i <= 255 && (i <= 2 || any); i++) {
		snprintf(index, sizeof(index), "%d", i);
		found = read_address(reader, index, out);
		if (!found && i >= (reader->release->third_alone ? 3 : 2))
			break;
		any |= found;
	}
	reader->parent = parent;
}

struct prefix read_gateway(struct reader *reader)
{
	static const struct prefix none;
	struct prefix gateway;
	char text[256];
	const char *value = read_value(reader, "GATEWAY", text);

	/* add_default_route knows "none"; 0.0.0.0 lies in no network, so ifup-eth skips it. */
	if (!value || !strcmp(value, "none") || !strcmp(value, "0.0.0.0"))
		return none;
	if (prefix_parse_address(value, AF_INET, &gateway) || !prefix_is_unicast(&gateway)) {
		reader_refuse(reader, "GATEWAY",
			"GATEWAY=%s: expected a router's IPv4 address like 192.168.2.1", value);
		return none;
	}
	return gateway;
}

bool ifcfg_is_port(const struct shvars *vars)
{
	const char *slave = shvar_value(vars, "SLAVE");

	return (slave && !strcmp(slave, "yes") && shvar_value(vars, "MASTER")) ||
		shvar_value(vars, "BRIDGE") || shvar_value(vars, "TEAM_MASTER");
}
