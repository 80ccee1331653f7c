/* SPDX-License-Identifier: MIT
 * One packet from afar and the reply to it, told step by step: what the kernel does, whether that
 * is right, and the cure if it is not. Pure: cmd_explain.c gathers the facts.
 *
 * Source: ip_route_input_slow (net/ipv4/route.c), fib_validate_source (net/ipv4/fib_frontend.c),
 * arp_process and arp_ignore (net/ipv4/arp.c), 2.6.18 to 6.x.
 */
#ifndef JUDGE_EXPLAIN_H
#define JUDGE_EXPLAIN_H

#include "net/trace.h"
#include "plan/plan.h"

/* net.ipv4.conf.all.rp_filter and the device's own; of a key that is not there: 0. */
struct filter {
	int all, own;
	bool both; /* before 2.6.31: it filters if both are set; later the larger one counts */
};

/* Another NIC in a network that the packet's target lies in, by which a neighbour may send it. */
struct bystander {
	device_name device;
	int arp_ignore; /* the larger one of all's and its own */
	bool answers;	/* ARP requests for the target */
	bool refuses;	/* the packet, when it arrives by it */
};

struct bystanders {
	struct bystander *items;
	size_t n, cap;
};

/* What multihome knows of the NIC that holds the target, in its family. */
struct service {
	const char *file;  /* its ifcfg file, or NULL: there is none */
	bool has_gateway;  /* the file, or its lease, names a gateway */
	bool planned;	   /* it is one of the uplinks that are served: state says how */
	bool host_enabled; /* MULTIHOME= of the host */
	enum uplink_state state;
	bool pending; /* sync would change something */
	bool off;     /* MULTIHOME=no in the file */
	bool unknown; /* the configuration cannot be read, or is refused; all else is then false */
};

/* All that explain goes by. What is pointed at is the caller's. */
struct facts {
	struct prefix remote, local;
	device_name holder;  /* the NIC that holds local */
	device_name arrival; /* the one by which the packet is taken to arrive */
	/* The holder does not answer ARP for local, and the arrival, a bystander, does. */
	bool deaf;
	bool up, carrier;	   /* the holder's */
	bool gateway;		   /* a gateway by the holder is known, to routes or to its file */
	bool neighbourless;	   /* the device of the reply has no link-layer addresses */
	struct filter filter;	   /* the arrival's; IPv4 only */
	struct answer arrives;	   /* the kernel's, to the packet */
	struct answer leaves;	   /* the kernel's, to the reply */
	const struct trace *trace; /* of the reply, which is also the reverse path */
	const struct kernel *kernel;
	struct bystanders bystanders;
	bool by_hand; /* the rule that decided is neither the kernel's nor multihome's, nor after
			 these */
	struct service service;
};

enum verdict {
	VERDICT_RIGHT,
	VERDICT_BEHIND,	    /* right by another NIC: the remote host is directly behind it */
	VERDICT_NO_GATEWAY, /* by another NIC, and the holder has no gateway to go by */
	VERDICT_ASTRAY,	    /* by another NIC than the holder */
	/* Lost. */
	VERDICT_DOWN,
	VERDICT_CARRIER,
	VERDICT_FILTERED,
	VERDICT_NOT_TAKEN, /* on arrival, for another reason than the filter */
	VERDICT_BYSTANDER, /* when a bystander gets it */
	VERDICT_NO_ROUTE,
	VERDICT_REFUSED, /* by a rule or route that says so */
	VERDICT_NEIGHBOUR
};

/* The value that counts: 0, 1 strict, 2 loose. */
int filter_value(const struct filter *filter);

enum verdict explain_verdict(const struct facts *facts);
bool verdict_is_right(enum verdict verdict);

/* What to do about it, a command or a key; nothing if it is right, or not known. */
void explain_cure(const struct facts *facts, enum verdict verdict, struct text *out);

/* The next hop that the kernel named, and what is known of it; NULL: nothing yet. */
const struct prefix *facts_next_hop(const struct facts *facts);
const struct neighbour *facts_neighbour(const struct facts *facts);
bool facts_neighbour_failed(const struct facts *facts);
/* What __fib_validate_source says, whose look-up is that of the reply. */
bool facts_pass_filter(const struct facts *facts);

/* The whole story, numbered steps and a last line that begins with "verdict". brief: only what
 * decided. */
void explain_format(const struct facts *facts, bool brief, struct text *out);

#endif
