/* SPDX-License-Identifier: MIT
 * FNV-1a, 64 bits: to tell whether two things are the same, where nobody means harm.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>

#define HASH_START 0xcbf29ce484222325ULL

/* Goes on from a hash, or from HASH_START. */
static inline unsigned long long hash_bytes(unsigned long long hash, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
