/* SPDX-License-Identifier: MIT
 * The plan's settings of the kernel for one uplink.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/line.h"
#include "plan/draft.h"

static void want(struct draft *draft, enum sysctl_key key, int value)
{
	sysctl_add(draft->serving.uplink->device, key, value, &draft->plan->sysctls);
}

static struct probe *add_probe(struct draft *draft, const struct prefix *address)
{
	struct probe *probe = array_add(&draft->plan->probes);

	memcpy(probe->device, draft->serving.uplink->device, sizeof(probe->device));
	probe->address = *address;
	return probe;
}

/* Is it one of the kernel's, not of the configuration's? */
static bool is_seen(const struct kernel *kernel, const struct address *address)
{
	return kernel && address >= kernel->addresses.items &&
		address < kernel->addresses.items + kernel->addresses.n;
}

/* The gateway, where it lies there. Else the network's first address that no NIC has. */
static struct prefix choose_neighbour(const struct draft *draft, const struct prefix *network)
{
	struct address key = {.prefix = prefix_host(network)};
	const struct prefix *gateway = &draft->serving.uplink->gateway;

	if (prefix_contains(network, gateway))
		return *gateway;
	do
		key.prefix.bytes[3]++;
	while (index_find(&draft->lookups.located, &key) && key.prefix.bytes[3] < 255);
	return key.prefix;
}

static bool is_device_marked(const struct draft *draft, const char *device)
{
	const struct markeds *markeds = &draft->plan->markeds;
	size_t i;

	for (i = 0; i < markeds->n; i++)
		if (!markeds->items[i].uplink->inet6 &&
			!strcmp(markeds->items[i].uplink->device, device))
			return true;
	return false;
}

/* With this run: whether the filter has to be loose for another reason the next round asks. */
static bool ends_marks(const struct draft *draft)
{
	const struct netfilter *netfilter = draft->input->netfilter;

	return netfilter && netfilter->record[false].loaded && !draft->plan->markeds.n;
}

/* shared: a network that another NIC is in, too. Then neighbours, such as the gateway, may send
 * packets for a service address to this one, and the other one no longer takes those for this one.
 */
static void want_rp_filter(struct draft *draft, const struct prefix *shared)
{
	const int values[] = {[RP_FILTER_STRICT] = 1, [RP_FILTER_LOOSE] = draft->input->loose,
		[RP_FILTER_OFF] = 0};
	const struct uplink *uplink = draft->serving.uplink;
	const struct index *services = &draft->lookups.services;
	const struct address *address;
	struct sysctl key = {.key = SYSCTL_RP_FILTER};
	const struct saved *saved;
	struct prefix neighbour;
	size_t i;

	if (uplink->rp_filter == RP_FILTER_KEEP)
		return;
	if (uplink->rp_filter != RP_FILTER_AUTO) {
		want(draft, SYSCTL_RP_FILTER, values[uplink->rp_filter]);
		return;
	}
	/* Once loosened it stays so until the device goes down: with the loose filter the kernel
	 * cannot tell any more whether the strict one would do. */
	memcpy(key.device, uplink->device, sizeof(key.device));
	saved = index_find(&draft->lookups.saves, &key);
	if (saved && !ends_marks(draft)) {
		want(draft, SYSCTL_RP_FILTER, saved->set.value);
		return;
	}
	/* What is published comes before the filter's look-up, whose source is the guest then. */
	add_probe(draft, &uplink->addresses.items[0])->always =
		is_device_marked(draft, uplink->device);
	if (!shared)
		return;
	neighbour = choose_neighbour(draft, shared);
	for (i = 0; i < services->n; i++) {
		address = services->items[i];
		if (address->prefix.family != AF_INET || !is_seen(draft->input->kernel, address))
			continue;
		add_probe(draft, &address->prefix);
		add_probe(draft, &address->prefix)->remote = neighbour;
	}
}

/* Linux answers ARP for any address of the host on any NIC; where two of them are in one
 * segment, each must speak for its own only. */
static const struct prefix *find_shared_network(const struct draft *draft)
{
	const struct serving *serving = &draft->serving;
	const struct index *by_network = &draft->lookups.networks;
	struct address key = {.prefix = {.len = 0}};
	const struct address *address;
	size_t i, at;

	for (i = 0; i < serving->networks.n; i++) {
		key.prefix = serving->networks.items[i];
		for (at = index_first(by_network, &key); (address = index_at(by_network, at, &key));
			at++)
			if (strcmp(address->device, serving->uplink->device))
				return &serving->networks.items[i];
	}
	return NULL;
}

