#include "cli/client.h"

#include <curl/curl.h>
#include <stdlib.h>

enum {
    MAX_ANSWER_BYTES = 64 * 1024 * 1024,
    CONNECT_TIMEOUT_S = 10,
    CALL_TIMEOUT_S = 60,
    STALL_TIMEOUT_S = 60,
};

struct tg_client {
    CURL *curl;
    char *url; /* without a slash at the end */
    struct curl_slist *headers;
};

enum tg_status tg_client_create(const char *url, const char *token, const char *ca_file, tg_client **client,
                                struct tg_error *error)
{
    struct tg_text base = tg_text_of(url);
    if (!tg_text_starts_with(base, "http://") && !tg_text_starts_with(base, "https://"))
        return tg_fail(error, TG_INVALID, "the control plane's address must begin with http:// or https://, not \"%s\"",
                       url);
    while (base.bytes != 0 && base.data[base.bytes - 1] == '/')
        --base.bytes;
    tg_client *made = calloc(1, sizeof(*made));
    if (made == NULL)
        abort();
    made->url = tg_text_strdup(base);
    made->curl = curl_easy_init();
    struct tg_buf header;
    tg_buf_init(&header, 8192);
    enum tg_status status = tg_buf_printf(&header, "Authorization: Bearer %s", token);
    if (status == TG_OK)
        made->headers = curl_slist_append(made->headers, header.data);
    made->headers = curl_slist_append(made->headers, "Content-Type: application/json");
    made->headers = curl_slist_append(made->headers, "Expect:");
    tg_buf_deinit(&header);
    if (status != TG_OK || made->curl == NULL) {
        tg_client_destroy(made);
        return tg_fail(error, TG_TOO_LARGE, "the token is too long");
    }
    curl_easy_setopt(made->curl, CURLOPT_HTTPHEADER, made->headers);
    curl_easy_setopt(made->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(made->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(made->curl, CURLOPT_USERAGENT, "tollgate/" TG_VERSION);
    curl_easy_setopt(made->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    if (ca_file != NULL)
        curl_easy_setopt(made->curl, CURLOPT_CAINFO, ca_file);
    *client = made;
    return TG_OK;
}

void tg_client_destroy(tg_client *client)
{
    if (client == NULL)
        return;
    curl_slist_free_all(client->headers);
    curl_easy_cleanup(client->curl);
    free(client->url);
    free(client);
}

/* Where the body of an answer goes: into memory, and for a download that succeeds on to a file. */
struct sink {
    CURL *curl;
    struct tg_buf buf;
    FILE *out; /* NULL: everything into buf */
    bool is_overflow, is_write_error;
};

static size_t on_bytes(char *data, size_t size, size_t count, void *user)
{
    struct sink *sink = user;
    size_t bytes = size * count;
    long status = 0;
    curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
    if (sink->out != NULL && status == 200) {
        sink->is_write_error = fwrite(data, 1, bytes, sink->out) != bytes;
        return sink->is_write_error ? 0 : bytes;
    }
    sink->is_overflow = tg_buf_append(&sink->buf, tg_text(data, bytes)) != TG_OK;
    return sink->is_overflow ? 0 : bytes;
}

static enum tg_status status_of(long http)
{
    if (http == 401 || http == 403)
        return TG_DENIED;
    if (http == 404)
        return TG_NOT_FOUND;
    if (http == 409 || http == 412)
        return TG_CONFLICT;
    return http < 500 ? TG_INVALID : TG_UNAVAILABLE;
}

/* "detail; field: detail; field: detail" from a problem; the plain status where the answer is none. */
static enum tg_status fail_with_problem(long http, struct tg_text body, struct tg_error *error)
{
    tg_json *problem = NULL;
    struct tg_error ignored;
    enum tg_status status = status_of(http);
    if (tg_json_parse(body, &problem, &ignored) != TG_OK ||
        !tg_json_is(tg_json_member(problem, "detail"), TG_JSON_STRING)) {
        tg_json_destroy(problem);
        return tg_fail(error, status, "the control plane answered with HTTP status %ld", http);
    }
    struct tg_buf sentence;
    tg_buf_init(&sentence, sizeof(error->message));
    enum tg_status room = tg_buf_append(&sentence, tg_json_text(tg_json_member(problem, "detail")));
    const tg_json *errors = tg_json_member(problem, "errors");
    for (size_t i = 0; i < tg_json_count(errors) && room == TG_OK; ++i) {
        const tg_json *field = tg_json_member(tg_json_at(errors, i), "field");
        const tg_json *detail = tg_json_member(tg_json_at(errors, i), "detail");
        if (tg_json_is(field, TG_JSON_STRING) && tg_json_is(detail, TG_JSON_STRING))
            room = tg_buf_printf(&sentence, "\n  %s: %s", tg_json_text(field).data, tg_json_text(detail).data);
    }
    status = tg_fail(error, status, "%.*s", TG_TEXT_ARG(tg_buf_text(&sentence)));
    tg_buf_deinit(&sentence);
    tg_json_destroy(problem);
    return status;
}

static enum tg_status perform(tg_client *client, const char *path, struct sink *sink, struct tg_error *error)
{
    char reason[CURL_ERROR_SIZE] = "";
    struct tg_buf url;
    tg_buf_init(&url, 65536);
    if (tg_buf_printf(&url, "%s%s", client->url, path) != TG_OK) {
        tg_buf_deinit(&url);
        return tg_fail(error, TG_TOO_LARGE, "the request is too long");
    }
    sink->curl = client->curl;
    curl_easy_setopt(client->curl, CURLOPT_URL, url.data);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, sink);
    CURLcode code = curl_easy_perform(client->curl);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, NULL);
    tg_buf_deinit(&url);
    if (sink->is_write_error)
        return tg_fail(error, TG_IO, "cannot write the output");
    if (sink->is_overflow)
        return tg_fail(error, TG_TOO_LARGE, "the answer of the control plane is longer than %d bytes",
                       MAX_ANSWER_BYTES);
    if (code != CURLE_OK)
        return tg_fail(error, TG_UNAVAILABLE, "no answer from the control plane at %s: %s", client->url,
                       reason[0] != '\0' ? reason : curl_easy_strerror(code));
    long http = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &http);
    if (http < 200 || http >= 300)
        return fail_with_problem(http, tg_buf_text(&sink->buf), error);
    return TG_OK;
}

