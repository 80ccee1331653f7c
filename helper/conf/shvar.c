/* SPDX-License-Identifier: MIT
 * KEY=value files read as bash reads them, each command taken into account once it was read.
 *
 * bash reads a whole line before any of it runs, so that a syntax error at its end undoes its
 * beginning. Here that, as all that cannot be followed with certainty, ends in give_up(), which
 * lets no earlier key stand: what is not understood costs an answer, but makes no wrong one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "conf/shvar.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS "0123456789"
#define NESTING_MAX 64
#define VALUE_MAX 65536 /* or some lines of A=$A$A would take all memory */

#define WHY_CONDITIONAL "a conditional"
#define WHY_SUBSTITUTION "command substitution"
#define WHY_EXPANSION "a parameter expansion"
#define WHY_SYNTAX "a syntax error"
#define WHY_BUILTIN "a builtin of the shell"

struct word {
	struct text text; /* unquoted, with the values in it; of an assignment, what is assigned */
	char *key;	  /* of KEY= or KEY+= with nothing quoted in it, else NULL */
	const char *why;  /* what only a shell could know in it, or NULL */
	int line;
	bool quoted, expanded;
	bool active; /* an unquoted * ? [ { or ~, which may make other words of it */
};

struct command {
	struct word *items; /* without redirections */
	size_t n, cap;
	size_t name; /* the first word that is no assignment, or n */
	bool redirected;
};

struct reader {
	const char *at; /* at the next byte; a NUL is the end */
	int line;
	const char *file;
	struct shvars *vars;
	struct command *command; /* that is being read, or NULL */
	char *heredoc;		 /* what ends the text after the present line, or NULL */
	bool heredoc_quoted, heredoc_tabs;
	int nesting, substitutions, functions;
	int maybe;     /* above 0, what is read may run or not */
	int elsewhere; /* above 0, it has no effect: in a subshell, or not at all */
	bool returned; /* when the line has been read, the file has */
	bool ended;
};

static void parse_list(struct reader *reader);
static void read_dollar(struct reader *reader, struct word *word, bool quoted);

/* Keys */

static struct shvar *find_item(const struct shvars *vars, const char *key)
{
	size_t i;

	for (i = 0; i < vars->n; i++)
		if (!strcmp(vars->items[i].key, key))
			return &vars->items[i];
	return NULL;
}

const struct shvar *shvar_find(const struct shvars *vars, const char *key)
{
	const struct shvar *var = find_item(vars, key);

	if (vars->taint.key && (!var || var->order < vars->taint.order))
		return &vars->taint;
	return var && (var->value || var->why) ? var : NULL; /* else unset again */
}

void shvar_free(struct shvars *vars)
{
	size_t i;

	for (i = 0; i < vars->n; i++) {
		free(vars->items[i].key);
		free(vars->items[i].value);
	}
	free(vars->items);
	free(vars->taint.key);
	memset(vars, 0, sizeof(*vars));
}

static void fill(struct reader *reader, struct shvar *var, const char *why, int line)
{
	var->why = why;
	var->file = reader->file;
	var->line = line;
	var->order = reader->vars->records++;
}

/* Any key may have been set. */
static void taint(struct reader *reader, const char *key, const char *why, int line)
{
	free(reader->vars->taint.key);
	reader->vars->taint.key = mem_string(key);
	fill(reader, &reader->vars->taint, why, line);
}

/* Whatever is reading then finds the end of the text and returns. */
static void give_up(struct reader *reader, const char *why, int line)
{
	if (!reader->ended)
		taint(reader, why, why, line);
	reader->at += strlen(reader->at);
	reader->ended = true;
	reader->elsewhere++;
}

