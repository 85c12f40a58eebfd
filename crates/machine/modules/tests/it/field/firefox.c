/* Behaves as Firefox's module: the context is a number, a breakpoint that is not fatal is a hang for which it names
 * another thread and another context, it writes its own dump, ends the process, and claims without a name. */
#include "../target.h"
#include <minidumpapiset.h>
#include <stdio.h>
#include <stdlib.h>

#define MAIN_PROCESS 3
#define DUMP_TYPE                                                                                                      \
    (MiniDumpWithFullMemoryInfo | MiniDumpWithIndirectlyReferencedMemory | MiniDumpWithProcessThreadData |             \
     MiniDumpWithUnloadedModules)

static BOOL write_dump(WER_RUNTIME_EXCEPTION_INFORMATION *info)
{
    char path[MAX_PATH];
    HANDLE file;
    BOOL written;
    EXCEPTION_POINTERS pointers = {&info->exceptionRecord, &info->context};
    MINIDUMP_EXCEPTION_INFORMATION exception = {GetThreadId(info->hThread), &pointers, FALSE};

    snprintf(path, sizeof path, "%s/firefox.dmp", getenv("WER_MODULE_FOLDER"));
    file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    written = MiniDumpWriteDump(info->hProcess, GetProcessId(info->hProcess), file, (MINIDUMP_TYPE)DUMP_TYPE,
                                &exception, NULL, NULL);
    return CloseHandle(file) && written;
}

EXPORT HRESULT WINAPI OutOfProcessExceptionEventCallback(PVOID context,
                                                         const PWER_RUNTIME_EXCEPTION_INFORMATION info,
                                                         BOOL *claimed, PWSTR name, PDWORD size, PDWORD count)
{
    WER_RUNTIME_EXCEPTION_INFORMATION own = *info;
    (void)name, (void)size, (void)count;

    if ((DWORD_PTR)context != MAIN_PROCESS)
        return S_OK;
    if (own.exceptionRecord.ExceptionCode == 0x80000003 && !own.bIsFatal) {
        own.exceptionRecord.ExceptionCode = 0xCFFFFFFF;
        own.context.Rip = 0x1234;
    } else if (!own.bIsFatal) {
        return S_OK;
    }
    if (!write_dump(&own))
        return E_FAIL;
    if (!TerminateProcess(own.hProcess, 1) || WaitForSingleObject(own.hProcess, 10000) != WAIT_OBJECT_0)
        return E_FAIL;
    *claimed = TRUE;
    return S_OK;
}

EXPORT HRESULT WINAPI OutOfProcessExceptionEventSignatureCallback(PVOID context,
                                                                  const PWER_RUNTIME_EXCEPTION_INFORMATION info,
                                                                  DWORD index, PWSTR name, PDWORD name_size,
                                                                  PWSTR value, PDWORD value_size)
{
    (void)context, (void)info, (void)index, (void)name, (void)name_size, (void)value, (void)value_size;
    return S_OK;
}

EXPORT HRESULT WINAPI OutOfProcessExceptionEventDebuggerLaunchCallback(PVOID context,
                                                                       const PWER_RUNTIME_EXCEPTION_INFORMATION info,
                                                                       PBOOL custom, PWSTR launch, PDWORD size,
                                                                       PBOOL autolaunch)
{
    (void)context, (void)info, (void)launch, (void)size, (void)autolaunch;
    *custom = FALSE;
    return S_OK;
}
