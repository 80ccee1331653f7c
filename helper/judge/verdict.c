/* SPDX-License-Identifier: MIT
 * What becomes of one packet and of the reply to it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/verdict.h"

static void add_question(struct questions *questions, const struct prefix *to,
	const struct prefix *from, const char *iif, const char *oif)
{
	struct question *question = array_add(questions);

	question->to = *to;
	question->from = *from;
	device_copy(question->iif, iif);
	device_copy(question->oif, oif);
}

static enum arrival retrace_arrival(const struct facts *facts, const struct prefix *from,
	const struct prefix *to, const struct link *link)
{
	struct question question = {.to = *to, .from = *from};

	memcpy(question.iif, link->name, sizeof(question.iif));
	return walk_arrival(&facts->walks, &question, facts_filter(facts, link->name));
}

/* Any host of the network but this one; family 0: there is none. */
static struct prefix find_neighbour(const struct facts *facts, const struct prefix *net)
{
	struct address key = {.prefix = prefix_host(net)};
	int i;

	for (i = 1; i < 4; i++) {
		key.prefix.bytes[3]++;
		if (prefix_contains(net, &key.prefix) && !index_find(&facts->addresses, &key))
			return key.prefix;
	}
	return (struct prefix){.family = 0};
}

/* Who asks for the address' MAC: the remote if it is a neighbour, else the router that it sends
 * through. */
static struct prefix find_arp_sender(
	const struct facts *facts, const struct verdict *verdict, const struct prefix *net)
{
	const struct default_hop *hop;

	if (prefix_contains(net, &verdict->packet.remote))
		return verdict->packet.remote;
	if (prefix_contains(net, &verdict->gateway))
		return verdict->gateway;
	hop = facts_find_router(facts, net);
	return hop ? hop->gateway : find_neighbour(facts, net);
}

/* arp_process: it must be willing by arp_ignore (1 and 2 want the address among its own; 8 never),
 * would take a packet of the sender's in, and, with arp_filter, answer by this device. *back: the
 * route by which it does; NULL: by another device, or it is not known. */
static bool answers_arp(const struct facts *facts, struct verdict *verdict,
	const struct link *link, const struct prefix *net, const struct route **back)
{
	int ignore = facts_setting_larger(facts, link->name, SYSCTL_ARP_IGNORE);
	const struct prefix sender = find_arp_sender(facts, verdict, net);
	const struct question question = {.to = sender, .from = verdict->local};
	struct walked walked;

	*back = NULL;
	if (link->noarp || ignore == 8 ||
		((ignore == 1 || ignore == 2) && link != verdict->holder))
		return false;
	/* Nobody is known there to ask. */
	if (!sender.family)
		return true;
	if (retrace_arrival(facts, &sender, &verdict->local, link) != ARRIVAL_TAKEN) {
		if (link == verdict->holder)
			verdict->refused = sender;
		return false;
	}
	walked = walk(&facts->walks, &question, NULL);
	if (walked.last.device && !strcmp(walked.last.device, link->name))
		*back = walked.last.route;
	return *back || !facts_setting_larger(facts, link->name, SYSCTL_ARP_FILTER);
}

/* Does it answer ARP for no address whatsoever? */
static bool is_silent(const struct link *link)
{
	return link->loopback || link->noarp || !link->up || !link->running;
}

/* Who answers ARP for the address, of the NICs in whose networks it lies. The holder's own answer
 * counts, on its wire; where it gives none, neighbours send to another that does. */
