/* SPDX-License-Identifier: MIT
 * Netfilter, by its own programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/line.h"
#include "base/log.h"
#include "sys/firewall.h"
#include "sys/flows.h"
#include "sys/netfilter.h"
#include "sys/proc.h"
#include "sys/run.h"

static const char record_path[] = RUN_DIR "/netfilter";
static const char *const loaded_paths[] = {RUN_DIR "/netfilter.ip", RUN_DIR "/netfilter.ip6"};

/* Where nft is there at all; the others by /sbin, where all releases have them or lead to. */
static const char nft[] = "/usr/sbin/nft";
static const char *const saves[] = {"/sbin/iptables-save", "/sbin/ip6tables-save"};
static const char *const restores[] = {"/sbin/iptables-restore", "/sbin/ip6tables-restore"};

bool netfilter_is_on_record(void)
{
	return !access(record_path, F_OK);
}

static const char *const names[BACKENDS] = {
	[BACKEND_NONE] = "none", [BACKEND_IPTABLES] = "iptables", [BACKEND_NFT] = "nft"};

static void take_record(const char *line, void *arg)
{
	struct netfilter *netfilter = arg;
	struct chains_record record = {.backend = BACKEND_NONE};
	char family, name[16];
	int backend;

	if (sscanf(line, "%c %15s %llx %llx", &family, name, &record.loaded, &record.listed) != 4)
		return;
	for (backend = 0; backend < BACKENDS; backend++)
		if (!strcmp(names[backend], name))
			record.backend = (enum backend)backend;
	netfilter->record[family == '6'] = record;
}

static int write_record(const struct netfilter *netfilter)
{
	struct text text = {0};
	int i;

	for (i = 0; i < 2; i++)
		if (netfilter->record[i].loaded)
			text_format(&text, "%c %s %016llx %016llx\n", i ? '6' : '4',
				names[netfilter->record[i].backend], netfilter->record[i].loaded,
				netfilter->record[i].listed);
	if (text.n)
		return lines_write(record_path, &text);
	return unlink(record_path) && errno != ENOENT ? file_fail(record_path, errno) : 0;
}

/* A program that hangs keeps no ifup waiting for long, nor one that waits for a lock. */
enum { PATIENCE_SECONDS = 10 };
#define LOCK_WAIT "--wait=5"

