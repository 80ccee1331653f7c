/* SPDX-License-Identifier: MIT
 * The kernel's own answer, RTM_GETROUTE: what `ip route get` shows, a thousand times faster.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"

struct message {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct nlmsgerr error;
		char room[4096];
	} body;
};

int ask_open(void)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&kernel, sizeof(kernel))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void add_attribute(struct message *message, int type, const void *value)
{
	char *end = (char *)message + NLMSG_ALIGN(message->header.nlmsg_len);
	struct rtattr attr = {RTA_LENGTH(4), (unsigned short)type};

	memcpy(end, &attr, sizeof(attr));
	memcpy(end + RTA_LENGTH(0), value, 4);
	message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + RTA_LENGTH(4);
}

static void add_address(struct message *message, int type, const char *text)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) == 1)
		add_attribute(message, type, &address);
}

static bool exchange(int fd, struct message *message)
{
	return send(fd, message, message->header.nlmsg_len, 0) >= 0 &&
		recv(fd, message, sizeof(*message), 0) >= (ssize_t)sizeof(message->header);
}

static void format_way(const struct message *message, char answer[ANSWER_SIZE])
{
	const struct rtattr *attr = (const struct rtattr *)(const void *)((const char *)message +
		NLMSG_SPACE(sizeof(struct rtmsg)));
	size_t left = RTM_PAYLOAD(&message->header);
	char gateway[32] = "", name[IF_NAMESIZE] = "?";
	unsigned index;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == RTA_GATEWAY)
			inet_ntop(AF_INET, RTA_DATA(attr), gateway, sizeof(gateway));
		if (attr->rta_type == RTA_OIF) {
			memcpy(&index, RTA_DATA(attr), sizeof(index));
			if_indextoname(index, name);
		}
	}
	snprintf(answer, ANSWER_SIZE, "%s%s%sdev %s", *gateway ? "via " : "", gateway,
		*gateway ? " " : "", name);
}

static void read_answer(const struct message *message, bool arrives, char answer[ANSWER_SIZE])
{
	if (message->header.nlmsg_type == NLMSG_ERROR)
		snprintf(answer, ANSWER_SIZE, "%s", strerror(-message->body.error.error));
	else if (arrives)
		snprintf(answer, ANSWER_SIZE, "%s",
			message->body.route.rtm_type == RTN_LOCAL ? "accepted" : "not for us");
	else
		format_way(message, answer);
}

void ask(int fd, const char *question, char answer[ANSWER_SIZE])
{
	struct message message;
	char verb[16], local[32], remote[32], name[IF_NAMESIZE];
	int words = sscanf(question, "%15s %31s %31s %15s", verb, local, remote, name);
	bool arrives = words == 4;
	unsigned index;

	memset(&message, 0, sizeof(message));
	message.header.nlmsg_len = NLMSG_LENGTH(sizeof(message.body.route));
	message.header.nlmsg_type = RTM_GETROUTE;
	message.header.nlmsg_flags = NLM_F_REQUEST;
	message.body.route.rtm_family = AF_INET;
	message.body.route.rtm_dst_len = 32;
	message.body.route.rtm_src_len = strcmp(local, "any") ? 32 : 0;
	add_address(&message, RTA_DST, arrives ? local : remote);
	add_address(&message, RTA_SRC, arrives ? remote : local);
	if (arrives) {
		index = if_nametoindex(name);
		add_attribute(&message, RTA_IIF, &index);
	}
	if (words < 3 || !exchange(fd, &message))
		snprintf(answer, ANSWER_SIZE, "no answer: %s", strerror(errno));
	else
		read_answer(&message, arrives, answer);
}
