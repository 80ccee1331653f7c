/* SPDX-License-Identifier: MIT
 * DHCP leases, from dhclient's files and from what it tells its script.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/line.h"
#include "conf/lease.h"

enum { WORDS = 8, WORD_SIZE = 64 };

struct scanner {
	const char *at, *end;
};

/* "option routers 10.0.0.1, 10.0.0.2". Words past the last overwrite it, and longer ones are
 * cut: neither leaves anything that is looked for. */
struct statement {
	char words[WORDS][WORD_SIZE];
	size_t n;
};

/* One lease while it is read. */
struct lease_draft {
	struct lease lease;
	int len; /* of the network, or 0 */
	struct prefix routers[WORDS];
	size_t n;
};

static bool is_separator(char c)
{
	return c == ',' || (unsigned char)c <= ' ';
}

static bool is_mark(char c)
{
	return c == ';' || c == '{' || c == '}';
}

/* A word, or a string in quotes. No string goes past its line (quotify_string writes a newline as
 * \012), so one that was cut off by a crash takes nothing with it. */
static void scan_word(struct scanner *scanner, char word[WORD_SIZE])
{
	bool quoted = *scanner->at == '"';
	const char *at = scanner->at + quoted, *end = scanner->end;
	size_t len = 0;

	for (; at < end; at++) {
		if (quoted ? *at == '"' || *at == '\n'
			   : is_separator(*at) || is_mark(*at) || *at == '"')
			break;
		at += quoted && *at == '\\' && at + 1 < end;
		if (len < WORD_SIZE - 1)
			word[len++] = *at;
	}
	word[len] = '\0';
	scanner->at = at + (quoted && at < end);
}

static void skip_to_word(struct scanner *scanner)
{
	bool comment = false;

	for (; scanner->at < scanner->end; scanner->at++) {
		if (*scanner->at == '#')
			comment = true;
		else if (*scanner->at == '\n')
			comment = false;
		else if (!comment && !is_separator(*scanner->at))
			return;
	}
}

/* Reads up to the next ';', '{' or '}', and returns that, or 0 at the end. */
static char read_statement(struct scanner *scanner, struct statement *out)
{
	memset(out, 0, sizeof(*out));
	for (;;) {
		skip_to_word(scanner);
		if (scanner->at == scanner->end)
			return 0;
		if (is_mark(*scanner->at))
			return *scanner->at++;
		out->n += out->n < WORDS;
		scan_word(scanner, out->words[out->n - 1]);
	}
}

/* Leaves *out as it is unless the text is a host's address. */
static bool parse_host(const char *text, struct prefix *out)
{
	struct prefix address;

	if (prefix_parse_address(text, AF_INET, &address) || !prefix_is_unicast(&address))
		return false;
	*out = address;
	return true;
}

static void add_router(struct lease_draft *draft, const char *text)
{
	if (draft->n < WORDS)
		draft->n += parse_host(text, &draft->routers[draft->n]);
}

static long long parse_seconds(const char *text)
{
	long long seconds;
	char rest;

	return sscanf(text, "%18lld%c", &seconds, &rest) == 1 ? seconds : LEASE_NEVER;
}

