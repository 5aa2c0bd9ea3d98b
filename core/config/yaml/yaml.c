/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/paths.h"
#include "core/config/yaml/yaml.h"
#include "core/config/yaml/yaml_build.h"

#include <string.h>

/* libyaml's words for a mistake, and ours.  It is compared by how it begins. */
static const struct {
    const char *problem, *words;
} yaml_words[] = {
    {"mapping values are not allowed",
     "a ':' cannot stand here; check the indentation, or quote text that contains ': '"},
    {"found undefined alias",
     "an alias without its anchor; quote text that begins with '*', or define '&name' before it"},
    {"found unexpected end of stream", "a quote is not closed; add the closing quote"},
    {"did not find expected key",
     "a key is expected here; check the indentation and the quotes of this line and the one before "
     "it"},
    {"did not find expected ',' or ']'", "a list that begins with '[' lacks its ',' or ']'"},
    {"did not find expected ',' or '}'", "a mapping that begins with '{' lacks its ',' or '}'"},
    {"did not find expected '-' indicator",
     "an entry '- ' of the list is expected here; check the indentation"},
    {"could not find expected ':'", "a key without its ':'; write 'key: value'"},
    {"found character that cannot start any token",
     "a value cannot begin with this character; quote it"},
    {"control characters are not allowed", "a control character; remove it"},
    {"invalid leading UTF-8 octet", "not UTF-8 text; save the file as UTF-8"},
    {"invalid trailing UTF-8 octet", "not UTF-8 text; save the file as UTF-8"},
    {"incomplete UTF-8 octet sequence", "not UTF-8 text; save the file as UTF-8"},
};

static const char *yaml_problem_words(const char *problem)
{
    for (size_t i = 0; i < sizeof yaml_words / sizeof *yaml_words; i++)
        if (!strncmp(problem, yaml_words[i].problem, strlen(yaml_words[i].problem)))
            return yaml_words[i].words;
    return NULL;
}

/* Whether line `line` (from 0) has a tab among the spaces it begins with. */
static bool yaml_tab_indents(const char *text, size_t len, size_t line)
{
    size_t i = 0;
    for (; line && i < len; i++)
        line -= text[i] == '\n';
    for (; i < len && (text[i] == ' ' || text[i] == '\t'); i++)
        if (text[i] == '\t')
            return true;
    return false;
}

/* Where a byte of the text stands, for problems that libyaml's reader finds before it counts
 * lines. */
static void yaml_locate_byte(const char *text, size_t len, size_t offset, struct node *at)
{
    at->line = at->column = 1;
    for (size_t i = 0; i < offset && i < len; i++) {
        at->column++;
        if (text[i] == '\n') {
            at->line++;
            at->column = 1;
        }
    }
}

int yaml_syntax_error(const struct build *b, struct err *e)
{
    const yaml_parser_t *p = b->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return err_memory(e);
    struct node at = {.source = b->source};
    bool reader = p->error == YAML_READER_ERROR;
    if (b->with_lines && reader)
        yaml_locate_byte(b->text, b->len, p->problem_offset, &at);
    else if (b->with_lines) {
        at.line = p->problem_mark.line + 1;
        at.column = p->problem_mark.column + 1;
    }
    if (!reader && yaml_tab_indents(b->text, b->len, p->problem_mark.line))
        return node_fail(&at, e, "a tab cannot indent YAML; use spaces");
    const char *problem = p->problem ? p->problem : "unreadable";
    const char *words = yaml_problem_words(problem);
    if (words)
        return node_fail(&at, e, "%s", words);
    return node_fail(&at, e, "not valid YAML: %s%s%s; check the syntax of this line", problem,
                     p->context ? " " : "", p->context ? p->context : "");
}

static int yaml_read_file(const char *path, struct buf *out, struct err *e)
{
    struct err why;
    if (!path_read_text(path, YAML_MOST_BYTES, out, &why))
        return 0;
    return err_set(e, "%s: %s", path, why.text);
}

struct node *doc_parse(struct doc *d, const char *source, bool with_lines, const char *text,
                       size_t len, struct err *e)
{
    yaml_parser_t parser;
    char *name = arena_text(&d->memory, source);
    if (!name || !yaml_parser_initialize(&parser)) {
        err_memory(e);
        return NULL;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    struct build b = {.doc = d,
                      .parser = &parser,
                      .source = name,
                      .with_lines = with_lines,
                      .text = text,
                      .len = len};
    struct node *root = build_stream(&b, e);
    yaml_parser_delete(&parser);
    return root;
}

int doc_read(struct doc *d, const char *path, struct err *e)
{
    struct buf text = {0};
    int rc = yaml_read_file(path, &text, e);
    if (!rc) {
        d->root = doc_parse(d, path, true, buf_text(&text), text.len, e);
        rc = d->root ? 0 : -1;
    }
    buf_free(&text);
    if (!rc && node_is_null(d->root))
        return err_set(e, "%s: the file is empty; ctxmark.yaml(5) says what a config holds", path);
    return rc;
}

void doc_free(struct doc *d)
{
    arena_free(&d->memory);
    d->root = NULL;
}
