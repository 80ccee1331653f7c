/* SPDX-License-Identifier: MIT
 * property_hosts make SEED FOLDER          writes a random host as a case, and its questions
 * property_hosts ask FOLDER                prints the kernel's answer to each question
 * property_hosts check FOLDER BEFORE       asks again and prints what is not as it must be
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { LINE_SIZE = 512 };

static FILE *open_file(const char *folder, const char *name, const char *mode)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s%s", folder, *name ? "/" : "", name);
	file = fopen(path, mode);
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

static int make(const char *seed, const char *folder)
{
	unsigned long long number = strtoull(seed, NULL, 10);
	struct host host;
	FILE *questions;

	host_generate(&host, number);
	case_write(&host, number, folder);
	questions = open_file(folder, "questions", "w");
	model_write(&host, questions);
	return fclose(questions) ? 2 : 0;
}

/* Splits QUESTION TAB WANT TAB WHY in place. */
static bool read_question(FILE *file, char line[LINE_SIZE], char **want, char **why)
{
	if (!fgets(line, LINE_SIZE, file))
		return false;
	line[strcspn(line, "\n")] = '\0';
	*want = strchr(line, '\t');
	*why = *want ? strchr(*want + 1, '\t') : NULL;
	if (!*why) {
		fprintf(stderr, "no question: %s\n", line);
		exit(2);
	}
	*(*want)++ = '\0';
	*(*why)++ = '\0';
	return true;
}

static int ask_all(const char *folder)
{
	FILE *questions = open_file(folder, "questions", "r");
	char line[LINE_SIZE], answer[ANSWER_SIZE], *want, *why;
	int fd = ask_open();

	while (read_question(questions, line, &want, &why)) {
		ask(fd, line, answer);
		puts(answer);
	}
	return fclose(questions) ? 2 : 0;
}

/* Is it a standby? Of "": is there any? */
static bool is_fallback(const char *folder, const char *answer)
{
	FILE *questions = open_file(folder, "questions", "r");
	char line[LINE_SIZE], *want, *why;
	bool found = false;

	while (!found && read_question(questions, line, &want, &why))
		found = !strcmp(line, "fallback") && (!*answer || !strcmp(want, answer));
	fclose(questions);
	return found;
}

static const char a_standby[] = "a standby";

/* As before; but where nothing led then, a standby must lead now. */
static const char *expected(const char *folder, const char *want, const char *before)
{
	if (strcmp(want, "same"))
		return want;
	if (strcmp(before, "Network is unreachable") || !is_fallback(folder, ""))
		return before;
	return a_standby;
}

static bool is_right(const char *folder, const char *want, const char *answer)
{
	return want == a_standby ? is_fallback(folder, answer) : !strcmp(want, answer);
}

static int check_all(const char *folder, const char *before)
{
	FILE *questions = open_file(folder, "questions", "r");
	FILE *answers = open_file(before, "", "r");
	char line[LINE_SIZE], old[ANSWER_SIZE], answer[ANSWER_SIZE], *want, *why;
	const char *must;
	int fd = ask_open(), wrong = 0;

	while (read_question(questions, line, &want, &why)) {
		if (!fgets(old, sizeof(old), answers)) {
			fprintf(stderr, "%s: fewer answers than questions\n", before);
			return 2;
		}
		old[strcspn(old, "\n")] = '\0';
		ask(fd, line, answer);
		must = expected(folder, want, old);
		if (!strcmp(line, "fallback") || is_right(folder, must, answer))
			continue;
		printf("%s: %s; expected %s (%s; before: %s)\n", line, answer, must, why, old);
		wrong++;
	}
	fclose(questions);
	fclose(answers);
	return wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "make"))
		return make(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "ask"))
		return ask_all(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check_all(argv[2], argv[3]);
	fputs("usage: property_hosts make SEED FOLDER | ask FOLDER | check FOLDER BEFORE\n",
		stderr);
	return 2;
}
