// Functions at addresses.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "address_space.h"
#include "gilspy/native.h"
#include "inlines.h"
#include "python_names.h"
#include "symbol_table.h"

namespace gilspy::native {

class Symboliser {
 public:
  // `interpreter`: the path of the image that has CPython's own functions; `root`: see find_debug_file.
  Symboliser(AddressSpace& space, PythonTypes types, std::string interpreter, std::string root)
      : space_(space), types_(types), interpreter_(std::move(interpreter)), root_(std::move(root)) {}

  // Innermost first: those that were inlined there, and the function itself. Never empty.
  const std::vector<std::shared_ptr<const NativeFunction>>& at(RemoteAddr address);
  // A system call, as the innermost function of a thread that is blocked in it.
  std::shared_ptr<const NativeFunction> system_call(std::int64_t number);

 private:
  using Role = NativeFunction::Role;
  using Functions = std::vector<std::shared_ptr<const NativeFunction>>;
  struct Image {
    std::string module;
    bool is_interpreter = false;
    SymbolTable symbols;
    std::unique_ptr<Inlines> inlines;
    std::optional<PythonNames> methods;
    std::map<std::pair<std::string, Role>, std::shared_ptr<const NativeFunction>> functions;
  };

  Image& image_of(const NativeImage& mapped);
  Functions functions_at(RemoteAddr address);
  Functions::value_type containing(Image& image, const NativeImage& mapped, std::uint64_t address);
  std::shared_ptr<const NativeFunction> function(Image& image, const std::string& name);
  std::shared_ptr<const NativeFunction> function(Image& image, const std::string& name, Role role);
  void forget();

  AddressSpace& space_;
  PythonTypes types_;
  std::string interpreter_, root_;
  std::uint64_t changes_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Image>> images_;  // by their begin
  std::unordered_map<RemoteAddr, Functions> known_;
  std::unordered_map<std::int64_t, std::shared_ptr<const NativeFunction>> calls_;
};

}  // namespace gilspy::native
