/* SPDX-License-Identifier: MIT
 * The facts of the host, gathered; and what is printed of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/line.h"
#include "cmd/judge.h"
#include "judge/harm.h"
#include "sys/ask.h"
#include "sys/file.h"
#include "sys/firewall.h"
#include "sys/kernel.h"
#include "sys/netfilter.h"
#include "sys/proc.h"

#ifndef LIBDIR
#define LIBDIR "/usr/libexec/multihome"
#endif

/* Larger than any script that is a hook; more of it is not looked at. */
enum { SCRIPT_SIZE = 1 << 16 };

/* How many commands with an end of their own the line opens, less those that it closes. */
static int count_nesting(const char *line)
{
	static const char *const opens[] = {"if", "case", "for", "while", "until", "select", "{", NULL};
	static const char *const closes[] = {"fi", "esac", "done", "}", NULL};
	char *copy = mem_string(line), *rest = NULL, *word;
	int depth = 0;

	for (word = strtok_r(copy, " \t;&|()", &rest); word; word = strtok_r(NULL, " \t;&|()", &rest))
		depth += (word_index(word, opens) >= 0) - (word_index(word, closes) >= 0);
	free(copy);
	return depth;
}

/* Does the script end there, in a line that stands in no other command? exec for files alone, as in
 * exec >>/var/log/ifup, goes on. */
static bool ends_script(const char *line)
{
	const char *rest = line + 4;

	if (strncmp(line, "exit", 4) && strncmp(line, "exec", 4))
		return false;
	if (line[2] == 'i')
		return !*rest || strchr(" \t;", *rest);
	rest += strspn(rest, " \t");
	return rest > line + 4 && *rest && !strchr("<>&", rest[strspn(rest, "0123456789")]);
}

/* Does it come to a line that is no comment and names multihome? What is no text, or not to be read,
 * is trusted; behind a here-document nothing is known of its end. */
static bool calls_multihome(const char *path, int *end)
{
	char *bytes = mem_resize(NULL, SCRIPT_SIZE), *line;
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(bytes, 1, SCRIPT_SIZE - 1, file) : 0;
	bool calls = !file || (n > 4 && !memcmp(bytes, "\177ELF", 4)), known = true;
	const char *cursor = bytes, *word;
	int number = 0, depth = 0;

	if (file)
		fclose(file);
	bytes[n] = '\0';
	while (!calls && !*end && (line = line_next(&cursor))) {
		number++;
		word = line + strspn(line, " \t");
		if (*word != '#') {
			calls = strstr(line, "multihome");
			known = known && !strstr(line, "<<");
			if (!calls && known && depth <= 0 && ends_script(word))
				*end = number;
			depth += count_nesting(word);
		}
		free(line);
	}
	free(bytes);
	return calls;
}

static void read_hook(struct hook *hook, const char *path, const char *ours, int mode)
{
	hook->path = path;
	hook->ours = access(ours, F_OK) ? NULL : ours;
	hook->end = 0;
	if (access(path, F_OK))
		hook->state = HOOK_MISSING;
	else if (access(path, mode))
		hook->state = HOOK_NOT_EXECUTABLE;
	else
		hook->state = calls_multihome(path, &hook->end) ? HOOK_CALLS : HOOK_SILENT;
}

/* dhclient-script sources what is executable in the folder (EL6 and later), and its one file
 * whatever its mode (EL5). */
