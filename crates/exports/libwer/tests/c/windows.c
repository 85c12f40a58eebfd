/*
 * A source as it is written for Windows, built with include/compat: files, folders, modules, clocks, handles and the
 * registry, inputs against answers. C11 with 16-bit wchar_t, UNICODE. Its argument is a folder of its own.
 */
#include <windows.h>
#include <stdio.h>
#include <strsafe.h>
#include <tchar.h>
#include <wchar.h>
#include <werapi.h>

static int failures;

#define CHECK(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            wprintf(L"line %d: %hs, last error %lu\n", __LINE__, #condition, (unsigned long)GetLastError());           \
            failures++;                                                                                               \
        }                                                                                                             \
    } while (0)

static WCHAR folder[MAX_PATH];

/* A path below the folder, in one of four buffers. */
static LPCWSTR below(LPCWSTR name)
{
    static WCHAR paths[4][MAX_PATH];
    static int next;
    WCHAR *path = paths[next++ % 4];
    CHECK(SUCCEEDED(StringCchPrintf(path, MAX_PATH, L"%s\\%s", folder, name)));
    return path;
}

static void files(void)
{
    char bytes[16] = "";
    DWORD count = 0;
    LONG high = 0;
    LARGE_INTEGER place, now;
    HANDLE file = CreateFile(below(L"größe.txt"), GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_NEW,
                             FILE_ATTRIBUTE_NORMAL, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    CHECK(WriteFile(file, "0123456789", 10, &count, NULL) && count == 10);
    CHECK(GetFileSize(file, NULL) == 10);
    CHECK(SetFilePointer(file, -4, NULL, FILE_END) == 6);
    CHECK(ReadFile(file, bytes, sizeof bytes, &count, NULL) && count == 4 && memcmp(bytes, "6789", 4) == 0);
    CHECK(ReadFile(file, bytes, sizeof bytes, &count, NULL) && count == 0);
    CHECK(!ReadFile(file, NULL, 1, &count, NULL) && GetLastError() == ERROR_NOACCESS);
    place.QuadPart = 3;
    CHECK(SetFilePointerEx(file, place, &now, FILE_BEGIN) && now.QuadPart == 3);
    place.QuadPart = -4;
    CHECK(!SetFilePointerEx(file, place, NULL, FILE_CURRENT) && GetLastError() == ERROR_NEGATIVE_SEEK);
    CHECK(SetFilePointer(file, 0, &high, FILE_CURRENT) == 3 && high == 0);
    CHECK(SetEndOfFile(file) && GetFileSize(file, &count) == 3 && count == 0);
    CHECK(FlushFileBuffers(file));
    CHECK(CloseHandle(file));
    CHECK(!CloseHandle(file) && GetLastError() == ERROR_INVALID_HANDLE);
    CHECK(GetFileSize(file, NULL) == INVALID_FILE_SIZE);
    CHECK(GetFileAttributes(below(L"größe.txt")) == FILE_ATTRIBUTE_NORMAL);
    CHECK(CreateDirectory(below(L"inner"), NULL));
    CHECK(!CreateDirectory(below(L"inner"), NULL) && GetLastError() == ERROR_ALREADY_EXISTS);
    CHECK(GetFileAttributes(below(L"inner")) == FILE_ATTRIBUTE_DIRECTORY);
    CHECK(MoveFileEx(below(L"größe.txt"), below(L"inner\\b"), MOVEFILE_REPLACE_EXISTING));
    CHECK(!DeleteFile(below(L"größe.txt")) && GetLastError() == ERROR_FILE_NOT_FOUND);
    CHECK(!RemoveDirectory(below(L"inner")) && GetLastError() == ERROR_DIR_NOT_EMPTY);
    CHECK(DeleteFile(below(L"inner/b")) && RemoveDirectory(below(L"inner")));
    CHECK(GetFileAttributes(below(L"inner")) == INVALID_FILE_ATTRIBUTES && GetLastError() == ERROR_FILE_NOT_FOUND);
    CHECK(!DeleteFile(NULL) && GetLastError() == ERROR_INVALID_PARAMETER);
}

static void names(void)
{
    WCHAR path[MAX_PATH], whole[MAX_PATH], *name;
    static const WCHAR unpaired[] = {'/', 0xD800, 0};
    DWORD length = GetModuleFileName(NULL, whole, MAX_PATH);
    CHECK(length == wcslen(whole) && GetLastError() == 0);
    name = wcsrchr(whole, L'\\');
    CHECK(name != NULL && wcscmp(name + 1, L"windows-c") == 0 && wcschr(whole, L'/') == NULL);
    CHECK(GetModuleFileName(NULL, path, 5) == 5 && GetLastError() == ERROR_INSUFFICIENT_BUFFER);
    CHECK(wcslen(path) == 4 && wcsncmp(path, whole, 4) == 0);
    CHECK(GetModuleFileName(NULL, NULL, 5) == 0 && GetModuleFileName(NULL, path, 0) == 0);
    CHECK(GetFullPathName(L"/a/./b\\..\\c", MAX_PATH, path, &name) == 4);
    CHECK(wcscmp(path, L"\\a\\c") == 0 && name == path + 3);
    CHECK(GetFullPathName(L"/a", 3, path, NULL) == 2 && GetFullPathName(L"/a", 2, path, NULL) == 3);
    CHECK(GetFullPathName(unpaired, MAX_PATH, path, NULL) == 0 && GetLastError() == ERROR_INVALID_PARAMETER);
    CHECK(GetWindowsDirectory(path, MAX_PATH) == 4 && wcscmp(path, L"\\usr") == 0);
    CHECK(GetSystemDirectory(NULL, 0) == 9);
    CHECK(GetTempPath(MAX_PATH, path) > 0 && path[wcslen(path) - 1] == L'\\');
    CHECK(GetEnvironmentVariable(L"WINDOWS_TEST", path, MAX_PATH) == 5 && wcscmp(path, L"größe") == 0);
    CHECK(GetEnvironmentVariable(L"NO_SUCH", path, MAX_PATH) == 0 && GetLastError() == ERROR_ENVVAR_NOT_FOUND);
}

static void modules(void)
{
    typedef HRESULT(WINAPI * SetFlags)(DWORD);
    HMODULE kernel = GetModuleHandle(L"kernel32.dll");
    SetFlags set_flags;
    DWORD flags = 0;
    CHECK(kernel != NULL);
    set_flags = (SetFlags)(void (*)(void))GetProcAddress(kernel, "WerSetFlags");
    CHECK(set_flags != NULL && set_flags(WER_FAULT_REPORTING_FLAG_QUEUE) == S_OK);
    CHECK(WerGetFlags(GetCurrentProcess(), &flags) == S_OK && flags == WER_FAULT_REPORTING_FLAG_QUEUE);
    CHECK(GetProcAddress(kernel, "ReadProcessMemory") != NULL);
    CHECK(GetProcAddress(kernel, "WerNoSuchFunction") == NULL && GetLastError() == ERROR_PROC_NOT_FOUND);
    CHECK(GetProcAddress(NULL, "WerSetFlags") == NULL && GetProcAddress(kernel, (LPCSTR)(ULONG_PTR)7) == NULL);
    CHECK(LoadLibrary(L"no-such-module.dll") == NULL && GetLastError() == ERROR_MOD_NOT_FOUND);
    CHECK(FreeLibrary(kernel) && !FreeLibrary(NULL));
}

static void clocks(void)
{
    SYSTEMTIME time;
    FILETIME file_time;
    ULARGE_INTEGER ticks;
    ULONGLONG before = GetTickCount64();
    GetSystemTime(&time);
    GetSystemTimeAsFileTime(&file_time);
    ticks.LowPart = file_time.dwLowDateTime, ticks.HighPart = file_time.dwHighDateTime;
    /* Days since 1601 of the first of a year. */
    CHECK(ticks.QuadPart / 864000000000ULL / 366 <= (ULONGLONG)time.wYear - 1601);
    CHECK(ticks.QuadPart / 864000000000ULL / 365 + 1 >= (ULONGLONG)time.wYear - 1601);
    CHECK(time.wMonth >= 1 && time.wMonth <= 12 && time.wHour < 24 && time.wMilliseconds < 1000);
    CHECK(GetTickCount64() >= before);
    GetSystemTime(NULL);
}

static void shared_numbers(void)
{
    LONG number = 1;
    BYTE *memory = (BYTE *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 16);
    CHECK(InterlockedIncrement(&number) == 2 && InterlockedExchange(&number, 9) == 2);
    CHECK(InterlockedCompareExchange(&number, 5, 9) == 9 && number == 5);
    CHECK(memory != NULL && memory[15] == 0 && HeapFree(GetProcessHeap(), 0, memory));
    CHECK(_countof(folder) == MAX_PATH && MAKE_HRESULT(1, 7, 122) == WER_E_INSUFFICIENT_BUFFER);
}

static void registry(void)
{
    static const WCHAR wer[] = L"SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting";
    HKEY key = NULL;
    DWORD value = 0, size = sizeof value, type = 0;
    CHECK(RegOpenKeyEx(HKEY_CURRENT_USER, L"Software\\Elsewhere", 0, KEY_READ, &key) == ERROR_FILE_NOT_FOUND);
    CHECK(RegOpenKeyEx(HKEY_CURRENT_USER, wer, 0, KEY_READ, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RegOpenKeyEx(HKEY_LOCAL_MACHINE, wer, 0, KEY_READ, &key) == ERROR_SUCCESS && key != NULL);
    /* There is no program `wer` beside the library of this test's kind, or no file sets it: not there, either way. */
    CHECK(RegQueryValueEx(key, L"NoSuchValue", NULL, &type, (LPBYTE)&value, &size) == ERROR_FILE_NOT_FOUND);
    CHECK(RegGetValue(key, NULL, L"NoSuchValue", RRF_RT_REG_DWORD, &type, &value, &size) == ERROR_FILE_NOT_FOUND);
    CHECK(RegSetValueEx(key, L"NoSuchValue", 0, REG_BINARY, (const BYTE *)&value, 4) == ERROR_INVALID_PARAMETER);
    CHECK(RegCloseKey(key) == ERROR_SUCCESS && RegCloseKey(key) == ERROR_INVALID_HANDLE);
    CHECK(RegQueryValueEx(key, L"Disabled", NULL, &type, NULL, NULL) == ERROR_INVALID_HANDLE);
}

int wmain(int argc, WCHAR *argv[])
{
    if (argc == 2 && wcscmp(argv[1], L"raise") == 0) {
        WerAttachCrashHandler();
        RaiseException(0xABCD1234, EXCEPTION_NONCONTINUABLE, 0, NULL);
    }
    if (argc != 2 || wcscpy_s(folder, _countof(folder), argv[1]) != 0)
        return 99;
    files();
    names();
    modules();
    clocks();
    shared_numbers();
    registry();
    wprintf(_T("%d failures\n"), failures);
    return failures;
}
