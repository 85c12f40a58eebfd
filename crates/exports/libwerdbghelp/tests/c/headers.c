/* The headers alone, and under the name that sources know. */
#include <minidumpapiset.h>
#include <dbghelp.h>
#include <stdio.h>

int main(void)
{
    MINIDUMP_CALLBACK_INPUT input;
    MINIDUMP_CALLBACK_OUTPUT output;
    printf("%zu %zu %zu\n", sizeof input, sizeof output, sizeof(MINIDUMP_MISC_INFO_5));
    return MiniDumpReadDumpStream(NULL, 0, NULL, NULL, NULL);
}
