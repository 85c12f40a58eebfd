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
