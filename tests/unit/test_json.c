/* SPDX-License-Identifier: MIT
 * JSON: what a name may hold is told so that a parser takes it (tests/66-judge.bats has one).
 */
#include "judge/json.h"
#include "judged.h"

/* The text of a finding that says so. */
static void text_is(const char *what, const char *want, const char *name)
{
	struct findings findings = {.n = 0};
	struct text out = {0};
	char *all = mem_format("{\"version\":1,\"findings\":[{\"wrong\":false,\"kind\":\"notice\","
			       "\"text\":\"%s\"}]}\n",
		want);

	finding_add(&findings, (struct finding){.kind = FINDING_NOTICE}, "", mem_string(what),
		mem_string(""));
	json_begin(&out);
	json_findings(&findings, &out);
	json_end(&out);
	is(out.bytes, all, name);
	findings_free(&findings);
	text_free(&out);
	free(all);
}

static void test_strings(void)
{
	text_is("a \"b\" \\c", "a \\\"b\\\" \\\\c", "quotes and backslashes");
	text_is("a\tb\nc\033[0m\177", "a\\u0009b\\u000ac\\u001b[0m\\u007f", "control characters");
	text_is("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		"UTF-8 as it is");
	text_is("\xff\xc3(\x80",
		"??"
		"(?",
		"bytes that are none");
	text_is("\xe2\x82", "??", "one that ends too early");
	text_is("\xc0\xaf \xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80", "?? ??? ??? ????",
		"longer forms than needed, surrogates, beyond the last");
}

static void test_findings(void)
{
	struct findings findings = {.n = 0};
	struct finding found = {.wrong = true, .kind = FINDING_DROPPED};
	struct text out = {0};

	json_begin(&out);
	json_findings(&findings, &out);
	is(out.bytes, "{\"version\":1,\"findings\":[]", "none is an empty array");
	out.n = 0;
	found.address = prefix_of("192.168.2.99");
	finding_add(&findings, found, "eth0", mem_string("are dropped"), mem_string("run x"));
	finding_add(&findings, found, "eth0", mem_string("are dropped"), mem_string("run x"));
	finding_add(&findings, (struct finding){.kind = FINDING_DOWN}, "eth1", mem_string("down"),
		mem_string(""));
	json_begin(&out);
	json_findings(&findings, &out);
	is(out.bytes,
		"{\"version\":1,\"findings\":[{\"wrong\":true,\"kind\":\"dropped\",\"dev\":\"eth0\","
		"\"local\":\"192.168.2.99\",\"more\":1,\"text\":\"packets to 192.168.2.99 and 1 more "
		"are dropped\",\"cure\":\"run x\"},{\"wrong\":false,\"kind\":\"down\","
		"\"dev\":\"eth1\",\"text\":\"down\"}]",
		"what has no value is not there");
	findings_free(&findings);
	text_free(&out);
}

static void test_verdicts(void)
{
	struct scene scene;
	struct verdict own = {.holder = NULL, .fault = FAULT_NO_ROUTE};
	struct text out = {0};

	own.packet.remote = prefix_of("2001:db8::1");
	own.leaves.error = ENETUNREACH;
	set_scene(&scene);
	drop_rule(&scene, 100);
	json_begin(&out);
	json_verdicts("addresses", &scene.facts, judge(&scene, "eth0"), 1, &out);
	json_verdicts("own", &scene.facts, &own, 1, &out);
	json_end(&out);
	is(out.bytes,
		"{\"version\":1,\"addresses\":[{\"remote\":\"192.0.2.1\",\"local\":\"192.168.2.99\","
		"\"dev\":\"eth0\",\"iif\":\"eth0\",\"oif\":\"eth1\",\"gateway\":\"10.0.0.1\","
		"\"table\":254,\"outcome\":\"astray\",\"fault\":\"wrong-nic\",\"text\":\"astray: "
		"asked by eth0, answered by eth1 through 10.0.0.1\"}],\"own\":[]}\n",
		"a verdict, and no traffic of a family that the host does not use");
	text_free(&out);
	clear_scene(&scene);
}

int main(void)
{
	test_strings();
	test_findings();
	test_verdicts();
	return tap_done();
}
