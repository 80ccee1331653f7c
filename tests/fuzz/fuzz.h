/* SPDX-License-Identifier: MIT
 * What the fuzz targets share. Each reads one input; libFuzzer makes them up (make fuzz), or
 * replay.c does (make check).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What must hold for any input; abort() is what a fuzzer counts as a fault. */
#define require(condition, sentence) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, sentence); \
			abort(); \
		} \
	} while (0)

#endif
