/* SPDX-License-Identifier: MIT
 * What shvar makes of each construct of the shell. shvar_bash.sh compares it with bash.
 */
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
	is(a("readonly A=1\n"), "1", "readonly assigns");
	is(a("readonly A=1\nA=2\n"), "(refused)", "assigning to a readonly variable is refused");
	is(a("A=2\nexport -n A=1\n"), "(refused)", "export with options is refused");
	is(a("A=1\nexport A=2 B=$A\n"), "2", "export assigns over an earlier value");
	is(value("B"), "(refused)", "an argument that refers to one before it is refused");
	is(a("export $B\nC=1\n"), "(refused)", "export of what an expansion names decides any key");
	is(a("A=1\nB=A\nexport $B\n"), "(refused)", "of whatever value");
	is(a("A=1\nexport *\n"), "(refused)", "export of what a pattern names decides any key");
	is(a("A=1\nexport {B,A}=2\n"), "(refused)", "export of a brace expansion is refused");
	is(a("declare -x A=1\n"), "(refused)",
		"declare is refused: ifcfg files are sourced in a "
		"function");
	is(why_a("typeset A=1\n"), "a builtin of the shell", "typeset is refused");
	is(why_a("local A=1\n"), "a builtin of the shell", "local is refused");
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
	is(a("A=$\"x $\"\n"), "x $", "$\"\" is like double quotes");
	is(a("A=\"$'x'\"\n"), "$'x'", "$' in double quotes is nothing special");
	is(a("A=a$\n"), "a$", "a $ that begins nothing stays");
	is(a("A=é\n"), "é", "bytes beyond ASCII stay");
	is(a("\"A\"=1\n"), "(unset)", "a quoted name makes a command of it");
}

static void test_ansi_quotes(void)
{
	is(a("A=$'a\\n\\t\\\\\\'\\\"b'\n"), "a\n\t\\'\"b", "$'' knows \\n \\t \\\\ \\' \\\"");
	is(a("A=$'\\a\\b\\e\\E\\f\\v\\r'\n"), "\a\b\033\033\f\v\r",
		"$'' knows \\a \\b \\e \\f \\v \\r");
	is(a("A=$'\\101'\nB=1\n"), "(refused)", "a byte by its number is refused");
	is(value("B"), "1", "but not the line after it");
	is(a("A=$'\\u41'\n"), "(refused)", "\\u is refused, as bash before 4.2 does not know it");
	is(a("A=$'a\\0b'\n"), "(refused)", "a NUL byte in $'' is refused");
	is(a("A=$'\\q'\n"), "(refused)", "an escape that bash does not know is refused");
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
	static const char *const expansions[] = {"${B:-x}", "${B-x}", "${B:+x}", "${B%x}",
		"${B##x}", "${B/x/y}", "${B:=x}", "\"${B:-a b}\""};
	static const char *const others[] = {"${1}", "${@}", "${#}", "${#B}", "${B:1:2}", "${!B}",
		"\"${B:-a \"b\" }\"", "${B:-'}'}", "${B:-$C}", "${B?}", "$[1]", "$((1))"};
	char text[64];
	size_t i;

	is(why_a("A=$(echo 1)\nB=2\n"), "command substitution", "$() is refused");
	is(value("B"), "2", "the line after it is known");
	is(why_a("A=\"x $(echo \")\" # )\n)\"\nB=2\n"), "command substitution",
		"$() is read as commands");
	is(value("B"), "2", "the line after that is known");
	is(why_a("A=`echo \\`x\\``\n"), "command substitution", "backquotes are refused");
	is(why_a("B=1500\nA=$((B - 20))\n"), "arithmetic", "arithmetic is refused");
	is(value("B"), "(refused)", "and so is any other key, since arithmetic may assign");
	for (i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
		snprintf(text, sizeof(text), "A=%s\nB=2\n", parameters[i]);
		ok(why_a(text) && !strcmp(value("B"), "2"), "%s is refused alone", parameters[i]);
	}
	for (i = 0; i < sizeof(expansions) / sizeof(*expansions); i++) {
		snprintf(text, sizeof(text), "B=1\nA=%s\nC=2\n", expansions[i]);
		ok(why_a(text) && !strcmp(value("C"), "2"), "%s is refused alone", expansions[i]);
	}
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(text, sizeof(text), "B=1\nA=%s\nC=2\n", others[i]);
		ok(why_a(text) && !strcmp(value("C"), "(refused)"), "%s ends the file", others[i]);
	}
	is(a(": ${A:=1}\n"), "(refused)", "${KEY:=value} sets the key");
	is(a("A=1\nB=${C?}\n"), "(refused)", "${KEY?} may end the script");
	is(why_a("B=1\nA=(1 2)\n"), "an array", "an array is refused");
	is(value("B"), "(refused)", "and so is any other key, since a subscript may assign");
	is(why_a("A[0]=x\n"), "an array", "an element of an array is refused");
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
	is(a("A=1\r\nB=2\r\n"), "1", "a CR before a newline is dropped");
	is(a("A=1\r"), "1", "a CR at the end is dropped");
	is(a("A='x\r\ny'\r\n"), "x\ny", "a CR before a newline in quotes is dropped");
	is(a("A=x\ry\n"), "x\ry", "another CR stays");
	is(a("A=1\r\n\r\nif true\r\nthen\r\nB=1\r\nfi\r\n"), "1", "syntax is read with CR LF, too");
	is(value("B"), "(refused)", "and means the same");
	read_bytes("A=1\0"
		   "2\n\0B=3\n",
		10);
	is(value("A"), "12", "NUL bytes are dropped in a value");
	is(value("B"), "3", "NUL bytes are dropped before a key");
	is(a("\xef\xbb\xbf"
	     "A=1\nB=2\n"),
		"1", "a byte order mark is skipped");
	is(a("A=x\\"), "(refused)", "a backslash at the end is refused");
}

