/* SPDX-License-Identifier: MIT
 * DHCP leases: what a server gave a device, and until when.
 *
 * Source: dhclient.leases(5), dhclient-script(8). Pure: text in, structs and text out; the time
 * is passed in. Unreadable parts are ignored: a server or a crash wrote them, and no administrator
 * can mend them.
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

/* A lease of a file, and what tells whether dhclient holds it. */
struct held_lease {
	struct lease lease;
	const struct file *file;
	bool told;	   /* by our hook: lease-DEVICE */
	bool there;	   /* the device has its address, or that is not known */
	long long changed; /* when the file was; 0: in the future, so its age is not known */
};

/* All leases of all files. */
struct leases {
	struct held_lease *items;
	size_t n, cap;
	struct index by_device;
	const struct files *files;
	long long now;
};

/* seen: the kernel's addresses by device (addresses_by_device_first); NULL: not known. files and
 * seen must outlive out, which is zeroed. */
void leases_read(
	const struct files *files, long long now, const struct index *seen, struct leases *out);
void leases_free(struct leases *leases);

/* The lease that dhclient holds for the device, as far as the files tell: what our hook was told
 * last, unless a file of dhclient's was written after it and has a lease that ends later, as where
 * the hook is gone. Without the hook: the last lease of the file that was written last, of those
 * whose address the device has if there is one. A file that was written in the future comes behind
 * all others. False if there is no lease, if it has expired, or if it lacks an address or its
 * mask. */
bool lease_find(const struct leases *leases, const char *device, struct lease *out);
/* A file of the device's, by its name, that could not be read, and after which no other one of the
 * device's was written; or NULL. */
const struct file *lease_find_unread(const struct leases *leases, const char *device);

/* The environment that dhclient gives its script; NULL: not given. */
struct lease_event {
	const char *reason, *device, *address, *mask, *routers, *expiry;
};

/* Gives the lease, without an address if it is gone. False for events of other kinds. */
bool lease_learn(const struct lease_event *event, struct lease *out);

/* Writes it as dhclient does. */
void lease_format(const struct lease *lease, struct text *out);

#endif
