/*
 * What every crashing C and C++ program shares. Built with -DCRASHER_ATTACHED it attaches the crash handler first;
 * without, it knows nothing of the reporter and is captured by `wer run`, `wer run --trace` or the kernel.
 */
#ifndef CRASHER_H
#define CRASHER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A function that stays a function of its own under -O2, with its own frame and its name in the symbol table. */
#if defined(__clang__)
#define FRAME __attribute__((noinline, optnone))
#else
#define FRAME __attribute__((noipa))
#endif

/* Written after a call, so that the call is none in tail position and the caller's frame stays on the stack. */
extern volatile int crasher_after_call;

#define CRASHER_GLOBALS volatile int crasher_after_call

#ifdef CRASHER_ATTACHED
#include <werapi.h>
#define CRASHER_ATTACH()                                                                                              \
    do {                                                                                                              \
        HRESULT attached = WerAttachCrashHandler();                                                                   \
        if (FAILED(attached)) {                                                                                       \
            fprintf(stderr, "WerAttachCrashHandler gave %08x\n", (unsigned)attached);                                 \
            exit(99);                                                                                                 \
        }                                                                                                             \
    } while (0)
/* For a thread that the program starts itself: its own alternate stack, so that an overflow of its stack is seen. */
#define CRASHER_ATTACH_THREAD() ((void)WerThreadAttach())
#else
#define CRASHER_ATTACH() ((void)0)
#define CRASHER_ATTACH_THREAD() ((void)0)
#endif

#endif
