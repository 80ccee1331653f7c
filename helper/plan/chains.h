/* SPDX-License-Identifier: MIT
 * What netfilter holds for CONNMARK= and UDP_PORTS=: what it is to hold, in the words of nft(8) or
 * of iptables-restore(8), and what is read of their listings.
 *
 * Pure. iptables' words are those of 1.3.5 (EL5): no negation, -m state. nft's are those of 0.9
 * (EL8); a table of our own a family, of which others take no notice.
 */
#ifndef PLAN_CHAINS_H
#define PLAN_CHAINS_H

#include <stdbool.h>

#include "base/array.h"
#include "base/prefix.h"
#include "conf/uplink.h"
#include "net/net.h"

/* nft's, in each family. */
#define NETFILTER_TABLE "multihome"

enum backend { BACKEND_NONE, BACKEND_IPTABLES, BACKEND_NFT, BACKENDS };

/* An uplink whose connections are marked. */
struct marked {
	const struct uplink *uplink;
	unsigned table, mark;
	bool takes_rest; /* the first of its device and family: all that is for no other's address */
};

struct markeds {
	struct marked *items;
	size_t n, cap;
};

/* Where iptables jumps from into chains of ours. */
enum jump { JUMP_MARK, JUMP_MARK_OUTPUT, JUMP_UDP, JUMPS };

/* What there is of ours of one family and backend. */
struct chains {
	struct text ours;    /* as it is listed, without counters */
	bool foreign;	     /* it has our name, and is somebody else's */
	/* iptables: */
	unsigned jumps[JUMPS]; /* how many there are */
	bool overtaken[JUMPS]; /* something of others is before that of marks, or behind that of nat */
	bool mark;	     /* the chain of marks is there */
	struct text in_nat;  /* those in nat, a line each */
	struct text tables;  /* that have chains: " mangle nat " */
};

/* What the host sends there without a source of its own has that one: all that a server of UDP
 * answers which is bound to no address. */
struct choice_of_source {
	struct prefix to, source;
};

struct choices_of_source {
	struct choice_of_source *items;
	size_t n, cap;
};

/* An address there, to ask the kernel for, that no longer one of these prefixes has. */
struct prefix source_probe(const struct prefix *to, const struct prefixes *all);
/* The longest prefixes first, without those that a shorter one says as well. */
void sources_arrange(struct choices_of_source *choices);

/* Family 0: nobody knows. */
struct prefix source_choose(const struct choices_of_source *choices, const struct prefix *to);

/* What was loaded last, and what the listing was then: each a hash, 0: nothing. */
struct chains_record {
	enum backend backend;
	unsigned long long loaded, listed;
};

/* IPv4's and IPv6's. */
struct netfilter {
	enum backend backend;
	bool unseen; /* only root may look */
	bool lacks[2];	 /* that family's programs are not there */
	bool lacks_nat6; /* IPv6 has none before 3.7 */
	struct chains chains[BACKENDS][2];
	struct chains_record record[2];
	bool changed;	 /* by this run */
	char *overlap;	 /* the first line of others that looks at our bits of a mark, or NULL */
	char *published; /* the first that leads on to another host what comes in, or NULL */
};

/* Takes a whole listing apart: of `iptables-save` or `ip6tables-save`, of `nft list ruleset`. The
 * latter comes last: it has the former's tables, too, and not all of their words. */
void chains_read_nft(const char *listing, unsigned mask, struct netfilter *out);
void chains_read_iptables(const char *listing, bool inet6, unsigned mask, struct netfilter *out);
void netfilter_free(struct netfilter *netfilter);
/* For the record; 0: nothing. */
unsigned long long chains_hash(const struct text *text);

bool ports_have(const struct port_ranges *ports, unsigned short port);

/* What is wanted of one family. */
struct chains_wanted {
	const struct markeds *markeds;
	unsigned mask;
	const struct port_ranges *udp_ports;
	const struct choices_of_source *sources;
	const struct prefixes *locals; /* that servers may be asked at */
	bool inet6, nat;
};

/* What is to be loaded; nothing, where nothing is wanted and nothing is there. seen NULL: as if
 * nothing were there. */
void chains_format(const struct chains_wanted *wanted, enum backend backend,
	const struct chains *seen, struct text *out);

/* A connection of UDP that conntrack knows, as it came. */
struct flow {
	struct prefix from, to;
	unsigned short from_port, port; /* it came from, and for */
	struct prefix answers; /* who answers, behind what is translated */
	unsigned short answered_port; /* from_port, as who answers sees it */
	unsigned mark;
};

/* Would its next packet go another way, or be led on to another address, if conntrack did not know
 * it? addresses: the kernel's. */
bool chains_is_stale(const struct chains_wanted *wanted, const struct addresses *addresses,
	const struct flow *flow);

/* What is to be loaded, of one family: for the backend, and to take away what another one has. */
struct planned_chains {
	struct text texts[BACKENDS]; /* empty: all is as it should be */
	unsigned long long hash;     /* of what is wanted, for the record; 0: nothing */
};

/* Loaded anew whenever what is wanted, or what is listed, is not what it was. To be freed with
 * planned_chains_free. */
void chains_plan(const struct chains_wanted *wanted, const struct netfilter *netfilter,
	struct planned_chains *out);
bool chains_has_work(const struct planned_chains *chains);
void planned_chains_free(struct planned_chains *chains);

#endif
