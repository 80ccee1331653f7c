/* SPDX-License-Identifier: MIT
 * What becomes of one packet and of the reply to it.
 */
#include <errno.h>
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
	memcpy(question->iif, iif, strlen(iif) + 1);
	memcpy(question->oif, oif, strlen(oif) + 1);
}

static enum arrival retrace_arrival(const struct facts *facts, const struct prefix *from,
	const struct prefix *to, const struct link *link)
{
	struct question question = {.to = *to, .from = *from};

	memcpy(question.iif, link->name, sizeof(question.iif));
	return walk_arrival(&facts->walks, &question, facts_filter(facts, link->name));
}

/* The first default that leads through the device; those of tables that no rule leads to, a VRF's,
 * do not count. */
static bool find_default(const struct facts *facts, int family, const char *device,
	const struct prefix *net, struct prefix *out)
{
	const struct routes *routes = &facts->kernel->routes;
	const struct route *route;
	struct hop hop;
	size_t i, k;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (route->dst.len || route->dst.family != family || route->type != ROUTE_UNICAST)
			continue;
		for (k = 0; k < route_hop_count(route); k++) {
			hop = route_hop(route, k);
			if ((device && strcmp(hop.device, device)) ||
				(net && !prefix_contains(net, &hop.gateway)))
				continue;
			*out = hop.gateway;
			return true;
		}
	}
	return false;
}

/* Who asks for the address' MAC: the remote if it is a neighbour, else the router that it sends
 * through. Family 0: not known. */
static struct prefix find_arp_sender(
	const struct facts *facts, const struct verdict *verdict, const struct prefix *net)
{
	struct prefix gateway = {0};

	if (prefix_contains(net, &verdict->packet.remote))
		return verdict->packet.remote;
	if (prefix_contains(net, &verdict->gateway))
		return verdict->gateway;
	find_default(facts, AF_INET, NULL, net, &gateway);
	return gateway;
}

/* arp_process: it must be willing by arp_ignore (1 and 2 want the address among its own; 8 never),
 * would take a packet of the sender's in, and, with arp_filter, answer by this device. */
static bool answers_arp(const struct facts *facts, const struct verdict *verdict,
	const struct link *link, const struct prefix *net)
{
	int ignore = facts_setting_larger(facts, link->name, SYSCTL_ARP_IGNORE);
	const struct prefix sender = find_arp_sender(facts, verdict, net);
	struct question back = {.to = sender, .from = verdict->local};
	struct walked walked;

	if (link->noarp || ignore == 8 ||
		((ignore == 1 || ignore == 2) && link != verdict->holder))
		return false;
	/* Nobody is known there to ask. */
	if (!sender.family)
		return true;
	if (retrace_arrival(facts, &sender, &verdict->local, link) != ARRIVAL_TAKEN)
		return false;
	if (!facts_setting_larger(facts, link->name, SYSCTL_ARP_FILTER))
		return true;
	walked = walk(&facts->walks, &back, NULL);
	return walked.last.device && !strcmp(walked.last.device, link->name);
}

static void find_bystanders(const struct facts *facts, struct verdict *verdict)
{
	const struct member *member;
	struct bystander *other;
	size_t i;

	for (i = 0; i < facts->members.n; i++) {
		member = &facts->members.items[i];
		if (member->link == verdict->holder || !member->link->up ||
			!prefix_contains(&member->net, &verdict->local) ||
			(verdict->bystanders.n &&
				verdict->bystanders.items[verdict->bystanders.n - 1].link ==
					member->link))
			continue;
		other = array_add(&verdict->bystanders);
		other->link = member->link;
		other->answers = answers_arp(facts, verdict, member->link, &member->net);
		other->refuses = retrace_arrival(facts, &verdict->packet.remote, &verdict->local,
					 member->link) != ARRIVAL_TAKEN;
		if (other->answers && !verdict->holder->noarp &&
			!answers_arp(facts, verdict, verdict->holder, &member->net)) {
			verdict->arrival = member->link;
			verdict->reason = ARRIVES_BY_ARP;
		}
	}
}

/* From where only one NIC leads, it arrives by that one: from a container, a guest, a client of a
 * VPN. An uplink leads everywhere, and so tells nothing. */
static void find_only_way(
	const struct facts *facts, const struct step *last, struct verdict *verdict)
{
	const struct link *link;
	struct prefix unused;
	bool outside;

	if (!last->route || last->end != STEP_ROUTE || !last->device)
		return;
	link = kernel_find_link(facts->kernel, last->device);
	if (!link || link->loopback)
		return;
	/* A service address is in nobody's network. */
	if (!verdict->holder->loopback && !verdict->holder->noarp &&
		(last->route->dst.len <= 1 ||
			find_default(facts, verdict->local.family, link->name, NULL, &unused) ||
			facts_find_uplink(facts, link->name, &verdict->local, &outside)))
		return;
	verdict->only = link;
	verdict->near = !route_hop(last->route, 0).gateway.family;
}

