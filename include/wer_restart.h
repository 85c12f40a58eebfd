/*
 * wer_restart.h: what an application asks for after its own crash, as winbase.h declares it on Windows: to save its
 * user's work, and to be started again. werapi.h includes it off Windows. Link with -lwer.
 *
 * Both need the crash handler (WerAttachCrashHandler, or `wer run`): a crash that only the kernel's way reports runs no
 * callback and starts nothing. What happens is told in docs/restart.md.
 */
#ifndef WER_RESTART_H
#define WER_RESTART_H

#ifndef _WIN32

#include "wer_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Units of a restart's command line, with its terminator. */
#define RESTART_MAX_CMD_LINE 1024
/* When not to start the application again. */
#define RESTART_NO_CRASH 1
#define RESTART_NO_HANG 2
#define RESTART_NO_PATCH 4
#define RESTART_NO_REBOOT 8

/* Milliseconds. */
#define RECOVERY_DEFAULT_PING_INTERVAL 5000
#define RECOVERY_MAX_PING_INTERVAL (5 * 60 * 1000)

/* Its answer is reserved; nobody looks at it. */
typedef DWORD (WINAPI *APPLICATION_RECOVERY_CALLBACK)(PVOID pvParameter);

/*
 * Asks for the application to be started again after a crash, if it ran for 60 seconds: the same executable, in the
 * folder that it works in when it crashes, with the environment that it was started with. The command line is the
 * arguments without the program's name, at most 1,023 units, quoted as Windows does it; NULL means those that this
 * process was started with, "" none. Registering again replaces it; a recovery callback may do so, to name what it
 * has saved.
 * S_OK; E_INVALIDARG for an unknown flag, a longer command line, or text that is not UTF-16; E_OUTOFMEMORY;
 * WER_E_INVALID_STATE as for the functions of werapi.h.
 */
HRESULT WINAPI RegisterApplicationRestart(PCWSTR pwzCommandline, DWORD dwFlags);
/* S_OK, also when nothing is registered. */
HRESULT WINAPI UnregisterApplicationRestart(void);
/*
 * What this process ((HANDLE)-1) or another one has registered; NULL is told as "". *pcchSize is the size of the
 * buffer in units, and becomes that of the text with its terminator. Without a buffer only the size is told. pdwFlags
 * may be NULL.
 * S_OK; E_INVALIDARG for a NULL pcchSize; E_HANDLE; E_ACCESSDENIED; HRESULT_FROM_WIN32(ERROR_NOT_FOUND) when nothing
 * is registered; HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER); HRESULT_FROM_WIN32(ERROR_INVALID_STATE) when what was
 * registered was overwritten.
 */
HRESULT WINAPI GetApplicationRestartSettings(HANDLE hProcess, PWSTR pwzCommandline, PDWORD pcchSize, PDWORD pdwFlags);

/*
 * Registers what is called once in this process when the report of its crash is made, before it dies: on a stack of
 * its own, while the thread that crashed waits and the others run. It may do anything that a process in this state
 * can do: a lock that the crashed thread holds stays taken. It must call ApplicationRecoveryInProgress within each
 * interval (milliseconds, 0 = RECOVERY_DEFAULT_PING_INTERVAL), or is given up; if it crashes, it is given up too. In
 * both cases the process dies of its first signal.
 * S_OK; E_INVALIDARG for a NULL callback, an interval above RECOVERY_MAX_PING_INTERVAL, or a flag (none is defined);
 * E_OUTOFMEMORY; WER_E_INVALID_STATE as for the functions of werapi.h.
 */
HRESULT WINAPI RegisterApplicationRecoveryCallback(APPLICATION_RECOVERY_CALLBACK pRecoveyCallback, PVOID pvParameter,
                                                   DWORD dwPingInterval, DWORD dwFlags);
/* S_OK, also when nothing is registered. */
HRESULT WINAPI UnregisterApplicationRecoveryCallback(void);
/*
 * What this process ((HANDLE)-1) or another one has registered. Every pointer but the first may be NULL.
 * S_OK; S_FALSE when nothing is registered; E_INVALIDARG for a NULL pRecoveryCallback; E_HANDLE; E_ACCESSDENIED;
 * HRESULT_FROM_WIN32(ERROR_INVALID_STATE) when what was registered was overwritten.
 */
HRESULT WINAPI GetApplicationRecoveryCallback(HANDLE hProcess, APPLICATION_RECOVERY_CALLBACK *pRecoveryCallback,
                                              PVOID *ppvParameter, PDWORD pdwPingInterval, PDWORD pdwFlags);
/*
 * Says that the callback gets on. *pbCancelled: whether it shall give up.
 * S_OK; E_INVALIDARG for NULL; E_FAIL when no recovery callback runs.
 */
HRESULT WINAPI ApplicationRecoveryInProgress(PBOOL pbCancelled);
/* Says that the callback is done, and whether it could save what it wanted to: the process dies at once. */
VOID WINAPI ApplicationRecoveryFinished(BOOL bSuccess);

#ifdef __cplusplus
}
#endif

#endif /* !_WIN32 */

#endif /* WER_RESTART_H */
