/* Dumps by the C functions; the first argument says which. Prints what the test looks at. */
#define _GNU_SOURCE
#include <dbghelp.h>
#include <wer_linux.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANDLE_OF(file) CreateFileA(file, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL)
#define MAX_CALLS 100000

static volatile sig_atomic_t children_ended;
static unsigned order[MAX_CALLS];
static unsigned calls;
static unsigned counts[21];
static int answer_bad_thread;
static DWORD caller;

static void child_ended(int signal)
{
    (void)signal;
    children_ended++;
}

static int fail(const char *what)
{
    printf("%s: FALSE %08X\n", what, (unsigned)GetLastError());
    return 1;
}

/* Notes every call; allocates and prints nothing, because other threads stand still. */
static BOOL WINAPI note(PVOID parameter, PMINIDUMP_CALLBACK_INPUT input, PMINIDUMP_CALLBACK_OUTPUT output)
{
    (void)output;
    if (parameter != (void *)order || input->CallbackType > 20 || GetCurrentThreadId() != caller)
        answer_bad_thread = 1;
    if (input->CallbackType == ModuleCallback && input->Module.FullPath[0] == 0)
        answer_bad_thread = 2;
    if (input->CallbackType == ThreadCallback && ((uintptr_t)&input->Thread.Context % 16 != 0 ||
                                                  input->Thread.SizeOfContext < sizeof(CONTEXT)))
        answer_bad_thread = 3;
    if (calls < MAX_CALLS)
        order[calls++] = input->CallbackType;
    counts[input->CallbackType]++;
    return TRUE;
}

static BOOL WINAPI cancel(PVOID parameter, PMINIDUMP_CALLBACK_INPUT input, PMINIDUMP_CALLBACK_OUTPUT output)
{
    (void)parameter;
    if (input->CallbackType == CancelCallback) {
        output->CheckCancel = TRUE;
        output->Cancel = counts[CancelCallback]++ > 0;
    }
    return TRUE;
}

/* Writes everything itself, to the descriptor that it is given. */
static BOOL WINAPI write_it(PVOID parameter, PMINIDUMP_CALLBACK_INPUT input, PMINIDUMP_CALLBACK_OUTPUT output)
{
    int fd = *(int *)parameter;
    switch (input->CallbackType) {
    case IoStartCallback:
        answer_bad_thread |= input->ProcessId != 0 || input->ProcessHandle != NULL || output->Status != E_NOTIMPL;
        output->Status = S_FALSE;
        break;
    case IoWriteAllCallback:
        output->Status = pwrite(fd, input->Io.Buffer, input->Io.BufferBytes, (off_t)input->Io.Offset) ==
                                 (ssize_t)input->Io.BufferBytes
                             ? S_OK
                             : E_FAIL;
        break;
    case IoFinishCallback:
        counts[IoFinishCallback]++;
        output->Status = S_OK;
        break;
    default:
        break;
    }
    return TRUE;
}

/* Hides every byte A7. */
static BOOL WINAPI redact(PVOID parameter, PMINIDUMP_CALLBACK_INPUT input, PMINIDUMP_CALLBACK_OUTPUT output)
{
    (void)parameter;
    if (input->CallbackType == VmStartCallback)
        output->Status = S_FALSE;
    if (input->CallbackType == VmPostReadCallback) {
        BYTE *bytes = (BYTE *)input->VmPostRead.Buffer;
        ULONG i;
        for (i = 0; i < input->VmPostRead.Completed; i++)
            if (bytes[i] == 0xA7)
                bytes[i] = '*';
        output->VmReadStatus = S_OK;
        output->VmReadBytesCompleted = input->VmPostRead.Completed;
    }
    return TRUE;
}

static void *idle(void *gate)
{
    char byte;
    while (read(*(int *)gate, &byte, 1) < 0 && errno == EINTR)
        ;
    return NULL;
}

static BOOL own(const char *file, ULONG type, PMINIDUMP_CALLBACK_INFORMATION callbacks)
{
    HANDLE handle = HANDLE_OF(file);
    BOOL done = MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), handle, (MINIDUMP_TYPE)type, NULL, NULL,
                                  callbacks);
    DWORD error = GetLastError();
    LARGE_INTEGER size;
    if (GetFileSizeEx(handle, &size))
        printf("size %s\n", size.QuadPart == 0 ? "0" : "positive");
    CloseHandle(handle);
    SetLastError(error);
    return done;
}

