/* SPDX-License-Identifier: MIT
 * Text in columns, as wide as they must be, in lines of at most 80 characters.
 *
 * Pure: cells in, text out.
 */
#ifndef BASE_GRID_H
#define BASE_GRID_H

#include <stdbool.h>

#include "base/array.h"

enum { GRID_COLUMNS = 16 };

enum grid_color { GRID_PLAIN, GRID_GOOD, GRID_DOUBTFUL, GRID_BAD, GRID_BOLD, GRID_COLORS };

struct grid_cell {
	char *text;
	enum grid_color color;
};

/* Row by row, the first is the heading. Zeroed but for columns, at most GRID_COLUMNS, and to be
 * freed with grid_free. */
struct grid {
	size_t columns;
	struct grid_cell *items;
	size_t n, cap;
};

/* The next cell of the row, or of the next row. text is copied; "" leaves the cell empty. */
void grid_add(struct grid *grid, enum grid_color color, const char *text);
/* A line a row. Where the columns are too wide together, the widest are narrowed; a cell that is
 * longer than its column then ends the line, and the row goes on in the next line, each cell in
 * its own column. Only a cell of more than 80 characters makes a longer line. color: with
 * ECMA-48 sequences for a terminal. */
void grid_format(const struct grid *grid, bool color, struct text *out);
void grid_free(struct grid *grid);

#endif
