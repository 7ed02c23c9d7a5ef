/* The budget as a resource of the API: its rules, and the account of its current window beside it. What is lent and
 * booked is the business of bank.h and of the ledger; a new limit is carried into the open accounts here. */
#ifndef TG_BUDGET_BUDGET_RESOURCE_H
#define TG_BUDGET_BUDGET_RESOURCE_H

#include "controlplane/resource/type.h"

extern const struct tg_resource_type tg_budget_type;

#endif