/* Main may know a network that the uplink's table does not know yet: a container's. */
static void find_way_by_main(const struct facts *facts, struct verdict *verdict)
{
	const struct question question = {.to = verdict->packet.remote};
	struct walked by_main = walk(&facts->walks, &question, NULL);

	find_only_way(facts, &by_main.last, verdict);
}

static void find_arrival(const struct facts *facts, struct verdict *verdict)
{
	const struct packet *packet = &verdict->packet;
	const char *said = packet->by[0] ? packet->by : packet->zone;

	verdict->arrival = verdict->holder;
	if (packet->remote.family == AF_INET && verdict->holder->up && !verdict->holder->loopback)
		find_bystanders(facts, verdict);
	find_only_way(facts, &verdict->reply.last, verdict);
	if (!verdict->only)
		find_way_by_main(facts, verdict);
	if (*said) {
		verdict->arrival = kernel_find_link(facts->kernel, said);
		verdict->reason = ARRIVES_AS_SAID;
	} else if (verdict->only) {
		verdict->arrival = verdict->only;
		verdict->reason = ARRIVES_BY_ROUTE;
	}
	if (!verdict->arrival)
		verdict->arrival = verdict->holder;
	if (verdict->arrival == verdict->holder)
		verdict->reason = ARRIVES_BY_HOLDER;
}

void verdict_begin(const struct facts *facts, const struct packet *packet, struct verdict *verdict,
	struct steps *steps, struct questions *questions)
{
	struct question reply = {.to = packet->remote, .from = prefix_host(&packet->local->prefix)};

	memcpy(reply.oif, packet->zone, sizeof(reply.oif));
	verdict->packet = *packet;
	verdict->local = reply.from;
	verdict->holder = kernel_find_link(facts->kernel, packet->local->device);
	verdict->uplink = facts_find_uplink(
		facts, packet->local->device, &packet->local->prefix, &verdict->outside);
	verdict->planned = facts_find_planned(facts, verdict->uplink);
	if (verdict->uplink && verdict->uplink->gateway.family) {
		verdict->gateway = verdict->uplink->gateway;
		verdict->has_gateway = true;
	} else {
		verdict->has_gateway = find_default(facts, reply.from.family,
			verdict->holder->name, NULL, &verdict->gateway);
	}
	verdict->reply = walk(&facts->walks, &reply, steps);
	find_arrival(facts, verdict);
	verdict->expected = verdict->arrival->loopback
		? ARRIVAL_TAKEN
		: retrace_arrival(facts, &packet->remote, &verdict->local, verdict->arrival);
	verdict->question = questions->n;
	verdict->asked = true;
	add_question(questions, &verdict->local, &packet->remote, verdict->arrival->name, "");
	add_question(questions, &packet->remote, &verdict->local, "", packet->zone);
}

void verdict_begin_own(const struct facts *facts, const struct prefix *remote,
	struct verdict *verdict, struct questions *questions)
{
	const struct question question = {.to = *remote};

	verdict->packet.remote = *remote;
	verdict->reply = walk(&facts->walks, &question, NULL);
	verdict->question = questions->n;
	verdict->asked = true;
	add_question(questions, remote, &question.from, "", "");
}

const struct prefix *verdict_next_hop(const struct verdict *verdict)
{
	return verdict->leaves.gateway.family ? &verdict->leaves.gateway : &verdict->packet.remote;
}

const struct neighbour *verdict_neighbour(const struct facts *facts, const struct verdict *verdict)
{
	return kernel_find_neighbour(
		facts->kernel, verdict->leaves.device, verdict_next_hop(verdict));
}

static bool walk_agrees(const struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	const struct hop hop = {.gateway = verdict->leaves.gateway};
	struct hop leaves = hop;

	if (verdict->leaves.error || !last->rule || last->end != STEP_ROUTE)
		return verdict->leaves.error && (!last->rule || last->end == STEP_REFUSED);
	memcpy(leaves.device, verdict->leaves.device, sizeof(leaves.device));
	/* Nexthop objects that are not expanded. */
	return !route_hop_count(last->route) || route_has_hop(last->route, &leaves);
}

bool verdict_other_turn(const struct verdict *verdict, struct hop *out)
{
	const struct step *last = &verdict->reply.last;
	size_t i;

	for (i = 0; last->end == STEP_ROUTE && last->rule && i < last->route->n; i++) {
		*out = last->route->hops[i];
		if (!out->dead && strcmp(out->device, verdict->holder->name))
			return true;
	}
	return false;
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
	if (out && out->mac[0] && neighbour && neighbour->state & NEIGHBOUR_FAILED)
		return FAULT_NEIGHBOUR;
	return FAULT_NONE;
}

