/* SPDX-License-Identifier: MIT
 * The plan's settings of the kernel for one uplink.
 */
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "plan/draft.h"

static void want(struct draft *draft, const struct uplink *uplink, enum sysctl_key key, int value)
{
	/* Aliases share their device; the first to ask decides. */
	if (!sysctl_find(&draft->plan->sysctls, uplink->device, key))
		sysctl_add(uplink->device, key, value, &draft->plan->sysctls);
}

static void want_rp_filter(struct draft *draft, const struct uplink *uplink)
{
	const struct saved *saved;
	struct probe *probe;

	switch (uplink->rp_filter) {
	case RP_FILTER_STRICT:
		want(draft, uplink, SYSCTL_RP_FILTER, 1);
		return;
	case RP_FILTER_LOOSE:
		want(draft, uplink, SYSCTL_RP_FILTER, draft->input->loose);
		return;
	case RP_FILTER_OFF:
		want(draft, uplink, SYSCTL_RP_FILTER, 0);
		return;
	case RP_FILTER_KEEP:
		return;
	case RP_FILTER_AUTO:
		break;
	}
	/* Once loosened it stays so until the device goes down: with the loose filter the kernel
	 * cannot tell any more whether the strict one would do. */
	saved = saved_find(draft->input->saves, uplink->device, SYSCTL_RP_FILTER);
	if (saved) {
		want(draft, uplink, SYSCTL_RP_FILTER, saved->set.value);
		return;
	}
	probe = array_add(&draft->plan->probes);
	memcpy(probe->device, uplink->device, sizeof(probe->device));
	probe->address = uplink->addresses.items[0];
}

/* Linux answers ARP for any address of the host on any NIC; where two of them are in one
 * segment, each must speak for its own only. */
static bool shares_network(const struct draft *draft, const struct uplink *uplink)
{
	const struct addresses *addresses = &draft->input->config->addresses;
	struct prefix net;
	size_t i;

	for (i = 0; i < addresses->n; i++) {
		net = prefix_network(&addresses->items[i].prefix);
		if (strcmp(addresses->items[i].device, uplink->device) &&
			draft_has_network(draft, &net))
			return true;
	}
	return false;
}

/* "net.ipv4.conf.eth0.rp_filter = 1" for the setting? sysctl(8) writes the dot of eth0.5 as a
 * slash, or all the path with slashes. */
static bool line_sets(char *line, const char *device, enum sysctl_key key, int *value)
{
	char *equals = strchr(line, '='), *byte, *words[2];
	char *wanted = mem_format("net/ipv4/conf/%s/%s", device, sysctl_name(key));
	bool slashes, same;

	if (equals)
		*equals = ' ';
	if (*line == '-')
		line++;
	if (!equals || line_words(line, words, 2) != 2 || *words[0] == ';') {
		free(wanted);
		return false;
	}
	slashes = !strncmp(words[0], "net/", 4);
	for (byte = words[0]; *byte && !slashes; byte++)
		*byte = *byte == '.' ? '/' : *byte == '/' ? '.' : *byte;
	same = !strcmp(words[0], wanted);
	*value = atoi(words[1]);
	free(wanted);
	return same;
}

static void check_line(struct draft *draft, const struct file *file, int number, const char *line)
{
	const struct sysctls *sysctls = &draft->plan->sysctls;
	const struct sysctl *wanted;
	char *copy;
	size_t i;
	int value;

	/* Most lines are comments. */
	if (!strchr(line, '=') || line[strspn(line, " \t")] == '#')
		return;
	for (i = 0; i < sysctls->n; i++) {
		wanted = &sysctls->items[i];
		copy = mem_string(line);
		if (line_sets(copy, wanted->device, wanted->key, &value) && value != wanted->value)
			diag_notice(draft->diags, file->path, number,
				"%s of %s is set to %d here, and once more after the last NIC; %d is wanted",
				sysctl_name(wanted->key), wanted->device, value, wanted->value);
		free(copy);
	}
}

void draft_check_settings(struct draft *draft)
{
	const struct files *files = &draft->input->sources->settings;
	const char *cursor;
	char *line;
	size_t i;
	int number;

	for (i = 0; i < files->n; i++) {
		/* From EL7 on a link to sysctl.conf. */
		if (!strcmp(files->items[i].name, "99-sysctl.conf"))
			continue;
		cursor = files->items[i].bytes;
		for (number = 1; (line = line_next(&cursor)); number++) {
			check_line(draft, &files->items[i], number, line);
			free(line);
		}
	}
}

void draft_add_sysctls(struct draft *draft, const struct planned *planned)
{
	const struct uplink *uplink = planned->uplink;
	bool shares;

	/* These are IPv4's; IPv6 has no reverse-path filter of its own. */
	if (uplink->inet6 || planned->state != STATE_UP || draft->input->event == EVENT_PREPARE)
		return;
	shares = shares_network(draft, uplink);
	want_rp_filter(draft, uplink);
	if (shares || uplink->arp_ignore != ARP_AUTO)
		want(draft, uplink, SYSCTL_ARP_IGNORE,
			uplink->arp_ignore != ARP_AUTO ? uplink->arp_ignore : 1);
	if (shares || uplink->arp_announce != ARP_AUTO)
		want(draft, uplink, SYSCTL_ARP_ANNOUNCE,
			uplink->arp_announce != ARP_AUTO ? uplink->arp_announce : 2);
}
