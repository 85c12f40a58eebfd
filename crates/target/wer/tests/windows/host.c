/*
 * Loads a runtime exception module as WerFault.exe does, asks it about this process, and prints what it answers.
 *
 * usage: host.exe MODULE.DLL
 */
#include <stdio.h>
#include <windows.h>

typedef struct {
    DWORD dwSize;
    HANDLE hProcess, hThread;
    EXCEPTION_RECORD exceptionRecord;
    CONTEXT context;
    PCWSTR pwszReportId;
    BOOL bIsFatal;
    DWORD dwReserved;
} INFORMATION;

typedef HRESULT(WINAPI *EVENT)(PVOID, const INFORMATION *, BOOL *, PWSTR, PDWORD, PDWORD);
typedef HRESULT(WINAPI *SIGNATURE)(PVOID, const INFORMATION *, DWORD, PWSTR, PDWORD, PWSTR, PDWORD);
typedef HRESULT(WINAPI *DEBUGGER)(PVOID, const INFORMATION *, PBOOL, PWSTR, PDWORD, PBOOL);

static struct {
    int version;
    WCHAR status[256];
} payload = {5, L"Hello"};

int main(int count, char **words)
{
    static INFORMATION information;
    WCHAR name[260], value[260];
    DWORD name_size = 3, value_size = 260, pairs = 0, index;
    BOOL claimed = FALSE, custom = TRUE, automatic = TRUE;
    HMODULE module = LoadLibraryA(count > 1 ? words[1] : "");
    EVENT event = (EVENT)(void (*)(void))GetProcAddress(module, "OutOfProcessExceptionEventCallback");
    SIGNATURE signature = (SIGNATURE)(void (*)(void))GetProcAddress(module, "OutOfProcessExceptionEventSignatureCallback");
    DEBUGGER debugger =
        (DEBUGGER)(void (*)(void))GetProcAddress(module, "OutOfProcessExceptionEventDebuggerLaunchCallback");
    HRESULT result;

    if (!module || !event || !signature || !debugger) {
        printf("not loaded: %lu\n", GetLastError());
        return 1;
    }
    information.dwSize = sizeof information;
    information.hProcess = OpenProcess(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    information.exceptionRecord.ExceptionCode = EXCEPTION_ACCESS_VIOLATION;
    information.pwszReportId = L"id";
    information.bIsFatal = TRUE;
    printf("size %u\n", (unsigned)sizeof information);
    result = event(&payload, &information, &claimed, name, &name_size, &pairs);
    printf("short buffer %08lx size %lu claimed %d\n", (unsigned long)result, name_size, claimed);
    name_size = 260;
    result = event(&payload, &information, &claimed, name, &name_size, &pairs);
    printf("event %08lx claimed %d name %ls size %lu pairs %lu\n", (unsigned long)result, claimed, name, name_size, pairs);
    for (index = 0; index <= pairs; index++) {
        name_size = value_size = 260;
        name[0] = value[0] = 0;
        result = signature(&payload, &information, index, name, &name_size, value, &value_size);
        printf("pair %lu %08lx %ls=%ls\n", index, (unsigned long)result, name, value);
    }
    value_size = 260;
    result = debugger(&payload, &information, &custom, value, &value_size, &automatic);
    printf("debugger %08lx %d\n", (unsigned long)result, custom);
    result = event((PVOID)8, &information, &claimed, name, &name_size, &pairs);
    printf("unreadable %08lx\n", (unsigned long)result);
    return 0;
}
