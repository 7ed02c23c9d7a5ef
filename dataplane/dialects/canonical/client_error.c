#include "dataplane/dialects/canonical/client_error.h"

#include <assert.h>

static const char INVALID_REQUEST[] = "invalid_request_error";
static const char AUTHENTICATION[] = "authentication_error";
static const char SERVER[] = "server_error";

static const struct tg_client_error_row rows[TG_ERROR_COUNT] = {
    [TG_ERROR_NONE] = {"", 200, "", TG_RETRY_UNSAID, ""},

    [TG_ERROR_BAD_REQUEST] = {"bad_request", 400, INVALID_REQUEST, TG_RETRY_NO,
                              "This is not a well-formed HTTP/1.1 request."},
    [TG_ERROR_HEAD_TOO_LARGE] = {"headers_too_large", 431, INVALID_REQUEST, TG_RETRY_NO,
                                 "The request's header fields are larger than the gateway accepts."},
    [TG_ERROR_BODY_TOO_LARGE] = {"request_too_large", 413, INVALID_REQUEST, TG_RETRY_NO,
                                 "The request body is larger than the gateway accepts ({0} bytes)."},
    [TG_ERROR_LENGTH_REQUIRED] = {"length_required", 411, INVALID_REQUEST, TG_RETRY_NO,
                                  "Send the body with a Content-Length or in chunked coding."},
    [TG_ERROR_REQUEST_TIMEOUT] = {"request_timeout", 408, INVALID_REQUEST, TG_RETRY_YES,
                                  "The request did not arrive in time."},
    [TG_ERROR_GATEWAY_OVERLOADED] = {"gateway_overloaded", 503, SERVER, TG_RETRY_YES,
                                     "The gateway holds as many request bodies as it may. Try again shortly."},
    [TG_ERROR_NOT_READY] = {"gateway_not_ready", 503, SERVER, TG_RETRY_YES,
                            "The gateway has not received its configuration yet. Try again shortly."},

    [TG_ERROR_MISSING_API_KEY] = {"missing_api_key", 401, AUTHENTICATION, TG_RETRY_NO,
                                  "Send your API key in the header 'Authorization: Bearer YOUR_KEY' (or, as your SDK "
                                  "does, in 'x-api-key', 'api-key' or 'x-goog-api-key')."},
    [TG_ERROR_CONFLICTING_API_KEYS] = {"conflicting_api_keys", 401, AUTHENTICATION, TG_RETRY_NO,
                                       "The request carries different API keys in different places. Send one."},
    [TG_ERROR_INVALID_API_KEY] = {"invalid_api_key", 401, AUTHENTICATION, TG_RETRY_NO,
                                  "This API key is not known here. Check that it was copied whole."},
    [TG_ERROR_API_KEY_EXPIRED] = {"api_key_expired", 401, AUTHENTICATION, TG_RETRY_NO,
                                  "This API key expired at {0}. Ask an administrator for a new one."},
    [TG_ERROR_API_KEY_REVOKED] = {"api_key_revoked", 401, AUTHENTICATION, TG_RETRY_NO,
                                  "This API key was revoked. Ask an administrator for a new one."},

    [TG_ERROR_UNKNOWN_URL] = {"unknown_url", 404, INVALID_REQUEST, TG_RETRY_NO,
                              "There is nothing at {0} {1}. This gateway serves the paths of OpenAI's, Anthropic's and "
                              "Google's APIs, such as POST /v1/chat/completions and GET /v1/models; the base URL of an "
                              "OpenAI SDK ends in /v1."},
    [TG_ERROR_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405, INVALID_REQUEST, TG_RETRY_NO,
                                     "{1} does not take {0}; it takes {2}."},
    [TG_ERROR_WEBSOCKET_NOT_SERVED] = {"websocket_not_served", 426, INVALID_REQUEST, TG_RETRY_NO,
                                       "{0} is not served over WebSocket. Send {1} requests."},
    [TG_ERROR_INVALID_JSON] = {"invalid_json", 400, INVALID_REQUEST, TG_RETRY_NO,
                               "The request body cannot be used: {0}."},
    [TG_ERROR_INVALID_FORM] = {"invalid_form", 400, INVALID_REQUEST, TG_RETRY_NO,
                               "The request body cannot be used as a form: {0}."},
    [TG_ERROR_MISSING_PARAMETER] = {"missing_required_parameter", 400, INVALID_REQUEST, TG_RETRY_NO,
                                    "The field '{0}' is missing from the request body."},
    [TG_ERROR_INVALID_TYPE] = {"invalid_type", 400, INVALID_REQUEST, TG_RETRY_NO,
                               "The field '{0}' must be {1}, but it is {2}."},
    [TG_ERROR_INVALID_VALUE] = {"invalid_value", 400, INVALID_REQUEST, TG_RETRY_NO, "The field '{0}' must be {1}."},
    [TG_ERROR_MODEL_NOT_FOUND] = {"model_not_found", 404, INVALID_REQUEST, TG_RETRY_NO,
                                  "The model '{0}' does not exist, or your access profile does not include it. GET "
                                  "/v1/models lists the models you may use."},
    [TG_ERROR_MODEL_KIND_MISMATCH] = {"model_kind_mismatch", 400, INVALID_REQUEST, TG_RETRY_NO,
                                      "The model '{0}' is {1} model: use {2}."},

    [TG_ERROR_UNSUPPORTED_PARAMETER] = {"unsupported_parameter", 400, INVALID_REQUEST, TG_RETRY_NO,
                                        "The model '{0}' is served in another format, which cannot say '{1}'. Leave it "
                                        "out, or use a model that takes it."},

    [TG_ERROR_NATIVE_NOT_ALLOWED] =
        {"native_not_allowed", 404, INVALID_REQUEST, TG_RETRY_NO,
         "{0} {1} would be passed on to a provider as it is, and your access profile does not "
         "include that. An administrator can add a model of kind 'native' to it."},

    [TG_ERROR_BUDGET_EXCEEDED] = {"budget_exceeded", 429, "insufficient_quota", TG_RETRY_NO,
                                  "The budget '{0}' cannot cover this request, which may cost up to {1}: of its limit "
                                  "of {2}{3}, {4} are settled and {5} are reserved by requests in flight, which leaves "
                                  "{6} free. {7}{8}"},
    [TG_ERROR_BUDGET_BUSY] = {"budget_busy", 429, "rate_limit_exceeded", TG_RETRY_YES,
                              "The budget '{0}' is taken by other requests for the moment. This request may cost up to "
                              "{1}: of the limit of {2}{3}, {4} are settled and {5} are reserved by requests in "
                              "flight, which leaves {6} free. Try again shortly. {7}{8}"},
    [TG_ERROR_MODEL_NOT_PRICED] = {"model_not_priced", 503, SERVER, TG_RETRY_NO,
                                   "The model '{0}' has no price in force, and the budget '{1}' counts money, so the "
                                   "request cannot be held to it. An administrator has to set a price."},
    [TG_ERROR_JOURNAL_FULL] = {"journal_full", 503, SERVER, TG_RETRY_YES,
                               "The gateway cannot write its usage journal, so the request was not sent rather than "
                               "left unaccounted."},

    [TG_ERROR_MODEL_UNAVAILABLE] = {"model_unavailable", 503, SERVER, TG_RETRY_NO,
                                    "The model '{0}' has no enabled deployment. An administrator has to add or enable "
                                    "one."},
    [TG_ERROR_CREDENTIAL_PENDING] = {"credential_pending", 503, SERVER, TG_RETRY_YES,
                                     "The gateway has no valid token for the provider of the model '{0}' at the "
                                     "moment: it is being asked for. Try again shortly; if that does not help, an "
                                     "administrator has to look at the provider's credential."},
    [TG_ERROR_PROVIDER_ERROR] = {"provider_error", 502, SERVER, TG_RETRY_UNSAID,
                                 "The provider answered with status {0} and no error of its own that could be passed "
                                 "on."},
    [TG_ERROR_PROVIDER_REFUSED_CREDENTIAL] =
        {"provider_refused_credential", 502, SERVER, TG_RETRY_NO,
         "The provider refused the gateway's own credential (status {0}). Your API "
         "key is fine; an administrator has to look at the provider's."},
    [TG_ERROR_PROVIDER_UNAVAILABLE] = {"provider_unavailable", 502, SERVER, TG_RETRY_YES,
                                       "The provider could not be reached or did not answer properly ({0})."},
    [TG_ERROR_PROVIDER_TIMEOUT] = {"provider_timeout", 504, SERVER, TG_RETRY_UNSAID,
                                   "The provider did not answer in time ({0})."},
    [TG_ERROR_PROVIDER_BROKE_OFF] = {"provider_broke_off", 502, SERVER, TG_RETRY_UNSAID,
                                     "The provider broke off in the middle of its answer ({0}). What was generated "
                                     "until then is charged."},
    [TG_ERROR_PROVIDER_ANSWER_UNUSABLE] =
        {"provider_answer_unusable", 502, SERVER, TG_RETRY_NO,
         "The provider answered, but its answer cannot be passed on: {0}. It may have "
         "been billed."},
};

