/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/analysis/analysis.h"
#include "core/base/child.h"
#include "core/command/command.h"
#include "core/conformance/conformance.h"
#include "core/plugin/probe.h"
#include "core/run/machine.h"
#include "core/run/worker.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", command_run, "measures what a config plans, analyses it, writes a report"},
    {"check", command_check, "reads a config, looks at the machine, prints the plan"},
    {"analyze", command_analyze, "analyses a run directory again, or a CSV of measurements"},
    {"report", command_report, "renders a run directory's report again"},
    {"plugins", command_plugins, "lists the installed plugins, their options and problems"},
    {"verify", command_verify, "derives a run's cold tags and analysis again and compares"},
    {"compare", command_compare, "holds one run against another, cell by cell"},
    {"export", command_export, "writes a run's rows in another program's form"},
    {"import", command_import, "makes a run directory of llama-bench's results"},
    {"try", command_try, "sends one request to a backend"},
};

static const struct {
    const char *role;
    int (*run)(void);
} roles[] = {
    {"probe", probe_child_main},         {"worker", worker_child_main},
    {"analyzer", analyzer_child_main},   {"gpu", gpu_child_main},
    {"conform", conformance_child_main},
};

static void print_help(FILE *to)
{
    fputs("usage: ctxmark COMMAND [ARGUMENT]...\n\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
    fputs("\n`ctxmark COMMAND --help` says more; ctxmark(1) and ctxmark.yaml(5) say all.\n", to);
}

static int run_role(const char *role, const char *level)
{
    if (level && level[0] >= '0' && level[0] <= '2')
        log_set_level((enum log_level)(level[0] - '0'));
    /* What a plugin starts must not hold the socket open: its closing tells that we have died. */
    fcntl(CHILD_SOCKET_FD, F_SETFD, FD_CLOEXEC);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(role, roles[i].role) == 0)
            return roles[i].run();
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strncmp(name, CHILD_ARGUMENT, strlen(CHILD_ARGUMENT)) == 0)
        return run_role(name + strlen(CHILD_ARGUMENT), argv[2]);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        printf("ctxmark %s (plugin interface %d.%d)\n"
               "core, headers and backends: MIT; analysis plugins: GPL-3.0-or-later\n",
               PACKAGE_VERSION, CTXMARK_ABI_MAJOR, CTXMARK_ABI_MINOR);
        return EXIT_DONE;
    }
    if (argc > 1)
        log_error("'%s' is no command", name);
    print_help(stderr);
    return EXIT_USAGE;
}
