/* SPDX-License-Identifier: MIT
 * Fuzzes rt_tables: the names that TABLE= may have.
 */
#include "conf/config.h"
#include "fuzz.h"

static char empty[] = "", name[] = "ifcfg-eth0";
static char ifcfg[] = "DEVICE=eth0\nIPADDR=10.0.0.99\nGATEWAY=10.0.0.1\nTABLE=isp1\n";

static void set_file(struct file *file, char *bytes, size_t len)
{
	file->name = file->path = name;
	file->bytes = bytes;
	file->len = len;
}

/* Is the name anywhere in the file, as a word or a part of one? */
static void check_names(const struct table_names *names, const char *text)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		require(*names->items[i].name && strstr(text, names->items[i].name),
			"a table's name is of the file");
}

/* NUMBER and NAME, cut at blanks, with nothing else of the line looked at. */
static bool has_table(const char *text, unsigned table)
{
	for (; *text; text++)
		if (strchr("0123456789", *text) && strtoul(text, NULL, 0) == table)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct sources sources = {.now = 0};
	struct links links = {0};
	struct config config = {.enabled = false};
	struct diags diags = {0};
	char *text = mem_copy(bytes, len);

	set_file(&sources.network, empty, 0);
	set_file(&sources.defaults, empty, 0);
	set_file(array_add(&sources.ifcfg), ifcfg, strlen(ifcfg));
	set_file(array_add(&sources.tables), text, len);
	require(!config_build(&sources, &links, &config, &diags), "no table makes the host unfit");
	require(config.uplinks.n == 1, "the uplink is there, served or refused");
	require(config.uplinks.items[0].refused == !config.uplinks.items[0].table,
		"it has a table or is refused");
	require(config.uplinks.items[0].refused == !!diags.refusals, "a refusal says why");
	require(config.uplinks.items[0].refused || has_table(text, config.uplinks.items[0].table),
		"the table is one of the file");
	check_names(&config.tables, text);
	config_free(&config);
	diags_free(&diags);
	free(sources.ifcfg.items);
	free(sources.tables.items);
	free(text);
	return 0;
}
