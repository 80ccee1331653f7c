/* SPDX-License-Identifier: MIT
 * What to do about a fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/cures.h"

static const char then_sync[] = "and run multihome sync";

static const char *ip_command(int family)
{
	return family == AF_INET6 ? "ip -6" : "ip";
}

char *cure_sync(void)
{
	return mem_string("run multihome sync");
}

char *cure_restart(const char *device)
{
	return mem_format("run ifdown %s && ifup %s", device, device);
}

static char *see_cable(const struct facts *facts, const char *device)
{
	const struct link *link = kernel_find_link(facts->kernel, device);

	if (link && link->tunnel)
		return mem_format("see the program that serves %s, and its other end", device);
	return mem_format("see the cable of %s, and what is at its other end", device);
}

char *cure_gateway(
	const struct verdict *verdict, const char *device, const struct prefix *gateway)
{
	char text[PREFIX_TEXT];

	return mem_format("see the cable of %s, the router, and %s; then run ping -c 1 -I %s %s",
		device, verdict->uplink ? verdict->uplink->file->name : "its address", device,
		prefix_format_address(gateway, text));
}

/* Nothing that somebody else made is deleted: he may mean it. */
static char *see_rule(const struct rule *rule)
{
	struct text cure = {0};

	text_add_string(&cure, "see the rule ");
	rule_format(rule, &cure);
	text_add_string(&cure, ", which somebody made");
	return cure.bytes;
}

static char *see_route(const struct route *route)
{
	struct text cure = {0};

	text_add_string(&cure, "see the route ");
	route_format_choice(route, &cure);
	text_format(&cure, " of table %u, which somebody made", route->table);
	return cure.bytes;
}

/* A table that a rule leads to gets the default route that it lacks. */
static char *fill_table(const struct verdict *verdict)
{
	char text[PREFIX_TEXT];
	bool on_link = !verdict->gateway.family;

	return mem_format("run %s route add default%s%s dev %s table %u",
		ip_command(verdict->local.family), on_link ? "" : " via ",
		on_link ? "" : prefix_format_address(&verdict->gateway, text),
		verdict->holder->name, verdict->reply.lapsed.rule->table);
}

/* Files say nothing of the NIC: what an administrator would type. */
static char *make_table(const struct facts *facts, const struct verdict *verdict)
{
	const char *ip = ip_command(verdict->local.family);
	char gateway[PREFIX_TEXT], local[PREFIX_TEXT];
	unsigned table = facts->free_table;

	if (!verdict->gateway.family || !table)
		return mem_string("");
	prefix_format_address(&verdict->gateway, gateway);
	prefix_format_address(&verdict->local, local);
	return mem_format("run %s route add default via %s dev %s table %u && "
			  "%s rule add from %s table %u",
		ip, gateway, verdict->holder->name, table, ip, local, table);
}

/* By the table of the uplink. */
static char *serve_by_rule(const struct verdict *verdict, const struct planned *planned)
{
	bool inet6 = verdict->local.family == AF_INET6;
	char local[PREFIX_TEXT];

	if (!planned || !planned->table)
		return mem_string("");
	return mem_format("run %s rule add from %s lookup %u priority 9999; add the same words to "
			  "rule%s-%s",
		ip_command(verdict->local.family), prefix_format_address(&verdict->local, local),
		planned->table, inet6 ? "6" : "", planned->uplink->device);
}

static char *serve_in_file(
	const struct facts *facts, const struct file *file, const char *address, int len)
{
	unsigned number = facts_file_free_number(facts, file);

	return mem_format("set IPADDR%u=%s and PREFIX%u=%d in %s %s", number, address, number, len,
		file->name, then_sync);
}

/* An address that no file gives, outside of the networks that the files give: on one NIC of two
 * hosts in turn (VRRP) it is in no file at all, so a rule serves it. */
