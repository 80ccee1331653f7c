/* SPDX-License-Identifier: MIT */
/* Preloaded: a kernel that calls itself what /etc/lab-release says. */
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int uname(struct utsname *name)
{
	FILE *file = fopen("/etc/lab-release", "r");
	int result = (int)syscall(SYS_uname, name);

	if (file && (!result && fscanf(file, "%64s", name->release) != 1))
		result = -1;
	if (file)
		fclose(file);
	return result;
}
