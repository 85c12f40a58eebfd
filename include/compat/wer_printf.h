/*
 * wer_printf.h: the printf family for char text, with Windows' meaning. Part of compat/windows.h.
 *
 * The C library's own takes %ls and %S for 32-bit text and reads wrong memory where wchar_t has 16 bits. Here these are
 * WCHAR strings, which come out as UTF-8; the conversions are those of the wide family (wer_wide.h), so %ld is 32 bits
 * wide, %I64d is known, %p is 16 digits, and %n or a width above WER_WIDE_MAX_FIELD is an error. A precision of %ls
 * counts bytes, and no character is cut. The macros take the C library's names where wchar_t has 16 bits.
 */
#ifndef WER_COMPAT_WER_PRINTF_H
#define WER_COMPAT_WER_PRINTF_H

#ifdef __cplusplus
extern "C" {
#endif

/* The length of the whole text, of which what fits is in `to` with a terminator; (size_t)-1 for a format that is not known,
 * a text above INT_MAX, or without memory. */
static inline size_t WerWinFormatBytesV(char *to, size_t capacity, const char *format, va_list arguments)
{
    WerWinText text;
    size_t i, length;
    WCHAR *units;
    length = format == NULL ? 0 : strlen(format);
    units = format == NULL ? NULL : (WCHAR *)malloc((length + 1) * sizeof(WCHAR));
    if (units == NULL)
        return (size_t)-1;
    for (i = 0; i <= length; i++)
        units[i] = (WCHAR)(unsigned char)format[i];
    text.units = NULL, text.bytes = to, text.capacity = capacity, text.length = 0, text.is_narrow = 1;
    length = WerWinFormatText(&text, units, arguments);
    free(units);
    return length > 0x7FFFFFFF ? (size_t)-1 : length;
}

/* The length of the whole text as in C, or -1. */
static inline int WerWinVsnprintf(char *to, size_t capacity, const char *format, va_list arguments)
{
    return (int)WerWinFormatBytesV(to, to == NULL ? 0 : capacity, format, arguments);
}

/* The number of bytes written; -1, with `to` emptied, when the text does not fit. */
static inline int WerWinVsprintf_s(char *to, size_t capacity, const char *format, va_list arguments)
{
    size_t length;
    if (to == NULL || capacity == 0)
        return -1;
    length = WerWinFormatBytesV(to, capacity, format, arguments);
    if (length < capacity)
        return (int)length;
    to[0] = 0;
    return -1;
}

/*
 * At most `count` bytes. A text of exactly `count` has no terminator, as on Windows; of a longer one `count` bytes are
 * there, and the answer is -1. Without a buffer: the length.
 */
static inline int WerWinVsnprintfOld(char *to, size_t count, const char *format, va_list arguments)
{
    char *whole;
    size_t length;
    va_list again;
    if (to == NULL && count != 0)
        return -1;
    va_copy(again, arguments);
    length = WerWinFormatBytesV(NULL, 0, format, again);
    va_end(again);
    if (length == (size_t)-1 || to == NULL)
        return (int)length;
    whole = (char *)malloc(length + 1);
    if (whole == NULL)
        return -1;
    length = WerWinFormatBytesV(whole, length + 1, format, arguments);
    if (length != (size_t)-1)
        memcpy(to, whole, length < count ? length + 1 : count);
    free(whole);
    return length > count ? -1 : (int)length;
}

/* At most `count` bytes and a terminator; -1 when that is not all: with _TRUNCATE or a smaller `count` what fits is there,
 * else `to` is emptied. */
static inline int WerWinVsnprintf_s(char *to, size_t capacity, size_t count, const char *format, va_list arguments)
{
    size_t length, room = count < capacity ? count + 1 : capacity;
    if (to == NULL || capacity == 0)
        return -1;
    length = WerWinFormatBytesV(to, room, format, arguments);
    if (length < room)
        return (int)length;
    if (length == (size_t)-1 || (count >= capacity && count != _TRUNCATE))
        to[0] = 0;
    return -1;
}

/* The number of bytes, or -1. */
static inline int WerWinVfprintf(FILE *file, const char *format, va_list arguments)
{
    char *text;
    size_t length, written;
    va_list again;
    va_copy(again, arguments);
    length = WerWinFormatBytesV(NULL, 0, format, again);
    va_end(again);
    text = length == (size_t)-1 ? NULL : (char *)malloc(length + 1);
    if (text == NULL)
        return -1;
    length = WerWinFormatBytesV(text, length + 1, format, arguments);
    written = length == (size_t)-1 ? 0 : fwrite(text, 1, length, file);
    free(text);
    return written == length ? (int)length : -1;
}

/* One function with `...` of one with a va_list: its result, name, parameters, and call. */
#define WER_WIN_VARIADIC(name, parameters, call)                                                                      \
    static inline int name parameters                                                                                 \
    {                                                                                                                 \
        int result;                                                                                                   \
        va_list arguments;                                                                                            \
        va_start(arguments, format);                                                                                  \
        result = call;                                                                                                \
        va_end(arguments);                                                                                            \
        return result;                                                                                                \
    }

WER_WIN_VARIADIC(WerWinPrintf, (const char *format, ...), WerWinVfprintf(stdout, format, arguments))
WER_WIN_VARIADIC(WerWinFprintf, (FILE *file, const char *format, ...), WerWinVfprintf(file, format, arguments))
WER_WIN_VARIADIC(WerWinSprintf, (char *to, const char *format, ...),
                 WerWinVsnprintf(to, (size_t)-1, format, arguments))
WER_WIN_VARIADIC(WerWinSnprintf, (char *to, size_t capacity, const char *format, ...),
                 WerWinVsnprintf(to, capacity, format, arguments))
WER_WIN_VARIADIC(WerWinSprintf_s, (char *to, size_t capacity, const char *format, ...),
                 WerWinVsprintf_s(to, capacity, format, arguments))
WER_WIN_VARIADIC(WerWinSnprintfOld, (char *to, size_t count, const char *format, ...),
                 WerWinVsnprintfOld(to, count, format, arguments))
WER_WIN_VARIADIC(WerWinSnprintf_s, (char *to, size_t capacity, size_t count, const char *format, ...),
                 WerWinVsnprintf_s(to, capacity, count, format, arguments))

#ifdef __cplusplus
}

