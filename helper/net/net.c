/* SPDX-License-Identifier: MIT
 * What the kernel holds: finding in it.
 */
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

void kernel_free(struct kernel *kernel)
{
	free(kernel->links.items);
	free(kernel->links.by_name.items);
	free(kernel->links.by_number.items);
	free(kernel->addresses.items);
	routes_free(&kernel->routes);
	free(kernel->others.items);
	rules_free(&kernel->rules);
	free(kernel->neighbours.items);
	memset(kernel, 0, sizeof(*kernel));
}

bool kernel_has_key(const struct kernel *kernel, const struct route *route)
{
	struct route other = {.table = 0};
	size_t i;

	if (routes_have_key(&kernel->routes, route))
		return true;
	for (i = 0; i < kernel->others.n; i++) {
		route_set_key(&other, &kernel->others.items[i]);
		if (!route_compare_key(&other, route))
			return true;
	}
	return false;
}

static int links_by_name(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int links_by_number(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

void links_index(struct links *links)
{
	free(links->by_name.items);
	free(links->by_number.items);
	index_build(links, links_by_name, &links->by_name);
	index_build(links, links_by_number, &links->by_number);
}

const struct link *links_find(const struct links *links, int number)
{
	const struct link key = {.index = number};

	return index_find(&links->by_number, &key);
}

const struct link *kernel_find_link(const struct kernel *kernel, const char *name)
{
	const struct links none = {.n = 0}, *links = kernel ? &kernel->links : &none;
	struct link key = {.index = 0};
	size_t i;

	if (links->by_name.n) {
		memcpy(key.name, name, strlen(name) + 1);
		return index_find(&links->by_name, &key);
	}
	for (i = 0; i < links->n; i++)
		if (!strcmp(links->items[i].name, name))
			return &links->items[i];
	return NULL;
}

const struct neighbour *kernel_find_neighbour(
	const struct kernel *kernel, const char *device, const struct prefix *address)
{
	const struct neighbours *neighbours = &kernel->neighbours;
	size_t i;

	for (i = 0; i < neighbours->n; i++)
		if (!strcmp(neighbours->items[i].device, device) &&
			prefix_same_address(&neighbours->items[i].address, address))
			return &neighbours->items[i];
	return NULL;
}

struct prefix kernel_default_gateway(
	const struct kernel *kernel, int family, const char *device, const struct prefix *net)
{
	const struct prefix none = {0};
	const struct route *route;
	struct hop hop;
	size_t i, k;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		for (k = 0; route->dst.len <= 1 && route->dst.family == family &&
			k < route_hop_count(route);
			k++) {
			hop = route_hop(route, k);
			if (hop.gateway.family && (!device || !strcmp(hop.device, device)) &&
				(!net || prefix_contains(net, &hop.gateway)))
				return hop.gateway;
		}
	}
	return none;
}

int addresses_by_device_first(const void *a, const void *b)
{
	const struct address *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : prefix_compare_address(&x->prefix, &y->prefix);
}

bool addresses_have(const struct index *seen, const char *device, const struct prefix *address)
{
	struct address key = {.prefix = *address};

	memcpy(key.device, device, strlen(device) + 1);
	return index_find(seen, &key) != NULL;
}
