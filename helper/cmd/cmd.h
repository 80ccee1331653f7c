/* SPDX-License-Identifier: MIT
 * The verbs, and what they share.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "conf/config.h"
#include "plan/diff.h"
#include "plan/plan.h"
#include "sys/run.h"

/* Exit status, a contract (multihome(8)). */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_CHANGES = 4 };

struct options {
	enum event event;     /* the verb's; what plans only is EVENT_SYNC */
	const char *argument; /* DEVICE, CONFIG or REMOTE, or NULL */
	const char *const *words; /* all of them, from argument on */
	size_t n;
	const char *root; /* --root, or NULL */
	unsigned confirm; /* seconds; 0: it stays */
	bool porcelain, json, nagios, background, once, verbose, exit_code;
};

/* prepare, up, down, sync, clean: by their event. */
int cmd_change(const struct options *options);
int cmd_confirm(const struct options *options);
int cmd_lease(const struct options *options);
int cmd_plan(const struct options *options);
int cmd_show(const struct options *options);
int cmd_explain(const struct options *options);
int cmd_check(const struct options *options);
int cmd_report(const struct options *options);
int cmd_watch(const struct options *options);

/* All that a verb knows of the host, and what it makes of it. */
struct host {
	bool whole; /* the kernel's routes and neighbours are read whole (kernel_read) */
	struct kernel kernel;
	struct sources sources;
	struct rules record;   /* as the file is */
	struct rules recorded; /* as it was, before anything was sent */
	struct saves saves;
	struct brought_ups brought_up;
	struct defaults_record defaults;
	struct held_tables pending;
	unsigned long long defaults_hash; /* of the file as it is */
	struct healths healths;
	struct netfilter netfilter;
	bool knows_netfilter;
	struct choices_of_source sources_of[2]; /* host_choose_sources */
	struct sysctls seen; /* what the uplinks' devices have */
	struct config config;
	struct diags diags;
	struct plan plan;
	struct ops ops;
	int *errors;	      /* of each op, once they were sent; NULL: none was */
	struct saves changed; /* settings that were written, and what they were */
	bool incomplete; /* something could not be read: logged */
	const struct profile *profile; /* that options->argument names, or NULL */
	device_name device;	       /* its device, "" if there is none */
};

/* Reads the host and plans. root NULL: this host. 0, EXIT_FAILED (logged), or EXIT_REFUSED if
 * the host's own defaults are wrong (in diags). To be freed in any case. */
int host_plan(const struct options *options, struct host *host);
void host_free(struct host *host);
/* What becomes of the settings. probe: ask the kernel whether it refuses what arrives, which
 * makes sense once the rules are there. 0, or -1: logged. To be freed with sysctl_diff_free. */
int host_diff_sysctls(const struct host *host, bool probe, struct sysctl_diff *out);
/* Asks the kernel which addresses it gives what has none, as UDP_PORTS needs it; once rules and
 * routes are there. 0, or -1: logged. */
int host_choose_sources(struct host *host);
/* What netfilter is to be given, by the kernel as it is now; nothing where it is not known. chains are
 * zeroed; to be freed with planned_chains_free. 0, or -1: logged. */
int host_plan_chains(struct host *host, struct planned_chains chains[2]);
/* Logs what was said of the configuration, for a hook only what is about its own device, and what
 * an earlier hook of the same ifup did not say. EXIT_REFUSED if there was a refusal among it, else
 * 0. */
int host_report(const struct host *host, enum event event);
bool is_hook(enum event event);

/* As root, with nothing of the caller's. 0, or EXIT_FAILED: logged. */
int begin_alone(bool hook);
/* Whatever changes something begins with this, and the lock. 0, or EXIT_FAILED: logged. */
int begin(bool hook);
/* Somebody else may change the kernel after our dump; then all is seen and planned again. */
enum { ROUNDS = 3 };
/* An exit status. hosts are zeroed; what each round saw and did, to be freed with host_free. */
int reconcile(const struct options *options, struct host hosts[ROUNDS]);
/* What was done, in that word; or error: errno. */
void tell_op(const struct op *op, const char *word, int error);
/* sync --confirm: the same, all of which is taken back unless it is confirmed. */
int confirm_sync(const struct options *options);
/* What a sync did that waits to be confirmed stays. 0, or -1: logged. While the lock is held. */
int confirm_end(void);
/* A sync waits to be confirmed, else is taken back in so many seconds; -1: it is being taken back;
 * 0: none waits. */
int confirm_seconds_left(void);
/* Does a sync wait to be confirmed, or is it being taken back? Logged, if so. While the lock is
 * held. */
bool confirm_is_pending(void);
/* Brings the kernel alone to the plan, of what was brought up: what watch does between hooks. tells:
 * what was said of the configuration is logged. choose may take ops away before they are carried
 * out. An exit status. */
int reconcile_heal(bool tells, void (*choose)(struct host *host, void *arg),
	void (*done)(const struct host *host, void *arg), void *arg);

#endif
