/*
 * wer_wide.h: UTF-16 text in the program itself, under the names of Windows' C library, strsafe.h and kernel32:
 * copying, comparing, formatting and printing. wer_winbase.h includes it off Windows; everything is inline.
 *
 * Compile C with -fshort-wchar, so that L"" is UTF-16 as on Windows. The C library's own wide functions then read and
 * write wrong memory: the ones here take over the names of those that sources for Windows use. What is not here (the
 * wide functions that read, convert numbers or know locales) must not be called. printf's %ls and %S are the C
 * library's: give them no WCHARs, use wprintf or compat/windows.h. In C++ use std::u16string: std::wstring and wide
 * streams cannot be helped.
 */
#ifndef WER_WIDE_H
#define WER_WIDE_H

#ifndef _WIN32

#include "wer_types.h"
#include <stdarg.h>
/* First, so that their declarations are not renamed by the macros below. */
#ifdef __cplusplus
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <string>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057)
#define STRSAFE_MAX_CCH 2147483647
/* A count for the functions that end in _s: what does not fit is cut. */
#ifndef _TRUNCATE
#define _TRUNCATE ((size_t)-1)
#endif
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif
#ifndef _countof
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#endif

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

/* As far as `count` units. */
static inline int WerWinWcsncmp(const WCHAR *a, const WCHAR *b, size_t count)
{
    for (; count != 0; a++, b++, count--)
        if (*a != *b || *a == 0)
            return (*a > *b) - (*a < *b);
    return 0;
}

static inline int WerWinWcsnicmp(const WCHAR *a, const WCHAR *b, size_t count)
{
    for (; count != 0; a++, b++, count--)
        if (WerWinLower(*a) != WerWinLower(*b) || *a == 0)
            return (WerWinLower(*a) > WerWinLower(*b)) - (WerWinLower(*a) < WerWinLower(*b));
    return 0;
}

/* The first, or the last, place of a unit; the terminator counts as one. NULL when there is none. */
static inline WCHAR *WerWinWcschr(const WCHAR *text, WCHAR unit)
{
    for (; *text != unit; text++)
        if (*text == 0)
            return NULL;
    return (WCHAR *)(ULONG_PTR)text;
}

static inline WCHAR *WerWinWcsrchr(const WCHAR *text, WCHAR unit)
{
    const WCHAR *found = NULL;
    for (;; text++) {
        if (*text == unit)
            found = text;
        if (*text == 0)
            return (WCHAR *)(ULONG_PTR)found;
    }
}

static inline WCHAR *WerWinWcsstr(const WCHAR *text, const WCHAR *part)
{
    size_t length = WerWinWcslen(part);
    for (;; text++) {
        if (WerWinWcsncmp(text, part, length) == 0)
            return (WCHAR *)(ULONG_PTR)text;
        if (*text == 0)
            return NULL;
    }
}

/* The number of units before the terminator, at most `limit`. */
static inline size_t WerWinWcsnlen(const WCHAR *text, size_t limit)
{
    size_t length = 0;
    while (length < limit && text[length] != 0)
        length++;
    return length;
}

static inline WCHAR *WerWinWcsdup(const WCHAR *text)
{
    WCHAR *copy = (WCHAR *)malloc((WerWinWcslen(text) + 1) * sizeof(WCHAR));
    return copy == NULL ? NULL : WerWinWcscpy(copy, text);
}

/* As wcscpy_s; 22 also when `to` has no terminator within `capacity`. */
static inline int WerWinWcscat_s(WCHAR *to, size_t capacity, const WCHAR *from)
{
    size_t length = to == NULL ? 0 : WerWinWcsnlen(to, capacity);
    int result;
    if (to == NULL || capacity == 0)
        return 22;
    if (from == NULL || length == capacity) {
        to[0] = 0;
        return 22;
    }
    result = WerWinWcscpy_s(to + length, capacity - length, from);
    if (result != 0)
        to[0] = 0;
    return result;
}

