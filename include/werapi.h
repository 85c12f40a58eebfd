/*
 * werapi.h: the Windows Error Reporting functions that libwer.so offers, under Windows' names, with its limits and
 * answers. Link with -lwer. With -fshort-wchar, sources written for Windows (L"" literals) compile as they are;
 * without it use u"" literals.
 *
 * Paths are absolute Linux paths of at most 259 UTF-16 units; \ parts names as / does, because sources for Windows put
 * a name after the last \ that they find. Where Windows' documents leave a case open, the comment
 * says what happens here.
 */
#ifndef WERAPI_H
#define WERAPI_H

#include "wer_types.h"

#ifndef _WIN32
#include "wer_linux.h"
#include "wer_restart.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Answers beside those of wer_types.h. */
#define WER_E_INSUFFICIENT_BUFFER HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER)
#define WER_E_NOT_FOUND HRESULT_FROM_WIN32(ERROR_NOT_FOUND)
#define WER_E_LENGTH_EXCEEDED HRESULT_FROM_WIN32(ERROR_PARAMETER_QUOTA_EXCEEDED)
#define WER_E_INVALID_STATE HRESULT_FROM_WIN32(ERROR_INVALID_STATE)

/* Limits. */
#define WER_MAX_PARAM_COUNT 10
#define WER_MAX_PARAM_LENGTH MAX_PATH
#define WER_MAX_SIGNATURE_NAME_LENGTH 128
#define WER_MAX_EVENT_NAME_LENGTH 64
#define WER_MAX_MEM_BLOCK_SIZE (64 * 1024)
#define WER_MAX_REGISTERED_ENTRIES 512
#define WER_MAX_REGISTERED_METADATA 8
#define WER_MAX_REGISTERED_DUMPCOLLECTION 4
#define WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES 16
#define WER_METADATA_KEY_MAX_LENGTH 64
#define WER_METADATA_VALUE_MAX_LENGTH 128
#define WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH 64

/* Indexes of signature parameters. */
#define WER_P0 0
#define WER_P1 1
#define WER_P2 2
#define WER_P3 3
#define WER_P4 4
#define WER_P5 5
#define WER_P6 6
#define WER_P7 7
#define WER_P8 8
#define WER_P9 9

/* Flags of a file. */
#define WER_FILE_DELETE_WHEN_DONE 0x1
#define WER_FILE_ANONYMOUS_DATA 0x2
#define WER_FILE_COMPRESSED 0x4

/* Flags of a process. */
#define WER_FAULT_REPORTING_FLAG_NOHEAP 0x1
#define WER_FAULT_REPORTING_FLAG_QUEUE 0x2
#define WER_FAULT_REPORTING_FLAG_DISABLE_THREAD_SUSPENSION 0x4
#define WER_FAULT_REPORTING_FLAG_QUEUE_UPLOAD 0x8
#define WER_FAULT_REPORTING_ALWAYS_SHOW_UI 0x10
#define WER_FAULT_REPORTING_NO_UI 0x20
#define WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE 0x40
#define WER_FAULT_REPORTING_DISABLE_SNAPSHOT_CRASH 0x80
#define WER_FAULT_REPORTING_DISABLE_SNAPSHOT_HANG 0x100
#define WER_FAULT_REPORTING_CRITICAL 0x200
#define WER_FAULT_REPORTING_DURABLE 0x400

/* What a registered file is. */
typedef enum _WER_REGISTER_FILE_TYPE {
    WerRegFileTypeUserDocument = 1,
    WerRegFileTypeOther = 2,
    WerRegFileTypeMax
} WER_REGISTER_FILE_TYPE;

/*
 * Registration. Every function may also answer WER_E_INVALID_STATE (called by a signal handler that interrupted
 * another one of them, the registration lock was not to be had within two seconds, or the process is in recovery: it has
 * crashed, and its recovery callback runs) and E_OUTOFMEMORY (the process has no registration block and none can be
 * made).
 */

