/* SPDX-License-Identifier: MIT
 * KEY=value files read as bash reads them: text to words, words to commands, commands to keys.
 *
 * As bash does, a whole line (with whatever it leaves open) is read before any of it runs.
 * What cannot be followed with certainty ends in give_up(), which lets no earlier key stand,
 * so that a construct not understood here costs an answer, but never makes a wrong one.
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "shvar.h"

#define END (-1) /* what peek() sees after the last byte */
#define NESTING_MAX 64
#define VALUE_MAX 65536 /* or some lines of A=$A$A would take all memory */

#define WHY_CONDITIONAL "a conditional"
#define WHY_SUBSTITUTION "command substitution"
#define WHY_ARITHMETIC "arithmetic"
#define WHY_ARRAY "an array"
#define WHY_PARAMETER "a parameter of the shell"
#define WHY_EXPANSION "a parameter expansion"
#define WHY_UNSET "a variable that no file sets"
#define WHY_SYNTAX "a syntax error"
#define WHY_QUOTE "an unterminated quote"

/* How far a command can be relied on to run; a compound raises it for what it holds. */
enum certainty {
	RUNS,
	MAYBE,
	IN_FUNCTION, /* when it is called, if ever */
	ELSEWHERE, /* in a subshell: nothing of it reaches the script */
};

/* A word is a row of pieces, since its value is known only when its line runs. */
enum piece_kind {
	LITERAL,
	VARIABLE, /* $KEY */
	ARITHMETIC, /* $((…)) */
	OPAQUE,
	SETS, /* ${KEY:=…} */
	RISKY, /* may assign any key, or end in an error that skips commands */
};

struct piece {
	enum piece_kind kind;
	size_t at, len; /* of its text in the heap; NUL-terminated unless LITERAL */
	const char *why; /* unless LITERAL or VARIABLE */
};

struct word {
	size_t first, n; /* pieces; those of the value if it is an assignment */
	int line;
	bool assignment, append; /* KEY=, KEY+= with nothing quoted in it */
	size_t key; /* in the heap, if it is an assignment */
	bool quoted;
	bool active; /* an unquoted * ? [ { or ~, which may make other words of it */
	bool redirect; /* the target of a redirection */
};

struct command {
	size_t first, n; /* words */
	int line;
	enum certainty certainty;
	bool redirected;
	bool inert; /* its words are expanded, but name no command */
};

struct heredoc {
	size_t delimiter; /* in the heap */
	bool quoted, tabs;
};

struct reader {
	char *text;
	size_t len, pos;
	int line;
	const char *file;
	struct shvars *vars;
	/* What was read of the present line. */
	struct {
		struct piece *items;
		size_t n, cap;
	} pieces;
	struct {
		struct word *items;
		size_t n, cap;
	} words;
	struct {
		struct command *items;
		size_t n, cap;
	} commands;
	struct {
		struct heredoc *items;
		size_t n, cap;
	} heredocs;
	struct text heap;
	int nesting;
	int substitutions; /* how many $( are open */
	const char *doubt; /* why the rest of the file may not run, or NULL */
	bool ended;
};

static void parse_list(struct reader *reader);
static void parse_command(struct reader *reader);
static void read_dollar(struct reader *reader, struct word *word, bool quoted);
static void read_word(struct reader *reader, struct word *word, bool assigns);

/* Keys */

static struct shvar *find_item(const struct shvars *vars, const char *key)
{
	size_t i;

	for (i = 0; i < vars->n; i++)
		if (!strcmp(vars->items[i].key, key))
			return &vars->items[i];
	return NULL;
}

static void free_item(struct shvar *var)
{
	free(var->key);
	free(var->value);
	free(var->why);
}

const struct shvar *shvar_find(const struct shvars *vars, const char *key)
{
	const struct shvar *var = find_item(vars, key);

	if (vars->taint.key && (!var || var->order < vars->taint.order))
		return &vars->taint;
	return var;
}

void shvar_free(struct shvars *vars)
{
	size_t i;

	for (i = 0; i < vars->n; i++)
		free_item(&vars->items[i]);
	free(vars->items);
	free_item(&vars->taint);
	memset(vars, 0, sizeof(*vars));
}

static void taint(struct reader *reader, const char *key, const char *why, int line)
{
	struct shvar *var = &reader->vars->taint;

	free_item(var);
	memset(var, 0, sizeof(*var));
	var->key = mem_string(key);
	var->why = mem_string(why);
	var->file = reader->file;
	var->line = line;
	var->order = reader->vars->records++;
}

/* Everything after this in the file runs perhaps. */
static void doubt(struct reader *reader, const char *why)
{
	if (!reader->doubt)
		reader->doubt = why;
}

/* Whatever is reading then finds the end of the text and returns. */
static void end_file(struct reader *reader)
{
	reader->pos = reader->len;
	reader->ended = true;
}

static void give_up(struct reader *reader, const char *why, int line)
{
	if (!reader->ended)
		taint(reader, why, why, line);
	end_file(reader);
}

/* Keys that the shell gives a meaning or a value of its own; assigning to some is an error. */
static bool shell_owns(const char *key)
{
	static const char *const keys[] = {"COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME",
		"EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "MAPFILE",
		"OLDPWD", "OPTARG", "OPTIND", "PIPESTATUS", "POSIXLY_CORRECT", "PPID", "PWD",
		"RANDOM", "REPLY", "SECONDS", "SHELLOPTS", "SRANDOM", "UID", "_"};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return !strncmp(key, "BASH", 4);
}

/* value NULL: why says what decides it. */
static struct shvar *record(struct reader *reader, const char *key, const char *value,
	const char *why, int line)
{
	struct shvar *var = find_item(reader->vars, key);
	struct shvar made = {0};

	if (shell_owns(key) || (var && var->fixed)) {
		value = NULL;
		why = var && var->fixed ? "a readonly or declared variable" :
			"a variable of the shell's own";
		doubt(reader, why);
	}
	made.key = mem_string(key);
	made.value = value ? mem_string(value) : NULL;
	made.why = value ? NULL : mem_string(why);
	made.file = reader->file;
	made.line = line;
	made.order = reader->vars->records++;
	made.fixed = var && var->fixed;
	if (var)
		free_item(var); /* only now: value and why may be of this very item */
	else
		var = array_add(reader->vars);
	*var = made;
	return var;
}

static void forget(struct reader *reader, const char *key)
{
	struct shvars *vars = reader->vars;
	struct shvar *var = find_item(vars, key);

	if (!var)
		return;
	free_item(var);
	*var = vars->items[--vars->n];
}

/* Bytes */

/* Without NUL bytes, which bash drops as well, and without what an editor from elsewhere adds
 * unseen: a byte order mark, and the CR of CR LF. */
static void copy_text(struct reader *reader, const char *text, size_t len)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t i = len >= strlen(bom) && !memcmp(text, bom, strlen(bom)) ? strlen(bom) : 0;

	reader->text = mem_resize(NULL, len);
	for (; i < len; i++) {
		if (!text[i] || (text[i] == '\r' && (i + 1 == len || text[i + 1] == '\n')))
			continue;
		reader->text[reader->len++] = text[i];
	}
}

static int peek_at(const struct reader *reader, size_t ahead)
{
	size_t pos = reader->pos + ahead;

	return pos < reader->len ? (unsigned char)reader->text[pos] : END;
}