/* At most `count` units of `from`; with _TRUNCATE what fits, and 80 (STRUNCATE) when that is not all. */
static inline int WerWinWcsncpy_s(WCHAR *to, size_t capacity, const WCHAR *from, size_t count)
{
    size_t i, length;
    if (to == NULL || capacity == 0)
        return 22;
    to[0] = 0;
    if (from == NULL)
        return count == 0 ? 0 : 22;
    length = WerWinWcsnlen(from, count == _TRUNCATE ? capacity : count);
    if (length >= capacity) {
        if (count != _TRUNCATE)
            return 34;
        length = capacity - 1;
    }
    for (i = 0; i < length; i++)
        to[i] = from[i];
    to[length] = 0;
    return count == _TRUNCATE && from[length] != 0 ? 80 : 0;
}

/* ---- formatted text -------------------------------------------------------------------------------------------- */

/* Width of one conversion, and precision of a number, at most. */
#define WER_WIDE_MAX_FIELD 512

/* The next character as UTF-8, of which the bytes are counted; unpaired surrogates become U+FFFD. Not at the end. */
static inline size_t WerWinUtf8(const WCHAR **at, unsigned char *bytes)
{
    unsigned long c = *(*at)++;
    size_t count = 0;
    if (c >= 0xD800 && c < 0xDC00 && **at >= 0xDC00 && **at < 0xE000)
        c = 0x10000 + ((c - 0xD800) << 10) + (unsigned long)(*(*at)++ - 0xDC00);
    else if (c >= 0xD800 && c < 0xE000)
        c = 0xFFFD;
    if (c < 0x80) {
        bytes[count++] = (unsigned char)c;
        return count;
    }
    if (c < 0x800) {
        bytes[count++] = (unsigned char)(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            bytes[count++] = (unsigned char)(0xE0 | c >> 12);
        } else {
            bytes[count++] = (unsigned char)(0xF0 | c >> 18);
            bytes[count++] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
        }
        bytes[count++] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
    }
    bytes[count++] = (unsigned char)(0x80 | (c & 0x3F));
    return count;
}

/* A buffer that is being filled, of units or, where these are NULL, of bytes; what does not fit is counted and dropped. */
typedef struct WerWinText {
    WCHAR *units;
    char *bytes;
    size_t capacity;
    size_t length;
    int is_narrow; /* s and c are char, S and C are WCHAR, which becomes UTF-8; else the other way round */
} WerWinText;

static inline void WerWinTextPut(WerWinText *text, WCHAR unit)
{
    if (text->length + 1 < text->capacity) {
        if (text->is_narrow)
            text->bytes[text->length] = (char)unit;
        else
            text->units[text->length] = unit;
    }
    text->length++;
}

/* One string: `count` units of `wide` or bytes of `narrow`, aligned in `width`. */
static inline void WerWinTextField(WerWinText *text, const WCHAR *wide, const char *narrow, size_t count, size_t width,
                                   int is_left)
{
    size_t i, padding = width > count ? width - count : 0;
    for (i = 0; !is_left && i < padding; i++)
        WerWinTextPut(text, ' ');
    for (i = 0; i < count; i++)
        WerWinTextPut(text, wide != NULL ? wide[i] : (WCHAR)(unsigned char)narrow[i]);
    for (i = 0; is_left && i < padding; i++)
        WerWinTextPut(text, ' ');
}

/* The digits of a width or a precision; of those above a million only that they are. */
static inline size_t WerWinDigits(const WCHAR **format)
{
    size_t value = 0;
    for (; **format >= '0' && **format <= '9'; (*format)++)
        if (value <= 1000000)
            value = value * 10 + (size_t)(**format - '0');
    return value;
}

/* One conversion as far as its letter. */
typedef struct WerWinConversion {
    char flags[8];
    size_t width;
    int precision; /* -1 = none */
    int bytes;     /* of an integer */
    int is_long_double, is_narrow, is_wide, is_left;
} WerWinConversion;