static void find_bystanders(const struct facts *facts, struct verdict *verdict)
{
	const struct bystanders *others = &verdict->bystanders;
	const struct member *member;
	struct bystander *other;
	bool within = false, at_home = false, answered = false;
	const struct link *home = facts_find_taker(facts, verdict->holder);
	const struct link *silent = NULL, *first = NULL;
	const struct route *back;
	struct index members = {0};
	size_t i;

	facts_find_members(facts, &verdict->local, &members);
	for (i = 0; i < members.n; i++) {
		member = members.items[i];
		within = true;
		at_home |= member->link == home;
		if (is_silent(member->link)) {
			silent = member->link;
			continue;
		}
		if (!first)
			first = member->link;
		if (facts_share_wire(facts, member->link, home) && !is_silent(home))
			answered |= answers_arp(facts, verdict, home, &member->net, &back);
		if (member->link == home)
			continue;
		if (others->n && others->items[others->n - 1].link == member->link)
			continue;
		other = array_add(&verdict->bystanders);
		other->link = member->link;
		other->net = member->net;
		other->answers =
			answers_arp(facts, verdict, member->link, &member->net, &other->back);
		other->refuses = retrace_arrival(facts, &verdict->packet.remote, &verdict->local,
					 member->link) != ARRIVAL_TAKEN;
	}
	free(members.items);
	for (i = 0; i < others->n && !answered; i++) {
		if (!others->items[i].answers)
			continue;
		verdict->arrival = others->items[i].link;
		verdict->reason = ARRIVES_BY_ARP;
		answered = true;
	}
	verdict->unanswered = within && !answered;
	verdict->away = within && !at_home;
	verdict->routed = !within;
	/* A service address in the network of a NIC that is down or has no carrier; or that no NIC
	 * is to answer for: another host hands on what it gets for it (LVS-DR). */
	if (verdict->unanswered &&
		(silent ? is_silent(verdict->holder) : verdict_is_service(facts, verdict))) {
		verdict->arrival = silent ? silent : first;
		verdict->reason = ARRIVES_BY_NETWORK;
		verdict->guessed = !silent;
	}
}

/* A tunnel answers no ARP either, but packets arrive by it. */
bool verdict_is_service(const struct facts *facts, const struct verdict *verdict)
{
	const struct link *holder = verdict->holder;

	return holder->loopback ||
		(holder->noarp && !holder->tunnel && !facts_is_mute(facts, holder));
}

/* Has the device an address whose network has it, and is no shorter than that? */
static bool has_neighbour_network(
	const struct facts *facts, const char *device, const struct prefix *address, int len)
{
	const struct addresses *all = &facts->kernel->addresses;
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->items[i].device, device) && all->items[i].prefix.len >= len &&
			prefix_contains(&all->items[i].prefix, address))
			return true;
	return false;
}

/* From where only one NIC leads, it arrives by that one: from a container, a guest, a client of a
 * VPN. An uplink leads everywhere, and so tells nothing; nor does a NIC that a file configures, whose
 * neighbours have a router of their own, unless the host is one. A neighbour of the holder's sends
 * to that one. */
static const struct link *find_only_way(
	const struct facts *facts, const struct verdict *verdict, const struct walked *walked)
{
	const struct step *last = &walked->last;
	const struct link *link;

	if (!last->route || last->end != STEP_ROUTE || !last->device ||
		prefix_is_default(&last->route->dst) ||
		has_neighbour_network(facts, verdict->holder->name, &verdict->packet.remote,
			last->route->dst.len))
		return NULL;
	link = kernel_find_link(facts->kernel, last->device);
	if (!link || link->loopback ||
		facts_find_default(facts, verdict->local.family, link->name) ||
		facts_find_uplink(facts, link->name, &verdict->local, NULL))
		return NULL;
	return facts->forwards[verdict->local.family == AF_INET6] ||
			!facts_find_profile(facts, link->name)
		? link
		: NULL;
}

/* A service address that is in no NIC's network is routed to the host, by a NIC that nobody tells.
 * It is judged as if by the one that leads back. */
static const struct link *find_way_back(const struct facts *facts, const struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	const struct link *link;

	if (!verdict_is_service(facts, verdict))
		return NULL;
	link = last->route && last->device ? kernel_find_link(facts->kernel, last->device) : NULL;
	return link && !link->loopback ? link : NULL;
}

