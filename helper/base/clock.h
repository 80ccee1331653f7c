/* SPDX-License-Identifier: MIT
 * The monotonic clock, which nobody sets.
 *
 * Source: clock_gettime(2), by its number: before glibc 2.17 it is in a library of its own.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds since some time in the past. */
static inline unsigned long long clock_now(void)
{
	struct timespec now = {0, 0};

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000;
}

#endif
