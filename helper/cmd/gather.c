/* SPDX-License-Identifier: MIT
 * The facts that explain goes by. Asks, and changes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd/gather.h"
#include "conf/ifcfg.h"
#include "sys/ask.h"
#include "sys/kernel.h"
#include "sys/proc.h"

int kernel_setting_larger(const char *device, const char *key)
{
	int all = sysctl_value(AF_INET, "all", key), own = sysctl_value(AF_INET, device, key);

	return all > own ? all : own;
}

static struct answer ask_one(const struct asker *asker, const struct question *question)
{
	struct answer answer = {.error = 0};

	/* What could not be asked is logged, and counts as no route. */
	if (kernel_ask(question, 1, &asker->host.kernel.links, &answer))
		answer.error = ENETUNREACH;
	return answer;
}

struct answer ask_arrival(const struct asker *asker, const struct prefix *from,
	const struct prefix *to, const char *device)
{
	struct question question = {.to = *to, .from = *from};

	memcpy(question.iif, device, strlen(device) + 1);
	return ask_one(asker, &question);
}

static const struct uplink *find_uplink(
	const struct config *config, const char *device, const struct prefix *local)
{
	const struct uplink *uplink, *found = NULL;
	size_t i, k;

	for (i = 0; i < config->uplinks.n; i++) {
		uplink = &config->uplinks.items[i];
		if (strcmp(uplink->device, device) || uplink->inet6 != (local->family == AF_INET6))
			continue;
		if (!found)
			found = uplink;
		/* Of a device with aliases, that of the address. */
		for (k = 0; k < uplink->addresses.n; k++)
			if (prefix_contains(&uplink->addresses.items[k], local))
				return uplink;
	}
	return found;
}

static const struct file *find_file(const struct config *config, const char *device)
{
	device_name real;
	size_t i;

	for (i = 0; i < config->profiles.n; i++)
		if (!device_of_label(config->profiles.items[i].device, real) &&
			!strcmp(real, device))
			return config->profiles.items[i].file;
	return NULL;
}

/* MULTIHOME=no? What is wrong with the file is for plan to say. */
static bool file_is_off(const struct file *file)
{
	struct shvars vars = {.n = 0};
	struct diags quiet = {.n = 0};
	struct reader reader = {.vars = &vars, .path = file->path, .diags = &quiet};
	bool on;

	shvar_parse(file->bytes, file->len, file->path, &vars);
	on = read_switch(&reader, "MULTIHOME", true);
	diags_free(&quiet);
	shvar_free(&vars);
	return !on;
}

static void find_service(const struct asker *asker, struct facts *facts)
{
	const struct host *host = &asker->host;
	const struct uplink *uplink = find_uplink(&host->config, facts->holder, &facts->local);
	const struct planned_uplinks *planned = &host->plan.uplinks;
	struct service *service = &facts->service;
	const struct file *file;
	size_t i;

	service->unknown = asker->unplanned;
	service->host_enabled = host->config.enabled;
	service->pending = asker->pending;
	service->has_gateway = uplink && uplink->gateway.family;
	file = uplink ? uplink->file : find_file(&host->config, facts->holder);
	service->file = file ? file->name : NULL;
	service->off = file && file_is_off(file);
	for (i = 0; uplink && i < planned->n; i++) {
		if (planned->items[i].uplink != uplink)
			continue;
		service->planned = true;
		service->state = planned->items[i].state;
	}
}

/* Neither one of those that the kernel begins with nor one of ours. */
static bool rule_is_foreign(const struct rules *owned, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < owned->n; i++)
		if (!rule_compare(&owned->items[i], rule))
			return false;
	return rule->from.len || rule->to.len || rule->action != ACTION_LOOKUP ||
		rule->table < TABLE_DEFAULT || rule->table > TABLE_LOCAL;
}

/* Was it a rule by hand that decided, which one of ours would not come before? */
static bool decided_by_hand(const struct asker *asker, const struct facts *facts)
{
	const struct step *last = trace_last(facts->trace);
	const struct service *service = &facts->service;

	return last && rule_is_foreign(&asker->host.plan.owned, last->rule) &&
		(last->rule->priority <= asker->host.config.rule_priority ||
			(service->planned && !service->pending));
}

/* arp_ignore's 1 and 2 want the target among the device's own addresses; 8 is for never.
 * arp_process asks for the way in, with the filter, and arp_filter for the way back. */
static bool answers_arp(const struct asker *asker, const struct facts *facts,
	const struct prefix *from, const char *device)
{
	struct question back = {.to = *from, .from = facts->local};
	int ignore = kernel_setting_larger(device, "arp_ignore");

	if (ignore == 8 || ((ignore == 1 || ignore == 2) && strcmp(device, facts->holder)))
		return false;
	if (!from->family)
		return true;
	if (ask_arrival(asker, from, &facts->local, device).error)
		return false;
	return !kernel_setting_larger(device, "arp_filter") ||
		!strcmp(ask_one(asker, &back).device, device);
}

/* Who asks for the target's link-layer address: the remote host if it is a neighbour, else the
 * router that it sends through. Family 0: not known. */
