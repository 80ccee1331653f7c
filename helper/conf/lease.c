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

/* What is being read of one lease. */
struct draft {
	struct lease lease;
	int len; /* of the network, or 0 */
	struct prefix routers[WORDS];
	size_t n;
};

static bool is_blank(char c)
{
	return c == ',' || (unsigned char)c <= ' ';
}

static bool is_mark(char c)
{
	return c == ';' || c == '{' || c == '}';
}

static void add_char(char *word, size_t *len, char c)
{
	if (*len < WORD_SIZE - 1)
		word[(*len)++] = c;
	word[*len] = '\0';
}

/* No string goes past its line (quotify_string writes a newline as \012), so one that was cut
 * off by a crash takes nothing with it. */
static void scan_string(struct scanner *scanner, char *word)
{
	size_t len = 0;

	for (scanner->at++; scanner->at < scanner->end; scanner->at++) {
		if (*scanner->at == '"' || *scanner->at == '\n')
			break;
		if (*scanner->at == '\\' && scanner->at + 1 < scanner->end)
			scanner->at++;
		add_char(word, &len, *scanner->at);
	}
	if (scanner->at < scanner->end)
		scanner->at++;
}

static void scan_word(struct scanner *scanner, char *word)
{
	size_t len = 0;

	for (; scanner->at < scanner->end; scanner->at++) {
		if (is_blank(*scanner->at) || is_mark(*scanner->at) || *scanner->at == '"')
			break;
		add_char(word, &len, *scanner->at);
	}
}

static void skip_blanks(struct scanner *scanner)
{
	bool comment = false;

	for (; scanner->at < scanner->end; scanner->at++) {
		if (*scanner->at == '#')
			comment = true;
		else if (*scanner->at == '\n')
			comment = false;
		else if (!comment && !is_blank(*scanner->at))
			return;
	}
}

/* Up to the next ';', '{' or '}', which is returned, or 0 at the end. */
static char read_statement(struct scanner *scanner, struct statement *out)
{
	char *word;

	memset(out, 0, sizeof(*out));
	for (;;) {
		skip_blanks(scanner);
		if (scanner->at == scanner->end)
			return 0;
		if (is_mark(*scanner->at))
			return *scanner->at++;
		out->n += out->n < WORDS;
		word = out->words[out->n - 1];
		if (*scanner->at == '"')
			scan_string(scanner, word);
		else
			scan_word(scanner, word);
	}
}

static void draft_address(struct draft *draft, const char *text)
{
	struct prefix address;

	if (!prefix_parse_address(text, AF_INET, &address) && prefix_is_unicast(&address))
		draft->lease.address = address;
}

static void draft_router(struct draft *draft, const char *text)
{
	struct prefix router;

	if (draft->n < WORDS && !prefix_parse_address(text, AF_INET, &router) &&
		prefix_is_unicast(&router))
		draft->routers[draft->n++] = router;
}

static void draft_device(struct draft *draft, const char *name)
{
	if (device_valid(name))
		memcpy(draft->lease.device, name, strlen(name) + 1);
}

static long long parse_seconds(const char *text)
{
	long long seconds;
	char rest;

	return sscanf(text, "%18lld%c", &seconds, &rest) == 1 ? seconds : LEASE_NEVER;
}

/* "never", "epoch 1700000000", or the day of the week and UTC: "2 2023/11/14 22:13:20". */
static void draft_expiry(struct draft *draft, const struct statement *statement)
{
	const char *first = statement->words[1];
	struct tm tm = {0};
	time_t time;

	if (!strcmp(first, "epoch"))
		draft->lease.expiry = parse_seconds(statement->words[2]);
	if (sscanf(statement->words[2], "%4d/%2d/%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3 ||
		sscanf(statement->words[3], "%2d:%2d:%2d", &tm.tm_hour, &tm.tm_min, &tm.tm_sec) !=
			3)
		return;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	time = timegm(&tm);
	if (time != (time_t)-1)
		draft->lease.expiry = time;
}

static void draft_statement(struct draft *draft, const struct statement *statement)
{
	const char *key = statement->words[0], *value = statement->words[1];
	size_t i;

	if (!strcmp(key, "interface"))
		draft_device(draft, value);
	else if (!strcmp(key, "fixed-address"))
		draft_address(draft, value);
	else if (!strcmp(key, "expire"))
		draft_expiry(draft, statement);
	else if (strcmp(key, "option"))
		return;
	else if (!strcmp(value, "subnet-mask"))
		draft->len = prefix_parse_netmask(statement->words[2]);
	else if (!strcmp(value, "routers"))
		for (i = 2; i < statement->n; i++)
			draft_router(draft, statement->words[i]);
}

/* dhclient-script passes over the broadcast address; the kernel refuses it, the host's own address
 * and, before 5.14, the network's. */
static bool can_be_router(const struct prefix *address, const struct prefix *router)
{
	struct prefix net = prefix_network(address), last = *router;
	unsigned host = address->len >= 32 ? 0 : 0xffffffffu >> address->len;

	if (prefix_same_address(address, router))
		return false;
	last.bytes[0] |= (unsigned char)(host >> 24);
	last.bytes[1] |= (unsigned char)(host >> 16);
	last.bytes[2] |= (unsigned char)(host >> 8);
	last.bytes[3] |= (unsigned char)host;
	return address->len >= 31 || !prefix_contains(&net, router) ||
		(!prefix_same_address(&last, router) && !prefix_same_address(&net, router));
}

static void draft_finish(struct draft *draft, struct lease *out)
{
	struct lease *lease = &draft->lease;
	size_t i;

	if (draft->len < 1)
		memset(&lease->address, 0, sizeof(lease->address));
	else if (lease->address.family)
		lease->address.len = (unsigned char)draft->len;
	for (i = 0; lease->address.family && !lease->router.family && i < draft->n; i++)
		if (can_be_router(&lease->address, &draft->routers[i]))
			lease->router = draft->routers[i];
	*out = *lease;
}

static void draft_begin(struct draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	draft->lease.expiry = LEASE_NEVER;
}

/* Only what is closed is a lease: the last one of a file may be half written. */
static bool read_file(const struct file *file, const char *device, struct lease *out)
{
	struct scanner scanner = {file->bytes, file->bytes + file->len};
	bool found = false, inside = false;
	struct statement statement;
	struct draft draft;
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
			draft_statement(&draft, &statement);
		} else if (mark == '}' && --depth <= 0) {
			if (inside && !strcmp(draft.lease.device, device)) {
				draft_finish(&draft, out);
				found = true;
			}
			inside = false;
			depth = 0;
		}
	}
	return found;
}

