/* abort(), with nothing said. */
#include "crasher.h"

CRASHER_GLOBALS;

FRAME void give_up(void) {
    crasher_after_call = 1;
    abort();
}

int main(void) {
    CRASHER_ATTACH();
    give_up();
    crasher_after_call = 2;
    return 0;
}
