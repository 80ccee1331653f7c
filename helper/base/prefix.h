/* SPDX-License-Identifier: MIT
 * IP prefixes and addresses, and the names of devices.
 */
#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

/* linux/if.h clashes with net/if.h on old systems, and all that is needed is this size
 * (include/uapi/linux/if.h): 15 characters and the NUL. */
#define DEVICE_SIZE 16
typedef char device_name[DEVICE_SIZE];

/* family 0: none. An address is a prefix; len is then the length of its network, or all bits. */
struct prefix {
	unsigned char family;	 /* AF_INET or AF_INET6 */
	unsigned char len;	 /* bits, 0 to 32 or 128 */
	unsigned char bytes[16]; /* network order; past the family's size: zero */
};

struct prefixes {
	struct prefix *items;
	size_t n, cap;
};

enum { PREFIX_TEXT = 64 };

int prefix_bits(int family);

/* Strict dotted quads or RFC 4291 text; ADDRESS alone has all bits. 0, or -1 if it is neither. */
int prefix_parse_address(const char *text, int family, struct prefix *out);
/* ADDRESS or ADDRESS/LENGTH, host bits kept; "default" is not taken. */
int prefix_parse(const char *text, int family, struct prefix *out);
/* 255.255.255.0 to 24; -1 for a mask with holes. */
int prefix_parse_netmask(const char *text);
/* The length that ipcalc --netmask gives an address without one (RFC 791 classes). */
int prefix_class_length(const struct prefix *address);

/* "10.0.0.0/8", a whole address without a length, len 0 as "default" (ip-route(8)'s words). */
const char *prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT]);
/* The address alone, whatever its length. */
const char *prefix_format_address(const struct prefix *prefix, char text[PREFIX_TEXT]);

/* An order of addresses, whatever their lengths: family, then bytes. */
int prefix_compare_address(const struct prefix *a, const struct prefix *b);
/* A total order: family, address, length. */
int prefix_compare(const struct prefix *a, const struct prefix *b);
/* Is the address (its length ignored) within net? */
bool prefix_contains(const struct prefix *net, const struct prefix *address);
bool prefix_same_address(const struct prefix *a, const struct prefix *b);
/* Is one of them that address, whatever the lengths? */
bool prefixes_have(const struct prefixes *list, const struct prefix *address);
/* Host bits cleared. */
struct prefix prefix_network(const struct prefix *prefix);
/* All bits. */
struct prefix prefix_host(const struct prefix *prefix);
/* Can it be a next hop: not zero, loopback, multicast or reserved (RFC 1122 3.2.1.3)? */
bool prefix_is_unicast(const struct prefix *address);
/* Why nobody else in the network of the host's address `own` can have the address: "the host's own
 * address", "its network's own address", "its network's broadcast address" (fib_add_ifaddr). NULL:
 * somebody can. */
const char *prefix_name_special(const struct prefix *own, const struct prefix *address);
/* The default, or a part of one by which a VPN takes all: halves, quarters, IPv6's 2000::/3 or
 * fc00::/7. */
bool prefix_is_default(const struct prefix *net);
/* fe80::/10 (RFC 4291 2.5.6), which means something on one device only. */
bool prefix_is_link_local(const struct prefix *address);

struct device_names {
	device_name *items;
	size_t n, cap;
};

/* By name, for base/array's indices; of structs that begin with a name as well. */
int devices_in_order(const void *a, const void *b);
/* Keeps the first of each, in their order. */
void device_names_drop_repeated(struct device_names *names);

/* Would the kernel (dev_valid_name) take the name, and do ifup-routes' word splitting and
 * globbing leave it whole? */
bool device_valid(const char *name);

/* The name must fit. */
void device_copy(device_name out, const char *name);

/* "eth0" of "eth0:1". -1 if the device's name is not one. */
int device_of_label(const char *label, device_name out);

#endif
