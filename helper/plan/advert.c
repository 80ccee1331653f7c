/* SPDX-License-Identifier: MIT
 * What routers advertise.
 *
 * Source: net/ipv6/{ndisc,addrconf,route}.c (rt6_add_dflt_router), 2.6.18 to 6.x.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/line.h"
#include "plan/advert.h"
#include "plan/block.h"
#include "plan/plan.h"

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

/* True if one of the addresses came from a router. */
static bool learn_addresses(struct uplink *uplink, const struct addresses *seen)
{
	const struct prefix *prefix;
	bool advertised = false;
	size_t i;

	for (i = 0; i < seen->n; i++) {
		prefix = &seen->items[i].prefix;
		if (prefix->family != AF_INET6 || strcmp(seen->items[i].device, uplink->device) ||
			prefix_is_link_local(prefix))
			continue;
		advertised |= seen->items[i].dynamic;
		/* By hand it may have all for its network: then it stands for itself. */
		if (!prefixes_have(&uplink->addresses, prefix))
			*array_add(&uplink->addresses) =
				prefix->len ? *prefix : prefix_host(prefix);
	}
	return advertised;
}

static bool is_advertised(const struct route *route, const char *device)
{
	/* Before 3.x the kernel calls these its own (rt6_fill_node). */
	return route->dst.family == AF_INET6 && !route->dst.len && route->table == TABLE_MAIN &&
		(route->protocol == PROTO_RA || route->protocol == PROTO_KERNEL) &&
		route->type == ROUTE_UNICAST && !route->special && route->gateway.family &&
		!strcmp(route->device, device);
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
			uplink->remembered = uplink->remembered_gateway = true;
	} else if (!strcmp(words[1], "dev") && !prefix_parse(words[0], AF_INET6, &prefix) &&
		prefix.len < 128 && !has_network(&uplink->addresses, &prefix)) {
		*array_add(&uplink->addresses) = prefix_network(&prefix);
		uplink->remembered_addresses++;
		uplink->remembered = true;
	}
}

/* A broken block, which stays as it is, is read as far as it goes. */
static void remember(struct uplink *uplink, const char *bytes, size_t len)
{
	struct block block = {0};
	size_t at = 0;
	char *line;

	block_parse(bytes, len, uplink->device, false, &block);
	for (; (line = text_line(&block.body, &at)); free(line))
		remember_line(uplink, line);
	block_free(&block);
}

static bool is_route6(const char *name, const struct uplink *uplink)
{
	return !strncmp(name, "route6-", 7) && !strcmp(name + 7, uplink->device);
}

static bool lies_outside(const struct uplink *uplink)
{
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		if (prefix_contains(&uplink->addresses.items[i], &uplink->gateway))
			return false;
	return !prefix_is_link_local(&uplink->gateway);
}

static void learn(struct uplink *uplink, const struct sources *sources, const struct kernel *kernel)
{
	bool advertised = kernel && learn_addresses(uplink, &kernel->addresses);
	const struct route *router = kernel ? find_router(&kernel->routes, uplink->device) : NULL;
	const struct files *managed = &sources->managed;
	size_t i;

	if (router && !uplink->gateway.family)
		uplink->gateway = router->gateway;
	for (i = 0; !advertised && !router && i < managed->n; i++)
		if (is_route6(managed->items[i].name, uplink))
			remember(uplink, managed->items[i].bytes, managed->items[i].len);
	uplink->gateway_outside = lies_outside(uplink);
}

/* False if there is nothing to serve by IPv6. */
static bool complete(
	struct uplink *uplink, const struct sources *sources, const struct kernel *kernel)
{
	const struct link *link = kernel_find_link(kernel, uplink->device);

	if (link && !link->inet6)
		return false;
	if (uplink->refused)
		return true;
	if (uplink->advertised)
		learn(uplink, sources, kernel);
	return uplink->addresses.n && uplink->gateway.family;
}

void advert_learn(
	struct config *config, const struct sources *sources, const struct kernel *kernel)
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

/* Will the block of route6-DEVICE have what was remembered? */
static bool is_kept(const struct uplink *uplink, const struct changes *changes)
{
	struct uplink again = {.inet6 = true};
	bool kept = true;
	size_t i, n = uplink->addresses.n;

	for (i = 0; i < changes->n && !is_route6(changes->items[i].name, uplink); i++)
		;
	if (i == changes->n)
		return true;
	memcpy(again.device, uplink->device, sizeof(again.device));
	remember(&again, changes->items[i].bytes, changes->items[i].len);
	if (uplink->remembered_gateway)
		kept = prefix_same_address(&again.gateway, &uplink->gateway);
	for (i = n - uplink->remembered_addresses; kept && i < n; i++)
		kept = has_network(&again.addresses, &uplink->addresses.items[i]);
	free(again.addresses.items);
	return kept;
}

static void forget(struct uplink *uplink)
{
	uplink->addresses.n -= uplink->remembered_addresses;
	if (uplink->remembered_gateway)
		memset(&uplink->gateway, 0, sizeof(uplink->gateway));
	uplink->remembered_addresses = 0;
	uplink->remembered = uplink->remembered_gateway = false;
	uplink->gateway_outside = lies_outside(uplink);
}

bool advert_forget(struct config *config, const struct changes *changes)
{
	struct uplinks *uplinks = &config->uplinks;
	struct uplink *uplink;
	size_t i, n = 0;
	bool forgot = false;

	for (i = 0; i < uplinks->n; i++) {
		uplink = &uplinks->items[i];
		if (uplink->remembered && !is_kept(uplink, changes)) {
			forget(uplink);
			forgot = true;
			if (!uplink->addresses.n || !uplink->gateway.family) {
				free(uplink->addresses.items);
				continue;
			}
		}
		uplinks->items[n++] = *uplink;
	}
	uplinks->n = n;
	return forgot;
}
