/*
 * windows.h for sources written for Windows that are built here unchanged: the functions of wer_winbase.h and
 * wer_wide.h, and the words that such sources are written with.
 *
 *     cc -fshort-wchar -DUNICODE -D_UNICODE -Iinclude/compat -Iinclude program.c -lwer
 *
 * -fshort-wchar makes L"" UTF-16. There are no __try blocks, windows, sockets or COM. A function that is not here is an
 * error of the compiler or the linker, never one at run time.
 */
#ifndef WER_COMPAT_WINDOWS_H
#define WER_COMPAT_WINDOWS_H

#ifdef _WIN32
#include_next <windows.h>
#else

#if __SIZEOF_WCHAR_T__ != 2
#error "compile with -fshort-wchar: sources for Windows take wchar_t and L\"\" for UTF-16"
#endif

/* The C library's headers first: what follows takes names over. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "wer_winbase.h"
#include "wer_restart.h"

/* ---- Words ----------------------------------------------------------------------------------------------------- */

#define WER_DECLSPEC_dllexport __attribute__((visibility("default")))
#define WER_DECLSPEC_dllimport
#define WER_DECLSPEC_noinline __attribute__((noinline))
#define WER_DECLSPEC_noreturn __attribute__((noreturn))
#define WER_DECLSPEC_nothrow __attribute__((nothrow))
#define WER_DECLSPEC_selectany __attribute__((weak))
#define WER_DECLSPEC_thread __thread
#define WER_DECLSPEC_align(bytes) __attribute__((aligned(bytes)))
#ifndef __declspec
#define __declspec(what) WER_DECLSPEC_##what
#endif
#ifndef __cdecl
#define __cdecl
#endif
#ifndef __fastcall
#define __fastcall
#endif
#ifndef __forceinline
#define __forceinline static inline __attribute__((always_inline))
#endif
#define FORCEINLINE __forceinline
#define WINAPIV
#define STDMETHODCALLTYPE
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define DECLSPEC_NOINLINE __attribute__((noinline))
#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C extern
#endif
#define STDAPI EXTERN_C HRESULT
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long

#define UNREFERENCED_PARAMETER(name) ((void)(name))
#define DBG_UNREFERENCED_PARAMETER(name) ((void)(name))
#define UNREFERENCED_LOCAL_VARIABLE(name) ((void)(name))
#ifndef IN
#define IN
#define OUT
#define OPTIONAL
#endif

#include "sal.h"

/* ---- Types ----------------------------------------------------------------------------------------------------- */

typedef int WINBOOL;
typedef BYTE *PUCHAR;
typedef WORD *LPWORD;
typedef LONG *LPLONG;
typedef UINT *PUINT;
typedef int *PINT, *LPINT;
typedef ULONG_PTR *PULONG_PTR;
typedef DWORD_PTR *PDWORD_PTR;
typedef int32_t INT32, LONG32;
typedef int64_t INT64;
typedef uint8_t UINT8;
typedef uint16_t UINT16;
typedef uint32_t UINT32;
typedef uint64_t UINT64;
typedef SHORT *PSHORT;
typedef CHAR *PCHAR, *LPCH;
typedef uint64_t DWORD_ALIGNED64;
typedef SIZE_T *PSSIZE_T;
typedef const WCHAR *PCWCH, *LPCWCH;
typedef HANDLE HLOCAL, HGLOBAL, HRSRC;
typedef union _ULARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        DWORD HighPart;
    };
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;
#ifdef UNICODE
typedef WCHAR TCHAR, *PTCHAR;
typedef LPWSTR LPTSTR, PTSTR;
typedef LPCWSTR LPCTSTR, PCTSTR;
#define TEXT(text) L##text
#define __TEXT(text) L##text
#else
typedef char TCHAR, *PTCHAR;
typedef LPSTR LPTSTR, PTSTR;
typedef LPCSTR LPCTSTR, PCTSTR;
#define TEXT(text) text
#define __TEXT(text) text
#endif

#define LOWORD(value) ((WORD)((DWORD_PTR)(value) & 0xFFFF))
#define HIWORD(value) ((WORD)((DWORD_PTR)(value) >> 16 & 0xFFFF))
#define LOBYTE(value) ((BYTE)((DWORD_PTR)(value) & 0xFF))
#define HIBYTE(value) ((BYTE)((DWORD_PTR)(value) >> 8 & 0xFF))
#define MAKEWORD(low, high) ((WORD)(((BYTE)(low)) | ((WORD)((BYTE)(high))) << 8))
#define MAKELONG(low, high) ((LONG)(((WORD)(low)) | ((DWORD)((WORD)(high))) << 16))
#define MAXDWORD 0xFFFFFFFFu
#ifndef __cplusplus
#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif
#endif
#define SEVERITY_ERROR 1
#define SEVERITY_SUCCESS 0
#define FACILITY_ITF 4
#define MAKE_HRESULT(severity, facility, code)                                                                        \
    ((HRESULT)((uint32_t)(severity) << 31 | (uint32_t)(facility) << 16 | (uint32_t)(code)))
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#define NOERROR 0
#define NO_ERROR 0

/* ---- Memory ---------------------------------------------------------------------------------------------------- */

#define ZeroMemory(to, size) memset((to), 0, (size))
#define FillMemory(to, size, value) memset((to), (value), (size))
#define CopyMemory(to, from, size) memcpy((to), (from), (size))
#define MoveMemory(to, from, size) memmove((to), (from), (size))
#define RtlZeroMemory ZeroMemory
#define RtlCopyMemory CopyMemory

/* The C library's heap. Other flags are looked over. */
#define HEAP_ZERO_MEMORY 0x8
#define LMEM_FIXED 0x0
#define LMEM_ZEROINIT 0x40
#define LPTR LMEM_ZEROINIT
#define GetProcessHeap() ((HANDLE)(ULONG_PTR)1)
#define HeapAlloc(heap, flags, size) ((void)(heap), ((flags) & HEAP_ZERO_MEMORY) ? calloc(1, (size)) : malloc(size))
#define HeapReAlloc(heap, flags, memory, size) ((void)(heap), (void)(flags), realloc((memory), (size)))
#define HeapFree(heap, flags, memory) ((void)(heap), (void)(flags), free(memory), TRUE)
#define LocalAlloc(flags, size) (((flags) & LMEM_ZEROINIT) ? calloc(1, (size)) : malloc(size))
#define LocalFree(memory) (free(memory), (HLOCAL)NULL)

/* ---- Numbers that threads share -------------------------------------------------------------------------------- */

#define InterlockedIncrement(at) __atomic_add_fetch((at), 1, __ATOMIC_SEQ_CST)
#define InterlockedDecrement(at) __atomic_sub_fetch((at), 1, __ATOMIC_SEQ_CST)
#define InterlockedExchange(at, value) __atomic_exchange_n((at), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchangeAdd(at, value) __atomic_fetch_add((at), (value), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchange(at, value, expected) __sync_val_compare_and_swap((at), (expected), (value))
#define InterlockedCompareExchangePointer InterlockedCompareExchange
#define InterlockedExchangePointer InterlockedExchange
#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define __debugbreak() __builtin_trap()
#define DebugBreak() __builtin_trap()

/* ---- The rest of Windows' C library that such sources use -------------------------------------------------------- */

#include "wer_crt.h"

#endif /* _WIN32 */
#endif /* WER_COMPAT_WINDOWS_H */
