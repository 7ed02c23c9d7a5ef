#include "common/crypto/tls_context.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/crypto/reason.h"
#include "common/crypto/tls.h"

static int expected_name_index;

static void reserve_expected_name_index(void)
{
    expected_name_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    if (expected_name_index < 0)
        abort();
}

int tg_tls_expected_name_index(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, reserve_expected_name_index);
    return expected_name_index;
}

bool tg_tls_is_address(const char *name)
{
    unsigned char octets[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, octets) == 1 || inet_pton(AF_INET6, name, octets) == 1;
}

/* The certificate callback of client contexts: adds the name to what OpenSSL verifies (see the top of tls.h). */
static int verify_server(X509_STORE_CTX *store, void *unused)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *name = SSL_get_ex_data(ssl, tg_tls_expected_name_index());
    if (name == NULL || *name == '\0') {
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
        return 0;
    }
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(store);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int is_set = tg_tls_is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(rules, name)
                                         : X509_VERIFY_PARAM_set1_host(rules, name, 0);
    if (is_set != 1) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
        return 0;
    }
    return X509_verify_cert(store);
}

static SSL_CTX *create_native(const SSL_METHOD *method, bool is_mutual)
{
    SSL_CTX *native = SSL_CTX_new(method);
    if (native == NULL || SSL_CTX_set_min_proto_version(native, is_mutual ? TLS1_3_VERSION : TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        abort();
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(native, tg_tls_refuse_passphrase);
    return native;
}

static enum tg_status use_identity(SSL_CTX *native, const char *certificate_file, const char *key_file,
                                   struct tg_error *error)
{
    if (SSL_CTX_use_certificate_chain_file(native, certificate_file) != 1)
        return tg_fail(error, TG_INVALID, "certificate %s: %s", certificate_file, tg_crypto_reason());
    if (SSL_CTX_use_PrivateKey_file(native, key_file, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(native) != 1)
        return tg_fail(error, TG_INVALID, "private key %s: %s", key_file, tg_crypto_reason());
    return TG_OK;
}

/* Every certificate of the text becomes trusted; none at all is an error. */
static enum tg_status trust_pem(SSL_CTX *native, struct tg_text pem, struct tg_error *error)
{
    STACK_OF(X509) * certificates;
    enum tg_status status = tg_tls_read_certificates(pem, "CA certificates", &certificates, error);
    for (int i = 0; status == TG_OK && i < sk_X509_num(certificates); ++i)
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(native), sk_X509_value(certificates, i)) != 1)
            status = tg_fail(error, TG_INVALID, "CA certificates: %s", tg_crypto_reason());
    tg_tls_free_certificates(certificates);
    return status;
}

static enum tg_status demand_client_certificate(SSL_CTX *native, const char *client_ca_file, struct tg_error *error)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca_file);
    if (names == NULL || SSL_CTX_load_verify_file(native, client_ca_file) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return tg_fail(error, TG_INVALID, "client CA %s: %s", client_ca_file, tg_crypto_reason());
    }
    SSL_CTX_set_client_CA_list(native, names);
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(native, 0);
    return TG_OK;
}

static tg_tls_context *wrap(SSL_CTX *native, bool is_server)
{
    tg_tls_context *context = malloc(sizeof(*context));
    if (context == NULL)
        abort();
    *context = (tg_tls_context){native, is_server};
    return context;
}

enum tg_status tg_tls_server_create(const char *certificate_file, const char *key_file, const char *client_ca_file,
                                    tg_tls_context **context, struct tg_error *error)
{
    ERR_clear_error();
    SSL_CTX *native = create_native(TLS_server_method(), client_ca_file != NULL);
    static const unsigned char session_context[] = "tollgate";
    SSL_CTX_set_session_id_context(native, session_context, sizeof(session_context) - 1);
    enum tg_status status = use_identity(native, certificate_file, key_file, error);
    if (status == TG_OK && client_ca_file != NULL)
        status = demand_client_certificate(native, client_ca_file, error);
    if (status != TG_OK) {
        SSL_CTX_free(native);
        *context = NULL;
        return status;
    }
    *context = wrap(native, true);
    return TG_OK;
}

static SSL_CTX *create_client(bool is_mutual)
{
    SSL_CTX *native = create_native(TLS_client_method(), is_mutual);
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(native, verify_server, NULL);
    return native;
}

static enum tg_status trust(SSL_CTX *native, const char *ca_file, struct tg_text ca_pem, struct tg_error *error)
{
    if (ca_file != NULL && SSL_CTX_load_verify_file(native, ca_file) != 1)
        return tg_fail(error, TG_INVALID, "CA file %s: %s", ca_file, tg_crypto_reason());
    if (ca_pem.bytes != 0)
        return trust_pem(native, ca_pem, error);
    if (ca_file == NULL && SSL_CTX_set_default_verify_paths(native) != 1)
        return tg_fail(error, TG_IO, "the system's trust store: %s", tg_crypto_reason());
    return TG_OK;
}

static enum tg_status finish_client(SSL_CTX *native, enum tg_status status, tg_tls_context **context)
{
    *context = status == TG_OK ? wrap(native, false) : NULL;
    if (status != TG_OK)
        SSL_CTX_free(native);
    return status;
}

enum tg_status tg_tls_client_create(const char *ca_file, struct tg_text ca_pem, const char *certificate_file,
                                    const char *key_file, tg_tls_context **context, struct tg_error *error)
{
    ERR_clear_error();
    SSL_CTX *native = create_client(certificate_file != NULL);
    enum tg_status status = trust(native, ca_file, ca_pem, error);
    if (status == TG_OK && certificate_file != NULL)
        status = use_identity(native, certificate_file, key_file, error);
    return finish_client(native, status, context);
}

enum tg_status tg_tls_client_create_from_pem(struct tg_text ca_pem, struct tg_text certificate_pem,
                                             struct tg_text key_pem, tg_tls_context **context, struct tg_error *error)
{
    ERR_clear_error();
    SSL_CTX *native = create_client(false);
    enum tg_status status = trust(native, NULL, ca_pem, error);
    if (status == TG_OK && certificate_pem.bytes != 0)
        status = tg_tls_use_identity(native, certificate_pem, key_pem, error);
    return finish_client(native, status, context);
}

void tg_tls_context_destroy(tg_tls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->native);
    free(context);
}
