/* Recursion without end, in a thread of its own. */
#include <pthread.h>

#include "crasher.h"

CRASHER_GLOBALS;

FRAME int recurse(volatile char *callers) {
    volatile char local[512];
    local[0] = callers[0];
    int deeper = recurse(local);
    crasher_after_call = deeper;
    return deeper + local[0];
}

static void *work(void *argument) {
    volatile char start[1] = {1};
    CRASHER_ATTACH_THREAD();
    crasher_after_call = recurse(start);
    return argument;
}

int main(void) {
    pthread_t thread;
    CRASHER_ATTACH();
    if (pthread_create(&thread, NULL, work, NULL) != 0) {
        perror("pthread_create");
        return 98;
    }
    pthread_join(thread, NULL);
    return 0;
}
