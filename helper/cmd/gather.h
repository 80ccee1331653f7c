/* SPDX-License-Identifier: MIT
 * The facts that explain goes by, from kernel, settings and configuration.
 */
#ifndef CMD_GATHER_H
#define CMD_GATHER_H

#include "cmd/cmd.h"
#include "judge/explain.h"

/* One run of explain. */
struct asker {
	struct host host;
	struct ground ground;
	struct prefix remote, local; /* local.family 0: that of each NIC */
	device_name zone;	     /* of a link-local remote, or local: the device after its % */
	bool unplanned;		     /* the configuration cannot be read, or is refused */
	bool pending;		     /* sync would change something */
};

/* The larger one of all's and the device's own, in IPv4. */
int kernel_setting_larger(const char *device, const char *key);

/* The kernel's answer to a packet that arrives by the device. */
struct answer ask_arrival(const struct asker *asker, const struct prefix *from,
	const struct prefix *to, const char *device);

/* Fills in the facts, a zeroed struct, of the asker's remote and one address of the host's, whose
 * link is there. The facts point to trace, which is filled in, too. Their items are to be freed. */
void facts_gather(const struct asker *asker, const struct address *address, struct trace *trace,
	struct facts *facts);

#endif
