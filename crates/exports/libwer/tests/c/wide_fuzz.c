/*
 * Formats near to good ones, given to the wide formatter: its answer is the same with and without room, and nothing is
 * written beyond the room. C11 with 16-bit wchar_t; built with ASan it finds what is read or written elsewhere.
 *
 *     wide_fuzz COUNT                as a test: the same formats every time
 *
 * clang -fsanitize=fuzzer,address -DLIBFUZZER ... makes it a target of libFuzzer.
 */
#include <windows.h>
#include <stdint.h>

#define MAX_UNITS 64
/* As many as the format can ask for: two per unit, for a `*` and its conversion. */
#define A (ULONG_PTR)text
#define A8 A, A, A, A, A, A, A, A
#define A64 A8, A8, A8, A8, A8, A8, A8, A8

/* Where every pointer among the arguments leads: a string of either width. */
static WCHAR text[] = {'a', 0x20AC, 0xD83E, 0xDD80, 'z', 0};

static size_t length_of(WCHAR *to, size_t capacity, const WCHAR *format, ...)
{
    size_t length;
    va_list arguments;
    va_start(arguments, format);
    length = WerWinFormatV(to, capacity, format, arguments);
    va_end(arguments);
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    WCHAR format[MAX_UNITS + 1];
    size_t units = size / 2 < MAX_UNITS ? size / 2 : MAX_UNITS, length, capacity;
    memcpy(format, bytes, units * sizeof(WCHAR));
    format[units] = 0;
    length = length_of(NULL, 0, format, A64, A64);
    if (length == (size_t)-1)
        return 0;
    for (capacity = 1; capacity <= length + 1; capacity += length / 4 + 1) {
        WCHAR *room = (WCHAR *)malloc(capacity * sizeof(WCHAR));
        if (room == NULL || length_of(room, capacity, format, A64, A64) != length)
            abort();
        if (room[length < capacity ? length : capacity - 1] != 0)
            abort();
        free(room);
    }
    return 0;
}

#ifndef LIBFUZZER
static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

int main(int count, char **arguments)
{
    static const char parts[] = "%%%%%%*.-+ #0123456789hlLwIztj64diouxXcCsSpeEfFgGaAnq\x7f";
    static const WCHAR good[] = L"%d %-8s|%08.3f %*.*S %I64x %hs %lc %p %%";
    unsigned long inputs = count == 2 ? strtoul(arguments[1], NULL, 10) : 1, i;
    uint32_t state = 7;
    for (i = 0; i < inputs; i++) {
        WCHAR format[MAX_UNITS];
        size_t units = i % 2 == 0 ? ARRAYSIZE(good) - 1 : next(&state) % MAX_UNITS, changes, j;
        for (j = 0; j < units; j++)
            format[j] = i % 2 == 0 ? good[j] : (WCHAR)parts[next(&state) % (sizeof parts - 1)];
        for (changes = next(&state) % 8; changes > 0 && units > 0; changes--) {
            uint32_t at = next(&state) % (uint32_t)units;
            format[at] = next(&state) % 4 == 0 ? (WCHAR)next(&state) : (WCHAR)parts[next(&state) % (sizeof parts - 1)];
        }
        LLVMFuzzerTestOneInput((const uint8_t *)format, units * sizeof(WCHAR));
    }
    return 0;
}
#endif
