/* The calls of wer_winbase.h from inside a host. Finds "", or the first check that failed. */
#include "wer_winbase.h"

typedef struct {
    DWORD dwSize;
    HANDLE hProcess, hThread;
} INFORMATION_HEAD;

#define STRINGIFY(text) L##text
#define CHECK(condition)                                                                                               \
    if (!(condition))                                                                                                  \
    return STRINGIFY(#condition)

static const WCHAR *checks(PVOID context, INFORMATION_HEAD *info)
{
    int version = 0;
    SIZE_T count = 77;
    HANDLE copy, event, mapping;
    void *view;
    static char page[8192];

    CHECK(ReadProcessMemory(info->hProcess, context, &version, sizeof version, &count) && version == 5 && count == 4);
    CHECK(!ReadProcessMemory(info->hProcess, (LPCVOID)8, &version, sizeof version, &count));
    CHECK(GetLastError() == ERROR_PARTIAL_COPY && count == 0);
    CHECK(!ReadProcessMemory(NULL, context, &version, sizeof version, NULL) && GetLastError() == ERROR_INVALID_HANDLE);
    CHECK(!ReadProcessMemory(info->hProcess, context, NULL, 4, NULL) && GetLastError() == ERROR_NOACCESS);
    CHECK(ReadProcessMemory(GetCurrentProcess(), page, &page[4096], 4096, NULL));
    CHECK(!ReadProcessMemory(GetCurrentProcess(), (LPCVOID)8, page, 4, NULL) && GetLastError() == ERROR_PARTIAL_COPY);
    version = 9;
    CHECK(WriteProcessMemory(info->hProcess, context, &version, sizeof version, &count) && count == 4);
    version = 0;
    CHECK(ReadProcessMemory(info->hProcess, context, &version, sizeof version, NULL) && version == 9);

    CHECK(GetProcessId(info->hProcess) != 0 && GetProcessId(info->hProcess) == GetThreadId(info->hThread));
    CHECK(GetProcessId(GetCurrentProcess()) == GetCurrentProcessId());
    CHECK(GetCurrentThreadId() == GetThreadId(GetCurrentThread()));
    CHECK(WaitForSingleObject(info->hProcess, 0) == WAIT_TIMEOUT);
    CHECK(DuplicateHandle(GetCurrentProcess(), info->hProcess, GetCurrentProcess(), &copy, 0, FALSE, 0));
    CHECK(GetProcessId(copy) == GetProcessId(info->hProcess) && CloseHandle(copy));
    CHECK(!CloseHandle(copy) && GetLastError() == ERROR_INVALID_HANDLE);
    CHECK(!DuplicateHandle(info->hProcess, (HANDLE)4, GetCurrentProcess(), &copy, 0, FALSE, 0));
    CHECK(GetLastError() == ERROR_INVALID_HANDLE);
    CHECK(DuplicateHandle(info->hProcess, GetCurrentProcess(), GetCurrentProcess(), &copy, 0, FALSE, 0));
    CHECK(GetProcessId(copy) == GetProcessId(info->hProcess) && CloseHandle(copy));
    copy = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetProcessId(info->hProcess));
    CHECK(copy != NULL && ReadProcessMemory(copy, context, &version, sizeof version, NULL) && version == 9);
    CHECK(CloseHandle(copy));

    event = CreateEvent(NULL, FALSE, FALSE, NULL);
    CHECK(event != NULL && SetEvent(event) && WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && CloseHandle(event));
    CHECK(CreateEventW(NULL, TRUE, TRUE, L"named") == NULL && GetLastError() == ERROR_NOT_SUPPORTED);
    CHECK(OpenEventW(EVENT_MODIFY_STATE, FALSE, L"Local\\named") == NULL && GetLastError() == ERROR_NOT_SUPPORTED);
    CHECK(OpenFileMappingW(FILE_MAP_READ, FALSE, L"named") == NULL && GetLastError() == ERROR_NOT_SUPPORTED);
    CHECK(CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 8, L"named") == NULL &&
          GetLastError() == ERROR_NOT_SUPPORTED);
    mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 8, NULL);
    view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(mapping != NULL && view != NULL && *(char *)view == 0 && UnmapViewOfFile(view) && CloseHandle(mapping));

    CHECK(TerminateProcess(info->hProcess, 3));
    Sleep(0);
    /* To the module it is at its end, though it is held for its report. */
    CHECK(WaitForSingleObject(info->hProcess, 0) == WAIT_OBJECT_0);
    SetLastError(1234);
    CHECK(GetLastError() == 1234);
    return L"nothing failed";
}

HRESULT OutOfProcessExceptionEventCallback(PVOID context, INFORMATION_HEAD *info, BOOL *claimed, PWSTR name,
                                           PDWORD size, PDWORD count)
{
    *claimed = TRUE;
    *count = 0;
    StringCchCopyW(name, *size, checks(context, info));
    *size = (DWORD)wcslen(name) + 1;
    return S_OK;
}

HRESULT OutOfProcessExceptionEventSignatureCallback(void)
{
    return E_FAIL;
}

HRESULT OutOfProcessExceptionEventDebuggerLaunchCallback(void)
{
    return E_NOTIMPL;
}
