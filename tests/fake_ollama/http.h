/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef FAKE_OLLAMA_HTTP_H
#define FAKE_OLLAMA_HTTP_H

#include <stdbool.h>

/* Whether libmicrohttpd was built with TLS. */
bool fake_can_tls(void);

/* Listens as the configuration says; false: cannot.  ret_port: the port that it got. */
bool fake_serve(int *ret_port);

#endif
