/* SPDX-License-Identifier: MIT
 * multihome: each NIC answers through its own gateway. The table of verbs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/line.h"
#include "cmd/cmd.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

/* All that usage, help and the completion of shells know of a verb stands here. */
struct verb {
	const char *name;
	int (*run)(const struct options *options);
	enum event event;      /* why it plans */
	const char *options;   /* "[--root DIR]", or "" */
	const char *arguments; /* "REMOTE [LOCAL]": words, from the first bracket on optional; or "" */
	const char *summary;
};

static int cmd_help(const struct options *options);
static int cmd_version(const struct options *options);

static const struct verb verbs[] = {
	{"show", cmd_show, EVENT_SYNC, "[--porcelain] [--json]", "[DEVICE]",
		"list the uplinks, and how each is served"},
	{"plan", cmd_plan, EVENT_SYNC, "[--root DIR] [--exit-code]", "[DEVICE]",
		"show what sync would do, changing nothing"},
	{"check", cmd_check, EVENT_SYNC, "[--porcelain] [--json] [--nagios] [--root DIR]", "",
		"find what is wrong, each with its cure"},
	{"explain", cmd_explain, EVENT_SYNC, "[--json]", "REMOTE [LOCAL] [by DEVICE]",
		"show which way a reply goes, and why"},
	{"sync", cmd_change, EVENT_SYNC, "[-v] [--confirm SECONDS]", "", "bring files and kernel to the plan"},
	{"confirm", cmd_confirm, EVENT_SYNC, "", "", "keep what sync --confirm did"},
	{"watch", cmd_watch, EVENT_WATCH, "[--background] [--once]", "",
		"stay, and heal what changes between hooks"},
	{"clean", cmd_change, EVENT_CLEAN, "", "", "remove all that multihome put anywhere"},
	{"report", cmd_report, EVENT_SYNC, "", "", "print what a bug report needs, no secrets"},
	{"help", cmd_help, EVENT_SYNC, "", "[VERB]", "this, or what the verb takes"},
	{"version", cmd_version, EVENT_SYNC, "", "", "print the version"},
	{"prepare", cmd_change, EVENT_PREPARE, "", "CONFIG",
		"hook: refresh managed blocks before ifup"},
	{"up", cmd_change, EVENT_UP, "", "DEVICE", "hook: the device came up"},
	{"down", cmd_change, EVENT_DOWN, "", "DEVICE", "hook: the device went down"},
	{"lease", cmd_lease, EVENT_LEASE, "", "", "hook: dhclient got or lost a lease"},
};

enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

/* What initscripts call are links to the program, /sbin/ifup-local and the others: it knows by its
 * name what it is for, and no shell is started. */
static const char *const hooks[][2] = {
	{"ifup-pre-local", "prepare"}, {"ifup-local", "up"}, {"ifdown-local", "down"}};

enum { HOOKS = sizeof(hooks) / sizeof(*hooks) };

/* No value is a letter's, so that optopt tells a long option from a short one. */
enum { OPTION_HELP = 256, OPTION_PORCELAIN, OPTION_JSON, OPTION_NAGIOS, OPTION_ROOT, OPTION_BACKGROUND,
	OPTION_ONCE, OPTION_VERBOSE, OPTION_EXIT_CODE, OPTION_CONFIRM };

