// What people call a file of code.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace gilspy::native {

// "numpy/_multiarray_umath" for an extension module of a package, "_json" for one of the standard library, "libc.so.6"
// for a library, "python3.13" for the program. Libraries that a wheel brings along are of its package:
// "numpy/libscipy_openblas64_-6bb31eeb.so". `is_package`: whether that folder is one of a package, for packages that
// lie where PYTHONPATH says.
std::string module_name(std::string_view path, const std::function<bool(const std::string&)>& is_package = nullptr);

}  // namespace gilspy::native
