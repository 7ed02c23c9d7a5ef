#include "common/codec/multipart.h"

static const struct tg_text FORM_DATA = TG_TEXT_LITERAL("multipart/form-data");

const char *tg_multipart_result_name(enum tg_multipart_result result)
{
    static const char *const names[] = {
        [TG_MULTIPART_PART] = "part",
        [TG_MULTIPART_END] = "end",
        [TG_MULTIPART_BAD] = "bad",
    };
    return names[result];
}

static struct tg_text skip(struct tg_text text, size_t bytes)
{
    return tg_text(text.data + bytes, text.bytes - bytes);
}

static bool take(struct tg_text *text, const char *prefix)
{
    if (!tg_text_starts_with(*text, prefix))
        return false;
    *text = skip(*text, strlen(prefix));
    return true;
}

static enum tg_multipart_result fail(struct tg_multipart *multipart, const char *problem)
{
    multipart->state = TG_MULTIPART_FAILED;
    multipart->problem = problem;
    return TG_MULTIPART_BAD;
}

/* ---- parameters of a header: ; name=value; name="value" ---- */

static struct tg_text up_to(struct tg_text *text, const char *ends)
{
    struct tg_text taken = tg_text(text->data, 0);
    while (taken.bytes < text->bytes && strchr(ends, text->data[taken.bytes]) == NULL)
        ++taken.bytes;
    *text = skip(*text, taken.bytes);
    return taken;
}

/* False at the end; *is_good becomes false where it is malformed. */
static bool next_parameter(struct tg_text *rest, struct tg_text *name, struct tg_text *value, bool *is_good)
{
    *rest = tg_text_trim(*rest);
    if (rest->bytes == 0)
        return false;
    *is_good = take(rest, ";");
    if (!*is_good)
        return false;
    *rest = tg_text_trim(*rest);
    *name = tg_text_trim(up_to(rest, "=;"));
    *is_good = name->bytes != 0 && take(rest, "=");
    if (!*is_good)
        return false;
    if (take(rest, "\"")) {
        *value = up_to(rest, "\"");
        *is_good = memchr(value->data, '\\', value->bytes) == NULL && take(rest, "\"");
    } else {
        *value = tg_text_trim(up_to(rest, ";"));
    }
    return *is_good;
}

bool tg_multipart_is(struct tg_text content_type)
{
    return content_type.bytes >= FORM_DATA.bytes &&
           tg_text_equals_nocase(tg_text(content_type.data, FORM_DATA.bytes), FORM_DATA);
}

static bool is_boundary(struct tg_text boundary)
{
    static const char others[] = "'()+_,-./:=? ";
    for (size_t i = 0; i < boundary.bytes; ++i) {
        char c = boundary.data[i];
        bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alphanumeric && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return boundary.bytes != 0 && boundary.bytes <= TG_MULTIPART_MAX_BOUNDARY_BYTES;
}

static struct tg_text boundary_of(struct tg_text content_type)
{
    struct tg_text rest, name, value, boundary = tg_text(NULL, 0);
    bool is_good = tg_multipart_is(content_type);
    if (!is_good)
        return boundary;
    rest = skip(content_type, FORM_DATA.bytes);
    while (next_parameter(&rest, &name, &value, &is_good))
        if (tg_text_equals_nocase(name, tg_text_of("boundary")))
            boundary = value;
    return is_good && is_boundary(boundary) ? boundary : tg_text(NULL, 0);
}

/* Behind a delimiter: another part, or the end. */
static void end_delimiter(struct tg_multipart *multipart)
{
    if (take(&multipart->rest, "--")) {
        multipart->state = TG_MULTIPART_DONE;
        if (multipart->rest.bytes != 0 && !tg_text_is(multipart->rest, "\r\n"))
            fail(multipart, "there is something behind its end");
    } else if (!take(&multipart->rest, "\r\n")) {
        fail(multipart, "a delimiter is not followed by a line's end");
    }
}

void tg_multipart_init(struct tg_multipart *multipart, struct tg_text content_type, struct tg_text body)
{
    struct tg_text boundary = boundary_of(content_type);
    memset(multipart, 0, sizeof(*multipart));
    multipart->rest = body;
    if (boundary.bytes == 0) {
        fail(multipart, "its Content-Type has no valid boundary");
        return;
    }
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary.data, boundary.bytes);
    multipart->delimiter_bytes = 4 + boundary.bytes;
    if (!take(&multipart->rest, multipart->delimiter + 2)) { /* it is terminated: all zeros before */
        fail(multipart, "it does not begin with its boundary");
        return;
    }
    end_delimiter(multipart);
}