static char *serve_outside(const struct facts *facts, const struct verdict *verdict)
{
	const struct addresses *files = &facts->config->addresses;
	const struct file *file = verdict->uplink->file;
	const char *holder = verdict->holder->name, *other;
	int len = verdict->packet.local->prefix.len;
	char local[PREFIX_TEXT];
	size_t i;

	/* An edit has moved it to another file. */
	for (i = 0; i < files->n; i++) {
		other = files->items[i].device;
		if (prefix_same_address(&files->items[i].prefix, &verdict->local) &&
			strcmp(other, holder))
			return mem_format("run ifdown %s && ifup %s && ifdown %s && ifup %s",
				holder, holder, other, other);
	}
	if (len == prefix_bits(verdict->local.family))
		return serve_by_rule(verdict, verdict->planned);
	prefix_format_address(&verdict->local, local);
	if (verdict->local.family == AF_INET6)
		return mem_format("see IPV6ADDR_SECONDARIES= in %s: %s/%d is not there",
			file->name, local, len);
	return serve_in_file(facts, file, local, len);
}

/* Is the rule neither the kernel's own nor ours? */
static bool is_foreign(const struct facts *facts, const struct rule *rule)
{
	bool own_table = rule->table >= TABLE_DEFAULT && rule->table <= TABLE_LOCAL;

	return !facts_own_rule(facts, rule) &&
		(rule->from.len || rule->to.len || rule->action != ACTION_LOOKUP || !own_table);
}

/* The one that led the reply where it went, past ours or by itself. NULL: none did. */
static const struct rule *find_foreign(const struct facts *facts, const struct verdict *verdict)
{
	const struct rule *last = verdict->reply.last.rule;

	if (last && is_foreign(facts, last))
		return last;
	return last && verdict->planned && last->table == verdict->planned->table
		? NULL
		: verdict->reply.jump;
}

/* arrival: as of cure_route. */
static char *serve_planned(const struct facts *facts, const struct verdict *verdict,
	const struct planned *arrival)
{
	const struct planned *planned = verdict->planned;
	const struct step *last = &verdict->reply.last;
	const struct rule *lapsed = verdict->reply.lapsed.rule;
	const struct rule *foreign = find_foreign(facts, verdict);
	const struct rules *rules = &facts->kernel->rules;
	const char *name = planned->uplink->file->name;
	/* Else a looser filter only lets it go astray. */
	bool by_holder = !strcmp(verdict->leaves.device, verdict->holder->name);
	size_t i;

	if (planned->state == STATE_REFUSED)
		return mem_format("see what multihome plan says of %s", name);
	if (planned->state == STATE_EDITED || planned->state == STATE_DOWN)
		return cure_restart(planned->uplink->device);
	if (planned->state == STATE_BY_HAND) {
		if (lapsed && is_foreign(facts, lapsed))
			return fill_table(verdict);
		return foreign ? see_rule(foreign) : cure_restart(planned->uplink->device);
	}
	if (foreign && !facts->ops->n)
		return see_rule(foreign);
	if (facts->ops->n || (facts->writes->n && by_holder))
		return cure_sync();
	if (last->route && last->route->protocol != PROTO_MULTIHOME &&
		last->route->table == planned->table)
		return see_route(last->route);
	/* Before 2.6.31 there is no loose filter, and 2 is on. */
	if (verdict->fault == FAULT_FILTERED && by_holder)
		return mem_format("set RP_FILTER=%s in %s %s",
			facts->filter_needs_both ? "off" : "loose",
			arrival ? arrival->uplink->file->name : name, then_sync);
	/* A line of route-DEVICE that was not applied. */
	if (lapsed)
		return cure_restart(planned->uplink->device);
	/* One that is like ours but for a mark keeps ours from being made (plan/taken.c). */
	for (i = 0; i < rules->n; i++)
		if (rules->items[i].table == planned->table && rules->items[i].from.len &&
			prefix_contains(&rules->items[i].from, &verdict->local) &&
			is_foreign(facts, &rules->items[i]))
			return see_rule(&rules->items[i]);
	return mem_string("");
}

/* A gateway in the NIC's network, by which others of it go. */
static bool find_neighbours_gateway(
	const struct facts *facts, const struct verdict *verdict, struct prefix *out)
{
	const struct uplinks *uplinks = &facts->config->uplinks;
	size_t i;

	for (i = 0; i < uplinks->n; i++) {
		*out = uplinks->items[i].gateway;
		if (out->family && prefix_contains(&verdict->packet.local->prefix, out))
			return true;
	}
	return false;
}

