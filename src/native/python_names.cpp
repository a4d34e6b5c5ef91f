#include "python_names.h"

namespace gilspy::native {

PythonTypes python_types(const RuntimeLayout& layout) { return {layout.object.var_size + sizeof(std::uint64_t)}; }

PythonNames::PythonNames(AddressSpace&, const NativeImage&, const PythonTypes&) {}

std::optional<std::string> PythonNames::find(RemoteAddr begin) const {
  const auto found = names_.find(begin);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace gilspy::native
