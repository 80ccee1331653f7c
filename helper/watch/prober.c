/* SPDX-License-Identifier: MIT
 * Echo requests to what TRACK_IP= names.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include "base/clock.h"
#include "base/log.h"
#include "sys/run.h"
#include "watch/prober.h"

enum { NO_NEW_PRIVILEGES = 38 }; /* PR_SET_NO_NEW_PRIVS, from 3.5 on */

/* linux/icmp.h, whose structs are netinet's as well. */
enum { RAW_FILTER = 1 };

enum { NONCE = 16, TURNS = 3 };

/* What goes out, and comes back: nobody who does not see it can answer it. */
struct echo {
	unsigned char type, code;
	unsigned short sum, id, sequence;
	unsigned char nonce[NONCE];
};

struct sender {
	int fd;
	unsigned short index; /* of the target */
	const struct target *target;
	struct echo echo;
	bool answered; /* since the last round began, whichever round's it was */
};

struct senders {
	struct sender *items;
	size_t n, cap;
};

static unsigned short checksum(const struct echo *echo)
{
	const unsigned char *bytes = (const void *)echo;
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < sizeof(*echo); i += 2)
		sum += (unsigned)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((unsigned short)~sum);
}

static socklen_t fill_address(const struct prefix *address, int index, struct sockaddr_storage *out)
{
	struct sockaddr_in *inet = (void *)out;
	struct sockaddr_in6 *inet6 = (void *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = address->family;
	if (address->family == AF_INET) {
		memcpy(&inet->sin_addr, address->bytes, sizeof(inet->sin_addr));
		return sizeof(*inet);
	}
	memcpy(&inet6->sin6_addr, address->bytes, sizeof(inet6->sin6_addr));
	if (prefix_is_link_local(address))
		inet6->sin6_scope_id = (unsigned)index;
	return sizeof(*inet6);
}

/* By the uplink's address and device, so that it leaves by the uplink, dead or not. */
static int open_socket(const struct target *target)
{
	const bool inet6 = target->gateway.family == AF_INET6;
	const unsigned only_replies = ~(1u << ICMP_ECHOREPLY);
	struct icmp6_filter filter;
	struct sockaddr_storage own;
	socklen_t size = fill_address(&target->source, target->index, &own);
	int fd = socket(target->gateway.family, SOCK_RAW, inet6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
	if (fd >= 0 &&
		!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, target->device,
			(socklen_t)strlen(target->device) + 1) &&
		!bind(fd, (const struct sockaddr *)&own, size) &&
		!(inet6 ? setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter))
			: setsockopt(fd, SOL_RAW, RAW_FILTER, &only_replies, sizeof(only_replies))))
		return fd;
	log_error("%s: a socket for TRACK_IP: %s", target->device, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int add_sender(
	const struct target *target, size_t index, int random, struct senders *senders)
{
	struct sender *sender = array_add(senders);

	sender->index = (unsigned short)index;
	sender->target = target;
	sender->echo.type = target->gateway.family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	sender->echo.id = htons((unsigned short)getpid());
	sender->fd = open_socket(target);
	/* Of such a one nothing is known. */
	if (sender->fd < 0) {
		senders->n--;
		return 0;
	}
	return read(random, sender->echo.nonce, NONCE) == NONCE ? 0 : -1;
}

static void send_round(struct sender *sender)
{
	const struct target *target = sender->target;
	struct sockaddr_storage to;
	socklen_t size;
	size_t i;

	sender->echo.sequence = htons((unsigned short)(ntohs(sender->echo.sequence) + 1));
	sender->echo.sum = 0;
	if (target->gateway.family == AF_INET)
		sender->echo.sum = checksum(&sender->echo);
	for (i = 0; i < TRACK_REMOTES_MAX && target->remotes[i].family; i++) {
		size = fill_address(&target->remotes[i], 0, &to);
		sendto(sender->fd, &sender->echo, sizeof(sender->echo), MSG_DONTWAIT,
			(const struct sockaddr *)&to, size);
	}
}

static bool is_asked(const struct target *target, const struct sockaddr_storage *from)
{
	const struct sockaddr_in *inet = (const void *)from;
	const struct sockaddr_in6 *inet6 = (const void *)from;
	const bool four = from->ss_family == AF_INET;
	size_t i;

	for (i = 0; i < TRACK_REMOTES_MAX && target->remotes[i].family; i++)
		if (!memcmp(target->remotes[i].bytes,
			    four ? (const void *)&inet->sin_addr : (const void *)&inet6->sin6_addr,
			    four ? 4 : 16))
			return true;
	return false;
}

static void receive(struct sender *sender)
{
	const bool inet6 = sender->target->gateway.family == AF_INET6;
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	unsigned char bytes[256];
	struct echo echo;
	ssize_t n = recvfrom(
		sender->fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
	ssize_t skip = n > 0 && !inet6 ? (bytes[0] & 15) * 4 : 0;

	if (n < skip + (ssize_t)sizeof(echo))
		return;
	memcpy(&echo, bytes + skip, sizeof(echo));
	sender->answered |= echo.type == (inet6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) &&
		echo.id == sender->echo.id && !memcmp(echo.nonce, sender->echo.nonce, NONCE) &&
		is_asked(sender->target, &from);
}

static struct prober_word word_of(const struct sender *sender)
{
	return (struct prober_word){sender->index, sender->answered};
}

static void hear(struct senders *senders, struct pollfd *polls, unsigned long long until)
{
	unsigned long long now;
	size_t i;

	while ((now = clock_now()) < until)
		if (poll(polls, senders->n, (int)(until - now)) > 0)
			for (i = 0; i < senders->n; i++)
				if (polls[i].revents)
					receive(&senders->items[i]);
}

/* Until the pipe, or the resident, is gone. Each round asks several times, so that a packet that
 * is lost makes no round bad. */
static void probe(struct senders *senders, int pipe, unsigned interval)
{
	struct pollfd *polls = mem_resize(NULL, (senders->n + 1) * sizeof(*polls));
	struct prober_word word;
	unsigned turn;
	size_t i;

	for (i = 0; i < senders->n; i++)
		polls[i] = (struct pollfd){senders->items[i].fd, POLLIN, 0};
	for (turn = 1;; turn++) {
		for (i = 0; i < senders->n; i++)
			send_round(&senders->items[i]);
		/* What was slept through is no round. */
		hear(senders, polls, clock_now() + interval * 1000ULL / TURNS);
		for (i = 0; turn % TURNS == 0 && i < senders->n; i++) {
			word = word_of(&senders->items[i]);
			if (write(pipe, &word, sizeof(word)) != sizeof(word))
				_exit(0);
			senders->items[i].answered = false;
		}
	}
}

/* Nothing but what is open already. 0, or -1. */
static int drop_rights(void)
{
	uid_t uid = 65534;
	gid_t gid = 65534;
	FILE *users = fopen("/etc/passwd", "r");
	struct passwd *user;

	while (users && (user = fgetpwent(users)))
		if (!strcmp(user->pw_name, "nobody")) {
			uid = user->pw_uid;
			gid = user->pw_gid;
		}
	if (users)
		fclose(users);
	if (chroot(RUN_EMPTY) || chdir("/") || setgroups(0, NULL) || setgid(gid) || setuid(uid) ||
		!setuid(0))
		return -1;
	prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0);
	return prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void keep_only(const struct senders *senders, int pipe)
{
	bool kept;
	size_t i;
	int fd;

	for (fd = STDERR_FILENO + 1; fd < 1024; fd++) {
		kept = fd == pipe;
		for (i = 0; i < senders->n; i++)
			kept |= senders->items[i].fd == fd;
		if (!kept)
			close(fd);
	}
}

static void senders_free(struct senders *senders)
{
	size_t i;

	for (i = 0; i < senders->n; i++)
		if (senders->items[i].fd >= 0)
			close(senders->items[i].fd);
	free(senders->items);
}

int prober_start(struct prober *prober, const struct target *targets, size_t n, unsigned interval)
{
	struct senders senders = {NULL, 0, 0};
	int random = open("/dev/urandom", O_RDONLY), ends[2] = {-1, -1}, err = random < 0;
	pid_t parent = getpid();
	size_t i;

	for (i = 0; !err && i < n; i++)
		if (targets[i].track == TRACK_REMOTES && targets[i].source.family)
			err = add_sender(&targets[i], i, random, &senders);
	if (random >= 0)
		close(random);
	if (!err && senders.n) {
		mkdir(RUN_EMPTY, 0555);
		err = pipe(ends) || fcntl(ends[0], F_SETFL, O_NONBLOCK);
		prober->pid = err ? -1 : fork();
		if (!prober->pid) {
			signal(SIGPIPE, SIG_IGN);
			keep_only(&senders, ends[1]);
			if (drop_rights() || getppid() != parent)
				_exit(1);
			probe(&senders, ends[1], interval);
		}
		err = prober->pid < 0;
		prober->pid = err ? 0 : prober->pid;
		prober->pipe = err ? -1 : ends[0];
		if (err && ends[0] >= 0)
			close(ends[0]);
		if (ends[1] >= 0)
			close(ends[1]);
	}
	if (err)
		log_error("TRACK_IP: nobody can be asked: %s", strerror(errno));
	senders_free(&senders);
	return err ? -1 : 0;
}

void prober_stop(struct prober *prober)
{
	if (!prober->pid)
		return;
	kill(prober->pid, SIGKILL);
	waitpid(prober->pid, NULL, 0);
	close(prober->pipe);
	prober->pid = 0;
	prober->pipe = -1;
}