/* No file makes the NIC an uplink. */
static char *serve_unknown(const struct facts *facts, const struct verdict *verdict)
{
	const char *device = verdict->holder->name;
	const struct profile *profile = facts_find_profile(facts, device);
	struct prefix gateway = verdict->gateway;
	bool inet6 = verdict->local.family == AF_INET6;
	const char *key = inet6 ? "IPV6_DEFAULTGW" : "GATEWAY";
	char text[PREFIX_TEXT], table[24] = "";

	if (!profile)
		return make_table(facts, verdict);
	if (facts_file_says_no(facts, profile->file, "MULTIHOME"))
		return mem_format("set MULTIHOME=yes in %s %s", profile->file->name, then_sync);
	/* GATEWAY= of such a device does nothing. */
	if (verdict->holder->tunnel)
		return mem_format("see DEFROUTE= in %s", profile->file->name);
	/* The file gives other addresses, or none; or the gateway is another NIC's. */
	if (facts_file_has(facts, profile->file, key))
		return mem_format("see %s: its %s= does not count for %s", profile->file->name, key,
			prefix_format_address(&verdict->local, text));
	if (!gateway.family && !find_neighbours_gateway(facts, verdict, &gateway))
		return mem_format("see %s, which has no %s", profile->file->name, key);
	/* One uplink alone is served only if it has a TABLE=. */
	if (!facts->config->uplinks.n)
		snprintf(table, sizeof(table), " and TABLE=%u", facts->free_table);
	return mem_format("set %s=%s%s%s%s in %s %s", key,
		prefix_format_address(&gateway, text), inet6 ? "%" : "", inet6 ? device : "", table,
		profile->file->name, then_sync);
}

static char *serve_unserved(const struct facts *facts, const struct verdict *verdict)
{
	const struct rule *lapsed = verdict->reply.lapsed.rule;
	const struct rule *foreign = find_foreign(facts, verdict);

	if (lapsed && is_foreign(facts, lapsed) && verdict->has_gateway)
		return fill_table(verdict);
	if (foreign)
		return see_rule(foreign);
	if (!facts->config->enabled)
		return mem_format("set MULTIHOME=yes in /etc/sysconfig/multihome %s", then_sync);
	if (!verdict->uplink)
		return serve_unknown(facts, verdict);
	if (verdict->fault == FAULT_GATEWAY || verdict->fault == FAULT_NO_ROUTE)
		return cure_restart(verdict->holder->name);
	return mem_format("set TABLE=%u in %s %s", facts->free_table,
		verdict->uplink->file->name, then_sync);
}

/* The reply does not leave as it should, or the filter says so. */
static char *cure_route(const struct facts *facts, const struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	/* The uplink by which the packet arrives. */
	const struct planned *arrival = facts_find_planned(facts,
		facts_find_uplink(facts, verdict->arrival->name, &verdict->local, NULL));

	if (facts->refused)
		return mem_string("see what multihome plan says of the configuration");
	if (last->rule && last->end == STEP_REFUSED)
		return last->route ? see_route(last->route) : see_rule(last->rule);
	if (verdict->reason == ARRIVES_AS_SAID && verdict_is_service(verdict) && arrival)
		return serve_by_rule(verdict, arrival);
	if (verdict->outside)
		return serve_outside(facts, verdict);
	return verdict->planned ? serve_planned(facts, verdict, arrival)
				: serve_unserved(facts, verdict);
}

char *cure_conflict(const struct facts *facts, const struct verdict *verdict,
	const struct bystander *other)
{
	struct sysctl sysctl = {.key = SYSCTL_ARP_FILTER, .value = 1};
	const struct uplink *uplink;
	struct text cure = {0};

	if (facts->ops->n || facts->writes->n)
		return cure_sync();
	uplink = facts_find_uplink(facts, other->link->name, &verdict->local, NULL);
	if (uplink && uplink->arp_ignore != ARP_AUTO)
		return mem_format(
			"set ARP_IGNORE=1 in %s %s", uplink->file->name, then_sync);
	/* Nobody would be left to answer. */
	if (verdict->reason == ARRIVES_BY_ARP || !verdict->has_gateway ||
		facts_setting_larger(facts, other->link->name, SYSCTL_ARP_FILTER))
		return mem_string("");
	memcpy(sysctl.device, other->link->name, sizeof(sysctl.device));
	text_add_string(&cure, "run ");
	sysctl_format(&sysctl, &cure);
	return cure.bytes;
}

