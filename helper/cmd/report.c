/* SPDX-License-Identifier: MIT
 * report: all that somebody needs who is to say what is wrong with this host, as one text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/line.h"
#include "cmd/judge.h"
#include "conf/shvar.h"
#include "judge/show.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum { LOG_LINES = 50 };

/* Keys that decide how a NIC is reached; all others may be secrets. A digit may follow. */
static const char *const shown_keys[] = {"ARP", "ARPCHECK", "ARP_ANNOUNCE", "ARP_IGNORE",
	"BONDING_OPTS", "BOOTPROTO", "BRIDGE", "BROADCAST", "CLONENUM_START", "CONNMARK", "DEFROUTE",
	"DEVICE", "FALLBACK", "FALLBACK_METRIC", "FILES", "GATEWAY", "GATEWAYDEV", "HWADDR",
	"IPADDR", "IPADDR_END", "IPADDR_START", "IPV6ADDR", "IPV6ADDR_SECONDARIES", "IPV6FORWARDING",
	"IPV6INIT", "IPV6_AUTOCONF", "IPV6_DEFAULTDEV", "IPV6_DEFAULTGW", "IPV6_DEFROUTE",
	"IPV6_ROUTER", "MARK_MASK", "MASTER", "METRIC", "MTU", "MULTIHOME", "NETMASK", "NETWORK",
	"NETWORKING", "NETWORKING_IPV6", "NM_CONTROLLED", "ONBOOT", "PEERROUTES", "PHYSDEV",
	"PREFIX", "RP_FILTER", "RULE_PRIORITY", "SCOPE", "SLAVE", "SRCADDR", "TABLE", "TABLE_RANGE",
	"TRACK", "TRACK_DOWN", "TRACK_INTERVAL", "TRACK_IP", "TRACK_UP", "TYPE", "UDP_PORTS", "VLAN"};

static bool is_shown(const char *key)
{
	size_t i, n;

	for (i = 0; i < sizeof(shown_keys) / sizeof(*shown_keys); i++) {
		n = strlen(shown_keys[i]);
		if (!strncmp(shown_keys[i], key, n) &&
			!key[n + strspn(key + n, "0123456789")])
			return true;
	}
	return false;
}

static void add_heading(struct text *out, const char *heading)
{
	text_format(out, "%s== %s\n", out->n ? "\n" : "", heading);
}

/* KEY=VALUE for what is shown, the key alone for what is not. */
static void add_keys(struct text *out, const struct file *file)
{
	struct shvars vars = {0};
	const struct shvar *var;
	size_t i;

	if (!file->bytes)
		return;
	add_heading(out, file->path);
	shvar_parse(file->bytes, file->len, file->path, &vars);
	for (i = 0; i < vars.n; i++) {
		var = &vars.items[i];
		if (!is_shown(var->key))
			text_format(out, "%d: %s=(not shown)\n", var->line, var->key);
		else if (!var->value)
			text_format(out, "%d: %s: %s\n", var->line, var->key,
				var->why ? var->why : "no plain value");
		else
			text_format(out, "%d: %s='%s'\n", var->line, var->key, var->value);
	}
	shvar_free(&vars);
}

static void add_whole(struct text *out, const struct file *file)
{
	if (!file->bytes)
		return;
	add_heading(out, file->path);
	text_add(out, file->bytes, file->len);
	if (file->len && file->bytes[file->len - 1] != '\n')
		text_add_string(out, "\n");
}

static void add_system(struct text *out)
{
	FILE *release = fopen(SYSCONFDIR "/redhat-release", "r");
	struct utsname system;
	char line[256];

	add_heading(out, "multihome " VERSION);
	if (!uname(&system))
		text_format(out, "%s %s %s\n", system.sysname, system.release, system.machine);
	if (release && fgets(line, sizeof(line), release))
		text_add_string(out, line);
	if (release)
		fclose(release);
}

static void add_kernel(struct text *out, const struct kernel *kernel)
{
	char text[PREFIX_TEXT];
	const struct address *address;
	const struct link *link;
	size_t i;

	add_heading(out, "links and addresses");
	for (i = 0; i < kernel->links.n; i++) {
		link = &kernel->links.items[i];
		text_format(out, "%s%s%s%s%s\n", link->name, link->up ? " up" : " down",
			link->running ? "" : " no-carrier", link->noarp ? " noarp" : "",
			link->vrf ? " vrf" : "");
	}
	for (i = 0; i < kernel->addresses.n; i++) {
		address = &kernel->addresses.items[i];
		text_format(out, "%s/%d dev %s\n", prefix_format_address(&address->prefix, text),
			address->prefix.len, address->device);
	}
	add_heading(out, "rules");
	for (i = 0; i < kernel->rules.n; i++) {
		rule_format(&kernel->rules.items[i], out);
		text_add_string(out, "\n");
	}
	add_heading(out, "routes");
	for (i = 0; i < kernel->routes.n; i++) {
		if (kernel->routes.items[i].table == TABLE_LOCAL)
			continue;
		route_format_choice(&kernel->routes.items[i], out);
		text_format(out, " table %u\n", kernel->routes.items[i].table);
	}
}

static int add_verdicts(struct text *out, const struct judging *judging)
{
	struct check check = {.verdicts = {NULL, 0, 0}};
	struct findings findings = {.n = 0};
	struct showns showns = {NULL, 0, 0};
	int status;
	size_t i;

	add_heading(out, "show");
	show_collect(&judging->facts, NULL, &showns);
	show_table(&judging->facts, &showns, false, false, out);
	add_heading(out, "check");
	status = judging_check(judging, &check, &findings);
	for (i = 0; i < findings.n; i++)
		finding_format(&findings.items[i], 80, out);
	if (status)
		text_add_string(out, "the kernel could not be asked");
	else
		check_summary(&judging->facts, &check, out);
	text_add_string(out, "\n");
	free(showns.items);
	findings_free(&findings);
	check_free(&check);
	return status;
}

/* The last lines that multihome wrote, read from the end. */
static void add_log(struct text *out)
{
	static const char path[] = "/var/log/messages";
	FILE *file = fopen(path, "r");
	char *lines[LOG_LINES] = {NULL}, line[1024];
	size_t n = 0, i;

	add_heading(out, "log");
	if (!file) {
		text_format(out, "%s cannot be read\n", path);
		return;
	}
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "multihome")) {
			free(lines[n % LOG_LINES]);
			lines[n++ % LOG_LINES] = mem_string(line);
		}
	for (i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++)
		text_add_string(out, lines[i % LOG_LINES]);
	for (i = 0; i < LOG_LINES; i++)
		free(lines[i]);
	fclose(file);
}

int cmd_report(const struct options *options)
{
	struct judging judging = {.facts = {.kernel = NULL}};
	const struct sources *sources = &judging.host.sources;
	struct text out = {0};
	int status = judging_gather(options, &judging);
	size_t i;

	add_system(&out);
	add_keys(&out, &sources->network);
	add_keys(&out, &sources->defaults);
	for (i = 0; i < sources->ifcfg.n; i++)
		add_keys(&out, &sources->ifcfg.items[i]);
	for (i = 0; i < sources->managed.n; i++)
		add_whole(&out, &sources->managed.items[i]);
	add_whole(&out, &sources->static_routes);
	if (!status) {
		add_kernel(&out, &judging.host.kernel);
		status = add_verdicts(&out, &judging);
	}
	add_log(&out);
	status = output_print(&out, status);
	judging_free(&judging);
	return status;
}