/* "net.ipv4.conf.eth0.rp_filter = 1"? sysctl(8) writes the dot of eth0.5 as a slash, or all the
 * path with slashes. */
static bool parse_setting(char *line, struct sysctl *out)
{
	static const char folder[] = "net/ipv4/conf/";
	char *equals = strchr(line, '='), *byte, *words[2], *device, *name;
	bool slashes;
	int key;

	if (equals)
		*equals = ' ';
	if (*line == '-')
		line++;
	if (!equals || line_words(line, words, 2) != 2 || *words[0] == ';')
		return false;
	slashes = !strncmp(words[0], "net/", 4);
	for (byte = words[0]; *byte && !slashes; byte++)
		*byte = *byte == '.' ? '/' : *byte == '/' ? '.' : *byte;
	if (strncmp(words[0], folder, strlen(folder)))
		return false;
	device = words[0] + strlen(folder);
	name = strrchr(device, '/');
	if (!name || name - device >= DEVICE_SIZE)
		return false;
	*name++ = '\0';
	for (key = 0; key < SYSCTL_KEYS && strcmp(sysctl_name((enum sysctl_key)key), name); key++)
		;
	memset(out, 0, sizeof(*out));
	memcpy(out->device, device, strlen(device));
	out->key = (enum sysctl_key)key;
	out->value = atoi(words[1]);
	return key < SYSCTL_KEYS;
}

/* The last line about a setting of the plan's: its word counts. */
struct last_line {
	const struct file *file; /* NULL: there is none */
	int number, value;
};

static void note_line(const struct draft *draft, const struct file *file, int number, char *line,
	struct last_line *lasts)
{
	const struct sysctl *wanted;
	struct sysctl set;

	/* Most lines are comments. */
	if (line[strspn(line, " \t")] == '#' || !parse_setting(line, &set))
		return;
	wanted = index_find(&draft->sysctls_in_order, &set);
	if (wanted)
		lasts[wanted - draft->plan->sysctls.items] =
			(struct last_line){file, number, set.value};
}

void draft_check_settings(struct draft *draft)
{
	const struct files *files = &draft->input->sources->settings;
	const struct sysctls *sysctls = &draft->plan->sysctls;
	struct last_line *lasts = mem_resize(NULL, sysctls->n * sizeof(*lasts));
	const struct sysctl *wanted;
	const char *cursor;
	char *line;
	size_t i;
	int number;

	for (i = 0; i < sysctls->n; i++)
		lasts[i].file = NULL;
	for (i = 0; i < files->n; i++) {
		/* From EL7 on a link to sysctl.conf. */
		if (!strcmp(files->items[i].name, "99-sysctl.conf"))
			continue;
		cursor = files->items[i].bytes;
		for (number = 1; (line = line_next(&cursor)); number++) {
			note_line(draft, &files->items[i], number, line, lasts);
			free(line);
		}
	}
	for (i = 0; i < sysctls->n; i++) {
		wanted = &sysctls->items[i];
		if (lasts[i].file && lasts[i].value != wanted->value)
			diag_notice(draft->diags, lasts[i].file->path, lasts[i].number,
				"%s of %s is set to %d here, and once more after the last NIC; %d "
				"is wanted",
				sysctl_name(wanted->key), wanted->device, lasts[i].value,
				wanted->value);
	}
	free(lasts);
}

void draft_add_sysctls(struct draft *draft)
{
	const struct uplink *uplink = draft->serving.uplink;
	const struct prefix *shared;

	/* These are IPv4's; IPv6 has no reverse-path filter of its own. */
	if (uplink->inet6 || draft->serving.planned->state != STATE_UP ||
		draft->input->event == EVENT_PREPARE)
		return;
	shared = find_shared_network(draft);
	want_rp_filter(draft, shared);
	/* With arp_filter the NIC answers for the addresses whose replies leave by it: its own, and
	 * service addresses, which arp_ignore would take off the segment. */
	if (uplink->arp_ignore != ARP_AUTO)
		want(draft, SYSCTL_ARP_IGNORE, uplink->arp_ignore);
	else if (shared)
		want(draft, SYSCTL_ARP_FILTER, 1);
	if (shared || uplink->arp_announce != ARP_AUTO)
		want(draft, SYSCTL_ARP_ANNOUNCE,
			uplink->arp_announce != ARP_AUTO ? uplink->arp_announce : 2);
}
