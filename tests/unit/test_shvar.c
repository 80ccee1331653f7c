/* SPDX-License-Identifier: MIT
 * What shvar makes of each construct of the shell. shvar_bash.sh compares it with bash.
 */
#include "base/array.h"
#include "conf/shvar.h"
#include "tap.h"

static struct shvars vars;

/* Reads text as a file of its own, after nothing else. */
static void read_bytes(const char *text, size_t len)
{
	shvar_free(&vars);
	shvar_parse(text, len, "ifcfg", &vars);
}

static void read_text(const char *text)
{
	read_bytes(text, strlen(text));
}

static const char *value(const char *key)
{
	const struct shvar *var = shvar_find(&vars, key);

	if (!var)
		return "(unset)";
	return var->value ? var->value : "(refused)";
}

static const char *why(const char *key)
{
	const struct shvar *var = shvar_find(&vars, key);

	return var && !var->value ? var->why : NULL;
}

static int line(const char *key)
{
	const struct shvar *var = shvar_find(&vars, key);

	return var ? var->line : 0;
}

/* What A is after the text. */
static const char *a(const char *text)
{
	read_text(text);
	return value("A");
}

static const char *why_a(const char *text)
{
	read_text(text);
	return why("A");
}

static void test_plain(void)
{
	is(a("A=1\n"), "1", "a plain assignment is known");
	is(a("A=1"), "1", "the last line needs no newline");
	is(a(""), "(unset)", "an empty file sets nothing");
	is(a("A=\nB=1\n"), "", "an empty value is set and empty");
	is(a("A=1\nA=2\n"), "2", "a later assignment wins");
	is(a(" \t A=1  \t\n"), "1", "blanks around an assignment do not count");
	is(a("A=1; B=2\n"), "1", "a semicolon ends an assignment");
	is(a("B=2 A=1 C=3\n"), "1", "a line may hold several assignments");
	is(a("A=a=b\n"), "a=b", "a value may hold =");
	is(a("A=1\nA+=2\n"), "12", "+= appends");
	is(a("A =1\n"), "(unset)", "a blank before = makes a command of it");
	is(a("1A=1\nA-B=2\n"), "(unset)", "what is no name makes a command of it");
	is(a("a=1\n"), "(unset)", "keys differ by case");
	read_text("\n# x\nA=1\n\nB='x\ny'\nC=2\n");
	ok(line("A") == 3 && line("B") == 5 && line("C") == 7,
		"lines are counted as an editor does");
	is(shvar_find(&vars, "A")->file, "ifcfg", "a key knows its file");
}

static void test_comments(void)
{
	is(a("# A=1\n"), "(unset)", "a comment sets nothing");
	is(a("A=1 # it's\n"), "1", "a comment may follow an assignment and hold a quote");
	is(a("A=1#2\n"), "1#2", "# within a word begins no comment");
	is(a("A=#2\n"), "#2", "# at the start of a value begins no comment");
	is(a("A=\"1 # 2\"\n"), "1 # 2", "nor within quotes");
	is(a("A='1 # 2'\n"), "1 # 2", "whichever they are");
	is(a("A=1;#2\n"), "1", "# after a semicolon begins a comment");
	is(a("# x \\\nA=1\n"), "1", "a comment does not go on after a backslash");
}

static void test_prefixes(void)
{
	is(a("export A=1 B=2\n"), "1", "export assigns");
	is(value("B"), "2", "export assigns every argument");
	is(a("A=1\nexport A\n"), "1", "export of a name keeps its value");
	is(a("export 'A=x y'\n"), "(refused)",
		"an argument of export that is quoted as a whole is refused");
	is(a("readonly A=1\nA=2\n"), "(refused)", "assigning to a readonly variable is refused");
	is(a("A=2\nexport -n A=1\n"), "(refused)", "export with options is refused");
	is(a("A=1\nexport A=2 B=$A\n"), "2", "export assigns over an earlier value");
	is(value("B"), "(refused)", "an argument that refers to one before it is refused");
	is(a("export $B\nC=1\n"), "(refused)", "export of what an expansion names decides any key");
	is(a("A=1\nB='A=2'\nexport $B\n"), "(refused)", "of whatever value");
	is(a("A=1\nexport *\n"), "(refused)", "export of what a pattern names decides any key");
	is(a("A=1\nexport {B,A}=2\n"), "(refused)", "export of a brace expansion is refused");
	is(a("declare -x A=1\nB=2\n"), "(refused)",
		"declare is refused: ifcfg files are sourced in a function");
	is(value("B"), "(refused)", "with all that follows");
	is(a("typeset A=1\n"), "(refused)", "so is typeset");
	is(a("local A=1\n"), "(refused)", "so is local");
	is(a("A=1\ndeclare -n B=A\nB=2\n"), "(refused)", "declare may let a key set another");
	is(a("declare -i A\nA=1+1\n"), "(refused)",
		"a declared key is refused when it is assigned");
}

