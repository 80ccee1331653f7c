/* SPDX-License-Identifier: MIT
 * What the parts of check share; nobody else includes this.
 */
#ifndef JUDGE_CHECK_PARTS_H
#define JUDGE_CHECK_PARTS_H

#include "judge/check.h"

/* check_view.c */
/* Would the rule be tried on what the host itself sends from the one to the other? Not known of a
 * rule that looks at ports or users: no. */
bool check_matches(const struct rule *rule, const struct prefix *from, const struct prefix *to);
/* Has the table a route to the address of that length or longer? */
bool check_leads_to(
	const struct kernel *kernel, unsigned table, const struct prefix *to, unsigned min_length);
bool check_is_empty(const struct kernel *kernel, unsigned table, int family);
/* The rule that has the last word; NULL: none has. lapsed: one for addresses of the host that came
 * before it and whose table had no route, if possible one to the table; or NULL. */
const struct rule *check_decider(const struct kernel *kernel, const struct prefix *from,
	const struct prefix *to, unsigned table, const struct rule **lapsed);
/* Is it a rule of ours, and is it one that the plan wants? */
bool check_is_owned(const struct check_input *in, const struct rule *rule);
bool check_is_wanted(const struct check_input *in, const struct rule *rule);
/* Would sync do anything at all? */
bool check_sync_has_work(const struct check_input *in);
/* Has multihome been put to work here? Until then nothing of its own is missing. */
bool check_is_in_use(const struct check_input *in);
/* Has the file KEY=no? */
bool check_says_no(const struct file *file, const char *key);
/* The lowest tables of TABLE_RANGE that nobody uses: the one for the nth NIC; 0: none. */
unsigned check_free_table(const struct check_input *in, size_t nth);
/* Cures: "run ip rule del …", and "run ip route add default …" for the rule's table. */
char *check_deletion(const struct rule *rule);
char *check_refill(const struct rule *rule, const struct asked *asked);

/* check_cures.c */
/* One address with what the kernel said of it. */
struct judged {
	const struct check_input *in;
	struct asked *asked;
	const struct prefix *afar;
	const struct answer *reply, *arrival;
	const struct rule *decider, *lapsed; /* see check_decider */
	enum finding_kind kind;
};

/* That of the uplink; 0 if multihome does not serve it. */
unsigned judged_table(const struct judged *judged);
bool judged_nic_right(const struct judged *judged);
bool judged_gateway_right(const struct judged *judged);
bool judged_rule_leads_to(const struct judged *judged, unsigned table);
/* Is it a rule to the uplink's own table that led nowhere, or one that somebody made for a NIC
 * that multihome does not serve? */
bool judged_has_lapsed(const struct judged *judged);
const struct profile *judged_profile(const struct judged *judged);
char *judged_cure(const struct judged *judged);

#endif
