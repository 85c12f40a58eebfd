/*
 * Restart and recovery: what each function answers, and what a reader outside sees afterwards; see registration.c. What
 * happens after a crash is tried in the tests of werfault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <werapi.h>
#include <wer_winbase.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

static int failures;

static void expect(HRESULT got, HRESULT wanted, const char *what)
{
    if (got != wanted) {
        fprintf(stderr, "%s: 0x%08X, not 0x%08X\n", what, (unsigned)got, (unsigned)wanted);
        failures++;
    }
}
#define EXPECT(call, wanted) expect((call), (wanted), #call)

static void check(int is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "not so: %s\n", what);
        failures++;
    }
}
#define CHECK(what) check((what), #what)

static void show(const char *name)
{
    char line[16];
    printf("%s\n", name);
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        exit(3);
}

static PCWSTR text_of(size_t count)
{
    static WCHAR text[4096];
    size_t i;
    for (i = 0; i < count; i++)
        text[i] = (WCHAR)'r';
    text[count] = 0;
    return text;
}

static const HANDLE self = (HANDLE)(LONG_PTR)-1;

static void restart_settings(HANDLE process)
{
    WCHAR text[RESTART_MAX_CMD_LINE];
    DWORD size = 0, flags = 77;
    EXPECT(GetApplicationRestartSettings(process, NULL, NULL, NULL), E_INVALIDARG);
    EXPECT(GetApplicationRestartSettings(process, NULL, &size, NULL), S_OK);
    CHECK(size == 15);
    size = 14;
    text[13] = 'z';
    EXPECT(GetApplicationRestartSettings(process, text, &size, &flags), WER_E_INSUFFICIENT_BUFFER);
    CHECK(size == 15 && flags == 77 && text[13] == 'z');
    EXPECT(GetApplicationRestartSettings(process, text, &size, &flags), S_OK);
    CHECK(size == 15 && flags == (RESTART_NO_HANG | RESTART_NO_REBOOT));
    CHECK(memcmp(text, W("--open \"gr\x00F6\x00DF" "e\""), 30) == 0);
    size = RESTART_MAX_CMD_LINE;
    EXPECT(GetApplicationRestartSettings(process, text, &size, NULL), S_OK);
    CHECK(size == 15);
}

static void restarts(HANDLE opened)
{
    static const WCHAR unpaired[] = {'a', 0xDC00, 0};
    DWORD size = 0;
    EXPECT(UnregisterApplicationRestart(), S_OK);
    EXPECT(GetApplicationRestartSettings(self, NULL, &size, NULL), WER_E_NOT_FOUND);
    EXPECT(RegisterApplicationRestart(W("--x"), 0x10), E_INVALIDARG);
    EXPECT(RegisterApplicationRestart(W("--x"), 0xFFFFFFFF), E_INVALIDARG);
    EXPECT(RegisterApplicationRestart(unpaired, 0), E_INVALIDARG);
    EXPECT(RegisterApplicationRestart(text_of(RESTART_MAX_CMD_LINE), 0), E_INVALIDARG);
    EXPECT(RegisterApplicationRestart(text_of(4000), 0), E_INVALIDARG);
    show("nothing");
    EXPECT(RegisterApplicationRestart(NULL, 0), S_OK);
    EXPECT(GetApplicationRestartSettings(self, NULL, &size, NULL), S_OK);
    CHECK(size == 1);
    show("own arguments");
    EXPECT(RegisterApplicationRestart(W(""), RESTART_NO_CRASH), S_OK);
    show("no arguments");
    EXPECT(RegisterApplicationRestart(text_of(RESTART_MAX_CMD_LINE - 1), 15), S_OK);
    show("longest");
    EXPECT(RegisterApplicationRestart(W("--open \"gr\x00F6\x00DF" "e\""), RESTART_NO_HANG | RESTART_NO_REBOOT), S_OK);
    show("restart");
    restart_settings(self);
    restart_settings(opened);
    EXPECT(GetApplicationRestartSettings(NULL, NULL, &size, NULL), E_HANDLE);
    EXPECT(GetApplicationRestartSettings((HANDLE)(LONG_PTR)-2, NULL, &size, NULL), E_HANDLE);
    EXPECT(GetApplicationRestartSettings((HANDLE)(LONG_PTR)4711, NULL, &size, NULL), E_HANDLE);
    EXPECT(UnregisterApplicationRestart(), S_OK);
    EXPECT(GetApplicationRestartSettings(opened, NULL, &size, NULL), WER_E_NOT_FOUND);
    show("nothing");
}

static DWORD WINAPI recover(PVOID parameter)
{
    (void)parameter;
    return 0;
}

static void recovery_of(HANDLE process, PVOID wanted, DWORD interval)
{
    APPLICATION_RECOVERY_CALLBACK callback = NULL;
    PVOID parameter = &failures;
    DWORD got = 0, flags = 77;
    EXPECT(GetApplicationRecoveryCallback(process, NULL, NULL, NULL, NULL), E_INVALIDARG);
    EXPECT(GetApplicationRecoveryCallback(process, &callback, NULL, NULL, NULL), S_OK);
    CHECK(callback == recover);
    EXPECT(GetApplicationRecoveryCallback(process, &callback, &parameter, &got, &flags), S_OK);
    CHECK(parameter == wanted && got == interval && flags == 0);
}

static void recoveries(HANDLE opened)
{
    APPLICATION_RECOVERY_CALLBACK callback = NULL;
    BOOL cancelled = 77;
    PVOID parameter = (PVOID)0x10000;
    EXPECT(UnregisterApplicationRecoveryCallback(), S_OK);
    EXPECT(GetApplicationRecoveryCallback(self, &callback, NULL, NULL, NULL), S_FALSE);
    EXPECT(RegisterApplicationRecoveryCallback(NULL, parameter, 0, 0), E_INVALIDARG);
    EXPECT(RegisterApplicationRecoveryCallback(recover, parameter, RECOVERY_MAX_PING_INTERVAL + 1, 0), E_INVALIDARG);
    EXPECT(RegisterApplicationRecoveryCallback(recover, parameter, 0xFFFFFFFF, 0), E_INVALIDARG);
    EXPECT(RegisterApplicationRecoveryCallback(recover, parameter, 0, 1), E_INVALIDARG);
    show("nothing");
    EXPECT(RegisterApplicationRecoveryCallback(recover, parameter, 0, 0), S_OK);
    show("recovery");
    recovery_of(self, parameter, RECOVERY_DEFAULT_PING_INTERVAL);
    recovery_of(opened, parameter, RECOVERY_DEFAULT_PING_INTERVAL);
    EXPECT(GetApplicationRecoveryCallback((HANDLE)(LONG_PTR)4711, &callback, NULL, NULL, NULL), E_HANDLE);
    EXPECT(RegisterApplicationRecoveryCallback(recover, NULL, RECOVERY_MAX_PING_INTERVAL, 0), S_OK);
    show("recovery again");
    recovery_of(self, NULL, RECOVERY_MAX_PING_INTERVAL);
    /* Nothing recovers now. */
    EXPECT(ApplicationRecoveryInProgress(NULL), E_INVALIDARG);
    EXPECT(ApplicationRecoveryInProgress(&cancelled), E_FAIL);
    CHECK(cancelled == 77);
    ApplicationRecoveryFinished(TRUE);
    EXPECT(UnregisterApplicationRecoveryCallback(), S_OK);
    EXPECT(GetApplicationRecoveryCallback(opened, &callback, NULL, NULL, NULL), S_FALSE);
    show("nothing");
}

int main(void)
{
    HANDLE opened;
    show("nothing");
    opened = OpenProcess(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION, FALSE, (DWORD)getpid());
    restarts(opened);
    recoveries(opened);
    CloseHandle(opened);
    return failures != 0;
}