static void find_arrival(const struct facts *facts, struct verdict *verdict)
{
	const struct packet *packet = &verdict->packet;
	const char *said = packet->by[0] ? packet->by : packet->zone;
	/* Main may know a network that the uplink's table does not know yet: a container's. */
	const struct question by_main = {.to = packet->remote};
	const struct link *way;
	struct walked walked;

	verdict->arrival = verdict->holder;
	if (packet->remote.family == AF_INET)
		find_bystanders(facts, verdict);
	way = find_only_way(facts, verdict, &verdict->reply);
	if (!way) {
		walked = walk(&facts->walks, &by_main, NULL);
		way = find_only_way(facts, verdict, &walked);
	}
	if (!way && verdict->reason == ARRIVES_BY_HOLDER && !verdict->unanswered) {
		way = find_way_back(facts, verdict);
		verdict->guessed = way != NULL;
	}
	if (*said) {
		verdict->arrival = kernel_find_link(facts->kernel, said);
		/* A link-local remote is there alone. */
		verdict->reason = verdict->arrival == way || packet->zone[0] ? ARRIVES_BY_ROUTE
									     : ARRIVES_AS_SAID;
		verdict->unanswered = verdict->guessed = false;
	} else if (way) {
		verdict->arrival = way;
		verdict->reason = ARRIVES_BY_ROUTE;
	}
	if (!verdict->arrival)
		verdict->arrival = verdict->holder;
	if (verdict->arrival == verdict->holder)
		verdict->reason = ARRIVES_BY_HOLDER;
	way = facts_find_taker(facts, verdict->arrival);
	if (way != verdict->arrival && verdict->reason == ARRIVES_BY_HOLDER)
		verdict->reason = ARRIVES_BY_MASTER;
	verdict->arrival = way;
}

void verdict_begin(const struct facts *facts, const struct packet *packet, struct verdict *verdict,
	struct steps *steps, struct questions *questions)
{
	struct question reply = {.to = packet->remote, .from = prefix_host(&packet->local->prefix)};
	const struct default_hop *hop;

	memcpy(reply.oif, packet->zone, sizeof(reply.oif));
	verdict->packet = *packet;
	verdict->local = reply.from;
	verdict->holder = kernel_find_link(facts->kernel, packet->local->device);
	verdict->uplink = facts_find_uplink(
		facts, packet->local->device, &packet->local->prefix, &verdict->outside);
	verdict->planned = facts_find_planned(facts, verdict->uplink);
	hop = facts_find_default(facts, reply.from.family, verdict->holder->name);
	if (verdict->uplink)
		verdict->gateway = verdict->uplink->gateway;
	if (!verdict->gateway.family && hop)
		verdict->gateway = hop->gateway;
	verdict->has_gateway = verdict->gateway.family || hop;
	verdict->reply = walk(&facts->walks, &reply, steps);
	find_arrival(facts, verdict);
	verdict->expected = verdict->arrival->loopback
		? ARRIVAL_TAKEN
		: retrace_arrival(facts, &packet->remote, &verdict->local, verdict->arrival);
	verdict->question = questions->n;
	add_question(questions, &verdict->local, &packet->remote, verdict->arrival->name, "");
	add_question(questions, &packet->remote, &verdict->local, "", packet->zone);
}

/* The route's own, else the first in the next hop's network, else the first of the device
 * (inet_select_addr); family 0: none is known. */
static struct prefix find_source(const struct facts *facts, const struct step *last)
{
	const struct addresses *addresses = &facts->kernel->addresses;
	const struct address *address, *first = NULL;
	struct prefix to = {.family = 0};
	size_t i;

	if (!last->route || !last->device || last->route->dst.family != AF_INET)
		return to;
	if (last->route->source.family)
		return last->route->source;
	to = route_hop(last->route, 0).gateway;
	for (i = 0; i < addresses->n; i++) {
		address = &addresses->items[i];
		if (address->prefix.family != AF_INET || strcmp(address->device, last->device))
			continue;
		if (!first)
			first = address;
		if (to.family && prefix_contains(&address->prefix, &to))
			return prefix_host(&address->prefix);
	}
	to.family = 0;
	return first ? prefix_host(&first->prefix) : to;
}

/* Which of the addresses the kernel would choose depends on the remote: all must lead out. */
static void ask_again(const struct facts *facts, struct question *question, struct verdict *verdict)
{
	const struct addresses *addresses = &facts->kernel->addresses;
	struct question again = *question, chosen = *question;
	const struct link *link;
	struct walked from, out = {.depends = NULL};
	bool all = true;
	size_t i;

	for (i = 0; i < addresses->n; i++) {
		link = kernel_find_link(facts->kernel, addresses->items[i].device);
		again.from = prefix_host(&addresses->items[i].prefix);
		if (again.from.family != AF_INET6 || prefix_is_link_local(&again.from) || !link ||
			!link->up || link->loopback)
			continue;
		from = walk(&facts->walks, &again, NULL);
		if (from.last.end != STEP_ROUTE || !from.last.rule) {
			all = false;
		} else if (!out.last.rule) {
			chosen = again;
			out = from;
		}
	}
	verdict->by_source = out.last.rule && !all;
	if (out.last.rule && all) {
		*question = chosen;
		verdict->reply = out;
	}
}

