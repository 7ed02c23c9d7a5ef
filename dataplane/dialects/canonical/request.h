/* A model call as any dialect can say it: what the gateway decides by, what is said to the model, and where in the
 * client's own bytes the few values stand that the gateway may have to replace.
 *
 *   client's bytes ── dialect->read_request ──► tg_model_request ──► edits of the same bytes   (same dialect upstream)
 *                       one strict pass               │
 *                                                     └── dialect->write_request ──► other bytes (another dialect)
 *
 * One pass reads all three. Strings stay as they are written (struct tg_json_string), JSON values as raw text, so that
 * nothing is unescaped only to be escaped again. Everything lies in the exchange's arena or in the body itself.
 *
 * A reader judges only what the gateway governs (model, stream, maximum output, choices, what bounds the price): such a
 * field of the wrong type is refused for everybody. Anything else that it does not understand becomes TG_PART_OTHER or
 * TG_FIELD_OTHER: no trouble where the bytes pass unchanged, a loss (loss.h) where they must be translated. */
#ifndef TG_CANONICAL_REQUEST_H
#define TG_CANONICAL_REQUEST_H

#include "common/base/arena.h"
#include "common/codec/json_string.h"

/* ---- what is said ---- */

enum tg_role { TG_ROLE_SYSTEM, TG_ROLE_DEVELOPER, TG_ROLE_USER, TG_ROLE_ASSISTANT };

enum tg_part_kind {
    TG_PART_TEXT,
    TG_PART_REFUSAL,           /* text: the model declined */
    TG_PART_THINKING,          /* text (may be empty) and signature */
    TG_PART_REDACTED_THINKING, /* signature holds the opaque data */
    TG_PART_IMAGE,
    TG_PART_AUDIO,
    TG_PART_VIDEO,
    TG_PART_DOCUMENT,
    TG_PART_TOOL_CALL,   /* call_id, name, arguments */
    TG_PART_TOOL_RESULT, /* call_id, name if known, content, is_error */
    TG_PART_OTHER,       /* name: its type; raw: the whole of it. Only its own dialect can say it */
};

/* The dialects between which is translated. A signature or an opaque part belongs to the one that made it. */
enum tg_dialect_id {
    TG_DIALECT_CHAT,      /* OpenAI chat completions */
    TG_DIALECT_RESPONSES, /* OpenAI responses */
    TG_DIALECT_MESSAGES,  /* Anthropic messages */
    TG_DIALECT_GEMINI,    /* Google generateContent */
    TG_DIALECT_CONVERSE,  /* Amazon Bedrock Converse */
    TG_DIALECT_COUNT
};

struct tg_media {
    enum tg_media_source { TG_MEDIA_BASE64, TG_MEDIA_URL, TG_MEDIA_FILE_ID, TG_MEDIA_TEXT } source;
    struct tg_json_string data;       /* base64, URL, id or text */
    struct tg_json_string media_type; /* "image/png"; empty if not said */
    struct tg_json_string title;      /* of a document, or its file name */
    struct tg_json_string context;    /* of a document: said about it, not cited from it */
    struct tg_json_string detail;     /* of an image: "low", "high", "auto" */
    bool wants_citations;
};

enum tg_cache_mark { TG_CACHE_NO_MARK, TG_CACHE_MARK_5M, TG_CACHE_MARK_1H };

/* The arguments of a tool call: dialects write them as a JSON value or as a string with JSON in it. A string may hold
 * anything: models make mistakes, and so do clients. */
struct tg_arguments {
    bool is_string;
    struct tg_text raw; /* the value; or what stands between the quotes, escapes not resolved. Empty: none */
};

struct tg_part {
    struct tg_part *next;
    enum tg_part_kind kind;
    enum tg_cache_mark cache;            /* a prompt cache ends behind this part */
    enum tg_dialect_id signature_origin; /* which dialect's model signed, where `signature` is not empty */
    bool is_error;                       /* of a tool result */
    bool is_item;                        /* of OTHER: it stands by itself in the conversation, in no message */
    struct tg_json_string text;
    struct tg_json_string signature;
    struct tg_json_string call_id, name;
    struct tg_arguments arguments;
    const struct tg_media *media;
    struct tg_part *content;  /* of a tool result: text, images, documents */
    struct tg_text citations; /* of a text: the array as its dialect writes it; empty if none */
    struct tg_text raw;       /* of TG_PART_OTHER */
};

struct tg_turn {
    struct tg_turn *next;
    enum tg_role role;
    struct tg_json_string name; /* OpenAI's name of a participant; empty if none */
    struct tg_part *parts;
    struct tg_text path; /* where it stands, for messages to people: "messages[3]" */
};