static void test_compounds(void)
{
	static const struct {
		const char *text, *name;
	} compounds[] = {
		{"if true; then A=2; fi", "if"},
		{"if x\nthen B=1\nelif y; then A=2; else A=3\nfi", "elif and else"},
		{"case $B in (x|y) ;; *) A=2 ;; esac", "case"},
		{"case x in a) A=2\nesac", "case without ;;"},
		{"for A in 1 2; do true; done", "the variable of for"},
		{"for x in 1\ndo A=2; done", "for"},
		{"while x; do A=2; done", "while"},
		{"until x; do A=2; done", "until"},
		{"select A in 1; do break; done", "select"},
		{"{ A=2; }", "a group"},
		{"f() { A=2; }", "a function"},
		{"f()\n{\nA=2\n}", "a function of some lines"},
		{"function f { A=2; }", "function without parentheses"},
		{"if x; then if y; then A=2; fi fi", "if in if"},
		{"if x; then unset A; fi", "unset in if"},
		{"if x; then export A=2; fi >/dev/null", "export in if with a redirection"},
		{"x && { A=2; }", "a group after &&"},
	};
	char text[128];
	bool read;
	size_t i;

	for (i = 0; i < sizeof(compounds) / sizeof(*compounds); i++) {
		snprintf(text, sizeof(text), "A=1\n%s\n", compounds[i].text);
		ok(why_a(text) && line("A") > 1, "what %s sets is refused", compounds[i].name);
		snprintf(text, sizeof(text), "%s\n", compounds[i].text);
		ok(strcmp(a(text), "1"), "what %s sets is refused as the first of a file",
			compounds[i].name);
		/* What no POSIX shell has is not read to its end. */
		read = strcmp(compounds[i].name, "select") != 0 &&
			strcmp(compounds[i].name, "function without parentheses") != 0;
		snprintf(text, sizeof(text), "%s\nC=3\n", compounds[i].text);
		read_text(text);
		ok(!strcmp(value("C"), read ? "3" : "(refused)"), "what follows %s is %s",
			compounds[i].name, read ? "known" : "refused");
	}
	is(why_a("if x; then A=1; fi\n"), "a conditional", "a conditional is named");
	is(a("if x; then A=1; fi\nA=2\n"), "2", "an assignment after a conditional wins");
	is(a("A=1\nif [ -n \"$A\" ]; then B=1; fi\n"), "1", "other keys stay");
	is(a("A=1\ncase $B in (x | y) ;; z) B=2 ;; *) B=3\nesac\n"), "1", "and beside a case");
	is(a("while x; y; do z; done\nA=1\n"), "1", "a loop ends");
	is(a("case x in esac\nA=1\n"), "1", "a case without patterns ends");
	is(why_a("case x in x) A=2 ;; esac\n"), "a conditional", "a case is a conditional");
	is(a("case x in x) ;; esac\nA=1\n"), "1", "an assignment after a case wins");
	is(a("A=1\ncase x in x) true; esac\n"), "1", "the last list of a case needs no ;;");
	is(a("case x in x) true ; ; esac\nA=1\n"), "(refused)", "; ; is no ;;");
	is(a("case x in x) true ;& esac\nA=1\n"), "(refused)", "nor is ;&");
	is(a("case x in\n\nx) ;;\ny) ;;\nesac\nA=1\n"), "1", "a case may be of some lines");
	is(a("case x in x true ;; esac\nA=1\n"), "(refused)", "a pattern needs its )");
	is(a("A=1\ntrue; (A=2)\n"), "1", "a subshell may come after a list");
	is(a("case in\nA=1\n"), "(refused)", "a case without a word is refused");
	is(a("case x in x | esac) ;; esac\nA=1\n"), "(refused)", "esac for a pattern is refused");
	is(a("for \t x in 1; do true; done\nA=1\n"), "1", "blanks before the name of a for");
	is(a("case ; in x) ;; esac\nA=1\n"), "(refused)", "so is one of a semicolon");
	is(a("B=$(case x in x) ;; esac)\nA=1\n"), "(refused)",
		"and so is one in a substitution, which an old bash would end early");
	is(a("A=1\n(A=2)\n"), "1", "a subshell changes nothing");
	is(a("A=1\n[[ -n $A ]]\n[[ $A = x ]]\n"), "1", "[[ ]] is a command");
	is(a("A=1\n[[ -n $A && $A = x ]]\n"), "(refused)", "[[ ]] with more terms is refused");
	is(a("A=1\n[[ A=2 -eq 2 ]]\n"), "(refused)", "[[ ]] with arithmetic is refused");
	is(a("echo if; A=1\n"), "1", "a keyword as an argument is none");
}

