/* Who is charged, from coarse to fine: the organization (the tenant, with the time zone its budgets' windows follow),
 * its teams, their projects, their applications. */
#ifndef TG_TENANCY_TENANCY_H
#define TG_TENANCY_TENANCY_H

#include "controlplane/resource/type.h"

extern const struct tg_resource_type tg_organization_type;
extern const struct tg_resource_type tg_team_type;
extern const struct tg_resource_type tg_project_type;
extern const struct tg_resource_type tg_application_type;

#endif