static const struct verb_option {
	struct option getopt;
	const char *words, *summary;
} verb_options[] = {
	{{"porcelain", no_argument, NULL, OPTION_PORCELAIN}, "--porcelain",
		"for programs: fields with tabs between, no heading"},
	{{"json", no_argument, NULL, OPTION_JSON}, "--json", "for programs: one JSON object"},
	{{"nagios", no_argument, NULL, OPTION_NAGIOS}, "--nagios",
		"as a plugin of Nagios: one line, exit 0 to 3"},
	{{"root", required_argument, NULL, OPTION_ROOT}, "--root DIR",
		"for a copy of /etc, in DIR or in DIR/etc"},
	{{"background", no_argument, NULL, OPTION_BACKGROUND}, "--background",
		"leave the terminal; start again after a crash"},
	{{"once", no_argument, NULL, OPTION_ONCE}, "--once", "heal what there is, and end"},
	{{"verbose", no_argument, NULL, OPTION_VERBOSE}, "-v", "print a line for each change"},
	{{"exit-code", no_argument, NULL, OPTION_EXIT_CODE}, "--exit-code",
		"exit 4 if there is anything to do"},
	{{"confirm", required_argument, NULL, OPTION_CONFIRM}, "--confirm SECONDS",
		"take all of it back then, unless multihome confirm"},
	{{"help", no_argument, NULL, OPTION_HELP}, "--help", "this"},
};

enum { VERB_OPTIONS = sizeof(verb_options) / sizeof(*verb_options) };

enum { CONFIRM_SECONDS_MAX = 86400 };

enum { VERB_WIDTH = 35, OPTION_WIDTH = 27 };

static const char usage_words[] = "usage: multihome VERB [OPTION] [ARGUMENT]";

static void print_left(int width, const char *left, const char *right)
{
	printf("  %-*s %s\n", width, left, right);
}

/* "plan [--root DIR] [DEVICE]" */
static const char *verb_words(const struct verb *verb, char words[96])
{
	snprintf(words, 96, "%s%s%s%s%s", verb->name, *verb->options ? " " : "", verb->options,
		*verb->arguments ? " " : "", verb->arguments);
	return words;
}

static int help(void)
{
	char words[96];
	size_t i;

	printf("%s\n\n", usage_words);
	puts("Makes each NIC with a GATEWAY in its ifcfg file answer through that gateway.\n");
	for (i = 0; i < VERBS; i++) {
		snprintf(words, sizeof(words), "%s%s%s", verbs[i].name,
			*verbs[i].arguments ? " " : "", verbs[i].arguments);
		print_left(VERB_WIDTH, words, verbs[i].summary);
	}
	puts("\nSee multihome(8), and multihome(5) for the keys of ifcfg files.");
	return EXIT_DONE;
}

static bool takes(const struct verb *verb, const struct verb_option *option)
{
	char words[40];

	snprintf(words, sizeof(words), "[%s]", option->words);
	return option->getopt.val == OPTION_HELP || strstr(verb->options, words);
}

