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

/* The first line of the file: words of one length, each of which replaces the one before. */
enum state { WAITS, CONFIRMED, TAKEN_BACK, STATES };

enum { STATE_LENGTH = 11 };

static const char *const states[STATES] = {"waits     \n", "confirmed \n", "taken back\n"};

/* Who waits, or 0; one that was killed has lost its lock. */
static pid_t pending_process(int *seconds, bool *taken_back)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(RUN_CONFIRM, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	pid_t pid = 0;
	char first;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &status) && !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK) {
		pid = lock.l_pid;
		/* Its time is when it ends. */
		*seconds = (int)(status.st_mtime - time(NULL));
		*taken_back = pread(fd, &first, 1, 0) == 1 && first == *states[TAKEN_BACK];
	}
	close(fd);
	return pid;
}

int confirm_seconds_left(void)
{
	bool taken_back;
	int seconds;

	if (pending_process(&seconds, &taken_back) <= 0)
		return 0;
	return taken_back ? -1 : seconds > 0 ? seconds : 1;
}

bool confirm_is_pending(void)
{
	const int seconds = confirm_seconds_left();

	if (seconds < 0)
		log_error("an earlier sync is being taken back; the system log says what is in its way");
	else if (seconds)
		log_error("an earlier sync waits to be confirmed, or is taken back in %d seconds; "
			  "expected multihome confirm first",
			seconds);
	else
		unlink(RUN_CONFIRM); /* of one that was killed: its tables are free */
	return seconds;
}

int cmd_confirm(const struct options *options)
{
	bool taken_back;
	int seconds;
	pid_t pid;

	(void)options;
	if (begin_alone(false) || (!access(RUN_CONFIRM, F_OK) && lock_take()))
		return EXIT_FAILED;
	pid = pending_process(&seconds, &taken_back);
	if (pid <= 0) {
		log_error("nothing waits to be confirmed");
		return EXIT_FAILED;
	}
	if (taken_back) {
		log_error("it is too late: what sync did is being taken back");
		return EXIT_FAILED;
	}
	if (confirm_end())
		return EXIT_FAILED;
	kill(pid, SIGTERM);
	return EXIT_DONE;
}

static int set_state(int fd, enum state state)
{
	return pwrite(fd, states[state], STATE_LENGTH, 0) == STATE_LENGTH ? 0
									  : file_fail(RUN_CONFIRM, errno);
}

int confirm_end(void)
{
	int fd = open(RUN_CONFIRM, O_WRONLY | O_NOFOLLOW | O_NONBLOCK), err;

	if (fd < 0)
		return errno == ENOENT ? 0 : file_fail(RUN_CONFIRM, errno);
	err = set_state(fd, CONFIRMED);
	close(fd);
	unlink(RUN_CONFIRM);
	return err;
}

