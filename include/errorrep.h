/*
 * errorrep.h: what is left of the interface before werapi.h. Link with -lwer.
 */
#ifndef ERRORREP_H
#define ERRORREP_H

#ifndef _WIN32

#include "wer_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tagEFaultRepRetVal {
    frrvOk = 0,
    frrvOkManifest,
    frrvOkQueued,
    frrvErr,
    frrvErrNoDW,
    frrvErrTimeout,
    frrvLaunchDebugger,
    frrvOkHeadless,
    frrvErrAnotherInstance,
    frrvErrNoMemory,
    frrvErrDoubleFault
} EFaultRepRetVal;

/*
 * Reports a crash of the calling thread by these exception pointers, as a crash that nothing handles would be, with dumps,
 * modules and LocalDumps; the process is stopped for that and goes on. It returns when the report is stored.
 * frrvOkHeadless: it is stored, and sent when this has returned, as consent allows. frrvOkQueued: it waits for consent or
 * for the name of a server. frrvErrNoDW: werfault is not there, or the settings want no report of this program.
 * frrvErr: dwOpt is not 0, the pointers are NULL, cannot be read or count more than 15 parameters, or there is no report, of
 * which the event log tells the reason. frrvErrTimeout; frrvErrNoMemory; frrvErrAnotherInstance and
 * frrvErrDoubleFault: another thread, or this one, is in ReportFault.
 * It allocates memory: a signal handler that may have interrupted that must not call it (WerAttachCrashHandler is for that).
 */
EFaultRepRetVal WINAPI ReportFault(LPEXCEPTION_POINTERS pep, DWORD dwOpt);

/*
 * Reports a hang of another process (AppHangB1, AppHangXProcB1), and ends that process.
 * There are no windows here. On Windows a window belongs to a thread, and tells its process: so hwndHungApp is the id of
 * the thread that hangs, as gettid() has it, cast to a HWND: (HWND)(LONG_PTR)tid. A process id is the id of its main thread.
 * A child that was not waited for keeps its number; any other number may have become another process's.
 * pwzHungApplicationName: the program's name in the report, of at most 127 units; NULL or "" = that of its executable.
 * S_OK: it has begun, and cannot be cancelled; the process is captured, ended by SIGKILL also where the settings want no
 * report of it, and started again if it registered for that without RESTART_NO_HANG. The caller may end meanwhile.
 * E_INVALIDARG: NULL, unpaired surrogates, or a thread of the caller; HRESULT_FROM_WIN32(ERROR_INVALID_WINDOW_HANDLE): there
 * is no such thread; WER_E_LENGTH_EXCEEDED; E_ACCESSDENIED: its process may not be traced by the caller's werfault (another
 * user's, more rights than its user, or Yama's ptrace_scope); HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND): no werfault;
 * HRESULT_FROM_WIN32(ERROR_TIMEOUT); E_OUTOFMEMORY. After these nothing was ended.
 */
HRESULT WINAPI WerReportHang(HWND hwndHungApp, PCWSTR pwzHungApplicationName);

/*
 * No more reports of programs with this file name, for all users: WerAddExcludedApplication(name, TRUE). The name is UTF-8
 * here, of at most 259 bytes. FALSE after an error, which GetLastError has: ERROR_INVALID_PARAMETER,
 * ERROR_ACCESS_DENIED, the Win32 code of what WerAddExcludedApplication answers, or ERROR_GEN_FAILURE.
 */
BOOL WINAPI AddERExcludedApplicationA(LPCSTR szApplication);
/* The same in UTF-16. */
BOOL WINAPI AddERExcludedApplicationW(LPCWSTR wszApplication);

#ifdef UNICODE
#define AddERExcludedApplication AddERExcludedApplicationW
#else
#define AddERExcludedApplication AddERExcludedApplicationA
#endif

#ifdef __cplusplus
}
#endif

#else
#include_next <errorrep.h>
#endif /* !_WIN32 */

#endif /* ERRORREP_H */
