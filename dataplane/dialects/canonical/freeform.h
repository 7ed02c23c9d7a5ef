/* OpenAI's custom tools take text, such as a patch, where all other tools take JSON. So that a model of any maker can
 * use one, the canonical form says it as a function of one string:
 *
 *   the tool     TG_TOOL_FREEFORM: `parameters` are tg_freeform_parameters(), `grammar` is kept beside
 *   a call       arguments {"input": "the text"}, in requests and in answers
 *
 * A dialect that has custom tools itself (chat, responses) unwraps the text again: the tool's kind, looked up by its
 * name in the request, says when. All others treat the tool as a function, described by tg_freeform_description(). */
#ifndef TG_CANONICAL_FREEFORM_H
#define TG_CANONICAL_FREEFORM_H

#include "dataplane/dialects/canonical/request.h"

struct tg_text tg_freeform_parameters(void);

/* The tool's description, and the grammar that its input must follow. In the arena. */
struct tg_json_string tg_freeform_description(struct tg_arena *arena, const struct tg_tool *tool);

/* {"input":"…"} around a text. In the arena. */
struct tg_arguments tg_freeform_wrap(struct tg_arena *arena, struct tg_json_string text);

/* The text in arguments; what is no object with the one string `input` is the text itself, as the model wrote it. */
struct tg_json_string tg_freeform_unwrap(struct tg_arena *arena, const struct tg_arguments *arguments);

/* The tool of that name; NULL if there is none. */
const struct tg_tool *tg_request_tool(const struct tg_model_request *request, struct tg_json_string name);

#endif
