/* SPDX-License-Identifier: MIT
 * KEY=value files read as bash reads them.
 *
 * bash reads a line to its end, however many lines its quotes make of it, before it runs any of
 * it: an error undoes its own line and all that follow, and leaves those before in force.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "conf/shvar.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS "0123456789"
#define EXPANDED_MAX 65536 /* or some lines of A=$A$A would take all memory */

static const char why_unfollowed[] = "what only a shell can follow";

struct word {
	struct text text; /* unquoted, with the values in it; of an assignment, its value */
	char *key;	  /* of KEY= or KEY+=, else NULL */
	const char *why;  /* what only a shell could know in it, or NULL */
	int line;
	bool quoted, expanded;
	bool pattern; /* an unquoted * ? [ or {, which may make other words of it */
};

struct reader {
	const char *at; /* at the next byte; a NUL is the end */
	int line;
	const char *start; /* of what bash reads before it runs any of it */
	int start_line;
	const char *file;
	struct shvars *vars;
	size_t known; /* records from this one on are not yet made when the line is expanded */
	bool unsure;  /* what is read may run, or not */
	bool stopped;
};

static unsigned hash(const char *key)
{
	unsigned sum = 0;

	while (*key)
		sum = sum * 31 + (unsigned char)*key++;
	return sum % SHVAR_BUCKETS;
}

static const struct shvar *find_item(const struct shvars *vars, const char *key)
{
	unsigned at = vars->buckets[hash(key)];

	while (at && strcmp(vars->items[at - 1].key, key))
		at = vars->items[at - 1].next;
	return at ? &vars->items[at - 1] : NULL;
}

const struct shvar *shvar_find(const struct shvars *vars, const char *key)
{
	return vars->any.why ? &vars->any : find_item(vars, key);
}

const char *shvar_value(const struct shvars *vars, const char *key)
{
	const struct shvar *var = shvar_find(vars, key);

	return var && var->value && *var->value ? var->value : NULL;
}

/* Drops all records but the first n. */
static void forget(struct shvars *vars, size_t n)
{
	struct shvar *last;

	while (vars->n > n) {
		last = &vars->items[--vars->n];
		vars->buckets[hash(last->key)] = last->next;
		free(last->key);
		free(last->value);
	}
}