/* Where the format goes on after the size, or NULL for one that cannot be. */
static inline const WCHAR *WerWinSize(const WCHAR *format, WerWinConversion *how)
{
    how->bytes = 4;
    for (;; format++) {
        if (format[0] == 'I' && format[1] == '6' && format[2] == '4')
            how->bytes = 8, format += 2;
        else if (format[0] == 'I' && format[1] == '3' && format[2] == '2')
            how->bytes = 4, format += 2;
        else if (*format == 'I' || *format == 'z' || *format == 't' || *format == 'j')
            how->bytes = 8;
        else if (format[0] == 'l' && format[1] == 'l')
            how->bytes = 8, format++;
        else if (format[0] == 'h' && format[1] == 'h')
            how->bytes = 1, format++;
        else if (*format == 'h')
            how->bytes = 2, how->is_narrow = 1;
        else if (*format == 'l' || *format == 'w')
            how->is_wide = 1;
        else if (*format == 'L')
            how->is_long_double = 1;
        else
            return format;
    }
}

/* A WCHAR string in a text of bytes: whole characters, of no more than `limit` bytes. Answers how many; without a text
 * it only counts. */
static inline size_t WerWinTextWide(WerWinText *text, const WCHAR *string, size_t limit)
{
    size_t total = 0;
    while (total < limit && *string != 0) {
        unsigned char bytes[4];
        size_t i, count = WerWinUtf8(&string, bytes);
        if (count > limit - total)
            break;
        for (i = 0; text != NULL && i < count; i++)
            WerWinTextPut(text, bytes[i]);
        total += count;
    }
    return total;
}

/* The same, aligned in `width`. */
static inline void WerWinTextWideField(WerWinText *text, const WCHAR *string, size_t limit, size_t width, int is_left)
{
    size_t count = WerWinTextWide(NULL, string, limit);
    size_t padding = width > count ? width - count : 0;
    WerWinTextField(text, NULL, "", 0, is_left ? 0 : padding, 0);
    WerWinTextWide(text, string, limit);
    WerWinTextField(text, NULL, "", 0, is_left ? padding : 0, 0);
}

/* A number by the C library, in `digits` of 2 * WER_WIDE_MAX_FIELD bytes, which hold the longest double. */
static inline int WerWinNumber(char *digits, const WerWinConversion *how, WCHAR letter, unsigned long long value,
                               double real, int is_real)
{
    char format[32];
    const char *size = is_real ? "" : "ll";
    int width = (int)how->width;
    if (how->precision >= 0) {
        snprintf(format, sizeof format, "%%%s*.*%s%c", how->flags, size, (char)letter);
        return is_real ? snprintf(digits, 2 * WER_WIDE_MAX_FIELD, format, width, how->precision, real)
                       : snprintf(digits, 2 * WER_WIDE_MAX_FIELD, format, width, how->precision, value);
    }
    snprintf(format, sizeof format, "%%%s*%s%c", how->flags, size, (char)letter);
    return is_real ? snprintf(digits, 2 * WER_WIDE_MAX_FIELD, format, width, real)
                   : snprintf(digits, 2 * WER_WIDE_MAX_FIELD, format, width, value);
}

/* An integer argument cut to its size. */
static inline unsigned long long WerWinCut(unsigned long long value, int bytes, int is_signed)
{
    switch (bytes) {
    case 1:
        return is_signed ? (unsigned long long)(signed char)value : (unsigned char)value;
    case 2:
        return is_signed ? (unsigned long long)(int16_t)value : (uint16_t)value;
    case 4:
        return is_signed ? (unsigned long long)(int32_t)value : (uint32_t)value;
    default:
        return value;
    }
}

/*
 * The conversions d i u o x X c C s S p e E f F g G a A and %%, with all flags, a width and a precision of up to
 * WER_WIDE_MAX_FIELD (of a string: any) or by *, and the sizes hh h l ll L I I32 I64 j z t w. As on Windows, s is a
 * WCHAR string and S or hs a char string (the other way round in a text of bytes), l is 32 bits wide, p is 16 digits,
 * and %n is not known. Answers the length that the whole text has, or (size_t)-1 for a format that it does not know.
 */