/* -1: logged. */
static int make_file(void)
{
	int fd;

	unlink(RUN_CONFIRM);
	fd = open(RUN_CONFIRM, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
	return fd < 0 || set_state(fd, WAITS) ? file_fail(RUN_CONFIRM, errno) : fd;
}

/* Its time of change is when the sync is taken back. Tables that uplinks had before are for nobody
 * else until then. From here on the process must not open the file again: to close it would give up
 * the lock. */
static void announce(int fd, const struct kernel *before, unsigned seconds)
{
	const time_t end = time(NULL) + (time_t)seconds;
	const struct timeval times[2] = {{end, 0}, {end, 0}};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct text tables = {0};
	size_t i;

	text_add_string(&tables, "");
	for (i = 0; i < before->routes.n; i++)
		if (route_is_table_default(&before->routes.items[i]))
			text_format(&tables, "%u\n", before->routes.items[i].table);
	if (fcntl(fd, F_SETLK, &lock) ||
		pwrite(fd, tables.bytes, tables.n, STATE_LENGTH) != (ssize_t)tables.n ||
		utimes(RUN_CONFIRM, times))
		file_fail(RUN_CONFIRM, errno);
	text_free(&tables);
}

/* A file that somebody only removed says nothing. */
static bool is_confirmed(int fd)
{
	char first;

	return pread(fd, &first, 1, 0) == 1 && first == *states[CONFIRMED];
}

/* --- taking back: what failed is tried again, and what is done is not done twice ----------------- */

/* A file that somebody has edited since stays as it is. */
static int take_back_files(struct host *host)
{
	struct changes *changes = &host->plan.changes;
	int failures = 0, err;
	size_t i;

	for (i = 0; i < changes->n; i++) {
		struct change *change = &changes->items[i];
		const struct file written = {.bytes = change->bytes, .len = change->len};
		const struct change back = {.old = change->bytes ? &written : NULL,
			.name = change->name,
			.path = change->path,
			.bytes = change->old ? change->old->bytes : NULL,
			.len = change->old ? change->old->len : 0};

		if (!change->written)
			continue;
		err = change_write(&back);
		if (err < 0) {
			failures++;
			continue;
		}
		change->written = false;
		if (err == CHANGE_STALE)
			log_error("%s: was changed since sync; it stays as it is", change->path);
		else
			log_change("%s: taken back", change->path);
	}
	return failures;
}

static int routes_in_order(const void *a, const void *b)
{
	return route_compare(a, b);
}

/* The host as it is when it is taken back: hooks have run meanwhile. */
struct present {
	struct kernel kernel;
	struct rules record;
	struct index routes, rules; /* the kernel's */
	struct index added;	    /* rules that sync added */
};

static int present_read(const struct host *host, struct present *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	if (kernel_read(false, &out->kernel) || record_read(&out->record))
		return -1;
	index_build(&out->kernel.routes, routes_in_order, &out->routes);
	index_build(&out->kernel.rules, rules_in_order, &out->rules);
	for (i = 0; i < host->ops.n; i++)
		if (!host->errors[i] && host->ops.items[i].kind == OP_RULE_ADD)
			*array_add(&out->added) = host->ops.items[i].rule;
	index_sort(&out->added, rules_in_order);
	return 0;
}

static void present_free(struct present *present)
{
	free(present->added.items);
	free(present->routes.items);
	free(present->rules.items);
	free(present->record.items);
	kernel_free(&present->kernel);
}

/* Has the device that had the rule's table an address that the rule is for? */
static bool is_for_somebody(
	const struct host *host, const struct present *now, const struct rule *rule)
{
	const struct routes *before = &host->kernel.routes;
	const struct addresses *addresses = &now->kernel.addresses;
	const char *device = NULL;
	size_t i;

	for (i = 0; i < before->n && !device; i++)
		if (before->items[i].table == rule->table &&
			before->items[i].dst.family == rule->from.family &&
			route_is_table_default(&before->items[i]))
			device = before->items[i].device;
	for (i = 0; i < addresses->n && device; i++)
		if (!strcmp(addresses->items[i].device, device) &&
			prefix_contains(&rule->from, &addresses->items[i].prefix))
			return true;
	return !device;
}

/* A rule that sync deleted. Hooks may have given its addresses another one since, and its device may
 * have lost them. */
static bool comes_back(
	const struct host *host, const struct present *now, const struct rule *rule)
{
	const struct rule *other;
	size_t i;

	for (i = 0; i < now->record.n && rule->from.len; i++) {
		other = &now->record.items[i];
		if (!prefix_compare(&other->from, &rule->from) && rule_compare(other, rule) &&
			!index_find(&now->added, other))
			return false;
	}
	return !rule->from.len || is_for_somebody(host, now, rule);
}

static const struct route *find_replaced(const struct host *host, const struct route *route)
{
	const struct routes *routes = &host->kernel.routes;
	size_t i;

	for (i = 0; i < routes->n; i++)
		if (!route_compare_key(&routes->items[i], route))
			return &routes->items[i];
	return NULL;
}

/* False: there is nothing to undo, as somebody has changed it since. */
static bool invert(const struct host *host, const struct op *op, const struct present *now,
	struct op *out)
{
	static const enum op_kind kinds[] = {[OP_ROUTE_ADD] = OP_ROUTE_DELETE,
		[OP_ROUTE_REPLACE] = OP_ROUTE_REPLACE,
		[OP_ROUTE_APPEND] = OP_ROUTE_DELETE,
		[OP_RULE_ADD] = OP_RULE_DELETE,
		[OP_RULE_DELETE] = OP_RULE_ADD,
		[OP_ROUTE_DELETE] = OP_ROUTE_ADD};
	const bool there = op->rule ? index_find(&now->rules, op->rule) != NULL
				    : index_find(&now->routes, op->route) != NULL;

	*out = (struct op){.kind = kinds[op->kind], .route = op->route, .rule = op->rule};
	if (op->kind == OP_ROUTE_REPLACE) {
		out->route = find_replaced(host, op->route);
		if (!out->route)
			*out = (struct op){.kind = OP_ROUTE_DELETE, .route = op->route};
	}
	if (op->kind == OP_RULE_DELETE && !comes_back(host, now, op->rule))
		return false;
	return there != (op->kind == OP_RULE_DELETE || op->kind == OP_ROUTE_DELETE);
}

static int take_back_ops(const struct host *host, const struct present *now)
{
	struct ops ops = {NULL, 0, 0};
	int *errors, failures;
	struct op op;
	size_t i;

	for (i = host->ops.n; i-- > 0;)
		if (!host->errors[i] && invert(host, &host->ops.items[i], now, &op))
			*array_add(&ops) = op;
	errors = mem_resize(NULL, ops.n * sizeof(*errors));
	failures = kernel_apply(&ops, &now->kernel.links, errors) != 0;
	/* One that fails, by a device that is gone or a route of somebody else's, would do so again. */
	for (i = 0; !failures && i < ops.n; i++)
		tell_op(&ops.items[i], "taken back", errors[i]);
	kernel_flush_cache();
	free(errors);
	ops_free(&ops);
	return failures;
}

/* Rules that are back are on record again, and those that are gone no more: somebody may give one
 * like it, and that is his. */
static int take_back_record(const struct host *host, const struct present *now)
{
	const struct ops *ops = &host->ops;
	struct index recorded = {0}, unused = {0};
	struct rules back = {0};
	size_t i;
	int err;

	for (i = 0; i < ops->n; i++)
		if (!host->errors[i] && ops->items[i].kind == OP_RULE_DELETE &&
			comes_back(host, now, ops->items[i].rule))
			*array_add(&back) = *ops->items[i].rule;
	index_build(&host->recorded, rules_in_order, &recorded);
	for (i = 0; i < now->record.n; i++)
		if (!index_find(&now->added, &now->record.items[i]) ||
			index_find(&recorded, &now->record.items[i]))
			*array_add(&back) = now->record.items[i];
	array_drop_repeated(&back, rules_in_order, &unused);
	err = record_write(&back);
	free(unused.items);
	free(recorded.items);
	free(back.items);
	return err != 0;
}

static int take_back_kernel(const struct host *host)
{
	struct present now;
	int failures = 1;

	if (!host->errors)
		return 0;
	if (!present_read(host, &now))
		failures = take_back_ops(host, &now) + take_back_record(host, &now);
	present_free(&now);
	return failures;
}

/* A setting that somebody has changed since is his; the record is what it was before. */
static int take_back_settings(const struct host *host)
{
	struct saves now = {0}, back = {0};
	struct index changed = {0}, unused = {0};
	struct sysctl sysctl;
	struct text text = {0};
	int failures = 0;
	size_t i;

	if (!host->changed.n)
		return 0;
	for (i = host->changed.n; i-- > 0;) {
		sysctl = host->changed.items[i].set;
		if (sysctl_value(AF_INET, sysctl.device, sysctl_name(sysctl.key)) != sysctl.value)
			continue;
		sysctl.value = host->changed.items[i].old;
		text.n = 0;
		sysctl_format(&sysctl, &text);
		if (sysctl_write(&sysctl))
			failures++;
		else
			log_change("%s: taken back: %s", sysctl.device, text.bytes);
	}
	text_free(&text);
	if (saves_read(&now))
		return failures + 1;
	index_build(&host->changed, sysctls_in_order, &changed);
	for (i = 0; i < host->saves.n; i++)
		if (index_find(&changed, &host->saves.items[i]))
			*array_add(&back) = host->saves.items[i];
	for (i = 0; i < now.n; i++)
		if (!index_find(&changed, &now.items[i]))
			*array_add(&back) = now.items[i];
	array_drop_repeated(&back, sysctls_in_order, &unused);
	failures += saves_write(&back) != 0;
	free(unused.items);
	free(changed.items);
	free(back.items);
	free(now.items);
	return failures;
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

static void keep(struct brought_ups *all, const struct brought_up *up)
{
	brought_ups_add(all, up->device, up->file, up->fingerprint);
}

/* What was brought up since has its own line, and keeps it. What only sync had brought up waits for
 * its ifup, or for another sync: no file has this fingerprint. */
static int take_back_brought_up(const struct host *host)
{
	const struct brought_ups *before = &host->brought_up, *after = &host->plan.brought_up;
	struct brought_ups now = {NULL, 0, 0}, back = {NULL, 0, 0};
	const struct brought_up *was, *became;
	size_t i;
	int err;

	if (brought_up_read(&now))
		return 1;
	for (i = 0; i < now.n; i++) {
		was = find_brought_up(before, &now.items[i]);
		became = find_brought_up(after, &now.items[i]);
		if (!became || became->fingerprint != now.items[i].fingerprint)
			keep(&back, &now.items[i]);
		else if (was)
			keep(&back, was);
		else
			brought_ups_add(&back, now.items[i].device, now.items[i].file, 0);
	}
	for (i = 0; i < before->n; i++)
		if (!find_brought_up(&now, &before->items[i]))
			keep(&back, &before->items[i]);
	err = brought_up_write(&back);
	brought_ups_free(&back);
	brought_ups_free(&now);
	return err != 0;
}

/* Hooks and watch would do again what /etc/sysconfig/multihome says, if that is what was new. */
static int take_back_defaults(const struct host *host)
{
	struct defaults_record record = host->defaults;

	if (record.applied && record.applied != host->defaults_hash)
		record.taken_back = host->defaults_hash;
	return defaults_write(&record) != 0;
}

/* The number of things that failed. */
static int take_back(struct host hosts[ROUNDS], const struct netfilter_loaded *loaded)
{
	struct host *host;
	int round, failures = 0;

	for (round = ROUNDS; round-- > 0;) {
		host = &hosts[round];
		failures += take_back_files(host) + take_back_kernel(host) +
			take_back_settings(host) + take_back_brought_up(host);
		if (host->netfilter.changed)
			failures += netfilter_reload(host->config.mark_mask, loaded) != 0;
	}
	failures += take_back_defaults(&hosts[0]);
	if (!failures)
		log_notice("what sync did was not confirmed, and is taken back");
	return failures;
}

/* --- the process that waits ------------------------------------------------------------------- */

static bool has_changed(const struct host hosts[ROUNDS])
{
	bool changed = false;
	int i;

	for (i = 0; i < ROUNDS; i++)
		changed |= hosts[i].plan.changes.n || hosts[i].ops.n || hosts[i].changed.n ||
			hosts[i].netfilter.changed;
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
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGQUIT);
	while ((now = clock_now()) < end) {
		left.tv_sec = (time_t)((end - now) / 1000);
		left.tv_nsec = (long)((end - now) % 1000) * 1000000;
		if (sigtimedwait(&signals, NULL, &left) > 0)
			break;
	}
}

/* What fails is tried again after 1, 2, 4 … seconds: for two minutes in all. */
enum { TRIES = 8 };

/* Others get the lock meanwhile; that somebody holds it is no try. */
static void take_back_unless_confirmed(
	int fd, struct host hosts[ROUNDS], const struct netfilter_loaded *loaded)
{
	unsigned tries = 0;

	while (tries < TRIES && !is_confirmed(fd)) {
		if (lock_take()) {
			sleep(1);
			continue;
		}
		if (is_confirmed(fd))
			return;
		if (!tries)
			set_state(fd, TAKEN_BACK);
		if (!take_back(hosts, loaded))
			tries = TRIES;
		else if (++tries == TRIES)
			log_error("what sync did could not be taken back whole: what is named above stays");
		if (tries == TRIES)
			unlink(RUN_CONFIRM);
		lock_release();
		if (tries < TRIES)
			sleep(1U << (tries - 1));
	}
}

/* Away from the terminal, its session, and all that the caller has open. What is said goes to files,
 * as a terminal whose connection is gone takes nothing, and keeps who writes to it waiting. */
static void leave_terminal(FILE *const said[2], int keep)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(fileno(said[0]), STDOUT_FILENO) < 0 ||
		dup2(fileno(said[1]), STDERR_FILENO) < 0)
		_exit(EXIT_FAILED);
	files_close(keep);
	/* Or else the file system that it was called in stays busy. */
	if (chdir("/"))
		_exit(EXIT_FAILED);
}

