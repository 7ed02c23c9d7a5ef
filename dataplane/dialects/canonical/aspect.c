#include "dataplane/dialects/canonical/aspect.h"

static const char *const paths[TG_DIALECT_COUNT][TG_ASPECT_COUNT] = {
    [TG_DIALECT_CHAT] = {"n", "max_completion_tokens", "stop", "response_format", "reasoning_effort", "tool_choice"},
    [TG_DIALECT_RESPONSES] = {"n", "max_output_tokens", "stop", "text.format", "reasoning", "tool_choice"},
    [TG_DIALECT_MESSAGES] = {"n", "max_tokens", "stop_sequences", "output_config.format", "thinking", "tool_choice"},
    [TG_DIALECT_GEMINI] = {"generationConfig.candidateCount", "generationConfig.maxOutputTokens",
                           "generationConfig.stopSequences", "generationConfig.responseMimeType",
                           "generationConfig.thinkingConfig", "toolConfig.functionCallingConfig"},
    [TG_DIALECT_CONVERSE] = {"n", "inferenceConfig.maxTokens", "inferenceConfig.stopSequences",
                             "outputConfig.textFormat", "additionalModelRequestFields.thinking",
                             "toolConfig.toolChoice"},
};

struct tg_text tg_aspect_path(enum tg_dialect_id dialect, enum tg_aspect aspect)
{
    return tg_text_of(paths[dialect][aspect]);
}