static int peek(const struct reader *reader)
{
	return peek_at(reader, 0);
}

static int advance(struct reader *reader)
{
	int c = peek(reader);

	if (c == END)
		return END;
	if (c == '\n')
		reader->line++;
	reader->pos++;
	return c;
}

/* The next byte after any line continuations. */
static int here(struct reader *reader)
{
	while (peek(reader) == '\\' && peek_at(reader, 1) == '\n') {
		advance(reader);
		advance(reader);
	}
	return peek(reader);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool starts_name(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool in_name(int c)
{
	return starts_name(c) || is_digit(c);
}

static bool is_one_of(int c, const char *set)
{
	return c > 0 && strchr(set, c);
}

static bool ends_word(int c)
{
	return c == END || is_one_of(c, " \t\n;&|()<>");
}

static size_t name_length(const char *text)
{
	size_t n = 0;

	if (starts_name((unsigned char)*text))
		while (in_name((unsigned char)text[n]))
			n++;
	return n;
}

static bool is_name(const char *text)
{
	return *text && !text[name_length(text)];
}

/* Pieces */

static size_t keep(struct reader *reader, const char *bytes, size_t len)
{
	size_t at = reader->heap.n;

	text_add(&reader->heap, bytes, len);
	text_add(&reader->heap, "", 1);
	return at;
}

static void add_piece(struct reader *reader, enum piece_kind kind, size_t at, const char *why)
{
	struct piece *piece = array_add(&reader->pieces);

	piece->kind = kind;
	piece->at = at;
	piece->why = why;
}

static void add_char(struct reader *reader, const struct word *word, int c)
{
	struct piece *last = NULL;
	char byte = (char)c;

	if (reader->pieces.n > word->first)
		last = &reader->pieces.items[reader->pieces.n - 1];
	if (!last || last->kind != LITERAL || last->at + last->len != reader->heap.n) {
		add_piece(reader, LITERAL, reader->heap.n, NULL);
		last = &reader->pieces.items[reader->pieces.n - 1];
	}
	text_add(&reader->heap, &byte, 1);
	last->len++;
}

/* The text of a word, read or in reading, if it is all literal and unquoted; else NULL. */
static const char *bare_text(const struct reader *reader, const struct word *word, size_t *len)
{
	const struct piece *piece = reader->pieces.items + word->first;
	size_t n = word->n ? word->n : reader->pieces.n - word->first;

	if (word->quoted || word->assignment || n != 1 || piece->kind != LITERAL)
		return NULL;
	*len = piece->len;
	return reader->heap.bytes + piece->at;
}

static bool bare_is(const struct reader *reader, const struct word *word, const char *text)
{
	size_t len;
	const char *bare = bare_text(reader, word, &len);

	return bare && len == strlen(text) && !memcmp(bare, text, len);
}

/* Words */

static void read_single_quotes(struct reader *reader, struct word *word)
{
	int line = reader->line;

	advance(reader);
	while (peek(reader) != '\'') {
		if (peek(reader) == END) {
			give_up(reader, WHY_QUOTE, line);
			return;
		}
		add_char(reader, word, advance(reader));
	}
	advance(reader);
}

static void read_backquotes(struct reader *reader)
{
	int line = reader->line, c;

	add_piece(reader, OPAQUE, 0, WHY_SUBSTITUTION);
	advance(reader);
	while ((c = advance(reader)) != '`') {
		if (c == '\\')
			c = advance(reader);
		/* Whether a comment hides the closing one depends on the version of bash. */
		if (c == END || c == '#') {
			give_up(reader, c == END ? WHY_QUOTE : WHY_SUBSTITUTION, line);
			return;
		}
	}
}

static void read_double_quotes(struct reader *reader, struct word *word)
{
	int line = reader->line, c;

	advance(reader);
	while ((c = here(reader)) != '"') {
		if (c == END) {
			give_up(reader, WHY_QUOTE, line);
			return;
		}
		if (c == '$') {
			read_dollar(reader, word, true);
		} else if (c == '`') {
			read_backquotes(reader);
		} else {
			advance(reader);
			if (c == '\\' && is_one_of(peek(reader), "$`\"\\"))
				c = advance(reader);
			add_char(reader, word, c);
		}
	}
	advance(reader);
}

static int read_number(struct reader *reader, int base, int digits)
{
	int value = 0, c;

	while (digits-- > 0) {
		c = peek(reader) | 0x20; /* digits have that bit, letters get it */
		if (is_digit(c) && c - '0' < base)
			value = value * base + c - '0';
		else if (base == 16 && c >= 'a' && c <= 'f')
			value = value * base + c - 'a' + 10;
		else
			break;
		advance(reader);
	}
	return value & 0xff;
}

/* What follows a backslash in $''; 0 if versions of bash differ on it, or it is a NUL. */
static int read_ansi_escape(struct reader *reader)
{
	static const char letters[] = "abefnrtvE\\'\"", bytes[] = "\a\b\033\f\n\r\t\v\033\\'\"";
	int c = peek(reader);
	const char *letter = c > 0 ? strchr(letters, c) : NULL;

	if (c >= '0' && c <= '7')
		return read_number(reader, 8, 3);
	advance(reader);
	if (letter)
		return (unsigned char)bytes[letter - letters];
	if (c == 'x')
		return read_number(reader, 16, 2);
	if (c == 'c' && starts_name(peek(reader)) && peek(reader) != '_')
		return advance(reader) & 0x1f;
	return 0;
}

static void read_ansi_quotes(struct reader *reader, struct word *word)
{
	int line = reader->line, c;

	advance(reader);
	while ((c = advance(reader)) != '\'') {
		if (c == END) {
			give_up(reader, WHY_QUOTE, line);
			return;
		}
		if (c == '\\')
			c = read_ansi_escape(reader);
		if (c)
			add_char(reader, word, c);
		else
			add_piece(reader, OPAQUE, 0, "an escape in $''");
	}
}

static size_t read_name(struct reader *reader)
{
	size_t at = reader->heap.n;

	while (in_name(here(reader))) {
		char byte = (char)advance(reader);

		text_add(&reader->heap, &byte, 1);
	}
	text_add(&reader->heap, "", 1);
	return at;
}

/* The part of ${…} after the operator. What it expands to does not matter, but what else it
 * does; and where it ends: on quotes and braces in it versions of bash differ. */
static void skip_operand(struct reader *reader, struct word *word, bool quoted)
{
	int line = reader->line, c;

	while ((c = here(reader)) != '}') {
		if (c == END || is_one_of(c, "{<>") || (quoted && c == '\'')) {
			give_up(reader, c == END ? WHY_QUOTE : WHY_EXPANSION, line);
			return;
		}
		if (c == '\'') {
			read_single_quotes(reader, word);
		} else if (c == '"') {
			read_double_quotes(reader, word);
		} else if (c == '$') {
			read_dollar(reader, word, quoted);
		} else if (c == '`') {
			read_backquotes(reader);
		} else {
			advance(reader);
			if (c == '\\')
				advance(reader);
		}
	}
	advance(reader);
}

/* KEY:1 and KEY:1:2, which, unlike other arithmetic, have no side effect. */
static bool at_substring(struct reader *reader)
{
	size_t ahead = 0;

	if (peek(reader) != ':' || !is_digit(peek_at(reader, 1)))
		return false;
	while (is_digit(peek_at(reader, ahead)) || peek_at(reader, ahead) == ':')
		ahead++;
	return peek_at(reader, ahead) == '}';
}

/* What ${KEY does if these come next. */
static enum piece_kind classify_operator(struct reader *reader)
{
	int c = here(reader);

	if (is_one_of(c, "}-+#%/") || at_substring(reader))
		return OPAQUE;
	if (c == ':')
		c = peek_at(reader, 1);
	if (c == '=')
		return SETS;
	return is_one_of(c, "-+") ? OPAQUE : RISKY;
}

static void read_braces(struct reader *reader, struct word *word, bool quoted)
{
	enum piece_kind kind;
	bool length, named, special;
	size_t key = 0;

	advance(reader);
	length = here(reader) == '#';
	if (length)
		advance(reader);
	named = starts_name(here(reader));
	special = is_digit(here(reader)) || is_one_of(here(reader), "@*?-$");
	if (named)
		key = read_name(reader);
	else if (special)
		while (is_digit(advance(reader)) && is_digit(here(reader)))
			continue;
	kind = named && !length && here(reader) == '}' ? VARIABLE : classify_operator(reader);
	if ((length && here(reader) != '}') || !(named || special || length) ||
		(kind == SETS && !named))
		kind = RISKY;
	add_piece(reader, kind, key, named ? WHY_EXPANSION : WHY_PARAMETER);
	skip_operand(reader, word, quoted);
}

/* $((…)): only what needs no quoting, so that where it ends is beyond doubt. */
static void read_arithmetic(struct reader *reader)
{
	int line = reader->line, depth = 0, c;
	struct text text = {0};
	char byte;

	advance(reader);
	while ((c = here(reader)) != ')' || depth) {
		if (!in_name(c) && !is_one_of(c, " \t\n$+-*/%()<>=!&|^~?:,"))
			break;
		depth += (c == '(') - (c == ')');
		byte = (char)advance(reader);
		text_add(&text, &byte, 1);
		if (c == '$' && !starts_name(peek(reader)))
			break;
	}
	advance(reader);
	if (c == ')' && here(reader) == ')')
		advance(reader);
	else
		give_up(reader, WHY_ARITHMETIC, line);
	add_piece(reader, ARITHMETIC, keep(reader, text.bytes, text.n), WHY_ARITHMETIC);
	text_free(&text);
}

/* $(…), <(…): read like any commands, to find the end, and then dropped. */
static void read_substitution(struct reader *reader, const char *why)
{
	size_t pieces = reader->pieces.n, words = reader->words.n, commands = reader->commands.n;
	int line = reader->line;

	advance(reader);
	if (++reader->nesting > NESTING_MAX)
		give_up(reader, "too much nesting", line);
	reader->substitutions++;
	parse_list(reader);
	if (here(reader) != ')')
		give_up(reader, WHY_SYNTAX, line);
	advance(reader);
	reader->substitutions--;
	reader->nesting--;
	reader->pieces.n = pieces;
	reader->words.n = words;
	reader->commands.n = commands;
	add_piece(reader, OPAQUE, 0, why);
}

static void read_dollar(struct reader *reader, struct word *word, bool quoted)
{
	int c;

	advance(reader);
	c = here(reader);
	if (++reader->nesting > NESTING_MAX) {
		give_up(reader, "too much nesting", reader->line);
	} else if (starts_name(c)) {
		size_t key = read_name(reader);

		add_piece(reader, VARIABLE, key, NULL);
	} else if (c == '{') {
		read_braces(reader, word, quoted);
	} else if (c == '(' && peek_at(reader, 1) == '(') {
		advance(reader);
		read_arithmetic(reader);
	} else if (c == '(') {
		read_substitution(reader, WHY_SUBSTITUTION);
	} else if (c == '[') {
		give_up(reader, WHY_ARITHMETIC, reader->line);
	} else if (c == '\'' && !quoted) {
		word->quoted = true;
		read_ansi_quotes(reader, word);
	} else if (c == '"' && !quoted) {
		word->quoted = true;
		read_double_quotes(reader, word);
	} else if (is_digit(c) || is_one_of(c, "@*#?-$!")) {
		advance(reader);
		add_piece(reader, OPAQUE, 0, WHY_PARAMETER);
	} else {
		add_char(reader, word, '$');
	}
	reader->nesting--;
}

/* True if it is followed by = or +=, which makes it an assignment to an element. */
static void read_subscript(struct reader *reader, struct word *word)
{
	int line = reader->line, c;
	bool number = true;

	add_char(reader, word, advance(reader));
	while ((c = here(reader)) != ']') {
		if (!in_name(c) && !is_one_of(c, "@*+-")) {
			give_up(reader, WHY_ARRAY, line);
			return;
		}
		number = number && is_digit(c);
		add_char(reader, word, advance(reader));
	}
	add_char(reader, word, advance(reader));
	word->active = true;
	if (here(reader) != '=' && (here(reader) != '+' || peek_at(reader, 1) != '='))
		return;
	while (advance(reader) != '=')
		continue;
	word->assignment = true;
	word->key = reader->pieces.items[word->first].at;
	reader->heap.bytes[word->key + name_length(reader->heap.bytes + word->key)] = '\0';
	reader->pieces.n = word->first;
	/* A subscript is arithmetic, in which a name's value is evaluated once more. */
	add_piece(reader, number ? OPAQUE : RISKY, 0, WHY_ARRAY);
}

static void skip_blanks(struct reader *reader)
{
	while (is_one_of(here(reader), " \t"))
		advance(reader);
	if (peek(reader) == '#')
		while (peek(reader) != '\n' && peek(reader) != END)
			advance(reader);
}

/* KEY=(…) */
static void read_array(struct reader *reader)
{
	int line = reader->line;

	add_piece(reader, OPAQUE, 0, WHY_ARRAY);
	advance(reader);
	for (;;) {
		struct word element = {0};

		for (skip_blanks(reader); peek(reader) == '\n'; skip_blanks(reader))
			advance(reader);
		if (peek(reader) == ')')
			break;
		if (ends_word(peek(reader)) || reader->heredocs.n) {
			give_up(reader, WHY_SYNTAX, line);
			return;
		}
		read_word(reader, &element, false);
		if (element.active)
			add_piece(reader, RISKY, 0, WHY_ARRAY);
	}
	advance(reader);
}

/* At the = of KEY= or KEY+=: what was read so far becomes the key. */
static bool start_value(struct reader *reader, struct word *word)
{
	size_t len;
	const char *bare = bare_text(reader, word, &len);
	char *key;

	if (word->assignment || !bare)
		return false;
	word->append = len > 1 && bare[len - 1] == '+';
	key = mem_copy(bare, len - word->append);
	word->assignment = is_name(key);
	if (word->assignment) {
		word->key = keep(reader, key, strlen(key));
		reader->pieces.n = word->first;
	}
	free(key);
	return word->assignment;
}

/* Where bash looks for ~; after = only some versions do. */
static bool at_tilde(const struct reader *reader, const struct word *word)
{
	const struct piece *last;

	if (reader->pieces.n == word->first)
		return true;
	last = &reader->pieces.items[reader->pieces.n - 1];
	return last->kind == LITERAL &&
		is_one_of(reader->heap.bytes[last->at + last->len - 1], ":=");
}

static void read_plain(struct reader *reader, struct word *word, bool assigns)
{
	int c = peek(reader);
	size_t len;
	const char *bare = bare_text(reader, word, &len);

	if (c == '[' && assigns && !word->assignment && bare) {
		char *name = mem_copy(bare, len);
		bool element = is_name(name);

		free(name);
		if (element) {
			read_subscript(reader, word);
			return;
		}
	}
	advance(reader);
	if (c == '=' && start_value(reader, word)) {
		if (here(reader) == '(' && assigns)
			read_array(reader);
		return;
	}
	if (c == '~' && at_tilde(reader, word))
		add_piece(reader, OPAQUE, 0, "a home directory");
	if (is_one_of(c, "*?[{~"))
		word->active = true;
	add_char(reader, word, c);
}

static void read_escape(struct reader *reader, struct word *word)
{
	advance(reader);
	word->quoted = true;
	if (peek(reader) == END)
		add_piece(reader, OPAQUE, 0, "a backslash at the end");
	else
		add_char(reader, word, advance(reader));
}

/* assigns: where bash takes KEY=(…) and KEY[…]= for assignments. */
static void read_word(struct reader *reader, struct word *word, bool assigns)
{
	int c;

	memset(word, 0, sizeof(*word));
	word->first = reader->pieces.n;
	word->line = reader->line;
	for (c = here(reader); c != END; c = here(reader)) {
		if (is_one_of(c, "<>") && peek_at(reader, 1) == '(') {
			advance(reader);
			read_substitution(reader, "process substitution");
		} else if (ends_word(c)) {
			break;
		} else if (c == '$') {
			read_dollar(reader, word, false);
		} else if (c == '`') {
			read_backquotes(reader);
		} else if (c == '\\') {
			read_escape(reader, word);
		} else if (c == '\'') {
			word->quoted = true;
			read_single_quotes(reader, word);
		} else if (c == '"') {
			word->quoted = true;
			read_double_quotes(reader, word);
		} else {
			read_plain(reader, word, assigns);
		}
	}
	word->n = reader->pieces.n - word->first;
}

/* Commands */

static void add_word(struct reader *reader, struct command *command, const struct word *word)
{
	*array_add(&reader->words) = *word;
	command->n = reader->words.n - command->first;
}

static struct command start_command(const struct reader *reader)
{
	struct command command = {0};

	command.first = reader->words.n;
	command.line = reader->line;
	return command;
}

/* Raises what was read since. */
static void mark(struct reader *reader, size_t from, enum certainty certainty)
{
	for (; from < reader->commands.n; from++)
		if (reader->commands.items[from].certainty < certainty)
			reader->commands.items[from].certainty = certainty;
}

/* ${KEY:=…} and $((KEY=…)) in the body assign; they are rare enough to be all alike. */
static bool body_is_risky(const char *body, size_t len)
{
	size_t i;

	for (i = 0; i + 2 < len; i++)
		if (body[i] == '$' && (body[i + 1] == '{' || body[i + 1] == '[' ||
			(body[i + 1] == '(' && body[i + 2] == '(')))
			return true;
	return false;
}

/* The next line of a here-document; where the delimiter is not quoted, with its continuations,
 * because bash joins them before it looks for the delimiter. */
static void read_body_line(struct reader *reader, const struct heredoc *heredoc, struct text *line)
{
	int c;

	line->n = 0;
	text_add(line, "", 0);
	while ((c = heredoc->quoted ? peek(reader) : here(reader)) != '\n' && c != END) {
		char byte = (char)advance(reader);

		if (byte == '\t' && heredoc->tabs && !line->n)
			continue;
		text_add(line, &byte, 1);
		if (byte == '\\' && !heredoc->quoted && peek(reader) == '\\') {
			advance(reader);
			text_add(line, &byte, 1);
		}
	}
	advance(reader);
}

static void skip_heredoc(struct reader *reader, const struct heredoc *heredoc)
{
	struct command command = start_command(reader);
	struct word word = {0};
	struct text line = {0};

	word.first = reader->pieces.n;
	while (peek(reader) != END) {
		read_body_line(reader, heredoc, &line);
		if (!strcmp(line.bytes, reader->heap.bytes + heredoc->delimiter))
			break;
		if (!heredoc->quoted && body_is_risky(line.bytes, line.n))
			add_piece(reader, RISKY, 0, "a here-document");
	}
	text_free(&line);
	word.n = reader->pieces.n - word.first;
	command.inert = true;
	add_word(reader, &command, &word);
	*array_add(&reader->commands) = command;
}

/* The bodies of here-documents begin after the line that names them. */
static void read_newline(struct reader *reader)
{
	size_t i;

	advance(reader);
	if (reader->heredocs.n && reader->substitutions)
		give_up(reader, "a here-document", reader->line);
	for (i = 0; i < reader->heredocs.n && !reader->ended; i++)
		skip_heredoc(reader, &reader->heredocs.items[i]);
	reader->heredocs.n = 0;
}

static void skip_newlines(struct reader *reader)
{
	for (skip_blanks(reader); peek(reader) == '\n'; skip_blanks(reader))
		read_newline(reader);
}

static void add_heredoc(struct reader *reader, const struct word *word, bool tabs)
{
	const struct piece *piece = &reader->pieces.items[word->first];
	struct heredoc *heredoc;

	if (word->n > 1 || word->assignment || (word->n && piece->kind != LITERAL) ||
		reader->substitutions) {
		give_up(reader, "a here-document", word->line);
		return;
	}
	heredoc = array_add(&reader->heredocs);
	heredoc->delimiter = keep(reader, "", 0);
	if (word->n) {
		char *delimiter = mem_copy(reader->heap.bytes + piece->at, piece->len);

		heredoc->delimiter = keep(reader, delimiter, piece->len);
		free(delimiter);
	}
	heredoc->quoted = word->quoted;
	heredoc->tabs = tabs;
}

/* The operator here, or NULL; the number before it is skipped. */
static const char *take_redirection(struct reader *reader)
{
	static const char *const operators[] = {"&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", "<",
		">>", ">&", ">|", ">"};
	size_t i, digits = 0, len;

	here(reader);
	while (is_digit(peek_at(reader, digits)))
		digits++;
	if (peek_at(reader, digits + 1) == '(')
		return NULL; /* process substitution */
	for (i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		len = strlen(operators[i]);
		if (digits && *operators[i] == '&')
			continue;
		if (reader->len - reader->pos < digits + len ||
			memcmp(reader->text + reader->pos + digits, operators[i], len))
			continue;
		reader->pos += digits + len;
		return operators[i];
	}
	return NULL;
}

/* 2>file and {fd}>file in disguise. */
static bool names_descriptor(const struct reader *reader, const struct word *word)
{
	size_t len;
	const char *bare = bare_text(reader, word, &len);

	return is_one_of(peek(reader), "<>") && bare && (is_digit(*bare) || *bare == '{');
}

static bool read_redirection(struct reader *reader, struct command *command)
{
	const char *operator = take_redirection(reader);
	struct word word;

	if (!operator)
		return false;
	skip_blanks(reader);
	if (ends_word(peek(reader)) && !(is_one_of(peek(reader), "<>") &&
		peek_at(reader, 1) == '(')) {
		give_up(reader, WHY_SYNTAX, reader->line);
		return true;
	}
	read_word(reader, &word, false);
	if (names_descriptor(reader, &word))
		give_up(reader, WHY_SYNTAX, word.line);
	word.redirect = true;
	command->redirected = true;
	if (!strcmp(operator, "<<") || !strcmp(operator, "<<-"))
		add_heredoc(reader, &word, operator[2] == '-');
	else
		add_word(reader, command, &word);
	return true;
}

/* Syntax */

static bool at_keyword(struct reader *reader, const char *keyword)
{
	size_t len = strlen(keyword);

	skip_blanks(reader);
	return reader->len - reader->pos >= len &&
		!memcmp(reader->text + reader->pos, keyword, len) &&
		ends_word(peek_at(reader, len));
}

static bool take_keyword(struct reader *reader, const char *keyword)
{
	if (!at_keyword(reader, keyword))
		return false;
	reader->pos += strlen(keyword);
	return true;
}

static void expect(struct reader *reader, const char *keyword)
{
	if (!take_keyword(reader, keyword))
		give_up(reader, WHY_SYNTAX, reader->line);
}

static void expect_char(struct reader *reader, int c)
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

static void parse_loop_body(struct reader *reader)
{
	expect(reader, "do");
	parse_list(reader);
	expect(reader, "done");
}

static void parse_while(struct reader *reader)
{
	parse_list(reader);
	parse_loop_body(reader);
}

/* Up to that many words, as a command that is not run. */
static void parse_words(struct reader *reader, size_t most)
{
	struct command command = start_command(reader);
	struct word word;

	command.inert = true;
	for (skip_blanks(reader); !ends_word(peek(reader)) && most--; skip_blanks(reader)) {
		read_word(reader, &word, false);
		add_word(reader, &command, &word);
	}
	*array_add(&reader->commands) = command;
}


static void parse_for(struct reader *reader)
{
	struct command command = start_command(reader);
	struct word word = {0};

	skip_blanks(reader);
	word.line = reader->line;
	word.key = read_name(reader);
	word.assignment = true;
	word.first = reader->pieces.n;
	word.n = 1;
	if (!is_name(reader->heap.bytes + word.key) || !ends_word(peek(reader)))
		give_up(reader, WHY_SYNTAX, reader->line);
	add_piece(reader, OPAQUE, 0, "a loop");
	add_word(reader, &command, &word);
	*array_add(&reader->commands) = command;
	skip_blanks(reader);
	if (peek(reader) == ';') {
		advance(reader);
	} else {
		skip_newlines(reader);
		if (take_keyword(reader, "in")) {
			parse_words(reader, (size_t)-1);
			if (peek(reader) != '\n')
				expect_char(reader, ';');
		}
	}
	skip_newlines(reader);
	parse_loop_body(reader);
}

/* What ends a list, apart from its own separators. */
static bool at_list_end(struct reader *reader)
{
	static const char *const closers[] = {"then", "elif", "else", "fi", "do", "done", "esac",
		"}"};
	size_t i;

	skip_blanks(reader);
	for (i = 0; i < sizeof(closers) / sizeof(*closers); i++)
		if (at_keyword(reader, closers[i]))
			return true;
	return peek(reader) == END || is_one_of(peek(reader), ";)");
}

static void parse_patterns(struct reader *reader)
{
	skip_blanks(reader);
	if (peek(reader) == '(')
		advance(reader);
	for (;;) {
		if (ends_word(peek(reader)))
			give_up(reader, WHY_SYNTAX, reader->line);
		parse_words(reader, 1);
		if (peek(reader) != '|')
			break;
		advance(reader);
		skip_blanks(reader);
	}
	expect_char(reader, ')');
}

static void parse_case(struct reader *reader)
{
	/* bash before 4 takes the ) of a pattern for the end of the substitution. */
	if (reader->substitutions)
		give_up(reader, WHY_SUBSTITUTION, reader->line);
	parse_words(reader, 1);
	skip_newlines(reader);
	expect(reader, "in");
	skip_newlines(reader);
	while (!take_keyword(reader, "esac") && !reader->ended) {
		parse_patterns(reader);
		skip_newlines(reader);
		if (!at_list_end(reader))
			parse_list(reader);
		if (at_keyword(reader, "esac"))
			continue;
		expect_char(reader, ';');
		if (advance(reader) != ';')
			give_up(reader, WHY_SYNTAX, reader->line);
		skip_newlines(reader);
	}
}

static void parse_group(struct reader *reader)
{
	parse_list(reader);
	expect(reader, "}");
}

/* WORD, -x WORD, WORD = WORD. Other forms are arithmetic, which may assign, or are read
 * differently by versions of bash. */
static bool term_is_known(const struct reader *reader, const struct word *words, size_t n)
{
	static const char *const operators[] = {"=", "==", "!=", "-nt", "-ot", "-ef"};
	const char *bare;
	size_t i, len = 0;

	if (n == 3) {
		for (i = 0; i < sizeof(operators) / sizeof(*operators); i++)
			if (bare_is(reader, &words[1], operators[i]))
				return true;
		return false;
	}
	if (!n)
		return false;
	bare = bare_text(reader, &words[0], &len);
	if (!bare || *bare != '-')
		return n == 1;
	return n == 2 && len == 2 && is_one_of(bare[1], "abcdefghknprstuwxzGLNOS");
}

/* One term of [[ ]]; false at the end. */
static bool parse_term(struct reader *reader, struct command *command)
{
	struct word words[3], word;
	bool last = false;
	size_t n = 0;

	for (skip_blanks(reader); !ends_word(peek(reader)); skip_blanks(reader)) {
		read_word(reader, &word, false);
		last = bare_is(reader, &word, "]]");
		if (last)
			break;
		if (!n && bare_is(reader, &word, "!"))
			continue;
		if (n == 3) {
			n = 0;
			break;
		}
		words[n++] = word;
		add_word(reader, command, &word);
	}
	if (!term_is_known(reader, words, n)) {
		give_up(reader, "a [[ ]] command", command->line);
		return false;
	}
	return !last;
}

static void parse_test(struct reader *reader)
{
	struct command command = start_command(reader);
	int c;

	command.inert = true;
	while (parse_term(reader, &command)) {
		c = advance(reader);
		if (!is_one_of(c, "&|") || advance(reader) != c)
			give_up(reader, WHY_SYNTAX, command.line);
	}
	*array_add(&reader->commands) = command;
}

static void parse_subshell(struct reader *reader)
{
	if (peek(reader) == '(')
		give_up(reader, WHY_ARITHMETIC, reader->line);
	parse_list(reader);
	expect_char(reader, ')');
}

static void parse_function(struct reader *reader);

/* True unless a simple command is here. */
static bool parse_compound(struct reader *reader)
{
	static const struct {
		const char *keyword;
		void (*parse)(struct reader *reader);
		enum certainty certainty;
	} compounds[] = {
		{"if", parse_if, MAYBE},
		{"for", parse_for, MAYBE},
		{"select", parse_for, MAYBE},
		{"while", parse_while, MAYBE},
		{"until", parse_while, MAYBE},
		{"case", parse_case, MAYBE},
		{"{", parse_group, MAYBE},
		{"[[", parse_test, RUNS},
		{"function", parse_function, RUNS},
	};
	size_t from = reader->commands.n, i;

	skip_blanks(reader);
	if (peek(reader) == '(') {
		advance(reader);
		parse_subshell(reader);
		mark(reader, from, ELSEWHERE);
		return true;
	}
	for (i = 0; i < sizeof(compounds) / sizeof(*compounds); i++)
		if (take_keyword(reader, compounds[i].keyword)) {
			compounds[i].parse(reader);
			mark(reader, from, compounds[i].certainty);
			return true;
		}
	return false;
}

/* The body of a function; from then on a command may be a call of it. */
static void parse_body(struct reader *reader)
{
	size_t from = reader->commands.n;

	reader->vars->functions = true;
	skip_newlines(reader);
	if (++reader->nesting > NESTING_MAX || !parse_compound(reader))
		give_up(reader, WHY_SYNTAX, reader->line);
	reader->nesting--;
	mark(reader, from, IN_FUNCTION);
}

static void check_function_name(struct reader *reader, const struct word *word);

static void parse_function(struct reader *reader)
{
	struct word name;

	skip_blanks(reader);
	read_word(reader, &name, false);
	check_function_name(reader, &name);
	skip_blanks(reader);
	if (peek(reader) == '(') {
		advance(reader);
		expect_char(reader, ')');
	}
	parse_body(reader);
}

/* Words that bash reads as syntax here, although they did not look like it: one with a line
 * continuation in it, one of another construct, or one that only newer versions know. */
static bool is_reserved(const struct reader *reader, const struct word *word)
{
	static const char *const reserved[] = {"!", "[[", "{", "}", "case", "coproc", "do", "done",
		"elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then",
		"time", "until", "while", "]]"};
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (bare_is(reader, word, reserved[i]))
			return true;
	return false;
}

static bool declares(const struct reader *reader, const struct word *word)
{
	static const char *const names[] = {"declare", "export", "local", "readonly", "typeset"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (bare_is(reader, word, names[i]))
			return true;
	return false;
}

static void parse_simple(struct reader *reader)
{
	struct command command = start_command(reader);
	bool named = false, assigns = true;
	struct word word;

	for (;;) {
		skip_blanks(reader);
		if (read_redirection(reader, &command))
			continue;
		if (peek(reader) == '(' && command.n == 1 && named && !command.redirected) {
			advance(reader);
			expect_char(reader, ')');
			check_function_name(reader, &word);
			reader->words.n = command.first;
			parse_body(reader);
			return;
		}
		if (ends_word(peek(reader)) && !is_one_of(peek(reader), "<>"))
			break;
		read_word(reader, &word, assigns);
		if ((!command.n && is_reserved(reader, &word)) || names_descriptor(reader, &word))
			give_up(reader, WHY_SYNTAX, word.line);
		add_word(reader, &command, &word);
		if (!word.assignment && !named) {
			named = true;
			assigns = declares(reader, &word);
		}
	}
	if ((!command.n && !command.redirected) || peek(reader) == '(')
		give_up(reader, WHY_SYNTAX, reader->line);
	*array_add(&reader->commands) = command;
}

static void parse_command(struct reader *reader)
{
	struct command redirections;

	if (++reader->nesting > NESTING_MAX)
		give_up(reader, "too much nesting", reader->line);
	if (parse_compound(reader)) {
		redirections = start_command(reader);
		redirections.inert = true;
		for (skip_blanks(reader); read_redirection(reader, &redirections);)
			skip_blanks(reader);
		if (redirections.n)
			*array_add(&reader->commands) = redirections;
	} else {
		parse_simple(reader);
	}
	reader->nesting--;
}

/* Nothing but assignments of what is known: its status is 0. */
static bool succeeds(const struct reader *reader, const struct command *command)
{
	size_t i, j;

	if (command->redirected || command->inert)
		return false;
	for (i = command->first; i < command->first + command->n; i++) {
		const struct word *word = &reader->words.items[i];

		if (!word->assignment)
			return false;
		for (j = word->first; j < word->first + word->n; j++)
			if (reader->pieces.items[j].kind > VARIABLE)
				return false;
	}
	return true;
}

/* True if it is sure to succeed. */
static bool parse_pipeline(struct reader *reader)
{
	size_t from = reader->commands.n;
	bool negated = take_keyword(reader, "!"), piped = false;

	for (;;) {
		parse_command(reader);
		skip_blanks(reader);
		if (peek(reader) != '|' || peek_at(reader, 1) == '|')
			break;
		advance(reader);
		if (peek(reader) == '&')
			advance(reader);
		skip_newlines(reader);
		piped = true;
	}
	if (piped)
		mark(reader, from, ELSEWHERE);
	return !negated && !piped && reader->commands.n == from + 1 &&
		succeeds(reader, &reader->commands.items[from]);
}

static void parse_and_or(struct reader *reader)
{
	bool sure = parse_pipeline(reader);
	size_t from;
	int c;

	for (;;) {
		skip_blanks(reader);
		c = peek(reader);
		if (!is_one_of(c, "&|") || peek_at(reader, 1) != c)
			return;
		reader->pos += 2;
		skip_newlines(reader);
		if (c == '|')
			sure = false;
		from = reader->commands.n;
		if (!parse_pipeline(reader) || !sure) {
			mark(reader, from, sure ? RUNS : MAYBE);
			sure = false;
		}
	}
}

/* True if something may follow. */
static bool parse_separated(struct reader *reader)
{
	size_t from = reader->commands.n;

	parse_and_or(reader);
	skip_blanks(reader);
	if (peek(reader) == '&') {
		advance(reader);
		mark(reader, from, ELSEWHERE);
		return true;
	}
	if (peek(reader) == ';' && !is_one_of(peek_at(reader, 1), ";&")) {
		advance(reader);
		return true;
	}
	return peek(reader) == '\n';
}

static void parse_list(struct reader *reader)
{
	skip_newlines(reader);
	while (parse_separated(reader)) {
		skip_newlines(reader);
		if (at_list_end(reader))
			break;
	}
}

/* A line as bash runs them: it ends at a newline that nothing is open at. */
static void parse_line(struct reader *reader)
{
	do {
		if (!parse_separated(reader))
			break;
		skip_blanks(reader);
	} while (peek(reader) != '\n' && peek(reader) != END);
	if (peek(reader) == '\n')
		read_newline(reader);
	else if (peek(reader) != END)
		give_up(reader, WHY_SYNTAX, reader->line);
}

/* Running */

/* How many bytes are a number that no base or overflow changes. */
static size_t number_length(const char *text)
{
	size_t n = 0;

	while (is_digit(text[n]))
		n++;
	return n > 9 || (n > 1 && *text == '0') ? 0 : n;
}

static bool is_number_key(const struct reader *reader, const char *name, size_t len)
{
	char *key = mem_copy(name, len);
	const struct shvar *var = shvar_find(reader->vars, key);

	free(key);
	return var && var->value && *var->value && !var->value[number_length(var->value)];
}

/* Numbers, and keys that hold them, with + - * in between: neither an error nor an assignment
 * can come of it, as of division, of a base, or of a key's value, which is an expression too. */
static bool arithmetic_is_harmless(const struct reader *reader, const char *text)
{
	size_t len;

	for (;;) {
		text += strspn(text, " \t\n");
		text += *text == '$';
		len = name_length(text);
		if (len && !is_number_key(reader, text, len))
			return false;
		if (!len)
			len = number_length(text);
		if (!len)
			return false;
		text += len;
		text += strspn(text, " \t\n");
		if (!*text)
			return true;
		if (!is_one_of(*text++, "+-*"))
			return false;
	}
}

static const char *heap_text(const struct reader *reader, size_t at)
{
	return reader->heap.bytes + at;
}

/* Appends what the word expands to; or says what decides it. */
static const char *expand(const struct reader *reader, const struct word *word, struct text *out)
{
	const struct piece *piece = reader->pieces.items + word->first;
	const struct piece *end = piece + word->n;

	for (; piece < end; piece++) {
		if (piece->kind == LITERAL) {
			text_add(out, heap_text(reader, piece->at), piece->len);
		} else if (piece->kind == VARIABLE) {
			const struct shvar *var = shvar_find(reader->vars,
				heap_text(reader, piece->at));

			if (!var)
				return WHY_UNSET;
			if (!var->value)
				return var->why;
			text_add_string(out, var->value);
		} else {
			return piece->why;
		}
	}
	return NULL;
}

/* The whole word, KEY= included, if it is literal; else NULL. The caller frees it. */
static char *literal(const struct reader *reader, const struct word *word)
{
	const struct piece *piece = reader->pieces.items + word->first;
	struct text text = {0};
	size_t i;

	text_add(&text, "", 0);
	if (word->assignment)
		text_format(&text, "%s%s=", heap_text(reader, word->key), word->append ? "+" : "");
	for (i = 0; i < word->n; i++)
		if (piece[i].kind != LITERAL) {
			text_free(&text);
			return NULL;
		}
	expand(reader, word, &text);
	return text.bytes;
}

/* What expanding a word does besides. */
static void apply_effects(struct reader *reader, const struct word *word)
{
	size_t i;

	for (i = word->first; i < word->first + word->n; i++) {
		const struct piece piece = reader->pieces.items[i];

		if (piece.kind == SETS)
			record(reader, heap_text(reader, piece.at), NULL, piece.why, word->line);
		if (piece.kind == RISKY || (piece.kind == ARITHMETIC &&
			!arithmetic_is_harmless(reader, heap_text(reader, piece.at)))) {
			taint(reader, piece.why, piece.why, word->line);
			doubt(reader, piece.why);
		}
	}
}

/* Why an assignment that is there may not be made, or NULL. */
static const char *uncertainty(const struct reader *reader, const struct command *command)
{
	if (command->certainty == IN_FUNCTION)
		return "a function";
	if (command->certainty == MAYBE)
		return WHY_CONDITIONAL;
	return command->redirected ? "a redirection" : reader->doubt;
}

static void assign(struct reader *reader, const struct command *command, const struct word *word)
{
	const char *key = heap_text(reader, word->key), *why = NULL;
	struct text value = {0};

	text_add(&value, "", 0);
	if (word->append) {
		const struct shvar *var = shvar_find(reader->vars, key);

		if (var && var->value)
			text_add_string(&value, var->value);
		else
			why = var ? var->why : WHY_UNSET;
	}
	if (!why)
		why = expand(reader, word, &value);
	if (!why && value.n > VALUE_MAX)
		why = "a value of that length";
	if (!why)
		why = uncertainty(reader, command);
	record(reader, key, why ? NULL : value.bytes, why, word->line);
	text_free(&value);
}

/* The builtins that matter. Arguments are the words after the name, but for redirections. */

struct call {
	const struct command *command;
	const char *name;
	struct word *args;
	size_t n;
};

static void taint_call(struct reader *reader, const struct call *call, const char *why)
{
	taint(reader, call->name, why, call->command->line);
}

static void run_nothing(struct reader *reader, const struct call *call)
{
	(void)reader;
	(void)call;
}

static void run_file(struct reader *reader, const struct call *call)
{
	reader->vars->functions = true;
	taint_call(reader, call, "a sourced file");
}

static void run_anything(struct reader *reader, const struct call *call)
{
	reader->vars->functions = true;
	taint_call(reader, call, call->name);
}

/* set -e, shopt, exec …: how the rest is read, and whether it is, depends on them. */
static void run_mode(struct reader *reader, const struct call *call)
{
	taint_call(reader, call, call->name);
	doubt(reader, call->name);
}

/* With an argument that is no number it is an error, which not all versions end the file on. */
static bool is_status(const struct reader *reader, const struct call *call)
{
	char *text;
	bool good;

	if (call->n != 1)
		return !call->n;
	text = literal(reader, &call->args[0]);
	good = text && *text && !text[number_length(text)];
	free(text);
	return good;
}

static void run_return(struct reader *reader, const struct call *call)
{
	bool sure = !uncertainty(reader, call->command) && is_status(reader, call);

	if (sure)
		end_file(reader);
	else if (call->command->certainty != IN_FUNCTION)
		doubt(reader, "a return that may not be reached");
}

/* break outside of a loop ends the loop of the script that sources the file, if any. */
static void run_break(struct reader *reader, const struct call *call)
{
	if (call->command->certainty != IN_FUNCTION)
		doubt(reader, call->name);
}

static void record_names(struct reader *reader, const struct call *call, size_t from, bool fixed)
{
	size_t i;

	for (i = from; i < call->n; i++) {
		const struct word *arg = &call->args[i];
		char *text = literal(reader, arg);

		if (!text && arg->assignment)
			text = mem_string(heap_text(reader, arg->key));
		if (!text || arg->active)
			taint_call(reader, call, call->name);
		else if (starts_name(*text)) {
			text[name_length(text)] = '\0';
			record(reader, text, NULL, call->name, arg->line)->fixed |= fixed;
		}
		free(text);
	}
}

/* Every name of read, getopts, mapfile, and harmlessly that of an option's argument. */
static void run_read(struct reader *reader, const struct call *call)
{
	size_t i;

	/* -aKEY */
	for (i = 0; i < call->n; i++) {
		char *text = literal(reader, &call->args[i]);

		if (text && *text == '-' && strlen(text) > 2)
			taint_call(reader, call, call->name);
		free(text);
	}
	record_names(reader, call, 0, false);
}

static void run_printf(struct reader *reader, const struct call *call)
{
	char *option = call->n ? literal(reader, &call->args[0]) : NULL;

	if (!option && call->n)
		taint_call(reader, call, call->name);
	else if (option && !strcmp(option, "-v") && call->n > 1) {
		struct call names = *call;

		names.n = 2;
		record_names(reader, &names, 1, false);
	} else if (option && !strncmp(option, "-v", 2))
		taint_call(reader, call, call->name);
	free(option);
}

/* In a function, as which initscripts source ifcfg files, these make a variable that is gone
 * after it; and integer or upper-case ones take other values than they are given. */
static void run_declare(struct reader *reader, const struct call *call)
{
	record_names(reader, call, 0, true);
}

static void run_unset(struct reader *reader, const struct call *call)
{
	const char *why = uncertainty(reader, call->command);
	size_t i;

	for (i = 0; i < call->n; i++) {
		char *key = literal(reader, &call->args[i]);
		const struct shvar *var = key ? find_item(reader->vars, key) : NULL;

		if (!key || call->args[i].active || (*key == '-' && strcmp(key, "-v")))
			taint_call(reader, call, call->name);
		else if (is_name(key) && (why || (var && var->fixed)))
			record(reader, key, NULL, why ? why : call->name, call->args[i].line);
		else if (is_name(key))
			forget(reader, key);
		free(key);
	}
}

/* bash expands every argument of a command before it assigns any. */
static bool refers_back(const struct reader *reader, const struct call *call, size_t at)
{
	const struct word *arg = &call->args[at];
	size_t i, j;

	for (i = arg->first; i < arg->first + arg->n; i++) {
		if (reader->pieces.items[i].kind != VARIABLE)
			continue;
		for (j = 0; j < at; j++)
			if (!call->args[j].assignment ||
				!strcmp(heap_text(reader, call->args[j].key),
					heap_text(reader, reader->pieces.items[i].at)))
				return true;
	}
	return false;
}

/* An argument that is no assignment by its looks: KEY, or KEY=value all in quotes. */
static void export_text(struct reader *reader, const struct call *call, char *text, int line)
{
	const char *why = uncertainty(reader, call->command);
	size_t len = name_length(text);

	if (!len || text[len] != '=')
		return;
	text[len] = '\0';
	record(reader, text, why ? NULL : text + len + 1, why, line);
}

/* False if the argument may be an option, or more than one word. */
static bool export_argument(struct reader *reader, const struct call *call, size_t at)
{
	const struct word *arg = &call->args[at];
	char *text;
	bool clear;

	if (arg->assignment) {
		if (arg->active || refers_back(reader, call, at))
			record(reader, heap_text(reader, arg->key), NULL, call->name, arg->line);
		else
			assign(reader, call->command, arg);
		return true;
	}
	text = literal(reader, arg);
	clear = text && !arg->active && (*text != '-' || !strcmp(text, "--"));
	if (clear)
		export_text(reader, call, text, arg->line);
	free(text);
	return clear;
}

/* A later assignment to it is an error. */
static void fix_argument(struct reader *reader, const struct call *call, const struct word *arg)
{
	char *name = literal(reader, arg);
	struct shvar *var;

	if (!name && arg->assignment)
		name = mem_string(heap_text(reader, arg->key));
	if (name && starts_name(*name)) {
		name[name_length(name)] = '\0';
		var = find_item(reader->vars, name);
		if (!var)
			var = record(reader, name, NULL, call->name, arg->line);
		var->fixed = true;
	}
	free(name);
}

/* export and readonly */
static void run_export(struct reader *reader, const struct call *call)
{
	bool clear = true;
	size_t i;

	for (i = 0; i < call->n; i++) {
		clear = export_argument(reader, call, i) && clear;
		if (*call->name == 'r')
			fix_argument(reader, call, &call->args[i]);
	}
	if (!clear) /* last, for it decides the keys of the other arguments, too */
		taint_call(reader, call, call->name);
}

struct builtin {
	const char *name;
	void (*run)(struct reader *reader, const struct call *call);
};

static const struct builtin *find_builtin(const char *name)
{
	static const struct builtin builtins[] = {
		{".", run_file},
		{":", run_nothing},
		{"[", run_nothing},
		{"alias", run_anything},
		{"break", run_break},
		{"builtin", run_anything},
		{"command", run_anything},
		{"continue", run_break},
		{"declare", run_declare},
		{"echo", run_nothing},
		{"enable", run_mode},
		{"eval", run_anything},
		{"exec", run_mode},
		{"exit", run_return},
		{"export", run_export},
		{"false", run_nothing},
		{"getopts", run_read},
		{"let", run_mode},
		{"local", run_declare},
		{"mapfile", run_read},
		{"printf", run_printf},
		{"read", run_read},
		{"readarray", run_read},
		{"readonly", run_export},
		{"return", run_return},
		{"set", run_mode},
		{"shopt", run_mode},
		{"source", run_file},
		{"test", run_nothing},
		{"trap", run_anything},
		{"true", run_nothing},
		{"typeset", run_declare},
		{"unalias", run_anything},
		{"unset", run_unset},
		{"wait", run_read}, /* wait -p KEY */
	};
	size_t i;

	for (i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		if (!strcmp(name, builtins[i].name))
			return &builtins[i];
	return NULL;
}

/* A function that takes the place of what is understood here. */
static void check_function_name(struct reader *reader, const struct word *word)
{
	char *name = literal(reader, word);

	if (!name || !*name || word->assignment || word->quoted || word->active ||
		is_reserved(reader, word) || find_builtin(name))
		give_up(reader, "a function", word->line);
	free(name);
}

/* A command of which nothing is known but its name. */
static void run_other(struct reader *reader, const struct call *call)
{
	if (reader->vars->functions && !strchr(call->name, '/'))
		taint_call(reader, call, "a function");
}

static void run_call(struct reader *reader, const struct word *name, struct call *call)
{
	const struct builtin *builtin = find_builtin(call->name);
	const struct word *word;

	if (!builtin) {
		run_other(reader, call);
		return;
	}
	call->name = builtin->name; /* may outlive the line as a reason */
	if (name->quoted && builtin->run != run_nothing)
		taint_call(reader, call, call->name);
	else
		builtin->run(reader, call);
	/* KEY=value before a builtin is temporary, unless it exports, reads or unsets that KEY. */
	for (word = reader->words.items + call->command->first; word < name; word++)
		if (word->assignment && !word->redirect && builtin->run != run_nothing)
			record(reader, heap_text(reader, word->key), NULL, call->name, word->line);
}

static void run_named(struct reader *reader, const struct command *command, size_t at)
{
	struct word *words = reader->words.items, *name = &words[at];
	char *text = literal(reader, name);
	struct call call = {command, text, name + 1, 0};
	size_t i;

	for (i = at + 1; i < command->first + command->n; i++)
		if (!words[i].redirect)
			call.args[call.n++] = words[i];
	if (text && (!name->active || !strcmp(text, "[")))
		run_call(reader, name, &call);
	else
		taint(reader, "command", "a command that only a shell could know", name->line);
	free(text);
}

static void run_command(struct reader *reader, const struct command *command)
{
	size_t end = command->first + command->n, name, i;
	struct word *words = reader->words.items;

	for (name = command->first; name < end; name++)
		if (!words[name].redirect && !words[name].assignment)
			break;
	/* Assignments alone are made one by one, but those of a command after all expansions. */
	for (i = command->first; i < end; i++) {
		apply_effects(reader, &words[i]);
		if (name == end && !command->inert && !words[i].redirect)
			assign(reader, command, &words[i]);
	}
	if (name < end && !command->inert)
		run_named(reader, command, name);
}

static void run_line(struct reader *reader)
{
	size_t i;

	for (i = 0; i < reader->commands.n && !reader->ended; i++)
		if (reader->commands.items[i].certainty != ELSEWHERE)
			run_command(reader, &reader->commands.items[i]);
	reader->pieces.n = 0;
	reader->words.n = 0;
	reader->commands.n = 0;
	reader->heap.n = 0;
}

void shvar_parse(const char *text, size_t len, const char *file, struct shvars *vars)
{
	struct reader reader = {0};

	reader.line = 1;
	reader.file = file;
	reader.vars = vars;
	copy_text(&reader, text, len);
	while (skip_newlines(&reader), peek(&reader) != END) {
		parse_line(&reader);
		run_line(&reader);
	}
	free(reader.text);
	free(reader.pieces.items);
	free(reader.words.items);
	free(reader.commands.items);
	free(reader.heredocs.items);
	text_free(&reader.heap);
}
