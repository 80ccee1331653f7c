/* SPDX-License-Identifier: MIT
 * show: the uplinks, and how each of them is served.
 */
#include <stdio.h>

#include "cmd.h"

static const char *const state_words[] = {"up", "down", "edited", "refused", "by-hand"};

static void format_addresses(const struct uplink *uplink, struct text *out)
{
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < uplink->addresses.n; i++)
		text_format(out, "%s%s/%d", i ? "," : "",
			prefix_format_address(&uplink->addresses.items[i], text),
			uplink->addresses.items[i].len);
	if (!uplink->addresses.n)
		text_add_string(out, "-");
}

static void print_uplink(const struct planned *planned, bool porcelain)
{
	const struct uplink *uplink = planned->uplink;
	struct text addresses = {0};
	char gateway[PREFIX_TEXT], table[16] = "-";

	format_addresses(uplink, &addresses);
	if (planned->table)
		snprintf(table, sizeof(table), "%u", planned->table);
	printf(porcelain ? "%s\t%s\t%s\t%s\t%s\n" : "%-15s %-22s %-15s %-10s %s\n",
		uplink->device[0] ? uplink->device : uplink->file->name, addresses.bytes,
		uplink->gateway.family ? prefix_format_address(&uplink->gateway, gateway) : "-",
		table, state_words[planned->state]);
	text_free(&addresses);
}

int cmd_show(const struct options *options)
{
	struct host host = {.device = ""};
	int status = host_plan(EVENT_SYNC, options, &host);
	int reported = host_report(&host, false);
	size_t i;

	if (!status && !options->porcelain && host.plan.uplinks.n)
		printf("%-15s %-22s %-15s %-10s %s\n", "DEVICE", "ADDRESS", "GATEWAY", "TABLE",
			"STATE");
	for (i = 0; !status && i < host.plan.uplinks.n; i++)
		print_uplink(&host.plan.uplinks.items[i], options->porcelain);
	host_free(&host);
	return reported ? reported : status;
}
