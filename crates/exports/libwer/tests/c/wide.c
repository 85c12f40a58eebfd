/*
 * The wide formatting functions against the C library's char ones: random formats and numbers, which must give the same
 * text, and tables of what is Windows' own. Never writes outside of its buffer.
 */
#include <stdio.h>
#include <wchar.h>

static int failures;

static int same(const WCHAR *wide, const char *narrow)
{
    while (*narrow != 0 && *wide == (WCHAR)(unsigned char)*narrow)
        wide++, narrow++;
    return *wide == (WCHAR)(unsigned char)*narrow;
}

static void check(int line, const WCHAR *got, int length, const char *wanted)
{
    if (same(got, wanted) && length == (int)strlen(wanted))
        return;
    failures++;
    fprintf(stderr, "line %d: got %d units, wanted \"%s\": ", line, length, wanted);
    fwprintf(stderr, L"\"%s\"\n", got);
}

static WCHAR out[1400];
#define FORMATS(wanted, ...) check(__LINE__, out, swprintf(out, _countof(out), __VA_ARGS__), wanted)

static unsigned next(unsigned limit)
{
    static unsigned long long state = 0x9E3779B97F4A7C15u;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (unsigned)(state >> 33) % limit;
}

/* The same format for both: only conversions whose meaning is the same, with I64 for one and ll for the other. */
static void random_formats(void)
{
    static const char letters[] = "diuoxXeEfFgGaA", flags[] = "-+ #0";
    int round;
    for (round = 0; round < 200000; round++) {
        char common[64] = "%", narrow[96], narrow_out[1400];
        WCHAR wide[96];
        size_t at = 1, i, length;
        char letter = letters[next(sizeof letters - 1)];
        int is_real = strchr("eEfFgGaA", letter) != NULL, is_64 = !is_real && next(2), wanted, got;
        unsigned count = next(4);
        long long value = (long long)((unsigned long long)next(0x7FFFFFFF) << next(34)) * (next(2) ? 1 : -1);
        double real = (double)value / (1 + next(100000));
        while (count-- > 0)
            common[at++] = flags[next(5)];
        if (next(2))
            at += (size_t)sprintf(common + at, "%u", next(40));
        if (next(2))
            at += (size_t)sprintf(common + at, ".%u", next(30));
        common[at] = 0;
        /* A flag that says nothing to this letter is not defined: both would be right. */
        if ((strchr(common, '#') != NULL && strchr("diu", letter) != NULL) || strchr(common, '0') == common + at)
            continue;
        snprintf(narrow, sizeof narrow, "[%s%s%c]", common, is_64 ? "ll" : "", letter);
        length = (size_t)snprintf(narrow_out, sizeof narrow_out, "[%s%s%c]", common, is_64 ? "I64" : "", letter);
        for (i = 0; i <= length; i++)
            wide[i] = (WCHAR)narrow_out[i];
        if (is_real) {
            wanted = snprintf(narrow_out, sizeof narrow_out, narrow, real);
            got = swprintf(out, _countof(out), wide, real);
        } else if (is_64) {
            wanted = snprintf(narrow_out, sizeof narrow_out, narrow, value);
            got = swprintf(out, _countof(out), wide, value);
        } else {
            wanted = snprintf(narrow_out, sizeof narrow_out, narrow, (int)value);
            got = swprintf(out, _countof(out), wide, (int)value);
        }
        if (wanted != got || !same(out, narrow_out)) {
            failures++;
            fprintf(stderr, "%s: wanted \"%s\", got %d units\n", narrow, narrow_out, got);
        }
    }
}

static void windows_own(void)
{
    FORMATS("[text|text|text]", L"[%s|%S|%hs]", L"text", "text", "text");
    FORMATS("[text|text]", L"[%ls|%ws]", L"text", L"text");
    FORMATS("[  te|te  ]", L"[%4.2s|%-4.2S]", L"text", "text");
    FORMATS("[(null)]", L"[%s]", (WCHAR *)NULL);
    FORMATS("[00000000000000AB]", L"[%p]", (void *)0xAB);
    FORMATS("[-1|4294967295|-1]", L"[%ld|%lu|%I64d]", -1, 0xFFFFFFFFu, -1LL);
    FORMATS("[ff|-1|65535]", L"[%hhx|%hd|%hu]", -1, 0xFFFF, -1);
    FORMATS("[  7|7  |  7]", L"[%*d|%-*d|%3d]", 3, 7, 3, 7, 7);
    FORMATS("[ab|x]", L"[%c%C|%lc]", L'a', 'b', L'x');
    FORMATS("[100%]", L"[%d%%]", 100);
    FORMATS("[1.50]", L"[%.2Lf]", 1.5L);
}

static void limits(void)
{
    WCHAR small[5] = {1, 1, 1, 1, 0x7777};
    WCHAR *number = NULL;
    int i;
    if (swprintf(small, 4, L"%d", 123) != 3 || swprintf(small, 4, L"%d", 1234) != -1 || !same(small, "123"))
        failures++, fprintf(stderr, "swprintf at its limit\n");
    if (swprintf_s(small, 4, L"%s", L"1234") != -1 || small[0] != 0)
        failures++, fprintf(stderr, "swprintf_s at its limit\n");
    small[3] = 0x5555;
    if (_snwprintf(small, 3, L"abc") != 3 || small[3] != 0x5555 || _snwprintf(small, 3, L"abcd") != -1 ||
        small[2] != L'c' || small[3] != 0x5555 || _snwprintf(NULL, 0, L"%400d", 1) != 400)
        failures++, fprintf(stderr, "_snwprintf at its limit\n");
    if (_snwprintf_s(small, 4, _TRUNCATE, L"abcdef") != -1 || !same(small, "abc") ||
        _snwprintf_s(small, 4, 2, L"abcdef") != -1 || !same(small, "ab"))
        failures++, fprintf(stderr, "_snwprintf_s at its limit\n");
    if (wcsncpy_s(small, 4, L"abcdef", _TRUNCATE) != 80 || !same(small, "abc") ||
        wcsncpy_s(small, 4, L"abcdef", 4) != 34 || small[0] != 0 || wcsncpy_s(small, 4, L"abcdef", 2) != 0 ||
        !same(small, "ab") || wcscat_s(small, 4, L"c") != 0 || wcscat_s(small, 4, L"d") != 34 || small[0] != 0)
        failures++, fprintf(stderr, "copies at their limit\n");
    if (small[4] != 0x7777)
        failures++, fprintf(stderr, "written outside\n");
    /* What is not known, or larger than a field may be, is an error and not a guess. */
    if (swprintf(small, 4, L"%n", &i) != -1 || swprintf(small, 4, L"%y") != -1 || swprintf(small, 4, L"%") != -1 ||
        swprintf(small, 4, L"%99999999999d", 1) != -1 || swprintf(small, 4, L"%.513d", 1) != -1 ||
        swprintf(number, 4, L"1") != -1 || swprintf(small, 0, L"1") != -1)
        failures++, fprintf(stderr, "an unknown format was taken\n");
    if (wcsncmp(L"abc", L"abd", 2) != 0 || _wcsicmp(L"ABC", L"abd") >= 0 || wcsstr(L"abcd", L"cd") == NULL ||
        wcsstr(L"abcd", L"ce") != NULL || wcsrchr(L"a\\b\\c", L'\\')[1] != L'c' || wcschr(L"abc", L'z') != NULL)
        failures++, fprintf(stderr, "comparing or searching\n");
}

int main(void)
{
    random_formats();
    windows_own();
    limits();
    wprintf(L"größe %s \x20AC\n", L"\xD83E\xDD80");
    return failures != 0;
}
