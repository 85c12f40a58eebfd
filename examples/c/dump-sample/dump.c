/*
 * Writes a dump of this process, or of another one, and counts its modules: MiniDumpWriteDump as a tool on
 * Windows uses it. Builds there too.
 *
 *     dump FILE [PID]
 */
#ifdef _WIN32
#include <windows.h>
#include <dbghelp.h>
#else
#include <dbghelp.h>
#endif
#include <stdio.h>
#include <stdlib.h>

/* Counts the modules. */
static BOOL WINAPI count_modules(PVOID parameter, PMINIDUMP_CALLBACK_INPUT input, PMINIDUMP_CALLBACK_OUTPUT output)
{
    (void)output;
    if (input->CallbackType == ModuleCallback)
        ++*(unsigned *)parameter;
    return TRUE;
}

int main(int count, char **arguments)
{
    unsigned modules = 0;
    MINIDUMP_CALLBACK_INFORMATION callbacks;
    HANDLE process = GetCurrentProcess(), file;
    DWORD pid = GetCurrentProcessId();
    BOOL done;

    if (count < 2 || count > 3) {
        fprintf(stderr, "usage: dump FILE [PID]\n");
        return 2;
    }
    if (count == 3) {
        pid = (DWORD)strtoul(arguments[2], NULL, 10);
        process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, pid);
        if (process == NULL) {
            fprintf(stderr, "process %u cannot be opened: error %u\n", (unsigned)pid, (unsigned)GetLastError());
            return 1;
        }
    }
    file = CreateFileA(arguments[1], GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "%s cannot be made: error %u\n", arguments[1], (unsigned)GetLastError());
        return 1;
    }
    callbacks.CallbackRoutine = count_modules;
    callbacks.CallbackParam = &modules;
    done = MiniDumpWriteDump(process, pid, file, (MINIDUMP_TYPE)(MiniDumpFilterModulePaths | MiniDumpWithThreadInfo),
                             NULL, NULL, &callbacks);
    if (!done) {
        fprintf(stderr, "no dump was written: HRESULT %08X\n", (unsigned)GetLastError());
        CloseHandle(file);
        return 1;
    }
    CloseHandle(file);
    printf("%s: process %u, %u modules; its threads are in ThreadListStream\n", arguments[1], (unsigned)pid, modules);
    return 0;
}
