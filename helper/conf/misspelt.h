/* SPDX-License-Identifier: MIT
 * Keys of ifcfg files that are one letter from one that decides how a NIC answers. Pure.
 */
#ifndef CONF_MISSPELT_H
#define CONF_MISSPELT_H

#include "base/diag.h"
#include "conf/shvar.h"

/* A notice for each of them that the file of that path has. */
void misspelt_note(const struct shvars *vars, const char *path, struct diags *diags);
/* Is it, as it is, a key of ifcfg files that counts, with a number or without? */
bool misspelt_knows(const char *word);

#endif