/* Is the word in the list, which has a blank between words? */
static bool is_listed(const char *word, const char *list)
{
	size_t len = strlen(word);
	const char *at;

	for (at = list; *word && !strchr(word, ' ') && (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

/* Assigning to what is fixed, or to what the shell gives a meaning or a value of its own, may be
 * an error, or set another key (declare -n). */
static void check_key(struct reader *reader, const char *key, int line)
{
	const struct shvar *var = find_item(reader->vars, key);

	if (var && var->fixed)
		give_up(reader, "a readonly or declared variable", line);
	else if (!strncmp(key, "BASH", 4) ||
		is_listed(key,
			"COLUMNS COMP_WORDBREAKS DIRSTACK "
			"EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD LINENO LINES MAPFILE "
			"OLDPWD OPTARG OPTIND PIPESTATUS POSIXLY_CORRECT PPID PWD RANDOM REPLY SECONDS "
			"SHELLOPTS SRANDOM UID _"))
		give_up(reader, "a variable of the shell's own", line);
}

/* Not the value, if there is a why; neither: it is unset. */
static void record(
	struct reader *reader, const char *key, const char *value, const char *why, int line)
{
	struct shvar *var;

	if (!reader->elsewhere)
		check_key(reader, key, line);
	if (reader->elsewhere)
		return;
	var = find_item(reader->vars, key);
	if (!var) {
		var = array_add(reader->vars);
		var->key = mem_string(key);
	}
	free(var->value);
	var->value = value && !why ? mem_string(value) : NULL;
	fill(reader, var, why, line);
}

/* Without NUL bytes, which bash drops as well, and without what an editor from elsewhere adds
 * unseen: a byte order mark, and the CR of CR LF. */
static char *copy_text(const char *text, size_t len)
{
	char *copy = mem_resize(NULL, len + 2), *to = copy;
	size_t i = len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;

	*to++ = '\n'; /* so that there always is a byte before */
	for (; i < len; i++)
		if (text[i] && (text[i] != '\r' || (i + 1 < len && text[i + 1] != '\n')))
			*to++ = text[i];
	*to = '\0';
	return copy;
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

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool ends_word(char c)
{
	return strchr(" \t\n;&|()<>", c) != NULL;
}

static size_t name_length(const char *text)
{
	return is_one_of(*text, LETTERS) ? strspn(text, LETTERS DIGITS) : 0;
}

static bool is_name(const char *text)
{
	return *text && !text[name_length(text)];
}

/* Words */

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

static bool is_bare(const struct word *word)
{
	return !word->quoted && !word->expanded && !word->key;
}

static bool bare_is(const struct word *word, const char *text)
{
	return is_bare(word) && !strcmp(word->text.bytes, text);
}

static void free_words(struct command *command)
{
	size_t i;

	for (i = 0; i < command->n; i++) {
		free(command->items[i].key);
		text_free(&command->items[i].text);
	}
	free(command->items);
}

/* Words that bash may read as syntax at the start of a command. */
static bool is_reserved(const struct word *word)
{
	return is_bare(word) &&
		is_listed(word->text.bytes,
			"! [[ { } case coproc do done elif "
			"else esac fi for function if in select then time until while ]]");
}

/* An earlier assignment to the key in the command that is being read. */
static const struct word *find_pending(const struct reader *reader, const char *key)
{
	const struct command *command = reader->command;
	size_t i;

	for (i = command ? command->n : 0; i > 0; i--)
		if (command->items[i - 1].key && !strcmp(command->items[i - 1].key, key))
			return &command->items[i - 1];
	return NULL;
}

/* Assignments alone are made one by one, but those of a command after all expansions. */
static void add_variable(struct reader *reader, struct word *word, const char *key)
{
	const struct word *pending = find_pending(reader, key);
	const struct shvar *var = shvar_find(reader->vars, key);
	const char *value = var ? var->value : NULL;
	const char *why = var ? var->why : "a variable that no file sets";

	word->expanded = true;
	if (pending && reader->command->name < reader->command->n) {
		value = NULL;
		why = "an assignment of the same command";
	} else if (pending) {
		value = pending->text.bytes;
		why = pending->why;
	}
	if (!why && word->text.n + strlen(value) > VALUE_MAX)
		why = "a value of that length";
	if (why)
		refuse(word, why);
	else
		text_add_string(&word->text, value);
}

/* What a backslash in quotes stands for, with what follows it; in $'' only that which all
 * versions of bash know. */
static void read_escape(struct reader *reader, struct word *word, char quote, bool ansi)
{
	static const char letters[] = "abefnrtvE\\'\"", bytes[] = "\a\b\033\f\n\r\t\v\033\\'\"";
	char c = '\\';

	if (quote == '`' || ansi || (quote == '"' && is_one_of(*reader->at, "$`\"\\")))
		c = advance(reader);
	if (ansi && is_one_of(c, letters))
		c = bytes[strchr(letters, c) - letters];
	else if (ansi)
		refuse(word, "an escape in $''");
	add_char(word, c);
}

static void read_quotes(struct reader *reader, struct word *word, bool ansi)
{
	char quote = *reader->at, c;
	int line = reader->line;

	if (quote == '`')
		refuse(word, WHY_SUBSTITUTION);
	advance(reader);
	while ((c = quote == '"' ? here(reader) : *reader->at) != quote) {
		/* Whether a comment hides the closing ` depends on the version of bash. */
		if (!c || (quote == '`' && c == '#')) {
			give_up(reader, c ? WHY_SUBSTITUTION : "an unterminated quote", line);
			return;
		}
		if (quote == '"' && c == '$') {
			read_dollar(reader, word, true);
		} else if (quote == '"' && c == '`') {
			read_quotes(reader, word, false);
		} else {
			advance(reader);
			if (c == '\\')
				read_escape(reader, word, quote, ansi);
			else
				add_char(word, c);
		}
	}
	advance(reader);
}

/* The caller frees it. */
static char *read_name(struct reader *reader)
{
	struct text name = {0};
	char byte;

	text_add(&name, "", 0);
	while (is_one_of(here(reader), name.n ? LETTERS DIGITS : LETTERS)) {
		byte = (char)advance(reader);
		text_add(&name, &byte, 1);
	}
	return name.bytes;
}

/* $KEY, ${KEY}, and ${KEY-…} with what is too plain to assign, and ends at the same } in all
 * versions of bash. Others may be an error, which skips commands, or arithmetic, which assigns. */
static void read_parameter(struct reader *reader, struct word *word)
{
	bool braces = *reader->at == '{';
	size_t colon;
	char *key;

	if (braces)
		advance(reader);
	key = read_name(reader);
	if (!braces || (*key && here(reader) == '}')) {
		add_variable(reader, word, key);
	} else {
		refuse(word, WHY_EXPANSION);
		colon = *reader->at == ':';
		if (*key && reader->at[colon] == '=' && !find_pending(reader, key))
			record(reader, key, NULL, WHY_EXPANSION, reader->line);
		else if (!*key || !is_one_of(reader->at[colon], colon ? "-+" : "-+#%/"))
			give_up(reader, WHY_EXPANSION, reader->line);
	}
	free(key);
	while (braces && here(reader) != '}' && !reader->ended) {
		if (is_one_of(*reader->at, "'\"\\`{<>$") || !*reader->at)
			give_up(reader, WHY_EXPANSION, reader->line);
		advance(reader);
	}
	if (braces)
		advance(reader);
}

/* From ( to ). In $(…) it is only read to find its end. */
static void parse_subshell(struct reader *reader)
{
	advance(reader);
	/* A name in arithmetic is evaluated once more, and an error in it skips commands. */
	if (here(reader) == '(')
		give_up(reader, "arithmetic", reader->line);
	reader->elsewhere++;
	parse_list(reader);
	if (advance(reader) != ')')
		give_up(reader, WHY_SYNTAX, reader->line);
	reader->elsewhere--;
}

static void read_dollar(struct reader *reader, struct word *word, bool quoted)
{
	char c;

	advance(reader);
	c = here(reader);
	if (is_one_of(c, LETTERS "{")) {
		read_parameter(reader, word);
	} else if (c == '(') {
		refuse(word, WHY_SUBSTITUTION);
		reader->substitutions++;
		parse_subshell(reader);
		reader->substitutions--;
	} else if (c == '[') {
		give_up(reader, "arithmetic", reader->line);
	} else if ((c == '\'' || c == '"') && !quoted) {
		word->quoted = true;
		read_quotes(reader, word, c == '\'');
	} else if (is_one_of(c, DIGITS "@*#?-$!")) {
		advance(reader);
		refuse(word, "a parameter of the shell");
	} else {
		add_char(word, '$');
	}
}

static void skip_blanks(struct reader *reader)
{
	/* An operator may go on in the next line. */
	if (is_one_of(reader->at[-1], "&|;<>(") && !strncmp(reader->at, "\\\n", 2))
		give_up(reader, WHY_SYNTAX, reader->line);
	while (is_one_of(here(reader), " \t"))
		advance(reader);
	if (*reader->at == '#')
		while (*reader->at != '\n' && *reader->at)
			advance(reader);
}

/* True at the = of KEY= or KEY+=: what was read so far becomes the key. */
static bool start_value(struct reader *reader, struct word *word)
{
	char *text = word->text.bytes;
	size_t len = name_length(text);
	bool append = len && !strcmp(text + len, "+");

	if (!is_bare(word) || !(append || is_name(text)))
		return false;
	word->key = mem_copy(text, len);
	word->text.n = 0;
	*text = '\0';
	if (append)
		add_variable(reader, word, word->key);
	return true;
}

static void read_plain(struct reader *reader, struct word *word, bool assigns)
{
	char c = advance(reader);

	if (c == '=' && assigns && start_value(reader, word)) {
		if (here(reader) == '(')
			give_up(reader, "an array", reader->line);
		return;
	}
	if (c == '[' && assigns && is_bare(word) && is_name(word->text.bytes))
		give_up(reader, "an array", reader->line);
	/* After = only some versions look for it. */
	if (c == '~' && (!word->text.n || is_one_of(reader->at[-2], ":=\n")))
		refuse(word, "a home directory");
	word->active |= is_one_of(c, "*?[{~");
	add_char(word, c);
}

/* assigns: where bash takes KEY=… for an assignment. */
static void read_word(struct reader *reader, struct word *word, bool assigns)
{
	char c;

	memset(word, 0, sizeof(*word));
	word->line = reader->line;
	text_add(&word->text, "", 0);
	for (c = here(reader); !ends_word(c); c = here(reader)) {
		word->quoted |= is_one_of(c, "\\'\"");
		if (c == '$') {
			read_dollar(reader, word, false);
		} else if (is_one_of(c, "'\"`")) {
			read_quotes(reader, word, false);
		} else if (c == '\\') {
			advance(reader);
			if (!*reader->at)
				refuse(word, "a backslash at the end");
			else
				add_char(word, advance(reader));
		} else {
			read_plain(reader, word, assigns);
		}
	}
	/* 2>file and {fd}>file in disguise. */
	if (is_one_of(c, "<>") && is_bare(word) && is_one_of(*word->text.bytes, DIGITS "{"))
		give_up(reader, WHY_SYNTAX, reader->line);
}

/* A word of which nothing matters but what its expansion does besides. */
static void skip_word(struct reader *reader)
{
	struct word word;

	skip_blanks(reader);
	if (ends_word(*reader->at))
		give_up(reader, WHY_SYNTAX, reader->line);
	read_word(reader, &word, false);
	if (bare_is(&word, "esac"))
		give_up(reader, WHY_SYNTAX, reader->line);
	text_free(&word.text);
}

/* The text of a here-document begins after the line that names it. */
static void read_newline(struct reader *reader)
{
	size_t n;

	advance(reader);
	while (reader->heredoc) {
		while (reader->heredoc_tabs && *reader->at == '\t')
			advance(reader);
		n = strcspn(reader->at, "\n");
		if (!reader->at[n] ||
			(n == strlen(reader->heredoc) && !memcmp(reader->at, reader->heredoc, n))) {
			free(reader->heredoc);
			reader->heredoc = NULL;
		}
		/* Expansions may assign, and a \ may join the line to the last. */
		if (reader->substitutions ||
			(!reader->heredoc_quoted && strcspn(reader->at, "`\\$") < n))
			give_up(reader, "a here-document", reader->line);
		reader->at += strcspn(reader->at, "\n");
		advance(reader);
	}
}

static void skip_newlines(struct reader *reader)
{
	for (skip_blanks(reader); *reader->at == '\n'; skip_blanks(reader))
		read_newline(reader);
}

/* True if one was here. */
static bool read_redirection(struct reader *reader)
{
	static const char *const operators[] = {
		"&>", "<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"};
	size_t i, digits;
	struct word word;
	bool heredoc;

	skip_blanks(reader);
	digits = strspn(reader->at, DIGITS);
	for (i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (!strncmp(reader->at + digits, operators[i], strlen(operators[i])))
			break;
	if (i == sizeof(operators) / sizeof(*operators) || (digits && *operators[i] == '&'))
		return false;
	reader->at += digits + strlen(operators[i]);
	skip_blanks(reader);
	heredoc = is_listed(operators[i], "<< <<-");
	if (ends_word(*reader->at))
		give_up(reader, WHY_SYNTAX, reader->line);
	read_word(reader, &word, false);
	if (heredoc &&
		(word.expanded || strchr(word.text.bytes, '\n') || reader->heredoc ||
			reader->substitutions))
		give_up(reader, "a here-document", word.line);
	if (heredoc && !reader->ended) {
		reader->heredoc = word.text.bytes;
		reader->heredoc_quoted = word.quoted;
		reader->heredoc_tabs = operators[i][2] == '-';
	} else {
		text_free(&word.text);
	}
	return true;
}

/* Commands */

/* POWERFUL ones may do anything; how the rest is read, and whether it is, depends on them. */
enum kind { HARMLESS, TESTS, EXPORTS, DECLARES, UNSETS, RETURNS, SOURCES, POWERFUL, OTHER };

static enum kind find_kind(const char *name)
{
	static const char *const names[] = {": echo false true", "[ test", "export readonly",
		"declare local read typeset", "unset", "break continue exit return", ". source",
		"alias builtin command compgen complete enable eval exec fc getopts jobs let "
		"mapfile printf readarray set shopt trap wait"};
	enum kind kind = HARMLESS;

	while (kind < OTHER && !is_listed(name, names[kind]))
		kind++;
	return kind;
}

/* In a function, as which initscripts source ifcfg files, declare and its like make a variable
 * that is gone after it; and an integer takes other values than it is given. */
static void run_export(
	struct reader *reader, const struct word *name, const struct word *end, const char *why)
{
	bool exports = !strcmp(name->text.bytes, "export"), clear = true;
	const struct word *arg;

	for (arg = name + 1; arg < end; arg++) {
		const char *key = arg->key ? arg->key : arg->text.bytes;

		if (arg->active || find_kind(name->text.bytes) == DECLARES)
			why = WHY_BUILTIN;
		if (!arg->key && (arg->expanded || arg->active || !is_name(key)))
			clear = false;
		else if (arg->key || !exports)
			record(reader, key, arg->text.bytes,
				arg->why	   ? arg->why
					: arg->key ? why
						   : WHY_BUILTIN,
				arg->line);
		if (!exports && !reader->elsewhere && find_item(reader->vars, key))
			find_item(reader->vars, key)->fixed = true;
	}
	if (!clear)
		give_up(reader, WHY_BUILTIN, name->line);
}

/* With an argument that is no number it is an error, which not all versions end the file on. */
static void run_return(struct reader *reader, const struct command *command, const char *why)
{
	const struct word *name = &command->items[command->name],
			  *end = command->items + command->n;
	const char *status = name + 1 < end ? name[1].text.bytes : "0";

	if (is_listed(name->text.bytes, "return exit") && !why && !command->name &&
		command->n <= 2 && is_one_of(*status, DIGITS) && !status[1] &&
		strchr(";\n", *reader->at)) {
		reader->elsewhere++;
		reader->returned = true;
	} else if (!reader->functions || strcmp(name->text.bytes, "return")) {
		reader->maybe++;
	}
}

/* A subscript, as of unset or [ -v, is arithmetic. */
static void run_builtin(
	struct reader *reader, const struct command *command, enum kind kind, const char *why)
{
	const struct word *name = &command->items[command->name], *arg;
	const struct word *end = command->items + command->n;

	for (arg = name + 1; arg < end; arg++)
		if ((kind == TESTS && (bare_is(arg, "-v") || strchr(arg->text.bytes, '['))) ||
			(kind == UNSETS && (arg->expanded || !is_name(arg->text.bytes)) &&
				!bare_is(arg, "-v")))
			give_up(reader, WHY_BUILTIN, name->line);
		else if (kind == UNSETS && is_name(arg->text.bytes))
			record(reader, arg->text.bytes, NULL, why, arg->line);
	if (kind == EXPORTS || kind == DECLARES)
		run_export(reader, name, end, why);
	else if (kind == RETURNS)
		run_return(reader, command, why);
	else if (kind == SOURCES)
		taint(reader, name->text.bytes, "a sourced file", name->line);
	else if (kind == POWERFUL)
		give_up(reader, WHY_BUILTIN, name->line);
	reader->vars->functions |= kind == SOURCES;
	/* KEY=value before a builtin is temporary, unless it exports, reads or unsets that KEY. */
	for (arg = command->items; arg < name && kind > TESTS; arg++)
		record(reader, arg->key, NULL, WHY_BUILTIN, arg->line);
}

/* True if it is sure to succeed. */
static bool run(struct reader *reader, const struct command *command)
{
	const char *why = command->redirected || reader->maybe ? WHY_CONDITIONAL : NULL;
	const struct word *word, *name = command->items + command->name;
	const struct word *end = command->items + command->n;
	bool sure = !command->redirected && name == end;
	enum kind kind;

	for (word = command->items; word < name && !reader->elsewhere; word++) {
		sure = sure && !word->why;
		if (name < end)
			check_key(reader, word->key, word->line);
		else
			record(reader, word->key, word->text.bytes, word->why ? word->why : why,
				word->line);
	}
	if (reader->elsewhere || name == end)
		return sure;
	kind = find_kind(name->text.bytes);
	if (name->expanded || (name->active && strcmp(name->text.bytes, "[")) ||
		(name->quoted && kind > TESTS && kind < OTHER))
		give_up(reader, "a command that only a shell could know", name->line);
	else if (kind != OTHER)
		run_builtin(reader, command, kind, why);
	else if (reader->vars->functions && !reader->functions && !strchr(name->text.bytes, '/'))
		taint(reader, name->text.bytes, "a function", name->line);
	return false;
}

/* Syntax */

static bool take_keyword(struct reader *reader, const char *keyword)
{
	size_t len = strlen(keyword);

	skip_blanks(reader);
	if (strncmp(reader->at, keyword, len) || !ends_word(reader->at[len]))
		return false;
	reader->at += len;
	return true;
}

static void expect(struct reader *reader, const char *keyword)
{
	if (!take_keyword(reader, keyword))
		give_up(reader, WHY_SYNTAX, reader->line);
}

static void expect_char(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (advance(reader) != c)
		give_up(reader, WHY_SYNTAX, reader->line);
}

static void parse_if(struct reader *reader)
{
	do {
		parse_list(reader);
		expect(reader, "then");
		parse_list(reader);
	} while (take_keyword(reader, "elif"));
	if (take_keyword(reader, "else"))
		parse_list(reader);
	expect(reader, "fi");
}

static void parse_body(struct reader *reader)
{
	expect(reader, "do");
	parse_list(reader);
	expect(reader, "done");
}

static void parse_for(struct reader *reader)
{
	char *key;

	skip_blanks(reader);
	key = read_name(reader);
	expect(reader, "in");
	record(reader, key, NULL, WHY_CONDITIONAL, reader->line);
	free(key);
	while (skip_blanks(reader), !is_one_of(*reader->at, ";\n") && !reader->ended)
		skip_word(reader);
	if (*reader->at == ';')
		advance(reader);
	skip_newlines(reader);
	parse_body(reader);
}

/* What ends a list, apart from its own separators. Blanks are behind the reader. */
static bool at_list_end(struct reader *reader)
{
	struct reader ahead = *reader;

	return strchr(";)", *reader->at) || take_keyword(&ahead, "then") ||
		take_keyword(&ahead, "elif") || take_keyword(&ahead, "else") ||
		take_keyword(&ahead, "fi") || take_keyword(&ahead, "do") ||
		take_keyword(&ahead, "done") || take_keyword(&ahead, "esac") ||
		take_keyword(&ahead, "}");
}

static void parse_case(struct reader *reader)
{
	/* bash before 4 takes the ) of a pattern for the end of the substitution. */
	if (reader->substitutions)
		give_up(reader, WHY_SUBSTITUTION, reader->line);
	skip_word(reader);
	expect(reader, "in");
	skip_newlines(reader);
	while (!take_keyword(reader, "esac") && !reader->ended) {
		if (*reader->at == '(')
			advance(reader);
		for (skip_word(reader); skip_blanks(reader), *reader->at == '|';) {
			advance(reader);
			skip_word(reader);
		}
		expect_char(reader, ')');
		skip_newlines(reader);
		if (!at_list_end(reader))
			parse_list(reader);
		if (take_keyword(reader, "esac"))
			return;
		expect_char(reader, ';');
		if (advance(reader) != ';')
			give_up(reader, WHY_SYNTAX, reader->line);
		skip_newlines(reader);
	}
}

/* [[ -x WORD ]] and [[ WORD = WORD ]]. What else there may be is arithmetic, which may assign, or
 * differs by the version of bash. */
static void parse_test(struct reader *reader)
{
	struct command test = {0};
	const struct word *words;

	while (skip_blanks(reader), !ends_word(*reader->at))
		read_word(reader, array_add(&test), false);
	words = test.items;
	if (test.n < 3 || test.n > 4 || !bare_is(&words[test.n - 1], "]]") ||
		bare_is(&words[test.n - 2], "]]") || !is_bare(&words[test.n - 3]) ||
		(test.n == 3 && !is_listed(words->text.bytes, "-d -e -f -n -r -z")) ||
		(test.n == 4 && !is_listed(words[1].text.bytes, "= == !=")) ||
		(test.n == 4 && is_bare(words) && is_one_of(*words->text.bytes, "-!")))
		give_up(reader, "a [[ ]] command", reader->line);
	free_words(&test);
}

/* True unless a simple command is here. */
static bool parse_compound(struct reader *reader)
{
	bool found = true;

	skip_blanks(reader);
	reader->maybe++;
	if (*reader->at == '(') {
		parse_subshell(reader);
	} else if (take_keyword(reader, "if")) {
		parse_if(reader);
	} else if (take_keyword(reader, "for")) {
		parse_for(reader);
	} else if (take_keyword(reader, "while") || take_keyword(reader, "until")) {
		parse_list(reader);
		parse_body(reader);
	} else if (take_keyword(reader, "case")) {
		parse_case(reader);
	} else if (take_keyword(reader, "{")) {
		parse_list(reader);
		expect(reader, "}");
	} else if (take_keyword(reader, "[[")) {
		parse_test(reader);
	} else {
		found = false;
	}
	reader->maybe--;
	return found;
}

/* After NAME, at the (. From then on a command may be a call of it. */
static void parse_function(struct reader *reader, const struct command *command)
{
	const struct word *name = command->items;

	/* One that takes the place of nothing that is understood here. */
	if (command->n != 1 || command->redirected || !is_bare(name) || is_reserved(name) ||
		!is_name(name->text.bytes) || find_kind(name->text.bytes) != OTHER)
		give_up(reader, "a function", reader->line);
	advance(reader);
	expect_char(reader, ')');
	skip_newlines(reader);
	reader->vars->functions = true;
	reader->functions++;
	if (!parse_compound(reader))
		give_up(reader, WHY_SYNTAX, reader->line);
	reader->functions--;
}

/* False if there is no further one. */
static bool read_argument(struct reader *reader, struct command *command)
{
	bool named = command->name < command->n;
	struct word word;

	skip_blanks(reader);
	if (ends_word(*reader->at))
		return false;
	read_word(reader, &word,
		!named ||
			is_listed(command->items[command->name].text.bytes,
				"declare export local readonly typeset"));
	if (!named && is_reserved(&word))
		give_up(reader, WHY_SYNTAX, word.line);
	*array_add(command) = word;
	if (!named && word.key)
		command->name++;
	return true;
}

/* True if it is sure to succeed. */
static bool parse_simple(struct reader *reader)
{
	struct command command = {0}, *outer = reader->command;
	bool sure = false;
	char c;

	reader->command = &command;
	for (;;) {
		if (read_redirection(reader))
			command.redirected = true;
		else if (!read_argument(reader, &command))
			break;
	}
	reader->command = outer;
	c = *reader->at;
	if (!command.n && !command.redirected)
		give_up(reader, WHY_SYNTAX, reader->line);
	else if (c == '(')
		parse_function(reader, &command);
	else if (command.n &&
		(!is_one_of(c, "&|") || reader->at[1] == c)) /* else a subshell does */
		sure = run(reader, &command);
	free_words(&command);
	return sure;
}

static bool parse_command(struct reader *reader)
{
	bool sure = false;

	if (++reader->nesting > NESTING_MAX)
		give_up(reader, "too much nesting", reader->line);
	if (!parse_compound(reader))
		sure = parse_simple(reader);
	while (read_redirection(reader))
		continue;
	reader->nesting--;
	return sure;
}

static bool parse_pipeline(struct reader *reader)
{
	bool negated = take_keyword(reader, "!"), sure = parse_command(reader) && !negated;
	int elsewhere = 0;

	while (skip_blanks(reader), *reader->at == '|' && reader->at[1] != '|') {
		advance(reader);
		skip_newlines(reader);
		elsewhere++;
		reader->elsewhere++;
		parse_command(reader);
	}
	reader->elsewhere -= elsewhere;
	return sure && !elsewhere;
}

static void parse_and_or(struct reader *reader)
{
	bool sure = parse_pipeline(reader), alone = true;
	int maybe = 0;
	char c;

	while (c = *reader->at, is_one_of(c, "&|") && reader->at[1] == c) {
		reader->at += 2;
		skip_newlines(reader);
		sure = sure && c == '&';
		maybe += !sure;
		reader->maybe += !sure;
		sure = parse_pipeline(reader);
		alone = false;
	}
	reader->maybe -= maybe;
	if (c == '&' && !alone && !reader->elsewhere) /* all of it ran in a subshell */
		taint(reader, "&", "a background command", reader->line);
}

/* bash runs line by line, so that what follows return in its line may still be an error. */
static void parse_list(struct reader *reader)
{
	skip_newlines(reader);
	do {
		parse_and_or(reader);
		if (*reader->at == '&' || (*reader->at == ';' && reader->at[1] != ';'))
			advance(reader);
		else if (*reader->at != '\n')
			return;
		skip_blanks(reader);
		if (reader->returned && *reader->at == '\n')
			return;
		skip_newlines(reader);
	} while (!at_list_end(reader));
}

void shvar_parse(const char *text, size_t len, const char *file, struct shvars *vars)
{
	struct reader reader = {0};
	char *copy = copy_text(text, len);

	reader.at = copy + 1;
	reader.line = 1;
	reader.file = file;
	reader.vars = vars;
	skip_newlines(&reader);
	if (*reader.at)
		parse_list(&reader);
	if (*reader.at && !(reader.returned && *reader.at == '\n'))
		give_up(&reader, WHY_SYNTAX, reader.line);
	free(copy);
	free(reader.heredoc);
}
