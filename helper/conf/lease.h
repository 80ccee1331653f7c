/* SPDX-License-Identifier: MIT
 * DHCP leases: what a server gave a device, and until when.
 *
 * Source: dhclient.leases(5), dhclient-script(8). Pure: text in, structs and text out; the time
 * is passed in. What cannot be read is as if it were not there: a server or a crash wrote it,
 * and no administrator can mend it.
 */
#ifndef CONF_LEASE_H
#define CONF_LEASE_H

#include <limits.h>
#include <stdbool.h>

#include "conf/sources.h"

#define LEASE_NEVER LLONG_MAX

struct lease {
	device_name device;
	struct prefix address; /* with the length of its network; family 0: none */
	struct prefix router;  /* the first that can be one; family 0: none */
	long long expiry;      /* seconds since 1970; LEASE_NEVER */
};

/* The lease that dhclient holds for the device, as far as the files tell: what our hook was told
 * last (lease-DEVICE), unless a file of dhclient's was written after it and has a lease that ends
 * later, as where the hook is gone. Without the hook: the last lease of the file that was written
 * last, of those whose address the device has (seen, NULL: not known) if there is one. A file that
 * was written in the future has an unknown age and comes behind all others. False if there is no
 * lease, if it has expired by now, or if it lacks an address or its mask. */
bool lease_find(const struct files *files, const char *device, long long now,
	const struct addresses *seen, struct lease *out);
/* A file of the device's, by its name, that could not be read, and after which no other one of the
 * device's was written; or NULL. */
const struct file *lease_find_unread(const struct files *files, const char *device);

/* What dhclient tells its script in the environment; NULL: not told. */
struct lease_news {
	const char *reason, *device, *address, *mask, *routers, *expiry;
};

/* The lease, one without an address if it is gone. False if the news are of something else. */
bool lease_learn(const struct lease_news *news, struct lease *out);

/* As dhclient writes it. */
void lease_format(const struct lease *lease, struct text *out);

#endif
