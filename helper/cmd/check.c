/* SPDX-License-Identifier: MIT
 * check: does each address answer by its own NIC, and what stands in the way?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/line.h"
#include "cmd/cmd.h"
#include "judge/check.h"
#include "sys/ask.h"
#include "sys/proc.h"

#ifndef LIBDIR
#define LIBDIR "/usr/lib/multihome"
#endif

/* Larger than any script that is a hook; more of it is not looked at. */
enum { SCRIPT_SIZE = 1 << 16 };

/* All that check knows beyond what every verb does. */
struct checked {
	struct host host;
	struct sysctl_diff diff;
	struct sysctls settings;
	struct hook hooks[HOOKS];
	struct inquiry inquiry;
	struct answer *answers;
	struct findings findings;
};

/* In a line that is no comment? What is no text, or not to be read, is trusted. */
static bool calls_multihome(const char *path)
{
	char *bytes = mem_resize(NULL, SCRIPT_SIZE), *line;
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(bytes, 1, SCRIPT_SIZE - 1, file) : 0;
	bool calls = !file || (n > 4 && !memcmp(bytes, "\177ELF", 4));
	const char *cursor = bytes;

	if (file)
		fclose(file);
	bytes[n] = '\0';
	while (!calls && (line = line_next(&cursor))) {
		calls = line[strspn(line, " \t")] != '#' && strstr(line, "multihome");
		free(line);
	}
	free(bytes);
	return calls;
}

static void read_hook(struct hook *hook, const char *path, const char *ours, int mode)
{
	hook->path = path;
	hook->ours = access(ours, F_OK) ? NULL : ours;
	if (access(path, F_OK))
		hook->state = HOOK_MISSING;
	else if (access(path, mode))
		hook->state = HOOK_NOT_EXECUTABLE;
	else
		hook->state = calls_multihome(path) ? HOOK_CALLS : HOOK_SILENT;
}

/* dhclient-script sources what is executable in the folder (EL6 and later), and its one file
 * whatever its mode (EL5). */
static void read_hooks(struct hook hooks[HOOKS])
{
	static const char folder[] = SYSCONFDIR "/dhcp/dhclient.d",
			  script[] = SYSCONFDIR "/dhcp/dhclient.d/multihome.sh",
			  exit_hooks[] = SYSCONFDIR "/dhclient-exit-hooks",
			  manager[] = SYSCONFDIR "/NetworkManager/dispatcher.d/50-multihome";

	read_hook(&hooks[HOOK_PREPARE], "/sbin/ifup-pre-local", LIBDIR "/ifup-pre-local", X_OK);
	read_hook(&hooks[HOOK_UP], "/sbin/ifup-local", LIBDIR "/ifup-local", X_OK);
	read_hook(&hooks[HOOK_DOWN], "/sbin/ifdown-local", LIBDIR "/ifdown-local", X_OK);
	if (!access(folder, F_OK))
		read_hook(&hooks[HOOK_DHCP], script, script, X_OK);
	else
		read_hook(&hooks[HOOK_DHCP], exit_hooks, LIBDIR "/dhclient-exit-hooks", R_OK);
	read_hook(&hooks[HOOK_NETWORK_MANAGER], manager, manager, X_OK);
}

static int read_settings(const struct links *links, struct sysctls *out)
{
	int err = sysctl_read("all", out);
	size_t i;

	for (i = 0; !err && i < links->n; i++)
		err = sysctl_read(links->items[i].name, out);
	return err;
}

static int ask(const struct check_input *in, struct checked *checked)
{
	struct inquiry *inquiry = &checked->inquiry;
	const struct host *host = &checked->host;

	check_ask(in, inquiry);
	checked->answers = mem_resize(NULL, (inquiry->questions.n + 1) * sizeof(struct answer));
	return kernel_ask(inquiry->questions.items, inquiry->questions.n, &host->kernel.links,
		checked->answers);
}

