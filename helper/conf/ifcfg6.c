/* SPDX-License-Identifier: MIT
 * One ifcfg file's IPv6 keys, with the meaning that they have to initscripts.
 *
 * Source: ifup-ipv6 and network-functions-ipv6 (ipv6_add_addr_on_device,
 * ipv6_set_default_route), EL5 to EL8.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/ifcfg.h"

static bool switch_is(const struct shvars *vars, const char *key, bool unset)
{
	const char *value = shvar_value(vars, key);

	return value ? switch_is_true(value) : unset;
}

bool inet6_enabled(const struct reader *reader)
{
	const struct release *release = reader->release;

	return switch_is(reader->vars, "IPV6INIT", release->inet6_by_default) &&
		(!release->inet6_by_network || switch_is(reader->vars, "NETWORKING_IPV6", false));
}

bool inet6_is_advertised(const struct shvars *vars)
{
	if (switch_is(vars, "IPV6FORWARDING", false))
		return switch_is(vars, "IPV6_AUTOCONF", false);
	return switch_is(vars, "IPV6_AUTOCONF", true) ||
		switch_is(vars, "IPV6_FORCE_ACCEPT_RA", false);
}

static void add_address6(
	struct reader *reader, const char *key, const char *text, struct prefixes *out)
{
	struct prefix address;

	if (prefix_parse(text, AF_INET6, &address) || !address.len ||
		!prefix_is_unicast(&address)) {
		reader_refuse(reader, key, "%s=%s: expected an IPv6 address like 2001:db8::99/64",
			key, text);
		return;
	}
	if (!strchr(text, '/'))
		address.len = 64;
	/* Requests to a link-local address come from the link itself. */
	if (!prefix_is_link_local(&address))
		*array_add(out) = address;
}

void read_addresses6(struct reader *reader, struct prefixes *out)
{
	static const char *const keys[] = {"IPV6ADDR", "IPV6ADDR_SECONDARIES"};
	const struct shvar *var;
	char *list, *word, *rest = NULL;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		/* Any number of words: longer than text, maybe. */
		var = read_value(reader, keys[i], text) ? shvar_find(reader->vars, keys[i]) : NULL;
		list = var ? mem_string(var->value) : NULL;
		for (word = list ? strtok_r(list, " \t\n", &rest) : NULL; word;
			word = strtok_r(NULL, " \t\n", &rest))
			add_address6(reader, keys[i], word, out);
		free(list);
	}
}

struct prefix read_gateway6(struct reader *reader, const char *device, bool *named)
{
	static const struct prefix none;
	struct prefix gateway;
	char text[256], name[256];
	const char *value = read_value(reader, "IPV6_DEFAULTGW", text);
	const char *its = read_value(reader, "IPV6_DEFAULTDEV", name);
	char *scope;

	if (!value || !strcmp(value, "::"))
		return none;
	scope = strchr(text, '%');
	if (scope) {
		*scope++ = '\0';
		its = *scope ? scope : its;
	}
	*named = its != NULL;
	if (its && strcmp(its, device))
		return none;
	if (prefix_parse_address(text, AF_INET6, &gateway) || !prefix_is_unicast(&gateway)) {
		reader_refuse(reader, "IPV6_DEFAULTGW",
			"IPV6_DEFAULTGW=%s: expected a router's IPv6 address "
			"like 2001:db8::1 or fe80::1%%eth0",
			text);
		return none;
	}
	if (!its && prefix_is_link_local(&gateway)) {
		reader_refuse(reader, "IPV6_DEFAULTGW",
			"IPV6_DEFAULTGW=%s: expected a device behind a link-local address, "
			"like fe80::1%%eth0",
			text);
		return none;
	}
	return gateway;
}
