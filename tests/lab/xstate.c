/* SPDX-License-Identifier: MIT */
/*
 * For a user-mode kernel on a processor whose state is larger than it knows, as that with AMX is.
 *
 * linux.uml of Debian 12 gives back as much of a process's XSAVE area as it has room for, and
 * ptrace takes a whole one only (EFAULT by xstateregs_set, arch/x86/kernel/fpu/regset.c), so no
 * process starts. Preloaded, this adds the rest, as the process has it.
 */
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long set_whole(long pid, void *kind, const struct iovec *part)
{
	static char area[1 << 16];
	struct iovec whole = { area, sizeof(area) };

	if (syscall(SYS_ptrace, (long)PTRACE_GETREGSET, pid, kind, &whole) < 0)
		return -1;
	memcpy(area, part->iov_base, part->iov_len < whole.iov_len ? part->iov_len : whole.iov_len);
	return syscall(SYS_ptrace, (long)PTRACE_SETREGSET, pid, kind, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	long pid, word, result;
	void *address, *data;

	va_start(arguments, request);
	pid = va_arg(arguments, pid_t);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
		return set_whole(pid, address, data);
	/* The C library returns what these read; the kernel writes it. */
	if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA && request != PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, (long)request, pid, address, data);
	result = syscall(SYS_ptrace, (long)request, pid, address, &word);
	return result < 0 ? result : word;
}
