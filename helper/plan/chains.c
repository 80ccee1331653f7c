/* SPDX-License-Identifier: MIT
 * Chains of netfilter: their words, and what listings say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/line.h"
#include "plan/chains.h"

#define CHAIN_MARK "MULTIHOME"
#define CHAIN_UDP "MULTIHOME_UDP"
#define CHAIN_FROM "MULTIHOME_FROM"
#define CHAIN_TO "MULTIHOME_TO_"

static const struct {
	const char *table, *from, *match, *to;
} jumps[JUMPS] = {[JUMP_MARK] = {"mangle", "PREROUTING", "", CHAIN_MARK},
	/* What the host answers in another address' place. */
	[JUMP_MARK_OUTPUT] = {"mangle", "OUTPUT", "-m conntrack --ctstate DNAT ", CHAIN_MARK},
	[JUMP_UDP] = {"nat", "PREROUTING", "-p udp ", CHAIN_UDP}};

/* --- what listings say ------------------------------------------------------------------------ */

enum { WORDS_MAX = 4096, ALL_BITS = -1 };

/* "0x1/0xff", "1", "0x1,": a number, and a mask or all bits. */
static void take_mark(const char *word, unsigned *value, unsigned *mask)
{
	char text[64];
	char *slash;

	*value = 0;
	*mask = (unsigned)ALL_BITS;
	strncpy(text, word, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[strcspn(text, ",;")] = '\0';
	slash = strchr(text, '/');
	if (slash) {
		*slash++ = '\0';
		word_number(slash, 0, 0xffffffff, mask);
	}
	word_number(text, 0, 0xffffffff, value);
}

/* The bits of marks that a rule of iptables reads or writes. */
static unsigned bits_of_iptables(char **words, size_t n)
{
	static const char *const marks[] = {"--mark", "--set-mark", "--set-xmark", "--tproxy-mark",
		NULL};
	static const char *const masks[] = {"--mask", "--nfmask", "--ctmask", NULL};
	static const char *const copies[] = {"--save-mark", "--restore-mark", NULL};
	bool copies_all = false, told = false;
	unsigned bits = 0, value, mask;
	size_t i;

	for (i = 0; i < n; i++) {
		copies_all |= word_index(words[i], copies) >= 0;
		if (!strcmp(words[i], "HMARK") || !strcmp(words[i], "--restore-skmark"))
			bits = (unsigned)ALL_BITS;
		take_mark(i + 1 < n ? words[i + 1] : "", &value, &mask);
		if (word_index(words[i], marks) >= 0) {
			bits |= value | mask;
		} else if (!strcmp(words[i], "--or-mark") || !strcmp(words[i], "--xor-mark")) {
			bits |= value;
		} else if (!strcmp(words[i], "--and-mark")) {
			bits |= ~value;
		} else if (word_index(words[i], masks) >= 0) {
			bits |= value;
			told = true;
		}
	}
	return copies_all && !told ? (unsigned)ALL_BITS : bits;
}

static bool is_word(char **words, size_t n, size_t i, const char *word, const char *other)
{
	return i < n && (!strcmp(words[i], word) || !strcmp(words[i], other));
}

/* What "mark set" of that kind leaves of the mark: "meta mark & 0xffffff00 | 0x1" the other bits,
 * "0x1", or another kind, none. */
static unsigned bits_set(char **words, size_t n, const char *kind)
{
	size_t at = n && !strcmp(words[0], kind);
	unsigned bits = 0, value, mask;

	if (at + 2 >= n || strcmp(words[at], "mark") || (!at && strcmp(kind, "meta")))
		return (unsigned)ALL_BITS;
	for (at++; at + 1 < n; at += 2) {
		take_mark(words[at + 1], &value, &mask);
		if (is_word(words, n, at, "&", "and"))
			bits |= ~value;
		else if (is_word(words, n, at, "|", "or") || is_word(words, n, at, "^", "xor"))
			bits |= value;
		else
			break;
	}
	return bits ? bits : (unsigned)ALL_BITS;
}

/* The same of a rule of nft: "meta mark & 0xff == 0x1", "ct mark 0x1", "meta mark set …". 0.9.0
 * leaves "meta" out. */
static unsigned bits_of_nft(char **words, size_t n)
{
	unsigned bits = 0, value, mask;
	const char *kind;
	size_t i;

	for (i = 0; i + 1 < n; i++) {
		if (strcmp(words[i], "mark") || (i && !strcmp(words[i - 1], ".")))
			continue;
		kind = i && !strcmp(words[i - 1], "ct") ? "ct" : "meta";
		/* What a mark is set to is looked at there. */
		if (i > 1 && !strcmp(words[i - 2], "set"))
			continue;
		if (i && !strcmp(words[i - 1], "set"))
			continue;
		if (!strcmp(words[i + 1], "set"))
			bits |= bits_set(words + i + 2, n - i - 2, kind);
		else if (is_word(words, n, i + 1, "&", "and") && i + 2 < n) {
			take_mark(words[i + 2], &value, &mask);
			bits |= value;
		} else {
			return (unsigned)ALL_BITS;
		}
	}
	return bits;
}

/* What stands in quotes is a comment, or a name. */
static char *copy_unquoted(const char *line)
{
	char *copy = mem_string(line), *to = copy;
	bool quoted = false;

	for (; *line; line++) {
		if (*line == '"')
			quoted = !quoted;
		else if (!quoted)
			*to++ = *line;
	}
	*to = '\0';
	return copy;
}

static void keep_first(const char *line, char **first)
{
	if (*first)
		return;
	*first = mem_string(line + strspn(line, " \t"));
	line_make_printable(*first);
}

static bool has_word(char **words, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

static bool is_listed(const char *family, const char *table, const struct netfilter *netfilter)
{
	const struct text *tables =
		&netfilter->chains[BACKEND_IPTABLES][!strcmp(family, "ip6")].tables;
	char *word = mem_format(" %s ", table);
	bool listed = tables->n && (!strcmp(family, "ip") || !strcmp(family, "ip6")) &&
		strstr(tables->bytes, word);

	free(word);
	return listed;
}

void chains_read_nft(const char *listing, unsigned mask, struct netfilter *out)
{
	struct chains *all = out->chains[BACKEND_NFT], *ours = NULL;
	char *line, *copy, *words[WORDS_MAX];
	bool passes = false;
	size_t n;

	for (; (line = line_next(&listing)); free(line)) {
		if (!strcmp(line, "table ip " NETFILTER_TABLE " {"))
			ours = &all[0];
		else if (!strcmp(line, "table ip6 " NETFILTER_TABLE " {"))
			ours = &all[1];
		if (ours) {
			text_add_string(&ours->ours, line);
			text_add_string(&ours->ours, "\n");
			if (!strcmp(line, "}"))
				ours = NULL;
			continue;
		}
		copy = copy_unquoted(line);
		n = line_words(copy, words, WORDS_MAX);
		if (n == 4 && !strcmp(words[0], "table"))
			passes = is_listed(words[1], words[2], out);
		if (!passes && (bits_of_nft(words, n) & mask))
			keep_first(line, &out->overlap);
		if (!passes && has_word(words, n, "dnat") && has_word(words, n, "to"))
			keep_first(line, &out->published);
		free(copy);
	}
	for (n = 0; n < 2; n++)
		all[n].foreign = all[n].ours.n &&
			(!strstr(all[n].ours.bytes, "chain incoming {") ||
				!strstr(all[n].ours.bytes, "chain restore {"));
}

static void see_jump(const char *table, char **words, size_t n, struct chains *chains)
{
	int i;

	for (i = 0; i < JUMPS; i++)
		if (n >= 4 && !strcmp(table, jumps[i].table) && !strcmp(words[0], "-A") &&
			!strcmp(words[1], jumps[i].from) && !strcmp(words[n - 1], jumps[i].to))
			chains->jumps[i]++;
}

static bool is_own_chain(const char *name)
{
	const char *number = name + strlen(CHAIN_TO);

	if (!strcmp(name, CHAIN_MARK) || !strcmp(name, CHAIN_UDP) || !strcmp(name, CHAIN_FROM))
		return true;
	return !strncmp(name, CHAIN_TO, strlen(CHAIN_TO)) && *number &&
		!number[strspn(number, "0123456789")];
}

/* What rules of ours end in. */
static bool is_own_target(const char *word)
{
	static const char *const targets[] = {"CONNMARK", "RETURN", "ACCEPT", "DNAT", NULL};

	return word_index(word, targets) >= 0 || is_own_chain(word);
}

static const char *target_of(char **words, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		if (!strcmp(words[i], "-j"))
			return words[i + 1];
	return "";
}

/* ":MULTIHOME - [12:345]", "-A MULTIHOME …", "-A PREROUTING -j MULTIHOME" */
static bool is_ours(const char *table, char **words, size_t n, struct chains *chains)
{
	bool in_own, to_own;

	if (n && words[0][0] == ':' && is_own_chain(words[0] + 1)) {
		chains->mark |= !strcmp(words[0] + 1, CHAIN_MARK);
		if (!strcmp(table, "nat"))
			text_format(&chains->in_nat, "%s\n", words[0] + 1);
		return true;
	}
	if (n < 2 || strcmp(words[0], "-A"))
		return false;
	in_own = is_own_chain(words[1]);
	to_own = is_own_chain(target_of(words, n));
	chains->foreign |= in_own ? !is_own_target(target_of(words, n))
				  : to_own && strcmp(words[1], "PREROUTING") && strcmp(words[1], "OUTPUT");
	return in_own || to_own;
}

/* What others put before the marks may end there, and what they append to nat comes behind ours. */
static void see_order(const char *table, char **words, size_t n, bool ours, struct chains *chains)
{
	if (ours || n < 2 || strcmp(words[0], "-A") || strcmp(words[1], "PREROUTING"))
		return;
	if (!strcmp(table, "mangle") && !chains->jumps[JUMP_MARK])
		chains->overtaken[JUMP_MARK] = true;
	if (!strcmp(table, "nat") && chains->jumps[JUMP_UDP])
		chains->overtaken[JUMP_UDP] = true;
}

void chains_read_iptables(const char *listing, bool inet6, unsigned mask, struct netfilter *out)
{
	struct chains *chains = &out->chains[BACKEND_IPTABLES][inet6];
	char *line, *copy, *words[WORDS_MAX], table[32] = "", barred[32] = "";
	size_t n;
	bool ours;
	int i;

	for (; (line = line_next(&listing)); free(line)) {
		copy = copy_unquoted(line);
		n = line_words(copy, words, WORDS_MAX);
		if (n && words[0][0] == '*')
			snprintf(table, sizeof(table), "%s", words[0] + 1);
		/* One whose chains are nft's it cannot list. */
		if (strstr(line, "incompatible"))
			sscanf(line, "# Table `%31[^']'", barred);
		if (n && words[0][0] == '*' && strcmp(table, barred))
			text_format(&chains->tables, " %s ", table);
		ours = is_ours(table, words, n, chains);
		see_order(table, words, n, ours, chains);
		if (ours) {
			see_jump(table, words, n, chains);
			text_add(&chains->ours, line, strcspn(line, "["));
			text_add_string(&chains->ours, "\n");
		} else {
			if (bits_of_iptables(words, n) & mask)
				keep_first(line, &out->overlap);
			if (!strcmp(target_of(words, n), "DNAT"))
				keep_first(line, &out->published);
		}
		free(copy);
	}
	for (i = 0; i < JUMPS; i++) {
		chains->overtaken[i] &= chains->jumps[i] != 0;
		if (chains->overtaken[i])
			text_format(&chains->ours, "overtaken: %s\n", jumps[i].to);
	}
}

void netfilter_free(struct netfilter *netfilter)
{
	struct chains *chains;
	int backend, i;

	for (backend = 0; backend < BACKENDS; backend++)
		for (i = 0; i < 2; i++) {
			chains = &netfilter->chains[backend][i];
			text_free(&chains->ours);
			text_free(&chains->tables);
			text_free(&chains->in_nat);
		}
	free(netfilter->overlap);
	free(netfilter->published);
}

unsigned long long chains_hash(const struct text *text)
{
	return text->n ? hash_bytes(HASH_START, text->bytes, text->n) : 0;
}

/* --- what is wanted --------------------------------------------------------------------------- */

static bool is_family(const struct chains_wanted *wanted, const struct marked *marked)
{
	return marked->uplink->inet6 == wanted->inet6;
}

static bool wants_marks(const struct chains_wanted *wanted)
{
	size_t i;

	for (i = 0; i < wanted->markeds->n; i++)
		if (is_family(wanted, &wanted->markeds->items[i]))
			return true;
	return false;
}

static bool wants_udp(const struct chains_wanted *wanted)
{
	return wanted->nat && wanted->udp_ports->n && wanted->sources->n &&
		wanted->locals->n > 1 && wants_marks(wanted);
}

struct prefix source_choose(const struct choices_of_source *choices, const struct prefix *to)
{
	size_t i;

	for (i = 0; i < choices->n; i++)
		if (prefix_contains(&choices->items[i].to, to))
			return choices->items[i].source;
	return (struct prefix){.family = 0};
}

static bool is_in_longer(const struct prefix *address, size_t len, const struct prefixes *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->items[i].len > len && prefix_contains(&all->items[i], address))
			return true;
	return false;
}

struct prefix source_probe(const struct prefix *to, const struct prefixes *all)
{
	const bool inet6 = to->family == AF_INET6;
	struct prefix address = prefix_host(to);
	unsigned char *last = &address.bytes[prefix_bits(to->family) / 8 - 1];
	int tries;

	/* 0.0.0.0/8 and ::/8 are nobody's, of IPv6 2000::/3 is the Internet. */
	if (to->len < 8 && !address.bytes[0])
		address.bytes[0] = inet6 ? 0x20 : 1;
	for (tries = 0; tries < 200 && to->len < prefix_bits(to->family); tries++) {
		++*last;
		if (!is_in_longer(&address, to->len, all))
			break;
		/* Whole networks are somebody else's. */
		if (to->len <= 16)
			address.bytes[1]++;
	}
	return address;
}

define_order_by_two(longest_first, struct choice_of_source, (int)y->to.len - (int)x->to.len,
	prefix_compare(&x->to, &y->to))

void sources_arrange(struct choices_of_source *choices)
{
	struct choices_of_source shorter;
	struct prefix source;
	size_t i, n = 0;

	array_sort(choices, longest_first);
	for (i = 0; i < choices->n; i++) {
		shorter = (struct choices_of_source){
			choices->items + i + 1, choices->n - i - 1, 0};
		source = source_choose(&shorter, &choices->items[i].to);
		if (!source.family || !prefix_same_address(&source, &choices->items[i].source))
			choices->items[n++] = choices->items[i];
	}
	choices->n = n;
}

bool ports_have(const struct port_ranges *ports, unsigned short port)
{
	size_t i;

	for (i = 0; i < ports->n; i++)
		if (port >= ports->items[i].first && port <= ports->items[i].last)
			return true;
	return false;
}

static bool has_own_mark(const struct chains_wanted *wanted, unsigned mark)
{
	size_t i;

	for (i = 0; i < wanted->markeds->n; i++)
		if (is_family(wanted, &wanted->markeds->items[i]) &&
			wanted->markeds->items[i].mark == (mark & wanted->mask))
			return true;
	return false;
}

bool chains_is_stale(const struct chains_wanted *wanted, const struct addresses *addresses,
	const struct flow *flow)
{
	const bool served = wants_udp(wanted) && ports_have(wanted->udp_ports, flow->port);
	struct prefix source = {.family = 0};

	/* A server's own, from an address that it may not have any more. */
	if (addresses_include(addresses, &flow->from))
		return wants_udp(wanted) && ports_have(wanted->udp_ports, flow->from_port);
	if (!addresses_include(addresses, &flow->to))
		return false;
	if (wants_marks(wanted) && !has_own_mark(wanted, flow->mark))
		return true;
	if (served)
		source = source_choose(wanted->sources, &flow->from);
	/* Its port was taken when it came: by what a server sent meanwhile from another address. */
	if (source.family)
		return !prefix_same_address(&flow->answers, &source) ||
			(!prefix_same_address(&source, &flow->to) &&
				flow->answered_port != flow->from_port);
	/* Led to another address of the host: by UDP_PORTS, once. */
	return !prefix_same_address(&flow->answers, &flow->to) &&
		addresses_include(addresses, &flow->answers);
}

/* The number of the first choice that has the same source: what leads there is in one chain. */
static size_t number_of(const struct choices_of_source *choices, size_t i)
{
	size_t first = 0;

	while (!prefix_same_address(&choices->items[first].source, &choices->items[i].source))
		first++;
	return first;
}

/* What comes in by the uplink of its connection has no mark, whose table would decide then; what
 * comes by another, as from a host in that one's network to which a port is led, has it. (One in the
 * network of the same uplink answers by it, too: only newer programs can tell.) Those for one address
 * come before those for all that the device takes. */
static void each_mark(const struct chains_wanted *wanted,
	void (*add)(const struct marked *, const char *address, unsigned mask, struct text *),
	struct text *out)
{
	const struct markeds *markeds = wanted->markeds;
	const struct marked *marked;
	char text[PREFIX_TEXT];
	size_t i, k;

	for (i = 0; i < markeds->n; i++) {
		marked = &markeds->items[i];
		for (k = 0; k < marked->uplink->addresses.n && is_family(wanted, marked) && !marked->takes_rest;
			k++)
			add(marked,
				prefix_format_address(&marked->uplink->addresses.items[k], text),
				wanted->mask, out);
	}
	for (i = 0; i < markeds->n; i++)
		if (is_family(wanted, &markeds->items[i]) && markeds->items[i].takes_rest)
			add(&markeds->items[i], NULL, wanted->mask, out);
}

/* --- nft -------------------------------------------------------------------------------------- */

static const char *nft_family(const char *address)
{
	return strchr(address, ':') ? "ip6" : "ip";
}

static void nft_mark(
	const struct marked *marked, const char *address, unsigned mask, struct text *out)
{
	text_format(out, "  iifname \"%s\" ", marked->uplink->device);
	if (address)
		text_format(out, "%s daddr %s ", nft_family(address), address);
	text_format(out,
		"ct state new ct mark and 0x%x == 0 ct mark set ct mark and 0x%x or 0x%x\n", mask,
		~mask, marked->mark);
	text_format(out, "  iifname \"%s\" ct direction original ct mark and 0x%x == 0x%x return\n",
		marked->uplink->device, mask, marked->mark);
}

/* A register that comes from another one: of no release before 6.x. So one by one. */
static void nft_restore(const struct chains_wanted *wanted, struct text *out)
{
	const struct marked *marked;
	size_t i;

	for (i = 0; i < wanted->markeds->n; i++) {
		marked = &wanted->markeds->items[i];
		if (is_family(wanted, marked))
			text_format(out,
				"  ct mark and 0x%x == 0x%x meta mark set meta mark and 0x%x or "
				"0x%x\n",
				wanted->mask, marked->mark, ~wanted->mask, marked->mark);
	}
}

static void format_range(const struct port_range *ports, char between, struct text *out)
{
	text_format(out, "%u", ports->first);
	if (ports->last != ports->first)
		text_format(out, "%c%u", between, ports->last);
}

static void nft_ports(const struct chains_wanted *wanted, const char *device, struct text *out)
{
	size_t i;

	text_format(out, "  iifname \"%s\" udp dport { ", device);
	for (i = 0; i < wanted->udp_ports->n; i++) {
		text_add_string(out, i ? ", " : "");
		format_range(&wanted->udp_ports->items[i], '-', out);
	}
	text_add_string(out, " } jump choose\n");
}

static void nft_source(const struct chains_wanted *wanted, size_t number, struct text *out)
{
	const struct prefix *source = &wanted->sources->items[number].source, *local;
	const char *family = wanted->inet6 ? "ip6" : "ip";
	char text[PREFIX_TEXT], its[PREFIX_TEXT];
	size_t i;

	prefix_format_address(source, its);
	text_format(out, " chain source%zu {\n  %s daddr %s accept\n", number, family, its);
	for (i = 0; i < wanted->locals->n; i++) {
		local = &wanted->locals->items[i];
		if (!prefix_same_address(local, source))
			text_format(out, "  %s daddr %s dnat to %s\n", family,
				prefix_format_address(local, text), its);
	}
	text_add_string(out, " }\n");
}

/* After dstnat's priority, so that what others publish stays published. */
static void nft_udp(const struct chains_wanted *wanted, struct text *out)
{
	const struct choices_of_source *choices = wanted->sources;
	const struct marked *marked;
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < choices->n; i++)
		if (number_of(choices, i) == i)
			nft_source(wanted, i, out);
	text_add_string(out, " chain choose {\n");
	for (i = 0; i < choices->n; i++) {
		text_add_string(out, "  ");
		if (choices->items[i].to.len)
			text_format(out, "%s saddr %s ", wanted->inet6 ? "ip6" : "ip",
				prefix_format(&choices->items[i].to, text));
		text_format(out, "jump source%zu\n", number_of(choices, i));
	}
	text_add_string(
		out, " }\n chain wildcard {\n  type nat hook prerouting priority -90\n");
	for (i = 0; i < wanted->markeds->n; i++) {
		marked = &wanted->markeds->items[i];
		if (is_family(wanted, marked) && marked->takes_rest)
			nft_ports(wanted, marked->uplink->device, out);
	}
	text_add_string(out, " }\n");
}

