/* SPDX-License-Identifier: MIT
 * What check found: its kinds and its lines.
 */
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "judge/findings.h"

/* subject: what the sentence of a finding with an address begins with. */
static const struct {
	const char *name, *subject, *meaning;
} kinds[FINDING_KINDS] = {
	[FINDING_REFUSED] = {"refused", NULL,
		"a configuration file is wrong, and what it is about is left as it was"},
	[FINDING_CARRIER] = {"no-carrier", NULL, "the NIC has no carrier, so nothing reaches it"},
	[FINDING_DROPPED] = {"dropped", "packets to",
		"the kernel drops packets to the address from other networks"},
	[FINDING_NO_WAY_BACK] = {"no-way-back", "replies from",
		"the kernel has no route for replies from the address"},
	[FINDING_WRONG_NIC] = {"wrong-nic", "replies from",
		"replies from the address leave by a NIC that does not have it"},
	[FINDING_WRONG_GATEWAY] = {"wrong-gateway", "replies from",
		"replies from the address leave by its NIC, but via another gateway"},
	[FINDING_OFFLINE] = {"offline", NULL,
		"the host's own traffic has no way out, or leaves by a NIC that is dead"},
	[FINDING_EDITED] = {"edited", NULL,
		"the NIC has other addresses than its ifcfg file or its lease"},
	[FINDING_EMPTY_TABLE] = {"empty-table", NULL,
		"a rule for addresses of the host leads to a table without routes"},
	[FINDING_NO_DEFAULT] = {"no-default", NULL,
		"a rule for addresses of the host leads to a table without a default route"},
	[FINDING_TWO_DEFAULTS] = {"two-defaults", NULL,
		"table main has two default routes of one metric, and the kernel alternates"},
	[FINDING_DUPLICATE_RULE] = {"duplicate-rule", NULL, "a rule is there more than once"},
	[FINDING_STALE_RULE] = {"stale-rule", NULL,
		"a rule is for an address or a device that the host does not have"},
	[FINDING_TABLE_SHARED] = {"table-shared", NULL,
		"the table that multihome chose for an uplink is used by somebody else, too"},
	[FINDING_FILES] = {"files", NULL,
		"the managed block of a route- or rule- file is missing or out of date"},
	[FINDING_KERNEL] = {"kernel", NULL, "routes or rules of the kernel are not as planned"},
	[FINDING_SETTING] = {"setting", NULL, "a setting of the kernel is not as planned"},
	[FINDING_SYSCTL_CONF] = {"sysctl-conf", NULL,
		"a line of sysctl.conf works against the plan"},
	[FINDING_ROUTE_LOST] = {"route-lost", NULL,
		"a route of a route- file is not in the kernel, though its NIC is up"},
	[FINDING_ARP] = {"arp", "ARP for",
		"two NICs of one network answer ARP for the same address"},
	[FINDING_NEIGHBOUR] = {"neighbour", NULL,
		"the gateway did not answer when it was asked for its MAC address"},
	[FINDING_HOOK] = {"hook", NULL,
		"initscripts do not run multihome when a NIC comes up or goes down"},
	[FINDING_DHCP_HOOK] = {"dhcp-hook", NULL,
		"dhclient does not run multihome when a lease changes"},
	[FINDING_NETWORK_MANAGER] = {"network-manager", NULL,
		"NetworkManager controls the NIC and does not run multihome"},
	[FINDING_KEY] = {"key", NULL, "a key of a file is misspelt, and so is not read"},
	[FINDING_NO_GATEWAY] = {"no-gateway", NULL,
		"a NIC has an address and no gateway, so other networks get no answer by it"},
	[FINDING_DOWN] = {"down", NULL, "an uplink is down"},
	[FINDING_WAITS] = {"waits", NULL, "an edited file waits for the next ifup of its NIC"},
	[FINDING_FIREWALL] = {"firewall", NULL,
		"firewall rules are loaded; what they drop or mark is not known here"},
	[FINDING_DEPENDS] = {"depends", "replies from",
		"a rule leads some replies from the address elsewhere, by mark, port or user"},
	[FINDING_VRF] = {"vrf", NULL, "the NIC is in a VRF, whose routes are not judged"},
	[FINDING_NOTICE] = {"notice", NULL, "multihome has something to say of a file"},
};

const char *finding_name(enum finding_kind kind)
{
	return kinds[kind].name;
}

const char *finding_meaning(enum finding_kind kind)
{
	return kinds[kind].meaning;
}

static bool is_same(const struct finding *a, const struct finding *b)
{
	return a->wrong == b->wrong && a->kind == b->kind &&
		a->address.family == b->address.family && !strcmp(a->device, b->device) &&
		!strcmp(a->what, b->what) && !strcmp(a->cure, b->cure);
}

void finding_add(struct findings *findings, struct finding found, const char *device, char *what,
	char *cure)
{
	size_t i;

	memcpy(found.device, device, strlen(device) + 1);
	found.what = what;
	found.cure = cure;
	for (i = 0; i < findings->n; i++) {
		if (!is_same(&findings->items[i], &found))
			continue;
		findings->items[i].more += found.address.family != 0;
		free(what);
		free(cure);
		return;
	}
	*array_add(findings) = found;
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
	const char *subject = kinds[finding->kind].subject;
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
	if (cure.n)
		text_format(out, "  %s\n", cure.bytes);
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
	add_field(out, kinds[finding->kind].name);
	add_field(out, finding->device);
	add_field(out,
		finding->address.family ? prefix_format_address(&finding->address, address) : "-");
	add_field(out, what.bytes);
	add_field(out, finding->cure);
	text_free(&what);
}