static void test_quotes(void)
{
	is(a("A='a b'\n"), "a b", "single quotes are removed");
	is(a("A='a\\n$B`x\"'\n"), "a\\n$B`x\"", "single quotes keep everything");
	is(a("A=\"a b\"\n"), "a b", "double quotes are removed");
	is(a("A=\"\\$\\`\\\"\\\\\"\n"), "$`\"\\", "in double quotes a backslash quotes $ ` \" \\");
	is(a("A=\"\\a\\'\\ \"\n"), "\\a\\'\\ ", "in double quotes a backslash else stays");
	is(a("A=a\"b\"'c'\\d\n"), "abcd", "adjacent pieces are one value");
	is(a("A=\\ \\$\\\\x\n"), " $\\x", "a backslash quotes the next byte");
	is(a("A='x\ny'\nB=1\n"), "x\ny", "a quoted value may have lines");
	is(a("A=x\\\ny\n"), "xy", "a backslash joins lines");
	is(a("A=\"x\\\ny\"\n"), "xy", "a backslash joins lines in double quotes");
	is(a("A='x\\\ny'\n"), "x\\\ny", "a backslash joins no lines in single quotes");
	is(a("A=1\nA=2 &\\\n>x\n"), "(refused)", "an operator of two lines is refused");
	is(a("A\\\n=1\n"), "1", "a backslash joins lines in a name");
	is(a("A=$\"x $\"\n"), "(refused)", "$\"\" may be translated");
	is(a("A=$'x'\n"), "(refused)", "$'' is refused");
	is(a("A=\"$'x'\"\n"), "$'x'", "$' in double quotes is nothing special");
	is(a("A=a$\n"), "a$", "a $ that begins nothing stays");
	is(a("A=é\n"), "é", "bytes beyond ASCII stay");
	is(a("\"A\"=1\n"), "(unset)", "a quoted name makes a command of it");
}

static void test_references(void)
{
	is(a("B=x\nA=$B-${B}y\n"), "x-xy", "$KEY and ${KEY} are replaced");
	is(a("B='x  y'\nA=$B\n"), "x  y", "a value is not split");
	is(a("B=x\nA='$B'\n"), "$B", "nothing is replaced in single quotes");
	is(a("B=x\nA=\"\\$B $B\"\n"), "$B x", "keys are replaced in double quotes");
	is(a("B='$C'\nC=x\nA=$B\n"), "$C", "what was replaced is not looked at again");
	is(a("B=1 A=$B\n"), "1", "an assignment sees those before it on its line");
	is(a("A=1\nA=$A$A\n"), "11", "a key may refer to itself");
	is(why_a("A=$B\n"), "a variable that no file sets", "a key of the environment is refused");
	is(why_a("B=`x`\nA=$B\n"), "command substitution", "a reason is passed on");
	is(why_a("A+=x\n"), "a variable that no file sets",
		"appending to an unknown key is refused");
	ok(line("A") == 1, "a refusal has the line of the assignment");
}

