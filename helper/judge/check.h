/* SPDX-License-Identifier: MIT
 * Does each address answer by its own NIC and gateway, and what stands in the way?
 *
 * The questions are for the kernel itself (kernel_ask.h); what follows from its answers, and from
 * all else that was seen of the host, are findings. Pure: structs in, findings out.
 *
 * Source: fib_validate_source and IN_DEV_RPFILTER (net/ipv4/fib_frontend.c, inetdevice.h), arp.c,
 * fib_rules.c of 2.6.18 to 6.x; initscripts' ifup, ifup-post, ifdown-post, EL5 to EL8.
 */
#ifndef JUDGE_CHECK_H
#define JUDGE_CHECK_H

#include "judge/finding.h"
#include "net/net.h"
#include "net/question.h"
#include "plan/diff.h"
#include "plan/plan.h"

/* The programs that initscripts, dhclient and NetworkManager run. */
enum hook_key { HOOK_PREPARE, HOOK_UP, HOOK_DOWN, HOOK_DHCP, HOOK_NETWORK_MANAGER, HOOKS };

enum hook_state {
	HOOK_CALLS,	     /* it runs multihome */
	HOOK_MISSING,	     /* not there, or a link to what is not there */
	HOOK_NOT_EXECUTABLE, /* so it is passed over */
	HOOK_SILENT	     /* somebody else's script, which does not name multihome */
};

struct hook {
	const char *path;
	const char *ours; /* the script to link or to call there; NULL: it is not installed */
	enum hook_state state;
};

/* All of it belongs to the caller. */
struct check_input {
	const struct config *config;
	const struct sources *sources;
	const struct plan *plan; /* EVENT_SYNC's */
	const struct ops *ops;
	const struct sysctls *writes; /* settings that sync would write */
	const struct diags *diags;
	const struct kernel *kernel;	/* whole */
	const struct sysctls *settings; /* of "all" and of every device */
	bool filter_needs_both;		/* before 2.6.31: all AND the device, later their maximum */
	bool forwards, forwards6;	/* the host is a router, of IPv4 or IPv6 */
	const struct hook *hooks;	/* HOOKS of them */
};

/* An address of a NIC that has or should have a gateway. */
struct asked {
	const struct address *address;
	const struct planned *planned; /* NULL: multihome does not serve it */
	const struct uplink *uplink;   /* NULL: no ifcfg file says its gateway, the kernel does */
	struct prefix gateway;	       /* family 0: on-link */
	bool outside;		       /* of the uplink's networks */
	size_t nic;		       /* the NIC's number among those asked, from 0 */
	bool right, wrong;	       /* by check_answers; neither: there is a note of it */
};

/* A NIC that may answer ARP for another one's address. */
struct flux {
	device_name device;
	const struct address *address;
	bool matters; /* the address' NIC has or should have a gateway */
};

/* What to ask: of each address its reply to afar and the arrival from there, then of each flux. */
struct inquiry {
	struct {
		struct asked *items;
		size_t n, cap;
	} asked;
	struct {
		struct flux *items;
		size_t n, cap;
	} fluxes;
	struct {
		struct question *items;
		size_t n, cap;
	} questions;
	struct prefix afar, afar6; /* behind no route but a default; nobody's */
};

void check_ask(const struct check_input *in, struct inquiry *out);
void inquiry_free(struct inquiry *inquiry);

/* answers: one for each of inquiry->questions. Adds to findings. */
void check_answers(const struct check_input *in, struct inquiry *inquiry,
	const struct answer *answers, struct findings *findings);
/* These want the answers judged before. */
void check_policies(
	const struct check_input *in, const struct inquiry *inquiry, struct findings *findings);
void check_plan(const struct check_input *in, struct findings *findings);
void check_host(
	const struct check_input *in, const struct inquiry *inquiry, struct findings *findings);

#endif
