/* SPDX-License-Identifier: MIT
 * What check found: its kinds and its lines.
 */
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "judge/findings.h"

static const char *const names[FINDING_KINDS] = {
	[FINDING_REFUSED] = "refused",
	[FINDING_CARRIER] = "no-carrier",
	[FINDING_DROPPED] = "dropped",
	[FINDING_NO_WAY_BACK] = "no-way-back",
	[FINDING_WRONG_NIC] = "wrong-nic",
	[FINDING_WRONG_GATEWAY] = "wrong-gateway",
	[FINDING_OFFLINE] = "offline",
	[FINDING_EDITED] = "edited",
	[FINDING_EMPTY_TABLE] = "empty-table",
	[FINDING_NO_DEFAULT] = "no-default",
	[FINDING_TWO_DEFAULTS] = "two-defaults",
	[FINDING_DUPLICATE_RULE] = "duplicate-rule",
	[FINDING_STALE_RULE] = "stale-rule",
	[FINDING_TABLE_SHARED] = "table-shared",
	[FINDING_FILES] = "files",
	[FINDING_KERNEL] = "kernel",
	[FINDING_SETTING] = "setting",
	[FINDING_SYSCTL_CONF] = "sysctl-conf",
	[FINDING_ROUTE_LOST] = "route-lost",
	[FINDING_ARP] = "arp",
	[FINDING_NEIGHBOUR] = "neighbour",
	[FINDING_DEAD] = "dead",
	[FINDING_LEFT] = "left",
	[FINDING_HOOK] = "hook",
	[FINDING_DHCP_HOOK] = "dhcp-hook",
	[FINDING_NETWORK_MANAGER] = "network-manager",
	[FINDING_KEY] = "key",
	[FINDING_NO_GATEWAY] = "no-gateway",
	[FINDING_DOWN] = "down",
	[FINDING_WAITS] = "waits",
	[FINDING_UNCONFIRMED] = "unconfirmed",
	[FINDING_CHAINS] = "chains",
	[FINDING_PUBLISHED] = "published",
	[FINDING_FIREWALL] = "firewall",
	[FINDING_DEPENDS] = "depends",
	[FINDING_VRF] = "vrf",
	[FINDING_NOTICE] = "notice",
};

/* What the sentence of a finding with an address begins with. */
static const char *const subjects[FINDING_KINDS] = {
	[FINDING_DROPPED] = "packets to",
	[FINDING_NO_WAY_BACK] = "replies from",
	[FINDING_WRONG_NIC] = "replies from",
	[FINDING_WRONG_GATEWAY] = "replies from",
	[FINDING_ARP] = "ARP for",
	[FINDING_DEPENDS] = "replies from",
};

const char *finding_name(enum finding_kind kind)
{
	return names[kind];
}

static bool is_same(const struct finding *a, const struct finding *b)
{
	return a->wrong == b->wrong && a->kind == b->kind &&
		a->address.family == b->address.family && !strcmp(a->device, b->device) &&
		!strcmp(a->what, b->what) && !strcmp(a->cure, b->cure);
}

/* FNV-1a, from 0x811c9dc5 on. */
static unsigned hash(unsigned hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x01000193;
	return hash;
}

static unsigned find_bucket(const char *what, const char *cure)
{
	return hash(hash(0x811c9dc5, what), cure) % FINDING_BUCKETS;
}

void finding_add(struct findings *findings, struct finding found, const char *device, char *what,
	char *cure)
{
	size_t *bucket, *of_device, at;

	device_copy(found.device, device);
	found.what = what;
	found.cure = cure;
	bucket = &findings->buckets[find_bucket(what, cure)];
	for (at = *bucket; at; at = findings->items[at - 1].next) {
		if (!is_same(&findings->items[at - 1], &found))
			continue;
		findings->items[at - 1].more += found.address.family != 0;
		free(what);
		free(cure);
		return;
	}
	of_device = &findings->devices[find_bucket(device, "")];
	found.next = *bucket;
	found.before = *of_device;
	*array_add(findings) = found;
	*bucket = *of_device = findings->n;
}

const struct finding *findings_of(
	const struct findings *findings, const char *device, const struct finding *that)
{
	size_t at = that ? that->before : findings->devices[find_bucket(device, "")];

	while (at && strcmp(findings->items[at - 1].device, device))
		at = findings->items[at - 1].before;
	return at ? &findings->items[at - 1] : NULL;
}

size_t findings_count(const struct findings *findings, bool wrong)
{
	size_t i, n = 0;

	for (i = 0; i < findings->n; i++)
		n += findings->items[i].wrong == wrong;
	return n;
}

void findings_free(struct findings *findings)
{
	size_t i;

	for (i = 0; i < findings->n; i++) {
		free(findings->items[i].what);
		free(findings->items[i].cure);
	}
	free(findings->items);
	memset(findings, 0, sizeof(*findings));
}

void finding_format_what(const struct finding *finding, struct text *out)
{
	const char *subject = subjects[finding->kind];
	char address[PREFIX_TEXT];

	if (finding->address.family && subject) {
		text_format(
			out, "%s %s ", subject, prefix_format_address(&finding->address, address));
		if (finding->more)
			text_format(out, "and %zu more ", finding->more);
	}
	text_add_string(out, finding->what);
}

void finding_format(const struct finding *finding, size_t columns, struct text *out)
{
	struct text what = {0}, cure = {0};

	text_format(&what, "%s%s%s", finding->wrong ? "" : "note: ", finding->device,
		finding->device[0] ? ": " : "");
	finding_format_what(finding, &what);
	/* A file's name may hold what would break the line or the terminal. */
	line_make_printable(what.bytes);
	text_wrap(what.bytes, 0, 2, columns, out);
	text_add_string(&cure, finding->cure);
	line_make_printable(cure.bytes);
	/* What is to be copied stays on one line. */
	if (cure.n) {
		text_add_string(out, "  ");
		text_wrap(cure.bytes, 2, 4,
			strncmp(cure.bytes, "see ", 4) || strstr(cure.bytes, "run ") ? (size_t)-1
										     : columns,
			out);
	}
	text_free(&what);
	text_free(&cure);
}

static void add_field(struct text *out, const char *field)
{
	size_t start;

	text_add_string(out, "\t");
	start = out->n;
	text_add_string(out, *field ? field : "-");
	line_make_printable(out->bytes + start);
}

void finding_format_record(const struct finding *finding, struct text *out)
{
	char address[PREFIX_TEXT];
	struct text what = {0};

	finding_format_what(finding, &what);
	text_add_string(out, finding->wrong ? "wrong" : "note");
	add_field(out, names[finding->kind]);
	add_field(out, finding->device);
	add_field(out,
		finding->address.family ? prefix_format_address(&finding->address, address) : "-");
	add_field(out, what.bytes);
	add_field(out, finding->cure);
	text_add_string(out, "\n");
	text_free(&what);
}
