/* SPDX-License-Identifier: MIT
 * Reads all that the configuration is made of.
 *
 * Source: initscripts' layout (/etc/sysconfig/network-scripts), EL5 to EL8.
 */
#ifndef SYS_SOURCES_H
#define SYS_SOURCES_H

#include "conf/sources.h"

/* root: "" or a folder that holds a copy of /etc (as root/etc, or itself). A file that cannot be
 * read is not taken for one that is not there: -1, logged, if the whole host needs it; else its
 * error says so. To be freed with sources_free in any case. */
int sources_read(const char *root, struct sources *sources);

/* Is the argument of ifup, "eth3" or "ifcfg-eth3", the file of a bond's slave or a bridge's port? Nothing
 * else is read. */
bool sources_has_port(const char *argument);

#endif
