/*
 * wer_winbase.h: the kernel32 and advapi32 functions that runtime exception modules and callers of
 * MiniDumpWriteDump use, for building them unchanged off Windows. On Windows it includes the system's own headers and
 * nothing else.
 *
 * The functions are exported by libwer.so, and by libwerdbghelp.so too, under WerWin names; macros give them their
 * Windows names, so nothing collides at link time. Errors are left for GetLastError, per thread.
 *
 * wer_wide.h, which this includes, has the wide-string functions. include/compat/ has <windows.h> and the like, for
 * sources that include those.
 */
#ifndef WER_WINBASE_H
#define WER_WINBASE_H

#ifdef _WIN32
#include <windows.h>
#include <strsafe.h>
#include <wchar.h>
#else

#include "wer_types.h"

#ifndef ERROR_TOO_MANY_OPEN_FILES
#define ERROR_TOO_MANY_OPEN_FILES 4
#endif
#ifndef ERROR_NOT_ENOUGH_MEMORY
#define ERROR_NOT_ENOUGH_MEMORY 8
#endif
#ifndef ERROR_NOT_SUPPORTED
#define ERROR_NOT_SUPPORTED 50
#endif
#ifndef ERROR_PATH_NOT_FOUND
#define ERROR_PATH_NOT_FOUND 3
#endif
#ifndef ERROR_WRITE_PROTECT
#define ERROR_WRITE_PROTECT 19
#endif
#ifndef ERROR_FILE_EXISTS
#define ERROR_FILE_EXISTS 80
#endif
#ifndef ERROR_BROKEN_PIPE
#define ERROR_BROKEN_PIPE 109
#endif
#ifndef ERROR_DISK_FULL
#define ERROR_DISK_FULL 112
#endif
#ifndef ERROR_ALREADY_EXISTS
#define ERROR_ALREADY_EXISTS 183
#endif
#ifndef ERROR_FILE_TOO_LARGE
#define ERROR_FILE_TOO_LARGE 223
#endif
#ifndef ERROR_PARTIAL_COPY
#define ERROR_PARTIAL_COPY 299
#endif
#ifndef ERROR_NOACCESS
#define ERROR_NOACCESS 998
#endif
#ifndef ERROR_NOT_SAME_DEVICE
#define ERROR_NOT_SAME_DEVICE 17
#endif
#ifndef ERROR_MOD_NOT_FOUND
#define ERROR_MOD_NOT_FOUND 126
#endif
#ifndef ERROR_PROC_NOT_FOUND
#define ERROR_PROC_NOT_FOUND 127
#endif
#ifndef ERROR_NEGATIVE_SEEK
#define ERROR_NEGATIVE_SEEK 131
#endif
#ifndef ERROR_DIR_NOT_EMPTY
#define ERROR_DIR_NOT_EMPTY 145
#endif
#ifndef ERROR_ENVVAR_NOT_FOUND
#define ERROR_ENVVAR_NOT_FOUND 203
#endif
#ifndef ERROR_FILENAME_EXCED_RANGE
#define ERROR_FILENAME_EXCED_RANGE 206
#endif
#ifndef ERROR_INVALID_ADDRESS
#define ERROR_INVALID_ADDRESS 487
#endif
#ifndef ERROR_FILE_INVALID
#define ERROR_FILE_INVALID 1006
#endif
#ifndef ERROR_MAPPED_ALIGNMENT
#define ERROR_MAPPED_ALIGNMENT 1132
#endif
#ifndef ERROR_MORE_DATA
#define ERROR_MORE_DATA 234
#endif
#ifndef ERROR_TIMEOUT
#define ERROR_TIMEOUT 1460
#endif

#define INFINITE 0xFFFFFFFFu
#define WAIT_OBJECT_0 0u
#define WAIT_TIMEOUT 258u
#define WAIT_FAILED 0xFFFFFFFFu
#define DUPLICATE_CLOSE_SOURCE 0x1
#define DUPLICATE_SAME_ACCESS 0x2

#define PROCESS_TERMINATE 0x0001
#define PROCESS_VM_OPERATION 0x0008
#define PROCESS_VM_READ 0x0010
#define PROCESS_VM_WRITE 0x0020
#define PROCESS_DUP_HANDLE 0x0040
#define PROCESS_QUERY_INFORMATION 0x0400
#define PROCESS_SUSPEND_RESUME 0x0800
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000
#define PROCESS_ALL_ACCESS 0x1FFFFF
#define MAXIMUM_ALLOWED 0x02000000
#ifndef SYNCHRONIZE
#define SYNCHRONIZE 0x00100000
#endif
#ifndef EVENT_MODIFY_STATE
#define EVENT_MODIFY_STATE 0x0002
#define EVENT_ALL_ACCESS 0x1F0003
#endif

