/* A handler module in C++ as it is written for Windows, with the library's headers after windows.h. C++17. */
#include <Windows.h>
#include <dbghelp.h>
#include <tchar.h>
#include <werapi.h>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

extern "C" __declspec(dllexport) HRESULT CALLBACK OutOfProcessExceptionEventCallback(
    _In_ PVOID, _In_ const PWER_RUNTIME_EXCEPTION_INFORMATION information, _Inout_ BOOL *claimed,
    _Out_writes_(*size) PWSTR name, _Inout_ PDWORD size, _Out_ PDWORD count)
{
    wchar_t path[MAX_PATH];
    if (swprintf_s(path, L"%ls_%u%ls", L"dump", 7u, L".dmp") != 10 || wcscat_s(path, L"!") != 0)
        return E_FAIL;
    *claimed = information->bIsFatal && wcscmp(path, _T("dump_7.dmp!")) == 0;
    wcscpy_s(name, *size, L"event");
    *size = 6;
    *count = 0;
    return S_OK;
}

BOOL WINAPI DllMain(HINSTANCE, DWORD, LPVOID)
{
    return TRUE;
}

int wmain(int, wchar_t **)
{
    WER_RUNTIME_EXCEPTION_INFORMATION information{};
    wchar_t name[8];
    DWORD size = ARRAYSIZE(name), count = 1;
    BOOL claimed = FALSE;
    information.bIsFatal = TRUE;
    HRESULT result = OutOfProcessExceptionEventCallback(nullptr, &information, &claimed, name, &size, &count);
    return result == S_OK && claimed && size == 6 && count == 0 ? 0 : 1;
}
