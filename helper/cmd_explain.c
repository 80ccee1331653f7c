/* SPDX-License-Identifier: MIT
 * explain: the way of a packet from REMOTE, and of the reply to it, step by step.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd.h"
#include "explain.h"
#include "kernel.h"
#include "log.h"

/* One run. */
struct asker {
	struct host host;
	struct view view;
	struct ground ground;
	struct prefix remote, local; /* local.family 0: each NIC's */
	device_name zone;	     /* of a link-local remote, or local: the device after its % */
	bool pending;
};

/* net.ipv4.conf.DEVICE.KEY and the like; 0 where it is not there. */
static int setting(int family, const char *device, const char *key)
{
	char *path = mem_format(
		"/proc/sys/net/ipv%d/conf/%s/%s", family == AF_INET6 ? 6 : 4, device, key);
	int fd = open(path, O_RDONLY);
	char value[32];
	ssize_t n = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);

	free(path);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	value[n] = '\0';
	return atoi(value);
}

static int larger_setting(const char *device, const char *key)
{
	int all = setting(AF_INET, "all", key), own = setting(AF_INET, device, key);

	return all > own ? all : own;
}

/* IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN; ip6_ignore_linkdown looks at the device alone. */
static bool ignores_linkdown(const char *device, int family)
{
	static const char key[] = "ignore_routes_with_linkdown";

	return setting(family, device, key) || (family == AF_INET && setting(family, "all", key));
}

static int wrong_argument(const char *word, const char *what)
{
	log_error("multihome: explain: %s: %s", word, what);
	return EXIT_USAGE;
}

/* ADDRESS or ADDRESS%DEVICE. */
static int parse_word(const char *word, struct asker *asker, struct prefix *out)
{
	char text[PREFIX_TEXT + DEVICE_SIZE];
	char *zone;
	int err;

	if (strlen(word) >= sizeof(text))
		return wrong_argument(word, "an IPv4 or IPv6 address is expected");
	strcpy(text, word);
	zone = strchr(text, '%');
	if (zone)
		*zone++ = '\0';
	err = prefix_parse_address(text, AF_INET6, out) &&
		(zone || prefix_parse_address(text, AF_INET, out));
	if (err)
		return wrong_argument(word, "an IPv4 or IPv6 address is expected");
	if (!prefix_is_unicast(out))
		return wrong_argument(word, "the address of one host on a network is expected");
	if (zone && !prefix_is_link_local(out))
		return wrong_argument(word, "only a link-local address has a device");
	if (zone && (!device_valid(zone) || (asker->zone[0] && strcmp(asker->zone, zone))))
		return wrong_argument(word, "one device is expected after the %");
	if (zone)
		memcpy(asker->zone, zone, strlen(zone) + 1);
	return 0;
}

static int parse_words(const struct options *options, struct asker *asker)
{
	const char *remote = options->argument, *local = options->second;

	if (parse_word(remote, asker, &asker->remote) ||
		(local && parse_word(local, asker, &asker->local)))
		return EXIT_USAGE;
	if (local && asker->local.family != asker->remote.family)
		return wrong_argument(local, "REMOTE and LOCAL of one family are expected");
	if (prefix_is_link_local(&asker->remote) && !asker->zone[0])
		return wrong_argument(remote, "its device is expected after it: %eth0");
	if (prefix_is_link_local(&asker->local) && !prefix_is_link_local(&asker->remote))
		return wrong_argument(local, "only a link-local REMOTE reaches it");
	return 0;
}

/* What the kernel's table local says the address is: WAY_LOCAL, WAY_BROADCAST, or 0. */
static unsigned char local_type(const struct view *view, const struct prefix *address)
{
	const struct way *way;
	size_t i;

	for (i = 0; i < view->ways.n; i++) {
		way = &view->ways.items[i];
		if (way->table == TABLE_LOCAL && prefix_same_address(&way->dst, address) &&
			way->dst.len == prefix_bits(address->family))
			return way->type;
	}
	return 0;
}

