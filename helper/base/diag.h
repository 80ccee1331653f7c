/* SPDX-License-Identifier: MIT
 * What is said of the configuration: FILE:LINE: what is wrong and what is expected.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

struct diag {
	bool refusal; /* else a notice: all goes on */
	bool misspelt; /* a notice on a key that somebody meant to set, and did not */
	bool failure; /* the file could not be read: nothing is wrong with what it says */
	char *file;   /* the file, or the device, that it is about */
	char *text;   /* "FILE:LINE: what" or "DEVICE: what" */
};

struct diags {
	struct diag *items;
	size_t n, cap;
	size_t refusals;
};

void diag_refuse(struct diags *diags, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A refusal, because the file could not be read. */
void diag_fail(struct diags *diags, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void diag_notice(struct diags *diags, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A notice on a key that somebody meant to set, it seems, and did not. */
void diag_misspelt(struct diags *diags, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Forgets all but the first n. */
void diags_cut(struct diags *diags, size_t n);
void diags_free(struct diags *diags);

#endif