/* "never", "epoch 1700000000", or the day of the week and UTC: "2 2023/11/14 22:13:20". */
static long long parse_expiry(const struct statement *statement)
{
	struct tm tm = {0};
	time_t time = -1;

	if (!strcmp(statement->words[1], "epoch"))
		return parse_seconds(statement->words[2]);
	if (sscanf(statement->words[2], "%4d/%2d/%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) == 3 &&
		sscanf(statement->words[3], "%2d:%2d:%2d", &tm.tm_hour, &tm.tm_min, &tm.tm_sec) ==
			3) {
		tm.tm_year -= 1900;
		tm.tm_mon--;
		time = timegm(&tm);
	}
	return time == (time_t)-1 ? LEASE_NEVER : time;
}

static void take_statement(struct lease_draft *draft, const struct statement *statement)
{
	const char *key = statement->words[0], *value = statement->words[1];
	size_t i;

	if (!strcmp(key, "interface") && device_valid(value))
		device_copy(draft->lease.device, value);
	else if (!strcmp(key, "fixed-address"))
		parse_host(value, &draft->lease.address);
	else if (!strcmp(key, "expire"))
		draft->lease.expiry = parse_expiry(statement);
	else if (!strcmp(key, "option") && !strcmp(value, "subnet-mask"))
		draft->len = prefix_parse_netmask(statement->words[2]);
	else if (!strcmp(key, "option") && !strcmp(value, "routers"))
		for (i = 2; i < statement->n; i++)
			add_router(draft, statement->words[i]);
}

/* dhclient-script passes over the broadcast address; the kernel refuses it, the host's own address
 * and, before 5.14, the network's. */
static struct lease draft_finish(const struct lease_draft *draft)
{
	struct lease lease = draft->lease;
	size_t i;

	if (draft->len < 1)
		memset(&lease.address, 0, sizeof(lease.address));
	else if (lease.address.family)
		lease.address.len = (unsigned char)draft->len;
	for (i = 0; lease.address.family && !lease.router.family && i < draft->n; i++)
		if (!prefix_name_special(&lease.address, &draft->routers[i]))
			lease.router = draft->routers[i];
	return lease;
}

static void draft_begin(struct lease_draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	draft->lease.expiry = LEASE_NEVER;
}

/* Only what is closed is a lease: the last one of a file may be half written. */
static void read_file(const struct file *file, struct leases *out)
{
	struct scanner scanner = {file->bytes, file->bytes + file->len};
	struct statement statement;
	struct lease_draft draft;
	struct held_lease *held;
	bool inside = false;
	int depth = 0;
	char mark;

	while ((mark = read_statement(&scanner, &statement))) {
		/* After half a lease another may begin, on any level. */
		if (mark == '{' && statement.n &&
			!strcmp(statement.words[statement.n - 1], "lease")) {
			draft_begin(&draft);
			inside = true;
			depth = 1;
		} else if (mark == '{') {
			depth++;
		} else if (mark == ';' && inside && depth == 1) {
			take_statement(&draft, &statement);
		} else if (mark == '}' && --depth <= 0) {
			if (inside) {
				held = array_add(out);
				held->lease = draft_finish(&draft);
				held->file = file;
			}
			inside = false;
			depth = 0;
		}
	}
}

define_order(leases_by_device, struct held_lease, strcmp(x->lease.device, y->lease.device))

void leases_read(
	const struct files *files, long long now, const struct index *seen, struct leases *out)
{
	struct held_lease *held;
	size_t i;

	for (i = 0; i < files->n; i++)
		if (files->items[i].bytes)
			read_file(&files->items[i], out);
	for (i = 0; i < out->n; i++) {
		held = &out->items[i];
		held->told = !strncmp(held->file->name, "lease-", strlen("lease-"));
		held->there =
			!seen || addresses_have(seen, held->lease.device, &held->lease.address);
		held->changed = held->file->changed / 1000000000 > now ? 0 : held->file->changed;
	}
	index_build(out, leases_by_device, &out->by_device);
	out->files = files;
	out->now = now;
}

void leases_free(struct leases *leases)
{
	free(leases->items);
	free(leases->by_device.items);
	memset(leases, 0, sizeof(*leases));
}

static bool is_newer(const struct held_lease *a, const struct held_lease *b)
{
	if (a->told && !b->told)
		return !is_newer(b, a);
	/* dhclient writes its file once the hook has returned, so the same lease is in both. */
	if (b->told)
		return a->there && a->changed > b->changed && a->lease.expiry > b->lease.expiry;
	if (a->there != b->there)
		return a->there;
	return a->changed >= b->changed;
}

bool lease_find(const struct leases *leases, const char *device, struct lease *out)
{
	const struct index *index = &leases->by_device;
	const struct held_lease *held, *next, *best = NULL;
	struct held_lease key = {.file = NULL};
	size_t at;

	device_copy(key.lease.device, device);
	for (at = index_first(index, &key); (held = index_at(index, at, &key)); at++) {
		next = index_at(index, at + 1, &key);
		/* The last of a file counts. */
		if (!(next && next->file == held->file) && (!best || is_newer(held, best)))
			best = held;
	}
	if (!*device || !best || !best->lease.address.family || best->lease.expiry <= leases->now)
		return false;
	*out = best->lease;
	return true;
}

/* dhclient-eth0.leases, dhclient-UUID-eth0.lease, our own lease-eth0; or their folder, that has no
 * name. */
static bool may_be_of(const struct file *file, const char *device)
{
	const char *dot = strrchr(file->name, '.');
	size_t len = strlen(device), end = strlen(file->name);

	if (dot && (!strcmp(dot, ".lease") || !strcmp(dot, ".leases")))
		end = (size_t)(dot - file->name);
	return !end ||
		(end > len && file->name[end - len - 1] == '-' &&
			!memcmp(file->name + end - len, device, len));
}

const struct file *lease_find_unread(const struct leases *leases, const char *device)
{
	const struct index *index = &leases->by_device;
	const struct held_lease *held;
	const struct file *file, *found = NULL;
	struct held_lease key = {.file = NULL};
	size_t at;

	for (at = 0; *device && at < leases->files->n; at++) {
		file = &leases->files->items[at];
		if (file->error && may_be_of(file, device) &&
			(!found || file->changed > found->changed))
			found = file;
	}
	device_copy(key.lease.device, device);
	for (at = index_first(index, &key); found && (held = index_at(index, at, &key)); at++)
		if (held->file->changed >= found->changed)
			found = NULL;
	return found;
}

bool lease_learn(const struct lease_event *event, struct lease *out)
{
	static const char *const got[] = {"BOUND", "RENEW", "REBIND", "REBOOT", "TIMEOUT", NULL};
	static const char *const lost[] = {"EXPIRE", "FAIL", "RELEASE", "STOP", NULL};
	struct statement routers = {.n = 0};
	struct lease_draft draft;
	struct scanner scanner;
	size_t i;

	if (!event->reason || !event->device || !device_valid(event->device))
		return false;
	draft_begin(&draft);
	device_copy(draft.lease.device, event->device);
	if (word_index(event->reason, lost) >= 0) {
		draft.lease.expiry = 0;
	} else if (word_index(event->reason, got) >= 0) {
		parse_host(event->address ? event->address : "", &draft.lease.address);
		draft.len = prefix_parse_netmask(event->mask ? event->mask : "");
		scanner.at = event->routers ? event->routers : "";
		scanner.end = scanner.at + strlen(scanner.at);
		read_statement(&scanner, &routers);
		for (i = 0; i < routers.n; i++)
			add_router(&draft, routers.words[i]);
		draft.lease.expiry = parse_seconds(event->expiry ? event->expiry : "");
	} else {
		return false;
	}
	*out = draft_finish(&draft);
	return true;
}

void lease_format(const struct lease *lease, struct text *out)
{
	unsigned mask = lease->address.len ? 0xffffffffu << (32 - lease->address.len) : 0;
	char text[PREFIX_TEXT];

	text_format(out, "lease {\n  interface \"%s\";\n", lease->device);
	if (lease->address.family)
		text_format(out, "  fixed-address %s;\n  option subnet-mask %u.%u.%u.%u;\n",
			prefix_format_address(&lease->address, text), mask >> 24, mask >> 16 & 255,
			mask >> 8 & 255, mask & 255);
	if (lease->router.family)
		text_format(
			out, "  option routers %s;\n", prefix_format_address(&lease->router, text));
	if (lease->expiry == LEASE_NEVER)
		text_add_string(out, "  expire never;\n}\n");
	else
		text_format(out, "  expire epoch %lld;\n}\n", lease->expiry);
}
