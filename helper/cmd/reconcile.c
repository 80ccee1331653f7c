/* SPDX-License-Identifier: MIT
 * prepare, up, down, lease, sync, clean: bring files and kernel to what the plan wants.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "conf/profile.h"
#include "sys/apply.h"
#include "sys/lock.h"
#include "sys/netfilter.h"
#include "sys/proc.h"
#include "sys/replace.h"
#include "sys/run.h"
#include "sys/sources.h"

/* What is to be remembered besides the rules that are wanted: those of ours that are there, before
 * anything was sent, so that a crash forgets none. */
static void recollect(const struct host *host, struct rules *rest)
{
	const struct plan *plan = &host->plan;
	struct index seen = {0}, owned = {0};
	const struct rule *rule;
	size_t i;

	for (i = 0; i < host->kernel.rules.n; i++) {
		rule = &host->kernel.rules.items[i];
		if (rule_is_own_form(rule) || rule->mask)
			*array_add(&seen) = rule;
	}
	index_sort(&seen, rules_in_order);
	if (seen.n)
		index_build(&plan->owned, rules_in_order, &owned);
	for (i = 0; i < seen.n; i++) {
		rule = seen.items[i];
		if ((!i || rule_compare(rule, seen.items[i - 1])) && index_find(&owned, rule) &&
			!index_find(&plan->rules_in_order, rule))
			*array_add(rest) = *rule;
	}
	free(seen.items);
	free(owned.items);
}

static bool is_same(const struct rules *a, const struct rules *b)
{
	size_t i;

	for (i = 0; i < a->n && a->n == b->n; i++)
		if (rule_compare(&a->items[i], &b->items[i]))
			return false;
	return a->n == b->n;
}

/* host->record is what the file holds, in one order whichever hook wrote it. */
static int remember(struct host *host, bool before)
{
	const struct rules *wanted = &host->plan.rules;
	struct rules rest = {0}, *record = &host->record;
	size_t i;

	/* A record that could not be read stays as it is. */
	if (host->incomplete)
		return 0;
	for (i = 0; before && i < record->n; i++)
		*array_add(&host->recorded) = record->items[i];
	if (before)
		recollect(host, &rest);
	for (i = 0; i < wanted->n; i++)
		*array_add(&rest) = wanted->items[i];
	array_sort(&rest, rules_in_order);
	if (is_same(record, &rest)) {
		free(rest.items);
		return 0;
	}
	free(record->items);
	*record = rest;
	return record_write(record);
}

/* All of them, whatever becomes of one. -1 if any failed; positive: so many were edited by
 * somebody else since we read them, which is logged on the last round. */
static int write_changes(struct changes *changes, bool last)
{
	int failures = 0, stale = 0, err;
	size_t i;

	for (i = 0; i < changes->n; i++) {
		err = change_write(&changes->items[i]);
		changes->items[i].written = !err;
		if (!err)
			log_change("%s: %s", changes->items[i].path,
				changes->items[i].bytes ? "written" : "removed");
		failures += err < 0;
		stale += err == CHANGE_STALE;
		if (err == CHANGE_STALE && last)
			log_error("%s: keeps changing while being updated; not written",
				changes->items[i].path);
	}
	return failures ? -1 : stale;
}

static const char *op_word(const struct index *recorded, const struct op *op)
{
	static const char *const words[] = {[OP_ROUTE_ADD] = "added",
		[OP_ROUTE_REPLACE] = "replaced",
		[OP_ROUTE_APPEND] = "added",
		[OP_RULE_ADD] = "added",
		[OP_RULE_DELETE] = "removed",
		[OP_ROUTE_DELETE] = "removed"};

	/* What an earlier run gave, somebody else has taken away. */
	return op->kind == OP_RULE_ADD && index_find(recorded, op->rule) ? "restored"
									 : words[op->kind];
}

void tell_op(const struct op *op, const char *word, int error)
{
	struct text text = {0};
	const char *device = op->rule ? op->rule->device : op->route->device;
	const char *colon = *device ? ": " : "";

	if (!error && !log_takes_changes())
		return;
	op_format(op, &text);
	if (error)
		log_error("%s%s%s: %s", device, colon, text.bytes, strerror(error));
	else
		log_change("%s%s%s: %s", device, colon, word, text.bytes);
	text_free(&text);
}

/* The number of ops that failed; on the last round they are logged. */
static int apply(struct host *host, bool last)
{
	int *errors = mem_resize(NULL, host->ops.n * sizeof(*errors));
	int failures = kernel_apply(&host->ops, &host->kernel.links, errors) ? -1 : 0;
	struct index recorded = {0};
	size_t i;

	host->errors = errors;
	index_build(&host->recorded, rules_in_order, &recorded);

	for (i = 0; failures >= 0 && i < host->ops.n; i++) {
		failures += errors[i] != 0;
		if (!errors[i] || last)
			tell_op(&host->ops.items[i], op_word(&recorded, &host->ops.items[i]), errors[i]);
	}
	kernel_flush_cache();
	free(recorded.items);
	return failures;
}

