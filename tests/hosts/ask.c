/* SPDX-License-Identifier: MIT
 * hosts_ask NET WORLD [DEAD]: asks every local address of a host from every remote, all at once.
 * hosts_ask --hold TUN: is at the other end of the tunnel, until it is ended.
 *
 * Run in the host's network namespace; the process WORLD is in that of the other ends of its
 * NICs. There this program is everybody: it answers ARP for the stations of each segment, sends
 * requests with their addresses, and sees by which NIC and to which router each reply leaves.
 * A question is an ICMP echo, a TCP SYN to a closed port and a UDP datagram; the kernel of the
 * host answers the first two, a socket of this program in the host's namespace the third.
 *
 * NET has lines of
 *   segment N PREFIX strict|loose|inner   strict: its routers drop foreign sources; inner: it is
 *                                         within the host (a bridge), ROUTER is the host itself
 *   port DEVICE N                         a NIC of the host in segment N
 *   station N ADDRESS [PREFIX]            with PREFIX: a router that reaches it
 *   local ADDRESS N [NEXTHOP]             the host has it, or may have; by NEXTHOP: routed to it
 *   remote ADDRESS [N ROUTER]             beyond all routers; or beyond ROUTER of segment N
 *
 * DEAD has lines of N ADDRESS: that station does not answer any more.
 *
 * Prints a line a question: REMOTE LOCAL ARRIVES ANSWER, and of the host's own traffic:
 * own REMOTE - ANSWER. ARRIVES is the NIC that answered ARP for the local address, `-` for none;
 * ANSWER is the NIC by which the reply came back, `lost`, or `lost:NIC` for one that left by that
 * NIC and did not reach the remote; `mixed:…` where the protocols differ.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX = 64, MAX_QUESTIONS = 8192, N_PROTOCOLS = 3 };
#define TUNNEL "tun0"
enum { ARP_ROUNDS = 2, ROUNDS = 3, SILENCE_MS = 30 };
enum { SERVER_PORT = 7777, OWN_PORT = 7778, FIRST_PORT = 10000, ECHO_ID = 0x4d48 };

struct prefix {
	uint32_t address;
	int len; /* -1: none */
};

struct segment {
	struct prefix net;
	bool strict, inner;
};

struct port {
	char name[IFNAMSIZ];
	int segment, index; /* index: in the world's namespace */
};

struct station {
	int segment;
	uint32_t address;
	struct prefix reaches;
	uint8_t mac[ETH_ALEN];
	bool dead;
};

struct local {
	uint32_t address, next_hop;
	int segment;
};

struct remote {
	uint32_t address;
	int behind; /* a station, or -1 */
};

/* Who asks for an address by ARP, and which NICs say that they have it. */
struct target {
	int station;
	uint32_t address;
	bool answered[MAX];
	uint8_t macs[MAX][ETH_ALEN];
};

struct answer {
	int port; /* -1: nothing was seen */
	bool delivered;
};

struct question {
	int remote, local, station, arrives;
	const uint8_t *mac;
	struct answer answers[N_PROTOCOLS];
};

static struct segment segments[MAX];
static struct port ports[MAX];
static struct station stations[MAX];
static struct local locals[MAX];
static struct remote remotes[MAX];
static struct answer own[MAX];
static struct target targets[MAX * MAX];
static struct question questions[MAX_QUESTIONS];
static int n_ports, n_stations, n_locals, n_remotes, n_targets, n_questions;
static int wire, server, tunnel = -1;
static const char *const protocols[N_PROTOCOLS] = {"icmp", "tcp", "udp"};