#define THREAD_QUERY_INFORMATION 0x40
#define THREAD_ALL_ACCESS 0x1FFFFF

#define GENERIC_READ 0x80000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_ALL 0x10000000u
#define FILE_SHARE_READ 0x1
#define FILE_SHARE_WRITE 0x2
#define FILE_SHARE_DELETE 0x4
#define CREATE_NEW 1
#define CREATE_ALWAYS 2
#define OPEN_EXISTING 3
#define OPEN_ALWAYS 4
#define TRUNCATE_EXISTING 5
#define FILE_ATTRIBUTE_NORMAL 0x80
#define FILE_FLAG_WRITE_THROUGH 0x80000000u

typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;
typedef struct _OVERLAPPED OVERLAPPED, *LPOVERLAPPED;
typedef struct _SECURITY_ATTRIBUTES SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

#ifdef __cplusplus
extern "C" {
#endif

#define GetLastError WerWinGetLastError
#define SetLastError WerWinSetLastError
DWORD WINAPI GetLastError(void);
VOID WINAPI SetLastError(DWORD dwErrCode);

/* Copies from or to the process that the handle names; GetCurrentProcess() is this one. FALSE and ERROR_PARTIAL_COPY
 * when not all of it could be reached; the count then tells how far it came. */
#define ReadProcessMemory WerWinReadProcessMemory
#define WriteProcessMemory WerWinWriteProcessMemory
BOOL WINAPI ReadProcessMemory(HANDLE hProcess, LPCVOID lpBaseAddress, LPVOID lpBuffer, SIZE_T nSize,
                              SIZE_T *lpNumberOfBytesRead);
BOOL WINAPI WriteProcessMemory(HANDLE hProcess, LPVOID lpBaseAddress, LPCVOID lpBuffer, SIZE_T nSize,
                               SIZE_T *lpNumberOfBytesWritten);

#define GetCurrentProcess WerWinGetCurrentProcess
#define GetCurrentThread WerWinGetCurrentThread
#define GetCurrentProcessId WerWinGetCurrentProcessId
#define GetCurrentThreadId WerWinGetCurrentThreadId
#define GetProcessId WerWinGetProcessId
#define GetThreadId WerWinGetThreadId
HANDLE WINAPI GetCurrentProcess(void);
HANDLE WINAPI GetCurrentThread(void);
DWORD WINAPI GetCurrentProcessId(void);
DWORD WINAPI GetCurrentThreadId(void);
DWORD WINAPI GetProcessId(HANDLE Process);
DWORD WINAPI GetThreadId(HANDLE Thread);

/*
 * A handle of the process that has this id now; it stays that process's. The memory rights (PROCESS_VM_READ, _WRITE,
 * MAXIMUM_ALLOWED) are checked here, as the kernel checks who may trace whom; the others when they are used.
 * NULL and ERROR_INVALID_PARAMETER (no such process) or ERROR_ACCESS_DENIED.
 */
#define OpenProcess WerWinOpenProcess
HANDLE WINAPI OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId);
/*
 * A handle of the thread that has this id now, of any process: a name for other functions, without rights. It is the id, so
 * after the thread's end it names whichever thread gets that. NULL and ERROR_INVALID_PARAMETER when there is none.
 */
#define OpenThread WerWinOpenThread
HANDLE WINAPI OpenThread(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwThreadId);

/*
 * Files, as far as writing a dump needs them. Paths are Linux paths. Share modes, attributes, flags and templates are
 * looked over; a new file is its owner's only (mode 0600). INVALID_HANDLE_VALUE on failure; as on Windows, success
 * with ERROR_ALREADY_EXISTS when CREATE_ALWAYS or OPEN_ALWAYS found a file. A descriptor that a program has already
 * becomes a handle by WerHandleFromFd (wer_linux.h).
 */
