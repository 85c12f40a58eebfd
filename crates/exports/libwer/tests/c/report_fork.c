/* Reports in the child of a fork, while other threads of the parent build reports. Valid C11 and C++17. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <werapi.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

#define THREADS 3
#define FORKS 300

static int ended;

static void *builds(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
        HREPORT report = NULL;
        WerReportCreate(W("Event"), WerReportNonCritical, NULL, &report);
        WerReportSetParameter(report, WER_P0, NULL, W("value"));
        WerReportCloseHandle(report);
    }
    return NULL;
}

/* What a child does; its exit status. */
static int child(HREPORT parents)
{
    HREPORT own = NULL, other = NULL;
    HRESULT of_parent = WerReportSetParameter(parents, WER_P1, NULL, W("child"));
    if (of_parent != S_OK && of_parent != E_HANDLE)
        return 2;
    if (WerReportCreate(W("Child"), WerReportNonCritical, NULL, &own) != S_OK || own == parents)
        return 3;
    if (WerReportCreate(W("Child"), WerReportNonCritical, NULL, &other) != S_OK || other == own)
        return 4;
    if (WerReportSetParameter(own, WER_P0, NULL, W("value")) != S_OK || WerReportCloseHandle(own) != S_OK)
        return 5;
    return WerReportCloseHandle(own) == E_INVALIDARG ? 0 : 6;
}

int main(void)
{
    pthread_t threads[THREADS];
    HREPORT parents = NULL;
    int i, status, failures = 0;

    if (WerReportCreate(W("Parent"), WerReportNonCritical, NULL, &parents) != S_OK)
        return 1;
    for (i = 0; i < THREADS; i++)
        failures += pthread_create(&threads[i], NULL, builds, NULL);
    for (i = 0; i < FORKS && failures == 0; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            /* A child that waits for ever is ended. */
            alarm(60);
            _exit(child(parents));
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            printf("fork %d: status 0x%x\n", i, (unsigned)status);
            failures++;
        }
    }
    __atomic_store_n(&ended, 1, __ATOMIC_RELAXED);
    for (i = 0; i < THREADS; i++)
        failures += pthread_join(threads[i], NULL);
    /* No child took anything from its parent. */
    return failures != 0 || WerReportCloseHandle(parents) != S_OK;
}
