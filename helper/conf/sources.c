/* SPDX-License-Identifier: MIT
 * The files that the configuration is read from.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/sources.h"

bool file_ignored(const char *name)
{
	/* .old only from EL7 on; on EL5 and EL6 such a file is an accident as well. */
	static const char *const endings[] = {
		"~", ".bak", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave"};
	size_t i, n = strlen(name), len;

	for (i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		len = strlen(endings[i]);
		if (n >= len && !strcmp(name + n - len, endings[i]))
			return true;
	}
	return false;
}

bool file_unsafe(const struct sources *sources, const struct file *file, struct diags *diags)
{
	if (!file->others_write || sources->copied)
		return false;
	diag_refuse(diags, file->path, 1,
		"others than root may write this file; expected it to be root's, and writable by "
		"root alone");
	return true;
}

void file_free(struct file *file)
{
	free(file->name);
	free(file->path);
	free(file->bytes);
}

static void files_free(struct files *files)
{
	size_t i;

	for (i = 0; i < files->n; i++)
		file_free(&files->items[i]);
	free(files->items);
}

void sources_free(struct sources *sources)
{
	file_free(&sources->network);
	file_free(&sources->defaults);
	file_free(&sources->ifup_ipv6);
	file_free(&sources->ifup_routes);
	files_free(&sources->ifcfg);
	files_free(&sources->managed);
	files_free(&sources->tables);
	files_free(&sources->settings);
	files_free(&sources->leases);
	free(sources->scripts);
	memset(sources, 0, sizeof(*sources));
}
