/* SPDX-License-Identifier: MIT
 * What a one-shot run tells the resident that started it, by a pipe: whom to ask for, and what it
 * put back. Both are one program, so a struct is all there is to it.
 */
#ifndef WATCH_REPORT_H
#define WATCH_REPORT_H

#include "conf/uplink.h"
#include "watch/opponents.h"
#include "watch/vital.h"

/* An uplink that is up. */
struct target {
	device_name device;
	int index; /* the device's */
	struct prefix gateway, source;
	enum track track;
	struct prefix remotes[TRACK_REMOTES_MAX];
	bool running; /* it has a carrier */
	bool silent;  /* it asks nobody for a MAC address, so that a gateway cannot be asked for */
	bool inet6;
	bool has_default; /* main's leads by it, and is not of our making */
	bool held; /* an edit waits, or is refused: what was known of the device's uplinks stays */
};

enum report_kind { REPORT_TIMES, REPORT_TARGET, REPORT_CHANGE, REPORT_DONE };

struct report {
	enum report_kind kind;
	unsigned interval; /* seconds between rounds */
	struct pulse_rules rules;
	struct target target;
	unsigned long long key; /* of what was put back, or taken away */
	bool deleted;
	device_name device;
	char words[OPPONENT_WORDS];
};

/* Once, in the child: the rest of its life. Leaves alone what is the opponents'. Its exit status is
 * the child's. */
typedef int watch_run(int pipe, const struct opponents *opponents, unsigned long long now);

/* pipe -1: nobody wants to know. */
void report_send(int pipe, const struct report *report);

#endif
