/*
 * A program that does what its arguments say, one after the other, and then writes to address 0. It links libwer and
 * attaches the crash handler only if it is told to. From the crash on it ends by itself if anybody allocates.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <werapi.h>

#define PAGE 4096

static char registered[100] = "hello block";
static char **next_word;

/* From the crash on, whoever allocates in this process ends it by another way than its signal. */
static volatile int is_crashing;

static void not_while_crashing(void) {
    static const char sentence[] = "memory was allocated after the crash\n";
    if (!is_crashing) return;
    if (write(2, sentence, sizeof sentence - 1) < 0) _exit(91);
    _exit(92);
}

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void __libc_free(void *);

void *malloc(size_t size) {
    not_while_crashing();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    not_while_crashing();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    not_while_crashing();
    return __libc_realloc(old, size);
}

void free(void *old) {
    not_while_crashing();
    __libc_free(old);
}

static const char *word(void) {
    if (!*next_word) {
        fprintf(stderr, "a word is missing\n");
        exit(98);
    }
    return *next_word++;
}

static void check(HRESULT result, const char *what) {
    if (result != S_OK) {
        fprintf(stderr, "%s gave %08x\n", what, (unsigned)result);
        exit(99);
    }
}

static const WCHAR *wide(const char *text) {
    WCHAR *copy = calloc(strlen(text) + 1, sizeof *copy);
    for (size_t i = 0; text[i]; i++) copy[i] = (unsigned char)text[i];
    return copy;
}

/* Three pages, the middle one out of reach. */
static void register_hole(void) {
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(pages, 'h', 3 * PAGE);
    mprotect(pages + PAGE, PAGE, PROT_NONE);
    check(WerRegisterMemoryBlock(pages, 3 * PAGE), "hole");
}

/*
 * What must be in no dump: on the heap, in a data segment, on the stack of the thread that crashes, and within a registered
 * block. Beside each stands what is kept, so that its absence is told from the absence of its neighbourhood. Capitals are
 * made here: the texts of the program itself are in dumps too.
 */
static char in_data[64];
static char block_with_secret[96];

static void put(char *where, const char *kept, const char *secret) {
    for (size_t i = 0; kept[i]; i++) where[i] = (char)(kept[i] ^ 0x20);
    for (size_t i = 0; secret[i]; i++) where[32 + i] = (char)(secret[i] ^ 0x20);
    check(WerRegisterExcludedMemoryBlock(where + 32, 32), secret);
}

static char *on_stack;

static void keep_secrets(void) {
    put(malloc(64), "kept_heap", "secret_heap");
    put(in_data, "kept_data", "secret_data");
    put(block_with_secret, "kept_block", "secret_block");
    check(WerRegisterMemoryBlock(block_with_secret, sizeof block_with_secret), "block");
    put(on_stack, "kept_stack", "secret_stack");
}

/* Two pages of a file that ends within the first: touching the second is a SIGBUS. */
static void register_truncated(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, 2 * PAGE) != 0) exit(97);
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    memset(pages, 't', PAGE);
    if (ftruncate(file, 10) != 0) exit(97);
    check(WerRegisterMemoryBlock(pages, 2 * PAGE), "truncated");
}

/* Claims in the registration block that a report has been stored: docs/formats/registration.md, "capture". */
static void forge_capture_state(uint32_t state, const char *id, const char *store) {
    char line[512];
    unsigned long start = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "/memfd:wer-registration")) {
            start = strtoul(line, NULL, 16);
            break;
        }
    if (!start) exit(96);
    unsigned char *capture = (unsigned char *)start + CAPTURE_OFFSET;
    for (int i = 0, digit = 0; digit < 16; i++) {
        unsigned byte;
        if (id[i] == '-') continue;
        sscanf(id + i, "%2x", &byte);
        capture[8 + digit++] = (unsigned char)byte;
        i++;
    }
    uint32_t uid = getuid(), length = (uint32_t)strlen(store);
    memcpy(capture + 4, &uid, 4);
    memcpy(capture + 24, &length, 4);
    memcpy(capture + 32, store, length);
    memcpy(capture, &state, 4);
}

/* Starts a reporter as a crash handler does (docs/formats/handoff.md), but with the whole environment. */
static void start_reporter(const char *werfault) {
    unsigned char request[64] = "WERC\1";
    uint32_t numbers[3] = {(uint32_t)getpid(), (uint32_t)gettid(), SIGSEGV};
    memcpy(request + 8, numbers, sizeof numbers);
    int to[2], from[2];
    char answer = 0;
    if (pipe(to) != 0 || pipe(from) != 0 || write(to[1], request, sizeof request) != sizeof request) exit(94);
    pid_t child = fork();
    if (child == 0) {
        int in = fcntl(to[0], F_DUPFD, 10), out = fcntl(from[1], F_DUPFD, 10);
        dup2(in, 3);
        dup2(out, 4);
        close_range(5, ~0U, 0);
        execl(werfault, "werfault", "--crash", NULL);
        _exit(94);
    }
    close(from[1]);
    while (read(from[0], &answer, 1) == 1 && answer == 'p');
    waitpid(child, NULL, 0);
    fprintf(stderr, "the reporter answered %c\n", answer);
}

static void prepare(const char *what) {
    if (!strcmp(what, "attach")) check(WerAttachCrashHandler(), what);
    else if (!strcmp(what, "hold")) check(WerSetMaxProcessHoldMilliseconds((DWORD)atoi(word())), what);
    else if (!strcmp(what, "module")) check(WerRegisterRuntimeExceptionModule(wide(word()), registered), what);
    else if (!strcmp(what, "file")) check(WerRegisterFile(wide(word()), WerRegFileTypeOther, 0), what);
    else if (!strcmp(what, "block")) check(WerRegisterMemoryBlock(registered, sizeof registered), what);
    else if (!strcmp(what, "invalid-block")) check(WerRegisterMemoryBlock((void *)0x10000, 4096), what);
    else if (!strcmp(what, "flagged-file")) {
        DWORD flags = (DWORD)strtoul(word(), NULL, 0);
        check(WerRegisterFile(wide(word()), WerRegFileTypeOther, flags), what);
    } else if (!strcmp(what, "flags")) check(WerSetFlags((DWORD)strtoul(word(), NULL, 0)), what);
    else if (!strcmp(what, "secrets")) keep_secrets();
    else if (!strcmp(what, "local-dump")) check(WerRegisterAppLocalDump(wide(word())), what);
    else if (!strcmp(what, "process")) {
        DWORD pid = (DWORD)atoi(word());
        check(WerRegisterAdditionalProcess(pid, (DWORD)atoi(word())), what);
    } else if (!strcmp(what, "hole")) register_hole();
    else if (!strcmp(what, "truncated")) register_truncated(word());
    else if (!strcmp(what, "reporter")) start_reporter(word());
    else if (!strcmp(what, "become-root")) {
        if (setresuid(0, 0, 0) != 0 || setresgid(0, 0, 0) != 0) exit(93);
    } else if (!strcmp(what, "forge")) {
        uint32_t state = (uint32_t)atoi(word());
        const char *id = word();
        forge_capture_state(state, id, word());
    } else exit(95);
}

__attribute__((noipa)) static void crash_here(int *target) {
    *(volatile int *)target = 42;
}

int main(int count, char **words) {
    (void)count;
    char room[64] = "";
    on_stack = room;
    next_word = words + 1;
    while (*next_word) prepare(word());
    is_crashing = 1;
    crash_here(NULL);
    return 0;
}