/* mangle's priority; and what the host answers in another address' place has its mark, too. */
static void format_nft(const struct chains_wanted *wanted, bool there, struct text *out)
{
	const char *family = wanted->inet6 ? "ip6" : "ip";

	if (!wants_marks(wanted) && !there)
		return;
	/* That there is none makes a deletion fail. */
	text_format(out, "table %s " NETFILTER_TABLE "\ndelete table %s " NETFILTER_TABLE "\n", family, family);
	if (!wants_marks(wanted))
		return;
	text_format(out, "table %s " NETFILTER_TABLE " {\n chain incoming {\n"
			 "  type filter hook prerouting priority -150\n",
		family);
	each_mark(wanted, nft_mark, out);
	nft_restore(wanted, out);
	text_add_string(out, " }\n chain sent {\n  type route hook output priority -150\n"
			     "  ct status dnat jump restore\n }\n chain restore {\n");
	nft_restore(wanted, out);
	text_add_string(out, " }\n");
	if (wants_udp(wanted))
		nft_udp(wanted, out);
	text_add_string(out, "}\n");
}

/* --- iptables --------------------------------------------------------------------------------- */

static void iptables_mark(
	const struct marked *marked, const char *address, unsigned mask, struct text *out)
{
	text_format(out, "-A " CHAIN_MARK " -i %s", marked->uplink->device);
	if (address)
		text_format(out, " -d %s", address);
	text_format(out,
		" -m state --state NEW -m connmark --mark 0x0/0x%x -j CONNMARK --set-mark "
		"0x%x/0x%x\n",
		mask, marked->mark, mask);
	text_format(out, "-A " CHAIN_MARK " -i %s -m connmark --mark 0x%x/0x%x -j RETURN\n",
		marked->uplink->device, marked->mark, mask);
}

