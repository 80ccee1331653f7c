/* SPDX-License-Identifier: MIT */
/*
 * For today's ip and ss on 2.6.18, whose netlink does not say how long a message is that does not fit
 * (MSG_TRUNC, netlink_recvmsg of net/netlink/af_netlink.c; that of 2.6.32 does). They ask for it with
 * no room at all. Preloaded, this looks into a large buffer for them.
 */
#include <dlfcn.h>
#include <sys/socket.h>

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	static char room[1 << 18];
	ssize_t (*next)(int, struct msghdr *, int) =
		(ssize_t (*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
	struct iovec *iov = msg->msg_iov, none = *iov;
	ssize_t n;

	if (!(flags & MSG_PEEK) || iov->iov_len)
		return next(fd, msg, flags);
	iov->iov_base = room;
	iov->iov_len = sizeof(room);
	n = next(fd, msg, flags);
	*iov = none;
	return n;
}
