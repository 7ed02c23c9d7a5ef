/* From records to JSON, by a type's table. */
#ifndef TG_RESOURCE_SHOW_H
#define TG_RESOURCE_SHOW_H

#include "common/codec/json_write.h"
#include "controlplane/resource/type.h"

enum tg_resource_view {
    TG_RESOURCE_ANSWER, /* what the API shows */
    TG_RESOURCE_AUDIT,  /* the same without what is no part of the configuration */
};

void tg_resource_show(const struct tg_record *record, enum tg_resource_view view, struct tg_json_writer *writer);

/* An amount of up to 38 digits (a numeric of the books) as decimal dollars or as tokens. */
enum { TG_AMOUNT_TEXT_BYTES = TG_DB_NUMERIC_TEXT_BYTES + 16 };
void tg_amount_format(struct tg_text digits, bool is_money, char out[TG_AMOUNT_TEXT_BYTES]);

/* Writes `"key": "…"`. */
void tg_show_id(struct tg_json_writer *writer, const char *key, struct tg_id id);
void tg_show_time(struct tg_json_writer *writer, const char *key, int64_t unix_ms);
void tg_show_text(struct tg_json_writer *writer, const char *key, struct tg_text text);
void tg_show_i64(struct tg_json_writer *writer, const char *key, int64_t number);
void tg_show_boolean(struct tg_json_writer *writer, const char *key, bool is_true);
void tg_show_null(struct tg_json_writer *writer, const char *key);

#endif