/* Others' marks come after ours: what they return or accept keeps none of it from being marked. In
 * nat ours is the last one. */
static void iptables_jump(
	enum jump jump, bool wanted, const struct chains *seen, struct text *out)
{
	const unsigned there = seen ? seen->jumps[jump] : 0;
	const bool stays = wanted && there == 1 && !seen->overtaken[jump];
	unsigned i;

	for (i = 0; i < there && !stays; i++)
		text_format(out, "-D %s %s-j %s\n", jumps[jump].from, jumps[jump].match,
			jumps[jump].to);
	if (wanted && !stays)
		text_format(out, "-%c %s %s-j %s\n", jump == JUMP_UDP ? 'A' : 'I',
			jumps[jump].from, jumps[jump].match, jumps[jump].to);
}

/* A chain that is named is emptied, or made (iptables-restore --noflush). */
static void iptables_marks(
	const struct chains_wanted *wanted, const struct chains *seen, struct text *out)
{
	bool marks = wants_marks(wanted);

	if (!marks && !(seen && seen->mark))
		return;
	text_add_string(out, "*mangle\n:" CHAIN_MARK " - [0:0]\n");
	if (marks) {
		each_mark(wanted, iptables_mark, out);
		text_format(out, "-A " CHAIN_MARK " -j CONNMARK --restore-mark --mask 0x%x\n",
			wanted->mask);
	}
	iptables_jump(JUMP_MARK, marks, seen, out);
	iptables_jump(JUMP_MARK_OUTPUT, marks, seen, out);
	text_add_string(out, "COMMIT\n");
	/* iptables 1.3.5 sees at its COMMIT only that nobody jumps to a chain any more. */
	if (!marks)
		text_add_string(out, "*mangle\n-X " CHAIN_MARK "\nCOMMIT\n");
}

