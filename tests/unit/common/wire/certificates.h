/* Throw-away certificates for tests of the stream: an authority, a server ("stream.test", 127.0.0.1) and a client
 * ("replica-1"), and an impostor of the same name from another authority. */
#ifndef TEST_WIRE_CERTIFICATES_H
#define TEST_WIRE_CERTIFICATES_H

#include "common/crypto/tls.h"

/* Makes them in a new directory, whose path is returned; NULL if that fails. */
const char *test_certificates_make(void);
void test_certificates_remove(void);

/* "<directory>/<name>"; good for a few calls. */
const char *test_certificates_path(const char *name);

tg_tls_context *test_certificates_server(void);
tg_tls_context *test_certificates_client(const char *identity); /* "client" or "impostor" */

#endif
