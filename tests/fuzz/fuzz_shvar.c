/* SPDX-License-Identifier: MIT
 * Fuzzes the reader of KEY=value files. The input is one file, or several with a NUL byte
 * between them, read one after the other.
 */
#include "base/array.h"
#include "fuzz.h"
#include "conf/shvar.h"

static void read_files(const char *bytes, size_t len, struct shvars *vars)
{
	const char *end = bytes + len, *next;

	for (; bytes < end; bytes = next + 1) {
		next = memchr(bytes, '\0', (size_t)(end - bytes));
		if (!next)
			next = end;
		shvar_parse(bytes, (size_t)(next - bytes), "file", vars);
	}
}

static bool is_key(const char *key)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				      "0123456789";

	return *key && strspn(key, letters) == strlen(key) && !strchr("0123456789", *key);
}

static int count_lines(const char *bytes, size_t len)
{
	int lines = 1;

	while (len--)
		lines += *bytes++ == '\n';
	return lines;
}

static void check_keys(const struct shvars *vars, int lines)
{
	const struct shvar *var;
	size_t i, k;

	for (i = 0; i < vars->n; i++) {
		require(is_key(vars->items[i].key), "a key is a name");
		var = shvar_find(vars, vars->items[i].key);
		for (k = 0; k < i; k++)
			if (!vars->any.why && !strcmp(vars->items[i].key, vars->items[k].key))
				require(var != &vars->items[k], "the last of a key is found");
		require(var && !var->value == !!var->why,
			"a key has a value, or a reason why it has none");
		require(var->line >= 1 && var->line <= lines, "a key has a line of its file");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = mem_copy(bytes, len);
	struct shvars vars = {0};

	read_files(text, len, &vars);
	check_keys(&vars, count_lines(text, len));
	require(!shvar_find(&vars, "") || vars.any.why, "what is no name has no value");
	shvar_free(&vars);
	free(text);
	return 0;
}