#define CreateFileA WerWinCreateFileA
#define CreateFileW WerWinCreateFileW
#ifndef CreateFile
#ifdef UNICODE
#define CreateFile CreateFileW
#else
#define CreateFile CreateFileA
#endif
#endif
HANDLE WINAPI CreateFileA(LPCSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
                          LPSECURITY_ATTRIBUTES lpSecurityAttributes, DWORD dwCreationDisposition,
                          DWORD dwFlagsAndAttributes, HANDLE hTemplateFile);
HANDLE WINAPI CreateFileW(LPCWSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
                          LPSECURITY_ATTRIBUTES lpSecurityAttributes, DWORD dwCreationDisposition,
                          DWORD dwFlagsAndAttributes, HANDLE hTemplateFile);
/* At the file's position. FALSE and ERROR_NOT_SUPPORTED with an lpOverlapped. */
#define WriteFile WerWinWriteFile
BOOL WINAPI WriteFile(HANDLE hFile, LPCVOID lpBuffer, DWORD nNumberOfBytesToWrite, DWORD *lpNumberOfBytesWritten,
                      LPOVERLAPPED lpOverlapped);
#define GetFileSizeEx WerWinGetFileSizeEx
BOOL WINAPI GetFileSizeEx(HANDLE hFile, PLARGE_INTEGER lpFileSize);

/* On the crashed process, from a module: noted and answered with TRUE; the process ends by its own signal when its
 * report is done. */
#define TerminateProcess WerWinTerminateProcess
BOOL WINAPI TerminateProcess(HANDLE hProcess, UINT uExitCode);

/* Within this process; in a runtime exception module also from the crashed process into this one: events without a name,
 * processes, and files that are open for reading only (else ERROR_ACCESS_DENIED). FALSE and ERROR_NOT_SUPPORTED when
 * either process is another. */
#define DuplicateHandle WerWinDuplicateHandle
#define CloseHandle WerWinCloseHandle
BOOL WINAPI DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle, HANDLE hTargetProcessHandle,
                            LPHANDLE lpTargetHandle, DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwOptions);
BOOL WINAPI CloseHandle(HANDLE hObject);

/*
 * Objects with a name (events, mappings) are shared by all processes of one user: files in /dev/shm/wer-objects-UID,
 * which only that user may enter. Local\ and Global\ before a name are the same. A name lasts as long as a process has
 * the object or a view of it; an object that nobody has is removed when the next one is made. Security attributes,
 * inheritance and wished-for access are looked over.
 * NULL and: ERROR_ALREADY_EXISTS is no failure, but what Create leaves with an object that was there;
 * ERROR_FILE_NOT_FOUND = Open found none; ERROR_INVALID_HANDLE = an object of another kind has the name;
 * ERROR_PATH_NOT_FOUND = an empty name, or a \ in it; ERROR_FILENAME_EXCED_RANGE = more than 238 bytes, where what is no
 * ASCII letter, digit, dot, - or _ counts three per byte of UTF-8; ERROR_NOT_SUPPORTED = in a runtime exception module,
 * which can open no files; ERROR_ACCESS_DENIED = the folder is somebody else's.
 */
#define CreateEventA WerWinCreateEventA
#define CreateEventW WerWinCreateEventW
#define OpenEventA WerWinOpenEventA
#define OpenEventW WerWinOpenEventW
#ifndef CreateEvent
#ifdef UNICODE
#define CreateEvent CreateEventW
#define OpenEvent OpenEventW
#else
#define CreateEvent CreateEventA
#define OpenEvent OpenEventA
#endif
#endif
#define SetEvent WerWinSetEvent
#define ResetEvent WerWinResetEvent
HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
                           LPCSTR lpName);
HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
                           LPCWSTR lpName);
HANDLE WINAPI OpenEventA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName);
HANDLE WINAPI OpenEventW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName);
BOOL WINAPI SetEvent(HANDLE hEvent);
BOOL WINAPI ResetEvent(HANDLE hEvent);

/* On a process (until it has ended) or an event; WAIT_FAILED and ERROR_NOT_SUPPORTED on a thread. */
#define WaitForSingleObject WerWinWaitForSingleObject
DWORD WINAPI WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds);
#define Sleep WerWinSleep
VOID WINAPI Sleep(DWORD dwMilliseconds);

/*
 * Mappings: of a file, or of memory (INVALID_HANDLE_VALUE), which alone may have a name. dwMaximumSize... of 0 is the
 * file's size; a shorter file grows. flProtect must be one of these three, with SEC_COMMIT or without; what a view may do
 * is decided by MapViewOfFile and by how the file was opened. NULL and ERROR_INVALID_PARAMETER, ERROR_FILE_INVALID (an
 * empty file), ERROR_NOT_SUPPORTED (a file and a name), and those of names.
 */
