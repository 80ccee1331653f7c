/* SPDX-License-Identifier: MIT
 * What show, check and explain say, for programs (RFC 8259).
 */
#include <stdlib.h>
#include <string.h>

#include "judge/cures.h"
#include "judge/json.h"
#include "judge/words.h"

/* Bytes that are no UTF-8 come from names of files only, and are told as '?'. */
static size_t utf8_length(const unsigned char *bytes)
{
	size_t n = *bytes < 0x80 ? 1 : *bytes < 0xc2 ? 0 : *bytes < 0xe0 ? 2 : *bytes < 0xf0 ? 3
		: *bytes < 0xf5 ? 4 : 0, i;

	for (i = 1; i < n; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	if ((*bytes == 0xe0 && bytes[1] < 0xa0) || (*bytes == 0xed && bytes[1] > 0x9f) ||
		(*bytes == 0xf0 && bytes[1] < 0x90) || (*bytes == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return n;
}

static void add_string(struct text *out, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;
	size_t n;

	text_add_string(out, "\"");
	for (; *at; at += n) {
		n = utf8_length(at);
		if (*at == '"' || *at == '\\')
			text_format(out, "\\%c", *at);
		else if (*at < ' ' || *at == 0x7f)
			text_format(out, "\\u%04x", *at);
		else if (n == 2 && *at == 0xc2 && at[1] < 0xa0)
			text_format(out, "\\u%04x", at[1]);
		else if (n)
			text_add(out, at, n);
		else
			text_add_string(out, "?");
		n += !n;
	}
	text_add_string(out, "\"");
}

/* "," behind another item or member. */
static const char *separator(const struct text *out)
{
	return strchr("[{", out->bytes[out->n - 1]) ? "" : ",";
}

/* What follows is the value. */
static void add_key(struct text *out, const char *key)
{
	text_format(out, "%s\"%s\":", separator(out), key);
}

static void add_member(struct text *out, const char *key, const char *string)
{
	add_key(out, key);
	add_string(out, string);
}

static void add_address(struct text *out, const char *key, const struct prefix *address)
{
	char text[PREFIX_TEXT];

	if (address->family)
		add_member(out, key, prefix_format_address(address, text));
}

static void open_item(struct text *out)
{
	text_format(out, "%s{", separator(out));
}

void json_begin(struct text *out)
{
	text_add_string(out, "{\"version\":1");
}

void json_end(struct text *out)
{
	text_add_string(out, "}\n");
}

void json_uplinks(const struct showns *showns, struct text *out)
{
	const struct uplink *uplink;
	const struct shown *shown;
	size_t i, k;

	add_key(out, "uplinks");
	text_add_string(out, "[");
	for (i = 0; i < showns->n; i++) {
		shown = &showns->items[i];
		uplink = shown->planned->uplink;
		open_item(out);
		add_member(out, "dev", shown->device);
		add_member(out, "file", uplink->file->name);
		add_member(out, "family", uplink->inet6 ? "inet6" : "inet");
		add_key(out, "addr_info");
		text_add_string(out, "[");
		for (k = 0; k < uplink->addresses.n; k++) {
			open_item(out);
			add_address(out, "local", &uplink->addresses.items[k]);
			text_format(out, ",\"prefixlen\":%d}", uplink->addresses.items[k].len);
		}
		text_add_string(out, "]");
		add_address(out, "gateway", &uplink->gateway);
		if (shown->planned->table)
			text_format(out, ",\"table\":%u", shown->planned->table);
		add_member(out, "state", shown->state);
		add_member(out, "default", shown->way);
		add_member(out, "rp_filter", shown->filter);
		text_add_string(out, "}");
	}
	text_add_string(out, "]");
}

void json_verdicts(const char *name, const struct facts *facts, const struct verdict *verdicts,
	size_t n, struct text *out)
{
	const struct verdict *verdict;
	struct text words = {0};
	char *cure;
	size_t i;

	add_key(out, name);
	text_add_string(out, "[");
	for (i = 0; i < n; i++) {
		verdict = &verdicts[i];
		/* Of a family in which it has no uplink the host has no traffic to speak of. */
		if (!verdict->holder && verdict->fault == FAULT_NO_ROUTE &&
			!facts_has_uplink(facts, verdict->packet.remote.family))
			continue;
		open_item(out);
		add_address(out, "remote", &verdict->packet.remote);
		if (verdict->holder) {
			add_address(out, "local", &verdict->local);
			add_member(out, "dev", verdict->holder->name);
			add_member(out, "iif", verdict->arrival->name);
			words_verdict(verdict, &words);
			cure = cure_verdict(facts, verdict);
		} else {
			cure = verdict->fault ? cure_own(facts, verdict) : mem_string("");
		}
		if (!verdict->leaves.error) {
			add_member(out, "oif", verdict->leaves.device);
			add_address(out, "gateway", &verdict->leaves.gateway);
			if (verdict->leaves.table)
				text_format(out, ",\"table\":%u", verdict->leaves.table);
		}
		add_member(out, "outcome", words_outcome(verdict_outcome(verdict)));
		add_member(out, "fault", words_fault(verdict->fault));
		if (words.n)
			add_member(out, "text", words.bytes);
		if (*cure)
			add_member(out, "cure", cure);
		text_add_string(out, "}");
		text_free(&words);
		free(cure);
	}
	text_add_string(out, "]");
}

void json_findings(const struct findings *findings, struct text *out)
{
	const struct finding *finding;
	struct text what = {0};
	size_t i;

	add_key(out, "findings");
	text_add_string(out, "[");
	for (i = 0; i < findings->n; i++) {
		finding = &findings->items[i];
		open_item(out);
		text_format(out, "\"wrong\":%s", finding->wrong ? "true" : "false");
		add_member(out, "kind", finding_name(finding->kind));
		if (finding->device[0])
			add_member(out, "dev", finding->device);
		add_address(out, "local", &finding->address);
		if (finding->more)
			text_format(out, ",\"more\":%zu", finding->more);
		finding_format_what(finding, &what);
		add_member(out, "text", what.bytes);
		if (finding->cure[0])
			add_member(out, "cure", finding->cure);
		text_add_string(out, "}");
		text_free(&what);
	}
	text_add_string(out, "]");
}