static void test_lists(void)
{
	is(a("B=1 && A=2\n"), "2", "an assignment after another and && runs");
	is(a("B=1 && C=2 &&\nA=3\n"), "3", "a list may go on in the next line");
	is(why_a("true && A=1\n"), "a conditional",
		"an assignment after a command and && is refused");
	is(why_a("B=$(x) && A=1\n"), "a conditional", "a substitution may fail");
	is(a("B=1 >x && A=1\n"), "(refused)", "a redirection may fail");
	is(a("A=0\nB=1 || A=1\n"), "(refused)", "an assignment after || is refused");
	is(a("x && y && z || w\nA=1\n"), "1", "a list leaves what follows it alone");
	is(why_a("if x; then y && z && w; A=1; fi\n"), "a conditional", "within a conditional too");
	is(a("x | y | z\nA=1\n"), "1", "so does a pipeline");
	is(a("A=1\nA=2 | cat\n"), "1", "an assignment in a pipeline is none");
	is(a("A=1\ncat |\nA=2\n"), "1", "nor is one at its end");
	is(a("A=1\nA=2 &\n"), "1", "nor is one in the background");
	is(a("A=1\nB=1 && A=2 & C=3\n"), "(refused)", "a list in the background is refused");
	is(value("C"), "3", "what follows & runs");
}

