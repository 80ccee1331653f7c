/* SPDX-License-Identifier: MIT
 * Settings of the kernel: what is written, and what each goes back to.
 */
#include "net/sysctl.h"
#include "tap.h"

static struct sysctls wanted, seen;
static struct saves saves;

static void reset(void)
{
	wanted.n = seen.n = saves.n = 0;
}

static void add(struct sysctls *sysctls, int value)
{
	struct sysctl *sysctl = array_add(sysctls);

	strcpy(sysctl->device, "eth0");
	sysctl->value = value;
}

static void save(int old, int set)
{
	struct saved *saved = array_add(&saves);

	strcpy(saved->set.device, "eth0");
	saved->set.value = set;
	saved->old = old;
}

static bool stays_never(const void *arg, const char *device)
{
	(void)arg;
	return !strcmp(device, "frozen");
}

static bool stays_always(const void *arg, const char *device)
{
	(void)arg;
	return device != NULL;
}

/* "write 2, save 1 2": what comes out. */
static char *outcome(bool (*stays)(const void *, const char *))
{
	struct sysctl_diff diff = {.writes = {0}};
	struct text text = {0};
	size_t i;

	text_add_string(&text, "");
	sysctl_diff(&wanted, &seen, &saves, stays, NULL, &diff);
	for (i = 0; i < diff.writes.n; i++)
		text_format(&text, "write %d ", diff.writes.items[i].value);
	for (i = 0; i < diff.saves.n; i++)
		text_format(&text, "save %d %d", diff.saves.items[i].old,
			diff.saves.items[i].set.value);
	sysctl_diff_free(&diff);
	return text.bytes;
}

static void check(const char *want, const char *name)
{
	char *got = outcome(stays_never);

	is(got, want, name);
	free(got);
	reset();
}

static void test_wanted(void)
{
	add(&wanted, 2), add(&seen, 1);
	check("write 2 save 1 2", "a value is written, and the old one remembered");
	add(&wanted, 2), add(&seen, 2);
	check("", "a value that is there already is neither written nor remembered");
	add(&wanted, 2), add(&seen, 2), save(1, 2);
	check("save 1 2", "a second run writes nothing and forgets nothing");
	add(&wanted, 0), add(&seen, 2), save(1, 2);
	check("write 0 save 1 0", "another wish keeps the first old value");
	add(&wanted, 2), add(&seen, 0), save(1, 2);
	check("write 2 save 0 2", "somebody's change since then is what is given back later");
	add(&wanted, 2);
	check("", "where the kernel has no such setting nothing is done");
}

static void test_unwanted(void)
{
	char *got;

	add(&seen, 2), save(1, 2);
	check("write 1 ", "what is not wanted any more goes back");
	add(&seen, 0), save(1, 2);
	check("", "but not over somebody's change");
	save(1, 2);
	check("", "of a device that is gone nothing is remembered");
	add(&seen, 2), save(1, 2);
	got = outcome(stays_always);
	is(got, "save 1 2", "what stays is left and remembered");
	free(got);
	reset();
}

static void test_lines(void)
{
	static const char *const bad[] = {"", "eth0 rp_filter 1", "eth0 forwarding 1 2",
		"eth/0 rp_filter 1 2", "eth0 rp_filter 1 2 3", "../all rp_filter 1 2"};
	struct saved saved;
	struct text text = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(saved_parse(bad[i], &saved), "'%s' is no line of the record", bad[i]);
	ok(!saved_parse("eth0.5 arp_announce 0 2", &saved), "a line of the record");
	saved_format(&saved, &text);
	is(text.bytes, "eth0.5 arp_announce 0 2\n", "comes back as it was");
	text_free(&text);
	sysctl_format(&saved.set, &text);
	is(text.bytes, "sysctl -w net/ipv4/conf/eth0.5/arp_announce=2",
		"a device with a dot is named with slashes");
	text_free(&text);
}

int main(void)
{
	test_wanted();
	test_unwanted();
	test_lines();
	free(wanted.items);
	free(seen.items);
	free(saves.items);
	return tap_done();
}