/* Never returns. */
static void serve(const struct options *options, int answer)
{
	struct netfilter_loaded loaded = {.texts = {{0}}};
	struct host hosts[ROUNDS];
	sigset_t signals;
	int status, fd;

	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	memset(hosts, 0, sizeof(hosts));
	if (lock_take() || confirm_is_pending() || netfilter_recall(&loaded))
		_exit(EXIT_FAILED);
	fd = make_file();
	if (fd < 0)
		_exit(EXIT_FAILED);
	status = reconcile(options, hosts);
	if (!has_changed(hosts)) {
		unlink(RUN_CONFIRM);
		if (status == EXIT_DONE)
			puts("nothing was to be changed, and nothing waits to be confirmed");
		fflush(stdout);
		_exit(status);
	}
	announce(fd, &hosts[0].kernel, options->confirm);
	printf("all of this is taken back in %u seconds, unless: multihome confirm\n", options->confirm);
	fflush(stdout);
	if (write(answer, &status, sizeof(status)) < 0)
		log_error("sync: %s", strerror(errno));
	close(answer);
	lock_release();
	log_init(true);
	wait_for_end(options->confirm);
	take_back_unless_confirmed(fd, hosts, &loaded);
	_exit(EXIT_DONE);
}

static void print_said(FILE *said, FILE *to)
{
	char bytes[4096];
	size_t n;

	rewind(said);
	while ((n = fread(bytes, 1, sizeof(bytes), said)) > 0)
		fwrite(bytes, 1, n, to);
	fclose(said);
}

int confirm_sync(const struct options *options)
{
	FILE *said[2] = {tmpfile(), tmpfile()};
	int ends[2], status = EXIT_FAILED;
	pid_t pid = -1;

	if (begin_alone(false))
		return EXIT_FAILED;
	if (said[0] && said[1] && !pipe(ends))
		pid = fork();
	if (pid < 0) {
		log_error("sync: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!pid) {
		leave_terminal(said, ends[1]);
		serve(options, ends[1]);
	}
	close(ends[1]);
	/* Without an answer it had nothing to do, or could not. */
	if (read(ends[0], &status, sizeof(status)) != (ssize_t)sizeof(status) &&
		waitpid(pid, &status, 0) == pid) {
		if (WIFSIGNALED(status))
			log_error("sync: ended unexpectedly");
		status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
	}
	print_said(said[0], stdout);
	print_said(said[1], stderr);
	return status;
}
