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
#define WER_MAX_FRIENDLY_EVENT_NAME_LENGTH 128
#define WER_MAX_APPLICATION_NAME_LENGTH 128
#define WER_MAX_DESCRIPTION_LENGTH 512
#define WER_MAX_BUCKET_ID_STRING_LENGTH 260
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
 * Reports of a program's own, built in its process and submitted by werfault. Any thread may use a handle, none from a
 * signal handler. E_HANDLE for what is not the handle of an open report; it is looked up, never followed.
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
 * are cleared. %NAME% in a path becomes the value of that variable, where there is one of exactly this name.
 * E_HANDLE; E_INVALIDARG for a relative path, what is no regular file, an unknown type or flag;
 * HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND); E_ACCESSDENIED; WER_E_LENGTH_EXCEEDED; WER_E_INSUFFICIENT_BUFFER above 512.
 */
HRESULT WINAPI WerReportAddFile(HREPORT hReportHandle, PCWSTR pwzPath, WER_FILE_TYPE repFileType, DWORD dwFileFlags);
/* Dumps that join a report. */
typedef enum _WER_DUMP_TYPE {
    WerDumpTypeNone = 0,
    WerDumpTypeMicroDump = 1,
    WerDumpTypeMiniDump = 2,
    WerDumpTypeHeapDump = 3,
    WerDumpTypeTriageDump = 4,
    WerDumpTypeMax
} WER_DUMP_TYPE;

/* Where the report waits in the queue, a heap dump is replaced by a mini dump. */
#define WER_DUMP_NOHEAP_ONQUEUE 0x1
/* One more dump, beside the one of its type. */
#define WER_DUMP_AUXILIARY 0x2

#define WER_DUMP_MASK_START 1
#define WER_DUMP_MASK_DUMPTYPE (WER_DUMP_MASK_START << 0)
#define WER_DUMP_MASK_ONLY_THISTHREAD (WER_DUMP_MASK_START << 1)
#define WER_DUMP_MASK_THREADFLAGS (WER_DUMP_MASK_START << 2)
#define WER_DUMP_MASK_THREADFLAGS_EX (WER_DUMP_MASK_START << 3)
#define WER_DUMP_MASK_OTHERTHREADFLAGS (WER_DUMP_MASK_START << 4)
#define WER_DUMP_MASK_OTHERTHREADFLAGS_EX (WER_DUMP_MASK_START << 5)
#define WER_DUMP_MASK_PREFERRED_MODULESFLAGS (WER_DUMP_MASK_START << 6)
#define WER_DUMP_MASK_OTHER_MODULESFLAGS (WER_DUMP_MASK_START << 7)
#define WER_DUMP_MASK_PREFERRED_MODULE_LIST (WER_DUMP_MASK_START << 8)
#define WER_MAX_PREFERRED_MODULES 128
#define WER_MAX_PREFERRED_MODULES_BUFFER 256

/*
 * A member counts if dwMask has its bit; the list holds file names, each with its terminator, and one more at the end. The
 * key is not read, and hSnapshot must be NULL.
 */
#define WER_DUMP_CUSTOM_OPTIONS_FIELDS \
    DWORD dwSize; \
    DWORD dwMask; \
    DWORD dwDumpFlags; \
    BOOL bOnlyThisThread; \
    DWORD dwExceptionThreadFlags; \
    DWORD dwOtherThreadFlags; \
    DWORD dwExceptionThreadExFlags; \
    DWORD dwOtherThreadExFlags; \
    DWORD dwPreferredModuleFlags; \
    DWORD dwOtherModuleFlags; \
    WCHAR wzPreferredModuleList[WER_MAX_PREFERRED_MODULES_BUFFER];
#define WER_DUMP_CUSTOM_OPTIONS_V2_FIELDS \
    WER_DUMP_CUSTOM_OPTIONS_FIELDS \
    DWORD dwPreferredModuleResetFlags; \
    DWORD dwOtherModuleResetFlags;

