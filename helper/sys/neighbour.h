/* SPDX-License-Identifier: MIT
 * Has the kernel a gateway ask for: by ARP, or neighbour discovery.
 *
 * Source: neigh_add (net/core/neighbour.c), include/uapi/linux/neighbour.h.
 */
#ifndef SYS_NEIGHBOUR_H
#define SYS_NEIGHBOUR_H

#include "net/net.h"

/* A socket and what it was told last. */
struct neighbour_reader;

/* NULL: logged. */
struct neighbour_reader *neighbours_open(void);
void neighbours_close(struct neighbour_reader *reader);
/* All neighbours of a family, as they are now. 0, or -1. */
int neighbours_read(struct neighbour_reader *reader, int family);
/* NUD_* of the one, 0: the kernel knows none. */
unsigned neighbour_state(
	const struct neighbour_reader *reader, int index, const struct prefix *address);
/* The kernel asks for it once more, whatever it knows. */
void neighbour_probe(
	struct neighbour_reader *reader, int index, const struct prefix *address, unsigned state);

#endif