static char *cure_conflicts(const struct facts *facts, const struct verdict *verdict)
{
	const struct bystander *other = verdict->bystanders.items;

	while (!other->answers || !other->refuses)
		other++;
	return cure_conflict(facts, verdict, other);
}

char *cure_own(const struct facts *facts, const struct verdict *verdict)
{
	const struct planned_uplinks *uplinks = &facts->plan->uplinks;
	const char *device = verdict->leaves.device;
	const struct planned *planned;
	const struct link *link;
	size_t i;

	if (facts->ops->n)
		return cure_sync();
	for (i = 0; i < uplinks->n; i++) {
		planned = &uplinks->items[i];
		link = kernel_find_link(facts->kernel, planned->uplink->device);
		if (planned->state == STATE_UP && link && link->running && verdict->leaves.device[0] &&
			planned->uplink->gateway.family == verdict->packet.remote.family &&
			strcmp(link->name, device) && planned->uplink->fallback)
			return mem_format("run ifdown %s; %s carries it then", device, link->name);
	}
	return verdict->fault == FAULT_REPLY_CARRIER ? see_cable(facts, device) : mem_string("");
}

char *cure_down(const struct facts *facts, const char *device)
{
	const struct profile *profile = facts_find_profile(facts, device);
	const struct link *link = kernel_find_link(facts->kernel, device);

	if (!profile)
		return mem_format("run ip link set %s up", device);
	/* ifup refuses such a device. */
	if (profile->hwaddr && link && link->mac[0] && strcasecmp(profile->hwaddr, link->mac))
		return mem_format("see HWADDR=%s in %s: %s has %s", profile->hwaddr,
			profile->file->name, device, link->mac);
	return mem_format("run ifup %s", device);
}

char *cure_verdict(const struct facts *facts, const struct verdict *verdict)
{
	const struct link *link = verdict->arrival->up ? verdict->holder : verdict->arrival;

	switch (verdict->fault) {
	case FAULT_DOWN:
		return cure_down(facts, link->name);
	case FAULT_CARRIER:
		return see_cable(facts, verdict->arrival->name);
	case FAULT_REPLY_CARRIER:
		return strcmp(verdict->leaves.device, verdict->holder->name)
			? cure_route(facts, verdict)
			: see_cable(facts, verdict->leaves.device);
	case FAULT_NEIGHBOUR:
		return cure_gateway(verdict, verdict->leaves.device, verdict_next_hop(verdict));
	case FAULT_ARP:
		return mem_format("see net.ipv4.conf.%s.arp_ignore and arp_filter, and those of all",
			verdict->holder->name);
	case FAULT_CONFLICT:
		return cure_conflicts(facts, verdict);
	case FAULT_GATEWAY:
	case FAULT_FILTERED:
	case FAULT_NO_ROUTE:
	case FAULT_REFUSED:
	case FAULT_NIC:
	case FAULT_NO_GATEWAY:
	case FAULT_TURNS:
		return cure_route(facts, verdict);
	case FAULT_NOT_TAKEN:
		return mem_string(
			"see ip route get LOCAL from REMOTE iif DEVICE: the kernel refuses it");
	case FAULT_NONE:
	case FAULT_VRF:
	case FAULT_ARRIVAL:
	case FAULT_DEPENDS:
	case FAULT_FIREWALL:
		break;
	}
	return mem_string("");
}

void cure_add_deletion(const struct rule *rule, struct text *cure)
{
	text_format(cure, "%s%s rule del ", cure->n ? " && " : "run ", ip_command(rule->from.family));
	rule_format(rule, cure);
}

char *cure_hook(const struct hook *hook, enum hook_key key)
{
	if (hook->state == HOOK_NOT_EXECUTABLE)
		return mem_format("run chmod +x %s", hook->path);
	/* Ours that was emptied calls nothing either. */
	if (!hook->ours || (hook->state == HOOK_SILENT && !strcmp(hook->ours, hook->path)))
		return mem_string("see whether multihome is installed");
	if (hook->state == HOOK_MISSING)
		return mem_format("run ln -sfn %s %s", hook->ours, hook->path);
	/* dhclient-script sources its hooks. */
	return key == HOOK_DHCP ? mem_format("add to %s: . %s", hook->path, hook->ours)
				: mem_format("add to %s: %s \"$@\"", hook->path, hook->ours);
}
