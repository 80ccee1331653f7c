/* SPDX-License-Identifier: MIT
 * /var/run/multihome.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/line.h"
#include "base/log.h"
#include "sys/replace.h"
#include "sys/run.h"

static const char record_path[] = RUN_DIR "/rules";
static const char saves_path[] = RUN_DIR "/sysctls";
static const char brought_up_path[] = RUN_DIR "/brought-up";
static const char defaults_path[] = RUN_DIR "/defaults";
static const char said_path[] = RUN_DIR "/said";
static const char coming_name[] = "coming-";

int run_dir_make(void)
{
	struct stat status;

	if (!mkdir(RUN_DIR, 0755))
		return 0;
	if (errno != EEXIST)
		return file_fail(RUN_DIR, errno);
	/* Another run may have removed it since. */
	if (stat(RUN_DIR, &status) ? !file_is_link(RUN_DIR) : S_ISDIR(status.st_mode))
		return 0;
	log_error("%s: not a folder; expected one, or none", RUN_DIR);
	return -1;
}

static void run_dir_sweep(const char *prefix)
{
	DIR *dir = opendir(RUN_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

void run_dir_remove(void)
{
	unlink(record_path);
	unlink(saves_path);
	unlink(brought_up_path);
	unlink(defaults_path);
	unlink(said_path);
	unlink(RUN_CONFIRM);
	unlink(RUN_HEALTH);
	rmdir(RUN_EMPTY);
	run_dir_sweep("netfilter.");
	run_dir_sweep(RUN_LEASE);
	run_dir_sweep(coming_name);
	unlink(RUN_LOCK);
	rmdir(RUN_DIR);
}

int lines_read(const char *path, void (*take)(const char *line, void *arg), void *arg)
{
	struct file file = {0};
	char *line, *next;
	int err;

	file_read(path, O_NOFOLLOW, &file);
	err = file_check(&file);
	for (line = file.bytes; !err && line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		take(line, arg);
	}
	file_free(&file);
	return err;
}

int lines_write(const char *path, struct text *text)
{
	struct file file = {0};
	int err;

	file_read(path, O_NOFOLLOW, &file);
	err = file_check(&file);
	if (!err && (text->n != file.len || (text->n && memcmp(text->bytes, file.bytes, text->n))))
		err = run_dir_make() || run_file_replace(path, text->bytes, text->n) ? -1 : 0;
	file_free(&file);
	text_free(text);
	return err;
}

static void take_rule(const char *line, void *arg)
{
	struct rules *record = arg;
	struct rule rule;

	if (!rule_parse(line, &rule) || !rule_parse_mark(line, &rule))
		*array_add(record) = rule;
}

int record_read(struct rules *record)
{
	return lines_read(record_path, take_rule, record);
}

int record_write(const struct rules *record)
{
	struct text text = {0};
	size_t i;

	for (i = 0; i < record->n; i++) {
		if (record->items[i].mask)
			rule_format_mark(&record->items[i], &text);
		else
			rule_format(&record->items[i], &text);
		text_add_string(&text, "\n");
	}
	return lines_write(record_path, &text);
}

static void take_table(const char *line, void *arg)
{
	struct held_tables *tables = arg;
	unsigned table;

	if (word_number(line, 10, 0xffffffff, &table))
		*array_add(tables) = table;
}

int pending_read(struct held_tables *out)
{
	return lines_read(RUN_CONFIRM, take_table, out);
}

static void take_saved(const char *line, void *arg)
{
	struct saves *saves = arg;
	struct saved saved;

	if (!saved_parse(line, &saved))
		*array_add(saves) = saved;
}

int saves_read(struct saves *saves)
{
	return lines_read(saves_path, take_saved, saves);
}

int saves_write(const struct saves *saves)
{
	struct text text = {0};
	size_t i;

	for (i = 0; i < saves->n; i++)
		saved_format(&saves->items[i], &text);
	return lines_write(saves_path, &text);
}

static void take_brought_up(const char *line, void *arg)
{
	struct brought_ups *all = arg;
	struct brought_up up = {.file = NULL};
	int at = 0;

	if (sscanf(line, "%llx %15s %n", &up.fingerprint, up.device, &at) != 2 || !at || !line[at])
		return;
	up.file = mem_string(line + at);
	*array_add(all) = up;
}

int brought_up_read(struct brought_ups *out)
{
	return lines_read(brought_up_path, take_brought_up, out);
}

int brought_up_write(const struct brought_ups *brought_up)
{
	struct text text = {0};
	size_t i;

	for (i = 0; i < brought_up->n; i++)
		text_format(&text, "%016llx %s %s\n", brought_up->items[i].fingerprint,
			brought_up->items[i].device, brought_up->items[i].file);
	return lines_write(brought_up_path, &text);
}

static void take_defaults(const char *line, void *arg)
{
	struct defaults_record *record = arg;

	sscanf(line, "%llx %llx", &record->applied, &record->taken_back);
}

int defaults_read(struct defaults_record *out)
{
	return lines_read(defaults_path, take_defaults, out);
}

int defaults_write(const struct defaults_record *record)
{
	struct text text = {0};

	text_format(&text, "%016llx %016llx\n", record->applied, record->taken_back);
	return lines_write(defaults_path, &text);
}

static void take_said(const char *line, void *arg)
{
	text_format(arg, "\n%s\n", line);
}

void said_read(struct text *out)
{
	lines_read(said_path, take_said, out);
}

void said_write(const struct text *said)
{
	unlink(said_path);
	if (said->n)
		run_file_replace(said_path, said->bytes, said->n);
}

int lease_write(const struct lease *lease)
{
	char *path = mem_format("%s/%s%s", RUN_DIR, RUN_LEASE, lease->device);
	struct text text = {0};
	int err;

	lease_format(lease, &text);
	err = run_file_replace(path, text.bytes, text.n);
	text_free(&text);
	free(path);
	return err;
}

void coming_set(const char *device, bool coming)
{
	char *path = mem_format("%s/%s%s", RUN_DIR, coming_name, device);
	int fd;

	unlink(path);
	fd = coming ? open(path, O_WRONLY | O_CREAT | O_EXCL, 0644) : -1;
	if (fd >= 0)
		close(fd);
	free(path);
}

bool coming_is(const char *device)
{
	char *path = mem_format("%s/%s%s", RUN_DIR, coming_name, device);
	struct stat status;
	bool coming = !lstat(path, &status) && S_ISREG(status.st_mode);

	free(path);
	return coming;
}
