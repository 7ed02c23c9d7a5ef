#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/wire/pack.h"
#include "controlplane/snapshot/credential.h"

enum { PLACE_BYTES = sizeof("credential::") + 2 * TG_ID_TEXT_BYTES };

static struct tg_text place(struct tg_id organization_id, struct tg_id credential_id, char out[PLACE_BYTES])
{
    char organization[TG_ID_TEXT_BYTES];
    char credential[TG_ID_TEXT_BYTES];
    tg_id_format(organization_id, organization);
    tg_id_format(credential_id, credential);
    snprintf(out, PLACE_BYTES, "credential:%s:%s", organization, credential);
    return tg_text_of(out);
}

enum tg_status tg_snapshot_seal_secret(const tg_seal_ring *ring, struct tg_id organization_id,
                                       struct tg_id credential_id, struct tg_text plain, struct tg_buf *sealed)
{
    char bound_to[PLACE_BYTES];
    return tg_seal(ring, plain, place(organization_id, credential_id, bound_to), sealed);
}

enum tg_status tg_snapshot_open_secret(const tg_seal_ring *ring, struct tg_id organization_id,
                                       struct tg_id credential_id, struct tg_text sealed, struct tg_secret *plain,
                                       struct tg_error *error)
{
    char bound_to[PLACE_BYTES];
    return tg_seal_open(ring, sealed, place(organization_id, credential_id, bound_to), plain, error);
}

/* Empty where nothing was sealed: a token that is still to be minted, or none. */
static enum tg_status open_hex(const tg_seal_ring *ring, struct tg_id organization_id, struct tg_id id, const char *hex,
                               struct tg_secret *plain, struct tg_error *error)
{
    size_t bytes = strlen(hex) / 2;
    if (bytes == 0)
        return hex[0] == '\0' ? TG_OK : tg_fail(error, TG_CORRUPT, "a stored credential is not sealed text");
    char *sealed = malloc(bytes + 1);
    if (sealed == NULL)
        abort();
    enum tg_status status = TG_OK;
    if (!tg_hex_decode(tg_text_of(hex), sealed, bytes))
        status = tg_fail(error, TG_CORRUPT, "a stored credential is not sealed text");
    if (status == TG_OK)
        status = tg_snapshot_open_secret(ring, organization_id, id, tg_text(sealed, bytes), plain, error);
    free(sealed);
    return status;
}

static enum tg_status reveal(const tg_seal_ring *ring, struct tg_id organization_id, Tollgate__V1__Resource *resource,
                             struct tg_buf *out, struct tg_error *error)
{
    struct tg_id id;
    Tollgate__V1__Credential *credential = resource->credential;
    if (resource->kind_case != TOLLGATE__V1__RESOURCE__KIND_CREDENTIAL || !tg_wire_id(credential->id, &id))
        return tg_fail(error, TG_CORRUPT, "a stored credential is of another kind");
    struct tg_secret secret = {0}, session_token = {0};
    enum tg_status status = open_hex(ring, organization_id, id, credential->secret, &secret, error);
    if (status == TG_OK)
        status = open_hex(ring, organization_id, id, credential->session_token, &session_token, error);
    if (status == TG_OK) {
        char *sealed[] = {credential->secret, credential->session_token};
        credential->secret = secret.bytes == 0 ? sealed[0] : secret.data;
        credential->session_token = session_token.bytes == 0 ? sealed[1] : session_token.data;
        status = tg_wire_pack(&resource->base, out);
        credential->secret = sealed[0];
        credential->session_token = sealed[1];
        if (status != TG_OK)
            (void)tg_fail(error, status, "a credential does not fit into a frame");
    }
    tg_secret_deinit(&secret);
    tg_secret_deinit(&session_token);
    return status;
}

enum tg_status tg_snapshot_reveal(const tg_seal_ring *ring, struct tg_id organization_id, int resource_type,
                                  struct tg_text payload, struct tg_buf *out, struct tg_error *error)
{
    if (resource_type != TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_CREDENTIAL) {
        enum tg_status status = tg_buf_append(out, payload);
        return status == TG_OK ? TG_OK : tg_fail(error, status, "a resource does not fit into a frame");
    }
    Tollgate__V1__Resource *resource;
    enum tg_status status = tg_wire_unpack_resource(payload, &resource, error);
    if (status != TG_OK)
        return status;
    status = reveal(ring, organization_id, resource, out, error);
    tg_wire_free(resource);
    return status;
}