static void die(const char *what)
{
	fprintf(stderr, "hosts_ask: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- what there is -------------------------------------------------------------------------- */

static uint32_t address_of(const char *text)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		die(text);
	return ntohl(address.s_addr);
}

/* Two at a time may be in one printf. */
static const char *text_of(uint32_t address)
{
	static char texts[2][INET_ADDRSTRLEN];
	static int next;
	struct in_addr network = {htonl(address)};

	next = !next;
	return inet_ntop(AF_INET, &network, texts[next], sizeof(*texts));
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix = {0, -1};
	char address[32];

	if (sscanf(text, "%31[^/]/%d", address, &prefix.len) != 2)
		die(text);
	prefix.address = address_of(address);
	return prefix;
}

static bool prefix_has(struct prefix prefix, uint32_t address)
{
	if (prefix.len <= 0)
		return prefix.len == 0;
	return !((prefix.address ^ address) >> (32 - prefix.len));
}

static int station_find(int segment, uint32_t address)
{
	int i;

	for (i = 0; i < n_stations; i++)
		if (stations[i].segment == segment && stations[i].address == address)
			return i;
	return -1;
}

static void add_station(int segment, uint32_t address, const char *reaches)
{
	struct station *station = &stations[n_stations];

	station->segment = segment;
	station->address = address;
	station->reaches = *reaches ? prefix_of(reaches) : (struct prefix){0, -1};
	memcpy(station->mac, (uint8_t[]){2, 0, 0, 0, (uint8_t)segment, (uint8_t)n_stations}, ETH_ALEN);
	n_stations++;
}

static void read_line(const char *line)
{
	char word[16] = "", a[64] = "", b[64] = "", c[64] = "";
	struct port *port = &ports[n_ports];

	sscanf(line, "%15s %63s %63s %63s", word, a, b, c);
	if (!strcmp(word, "segment")) {
		segments[atoi(a)] = (struct segment){prefix_of(b), !strcmp(c, "strict"),
			!strcmp(c, "inner")};
	} else if (!strcmp(word, "port")) {
		snprintf(port->name, sizeof(port->name), "%.15s", a);
		port->segment = atoi(b);
		n_ports++;
	} else if (!strcmp(word, "station")) {
		add_station(atoi(a), address_of(b), c);
	} else if (!strcmp(word, "local")) {
		locals[n_locals++] = (struct local){address_of(a),
			address_of(*c ? c : a), atoi(b)};
	} else if (!strcmp(word, "remote")) {
		remotes[n_remotes++] = (struct remote){address_of(a),
			*b ? station_find(atoi(b), address_of(c)) : -1};
	}
}

static void read_net(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256];

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file)) {
		read_line(line);
		if (n_ports == MAX || n_stations == MAX || n_locals == MAX || n_remotes == MAX)
			die("too much of something");
	}
	fclose(file);
}

static void read_dead(const char *path)
{
	FILE *file = fopen(path, "r");
	char address[32];
	int segment, i;

	while (file && fscanf(file, "%d %31s", &segment, address) == 2) {
		i = station_find(segment, address_of(address));
		if (i >= 0)
			stations[i].dead = true;
	}
	if (file)
		fclose(file);
}

/* Where the remote is itself, in a segment or within the host; -1 beyond routers. */
static int station_of(const struct remote *remote)
{
	int i;

	for (i = 0; i < n_stations; i++)
		if (stations[i].address == remote->address)
			return i;
	return -1;
}

static int gateway_of(int segment)
{
	int i;

	for (i = 0; i < n_stations; i++)
		if (stations[i].segment == segment && stations[i].reaches.len == 0 &&
			!stations[i].dead)
			return i;
	return -1;
}

/* The last station before the host, towards a local address, and its next hop. */
static int station_before(const struct remote *remote, const struct local *local,
	uint32_t *next_hop)
{
	int station = station_of(remote);

	*next_hop = local->next_hop;
	if (station >= 0 && segments[stations[station].segment].inner) {
		*next_hop = segments[stations[station].segment].net.address;
		return station;
	}
	if (station >= 0 && stations[station].segment == local->segment)
		return station;
	if (remote->behind >= 0 && stations[remote->behind].segment == local->segment)
		return remote->behind;
	return gateway_of(local->segment);
}

static bool is_of_segment(int segment, uint32_t address)
{
	int i;

	for (i = 0; i < n_locals; i++)
		if (locals[i].address == address && locals[i].segment == segment)
			return true;
	return prefix_has(segments[segment].net, address);
}