static void iptables_source(const struct chains_wanted *wanted, size_t number, struct text *out)
{
	const struct prefix *source = &wanted->sources->items[number].source, *local;
	char text[PREFIX_TEXT], its[PREFIX_TEXT];
	size_t i;

	prefix_format_address(source, its);
	text_format(out, "-A " CHAIN_TO "%zu -d %s -j ACCEPT\n", number, its);
	for (i = 0; i < wanted->locals->n; i++) {
		local = &wanted->locals->items[i];
		if (!prefix_same_address(local, source))
			text_format(out, "-A " CHAIN_TO "%zu -d %s -j DNAT --to-destination %s\n",
				number, prefix_format_address(local, text), its);
	}
}

static void iptables_ports(const struct chains_wanted *wanted, const char *device, struct text *out)
{
	size_t i;

	for (i = 0; i < wanted->udp_ports->n; i++) {
		text_format(out, "-A " CHAIN_UDP " -i %s -p udp -m udp --dport ", device);
		format_range(&wanted->udp_ports->items[i], ':', out);
		text_add_string(out, " -j " CHAIN_FROM "\n");
	}
}

static void iptables_rules(const struct chains_wanted *wanted, struct text *out)
{
	const struct choices_of_source *choices = wanted->sources;
	const struct marked *marked;
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < wanted->markeds->n; i++) {
		marked = &wanted->markeds->items[i];
		if (is_family(wanted, marked) && marked->takes_rest)
			iptables_ports(wanted, marked->uplink->device, out);
	}
	for (i = 0; i < choices->n; i++) {
		text_add_string(out, "-A " CHAIN_FROM);
		if (choices->items[i].to.len)
			text_format(out, " -s %s", prefix_format(&choices->items[i].to, text));
		text_format(out, " -j " CHAIN_TO "%zu\n", number_of(choices, i));
	}
	for (i = 0; i < choices->n; i++)
		if (number_of(choices, i) == i)
			iptables_source(wanted, i, out);
}

