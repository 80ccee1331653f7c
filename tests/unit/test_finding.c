/* SPDX-License-Identifier: MIT
 * Findings: their lines for people and for programs, and the names of their kinds.
 */
#include <sys/socket.h>

#include "judge/finding.h"
#include "tap.h"

static struct finding finding(
	bool wrong, enum finding_kind kind, const char *device, const char *address)
{
	struct finding found = {.wrong = wrong, .kind = kind};

	strcpy(found.device, device);
	if (address)
		prefix_parse_address(
			address, strchr(address, ':') ? AF_INET6 : AF_INET, &found.address);
	return found;
}

static void check(const struct findings *findings, size_t i, const char *line, const char *record,
	const char *name)
{
	struct text text = {0};

	finding_format(&findings->items[i], &text);
	is(text.bytes, line, name);
	text.n = 0;
	finding_format_record(&findings->items[i], &text);
	is(text.bytes, record, name);
	text_free(&text);
}

static void test_lines(void)
{
	struct findings findings = {0};

	finding_add(&findings, finding(true, FINDING_WRONG_NIC, "eth0", "192.168.2.99"),
		mem_string("leave by eth1"), mem_string("run multihome sync"));
	check(&findings, 0, "eth0: replies from 192.168.2.99 leave by eth1; run multihome sync",
		"wrong\twrong-nic\teth0\t192.168.2.99\treplies from 192.168.2.99 leave by eth1\t"
		"run multihome sync",
		"a finding names device, address, what is wrong and the cure");
	finding_add(&findings, finding(false, FINDING_STALE_RULE, "", NULL), mem_string("the rule"),
		mem_string(""));
	check(&findings, 1, "note: the rule", "note\tstale-rule\t-\t-\tthe rule\t-",
		"what a finding does not have is left out, or a dash");
	finding_add(&findings, finding(true, FINDING_REFUSED, "", NULL),
		mem_string("/etc/a\tb\nc\033[1m\x80\x9b: no"), mem_string("x\ty"));
	check(&findings, 2, "/etc/a?b?c?[1m??: no; x?y",
		"wrong\trefused\t-\t-\t/etc/a?b?c?[1m??: no\tx?y",
		"no control character gets out, so that a record has six fields");
	ok(findings_count(&findings, true) == 2 && findings_count(&findings, false) == 1,
		"wrong ones and notes are counted apart");
	findings_free(&findings);
}

static void add(struct findings *findings, const char *address, const char *what)
{
	finding_add(findings, finding(true, FINDING_WRONG_NIC, "eth0", address), mem_string(what),
		mem_string("cure"));
}

static void test_groups(void)
{
	struct findings findings = {0};
	char address[32];
	int i;

	for (i = 1; i < 255; i++) {
		snprintf(address, sizeof(address), "10.0.0.%d", i);
		add(&findings, address, "leave by eth1");
	}
	check(&findings, 0, "eth0: replies from 10.0.0.1 and 253 more leave by eth1; cure",
		"wrong\twrong-nic\teth0\t10.0.0.1\t"
		"replies from 10.0.0.1 and 253 more leave by eth1\tcure",
		"254 addresses with one fault are one line");
	add(&findings, "10.0.1.1", "leave by eth2");
	add(&findings, "2001:db8::1", "leave by eth1");
	ok(findings.n == 3, "another fault or family is another line");
	finding_add(
		&findings, finding(true, FINDING_HOOK, "", NULL), mem_string("x"), mem_string(""));
	finding_add(
		&findings, finding(true, FINDING_HOOK, "", NULL), mem_string("x"), mem_string(""));
	ok(findings.n == 4 && !findings.items[3].more, "nothing is said twice");
	findings_free(&findings);
}

/* The names are a contract, so a change of one is to be noticed. */
static void test_kinds(void)
{
	static const char names[] =
		"refused dropped no-way-back wrong-nic wrong-gateway edited empty-table no-default "
		"duplicate-rule stale-rule table-shared files kernel setting sysctl-conf arp "
		"neighbour hook dhcp-hook network-manager down notice ";
	struct text text = {0};
	bool told = true;
	int kind;

	for (kind = 0; kind < FINDING_KINDS; kind++) {
		text_format(&text, "%s ", finding_name((enum finding_kind)kind));
		told &= strlen(finding_meaning((enum finding_kind)kind)) > 15;
	}
	is(text.bytes, names, "the kinds have the names that programs look for");
	ok(told, "each kind says what it means");
	text_free(&text);
}

int main(void)
{
	test_lines();
	test_groups();
	test_kinds();
	return tap_done();
}
