/*
 * wer_winbase.h: the kernel32 and wide-string functions that runtime exception modules and callers of
 * MiniDumpWriteDump use, for building them unchanged off Windows. On Windows it includes the system's own headers and
 * nothing else.
 *
 * The functions are exported by libwer.so, and by libwerdbghelp.so too, under WerWin names; macros give them their
 * Windows names, so nothing collides at link time. Errors are left for GetLastError, per thread.
 *
 * Compile C with -fshort-wchar, so that L"" is UTF-16 as on Windows. The C library's own wide functions then read and
 * write wrong memory; the ones below take their names over. In C++ use std::u16string: std::wstring cannot be helped.
 */
#ifndef WER_WINBASE_H
#define WER_WINBASE_H

#ifdef _WIN32
#include <windows.h>
#include <strsafe.h>
#include <wchar.h>
#else

#include "wer_types.h"
#include <stdarg.h>
/* First, so that their declarations are not renamed by the macros below. */
#ifdef __cplusplus
#include <cstring>
#include <cwchar>
#else
#include <string.h>
#include <wchar.h>
#endif

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
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057)

#ifndef ARRAYSIZE
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
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

/* Within this process only: FALSE and ERROR_NOT_SUPPORTED when either process is another. */
#define DuplicateHandle WerWinDuplicateHandle
#define CloseHandle WerWinCloseHandle
BOOL WINAPI DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle, HANDLE hTargetProcessHandle,
                            LPHANDLE lpTargetHandle, DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwOptions);
BOOL WINAPI CloseHandle(HANDLE hObject);

/* Without a name: NULL and ERROR_NOT_SUPPORTED with one. */
#define CreateEventA WerWinCreateEventA
#define CreateEventW WerWinCreateEventW
#ifndef CreateEvent
#ifdef UNICODE
#define CreateEvent CreateEventW
#else
#define CreateEvent CreateEventA
#endif
#endif
#define SetEvent WerWinSetEvent
#define ResetEvent WerWinResetEvent
HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
                           LPCSTR lpName);
HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
                           LPCWSTR lpName);
BOOL WINAPI SetEvent(HANDLE hEvent);
BOOL WINAPI ResetEvent(HANDLE hEvent);

/* On a process (until it has ended) or an event; WAIT_FAILED and ERROR_NOT_SUPPORTED on a thread. */
#define WaitForSingleObject WerWinWaitForSingleObject
DWORD WINAPI WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds);
#define Sleep WerWinSleep
VOID WINAPI Sleep(DWORD dwMilliseconds);

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

/* ---- UTF-16 text, in the program itself ------------------------------------------------------------------------ */

