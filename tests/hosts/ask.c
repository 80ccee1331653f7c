/* SPDX-License-Identifier: MIT
 * hosts_ask NET WORLD [DEAD]: asks every local address of a host from every remote, all at once.
 * hosts_ask --hold TUN: is at the other end of the tunnel, until it is ended.
 *
 * Run in the host's network namespace; the process WORLD is in that of the other ends of its
 * NICs. There this program is everybody: it answers ARP and neighbour solicitations for the
 * stations of each segment, sends requests with their addresses, and sees by which NIC and to which
 * router each reply leaves.
 * A question is an ICMP echo, a TCP SYN to a closed port and a UDP datagram; the kernel of the
 * host answers the first two, a socket of this program in the host's namespace the third.
 *
 * NET has lines of
 *   segment N PREFIX strict|loose|inner   strict: its routers drop foreign sources; inner: it is
 *                                         within the host (a bridge), ROUTER is the host itself;
 *                                         a line for IPv4, and one for IPv6 if it has that
 *   port DEVICE N                         a NIC of the host in segment N
 *   station N ADDRESS [PREFIX]            with PREFIX: a router that reaches it
 *   local ADDRESS N [NEXTHOP]             the host has it, or may have; by NEXTHOP: routed to it
 *   remote ADDRESS [N ROUTER]             beyond all routers; or beyond ROUTER of segment N
 *
 * DEAD has lines of N ADDRESS: that station does not answer any more.
 *
 * Prints a line a question: REMOTE LOCAL ARRIVES ANSWER, and of the host's own traffic:
 * own REMOTE - ANSWER. ARRIVES is the NIC that says to its neighbours that it has the local
 * address, `-` for none; ANSWER is the NIC by which the reply came back, `lost`, or `lost:NIC` for
 * one that left by that NIC and did not reach the remote; `mixed:…` where the protocols differ.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
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

enum { MAX = 96, MAX_QUESTIONS = 8192, N_PROTOCOLS = 3 };
#define TUNNEL "tun0"
enum { ARP_ROUNDS = 2, ROUNDS = 3, SILENCE_MS = 30 };
enum { SERVER_PORT = 7777, OWN_PORT = 7778, FIRST_PORT = 10000, ECHO_ID = 0x4d48 };

/* An IPv4 address is kept as IPv6 maps it: ::ffff:192.168.2.99. */
struct prefix {
	struct in6_addr address;
	int len; /* as the family counts; -1: none */
};

struct segment {
	struct prefix nets[2]; /* of IPv4 and IPv6 */
	bool strict, inner;
};

struct port {
	char name[IFNAMSIZ];
	int segment, index; /* index: in the world's namespace */
};

struct station {
	int segment;
	struct in6_addr address;
	struct prefix reaches;
	uint8_t mac[ETH_ALEN];
	bool dead;
};

struct local {
	struct in6_addr address, next_hop;
	int segment;
};

struct remote {
	struct in6_addr address;
	int behind; /* a station, or -1 */
};

/* Who asks for an address on the link, and which NICs say that they have it. */
struct target {
	int station;
	struct in6_addr address;
	bool answered[MAX];
	uint8_t macs[MAX][ETH_ALEN];
};

/* What counts of one, without the frame around it. */
struct packet {
	struct in6_addr from, to;
	int protocol;
	const uint8_t *payload;
	size_t len;
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

static bool same(struct in6_addr a, struct in6_addr b)
{
	return IN6_ARE_ADDR_EQUAL(&a, &b);
}

static bool is_inet6(struct in6_addr address)
{
	return !IN6_IS_ADDR_V4MAPPED(&address);
}

static struct in6_addr mapped(const void *inet4)
{
	struct in6_addr address = {.s6_addr = {[10] = 255, [11] = 255}};

	memcpy(&address.s6_addr[12], inet4, 4);
	return address;
}

static struct in6_addr address_of(const char *text)
{
	struct in6_addr address;
	struct in_addr inet4;

