/* SPDX-License-Identifier: MIT
 * A random host of the property test, and what must hold for its replies.
 *
 * Nothing of helper/ is used here: what multihome must do is said a second time, from README.md
 * and not from the plan's code, so that a mistake in one is not in the other.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MAX_NICS = 6, MAX_FILES = 12, MAX_ADDRESSES = 32, MAX_ROUTES = 64, MAX_RULES = 8 };
enum { TABLE_MAIN = 254, FIRST_OWN_PRIORITY = 10000, MAIN_PRIORITY = 32766 };

struct net {
	uint32_t address; /* host order */
	int len;
};

struct nic {
	char name[16];
	bool absent;	 /* configured, but its ifup has not run */
	bool bridge;	 /* docker0: no ifcfg file */
	bool shell_form; /* route-NIC has ADDRESSn= lines */
};

/* An ifcfg file: of a NIC, or of an alias of it. */
struct ifcfg {
	int nic;
	int alias;	  /* 0: the NIC's own */
	uint32_t gateway; /* 0: none */
	int metric;	  /* -1: none */
	int table;	  /* 0: none */
	bool defroute_no, fallback_no, multihome_no;
};

struct address {
	struct net net; /* the address with the length of its network */
	int nic;
	int file; /* -1: added by hand */
};

enum route_home { ROUTE_CONNECTED, ROUTE_STATIC, ROUTE_FOREIGN };

struct route {
	struct net dst;
	enum route_home home;
	int nic;
	uint32_t gateway; /* 0: on-link */
	int metric;
	int table;
	bool blackhole, onlink;
};

struct rule {
	struct net from, to; /* len 0: any */
	int table, priority;
	int mark; /* 0: none */
	int file; /* the NIC whose rule- file has it, or -1 */
};

struct host {
	uint64_t random;
	struct nic nics[MAX_NICS];
	struct ifcfg files[MAX_FILES];
	struct address addresses[MAX_ADDRESSES];
	struct route routes[MAX_ROUTES];
	struct rule rules[MAX_RULES];
	int n_nics, n_files, n_addresses, n_routes, n_rules;
	uint32_t gateway; /* of /etc/sysconfig/network, or 0 */
	int gateway_nic;  /* GATEWAYDEV=, or -1 */
	bool has_default; /* initscripts set one in main */
};

/* generate.c */
void host_generate(struct host *host, uint64_t seed);
unsigned random_below(struct host *host, unsigned n);
bool net_has(struct net net, uint32_t address);
bool host_has_address(const struct host *host, uint32_t address);
/* Neither one of the host's own nor a network's first or last; 0 if none was found. */
uint32_t random_remote(struct host *host, struct net net);

/* What initscripts do with the file's gateway in main. */
enum main_default { DEFAULT_NONE, DEFAULT_GATEWAY, DEFAULT_DEVICE };
enum main_default host_main_default(const struct host *host, int file);
/* GATEWAY= of the file or of /etc/sysconfig/network. */
uint32_t file_gateway(const struct host *host, int file);

/* model.c: writes the questions and what must be answered, one a line:
 *   QUESTION TAB WANT TAB WHY
 *   reply ADDRESS|any REMOTE              via GATEWAY dev NIC, dev NIC, or same
 *   arrive ADDRESS REMOTE NIC             accepted
 *   fallback                              via GATEWAY dev NIC */
void model_write(struct host *host, FILE *out);

/* case.c: writes the host as a folder of tests/cases; ends the program if it cannot. */
void case_write(const struct host *host, uint64_t seed, const char *folder);
const char *format_address(uint32_t address, char text[32]);
const char *format_net(struct net net, char text[32]);

/* ask.c: the kernel's answer to a question. */
enum { ANSWER_SIZE = 128 };
int ask_open(void);
void ask(int fd, const char *question, char answer[ANSWER_SIZE]);

#endif
