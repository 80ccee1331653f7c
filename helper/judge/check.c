/* SPDX-License-Identifier: MIT
 * Everything on the host that is wrong, or worth to be known.
 */
#include <string.h>
#include <sys/socket.h>

#include "judge/check.h"
#include "judge/checks.h"
#include "judge/cures.h"

/* Not what a link has for itself (fe80::/10, 169.254.0.0/16), nor a service address on lo, which
 * is nobody's NIC. */
static bool is_judged(const struct facts *facts, const struct address *address)
{
	const struct link *link = kernel_find_link(facts->kernel, address->device);
	const unsigned char *bytes = address->prefix.bytes;

	if (!link || !link->up || link->loopback || address->unsettled)
		return false;
	if (address->prefix.family == AF_INET && bytes[0] == 169 && bytes[1] == 254)
		return false;
	return !prefix_is_link_local(&address->prefix);
}

/* So many of a NIC's addresses of which the same is retraced are asked of the kernel, whose answer
 * takes as long as there are rules; what it says of the last is taken to be so for the rest. */
enum { ASKED = 256 };

static bool is_like(const struct verdict *a, const struct verdict *b)
{
	return a->holder == b->holder && a->arrival == b->arrival && a->reason == b->reason &&
		a->expected == b->expected && a->reply.last.route == b->reply.last.route &&
		a->reply.last.end == b->reply.last.end &&
		a->local.family == b->local.family;
}

void check_begin(const struct facts *facts, struct check *check)
{
	const struct addresses *addresses = &facts->kernel->addresses;
	struct packet packet = {.anybody = true};
	struct verdict *verdict;
	size_t i, alike = 0;
	int inet6;

	for (i = 0; i < addresses->n; i++) {
		packet.local = &addresses->items[i];
		if (!is_judged(facts, packet.local))
			continue;
		packet.remote = facts->afar[packet.local->prefix.family == AF_INET6];
		verdict = array_add(&check->verdicts);
		verdict_begin(facts, &packet, verdict, NULL, &check->questions);
		alike = check->verdicts.n > 1 && is_like(verdict, verdict - 1) ? alike + 1 : 0;
		if (alike >= ASKED) {
			check->questions.n = verdict->question;
			verdict->question = verdict[-1].question;
		}
	}
	for (inet6 = 0; inet6 <= 1; inet6++)
		verdict_begin_own(
			facts, &facts->afar[inet6], &check->own[inet6], &check->questions);
}

void check_free(struct check *check)
{
	verdicts_free(&check->verdicts);
	free(check->questions.items);
}

/* --- files ------------------------------------------------------------------------- */

static bool is_sysctl_file(const struct facts *facts, const char *path)
{
	size_t i;

	for (i = 0; i < facts->sources->settings.n; i++)
		if (!strcmp(facts->sources->settings.items[i].path, path))
			return true;
	return false;
}

/* The device of an ifcfg file, else of a route- or rule- file's name, else "". */
static void find_device(const struct facts *facts, const char *path, device_name out)
{
	const struct profiles *profiles = &facts->config->profiles;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dash = strchr(name, '-');
	size_t i;

	memset(out, 0, DEVICE_SIZE);
	for (i = 0; i < profiles->n; i++)
		if (!strcmp(profiles->items[i].file->path, path)) {
			device_of_label(profiles->items[i].device, out);
			return;
		}
	if (!slash)
		device_of_label(name, out);
	else if (dash && (!strncmp(name, "route", 5) || !strncmp(name, "rule", 4)))
		device_of_label(dash + 1, out);
}

static void check_diag(
	const struct facts *facts, const struct diag *diag, struct findings *findings)
{
	bool sysctl = !diag->refusal && is_sysctl_file(facts, diag->file);
	enum finding_kind kind = diag->refusal ? FINDING_REFUSED
		: sysctl		       ? FINDING_SYSCTL_CONF
		: diag->misspelt	       ? FINDING_KEY
					       : FINDING_NOTICE;
	const char *text = diag->text, *command = strstr(text, "; run: ");
	char *cure, *what;
	device_name device;
	size_t n;

	find_device(facts, diag->file, device);
	n = strlen(device);
	if (n && !strncmp(text, device, n) && !strncmp(text + n, ": ", 2))
		text += n + 2;
	what = mem_string(text);
	if (command) {
		what[command - text] = '\0';
		cure = mem_format("run %s && multihome sync", command + strlen("; run: "));
	} else {
		cure = mem_string(diag->failure ? "see the file: root may be able to read it"
				: kind == FINDING_NOTICE ? ""
				: sysctl		 ? "remove that line and run multihome sync"
							 : "see that line; then run multihome sync");
	}
	finding_add(findings, (struct finding){.kind = kind, .wrong = kind != FINDING_NOTICE},
		device, what, cure);
}

