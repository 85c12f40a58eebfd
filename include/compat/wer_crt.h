/*
 * wer_crt.h: char text under the names of Windows' C library, and wmain. Part of compat/windows.h.
 *
 * A function that ends in _s answers an error here where Windows' ends the program.
 */
#ifndef WER_COMPAT_WER_CRT_H
#define WER_COMPAT_WER_CRT_H

#include "wer_printf.h"

#ifdef __cplusplus
extern "C" {
#endif

extern char **environ;

typedef int errno_t;

/* 0; 22 (EINVAL) for no room at all or a null pointer, 34 (ERANGE) when it does not fit, with `to` emptied. */
static inline int WerWinStrcpy_s(char *to, size_t capacity, const char *from)
{
    if (to == NULL || capacity == 0)
        return 22;
    to[0] = 0;
    if (from == NULL)
        return 22;
    if (strlen(from) >= capacity)
        return 34;
    memcpy(to, from, strlen(from) + 1);
    return 0;
}

static inline int WerWinStrcat_s(char *to, size_t capacity, const char *from)
{
    size_t length = 0;
    int result;
    if (to == NULL || capacity == 0)
        return 22;
    while (length < capacity && to[length] != 0)
        length++;
    result = length == capacity ? 22 : WerWinStrcpy_s(to + length, capacity - length, from);
    if (result != 0)
        to[0] = 0;
    return result;
}

/* Ignores the case of ASCII letters only. */
static inline int WerWinStricmp(const char *a, const char *b)
{
    while (*a != 0 && tolower((unsigned char)*a) == tolower((unsigned char)*b))
        a++, b++;
    return tolower((unsigned char)*a) - tolower((unsigned char)*b);
}

#define strcpy_s WerWinStrcpy_s
#define strcat_s WerWinStrcat_s
#define _stricmp WerWinStricmp

/* One string of UTF-8 as UTF-16; what is not UTF-8 becomes U+FFFD. NULL without memory. */
static inline WCHAR *WerWinWiden(const char *text)
{
    WCHAR *wide = (WCHAR *)malloc((strlen(text) + 1) * sizeof(WCHAR));
    size_t length = 0;
    while (wide != NULL && *text != 0) {
        unsigned char first = (unsigned char)*text++;
        unsigned more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
        unsigned long c = more == 0 ? first : first & (0x3Fu >> more);
        int is_bad = (first >= 0x80 && first < 0xC2) || first > 0xF4;
        for (; !is_bad && more > 0; more--) {
            if (((unsigned char)*text & 0xC0) != 0x80)
                is_bad = 1;
            else
                c = c << 6 | ((unsigned char)*text++ & 0x3F);
        }
        if (is_bad || c > 0x10FFFF)
            c = 0xFFFD;
        if (c >= 0x10000) {
            wide[length++] = (WCHAR)(0xD7C0 + (c >> 10));
            c = 0xDC00 | (c & 0x3FF);
        }
        wide[length++] = (WCHAR)c;
    }
    if (wide != NULL)
        wide[length] = 0;
    return wide;
}

/* The strings of a list that NULL ends, and NULL. They stay until the program ends. */
static inline WCHAR **WerWinWidenAll(char **narrow)
{
    size_t count = 0, i;
    WCHAR **wide;
    while (narrow[count] != NULL)
        count++;
    wide = (WCHAR **)calloc(count + 1, sizeof(WCHAR *));
    for (i = 0; wide != NULL && i < count; i++)
        wide[i] = WerWinWiden(narrow[i]);
    return wide;
}

#ifdef __cplusplus
}
#endif

/*
 * wmain: the definition of it becomes that of main, which calls it with the arguments and the environment as UTF-16.
 * It may take none to three arguments: what it does not take lies in registers that it does not look at.
 */
static inline int WerWinCallMain(void (*user_main)(void), int count, char **arguments)
{
    int (*typed)(int, WCHAR **, WCHAR **) = (int (*)(int, WCHAR **, WCHAR **))user_main;
    return typed(count, WerWinWidenAll(arguments), WerWinWidenAll(environ));
}

#define wmain(...)                                                                                                    \
    WerWinUserMain(__VA_ARGS__);                                                                                      \
    int main(int argument_count, char **arguments)                                                                    \
    {                                                                                                                 \
        return WerWinCallMain((void (*)(void))&WerWinUserMain, argument_count, arguments);                            \
    }                                                                                                                 \
    int WerWinUserMain(__VA_ARGS__)

#endif /* WER_COMPAT_WER_CRT_H */
