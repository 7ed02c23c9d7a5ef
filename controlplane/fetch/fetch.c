#include "controlplane/fetch/fetch.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include <curl/curl.h>

enum { CONNECT_TIMEOUT_MS = 5000, MAX_HEADER_BYTES = 32 * 1024 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

struct sink {
    struct tg_buf *body;
    bool is_too_large;
};

static size_t on_bytes(char *data, size_t size, size_t count, void *user)
{
    struct sink *sink = user;
    size_t bytes = size * count;
    sink->is_too_large = tg_buf_append(sink->body, tg_text(data, bytes)) != TG_OK;
    return sink->is_too_large ? 0 : bytes;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    const atomic_bool *must_stop = user;
    return must_stop != NULL && atomic_load(must_stop);
}

static struct curl_slist *make_headers(const struct tg_fetch_request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    assert(request->header_count <= TG_FETCH_MAX_HEADERS);
    for (size_t i = 0; i < request->header_count && list != NULL; ++i) {
        struct tg_buf line;
        tg_buf_init(&line, MAX_HEADER_BYTES);
        enum tg_status status = tg_buf_printf(&line, "%s: %s", request->headers[i].name, request->headers[i].value);
        struct curl_slist *longer = status == TG_OK ? curl_slist_append(list, line.data) : NULL;
        tg_buf_deinit(&line);
        if (longer == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static void set_options(CURL *curl, const struct tg_fetch_request *request, struct curl_slist *headers,
                        struct sink *sink, char reason[CURL_ERROR_SIZE])
{
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tollgate/" TG_VERSION);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.bytes);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data == NULL ? "" : request->body.data);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)request->must_stop);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    if (request->ca_pem.bytes != 0) {
        struct curl_blob authority = {(void *)request->ca_pem.data, request->ca_pem.bytes, CURL_BLOB_COPY};
        curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &authority);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

/* "host:port" of an address, for messages. */
static struct tg_text authority_of(const char *url)
{
    const char *begin = strstr(url, "://");
    begin = begin == NULL ? url : begin + 3;
    return tg_text(begin, strcspn(begin, "/?#"));
}

static enum tg_status fail(CURLcode code, const struct sink *sink, const struct tg_fetch_request *request,
                           const char *reason, struct tg_error *error)
{
    struct tg_text host = authority_of(request->url);
    if (sink->is_too_large)
        return tg_fail(error, TG_TOO_LARGE, "%.*s answered with more than %d bytes", TG_TEXT_ARG(host),
                       TG_FETCH_MAX_ANSWER_BYTES);
    const char *why = reason[0] == '\0' ? curl_easy_strerror(code) : reason;
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return tg_fail(error, TG_TIMEOUT, "%.*s did not answer in time", TG_TEXT_ARG(host));
    case CURLE_PEER_FAILED_VERIFICATION:
        return tg_fail(error, TG_DENIED, "the certificate of %.*s is not accepted: %s", TG_TEXT_ARG(host), why);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return tg_fail(error, TG_INVALID, "cannot call %.*s: %s", TG_TEXT_ARG(host), why);
    case CURLE_ABORTED_BY_CALLBACK:
        return tg_fail(error, TG_UNAVAILABLE, "the call to %.*s was ended, because the program ends",
                       TG_TEXT_ARG(host));
    default:
        return tg_fail(error, TG_UNAVAILABLE, "cannot call %.*s: %s", TG_TEXT_ARG(host), why);
    }
}

enum tg_status tg_fetch_post(const struct tg_fetch_request *request, struct tg_fetch_answer *answer,
                             struct tg_error *error)
{
    pthread_once(&once, prepare);
    *answer = (struct tg_fetch_answer){0};
    tg_buf_init(&answer->body, TG_FETCH_MAX_ANSWER_BYTES);
    char reason[CURL_ERROR_SIZE] = "";
    struct sink sink = {.body = &answer->body};
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        abort();
    enum tg_status status = TG_OK;
    struct curl_slist *headers = make_headers(request);
    if (headers == NULL) {
        status = tg_fail(error, TG_TOO_LARGE, "a header field of the call is too long");
    } else {
        set_options(curl, request, headers, &sink, reason);
        CURLcode code = curl_easy_perform(curl);
        long http_status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
        answer->status = (int)http_status;
        if (code != CURLE_OK)
            status = fail(code, &sink, request, reason, error);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}
