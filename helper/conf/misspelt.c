/* SPDX-License-Identifier: MIT
 * Keys of ifcfg files that are one letter from one that counts, or that have blanks about their
 * equals sign.
 */
#include <ctype.h>
#include <string.h>

#include "conf/misspelt.h"

static const char *const keys[] = {"GATEWAY", "IPADDR", "NETMASK", "PREFIX", "DEFROUTE", "TABLE",
	"MULTIHOME", "FALLBACK", "RP_FILTER", "ARP_IGNORE", "ARP_ANNOUNCE", "TRACK", "TRACK_IP"};

/* One letter more, less or other, or two that changed places. */
static bool is_near(const char *word, const char *key)
{
	size_t n = strlen(word), len = strlen(key), same = 0;

	while (word[same] && toupper((unsigned char)word[same]) == key[same])
		same++;
	word += same;
	key += same;
	if (n == len + 1)
		return !strcasecmp(word + 1, key);
	if (n + 1 == len)
		return !strcasecmp(word, key + 1);
	if (n != len)
		return false;
	if (!*word)
		return true; /* but for its case */
	return !strcasecmp(word + 1, key + 1) ||
		(toupper((unsigned char)word[0]) == key[1] &&
			toupper((unsigned char)word[1]) == key[0] && !strcasecmp(word + 2, key + 2));
}

/* IPADDRn, NETMASKn, PREFIXn, of which a file may have thousands. */
static bool is_numbered(const char *word)
{
	static const char *const stems[] = {"IPADDR", "NETMASK", "PREFIX"};
	size_t i, n;

	for (i = 0; i < sizeof(stems) / sizeof(*stems); i++) {
		n = strlen(stems[i]);
		if (!strncmp(word, stems[i], n))
			return isdigit((unsigned char)word[n]);
	}
	return false;
}

bool misspelt_knows(const char *word)
{
	size_t k;

	for (k = 0; k < sizeof(keys) / sizeof(*keys); k++)
		if (!strcmp(word, keys[k]))
			return true;
	return is_numbered(word);
}

void misspelt_note(const struct shvars *vars, const char *path, struct diags *diags)
{
	const struct shvar *var;
	size_t i, k, n = sizeof(keys) / sizeof(*keys);

	for (i = 0; i < vars->n; i++) {
		var = &vars->items[i];
		if (misspelt_knows(var->key) || strcmp(var->file, path))
			continue;
		for (k = 0; k < n && !is_near(var->key, keys[k]); k++)
			;
		if (k < n)
			diag_misspelt(diags, path, var->line,
				"%s: nothing reads this key; %s is meant?", var->key, keys[k]);
	}
	for (i = 0; i < vars->spaced.n; i++) {
		var = &vars->spaced.items[i];
		if (misspelt_knows(var->key) && !strcmp(var->file, path))
			diag_misspelt(diags, path, var->line,
				"%s: nothing is set; expected no blanks about the =", var->key);
	}
}
