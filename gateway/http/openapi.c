#include "http/openapi.h"

/* The assembler reads the file itself, from the folder in which make runs; the Makefile names the dependency.
 */
__asm__(".section .rodata\n"
        "openapi_begin:\n"
        ".incbin \"gateway/http/openapi.json\"\n"
        "openapi_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const uint8_t openapi_begin[], openapi_end[];

bytes openapi_text(void)
{
    return BYTES(openapi_begin, (size_t)(openapi_end - openapi_begin));
}
