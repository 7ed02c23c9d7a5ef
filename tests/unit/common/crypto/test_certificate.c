#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/time.h"
#include "common/crypto/certificate.h"

/* An authority that ends in a day, a client of it that ends in five with a key on a curve, another with a key that is
 * too weak, and a key with a passphrase. */
static const char script[] =
    "set -e; cd \"$1\"; exec 2>openssl.log\n"
    "curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
    "openssl req -x509 $curve -keyout ca.key -out ca.pem -subj /CN=ca -days 1\n"
    "issue() { openssl req $2 -keyout $1.key -out $1.csr -subj /CN=$1\n"
    "  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 5 -out $1.pem; }\n"
    "issue client \"$curve\"; issue other \"$curve\"; issue weak '-newkey rsa:1024 -nodes'\n"
    "cat client.pem ca.pem > chain.pem; cat client.pem client.key > both.pem\n"
    "openssl pkey -in client.key -aes128 -passout pass:x -out locked.key\n"
    "head -c 200 client.pem > cut.pem; printf %s \"$(cat client.key)\" > trimmed.key\n";

static char directory[] = "/tmp/tollgate-test-certificate-XXXXXX";

/* The content of a file; empty for "". Good until the program ends. */
static struct tg_text read_file(const char *name)
{
    static struct tg_buf files[32];
    static size_t count;
    if (name[0] == '\0')
        return tg_text("", 0);
    assert_true(count < sizeof(files) / sizeof(files[0]));
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_int_equal(tg_file_read(path, 1 << 16, &files[count], NULL), TG_OK);
    return tg_buf_text(&files[count++]);
}

static int prepare(void **state)
{
    char command[256], path[128];
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/make", directory);
    if (tg_file_write_atomic(path, tg_text_of(script), 0600, NULL) != TG_OK)
        return -1;
    snprintf(command, sizeof(command), "sh %s %s", path, directory);
    return system(command);
}

static int clean_up(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

static void a_chain_ends_with_the_first_of_its_certificates(void **state)
{
    const int64_t hour_ms = 3600 * 1000, now_ms = tg_time_unix_ms();
    int64_t alone_ms, chain_ms;
    struct tg_error error;
    assert_int_equal(tg_certificate_check(read_file("client.pem"), &alone_ms, &error), TG_OK);
    assert_int_equal(tg_certificate_check(read_file("chain.pem"), &chain_ms, &error), TG_OK);
    assert_in_range(alone_ms - now_ms, 119 * hour_ms, 121 * hour_ms);
    assert_in_range(chain_ms - now_ms, 23 * hour_ms, 25 * hour_ms);
}

static void what_is_no_chain_is_refused_and_so_is_a_key_in_it(void **state)
{
    static const struct {
        const char *file, *says;
    } cases[] = {
        {"", "number 1 is not valid PEM"}, {"client.key", "private key"}, {"both.pem", "private key"},
        {"cut.pem", "number 1 is not"},    {"client.csr", "number 1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        int64_t ends_ms;
        struct tg_error error;
        assert_int_equal(tg_certificate_check(read_file(cases[i].file), &ends_ms, &error), TG_INVALID);
        if (strstr(error.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].file, error.message);
    }
}

static void a_key_must_be_that_of_the_certificate_open_and_strong(void **state)
{
    static const struct {
        const char *certificate, *key, *says;
    } cases[] = {
        {"client.pem", "client.key", NULL},
        {"chain.pem", "client.key", NULL},
        {"client.pem", "trimmed.key", NULL}, /* without the line end behind it */
        {"client.pem", "other.key", "not that of the certificate"},
        {"client.pem", "weak.key", "not that of the certificate"},
        {"client.pem", "locked.key", "passphrase"},
        {"client.pem", "", "passphrase"},
        {"client.pem", "client.pem", "passphrase"},
        {"weak.pem", "weak.key", "too small"},
        {"cut.pem", "client.key", "not valid PEM"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct tg_error error = {.message = ""};
        enum tg_status status =
            tg_certificate_check_key(read_file(cases[i].certificate), read_file(cases[i].key), &error);
        assert_int_equal(status, cases[i].says == NULL ? TG_OK : TG_INVALID);
        if (cases[i].says != NULL && strstr(error.message, cases[i].says) == NULL)
            fail_msg("%s, %s: %s", cases[i].certificate, cases[i].key, error.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_ends_with_the_first_of_its_certificates),
        cmocka_unit_test(what_is_no_chain_is_refused_and_so_is_a_key_in_it),
        cmocka_unit_test(a_key_must_be_that_of_the_certificate_open_and_strong),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