void verdict_begin_own(const struct facts *facts, const struct prefix *remote,
	struct verdict *verdict, struct questions *questions)
{
	struct question question = {.to = *remote};
	struct prefix source;

	verdict->packet.remote = *remote;
	verdict->packet.anybody = true;
	verdict->reply = walk(&facts->walks, &question, NULL);
	if (remote->family == AF_INET6 && facts->kernel->asks_again6 &&
		(verdict->reply.last.end != STEP_ROUTE || !verdict->reply.last.rule))
		ask_again(facts, &question, verdict);
	verdict->again = verdict->reply;
	verdict->question = questions->n;
	add_question(questions, remote, &question.from, "", "");
	source = find_source(facts, &verdict->reply.last);
	if (source.family) {
		question.from = source;
		verdict->again = walk(&facts->walks, &question, NULL);
	}
	add_question(questions, remote, &question.from, "", "");
}

const struct prefix *verdict_next_hop(const struct verdict *verdict)
{
	return verdict->leaves.gateway.family ? &verdict->leaves.gateway : &verdict->packet.remote;
}

bool verdict_filter_differs(const struct verdict *verdict, struct hop *out)
{
	const struct step *last = &verdict->reply.last;
	size_t i;

	if (verdict->leaves.error || last->end != STEP_ROUTE || !last->rule || !last->device ||
		!strcmp(last->device, verdict->leaves.device))
		return false;
	for (i = 0; i < route_hop_count(last->route); i++) {
		*out = route_hop(last->route, i);
		if (!strcmp(out->device, last->device))
			return true;
	}
	return false;
}

const struct neighbour *verdict_neighbour(const struct facts *facts, const struct verdict *verdict)
{
	return walks_find_neighbour(
		&facts->walks, verdict->leaves.device, verdict_next_hop(verdict));
}

bool verdict_asks_from_elsewhere(
	const struct facts *facts, const char *device, const struct prefix *gateway)
{
	const struct link *link = kernel_find_link(facts->kernel, device);
	const struct member *member;
	bool within = false, elsewhere = false;
	size_t i;

	if (gateway->family != AF_INET || facts_setting_larger(facts, device, SYSCTL_ARP_ANNOUNCE))
		return false;
	for (i = 0; i < facts->members.n; i++) {
		member = &facts->members.items[i];
		if (member->link != link)
			continue;
		within |= prefix_contains(&member->net, gateway);
		elsewhere |= !prefix_contains(&member->net, gateway);
	}
	return within && elsewhere;
}

/* The kernel takes a default by way of the host's own address for one without a gateway. */
static bool is_by_itself(const struct facts *facts, const struct verdict *verdict)
{
	const struct route *route = verdict->reply.last.route;
	const struct address own = {.prefix = route->gateway};

	return route->gateway.family && !verdict->leaves.gateway.family &&
		!strcmp(route->device, verdict->leaves.device) &&
		index_find(&facts->addresses, &own);
}

static bool walk_agrees(const struct facts *facts, const struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	const struct hop hop = {.gateway = verdict->leaves.gateway};
	struct hop leaves = hop;

	if (verdict->leaves.error || !last->rule || last->end != STEP_ROUTE)
		return verdict->leaves.error && (!last->rule || last->end == STEP_REFUSED);
	memcpy(leaves.device, verdict->leaves.device, sizeof(leaves.device));
	/* Nexthop objects that are not expanded. */
	return !route_hop_count(last->route) || route_has_hop(last->route, &leaves) ||
		is_by_itself(facts, verdict) ||
		(last->other && route_has_hop(last->other, &leaves));
}

bool verdict_asks_of_another(const struct verdict *verdict)
{
	return !verdict->agrees && verdict->reply.depends.rule &&
		rule_is_selective(verdict->reply.depends.rule);
}

