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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sys/health.h"
#include "sys/listen.h"
#include "sys/neighbour.h"
#include "sys/proc.h"
#include "watch/local.h"
#include "watch/prober.h"
#include "watch/settle.h"
#include "watch/watch.h"

enum {
	RUN_SECONDS = 120,
	IFUP_MS = 30 * 1000,
	IFUP_LOOK_MS = 250,
	RETRY_MS = 10 * 1000,
	AGAIN_MS = 1000,
	SILENCE_MS = 5000,
	PAUSE_MAX_MS = 60 * 1000
};

/* It answered when it was asked last. */
enum {
	STATE_ANSWERED = NEIGHBOUR_REACHABLE | NEIGHBOUR_STALE | NEIGHBOUR_DELAY | NEIGHBOUR_NOARP |
		NEIGHBOUR_PERMANENT
};

struct watched {
	struct target target;
	struct pulse pulse;
	struct carrier carrier;
	bool probed; /* the kernel was told to ask for the gateway */
	enum health_state told;
};

struct watcheds {
	struct watched *items;
	size_t n, cap;
};

struct watch {
	watch_run *run;
	int events; /* listen_open */
	struct settle settle;
	bool loss, after_loss; /* something went by itself, before the next run, before this one */
	bool wanted;	       /* a run at once, whatever happened */
	struct watcheds watched;
	struct target last_default[2]; /* had it, of IPv4 and IPv6 */
	/* The one-shot that runs, and what it reported so far. */
	pid_t child;
	int reports;
	struct {
		struct target *items;
		size_t n, cap;
	} reported;
	bool done;		       /* it reported all */
	bool stuck;		       /* the last one did not, and that is told */
	unsigned long long ifup_since; /* one is waited for, or 0 */
	unsigned long long ifup_look;
	unsigned interval;
	bool new_interval;
	struct pulse_rules rules;
	unsigned long long next_round;
	struct prober prober;
	unsigned long long prober_due;	 /* to be started then, or 0 */
	unsigned long long prober_until; /* it is to have said something by then */
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
		strcpy(reason, HEALTH_NO_CARRIER);
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
	for (i = 0; i < 2; i++) {
		if (!watch->last_default[i].gateway.family)
			continue;
		health = array_add(&all);
		health->state = HEALTH_DEFAULT;
		memcpy(health->device, watch->last_default[i].device, sizeof(health->device));
		health->gateway = watch->last_default[i].gateway;
		health->reason = mem_string("");
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

/* From being asked for, only an answer leads to what is stale by now. */
static void ask_gateway(struct watch *watch, struct neighbour_reader *neighbours,
	struct watched *watched, unsigned long long now)
{
	const struct target *target = &watched->target;
	unsigned state = neighbour_state(neighbours, target->index, &target->gateway);

	if (watched->probed)
		pulse_round(&watched->pulse, &watch->rules, state & STATE_ANSWERED, now);
	neighbour_probe(neighbours, target->index, &target->gateway, state);
	watched->probed = true;
}

/* A round of those whose gateway is asked for. */
static void ask_gateways(struct watch *watch, unsigned long long now)
{
	static const int families[] = {AF_INET, AF_INET6};
	/* Of what the last round asked for nobody has taken the kernel's complaints. */
	struct neighbour_reader *neighbours = neighbours_open();
	struct watched *watched;
	size_t i, k;
	bool read;

	for (k = 0; neighbours && k < 2; k++) {
		read = false;
		for (i = 0; i < watch->watched.n; i++) {
			watched = &watch->watched.items[i];
			if (watched->target.track != TRACK_GATEWAY || watched->target.silent ||
				!watched->target.running ||
				watched->target.gateway.family != families[k])
				continue;
			if (!read && neighbours_read(neighbours, families[k]))
				break;
			read = true;
			ask_gateway(watch, neighbours, watched, now);
		}
	}
	if (neighbours)
		neighbours_close(neighbours);
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
	watch->prober_until = now + 3000ULL * watch->interval + SILENCE_MS;
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
		watch->prober_until = now + 3000ULL * watch->interval + SILENCE_MS;
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

static bool is_same_family(const struct watched *watched, const struct target *target)
{
	return !strcmp(watched->target.device, target->device) &&
		watched->target.inet6 == target->inet6;
}

/* Those of the device go on to be asked for as before, whatever its file says by now. */
static void keep_held(struct watch *watch, const struct target *held, struct watcheds *items)
{
	size_t i;

	for (i = 0; i < items->n; i++)
		if (is_same_family(&items->items[i], held))
			return;
	for (i = 0; i < watch->watched.n; i++)
		if (is_same_family(&watch->watched.items[i], held)) {
			*array_add(items) = watch->watched.items[i];
			items->items[items->n - 1].target.running = held->running;
		}
}

static void take_target(struct watch *watch, const struct target *target, struct watcheds *items)
{
	const struct watched *old = find_watched(watch, target);
	struct watched *watched = array_add(items);

	if (old)
		*watched = *old;
	if (old && old->target.track != target->track)
		pulse_forget(&watched->pulse);
	watched->target = *target;
}

/* The uplinks as they are now; what was known of them stays. */
static void adopt(struct watch *watch, unsigned long long now)
{
	const struct watched *old, *new;
	struct watcheds items = {NULL, 0, 0};
	bool changed = watch->new_interval;
	size_t i;

	for (i = 0; i < watch->reported.n; i++)
		if (watch->reported.items[i].held)
			keep_held(watch, &watch->reported.items[i], &items);
		else
			take_target(watch, &watch->reported.items[i], &items);
	changed |= items.n != watch->watched.n;
	for (i = 0; i < items.n && !changed; i++) {
		old = &watch->watched.items[i];
		new = &items.items[i];
		changed = !is_same_uplink(&old->target, &new->target) ||
			!is_same_question(&old->target, &new->target);
	}
	free(watch->watched.items);
	watch->watched = items;
	watch->new_interval = false;
	if (changed) {
		start_prober(watch, now);
		write_healths(watch);
	}
}

static void take_report(struct watch *watch, const struct report *report, unsigned long long now)
{
	switch (report->kind) {
	case REPORT_TIMES:
		watch->new_interval = watch->interval != report->interval;
		watch->interval = report->interval;
		watch->rules = report->rules;
		break;
	case REPORT_TARGET:
		*array_add(&watch->reported) = report->target;
		if (report->target.has_default)
			watch->last_default[report->target.inet6] = report->target;
		break;
	case REPORT_CHANGE:
		if (report->deleted)
			opponents_forget(&watch->opponents, report->key);
		/* What went with its link, or with an address, nobody took away. */
		if (report->deleted || watch->after_loss)
			break;
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

static unsigned long long milliseconds(const struct timeval *time)
{
	return (unsigned long long)time->tv_sec * 1000 + (unsigned long long)time->tv_usec / 1000;
}

static void hear_child(struct watch *watch, unsigned long long now)
{
	struct rusage used;
	struct report report;
	int status;
	ssize_t n = read(watch->reports, &report, sizeof(report));

	if (n == sizeof(report)) {
		take_report(watch, &report, now);
		return;
	}
	if (n < 0 && errno == EINTR)
		return;
	close(watch->reports);
	watch->reports = -1;
	wait4(watch->child, &status, 0, &used);
	watch->child = 0;
	settle_ran(
		&watch->settle, milliseconds(&used.ru_utime) + milliseconds(&used.ru_stime), now);
	if (watch->done) {
		adopt(watch, now);
	} else if (WIFSIGNALED(status)) {
		log_error("watch: a run was ended by signal %d", WTERMSIG(status));
		watch->settle.look = now + AGAIN_MS;
	} else {
		if (!watch->stuck)
			log_error("watch: nothing is healed for now; multihome sync says "
				  "why");
		watch->settle.look = now + RETRY_MS;
	}
	watch->stuck = !watch->done;
}

static int start_child(struct watch *watch, unsigned long long now)
{
	int ends_of_pipe[2];
	pid_t pid;

	/* Somebody may have removed it; the run goes by it. */
	write_healths(watch);
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
	watch->settle.first = watch->settle.last = 0;
	watch->wanted = false;
	watch->after_loss = watch->loss;
	watch->loss = false;
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
	if (!proc_has_ifup())
		watch->ifup_since = 0;
	else if (!watch->ifup_since)
		watch->ifup_since = now;
	if (watch->ifup_since && now - watch->ifup_since < IFUP_MS) {
		watch->ifup_look = now + IFUP_LOOK_MS;
		return;
	}
	watch->ifup_look = 0;
	if (!start_child(watch, now))
		return;
	log_error("watch: %s", strerror(errno));
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
	if (watch->prober.pid && now >= watch->prober_until)
		lose_prober(watch, now);
	if (opponents_expire(&watch->opponents, now))
		write_healths(watch);
	tell(watch);
	run_if_due(watch, now);
	due = watch->wanted ? now : settle_due(&watch->settle);
	/* It finds the way around there. */
	if (!watch->child && !watch->wanted)
		wake = sooner(wake, local_step(&watch->local, now));
	wake = sooner(wake, watch->prober.pid ? watch->prober_until : watch->prober_due);
	if (asks_gateways(watch))
		wake = sooner(wake, watch->next_round);
	if (!watch->child)
		wake = sooner(wake, due > watch->ifup_look ? due : watch->ifup_look);
	return wake;
}

static void hear_kernel(struct watch *watch, unsigned long long now)
{
	enum listened heard = listen_drain(watch->events);

	if (heard)
		settle_event(&watch->settle, now);
	watch->loss |= heard == LISTENED_LOSS;
}

static void loop(struct watch *watch, const sigset_t *waiting)
{
	unsigned long long now, wake, left;
	struct timespec wait;
	struct pollfd polls[3];

	while (!ends) {
		now = clock_now();
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
		if (polls[0].revents)
			hear_kernel(watch, now);
		if (polls[1].revents)
			hear_child(watch, now);
		/* What the run reported may have ended it. */
		if (polls[2].revents && polls[2].fd == watch->prober.pipe)
			hear_prober(watch, now);
	}
}

/* Without health nothing is dead: what leads around goes. */
static void say_goodbye(struct watch *watch)
{
	if (watch->child) {
		close(watch->reports);
		waitpid(watch->child, NULL, 0);
	}
	prober_stop(&watch->prober);
	watch->watched.n = 0;
	if (!start_child(watch, clock_now())) {
		close(watch->reports);
		waitpid(watch->child, NULL, 0);
	}
	health_remove();
}

int watch_serve(watch_run *run)
{
	struct watch watch = {.run = run,
		.reports = -1,
		.interval = 2,
		.rules = {5, 10},
		.prober_pause = 1000,
		.prober = {.pipe = -1}};
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
	if (watch.events < 0) {
		watch_end();
		return 1;
	}
	health_remove();
	loop(&watch, &waiting);
	say_goodbye(&watch);
	close(watch.events);
	free(watch.watched.items);
	free(watch.reported.items);
	watch_end();
	return 0;
}
