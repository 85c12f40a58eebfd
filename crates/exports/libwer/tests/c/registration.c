/*
 * Every registration function: what it answers, and what a reader outside sees afterwards. `show(name)` prints the name
 * and waits for a line: the test reads this process meanwhile. Valid C11 and C++17, with 16- and 32-bit wchar_t.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <werapi.h>
#include <wer_winbase.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

static int failures;

static void expect(HRESULT got, HRESULT wanted, const char *what)
{
    if (got != wanted) {
        fprintf(stderr, "%s: 0x%08X, not 0x%08X\n", what, (unsigned)got, (unsigned)wanted);
        failures++;
    }
}
#define EXPECT(call, wanted) expect((call), (wanted), #call)

static void show(const char *name)
{
    char line[16];
    printf("%s\n", name);
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        exit(3);
}

static PVOID at(size_t number)
{
    return (PVOID)(number << 16);
}

/* `first` and then count - 1 times `rest`. */
static PCWSTR text_of(size_t count, char first, char rest)
{
    static WCHAR text[4096];
    size_t i;
    for (i = 0; i < count; i++)
        text[i] = (WCHAR)(i == 0 ? first : rest);
    text[count] = 0;
    return text;
}

static const WCHAR unpaired[] = {'/', 0xD800, 0};

static void memory_blocks(void)
{
    size_t i;
    EXPECT(WerRegisterMemoryBlock(NULL, 1), E_INVALIDARG);
    EXPECT(WerRegisterMemoryBlock(at(1), 0), E_INVALIDARG);
    EXPECT(WerRegisterMemoryBlock(at(1), WER_MAX_MEM_BLOCK_SIZE + 1), E_INVALIDARG);
    EXPECT(WerRegisterMemoryBlock(at(1), 0xFFFFFFFF), E_INVALIDARG);
    EXPECT(WerRegisterMemoryBlock((PVOID)~(ULONG_PTR)0, 16), E_INVALIDARG);
    EXPECT(WerUnregisterMemoryBlock(NULL), E_INVALIDARG);
    EXPECT(WerUnregisterMemoryBlock(at(1)), WER_E_NOT_FOUND);
    show("nothing");
    EXPECT(WerRegisterMemoryBlock(at(1), WER_MAX_MEM_BLOCK_SIZE), S_OK);
    EXPECT(WerRegisterMemoryBlock(at(2), 1), S_OK);
    /* Again: the new size, and the newest. */
    EXPECT(WerRegisterMemoryBlock(at(1), 8), S_OK);
    show("memory");
    EXPECT(WerUnregisterMemoryBlock(at(1)), S_OK);
    EXPECT(WerUnregisterMemoryBlock(at(1)), WER_E_NOT_FOUND);
    EXPECT(WerUnregisterMemoryBlock(at(2)), S_OK);
    for (i = 1; i <= WER_MAX_REGISTERED_ENTRIES; i++)
        EXPECT(WerRegisterMemoryBlock(at(i), 16), S_OK);
    EXPECT(WerRegisterMemoryBlock(at(i), 16), WER_E_INSUFFICIENT_BUFFER);
    /* All kinds but modules share the 512. */
    EXPECT(WerRegisterExcludedMemoryBlock(at(1), 16), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeOther, 0), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerRegisterCustomMetadata(W("k"), W("v")), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerRegisterAdditionalProcess(1, 0), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/m.so"), NULL), S_OK);
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/m.so"), NULL), S_OK);
    /* What is there already can be changed when all is full. */
    EXPECT(WerRegisterMemoryBlock(at(7), 32), S_OK);
    for (i = 1; i <= WER_MAX_REGISTERED_ENTRIES; i++)
        EXPECT(WerUnregisterMemoryBlock(at(i)), S_OK);
    show("nothing");
}

static void excluded_blocks(void)
{
    EXPECT(WerRegisterExcludedMemoryBlock(NULL, 1), E_INVALIDARG);
    EXPECT(WerRegisterExcludedMemoryBlock(at(1), 0), E_INVALIDARG);
    EXPECT(WerRegisterExcludedMemoryBlock((PVOID)~(ULONG_PTR)0, 16), E_INVALIDARG);
    EXPECT(WerUnregisterExcludedMemoryBlock(NULL), E_INVALIDARG);
    EXPECT(WerUnregisterExcludedMemoryBlock(at(1)), WER_E_NOT_FOUND);
    EXPECT(WerRegisterExcludedMemoryBlock(at(1), 0xFFFFFFFF), S_OK);
    EXPECT(WerRegisterMemoryBlock(at(1), 8), S_OK);
    show("excluded");
    EXPECT(WerUnregisterExcludedMemoryBlock(at(1)), S_OK);
    EXPECT(WerUnregisterExcludedMemoryBlock(at(1)), WER_E_NOT_FOUND);
    EXPECT(WerUnregisterMemoryBlock(at(1)), S_OK);
    show("nothing");
}