static void test_commands(void)
{
	is(a("A=1\nA=2 ls -l\n"), "1", "an assignment before a command is temporary");
	is(a("A=2 /sbin/ethtool -K eth0\n"), "(unset)", "it sets nothing");
	is(a("A=1\n/sbin/ethtool -s eth0 A=2 \"$A\" `x` >/dev/null 2>&1 </dev/null\n"), "1",
		"other commands are ignored");
	is(a("A=1\nmodprobe x; [ -f x ]; test x; true; echo A=2 >>x\n"), "1", "so are builtins");
	is(a("A=1\nA=2 [ x ]\nA=3 test x\n"), "1", "an assignment before a test is temporary");
	is(a("A=1\n'test' x\n\\[ x ]\n"), "1", "a test may be quoted");
	is(a("A=1\ntrue\nmodprobe x\n"), "1", "where no function is known commands do no harm");
	is(a(". x\nA=1\nmodprobe x\n"), "(refused)",
		"a sourced file may have made one of them a function");
	is(a("A=1\n>/dev/null\n"), "1", "a redirection alone sets nothing");
	is(a("A=1 B=2 export C\n"), "(refused)", "an assignment before export is refused");
	is(a("A=1\nPOSIXLY_CORRECT=1 true\n"), "(refused)",
		"nor may one before any command change how the shell works");
	is(a("A=1\ntime A=2\n"), "(refused)", "what keywords do is not known");
	is(a("A=1\nunset A\n"), "(unset)", "unset unsets");
	is(a("A=1\nunset -v B A\n"), "(unset)", "unset -v unsets");
	is(a("A=1\nunset -f A\n"), "(refused)", "unset with another option is refused");
	is(a("A=1\ntrue || unset A\n"), "(refused)", "unset in a conditional is refused");
	is(a("A=1\nA=2 unset A\n"), "(refused)", "unset of a temporary assignment is refused");
	is(a("A=1\nunset $B\n"), "(refused)", "unset of an expansion decides any key");
	is(why_a("A=1\nread -r A B\n"), "a builtin of the shell", "read is refused");
	is(why_a("A=1\nprintf -v A x\n"), "a builtin of the shell", "printf -v is refused");
	is(a("A=1\nprintf 'x%n' A\n"), "(refused)", "so is any printf, since %n assigns");
	is(why_a("A=1\ngetopts a A\n"), "a builtin of the shell", "getopts is refused");
	is(why_a("mapfile A\n"), "a builtin of the shell", "mapfile is refused");
	is(why_a("readarray -t A\n"), "a builtin of the shell", "readarray is refused");
	is(a("A=1\n[ -v 'B[A=2]' ]\n"), "(refused)", "[ -v decides any key");
	is(a("A=1\nlet A=2\n"), "(refused)", "let is refused");
	is(a("A=1\nA=2 >/x\n"), "(refused)", "an assignment with a redirection is refused");
	is(a("f() { A=2; }\nA=1\nf\n"), "(refused)", "a call of a function decides any key");
	is(a("f() { A=2; }\nA=1\ntrue\nf\n"), "(refused)", "whatever ran since");
	is(a("f ( )\n{ B=2; }\nA=1\n"), "1", "a function may have blanks before its body");
	is(a("f() true\nA=1\n"), "(refused)", "but for a body no simple command");
	is(why_a("A=1\nf x() { true; }\n"), "a function", "a function of two words is refused");
	is(why_a("A=1\n>x f() { true; }\n"), "a function", "and one with a redirection");
	is(why_a("A=1\ntest() { A=2; }\n"), "a function", "and one instead of a builtin");
	is(a("A=1\na-b() { true; }\n"), "(refused)", "and one that is no name");
}

static void test_taint(void)
{
	static const char *const texts[] = {". ./x", "source x", "eval 'A=2'", "trap x DEBUG",
		"alias x=y", "$B x", "\"`x`\"", "builtin eval A=2", "command . x"};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		snprintf(text, sizeof(text), "A=1\n%s\nC=3\n", texts[i]);
		read_text(text);
		ok(why("A") && line("A") == 2 && why("D"), "any key is decided by: %s", texts[i]);
		is(value("C"), i < 2 ? "3" : "(refused)",
			i < 2 ? "a key that is assigned later is known"
			      : "a key that is assigned later is refused, as it may not be reached");
		ok(vars.taint.key && vars.taint.line == 2, "the taint has the line");
	}
	is(why_a(". ./x\n"), "a sourced file", "a sourced file is named");
	is(vars.taint.key, ".", "and the command");
	is(why_a(". ./x\nB=$A\nA=$B\n"), "a sourced file", "a reason is passed on from a taint");
	read_text("A=1\n. ./x\n");
	shvar_parse("B=2\n", 4, "second", &vars);
	is(value("A"), "(refused)", "a taint outlasts its file");
	is(value("B"), "2", "a key of a later file is known");
	is(shvar_find(&vars, "A")->file, "ifcfg", "a taint knows its file");
	is(a("A=1\nset -e\nA=2\n"), "(refused)",
		"what changes the shell itself decides all the rest");
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
	shvar_parse("return\nB=y\n", 11, "third", &vars);
	shvar_parse("D=1\n", 4, "fourth", &vars);
	is(value("B"), "x", "nothing runs after return");
	is(value("D"), "1", "but the next file does");
	shvar_free(&vars);
	shvar_free(&vars);
	ok(!vars.n && !shvar_find(&vars, "A"), "what was freed is empty and may be freed again");
}

static void test_return(void)
{
	is(a("A=1\nexit 0\nA=2\n"), "1", "nothing runs after exit");
	is(a("A=1; return; A=2\n"), "1", "nor on the same line");
	is(a("A=1\nif x; then return; fi\nB=2\n"), "1",
		"a return in a conditional keeps what was before");
	is(why("B"), "a conditional", "but refuses what comes after");
	is(a("if x; then return y; A=1; fi\n"), "(refused)", "and what stays in it");
	is(a("A=1\n(exit 0; A=2)\n"), "1", "an exit in a subshell sets nothing");
	is(a("A=1\nexit 0 ; \n(\n"), "1", "nothing is read behind the line of an exit");
	is(a("x || exit 1\nA=1\n"), "(refused)", "so does an exit after ||");
	is(a("return x\nA=1\n"), "(refused)", "so does a return of no number");
	is(a("f() { return; }\nA=1\n"), "1", "a return in a function ends only that");
}

