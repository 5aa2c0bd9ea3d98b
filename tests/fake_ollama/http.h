/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef FAKE_OLLAMA_HTTP_H
#define FAKE_OLLAMA_HTTP_H

struct MHD_Daemon;

/* Listens as the configuration says; NULL: cannot.  ret_port: the port that it got. */
struct MHD_Daemon *fake_serve(int *ret_port);

#endif