static int verb_help(const struct verb *verb)
{
	char words[96];
	size_t i;

	printf("usage: multihome %s\n\n%s\n\n", verb_words(verb, words), verb->summary);
	for (i = 0; i < VERB_OPTIONS; i++)
		if (takes(verb, &verb_options[i]))
			print_left(OPTION_WIDTH, verb_options[i].words, verb_options[i].summary);
	return EXIT_DONE;
}

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (!strcmp(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static int unknown_verb(const char *word)
{
	fprintf(stderr, "multihome: unknown %s '%s'; see multihome --help\n",
		*word == '-' ? "option" : "verb", word);
	return EXIT_USAGE;
}

static int cmd_help(const struct options *options)
{
	const struct verb *verb = options->argument ? find_verb(options->argument) : NULL;

	if (!options->argument)
		return help();
	return verb ? verb_help(verb) : unknown_verb(options->argument);
}

static int cmd_version(const struct options *options)
{
	(void)options;
	puts("multihome " VERSION);
	return EXIT_DONE;
}

static int usage(const struct verb *verb, const char *what, const char *word)
{
	char words[96];

	fprintf(stderr, "multihome: %s: %s '%s'; usage: multihome %s\n", verb->name, what, word,
		verb_words(verb, words));
	return EXIT_USAGE;
}

/* optopt is the letter of a short option, and argv[optind - 1] a long one. */
static int wrong_option(const struct verb *verb, int option, char **argv)
{
	char letter[] = {'-', (char)optopt, '\0'};

	if (option == ':')
		return usage(verb, "missing value of", argv[optind - 1]);
	return usage(
		verb, "unknown option", optopt && optopt < OPTION_HELP ? letter : argv[optind - 1]);
}

/* 0, or EXIT_USAGE: there are too few or too many. */
static int check_arguments(const struct verb *verb, int n, char **given)
{
	const char *at = verb->arguments;
	bool optional = false;
	int count = 0, len;
	char word[32];

	for (; sscanf(at, "%31s%n", word, &len) == 1; at += len) {
		optional |= *word == '[';
		if (count++ == n && !optional)
			return usage(verb, "missing argument", word);
	}
	return n > count ? usage(verb, "unexpected argument", given[count]) : 0;
}

static int verb_run(const struct verb *verb, int argc, char **argv)
{
	struct option longs[VERB_OPTIONS + 1] = {{.name = NULL}};
	struct options options = {.event = verb->event};
	/* -v is the only short one that not each verb takes. */
	const char *shorts = strstr(verb->options, "[-v]") ? ":hv" : ":h";
	int option, n = 0;
	size_t i;

	for (i = 0; i < VERB_OPTIONS; i++)
		if (takes(verb, &verb_options[i]))
			longs[n++] = verb_options[i].getopt;
	while ((option = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (option == 'h' || option == OPTION_HELP)
			return verb_help(verb);
		if (option == OPTION_ROOT)
			options.root = optarg;
		else if (option == OPTION_PORCELAIN)
			options.porcelain = true;
		else if (option == OPTION_JSON)
			options.json = true;
		else if (option == OPTION_NAGIOS)
			options.nagios = true;
		else if (option == OPTION_BACKGROUND)
			options.background = true;
		else if (option == OPTION_ONCE)
			options.once = true;
		else if (option == OPTION_CONFIRM) {
			if (!word_number(optarg, 10, CONFIRM_SECONDS_MAX, &options.confirm) ||
				!options.confirm)
				return usage(verb, "expected seconds, 1 to 86400, not", optarg);
		} else if (option == OPTION_EXIT_CODE)
			options.exit_code = true;
		else if (option == 'v' || option == OPTION_VERBOSE)
			options.verbose = true;
		else
			return wrong_option(verb, option, argv);
	}
	if (check_arguments(verb, argc - optind, argv + optind))
		return EXIT_USAGE;
	if (optind < argc)
		options.argument = argv[optind];
	options.words = (const char *const *)argv + optind;
	options.n = (size_t)(argc - optind);
	return verb->run(&options);
}

/* The verb that this name of the program stands for, or NULL. */
static const struct verb *hook_verb(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t i;

	for (i = 0; i < HOOKS; i++)
		if (!strcmp(name, hooks[i][0]))
			return find_verb(hooks[i][1]);
	return NULL;
}

/* Whatever else it is given (ifup passes "boot" on) is not for us, and a problem of ours must not
 * look like one of ifup's. */
static int hook_run(const struct verb *verb, const char *argument)
{
	const struct options options = {.event = verb->event, .argument = argument};

	if (!argument || !*argument)
		usage(verb, "missing argument", verb->arguments);
	else
		verb->run(&options);
	return EXIT_DONE;
}

static int run(int argc, char **argv)
{
	const struct verb *verb = argc ? hook_verb(argv[0]) : NULL;
	const char *word = argc > 1 ? argv[1] : NULL;

	if (verb)
		return hook_run(verb, word);
	if (!word) {
		fprintf(stderr, "multihome: missing verb; %s\n", usage_words);
		return EXIT_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return help();
	if (!strcmp(word, "--version"))
		return cmd_version(NULL);
	verb = find_verb(word);
	return verb ? verb_run(verb, argc - 1, argv + 1) : unknown_verb(word);
}

int main(int argc, char **argv)
{
	int status = run(argc, argv);

	/* On a full disk an empty plan must not look like one. */
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "multihome: standard output: %s\n", strerror(errno));
	return EXIT_FAILED;
}
