/* What the conformance programs share: 16-bit texts in every dialect, and answers that are counted when they are wrong. */
#pragma once

#include <stdio.h>
#include <wer_types.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

static int failures;

static void expect(HRESULT got, HRESULT wanted, int line)
{
    if (got != wanted) {
        printf("line %d: 0x%08X, not 0x%08X\n", line, (unsigned)got, (unsigned)wanted);
        failures++;
    }
}

#define EXPECT(call, wanted) expect((call), (wanted), __LINE__)
