/* SPDX-License-Identifier: MIT
 * What an address that does not answer by its own NIC suffers from, and what cures it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "judge/check_parts.h"

unsigned judged_table(const struct judged *judged)
{
	return judged->asked->planned ? judged->asked->planned->table : 0;
}

bool judged_nic_right(const struct judged *judged)
{
	return !judged->reply->error &&
		!strcmp(judged->reply->device, judged->asked->address->device);
}

bool judged_gateway_right(const struct judged *judged)
{
	const struct asked *asked = judged->asked;

	/* Routers advertise themselves, a host without an ifcfg file may have several, and of a
	 * file that is refused the gateway may be what is wrong. */
	if (asked->planned ? asked->planned->state == STATE_REFUSED
			   : !asked->uplink || asked->uplink->inet6)
		return true;
	return prefix_same_address(&judged->reply->gateway, &asked->gateway);
}

bool judged_rule_leads_to(const struct judged *judged, unsigned table)
{
	const struct rules *rules = &judged->in->kernel->rules;
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (rules->items[i].table == table &&
			check_matches(
				&rules->items[i], &judged->asked->address->prefix, judged->afar))
			return true;
	return false;
}

bool judged_has_lapsed(const struct judged *judged)
{
	unsigned table = judged_table(judged);

	return judged->lapsed && (!table || judged->lapsed->table == table);
}

const struct profile *judged_profile(const struct judged *judged)
{
	return config_find_profile(
		judged->in->config, &judged->in->kernel->links, judged->asked->address->device);
}

/* The reply is right, and the filter does not see it. */
static char *cure_filter(const struct judged *judged)
{
	const struct asked *asked = judged->asked;

	if (asked->planned)
		return mem_format("set RP_FILTER=loose in %s and run multihome sync",
			asked->uplink->file->name);
	return mem_format("run sysctl -w net/ipv4/conf/%s/rp_filter=2", asked->address->device);
}

/* A rule like ours with one more selector, beside which ours cannot be (has_foreign_twin). */
static const struct rule *find_twin(const struct judged *judged)
{
	const struct rules *rules = &judged->in->kernel->rules;
	const struct rule *rule;
	size_t i;

	for (i = 0; i < rules->n; i++) {
		rule = &rules->items[i];
		if (rule->action == ACTION_LOOKUP && rule->table == judged_table(judged) &&
			prefix_contains(&rule->from, &judged->asked->address->prefix) &&
			rule->from.len && !check_is_owned(judged->in, rule))
			return rule;
	}
	return NULL;
}

/* Nothing of ours is to be done, so it is somebody else's that is in the way. */
static char *cure_foreign(const struct judged *judged)
{
	const struct rule *decider = judged->decider, *twin = find_twin(judged);
	const struct answer *reply = judged->reply;
	char gateway[PREFIX_TEXT], *command, *both;

	if (decider && decider->table == judged_table(judged) && reply->device[0])
		return mem_format(
			"run ip %sroute del default%s%s dev %s table %u && multihome sync",
			judged->afar->family == AF_INET6 ? "-6 " : "",
			reply->gateway.family ? " via " : "",
			reply->gateway.family ? prefix_format_address(&reply->gateway, gateway)
					      : "",
			reply->device, decider->table);
	if (judged_rule_leads_to(judged, judged_table(judged)))
		twin = decider;
	if (!twin)
		return mem_string("");
	command = check_deletion(twin);
	if (!*command)
		return command;
	both = mem_format("%s && multihome sync", command);
	free(command);
	return both;
}

static char *cure_planned(const struct judged *judged)
{
	const struct planned *planned = judged->asked->planned;
	const struct uplink *uplink = planned->uplink;

	switch (planned->state) {
	case STATE_REFUSED:
		return mem_format("correct %s and run multihome sync", uplink->file->name);
	case STATE_BY_HAND:
		if (judged_has_lapsed(judged))
			return check_refill(judged->lapsed, judged->asked);
		return mem_format("run ifdown %s && ifup %s, or take the rules for %s out of "
				  "rule%s-%s and run multihome sync",
			uplink->device, uplink->device, uplink->file->name,
			uplink->inet6 ? "6" : "", uplink->device);
	case STATE_UP:
		/* What sync would do to files alone leads no reply another way. */
		if (judged->in->ops->n || judged->in->writes->n)
			return mem_string("run multihome sync");
		if (!judged_has_lapsed(judged))
			return cure_foreign(judged);
		break;
	case STATE_EDITED:
	case STATE_DOWN:
		break;
	}
	return mem_format("run ifdown %s && ifup %s", uplink->device, uplink->device);
}

static char *cure_outside(const struct judged *judged)
{
	bool inet6 = judged->afar->family == AF_INET6;

	return mem_format("add the address to %s (%s) and run multihome sync",
		judged->asked->uplink->file->name,
		inet6 ? "IPV6ADDR_SECONDARIES=" : "IPADDR1= and PREFIX1=, or the next number");
}

/* No file says the NIC's gateway. */
static char *cure_unknown(const struct judged *judged)
{
	const struct profile *profile = judged_profile(judged);
	bool inet6 = judged->afar->family == AF_INET6;
	char gateway[PREFIX_TEXT], table[24] = "";

	if (profile && check_says_no(profile->file, "MULTIHOME"))
		return mem_format(
			"remove MULTIHOME=no from %s and run multihome sync", profile->file->name);
	if (!judged->asked->gateway.family)
		return mem_string("");
	/* One uplink alone is served only if it has a TABLE=. */
	if (!judged->in->config->uplinks.n)
		snprintf(table, sizeof(table), " and TABLE=%u",
			check_free_table(judged->in, judged->asked->nic));
	return mem_format("set %s=%s%s%s%s in ifcfg-%s%s and run multihome sync",
		inet6 ? "IPV6_DEFAULTGW" : "GATEWAY",
		prefix_format_address(&judged->asked->gateway, gateway), inet6 ? "%" : "",
		inet6 ? judged->asked->address->device : "", table,
		profile ? profile->file->name + strlen("ifcfg-") : judged->asked->address->device,
		profile ? "" : ", with the NIC's address,");
}

static char *cure_unserved(const struct judged *judged)
{
	const struct asked *asked = judged->asked;
	const char *device = asked->address->device;

	if (judged_has_lapsed(judged))
		return check_refill(judged->lapsed, asked);
	if (!judged->in->config->enabled)
		return mem_string("set MULTIHOME=yes in /etc/sysconfig/multihome and run "
				  "multihome sync");
	if (!asked->uplink)
		return cure_unknown(judged);
	if (judged->kind == FINDING_WRONG_GATEWAY || judged->reply->error)
		return mem_format("run ifdown %s && ifup %s", device, device);
	return mem_format("set TABLE=%u in %s and run multihome sync",
		check_free_table(judged->in, judged->asked->nic), asked->uplink->file->name);
}

char *judged_cure(const struct judged *judged)
{
	const struct rule *decider = judged->decider;

	/* Whatever else is right or wrong, nothing comes past it. */
	if (judged->reply->error && decider && decider->action != ACTION_LOOKUP)
		return check_deletion(decider);
	if (judged->asked->outside)
		return cure_outside(judged);
	if (judged->kind == FINDING_DROPPED && judged_nic_right(judged) &&
		judged_gateway_right(judged) && !check_sync_has_work(judged->in))
		return cure_filter(judged);
	return judged->asked->planned ? cure_planned(judged) : cure_unserved(judged);
}
