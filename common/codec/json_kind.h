/* What a JSON value is; shared by the scanner and the tree. */
#ifndef TG_CODEC_JSON_KIND_H
#define TG_CODEC_JSON_KIND_H

enum tg_json_kind {
    TG_JSON_NULL,
    TG_JSON_BOOLEAN,
    TG_JSON_NUMBER,
    TG_JSON_STRING,
    TG_JSON_ARRAY,
    TG_JSON_OBJECT,
};

/* With its article, for messages: "a string", "an array", "null". Never NULL. */
const char *tg_json_kind_name(enum tg_json_kind kind);

/* How deep values may lie in each other, here and in the tree: far more than any API needs. */
enum { TG_JSON_MAX_DEPTH = 128 };

#endif