static void test_here_documents(void)
{
	is(a("cat <<E\nA=1\n'\nE\nB=2\n"), "(unset)", "a here-document is skipped");
	is(value("B"), "2", "what follows it is read");
	is(a("cat <<E\nx\nA=1\nE\n"), "(unset)", "nor does another line of its length");
	is(a("A=1\ncat <<$B\nx\n$B\n"), "(refused)", "a word that is expanded is refused");
	is(a("A=1\ncat <<'E\n'\nE\n"), "(refused)", "so is one of two lines");
	is(a("cat <<-'E'\n\t`\n\tE\nA=1\n"), "1", "<<- takes tabs before its end");
	is(a("cat <<E; A=1\n E\nE\nB=2\n"), "1", "the line goes on after <<WORD");
	is(value("B"), "2", "only the word alone ends it");
	is(a("cat <<'E'\n\\\nE\nA=1\n"), "1", "a quoted word leaves backslashes alone");
	is(a("cat <<E\nx\\\nE\nA=1\nE\n"), "(refused)", "one that may join lines is refused");
	is(a("cat <<E\n$(x)\nE\nA=1\n"), "(refused)", "one with an expansion is refused");
	is(a("cat <<'E'\n$(x)\nE\nA=1\n"), "1", "unless its word is quoted");
	is(a("cat <<X <<Y\nX\nA=1\nY\nB=2\n"), "(refused)", "two in a line are refused");
	is(a("B=$(x)\ncat <<E\nx\nE\nA=1\n"), "1", "one after a substitution is skipped");
	is(a("cat <<<E\nA=1\n"), "1", "<<< is a here-string");
	is(a("A=1\ncat <<E\n${A:=2}\nE\n"), "(refused)",
		"a here-document that may assign is refused");
	is(a("A=1\ncat <<E\nx\n"), "1", "a here-document may end with the file");
}

static void test_errors(void)
{
	is(why_a("A=1\nB=\"x\n\nC=1\n"), "an unterminated quote",
		"an unterminated quote is refused");
	ok(line("A") == 2, "with the line where it opens");
	is(why_a("A='x\n"), "an unterminated quote", "so is a single one");
	is(why_a("A=$'x\\'\n"), "an unterminated quote", "and a $' one");
	is(why_a("A=`x\n"), "an unterminated quote", "and a backquote");
	is(why_a("A=${B\n"), "a parameter expansion", "and a brace");
	is(why_a("A=1\n)\nA=2\n"), "a syntax error",
		"a syntax error is refused, and what follows it");
	is(why_a("if x; then A=1\n"), "a syntax error", "so is a conditional without end");
	is(why_a("A=1;; B=2\n"), "a syntax error", "and ;;");
	is(why_a("A=1\nfi\n"), "a syntax error", "and a keyword out of place");
	is(why_a("A=x(1)\n"), "a function", "and a parenthesis");
	is(why_a("A=1 >\n"), "a syntax error", "and a redirection to nowhere");
	is(a("true < x 2> y\nA=1\n"), "1", "blanks before its name are none");
	is(why_a("2> 2>&1\nA=1\n"), "a syntax error", "and one to another redirection");
	is(why_a("A=$(x\n"), "a syntax error", "and an open substitution");
	is(a("A=1\n(A=2 B=$[1\n"), "(refused)", "what stands before one is refused as well");
	ok(why_a("A=1\n((A++))\n"), "an arithmetic command is refused");
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
		ok(why("A"), "100000 times %s is refused", openers[i]);
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
	for (i = 0; i < 12; i++)
		strcat(text, "A=$A$A\n");
	is(why_a(text), NULL, "one of 65536 bytes is not");
	strcat(text, "A=x$A\n");
	is(why_a(text), "a value of that length", "one of a byte more is");
}

int main(void)
{
	test_plain();
	test_comments();
	test_prefixes();
	test_quotes();
	test_ansi_quotes();
	test_references();
	test_opaque();
	test_bytes();
	test_compounds();
	test_lists();
	test_commands();
	test_taint();
	test_files();
	test_return();
	test_here_documents();
	test_errors();
	test_depth();
	test_growth();
	shvar_free(&vars);
	return tap_done();
}
