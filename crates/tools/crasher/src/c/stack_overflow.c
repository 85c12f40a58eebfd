/* Recursion without end, in the main thread. */
#include "crasher.h"

CRASHER_GLOBALS;

FRAME int recurse(volatile char *callers) {
    volatile char local[512];
    local[0] = callers[0];
    int deeper = recurse(local);
    crasher_after_call = deeper;
    return deeper + local[0];
}

int main(void) {
    volatile char start[1] = {1};
    CRASHER_ATTACH();
    return recurse(start);
}
