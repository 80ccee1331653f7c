/* SPDX-License-Identifier: MIT
 * The resident.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/health.h"
#include "sys/listen.h"
#include "sys/neighbour.h"
#include "sys/proc.h"
#include "watch/clock.h"
#include "watch/local.h"
#include "watch/prober.h"
#include "watch/settle.h"
#include "watch/watch.h"

enum { RUN_SECONDS = 120, IFUP_MS = 30 * 1000, IFUP_LOOK_MS = 250, RETRY_MS = 10 * 1000, PAUSE_MAX_MS = 60 * 1000 };

/* NUD_*: it answered when it was asked last. */
enum { STATE_ANSWERED = 0x02 | 0x40 | 0x80, STATE_NOT_ASKED = 0x04 | 0x08 };

struct watched {
	struct target target;
	struct pulse pulse;
	struct carrier carrier;
	bool probed; /* the kernel was told to ask for the gateway */
	enum health_state told;
};

struct watch {
	watch_run *run;
	int events; /* listen_open */
	struct neighbour_reader *neighbours;
	struct settle settle;
	bool wanted; /* a run at once, whatever happened */
	struct {
		struct watched *items;
		size_t n, cap;
	} watched;
	/* The one-shot that runs, and what it reported so far. */
	pid_t child;
	int reports;
	unsigned long long began;
	struct {
		struct target *items;
		size_t n, cap;
	} reported;
	bool done;		       /* it reported all */
	unsigned long long ifup_since; /* one is waited for, or 0 */
	unsigned long long ifup_look;
	unsigned interval;
	struct pulse_rules rules;
	unsigned long long next_round;
	struct prober prober;
	unsigned long long prober_due; /* to be started then, or 0 */
	unsigned long long prober_pause;
	struct opponents opponents;
	struct local local;
};

static volatile sig_atomic_t ends, acts;

static void take_signal(int number)
{
	if (number == SIGTERM || number == SIGINT)
		ends = 1;
	else if (number == SIGHUP)
		acts = 1;
}

/* --- what is alive ---------------------------------------------------------------------------- */

static bool is_tracked(const struct target *target)
{
	return target->track == TRACK_REMOTES ||
		(target->track == TRACK_GATEWAY && !target->silent);
}

static enum health_state state_of(const struct watched *watched)
{
	if (watched->carrier.lost)
		return HEALTH_DEAD;
	if (!is_tracked(&watched->target))
		return HEALTH_UP;
	return watched->pulse.state == PULSE_DOWN  ? HEALTH_DEAD
		: watched->pulse.state == PULSE_UP ? HEALTH_UP
						   : HEALTH_UNKNOWN;
}

static void format_reason(const struct watched *watched, char reason[LOCAL_REASON])
{
	const struct target *target = &watched->target;
	const bool remotes = target->track == TRACK_REMOTES;
	char text[PREFIX_TEXT];

	*reason = '\0';
	if (watched->carrier.lost)
		strcpy(reason, "no carrier");
	else if (watched->pulse.state == PULSE_DOWN)
		snprintf(reason, LOCAL_REASON,
			remotes ? "no answer from %s%s" : "gateway %s does not answer%s",
			prefix_format_address(
				remotes ? &target->remotes[0] : &target->gateway, text),
			remotes && target->remotes[1].family ? " or others" : "");
}

static void write_healths(const struct watch *watch)
{
	struct healths all = {NULL, 0, 0};
	char reason[LOCAL_REASON];
	struct health *health;
	size_t i;

	for (i = 0; i < watch->watched.n; i++) {
		const struct watched *watched = &watch->watched.items[i];

		format_reason(watched, reason);
		health = array_add(&all);
		health->state = watched->told;
		memcpy(health->device, watched->target.device, sizeof(health->device));
		health->gateway = watched->target.gateway;
		health->reason = mem_string(reason);
	}
	for (i = 0; i < OPPONENTS; i++) {
		const struct opponent *opponent = &watch->opponents.items[i];

		if (!opponent->until)
			continue;
		health = array_add(&all);
		health->state = HEALTH_LEFT;
		memcpy(health->device, opponent->device, sizeof(health->device));
		health->reason = mem_string(opponent->words);
	}
	health_write(&all);
	healths_free(&all);
}