typedef struct _WER_DUMP_CUSTOM_OPTIONS {
    WER_DUMP_CUSTOM_OPTIONS_FIELDS
} WER_DUMP_CUSTOM_OPTIONS, *PWER_DUMP_CUSTOM_OPTIONS;
typedef struct _WER_DUMP_CUSTOM_OPTIONS_V2 {
    WER_DUMP_CUSTOM_OPTIONS_V2_FIELDS
} WER_DUMP_CUSTOM_OPTIONS_V2, *PWER_DUMP_CUSTOM_OPTIONS_V2;
typedef struct _WER_DUMP_CUSTOM_OPTIONS_V3 {
    WER_DUMP_CUSTOM_OPTIONS_V2_FIELDS
    PVOID pvDumpKey;
    HANDLE hSnapshot;
    DWORD dwThreadID;
} WER_DUMP_CUSTOM_OPTIONS_V3, *PWER_DUMP_CUSTOM_OPTIONS_V3;
WER_STATIC_ASSERT(sizeof(WER_DUMP_CUSTOM_OPTIONS) == 552, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_DUMP_CUSTOM_OPTIONS_V2) == 560, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_DUMP_CUSTOM_OPTIONS_V3) == 584, "as on x64 Windows");

/* bClientPointers: the address is one of the process that is dumped. */
typedef struct _WER_EXCEPTION_INFORMATION {
    PEXCEPTION_POINTERS pExceptionPointers;
    BOOL bClientPointers;
} WER_EXCEPTION_INFORMATION, *PWER_EXCEPTION_INFORMATION;
WER_STATIC_ASSERT(sizeof(WER_EXCEPTION_INFORMATION) == 16, "as on x64 Windows");

/*
 * Asks for a dump of a process, which werfault makes when the report is submitted: one of each type, and up to 8 in all
 * with auxiliary ones. hProcess may be closed until then; the process may not end. Exception pointers of this process are
 * followed now, those of another one when it is dumped. A micro dump needs a thread; without hThread, exception and
 * bOnlyThisThread of this process mean the calling thread, an exception of another one the thread on whose stack it lies.
 * The kernel decides whether the process may be dumped: the same user's, and no more rights than this one's; where Yama
 * lets only ancestors trace, werfault is permitted for this process, and another one must permit it (PR_SET_PTRACER). A dump
 * that cannot be made is a sentence in the report.
 * E_HANDLE for what is no open report, handle of a process or of a thread, and for a snapshot; E_INVALIDARG for a process
 * that has ended, another process's thread, an unknown type, flag, mask or dump flag, a dwSize of no version, a list
 * without end, exception pointers of this process that are NULL, cannot be read or count more than 15 parameters;
 * HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS) for a second dump of a type; WER_E_INSUFFICIENT_BUFFER above 8.
 */
HRESULT WINAPI WerReportAddDump(HREPORT hReportHandle, HANDLE hProcess, HANDLE hThread, WER_DUMP_TYPE dumpType,
                                PWER_EXCEPTION_INFORMATION pExceptionParam,
                                PWER_DUMP_CUSTOM_OPTIONS pDumpCustomOptions, DWORD dwFlags);
/*
 * Sets or replaces a text; no dialog is ever shown.
 * E_HANDLE; E_INVALIDARG for an unknown text, NULL, invalid UTF-16; WER_E_LENGTH_EXCEEDED above 2,048 units.
 */
HRESULT WINAPI WerReportSetUIOption(HREPORT hReportHandle, WER_REPORT_UI repUITypeID, PCWSTR pwzValue);
/* E_INVALIDARG for what is not the handle of an open report. */
HRESULT WINAPI WerReportCloseHandle(HREPORT hReportHandle);

