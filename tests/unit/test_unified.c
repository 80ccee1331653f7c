/* SPDX-License-Identifier: MIT
 * Unified diffs, as patch(1) takes them.
 */
#include "tap.h"
#include "plan/unified.h"

static void check(const char *old, const char *new, const char *want, const char *name)
{
	struct text out = {0};

	unified_format("f", old, old ? strlen(old) : 0, new, new ? strlen(new) : 0, &out);
	is(out.bytes, want, name);
	text_free(&out);
}

int main(void)
{
	check(NULL, "a\n", "--- /dev/null\n+++ b/f\n@@ -0,0 +1,1 @@\n+a\n", "a new file");
	check("a\n", NULL, "--- a/f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n", "a file that goes");
	check("1\n2\n3\n4\n5\n", "1\n2\n3\n4\nx\n5\n",
		"--- a/f\n+++ b/f\n@@ -2,4 +2,5 @@\n 2\n 3\n 4\n+x\n 5\n",
		"three lines of context");
	check("a\nb", "x\nb",
		"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-a\n+x\n b\n"
		"\\ No newline at end of file\n",
		"no newline at the end");
	return tap_done();
}
