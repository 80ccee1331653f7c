/* SPDX-License-Identifier: MIT
 * Settings of the kernel: what to write, what to remember.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/sysctl.h"

static const char *const names[SYSCTL_KEYS] = {
	"rp_filter", "arp_ignore", "arp_announce", "arp_filter"};

int sysctls_in_order(const void *a, const void *b)
{
	const struct sysctl *x = a, *y = b;
	int order = strcmp(x->device, y->device);

	return order ? order : (int)x->key - (int)y->key;
}

const char *sysctl_name(enum sysctl_key key)
{
	return names[key];
}

void sysctl_add(const char *device, enum sysctl_key key, int value, struct sysctls *out)
{
	struct sysctl *added = array_add(out);

	memcpy(added->device, device, strlen(device));
	added->key = key;
	added->value = value;
}

int rp_filter_combine(int all, int own, bool needs_both)
{
	int larger = own > all ? own : all;

	if (needs_both)
		return all && own;
	return larger && larger != 1 ? 2 : larger;
}

static void want(const struct sysctl *wanted, const struct index *seen, const struct index *saves,
	struct sysctl_diff *out)
{
	const struct sysctl *now = index_find(seen, wanted);
	const struct saved *before = index_find(saves, wanted);
	struct saved *saved;

	if (!now || (!before && now->value == wanted->value))
		return;
	saved = array_add(&out->saves);
	saved->set = *wanted;
	/* Somebody else's value since then is the one to give back. */
	saved->old = before && (now->value == before->set.value || now->value == wanted->value)
		? before->old
		: now->value;
	if (now->value != wanted->value)
		*array_add(&out->writes) = *wanted;
}

static void give_back(const struct saved *saved, const struct index *seen, struct sysctl_diff *out)
{
	const struct sysctl *now = index_find(seen, &saved->set);
	struct sysctl *write;

	if (!now || now->value != saved->set.value || now->value == saved->old)
		return;
	write = array_add(&out->writes);
	*write = saved->set;
	write->value = saved->old;
}

void sysctl_diff(const struct sysctls *wanted, const struct sysctls *seen,
	const struct saves *saves, bool (*stays)(const void *arg, const char *device),
	const void *arg, struct sysctl_diff *out)
{
	struct index all_wanted = {0}, all_seen = {0}, all_saves = {0};
	const struct saved *saved;
	size_t i;

	index_build(wanted, sysctls_in_order, &all_wanted);
	index_build(seen, sysctls_in_order, &all_seen);
	index_build(saves, sysctls_in_order, &all_saves);
	for (i = 0; i < wanted->n; i++)
		want(&wanted->items[i], &all_seen, &all_saves, out);
	for (i = 0; i < saves->n; i++) {
		saved = &saves->items[i];
		if (index_find(&all_wanted, &saved->set))
			continue;
		if (stays(arg, saved->set.device))
			*array_add(&out->saves) = *saved;
		else
			give_back(saved, &all_seen, out);
	}
	free(all_wanted.items);
	free(all_seen.items);
	free(all_saves.items);
}

void sysctl_diff_free(struct sysctl_diff *diff)
{
	free(diff->writes.items);
	free(diff->saves.items);
	memset(diff, 0, sizeof(*diff));
}

void sysctl_format(const struct sysctl *sysctl, struct text *out)
{
	/* In eth0.5 the dot is the device's own. */
	const char *between = strchr(sysctl->device, '.') ? "/" : ".";

	text_format(out, "sysctl -w net%sipv4%sconf%s%s%s%s=%d", between, between, between,
		sysctl->device, between, sysctl_name(sysctl->key), sysctl->value);
}

void saved_format(const struct saved *saved, struct text *out)
{
	text_format(out, "%s %s %d %d\n", saved->set.device, sysctl_name(saved->set.key),
		saved->old, saved->set.value);
}

int saved_parse(const char *line, struct saved *out)
{
	struct saved saved;
	char device[DEVICE_SIZE], name[16], rest;
	int key;

	if (sscanf(line, "%15s %15s %d %d%c", device, name, &saved.old, &saved.set.value, &rest) !=
			4 ||
		!device_valid(device))
		return -1;
	for (key = 0; key < SYSCTL_KEYS && strcmp(names[key], name); key++)
		;
	if (key == SYSCTL_KEYS)
		return -1;
	memset(saved.set.device, 0, sizeof(saved.set.device));
	memcpy(saved.set.device, device, strlen(device));
	saved.set.key = (enum sysctl_key)key;
	*out = saved;
	return 0;
}