static inline size_t WerWinWcslen(const WCHAR *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

static inline WCHAR *WerWinWcscpy(WCHAR *to, const WCHAR *from)
{
    memmove(to, from, (WerWinWcslen(from) + 1) * sizeof(WCHAR));
    return to;
}

static inline WCHAR *WerWinWcscat(WCHAR *to, const WCHAR *from)
{
    WerWinWcscpy(to + WerWinWcslen(to), from);
    return to;
}

/* Fills up with NULs; no terminator when the text does not fit, as in C. */
static inline WCHAR *WerWinWcsncpy(WCHAR *to, const WCHAR *from, size_t count)
{
    size_t i = 0;
    for (; i < count && from[i] != 0; i++)
        to[i] = from[i];
    for (; i < count; i++)
        to[i] = 0;
    return to;
}

static inline int WerWinWcscmp(const WCHAR *a, const WCHAR *b)
{
    while (*a != 0 && *a == *b)
        a++, b++;
    return (*a > *b) - (*a < *b);
}

static inline WCHAR WerWinLower(WCHAR c)
{
    return (WCHAR)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Ignores the case of ASCII letters only. */
static inline int WerWinWcsicmp(const WCHAR *a, const WCHAR *b)
{
    while (*a != 0 && WerWinLower(*a) == WerWinLower(*b))
        a++, b++;
    return (WerWinLower(*a) > WerWinLower(*b)) - (WerWinLower(*a) < WerWinLower(*b));
}

/* 0; or 22 (EINVAL) for no room at all or a null pointer, 34 (ERANGE) when it does not fit, with `to` emptied. */
static inline int WerWinWcscpy_s(WCHAR *to, size_t capacity, const WCHAR *from)
{
    if (to == NULL || capacity == 0)
        return 22;
    to[0] = 0;
    if (from == NULL)
        return 22;
    if (WerWinWcslen(from) >= capacity)
        return 34;
    WerWinWcscpy(to, from);
    return 0;
}

static inline int WerWinLstrlenW(const WCHAR *text)
{
    return text == NULL ? 0 : (int)WerWinWcslen(text);
}

static inline WCHAR *WerWinLstrcpyW(WCHAR *to, const WCHAR *from)
{
    return to == NULL || from == NULL ? NULL : WerWinWcscpy(to, from);
}

static inline WCHAR *WerWinLstrcatW(WCHAR *to, const WCHAR *from)
{
    return to == NULL || from == NULL ? NULL : WerWinWcscat(to, from);
}

/* `capacity` counts the terminator, which is always written. */
static inline WCHAR *WerWinLstrcpynW(WCHAR *to, const WCHAR *from, int capacity)
{
    int i = 0;
    if (to == NULL || from == NULL || capacity <= 0)
        return NULL;
    for (; i < capacity - 1 && from[i] != 0; i++)
        to[i] = from[i];
    to[i] = 0;
    return to;
}

/* ---- formatted text -------------------------------------------------------------------------------------------- */

/* A buffer that is being filled; what does not fit is counted and dropped. */
typedef struct WerWinText {
    WCHAR *units;
    size_t capacity;
    size_t length;
} WerWinText;

static inline void WerWinTextPut(WerWinText *text, WCHAR unit)
{
    if (text->length + 1 < text->capacity)
        text->units[text->length] = unit;
    text->length++;
}

/* One conversion: its text is `count` units of `wide` or bytes of `narrow`, right-aligned in `width`. */
static inline void WerWinTextField(WerWinText *text, const WCHAR *wide, const char *narrow, size_t count, size_t width,
                                   WCHAR fill, int is_left)
{
    size_t i, padding = width > count ? width - count : 0;
    for (i = 0; !is_left && i < padding; i++)
        WerWinTextPut(text, fill);
    for (i = 0; i < count; i++)
        WerWinTextPut(text, wide != NULL ? wide[i] : (WCHAR)(unsigned char)narrow[i]);
    for (i = 0; is_left && i < padding; i++)
        WerWinTextPut(text, ' ');
}

static inline void WerWinTextNumber(WerWinText *text, unsigned long long value, int is_negative, unsigned base,
                                    int is_upper, size_t width, WCHAR fill, int is_left)
{
    char digits[32];
    size_t at = sizeof digits;
    do {
        unsigned digit = (unsigned)(value % base);
        digits[--at] = (char)(digit < 10 ? '0' + digit : (is_upper ? 'A' : 'a') + (digit - 10));
        value /= base;
    } while (value != 0);
    if (is_negative && fill == '0' && !is_left) {
        WerWinTextPut(text, '-');
        width -= width != 0;
    } else if (is_negative) {
        digits[--at] = '-';
    }
    WerWinTextField(text, NULL, digits + at, sizeof digits - at, width, fill, is_left);
}

/*
 * The conversions that modules use: d i u x X c s S p and %%, with the flags - and 0, a width, a precision for
 * strings, and the sizes h l ll I64 z w. As on Windows, s is a WCHAR string and S or hs a char string, and l is 32
 * bits wide. Answers the length that the whole text has, or (size_t)-1 for a format that it does not know.
 */
static inline size_t WerWinFormatV(WCHAR *to, size_t capacity, const WCHAR *format, va_list arguments)
{
    WerWinText text;
    text.units = to, text.capacity = capacity, text.length = 0;
    for (; *format != 0; format++) {
        int is_left = 0, is_64 = 0, is_narrow = 0;
        size_t width = 0, precision = (size_t)-1;
        WCHAR fill = ' ';
        if (*format != '%') {
            WerWinTextPut(&text, *format);
            continue;
        }
        for (format++; *format == '-' || *format == '0'; format++)
            is_left |= *format == '-', fill = *format == '0' ? '0' : fill;
        for (; *format >= '0' && *format <= '9' && width < 4096; format++)
            width = width * 10 + (size_t)(*format - '0');
        if (*format == '.')
            for (precision = 0, format++; *format >= '0' && *format <= '9' && precision < 4096; format++)
                precision = precision * 10 + (size_t)(*format - '0');
        if (format[0] == 'I' && format[1] == '6' && format[2] == '4')
            is_64 = 1, format += 3;
        for (; *format == 'l' || *format == 'h' || *format == 'z' || *format == 'w'; format++) {
            is_64 |= *format == 'z' || (format[0] == 'l' && format[1] == 'l');
            is_narrow |= *format == 'h';
        }
        switch (*format) {
        case '%':
            WerWinTextPut(&text, '%');
            break;
        case 'c': {
            WCHAR unit = (WCHAR)va_arg(arguments, int);
            WerWinTextField(&text, &unit, NULL, 1, width, ' ', is_left);
            break;
        }
        case 'd':
        case 'i': {
            long long value = is_64 ? va_arg(arguments, long long) : va_arg(arguments, int);
            unsigned long long size = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
            WerWinTextNumber(&text, size, value < 0, 10, 0, width, fill, is_left);
            break;
        }
        case 'u':
        case 'x':
        case 'X': {
            unsigned long long value =
                is_64 ? va_arg(arguments, unsigned long long) : va_arg(arguments, unsigned int);
            WerWinTextNumber(&text, value, 0, *format == 'u' ? 10 : 16, *format == 'X', width, fill, is_left);
            break;
        }
        case 'p':
            WerWinTextNumber(&text, (ULONG_PTR)va_arg(arguments, void *), 0, 16, 1, 16, '0', 0);
            break;
        case 'S':
            is_narrow = 1;
            /* fall through */
        case 's': {
            const void *string = va_arg(arguments, const void *);
            const WCHAR *wide = is_narrow ? NULL : (const WCHAR *)string;
            const char *narrow = is_narrow ? (const char *)string : NULL;
            size_t count = 0;
            if (string == NULL)
                wide = NULL, narrow = "(null)";
            while (count < precision && (wide != NULL ? wide[count] != 0 : narrow[count] != 0))
                count++;
            WerWinTextField(&text, wide, narrow, count, width, ' ', is_left);
            break;
        }
        default:
            return (size_t)-1;
        }
    }
    if (capacity != 0)
        to[text.length < capacity ? text.length : capacity - 1] = 0;
    return text.length;
}

/* S_OK; STRSAFE_E_INSUFFICIENT_BUFFER with the text cut; STRSAFE_E_INVALID_PARAMETER. */
static inline HRESULT WerWinStringCchVPrintfW(WCHAR *to, size_t capacity, const WCHAR *format, va_list arguments)
{
    size_t length;
    if (to == NULL || format == NULL || capacity == 0 || capacity > 0x7FFFFFFF)
        return STRSAFE_E_INVALID_PARAMETER;
    length = WerWinFormatV(to, capacity, format, arguments);
    if (length == (size_t)-1) {
        to[0] = 0;
        return STRSAFE_E_INVALID_PARAMETER;
    }
    return length < capacity ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
}

static inline HRESULT WerWinStringCchPrintfW(WCHAR *to, size_t capacity, const WCHAR *format, ...)
{
    HRESULT result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinStringCchVPrintfW(to, capacity, format, arguments);
    va_end(arguments);
    return result;
}

/* The number of units written; -1, with `to` emptied, when the text does not fit or the format is not known. */
static inline int WerWinSwprintf_s(WCHAR *to, size_t capacity, const WCHAR *format, ...)
{
    HRESULT result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinStringCchVPrintfW(to, capacity, format, arguments);
    va_end(arguments);
    if (result == S_OK)
        return (int)WerWinWcslen(to);
    if (to != NULL && capacity != 0)
        to[0] = 0;
    return -1;
}

static inline HRESULT WerWinStringCchCopyW(WCHAR *to, size_t capacity, const WCHAR *from)
{
    if (to == NULL || from == NULL || capacity == 0 || capacity > 0x7FFFFFFF)
        return STRSAFE_E_INVALID_PARAMETER;
    WerWinLstrcpynW(to, from, (int)capacity);
    return WerWinWcslen(from) < capacity ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
}

static inline HRESULT WerWinStringCchCatW(WCHAR *to, size_t capacity, const WCHAR *from)
{
    size_t length = 0;
    if (to == NULL || capacity == 0)
        return STRSAFE_E_INVALID_PARAMETER;
    while (length < capacity && to[length] != 0)
        length++;
    return length == capacity ? STRSAFE_E_INVALID_PARAMETER
                              : WerWinStringCchCopyW(to + length, capacity - length, from);
}

#define lstrlenW WerWinLstrlenW
#define lstrcpyW WerWinLstrcpyW
#define lstrcpynW WerWinLstrcpynW
#define lstrcatW WerWinLstrcatW
#define StringCchPrintfW WerWinStringCchPrintfW
#define StringCchVPrintfW WerWinStringCchVPrintfW
#define StringCchCopyW WerWinStringCchCopyW
#define StringCchCatW WerWinStringCchCatW
#define swprintf_s WerWinSwprintf_s
#define wcscpy_s WerWinWcscpy_s
#define _wcsicmp WerWinWcsicmp

/* The C library's names, where its functions would take L"" for something else. */
#if __SIZEOF_WCHAR_T__ == 2
#define wcslen WerWinWcslen
#define wcscpy WerWinWcscpy
#define wcscat WerWinWcscat
#define wcsncpy WerWinWcsncpy
#define wcscmp WerWinWcscmp
#endif

#ifdef __cplusplus
}
#endif

#endif /* _WIN32 */
#endif /* WER_WINBASE_H */