static int self(void)
{
    int gate[2], i;
    pthread_t threads[4];
    MINIDUMP_CALLBACK_INFORMATION callbacks;
    signal(SIGCHLD, child_ended);
    if (pipe(gate) != 0)
        return 1;
    for (i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, idle, &gate[0]);
    caller = GetCurrentThreadId();
    callbacks.CallbackRoutine = note;
    callbacks.CallbackParam = order;
    if (!own("self.dmp", MiniDumpNormal, &callbacks))
        return fail("self");
    for (i = 0; i < 21; i++)
        if (counts[i] != 0)
            printf("%d ", i);
    printf("\nmodules %s threads %u bad %d children %d wait %d\n", counts[4] == counts[0] ? "same" : "differ", counts[3],
           answer_bad_thread, (int)children_ended, (int)waitpid(-1, NULL, WNOHANG));
    printf("first %u %u\n", order[0], order[1]);
    close(gate[1]);
    for (i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

static int cancelled(void)
{
    MINIDUMP_CALLBACK_INFORMATION callbacks = {cancel, NULL};
    return own("cancel.dmp", MiniDumpNormal, &callbacks) ? 9 : fail("cancel") - 1;
}

static int io(void)
{
    int fd = open("io.dmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    MINIDUMP_CALLBACK_INFORMATION callbacks;
    callbacks.CallbackRoutine = write_it;
    callbacks.CallbackParam = &fd;
    if (!MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), NULL, MiniDumpWithPrivateReadWriteMemory, NULL,
                           NULL, &callbacks))
        return fail("io");
    printf("finish %u bad %d\n", counts[IoFinishCallback], answer_bad_thread);
    return 0;
}

static int redacted(void)
{
    MINIDUMP_CALLBACK_INFORMATION callbacks = {redact, NULL};
    volatile BYTE secret[256];
    size_t i;
    for (i = 0; i < sizeof secret; i++)
        secret[i] = 0xA7;
    if (!own("open.dmp", MiniDumpNormal, NULL) || !own("redacted.dmp", MiniDumpNormal, &callbacks))
        return fail("redacted");
    return secret[0] != 0xA7;
}

static void *one_of_many(void *number)
{
    char name[32];
    HANDLE handle;
    BOOL done;
    snprintf(name, sizeof name, "many-%d.dmp", *(int *)number);
    handle = HANDLE_OF(name);
    done = MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), handle, MiniDumpNormal, NULL, NULL, NULL);
    CloseHandle(handle);
    return done ? NULL : number;
}

static int many(void)
{
    pthread_t threads[8];
    int numbers[8], i, failed = 0;
    for (i = 0; i < 8; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, one_of_many, &numbers[i]);
    }
    for (i = 0; i < 8; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        failed += result != NULL;
    }
    return failed;
}

static void fill(EXCEPTION_RECORD *record, CONTEXT *context)
{
    memset(record, 0, sizeof *record);
    memset(context, 0, sizeof *context);
    record->ExceptionCode = STATUS_INTEGER_DIVIDE_BY_ZERO;
    record->ExceptionAddress = (PVOID)(uintptr_t)fill;
    context->ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
    context->Rip = (DWORD64)(uintptr_t)fill;
    context->Rsp = (DWORD64)(uintptr_t)record;
    context->Rax = 0x1122334455667788;
}

/* In our memory, and the same as the client's: the process dumps itself. */
static int exceptions(void)
{
    EXCEPTION_RECORD record;
    CONTEXT context;
    EXCEPTION_POINTERS pointers;
    MINIDUMP_EXCEPTION_INFORMATION information;
    MINIDUMP_USER_STREAM stream = {0x10000, 4, (PVOID) "user"};
    MINIDUMP_USER_STREAM_INFORMATION streams = {1, &stream};
    int client;
    fill(&record, &context);
    pointers.ExceptionRecord = &record;
    pointers.ContextRecord = &context;
    for (client = 0; client < 2; client++) {
        HANDLE handle = HANDLE_OF(client ? "client.dmp" : "ours.dmp");
        information.ThreadId = GetCurrentThreadId();
        information.ExceptionPointers = &pointers;
        information.ClientPointers = client;
        if (!MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), handle, MiniDumpNormal, &information, &streams,
                               NULL))
            return fail("exception");
        CloseHandle(handle);
    }
    printf("%u\n", (unsigned)GetCurrentThreadId());
    return 0;
}