#define PAGE_READONLY 0x02
#define PAGE_READWRITE 0x04
#define PAGE_WRITECOPY 0x08
#define SEC_COMMIT 0x08000000
#define FILE_MAP_COPY 0x0001
#define FILE_MAP_WRITE 0x0002
#define FILE_MAP_READ 0x0004
#define FILE_MAP_ALL_ACCESS 0x000F001F
#define CreateFileMappingA WerWinCreateFileMappingA
#define CreateFileMappingW WerWinCreateFileMappingW
#define OpenFileMappingA WerWinOpenFileMappingA
#define OpenFileMappingW WerWinOpenFileMappingW
#ifndef CreateFileMapping
#ifdef UNICODE
#define CreateFileMapping CreateFileMappingW
#define OpenFileMapping OpenFileMappingW
#else
#define CreateFileMapping CreateFileMappingA
#define OpenFileMapping OpenFileMappingA
#endif
#endif
HANDLE WINAPI CreateFileMappingA(HANDLE hFile, LPSECURITY_ATTRIBUTES lpFileMappingAttributes, DWORD flProtect,
                                 DWORD dwMaximumSizeHigh, DWORD dwMaximumSizeLow, LPCSTR lpName);
HANDLE WINAPI CreateFileMappingW(HANDLE hFile, LPSECURITY_ATTRIBUTES lpFileMappingAttributes, DWORD flProtect,
                                 DWORD dwMaximumSizeHigh, DWORD dwMaximumSizeLow, LPCWSTR lpName);
HANDLE WINAPI OpenFileMappingA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName);
HANDLE WINAPI OpenFileMappingW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName);

/*
 * The offset is a multiple of 4096 (ERROR_MAPPED_ALIGNMENT); 0 bytes are all that follow it. ERROR_ACCESS_DENIED beyond
 * the end, and for a view to write of a file that was opened to read. The handle may be closed before the view.
 * UnmapViewOfFile: ERROR_INVALID_ADDRESS for what is no view's start. Up to 4,096 views at once.
 */
#define MapViewOfFile WerWinMapViewOfFile
#define UnmapViewOfFile WerWinUnmapViewOfFile
LPVOID WINAPI MapViewOfFile(HANDLE hFileMappingObject, DWORD dwDesiredAccess, DWORD dwFileOffsetHigh,
                            DWORD dwFileOffsetLow, SIZE_T dwNumberOfBytesToMap);
BOOL WINAPI UnmapViewOfFile(LPCVOID lpBaseAddress);

/* A line on standard error, which a module host started by the same user passes on. */
#define OutputDebugStringA WerWinOutputDebugStringA
#define OutputDebugStringW WerWinOutputDebugStringW
#ifndef OutputDebugString
#ifdef UNICODE
#define OutputDebugString OutputDebugStringW
#else
#define OutputDebugString OutputDebugStringA
#endif
#endif
VOID WINAPI OutputDebugStringA(LPCSTR lpOutputString);
VOID WINAPI OutputDebugStringW(LPCWSTR lpOutputString);

/* ---- More of files --------------------------------------------------------------------------------------------- */

/*
 * Paths: \ and / both part names, in every function here and in werapi.h, because sources for Windows look for the last
 * \ of a path and put a name after it. Functions that answer a path write it with \. A file whose name holds a \ is
 * reached by open() and WerHandleFromFd only. Drives do not exist: "C:\\x" is a relative path.
 */
#define INVALID_FILE_ATTRIBUTES 0xFFFFFFFFu
#define INVALID_FILE_SIZE 0xFFFFFFFFu
#define INVALID_SET_FILE_POINTER 0xFFFFFFFFu
#define FILE_ATTRIBUTE_READONLY 0x1
#define FILE_ATTRIBUTE_HIDDEN 0x2
#define FILE_ATTRIBUTE_DIRECTORY 0x10
#define FILE_ATTRIBUTE_TEMPORARY 0x100
#define FILE_BEGIN 0
#define FILE_CURRENT 1
#define FILE_END 2
#define MOVEFILE_REPLACE_EXISTING 0x1
#define MOVEFILE_COPY_ALLOWED 0x2
#define MOVEFILE_WRITE_THROUGH 0x8

