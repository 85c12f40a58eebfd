/*
 * wer_linux.h: what Windows does for every process by itself, and a Linux process asks for. werapi.h includes it off
 * Windows. Link with -lwer.
 *
 * A portable program:
 *
 *     #include <werapi.h>
 *     ...
 *     #ifndef _WIN32
 *         WerAttachCrashHandler();
 *     #endif
 */
#ifndef WER_LINUX_H
#define WER_LINUX_H

#ifndef _WIN32

#include "wer_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Installs the crash handler of this process: SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP and SIGSYS are
 * reported by werfault, and then do what they did before (usually: the process dies by that signal). The calling
 * thread gets an alternate signal stack. Calling it again, from any copy of the library, only does the latter.
 *
 * werfault is the file that the variable WER_WERFAULT names (ignored in privileged processes), else the one beside
 * libwer.so, else /usr/libexec/wer/werfault or /usr/lib/wer/werfault.
 *
 * S_OK; E_OUTOFMEMORY.
 */
HRESULT WINAPI WerAttachCrashHandler(void);

/*
 * Gives the calling thread an alternate signal stack, unless it has a sufficient one, so that an overflow of its own
 * stack is reported too. It is freed when the thread ends.
 *
 * S_OK; E_OUTOFMEMORY; WER_E_INVALID_STATE in a thread that is ending.
 */
HRESULT WINAPI WerThreadAttach(void);

/*
 * Says something that the report of a crash will carry, in UTF-8, at most 4096 bytes (the rest is cut). The last call
 * counts; NULL or "" takes it back. Not for signal handlers.
 *
 * S_OK; E_OUTOFMEMORY; WER_E_INVALID_STATE.
 */
HRESULT WINAPI WerSetLastWords(PCSTR utf8);

/*
 * Watches the calling thread, usually that of the event loop. When WerWatchdogPet has not been called for uiTimeout
 * milliseconds, werfault reports a hang, once; the program goes on, and a hang after the next call is another one. 0 = the
 * setting Hangs.TimeoutMilliseconds, or 5000 where that cannot be asked for. A thread of the program does this, with all
 * signals blocked. No hang is reported of a thread that has ended or that a debugger holds, and time in which the whole
 * process was stopped or the machine suspended does not count. The child of a fork is not watched.
 *
 * S_OK; E_INVALIDARG: a NULL pointer, a time above 0 and outside of 100 to 600000; E_OUTOFMEMORY: 64 are there already, or
 * there is no thread. *phWatchdog is NULL after a failure.
 */
HRESULT WINAPI WerWatchdogStart(DWORD uiTimeout, HANDLE *phWatchdog);

/*
 * Says that the thread goes on. For any thread, and for signal handlers: no lock, no system call.
 *
 * S_OK, in the child of a fork too, where it does nothing; E_HANDLE.
 */
HRESULT WINAPI WerWatchdogPet(HANDLE hWatchdog);

/*
 * Ends the watchdog, after a report that is being made. Not for signal handlers.
 *
 * S_OK; E_HANDLE: not the handle of a watchdog, or one that was stopped.
 */
HRESULT WINAPI WerWatchdogStop(HANDLE hWatchdog);

/*
 * A HANDLE of a file that the program has opened, for MiniDumpWriteDump and the file functions of wer_winbase.h.
 * CloseHandle on it closes the descriptor; without it, the descriptor stays the program's. Also in libwerdbghelp.so.
 *
 * INVALID_HANDLE_VALUE, and GetLastError: ERROR_INVALID_HANDLE, ERROR_TOO_MANY_OPEN_FILES above 65535.
 */
HANDLE WINAPI WerHandleFromFd(int fd);

#ifdef __cplusplus
}
#endif

#endif /* _WIN32 */
#endif /* WER_LINUX_H */
