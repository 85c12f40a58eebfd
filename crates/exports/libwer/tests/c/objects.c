/*
 * Mappings and events that two processes share by name, as sources for Windows use them. C11 with 16-bit wchar_t, UNICODE.
 * Its argument is a folder of its own; "child NAME" is what the other process is started with.
 */
#include <windows.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int failures;

#define CHECK(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            wprintf(L"line %d: %hs, last error %lu\n", __LINE__, #condition, (unsigned long)GetLastError());           \
            failures++;                                                                                               \
        }                                                                                                             \
    } while (0)
#define FAILS(call, error) CHECK((SetLastError(0), !(call)) && GetLastError() == (error))

typedef struct {
    volatile LONG state;
    WCHAR text[32];
} Shared;

static WCHAR *name_of(const WCHAR *what, DWORD pid)
{
    static WCHAR names[4][64];
    static int next;
    WCHAR *name = names[next++ % 4];
    swprintf(name, 64, L"Local\\objects-%ls-%lx", what, (unsigned long)pid);
    return name;
}

static int child(DWORD pid)
{
    HANDLE mapping = OpenFileMapping(FILE_MAP_ALL_ACCESS, FALSE, name_of(L"memory", pid));
    HANDLE asked = OpenEvent(SYNCHRONIZE, FALSE, name_of(L"asked", pid));
    HANDLE done = OpenEvent(EVENT_MODIFY_STATE, FALSE, name_of(L"done", pid));
    Shared *shared = (Shared *)MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, sizeof(Shared));
    CHECK(mapping && asked && done && shared);
    if (shared == NULL)
        return failures;
    CHECK(WaitForSingleObject(asked, 10000) == WAIT_OBJECT_0);
    CHECK(InterlockedCompareExchange(&shared->state, 2, 1) == 1);
    wcscpy_s(shared->text, 32, L"größe");
    CHECK(SetEvent(done));
    return failures;
}

static void two_processes(const char *program)
{
    char pid[32];
    int status = 0;
    pid_t other;
    HANDLE mapping = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(Shared),
                                       name_of(L"memory", GetCurrentProcessId()));
    HANDLE asked = CreateEvent(NULL, FALSE, FALSE, name_of(L"asked", GetCurrentProcessId()));
    HANDLE done = CreateEvent(NULL, TRUE, FALSE, name_of(L"done", GetCurrentProcessId()));
    Shared *shared = (Shared *)MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(mapping && asked && done && shared);
    if (shared == NULL)
        return;
    snprintf(pid, sizeof pid, "%lu", (unsigned long)GetCurrentProcessId());
    other = fork();
    if (other == 0) {
        execl(program, program, "child", pid, (char *)NULL);
        _exit(127);
    }
    InterlockedExchange(&shared->state, 1);
    CHECK(SetEvent(asked));
    CHECK(WaitForSingleObject(done, 10000) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(done, 0) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(asked, 0) == WAIT_TIMEOUT);
    CHECK(shared->state == 2 && wcscmp(shared->text, L"größe") == 0);
    CHECK(waitpid(other, &status, 0) == other && status == 0);
    CHECK(UnmapViewOfFile(shared) && CloseHandle(mapping) && CloseHandle(asked) && CloseHandle(done));
    FAILS(OpenFileMapping(FILE_MAP_READ, FALSE, name_of(L"memory", GetCurrentProcessId())), ERROR_FILE_NOT_FOUND);
}