/* At the file's position. TRUE with 0 bytes at the end. FALSE and ERROR_NOT_SUPPORTED with an lpOverlapped. */
#define ReadFile WerWinReadFile
BOOL WINAPI ReadFile(HANDLE hFile, LPVOID lpBuffer, DWORD nNumberOfBytesToRead, DWORD *lpNumberOfBytesRead,
                     LPOVERLAPPED lpOverlapped);
/* FALSE and ERROR_NEGATIVE_SEEK (131) before the start. */
#define SetFilePointerEx WerWinSetFilePointerEx
BOOL WINAPI SetFilePointerEx(HANDLE hFile, LARGE_INTEGER liDistanceToMove, PLARGE_INTEGER lpNewFilePointer,
                             DWORD dwMoveMethod);
#define SetFilePointer WerWinSetFilePointer
DWORD WINAPI SetFilePointer(HANDLE hFile, LONG lDistanceToMove, PLONG lpDistanceToMoveHigh, DWORD dwMoveMethod);
#define SetEndOfFile WerWinSetEndOfFile
BOOL WINAPI SetEndOfFile(HANDLE hFile);
#define FlushFileBuffers WerWinFlushFileBuffers
BOOL WINAPI FlushFileBuffers(HANDLE hFile);
#define GetFileSize WerWinGetFileSize
DWORD WINAPI GetFileSize(HANDLE hFile, LPDWORD lpFileSizeHigh);

#define DeleteFileA WerWinDeleteFileA
#define DeleteFileW WerWinDeleteFileW
BOOL WINAPI DeleteFileA(LPCSTR lpFileName);
BOOL WINAPI DeleteFileW(LPCWSTR lpFileName);
/* By one rename: FALSE and ERROR_NOT_SAME_DEVICE (17) between file systems, also with MOVEFILE_COPY_ALLOWED. */
#define MoveFileExW WerWinMoveFileExW
BOOL WINAPI MoveFileExW(LPCWSTR lpExistingFileName, LPCWSTR lpNewFileName, DWORD dwFlags);
/* The new folder is its owner's only (mode 0700). */
#define CreateDirectoryW WerWinCreateDirectoryW
#define RemoveDirectoryW WerWinRemoveDirectoryW
BOOL WINAPI CreateDirectoryW(LPCWSTR lpPathName, LPSECURITY_ATTRIBUTES lpSecurityAttributes);
BOOL WINAPI RemoveDirectoryW(LPCWSTR lpPathName);
/* FILE_ATTRIBUTE_DIRECTORY, _READONLY (nobody may write it) or _NORMAL. */
#define GetFileAttributesA WerWinGetFileAttributesA
#define GetFileAttributesW WerWinGetFileAttributesW
DWORD WINAPI GetFileAttributesA(LPCSTR lpFileName);
DWORD WINAPI GetFileAttributesW(LPCWSTR lpFileName);

/* The length without the terminator; or, when it does not fit, the size that is needed, with it. 0 on failure. */
#define GetFullPathNameW WerWinGetFullPathNameW
#define GetTempPathW WerWinGetTempPathW
#define GetCurrentDirectoryW WerWinGetCurrentDirectoryW
/* \usr and \usr\bin. */
#define GetWindowsDirectoryW WerWinGetWindowsDirectoryW
#define GetSystemDirectoryW WerWinGetSystemDirectoryW
/* ERROR_ENVVAR_NOT_FOUND (203). */
#define GetEnvironmentVariableW WerWinGetEnvironmentVariableW
DWORD WINAPI GetFullPathNameW(LPCWSTR lpFileName, DWORD nBufferLength, LPWSTR lpBuffer, LPWSTR *lpFilePart);
DWORD WINAPI GetTempPathW(DWORD nBufferLength, LPWSTR lpBuffer);
DWORD WINAPI GetCurrentDirectoryW(DWORD nBufferLength, LPWSTR lpBuffer);
UINT WINAPI GetWindowsDirectoryW(LPWSTR lpBuffer, UINT uSize);
UINT WINAPI GetSystemDirectoryW(LPWSTR lpBuffer, UINT uSize);
DWORD WINAPI GetEnvironmentVariableW(LPCWSTR lpName, LPWSTR lpBuffer, DWORD nSize);

/* ---- Modules --------------------------------------------------------------------------------------------------- */