/* Says what became of each, and has the host follow. */
static void tell(struct watch *watch)
{
	char reason[LOCAL_REASON];
	struct watched *watched;
	enum health_state state;
	bool any = false, moves = false, dead;
	size_t i;

	for (i = 0; i < watch->watched.n; i++) {
		watched = &watch->watched.items[i];
		state = state_of(watched);
		if (state == watched->told)
			continue;
		dead = state == HEALTH_DEAD;
		any = true;
		if (dead || watched->told == HEALTH_DEAD) {
			moves = true;
			format_reason(watched, reason);
			if (dead)
				log_notice("%s: dead: %s", watched->target.device, reason);
			else
				log_notice("%s: alive%s", watched->target.device,
					state == HEALTH_UP ? "" : ", as far as is known");
			local_add(&watch->local, watched->target.device, !dead,
				dead ? reason : "alive");
		}
		watched->told = state;
	}
	if (any)
		write_healths(watch);
	watch->wanted |= moves;
}

/* When to look again, or 0. */
static unsigned long long see_carriers(struct watch *watch, unsigned long long now)
{
	unsigned long long first = 0, due;
	struct watched *watched;
	size_t i;

	for (i = 0; i < watch->watched.n; i++) {
		watched = &watch->watched.items[i];
		carrier_see(&watched->carrier, watched->target.running, now, &due);
		if (due && (!first || due < first))
			first = due;
	}
	return first;
}

static void ask_gateway(struct watch *watch, struct watched *watched, unsigned long long now)
{
	const struct target *target = &watched->target;
	unsigned state = neighbour_state(watch->neighbours, target->index, &target->gateway);

	if (watched->probed && !(state & STATE_NOT_ASKED))
		pulse_round(&watched->pulse, &watch->rules, state & STATE_ANSWERED, now);
	neighbour_probe(watch->neighbours, target->index, &target->gateway, state);
	watched->probed = true;
}

/* A round of those whose gateway is asked for. */
static void ask_gateways(struct watch *watch, unsigned long long now)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct watched *watched;
	size_t i, k;
	bool read;

	for (k = 0; k < 2; k++) {
		read = false;
		for (i = 0; i < watch->watched.n; i++) {
			watched = &watch->watched.items[i];
			if (watched->target.track != TRACK_GATEWAY || watched->target.silent ||
				!watched->target.running ||
				watched->target.gateway.family != families[k])
				continue;
			if (!read && neighbours_read(watch->neighbours, families[k]))
				break;
			read = true;
			ask_gateway(watch, watched, now);
		}
	}
}

static bool asks_gateways(const struct watch *watch)
{
	size_t i;

	for (i = 0; i < watch->watched.n; i++)
		if (watch->watched.items[i].target.track == TRACK_GATEWAY &&
			!watch->watched.items[i].target.silent)
			return true;
	return false;
}

/* --- the prober ------------------------------------------------------------------------------- */

static void lose_prober(struct watch *watch, unsigned long long now)
{
	size_t i;

	prober_stop(&watch->prober);
	for (i = 0; i < watch->watched.n; i++)
		if (watch->watched.items[i].target.track == TRACK_REMOTES)
			pulse_forget(&watch->watched.items[i].pulse);
	log_error("TRACK_IP: the prober ended; it is started again in %llu seconds",
		watch->prober_pause / 1000);
	watch->prober_due = now + watch->prober_pause;
	watch->prober_pause *= 2;
	if (watch->prober_pause > PAUSE_MAX_MS)
		watch->prober_pause = PAUSE_MAX_MS;
}

static void start_prober(struct watch *watch, unsigned long long now)
{
	struct target *targets = mem_resize(NULL, watch->watched.n * sizeof(*targets));
	size_t i;

	prober_stop(&watch->prober);
	watch->prober_due = 0;
	for (i = 0; i < watch->watched.n; i++)
		targets[i] = watch->watched.items[i].target;
	if (prober_start(&watch->prober, targets, watch->watched.n, watch->interval))
		watch->prober_due = now + PAUSE_MAX_MS;
	free(targets);
}

static void hear_prober(struct watch *watch, unsigned long long now)
{
	struct prober_word word;
	struct watched *watched;
	ssize_t n;

	while ((n = read(watch->prober.pipe, &word, sizeof(word))) == sizeof(word)) {
		if (word.index >= watch->watched.n)
			continue;
		watched = &watch->watched.items[word.index];
		if (watched->target.track == TRACK_REMOTES && watched->target.running)
			pulse_round(&watched->pulse, &watch->rules, word.answered == 1, now);
		watch->prober_pause = 1000;
	}
	if (!n || (errno != EAGAIN && errno != EINTR))
		lose_prober(watch, now);
}

/* --- the one-shot ----------------------------------------------------------------------------- */