static void iptables_udp(
	const struct chains_wanted *wanted, const struct chains *seen, struct text *out)
{
	const struct choices_of_source *choices = wanted->sources;
	const char *cursor = seen && seen->in_nat.n ? seen->in_nat.bytes : NULL;
	bool udp = wants_udp(wanted);
	struct text ends = {0};
	char *line;
	size_t i;

	if (!udp && !cursor)
		return;
	text_add_string(out, "*nat\n");
	for (; cursor && (line = line_next(&cursor)); free(line)) {
		text_format(out, ":%s - [0:0]\n", line);
		text_format(&ends, "-X %s\n", line);
	}
	if (udp) {
		text_add_string(out, ":" CHAIN_UDP " - [0:0]\n:" CHAIN_FROM " - [0:0]\n");
		for (i = 0; i < choices->n; i++)
			if (number_of(choices, i) == i)
				text_format(out, ":" CHAIN_TO "%zu - [0:0]\n", i);
		iptables_rules(wanted, out);
	}
	iptables_jump(JUMP_UDP, udp, seen, out);
	text_add_string(out, "COMMIT\n");
	/* One that leads nowhere may stay until none is wanted. */
	if (!udp)
		text_format(out, "*nat\n%sCOMMIT\n", ends.bytes);
	text_free(&ends);
}

