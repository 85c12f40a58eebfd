/* The last error of a program that links both libraries, in either order: GetLastError is of the first. */
#include <dbghelp.h>
#include <stdio.h>

int main(void)
{
    HANDLE nobody = (HANDLE)(uintptr_t)42;
    SetLastError(7);
    if (MiniDumpReadDumpStream(NULL, ThreadListStream, NULL, NULL, NULL))
        return 1;
    printf("%08X ", (unsigned)GetLastError());
    if (MiniDumpWriteDump(nobody, 1, NULL, MiniDumpNormal, NULL, NULL, NULL))
        return 2;
    printf("%08X ", (unsigned)GetLastError());
    if (CloseHandle(nobody))
        return 3;
    printf("%u\n", (unsigned)GetLastError());
    return 0;
}