static inline size_t WerWinFormatText(WerWinText *text, const WCHAR *format, va_list arguments)
{
    for (; *format != 0; format++) {
        WerWinConversion how;
        char digits[2 * WER_WIDE_MAX_FIELD];
        size_t flags = 0;
        int length = 0;
        if (*format != '%') {
            WerWinTextPut(text, *format);
            continue;
        }
        memset(&how, 0, sizeof how);
        how.precision = -1;
        for (format++; *format == '-' || *format == '0' || *format == '+' || *format == ' ' || *format == '#';
             format++) {
            how.is_left |= *format == '-';
            if (flags + 1 < sizeof how.flags)
                how.flags[flags++] = (char)*format;
        }
        if (*format == '*') {
            int width = va_arg(arguments, int);
            how.width = width < 0 ? 0 - (size_t)width : (size_t)width;
            if (width < 0) {
                how.is_left = 1;
                if (flags + 1 < sizeof how.flags)
                    how.flags[flags++] = '-';
            }
            format++;
        } else {
            how.width = WerWinDigits(&format);
        }
        if (*format == '.') {
            if (*++format == '*') {
                how.precision = va_arg(arguments, int);
                format++;
            } else {
                how.precision = (int)WerWinDigits(&format);
            }
        }
        format = WerWinSize(format, &how);
        if (how.width > WER_WIDE_MAX_FIELD)
            return (size_t)-1;
        if (how.precision > WER_WIDE_MAX_FIELD && *format != 's' && *format != 'S')
            return (size_t)-1;
        switch (*format) {
        case '%':
            WerWinTextPut(text, '%');
            break;
        case 'C':
        case 'c': {
            WCHAR unit[2];
            int is_wide = how.is_wide || (!how.is_narrow && (*format == 'C') == text->is_narrow);
            unit[0] = (WCHAR)va_arg(arguments, int), unit[1] = 0;
            if (!is_wide)
                unit[0] &= 0xFF;
            if (text->is_narrow && is_wide)
                WerWinTextWideField(text, unit, (size_t)-1, how.width, how.is_left);
            else
                WerWinTextField(text, unit, NULL, 1, how.width, how.is_left);
            break;
        }
        case 'd':
        case 'i':
        case 'u':
        case 'o':
        case 'x':
        case 'X': {
            unsigned long long value = how.bytes == 8 ? va_arg(arguments, unsigned long long)
                                                      : (unsigned long long)va_arg(arguments, unsigned int);
            value = WerWinCut(value, how.bytes, *format == 'd' || *format == 'i');
            length = WerWinNumber(digits, &how, *format, value, 0, 0);
            break;
        }
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
        case 'a':
        case 'A': {
            double value = how.is_long_double ? (double)va_arg(arguments, long double) : va_arg(arguments, double);
            length = WerWinNumber(digits, &how, *format, 0, value, 1);
            break;
        }
        case 'p':
            length = snprintf(digits, sizeof digits, "%016llX",
                              (unsigned long long)(ULONG_PTR)va_arg(arguments, void *));
            WerWinTextField(text, NULL, digits, (size_t)length, how.width, how.is_left);
            length = 0;
            break;
        case 'S':
        case 's': {
            const void *string = va_arg(arguments, const void *);
            int is_narrow = !how.is_wide && (how.is_narrow || (*format == 'S') != text->is_narrow);
            const WCHAR *wide = is_narrow ? NULL : (const WCHAR *)string;
            const char *narrow = is_narrow ? (const char *)string : NULL;
            size_t count = 0, limit = how.precision < 0 ? (size_t)-1 : (size_t)how.precision;
            if (string == NULL)
                wide = NULL, narrow = "(null)";
            if (text->is_narrow && wide != NULL) {
                WerWinTextWideField(text, wide, limit, how.width, how.is_left);
                break;
            }
            while (count < limit && (wide != NULL ? wide[count] != 0 : narrow[count] != 0))
                count++;
            WerWinTextField(text, wide, narrow, count, how.width, how.is_left);
            break;
        }
        default:
            return (size_t)-1;
        }
        if (length < 0)
            return (size_t)-1;
        if (length > 0)
            WerWinTextField(text, NULL, digits,
                            (size_t)length < sizeof digits ? (size_t)length : sizeof digits - 1, 0, 0);
    }
    if (text->capacity != 0) {
        size_t end = text->length < text->capacity ? text->length : text->capacity - 1;
        if (text->is_narrow)
            text->bytes[end] = 0;
        else
            text->units[end] = 0;
    }
    return text->length;
}

