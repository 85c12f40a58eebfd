/* Crashes in the way that its argument says. With -DATTACH it attaches by itself; else something preloaded must. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef ATTACH
#include <werapi.h>
#endif

static volatile int sink;

static int overflow(int depth)
{
    volatile char frame[4096];
    frame[0] = (char)depth;
    sink = overflow(depth + 1) + frame[0];
    return sink;
}

static void *overflowing_thread(void *argument)
{
#ifdef ATTACH
    if (WerThreadAttach() != S_OK)
        exit(3);
#endif
    (void)argument;
    overflow(0);
    return NULL;
}

static void *leaving_thread(void *argument)
{
    pthread_exit(argument);
}

static void *waiting_thread(void *argument)
{
    pause();
    return argument;
}

/* Threads that end in every way; 0 when each ended as it should. */
static int threads_end(void)
{
    pthread_t thread;
    int token = 0;
    void *result = NULL;
    pthread_create(&thread, NULL, leaving_thread, &token);
    pthread_join(thread, &result);
    if (result != &token)
        return 1;
    pthread_create(&thread, NULL, waiting_thread, NULL);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    return result != PTHREAD_CANCELED;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    pthread_t thread;
#ifdef ATTACH
    if (WerAttachCrashHandler() != S_OK || WerSetLastWords("goodbye") != S_OK)
        return 2;
#endif
    if (strcmp(how, "null") == 0)
        *(volatile int *)0 = 1;
    if (strcmp(how, "overflow") == 0)
        overflow(0);
    if (strcmp(how, "thread") == 0) {
        pthread_create(&thread, NULL, overflowing_thread, NULL);
        pthread_join(thread, NULL);
    }
    if (strcmp(how, "heap") == 0) {
        char *block = malloc(16), *same = block;
        /* So that the compiler does not know what it is told to do. */
        __asm__ volatile("" : "+r"(same));
        free(block);
        free(same);
    }
    if (strcmp(how, "exec") == 0)
        execl(argv[0], argv[0], "null", (char *)NULL);
    return threads_end();
}
