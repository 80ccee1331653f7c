/* SPDX-License-Identifier: MIT
 * Keys that are one letter from one that counts.
 */
#include "conf/misspelt.h"
#include "tap.h"

/* What is said of a file with this text; "" if nothing. */
static void expect(const char *text, const char *want, const char *name)
{
	struct shvars vars;
	struct diags diags = {.n = 0};

	memset(&vars, 0, sizeof(vars));
	shvar_parse("GATWAY=1\n", 9, "network", &vars);
	shvar_parse(text, strlen(text), "ifcfg-eth0", &vars);
	misspelt_note(&vars, "ifcfg-eth0", &diags);
	is(diags.n ? diags.items[0].text : "", want, name);
	ok(diags.n < 2 && (!diags.n || (diags.items[0].misspelt && !diags.refusals)),
		"%s: a notice at most", name);
	diags_free(&diags);
	shvar_free(&vars);
}

#define SAYS(key, meant) "ifcfg-eth0:1: " key ": nothing reads this key; " meant " is meant?"

#define BLANKS(key) "ifcfg-eth0:1: " key ": nothing is set; expected no blanks about the ="

int main(void)
{
	expect("GATWAY=10.0.0.1\n", SAYS("GATWAY", "GATEWAY"), "one letter less");
	expect("NETTMASK=1\n", SAYS("NETTMASK", "NETMASK"), "one letter more");
	expect("TABLES=7\n", SAYS("TABLES", "TABLE"), "one at the end");
	expect("PREFEX=24\n", SAYS("PREFEX", "PREFIX"), "one that is another");
	expect("TABEL=7\n", SAYS("TABEL", "TABLE"), "two that changed places");
	expect("Gateway=1\n", SAYS("Gateway", "GATEWAY"), "the case");
	expect("iPADR=1\n", SAYS("iPADR", "IPADDR"), "the case and a letter");
	expect("RP_FLITER=1\n", SAYS("RP_FLITER", "RP_FILTER"), "one of ours");
	expect("GATEWAY=1\nIPADDR=2\nNETMASK=3\nPREFIX=4\nTABLE=5\n", "", "keys as they should be");
	expect("IPADDR2=1\nPREFIX1=2\nNETMASK0=3\nIPADDR12=4\n", "", "a number is no misspelling");
	expect("GATEWAY1=10.0.0.1\n", SAYS("GATEWAY1", "GATEWAY"), "but where none belongs");
	expect("GATWY=1\nTABEL1=1\nNETWORK=1\nGATEWAYDEV=1\nLABEL=x\nIPADDR_END=1\nMETRIC=1\n", "",
		"two letters are too many, and others' keys are not near");
	expect("GATEWAY = 10.0.0.1\n", BLANKS("GATEWAY"), "blanks on both sides");
	expect("GATEWAY= 10.0.0.1\n", BLANKS("GATEWAY"), "behind");
	expect("GATEWAY =10.0.0.1\n", BLANKS("GATEWAY"), "before");
	expect("IPADDR2 = 10.0.0.1\n", BLANKS("IPADDR2"), "a numbered key");
	expect("LABEL = x\nIFS= read x\nGATEWAY=1 TABLE=2 true = x\n", "", "no key of ours");
	expect("", "", "nor is a key of another file said here");
	return tap_done();
}
