/* SPDX-License-Identifier: MIT
 * Keys of ifcfg files that are one letter from one that counts.
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

void misspelt_note(const struct shvars *vars, const char *path, struct diags *diags)
{
	const struct shvar *var;
	size_t i, k, n = sizeof(keys) / sizeof(*keys);

	for (i = 0; i < vars->n; i++) {
		var = &vars->items[i];
		if (is_numbered(var->key) || strcmp(var->file, path))
			continue;
		for (k = 0; k < n && strcmp(var->key, keys[k]); k++)
			;
		if (k < n)
			continue;
		for (k = 0; k < n && !is_near(var->key, keys[k]); k++)
			;
		if (k < n)
			diag_misspelt(diags, path, var->line, var->key, keys[k]);
	}
}
