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
    char **const members[] = {&credential->secret, &credential->session_token, &credential->client_key_pem};
    enum { MEMBERS = sizeof(members) / sizeof(members[0]) };
    struct tg_secret plain[MEMBERS] = {{0}};
    char *sealed[MEMBERS];
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < MEMBERS && status == TG_OK; ++i)
        status = open_hex(ring, organization_id, id, *members[i], &plain[i], error);
    if (status == TG_OK) {
        for (size_t i = 0; i < MEMBERS; ++i) {
            sealed[i] = *members[i];
            *members[i] = plain[i].bytes == 0 ? sealed[i] : plain[i].data;
        }
        status = tg_wire_pack(&resource->base, out);
        for (size_t i = 0; i < MEMBERS; ++i)
            *members[i] = sealed[i];
        if (status != TG_OK)
            (void)tg_fail(error, status, "a credential does not fit into a frame");
    }
    for (size_t i = 0; i < MEMBERS; ++i)
        tg_secret_deinit(&plain[i]);
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
