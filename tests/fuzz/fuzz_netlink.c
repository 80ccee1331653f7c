/* SPDX-License-Identifier: MIT
 * Fuzzes the kernel's answers: kernel_read, kernel_apply and kernel_ask get the input as what
 * recvmsg(2) brings, a datagram after each two bytes of length (low byte first).
 *
 * The sequence and port numbers are put right, since libnl drops what has others.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of this machine's /proc nothing is asked. */
#define access(path, mode) 0
#define open(path, ...) ((void)(path), -1)
#include "sys/file.c"
#include "fuzz.h"
#include "sys/apply.h"
#include "sys/ask.h"
#include "sys/kernel.h"
#include "sys/netlink.h"

static const uint8_t *answers, *answers_end;
static struct nlmsghdr sent;

/* In the place of log.c. */
void log_error(const char *format, ...)
{
	(void)format;
}

void log_notice(const char *format, ...)
{
	(void)format;
}

/* In the place of the C library's, also where libnl calls them. */
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t len = 0;
	size_t i;

	(void)fd, (void)flags;
	for (i = 0; i < msg->msg_iovlen; i++) {
		require(msg->msg_iov[i].iov_len >= sizeof(sent), "what is sent has a header");
		if (!len)
			memcpy(&sent, msg->msg_iov[i].iov_base, sizeof(sent));
		len += (ssize_t)msg->msg_iov[i].iov_len;
	}
	return len;
}

/* Which message of a batch an answer is for is the input's to say. */
static void put_right(uint8_t *bytes, size_t len)
{
	struct nlmsghdr header;

	while (len >= sizeof(header)) {
		memcpy(&header, bytes, sizeof(header));
		header.nlmsg_seq = sent.nlmsg_seq +
			(sent.nlmsg_flags & NLM_F_DUMP ? 0 : header.nlmsg_seq % 64);
		header.nlmsg_pid = sent.nlmsg_pid;
		memcpy(bytes, &header, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > len - NLMSG_ALIGNTO)
			return;
		bytes += NLMSG_ALIGN(header.nlmsg_len);
		len -= NLMSG_ALIGN(header.nlmsg_len);
	}
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	size_t len, room = msg->msg_iov->iov_len;

	(void)fd;
	if (answers_end - answers < 2) {
		errno = EIO;
		return -1;
	}
	len = answers[0] | (size_t)answers[1] << 8;
	if (len > (size_t)(answers_end - answers) - 2)
		len = (size_t)(answers_end - answers) - 2;
	memcpy(msg->msg_name, &kernel, sizeof(kernel));
	msg->msg_namelen = sizeof(kernel);
	msg->msg_controllen = 0;
	msg->msg_flags = len > room ? MSG_TRUNC : 0;
	memcpy(msg->msg_iov->iov_base, answers + 2, len < room ? len : room);
	put_right(msg->msg_iov->iov_base, len < room ? len : room);
	if (!(flags & MSG_PEEK))
		answers += 2 + len;
	return (ssize_t)(flags & MSG_TRUNC || len < room ? len : room);
}

/* All that was read can be printed. */
static void check_kernel(const struct kernel *kernel)
{
	struct text text = {0};
	char address[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < kernel->links.n; i++)
		require(memchr(kernel->links.items[i].name, '\0', DEVICE_SIZE),
			"a name has an end");
	for (i = 0; i < kernel->addresses.n; i++)
		prefix_format(&kernel->addresses.items[i].prefix, address);
	for (i = 0; i < kernel->routes.n; i++) {
		route_format(&kernel->routes.items[i], &text);
		route_format_choice(&kernel->routes.items[i], &text);
	}
	for (i = 0; i < kernel->rules.n; i++)
		rule_format(&kernel->rules.items[i], &text);
	text_free(&text);
}

/* All routes and rules that were read, sent back in one go. */
static void apply_back(const struct kernel *kernel)
{
	struct ops ops = {0};
	struct op *op;
	int *errors;
	size_t i;

	for (i = 0; i < kernel->routes.n; i++) {
		op = array_add(&ops);
		op->kind = OP_ROUTE_DELETE;
		op->route = &kernel->routes.items[i];
	}
	for (i = 0; i < kernel->rules.n; i++) {
		op = array_add(&ops);
		op->kind = OP_RULE_ADD;
		op->rule = &kernel->rules.items[i];
	}
	errors = mem_resize(NULL, ops.n * sizeof(*errors));
	kernel_apply(&ops, &kernel->links, errors);
	free(errors);
	free(ops.items);
}

static void probe_first(const struct kernel *kernel)
{
	struct probe probe = {.device = ""};
	const struct probes probes = {&probe, 1, 1};
	bool refuses;

	if (!kernel->links.n || !kernel->addresses.n)
		return;
	memcpy(probe.device, kernel->links.items[0].name, sizeof(probe.device));
	probe.address = kernel->addresses.items[0].prefix;
	kernel_refuses(&probes, kernel, &refuses);
}

/* Of a first datagram of odd length all is read. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kernel kernel = {.old_inet6 = false};

	answers = bytes;
	answers_end = bytes + len;
	kernel_read(len && bytes[0] & 1, &kernel);
	check_kernel(&kernel);
	apply_back(&kernel);
	probe_first(&kernel);
	kernel_free(&kernel);
	return 0;
}
