/* SPDX-License-Identifier: MIT
 * The limit: the messages that a change of rules and routes takes, and the dumps that finding
 * nothing to do takes, with nothing else around them.
 *
 * bare encode   lines of `ip` on stdin ("route add …", "rule add …") to messages on stdout
 * bare send F   sends the messages of a file, 64 a batch, acknowledgement on the last
 * bare undo F   deletes what they added, the first first: that is where the kernel looks
 * bare dump     reads links, addresses, routes and rules, IPv4's and IPv6's, and looks at none
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 64, BUFFER = 1 << 16 };

struct message {
	struct nlmsghdr header;
	struct rtmsg body;
	char attributes[256];
};

static void fail(const char *what)
{
	fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- encode -------------------------------------------------------------------- */

static void put(struct message *message, int type, const void *bytes, size_t len)
{
	struct rtattr *attr = (struct rtattr *)((char *)message + message->header.nlmsg_len);

	attr->rta_type = (unsigned short)type;
	attr->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), bytes, len);
	message->header.nlmsg_len += (unsigned)RTA_SPACE(len);
}

static void put_number(struct message *message, int type, unsigned number)
{
	put(message, type, &number, sizeof(number));
}

/* The length of "10.0.0.0/8", "10.0.0.1" or "default". */
static unsigned char put_prefix(struct message *message, int type, char *text)
{
	char *slash = strchr(text, '/');
	struct in_addr address;

	if (!strcmp(text, "default"))
		return 0;
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, text, &address) != 1) {
		fprintf(stderr, "bare: '%s' is no IPv4 prefix\n", text);
		exit(1);
	}
	put(message, type, &address, sizeof(address));
	return slash ? (unsigned char)atoi(slash + 1) : 32;
}

static void put_table(struct message *message, int type, unsigned table)
{
	message->body.rtm_table = (unsigned char)(table < 256 ? table : RT_TABLE_UNSPEC);
	if (table >= 256)
		put_number(message, type, table);
}

static void encode_pair(struct message *message, bool is_rule, const char *key, char *value)
{
	if (!strcmp(key, "from"))
		message->body.rtm_src_len = put_prefix(message, FRA_SRC, value);
	else if (!strcmp(key, "iif"))
		put(message, FRA_IIFNAME, value, strlen(value) + 1);
	else if (!strcmp(key, "lookup") || !strcmp(key, "table"))
		put_table(message, is_rule ? FRA_TABLE : RTA_TABLE, (unsigned)atoi(value));
	else if (!strcmp(key, "priority") || !strcmp(key, "metric"))
		put_number(message, is_rule ? FRA_PRIORITY : RTA_PRIORITY, (unsigned)atoi(value));
	else if (!strcmp(key, "via"))
		put_prefix(message, RTA_GATEWAY, value);
	else if (!strcmp(key, "dev"))
		put_number(message, RTA_OIF, if_nametoindex(value));
	else if (!strcmp(key, "scope"))
		message->body.rtm_scope = RT_SCOPE_LINK;
	else if (!strcmp(key, "proto"))
		message->body.rtm_protocol = (unsigned char)atoi(value);
}

static void encode_line(char *line)
{
	struct message message = {.header = {0}};
	char *rest = NULL, *word = strtok_r(line, " \n", &rest), *value;
	bool is_rule = !strcmp(word, "rule");

	message.header.nlmsg_len = NLMSG_LENGTH(sizeof(message.body));
	message.header.nlmsg_type = is_rule ? RTM_NEWRULE : RTM_NEWROUTE;
	/* The flags that multihome gives, see op_message in kernel_netlink.c. */
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | (is_rule ? 0 : NLM_F_EXCL);
	message.body.rtm_family = AF_INET;
	message.body.rtm_table = RT_TABLE_MAIN;
	message.body.rtm_type = is_rule ? FR_ACT_TO_TBL : RTN_UNICAST;
	strtok_r(NULL, " \n", &rest); /* add */
	if (!is_rule)
		message.body.rtm_dst_len =
			put_prefix(&message, RTA_DST, strtok_r(NULL, " \n", &rest));
	while ((word = strtok_r(NULL, " \n", &rest)) && (value = strtok_r(NULL, " \n", &rest)))
		encode_pair(&message, is_rule, word, value);
	fwrite(&message, 1, message.header.nlmsg_len, stdout);
}

