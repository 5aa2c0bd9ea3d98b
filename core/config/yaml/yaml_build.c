/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/yaml/yaml_build.h"

#include <stdlib.h>
#include <string.h>

/* The children of a node while it is read. */
struct children {
    struct node **v;
    size_t count, capacity;
};

static struct node *build_node(struct build *b, const yaml_event_t *event, struct err *e);

static int children_add(struct children *c, struct node *n, struct err *e)
{
    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 8;
        struct node **v = realloc(c->v, capacity * sizeof *v);
        if (!v)
            return err_memory(e);
        c->v = v;
        c->capacity = capacity;
    }
    c->v[c->count++] = n;
    return 0;
}

static struct node at_mark(const struct build *b, const yaml_mark_t *mark)
{
    struct node n = {.source = b->source, .weight = 1, .height = 1};
    if (b->with_lines) {
        n.line = mark->line + 1;
        n.column = mark->column + 1;
    }
    return n;
}

static struct node *build_new(struct build *b, const yaml_event_t *event, enum node_kind kind,
                              struct err *e)
{
    struct node *n = arena_alloc(&b->doc->memory, sizeof *n);
    if (!n) {
        err_memory(e);
        return NULL;
    }
    *n = at_mark(b, &event->start_mark);
    n->kind = kind;
    return n;
}

static int build_next(struct build *b, yaml_event_t *event, struct err *e)
{
    return yaml_parser_parse(b->parser, event) ? 0 : yaml_syntax_error(b, e);
}

static int check_tag(const struct build *b, const yaml_event_t *event, const unsigned char *tag,
                     struct err *e)
{
    const char *text = (const char *)tag;
    if (!text || !strncmp(text, "tag:yaml.org,2002:", 18) || !strcmp(text, "!"))
        return 0;
    struct node at = at_mark(b, &event->start_mark);
    return node_fail(&at, e, "tags such as '%.60s' mean nothing here; remove it, or quote the text",
                     text);
}

/* --- anchors and aliases */

/* Its index, or anchor_count. */
static size_t anchor_find(const struct build *b, const char *name)
{
    size_t i = 0;
    while (i < b->anchor_count && strcmp(b->anchors[i].name, name))
        i++;
    return i;
}

/* Notes an anchor whose node follows.  *ret_index SIZE_MAX: there is none. */
static int anchor_begin(struct build *b, const yaml_event_t *event, const unsigned char *name,
                        size_t *ret_index, struct err *e)
{
    *ret_index = SIZE_MAX;
    if (!name)
        return 0;
    struct node at = at_mark(b, &event->start_mark);
    const char *text = (const char *)name;
    if (anchor_find(b, text) < b->anchor_count)
        return node_fail(&at, e, "anchor '&%.60s' is defined twice; give one another name", text);
    if (b->anchor_count == YAML_MOST_ANCHORS)
        return node_fail(&at, e, "more than %d anchors; use fewer", YAML_MOST_ANCHORS);
    if (!b->anchors)
        b->anchors = calloc(YAML_MOST_ANCHORS, sizeof *b->anchors);
    char *copy = b->anchors ? arena_text(&b->doc->memory, text) : NULL;
    if (!copy)
        return err_memory(e);
    *ret_index = b->anchor_count;
    b->anchors[b->anchor_count++].name = copy;
    return 0;
}

static struct node *build_alias(struct build *b, const yaml_event_t *event, struct err *e)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct node at = at_mark(b, &event->start_mark);
    size_t i = anchor_find(b, name);
    if (i == b->anchor_count)
        node_fail(&at, e,
                  "alias '*%.60s' has no anchor before it; define '&%.60s', or quote text that "
                  "begins with '*'",
                  name, name);
    else if (!b->anchors[i].node)
        node_fail(&at, e, "alias '*%.60s' stands inside its own anchor; write the value out", name);
    else
        return b->anchors[i].node;
    return NULL;
}

/* --- limits */

/* For the number of values the parent is blamed: the child may be shared, and stand elsewhere. */
static int account(struct node *parent, const struct node *child, struct err *e)
{
    parent->weight += child->weight;
    if (child->height + 1 > parent->height)
        parent->height = child->height + 1;
    if (parent->weight > YAML_MOST_NODES)
        return node_fail(parent, e,
                         "more than %d values once aliases are expanded; write fewer aliases",
                         YAML_MOST_NODES);
    if (parent->height > YAML_MOST_DEPTH)
        return node_fail(child, e, "nested deeper than %d levels; flatten it", YAML_MOST_DEPTH);
    return 0;
}

