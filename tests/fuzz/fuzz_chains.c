/* SPDX-License-Identifier: MIT
 * Fuzzes what nft and iptables-save list: which of it is ours, and which bits others look at.
 */
#include "fuzz.h"
#include "plan/chains.h"

enum { MASK = 0x3f000000 };

/* What is said to be ours, or others', is there. */
static void check(const struct netfilter *netfilter, const char *text)
{
	int i;

	for (i = 0; i < 2; i++)
		require((!netfilter->chains[BACKEND_NFT][i].ours.n &&
				!netfilter->chains[BACKEND_IPTABLES][i].ours.n) ||
				strcasestr(text, "multihome"),
			"what is ours has our name");
	require(!netfilter->overlap || strcasestr(text, "mark") || strstr(text, "mask"),
		"a mark is called so");
	require(!netfilter->published || strcasestr(text, "dnat"), "so is DNAT");
	require(!netfilter->overlap || !strchr(netfilter->overlap, '\n'), "it is one line");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct netfilter iptables = {.backend = BACKEND_NONE}, nft = {.backend = BACKEND_NONE};
	char *text = mem_copy(bytes, len);

	chains_read_iptables(text, len & 1, MASK, &iptables);
	check(&iptables, text);
	chains_read_nft(text, MASK, &nft);
	check(&nft, text);
	/* As it is used: the one after the other. */
	chains_read_nft(text, MASK, &iptables);
	netfilter_free(&iptables);
	netfilter_free(&nft);
	free(text);
	return 0;
}
