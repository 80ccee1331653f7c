/* SPDX-License-Identifier: MIT
 * One file: is it there, what is in it.
 *
 * Source: open(2), stat(2), read(2).
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <sys/types.h>

#include "conf/sources.h"

/* The folder of our own files: what one run tells the next (sys/run.h). */
#define RUN_DIR "/var/run/multihome"

/* An error of our own, where errno has none (struct file). */
enum { FILE_NOT_REGULAR = -1 };

/* Logs the error, errno or FILE_NOT_REGULAR. -1. */
int file_fail(const char *path, int error);

/* 1, 0, or -1: logged; what cannot be asked for is not taken for what is not there. */
int file_exists(const char *path);
bool file_is_link(const char *path);

/* Reads a file whole; bytes stays NULL if there is none. flags: 0, or O_NOFOLLOW for our own files.
 * out is zeroed, and to be freed with file_free. */
void file_read(const char *path, int flags, struct file *out);
/* 0, or -1 if it could not be read: logged. */
int file_check(const struct file *file);

/* Closes all but the standard ones, and keep, if that is none of them. */
void files_close(int keep);

/* The beginning of a file of /proc, as a string of at most size - 1 bytes: their number, or -1:
 * errno. */
ssize_t file_read_start(const char *path, char *out, size_t size);

#endif