/* --- nodes */

static struct node *build_scalar(struct build *b, const yaml_event_t *event, struct err *e)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    struct node *n = build_new(b, event, NODE_SCALAR, e);
    if (!n || check_tag(b, event, event->data.scalar.tag, e))
        return NULL;
    if (memchr(text, '\0', len)) {
        node_fail(n, e, "the text holds a NUL character; remove it");
        return NULL;
    }
    n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = arena_copy(&b->doc->memory, text, len);
    if (!n->text) {
        err_memory(e);
        return NULL;
    }
    return n;
}

/* Reads children up to the event that ends the container. */
static int read_children(struct build *b, struct node *parent, yaml_event_type_t end,
                         struct children *c, struct err *e)
{
    for (;;) {
        yaml_event_t event;
        if (build_next(b, &event, e))
            return -1;
        bool done = event.type == end;
        struct node *n = done ? NULL : build_node(b, &event, e);
        yaml_event_delete(&event);
        if (done)
            return 0;
        if (!n || account(parent, n, e) || children_add(c, n, e))
            return -1;
    }
}

static int finish_list(struct build *b, struct node *n, const struct children *c, struct err *e)
{
    n->count = c->count;
    n->items = arena_alloc(&b->doc->memory, c->count * sizeof *n->items);
    if (!n->items)
        return err_memory(e);
    if (c->count)
        memcpy(n->items, c->v, c->count * sizeof *n->items);
    return 0;
}

static struct node *build_container(struct build *b, const yaml_event_t *event, struct err *e)
{
    bool map = event->type == YAML_MAPPING_START_EVENT;
    struct node *n = build_new(b, event, map ? NODE_MAP : NODE_LIST, e);
    const unsigned char *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    if (!n || check_tag(b, event, tag, e))
        return NULL;
    if (++b->depth > YAML_MOST_DEPTH) {
        node_fail(n, e, "nested deeper than %d levels; flatten it", YAML_MOST_DEPTH);
        return NULL;
    }
    struct children c = {0};
    int rc = read_children(b, n, map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, &c, e);
    if (!rc)
        rc = map ? build_map(b, n, c.v, c.count / 2, e) : finish_list(b, n, &c, e);
    free(c.v);
    b->depth--;
    return rc ? NULL : n;
}

static const unsigned char *event_anchor(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.anchor;
    return event->data.mapping_start.anchor;
}

static struct node *build_node(struct build *b, const yaml_event_t *event, struct err *e)
{
    if (event->type == YAML_ALIAS_EVENT)
        return build_alias(b, event, e);
    size_t anchor;
    if (anchor_begin(b, event, event_anchor(event), &anchor, e))
        return NULL;
    struct node *n =
        event->type == YAML_SCALAR_EVENT ? build_scalar(b, event, e) : build_container(b, event, e);
    if (n && anchor != SIZE_MAX)
        b->anchors[anchor].node = n;
    return n;
}

/* --- the stream */

static bool is_passed_over(yaml_event_type_t type)
{
    return type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT ||
           type == YAML_DOCUMENT_END_EVENT;
}

static struct node *build_null(struct build *b, struct err *e)
{
    yaml_event_t nowhere = {0};
    struct node *n = build_new(b, &nowhere, NODE_SCALAR, e);
    if (n) {
        n->plain = true;
        n->text = "";
    }
    return n;
}

static struct node *second_document(const struct build *b, const yaml_event_t *event, struct err *e)
{
    struct node at = at_mark(b, &event->start_mark);
    node_fail(&at, e, "a second YAML document begins here; ctxmark reads one: remove the '---'");
    return NULL;
}

static struct node *read_documents(struct build *b, struct err *e)
{
    struct node *root = NULL;
    for (;;) {
        yaml_event_t event;
        if (build_next(b, &event, e))
            return NULL;
        bool end = event.type == YAML_STREAM_END_EVENT, pass = is_passed_over(event.type);
        bool second = root && event.type == YAML_DOCUMENT_START_EVENT;
        if (second)
            second_document(b, &event, e);
        else if (!end && !pass)
            root = build_node(b, &event, e);
        bool failed = second || (!end && !pass && !root);
        yaml_event_delete(&event);
        if (failed)
            return NULL;
        if (end)
            return root ? root : build_null(b, e);
    }
}

struct node *build_stream(struct build *b, struct err *e)
{
    struct node *root = read_documents(b, e);
    free(b->anchors);
    b->anchors = NULL;
    return root;
}
