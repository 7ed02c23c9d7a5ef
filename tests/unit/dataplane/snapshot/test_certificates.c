/* Deployments connect with their credential's client certificate, and share connections with nobody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/unit/common/wire/certificates.h"
#include "world.h"

static struct tg_buf ca, certificate, key, other_certificate, other_key;

static void read_file(const char *name, struct tg_buf *content)
{
    if (tg_file_read(test_certificates_path(name), 1 << 16, content, NULL) != TG_OK ||
        tg_buf_append(content, tg_text("", 1)) != TG_OK) /* the messages want strings */
        abort();
}

static int prepare(void **state)
{
    if (test_certificates_make() == NULL)
        return -1;
    read_file("ca.pem", &ca);
    read_file("client.pem", &certificate);
    read_file("client.key", &key);
    read_file("impostor.pem", &other_certificate);
    read_file("impostor.key", &other_key);
    return 0;
}

static int clean_up(void **state)
{
    struct tg_buf *const contents[] = {&ca, &certificate, &key, &other_certificate, &other_key};
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); ++i)
        tg_buf_deinit(contents[i]);
    test_certificates_remove();
    return 0;
}

static Tollgate__V1__Resource *make_provider(struct parts *parts, const char *base_url)
{
    make(parts, WORLD_TYPE(PROVIDER), 1, 1);
    parts->provider.base_url = text(base_url);
    parts->provider.ca_pem = ca.data;
    return &parts->resource;
}

static Tollgate__V1__Resource *make_credential(struct parts *parts, uint32_t number, const char *certificate_pem,
                                               const char *key_pem)
{
    make(parts, WORLD_TYPE(CREDENTIAL), number, 1);
    parts->credential.kind = TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_CLIENT_CERTIFICATE;
    parts->credential.secret = text("");
    parts->credential.client_certificate_pem = text(certificate_pem);
    parts->credential.client_key_pem = text(key_pem);
    return &parts->resource;
}

/* Model 1 has deployments 1 to 4: two with credential 1, one with credential 2, one with none. */
static void send_world(struct world *world, const char *base_url)
{
    struct parts parts;
    world_init(world);
    for (int type = 1; type <= WORLD_TYPE(BUDGET); ++type)
        if (type != WORLD_TYPE(PROVIDER) && type != WORLD_TYPE(CREDENTIAL) && type != WORLD_TYPE(DEPLOYMENT))
            send_made(world, (Tollgate__V1__ResourceType)type, 1, 1);
    send_resource(world, make_provider(&parts, base_url), NULL);
    send_resource(world, make_credential(&parts, 1, certificate.data, key.data), NULL);
    send_resource(world, make_credential(&parts, 2, other_certificate.data, other_key.data), NULL);
    static const uint32_t credentials[] = {1, 1, 2, 0};
    for (uint32_t i = 0; i < 4; ++i) {
        make(&parts, WORLD_TYPE(DEPLOYMENT), i + 1, 1);
        parts.deployment.credential_id = field_of(&parts.rooms[4], WORLD_TYPE(CREDENTIAL), credentials[i]);
        parts.deployment.priority = i;
        send_resource(world, &parts.resource, NULL);
    }
}

static tg_snapshot *must_commit(struct world *world)
{
    tg_snapshot *snapshot;
    struct tg_error error = {0};
    if (commit(world, &snapshot, &error) != TG_OK)
        fail_msg("%s", error.message);
    return snapshot;
}

static const struct tg_deployment *deployments_of(const tg_snapshot *snapshot)
{
    uint8_t sha256[32];
    struct tg_principal principal;
    key_hash(1, sha256);
    assert_true(tg_snapshot_find_key(snapshot, sha256, &principal));
    const struct tg_model *model = tg_snapshot_find_model(snapshot, &principal, tg_text_of("model-1"));
    assert_int_equal(model->deployment_count, 4);
    return model->deployments;
}