/* Flags of a submission. */
#define WER_SUBMIT_HONOR_RECOVERY 0x1
#define WER_SUBMIT_HONOR_RESTART 0x2
#define WER_SUBMIT_QUEUE 0x4
#define WER_SUBMIT_SHOW_DEBUG 0x8
#define WER_SUBMIT_ADD_REGISTERED_DATA 0x10
#define WER_SUBMIT_OUTOFPROCESS 0x20
#define WER_SUBMIT_NO_CLOSE_UI 0x40
#define WER_SUBMIT_NO_QUEUE 0x80
#define WER_SUBMIT_DISCARD_IF_QUEUED WER_SUBMIT_NO_QUEUE
#define WER_SUBMIT_NO_ARCHIVE 0x100
#define WER_SUBMIT_START_MINIMIZED 0x200
#define WER_SUBMIT_OUTOFPROCESS_ASYNC 0x400
#define WER_SUBMIT_BYPASS_DATA_THROTTLING 0x800
#define WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY 0x1000
#define WER_SUBMIT_REPORT_MACHINE_ID 0x2000
#define WER_SUBMIT_BYPASS_POWER_THROTTLING 0x4000
#define WER_SUBMIT_BYPASS_NETWORK_COST_THROTTLING 0x8000

typedef enum _WER_CONSENT {
    WerConsentNotAsked = 1,
    WerConsentApproved = 2,
    WerConsentDenied = 3,
    WerConsentAlwaysPrompt = 4,
    WerConsentMax
} WER_CONSENT;

/*
 * Stores and submits the report as it is now; files are copied and dumps made now. It waits for that, for at most ten minutes; with
 * WER_SUBMIT_OUTOFPROCESS_ASYNC only until the report is stored, and the result is WerReportAsync. What became of the report is in
 * *pSubmitResult, if that is not NULL; nothing is written there after an error. The report stays open.
 * E_HANDLE; E_INVALIDARG for an unknown consent or flag, and for parameters with one missing below the last;
 * HRESULT_FROM_WIN32 of ERROR_FILE_NOT_FOUND (werfault is not there or cannot be run), ERROR_BROKEN_PIPE (it ended
 * without an answer), ERROR_TIMEOUT, ERROR_INVALID_DATA (its answer cannot be read); E_ACCESSDENIED (werfault has borrowed
 * rights); E_OUTOFMEMORY; E_FAIL when the report could not be stored, of which the event log tells the reason.
 */
HRESULT WINAPI WerReportSubmit(HREPORT hReportHandle, WER_CONSENT consent, DWORD dwFlags,
                               PWER_SUBMIT_RESULT pSubmitResult);

/*
 * The store. Every call asks a werfault of its own (docs/formats/store-requests.md), found as WerAttachCrashHandler says;
 * the program sees neither a child nor SIGCHLD. Not from a signal handler. The child of a fork has its parent's handles,
 * and begins without any where another thread was in one of these functions at the fork. Beside what each function
 * says, all can answer HRESULT_FROM_WIN32 of
 * ERROR_FILE_NOT_FOUND (werfault is not there or cannot be run), ERROR_BROKEN_PIPE (it ended without an answer),
 * ERROR_TIMEOUT (none within a minute, for an upload ten), ERROR_INVALID_DATA (its answer, or a Report.wer, cannot be
 * read), ERROR_BUSY (another process holds the store for too long); E_ACCESSDENIED; E_OUTOFMEMORY; E_FAIL.
 * A handle that is NULL, closed or none of WerStoreOpen's is E_INVALIDARG; it is looked up, never followed.
 */
typedef HANDLE HREPORTSTORE, *PHREPORTSTORE;

/* The user's reports, and the machine's (/var/lib/wer), which belong to root: E_ACCESSDENIED for others. */
typedef enum _REPORT_STORE_TYPES {
    E_STORE_USER_ARCHIVE = 0,
    E_STORE_USER_QUEUE = 1,
    E_STORE_MACHINE_ARCHIVE = 2,
    E_STORE_MACHINE_QUEUE = 3,
    E_STORE_INVALID
} REPORT_STORE_TYPES;