static void test_opaque(void)
{
	static const char *const parameters[] = {
		"$1", "$?", "$$", "$!", "$@", "$*", "$#", "$-", "\"$@\""};
	static const char *const substitutions[] = {"$(echo 1)", "`hostname -s`",
		"$(cat /sys/class/net/eth0/address)", "\"$(cat $B)\"", "x`date +%s`y"};
	static const char *const others[] = {"${1}", "${@}", "${#}", "${#B}", "${B:1:2}", "${!B}",
		"${B:-x}", "${B:=x}", "\"${B:-a \"b\" }\"", "${B:-'}'}", "${B?}", "$[1]", "$((1))",
		"$((A = 1))", "$(fi)", "$(x", "$(x;;)", "`fi`", "`x'"};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
		snprintf(text, sizeof(text), "A=%s\nB=2\n", parameters[i]);
		ok(why_a(text) && !strcmp(value("B"), "2"), "%s is refused alone", parameters[i]);
	}
	for (i = 0; i < sizeof(substitutions) / sizeof(*substitutions); i++) {
		snprintf(text, sizeof(text), "B=1\nA=%s\nC=2\n", substitutions[i]);
		is(why_a(text), "command substitution", "a plain substitution is refused");
		is(value("C"), "2", "alone");
	}
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(text, sizeof(text), "B=1\nA=%s\nC=2\n", others[i]);
		ok(why_a(text) && !strcmp(value("C"), "(refused)"), "%s ends what is known",
			others[i]);
	}
	is(a(": ${A:=1}\n"), "(refused)", "${KEY:=value} sets the key");
	is(a("A=1\nA=(2 3)\nB=1\n"), "(refused)", "an array is refused");
	is(value("B"), "(refused)", "with all that follows");
	is(a("A[0]=x\n"), "(refused)", "an element of an array is refused");
	is(why_a("A=~/x\n"), "a home directory", "~ is refused");
	is(why_a("A=/x:~\n"), "a home directory", "~ after : is refused");
	is(why_a("A=x\nA+=~\n"), "a home directory", "~ after += is refused");
	is(a("A=a~b\"~\"\n"), "a~b~", "another ~ stays");
	is(a("A=*.[a]{1,2}?\n"), "*.[a]{1,2}?", "no files are looked for");
	is(a("A=$(x)\nA=1\n"), "1", "a plain assignment wins over a refused one");
	is(a("A=1\nA=$(x)\n"), "(refused)", "a refused assignment wins over a plain one");
	is(a("RANDOM=1\nA=1\n"), "(refused)", "assigning what the shell owns is refused");
}

static void test_bytes(void)
{
	is(a("A=1\r\nB=2\r\n"), "1\r", "the CR of CR LF belongs to the value");
	is(a("A=\"1\"\r\n"), "1\r", "behind quotes as well");
	is(a("\r\n# x\r\nA=1\n"), "1", "a line of CR LF alone does no harm");
	read_bytes("A=1\0"
		   "2\nB=3\n",
		10);
	is(value("A"), "(refused)", "a file with NUL bytes may not be read at all");
	is(value("C"), "(refused)", "whatever the key");
	is(a("\xef\xbb\xbf"
	     "A=1\nB=2\n"),
		"(unset)", "a byte order mark makes a command of the first line");
	is(value("B"), "2", "and leaves the others alone");
}

/* Constructs that are not followed: what they and the rest name is unknown. */
static void test_constructs(void)
{
	static const char *const constructs[] = {"if true; then A=2; fi",
		"if x\nthen B=1\nelif y; then A=2; else A=3\nfi",
		"case $B in (x|y) ;; *) A=2 ;; esac", "for A in 1 2; do true; done",
		"while x; do A=2; done", "until x; do A=2; done", "select A in 1; do break; done",
		"{ A=2; }", "f() { A=2; }\nf", "function f { A=2; }", "if x; then unset A; fi",
		"if x; then export A=2; fi >/dev/null", "x && { A=2; }", "(A=2)", "! A=2",
		"if x; then read A; fi", "if x; then . y; fi", "((A = 2))",
		"if x; then : ${A:=2}; fi", "if x; then echo x {A}>/dev/null; fi",
		"[[ A=2 -eq 2 ]]", "[ -v 'B[A=2]' ]", "coproc A { x; }", "cat <<E\n${A:=2}\nE",
		"A=2 |& cat", "A=2 &>/dev/null", "time A=2", "return\nA=2", "exit 0; A=2",
		"x || exit\nA=2", "if x; then \"eval\" A=2; fi", "if x; then $B A=2; fi",
		"A=2 &\\\n>x"};
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(constructs) / sizeof(*constructs); i++) {
		snprintf(text, sizeof(text), "A=1\n%s\nC=3\n", constructs[i]);
		ok(why_a(text) && line("A") == 2, "A is unknown after: %s", constructs[i]);
		is(value("C"), "(refused)", "and a key below");
		snprintf(text, sizeof(text), "%s\n", constructs[i]);
		ok(why_a(text), "and as the first of a file: %s", constructs[i]);
	}
	is(a("A=1\nif [ -n \"$A\" ]; then B=1; else C=\"x y\"; fi\n# it's A\n"), "1",
		"a key that is only used below stays known");
	is(value("B"), "(refused)", "while those that are assigned are not");
	is(value("C"), "(refused)", "in no branch");
	is(why("B"), why("C"), "the reason is the same for all keys of the rest");
	ok(line("B") == 2 && line("C") == 2, "with one line for all");
	is(a("A=1\ncase $B in a) C=1 ;; *) D=2 ;; esac\n"), "1", "beside a case as well");
	is(a("echo if; A=1\n"), "1", "a keyword as an argument is none");
	read_text("f() { true; }\n");
	shvar_parse("A=1\n", 4, "second", &vars);
	is(value("A"), "1", "a function leaves the next file alone");
	shvar_parse("f\n", 2, "third", &vars);
	is(value("A"), "(refused)", "until a command may be a call of it");
}