/* ---- parts ---- */

static bool read_disposition(struct tg_text value, struct tg_multipart_part *part)
{
    static const struct tg_text KIND = TG_TEXT_LITERAL("form-data");
    struct tg_text name, parameter;
    bool is_good = value.bytes >= KIND.bytes && tg_text_equals_nocase(tg_text(value.data, KIND.bytes), KIND);
    if (!is_good)
        return false;
    value = skip(value, KIND.bytes);
    while (next_parameter(&value, &name, &parameter, &is_good)) {
        if (tg_text_equals_nocase(name, tg_text_of("name")))
            part->name = parameter;
        else if (tg_text_equals_nocase(name, tg_text_of("filename")))
            part->filename = parameter;
    }
    return is_good && part->name.bytes != 0;
}

/* Up to the blank line; false if there is something in it that a form does not have. */
static bool read_headers(struct tg_multipart *multipart, struct tg_multipart_part *part)
{
    bool has_disposition = false;
    for (;;) {
        const char *end =
            multipart->rest.bytes == 0 ? NULL : memmem(multipart->rest.data, multipart->rest.bytes, "\r\n", 2);
        if (end == NULL)
            return false;
        struct tg_text line = tg_text(multipart->rest.data, (size_t)(end - multipart->rest.data));
        multipart->rest = skip(multipart->rest, line.bytes + 2);
        if (line.bytes == 0)
            return has_disposition;
        struct tg_text name = up_to(&line, ":");
        if (!take(&line, ":"))
            return false;
        if (tg_text_equals_nocase(name, tg_text_of("content-disposition"))) {
            if (has_disposition || !read_disposition(tg_text_trim(line), part))
                return false;
            has_disposition = true;
        } else if (tg_text_equals_nocase(name, tg_text_of("content-type"))) {
            part->content_type = tg_text_trim(line);
        }
    }
}

enum tg_multipart_result tg_multipart_next(struct tg_multipart *multipart, struct tg_multipart_part *part)
{
    if (multipart->state == TG_MULTIPART_FAILED)
        return TG_MULTIPART_BAD;
    if (multipart->state == TG_MULTIPART_DONE)
        return TG_MULTIPART_END;
    memset(part, 0, sizeof(*part));
    if (++multipart->part_count > TG_MULTIPART_MAX_PARTS)
        return fail(multipart, "it has too many parts");
    if (!read_headers(multipart, part))
        return fail(multipart, "a part has no valid Content-Disposition");
    /* An empty value is followed by its delimiter at once: the line's end of the headers is not part of that. */
    const char *end = multipart->rest.bytes == 0 ? NULL
                                                 : memmem(multipart->rest.data, multipart->rest.bytes,
                                                          multipart->delimiter, multipart->delimiter_bytes);
    if (end == NULL)
        return fail(multipart, "its closing boundary is missing");
    part->value = tg_text(multipart->rest.data, (size_t)(end - multipart->rest.data));
    multipart->rest = skip(multipart->rest, part->value.bytes + multipart->delimiter_bytes);
    end_delimiter(multipart);
    return multipart->state == TG_MULTIPART_FAILED ? TG_MULTIPART_BAD : TG_MULTIPART_PART;
}