/* Does a packet that the station gets from the host reach its destination? */
static bool is_delivered(int station, uint32_t from, uint32_t to)
{
	const struct station *router = &stations[station];
	struct remote remote = {to, -1};
	int home = station_of(&remote);

	if (router->dead)
		return false;
	if (router->address == to)
		return true;
	if (router->reaches.len < 0)
		return false;
	if (segments[router->segment].strict && !is_of_segment(router->segment, from))
		return false;
	if (home >= 0 && segments[stations[home].segment].inner)
		return false;
	return prefix_has(router->reaches, to) || prefix_has(segments[router->segment].net, to);
}

/* --- packets -------------------------------------------------------------------------------- */

static uint16_t checksum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void transmit(int port, const void *frame, size_t len)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = ports[port].index,
		.sll_halen = ETH_ALEN};

	/* A NIC of the host that is down loses it. */
	sendto(wire, frame, len, 0, (const struct sockaddr *)&to, sizeof(to));
}

static void send_arp(int port, int op, const struct station *from, const uint8_t *mac, uint32_t to)
{
	static const uint8_t all[ETH_ALEN] = {255, 255, 255, 255, 255, 255};
	struct {
		struct ether_header ether;
		struct ether_arp arp;
	} __attribute__((packed)) frame = {.ether.ether_type = htons(ETHERTYPE_ARP),
		.arp.ea_hdr = {htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN, 4,
			htons((uint16_t)op)}};
	uint32_t spa = htonl(from->address), tpa = htonl(to);

	memcpy(frame.ether.ether_shost, from->mac, ETH_ALEN);
	memcpy(frame.ether.ether_dhost, mac ? mac : all, ETH_ALEN);
	memcpy(frame.arp.arp_sha, from->mac, ETH_ALEN);
	memcpy(frame.arp.arp_spa, &spa, 4);
	if (mac)
		memcpy(frame.arp.arp_tha, mac, ETH_ALEN);
	memcpy(frame.arp.arp_tpa, &tpa, 4);
	transmit(port, &frame, sizeof(frame));
}

static size_t fill_payload(uint8_t *at, int protocol, int number, uint32_t pseudo)
{
	struct icmphdr icmp = {.type = ICMP_ECHO};
	struct tcphdr tcp = {.seq = htonl(1), .doff = 5, .syn = 1, .window = htons(512)};
	struct udphdr udp = {.len = htons(sizeof(udp))};
	uint16_t port = htons((uint16_t)(FIRST_PORT + number));

	if (protocol == 0) {
		icmp.un.echo.id = htons(ECHO_ID);
		icmp.un.echo.sequence = htons((uint16_t)number);
		icmp.checksum = checksum(&icmp, sizeof(icmp), 0);
		memcpy(at, &icmp, sizeof(icmp));
		return sizeof(icmp);
	}
	if (protocol == 1) {
		tcp.source = port;
		tcp.dest = htons(SERVER_PORT);
		tcp.check = checksum(&tcp, sizeof(tcp), pseudo + IPPROTO_TCP + sizeof(tcp));
		memcpy(at, &tcp, sizeof(tcp));
		return sizeof(tcp);
	}
	udp.source = port;
	udp.dest = htons(SERVER_PORT);
	memcpy(at, &udp, sizeof(udp));
	return sizeof(udp);
}

static void send_question(const struct question *question, int number, int protocol)
{
	static const uint8_t numbers[N_PROTOCOLS] = {IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP};
	uint32_t from = remotes[question->remote].address, to = locals[question->local].address;
	uint32_t pseudo = (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff);
	uint8_t frame[128] = {0};
	struct ether_header ether = {.ether_type = htons(ETHERTYPE_IP)};
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 60, .protocol = numbers[protocol],
		.saddr = htonl(from), .daddr = htonl(to)};
	size_t len;

	memcpy(ether.ether_dhost, question->mac, ETH_ALEN);
	memcpy(ether.ether_shost, stations[question->station].mac, ETH_ALEN);
	len = fill_payload(frame + sizeof(ether) + sizeof(ip), protocol, number, pseudo);
	ip.tot_len = htons((uint16_t)(sizeof(ip) + len));
	ip.check = checksum(&ip, sizeof(ip), 0);
	memcpy(frame, &ether, sizeof(ether));
	memcpy(frame + sizeof(ether), &ip, sizeof(ip));
	transmit(question->arrives, frame, sizeof(ether) + sizeof(ip) + len);
}

