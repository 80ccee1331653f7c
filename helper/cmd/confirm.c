/* SPDX-License-Identifier: MIT
 * sync --confirm SECONDS: applies, and takes all of it back unless `multihome confirm` comes in time.
 *
 * The whole of it is done by a process of its own, which has left the terminal: what cuts off the
 * connection that it was called over does not end it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "sys/apply.h"
#include "sys/kernel.h"
#include "sys/lock.h"
#include "sys/netfilter.h"
#include "sys/proc.h"
#include "sys/replace.h"
#include "sys/run.h"

/* --- one at a time ---------------------------------------------------------------------------- */

/* Who waits, or 0; one that was killed has lost its lock. */
static pid_t pending_process(int *seconds)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(RUN_CONFIRM, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	pid_t pid = 0;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &status) && !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK) {
		pid = lock.l_pid;
		/* Its time is when it ends. */
		*seconds = (int)(status.st_mtime - time(NULL));
	}
	close(fd);
	return pid;
}

bool confirm_is_pending(void)
{
	int seconds = 0;

	if (pending_process(&seconds) <= 0)
		return false;
	log_error("an earlier sync waits to be confirmed, or is taken back in %d seconds; expected "
		  "multihome confirm first",
		seconds > 0 ? seconds : 0);
	return true;
}

int cmd_confirm(const struct options *options)
{
	int seconds;
	pid_t pid;

	(void)options;
	if (begin(false))
		return EXIT_FAILED;
	pid = pending_process(&seconds);
	if (pid <= 0) {
		log_error("nothing waits to be confirmed");
		return EXIT_FAILED;
	}
	/* Whoever waits looks for it while he has the lock. */
	if (unlink(RUN_CONFIRM))
		return file_fail(RUN_CONFIRM, errno) ? EXIT_FAILED : EXIT_DONE;
	kill(pid, SIGTERM);
	return EXIT_DONE;
}

/* The file, locked; -1: logged. Its time of change is when the sync is taken back. */
static int claim(unsigned seconds)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const time_t end = time(NULL) + (time_t)seconds;
	const struct timeval times[2] = {{end, 0}, {end, 0}};
	int fd;

	unlink(RUN_CONFIRM);
	fd = open(RUN_CONFIRM, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0 || fcntl(fd, F_SETLK, &lock) || utimes(RUN_CONFIRM, times))
		return file_fail(RUN_CONFIRM, errno);
	return fd;
}

static bool is_confirmed(int fd)
{
	struct stat held, named;

	return fstat(fd, &held) || lstat(RUN_CONFIRM, &named) || held.st_ino != named.st_ino ||
		held.st_dev != named.st_dev;
}

/* --- taking back ------------------------------------------------------------------------------ */

static const struct route *find_replaced(const struct host *host, const struct route *route)
{
	const struct routes *routes = &host->kernel.routes;
	size_t i;

	for (i = 0; i < routes->n; i++)
		if (!route_compare_key(&routes->items[i], route))
			return &routes->items[i];
	return NULL;
}

/* What undoes the op. */
static struct op inverse(const struct host *host, const struct op *op)
{
	static const enum op_kind kinds[] = {[OP_ROUTE_ADD] = OP_ROUTE_DELETE,
		[OP_ROUTE_REPLACE] = OP_ROUTE_REPLACE,
		[OP_ROUTE_APPEND] = OP_ROUTE_DELETE,
		[OP_RULE_ADD] = OP_RULE_DELETE,
		[OP_RULE_DELETE] = OP_RULE_ADD,
		[OP_ROUTE_DELETE] = OP_ROUTE_ADD};
	struct op back = {.kind = kinds[op->kind], .route = op->route, .rule = op->rule};

	if (op->kind == OP_ROUTE_REPLACE)
		back.route = find_replaced(host, op->route);
	if (op->kind == OP_ROUTE_REPLACE && !back.route)
		back = (struct op){.kind = OP_ROUTE_DELETE, .route = op->route};
	return back;
}

/* The kernel as it is, after whatever others have done since. */
struct present {
	struct kernel kernel;
	struct index routes, rules;
};

static int routes_in_order(const void *a, const void *b)
{
	return route_compare(a, b);
}

static bool is_done_already(const struct present *now, const struct op *op)
{
	const bool deletes = op->kind == OP_RULE_DELETE || op->kind == OP_ROUTE_DELETE;
	const bool there = op->rule ? index_find(&now->rules, op->rule) != NULL
				    : index_find(&now->routes, op->route) != NULL;

	return there != deletes;
}

