/* SPDX-License-Identifier: MIT
 * Settings of the kernel, read and written below /proc/sys.
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include "net/sysctl.h"

/* /proc/sys: adds what the device has of each key; what is not there is left out. 0, or -1:
 * logged; what cannot be read is not taken for what is not there. */
int sysctl_read(const char *device, struct sysctls *out);
/* net.ipv4 or ipv6.conf.DEVICE.KEY, whatever the key; 0 if it is not there. */
int sysctl_value(int family, const char *device, const char *key);
/* 0, or -1: logged. A device that is gone needs nothing. */
int sysctl_write(const struct sysctl *sysctl);
/* What rp_filter is called loose by: 2, but 0 before 2.6.31, which knew on and off only. */
int sysctl_loose(void);

#endif