static void files(void)
{
    EXPECT(WerRegisterFile(NULL, WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W(""), WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W("relative"), WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(unpaired, WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W("/a"), (WER_REGISTER_FILE_TYPE)0, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeMax, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W("/a"), (WER_REGISTER_FILE_TYPE)-1, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeOther, 0x8), E_INVALIDARG);
    EXPECT(WerRegisterFile(text_of(260, '/', 'p'), WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerRegisterFile(text_of(4000, '/', 'p'), WerRegFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerUnregisterFile(NULL), E_INVALIDARG);
    EXPECT(WerUnregisterFile(W("/a")), WER_E_NOT_FOUND);
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeOther, 0), S_OK);
    EXPECT(WerRegisterFile(text_of(259, '/', 'p'), WerRegFileTypeOther, WER_FILE_DELETE_WHEN_DONE), S_OK);
    /* The upper half is Windows' own and passed over. Again: new type and flags. */
    EXPECT(WerRegisterFile(W("/a"), WerRegFileTypeUserDocument, 0xFFFF0000u | WER_FILE_ANONYMOUS_DATA), S_OK);
    show("files");
    EXPECT(WerUnregisterFile(W("/A")), WER_E_NOT_FOUND);
    EXPECT(WerUnregisterFile(W("/a")), S_OK);
    EXPECT(WerUnregisterFile(text_of(259, '/', 'p')), S_OK);
    show("nothing");
}

static void metadata(void)
{
    WCHAR key[] = {'k', '0', 0};
    int i;
    EXPECT(WerRegisterCustomMetadata(NULL, W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), NULL), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W(""), W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("1k"), W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("a b"), W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("a:b"), W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), W("\t")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), W("\x00E4")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(unpaired, W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), unpaired), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(text_of(65, 'k', 'k'), W("v")), E_INVALIDARG);
    EXPECT(WerRegisterCustomMetadata(W("k"), text_of(129, 'v', 'v')), E_INVALIDARG);
    EXPECT(WerUnregisterCustomMetadata(NULL), E_INVALIDARG);
    EXPECT(WerUnregisterCustomMetadata(W("k")), WER_E_NOT_FOUND);
    EXPECT(WerRegisterCustomMetadata(text_of(64, 'k', 'k'), W("")), S_OK);
    EXPECT(WerRegisterCustomMetadata(W("Channel"), W("alpha")), S_OK);
    EXPECT(WerRegisterCustomMetadata(W("Gr\x00F6\x00DF" "e"), W("~ !")), S_OK);
    EXPECT(WerRegisterCustomMetadata(W("Channel"), W("beta")), S_OK);
    show("metadata");
    EXPECT(WerUnregisterCustomMetadata(text_of(64, 'k', 'k')), S_OK);
    EXPECT(WerUnregisterCustomMetadata(W("Channel")), S_OK);
    EXPECT(WerUnregisterCustomMetadata(W("Gr\x00F6\x00DF" "e")), S_OK);
    EXPECT(WerUnregisterCustomMetadata(W("Channel")), WER_E_NOT_FOUND);
    for (i = 0; i < WER_MAX_REGISTERED_METADATA; i++, key[1]++)
        EXPECT(WerRegisterCustomMetadata(key, text_of(128, 'v', 'v')), S_OK);
    EXPECT(WerRegisterCustomMetadata(W("k8"), W("v")), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerRegisterCustomMetadata(W("k7"), W("")), S_OK);
    for (key[1] = '0'; key[1] <= '7'; key[1]++)
        EXPECT(WerUnregisterCustomMetadata(key), S_OK);
    show("nothing");
}

static void additional_processes(void)
{
    DWORD pid;
    EXPECT(WerRegisterAdditionalProcess(0, 0), E_INVALIDARG);
    EXPECT(WerRegisterAdditionalProcess(0, 1), E_INVALIDARG);
    EXPECT(WerUnregisterAdditionalProcess(0), WER_E_NOT_FOUND);
    EXPECT(WerUnregisterAdditionalProcess(1), WER_E_NOT_FOUND);
    EXPECT(WerRegisterAdditionalProcess(0xFFFFFFFF, 0xFFFFFFFF), S_OK);
    EXPECT(WerRegisterAdditionalProcess(7, 0), S_OK);
    EXPECT(WerRegisterAdditionalProcess(7, 8), S_OK);
    show("processes");
    EXPECT(WerUnregisterAdditionalProcess(0xFFFFFFFF), S_OK);
    EXPECT(WerUnregisterAdditionalProcess(7), S_OK);
    for (pid = 1; pid <= WER_MAX_REGISTERED_DUMPCOLLECTION; pid++)
        EXPECT(WerRegisterAdditionalProcess(pid, 0), S_OK);
    EXPECT(WerRegisterAdditionalProcess(pid, 0), WER_E_INSUFFICIENT_BUFFER);
    for (pid = 1; pid <= WER_MAX_REGISTERED_DUMPCOLLECTION; pid++)
        EXPECT(WerUnregisterAdditionalProcess(pid), S_OK);
    show("nothing");
}