static const struct address *find_address(const struct asker *asker, const struct prefix *wanted)
{
	const struct addresses *addresses = &asker->host.kernel.addresses;
	const struct address *address, *found = NULL;
	const struct link *link;
	size_t i;

	for (i = 0; i < addresses->n; i++) {
		address = &addresses->items[i];
		if (!prefix_same_address(&address->prefix, wanted) ||
			(prefix_is_link_local(wanted) && strcmp(address->device, asker->zone)))
			continue;
		link = kernel_find_link(&asker->host.kernel, address->device);
		if (!found || (link && link->up))
			found = address;
	}
	return found;
}

static struct answer ask_one(const struct asker *asker, const struct question *question)
{
	struct answer answer = {.error = 0};

	/* What could not be asked is logged, and counts as no route. */
	if (kernel_ask(question, 1, &asker->host.kernel.links, &answer))
		answer.error = ENETUNREACH;
	return answer;
}

static struct answer ask_arrival(const struct asker *asker, const struct prefix *from,
	const struct prefix *to, const char *device)
{
	struct question question = {.to = *to, .from = *from};

	memcpy(question.iif, device, strlen(device) + 1);
	return ask_one(asker, &question);
}

/* The gateway of a route without a destination, or half of one, that goes by the device (NULL:
 * any) and lies in net (NULL: anywhere). NULL: there is none. */
static const struct prefix *default_gateway(
	const struct view *view, int family, const char *device, const struct prefix *net)
{
	const struct way *way;
	const struct hop *hop;
	size_t i, k;

	for (i = 0; i < view->ways.n; i++) {
		way = &view->ways.items[i];
		for (k = 0; k < way->n && way->dst.len <= 1 && way->dst.family == family; k++) {
			hop = &way->hops[k];
			if (hop->gateway.family && (!device || !strcmp(hop->device, device)) &&
				(!net || prefix_contains(net, &hop->gateway)))
				return &hop->gateway;
		}
	}
	return NULL;
}

static const struct uplink *find_uplink(
	const struct config *config, const char *device, const struct prefix *local)
{
	const struct uplink *uplink, *found = NULL;
	size_t i, k;

	for (i = 0; i < config->uplinks.n; i++) {
		uplink = &config->uplinks.items[i];
		if (strcmp(uplink->device, device) || uplink->inet6 != (local->family == AF_INET6))
			continue;
		if (!found)
			found = uplink;
		/* Of a device with aliases, that of the address. */
		for (k = 0; k < uplink->addresses.n; k++)
			if (prefix_contains(&uplink->addresses.items[k], local))
				return uplink;
	}
	return found;
}

static const char *find_file(const struct config *config, const char *device)
{
	device_name real;
	size_t i;

	for (i = 0; i < config->profiles.n; i++)
		if (!device_of_label(config->profiles.items[i].device, real) &&
			!strcmp(real, device))
			return config->profiles.items[i].file->name;
	return NULL;
}

static void find_service(const struct asker *asker, struct facts *facts)
{
	const struct host *host = &asker->host;
	const struct uplink *uplink = find_uplink(&host->config, facts->holder, &facts->local);
	const struct planned_uplinks *planned = &host->plan.uplinks;
	struct service *service = &facts->service;
	size_t i;

	service->host_enabled = host->config.enabled;
	service->pending = asker->pending;
	service->has_gateway = uplink && uplink->gateway.family;
	service->file = uplink ? uplink->file->name : find_file(&host->config, facts->holder);
	for (i = 0; uplink && i < planned->n; i++) {
		if (planned->items[i].uplink != uplink)
			continue;
		service->planned = true;
		service->state = planned->items[i].state;
	}
}