/*
 * An HMODULE is the dynamic linker's handle. kernel32, kernelbase, wer, faultrep, advapi32, ntdll and the
 * api-ms-win-... names are libwer.so; dbghelp and dbgcore are libwerdbghelp.so; other names are shared objects.
 * NULL is the program. NULL and ERROR_MOD_NOT_FOUND (126); ERROR_PROC_NOT_FOUND (127), also for an ordinal.
 * What GetModuleHandle answers counts as one use of the module.
 */
typedef INT_PTR (WINAPI *FARPROC)(void);
#define GetModuleHandleA WerWinGetModuleHandleA
#define GetModuleHandleW WerWinGetModuleHandleW
#define LoadLibraryA WerWinLoadLibraryA
#define LoadLibraryW WerWinLoadLibraryW
#define FreeLibrary WerWinFreeLibrary
#define GetProcAddress WerWinGetProcAddress
HMODULE WINAPI GetModuleHandleA(LPCSTR lpModuleName);
HMODULE WINAPI GetModuleHandleW(LPCWSTR lpModuleName);
HMODULE WINAPI LoadLibraryA(LPCSTR lpLibFileName);
HMODULE WINAPI LoadLibraryW(LPCWSTR lpLibFileName);
BOOL WINAPI FreeLibrary(HMODULE hLibModule);
FARPROC WINAPI GetProcAddress(HMODULE hModule, LPCSTR lpProcName);
/* The path, with \. Cut, ERROR_INSUFFICIENT_BUFFER and nSize as the answer when it does not fit. */
#define GetModuleFileNameA WerWinGetModuleFileNameA
#define GetModuleFileNameW WerWinGetModuleFileNameW
DWORD WINAPI GetModuleFileNameA(HMODULE hModule, LPSTR lpFilename, DWORD nSize);
DWORD WINAPI GetModuleFileNameW(HMODULE hModule, LPWSTR lpFilename, DWORD nSize);
#define DLL_PROCESS_DETACH 0
#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH 2
#define DLL_THREAD_DETACH 3
/* Only the host of a handler module calls a DllMain. */
#define DisableThreadLibraryCalls(module) ((void)(module), TRUE)

/* ---- Clocks and ends ------------------------------------------------------------------------------------------- */

#define GetSystemTime WerWinGetSystemTime
#define GetLocalTime WerWinGetLocalTime
#define GetSystemTimeAsFileTime WerWinGetSystemTimeAsFileTime
#define GetTickCount WerWinGetTickCount
#define GetTickCount64 WerWinGetTickCount64
VOID WINAPI GetSystemTime(LPSYSTEMTIME lpSystemTime);
VOID WINAPI GetLocalTime(LPSYSTEMTIME lpSystemTime);
VOID WINAPI GetSystemTimeAsFileTime(LPFILETIME lpSystemTimeAsFileTime);
DWORD WINAPI GetTickCount(void);
ULONGLONG WINAPI GetTickCount64(void);
/*
 * An exception that nothing handles: SIGABRT, which werfault reports under this code (without bit 28). Flags and
 * arguments are not reported. There are no __try blocks here, so it does not return.
 */
#define RaiseException WerWinRaiseException
VOID WINAPI RaiseException(DWORD dwExceptionCode, DWORD dwExceptionFlags, DWORD nNumberOfArguments,
                           const ULONG_PTR *lpArguments) __attribute__((noreturn));
#define ExitProcess WerWinExitProcess
VOID WINAPI ExitProcess(UINT uExitCode) __attribute__((noreturn));

/* ---- The registry ---------------------------------------------------------------------------------------------- */

/*
 * Windows Error Reporting's keys only (HKLM and HKCU Software\Microsoft\Windows\Windows Error Reporting, and the
 * policies'): they are the settings files of docs/settings.md, which the program `wer` (beside the library, or
 * /usr/bin/wer) is asked to read and write. A read answers the value that counts, whichever hive is asked;
 * ERROR_FILE_NOT_FOUND when no file sets it. A write from HKCU goes to the user's file, from HKLM to the machine's:
 * ERROR_ACCESS_DENIED without the rights, or for a value that the setting does not take. Every other key:
 * ERROR_FILE_NOT_FOUND. Numbers are REG_DWORD, the rest is REG_SZ. ERROR_MORE_DATA (234) for too small a buffer.
 */