bool verdict_other_turn(
	const struct facts *facts, const struct verdict *verdict, struct hop *out)
{
	const struct step *last = &verdict->reply.last;
	size_t i;

	if (last->end != STEP_ROUTE || !last->rule)
		return false;
	for (i = 0; i < last->route->n; i++) {
		*out = last->route->hops[i];
		if (!walks_skip_hop(&facts->walks, last->route, i) &&
			strcmp(out->device, verdict->holder->name))
			return true;
	}
	for (i = 0; last->other && i < 2; i++) {
		*out = route_hop(i ? last->route : last->other, 0);
		if (strcmp(out->device, verdict->holder->name))
			return true;
	}
	return false;
}

bool verdict_turns(const struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;

	return last->rule && last->end == STEP_ROUTE && (last->route->n > 1 || last->other);
}

/* By a default route without a gateway the kernel asks for the MAC of each remote, which a router
 * tells that answers ARP for others. FAULT_PROXY: nothing is known of such a one. */
static enum fault fault_without_gateway(const struct facts *facts, const struct verdict *verdict)
{
	const struct neighbours *all = &facts->kernel->neighbours;
	const struct route *route = verdict->reply.last.route;
	const char *device = verdict->leaves.device;
	const struct link *out = kernel_find_link(facts->kernel, device);
	const struct neighbour *one;
	bool silent = false;
	size_t i;

	if (!out || !out->mac[0] || out->noarp || verdict->leaves.gateway.family || !route ||
		!prefix_is_default(&route->dst) ||
		has_neighbour_network(facts, device, &verdict->packet.remote, 0))
		return FAULT_NONE;
	for (i = 0; i < all->n; i++) {
		one = &all->items[i];
		if (strcmp(one->device, device) || one->address.family != route->dst.family ||
			prefix_is_link_local(&one->address) ||
			has_neighbour_network(facts, device, &one->address, 0))
			continue;
		if (one->mac[0])
			return FAULT_NONE;
		silent |= one->state & NEIGHBOUR_SILENT;
	}
	return silent ? FAULT_NEIGHBOUR : FAULT_PROXY;
}

static enum fault fault_of_next_hop(const struct facts *facts, const struct verdict *verdict)
{
	const struct link *out = kernel_find_link(facts->kernel, verdict->leaves.device);
	const struct neighbour *neighbour;

	if (verdict->leaves.error)
		return verdict->reply.last.end == STEP_REFUSED ? FAULT_REFUSED : FAULT_NO_ROUTE;
	if (out && !out->running && !out->loopback)
		return FAULT_REPLY_CARRIER;
	neighbour = verdict_neighbour(facts, verdict);
	/* The kernel takes the NIC's own MAC address for its neighbours' (arp_constructor), unless
	 * somebody said another. */
	if (out && facts_is_mute(facts, out) &&
		(!neighbour || !neighbour->mac[0] || !strcmp(neighbour->mac, out->mac)))
		return FAULT_NEIGHBOUR;
	if (out && out->mac[0] && neighbour && neighbour->state & NEIGHBOUR_SILENT)
		return FAULT_NEIGHBOUR;
	/* What it answers is the bridge's. */
	if (out && out->mac[0] && facts_find_taker(facts, out) != out &&
		!(neighbour && neighbour->mac[0]))
		return FAULT_NEIGHBOUR;
	/* A neighbour needs no gateway. */
	if (verdict->leaves.gateway.family &&
		health_find_dead(facts->healths, verdict->leaves.device, &verdict->leaves.gateway))
		return FAULT_DEAD;
	return fault_without_gateway(facts, verdict);
}

static enum fault fault_of_arrival(const struct verdict *verdict)
{
	const struct answer *arrives = &verdict->arrives;
	/* Else it is said, and no neighbour chooses. */
	bool chosen = verdict->reason == ARRIVES_BY_HOLDER && !verdict->packet.by[0];
	size_t i;

	/* An address may have been added to a NIC that is down; others take packets for it. */
	if (!verdict->arrival->up ||
		(!verdict->holder->up && verdict->expected == ARRIVAL_NOT_LOCAL))
		return FAULT_DOWN;
	if (!verdict->arrival->running)
		return FAULT_CARRIER;
	/* The filter keeps a NIC from answering ARP as well. */
	if (!verdict->arrival->loopback && (arrives->error || arrives->type != ROUTE_LOCAL))
		return verdict->expected == ARRIVAL_FILTERED ? FAULT_FILTERED : FAULT_NOT_TAKEN;
	if (verdict->unanswered && verdict->reason == ARRIVES_BY_HOLDER)
		return FAULT_ARP;
	for (i = 0; i < verdict->bystanders.n && chosen; i++)
		if (verdict->bystanders.items[i].answers && verdict->bystanders.items[i].refuses)
			return FAULT_CONFLICT;
	return FAULT_NONE;
}

