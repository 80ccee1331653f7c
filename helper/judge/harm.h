/* SPDX-License-Identifier: MIT
 * What multihome sync would make worse: a cure must not. Its changes are carried out on a copy of
 * what the kernel holds, and replies are retraced there. Pure.
 */
#ifndef JUDGE_HARM_H
#define JUDGE_HARM_H

#include "judge/facts.h"

/* The first reply that would leave by another NIC than it should, and now does not: "see …", fresh.
 * NULL: none would. Once the facts are indexed. */
char *harm_find(const struct facts *facts);

#endif
