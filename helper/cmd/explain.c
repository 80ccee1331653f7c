/* SPDX-License-Identifier: MIT
 * explain: the way of a packet from REMOTE, and of the reply to it, step by step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "cmd/judge.h"
#include "judge/json.h"
#include "judge/words.h"
#include "sys/proc.h"

/* What was asked for. */
struct asked {
	struct prefix remote, local; /* local.family 0: that of each NIC */
	device_name zone;	     /* of a link-local one: the device after its % */
	device_name by;
};

static int wrong_argument(const char *word, const char *what)
{
	log_error("multihome: explain: %s: %s", word, what);
	return EXIT_USAGE;
}

/* ADDRESS or ADDRESS%DEVICE. */
static int parse_word(const char *word, struct asked *asked, struct prefix *out)
{
	char text[PREFIX_TEXT + DEVICE_SIZE];
	char *zone;
	int err;

	/* What is cut is no address either. */
	snprintf(text, sizeof(text), "%s", word);
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
	if (zone && (!device_valid(zone) || (asked->zone[0] && strcmp(asked->zone, zone))))
		return wrong_argument(word, "one device is expected after the %");
	if (zone)
		device_copy(asked->zone, zone);
	return 0;
}

/* REMOTE [LOCAL] [by DEVICE] */
static int parse_words(const struct options *options, struct asked *asked)
{
	const char *const *words = options->words;
	size_t n = options->n;
	const char *remote = words[0], *local;

	if (n >= 3 && !strcmp(words[n - 2], "by")) {
		if (!device_valid(words[n - 1]))
			return wrong_argument(words[n - 1], "a device is expected after by");
		device_copy(asked->by, words[n - 1]);
		n -= 2;
	}
	if (n > 2)
		return wrong_argument(words[2], "REMOTE [LOCAL] [by DEVICE] is expected");
	local = n == 2 ? words[1] : NULL;
	if (parse_word(remote, asked, &asked->remote) ||
		(local && parse_word(local, asked, &asked->local)))
		return EXIT_USAGE;
	if (local && asked->local.family != asked->remote.family)
		return wrong_argument(local, "REMOTE and LOCAL of one family are expected");
	if (prefix_is_link_local(&asked->remote) && !asked->zone[0])
		return wrong_argument(remote, "its device is expected after it: %eth0");
	if (asked->zone[0] && asked->by[0] && strcmp(asked->zone, asked->by))
		return wrong_argument(asked->by, "a link-local REMOTE's packets arrive by its device");
	if (prefix_is_link_local(&asked->local) && !prefix_is_link_local(&asked->remote))
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

static const struct address *find_address(
	const struct kernel *kernel, const struct asked *asked, const struct prefix *wanted)
{
	const struct address *address, *found = NULL;
	const struct link *link;
	size_t i;

	for (i = 0; i < kernel->addresses.n; i++) {
		address = &kernel->addresses.items[i];
		link = kernel_find_link(kernel, address->device);
		/* One may have gone between two dumps. */
		if (!link || !prefix_same_address(&address->prefix, wanted) ||
			(prefix_is_link_local(wanted) && strcmp(address->device, asked->zone)))
			continue;
		if (!found || link->up)
			found = address;
	}
	return found;
}

/* The first of the NIC that the remote may ask. */
static const struct address *first_address(
	const struct kernel *kernel, const struct asked *asked, const struct link *link)
{
	bool link_local = prefix_is_link_local(&asked->remote);
	const struct address *address;
	size_t i;

	if (link->loopback || (link_local && strcmp(link->name, asked->zone)))
		return NULL;
	for (i = 0; i < kernel->addresses.n; i++) {
		address = &kernel->addresses.items[i];
		if (!strcmp(address->device, link->name) &&
			address->prefix.family == asked->remote.family &&
			prefix_is_link_local(&address->prefix) == link_local)
			return address;
	}
	return NULL;
}

/* What leaves for an address of the host's own never leaves; what comes by a NIC from one is a
 * martian, unless accept_local is set. */
static int explain_own(const struct judging *judging, const struct asked *asked,
	const struct address *own, const struct address *local)
{
	struct question question = {.to = asked->local, .from = asked->remote};
	const struct questions questions = {&question, 1, 0};
	struct text out = {0};
	struct answer *answers;
	char text[PREFIX_TEXT];
	int all, its;

	prefix_format_address(&asked->remote, text);
	text_format(&out, "%-12s %s is an address of this host, on %s\n", "1 delivery", text,
		own->device);
	if (local && local->prefix.family == AF_INET && strcmp(local->device, "lo")) {
		memcpy(question.iif, local->device, sizeof(question.iif));
		answers = judging_ask(judging, &questions);
		all = sysctl_value(AF_INET, "all", "accept_local");
		its = sysctl_value(AF_INET, local->device, "accept_local");
		text_format(&out, "%-12s what comes from it by %s is %s (accept_local %d)\n", "",
			local->device,
			!answers || answers->error ? "a martian: dropped" : "taken",
			all > its ? all : its);
		free(answers);
	}
	text_format(&out, "%-12s right: nothing leaves the host\n", "verdict");
	return output_print(&out, EXIT_DONE);
}

static int print_json(const struct judging *judging, const struct verdicts *verdicts, int status)
{
	struct text out = {0};

	json_begin(&out);
	json_verdicts("addresses", &judging->facts, verdicts->items, verdicts->n, &out);
	json_end(&out);
	return output_print(&out, status);
}

/* A NIC without a gateway is not reached from afar: what becomes of its replies does not count,
 * unless there is no other. */
static int status_of(const struct verdicts *verdicts)
{
	bool good = false, bad = false, is_bad;
	size_t i;

	for (i = 0; i < verdicts->n; i++) {
		is_bad = verdict_is_bad(&verdicts->items[i]);
		good |= !is_bad;
		bad |= is_bad && (verdicts->items[i].has_gateway || verdicts->n == 1);
	}
	return good && !bad ? EXIT_DONE : EXIT_FAILED;
}

/* Of one address the whole story, of each NIC's what decides. */
static int explain(const struct judging *judging, const struct asked *asked,
	const struct address *local, bool json)
{
	const struct links *links = &judging->host.kernel.links;
	struct verdicts verdicts = {NULL, 0, 0};
	struct questions questions = {NULL, 0, 0};
	struct steps *steps = mem_resize(NULL, (links->n + 1) * sizeof(*steps));
	struct packet packet = {.remote = asked->remote};
	struct verdict *verdict;
	struct answer *answers;
	struct text out = {0};
	int status = EXIT_FAILED;
	size_t i;

	memset(steps, 0, (links->n + 1) * sizeof(*steps));
	memcpy(packet.by, asked->by, sizeof(packet.by));
	memcpy(packet.zone, asked->zone, sizeof(packet.zone));
	for (i = 0; i < (local ? 1 : links->n); i++) {
		packet.local = local ? local
			: first_address(&judging->host.kernel, asked, &links->items[i]);
		if (!packet.local)
			continue;
		verdict = array_add(&verdicts);
		steps[verdicts.n - 1].brief = !local;
		verdict_begin(&judging->facts, &packet, verdict, &steps[verdicts.n - 1],
			&questions);
	}
	if (!verdicts.n)
		log_error("multihome: explain: no NIC has an %s address",
			asked->remote.family == AF_INET6 ? "IPv6" : "IPv4");
	answers = judging_ask(judging, &questions);
	for (i = 0; answers && i < verdicts.n; i++)
		verdict_finish(&judging->facts, &verdicts.items[i], answers);
	for (i = 0; answers && !json && i < verdicts.n; i++) {
		text_add_string(&out, i ? "\n" : "");
		words_explain(&judging->facts, &verdicts.items[i], &steps[i], !local,
			output_columns(), &out);
	}
	if (answers)
		status = json ? print_json(judging, &verdicts, status_of(&verdicts))
			      : output_print(&out, status_of(&verdicts));
	for (i = 0; i < verdicts.n; i++)
		free(steps[i].items);
	verdicts_free(&verdicts);
	free(questions.items);
	free(answers);
	free(steps);
	return status;
}

static int explain_all(
	const struct options *options, const struct judging *judging, const struct asked *asked)
{
	const struct kernel *kernel = &judging->host.kernel;
	const struct address *own = find_address(kernel, asked, &asked->remote), *local = NULL;
	const struct verdicts none = {NULL, 0, 0}; /* of what never leaves */

	if (local_type(kernel, &asked->remote) == ROUTE_BROADCAST)
		return wrong_argument(options->argument,
			"a host's address is expected, not that of all hosts of a network");
	if (asked->zone[0] && !kernel_find_link(kernel, asked->zone))
		return wrong_argument(options->argument, "there is no such device");
	if (asked->by[0] && !kernel_find_link(kernel, asked->by))
		return wrong_argument(asked->by, "there is no such device");
	if (asked->local.family)
		local = find_address(kernel, asked, &asked->local);
	if (asked->local.family && !local) {
		wrong_argument(options->words[1], "not an address of this host");
		return EXIT_FAILED;
	}
	if (own && local_type(kernel, &asked->remote) == ROUTE_LOCAL)
		return options->json ? print_json(judging, &none, EXIT_DONE)
				     : explain_own(judging, asked, own, local);
	return explain(judging, asked, local, options->json);
}

static void choose_source(struct judging *judging, const struct prefix *remote)
{
	struct question question = {.to = *remote};
	const struct questions questions = {&question, 1, 0};
	struct answer *answer = judging_ask(judging, &questions);

	if (answer && !answer->error)
		judging->facts.chosen = answer->source;
	free(answer);
}

int cmd_explain(const struct options *options)
{
	const struct options all = {.argument = NULL};
	struct judging judging = {.facts = {.kernel = NULL}};
	struct asked asked = {.zone = ""};
	int status = parse_words(options, &asked);

	if (status)
		return status;
	status = judging_gather(&all, &judging);
	if (!status)
		choose_source(&judging, &asked.remote);
	if (!status)
		status = explain_all(options, &judging, &asked);
	judging_free(&judging);
	return status;
}