static void take_back_ops(const struct host *host, const struct present *now)
{
	struct ops ops = {NULL, 0, 0};
	struct op op;
	int *errors;
	size_t i;

	for (i = host->errors ? host->ops.n : 0; i-- > 0;) {
		op = inverse(host, &host->ops.items[i]);
		if (!host->errors[i] && !is_done_already(now, &op))
			*array_add(&ops) = op;
	}
	errors = mem_resize(NULL, ops.n * sizeof(*errors));
	kernel_apply(&ops, &now->kernel.links, errors);
	for (i = 0; i < ops.n; i++)
		tell_op(&ops.items[i], "taken back", errors[i]);
	free(errors);
	ops_free(&ops);
}

/* A file that somebody has edited since stays as it is. */
static void take_back_files(const struct host *host)
{
	const struct changes *changes = &host->plan.changes;
	size_t i;

	for (i = 0; i < changes->n; i++) {
		const struct change *change = &changes->items[i];
		const struct file written = {.bytes = change->bytes, .len = change->len};
		const struct change back = {.old = change->bytes ? &written : NULL,
			.name = change->name,
			.path = change->path,
			.bytes = change->old ? change->old->bytes : NULL,
			.len = change->old ? change->old->len : 0};
		const int err = change_write(&back);

		if (err == CHANGE_STALE)
			log_error("%s: was changed since sync; it stays as it is", change->path);
		else if (!err)
			log_change("%s: taken back", change->path);
	}
}

/* The record of the settings that were changed is what it was before. */
static void take_back_settings(const struct host *host)
{
	struct saves now = {0}, back = {0};
	struct index changed = {0}, unused = {0};
	struct sysctl sysctl;
	struct text text = {0};
	size_t i;

	for (i = host->changed.n; i-- > 0;) {
		sysctl = host->changed.items[i].set;
		sysctl.value = host->changed.items[i].old;
		text.n = 0;
		sysctl_format(&sysctl, &text);
		/* One that somebody has changed since is his. */
		if (sysctl_value(AF_INET, sysctl.device, sysctl_name(sysctl.key)) ==
				host->changed.items[i].set.value &&
			!sysctl_write(&sysctl))
			log_change("%s: taken back: %s", sysctl.device, text.bytes);
	}
	text_free(&text);
	if (!host->changed.n || saves_read(&now))
		return;
	index_build(&host->changed, sysctls_in_order, &changed);
	for (i = 0; i < host->saves.n; i++)
		if (index_find(&changed, &host->saves.items[i]))
			*array_add(&back) = host->saves.items[i];
	for (i = 0; i < now.n; i++)
		if (!index_find(&changed, &now.items[i]))
			*array_add(&back) = now.items[i];
	array_drop_repeated(&back, sysctls_in_order, &unused);
	saves_write(&back);
	free(unused.items);
	free(changed.items);
	free(back.items);
	free(now.items);
}

/* A rule of ours that is back is on record again; one there that is not there does no harm. */
static void take_back_record(const struct host *host)
{
	struct rules now = {0};
	struct index unused = {0};
	size_t i;

	if (record_read(&now))
		return;
	for (i = 0; host->errors && i < host->ops.n; i++)
		if (host->ops.items[i].kind == OP_RULE_DELETE && !host->errors[i])
			*array_add(&now) = *host->ops.items[i].rule;
	array_drop_repeated(&now, rules_in_order, &unused);
	record_write(&now);
	free(unused.items);
	free(now.items);
}

static const struct brought_up *find_brought_up(
	const struct brought_ups *all, const struct brought_up *key)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->items[i].device, key->device) &&
			!strcmp(all->items[i].file, key->file))
			return &all->items[i];
	return NULL;
}

static void add_brought_up(struct brought_ups *all, const struct brought_up *up)
{
	struct brought_up *copy = array_add(all);

	*copy = *up;
	copy->file = mem_string(up->file);
}

