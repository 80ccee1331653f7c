/* SPDX-License-Identifier: MIT
 * What check found: a fault of an address, of files, of the kernel or of the host, and its cure.
 *
 * Pure: structs in, text out.
 */
#ifndef JUDGE_FINDINGS_H
#define JUDGE_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/prefix.h"

enum finding_kind {
	FINDING_REFUSED,
	FINDING_CARRIER,
	FINDING_DROPPED,
	FINDING_NO_WAY_BACK,
	FINDING_WRONG_NIC,
	FINDING_WRONG_GATEWAY,
	FINDING_OFFLINE,
	FINDING_EDITED,
	FINDING_EMPTY_TABLE,
	FINDING_NO_DEFAULT,
	FINDING_TWO_DEFAULTS,
	FINDING_DUPLICATE_RULE,
	FINDING_STALE_RULE,
	FINDING_TABLE_SHARED,
	FINDING_FILES,
	FINDING_KERNEL,
	FINDING_SETTING,
	FINDING_SYSCTL_CONF,
	FINDING_ROUTE_LOST,
	FINDING_ARP,
	FINDING_NEIGHBOUR,
	FINDING_DEAD,
	FINDING_LEFT,
	FINDING_HOOK,
	FINDING_DHCP_HOOK,
	FINDING_NETWORK_MANAGER,
	FINDING_KEY,
	FINDING_NO_GATEWAY,
	FINDING_DOWN,
	FINDING_WAITS,
	FINDING_UNCONFIRMED,
	FINDING_CHAINS,
	FINDING_PUBLISHED,
	FINDING_FIREWALL,
	FINDING_DEPENDS,
	FINDING_VRF,
	FINDING_NOTICE,
	FINDING_KINDS
};

struct finding {
	bool wrong; /* else a note: worth to be known, and nothing that check fails for */
	enum finding_kind kind;
	device_name device;    /* "": it is about the host */
	struct prefix address; /* family 0: it is about none */
	size_t more;	       /* further addresses of which the same is true */
	char *what;	       /* continues the kind's subject, if there is an address */
	char *cure;	       /* see cures.h; "" if there is none */
	size_t next, before;   /* private: the one before it in its bucket, and in its device's, plus 1 */
};

enum { FINDING_BUCKETS = 1024 };

struct findings {
	struct finding *items;
	size_t n, cap;
	size_t buckets[FINDING_BUCKETS]; /* private: the last one of each, plus 1 */
	size_t devices[FINDING_BUCKETS];
};

/* A contract, like the exit status. */
const char *finding_name(enum finding_kind kind);

/* Takes what and cure over (mem_format). What is true of another address already is counted
 * there, and nothing is said twice. device may be "". */
void finding_add(struct findings *findings, struct finding found, const char *device, char *what,
	char *cure);
size_t findings_count(const struct findings *findings, bool wrong);
/* The device's latest one, or the one before that; NULL: none is left. */
const struct finding *findings_of(
	const struct findings *findings, const char *device, const struct finding *that);
void findings_free(struct findings *findings);

/* The sentence without the device. */
void finding_format_what(const struct finding *finding, struct text *out);
/* "DEVICE: what" in lines of so many columns, and the cure on one of its own. */
void finding_format(const struct finding *finding, size_t columns, struct text *out);
/* A line: STATUS KIND DEVICE ADDRESS WHAT CURE, with tabs between and "-" for nothing; no field has a tab
 * or another control character. */
void finding_format_record(const struct finding *finding, struct text *out);

#endif
