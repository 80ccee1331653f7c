/* SPDX-License-Identifier: MIT
 * KEY=value files (ifcfg-*, network, sysconfig/multihome) read as a shell that
 * sources them would, without running anything.
 *
 * Source: bash(1) QUOTING, PARAMETERS, SHELL GRAMMAR; initscripts sources these
 * files with bash 3.2 (EL5) to 4.4 (EL8). Pure: text in, structs out.
 */
#ifndef CONF_SHVAR_H
#define CONF_SHVAR_H

#include <stdbool.h>
#include <stddef.h>

struct shvar {
	char *key;
	char *value;	  /* NULL: what only a shell could know decides it (see why) */
	const char *why;  /* NULL, or what a reader would have to run: "command substitution" … */
	const char *file; /* as given to shvar_parse, not owned */
	int line;	  /* 1-based line of the assignment, or of what decides it */
	unsigned order;	  /* private: how many records were made before this one */
	bool fixed; /* private: readonly or declared, so that assigning does more than it says */
};

struct shvars {
	struct shvar *items; /* each key once, in no promised order */
	size_t n, cap;
	/* From a line that may set any key (a sourced file, eval), or that cannot be
	 * read (a syntax error, an unterminated quote): a key that is not
	 * assigned after it is decided by it. */
	struct shvar taint; /* key: the command that does it; NULL: none */
	unsigned records;   /* private */
	bool functions;	    /* private: a command that is not known may be a function of a file */
};

/* Reads text as the file named `file` and adds its assignments to vars, so that
 * files read one after the other see each other's keys, and a later assignment
 * wins, as when a script sources them in that order. Never fails: what cannot be
 * known is recorded with the keys that it decides. */
void shvar_parse(const char *text, size_t len, const char *file, struct shvars *vars);

/* The variable, or NULL if it is unset as far as the files tell. If a taint decides
 * the key, what comes back has value NULL and the taint's file and line.
 * Owned by vars, good until the next shvar_parse or shvar_free. */
const struct shvar *shvar_find(const struct shvars *vars, const char *key);

void shvar_free(struct shvars *vars);

#endif