static void test_lists(void)
{
	is(why_a("true && A=1\nB=2\n"), "a condition",
		"an assignment after a command and && is refused");
	is(value("B"), "2", "what follows the list is known");
	is(a("B=$(x) && A=1\n"), "(refused)", "a substitution may fail");
	is(a("B=1 >x && A=1\n"), "(refused)", "a redirection may fail");
	is(a("A=1 >x\n"), "(refused)", "of one command as well");
	is(a("A=0\nB=1 || A=1\n"), "(refused)", "an assignment after || is refused");
	is(a("A=1; x && y && z || w\n"), "1", "a list leaves what is before it alone");
	is(a("A=1\n[ -x /a ] && B=2\n"), "1", "and other keys");
	is(a("A=2 | cat\n"), "(refused)", "an assignment in a pipeline is refused");
	is(a("A=2 &\n"), "(refused)", "so is one in the background");
	is(a("B=1 && A=2 & C=3\n"), "(refused)", "and a list there");
	is(value("C"), "3", "what follows & runs");
}

static void test_commands(void)
{
	is(a("A=1\n~\nB=2\n"), "1", "a ~ of vi is a command");
	is(value("B"), "2", "and what follows it is known");
	is(a("A=1\n~~~\n=====\nsome words, and \"more\"\n-\n"), "1", "so is any other text");
	is(a("A=1\nA=2 ls -l\n"), "1", "an assignment before a command is temporary");
	is(a("A=2 /sbin/ethtool -K eth0\n"), "(unset)", "it sets nothing");
	is(a("A=System eth0\n"), "(unset)", "a value of two words is a command");
	is(a("A = 1\n"), "(unset)", "so is a blank before =");
	is(a("A=1\n/sbin/ethtool -s eth0 A=2 \"$A\" `x` >/dev/null 2>&1 </dev/null\n"), "1",
		"commands may have redirections");
	is(a("A=1\nmodprobe x; [ -f x ]; test x; true; echo A=2 >>x\n"), "1",
		"builtins that assign nothing are commands");
	is(a("A=1\n>/dev/null\n"), "1", "a redirection alone sets nothing");
	is(a("A=1 B=2 export C\n"), "(refused)", "an assignment before export is refused");
	is(a("A=1\nPOSIXLY_CORRECT=1 true\n"), "(refused)",
		"one that changes how the shell works is refused");
}

static void test_any(void)
{
	static const char *const texts[] = {". ./x", "source x", "eval 'A=2'", "trap x DEBUG",
		"alias x=y", "$B x", "\"`x`\"", "builtin eval A=2", "command . x", "set -e",
		"shopt -s x", "let A=2", "read -r A", "printf -v A x", "unset A", "readonly A",
		"getopts a A", "mapfile A", "'eval' A=2", "e\\val A=2", "* x", "exec x"};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		snprintf(text, sizeof(text), "A=1\n%s\nC=3\n", texts[i]);
		read_text(text);
		ok(why("A") && line("A") == 2 && why("D") && why("C"),
			"any key may be assigned by: %s", texts[i]);
	}
	read_text("A=1\n. ./x\n");
	shvar_parse("B=2\n", 4, "second", &vars);
	is(value("B"), "(refused)", "in a later file, too");
	is(shvar_find(&vars, "A")->file, "ifcfg", "the file that did it is known");
}

static void test_files(void)
{
	shvar_free(&vars);
	shvar_parse("A=1\nB=x\n", 8, "network", &vars);
	shvar_parse("A=2\nC=$B\n", 9, "ifcfg", &vars);
	is(value("A"), "2", "a later file wins");
	is(value("C"), "x", "a later file sees the keys of an earlier one");
	is(shvar_find(&vars, "A")->file, "ifcfg", "a key has the file that set it last");
	is(shvar_find(&vars, "B")->file, "network", "or else the earlier one");
	shvar_free(&vars);
	shvar_free(&vars);
	ok(!vars.n && !shvar_find(&vars, "A"), "what was freed is empty and may be freed again");
}