/* 0 or EXIT_FAILED, which is logged. */
static int find(struct checked *checked)
{
	const struct options none = {.argument = NULL};
	struct host *host = &checked->host;
	const struct check_input in = {&host->config, &host->sources, &host->plan, &host->ops,
		&checked->diff.writes, &host->diags, &host->kernel, &checked->settings,
		kernel_older_than(2, 6, 31), sysctl_value(AF_INET, "all", "forwarding") == 1,
		sysctl_value(AF_INET6, "all", "forwarding") == 1, checked->hooks};

	/* Where the host's own defaults are refused, the kernel can be asked all the same. */
	if (host_plan(EVENT_SYNC, &none, host) == EXIT_FAILED ||
		host_diff_sysctls(host, !host->ops.n, &checked->diff) ||
		read_settings(&host->kernel.links, &checked->settings))
		return EXIT_FAILED;
	read_hooks(checked->hooks);
	if (ask(&in, checked))
		return EXIT_FAILED;
	check_answers(&in, &checked->inquiry, checked->answers, &checked->findings);
	check_policies(&in, &checked->inquiry, &checked->findings);
	check_plan(&in, &checked->findings);
	check_host(&in, &checked->inquiry, &checked->findings);
	return 0;
}

/* "3 addresses of 2 NICs answer by their own NIC" */
static void format_well(const struct inquiry *inquiry, struct text *out)
{
	const struct asked *items = inquiry->asked.items;
	size_t i, nics = 0, right = 0, n = inquiry->asked.n;

	for (i = 0; i < n; i++) {
		nics = items[i].nic >= nics ? items[i].nic + 1 : nics;
		right += items[i].right;
	}
	if (!n) {
		text_add_string(out, "no NIC has a gateway");
		return;
	}
	if (right < n)
		text_format(out, "%zu of ", right);
	text_format(out, "%zu address%s of %zu NIC%s answer%s by %s own NIC", n, n == 1 ? "" : "es",
		nics, nics == 1 ? "" : "s", n == 1 ? "s" : "", n == 1 ? "its" : "their");
}

/* The first record, which is all that some monitors show. */
static void format_summary(const struct checked *checked, size_t wrong, struct text *out)
{
	const struct findings *findings = &checked->findings;
	size_t i;

	text_add_string(out, wrong ? "wrong\tsummary\t-\t-\t" : "ok\tsummary\t-\t-\t");
	for (i = 0; wrong && !findings->items[i].wrong; i++)
		;
	if (wrong) {
		text_format(out, "%zu wrong, the first: ", wrong);
		finding_format(&findings->items[i], out);
	} else {
		format_well(&checked->inquiry, out);
	}
	text_add_string(out, "\t-\n");
}

static void format_findings(const struct findings *findings, bool records, struct text *out)
{
	const struct finding *finding;
	int wrong;
	size_t i;

	for (wrong = 1; wrong >= 0; wrong--)
		for (i = 0; i < findings->n; i++) {
			finding = &findings->items[i];
			if (finding->wrong != wrong)
				continue;
			if (records)
				finding_format_record(finding, out);
			else
				finding_format(finding, out);
			text_add_string(out, "\n");
		}
}

/* For cron and scripts it is silent when all is well; a person wants to see that it looked. */
static int print(const struct checked *checked, bool porcelain)
{
	size_t wrong = findings_count(&checked->findings, true);
	struct text out = {0};
	int status = wrong ? EXIT_FAILED : EXIT_DONE;

	if (porcelain)
		format_summary(checked, wrong, &out);
	format_findings(&checked->findings, porcelain, &out);
	if (!porcelain && !wrong && isatty(STDOUT_FILENO)) {
		format_well(&checked->inquiry, &out);
		text_add_string(&out, "\n");
	}
	if (out.n && fwrite(out.bytes, 1, out.n, stdout) != out.n)
		status = EXIT_FAILED;
	text_free(&out);
	return status;
}

int cmd_check(const struct options *options)
{
	struct checked checked = {.host = {.whole = true}};
	int status = find(&checked);

	if (!status)
		status = print(&checked, options->porcelain);
	findings_free(&checked.findings);
	free(checked.answers);
	inquiry_free(&checked.inquiry);
	free(checked.settings.items);
	sysctl_diff_free(&checked.diff);
	host_free(&checked.host);
	return status;
}
