/* SPDX-License-Identifier: MIT
 * Are there firewall rules, or policies of IPsec?
 */
#include <errno.h>
#include <linux/netlink.h>
/* Ahead of the kernel's own, which musl's headers do not come behind. */
#include <netinet/in.h>

#include <linux/xfrm.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/firewall.h"
#include "sys/netlink.h"

/* ipt_getinfo, ip6t_getinfo; IPT_SO_GET_INFO, IP6T_SO_GET_INFO: both families have the same. */
struct table_info {
	char name[32];
	unsigned valid_hooks, hook_entry[5], underflow[5], entries, size;
};

enum { GET_INFO = 64 };

/* nfnetlink.h, nf_tables.h: newer headers only. */
enum {
	RULES_GET = 10 << 8 | 7,
	RULES_NEW = 10 << 8 | 6,
	FAMILY_INET = 1,
	FAMILY_ARP = 3,
	FAMILY_NETDEV = 5,
	NF_HEADER = 4, /* struct nfgenmsg */
	RULE_IN_TABLE = 1
};

/* A table of iptables has an entry a chain for its policy, and one at its end. */
static bool table_has_rules(int socket, int family, const char *name)
{
	struct table_info info;
	socklen_t size = sizeof(info);
	unsigned hooks, n = 1;

	memset(&info, 0, sizeof(info));
	memcpy(info.name, name, strnlen(name, sizeof(info.name) - 1));
	if (getsockopt(socket, family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, GET_INFO, &info,
		    &size))
		return errno != ENOENT;
	for (hooks = info.valid_hooks; hooks; hooks &= hooks - 1)
		n++;
	return info.entries > n;
}

static enum firewall read_iptables(int family)
{
	FILE *file = fopen(
		family == AF_INET6 ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names",
		"r");
	enum firewall found = FIREWALL_NONE;
	char name[33];
	int raw;

	if (!file)
		return errno == ENOENT ? FIREWALL_NONE : FIREWALL_UNKNOWN;
	while (found == FIREWALL_NONE && fscanf(file, "%32s", name) == 1) {
		raw = socket(family, SOCK_RAW, IPPROTO_RAW);
		if (raw < 0)
			found = FIREWALL_UNKNOWN;
		else if (table_has_rules(raw, family, name))
			found = FIREWALL_LOADED;
		if (raw >= 0)
			close(raw);
	}
	fclose(file);
	return found;
}

/* Asking a kernel that has it as a module would load it. */
bool firewall_has_nftables(void)
{
	FILE *file = fopen("/proc/modules", "r");
	char name[64];
	bool any = false, found = false;

	while (file && !found && fscanf(file, "%63s%*[^\n]", name) == 1) {
		any = true;
		found = !strcmp(name, "nf_tables");
	}
	if (file)
		fclose(file);
	return found || !any;
}

/* Opening a socket would load it, where it is a module: the kernel's own end (process 0) is listed
 * once it is there. */
static bool has_ipsec(void)
{
	FILE *file = fopen("/proc/net/netlink", "r");
	bool found = false;
	char line[256];
	unsigned protocol, process;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %u %u", &protocol, &process) == 2 &&
			protocol == NETLINK_XFRM && !process;
	if (file)
		fclose(file);
	return found;
}

/* CONNMARK's rules drop nothing. */
static bool is_own_rule(const struct nlmsghdr *message)
{
	const struct nlattr *attrs[RULE_IN_TABLE + 1];
	static const char own[] = NETFILTER_TABLE;

	message_split(message, NF_HEADER, attrs, RULE_IN_TABLE);
	return attrs[RULE_IN_TABLE] && attribute_length(attrs[RULE_IN_TABLE]) == sizeof(own) &&
		!memcmp(attribute_bytes(attrs[RULE_IN_TABLE]), own, sizeof(own));
}

static bool is_rule(const struct nlmsghdr *message, int family)
{
	unsigned char of = *(const unsigned char *)NLMSG_DATA(message);

	return message->nlmsg_type == RULES_NEW && !is_own_rule(message) &&
		(of == family || of == FAMILY_INET || of == FAMILY_NETDEV ||
			(of == FAMILY_ARP && family == AF_INET));
}

static bool is_policy(const struct nlmsghdr *message, int family)
{
	const struct xfrm_userpolicy_info *policy = NLMSG_DATA(message);

	return message->nlmsg_type == XFRM_MSG_NEWPOLICY && policy->sel.family == family;
}

/* 1: what is looked for; 0: not so far; -1: the end, or an error. */
static int scan(const char *bytes, size_t n, int family,
	bool (*is)(const struct nlmsghdr *message, int family))
{
	const struct nlmsghdr *message = (const void *)bytes;

	for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n)) {
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return -1;
		if (is(message, family))
			return 1;
	}
	return 0;
}

/* Is there one among all that the kernel has? */
static enum firewall find_one(int protocol, unsigned short type, int family,
	bool (*is)(const struct nlmsghdr *message, int family))
{
	/* What follows the header is netfilter's alone (struct nfgenmsg). */
	struct {
		struct nlmsghdr header;
		unsigned char family, version;
		unsigned short resource;
	} request = {.header = {.nlmsg_len = protocol == NETLINK_XFRM ? sizeof(request.header)
								    : sizeof(request),
			     .nlmsg_type = type,
			     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	const struct timeval patience = {.tv_sec = 2};
	static char bytes[1 << 16] __attribute__((aligned(8)));
	enum firewall found = FIREWALL_NONE;
	ssize_t n;
	int fd, scanned = 0;

	fd = socket(AF_NETLINK, SOCK_RAW, protocol);
	if (fd < 0)
		return errno == EPROTONOSUPPORT ? FIREWALL_NONE : FIREWALL_UNKNOWN;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		scanned = -1;
	while (!scanned) {
		n = recv(fd, bytes, sizeof(bytes), 0);
		scanned = n > 0 ? scan(bytes, (size_t)n, family, is) : -1;
		if (n < 0 || (n >= (ssize_t)sizeof(struct nlmsghdr) &&
				     ((struct nlmsghdr *)(void *)bytes)->nlmsg_type == NLMSG_ERROR))
			found = geteuid() ? FIREWALL_UNKNOWN : FIREWALL_NONE;
	}
	close(fd);
	return scanned > 0 ? FIREWALL_LOADED : found;
}

static enum firewall read_nftables(int family)
{
	return firewall_has_nftables() ? find_one(NETLINK_NETFILTER, RULES_GET, family, is_rule)
			      : FIREWALL_NONE;
}

static enum firewall read_ipsec(int family)
{
	enum firewall found = has_ipsec()
		? find_one(NETLINK_XFRM, XFRM_MSG_GETPOLICY, family, is_policy)
		: FIREWALL_NONE;

	return found == FIREWALL_LOADED ? FIREWALL_IPSEC : found;
}

enum firewall firewall_read(int family)
{
	enum firewall tables = read_iptables(family), rules = read_nftables(family);
	enum firewall ipsec = read_ipsec(family);

	if (ipsec > rules)
		rules = ipsec;
	return tables > rules ? tables : rules;
}
