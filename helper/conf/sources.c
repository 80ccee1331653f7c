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

const struct file_kind file_kinds[FILE_KINDS] = {{"route-", false, false}, {"rule-", true, false},
	{"route6-", false, true}, {"rule6-", true, true}};

const struct file_kind *file_kind(const char *name)
{
	size_t i;

	for (i = 0; i < FILE_KINDS; i++)
		if (!strncmp(name, file_kinds[i].prefix, strlen(file_kinds[i].prefix)))
			return &file_kinds[i];
	return NULL;
}

const char *file_ifcfg_name(const struct file *file)
{
	return file->name + strlen("ifcfg-");
}

bool file_unsafe(const struct sources *sources, const struct file *file, struct diags *diags)
{
	if (!file->others_write || sources->copied)
		return false;
	diag_refuse(diags, file->path, 1,
		"writable by users other than root; run: chown root:root %s; chmod go-w %s",
		file->path, file->path);
	return true;
}

static const char *error_words(const struct file *file)
{
	return file->error > 0 ? strerror(file->error) : "not a regular file";
}

bool file_unread(const struct file *file, struct diags *diags)
{
	if (!file->error)
		return false;
	diag_fail(diags, file->path, 0, "cannot be read: %s; what needs it stays as it is",
		error_words(file));
	return true;
}

static bool is_said(const struct diags *diags, const struct file *file)
{
	size_t i;

	for (i = 0; i < diags->n; i++)
		if (!strcmp(diags->items[i].file, file->path))
			return true;
	return false;
}

static void note_unread(const struct files *files, struct diags *diags)
{
	size_t i;

	for (i = 0; i < files->n; i++)
		if (files->items[i].error && !is_said(diags, &files->items[i]))
			diag_notice(diags, files->items[i].path, 0,
				"cannot be read: %s; passed over", error_words(&files->items[i]));
}

void sources_note_unread(const struct sources *sources, struct diags *diags)
{
	note_unread(&sources->leases, diags);
	note_unread(&sources->settings, diags);
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
	file_free(&sources->static_routes);
	file_free(&sources->ifup_ipv6);
	file_free(&sources->ifup_routes);
	file_free(&sources->network_functions);
	file_free(&sources->inet6_global);
	files_free(&sources->ifcfg);
	files_free(&sources->managed);
	files_free(&sources->sourced);
	files_free(&sources->tables);
	files_free(&sources->settings);
	files_free(&sources->leases);
	free(sources->scripts);
	memset(sources, 0, sizeof(*sources));
}