/* Another process: by a handle, by its id alone, and with an exception in its own memory. */
static int other(void)
{
    int up[2];
    char byte;
    pid_t pid;
    EXCEPTION_POINTERS *pointers;
    MINIDUMP_EXCEPTION_INFORMATION information;
    HANDLE process, query, file;
    struct { EXCEPTION_POINTERS pointers; EXCEPTION_RECORD record; CONTEXT context; } *shared;
    shared = aligned_alloc(64, 4096);
    fill(&shared->record, &shared->context);
    shared->pointers.ExceptionRecord = &shared->record;
    shared->pointers.ContextRecord = &shared->context;
    pointers = &shared->pointers;
    if (pipe(up) != 0 || (pid = fork()) < 0)
        return 1;
    if (pid == 0) {
        close(up[0]);
        if (write(up[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    if (read(up[0], &byte, 1) != 1)
        return 1;
    /* Only the child has it now. */
    memset(shared, 0, sizeof *shared);
    process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, (DWORD)pid);
    query = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)pid);
    information.ThreadId = (DWORD)pid;
    information.ExceptionPointers = pointers;
    information.ClientPointers = TRUE;
    file = HANDLE_OF("other.dmp");
    if (!MiniDumpWriteDump(process, (DWORD)pid, file, MiniDumpWithFullMemory, &information, NULL, NULL))
        return fail("handle");
    CloseHandle(file);
    file = HANDLE_OF("number.dmp");
    if (!MiniDumpWriteDump(NULL, (DWORD)pid, file, MiniDumpNormal, NULL, NULL, NULL))
        return fail("number");
    if (MiniDumpWriteDump(process, (DWORD)pid + 1, file, MiniDumpNormal, NULL, NULL, NULL))
        return 3;
    fail("another id");
    if (MiniDumpWriteDump(query, (DWORD)pid, file, MiniDumpNormal, NULL, NULL, NULL))
        return 4;
    fail("no right");
    if (MiniDumpWriteDump(process, (DWORD)pid, file, (MINIDUMP_TYPE)0x40000000, NULL, NULL, NULL))
        return 5;
    fail("flags");
    if (MiniDumpWriteDump(process, (DWORD)pid, NULL, MiniDumpNormal, NULL, NULL, NULL))
        return 6;
    fail("no file");
    CloseHandle(file);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    file = HANDLE_OF("gone.dmp");
    if (MiniDumpWriteDump(process, (DWORD)pid, file, MiniDumpNormal, NULL, NULL, NULL))
        return 7;
    fail("gone");
    CloseHandle(process);
    printf("%d\n", (int)pid);
    return 0;
}

static int streams(void)
{
    int fd;
    off_t size;
    void *base;
    PMINIDUMP_DIRECTORY entry = NULL;
    PVOID stream = NULL;
    ULONG bytes = 0;
    PMINIDUMP_THREAD_LIST threads;
    if (!own("streams.dmp", MiniDumpNormal, NULL))
        return fail("streams");
    fd = open("streams.dmp", O_RDONLY);
    size = lseek(fd, 0, SEEK_END);
    base = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (!MiniDumpReadDumpStream(base, ThreadListStream, &entry, &stream, &bytes))
        return fail("thread list");
    threads = (PMINIDUMP_THREAD_LIST)stream;
    printf("threads %u entry %u size %s\n", (unsigned)threads->NumberOfThreads, (unsigned)entry->StreamType,
           bytes == 4 + threads->NumberOfThreads * sizeof(MINIDUMP_THREAD) ? "right" : "wrong");
    if (!MiniDumpReadDumpStream(base, SystemInfoStream, NULL, NULL, NULL))
        return fail("nothing wanted");
    if (MiniDumpReadDumpStream(base, 0x12345678, NULL, NULL, NULL))
        return 2;
    fail("no such stream");
    if (MiniDumpReadDumpStream(&fd, ThreadListStream, NULL, NULL, NULL))
        return 3;
    fail("no dump");
    return 0;
}

static volatile int busy_ends;

/* Holds the allocator's locks most of the time, those of the calling thread's own memory too. */
static void *allocate(void *shared)
{
    while (!busy_ends) {
        void *more[64];
        int i;
        for (i = 0; i < 64; i++)
            more[i] = malloc((size_t)(i * 97 % 5000 + 1));
        for (i = 0; i < 64; i++)
            free(more[i]);
        fputs("", (FILE *)shared);
    }
    return NULL;
}

static int busy(void)
{
    pthread_t threads[8];
    FILE *shared = tmpfile();
    int i, failed = 0;
    for (i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, allocate, shared);
    for (i = 0; i < 20 && failed == 0; i++)
        failed = !own("busy.dmp", MiniDumpNormal, NULL);
    if (failed)
        fail("busy");
    busy_ends = 1;
    for (i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    return failed;
}

/* A descriptor of the program's own. */
static int descriptor(void)
{
    int fd = open("descriptor.dmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    HANDLE file = WerHandleFromFd(fd);
    if (!MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), file, MiniDumpNormal, NULL, NULL, NULL))
        return fail("descriptor");
    if (!CloseHandle(file) || close(fd) == 0)
        return 2;
    return WerHandleFromFd(-1) == INVALID_HANDLE_VALUE ? 0 : 3;
}

int main(int count, char **arguments)
{
    static const struct { const char *name; int (*run)(void); } all[] = {
        {"self", self}, {"cancel", cancelled}, {"io", io}, {"redact", redacted}, {"many", many},
        {"exceptions", exceptions}, {"other", other}, {"streams", streams}, {"descriptor", descriptor},
        {"busy", busy},
    };
    size_t i;
    for (i = 0; count == 2 && i < sizeof all / sizeof *all; i++)
        if (strcmp(arguments[1], all[i].name) == 0)
            return all[i].run();
    return 99;
}
