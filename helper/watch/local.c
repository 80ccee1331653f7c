/* SPDX-License-Identifier: MIT
 * /sbin/multihome-local.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "watch/local.h"

static const char path[] = "/sbin/multihome-local";

enum { PATIENCE_MS = 30 * 1000 };

void local_add(struct local *local, const char *device, bool up, const char *reason)
{
	struct local_call *call;

	if (access(path, X_OK))
		return;
	if (local->n == LOCAL_WAITING)
		memmove(&local->waiting[0], &local->waiting[1],
			--local->n * sizeof(local->waiting[0]));
	call = &local->waiting[local->n++];
	memcpy(call->device, device, sizeof(call->device));
	call->up = up;
	snprintf(call->reason, sizeof(call->reason), "%s", reason);
}

static void run(const struct local_call *call)
{
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	setsid();
	for (fd = STDERR_FILENO + 1; fd < 64; fd++)
		close(fd);
	setenv("PATH", "/sbin:/usr/sbin:/bin:/usr/bin", 1);
	execl(path, path, call->device, call->up ? "up" : "down", call->reason, (char *)NULL);
	_exit(127);
}

unsigned long long local_step(struct local *local, unsigned long long now)
{
	if (local->pid && waitpid(local->pid, NULL, WNOHANG) == local->pid)
		local->pid = 0;
	if (local->pid && now >= local->deadline) {
		log_error("%s: takes more than %d seconds; killed", path, PATIENCE_MS / 1000);
		kill(-local->pid, SIGKILL);
		local->deadline = now + PATIENCE_MS;
	}
	if (!local->pid && local->n) {
		local->pid = fork();
		if (!local->pid)
			run(&local->waiting[0]);
		if (local->pid < 0)
			local->pid = 0;
		local->deadline = now + PATIENCE_MS;
		memmove(&local->waiting[0], &local->waiting[1],
			--local->n * sizeof(local->waiting[0]));
	}
	return local->pid ? local->deadline : 0;
}
