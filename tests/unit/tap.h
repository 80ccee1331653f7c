/* SPDX-License-Identifier: MIT
 * The least of a TAP producer: one line a check, named as a sentence of behaviour.
 */
#ifndef TAP_H
#define TAP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failures;

#define ok(condition, ...) \
	do { \
		int tap_good = !!(condition); \
		printf("%sok %d - ", tap_good ? "" : "not ", ++tap_count); \
		printf(__VA_ARGS__); \
		putchar('\n'); \
		if (!tap_good) { \
			tap_failures++; \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		} \
	} while (0)

static inline void tap_is(
	const char *got, const char *want, const char *name, const char *file, int line)
{
	int good = got && want ? !strcmp(got, want) : got == want;

	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, name);
	if (!good) {
		tap_failures++;
		printf("# %s:%d: got  %s\n# want %s\n", file, line, got ? got : "(null)",
			want ? want : "(null)");
	}
}

#define is(got, want, name) tap_is(got, want, name, __FILE__, __LINE__)

/* The plan at the end tells a test that died half-way. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures ? 1 : 0;
}

#endif
