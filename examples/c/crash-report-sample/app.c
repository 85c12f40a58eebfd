/*
 * An application that says what should be known about it after a crash, and then crashes.
 *
 * usage: app /full/path/of/module.so
 */
#include "payload.h"
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <uchar.h>
#include <werapi.h>

static Payload payload;
static char recent_log[] = "12:00:00 started\n12:00:01 loaded 3 documents\n12:00:02 saving\n";

/* The module's path as the API takes it. */
static int widen(const char *text, WCHAR *wide, size_t capacity)
{
    mbstate_t state;
    size_t length = 0;
    const char *end = text + strlen(text) + 1;
    memset(&state, 0, sizeof state);
    while (text < end) {
        char16_t unit;
        size_t used = mbrtoc16(&unit, text, (size_t)(end - text), &state);
        if (used == (size_t)-1 || used == (size_t)-2 || length == capacity)
            return 0;
        wide[length++] = unit;
        if (used != (size_t)-3) /* the second half of a pair takes no bytes */
            text += used != 0 ? used : 1;
    }
    return 1;
}

static int check(const char *call, HRESULT result)
{
    if (FAILED(result))
        fprintf(stderr, "%s failed: 0x%08X\n", call, (unsigned)result);
    return SUCCEEDED(result);
}

__attribute__((noinline)) static void save_document(volatile int *document)
{
    *document = payload.Version;
}

int main(int argc, char **argv)
{
    WCHAR module[MAX_PATH];
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc != 2 || !widen(argv[1], module, MAX_PATH)) {
        fprintf(stderr, "usage: %s /full/path/of/module.so\n", argv[0]);
        return 2;
    }

    payload.Version = 5;
    wcscpy_s(payload.Status, STATUS_CHARACTERS, L"Hello world!");

    if (!check("WerRegisterRuntimeExceptionModule", WerRegisterRuntimeExceptionModule(module, &payload)) ||
        !check("WerRegisterMemoryBlock", WerRegisterMemoryBlock(recent_log, sizeof recent_log)) ||
        !check("WerRegisterCustomMetadata", WerRegisterCustomMetadata(L"Channel", L"sample")) ||
        !check("WerRegisterCustomMetadata", WerRegisterCustomMetadata(L"Documents", L"3")) ||
        !check("WerAttachCrashHandler", WerAttachCrashHandler()))
        return 1;

    save_document(NULL);
    return 0;
}
