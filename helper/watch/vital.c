/* SPDX-License-Identifier: MIT
 * Is an uplink alive?
 */
#include "watch/vital.h"

enum { FIRST_ROUNDS = 3, DOUBLINGS_MAX = 6 };
enum { LOST_MS = 1000, BACK_MS = 5000, FLAPPING_MS = 10 * 60 * 1000 };

static void fall(struct pulse *pulse, unsigned long long now)
{
	bool again = pulse->fell && now - pulse->fell_at < FLAPPING_MS;

	if (!again)
		pulse->doublings = 0;
	else if (pulse->doublings < DOUBLINGS_MAX)
		pulse->doublings++;
	pulse->fell = true;
	pulse->state = PULSE_DOWN;
}

bool pulse_round(
	struct pulse *pulse, const struct pulse_rules *rules, bool good, unsigned long long now)
{
	enum pulse_state before = pulse->state;
	unsigned down = before == PULSE_UNKNOWN ? FIRST_ROUNDS : rules->down;
	unsigned up = before == PULSE_UNKNOWN ? FIRST_ROUNDS : rules->up << pulse->doublings;

	pulse->good = good ? pulse->good + 1 : 0;
	pulse->bad = good ? 0 : pulse->bad + 1;
	if (pulse->bad >= down) {
		if (before != PULSE_DOWN)
			fall(pulse, now);
		/* A spell of answers in between makes it no steadier. */
		pulse->fell_at = now;
	} else if (pulse->good >= up) {
		pulse->state = PULSE_UP;
	}
	return pulse->state != before;
}

void pulse_forget(struct pulse *pulse)
{
	pulse->state = PULSE_UNKNOWN;
	pulse->good = pulse->bad = 0;
}

bool carrier_see(
	struct carrier *carrier, bool running, unsigned long long now, unsigned long long *due)
{
	unsigned long long wait = running ? BACK_MS : LOST_MS;
	bool before = carrier->lost;

	if (!carrier->seen || carrier->running != running) {
		carrier->running = running;
		carrier->since = now;
	}
	carrier->seen = true;
	if (carrier->lost == running && now - carrier->since >= wait)
		carrier->lost = !running;
	*due = carrier->lost == running ? carrier->since + wait : 0;
	return carrier->lost != before;
}
