// An exception that nobody catches: std::terminate, then abort().
#include <stdexcept>

#include "crasher.h"

CRASHER_GLOBALS;

FRAME void throw_it() {
    throw std::runtime_error("disk on fire");
}

FRAME void save_all() {
    throw_it();
    crasher_after_call = 1;
}

int main() {
    CRASHER_ATTACH();
    save_all();
    crasher_after_call = 2;
    return 0;
}
