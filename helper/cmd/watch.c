/* SPDX-License-Identifier: MIT
 * watch: the resident, and what it does each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "sys/health.h"
#include "watch/watch.h"

/* Between two starts of one that crashes: doubled each time, until it lasts. */
enum { PAUSE_SECONDS = 1, PAUSE_SECONDS_MAX = 60, LASTS_MS = 60 * 1000 };

/* What fails so soon would fail again. */
enum { BEGINS_MS = 1000 };

struct healing {
	int pipe;
	const struct opponents *opponents;
	unsigned long long now;
};

/* Of the object, whatever is done with it. */
static unsigned long long key_of(const struct op *op)
{
	unsigned long long hash;
	struct text text = {0};

	if (op->rule)
		rule_format(op->rule, &text);
	else
		route_format(op->route, &text);
	hash = hash_bytes(HASH_START, text.bytes, text.n);
	text_free(&text);
	return hash ? hash : 1;
}

/* What an opponent keeps taking away is left to him. */
static void leave_opponents(struct host *host, void *arg)
{
	const struct healing *healing = arg;
	struct ops *ops = &host->ops;
	size_t i, n = 0;

	if (!healing->opponents)
		return;
	for (i = 0; i < ops->n; i++)
		if (!opponents_leave(healing->opponents, key_of(&ops->items[i]), healing->now))
			ops->items[n++] = ops->items[i];
	ops->n = n;
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
		report.deleted = op->kind == OP_RULE_DELETE || op->kind == OP_ROUTE_DELETE;
		report.key = key_of(op);
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

/* Main's, of others; NULL: there is none. */
static const struct route *find_default(const struct host *host, int family)
{
	const struct routes *routes = &host->kernel.routes;
	const struct route *best = NULL, *route;
	size_t i;

	for (i = 0; i < routes->n; i++) {
		route = &routes->items[i];
		if (route->table == TABLE_MAIN && !route->dst.len && route->dst.family == family &&
			!plan_owns_route(&host->plan, route) &&
			(!best || route->metric < best->metric))
			best = route;
	}
	return best;
}

static bool leads_by(const struct route *route, const struct uplink *uplink)
{
	return route && !strcmp(route->device, uplink->device) &&
		prefix_same_address(&route->gateway, &uplink->gateway);
}

static void send_targets(const struct host *host, const struct healing *healing)
{
	const struct planned_uplinks *uplinks = &host->plan.uplinks;
	const struct route *defaults[2] = {
		find_default(host, AF_INET), find_default(host, AF_INET6)};
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
		memset(target, 0, sizeof(*target));
		target->held = planned->edited || planned->state == STATE_EDITED ||
			planned->state == STATE_REFUSED;
		if (planned->state == STATE_DOWN || !link || (planned->hold && !target->held))
			continue;
		memcpy(target->device, uplink->device, sizeof(target->device));
		target->index = link->index;
		target->gateway = uplink->gateway;
		target->source = source_of(&host->kernel, uplink);
		target->track = uplink->track;
		memcpy(target->remotes, uplink->remotes, sizeof(target->remotes));
		target->running = link->running;
		target->silent = link->noarp || link->tunnel;
		target->inet6 = uplink->inet6;
		target->has_default = leads_by(defaults[uplink->inet6], uplink);
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

/* Away from the terminal, its session, and all that the caller has open. 0: in the child; its
 * number: in the parent; -1. */
static pid_t leave_terminal(void)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	setsid();
	for (fd = (int)sysconf(_SC_OPEN_MAX); fd-- > 0;)
		close(fd);
	fd = open("/dev/null", O_RDWR);
	if (fd != STDIN_FILENO || dup(fd) < 0 || dup(fd) < 0 || chdir("/"))
		_exit(EXIT_FAILED);
	return 0;
}

/* Until the resident is there, or has failed. */
static int wait_for_begin(pid_t supervisor)
{
	const struct timespec pause = {0, 10 * 1000 * 1000};
	int tries, status;

	for (tries = 0; tries < BEGINS_MS / 10; tries++) {
		if (waitpid(supervisor, &status, WNOHANG) == supervisor)
			return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
		if (watch_pid() > 0)
			return EXIT_DONE;
		nanosleep(&pause, NULL);
	}
	return EXIT_DONE;
}

/* Starts it again whenever it crashes. Whoever wants it to end tells the resident (its number is in
 * WATCH_PID_FILE), which ends with 0 then; or removes that file. */
static int supervise(void)
{
	unsigned pause = PAUSE_SECONDS;
	unsigned long long began;
	bool first = true;
	int status;
	pid_t pid;

	for (;; first = false) {
		began = clock_now();
		pid = fork();
		if (!pid)
			return watch_serve(heal);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
			(!WEXITSTATUS(status) || (first && clock_now() - began < BEGINS_MS)))
			return WEXITSTATUS(status);
		if (clock_now() - began > LASTS_MS)
			pause = PAUSE_SECONDS;
		log_error("watch: ended unexpectedly; it is started again in %u seconds",
			pause);
		sleep(pause);
		if (access(WATCH_PID_FILE, F_OK))
			return EXIT_DONE;
		pause = 2 * pause < PAUSE_SECONDS_MAX ? 2 * pause : PAUSE_SECONDS_MAX;
	}
}

int cmd_watch(const struct options *options)
{
	pid_t pid;

	if (begin_alone(true))
		return EXIT_FAILED;
	if (options->once)
		return heal(-1, NULL, 0);
	if (!options->background)
		return watch_serve(heal) ? EXIT_FAILED : EXIT_DONE;
	pid = leave_terminal();
	if (!pid)
		return supervise() ? EXIT_FAILED : EXIT_DONE;
	if (pid > 0)
		return wait_for_begin(pid);
	log_error("watch: %s", strerror(errno));
	return EXIT_FAILED;
}
