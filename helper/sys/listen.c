/* SPDX-License-Identifier: MIT
 * What the kernel tells unasked.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include "base/log.h"
#include "sys/listen.h"

/* A table of 500,000 routes comes as that many messages: signals and others have their turn. */
enum { MESSAGES_AT_ONCE = 4096 };

/* RTNLGRP_IPV6_RULE, which EL5's kernel headers do not have. */
enum { GROUP_INET6_RULE = 19 };

static unsigned group(unsigned number)
{
	return 1u << (number - 1);
}

int listen_open(void)
{
	/* EL5 knows no group of rules, and takes no offence. */
	struct sockaddr_nl own = {.nl_family = AF_NETLINK,
		.nl_groups = group(RTNLGRP_LINK) | group(RTNLGRP_IPV4_IFADDR) |
			group(RTNLGRP_IPV4_ROUTE) | group(RTNLGRP_IPV4_RULE) |
			group(RTNLGRP_IPV6_IFADDR) | group(RTNLGRP_IPV6_ROUTE) | group(GROUP_INET6_RULE)};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd >= 0 && !bind(fd, (const struct sockaddr *)&own, sizeof(own)))
		return fd;
	log_error("netlink: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What a router's cache does is none of ours: 2.6 tells of it, too. */
static bool is_cached(const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);

	return (message->nlmsg_type == RTM_NEWROUTE || message->nlmsg_type == RTM_DELROUTE) &&
		message->nlmsg_len >= NLMSG_LENGTH(sizeof(*route)) &&
		route->rtm_flags & RTM_F_CLONED;
}

static enum listened meaning_of(const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	if (is_cached(message))
		return LISTENED_NOTHING;
	if (message->nlmsg_type == RTM_DELLINK || message->nlmsg_type == RTM_DELADDR ||
		(message->nlmsg_type == RTM_NEWLINK &&
			message->nlmsg_len >= NLMSG_LENGTH(sizeof(*link)) &&
			!(link->ifi_flags & IFF_UP)))
		return LISTENED_LOSS;
	return LISTENED_CHANGE;
}

enum listened listen_drain(int fd)
{
	enum listened worst = LISTENED_NOTHING, next;
	/* The start of a message is enough. */
	union {
		struct nlmsghdr header;
		char bytes[256];
	} buffer;
	struct sockaddr_nl from;
	socklen_t size;
	ssize_t n;
	int i;

	for (i = 0; i < MESSAGES_AT_ONCE; i++) {
		size = sizeof(from);
		n = recvfrom(
			fd, &buffer, sizeof(buffer), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ENOBUFS)
			break;
		next = LISTENED_NOTHING;
		if (n < 0)
			next = LISTENED_LOSS;
		else if (n >= (ssize_t)sizeof(buffer.header) && !from.nl_pid)
			next = meaning_of(&buffer.header);
		worst = next > worst ? next : worst;
	}
	return worst;
}