static void answers(void)
{
    static WCHAR endless[40000];
    WCHAR half[] = {'a', 0xD800, 0};
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, "objects-answers"), again;
    CHECK(event != NULL && GetLastError() == 0);
    again = CreateEventW(NULL, FALSE, FALSE, L"Global\\objects-answers");
    CHECK(again != NULL && GetLastError() == ERROR_ALREADY_EXISTS);
    CHECK(WaitForSingleObject(again, 0) == WAIT_OBJECT_0 && ResetEvent(again));
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT);
    FAILS(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 8, "objects-answers"), ERROR_INVALID_HANDLE);
    FAILS(OpenFileMappingA(FILE_MAP_READ, FALSE, "objects-answers"), ERROR_INVALID_HANDLE);
    FAILS(MapViewOfFile(event, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(event) && CloseHandle(again));
    FAILS(OpenEventA(SYNCHRONIZE, FALSE, "objects-answers"), ERROR_FILE_NOT_FOUND);
    for (size_t i = 0; i < ARRAYSIZE(endless); i++)
        endless[i] = 'x';
    FAILS(OpenEventW(0, FALSE, NULL), ERROR_INVALID_PARAMETER);
    FAILS(OpenEventA(0, FALSE, NULL), ERROR_INVALID_PARAMETER);
    FAILS(OpenEventW(0, FALSE, half), ERROR_INVALID_PARAMETER);
    FAILS(OpenEventW(0, FALSE, endless), ERROR_INVALID_PARAMETER);
    endless[300] = 0;
    FAILS(OpenEventW(0, FALSE, endless), ERROR_FILENAME_EXCED_RANGE);
    FAILS(OpenEventW(0, FALSE, L""), ERROR_PATH_NOT_FOUND);
    FAILS(OpenEventW(0, FALSE, L"Session\\1"), ERROR_PATH_NOT_FOUND);
    FAILS(CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0, NULL), ERROR_INVALID_PARAMETER);
    FAILS(CreateFileMapping(INVALID_HANDLE_VALUE, NULL, 0x40, 0, 8, NULL), ERROR_INVALID_PARAMETER);
    FAILS(CreateFileMapping(NULL, NULL, PAGE_READWRITE, 0, 8, NULL), ERROR_INVALID_HANDLE);
    FAILS(MapViewOfFile(NULL, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    FAILS(UnmapViewOfFile(endless), ERROR_INVALID_ADDRESS);
    FAILS(UnmapViewOfFile(NULL), ERROR_INVALID_ADDRESS);
}

static void files(const WCHAR *folder)
{
    WCHAR path[MAX_PATH];
    DWORD count = 0;
    char *view;
    HANDLE file, mapping;
    StringCchPrintf(path, MAX_PATH, L"%s\\mapped", folder);
    file = CreateFile(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    FAILS(CreateFileMapping(file, NULL, PAGE_READWRITE, 0, 0, NULL), ERROR_FILE_INVALID);
    FAILS(CreateFileMapping(file, NULL, PAGE_READWRITE, 0, 8, L"name"), ERROR_NOT_SUPPORTED);
    CHECK(WriteFile(file, "0123", 4, &count, NULL));
    mapping = CreateFileMapping(file, NULL, PAGE_READWRITE | SEC_COMMIT, 0, 5000, NULL);
    CHECK(CloseHandle(file));
    view = (char *)MapViewOfFile(mapping, FILE_MAP_COPY, 0, 0, 4);
    CHECK(view != NULL && memcmp(view, "0123", 4) == 0);
    if (view != NULL)
        view[0] = 'x';
    CHECK(UnmapViewOfFile(view));
    view = (char *)MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    CHECK(view != NULL && view[0] == '0' && view[4999] == 0);
    FAILS(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 5001), ERROR_ACCESS_DENIED);
    FAILS(MapViewOfFile(mapping, FILE_MAP_READ, 0, 4, 4), ERROR_MAPPED_ALIGNMENT);
    FAILS(MapViewOfFile(mapping, FILE_MAP_READ, 1, 0, 0), ERROR_ACCESS_DENIED);
    FAILS(MapViewOfFile(mapping, 0, 0, 0, 0), ERROR_INVALID_PARAMETER);
    CHECK(UnmapViewOfFile(view) && CloseHandle(mapping));
    file = CreateFile(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    mapping = CreateFileMapping(file, NULL, PAGE_READONLY, 0, 0, NULL);
    FAILS(MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(mapping) && CloseHandle(file));
}

int main(int count, char **arguments)
{
    WCHAR *folder;
    if (count == 3)
        return child((DWORD)strtoul(arguments[2], NULL, 10));
    folder = WerWinWiden(arguments[1]);
    two_processes(arguments[0]);
    answers();
    files(folder);
    free(folder);
    printf("%d failures\n", failures);
    return failures;
}