/* 0, or 1: it failed. */
static int change_setting(struct host *host, const struct sysctl *sysctl)
{
	struct text text = {0};
	size_t i;

	if (sysctl_write(sysctl))
		return 1;
	for (i = 0; i < host->seen.n; i++)
		if (!sysctls_in_order(&host->seen.items[i], sysctl))
			*array_add(&host->changed) =
				(struct saved){*sysctl, host->seen.items[i].value};
	sysctl_format(sysctl, &text);
	log_change("%s: set: %s", sysctl->device, text.bytes);
	text_free(&text);
	return 0;
}

/* The old values are on record before a new one is written, and an old one is back before it is
 * forgotten, so that a crash loses none. */
static int apply_sysctls(struct host *host)
{
	struct sysctl_diff diff = {.writes = {0}};
	struct saves both = {0};
	struct index unused = {0};
	int failures = 0;
	bool recorded;
	size_t i;

	if (host_diff_sysctls(host, true, &diff))
		return 1;
	for (i = 0; i < diff.saves.n; i++)
		*array_add(&both) = diff.saves.items[i];
	for (i = 0; i < host->saves.n; i++)
		*array_add(&both) = host->saves.items[i];
	array_drop_repeated(&both, sysctls_in_order, &unused);
	recorded = !diff.writes.n || !saves_write(&both);
	failures += !recorded;
	for (i = 0; recorded && i < diff.writes.n; i++)
		failures += change_setting(host, &diff.writes.items[i]);
	if (!failures && !host->incomplete && saves_write(&diff.saves))
		failures++;
	free(unused.items);
	free(both.items);
	sysctl_diff_free(&diff);
	return failures;
}

/* One round. Positive: edits that came in between, or ops that failed, worth another look;
 * negative: given up. What cannot be done does not keep the rest from being done. */
static int round_run(struct host *host, enum event event, bool last)
{
	const bool writes = event != EVENT_WATCH; /* files, and what they were brought up with */
	const bool marked = host->netfilter.record[0].loaded || host->netfilter.record[1].loaded;
	const bool ended = marked && !host->plan.markeds.n && event != EVENT_CLEAN;
	const struct defaults_record now = {host->defaults_hash, 0};
	int files, failures;

	if (writes)
		drafts_remove(&host->sources);
	if (host->ops.n && remember(host, true))
		return -1;
	files = writes ? write_changes(&host->plan.changes, last) : 0;
	if (files > 0 && !last)
		return files;
	failures = host->ops.n ? apply(host, last || files) : 0;
	if (failures < 0 || (failures && !files && !last))
		return failures;
	/* Where an op failed the record goes on to hold all that may be there. */
	failures += files != 0;
	if (!failures && !host->incomplete &&
		(remember(host, false) ||
			(writes && (brought_up_write(&host->plan.brought_up) ||
					   defaults_write(&now)))))
		return -1;
	if (event != EVENT_PREPARE)
		failures += apply_sysctls(host);
	if (host->knows_netfilter)
		failures += host_choose_sources(host) ||
			netfilter_apply(&host->plan, &host->config, host->sources_of,
				&host->kernel.addresses, &host->netfilter);
	/* What the filter has to be without marks, only the next round can ask. */
	if (!failures && ended && !last)
		return 1;
	return failures ? -1 : 0;
}

static bool has_aliases(const struct host *host)
{
	const struct files *files = &host->sources.ifcfg;
	size_t len = strlen(host->device), i;
	const char *name;

	for (i = 0; i < files->n; i++) {
		name = files->items[i].name + strlen("ifcfg-");
		if (!strncmp(name, host->device, len) &&
			(name[len] == ':' || !strncmp(name + len, "-range", strlen("-range"))))
			return true;
	}
	return false;
}

/* ifup-pre-local comes first of a device's hooks and ifup-local last, with those of its lease and
 * its aliases between them; an alias that comes alone has an ifup-pre-local of its own. */
static void note_coming(const struct options *options, const struct host *host)
{
	const enum event event = options->event;
	bool alias = strchr(options->argument, ':') != NULL;

	if (event == EVENT_PREPARE || (!alias && event != EVENT_LEASE))
		coming_set(host->device, event == EVENT_PREPARE && !alias && has_aliases(host));
}

/* A file for the whole host has no ifup to wait for: what it says and nobody confirmed waits for a
 * sync. */
static bool is_taken_back(const struct host *host, bool tells)
{
	if (host->defaults.taken_back != host->defaults_hash || !host->defaults.taken_back)
		return false;
	if (tells)
		log_notice("%s: what it says was not confirmed, and waits for multihome sync",
			host->sources.defaults.path);
	return true;
}