static void read_hooks(struct hook hooks[HOOKS])
{
	static const char folder[] = SYSCONFDIR "/dhcp/dhclient.d",
			  script[] = SYSCONFDIR "/dhcp/dhclient.d/multihome.sh",
			  exit_hooks[] = SYSCONFDIR "/dhclient-exit-hooks",
			  manager[] = SYSCONFDIR "/NetworkManager/dispatcher.d/50-multihome",
			  packaged[] = "/usr/lib/NetworkManager/dispatcher.d/50-multihome";

	read_hook(&hooks[HOOK_PREPARE], "/sbin/ifup-pre-local", LIBDIR "/ifup-pre-local", X_OK);
	read_hook(&hooks[HOOK_UP], "/sbin/ifup-local", LIBDIR "/ifup-local", X_OK);
	read_hook(&hooks[HOOK_DOWN], "/sbin/ifdown-local", LIBDIR "/ifdown-local", X_OK);
	if (!access(folder, F_OK))
		read_hook(&hooks[HOOK_DHCP], script, script, X_OK);
	else
		read_hook(&hooks[HOOK_DHCP], exit_hooks, LIBDIR "/dhclient-exit-hooks", R_OK);
	/* From 1.20 on; a file of that name in /etc comes first. */
	if (access(manager, F_OK) && !access(packaged, F_OK))
		read_hook(&hooks[HOOK_NETWORK_MANAGER], packaged, packaged, X_OK);
	else
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

static bool reads_one(const char *path)
{
	char value[16];

	return file_read_start(path, value, sizeof(value)) > 0 && *value == '1';
}

/* A program of netfilter is run only where something is loaded, so that this loads nothing. */
static void see_published(struct judging *judging)
{
	struct host *host = &judging->host;

	if (host->config.connmark || judging->facts.firewall[false] != FIREWALL_LOADED || geteuid())
		return;
	if (!host->knows_netfilter)
		netfilter_read(host->config.mark_mask, false, &host->netfilter);
	judging->facts.published = host->netfilter.published;
	judging->facts.overlap = host->netfilter.overlap;
}

int judging_gather(const struct options *options, struct judging *judging)
{
	const struct options all = {.root = options->root};
	struct host *host = &judging->host;
	struct facts *facts = &judging->facts;
	int status;

	host->whole = true;
	status = host_plan(&all, host);
	if (status == EXIT_FAILED)
		return status;
	facts->refused = status != 0;
	facts->unconfirmed = confirm_seconds_left();
	if (host_diff_sysctls(host, !host->ops.n, &judging->diff) ||
		read_settings(&host->kernel.links, &judging->settings))
		return EXIT_FAILED;
	read_hooks(judging->hooks);
	facts->config = &host->config;
	facts->sources = &host->sources;
	facts->plan = &host->plan;
	facts->ops = &host->ops;
	facts->healths = &host->healths;
	facts->writes = &judging->diff.writes;
	facts->diags = &host->diags;
	facts->kernel = &host->kernel;
	facts->settings = &judging->settings;
	facts->hooks = judging->hooks;
	facts->filter_needs_both = rp_filter_needs_both();
	facts->forwards[false] = sysctl_value(AF_INET, "all", "forwarding") == 1;
	facts->forwards[true] = sysctl_value(AF_INET6, "all", "forwarding") == 1;
	facts->asks_neighbours = reads_one("/proc/sys/net/ipv4/fib_multipath_use_neigh");
	facts->firewall[false] = firewall_read(AF_INET);
	facts->firewall[true] = firewall_read(AF_INET6);
	proc_read_wildcards(false, &facts->wildcards[false]);
	proc_read_wildcards(true, &facts->wildcards[true]);
	see_published(judging);
	if (host_plan_chains(host, judging->chains))
		return EXIT_FAILED;
	facts->chains = judging->chains;
	facts_index(facts);
	judging->harm = harm_find(facts);
	facts->harm = judging->harm;
	return 0;
}

void judging_free(struct judging *judging)
{
	if (judging->facts.kernel)
		facts_free_index(&judging->facts);
	planned_chains_free(&judging->chains[false]);
	planned_chains_free(&judging->chains[true]);
	free(judging->facts.wildcards[false].items);
	free(judging->facts.wildcards[true].items);
	free(judging->harm);
	free(judging->settings.items);
	sysctl_diff_free(&judging->diff);
	host_free(&judging->host);
}

struct answer *judging_ask(const struct judging *judging, const struct questions *questions)
{
	struct answer *answers = mem_resize(NULL, (questions->n + 1) * sizeof(*answers));

	if (!kernel_ask(questions->items, questions->n, &judging->host.kernel.links, answers))
		return answers;
	free(answers);
	return NULL;
}

int judging_check(const struct judging *judging, struct check *check, struct findings *findings)
{
	struct answer *answers;

	check_begin(&judging->facts, check);
	answers = judging_ask(judging, &check->questions);
	if (answers)
		check_finish(&judging->facts, check, answers, findings);
	free(answers);
	return answers ? 0 : EXIT_FAILED;
}

size_t output_columns(void)
{
	struct winsize size = {0};

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 40)
		return size.ws_col;
	return 80;
}

/* no-color.org: set and not empty, it wins over any terminal. */
bool output_wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && terminal && *terminal &&
		strcmp(terminal, "dumb");
}

int output_print(struct text *text, int status)
{
	char *at = text->bytes, *end = at + text->n, kept;
	size_t n;

	for (; at < end; at += n) {
		n = strcspn(at, "\n\t");
		kept = at[n];
		at[n] = '\0';
		line_make_printable(at);
		at[n] = kept;
		n += at + n < end;
	}
	return output_write(text, status);
}

int output_write(struct text *text, int status)
{
	if (text->n && fwrite(text->bytes, 1, text->n, stdout) != text->n)
		status = EXIT_FAILED;
	text_free(text);
	return status;
}
