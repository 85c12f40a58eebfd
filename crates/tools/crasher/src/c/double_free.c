/* A block freed twice, which glibc notices and answers with abort(). */
#include "crasher.h"

CRASHER_GLOBALS;

FRAME void free_it(void *block) {
    free(block);
    crasher_after_call = 1;
}

int main(void) {
    CRASHER_ATTACH();
    void *block = malloc(40);
    free_it(block);
    free_it(block);
    crasher_after_call = 2;
    return 0;
}
