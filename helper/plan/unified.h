/* SPDX-License-Identifier: MIT
 * The change of a file as a unified diff (diff(1), patch(1)). Pure.
 */
#ifndef PLAN_UNIFIED_H
#define PLAN_UNIFIED_H

#include "base/array.h"

/* old NULL: the file is new; new NULL: it goes. name as it comes after a/ and b/. */
void unified_format(const char *name, const char *old, size_t old_len, const char *new,
	size_t new_len, struct text *out);

#endif
