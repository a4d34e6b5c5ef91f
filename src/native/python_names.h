// Names of C functions by CPython's own tables, which tell them though symbols were stripped: methods of modules and
// types, and the slots of types.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "address_space.h"
#include "gilspy/layout.h"

namespace gilspy::native {

// What the search must know of this build.
struct PythonTypes {
  std::uint64_t header = 0;  // size of an object's header, with the number of items (PyVarObject)
};
PythonTypes python_types(const RuntimeLayout& layout);

class PythonNames {
 public:
  // Looks through the data of the image as it lies in memory: in the file, its pointers are not filled in.
  PythonNames(AddressSpace& space, const NativeImage& image, const PythonTypes& types);

  // "list.sort", "int.__repr__", "_json.scanstring" for the function that begins there.
  std::optional<std::string> find(RemoteAddr begin) const;

 private:
  class Search;
  std::unordered_map<RemoteAddr, std::string> names_;
};

}  // namespace gilspy::native
