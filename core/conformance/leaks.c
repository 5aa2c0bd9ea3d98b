/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/tool.h"
#include "core/conformance/leaks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/run/rundir.h"

#define CHECK "leaks and wrong memory (valgrind)"
#define MOST 20 /* findings that are printed */

/* ---- valgrind's XML, which is regular enough to be searched as text */

/* Copies what stands between <tag> and </tag> after `from` and before `end`; "" if nothing does. */
static void between(const char *from, const char *end, const char *tag, char *ret, size_t size)
{
    char open[32];
    int n = snprintf(open, sizeof open, "<%s>", tag);
    const char *at = strstr(from, open);
    ret[0] = '\0';
    if (!at || at >= end)
        return;
    at += n;
    snprintf(ret, size, "%.*s", (int)strcspn(at, "<"), at);
}

/* The first frame of the stack that lies in the plugin; NULL: none does. */
static const char *frame_in(const char *error, const char *end, const char *object)
{
    const char *at = strstr(error, object);
    if (!at || at >= end)
        return NULL;
    const char *frame = NULL;
    for (const char *f = error; (f = strstr(f, "<frame>")) && f < at; f++)
        frame = f;
    return frame;
}

static void describe(const char *error, const char *end, const char *frame, char *ret, size_t size)
{
    char what[400], function[200], file[200], line[20];
    const char *frame_end = strstr(frame, "</frame>");
    between(error, end, "what", what, sizeof what);
    if (!what[0])
        between(error, end, "text", what, sizeof what);
    between(frame, frame_end ? frame_end : end, "fn", function, sizeof function);
    between(frame, frame_end ? frame_end : end, "file", file, sizeof file);
    between(frame, frame_end ? frame_end : end, "line", line, sizeof line);
    snprintf(ret, size, "%s, in %s()%s%s%s%s%s", what, function[0] ? function : "?",
             file[0] ? " (" : "", file, line[0] ? ":" : "", line, file[0] ? ")" : "");
}

static unsigned tell_errors(struct session *s, const char *xml, const char *object)
{
    unsigned count = 0;
    char text[1200];
    for (const char *at = xml; (at = strstr(at, "<error>")); at++) {
        const char *end = strstr(at, "</error>");
        const char *frame = end ? frame_in(at, end, object) : NULL;
        if (!frame || ++count > MOST)
            continue;
        describe(at, end, frame, text, sizeof text);
        verdict_print(s->tally, "fail", CHECK, text);
    }
    if (count > MOST) {
        snprintf(text, sizeof text, "%u more of the kind", count - MOST);
        verdict_print(s->tally, "note", CHECK, text);
    }
    return count;
}

/* ---- running it */

static void judge(struct session *s, const char *xml_path)
{
    struct err e;
    char *xml, object[300];
    size_t size;
    const char *slash = strrchr(s->c->plugin->path, '/');
    snprintf(object, sizeof object, "%s</obj>", slash ? slash : s->c->plugin->path);
    if (s->crashed_by_sigill) {
        verdict_print(s->tally, "skip", CHECK,
                      "valgrind does not know an instruction that the plugin uses");
        return;
    }
    if (file_read(xml_path, &xml, &size, &e) < 0) {
        verdict_print(s->tally, "skip", CHECK, e.text);
        return;
    }
    if (tell_errors(s, xml, object) == 0 && s->ended_well)
        verdict_print(s->tally, "pass", CHECK, "");
    free(xml);
}

void leaks_check(struct session *s, json_t *job)
{
    char program[PATH_MAX], file[PATH_MAX + 32], path[PATH_MAX];
    const char *folder = getenv("TMPDIR");
#ifdef CTXMARK_SANITIZED
    const char *problem = "this ctxmark was built with sanitizers, which valgrind cannot run";
#else
    const char *problem = tool_find("valgrind", program, sizeof program)
                              ? NULL
                              : "valgrind is not installed (Debian: valgrind)";
#endif
    if (!strchr(s->c->plugin->path, '/'))
        problem = "the plugin is built into ctxmark";
    snprintf(path, sizeof path, "%s/ctxmark-check.XXXXXX", folder && folder[0] ? folder : "/tmp");
    int fd = problem ? -1 : mkstemp(path);
    if (fd < 0) {
        verdict_print(s->tally, "skip", CHECK, problem ? problem : strerror(errno));
        json_decref(job);
        return;
    }
    close(fd);
    snprintf(file, sizeof file, "--xml-file=%s", path);
    const char *const tool[] = {program,
                                "-q",
                                "--leak-check=full",
                                "--show-leak-kinds=definite",
                                "--num-callers=40",
                                "--child-silent-after-fork=yes",
                                "--xml=yes",
                                file,
                                NULL};
    s->tool = tool;
    s->quiet = true;
    s->before = "under valgrind: ";
    session_run(s, job);
    judge(s, path);
    unlink(path);
    s->tool = NULL;
    s->quiet = false;
    s->before = "";
}
