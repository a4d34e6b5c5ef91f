// Names of functions of C++ and Rust as people write them.
#pragma once

#include <string>
#include <string_view>

namespace gilspy::native {

// Without parameters, template arguments shortened and the hashes of Rust. Names of C stay as they are, but for what
// compilers append to the name of a copy or a part of a function (".cold", ".constprop.0").
std::string demangled(std::string_view symbol);

}  // namespace gilspy::native
