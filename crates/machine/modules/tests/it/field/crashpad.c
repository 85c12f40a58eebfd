/* Behaves as Crashpad's module: reads its registration from the process, takes two events out of it, writes into it,
 * signals one event and waits for the other, ends the process, and claims with a failure code. */
#include "../target.h"

EXPORT HRESULT WINAPI OutOfProcessExceptionEventCallback(PVOID context,
                                                         const PWER_RUNTIME_EXCEPTION_INFORMATION info,
                                                         BOOL *claimed, PWSTR name, PDWORD size, PDWORD count)
{
    TARGET target;
    HANDLE start, done;
    LONG code = (LONG)info->exceptionRecord.ExceptionCode;
    (void)name, (void)size, (void)count;

    if (info->dwSize <= offsetof(WER_RUNTIME_EXCEPTION_INFORMATION, bIsFatal) || !info->bIsFatal)
        return S_FALSE;
    if ((DWORD)code != 0xC0000602 && (DWORD)code != 0xC0000409)
        return S_FALSE;
    if (!ReadProcessMemory(info->hProcess, context, &target, sizeof target, NULL))
        return S_FALSE;
    if (!DuplicateHandle(info->hProcess, target.Event, GetCurrentProcess(), &start, EVENT_MODIFY_STATE, FALSE, 0) ||
        !DuplicateHandle(info->hProcess, target.SetEvent, GetCurrentProcess(), &done, SYNCHRONIZE, FALSE, 0))
        return S_FALSE;
    target.Written = code;
    if (!WriteProcessMemory(info->hProcess, (char *)context + offsetof(TARGET, Written), &target.Written,
                            sizeof target.Written, NULL))
        return S_FALSE;
    if (!SetEvent(start) || WaitForSingleObject(done, 10000) != WAIT_OBJECT_0)
        return S_FALSE;
    if (!CloseHandle(start) || !CloseHandle(done) || !TerminateProcess(info->hProcess, (UINT)code))
        return S_FALSE;
    *claimed = TRUE;
    return E_FAIL;
}

EXPORT HRESULT WINAPI OutOfProcessExceptionEventSignatureCallback(PVOID context,
                                                                  const PWER_RUNTIME_EXCEPTION_INFORMATION info,
                                                                  DWORD index, PWSTR name, PDWORD name_size,
                                                                  PWSTR value, PDWORD value_size)
{
    (void)context, (void)info, (void)index, (void)name, (void)name_size, (void)value, (void)value_size;
    return E_FAIL;
}

EXPORT HRESULT WINAPI OutOfProcessExceptionEventDebuggerLaunchCallback(PVOID context,
                                                                       const PWER_RUNTIME_EXCEPTION_INFORMATION info,
                                                                       PBOOL custom, PWSTR launch, PDWORD size,
                                                                       PBOOL autolaunch)
{
    (void)context, (void)info, (void)custom, (void)launch, (void)size, (void)autolaunch;
    return E_FAIL;
}