static void app_local_dump(void)
{
    EXPECT(WerRegisterAppLocalDump(NULL), E_INVALIDARG);
    EXPECT(WerRegisterAppLocalDump(W("")), E_INVALIDARG);
    EXPECT(WerRegisterAppLocalDump(W("/etc")), E_INVALIDARG);
    EXPECT(WerRegisterAppLocalDump(W("a/../../b")), E_INVALIDARG);
    EXPECT(WerRegisterAppLocalDump(W("a\\..\\..\\b")), E_INVALIDARG);
    EXPECT(WerRegisterAppLocalDump(unpaired + 1), E_INVALIDARG);
    EXPECT(WerRegisterAppLocalDump(text_of(WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH, 'd', 'd')), E_INVALIDARG);
    EXPECT(WerUnregisterAppLocalDump(), S_OK);
    show("nothing");
    EXPECT(WerRegisterAppLocalDump(text_of(WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH - 1, 'd', 'd')), S_OK);
    show("longest local dump");
    EXPECT(WerRegisterAppLocalDump(W("Crash\\Dumps")), S_OK);
    show("local dump");
    EXPECT(WerUnregisterAppLocalDump(), S_OK);
    EXPECT(WerUnregisterAppLocalDump(), S_OK);
    show("nothing");
}

static void modules(void)
{
    size_t i;
    EXPECT(WerRegisterRuntimeExceptionModule(NULL, NULL), E_INVALIDARG);
    EXPECT(WerRegisterRuntimeExceptionModule(W(""), NULL), E_INVALIDARG);
    EXPECT(WerRegisterRuntimeExceptionModule(W("m.so"), NULL), E_INVALIDARG);
    EXPECT(WerRegisterRuntimeExceptionModule(unpaired, NULL), E_INVALIDARG);
    EXPECT(WerRegisterRuntimeExceptionModule(text_of(260, '/', 'm'), NULL), E_INVALIDARG);
    EXPECT(WerUnregisterRuntimeExceptionModule(NULL, NULL), E_INVALIDARG);
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), NULL), WER_E_NOT_FOUND);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/m.so"), at(1)), S_OK);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/n.so"), NULL), S_OK);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/m.so"), at(2)), S_OK);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/m.so"), at(1)), E_INVALIDARG);
    show("modules");
    /* Away and back: now it is the last one. */
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), at(3)), WER_E_NOT_FOUND);
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), at(1)), S_OK);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/m.so"), at(1)), S_OK);
    show("modules in another order");
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), at(1)), S_OK);
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), at(2)), S_OK);
    EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/n.so"), NULL), S_OK);
    for (i = 0; i < WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES; i++)
        EXPECT(WerRegisterRuntimeExceptionModule(W("/no/m.so"), at(i)), S_OK);
    EXPECT(WerRegisterRuntimeExceptionModule(W("/no/n.so"), at(1)), WER_E_INSUFFICIENT_BUFFER);
    for (i = 0; i < WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES; i++)
        EXPECT(WerUnregisterRuntimeExceptionModule(W("/no/m.so"), at(i)), S_OK);
    show("nothing");
}

static void flags_and_hold(void)
{
    DWORD value = 77;
    HANDLE self = (HANDLE)(LONG_PTR)-1;
    HANDLE opened = OpenProcess(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION, FALSE, (DWORD)getpid());
    EXPECT(WerGetFlags(self, &value), S_OK);
    expect((HRESULT)value, 0, "flags at the start");
    EXPECT(WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP | WER_FAULT_REPORTING_NO_UI), S_OK);
    /* Replaced, not added. */
    EXPECT(WerSetFlags(WER_FAULT_REPORTING_FLAG_QUEUE), S_OK);
    EXPECT(WerSetFlags(0x800), E_INVALIDARG);
    EXPECT(WerSetFlags(0xFFFFFFFF), E_INVALIDARG);
    EXPECT(WerGetFlags(self, &value), S_OK);
    expect((HRESULT)value, 2, "flags");
    EXPECT(WerGetFlags(opened, &value), S_OK);
    expect((HRESULT)value, 2, "flags through a handle");
    EXPECT(WerGetFlags(self, NULL), E_INVALIDARG);
    EXPECT(WerGetFlags(NULL, &value), E_HANDLE);
    EXPECT(WerGetFlags((HANDLE)(LONG_PTR)-2, &value), E_HANDLE);
    EXPECT(WerGetFlags((HANDLE)(LONG_PTR)4711, &value), E_HANDLE);
    EXPECT(WerSetMaxProcessHoldMilliseconds(0xFFFFFFFF), S_OK);
    EXPECT(WerSetMaxProcessHoldMilliseconds(5000), S_OK);
    show("flags");
    EXPECT(WerSetFlags(0), S_OK);
    EXPECT(WerSetMaxProcessHoldMilliseconds(0), S_OK);
    CloseHandle(opened);
    EXPECT(WerGetFlags(opened, &value), E_HANDLE);
    show("nothing");
}

int main(void)
{
    memory_blocks();
    excluded_blocks();
    files();
    metadata();
    additional_processes();
    app_local_dump();
    modules();
    flags_and_hold();
    return failures != 0;
}
