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

char *cure_sync(const struct facts *facts)
{
	return mem_string(facts->harm ? facts->harm : "run multihome sync");
}

char *cure_restart(const char *device)
{
	return mem_format("run ifdown %s && ifup %s", device, device);
}

char *cure_edited(const struct uplink *uplink)
{
	const char *name = uplink->file->name;

	/* Its device stays up. */
	return strchr(name, ':') ? mem_format("run ifup %s", strchr(name, '-') + 1)
				 : cure_restart(uplink->device);
}

/* What a macvlan is on, or a port of a bond or bridge, that was taken down. */
static const struct link *find_down_below(const struct facts *facts, const struct link *link)
{
	const struct links *links = &facts->kernel->links;
	const struct link *other;
	size_t i;

	for (i = 0; i < links->n; i++) {
		other = &links->items[i];
		if (!other->up && (other->index == link->lower || other->master == link->index))
			return other;
	}
	return NULL;
}

static char *see_cable(const struct facts *facts, const char *device)
{
	const struct link *link = kernel_find_link(facts->kernel, device);
	const struct link *below = link ? find_down_below(facts, link) : NULL;

	if (below)
		return cure_down(facts, below->name);
	if (link && link->tunnel)
		return mem_format("see the program that serves %s, and its other end", device);
	return mem_format("see the cable of %s, and what is at its other end", device);
}

/* Of a NIC that asks for no MAC address. Its neighbours have its own by then, and on 2.6.32 they
 * keep it afterwards (arp_netdev_event of net/ipv4/arp.c). */
static char *cure_mute(const struct link *link)
{
	return link->dummy
		? mem_format("see GATEWAY in ifcfg-%s: nothing is behind a dummy", link->name)
		: mem_format("run ip link set %s arp on && ip neigh flush dev %s nud noarp",
			link->name, link->name);
}