typedef struct _WER_REPORT_PARAMETER {
    WCHAR Name[WER_MAX_SIGNATURE_NAME_LENGTH + 1];
    WCHAR Value[WER_MAX_PARAM_LENGTH];
} WER_REPORT_PARAMETER, *PWER_REPORT_PARAMETER;

typedef struct _WER_REPORT_SIGNATURE {
    WCHAR EventName[WER_MAX_EVENT_NAME_LENGTH + 1];
    WER_REPORT_PARAMETER Parameters[WER_MAX_PARAM_COUNT];
} WER_REPORT_SIGNATURE, *PWER_REPORT_SIGNATURE;

/*
 * BucketId is the first half of the signature's hash, ReportId the id that modules were given, CreationTime that of the
 * event (UTC), SizeInBytes that of all files.
 */
#define WER_REPORT_METADATA_V1_FIELDS \
    WER_REPORT_SIGNATURE Signature; \
    GUID BucketId; \
    GUID ReportId; \
    FILETIME CreationTime; \
    ULONGLONG SizeInBytes;
/*
 * CabId is always empty, ReportIntegratorId the same as ReportId. FileNames is the caller's memory for the names of the
 * files, each with its terminator and one more behind the last; SizeOfFileNames its size in BYTES. (Of Windows' two
 * pages one says bytes and the other characters. A caller that takes the size that it is told for characters
 * allocates twice as much as is needed, and nothing is ever written beyond either reading.)
 */
#define WER_REPORT_METADATA_V2_FIELDS \
    WER_REPORT_METADATA_V1_FIELDS \
    WCHAR CabId[MAX_PATH]; \
    DWORD ReportStatus; \
    GUID ReportIntegratorId; \
    DWORD NumberOfFiles; \
    DWORD SizeOfFileNames; \
    WCHAR *FileNames;

typedef struct _WER_REPORT_METADATA_V1 {
    WER_REPORT_METADATA_V1_FIELDS
} WER_REPORT_METADATA_V1, *PWER_REPORT_METADATA_V1;
typedef struct _WER_REPORT_METADATA_V2 {
    WER_REPORT_METADATA_V2_FIELDS
} WER_REPORT_METADATA_V2, *PWER_REPORT_METADATA_V2;
/* BucketIdString is the signature's hash; LegacyBucketId the server's bucket, 0 = none. */
typedef struct _WER_REPORT_METADATA_V3 {
    WER_REPORT_METADATA_V2_FIELDS
    WCHAR FriendlyEventName[WER_MAX_FRIENDLY_EVENT_NAME_LENGTH];
    WCHAR ApplicationName[WER_MAX_APPLICATION_NAME_LENGTH];
    WCHAR ApplicationPath[MAX_PATH];
    WCHAR Description[WER_MAX_DESCRIPTION_LENGTH];
    WCHAR BucketIdString[WER_MAX_BUCKET_ID_STRING_LENGTH];
    ULONGLONG LegacyBucketId;
} WER_REPORT_METADATA_V3, *PWER_REPORT_METADATA_V3;
WER_STATIC_ASSERT(sizeof(WER_REPORT_PARAMETER) == 778, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_REPORT_SIGNATURE) == 7910, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_REPORT_METADATA_V1) == 7960, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_REPORT_METADATA_V2) == 8520, "as on x64 Windows");
WER_STATIC_ASSERT(sizeof(WER_REPORT_METADATA_V3) == 11104, "as on x64 Windows");

/*
 * Opens a store; up to 1,024 are open at once. One that does not exist is empty. *phReportStore is NULL after an error.
 * E_INVALIDARG for an unknown type or a NULL pointer.
 */
HRESULT WINAPI WerStoreOpen(REPORT_STORE_TYPES repStoreType, PHREPORTSTORE phReportStore);
/* NULL, and what is no open store, is left alone. */
VOID WINAPI WerStoreClose(HREPORTSTORE hReportStore);
/*
 * The key of the oldest report: the path of its folder. What is stored now is what WerStoreGetNextReportKey goes
 * through. To be freed with WerFreeString; 65,536 keys can be out at once. *ppszReportKey is NULL after an error.
 * E_INVALIDARG; HRESULT_FROM_WIN32(ERROR_NO_MORE_FILES).
 */
