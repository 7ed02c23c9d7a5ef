/* YAML for people (configuration, `apply -f`) into the same tree that JSON bodies become.
 *
 * One document. Plain scalars are resolved as in the core schema of YAML 1.2, but nothing is ever rounded: null, true,
 * false and whole decimal numbers get their type, everything else is a string exactly as it was written, so that
 * `limit: 0.02` is the string "0.02" and `region: no` stays "no". Quoted scalars and block scalars are strings.
 * Refused, with their line: anchors and aliases, tags, merge keys, repeated keys, keys that are not scalars, more than
 * one document, nesting beyond TG_JSON_MAX_DEPTH, whole numbers beyond int64_t. */
#ifndef TG_CODEC_YAML_H
#define TG_CODEC_YAML_H

#include "common/codec/json.h"

/* An empty document is null. TG_INVALID with line and column; no root then. The size is the caller's to bound. */
enum tg_status tg_yaml_parse(struct tg_text text, tg_json **root, struct tg_error *error) TG_MUST_CHECK;

#endif
