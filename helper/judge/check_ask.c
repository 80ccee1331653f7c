/* SPDX-License-Identifier: MIT
 * Which addresses and NICs check asks the kernel of, and what it asks.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/check.h"

/* Not of what a link has for itself (fe80::/10, 169.254.0.0/16), nor of a service address on lo,
 * which is nobody's NIC. */
static bool is_asked(const struct check_input *in, const struct address *address)
{
	const struct link *link = kernel_find_link(in->kernel, address->device);
	const unsigned char *bytes = address->prefix.bytes;

	if (!link || !link->up || link->loopback || address->unsettled)
		return false;
	if (address->prefix.family == AF_INET && bytes[0] == 169 && bytes[1] == 254)
		return false;
	return !prefix_is_link_local(&address->prefix);
}

static bool is_of(const struct uplink *uplink, const struct address *address)
{
	return uplink->gateway.family == address->prefix.family &&
		!strcmp(uplink->device, address->device);
}

static bool lies_within(const struct uplink *uplink, const struct prefix *address, bool exactly)
{
	const struct prefixes *own = &uplink->addresses;
	size_t i;

	for (i = 0; i < own->n; i++)
		if (exactly ? prefix_same_address(&own->items[i], address)
			    : prefix_contains(&own->items[i], address))
			return true;
	return false;
}

static const struct planned *find_planned(const struct check_input *in, const struct uplink *uplink)
{
	size_t i;

	for (i = 0; i < in->plan->uplinks.n; i++)
		if (in->plan->uplinks.items[i].uplink == uplink)
			return &in->plan->uplinks.items[i];
	return NULL;
}

/* The one that has the address, else the one whose network has, else any of the device: an alias
 * may be an uplink of its own. */
static bool find_uplink(const struct check_input *in, struct asked *out)
{
	const struct uplinks *uplinks = &in->config->uplinks;
	const struct uplink *uplink;
	size_t i;
	int step;

	for (step = 0; step < 3; step++)
		for (i = 0; i < uplinks->n; i++) {
			uplink = &uplinks->items[i];
			if (!is_of(uplink, out->address) ||
				(step < 2 && !lies_within(uplink, &out->address->prefix, !step)))
				continue;
			out->uplink = uplink;
			out->planned = find_planned(in, uplink);
			out->gateway = uplink->gateway;
			out->outside = step == 2;
			return true;
		}
	return false;
}

/* A VRF's table is for its own NICs: what it does is not asked. */
static bool is_in_use(const struct kernel *kernel, unsigned table, int family)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < kernel->rules.n; i++) {
		rule = &kernel->rules.items[i];
		if (rule->from.family == family && rule->action == ACTION_LOOKUP && !rule->l3mdev &&
			rule->table == table)
			return true;
	}
	return false;
}

/* Without an ifcfg file: a default route by the NIC, in a table that is in use. */
static bool find_default(const struct check_input *in, struct asked *out)
{
	const struct route *route;
	struct hop hop;
	size_t i, k;

	for (i = 0; i < in->kernel->routes.n; i++) {
		route = &in->kernel->routes.items[i];
		if (route->dst.len || route->dst.family != out->address->prefix.family ||
			route->type != ROUTE_UNICAST ||
			!is_in_use(in->kernel, route->table, route->dst.family))
			continue;
		for (k = 0; k < route_hop_count(route); k++) {
			hop = route_hop(route, k);
			if (strcmp(hop.device, out->address->device))
				continue;
			out->gateway = hop.gateway;
			return true;
		}
	}
	return false;
}

/* Is it behind no route but a default, or a half of one, and meant by no rule? */
static bool is_afar(const struct kernel *kernel, const struct prefix *address)
{
	int half = address->family == AF_INET6 ? 3 : 1;
	const struct route *route;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->dst.len > half && prefix_contains(&route->dst, address))
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

static void add_question(struct inquiry *inquiry, const struct prefix *to,
	const struct prefix *from, const char *iif)
{
	struct question *question = array_add(&inquiry->questions);

	question->to = *to;
	question->from = *from;
	memcpy(question->iif, iif, strlen(iif) + 1);
}

