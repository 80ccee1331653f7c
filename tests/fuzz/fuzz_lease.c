/* SPDX-License-Identifier: MIT
 * Fuzzes leases: dhclient's files (several, with a NUL byte between them), and what it tells its
 * script, which is taken from the words of the same input.
 */
#include <sys/socket.h>

#include "base/array.h"
#include "fuzz.h"
#include "conf/lease.h"

static void add_file(const char *bytes, size_t len, struct files *files)
{
	struct file *file = array_add(files);

	file->name = mem_string("dhclient-eth0.leases");
	file->bytes = mem_copy(bytes, len);
	file->len = len;
}

static void split(const char *bytes, size_t len, struct files *files)
{
	const char *end = bytes + len, *next;

	for (; bytes < end; bytes = next + 1) {
		next = memchr(bytes, '\0', (size_t)(end - bytes));
		if (!next)
			next = end;
		add_file(bytes, (size_t)(next - bytes), files);
	}
}

static void check_lease(const struct lease *lease)
{
	require(device_valid(lease->device), "a lease is for a device");
	if (!lease->address.family) {
		require(!lease->router.family, "without an address there is no router");
		return;
	}
	require(lease->address.family == AF_INET && prefix_is_unicast(&lease->address),
		"a lease's address is a host's");
	require(lease->address.len >= 1 && lease->address.len <= 32, "it has its network's length");
	require(!lease->router.family || !prefix_same_address(&lease->router, &lease->address),
		"nobody is its own router");
}

static bool find(const struct files *files, const char *device, long long now, struct lease *out)
{
	struct leases leases = {0};
	bool found;

	leases_read(files, now, NULL, &leases);
	found = lease_find(&leases, device, out);
	leases_free(&leases);
	return found;
}

/* What is written down is found again. */
static void check_written(const struct lease *lease)
{
	struct files files = {0};
	struct text text = {0};
	struct lease found = {.device = ""};
	bool there;

	check_lease(lease);
	lease_format(lease, &text);
	add_file(text.bytes, text.n, &files);
	there = find(&files, lease->device, lease->expiry - 1, &found);
	require(there == !!lease->address.family, "a lease with an address is found again");
	if (there)
		require(!prefix_compare(&found.address, &lease->address) &&
				!prefix_compare(&found.router, &lease->router) &&
				found.expiry == lease->expiry,
			"what is found again is what was written");
	file_free(&files.items[0]);
	free(files.items);
	text_free(&text);
}

static void check_news(char *text)
{
	const char *words[6] = {NULL};
	struct lease_event news;
	struct lease lease;
	char *rest = NULL, *word = strtok_r(text, "\n", &rest);
	size_t n;

	for (n = 0; n < 6 && word; word = strtok_r(NULL, "\n", &rest))
		words[n++] = word;
	news.reason = words[0];
	news.device = words[1];
	news.address = words[2];
	news.mask = words[3];
	news.routers = words[4];
	news.expiry = words[5];
	if (lease_learn(&news, &lease) && lease.expiry > 0)
		check_written(&lease);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct files files = {0};
	struct lease lease;
	char *text;
	size_t i;

	split((const char *)bytes, len, &files);
	if (find(&files, "eth0", 1000000000, &lease)) {
		require(lease.expiry > 1000000000, "an expired lease is none");
		require(!strcmp(lease.device, "eth0"), "another device's lease is none");
		check_written(&lease);
	}
	text = mem_copy(bytes, len);
	check_news(text);
	free(text);
	for (i = 0; i < files.n; i++)
		file_free(&files.items[i]);
	free(files.items);
	return 0;
}
