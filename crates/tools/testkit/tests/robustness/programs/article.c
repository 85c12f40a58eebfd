/*
 * A program whose runtime has registered a handler module of its own, and that moves it behind its own module as the
 * article does: unregister the runtime's with the runtime's context, register ours, register the runtime's again.
 *
 * usage: article stay|move RUNTIME_MODULE OUR_MODULE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <werapi.h>

/* Where the runtime says it is loaded: its context. */
static char runtime_base[64];
static char payload[16];

static const WCHAR *wide(const char *text) {
    WCHAR *copy = calloc(strlen(text) + 1, sizeof *copy);
    for (size_t i = 0; text[i]; i++) copy[i] = (unsigned char)text[i];
    return copy;
}

static void expect(HRESULT result, HRESULT expected, const char *what) {
    if (result == expected) return;
    fprintf(stderr, "%s gave %08x\n", what, (unsigned)result);
    exit(99);
}

int main(int count, char **words) {
    if (count != 4) return 98;
    const WCHAR *runtime = wide(words[2]), *ours = wide(words[3]);
    expect(WerRegisterRuntimeExceptionModule(runtime, runtime_base), S_OK, "the runtime's registration");
    if (!strcmp(words[1], "move")) {
        expect(WerUnregisterRuntimeExceptionModule(runtime, NULL), WER_E_NOT_FOUND, "another context");
        expect(WerUnregisterRuntimeExceptionModule(ours, runtime_base), WER_E_NOT_FOUND, "another path");
        expect(WerUnregisterRuntimeExceptionModule(runtime, runtime_base), S_OK, "unregistering the runtime's");
        expect(WerRegisterRuntimeExceptionModule(ours, payload), S_OK, "our registration");
        expect(WerRegisterRuntimeExceptionModule(runtime, runtime_base), S_OK, "registering the runtime's again");
    } else {
        expect(WerRegisterRuntimeExceptionModule(ours, payload), S_OK, "our registration");
    }
    expect(WerAttachCrashHandler(), S_OK, "attaching");
    *(volatile int *)0 = 1;
    return 0;
}
