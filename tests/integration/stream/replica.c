#include "replica.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#include "common/base/time.h"
#include "common/crypto/digest.h"

void replica_send(struct replica *replica, Tollgate__V1__ReplicaFrame *frame)
{
    assert_int_equal(tg_wire_link_send(replica->link, &frame->base), TG_OK);
}

bool replica_connect(struct replica *replica, const char *certificates, const char *certificate, const char *name,
                     uint16_t port)
{
    char ca[512], crt[512], key[512];
    struct tg_error error = {0};
    snprintf(ca, sizeof(ca), "%s/ca.crt", certificates);
    snprintf(crt, sizeof(crt), "%s/replica-%s.crt", certificates, certificate);
    snprintf(key, sizeof(key), "%s/replica-%s.key", certificates, certificate);
    assert_int_equal(tg_waker_init(&replica->waker, &error), TG_OK);
    if (tg_tls_client_create(ca, tg_text(NULL, 0), crt, key, &replica->tls, &error) != TG_OK)
        fail_msg("%s", error.message);
    struct tg_wire_link_config config = {.tls = replica->tls, .waker = &replica->waker};
    if (tg_wire_link_connect(&config, "127.0.0.1", port, "localhost", 5000, &replica->link, &error) != TG_OK)
        fail_msg("%s", error.message);
    if (tg_id_is_zero(replica->boot))
        replica->boot = tg_id_new();
    Tollgate__V1__Hello hello = TOLLGATE__V1__HELLO__INIT;
    hello.replica = (char *)(uintptr_t)name;
    hello.boot_id = tg_wire_id_field(&replica->boot);
    hello.revision = replica->revision;
    hello.digest = tg_wire_bytes(replica->digest.octets, 32);
    hello.version = (char *)(uintptr_t) "test";
    hello.config_epoch = tg_wire_id_field(&replica->epoch);
    Tollgate__V1__ReplicaFrame frame = TOLLGATE__V1__REPLICA_FRAME__INIT;
    frame.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_HELLO;
    frame.hello = &hello;
    replica_send(replica, &frame);
    return replica_await(replica, TOLLGATE__V1__CONTROL_FRAME__KIND_WELCOME);
}

void replica_disconnect(struct replica *replica)
{
    tg_wire_free(replica->frame);
    replica->frame = NULL;
    tg_wire_link_close(replica->link);
    replica->link = NULL;
    tg_waker_deinit(&replica->waker);
    tg_tls_context_destroy(replica->tls);
    replica->tls = NULL;
}

void replica_forget(struct replica *replica)
{
    if (replica->link != NULL)
        replica_disconnect(replica);
    *replica = (struct replica){0};
}

/* Takes out, and for an upsert puts in again. */
static void change(struct replica *replica, Tollgate__V1__ResourceType type, struct tg_id id, const uint8_t *sha256)
{
    for (size_t i = 0; i < replica->held; ++i) {
        if (replica->resources[i].type != type || !tg_id_equals(replica->resources[i].id, id))
            continue;
        tg_digest_subtract(&replica->digest, replica->resources[i].sha256);
        replica->resources[i] = replica->resources[--replica->held];
        break;
    }
    if (sha256 == NULL)
        return;
    assert_in_range(replica->held, 0, MAX_HELD - 1);
    struct held *held = &replica->resources[replica->held++];
    *held = (struct held){.type = type, .id = id};
    memcpy(held->sha256, sha256, 32);
    tg_digest_add(&replica->digest, sha256);
}

static void take_upsert(struct replica *replica, struct tg_text packed_frame)
{
    struct tg_text packed;
    uint8_t sha256[32];
    Tollgate__V1__ResourceType type;
    struct tg_id id;
    assert_true(tg_wire_unwrap_upsert(packed_frame, &packed));
    tg_sha256(packed.data, packed.bytes, sha256);
    assert_true(tg_wire_resource_key(replica->frame->upsert, &type, &id));
    change(replica, type, id, sha256);
}

static void take_commit(struct replica *replica)
{
    const Tollgate__V1__Commit *commit = replica->frame->commit;
    assert_int_equal(commit->digest.len, 32);
    assert_memory_equal(commit->digest.data, replica->digest.octets, 32);
    Tollgate__V1__Ack ack = TOLLGATE__V1__ACK__INIT;
    Tollgate__V1__Nack nack = TOLLGATE__V1__NACK__INIT;
    Tollgate__V1__ReplicaFrame answer = TOLLGATE__V1__REPLICA_FRAME__INIT;
    if (replica->refuses) {
        nack.revision = commit->revision;
        nack.error = (char *)(uintptr_t) "provider openai: base_url \xff is no URL";
        answer.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_NACK;
        answer.nack = &nack;
    } else {
        replica->revision = ack.revision = commit->revision;
        answer.kind_case = TOLLGATE__V1__REPLICA_FRAME__KIND_ACK;
        answer.ack = &ack;
    }
    replica_send(replica, &answer);
}

static void take(struct replica *replica, struct tg_text packed)
{
    struct tg_error error = {0};
    struct tg_id id;
    tg_wire_free(replica->frame);
    if (tg_wire_unpack_control_frame(packed, &replica->frame, &error) != TG_OK)
        fail_msg("%s", error.message);
    switch (replica->frame->kind_case) {
    case TOLLGATE__V1__CONTROL_FRAME__KIND_WELCOME:
        replica->was_full = replica->frame->welcome->is_full;
        assert_true(tg_wire_id(replica->frame->welcome->config_epoch, &replica->epoch));
        if (replica->was_full) {
            replica->held = 0;
            replica->digest = (struct tg_digest){0};
        }
        break;
    case TOLLGATE__V1__CONTROL_FRAME__KIND_UPSERT:
        take_upsert(replica, packed);
        break;
    case TOLLGATE__V1__CONTROL_FRAME__KIND_DELETE:
        assert_true(tg_wire_id(replica->frame->delete_->id, &id));
        change(replica, replica->frame->delete_->type, id, NULL);
        break;
    case TOLLGATE__V1__CONTROL_FRAME__KIND_COMMIT:
        take_commit(replica);
        break;
    default:
        break;
    }
}

bool replica_await(struct replica *replica, Tollgate__V1__ControlFrame__KindCase kind)
{
    int64_t deadline_ms = tg_time_monotonic_ms() + FRAME_TIMEOUT_MS;
    for (;;) {
        struct tg_text packed;
        struct tg_error error = {0};
        enum tg_wire_event event =
            tg_wire_link_poll(replica->link, deadline_ms - tg_time_monotonic_ms(), &packed, &error);
        if (event == TG_WIRE_TIMEOUT || event == TG_WIRE_CLOSED)
            return false;
        if (event != TG_WIRE_FRAME)
            continue;
        take(replica, packed);
        if (replica->frame->kind_case != kind)
            continue;
        /* What was answered goes out before the test looks elsewhere. */
        return tg_wire_link_flush(replica->link, FRAME_TIMEOUT_MS, &error) == TG_OK;
    }
}