void check_files(const struct facts *facts, struct findings *findings)
{
	size_t i;

	for (i = 0; i < facts->diags->n; i++)
		check_diag(facts, &facts->diags->items[i], findings);
}

/* --- the host ------------------------------------------------------------------------ */

/* The first uplink that comes and goes by it; NULL: none. */
static const struct uplink *first_by(const struct plan *plan, enum hook_key key)
{
	const struct planned *planned;
	const struct uplink *uplink;
	size_t i;

	for (i = 0; i < plan->uplinks.n; i++) {
		planned = &plan->uplinks.items[i];
		uplink = planned->uplink;
		if (planned->state != STATE_BY_HAND &&
			uplink->network_manager == (key == HOOK_NETWORK_MANAGER) &&
			(key != HOOK_DHCP || uplink->leased))
			return uplink;
	}
	return NULL;
}

static void check_hook(const struct facts *facts, enum hook_key key, struct findings *findings)
{
	static const enum finding_kind kinds[HOOKS] = {FINDING_HOOK, FINDING_HOOK, FINDING_HOOK,
		FINDING_DHCP_HOOK, FINDING_NETWORK_MANAGER};
	static const char *const states[] = {
		"", "is not there", "is not executable", "does not run multihome"};
	const struct uplink *uplink = first_by(facts->plan, key);
	const struct hook *hook = &facts->hooks[key];

	if (uplink && hook->state != HOOK_CALLS)
		finding_add(findings, (struct finding){.kind = kinds[key], .wrong = true},
			key >= HOOK_DHCP ? uplink->device : "",
			mem_format("%s%s %s%s",
				key == HOOK_NETWORK_MANAGER ? "NetworkManager controls it, and " : "",
				hook->path, states[hook->state],
				hook->end ? " before it ends" : ""),
			cure_hook(hook, key));
}

static void check_left(const struct facts *facts, struct findings *findings)
{
	const struct healths *healths = facts->healths;
	const struct health *health;
	size_t i;

	for (i = 0; healths && i < healths->n; i++) {
		health = &healths->items[i];
		if (health->state == HEALTH_LEFT)
			finding_add(findings, (struct finding){.kind = FINDING_LEFT, .wrong = true},
				health->device,
				mem_format("watch leaves it for ten minutes, as it was taken away "
					   "again and again: %s",
					health->reason),
				mem_string("see what else changes rules and routes: a script, a "
					   "VPN, a routing daemon"));
	}
}

static void check_unconfirmed(const struct facts *facts, struct findings *findings)
{
	const struct finding found = {.kind = FINDING_UNCONFIRMED};

	if (facts->unconfirmed < 0)
		finding_add(findings, found, "",
			mem_string("what sync --confirm did is being taken back"),
			mem_string("see the messages of multihome in the system log, if it lasts"));
	else if (facts->unconfirmed)
		finding_add(findings, found, "",
			mem_format("what sync --confirm did is taken back in %d s",
				facts->unconfirmed),
			mem_string("run multihome confirm, if it is to stay"));
}

static void check_firewall(const struct facts *facts, struct findings *findings)
{
	static const char *const words[] = {[FIREWALL_UNKNOWN] = "only root sees whether firewall "
								 "rules are loaded",
		[FIREWALL_IPSEC] = "IPsec has policies: what they drop or wrap is not known here",
		[FIREWALL_LOADED] = "firewall rules are loaded: what they drop or mark is not "
				    "known here"};
	enum firewall worst = facts->firewall[facts->firewall[true] > facts->firewall[false]];

	if (worst)
		finding_add(findings, (struct finding){.kind = FINDING_FIREWALL}, "",
			mem_string(words[worst]), mem_string(""));
}

