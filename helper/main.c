/* SPDX-License-Identifier: MIT
 * multihome: each NIC answers through its own gateway. The table of verbs.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum argument { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_NEEDED };

struct verb {
	const char *name;
	int (*run)(const struct options *options);
	enum argument argument;
	const char *words; /* the argument's and the options' */
	const char *summary;
};

static const struct verb verbs[] = {
	{"prepare", cmd_prepare, ARGUMENT_NEEDED, "CONFIG",
		"hook: refresh the managed blocks before ifup applies them"},
	{"up", cmd_up, ARGUMENT_NEEDED, "DEVICE", "hook: the device came up"},
	{"down", cmd_down, ARGUMENT_NEEDED, "DEVICE", "hook: the device went down"},
	{"lease", cmd_lease, ARGUMENT_NONE, "",
		"hook: dhclient got or lost a lease, as its environment says"},
	{"sync", cmd_sync, ARGUMENT_NONE, "", "bring files and kernel to what the plan wants"},
	{"plan", cmd_plan, ARGUMENT_OPTIONAL, "[--root DIR] [DEVICE]",
		"show what sync would do, changing nothing"},
	{"show", cmd_show, ARGUMENT_NONE, "[--porcelain]", "list the uplinks"},
	{"clean", cmd_clean, ARGUMENT_NONE, "", "remove all that multihome put anywhere"},
};

enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

static int help(void)
{
	char left[40];
	size_t i;

	puts("Usage: multihome VERB [ARGUMENT]\n"
	     "Makes each NIC with a GATEWAY in its ifcfg file answer through that gateway.\n");
	for (i = 0; i < VERBS; i++) {
		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].words);
		printf("  %-28s %s\n", left, verbs[i].summary);
	}
	puts("  --help, --version");
	return EXIT_DONE;
}

static int usage(const struct verb *verb)
{
	fprintf(stderr, "usage: multihome %s%s%s\n", verb->name, *verb->words ? " " : "",
		verb->words);
	return EXIT_USAGE;
}

/* The verb's own words tell which options it takes. */
static bool takes(const struct verb *verb, const char *option)
{
	return strstr(verb->words, option) != NULL;
}

static int verb_run(const struct verb *verb, int argc, char **argv)
{
	static const struct option longs[] = {{"root", required_argument, NULL, 'r'},
		{"porcelain", no_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	struct options options = {NULL, NULL, false};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (option == 'h')
			return help();
		if (option == 'r' && takes(verb, "--root"))
			options.root = optarg;
		else if (option == 'p' && takes(verb, "--porcelain"))
			options.porcelain = true;
		else
			return usage(verb);
	}
	if (argc - optind > (verb->argument != ARGUMENT_NONE) ||
		(verb->argument == ARGUMENT_NEEDED && optind == argc))
		return usage(verb);
	options.argument = argv[optind];
	return verb->run(&options);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return help();
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("multihome " VERSION);
		return EXIT_DONE;
	}
	for (i = 0; argc > 1 && i < VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verb_run(&verbs[i], argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "multihome: unknown verb '%s'; see multihome --help\n", argv[1]);
	else
		fputs("usage: multihome VERB [ARGUMENT]; see multihome --help\n", stderr);
	return EXIT_USAGE;
}