HRESULT WINAPI WerStoreGetFirstReportKey(HREPORTSTORE hReportStore, PCWSTR *ppszReportKey);
/* The next one; the first, where none was asked for yet. Threads that share a handle get each key once. As above. */
HRESULT WINAPI WerStoreGetNextReportKey(HREPORTSTORE hReportStore, PCWSTR *ppszReportKey);
/*
 * What a report says. A key is a folder's path as it was told (with / or \) or the folder's name. Texts that are
 * longer than their field are cut.
 * E_INVALIDARG for NULL, what can be no key, or invalid UTF-16; HRESULT_FROM_WIN32(ERROR_NOT_FOUND) where this store has
 * no such report (any more).
 */
HRESULT WINAPI WerStoreQueryReportMetadataV1(HREPORTSTORE hReportStore, PCWSTR pszReportKey,
                                             PWER_REPORT_METADATA_V1 pReportMetadata);
/*
 * Likewise; SizeOfFileNames and FileNames are read first. A NULL pointer or too small a size is
 * HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER): all but the names is written, and SizeOfFileNames is what they need.
 */
HRESULT WINAPI WerStoreQueryReportMetadataV2(HREPORTSTORE hReportStore, PCWSTR pszReportKey,
                                             PWER_REPORT_METADATA_V2 pReportMetadata);
/* Likewise. */
HRESULT WINAPI WerStoreQueryReportMetadataV3(HREPORTSTORE hReportStore, PCWSTR pszReportKey,
                                             PWER_REPORT_METADATA_V3 pReportMetadata);
/*
 * Submits a stored report as far as consent allows, with flags as of WerReportSubmit; waits for it. pSubmitResult may
 * be NULL. What is in an archive is not sent again: WerReportUploaded if it was sent before, else WerReportFailed.
 * As WerStoreQueryReportMetadataV1; E_INVALIDARG for an unknown flag.
 */
HRESULT WINAPI WerStoreUploadReport(HREPORTSTORE hReportStore, PCWSTR pszReportKey, DWORD dwFlags,
                                    PWER_SUBMIT_RESULT pSubmitResult);
/* S_OK and 0 for an empty store. E_INVALIDARG. */
HRESULT WINAPI WerStoreGetReportCount(HREPORTSTORE hReportStore, DWORD *pdwReportCount);
/* Bytes that the reports take on the disk. E_INVALIDARG. */
HRESULT WINAPI WerStoreGetSizeOnDisk(HREPORTSTORE hReportStore, ULONGLONG *pqwSizeInBytes);
/* Deletes every report of this user, waiting or archived; the machine's stay. One that cannot go does not keep others. */
HRESULT WINAPI WerStorePurge(void);
/* Frees a key, once; NULL and what is no key that was given out is left alone. */
VOID WINAPI WerFreeString(PCWSTR pwszStr);

/*
 * No more reports of programs with this file name (a path is reduced to its last component): for this user, or for
 * all where bAllUsers is not FALSE. Adding one again is S_OK.
 * E_INVALIDARG for NULL, "", a name that ends in / or \, one above 259 units, invalid UTF-16; E_ACCESSDENIED;
 * E_FAIL where the settings file cannot be changed; those of the store's functions.
 */
HRESULT WINAPI WerAddExcludedApplication(PCWSTR pwzExeName, BOOL bAllUsers);
/* Takes that back. As above; HRESULT_FROM_WIN32(ERROR_ENVVAR_NOT_FOUND, 203) for a name that is not in that list. */
HRESULT WINAPI WerRemoveExcludedApplication(PCWSTR pwzExeName, BOOL bAllUsers);

#ifdef __cplusplus
}
#endif

#endif /* WERAPI_H */