typedef HANDLE HKEY, *PHKEY;
typedef DWORD REGSAM;
typedef LONG LSTATUS;
#define HKEY_CURRENT_USER ((HKEY)(ULONG_PTR)0x80000001u)
#define HKEY_LOCAL_MACHINE ((HKEY)(ULONG_PTR)0x80000002u)
#define REG_SZ 1u
#define REG_EXPAND_SZ 2u
#define REG_BINARY 3u
#define REG_DWORD 4u
#define REG_QWORD 11u
#define REG_OPTION_NON_VOLATILE 0
#define REG_OPENED_EXISTING_KEY 2
#define KEY_QUERY_VALUE 0x0001
#define KEY_SET_VALUE 0x0002
#define KEY_READ 0x20019
#define KEY_WRITE 0x20006
#define KEY_ALL_ACCESS 0xF003F
#define KEY_WOW64_64KEY 0x0100
#define KEY_WOW64_32KEY 0x0200
#define RRF_RT_REG_SZ 0x2
#define RRF_RT_REG_DWORD 0x10
#define RRF_RT_ANY 0xFFFF
#define RegOpenKeyExW WerWinRegOpenKeyExW
#define RegCreateKeyExW WerWinRegCreateKeyExW
#define RegCloseKey WerWinRegCloseKey
#define RegQueryValueExW WerWinRegQueryValueExW
#define RegGetValueW WerWinRegGetValueW
#define RegSetValueExW WerWinRegSetValueExW
#define RegSetKeyValueW WerWinRegSetKeyValueW
LSTATUS WINAPI RegOpenKeyExW(HKEY hKey, LPCWSTR lpSubKey, DWORD ulOptions, REGSAM samDesired, PHKEY phkResult);
LSTATUS WINAPI RegCreateKeyExW(HKEY hKey, LPCWSTR lpSubKey, DWORD Reserved, LPWSTR lpClass, DWORD dwOptions,
                               REGSAM samDesired, LPSECURITY_ATTRIBUTES lpSecurityAttributes, PHKEY phkResult,
                               LPDWORD lpdwDisposition);
LSTATUS WINAPI RegCloseKey(HKEY hKey);
LSTATUS WINAPI RegQueryValueExW(HKEY hKey, LPCWSTR lpValueName, LPDWORD lpReserved, LPDWORD lpType, LPBYTE lpData,
                                LPDWORD lpcbData);
LSTATUS WINAPI RegGetValueW(HKEY hkey, LPCWSTR lpSubKey, LPCWSTR lpValue, DWORD dwFlags, LPDWORD pdwType, PVOID pvData,
                            LPDWORD pcbData);
LSTATUS WINAPI RegSetValueExW(HKEY hKey, LPCWSTR lpValueName, DWORD Reserved, DWORD dwType, const BYTE *lpData,
                              DWORD cbData);
LSTATUS WINAPI RegSetKeyValueW(HKEY hKey, LPCWSTR lpSubKey, LPCWSTR lpValueName, DWORD dwType, LPCVOID lpData,
                               DWORD cbData);

/* The names without A or W. */
#ifdef UNICODE
#define DeleteFile DeleteFileW
#define GetFileAttributes GetFileAttributesW
#define GetModuleHandle GetModuleHandleW
#define LoadLibrary LoadLibraryW
#define GetModuleFileName GetModuleFileNameW
#define MoveFileEx MoveFileExW
#define CreateDirectory CreateDirectoryW
#define RemoveDirectory RemoveDirectoryW
#define GetFullPathName GetFullPathNameW
#define GetTempPath GetTempPathW
#define GetCurrentDirectory GetCurrentDirectoryW
#define GetWindowsDirectory GetWindowsDirectoryW
#define GetSystemDirectory GetSystemDirectoryW
#define GetEnvironmentVariable GetEnvironmentVariableW
#define RegOpenKeyEx RegOpenKeyExW
#define RegCreateKeyEx RegCreateKeyExW
#define RegQueryValueEx RegQueryValueExW
#define RegGetValue RegGetValueW
#define RegSetValueEx RegSetValueExW
#define RegSetKeyValue RegSetKeyValueW
#else
#define DeleteFile DeleteFileA
#define GetFileAttributes GetFileAttributesA
#define GetModuleHandle GetModuleHandleA
#define LoadLibrary LoadLibraryA
#define GetModuleFileName GetModuleFileNameA
#endif

#ifdef __cplusplus
}
#endif

#include "wer_wide.h"

#endif /* _WIN32 */
#endif /* WER_WINBASE_H */