static struct prefix arp_sender(
	const struct asker *asker, const struct facts *facts, const struct prefix *net)
{
	const struct prefix gateway =
		kernel_default_gateway(&asker->host.kernel, facts->local.family, NULL, net);
	const struct uplink *uplink =
		find_uplink(&asker->host.config, facts->holder, &facts->local);
	const struct prefix none = {0};

	if (prefix_contains(net, &facts->remote))
		return facts->remote;
	return gateway.family ? gateway : uplink ? uplink->gateway : none;
}

/* Is it another NIC in a network that the target lies in? */
static bool is_bystander(
	const struct link *link, const struct address *address, const struct facts *facts)
{
	const struct bystanders *others = &facts->bystanders;

	/* The addresses of a device come together. */
	if (others->n && !strcmp(others->items[others->n - 1].device, address->device))
		return false;
	return link && link->up && !link->loopback && link->mac[0] &&
		strcmp(link->name, facts->holder) &&
		prefix_contains(&address->prefix, &facts->local);
}

static void find_bystanders(const struct asker *asker, struct facts *facts)
{
	const struct kernel *kernel = &asker->host.kernel;
	const struct address *address;
	const struct link *link;
	struct bystander *other;
	struct prefix from;
	size_t i;

	for (i = 0; i < kernel->addresses.n; i++) {
		address = &kernel->addresses.items[i];
		link = kernel_find_link(kernel, address->device);
		if (!is_bystander(link, address, facts))
			continue;
		other = array_add(&facts->bystanders);
		memcpy(other->device, link->name, sizeof(other->device));
		other->arp_ignore = kernel_setting_larger(link->name, "arp_ignore");
		from = arp_sender(asker, facts, &address->prefix);
		other->answers = answers_arp(asker, facts, &from, link->name);
		other->refuses =
			ask_arrival(asker, &facts->remote, &facts->local, link->name).error;
		/* The strict filter keeps a NIC from answering ARP, too. */
		if (!other->answers || answers_arp(asker, facts, &from, facts->holder))
			continue;
		facts->deaf = true;
		memcpy(facts->arrival, other->device, sizeof(facts->arrival));
	}
}

/* By the NIC that holds the target; but from where only another one leads, by that: a container,
 * a guest, a VPN's client. */
static void find_arrival(const struct asker *asker, struct facts *facts, const struct link *holder)
{
	const struct step *last = trace_last(facts->trace);
	const struct link *out = kernel_find_link(&asker->host.kernel, facts->leaves.device);
	const char *device = facts->holder;
	int family = facts->remote.family;

	if (prefix_is_link_local(&facts->remote))
		device = asker->zone;
	else if (!facts->leaves.error && out && !out->loopback &&
		(holder->loopback ||
			(last && last->route && last->route->dst.len > 1 &&
				!kernel_default_gateway(
					&asker->host.kernel, family, out->name, NULL)
					 .family &&
				!find_uplink(&asker->host.config, out->name, &facts->remote))))
		device = out->name;
	memcpy(facts->arrival, device, sizeof(facts->arrival));
	if (family == AF_INET && facts->up && !holder->loopback && device == facts->holder)
		find_bystanders(asker, facts);
	facts->arrives.type = ROUTE_LOCAL;
	if (facts->up && strcmp(facts->arrival, "lo"))
		facts->arrives = ask_arrival(asker, &facts->remote, &facts->local, facts->arrival);
}

static void gather_filter(struct facts *facts)
{
	facts->filter.all = sysctl_value(AF_INET, "all", "rp_filter");
	facts->filter.own = sysctl_value(AF_INET, facts->arrival, "rp_filter");
	facts->filter.both = kernel_older_than(2, 6, 31);
}

void facts_gather(const struct asker *asker, const struct address *address, struct trace *trace,
	struct facts *facts)
{
	struct question question = {.to = asker->remote, .from = prefix_host(&address->prefix)};
	const struct kernel *kernel = &asker->host.kernel;
	const struct link *holder = kernel_find_link(kernel, address->device), *out;

	if (prefix_is_link_local(&asker->remote))
		memcpy(question.oif, asker->zone, sizeof(question.oif));
	facts->remote = question.to;
	facts->local = question.from;
	facts->kernel = &asker->host.kernel;
	facts->trace = trace;
	trace_walk(&asker->ground, &question, trace);
	facts->leaves = ask_one(asker, &question);
	memcpy(facts->holder, holder->name, sizeof(facts->holder));
	facts->up = holder->up;
	facts->carrier = holder->running;
	find_service(asker, facts);
	facts->by_hand = decided_by_hand(asker, facts);
	facts->gateway = facts->service.has_gateway ||
		kernel_default_gateway(
			&asker->host.kernel, facts->local.family, facts->holder, NULL)
			.family;
	find_arrival(asker, facts, holder);
	out = kernel_find_link(kernel, facts->leaves.device);
	facts->neighbourless = out && !out->mac[0];
	if (facts->local.family == AF_INET)
		gather_filter(facts);
}
