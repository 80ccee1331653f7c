/* SPDX-License-Identifier: MIT
 * DHCP leases: dhclient's files, hostile ones too, and what it tells its script.
 */
#include <sys/socket.h>

#include "conf/lease.h"
#include "tap.h"

#define OPEN "lease {\n  interface \"eth0\";\n  fixed-address 192.168.2.99;\n"
#define MASK "  option subnet-mask 255.255.255.0;\n"
#define ROUTER "  option routers 192.168.2.1;\n"

/* 2023-11-14 22:13:20 */
enum { NOW = 1700000000 };

/* "192.168.2.99/24 192.168.2.1 never": what is found of eth0, or "none". */
static const char *describe(const struct lease *lease)
{
	static char out[200];
	char address[PREFIX_TEXT], router[PREFIX_TEXT], expiry[32] = "never";

	if (lease->expiry != LEASE_NEVER)
		snprintf(expiry, sizeof(expiry), "%lld", lease->expiry - NOW);
	snprintf(out, sizeof(out), "%s/%d %s %s",
		lease->address.family ? prefix_format_address(&lease->address, address) : "-",
		lease->address.len,
		lease->router.family ? prefix_format_address(&lease->router, router) : "-", expiry);
	return out;
}

static bool find(const struct files *files, const struct addresses *seen, struct lease *out)
{
	struct leases leases = {.n = 0};
	struct index index = {.n = 0};
	bool found;

	if (seen)
		index_build(seen, addresses_by_device_first, &index);
	leases_read(files, NOW, seen ? &index : NULL, &leases);
	found = lease_find(&leases, "eth0", out);
	leases_free(&leases);
	free(index.items);
	return found;
}

static const char *found_in(const char *first, const char *second, size_t len)
{
	char *bytes = mem_copy(second, len), *old = mem_string(first);
	char name[] = "dhclient-eth0.leases";
	struct file files[] = {{.name = name, .bytes = old, .len = strlen(old)}, {.name = name},
		{.name = name, .bytes = bytes, .len = len}};
	struct files all = {files, 3, 3};
	struct lease lease;
	bool found = find(&all, NULL, &lease);

	free(bytes);
	free(old);
	return found ? describe(&lease) : "none";
}

static const char *found(const char *text)
{
	return found_in("", text, strlen(text));
}

static void test_files(void)
{
	is(found("default-duid \"\\000\\001;}\";\n" OPEN "  filename \"a}b;c\\\"}\";\n" MASK
		 "  option routers 192.168.2.1,192.168.2.2;\n  option host-name \"lease {\";\n"
		 "  renew 2 2023/11/14 23:13:20;\n  expire 3 2023/11/15 22:13:20;\n}\n"),
		"192.168.2.99/24 192.168.2.1 86400", "a lease as dhclient writes it");
	is(found(OPEN MASK ROUTER "  expire epoch 1700000060; # Tue Nov 14\n}\n"),
		"192.168.2.99/24 192.168.2.1 60", "db-time-format local, with its comment");
	is(found(OPEN MASK ROUTER "expire never;}"), "192.168.2.99/24 192.168.2.1 never",
		"a lease for ever");
	is(found(OPEN MASK ROUTER "}\n"), "192.168.2.99/24 192.168.2.1 never",
		"no word of an expiry: for ever");
	is(found(OPEN MASK "}\n"), "192.168.2.99/24 - never", "no router");
	is(found(OPEN ROUTER "}\n"), "none", "no netmask: no lease");
	is(found("lease { interface \"eth0\";" MASK ROUTER "}"), "none", "no address: no lease");
	is(found(OPEN MASK "expire epoch 1700000000;}"), "none", "expired this second");
	is(found(OPEN MASK "expire epoch 1700000001;}"), "192.168.2.99/24 - 1",
		"not expired until the next");
	is(found("lease { interface \"eth1\"; fixed-address 1.2.3.4;" MASK "}"), "none",
		"another device's");
	is(found(OPEN MASK "}" OPEN "fixed-address 192.168.2.50;" MASK "}"
			   "lease { interface \"eth1\"; fixed-address 1.2.3.4;" MASK "}"),
		"192.168.2.50/24 - never", "the device's last lease counts");
	is(found(OPEN MASK "}" OPEN MASK "expire epoch 1;}"), "none",
		"its last lease counts even if it has expired");
	is(found_in(OPEN MASK "}", OPEN MASK ROUTER "}", sizeof(OPEN MASK ROUTER)),
		"192.168.2.99/24 192.168.2.1 never", "the last file counts");
	is(found_in(OPEN MASK "}", "# nothing\n", 10), "192.168.2.99/24 - never",
		"a file without a lease counts for nothing");
	is(found_in(OPEN MASK "}", "lease { interface \"eth0\"; expire epoch 0; }", 43), "none",
		"a lease that is lost takes away the one before");
}