void chains_format(const struct chains_wanted *wanted, enum backend backend,
	const struct chains *seen, struct text *out)
{
	if (backend == BACKEND_NFT) {
		format_nft(wanted, seen && seen->ours.n, out);
	} else if (backend == BACKEND_IPTABLES) {
		iptables_marks(wanted, seen, out);
		iptables_udp(wanted, seen, out);
	}
}

void chains_plan(const struct chains_wanted *wanted, const struct netfilter *netfilter,
	struct planned_chains *out)
{
	static const struct markeds none;
	const struct chains_record *record = &netfilter->record[wanted->inet6];
	struct chains_wanted nothing = *wanted;
	const struct chains *seen;
	struct text whole = {0};
	int backend;

	chains_format(wanted, netfilter->backend, NULL, &whole);
	out->hash = chains_hash(&whole);
	text_free(&whole);
	nothing.markeds = &none;
	for (backend = 0; backend < BACKENDS && !netfilter->unseen; backend++) {
		seen = &netfilter->chains[backend][wanted->inet6];
		if (seen->foreign)
			continue;
		if (backend != (int)netfilter->backend)
			chains_format(&nothing, (enum backend)backend, seen, &out->texts[backend]);
		else if (!out->hash || record->backend != netfilter->backend ||
			out->hash != record->loaded || !seen->ours.n ||
			chains_hash(&seen->ours) != record->listed)
			chains_format(wanted, netfilter->backend, seen, &out->texts[backend]);
	}
}

bool chains_has_work(const struct planned_chains *chains)
{
	int backend;

	for (backend = 0; backend < BACKENDS; backend++)
		if (chains[0].texts[backend].n || chains[1].texts[backend].n)
			return true;
	return false;
}

void planned_chains_free(struct planned_chains *chains)
{
	int backend;

	for (backend = 0; backend < BACKENDS; backend++)
		text_free(&chains->texts[backend]);
	chains->hash = 0;
}
