/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Texts that are wrong as YAML. */

#include "tests/config/error_cases.h"

const struct error_case yaml_errors[] = {
    {"", "c.yaml: the file is empty; ctxmark.yaml(5) says what a config holds"},
    {"# only a comment\n", "c.yaml: the file is empty; ctxmark.yaml(5) says what a config holds"},
    {"---\n", "c.yaml: the file is empty; ctxmark.yaml(5) says what a config holds"},
    {"- a\n- b\n",
     "c.yaml:1:1: a config holds lines 'key: value', not a list; see ctxmark.yaml(5)"},
    {"just text\n",
     "c.yaml:1:1: a config holds lines 'key: value', not 'just text'; see ctxmark.yaml(5)"},
    {"models:\n\t- name: m\n", "c.yaml:2:1: a tab cannot indent YAML; use spaces"},
    {"a: b: c\n", "c.yaml:1:5: a ':' cannot stand here; check the indentation, or quote text that "
                  "contains ': '"},
    {"a: [1, 2\nb: 3\n", "c.yaml:2:2: a list that begins with '[' lacks its ',' or ']'"},
    {"a: \"open\n", "c.yaml:2:1: a quote is not closed; add the closing quote"},
    {"a: {b: 1\n", "c.yaml:2:1: a mapping that begins with '{' lacks its ',' or '}'"},
    {"a: *nowhere\n", "c.yaml:1:4: alias '*nowhere' has no anchor before it; define '&nowhere', or "
                      "quote text that begins with '*'"},
    {"a: &x [1, *x]\n",
     "c.yaml:1:11: alias '*x' stands inside its own anchor; write the value out"},
    {"a: &x 1\nb: &x 2\n", "c.yaml:2:4: anchor '&x' is defined twice; give one another name"},
    {"a: @b\n", "c.yaml:1:4: a value cannot begin with this character; quote it"},
    {"a: !thing b\n",
     "c.yaml:1:4: tags such as '!thing' mean nothing here; remove it, or quote the text"},
    {"a: 1\n---\nb: 2\n",
     "c.yaml:2:1: a second YAML document begins here; ctxmark reads one: remove the '---'"},
    {"? [a]\n: 1\n", "c.yaml:1:3: a key must be text; write 'key: value'"},
    {"a: \"x\\0y\"\n", "c.yaml:1:4: the text holds a NUL character; remove it"},
    {"a:\n  b: 1\n c: 2\n", "c.yaml:3:2: a key is expected here; check the indentation and the "
                            "quotes of this line and the one before it"},
    {"<<: 3\n", "c.yaml:1:5: '<<' takes a mapping or a list of them, such as *name"},
    {"a\nb: 1\n", "c.yaml:2:2: a ':' cannot stand here; check the indentation, or quote text that "
                  "contains ': '"},
    {"- a\nb: c\n",
     "c.yaml:2:1: an entry '- ' of the list is expected here; check the indentation"},
    {"%bad\n---\n", "c.yaml:1:5: not valid YAML: found unknown directive name while scanning a "
                    "directive; check the syntax of this line"},
    {"a: "
     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]"
     "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
     "c.yaml:1:67: nested deeper than 64 levels; flatten it"},
    {0, 0},
};
