/*
 * ReportFault: answers, and a crash that a program reports itself. Valid C11 and C++17, with 16- and 32-bit wchar_t. Its
 * argument says what it does; it prints the answer, or exits with the number of failures.
 */
#include <errorrep.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <wer_linux.h>

static EXCEPTION_RECORD record;
static CONTEXT context;
static EXCEPTION_POINTERS pointers = {&record, &context};
static int is_fatal;
static struct sigaction before;

/* What Windows would give to a filter. */
static void fill(const siginfo_t *info, const ucontext_t *at)
{
    const greg_t *registers = at->uc_mcontext.gregs;
    memset(&record, 0, sizeof(record));
    record.ExceptionCode = 0xC0000005;
    record.ExceptionAddress = (PVOID)registers[REG_RIP];
    record.NumberParameters = 2;
    record.ExceptionInformation[0] = 1;
    record.ExceptionInformation[1] = (ULONG_PTR)info->si_addr;
    memset(&context, 0, sizeof(context));
    context.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
    context.Rip = (DWORD64)registers[REG_RIP];
    context.Rsp = (DWORD64)registers[REG_RSP];
    context.Rbp = (DWORD64)registers[REG_RBP];
    context.Rax = (DWORD64)registers[REG_RAX];
    context.Rbx = (DWORD64)registers[REG_RBX];
}

static void handle(int signal, siginfo_t *info, void *at)
{
    fill(info, (const ucontext_t *)at);
    printf("%d %#llx\n", (int)ReportFault(&pointers, 0), (unsigned long long)context.Rip);
    fflush(stdout);
    if (!is_fatal)
        _exit(0);
    /* It happens again, and is not caught. */
    sigaction(signal, &before, NULL);
}

static void crash(int is_fatal_too)
{
    struct sigaction action;
    is_fatal = is_fatal_too;
    if (is_fatal && WerAttachCrashHandler() != S_OK)
        exit(1);
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, &before);
    *(volatile char *)(ULONG_PTR)0x10 = 1;
}

static int failures;

static void expect(int got, int wanted, int line)
{
    if (got != wanted) {
        printf("line %d: %d, not %d\n", line, got, wanted);
        failures++;
    }
}

#define EXPECT(call, wanted) expect((int)(call), (wanted), __LINE__)

static void answers(void)
{
    char *page = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(frrvOk, 0);
    EXPECT(frrvErrDoubleFault, 10);
    EXPECT(ReportFault(NULL, 0), frrvErr);
    EXPECT(ReportFault(&pointers, 1), frrvErr);
    EXPECT(ReportFault((LPEXCEPTION_POINTERS)(ULONG_PTR)8, 0), frrvErr);
    EXPECT(munmap(page + 4096, 4096), 0);
    EXPECT(ReportFault((LPEXCEPTION_POINTERS)(void *)(page + 4096 - 8), 0), frrvErr);
    pointers.ExceptionRecord = NULL;
    EXPECT(ReportFault(&pointers, 0), frrvErr);
    pointers.ExceptionRecord = &record;
    record.NumberParameters = EXCEPTION_MAXIMUM_PARAMETERS + 1;
    EXPECT(ReportFault(&pointers, 0), frrvErr);
}

static void *reports(void *answer)
{
    *(int *)answer = ReportFault(&pointers, 0);
    return NULL;
}

/* Eight threads at once: each answer is a report, or that there is another reporter. */
static void many(void)
{
    pthread_t threads[8];
    int given[8], i, stored = 0;
    record.ExceptionCode = 0xC0000094;
    for (i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, reports, &given[i]);
    for (i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        stored += given[i] == frrvOkQueued;
        EXPECT(given[i] == frrvOkQueued || given[i] == frrvErrAnotherInstance, 1);
    }
    printf("%d\n", stored);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "crash") == 0)
        crash(0);
    else if (strcmp(what, "dies") == 0)
        crash(1);
    else if (strcmp(what, "many") == 0)
        many();
    else if (strcmp(what, "once") == 0)
        printf("%d\n", (int)ReportFault(&pointers, 0));
    else
        answers();
    return failures != 0;
}