static inline size_t WerWinFormatV(WCHAR *to, size_t capacity, const WCHAR *format, va_list arguments)
{
    WerWinText text;
    text.units = to, text.bytes = NULL, text.capacity = capacity, text.length = 0, text.is_narrow = 0;
    return WerWinFormatText(&text, format, arguments);
}

/* S_OK; STRSAFE_E_INSUFFICIENT_BUFFER with the text cut; STRSAFE_E_INVALID_PARAMETER. */
static inline HRESULT WerWinStringCchVPrintfW(WCHAR *to, size_t capacity, const WCHAR *format, va_list arguments)
{
    size_t length;
    if (to == NULL || format == NULL || capacity == 0 || capacity > STRSAFE_MAX_CCH)
        return STRSAFE_E_INVALID_PARAMETER;
    length = WerWinFormatV(to, capacity, format, arguments);
    if (length == (size_t)-1) {
        to[0] = 0;
        return STRSAFE_E_INVALID_PARAMETER;
    }
    return length < capacity ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
}

/* The number of units written; -1, with `to` emptied, when the text does not fit or the format is not known. */
static inline int WerWinVswprintf_s(WCHAR *to, size_t capacity, const WCHAR *format, va_list arguments)
{
    if (WerWinStringCchVPrintfW(to, capacity, format, arguments) == S_OK)
        return (int)WerWinWcslen(to);
    if (to != NULL && capacity != 0)
        to[0] = 0;
    return -1;
}

/* The number of units written; -1 when the text does not fit: what does is there, with a terminator. */
static inline int WerWinVswprintf(WCHAR *to, size_t capacity, const WCHAR *format, va_list arguments)
{
    HRESULT result = WerWinStringCchVPrintfW(to, capacity, format, arguments);
    return result == S_OK ? (int)WerWinWcslen(to) : -1;
}

/*
 * At most `count` units. A text of exactly `count` has no terminator, as on Windows; of a longer one `count` units are
 * there, and the answer is -1. Without a buffer: the length.
 */
static inline int WerWinVsnwprintf(WCHAR *to, size_t count, const WCHAR *format, va_list arguments)
{
    WCHAR *whole;
    size_t length;
    va_list again;
    if (format == NULL || (to == NULL && count != 0))
        return -1;
    va_copy(again, arguments);
    length = WerWinFormatV(NULL, 0, format, again);
    va_end(again);
    if (length > STRSAFE_MAX_CCH - 1 || to == NULL)
        return length > STRSAFE_MAX_CCH - 1 ? -1 : (int)length;
    whole = (WCHAR *)malloc((length + 1) * sizeof(WCHAR));
    if (whole == NULL)
        return -1;
    WerWinFormatV(whole, length + 1, format, arguments);
    memcpy(to, whole, (length < count ? length + 1 : count) * sizeof(WCHAR));
    free(whole);
    return length > count ? -1 : (int)length;
}

/* At most `count` units and a terminator; -1 when that is not all: with _TRUNCATE or a smaller `count` what fits is there,
 * else `to` is emptied. */
static inline int WerWinVsnwprintf_s(WCHAR *to, size_t capacity, size_t count, const WCHAR *format, va_list arguments)
{
    size_t room = count < capacity ? count + 1 : capacity;
    HRESULT result = WerWinStringCchVPrintfW(to, room, format, arguments);
    if (result == S_OK)
        return (int)WerWinWcslen(to);
    if (result == STRSAFE_E_INSUFFICIENT_BUFFER && count >= capacity && count != _TRUNCATE)
        to[0] = 0;
    return -1;
}

/* As UTF-8; unpaired surrogates become U+FFFD. The number of units, or -1. */
static inline int WerWinPut(FILE *file, const WCHAR *text)
{
    const WCHAR *at = text;
    while (*at != 0) {
        unsigned char bytes[4];
        size_t count = WerWinUtf8(&at, bytes);
        if (fwrite(bytes, 1, count, file) != count)
            return -1;
    }
    return (int)(at - text);
}

