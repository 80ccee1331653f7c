/* SPDX-License-Identifier: MIT
 * A host as a folder of tests/cases: about, etc, and setup with what initscripts would have run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host.h"

const char *format_address(uint32_t address, char text[32])
{
	struct in_addr in = {htonl(address)};

	return inet_ntop(AF_INET, &in, text, 32);
}

const char *format_net(struct net net, char text[32])
{
	format_address(net.address, text);
	sprintf(text + strlen(text), "/%d", net.len);
	return text;
}

/* Ends the program on failure: without its files a host is nothing. */
static FILE *create(const char *folder, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static FILE *create(const char *folder, const char *format, ...)
{
	char path[512];
	va_list args;
	FILE *file;
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", folder);

	va_start(args, format);
	vsnprintf(path + n, sizeof(path) - n, format, args);
	va_end(args);
	file = fopen(path, "w");
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	return file;
}

static void make_folder(const char *folder, const char *below)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s", folder, below);
	if (mkdir(path, 0777) && errno != EEXIST) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static uint32_t mask_of(int len)
{
	return len ? 0xffffffffu << (32 - len) : 0;
}

/* An alias has one address, and PREFIX=: on EL6 and later that of its NIC comes before NETMASK=. */
static void write_addresses(const struct host *host, int file, FILE *out)
{
	const struct ifcfg *ifcfg = &host->files[file];
	const struct net *net;
	char text[32], index[16] = "";
	int i, n = 0;

	for (i = 0; i < host->n_addresses; i++) {
		net = &host->addresses[i].net;
		if (host->addresses[i].file != file)
			continue;
		if (n || (ifcfg->nic % 2 && !ifcfg->alias))
			snprintf(index, sizeof(index), "%d", n);
		fprintf(out, "IPADDR%s=%s\n", index, format_address(net->address, text));
		if (i % 3 || ifcfg->alias)
			fprintf(out, "PREFIX%s=%d\n", index, net->len);
		else
			fprintf(out, "NETMASK%s=%s\n", index,
				format_address(mask_of(net->len), text));
		n++;
	}
}

static void write_ifcfg(const struct host *host, int n, const char *folder)
{
	const struct ifcfg *file = &host->files[n];
	char text[32], name[32];
	FILE *out;

	strcpy(name, host->nics[file->nic].name);
	if (file->alias)
		sprintf(name + strlen(name), ":%d", file->alias);
	out = create(folder, "etc/sysconfig/network-scripts/ifcfg-%s", name);
	fprintf(out, "DEVICE=%s\n", name);
	write_addresses(host, n, out);
	if (file->gateway)
		fprintf(out, "GATEWAY=%s\n", format_address(file->gateway, text));
	if (file->metric >= 0)
		fprintf(out, "METRIC=%d\n", file->metric);
	if (file->table)
		fprintf(out, "TABLE=%d\n", file->table);
	fputs(file->defroute_no ? "DEFROUTE=no\n" : "", out);
	fputs(file->fallback_no ? "FALLBACK=no\n" : "", out);
	fputs(file->multihome_no ? "MULTIHOME=no\n" : "", out);
	fclose(out);
}

static void write_route(const struct host *host, const struct route *route, FILE *out)
{
	char text[32];

	if (route->blackhole)
		fputs("blackhole ", out);
	if (route->dst.len)
		fputs(format_net(route->dst, text), out);
	else
		fputs("default", out);
	if (!route->blackhole && route->gateway)
		fprintf(out, " via %s", format_address(route->gateway, text));
	if (!route->blackhole)
		fprintf(out, " dev %s%s", host->nics[route->nic].name,
			route->onlink ? " onlink" : "");
	if (route->metric)
		fprintf(out, " metric %d", route->metric);
	if (route->table != TABLE_MAIN)
		fprintf(out, " table %d", route->table);
	fputs("\n", out);
}

static void write_rule(const struct rule *rule, FILE *out)
{
	char text[32];

	fprintf(out, "from %s", rule->from.len ? format_net(rule->from, text) : "all");
	if (rule->to.len)
		fprintf(out, " to %s", format_net(rule->to, text));
	if (rule->mark)
		fprintf(out, " fwmark %d", rule->mark);
	fprintf(out, " lookup %d priority %d\n", rule->table, rule->priority);
}

static void write_shell_route(const struct route *route, int n, FILE *out)
{
	char text[32];

	fprintf(out, "ADDRESS%d=%s\n", n, format_address(route->dst.address, text));
	fprintf(out, "NETMASK%d=%s\n", n, format_address(mask_of(route->dst.len), text));
	if (route->gateway)
		fprintf(out, "GATEWAY%d=%s\n", n, format_address(route->gateway, text));
}

static void write_route_file(const struct host *host, int nic, const char *folder)
{
	FILE *out = NULL;
	int i, n = 0;

	for (i = 0; i < host->n_routes; i++) {
		if (host->routes[i].home != ROUTE_STATIC || host->routes[i].nic != nic)
			continue;
		if (!out)
			out = create(folder, "etc/sysconfig/network-scripts/route-%s",
				host->nics[nic].name);
		if (host->nics[nic].shell_form)
			write_shell_route(&host->routes[i], n++, out);
		else
			write_route(host, &host->routes[i], out);
	}
	if (out)
		fclose(out);
}

static void write_rule_file(const struct host *host, int nic, const char *folder)
{
	FILE *out = NULL;
	int i;

	for (i = 0; i < host->n_rules; i++) {
		if (host->rules[i].file != nic)
			continue;
		if (!out)
			out = create(folder, "etc/sysconfig/network-scripts/rule-%s",
				host->nics[nic].name);
		write_rule(&host->rules[i], out);
	}
	if (out)
		fclose(out);
}

static void write_network(const struct host *host, const char *folder)
{
	FILE *out = create(folder, "etc/sysconfig/network");
	char text[32];

	fputs("NETWORKING=yes\nHOSTNAME=host.example\n", out);
	if (host->gateway)
		fprintf(out, "GATEWAY=%s\n", format_address(host->gateway, text));
	if (host->gateway_nic >= 0)
		fprintf(out, "GATEWAYDEV=%s\n", host->nics[host->gateway_nic].name);
	fclose(out);
}

static void setup_default(const struct host *host, int file, FILE *out)
{
	enum main_default kind = host_main_default(host, file);
	const char *device = host->nics[host->files[file].nic].name;
	char text[32];

	if (kind == DEFAULT_NONE)
		return;
	fputs("ip route replace default", out);
	if (host->files[file].metric >= 0)
		fprintf(out, " metric %d", host->files[file].metric);
	if (kind == DEFAULT_GATEWAY)
		fprintf(out, " via %s", format_address(file_gateway(host, file), text));
	if (kind == DEFAULT_DEVICE || host->gateway_nic >= 0)
		fprintf(out, " dev %s", device);
	fputs("\n", out);
}

/* Addresses of the file, of an alias or (-1) added by hand. */
static void setup_addresses(const struct host *host, int nic, int file, FILE *out)
{
	char text[32];
	int i;

	for (i = 0; i < host->n_addresses; i++)
		if (host->addresses[i].nic == nic && host->addresses[i].file == file)
			fprintf(out, "ip address add %s dev %s\n",
				format_net(host->addresses[i].net, text), host->nics[nic].name);
}

/* As ifup does it: addresses, the default, aliases, static routes. */
static void setup_nic(const struct host *host, int nic, FILE *out)
{
	int i;

	if (host->nics[nic].absent)
		return;
	if (host->nics[nic].bridge)
		fprintf(out, "ip link add %s type bridge\nip link set %s up\n",
			host->nics[nic].name, host->nics[nic].name);
	else
		fprintf(out, "nic %s\n", host->nics[nic].name);
	for (i = 0; i < host->n_files; i++)
		if (host->files[i].nic == nic) {
			setup_addresses(host, nic, i, out);
			setup_default(host, i, out);
		}
	if (host->nics[nic].bridge)
		setup_addresses(host, nic, -1, out);
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].home == ROUTE_STATIC && host->routes[i].nic == nic) {
			fputs("ip route add ", out);
			write_route(host, &host->routes[i], out);
		}
}