/*
 * Puts 1 to WER_MAX_MEM_BLOCK_SIZE bytes of memory into heap and larger dumps. A start address that is registered
 * already gets the new size.
 * E_INVALIDARG; WER_E_INSUFFICIENT_BUFFER when WER_MAX_REGISTERED_ENTRIES things are registered.
 */
HRESULT WINAPI WerRegisterMemoryBlock(PVOID pvAddress, DWORD dwSize);
/* By the start address. E_INVALIDARG for NULL; WER_E_NOT_FOUND. */
HRESULT WINAPI WerUnregisterMemoryBlock(PVOID pvAddress);

/*
 * Leaves memory out of every dump, whatever its type: any size but 0. A start address that is excluded already gets
 * the new size. It is another registration than one by WerRegisterMemoryBlock; what both cover is left out.
 * E_INVALIDARG for NULL, 0, or an end beyond the address space; WER_E_INSUFFICIENT_BUFFER.
 */
HRESULT WINAPI WerRegisterExcludedMemoryBlock(const void *address, DWORD size);
/* By the start address. E_INVALIDARG for NULL; WER_E_NOT_FOUND. */
HRESULT WINAPI WerUnregisterExcludedMemoryBlock(const void *address);

/*
 * Adds a file to reports when the server asks for more. It need not exist yet. A path that is registered already gets
 * the new type and flags.
 * E_INVALIDARG; WER_E_INSUFFICIENT_BUFFER.
 */
HRESULT WINAPI WerRegisterFile(PCWSTR pwzFile, WER_REGISTER_FILE_TYPE regFileType, DWORD dwFlags);
/* E_INVALIDARG; WER_E_NOT_FOUND. */
HRESULT WINAPI WerUnregisterFile(PCWSTR pwzFilePath);

/*
 * Adds a key (an XML element name without a colon, up to 64 units) and its value (up to 128 printable ASCII
 * characters) to every report. A key that is registered already gets the new value.
 * E_INVALIDARG; WER_E_INSUFFICIENT_BUFFER for a ninth key.
 */
HRESULT WINAPI WerRegisterCustomMetadata(PCWSTR key, PCWSTR value);
/* E_INVALIDARG; WER_E_NOT_FOUND. */
HRESULT WINAPI WerUnregisterCustomMetadata(PCWSTR key);

/*
 * Adds a triage dump of another process to the reports of this one; captureExtraInfoForThreadId is the thread of it to
 * tell more about, 0 = none. Whether it exists and may be looked into is looked at after a crash only. A process that
 * is registered already gets the new thread.
 * E_INVALIDARG for process 0; WER_E_INSUFFICIENT_BUFFER for a fifth process.
 */
HRESULT WINAPI WerRegisterAdditionalProcess(DWORD processId, DWORD captureExtraInfoForThreadId);
/* WER_E_NOT_FOUND. */
HRESULT WINAPI WerUnregisterAdditionalProcess(DWORD processId);

/*
 * Puts a copy of the dump of a crash into a folder of the application: a relative path of up to 63 units, with \ or /
 * between names, none of them empty, . or .. (docs/werapi.md says relative to what). It is made after a crash, if it
 * does not exist; that it cannot be made is told in the report. Registering again replaces the path.
 * E_INVALIDARG.
 */
HRESULT WINAPI WerRegisterAppLocalDump(PCWSTR localAppDataRelativePath);
/* S_OK, also when nothing is registered. */
HRESULT WINAPI WerUnregisterAppLocalDump(void);

/*
 * Registers a handler module. Whether the file exists and the settings allow it is looked at after a crash only. The
 * same path with another context is another module; with the same context it is E_INVALIDARG.
 * E_INVALIDARG; WER_E_INSUFFICIENT_BUFFER for a seventeenth.
 */
HRESULT WINAPI WerRegisterRuntimeExceptionModule(PCWSTR pwszOutOfProcessCallbackDll, PVOID pContext);
/* Path and context must both be the same. E_INVALIDARG; WER_E_NOT_FOUND. */
HRESULT WINAPI WerUnregisterRuntimeExceptionModule(PCWSTR pwszOutOfProcessCallbackDll, PVOID pContext);