/* Does the device answer ARP for the address, and take what comes of it? */
static bool is_asked(const struct verdict *verdict, const char *device)
{
	const struct bystander *other;
	size_t i;

	for (i = 0; i < verdict->bystanders.n; i++) {
		other = &verdict->bystanders.items[i];
		if (!strcmp(other->link->name, device))
			return other->answers && !other->refuses;
	}
	return false;
}

/* Is the device that NIC, or one of its wire? Neighbours and routers are the same by both. */
static bool is_by(const struct facts *facts, const char *device, const struct link *link)
{
	const struct link *out = kernel_find_link(facts->kernel, device);

	return out && facts_share_wire(facts, out, link);
}

/* Is that the NIC by which the reply should leave? */
static enum fault fault_of_device(const struct facts *facts, const struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	const char *device = verdict->leaves.device;
	struct hop unused;

	if (verdict_other_turn(facts, verdict, &unused) &&
		(route_uses(last->route, verdict->holder->name) ||
			(last->other && route_uses(last->other, verdict->holder->name))))
		return FAULT_TURNS;
	/* Nobody else leads to a container, is in the address' network, or is sent by routers what
	 * is in none. */
	if (verdict->reason == ARRIVES_BY_ROUTE || verdict->away ||
		(verdict->routed && verdict->reason == ARRIVES_AS_SAID &&
			verdict->leaves.gateway.family))
		return is_by(facts, device, verdict->arrival) ? FAULT_NONE : FAULT_NIC;
	if (is_by(facts, device, verdict->holder))
		return FAULT_NONE;
	/* So is what has no gateway of its own, a guest's network, asked by the NIC that was said. */
	if (is_by(facts, device, verdict->arrival) &&
		(verdict_is_service(facts, verdict) ||
			(verdict->reason == ARRIVES_AS_SAID && !verdict->has_gateway &&
				verdict->leaves.gateway.family)))
		return FAULT_NONE;
	/* A macvlan's or a guest's, and nobody's file: a NIC of its network is asked for it as well, or
	 * alone, and answers. */
	if (!verdict->has_gateway && !facts_find_profile(facts, verdict->holder->name) &&
		is_asked(verdict, device))
		return verdict->reason == ARRIVES_BY_ARP ? FAULT_NONE : FAULT_ARRIVAL;
	/* The remote is a neighbour of the other NIC's, and nobody serves this one. */
	if (!verdict->leaves.gateway.family && !verdict->planned && last->route &&
		!prefix_is_default(&last->route->dst) && !verdict->bystanders.n)
		return FAULT_NONE;
	return verdict->has_gateway || verdict_is_service(facts, verdict) ? FAULT_NIC
									  : FAULT_NO_GATEWAY;
}

/* Routers advertise themselves, a host without an ifcfg file may have several, and of a file that
 * is refused the gateway may be what is wrong. */
static bool gateway_counts(const struct verdict *verdict)
{
	if (verdict->planned)
		return verdict->planned->state != STATE_REFUSED;
	return verdict->uplink && !verdict->uplink->inet6;
}

static enum fault find_fault(const struct facts *facts, const struct verdict *verdict)
{
	enum fault fault, hop;

	if (verdict->holder->vrf || verdict->arrival->vrf)
		return FAULT_VRF;
	if (verdict_asks_of_another(verdict))
		return FAULT_DEPENDS;
	fault = fault_of_arrival(verdict);
	hop = fault ? FAULT_NONE : fault_of_next_hop(facts, verdict);
	/* What is not known comes behind what is. */
	if (hop != FAULT_PROXY)
		fault = fault ? fault : hop;
	if (!fault)
		fault = fault_of_device(facts, verdict);
	if (fault)
		return fault;
	if (verdict->reply.depends.rule)
		return FAULT_DEPENDS;
	if (verdict->firewall)
		return FAULT_FIREWALL;
	if (verdict->guessed)
		return FAULT_ARRIVAL;
	if (hop)
		return hop;
	/* A neighbour is answered without one. */
	if (verdict->reason == ARRIVES_BY_HOLDER && verdict->leaves.gateway.family &&
		gateway_counts(verdict) &&
		!prefix_same_address(&verdict->leaves.gateway, &verdict->gateway) &&
		verdict->reply.last.route && prefix_is_default(&verdict->reply.last.route->dst))
		return FAULT_GATEWAY;
	return FAULT_NONE;
}

