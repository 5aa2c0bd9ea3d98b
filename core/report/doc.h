/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A report as a tree of blocks: built once from analysis.json and the manifest, then written as
 * Markdown, HTML or plain text.  Text in it is as it came; whoever writes it out escapes it.
 *
 * Functions that add something return NULL, and take NULL, once memory is out: doc->failed tells at
 * the end. */

#ifndef CORE_REPORT_DOC_H
#define CORE_REPORT_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/arena.h"
#include "core/base/buf.h"

struct figure;

enum span_kind { SPAN_TEXT, SPAN_STRONG, SPAN_CODE, SPAN_LINK };

struct span {
    struct span *next;
    enum span_kind kind;
    const char *text;
    const char *target; /* SPAN_LINK: the id of a block, or of a table's row */
};

enum block_kind {
    BLOCK_SECTION,   /* title, id, children */
    BLOCK_PARAGRAPH, /* spans */
    BLOCK_LIST,      /* children: BLOCK_ITEM */
    BLOCK_TERMS,     /* children: BLOCK_ITEM with a label each */
    BLOCK_NOTICES,   /* what a reader must know first; children: BLOCK_ITEM */
    BLOCK_FINDINGS,  /* findings of one id; label: severity, id: theirs; children: BLOCK_ITEM */
    BLOCK_ITEM,      /* spans; a child: the evidence of a finding */
    BLOCK_TABLE,
    BLOCK_FIGURE,
};

/* A column that is shown. */
struct table_column {
    size_t index;     /* in the table's columns */
    size_t low, high; /* bounds shown behind the value; 0: none */
    bool words;       /* text, which is set flush left */
};

/* A table of analysis.json, and what of it is shown. */
struct table_view {
    const json_t *table, *columns, *rows; /* borrowed */
    struct table_column *shown;
    size_t shown_count;
    size_t group_count; /* the first columns, by which rows may be grouped: 0: no grouping */
    size_t hidden;      /* columns left for analysis.json */
    const char *common; /* "mode prefill, n 10": what is the same in all rows; "" if nothing is */
    bool *anchored;     /* [rows] a finding rests on this row; NULL: none */
};

struct block {
    struct block *next, *first, *last;
    enum block_kind kind;
    const char *id;    /* "" if none */
    const char *title; /* "" if none */
    const char *label;
    struct span *spans, *last_span;
    const struct table_view *table;
    const struct figure *figure;
};

struct doc {
    struct arena arena;
    bool failed;
    const char *title;
    struct block root; /* its children are sections */
};

void doc_release(struct doc *d);

void *doc_alloc(struct doc *d, size_t size); /* zeroed */
char *doc_copy(struct doc *d, const char *text);
char *doc_format(struct doc *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The buffer's text, which is freed. */
char *doc_take(struct doc *d, struct buf *b);

/* parent NULL: nothing is added.  id and title are copied; NULL for none. */
struct block *doc_block(struct doc *d, struct block *parent, enum block_kind kind, const char *id,
                        const char *title);
/* Text is copied. */
void doc_span(struct doc *d, struct block *b, enum span_kind kind, const char *text,
              const char *target);
void doc_text(struct doc *d, struct block *b, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An item with a label: doc_text() gives the rest. */
struct block *doc_item(struct doc *d, struct block *parent, const char *label);

/* The text of a member, "" if there is none. */
const char *member_text(const json_t *object, const char *key);

#endif