/* Neither one of those that the kernel begins with nor one of ours. */
static bool policy_foreign(const struct rules *owned, const struct policy *policy)
{
	size_t i;

	for (i = 0; i < owned->n; i++)
		if (owned->items[i].priority == policy->priority &&
			owned->items[i].table == policy->table &&
			!prefix_compare(&owned->items[i].from, &policy->from))
			return false;
	return policy->from.len || policy->to.len || policy->action != POLICY_TABLE ||
		policy->table < TABLE_DEFAULT || policy->table > TABLE_LOCAL;
}

/* Was it a rule by hand that decided, which one of ours would not come before? */
static bool decided_by_hand(const struct asker *asker, const struct facts *facts)
{
	const struct step *last = trace_last(facts->trace);
	const struct service *service = &facts->service;

	return last && policy_foreign(&asker->host.plan.owned, last->policy) &&
		(last->policy->priority <= asker->host.config.rule_priority ||
			(service->planned && !service->pending));
}

static bool has_carrier(const struct view *view, const char *device)
{
	size_t i, k;

	for (i = 0; i < view->ways.n; i++)
		for (k = 0; k < view->ways.items[i].n; k++)
			if (view->ways.items[i].hops[k].linkdown &&
				!strcmp(view->ways.items[i].hops[k].device, device))
				return false;
	return true;
}

/* arp_ignore's 1 and 2 want the target among the device's own addresses; 8 is for never.
 * arp_process asks for the way in, with the filter, and arp_filter for the way back. */
static bool answers_arp(const struct asker *asker, const struct facts *facts,
	const struct prefix *from, const char *device)
{
	struct question back = {.to = *from, .from = facts->local};
	int ignore = larger_setting(device, "arp_ignore");

	if (ignore == 8 || ((ignore == 1 || ignore == 2) && strcmp(device, facts->holder)))
		return false;
	if (!from->family)
		return true;
	if (ask_arrival(asker, from, &facts->local, device).error)
		return false;
	return !larger_setting(device, "arp_filter") ||
		!strcmp(ask_one(asker, &back).device, device);
}

/* Who asks for the target's link-layer address: the remote host if it is a neighbour, else the
 * router that it sends through. Family 0: not known. */
static struct prefix arp_sender(
	const struct asker *asker, const struct facts *facts, const struct prefix *net)
{
	const struct prefix *gateway =
		default_gateway(&asker->view, facts->local.family, NULL, net);
	const struct uplink *uplink =
		find_uplink(&asker->host.config, facts->holder, &facts->local);
	const struct prefix none = {0};

	if (prefix_contains(net, &facts->remote))
		return facts->remote;
	return gateway ? *gateway : uplink ? uplink->gateway : none;
}

/* Is it another NIC in a network that the target lies in? */
static bool is_bystander(
	const struct link *link, const struct address *address, const struct facts *facts)
{
	const struct bystanders *others = &facts->bystanders;

	/* The addresses of a device come together. */
	if (others->n && !strcmp(others->items[others->n - 1].device, address->device))
		return false;
	return link && link->up && !link->loopback && link->mac[0] &&
		strcmp(link->name, facts->holder) &&
		prefix_contains(&address->prefix, &facts->local);
}

static void find_bystanders(const struct asker *asker, struct facts *facts)
{
	const struct kernel *kernel = &asker->host.kernel;
	const struct address *address;
	const struct link *link;
	struct bystander *other;
	struct prefix from;
	size_t i;

	for (i = 0; i < kernel->addresses.n; i++) {
		address = &kernel->addresses.items[i];
		link = kernel_find_link(kernel, address->device);
		if (!is_bystander(link, address, facts))
			continue;
		other = array_add(&facts->bystanders);
		memcpy(other->device, link->name, sizeof(other->device));
		other->arp_ignore = larger_setting(link->name, "arp_ignore");
		from = arp_sender(asker, facts, &address->prefix);
		other->answers = answers_arp(asker, facts, &from, link->name);
		other->refuses =
			ask_arrival(asker, &facts->remote, &facts->local, link->name).error;
		/* The strict filter keeps a NIC from answering ARP, too. */
		if (!other->answers || answers_arp(asker, facts, &from, facts->holder))
			continue;
		facts->deaf = true;
		memcpy(facts->arrival, other->device, sizeof(facts->arrival));
	}
}

