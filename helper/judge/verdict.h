/* SPDX-License-Identifier: MIT
 * What becomes of one packet and of the reply to it, as the kernel does it: where it arrives,
 * whether it is taken in, by which NIC the reply leaves, and whether that is right.
 *
 * The steps are retraced (net/walk), and the kernel is asked the same (RTM_GETROUTE): where the two
 * differ, the kernel's word counts. Pure.
 *
 * Source: ip_route_input_slow (net/ipv4/route.c), fib_validate_source (net/ipv4/fib_frontend.c),
 * arp_process and arp_ignore (net/ipv4/arp.c), 2.6.18 to 6.x.
 */
#ifndef JUDGE_VERDICT_H
#define JUDGE_VERDICT_H

#include "judge/facts.h"

struct packet {
	struct prefix remote;
	bool anybody; /* the remote stands for all that are beyond the gateways */
	const struct address *local; /* whose link is there */
	device_name by;	  /* the device that it is said to arrive by; "": not said */
	device_name zone; /* of a link-local remote: its device */
};

enum outcome { OUTCOME_RIGHT, OUTCOME_ASTRAY, OUTCOME_LOST, OUTCOME_UNKNOWN };

enum fault {
	FAULT_NONE,
	FAULT_GATEWAY, /* by the right NIC, through another gateway than its own */
	/* Lost: */
	FAULT_DOWN,
	FAULT_CARRIER,	/* of the NIC by which it arrives */
	FAULT_FILTERED, /* by the reverse-path filter */
	FAULT_NOT_TAKEN, /* on arrival, for another reason */
	FAULT_ARP,	/* no NIC answers ARP for the address */
	FAULT_CONFLICT, /* when it arrives by another NIC that answers ARP for the address */
	FAULT_NO_ROUTE,
	FAULT_REFUSED,	     /* by a rule or a route that refuses */
	FAULT_REPLY_CARRIER, /* of the NIC by which the reply leaves */
	FAULT_NEIGHBOUR,     /* the next hop does not answer ARP or NDP */
	FAULT_DEAD,	     /* watch gets no answer by the uplink by which the reply leaves */
	/* Astray: */
	FAULT_NIC,
	FAULT_NO_GATEWAY, /* by another NIC, and its own has no gateway to go by */
	FAULT_TURNS,	  /* by several NICs in turn */
	/* Not to be known from here: */
	FAULT_VRF,
	FAULT_ARRIVAL, /* by which NIC it arrives */
	FAULT_PROXY,   /* whether a router answers ARP for the remote, as there is no gateway */
	FAULT_DEPENDS, /* on a mark, a port, a user or a TOS */
	FAULT_FIREWALL
};

/* Why it is taken to arrive by a NIC that does not have the address. */
enum arrival_reason {
	ARRIVES_BY_HOLDER, /* it does have it */
	ARRIVES_AS_SAID,
	ARRIVES_BY_ROUTE, /* it alone leads to the remote */
	ARRIVES_BY_NETWORK, /* it is in its network */
	ARRIVES_BY_ARP,	  /* the one that has it does not answer ARP for it, this one does */
	ARRIVES_BY_MASTER /* the one that has it is a port of this one */
};

/* Another NIC of the network that the address lies in, by which a neighbour may send the packet. */
struct bystander {
	const struct link *link;
	struct prefix net;
	bool answers; /* ARP requests for the address */
	bool refuses; /* the packet, when it arrives by it */
	/* By which replies to who asks leave by it, so that it answers even with arp_filter; NULL:
	 * by none that is known. */
	const struct route *back;
};

struct bystanders {
	struct bystander *items;
	size_t n, cap;
};

struct verdict {
	struct packet packet;
	struct prefix local; /* the address alone; of the host's own traffic family 0 */
	const struct link *holder;
	const struct uplink *uplink;   /* NULL: no file makes it one */
	const struct planned *planned; /* NULL: multihome does not serve it */
	bool outside;		       /* the address is in no network of the uplink's files */
	struct prefix gateway; /* the holder's, by its file or a default route; family 0: none */
	bool has_gateway;      /* there is one, or a default by the device alone */

