# cmake -DSOURCE=<file> -DTARGET=<file.c> -DNAME=<symbol> -DHEADER=<header> -P embed.cmake: a file as an array of bytes.
file(READ "${SOURCE}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${TARGET}" "#include \"${HEADER}\"\n\nconst unsigned char ${NAME}[] = {${bytes}};\nconst size_t ${NAME}_bytes = sizeof(${NAME});\n")
