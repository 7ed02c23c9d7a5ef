/* The catalog: models that clients ask for, deployments that serve them at providers with a credential, and what that
 * costs from which day on. */
#ifndef TG_CATALOG_CATALOG_H
#define TG_CATALOG_CATALOG_H

#include "controlplane/resource/type.h"

extern const struct tg_resource_type tg_provider_type;
extern const struct tg_resource_type tg_credential_type;
extern const struct tg_resource_type tg_model_type;
extern const struct tg_resource_type tg_deployment_type;
extern const struct tg_resource_type tg_price_type;

#endif