static bool is_same_uplink(const struct target *a, const struct target *b)
{
	return !strcmp(a->device, b->device) && prefix_same_address(&a->gateway, &b->gateway) &&
		a->gateway.family == b->gateway.family;
}

static struct watched *find_watched(struct watch *watch, const struct target *target)
{
	size_t i;

	for (i = 0; i < watch->watched.n; i++)
		if (is_same_uplink(&watch->watched.items[i].target, target))
			return &watch->watched.items[i];
	return NULL;
}

/* Is it asked for in the same way? */
static bool is_same_question(const struct target *a, const struct target *b)
{
	return a->track == b->track && a->index == b->index &&
		prefix_same_address(&a->source, &b->source) &&
		!memcmp(a->remotes, b->remotes, sizeof(a->remotes));
}

/* The uplinks as they are now; what was known of them stays. */
static void adopt(struct watch *watch, unsigned long long now)
{
	struct watched *old, *items;
	size_t n = watch->reported.n, i;
	bool changed = n != watch->watched.n;

	items = mem_resize(NULL, (n ? n : 1) * sizeof(*items));
	memset(items, 0, n * sizeof(*items));
	for (i = 0; i < n; i++) {
		old = find_watched(watch, &watch->reported.items[i]);
		if (old)
			items[i] = *old;
		changed |= !old || old != &watch->watched.items[i] ||
			!is_same_question(&old->target, &watch->reported.items[i]);
		if (old && old->target.track != watch->reported.items[i].track)
			pulse_forget(&items[i].pulse);
		/* Where an edit waits the old questions are asked on. */
		if (!old || !watch->reported.items[i].held)
			items[i].target = watch->reported.items[i];
		items[i].target.running = watch->reported.items[i].running;
	}
	free(watch->watched.items);
	watch->watched.items = items;
	watch->watched.n = watch->watched.cap = n;
	if (changed) {
		start_prober(watch, now);
		write_healths(watch);
	}
}

static void take_report(struct watch *watch, const struct report *report, unsigned long long now)
{
	switch (report->kind) {
	case REPORT_TIMES:
		watch->interval = report->interval;
		watch->rules = report->rules;
		break;
	case REPORT_TARGET:
		*array_add(&watch->reported) = report->target;
		break;
	case REPORT_CHANGE:
		if (!opponents_note(
			    &watch->opponents, report->key, report->device, report->words, now))
			break;
		log_notice("%s%s%s: taken away %d times within a minute; left alone for 10 minutes",
			report->device, report->device[0] ? ": " : "", report->words,
			OPPONENT_TIMES);
		write_healths(watch);
		break;
	case REPORT_DONE:
		watch->done = true;
		break;
	}
}

static void hear_child(struct watch *watch, unsigned long long now)
{
	struct report report;
	ssize_t n = read(watch->reports, &report, sizeof(report));

	if (n == sizeof(report)) {
		take_report(watch, &report, now);
		return;
	}
	if (n < 0 && errno == EINTR)
		return;
	close(watch->reports);
	watch->reports = -1;
	waitpid(watch->child, NULL, 0);
	watch->child = 0;
	settle_ran(&watch->settle, watch->began, now);
	if (watch->done)
		adopt(watch, now);
	else
		watch->settle.look = now + RETRY_MS;
}

static int start_child(struct watch *watch, unsigned long long now)
{
	int ends_of_pipe[2];
	pid_t pid;

	if (pipe(ends_of_pipe))
		return -1;
	pid = fork();
	if (pid < 0) {
		close(ends_of_pipe[0]);
		close(ends_of_pipe[1]);
		return -1;
	}
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGCHLD, SIG_DFL);
		close(watch->events);
		close(ends_of_pipe[0]);
		alarm(RUN_SECONDS);
		_exit(watch->run(ends_of_pipe[1], &watch->opponents, now));
	}
	close(ends_of_pipe[1]);
	watch->child = pid;
	watch->reports = ends_of_pipe[0];
	watch->began = now;
	watch->settle.first = watch->settle.last = 0;
	watch->wanted = false;
	watch->reported.n = 0;
	watch->done = false;
	return 0;
}

/* Never amid an ifup or an ifdown, which do the same; but one that hangs keeps nothing from being
 * healed. */
