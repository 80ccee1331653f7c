/* SPDX-License-Identifier: MIT
 * Findings: lines for people, records for programs, and nothing said twice.
 */
#include <sys/socket.h>

#include "judge/findings.h"
#include "tap.h"

static struct prefix prefix_of(const char *text)
{
	struct prefix parsed = {0};

	prefix_parse(text, strchr(text, ':') ? AF_INET6 : AF_INET, &parsed);
	return parsed;
}

static void add(struct findings *findings, bool wrong, enum finding_kind kind, const char *device,
	const char *address, const char *what, const char *cure)
{
	struct finding found = {.wrong = wrong, .kind = kind};

	if (*address)
		found.address = prefix_of(address);
	finding_add(findings, found, device, mem_string(what), mem_string(cure));
}

static void lines(
	const struct findings *findings, size_t columns, const char *want, const char *name)
{
	struct text text = {0};
	size_t i;

	for (i = 0; i < findings->n; i++)
		finding_format(&findings->items[i], columns, &text);
	is(text.bytes, want, name);
	text_free(&text);
}

static void record(const struct finding *finding, const char *want, const char *name)
{
	struct text text = {0};

	finding_format_record(finding, &text);
	ok(text.bytes[text.n - 1] == '\n', "%s: a line", name);
	text.bytes[text.n - 1] = '\0';
	is(text.bytes, want, name);
	text_free(&text);
}

int main(void)
{
	struct findings findings = {.n = 0};
	size_t i, k;

	add(&findings, true, FINDING_WRONG_NIC, "eth0", "192.168.2.99", "leave by eth1", "run x");
	add(&findings, true, FINDING_WRONG_NIC, "eth0", "192.168.2.98", "leave by eth1", "run x");
	add(&findings, true, FINDING_WRONG_NIC, "eth0", "192.168.2.97", "leave by eth1", "run x");
	lines(&findings, 80, "eth0: replies from 192.168.2.99 and 2 more leave by eth1\n  run x\n",
		"what is true of several addresses is one finding, its cure on a line of its own");
	record(&findings.items[0],
		"wrong\twrong-nic\teth0\t192.168.2.99\treplies from 192.168.2.99 and 2 more leave "
		"by eth1\trun x",
		"a record has six fields");
	lines(&findings, 40,
		"eth0: replies from 192.168.2.99 and 2\n  more leave by eth1\n  run x\n",
		"a narrow terminal gets narrow lines");
	add(&findings, true, FINDING_WRONG_NIC, "eth1", "192.168.2.97", "leave by eth1", "run x");
	add(&findings, false, FINDING_WRONG_NIC, "eth0", "192.168.2.97", "leave by eth1", "run x");
	add(&findings, true, FINDING_WRONG_NIC, "eth0", "192.168.2.97", "leave by eth1", "run y");
	add(&findings, true, FINDING_WRONG_NIC, "eth0", "2001:db8::1", "leave by eth1", "run x");
	is(findings.n == 5 ? "5" : "other", "5",
		"another device, cure, family or weight is another");
	ok(findings_count(&findings, true) == 4 && findings_count(&findings, false) == 1,
		"faults and notes are counted apart");
	findings_free(&findings);

	add(&findings, false, FINDING_FIREWALL, "", "", "rules are loaded", "");
	add(&findings, false, FINDING_FIREWALL, "", "", "rules are loaded", "");
	lines(&findings, 80, "note: rules are loaded\n",
		"nothing is said twice, and none has no cure");
	record(&findings.items[0], "note\tfirewall\t-\t-\trules are loaded\t-",
		"- stands for nothing");
	findings_free(&findings);

	add(&findings, true, FINDING_REFUSED, "eth0", "", "ifcfg-\033[31m\tx: no", "run\tx\n");
	lines(&findings, 80, "eth0: ifcfg-?[31m?x: no\n  run?x?\n",
		"a name cannot take a terminal over");
	record(&findings.items[0], "wrong\trefused\teth0\t-\tifcfg-?[31m?x: no\trun?x?",
		"nor make a record two");
	findings_free(&findings);

	for (i = 0; i < FINDING_KINDS; i++) {
		for (k = 0; k < i && strcmp(finding_name(i), finding_name(k)); k++)
			;
		ok(k == i && *finding_name(i), "%s: a name of its own", finding_name(i));
	}
	return tap_done();
}
