/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define COLUMN(name, type, unit, definition)                                                       \
    {                                                                                              \
        name, CTXMARK_##type, CTXMARK_ROLE_VALUE, unit, definition                                 \
    }

const struct ctxmark_table_column cells_columns[CELLS_COLUMNS] = {
    [CELLS_BEGIN] = COLUMN("begin", INTEGER, "", "where its rows begin in cell_rows, from 0"),
    [CELLS_COUNT] = COLUMN("count", INTEGER, "", "how many rows it has"),
    [CELLS_PEAK] = COLUMN("peak_memory_mib", NUMBER, "MiB", "largest of its rows"),
    [CELLS_LIMIT] = COLUMN("memory_limit_mib", NUMBER, "MiB", "largest of its rows"),
    [CELLS_SPILLED] = COLUMN("spilled_mib", NUMBER, "MiB", "largest of its rows"),
};

const struct ctxmark_table_column cell_rows_columns[CELL_ROWS_COLUMNS] = {
    [CELL_ROWS_ROW] =
        COLUMN("row", INTEGER, "", "number of a measured row; those of a cell in the file's order"),
    [CELL_ROWS_LATENCY] =
        COLUMN("latency_ms", NUMBER, "ms", "latencies of the same cell, in ascending order"),
};

static const char *const text_keys[] = {"model", "backend", "mode", "phase", "status", "run"};
static const char *const number_keys[] = {"context_length", "concurrency", "launch"};

#define TEXT_KEYS (sizeof text_keys / sizeof *text_keys)
#define NUMBER_KEYS (sizeof number_keys / sizeof *number_keys)

/* What makes a cell, without what is the same in all rows. */
struct keys {
    const int32_t *text[TEXT_KEYS];
    const double *number[NUMBER_KEYS];
    const double *latency;
    size_t text_count, number_count;
};

static const struct column *find_column(const struct columns *c, const char *name)
{
    int i = columns_find(c, name);
    return i < 0 ? NULL : &c->items[i];
}

static struct keys get_keys(const struct columns *c)
{
    struct keys k = {0};
    for (size_t i = 0; i < TEXT_KEYS; i++) {
        const struct column *column = find_column(c, text_keys[i]);
        if (column && column->code && !column_is_zero(c, column))
            k.text[k.text_count++] = column->code;
    }
    for (size_t i = 0; i < NUMBER_KEYS; i++) {
        const struct column *column = find_column(c, number_keys[i]);
        if (column && column->number && !column_is_zero(c, column))
            k.number[k.number_count++] = column->number;
    }
    const struct column *latency = find_column(c, "latency_ms");
    k.latency = latency ? latency->number : NULL;
    return k;
}

static bool is_timed(const struct keys *k, size_t row)
{
    return k->latency && isfinite(k->latency[row]);
}

static bool same_cell(const struct keys *k, size_t a, size_t b)
{
    for (size_t i = 0; i < k->text_count; i++)
        if (k->text[i][a] != k->text[i][b])
            return false;
    for (size_t i = 0; i < k->number_count; i++) {
        double x = k->number[i][a], y = k->number[i][b];
        if (x != y && !(isnan(x) && isnan(y)))
            return false;
    }
    return is_timed(k, a) == is_timed(k, b);
}

static uint64_t hash_of(const struct keys *k, size_t row)
{
    uint64_t h = is_timed(k, row);
    for (size_t i = 0; i < k->text_count; i++)
        h = ctxmark_mix(h ^ (uint32_t)k->text[i][row]);
    for (size_t i = 0; i < k->number_count; i++) {
        double x = k->number[i][row];
        uint64_t bits = 0;
        if (x != 0 && !isnan(x)) /* -0 is 0 */
            memcpy(&bits, &x, sizeof bits);
        h = ctxmark_mix(h ^ bits);
    }
    return h;
}

/* Cells while they are found: a list, and a hash table over it. */
struct found {
    uint32_t first; /* its first row */
    uint32_t next;  /* the cell that came behind it last */
    uint32_t count;
};

struct finder {
    struct keys keys;
    struct found *items;
    size_t count, capacity;
    uint32_t *table; /* index into items + 1; 0: free */
    size_t table_size;
};