static void write_setup(const struct host *host, const char *folder)
{
	FILE *out = create(folder, "setup");
	int i;

	for (i = 0; i < host->n_nics; i++)
		setup_nic(host, i, out);
	for (i = 0; i < host->n_nics; i++)
		if (!host->nics[i].bridge && !host->nics[i].absent)
			setup_addresses(host, i, -1, out);
	for (i = 0; i < host->n_routes; i++)
		if (host->routes[i].home == ROUTE_FOREIGN) {
			fputs("ip route add ", out);
			write_route(host, &host->routes[i], out);
		}
	for (i = 0; i < host->n_rules; i++) {
		fputs("ip rule add ", out);
		write_rule(&host->rules[i], out);
	}
	fclose(out);
}

void case_write(const struct host *host, uint64_t seed, const char *folder)
{
	FILE *about;
	int i;

	make_folder(folder, "");
	make_folder(folder, "/etc");
	make_folder(folder, "/etc/sysconfig");
	make_folder(folder, "/etc/sysconfig/network-scripts");
	about = create(folder, "about");
	fprintf(about, "the random host of seed %llu\n", (unsigned long long)seed);
	fclose(about);
	write_network(host, folder);
	for (i = 0; i < host->n_files; i++)
		write_ifcfg(host, i, folder);
	for (i = 0; i < host->n_nics; i++) {
		write_route_file(host, i, folder);
		write_rule_file(host, i, folder);
	}
	write_setup(host, folder);
}
