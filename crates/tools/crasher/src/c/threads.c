/* Eight named threads; once all have begun, the fifth writes to address 0 while the others wait. */
#define _GNU_SOURCE
#include <pthread.h>

#include "crasher.h"

CRASHER_GLOBALS;

enum { THREADS = 8, CRASHING = 5 };

static pthread_barrier_t all_begun;

FRAME void crash_in_thread(int *target) {
    *(volatile int *)target = 42;
}

FRAME void wait_for_ever(void) {
    for (;;) {
        pause();
    }
}

static void *work(void *argument) {
    int number = (int)(long)argument;
    char name[16];
    snprintf(name, sizeof name, "worker-%d", number);
    pthread_setname_np(pthread_self(), name);
    pthread_barrier_wait(&all_begun);
    if (number == CRASHING) {
        crash_in_thread(NULL);
    }
    wait_for_ever();
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    CRASHER_ATTACH();
    pthread_barrier_init(&all_begun, NULL, THREADS);
    for (long number = 1; number <= THREADS; number++) {
        if (pthread_create(&threads[number - 1], NULL, work, (void *)number) != 0) {
            perror("pthread_create");
            return 98;
        }
    }
    wait_for_ever();
    return 0;
}