static inline int WerWinVfwprintf(FILE *file, const WCHAR *format, va_list arguments)
{
    int result;
    size_t length;
    WCHAR *text;
    va_list again;
    va_copy(again, arguments);
    length = format == NULL ? (size_t)-1 : WerWinFormatV(NULL, 0, format, again);
    va_end(again);
    if (length > STRSAFE_MAX_CCH - 1)
        return -1;
    text = (WCHAR *)malloc((length + 1) * sizeof(WCHAR));
    if (text == NULL)
        return -1;
    WerWinFormatV(text, length + 1, format, arguments);
    result = WerWinPut(file, text);
    free(text);
    return result;
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

/* `bytes` is the size of the buffer. */
static inline HRESULT WerWinStringCbPrintfW(WCHAR *to, size_t bytes, const WCHAR *format, ...)
{
    HRESULT result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinStringCchVPrintfW(to, bytes / sizeof(WCHAR), format, arguments);
    va_end(arguments);
    return result;
}

static inline int WerWinSwprintf_s(WCHAR *to, size_t capacity, const WCHAR *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinVswprintf_s(to, capacity, format, arguments);
    va_end(arguments);
    return result;
}

static inline int WerWinSwprintf(WCHAR *to, size_t capacity, const WCHAR *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinVswprintf(to, capacity, format, arguments);
    va_end(arguments);
    return result;
}

static inline int WerWinSnwprintf(WCHAR *to, size_t count, const WCHAR *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinVsnwprintf(to, count, format, arguments);
    va_end(arguments);
    return result;
}

static inline int WerWinSnwprintf_s(WCHAR *to, size_t capacity, size_t count, const WCHAR *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinVsnwprintf_s(to, capacity, count, format, arguments);
    va_end(arguments);
    return result;
}

static inline int WerWinFwprintf(FILE *file, const WCHAR *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinVfwprintf(file, format, arguments);
    va_end(arguments);
    return result;
}

static inline int WerWinWprintf(const WCHAR *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = WerWinVfwprintf(stdout, format, arguments);
    va_end(arguments);
    return result;
}

static inline HRESULT WerWinStringCchCopyW(WCHAR *to, size_t capacity, const WCHAR *from)
{
    if (to == NULL || from == NULL || capacity == 0 || capacity > STRSAFE_MAX_CCH)
        return STRSAFE_E_INVALID_PARAMETER;
    WerWinLstrcpynW(to, from, (int)capacity);
    return WerWinWcsnlen(from, capacity) < capacity ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
}

static inline HRESULT WerWinStringCchCatW(WCHAR *to, size_t capacity, const WCHAR *from)
{
    size_t length;
    if (to == NULL || capacity == 0 || capacity > STRSAFE_MAX_CCH)
        return STRSAFE_E_INVALID_PARAMETER;
    length = WerWinWcsnlen(to, capacity);
    return length == capacity ? STRSAFE_E_INVALID_PARAMETER
                              : WerWinStringCchCopyW(to + length, capacity - length, from);
}

/* At most `count` units of `from`. */
static inline HRESULT WerWinStringCchCopyNW(WCHAR *to, size_t capacity, const WCHAR *from, size_t count)
{
    int result = WerWinWcsncpy_s(to, capacity, from, count < capacity ? count : _TRUNCATE);
    if (from == NULL || to == NULL || capacity == 0 || capacity > STRSAFE_MAX_CCH)
        return STRSAFE_E_INVALID_PARAMETER;
    return result == 0 || WerWinWcsnlen(from, count) < capacity ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
}

/* `length` may be NULL. STRSAFE_E_INVALID_PARAMETER without a terminator within `capacity`. */
static inline HRESULT WerWinStringCchLengthW(const WCHAR *text, size_t capacity, size_t *length)
{
    size_t found = text == NULL ? capacity : WerWinWcsnlen(text, capacity);
    if (length != NULL)
        *length = text == NULL || found == capacity ? 0 : found;
    return text == NULL || capacity > STRSAFE_MAX_CCH || found == capacity ? STRSAFE_E_INVALID_PARAMETER : S_OK;
}

static inline HRESULT WerWinStringCbCopyW(WCHAR *to, size_t bytes, const WCHAR *from)
{
    return WerWinStringCchCopyW(to, bytes / sizeof(WCHAR), from);
}

static inline HRESULT WerWinStringCbCatW(WCHAR *to, size_t bytes, const WCHAR *from)
{
    return WerWinStringCchCatW(to, bytes / sizeof(WCHAR), from);
}

#ifdef __cplusplus
}

