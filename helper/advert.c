/* SPDX-License-Identifier: MIT
 * What routers advertise.
 *
 * Source: net/ipv6/{ndisc,addrconf,route}.c (rt6_add_dflt_router), 2.6.18 to 6.x.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "advert.h"
#include "block.h"

static bool has_network(const struct prefixes *addresses, const struct prefix *address)
{
	struct prefix net = prefix_network(address), other;
	size_t i;

	for (i = 0; i < addresses->n; i++) {
		other = prefix_network(&addresses->items[i]);
		if (!prefix_compare(&net, &other))
			return true;
	}
	return false;
}

static bool has_address(const struct prefixes *addresses, const struct prefix *address)
{
	size_t i;

	for (i = 0; i < addresses->n; i++)
		if (prefix_same_address(&addresses->items[i], address))
			return true;
	return false;
}

/* True if one of the addresses came from a router. */
static bool hear_addresses(struct uplink *uplink, const struct addresses *seen)
{
	const struct address *address;
	bool heard = false;
	size_t i;

	for (i = 0; i < seen->n; i++) {
		address = &seen->items[i];
		if (address->prefix.family != AF_INET6 || strcmp(address->device, uplink->device) ||
			prefix_is_link_local(&address->prefix))
			continue;
		heard |= address->dynamic;
		if (!has_address(&uplink->addresses, &address->prefix))
			*array_add(&uplink->addresses) = address->prefix;
	}
	return heard;
}

static bool is_advertised(const struct route *route, const char *device)
{
	/* Before 3.x the kernel calls these its own (rt6_fill_node). */
	return route->dst.family == AF_INET6 && !route->dst.len && route->table == TABLE_MAIN &&
		(route->protocol == PROTO_RA || route->protocol == PROTO_KERNEL) &&
		!route->special && route->gateway.family && !strcmp(route->device, device);
}

/* The router that the kernel prefers, of those that it may reach. */
static const struct route *find_router(const struct routes *routes, const char *device)
{
	const struct route *route, *best = NULL;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (is_advertised(route, device) &&
			(!best || route->metric < best->metric ||
				(route->metric == best->metric &&
					route->preference > best->preference)))
			best = route;
	}
	return best;
}

/* "2001:db8::/64 dev eth0 … table 100 …" or "default via fe80::1 dev eth0 … table 100 …" */
static void remember_line(struct uplink *uplink, char *line)
{
	struct prefix prefix;
	char *words[32];
	size_t n = strstr(line, " table ") ? line_words(line, words, 32) : 0;

	if (n < 3)
		return;
	if (!strcmp(words[0], "default") && !strcmp(words[1], "via")) {
		if (!uplink->gateway.family &&
			!prefix_parse_address(words[2], AF_INET6, &uplink->gateway))
			uplink->remembered = true;
	} else if (!strcmp(words[1], "dev") && !prefix_parse(words[0], AF_INET6, &prefix) &&
		prefix.len < 128 && !has_network(&uplink->addresses, &prefix)) {
		*array_add(&uplink->addresses) = prefix_network(&prefix);
		uplink->remembered = true;
	}
}

/* By rule6-DEVICE, or the one of the ifcfg file's own name. */
static bool is_by_hand(const struct uplink *uplink, const struct files *managed)
{
	const struct file *file;
	struct block block = {0};
	bool found = false;
	size_t i;

	for (i = 0; i < managed->n && !found; i++) {
		file = &managed->items[i];
		if (strncmp(file->name, "rule6-", 6) ||
			(strcmp(file->name + 6, uplink->device) &&
				strcmp(file->name + 6, uplink->file->name + strlen("ifcfg-"))))
			continue;
		block_parse(file->bytes, file->len, file->name + 6, &block);
		found = block_has_rule_by_hand(&block, &uplink->addresses);
		block_free(&block);
	}
	return found;
}

/* What the administrator's own rules cover by now is not remembered: the block goes, as they are
 * in its place, and a second look would no longer know of the uplink. */
static void remember(struct uplink *uplink, const struct files *managed)
{
	const struct uplink known = *uplink;
	char *name = mem_format("route6-%s", uplink->device), *line;
	struct block block = {0};
	const char *cursor;
	size_t i;

	for (i = 0; i < managed->n; i++)
		if (!strcmp(managed->items[i].name, name) &&
			!block_parse(managed->items[i].bytes, managed->items[i].len, uplink->device,
				&block))
			break;
	for (cursor = block.body.bytes; (line = line_next(&cursor)); free(line))
		remember_line(uplink, line);
	if (uplink->remembered && is_by_hand(uplink, managed)) {
		uplink->addresses.n = known.addresses.n;
		uplink->gateway = known.gateway;
		uplink->remembered = false;
	}
	block_free(&block);
	free(name);
}

static bool lies_outside(const struct uplink *uplink)
{
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		if (prefix_contains(&uplink->addresses.items[i], &uplink->gateway))
			return false;
	return !prefix_is_link_local(&uplink->gateway);
}

static void hear(struct uplink *uplink, const struct sources *sources, const struct kernel *kernel)
{
	bool heard = kernel && hear_addresses(uplink, &kernel->addresses);
	const struct route *router = kernel ? find_router(&kernel->routes, uplink->device) : NULL;

	if (router && !uplink->gateway.family)
		uplink->gateway = router->gateway;
	if (!heard && !router)
		remember(uplink, &sources->managed);
	uplink->gateway_outside = lies_outside(uplink);
}

/* False if there is nothing to serve by IPv6. */
static bool complete(
	struct uplink *uplink, const struct sources *sources, const struct kernel *kernel)
{
	const struct link *link = kernel ? kernel_find_link(kernel, uplink->device) : NULL;

	if (link && !link->inet6)
		return false;
	if (uplink->refused)
		return true;
	if (uplink->advertised)
		hear(uplink, sources, kernel);
	return uplink->addresses.n && uplink->gateway.family;
}

void config_hear(struct config *config, const struct sources *sources, const struct kernel *kernel)
{
	struct uplinks all = config->uplinks;
	const struct uplink *uplink;
	size_t i;

	for (i = 0; i < config->waiting.n; i++)
		*array_add(&all) = config->waiting.items[i];
	config->waiting.n = 0;
	config->uplinks.n = 0;
	for (i = 0; i < all.n; i++) {
		uplink = &all.items[i];
		if (!uplink->inet6 || complete(&all.items[i], sources, kernel))
			all.items[config->uplinks.n++] = *uplink;
		else
			free(uplink->addresses.items);
	}
	all.n = config->uplinks.n;
	config->uplinks = all;
}
