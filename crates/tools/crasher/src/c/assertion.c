/* An assertion that does not hold. */
#undef NDEBUG
#include <assert.h>

#include "crasher.h"

CRASHER_GLOBALS;

FRAME void check_balance(int balance) {
    assert(balance >= 0);
    crasher_after_call = 1;
}

int main(void) {
    CRASHER_ATTACH();
    check_balance(-5);
    crasher_after_call = 2;
    return 0;
}
