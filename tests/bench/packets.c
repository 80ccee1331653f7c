/* SPDX-License-Identifier: MIT
 * What a packet pays on its way out: nanoseconds of one sendto and of one connect, UDP, from an
 * address of the host.
 *
 * packets FROM TO
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { CALLS = 20000 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static struct sockaddr_in address(const char *text, unsigned short port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1) {
		fprintf(stderr, "packets: '%s' is no IPv4 address\n", text);
		exit(1);
	}
	return address;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i;
	struct sockaddr_in from, to;
	double start, sent;

	if (argc != 3) {
		fputs("usage: packets FROM TO\n", stderr);
		return 2;
	}
	from = address(argv[1], 0);
	to = address(argv[2], 9);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)))
		fail(argv[1]);
	start = now();
	for (i = 0; i < CALLS; i++)
		if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
			fail("sendto");
	sent = now();
	for (i = 0; i < CALLS; i++)
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
			fail("connect");
	printf("%.0f %.0f\n", (sent - start) / CALLS, (now() - sent) / CALLS);
	return 0;
}
