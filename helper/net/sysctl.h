/* SPDX-License-Identifier: MIT
 * The per-device settings of the kernel that the plan may want, and giving them back.
 *
 * Source: Documentation/networking/ip-sysctl of the kernel (rp_filter, arp_ignore,
 * arp_announce), net/ipv4/fib_frontend.c. Pure: sys/proc.h reads and writes.
 */
#ifndef NET_SYSCTL_H
#define NET_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/prefix.h"

enum sysctl_key {
	SYSCTL_RP_FILTER,
	SYSCTL_ARP_IGNORE,
	SYSCTL_ARP_ANNOUNCE,
	SYSCTL_ARP_FILTER,
	SYSCTL_KEYS
};

/* net.ipv4.conf.DEVICE.KEY = value */
struct sysctl {
	device_name device;
	enum sysctl_key key;
	int value;
};

struct sysctls {
	struct sysctl *items;
	size_t n, cap;
};

/* What a setting was before us, and what we made of it. */
struct saved {
	struct sysctl set;
	int old;
};

struct saves {
	struct saved *items;
	size_t n, cap;
};

/* An order: device, then key. Of struct saved, too, which begins with its setting. */
int sysctls_in_order(const void *a, const void *b);

/* "rp_filter" … */
const char *sysctl_name(enum sysctl_key key);

/* The reverse-path filter that a packet meets, by the values of "all" and of the device that it
 * arrives by: 0 off, 1 strict, 2 loose. From 2.6.31 on the greater of the two counts, and any other
 * number is loose; needs_both: before, it was on where both were (IN_DEV_RPFILTER). */
int rp_filter_combine(int all, int own, bool needs_both);

/* What is to be written so that seen becomes wanted, and what is to be remembered then. A value
 * of ours that is not wanted any more goes back to what it was before us, unless somebody else
 * has changed it since; a value that somebody else changed is what a wanted one goes back to
 * later. Settings of devices that stays() names are left, and stay remembered. */
struct sysctl_diff {
	struct sysctls writes;
	struct saves saves;
};
void sysctl_diff(const struct sysctls *wanted, const struct sysctls *seen,
	const struct saves *saves, bool (*stays)(const void *arg, const char *device),
	const void *arg, struct sysctl_diff *out);
void sysctl_diff_free(struct sysctl_diff *diff);

/* "sysctl -w net.ipv4.conf.eth0.rp_filter=2" */
void sysctl_format(const struct sysctl *sysctl, struct text *out);

/* A line of the record, "eth0 rp_filter 1 2": old value and ours. 0 or -1. */
void saved_format(const struct saved *saved, struct text *out);
int saved_parse(const char *line, struct saved *out);

void sysctl_add(const char *device, enum sysctl_key key, int value, struct sysctls *out);

#endif