/* bash runs what is above, and nothing from the line on. */
static void test_errors(void)
{
	static const char *const errors[] = {"C=\"x", "C='x", "don't", "\"$A", ")", "fi", "}", ";",
		"A=2;;", "A=2 >", "then A=2", "A=2; &&", "<<<<<<< HEAD", ">>>>>>> x", "| x",
		"echo )", "A=2 2> 2>&1 >", "done", "& x"};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		snprintf(text, sizeof(text), "A=1\nB=1\n%s\nD=1\neval x\n", errors[i]);
		read_text(text);
		is(value("B"), "1", "what is above the error stays in force");
		is(value("D"), "(refused)", "what is below is unknown");
		ok(vars.error.why && vars.error.line == 3, "the line is told of: %s", errors[i]);
	}
	is(a("A=1\nA=2; B=\"x\n"), "(refused)", "what is before it in its line is unknown");
	read_text("A=1\n\nB=2 C=\"x\n\nD=1\n");
	ok(line("C") == 3 && line("D") == 3, "a quote has the line where it opens");
	is(value("A"), "1", "and leaves what is above");
	is(a("A=1\nif x; then\n"), "1", "a conditional without end leaves what is above");
	is(a("A=1\nif [ -x \"$A\n"), "1", "so does an open quote in one");
	is(a("A=x(1)\n"), "(refused)", "a parenthesis within a value is refused");
}

/* As deep as memory goes, if nothing stops it. */
static void test_depth(void)
{
	static const char *const openers[] = {"(", "$(", "\"${A:-", "{ ", "if "};
	size_t i, j, len;
	char *text;

	for (i = 0; i < sizeof(openers) / sizeof(*openers); i++) {
		len = strlen(openers[i]);
		text = malloc(len * 100000);
		for (j = 0; text && j < 100000; j++)
			memcpy(text + j * len, openers[i], len);
		read_bytes(text, len * 100000);
		ok(!shvar_find(&vars, "A") || why("A"), "100000 times %s ends", openers[i]);
		free(text);
	}
}

static void test_growth(void)
{
	char text[4096] = "A=0123456789\n";
	size_t i;

	for (i = 0; i < 100; i++)
		strcat(text, "A=$A$A\n");
	is(why_a(text), "a value of that length",
		"a value that doubles a hundred times is refused");
	strcpy(text, "A=0123456789abcdef\n");
	for (i = 0; i < 11; i++)
		strcat(text, "A=$A$A\n");
	is(why_a(text), NULL, "one of half of what there is room for is not");
	strcat(text, "A=x$A\n");
	is(why_a(text), "a value of that length", "what goes beyond it is");
}

/* Each assignment is kept, though only the last of a key counts. */
static void test_growth_in_sum(void)
{
	struct text text = {0};
	size_t i, n = 0;

	text_format(&text, "A=%01000d\n", 0);
	for (i = 0; i < 1000; i++)
		text_add_string(&text, "B=$A\n");
	read_bytes(text.bytes, text.n);
	for (i = 0; i < vars.n; i++)
		n += vars.items[i].value ? strlen(vars.items[i].value) : 0;
	ok(n < 70000, "1000 values of 1000 bytes do not take a million");
	is(why("B"), "a value of that length", "and the last is refused");
	text_free(&text);
}

static void test_many(void)
{
	struct text text = {0};
	size_t i;

	for (i = 0; i < 5000; i++)
		text_format(&text, "KEY%zu=%zu\n", i, i);
	read_bytes(text.bytes, text.n);
	is(value("KEY0"), "0", "the first of many keys is found");
	is(value("KEY4999"), "4999", "so is the last");
	is(value("KEY5000"), "(unset)", "and one that is not there is not");
	text_free(&text);
}

int main(void)
{
	test_plain();
	test_comments();
	test_prefixes();
	test_quotes();
	test_references();
	test_opaque();
	test_bytes();
	test_constructs();
	test_lists();
	test_commands();
	test_any();
	test_files();
	test_errors();
	test_depth();
	test_growth();
	test_growth_in_sum();
	test_many();
	shvar_free(&vars);
	return tap_done();
}
