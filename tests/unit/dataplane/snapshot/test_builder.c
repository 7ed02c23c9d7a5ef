#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/snapshot/snapshot_internal.h"
#include "world.h"

static tg_snapshot *must_commit(struct world *world)
{
    tg_snapshot *snapshot;
    struct tg_error error = {0};
    if (commit(world, &snapshot, &error) != TG_OK)
        fail_msg("%s", error.message);
    return snapshot;
}

static struct tg_principal principal_of(const tg_snapshot *snapshot, uint32_t key)
{
    uint8_t sha256[32];
    key_hash(key, sha256);
    struct tg_principal principal;
    assert_true(tg_snapshot_find_key(snapshot, sha256, &principal));
    return principal;
}

static bool has_key(const tg_snapshot *snapshot, uint32_t key)
{
    uint8_t sha256[32];
    key_hash(key, sha256);
    struct tg_principal principal;
    return tg_snapshot_find_key(snapshot, sha256, &principal);
}

static void a_key_leads_to_everything_that_a_call_needs(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot *snapshot = must_commit(&world);
    assert_int_equal(tg_snapshot_revision(snapshot), 1);
    struct tg_principal principal = principal_of(snapshot, 1);
    assert_true(tg_id_equals(principal.team_id, id_of(WORLD_TYPE(TEAM), 1)));
    assert_true(tg_id_equals(principal.project_id, id_of(WORLD_TYPE(PROJECT), 1)));
    assert_false(has_key(snapshot, 2));

    const struct tg_model *model = tg_snapshot_find_model(snapshot, &principal, tg_text_of("model-1"));
    assert_non_null(model);
    assert_int_equal(model->deployment_count, 1);
    const struct tg_deployment *deployment = &model->deployments[0];
    assert_true(tg_text_is(deployment->secret, "sk-upstream"));
    assert_true(tg_text_is(deployment->provider->path_prefix, "/v1"));
    assert_true(tg_text_is(deployment->provider->host_header, "127.0.0.1:9999"));
    assert_string_equal(deployment->provider->origin.host, "127.0.0.1");
    assert_int_equal(deployment->provider->origin.port, 9999);
    assert_null(tg_deployment_price(deployment, 0));
    const struct tg_price *price = tg_deployment_price(deployment, 1);
    bool is_tier_known;
    assert_int_equal(price->request_pusd, 3);
    const struct tg_rate_set *set = tg_rates_pick(price->sets, price->set_count, tg_text_of(""), 1, &is_tier_known);
    assert_int_equal(set->pusd[TG_USAGE_INPUT], 75000);
    assert_int_equal(set->pusd[TG_USAGE_CACHE_WRITE_1H], 75000);
    assert_false(tg_rate_has(set, TG_USAGE_OUTPUT));
    set = tg_rates_pick(price->sets, price->set_count, tg_text_of("flex"), 1001, &is_tier_known);
    assert_true(is_tier_known);
    assert_int_equal(set->pusd[TG_USAGE_INPUT], 40000);

    const struct tg_budget *budgets[TG_WALLET_MAX_LINES];
    assert_int_equal(tg_snapshot_find_budgets(snapshot, &principal, model, budgets, TG_WALLET_MAX_LINES), 1);
    assert_true(tg_text_is(budgets[0]->name, "budget-1"));
    assert_non_null(budgets[0]->account);
    assert_ptr_equal(tg_snapshot_find_budget(snapshot, budgets[0]->id), budgets[0]);
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

static void a_price_of_the_first_version_still_has_its_three_rates(void **state)
{
    struct parts parts;
    make(&parts, WORLD_TYPE(PRICE), 1, 1);
    parts.price.n_rates = 0;
    parts.price.input_pusd = 10;
    parts.price.cached_input_pusd = 0;
    parts.price.output_pusd = 30;
    struct tg_arena arena;
    tg_arena_init(&arena);
    struct tg_price price = tg_price_build(&arena, &parts.price);
    assert_int_equal(price.set_count, 1);
    assert_int_equal(price.sets[0].pusd[TG_USAGE_INPUT], 10);
    assert_int_equal(price.sets[0].pusd[TG_USAGE_CACHED_INPUT], 0);
    assert_int_equal(price.sets[0].pusd[TG_USAGE_REASONING], 30);
    tg_arena_deinit(&arena);
}

static void what_the_profile_does_not_name_does_not_exist(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot *snapshot = must_commit(&world);
    struct tg_principal principal = principal_of(snapshot, 1);
    assert_null(tg_snapshot_find_model(snapshot, &principal, tg_text_of("model-2")));
    size_t cursor = 0;
    assert_true(tg_text_is(tg_snapshot_list_models(snapshot, &principal, &cursor)->name, "model-1"));
    assert_null(tg_snapshot_list_models(snapshot, &principal, &cursor));
    struct tg_principal stranger = principal;
    stranger.organization_id = id_of(WORLD_TYPE(ORGANIZATION), 9);
    assert_null(tg_snapshot_find_model(snapshot, &stranger, tg_text_of("model-1")));
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

static void a_delta_changes_one_thing_and_the_old_snapshot_stays_as_it_was(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot *first = must_commit(&world);
    tg_snapshot_builder_begin(world.builder, false);
    struct parts before, after;
    make(&before, WORLD_TYPE(API_KEY), 1, 1);
    make(&after, WORLD_TYPE(API_KEY), 1, 1);
    after.api_key.is_revoked = true;
    send_resource(&world, &after.resource, &before.resource);
    send_made(&world, WORLD_TYPE(API_KEY), 2, 1);
    tg_snapshot *second = must_commit(&world);
    assert_false(principal_of(first, 1).is_revoked);
    assert_true(principal_of(second, 1).is_revoked);
    assert_false(has_key(first, 2));
    assert_true(has_key(second, 2));
    tg_snapshot_unref(first);
    tg_snapshot_unref(second);
    world_deinit(&world);
}

static void keys_added_after_a_refused_reorganisation_lead_to_their_own_application(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    for (uint32_t i = 2; i <= 5; ++i)
        send_made(&world, WORLD_TYPE(APPLICATION), i, 1);
    tg_snapshot_unref(must_commit(&world));
    tg_snapshot_builder_begin(world.builder, false);
    /* A refused build numbers the applications anew; nothing of that may show. */
    struct tg_digest good = world.digest;
    send_made(&world, WORLD_TYPE(APPLICATION), 6, 1);
    struct parts parts;
    make(&parts, WORLD_TYPE(API_KEY), 7, 99);
    send_resource(&world, &parts.resource, NULL);
    tg_snapshot *snapshot;
    struct tg_error error;
    assert_int_equal(commit(&world, &snapshot, &error), TG_INVALID);
    world.digest = good;
    for (uint32_t i = 2; i <= 5; ++i) {
        send_made(&world, WORLD_TYPE(API_KEY), i, i);
        snapshot = must_commit(&world);
        assert_true(tg_id_equals(principal_of(snapshot, i).application_id, id_of(WORLD_TYPE(APPLICATION), i)));
        assert_true(tg_id_equals(principal_of(snapshot, 1).application_id, id_of(WORLD_TYPE(APPLICATION), 1)));
        tg_snapshot_unref(snapshot);
    }
    world_deinit(&world);
}

static void a_key_that_moves_or_goes_is_followed(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    send_made(&world, WORLD_TYPE(APPLICATION), 2, 1);
    send_made(&world, WORLD_TYPE(API_KEY), 2, 1);
    tg_snapshot_unref(must_commit(&world));
    tg_snapshot_builder_begin(world.builder, false);
    struct parts before, after;
    send_resource(&world, make(&after, WORLD_TYPE(API_KEY), 2, 2), make(&before, WORLD_TYPE(API_KEY), 2, 1));
    tg_snapshot *snapshot = must_commit(&world);
    assert_true(tg_id_equals(principal_of(snapshot, 2).application_id, id_of(WORLD_TYPE(APPLICATION), 2)));
    tg_snapshot_unref(snapshot);
    struct tg_buf packed;
    tg_buf_init(&packed, 4096);
    assert_int_equal(tg_wire_pack(&after.resource.base, &packed), TG_OK);
    digest_of(tg_buf_text(&packed), false, &world.digest);
    tg_buf_deinit(&packed);
    tg_snapshot_builder_delete(world.builder, WORLD_TYPE(API_KEY), id_of(WORLD_TYPE(API_KEY), 2));
    snapshot = must_commit(&world);
    assert_false(has_key(snapshot, 2));
    assert_true(has_key(snapshot, 1));
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

static void a_full_snapshot_forgets_what_it_does_not_name(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    send_made(&world, WORLD_TYPE(API_KEY), 2, 1);
    tg_snapshot_unref(must_commit(&world));
    tg_snapshot_builder_begin(world.builder, true);
    world.digest = (struct tg_digest){{0}};
    send_everything(&world);
    tg_snapshot *snapshot = must_commit(&world);
    assert_true(has_key(snapshot, 1));
    assert_false(has_key(snapshot, 2));
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

static void a_wrong_digest_is_refused_and_nothing_changes(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot_unref(must_commit(&world));
    struct tg_digest good = world.digest;
    send_made(&world, WORLD_TYPE(API_KEY), 2, 1);
    world.digest.octets[31] ^= 1;
    tg_snapshot *snapshot;
    struct tg_error error;
    assert_int_equal(commit(&world, &snapshot, &error), TG_CORRUPT);
    assert_null(snapshot);
    struct tg_digest held = tg_snapshot_builder_digest(world.builder);
    assert_true(tg_digest_equals(&held, &good));
    assert_int_equal(tg_snapshot_builder_revision(world.builder), 1);
    world.digest = good;
    snapshot = must_commit(&world);
    assert_false(has_key(snapshot, 2));
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

/* Each makes one resource wrong; the refusal must say which and where. */
static void no_application(struct parts *parts)
{
    parts->rooms[2] = id_of(WORLD_TYPE(APPLICATION), 77);
}
static void no_provider(struct parts *parts)
{
    parts->rooms[3] = id_of(WORLD_TYPE(PROVIDER), 77);
}
static void no_model(struct parts *parts)
{
    parts->rooms[2] = id_of(WORLD_TYPE(MODEL), 77);
}
static void foreign_dialect(struct parts *parts)
{
    parts->api.dialect = text("klingon");
}
static void foreign_operation(struct parts *parts)
{
    parts->api.operation = text("teleport");
}
static void line_in_path(struct parts *parts)
{
    parts->api.path = text("/chat\r\nx: y");
}
static void nameless_auth(struct parts *parts)
{
    parts->provider.auth = TOLLGATE__V1__PROVIDER_AUTH__PROVIDER_AUTH_HEADER;
}
static void bad_url(struct parts *parts)
{
    parts->provider.base_url = text("ftp://provider");
}
static void scheme_that_ends_the_line(struct parts *parts)
{
    parts->provider.auth_scheme = text("Token\r\nx:");
}
static void bad_authority(struct parts *parts)
{
    parts->provider.base_url = text("https://provider");
    parts->provider.ca_pem = text("no certificate");
}
static void negative_price(struct parts *parts)
{
    parts->price.rates[0]->pusd = -1;
}
static void unknown_kind(struct parts *parts)
{
    parts->price.rates[0]->kind = (Tollgate__V1__UsageKind)17;
}
static void old_negative_price(struct parts *parts)
{
    parts->price.output_pusd = -1;
}
static void header_in_secret(struct parts *parts)
{
    parts->credential.secret = text("sk\r\nx-injected: 1");
}
static void header_in_session(struct parts *parts)
{
    parts->credential.session_token = text("token\r\nx-injected: 1");
}
static void no_secret(struct parts *parts)
{
    parts->credential.secret = text("");
}
static void foreign_credential(struct parts *parts)
{
    parts->credential.kind = 99;
}
static void short_hash(struct parts *parts)
{
    parts->api_key.sha256.len = 31;
}
static void same_hash(struct parts *parts)
{
    key_hash(1, parts->sha256);
}
static void same_name(struct parts *parts)
{
    parts->model.name = text("model-1");
}
static void no_scope(struct parts *parts)
{
    parts->budget.scope = TOLLGATE__V1__BUDGET_SCOPE__BUDGET_SCOPE_UNSPECIFIED;
}

/* The credential of model-1's deployment as the snapshot has it after this change. */
static void change_credential(struct world *world, Tollgate__V1__CredentialKind kind, const char *secret,
                              int64_t expires_at_ms, struct parts *before)
{
    struct parts parts;
    make(&parts, WORLD_TYPE(CREDENTIAL), 1, 1);
    parts.credential.kind = kind;
    parts.credential.secret = text(secret);
    parts.credential.access_key_id = text("ASIA");
    parts.credential.session_token = text(secret[0] == '\0' ? "" : "session");
    parts.credential.expires_at_ms = expires_at_ms;
    send_resource(world, &parts.resource, &before->resource);
    *before = parts;
    before->resource.credential = &before->credential;
}

static void a_short_lived_credential_comes_and_is_replaced(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot *first = must_commit(&world);
    struct parts parts;
    make(&parts, WORLD_TYPE(CREDENTIAL), 1, 1);
    /* Its first token is still under way: nothing is sent, and that is no mistake. */
    change_credential(&world, TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_AWS_KEYS, "", 0, &parts);
    tg_snapshot *second = must_commit(&world);
    change_credential(&world, TOLLGATE__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_AWS_KEYS, "minted", 5000, &parts);
    tg_snapshot *third = must_commit(&world);
    const struct {
        tg_snapshot *snapshot;
        enum tg_credential_kind kind;
        const char *secret, *session_token;
        int64_t expires_at_ms;
    } expected[] = {{first, TG_CREDENTIAL_API_KEY, "sk-upstream", "", 0},
                    {second, TG_CREDENTIAL_AWS_KEYS, "", "", 0},
                    {third, TG_CREDENTIAL_AWS_KEYS, "minted", "session", 5000}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); ++i) {
        struct tg_principal principal = principal_of(expected[i].snapshot, 1);
        const struct tg_model *model = tg_snapshot_find_model(expected[i].snapshot, &principal, tg_text_of("model-1"));
        const struct tg_deployment *deployment = &model->deployments[0];
        assert_int_equal(deployment->credential_kind, expected[i].kind);
        assert_true(tg_text_is(deployment->secret, expected[i].secret));
        assert_true(tg_text_is(deployment->session_token, expected[i].session_token));
        assert_true(tg_text_is(deployment->access_key_id, i == 0 ? "" : "ASIA"));
        assert_int_equal(deployment->credential_expires_at_ms, expected[i].expires_at_ms);
        tg_snapshot_unref(expected[i].snapshot);
    }
    world_deinit(&world);
}

static void every_kind_of_mistake_is_refused_whole_and_named(void **state)
{
    static const struct {
        Tollgate__V1__ResourceType type;
        uint32_t number;
        void (*spoil)(struct parts *parts);
        const char *says[3];
    } cases[] = {
        {WORLD_TYPE(API_KEY), 5, no_application, {"api_key", "application_id", "names no application"}},
        {WORLD_TYPE(DEPLOYMENT), 5, no_provider, {"deployment", "provider_id", "names no provider"}},
        {WORLD_TYPE(DEPLOYMENT), 5, no_model, {"deployment", "model_id", "names no model"}},
        {WORLD_TYPE(PROVIDER), 5, foreign_dialect, {"provider \"provider-5\"", "dialect", "klingon"}},
        {WORLD_TYPE(PROVIDER), 5, foreign_operation, {"provider", "apis", "teleport"}},
        {WORLD_TYPE(PROVIDER), 5, line_in_path, {"provider", "apis", "path"}},
        {WORLD_TYPE(PROVIDER), 5, nameless_auth, {"provider", "auth_name", "secret"}},
        {WORLD_TYPE(PROVIDER), 5, bad_url, {"provider", "base_url", "https://"}},
        {WORLD_TYPE(PROVIDER), 5, scheme_that_ends_the_line, {"provider", "auth_scheme", "head"}},
        {WORLD_TYPE(PROVIDER), 5, bad_authority, {"provider", "ca_pem", "PEM"}},
        {WORLD_TYPE(PRICE), 5, negative_price, {"price", "rates", "negative"}},
        {WORLD_TYPE(PRICE), 5, unknown_kind, {"price", "rates", "does not know"}},
        {WORLD_TYPE(PRICE), 5, old_negative_price, {"price", "output_pusd", "negative"}},
        {WORLD_TYPE(CREDENTIAL), 5, header_in_secret, {"credential", "secret", "header"}},
        {WORLD_TYPE(CREDENTIAL), 5, header_in_session, {"credential", "session_token", "header"}},
        {WORLD_TYPE(CREDENTIAL), 5, no_secret, {"credential", "secret", "empty"}},
        {WORLD_TYPE(CREDENTIAL), 5, foreign_credential, {"credential", "kind", "does not know"}},
        {WORLD_TYPE(API_KEY), 5, short_hash, {"api_key", "sha256", "malformed"}},
        {WORLD_TYPE(API_KEY), 5, same_hash, {"api_key", "sha256", "another key"}},
        {WORLD_TYPE(MODEL), 5, same_name, {"model \"model-1\"", "name", "another model"}},
        {WORLD_TYPE(BUDGET), 5, no_scope, {"budget \"budget-5\"", "scope", "knows"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct world world;
        world_init(&world);
        send_everything(&world);
        tg_snapshot_unref(must_commit(&world));
        struct tg_digest good = world.digest;
        struct parts parts;
        make(&parts, cases[i].type, cases[i].number, 1);
        cases[i].spoil(&parts);
        send_resource(&world, &parts.resource, NULL);
        tg_snapshot *snapshot;
        struct tg_error error = {0};
        assert_int_equal(commit(&world, &snapshot, &error), TG_INVALID);
        for (size_t k = 0; k < 3; ++k) {
            if (strstr(error.message, cases[i].says[k]) == NULL)
                fail_msg("\"%s\" does not say \"%s\"", error.message, cases[i].says[k]);
        }
        world.digest = good; /* the next revision does without it */
        snapshot = must_commit(&world);
        assert_true(has_key(snapshot, 1));
        tg_snapshot_unref(snapshot);
        world_deinit(&world);
    }
}

static void deleting_what_others_need_is_refused(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot_unref(must_commit(&world));
    struct parts parts;
    struct tg_buf packed;
    tg_buf_init(&packed, 4096);
    assert_int_equal(tg_wire_pack(&make(&parts, WORLD_TYPE(PROVIDER), 1, 1)->base, &packed), TG_OK);
    digest_of(tg_buf_text(&packed), false, &world.digest);
    tg_snapshot_builder_delete(world.builder, WORLD_TYPE(PROVIDER), id_of(WORLD_TYPE(PROVIDER), 1));
    tg_snapshot *snapshot;
    struct tg_error error;
    assert_int_equal(commit(&world, &snapshot, &error), TG_INVALID);
    assert_non_null(strstr(error.message, "names no provider"));
    tg_buf_deinit(&packed);
    world_deinit(&world);
}

static void more_budgets_than_a_call_can_hold_are_refused(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    for (uint32_t i = 2; i <= TG_WALLET_MAX_LINES; ++i)
        send_made(&world, WORLD_TYPE(BUDGET), i, 1);
    tg_snapshot *snapshot = must_commit(&world);
    struct tg_principal principal = principal_of(snapshot, 1);
    const struct tg_budget *budgets[TG_WALLET_MAX_LINES];
    const struct tg_model *model = tg_snapshot_find_model(snapshot, &principal, tg_text_of("model-1"));
    assert_int_equal(tg_snapshot_find_budgets(snapshot, &principal, model, budgets, TG_WALLET_MAX_LINES),
                     TG_WALLET_MAX_LINES);
    tg_snapshot_unref(snapshot);
    tg_snapshot_builder_begin(world.builder, false);
    struct tg_digest good = world.digest;
    send_made(&world, WORLD_TYPE(BUDGET), 100, 1);
    struct tg_error error;
    assert_int_equal(commit(&world, &snapshot, &error), TG_INVALID);
    assert_non_null(strstr(error.message, "17 could apply to one call, the most is 16"));
    /* One for a model that is counted beside, not above, another's is fine when the most for one model still fits. */
    world.digest = good;
    struct parts parts;
    struct tg_id model_id = id_of(WORLD_TYPE(MODEL), 2);
    for (uint32_t i = 2; i <= 3; ++i) {
        struct parts before;
        make(&before, WORLD_TYPE(BUDGET), i, 1);
        make(&parts, WORLD_TYPE(BUDGET), i, 1);
        parts.budget.model_id = i == 2 ? tg_wire_id_field(&model_id) : field_of(&parts.rooms[5], WORLD_TYPE(MODEL), 1);
        send_resource(&world, &parts.resource, &before.resource);
    }
    send_made(&world, WORLD_TYPE(BUDGET), 100, 1);
    tg_snapshot_unref(must_commit(&world));
    world_deinit(&world);
}

static void prices_are_found_by_date_newest_first(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    send_made(&world, WORLD_TYPE(PRICE), 50, 1);
    send_made(&world, WORLD_TYPE(PRICE), 20, 1);
    tg_snapshot *snapshot = must_commit(&world);
    struct tg_principal principal = principal_of(snapshot, 1);
    const struct tg_deployment *deployment =
        &tg_snapshot_find_model(snapshot, &principal, tg_text_of("model-1"))->deployments[0];
    assert_int_equal(tg_deployment_price(deployment, 19)->effective_from_ms, 1);
    assert_int_equal(tg_deployment_price(deployment, 20)->effective_from_ms, 20);
    assert_int_equal(tg_deployment_price(deployment, 1000)->effective_from_ms, 50);
    tg_snapshot_unref(snapshot);
    world_deinit(&world);
}

static void snapshots_of_a_destroyed_builder_live_on(void **state)
{
    struct world world;
    world_init(&world);
    send_everything(&world);
    tg_snapshot *snapshot = must_commit(&world);
    tg_snapshot_builder_destroy(world.builder);
    assert_true(has_key(snapshot, 1));
    tg_snapshot_unref(snapshot);
    tg_wallet_destroy(world.wallet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_leads_to_everything_that_a_call_needs),
        cmocka_unit_test(a_price_of_the_first_version_still_has_its_three_rates),
        cmocka_unit_test(what_the_profile_does_not_name_does_not_exist),
        cmocka_unit_test(a_delta_changes_one_thing_and_the_old_snapshot_stays_as_it_was),
        cmocka_unit_test(keys_added_after_a_refused_reorganisation_lead_to_their_own_application),
        cmocka_unit_test(a_key_that_moves_or_goes_is_followed),
        cmocka_unit_test(a_full_snapshot_forgets_what_it_does_not_name),
        cmocka_unit_test(a_wrong_digest_is_refused_and_nothing_changes),
        cmocka_unit_test(a_short_lived_credential_comes_and_is_replaced),
        cmocka_unit_test(every_kind_of_mistake_is_refused_whole_and_named),
        cmocka_unit_test(deleting_what_others_need_is_refused),
        cmocka_unit_test(more_budgets_than_a_call_can_hold_are_refused),
        cmocka_unit_test(prices_are_found_by_date_newest_first),
        cmocka_unit_test(snapshots_of_a_destroyed_builder_live_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