static void test_damage(void)
{
	static const char whole[] = OPEN MASK ROUTER "  expire 3 2023/11/15 22:13:20;\n}\n";
	char bytes[1024];
	unsigned seed = 1;
	size_t i, k, good = 0;

	for (i = 0; i < sizeof(whole) - 2; i++)
		good += !strcmp(found_in("", whole, i), "none");
	ok(good == i, "a lease that is cut off before its brace is none");
	for (i = 0, good = 0; i < sizeof(whole) - 2; i++) {
		snprintf(bytes, sizeof(bytes), "%.*s\n%s", (int)i, whole, whole);
		good += !strcmp(found(bytes), "192.168.2.99/24 192.168.2.1 86400");
	}
	ok(good == i, "one that was cut off anywhere does not spoil the next");
	is(found(OPEN MASK "option x \"never closed;\n" ROUTER "expire never;}"),
		"192.168.2.99/24 - never",
		"a string that is not closed takes no more than the next");
	is(found("}}}" OPEN "vendor { fixed-address 9.9.9.9; }" MASK "}"),
		"192.168.2.99/24 - never", "braces that mean nothing to us");
	is(found_in("", OPEN "\0\0\0" MASK "}", sizeof(OPEN "\0\0\0" MASK "}") - 1),
		"192.168.2.99/24 - never", "NUL bytes are blanks");
	is(found("lease { interface \"../../etc/x\"; fixed-address 1.2.3.4;" MASK "}"), "none",
		"a device that is no name");
	for (i = 0; i < 20000; i++) {
		memcpy(bytes, whole, sizeof(whole));
		for (k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			bytes[(seed >> 8) % (sizeof(whole) - 1)] = (char)(seed >> 20);
		}
		found_in(whole, bytes, sizeof(whole) - 1);
	}
	ok(true, "20000 damaged files are read to their end");
}

static void test_values(void)
{
	is(found(OPEN "fixed-address 300.1.1.1;fixed-address example.com;" MASK "}"),
		"192.168.2.99/24 - never", "addresses that are none");
	is(found("lease { interface \"eth0\"; fixed-address 127.0.0.1;" MASK "}"), "none",
		"an address that no NIC has");
	is(found(OPEN "option subnet-mask 255.0.255.0;}"), "none", "a netmask with holes");
	is(found(OPEN "option subnet-mask 0.0.0.0;}"), "none", "a netmask of nothing");
	is(found(OPEN MASK "option routers 0.0.0.0, 255.255.255.255, 224.0.0.1, 192.168.2.99, "
			   "192.168.2.255, 192.168.2.7;}"),
		"192.168.2.99/24 192.168.2.7 never", "the first router that can be one");
	is(found(OPEN "option subnet-mask 255.255.255.255;option routers 10.0.0.1;}"),
		"192.168.2.99/32 10.0.0.1 never", "a router outside of the network");
	is(found(OPEN MASK "option routers 1,2,3,4,5,6,7,8,9,10,11,192.168.2.1,x;}"),
		"192.168.2.99/24 - never", "more routers than anybody has");
	is(found(OPEN MASK "expire 9 9999/99/99 99:99:99;}") != NULL ? "read" : "", "read",
		"a date that no calendar has");
	is(found(OPEN MASK "expire epoch 99999999999999999999999;}"), "192.168.2.99/24 - never",
		"a time without end");
	is(found(OPEN MASK "expire soon;}"), "192.168.2.99/24 - never", "an expiry that is none");
}