	if (inet_pton(AF_INET, text, &inet4) == 1)
		return mapped(&inet4);
	if (inet_pton(AF_INET6, text, &address) != 1)
		die(text);
	return address;
}

/* Two at a time may be in one printf. */
static const char *text_of(struct in6_addr address)
{
	static char texts[2][INET6_ADDRSTRLEN];
	static int next;

	next = !next;
	return is_inet6(address) ? inet_ntop(AF_INET6, &address, texts[next], sizeof(*texts))
		: inet_ntop(AF_INET, &address.s6_addr[12], texts[next], sizeof(*texts));
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix = {.len = -1};
	char address[64];

	if (sscanf(text, "%63[^/]/%d", address, &prefix.len) != 2)
		die(text);
	prefix.address = address_of(address);
	return prefix;
}

static bool prefix_has(struct prefix prefix, struct in6_addr address)
{
	int len = prefix.len + (is_inet6(prefix.address) ? 0 : 96), i;

	if (prefix.len < 0 || is_inet6(prefix.address) != is_inet6(address))
		return false;
	for (i = 0; i < len && (prefix.address.s6_addr[i / 8] ^ address.s6_addr[i / 8]) <
			256 >> (i % 8 + 1); i++)
		;
	return i >= len;
}

static int station_find(int segment, struct in6_addr address)
{
	int i;

	for (i = 0; i < n_stations; i++)
		if (stations[i].segment == segment && same(stations[i].address, address))
			return i;
	return -1;
}

static void add_station(int segment, struct in6_addr address, const char *reaches)
{
	struct station *station = &stations[n_stations];

	station->segment = segment;
	station->address = address;
	station->reaches = *reaches ? prefix_of(reaches) : (struct prefix){.len = -1};
	memcpy(station->mac, (uint8_t[]){2, 0, 0, 0, (uint8_t)segment, (uint8_t)n_stations}, ETH_ALEN);
	n_stations++;
}

static void read_line(const char *line)
{
	char word[16] = "", a[64] = "", b[64] = "", c[64] = "";
	struct port *port = &ports[n_ports];

	sscanf(line, "%15s %63s %63s %63s", word, a, b, c);
	if (!strcmp(word, "segment")) {
		segments[atoi(a)].nets[strchr(b, ':') != NULL] = prefix_of(b);
		segments[atoi(a)].strict = !strcmp(c, "strict");
		segments[atoi(a)].inner = !strcmp(c, "inner");
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
	char address[64];
	int segment, i;

	while (file && fscanf(file, "%d %63s", &segment, address) == 2) {
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
		if (same(stations[i].address, remote->address))
			return i;
	return -1;
}

static int gateway_of(int segment, bool inet6)
{
	int i;

	for (i = 0; i < n_stations; i++)
		if (stations[i].segment == segment && stations[i].reaches.len == 0 &&
			is_inet6(stations[i].address) == inet6 && !stations[i].dead)
			return i;
	return -1;
}

/* The last station before the host, towards a local address, and its next hop; -1: none. */
static int station_before(const struct remote *remote, const struct local *local,
	struct in6_addr *next_hop)
{
	int station = station_of(remote);
	bool inet6 = is_inet6(local->address);

	*next_hop = local->next_hop;
	if (is_inet6(remote->address) != inet6)
		return -1;
	if (station >= 0 && segments[stations[station].segment].inner) {
		*next_hop = segments[stations[station].segment].nets[inet6].address;
		return station;
	}
	if (station >= 0 && stations[station].segment == local->segment)
		return station;
	if (remote->behind >= 0 && stations[remote->behind].segment == local->segment)
		return remote->behind;
	return gateway_of(local->segment, inet6);
}

static bool is_of_segment(int segment, struct in6_addr address)
{
	int i;

	for (i = 0; i < n_locals; i++)
		if (same(locals[i].address, address) && locals[i].segment == segment)
			return true;
	return prefix_has(segments[segment].nets[is_inet6(address)], address);
}

/* Does a packet that the station gets from the host reach its destination? */
static bool is_delivered(int station, struct in6_addr from, struct in6_addr to)
{
	const struct station *router = &stations[station];
	struct remote remote = {to, -1};
	int home = station_of(&remote);

	if (router->dead)
		return false;
	if (same(router->address, to))
		return true;
	if (router->reaches.len < 0)
		return false;
	if (segments[router->segment].strict && !is_of_segment(router->segment, from))
		return false;
	if (home >= 0 && segments[stations[home].segment].inner)
		return false;
	return prefix_has(router->reaches, to) ||
		prefix_has(segments[router->segment].nets[is_inet6(to)], to);
}

/* --- packets -------------------------------------------------------------------------------- */

static uint32_t add_words(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return sum;
}

static uint16_t checksum(const void *data, size_t len, uint32_t sum)
{
	sum = add_words(data, len, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* The ffff before an IPv4 address is nothing to such a sum. */
static uint32_t pseudo_header(struct in6_addr from, struct in6_addr to, int protocol, size_t len)
{
	return add_words(&from, sizeof(from),
		add_words(&to, sizeof(to), (uint32_t)protocol + (uint32_t)len));
}

static void transmit(int port, const void *frame, size_t len)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = ports[port].index,
		.sll_halen = ETH_ALEN};

	/* A NIC of the host that is down loses it. */
	sendto(wire, frame, len, 0, (const struct sockaddr *)&to, sizeof(to));
}

/* Asks everybody for `to`; or, with the MAC of who asked, tells him that the station has its own. */
static void send_arp(int port, const struct station *from, const uint8_t *mac, struct in6_addr to)
{
	struct {
		struct ether_header ether;
		struct ether_arp arp;
	} __attribute__((packed)) frame = {.ether.ether_type = htons(ETHERTYPE_ARP),
		.arp.ea_hdr = {htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN, 4,
			htons(mac ? ARPOP_REPLY : ARPOP_REQUEST)}};

	memcpy(frame.ether.ether_shost, from->mac, ETH_ALEN);
	memcpy(frame.arp.arp_sha, from->mac, ETH_ALEN);
	memcpy(frame.arp.arp_spa, &from->address.s6_addr[12], 4);
	memset(frame.ether.ether_dhost, 255, ETH_ALEN);
	if (mac) {
		memcpy(frame.ether.ether_dhost, mac, ETH_ALEN);
		memcpy(frame.arp.arp_tha, mac, ETH_ALEN);
	}
	memcpy(frame.arp.arp_tpa, &to.s6_addr[12], 4);
	transmit(port, &frame, sizeof(frame));
}

/* The same by neighbour discovery. */
static void send_discovery(
	int port, const struct station *from, const uint8_t *mac, struct in6_addr to)
{
	struct {
		struct ether_header ether;
		struct ip6_hdr ip;
		struct nd_neighbor_solicit nd; /* an advertisement has the same fields */
		struct nd_opt_hdr option;
		uint8_t mac[ETH_ALEN];
	} __attribute__((packed)) frame = {.ether.ether_type = htons(ETHERTYPE_IPV6),
		.ip = {.ip6_flow = htonl(6u << 28), .ip6_nxt = IPPROTO_ICMPV6, .ip6_hlim = 255,
			.ip6_src = from->address, .ip6_dst = to},
		.nd = {.nd_ns_type = ND_NEIGHBOR_SOLICIT, .nd_ns_target = to},
		.option = {ND_OPT_SOURCE_LINKADDR, 1}};
	const size_t len = sizeof(frame) - sizeof(frame.ether) - sizeof(frame.ip);

	if (mac) {
		frame.nd.nd_ns_type = ND_NEIGHBOR_ADVERT;
		frame.nd.nd_ns_reserved = ND_NA_FLAG_SOLICITED | ND_NA_FLAG_OVERRIDE;
		frame.nd.nd_ns_target = from->address;
		frame.option.nd_opt_type = ND_OPT_TARGET_LINKADDR;
	} else {
		memcpy(&frame.ip.ip6_dst, (uint8_t[13]){255, 2, [11] = 1, 255}, 13);
	}
	memcpy(frame.ether.ether_shost, from->mac, ETH_ALEN);
	memcpy(frame.mac, from->mac, ETH_ALEN);
	memcpy(frame.ether.ether_dhost, (uint8_t[]){0x33, 0x33, 255, to.s6_addr[13], to.s6_addr[14],
		to.s6_addr[15]}, ETH_ALEN);
	if (mac)
		memcpy(frame.ether.ether_dhost, mac, ETH_ALEN);
	frame.ip.ip6_plen = htons((uint16_t)len);
	frame.nd.nd_ns_cksum = checksum(&frame.nd, len,
		pseudo_header(frame.ip.ip6_src, frame.ip.ip6_dst, IPPROTO_ICMPV6, len));
	transmit(port, &frame, sizeof(frame));
}

static void send_neighbour(
	int port, const struct station *from, const uint8_t *mac, struct in6_addr to)
{
	(is_inet6(from->address) ? send_discovery : send_arp)(port, from, mac, to);
}

static size_t fill_payload(uint8_t *at, int protocol, int number, const struct packet *packet)
{
	struct icmphdr icmp = {.type = ICMP_ECHO};
	struct tcphdr tcp = {.seq = htonl(1), .doff = 5, .syn = 1, .window = htons(512)};
	struct udphdr udp = {.len = htons(sizeof(udp))};
	uint16_t port = htons((uint16_t)(FIRST_PORT + number));
	size_t len = protocol == 0 ? sizeof(icmp) : protocol == 1 ? sizeof(tcp) : sizeof(udp);
	uint32_t pseudo = pseudo_header(packet->from, packet->to, packet->protocol, len);

	if (protocol == 0) {
		/* Of IPv4 it is for the message alone. */
		if (packet->protocol == IPPROTO_ICMP)
			pseudo = 0;
		else
			icmp.type = ICMP6_ECHO_REQUEST;
		icmp.un.echo.id = htons(ECHO_ID);
		icmp.un.echo.sequence = htons((uint16_t)number);
		icmp.checksum = checksum(&icmp, sizeof(icmp), pseudo);
		memcpy(at, &icmp, sizeof(icmp));
	} else if (protocol == 1) {
		tcp.source = port;
		tcp.dest = htons(SERVER_PORT);
		tcp.check = checksum(&tcp, sizeof(tcp), pseudo);
		memcpy(at, &tcp, sizeof(tcp));
	} else {
		udp.source = port;
		udp.dest = htons(SERVER_PORT);
		udp.check = checksum(&udp, sizeof(udp), pseudo);
		/* None would be said by 0. */
		udp.check = udp.check ? udp.check : 0xffff;
		memcpy(at, &udp, sizeof(udp));
	}
	return len;
}

static size_t fill_header(uint8_t *at, const struct packet *packet, size_t len)
{
	struct ip6_hdr ip6 = {.ip6_flow = htonl(6u << 28), .ip6_nxt = (uint8_t)packet->protocol,
		.ip6_hlim = 60, .ip6_plen = htons((uint16_t)len), .ip6_src = packet->from,
		.ip6_dst = packet->to};
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 60, .protocol = (uint8_t)packet->protocol,
		.tot_len = htons((uint16_t)(sizeof(ip) + len))};

	if (is_inet6(packet->from)) {
		memcpy(at, &ip6, sizeof(ip6));
		return sizeof(ip6);
	}
	memcpy(&ip.saddr, &packet->from.s6_addr[12], 4);
	memcpy(&ip.daddr, &packet->to.s6_addr[12], 4);
	ip.check = checksum(&ip, sizeof(ip), 0);
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static void send_question(const struct question *question, int number, int protocol)
{
	struct packet packet = {.from = remotes[question->remote].address,
		.to = locals[question->local].address};
	bool inet6 = is_inet6(packet.from);
	uint8_t frame[128], payload[32];
	struct ether_header ether = {.ether_type = htons(inet6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP)};
	size_t header, len;

	packet.protocol = (const int[]){inet6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, IPPROTO_TCP,
		IPPROTO_UDP}[protocol];
	memcpy(ether.ether_dhost, question->mac, ETH_ALEN);
	memcpy(ether.ether_shost, stations[question->station].mac, ETH_ALEN);
	memcpy(frame, &ether, sizeof(ether));
	len = fill_payload(payload, protocol, number, &packet);
	header = sizeof(ether) + fill_header(frame + sizeof(ether), &packet, len);
	memcpy(frame + header, payload, len);
	transmit(question->arrives, frame, header + len);
}

/* --- what comes out of the host ------------------------------------------------------------- */

/* A neighbour asks for `wanted` (of which it says nothing), or says that it has an address that a
 * station looks for. */
static void take_neighbour(int port, bool asks, struct in6_addr neighbour, const uint8_t *mac,
	struct in6_addr wanted)
{
	int station = station_find(ports[port].segment, wanted), i;

	if (station < 0 || stations[station].dead)
		return;
	if (asks) {
		send_neighbour(port, &stations[station], mac, neighbour);
		return;
	}
	for (i = 0; i < n_targets; i++)
		if (targets[i].station == station && same(targets[i].address, neighbour)) {
			targets[i].answered[port] = true;
			memcpy(targets[i].macs[port], mac, ETH_ALEN);
		}
}

static void take_arp(int port, const uint8_t *frame)
{
	struct ether_arp arp;

	memcpy(&arp, frame + sizeof(struct ether_header), sizeof(arp));
	take_neighbour(port, ntohs(arp.ea_hdr.ar_op) == ARPOP_REQUEST, mapped(arp.arp_spa),
		arp.arp_sha, mapped(arp.arp_tpa));
}

/* False if it is none of neighbour discovery. */
static bool take_discovery(int port, const uint8_t *frame, const struct packet *packet)
{
	struct nd_neighbor_solicit nd;
	struct ether_header ether;

	if (packet->protocol != IPPROTO_ICMPV6 || packet->len < sizeof(nd))
		return false;
	memcpy(&ether, frame, sizeof(ether));
	memcpy(&nd, packet->payload, sizeof(nd));
	if (nd.nd_ns_type == ND_NEIGHBOR_SOLICIT)
		take_neighbour(port, true, packet->from, ether.ether_shost, nd.nd_ns_target);
	else if (nd.nd_ns_type == ND_NEIGHBOR_ADVERT)
		take_neighbour(port, false, nd.nd_ns_target, ether.ether_shost, packet->to);
	else
		return false;
	return true;
}

/* The answer that this packet is to; NULL if to none. */
static struct answer *answer_of(const struct packet *packet)
{
	struct icmphdr icmp;
	uint16_t ports_seen[2];
	int number, protocol, i;

	memcpy(&icmp, packet->payload, sizeof(icmp));
	memcpy(ports_seen, packet->payload, sizeof(ports_seen));
	if (packet->protocol == IPPROTO_UDP && ntohs(ports_seen[1]) == OWN_PORT) {
		for (i = 0; i < n_remotes; i++)
			if (same(remotes[i].address, packet->to))
				return &own[i];
		return NULL;
	}
	switch (packet->protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if ((icmp.type != ICMP_ECHOREPLY && icmp.type != ICMP6_ECHO_REPLY) ||
			ntohs(icmp.un.echo.id) != ECHO_ID)
			return NULL;
		protocol = 0;
		number = ntohs(icmp.un.echo.sequence);
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		protocol = packet->protocol == IPPROTO_TCP ? 1 : 2;
		number = ntohs(ports_seen[1]) - FIRST_PORT;
		break;
	default:
		return NULL;
	}
	if (number < 0 || number >= n_questions ||
		!same(remotes[questions[number].remote].address, packet->to) ||
		!same(locals[questions[number].local].address, packet->from))
		return NULL;
	return &questions[number].answers[protocol];
}

/* False if it is too short to be of interest, or of neither family. */
static bool read_packet(const uint8_t *bytes, size_t len, struct packet *packet)
{
	struct ip6_hdr ip6;
	struct iphdr ip;
	size_t header;

	if (len >= sizeof(ip) && bytes[0] >> 4 == 4) {
		memcpy(&ip, bytes, sizeof(ip));
		header = ip.ihl * 4u;
		packet->from = mapped(&ip.saddr);
		packet->to = mapped(&ip.daddr);
		packet->protocol = ip.protocol;
	} else if (len >= sizeof(ip6) && bytes[0] >> 4 == 6) {
		memcpy(&ip6, bytes, sizeof(ip6));
		header = sizeof(ip6);
		packet->from = ip6.ip6_src;
		packet->to = ip6.ip6_dst;
		packet->protocol = ip6.ip6_nxt;
	} else {
		return false;
	}
	packet->payload = bytes + header;
	packet->len = len - header;
	return len >= header + sizeof(struct icmphdr);
}

static void take_ip(int port, const uint8_t *frame, size_t len)
{
	const size_t before = sizeof(struct ether_header);
	struct answer *answer;
	struct packet packet;
	int i;

	if (!read_packet(frame + before, len - before, &packet) ||
		take_discovery(port, frame, &packet))
		return;
	answer = answer_of(&packet);
	if (!answer || answer->port >= 0)
		return;
	for (i = 0; i < n_stations; i++) {
		if (stations[i].segment != ports[port].segment ||
			memcmp(stations[i].mac, frame, ETH_ALEN))
			continue;
		answer->port = port;
		answer->delivered = is_delivered(i, packet.from, packet.to);
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
		if (ether.ether_type == htons(ETHERTYPE_IP) ||
			ether.ether_type == htons(ETHERTYPE_IPV6))
			take_ip(port, frame, (size_t)len);
	}
	return true;
}

/* What leaves through the tunnel has no header before that of IP. The far end of a VPN takes what
 * is the host's own, and no replies from addresses that it has not given. */
static bool take_tunnelled(void)
{
	uint8_t bytes[2048];
	ssize_t len = recv(tunnel, bytes, sizeof(bytes), MSG_DONTWAIT);
	struct answer *answer;
	struct packet packet;

	if (len < 0)
		return false;
	answer = read_packet(bytes, (size_t)len, &packet) ? answer_of(&packet) : NULL;
	if (answer && answer->port < 0) {
		answer->port = n_ports;
		answer->delivered = answer >= own && answer < own + MAX;
	}
	return true;
}

/* As a server does that answers by the address that was asked. */
static bool serve(void)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))], byte;
	struct sockaddr_in6 from;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &data,
		.msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header;
	struct in6_pktinfo info;

	if (recvmsg(server, &message, MSG_DONTWAIT) < 0)
		return false;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != IPV6_PKTINFO)
		return true;
	memcpy(&info, CMSG_DATA(header), sizeof(info));
	info.ipi6_ifindex = 0;
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

static int add_target(int station, struct in6_addr address)
{
	int i;

	for (i = 0; i < n_targets; i++)
		if (targets[i].station == station && same(targets[i].address, address))
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
			send_neighbour(port, station, NULL, target->address);
}

static void find_targets(void)
{
	int round, i, station;
	struct in6_addr next_hop;

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
	struct in6_addr next_hop;
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
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(OWN_PORT),
		.sin6_addr = remotes[remote].address};

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

/* Of both families; port 0: any. */
static int open_socket(int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), on = 1, off = 0;

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) ||
		bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		die("socket");
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
	server = open_socket(SERVER_PORT);
	own_fd = open_socket(0);
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
