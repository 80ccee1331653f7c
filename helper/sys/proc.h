/* SPDX-License-Identifier: MIT
 * The kernel's version, and its settings below /proc/sys.
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include "judge/facts.h"
#include "net/sysctl.h"

bool kernel_older_than(unsigned major, unsigned minor, unsigned patch);

/* Adds what the device has of each key; what is not there is left out. 0, or -1: logged; what
 * cannot be read is not taken for what is not there. */
int sysctl_read(const char *device, struct sysctls *out);
/* net.ipv4 or ipv6.conf.DEVICE.KEY, whatever the key; 0 if it is not there. */
int sysctl_value(int family, const char *device, const char *key);
/* 0, or -1: logged. A device that is gone needs nothing. */
int sysctl_write(const struct sysctl *sysctl);
/* Before 2.6.31: rp_filter is on or off, and on where all's and the device's are. */
bool rp_filter_needs_both(void);
/* What rp_filter is called loose by: 2, or 0 where there is on and off only. */
int sysctl_loose(void);

/* Kernels before 3.6 keep a cache of routes that a change of rules leaves as it was
 * (2.6.18). Nothing to do on others; never an error. */
void kernel_flush_cache(void);

/* Ports of UDP with a server on the wildcard address; IPv6's may serve IPv4, too. Not DHCP's. Sorted. */
void proc_read_wildcards(bool inet6, struct ports *out);

/* Is an ifup or an ifdown at work, or the network service, in our network namespace? */
bool proc_has_ifup(void);

#endif