static const char *learnt(const char *reason, const char *device, const char *address,
	const char *mask, const char *routers, const char *expiry)
{
	struct lease_event news = {reason, device, address, mask, routers, expiry};
	struct lease lease;

	return lease_learn(&news, &lease) ? describe(&lease) : "nothing";
}

static void test_news(void)
{
	static const char *const got[] = {"BOUND", "RENEW", "REBIND", "REBOOT", "TIMEOUT"};
	static const char *const lost[] = {"EXPIRE", "FAIL", "RELEASE", "STOP"};
	static const char *const other[] = {"PREINIT", "MEDIUM", "ARPCHECK", "BOUND6", "STOP6", ""};
	size_t i;

	for (i = 0; i < sizeof(got) / sizeof(*got); i++)
		is(learnt(got[i], "eth0", "10.0.0.5", "255.0.0.0", "10.0.0.1 10.0.0.2",
			   "1700000060"),
			"10.0.0.5/8 10.0.0.1 60", got[i]);
	for (i = 0; i < sizeof(lost) / sizeof(*lost); i++)
		is(learnt(lost[i], "eth0", "10.0.0.5", "255.0.0.0", "10.0.0.1", "1700000060"),
			"-/0 - -1700000000", lost[i]);
	for (i = 0; i < sizeof(other) / sizeof(*other); i++)
		is(learnt(other[i], "eth0", "10.0.0.5", "255.0.0.0", "10.0.0.1", "1"), "nothing",
			other[i]);
	is(learnt(NULL, "eth0", NULL, NULL, NULL, NULL), "nothing", "nobody said why");
	is(learnt("STOP", NULL, NULL, NULL, NULL, NULL), "nothing", "nobody said of which device");
	is(learnt("STOP", "../eth0", NULL, NULL, NULL, NULL), "nothing", "a device that is none");
	is(learnt("BOUND", "eth0", NULL, NULL, NULL, NULL), "-/0 - never", "and nothing else");
	is(learnt("BOUND", "eth0", "10.0.0.5; }", "255.0.0.0", "10.0.0.1; fixed-address 1.1.1.1;",
		   "x"),
		"-/0 - never", "values with more in them");
}

static void test_format(void)
{
	struct lease_event news = {
		"BOUND", "eth0", "10.0.0.5", "255.255.128.0", "10.0.0.1", "1700000060"};
	struct text text = {0};
	struct lease lease;

	ok(lease_learn(&news, &lease), "learn");
	lease_format(&lease, &text);
	is(found(text.bytes), "10.0.0.5/17 10.0.0.1 60", "what is written is read the same");
	text_free(&text);
	news.expiry = NULL;
	ok(lease_learn(&news, &lease), "learn one for ever");
	lease_format(&lease, &text);
	is(found(text.bytes), "10.0.0.5/17 10.0.0.1 never", "and that it is for ever");
	text_free(&text);
	news.reason = "STOP";
	ok(lease_learn(&news, &lease), "learn that it is gone");
	lease_format(&lease, &text);
	is(found_in(OPEN MASK "}", text.bytes, text.n), "none", "and so is that it is gone");
	text_free(&text);
}

/* A file of one lease: by its name, age in seconds (negative: in the future), address, end. */
static void add_lease(
	struct files *files, const char *name, long long age, const char *address, long long expiry)
{
	struct file *file = array_add(files);

	file->name = mem_string(name);
	file->bytes = mem_format("lease { interface \"eth0\"; fixed-address %s; "
				 "option subnet-mask 255.255.255.0; expire epoch %lld; }",
		address, NOW + expiry);
	file->len = strlen(file->bytes);
	file->changed = (NOW - age) * 1000000000LL;
}

/* There are two files; which of them counts, if the device has an address (NULL: not known)? */
static void check_held(struct files *files, const char *there, const char *want, const char *name)
{
	struct addresses seen = {.n = 0};
	struct address *address;
	struct lease lease;
	size_t i;
	bool found;

	if (there) {
		address = array_add(&seen);
		strcpy(address->device, "eth0");
		prefix_parse(there, AF_INET, &address->prefix);
	}
	found = find(files, there ? &seen : NULL, &lease);
	is(found ? describe(&lease) : "none", want, name);
	for (i = 0; i < files->n; i++)
		file_free(&files->items[i]);
	free(files->items);
	memset(files, 0, sizeof(*files));
	free(seen.items);
}

