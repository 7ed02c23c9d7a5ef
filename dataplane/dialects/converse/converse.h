/* Amazon Bedrock's Converse and ConverseStream: POST /model/{modelId}/converse and …/converse-stream.
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and …_ConverseStream.html, and the
 * service's own description in botocore, bedrock-runtime 2023-09-30; read in November 2026)
 *
 * What is particular to it:
 *   - model and streaming are in the path, so that the body of a request is the same for all models;
 *   - a block is an object with one member, whose name is its kind; a place in the prompt cache is a block of its own;
 *   - what only one maker's models know goes through additionalModelRequestFields: thinking, top_k;
 *   - a stream is framed as AWS event streams; text begins without a word, and `metadata`, with the usage, ends it;
 *   - an error's type stands in a header, x-amzn-errortype. */
#ifndef TG_DIALECT_CONVERSE_H
#define TG_DIALECT_CONVERSE_H

#include "dataplane/dialects/canonical/dialect.h"

extern const struct tg_dialect tg_dialect_converse;

#endif
