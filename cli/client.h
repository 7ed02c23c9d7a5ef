/* The admin API over HTTP: one JSON call at a time, errors turned into sentences. Adapter of libcurl.
 *
 * The token is sent to the given address only; redirects are not followed. One thread. */
#ifndef TG_CLI_CLIENT_H
#define TG_CLI_CLIENT_H

#include <stdio.h>

#include "common/codec/json.h"

typedef struct tg_client tg_client;

/* `url` is the control plane's base ("http://127.0.0.1:8090"); `ca_file` NULL is the system's trust store. */
enum tg_status tg_client_create(const char *url, const char *token, const char *ca_file, tg_client **client,
                                struct tg_error *error) TG_MUST_CHECK;
void tg_client_destroy(tg_client *client); /* NULL is fine */

/* `body` may be NULL. *answer is the parsed body, NULL where there is none; the caller destroys it. A problem (RFC
 * 9457) becomes an error whose message holds its detail and every field that it names, and whose status follows the
 * HTTP status: 401, 403 DENIED; 404 NOT_FOUND; 409, 412 CONFLICT; other 4xx INVALID; 5xx and no answer UNAVAILABLE. */
enum tg_status tg_client_call(tg_client *client, const char *method, const char *path, const tg_json *body,
                              tg_json **answer, struct tg_error *error) TG_MUST_CHECK;

/* Copies the body of a GET to `out` as it arrives. An answer that was cut is TG_UNAVAILABLE. */
enum tg_status tg_client_download(tg_client *client, const char *path, FILE *out, struct tg_error *error) TG_MUST_CHECK;

/* Appends text percent-encoded for a query or a path segment (RFC 3986 section 2.1). */
enum tg_status tg_client_escape(struct tg_buf *out, struct tg_text text) TG_MUST_CHECK;

#endif
