/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The commands.  Each takes its own arguments (argv[0] is the command's name) and returns the exit
 * status of the program. */

#ifndef CORE_COMMAND_COMMAND_H
#define CORE_COMMAND_COMMAND_H

enum exit_status {
    EXIT_DONE = 0,
    EXIT_SOME_FAILED = 1,  /* some cells failed, or an output could not be written */
    EXIT_USAGE = 2,        /* usage or config */
    EXIT_REGRESSION = 3,   /* `compare --fail-over`: proven */
    EXIT_INCONCLUSIVE = 4, /* `compare --fail-over`: neither proven nor excluded */
    EXIT_INTERRUPTED = 130,
};

int command_analyze(int argc, char **argv);
int command_check(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_export(int argc, char **argv);
int command_import(int argc, char **argv);
int command_plugins(int argc, char **argv);
int command_report(int argc, char **argv);
int command_run(int argc, char **argv);
int command_try(int argc, char **argv);
int command_verify(int argc, char **argv);

#endif
