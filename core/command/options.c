/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/command/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

/* The letters are those of options.h; -n means --dry-run or a count, as the command has it. */
static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"analyzers", required_argument, NULL, 'a'},
    {"resume", required_argument, NULL, 'r'},
    {"format", required_argument, NULL, 'f'},
    {"set", required_argument, NULL, 's'},
    {"only", required_argument, NULL, 'y'},
    {"dry-run", no_argument, NULL, 'D'},
    {"json", no_argument, NULL, 'j'},
    {"no-figures", no_argument, NULL, 'W'},
    {"text", required_argument, NULL, 't'},
    {"tokens", required_argument, NULL, 'k'},
    {"logits", required_argument, NULL, 'l'},
    {"positions", required_argument, NULL, 'p'},
    {"label", required_argument, NULL, 'L'},
    {"margin", required_argument, NULL, 'm'},
    {"fail-over", required_argument, NULL, 'F'},
    {"allow", required_argument, NULL, 'A'},
    {"check", no_argument, NULL, 'c'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Splits a copy of KEY=VALUE, which is *ret_key; false if it is none, or memory is out. */
static bool split_pair(const char *text, const char **ret_key, const char **ret_value)
{
    size_t len = strcspn(text, "=");
    char *copy = text[len] && len ? strdup(text) : NULL;
    if (!copy)
        return false;
    copy[len] = '\0';
    *ret_key = copy;
    *ret_value = copy + len + 1;
    return true;
}

static int add_set(struct options *o, const char *text)
{
    struct config_override *sets = realloc(o->sets, (o->set_count + 1) * sizeof *sets);
    if (!sets)
        return -1;
    o->sets = sets;
    if (!split_pair(text, &sets[o->set_count].key, &sets[o->set_count].value)) {
        log_error("--set %s: write it as --set KEY=VALUE", text);
        return -1;
    }
    o->set_count++;
    return 0;
}

static int add_filter(struct options *o, const char *text)
{
    struct plan_filter *filters = realloc(o->filters, (o->filter_count + 1) * sizeof *filters);
    if (!filters)
        return -1;
    o->filters = filters;
    if (!split_pair(text, &filters[o->filter_count].key, &filters[o->filter_count].glob)) {
        log_error("--only %s: write it as --only KEY=GLOB, for instance --only model='qwen*'",
                  text);
        return -1;
    }
    o->filter_count++;
    return 0;
}

static int take(struct options *o, int letter, char *value)
{
    switch (letter) {
    case 'o':
        o->output = value;
        return 0;
    case 'r':
        o->resume = value;
        return 0;
    case 'a':
        o->analyzers = value;
        return 0;
    case 'f':
        o->format = value;
        return 0;
    case 's':
        return add_set(o, value);
    case 'y':
        return add_filter(o, value);
    case 'D':
        o->dry_run = true;
        return 0;
    case 'N':
        o->count = value;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case 'c':
        o->check = true;
        return 0;
    case 'W':
        o->no_figures = true;
        return 0;
    case 't':
        o->text = value;
        return 0;
    case 'k':
        o->tokens = value;
        return 0;
    case 'l':
        o->logits = value;
        return 0;
    case 'p':
        o->positions = value;
        return 0;
    case 'L':
        o->label = value;
        return 0;
    case 'm':
        o->margin = value;
        return 0;
    case 'F':
        o->fail_over = value;
        return 0;
    case 'A':
        o->allow = value;
        return 0;
    case 'q':
        log_set_level(LOG_QUIET);
        return 0;
    default:
        log_set_level(LOG_VERBOSE);
        return 0;
    }
}

static bool is_accepted(int letter, const char *accepted)
{
    return strchr("qvh", letter) || strchr(accepted, letter);
}

/* The first line of the usage, for errors. */
static int wrong_usage(const char *usage)
{
    log_error("usage: %.*s", (int)strcspn(usage, "\n"), usage);
    return -1;
}

int options_parse(struct options *o, int argc, char **argv, const char *accepted, size_t least,
                  size_t most, const char *usage)
{
    bool counts = strchr(accepted, 'N') != NULL;
    int letter;
    memset(o, 0, sizeof *o);
    optind = 0;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, counts ? ":o:a:f:n:qvh" : ":o:a:f:nqvh", long_options,
                                 NULL)) != -1) {
        if (letter == 'n')
            letter = counts ? 'N' : 'D';
        if (letter == ':') {
            log_error("%s: the option %s needs a value", argv[0], argv[optind - 1]);
            return wrong_usage(usage);
        }
        if (letter == '?' || !is_accepted(letter, accepted)) {
            log_error("%s: unknown option %s", argv[0], argv[optind - 1]);
            return wrong_usage(usage);
        }
        if (letter == 'h') {
            printf("usage: %s\n", usage);
            return 1;
        }
        if (take(o, letter, optarg) < 0)
            return -1;
    }
    for (; optind < argc; optind++) {
        if (o->operand_count == most) {
            log_error("%s: one argument too many: %s", argv[0], argv[optind]);
            return wrong_usage(usage);
        }
        o->operands[o->operand_count++] = argv[optind];
    }
    if (o->operand_count < least) {
        log_error("%s: an argument is missing", argv[0]);
        return wrong_usage(usage);
    }
    return 0;
}

int options_add_pair(struct options *o, bool set, const json_t *pair)
{
    const char *key = json_string_value(json_array_get(pair, 0));
    const char *value = json_string_value(json_array_get(pair, 1));
    struct buf text = {0};
    buf_printf(&text, "%s=%s", key ? key : "", value ? value : "");
    int r = !buf_ok(&text) ? -1 : set ? add_set(o, text.data) : add_filter(o, text.data);
    buf_free(&text);
    return r;
}

void options_free(struct options *o)
{
    for (size_t i = 0; i < o->set_count; i++)
        free((char *)o->sets[i].key);
    for (size_t i = 0; i < o->filter_count; i++)
        free((char *)o->filters[i].key);
    free(o->sets);
    free(o->filters);
}
