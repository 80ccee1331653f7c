/* SPDX-License-Identifier: MIT
 * watch's own decisions, by a clock that the test sets: alive or dead, when to act, whom to leave
 * alone.
 */
#include "tap.h"
#include "watch/opponents.h"
#include "watch/settle.h"
#include "watch/vital.h"

static const struct pulse_rules rules = {.down = 5, .up = 10};

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, ROUND = 2 * SECOND };

/* So many rounds, until the state changes: the number of rounds that it took; 0: it did not. */
static unsigned rounds(struct pulse *pulse, unsigned n, bool good, unsigned long long *now)
{
	unsigned i;

	for (i = 1; i <= n; i++) {
		*now += ROUND;
		if (pulse_round(pulse, &rules, good, *now))
			return i;
	}
	return 0;
}

static void test_pulse(void)
{
	struct pulse pulse = {.good = 0};
	unsigned long long now = HOUR;

	ok(rounds(&pulse, 9, true, &now) == 3 && pulse.state == PULSE_UP,
		"three answers make unknown up");
	ok(!rounds(&pulse, 4, false, &now) && !rounds(&pulse, 1, true, &now) &&
			!rounds(&pulse, 4, false, &now),
		"four rounds without one are not down");
	ok(rounds(&pulse, 9, false, &now) == 1 && pulse.state == PULSE_DOWN, "the fifth is");
	ok(!rounds(&pulse, 9, true, &now) && !rounds(&pulse, 1, false, &now),
		"nine answers are not up");
	ok(rounds(&pulse, 99, true, &now) == 10 && pulse.state == PULSE_UP, "ten in a row are");
	rounds(&pulse, 5, false, &now);
	ok(rounds(&pulse, 99, true, &now) == 20, "once more within ten minutes: twenty");
	rounds(&pulse, 5, false, &now);
	ok(rounds(&pulse, 99, true, &now) == 40, "and once more: forty");
	now += 11 * MINUTE;
	rounds(&pulse, 5, false, &now);
	ok(rounds(&pulse, 99, true, &now) == 10, "after ten quiet minutes it is ten again");
	pulse_forget(&pulse);
	ok(rounds(&pulse, 9, false, &now) == 3 && pulse.state == PULSE_DOWN,
		"three rounds without an answer make unknown down");
}

/* How often it moves off in an hour, and back. */
static void test_flapping(void)
{
	struct pulse pulse = {.good = 0};
	unsigned long long now;
	unsigned downs = 0, ups = 0;

	for (now = 0; now < HOUR; now += ROUND)
		if (pulse_round(&pulse, &rules, now / (2 * MINUTE) % 2 == 0, now)) {
			downs += pulse.state == PULSE_DOWN;
			ups += pulse.state == PULSE_UP;
		}
	ok(downs <= 4 && ups <= 4, "two minutes up, two down: %u moves off, %u back", downs,
		ups - 1);
	for (now = HOUR, downs = 0; now < 3 * (unsigned long long)HOUR; now += ROUND)
		downs += pulse_round(&pulse, &rules, now / (2 * MINUTE) % 2 == 0, now);
	ok(!downs, "and none in the hours after");
}

/* Each fifth round is lost, but for those that a number decides. */
static void test_loss(void)
{
	struct pulse pulse = {.good = 0};
	unsigned long long now;
	unsigned changes = 0, random = 1;

	for (now = 0; now < 24ULL * HOUR; now += ROUND) {
		random = random * 1103515245 + 12345;
		/* Two addresses are asked each round, each loses 20 %. */
		changes +=
			pulse_round(&pulse, &rules, (random >> 16) % 5 || (random >> 8) % 5, now);
	}
	ok(changes == 1, "a day of 20 %% loss moves nothing");
}

static void test_carrier(void)
{
	struct carrier carrier = {.lost = false};
	unsigned long long due;

	ok(!carrier_see(&carrier, true, 10000, &due) && !due, "a carrier is there");
	ok(!carrier_see(&carrier, false, 20000, &due) && due == 21000,
		"gone: to be looked at in a second");
	ok(!carrier_see(&carrier, true, 20900, &due) && !due, "back before that: nothing");
	ok(!carrier_see(&carrier, false, 30000, &due) && due == 31000 &&
			carrier_see(&carrier, false, 31000, &due) && carrier.lost && !due,
		"a second without it: lost");
	ok(!carrier_see(&carrier, true, 32000, &due) && due == 37000 && carrier.lost,
		"back: still lost");
	ok(!carrier_see(&carrier, false, 36000, &due) && !due && carrier.lost,
		"gone again within five seconds: lost all the time");
	ok(!carrier_see(&carrier, true, 40000, &due) && carrier_see(&carrier, true, 45000, &due) &&
			!carrier.lost,
		"five seconds with it: there");
}

static void test_settle(void)
{
	struct settle settle = {.first = 0};
	unsigned long long now;

	ok(settle_due(&settle) == 0, "the first run is at once");
	settle_ran(&settle, 10, 10010);
	ok(settle_due(&settle) == 70010, "nothing happens: a look each minute");
	settle_event(&settle, 20000);
	ok(settle_due(&settle) == 20300, "300 ms after an event");
	settle_event(&settle, 20200);
	ok(settle_due(&settle) == 20500, "after the last");
	for (now = 20300; now < 30000; now += 100)
		settle_event(&settle, now);
	ok(settle_due(&settle) == 22000, "but two seconds after the first");
	settle.first = 0;
	settle_ran(&settle, 500, 30500);
	settle_event(&settle, 30600);
	ok(settle_due(&settle) == 35000, "a run of 500 ms has nine times that to follow");
}

static void test_opponents(void)
{
	struct opponents all = {{{.key = 0}}};
	unsigned long long now = HOUR;
	unsigned i, said = 0;

	for (i = 0; i < 4; i++)
		said += opponents_note(&all, 7, "eth0", "ip rule add", now += 10 * SECOND);
	ok(!said && !opponents_leave(&all, 7, now), "four times: put back");
	ok(opponents_note(&all, 7, "eth0", "ip rule add", now += 10 * SECOND) &&
			opponents_leave(&all, 7, now),
		"five times within a minute: left alone");
	ok(!opponents_leave(&all, 8, now), "nothing else is");
	ok(!opponents_expire(&all, now + 9 * MINUTE) && opponents_leave(&all, 7, now + 9 * MINUTE),
		"nine minutes later still");
	ok(opponents_expire(&all, now + 10 * MINUTE) &&
			!opponents_leave(&all, 7, now + 10 * MINUTE),
		"ten minutes later it is over");
	for (i = 0, said = 0; i < 20; i++) {
		said += opponents_note(&all, 7, "eth0", "ip rule add", now += SECOND);
		opponents_forget(&all, 7);
	}
	ok(!said, "what we took away ourselves is no opponent's work");
	for (i = 0, said = 0, now = 2 * HOUR; i < 100; i++)
		said += opponents_note(&all, 9, "", "", now += 20 * SECOND);
	ok(!said, "each twenty seconds is no fight");
	for (i = 0; i < 5; i++)
		opponents_note(&all, 7, "eth0", "", now);
	for (i = 0; i < 1000; i++)
		opponents_note(&all, 1000 + i, "", "", now);
	ok(opponents_leave(&all, 7, now), "a thousand others make it forget no opponent");
}

int main(void)
{
	test_pulse();
	test_flapping();
	test_loss();
	test_carrier();
	test_settle();
	test_opponents();
	return tap_done();
}
