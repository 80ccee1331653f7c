/* SPDX-License-Identifier: MIT
 * What is said of the configuration.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/diag.h"
#include "base/line.h"

/* The message, or the one that says the same already: a line of /etc/sysconfig/network is met once
 * for every NIC. */
static struct diag *diag_add(struct diags *diags, bool refusal, const char *file, int line,
	const char *format, va_list args)
{
	struct diag *diag;
	char what[512], *line_text;
	size_t i;

	vsnprintf(what, sizeof(what), format, args);
	line_text =
		line ? mem_format("%s:%d: %s", file, line, what) : mem_format("%s: %s", file, what);
	line_make_printable(line_text);
	for (i = 0; i < diags->n; i++)
		if (!strcmp(diags->items[i].text, line_text)) {
			free(line_text);
			return &diags->items[i];
		}
	diag = array_add(diags);
	diag->refusal = refusal;
	diag->file = mem_string(file);
	diag->text = line_text;
	diags->refusals += refusal;
	return diag;
}

void diag_refuse(struct diags *diags, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_add(diags, true, file, line, format, args);
	va_end(args);
}

void diag_fail(struct diags *diags, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_add(diags, true, file, line, format, args)->failure = true;
	va_end(args);
}

void diag_notice(struct diags *diags, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_add(diags, false, file, line, format, args);
	va_end(args);
}

void diag_misspelt(struct diags *diags, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_add(diags, false, file, line, format, args)->misspelt = true;
	va_end(args);
}

void diags_cut(struct diags *diags, size_t n)
{
	struct diag *diag;

	while (diags->n > n) {
		diag = &diags->items[--diags->n];
		diags->refusals -= diag->refusal;
		free(diag->file);
		free(diag->text);
	}
}

void diags_free(struct diags *diags)
{
	diags_cut(diags, 0);
	free(diags->items);
	memset(diags, 0, sizeof(*diags));
}
