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

define_order(links_by_name, struct link, strcmp(x->name, y->name))
define_order(links_by_number, struct link, (x->index > y->index) - (x->index < y->index))

void links_index(struct links *links)
{
	const struct link *master, *lower;
	size_t i;

	free(links->by_name.items);
	free(links->by_number.items);
	index_build(links, links_by_name, &links->by_name);
	index_build(links, links_by_number, &links->by_number);
	for (i = 0; i < links->n; i++) {
		master = links_find(links, links->items[i].master);
		links->items[i].vrf |= links->items[i].master && master && master->vrf;
		/* 2.6.32's macvlan keeps a carrier that its device has not. */
		lower = links_find(links, links->items[i].lower);
		links->items[i].running &= !links->items[i].lower || !lower || lower->up;
	}
}

const struct link *links_find(const struct links *links, int number)
{
	const struct link key = {.index = number};

	return index_find(&links->by_number, &key);
}

const struct link *links_find_name(const struct links *links, const char *name)
{
	struct link key = {.index = 0};
	size_t i;

	if (strlen(name) >= sizeof(key.name))
		return NULL;
	if (links->by_name.n) {
		device_copy(key.name, name);
		return index_find(&links->by_name, &key);
	}
	for (i = 0; i < links->n; i++)
		if (!strcmp(links->items[i].name, name))
			return &links->items[i];
	return NULL;
}

const struct link *kernel_find_link(const struct kernel *kernel, const char *name)
{
	return kernel ? links_find_name(&kernel->links, name) : NULL;
}

int addresses_in_order(const void *a, const void *b)
{
	const struct address *x = a, *y = b;

	return prefix_compare_address(&x->prefix, &y->prefix);
}

int addresses_by_device_first(const void *a, const void *b)
{
	const struct address *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : addresses_in_order(a, b);
}

bool addresses_have(const struct index *seen, const char *device, const struct prefix *address)
{
	struct address key = {.prefix = *address};

	device_copy(key.device, device);
	return index_find(seen, &key) != NULL;
}

bool addresses_include(const struct addresses *addresses, const struct prefix *address)
{
	size_t i;

	for (i = 0; i < addresses->n; i++)
		if (prefix_same_address(&addresses->items[i].prefix, address))
			return true;
	return false;
}
