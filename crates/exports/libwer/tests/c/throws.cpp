/* Dies of an uncaught exception of the kind that its argument names. */
#include <stdexcept>
#include <string>
#include <werapi.h>

namespace shop {
struct Note {
    virtual ~Note() = default;
    int number = 7;
};
/* std::exception is not its first base, so finding it takes an adjusted pointer. */
struct OutOfStock : Note, std::runtime_error {
    using std::runtime_error::runtime_error;
};
}

int main(int argc, char **argv)
{
    if (WerAttachCrashHandler() != S_OK)
        return 2;
    std::string kind = argc > 1 ? argv[1] : "";
    if (kind == "derived")
        throw shop::OutOfStock("no more apples");
    if (kind == "int")
        throw 42;
    return 0;
}
