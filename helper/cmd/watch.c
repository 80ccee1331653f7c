/* SPDX-License-Identifier: MIT
 * watch: the resident, and what it does each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "sys/health.h"
#include "watch/clock.h"
#include "watch/watch.h"

enum { LINES_MAX = 20 };

/* Between two starts of one that crashes: doubled each time, until it lasts. */
enum { PAUSE_SECONDS = 1, PAUSE_SECONDS_MAX = 60, LASTS_MS = 60 * 1000 };

/* What fails so soon would fail again. */
enum { BEGINS_MS = 1000 };

struct healing {
	int pipe;
	const struct opponents *opponents;
	unsigned long long now;
};

static unsigned long long key_of(const char *words)
{
	unsigned long long hash = 0xcbf29ce484222325ULL;

	for (; *words; words++)
		hash = (hash ^ (unsigned char)*words) * 0x100000001b3ULL;
	return hash ? hash : 1;
}

/* What an opponent keeps taking away is left to him. */
static void leave_opponents(struct host *host, void *arg)
{
	const struct healing *healing = arg;
	struct ops *ops = &host->ops;
	struct text text = {0};
	size_t i, n = 0;

	for (i = 0; healing->opponents && i < ops->n; i++) {
		text.n = 0;
		op_format(&ops->items[i], &text);
		if (!opponents_leave(healing->opponents, key_of(text.bytes), healing->now))
			ops->items[n++] = ops->items[i];
	}
	if (healing->opponents)
		ops->n = n;
	text_free(&text);
}

static void send_changes(const struct host *host, const struct healing *healing)
{
	struct report report = {.kind = REPORT_CHANGE};
	struct text text = {0};
	const struct op *op;
	const char *device;
	size_t i;

	for (i = 0; i < host->ops.n; i++) {
		op = &host->ops.items[i];
		device = op->rule ? op->rule->device : op->route->device;
		text.n = 0;
		op_format(op, &text);
		if (i < LINES_MAX)
			log_notice("%s%s%s", device, *device ? ": " : "", text.bytes);
		else if (i == LINES_MAX)
			log_notice("and %zu changes more", host->ops.n - i);
		if (op->kind == OP_RULE_DELETE || op->kind == OP_ROUTE_DELETE)
			continue;
		report.key = key_of(text.bytes);
		memcpy(report.device, device, sizeof(report.device));
		strncpy(report.words, text.bytes, sizeof(report.words) - 1);
		report_send(healing->pipe, &report);
	}
	text_free(&text);
}

/* The first of its addresses that the kernel has. */
static struct prefix source_of(const struct kernel *kernel, const struct uplink *uplink)
{
	const struct address *address;
	size_t i, k;

	for (k = 0; k < uplink->addresses.n; k++)
		for (i = 0; i < kernel->addresses.n; i++) {
			address = &kernel->addresses.items[i];
			if (!strcmp(address->device, uplink->device) &&
				prefix_same_address(&address->prefix, &uplink->addresses.items[k]))
				return prefix_host(&address->prefix);
		}
	return (struct prefix){.family = 0};
}

static void send_targets(const struct host *host, const struct healing *healing)
{
	const struct planned_uplinks *uplinks = &host->plan.uplinks;
	struct report report = {.kind = REPORT_TARGET};
	struct target *target = &report.target;
	const struct planned *planned;
	const struct uplink *uplink;
	const struct link *link;
	size_t i;

	for (i = 0; i < uplinks->n; i++) {
		planned = &uplinks->items[i];
		uplink = planned->uplink;
		link = kernel_find_link(&host->kernel, uplink->device);
		if (planned->state != STATE_UP || !link || (planned->hold && !planned->edited))
			continue;
		memset(target, 0, sizeof(*target));
		memcpy(target->device, uplink->device, sizeof(target->device));
		target->index = link->index;
		target->gateway = uplink->gateway;
		target->source = source_of(&host->kernel, uplink);
		target->track = uplink->track;
		memcpy(target->remotes, uplink->remotes, sizeof(target->remotes));
		target->running = link->running;
		target->silent = link->noarp || link->tunnel;
		target->held = planned->hold != HOLD_NONE;
		report_send(healing->pipe, &report);
	}
}

static void send_all(const struct host *host, void *arg)
{
	const struct healing *healing = arg;
	struct report report = {.kind = REPORT_TIMES,
		.interval = host->config.track_interval,
		.rules = {host->config.track_down, host->config.track_up}};

	report_send(healing->pipe, &report);
	send_changes(host, healing);
	send_targets(host, healing);
	report.kind = REPORT_DONE;
	report_send(healing->pipe, &report);
}

static int heal(int pipe, const struct opponents *opponents, unsigned long long now)
{
	struct healing healing = {pipe, opponents, now};

	return reconcile_heal(!opponents, leave_opponents, send_all, &healing);
}

/* Away from the terminal and its session. 0: in the child; 1: in the parent; -1. */
static int leave_terminal(void)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid < 0 ? -1 : 1;
	setsid();
	fd = open("/dev/null", O_RDWR);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	return chdir("/") ? -1 : 0;
}

/* Starts it again whenever it crashes. Whoever wants it to end tells the resident (its number is in
 * WATCH_PID_FILE), which ends with 0 then. */
static int supervise(void)
{
	unsigned pause = PAUSE_SECONDS;
	unsigned long long began;
	int status;
	pid_t pid;

	for (;;) {
		began = clock_now();
		pid = fork();
		if (!pid)
			return watch_serve(heal);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
			(!WEXITSTATUS(status) || clock_now() - began < BEGINS_MS))
			return WEXITSTATUS(status);
		if (clock_now() - began > LASTS_MS)
			pause = PAUSE_SECONDS;
		log_error("multihome watch: ended unexpectedly; it is started again in %u seconds",
			pause);
		sleep(pause);
		pause = 2 * pause < PAUSE_SECONDS_MAX ? 2 * pause : PAUSE_SECONDS_MAX;
	}
}

int cmd_watch(const struct options *options)
{
	int pid;

	if (begin_alone(true))
		return EXIT_FAILED;
	if (options->once)
		return heal(-1, NULL, 0);
	if (!options->background)
		return watch_serve(heal) ? EXIT_FAILED : EXIT_DONE;
	pid = watch_pid();
	if (pid) {
		log_error("%s: multihome watch runs already, as process %d", WATCH_PID_FILE, pid);
		return EXIT_FAILED;
	}
	switch (leave_terminal()) {
	case 0:
		return supervise() ? EXIT_FAILED : EXIT_DONE;
	case 1:
		return EXIT_DONE;
	}
	log_error("multihome watch: %s", strerror(errno));
	return EXIT_FAILED;
}