static size_t table_place(const struct finder *f, size_t row)
{
    size_t i = hash_of(&f->keys, row) & (f->table_size - 1);
    while (f->table[i] && !same_cell(&f->keys, f->items[f->table[i] - 1].first, row))
        i = (i + 1) & (f->table_size - 1);
    return i;
}

static int grow(struct finder *f)
{
    size_t n = f->capacity ? f->capacity * 2 : 1024;
    struct found *items = realloc(f->items, n * sizeof *items);
    if (!items)
        return -1;
    f->items = items;
    f->capacity = n;
    uint32_t *table = calloc(n * 2, sizeof *table);
    if (!table)
        return -1;
    free(f->table);
    f->table = table;
    f->table_size = n * 2;
    for (size_t i = 0; i < f->count; i++)
        f->table[table_place(f, f->items[i].first)] = (uint32_t)i + 1;
    return 0;
}

/* The cell of a row: its number, or -1: out of memory. */
static int64_t look_up(struct finder *f, size_t row)
{
    if (f->count == f->capacity && grow(f) < 0)
        return -1;
    size_t place = table_place(f, row);
    if (!f->table[place]) {
        f->items[f->count] = (struct found){.first = (uint32_t)row};
        f->table[place] = (uint32_t)++f->count;
    }
    return f->table[place] - 1;
}

/* Numbers the rows by their cell.  Rows come in runs of one cell, or modes take turns: what came
 * behind a cell before is tried before it is looked up. */
static int assign(struct finder *f, size_t row_count, uint32_t *ret_cell)
{
    int64_t last = -1;
    for (size_t row = 0; row < row_count; row++) {
        int64_t cell = last < 0 ? -1 : (int64_t)f->items[last].next;
        if (cell < 0 || !same_cell(&f->keys, f->items[cell].first, row)) {
            cell = last;
            if (cell < 0 || !same_cell(&f->keys, f->items[cell].first, row))
                cell = look_up(f, row);
            if (cell < 0)
                return -1;
            if (last >= 0)
                f->items[last].next = (uint32_t)cell;
        }
        last = cell;
        ret_cell[row] = (uint32_t)cell;
        f->items[cell].count++;
    }
    return 0;
}

/* --- latencies in order */

/* Latencies as their bits in an order as unsigned integers are; unknown ones come last. */
#define SIGN (UINT64_C(1) << 63)
#define DIGIT_BITS 8
#define DIGITS (1 << DIGIT_BITS)
#define PLACES (64 / DIGIT_BITS)
#define FEW 32 /* that are sorted by insertion */

