/* SPDX-License-Identifier: MIT
 * What is known of the host, arranged so that it is found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/ifcfg.h"
#include "judge/facts.h"
#include "plan/block.h"

define_order(planned_by_uplink, struct planned, (x->uplink > y->uplink) - (x->uplink < y->uplink))
define_order(planned_by_table, struct planned, compare_numbers(x->table, y->table))
define_order(names_by_table, struct table_name, compare_numbers(x->number, y->number))
define_order_by_two(uplinks_by_device, struct uplink, x->inet6 - y->inet6,
	strcmp(x->device, y->device))
define_order_by_two(members_in_order, struct member, (x->link > y->link) - (x->link < y->link),
	prefix_compare(&x->net, &y->net))
define_order(members_by_net, struct member, prefix_compare(&x->net, &y->net))

define_order_by_two(claims_in_order, struct claim, strcmp(x->device, y->device),
	prefix_compare_address(&x->address, &y->address))
define_order_by_two(claims_by_device_and_net, struct claim, strcmp(x->device, y->device),
	prefix_compare(&x->net, &y->net))
define_order_by_two(hops_in_order, struct default_hop, x->family - y->family,
	strcmp(x->device, y->device))
define_order(hops_by_router, struct default_hop, prefix_compare_address(&x->gateway, &y->gateway))

static void find_claims(struct facts *facts)
{
	const struct uplinks *uplinks = &facts->config->uplinks;
	const struct uplink *uplink;
	struct claim *claim;
	size_t i, k;

	for (i = 0; i < uplinks->n; i++) {
		uplink = &uplinks->items[i];
		for (k = 0; k < uplink->addresses.n; k++) {
			claim = array_add(&facts->claims);
			memcpy(claim->device, uplink->device, sizeof(claim->device));
			claim->address = uplink->addresses.items[k];
			claim->net = prefix_network(&claim->address);
			claim->uplink = uplink;
			facts->claimed_lengths[claim->net.len] = true;
		}
	}
	index_build(&facts->claims, claims_in_order, &facts->claims_by_address);
	index_build(&facts->claims, claims_by_device_and_net, &facts->claims_by_net);
}

static void add_default_hops(struct facts *facts, const struct route *route)
{
	struct address own = {.prefix = {0}};
	struct default_hop *added;
	struct hop hop;
	size_t i;

	for (i = 0; i < route_hop_count(route); i++) {
		hop = route_hop(route, i);
		own.prefix = hop.gateway;
		if (index_find(&facts->addresses, &own))
			continue;
		added = array_add(&facts->default_hops);
		memcpy(added->device, hop.device, sizeof(added->device));
		added->gateway = hop.gateway;
		added->family = route->dst.family;
	}
}

static void find_default_hops(struct facts *facts)
{
	const struct routes *routes = &facts->kernel->routes;
	const struct route *route;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		/* Those of tables that no rule leads to, a VRF's, do not count. */
		if (!route->dst.len && route->type == ROUTE_UNICAST &&
			walks_lead_to(&facts->walks, route->table, route->dst.family))
			add_default_hops(facts, route);
	}
	index_build(&facts->default_hops, hops_in_order, &facts->hops_by_device);
	index_build(&facts->default_hops, hops_by_router, &facts->hops_by_gateway);
}

static void find_members(struct facts *facts)
{
	const struct addresses *addresses = &facts->kernel->addresses;
	const struct link *link;
	struct member *member;
	struct index unused = {0};
	size_t i;

	for (i = 0; i < addresses->n; i++) {
		link = kernel_find_link(facts->kernel, addresses->items[i].device);
		if (!link || link->loopback || link->tunnel ||
			(link->noarp && !facts_is_mute(facts, link)) ||
			addresses->items[i].prefix.family != AF_INET ||
			addresses->items[i].prefix.len == 32)
			continue;
		member = array_add(&facts->members);
		member->link = facts_find_taker(facts, link);
		member->net = prefix_network(&addresses->items[i].prefix);
		facts->member_lengths[member->net.len] = true;
	}
	array_drop_repeated(&facts->members, members_in_order, &unused);
	free(unused.items);
	index_build(&facts->members, members_by_net, &facts->members_by_net);
}