static size_t number_nic(const struct inquiry *inquiry, const char *device)
{
	size_t i, n = 0;

	for (i = 0; i < inquiry->asked.n; i++) {
		if (!strcmp(inquiry->asked.items[i].address->device, device))
			return inquiry->asked.items[i].nic;
		if (inquiry->asked.items[i].nic >= n)
			n = inquiry->asked.items[i].nic + 1;
	}
	return n;
}

static void ask_address(
	const struct check_input *in, const struct address *address, struct inquiry *out)
{
	const struct prefix *afar = address->prefix.family == AF_INET6 ? &out->afar6 : &out->afar;
	struct asked asked = {.address = address};

	if (!is_asked(in, address) || (!find_uplink(in, &asked) && !find_default(in, &asked)))
		return;
	asked.nic = number_nic(out, address->device);
	*array_add(&out->asked) = asked;
	add_question(out, afar, &address->prefix, "");
	add_question(out, &address->prefix, afar, address->device);
}

static bool is_local(const struct kernel *kernel, const struct prefix *address)
{
	size_t i;

	for (i = 0; i < kernel->addresses.n; i++)
		if (prefix_same_address(&kernel->addresses.items[i].prefix, address))
			return true;
	return false;
}

/* Somebody of the network who might ask for a MAC address. */
static struct prefix find_neighbour(const struct kernel *kernel, const struct prefix *net)
{
	struct prefix neighbour = prefix_network(net);

	do
		neighbour.bytes[3]++;
	while (is_local(kernel, &neighbour) && neighbour.bytes[3] < 255);
	return neighbour;
}

static bool has_network(const struct kernel *kernel, const char *device, const struct prefix *net)
{
	struct prefix other;
	size_t i;

	for (i = 0; i < kernel->addresses.n; i++) {
		other = prefix_network(&kernel->addresses.items[i].prefix);
		if (!strcmp(kernel->addresses.items[i].device, device) &&
			!prefix_compare(&other, net))
			return true;
	}
	return false;
}

static bool has_gateway(const struct inquiry *inquiry, const struct address *address)
{
	size_t i;

	for (i = 0; i < inquiry->asked.n; i++)
		if (inquiry->asked.items[i].address == address)
			return true;
	return false;
}

/* Linux answers ARP for any address of the host, where it would take the packet in (arp_process):
 * what that comes to by routes and filters, the kernel says. */
static void ask_fluxes(
	const struct check_input *in, const struct address *address, struct inquiry *out)
{
	struct prefix net = prefix_network(&address->prefix), neighbour;
	const struct link *link;
	struct flux *flux;
	size_t i;

	if (net.family != AF_INET || net.len > 30 || !is_asked(in, address))
		return;
	for (i = 0; i < in->kernel->links.n; i++) {
		link = &in->kernel->links.items[i];
		if (!link->up || link->loopback || link->tunnel ||
			!strcmp(link->name, address->device) ||
			!has_network(in->kernel, link->name, &net))
			continue;
		flux = array_add(&out->fluxes);
		memcpy(flux->device, link->name, sizeof(flux->device));
		flux->address = address;
		flux->matters = has_gateway(out, address);
		neighbour = find_neighbour(in->kernel, &net);
		add_question(out, &address->prefix, &neighbour, link->name);
	}
}

void check_ask(const struct check_input *in, struct inquiry *out)
{
	const struct addresses *addresses = &in->kernel->addresses;
	size_t i;

	out->afar = find_afar(in->kernel, AF_INET);
	out->afar6 = find_afar(in->kernel, AF_INET6);
	for (i = 0; i < addresses->n; i++)
		ask_address(in, &addresses->items[i], out);
	for (i = 0; i < addresses->n; i++)
		ask_fluxes(in, &addresses->items[i], out);
}

void inquiry_free(struct inquiry *inquiry)
{
	free(inquiry->asked.items);
	free(inquiry->fluxes.items);
	free(inquiry->questions.items);
	memset(inquiry, 0, sizeof(*inquiry));
}
