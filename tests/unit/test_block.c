/* SPDX-License-Identifier: MIT
 * Managed blocks: nothing of the administrator's changes by a byte.
 */
#include <sys/socket.h>

#include "base/line.h"
#include "plan/block.h"
#include "tap.h"

static const char body[] = "default via 10.0.0.1 dev eth0 table 100 proto 109\n";

/* What becomes of a file when the block gets this body. NULL: no file. */
static char *spliced(const char *file, const char *new_body)
{
	struct block block = {0};
	struct text out = {0};
	char *result = NULL;

	block_parse(file, file ? strlen(file) : 0, "eth0", false, &block);
	if (block_splice(&block, file != NULL, "eth0", new_body, &out))
		result = mem_copy(out.bytes, out.n);
	text_free(&out);
	block_free(&block);
	return result;
}

static void check_round_trip(const char *file, const char *name)
{
	char *with = spliced(file, body), *again, *without;

	ok(with && strstr(with, body), "%s: the block is written", name);
	again = spliced(with, body);
	is(again, with, "a second time changes nothing");
	without = spliced(with, "");
	is(without, file, name);
	free(with);
	free(again);
	free(without);
}

static void test_round_trips(void)
{
	check_round_trip(NULL, "no file is there again after the block");
	check_round_trip("", "an empty file stays an empty file");
	check_round_trip("10.9.0.0/16 via 10.0.0.7\n", "lines come back byte for byte");
	check_round_trip("10.9.0.0/16 via 10.0.0.7", "a last line without newline comes back");
	check_round_trip("# mine\r\n\r\n10.9.0.0/16 via 10.0.0.7\r\n", "CRLF comes back");
	check_round_trip("\n\n \t\n", "blank lines come back");
	check_round_trip("# BEGIN multihome eth00: no\n# BEGIN multihome eth1\n",
		"other devices' markers are the administrator's lines");
}

static void test_place(void)
{
	char *first = spliced("one\ntwo", body), *moved, *got;

	/* As an administrator would: a line before, a line after. */
	moved = mem_format("zero\n%sthree\n", first);
	got = spliced(moved, "");
	is(got, "zero\none\ntwothree\n", "what is before and after the block stays there");
	free(got);
	got = spliced(moved, body);
	is(got, moved, "the block stays where it was");
	free(got);
	free(moved);
	free(first);
}

static void test_rescue(void)
{
	char *with = spliced("last", body), *at, *mixed, *got;

	at = strstr(with, "# END");
	mixed = mem_format(
		"%.*s10.9.0.0/16 via 10.0.0.7\n\n# note\n%s", (int)(at - with), with, at);
	got = spliced(mixed, "");
	is(got, "10.9.0.0/16 via 10.0.0.7\n\n# note\nlast",
		"a line inside that is not ours is kept");
	free(got);
	free(mixed);
	free(with);
}

static void test_crlf_block(void)
{
	static const char file[] = "# BEGIN multihome eth0: x\r\n"
				   "from 10.0.0.0/8 iif lo lookup 101 priority 10001\r\n"
				   "# END multihome eth0\r\nmine\r\n";
	char *got = spliced(file, "");

	is(got, "mine\r\n", "a block that an editor gave CRLF is still ours");
	free(got);
}

/* Nor do blanks in the markers: the first block is of version 0.1, the second has checksums. */
static void test_blanks_in_markers(void)
{
	static const char file[] = "# BEGIN multihome eth0: x\n"
				   "from 10.0.0.0/8 iif lo lookup 101 priority 10001\n"
				   "# END multihome eth0 \nmine\n";
	char *got = spliced(file, ""), *with = spliced("mine\n", body), *sums, *mixed;

	is(got, "mine\n", "a block with a blank at the end of its marker is still ours");
	free(got);
	sums = strstr(with, "# END multihome eth0 ") + strlen("# END multihome eth0 ");
	mixed = mem_format("%.*s\t %.8s \r\nmine\n", (int)(sums - with) - 1, with, sums);
	got = spliced(mixed, "");
	is(got, "mine\n", "and so is one with blanks around its checksums");
	free(got);
	free(mixed);
	free(with);
}

