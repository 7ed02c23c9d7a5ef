/* The bank of the model world: the control plane's rule (controlplane/budget/bank.c) over books in memory. */
#ifndef TG_TEST_WALLET_BANK_MODEL_H
#define TG_TEST_WALLET_BANK_MODEL_H

#include "world.h"

size_t bank_lease_index(struct tg_id lease_id);
/* A replica has spent from a lease; its journal will tell. */
void bank_spend(struct world *world, struct tg_id lease_id, int64_t amount);
/* Puts a parcel on its way, behind those sent before. */
void bank_post(struct world *world, struct pipe *pipe, const struct parcel *parcel);
/* Carries out what has arrived, at the bank from that replica and at that replica from the bank. */
void bank_deliver(struct world *world, size_t replica);
/* Books what connected replicas have shipped, and closes dead boots. */
void bank_book(struct world *world);

#endif