/* By the NIC that holds the target; but from where only another one leads, by that: a container,
 * a guest, a VPN's client. */
static void find_arrival(const struct asker *asker, struct facts *facts, const struct link *holder)
{
	const struct step *last = trace_last(facts->trace);
	const struct link *out = kernel_find_link(&asker->host.kernel, facts->leaves.device);
	const char *device = facts->holder;
	int family = facts->remote.family;

	if (prefix_is_link_local(&facts->remote))
		device = asker->zone;
	else if (!facts->leaves.error && out && !out->loopback &&
		(holder->loopback ||
			(last && last->way && last->way->dst.len > 1 &&
				!default_gateway(&asker->view, family, out->name, NULL) &&
				!find_uplink(&asker->host.config, out->name, &facts->remote))))
		device = out->name;
	memcpy(facts->arrival, device, sizeof(facts->arrival));
	if (family == AF_INET && facts->up && !holder->loopback && device == facts->holder)
		find_bystanders(asker, facts);
	facts->arrives.type = WAY_LOCAL;
	if (facts->up && strcmp(facts->arrival, "lo"))
		facts->arrives = ask_arrival(asker, &facts->remote, &facts->local, facts->arrival);
}

static void gather(const struct asker *asker, const struct address *address, struct facts *facts)
{
	const struct kernel *kernel = &asker->host.kernel;
	const struct link *holder = kernel_find_link(kernel, address->device), *out;
	int family = facts->local.family;

	memcpy(facts->holder, address->device, sizeof(facts->holder));
	facts->up = holder->up;
	facts->carrier = has_carrier(&asker->view, facts->holder);
	find_service(asker, facts);
	facts->by_hand = decided_by_hand(asker, facts);
	facts->gateway = facts->service.has_gateway ||
		default_gateway(&asker->view, family, facts->holder, NULL);
	find_arrival(asker, facts, holder);
	out = kernel_find_link(kernel, facts->leaves.device);
	facts->neighbourless = out && !out->mac[0];
	if (family != AF_INET)
		return;
	facts->filter.all = setting(AF_INET, "all", "rp_filter");
	facts->filter.own = setting(AF_INET, facts->arrival, "rp_filter");
	facts->filter.both = kernel_older_than(2, 6, 31);
}

static enum verdict explain(
	const struct asker *asker, const struct address *address, struct facts *facts, bool brief)
{
	struct question question = {.to = asker->remote, .from = prefix_host(&address->prefix)};
	struct trace trace = {.n = 0};
	struct text out = {0};
	enum verdict verdict;

	if (prefix_is_link_local(&asker->remote))
		memcpy(question.oif, asker->zone, sizeof(question.oif));
	facts->remote = question.to;
	facts->local = question.from;
	facts->view = &asker->view;
	facts->trace = &trace;
	trace_walk(&asker->ground, &question, &trace);
	facts->leaves = ask_one(asker, &question);
	gather(asker, address, facts);
	verdict = explain_verdict(facts);
	explain_format(facts, brief, &out);
	fputs(out.bytes, stdout);
	text_free(&out);
	free(trace.items);
	free(facts->bystanders.items);
	return verdict;
}

/* What leaves for an address of the host's own never leaves; what comes by a NIC from one is a
 * martian, unless accept_local is set. */
static int explain_own(
	const struct asker *asker, const struct address *own, const struct address *local)
{
	char text[PREFIX_TEXT];

	prefix_format_address(&asker->remote, text);
	printf("%-12s %s is an address of this host, on %s\n", "1 delivery", text, own->device);
	if (local && local->prefix.family == AF_INET && strcmp(local->device, "lo"))
		printf("%-12s what comes from it by %s is %s (accept_local %d)\n", "",
			local->device,
			ask_arrival(asker, &asker->remote, &asker->local, local->device).error
				? "a martian: dropped"
				: "taken",
			larger_setting(local->device, "accept_local"));
	printf("%-12s right: nothing leaves the host\n", "verdict");
	return EXIT_DONE;
}