static enum fault fault_of_arrival(const struct verdict *verdict)
{
	const struct answer *arrives = &verdict->arrives;
	size_t i;

	if (!verdict->holder->up || !verdict->arrival->up)
		return FAULT_DOWN;
	if (!verdict->arrival->running)
		return FAULT_CARRIER;
	if (!verdict->arrival->loopback && (arrives->error || arrives->type != ROUTE_LOCAL))
		return verdict->expected == ARRIVAL_FILTERED ? FAULT_FILTERED : FAULT_NOT_TAKEN;
	for (i = 0; i < verdict->bystanders.n && verdict->reason == ARRIVES_BY_HOLDER; i++)
		if (verdict->bystanders.items[i].answers && verdict->bystanders.items[i].refuses)
			return FAULT_CONFLICT;
	return FAULT_NONE;
}

/* Is that the NIC by which the reply should leave? */
static enum fault fault_of_device(const struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	const char *device = verdict->leaves.device;
	struct hop unused;

	if (verdict_other_turn(verdict, &unused) && last->route->n > 1 &&
		route_uses(last->route, verdict->holder->name))
		return FAULT_TURNS;
	if (verdict->only && strcmp(device, verdict->only->name))
		return verdict->near ? FAULT_UNREACHED : FAULT_NIC;
	if (!strcmp(device, verdict->holder->name))
		return FAULT_NONE;
	if (!strcmp(device, verdict->arrival->name) &&
		(verdict->reason == ARRIVES_BY_ROUTE || verdict->holder->loopback ||
			verdict->holder->noarp))
		return FAULT_NONE;
	/* The remote is a neighbour of the other NIC's, and nobody serves this one. */
	if (!verdict->leaves.gateway.family && !verdict->planned && last->route &&
		last->route->dst.len > 1 && !verdict->bystanders.n)
		return FAULT_NONE;
	return verdict->has_gateway ? FAULT_NIC : FAULT_NO_GATEWAY;
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
	enum fault fault;

	if (verdict->holder->vrf || verdict->arrival->vrf)
		return FAULT_VRF;
	fault = fault_of_arrival(verdict);
	if (!fault)
		fault = fault_of_next_hop(facts, verdict);
	if (!fault)
		fault = fault_of_device(verdict);
	if (fault)
		return fault;
	if (verdict->reply.depends)
		return FAULT_DEPENDS;
	if (verdict->firewall)
		return FAULT_FIREWALL;
	/* A neighbour is answered without one. */
	if (verdict->reason == ARRIVES_BY_HOLDER && verdict->leaves.gateway.family &&
		gateway_counts(verdict) &&
		!prefix_same_address(&verdict->leaves.gateway, &verdict->gateway) &&
		verdict->reply.last.route && verdict->reply.last.route->dst.len <= 1)
		return FAULT_GATEWAY;
	return FAULT_NONE;
}

void verdict_take_back(struct verdict *verdict, struct questions *questions)
{
	questions->n = verdict->question;
	verdict->asked = false;
}

/* What the kernel would say if it does what was retraced. */
static void assume(struct verdict *verdict)
{
	const struct step *last = &verdict->reply.last;
	struct hop hop;

	verdict->arrives.type = ROUTE_LOCAL;
	if (verdict->expected != ARRIVAL_TAKEN)
		verdict->arrives.error = EXDEV;
	if (!last->rule || last->end != STEP_ROUTE || !route_hop_count(last->route)) {
		verdict->leaves.error = ENETUNREACH;
		return;
	}
	hop = route_hop(last->route, 0);
	memcpy(verdict->leaves.device, hop.device, sizeof(hop.device));
	verdict->leaves.gateway = hop.gateway;
	verdict->leaves.table = last->route->table;
}

void verdict_finish(
	const struct facts *facts, struct verdict *verdict, const struct answer *answers)
{
	bool own = !verdict->holder;

	if (verdict->asked)
		verdict->leaves = answers[verdict->question + !own];
	if (verdict->asked && !own)
		verdict->arrives = answers[verdict->question];
	if (!verdict->asked)
		assume(verdict);
	verdict->agrees = walk_agrees(verdict);
	verdict->firewall = facts->firewall[verdict->packet.remote.family == AF_INET6];
	verdict->fault = own ? fault_of_next_hop(facts, verdict) : find_fault(facts, verdict);
}

void verdict_free(struct verdict *verdict)
{
	free(verdict->bystanders.items);
	memset(&verdict->bystanders, 0, sizeof(verdict->bystanders));
}

enum outcome verdict_outcome(const struct verdict *verdict)
{
	if (verdict->fault <= FAULT_GATEWAY)
		return OUTCOME_RIGHT;
	if (verdict->fault < FAULT_NIC)
		return OUTCOME_LOST;
	return verdict->fault < FAULT_VRF ? OUTCOME_ASTRAY : OUTCOME_UNKNOWN;
}