/* For sources that write std::printf. */
namespace std
{
using ::WerWinFprintf;
using ::WerWinPrintf;
using ::WerWinSnprintf;
using ::WerWinSprintf;
using ::WerWinVfprintf;
using ::WerWinVsnprintf;
} // namespace std
#endif

#define sprintf_s WerWinSprintf_s
#define vsprintf_s WerWinVsprintf_s
#define _snprintf WerWinSnprintfOld
#define _vsnprintf WerWinVsnprintfOld
#define _snprintf_s WerWinSnprintf_s
#define _vsnprintf_s WerWinVsnprintf_s
#define printf_s WerWinPrintf
#define fprintf_s WerWinFprintf

/* With arguments only, so that an attribute of the compiler's keeps its name. */
#if __SIZEOF_WCHAR_T__ == 2
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#define printf(...) WerWinPrintf(__VA_ARGS__)
#define fprintf(...) WerWinFprintf(__VA_ARGS__)
#define sprintf(...) WerWinSprintf(__VA_ARGS__)
#define snprintf(...) WerWinSnprintf(__VA_ARGS__)
#define vprintf(format, arguments) WerWinVfprintf(stdout, format, arguments)
#define vfprintf(file, format, arguments) WerWinVfprintf(file, format, arguments)
#define vsprintf(to, format, arguments) WerWinVsnprintf(to, (size_t)-1, format, arguments)
#define vsnprintf(to, capacity, format, arguments) WerWinVsnprintf(to, capacity, format, arguments)
#endif

#endif /* WER_COMPAT_WER_PRINTF_H */