const struct tg_client_error_row *tg_client_error_row(enum tg_client_error_code code)
{
    assert((unsigned)code < TG_ERROR_COUNT);
    return &rows[code];
}

const char *tg_client_error_code_name(enum tg_client_error_code code)
{
    return tg_client_error_row(code)->code;
}

/* The word that a placeholder at `at` stands for, or NULL. */
static const struct tg_text *word_at(const struct tg_client_error *error, const char *at)
{
    if (at[0] != '{' || at[1] < '0' || at[1] > '9' || at[2] != '}')
        return NULL;
    return &error->words[at[1] - '0'];
}

/* Writes the sentence to `out`, or only counts if that is NULL. */
static size_t write_sentence(const struct tg_client_error *error, char *out)
{
    size_t used = 0;
    for (const char *at = tg_client_error_row(error->code)->sentence; *at != '\0'; ++at) {
        const struct tg_text *word = word_at(error, at);
        struct tg_text piece = word == NULL ? tg_text(at, 1) : *word;
        if (out != NULL && piece.bytes != 0)
            memcpy(out + used, piece.data, piece.bytes);
        used += piece.bytes;
        if (word != NULL)
            at += 2;
    }
    return used;
}

struct tg_text tg_client_error_sentence(struct tg_arena *arena, const struct tg_client_error *error)
{
    size_t bytes = write_sentence(error, NULL);
    char *out = tg_arena_alloc(arena, bytes + 1);
    write_sentence(error, out);
    out[bytes] = '\0';
    return tg_text(out, bytes);
}

struct tg_answer_error tg_client_error_said(struct tg_arena *arena, const struct tg_client_error *error)
{
    const struct tg_client_error_row *row = tg_client_error_row(error->code);
    return (struct tg_answer_error){
        .http_status = row->http_status,
        .message = tg_json_string_of(arena, tg_client_error_sentence(arena, error)),
        .code = tg_json_string_literal(row->code),
        .type = tg_json_string_literal(row->type),
        .param = tg_json_string_of(arena, error->param),
        .origin = TG_DIALECT_CHAT,
    };
}