/* A lease, and what tells whether dhclient holds it. */
struct found_lease {
	struct lease lease;
	bool found, told;  /* by our hook */
	bool there;	   /* the device has its address */
	long long changed; /* when its file was, in nanoseconds; 0: in the future */
};

static bool is_newer(const struct found_lease *a, const struct found_lease *b)
{
	if (!a->found || !b->found)
		return a->found;
	if (a->told && !b->told)
		return !is_newer(b, a);
	/* dhclient writes its file once the hook has returned, so the same lease is in both. */
	if (b->told)
		return a->there && a->changed > b->changed && a->lease.expiry > b->lease.expiry;
	if (a->there != b->there)
		return a->there;
	return a->changed >= b->changed;
}

bool lease_find(const struct files *files, const char *device, long long now,
	const struct addresses *seen, struct lease *out)
{
	struct found_lease best = {.found = false}, next;
	const struct file *file;
	struct prefixes address = {NULL, 1, 1};
	size_t i;

	for (i = 0; device[0] && i < files->n; i++) {
		file = &files->items[i];
		memset(&next, 0, sizeof(next));
		next.found = file->bytes && read_file(file, device, &next.lease);
		next.told = !strncmp(file->name, "lease-", strlen("lease-"));
		next.changed = file->changed / 1000000000 > now ? 0 : file->changed;
		address.items = &next.lease.address;
		next.there = !seen || addresses_have_any(seen, device, &address);
		if (is_newer(&next, &best))
			best = next;
	}
	*out = best.lease;
	return best.found && out->address.family && out->expiry > now;
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

const struct file *lease_find_unread(const struct files *files, const char *device)
{
	const struct file *file, *found = NULL;
	long long known = -1;
	struct lease lease;
	size_t i;

	for (i = 0; device[0] && i < files->n; i++) {
		file = &files->items[i];
		if (file->error && may_be_of(file, device))
			found = !found || file->changed > found->changed ? file : found;
		else if (file->bytes && file->changed > known && read_file(file, device, &lease))
			known = file->changed;
	}
	return found && found->changed > known ? found : NULL;
}

bool lease_learn(const struct lease_news *news, struct lease *out)
{
	static const char *const got[] = {"BOUND", "RENEW", "REBIND", "REBOOT", "TIMEOUT", NULL};
	static const char *const lost[] = {"EXPIRE", "FAIL", "RELEASE", "STOP", NULL};
	struct statement routers = {.n = 0};
	struct scanner scanner;
	struct draft draft;
	size_t i;

	if (!news->reason || !news->device || !device_valid(news->device))
		return false;
	draft_begin(&draft);
	draft_device(&draft, news->device);
	if (word_index(news->reason, lost) >= 0) {
		draft.lease.expiry = 0;
	} else if (word_index(news->reason, got) >= 0) {
		draft_address(&draft, news->address ? news->address : "");
		draft.len = prefix_parse_netmask(news->mask ? news->mask : "");
		scanner.at = news->routers ? news->routers : "";
		scanner.end = scanner.at + strlen(scanner.at);
		read_statement(&scanner, &routers);
		for (i = 0; i < routers.n; i++)
			draft_router(&draft, routers.words[i]);
		draft.lease.expiry = parse_seconds(news->expiry ? news->expiry : "");
	} else {
		return false;
	}
	draft_finish(&draft, out);
	return true;
}

static void format_address(const struct lease *lease, struct text *out)
{
	unsigned mask = 0xffffffffu << (32 - lease->address.len);
	char text[PREFIX_TEXT];

	text_format(out, "  fixed-address %s;\n", prefix_format_address(&lease->address, text));
	text_format(out, "  option subnet-mask %u.%u.%u.%u;\n", mask >> 24, mask >> 16 & 255,
		mask >> 8 & 255, mask & 255);
	if (lease->router.family)
		text_format(
			out, "  option routers %s;\n", prefix_format_address(&lease->router, text));
}

void lease_format(const struct lease *lease, struct text *out)
{
	text_format(out, "lease {\n  interface \"%s\";\n", lease->device);
	if (lease->address.family)
		format_address(lease, out);
	if (lease->expiry == LEASE_NEVER)
		text_add_string(out, "  expire never;\n}\n");
	else
		text_format(out, "  expire epoch %lld;\n}\n", lease->expiry);
}
