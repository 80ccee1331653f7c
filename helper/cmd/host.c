/* SPDX-License-Identifier: MIT
 * Reading the host and planning: what every verb begins with.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/line.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "plan/advert.h"
#include "sys/ask.h"
#include "sys/health.h"
#include "sys/kernel.h"
#include "sys/netfilter.h"
#include "sys/proc.h"
#include "sys/run.h"
#include "sys/sources.h"

/* Without comments, which a new version of the package may word otherwise. */
static unsigned long long hash_lines(const char *text)
{
	unsigned long long hash = HASH_START;
	const char *cursor = text ? text : "";
	char *line;

	for (; (line = line_next(&cursor)); free(line))
		if (*line && *line != '#')
			hash = hash_bytes(hash, line, strlen(line) + 1);
	return hash;
}

/* clean takes away what it can, whatever cannot be read. */
static int host_read(const struct options *options, struct host *host)
{
	int err;

	if (options->root)
		return sources_read(options->root, &host->sources);
	if (kernel_read(host->whole, &host->kernel))
		return -1;
	err = sources_read("", &host->sources) | record_read(&host->record) |
		saves_read(&host->saves) | brought_up_read(&host->brought_up) |
		defaults_read(&host->defaults) | pending_read(&host->pending);
	host->defaults_hash = hash_lines(host->sources.defaults.bytes);
	/* Nobody but watch needs it. */
	health_read(&host->healths);
	host->incomplete = err != 0;
	return err && options->event != EVENT_CLEAN ? -1 : 0;
}

static int see_sysctls(const struct kernel *kernel, const char *device, struct sysctls *seen)
{
	const struct link *link = kernel_find_link(kernel, device);
	int key;

	if (!device[0])
		return 0;
	if (!link || !link->has_settings)
		return sysctl_read(device, seen);
	for (key = 0; key < SYSCTL_KEYS; key++)
		sysctl_add(device, (enum sysctl_key)key, link->settings[key], seen);
	return 0;
}

static int read_sysctls(struct host *host)
{
	const struct uplinks *uplinks = &host->config.uplinks;
	struct device_names names = {NULL, 0, 0};
	int err = 0;
	size_t i;

	for (i = 0; i < uplinks->n; i++)
		memcpy(array_add(&names), uplinks->items[i].device, DEVICE_SIZE);
	for (i = 0; i < host->saves.n; i++)
		memcpy(array_add(&names), host->saves.items[i].set.device, DEVICE_SIZE);
	device_names_drop_repeated(&names);
	for (i = 0; !err && i < names.n; i++)
		err = see_sysctls(&host->kernel, names.items[i], &host->seen);
	free(names.items);
	return err;
}

static bool stays(const void *arg, const char *device)
{
	return plan_holds(arg, device, 0);
}

/* The probes of devices whose filter is on: each costs the kernel a look at all rules. */
static void choose_probes(const struct host *host, struct probes *out)
{
	const struct probes *all = &host->plan.probes;
	bool needs_both = rp_filter_needs_both();
	int of_all = all->n ? sysctl_value(AF_INET, "all", "rp_filter") : 0, own;
	const struct link *link;
	const char *device;
	size_t i;

	for (i = 0; i < all->n; i++) {
		device = all->items[i].device;
		link = kernel_find_link(&host->kernel, device);
		own = link && link->has_settings ? link->settings[SYSCTL_RP_FILTER]
						 : sysctl_value(AF_INET, device, "rp_filter");
		if (rp_filter_combine(of_all, own, needs_both))
			*array_add(out) = all->items[i];
	}
}

/* The filter is loosened where the kernel refuses what the rules allow. */
static int add_loosened(const struct host *host, struct sysctls *wanted)
{
	struct probes probes = {0};
	struct index unused = {0};
	bool *refuses;
	size_t i;
	int err;

	choose_probes(host, &probes);
	refuses = mem_resize(NULL, probes.n * sizeof(*refuses));
	err = kernel_refuses(&probes, &host->kernel, refuses);
	for (i = 0; !err && i < probes.n; i++)
		if (refuses[i])
			sysctl_add(probes.items[i].device, SYSCTL_RP_FILTER, sysctl_loose(), wanted);
	array_drop_repeated(wanted, sysctls_in_order, &unused);
	free(unused.items);
	free(refuses);
	free(probes.items);
	return err;
}

int host_diff_sysctls(const struct host *host, bool probe, struct sysctl_diff *out)
{
	struct sysctls wanted = {0};
	int err = 0;
	size_t i;

	for (i = 0; i < host->plan.sysctls.n; i++)
		*array_add(&wanted) = host->plan.sysctls.items[i];
	if (probe)
		err = add_loosened(host, &wanted);
	if (!err)
		sysctl_diff(&wanted, &host->seen, &host->saves, stays, &host->plan, out);
	free(wanted.items);
	return err;
}

static void find_profile(const char *argument, struct host *host)
{
	if (!argument)
		return;
	host->profile = config_find_profile(&host->config, &host->kernel.links, argument);
	if (host->profile)
		device_of_label(host->profile->device, host->device);
}

