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

/*
 * Reports of a program's own, built in its process. They cannot be submitted yet: WerReportAddDump and WerReportSubmit
 * do not exist here (docs/werapi.md). Any thread may use a handle, none from a signal handler. E_HANDLE for what is not
 * the handle of an open report; it is looked up, never followed.
 */
typedef HANDLE HREPORT;

typedef enum _WER_REPORT_TYPE {
    WerReportNonCritical = 0,
    WerReportCritical = 1,
    WerReportApplicationCrash = 2,
    WerReportApplicationHang = 3,
    WerReportKernel = 4,
    WerReportInvalid
} WER_REPORT_TYPE;

typedef enum _WER_FILE_TYPE {
    WerFileTypeMicrodump = 1,
    WerFileTypeMinidump = 2,
    WerFileTypeHeapdump = 3,
    WerFileTypeUserDocument = 4,
    WerFileTypeOther = 5,
    WerFileTypeTriagedump = 6,
    WerFileTypeCustomDump = 7,
    WerFileTypeAuxiliaryDump = 8,
    WerFileTypeEtlTrace = 9,
    WerFileTypeMax
} WER_FILE_TYPE;

typedef enum _WER_REPORT_UI {
    WerUIAdditionalDataDlgHeader = 1,
    WerUIIconFilePath = 2,
    WerUIConsentDlgHeader = 3,
    WerUIConsentDlgBody = 4,
    WerUIOnlineSolutionCheckText = 5,
    WerUIOfflineSolutionCheckText = 6,
    WerUICloseText = 7,
    WerUICloseDlgHeader = 8,
    WerUICloseDlgBody = 9,
    WerUICloseDlgButtonText = 10,
    WerUIMax
} WER_REPORT_UI;

typedef enum _WER_SUBMIT_RESULT {
    WerReportQueued = 1,
    WerReportUploaded = 2,
    WerReportDebug = 3,
    WerReportFailed = 4,
    WerDisabled = 5,
    WerReportCancelled = 6,
    WerDisabledQueue = 7,
    WerReportAsync = 8,
    WerCustomAction = 9,
    WerThrottled = 10,
    WerReportUploadedCab = 11,
    WerStorageLocationNotFound = 12,
    WerSubmitResultMax
} WER_SUBMIT_RESULT, *PWER_SUBMIT_RESULT;

/* dwSize tells the version. An empty text means its default. */
#define WER_REPORT_INFORMATION_BASE_FIELDS \
    DWORD dwSize; \
    HANDLE hProcess; \
    WCHAR wzConsentKey[64]; \
    WCHAR wzFriendlyEventName[128]; \
    WCHAR wzApplicationName[128]; \
    WCHAR wzApplicationPath[MAX_PATH]; \
    WCHAR wzDescription[512]; \
    HWND hwndParent;
#define WER_REPORT_INFORMATION_V3_FIELDS \
    WER_REPORT_INFORMATION_BASE_FIELDS \
    WCHAR wzNamespacePartner[64]; \
    WCHAR wzNamespaceGroup[64];
#define WER_REPORT_INFORMATION_V4_FIELDS \
    WER_REPORT_INFORMATION_V3_FIELDS \
    BYTE rgbApplicationIdentity[16]; \
    HANDLE hSnapshot; \
    HANDLE hDeleteFilesImpersonationToken;

typedef struct _WER_REPORT_INFORMATION {
    WER_REPORT_INFORMATION_BASE_FIELDS
} WER_REPORT_INFORMATION, *PWER_REPORT_INFORMATION;
typedef struct _WER_REPORT_INFORMATION_V3 {
    WER_REPORT_INFORMATION_V3_FIELDS
} WER_REPORT_INFORMATION_V3, *PWER_REPORT_INFORMATION_V3;
typedef struct _WER_REPORT_INFORMATION_V4 {
    WER_REPORT_INFORMATION_V4_FIELDS
} WER_REPORT_INFORMATION_V4, *PWER_REPORT_INFORMATION_V4;
typedef struct _WER_REPORT_INFORMATION_V5 {
    WER_REPORT_INFORMATION_V4_FIELDS
    WER_SUBMIT_RESULT submitResultMax;
} WER_REPORT_INFORMATION_V5, *PWER_REPORT_INFORMATION_V5;
WER_STATIC_ASSERT(sizeof(WER_REPORT_INFORMATION) == 2208, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_REPORT_INFORMATION_V3) == 2464, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_REPORT_INFORMATION_V4) == 2496, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_REPORT_INFORMATION_V5) == 2504, "as on x64 Windows");

/*
 * Begins a report; up to 1,024 are open at once. Any report type is taken, as on Windows. *phReportHandle is NULL after
 * an error.
 * E_INVALIDARG for a NULL or empty event type, a NULL phReportHandle, a dwSize of no version, a text of the structure
 * that has no terminator, invalid UTF-16; WER_E_LENGTH_EXCEEDED for an event type above 64 units; E_OUTOFMEMORY.
 */
HRESULT WINAPI WerReportCreate(PCWSTR pwzEventType, WER_REPORT_TYPE repType, PWER_REPORT_INFORMATION pReportInformation,
                               HREPORT *phReportHandle);
/*
 * Sets or replaces a parameter; without a name it is called P0 to P9.
 * E_HANDLE; E_INVALIDARG for an index above 9, a NULL value, invalid UTF-16; WER_E_LENGTH_EXCEEDED for a name above 128
 * units or a value above 259.
 */
HRESULT WINAPI WerReportSetParameter(HREPORT hReportHandle, DWORD dwparamID, PCWSTR pwzName, PCWSTR pwzValue);
/*
 * Adds a file that exists; a path that was added already gets the new type and flags. The upper 16 bits of dwFileFlags
 * are cleared. %NAME% in a path is not replaced.
 * E_HANDLE; E_INVALIDARG for a relative path, what is no regular file, an unknown type or flag;
 * HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND); E_ACCESSDENIED; WER_E_LENGTH_EXCEEDED; WER_E_INSUFFICIENT_BUFFER above 512.
 */
HRESULT WINAPI WerReportAddFile(HREPORT hReportHandle, PCWSTR pwzPath, WER_FILE_TYPE repFileType, DWORD dwFileFlags);
/*
 * Sets or replaces a text; no dialog is ever shown.
 * E_HANDLE; E_INVALIDARG for an unknown text, NULL, invalid UTF-16; WER_E_LENGTH_EXCEEDED above 2,048 units.
 */
HRESULT WINAPI WerReportSetUIOption(HREPORT hReportHandle, WER_REPORT_UI repUITypeID, PCWSTR pwzValue);
/* E_INVALIDARG for what is not the handle of an open report. */
HRESULT WINAPI WerReportCloseHandle(HREPORT hReportHandle);

#ifdef __cplusplus
}
#endif

#endif /* WERAPI_H */
