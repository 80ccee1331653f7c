/* SPDX-License-Identifier: MIT
 * Makes a seed for fuzz_netlink of what the kernel answers a program.
 *
 * cc -shared -fPIC -o record.so tests/fuzz/record.c
 * RECORD=FILE LD_PRELOAD=./record.so multihome plan
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*next)(int, struct msghdr *, int);
	ssize_t len;
	FILE *file;

	*(void **)&next = dlsym(RTLD_NEXT, "recvmsg");
	len = next(fd, msg, flags);
	file = getenv("RECORD") ? fopen(getenv("RECORD"), "a") : NULL;
	if (!file)
		return len;
	if (len > 0 && !(flags & MSG_PEEK)) {
		fputc((int)(len & 255), file);
		fputc((int)(len >> 8), file);
		fwrite(msg->msg_iov->iov_base, 1, (size_t)len, file);
	}
	fclose(file);
	return len;
}