/* The forms without a size, of arrays. */
template <size_t Capacity> inline int WerWinWcscpy_s(WCHAR (&to)[Capacity], const WCHAR *from)
{
    return WerWinWcscpy_s(&to[0], Capacity, from);
}
template <size_t Capacity> inline int WerWinWcscat_s(WCHAR (&to)[Capacity], const WCHAR *from)
{
    return WerWinWcscat_s(&to[0], Capacity, from);
}
template <size_t Capacity, typename... Arguments>
inline int WerWinSwprintf_s(WCHAR (&to)[Capacity], const WCHAR *format, Arguments... arguments)
{
    return WerWinSwprintf_s(&to[0], Capacity, format, arguments...);
}
#endif

#define lstrlenW WerWinLstrlenW
#define lstrcpyW WerWinLstrcpyW
#define lstrcpynW WerWinLstrcpynW
#define lstrcatW WerWinLstrcatW
#define lstrcmpW WerWinWcscmp
#define lstrcmpiW WerWinWcsicmp
#define StringCchPrintfW WerWinStringCchPrintfW
#define StringCchVPrintfW WerWinStringCchVPrintfW
#define StringCchCopyW WerWinStringCchCopyW
#define StringCchCopyNW WerWinStringCchCopyNW
#define StringCchCatW WerWinStringCchCatW
#define StringCchLengthW WerWinStringCchLengthW
#define StringCbPrintfW WerWinStringCbPrintfW
#define StringCbCopyW WerWinStringCbCopyW
#define StringCbCatW WerWinStringCbCatW
#define swprintf_s WerWinSwprintf_s
#define vswprintf_s WerWinVswprintf_s
#define _snwprintf WerWinSnwprintf
#define _vsnwprintf WerWinVsnwprintf
#define _snwprintf_s WerWinSnwprintf_s
#define _vsnwprintf_s WerWinVsnwprintf_s
#define wcscpy_s WerWinWcscpy_s
#define wcscat_s WerWinWcscat_s
#define wcsncpy_s WerWinWcsncpy_s
#define _wcsicmp WerWinWcsicmp
#define _wcsnicmp WerWinWcsnicmp
#define _wcsdup WerWinWcsdup
#define wprintf_s WerWinWprintf
#define fwprintf_s WerWinFwprintf

/* The C library's names, where its functions would take L"" for something else. */
#if __SIZEOF_WCHAR_T__ == 2
#define wcslen WerWinWcslen
#define wcscpy WerWinWcscpy
#define wcscat WerWinWcscat
#define wcsncpy WerWinWcsncpy
#define wcscmp WerWinWcscmp
#define wcsncmp WerWinWcsncmp
#define wcschr WerWinWcschr
#define wcsrchr WerWinWcsrchr
#define wcsstr WerWinWcsstr
#define wcsnlen WerWinWcsnlen
#define wcsdup WerWinWcsdup
#define swprintf WerWinSwprintf
#define vswprintf WerWinVswprintf
#define wprintf WerWinWprintf
#define fwprintf WerWinFwprintf
#define vfwprintf WerWinVfwprintf
#define wcscasecmp WerWinWcsicmp
#define fputws(text, file) WerWinPut(file, text)
#endif

/* The names without A or W. */
#ifdef UNICODE
#define lstrlen lstrlenW
#define lstrcpy lstrcpyW
#define lstrcpyn lstrcpynW
#define lstrcat lstrcatW
#define lstrcmp lstrcmpW
#define lstrcmpi lstrcmpiW
#define StringCchPrintf StringCchPrintfW
#define StringCchVPrintf StringCchVPrintfW
#define StringCchCopy StringCchCopyW
#define StringCchCopyN StringCchCopyNW
#define StringCchCat StringCchCatW
#define StringCchLength StringCchLengthW
#define StringCbPrintf StringCbPrintfW
#define StringCbCopy StringCbCopyW
#define StringCbCat StringCbCatW
#endif

#endif /* !_WIN32 */
#endif /* WER_WIDE_H */