/* --- what comes out of the host ------------------------------------------------------------- */

static void take_arp(int port, const uint8_t *frame)
{
	struct ether_arp arp;
	uint32_t spa, tpa;
	int i, station;

	memcpy(&arp, frame + sizeof(struct ether_header), sizeof(arp));
	memcpy(&spa, arp.arp_spa, 4);
	memcpy(&tpa, arp.arp_tpa, 4);
	station = station_find(ports[port].segment, ntohl(tpa));
	if (station < 0 || stations[station].dead)
		return;
	if (ntohs(arp.ea_hdr.ar_op) == ARPOP_REQUEST) {
		send_arp(port, ARPOP_REPLY, &stations[station], arp.arp_sha, ntohl(spa));
		return;
	}
	for (i = 0; i < n_targets; i++)
		if (targets[i].station == station && targets[i].address == ntohl(spa)) {
			targets[i].answered[port] = true;
			memcpy(targets[i].macs[port], arp.arp_sha, ETH_ALEN);
		}
}

/* The answer that this packet is to; NULL if to none. */
static struct answer *answer_of(const struct iphdr *ip, const uint8_t *payload)
{
	struct icmphdr icmp;
	uint16_t ports_seen[2];
	int number, protocol, i;

	memcpy(&icmp, payload, sizeof(icmp));
	memcpy(ports_seen, payload, sizeof(ports_seen));
	if (ip->protocol == IPPROTO_UDP && ntohs(ports_seen[1]) == OWN_PORT) {
		for (i = 0; i < n_remotes; i++)
			if (remotes[i].address == ntohl(ip->daddr))
				return &own[i];
		return NULL;
	}
	switch (ip->protocol) {
	case IPPROTO_ICMP:
		if (icmp.type != ICMP_ECHOREPLY || ntohs(icmp.un.echo.id) != ECHO_ID)
			return NULL;
		protocol = 0;
		number = ntohs(icmp.un.echo.sequence);
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		protocol = ip->protocol == IPPROTO_TCP ? 1 : 2;
		number = ntohs(ports_seen[1]) - FIRST_PORT;
		break;
	default:
		return NULL;
	}
	if (number < 0 || number >= n_questions ||
		remotes[questions[number].remote].address != ntohl(ip->daddr) ||
		locals[questions[number].local].address != ntohl(ip->saddr))
		return NULL;
	return &questions[number].answers[protocol];
}

static void take_ip(int port, const uint8_t *frame, size_t len)
{
	struct answer *answer;
	struct iphdr ip;
	int i;

	if (len < sizeof(struct ether_header) + sizeof(ip) + sizeof(struct icmphdr))
		return;
	memcpy(&ip, frame + sizeof(struct ether_header), sizeof(ip));
	answer = answer_of(&ip, frame + sizeof(struct ether_header) + ip.ihl * 4u);
	if (!answer || answer->port >= 0)
		return;
	for (i = 0; i < n_stations; i++) {
		if (stations[i].segment != ports[port].segment ||
			memcmp(stations[i].mac, frame, ETH_ALEN))
			continue;
		answer->port = port;
		answer->delivered = is_delivered(i, ntohl(ip.saddr), ntohl(ip.daddr));
	}
}

static bool take_frame(void)
{
	uint8_t frame[2048];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(wire, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from,
		&from_len);
	struct ether_header ether;
	int port;

	if (len < 0)
		return false;
	if (from.sll_pkttype == PACKET_OUTGOING || len < (ssize_t)sizeof(ether))
		return true;
	memcpy(&ether, frame, sizeof(ether));
	for (port = 0; port < n_ports; port++) {
		if (ports[port].index != from.sll_ifindex)
			continue;
		if (ether.ether_type == htons(ETHERTYPE_ARP) &&
			len >= (ssize_t)(sizeof(ether) + sizeof(struct ether_arp)))
			take_arp(port, frame);
		if (ether.ether_type == htons(ETHERTYPE_IP))
			take_ip(port, frame, (size_t)len);
	}
	return true;
}

