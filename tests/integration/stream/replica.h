/* The least that is a replica: it dials in, gathers what it is told, checks the digest, and says what the test wants.
 */
#ifndef TG_TEST_STREAM_REPLICA_H
#define TG_TEST_STREAM_REPLICA_H

#include "common/base/id.h"
#include "common/wire/digest.h"
#include "common/wire/link.h"

enum { MAX_HELD = 5000, FRAME_TIMEOUT_MS = 10000 };

struct replica {
    tg_wire_link *link;
    struct tg_waker waker;
    tg_tls_context *tls;
    struct tg_id boot, epoch;
    bool refuses; /* says Nack to every Commit */
    int64_t revision;
    struct tg_digest digest; /* of what it holds */
    size_t held;
    struct held {
        Tollgate__V1__ResourceType type;
        struct tg_id id;
        uint8_t sha256[32];
    } resources[MAX_HELD];
    bool was_full;                     /* the last Welcome said so */
    Tollgate__V1__ControlFrame *frame; /* the last one received */
};

/* Dials and says Hello. False if the server ended the connection instead of welcoming it. */
bool replica_connect(struct replica *replica, const char *certificates, const char *certificate, const char *name,
                     uint16_t port);
void replica_disconnect(struct replica *replica); /* keeps what it holds */
void replica_forget(struct replica *replica);     /* everything; for the end */

/* Reads, gathers, and answers each Commit, until a frame of that kind came; it is in replica->frame. False if the
 * connection ended or nothing came in time. */
bool replica_await(struct replica *replica, Tollgate__V1__ControlFrame__KindCase kind);

void replica_send(struct replica *replica, Tollgate__V1__ReplicaFrame *frame);

#endif
