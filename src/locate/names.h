// What file names tell about a Python: the last resort for versions before 3.11, and the words of messages.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gilspy/locate.h"
#include "gilspy/target.h"

namespace gilspy::locate {

std::string_view file_name(std::string_view path);  // without folders and without the mark of a deleted file

bool is_python_library(std::string_view path);  // libpython3.11.so.1.0, not libpython3.so (which is only an index)
bool is_python_program(std::string_view path);  // python, python3, python3.13t

// "libpython3.9.so.1.0", "libpython3.7m.so", "python3.13t": 3.9, 3.7, 3.13. Nothing without a minor version.
std::optional<PythonVersion> version_in_name(std::string_view path);
// ".../lib/python3.9/lib-dynload/_json.so": an extension module of the standard library tells whose it is.
std::optional<PythonVersion> version_in_modules(std::span<const Mapping> mappings);

bool is_python_file(std::string_view path);  // a libpython, or an extension module of the standard library

bool looks_like_python(const ProcessIdentity& process);
bool is_pypy(std::string_view path);  // pypy3.10, libpypy3.10-c.so

}  // namespace gilspy::locate
