/* SPDX-License-Identifier: MIT
 * IP prefixes and addresses, and the names of devices.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/prefix.h"

int prefix_bits(int family)
{
	return family == AF_INET6 ? 128 : 32;
}

int prefix_parse_address(const char *text, int family, struct prefix *out)
{
	struct prefix prefix = {0};

	prefix.family = (unsigned char)family;
	prefix.len = (unsigned char)prefix_bits(family);
	if (inet_pton(family, text, prefix.bytes) != 1)
		return -1;
	*out = prefix;
	return 0;
}

int prefix_parse(const char *text, int family, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	char address[PREFIX_TEXT];
	char *end;
	long len;

	if (!slash)
		return prefix_parse_address(text, family, out);
	if ((size_t)(slash - text) >= sizeof(address) || slash[1] < '0' || slash[1] > '9')
		return -1;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	len = strtol(slash + 1, &end, 10);
	if (*end || len > prefix_bits(family) || prefix_parse_address(address, family, out))
		return -1;
	out->len = (unsigned char)len;
	return 0;
}

int prefix_parse_netmask(const char *text)
{
	struct prefix mask;
	uint32_t bits;
	int len = 0;

	if (prefix_parse_address(text, AF_INET, &mask))
		return -1;
	bits = (uint32_t)mask.bytes[0] << 24 | (uint32_t)mask.bytes[1] << 16 |
		(uint32_t)mask.bytes[2] << 8 | mask.bytes[3];
	while (len < 32 && bits & 0x80000000u >> len)
		len++;
	return len < 32 && bits & 0xffffffffu >> len ? -1 : len;
}

int prefix_class_length(const struct prefix *address)
{
	if (address->bytes[0] < 128)
		return 8;
	return address->bytes[0] < 192 ? 16 : 24;
}

static char *format_number(unsigned number, char *text)
{
	if (number >= 100)
		*text++ = (char)('0' + number / 100);
	if (number >= 10)
		*text++ = (char)('0' + number / 10 % 10);
	*text++ = (char)('0' + number % 10);
	return text;
}

/* glibc's inet_ntop(3) does it by sprintf(3), which was most of the time that a record of
 * thousands of rules took. */
static void format_inet(const struct prefix *prefix, char *text)
{
	int i;

	for (i = 0; i < 4; i++) {
		text = format_number(prefix->bytes[i], text);
		*text++ = i < 3 ? '.' : '\0';
	}
}

const char *prefix_format_address(const struct prefix *prefix, char text[PREFIX_TEXT])
{
	if (prefix->family == AF_INET)
		format_inet(prefix, text);
	else if (!prefix->family || !inet_ntop(prefix->family, prefix->bytes, text, PREFIX_TEXT))
		strcpy(text, "none");
	return text;
}

const char *prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT])
{
	size_t n;

	if (prefix->family && !prefix->len)
		return strcpy(text, "default");
	prefix_format_address(prefix, text);
	n = strlen(text);
	if (prefix->family && prefix->len != prefix_bits(prefix->family)) {
		text[n] = '/';
		*format_number(prefix->len, text + n + 1) = '\0';
	}
	return text;
}

/* Half an address as a number: two comparisons do what memcmp(3) takes a call for, and a host
 * with thousands of rules compares a hundred thousand times. */
static inline uint64_t half(const unsigned char *bytes)
{
	return (uint64_t)bytes[0] << 56 | (uint64_t)bytes[1] << 48 | (uint64_t)bytes[2] << 40 |
		(uint64_t)bytes[3] << 32 | (uint64_t)bytes[4] << 24 | (uint64_t)bytes[5] << 16 |
		(uint64_t)bytes[6] << 8 | bytes[7];
}

int prefix_compare_address(const struct prefix *a, const struct prefix *b)
{
	uint64_t x = half(a->bytes), y = half(b->bytes);

	if (a->family != b->family)
		return a->family - b->family;
	if (x == y) {
		x = half(a->bytes + 8);
		y = half(b->bytes + 8);
	}
	return (x > y) - (x < y);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = prefix_compare_address(a, b);

	return order ? order : a->len - b->len;
}

struct prefix prefix_network(const struct prefix *prefix)
{
	size_t whole = prefix->len / 8u, part = prefix->len % 8u;
	struct prefix net = *prefix;

	if (part)
		net.bytes[whole++] &= (unsigned char)(0xff00 >> part);
	memset(net.bytes + whole, 0, sizeof(net.bytes) - whole);
	return net;
}

struct prefix prefix_host(const struct prefix *prefix)
{
	struct prefix host = *prefix;

	host.len = (unsigned char)prefix_bits(host.family);
	return host;
}

bool prefix_contains(const struct prefix *net, const struct prefix *address)
{
	size_t whole = net->len / 8u, part = net->len % 8u;

	if (net->family != address->family || memcmp(net->bytes, address->bytes, whole))
		return false;
	return !part || !((net->bytes[whole] ^ address->bytes[whole]) >> (8 - part));
}

bool prefix_same_address(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool prefixes_have(const struct prefixes *list, const struct prefix *address)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (prefix_same_address(&list->items[i], address))
			return true;
	return false;
}

bool prefix_is_unicast(const struct prefix *address)
{
	static const unsigned char zero[16], loopback[16] = {[15] = 1};

	if (address->family == AF_INET)
		return address->bytes[0] && address->bytes[0] != 127 && address->bytes[0] < 224;
	return memcmp(address->bytes, zero, sizeof(zero)) &&
		memcmp(address->bytes, loopback, sizeof(loopback)) && address->bytes[0] != 0xff;
}

const char *prefix_name_special(const struct prefix *own, const struct prefix *address)
{
	struct prefix first = prefix_network(own), last = first;
	int bit;

	if (prefix_same_address(own, address))
		return "the host's own address";
	if (own->family != AF_INET || own->len >= 31)
		return NULL;
	if (prefix_same_address(&first, address))
		return "its network's own address";
	for (bit = own->len; bit < 32; bit++)
		last.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	return prefix_same_address(&last, address) ? "its network's broadcast address" : NULL;
}

bool prefix_is_default(const struct prefix *net)
{
	return net->len <= (net->family == AF_INET ? 3 : 7);
}

bool prefix_is_link_local(const struct prefix *address)
{
	return address->family == AF_INET6 && address->bytes[0] == 0xfe &&
		(address->bytes[1] & 0xc0) == 0x80;
}

int devices_in_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

void device_names_drop_repeated(struct device_names *names)
{
	struct index unused = {0};

	array_drop_repeated(names, devices_in_order, &unused);
	free(unused.items);
}

bool device_valid(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-+@";
	size_t len = 0;

	/* Not by strspn(3), which makes a table of the letters first. */
	while (name[len] && strchr(letters, name[len]))
		len++;
	/* A leading dash would be an option to ip. */
	return len && len < DEVICE_SIZE && !name[len] && name[0] != '-' && strcmp(name, ".") &&
		strcmp(name, "..");
}

void device_copy(device_name out, const char *name)
{
	memcpy(out, name, strlen(name) + 1);
}

int device_of_label(const char *label, device_name out)
{
	size_t len = strcspn(label, ":");
	char name[DEVICE_SIZE];

	if (len >= sizeof(name))
		return -1;
	memcpy(name, label, len);
	name[len] = '\0';
	if (!device_valid(name))
		return -1;
	memcpy(out, name, sizeof(name));
	return 0;
}