/* Replaces the flags of this process. E_INVALIDARG for a bit that is not defined above. */
HRESULT WINAPI WerSetFlags(DWORD dwFlags);
/*
 * The flags of this process ((HANDLE)-1) or of another one, which has none if it never registered anything.
 * E_INVALIDARG for a NULL pointer; E_HANDLE; E_ACCESSDENIED.
 */
HRESULT WINAPI WerGetFlags(HANDLE hProcess, PDWORD pdwFlags);

/* How long a crash may hold this process; 0 = 30 seconds. */
HRESULT WINAPI WerSetMaxProcessHoldMilliseconds(DWORD dwMilliseconds);

/*
 * What a handler module exports, under these names:
 *
 *     OutOfProcessExceptionEventCallback
 *     OutOfProcessExceptionEventSignatureCallback
 *     OutOfProcessExceptionEventDebuggerLaunchCallback
 *
 * It runs in another process. pContext is what was registered: an address there is read with ReadProcessMemory
 * (wer_winbase.h).
 */
#define WER_RUNTIME_EXCEPTION_EVENT_FUNCTION "OutOfProcessExceptionEventCallback"
#define WER_RUNTIME_EXCEPTION_EVENT_SIGNATURE_FUNCTION "OutOfProcessExceptionEventSignatureCallback"
#define WER_RUNTIME_EXCEPTION_DEBUGGER_LAUNCH "OutOfProcessExceptionEventDebuggerLaunchCallback"

typedef struct _WER_RUNTIME_EXCEPTION_INFORMATION {
    DWORD dwSize;
    HANDLE hProcess;
    HANDLE hThread;
    EXCEPTION_RECORD exceptionRecord;
    CONTEXT context;
    PCWSTR pwszReportId;
    BOOL bIsFatal;
    DWORD dwReserved;
} WER_RUNTIME_EXCEPTION_INFORMATION, *PWER_RUNTIME_EXCEPTION_INFORMATION;
WER_STATIC_ASSERT(sizeof(WER_RUNTIME_EXCEPTION_INFORMATION) == 1424, "as on x64 Windows");
WER_STATIC_ASSERT(offsetof(WER_RUNTIME_EXCEPTION_INFORMATION, exceptionRecord) == 24, "as on x64 Windows");
WER_STATIC_ASSERT(offsetof(WER_RUNTIME_EXCEPTION_INFORMATION, context) == 176, "as on x64 Windows");
WER_STATIC_ASSERT(offsetof(WER_RUNTIME_EXCEPTION_INFORMATION, bIsFatal) == 1416, "as on x64 Windows");

typedef HRESULT (*PFN_WER_RUNTIME_EXCEPTION_EVENT)(PVOID pContext,
                                                   const PWER_RUNTIME_EXCEPTION_INFORMATION pExceptionInformation,
                                                   BOOL *pbOwnershipClaimed, PWSTR pwszEventName, PDWORD pchSize,
                                                   PDWORD pdwSignatureCount);
typedef HRESULT (*PFN_WER_RUNTIME_EXCEPTION_EVENT_SIGNATURE)(
    PVOID pContext, const PWER_RUNTIME_EXCEPTION_INFORMATION pExceptionInformation, DWORD dwIndex, PWSTR pwszName,
    PDWORD pchName, PWSTR pwszValue, PDWORD pchValue);
typedef HRESULT (*PFN_WER_RUNTIME_EXCEPTION_DEBUGGER_LAUNCH)(
    PVOID pContext, const PWER_RUNTIME_EXCEPTION_INFORMATION pExceptionInformation, PBOOL pbIsCustomDebugger,
    PWSTR pwszDebuggerLaunch, PDWORD pchDebuggerLaunch, PBOOL pbIsDebuggerAutolaunch);

#ifdef __cplusplus
}
#endif

#endif /* WERAPI_H */