static const struct address *first_address(const struct asker *asker, const struct link *link)
{
	const struct addresses *addresses = &asker->host.kernel.addresses;
	bool link_local = prefix_is_link_local(&asker->remote);
	const struct address *address;
	size_t i;

	if (link->loopback || (link_local && strcmp(link->name, asker->zone)))
		return NULL;
	for (i = 0; i < addresses->n; i++) {
		address = &addresses->items[i];
		if (!strcmp(address->device, link->name) &&
			address->prefix.family == asker->remote.family &&
			prefix_is_link_local(&address->prefix) == link_local)
			return address;
	}
	return NULL;
}

/* A NIC without a gateway is not reached from afar: what becomes of its replies does not count,
 * unless there is no other. */
static int explain_each(const struct asker *asker)
{
	const struct links *links = &asker->host.kernel.links;
	const struct address *address;
	bool any = false, right = false, wrong = false, good;
	struct facts facts;
	size_t i;

	for (i = 0; i < links->n; i++) {
		address = first_address(asker, &links->items[i]);
		if (!address)
			continue;
		memset(&facts, 0, sizeof(facts));
		if (any)
			putchar('\n');
		any = true;
		good = verdict_is_right(explain(asker, address, &facts, true));
		right |= good;
		wrong |= !good && facts.gateway;
	}
	if (!any)
		log_error("multihome: explain: no NIC has an %s address",
			asker->remote.family == AF_INET6 ? "IPv6" : "IPv4");
	return right && !wrong ? EXIT_DONE : EXIT_FAILED;
}

static int explain_all(const struct options *options, const struct asker *asker)
{
	const struct address *own = find_address(asker, &asker->remote), *local = NULL;
	struct facts facts = {.up = false};

	if (local_type(&asker->view, &asker->remote) == WAY_BROADCAST)
		return wrong_argument(options->argument,
			"a host's address is expected, not "
			"that of all hosts of a network");
	if (asker->zone[0] && !kernel_find_link(&asker->host.kernel, asker->zone))
		return wrong_argument(options->argument, "there is no such device");
	if (options->second)
		local = find_address(asker, &asker->local);
	if (options->second && !local) {
		wrong_argument(options->second, "not an address of this host");
		return EXIT_FAILED;
	}
	if (own && local_type(&asker->view, &asker->remote) == WAY_LOCAL)
		return explain_own(asker, own, local);
	if (!local)
		return explain_each(asker);
	return verdict_is_right(explain(asker, local, &facts, false)) ? EXIT_DONE : EXIT_FAILED;
}

/* What sync would do, if the configuration can be read; explain does without, too. */
static void read_plan(struct asker *asker)
{
	struct sysctl_diff diff = {.writes = {0}};
	struct host *host = &asker->host;

	host_diff_sysctls(host, !host->ops.n, &diff);
	asker->pending = host->ops.n || host->plan.changes.n || diff.writes.n;
	sysctl_diff_free(&diff);
}

int cmd_explain(const struct options *options)
{
	const struct options all = {.argument = NULL};
	struct asker asker = {.remote = {0}};
	struct host *host = &asker.host;
	int status = parse_words(options, &asker);

	if (status)
		return status;
	status = EXIT_FAILED;
	if (!host_plan(EVENT_SYNC, &all, host))
		read_plan(&asker);
	asker.ground.view = &asker.view;
	asker.ground.ignores = ignores_linkdown;
	asker.ground.forwarding6 = setting(AF_INET6, "all", "forwarding");
	asker.ground.old_inet6 = host->kernel.old_inet6;
	if (host->kernel.links.n && !kernel_view(&host->kernel.links, &asker.view))
		status = explain_all(options, &asker);
	view_free(&asker.view);
	host_free(host);
	return status;
}
