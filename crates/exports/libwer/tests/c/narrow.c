/*
 * The narrow printf family of a source for Windows: WCHARs among its arguments, Windows' sizes, and its limits.
 */
#include <windows.h>
#include <stdio.h>

static int failures;

static void check(int line, const char *out, int length, const char *wanted)
{
    if (length == (int)strlen(wanted) && strcmp(out, wanted) == 0)
        return;
    failures++;
    fprintf(stderr, "line %d: got %d bytes \"%s\", wanted \"%s\"\n", line, length, out, wanted);
}

#define FORMATS(wanted, ...) check(__LINE__, out, snprintf(out, sizeof out, __VA_ARGS__), wanted)
#define HOLDS(fact)                                                                                                   \
    do {                                                                                                              \
        if (!(fact))                                                                                                  \
            failures++, fprintf(stderr, "line %d: %s\n", __LINE__, #fact);                                            \
    } while (0)

static int by_list(char *to, size_t capacity, const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = vsnprintf(to, capacity, format, arguments);
    va_end(arguments);
    return result;
}

static void conversions(void)
{
    char out[2048], long_text[1500];
    WCHAR broken[] = {'a', 0xD800, 'b', 0}; /* half of a character */
    FORMATS("größe 7", "%ls %d", L"größe", 7);
    FORMATS("größe", "%S", L"größe");
    FORMATS("größe", "%ws", L"größe");
    FORMATS("größe", "%s", "größe");
    FORMATS("plain plain", "%hs %hS", "plain", "plain");
    FORMATS("\xE2\x82\xAC|\xE2\x82\xAC|x|y", "%lc|%C|%c|%hC", L'\u20AC', L'\u20AC', 'x', 'y');
    FORMATS("\xF0\x9F\xA6\x80", "%ls", L"\U0001F980");
    FORMATS("a\xEF\xBF\xBD" "b", "%ls", broken);
    FORMATS("[  gr\xC3\xB6]", "[%6.4ls]", L"größe");
    FORMATS("[gr  ]", "[%-4.3ls]", L"größe");
    FORMATS("[  \xE2\x82\xAC]", "[%5C]", L'\u20AC');
    FORMATS("[(null)] [(null)]", "[%ls] [%s]", (WCHAR *)NULL, (char *)NULL);
    FORMATS("-1 4294967295 -5000000000", "%ld %lu %I64d", (LONG)-1, (DWORD)-1, -5000000000ll);
    FORMATS("80070057", "%08lx", (HRESULT)0x80070057);
    FORMATS("000000000000BEEF", "%p", (void *)0xBEEF);
    FORMATS("  3.50|+4|0x1f|%", "%6.2f|%+d|%#x|%%", 3.5, 4, 31);
    FORMATS("\xFF\x80", "\xFF%s", "\x80");
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    HOLDS(snprintf(out, sizeof out, "%.1400s", long_text) == 1400 && strlen(out) == 1400);
    check(__LINE__, out, sprintf(out, "%s %ls", "both", L"both"), "both both");
    check(__LINE__, out, by_list(out, sizeof out, "%ls-%d", L"list", 1), "list-1");
    HOLDS(snprintf(out, sizeof out, "%n", &failures) == -1 && snprintf(out, sizeof out, "%y") == -1);
    HOLDS(snprintf(out, sizeof out, "%513d", 1) == -1 && snprintf(out, sizeof out, "%.513d", 1) == -1);
}

static void limits(void)
{
    char small[6] = "?????";
    HOLDS(snprintf(NULL, 0, "%ls", L"größe") == 7);
    HOLDS(snprintf(small, 4, "%ls", L"abcdef") == 6 && strcmp(small, "abc") == 0 && small[4] == '?');
    memset(small, '?', sizeof small);
    HOLDS(_snprintf(small, 3, "abc") == 3 && memcmp(small, "abc??", 5) == 0);
    HOLDS(_snprintf(small, 3, "%s", "wxyz") == -1 && memcmp(small, "wxy??", 5) == 0);
    HOLDS(_snprintf(NULL, 0, "%ls", L"12345") == 5 && _snprintf(NULL, 1, "1") == -1);
    HOLDS(sprintf_s(small, 4, "%ls", L"abc") == 3 && sprintf_s(small, 4, "abcd") == -1 && small[0] == 0);
    HOLDS(_snprintf_s(small, 4, _TRUNCATE, "abcdef") == -1 && strcmp(small, "abc") == 0);
    HOLDS(_snprintf_s(small, 4, 2, "abcdef") == -1 && strcmp(small, "ab") == 0);
    HOLDS(_snprintf_s(small, 4, 9, "abcdef") == -1 && small[0] == 0);
    HOLDS(snprintf(small, 0, "1") == 1 && sprintf_s(small, 0, "1") == -1 && sprintf_s(NULL, 3, "1") == -1);
}

int main(void)
{
    conversions();
    limits();
    HOLDS(printf("%ls %S %s\n", L"größe", L"\u20AC", "ok") == 15);
    HOLDS(fprintf(stdout, "%d failures\n", failures) == 11);
    return failures != 0;
}
