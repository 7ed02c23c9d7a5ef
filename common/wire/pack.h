/* Messages to bytes and back.
 *
 * What is unpacked owns its memory (give it to tg_wire_free) and may have cost at most TG_WIRE_UNPACKED_MAX_BYTES: a
 * short hostile message that claims a million empty parts is refused, not expanded. Any thread. */
#ifndef TG_WIRE_PACK_H
#define TG_WIRE_PACK_H

#include "common/base/buf.h"
#include "common/wire/protocol.h"

enum { TG_WIRE_UNPACKED_MAX_BYTES = 32 << 20 };

size_t tg_wire_packed_bytes(const ProtobufCMessage *message);

/* Appends the packed message; TG_TOO_LARGE, and nothing appended, beyond the buffer's maximum. */
enum tg_status tg_wire_pack(const ProtobufCMessage *message, struct tg_buf *buf) TG_MUST_CHECK;

/* Writes it to `out`, which holds tg_wire_packed_bytes() octets; returns that number. */
size_t tg_wire_pack_into(const ProtobufCMessage *message, void *out);

/* The same for the one message of the request path, several times faster. Returns the length; 0 if it is more than
 * `capacity`. */
size_t tg_wire_pack_usage_record(const Tollgate__V1__UsageRecord *record, void *out, size_t capacity);

/* TG_CORRUPT if the bytes are not such a message, TG_TOO_LARGE if it would take too much memory; *message is NULL then.
 * A frame of a kind that this version does not know has kind_case NOT_SET: ignore it. */
enum tg_status tg_wire_unpack_replica_frame(struct tg_text packed, Tollgate__V1__ReplicaFrame **message,
                                            struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_wire_unpack_control_frame(struct tg_text packed, Tollgate__V1__ControlFrame **message,
                                            struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_wire_unpack_resource(struct tg_text packed, Tollgate__V1__Resource **message,
                                       struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_wire_unpack_usage_record(struct tg_text packed, Tollgate__V1__UsageRecord **message,
                                           struct tg_error *error) TG_MUST_CHECK;

/* Frees any message that was unpacked here; NULL is fine. */
void tg_wire_free(void *message);

/* ---- parts that are packed already ----
 * The digest is over packed bytes, so the sender passes on what it stores and the receiver hashes what it received:
 * neither packs a resource again. Usage records travel as the worker packed them into its journal. All of these give
 * TG_TOO_LARGE, and append nothing, beyond the buffer's maximum. */

/* The length of a packed message in a frame's message around it, of which it is the only field. */
size_t tg_wire_wrapped_bytes(struct tg_text packed);

/* Appends ControlFrame{upsert: resource} around the packed resource. */
enum tg_status tg_wire_wrap_upsert(struct tg_text packed_resource, struct tg_buf *buf) TG_MUST_CHECK;

/* False if the packed ControlFrame is not exactly one upsert; else the packed resource inside it. */
bool tg_wire_unwrap_upsert(struct tg_text packed_frame, struct tg_text *packed_resource);

/* A UsageBatch in pieces: first its head, then its records one by one. */
enum tg_status tg_wire_begin_usage_batch(struct tg_id boot_id, int64_t first_sequence,
                                         struct tg_buf *buf) TG_MUST_CHECK;
enum tg_status tg_wire_add_usage_record(struct tg_text packed_record, struct tg_buf *buf) TG_MUST_CHECK;
/* Appends ReplicaFrame{usage_batch: batch}. */
enum tg_status tg_wire_wrap_usage_batch(struct tg_text packed_batch, struct tg_buf *buf) TG_MUST_CHECK;

#endif
