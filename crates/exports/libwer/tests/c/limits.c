/* Every registration function against Windows' limits and answers. Valid C11 and C++17, with 16- and 32-bit wchar_t. */
#include <stdio.h>
#include <stdlib.h>
#include <werapi.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

static int failures;

static void expect(HRESULT got, HRESULT wanted, const char *what)
{
    if (got != wanted) {
        printf("%s: 0x%08X, not 0x%08X\n", what, (unsigned)got, (unsigned)wanted);
        failures++;
    }
}
#define EXPECT(call, wanted) expect((call), (wanted), #call)

static PVOID at(size_t number)
{
    return (PVOID)(number << 16);
}

/* '/' and then count - 1 times 'p', or count times 'k'. */
static PCWSTR text_of(size_t count, char first, char rest)
{
    static WCHAR text[512];
    size_t i;
    for (i = 0; i < count; i++)
        text[i] = (WCHAR)(i == 0 ? first : rest);
    text[count] = 0;
    return text;
}

static void memory_blocks(void)
{
    static char block[64];
    size_t i;
    EXPECT(WerRegisterMemoryBlock(NULL, 1), E_INVALIDARG);
    EXPECT(WerRegisterMemoryBlock(block, 0), E_INVALIDARG);
    EXPECT(WerRegisterMemoryBlock(block, WER_MAX_MEM_BLOCK_SIZE + 1), E_INVALIDARG);
    EXPECT(WerUnregisterMemoryBlock(block), WER_E_NOT_FOUND);
    EXPECT(WerUnregisterMemoryBlock(NULL), E_INVALIDARG);
    EXPECT(WerRegisterMemoryBlock(block, sizeof(block)), S_OK);
    EXPECT(WerRegisterMemoryBlock(block, sizeof(block) / 2), S_OK);
    EXPECT(WerUnregisterMemoryBlock(block), S_OK);
    EXPECT(WerUnregisterMemoryBlock(block), WER_E_NOT_FOUND);
    for (i = 1; i <= WER_MAX_REGISTERED_ENTRIES; i++)
        EXPECT(WerRegisterMemoryBlock(at(i), WER_MAX_MEM_BLOCK_SIZE), S_OK);
    EXPECT(WerRegisterMemoryBlock(block, 1), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeOther, 0), WER_E_INSUFFICIENT_BUFFER);
    for (i = 1; i <= WER_MAX_REGISTERED_ENTRIES; i++)
        EXPECT(WerUnregisterMemoryBlock(at(i)), S_OK);
}

static void files(void)
{
    static const WCHAR unpaired[] = {'/', 0xD800, 0};
    EXPECT(WerRegisterFile(NULL, WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W(""), WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W("relative"), WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(unpaired, WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeMax, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(text_of(260, '/', 'p'), WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(text_of(259, '/', 'p'), WerRegFileTypeOther, 0), S_OK);
    EXPECT(WerUnregisterFile(text_of(259, '/', 'p')), S_OK);
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeUserDocument, WER_FILE_ANONYMOUS_DATA), S_OK);
    EXPECT(WerUnregisterFile(W("/b")), WER_E_NOT_FOUND);
    EXPECT(WerUnregisterFile(W("/a")), S_OK);
}

static void metadata(void)
{
    WCHAR key[] = {'k', '0', 0};
    int i;
    EXPECT(WerRegisterCustomMetadata(NULL, W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), NULL), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("1k"), W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), W("\t")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(text_of(65, 'k', 'k'), W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), text_of(129, 'v', 'v')), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(text_of(64, 'k', 'k'), W("v")), S_OK);
    EXPECT(WerUnregisterCustomMetadata(text_of(64, 'k', 'k')), S_OK);
    for (i = 0; i < WER_MAX_REGISTERED_METADATA; i++, key[1]++)
        EXPECT(WerRegisterCustomMetadata(key, text_of(128, 'v', 'v')), S_OK);
    EXPECT(WerRegisterCustomMetadata(W("k8"), W("v")), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerRegisterCustomMetadata(W("k7"), W("")), S_OK);
    for (key[1] = '0'; key[1] <= '7'; key[1]++)
        EXPECT(WerUnregisterCustomMetadata(key), S_OK);
    EXPECT(WerUnregisterCustomMetadata(W("k0")), WER_E_NOT_FOUND);
}

static void modules(void)
{
    size_t i;
    EXPECT(WerRegisterRuntimeExceptionModule(NULL, NULL), E_INVALIDARG);
    EXPECT(WerRegisterRuntimeExceptionModule(W("m.so"), NULL), E_INVALIDARG);
    for (i = 0; i < WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES; i++)
        EXPECT(WerRegisterRuntimeExceptionModule(W("/no/m.so"), at(i)), S_OK);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/m.so"), at(1)), E_INVALIDARG);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/n.so"), at(1)), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), at(99)), WER_E_NOT_FOUND);
    for (i = 0; i < WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES; i++)
        EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), at(i)), S_OK);
}

static void flags(void)
{
    DWORD value = 77;
    HANDLE self = (HANDLE)(LONG_PTR)-1;
    EXPECT(WerGetFlags(self, &value), S_OK);
    expect((HRESULT)value, 0, "flags at the start");
    EXPECT(WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP | WER_FAULT_REPORTING_NO_UI), S_OK);
    EXPECT(WerGetFlags(self, &value), S_OK);
    expect((HRESULT)value, 0x21, "flags");
    EXPECT(WerSetFlags(0x800), E_INVALIDARG);
    EXPECT(WerGetFlags(self, NULL), E_INVALIDARG);
    EXPECT(WerGetFlags(NULL, &value), E_HANDLE);
    EXPECT(WerGetFlags((HANDLE)(LONG_PTR)4711, &value), E_HANDLE);
    EXPECT(WerSetMaxProcessHoldMilliseconds(5000), S_OK);
}

int main(void)
{
    memory_blocks();
    files();
    metadata();
    modules();
    flags();
    EXPECT(WerSetLastWords(NULL), S_OK);
    EXPECT(WerSetLastWords("words"), S_OK);
    EXPECT(WerThreadAttach(), S_OK);
    EXPECT(WerAttachCrashHandler(), S_OK);
    EXPECT(WerAttachCrashHandler(), S_OK);
    return failures != 0;
}
