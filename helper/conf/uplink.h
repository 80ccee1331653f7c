/* SPDX-License-Identifier: MIT
 * What the configuration comes to: uplinks, profiles, the host's defaults.
 *
 * Source: initscripts' ifup-eth and network-functions, EL5 to EL8.
 */
#ifndef CONF_UPLINK_H
#define CONF_UPLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/sources.h"
#include "net/rule.h"

/* RP_FILTER=: auto changes it only where the kernel would refuse what the rules allow. */
enum rp_filter { RP_FILTER_AUTO, RP_FILTER_STRICT, RP_FILTER_LOOSE, RP_FILTER_OFF, RP_FILTER_KEEP };

/* Nothing, unless two NICs share a network. */
enum { ARP_AUTO = -1 };

/* What tells watch that an uplink is dead, beside its carrier: the gateway's silence, that of
 * TRACK_IP=, or nothing. */
enum track { TRACK_GATEWAY, TRACK_REMOTES, TRACK_NO };

enum { TRACK_REMOTES_MAX = 8 };

/* The differences between releases of initscripts. */
struct release {
	bool inet6_by_default; /* without IPV6INIT: from EL7 on */
	bool inet6_by_network; /* only with NETWORKING_IPV6=yes: EL5 */
	bool reads_rule6;      /* from EL5.10 and initscripts 9.03.39 of EL6 on */
	bool numbered;	       /* IPADDR0, IPADDR1 …: from EL6 on */
	bool small_tables;     /* ip knows no table above 255: EL5 */
	bool third_alone;      /* IPADDR3 counts without IPADDR2: EL6 */
	bool host_by_default;  /* no netmask means 255.255.255.255, not the class: EL8 */
};

/* The way out that a file gives its device, in one family; a file may give two. */
struct uplink {
	const struct file *file; /* its ifcfg file, owned by the sources */
	struct profile *profile; /* of that file, owned by the configuration */
	device_name device;	 /* the real device: eth0 for eth0:1; "" if refused for its name */
	struct prefixes addresses; /* configured, each with the length of its network */
	struct prefix gateway;
	bool gateway_outside; /* of every prefix: reached by a link route */
	bool inet6;	      /* else IPv4 */
	bool advertised;      /* routers may add to it (advert_learn) */
	bool remembered;      /* from the block: nothing was heard of a router yet */
	bool remembered_gateway;
	size_t remembered_addresses; /* so many of the last */
	unsigned table;		     /* TABLE=, or 0: to be chosen */
	bool fallback;		     /* a standby of its own in table 253 */
	bool stands_in;		     /* so may be for a dead one, with a standby or without */
	enum rp_filter rp_filter;
	int arp_ignore, arp_announce; /* ARP_AUTO, or the value */
	enum track track;
	struct prefix remotes[TRACK_REMOTES_MAX]; /* of its family; family 0: no more */
	/* Nothing of it goes to files: a lease decides, or NetworkManager does, which no longer
	 * reads the device's route- file once there is a rule- file; or FILES=no. */
	bool kernel_only;
	bool leased;	      /* by DHCP */
	bool network_manager; /* controls the device */
	bool refused;	      /* what was there before stays as it is */
};

struct uplinks {
	struct uplink *items;
	size_t n, cap;
};

struct table_name {
	unsigned number;
	char *name;
};

struct table_names {
	struct table_name *items;
	size_t n, cap;
};

/* One ifcfg file that initscripts would find, whether or not it is an uplink. */
struct profile {
	const struct file *file;
	char device[64];	   /* DEVICE as initscripts sees it, with the alias suffix */
	char *title;		   /* NAME=, or NULL */
	char *hwaddr;		   /* HWADDR=, or NULL */
	device_name real;	   /* eth0 for eth0:1; "" if it is no name of a device */
	struct prefixes addresses; /* configured or leased, as far as they can be read */
	bool alias;		   /* of a device, not one itself */
	bool leased;		   /* by DHCP */
	bool port;		   /* of a bond, bridge or team: initscripts give it no address */
	bool onboot;		   /* but for ONBOOT=no */
	bool off;		   /* MULTIHOME=no, or the device is lo, a dummy or in a VRF */
	bool passed_over;	   /* another profile of the same device is in force */
	bool waiting;		   /* an alias, for an ifup of its own */
	/* Covers all that decides its uplinks: an edit that waits for an ifup changes it, one of
	 * comments and blanks does not. FNV-1a over the assignments of the file and of the aliases
	 * that it serves, and what they have from `network`, route-DEVICE and route6-DEVICE. */
	unsigned long long fingerprint;
};

struct profiles {
	struct profile *items;
	size_t n, cap;
};

/* MARK_MASK unless the file says another: beside the bits that Kubernetes and Docker use. */
enum { MARK_MASK = 0x3f000000 };

struct port_ranges {
	struct port_range *items;
	size_t n, cap;
};

struct config {
	bool enabled;		   /* MULTIHOME= of the host */
	bool default_is_elsewhere; /* GATEWAYDEV= names a device that comes later */
	unsigned table_first, table_last;
	unsigned rule_priority; /* of address rules; prefix rules are right behind it */
	bool fallback;
	bool files; /* blocks are written; else all is in the kernel only */
	enum rp_filter rp_filter;
	unsigned track_interval;       /* seconds between two rounds of watch */
	unsigned track_down, track_up; /* so many bad or good ones in a row */
	bool connmark;
	unsigned mark_mask;	   /* bits side by side */
	struct port_ranges udp_ports; /* of servers on the wildcard address */
	int connmark_line;	   /* 0: it is not in the file */
	struct uplinks uplinks;
	struct uplinks waiting; /* for a router to advertise an address or itself (advert_learn) */
	/* NICs that may hold a default without being uplinks of ours: with DHCP and no lease yet,
	 * or MULTIHOME=no. Not one that is neither up nor started at boot. */
	size_t others, others6;
	struct release release;
	struct addresses addresses; /* of all files, uplinks or not */
	/* Those of /etc/sysconfig/static-routes. `network start` adds them behind the last hook; device
	 * is "" unless named. */
	struct routes static_routes;
	struct table_names tables;
	struct profiles profiles;
};

#endif