	const struct link *arrival;
	enum arrival_reason reason;
	struct bystanders bystanders;
	bool guessed;	 /* by which NIC it arrives */
	bool by_source; /* of the host's own traffic: it leaves from some of its addresses only */
	bool away;	 /* the address is in networks of other NICs only */
	bool routed;	 /* it is in none: routers know the NIC that they send it to */
	bool unanswered; /* it is in a NIC's network, and no NIC answers ARP for it */
	/* Who asks for its MAC on the holder and is refused, by rp_filter; family 0: nobody is. */
	struct prefix refused;
	enum arrival expected; /* what the walk says of the arrival */
	struct walked reply;
	/* Of the host's own traffic: that of a connection, which asks again for the address that it has
	 * taken. */
	struct walked again;
	bool by_address; /* that one is refused, and not what is sent without one */
	size_t question; /* of the arrival; that of the reply is the next one; several may share it */

	/* verdict_finish */
	struct answer arrives, leaves;
	bool agrees; /* the walk and the kernel, of the reply */
	enum fault fault;
	enum firewall firewall; /* of the packet's family */
};

struct verdicts {
	struct verdict *items;
	size_t n, cap;
};

struct questions {
	struct question *items;
	size_t n, cap;
};

/* Retraces the packet and adds what is to be asked of the kernel. verdict is zeroed; to be freed
 * with verdict_free. steps: as of walk. */
void verdict_begin(const struct facts *facts, const struct packet *packet, struct verdict *verdict,
	struct steps *steps, struct questions *questions);
/* answers: to all questions. */
void verdict_finish(
	const struct facts *facts, struct verdict *verdict, const struct answer *answers);
void verdict_free(struct verdict *verdict);
void verdicts_free(struct verdicts *verdicts);

enum outcome verdict_outcome(const struct verdict *verdict);
/* Astray or lost? */
bool verdict_is_bad(const struct verdict *verdict);
/* Is the address a service's, on lo or a dummy, and so no NIC's? */
bool verdict_is_service(const struct facts *facts, const struct verdict *verdict);
/* The next hop of the reply: the gateway, or the remote itself. */
const struct prefix *verdict_next_hop(const struct verdict *verdict);
/* Of routes that the kernel takes in turn the filter looks at the first alone (fib_validate_source).
 * Does the reply leave by another device? out: the first one's hop. */
bool verdict_filter_differs(const struct verdict *verdict, struct hop *out);
/* NULL: nothing is known of it. */
const struct neighbour *verdict_neighbour(
	const struct facts *facts, const struct verdict *verdict);
/* May the device ask for the MAC of its gateway from an address of another network than the
 * gateway's, an alias's, to which the router need not answer? It may answer the other addresses
 * then. One in none of the device's networks is asked from any. */
bool verdict_asks_from_elsewhere(
	const struct facts *facts, const char *device, const struct prefix *gateway);
/* Does the kernel differ as it takes the packet that it is asked about for one of UDP, and of root's,
 * and there is a rule for such? */
bool verdict_asks_of_another(const struct verdict *verdict);
/* Does the reply leave by one of several next hops in turn? */
bool verdict_turns(const struct verdict *verdict);
/* The first of them by another NIC than the holder. */
bool verdict_other_turn(
	const struct facts *facts, const struct verdict *verdict, struct hop *out);

/* Which NIC carries what the host itself sends to the remote, and does it leave once an address of
 * its own is chosen? Lost: verdict->fault is FAULT_NO_ROUTE, FAULT_REFUSED, FAULT_REPLY_CARRIER or FAULT_NEIGHBOUR. */
void verdict_begin_own(const struct facts *facts, const struct prefix *remote,
	struct verdict *verdict, struct questions *questions);

#endif
