/* tchar.h: text that is wide or not, as _UNICODE says. */
#ifndef WER_COMPAT_TCHAR_H
#define WER_COMPAT_TCHAR_H

#ifdef _WIN32
#include_next <tchar.h>
#else
#include "windows.h"
#ifdef _UNICODE
typedef WCHAR _TCHAR;
#define _T(text) L##text
#define _TEXT(text) L##text
#define _tmain wmain
#define _tcslen wcslen
#define _tcscpy wcscpy
#define _tcscat wcscat
#define _tcscmp wcscmp
#define _tcsncmp wcsncmp
#define _tcsicmp _wcsicmp
#define _tcschr wcschr
#define _tcsrchr wcsrchr
#define _tcsstr wcsstr
#define _tcscpy_s wcscpy_s
#define _tcscat_s wcscat_s
#define _tprintf wprintf
#define _tprintf_s wprintf
#define _ftprintf fwprintf
#define _stprintf_s swprintf_s
#define _sntprintf _snwprintf
#define _tcsdup _wcsdup
#else
typedef char _TCHAR;
#define _T(text) text
#define _TEXT(text) text
#define _tmain main
#define _tcslen strlen
#define _tcscpy strcpy
#define _tcscat strcat
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp _stricmp
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcscpy_s strcpy_s
#define _tcscat_s strcat_s
#define _tprintf printf
#define _tprintf_s printf
#define _ftprintf fprintf
#define _stprintf_s sprintf_s
#define _sntprintf _snprintf
#define _tcsdup strdup
#endif
#endif

#endif /* WER_COMPAT_TCHAR_H */
