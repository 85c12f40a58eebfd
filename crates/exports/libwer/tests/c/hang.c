/* WerReportHang and the watchdog: limits, answers, what happens. Valid C11 and C++17, with 16- and 32-bit wchar_t. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errorrep.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <werapi.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

#define INVALID_WINDOW ((HRESULT)0x80070578)

static int failures;

static void expect(HRESULT got, HRESULT wanted, int line)
{
    if (got != wanted) {
        printf("line %d: 0x%08X, not 0x%08X\n", line, (unsigned)got, (unsigned)wanted);
        failures++;
    }
}

#define EXPECT(call, wanted) expect((call), (wanted), __LINE__)

static HWND window(long id)
{
    return (HWND)(LONG_PTR)id;
}

/* A child that does not go on, and ends with this program. */
static pid_t hanging_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return child;
}

static void answers(void)
{
    WCHAR name[200];
    pid_t child = hanging_child(), gone = fork();
    int status;
    size_t unit;
    if (gone == 0)
        _exit(0);
    waitpid(gone, &status, 0);
    EXPECT(WerReportHang(NULL, NULL), E_INVALIDARG);
    EXPECT(WerReportHang(window(getpid()), NULL), E_INVALIDARG);
    EXPECT(WerReportHang(window(gone), NULL), INVALID_WINDOW);
    EXPECT(WerReportHang(window(-1), NULL), INVALID_WINDOW);
    EXPECT(WerReportHang(window(0x123456789L), NULL), INVALID_WINDOW);
    EXPECT(WerReportHang((HWND)&child, NULL), INVALID_WINDOW);
    for (unit = 0; unit < 200; unit++)
        name[unit] = 'a';
    name[128] = 0;
    EXPECT(WerReportHang(window(child), name), WER_E_LENGTH_EXCEEDED);
    name[0] = 0xD800;
    name[1] = 0;
    EXPECT(WerReportHang(window(child), name), E_INVALIDARG);
    /* After all this the child lives. */
    EXPECT(waitpid(child, &status, WNOHANG), 0);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

static void reports(void)
{
    pid_t child = hanging_child();
    int status = 0;
    EXPECT(WerReportHang(window(child), W("An \u00e9ditor")), S_OK);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, 1);
}

static HANDLE petted;

static void pets(int signal)
{
    (void)signal;
    if (WerWatchdogPet(petted) != S_OK)
        failures++;
}

static void watchdog_answers(void)
{
    HANDLE all[65];
    int number, status = 0;
    pid_t child;
    EXPECT(WerWatchdogStart(1000, NULL), E_INVALIDARG);
    all[0] = (HANDLE)&status;
    EXPECT(WerWatchdogStart(99, &all[0]), E_INVALIDARG);
    EXPECT(all[0] == NULL, 1);
    EXPECT(WerWatchdogStart(600001, &all[0]), E_INVALIDARG);
    EXPECT(WerWatchdogPet(NULL), E_HANDLE);
    EXPECT(WerWatchdogStop(NULL), E_HANDLE);
    EXPECT(WerWatchdogPet((HANDLE)&status), E_HANDLE);
    EXPECT(WerWatchdogStop((HANDLE)&status), E_HANDLE);
    for (number = 0; number < 64; number++)
        EXPECT(WerWatchdogStart(600000, &all[number]), S_OK);
    EXPECT(WerWatchdogStart(600000, &all[64]), E_OUTOFMEMORY);
    petted = all[7];
    signal(SIGUSR1, pets);
    raise(SIGUSR1);
    /* In the child of a fork nobody watches, and nothing hangs. */
    child = fork();
    if (child == 0) {
        failures = 0;
        for (number = 0; number < 64; number++) {
            EXPECT(WerWatchdogPet(all[number]), S_OK);
            EXPECT(WerWatchdogStop(all[number]), S_OK);
        }
        EXPECT(WerWatchdogPet(all[0]), E_HANDLE);
        /* It may have its own. */
        EXPECT(WerWatchdogStart(600000, &all[0]), S_OK);
        EXPECT(WerWatchdogPet(all[0]), S_OK);
        EXPECT(WerWatchdogStop(all[0]), S_OK);
        _exit(failures != 0);
    }
    waitpid(child, &status, 0);
    EXPECT(status, 0);
    for (number = 0; number < 64; number++) {
        EXPECT(WerWatchdogPet(all[number]), S_OK);
        EXPECT(WerWatchdogStop(all[number]), S_OK);
        EXPECT(WerWatchdogPet(all[number]), E_HANDLE);
        EXPECT(WerWatchdogStop(all[number]), E_HANDLE);
    }
}

/* Stands still until somebody ends its input. It has no child then, and no SIGCHLD came. */
static void stands_still(void)
{
    HANDLE watchdog;
    char byte;
    sigset_t pending;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    EXPECT(WerWatchdogStart(100, &watchdog), S_OK);
    while (read(0, &byte, 1) > 0)
        EXPECT(WerWatchdogPet(watchdog), S_OK);
    EXPECT(WerWatchdogStop(watchdog), S_OK);
    EXPECT(waitpid(-1, NULL, WNOHANG), -1);
    sigpending(&pending);
    EXPECT(sigismember(&pending, SIGCHLD), 0);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "alone") == 0) {
        printf("0x%08X\n", (unsigned)WerReportHang(window(getppid()), NULL));
        return 0;
    }
    if (strcmp(what, "reports") == 0)
        reports();
    else if (strcmp(what, "stands") == 0)
        stands_still();
    else {
        answers();
        watchdog_answers();
    }
    return failures != 0;
}