int host_plan(const struct options *options, struct host *host)
{
	const enum event event = options->event;
	struct plan_input input = {.config = &host->config,
		.sources = &host->sources,
		.kernel = options->root ? NULL : &host->kernel,
		.record = &host->record,
		.saves = &host->saves,
		.brought_up = &host->brought_up,
		.pending = &host->pending,
		.healths = &host->healths,
		.loose = sysctl_loose(),
		.event = event};
	struct diags unsaid = {0};
	bool clean = event == EVENT_CLEAN;
	int refused;

	if (host_read(options, host))
		return EXIT_FAILED;
	host->sources.seen = options->root ? NULL : &host->kernel.addresses;
	host->sources.coming = event == EVENT_PREPARE ? options->argument : NULL;
	refused = config_build(
		&host->sources, &host->kernel.links, &host->config, clean ? &unsaid : &host->diags);
	diags_free(&unsaid);
	/* clean takes everything away, whatever the configuration says. */
	if (refused && !clean)
		return EXIT_REFUSED;
	if (!options->root && read_sysctls(host))
		return EXIT_FAILED;
	/* Nothing of netfilter is asked for, or even loaded, unless it was wanted once. */
	host->knows_netfilter = event != EVENT_PREPARE &&
		(host->config.connmark || (!options->root && netfilter_is_on_record()) ||
			(clean && netfilter_is_in_use()));
	if (host->knows_netfilter && options->root)
		netfilter_guess(options->root, &host->netfilter);
	else if (host->knows_netfilter &&
		netfilter_read(host->config.mark_mask, true, &host->netfilter)) {
		if (!clean)
			return EXIT_FAILED;
		/* It takes away what it can. */
		host->incomplete = true;
		host->knows_netfilter = false;
	}
	advert_learn(&host->config, &host->sources, input.kernel);
	find_profile(options->argument, host);
	if (host->device[0])
		input.device = host->device;
	/* An alias comes and goes while its device is up. */
	if (options->argument && strchr(options->argument, ':'))
		input.event = event == EVENT_DOWN ? EVENT_UP
			: event == EVENT_UP	  ? EVENT_ALIAS
						  : event;
	input.netfilter = host->knows_netfilter ? &host->netfilter : NULL;
	plan_build(&input, &host->plan, &host->diags);
	diff_build(&host->plan, &host->kernel, &host->ops);
	return 0;
}

int host_choose_sources(struct host *host)
{
	int i, failures = 0;

	for (i = 0; i < 2; i++) {
		free(host->sources_of[i].items);
		memset(&host->sources_of[i], 0, sizeof(host->sources_of[i]));
		failures += kernel_choose_sources(&host->plan.destinations[i], &host->kernel.links,
			&host->sources_of[i]);
	}
	return failures ? -1 : 0;
}

int host_plan_chains(struct host *host, struct planned_chains chains[2])
{
	if (!host->knows_netfilter)
		return 0;
	if (host_choose_sources(host))
		return -1;
	netfilter_plan(&host->plan, &host->config, host->sources_of, &host->netfilter, chains);
	return 0;
}

void host_free(struct host *host)
{
	free(host->sources_of[0].items);
	free(host->sources_of[1].items);
	ops_free(&host->ops);
	free(host->errors);
	free(host->changed.items);
	plan_free(&host->plan);
	diags_free(&host->diags);
	config_free(&host->config);
	free(host->record.items);
	free(host->recorded.items);
	free(host->saves.items);
	brought_ups_free(&host->brought_up);
	free(host->pending.items);
	healths_free(&host->healths);
	netfilter_free(&host->netfilter);
	free(host->seen.items);
	sources_free(&host->sources);
	kernel_free(&host->kernel);
	memset(host, 0, sizeof(*host));
}

bool is_hook(enum event event)
{
	return event == EVENT_PREPARE || event == EVENT_UP || event == EVENT_DOWN ||
		event == EVENT_LEASE;
}

/* A hook of eth0 does not repeat what is wrong with eth1. */
static bool is_about(const struct diag *diag, const struct host *host)
{
	const char *slash = strrchr(diag->file, '/');
	const char *name = slash ? slash + 1 : diag->file;
	const char *dash = strchr(name, '-');

	if (!slash)
		return !strcmp(name, host->device);
	if (!strncmp(name, "ifcfg-", 6))
		return host->profile && !strcmp(name, host->profile->file->name);
	/* route-, route6-, rule-, rule6-; a file of sysctl.d may be called rules.conf. */
	if (dash && (!strncmp(name, "route", 5) || !strncmp(name, "rule", 4)))
		return !strcmp(dash + 1, host->device);
	return true;
}

/* said: each with a newline before and after it; one of them is not repeated. */
static void tell(const struct diag *diag, struct text *said)
{
	char *line = mem_format("\n%s\n", diag->text);

	if (!strstr(said->bytes, line)) {
		if (diag->refusal)
			log_error("%s", diag->text);
		else
			log_notice("%s", diag->text);
		text_add_string(said, line);
	}
	free(line);
}

int host_report(const struct host *host, enum event event)
{
	const bool hook = is_hook(event);
	const struct diag *diag;
	struct text said = {0};
	int status = 0;
	size_t i;

	text_add_string(&said, "");
	/* Of one ifup these come after ifup-pre-local's. */
	if (event == EVENT_UP || event == EVENT_LEASE)
		said_read(&said);
	for (i = 0; i < host->diags.n; i++) {
		diag = &host->diags.items[i];
		if (hook && !diag->failure && !is_about(diag, host))
			continue;
		tell(diag, &said);
		if (diag->refusal && status != EXIT_REFUSED)
			status = diag->failure ? EXIT_FAILED : EXIT_REFUSED;
	}
	if (event == EVENT_UP)
		said.n = 0;
	if (event == EVENT_UP || event == EVENT_PREPARE)
		said_write(&said);
	text_free(&said);
	return status;
}