static void each_certificate_has_a_context_of_its_own(void **state)
{
    struct world world;
    send_world(&world, "https://127.0.0.1:9999/v1");
    tg_snapshot *snapshot = must_commit(&world);
    const struct tg_deployment *deployments = deployments_of(snapshot);
    const tg_tls_context *plain = deployments[0].provider->origin.tls;
    assert_non_null(plain);
    assert_non_null(deployments[0].origin.tls);
    assert_ptr_equal(deployments[0].origin.tls, deployments[1].origin.tls);
    assert_ptr_not_equal(deployments[0].origin.tls, deployments[2].origin.tls);
    assert_ptr_not_equal(deployments[0].origin.tls, plain);
    assert_ptr_not_equal(deployments[2].origin.tls, plain);
    assert_ptr_equal(deployments[3].origin.tls, plain);
    for (size_t i = 0; i < 4; ++i) {
        assert_string_equal(deployments[i].origin.host, "127.0.0.1");
        assert_int_equal(deployments[i].origin.port, 9999);
        assert_int_equal(deployments[i].secret.bytes, 0);
    }
    assert_int_equal(deployments[2].credential_kind, TG_CREDENTIAL_CLIENT_CERTIFICATE);
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

static void a_new_certificate_is_for_new_snapshots_and_an_unchanged_one_keeps_its_context(void **state)
{
    struct world world;
    struct parts before, after;
    send_world(&world, "https://127.0.0.1:9999/v1");
    tg_snapshot *first = must_commit(&world);
    make_credential(&before, 1, certificate.data, key.data);
    send_resource(&world, make_credential(&after, 1, other_certificate.data, other_key.data), &before.resource);
    tg_snapshot *second = must_commit(&world);
    const struct tg_deployment *old = deployments_of(first), *now = deployments_of(second);
    assert_ptr_not_equal(old[0].origin.tls, now[0].origin.tls);
    assert_ptr_equal(now[0].origin.tls, now[2].origin.tls); /* the same certificate now */
    assert_ptr_equal(old[2].origin.tls, now[2].origin.tls);
    assert_ptr_equal(old[3].origin.tls, now[3].origin.tls);
    tg_snapshot_unref(first);
    tg_snapshot_unref(second);
    world_deinit(&world);
}

static void without_tls_no_certificate_is_shown(void **state)
{
    struct world world;
    send_world(&world, "http://127.0.0.1:9999/v1");
    tg_snapshot *snapshot = must_commit(&world);
    assert_null(deployments_of(snapshot)[0].origin.tls);
    assert_string_equal(deployments_of(snapshot)[0].origin.scheme, "http");
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

static void a_certificate_that_cannot_be_used_is_refused_and_named(void **state)
{
    const struct {
        const char *certificate, *key, *says;
    } cases[] = {{certificate.data, other_key.data, "not that of the certificate"},
                 {certificate.data, "", "passphrase"},
                 {"no PEM", key.data, "not valid PEM"},
                 {"", "", "is empty"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct world world;
        struct parts parts;
        tg_snapshot *snapshot;
        struct tg_error error = {0};
        send_world(&world, "https://127.0.0.1:9999/v1");
        send_resource(&world, make_credential(&parts, 5, cases[i].certificate, cases[i].key), NULL);
        assert_int_equal(commit(&world, &snapshot, &error), TG_INVALID);
        assert_non_null(strstr(error.message, "client_certificate_pem"));
        if (strstr(error.message, cases[i].says) == NULL)
            fail_msg("%s", error.message);
        world_deinit(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_certificate_has_a_context_of_its_own),
        cmocka_unit_test(a_new_certificate_is_for_new_snapshots_and_an_unchanged_one_keeps_its_context),
        cmocka_unit_test(without_tls_no_certificate_is_shown),
        cmocka_unit_test(a_certificate_that_cannot_be_used_is_refused_and_named),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