char *cure_gateway(const struct facts *facts, const struct verdict *verdict, const char *device,
	const struct prefix *gateway)
{
	bool alias = verdict_asks_from_elsewhere(facts, device, gateway);
	const struct link *link = kernel_find_link(facts->kernel, device);
	char text[PREFIX_TEXT];

	if (link && facts_is_mute(facts, link))
		return cure_mute(link);
	/* iputils have ping6 up to EL8. */
	return mem_format("see the cable of %s, the router, %s%s; then run ping%s -c 1 -I %s %s",
		device, alias ? "arp_announce, and " : "and ",
		verdict->uplink ? verdict->uplink->file->name : "its address",
		gateway->family == AF_INET6 ? "6" : "", device,
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
	table_format(&cure, " of table ", route->table);
	return cure.bytes;
}

static char *see_refusal(const struct step *last)
{
	return last->route ? see_route(last->route) : see_rule(last->rule);
}

/* Is the rule neither the kernel's own nor ours? One for main that comes before ours is not the
 * kernel's. */
static bool is_foreign(const struct facts *facts, const struct rule *rule)
{
	bool own_table = rule->table == TABLE_LOCAL ||
		(rule->table == TABLE_MAIN && rule->priority == PRIORITY_MAIN) ||
		(rule->table == TABLE_DEFAULT && rule->priority == PRIORITY_DEFAULT);

	return !facts_own_rule(facts, rule) &&
		(rule->from.len || rule->to.len || rule->action != ACTION_LOOKUP || !own_table);
}

/* Is there a table that a rule of somebody else leads to, and that lacks a default route? What the
 * kernel's own tables get is not for one address. */
static bool can_fill(const struct facts *facts, const struct verdict *verdict)
{
	const struct rule *lapsed = verdict->reply.lapsed.rule;

	return lapsed && verdict->has_gateway && is_foreign(facts, lapsed) &&
		(lapsed->table < TABLE_DEFAULT || lapsed->table > TABLE_LOCAL);
}

/* " via 10.0.0.1 dev eth1": the holder's gateway. The kernel looks for one outside of the NIC's
 * networks in vain, unless it is told that it is on the link. */
static void format_gateway(
	const struct facts *facts, const struct verdict *verdict, struct text *out)
{
	struct index members = {0};
	const struct member *member;
	bool outside = verdict->gateway.family == AF_INET;
	size_t i;

	facts_find_members(facts, &verdict->gateway, &members);
	for (i = 0; i < members.n; i++) {
		member = members.items[i];
		outside &= member->link != facts_find_taker(facts, verdict->holder);
	}
	free(members.items);
	hop_format(&verdict->gateway, verdict->holder->name, out);
	text_add_string(out, outside ? " onlink" : "");
}

static char *fill_table(const struct facts *facts, const struct verdict *verdict)
{
	struct text cure = {0};

	text_format(&cure, "run %s route add default", ip_command(verdict->local.family));
	format_gateway(facts, verdict, &cure);
	text_add_number(&cure, " table ", verdict->reply.lapsed.rule->table);
	return cure.bytes;
}

/* "set KEYS TABLE=N in FILE and run multihome sync", of a table that nobody uses. */
static char *set_table(const struct facts *facts, const char *keys, const struct file *file)
{
	unsigned table = facts_free_table(facts, 0);

	if (!table)
		return mem_string("see TABLE_RANGE= in /etc/sysconfig/multihome: no table is free");
	return mem_format("set %sTABLE=%u in %s %s", keys, table, file->name, then_sync);
}

/* Files say nothing of the NIC: what an administrator would type. Each NIC has a table of its own,
 * which its other addresses' cures make once more. */
static char *make_table(const struct facts *facts, const struct verdict *verdict)
{
	const char *ip = ip_command(verdict->local.family);
	char local[PREFIX_TEXT];
	struct text cure = {0};
	const struct links *links = &facts->kernel->links;
	size_t i, before = 0;
	unsigned table;

	for (i = 0; &links->items[i] < verdict->holder; i++)
		before += !links->items[i].loopback &&
			!facts_find_profile(facts, links->items[i].name);
	table = facts_free_table(facts, before);
	if (!verdict->gateway.family || !table)
		return mem_string("");
	text_format(&cure, "run %s route replace default", ip);
	format_gateway(facts, verdict, &cure);
	text_format(&cure, " table %u && %s rule add from %s table %u", table, ip,
		prefix_format_address(&verdict->local, local), table);
	return cure.bytes;
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
	bool inet6 = verdict->local.family == AF_INET6;
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
	/* Of a leased NIC's file, and of any before EL6, no IPADDRn is read. */
	if (len == prefix_bits(verdict->local.family) || verdict->uplink->leased ||
		(!inet6 && !facts->config->release.numbered))
		return serve_by_rule(verdict, verdict->planned);
	prefix_format_address(&verdict->local, local);
	if (inet6)
		return mem_format("see IPV6ADDR_SECONDARIES= in %s: %s/%d is not there",
			file->name, local, len);
	/* ifup-aliases reads one address of a file. */
	if (verdict->uplink->profile && verdict->uplink->profile->alias)
		return mem_format("see IPADDR= in %s, an alias's: %s/%d is not there", file->name,
			local, len);
	return serve_in_file(facts, file, local, len);
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

/* One that is like ours but for a mark, which keeps ours from being made (plan/taken.c). NULL: none
 * is. */
static const struct rule *find_like_ours(const struct facts *facts, const struct verdict *verdict)
{
	const struct rule *rule, *found = NULL;
	struct index rules = {0};
	size_t i;

	walks_find_sourced(&facts->walks, &verdict->local, &rules);
	for (i = 0; i < rules.n && !found; i++) {
		rule = rules.items[i];
		if (rule->table == verdict->planned->table && is_foreign(facts, rule))
			found = rule;
	}
	free(rules.items);
	return found;
}

/* An ifdown takes away what is not. */
static bool is_in_file(const struct verdict *verdict)
{
	return prefixes_have(&verdict->planned->uplink->addresses, &verdict->local);
}

/* arrival: as of cure_route. */
static char *serve_planned(const struct facts *facts, const struct verdict *verdict,
	const struct planned *arrival)
{
	const struct planned *planned = verdict->planned;
	const struct step *last = &verdict->reply.last;
	const struct rule *lapsed = verdict->reply.lapsed.rule;
	const struct rule *foreign = find_foreign(facts, verdict);
	const char *name = planned->uplink->file->name;
	const struct rule *rule;
	char local[PREFIX_TEXT];
	/* Else a looser filter only lets it go astray. */
	bool by_holder = !strcmp(verdict->leaves.device, verdict->holder->name);

	if (planned->state == STATE_REFUSED)
		return mem_format("see what multihome plan says of %s", name);
	if (planned->state == STATE_EDITED || planned->state == STATE_DOWN)
		return cure_edited(planned->uplink);
	if (planned->state == STATE_BY_HAND) {
		if (can_fill(facts, verdict))
			return fill_table(facts, verdict);
		if (!foreign && !is_in_file(verdict))
			return mem_format("see rule-%s: no line of it is for %s",
				planned->uplink->device,
				prefix_format_address(&verdict->local, local));
		return foreign ? see_rule(foreign) : cure_restart(planned->uplink->device);
	}
	/* Ours never come before RULE_PRIORITY. */
	if (foreign && (!facts->ops->n || foreign->priority < facts->config->rule_priority))
		return see_rule(foreign);
	if (facts->ops->n || (facts->writes->n && by_holder))
		return cure_sync(facts);
	if (last->route && !plan_owns_route(facts->plan, last->route) &&
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
	rule = find_like_ours(facts, verdict);
	return rule ? see_rule(rule) : mem_string("");
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

/* A service address is nobody's uplink, and goes by a rule of ours all the same. */
static bool sync_serves(const struct facts *facts, const struct prefix *local)
{
	const struct op *op;
	size_t i;

	for (i = 0; i < facts->ops->n; i++) {
		op = &facts->ops->items[i];
		/* One by a mark is from everywhere. */
		if (op->kind == OP_RULE_ADD && op->rule->from.len &&
			prefix_contains(&op->rule->from, local))
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
	struct text keys = {0};
	char text[PREFIX_TEXT], *cure;

	if (!profile)
		return sync_serves(facts, &verdict->local) ? cure_sync(facts)
							   : make_table(facts, verdict);
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
	text_format(&keys, "%s=%s%s%s", key, prefix_format_address(&gateway, text),
		inet6 ? "%" : "", inet6 ? device : "");
	/* One uplink alone is served only if it has a TABLE=. */
	if (facts->config->uplinks.n) {
		cure = mem_format("set %s in %s %s", keys.bytes, profile->file->name, then_sync);
	} else {
		text_add_string(&keys, " and ");
		cure = set_table(facts, keys.bytes, profile->file);
	}
	text_free(&keys);
	return cure;
}

/* The route of main by another NIC that a table of the holder's would get as well, so that the reply,
 * or what is sent to the gateway, went as before. NULL: there is none. */
static const struct route *find_exception(
	const struct facts *facts, const struct verdict *verdict, const struct prefix *to)
{
	const struct question question = {.to = *to, .from = verdict->local};
	const struct walked walked = walk(&facts->walks, &question, NULL);
	const struct prefix *net = &verdict->packet.local->prefix;
	const struct route *route = walked.last.route;

	if (!route || route->table != TABLE_MAIN || !walked.last.device ||
		!strcmp(walked.last.device, verdict->holder->name) ||
		route->dst.len <= (route->dst.family == AF_INET6 ? 3 : 1))
		return NULL;
	/* Of two to one network the holder's own comes first. */
	return prefix_contains(net, to) && net->len >= route->dst.len ? NULL : route;
}

static char *serve_unserved(const struct facts *facts, const struct verdict *verdict)
{
	const struct rule *foreign = find_foreign(facts, verdict);
	const struct route *exception;

	if (can_fill(facts, verdict))
		return fill_table(facts, verdict);
	if (foreign)
		return see_rule(foreign);
	if (!facts->config->enabled)
		return mem_format("set MULTIHOME=yes in /etc/sysconfig/multihome %s", then_sync);
	if (!verdict->uplink)
		return serve_unknown(facts, verdict);
	if (verdict->fault == FAULT_GATEWAY || verdict->fault == FAULT_NEIGHBOUR ||
		verdict->fault == FAULT_NO_ROUTE)
		return cure_restart(verdict->holder->name);
	exception = find_exception(facts, verdict, &verdict->packet.remote);
	if (!exception && verdict->gateway.family)
		exception = find_exception(facts, verdict, &verdict->gateway);
	return exception ? see_route(exception) : set_table(facts, "", verdict->uplink->file);
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
		return see_refusal(last);
	/* The rule for the uplink's network may be what is missing. */
	if (arrival &&
		(verdict->reason == ARRIVES_AS_SAID || verdict->reason == ARRIVES_BY_NETWORK) &&
		(verdict->routed || verdict_is_service(facts, verdict)))
		return facts->ops->n && !verdict->routed ? cure_sync(facts)
							 : serve_by_rule(verdict, arrival);
	if (verdict->outside)
		return serve_outside(facts, verdict);
	return verdict->planned ? serve_planned(facts, verdict, arrival)
				: serve_unserved(facts, verdict);
}

static char *see_arp(const struct link *holder)
{
	return mem_format("see net/ipv4/conf/%s/arp_ignore and arp_filter, and those of all",
		holder->name);
}

/* rp_filter drops what is asked, as replies would leave by another NIC. */
static char *see_way_to_asker(const struct facts *facts, const struct verdict *verdict)
{
	const struct question question = {.to = verdict->refused, .from = verdict->local};
	const struct walked walked = walk(&facts->walks, &question, NULL);
	char text[PREFIX_TEXT];

	return walked.last.route
		? see_route(walked.last.route)
		: mem_format("see ip route get %s", prefix_format_address(&verdict->refused, text));
}

char *cure_conflict(const struct facts *facts, const struct verdict *verdict,
	const struct bystander *other)
{
	struct sysctl sysctl = {.key = SYSCTL_ARP_FILTER, .value = 1};
	const struct uplink *uplink;
	struct text cure = {0};

	/* If this one did not, nobody would be left to answer. */
	if (verdict->reason == ARRIVES_BY_ARP && !verdict->refused.family)
		return see_arp(verdict->holder);
	if (facts->ops->n || facts->writes->n)
		return cure_sync(facts);
	if (verdict->reason == ARRIVES_BY_ARP)
		return see_way_to_asker(facts, verdict);
	uplink = facts_find_uplink(facts, other->link->name, &verdict->local, NULL);
	if (uplink && uplink->arp_ignore != ARP_AUTO)
		return mem_format(
			"set ARP_IGNORE=1 in %s %s", uplink->file->name, then_sync);
	if (other->back)
		return see_route(other->back);
	if (!verdict->has_gateway ||
		facts_setting_larger(facts, other->link->name, SYSCTL_ARP_FILTER))
		return mem_format("see whether %s and %s are meant to be in one network",
			verdict->holder->name, other->link->name);
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

/* By a default route without a gateway, or by way of an address of the host's own, which comes to
 * the same. */
static bool lacks_gateway(const struct verdict *verdict)
{
	const struct route *route = verdict->reply.last.route;

	return verdict->fault == FAULT_NEIGHBOUR && !verdict->leaves.gateway.family && route &&
		prefix_is_default(&route->dst);
}

static char *see_gateway_keys(const struct verdict *verdict)
{
	return mem_format("see GATEWAY and GATEWAYDEV: the default route by %s has no gateway",
		verdict->leaves.device);
}

static char *see_beyond_gateway(const struct verdict *verdict)
{
	char text[PREFIX_TEXT];

	return mem_format("see %s on %s, and what is beyond it",
		prefix_format_address(&verdict->leaves.gateway, text), verdict->leaves.device);
}

/* Where all uplinks of the family are down the first one; else NULL. */
static const char *find_all_down(const struct facts *facts, bool inet6)
{
	const struct planned_uplinks *uplinks = &facts->plan->uplinks;
	const char *first = NULL;
	size_t i;

	for (i = 0; i < uplinks->n; i++) {
		if (uplinks->items[i].uplink->inet6 != inet6)
			continue;
		if (uplinks->items[i].state != STATE_DOWN)
			return NULL;
		first = first ? first : uplinks->items[i].uplink->device;
	}
	return first;
}

/* Never ifdown: what the device still answers would go with it. */
char *cure_own(const struct facts *facts, const struct verdict *verdict)
{
	const struct route *route = verdict->reply.last.route;
	const bool inet6 = verdict->packet.remote.family == AF_INET6;
	const char *down;

	if (verdict->fault == FAULT_DEPENDS)
		return mem_string("");
	if (verdict->fault == FAULT_REFUSED)
		return see_refusal(&verdict->reply.last);
	/* Sync leaves others' routes as they are. */
	if (facts->ops->n && (!route || plan_owns_route(facts->plan, route)))
		return cure_sync(facts);
	if (verdict->fault == FAULT_REPLY_CARRIER)
		return see_cable(facts, verdict->leaves.device);
	if (lacks_gateway(verdict))
		return see_gateway_keys(verdict);
	if (verdict->fault == FAULT_DEAD)
		return see_beyond_gateway(verdict);
	if (verdict->fault == FAULT_NEIGHBOUR)
		return cure_gateway(
			facts, verdict, verdict->leaves.device, verdict_next_hop(verdict));
	if (verdict->fault == FAULT_NO_ROUTE) {
		down = find_all_down(facts, inet6);
		if (down)
			return cure_down(facts, down);
		return mem_format("see %s in the ifcfg files",
			inet6 ? "IPV6_DEFAULTGW and IPV6_DEFROUTE" : "GATEWAY, GATEWAYDEV and DEFROUTE");
	}
	return mem_string("");
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

/* Of a reply that leaves: by its own NIC, and by the gateway of its file, or to a neighbour? */
static bool goes_by_own_gateway(const struct verdict *verdict)
{
	const struct prefix *gateway = &verdict->leaves.gateway;

	return !strcmp(verdict->leaves.device, verdict->holder->name) &&
		(!gateway->family || !verdict->uplink || verdict->uplink->inet6 ||
			prefix_same_address(gateway, &verdict->uplink->gateway));
}

char *cure_line(const struct file *file, const struct lost_line *line)
{
	return mem_format("see %s:%d: %s", file->name, line->line, line->why);
}

/* Adds a line of the file as ifup-routes gives it to ip(8). False: a shell might make another of it,
 * or it is none of ip(8)'s form. */
static bool add_line(const struct file *file, int number, struct text *out)
{
	static const char plain[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:/_- ";
	const char *line = file->bytes;
	size_t n;

	while (--number && (line = strchr(line, '\n')))
		line++;
	n = line ? strspn(line, plain) : 0;
	if (!n || (line[n] && line[n] != '\n'))
		return false;
	text_format(out, "%.*s", (int)n, line);
	return true;
}

char *cure_lines(const struct facts *facts, const struct file *file, const struct lost_lines *lines)
{
	enum { FEW = 3 };
	const char *ip = ip_command(strncmp(file->name, "route6-", 7) ? AF_INET : AF_INET6);
	struct text cure = {0};
	size_t i, n = 0;
	bool plain = true;

	/* Kernels of EL6 and before take the rules of its files a second time by ifup-routes. */
	for (i = 0; i < lines->n && plain; i++) {
		if (lines->items[i].why)
			continue;
		text_format(&cure, "%s%s route add ", n++ ? " && " : "run ", ip);
		plain = n <= FEW && add_line(file, lines->items[i].line, &cure);
	}
	if (plain)
		return cure.bytes;
	text_free(&cure);
	return mem_format("run %s/ifup-routes %s", facts->sources->scripts,
		strchr(file->name, '-') + 1);
}

/* What comes to a port of a bridge or bond is taken by that. */
static bool is_port(const struct facts *facts, const struct link *link)
{
	return facts_find_taker(facts, link) != link;
}

static char *see_port(const struct facts *facts, const struct verdict *verdict)
{
	return mem_format("see ip address show dev %s: its addresses are to be %s's",
		verdict->holder->name, facts_find_taker(facts, verdict->holder)->name);
}

char *cure_verdict(const struct facts *facts, const struct verdict *verdict)
{
	const struct link *link = verdict->arrival->up ? verdict->holder : verdict->arrival;
	char local[PREFIX_TEXT], remote[PREFIX_TEXT];

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
		if (lacks_gateway(verdict) && !facts->ops->n)
			return see_gateway_keys(verdict);
		if (!goes_by_own_gateway(verdict) || lacks_gateway(verdict))
			return cure_route(facts, verdict);
		if (is_port(facts, verdict->holder))
			return see_port(facts, verdict);
		return cure_gateway(
			facts, verdict, verdict->leaves.device, verdict_next_hop(verdict));
	case FAULT_DEAD:
		if (!goes_by_own_gateway(verdict))
			return cure_route(facts, verdict);
		return see_beyond_gateway(verdict);
	case FAULT_ARP:
		if (verdict->refused.family)
			return see_way_to_asker(facts, verdict);
		if (facts_is_mute(facts, verdict->holder))
			return cure_mute(verdict->holder);
		return see_arp(verdict->holder);
	case FAULT_CONFLICT:
		return cure_conflicts(facts, verdict);
	case FAULT_FILTERED:
		/* By its own gateway it would be right, were it no port. */
		if (goes_by_own_gateway(verdict) && is_port(facts, verdict->holder))
			return see_port(facts, verdict);
		return cure_route(facts, verdict);
	case FAULT_GATEWAY:
	case FAULT_NO_ROUTE:
	case FAULT_REFUSED:
	case FAULT_NIC:
	case FAULT_NO_GATEWAY:
	case FAULT_TURNS:
		return cure_route(facts, verdict);
	case FAULT_NOT_TAKEN:
		return mem_format("see %s route get %s from %s iif %s: the kernel refuses it",
			ip_command(verdict->local.family),
			prefix_format_address(&verdict->local, local),
			prefix_format_address(&verdict->packet.remote, remote),
			verdict->arrival->name);
	case FAULT_NONE:
	case FAULT_VRF:
	case FAULT_ARRIVAL:
	case FAULT_PROXY:
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
	char where[32] = "";

	if (hook->state == HOOK_NOT_EXECUTABLE)
		return mem_format("run chmod +x %s", hook->path);
	/* Ours that was emptied calls nothing either. */
	if (!hook->ours || (hook->state == HOOK_SILENT && !strcmp(hook->ours, hook->path)))
		return mem_string("see whether multihome is installed");
	if (hook->state == HOOK_MISSING)
		return mem_format("run ln -sfn %s %s", hook->ours, hook->path);
	if (hook->end)
		snprintf(where, sizeof(where), ", before line %d", hook->end);
	/* dhclient-script sources its hooks. */
	return key == HOOK_DHCP ? mem_format("add to %s%s: . %s", hook->path, where, hook->ours)
				: mem_format("add to %s%s: %s \"$@\"", hook->path, where, hook->ours);
}
