/* SPDX-License-Identifier: MIT
 * Text in columns.
 */
#include <stdlib.h>
#include <string.h>

#include "base/grid.h"
#include "base/line.h"

enum { LINE_WIDTH = 80, GAP = 2 };

void grid_add(struct grid *grid, enum grid_color color, const char *text)
{
	struct grid_cell *cell = array_add(grid);

	cell->text = mem_string(text);
	line_make_printable(cell->text);
	cell->color = color;
}

/* The longest cell of the column that is shorter than limit, but never less than the heading. */
static size_t column_width(const struct grid *grid, size_t column, size_t limit)
{
	size_t widest = strlen(grid->items[column].text), width, i;

	for (i = column; i < grid->n; i += grid->columns) {
		width = strlen(grid->items[i].text);
		if (width > widest && width < limit)
			widest = width;
	}
	return widest;
}

/* False if every column is as narrow as its heading. */
static bool narrow_widest(const struct grid *grid, size_t widths[GRID_COLUMNS])
{
	size_t widest = grid->columns, i;

	for (i = 0; i < grid->columns; i++)
		if (widths[i] > strlen(grid->items[i].text) &&
			(widest == grid->columns || widths[i] > widths[widest]))
			widest = i;
	if (widest == grid->columns)
		return false;
	widths[widest] = column_width(grid, widest, widths[widest]);
	return true;
}

static size_t line_width(const struct grid *grid, const size_t widths[GRID_COLUMNS])
{
	size_t width = 0, i;

	for (i = 0; i < grid->columns; i++)
		width += (i ? GAP : 0) + widths[i];
	return width;
}

static void format_cell(const struct grid_cell *cell, bool color, struct text *out)
{
	static const char *const codes[GRID_COLORS] = {"", "32", "33", "31", "1"};

	if (color && cell->color != GRID_PLAIN)
		text_format(out, "\033[%sm%s\033[0m", codes[cell->color], cell->text);
	else
		text_add_string(out, cell->text);
}

static void format_row(const struct grid *grid, const struct grid_cell *row,
	const size_t widths[GRID_COLUMNS], bool color, struct text *out)
{
	size_t at = 0, start = 0, i;

	for (i = 0; i < grid->columns; start += widths[i++] + GAP) {
		if (!*row[i].text)
			continue;
		if (at && at >= start) {
			text_add_string(out, "\n");
			at = 0;
		}
		text_format(out, "%*s", (int)(start - at), "");
		format_cell(&row[i], color, out);
		at = start + strlen(row[i].text);
	}
	text_add_string(out, "\n");
}

void grid_format(const struct grid *grid, bool color, struct text *out)
{
	size_t widths[GRID_COLUMNS], i;

	for (i = 0; i < grid->columns; i++)
		widths[i] = column_width(grid, i, (size_t)-1);
	while (line_width(grid, widths) > LINE_WIDTH && narrow_widest(grid, widths))
		;
	for (i = 0; i < grid->n; i += grid->columns)
		format_row(grid, &grid->items[i], widths, color, out);
}

void grid_free(struct grid *grid)
{
	size_t i;

	for (i = 0; i < grid->n; i++)
		free(grid->items[i].text);
	free(grid->items);
	memset(grid, 0, sizeof(*grid));
}
