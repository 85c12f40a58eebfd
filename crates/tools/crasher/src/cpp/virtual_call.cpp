// A virtual call through an object whose table pointer is null.
#include <cstring>

#include "crasher.h"

CRASHER_GLOBALS;

struct Shape {
    virtual ~Shape() = default;
    virtual int area() const { return 1; }
};

FRAME int measure(const Shape *shape) {
    return shape->area() + 1;
}

int main() {
    CRASHER_ATTACH();
    alignas(Shape) unsigned char bytes[sizeof(Shape)];
    std::memset(bytes, 0, sizeof bytes);
    crasher_after_call = measure(reinterpret_cast<const Shape *>(bytes));
    return 0;
}