struct tg_tool {
    struct tg_tool *next;
    enum tg_tool_kind {
        TG_TOOL_FUNCTION,
        TG_TOOL_FREEFORM,   /* OpenAI's custom tool: its input is text (freeform.h) */
        TG_TOOL_WEB_SEARCH, /* the provider's own */
        TG_TOOL_OTHER,      /* name: its type; raw: the whole of it */
    } kind;
    struct tg_json_string name, description;
    struct tg_text parameters; /* a JSON schema; empty if none */
    enum { TG_STRICT_UNSAID, TG_STRICT_YES, TG_STRICT_NO } strict;
    enum tg_cache_mark cache;
    struct tg_json_string grammar_syntax, grammar; /* of a freeform tool: "lark" or "regex", and it; empty: any text */
    /* OpenAI responses: the tool's name inside its namespace, where `name` is the two put together; else empty */
    struct tg_json_string space, name_in_space;
    const char *built_in; /* "local_shell": a type known without a schema, said as a function here; else NULL */
    struct tg_text raw;
    struct tg_text path; /* "tools[0]" */
};

struct tg_tool_choice {
    enum { TG_CHOICE_UNSAID, TG_CHOICE_AUTO, TG_CHOICE_NONE, TG_CHOICE_ANY, TG_CHOICE_NAMED, TG_CHOICE_OTHER } mode;
    struct tg_json_string name;
    struct tg_text raw; /* of TG_CHOICE_OTHER */
};

struct tg_format {
    enum { TG_FORMAT_UNSAID, TG_FORMAT_TEXT, TG_FORMAT_JSON, TG_FORMAT_JSON_SCHEMA, TG_FORMAT_OTHER } kind;
    struct tg_json_string name, description;
    struct tg_text schema;
    enum { TG_FORMAT_STRICT_UNSAID, TG_FORMAT_STRICT_YES, TG_FORMAT_STRICT_NO } strict;
    struct tg_text raw; /* of TG_FORMAT_OTHER */
};

struct tg_thinking {
    enum { TG_THINKING_UNSAID, TG_THINKING_OFF, TG_THINKING_ON, TG_THINKING_ADAPTIVE } mode;
    struct tg_json_string effort; /* "none", "minimal", "low", "medium", "high", "xhigh", "max"; empty if not said */
    int64_t budget_tokens;        /* 0: not said */
    bool wants_text;              /* summaries or thoughts in the answer */
};

/* A setting that passes as its raw JSON value between the dialects that have it, under the name that each gives it. */
enum tg_field_id {
    TG_FIELD_TEMPERATURE,
    TG_FIELD_TOP_P,
    TG_FIELD_TOP_K,
    TG_FIELD_FREQUENCY_PENALTY,
    TG_FIELD_PRESENCE_PENALTY,
    TG_FIELD_SEED,
    TG_FIELD_LOGIT_BIAS,
    TG_FIELD_LOGPROBS,            /* true */
    TG_FIELD_TOP_LOGPROBS,        /* how many */
    TG_FIELD_PARALLEL_TOOL_CALLS, /* true or false, in OpenAI's sense */
    TG_FIELD_SERVICE_TIER,
    TG_FIELD_METADATA,
    TG_FIELD_CLIENT_METADATA,   /* OpenAI responses: what Codex says of itself */
    TG_FIELD_USER,              /* who the end user is: a string */
    TG_FIELD_SAFETY_IDENTIFIER, /* likewise */
    TG_FIELD_STORE,
    TG_FIELD_PROMPT_CACHE_KEY,
    TG_FIELD_PROMPT_CACHE_RETENTION,
    TG_FIELD_PROMPT_CACHE_OPTIONS,
    TG_FIELD_VERBOSITY,
    TG_FIELD_PREDICTION,
    TG_FIELD_MODALITIES,
    TG_FIELD_AUDIO,
    TG_FIELD_WEB_SEARCH_OPTIONS,
    TG_FIELD_SAFETY_SETTINGS,
    TG_FIELD_CACHED_CONTENT,
    TG_FIELD_PREVIOUS_RESPONSE_ID,
    TG_FIELD_CONVERSATION,
    TG_FIELD_INCLUDE,
    TG_FIELD_TRUNCATION,
    TG_FIELD_BACKGROUND,
    TG_FIELD_MAX_TOOL_CALLS,
    TG_FIELD_CONTEXT_MANAGEMENT,
    TG_FIELD_REASONING_CONTEXT, /* OpenAI responses: which earlier reasoning the model sees again */
    TG_FIELD_CONTAINER,
    TG_FIELD_MCP_SERVERS,
    TG_FIELD_GUARDRAIL,
    TG_FIELD_HINT, /* how its provider goes about it, not what is asked: how tools are loaded, where latency is saved */
    TG_FIELD_OTHER, /* no dialect but its own knows it */
    TG_FIELD_COUNT
};

struct tg_field {
    struct tg_field *next;
    enum tg_field_id id;
    struct tg_text path;  /* as the client writes it: "generationConfig.topK" */
    struct tg_text value; /* raw; never null: a null is as good as absent */
};

/* ---- where values stand ---- */

/* A run of the body's bytes; `bytes` is 0 if it is not there. */
struct tg_span {
    size_t at;
    size_t bytes;
};