/* What leaves through the tunnel has no header before that of IP. The far end of a VPN takes what
 * is the host's own, and no replies from addresses that it has not given. */
static bool take_tunnelled(void)
{
	uint8_t packet[2048];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(tunnel, packet, sizeof(packet), MSG_DONTWAIT,
		(struct sockaddr *)&from, &from_len);
	struct answer *answer;
	struct iphdr ip;

	if (len < 0)
		return false;
	if (len < (ssize_t)(sizeof(ip) + sizeof(struct icmphdr)))
		return true;
	memcpy(&ip, packet, sizeof(ip));
	answer = ip.version == 4 ? answer_of(&ip, packet + ip.ihl * 4u) : NULL;
	if (answer && answer->port < 0) {
		answer->port = n_ports;
		answer->delivered = answer >= own && answer < own + MAX;
	}
	return true;
}

/* As a server does that answers by the address that was asked. */
static bool serve(void)
{
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))], byte;
	struct sockaddr_in from;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &data,
		.msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header;
	struct in_pktinfo info;

	if (recvmsg(server, &message, MSG_DONTWAIT) < 0)
		return false;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != IP_PKTINFO)
		return true;
	memcpy(&info, CMSG_DATA(header), sizeof(info));
	info.ipi_ifindex = 0;
	info.ipi_spec_dst = info.ipi_addr;
	memcpy(CMSG_DATA(header), &info, sizeof(info));
	data.iov_len = 0;
	sendmsg(server, &message, MSG_DONTWAIT);
	return true;
}

/* Until nothing has come for so long. */
static void listen_for(int milliseconds)
{
	struct pollfd fds[3] = {{wire, POLLIN, 0}, {server, POLLIN, 0}, {tunnel, POLLIN, 0}};

	do {
		while (take_frame())
			;
		while (serve())
			;
		while (take_tunnelled())
			;
	} while (poll(fds, 3, milliseconds) > 0);
}

/* --- questions ------------------------------------------------------------------------------ */

static int add_target(int station, uint32_t address)
{
	int i;

	for (i = 0; i < n_targets; i++)
		if (targets[i].station == station && targets[i].address == address)
			return i;
	targets[n_targets].station = station;
	targets[n_targets].address = address;
	return n_targets++;
}

static bool is_found(const struct target *target)
{
	int port;

	for (port = 0; port < n_ports; port++)
		if (target->answered[port])
			return true;
	return false;
}

static void ask_for(const struct target *target)
{
	const struct station *station = &stations[target->station];
	int port;

	for (port = 0; port < n_ports; port++)
		if (ports[port].segment == station->segment)
			send_arp(port, ARPOP_REQUEST, station, NULL, target->address);
}

static void find_targets(void)
{
	int round, i, station;
	uint32_t next_hop;

	for (i = 0; i < n_remotes * n_locals; i++) {
		station = station_before(&remotes[i / n_locals], &locals[i % n_locals], &next_hop);
		if (station >= 0)
			add_target(station, next_hop);
	}
	for (round = 0; round < ARP_ROUNDS; round++) {
		for (i = 0; i < n_targets; i++)
			if (!is_found(&targets[i]))
				ask_for(&targets[i]);
		listen_for(SILENCE_MS);
	}
}

static void add_questions(int remote, int local)
{
	struct question *question;
	uint32_t next_hop;
	int station = station_before(&remotes[remote], &locals[local], &next_hop), port, protocol;
	struct target *target;

	if (station < 0)
		return;
	target = &targets[add_target(station, next_hop)];
	for (port = 0; port < n_ports; port++) {
		if (!target->answered[port] || n_questions == MAX_QUESTIONS)
			continue;
		question = &questions[n_questions++];
		*question = (struct question){.remote = remote, .local = local, .station = station,
			.arrives = port, .mac = target->macs[port]};
		for (protocol = 0; protocol < N_PROTOCOLS; protocol++)
			question->answers[protocol].port = -1;
	}
	if (!is_found(target))
		printf("%s %s - lost\n", text_of(remotes[remote].address),
			text_of(locals[local].address));
}