static uint64_t order_of(double x)
{
    uint64_t bits = UINT64_MAX;
    if (isnan(x))
        return bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

static double from_order(uint64_t order)
{
    double x;
    uint64_t bits = order & SIGN ? order & ~SIGN : ~order;
    if (order == UINT64_MAX)
        return NAN;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void sort_few(uint64_t *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t v = x[i];
        size_t k = i;
        for (; k > 0 && x[k - 1] > v; k--)
            x[k] = x[k - 1];
        x[k] = v;
    }
}

static unsigned digit_of(uint64_t x, unsigned place)
{
    return (unsigned)(x >> place * DIGIT_BITS) & (DIGITS - 1);
}

/* One pass of a radix sort: into `to` by one digit, otherwise in the order they have. */
static void sort_by_digit(const uint64_t *from, uint64_t *to, size_t n, unsigned place,
                          uint32_t *count)
{
    uint32_t next = 0;
    for (unsigned d = 0; d < DIGITS; d++) {
        uint32_t here = count[d];
        count[d] = next;
        next += here;
    }
    for (size_t i = 0; i < n; i++)
        to[count[digit_of(from[i], place)]++] = from[i];
}

/* Sorts x[n], n < 2^32, with as much room in other; returns which of them holds the result.  The
 * latencies of a cell are near each other and share their first digits, which need no pass. */
static const uint64_t *sort_orders(uint64_t *x, uint64_t *other, size_t n)
{
    uint32_t count[PLACES][DIGITS] = {0};
    if (n <= FEW) {
        sort_few(x, n);
        return x;
    }
    for (size_t i = 0; i < n; i++)
        for (unsigned place = 0; place < PLACES; place++)
            count[place][digit_of(x[i], place)]++;
    for (unsigned place = 0; place < PLACES; place++) {
        if (count[place][digit_of(x[0], place)] == n)
            continue;
        sort_by_digit(x, other, n, place, count[place]);
        uint64_t *sorted = other;
        other = x;
        x = sorted;
    }
    return x;
}

/* Deals the latencies out to their cells, and sorts each cell's; place[cell]: where each begins. */
static int order_latencies(const struct keys *k, const uint32_t *cell, uint32_t *place,
                           const struct cells *c, double *ret)
{
    size_t largest = 0;
    for (size_t i = 0; i < c->count; i++)
        largest =
            c->cells[CELLS_COUNT][i] > (double)largest ? (size_t)c->cells[CELLS_COUNT][i] : largest;
    uint64_t *list = malloc((c->row_count + 1) * sizeof *list),
             *other = malloc((largest + 1) * sizeof *other);
    bool ready = list && other;
    for (size_t row = 0; ready && row < c->row_count; row++)
        list[place[cell[row]]++] = order_of(k->latency ? k->latency[row] : NAN);
    for (size_t i = 0, begin = 0; ready && i < c->count; i++) {
        size_t n = (size_t)c->cells[CELLS_COUNT][i];
        const uint64_t *sorted = sort_orders(list + begin, other, n);
        for (size_t j = 0; j < n; j++)
            ret[begin + j] = from_order(sorted[j]);
        begin += n;
    }
    free(list);
    free(other);
    return ready ? 0 : -1;
}

/* --- tables */

static void fill_places(const struct finder *f, const struct cells *c, uint32_t *place)
{
    uint32_t next = 0;
    for (size_t i = 0; i < f->count; i++) {
        place[i] = next;
        c->cells[CELLS_BEGIN][i] = next;
        c->cells[CELLS_COUNT][i] = f->items[i].count;
        next += f->items[i].count;
    }
}

static void fill_largest(const struct columns *columns, const struct cells *c, const uint32_t *cell,
                         enum cells_column which)
{
    const struct column *column = find_column(columns, cells_columns[which].name);
    double *most = c->cells[which];
    for (size_t i = 0; i < c->count; i++)
        most[i] = NAN;
    for (size_t row = 0; column && column->number && row < c->row_count; row++) {
        double x = column->number[row];
        if (x > most[cell[row]] || isnan(most[cell[row]]))
            most[cell[row]] = x;
    }
}

static int fill_tables(const struct finder *f, const struct columns *columns, const uint32_t *cell,
                       struct cells *c)
{
    uint32_t *place = malloc((f->count + 1) * sizeof *place);
    c->count = f->count;
    bool ready = place != NULL;
    for (size_t i = 0; i < CELLS_COLUMNS; i++)
        ready = (c->cells[i] = malloc((c->count + 1) * sizeof(double))) && ready;
    for (size_t i = 0; i < CELL_ROWS_COLUMNS; i++)
        ready = (c->rows[i] = malloc((c->row_count + 1) * sizeof(double))) && ready;
    if (ready) {
        fill_largest(columns, c, cell, CELLS_PEAK);
        fill_largest(columns, c, cell, CELLS_LIMIT);
        fill_largest(columns, c, cell, CELLS_SPILLED);
        fill_places(f, c, place);
        for (size_t row = 0; row < c->row_count; row++)
            c->rows[CELL_ROWS_ROW][place[cell[row]]++] = (double)row;
        fill_places(f, c, place);
        ready = order_latencies(&f->keys, cell, place, c, c->rows[CELL_ROWS_LATENCY]) == 0;
    }
    free(place);
    return ready ? 0 : -1;
}

int cells_make(const struct columns *c, struct cells *ret)
{
    *ret = (struct cells){.row_count = c->row_count};
    struct finder f = {.keys = get_keys(c)};
    uint32_t *cell = c->row_count < UINT32_MAX ? malloc((c->row_count + 1) * sizeof *cell) : NULL;
    int done = cell ? assign(&f, c->row_count, cell) : -1;
    if (done == 0)
        done = fill_tables(&f, c, cell, ret);
    free(cell);
    free(f.items);
    free(f.table);
    return done;
}

void cells_free(struct cells *c)
{
    for (size_t i = 0; i < CELLS_COLUMNS; i++)
        free(c->cells[i]);
    for (size_t i = 0; i < CELL_ROWS_COLUMNS; i++)
        free(c->rows[i]);
    *c = (struct cells){0};
}
