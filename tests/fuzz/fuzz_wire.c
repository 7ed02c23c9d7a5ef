/* What arrives on the stream between the planes: frames, and every message that a frame may hold. */
#include <string.h>

#include "common/wire/frame.h"
#include "common/wire/pack.h"
#include "tests/fuzz/fuzz.h"

static void unpack_everything(struct tg_text packed)
{
    Tollgate__V1__ReplicaFrame *replica_frame;
    Tollgate__V1__ControlFrame *control_frame;
    Tollgate__V1__Resource *resource;
    Tollgate__V1__UsageRecord *record;
    struct tg_text inside;
    if (tg_wire_unpack_replica_frame(packed, &replica_frame, NULL) == TG_OK)
        tg_wire_free(replica_frame);
    if (tg_wire_unpack_control_frame(packed, &control_frame, NULL) == TG_OK)
        tg_wire_free(control_frame);
    if (tg_wire_unpack_resource(packed, &resource, NULL) == TG_OK)
        tg_wire_free(resource);
    if (tg_wire_unpack_usage_record(packed, &record, NULL) == TG_OK)
        tg_wire_free(record);
    if (tg_wire_unwrap_upsert(packed, &inside))
        REQUIRE(inside.data >= packed.data && inside.data + inside.bytes <= packed.data + packed.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    unpack_everything(tg_text((const char *)data, bytes));

    struct tg_frame_reader reader;
    struct tg_text content;
    enum tg_frame_result result = TG_FRAME_PARTIAL;
    tg_frame_reader_init(&reader);
    for (size_t at = 0; at < bytes && result == TG_FRAME_PARTIAL;) {
        size_t piece_bytes = bytes - at;
        char *to = tg_frame_reader_room(&reader, &piece_bytes);
        memcpy(to, data + at, piece_bytes);
        tg_frame_reader_add(&reader, piece_bytes);
        at += piece_bytes;
        while ((result = tg_frame_reader_next(&reader, &content)) == TG_FRAME_COMPLETE)
            unpack_everything(content);
    }
    tg_frame_reader_deinit(&reader);
    return 0;
}
