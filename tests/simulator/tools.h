/* Tool calls: when the last user message says "call NAME" of a tool that was offered (or tool_choice demands one), the
 * answer is that call, with arguments that suit its JSON schema. */
#ifndef TG_SIMULATOR_TOOLS_H
#define TG_SIMULATOR_TOOLS_H

#include "tests/simulator/request.h"

/* One token of a tool call: the first carries the name, the others pieces of the arguments. */
struct sim_tool_unit {
    size_t call;
    struct tg_text name; /* of the first unit; JSON-escaped, without quotes */
    struct tg_text id;
    struct tg_text arguments; /* JSON-escaped, without quotes */
};

struct sim_tool_units {
    struct sim_tool_unit *units;
    size_t count;
};

/* No units if no tool is to be called. */
void sim_tools_choose(struct tg_arena *arena, const struct sim_chat *chat, uint64_t seed, struct sim_tool_units *units);

#endif
