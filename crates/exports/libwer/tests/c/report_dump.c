/*
 * Dumps that join reports of a program's own: layouts, answers, and reports whose dumps the test reads. Valid C11 and C++17,
 * with 16- and 32-bit wchar_t. Without an argument it checks answers; else the argument says which report it makes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wer_winbase.h>
#include <werapi.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

#define SELF ((HANDLE)(LONG_PTR)-1)
#define SELF_THREAD ((HANDLE)(LONG_PTR)-2)
#define ALREADY_EXISTS ((HRESULT)0x800700B7)

static int failures;

static void expect(HRESULT got, HRESULT wanted, int line)
{
    if (got != wanted) {
        printf("line %d: 0x%08X, not 0x%08X\n", line, (unsigned)got, (unsigned)wanted);
        failures++;
    }
}

#define EXPECT(call, wanted) expect((call), (wanted), __LINE__)
#define CHECK(condition) expect((condition) ? 0 : 1, 0, __LINE__)

static HREPORT made(void)
{
    HREPORT report = NULL;
    EXPECT(WerReportCreate(W("OwnDump"), WerReportNonCritical, NULL, &report), S_OK);
    return report;
}

static void submitted(HREPORT report, DWORD flags)
{
    WER_SUBMIT_RESULT result = WerSubmitResultMax;
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, flags, &result), S_OK);
    EXPECT((HRESULT)result, WerReportQueued);
    EXPECT(WerReportCloseHandle(report), S_OK);
}

/* In every process that this one forks at the same place. */
static EXCEPTION_RECORD record;
static CONTEXT context;
static EXCEPTION_POINTERS pointers = {&record, &context};
static WER_EXCEPTION_INFORMATION happened = {&pointers, FALSE};

static void something_happens(DWORD code)
{
    memset(&record, 0, sizeof(record));
    record.ExceptionCode = code;
    record.ExceptionAddress = (PVOID)0x1234560;
    record.NumberParameters = 2;
    record.ExceptionInformation[0] = 1;
    record.ExceptionInformation[1] = 0xDEAD0000;
    memset(&context, 0, sizeof(context));
    context.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
    context.Rax = 0x1122334455667788;
    context.Rip = 0x1234560;
    /* A stack pointer of this thread, so that the stack around it is in the dump. */
    context.Rsp = (DWORD64)(ULONG_PTR)&code;
}

static void layouts(void)
{
    CHECK(sizeof(WER_DUMP_CUSTOM_OPTIONS) == 552 && sizeof(WER_DUMP_CUSTOM_OPTIONS_V2) == 560);
    CHECK(sizeof(WER_DUMP_CUSTOM_OPTIONS_V3) == 584 && sizeof(WER_EXCEPTION_INFORMATION) == 16);
#define AT(field, offset) CHECK(offsetof(WER_DUMP_CUSTOM_OPTIONS_V3, field) == (offset))
    AT(dwSize, 0);
    AT(dwMask, 4);
    AT(dwDumpFlags, 8);
    AT(bOnlyThisThread, 12);
    AT(dwExceptionThreadFlags, 16);
    AT(dwOtherThreadFlags, 20);
    AT(dwExceptionThreadExFlags, 24);
    AT(dwOtherThreadExFlags, 28);
    AT(dwPreferredModuleFlags, 32);
    AT(dwOtherModuleFlags, 36);
    AT(wzPreferredModuleList, 40);
    AT(dwPreferredModuleResetFlags, 552);
    AT(dwOtherModuleResetFlags, 556);
    AT(pvDumpKey, 560);
    AT(hSnapshot, 568);
    AT(dwThreadID, 576);
#undef AT
    CHECK(offsetof(WER_DUMP_CUSTOM_OPTIONS, wzPreferredModuleList) == 40);
    CHECK(offsetof(WER_EXCEPTION_INFORMATION, pExceptionPointers) == 0);
    CHECK(offsetof(WER_EXCEPTION_INFORMATION, bClientPointers) == 8);
    CHECK(WerDumpTypeMicroDump == 1 && WerDumpTypeTriageDump == 4 && WerDumpTypeMax == 5);
    CHECK(WER_DUMP_MASK_DUMPTYPE == 0x1 && WER_DUMP_MASK_PREFERRED_MODULE_LIST == 0x100);
    CHECK(WER_DUMP_NOHEAP_ONQUEUE == 1 && WER_DUMP_AUXILIARY == 2);
}

