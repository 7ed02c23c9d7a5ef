/* The order in which a request is handled, as data. pipeline.c is the table; each stage has a file of its name. */
#ifndef TG_PIPELINE_PIPELINE_H
#define TG_PIPELINE_PIPELINE_H

#include "dataplane/exchange/stage.h"

extern const struct tg_pipeline tg_pipeline;

#endif
