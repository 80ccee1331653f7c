/* SPDX-License-Identifier: MIT
 * check: does each address answer by its own NIC, and what stands in the way?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cmd/judge.h"
#include "judge/json.h"

/* The first of those from at on; n if there is none. */
static size_t findings_next(const struct findings *findings, bool wrong, size_t at)
{
	while (at < findings->n && findings->items[at].wrong != wrong)
		at++;
	return at;
}

static void format_findings(const struct findings *findings, bool records, struct text *out)
{
	size_t columns = output_columns(), i, next;
	struct finding shown;
	char none[] = "";
	int wrong;

	for (wrong = 1; wrong >= 0; wrong--)
		for (i = findings_next(findings, wrong, 0); i < findings->n; i = next) {
			next = findings_next(findings, wrong, i + 1);
			shown = findings->items[i];
			if (records) {
				finding_format_record(&shown, out);
				continue;
			}
			/* A long one is said once for several, below the last. */
			if (next < findings->n && strlen(shown.cure) + 2 > columns &&
				!strcmp(shown.cure, findings->items[next].cure))
				shown.cure = none;
			finding_format(&shown, columns, out);
		}
}

/* "3 wrong, the first: eth0: …", or that all is well: on one line. */
static void format_summary(const struct facts *facts, const struct check *check,
	const struct findings *findings, struct text *out)
{
	size_t wrong = findings_count(findings, true), i = 0;

	if (!wrong) {
		check_summary(facts, check, out);
		return;
	}
	while (!findings->items[i].wrong)
		i++;
	text_format(out, "%zu wrong, the first: %s%s", wrong, findings->items[i].device,
		findings->items[i].device[0] ? ": " : "");
	finding_format_what(&findings->items[i], out);
}

/* A plugin of Nagios: one line, performance data behind the bar, exit 0 to 3. */
enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

static int format_nagios(const struct facts *facts, const struct check *check,
	const struct findings *findings, long ms, struct text *out)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	const struct tally tally = check_count(facts, check);
	int status = tally.lost ? NAGIOS_CRITICAL
		: findings_count(findings, true) ? NAGIOS_WARNING
						 : NAGIOS_OK;
	struct showns showns = {NULL, 0, 0};
	const struct finding *down = NULL;
	size_t i, up = 0;

	show_collect(facts, NULL, &showns);
	for (i = 0; i < showns.n; i++)
		up += !strcmp(showns.items[i].state, "up");
	free(showns.items);
	for (i = 0; i < findings->n; i++)
		if (findings->items[i].kind == FINDING_OFFLINE)
			status = NAGIOS_CRITICAL;
		else if (findings->items[i].kind == FINDING_DOWN)
			down = &findings->items[i];
	/* Nothing is wrong with what somebody took down, but who watches is to know. */
	if (status != NAGIOS_OK)
		down = NULL;
	else if (down)
		status = NAGIOS_WARNING;
	text_format(out, "MULTIHOME %s - ", words[status]);
	if (down) {
		text_format(out, "%s: ", down->device);
		finding_format_what(down, out);
		text_add_string(out, "; ");
	}
	format_summary(facts, check, findings, out);
	for (i = 0; i < out->n; i++)
		if (out->bytes[i] == '|')
			out->bytes[i] = '/';
	text_add_string(out, " | ");
	if (check_has_asked(check))
		text_format(out, "uplinks_up=%zu;;;0;%zu addresses_right=%zu;;;0;%zu ", up,
			facts->plan->uplinks.n, tally.right, tally.addresses);
	text_format(out, "time=%ldms\n", ms);
	return status;
}

/* For cron and scripts it is silent when all is well; a person wants to see that it looked. */
static int format(const struct options *options, const struct facts *facts,
	const struct check *check, const struct findings *findings, long ms, struct text *out)
{
	size_t wrong = findings_count(findings, true);
	struct showns showns = {NULL, 0, 0};

	if (options->nagios)
		return format_nagios(facts, check, findings, ms, out);
	if (options->json) {
		json_begin(out);
		show_collect(facts, NULL, &showns);
		json_uplinks(&showns, out);
		json_verdicts("addresses", facts, check->verdicts.items, check->verdicts.n, out);
		json_verdicts("own", facts, check->own, check_has_asked(check) ? 2 : 0, out);
		json_findings(findings, out);
		json_end(out);
		free(showns.items);
	} else if (options->porcelain) {
		text_add_string(out, wrong ? "wrong\tsummary\t-\t-\t" : "ok\tsummary\t-\t-\t");
		format_summary(facts, check, findings, out);
		text_add_string(out, "\t-\n");
		format_findings(findings, true, out);
	} else {
		format_findings(findings, false, out);
		if (!wrong && isatty(STDOUT_FILENO)) {
			check_summary(facts, check, out);
			text_add_string(out, "\n");
		}
	}
	return wrong ? EXIT_FAILED : EXIT_DONE;
}

/* clock_gettime(2) is in no library of EL5 and EL6 that is linked. */
static long milliseconds(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return now.tv_sec * 1000 + now.tv_usec / 1000;
}

int cmd_check(const struct options *options)
{
	struct judging judging = {.facts = {.kernel = NULL}};
	struct check check = {.verdicts = {NULL, 0, 0}};
	struct findings findings = {.n = 0};
	struct text out = {0};
	long began = milliseconds();
	int status = judging_gather(options, &judging);

	if (!status && options->root)
		check_files(&judging.facts, &findings);
	else if (!status)
		status = judging_check(&judging, &check, &findings);
	if (!status)
		status = format(options, &judging.facts, &check, &findings,
			milliseconds() - began, &out);
	else if (options->nagios) {
		text_add_string(&out, "MULTIHOME UNKNOWN - the host could not be read\n");
		status = NAGIOS_UNKNOWN;
	}
	status = output_print(&out, status);
	findings_free(&findings);
	check_free(&check);
	judging_free(&judging);
	return status;
}