/* What was brought up since has its own line, and keeps it. */
static void take_back_brought_up(const struct host *host)
{
	const struct brought_ups *before = &host->brought_up, *after = &host->plan.brought_up;
	struct brought_ups now = {NULL, 0, 0}, back = {NULL, 0, 0};
	const struct brought_up *was, *became;
	size_t i;

	if (brought_up_read(&now))
		return;
	for (i = 0; i < now.n; i++) {
		was = find_brought_up(before, &now.items[i]);
		became = find_brought_up(after, &now.items[i]);
		if (!became || became->fingerprint != now.items[i].fingerprint)
			add_brought_up(&back, &now.items[i]);
		else if (was)
			add_brought_up(&back, was);
	}
	for (i = 0; i < before->n; i++)
		if (!find_brought_up(&now, &before->items[i]))
			add_brought_up(&back, &before->items[i]);
	brought_up_write(&back);
	brought_ups_free(&back);
	brought_ups_free(&now);
}

static void take_back(const struct host hosts[ROUNDS], const struct netfilter_loaded *loaded)
{
	struct present now = {.kernel = {.links = {NULL}}};
	const struct host *host;
	int round;

	if (kernel_read(false, &now.kernel))
		return;
	index_build(&now.kernel.routes, routes_in_order, &now.routes);
	index_build(&now.kernel.rules, rules_in_order, &now.rules);
	for (round = ROUNDS; round-- > 0;) {
		host = &hosts[round];
		take_back_record(host);
		take_back_files(host);
		take_back_ops(host, &now);
		take_back_settings(host);
		take_back_brought_up(host);
		if (host->knows_netfilter && !round)
			netfilter_reload(host->config.mark_mask, loaded);
	}
	kernel_flush_cache();
	free(now.routes.items);
	free(now.rules.items);
	kernel_free(&now.kernel);
	log_notice("what sync did was not confirmed, and is taken back");
}

/* --- the process that waits ------------------------------------------------------------------- */

static bool has_changed(const struct host hosts[ROUNDS])
{
	bool changed = false;
	int i;

	for (i = 0; i < ROUNDS; i++)
		changed |= hosts[i].plan.changes.n || hosts[i].ops.n || hosts[i].changed.n ||
			hosts[i].knows_netfilter;
	return changed;
}

/* Until then, or until it is told to end. */
static void wait_for_end(unsigned seconds)
{
	const unsigned long long end = clock_now() + seconds * 1000ULL;
	struct timespec left;
	unsigned long long now;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	while ((now = clock_now()) < end) {
		left.tv_sec = (time_t)((end - now) / 1000);
		left.tv_nsec = (long)((end - now) % 1000) * 1000000;
		if (sigtimedwait(&signals, NULL, &left) == SIGTERM)
			break;
	}
}

static void leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR), i;

	for (i = 0; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
	/* Or else the file system that it was called in stays busy. */
	if (chdir("/"))
		return;
}

/* Never returns. */
static void serve(const struct options *options, int answer)
{
	struct netfilter_loaded loaded = {.texts = {{0}}};
	struct host hosts[ROUNDS];
	int status = EXIT_FAILED, fd;
	sigset_t signals;

	setsid();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	memset(hosts, 0, sizeof(hosts));
	if (lock_take() || confirm_is_pending() || netfilter_recall(&loaded))
		_exit(EXIT_FAILED);
	fd = claim(options->confirm);
	if (fd < 0)
		_exit(EXIT_FAILED);
	status = reconcile(options, hosts);
	if (!has_changed(hosts)) {
		unlink(RUN_CONFIRM);
		fflush(stdout);
		_exit(status);
	}
	printf("all of this is taken back in %u seconds, unless: multihome confirm\n", options->confirm);
	fflush(stdout);
	if (write(answer, &status, sizeof(status)) < 0)
		log_error("%s", strerror(errno));
	close(answer);
	lock_release();
	leave_terminal();
	log_init(true);
	wait_for_end(options->confirm);
	if (!is_confirmed(fd) && !lock_take() && !is_confirmed(fd)) {
		take_back(hosts, &loaded);
		unlink(RUN_CONFIRM);
	}
	_exit(EXIT_DONE);
}

int confirm_sync(const struct options *options)
{
	int ends[2], status;
	pid_t pid;

	if (begin_alone(false))
		return EXIT_FAILED;
	if (pipe(ends) || (pid = fork()) < 0) {
		log_error("sync: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!pid) {
		close(ends[0]);
		serve(options, ends[1]);
	}
	close(ends[1]);
	if (read(ends[0], &status, sizeof(status)) == (ssize_t)sizeof(status))
		return status;
	/* It had nothing to do, or could not. */
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		return WEXITSTATUS(status);
	log_error("sync: ended unexpectedly");
	return EXIT_FAILED;
}
