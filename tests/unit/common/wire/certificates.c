#include "certificates.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/file.h"

static const char script[] =
    "set -e; cd \"$1\"; exec 2>openssl.log\n"
    "key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
    "for ca in ca other; do openssl req -x509 $key -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 2; done\n"
    "issue() { openssl req $key -keyout $1.key -out $1.csr -subj \"$3\"; printf '%s\\n' \"$4\" > $1.ext\n"
    "  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 2 -out $1.pem -extfile $1.ext; }\n"
    "issue server ca /CN=control 'subjectAltName=DNS:stream.test,IP:127.0.0.1'\n"
    "issue client ca /CN=replica-1 'extendedKeyUsage=clientAuth'\n"
    "issue impostor other /CN=replica-1 'extendedKeyUsage=clientAuth'\n";

static char directory[] = "/tmp/tollgate-test-wire-XXXXXX";

const char *test_certificates_path(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

const char *test_certificates_make(void)
{
    char command[256];
    if (mkdtemp(directory) == NULL ||
        tg_file_write_atomic(test_certificates_path("make"), tg_text_of(script), 0600, NULL) != TG_OK)
        return NULL;
    snprintf(command, sizeof(command), "sh %s %s", test_certificates_path("make"), directory);
    return system(command) == 0 ? directory : NULL;
}

void test_certificates_remove(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    if (system(command) != 0)
        abort();
}

tg_tls_context *test_certificates_server(void)
{
    tg_tls_context *context;
    struct tg_error error;
    if (tg_tls_server_create(test_certificates_path("server.pem"), test_certificates_path("server.key"),
                             test_certificates_path("ca.pem"), &context, &error) != TG_OK)
        abort();
    return context;
}

tg_tls_context *test_certificates_client(const char *identity)
{
    char certificate[64], key[64];
    snprintf(certificate, sizeof(certificate), "%s.pem", identity);
    snprintf(key, sizeof(key), "%s.key", identity);
    tg_tls_context *context;
    struct tg_error error;
    if (tg_tls_client_create(test_certificates_path("ca.pem"), tg_text_of(""), test_certificates_path(certificate),
                             test_certificates_path(key), &context, &error) != TG_OK)
        abort();
    return context;
}