static void encode(void)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin))
		encode_line(line);
	if (fflush(stdout))
		fail("stdout");
}

/* --- send ----------------------------------------------------------------------- */

static int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		fail("netlink");
	return fd;
}

static char *file_read(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY);
	struct stat stat;
	char *bytes;

	if (fd < 0 || fstat(fd, &stat))
		fail(path);
	*len = (size_t)stat.st_size;
	bytes = malloc(*len + 1);
	if (!bytes || read(fd, bytes, *len) != stat.st_size)
		fail(path);
	close(fd);
	return bytes;
}

/* Reads answers up to that of the last message of a batch; what failed is counted. */
static int answers(int fd, unsigned last)
{
	char buffer[BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header;
	struct nlmsgerr *error;
	int failed = 0;
	ssize_t n;

	for (;;) {
		n = recv(fd, buffer, sizeof(buffer), 0);
		if (n < 0)
			fail("netlink");
		for (header = (struct nlmsghdr *)buffer; NLMSG_OK(header, n);
			header = NLMSG_NEXT(header, n)) {
			error = NLMSG_DATA(header);
			failed += header->nlmsg_type == NLMSG_ERROR && error->error;
			if (header->nlmsg_seq == last)
				return failed;
		}
	}
}

static int send_all(struct nlmsghdr **messages, size_t n)
{
	int fd = netlink_open(), failed = 0;
	struct iovec iov[BATCH];
	struct msghdr msg = {.msg_iov = iov};
	size_t i, k;

	for (i = 0; i < n; i += k) {
		for (k = 0; k < BATCH && i + k < n; k++) {
			messages[i + k]->nlmsg_seq = (unsigned)(i + k + 1);
			iov[k].iov_base = messages[i + k];
			iov[k].iov_len = messages[i + k]->nlmsg_len;
		}
		messages[i + k - 1]->nlmsg_flags |= NLM_F_ACK;
		msg.msg_iovlen = k;
		if (sendmsg(fd, &msg, 0) < 0)
			fail("netlink");
		failed += answers(fd, (unsigned)(i + k));
	}
	return failed ? 1 : 0;
}

static int send_file(const char *path, bool undo)
{
	size_t len, n = 0, at, i;
	char *bytes = file_read(path, &len);
	struct nlmsghdr **messages = malloc((len / NLMSG_HDRLEN + 1) * sizeof(*messages));

	for (at = 0; messages && at < len; at += messages[n++]->nlmsg_len)
		messages[n] = (struct nlmsghdr *)(bytes + at);
	for (i = 0; undo && i < n; i++) {
		messages[i]->nlmsg_type++; /* RTM_NEWROUTE, RTM_DELROUTE */
		messages[i]->nlmsg_flags = NLM_F_REQUEST;
	}
	return send_all(messages, n);
}

/* --- dump ----------------------------------------------------------------------- */

static void dump(int fd, int type, unsigned char family)
{
	static char buffer[BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} request = {.header = {0}};
	struct nlmsghdr *header;
	ssize_t n;

	request.header.nlmsg_len = sizeof(request);
	request.header.nlmsg_type = (unsigned short)type;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request.body.ifi_family = family;
	if (send(fd, &request, sizeof(request), 0) < 0)
		fail("netlink");
	for (;;) {
		n = recv(fd, buffer, sizeof(buffer), 0);
		if (n < 0)
			fail("netlink");
		for (header = (struct nlmsghdr *)buffer; NLMSG_OK(header, n);
			header = NLMSG_NEXT(header, n))
			if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
				return;
	}
}

static int dump_all(void)
{
	static const unsigned char families[] = {AF_INET, AF_INET6};
	int fd = netlink_open();
	size_t i;

	dump(fd, RTM_GETLINK, AF_UNSPEC);
	for (i = 0; i < 2; i++) {
		dump(fd, RTM_GETADDR, families[i]);
		dump(fd, RTM_GETROUTE, families[i]);
		dump(fd, RTM_GETRULE, families[i]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "encode"))
		return encode(), 0;
	if (argc == 3 && !strcmp(argv[1], "send"))
		return send_file(argv[2], false);
	if (argc == 3 && !strcmp(argv[1], "undo"))
		return send_file(argv[2], true);
	if (argc == 2 && !strcmp(argv[1], "dump"))
		return dump_all();
	fputs("usage: bare encode|send FILE|undo FILE|dump\n", stderr);
	return 2;
}