/* A child that waits for its end; what it did before it waits is done. */
static pid_t child_of(void (*prepare)(void))
{
    int ready[2];
    char byte;
    pid_t child;
    CHECK(pipe(ready) == 0);
    child = fork();
    if (child == 0) {
        if (prepare != NULL)
            prepare();
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    CHECK(child > 0 && read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static HRESULT added(HREPORT report, HANDLE process, HANDLE thread, int type, DWORD flags)
{
    return WerReportAddDump(report, process, thread, (WER_DUMP_TYPE)type, NULL, NULL, flags);
}

static HRESULT with_options(HREPORT report, WER_DUMP_CUSTOM_OPTIONS_V3 *options, DWORD size)
{
    options->dwSize = size;
    return WerReportAddDump(report, SELF, NULL, WerDumpTypeMiniDump, NULL, (PWER_DUMP_CUSTOM_OPTIONS)options, 0);
}

static HRESULT with_exception(HREPORT report, void *at, BOOL is_client)
{
    WER_EXCEPTION_INFORMATION information;
    information.pExceptionPointers = (PEXCEPTION_POINTERS)at;
    information.bClientPointers = is_client;
    return WerReportAddDump(report, SELF, NULL, WerDumpTypeMiniDump, &information, NULL, 0);
}

static void handles(HREPORT report)
{
    pid_t child = child_of(NULL);
    siginfo_t ended;
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)child);
    CHECK(process != NULL);
    EXPECT(added(NULL, SELF, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
    EXPECT(added((HREPORT)(ULONG_PTR)4711, SELF, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
    EXPECT(added(report, NULL, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
    EXPECT(added(report, (HANDLE)(ULONG_PTR)4711, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
    EXPECT(added(report, report, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
    EXPECT(added(report, SELF_THREAD, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
    EXPECT(added(report, SELF, SELF, WerDumpTypeMiniDump, 0), E_HANDLE);
    /* A thread of ours is none of its. */
    EXPECT(added(report, process, SELF_THREAD, WerDumpTypeMiniDump, 0), E_INVALIDARG);
    /* Dead and not yet reaped, then gone. */
    kill(child, SIGKILL);
    CHECK(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT) == 0);
    EXPECT(added(report, process, NULL, WerDumpTypeMiniDump, 0), E_INVALIDARG);
    CHECK(waitpid(child, NULL, 0) == child);
    EXPECT(added(report, process, NULL, WerDumpTypeMiniDump, 0), E_INVALIDARG);
    CHECK(CloseHandle(process));
    EXPECT(added(report, process, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
}

static void arguments(HREPORT report)
{
    static WER_DUMP_CUSTOM_OPTIONS_V3 options;
    static const DWORD sizes[] = {0, 4, 551, 553, 559, 561, 583, 585, 0xFFFFFFFF};
    char *page = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t i;
    EXPECT(added(report, SELF, NULL, WerDumpTypeNone, 0), E_INVALIDARG);
    EXPECT(added(report, SELF, NULL, WerDumpTypeMax, 0), E_INVALIDARG);
    EXPECT(added(report, SELF, NULL, -1, 0), E_INVALIDARG);
    EXPECT(added(report, SELF, NULL, WerDumpTypeMiniDump, 0x4), E_INVALIDARG);
    EXPECT(added(report, SELF, NULL, WerDumpTypeMicroDump, 0), E_INVALIDARG);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        EXPECT(with_options(report, &options, sizes[i]), E_INVALIDARG);
    options.dwMask = 0x200;
    EXPECT(with_options(report, &options, 552), E_INVALIDARG);
    options.dwMask = WER_DUMP_MASK_DUMPTYPE;
    options.dwDumpFlags = 0x08000000;
    EXPECT(with_options(report, &options, 560), E_INVALIDARG);
    options.dwMask = WER_DUMP_MASK_PREFERRED_MODULE_LIST;
    for (i = 0; i < WER_MAX_PREFERRED_MODULES_BUFFER; i++)
        options.wzPreferredModuleList[i] = 'a';
    EXPECT(with_options(report, &options, 552), E_INVALIDARG);
    options.dwMask = 0;
    options.hSnapshot = SELF;
    EXPECT(with_options(report, &options, 584), E_HANDLE);

    something_happens(0xC0000005);
    EXPECT(with_exception(report, NULL, FALSE), E_INVALIDARG);
    EXPECT(with_exception(report, NULL, TRUE), E_INVALIDARG);
    EXPECT(with_exception(report, (void *)8, FALSE), E_INVALIDARG);
    EXPECT(with_exception(report, (void *)8, TRUE), E_INVALIDARG);
    EXPECT(with_exception(report, (void *)~(ULONG_PTR)7, FALSE), E_INVALIDARG);
    CHECK(page != MAP_FAILED && munmap(page + 4096, 4096) == 0);
    /* They begin in memory and end beyond it. */
    EXPECT(with_exception(report, page + 4096 - 8, FALSE), E_INVALIDARG);
    pointers.ExceptionRecord = (PEXCEPTION_RECORD)(void *)(page + 4096 - 16);
    EXPECT(with_exception(report, &pointers, FALSE), E_INVALIDARG);
    pointers.ExceptionRecord = NULL;
    EXPECT(with_exception(report, &pointers, FALSE), E_INVALIDARG);
    pointers.ExceptionRecord = &record;
    pointers.ContextRecord = (PCONTEXT)(void *)(page + 4096 - 16);
    EXPECT(with_exception(report, &pointers, FALSE), E_INVALIDARG);
    pointers.ContextRecord = &context;
    record.NumberParameters = EXCEPTION_MAXIMUM_PARAMETERS + 1;
    EXPECT(with_exception(report, &pointers, FALSE), E_INVALIDARG);
    record.NumberParameters = 0xFFFFFFFF;
    EXPECT(with_exception(report, &pointers, TRUE), E_INVALIDARG);
    CHECK(munmap(page, 4096) == 0);
}

static void answers(void)
{
    HREPORT report = made();
    int i;
    layouts();
    handles(report);
    arguments(report);
    EXPECT(added(report, SELF, SELF_THREAD, WerDumpTypeMicroDump, 0), S_OK);
    EXPECT(added(report, SELF, SELF_THREAD, WerDumpTypeMicroDump, 0), ALREADY_EXISTS);
    EXPECT(added(report, SELF, NULL, WerDumpTypeHeapDump, WER_DUMP_NOHEAP_ONQUEUE), S_OK);
    EXPECT(added(report, SELF, NULL, WerDumpTypeHeapDump, 0), ALREADY_EXISTS);
    for (i = 2; i < 8; i++)
        EXPECT(added(report, SELF, NULL, WerDumpTypeMiniDump, WER_DUMP_AUXILIARY), S_OK);
    EXPECT(added(report, SELF, NULL, WerDumpTypeMiniDump, 0), WER_E_INSUFFICIENT_BUFFER);
    EXPECT(WerReportCloseHandle(report), S_OK);
    EXPECT(added(report, SELF, NULL, WerDumpTypeMiniDump, 0), E_HANDLE);
}

static char *kept;
static char *hidden;

static void registered(void)
{
    kept = (char *)malloc(4096);
    hidden = (char *)malloc(4096);
    if (kept == NULL || hidden == NULL)
        exit(1);
    memset(kept, 'K', 4096);
    memset(hidden, 'H', 4096);
    EXPECT(WerRegisterMemoryBlock(kept, 4096), S_OK);
    EXPECT(WerRegisterExcludedMemoryBlock(hidden, 4096), S_OK);
}

/* Every type of this process, with what happened to it; afterwards that lies nowhere any more. */
static void of_itself(DWORD flags)
{
    HREPORT report = made();
    int type;
    registered();
    something_happens(0xC0000005);
    for (type = WerDumpTypeMicroDump; type <= WerDumpTypeTriageDump; type++)
        EXPECT(WerReportAddDump(report, SELF, SELF_THREAD, (WER_DUMP_TYPE)type, &happened, NULL, 0), S_OK);
    memset(&record, 0xEE, sizeof(record));
    memset(&context, 0xEE, sizeof(context));
    submitted(report, flags);
    printf("%u %p %p\n", GetCurrentThreadId(), (void *)kept, (void *)hidden);
}

/* A process that may write no more than a page, and holds more memory than is copied while it stands. */
static void large(void)
{
    const size_t bytes = (size_t)96 << 20;
    struct rlimit limit;
    HREPORT report = made();
    char *memory = (char *)malloc(bytes);
    if (memory == NULL)
        exit(1);
    memset(memory, 'L', bytes);
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = 4096;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    EXPECT(added(report, SELF, NULL, WerDumpTypeHeapDump, 0), S_OK);
    submitted(report, 0);
    printf("%u %p 0\n", GetCurrentThreadId(), (void *)(memory + bytes / 2));
    /* Nothing of the copy is left: no child, dead or alive. */
    CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == -1);
}

/* The one who dumps it stands still, and lets it go. */
static void held(void)
{
    char spot[512];
    HREPORT report = made();
    snprintf(spot, sizeof(spot), "captured:%s-spot", getenv("WER_STORE_DIR"));
    EXPECT(added(report, SELF, NULL, WerDumpTypeMiniDump, 0), S_OK);
    CHECK(setenv("WER_FAIL_SPOT", spot, 1) == 0);
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, 0, NULL), (HRESULT)0x8007006D);
    CHECK(access(strchr(spot, ':') + 1, F_OK) == 0);
    CHECK(unsetenv("WER_FAIL_SPOT") == 0);
    submitted(report, 0);
}

static void only_small(void)
{
    HREPORT report = made();
    registered();
    EXPECT(added(report, SELF, NULL, WerDumpTypeMiniDump, 0), S_OK);
    submitted(report, WER_SUBMIT_ADD_REGISTERED_DATA);
    printf("0 %p %p\n", (void *)kept, (void *)hidden);
}

static void no_heap(DWORD dump_flags, DWORD process_flags, DWORD submit_flags)
{
    HREPORT report = made();
    EXPECT(WerSetFlags(process_flags), S_OK);
    EXPECT(added(report, SELF, NULL, WerDumpTypeHeapDump, dump_flags), S_OK);
    submitted(report, submit_flags);
}

static void *waits(void *end)
{
    char byte;
    return read(*(int *)end, &byte, 1) < 0 ? end : NULL;
}

static void custom(void)
{
    static WER_DUMP_CUSTOM_OPTIONS options;
    HREPORT report = made();
    pthread_t thread;
    int ends[2];
    CHECK(pipe(ends) == 0 && pthread_create(&thread, NULL, waits, &ends[0]) == 0);
    options.dwSize = sizeof(options);
    options.dwMask = WER_DUMP_MASK_DUMPTYPE | WER_DUMP_MASK_ONLY_THISTHREAD;
    options.dwDumpFlags = 0;
    options.bOnlyThisThread = TRUE;
    EXPECT(WerReportAddDump(report, SELF, NULL, WerDumpTypeHeapDump, NULL, &options, 0), S_OK);
    options.dwDumpFlags = 0x200;
    EXPECT(WerReportAddDump(report, SELF, NULL, WerDumpTypeMiniDump, NULL, &options, WER_DUMP_AUXILIARY), S_OK);
    submitted(report, 0);
    CHECK(close(ends[1]) == 0 && pthread_join(thread, NULL) == 0);
    printf("%u 0 0\n", GetCurrentThreadId());
}

static void divides_by_zero(void)
{
    registered();
    something_happens(0xC0000094);
}

static void lies(void)
{
    divides_by_zero();
    pointers.ContextRecord = (PCONTEXT)(ULONG_PTR)0x10;
}

static void counts_too_far(void)
{
    divides_by_zero();
    record.NumberParameters = 0xFFFFFFFF;
}

/* Another process, by a handle that is closed before the dump is made, and exception pointers of its own. */
static void of_another(void (*prepare)(void))
{
    HREPORT report = made();
    pid_t child = child_of(prepare);
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, (DWORD)child);
    happened.bClientPointers = TRUE;
    EXPECT(WerReportAddDump(report, process, NULL, WerDumpTypeMiniDump, &happened, NULL, 0), S_OK);
    EXPECT(added(report, SELF, NULL, WerDumpTypeMiniDump, WER_DUMP_AUXILIARY), S_OK);
    CHECK(CloseHandle(process));
    submitted(report, 0);
    printf("%d 0 0\n", (int)child);
    /* It goes on, and dies of nothing else. */
    end(child);
}

/* Where a child says which of its threads it is about. */
static volatile DWORD *thread_id;

static void *divides_there(void *ready)
{
    char here;
    something_happens(0xC0000094);
    context.Rsp = (DWORD64)(ULONG_PTR)&here;
    *thread_id = GetCurrentThreadId();
    if (write(*(int *)ready, "", 1) == 1)
        for (;;)
            pause();
    return NULL;
}

static void divides_on_a_thread(void)
{
    static int ready[2];
    pthread_t thread;
    char byte;
    if (pipe(ready) != 0 || pthread_create(&thread, NULL, divides_there, &ready[1]) != 0 || read(ready[0], &byte, 1) != 1)
        _exit(1);
}

/* A thread of another process: by its handle, and by the stack that its exception lies on. */
static void of_a_thread(void)
{
    HREPORT report = made();
    pid_t child;
    HANDLE process, thread;
    thread_id = (volatile DWORD *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    child = child_of(divides_on_a_thread);
    process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)child);
    thread = OpenThread(THREAD_ALL_ACCESS, FALSE, *thread_id);
    EXPECT(added(report, SELF, thread, WerDumpTypeMicroDump, 0), E_INVALIDARG);
    EXPECT(added(report, process, thread, WerDumpTypeMicroDump, 0), S_OK);
    happened.bClientPointers = TRUE;
    EXPECT(WerReportAddDump(report, process, NULL, WerDumpTypeMiniDump, &happened, NULL, 0), S_OK);
    CHECK(CloseHandle(process) && CloseHandle(thread));
    submitted(report, 0);
    printf("%u 0 0\n", *thread_id);
    end(child);
}

static void of_one_that_ends(void)
{
    HREPORT report = made();
    pid_t child = child_of(NULL);
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)child);
    EXPECT(added(report, process, NULL, WerDumpTypeMiniDump, 0), S_OK);
    end(child);
    submitted(report, 0);
    printf("%d 0 0\n", (int)child);
    CHECK(CloseHandle(process));
}

static void of_one_that_executes(void)
{
    HREPORT report = made();
    int go[2], gone[2];
    char byte;
    pid_t child;
    HANDLE process;
    CHECK(pipe2(go, O_CLOEXEC) == 0 && pipe2(gone, O_CLOEXEC) == 0);
    child = fork();
    if (child == 0) {
        close(gone[0]);
        if (read(go[0], &byte, 1) == 1)
            execlp("sleep", "sleep", "1000", (char *)NULL);
        _exit(1);
    }
    close(gone[1]);
    process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)child);
    happened.bClientPointers = TRUE;
    EXPECT(WerReportAddDump(report, process, NULL, WerDumpTypeMiniDump, &happened, NULL, 0), S_OK);
    CHECK(write(go[1], "", 1) == 1);
    /* Closed by the other program. */
    CHECK(read(gone[0], &byte, 1) == 0);
    submitted(report, 0);
    printf("%d 0 0\n", (int)child);
    CHECK(CloseHandle(process));
    end(child);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (what[0] == 0)
        answers();
    else if (strcmp(what, "itself") == 0)
        of_itself(0);
    else if (strcmp(what, "registered") == 0)
        of_itself(WER_SUBMIT_ADD_REGISTERED_DATA);
    else if (strcmp(what, "held") == 0)
        held();
    else if (strcmp(what, "large") == 0)
        large();
    else if (strcmp(what, "small") == 0)
        only_small();
    else if (strcmp(what, "heap") == 0)
        no_heap(0, 0, 0);
    else if (strcmp(what, "no-heap-on-queue") == 0)
        no_heap(WER_DUMP_NOHEAP_ONQUEUE, 0, 0);
    else if (strcmp(what, "flag-on-queue") == 0)
        no_heap(0, WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE, WER_SUBMIT_ADD_REGISTERED_DATA);
    else if (strcmp(what, "flag-no-heap") == 0)
        no_heap(0, WER_FAULT_REPORTING_FLAG_NOHEAP, WER_SUBMIT_ADD_REGISTERED_DATA);
    else if (strcmp(what, "custom") == 0)
        custom();
    else if (strcmp(what, "another") == 0)
        of_another(divides_by_zero);
    else if (strcmp(what, "thread") == 0)
        of_a_thread();
    else if (strcmp(what, "lies") == 0)
        of_another(lies);
    else if (strcmp(what, "counts") == 0)
        of_another(counts_too_far);
    else if (strcmp(what, "ends") == 0)
        of_one_that_ends();
    else if (strcmp(what, "executes") == 0)
        of_one_that_executes();
    else
        return 2;
    return failures != 0;
}