int reconcile(const struct options *options, struct host hosts[ROUNDS])
{
	const enum event event = options->event;
	int status = 0, reported = 0, failures = 1, round;
	struct host *host;

	for (round = 1; round <= ROUNDS && failures > 0; round++) {
		host = &hosts[round - 1];
		status = host_plan(options, host);
		if (round == 1)
			reported = host_report(host, event);
		/* An argument that no ifcfg file answers to is not ours to serve. */
		if (!status && is_hook(event) && (!host->profile || is_taken_back(host, true)))
			return EXIT_DONE;
		if (!status && is_hook(event))
			note_coming(options, host);
		failures = status ? -1 : round_run(host, event, round == ROUNDS);
		if (host->incomplete)
			status = EXIT_FAILED;
	}
	if (reported)
		return reported;
	return failures || status ? EXIT_FAILED : EXIT_DONE;
}

int reconcile_heal(bool tells, void (*choose)(struct host *host, void *arg),
	void (*done)(const struct host *host, void *arg), void *arg)
{
	const struct options options = {.event = EVENT_WATCH};
	struct host host = {.device = ""};
	int failures = 1, reported = 0, round;

	if (lock_take())
		return EXIT_FAILED;
	for (round = 1; round <= ROUNDS && failures > 0; round++) {
		failures = host_plan(&options, &host) ? -1 : 1;
		if (tells && round == 1)
			reported = host_report(&host, EVENT_WATCH);
		if (failures > 0 && is_taken_back(&host, tells))
			failures = 0;
		if (failures > 0) {
			choose(&host, arg);
			failures = round_run(&host, EVENT_WATCH, round == ROUNDS);
			if (failures <= 0)
				done(&host, arg);
		}
		host_free(&host);
	}
	if (reported)
		return reported;
	return failures ? EXIT_FAILED : EXIT_DONE;
}

/* Nothing of the caller's counts, who may have come by usernetctl or have closed what is standard:
 * the environment (TZ names files, for syslog), the file mode mask; a message that lands in the
 * file that took descriptor 2. And a run goes on when the terminal is gone, which is often
 * reached by the very routes that it changes. */
static void stand_alone(void)
{
	int fd;

	clearenv();
	umask(022);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Whoever ignores it would not be told how a child ended. */
	signal(SIGCHLD, SIG_DFL);
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int begin_alone(bool hook)
{
	stand_alone();
	log_init(hook);
	if (!geteuid())
		return 0;
	log_error("only root may change routing; multihome plan shows what would be done");
	return EXIT_FAILED;
}

static int reconcile_once(const struct options *options)
{
	struct host hosts[ROUNDS];
	int status, i;

	memset(hosts, 0, sizeof(hosts));
	status = reconcile(options, hosts);
	for (i = 0; i < ROUNDS; i++)
		host_free(&hosts[i]);
	return status;
}

int begin(bool hook)
{
	return begin_alone(hook) || lock_take() ? EXIT_FAILED : 0;
}

/* Loopback; a slave or a port, whose ifup ends before any route; and an alias of a device that is on
 * its way through ifup, whose own run is yet to come. There may be hundreds of these, so nothing is
 * read. */
static bool has_nothing_to_do(enum event event, const char *argument)
{
	device_name device;

	if (!strcmp(argument, "lo") || !strcmp(argument, "ifcfg-lo"))
		return true;
	if (event == EVENT_PREPARE)
		return sources_has_port(argument);
	return event == EVENT_UP && strchr(argument, ':') && !device_of_label(argument, device) &&
		coming_is(device);
}

int cmd_change(const struct options *options)
{
	const enum event event = options->event;
	int status;

	if (is_hook(event) && has_nothing_to_do(event, options->argument))
		return EXIT_DONE;
	if (options->verbose)
		log_verbose();
	if (options->confirm)
		return confirm_sync(options);
	if (begin(is_hook(event)) || (event == EVENT_SYNC && confirm_is_pending()))
		return EXIT_FAILED;
	status = reconcile_once(options);
	/* Of what is to be taken back nothing is left then. */
	if (event == EVENT_CLEAN && confirm_end())
		status = EXIT_FAILED;
	if (event == EVENT_CLEAN && status == EXIT_DONE)
		run_dir_remove();
	return status;
}

/* dhclient writes its file only when its script is done, and not at all if it did so less than
 * 15 seconds ago (bind_lease, MIN_LEASE_WRITE); so the news are kept, for later runs as well. */
int cmd_lease(const struct options *options)
{
	const struct lease_event news = {getenv("reason"), getenv("interface"),
		getenv("new_ip_address"), getenv("new_subnet_mask"), getenv("new_routers"),
		getenv("new_expiry")};
	struct options of_device = *options;
	struct lease lease;

	if (!lease_learn(&news, &lease))
		return EXIT_DONE;
	if (begin(true) || lease_write(&lease))
		return EXIT_FAILED;
	of_device.argument = lease.device;
	return reconcile_once(&of_device);
}
