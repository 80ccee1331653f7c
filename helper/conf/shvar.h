/* SPDX-License-Identifier: MIT
 * KEY=value files (ifcfg-*, network, sysconfig/multihome) read as a shell that
 * sources them would, without running anything.
 *
 * Source: bash(1) QUOTING, PARAMETERS, SHELL GRAMMAR; initscripts source these
 * files with bash 3.2 (EL5) to 4.4 (EL8). Pure: text in, structs out.
 *
 * Assignments, quotes, $KEY of earlier keys, comments and plain commands are read exactly as
 * bash reads them. At a line that is more than that (if, case, a function …) the reader stops
 * following: the keys that the rest of the file names are unknown from there on, and all keys
 * if the rest may assign keys that it does not name (eval, a sourced file …).
 */
#ifndef CONF_SHVAR_H
#define CONF_SHVAR_H

#include <stdbool.h>
#include <stddef.h>

enum { SHVAR_BUCKETS = 128 };

struct shvar {
	char *key;
	char *value;	  /* NULL: what only a shell could know decides it (see why) */
	const char *why;  /* NULL, or the reason: "command substitution" … */
	bool unfollowed;  /* only a shell can follow the line, and what comes after it */
	bool unread;	  /* why is an error at the line, at which a shell ends the file */
	const char *file; /* as given to shvar_parse, not owned */
	int line;	  /* 1-based line of the assignment, or of what decides it */
	unsigned next;	  /* private: the earlier record of the same bucket, plus 1 */
};

struct shvars {
	/* One for each assignment, in the order of the files: the last one of a key counts. */
	struct shvar *items;
	size_t n, cap;
	/* KEY = value or KEY= value, by which bash runs a command and assigns nothing. Of each only key,
	 * file and line. */
	struct {
		struct shvar *items;
		size_t n, cap;
	} spaced;
	struct shvar any;		 /* why: NULL, or any key may have been assigned */
	struct shvar error;		 /* why: NULL, or the error at which bash ended a file */
	bool functions;			 /* private: files may have defined some */
	size_t expanded;		 /* private: bytes that variables were replaced by */
	unsigned buckets[SHVAR_BUCKETS]; /* private: the last record of each, plus 1 */
};

/* Reads text (NULL: there is no such file) as the file named `file` and adds its assignments to
 * vars, so that files read one after the other see each other's keys, and a later assignment wins,
 * as when a script sources them in that order. Never fails: what cannot be known is recorded with
 * the keys that it decides. */
void shvar_parse(const char *text, size_t len, const char *file, struct shvars *vars);

/* The variable, or NULL if it is unset as far as the files tell. Owned by vars, good until the
 * next shvar_parse or shvar_free. */
const struct shvar *shvar_find(const struct shvars *vars, const char *key);

/* The variable's value, or NULL if it is unset, empty or not known. */
const char *shvar_value(const struct shvars *vars, const char *key);

void shvar_free(struct shvars *vars);

#endif
