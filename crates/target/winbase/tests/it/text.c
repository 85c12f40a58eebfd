/* The UTF-16 text functions of wer_winbase.h, compiled as a module is. */
#include "wer_winbase.h"
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition)) {                                                                                            \
            printf("line %d: %s\n", __LINE__, #condition);                                                             \
            return 1;                                                                                                  \
        }                                                                                                              \
    while (0)

static WCHAR to[32];

static int formats(const WCHAR *expected, const WCHAR *format, ...)
{
    va_list arguments;
    HRESULT result;
    va_start(arguments, format);
    result = StringCchVPrintfW(to, 32, format, arguments);
    va_end(arguments);
    return result == S_OK && wcscmp(to, expected) == 0;
}

int main(void)
{
    CHECK(sizeof(L"ab") == 6);
    CHECK(wcslen(L"Hello") == 5 && lstrlenW(NULL) == 0);
    CHECK(wcscmp(L"a", L"a") == 0 && wcscmp(L"a", L"b") < 0 && wcscmp(L"b", L"a") > 0 && wcscmp(L"ab", L"a") > 0);
    CHECK(wcscmp(wcscat(wcscpy(to, L"ab"), L"cd"), L"abcd") == 0);
    CHECK(_wcsicmp(L"Module.SO", L"mODULE.so") == 0 && _wcsicmp(L"a", L"B") < 0);

    memset(to, 0x7F, sizeof to);
    wcsncpy(to, L"abc", 2);
    CHECK(to[1] == 'b' && to[2] == 0x7F7F);
    wcsncpy(to, L"a", 4);
    CHECK(to[0] == 'a' && to[1] == 0 && to[3] == 0 && to[4] == 0x7F7F);

    CHECK(wcscpy_s(to, 4, L"abc") == 0 && wcscmp(to, L"abc") == 0);
    CHECK(wcscpy_s(to, 3, L"abc") == 34 && to[0] == 0);
    CHECK(wcscpy_s(to, 0, L"abc") == 22 && wcscpy_s(NULL, 3, L"a") == 22 && wcscpy_s(to, 3, NULL) == 22);
    CHECK(wcscmp(lstrcpynW(to, L"abcdef", 4), L"abc") == 0 && lstrcpynW(to, L"a", 0) == NULL);
    CHECK(lstrcpyW(to, NULL) == NULL && wcscmp(lstrcatW(lstrcpyW(to, L"x"), L"y"), L"xy") == 0);

    CHECK(formats(L"Version 5", L"Version %d", 5));
    CHECK(formats(L"-7 7 4294967295", L"%i %u %u", -7, 7u, 0xFFFFFFFFu));
    CHECK(formats(L"c0000005 C0000005 0x0001", L"%x %X 0x%04x", 0xC0000005u, 0xC0000005u, 1u));
    CHECK(formats(L"[   12][12   ][-0012]", L"[%5d][%-5d][%05d]", 12, 12, -12));
    CHECK(formats(L"-2147483648 5", L"%d %ld", (int)-2147483647 - 1, (LONG)5));
    CHECK(formats(L"-9223372036854775808", L"%lld", -9223372036854775807LL - 1));
    CHECK(formats(L"ffffffffffffffff", L"%I64x", 0xFFFFFFFFFFFFFFFFull));
    CHECK(formats(L"wide wide thin thin", L"%s %ls %S %hs", L"wide", L"wide", "thin", "thin"));
    CHECK(formats(L"[  ab][ab  ][a] 100% x", L"[%4s][%-4s][%.1s] %d%% %c", L"ab", L"ab", L"ab", 100, 'x'));
    CHECK(formats(L"(null)", L"%s", (WCHAR *)NULL));
    CHECK(formats(L"0000000000001234", L"%p", (void *)0x1234));
    CHECK(formats(L"", L""));

    CHECK(StringCchPrintfW(to, 4, L"%s", L"abcdef") == STRSAFE_E_INSUFFICIENT_BUFFER && wcscmp(to, L"abc") == 0);
    CHECK(StringCchPrintfW(to, 7, L"%s", L"abcdef") == S_OK);
    CHECK(StringCchPrintfW(to, 32, L"%q", 1) == STRSAFE_E_INVALID_PARAMETER && to[0] == 0);
    CHECK(StringCchPrintfW(to, 32, L"50%") == STRSAFE_E_INVALID_PARAMETER);
    CHECK(StringCchPrintfW(to, 0, L"x") == STRSAFE_E_INVALID_PARAMETER);
    CHECK(swprintf_s(to, 32, L"%d/%d", 1, 2) == 3 && swprintf_s(to, 2, L"%d", 10) == -1 && to[0] == 0);
    CHECK(StringCchCopyW(to, 3, L"abc") == STRSAFE_E_INSUFFICIENT_BUFFER && wcscmp(to, L"ab") == 0);
    CHECK(StringCchCatW(to, 4, L"c") == S_OK && StringCchCatW(to, 4, L"d") == STRSAFE_E_INSUFFICIENT_BUFFER);
    return 0;
}
