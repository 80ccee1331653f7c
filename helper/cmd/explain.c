/* SPDX-License-Identifier: MIT
 * explain: the way of a packet from REMOTE, and of the reply to it, step by step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "cmd/gather.h"
#include "sys/ask.h"
#include "sys/proc.h"

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

/* What the kernel's table local says the address is: ROUTE_LOCAL, ROUTE_BROADCAST, or 0. */
static unsigned char local_type(const struct kernel *kernel, const struct prefix *address)
{
	const struct route *route;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		route = &kernel->routes.items[i];
		if (route->table == TABLE_LOCAL && prefix_same_address(&route->dst, address) &&
			route->dst.len == prefix_bits(address->family))
			return route->type;
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
		link = kernel_find_link(&asker->host.kernel, address->device);
		/* One may have gone between two dumps. */
		if (!link || !prefix_same_address(&address->prefix, wanted) ||
			(prefix_is_link_local(wanted) && strcmp(address->device, asker->zone)))
			continue;
		if (!found || link->up)
			found = address;
	}
	return found;
}

/* gateway: is there one by the NIC that holds the address? */
static enum verdict explain(
	const struct asker *asker, const struct address *address, bool brief, bool *gateway)
{
	struct facts facts = {.up = false};
	struct trace trace = {.n = 0};
	struct text out = {0};
	enum verdict verdict;

	facts_gather(asker, address, &trace, &facts);
	verdict = explain_verdict(&facts);
	*gateway = facts.gateway;
	explain_format(&facts, brief, &out);
	fputs(out.bytes, stdout);
	text_free(&out);
	free(trace.items);
	free(facts.bystanders.items);
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
			kernel_setting_larger(local->device, "accept_local"));
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
	bool any = false, right = false, wrong = false, good, gateway;
	size_t i;

	for (i = 0; i < links->n; i++) {
		address = first_address(asker, &links->items[i]);
		if (!address)
			continue;
		if (any)
			putchar('\n');
		any = true;
		good = verdict_is_right(explain(asker, address, true, &gateway));
		right |= good;
		wrong |= !good && gateway;
	}
	if (!any)
		log_error("multihome: explain: no NIC has an %s address",
			asker->remote.family == AF_INET6 ? "IPv6" : "IPv4");
	return right && !wrong ? EXIT_DONE : EXIT_FAILED;
}

static int explain_all(const struct options *options, const struct asker *asker)
{
	const struct address *own = find_address(asker, &asker->remote), *local = NULL;
	bool gateway;

	if (local_type(&asker->host.kernel, &asker->remote) == ROUTE_BROADCAST)
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
	if (own && local_type(&asker->host.kernel, &asker->remote) == ROUTE_LOCAL)
		return explain_own(asker, own, local);
	if (!local)
		return explain_each(asker);
	return verdict_is_right(explain(asker, local, false, &gateway)) ? EXIT_DONE : EXIT_FAILED;
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
	struct asker asker = {.host = {.whole = true}};
	struct host *host = &asker.host;
	int status = parse_words(options, &asker);

	if (status)
		return status;
	status = EXIT_FAILED;
	asker.unplanned = host_plan(EVENT_SYNC, &all, host);
	if (!asker.unplanned)
		read_plan(&asker);
	asker.ground.kernel = &host->kernel;
	asker.ground.forwarding6 = sysctl_value(AF_INET6, "all", "forwarding");
	if (host->kernel.links.n)
		status = explain_all(options, &asker);
	host_free(host);
	return status;
}
