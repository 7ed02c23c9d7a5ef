/* What the API consists of: its resources and its paths. */
#include "controlplane/access/access.h"
#include "controlplane/api/handlers.h"
#include "controlplane/api/server.h"
#include "controlplane/budget/budget_resource.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/tenancy/tenancy.h"

const struct tg_resource_type *const tg_api_types[] = {
    &tg_organization_type, &tg_team_type,           &tg_project_type, &tg_application_type,
    &tg_provider_type,     &tg_credential_type,     &tg_model_type,   &tg_deployment_type,
    &tg_price_type,        &tg_access_profile_type, &tg_api_key_type, &tg_budget_type,
};
const size_t tg_api_type_count = sizeof(tg_api_types) / sizeof(tg_api_types[0]);

#define ORGANIZATIONS "/api/v1/organizations"
#define ORGANIZATION  ORGANIZATIONS "/{organization}"

/* Paths are described in docs/openapi.yaml; a test holds both against each other. */
const struct tg_route tg_api_routes[] = {
    {"GET", "/healthz", TG_ROUTE_PUBLIC | TG_ROUTE_ON_LOOP, tg_api_show_health},
    {"GET", "/readyz", TG_ROUTE_PUBLIC, tg_api_show_readiness},
    {"GET", "/metrics", TG_ROUTE_PUBLIC | TG_ROUTE_ON_LOOP, tg_api_show_metrics},
    {"GET", "/api/v1/openapi.yaml", TG_ROUTE_PUBLIC | TG_ROUTE_ON_LOOP, tg_api_show_description},
    {"GET", "/api/v1/replicas", 0, tg_api_list_replicas},
    {"GET", "/api/v1/provider-kinds", TG_ROUTE_ON_LOOP, tg_api_list_provider_kinds},
    {"GET", ORGANIZATIONS, 0, tg_api_list_organizations},
    {"POST", ORGANIZATIONS, 0, tg_api_create_organization},
    {"GET", ORGANIZATION, 0, tg_api_show_organization},
    {"PATCH", ORGANIZATION, 0, tg_api_update_organization},
    {"DELETE", ORGANIZATION, 0, tg_api_delete_organization},
    {"GET", ORGANIZATION "/audit-log", 0, tg_api_list_audit_log},
    {"GET", ORGANIZATION "/usage/export", 0, tg_api_export_usage},
    {"GET", ORGANIZATION "/usage/summary", 0, tg_api_summarize_usage},
    {"GET", ORGANIZATION "/budgets/{id}/leases", 0, tg_api_list_leases},
    {"POST", ORGANIZATION "/api-keys/{id}/revoke", 0, tg_api_revoke_key},
    {"GET", ORGANIZATION "/{collection}", 0, tg_api_list},
    {"POST", ORGANIZATION "/{collection}", 0, tg_api_create_resource},
    {"GET", ORGANIZATION "/{collection}/{id}", 0, tg_api_show},
    {"PATCH", ORGANIZATION "/{collection}/{id}", 0, tg_api_update},
    {"DELETE", ORGANIZATION "/{collection}/{id}", 0, tg_api_delete},
};
const size_t tg_api_route_count = sizeof(tg_api_routes) / sizeof(tg_api_routes[0]);
