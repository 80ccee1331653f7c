/* SPDX-License-Identifier: MIT
 * One ifcfg file's keys, with initscripts' meaning.
 */
#ifndef CONF_IFCFG_H
#define CONF_IFCFG_H

#include <stdbool.h>

#include "conf/shvar.h"
#include "conf/uplink.h"

/* Reads keys of one file; what is wrong is refused once a key, with its file and line. */
struct reader {
	const struct shvars *vars;
	const struct shvars *parent; /* of an alias: the file that lends it keys, else NULL */
	const struct release *release;
	const char *path; /* of the file that is read, for what has no line of its own */
	struct diags *diags;
	bool refused;
};

/* False, and refused, if values of the file end in the CR of CR LF: no ifup succeeds then. */
bool read_line_ends(struct reader *reader);
/* Notices of what initscripts, too, only complain about, unless something was refused for it. */
void read_notices(const struct shvars *vars, const char *path, struct diags *diags);

/* The value without surrounding blanks (initscripts expands it unquoted), in text; NULL if it
 * is unset, empty, or only a shell could know it (refused). */
const char *read_value(struct reader *reader, const char *key, char text[256]);
/* yes, no (as is_true and is_false have them), or the default if unset; anything else: refused. */
bool read_switch(struct reader *reader, const char *key, bool unset);
/* A number from min to max, or the default if unset; anything else: refused. */
unsigned read_number(
	struct reader *reader, const char *key, unsigned unset, unsigned min, unsigned max);
/* RP_FILTER=, or the default if unset. */
enum rp_filter read_rp_filter(struct reader *reader, enum rp_filter unset);
/* ARP_IGNORE= or ARP_ANNOUNCE=, ARP_AUTO if unset or auto. */
int read_arp(struct reader *reader, const char *key, unsigned max);
/* TRACK= and TRACK_IP=, those of the uplink's family; its addresses are known. */
void read_track(struct reader *reader, struct uplink *uplink);
/* TABLE=: number or name, 0 if unset. */
unsigned read_table(struct reader *reader, const struct table_names *names);
/* IPADDR, IPADDR0, IPADDR1 … with PREFIXn or NETMASKn, or IPADDR_START to IPADDR_END of a range
 * file, as ifup-aliases counts them; a parent lends length or mask. */
void read_addresses(struct reader *reader, struct prefixes *out);
/* GATEWAY: family 0 if there is none. */
struct prefix read_gateway(struct reader *reader);
/* Does ifup-ipv6 set up IPv6 for this file, and does it let routers' advertisements in? */
bool inet6_enabled(const struct reader *reader);
bool inet6_is_advertised(const struct shvars *vars);
/* IPV6ADDR and IPV6ADDR_SECONDARIES but for link-local ones, with 64 bits unless they say more. */
void read_addresses6(struct reader *reader, struct prefixes *out);
/* IPV6_DEFAULTGW with its %DEVICE or IPV6_DEFAULTDEV: family 0 if it is none, or another
 * device's. named: a device is given. */
struct prefix read_gateway6(struct reader *reader, const char *device, bool *named);
/* The line that a message on the key is about. */
int reader_line(const struct reader *reader, const char *key);
void reader_refuse(struct reader *reader, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool switch_is_true(const char *value);
bool switch_is_false(const char *value);

/* A bond's slave, a bridge's or a team's port, which gets no address: ifup-eth ends before that. */
bool ifcfg_is_port(const struct shvars *vars);

#endif