static void test_two_blocks(void)
{
	static const char made[] = "# BEGIN multihome eth0: x (made this file)\n"
				   "from 10.0.0.0/8 iif lo lookup 101 priority 10001\n"
				   "# END multihome eth0\n"
				   "# BEGIN multihome eth0: x\n"
				   "from 10.9.0.0/16 iif lo lookup 101 priority 10001\n"
				   "# END multihome eth0\n";
	char *got = spliced(made, body);

	ok(got && strstr(got, "# BEGIN") == got && !strstr(got + 1, "# BEGIN"),
		"of two blocks one is left");
	free(got);
	ok(!spliced(made, ""), "and the file goes with it if either made it");
}

static int broken_line(const char *file)
{
	struct block block = {0};
	int line = block_parse(file, strlen(file), "eth0", false, &block);

	block_free(&block);
	return line;
}

static void test_broken(void)
{
	ok(broken_line("a\n# BEGIN multihome eth0\nb\n") == 2, "begin without end");
	ok(broken_line("a\n# END multihome eth0\n") == 2, "end without begin");
	ok(broken_line("# BEGIN multihome eth0\n# BEGIN multihome eth0\n# END multihome eth0\n"),
		"begin within a block");
	ok(!broken_line("# BEGIN multihome eth0\n# END multihome eth0"), "end without newline");
}

static void test_contents(void)
{
	static const char file[] = "# BEGIN multihome eth0\n"
				   "from 10.0.0.0/8 iif lo lookup 300 priority 10001\n"
				   "from 10.0.0.99 iif lo lookup 301 priority 10000\n"
				   "# END multihome eth0\n";
	static const char routes[] = "# BEGIN multihome eth0\n"
				     "10.0.0.7 dev eth0 scope link proto 109\n"
				     "10.0.0.7 dev eth0 scope link table 302 proto 109\n"
				     "default via 10.0.0.7 dev eth0 table 303 proto 109\n"
				     "# END multihome eth0\n";
	static const char nul[] = "# BEGIN multihome eth0\0 mine\n";
	struct block block = {0};

	ok(!block_parse(file, strlen(file), "eth0", false, &block), "a rule block is read");
	ok(block.rules.n == 2 && block.rules.items[1].from.len == 32, "with its rules");
	ok(block.table == 300, "and its table");
	block_free(&block);
	ok(!block_parse(routes, strlen(routes), "eth0", false, &block), "a route block is read");
	ok(block.table == 302, "its table is the first that a line names");
	block_free(&block);
	ok(!block_parse("x\0y", 3, "eth0", false, &block) && block.after.n == 3, "a NUL byte is kept");
	block_free(&block);
	ok(!block_parse(nul, sizeof(nul), "eth0", false, &block) && !block.present,
		"a NUL byte after a marker's words makes another line of it");
	block_free(&block);
}

static void test_rules(void)
{
	static const char *const bad[] = {"from 10.0.0.0/8 iif lo lookup 101 priority 10001 x",
		"from 10.0.0.0/8 iif lo lookup 101", "from 10.0.0.0/8 lookup 101 priority 1",
		" from 10.0.0.0/8 iif lo lookup 101 priority 10001",
		"from 10.0.0.0/8 iif lo lookup +1 priority 1",
		"from 10.0.0.0/8 iif lo lookup 0101 priority 1",
		"from 10.0.0.0/8 iif lo lookup 101 priority 4294967297",
		"from 10.0.0.0/8 iif lo lookup 101 priority ",
		"from 10.0.0.1/32 iif lo lookup 101 priority 1",
		"from 2001:DB8::/64 iif lo lookup 101 priority 1",
		"from 10.0.0.0/8  iif lo lookup 101 priority 1",
		"from 2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/64 iif lo",
		""};
	struct rule rule;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(rule_parse(bad[i], &rule), "'%s' is not ours", bad[i]);
}

static void test_words(void)
{
	char line[] = " a\tb  c\r", comment[] = "  # a b", *words[2];

	ok(line_words(line, words, 2) == 2 && !strcmp(words[1], "b"), "words are cut at blanks");
	ok(line_words(comment, words, 2) == 0, "a comment has no words");
}

static void check_printable(const char *line, const char *want, const char *name)
{
	char *made = mem_string(line);

	line_make_printable(made);
	is(made, want, name);
	free(made);
}

static void test_printable(void)
{
	check_printable("a\033[1m\n\177b", "a?[1m??b", "control characters are replaced");
	check_printable("\x9b\x80\x9b", "???", "and so is each byte that is one to a terminal");
	check_printable("\xc2\x9b", "\xc2?", "or in UTF-8");
	check_printable("\xc3\xa9\x9b\xe3\x82\x9b\x9b", "\xc3\xa9?\xe3\x82\x9b?",
		"also behind a character that is whole");
	check_printable("\xe2\x80\x9b \xf0\x9f\x98\x80", "\xe2\x80\x9b \xf0\x9f\x98\x80",
		"other UTF-8 stays");
}