/* Its answers, and those of guests, have no address of ours, which a rule would be for. */
static void check_published(const struct facts *facts, struct findings *findings)
{
	const struct planned_uplinks *uplinks = &facts->plan->uplinks;
	size_t i, n = 0;

	for (i = 0; i < uplinks->n; i++)
		n += uplinks->items[i].state == STATE_UP && !uplinks->items[i].uplink->inet6;
	if (facts->published && n > 1)
		finding_add(findings, (struct finding){.kind = FINDING_PUBLISHED}, "",
			mem_format("what is published answers by the default route's NIC, whichever "
				   "it was asked at: %s",
				facts->published),
			facts->overlap
				? mem_format("see the mark of this rule, beside which there can be no "
					     "CONNMARK=yes: %s",
					  facts->overlap)
				: mem_string("set CONNMARK=yes in /etc/sysconfig/multihome and run "
					     "multihome sync"));
	if (facts->published && !facts->forwards[false])
		finding_add(findings, (struct finding){.kind = FINDING_PUBLISHED}, "",
			mem_format("ip_forward is 0, so what is published of other hosts is led "
				   "nowhere: %s",
				facts->published),
			mem_string("set net.ipv4.ip_forward=1 in /etc/sysctl.conf and run sysctl -p"));
}

void check_finish(const struct facts *facts, struct check *check, const struct answer *answers,
	struct findings *findings)
{
	const struct verdicts *verdicts = &check->verdicts;
	bool in_use = facts_in_use(facts);
	int inet6;
	size_t i;

	for (i = 0; i < verdicts->n; i++) {
		verdict_finish(facts, &verdicts->items[i], answers);
		if (check_counts(&verdicts->items[i]))
			check_address(facts, &verdicts->items[i], findings);
	}
	for (inet6 = 0; inet6 <= 1; inet6++) {
		verdict_finish(facts, &check->own[inet6], answers);
		check_own(facts, &check->own[inet6], findings);
	}
	check_unconfirmed(facts, findings);
	check_left(facts, findings);
	check_rules(facts, verdicts, findings);
	check_routes(facts, findings);
	check_files(facts, findings);
	if (in_use) {
		check_shared_tables(facts, findings);
		check_applied(facts, findings);
		for (i = 0; i < HOOKS; i++)
			check_hook(facts, (enum hook_key)i, findings);
	}
	for (i = 0; i < verdicts->n; i++)
		check_no_gateway(facts, &verdicts->items[i], findings);
	check_published(facts, findings);
	check_firewall(facts, findings);
}

bool check_has_asked(const struct check *check)
{
	return check->questions.n;
}

struct tally check_count(const struct facts *facts, const struct check *check)
{
	const struct links *links = &facts->kernel->links;
	bool *counted = mem_resize(NULL, links->n + 1), *seen;
	struct tally tally = {.nics = 0};
	const struct verdict *verdict;
	size_t i;

	memset(counted, 0, links->n + 1);
	for (i = 0; i < check->verdicts.n; i++) {
		verdict = &check->verdicts.items[i];
		if (!verdict->has_gateway)
			continue;
		seen = &counted[verdict->holder - links->items];
		tally.nics += !*seen;
		*seen = true;
		tally.addresses++;
		tally.right += verdict_outcome(verdict) == OUTCOME_RIGHT ||
			verdict->fault == FAULT_FIREWALL;
		tally.lost += verdict_outcome(verdict) == OUTCOME_LOST;
	}
	free(counted);
	return tally;
}

void check_summary(const struct facts *facts, const struct check *check, struct text *out)
{
	const struct tally tally = check_count(facts, check);
	bool one = tally.addresses == 1;

	if (!check_has_asked(check)) {
		text_add_string(out, "nothing is wrong with the files");
		return;
	}
	if (!tally.addresses) {
		text_add_string(out, "no NIC has a gateway");
		return;
	}
	if (tally.right < tally.addresses)
		text_format(out, "%zu of ", tally.right);
	text_format(out, "%zu address%s of %zu NIC%s answer%s by %s own NIC", tally.addresses,
		one ? "" : "es", tally.nics, tally.nics == 1 ? "" : "s", one ? "s" : "",
		one ? "its" : "their");
	if (facts->firewall[false] || facts->firewall[true])
		text_add_string(out, ", as far as the firewall lets them");
}
