/*
 * Registers things of every kind and waits; the test writes wildly over the registration block meanwhile. Then goes on
 * registering: whatever the answers are, nothing may crash or hang.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <werapi.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

static const WCHAR *file_name(unsigned number)
{
    static WCHAR name[] = {'/', 'f', '/', '0', '0', 0};
    name[3] = (WCHAR)('0' + number / 10 % 10);
    name[4] = (WCHAR)('0' + number % 10);
    return name;
}

int main(void)
{
    unsigned i;
    char line[16];
    HRESULT all = S_OK;
    for (i = 1; i <= 100; i++)
        all |= WerRegisterMemoryBlock((PVOID)((size_t)i << 16), i);
    for (i = 0; i < 50; i++)
        all |= WerRegisterFile(file_name(i), WerRegFileTypeOther, 0);
    all |= WerRegisterExcludedMemoryBlock((PVOID)0x10, 0x10);
    all |= WerRegisterCustomMetadata(W("Channel"), W("beta"));
    all |= WerRegisterAdditionalProcess(4711, 0);
    all |= WerRegisterAppLocalDump(W("dumps"));
    all |= WerRegisterRuntimeExceptionModule(W("/m.so"), (PVOID)7);
    all |= RegisterApplicationRestart(W("--again"), 0);
    if (all != S_OK)
        return 2;
    printf("ready\n");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        return 3;
    for (i = 0; i < 3000; i++) {
        WerRegisterMemoryBlock((PVOID)((size_t)(i % 600 + 1) << 16), 8);
        WerUnregisterMemoryBlock((PVOID)((size_t)(i % 500 + 1) << 16));
        WerRegisterFile(file_name(i), WerRegFileTypeOther, 0);
        WerUnregisterFile(file_name(i + 3));
        WerRegisterCustomMetadata(W("Channel"), W("alpha"));
        WerUnregisterCustomMetadata(W("Channel"));
        WerRegisterRuntimeExceptionModule(W("/n.so"), NULL);
        WerUnregisterRuntimeExceptionModule(W("/n.so"), NULL);
        WerRegisterAdditionalProcess(i, 0);
        WerUnregisterAdditionalProcess(i);
        RegisterApplicationRestart(W("--more"), 0);
    }
    return 0;
}