/* The next line of a text, and of a string, must be this; NULL: none. */
static void check_next(const struct text *text, size_t *at, const char **cursor, const char *want)
{
	char *of_text = text_line(text, at), *of_string = line_next(cursor);

	is(of_text, want, "a line of a text");
	is(of_string, want, "the same of a string");
	free(of_text);
	free(of_string);
}

static void test_lines(void)
{
	static const char bytes[] = "a b\n\nc\0d\ne";
	struct text text = {.bytes = NULL};
	const char *cursor = "a b\n\nc\ne";
	size_t at = 0;

	text_add(&text, bytes, sizeof(bytes) - 1);
	check_next(&text, &at, &cursor, "a b");
	check_next(&text, &at, &cursor, "");
	check_next(&text, &at, &cursor, "c");
	check_next(&text, &at, &cursor, "e");
	check_next(&text, &at, &cursor, NULL);
	text_free(&text);
	cursor = NULL;
	ok(!line_next(&cursor), "of no string there is no line");
}

/* Between the markers only what the END line has a checksum of is ours. */
static void test_checksums(void)
{
	static const char theirs[] = "from 10.0.0.50 iif lo lookup 100 priority 10000\n";
	char *with = spliced("last\n", body), *at = strstr(with, "# END"), *mixed, *got;

	mixed = mem_format("%.*s%s%s", (int)(at - with), with, theirs, at);
	got = spliced(mixed, "");
	is(got, "from 10.0.0.50 iif lo lookup 100 priority 10000\nlast\n",
		"a line of our form that somebody added is his");
	free(got);
	got = spliced(mixed, body);
	ok(got && strstr(got, "# END") < strstr(got, theirs), "and stands behind the block");
	free(got);
	free(mixed);
	got = spliced(with, "");
	is(got, "last\n", "what we wrote goes");
	free(got);
	free(with);
}

static void test_indented(void)
{
	char *with = spliced("", body), *at = strstr(with, "default"), *mixed, *got;

	mixed = mem_format("%.*s\t %s", (int)(at - with), with, at);
	got = spliced(mixed, body);
	is(got, with, "blanks make no difference");
	free(got);
	free(mixed);
	free(with);
}

static void test_other_name(void)
{
	static const char file[] = "# BEGIN multihome eth1: x\n"
				   "from 10.0.0.0/8 iif lo lookup 101 priority 10001\n"
				   "# END multihome eth1\nmine\n";
	struct block block = {.present = false};

	block_parse(file, strlen(file), "eth0", true, &block);
	ok(block.present && block.other_name && block.rules.n == 1 && block.after.n == 5,
		"the block of a file that was copied or renamed is found");
	block_free(&block);
	block_parse(file, strlen(file), "eth0", false, &block);
	ok(!block.present && block.after.n == strlen(file), "or is all his where nothing reads it");
	block_free(&block);
}

static void test_strays(void)
{
	static const char file[] = "10.9.0.0/16 via 10.0.0.7\n"
				   "  default via 10.0.0.1  dev eth0 table 100 proto 109\r\n"
				   "from 10.0.0.0/8 iif lo lookup 101 priority 10001\n# note\n";
	struct block block = {.present = false};
	struct text strays = {.n = 0}, wanted = {.n = 0};

	block_parse(file, strlen(file), "eth0", true, &block);
	block_take_strays(&block, &strays);
	is(block.after.bytes, "10.9.0.0/16 via 10.0.0.7\n# note\n", "lines that are not of our form stay");
	text_add_string(&wanted, body);
	ok(!block_has_lines(&wanted, &strays), "a stray that is not wanted is seen");
	text_add_string(&wanted, "from 10.0.0.0/8 iif lo lookup 101 priority 10001\n");
	ok(block_has_lines(&wanted, &strays), "those that are wanted are found, blanks apart");
	text_free(&strays);
	text_free(&wanted);
	block_free(&block);
}

int main(void)
{
	test_lines();
	test_checksums();
	test_indented();
	test_other_name();
	test_strays();
	test_round_trips();
	test_place();
	test_rescue();
	test_crlf_block();
	test_blanks_in_markers();
	test_two_blocks();
	test_broken();
	test_contents();
	test_rules();
	test_words();
	test_printable();
	return tap_done();
}
