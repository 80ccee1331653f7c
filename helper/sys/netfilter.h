/* SPDX-License-Identifier: MIT
 * Netfilter, by its own programs: nft(8) from 4.18 on, else iptables-restore(8).
 *
 * Source: nftables' and iptables' manuals; iptables-restore.c of 1.3.5 (--noflush empties a chain
 * that is named, and makes one that is not there), XTABLES_LOCKFILE of 1.4.20.
 */
#ifndef SYS_NETFILTER_H
#define SYS_NETFILTER_H

#include "plan/plan.h"

/* Did an earlier run load something? */
bool netfilter_is_on_record(void);
/* Has the kernel any table of it? */
bool netfilter_is_in_use(void);
/* What there is, and what the record says; mask: of marks that others are not to touch. Not whole: of
 * nft only if it is in use. 0, or -1: logged. To be freed with netfilter_free in any case. */
int netfilter_read(unsigned mask, bool whole, struct netfilter *out);
/* Of another host's files: which programs there are. */
void netfilter_guess(const char *root, struct netfilter *out);
/* What is to be loaded: chains are zeroed; to be freed with planned_chains_free. */
void netfilter_plan(const struct plan *plan, const struct config *config,
	const struct choices_of_source sources[2], const struct netfilter *netfilter,
	struct planned_chains chains[2]);
/* Loads it, has conntrack forget what would go astray, and writes the record. addresses: the
 * kernel's. 0, or -1: logged. */
int netfilter_apply(const struct plan *plan, const struct config *config,
	const struct choices_of_source sources[2], const struct addresses *addresses,
	struct netfilter *netfilter);
/* What was loaded last, and the record of it. */
struct netfilter_loaded {
	struct text texts[2]; /* of IPv4 and IPv6, as the backend of the record reads them */
	struct chains_record record[2];
};
/* 0, or -1: logged. */
int netfilter_recall(struct netfilter_loaded *out);
/* Loads that again, or nothing where there was nothing. 0, or -1: logged. */
int netfilter_reload(unsigned mask, const struct netfilter_loaded *loaded);
/* What the plan wants of one family. */
struct chains_wanted chains_want(const struct plan *plan, const struct config *config,
	const struct choices_of_source *sources, const struct netfilter *netfilter, bool inet6);
/* The command that reads what is to be loaded. */
const char *netfilter_command(enum backend backend, bool inet6);

#endif
