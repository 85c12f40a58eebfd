/* Threads: three that stand still in a system call with registers that are known, and as many that just wait as are
   wanted. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "living.h"

/* What `stand` puts into rbx, r12 to r15 and xmm6, and says about rsp. */
struct known {
    unsigned long rbx, r12, r13, r14, r15, rsp;
    unsigned long xmm6[2];
};

/* Reads one byte with the registers of `known`; the instruction after the call of the system is `stand_here`. */
long stand(struct known *known, int descriptor);
extern char stand_here[];
__asm__(".text\n"
        ".globl stand\n"
        ".type stand, @function\n"
        "stand:\n"
        ".cfi_startproc\n"
        "  push %rbx\n  .cfi_adjust_cfa_offset 8\n  .cfi_rel_offset %rbx, 0\n"
        "  push %r12\n  .cfi_adjust_cfa_offset 8\n  .cfi_rel_offset %r12, 0\n"
        "  push %r13\n  .cfi_adjust_cfa_offset 8\n  .cfi_rel_offset %r13, 0\n"
        "  push %r14\n  .cfi_adjust_cfa_offset 8\n  .cfi_rel_offset %r14, 0\n"
        "  push %r15\n  .cfi_adjust_cfa_offset 8\n  .cfi_rel_offset %r15, 0\n"
        "  sub $16, %rsp\n  .cfi_adjust_cfa_offset 16\n"
        "  mov 0(%rdi), %rbx\n"
        "  mov 8(%rdi), %r12\n"
        "  mov 16(%rdi), %r13\n"
        "  mov 24(%rdi), %r14\n"
        "  mov 32(%rdi), %r15\n"
        "  movdqu 48(%rdi), %xmm6\n"
        "  mov %esi, %edi\n"
        "  mov %rsp, %rsi\n"
        "  mov $1, %edx\n"
        "  xor %eax, %eax\n" /* read */
        "  syscall\n"
        ".globl stand_here\n"
        "stand_here:\n"
        "  add $16, %rsp\n  .cfi_adjust_cfa_offset -16\n"
        "  pop %r15\n  .cfi_adjust_cfa_offset -8\n  .cfi_restore %r15\n"
        "  pop %r14\n  .cfi_adjust_cfa_offset -8\n  .cfi_restore %r14\n"
        "  pop %r13\n  .cfi_adjust_cfa_offset -8\n  .cfi_restore %r13\n"
        "  pop %r12\n  .cfi_adjust_cfa_offset -8\n  .cfi_restore %r12\n"
        "  pop %rbx\n  .cfi_adjust_cfa_offset -8\n  .cfi_restore %rbx\n"
        "  ret\n"
        ".cfi_endproc\n"
        ".size stand, . - stand\n"
        ".section .note.GNU-stack,\"\",@progbits\n"
        ".text\n");

/* Nobody writes to it. */
static int silent[2];

static void say_thread(const struct known *known) {
    char name[17] = "";
    prctl(PR_GET_NAME, name);
    flockfile(stdout);
    printf("thread %ld ", (long)syscall(SYS_gettid));
    for (const char *c = name; *c; c++)
        printf("%02x", (unsigned char)*c);
    printf(" rip %lx rbx %lx r12 %lx r13 %lx r14 %lx r15 %lx rsp %lx xmm6 %016lx%016lx\n",
           (unsigned long)stand_here, known->rbx, known->r12, known->r13, known->r14, known->r15, known->rsp,
           known->xmm6[1], known->xmm6[0]);
    funlockfile(stdout);
}

/* 56 bytes are pushed below the return address of `stand`, which is called with this stack pointer. */
static __attribute__((noinline)) long stand_as(unsigned long number, int descriptor, pthread_barrier_t *said) {
    struct known known;
    unsigned char on_stack[128];
    unsigned long *each = &known.rbx;
    for (unsigned long i = 0; i < 5; i++)
        each[i] = 0x1122334400000000ul + (number << 8) + i;
    known.xmm6[0] = 0xa1b2c3d4e5f60000ul + number;
    known.xmm6[1] = 0x0f1e2d3c4b5a0000ul + number;
    char name[32];
    snprintf(name, sizeof name, "stack%lu", number);
    flockfile(stdout);
    say_memory(name, on_stack, sizeof on_stack, 0x40 + (unsigned)number);
    funlockfile(stdout);
    /* The stack pointer is the same for both calls of this function's frame. */
    unsigned long here;
    __asm__ volatile("mov %%rsp, %0" : "=r"(here));
    known.rsp = here - 8 - 5 * 8 - 16;
    say_thread(&known);
    if (said)
        pthread_barrier_wait(said);
    else {
        printf("ready\n");
        fflush(stdout);
    }
    long answer = stand(&known, descriptor);
    __asm__ volatile("" : : "r"(on_stack) : "memory");
    return answer;
}

struct start {
    unsigned long number;
    const char *name;
    pthread_barrier_t said;
};

static void *known_thread(void *argument) {
    struct start *start = argument;
    prctl(PR_SET_NAME, start->name);
    stand_as(start->number, silent[0], &start->said);
    return NULL;
}

void start_known_threads(void) {
    static const char *const names[3] = {"worker-one", "a) b\n(c 1 2", "\xff\xfe raw"};
    if (pipe(silent) != 0)
        exit(3);
    for (unsigned long i = 0; i < 3; i++) {
        struct start *start = malloc(sizeof *start);
        start->number = i + 1;
        start->name = names[i];
        pthread_barrier_init(&start->said, NULL, 2);
        pthread_t thread;
        if (pthread_create(&thread, NULL, known_thread, start) != 0)
            exit(3);
        pthread_barrier_wait(&start->said);
    }
}

static void *waiting_thread(void *unused) {
    char byte;
    (void)unused;
    return read(silent[0], &byte, 1) ? NULL : NULL;
}

void start_many_threads(long count) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &small, waiting_thread, NULL) != 0)
            exit(3);
    }
    printf("more-threads %ld\n", count);
}

void stand_still(void) {
    stand_as(0, STDIN_FILENO, NULL);
}
