/* SPDX-License-Identifier: MIT
 * Part of the program while its coverage is counted: where the counts go.
 *
 * libgcov asks the environment at the end, when the program has long emptied it. A lab has the
 * repository under a name of its own.
 */
#include <stdlib.h>
#include <unistd.h>

/* Those without a priority come before libgcov's. */
static void __attribute__((destructor)) say_where(void)
{
	static const char lab[] = "/run/lab/repo";

	if (!access("/run/lab/repo/" BUILD, F_OK)) {
		setenv("GCOV_PREFIX", lab, 1);
		setenv("GCOV_PREFIX_STRIP", PARTS, 1);
	}
	/* Where others than root may not write their counts are lost, and that is not to be said.
	 */
	if (geteuid())
		setenv("GCOV_ERROR_FILE", "/dev/null", 1);
}
