/* SPDX-License-Identifier: MIT
 * Everything on the host that is wrong, or worth to be known: each address with what becomes of a
 * packet to it (verdict), the host's own traffic, rules, files, settings, hooks. Pure.
 *
 * Source: initscripts' ifup, ifup-post, ifdown-post, EL5 to EL8; fib_rules.c of 2.6.18 to 6.x.
 */
#ifndef JUDGE_CHECK_H
#define JUDGE_CHECK_H

#include "judge/findings.h"
#include "judge/verdict.h"

/* The verdicts on all addresses that have or need a gateway, asked from afar. */
struct check {
	struct verdicts verdicts;
	struct verdict own[2]; /* on the host's own traffic, IPv4 and IPv6 */
	struct questions questions;
};

/* Zeroed; to be freed with check_free. questions: what the kernel is to be asked. */
void check_begin(const struct facts *facts, struct check *check);
void check_finish(const struct facts *facts, struct check *check, const struct answer *answers,
	struct findings *findings);
void check_free(struct check *check);

/* Without the kernel: what files alone tell. */
void check_files(const struct facts *facts, struct findings *findings);

/* Did it look at addresses at all, or at files alone? */
bool check_has_asked(const struct check *check);

/* Addresses that have a gateway, and how many of them are answered by their own NIC, as far as a
 * firewall lets them, and how many are lost. */
struct tally {
	size_t nics, addresses, right, lost;
};

struct tally check_count(const struct facts *facts, const struct check *check);
/* If nothing is wrong: "3 addresses of 2 NICs answer by their own NIC", or what was looked at. */
void check_summary(const struct facts *facts, const struct check *check, struct text *out);

#endif
