/* SPDX-License-Identifier: MIT
 * Preloaded into the program: makes one allocation fail, or spoils one message of netlink.
 *
 * FAULT=KIND:NTH[:ERRNO], counted from where the program asks who it is (geteuid), since what
 * comes before is the loader's:
 *   alloc     the allocation fails
 *   lost      what is sent does not reach the kernel
 *   intr      what is received says that the dump was interrupted; NTH 0: each one
 *   garbage   what is received is noise
 *   cut       half of what is received is gone
 *   error     what is received is the kernel's refusal, ERRNO
 *   hurry     no pause is taken (NTH is of no meaning)
 *   ending    what is received says at its end that the dump failed by ERRNO, if it has an end
 * FAULT_COUNTS=FILE: how many allocations, sends and receptions there were goes there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char kind[16], counts_path[256];
static unsigned nth, error_number;
static bool counting;
static unsigned allocs, sends, receptions;

__attribute__((constructor)) static void begin(void)
{
	const char *fault = getenv("FAULT"), *path = getenv("FAULT_COUNTS");

	if (fault)
		sscanf(fault, "%15[a-z]:%u:%u", kind, &nth, &error_number);
	if (path)
		snprintf(counts_path, sizeof(counts_path), "%s", path);
}

__attribute__((destructor)) static void end(void)
{
	FILE *file;

	counting = false;
	file = *counts_path ? fopen(counts_path, "w") : NULL;
	if (!file)
		return;
	fprintf(file, "%u %u %u\n", allocs, sends, receptions);
	fclose(file);
}

static bool hit(const char *wanted, unsigned *count)
{
	return ++*count == nth && !strcmp(kind, wanted);
}

uid_t geteuid(void)
{
	uid_t (*real)(void);

	*(void **)&real = dlsym(RTLD_NEXT, "geteuid");
	counting = true;
	return real();
}

/* glibc's own names: dlsym may allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool alloc_fails(void)
{
	if (!counting || !hit("alloc", &allocs))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return alloc_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return alloc_fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return alloc_fails() ? NULL : __libc_realloc(old, size);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	static const struct timespec none;
	int (*real)(const struct timespec *, struct timespec *);

	*(void **)&real = dlsym(RTLD_NEXT, "nanosleep");
	return real(strcmp(kind, "hurry") ? wanted : &none, left);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int);
	size_t i, len = 0;

	*(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
	if (!hit("lost", &sends))
		return real(fd, msg, flags);
	for (i = 0; i < msg->msg_iovlen; i++)
		len += msg->msg_iov[i].iov_len;
	return (ssize_t)len;
}

/* Nobody waits for seconds here. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	static const struct timeval soon = {0, 50 * 1000};
	int (*real)(int, int, int, const void *, socklen_t);

	*(void **)&real = dlsym(RTLD_NEXT, "setsockopt");
	if (level == SOL_SOCKET && option == SO_RCVTIMEO)
		value = &soon;
	return real(fd, level, option, value, len);
}

static void refuse(struct nlmsghdr *header)
{
	struct nlmsgerr *refusal = NLMSG_DATA(header);

	header->nlmsg_type = NLMSG_ERROR;
	header->nlmsg_flags = 0;
	header->nlmsg_len = NLMSG_LENGTH(sizeof(*refusal));
	refusal->error = -(int)error_number;
	refusal->msg = *header;
}

static ssize_t spoil(char *bytes, ssize_t len)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)bytes;
	ssize_t left = len, i;

	if (!strcmp(kind, "garbage"))
		for (i = 0; i < len; i++)
			bytes[i] = (char)(i * 151 + 7);
	if (!strcmp(kind, "cut"))
		return len / 2;
	if (!strcmp(kind, "error")) {
		refuse(header);
		return (ssize_t)header->nlmsg_len;
	}
	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		if (!strcmp(kind, "intr"))
			header->nlmsg_flags |= NLM_F_DUMP_INTR;
		if (!strcmp(kind, "ending") && header->nlmsg_type == NLMSG_DONE)
			*(int *)NLMSG_DATA(header) = -(int)error_number;
	}
	return len;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int), len;

	*(void **)&real = dlsym(RTLD_NEXT, "recvmsg");
	len = real(fd, msg, flags);
	receptions++;
	if (len > 0 && strcmp(kind, "alloc") && strcmp(kind, "lost") && (!nth || receptions == nth))
		len = spoil(msg->msg_iov[0].iov_base, len);
	return len;
}