static void run_if_due(struct watch *watch, unsigned long long now)
{
	if (watch->child || now < watch->ifup_look ||
		(!watch->wanted && settle_due(&watch->settle) > now))
		return;
	if (proc_has_ifup() && (!watch->ifup_since || now - watch->ifup_since < IFUP_MS)) {
		watch->ifup_since = watch->ifup_since ? watch->ifup_since : now;
		watch->ifup_look = now + IFUP_LOOK_MS;
		return;
	}
	watch->ifup_since = watch->ifup_look = 0;
	if (!start_child(watch, now))
		return;
	log_error("multihome watch: %s", strerror(errno));
	watch->wanted = false;
	watch->settle.first = 0;
	watch->settle.look = now + RETRY_MS;
}

/* --- all together ----------------------------------------------------------------------------- */

static unsigned long long sooner(unsigned long long a, unsigned long long b)
{
	return !a ? b : !b ? a : a < b ? a : b;
}

static unsigned long long step(struct watch *watch, unsigned long long now)
{
	unsigned long long wake, due;

	if (acts)
		watch->wanted = true;
	acts = 0;
	if (now >= watch->next_round && asks_gateways(watch)) {
		ask_gateways(watch, now);
		watch->next_round = now + watch->interval * 1000ULL;
	}
	wake = see_carriers(watch, now);
	if (watch->prober_due && now >= watch->prober_due)
		start_prober(watch, now);
	if (opponents_expire(&watch->opponents, now))
		write_healths(watch);
	tell(watch);
	run_if_due(watch, now);
	due = watch->wanted ? now : settle_due(&watch->settle);
	wake = sooner(wake, local_step(&watch->local, now));
	wake = sooner(wake, watch->prober_due);
	if (asks_gateways(watch))
		wake = sooner(wake, watch->next_round);
	if (!watch->child)
		wake = sooner(wake, due > watch->ifup_look ? due : watch->ifup_look);
	return wake;
}

static void reap(struct watch *watch)
{
	pid_t pid = watch->local.pid ? waitpid(watch->local.pid, NULL, WNOHANG) : 0;

	if (pid > 0)
		local_ended(&watch->local, pid);
}

static void loop(struct watch *watch, const sigset_t *waiting)
{
	unsigned long long now, wake, left;
	struct timespec wait;
	struct pollfd polls[3];

	while (!ends) {
		now = clock_now();
		reap(watch);
		wake = step(watch, now);
		polls[0] = (struct pollfd){watch->events, POLLIN, 0};
		polls[1] = (struct pollfd){watch->child ? watch->reports : -1, POLLIN, 0};
		polls[2] = (struct pollfd){watch->prober.pid ? watch->prober.pipe : -1, POLLIN, 0};
		now = clock_now();
		left = wake > now ? wake - now : 0;
		wait.tv_sec = (time_t)(left / 1000);
		wait.tv_nsec = (long)(left % 1000) * 1000000;
		if (ppoll(polls, 3, wake ? &wait : NULL, waiting) <= 0)
			continue;
		now = clock_now();
		if (polls[0].revents && listen_drain(watch->events))
			settle_event(&watch->settle, now);
		if (polls[1].revents)
			hear_child(watch, now);
		if (polls[2].revents)
			hear_prober(watch, now);
	}
}

/* Without health nothing is dead: what leads around goes. */
static void say_goodbye(struct watch *watch)
{
	bool moved = false;
	size_t i;

	for (i = 0; i < watch->watched.n; i++)
		moved |= watch->watched.items[i].told == HEALTH_DEAD;
	if (watch->child) {
		close(watch->reports);
		waitpid(watch->child, NULL, 0);
		watch->child = 0;
	}
	prober_stop(&watch->prober);
	health_remove();
	if (moved && !start_child(watch, clock_now())) {
		close(watch->reports);
		waitpid(watch->child, NULL, 0);
	}
}

int watch_serve(watch_run *run)
{
	struct watch watch = {
		.run = run, .reports = -1, .interval = 2, .rules = {5, 10}, .prober_pause = 1000};
	struct sigaction action = {.sa_handler = take_signal};
	sigset_t blocked, waiting;
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	size_t i;

	if (watch_begin())
		return 1;
	sigemptyset(&blocked);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		sigaddset(&blocked, signals[i]);
		sigaction(signals[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigdelset(&waiting, signals[i]);
	signal(SIGPIPE, SIG_IGN);
	watch.events = listen_open();
	watch.neighbours = neighbours_open();
	if (watch.events < 0 || !watch.neighbours) {
		watch_end();
		return 1;
	}
	health_remove();
	loop(&watch, &waiting);
	say_goodbye(&watch);
	neighbours_close(watch.neighbours);
	close(watch.events);
	free(watch.watched.items);
	free(watch.reported.items);
	watch_end();
	return 0;
}
