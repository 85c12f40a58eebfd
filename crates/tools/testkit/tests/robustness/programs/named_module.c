/*
 * A handler module that claims the crash as EVENT (or does not, with CLAIMS 0), writes a dump of its own where DUMP is
 * defined, and wants the debugger DEBUGGER where that is defined, without asking where AUTOMATIC is.
 */
#include <stdio.h>
#include <stdlib.h>

#include <minidumpapiset.h>
#include <wer_winbase.h>
#include <werapi.h>

#ifndef CLAIMS
#define CLAIMS 1
#endif
#ifndef AUTOMATIC
#define AUTOMATIC 0
#endif

static DWORD put(PWSTR to, const char *text) {
    DWORD length = 0;
    do to[length] = (unsigned char)text[length];
    while (text[length++]);
    return length;
}

#ifdef DUMP
static BOOL write_dump(const WER_RUNTIME_EXCEPTION_INFORMATION *information) {
    WER_RUNTIME_EXCEPTION_INFORMATION own = *information;
    EXCEPTION_POINTERS pointers = {&own.exceptionRecord, &own.context};
    MINIDUMP_EXCEPTION_INFORMATION exception = {GetThreadId(own.hThread), &pointers, FALSE};
    MINIDUMP_TYPE type = (MINIDUMP_TYPE)(MiniDumpWithFullMemoryInfo | MiniDumpWithIndirectlyReferencedMemory |
                                         MiniDumpWithProcessThreadData | MiniDumpWithUnloadedModules);
    char path[MAX_PATH];
    HANDLE file;
    BOOL written;
    snprintf(path, sizeof path, "%s/own.dmp", getenv("WER_MODULE_FOLDER"));
    file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) return FALSE;
    written = MiniDumpWriteDump(own.hProcess, GetProcessId(own.hProcess), file, type, &exception, NULL, NULL);
    return CloseHandle(file) && written && TerminateProcess(own.hProcess, 1);
}
#endif

WER_VISIBLE HRESULT OutOfProcessExceptionEventCallback(PVOID context,
                                                       const PWER_RUNTIME_EXCEPTION_INFORMATION information,
                                                       BOOL *claimed, PWSTR name, PDWORD size, PDWORD count) {
    (void)context, (void)information;
    if (!CLAIMS) return S_OK;
#ifdef DUMP
    if (!write_dump(information)) return E_FAIL;
#endif
    *claimed = TRUE;
    *count = 0;
    *size = put(name, EVENT);
    return S_OK;
}

WER_VISIBLE HRESULT OutOfProcessExceptionEventSignatureCallback(
    PVOID context, const PWER_RUNTIME_EXCEPTION_INFORMATION information, DWORD index, PWSTR name, PDWORD name_size,
    PWSTR value, PDWORD value_size) {
    (void)context, (void)information, (void)index, (void)name, (void)name_size, (void)value, (void)value_size;
    return E_FAIL;
}

WER_VISIBLE HRESULT OutOfProcessExceptionEventDebuggerLaunchCallback(
    PVOID context, const PWER_RUNTIME_EXCEPTION_INFORMATION information, PBOOL custom, PWSTR launch, PDWORD size,
    PBOOL automatic) {
    (void)context, (void)information, (void)launch;
    *custom = *automatic = FALSE;
#ifdef DEBUGGER
    if (*size < sizeof DEBUGGER) {
        *size = sizeof DEBUGGER;
        return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
    }
    *custom = TRUE;
    *automatic = AUTOMATIC;
    *size = put(launch, DEBUGGER);
#else
    (void)size;
#endif
    return S_OK;
}
