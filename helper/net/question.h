/* SPDX-License-Identifier: MIT
 * A packet, and what the kernel says becomes of it (RTM_GETROUTE).
 *
 * Source: inet_rtm_getroute (net/ipv4/route.c), inet6_rtm_getroute (net/ipv6/route.c), 2.6.18 to
 * 6.x.
 */
#ifndef NET_QUESTION_H
#define NET_QUESTION_H

#include "base/prefix.h"

/* One packet. */
struct question {
	struct prefix to;
	struct prefix from; /* family 0: the kernel is to choose */
	device_name iif;    /* the device by which it arrives; "": the host sends it */
	device_name oif;    /* the one that its sender is bound to, as fe80::1%eth0 is; "": none */
	unsigned char tos;
};

struct answer {
	/* 0, or the kernel's errno. EXDEV (EINVAL on 2.6.32 and from 6.13 on): the source is
	 * refused by the reverse-path filter; EINVAL: as a martian, or by a blackhole;
	 * EHOSTUNREACH: an unreachable route, or the target is not the host's and it does not
	 * forward; ENETUNREACH: no route, or an unreachable rule; EACCES: prohibit. */
	int error;
	unsigned char type;    /* RTN_UNICAST, RTN_LOCAL … */
	unsigned table;	       /* 0: not said (old kernels say main whatever it is) */
	device_name device;    /* by which it leaves */
	struct prefix gateway; /* family 0: on-link */
	struct prefix source;  /* family 0: not said */
};

#endif
