/* SPDX-License-Identifier: MIT
 * lab_witness DEVICE CLIENT CLIENT6 ASKED TOLD: notes what comes in by DEVICE for the client.
 *
 * The lab has one for each router. It needs packet sockets only: old kernels, and user-mode ones,
 * have no netfilter that could count. ASKED and TOLD are FIFOs, a line at a time:
 *   forget KIND   drops its notes of that kind, says "."
 *   tell          says its notes, one a line, then "."
 * A note is "icmp FROM" for an echo reply, "own FROM" for a request, "tcp FROM PORT" or
 * "udp FROM PORT" with the client's port.
 *
 * The kernel queues a packet here before it routes it, so what the client has got by now is known
 * to whoever asks now.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_NOTES = 1024, MAX_NOTE = 80 };

static char notes[MAX_NOTES][MAX_NOTE];
static int n_notes;
static struct in_addr client;
static struct in6_addr client6;

static void note(const char *kind, int family, const void *from, const uint8_t *port)
{
	char address[INET6_ADDRSTRLEN], text[MAX_NOTE];
	int i;

	inet_ntop(family, from, address, sizeof(address));
	if (port)
		snprintf(text, sizeof(text), "%s %s %d", kind, address, port[0] << 8 | port[1]);
	else
		snprintf(text, sizeof(text), "%s %s", kind, address);
	for (i = 0; i < n_notes; i++) {
		if (strcmp(notes[i], text) == 0)
			return;
	}
	if (n_notes < MAX_NOTES)
		strcpy(notes[n_notes++], text);
}

static void note_payload(int family, const void *from, int protocol, const uint8_t *payload)
{
	switch (protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (payload[0] == (family == AF_INET ? 0 : 129))
			note("icmp", family, from, NULL);
		else if (payload[0] == (family == AF_INET ? 8 : 128))
			note("own", family, from, NULL);
		break;
	case IPPROTO_TCP:
		note("tcp", family, from, payload + 2);
		break;
	case IPPROTO_UDP:
		note("udp", family, from, payload + 2);
		break;
	}
}

static void note_packet(const uint8_t *packet, size_t len)
{
	size_t header = (packet[0] & 0xf) * 4;

	if (packet[0] >> 4 == 4 && len >= header + 4 && header >= 20) {
		if (memcmp(packet + 16, &client, sizeof(client)) == 0)
			note_payload(AF_INET, packet + 12, packet[9], packet + header);
	} else if (packet[0] >> 4 == 6 && len >= 44) {
		if (memcmp(packet + 24, &client6, sizeof(client6)) == 0)
			note_payload(AF_INET6, packet + 8, packet[6], packet + 40);
	}
}

/* Not bound to DEVICE: a test may put another in its place. */
static int listen_to(int protocol)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(protocol)), size = 4 << 20;

	if (fd < 0) {
		perror("lab_witness");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static void drain(int fd, const char *device)
{
	uint8_t packet[128];
	char name[IF_NAMESIZE];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t len;

	while ((len = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from,
			       &from_len)) >= 0) {
		if (len > 0 && from.sll_pkttype == PACKET_HOST &&
		    if_indextoname(from.sll_ifindex, name) && strcmp(name, device) == 0)
			note_packet(packet, len);
		from_len = sizeof(from);
	}
}

static void answer(const char *line, FILE *told)
{
	char kind[MAX_NOTE];
	int i, kept = 0;

	if (sscanf(line, "forget %78s", kind) == 1) {
		strcat(kind, " ");
		for (i = 0; i < n_notes; i++) {
			if (strncmp(notes[i], kind, strlen(kind)) != 0)
				memmove(notes[kept++], notes[i], MAX_NOTE);
		}
		n_notes = kept;
	} else {
		for (i = 0; i < n_notes; i++)
			fprintf(told, "%s\n", notes[i]);
	}
	fprintf(told, ".\n");
	fflush(told);
}

int main(int argc, char **argv)
{
	struct pollfd ways[3];
	char line[MAX_NOTE];
	FILE *told;
	ssize_t len;

	if (argc != 6 || inet_pton(AF_INET, argv[2], &client) != 1 ||
	    inet_pton(AF_INET6, argv[3], &client6) != 1) {
		fprintf(stderr, "usage: lab_witness DEVICE CLIENT CLIENT6 ASKED TOLD\n");
		return 2;
	}
	ways[0].fd = listen_to(ETH_P_IP);
	ways[1].fd = listen_to(ETH_P_IPV6);
	/* For reading and writing: so nobody waits for the other to open it, and none ends. */
	ways[2].fd = open(argv[4], O_RDWR);
	told = fopen(argv[5], "r+");
	if (ways[2].fd < 0 || !told) {
		perror("lab_witness");
		return 1;
	}
	ways[0].events = ways[1].events = ways[2].events = POLLIN;
	while (poll(ways, 3, -1) > 0) {
		/* Read before the packets are: what led to the question is among them. */
		len = ways[2].revents ? read(ways[2].fd, line, sizeof(line) - 1) : 0;
		drain(ways[0].fd, argv[1]);
		drain(ways[1].fd, argv[1]);
		if (len > 0) {
			line[len] = '\0';
			answer(line, told);
		}
	}
	return 1;
}