/* Unbound: the kernel chooses source and NIC. */
static void send_own(int fd, int remote)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(OWN_PORT),
		.sin_addr.s_addr = htonl(remotes[remote].address)};

	sendto(fd, "", 1, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to));
}

static void ask_all(int own_fd)
{
	int round, i, protocol, asked;

	for (round = 0; round < ROUNDS; round++) {
		asked = 0;
		for (i = 0; i < n_questions * N_PROTOCOLS; i++) {
			protocol = i % N_PROTOCOLS;
			if (questions[i / N_PROTOCOLS].answers[protocol].port >= 0)
				continue;
			send_question(&questions[i / N_PROTOCOLS], i / N_PROTOCOLS, protocol);
			if (++asked % 16 == 0)
				listen_for(0);
		}
		for (i = 0; i < n_remotes; i++)
			if (own[i].port < 0)
				send_own(own_fd, i);
		listen_for(SILENCE_MS);
	}
}

static void format_answer(const struct answer *answer, char text[32])
{
	if (answer->port < 0)
		strcpy(text, "lost");
	else
		snprintf(text, 32, "%s%s", answer->delivered ? "" : "lost:",
			ports[answer->port].name);
}

static void print_question(const struct question *question)
{
	char texts[N_PROTOCOLS][32];
	int i;

	for (i = 0; i < N_PROTOCOLS; i++)
		format_answer(&question->answers[i], texts[i]);
	printf("%s %s %s ", text_of(remotes[question->remote].address),
		text_of(locals[question->local].address), ports[question->arrives].name);
	if (!strcmp(texts[0], texts[1]) && !strcmp(texts[0], texts[2])) {
		puts(texts[0]);
		return;
	}
	printf("mixed");
	for (i = 0; i < N_PROTOCOLS; i++)
		printf("%c%s=%s", i ? ',' : ':', protocols[i], texts[i]);
	putchar('\n');
}

/* --- sockets -------------------------------------------------------------------------------- */

static int open_server(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) ||
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)))
		die("server");
	return fd;
}

/* Seen on the host's side, before another process takes it. */
static void open_tunnel(void)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(TUNNEL)};

	/* The name of what leaves by it, behind the NICs'. */
	strcpy(ports[n_ports].name, TUNNEL);
	if (!to.sll_ifindex)
		return;
	tunnel = socket(AF_PACKET, SOCK_RAW, 0);
	if (tunnel < 0 || bind(tunnel, (const struct sockaddr *)&to, sizeof(to)))
		die(TUNNEL);
}

static int hold_tunnel(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR);
	char packet[2048];

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		die(name);
	while (read(fd, packet, sizeof(packet)) >= 0)
		;
	return 1;
}

static void enter_world(const char *pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static void open_wire(void)
{
	int size = 8 << 20, i;

	wire = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (wire < 0)
		die("packet socket");
	setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	for (i = 0; i < n_ports; i++) {
		ports[i].index = (int)if_nametoindex(ports[i].name);
		if (!ports[i].index)
			die(ports[i].name);
	}
}

int main(int argc, char **argv)
{
	int own_fd, i;

	if (argc == 3 && !strcmp(argv[1], "--hold"))
		return hold_tunnel(argv[2]);
	if (argc != 3 && argc != 4) {
		fputs("usage: hosts_ask NET WORLD [DEAD]\n", stderr);
		return 2;
	}
	read_net(argv[1]);
	if (argc == 4)
		read_dead(argv[3]);
	open_tunnel();
	server = open_server();
	own_fd = socket(AF_INET, SOCK_DGRAM, 0);
	enter_world(argv[2]);
	open_wire();
	find_targets();
	for (i = 0; i < n_remotes * n_locals; i++)
		add_questions(i / n_locals, i % n_locals);
	for (i = 0; i < n_remotes; i++)
		own[i].port = -1;
	ask_all(own_fd);
	for (i = 0; i < n_questions; i++)
		print_question(&questions[i]);
	for (i = 0; i < n_remotes; i++) {
		char text[32];

		format_answer(&own[i], text);
		printf("own %s - %s\n", text_of(remotes[i].address), text);
	}
	return 0;
}
