/* Puts the tables that make_token_tables wrote into the read-only data of the program. */

#define EMBED(symbol, path)                                                                                            \
    __asm__(".section .rodata\n"                                                                                       \
            ".balign 4096\n"                                                                                           \
            ".global " symbol "\n"                                                                                     \
            ".type " symbol ", %object\n" symbol ":\n"                                                                 \
            ".incbin \"" path "\"\n"                                                                                   \
            ".size " symbol ", . - " symbol "\n"                                                                       \
            ".previous\n")

EMBED("tg_tokens_chars", TG_TOKENS_TABLES "/chars.table");
EMBED("tg_tokens_o200k", TG_TOKENS_TABLES "/o200k_base.table");
EMBED("tg_tokens_cl100k", TG_TOKENS_TABLES "/cl100k_base.table");
