/*
 * The application's runtime exception module. It is loaded in another process after a crash, reads the application's
 * payload, claims the crash, and names it: "My crash report", with Version and Status as its signature.
 */
#include "payload.h"
#include <werapi.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT WER_VISIBLE
#endif

static Payload crash_payload;

EXPORT HRESULT WINAPI OutOfProcessExceptionEventCallback(PVOID pContext,
                                                         const PWER_RUNTIME_EXCEPTION_INFORMATION pExceptionInformation,
                                                         BOOL *pbOwnershipClaimed, PWSTR pwszEventName, PDWORD pchSize,
                                                         PDWORD pdwSignatureCount)
{
    static const WCHAR name[] = L"My crash report";
    SIZE_T bytes_read = 0;

    if (!ReadProcessMemory(pExceptionInformation->hProcess, pContext, &crash_payload, sizeof crash_payload,
                           &bytes_read) ||
        bytes_read != sizeof crash_payload) {
        OutputDebugStringW(L"module: the payload could not be read");
        return S_OK;
    }
    crash_payload.Status[STATUS_CHARACTERS - 1] = 0;

    if (*pchSize < ARRAYSIZE(name)) {
        *pchSize = ARRAYSIZE(name);
        return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
    }
    StringCchCopyW(pwszEventName, *pchSize, name);
    *pchSize = ARRAYSIZE(name);
    *pdwSignatureCount = 2;
    *pbOwnershipClaimed = TRUE;
    return S_OK;
}

EXPORT HRESULT WINAPI OutOfProcessExceptionEventSignatureCallback(
    PVOID pContext, const PWER_RUNTIME_EXCEPTION_INFORMATION pExceptionInformation, DWORD dwIndex, PWSTR pwszName,
    PDWORD pchName, PWSTR pwszValue, PDWORD pchValue)
{
    HRESULT result = E_UNEXPECTED;
    (void)pContext, (void)pExceptionInformation;

    if (dwIndex == 0) {
        StringCchCopyW(pwszName, *pchName, L"Version");
        result = StringCchPrintfW(pwszValue, *pchValue, L"%d", crash_payload.Version);
    } else if (dwIndex == 1) {
        StringCchCopyW(pwszName, *pchName, L"Status");
        result = StringCchCopyW(pwszValue, *pchValue, crash_payload.Status);
    }
    if (SUCCEEDED(result)) {
        *pchName = (DWORD)lstrlenW(pwszName) + 1;
        *pchValue = (DWORD)lstrlenW(pwszValue) + 1;
    }
    return result;
}

EXPORT HRESULT WINAPI OutOfProcessExceptionEventDebuggerLaunchCallback(
    PVOID pContext, const PWER_RUNTIME_EXCEPTION_INFORMATION pExceptionInformation, PBOOL pbIsCustomDebugger,
    PWSTR pwszDebuggerLaunch, PDWORD pchDebuggerLaunch, PBOOL pbIsDebuggerAutolaunch)
{
    (void)pContext, (void)pExceptionInformation, (void)pwszDebuggerLaunch, (void)pchDebuggerLaunch;
    *pbIsCustomDebugger = FALSE;
    *pbIsDebuggerAutolaunch = FALSE;
    return S_OK;
}