/* A member of the top-level object. */
struct tg_body_member {
    struct tg_text key;   /* as written */
    struct tg_span whole; /* from the opening quote of its name to the last byte of its value */
    struct tg_span value; /* strings with their quotes */
};

/* Everything an edit of the same dialect may touch. Which of them a dialect uses is its own business; a place to insert
 * is behind an opening brace. */
struct tg_body_marks {
    struct tg_span model;          /* between the quotes */
    struct tg_span maximum;        /* the value of the field that limits the output */
    struct tg_span older_maximum;  /* chat: max_tokens beside max_completion_tokens */
    struct tg_span config;         /* Gemini's generationConfig, Converse's inferenceConfig: the opening brace */
    struct tg_span stream_options; /* chat: null, or the opening brace */
    struct tg_span include_usage;  /* chat: its value */
    bool has_config_members, has_stream_options_members;
    size_t first_member_at; /* behind the opening brace of the document */
    const struct tg_body_member *members;
    size_t member_count;
};

/* ---- the whole ---- */

enum { TG_MAX_CHOICES = 128, TG_MAX_MODEL_NAME_BYTES = 256, TG_MAX_STOPS = 64, TG_MAX_PARTS = 32768 };

struct tg_model_request {
    /* what the gateway decides by, for every operation */
    struct tg_text model; /* plain */
    bool is_streaming;
    bool wants_usage;            /* chat: the client itself asked for the usage chunk */
    int64_t choices;             /* at least 1 */
    int64_t max_output_tokens;   /* per choice; 0: the client set none */
    int64_t extra_output_bytes;  /* text that may be billed as output beyond the maximum: a rejected prediction */
    size_t prompt_bytes;         /* of what is said, tools included: for estimates */
    int64_t inputs;              /* embeddings, moderations, documents to rank: how many texts */
    int64_t images;              /* to be made */
    int64_t characters;          /* to be spoken */
    bool is_beyond_text;         /* images, sound, files, searches: bytes do not bound the prompt's tokens */
    struct tg_text service_tier; /* plain; "flex", "priority", …: it has prices of its own. Empty if not said */

    /* what is said: a conversation, for the operation that generates */
    struct tg_turn *turns;
    struct tg_tool *tools;
    struct tg_tool_choice tool_choice;
    struct tg_format format;
    struct tg_thinking thinking;
    struct tg_json_string stops[TG_MAX_STOPS];
    size_t stop_count;
    struct tg_field *fields;
    enum tg_dialect_id dialect; /* in which it was said */
    const char *untranslatable; /* why it can only pass as it is (a bound was exceeded); NULL: it can be translated */

    struct tg_body_marks marks;
};

/* What a reader is given. */
struct tg_request_source {
    struct tg_arena *arena;
    struct tg_text path_model;   /* plain; for dialects that name the model in the path */
    bool is_streaming_path;      /* likewise */
    struct tg_text content_type; /* of the body */
    struct tg_text body;         /* outlives the request */
};

/* ---- for readers: append in order, O(1), in the arena ---- */

/* Begin with all zeros. */
struct tg_request_tail {
    struct tg_turn *turn;
    struct tg_part *part;    /* of the current turn */
    struct tg_part *content; /* of the current tool result */
    struct tg_part *spare;   /* beyond the bound */
    struct tg_tool *tool;
    struct tg_field *field;
    size_t part_count;
};

struct tg_turn *tg_request_add_turn(struct tg_arena *arena, struct tg_model_request *request,
                                    struct tg_request_tail *tail, enum tg_role role);
/* To the current turn. Beyond TG_MAX_PARTS the request becomes untranslatable and the same spare part comes again. */
struct tg_part *tg_request_add_part(struct tg_arena *arena, struct tg_model_request *request,
                                    struct tg_request_tail *tail, enum tg_part_kind kind);
/* To a tool result's content. */
struct tg_part *tg_request_add_content(struct tg_arena *arena, struct tg_model_request *request,
                                       struct tg_request_tail *tail, struct tg_part *result, enum tg_part_kind kind);
struct tg_tool *tg_request_add_tool(struct tg_arena *arena, struct tg_model_request *request,
                                    struct tg_request_tail *tail, enum tg_tool_kind kind);
void tg_request_add_field(struct tg_arena *arena, struct tg_model_request *request, struct tg_request_tail *tail,
                          enum tg_field_id id, struct tg_text path, struct tg_text value);

/* ---- for writers ---- */

const struct tg_field *tg_request_field(const struct tg_model_request *request, enum tg_field_id id);

/* The arguments as a JSON value: an object, or false if they are not one. "" is {}. In the arena. */
bool tg_arguments_value(struct tg_arena *arena, const struct tg_arguments *arguments, struct tg_text *value);
/* The arguments as what stands between the quotes of a string. */
struct tg_json_string tg_arguments_string(struct tg_arena *arena, const struct tg_arguments *arguments);

/* The name of the tool that a result answers, by its call's id, looked up in the turns before; empty if unknown. */
struct tg_json_string tg_request_called_name(const struct tg_model_request *request, struct tg_json_string call_id);

#endif
