/* The protocol between the planes (proto/tollgate/v1), as plain structs: the generated types are the vocabulary of both
 * programs and may be read and filled anywhere. Packing, unpacking, framing and transport live in this room only:
 *
 *   protocol.h  the types, and helpers to read their fields strictly
 *   pack.h      types <-> bytes
 *   frame.h     bytes <-> length-delimited frames
 *   link.h      frames over mutual TLS
 *   digest.h    the sum over a snapshot's resources
 *
 * Strings inside the structs are NUL-terminated and never NULL after unpacking. */
#ifndef TG_WIRE_PROTOCOL_H
#define TG_WIRE_PROTOCOL_H

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/usage.h"
#include "tollgate/v1/resources.pb-c.h"
#include "tollgate/v1/stream.pb-c.h"
#include "tollgate/v1/usage.pb-c.h"

/* Views: the message refers to the bytes, which must outlive it. */
static inline ProtobufCBinaryData tg_wire_bytes(const void *data, size_t bytes)
{
    return (ProtobufCBinaryData){.len = bytes, .data = (uint8_t *)(uintptr_t)data};
}

static inline struct tg_text tg_wire_text_of(ProtobufCBinaryData data)
{
    return tg_text((const char *)data.data, data.len);
}

/* An identifier in a field; a zero one is left empty. */
static inline ProtobufCBinaryData tg_wire_id_field(const struct tg_id *id)
{
    return tg_wire_bytes(id->octets, tg_id_is_zero(*id) ? 0 : sizeof(id->octets));
}

/* The identifier in a field that must have one: false unless it is 16 bytes and not all zero. */
bool tg_wire_id(ProtobufCBinaryData field, struct tg_id *id);

/* The same where the field may be empty, which gives the zero id. */
bool tg_wire_optional_id(ProtobufCBinaryData field, struct tg_id *id);

/* Type and id of a resource; false if it is of no known kind or its id is malformed. */
bool tg_wire_resource_key(const Tollgate__V1__Resource *resource, Tollgate__V1__ResourceType *type, struct tg_id *id);

/* Its name, or empty text for kinds that have none. As long as the resource lives. */
struct tg_text tg_wire_resource_name(const Tollgate__V1__Resource *resource);

/* "api_key", "provider", …; "unknown" for what is not in the enum. */
const char *tg_wire_resource_type_name(Tollgate__V1__ResourceType type);

/* "completed", "client_left", …, as the ledger stores it; "unspecified" otherwise. */
const char *tg_wire_outcome_name(Tollgate__V1__Outcome outcome);

/* The fields of a record that count what was used, by kind. */
int64_t tg_wire_used(const Tollgate__V1__UsageRecord *record, enum tg_usage_kind kind);
void tg_wire_set_usage(Tollgate__V1__UsageRecord *record, const struct tg_usage *usage);
struct tg_usage tg_wire_usage(const Tollgate__V1__UsageRecord *record);

#endif