static void be(const char *const *words, FILE *input, int pipe)
{
	const char *const path = words[0];
	int null = open("/dev/null", O_RDWR), in = input ? fileno(input) : null;
	sigset_t none;

	if (null < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(pipe, STDOUT_FILENO) < 0 ||
		dup2(input ? pipe : null, STDERR_FILENO) < 0)
		_exit(EXIT_FAILURE);
	/* The lock, and watch's sockets: SELinux would log each that the program is not to have. */
	files_close(-1);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	/* Blocked, the alarm would never come. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(PATIENCE_SECONDS);
	execv(path, (char *const *)(uintptr_t)words);
	_exit(EXIT_FAILURE);
}

/* All that it prints, and what it says of errors if it is given a file to read. Its exit status, or
 * -1. */
static int run(const char *const *words, FILE *input, struct text *out)
{
	/* Whoever ignores it would not be told how it ended. */
	void (*was)(int) = signal(SIGCHLD, SIG_DFL);
	char bytes[1 << 14];
	int ends[2], status = -1;
	pid_t pid = -1;
	ssize_t n;

	if (!pipe(ends)) {
		pid = fork();
		if (!pid) {
			close(ends[0]);
			be(words, input, ends[1]);
		}
		close(ends[1]);
		while (pid > 0 && ((n = read(ends[0], bytes, sizeof(bytes))) > 0 ||
					  (n < 0 && errno == EINTR)))
			text_add(out, bytes, n > 0 ? (size_t)n : 0);
		close(ends[0]);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGCHLD, was);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has_tables(bool inet6)
{
	char name[8];

	return file_read_start(inet6 ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names",
		       name, sizeof(name)) > 0;
}

bool netfilter_is_in_use(void)
{
	return has_tables(false) || has_tables(true) || firewall_has_nftables();
}

/* Where no table was ever loaded, 1.3.5 fails. */
static int list_iptables(bool inet6, struct text *out)
{
	const char *const words[] = {saves[inet6], NULL};

	if (!run(words, NULL, out))
		return 0;
	text_free(out);
	return has_tables(inet6) ? -1 : 0;
}

static int list_nft(struct text *out)
{
	const char *const words[] = {nft, "-s", "list", "ruleset", NULL};

	return run(words, NULL, out);
}

/* Older kernels lack words of nft that are needed. */
static bool has_nft(void)
{
	return !access(nft, X_OK) && !kernel_older_than(4, 18, 0);
}

static int refuse_listing(const char *program)
{
	log_error("%s: failed; nothing is changed", program);
	return -1;
}

static bool was_loaded(const struct netfilter *netfilter, enum backend backend, bool inet6)
{
	return netfilter->record[inet6].loaded && netfilter->record[inet6].backend == backend;
}

int netfilter_read(unsigned mask, bool whole, struct netfilter *out)
{
	struct text listing = {0};
	bool lists_nft;
	int i;

	out->lacks_nat6 = kernel_older_than(3, 7, 0);
	out->unseen = geteuid() != 0;
	if (out->unseen) {
		netfilter_guess("", out);
		return 0;
	}
	if (lines_read(record_path, take_record, out))
		return -1;
	for (i = 0; i < 2; i++) {
		out->lacks[i] = access(saves[i], X_OK) || access(restores[i], X_OK) ||
			list_iptables(i, &listing);
		if (out->lacks[i] && was_loaded(out, BACKEND_IPTABLES, i))
			return refuse_listing(saves[i]);
		if (listing.n)
			chains_read_iptables(listing.bytes, i, mask, out);
		text_free(&listing);
	}
	lists_nft = has_nft() && (whole || firewall_has_nftables()) && !list_nft(&listing);
	if (!lists_nft && (was_loaded(out, BACKEND_NFT, false) || was_loaded(out, BACKEND_NFT, true)))
		return refuse_listing(nft);
	out->backend = lists_nft ? BACKEND_NFT
		: out->lacks[0] && out->lacks[1] ? BACKEND_NONE
						 : BACKEND_IPTABLES;
	if (lists_nft)
		out->lacks[0] = out->lacks[1] = false;
	if (lists_nft && listing.n)
		chains_read_nft(listing.bytes, mask, out);
	text_free(&listing);
	return 0;
}

void netfilter_guess(const char *root, struct netfilter *out)
{
	char *path = mem_format("%s%s", root, nft);

	out->backend = access(path, F_OK) ? BACKEND_IPTABLES : BACKEND_NFT;
	free(path);
}

const char *netfilter_command(enum backend backend, bool inet6)
{
	return backend == BACKEND_NFT ? "nft -f -"
		: inet6		      ? "ip6tables-restore --noflush"
				      : "iptables-restore --noflush";
}

/* What it says of an error, but for options that it does not know. */
static void log_said(const char *command, struct text *said)
{
	const char *cursor = said->n ? said->bytes : "";
	char *line = NULL;

	while ((line = line_next(&cursor)) && strstr(line, "unrecognized option"))
		free(line);
	if (line)
		line_make_printable(line);
	log_error("%s: %s", command, line && *line ? line : "failed");
	free(line);
}

/* A file without a name, in /tmp: the text may be longer than a pipe holds, and nft opens /dev/stdin
 * once more. SELinux has init scripts run these programs in a domain of its own (iptables_t), which
 * may read what they have in /tmp, and is given an empty file for one in /var/run: nothing would be
 * loaded, and no error said. NULL: logged. */
static FILE *open_input(const struct text *text)
{
	FILE *file = tmpfile();

	if (file && fwrite(text->bytes, 1, text->n, file) == text->n && !fflush(file)) {
		rewind(file);
		return file;
	}
	file_fail("/tmp", errno);
	if (file)
		fclose(file);
	return NULL;
}

static int load(enum backend backend, bool inet6, const struct text *text)
{
	const char *const by_nft[] = {nft, "-f", "-", NULL};
	/* --wait is 1.6.2's and late EL7's; those before say that they do not know it. */
	const char *const by_iptables[] = {restores[inet6], LOCK_WAIT, "--noflush", NULL};
	struct text said = {0};
	FILE *input;
	int status;

	if (!text->n)
		return 0;
	input = open_input(text);
	if (!input)
		return -1;
	status = run(backend == BACKEND_NFT ? by_nft : by_iptables, input, &said);
	if (status)
		log_said(netfilter_command(backend, inet6), &said);
	else
		log_change("netfilter: changed by %s", netfilter_command(backend, inet6));
	text_free(&said);
	fclose(input);
	return status ? -1 : 0;
}

/* What another backend has goes first: both would lead on. */
static int load_all(const struct planned_chains *chains, enum backend backend, bool inet6)
{
	int failures = 0, other;

	for (other = 0; other < BACKENDS; other++)
		if (other != (int)backend)
			failures += load((enum backend)other, inet6, &chains->texts[other]) != 0;
	return failures + (load(backend, inet6, &chains->texts[backend]) != 0);
}

/* Before anything is loaded, so that a crash forgets nothing. */
static int write_ahead(const struct planned_chains chains[2], struct netfilter *netfilter)
{
	bool any = false;
	int i;

	for (i = 0; i < 2; i++) {
		if (!chains[i].hash || netfilter->record[i].loaded)
			continue;
		netfilter->record[i] = (struct chains_record){netfilter->backend, chains[i].hash, 0};
		any = true;
	}
	return any ? write_record(netfilter) : 0;
}

/* Whole, as if nothing were there. */
static int remember_loaded(const struct chains_wanted *wanted, enum backend backend)
{
	struct text text = {0};

	if (wanted->markeds->n)
		chains_format(wanted, backend, NULL, &text);
	if (text.n)
		return lines_write(loaded_paths[wanted->inet6], &text);
	unlink(loaded_paths[wanted->inet6]);
	return 0;
}

int netfilter_apply(const struct plan *plan, const struct config *config,
	const struct choices_of_source sources[2], const struct addresses *addresses,
	struct netfilter *netfilter)
{
	struct planned_chains chains[2] = {{.hash = 0}, {.hash = 0}};
	struct netfilter listed = {.backend = BACKEND_NONE};
	struct chains_wanted wanted;
	int i, failures = 0, failed;
	bool works, ends;

	netfilter_plan(plan, config, sources, netfilter, chains);
	works = chains_has_work(chains);
	netfilter->changed = works;
	ends = netfilter->record[0].loaded && !chains[0].hash;
	ends |= netfilter->record[1].loaded && !chains[1].hash;
	if (works && write_ahead(chains, netfilter))
		failures++;
	for (i = 0; i < 2 && !failures && works; i++) {
		failed = load_all(&chains[i], netfilter->backend, i);
		wanted = chains_want(plan, config, &sources[i], netfilter, i);
		failed += !failed && flows_forget(&wanted, addresses);
		failed += !failed && remember_loaded(&wanted, netfilter->backend);
		/* Of what failed the record is that it has to be done. */
		netfilter->record[i].listed = 0;
		failures += failed;
	}
	if (works && !failures && !netfilter_read(config->mark_mask, true, &listed))
		for (i = 0; i < 2; i++)
			netfilter->record[i] = (struct chains_record){netfilter->backend,
				chains[i].hash,
				chains_hash(&listed.chains[netfilter->backend][i].ours)};
	/* Somebody has taken it away already. */
	for (i = 0; i < 2 && !works; i++)
		if (!chains[i].hash)
			netfilter->record[i].loaded = 0;
	if ((works || ends) && write_record(netfilter))
		failures++;
	netfilter_free(&listed);
	planned_chains_free(&chains[0]);
	planned_chains_free(&chains[1]);
	return failures ? -1 : 0;
}

void netfilter_plan(const struct plan *plan, const struct config *config,
	const struct choices_of_source sources[2], const struct netfilter *netfilter,
	struct planned_chains chains[2])
{
	int inet6;

	for (inet6 = 0; inet6 <= 1; inet6++) {
		const struct chains_wanted wanted =
			chains_want(plan, config, &sources[inet6], netfilter, inet6);

		chains_plan(&wanted, netfilter, &chains[inet6]);
	}
}

struct chains_wanted chains_want(const struct plan *plan, const struct config *config,
	const struct choices_of_source *sources, const struct netfilter *netfilter, bool inet6)
{
	return (struct chains_wanted){.markeds = &plan->markeds,
		.mask = config->mark_mask,
		.udp_ports = &config->udp_ports,
		.sources = sources,
		.locals = &plan->locals[inet6],
		.inet6 = inet6,
		.nat = !inet6 || !netfilter->lacks_nat6};
}

static void take_line(const char *line, void *arg)
{
	text_format(arg, "%s\n", line);
}

int netfilter_recall(struct netfilter_loaded *out)
{
	struct netfilter record = {.backend = BACKEND_NONE};
	int err = lines_read(record_path, take_record, &record) |
		lines_read(loaded_paths[0], take_line, &out->texts[0]) |
		lines_read(loaded_paths[1], take_line, &out->texts[1]);

	memcpy(out->record, record.record, sizeof(out->record));
	return err;
}

/* What is there now goes first. */
static int reload(const struct netfilter *now, const struct netfilter_loaded *loaded, bool inet6)
{
	const struct markeds markeds = {NULL, 0, 0};
	const struct port_ranges ports = {NULL, 0, 0};
	const struct choices_of_source sources = {NULL, 0, 0};
	const struct prefixes locals = {NULL, 0, 0};
	const struct chains_wanted nothing = {.markeds = &markeds,
		.udp_ports = &ports,
		.sources = &sources,
		.locals = &locals,
		.inet6 = inet6,
		.nat = !inet6 || !now->lacks_nat6};
	const struct chains_record *was = &loaded->record[inet6];
	struct text text = {0};
	int failures = 0, backend;

	for (backend = 0; backend < BACKENDS; backend++) {
		if (now->chains[backend][inet6].foreign)
			continue;
		chains_format(&nothing, (enum backend)backend, &now->chains[backend][inet6], &text);
		failures += load((enum backend)backend, inet6, &text) != 0;
		text_free(&text);
	}
	if (was->loaded)
		failures += load(was->backend, inet6, &loaded->texts[inet6]) != 0;
	text_add(&text, loaded->texts[inet6].bytes, loaded->texts[inet6].n);
	return failures + (lines_write(loaded_paths[inet6], &text) != 0);
}

int netfilter_reload(unsigned mask, const struct netfilter_loaded *loaded)
{
	struct netfilter now = {.backend = BACKEND_NONE};
	int i, failures = netfilter_read(mask, true, &now) != 0;

	for (i = 0; i < 2 && !failures; i++) {
		failures = reload(&now, loaded, i);
		/* Loaded once more, it is listed in an order of its own, maybe. */
		now.record[i] = loaded->record[i];
		now.record[i].listed = 0;
	}
	if (!failures)
		failures = write_record(&now) != 0;
	netfilter_free(&now);
	return failures ? -1 : 0;
}