static enum fault judge_hop(const struct facts *facts, const struct verdict *verdict)
{
	if (verdict->holder)
		return find_fault(facts, verdict);
	return verdict_asks_of_another(verdict) ? FAULT_DEPENDS : fault_of_next_hop(facts, verdict);
}

static int badness(const struct verdict *verdict)
{
	if (verdict_outcome(verdict) == OUTCOME_LOST)
		return 3;
	return verdict_is_bad(verdict) ? 2 : verdict->fault == FAULT_GATEWAY;
}

/* Which of several next hops a flow gets the kernel decides by a hash with a secret. Where the remote
 * stands for all, some of them get the worst. */
static void take_worst_hop(const struct facts *facts, struct verdict *verdict)
{
	const struct route *route = verdict->reply.last.route;
	struct verdict turn = *verdict;
	bool first = true;
	size_t i;

	for (i = 0; i < route->n; i++) {
		if (walks_skip_hop(&facts->walks, route, i))
			continue;
		memcpy(turn.leaves.device, route->hops[i].device, sizeof(turn.leaves.device));
		turn.leaves.gateway = route->hops[i].gateway;
		turn.fault = judge_hop(facts, &turn);
		if (first || badness(&turn) > badness(verdict))
			*verdict = turn;
		first = false;
	}
}

/* What the kernel says of root's packet it does not say of others: they leave as is retraced. */
static void take_retraced(struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	size_t i;

	for (i = 0; last->device && i < route_hop_count(last->route); i++) {
		const struct hop hop = route_hop(last->route, i);

		if (strcmp(hop.device, last->device))
			continue;
		memcpy(verdict->leaves.device, hop.device, sizeof(hop.device));
		verdict->leaves.gateway = hop.gateway;
		return;
	}
}

void verdict_finish(
	const struct facts *facts, struct verdict *verdict, const struct answer *answers)
{
	bool own = !verdict->holder;

	verdict->leaves = answers[verdict->question + !own];
	if (!own)
		verdict->arrives = answers[verdict->question];
	verdict->agrees = walk_agrees(facts, verdict);
	if (verdict->leaves.error && verdict_asks_of_another(verdict))
		take_retraced(verdict);
	verdict->firewall = facts->firewall[verdict->packet.remote.family == AF_INET6];
	verdict->fault = judge_hop(facts, verdict);
	if (verdict->packet.anybody && !verdict->leaves.error && verdict->agrees)
		take_worst_hop(facts, verdict);
	if (own && !verdict->fault && answers[verdict->question + 1].error &&
		verdict->again.last.end == STEP_REFUSED) {
		verdict->leaves = answers[verdict->question + 1];
		verdict->reply = verdict->again;
		verdict->by_address = true;
		verdict->agrees = walk_agrees(facts, verdict);
		verdict->fault = judge_hop(facts, verdict);
	}
}

void verdict_free(struct verdict *verdict)
{
	free(verdict->bystanders.items);
	memset(&verdict->bystanders, 0, sizeof(verdict->bystanders));
}

void verdicts_free(struct verdicts *verdicts)
{
	size_t i;

	for (i = 0; i < verdicts->n; i++)
		verdict_free(&verdicts->items[i]);
	free(verdicts->items);
}

enum outcome verdict_outcome(const struct verdict *verdict)
{
	if (verdict->fault <= FAULT_GATEWAY)
		return OUTCOME_RIGHT;
	if (verdict->fault < FAULT_NIC)
		return OUTCOME_LOST;
	return verdict->fault < FAULT_VRF ? OUTCOME_ASTRAY : OUTCOME_UNKNOWN;
}

bool verdict_is_bad(const struct verdict *verdict)
{
	return verdict->fault > FAULT_GATEWAY && verdict->fault < FAULT_VRF;
}