/* Is it behind no route but a default, or a part of one, and meant by no rule? */
static bool is_afar(const struct kernel *kernel, const struct prefix *address)
{
	const struct route *route;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (!prefix_is_default(&route->dst) && prefix_contains(&route->dst, address))
			return false;
	}
	for (i = 0; i < kernel->rules.n; i++)
		if (kernel->rules.items[i].to.len &&
			prefix_contains(&kernel->rules.items[i].to, address))
			return false;
	return true;
}

/* In a network that is for documentation (RFC 5737, 3849), so nobody's; where a route has all of
 * these, any other: nothing is sent. */
static struct prefix find_afar(const struct kernel *kernel, int family)
{
	static const char *const examples[] = {
		"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "1.0.2.1", "2a00::1"};
	struct prefix address = {0};
	size_t i;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		if (!prefix_parse_address(examples[i], family, &address) &&
			is_afar(kernel, &address))
			return address;
	for (i = 1; i < 127 && !is_afar(kernel, &address); i++)
		address.bytes[family == AF_INET6] = (unsigned char)i;
	return address;
}

static bool table_is_used(const struct facts *facts, unsigned table)
{
	return facts_table_name(facts, table) || facts_find_by_table(facts, table) ||
		walks_lead_to(&facts->walks, table, AF_INET) ||
		walks_lead_to(&facts->walks, table, AF_INET6) ||
		!walks_table_empty(&facts->walks, table, AF_INET) ||
		!walks_table_empty(&facts->walks, table, AF_INET6);
}

static void find_free_tables(struct facts *facts)
{
	size_t most = facts->kernel->links.n + 1;
	unsigned first = facts->config->table_first ? facts->config->table_first : 100;
	unsigned last = facts->config->table_last ? facts->config->table_last : 199, table;

	facts->free_tables = mem_resize(NULL, most * sizeof(*facts->free_tables));
	for (table = first; table <= last && facts->free_tables_n < most; table++)
		if (table % 256 && (table < TABLE_DEFAULT || table > TABLE_LOCAL) &&
			!table_is_used(facts, table))
			facts->free_tables[facts->free_tables_n++] = table;
}

unsigned facts_free_table(const struct facts *facts, size_t skip)
{
	return skip < facts->free_tables_n ? facts->free_tables[skip] : 0;
}

struct file_keys {
	bool read;
	unsigned free_number;
	struct shvars vars;
};

struct profile_of {
	bool known;
	const struct profile *profile;
};

static void *make_room(size_t n, size_t size)
{
	return memset(mem_resize(NULL, (n + 1) * size), 0, (n + 1) * size);
}

static void free_keys(struct facts *facts)
{
	size_t i;

	for (i = 0; facts->keys && i < facts->sources->ifcfg.n; i++)
		shvar_free(&facts->keys[i].vars);
	free(facts->keys);
}

void facts_index(struct facts *facts)
{
	const struct kernel *kernel = facts->kernel;

	facts->walks.forwarding6 = facts->forwards[true];
	facts->walks.asks_neighbours = facts->asks_neighbours;
	if (facts->plan->markeds.n)
		facts->walks.own_mask = facts->config->mark_mask;
	walks_build(kernel, &facts->walks);
	index_build(&kernel->addresses, addresses_in_order, &facts->addresses);
	index_build(&facts->plan->uplinks, planned_by_uplink, &facts->planned);
	index_build(&facts->plan->uplinks, planned_by_table, &facts->planned_by_table);
	index_build(&facts->config->tables, names_by_table, &facts->names_by_table);
	index_build(&facts->config->uplinks, uplinks_by_device, &facts->uplinks);
	find_claims(facts);
	find_default_hops(facts);
	find_members(facts);
	index_build(facts->settings, sysctls_in_order, &facts->settings_in_order);
	index_build(&facts->plan->owned, rules_in_order, &facts->owned);
	index_build(&facts->plan->rules, rules_in_order, &facts->wanted);
	facts->keys = make_room(facts->sources->ifcfg.n, sizeof(*facts->keys));
	facts->profiles = make_room(kernel->links.n, sizeof(*facts->profiles));
	find_free_tables(facts);
	facts->afar[false] = find_afar(kernel, AF_INET);
	facts->afar[true] = find_afar(kernel, AF_INET6);
}

void facts_free_index(struct facts *facts)
{
	walks_free(&facts->walks);
	free(facts->members.items);
	free(facts->members_by_net.items);
	free(facts->addresses.items);
	free(facts->planned.items);
	free(facts->planned_by_table.items);
	free(facts->names_by_table.items);
	free(facts->free_tables);
	facts->free_tables_n = 0;
	free(facts->uplinks.items);
	free(facts->claims.items);
	free(facts->claims_by_address.items);
	free(facts->claims_by_net.items);
	free(facts->default_hops.items);
	free(facts->hops_by_device.items);
	free(facts->hops_by_gateway.items);
	free(facts->settings_in_order.items);
	free(facts->owned.items);
	free(facts->wanted.items);
	free(facts->profiles);
	free_keys(facts);
}

const struct link *facts_find_taker(const struct facts *facts, const struct link *link)
{
	const struct link *master = link->master && !link->vrf
		? links_find(&facts->kernel->links, link->master)
		: NULL;

	return master ? master : link;
}

bool facts_is_mute(const struct facts *facts, const struct link *link)
{
	struct uplink uplink = {.inet6 = false}, uplink6 = {.inet6 = true};

	memcpy(uplink.device, link->name, sizeof(uplink.device));
	memcpy(uplink6.device, link->name, sizeof(uplink6.device));
	/* usbnet_probe and udev name modems so, which have MAC addresses, and need none. */
	return link->noarp && !link->tunnel && !link->vrf && strncmp(link->name, "ww", 2) &&
		strlen(link->mac) == strlen("52:54:00:12:34:56") &&
		(facts_find_default(facts, AF_INET, link->name) ||
			facts_find_default(facts, AF_INET6, link->name) ||
			index_find(&facts->uplinks, &uplink) || index_find(&facts->uplinks, &uplink6));
}

static const struct link *find_wire(const struct facts *facts, const struct link *link)
{
	const struct link *taker = facts_find_taker(facts, link);
	const struct link *lower =
		taker->lower ? links_find(&facts->kernel->links, taker->lower) : NULL;

	return lower ? facts_find_taker(facts, lower) : taker;
}

bool facts_share_wire(const struct facts *facts, const struct link *a, const struct link *b)
{
	return find_wire(facts, a) == find_wire(facts, b);
}

void facts_find_members(
	const struct facts *facts, const struct prefix *address, struct index *out)
{
	struct member key = {.link = NULL};
	struct prefix net = *address;
	const struct member *member;
	size_t at;
	int len;

	for (len = 0; len < 32; len++) {
		if (!facts->member_lengths[len])
			continue;
		net.len = (unsigned char)len;
		key.net = prefix_network(&net);
		for (at = index_first(&facts->members_by_net, &key);
			(member = index_at(&facts->members_by_net, at, &key)); at++)
			*array_add(out) = member;
	}
	index_sort(out, members_in_order);
}

/* The first uplink of the device that has a network which the address is in. */
static const struct uplink *find_within(
	const struct facts *facts, struct claim *key, const struct prefix *address)
{
	const struct uplink *first = NULL;
	const struct claim *claim;
	int len;

	for (len = prefix_bits(address->family); len >= 0; len--) {
		if (!facts->claimed_lengths[len])
			continue;
		key->net = *address;
		key->net.len = (unsigned char)len;
		key->net = prefix_network(&key->net);
		claim = index_find(&facts->claims_by_net, key);
		if (claim && (!first || claim->uplink < first))
			first = claim->uplink;
	}
	return first;
}

const struct uplink *facts_find_uplink(const struct facts *facts, const char *device,
	const struct prefix *address, bool *outside)
{
	struct uplink any = {.inet6 = address->family == AF_INET6};
	struct claim key = {.address = *address};
	const struct claim *claim;
	const struct uplink *uplink, *within;

	device_copy(key.device, device);
	device_copy(any.device, device);
	claim = index_find(&facts->claims_by_address, &key);
	within = claim ? claim->uplink : find_within(facts, &key, address);
	uplink = within ? within : index_find(&facts->uplinks, &any);
	if (outside)
		*outside = uplink && !within;
	return uplink;
}

const struct default_hop *facts_find_default(
	const struct facts *facts, int family, const char *device)
{
	struct default_hop key = {.family = family};

	device_copy(key.device, device);
	return index_find(&facts->hops_by_device, &key);
}

const struct default_hop *facts_find_router(const struct facts *facts, const struct prefix *net)
{
	const struct default_hop key = {.gateway = prefix_network(net)};
	const struct index *hops = &facts->hops_by_gateway;
	size_t at = index_first(hops, &key);
	const struct default_hop *hop = at < hops->n ? hops->items[at] : NULL;

	return hop && prefix_contains(net, &hop->gateway) ? hop : NULL;
}

const struct planned *facts_find_planned(const struct facts *facts, const struct uplink *uplink)
{
	const struct planned key = {.uplink = uplink};

	return uplink ? index_find(&facts->planned, &key) : NULL;
}

const struct planned *facts_find_by_table(const struct facts *facts, unsigned table)
{
	const struct planned key = {.table = table};

	/* An uplink that is refused has none. */
	return table ? index_find(&facts->planned_by_table, &key) : NULL;
}

const char *facts_table_name(const struct facts *facts, unsigned table)
{
	const struct table_name key = {.number = table};
	const struct table_name *found = index_find(&facts->names_by_table, &key);

	return found ? found->name : NULL;
}

const struct profile *facts_find_profile(const struct facts *facts, const char *device)
{
	const struct links *links = &facts->kernel->links;
	const struct link *link = kernel_find_link(facts->kernel, device);
	struct profile_of *of = link ? &facts->profiles[link - links->items] : NULL;

	if (!of)
		return config_find_profile(facts->config, links, device);
	if (!of->known)
		of->profile = config_find_profile(facts->config, links, device);
	of->known = true;
	return of->profile;
}

int facts_setting(const struct facts *facts, const char *device, enum sysctl_key key)
{
	struct sysctl wanted = {.key = key};
	const struct sysctl *found;

	device_copy(wanted.device, device);
	found = index_find(&facts->settings_in_order, &wanted);
	return found ? found->value : 0;
}

int facts_setting_larger(const struct facts *facts, const char *device, enum sysctl_key key)
{
	int all = facts_setting(facts, "all", key), own = facts_setting(facts, device, key);

	return all > own ? all : own;
}

int facts_filter(const struct facts *facts, const char *device)
{
	return rp_filter_combine(facts_setting(facts, "all", SYSCTL_RP_FILTER),
		facts_setting(facts, device, SYSCTL_RP_FILTER), facts->filter_needs_both);
}

bool facts_own_rule(const struct facts *facts, const struct rule *rule)
{
	return index_find(&facts->owned, rule) != NULL;
}

bool facts_want_rule(const struct facts *facts, const struct rule *rule)
{
	return index_find(&facts->wanted, rule) != NULL;
}

bool facts_sync_has_work(const struct facts *facts)
{
	return facts->ops->n || facts->writes->n || facts->plan->changes.n ||
		(facts->chains && chains_has_work(facts->chains));
}

bool facts_file_has_block(const struct file *file)
{
	struct block block = {0};
	bool present;

	block_parse(file->bytes, file->len, strchr(file->name, '-') + 1, true, &block);
	present = block.present;
	block_free(&block);
	return present;
}

bool facts_in_use(const struct facts *facts)
{
	size_t i;

	for (i = HOOK_PREPARE; i <= HOOK_DOWN; i++)
		if (facts->hooks[i].state == HOOK_CALLS)
			return true;
	for (i = 0; i < facts->kernel->routes.n; i++)
		if (facts->kernel->routes.items[i].protocol == PROTO_MULTIHOME)
			return true;
	for (i = 0; i < facts->sources->managed.n; i++)
		if (facts_file_has_block(&facts->sources->managed.items[i]))
			return true;
	return false;
}

bool facts_has_uplink(const struct facts *facts, int family)
{
	const struct uplinks *uplinks = &facts->config->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		if (uplinks->items[i].gateway.family == family)
			return true;
	return false;
}

static const struct file_keys *find_keys(const struct facts *facts, const struct file *file)
{
	struct file_keys *keys = &facts->keys[file - facts->sources->ifcfg.items];
	char key[24];

	if (keys->read)
		return keys;
	shvar_parse(file->bytes, file->len, file->path, &keys->vars);
	do
		snprintf(key, sizeof(key), "IPADDR%u", ++keys->free_number);
	while (shvar_find(&keys->vars, key));
	keys->read = true;
	return keys;
}

bool facts_file_has(const struct facts *facts, const struct file *file, const char *key)
{
	const char *value = shvar_value(&find_keys(facts, file)->vars, key);

	return value && value[0];
}

bool facts_file_says_no(const struct facts *facts, const struct file *file, const char *key)
{
	const char *value = shvar_value(&find_keys(facts, file)->vars, key);

	return value && switch_is_false(value);
}

unsigned facts_file_free_number(const struct facts *facts, const struct file *file)
{
	return find_keys(facts, file)->free_number;
}