static void test_held(void)
{
	struct files files = {.n = 0};

	add_lease(&files, "dhclient-b-eth0.lease", 10, "10.0.0.2", 60);
	add_lease(&files, "dhclient-a-eth0.lease", 20, "10.0.0.1", 90);
	check_held(&files, NULL, "10.0.0.2/24 - 60", "the file that was written last counts");
	add_lease(&files, "dhclient-a-eth0.lease", -86400, "10.0.0.1", 90000);
	add_lease(&files, "dhclient-b-eth0.lease", 10, "10.0.0.2", 60);
	check_held(&files, NULL, "10.0.0.2/24 - 60", "but for one that was written in the future");
	add_lease(&files, "dhclient-b-eth0.lease", 10, "10.0.0.2", 60);
	add_lease(&files, "dhclient-a-eth0.lease", 20, "10.0.0.1", 90);
	check_held(&files, "10.0.0.1/24", "10.0.0.1/24 - 90",
		"a lease whose address is there comes before one whose is not");
	add_lease(&files, "dhclient-eth0.leases", -86400, "10.0.0.1", 90000);
	add_lease(&files, "lease-eth0", 30, "10.0.0.2", 60);
	check_held(&files, NULL, "10.0.0.2/24 - 60", "what the hook was told counts");
	add_lease(&files, "lease-eth0", 30, "10.0.0.2", 60);
	add_lease(&files, "dhclient-eth0.leases", 20, "10.0.0.3", 50);
	check_held(&files, NULL, "10.0.0.2/24 - 60", "whatever ends before it");
	add_lease(&files, "lease-eth0", 30, "10.0.0.2", 60);
	add_lease(&files, "dhclient-eth0.leases", 20, "10.0.0.3", 90);
	check_held(&files, "10.0.0.3/24", "10.0.0.3/24 - 90",
		"unless a file was written after it and its lease ends later");
	add_lease(&files, "lease-eth0", 30, "10.0.0.2", 60);
	add_lease(&files, "dhclient-eth0.leases", 20, "10.0.0.3", 90);
	check_held(&files, "10.0.0.2/24", "10.0.0.2/24 - 60", "and has its address there");
	add_lease(&files, "lease-eth0", 30, "none", -NOW);
	add_lease(&files, "dhclient-eth0.leases", 40, "10.0.0.2", 90000);
	check_held(&files, "10.0.0.9/24", "none", "a lease that was given back stays so");
}

static const struct file *unread(const struct files *files, const char *device)
{
	struct leases leases = {.n = 0};
	const struct file *found;

	leases_read(files, NOW, NULL, &leases);
	found = lease_find_unread(&leases, device);
	leases_free(&leases);
	return found;
}

/* What cannot be read may hold the device's lease, unless a later file tells of it. */
static void test_unread(void)
{
	static char bytes[] = OPEN MASK ROUTER "}", none[] = "";
	static char first[] = "dhclient-eth0.leases", second[] = "dhclient-5fb06bd0-eth7.lease",
		    third[] = "lease-eth0";
	struct file file[] = {{.name = first, .bytes = none, .error = 27},
		{.name = second, .bytes = none, .error = 27},
		{.name = third, .bytes = bytes, .len = strlen(bytes), .changed = 1}};
	struct files all = {file, 2, 2};

	ok(unread(&all, "eth0") == &file[0], "dhclient-eth0.leases is eth0's");
	ok(unread(&all, "eth7") == &file[1], "dhclient-UUID-eth7.lease is eth7's");
	ok(!unread(&all, "th0"), "and of no device whose name ends so");
	ok(!unread(&all, ""), "nor of none");
	all.n = 3;
	ok(!unread(&all, "eth0"), "a later one that can be read counts");
}

int main(void)
{
	test_files();
	test_damage();
	test_values();
	test_news();
	test_format();
	test_held();
	test_unread();
	return tap_done();
}