void shvar_free(struct shvars *vars)
{
	forget(vars, 0);
	free(vars->items);
	while (vars->spaced.n)
		free(vars->spaced.items[--vars->spaced.n].key);
	free(vars->spaced.items);
	memset(vars, 0, sizeof(*vars));
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* Not by strspn(3), which makes a table of the letters first, for each key anew. */
static size_t name_length(const char *text)
{
	const char *end = text;

	while ((*end >= 'A' && *end <= 'Z') || (*end >= 'a' && *end <= 'z') || *end == '_' ||
		(*end >= '0' && *end <= '9'))
		end++;
	return (size_t)(end - text);
}

static bool is_name(const char *text)
{
	return is_one_of(*text, LETTERS) && !text[name_length(text)];
}

/* Is the word in the list, which has a blank between words? */
static bool is_listed(const char *word, size_t len, const char *list)
{
	const char *at = list;

	if (memchr(word, '\0', len))
		return false;
	while (len && (strncmp(at, word, len) || (at[len] != ' ' && at[len]))) {
		at = strchr(at, ' ');
		if (!at)
			return false;
		at++;
	}
	return len != 0;
}

static void stop(struct reader *reader)
{
	reader->at += strlen(reader->at);
	reader->stopped = true;
}

static void set_why(struct reader *reader, struct shvar *var, const char *why, int line)
{
	var->why = why;
	var->unfollowed = why == why_unfollowed;
	var->file = reader->file;
	var->line = line;
}

/* Any key may have been assigned, or the shell itself may have changed. */
static void taint(struct reader *reader)
{
	if (!reader->stopped && !reader->vars->any.why)
		set_why(reader, &reader->vars->any, why_unfollowed, reader->start_line);
	stop(reader);
}

/* The line cannot be followed. It is read once more, to find the keys that it may assign. */
static void give_up(struct reader *reader)
{
	if (reader->unsure)
		taint(reader);
	stop(reader);
}

/* The shell gives these a value of its own, or they change how it reads. */
static bool is_shells_own(const char *key)
{
	static const char words[][16] = {"COLUMNS", "COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME",
		"EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "LINES",
		"MAPFILE", "OLDPWD", "OPTARG", "OPTIND", "PIPESTATUS", "POSIXLY_CORRECT", "PPID",
		"PWD", "RANDOM", "REPLY", "SECONDS", "SHELLOPTS", "SRANDOM", "UID", "_"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (*key == *words[i] && !strcmp(key, words[i]))
			return true;
	return !strncmp(key, "BASH", 4);
}

/* The value counts if there is no why. */
static struct shvar *record(
	struct reader *reader, const char *key, const char *value, const char *why, int line)
{
	unsigned *bucket = &reader->vars->buckets[hash(key)];
	struct shvar *var = array_add(reader->vars);

	if (is_shells_own(key))
		taint(reader);
	/* What the error is in, such as a quote that is not closed. */
	if (reader->vars->error.why)
		set_why(reader, var, reader->vars->error.why, reader->vars->error.line);
	else if (reader->unsure)
		set_why(reader, var, why_unfollowed, reader->start_line);
	else
		set_why(reader, var, why, line);
	var->unread = reader->vars->error.why != NULL;
	var->key = mem_string(key);
	var->value = var->why ? NULL : mem_string(value);
	var->next = *bucket;
	*bucket = (unsigned)reader->vars->n;
	return var;
}

/* An error: bash runs nothing of the line, and no further one. The keys that they name are unknown
 * all the same: somebody meant to set them. */
static void fail(struct reader *reader, const char *why, int line)
{
	const char *at, *end;
	char *key;

	if (reader->stopped)
		return;
	reader->unsure = false;
	for (at = reader->start; *at && !reader->stopped; at = end) {
		at += strcspn(at, LETTERS DIGITS);
		end = at + strspn(at, LETTERS DIGITS);
		if ((*end != '=' && strncmp(end, "+=", 2)) || !is_one_of(*at, LETTERS))
			continue;
		key = mem_copy(at, (size_t)(end - at));
		record(reader, key, NULL, why, line)->unread = true;
		free(key);
	}
	set_why(reader, &reader->vars->error, why, line);
	reader->unsure = true;
	stop(reader);
}

static char advance(struct reader *reader)
{
	char c = *reader->at;

	reader->line += c == '\n';
	reader->at += c != '\0';
	return c;
}

/* The next byte after any line continuations. */
static char here(struct reader *reader)
{
	while (*reader->at == '\\' && reader->at[1] == '\n') {
		advance(reader);
		advance(reader);
	}
	return *reader->at;
}

static bool ends_word(char c)
{
	return strchr(" \t\n;&|()<>", c) != NULL;
}

static void skip_blanks(struct reader *reader)
{
	while (is_one_of(here(reader), " \t"))
		advance(reader);
	while (*reader->at == '#')
		while (*reader->at && *reader->at != '\n')
			advance(reader);
}

static void add_char(struct word *word, char c)
{
	text_add(&word->text, &c, 1);
}

static void refuse(struct word *word, const char *why)
{
	word->expanded = true;
	if (!word->why)
		word->why = why;
}

static void add_variable(struct reader *reader, struct word *word, const char *key)
{
	const struct shvar *var = find_item(reader->vars, key);

	word->expanded = true;
	if (!var)
		refuse(word, "a variable that no file sets");
	else if (!var->value)
		refuse(word, var->unread ? "a key that is not read" : var->why);
	else if ((size_t)(var - reader->vars->items) >= reader->known)
		refuse(word, "an assignment of the same command");
	else if ((reader->vars->expanded += strlen(var->value)) > EXPANDED_MAX)
		refuse(word, "a value of that length");
	else
		text_add_string(&word->text, var->value);
}

/* True at the = of KEY= or KEY+=: what was read so far becomes the key. */
static bool start_value(struct reader *reader, struct word *word)
{
	size_t len = name_length(word->text.bytes);
	bool appends = word->text.bytes[len] == '+';

	if (word->key || word->quoted || word->expanded || word->text.n != len + appends ||
		!is_one_of(*word->text.bytes, LETTERS))
		return false;
	word->key = mem_copy(word->text.bytes, len);
	word->text.n = 0;
	word->text.bytes[0] = '\0';
	if (appends)
		add_variable(reader, word, word->key);
	return true;
}

/* `…` or $(…) around a plain command, of which all versions of bash find the same end. */
static void read_substitution(struct reader *reader, struct word *word, char end)
{
	const char *text = reader->at + 1;
	size_t len = strspn(text, LETTERS DIGITS "/.:,+-=@%$ \t");

	if (text[len] != end || !is_one_of(*text, LETTERS "/") ||
		is_listed(text, strspn(text, LETTERS),
			"case coproc do done elif else esac fi for function if select then time until "
			"while"))
		give_up(reader);
	else
		reader->at = text + len + 1;
	refuse(word, "command substitution");
}

/* Begins at the $. Other expansions than $KEY and ${KEY} may assign, or end the file. */
static void read_dollar(struct reader *reader, struct word *word, bool quoted)
{
	struct text name = {0};
	bool braces;
	char c;

	advance(reader);
	c = here(reader);
	braces = c == '{';
	if (c == '(' && reader->at[1] != '(') {
		read_substitution(reader, word, ')');
	} else if (is_one_of(c, "([")) { /* arithmetic */
		taint(reader);
	} else if (is_one_of(c, DIGITS "@*#?-$!")) {
		advance(reader);
		refuse(word, "a parameter of the shell");
	} else if (is_one_of(c, "'\"") && !quoted) {
		give_up(reader);
	} else if (!is_one_of(c, LETTERS "{")) {
		add_char(word, '$');
	} else {
		if (braces)
			advance(reader);
		text_add_string(&name, "");
		while (is_one_of(here(reader), LETTERS DIGITS)) {
			c = advance(reader);
			text_add(&name, &c, 1);
		}
		if (!is_name(name.bytes) || (braces && advance(reader) != '}'))
			taint(reader);
		else
			add_variable(reader, word, name.bytes);
		text_free(&name);
	}
}

static void read_quotes(struct reader *reader, struct word *word)
{
	int line = reader->line;
	char quote = advance(reader), c;

	word->quoted = true;
	while (c = quote == '"' ? here(reader) : *reader->at, c && c != quote) {
		if (quote == '"' && c == '$') {
			read_dollar(reader, word, true);
		} else if (quote == '"' && c == '`') {
			read_substitution(reader, word, '`');
		} else {
			advance(reader);
			if (quote == '"' && c == '\\' && is_one_of(*reader->at, "$`\"\\"))
				c = advance(reader);
			add_char(word, c);
		}
	}
	if (advance(reader) != quote)
		fail(reader, "a quote that is not closed", line);
}

/* Letters, digits and others that mean nothing to a shell, which is most of a file. */
static void read_plain(struct reader *reader, struct word *word)
{
	const char *end = reader->at;

	while ((*end >= '+' && *end <= ':') || (*end >= 'A' && *end <= 'Z') || *end == '_' ||
		(*end >= 'a' && *end <= 'z'))
		end++;
	text_add(&word->text, reader->at, (size_t)(end - reader->at));
	reader->at = end;
}

static void read_word(struct reader *reader, struct word *word, bool assigns)
{
	char c;

	memset(word, 0, sizeof(*word));
	text_add_string(&word->text, "");
	word->line = reader->line;
	while (read_plain(reader, word), c = here(reader), !ends_word(c)) {
		if (c == '~' && word->key && is_one_of(reader->at[-1], "=:\n"))
			refuse(word, "a home directory");
		word->pattern |= is_one_of(c, "*?[{");
		if (is_one_of(c, "'\"")) {
			read_quotes(reader, word);
		} else if (c == '`') {
			read_substitution(reader, word, '`');
		} else if (c == '$') {
			read_dollar(reader, word, false);
		} else if (advance(reader) == '\\') {
			word->quoted = true;
			if (!*reader->at)
				give_up(reader);
			add_char(word, advance(reader));
		} else if (c != '=' || !assigns || !start_value(reader, word)) {
			add_char(word, c);
		}
	}
}

static void free_word(struct word *word)
{
	free(word->key);
	text_free(&word->text);
}

static void read_redirection(struct reader *reader)
{
	static const char *const operators[] = {"<<<", "<<", "<&", "<>", "<", ">>", ">&", ">"};
	struct word word;
	size_t i, len;

	for (i = 0; len = strlen(operators[i]), strncmp(reader->at, operators[i], len);)
		i++;
	reader->at += len;
	/* A here-document, >| and >(…), an operator of two lines. */
	if (i == 1 || is_one_of(*reader->at, "|(") || !strncmp(reader->at, "\\\n", 2))
		give_up(reader);
	skip_blanks(reader);
	if (ends_word(here(reader)))
		fail(reader, "a syntax error", reader->start_line);
	read_word(reader, &word, false);
	free_word(&word);
}

enum kind {
	NONE,	  /* no command yet */
	HARMLESS, /* it assigns nothing */
	TEST,
	EXPORT,
	OPENS,	/* what follows may run or not, from a command on */
	WITHIN, /* likewise; without one that opens it is an error */
	BRANCH, /* what follows may run or not */
	ANY,	/* it may assign any key */
};

static enum kind find_kind(const struct word *word)
{
	static const struct {
		enum kind kind;
		const char *names;
	} kinds[] = {{OPENS, "! if time until while {"},
		{WITHIN, "} do done elif else esac fi then"}, {BRANCH, "case"},
		{ANY, "[[ coproc for function select"},
		{BRANCH, "break continue exit logout return"}, {TEST, "[ test"}, {EXPORT, "export"},
		{ANY,
			". alias builtin command compgen complete declare enable eval exec fc "
			"getopts jobs let local mapfile printf read readarray readonly set shopt "
			"source suspend trap typeset unset wait"}};
	size_t i;

	if (word->expanded)
		return ANY;
	for (i = word->quoted ? 4 : 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (is_listed(word->text.bytes, word->text.n, kinds[i].names))
			return kinds[i].kind;
	return word->pattern ? ANY : HARMLESS;
}

/* The word is the first of a command that is no assignment. */
static enum kind start_command(struct reader *reader, const struct word *word, size_t before)
{
	/* In front of ) it is a pattern of a case, or runs in a subshell. */
	bool pattern = reader->unsure && *reader->at == ')';
	enum kind kind = pattern ? HARMLESS : find_kind(word);

	if (kind == WITHIN && !reader->unsure)
		fail(reader, "a syntax error", word->line);
	else if (kind == ANY || (kind == EXPORT && reader->vars->n > before) ||
		(reader->vars->functions && !reader->unsure))
		taint(reader);
	else if ((kind == OPENS || kind == BRANCH) && !reader->unsure)
		give_up(reader);
	if (kind == EXPORT) /* expands all its arguments before it assigns */
		reader->known = before;
	if (!reader->unsure) /* KEY=value before a command is for that command */
		forget(reader->vars, before);
	return kind == OPENS || kind == WITHIN ? NONE : kind;
}

/* The word is to be a command: is it, or what was assigned just before, a key with blanks about its
 * equals sign? */
static void note_blanks(struct reader *reader, const struct word *word, size_t before)
{
	struct shvars *vars = reader->vars;
	const struct shvar *last = vars->n > before ? &vars->items[vars->n - 1] : NULL;
	const char *key = last && last->value && !*last->value ? last->key : NULL;
	struct shvar *spaced;

	skip_blanks(reader);
	if (!key && *reader->at == '=')
		key = word->text.bytes;
	if (!key || reader->unsure || !is_name(key))
		return;
	spaced = array_add(&vars->spaced);
	spaced->key = mem_string(key);
	spaced->file = reader->file;
	spaced->line = word->line;
}

/* Reads up to what ends the command. False if there is none. */
static bool parse_command(struct reader *reader, bool *conditional)
{
	size_t before = reader->vars->n;
	enum kind kind = NONE;
	bool found = false, redirected;
	struct word word;

	for (;; found = true) {
		skip_blanks(reader);
		if (is_one_of(*reader->at, "<>")) {
			*conditional = true; /* it may fail, and then nothing is assigned */
			read_redirection(reader);
			continue;
		}
		if (ends_word(*reader->at))
			break;
		read_word(reader, &word, kind == NONE || kind == EXPORT);
		redirected = is_one_of(*reader->at, "<>") && !word.key;
		if ((redirected && *word.text.bytes == '{') || /* {KEY}>file */
			(kind == EXPORT && !word.key && (word.why || !is_name(word.text.bytes))) ||
			(kind == EXPORT && word.key && word.pattern) ||
			/* [ -v KEY[…] ], as a subscript is arithmetic */
			(kind == TEST && strchr(word.text.bytes, '[')))
			taint(reader);
		else if (word.key)
			record(reader, word.key, word.text.bytes, word.why, word.line);
		else if (kind == NONE &&
			!(redirected && !word.text.bytes[strspn(word.text.bytes, DIGITS)])) {
			note_blanks(reader, &word, before);
			kind = start_command(reader, &word, before);
		}
		free_word(&word);
	}
	reader->known = (size_t)-1;
	return found;
}

/* One line, with those that its quotes add. */
static void parse_line(struct reader *reader)
{
	struct shvars *vars = reader->vars;
	bool conditional = false, needed = false, found;
	size_t list = vars->n; /* the present list of commands begins behind this record */
	char c = ';', next;

	while (c && c != '\n') {
		found = parse_command(reader, &conditional);
		c = advance(reader);
		next = here(reader);
		if (!reader->unsure &&
			((!found && c != '(' && (needed || is_one_of(c, ";&|"))) || c == ')' ||
				(c == ';' && next == ';')))
			fail(reader, "a syntax error", reader->start_line);
		else if (c == '(' && next == '(') /* arithmetic */
			taint(reader);
		else if (!reader->unsure &&
			(c == '(' || (c == '&' && next == '>') || (c == '|' && next == '&')))
			give_up(reader);
		conditional |= is_one_of(c, "&|");
		needed = c == '|' || (c == '&' && next == '&');
		if (needed && next == c)
			advance(reader);
		for (; !needed && list < vars->n; list++)
			if (conditional && vars->items[list].value) {
				free(vars->items[list].value);
				vars->items[list].value = NULL;
				vars->items[list].why = "a condition";
			}
		conditional &= needed;
	}
}

void shvar_parse(const char *text, size_t len, const char *file, struct shvars *vars)
{
	struct reader reader = {
		.line = 1, .start_line = 1, .file = file, .vars = vars, .known = (size_t)-1};
	char *copy = mem_copy(text, len);

	reader.at = copy;
	if (strlen(copy) != len) /* NUL bytes: bash may not read the file at all */
		taint(&reader);
	while (*reader.at) {
		if (!reader.unsure) {
			reader.start = reader.at;
			reader.start_line = reader.line;
		}
		parse_line(&reader);
		if (reader.stopped && !reader.unsure && !vars->any.why) {
			reader.at = reader.start;
			reader.line = reader.start_line;
			reader.unsure = vars->functions = true;
			reader.stopped = false;
		}
	}
	free(copy);
}
