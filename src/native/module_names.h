// What people call a file of code.
#pragma once

#include <string>
#include <string_view>

namespace gilspy::native {

// "numpy/_multiarray_umath" for an extension module of a package, "_json" for one of the standard library, "libc.so.6"
// for a library, "python3.13" for the program. Libraries that a wheel brings along are of its package:
// "numpy/libscipy_openblas64_-6bb31eeb.so".
std::string module_name(std::string_view path);

}  // namespace gilspy::native