enum tg_status tg_client_call(tg_client *client, const char *method, const char *path, const tg_json *body,
                              tg_json **answer, struct tg_error *error)
{
    struct tg_buf sent;
    tg_buf_init(&sent, MAX_ANSWER_BYTES);
    struct sink sink = {0};
    tg_buf_init(&sink.buf, MAX_ANSWER_BYTES);
    *answer = NULL;
    enum tg_status status = body == NULL ? TG_OK : tg_json_dump(body, TG_JSON_COMPACT, &sent);
    if (status != TG_OK) {
        tg_fail(error, status, "the request is too long");
        goto done;
    }
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)CALL_TIMEOUT_S);
    curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    if (body != NULL) {
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, sent.data);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)sent.bytes);
    }
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    status = perform(client, path, &sink, error);
    if (status == TG_OK && sink.buf.bytes != 0)
        status = tg_json_parse(tg_buf_text(&sink.buf), answer, error);
done:
    tg_buf_deinit(&sent);
    tg_buf_deinit(&sink.buf);
    return status;
}

enum tg_status tg_client_download(tg_client *client, const char *path, FILE *out, struct tg_error *error)
{
    struct sink sink = {.out = out};
    tg_buf_init(&sink.buf, MAX_ANSWER_BYTES);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, 0L); /* however long it is, as long as it moves */
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_TIMEOUT_S);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    enum tg_status status = perform(client, path, &sink, error);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, 0L);
    if (status == TG_OK && fflush(out) != 0)
        status = tg_fail(error, TG_IO, "cannot write the output");
    tg_buf_deinit(&sink.buf);
    return status;
}

enum tg_status tg_client_escape(struct tg_buf *out, struct tg_text text)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < text.bytes && status == TG_OK; ++i) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                             c == '.' || c == '_' || c == '~';
        status = is_unreserved ? tg_buf_append(out, tg_text(text.data + i, 1)) : tg_buf_printf(out, "%%%02X", c);
    }
    return status;
}
