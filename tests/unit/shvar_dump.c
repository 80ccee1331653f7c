/* SPDX-License-Identifier: MIT
 * Prints what shvar_parse makes of files: shvar_dump KEY... -- FILE...
 * For each file, each key as KEY=value, KEY? (a refusal) or KEY! (unset), then an empty
 * record; a NUL byte after each, because values may hold newlines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "conf/shvar.h"

static void read_file(const char *path, struct text *text)
{
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t n;

	if (!file) {
		perror(path);
		exit(1);
	}
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		text_add(text, bytes, n);
	fclose(file);
}

static void print_key(const struct shvars *vars, const char *key)
{
	const struct shvar *var = shvar_find(vars, key);

	if (!var)
		printf("%s!", key);
	else if (!var->value)
		printf("%s?", key);
	else
		printf("%s=%s", key, var->value);
	putchar('\0');
}

int main(int argc, char **argv)
{
	int keys = 1, file, key;

	while (keys < argc && strcmp(argv[keys], "--"))
		keys++;
	for (file = keys + 1; file < argc; file++) {
		struct shvars vars = {0};
		struct text text = {0};

		read_file(argv[file], &text);
		shvar_parse(text.bytes, text.n, argv[file], &vars);
		for (key = 1; key < keys; key++)
			print_key(&vars, argv[key]);
		putchar('\0');
		shvar_free(&vars);
		text_free(&text);
	}
	return 0;
}
